/* lib/io/clock.h - the one place that reads a clock, and lets a drill turn it.
 *
 * "real"; "at:2013-01-15T09:00:00+06:00" starts at that instant and runs on; "shift:-365d" (units
 * s, m, h, d) is the real clock moved. The monotonic side of intervals is always real.
 */
#ifndef ESEP_IO_CLOCK_H
#define ESEP_IO_CLOCK_H

#include "base/time.h"

struct esep_clock {
    esep_time shift;
};
ESEP_MUST_USE enum esep_status esep_clock_init(struct esep_clock *ret_clock, const char *spec,
                                               struct esep_reason *reason); /* NULL, "" = real */
esep_time esep_clock_now(const struct esep_clock *clock);
/* Reads the zone's TZif file from the system's tzdata. ESEP_NOT_FOUND: unknown zone, no tzdata. */
ESEP_MUST_USE enum esep_status esep_zone_load(struct esep_zone *ret_zone, const char *name,
                                              struct esep_reason *reason);
#endif
