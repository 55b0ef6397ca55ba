/* agent/duties.c - the journal and the mailbox read into duties; see duties.h.
 *
 * The office's rights come first, since they say which duties are its own. Then three passes: the
 * receipts; the mailbox for what stands by itself (plans, extensions, controls,
 * refusals, conflicts); then the office's own entries, and last the reviews, which speak of them.
 */
#include "agent/duties_load.h"
#include "base/text.h"
#include "wire/unpack.h"

#include <stdlib.h>

#define PLAN_ARENA_BYTES (64u << 20)
#define SCRATCH_BYTES (1u << 20)

/* Room for one more of *items. */
bool agent_load_more(void **items, size_t *cap, size_t count, size_t size)
{
    if (count < *cap)
        return true;
    size_t wanted = *cap > 0 ? 2 * *cap : 64;
    void *bigger = realloc(*items, wanted * size);
    if (bigger == NULL)
        return false;
    *items = bigger;
    *cap = wanted;
    return true;
}

bool agent_load_no_memory(struct agent_load *l)
{
    l->status = esep_because(l->reason, ESEP_NOMEM, "no memory for the journal");
    return false;
}

const ProtobufCMessage *agent_load_unpack(struct agent_load *l,
                                          const ProtobufCMessageDescriptor *what,
                                          struct esep_slice bytes)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&l->scratch);
    return esep_unpack(what, bytes, &l->scratch, &message) == ESEP_OK ? message : NULL;
}

static bool take_receipt(void *context, const struct esep_receipt *receipt)
{
    struct agent_load *l = context;
    struct agent_duties *d = l->d;
    if (!agent_load_more((void **)&d->receipts, &d->receipt_cap, d->receipt_count,
                         sizeof *d->receipts))
        return agent_load_no_memory(l);
    d->receipts[d->receipt_count++] = *receipt;
    return true;
}

const struct esep_receipt *agent_duties_receipt(const struct agent_duties *d, uint32_t epoch,
                                                uint64_t seq, Esep__V1__ReceiptKind kind)
{
    size_t low = 0;
    size_t high = d->receipt_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct esep_receipt *r = &d->receipts[middle];
        if (r->epoch < epoch || (r->epoch == epoch && r->through_seq < seq))
            low = middle + 1;
        else
            high = middle;
    }
    while (low < d->receipt_count && d->receipts[low].epoch == epoch &&
           d->receipts[low].kind != kind)
        low++;
    return low < d->receipt_count && d->receipts[low].epoch == epoch ? &d->receipts[low] : NULL;
}

const struct esep_receipt *agent_duties_promise(const struct agent_duties *d, uint32_t epoch,
                                                uint64_t seq, const struct esep_receipt *receipt)
{
    const struct esep_receipt *promise =
        agent_duties_receipt(d, epoch, seq, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT);
    const bool counts =
        promise != NULL && (receipt == NULL || esep_promise_before(promise, receipt));
    return counts ? promise : NULL;
}

void agent_duty_set_due(struct agent_duty *duty)
{
    duty->due = duty->made.due;
    if (duty->extended_to == ESEP_DAY_NONE || duty->plan == NULL)
        return;
    esep_time extended = esep_zone_instant(duty->plan->zone, duty->extended_to, 23, 59, 59);
    if (extended > duty->due)
        duty->due = extended;
}

struct agent_duty *agent_load_slot(struct agent_load *l, const char *key)
{
    struct agent_duty *duty = NULL;
    if (key[0] == 0 || strlen(key) >= ESEP_OBLIGATION_KEY_MAX)
        return NULL;
    if (agent_duties_slot(l->d, key, &duty) != ESEP_OK)
        (void)agent_load_no_memory(l);
    return duty;
}

static void on_extension(struct agent_load *l, const struct agent_mail *mail)
{
    const ProtobufCMessage *message =
        agent_load_unpack(l, &esep__v1__extension__descriptor, mail->bytes);
    const Esep__V1__Extension *e = (const Esep__V1__Extension *)message;
    struct agent_duty *duty = e != NULL ? agent_load_slot(l, e->obligation) : NULL;
    if (duty == NULL)
        return;
    duty->control = e->granted ? ESEP_CONTROL_EXTENDED : ESEP_CONTROL_EXTENSION_REFUSED;
    duty->decided_index = mail->log_index;
    if (e->granted)
        duty->extended_to = e->until_day;
    agent_duty_set_due(duty);
}

