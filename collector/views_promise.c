/* collector/views_promise.c - commitments: promises open, kept or void, and what they prove.
 *
 * A promise is an office's signed head that reaches beyond what is held. It is kept by the entry
 * that brings the chain to its sequence with the very hash promised; then every obligation whose
 * first report it covers counts from the promise, if the entry came within the plan's days of
 * grace (in the plan's zone, to the end of the day). Another hash, or a new epoch, makes it void,
 * and those obligations count from their own entries.
 *
 * Only open promises are held, and the last one kept: a receipt names it once more. Each open one
 * leads a list of the obligations that wait for it, so that nothing is searched when it is kept.
 */
#include "collector/views_state.h"
#include "esep/v1/wire.pb-c.h"

static bool covers(const struct views_promise *p, uint32_t epoch, uint64_t seq)
{
    return p->epoch == epoch && seq > p->from && seq <= p->seq;
}

const struct views_promise *views_promise_for(const struct views_office_slot *slot, uint32_t epoch,
                                              uint64_t seq)
{
    for (uint32_t i = 0; i < slot->promise_count; i++) {
        if (covers(&slot->promises[i], epoch, seq))
            return &slot->promises[i];
    }
    return NULL;
}

/* Looks at the array and not at the count of offices: at start an office may still be missing. */
static struct views_promise *promise_of(const struct views *v, const struct views_duty *duty)
{
    const struct views_obligation *o = &duty->pub;
    if (o->first_office == 0 || o->first_office > v->limits.offices_max ||
        o->first_committed_at == 0 || o->first_proved)
        return NULL;
    const struct views_office_slot *slot = &v->offices[o->first_office - 1];
    for (uint32_t i = 0; i < slot->promise_count; i++) {
        struct views_promise *p = &slot->promises[i];
        if (p->epoch == o->first_epoch && p->seq == o->first_commitment_seq)
            return p;
    }
    return NULL;
}

void views_promise_link(struct views *v, struct views_duty *duty)
{
    struct views_promise *p = promise_of(v, duty);
    if (p != NULL) {
        duty->next_dependent = p->first_dependent;
        p->first_dependent = (uint32_t)(duty - v->duties) + 1;
    }
}

static void unlink_duty(struct views *v, struct views_duty *duty)
{
    struct views_promise *p = promise_of(v, duty);
    if (p == NULL)
        return;
    const uint32_t number1 = (uint32_t)(duty - v->duties) + 1;
    uint32_t *link = &p->first_dependent;
    while (*link != 0 && *link != number1)
        link = &v->duties[*link - 1].next_dependent;
    if (*link == number1)
        *link = duty->next_dependent;
    duty->next_dependent = 0;
}

static void uncommit(struct views_duty *duty)
{
    duty->pub.first_committed_at = 0;
    duty->pub.first_commitment_seq = 0;
    duty->pub.first_proved = false;
}

/* Nothing stands any more: the next report counts from its own hour. */
void views_promise_forget(struct views *v, struct views_duty *duty)
{
    unlink_duty(v, duty);
    uncommit(duty);
    duty->pub.first_received_at = 0;
    duty->pub.first_office = 0;
    duty->pub.first_epoch = 0;
}

/* A report was taken: the first receipt of all is kept for ever; of the promises that cover one of
 * the body's reports, the earliest is what may prove it on time. */
void views_promise_first(struct views *v, struct views_duty *duty, struct views_office_slot *slot,
                         const struct esep_leaf *leaf)
{
    struct views_obligation *o = &duty->pub;
    const bool first = o->first_received_at == 0;
    const struct views_promise *p = views_promise_for(slot, leaf->epoch, leaf->seq);

    if (first)
        o->first_received_at = leaf->accepted_at;
    const bool earlier = p != NULL && !o->first_proved &&
                         (o->first_committed_at == 0 || p->at < o->first_committed_at);
    if (!first && !earlier)
        return;
    unlink_duty(v, duty);
    uncommit(duty);
    o->first_office = leaf->office;
    o->first_epoch = leaf->epoch;
    if (p != NULL) {
        o->first_committed_at = p->at;
        o->first_commitment_seq = p->seq;
        views_promise_link(v, duty);
    }
}

static bool in_grace(const struct views *v, const struct views_duty *duty, esep_time promised,
                     esep_time kept)
{
    const struct views_plan_slot *slot = &v->plans[duty->pub.plan_no];
    if (slot->plan == NULL || slot->plan->rules == NULL)
        return false;
    const int64_t days =
        (int64_t)esep_zone_day(slot->zone, kept) - esep_zone_day(slot->zone, promised);
    return days <= (int64_t)slot->plan->rules->commitment_grace_days;
}

static void settle(struct views *v, struct views_promise *p, bool kept, esep_time at)
{
    for (uint32_t number1 = p->first_dependent; number1 != 0;) {
        struct views_duty *duty = &v->duties[number1 - 1];
        number1 = duty->next_dependent;
        duty->next_dependent = 0;
        if (kept && in_grace(v, duty, p->at, at))
            duty->pub.first_proved = true;
        else
            uncommit(duty);
        views_mark_duty(v, duty);
    }
    p->first_dependent = 0;
}

