/* tests/unit/agent/core_file_test.c - files: do their bytes go up behind everything else, each
 * once, and from where the collector says? */
#include "core_file_world.h"

TEST(a_file_goes_up_and_its_receipt_is_stored)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    depot_start_with(w, &scan);
    assert_int_equal(depot.offers, 1);
    assert_int_equal(depot.bytes, SIZE); /* each byte once */
    assert_int_equal(depot.longest, 8 * KIB);
    assert_int_equal(w->evidence_count, 1);
    assert_true(esep_hash_equal(&w->evidence[0].sha256, &scan.sha256));
    assert_int_equal(office_status(w).file_count, 0);
    assert_int_equal(agent_counter(w->agent, AGENT_FILE_BYTES), SIZE);
    assert_int_equal(agent_counter(w->agent, AGENT_EVIDENCE_RECEIPTS), 1);
    /* The place in the log that its receipt named is quoted from now on. */
    office_write(w, 10);
    world_run(w);
    assert_true(w->model.last_commitment.checkpoint_size > 0);
    world_free(w);
}

/* Its battery is empty and somebody set it wrong: simulator, profile everything, seed 881. */
TEST(a_file_goes_up_from_an_office_whose_clock_stands_before_1970)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    w->now = -10 * 365 * ESEP_DAY;
    depot_start_with(w, &scan);
    assert_int_equal(w->evidence_count, 1);
    world_free(w);
}

TEST(a_collector_of_the_old_make_hears_nothing_of_files)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    w->model.on_file = NULL;
    office_write(w, 10);
    depot_start_with(w, &scan);
    office_advance(w, ESEP_HOUR);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 1);
    assert_int_equal(office_status(w).file_count, 1);
    assert_int_equal(depot_view_of(w, 0).state, AGENT_FILE_WAITING);
    /* It was upgraded. */
    w->model.on_file = depot_on_file;
    link_break(w);
    office_sleep(w, ESEP_HOUR);
    world_run(w);
    assert_int_equal(w->evidence_count, 1);
    world_free(w);
}

TEST(said_twice_it_is_one_and_the_list_has_an_end)
{
    WORLD(w);
    office_start(w);
    for (uint32_t i = 0; i < AGENT_FILE_LIST_MAX; i++) {
        struct agent_file file = depot_file_of(0, KIB);
        esep_be32_put(file.sha256.bytes, i);
        assert_true(agent_on_file(w->agent, &file, w->now));
        assert_true(agent_on_file(w->agent, &file, w->now));
    }
    const struct agent_file more = depot_file_of(9, KIB);
    assert_false(agent_on_file(w->agent, &more, w->now));
    struct agent_status s = office_status(w);
    assert_int_equal(s.file_count, AGENT_FILE_LIST_MAX);
    assert_int_equal(s.file_bytes, AGENT_FILE_LIST_MAX * KIB);
    struct agent_file_view view;
    assert_false(agent_file_get(w->agent, AGENT_FILE_LIST_MAX, &view));
    world_free(w);
}

/* A report that is written while a scan goes up waits for no more than what is in the air. */
TEST(a_report_waits_for_one_chunk)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    w->socket_frames = 1;
    office_start(w);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    world_run(w);
    for (int i = 0; i < 5; i++) {
        link_up_one(w);
        office_effects(w);
    }
    assert_int_equal(w->evidence_count, 1); /* all of it, where nothing else comes */

    const struct agent_file photo = depot_file_of(2, SIZE);
    depot.mute = true; /* so that nothing but the window ends it */
    assert_true(agent_on_file(w->agent, &photo, w->now));
    world_run(w);
    depot.mute = false;
    depot_answer(w, depot_kept_of(&photo), false);
    link_down_one(w);
    office_effects(w);
    assert_int_equal(w->up.count, 1); /* a chunk is in the socket, another waits for it */
    office_write(w, 100);
    office_effects(w);
    uint64_t before = depot.chunks;
    while (w->model.seq == 0) {
        assert_true(link_up_one(w));
        office_effects(w);
    }
    assert_true(depot.chunks - before <= 2);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 1);
    assert_int_equal(w->evidence_count, 2);
    world_free(w);
}

TEST(what_the_socket_has_enough_of_waits_and_a_report_does_not)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    office_start(w);
    world_run(w);
    agent_hold_files(w->agent, true, w->now);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    world_run(w);
    assert_int_equal(depot_view_of(w, 0).state, AGENT_FILE_SENDING); /* asked about it is */
    office_write(w, 100);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 1);
    assert_int_equal(depot.bytes, 0);
    agent_hold_files(w->agent, false, w->now);
    world_run(w);
    assert_int_equal(depot.bytes, SIZE);
    assert_int_equal(w->evidence_count, 1);
    world_free(w);
}

TEST(no_more_is_under_way_than_may_be)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    w->config.chunk_bytes = 4 * KIB;
    office_start(w);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    depot.mute = true;
    world_run(w);
    depot.mute = false;
    depot_say_state(w, &scan, 0, SIZE, false);
    depot.mute = true;
    world_run(w);
    assert_int_equal(depot.bytes, 8 * KIB); /* two chunks in the air */
    struct agent_file_view view = depot_view_of(w, 0);
    assert_int_equal(view.state, AGENT_FILE_SENDING);
    assert_int_equal(view.sent_bytes, 8 * KIB);
    assert_int_equal(view.held_bytes, 0);
    /* The collector's credit may be less. */
    depot.mute = false;
    depot_say_state(w, &scan, 8 * KIB, 9 * KIB, true);
    depot.mute = true;
    world_run(w);
    assert_int_equal(depot.bytes, 9 * KIB);
    assert_int_equal(office_status(w).file_held_bytes, 8 * KIB);
    /* Less than a piece may be: until there is more. */
    depot.mute = false;
    depot_say_state(w, &scan, 9 * KIB, 9 * KIB + 500, false);
    depot.mute = true;
    world_run(w);
    assert_int_equal(depot.bytes, 9 * KIB);
    /* What cannot be is passed over. */
    depot.mute = false;
    depot_say_state(w, &scan, 0, SIZE + 1, true);
    depot_say_state(w, &scan, 10 * KIB, 9 * KIB, true);
    depot.mute = true;
    world_run(w);
    assert_int_equal(depot.bytes, 9 * KIB);
    world_free(w);
}

