/* tests/unit/agent/core_gate_test.c - windows and budgets: is there a link when there may be one,
 * and does what goes over it keep to its part?
 *
 * The world begins on a Wednesday, 1972-09-27T00:00Z; the office's zone is five hours east of it.
 */
#include "core_file_world.h"

#define HOUR ESEP_HOUR
#define OFFICE_WORLD(w)                                                                            \
    WORLD(w);                                                                                      \
    w->config.rules.zone = (struct esep_zone)                                                      \
    {                                                                                              \
        .first_offset_s = 5 * 3600, .tail_offset_s = 5 * 3600                                      \
    }

/* An instant of the world's day, by the office's clock. */
static esep_time o_clock(int day, int hour, int minute)
{
    return 1000 * ESEP_DAY + day * ESEP_DAY + (hour - 5) * HOUR + minute * ESEP_MINUTE;
}

static void windows(struct world *w, const char *text)
{
    assert_int_equal(agent_schedule_parse(&w->config.rules.schedule, text, NULL), ESEP_OK);
}

static void go_to(struct world *w, esep_time when)
{
    while (w->now < when) {
        world_run(w);
        office_sleep(w, when - w->now);
    }
    world_run(w);
}

static void is(const struct world *w, enum agent_state state, enum agent_why why)
{
    const struct agent_status s = office_status(w);
    if (s.state != state || s.why != why)
        fail_msg("is %s (%s), not %s (%s)", agent_state_name(s.state), agent_why_name(s.why),
                 agent_state_name(state), agent_why_name(why));
}

TEST(it_calls_in_the_window_and_not_before)
{
    OFFICE_WORLD(w);
    windows(w, "09:00-09:30");
    office_write(w, 100);
    office_start(w);
    world_run(w);
    is(w, AGENT_OFFLINE, AGENT_WHY_WINDOW);
    struct agent_status s = office_status(w);
    assert_in_range(s.next_try_at - o_clock(0, 9, 0), 0, 20 * ESEP_SECOND);
    assert_true(s.rules.scheduled && s.rules.window_until == ESEP_TIME_NEVER);
    assert_int_equal(s.rules.window_next, o_clock(0, 9, 0));
    go_to(w, o_clock(0, 8, 59));
    assert_int_equal(w->connects, 0);
    go_to(w, o_clock(0, 9, 0) + 21 * ESEP_SECOND);
    assert_int_equal(w->connects, 1);
    assert_true(world_all_receipted(w));
    s = office_status(w);
    assert_int_equal(s.rules.window_until, o_clock(0, 9, 30));
    assert_int_equal(s.rules.window_next, o_clock(1, 9, 0));
    world_free(w);
}

/* What comes while all has gone is still taken, then it hangs up; once, until the next day. */
TEST(it_stays_for_mail_and_hangs_up)
{
    OFFICE_WORLD(w);
    windows(w, "09:00-09:30");
    office_write(w, 100);
    w->now = o_clock(0, 9, 0);
    office_start(w);
    world_run(w);
    is(w, AGENT_ONLINE, AGENT_WHY_NONE);
    go_to(w, w->now + 15 * ESEP_SECOND);
    is(w, AGENT_ONLINE, AGENT_WHY_NONE);
    model_mail(w, 3);
    world_run(w);
    assert_int_equal(w->disk.mail_through, 3);
    go_to(w, w->now + 15 * ESEP_SECOND); /* counted from the mail */
    is(w, AGENT_ONLINE, AGENT_WHY_NONE);
    go_to(w, w->now + 6 * ESEP_SECOND);
    is(w, AGENT_OFFLINE, AGENT_WHY_WINDOW);
    assert_false(w->connected);
    assert_in_range(office_status(w).next_try_at - o_clock(1, 9, 0), 0, 20 * ESEP_SECOND);
    /* A report that is written while the window lasts goes at once. */
    office_write(w, 100);
    go_to(w, w->now + ESEP_SECOND);
    assert_true(world_all_receipted(w));
    go_to(w, o_clock(1, 8, 59));
    assert_int_equal(w->connects, 2);
    world_free(w);
}

