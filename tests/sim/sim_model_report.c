/* tests/sim/sim_model_report.c - what an office writes and what the secretariat says of it.
 *
 * Every report of an obligation is kept in one list; which of them stand on top is found by going
 * through it (sim_model_heads.c). What a report names decides that, and never its verdict.
 */
#include "sim_model.h"

#define VERDICT(name) ESEP__V1__VERDICT__VERDICT_##name

static const char *key_of(const Esep__V1__JournalEntry *j)
{
    if (j->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        return j->report->obligation;
    if (j->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL)
        return j->withdrawal->obligation;
    if (j->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST)
        return j->extension_request->obligation;
    return NULL;
}

static struct esep_hash name_in(ProtobufCBinaryData bytes)
{
    struct esep_hash name = {{0}};
    memcpy(name.bytes, bytes.data, sizeof name.bytes); /* judged well-formed before */
    return name;
}

static bool add_report(const struct model_entry *e, struct model_duty *d, const Esep__V1__Report *r)
{
    struct model_report report = {.index = e->index,
                                  .office = e->leaf.office,
                                  .name = esep_content_hash(e->body),
                                  .review = ESEP_SUBMISSION_RECEIVED,
                                  .again = ESEP_DAY_NONE,
                                  .fulfilment = r->fulfilment,
                                  .percent = -1};
    struct esep_hash names[MODEL_NAMED];
    size_t count = 0;
    if (r->progress_case == ESEP__V1__REPORT__PROGRESS_PERCENT)
        report.percent = (int)r->percent;
    if (r->builds_on.len > 0)
        names[count++] = name_in(r->builds_on);
    for (size_t i = 0; i < r->n_settles; i++)
        names[count++] = name_in(r->settles[i]);
    return model_heads_add(d, &report, names, count);
}

/* It joins those that stand on top and takes the place of none. */
static bool conflicts(const struct model_heads *before, const struct model_heads *after, size_t at)
{
    for (size_t i = 0; i < before->count; i++)
        if (!model_heads_have(after, before->at[i]))
            return false;
    return before->count > 0 && model_heads_have(after, at);
}

/* Whoever owes it, and who took over from it by now, through how many ever; and of what another
 * owes as its successor, whom the action names. Those may be gone: what they wrote may come late.
 */
static bool may_bring_as(const struct model_entry *e, const struct model_duty *d, const char *body)
{
    const struct model_plan *plan = &e->m->plans[d->plan];
    if (strcmp(d->body, body) == 0)
        return true;
    if (model_passed(e->m, d, body, e->leaf.accepted_at)) {
        sim_count(e->sim, SIM_TALLY_HEIR_TAKEN);
        return true;
    }
    const char *then = model_stands(plan, body, d->day);
    bool going =
        then != NULL && strcmp(then, d->body) == 0 && model_executes(plan, d->action, body);
    if (going)
        sim_count(e->sim, SIM_TALLY_GOING_TAKEN);
    return going;
}

/* As one of the bodies that the office may report for, in a plan that it may report on. */
static bool may_bring(const struct model_entry *e, const struct model_duty *d)
{
    const struct model_office *o = &e->m->offices[e->leaf.office];
    if (!model_on_plan(o, e->m->plans[d->plan].id))
        return false;
    bool may = may_bring_as(e, d, o->body);
    for (size_t i = 0; !may && i < o->body_count; i++) {
        may = may_bring_as(e, d, o->bodies[i]);
        if (may)
            sim_count(e->sim, SIM_TALLY_CARRIED);
    }
    return may;
}

static Esep__V1__Verdict judge(const struct model_entry *e, const Esep__V1__JournalEntry *j)
{
    if (j == NULL || key_of(j) == NULL || esep_entry_check(j, NULL) != ESEP_OK)
        return VERDICT(MALFORMED);
    struct model_duty *d = model_duty(e->m, key_of(j));
    if (d == NULL)
        return VERDICT(UNKNOWN_OBLIGATION);
    if (!may_bring(e, d))
        return VERDICT(NOT_YOURS);
    if (d->dropped || d->control == ESEP_CONTROL_REMOVED)
        return VERDICT(CLOSED);
    return VERDICT(TAKEN);
}

/* The first receipt's hour stays; of the promises that cover one of the reports, the earliest is
 * what may prove it on time. */
static void note_hour(const struct model_entry *e, struct model_duty *d)
{
    struct model_office *o = &e->m->offices[e->leaf.office];
    const struct model_promise *p = NULL;
    for (size_t i = 0; i < o->promise_count && p == NULL; i++)
        if (o->promises[i].open && o->promises[i].epoch == e->leaf.epoch &&
            e->leaf.seq > o->promises[i].from && e->leaf.seq <= o->promises[i].seq)
            p = &o->promises[i];
    bool first = d->first_at == 0;
    if (first)
        d->first_at = e->leaf.accepted_at;
    bool better = p != NULL && !d->proved && (d->promised == 0 || p->at < d->promised);
    if (!first && !better)
        return;
    d->proved = false;
    d->promised = p != NULL ? p->at : 0;
    d->promise_office = e->leaf.office;
    d->promise_epoch = e->leaf.epoch;
    d->promise_seq = p != NULL ? p->seq : 0;
}

/* Whether it is a conflict. */
static bool take_report(const struct model_entry *e, struct model_duty *d,
                        const Esep__V1__Report *r)
{
    const struct model_heads before = model_heads(d);
    bool counts = add_report(e, d, r);
    const struct model_heads after = model_heads(d);
    const struct model_report *added = &d->reports[d->count - 1];
    if (counts)
        note_hour(e, d);
    else
        sim_count(e->sim, SIM_TALLY_WITHDRAWN_BEFORE);
    if (added->repeat)
        sim_count(e->sim, SIM_TALLY_SENT_AGAIN);
    else if (counts && !model_heads_have(&after, d->count - 1))
        sim_count(e->sim, SIM_TALLY_NAMED_BEFORE);
    return conflicts(&before, &after, d->count - 1);
}

/* What it had superseded stands again, unless another supersedes that too. Where nothing stands
 * any more, nothing was brought. */
static void take_withdrawal(const struct model_entry *e, struct model_duty *d,
                            const Esep__V1__Withdrawal *w)
{
    const struct esep_hash name = name_in(w->report);
    const struct model_heads before = model_heads(d);
    model_heads_take_back(d, &name);
    const struct model_heads after = model_heads(d);
    for (size_t i = 0; i < after.count; i++)
        if (!model_heads_have(&before, after.at[i]))
            sim_count(e->sim, SIM_TALLY_STANDS_AGAIN);
    if (after.count > 0)
        return;
    d->first_at = d->promised = 0;
    d->proved = false;
}

static void settle_promise(const struct model_entry *e, uint32_t office,
                           const struct model_promise *p, bool kept)
{
    for (size_t i = 0; i < e->m->duty_count; i++) {
        struct model_duty *d = &e->m->duties[i];
        const struct model_plan *plan = &e->m->plans[d->plan];
        if (d->promised == 0 || d->proved || d->promise_office != office ||
            d->promise_epoch != p->epoch || d->promise_seq != p->seq)
            continue;
        int days = model_day(plan, e->leaf.accepted_at) - model_day(plan, p->at);
        if (kept && days <= plan->grace_days)
            d->proved = true;
        else
            d->promised = 0;
    }
}

/* The chain has come to the entry: promises up to there are kept by its hash, or void. */
static void keep_promises(const struct model_entry *e, struct model_office *o, bool new_epoch)
{
    size_t kept = 0;
    for (size_t i = 0; i < o->promise_count; i++) {
        struct model_promise *p = &o->promises[i];
        bool reached = p->epoch == e->leaf.epoch && p->seq <= e->leaf.seq;
        if (new_epoch ? p->epoch < e->leaf.epoch : reached)
            settle_promise(e, e->leaf.office, p,
                           !new_epoch && p->seq == e->leaf.seq &&
                               esep_hash_equal(&p->head, &e->leaf.head));
        else
            o->promises[kept++] = *p;
    }
    o->promise_count = kept;
}

/* What was taken changes the obligation; returns the verdict that this gives. */
static Esep__V1__Verdict take(const struct model_entry *e, struct model_duty *d,
                              const Esep__V1__JournalEntry *j)
{
    bool disputed = model_heads(d).count > 1;
    bool conflict = false;
    if (j->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        conflict = take_report(e, d, j->report);
    else if (j->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL)
        take_withdrawal(e, d, j->withdrawal);
    else
        d->control = ESEP_CONTROL_EXTENSION_ASKED;
    d->changed = e->sim->now;
    if (conflict || (disputed && model_heads(d).count <= 1))
        model_mail_duty(e, d);
    return conflict ? VERDICT(CONFLICT) : VERDICT(TAKEN);
}

void model_office_entry(const struct model_entry *e)
{
    struct sim_model *m = e->m;
    struct model_office *o = &m->offices[e->leaf.office];
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&m->arena);
    if (esep_unpack(&esep__v1__journal_entry__descriptor, e->body, &m->arena, &message) != ESEP_OK)
        message = NULL;
    const Esep__V1__JournalEntry *j = (const Esep__V1__JournalEntry *)message;
    if (e->leaf.epoch != o->epoch)
        keep_promises(e, o, true);
    o->epoch = e->leaf.epoch;
    o->seq = e->leaf.seq;
    model_saw(e, e->leaf.office);
    Esep__V1__Verdict verdict = judge(e, j);
    if (verdict == VERDICT(TAKEN))
        verdict = take(e, model_duty(m, key_of(j)), j);
    else
        model_mail(e, e->leaf.office, e->index);
    m->verdicts++;
    if (verdict != e->leaf.verdict)
        sim_fail(e->sim, "entry %llu of office %u: verdict %d; the model says %d",
                 (unsigned long long)e->index, e->leaf.office, (int)e->leaf.verdict, (int)verdict);
    keep_promises(e, o, false);
}

void model_commitment_entry(const struct model_entry *e)
{
    struct model_office *o = &e->m->offices[e->leaf.office];
    model_saw(e, e->leaf.office);
    if ((e->leaf.flags & ESEP_LEAF_CLOSES) != 0)
        return;
    struct esep_commitment promised;
    const struct esep_commitment *c = &promised;
    if (esep_commitment_unpack(&e->sim->log_id, e->body, &promised) != ESEP_OK)
        sim_fail(e->sim, "entry %llu: its body cannot be read", (unsigned long long)e->index);
    uint64_t held = c->epoch == o->epoch ? o->seq : 0;
    if (c->epoch < o->epoch || c->seq <= held)
        return;
    for (size_t i = 0; i < o->promise_count; i++)
        if (o->promises[i].epoch > c->epoch ||
            (o->promises[i].epoch == c->epoch && o->promises[i].seq >= c->seq))
            return; /* says nothing more */
    if (o->promise_count == MODEL_PROMISES)
        sim_fail(e->sim, "more open promises than the model holds");
    struct model_promise *p = &o->promises[o->promise_count++];
    *p = (struct model_promise){
        .open = true, .epoch = c->epoch, .from = held, .seq = c->seq, .at = e->leaf.accepted_at};
    p->head = c->head;
}

static bool helps(const struct model_entry *e, const struct model_duty *d,
                  const struct model_duty *lead)
{
    return strcmp(d->kind, "fulfilment") == 0 && !d->lead && lead->lead && !lead->dropped &&
           strcmp(lead->kind, d->kind) == 0 && strcmp(lead->action, d->action) == 0 &&
           lead->start == d->start && lead->end == d->end &&
           strcmp(e->m->plans[lead->plan].id, e->m->plans[d->plan].id) == 0;
}

/* Whether the office reports for who leads the action in that window. */
static bool leads(const struct model_entry *e, const struct model_office *o,
                  const struct model_duty *d)
{
    if (!model_on_plan(o, e->m->plans[d->plan].id))
        return false;
    for (size_t i = 0; i < e->m->duty_count; i++)
        if (helps(e, d, &e->m->duties[i]) &&
            model_carries(o, model_owner(e->m, &e->m->duties[i], e->leaf.accepted_at)))
            return true;
    return false;
}

/* An accepted report goes to whoever leads the action in that window, once. */
static void mail_leads(const struct model_entry *e, const struct model_duty *d, uint64_t report)
{
    for (uint32_t i = 1; i <= e->m->office_count; i++)
        if (e->m->offices[i].state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE &&
            leads(e, &e->m->offices[i], d))
            model_mail(e, i, report);
}

/* Of what stands accepted, the first after that entry of the log; NULL: none. */
static const struct model_report *accepted_after(const struct model_duty *d, uint64_t index)
{
    const struct model_heads heads = model_heads(d);
    for (size_t i = 0; i < heads.count; i++)
        if (d->reports[heads.at[i]].index > index &&
            d->reports[heads.at[i]].review == ESEP_SUBMISSION_ACCEPTED)
            return &d->reports[heads.at[i]];
    return NULL;
}

/* An office that comes late gets what helpers have had accepted, duty after duty; with the review,
 * where that is its matter, too. */
void model_mail_accepted(const struct model_entry *e, uint32_t office,
                         const struct model_office *before)
{
    const struct model_office *o = &e->m->offices[office];
    for (uint64_t first = 0;;) {
        const struct model_duty *next = NULL;
        for (size_t i = 0; i < e->m->duty_count; i++) {
            const struct model_duty *d = &e->m->duties[i];
            const struct model_report *its = accepted_after(d, 0);
            if (its == NULL || its->index <= first || !leads(e, o, d) ||
                (next != NULL && its->index >= accepted_after(next, 0)->index) ||
                (before != NULL && leads(e, before, d)))
                continue;
            next = d;
        }
        if (next == NULL)
            return;
        first = accepted_after(next, 0)->index;
        for (const struct model_report *r = accepted_after(next, 0); r != NULL;
             r = accepted_after(next, r->index)) {
            if (model_concerns(e, o, next))
                model_mail(e, office, r->review_index);
            model_mail(e, office, r->index);
        }
    }
}

void model_review_entry(const struct model_entry *e)
{
    const Esep__V1__Review *r =
        (const Esep__V1__Review *)model_read(e, &esep__v1__review__descriptor);
    struct model_duty *d = model_duty(e->m, r->obligation);
    struct model_report *report = NULL;
    const struct model_heads heads = d != NULL ? model_heads(d) : (struct model_heads){.count = 0};
    for (size_t i = 0; i < heads.count; i++)
        if (d->reports[heads.at[i]].index == r->report_index)
            report = &d->reports[heads.at[i]];
    if (report == NULL)
        sim_fail(e->sim, "entry %llu: a review of what does not stand",
                 (unsigned long long)e->index);
    if (r->report.len != ESEP_HASH_BYTES ||
        memcmp(r->report.data, report->name.bytes, ESEP_HASH_BYTES) != 0)
        sim_fail(e->sim, "entry %llu: a review calls the report by another name",
                 (unsigned long long)e->index);
    bool anew = r->accept && report->review != ESEP_SUBMISSION_ACCEPTED;
    report->review = r->accept ? ESEP_SUBMISSION_ACCEPTED : ESEP_SUBMISSION_RETURNED;
    report->review_index = e->index;
    report->again = !r->accept && r->again_by_day != 0 ? r->again_by_day : ESEP_DAY_NONE;
    d->changed = e->sim->now;
    model_mail_duty(e, d);
    if (!model_concerns(e, &e->m->offices[report->office], d))
        model_mail(e, report->office, e->index);
    if (anew)
        mail_leads(e, d, report->index);
}
