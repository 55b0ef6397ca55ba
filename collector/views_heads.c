/* collector/views_heads.c - the revisions of one obligation: heads, conflicts, withdrawals.
 *
 * Reports are called by their content hash, and what names one may be here before it: after a
 * restore entries come back in any order of offices. So the links are kept by themselves, and which
 * report stands on top is worked out anew from the reports and the links at hand:
 *
 *   withdrawn   a withdrawal names it, before it came or after; it and its links are gone
 *   superseded  a standing report names it (as what it builds on, or whose conflict it settles), or
 *               the same office sent a later one: an office's journal is one line, so it knows its
 *               own reports and cannot conflict with itself. A report that another of the same
 *               office names is no later word than that one, wherever it lies in the log.
 *   head        neither of the two; two heads are a conflict, kept and shown until it is settled
 *   repeat      bytes that the office has here already, queued again by `recover`: says nothing new
 *
 * Where names run in a ring (which takes ill will), or what superseded the rest has fallen out of
 * the bounds, the newest at hand stands: what was taken is never without a head.
 *
 * The bounds: eight heads are listed and the rest is counted; four superseded ones stay at hand for
 * a withdrawal to bring back; of the links the oldest goes. What that gets wrong is a conflict too
 * many shown. (One withdrawal after the other, past all that is at hand, does lose sight of what
 * was before.)
 */
#include "collector/views_state.h"
#include "wire/statement.h"

/* All reports at hand, in order of the log, while it is worked out where each belongs. */
struct known {
    uint32_t count;
    struct {
        struct views_head report;
        bool listed; /* was a head */
        bool stands; /* is one now */
    } at[VIEWS_HEADS_MAX + VIEWS_PAST_MAX + 1];
};

static void know(struct known *known, const struct views_head *report, bool listed)
{
    uint32_t at = known->count++;
    for (; at > 0 && known->at[at - 1].report.index > report->index; at--)
        known->at[at] = known->at[at - 1];
    known->at[at].report = *report;
    known->at[at].listed = listed;
    known->at[at].stands = false;
}

/* All but those of this name, if one is given. */
static void know_all(struct known *known, const struct views_duty *duty,
                     const struct esep_hash *but)
{
    known->count = 0;
    for (uint32_t i = 0; i < duty->pub.listed; i++) {
        if (but == NULL || !esep_hash_equal(&duty->pub.heads[i].content, but))
            know(known, &duty->pub.heads[i], true);
    }
    for (uint32_t i = 0; i < duty->past_count; i++) {
        if (but == NULL || !esep_hash_equal(&duty->past[i].content, but))
            know(known, &duty->past[i], false);
    }
}

static const struct views_link *link_to(const struct views_duty *duty, enum views_link_kind kind,
                                        const struct esep_hash *to)
{
    for (uint32_t i = 0; i < duty->link_count; i++) {
        if (duty->links[i].kind == kind && esep_hash_equal(&duty->links[i].to, to))
            return &duty->links[i];
    }
    return NULL;
}

static bool named_by_own(const struct views_duty *duty, const struct views_head *report)
{
    for (uint32_t i = 0; i < duty->link_count; i++) {
        const struct views_link *link = &duty->links[i];
        if (link->kind == VIEWS_LINK_NAMES && link->office == report->office &&
            esep_hash_equal(&link->to, &report->content))
            return true;
    }
    return false;
}

static void add_link(struct views_duty *duty, const struct views_link *link)
{
    for (uint32_t i = 0; i < duty->link_count; i++) {
        const struct views_link *old = &duty->links[i];
        if (old->kind == link->kind && esep_hash_equal(&old->to, &link->to) &&
            esep_hash_equal(&old->by, &link->by))
            return;
    }
    if (duty->link_count == VIEWS_LINKS_MAX) {
        memmove(duty->links, duty->links + 1, (VIEWS_LINKS_MAX - 1) * sizeof(duty->links[0]));
        duty->link_count--;
    }
    duty->links[duty->link_count++] = *link;
}

