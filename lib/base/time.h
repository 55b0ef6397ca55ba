/* lib/base/time.h - instants, days, and the zone's rule between them.
 *
 * An instant is microseconds since 1970-01-01T00:00:00Z. A day is a count of days since
 * 1970-01-01 in the proleptic Gregorian calendar; it has no zone. Only a struct esep_zone, parsed
 * from the bytes of a TZif file (RFC 8536, version 2+), turns one into the other. No clock here:
 * whoever needs "now" is told it.
 *
 * Invariant of a zone: transitions strictly ascending.
 */
#ifndef ESEP_BASE_TIME_H
#define ESEP_BASE_TIME_H

#include "base/slice.h"

typedef int64_t esep_time; /* microseconds since 1970, UTC */
typedef int32_t esep_day;  /* days since 1970-01-01 */

#define ESEP_SECOND ((esep_time)1000000)
#define ESEP_MINUTE (60 * ESEP_SECOND)
#define ESEP_HOUR (60 * ESEP_MINUTE)
#define ESEP_DAY (24 * ESEP_HOUR)
#define ESEP_TIME_NEVER INT64_MAX
#define ESEP_DAY_NONE INT32_MIN

struct esep_civil {
    int year;  /* 1..9999 */
    int month; /* 1..12 */
    int day;   /* 1..31 */
};

esep_day esep_day_from_civil(int year, int month, int day); /* arguments already valid */
struct esep_civil esep_civil_from_day(esep_day day);
bool esep_civil_valid(int year, int month, int day);
int esep_days_in_month(int year, int month);
int esep_weekday(esep_day day); /* 1 = Monday .. 7 = Sunday */
/* "2013-02-28", exactly; ESEP_INVALID otherwise. */
ESEP_MUST_USE enum esep_status esep_day_parse(const char *text, esep_day *ret_day);
void esep_day_format(esep_day day, char out[11]);

#define ESEP_ZONE_TRANSITIONS_MAX 512
struct esep_zone {
    char name[64];
    int count;
    int64_t at_s[ESEP_ZONE_TRANSITIONS_MAX];     /* from this instant on ... */
    int32_t offset_s[ESEP_ZONE_TRANSITIONS_MAX]; /* ... this offset east of UTC */
    int32_t first_offset_s;                      /* before the first transition */
    int32_t tail_offset_s; /* after the last (a POSIX footer with DST rules is refused) */
};
/* From a TZif file's bytes. ESEP_INVALID with a reason. */
ESEP_MUST_USE enum esep_status esep_zone_parse(struct esep_zone *ret_zone, const char *name,
                                               struct esep_slice tzif, struct esep_reason *reason);
int32_t esep_zone_offset(const struct esep_zone *zone, esep_time at); /* seconds east of UTC */
/* The instant of day at hour:minute:second in the zone. In a gap: the first instant after it; in
 * an overlap: the later one (a deadline never comes early). */
esep_time esep_zone_instant(const struct esep_zone *zone, esep_day day, int hour, int minute,
                            int second);
esep_day esep_zone_day(const struct esep_zone *zone, esep_time at);

/* RFC 3339 with the zone's offset ("2013-06-30T23:59:59+06:00"; zone NULL: "...Z"), whole seconds.
 */
void esep_time_format(esep_time at, const struct esep_zone *zone, char out[32]);
/* RFC 3339 with offset or Z, fraction allowed; or a bare day, which means its 00:00:00 in zone
 * (UTC where zone is NULL). */
ESEP_MUST_USE enum esep_status esep_time_parse(const char *text, const struct esep_zone *zone,
                                               esep_time *ret_at);

#endif