static void on_control(struct agent_load *l, const struct agent_mail *mail)
{
    const ProtobufCMessage *message =
        agent_load_unpack(l, &esep__v1__control__descriptor, mail->bytes);
    const Esep__V1__Control *c = (const Esep__V1__Control *)message;
    struct agent_duty *duty = c != NULL ? agent_load_slot(l, c->obligation) : NULL;
    if (duty == NULL)
        return;
    duty->control = c->removed ? ESEP_CONTROL_REMOVED : ESEP_CONTROL_RESTORED;
    duty->decided_index = mail->log_index;
}

/* A report that people may speak of by a number. */
static void know(struct agent_load *l, const struct agent_known *known)
{
    struct agent_duties *d = l->d;
    if (!agent_load_more((void **)&d->known, &d->known_cap, d->known_count, sizeof *d->known))
        (void)agent_load_no_memory(l);
    else
        d->known[d->known_count++] = *known;
}

static void know_mailed(struct agent_load *l, const struct agent_mail *mail,
                        const struct esep_hash *hash, const Esep__V1__Report *report)
{
    const char *key = esep_arena_str(&l->d->arena, esep_slice_str(report->obligation));
    if (key == NULL) {
        (void)agent_load_no_memory(l);
        return;
    }
    const struct agent_known known = {
        .in_log = true, .log_index = mail->log_index, .hash = *hash, .obligation = key};
    know(l, &known);
}

/* An office's entry in the mailbox: ours, refused; a conflict or its end; or a co-executor's,
 * accepted. */
static void on_entry(struct agent_load *l, const struct agent_mail *mail)
{
    struct agent_duties *d = l->d;
    const struct esep_hash hash = esep_content_hash(mail->bytes);
    if (mail->verdict == ESEP__V1__VERDICT__VERDICT_CONFLICT ||
        mail->verdict == ESEP__V1__VERDICT__VERDICT_TAKEN) {
        const ProtobufCMessage *message =
            agent_load_unpack(l, &esep__v1__journal_entry__descriptor, mail->bytes);
        const Esep__V1__JournalEntry *e = (const Esep__V1__JournalEntry *)message;
        if (e == NULL)
            return;
        if (e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT) {
            know_mailed(l, mail, &hash, e->report);
            agent_load_former(l, mail, &hash);
        }
        agent_load_dispute(l, mail, &hash, e);
        return;
    }
    if (mail->office != d->identity.office)
        return;
    if (!agent_load_more((void **)&d->refusals, &d->refusal_cap, d->refusal_count,
                         sizeof *d->refusals)) {
        (void)agent_load_no_memory(l);
        return;
    }
    d->refusals[d->refusal_count++] =
        (struct agent_refusal){.hash = hash, .verdict = (Esep__V1__Verdict)mail->verdict};
}

bool agent_load_called(const struct esep_hash *hash, ProtobufCBinaryData name)
{
    return name.len == ESEP_HASH_BYTES && memcmp(name.data, hash->bytes, ESEP_HASH_BYTES) == 0;
}

static void on_review(struct agent_load *l, const struct agent_mail *mail)
{
    const ProtobufCMessage *message =
        agent_load_unpack(l, &esep__v1__review__descriptor, mail->bytes);
    const Esep__V1__Review *r = (const Esep__V1__Review *)message;
    struct agent_duty *duty = r != NULL ? agent_load_slot(l, r->obligation) : NULL;
    if (duty == NULL)
        return;
    const struct agent_event *newest =
        duty->newest_event > 0 ? &l->d->events[duty->newest_event - 1] : NULL;
    /* What was said of an older report says nothing of the newest; of another office's it does
     * where this office has none. */
    if (r->report.len != ESEP_HASH_BYTES ||
        (newest != NULL && !agent_load_called(&newest->hash, r->report)))
        return;
    duty->review_of = r->report_index;
    memcpy(duty->reviewed.bytes, r->report.data, ESEP_HASH_BYTES);
    duty->log_index = r->report_index;
    duty->submission = r->accept ? ESEP_SUBMISSION_ACCEPTED : ESEP_SUBMISSION_RETURNED;
    duty->again_by = r->accept || r->again_by_day == 0 ? ESEP_DAY_NONE : r->again_by_day;
    esep_text_line(duty->reason_code, sizeof duty->reason_code, r->reason_code);
    esep_text_line(duty->comment, sizeof duty->comment, r->comment);
}

/* An accepted report follows its review to whoever leads (agent_load_dispute). */
static void note_accepted(struct agent_load *l, const struct agent_mail *mail)
{
    const ProtobufCMessage *message =
        agent_load_unpack(l, &esep__v1__review__descriptor, mail->bytes);
    const Esep__V1__Review *r = (const Esep__V1__Review *)message;
    if (r != NULL && r->accept && r->report.len == ESEP_HASH_BYTES)
        memcpy(l->accepted.bytes, r->report.data, ESEP_HASH_BYTES);
}

