/* collector/views_entry.c - what an office writes: the verdict on it, and what it changes.
 *
 * The verdict is decided once, with the state of its time, and stands in the leaf. Applying
 * follows the leaf and not the judge: an old log means the same under a newer program. What was
 * not taken changes no obligation; it is kept, counted and said to the office.
 *
 * This is the hot path: one look-up by key, a few words changed, one row. Nothing is allocated.
 */
#include "collector/views_state.h"
#include "wire/statement.h"

/* The key of the obligation an entry speaks of; NULL: of none. */
static const char *key_of(const Esep__V1__JournalEntry *message)
{
    switch (message->body_case) {
    case ESEP__V1__JOURNAL_ENTRY__BODY_REPORT:
        return message->report->obligation;
    case ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL:
        return message->withdrawal->obligation;
    case ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST:
        return message->extension_request->obligation;
    default:
        return NULL;
    }
}

static bool group_has(const Esep__V1__Plan *plan, const char *group, const char *body)
{
    for (size_t i = 0; i < plan->n_groups; i++) {
        if (strcmp(plan->groups[i]->code, group) != 0)
            continue;
        for (size_t k = 0; k < plan->groups[i]->n_bodies; k++) {
            if (strcmp(plan->groups[i]->bodies[k], body) == 0)
                return true;
        }
    }
    return false;
}

/* Whether the action names the body among its executors, by itself or through a group. */
static bool executes(const Esep__V1__Plan *plan, int action, const char *body)
{
    if (action < 0 || (size_t)action >= plan->n_actions)
        return false;
    const Esep__V1__Action *a = plan->actions[action];
    for (size_t i = 0; i < a->n_executors; i++) {
        const Esep__V1__Executor *e = a->executors[i];
        if (strcmp(e->body, body) == 0 || (e->group[0] != '\0' && group_has(plan, e->group, body)))
            return true;
    }
    return false;
}

/* Whether it answers for it on that day or did so before: what was open passed to it. */
static bool has_answered(const struct views *v, const struct views_duty *duty, const char *owing,
                         const char *body, esep_time at)
{
    const struct views_plan_slot *current = views_current_plan(v, duty->pub.plan_no);
    return esep_body_passed(current->plan, owing, body, esep_zone_day(current->zone, at));
}

/* An executor in whose place another owes it, since that has succeeded by the due day. */
static bool hands_over(const struct views *v, const struct views_duty *duty, const char *body,
                       const char *owing)
{
    const Esep__V1__Plan *plan = v->plans[duty->pub.plan_no].plan;
    return executes(plan, duty->pub.made.action, body) &&
           esep_body_on(plan, body, duty->pub.made.due_day) == esep_body_find(plan, owing);
}

/* Of the bodies that the office may report for in this plan: the one that owes it; or one that it
 * was passed to by that day; or one that handed it over beforehand. A body that has gone may still
 * bring what it wrote: nobody can tell since when that waits, and what was taken once and comes
 * back after a restore is not refused for the days that have gone by. */
static bool owes(const struct views *v, const struct views_duty *duty,
                 const struct views_office *office, esep_time at)
{
    const char *owing = views_duty_body(v, duty);
    if (owing == NULL || !views_office_on_plan(office, views_plan(v, duty->pub.plan_no)->id))
        return false;
    bool so = views_office_carries(office, owing);
    const char *body = NULL;
    for (uint32_t i = 0; !so && (body = views_office_body(office, i)) != NULL; i++)
        so = has_answered(v, duty, owing, body, at) || hands_over(v, duty, body, owing);
    return so;
}

Esep__V1__Verdict views_judge(const struct views *v, uint32_t office, esep_time at,
                              struct esep_slice body, const Esep__V1__JournalEntry *message)
{
    const struct views_office *who = views_office(v, office);
    if (who == NULL || message == NULL || key_of(message) == NULL ||
        esep_entry_check(message, NULL) != ESEP_OK)
        return ESEP__V1__VERDICT__VERDICT_MALFORMED;
    const struct views_duty *duty = views_duty_by_key(v, key_of(message));
    if (duty == NULL)
        return ESEP__V1__VERDICT__VERDICT_UNKNOWN_OBLIGATION;
    if (!owes(v, duty, who, at))
        return ESEP__V1__VERDICT__VERDICT_NOT_YOURS;
    if (duty->pub.dropped || duty->pub.control == ESEP_CONTROL_REMOVED)
        return ESEP__V1__VERDICT__VERDICT_CLOSED;
    if (message->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT &&
        views_conflicts(duty, office, body, message->report))
        return ESEP__V1__VERDICT__VERDICT_CONFLICT;
    return ESEP__V1__VERDICT__VERDICT_TAKEN;
}

static void put_report(struct views *v, const struct views_entry *entry, uint32_t duty,
                       const Esep__V1__JournalEntry *message)
{
    const Esep__V1__Report *report =
        message != NULL && message->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT
            ? message->report
            : NULL;
    struct views_report row = {
        .index = entry->index,
        .obligation = duty,
        .office = entry->leaf.office,
        .epoch = entry->leaf.epoch,
        .seq = entry->leaf.seq,
        .percent = -1,
        .verdict = entry->leaf.verdict,
        .accepted_at = entry->leaf.accepted_at,
    };
    if (message != NULL && report == NULL)
        return; /* a withdrawal or a request is no report */
    if (report != NULL) {
        row.revision = report->revision;
        row.fulfilment = report->fulfilment;
        row.nil_report = report->nil_report;
        row.written_at = message->written_at_us;
        if (report->progress_case == ESEP__V1__REPORT__PROGRESS_PERCENT)
            row.percent = (int)(report->percent & 0x7f);
    }
    views_put_report(v, &row);
}

