/* collector/views_heads.c - the revisions of one obligation: heads, conflicts, withdrawals.
 *
 * A head is a revision that nothing supersedes. A report replaces the revision it builds on, those
 * whose conflict it settles, and whatever the same office sent before: an office's journal is one
 * line, so it knows its own reports and cannot conflict with itself. What is left stands beside
 * the new one: a conflict, kept and shown until a revision settles it. The last few superseded
 * revisions stay at hand, so that a withdrawal brings back exactly what the withdrawn one replaced.
 *
 * Older ones are in the log alone; a report that builds on one of those is believed, since to
 * refuse an honest office long offline is worse than to show a conflict too many.
 */
#include "collector/views_state.h"

static const struct views_head *known_index(const struct views_duty *duty, uint64_t index)
{
    for (uint32_t i = 0; i < duty->listed; i++) {
        if (duty->pub.heads[i].index == index)
            return &duty->pub.heads[i];
    }
    for (uint32_t i = 0; i < duty->past_count; i++) {
        if (duty->past[i].head.index == index)
            return &duty->past[i].head;
    }
    return NULL;
}

static bool is_own(const struct views_head *head, const struct views_office *office, uint64_t seq)
{
    return head->office == office->office && head->epoch == office->epoch && head->seq == seq;
}

static const struct views_head *known_seq(const struct views_duty *duty,
                                          const struct views_office *office, uint64_t seq)
{
    for (uint32_t i = 0; i < duty->listed; i++) {
        if (is_own(&duty->pub.heads[i], office, seq))
            return &duty->pub.heads[i];
    }
    for (uint32_t i = 0; i < duty->past_count; i++) {
        if (is_own(&duty->past[i].head, office, seq))
            return &duty->past[i].head;
    }
    return NULL;
}

/* Whether so old an index may be a revision that is no longer at hand. */
static bool maybe_old(const struct views_duty *duty, uint64_t index)
{
    const bool crowded = duty->pub.head_count > duty->listed;
    return (duty->past_lost > 0 || crowded) && index >= duty->first_index &&
           (crowded || duty->past_count == 0 || index < duty->past[0].head.index);
}

static bool settles_known(const struct views_duty *duty, const Esep__V1__Report *report)
{
    for (size_t i = 0; i < report->n_settles_index; i++) {
        const uint64_t index = report->settles_index[i];
        if (known_index(duty, index) == NULL && !maybe_old(duty, index))
            return false;
    }
    return true;
}

struct views_base views_base_of(const struct views_duty *duty, const struct views_office *office,
                                uint64_t seq, const Esep__V1__Report *report)
{
    struct views_base base = {.known = settles_known(duty, report)};
    const struct views_head *head = NULL;

    if (report->builds_on_index != 0) {
        head = known_index(duty, report->builds_on_index);
        base.known = base.known && (head != NULL || maybe_old(duty, report->builds_on_index));
        base.index = report->builds_on_index;
    } else if (report->builds_on_seq != 0) {
        head = known_seq(duty, office, report->builds_on_seq);
        base.known =
            base.known && report->builds_on_seq < seq && (head != NULL || duty->past_lost > 0);
        base.index = head != NULL ? head->index : 0;
    }
    return base;
}

/* Whether the new report of this office takes the head's place. */
static bool replaces(const struct views_head *head, uint32_t office, const Esep__V1__Report *report,
                     uint64_t base_index)
{
    if (head->office == office || (base_index != 0 && head->index == base_index))
        return true;
    for (size_t i = 0; i < report->n_settles_index; i++) {
        if (head->index == report->settles_index[i])
            return true;
    }
    return false;
}

bool views_conflicts(const struct views_duty *duty, uint32_t office, const Esep__V1__Report *report,
                     uint64_t base_index)
{
    uint32_t stay = 0;
    for (uint32_t i = 0; i < duty->listed; i++)
        stay += !replaces(&duty->pub.heads[i], office, report, base_index);
    /* It joins them and replaces none. In a crowd too large to list nobody can tell any more
     * whether an office's own report stands there already, and everybody was told many times. */
    return stay > 0 && stay == duty->listed && duty->pub.head_count <= VIEWS_HEADS_MAX;
}

static void push_past(struct views_duty *duty, const struct views_head *head, uint64_t by)
{
    if (duty->past_count == VIEWS_PAST_MAX) {
        memmove(duty->past, duty->past + 1, (VIEWS_PAST_MAX - 1) * sizeof(duty->past[0]));
        duty->past_count--;
        duty->past_lost++;
    }
    /* Kept in order of index: a settled head may be older than the one before it. */
    uint32_t at = duty->past_count++;
    for (; at > 0 && duty->past[at - 1].head.index > head->index; at--)
        duty->past[at] = duty->past[at - 1];
    duty->past[at] = (struct views_past){.head = *head, .replaced_by = by};
}

