/* lib/domain/working_day.c - which days are worked, and where a due day moves to.
 *
 * Three layers, the later one wins: the weekday, the holidays, the days that a year's decree
 * declared worked. A calendar without any days still knows Saturdays and Sundays.
 */
#include "domain/obligation.h"

/* No calendar has so many days off in a row; a damaged one must not make us walk for ever. */
enum { DAYS_OFF_MAX = 366 };

static bool holds(const int32_t *days, size_t count, esep_day day)
{
    size_t from = 0;
    size_t to = count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (days[middle] == day) {
            return true;
        }
        if (days[middle] < day) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return false;
}

static bool is_working(const Esep__V1__Calendar *calendar, esep_day day)
{
    if (calendar != NULL && holds(calendar->working_days, calendar->n_working_days, day)) {
        return true;
    }
    if (calendar != NULL && holds(calendar->holiday_days, calendar->n_holiday_days, day)) {
        return false;
    }
    return esep_weekday(day) <= 5;
}

esep_day esep_working_day(const Esep__V1__Calendar *calendar, Esep__V1__WorkingDayRule rule,
                          esep_day day)
{
    esep_day step = 0;
    if (rule == ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_NEXT) {
        step = 1;
    } else if (rule == ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_PRECEDING) {
        step = -1;
    }
    if (step == 0) {
        return day;
    }
    for (int i = 0; i < DAYS_OFF_MAX; i++) {
        const esep_day moved = day + (esep_day)i * step;
        if (is_working(calendar, moved)) {
            return moved;
        }
    }
    return day;
}