static bool take_mail(void *context, const struct agent_mail *mail)
{
    struct agent_load *l = context;
    l->d->mail_through = mail->number;
    if (l->reviews) {
        if (mail->type == ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW)
            on_review(l, mail);
        return l->status == ESEP_OK;
    }
    switch (mail->type) {
    case ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN:
        l->status = agent_duties_add_plan(l->d, mail->log_index, mail->bytes, l->now, l->reason);
        break;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_EXTENSION:
        on_extension(l, mail);
        break;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_CONTROL:
        on_control(l, mail);
        break;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW:
        note_accepted(l, mail);
        break;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY:
        on_entry(l, mail);
        break;
    default:
        break;
    }
    return l->status == ESEP_OK;
}

/* The verdict, where the collector did not take this entry. */
static Esep__V1__Verdict refused(const struct agent_duties *d, const struct esep_hash *hash)
{
    for (size_t i = 0; i < d->refusal_count; i++)
        if (esep_hash_equal(&d->refusals[i].hash, hash))
            return d->refusals[i].verdict;
    return ESEP__V1__VERDICT__VERDICT_UNSPECIFIED;
}

/* The rule of docs/protocol.md: the promise's hour, if the entry followed within the days of grace.
 */
static void when_it_came(struct agent_event *event, const struct esep_receipt *r,
                         const struct esep_receipt *promise, const struct agent_duty *duty)
{
    event->came = r->accepted_at;
    if (promise == NULL)
        return;
    uint32_t grace = duty->plan != NULL && duty->plan->plan->rules != NULL
                         ? duty->plan->plan->rules->commitment_grace_days
                         : UINT16_MAX;
    if (r->accepted_at - promise->accepted_at > (esep_time)grace * ESEP_DAY)
        return;
    event->came = promise->accepted_at;
    event->by_commitment = true;
}

/* Where the range is as long as the entries, each has its place in it. */
static bool has_place(const struct esep_receipt *r, uint64_t seq)
{
    return seq >= r->first_seq && r->last_index - r->first_index == r->through_seq - r->first_seq;
}

static void add_receipts(struct agent_duties *d, struct agent_event *event,
                         const struct agent_duty *duty, const struct esep_receipt *r)
{
    const struct esep_receipt *promise = agent_duties_promise(d, event->epoch, event->seq, r);
    if (r != NULL) {
        event->first_index = event->seq >= r->first_seq ? r->first_index : 0;
        event->last_index = r->last_index;
        if (has_place(r, event->seq))
            event->first_index = event->last_index = r->first_index + (event->seq - r->first_seq);
        when_it_came(event, r, promise, duty);
        return;
    }
    event->promised_at = promise != NULL ? promise->accepted_at : 0;
}

static void know_own(struct agent_load *l, const struct agent_event *event,
                     const struct agent_duty *duty, const struct esep_receipt *r)
{
    struct agent_known known = {.epoch = event->epoch,
                                .seq = event->seq,
                                .hash = event->hash,
                                .duty = (uint32_t)(duty - l->d->duties) + 1};
    if (r != NULL && has_place(r, event->seq)) {
        known.in_log = true;
        known.log_index = r->first_index + (event->seq - r->first_seq);
    }
    know(l, &known);
}

/* False: no memory. */
static bool keep_files(struct agent_duties *d, struct agent_event *event,
                       const Esep__V1__Report *report)
{
    if (report->n_attachments == 0)
        return true;
    struct esep_hash *files = esep_arena_alloc(&d->arena, report->n_attachments * sizeof *files);
    if (files == NULL)
        return false;
    for (size_t i = 0; i < report->n_attachments; i++)
        if (report->attachments[i]->sha256.len == ESEP_HASH_BYTES)
            memcpy(files[event->file_count++].bytes, report->attachments[i]->sha256.data,
                   ESEP_HASH_BYTES);
    event->files = files;
    return true;
}

