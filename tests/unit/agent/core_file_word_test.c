/* tests/unit/agent/core_file_word_test.c - files: what the collector says of one. Does nothing but
 * a proven receipt that is stored take it off the list, and is every refusal shown and tried again?
 */
#include "core_file_world.h"

TEST(refused_files_are_shown_and_tried_again)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    depot.refuses = REASON(FULL);
    depot.retry_after_ms = 60000;
    depot_start_with(w, &scan);
    struct agent_file_view view = depot_view_of(w, 0);
    assert_int_equal(view.state, AGENT_FILE_REFUSED);
    assert_int_equal(view.refusal, REASON(FULL));
    assert_string_equal(view.text, "not now nor ever"); /* a stranger's words, on one line */
    assert_int_equal(view.next_try_at, w->now + ESEP_MINUTE);
    assert_int_equal(office_status(w).files_refused, 1);
    assert_true(w->notifies > 0);
    /* It stays so in a new session; without a time, or with too long a one, our own holds. */
    link_break(w);
    office_sleep(w, ESEP_SECOND);
    world_run(w);
    assert_int_equal(depot.offers, 1);
    depot.retry_after_ms = 0;
    office_advance(w, ESEP_MINUTE);
    world_run(w);
    assert_int_equal(depot.offers, 2);
    assert_int_equal(depot_view_of(w, 0).next_try_at, w->now + 15 * ESEP_MINUTE);
    depot.retry_after_ms = UINT32_MAX;
    office_advance(w, 15 * ESEP_MINUTE);
    world_run(w);
    assert_int_equal(depot_view_of(w, 0).next_try_at, w->now + 15 * ESEP_MINUTE);
    depot.refuses = REASON(WAIT);
    depot.retry_after_ms = 10000;
    office_advance(w, 15 * ESEP_MINUTE);
    world_run(w);
    assert_int_equal(depot_view_of(w, 0).state, AGENT_FILE_WAITING);
    depot.refuses = 0;
    office_advance(w, 10 * ESEP_SECOND);
    world_run(w);
    assert_int_equal(w->evidence_count, 1);
    world_free(w);
}

/* No taken report names it: asked once in a session, and when the journal says it again. */
TEST(denied_files_are_not_asked_about_for_ever)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    depot.refuses = REASON(DENIED);
    depot.retry_after_ms = 1000;
    depot_start_with(w, &scan);
    office_advance(w, ESEP_DAY);
    world_run(w);
    assert_int_equal(depot.offers, 1);
    assert_int_equal(depot_view_of(w, 0).next_try_at, ESEP_TIME_NEVER);
    link_break(w);
    office_sleep(w, ESEP_HOUR);
    world_run(w);
    assert_int_equal(depot.offers, 2);
    depot.refuses = 0;
    assert_true(agent_on_file(w->agent, &scan, w->now));
    world_run(w);
    assert_int_equal(depot.offers, 3);
    assert_int_equal(w->evidence_count, 1);
    world_free(w);
}

/* The collector has let go of it: offered anew, from where it stands. */
TEST(a_file_that_was_let_go)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    depot.forgets = 2;
    depot_start_with(w, &scan);
    assert_int_equal(w->evidence_count, 1);
    assert_in_range(depot.offers, 2, 3);
    depot_say_no(w, &scan, REASON(WAIT), 0); /* of what is on the list no more */
    world_run(w);
    assert_int_equal(depot.offers, depot.offers);
    world_free(w);
}

/* "Offer it first" that comes when it has been offered already asks for nothing more. */
TEST(let_go_and_already_offered)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    office_start(w);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    depot.mute = true;
    world_run(w);
    depot_say_no(w, &scan, REASON(WAIT), 0);
    world_run(w);
    assert_int_equal(depot.offers, 1);
    assert_int_equal(depot_view_of(w, 0).state, AGENT_FILE_ASKED);
    world_free(w);
}

TEST(our_own_copy_is_damaged)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    w->file_answer = ESEP_CORRUPT;
    depot_start_with(w, &scan);
    struct agent_file_view view = depot_view_of(w, 0);
    assert_int_equal(view.state, AGENT_FILE_REFUSED);
    assert_int_equal(view.refusal, REASON(UNSPECIFIED));
    assert_non_null(strstr(view.text, "attach the file again"));
    w->file_answer = ESEP_OK;
    w->file_lacks = 1; /* shorter than it was */
    office_advance(w, 15 * ESEP_MINUTE);
    world_run(w);
    assert_int_equal(depot_view_of(w, 0).state, AGENT_FILE_REFUSED);
    assert_int_equal(depot.bytes, 0);
    w->file_lacks = 0;
    office_advance(w, 15 * ESEP_MINUTE);
    world_run(w);
    assert_int_equal(w->evidence_count, 1);
    world_free(w);
}