TEST(in_a_long_window_it_calls_again)
{
    OFFICE_WORLD(w);
    windows(w, "09:00-11:10");
    w->now = o_clock(0, 9, 0);
    office_start(w);
    go_to(w, o_clock(0, 9, 30));
    assert_int_equal(w->connects, 1);
    model_mail(w, 2);
    go_to(w, o_clock(0, 10, 5));
    assert_int_equal(w->connects, 2);
    assert_int_equal(w->disk.mail_through, 2);
    go_to(w, o_clock(1, 8, 0));
    assert_int_equal(w->connects, 3); /* 11:01 */
    world_free(w);
}

/* The window ends amid a file: no chunk is begun, what is there stays, the next one goes on. */
TEST(a_file_goes_on_in_the_next_window)
{
    OFFICE_WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    windows(w, "09:00-09:30");
    office_write(w, 100);
    w->now = o_clock(0, 9, 29);
    w->socket_frames = 1;
    office_start(w);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    for (int i = 0; i < 20 && depot.chunks < 4; i++) {
        office_effects(w);
        link_up_one(w);
        link_down_one(w);
    }
    assert_int_equal(depot.chunks, 4);
    w->now = o_clock(0, 9, 30);
    agent_on_time(w->agent, w->now);
    world_run(w);
    go_to(w, o_clock(0, 9, 30) + 10 * ESEP_SECOND);
    is(w, AGENT_OFFLINE, AGENT_WHY_WINDOW);
    const uint64_t then = depot.bytes;
    assert_in_range(then, 4 * 8 * KIB, 6 * 8 * KIB);
    w->socket_frames = WORLD_FRAMES_MAX / 2;
    go_to(w, o_clock(1, 9, 5));
    assert_int_equal(w->evidence_count, 1);
    assert_int_equal(depot.bytes, SIZE); /* no byte twice */
    world_free(w);
}

/* What is under way when it ends is waited for, but not long. */
TEST(a_window_that_ends_waits_for_receipts_a_moment)
{
    OFFICE_WORLD(w);
    windows(w, "09:00-09:30");
    w->model.mute_receipts = true;
    w->now = o_clock(0, 9, 29) + 59 * ESEP_SECOND;
    office_start(w);
    world_run(w);
    office_write(w, 100);
    world_run(w);
    w->now = o_clock(0, 9, 30);
    agent_on_time(w->agent, w->now);
    office_write(w, 100); /* too late: no new group */
    const uint64_t groups = agent_counter(w->agent, AGENT_GROUPS);
    world_run(w);
    is(w, AGENT_ONLINE, AGENT_WHY_NONE);
    assert_int_equal(agent_counter(w->agent, AGENT_GROUPS), groups);
    go_to(w, o_clock(0, 9, 30) + 9 * ESEP_SECOND);
    is(w, AGENT_ONLINE, AGENT_WHY_NONE);
    go_to(w, o_clock(0, 9, 30) + 10 * ESEP_SECOND);
    is(w, AGENT_OFFLINE, AGENT_WHY_WINDOW);
    w->model.mute_receipts = false;
    go_to(w, o_clock(1, 9, 1));
    assert_true(world_all_receipted(w));
    world_free(w);
}

TEST(try_now_goes_outside_a_window_and_until_all_has_gone)
{
    OFFICE_WORLD(w);
    windows(w, "09:00-09:30");
    const struct agent_file scan = depot_file_of(1, SIZE);
    w->now = o_clock(0, 12, 0);
    office_write(w, 100);
    office_start(w);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    world_run(w);
    is(w, AGENT_OFFLINE, AGENT_WHY_WINDOW);
    w->refuse_connect = true;
    agent_now(w->agent, w->now);
    world_run(w);
    is(w, AGENT_CONNECTING, AGENT_WHY_WINDOW);
    agent_on_disconnected(w->agent, w->now);
    is(w, AGENT_OFFLINE, AGENT_WHY_UNREACHABLE);
    go_to(w, w->now + 4 * ESEP_MINUTE); /* it goes on trying for a while ... */
    assert_true(w->connects > 2);
    go_to(w, w->now + 2 * ESEP_MINUTE);
    is(w, AGENT_OFFLINE, AGENT_WHY_WINDOW); /* ... and no longer */
    w->refuse_connect = false;
    assert_int_equal(w->disk.receipted_seq, 0);
    agent_now(w->agent, w->now);
    world_run(w);
    assert_true(world_all_receipted(w));
    assert_int_equal(w->evidence_count, 1);
    go_to(w, w->now + ESEP_MINUTE);
    is(w, AGENT_OFFLINE, AGENT_WHY_WINDOW);
    assert_in_range(office_status(w).next_try_at - o_clock(1, 9, 0), 0, 20 * ESEP_SECOND);
    world_free(w);
}

