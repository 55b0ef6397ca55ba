/* What does an office make of the log's tree: does it go on over lost receipts, restarts and a
 * restore; is a log that is another one than it has seen an alarm, with both heads kept; and is a
 * proof with anything wrong in it refused, and asked for again?
 */
#include "core_world.h"

#define WORLD(w)                                                                                   \
    struct world *w = world_new(__LINE__);                                                         \
    (void)state

static void write_and_run(struct world *w, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        office_write(w, 40);
        w->model.log_size += 3; /* others write, too */
        assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    }
}

static bool sees_all(const struct world *w)
{
    const struct esep_hash ours = esep_merkle_root(&w->disk.tree.frontier);
    const struct esep_hash theirs = esep_merkle_root(&w->model.log.tree);
    return w->disk.tree.frontier.size == w->model.log.tree.size &&
           esep_hash_equal(&ours, &theirs) && w->disk.tree.generation == w->model.log.generation;
}

static void the_tree_grows_with_each_receipt(void **state)
{
    WORLD(w);
    office_start(w);
    for (int i = 0; i < 40; i++) {
        write_and_run(w, 1);
        assert_true(world_all_receipted(w));
        assert_true(sees_all(w));
        if (i % 7 == 0)
            office_crash(w);
        if (i % 5 == 0) {
            link_break(w);
            office_sleep(w, ESEP_MINUTE);
            world_run(w);
        }
    }
    assert_int_equal(agent_counter(w->agent, AGENT_RECEIPTS_REFUSED), 0);
    assert_int_equal(w->splits, 0);
    world_free(w);
}

/* A receipt that was lost with its connection: HELLO says from where the next one goes on. */
static void lost_receipts_cost_nothing(void **state)
{
    WORLD(w);
    office_start(w);
    write_and_run(w, 3);
    for (int i = 0; i < 10; i++) {
        office_write(w, 40);
        office_effects(w);
        while (link_up_one(w)) {}
        link_break(w); /* with the receipt in it */
        assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
        assert_true(sees_all(w));
    }
    world_free(w);
}

static void a_restored_log_is_another_generation(void **state)
{
    WORLD(w);
    office_start(w);
    write_and_run(w, 8);
    link_break(w);
    model_restore(w, 3, 5);
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    write_and_run(w, 2);
    assert_true(sees_all(w));
    assert_int_equal(w->disk.tree.generation, 1);
    assert_true(office_status(w).collector_restored);
    assert_int_equal(w->splits, 0);
    world_free(w);
}

/* After a restore a receipt is lost, and the next goes on from a size that this office has, too,
 * but of the log before: that is no split. */
static void a_lost_receipt_of_a_restored_log(void **state)
{
    WORLD(w);
    office_start(w);
    write_and_run(w, 8);
    const uint64_t seen = w->disk.tree.frontier.size;
    link_break(w);
    office_write(w, 40);
    model_restore(w, 3, seen);
    w->model.no_receipt_after_welcome = true;
    office_sleep(w, ESEP_MINUTE);
    office_effects(w);
    assert_true(link_up_one(w)); /* HELLO; WELCOME and the promise's receipt are on their way */
    while (w->down.count > 1)
        queue_drop(&w->down, 1);
    w->model.tree_seen = seen;
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    assert_true(sees_all(w));
    assert_int_equal(w->splits, 0);
    world_free(w);
}

/* Rolled back, or rewritten, without saying so: signed all the same. */
static void is_split(struct world *w)
{
    const struct agent_tree seen = w->disk.tree;
    const uint64_t receipted = w->disk.receipted_seq;
    link_break(w);
    for (int i = 0; i < 100 && office_status(w).state != AGENT_STOPPED; i++) {
        office_sleep(w, ESEP_MINUTE);
        world_run(w);
    }
    const struct agent_status s = office_status(w);
    assert_int_equal(s.state, AGENT_STOPPED);
    assert_int_equal(s.why, AGENT_WHY_SPLIT);
    office_effects(w);
    assert_int_equal(w->splits, 1);
    assert_int_equal(w->split.generation, w->model.log.generation);
    assert_true(w->split.size <= w->model.log.tree.size);
    assert_memory_equal(&w->disk.tree, &seen, sizeof seen); /* what we have seen stays */
    assert_int_equal(w->disk.receipted_seq, receipted);
    world_free(w);
}

