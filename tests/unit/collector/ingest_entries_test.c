/* tests/unit/collector/ingest_entries_test.c - entries: groups, batches, commits, credit. */
#include "ingest_world.h"

static void write_many(struct sim_office *o, struct ingest *g, int count)
{
    for (int i = 0; i < count; i++)
        sim_write(o, g, KEY_1_MOH);
}

static void no_receipt_before_the_commit(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    g.auto_commit = false;
    sim_write(o, &g, KEY_1_MOH);
    sim_batch(o, &g, 1, 1, true);
    assert_non_null(g.pending); /* a lone report goes to the disk at once */
    assert_int_equal(g.pending->record_count, 2);
    assert_int_equal(sim_count(o, KIND(RECEIPT)), 0);
    sim_ping(o, &g);
    assert_int_equal(sim_count(o, KIND(RECEIPT)), 0);
    ingest_commit(&g, ESEP_OK);
    const struct sim_heard *r = sim_last(o, KIND(RECEIPT));
    assert_int_equal(r->receipt.first_seq, 1);
    assert_int_equal(r->receipt.through_seq, 1);
    assert_true(r->credit > g.config.session_credit_bytes);
    assert_null(g.pending); /* an entry is sign of life enough */
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void a_failed_commit_ends_the_core_and_says_nothing(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    g.auto_commit = false;
    write_many(o, &g, 2);
    sim_batch(o, &g, 1, 1, true);
    sim_batch(o, &g, 2, 2, true); /* fills the next one meanwhile */
    sim_forget(o);
    ingest_commit(&g, ESEP_IO);
    struct esep_reason reason;
    assert_int_equal(collector_status(g.core, &reason), ESEP_IO);
    sim_ping(o, &g);
    assert_int_equal(o->heard_count, 0);
    assert_null(g.pending);
    assert_int_equal(collector_deadline(g.core), ESEP_TIME_NEVER);

    g.auto_commit = true;
    ingest_restart(&g);
    sim_hello(o, &g);
    assert_int_equal(sim_last(o, KIND(WELCOME))->welcome.seq, 0);
    sim_batch(o, &g, 1, 2, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 2);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 2);
    ingest_end(&g);
}

static void full_is_told_to_everybody(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *other = sim_active(&g, "akmola");
    sim_hello(o, &g);
    sim_hello(other, &g);
    g.auto_commit = false;
    sim_write(o, &g, KEY_1_MOH);
    sim_batch(o, &g, 1, 1, true);
    ingest_commit(&g, ESEP_LIMIT);
    assert_int_equal(collector_status(g.core, NULL), ESEP_LIMIT);
    assert_true(sim_refused(o, REASON(FULL)));
    assert_true(sim_refused(other, REASON(FULL)));
    assert_int_equal(sim_count(o, KIND(RECEIPT)), 0);

    g.auto_commit = true;
    ingest_restart(&g);
    collector_set_full(g.core, true);
    sim_forget(o);
    size_t logged = g.world.log_count;
    sim_hello(o, &g);
    assert_true(sim_refused(o, REASON(FULL)));
    assert_int_equal(g.world.log_count, logged);
    collector_set_full(g.core, false);
    sim_hello(o, &g);
    sim_batch(o, &g, 1, 1, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 1);
    ingest_end(&g);
}

static void entries_wait_for_their_signed_head(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 300);
    size_t logged = g.world.log_count;
    for (uint64_t i = 1; i < 300; i += 10)
        sim_batch(o, &g, i, i + 9, i + 9 == 300);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 300);
    assert_int_equal(g.world.log_count, logged + 301);
    const struct sim_heard *r = sim_last(o, KIND(RECEIPT));
    assert_int_equal(sim_count(o, KIND(RECEIPT)), 1);
    assert_int_equal(r->receipt.first_seq, 1);
    assert_int_equal(r->receipt.through_seq, 300);
    assert_int_equal(r->receipt.last_index - r->receipt.first_index, 299);
    /* A head that comes alone covers what waits. */
    write_many(o, &g, 5);
    sim_batch(o, &g, 301, 305, false);
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 300);
    struct esep_commitment c = sim_commit(o, &g, 305);
    sim_batch_with(o, &g, 306, 305, &c);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 305);
    /* ... and one beyond it is a promise. */
    write_many(o, &g, 5);
    c = sim_commit(o, &g, 310);
    sim_batch_with(o, &g, 306, 305, &c);
    r = sim_last(o, KIND(RECEIPT));
    assert_int_equal(r->receipt.kind, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT);
    assert_int_equal(r->receipt.through_seq, 310);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* While the disk works, small groups gather and one verification covers them all. */
