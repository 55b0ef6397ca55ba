/* Numbers that come twice, half, too early, during a commit or under another head: each entry is
 * taken once, and whoever sends is told where to go on. */
#include "ingest_world.h"

static void write_many(struct sim_office *o, struct ingest *g, int count)
{
    for (int i = 0; i < count; i++)
        sim_write(o, g, KEY_1_MOH);
}

static void commit_all(struct ingest *g)
{
    while (g->pending != NULL)
        ingest_commit(g, ESEP_OK);
}

static uint64_t broken_at; /* the sequence that cannot be looked up; 0: none can */
static enum esep_status broken_lookup(void *context, uint32_t office, uint32_t epoch, uint64_t seq,
                                      uint64_t *ret_index, struct esep_leaf *ret_leaf)
{
    (void)context;
    (void)office;
    (void)epoch;
    (void)ret_index;
    (void)ret_leaf;
    return broken_at == 0 || seq == broken_at ? ESEP_IO : ESEP_NOT_FOUND;
}

/* A repeat that cannot be compared is neither taken nor called a fork. */
static void a_repeat_that_the_log_cannot_show(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 21);
    sim_batch(o, &g, 1, 20, true);
    sim_forget(o);
    collector_set_lookup(g.core, broken_lookup, &g);
    broken_at = 0;
    const struct {
        uint64_t first, last;
    } repeats[] = {{5, 7}, {1, 7}}; /* what stands before it; what stands at its end */
    for (size_t i = 0; i < 2; i++) {
        g.world.now += ESEP_SECOND;
        sim_forget(o);
        sim_batch(o, &g, repeats[i].first, repeats[i].last, false);
        assert_true(sim_refused(o, REASON(GAP)));
        assert_int_equal(sim_last(o, KIND(REFUSAL))->refusal.seq, 20);
        assert_int_equal(sim_count(o, KIND(RECEIPT)), 0);
    }
    collector_set_lookup(g.core, NULL, NULL);
    g.world.now += ESEP_SECOND;
    sim_forget(o);
    sim_batch(o, &g, 5, 7, false);
    assert_true(sim_refused(o, REASON(GAP)));
    assert_int_equal(collector_counter(g.core, COLLECTOR_REPEATS), 0);
    assert_int_equal(collector_counter(g.core, COLLECTOR_FORKS), 0);
    sim_batch(o, &g, 21, 21, true); /* the session lives */
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 21);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 21);
    ingest_end(&g);
}

/* Entries 1..3 are covered and wait for the disk; of what follows them a part comes again. */
static void a_cut_behind_what_is_covered_keeps_the_cover(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *busy = sim_active(&g, "akmola");
    write_many(o, &g, 6);
    sim_write(busy, &g, KEY_1_AKMOLA);
    sim_hello(o, &g);
    sim_hello(busy, &g);
    g.auto_commit = false;
    sim_batch(busy, &g, 1, 1, true); /* the disk works */
    sim_batch(o, &g, 1, 3, true);
    sim_batch(o, &g, 4, 5, false);
    sim_batch(o, &g, 5, 6, false); /* 5 again */
    sim_forget(o);
    commit_all(&g);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 3);
    sim_batch(o, &g, 7, 6, true); /* the head alone, over what waits */
    commit_all(&g);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 6);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 7);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* What was covered is sent anew, without a head: it waits for one again. */
static void what_is_sent_anew_loses_its_cover(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *busy = sim_active(&g, "akmola");
    write_many(o, &g, 3);
    sim_write(busy, &g, KEY_1_AKMOLA);
    sim_hello(o, &g);
    sim_hello(busy, &g);
    g.auto_commit = false;
    sim_batch(busy, &g, 1, 1, true);
    sim_batch(o, &g, 1, 3, true);
    sim_batch(o, &g, 1, 2, false);
    sim_forget(o);
    commit_all(&g);
    assert_int_equal(sim_count(o, KIND(RECEIPT)), 0);
    assert_int_equal(sim_count(o, KIND(REFUSAL)), 0);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 1);
    sim_batch(o, &g, 3, 3, true);
    commit_all(&g);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 3);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* The office began a new epoch while entries of the old one, covered, waited for the disk. */
