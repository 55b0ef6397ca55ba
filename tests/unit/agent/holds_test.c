/* tests/unit/agent/holds_test.c - does a kept receipt still hold, and none that the disk, or the
 * configuration's key, makes another?
 */
#include "agent/holds.h"
#include "fake_log.h"
#include "journal_world.h"
#include "wire/log_keys.h"

struct office {
    struct journal_world w;
    struct fake_log log;
    struct agent_settings settings;
    struct agent_desk desk;
    struct esep_log_keys keys;
    struct agent_tree tree;
    struct agent_lesson lesson;
};

static void begin(struct office *o, void **state)
{
    memset(o, 0, sizeof *o);
    world_begin(&o->w, state, 16 * MIB, 0);
    fake_log_begin(&o->log, &o->w.identity.log_id, &o->w.log_key, 0);
    fake_log_fill(&o->log, 5);
    esep_log_keys_begin(&o->keys, o->w.log_key.public);
    memcpy(o->settings.log_key, o->w.log_key.public, ESEP_KEY_BYTES);
    o->desk = (struct agent_desk){
        .settings = &o->settings, .journal = o->w.journal, .identity = o->w.identity};
}

static struct agent_tree_keys keys_of(const struct office *o)
{
    struct agent_tree_keys keys = {
        .log_id = o->w.identity.log_id, .log = &o->keys, .office = WORLD_OFFICE};
    memcpy(keys.sign_public, o->w.office_key.public, sizeof keys.sign_public);
    return keys;
}