void views_heads_sum(struct views_duty *duty)
{
    struct views_obligation *o = &duty->pub;
    const struct views_head *newest = duty->listed > 0 ? &o->heads[duty->listed - 1] : NULL;

    if (newest == NULL) {
        o->submission = o->reports > 0 ? ESEP_SUBMISSION_WITHDRAWN : ESEP_SUBMISSION_NONE;
        o->fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_UNSPECIFIED;
        o->percent = -1;
        o->verified = false;
        o->again_by = ESEP_DAY_NONE;
        return;
    }
    o->submission = newest->submission;
    o->fulfilment = newest->fulfilment;
    o->percent = newest->percent;
    o->verified = newest->submission == ESEP_SUBMISSION_ACCEPTED && o->head_count == 1;
    if (newest->submission != ESEP_SUBMISSION_RETURNED)
        o->again_by = ESEP_DAY_NONE;
}

void views_head_add(struct views_duty *duty, const struct views_head *head,
                    const Esep__V1__Report *report)
{
    struct views_obligation *o = &duty->pub;
    uint32_t unlisted = o->head_count - duty->listed;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < duty->listed; i++) {
        const struct views_head old = o->heads[i];
        if (replaces(&old, head->office, report, head->base_index))
            push_past(duty, &old, head->index);
        else
            o->heads[kept++] = old;
    }
    /* Whoever settles all that could be listed has settled the rest too. */
    if (kept == 0)
        unlisted = 0;
    if (kept < VIEWS_HEADS_MAX)
        o->heads[kept++] = *head;
    else
        unlisted++;
    duty->listed = kept;
    o->head_count = kept + unlisted;
    if (o->reports++ == 0)
        duty->first_index = head->index;
    views_heads_sum(duty);
}

struct views_head *views_head_at(struct views_duty *duty, uint64_t index)
{
    for (uint32_t i = 0; i < duty->listed; i++) {
        if (duty->pub.heads[i].index == index)
            return &duty->pub.heads[i];
    }
    return NULL;
}

/* The first entry of an epoch is judged while the office still stands in the one before: it can
 * name nothing of its own by a sequence. */
uint64_t views_withdrawn_index(const struct views_duty *duty, const struct views_office *office,
                               uint64_t seq, const Esep__V1__Withdrawal *withdrawal)
{
    const struct views_head *head = NULL;
    if (withdrawal->report_index != 0)
        head = known_index(duty, withdrawal->report_index);
    else if (withdrawal->report_seq < seq)
        head = known_seq(duty, office, withdrawal->report_seq);
    return head == NULL || head->submission == ESEP_SUBMISSION_WITHDRAWN ? 0 : head->index;
}

/* Log index of a head that was built on it; 0: none. */
static uint64_t built_on(const struct views_duty *duty, uint64_t index)
{
    for (uint32_t i = 0; i < duty->listed; i++) {
        if (duty->pub.heads[i].base_index == index)
            return duty->pub.heads[i].index;
    }
    return 0;
}

static void insert_head(struct views_duty *duty, const struct views_head *head)
{
    struct views_obligation *o = &duty->pub;
    uint32_t at = duty->listed++;
    for (; at > 0 && o->heads[at - 1].index > head->index; at--)
        o->heads[at] = o->heads[at - 1];
    o->heads[at] = *head;
    o->head_count++;
}

/* What the withdrawn one replaced stands again. Where another head was built on it too, it is that
 * one which has replaced it now. */
static void bring_back(struct views_duty *duty, uint64_t withdrawn)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < duty->past_count; i++) {
        struct views_past past = duty->past[i];
        const bool back = past.replaced_by == withdrawn && duty->listed < VIEWS_HEADS_MAX &&
                          past.head.submission != ESEP_SUBMISSION_WITHDRAWN;
        const uint64_t other = back ? built_on(duty, past.head.index) : 0;
        if (back && other == 0) {
            insert_head(duty, &past.head);
            continue;
        }
        if (other != 0)
            past.replaced_by = other;
        duty->past[kept++] = past;
    }
    duty->past_count = kept;
}

/* True: nothing stands any more. */
bool views_head_withdraw(struct views_duty *duty, uint64_t index)
{
    struct views_obligation *o = &duty->pub;
    struct views_head *head = views_head_at(duty, index);

    if (head == NULL) {
        for (uint32_t i = 0; i < duty->past_count; i++) {
            if (duty->past[i].head.index == index)
                duty->past[i].head.submission = ESEP_SUBMISSION_WITHDRAWN;
        }
        return false;
    }
    struct views_head gone = *head;
    gone.submission = ESEP_SUBMISSION_WITHDRAWN;
    const uint32_t at = (uint32_t)(head - o->heads);
    memmove(head, head + 1, (duty->listed - at - 1) * sizeof(*head));
    duty->listed--;
    o->head_count--;
    if (duty->listed == 0)
        o->head_count = 0;
    bring_back(duty, index);
    push_past(duty, &gone, index);
    views_heads_sum(duty);
    return duty->listed == 0;
}
