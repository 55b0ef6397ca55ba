/* Does the uplink do what agent/agent.h says, scene by scene? */
#include "core_world.h"

#define TEST(name) static void name(void **state)
#define WORLD(w)                                                                                   \
    (void)state;                                                                                   \
    struct world *w = world_new(42)

static void write_many(struct world *w, int count, size_t len)
{
    for (int i = 0; i < count; i++)
        office_write(w, len);
}

TEST(a_backlog_is_promised_first_and_then_drained)
{
    WORLD(w);
    write_many(w, 300, 400);
    office_start(w);
    office_effects(w);
    assert_int_equal(w->up.count, 1); /* HELLO, alone */
    assert_true(w->up.frames[0].len < 600);
    link_up_one(w);
    assert_int_equal(w->model.promised, 300);
    assert_int_equal(w->model.seq, 0);
    world_run(w);
    assert_int_equal(w->model.seq, 300);
    assert_int_equal(w->disk.receipted_seq, 300);
    assert_int_equal(w->disk.promised_seq, 300);
    struct agent_status s = office_status(w);
    assert_int_equal(s.state, AGENT_ONLINE);
    assert_string_equal(w->view.body, "moj");
    assert_int_equal(w->view.server_time - w->view.office_time, 5 * ESEP_SECOND);
    assert_true(agent_counter(w->agent, AGENT_FRAMES_SENT) < 20); /* many a frame */
    world_free(w);
}

TEST(an_entry_written_while_online_goes_out_at_once)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    office_write(w, 100);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 1);
    assert_int_equal(w->model.batches, 1);
    world_free(w);
}

TEST(the_commitment_quotes_the_last_checkpoint)
{
    WORLD(w);
    office_write(w, 10);
    office_start(w);
    world_run(w);
    office_write(w, 10);
    world_run(w);
    assert_true(w->model.last_commitment.checkpoint_size > 0);
    assert_int_equal(w->model.last_commitment.office_clock, w->now);
    assert_int_equal(w->disk.checkpoint_size, w->model.log_size);
    world_free(w);
}

TEST(only_a_stored_receipt_counts)
{
    WORLD(w);
    write_many(w, 5, 50);
    w->hold_stores = true;
    office_start(w);
    world_run(w);
    assert_int_equal(office_status(w).receipted_seq, 0);
    assert_int_equal(w->model.seq, 5);
    office_store_now(w, ESEP_OK);
    office_effects(w);
    if (w->held != NULL)
        office_store_now(w, ESEP_OK);
    assert_int_equal(office_status(w).receipted_seq, 5);
    world_free(w);
}

TEST(a_full_journal_is_loud_and_keeps_what_was_proved)
{
    WORLD(w);
    write_many(w, 5, 50);
    w->store_answer = ESEP_LIMIT;
    office_start(w);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 0);
    assert_int_equal(office_status(w).why, AGENT_WHY_JOURNAL);
    w->store_answer = ESEP_OK;
    for (int i = 0; i < 4; i++) {
        office_sleep(w, ESEP_MINUTE);
        world_run(w);
    }
    assert_int_equal(w->disk.receipted_seq, 5);
    assert_int_equal(office_status(w).why, AGENT_WHY_NONE);
    assert_true(w->receipt_count >= 1);
    world_free(w);
}

TEST(a_journal_that_cannot_be_written_stops_the_uplink)
{
    WORLD(w);
    write_many(w, 5, 50);
    w->store_answer = ESEP_IO;
    office_start(w);
    world_run(w);
    assert_int_equal(office_status(w).state, AGENT_STOPPED);
    assert_int_equal(office_status(w).why, AGENT_WHY_JOURNAL);
    assert_false(w->connected);
    world_free(w);
}

TEST(receipts_that_wait_are_bounded)
{
    WORLD(w);
    write_many(w, 300, 20);
    w->config.group_entries = 1;
    w->hold_stores = true;
    office_start(w);
    world_run(w);
    assert_false(agent_ready(w->agent));
    assert_true(w->down.count > 0);
    w->hold_stores = false;
    office_store_now(w, ESEP_OK);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 300);
    assert_int_equal(w->model.seq, 300);
    world_free(w);
}

