/* lib/domain/timeliness.c - comparisons of instants, and the staircase of alerts.
 *
 * The staircase: n day thresholds, then "due today", "overdue", "overdue for k weeks". Each stair
 * begins at an instant that depends on the due instant alone, and the step is the highest stair
 * begun: so a step never falls, and the next change is the earliest beginning above it.
 */
#include "domain/timeliness.h"

enum { SOON_DAYS_DEFAULT = 7, DAYS_MAX = 36525 };

const char *esep_timeliness_name(enum esep_timeliness t)
{
    static const char *const names[] = {
        [ESEP_TIMELINESS_NOT_DUE] = "not_due", [ESEP_TIMELINESS_DUE_SOON] = "due_soon",
        [ESEP_TIMELINESS_ON_TIME] = "on_time", [ESEP_TIMELINESS_LATE] = "late",
        [ESEP_TIMELINESS_OVERDUE] = "overdue",
    };
    const size_t i = (size_t)t;
    return i < sizeof names / sizeof *names && names[i] != NULL ? names[i] : "unknown";
}

enum esep_timeliness esep_timeliness(esep_time due, esep_time came, esep_time now,
                                     unsigned soon_days)
{
    if (came != ESEP_TIME_NEVER) {
        return came <= due ? ESEP_TIMELINESS_ON_TIME : ESEP_TIMELINESS_LATE;
    }
    if (now > due) {
        return ESEP_TIMELINESS_OVERDUE;
    }
    unsigned days = soon_days == 0 ? SOON_DAYS_DEFAULT : soon_days;
    days = days > DAYS_MAX ? DAYS_MAX : days;
    /* due - now could overflow where one of them is absurd; due - days cannot, days is bounded. */
    const bool soon = due >= INT64_MIN + days * ESEP_DAY && now > due - days * ESEP_DAY;
    return soon ? ESEP_TIMELINESS_DUE_SOON : ESEP_TIMELINESS_NOT_DUE;
}

/* 00:00 of the day that is `days` before the due day. */
static esep_time stair(const struct esep_zone *zone, esep_day due_day, uint32_t days)
{
    const esep_day back = (esep_day)(days > DAYS_MAX ? DAYS_MAX : days);
    return esep_zone_instant(zone, due_day - back, 0, 0, 0);
}

static struct esep_alert_step overdue_step(esep_time due, esep_time now, size_t day_count,
                                           uint32_t repeat_days)
{
    struct esep_alert_step step = {.step = (uint32_t)day_count + 2,
                                   .kind = ESEP__V1__ALERT_KIND__ALERT_KIND_OVERDUE,
                                   .next_at = ESEP_TIME_NEVER};
    if (repeat_days == 0) {
        return step;
    }
    const uint64_t week = (uint64_t)repeat_days * (uint64_t)ESEP_DAY;
    const uint64_t since = (uint64_t)now - (uint64_t)due - 1; /* overdue from due + 1 us on */
    const uint64_t weeks = since / week;
    if (weeks > 0) {
        step.kind = ESEP__V1__ALERT_KIND__ALERT_KIND_STILL_OVERDUE;
        step.weeks = (uint32_t)weeks;
        step.step += (uint32_t)weeks;
    }
    const uint64_t left = week - since % week;
    if (left < (uint64_t)INT64_MAX - (uint64_t)now) {
        step.next_at = now + (esep_time)left;
    }
    return step;
}

struct esep_alert_step esep_alert_step(const struct esep_zone *zone, esep_time due, esep_time now,
                                       const uint32_t *days, size_t day_count, uint32_t repeat_days)
{
    if (due == ESEP_TIME_NEVER) {
        return (struct esep_alert_step){.next_at = ESEP_TIME_NEVER};
    }
    if (now > due) {
        return overdue_step(due, now, day_count, repeat_days);
    }
    const esep_day due_day = esep_zone_day(zone, due);
    const esep_time today = stair(zone, due_day, 0);
    if (now >= today) {
        return (struct esep_alert_step){.step = (uint32_t)day_count + 1,
                                        .kind = ESEP__V1__ALERT_KIND__ALERT_KIND_DUE_TODAY,
                                        .next_at = due + 1};
    }
    struct esep_alert_step step = {.next_at = today};
    for (size_t i = 0; i < day_count; i++) {
        if (stair(zone, due_day, days[i]) <= now) {
            step.step = (uint32_t)i + 1;
            step.kind = ESEP__V1__ALERT_KIND__ALERT_KIND_DUE_SOON;
            step.days_left = days[i];
        }
    }
    for (size_t i = step.step; i < day_count; i++) {
        const esep_time begins = stair(zone, due_day, days[i]);
        step.next_at = begins < step.next_at ? begins : step.next_at;
    }
    return step;
}