static void take_report(struct views *v, const struct views_entry *entry,
                        struct views_office_slot *slot, struct views_duty *duty,
                        const Esep__V1__JournalEntry *message)
{
    const Esep__V1__Report *report = message->report;
    const struct views_head head = {
        .index = entry->index,
        .office = entry->leaf.office,
        .epoch = entry->leaf.epoch,
        .seq = entry->leaf.seq,
        .revision = report->revision,
        .received_at = entry->leaf.accepted_at,
        .content = entry->leaf.content,
        .fulfilment = report->fulfilment,
        .percent = report->progress_case == ESEP__V1__REPORT__PROGRESS_PERCENT
                       ? (int)(report->percent & 0x7f)
                       : -1,
        .submission = ESEP_SUBMISSION_RECEIVED,
        .again_by = ESEP_DAY_NONE,
    };
    if (views_head_add(duty, &head, report))
        views_promise_first(v, duty, slot, &entry->leaf);
    put_report(v, entry, duty->pub.number, message);
    views_put_named(v, entry, report);
    if (entry->leaf.verdict == ESEP__V1__VERDICT__VERDICT_CONFLICT)
        views_mail_duty(v, duty, entry->index, entry->leaf.accepted_at);
}

static void take(struct views *v, const struct views_entry *entry, struct views_office_slot *slot,
                 struct views_duty *duty, const Esep__V1__JournalEntry *message)
{
    const bool disputed = duty->pub.head_count > 1;
    if (message->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT) {
        take_report(v, entry, slot, duty, message);
    } else if (message->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL) {
        if (views_head_withdraw(duty, message->withdrawal->report))
            views_promise_forget(v, duty);
    } else {
        duty->pub.control = ESEP_CONTROL_EXTENSION_ASKED;
    }
    /* Who was told of the conflict is told of its end. */
    if (disputed && duty->pub.head_count <= 1)
        views_mail_duty(v, duty, entry->index, entry->leaf.accepted_at);
    views_mark_duty(v, duty);
}

static bool is_hash(ProtobufCBinaryData name)
{
    return name.len == ESEP_HASH_BYTES;
}

/* What a taken entry names was measured when it was judged; a store can lie. */
static bool names_well(const Esep__V1__JournalEntry *message)
{
    if (message->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL)
        return is_hash(message->withdrawal->report);
    if (message->body_case != ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        return true;
    const Esep__V1__Report *report = message->report;
    bool well = report->builds_on.len == 0 || is_hash(report->builds_on);
    for (size_t i = 0; i < report->n_settles; i++)
        well = well && is_hash(report->settles[i]);
    return well;
}

/* Where the office's chain stands after this entry; false: it does not follow. */
static bool follows(const struct views_office *office, const struct esep_leaf *leaf)
{
    return (leaf->epoch == office->epoch && leaf->epoch != 0 && leaf->seq == office->seq + 1) ||
           (leaf->epoch > office->epoch && leaf->seq == 1);
}

static void advance(struct views *v, struct views_office_slot *slot, const struct esep_leaf *leaf)
{
    if (leaf->epoch != slot->pub.epoch)
        views_promises_void(v, slot, leaf->epoch);
    slot->pub.epoch = leaf->epoch;
    slot->pub.seq = leaf->seq;
    slot->pub.head = leaf->head;
    views_saw(v, slot, leaf->accepted_at);
}

static void refuse(struct views *v, const struct views_entry *entry, struct views_office_slot *slot,
                   const struct views_duty *duty, const Esep__V1__JournalEntry *message)
{
    slot->pub.refused_entries++;
    put_report(v, entry, duty == NULL ? VIEWS_NONE : duty->pub.number, message);
    views_mail(v, slot, entry->index);
}

enum esep_status views_apply_entry(struct views *v, const struct views_entry *entry)
{
    const struct esep_leaf *leaf = &entry->leaf;
    struct views_office_slot *slot = views_office_slot(v, leaf->office);
    if (slot == NULL || !follows(&slot->pub, leaf) ||
        leaf->verdict == ESEP__V1__VERDICT__VERDICT_UNSPECIFIED)
        return esep_because(entry->reason, ESEP_CORRUPT,
                            "log index %llu: entry %llu of office %lu does not follow",
                            (unsigned long long)entry->index, (unsigned long long)leaf->seq,
                            (unsigned long)leaf->office);
    const bool taken = leaf->verdict == ESEP__V1__VERDICT__VERDICT_TAKEN ||
                       leaf->verdict == ESEP__V1__VERDICT__VERDICT_CONFLICT;
    const Esep__V1__JournalEntry *message = NULL;
    struct views_duty *duty = NULL;
    if (leaf->verdict != ESEP__V1__VERDICT__VERDICT_MALFORMED) {
        const ProtobufCMessage *unpacked = NULL;
        const enum esep_status status =
            views_message(v, entry, &esep__v1__journal_entry__descriptor, &unpacked);
        if (status != ESEP_OK)
            return status;
        message = (const Esep__V1__JournalEntry *)unpacked;
        const char *key = key_of(message);
        duty = key == NULL ? NULL : views_duty_by_key(v, key);
    }
    if (taken && duty == NULL)
        return esep_because(entry->reason, ESEP_CORRUPT,
                            "log index %llu: taken, but for no obligation of any plan",
                            (unsigned long long)entry->index);
    if (taken && !names_well(message))
        return esep_because(entry->reason, ESEP_CORRUPT,
                            "log index %llu: taken, but names another entry by no content hash",
                            (unsigned long long)entry->index);
    advance(v, slot, leaf);
    if (taken)
        take(v, entry, slot, duty, message);
    else
        refuse(v, entry, slot, duty, message);
    views_promises_keep(v, slot, leaf);
    return ESEP_OK;
}
