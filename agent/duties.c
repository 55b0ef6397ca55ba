/* agent/duties.c - the journal and the mailbox read into duties; see duties.h.
 *
 * Three passes: the receipts; the mailbox for what stands by itself (plans, extensions, controls,
 * refusals, conflicts); then the office's own entries, and last the reviews, which speak of them.
 */
#include "agent/duties.h"

#include "base/text.h"
#include "wire/unpack.h"

#include <stdlib.h>

#define PLAN_ARENA_BYTES (64u << 20)
#define SCRATCH_BYTES (1u << 20)

struct load {
    struct agent_duties *d;
    struct esep_arena scratch;
    esep_time now;
    bool reviews; /* the last pass over the mailbox */
    enum esep_status status;
    struct esep_reason *reason;
};

/* Room for one more of *items. */
static bool more(void **items, size_t *cap, size_t count, size_t size)
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

static bool no_memory(struct load *l)
{
    l->status = esep_because(l->reason, ESEP_NOMEM, "no memory for the journal");
    return false;
}

static const ProtobufCMessage *unpack(struct load *l, const ProtobufCMessageDescriptor *what,
                                      struct esep_slice bytes)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&l->scratch);
    return esep_unpack(what, bytes, &l->scratch, &message) == ESEP_OK ? message : NULL;
}

static bool take_receipt(void *context, const struct esep_receipt *receipt)
{
    struct load *l = context;
    struct agent_duties *d = l->d;
    if (!more((void **)&d->receipts, &d->receipt_cap, d->receipt_count, sizeof *d->receipts))
        return no_memory(l);
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
    bool promise = kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT;
    for (; low < d->receipt_count && d->receipts[low].epoch == epoch; low++)
        if (d->receipts[low].kind == kind && (promise || d->receipts[low].first_seq <= seq))
            return &d->receipts[low];
    return NULL;
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

static struct agent_duty *slot(struct load *l, const char *key)
{
    struct agent_duty *duty = NULL;
    if (key[0] == 0 || strlen(key) >= ESEP_OBLIGATION_KEY_MAX)
        return NULL;
    if (agent_duties_slot(l->d, key, &duty) != ESEP_OK)
        (void)no_memory(l);
    return duty;
}

static void on_extension(struct load *l, const struct agent_mail *mail)
{
    const ProtobufCMessage *message = unpack(l, &esep__v1__extension__descriptor, mail->bytes);
    const Esep__V1__Extension *e = (const Esep__V1__Extension *)message;
    struct agent_duty *duty = e != NULL ? slot(l, e->obligation) : NULL;
    if (duty == NULL)
        return;
    duty->control = e->granted ? ESEP_CONTROL_EXTENDED : ESEP_CONTROL_EXTENSION_REFUSED;
    duty->decided_index = mail->log_index;
    if (e->granted)
        duty->extended_to = e->until_day;
    agent_duty_set_due(duty);
}

static void on_control(struct load *l, const struct agent_mail *mail)
{
    const ProtobufCMessage *message = unpack(l, &esep__v1__control__descriptor, mail->bytes);
    const Esep__V1__Control *c = (const Esep__V1__Control *)message;
    struct agent_duty *duty = c != NULL ? slot(l, c->obligation) : NULL;
    if (duty == NULL)
        return;
    duty->control = c->removed ? ESEP_CONTROL_REMOVED : ESEP_CONTROL_RESTORED;
    duty->decided_index = mail->log_index;
}

/* A conflict of this body begins with an entry that conflicts, and ends with one of the same
 * obligation that was taken: it settled it, or withdrew the other. A co-executor's accepted report
 * is of an obligation that is not ours, and never in conflict here. */
static void on_dispute(struct load *l, const struct agent_mail *mail)
{
    const ProtobufCMessage *message = unpack(l, &esep__v1__journal_entry__descriptor, mail->bytes);
    const Esep__V1__JournalEntry *e = (const Esep__V1__JournalEntry *)message;
    if (e == NULL)
        return;
    const bool begins = mail->verdict == ESEP__V1__VERDICT__VERDICT_CONFLICT;
    const char *key = e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT ? e->report->obligation
                      : e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL
                          ? e->withdrawal->obligation
                          : "";
    struct agent_duty *duty = begins ? slot(l, key) : agent_duty_find(l->d, key);
    if (duty == NULL)
        return;
    duty->conflict = begins;
    duty->conflict_index = mail->log_index;
}

/* An office's entry in the mailbox: ours, refused; a conflict or its end; or a co-executor's,
 * accepted. */
static void on_entry(struct load *l, const struct agent_mail *mail)
{
    struct agent_duties *d = l->d;
    if (mail->verdict == ESEP__V1__VERDICT__VERDICT_CONFLICT ||
        mail->verdict == ESEP__V1__VERDICT__VERDICT_TAKEN) {
        on_dispute(l, mail);
        return;
    }
    if (mail->office != d->identity.office)
        return;
    if (!more((void **)&d->refusals, &d->refusal_cap, d->refusal_count, sizeof *d->refusals)) {
        (void)no_memory(l);
        return;
    }
    d->refusals[d->refusal_count++] =
        (struct agent_refusal){.log_index = mail->log_index,
                               .seq = mail->seq,
                               .verdict = (Esep__V1__Verdict)mail->verdict};
}

static bool is_of(const struct agent_event *event, uint64_t log_index)
{
    return log_index != 0 && event->first_index <= log_index && log_index <= event->last_index;
}

static void on_review(struct load *l, const struct agent_mail *mail)
{
    const ProtobufCMessage *message = unpack(l, &esep__v1__review__descriptor, mail->bytes);
    const Esep__V1__Review *r = (const Esep__V1__Review *)message;
    struct agent_duty *duty = r != NULL ? slot(l, r->obligation) : NULL;
    if (duty == NULL)
        return;
    const struct agent_event *newest =
        duty->newest_event > 0 ? &l->d->events[duty->newest_event - 1] : NULL;
    /* What was said of an older report says nothing of the newest; of another office's it does
     * where this office has none. */
    if (newest != NULL && !is_of(newest, r->report_index))
        return;
    duty->review_of = r->report_index;
    duty->log_index = r->report_index;
    duty->submission = r->accept ? ESEP_SUBMISSION_ACCEPTED : ESEP_SUBMISSION_RETURNED;
    duty->again_by = r->accept || r->again_by_day == 0 ? ESEP_DAY_NONE : r->again_by_day;
    esep_text_line(duty->reason_code, sizeof duty->reason_code, r->reason_code);
    esep_text_line(duty->comment, sizeof duty->comment, r->comment);
}

static bool take_mail(void *context, const struct agent_mail *mail)
{
    struct load *l = context;
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
    case ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY:
        on_entry(l, mail);
        break;
    default:
        break;
    }
    return l->status == ESEP_OK;
}