TEST(a_forged_receipt_is_refused)
{
    WORLD(w);
    write_many(w, 5, 50);
    w->model.wrong_key = true;
    office_start(w);
    world_run(w);
    assert_int_equal(w->receipt_count, 0);
    assert_int_equal(w->disk.receipted_seq, 0);
    assert_int_equal(office_status(w).why, AGENT_WHY_PROTOCOL);
    assert_true(agent_counter(w->agent, AGENT_RECEIPTS_REFUSED) > 0);
    w->model.wrong_key = false;
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    world_free(w);
}

TEST(a_signed_receipt_over_another_hash_is_a_fork)
{
    WORLD(w);
    write_many(w, 5, 50);
    w->model.wrong_head = true;
    office_start(w);
    world_run(w);
    assert_int_equal(w->receipt_count, 0);
    assert_int_equal(w->disk.receipted_seq, 0);
    assert_int_equal(office_status(w).state, AGENT_STOPPED);
    assert_int_equal(office_status(w).why, AGENT_WHY_FORK);
    office_sleep(w, ESEP_DAY);
    world_run(w);
    assert_int_equal(w->connects, 1); /* a person decides */
    world_free(w);
}

TEST(a_receipt_for_what_was_never_signed_is_ignored)
{
    WORLD(w);
    write_many(w, 5, 50);
    w->model.mute_receipts = true;
    office_start(w);
    world_run(w);
    w->model.mute_receipts = false;
    model_receipt(w, 3); /* held there, but no head of ours */
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 0);
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    model_receipt(w, 5);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 5);
    world_free(w);
}

TEST(a_lost_receipt_is_asked_for_after_the_next_welcome)
{
    WORLD(w);
    write_many(w, 5, 50);
    w->model.mute_receipts = true;
    w->model.no_receipt_after_welcome = true;
    office_start(w);
    world_run(w);
    assert_int_equal(w->model.seq, 5);
    w->model.mute_receipts = false;
    office_write(w, 50); /* so that 5 is not the journal's end */
    link_break(w);
    office_write(w, 50);
    w->up.count = 0;
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    assert_int_equal(w->model.alarms, 0);
    world_free(w);
}

/* One frame's credit is no reason not to ask: nothing else would ever bring the receipt. */
TEST(a_lost_receipt_is_asked_for_on_little_credit)
{
    WORLD(w);
    write_many(w, 5, 50);
    w->model.window = w->model.frame_bytes_max;
    w->model.mute_receipts = true;
    w->model.no_receipt_after_welcome = true;
    office_start(w);
    world_run(w);
    assert_int_equal(w->model.seq, 5);
    w->model.mute_receipts = false;
    link_break(w);
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    world_free(w);
}

TEST(a_silent_collector_is_left)
{
    WORLD(w);
    write_many(w, 5, 50);
    w->model.mute_receipts = true;
    office_start(w);
    world_run(w);
    assert_int_equal(w->connects, 1);
    office_advance(w, 60 * ESEP_SECOND);
    world_run(w); /* PING and PONG do not excuse it */
    office_advance(w, 61 * ESEP_SECOND);
    office_effects(w);
    assert_int_equal(office_status(w).state, AGENT_OFFLINE);
    assert_int_equal(office_status(w).why, AGENT_WHY_SILENT);
    world_free(w);
}

TEST(pings_keep_an_idle_session)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    for (int i = 0; i < 10; i++) {
        office_sleep(w, ESEP_HOUR);
        world_run(w);
    }
    assert_int_equal(w->model.pings, 10);
    assert_int_equal(w->model.ping_through, 0);
    assert_int_equal(w->connects, 1);
    world_free(w);
}

/* The line is dead and nobody says so: each further PING must not renew the wait for the first. */
TEST(a_line_that_answers_no_ping_is_left)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    for (int i = 0; i < 4; i++) {
        office_advance(w, 61 * ESEP_SECOND);
        office_effects(w);
        while (w->up.count > 0)
            queue_drop(&w->up, 0);
    }
    assert_int_equal(office_status(w).why, AGENT_WHY_SILENT);
    world_free(w);
}

/* A clerk who goes on writing on a dead line must not keep it alive by that. */
TEST(a_line_that_answers_no_batch_is_left_however_much_is_written)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    for (int i = 0; i < 20 && office_status(w).state == AGENT_ONLINE; i++) {
        office_write(w, 100);
        office_advance(w, 10 * ESEP_SECOND);
        office_effects(w);
        while (w->up.count > 0)
            queue_drop(&w->up, 0);
    }
    assert_int_equal(office_status(w).why, AGENT_WHY_SILENT);
    world_free(w);
}

