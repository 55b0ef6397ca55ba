/* agent/page/note.c - see note.h. */
#include "agent/page/note.h"

#include "agent/page/say.h"
#include "agent/proof_export.h"
#include "io/http.h"

#include <stdlib.h>

struct noted {
    struct agent_ingress kept;
    struct esep_ingress note;
};

static enum esep_status find(struct agent_desk *desk, uint32_t epoch, uint64_t seq,
                             struct noted *ret, struct esep_reason *reason)
{
    enum esep_status status = journal_ingress(&desk->journal, epoch, seq, &ret->kept, reason);
    if (status == ESEP_OK && !agent_ingress_holds(&ret->kept, &ret->note))
        status = esep_because(reason, ESEP_NOT_FOUND,
                              "what the journal holds of a broker on entry %u/%llu is no note",
                              epoch, (unsigned long long)seq);
    return status;
}

/* The broker's address, as far as the configuration still names it. */
static const char *broker_of(const struct agent_settings *settings, const uint8_t *key)
{
    for (size_t i = 0; i < settings->broker_count; i++)
        if (memcmp(settings->brokers[i].sign_key, key, ESEP_KEY_BYTES) == 0)
            return settings->brokers[i].address;
    return NULL;
}

/* The hour that the collector says, of either receipt; 0: none has come. */
static esep_time receipted_at(const struct agent_duties *d, uint32_t epoch, uint64_t seq)
{
    const struct esep_receipt *receipt =
        agent_duties_receipt(d, epoch, seq, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES);
    const struct esep_receipt *promise = agent_duties_promise(d, epoch, seq, receipt);
    if (promise != NULL)
        return promise->accepted_at;
    return receipt != NULL ? receipt->accepted_at : 0;
}

json_t *page_note_json(struct agent_desk *desk, const struct agent_duties *d, uint32_t epoch,
                       uint64_t seq, const struct esep_zone *zone)
{
    struct noted n;
    struct esep_commitment c;
    const struct esep_hash *log_id = &desk->identity.log_id;
    if (find(desk, epoch, seq, &n, NULL) != ESEP_OK ||
        esep_commitment_unpack(log_id, esep_slice(n.kept.statement, sizeof n.kept.statement), &c) !=
            ESEP_OK)
        return json_null();
    const esep_time receipted = receipted_at(d, epoch, seq);
    const char *broker = broker_of(desk->settings, n.note.broker_key);
    return json_pack("{s:o, s:o, s:o, s:I, s:o, s:b}", "received_at",
                     esep_json_time(n.note.received_at, zone), "broker", page_json_string(broker),
                     "broker_key", agent_json_hex(n.note.broker_key, ESEP_KEY_BYTES), "through_seq",
                     (json_int_t)n.kept.seq, "office_clock", esep_json_time(c.office_clock, zone),
                     "says_more", (int)(receipted == 0 || n.note.received_at < receipted));
}

/* Of a query; false: given, and no number. */
static bool number_of(const struct page_call *call, const char *name, uint64_t *ret)
{
    const char *text = esep_http_query(call->request, name);
    char *end = NULL;
    if (text == NULL)
        return true;
    *ret = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == 0;
}

const struct agent_event *page_event_asked(const struct page_call *call,
                                           const struct agent_duties *d,
                                           const struct agent_duty *duty)
{
    uint64_t epoch = 0;
    uint64_t seq = 0;
    if (!number_of(call, "epoch", &epoch) || !number_of(call, "seq", &seq))
        return NULL;
    for (uint32_t at = duty->newest_event; at > 0; at = d->events[at - 1].before) {
        const struct agent_event *e = &d->events[at - 1];
        if (seq == 0 || (e->seq == seq && (epoch == 0 || e->epoch == epoch)))
            return e;
    }
    return NULL;
}

static void answer_file(const struct page_call *call, const struct agent_event *event,
                        const char *ending, struct esep_slice bytes)
{
    char disposition[96];
    (void)snprintf(disposition, sizeof disposition, "attachment; filename=\"report-%u-%llu.%s\"",
                   event->epoch, (unsigned long long)event->seq, ending);
    const struct esep_http_field fields[] = {{"Content-Type", "application/octet-stream"},
                                             {"Content-Disposition", disposition}};
    page_answer(call, 200, fields, sizeof fields / sizeof *fields, bytes);
}

static enum esep_status answer(const struct page_call *call, struct agent_desk *desk,
                               const struct agent_event *event, bool report,
                               struct esep_reason *reason)
{
    struct noted n;
    struct esep_buf proof;
    struct esep_buf entry;
    enum esep_status status = find(desk, event->epoch, event->seq, &n, reason);
    if (status != ESEP_OK)
        return status;
    const struct agent_proof_export what = {
        .epoch = event->epoch, .seq = event->seq, .ingress = &n.kept};
    esep_buf_init(&proof, ESEP_PROOF_BYTES_MAX);
    esep_buf_init(&entry, AGENT_PROOF_ENTRY_BYTES_MAX);
    status = agent_ingress_export(desk, &what, &proof, &entry, reason);
    if (status == ESEP_OK)
        answer_file(call, event, report ? "report" : "ingress-proof",
                    esep_buf_slice(report ? &entry : &proof));
    esep_buf_done(&proof);
    esep_buf_done(&entry);
    return status;
}

void page_note(const struct page_call *call)
{
    struct esep_reason reason = {""};
    struct agent_desk desk = {0};
    struct agent_duties *d = NULL;
    const char *part = esep_http_query(call->request, "part");
    const bool report = part != NULL && strcmp(part, "report") == 0;
    enum esep_status status = page_desk_open(call->page, &desk, &reason);
    esep_wipe(&desk.sign_key, sizeof desk.sign_key);
    if (status == ESEP_OK && part != NULL && !report && strcmp(part, "proof") != 0)
        status = esep_because(&reason, ESEP_INVALID, "part is proof or report");
    if (status == ESEP_OK)
        status = page_desk_duties(call->page->desk, &d, &reason);
    if (status == ESEP_OK) {
        const struct agent_duty *duty = agent_duty_find(d, call->rest);
        const struct agent_event *event = duty != NULL ? page_event_asked(call, d, duty) : NULL;
        status = event != NULL
                     ? answer(call, &desk, event, report, &reason)
                     : esep_because(&reason, ESEP_NOT_FOUND, "this office has no such report");
    }
    if (status != ESEP_OK)
        page_failed(call, status, &reason);
}
