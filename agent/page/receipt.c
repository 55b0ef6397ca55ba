/* agent/page/receipt.c - what a printed confirmation says, and a report by its name; see page.h.
 *
 * What is printed is what is proven: each receipt's place in the log is looked at once more
 * (agent/holds.h) before it is shown, and `verified` is false where one does not hold.
 */
#include "agent/holds.h"
#include "agent/page/about.h"
#include "agent/page/draft.h"
#include "agent/page/note.h"
#include "agent/witnessed.h"
#include "wire/unpack.h"

/* promise: what proves an earlier hour, or the receipt is itself; NULL: nothing does. */
static json_t *receipt_json(struct agent_desk *desk, const struct esep_receipt *r,
                            const struct esep_receipt *promise, const struct esep_zone *zone)
{
    struct agent_proof proof;
    if (r == NULL)
        return json_null();
    const bool proven = journal_proof(&desk->journal, r, &proof, NULL) == ESEP_OK;
    struct esep_hash leaf = {{0}};
    if (proven)
        leaf = esep_merkle_leaf(esep_slice(proof.leaf, sizeof proof.leaf));
    return json_pack("{s:i, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "epoch", (int)r->epoch,
                     "through_seq", (json_int_t)r->through_seq, "first_seq",
                     (json_int_t)r->first_seq, "log_index", (json_int_t)r->last_index,
                     "accepted_at", esep_json_time(r->accepted_at, zone), "committed_at",
                     esep_json_time(promise != NULL ? promise->accepted_at : 0, zone), "leaf_hash",
                     proven ? page_json_hash(&leaf) : json_null(), "chain_hash",
                     page_json_hash(&r->head), "witnessed_at",
                     esep_json_time(agent_witnessed_at(desk, r), zone));
}

static bool holds(struct agent_desk *desk, const struct esep_receipt *r)
{
    struct agent_proof proof;
    return r == NULL || agent_receipt_holds(desk, r, &proof, NULL) == ESEP_OK;
}