/* The verdict, where the collector did not take this entry. */
static Esep__V1__Verdict refused(const struct agent_duties *d, uint64_t seq,
                                 const struct esep_receipt *receipt)
{
    for (size_t i = 0; receipt != NULL && i < d->refusal_count; i++)
        if (d->refusals[i].seq == seq && d->refusals[i].log_index >= receipt->first_index &&
            d->refusals[i].log_index <= receipt->last_index)
            return d->refusals[i].verdict;
    return ESEP__V1__VERDICT__VERDICT_UNSPECIFIED;
}

/* The rule of docs/protocol.md: the promise's hour, if the entry followed within the days of grace.
 */
static void when_it_came(struct agent_event *event, const struct esep_receipt *r,
                         const struct agent_duty *duty)
{
    event->came = r->accepted_at;
    if (r->committed_at == 0)
        return;
    uint32_t grace = duty->plan != NULL && duty->plan->plan->rules != NULL
                         ? duty->plan->plan->rules->commitment_grace_days
                         : UINT16_MAX;
    if (r->accepted_at - r->committed_at > (esep_time)grace * ESEP_DAY)
        return;
    event->came = r->committed_at;
    event->by_commitment = true;
}

static void add_receipts(struct agent_duties *d, struct agent_event *event,
                         const struct agent_duty *duty, const struct esep_receipt *r)
{
    if (r != NULL) {
        event->first_index = r->first_index;
        event->last_index = r->last_index;
        /* Where the range is as long as the entries, each has its place in it. */
        if (r->last_index - r->first_index == r->through_seq - r->first_seq)
            event->first_index = event->last_index = r->first_index + (event->seq - r->first_seq);
        when_it_came(event, r, duty);
        return;
    }
    const struct esep_receipt *promise = agent_duties_receipt(
        d, event->epoch, event->seq, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT);
    event->promised_at = promise != NULL ? promise->accepted_at : 0;
}

