/* agent/agent_schedule.h - windows of the week: when an office's line is there, by its own clock.
 *
 * An opening is a time of day on some days of the week, in the office's zone: "Mon-Fri
 * 09:00-09:30". One that ends at or before it begins ends on the next day. What overlaps or touches
 * is one span. A reading that the zone's clock jumps over counts from behind the jump; one that it
 * passes twice, the second time.
 *
 * Pure: the zone is the caller's, and may be another at each question. Invariant of a span:
 * from < until.
 */
#ifndef AGENT_AGENT_SCHEDULE_H
#define AGENT_AGENT_SCHEDULE_H

#include "base/time.h"

#define AGENT_OPENINGS_MAX 32u

struct agent_opening {
    uint8_t days;         /* bit 0: Monday .. bit 6: Sunday */
    uint16_t from, until; /* minutes of the day, 0 .. 1440 */
};
struct agent_schedule {
    struct agent_opening openings[AGENT_OPENINGS_MAX];
    size_t count; /* 0: always open */
};
struct agent_span {
    esep_time from, until;
};

/* Adds what a line of the configuration says: days, then times, parted by commas or blanks; times
 * without days before them are every day's, or those of the days before. "Mon-Fri 09:00-09:30,
 * 16:00-16:20". ESEP_INVALID: nothing was added. */
ESEP_MUST_USE enum esep_status agent_schedule_parse(struct agent_schedule *schedule,
                                                    const char *text, struct esep_reason *reason);
/* The span that holds `at`, or else the next one. Without openings all of time. */
struct agent_span agent_schedule_at(const struct agent_schedule *schedule,
                                    const struct esep_zone *zone, esep_time at);

#endif
