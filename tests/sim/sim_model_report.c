/* tests/sim/sim_model_report.c - what an office writes and what the secretariat says of it.
 *
 * Every report of an obligation is kept in one list; which of them stand, and since when the
 * obligation counts as brought, is found by going through it. Only as many replaced ones as the
 * views promise to know (docs/adr/0003) may be named again.
 */
#include "sim_model.h"

#include <stdlib.h>

#define VERDICT(name) ESEP__V1__VERDICT__VERDICT_##name

static size_t at_hand(const struct model_duty *d)
{
    size_t count = 0;
    for (size_t i = 0; i < d->count; i++)
        count += d->reports[i].stand == MODEL_REPLACED || d->reports[i].stand == MODEL_WITHDRAWN;
    return count;
}

static size_t standing(const struct model_duty *d)
{
    size_t count = 0;
    for (size_t i = 0; i < d->count; i++)
        count += d->reports[i].stand == MODEL_STANDS;
    return count;
}

static bool forgotten(const struct model_duty *d)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->reports[i].stand == MODEL_FORGOTTEN)
            return true;
    return false;
}

/* A revision by its place in the log that is no longer at hand: older than those that are. */
static bool maybe_old(const struct model_duty *d, uint64_t index)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->reports[i].stand != MODEL_FORGOTTEN && d->reports[i].stand != MODEL_STANDS &&
            d->reports[i].index <= index)
            return false;
    return forgotten(d) && index >= d->reports[0].index;
}

static void forget_one(struct model_duty *d)
{
    struct model_report *oldest = NULL;
    if (at_hand(d) < MODEL_AT_HAND)
        return;
    for (size_t i = 0; i < d->count; i++)
        if (d->reports[i].stand != MODEL_STANDS && d->reports[i].stand != MODEL_FORGOTTEN &&
            (oldest == NULL || d->reports[i].index < oldest->index))
            oldest = &d->reports[i];
    if (oldest != NULL)
        oldest->stand = MODEL_FORGOTTEN;
}

static struct model_report *by_index(struct model_duty *d, uint64_t index)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->reports[i].index == index && d->reports[i].stand != MODEL_FORGOTTEN)
            return &d->reports[i];
    return NULL;
}

static struct model_report *by_seq(struct model_duty *d, uint32_t office, uint32_t epoch,
                                   uint64_t seq)
{
    for (size_t i = 0; i < d->count; i++) {
        struct model_report *r = &d->reports[i];
        if (r->office == office && r->epoch == epoch && r->seq == seq &&
            r->stand != MODEL_FORGOTTEN)
            return r;
    }
    return NULL;
}

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

static bool settles(const Esep__V1__Report *r, uint64_t index)
{
    for (size_t i = 0; i < r->n_settles_index; i++)
        if (r->settles_index[i] == index)
            return true;
    return false;
}

/* What it builds on; *ret_known false: on something that is no revision of this obligation. */
static uint64_t base_of(struct model_duty *d, const struct collector_leaf *leaf,
                        const Esep__V1__Report *r, bool *ret_known)
{
    const struct model_report *base = NULL;
    bool maybe = forgotten(d); /* older ones are believed */
    *ret_known = true;
    for (size_t i = 0; i < r->n_settles_index; i++)
        *ret_known = *ret_known && (by_index(d, r->settles_index[i]) != NULL || maybe);
    if (r->builds_on_index != 0) {
        base = by_index(d, r->builds_on_index);
        *ret_known = *ret_known && (base != NULL || maybe_old(d, r->builds_on_index));
        return r->builds_on_index;
    }
    if (r->builds_on_seq == 0)
        return 0;
    base = by_seq(d, leaf->office, leaf->epoch, r->builds_on_seq);
    *ret_known = *ret_known && r->builds_on_seq < leaf->seq && (base != NULL || maybe);
    return base != NULL ? base->index : 0;
}

static bool takes_place_of(const struct model_report *old, uint32_t office, uint64_t base,
                           const Esep__V1__Report *r)
{
    return old->stand == MODEL_STANDS &&
           (old->office == office || (base != 0 && old->index == base) || settles(r, old->index));
}

