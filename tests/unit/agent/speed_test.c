/* Does the speed that is measured follow the link, and do chunk, window and patience follow it? */
#include "agent/agent_speed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

#define MS (ESEP_SECOND / 1000)
#define KIB 1024u

/* A line of so many bytes a second and a way there and back, with an office that always has more:
 * frames of a chunk, as many as the window takes. */
static void fill_line(struct agent_speed *s, uint64_t rate, esep_time trip, esep_time *now,
                      int frames)
{
    struct agent_flight flights[64] = {{0}};
    esep_time out_at[64] = {0};
    int first = 0, last = 0;
    esep_time free_at = *now;
    for (int done = 0; done < frames;) {
        if (last - first < 64 && agent_speed_flying(s) < agent_speed_window(s)) {
            const size_t len = agent_speed_chunk(s, 64 * KIB);
            free_at = (free_at > *now ? free_at : *now) + (esep_time)(len * 1000000u / rate);
            out_at[last % 64] = free_at + trip;
            flights[last++ % 64] = agent_speed_sent(s, len, *now);
        } else {
            *now = out_at[first % 64];
            agent_speed_answered(s, &flights[first++ % 64], *now);
            done++;
        }
    }
    while (first < last) {
        *now = out_at[first % 64];
        agent_speed_answered(s, &flights[first++ % 64], *now);
    }
}

static void a_slow_line(void **state)
{
    (void)state;
    struct agent_speed s = {0};
    esep_time now = 1000 * ESEP_SECOND;
    assert_int_equal(agent_speed_window(&s), AGENT_WINDOW_FIRST);
    assert_int_equal(agent_speed_patience(&s, 120 * ESEP_SECOND), 120 * ESEP_SECOND);
    fill_line(&s, 8000, 600 * MS, &now, 50);
    assert_in_range(s.bytes_per_s, 6500, 8100);
    assert_in_range(agent_speed_chunk(&s, 64 * KIB), 6500, 8100);
    assert_in_range(agent_speed_window(&s), 16000, 32000); /* two to four seconds */
    assert_int_equal(agent_speed_flying(&s), 0);
    struct agent_flight last = agent_speed_sent(&s, 16000, now);
    assert_in_range(agent_speed_patience(&s, 120 * ESEP_SECOND), 98 * ESEP_SECOND,
                    120 * ESEP_SECOND - 1);
    assert_int_equal(agent_speed_patience(&s, 20 * ESEP_SECOND), 20 * ESEP_SECOND);
    agent_speed_session(&s); /* it broke: the next one begins with what is known */
    assert_int_equal(agent_speed_flying(&s), 0);
    assert_in_range(s.bytes_per_s, 6500, 8100);
    assert_int_equal(last.sent, last.answered + 16000);
}

static void a_fast_line_is_not_held_up(void **state)
{
    (void)state;
    struct agent_speed s = {0};
    esep_time now = 0;
    fill_line(&s, 50000000, 1 * MS, &now, 40);
    assert_true(s.bytes_per_s > 10000000);
    assert_int_equal(agent_speed_chunk(&s, 64 * KIB), 64 * KIB);
    assert_int_equal(agent_speed_chunk(&s, AGENT_CHUNK_MOST), AGENT_CHUNK_MOST);
    assert_true(agent_speed_window(&s) > (16u << 20));
}

static void it_follows_a_line_that_gets_slow_and_fast_again(void **state)
{
    (void)state;
    struct agent_speed s = {0};
    esep_time now = 0;
    fill_line(&s, 100000, 50 * MS, &now, 40);
    assert_in_range(s.bytes_per_s, 80000, 101000);
    fill_line(&s, 4000, 50 * MS, &now, 60);
    assert_in_range(s.bytes_per_s, 3000, 6000);
    assert_in_range(agent_speed_chunk(&s, 64 * KIB), 4 * KIB, 6000);
    fill_line(&s, 100000, 50 * MS, &now, 60);
    assert_true(s.bytes_per_s > 50000);
}

static void who_says_little_is_not_slow(void **state)
{
    (void)state;
    struct agent_speed s = {0};
    esep_time now = 0;
    fill_line(&s, 100000, 50 * MS, &now, 40);
    const uint64_t known = s.bytes_per_s;
    for (int i = 0; i < 100; i++) {
        const struct agent_flight one = agent_speed_sent(&s, 300, now);
        now += 50 * MS;
        agent_speed_answered(&s, &one, now);
    }
    assert_int_equal(s.bytes_per_s, known);
    /* A clock that was set back tells nothing; nor does what a later answer covered. */
    const struct agent_flight a = agent_speed_sent(&s, 1000, now);
    const struct agent_flight b = agent_speed_sent(&s, 1000, now);
    agent_speed_answered(&s, &b, now - ESEP_SECOND);
    agent_speed_answered(&s, &a, now + 1);
    assert_int_equal(s.bytes_per_s, known);
    assert_int_equal(agent_speed_flying(&s), 0);
}

static void tries_to_connect_are_short_once_the_way_is_known(void **state)
{
    (void)state;
    struct agent_speed s = {0};
    const esep_time most = 30 * ESEP_SECOND;
    /* Nothing is known: every fourth one gives a slow line its time. */
    assert_int_equal(agent_speed_probe(&s, 0, most), 2 * ESEP_SECOND);
    assert_int_equal(agent_speed_probe(&s, 3, most), most);
    assert_int_equal(agent_speed_probe(&s, 4, most), 2 * ESEP_SECOND);
    agent_speed_round_trip(&s, 3 * ESEP_SECOND);
    agent_speed_round_trip(&s, 700 * MS);
    agent_speed_round_trip(&s, -5);
    assert_int_equal(s.round_trip, 700 * MS);
    assert_int_equal(agent_speed_probe(&s, 3, most), 2100 * MS);
    assert_int_equal(agent_speed_probe(&s, 3, ESEP_SECOND), ESEP_SECOND);
}

static void no_number_is_too_large(void **state)
{
    (void)state;
    struct agent_speed s = {.bytes_per_s = UINT64_MAX / 2, .round_trip = ESEP_DAY};
    assert_int_equal(agent_speed_window(&s), 64u << 20);
    assert_int_equal(agent_speed_chunk(&s, 64 * KIB), 64 * KIB);
    s = (struct agent_speed){.bytes_per_s = 1, .round_trip = 1, .sent = 1u << 30};
    assert_int_equal(agent_speed_patience(&s, 120 * ESEP_SECOND), 120 * ESEP_SECOND);
    assert_int_equal(agent_speed_window(&s), 8 * KIB);
    assert_int_equal(agent_speed_chunk(&s, 64 * KIB), 4 * KIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_line),
        cmocka_unit_test(a_fast_line_is_not_held_up),
        cmocka_unit_test(it_follows_a_line_that_gets_slow_and_fast_again),
        cmocka_unit_test(who_says_little_is_not_slow),
        cmocka_unit_test(tries_to_connect_are_short_once_the_way_is_known),
        cmocka_unit_test(no_number_is_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