/* Due tonight, and the next window is tomorrow: the text goes now, its file can wait. */
TEST(what_would_be_late_goes_outside_a_window)
{
    OFFICE_WORLD(w);
    windows(w, "09:00-09:30");
    const struct agent_file scan = depot_file_of(1, SIZE);
    w->config.rules.urgent_anyway = true;
    w->now = o_clock(0, 12, 0);
    office_start(w);
    office_write(w, 100);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    agent_on_due(w->agent, o_clock(1, 23, 59), w->now); /* time enough */
    world_run(w);
    is(w, AGENT_OFFLINE, AGENT_WHY_WINDOW);
    assert_true(office_status(w).rules.due_at == ESEP_TIME_NEVER);
    agent_on_due(w->agent, o_clock(0, 23, 59), w->now);
    world_run(w);
    assert_true(world_all_receipted(w));
    go_to(w, w->now + ESEP_MINUTE);
    is(w, AGENT_OFFLINE, AGENT_WHY_WINDOW);
    assert_int_equal(depot.offers, 0);
    assert_int_equal(w->connects, 1);
    go_to(w, o_clock(1, 9, 5));
    assert_int_equal(w->evidence_count, 1);
    world_free(w);
}

TEST(or_it_is_said_that_it_would_be_late)
{
    OFFICE_WORLD(w);
    windows(w, "09:00-09:30");
    w->now = o_clock(0, 12, 0);
    office_start(w);
    office_write(w, 100);
    agent_on_due(w->agent, o_clock(0, 23, 59), w->now);
    go_to(w, o_clock(0, 23, 0));
    assert_int_equal(w->connects, 0);
    const struct agent_status s = office_status(w);
    assert_int_equal(s.rules.due_at, o_clock(0, 23, 59));
    assert_false(s.rules.due_sent_anyway);
    world_free(w);
}

TEST(a_clock_that_jumps_finds_the_window_it_is_in)
{
    OFFICE_WORLD(w);
    windows(w, "09:00-09:30");
    office_write(w, 100);
    w->now = o_clock(0, 12, 0);
    office_start(w);
    world_run(w);
    w->now = o_clock(0, 9, 1); /* back, into it */
    agent_on_time(w->agent, w->now);
    world_run(w);
    assert_true(world_all_receipted(w));
    go_to(w, o_clock(0, 9, 10));
    is(w, AGENT_OFFLINE, AGENT_WHY_WINDOW);
    office_write(w, 100);
    w->now = o_clock(3, 20, 0); /* far ahead, out of it */
    agent_on_time(w->agent, w->now);
    world_run(w);
    is(w, AGENT_OFFLINE, AGENT_WHY_WINDOW);
    assert_in_range(office_status(w).next_try_at - o_clock(4, 9, 0), 0, 20 * ESEP_SECOND);
    /* The zone's rules change: 09:00 is an hour later. */
    const struct esep_zone four = {.first_offset_s = 4 * 3600, .tail_offset_s = 4 * 3600};
    agent_on_zone(w->agent, &four, w->now);
    world_run(w);
    assert_in_range(office_status(w).next_try_at - o_clock(4, 10, 0), 0, 20 * ESEP_SECOND);
    world_free(w);
}

#define BUDGET ((uint64_t)200 * 1000)