static void one_batch_gathers_what_comes_during_a_commit(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 41);
    g.auto_commit = false;
    sim_batch(o, &g, 1, 1, true);
    for (uint64_t i = 2; i <= 41; i++)
        sim_batch(o, &g, i, i, true);
    size_t before = ingest_log_count(&g, LOG(COMMITMENT));
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(g.pending->record_count, 41); /* 40 entries, one head */
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(ingest_log_count(&g, LOG(COMMITMENT)), before + 2);
    assert_int_equal(sim_count(o, KIND(RECEIPT)), 2);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 41);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.first_seq, 2);
    assert_null(g.pending);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void large_groups_join_while_the_disk_works(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 401);
    g.auto_commit = false;
    sim_batch(o, &g, 1, 1, true);
    uint64_t size = views_log_size(g.world.views);
    sim_batch(o, &g, 2, 201, true);
    assert_int_equal(views_log_size(g.world.views), size + 201); /* judged already */
    sim_batch(o, &g, 202, 401, true);
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 1);
    ingest_commit(&g, ESEP_OK);
    /* One receipt for the office and the batch, though two groups. */
    assert_int_equal(sim_count(o, KIND(RECEIPT)), 2);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.first_seq, 2);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 401);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void credit_is_enforced_and_comes_back_with_receipts(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    uint8_t big[30000] = {0x22}; /* no entry that can be read; kept all the same */
    uint64_t credit = sim_last(o, KIND(WELCOME))->credit;
    uint64_t sent = 0;
    size_t before = g.world.log_count;
    uint64_t i = 0;
    while (!sim_refused(o, REASON(CREDIT))) {
        assert_true(i < 20);
        sim_write_bytes(o, &g, big, sizeof big);
        i++;
        sim_batch(o, &g, i, i, false);
        sent += o->last_frame.len;
    }
    assert_true(sent > credit && sent - o->last_frame.len <= credit);
    assert_int_equal(g.world.log_count, before);
    struct esep_commitment c = sim_commit(o, &g, i - 1);
    sim_batch_with(o, &g, i, i - 1, &c);
    const struct sim_heard *r = sim_last(o, KIND(RECEIPT));
    assert_int_equal(r->receipt.through_seq, i - 1);
    assert_true(r->credit >=
                sent - o->last_frame.len - 30000 + g.config.session_credit_bytes - 31000);
    sim_batch(o, &g, i, i, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, i);
    assert_int_equal(views_office(g.world.views, o->number)->refused_entries, i);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void small_pool(struct collector_config *config)
{
    config->ingest_bytes_max = 2 * config->frame_bytes_max;
}

static void a_full_pool_refuses_and_recovers(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, small_pool);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    uint8_t big[30000] = {0x22};
    for (uint64_t i = 1; i <= 6; i++) {
        sim_write_bytes(o, &g, big, sizeof big);
        sim_batch(o, &g, i, i, false);
    }
    assert_true(sim_refused(o, REASON(LIMIT)));
    uint64_t held = sim_last(o, KIND(REFUSAL))->refusal.seq;
    assert_true(held >= 3 && held < 6);
    sim_hello(o, &g); /* its agent begins again */
    sim_batch(o, &g, 1, 2, true);
    sim_batch(o, &g, 3, 4, true);
    sim_batch(o, &g, 5, 6, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 6);
    ingest_end(&g);
}

/* Entries without a head may not hold the pool against everybody. */
static void who_went_silent_gives_way_in_a_full_pool(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, small_pool);
    struct sim_office *silent = sim_active(&g, "moh");
    struct sim_office *o = sim_active(&g, "akmola");
    sim_hello(silent, &g);
    sim_hello(o, &g);
    uint8_t big[30000] = {0x22};
    for (uint64_t i = 1; i <= 5; i++) {
        sim_write_bytes(silent, &g, big, sizeof big);
        sim_write_bytes(o, &g, big, sizeof big);
    }
    for (uint64_t i = 1; i <= 4; i++)
        sim_batch(silent, &g, i, i, false);
    sim_batch(o, &g, 1, 1, false);
    assert_true(sim_refused(o, REASON(LIMIT)));
    g.world.now += ESEP_MINUTE;
    sim_batch(o, &g, 1, 1, false);
    sim_batch(o, &g, 2, 2, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 2);
    sim_batch(silent, &g, 5, 5, true);
    assert_true(sim_refused(silent, REASON(GAP)));
    assert_int_equal(sim_last(silent, KIND(REFUSAL))->refusal.seq, 0);
    ingest_end(&g);
}

