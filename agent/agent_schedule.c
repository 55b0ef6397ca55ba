/* agent/agent_schedule.c - see agent_schedule.h. */
#include "agent/agent_schedule.h"

#include "base/status.h"

#include <string.h>

#define DAY_MINUTES 1440
#define EVERY_DAY 0x7fu
#define LOOK_DAYS 8 /* an opening of one day of the week comes again within so many */

/* Reading. */

struct reader {
    struct agent_schedule made;
    unsigned days;  /* named since the last time of day, or the ones before */
    bool days_used; /* a time of day has followed them */
    const char *at;
    struct esep_reason *reason;
};

static bool is_gap(char c)
{
    return c == ' ' || c == ',' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static enum esep_status no(const struct reader *r, const char *what)
{
    return esep_because(r->reason, ESEP_INVALID,
                        "a window is written as \"Mon-Fri 09:00-09:30, 16:00-16:20\": %s at "
                        "\"%.20s\"",
                        what, r->at);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* 0 .. 6, or -1. */
static int read_day(struct reader *r)
{
    static const char names[7][4] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (int day = 0; day < 7; day++) {
        int i = 0;
        while (i < 3 && lower(r->at[i]) == names[day][i])
            i++;
        if (i == 3) {
            r->at += 3;
            return day;
        }
    }
    return -1;
}

static enum esep_status read_days(struct reader *r)
{
    const int first = read_day(r);
    int last = first;
    if (first >= 0 && *r->at == '-') {
        r->at++;
        last = read_day(r);
    }
    if (first < 0 || last < 0)
        return no(r, "no day (Mon, Tue, Wed, Thu, Fri, Sat, Sun)");
    if (r->days_used)
        r->days = 0;
    r->days_used = false;
    for (int day = first;; day = (day + 1) % 7) { /* Sat-Mon goes round */
        r->days |= 1u << day;
        if (day == last)
            return ESEP_OK;
    }
}

static bool read_number(struct reader *r, int *ret)
{
    if (!is_digit(r->at[0]) || !is_digit(r->at[1]))
        return false;
    *ret = 10 * (r->at[0] - '0') + (r->at[1] - '0');
    r->at += 2;
    return true;
}

static bool read_minute(struct reader *r, uint16_t *ret)
{
    int hour;
    int minute;
    if (!read_number(r, &hour) || *r->at != ':')
        return false;
    r->at++;
    if (!read_number(r, &minute) || minute > 59 || 60 * hour + minute > DAY_MINUTES)
        return false;
    *ret = (uint16_t)(60 * hour + minute);
    return true;
}

static enum esep_status read_times(struct reader *r)
{
    struct agent_opening o = {.days = (uint8_t)(r->days != 0 ? r->days : EVERY_DAY)};
    if (!read_minute(r, &o.from) || *r->at != '-')
        return no(r, "no time (09:00-09:30)");
    r->at++;
    if (!read_minute(r, &o.until))
        return no(r, "no time (09:00-09:30)");
    if (o.from == o.until || o.from == DAY_MINUTES)
        return no(r, "a window without length");
    if (r->made.count == AGENT_OPENINGS_MAX)
        return esep_because(r->reason, ESEP_LIMIT, "more than %u windows", AGENT_OPENINGS_MAX);
    r->made.openings[r->made.count++] = o;
    r->days_used = true;
    return ESEP_OK;
}

enum esep_status agent_schedule_parse(struct agent_schedule *schedule, const char *text,
                                      struct esep_reason *reason)
{
    struct reader r = {.made = *schedule, .days_used = true, .at = text, .reason = reason};
    for (;;) {
        while (is_gap(*r.at))
            r.at++;
        if (*r.at == 0)
            break;
        enum esep_status status = is_digit(*r.at) ? read_times(&r) : read_days(&r);
        if (status != ESEP_OK)
            return status;
        if (*r.at != 0 && !is_gap(*r.at))
            return no(&r, "something unknown");
    }
    if (!r.days_used || r.made.count == schedule->count)
        return no(&r, "days or nothing, and no time");
    *schedule = r.made;
    return ESEP_OK;
}

/* Looking. */

static esep_time instant(const struct esep_zone *zone, esep_day day, int minutes)
{
    return esep_zone_instant(zone, day + minutes / DAY_MINUTES, minutes % DAY_MINUTES / 60,
                             minutes % 60, 0);
}

/* The opening of that day; false: none, or one that the zone's clock jumps over. */
static bool on_day(const struct agent_opening *o, const struct esep_zone *zone, esep_day day,
                   struct agent_span *ret)
{
    const int until = o->until > o->from ? o->until : o->until + DAY_MINUTES;
    if ((o->days >> (esep_weekday(day) - 1) & 1u) == 0)
        return false;
    *ret = (struct agent_span){instant(zone, day, o->from), instant(zone, day, until)};
    return ret->from < ret->until;
}

/* Of those that end after `at`, the one that begins first. */
static struct agent_span first_after(const struct agent_schedule *s, const struct esep_zone *zone,
                                     esep_time at)
{
    const esep_day today = esep_zone_day(zone, at);
    struct agent_span best = {ESEP_TIME_NEVER - 1, ESEP_TIME_NEVER};
    for (size_t i = 0; i < s->count; i++) {
        for (esep_day day = today - 1; day <= today + LOOK_DAYS; day++) {
            struct agent_span span;
            if (on_day(&s->openings[i], zone, day, &span) && span.until > at &&
                span.from < best.from)
                best = span;
        }
    }
    return best;
}

struct agent_span agent_schedule_at(const struct agent_schedule *s, const struct esep_zone *zone,
                                    esep_time at)
{
    if (s->count == 0)
        return (struct agent_span){INT64_MIN, ESEP_TIME_NEVER};
    struct agent_span span = first_after(s, zone, at);
    /* What touches its end makes it longer; a week of it is as good as for ever. */
    while (span.until < ESEP_TIME_NEVER && span.until - at < LOOK_DAYS * ESEP_DAY) {
        const struct agent_span next = first_after(s, zone, span.until);
        if (next.from > span.until)
            break;
        span.until = next.until;
    }
    return span;
}