static struct model_report *withdrawn(struct model_duty *d, const struct collector_leaf *leaf,
                                      const Esep__V1__Withdrawal *w)
{
    struct model_report *r = w->report_index != 0
                                 ? by_index(d, w->report_index)
                                 : by_seq(d, leaf->office, leaf->epoch, w->report_seq);
    return r != NULL && r->stand != MODEL_WITHDRAWN ? r : NULL;
}

static Esep__V1__Verdict judge(const struct model_entry *e, const Esep__V1__JournalEntry *j)
{
    bool known = true;
    if (j == NULL || key_of(j) == NULL || esep_entry_check(j, NULL) != ESEP_OK)
        return VERDICT(MALFORMED);
    struct model_duty *d = model_duty(e->m, key_of(j));
    if (d == NULL)
        return VERDICT(UNKNOWN_OBLIGATION);
    if (strcmp(d->body, e->m->offices[e->leaf.office].body) != 0)
        return VERDICT(NOT_YOURS);
    if (d->dropped || d->control == ESEP_CONTROL_REMOVED)
        return VERDICT(CLOSED);
    if (j->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL)
        return withdrawn(d, &e->leaf, j->withdrawal) != NULL ? VERDICT(TAKEN) : VERDICT(BAD_BASE);
    if (j->body_case != ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        return VERDICT(TAKEN);
    uint64_t base = base_of(d, &e->leaf, j->report, &known);
    if (!known)
        return VERDICT(BAD_BASE);
    bool replaces = standing(d) == 0;
    for (size_t i = 0; i < d->count; i++)
        replaces = replaces || takes_place_of(&d->reports[i], e->leaf.office, base, j->report);
    return replaces ? VERDICT(TAKEN) : VERDICT(CONFLICT);
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

static void take_report(const struct model_entry *e, struct model_duty *d,
                        const Esep__V1__Report *r)
{
    bool known = true;
    uint64_t base = base_of(d, &e->leaf, r, &known);
    for (size_t i = 0; i < d->count; i++) {
        if (!takes_place_of(&d->reports[i], e->leaf.office, base, r))
            continue;
        forget_one(d);
        d->reports[i].stand = MODEL_REPLACED;
        d->reports[i].replaced_by = e->index;
    }
    if (d->count == d->cap) {
        d->cap = d->cap * 2 + 16;
        d->reports = realloc(d->reports, d->cap * sizeof *d->reports);
        if (d->reports == NULL)
            abort();
    }
    d->reports[d->count++] = (struct model_report){.index = e->index,
                                                   .office = e->leaf.office,
                                                   .epoch = e->leaf.epoch,
                                                   .seq = e->leaf.seq,
                                                   .base = base,
                                                   .review = ESEP_SUBMISSION_RECEIVED};
    note_hour(e, d);
}

/* What it replaced stands again; unless another that stands was built on that one. */
static void take_withdrawal(struct model_duty *d, struct model_report *gone)
{
    if (gone->stand != MODEL_STANDS) {
        gone->stand = MODEL_WITHDRAWN;
        return;
    }
    gone->stand = MODEL_WITHDRAWN;
    uint64_t index = gone->index;
    size_t before = at_hand(d) - 1;
    for (size_t i = 0; i < d->count; i++) {
        struct model_report *r = &d->reports[i];
        uint64_t other = 0;
        if (r->stand != MODEL_REPLACED || r->replaced_by != index)
            continue;
        for (size_t k = 0; k < d->count && other == 0; k++)
            if (d->reports[k].stand == MODEL_STANDS && d->reports[k].base == r->index)
                other = d->reports[k].index;
        if (other != 0) {
            r->replaced_by = other;
            continue;
        }
        r->stand = MODEL_STANDS;
        before--;
    }
    if (before >= MODEL_AT_HAND) { /* the withdrawn one needs a place too */
        gone->stand = MODEL_FORGOTTEN;
        forget_one(d);
        gone->stand = MODEL_WITHDRAWN;
    }
    if (standing(d) == 0) {
        d->first_at = d->promised = 0;
        d->proved = false;
    }
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
                               esep_hash_equal(&p->head, &e->leaf.hash));
        else
            o->promises[kept++] = *p;
    }
    o->promise_count = kept;
}

/* It names a place in the log that no report at hand has: one of those that were let go, or, where
 * a store came back from a copy, one that is something else now. The views know which places those
 * may have been; this model does not, and takes either. */