static void add_name(struct views_duty *duty, const struct views_head *by, ProtobufCBinaryData name)
{
    struct views_link link = {.kind = VIEWS_LINK_NAMES, .office = by->office, .by = by->content};
    ESEP_ASSERT(name.len == ESEP_HASH_BYTES); /* views_entry.c looked */
    memcpy(link.to.bytes, name.data, ESEP_HASH_BYTES);
    add_link(duty, &link);
}

static void drop_links_by(struct views_duty *duty, const struct esep_hash *by)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < duty->link_count; i++) {
        const bool gone =
            duty->links[i].kind == VIEWS_LINK_NAMES && esep_hash_equal(&duty->links[i].by, by);
        if (!gone)
            duty->links[kept++] = duty->links[i];
    }
    duty->link_count = kept;
}

static bool superseded(const struct views_duty *duty, const struct known *known, uint32_t at)
{
    const struct views_head *report = &known->at[at].report;
    if (link_to(duty, VIEWS_LINK_NAMES, &report->content) != NULL)
        return true;
    for (uint32_t i = at + 1; i < known->count; i++) {
        const struct views_head *later = &known->at[i].report;
        if (later->office == report->office && !named_by_own(duty, later))
            return true;
    }
    return false;
}

static void insert_head(struct views_duty *duty, const struct views_head *head)
{
    struct views_obligation *o = &duty->pub;
    uint32_t at = duty->pub.listed++;
    for (; at > 0 && o->heads[at - 1].index > head->index; at--)
        o->heads[at] = o->heads[at - 1];
    o->heads[at] = *head;
}

/* Which of a full past goes: the oldest that waits behind a later one of its office, since it takes
 * two withdrawals to bring that back; else the oldest. */
static uint32_t least_needed(const struct views_head *past, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = i + 1; k < count; k++) {
            if (past[k].office == past[i].office)
                return i;
        }
    }
    return 0;
}

static void keep_past(struct views_duty *duty, const struct known *known, const bool *placed)
{
    struct views_head past[sizeof(known->at) / sizeof(known->at[0])];
    uint32_t count = 0;

    for (uint32_t i = 0; i < known->count; i++) {
        if (!placed[i])
            past[count++] = known->at[i].report;
    }
    while (count > VIEWS_PAST_MAX) {
        const uint32_t gone = least_needed(past, count);
        memmove(past + gone, past + gone + 1, (count - gone - 1) * sizeof(past[0]));
        count--;
    }
    /* cppcheck-suppress uninitvar ; the first `count` are set */
    memcpy(duty->past, past, count * sizeof(past[0]));
    duty->past_count = count;
}

/* Heads and past from all that is known. Who is listed stays so while it stands; the others take
 * what room is left. fresh: log index of the report that just came, 0: none. */
static void arrange(struct views_duty *duty, struct known *known, uint64_t fresh)
{
    struct views_obligation *o = &duty->pub;
    uint32_t unlisted = o->head_count - duty->pub.listed;
    bool placed[sizeof(known->at) / sizeof(known->at[0])] = {false};
    uint32_t heads = 0;

    for (uint32_t i = 0; i < known->count; i++) {
        known->at[i].stands = !superseded(duty, known, i);
        heads += known->at[i].stands;
    }
    if (heads == 0 && known->count > 0)
        known->at[known->count - 1].stands = true;
    duty->pub.listed = 0;
    for (uint32_t i = 0; i < known->count; i++) {
        placed[i] = known->at[i].listed && known->at[i].stands;
        if (placed[i])
            insert_head(duty, &known->at[i].report);
    }
    /* Whoever settles all that could be listed has settled the rest too. */
    if (duty->pub.listed == 0)
        unlisted = 0;
    for (uint32_t i = 0; i < known->count; i++) {
        if (placed[i] || !known->at[i].stands)
            continue;
        placed[i] = duty->pub.listed < VIEWS_HEADS_MAX || known->at[i].report.index == fresh;
        if (duty->pub.listed < VIEWS_HEADS_MAX)
            insert_head(duty, &known->at[i].report);
        else if (placed[i])
            unlisted++;
    }
    keep_past(duty, known, placed);
    o->head_count = duty->pub.listed + unlisted;
    views_heads_sum(duty);
}

