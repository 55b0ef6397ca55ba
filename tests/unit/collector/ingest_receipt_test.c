/* After the commit: who gets the receipt, also where nobody is there to hear it, where the process
 * that took the entries is no more, and where the log cannot be read. */
#include "ingest_world.h"

static void write_many(struct sim_office *o, struct ingest *g, int count)
{
    for (int i = 0; i < count; i++)
        sim_write(o, g, KEY_1_MOH);
}

static void hang_up(struct sim_office *o, struct ingest *g)
{
    Esep__V1__Gone gone = ESEP__V1__GONE__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    gone.conn = o->conn;
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_GONE;
    down.gone = &gone;
    o->online = false;
    ingest_link_down(g, o->link, &down);
}

static struct esep_hash root_of(const struct ingest *g, size_t size)
{
    struct esep_merkle tree;
    esep_merkle_init(&tree);
    for (size_t i = 0; i < size; i++)
        esep_merkle_append(&tree, esep_slice(g->world.log[i].leaf, ESEP_LEAF_BYTES));
    return esep_merkle_root(&tree);
}

/* The receipt is for this office, and its checkpoint is a true one (ingest_heard.c has followed its
 * proof). */
static void holds(const struct ingest *g, const struct sim_office *o, const struct esep_receipt *r)
{
    assert_int_equal(r->office, o->number);
    assert_int_equal(r->epoch, o->epoch);
    assert_true(esep_hash_equal(&r->head, &o->chain[r->through_seq]));
    assert_true(r->checkpoint_size > r->last_index && r->checkpoint_size <= g->world.log_count);
    struct esep_hash root = root_of(g, (size_t)r->checkpoint_size);
    assert_true(esep_hash_equal(&root, &r->checkpoint_root));
}

/* The line broke before the commit: the receipt waits for the office, and is shown by the newest
 * head then. */
static void nobody_is_there_to_hear_it(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *other = sim_active(&g, "akmola");
    sim_hello(o, &g);
    write_many(o, &g, 3);
    g.auto_commit = false;
    sim_batch(o, &g, 1, 3, true);
    hang_up(o, &g);
    sim_forget(o);
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(o->heard_count, 0);
    g.auto_commit = true;
    sim_write(other, &g, KEY_1_AKMOLA); /* the log goes on */
    sim_hello(other, &g);
    sim_batch(other, &g, 1, 1, true);
    sim_hello(o, &g);
    const struct esep_receipt r = sim_last(o, KIND(RECEIPT))->receipt;
    holds(&g, o, &r);
    assert_int_equal(r.first_seq, 1);
    assert_int_equal(r.through_seq, 3);
    assert_int_equal(r.checkpoint_size, g.world.log_count);
    sim_forget(o);
    sim_batch(o, &g, 1, 3, true); /* once more: the very same */
    assert_memory_equal(&sim_last(o, KIND(RECEIPT))->receipt, &r, sizeof r);
    ingest_end(&g);
}

/* Two receipts are owed as the next event comes: it sees neither half. */
static void what_is_owed_is_paid_before_the_next_event(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *offices[3] = {sim_active(&g, "moj"), sim_active(&g, "moh"),
                                     sim_active(&g, "akmola")};
    for (size_t i = 0; i < 3; i++) {
        sim_hello(offices[i], &g);
        write_many(offices[i], &g, 1);
    }
    g.auto_commit = false;
    for (size_t i = 0; i < 3; i++)
        sim_batch(offices[i], &g, 1, 1, true);
    ingest_commit(&g, ESEP_OK); /* the first one's; the others go to the disk */
    const struct collector_batch *batch = g.pending;
    assert_int_equal(batch->record_count, 4);
    ingest_store_silently(&g);
    for (size_t i = 0; i < 3; i++)
        sim_forget(offices[i]);
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    signing_head(&g.signing, &g.log_id, batch->growth, signature);
    collector_on_stored(g.core, g.pending_token, ESEP_OK, signature, g.world.now);
    collector_on_time(g.core, g.world.now); /* before anything was taken from the core */
    ingest_pump(&g);
    assert_int_equal(sim_count(offices[0], KIND(RECEIPT)), 0);
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(sim_count(offices[i], KIND(RECEIPT)), 1);
        holds(&g, offices[i], &sim_last(offices[i], KIND(RECEIPT))->receipt);
    }
    ingest_end(&g);
}

/* It said hello while its entries were on their way to the disk, and hung up before WELCOME. */
static void a_welcome_that_nobody_waits_for(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 2);
    g.auto_commit = false;
    sim_batch(o, &g, 1, 2, true);
    sim_hello(o, &g);
    hang_up(o, &g);
    sim_forget(o);
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(o->heard_count, 0);
    g.auto_commit = true;
    sim_hello(o, &g);
    assert_int_equal(sim_last(o, KIND(WELCOME))->welcome.seq, 2);
    holds(&g, o, &sim_last(o, KIND(RECEIPT))->receipt);
    ingest_end(&g);
}

/* A receipt made from the log begins with the oldest entry that the office says it holds. */
static void from_the_log_by_what_the_office_still_holds(void **state)
{
    (void)state;
    static const struct {
        uint64_t says, first;
    } cases[] = {{1, 1}, {4, 4}, {5, 5}, {0, 5}, {6, 5}, {UINT64_MAX, 5}};
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 5);
    sim_batch(o, &g, 1, 5, true);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ingest_restart(&g);
        o->first_held = cases[i].says;
        sim_forget(o);
        sim_hello(o, &g);
        const struct esep_receipt *r = &sim_last(o, KIND(RECEIPT))->receipt;
        holds(&g, o, r);
        assert_int_equal(r->first_seq, cases[i].first);
        assert_int_equal(r->through_seq, 5);
        assert_int_equal(r->last_index - r->first_index, 5 - cases[i].first);
    }
    ingest_end(&g);
}

