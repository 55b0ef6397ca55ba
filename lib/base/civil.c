/* lib/base/civil.c - days, dates and RFC 3339, by arithmetic alone.
 *
 * The calendar is proleptic Gregorian, counted in eras of 400 years that begin on 1 March, so that
 * the leap day is the last of its year and no table of cumulative days is needed. Nothing outside
 * years 1..9999 is ever printed: a day beyond is clamped, because the text has a fixed width.
 */
#include "base/time.h"

#include <stdio.h>

#define DAYS_PER_ERA 146097
#define EPOCH_SHIFT 719468  /* from 0000-03-01 to 1970-01-01 */
#define FIRST_DAY (-719162) /* 0001-01-01 */
#define LAST_DAY 2932896    /* 9999-12-31 */

esep_day esep_day_from_civil(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (esep_day)(era * DAYS_PER_ERA + day_of_era - EPOCH_SHIFT);
}

struct esep_civil esep_civil_from_day(esep_day day)
{
    int64_t z = (int64_t)day + EPOCH_SHIFT;
    int64_t era = (z >= 0 ? z : z - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int64_t day_of_era = z - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    return (struct esep_civil){
        .year = (int)(year_of_era + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
}

int esep_days_in_month(int year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12)
        return 0;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

bool esep_civil_valid(int year, int month, int day)
{
    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= esep_days_in_month(year, month);
}

int esep_weekday(esep_day day)
{
    /* 1970-01-01 was a Thursday. */
    return (int)((((int64_t)day + 3) % 7 + 7) % 7) + 1;
}

/* Reads exactly `count` digits at *text and steps over them. */
static bool take_digits(const char **text, int count, int *ret_value)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        char c = (*text)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    *text += count;
    *ret_value = value;
    return true;
}

static bool take_char(const char **text, char wanted)
{
    if (**text != wanted)
        return false;
    (*text)++;
    return true;
}

static bool take_day(const char **text, esep_day *ret_day)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (!take_digits(text, 4, &year) || !take_char(text, '-') || !take_digits(text, 2, &month) ||
        !take_char(text, '-') || !take_digits(text, 2, &day) || !esep_civil_valid(year, month, day))
        return false;
    *ret_day = esep_day_from_civil(year, month, day);
    return true;
}

enum esep_status esep_day_parse(const char *text, esep_day *ret_day)
{
    esep_day day = 0;
    if (text == NULL || !take_day(&text, &day) || *text != '\0')
        return ESEP_INVALID;
    *ret_day = day;
    return ESEP_OK;
}

static void put_digits(char *out, int value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

void esep_day_format(esep_day day, char out[11])
{
    if (day < FIRST_DAY)
        day = FIRST_DAY;
    if (day > LAST_DAY)
        day = LAST_DAY;
    struct esep_civil civil = esep_civil_from_day(day);
    put_digits(out, civil.year, 4);
    out[4] = '-';
    put_digits(out + 5, civil.month, 2);
    out[7] = '-';
    put_digits(out + 8, civil.day, 2);
    out[10] = '\0';
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

void esep_time_format(esep_time at, const struct esep_zone *zone, char out[32])
{
    int64_t at_s = floor_div(at, ESEP_SECOND);
    /* RFC 3339 has no seconds in an offset, old local mean times do: the minute below is written,
     * and the local time with it, so that the text still names the same instant. */
    int64_t offset_min = zone != NULL ? floor_div(esep_zone_offset(zone, at), 60) : 0;
    int64_t local_s = at_s + offset_min * 60;
    if (local_s < FIRST_DAY * INT64_C(86400))
        local_s = FIRST_DAY * INT64_C(86400);
    if (local_s > LAST_DAY * INT64_C(86400) + 86399)
        local_s = LAST_DAY * INT64_C(86400) + 86399;
    int64_t day = floor_div(local_s, 86400);
    int second = (int)(local_s - day * 86400);
    esep_day_format((esep_day)day, out);
    out[10] = 'T';
    put_digits(out + 11, second / 3600, 2);
    out[13] = ':';
    put_digits(out + 14, second / 60 % 60, 2);
    out[16] = ':';
    put_digits(out + 17, second % 60, 2);
    if (zone == NULL) {
        out[19] = 'Z';
        out[20] = '\0';
        return;
    }
    int minutes = (int)(offset_min < 0 ? -offset_min : offset_min);
    out[19] = offset_min < 0 ? '-' : '+';
    put_digits(out + 20, minutes / 60, 2);
    out[22] = ':';
    put_digits(out + 23, minutes % 60, 2);
    out[25] = '\0';
}

/* ".5" = 500000 microseconds; digits past the sixth say nothing that is kept. */
static bool take_fraction(const char **text, int64_t *ret_us)
{
    *ret_us = 0;
    if (!take_char(text, '.'))
        return true;
    int64_t unit = ESEP_SECOND / 10;
    int digit = 0;
    if (!take_digits(text, 1, &digit))
        return false;
    do {
        *ret_us += digit * unit;
        unit /= 10;
    } while (take_digits(text, 1, &digit));
    return true;
}

static bool take_offset(const char **text, int64_t *ret_minutes)
{
    *ret_minutes = 0;
    if (take_char(text, 'Z') || take_char(text, 'z'))
        return true;
    int64_t sign = take_char(text, '-') ? -1 : 1;
    if (sign == 1 && !take_char(text, '+'))
        return false;
    int hour = 0;
    int minute = 0;
    if (!take_digits(text, 2, &hour) || !take_char(text, ':') || !take_digits(text, 2, &minute) ||
        hour > 23 || minute > 59)
        return false;
    *ret_minutes = sign * (hour * 60 + minute);
    return true;
}

enum esep_status esep_time_parse(const char *text, const struct esep_zone *zone, esep_time *ret_at)
{
    esep_day day = 0;
    if (text == NULL || !take_day(&text, &day))
        return ESEP_INVALID;
    if (*text == '\0') {
        *ret_at = zone != NULL ? esep_zone_instant(zone, day, 0, 0, 0) : day * ESEP_DAY;
        return ESEP_OK;
    }
    int hour = 0;
    int minute = 0;
    int second = 0;
    int64_t fraction_us = 0;
    int64_t offset_min = 0;
    if (!(take_char(&text, 'T') || take_char(&text, 't')) || !take_digits(&text, 2, &hour) ||
        !take_char(&text, ':') || !take_digits(&text, 2, &minute) || !take_char(&text, ':') ||
        !take_digits(&text, 2, &second) || hour > 23 || minute > 59 || second > 59 ||
        !take_fraction(&text, &fraction_us) || !take_offset(&text, &offset_min) || *text != '\0')
        return ESEP_INVALID;
    *ret_at = day * ESEP_DAY + hour * ESEP_HOUR + (minute - offset_min) * ESEP_MINUTE +
              second * ESEP_SECOND + fraction_us;
    return ESEP_OK;
}