TEST(no_more_than_the_credit_is_sent)
{
    WORLD(w);
    write_many(w, 400, 1000);
    w->model.window = 9000; /* less than two frames */
    w->config.frame_bytes = 8192;
    w->model.frame_bytes_max = 8192;
    office_start(w);
    assert_true(world_until(w, world_all_receipted, ESEP_MINUTE));
    assert_int_equal(w->model.refusals, 0);
    assert_int_equal(w->connects, 1);
    world_free(w);
}

TEST(a_session_without_credit_is_not_kept_for_ever)
{
    WORLD(w);
    write_many(w, 3, 100);
    w->model.window = 0;
    office_start(w);
    world_run(w);
    assert_int_equal(w->model.batches, 0);
    office_advance(w, 121 * ESEP_SECOND);
    assert_int_equal(office_status(w).state, AGENT_OFFLINE);
    w->model.window = 100000;
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    world_free(w);
}

TEST(frames_keep_to_both_bounds)
{
    WORLD(w);
    write_many(w, 100, 700);
    office_write(w, 20000); /* longer than the office's own bound, not than the collector's */
    write_many(w, 10, 700);
    w->config.frame_bytes = 4096;
    w->model.frame_bytes_max = 32768;
    office_start(w);
    assert_true(world_until(w, world_all_receipted, ESEP_MINUTE));
    assert_int_equal(w->model.frames_too_long, 0);
    assert_true(w->model.batches >= 20);
    world_free(w);
}

TEST(an_entry_that_no_frame_can_carry_is_named)
{
    WORLD(w);
    office_write(w, 9000);
    w->model.frame_bytes_max = 8192;
    office_start(w);
    world_run(w);
    assert_int_equal(office_status(w).state, AGENT_STOPPED);
    assert_int_equal(office_status(w).why, AGENT_WHY_TOO_LARGE);
    world_free(w);
}

TEST(groups_close_by_frames_and_entries)
{
    WORLD(w);
    write_many(w, 200, 1000);
    w->config.frame_bytes = 4096;
    w->config.group_frames = 4;
    w->model.frame_bytes_max = 4096;
    office_start(w);
    world_run(w);
    uint64_t groups = agent_counter(w->agent, AGENT_GROUPS);
    assert_true(groups >= w->model.batches / 4 && groups <= w->model.batches / 4 + 2);
    world_free(w);
}

TEST(a_new_entry_behind_a_long_queue_is_promised_alone)
{
    WORLD(w);
    write_many(w, 200, 1000);
    w->config.frame_bytes = 4096;
    w->socket_frames = 1;
    office_start(w);
    while (w->model.tail < 20) {
        office_effects(w);
        link_up_one(w);
        link_down_one(w);
    }
    office_write(w, 1000);
    for (int i = 0; i < 3; i++) {
        office_effects(w);
        link_up_one(w);
    }
    assert_int_equal(w->model.heads_alone, 0); /* not for each one of a burst */
    office_advance(w, 3 * ESEP_SECOND);
    for (int i = 0; i < 3; i++) {
        office_effects(w);
        link_up_one(w);
    }
    assert_int_equal(w->model.heads_alone, 1);
    assert_int_equal(w->model.promised, 201);
    assert_true(w->model.tail < 100);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 201);
    assert_int_equal(w->disk.promised_seq, 201);
    world_free(w);
}

TEST(a_socket_that_is_full_holds_up_no_receipt)
{
    WORLD(w);
    write_many(w, 100, 1000);
    w->config.frame_bytes = 4096;
    w->config.group_frames = 1;
    w->socket_frames = 1;
    office_start(w);
    while (w->model.seq < 10) {
        office_effects(w);
        link_up_one(w);
        if (w->model.seq == 0)
            link_down_one(w);
    }
    office_effects(w);
    w->socket_full = true;
    while (link_down_one(w))
        office_effects(w);
    assert_int_equal(w->disk.receipted_seq, w->model.seq);
    assert_int_equal(agent_peek(w->agent)->kind, AGENT_EFFECT_SEND);
    assert_true(agent_deadline(w->agent) > w->now); /* nothing to spin for */
    w->socket_full = false;
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 100);
    world_free(w);
}