/* It stands, as far as is known. */
void agent_load_event(struct agent_load *l, struct agent_duty *duty, struct agent_event *event,
                      const Esep__V1__Report *report)
{
    struct agent_duties *d = l->d;
    if (!agent_load_more((void **)&d->events, &d->event_cap, d->event_count, sizeof *d->events) ||
        !keep_files(d, event, report)) {
        (void)agent_load_no_memory(l);
        return;
    }
    event->revision = report->revision;
    event->fulfilment = report->fulfilment;
    event->percent = report->progress_case == ESEP__V1__REPORT__PROGRESS_PERCENT
                         ? (int)(report->percent & 0x7f)
                         : -1;
    event->before = duty->newest_event;
    agent_load_settle(duty, event, report);
    d->events[d->event_count++] = *event;
    duty->newest_event = (uint32_t)d->event_count;
}

static void on_report(struct agent_load *l, struct agent_event *event,
                      const Esep__V1__Report *report, const struct esep_receipt *receipt)
{
    struct agent_duties *d = l->d;
    struct agent_duty *duty = agent_load_slot(l, report->obligation);
    if (duty == NULL)
        return;
    know_own(l, event, duty, receipt);
    if (event->epoch != d->head.epoch && receipt == NULL)
        return; /* queued again in the new epoch */
    duty->refused = refused(d, &event->hash);
    if (duty->refused != ESEP__V1__VERDICT__VERDICT_UNSPECIFIED)
        return;
    add_receipts(d, event, duty, receipt);
    agent_load_event(l, duty, event, report);
}

static void on_withdrawal(struct agent_load *l, const Esep__V1__Withdrawal *w)
{
    struct agent_duty *duty = agent_load_slot(l, w->obligation);
    if (duty == NULL)
        return;
    for (uint32_t at = duty->newest_event; at > 0; at = l->d->events[at - 1].before) {
        struct agent_event *old = &l->d->events[at - 1];
        old->withdrawn = old->withdrawn || agent_load_called(&old->hash, w->report);
    }
    while (duty->newest_event > 0 && l->d->events[duty->newest_event - 1].withdrawn)
        duty->newest_event = l->d->events[duty->newest_event - 1].before;
    if (duty->newest_event == 0)
        duty->submission = ESEP_SUBMISSION_WITHDRAWN;
}

static void on_request(struct agent_load *l, const Esep__V1__ExtensionRequest *request,
                       const struct esep_receipt *receipt)
{
    struct agent_duty *duty = agent_load_slot(l, request->obligation);
    if (duty != NULL && (receipt == NULL || receipt->first_index > duty->decided_index))
        duty->control = ESEP_CONTROL_EXTENSION_ASKED;
}