/* It has its receipt, and the collector has lost it: once more, or "gone", said once. */
TEST(what_the_collector_lacks_goes_again)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    depot_start_with(w, &scan);
    assert_int_equal(w->evidence_count, 1);
    assert_int_equal(office_status(w).file_count, 0);
    *depot_kept_of(&scan) = (struct kept){.file = scan};
    depot_say_lacking(w, &scan);
    depot_say_lacking(w, &scan); /* said again, meanwhile */
    world_run(w);
    assert_int_equal(depot.bytes, 2 * SIZE);
    assert_int_equal(w->evidence_count, 2);
    assert_int_equal(office_status(w).file_count, 0);
    assert_int_equal(depot.gone, 0);
    *depot_kept_of(&scan) = (struct kept){.file = scan};
    w->file_answer = ESEP_NOT_FOUND;
    depot_say_lacking(w, &scan);
    world_run(w);
    assert_int_equal(depot.gone, 1);
    depot_say_lacking(w, &scan);
    world_run(w);
    assert_int_equal(depot.gone, 1);
    assert_int_equal(depot_view_of(w, 0).state, AGENT_FILE_REFUSED);
    /* A name that is none. */
    const struct agent_file none = {.size_bytes = 0};
    depot_say_lacking(w, &none);
    world_run(w);
    assert_int_equal(office_status(w).file_count, 1);
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    world_free(w);
}

/* A disk that cannot be read now is no file that is gone. */
TEST(what_cannot_be_read_now_is_not_gone)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    w->file_answer = ESEP_IO;
    depot_start_with(w, &scan);
    assert_int_equal(depot_view_of(w, 0).state, AGENT_FILE_REFUSED);
    assert_int_equal(depot.gone, 0);
    world_free(w);
}

TEST(receipts_that_prove_nothing)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    const struct agent_file other = depot_file_of(2, SIZE);
    depot.mute_receipts = true;
    depot_start_with(w, &scan);
    assert_int_equal(depot.bytes, SIZE);
    depot.mute_receipts = false;
    depot.no_proof = true;
    depot_say_receipt(w, &scan); /* it says nothing */
    depot.no_proof = false;
    w->model.tree_seen = w->disk.tree.frontier.size;
    depot_say_receipt(w, &other); /* of what nobody asked about */
    esep_buf_clear(&w->plain);    /* empty, and no message at all */
    model_send_plain(w, ESEP__V1__KIND__KIND_EVIDENCE);
    model_send_plain(w, ESEP__V1__KIND__KIND_FILE_STATE);
    assert_int_equal(esep_buf_put(&w->plain, "\xff", 1), ESEP_OK);
    model_send_plain(w, ESEP__V1__KIND__KIND_EVIDENCE);
    model_send_plain(w, ESEP__V1__KIND__KIND_FILE_STATE);
    world_run(w);
    assert_int_equal(w->evidence_count, 0);
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    /* One under a head that another key signed ends the session: it cannot be the collector's. So
     * does one whose leaf is another office's. */
    for (uint64_t refused = 1; refused <= 2; refused++) {
        depot.wrong_key = refused == 1;
        depot.wrong_office = refused == 2;
        depot_say_receipt(w, &scan);
        depot.mute_receipts = true; /* until it is asked */
        world_run(w);
        assert_int_equal(office_status(w).why, AGENT_WHY_PROTOCOL);
        assert_int_equal(agent_counter(w->agent, AGENT_RECEIPTS_REFUSED), refused);
        assert_int_equal(w->evidence_count, 0);
        office_sleep(w, ESEP_HOUR);
        world_run(w);
        depot.mute_receipts = false;
    }
    depot.wrong_office = false;
    depot_say_receipt(w, &scan);
    world_run(w);
    assert_int_equal(w->evidence_count, 1);
    world_free(w);
}