static void a_new_epoch_overtakes_what_waits(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *busy = sim_active(&g, "akmola");
    write_many(o, &g, 2);
    sim_write(busy, &g, KEY_1_AKMOLA);
    struct sim_office *recovered = sim_copy(&g, o);
    sim_new_epoch(recovered, &g);
    write_many(recovered, &g, 1);
    sim_hello(o, &g);
    sim_hello(recovered, &g);
    sim_hello(busy, &g);
    g.auto_commit = false;
    sim_batch(busy, &g, 1, 1, true);
    sim_batch(o, &g, 1, 2, true);
    write_many(recovered, &g, 64);
    sim_batch(recovered, &g, 1, recovered->seq, true); /* so many join the batch at once */
    sim_forget(o);
    commit_all(&g);
    assert_int_equal(sim_last(recovered, KIND(RECEIPT))->receipt.epoch, 2);
    assert_true(sim_refused(o, REASON(GAP)));
    assert_int_equal(sim_count(o, KIND(RECEIPT)), 0);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 1 + recovered->seq);
    g.world.now += ESEP_SECOND;
    sim_batch(o, &g, 1, 2, true);
    assert_true(sim_refused(o, REASON(BEHIND))); /* and its session ends */
    commit_all(&g);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void small_pool(struct collector_config *config)
{
    config->ingest_bytes_max = 2 * config->frame_bytes_max;
}

static void leave_waiting(struct sim_office *o, struct ingest *g, size_t bytes, bool head)
{
    static uint8_t big[30000];
    uint64_t first = o->seq + 1;
    for (size_t left = bytes; left > 0; left -= sizeof big)
        sim_write_bytes(o, g, big, sizeof big);
    sim_batch(o, g, first, o->seq, head);
}

/* In a full pool who went silent gives way, but not what is signed and waits for the disk, nor who
 * has nothing there. */
static void who_gives_way_in_a_full_pool(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, small_pool);
    struct sim_office *busy = sim_active(&g, "moj");
    struct sim_office *idle = sim_active(&g, "court");
    struct sim_office *covered = sim_active(&g, "moh");
    struct sim_office *silent = sim_active(&g, "akmola");
    struct sim_office *asks = sim_active(&g, "akmola");
    sim_write(busy, &g, KEY_1_MOJ);
    struct sim_office *all[] = {busy, idle, covered, silent, asks};
    for (size_t i = 0; i < 5; i++)
        sim_hello(all[i], &g);
    g.auto_commit = false;
    sim_batch(busy, &g, 1, 1, true);
    leave_waiting(covered, &g, 30000, true);
    leave_waiting(silent, &g, 60000, false);
    g.world.now += ESEP_MINUTE;
    sim_forget(asks);
    leave_waiting(asks, &g, 60000, false); /* more than is left beside both */
    assert_int_equal(asks->heard_count, 0);
    sim_batch(asks, &g, 3, 2, true);
    commit_all(&g);
    assert_int_equal(sim_last(covered, KIND(RECEIPT))->receipt.through_seq, 1);
    assert_int_equal(sim_last(asks, KIND(RECEIPT))->receipt.through_seq, 2);
    sim_batch(silent, &g, 3, 2, true); /* the head over entries that are gone: a promise */
    commit_all(&g);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 4);
    leave_waiting(silent, &g, 30000, false);
    assert_true(sim_refused(silent, REASON(GAP)));
    assert_int_equal(sim_last(silent, KIND(REFUSAL))->refusal.seq, 0);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void narrow_batches(struct collector_config *config)
{
    config->batch_bytes_max = 2 * config->frame_bytes_max;
}

/* Tiny entries: their frames are within the credit, what they cost here is not within a batch. */
static void more_than_a_batch_can_hold_does_not_wait(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, narrow_batches);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    for (int i = 0; i < 4000; i++)
        sim_write_bytes(o, &g, "x", 1);
    sim_forget(o);
    sim_batch(o, &g, 1, 4000, false);
    assert_true(sim_refused(o, REASON(LIMIT)));
    assert_int_equal(sim_last(o, KIND(REFUSAL))->refusal.seq, 0);
    sim_batch(o, &g, 1, 1000, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 1000);
    ingest_end(&g);
}

static void few_records(struct collector_config *config)
{
    config->batch_records_max = 200;
}