TEST(draining_finishes_what_is_under_way_and_no_more)
{
    WORLD(w);
    write_many(w, 200, 1000);
    w->config.frame_bytes = 4096;
    w->config.group_frames = 8;
    w->socket_frames = 1;
    office_start(w);
    while (w->model.tail < 8) {
        office_effects(w);
        link_up_one(w);
        link_down_one(w);
    }
    agent_drain(w->agent, w->now);
    world_run(w);
    assert_true(agent_drained(w->agent));
    assert_false(w->connected);
    assert_true(w->model.seq < 30 && w->model.seq > 0);
    assert_int_equal(w->disk.receipted_seq, w->model.seq);
    assert_int_equal(agent_deadline(w->agent), ESEP_TIME_NEVER);
    world_free(w);
}

TEST(draining_while_offline_ends_at_once)
{
    WORLD(w);
    w->refuse_connect = true;
    office_start(w);
    office_effects(w);
    agent_drain(w->agent, w->now);
    office_effects(w);
    assert_true(agent_drained(w->agent));
    world_free(w);
}

TEST(a_clock_set_back_moves_the_timers)
{
    WORLD(w);
    w->refuse_connect = true;
    office_start(w);
    office_effects(w);
    office_advance(w, 31 * ESEP_SECOND);
    assert_int_equal(office_status(w).state, AGENT_OFFLINE);
    esep_time left = office_status(w).next_try_at - w->now;
    office_advance(w, -365 * ESEP_DAY);
    assert_int_equal(office_status(w).next_try_at - w->now, left);
    world_free(w);
}

TEST(bad_configs_and_journals_are_refused)
{
    WORLD(w);
    struct esep_reason reason;
    struct agent *a = NULL;
    struct agent_config c = w->config;
    c.office = 0;
    assert_int_equal(agent_new(&a, &c, &w->disk, 0, &reason), ESEP_INVALID);
    c = w->config;
    c.broker_count = 0;
    assert_int_equal(agent_new(&a, &c, &w->disk, 0, &reason), ESEP_INVALID);
    c = w->config;
    c.frame_bytes = 100;
    assert_int_equal(agent_new(&a, &c, &w->disk, 0, &reason), ESEP_INVALID);
    c = w->config;
    c.backoff_cap = 1;
    assert_int_equal(agent_new(&a, &c, &w->disk, 0, &reason), ESEP_INVALID);
    struct agent_journal j = w->disk;
    j.receipted_seq = 5;
    assert_int_equal(agent_new(&a, &w->config, &j, 0, &reason), ESEP_CORRUPT);
    assert_null(a);
    agent_free(NULL);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backlog_is_promised_first_and_then_drained),
        cmocka_unit_test(an_entry_written_while_online_goes_out_at_once),
        cmocka_unit_test(the_commitment_quotes_the_last_checkpoint),
        cmocka_unit_test(only_a_stored_receipt_counts),
        cmocka_unit_test(a_full_journal_is_loud_and_keeps_what_was_proved),
        cmocka_unit_test(a_journal_that_cannot_be_written_stops_the_uplink),
        cmocka_unit_test(receipts_that_wait_are_bounded),
        cmocka_unit_test(a_forged_receipt_is_refused),
        cmocka_unit_test(a_signed_receipt_over_another_hash_is_a_fork),
        cmocka_unit_test(a_receipt_for_what_was_never_signed_is_ignored),
        cmocka_unit_test(a_lost_receipt_is_asked_for_after_the_next_welcome),
        cmocka_unit_test(a_lost_receipt_is_asked_for_on_little_credit),
        cmocka_unit_test(a_silent_collector_is_left),
        cmocka_unit_test(pings_keep_an_idle_session),
        cmocka_unit_test(a_line_that_answers_no_ping_is_left),
        cmocka_unit_test(a_line_that_answers_no_batch_is_left_however_much_is_written),
        cmocka_unit_test(no_more_than_the_credit_is_sent),
        cmocka_unit_test(a_session_without_credit_is_not_kept_for_ever),
        cmocka_unit_test(frames_keep_to_both_bounds),
        cmocka_unit_test(an_entry_that_no_frame_can_carry_is_named),
        cmocka_unit_test(groups_close_by_frames_and_entries),
        cmocka_unit_test(a_new_entry_behind_a_long_queue_is_promised_alone),
        cmocka_unit_test(a_socket_that_is_full_holds_up_no_receipt),
        cmocka_unit_test(draining_finishes_what_is_under_way_and_no_more),
        cmocka_unit_test(draining_while_offline_ends_at_once),
        cmocka_unit_test(a_clock_set_back_moves_the_timers),
        cmocka_unit_test(bad_configs_and_journals_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