/* Stored, and not before, it is off the list. */
TEST(a_receipt_counts_when_it_is_stored)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, 4 * KIB);
    const struct agent_file photo = depot_file_of(2, 4 * KIB);
    office_start(w);
    world_run(w);
    w->hold_stores = true;
    assert_true(agent_on_file(w->agent, &scan, w->now));
    assert_true(agent_on_file(w->agent, &photo, w->now));
    world_run(w);
    assert_non_null(w->held);
    assert_int_equal(office_status(w).file_count, 2);
    assert_int_equal(depot_view_of(w, 0).state, AGENT_FILE_STORING);
    assert_int_equal(depot_view_of(w, 0).held_bytes, 4 * KIB);
    depot_say_receipt(w, &scan); /* again */
    world_run(w);
    office_advance(w, 130 * ESEP_SECOND); /* it is not offered again meanwhile */
    world_run(w);
    assert_int_equal(depot.offered, 2);
    office_store_now(w, ESEP_LIMIT); /* the disk is full: the same, later */
    world_run(w);
    assert_int_equal(office_status(w).file_count, 2);
    w->hold_stores = false;
    office_advance(w, ESEP_MINUTE);
    world_run(w);
    assert_int_equal(w->evidence_count, 2);
    assert_int_equal(office_status(w).file_count, 0);
    world_free(w);
}

/* More receipts than one STORE takes: the rest is asked for again. */
TEST(more_receipts_than_a_store_takes)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    w->hold_stores = true;
    for (uint8_t i = 1; i <= 40; i++) {
        const struct agent_file file = depot_file_of(i, KIB);
        depot_kept_of(&file)->have = KIB; /* all there already */
        assert_true(agent_on_file(w->agent, &file, w->now));
    }
    world_run(w);
    w->hold_stores = false;
    office_store_now(w, ESEP_OK);
    for (int i = 0; i < 10 && w->evidence_count < 40; i++) {
        world_run(w);
        office_advance(w, 121 * ESEP_SECOND);
    }
    assert_int_equal(w->evidence_count, 40);
    assert_int_equal(depot.bytes, 0);
    world_free(w);
}

/* The answer to READ_FILE comes when the file has its receipt, is sent from elsewhere, or never was
 * asked about. */
TEST(bytes_that_come_too_late)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    office_start(w);
    world_run(w);
    w->hold_files = true;
    assert_true(agent_on_file(w->agent, &scan, w->now));
    world_run(w);
    const struct agent_effect first = w->file_held;
    assert_int_equal(first.offset, 0);
    struct agent_effect stray = first;
    stray.token++;
    office_read_now(w, &stray);
    depot.mute = true;
    depot_kept_of(&scan)->have = 16 * KIB;
    depot.mute = false;
    depot_say_state(w, &scan, 16 * KIB, SIZE, true);
    world_run(w);
    assert_int_equal(w->file_reads, 1); /* one at a time */
    office_read_now(w, &first);
    office_read_now(w, &first); /* once more: nobody waits */
    world_run(w);
    assert_int_equal(depot.bytes, 0);
    assert_int_equal(w->file_held.offset, 16 * KIB);
    const struct agent_effect second = w->file_held;
    w->hold_stores = true;
    depot_say_receipt(w, &scan);
    world_run(w);
    office_read_now(w, &second); /* its receipt is being stored */
    office_store_now(w, ESEP_OK);
    world_run(w);
    assert_int_equal(w->evidence_count, 1);
    const struct agent_file photo = depot_file_of(2, SIZE);
    w->hold_stores = false;
    assert_true(agent_on_file(w->agent, &photo, w->now));
    world_run(w);
    const struct agent_effect third = w->file_held;
    depot_say_receipt(w, &photo);
    world_run(w);
    assert_int_equal(w->evidence_count, 2);
    office_read_now(w, &third); /* it is off the list */
    world_run(w);
    assert_int_equal(depot.bytes, 0);
    world_free(w);
}

/* Words that were swapped on the way take nothing back; ahead they lead. */
TEST(words_in_another_order)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    office_start(w);
    world_run(w);
    w->hold_files = true;
    depot.mute = true;
    assert_true(agent_on_file(w->agent, &scan, w->now));
    world_run(w);
    depot.mute = false;
    depot_say_state(w, &scan, 32 * KIB, 48 * KIB, false);
    depot_say_state(w, &scan, 16 * KIB, 40 * KIB, false);
    world_run(w);
    assert_int_equal(depot_view_of(w, 0).held_bytes, 32 * KIB);
    depot_say_state(w, &scan, 64 * KIB, SIZE, false);
    world_run(w);
    assert_int_equal(depot_view_of(w, 0).held_bytes, 64 * KIB);
    assert_int_equal(depot_view_of(w, 0).sent_bytes, 64 * KIB);
    depot_say_state(w, &scan, 8 * KIB, SIZE, true); /* its disk lost them */
    world_run(w);
    assert_int_equal(depot_view_of(w, 0).held_bytes, 8 * KIB);
    depot_say_state(w, &scan, 4 * KIB, SIZE, true); /* and more */
    world_run(w);
    assert_int_equal(depot_view_of(w, 0).held_bytes, 4 * KIB);
    world_free(w);
}

