/* lib/domain/period.h - the periods of a plan, as people write them, turned into windows of days.
 *
 * Reads the phrases of decrees in English, Russian and Kazakh: quarters, halves, months, month
 * ranges, years, "4th quarter of 2012 - 2013", "On an annual basis", single dates. What it does
 * not fully understand it refuses, with the place: it never guesses.
 *
 * "On an annual basis" is one window for each plan year; every other phrase is one window.
 * Invariant: windows ascend, start <= end, and lie inside the plan's years.
 */
#ifndef ESEP_DOMAIN_PERIOD_H
#define ESEP_DOMAIN_PERIOD_H

#include "base/time.h"

struct esep_window {
    esep_day start;
    esep_day end; /* the last day that belongs to it */
};
#define ESEP_PERIOD_WINDOWS_MAX 32

/* ret_offset (may be NULL) gets the byte where the trouble is, on ESEP_INVALID. ESEP_LIMIT: more
 * than max windows. */
ESEP_MUST_USE enum esep_status esep_period_parse(const char *text, int first_year, int last_year,
                                                 struct esep_window *ret_windows, size_t max,
                                                 size_t *ret_count, size_t *ret_offset,
                                                 struct esep_reason *reason);
#endif