static bool is_repeat(const struct views_duty *duty, uint32_t office,
                      const struct esep_hash *content)
{
    for (uint32_t i = 0; i < duty->pub.listed; i++) {
        if (duty->pub.heads[i].office == office &&
            esep_hash_equal(&duty->pub.heads[i].content, content))
            return true;
    }
    for (uint32_t i = 0; i < duty->past_count; i++) {
        if (duty->past[i].office == office && esep_hash_equal(&duty->past[i].content, content))
            return true;
    }
    return false;
}

void views_heads_sum(struct views_duty *duty)
{
    struct views_obligation *o = &duty->pub;
    const struct views_head *newest = duty->pub.listed > 0 ? &o->heads[duty->pub.listed - 1] : NULL;

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
    o->again_by = newest->again_by;
}

/* False: it was withdrawn before it came. */
bool views_head_add(struct views_duty *duty, const struct views_head *head,
                    const Esep__V1__Report *report)
{
    struct known known;

    duty->pub.reports++;
    if (link_to(duty, VIEWS_LINK_WITHDRAWS, &head->content) != NULL) {
        views_heads_sum(duty);
        return false;
    }
    if (is_repeat(duty, head->office, &head->content))
        return true;
    know_all(&known, duty, NULL);
    know(&known, head, false);
    if (report->builds_on.len > 0)
        add_name(duty, head, report->builds_on);
    for (size_t i = 0; i < report->n_settles; i++)
        add_name(duty, head, report->settles[i]);
    arrange(duty, &known, head->index);
    return true;
}

struct views_head *views_head_at(struct views_duty *duty, uint64_t index)
{
    for (uint32_t i = 0; i < duty->pub.listed; i++) {
        if (duty->pub.heads[i].index == index)
            return &duty->pub.heads[i];
    }
    return NULL;
}

/* Tried on a copy: it joins those that stand and takes the place of none. */
bool views_conflicts(const struct views_duty *duty, uint32_t office, struct esep_slice body,
                     const Esep__V1__Report *report)
{
    /* In a crowd too large to list nobody can tell any more whether an office's own report stands
     * there already, and everybody was told many times. */
    if (duty->pub.listed == 0 || duty->pub.head_count > VIEWS_HEADS_MAX)
        return false;
    /* By far the most frequent: the office goes on with its own. It cannot conflict with itself. */
    if (duty->pub.head_count == 1 && duty->pub.heads[0].office == office)
        return false;
    struct views_duty after = *duty;
    const struct views_head fresh = {
        .index = UINT64_MAX, .office = office, .content = esep_content_hash(body)};
    if (!views_head_add(&after, &fresh, report))
        return false;
    for (uint32_t i = 0; i < duty->pub.listed; i++) {
        if (views_head_at(&after, duty->pub.heads[i].index) == NULL)
            return false;
    }
    return views_head_at(&after, fresh.index) != NULL || after.pub.head_count > VIEWS_HEADS_MAX;
}

/* True: it was the last that stood. Nothing is lost by a withdrawal of what is not here, or no
 * more: it is remembered for when the report comes. */
bool views_head_withdraw(struct views_duty *duty, ProtobufCBinaryData name)
{
    struct known known;
    struct views_link link = {.kind = VIEWS_LINK_WITHDRAWS};
    const uint32_t before = duty->pub.listed;

    ESEP_ASSERT(name.len == ESEP_HASH_BYTES); /* views_entry.c looked */
    memcpy(link.to.bytes, name.data, ESEP_HASH_BYTES);
    know_all(&known, duty, &link.to);
    drop_links_by(duty, &link.to);
    add_link(duty, &link);
    arrange(duty, &known, 0);
    return before > 0 && duty->pub.listed == 0;
}