static void on_report(struct load *l, struct agent_event *event, const Esep__V1__Report *report,
                      const struct esep_receipt *receipt)
{
    struct agent_duties *d = l->d;
    struct agent_duty *duty = slot(l, report->obligation);
    if (duty == NULL)
        return;
    duty->refused = refused(d, event->seq, receipt);
    if (duty->refused != ESEP__V1__VERDICT__VERDICT_UNSPECIFIED)
        return;
    if (!more((void **)&d->events, &d->event_cap, d->event_count, sizeof *d->events)) {
        (void)no_memory(l);
        return;
    }
    event->revision = report->revision;
    event->fulfilment = report->fulfilment;
    event->percent = report->progress_case == ESEP__V1__REPORT__PROGRESS_PERCENT
                         ? (int)(report->percent & 0x7f)
                         : -1;
    event->before = duty->newest_event;
    add_receipts(d, event, duty, receipt);
    /* Ours settles what it knew of, not what came after it. */
    if (report->n_settles_index > 0 &&
        (event->first_index == 0 || event->first_index > duty->conflict_index))
        duty->conflict = false;
    d->events[d->event_count++] = *event;
    duty->newest_event = (uint32_t)d->event_count;
}

static void on_withdrawal(struct load *l, const struct agent_event *event,
                          const Esep__V1__Withdrawal *w)
{
    struct agent_duty *duty = slot(l, w->obligation);
    if (duty == NULL)
        return;
    uint32_t at = duty->newest_event;
    while (at > 0) {
        struct agent_event *old = &l->d->events[at - 1];
        if ((w->report_seq != 0 && old->epoch == event->epoch && old->seq == w->report_seq) ||
            is_of(old, w->report_index)) {
            old->withdrawn = true;
            break;
        }
        at = old->before;
    }
    while (duty->newest_event > 0 && l->d->events[duty->newest_event - 1].withdrawn)
        duty->newest_event = l->d->events[duty->newest_event - 1].before;
    if (duty->newest_event == 0)
        duty->submission = ESEP_SUBMISSION_WITHDRAWN;
}

static void on_request(struct load *l, const Esep__V1__ExtensionRequest *request,
                       const struct esep_receipt *receipt)
{
    struct agent_duty *duty = slot(l, request->obligation);
    if (duty != NULL && (receipt == NULL || receipt->first_index > duty->decided_index))
        duty->control = ESEP_CONTROL_EXTENSION_ASKED;
}

static bool take_entry(void *context, uint32_t epoch, const struct agent_entry *entry)
{
    struct load *l = context;
    const struct esep_receipt *receipt =
        agent_duties_receipt(l->d, epoch, entry->seq, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES);
    if (epoch != l->d->head.epoch && receipt == NULL)
        return true; /* queued again in the new epoch */
    const ProtobufCMessage *message = unpack(l, &esep__v1__journal_entry__descriptor, entry->bytes);
    const Esep__V1__JournalEntry *e = (const Esep__V1__JournalEntry *)message;
    if (e == NULL)
        return true;
    struct agent_event event = {.epoch = epoch, .seq = entry->seq, .written_at = e->written_at_us};
    if (e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        on_report(l, &event, e->report, receipt);
    else if (e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL)
        on_withdrawal(l, &event, e->withdrawal);
    else if (e->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST)
        on_request(l, e->extension_request, receipt);
    return l->status == ESEP_OK;
}

static bool take_draft(void *context, const char *obligation, struct esep_slice report)
{
    struct load *l = context;
    (void)report;
    struct agent_duty *duty = slot(l, obligation);
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
    struct load l = {.d = ret, .now = agent_desk_now(desk), .reason = reason};
    enum esep_status status = esep_arena_init(&ret->arena, PLAN_ARENA_BYTES);
    if (status == ESEP_OK)
        status = esep_arena_init(&l.scratch, SCRATCH_BYTES);
    if (status == ESEP_OK)
        status = journal_head(&desk->journal, &ret->head, reason);
    if (status == ESEP_OK)
        status = journal_receipts(&desk->journal, take_receipt, &l, reason);
    if (status == ESEP_OK)
        status =
            l.status != ESEP_OK ? l.status : journal_mail(&desk->journal, 0, take_mail, &l, reason);
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

const char *agent_duty_action(const struct agent_duty *duty)
{
    return duty->plan != NULL && duty->made.action >= 0
               ? duty->plan->plan->actions[duty->made.action]->number
               : "-";
}

const char *agent_duty_title(const struct agent_duty *duty, const char *language)
{
    return duty->plan != NULL && duty->made.action >= 0
               ? esep_text(duty->plan->plan->actions[duty->made.action]->title, language)
               : "";
}

const char *agent_verdict_name(Esep__V1__Verdict verdict)
{
    static const char *const names[] = {
        "",          "taken",    "conflict", "malformed", "unknown_obligation",
        "not_yours", "bad_base", "closed"};
    return (size_t)verdict < sizeof names / sizeof *names ? names[verdict] : "unknown";
}