/* Enough to be settled at once, but the open batch has no room: first in line for the next one. */
static void a_group_that_finds_the_open_batch_full(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, few_records);
    struct sim_office *busy = sim_active(&g, "moj");
    struct sim_office *first = sim_active(&g, "akmola");
    struct sim_office *second = sim_active(&g, "moh");
    sim_write(busy, &g, KEY_1_MOJ);
    for (int i = 0; i < 150; i++)
        sim_write(first, &g, KEY_1_AKMOLA);
    write_many(second, &g, 70);
    sim_hello(busy, &g);
    sim_hello(first, &g);
    sim_hello(second, &g);
    g.auto_commit = false;
    sim_batch(busy, &g, 1, 1, true);
    sim_batch(first, &g, 1, 150, true);
    sim_batch(second, &g, 1, 40, false);
    sim_batch(second, &g, 41, 70, true);
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(g.pending->record_count, 151);
    ingest_commit(&g, ESEP_OK);
    assert_non_null(g.pending);
    commit_all(&g);
    assert_int_equal(sim_last(first, KIND(RECEIPT))->receipt.through_seq, 150);
    assert_int_equal(sim_last(second, KIND(RECEIPT))->receipt.through_seq, 70);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 221);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* Heads without entries, or behind them, that belong elsewhere. */
static void heads_of_another_office_or_epoch(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    write_many(o, &g, 4);
    for (int i = 0; i < 4; i++) {
        struct esep_commitment c = sim_commit(o, &g, 4);
        c.office += i % 2 == 0 ? 1 : 0;
        c.epoch += i % 2 == 0 ? 0 : 1;
        esep_commitment_sign(&g.log_id, &c, &o->sign);
        sim_hello(o, &g);
        g.world.now += ESEP_SECOND;
        sim_forget(o);
        if (i < 2)
            sim_batch_with(o, &g, 1, 4, &c);
        else
            sim_batch_with(o, &g, 5, 4, &c);
        assert_true(sim_refused(o, REASON(BAD_SIGNATURE)));
        assert_int_equal(sim_count(o, KIND(RECEIPT)), 0);
    }
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 0);
    assert_int_equal(collector_counter(g.core, COLLECTOR_BAD_SIGNATURES), 4);
    ingest_end(&g);
}

static void heads_alone(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    write_many(o, &g, 2);
    sim_hello(o, &g);
    write_many(o, &g, 4);
    size_t logged = g.world.log_count;
    /* A promise that is not signed. */
    struct esep_commitment c = sim_commit(o, &g, 6);
    c.signature[0] ^= 1;
    sim_forget(o);
    sim_batch_with(o, &g, 7, 6, &c);
    assert_true(sim_refused(o, REASON(BAD_SIGNATURE)));
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 1);
    assert_int_equal(g.world.log_count, logged + 1);
    /* The head of a part of what waits: it covers nothing, and costs nothing. */
    sim_batch(o, &g, 1, 4, false);
    g.world.now += ESEP_SECOND;
    sim_forget(o);
    sim_batch(o, &g, 3, 2, true);
    assert_int_equal(o->heard_count, 0);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 0);
    /* Neither a head nor entries. */
    sim_batch_with(o, &g, 5, 4, NULL);
    assert_int_equal(o->heard_count, 0);
    /* For what waits, over another hash: signed badly it shows nothing ... */
    c = sim_commit(o, &g, 4);
    c.head.bytes[0] ^= 1;
    sim_batch_with(o, &g, 5, 4, &c);
    assert_true(sim_refused(o, REASON(BAD_SIGNATURE)));
    assert_int_equal(collector_counter(g.core, COLLECTOR_FORKS), 0);
    /* ... signed by the office it is proof. */
    sim_batch(o, &g, 1, 4, false);
    esep_commitment_sign(&g.log_id, &c, &o->sign);
    sim_batch_with(o, &g, 5, 4, &c);
    assert_true(sim_refused(o, REASON(FORK)));
    assert_int_equal(collector_counter(g.core, COLLECTOR_FORKS), 1);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 0);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeat_that_the_log_cannot_show),
        cmocka_unit_test(a_cut_behind_what_is_covered_keeps_the_cover),
        cmocka_unit_test(what_is_sent_anew_loses_its_cover),
        cmocka_unit_test(a_new_epoch_overtakes_what_waits),
        cmocka_unit_test(who_gives_way_in_a_full_pool),
        cmocka_unit_test(more_than_a_batch_can_hold_does_not_wait),
        cmocka_unit_test(a_group_that_finds_the_open_batch_full),
        cmocka_unit_test(heads_of_another_office_or_epoch),
        cmocka_unit_test(heads_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