static void metered(struct world *w)
{
    w->config.rules.metered = true;
    w->config.rules.budget = (struct agent_budget){.both = BUDGET, .text_percent = 25};
    w->config.keep_alive = 15 * ESEP_MINUTE;
}

static uint64_t spent(const struct world *w)
{
    const struct agent_status s = office_status(w);
    return s.rules.spent.out + s.rules.spent.in;
}

/* A scan of five days' worth leaves each day its quarter for the text, and resumes at midnight. */
TEST(a_scan_leaves_the_text_its_part)
{
    OFFICE_WORLD(w);
    const struct agent_file scan = depot_file_of(1, 5 * BUDGET / 2);
    metered(w);
    w->now = o_clock(0, 8, 0);
    office_start(w);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    world_run(w);
    is(w, AGENT_ONLINE, AGENT_WHY_NONE);
    assert_in_range(spent(w), BUDGET / 2, 3 * BUDGET / 4);
    struct agent_status s = office_status(w);
    assert_true(s.rules.files_wait && !s.rules.text_waits);
    assert_int_equal(s.rules.day_until, o_clock(1, 0, 0));
    const uint64_t first = depot.bytes;
    office_write(w, 1000);
    go_to(w, o_clock(0, 20, 0));
    assert_true(world_all_receipted(w));
    assert_int_equal(depot.bytes, first);
    go_to(w, o_clock(1, 0, 0));
    assert_true(depot.bytes > first);
    assert_true(spent(w) <= 3 * BUDGET / 4);
    for (int day = 2; day < 8; day++)
        go_to(w, o_clock(day, 0, 0));
    assert_int_equal(w->evidence_count, 1);
    assert_int_equal(depot.bytes, 5 * BUDGET / 2);
    world_free(w);
}

/* Text that is more than the budget stops where the promises' part begins; the new entry's hour is
 * still proved, and the rest goes at midnight. */
TEST(when_text_has_had_its_part_a_promise_still_goes)
{
    OFFICE_WORLD(w);
    metered(w);
    w->config.frame_bytes = 4096;
    w->now = o_clock(0, 8, 0);
    for (int i = 0; i < 100; i++)
        office_write(w, 3000);
    office_start(w);
    go_to(w, o_clock(0, 9, 0));
    is(w, AGENT_OFFLINE, AGENT_WHY_BUDGET);
    assert_in_range(office_status(w).next_try_at - o_clock(1, 0, 0), 0, ESEP_MINUTE);
    assert_true(office_status(w).rules.text_waits);
    const uint64_t received = w->disk.receipted_seq;
    assert_in_range(received, 40, 60);
    assert_int_equal(w->disk.promised_seq, 100);
    assert_in_range(spent(w), BUDGET * 8 / 10, BUDGET);
    const uint32_t before = w->connects;
    office_write(w, 3000);
    go_to(w, o_clock(0, 10, 0));
    assert_int_equal(w->disk.promised_seq, 101);
    assert_int_equal(w->disk.receipted_seq, received);
    assert_int_equal(w->connects, before + 1);
    is(w, AGENT_OFFLINE, AGENT_WHY_BUDGET);
    for (int i = 0; i < 40; i++) { /* a promise each, as long as the bound allows */
        office_write(w, 100);
        go_to(w, w->now + 10 * ESEP_MINUTE);
        agent_now(w->agent, w->now); /* nor does a person get more */
    }
    assert_true(spent(w) <= BUDGET);
    assert_in_range(w->connects, before + 2, before + 8);
    go_to(w, o_clock(2, 0, 30));
    assert_true(world_all_receipted(w));
    world_free(w);
}

/* Long frames: the last one of a day fits what is left, under a head of its own, and its receipt is
 * heard; else nothing of that day would count, nor of the next. */
TEST(a_days_text_ends_with_a_head_and_its_receipt)
{
    OFFICE_WORLD(w);
    metered(w);
    for (int i = 0; i < 300; i++)
        office_write(w, 3000);
    w->now = o_clock(0, 8, 0);
    office_start(w);
    uint64_t before = 0;
    for (int day = 1; day < 7; day++) {
        go_to(w, o_clock(day, 0, 0) - ESEP_SECOND);
        const uint64_t taken = w->disk.receipted_seq - before;
        assert_true(taken >= 48 || world_all_receipted(w)); /* of 183,616 bytes, without headers */
        assert_true(spent(w) <= BUDGET);
        before = w->disk.receipted_seq;
    }
    assert_true(world_all_receipted(w));
    world_free(w);
}

