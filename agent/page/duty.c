/* agent/page/duty.c - see duty.h. */
#include "agent/page/duty.h"

#include <stdlib.h>
#include <string.h>

static bool has_left(const struct agent_duty *duty, const struct page_sent *sent)
{
    return duty->epoch == sent->epoch && duty->seq <= sent->seq;
}

static int by_hash(const void *left, const void *right)
{
    return memcmp(left, right, ESEP_HASH_BYTES);
}

size_t page_files_left(const struct agent_event *event, const struct page_sent *sent)
{
    size_t left = 0;
    for (size_t i = 0; i < event->file_count && sent->missing_count > 0; i++)
        left += bsearch(&event->files[i], sent->missing, sent->missing_count, sizeof *sent->missing,
                        by_hash) != NULL;
    return left;
}

static bool is_whole(const struct agent_duties *d, const struct agent_duty *duty,
                     const struct page_sent *sent)
{
    return duty->newest_event == 0 ||
           page_files_left(&d->events[duty->newest_event - 1], sent) == 0;
}

const char *page_delivery(const struct agent_duties *d, const struct agent_duty *duty,
                          const struct page_sent *sent)
{
    if (duty->refused != ESEP__V1__VERDICT__VERDICT_UNSPECIFIED)
        return "refused";
    switch (duty->submission) {
    case ESEP_SUBMISSION_DRAFT:
        return "draft";
    case ESEP_SUBMISSION_QUEUED:
    case ESEP_SUBMISSION_SENT:
        return has_left(duty, sent) ? "sent" : duty->promised_at != 0 ? "committed" : "saved";
    case ESEP_SUBMISSION_RECEIVED:
    case ESEP_SUBMISSION_UNDER_REVIEW:
    case ESEP_SUBMISSION_SUPERSEDED:
        return is_whole(d, duty, sent) ? "under_review" : "received";
    case ESEP_SUBMISSION_RETURNED:
        return "returned";
    case ESEP_SUBMISSION_ACCEPTED:
        return "accepted";
    case ESEP_SUBMISSION_WITHDRAWN:
        return "withdrawn";
    case ESEP_SUBMISSION_NONE:
    default:
        return "none";
    }
}

const char *page_group_name(enum page_group group)
{
    static const char *const names[PAGE_GROUPS] = {"needs_you", "waiting", "done", "not_due"};
    ESEP_ASSERT((size_t)group < PAGE_GROUPS);
    return names[group];
}

/* Nothing stands: whether it is time. The silence of a body upon agreement is no violation. */
static enum page_group group_of_silence(const struct agent_duty *duty, esep_time now)
{
    if (duty->plan == NULL)
        return PAGE_NOT_DUE;
    switch (agent_duty_timeliness(duty, now)) {
    case ESEP_TIMELINESS_DUE_SOON:
        return PAGE_NEEDS_YOU;
    case ESEP_TIMELINESS_OVERDUE:
        return duty->made.upon_agreement ? PAGE_NOT_DUE : PAGE_NEEDS_YOU;
    case ESEP_TIMELINESS_ON_TIME:
    case ESEP_TIMELINESS_LATE:
    case ESEP_TIMELINESS_NOT_DUE:
    default:
        return PAGE_NOT_DUE;
    }
}

enum page_group page_group(const struct agent_duty *duty, esep_time now)
{
    if (duty->plan != NULL && !agent_duty_open(duty))
        return PAGE_DONE;
    if (duty->conflict || duty->refused != ESEP__V1__VERDICT__VERDICT_UNSPECIFIED)
        return PAGE_NEEDS_YOU;
    switch (duty->submission) {
    case ESEP_SUBMISSION_RETURNED:
        return PAGE_NEEDS_YOU;
    case ESEP_SUBMISSION_QUEUED:
    case ESEP_SUBMISSION_SENT:
        return PAGE_WAITING;
    case ESEP_SUBMISSION_RECEIVED:
    case ESEP_SUBMISSION_UNDER_REVIEW:
    case ESEP_SUBMISSION_SUPERSEDED:
    case ESEP_SUBMISSION_ACCEPTED:
        return PAGE_DONE;
    case ESEP_SUBMISSION_NONE:
    case ESEP_SUBMISSION_DRAFT:
    case ESEP_SUBMISSION_WITHDRAWN:
    default:
        return group_of_silence(duty, now);
    }
}

static bool is_returned(const struct agent_duty *duty)
{
    return duty->submission == ESEP_SUBMISSION_RETURNED && duty->again_by != ESEP_DAY_NONE;
}

esep_day page_day_that_counts(const struct agent_duty *duty)
{
    if (duty->plan == NULL)
        return ESEP_DAY_NONE;
    return is_returned(duty) ? duty->again_by : esep_zone_day(duty->plan->zone, duty->due);
}

struct esep_alert_step page_reminder(const struct agent_duty *duty, esep_time now)
{
    const struct esep_alert_step none = {.next_at = ESEP_TIME_NEVER};
    const Esep__V1__Rules *rules = duty->plan != NULL ? duty->plan->plan->rules : NULL;
    const enum page_group group = page_group(duty, now);
    if (rules == NULL || (group != PAGE_NEEDS_YOU && group != PAGE_NOT_DUE) ||
        (duty->made.upon_agreement && now > duty->due))
        return none;
    if (!is_returned(duty) && duty->came != ESEP_TIME_NEVER)
        return none;
    const struct esep_zone *zone = duty->plan->zone;
    const esep_time due =
        is_returned(duty) ? esep_zone_instant(zone, duty->again_by, 23, 59, 59) : duty->due;
    return esep_alert_step(zone, due, now, rules->alert_days, rules->n_alert_days,
                           rules->overdue_repeat_days);
}

const char *page_alert_name(Esep__V1__AlertKind kind)
{
    static const char *const names[] = {"unknown", "due_soon",      "due_today",
                                        "overdue", "still_overdue", "silent"};
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : names[0];
}

/* plan/kind/action/body/2013-01-01..2013-06-30: what is before the body, and the window. */
static const char *before_body(const char *key, size_t *ret_len)
{
    const char *at = key;
    for (int i = 0; i < 3; i++) {
        at = strchr(at, '/');
        if (at == NULL)
            return NULL;
        at++;
    }
    *ret_len = (size_t)(at - key);
    return key;
}

static bool window_of(const char *key, char ret_start[11], char ret_end[11])
{
    const char *window = strrchr(key, '/');
    if (window == NULL || strlen(window) != 23 || strncmp(window + 11, "..", 2) != 0)
        return false;
    memcpy(ret_start, window + 1, 10);
    ret_start[10] = 0;
    memcpy(ret_end, window + 13, 11);
    return true;
}

bool page_same_matter(const char *key, const char *other)
{
    size_t len = 0;
    size_t other_len = 0;
    char start[2][11];
    char end[2][11];
    if (before_body(key, &len) == NULL || before_body(other, &other_len) == NULL ||
        len != other_len || memcmp(key, other, len) != 0 || strcmp(key, other) == 0)
        return false;
    /* Days as text are in the order of days. */
    return window_of(key, start[0], end[0]) && window_of(other, start[1], end[1]) &&
           strcmp(start[0], end[1]) <= 0 && strcmp(start[1], end[0]) <= 0;
}