static uint64_t hidden; /* this sequence cannot be read */
static collector_entry_fn *seeing;
static enum esep_status half_blind(void *context, uint32_t office, uint32_t epoch, uint64_t seq,
                                   uint64_t *ret_index, struct esep_leaf *ret_leaf)
{
    return seq == hidden ? ESEP_IO : seeing(context, office, epoch, seq, ret_index, ret_leaf);
}

/* What the log cannot show is not receipted; WELCOME comes all the same, and the receipt once the
 * log can be read again. */
static void a_log_that_cannot_be_read(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 5);
    sim_batch(o, &g, 1, 5, true);
    ingest_restart(&g);
    seeing = ingest_lookup;
    for (uint64_t i = 0; i < 3; i++) {
        hidden = i == 0 ? 1 : 5;
        collector_set_lookup(g.core, i == 2 ? NULL : half_blind, &g);
        sim_forget(o);
        sim_hello(o, &g);
        assert_int_equal(sim_last(o, KIND(WELCOME))->welcome.seq, 5);
        assert_int_equal(sim_count(o, KIND(RECEIPT)), 0);
    }
    collector_set_lookup(g.core, ingest_lookup, &g);
    sim_batch(o, &g, 6, 5, true); /* the head alone asks */
    holds(&g, o, &sim_last(o, KIND(RECEIPT))->receipt);
    ingest_end(&g);
}

/* What is repeated before its commit is not receipted by that: in a first epoch or a later one. */
static void a_repeat_before_the_commit(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    for (uint32_t epoch = 1; epoch <= 2; epoch++) {
        g.auto_commit = true;
        if (epoch == 2)
            sim_new_epoch(o, &g);
        sim_hello(o, &g);
        write_many(o, &g, 2);
        sim_forget(o);
        g.auto_commit = false;
        sim_batch(o, &g, 1, 2, true);
        sim_batch(o, &g, 1, 2, true);
        assert_int_equal(collector_counter(g.core, COLLECTOR_REPEATS), 2 * epoch);
        assert_int_equal(o->heard_count, 0);
        while (g.pending != NULL)
            ingest_commit(&g, ESEP_OK);
        holds(&g, o, &sim_last(o, KIND(RECEIPT))->receipt);
    }
    ingest_end(&g);
}

/* An epoch that has begun and holds nothing yet owes no receipt. */
static void nothing_held_nothing_receipted(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    write_many(o, &g, 2);
    sim_hello(o, &g); /* a promise: the epoch is known */
    ingest_restart(&g);
    sim_hello(o, &g);
    assert_int_equal(sim_last(o, KIND(WELCOME))->welcome.seq, 0);
    sim_forget(o);
    sim_batch(o, &g, 1, 0, true); /* asks for the receipt of nothing */
    assert_int_equal(o->heard_count, 0);
    sim_batch(o, &g, 1, 2, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 2);
    ingest_end(&g);
}

static void much_credit(struct collector_config *config)
{
    config->session_credit_bytes = 1u << 22;
    config->ingest_bytes_max = 1u << 24;
    config->batch_bytes_max = 1u << 23;
}

/* More entries in one commit than the views remember nodes of: what the log grew by is what it is,
 * or the signer, who computes the root itself, signs another one (signing_head looks). */
static void a_commit_of_thousands_is_signed(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, much_credit);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 4801);
    g.auto_commit = false;
    sim_batch(o, &g, 1, 1, true); /* on its way to the disk: the rest gathers meanwhile */
    for (uint64_t first = 2; first < 4801; first += 100)
        sim_batch(o, &g, first, first + 99, true);
    ingest_commit(&g, ESEP_OK);
    assert_non_null(g.pending);
    assert_true(g.pending->record_count > 4800);
    assert_int_equal(g.pending->growth->from_size, g.pending->first_index);
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 4801);
    ingest_end(&g);
}

/* A commit whose head is signed needs no further word of the signer for its receipts. Where it is
 * away afterwards, a refusal that nobody signed does not go out, and is counted. */
static void what_nobody_signs_is_not_sent(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    write_many(o, &g, 2);
    sim_forget(o);
    g.signing.away = true;
    sim_batch(o, &g, 1, 2, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 2);
    assert_int_equal(collector_counter(g.core, COLLECTOR_UNSIGNED), 0);
    sim_forget(o);
    collector_drain(g.core, g.world.now);
    sim_batch(o, &g, 1, 2, true); /* refused: it is draining */
    assert_int_equal(o->heard_count, 0);
    assert_int_equal(collector_counter(g.core, COLLECTOR_UNSIGNED), 1);
    g.signing.away = false;
    ingest_restart(&g);
    sim_hello(o, &g);
    sim_batch(o, &g, 1, 0, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 2);
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_there_to_hear_it),
        cmocka_unit_test(what_is_owed_is_paid_before_the_next_event),
        cmocka_unit_test(a_welcome_that_nobody_waits_for),
        cmocka_unit_test(from_the_log_by_what_the_office_still_holds),
        cmocka_unit_test(a_log_that_cannot_be_read),
        cmocka_unit_test(a_repeat_before_the_commit),
        cmocka_unit_test(nothing_held_nothing_receipted),
        cmocka_unit_test(a_commit_of_thousands_is_signed),
        cmocka_unit_test(what_nobody_signs_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