static void small_batches(struct collector_config *config)
{
    config->batch_records_max = 64;
}

/* More is ready than one batch holds: the rest is first in line for the next. */
static void what_does_not_fit_goes_into_the_next_batch(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, small_batches);
    struct sim_office *o[4];
    for (size_t i = 0; i < 4; i++) {
        o[i] = sim_active(&g, "moh");
        write_many(o[i], &g, 30);
        sim_hello(o[i], &g);
    }
    g.auto_commit = false;
    for (size_t i = 0; i < 4; i++)
        sim_batch(o[i], &g, 1, 30, true);
    size_t batches = 0;
    while (g.pending != NULL) {
        assert_true(g.pending->record_count <= 64);
        ingest_commit(&g, ESEP_OK);
        batches++;
    }
    assert_true(batches >= 3);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(sim_last(o[i], KIND(RECEIPT))->receipt.through_seq, 30);
    /* A group that no batch can hold is refused, not dropped. */
    write_many(o[0], &g, 70);
    sim_batch(o[0], &g, 31, 100, true);
    assert_true(sim_refused(o[0], REASON(LIMIT)));
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void a_revocation_between_two_frames(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 3);
    sim_batch(o, &g, 1, 1, true);
    Esep__V1__RevokeOrder m = ESEP__V1__REVOKE_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    char reason[] = "stolen";
    m.office = o->number;
    m.reason = reason;
    order.what_case = ESEP__V1__ORDER__WHAT_REVOKE;
    order.revoke = &m;
    g.auto_commit = false;
    ingest_order(&g, &order);
    size_t replies = g.replies;
    sim_batch(o, &g, 2, 2, true); /* not committed yet: nothing is said, nothing is taken */
    assert_false(sim_refused(o, REASON(REVOKED)));
    assert_int_equal(g.roster_admission[o->number],
                     ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_ACTIVE);
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(g.replies, replies + 1);
    assert_true(g.reply.order.ok);
    assert_true(sim_refused(o, REASON(REVOKED)));
    assert_int_equal(g.roster_admission[o->number],
                     ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REVOKED);
    assert_int_equal(g.link_messages[ESEP__V1__LINK_UP__WHAT_CLOSE], 1);
    assert_null(g.pending);
    sim_batch(o, &g, 3, 3, true);
    assert_true(sim_refused(o, REASON(NO_SESSION)));
    sim_forget(o);
    sim_hello(o, &g);
    assert_true(sim_refused(o, REASON(REVOKED)));
    assert_int_equal(ingest_log_count(&g, LOG(ENTRY)), 1);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void verdicts_are_judged_in_order_within_a_group(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *a = sim_active(&g, "moh");
    struct sim_office *b = sim_active(&g, "moh");
    sim_hello(a, &g);
    sim_hello(b, &g);
    write_many(a, &g, 3); /* each builds on the one before, in one group */
    sim_batch(a, &g, 1, 3, true);
    const struct views_obligation *o = views_obligation_by_key(g.world.views, KEY_1_MOH);
    assert_int_equal(o->head_count, 1);
    assert_int_equal(o->reports, 3);
    write_many(b, &g, 1); /* the other office of the body builds on nothing */
    sim_batch(b, &g, 1, 1, true);
    assert_int_equal(o->head_count, 2);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_receipt_before_the_commit),
        cmocka_unit_test(a_failed_commit_ends_the_core_and_says_nothing),
        cmocka_unit_test(full_is_told_to_everybody),
        cmocka_unit_test(entries_wait_for_their_signed_head),
        cmocka_unit_test(one_batch_gathers_what_comes_during_a_commit),
        cmocka_unit_test(large_groups_join_while_the_disk_works),
        cmocka_unit_test(credit_is_enforced_and_comes_back_with_receipts),
        cmocka_unit_test(a_full_pool_refuses_and_recovers),
        cmocka_unit_test(who_went_silent_gives_way_in_a_full_pool),
        cmocka_unit_test(what_does_not_fit_goes_into_the_next_batch),
        cmocka_unit_test(a_revocation_between_two_frames),
        cmocka_unit_test(verdicts_are_judged_in_order_within_a_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