static json_t *confirmation_json(const struct page_call *call, struct agent_desk *desk,
                                 const struct page_say *say, const struct agent_duty *duty,
                                 const struct agent_event *event, const char *outgoing)
{
    const struct agent_duties *d = say->d;
    const struct esep_zone *zone = page_zone_of(d, duty);
    const struct esep_receipt *receipt = agent_duties_receipt(
        d, event->epoch, event->seq, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES);
    const struct esep_receipt *promise = agent_duties_promise(d, event->epoch, event->seq, receipt);
    json_t *value = json_pack(
        "{s:i, s:s, s:o, s:s, s:s, s:i, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}",
        "office", (int)d->identity.office, "body", d->identity.body, "body_name",
        page_json_body(d, d->identity.body), "label", desk->settings->label, "obligation",
        duty->made.key, "epoch", (int)event->epoch, "seq", (json_int_t)event->seq, "revision",
        json_integer((json_int_t)event->revision), "content_hash", page_json_hash(&event->hash),
        "fulfilment", page_json_fulfilment(event->fulfilment), "outgoing_number",
        page_json_string(outgoing), "saved_at", esep_json_time(event->written_at, zone), "receipt",
        receipt_json(desk, receipt, promise, zone), "commitment",
        receipt_json(desk, promise, promise, zone), "counts_from",
        receipt != NULL ? esep_json_time(event->came, zone) : json_null(), "by_commitment",
        (int)event->by_commitment, "verified", (int)(holds(desk, receipt) && holds(desk, promise)));
    json_t *about = page_json_duty(say, duty);
    static const char *const taken[] = {"body",         "body_name",  "action", "title",
                                        "window_start", "window_end", "due",    "deadline"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        (void)json_object_set(value, taken[i], json_object_get(about, taken[i]));
    json_decref(about);
    (void)json_object_set_new(value, "ingress",
                              page_note_json(desk, d, event->epoch, event->seq, zone));
    (void)json_object_set_new(value, "log_id",
                              agent_json_hex(d->identity.log_id.bytes, ESEP_HASH_BYTES));
    uint8_t key[ESEP_KEY_BYTES];
    if (receipt != NULL || promise != NULL)
        agent_receipt_key(desk, receipt != NULL ? receipt : promise, key);
    else
        memcpy(key, desk->settings->log_key, sizeof key);
    (void)json_object_set_new(value, "log_key", agent_json_hex(key, ESEP_KEY_BYTES));
    (void)json_object_set_new(value, "printed_at", esep_json_time(call->now, zone));
    return value;
}

void page_receipt(const struct page_call *call)
{
    struct esep_reason reason = {""};
    struct agent_desk desk = {0};
    struct agent_duties *d = NULL;
    struct page_say say;
    struct esep_arena arena = {0};
    const Esep__V1__JournalEntry *entry = NULL;
    enum esep_status status = page_desk_open(call->page, &desk, &reason);
    esep_wipe(&desk.sign_key, sizeof desk.sign_key);
    if (status == ESEP_OK)
        status = page_desk_duties(call->page->desk, &d, &reason);
    if (status == ESEP_OK)
        status = esep_arena_init(&arena, PAGE_FORM_ARENA_BYTES);
    if (status != ESEP_OK) {
        page_failed(call, status, &reason);
        return;
    }
    page_say_init(call, d, &say);
    const struct agent_duty *duty = agent_duty_find(d, call->rest);
    const struct agent_event *event = duty != NULL ? page_event_asked(call, d, duty) : NULL;
    if (event == NULL) {
        page_problem(call, 404, "not_found", "this office has no such report");
    } else {
        const bool held =
            page_report_load(&desk, event->epoch, event->seq, &arena, &entry, &reason) == ESEP_OK;
        page_answer_json(call, 200, NULL,
                         confirmation_json(call, &desk, &say, duty, event,
                                           held ? entry->report->outgoing_number : ""));
    }
    esep_arena_done(&arena);
}

struct search {
    struct esep_hash hash;
    struct esep_arena *arena;
    const Esep__V1__JournalEntry *entry;
    uint32_t office;
};

static bool look(void *context, const struct agent_mail *mail)
{
    struct search *s = context;
    const ProtobufCMessage *message = NULL;
    if (mail->type != ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY)
        return true;
    const struct esep_hash hash = esep_content_hash(mail->bytes);
    if (!esep_hash_equal(&hash, &s->hash) ||
        esep_unpack(&esep__v1__journal_entry__descriptor, mail->bytes, s->arena, &message) !=
            ESEP_OK)
        return true;
    s->entry = (const Esep__V1__JournalEntry *)message;
    s->office = mail->office;
    return false;
}

/* In the journal by where it stands, else in the mail by what it is. */
static enum esep_status search(struct agent_desk *desk, const struct agent_duties *d,
                               struct search *s, struct esep_reason *reason)
{
    for (size_t i = 0; i < d->known_count; i++)
        if (d->known[i].epoch != 0 && esep_hash_equal(&d->known[i].hash, &s->hash)) {
            s->office = d->identity.office;
            return page_report_load(desk, d->known[i].epoch, d->known[i].seq, s->arena, &s->entry,
                                    reason);
        }
    const enum esep_status status = journal_mail(&desk->journal, 0, look, s, reason);
    if (status == ESEP_OK &&
        (s->entry == NULL || s->entry->body_case != ESEP__V1__JOURNAL_ENTRY__BODY_REPORT))
        return esep_because(reason, ESEP_NOT_FOUND, "no such report here");
    return status;
}

static json_t *entry_json(const struct search *s, const struct esep_zone *zone)
{
    const Esep__V1__Report *report = s->entry->report;
    return json_pack("{s:o, s:s, s:i, s:o, s:i, s:o, s:o}", "content_hash",
                     page_json_hash(&s->hash), "obligation", report->obligation, "revision",
                     (int)report->revision, "form", page_form_json(report), "office",
                     (int)s->office, "builds_on",
                     report->builds_on.len == ESEP_HASH_BYTES
                         ? agent_json_hex(report->builds_on.data, ESEP_HASH_BYTES)
                         : json_null(),
                     "written_at", esep_json_time(s->entry->written_at_us, zone));
}

void page_entry(const struct page_call *call)
{
    struct esep_reason reason = {""};
    struct agent_desk desk = {0};
    struct agent_duties *d = NULL;
    struct esep_arena arena = {0};
    struct search s = {.arena = &arena};
    enum esep_status status = page_desk_open(call->page, &desk, &reason);
    esep_wipe(&desk.sign_key, sizeof desk.sign_key);
    if (status == ESEP_OK && esep_unhex(call->rest, s.hash.bytes, ESEP_HASH_BYTES) != ESEP_OK)
        status = esep_because(&reason, ESEP_NOT_FOUND, "a content hash has 64 digits");
    if (status == ESEP_OK)
        status = page_desk_duties(call->page->desk, &d, &reason);
    if (status == ESEP_OK)
        status = esep_arena_init(&arena, PAGE_FORM_ARENA_BYTES);
    if (status == ESEP_OK)
        status = search(&desk, d, &s, &reason);
    if (status != ESEP_OK)
        page_failed(call, status, &reason);
    else
        page_answer_json(call, 200, NULL, entry_json(&s, d->zone));
    esep_arena_done(&arena);
}