static void begin_split(struct world *w)
{
    office_start(w);
    write_and_run(w, 8);
    office_write(w, 40);
}

static void a_log_that_went_back_is_a_split(void **state)
{
    WORLD(w);
    begin_split(w);
    model_restore(w, 8, 5);
    w->model.log.generation--;
    is_split(w);
}

static void a_log_that_was_rewritten_is_a_split(void **state)
{
    WORLD(w);
    begin_split(w);
    const uint64_t size = w->model.log.tree.size;
    fake_log_begin(&w->model.log, &w->model.log_id, &w->model.log_key, 0);
    fake_log_fill(&w->model.log, size + 4);
    w->model.log_size = size + 4;
    is_split(w);
}

/* One thing wrong with each: refused, and the next connection mends it. */
static void spoil(struct fake_proof *proof, struct esep_receipt *r, int what)
{
    static uint8_t bytes[64 * ESEP_HASH_BYTES];
    switch (what) {
    case 0:
        proof->message.growth = NULL;
        break;
    case 1:
        proof->message.commitment = NULL;
        break;
    case 2:
        proof->message.index ^= 1;
        break;
    case 3:
        proof->message.accepted_at_us++;
        break;
    case 4:
        memcpy(bytes, proof->growth.span[0].bytes, ESEP_HASH_BYTES);
        proof->growth_message.signature.data = bytes;
        break;
    case 5:
        proof->growth_message.from_size++;
        break;
    case 6:
        proof->growth_message.root.len = 31;
        break;
    case 7:
        memset(bytes, 7, sizeof bytes);
        proof->message.siblings = (ProtobufCBinaryData){sizeof bytes, bytes};
        break;
    case 8:
        memset(bytes, 7, sizeof bytes);
        proof->commitment_message.signature = (ProtobufCBinaryData){ESEP_SIGNATURE_BYTES, bytes};
        break;
    case 9:
        proof->commitment_message.seq++;
        break;
    case 10:
        proof->commitment_message.office++;
        break;
    case 11:
        r->kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT; /* the leaf closes a group */
        break;
    default:
        proof->message.commitment->head.len = 31;
        break;
    }
}

static void a_proof_with_anything_wrong_is_refused(void **state)
{
    for (int what = 0; what <= 12; what++) {
        WORLD(w);
        office_start(w);
        write_and_run(w, 5);
        w->model.mute_receipts = true;
        office_write(w, 40);
        world_run(w);
        w->model.mute_receipts = false;
        const uint64_t last = w->last;
        struct fake_proof proof;
        struct esep_receipt r = {.kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
                                 .office = WORLD_OFFICE,
                                 .epoch = 1,
                                 .first_seq = last,
                                 .through_seq = last,
                                 .head = w->model.heads[last],
                                 .accepted_at = w->now};
        model_prove(w, &r, &proof);
        Esep__V1__Receipt message;
        spoil(&proof, &r, what);
        esep_receipt_write(&r, &message);
        message.proof = &proof.message;
        const uint64_t size = w->disk.tree.frontier.size;
        model_send(w, ESEP__V1__KIND__KIND_RECEIPT, &message.base);
        link_down_one(w);
        assert_int_equal(agent_counter(w->agent, AGENT_RECEIPTS_REFUSED), 1);
        assert_int_equal(office_status(w).why, AGENT_WHY_PROTOCOL);
        office_effects(w);
        assert_int_equal(w->disk.tree.frontier.size, size);
        assert_int_equal(w->disk.receipted_seq, last - 1);
        assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
        assert_true(sees_all(w));
        assert_int_equal(w->splits, 0);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tree_grows_with_each_receipt),
        cmocka_unit_test(lost_receipts_cost_nothing),
        cmocka_unit_test(a_restored_log_is_another_generation),
        cmocka_unit_test(a_lost_receipt_of_a_restored_log),
        cmocka_unit_test(a_log_that_went_back_is_a_split),
        cmocka_unit_test(a_log_that_was_rewritten_is_a_split),
        cmocka_unit_test(a_proof_with_anything_wrong_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
