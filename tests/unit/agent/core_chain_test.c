/* Two chains compared: what is sent after a break, a restore, a fork, a flipped bit? */
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

TEST(after_a_break_nothing_that_is_held_is_sent_again)
{
    WORLD(w);
    write_many(w, 50, 1000);
    w->config.frame_bytes = 4096;
    w->config.group_frames = 1;
    office_start(w);
    while (w->model.seq < 20) {
        office_effects(w);
        link_up_one(w);
        link_down_one(w);
    }
    link_break(w);
    assert_int_equal(office_status(w).why, AGENT_WHY_LOST);
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    assert_int_equal(w->model.repeats, 0);
    assert_int_equal(w->model.hellos, 2);
    world_free(w);
}

TEST(a_restored_collector_is_sent_what_it_lacks)
{
    WORLD(w);
    write_many(w, 30, 100);
    office_start(w);
    world_run(w);
    model_restore(w, 12, 14);
    size_t before = w->receipt_count;
    link_break(w);
    office_sleep(w, ESEP_MINUTE);
    world_run(w);
    assert_int_equal(w->model.seq, 30);
    assert_true(office_status(w).collector_restored);
    assert_true(w->receipt_count > before); /* with the new log's indexes */
    assert_int_equal(w->model.alarms, 0);
    world_free(w);
}

TEST(a_collector_that_lacks_what_was_pruned_is_a_gap)
{
    WORLD(w);
    write_many(w, 30, 100);
    office_start(w);
    world_run(w);
    w->disk.oldest_seq = 21;
    w->disk.base = w->entries[20].chain;
    agent_on_pruned(w->agent, 21, &w->disk.base, w->now);
    w->model.seq = 20; /* just enough */
    link_break(w);
    office_sleep(w, ESEP_MINUTE);
    world_run(w);
    assert_int_equal(w->model.seq, 30);
    w->model.seq = 19;
    link_break(w);
    office_sleep(w, ESEP_MINUTE);
    world_run(w);
    assert_int_equal(office_status(w).state, AGENT_STOPPED);
    assert_int_equal(office_status(w).why, AGENT_WHY_GAP);
    world_free(w);
}

TEST(a_fork_within_the_chain_is_seen_before_anything_is_sent)
{
    WORLD(w);
    write_many(w, 30, 100);
    w->model.epoch = 1;
    w->model.seq = 10;
    for (uint64_t n = 0; n <= 10; n++)
        w->model.heads[n] = w->entries[n].chain;
    w->model.heads[10].bytes[3] ^= 1;
    w->model.no_receipt_after_welcome = true;
    office_start(w);
    world_run(w);
    assert_int_equal(w->model.batches, 0);
    assert_int_equal(office_status(w).state, AGENT_STOPPED);
    assert_int_equal(office_status(w).why, AGENT_WHY_FORK);
    world_free(w);
}

TEST(a_restored_office_is_behind_and_stops)
{
    WORLD(w);
    write_many(w, 30, 100);
    office_start(w);
    world_run(w);
    agent_free(w->agent);
    w->agent = NULL;
    w->disk.last_seq = w->last = 20;
    w->disk.head = w->entries[20].chain;
    w->disk.receipted_seq = w->disk.promised_seq = 20;
    w->connected = false;
    office_start(w);
    world_run(w);
    assert_int_equal(w->model.alarms, 1);
    assert_int_equal(office_status(w).state, AGENT_STOPPED);
    assert_int_equal(office_status(w).why, AGENT_WHY_BEHIND);
    assert_int_equal(w->disk.receipted_seq, 20);
    w->last = 30;
    world_free(w);
}

TEST(an_entry_changed_on_disk_stops_before_it_is_sent)
{
    WORLD(w);
    write_many(w, 30, 100);
    w->entries[17].data[5] ^= 1;
    office_start(w);
    world_run(w);
    assert_int_equal(office_status(w).state, AGENT_STOPPED);
    assert_int_equal(office_status(w).why, AGENT_WHY_JOURNAL);
    assert_true(w->model.tail < 17);
    world_free(w);
}

TEST(a_journal_that_cannot_be_read_stops)
{
    WORLD(w);
    write_many(w, 3, 100);
    w->read_answer = ESEP_CORRUPT;
    office_start(w);
    world_run(w);
    assert_int_equal(office_status(w).state, AGENT_STOPPED);
    assert_int_equal(office_status(w).why, AGENT_WHY_JOURNAL);
    w->read_answer = ESEP_OK;
    agent_now(w->agent, w->now); /* repaired, a person says so */
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 3);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_break_nothing_that_is_held_is_sent_again),
        cmocka_unit_test(a_restored_collector_is_sent_what_it_lacks),
        cmocka_unit_test(a_collector_that_lacks_what_was_pruned_is_a_gap),
        cmocka_unit_test(a_fork_within_the_chain_is_seen_before_anything_is_sent),
        cmocka_unit_test(a_restored_office_is_behind_and_stops),
        cmocka_unit_test(an_entry_changed_on_disk_stops_before_it_is_sent),
        cmocka_unit_test(a_journal_that_cannot_be_read_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