static void keep(struct office *o, struct agent_store *what)
{
    struct esep_reason reason = {""};
    o->tree = o->lesson.tree;
    what->nodes = o->lesson.nodes;
    what->node_count = o->lesson.node_count;
    what->checkpoints = &o->lesson.checkpoint;
    what->checkpoint_count = o->lesson.grown;
    what->tree = &o->tree;
    if (journal_store(&o->desk.journal, 1, what, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
}

static struct esep_receipt receipt(struct office *o, uint64_t through)
{
    const struct agent_tree_keys keys = keys_of(o);
    struct esep_commitment c = {.office = WORLD_OFFICE, .epoch = 1, .seq = through};
    struct fake_proof proof;
    struct esep_receipt r = {.kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES, .first_seq = 1};
    Esep__V1__Receipt message;
    memset(c.head.bytes, (int)through, sizeof c.head.bytes);
    esep_commitment_sign(&keys.log_id, &c, &o->w.office_key);
    fake_prove_commitment(&o->log, &c, keys.sign_public, ESEP_LEAF_CLOSES, o->tree.frontier.size,
                          77, &proof);
    esep_receipt_write(&r, &message);
    message.proof = &proof.message;
    assert_int_equal(esep_receipt_read(&message, &r), ESEP_OK);
    assert_int_equal(agent_tree_receipt(&keys, &o->tree, &r, &message, &o->lesson), ESEP_OK);
    struct agent_store what = {
        .receipts = &r, .receipt_count = 1, .proofs = &o->lesson.proof, .receipted_seq = through};
    keep(o, &what);
    return r;
}

static struct esep_evidence evidence(struct office *o)
{
    const struct agent_tree_keys keys = keys_of(o);
    struct esep_evidence e = {.office = WORLD_OFFICE,
                              .sha256 = {{8}},
                              .size_bytes = 9,
                              .log_index = o->log.tree.size,
                              .accepted_at = 78};
    struct fake_proof proof;
    fake_prove_evidence(&o->log, &e, o->tree.frontier.size, &proof);
    assert_int_equal(agent_tree_evidence(&keys, &o->tree, &e, &proof.message, &o->lesson), ESEP_OK);
    struct agent_store what = {
        .evidence = &e, .evidence_count = 1, .evidence_proofs = &o->lesson.proof};
    keep(o, &what);
    return e;
}

static enum esep_status holds(struct office *o, const struct esep_receipt *r)
{
    struct agent_proof proof;
    struct esep_reason reason = {""};
    const enum esep_status status = agent_receipt_holds(&o->desk, r, &proof, &reason);
    assert_int_equal(status == ESEP_OK, reason.text[0] == '\0');
    return status;
}

static enum esep_status file_holds(struct office *o, const struct esep_evidence *e)
{
    struct agent_proof proof;
    return agent_evidence_holds(&o->desk, e, &proof, NULL);
}

static void test_each_by_the_newest_head(void **state)
{
    static struct office o;
    begin(&o, state);
    const struct esep_receipt first = receipt(&o, 3);
    const struct esep_evidence file = evidence(&o);
    fake_log_fill(&o.log, 40);
    const struct esep_receipt second = receipt(&o, 4);
    assert_int_equal(holds(&o, &first), ESEP_OK);
    assert_int_equal(holds(&o, &second), ESEP_OK);
    assert_int_equal(file_holds(&o, &file), ESEP_OK);
    o.settings.log_key[0] ^= 1; /* another log's */
    assert_int_equal(holds(&o, &first), ESEP_CORRUPT);
    assert_int_equal(file_holds(&o, &file), ESEP_CORRUPT);
    journal_close(&o.desk.journal);
}

/* The configuration names the first key, the journal knows those that it led to. */
static void test_by_the_key_of_the_head(void **state)
{
    static struct office o;
    const uint8_t seed[32] = {9};
    struct esep_sign_key fresh;
    struct esep_reason reason = {""};
    begin(&o, state);
    const struct esep_receipt first = receipt(&o, 3);
    struct esep_log_key key = {.size = o.log.tree.size, .at = 80};
    esep_sign_key_from_seed(&fresh, seed);
    esep_log_key_sign(&o.w.identity.log_id, &o.w.log_key, &fresh, &key);
    assert_int_equal(esep_log_keys_push(&o.keys, o.w.log_key.public, &key), ESEP_OK);
    o.log.log_key = fresh;
    fake_log_fill(&o.log, 20);
    const struct esep_receipt second = receipt(&o, 4);
    assert_int_equal(holds(&o, &second), ESEP_CORRUPT); /* the journal does not know it yet */
    const struct agent_store what = {.log_keys = &o.keys, .receipted_seq = 4};
    assert_int_equal(journal_store(&o.desk.journal, 1, &what, &reason), ESEP_OK);
    assert_int_equal(holds(&o, &first), ESEP_OK);
    assert_int_equal(holds(&o, &second), ESEP_OK);
    journal_close(&o.desk.journal);
}

/* What the row says must be what the proven leaf says. */
static void test_a_row_that_says_something_else(void **state)
{
    static struct office o;
    begin(&o, state);
    const struct esep_receipt good = receipt(&o, 3);
    const struct esep_evidence file = evidence(&o);
    for (int what = 0; what < 7; what++) {
        struct esep_receipt r = good;
        if (what == 0)
            r.kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT;
        r.office += what == 1;
        r.epoch += what == 2;
        r.through_seq += what == 3;
        r.head.bytes[31] ^= what == 4;
        r.last_index += what == 5;
        r.accepted_at -= what == 6;
        assert_int_equal(holds(&o, &r), ESEP_CORRUPT);
    }
    for (int what = 0; what < 4; what++) {
        struct esep_evidence e = file;
        e.office += what == 0;
        e.size_bytes += what == 1;
        e.log_index += what == 2;
        e.accepted_at -= what == 3;
        assert_int_equal(file_holds(&o, &e), ESEP_CORRUPT);
    }
    assert_int_equal(holds(&o, &good), ESEP_OK);
    assert_int_equal(file_holds(&o, &file), ESEP_OK);
    journal_close(&o.desk.journal);
}

/* A node of the tree that the disk has changed: the path leads elsewhere. */
static void test_a_path_that_leads_elsewhere(void **state)
{
    static struct office o;
    struct esep_reason reason = {""};
    begin(&o, state);
    fake_log_fill(&o.log, 8);
    const struct esep_receipt r = receipt(&o, 3);
    fake_log_fill(&o.log, 16);
    (void)receipt(&o, 4);
    assert_int_equal(holds(&o, &r), ESEP_OK);
    struct agent_node node = {.place = {3, 0}, .hash = {{1}}}; /* what stands before it */
    const struct agent_store what = {.nodes = &node, .node_count = 1, .receipted_seq = 4};
    assert_int_equal(journal_store(&o.desk.journal, 1, &what, &reason), ESEP_OK);
    assert_int_equal(holds(&o, &r), ESEP_CORRUPT);
    journal_close(&o.desk.journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_each_by_the_newest_head),
        unit_test_in_folder(test_by_the_key_of_the_head),
        unit_test_in_folder(test_a_row_that_says_something_else),
        unit_test_in_folder(test_a_path_that_leads_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
