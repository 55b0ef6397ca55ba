/* tests/unit/collector/ingest_chain_test.c - repeats, forks, twins, gaps, bad heads: an office's
 * chain is taken once, in order, as signed. */
#include "ingest_world.h"

static void write_many(struct sim_office *o, struct ingest *g, int count)
{
    for (int i = 0; i < count; i++)
        sim_write(o, g, KEY_1_MOH);
}

static void same_receipt(const struct esep_receipt *one, const struct esep_receipt *other)
{
    assert_memory_equal(one, other, sizeof *one);
}

static void repeats_get_the_same_receipt_again(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 20);
    sim_batch(o, &g, 1, 20, true);
    const struct esep_receipt first = sim_last(o, KIND(RECEIPT))->receipt;
    size_t logged = g.world.log_count;
    sim_forget(o);
    sim_batch(o, &g, 1, 20, true);
    same_receipt(&sim_last(o, KIND(RECEIPT))->receipt, &first);
    sim_batch(o, &g, 5, 7, false); /* any part of it */
    same_receipt(&sim_last(o, KIND(RECEIPT))->receipt, &first);
    assert_int_equal(g.world.log_count, logged);
    assert_int_equal(collector_counter(g.core, COLLECTOR_REPEATS), 23);
    /* Half old, half new: the new half is taken. */
    write_many(o, &g, 10);
    sim_batch(o, &g, 15, 30, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.first_seq, 21);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 30);
    /* After a crash between commit and receipt, WELCOME brings a receipt made from the log. */
    ingest_restart(&g);
    sim_forget(o);
    sim_hello(o, &g);
    assert_int_equal(sim_last(o, KIND(WELCOME))->welcome.seq, 30);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 30);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.first_seq, 1);
    sim_forget(o);
    sim_batch(o, &g, 30, 30, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 30);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 30);
    ingest_end(&g);
}

static void other_bytes_under_a_number_are_a_fork(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    write_many(o, &g, 3);
    struct sim_office *clone = sim_copy(&g, o);
    sim_hello(o, &g);
    sim_hello(clone, &g);
    write_many(o, &g, 2);
    write_many(clone, &g, 2);
    sim_batch(o, &g, 1, 5, true);
    sim_batch(clone, &g, 1, 5, true);
    assert_true(sim_refused(clone, REASON(FORK)));
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 1);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 5);
    sim_ping(clone, &g);
    assert_true(sim_refused(clone, REASON(NO_SESSION))); /* its session is over */
    /* The same while the first is not committed yet. */
    struct sim_office *late = sim_copy(&g, o);
    sim_hello(late, &g);
    write_many(o, &g, 1);
    write_many(late, &g, 1);
    g.auto_commit = false;
    sim_batch(o, &g, 6, 6, true);
    sim_batch(late, &g, 6, 6, true);
    ingest_commit(&g, ESEP_OK);
    assert_true(sim_refused(late, REASON(FORK)) || g.pending != NULL);
    while (g.pending != NULL)
        ingest_commit(&g, ESEP_OK);
    assert_true(sim_refused(late, REASON(FORK)));
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 6);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* A copy that went on by itself and got further: its own signature proves the fork. */
static void a_fork_ahead_is_proved_by_its_signed_head(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *clone = sim_copy(&g, o);
    write_many(o, &g, 2);
    sim_hello(o, &g);
    sim_batch(o, &g, 1, 2, true);
    write_many(clone, &g, 4);
    sim_hello(clone, &g); /* shows more than is held: nothing to compare yet */
    assert_int_equal(sim_last(clone, KIND(WELCOME))->welcome.seq, 2);
    sim_batch(clone, &g, 3, 4, true);
    assert_true(sim_refused(clone, REASON(FORK)));
    assert_int_equal(views_office(g.world.views, o->number)->forks, 1);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 2);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* Two connections of one disk, both true to one chain: each entry is taken once. */