/* An entry that is more than a day's text goes at the beginning of a day, and its receipt comes. */
TEST(what_no_day_has_room_for_goes_first_thing)
{
    OFFICE_WORLD(w);
    metered(w);
    w->config.rules.budget.both = 70000;
    office_write(w, 100);
    w->now = o_clock(0, 8, 0);
    office_start(w);
    go_to(w, o_clock(0, 20, 0)); /* signs of life alone are more than a call by now */
    office_write(w, 62000);
    go_to(w, o_clock(0, 21, 0));
    assert_int_equal(w->disk.receipted_seq, 1);
    assert_int_equal(w->disk.promised_seq, 2);
    assert_true(office_status(w).rules.text_waits);
    is(w, AGENT_OFFLINE, AGENT_WHY_BUDGET);
    go_to(w, o_clock(1, 0, 5));
    assert_true(world_all_receipted(w));
    is(w, AGENT_OFFLINE, AGENT_WHY_BUDGET);
    world_free(w);
}

/* The disk knows of what was spent before it was: a crash costs a step, an orderly end nothing. */
TEST(a_day_has_one_budget_however_often_it_starts)
{
    OFFICE_WORLD(w);
    metered(w);
    w->now = o_clock(0, 8, 0);
    office_start(w);
    uint64_t before = 0;
    for (int i = 0; i < 20; i++) {
        office_write(w, 1000);
        world_run(w);
        assert_true(spent(w) >= before);
        before = spent(w);
        office_crash(w);
        world_run(w);
        const uint64_t after = spent(w);
        assert_in_range(after, before, before + 3 * 4096 + 2 * agent_meter_call_bytes());
    }
    assert_true(w->keeps < 100);
    before = spent(w);
    agent_drain(w->agent, w->now);
    world_run(w);
    assert_true(agent_drained(w->agent));
    assert_int_equal(w->disk.spent.out + w->disk.spent.in, before);
    world_free(w);
}

/* Only signs of life, and those seldom: a day of it is far below 60 kB. */
TEST(an_idle_day_is_cheap)
{
    OFFICE_WORLD(w);
    metered(w);
    w->now = o_clock(0, 0, 0);
    office_start(w);
    office_write(w, 100);
    go_to(w, o_clock(0, 1, 0));
    const uint64_t before = spent(w);
    go_to(w, o_clock(0, 23, 59));
    is(w, AGENT_ONLINE, AGENT_WHY_NONE);
    assert_int_equal(w->connects, 1);
    assert_in_range(w->model.pings, 90, 96);
    assert_in_range(spent(w) - before, 30000, 55000);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_calls_in_the_window_and_not_before),
        cmocka_unit_test(it_stays_for_mail_and_hangs_up),
        cmocka_unit_test(in_a_long_window_it_calls_again),
        cmocka_unit_test(a_file_goes_on_in_the_next_window),
        cmocka_unit_test(a_window_that_ends_waits_for_receipts_a_moment),
        cmocka_unit_test(try_now_goes_outside_a_window_and_until_all_has_gone),
        cmocka_unit_test(what_would_be_late_goes_outside_a_window),
        cmocka_unit_test(or_it_is_said_that_it_would_be_late),
        cmocka_unit_test(a_clock_that_jumps_finds_the_window_it_is_in),
        cmocka_unit_test(a_scan_leaves_the_text_its_part),
        cmocka_unit_test(when_text_has_had_its_part_a_promise_still_goes),
        cmocka_unit_test(a_days_text_ends_with_a_head_and_its_receipt),
        cmocka_unit_test(what_no_day_has_room_for_goes_first_thing),
        cmocka_unit_test(a_day_has_one_budget_however_often_it_starts),
        cmocka_unit_test(an_idle_day_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