/* A broker of the old make ends the connection at the first OFFER: reports go on, files wait. */
TEST(a_broker_of_the_old_make)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    office_write(w, 10);
    office_start(w);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    depot.mute = true;
    world_run(w);
    assert_int_equal(depot.offers, 1);
    model_refuse(w, REASON(DENIED), false, 0);
    world_run(w);
    for (int i = 0; i < 5; i++) {
        office_sleep(w, ESEP_MINUTE);
        world_run(w);
    }
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    assert_int_equal(depot.offers, 1);
    office_write(w, 10);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 2);
    depot.mute = false;
    office_advance(w, -ESEP_HOUR); /* whatever its clock does */
    office_advance(w, 15 * ESEP_MINUTE);
    link_break(w);
    office_sleep(w, ESEP_HOUR);
    world_run(w);
    assert_int_equal(w->evidence_count, 1);
    /* Denied without an offer in hand, it has nothing to do with files. */
    model_refuse(w, REASON(DENIED), false, 0);
    world_run(w);
    office_sleep(w, ESEP_HOUR);
    const struct agent_file photo = depot_file_of(2, SIZE);
    assert_true(agent_on_file(w->agent, &photo, w->now));
    for (int i = 0; i < 10 && w->evidence_count < 2; i++) {
        world_run(w);
        office_sleep(w, ESEP_MINUTE);
    }
    assert_int_equal(w->evidence_count, 2);
    world_free(w);
}

/* The session that came after the denial lasts for days: the files wait for their time, not for its
 * end. */
TEST(denied_files_go_on_in_the_session_at_hand)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    office_start(w);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    depot.mute = true;
    world_run(w);
    model_refuse(w, REASON(DENIED), false, 0);
    world_run(w);
    depot.mute = false;
    while (office_status(w).state != AGENT_ONLINE) {
        office_sleep(w, ESEP_MINUTE);
        world_run(w);
    }
    const uint64_t hellos = w->model.hellos;
    for (int i = 0; i < 60 && w->evidence_count < 1; i++) {
        office_sleep(w, ESEP_MINUTE);
        world_run(w);
    }
    assert_int_equal(w->evidence_count, 1);
    assert_int_equal(w->model.hellos, hellos);
    world_free(w);
}

TEST(no_file_while_it_drains)
{
    WORLD(w);
    const struct agent_file scan = depot_file_of(1, SIZE);
    office_start(w);
    world_run(w);
    w->hold_stores = true;
    office_write(w, 10);
    world_run(w);
    agent_drain(w->agent, w->now);
    assert_true(agent_on_file(w->agent, &scan, w->now));
    world_run(w);
    assert_int_equal(depot.offers, 0);
    office_store_now(w, ESEP_OK);
    world_run(w);
    assert_true(agent_drained(w->agent));
    world_free(w);
}

TEST(chunks_of_no_size_are_refused)
{
    WORLD(w);
    const struct {
        size_t chunk, flight;
    } bad[] = {{1023, 8192}, {65537, 131072}, {8192, 8191}};
    for (size_t i = 0; i < 3; i++) {
        struct esep_reason reason = {""};
        w->config.chunk_bytes = bad[i].chunk;
        w->config.flight_bytes = bad[i].flight;
        assert_int_equal(agent_new(&w->agent, &w->config, &w->disk, w->now, &reason), ESEP_INVALID);
    }
    assert_string_equal(agent_file_state_name(AGENT_FILE_STORING), "storing");
    assert_string_equal(agent_file_state_name((enum agent_file_state)9), "unknown");
    w->agent = NULL;
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_files_are_shown_and_tried_again),
        cmocka_unit_test(denied_files_are_not_asked_about_for_ever),
        cmocka_unit_test(a_file_that_was_let_go),
        cmocka_unit_test(let_go_and_already_offered),
        cmocka_unit_test(our_own_copy_is_damaged),
        cmocka_unit_test(what_the_collector_lacks_goes_again),
        cmocka_unit_test(what_cannot_be_read_now_is_not_gone),
        cmocka_unit_test(receipts_that_prove_nothing),
        cmocka_unit_test(a_receipt_counts_when_it_is_stored),
        cmocka_unit_test(more_receipts_than_a_store_takes),
        cmocka_unit_test(bytes_that_come_too_late),
        cmocka_unit_test(words_in_another_order),
        cmocka_unit_test(a_broker_of_the_old_make),
        cmocka_unit_test(denied_files_go_on_in_the_session_at_hand),
        cmocka_unit_test(no_file_while_it_drains),
        cmocka_unit_test(chunks_of_no_size_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