static void two_sessions_of_one_office(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    write_many(o, &g, 30);
    struct sim_office *twin = sim_copy(&g, o);
    sim_hello(o, &g);
    sim_hello(twin, &g);
    sim_batch(o, &g, 1, 10, false);
    sim_batch(twin, &g, 1, 5, false);
    sim_batch(twin, &g, 6, 15, true); /* faster */
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 15);
    sim_batch(o, &g, 11, 30, true); /* its waiting entries are overtaken */
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 30);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 30);
    assert_int_equal(sim_last(twin, KIND(RECEIPT))->receipt.through_seq, 30);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void two_sessions_meet_during_a_commit(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *busy = sim_active(&g, "akmola");
    write_many(o, &g, 4);
    sim_write(busy, &g, KEY_1_AKMOLA);
    struct sim_office *twin = sim_copy(&g, o);
    sim_hello(o, &g);
    sim_hello(twin, &g);
    sim_hello(busy, &g);
    g.auto_commit = false;
    sim_batch(busy, &g, 1, 1, true);
    sim_batch(o, &g, 1, 2, true);
    sim_batch(twin, &g, 1, 4, true);
    while (g.pending != NULL)
        ingest_commit(&g, ESEP_OK);
    /* The second to settle is told where to go on, and what it repeats is not taken twice. */
    assert_true(sim_refused(twin, REASON(GAP)));
    assert_int_equal(sim_last(twin, KIND(REFUSAL))->refusal.seq, 2);
    sim_batch(twin, &g, 3, 4, true);
    while (g.pending != NULL)
        ingest_commit(&g, ESEP_OK);
    assert_int_equal(sim_last(twin, KIND(RECEIPT))->receipt.through_seq, 4);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 5);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void a_gap_names_where_to_go_on(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 20);
    sim_batch(o, &g, 1, 5, false);
    sim_batch(o, &g, 8, 10, true);
    assert_true(sim_refused(o, REASON(GAP)));
    assert_int_equal(sim_last(o, KIND(REFUSAL))->refusal.seq, 5);
    sim_batch(o, &g, 4, 20, true); /* from within what waits: replaces it from there */
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 20);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 20);
    ingest_end(&g);
}

static void bad_heads_refuse_the_whole_group(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *other = sim_active(&g, "akmola");
    sim_hello(o, &g);
    write_many(o, &g, 6);
    sim_batch(o, &g, 1, 3, false);
    struct esep_commitment c = sim_commit(o, &g, 6);
    c.signature[5] ^= 1;
    sim_batch_with(o, &g, 4, 6, &c);
    assert_true(sim_refused(o, REASON(BAD_SIGNATURE)));
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 0);
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 1);
    /* Signed by another office's key. */
    g.world.now += ESEP_SECOND;
    sim_forget(o);
    c = sim_commit(o, &g, 6);
    esep_commitment_sign(&g.log_id, &c, &other->sign);
    sim_batch_with(o, &g, 1, 6, &c);
    assert_true(sim_refused(o, REASON(BAD_SIGNATURE)));
    /* A true signature over another head. */
    g.world.now += ESEP_SECOND;
    sim_forget(o);
    c = sim_commit(o, &g, 5);
    sim_batch_with(o, &g, 1, 6, &c);
    assert_true(sim_refused(o, REASON(BAD_SIGNATURE)));
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 0);
    sim_batch(o, &g, 1, 6, true); /* and it may still do it right */
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 6);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* A head speaks for the office that it names and the key that signed it: not for another office's
 * number under this one's key, and not without a signature, with entries or alone. */
static void heads_speak_for_who_signed_them(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *other = sim_active(&g, "akmola");
    sim_hello(o, &g);
    write_many(o, &g, 6);
    const size_t heads = ingest_log_count(&g, LOG(COMMITMENT));
    struct esep_commitment c = sim_commit(o, &g, 6);
    c.office = other->number;
    esep_commitment_sign(&g.log_id, &c, &o->sign);
    sim_batch_with(o, &g, 1, 6, &c);
    assert_true(sim_refused(o, REASON(BAD_SIGNATURE)));
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 0);
    /* A promise, alone. */
    g.world.now += ESEP_SECOND;
    sim_forget(o);
    c = sim_commit(o, &g, 6);
    c.signature[0] ^= 1;
    sim_batch_with(o, &g, 1, 0, &c);
    assert_true(sim_refused(o, REASON(BAD_SIGNATURE)));
    assert_int_equal(ingest_log_count(&g, LOG(COMMITMENT)), heads);
    c = sim_commit(o, &g, 6);
    sim_batch_with(o, &g, 1, 0, &c);
    assert_int_equal(ingest_log_count(&g, LOG(COMMITMENT)), heads + 1);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 6);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeats_get_the_same_receipt_again),
        cmocka_unit_test(other_bytes_under_a_number_are_a_fork),
        cmocka_unit_test(a_fork_ahead_is_proved_by_its_signed_head),
        cmocka_unit_test(two_sessions_of_one_office),
        cmocka_unit_test(two_sessions_meet_during_a_commit),
        cmocka_unit_test(a_gap_names_where_to_go_on),
        cmocka_unit_test(bad_heads_refuse_the_whole_group),
        cmocka_unit_test(heads_speak_for_who_signed_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
