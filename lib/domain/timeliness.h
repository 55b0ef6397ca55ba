/* lib/domain/timeliness.h - on time or not: always computed, never typed.
 *
 * Timeliness looks at one obligation, the instant its first report counts from, and now. It does
 * not ask what the report says, nor whether anybody accepted it: those are other axes.
 *
 *   nothing came:  now <= due - soon        NOT_DUE
 *                  due - soon < now <= due  DUE_SOON
 *                  now > due                OVERDUE
 *   it came:       came <= due              ON_TIME
 *                  came > due               LATE
 */
#ifndef ESEP_DOMAIN_TIMELINESS_H
#define ESEP_DOMAIN_TIMELINESS_H

#include "base/time.h"
#include "esep/v1/log.pb-c.h"
#include "esep/v1/report.pb-c.h"

enum esep_timeliness {
    ESEP_TIMELINESS_NOT_DUE = 1,
    ESEP_TIMELINESS_DUE_SOON,
    ESEP_TIMELINESS_ON_TIME,
    ESEP_TIMELINESS_LATE,
    ESEP_TIMELINESS_OVERDUE,
};
const char *esep_timeliness_name(enum esep_timeliness t); /* "not_due", "due_soon", ... */

/* came: ESEP_TIME_NEVER where nothing came. soon_days: the plan's widest alert threshold that
 * counts as soon; 0: the plan says nothing, and 7 is taken. */
enum esep_timeliness esep_timeliness(esep_time due, esep_time came, esep_time now,
                                     unsigned soon_days);

/* The alert an obligation is in at `now` when nothing came. Steps only rise as time passes:
 * 0 none; 1..n the plan's day thresholds from the widest; then due today; overdue; overdue week 1,
 * 2 ... */
struct esep_alert_step {
    uint32_t step;
    Esep__V1__AlertKind kind; /* UNSPECIFIED with step 0 */
    uint32_t days_left;       /* with DUE_SOON: the threshold */
    uint32_t weeks;           /* with STILL_OVERDUE */
    esep_time next_at;        /* when it next changes; ESEP_TIME_NEVER: never */
};
/* days: the plan's thresholds in descending order. "n days before" begins at 00:00 of the day that
 * is n days before the due day in the zone; overdue begins 1 us after due, and its weeks (of
 * repeat_days) count from there. repeat_days 0: no repeats. */
struct esep_alert_step esep_alert_step(const struct esep_zone *zone, esep_time due, esep_time now,
                                       const uint32_t *days, size_t day_count,
                                       uint32_t repeat_days);
#endif