TEST(chunks_fit_the_collectors_frames)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    w->config.chunk_bytes = 64 * KIB;
    w->model.frame_bytes_max = 5 * KIB;
    depot_start_with(w, &scan);
    assert_int_equal(w->evidence_count, 1);
    assert_true(depot.longest <= 5 * KIB - 200);
    world_free(w);
}

TEST(it_goes_on_where_it_broke_off)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    office_start(w);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    for (int round = 0; round < 3; round++) {
        while (depot_kept_of(&scan)->have < (uint64_t)(round + 1) * 16 * KIB) {
            office_effects(w);
            if (!link_up_one(w) && !link_down_one(w))
                office_sleep(w, ESEP_MINUTE);
        }
        if (round == 1) {
            office_crash(w);
            assert_true(agent_on_file(w->agent, &scan, w->now));
        } else {
            link_break(w);
        }
    }
    for (int i = 0; i < 20 && w->evidence_count == 0; i++) {
        world_run(w);
        office_sleep(w, ESEP_MINUTE);
    }
    assert_int_equal(w->evidence_count, 1);
    assert_true(depot.bytes <= SIZE + 6 * 8 * KIB); /* but for what was in the air */
    world_free(w);
}

/* A chunk was lost: from there on again, once, although all that was behind it says so. */
TEST(a_lost_chunk_is_sent_again)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    w->config.flight_bytes = 32 * KIB;
    office_start(w);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    while (w->up.count < 3 || depot.offers == 0) {
        office_effects(w);
        if (depot.offers == 0)
            link_up_one(w);
        link_down_one(w);
    }
    queue_drop(&w->up, 0);
    world_run(w);
    assert_int_equal(w->evidence_count, 1);
    assert_true(depot.bytes <= SIZE + 32 * KIB);
    world_free(w);
}

TEST(silence_is_ended_by_another_offer)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    office_start(w);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    depot.mute = true;
    world_run(w);
    assert_int_equal(depot.offers, 1);
    assert_int_equal(depot_view_of(w, 0).state, AGENT_FILE_ASKED);
    depot.mute = false;
    depot.mute_receipts = true;
    office_advance(w, 121 * ESEP_SECOND);
    world_run(w);
    assert_int_equal(depot.offers, 2);
    assert_int_equal(depot.bytes, SIZE); /* all there, and its receipt was lost */
    assert_int_equal(w->evidence_count, 0);
    depot.mute_receipts = false;
    office_advance(w, 121 * ESEP_SECOND);
    world_run(w);
    assert_int_equal(w->evidence_count, 1);
    assert_int_equal(depot.bytes, SIZE);
    world_free(w);
}

/* Offers that are repeated into a line that is dead do not stand for the PING that would find it
 * so. */
TEST(a_dead_line_is_found_behind_files)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    office_start(w);
    world_run(w);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    for (int i = 0; i < 40 && office_status(w).state == AGENT_ONLINE; i++) {
        office_effects(w);
        queue_clear(&w->up);
        office_advance(w, 30 * ESEP_SECOND);
    }
    assert_int_equal(office_status(w).state, AGENT_OFFLINE);
    assert_int_equal(office_status(w).why, AGENT_WHY_SILENT);
    world_free(w);
}

TEST(two_are_in_hand_and_the_rest_waits)
{
    WORLD(w);
    office_start(w);
    for (uint8_t i = 1; i <= 5; i++) {
        const struct agent_file file = depot_file_of(i, 20 * KIB);
        assert_true(agent_on_file(w->agent, &file, w->now));
    }
    depot.mute = true;
    world_run(w);
    assert_int_equal(depot.offered, 2);
    assert_true(agent_deadline(w->agent) > w->now); /* the others do not spin the shell */
    depot.mute = false;
    office_advance(w, 121 * ESEP_SECOND);
    world_run(w);
    assert_int_equal(w->evidence_count, 5);
    assert_int_equal(depot.bytes, 5 * 20 * KIB);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_goes_up_and_its_receipt_is_stored),
        cmocka_unit_test(a_file_goes_up_from_an_office_whose_clock_stands_before_1970),
        cmocka_unit_test(a_collector_of_the_old_make_hears_nothing_of_files),
        cmocka_unit_test(said_twice_it_is_one_and_the_list_has_an_end),
        cmocka_unit_test(a_report_waits_for_one_chunk),
        cmocka_unit_test(what_the_socket_has_enough_of_waits_and_a_report_does_not),
        cmocka_unit_test(no_more_is_under_way_than_may_be),
        cmocka_unit_test(chunks_fit_the_collectors_frames),
        cmocka_unit_test(it_goes_on_where_it_broke_off),
        cmocka_unit_test(a_lost_chunk_is_sent_again),
        cmocka_unit_test(silence_is_ended_by_another_offer),
        cmocka_unit_test(a_dead_line_is_found_behind_files),
        cmocka_unit_test(two_are_in_hand_and_the_rest_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