static bool only_believed(const struct model_entry *e, const Esep__V1__JournalEntry *j)
{
    if (j == NULL || j->body_case != ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        return false;
    struct model_duty *d = model_duty(e->m, j->report->obligation);
    return d != NULL && j->report->builds_on_index != 0 && forgotten(d) &&
           by_index(d, j->report->builds_on_index) == NULL;
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
    Esep__V1__Verdict verdict = judge(e, j);
    m->verdicts++;
    if (e->leaf.verdict == VERDICT(BAD_BASE) && only_believed(e, j))
        verdict = VERDICT(BAD_BASE);
    if (verdict != e->leaf.verdict)
        sim_fail(e->sim, "entry %llu of office %u: verdict %d; the model says %d",
                 (unsigned long long)e->index, e->leaf.office, (int)e->leaf.verdict, (int)verdict);
    if (e->leaf.epoch != o->epoch)
        keep_promises(e, o, true);
    o->epoch = e->leaf.epoch;
    o->seq = e->leaf.seq;
    model_saw(e, e->leaf.office);
    if (verdict != VERDICT(TAKEN) && verdict != VERDICT(CONFLICT)) {
        model_mail(e, e->leaf.office, e->index);
        keep_promises(e, o, false);
        return;
    }
    struct model_duty *d = model_duty(m, key_of(j));
    bool disputed = standing(d) > 1;
    if (j->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        take_report(e, d, j->report);
    else if (j->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL)
        take_withdrawal(d, withdrawn(d, &e->leaf, j->withdrawal));
    else
        d->control = ESEP_CONTROL_EXTENSION_ASKED;
    if (model_submission(d) != ESEP_SUBMISSION_RETURNED)
        d->again = ESEP_DAY_NONE;
    d->changed = e->sim->now;
    if (verdict == VERDICT(CONFLICT) || (disputed && standing(d) <= 1))
        model_mail_body(e, d->body, e->index);
    keep_promises(e, o, false);
}

void model_commitment_entry(const struct model_entry *e)
{
    struct model_office *o = &e->m->offices[e->leaf.office];
    model_saw(e, e->leaf.office);
    if ((e->leaf.flags & COLLECTOR_LEAF_CLOSES) != 0)
        return;
    const Esep__V1__Commitment *c =
        (const Esep__V1__Commitment *)model_read(e, &esep__v1__commitment__descriptor);
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
    memcpy(p->head.bytes, c->head.data, ESEP_HASH_BYTES);
}

/* An accepted report goes to whoever leads the action in that window. */
static void mail_leads(const struct model_entry *e, const struct model_duty *d, uint64_t report)
{
    if (strcmp(d->kind, "fulfilment") != 0 || d->lead)
        return;
    for (size_t i = 0; i < e->m->duty_count; i++) {
        const struct model_duty *l = &e->m->duties[i];
        if (l->lead && !l->dropped && strcmp(l->kind, d->kind) == 0 &&
            strcmp(l->action, d->action) == 0 && l->start == d->start && l->end == d->end &&
            strcmp(e->m->plans[l->plan].id, e->m->plans[d->plan].id) == 0)
            model_mail_body(e, l->body, report);
    }
}

void model_review_entry(const struct model_entry *e)
{
    const Esep__V1__Review *r =
        (const Esep__V1__Review *)model_read(e, &esep__v1__review__descriptor);
    struct model_duty *d = model_duty(e->m, r->obligation);
    struct model_report *report = d != NULL ? by_index(d, r->report_index) : NULL;
    if (report == NULL || report->stand != MODEL_STANDS)
        sim_fail(e->sim, "entry %llu: a review of what does not stand",
                 (unsigned long long)e->index);
    bool anew = r->accept && report->review != ESEP_SUBMISSION_ACCEPTED;
    report->review = r->accept ? ESEP_SUBMISSION_ACCEPTED : ESEP_SUBMISSION_RETURNED;
    d->again = !r->accept && r->again_by_day != 0 ? r->again_by_day : ESEP_DAY_NONE;
    if (model_submission(d) != ESEP_SUBMISSION_RETURNED)
        d->again = ESEP_DAY_NONE;
    d->changed = e->sim->now;
    model_mail_body(e, d->body, e->index);
    if (strcmp(e->m->offices[report->office].body, d->body) != 0)
        model_mail(e, report->office, e->index);
    if (anew)
        mail_leads(e, d, report->index);
}