static bool take_entry(void *context, uint32_t epoch, const struct agent_entry *entry)
{
    struct agent_load *l = context;
    const struct esep_receipt *receipt =
        agent_duties_receipt(l->d, epoch, entry->seq, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES);
    const bool again = epoch != l->d->head.epoch && receipt == NULL; /* in the new epoch */
    const ProtobufCMessage *message =
        agent_load_unpack(l, &esep__v1__journal_entry__descriptor, entry->bytes);
    const Esep__V1__JournalEntry *e = (const Esep__V1__JournalEntry *)message;
    if (e == NULL)
        return true;
    struct agent_event event = {.epoch = epoch,
                                .seq = entry->seq,
                                .hash = esep_content_hash(entry->bytes),
                                .written_at = e->written_at_us};
    if (e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        on_report(l, &event, e->report, receipt);
    else if (!again && e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL)
        on_withdrawal(l, e->withdrawal);
    else if (!again && e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST)
        on_request(l, e->extension_request, receipt);
    return l->status == ESEP_OK;
}

static bool take_draft(void *context, const char *obligation, struct esep_slice report)
{
    struct agent_load *l = context;
    (void)report;
    struct agent_duty *duty = agent_load_slot(l, obligation);
    if (duty != NULL) {
        duty->draft = true;
        if (duty->newest_event == 0 && duty->submission == ESEP_SUBMISSION_NONE)
            duty->submission = ESEP_SUBMISSION_DRAFT;
    }
    return l->status == ESEP_OK;
}

static void settle(struct agent_duties *d, struct agent_duty *duty)
{
    if (duty->newest_event == 0)
        return;
    const struct agent_event *newest = &d->events[duty->newest_event - 1];
    duty->epoch = newest->epoch;
    duty->seq = newest->seq;
    duty->hash = newest->hash;
    duty->revision = newest->revision;
    duty->written_at = newest->written_at;
    duty->fulfilment = newest->fulfilment;
    duty->percent = newest->percent;
    duty->promised_at = newest->promised_at;
    duty->log_index = newest->first_index == newest->last_index ? newest->first_index : 0;
    duty->submission = newest->last_index != 0 ? ESEP_SUBMISSION_RECEIVED : ESEP_SUBMISSION_QUEUED;
    for (uint32_t at = duty->newest_event; at > 0; at = d->events[at - 1].before)
        if (!d->events[at - 1].withdrawn && d->events[at - 1].last_index != 0) {
            duty->came = d->events[at - 1].came;
            duty->by_commitment = d->events[at - 1].by_commitment;
        }
}

static void find_zone(struct agent_duties *d)
{
    for (size_t i = 0; i < d->plan_count; i++)
        if (d->plans[i].newest && d->plans[i].zone_fault == NULL)
            d->zone = d->plans[i].zone;
    if (d->zone != NULL)
        return;
    struct esep_zone *zone = esep_arena_alloc(&d->arena, sizeof *zone);
    if (zone != NULL && esep_zone_load(zone, "Asia/Almaty", NULL) == ESEP_OK)
        d->zone = zone;
}

enum esep_status agent_duties_load(struct agent_duties *ret, struct agent_desk *desk,
                                   struct esep_reason *reason)
{
    *ret = (struct agent_duties){.identity = desk->identity};
    struct agent_load l = {.d = ret, .now = agent_desk_now(desk), .reason = reason};
    enum esep_status status = esep_arena_init(&ret->arena, PLAN_ARENA_BYTES);
    if (status == ESEP_OK)
        status = esep_arena_init(&l.scratch, SCRATCH_BYTES);
    if (status == ESEP_OK)
        status = agent_rights_load(&ret->rights, desk, &l.scratch, reason);
    if (status == ESEP_OK)
        status = journal_head(&desk->journal, &ret->head, reason);
    if (status == ESEP_OK)
        status = journal_receipts(&desk->journal, take_receipt, &l, reason);
    if (status == ESEP_OK)
        status =
            l.status != ESEP_OK ? l.status : journal_mail(&desk->journal, 0, take_mail, &l, reason);
    if (status == ESEP_OK)
        status = l.status != ESEP_OK ? l.status : agent_load_take_former(&l, desk, reason);
    if (status == ESEP_OK)
        status =
            l.status != ESEP_OK ? l.status : journal_walk(&desk->journal, take_entry, &l, reason);
    for (size_t i = 0; status == ESEP_OK && i < ret->count; i++)
        settle(ret, &ret->duties[i]);
    l.reviews = true;
    if (status == ESEP_OK)
        status =
            l.status != ESEP_OK ? l.status : journal_mail(&desk->journal, 0, take_mail, &l, reason);
    if (status == ESEP_OK)
        status =
            l.status != ESEP_OK ? l.status : journal_drafts(&desk->journal, take_draft, &l, reason);
    esep_arena_done(&l.scratch);
    free(l.former);
    find_zone(ret);
    return status != ESEP_OK ? status : l.status;
}

void agent_duties_free(struct agent_duties *d)
{
    esep_arena_done(&d->arena);
    free(d->duties);
    free(d->index);
    free(d->events);
    free(d->receipts);
    free(d->refusals);
    free(d->known);
    *d = (struct agent_duties){0};
}

enum esep_timeliness agent_duty_timeliness(const struct agent_duty *duty, esep_time now)
{
    unsigned soon = 0;
    const Esep__V1__Rules *rules = duty->plan != NULL ? duty->plan->plan->rules : NULL;
    for (size_t i = 0; rules != NULL && i < rules->n_alert_days; i++)
        soon = rules->alert_days[i] > soon ? rules->alert_days[i] : soon;
    return esep_timeliness(duty->due, duty->came, now, soon);
}

bool agent_duty_open(const struct agent_duty *duty)
{
    return duty->plan != NULL && !duty->dropped && duty->control != ESEP_CONTROL_REMOVED;
}

const char *agent_verdict_name(Esep__V1__Verdict verdict)
{
    static const struct {
        Esep__V1__Verdict verdict;
        const char *name;
    } names[] = {
        {ESEP__V1__VERDICT__VERDICT_UNSPECIFIED, ""},
        {ESEP__V1__VERDICT__VERDICT_TAKEN, "taken"},
        {ESEP__V1__VERDICT__VERDICT_CONFLICT, "conflict"},
        {ESEP__V1__VERDICT__VERDICT_MALFORMED, "malformed"},
        {ESEP__V1__VERDICT__VERDICT_UNKNOWN_OBLIGATION, "unknown_obligation"},
        {ESEP__V1__VERDICT__VERDICT_NOT_YOURS, "not_yours"},
        {ESEP__V1__VERDICT__VERDICT_CLOSED, "closed"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].verdict == verdict)
            return names[i].name;
    return "unknown";
}
