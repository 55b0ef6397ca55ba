/* Does an office's week say when its line is there, in its zone, whatever that zone's clock does?
 */
#include "agent/agent_schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

#define TEST(name) static void name(void **state)

/* UTC+5 until the second day of 2024-03, UTC+6 from then on: a clock set forward. */
static const struct esep_zone east = {.name = "east",
                                      .first_offset_s = 5 * 3600,
                                      .count = 1,
                                      .at_s = {1709337600 - 5 * 3600},
                                      .offset_s = {6 * 3600},
                                      .tail_offset_s = 6 * 3600};

static struct agent_schedule schedule_of(const char *text)
{
    struct agent_schedule s = {0};
    struct esep_reason reason = {""};
    if (agent_schedule_parse(&s, text, &reason) != ESEP_OK)
        fail_msg("%s: %s", text, reason.text);
    return s;
}

static esep_time at(const char *text)
{
    esep_time time = 0;
    assert_int_equal(esep_time_parse(text, NULL, &time), ESEP_OK);
    return time;
}

static void spans(const char *schedule, const char *when, const char *from, const char *until)
{
    const struct agent_schedule s = schedule_of(schedule);
    const struct agent_span span = agent_schedule_at(&s, &east, at(when));
    char text[2][32];
    esep_time_format(span.from, NULL, text[0]);
    esep_time_format(span.until, NULL, text[1]);
    assert_string_equal(text[0], from);
    assert_string_equal(text[1], until);
}

/* 2023-11-06 was a Monday; its 09:00 was 04:00 UTC. */
TEST(a_window_is_found_before_in_and_after_it)
{
    (void)state;
    static const char week[] = "Mon-Fri 09:00-09:30, 16:00-16:20";
    spans(week, "2023-11-06T03:59:59Z", "2023-11-06T04:00:00Z", "2023-11-06T04:30:00Z");
    spans(week, "2023-11-06T04:00:00Z", "2023-11-06T04:00:00Z", "2023-11-06T04:30:00Z");
    spans(week, "2023-11-06T04:29:59Z", "2023-11-06T04:00:00Z", "2023-11-06T04:30:00Z");
    spans(week, "2023-11-06T04:30:00Z", "2023-11-06T11:00:00Z", "2023-11-06T11:20:00Z");
    spans(week, "2023-11-10T11:20:00Z", "2023-11-13T04:00:00Z", "2023-11-13T04:30:00Z");
}

TEST(days_are_those_of_the_office)
{
    (void)state;
    /* Sunday evening in UTC is Monday there. */
    spans("Mon 00:30-01:00", "2023-11-05T19:00:00Z", "2023-11-05T19:30:00Z",
          "2023-11-05T20:00:00Z");
    spans("Sat-Mon 10:00-11:00", "2023-11-06T06:30:00Z", "2023-11-11T05:00:00Z",
          "2023-11-11T06:00:00Z");
    spans("Tue, Thu 10:00-11:00", "2023-11-07T06:00:00Z", "2023-11-09T05:00:00Z",
          "2023-11-09T06:00:00Z");
    spans("Tue 10:00-11:00 Wed 12:00-13:00", "2023-11-07T06:00:00Z", "2023-11-08T07:00:00Z",
          "2023-11-08T08:00:00Z");
    spans("10:00-11:00", "2023-11-11T06:00:00Z", "2023-11-12T05:00:00Z", "2023-11-12T06:00:00Z");
}

TEST(what_touches_is_one_span_also_over_midnight)
{
    (void)state;
    spans("Mon 22:00-24:00, Tue 00:00-01:00", "2023-11-06T18:00:00Z", "2023-11-06T17:00:00Z",
          "2023-11-06T20:00:00Z");
    spans("Mon 23:30-00:30", "2023-11-06T19:15:00Z", "2023-11-06T18:30:00Z",
          "2023-11-06T19:30:00Z");
    spans("09:00-10:00 09:30-11:00", "2023-11-06T04:00:00Z", "2023-11-06T04:00:00Z",
          "2023-11-06T06:00:00Z");
    const struct agent_schedule always = schedule_of("00:00-24:00");
    const esep_time now = at("2023-11-06T18:00:00Z");
    assert_true(agent_schedule_at(&always, &east, now).until > now + 7 * ESEP_DAY);
    const struct agent_schedule none = {0};
    assert_true(agent_schedule_at(&none, &east, now).until == ESEP_TIME_NEVER);
    assert_true(agent_schedule_at(&none, &east, now).from < 0);
}

/* 2024-03-02 00:00 there became 01:00: a window in the hour that never was is none. */
TEST(a_clock_set_forward_skips_what_it_skips)
{
    (void)state;
    spans("Fri,Sat 00:20-00:40", "2024-03-01T12:00:00Z", "2024-03-07T18:20:00Z",
          "2024-03-07T18:40:00Z");
    spans("Sat 00:30-01:30", "2024-03-01T12:00:00Z", "2024-03-01T19:00:00Z",
          "2024-03-01T19:30:00Z");
    spans("Sat 09:00-09:30", "2024-03-01T12:00:00Z", "2024-03-02T03:00:00Z",
          "2024-03-02T03:30:00Z");
}

TEST(what_cannot_be_read_is_refused_whole)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "Mon",
                                        "Mon-",
                                        "Mon-Fry 09:00-10:00",
                                        "9:00-10:00",
                                        "09:00",
                                        "09:00-",
                                        "09:00-9:30",
                                        "09:60-10:00",
                                        "09:00-24:01",
                                        "24:00-01:00",
                                        "09:00-09:00",
                                        "Mon 09:00-10:00 Tue",
                                        "09:00-10:00x",
                                        "09:00–10:00",
                                        "weekdays 09:00-10:00"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct agent_schedule s = schedule_of("Mon 08:00-08:10");
        struct esep_reason reason = {""};
        const struct agent_schedule before = s;
        assert_int_equal(agent_schedule_parse(&s, wrong[i], &reason), ESEP_INVALID);
        assert_memory_equal(&s, &before, sizeof s);
        assert_true(reason.text[0] != 0);
    }
    struct agent_schedule s = {0};
    for (unsigned i = 0; i < AGENT_OPENINGS_MAX; i++)
        assert_int_equal(agent_schedule_parse(&s, "09:00-10:00", NULL), ESEP_OK);
    assert_int_equal(agent_schedule_parse(&s, "09:00-10:00", NULL), ESEP_LIMIT);
    assert_int_equal(s.count, AGENT_OPENINGS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_found_before_in_and_after_it),
        cmocka_unit_test(days_are_those_of_the_office),
        cmocka_unit_test(what_touches_is_one_span_also_over_midnight),
        cmocka_unit_test(a_clock_set_forward_skips_what_it_skips),
        cmocka_unit_test(what_cannot_be_read_is_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