static struct views_promised promised(const struct views_promise *p)
{
    return (struct views_promised){.index = p->index, .at = p->at, .seq = p->seq, .head = p->head};
}

static void remove_first(struct views *v, struct views_office_slot *slot)
{
    views_drop_promise(v, slot->pub.office, &slot->promises[0]);
    slot->promise_count--;
    memmove(slot->promises, slot->promises + 1, slot->promise_count * sizeof(*slot->promises));
}

void views_promises_keep(struct views *v, struct views_office_slot *slot,
                         const struct esep_leaf *leaf)
{
    while (slot->promise_count > 0 && slot->promises[0].epoch == leaf->epoch &&
           slot->promises[0].seq <= leaf->seq) {
        struct views_promise *p = &slot->promises[0];
        const bool kept = p->seq == leaf->seq && esep_hash_equal(&p->head, &leaf->head);
        settle(v, p, kept, leaf->accepted_at);
        if (kept) {
            slot->kept_epoch = p->epoch;
            slot->kept_from = p->from;
            slot->kept = promised(p);
        }
        remove_first(v, slot);
    }
}

/* A new epoch began: what older chains promised cannot come any more. */
void views_promises_void(struct views *v, struct views_office_slot *slot, uint32_t epoch)
{
    while (slot->promise_count > 0 && slot->promises[0].epoch < epoch) {
        settle(v, &slot->promises[0], false, 0);
        remove_first(v, slot);
    }
}

static enum esep_status close_group(struct views *v, const struct views_entry *entry,
                                    struct views_office_slot *slot)
{
    if (entry->leaf.epoch != slot->pub.epoch || entry->leaf.seq != slot->pub.seq)
        return esep_because(entry->reason, ESEP_CORRUPT,
                            "log index %llu closes entry %llu of office %lu, which is at %llu",
                            (unsigned long long)entry->index, (unsigned long long)entry->leaf.seq,
                            (unsigned long)slot->pub.office, (unsigned long long)slot->pub.seq);
    views_put_closing(v, entry);
    views_saw(v, slot, entry->leaf.accepted_at);
    return ESEP_OK;
}

enum esep_status views_apply_commitment(struct views *v, const struct views_entry *entry)
{
    const struct esep_leaf *leaf = &entry->leaf;
    struct views_office_slot *slot = views_office_slot(v, leaf->office);
    if (slot == NULL)
        return esep_because(entry->reason, ESEP_CORRUPT, "a commitment of no office");
    if ((leaf->flags & ESEP_LEAF_CLOSES) != 0)
        return close_group(v, entry, slot);

    const struct views_promise *last =
        slot->promise_count > 0 ? &slot->promises[slot->promise_count - 1] : NULL;
    const uint64_t held = leaf->epoch == slot->pub.epoch ? slot->pub.seq : 0;
    const bool more = leaf->epoch >= slot->pub.epoch && leaf->seq > held &&
                      (last == NULL || leaf->epoch > last->epoch ||
                       (leaf->epoch == last->epoch && leaf->seq > last->seq));
    if (more && slot->promise_count == v->limits.open_commitments_max)
        return esep_because(entry->reason, ESEP_LIMIT, "office %lu has %lu open commitments",
                            (unsigned long)leaf->office, (unsigned long)slot->promise_count);
    if (more) {
        ESEP_ASSERT(slot->promises != NULL);
        struct views_promise *p = &slot->promises[slot->promise_count++];
        *p = (struct views_promise){
            .epoch = leaf->epoch,
            .from = held,
            .seq = leaf->seq,
            .at = leaf->accepted_at,
            .head = leaf->head,
            .index = entry->index,
        };
        views_put_promise(v, leaf->office, p);
    }
    views_saw(v, slot, leaf->accepted_at);
    return ESEP_OK;
}

bool views_commitment(const struct views *v, uint32_t office, uint32_t epoch, uint64_t seq,
                      struct views_promised *ret)
{
    const struct views_office_slot *slot = views_office_slot(v, office);
    if (slot == NULL)
        return false;
    const struct views_promise *p = views_promise_for(slot, epoch, seq);
    const bool kept = slot->kept_epoch == epoch && seq > slot->kept_from && seq <= slot->kept.seq;
    if (p == NULL && !kept)
        return false;
    /* A kept one reached less far than any open one, so it is the earlier. */
    *ret = kept ? slot->kept : promised(p);
    return true;
}

esep_time views_came(const struct views *v, const struct views_obligation *o)
{
    (void)v;
    if (o->first_received_at == 0)
        return ESEP_TIME_NEVER;
    return o->first_proved && o->first_committed_at < o->first_received_at ? o->first_committed_at
                                                                           : o->first_received_at;
}
