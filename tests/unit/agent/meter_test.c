/* Is a day's traffic counted as it is, and does each kind leave the more urgent ones their part? */
#include "agent/agent_meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

#define TEST(name) static void name(void **state)

static const struct agent_budget budget = {.both = 1000000, .text_percent = 25};

TEST(a_frame_counts_with_what_is_around_it)
{
    (void)state;
    struct agent_meter m = {0};
    agent_meter_sent(&m, 100);
    assert_int_equal(m.out, 100 + 42 + 52);
    assert_int_equal(m.in, 52); /* its acknowledgement */
    agent_meter_came(&m, 3000);
    assert_int_equal(m.in, 52 + 3000 + 42 + 3 * 52);
    assert_int_equal(m.out, 100 + 42 + 52 + 2 * 52);
    assert_int_equal(agent_meter_frame(3000), 3000 + 42 + 5 * 52);
    const struct agent_meter before = m;
    agent_meter_try(&m);
    agent_meter_call(&m);
    assert_in_range(m.out + m.in - before.out - before.in, 1500, 3000);
    assert_true(agent_meter_call_bytes() > m.out + m.in - before.out - before.in);
}

TEST(files_leave_the_text_its_part_and_both_the_promises)
{
    (void)state;
    struct agent_meter m = {.out = 600000, .in = 149999};
    assert_int_equal(agent_meter_room(&m, &budget, AGENT_TIER_FILES), 1);
    m.in++;
    assert_int_equal(agent_meter_room(&m, &budget, AGENT_TIER_FILES), 0);
    assert_int_equal(agent_meter_room(&m, &budget, AGENT_TIER_TEXT), 250000 - 16384);
    m.out = 850000;
    assert_int_equal(agent_meter_room(&m, &budget, AGENT_TIER_TEXT), 0);
    assert_int_equal(agent_meter_room(&m, &budget, AGENT_TIER_PROMISE), 0);
    m.out -= 16384;
    assert_int_equal(agent_meter_room(&m, &budget, AGENT_TIER_TEXT), 0);
    assert_int_equal(agent_meter_room(&m, &budget, AGENT_TIER_PROMISE), 16384);
    /* However little the config leaves to the text, promises come first. */
    const struct agent_budget lean = {.both = 8000, .text_percent = 0};
    const struct agent_meter some = {.out = 6999};
    assert_int_equal(agent_meter_room(&some, &lean, AGENT_TIER_FILES), 1);
    assert_int_equal(agent_meter_room(&some, &lean, AGENT_TIER_TEXT), 1);
    assert_int_equal(agent_meter_room(&some, &lean, AGENT_TIER_PROMISE), 1001);
}

TEST(each_way_has_its_bound_and_none_is_none)
{
    (void)state;
    const struct agent_budget ways = {.both = 1000000, .out = 500000, .in = 100000};
    struct agent_meter m = {.out = 100000, .in = 99999};
    assert_int_equal(agent_meter_room(&m, &ways, AGENT_TIER_PROMISE), 1);
    m.in = 0;
    m.out = 500001;
    assert_int_equal(agent_meter_room(&m, &ways, AGENT_TIER_PROMISE), 0);
    const struct agent_budget none = {.text_percent = 25};
    assert_false(agent_budget_bounds(&none));
    assert_true(agent_budget_bounds(&ways));
    assert_true(agent_meter_room(&m, &none, AGENT_TIER_FILES) == UINT64_MAX);
    assert_int_equal(agent_meter_step(&budget), 1000000 / 64);
    assert_int_equal(agent_meter_step(&ways), 4096);
}

TEST(a_day_begins_once)
{
    (void)state;
    struct agent_meter m = {.day = 100, .out = 7, .in = 8};
    assert_false(agent_meter_turn(&m, 100));
    assert_true(agent_meter_turn(&m, 101));
    assert_int_equal(m.out + m.in, 0);
    m.out = 9;
    assert_false(agent_meter_turn(&m, 100)); /* set back over midnight ... */
    assert_int_equal(m.out, 9);
    assert_false(agent_meter_turn(&m, 101)); /* ... and forward: no second budget */
    assert_int_equal(m.out, 9);
    assert_true(agent_meter_turn(&m, 500)); /* a clock that ran ahead */
    m.out = 3;
    assert_false(agent_meter_turn(&m, 102));
    assert_int_equal(m.out, 3);
    assert_true(agent_meter_turn(&m, 103)); /* and not locked out until day 500 */
    assert_int_equal(m.out, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_counts_with_what_is_around_it),
        cmocka_unit_test(files_leave_the_text_its_part_and_both_the_promises),
        cmocka_unit_test(each_way_has_its_bound_and_none_is_none),
        cmocka_unit_test(a_day_begins_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
