/* tests/unit/collector_shell/verify_test.c - is every flipped byte of the log found, and told
 * where? Are tampered views found, and made anew? */
#include "../io/unit.h"
#include "agent/entry.h"
#include "collector/verify.h"
#include "wire/unpack.h"

#define RECORDS_MAX 600

struct made {
    struct esep_hash log_id;
    struct esep_sign_key key;
    size_t count;
    struct collector_record records[RECORDS_MAX];
    struct esep_buf bodies[RECORDS_MAX];
};

static struct collector_settings *settings_for(const char *folder)
{
    struct collector_settings *s = calloc(1, sizeof *s);
    assert_non_null(s);
    (void)snprintf(s->store, sizeof s->store, "%s/store", folder);
    s->store_bytes = 1u << 24;
    s->offices = 16;
    s->obligations = 64;
    s->plans = 4;
    s->codes = 4;
    return s;
}

static struct collector_log *open_log(const struct collector_settings *s, bool create)
{
    const struct collector_log_options options = {
        .path = s->store, .map_bytes = s->store_bytes, .create = create};
    struct collector_log *log = NULL;
    assert_int_equal(collector_log_open(&log, &options, NULL), ESEP_OK);
    return log;
}

static void add(struct made *m, struct esep_leaf leaf)
{
    struct collector_record *r = &m->records[m->count];
    r->body = esep_buf_slice(&m->bodies[m->count]);
    leaf.accepted_at = 1000000 * (esep_time)(m->count + 1);
    leaf.content = esep_content_hash(r->body);
    esep_leaf_pack(&leaf, r->leaf);
    m->count++;
}

static struct esep_buf *next_body(struct made *m)
{
    esep_buf_init(&m->bodies[m->count], 65536);
    return &m->bodies[m->count];
}

static void add_key(struct made *m)
{
    static uint8_t curve[32] = {9};
    Esep__V1__KeyChange key;
    esep__v1__key_change__init(&key);
    key.office = 1;
    key.state = ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE;
    key.body = (char *)(uintptr_t) "moj";
    key.sign_key = esep_pb(m->key.public, 32);
    key.curve_key = esep_pb(curve, 32);
    assert_int_equal(esep_pack(&key.base, next_body(m)), ESEP_OK);
    add(m, (struct esep_leaf){.type = ESEP__V1__LOG_TYPE__LOG_TYPE_KEY});
}

/* Entries of office 1, and the head that closes them. */
static void add_entries(struct made *m, size_t count)
{
    const char *text = "not even protobuf";
    struct agent_head head;
    struct esep_commitment c;
    agent_head_start(&head, &m->log_id, 1, 1, m->key.public);
    for (size_t i = 0; i < count; i++)
        agent_head_step(&head, esep_slice(text, 17 - i % 17));
    agent_head_commit(&head, &m->log_id, &m->key, 5, 0, NULL, &c);
    struct esep_leaf leaf = {
        .type = ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY,
        .verdict = ESEP__V1__VERDICT__VERDICT_MALFORMED,
        .office = 1,
        .epoch = 1,
        .signature = esep_sha256(esep_slice(c.signature, sizeof c.signature)),
        .key = esep_sha256(esep_slice(m->key.public, ESEP_KEY_BYTES)),
    };
    agent_head_start(&head, &m->log_id, 1, 1, m->key.public);
    for (size_t i = 0; i < count; i++) {
        struct esep_buf *body = next_body(m);
        assert_int_equal(esep_buf_put(body, text, 17 - i % 17), ESEP_OK);
        agent_head_step(&head, esep_buf_slice(body));
        leaf.seq = head.seq;
        leaf.head = head.hash;
        add(m, leaf);
    }
    uint8_t closing[ESEP_SIGNED_COMMITMENT_BYTES];
    esep_commitment_pack(&m->log_id, &c, closing);
    assert_int_equal(esep_buf_put(next_body(m), closing, sizeof closing), ESEP_OK);
    leaf.type = ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT;
    leaf.verdict = ESEP__V1__VERDICT__VERDICT_UNSPECIFIED;
    leaf.flags = ESEP_LEAF_CLOSES;
    add(m, leaf);
}

static void make(struct made *m, size_t entries)
{
    static const uint8_t seed[32] = {7};
    static uint8_t key_bytes[32] = {1};
    static uint8_t nonce[16] = {2};
    *m = (struct made){0};
    esep_sign_key_from_seed(&m->key, seed);
    Esep__V1__Genesis genesis;
    esep__v1__genesis__init(&genesis);
    genesis.name = (char *)(uintptr_t) "test";
    static const uint8_t log_seed[32] = {0x70, 0};
    struct esep_sign_key log_key;
    esep_sign_key_from_seed(&log_key, log_seed);
    genesis.log_key = esep_pb(log_key.public, 32);
    genesis.seal_key = esep_pb(key_bytes, 32);
    genesis.nonce = esep_pb(nonce, 16);
    assert_int_equal(esep_pack(&genesis.base, next_body(m)), ESEP_OK);
    m->log_id = esep_log_id(esep_buf_slice(&m->bodies[0]));
    add(m, (struct esep_leaf){.type = ESEP__V1__LOG_TYPE__LOG_TYPE_GENESIS});
    add_key(m);
    add_entries(m, entries);
}

/* A key of the log's, which seed i makes, and its LOG_KEY entry; `wrong` says what is amiss. */
enum wrong {
    WRONG_NOTHING,
    WRONG_SIZE,
    WRONG_GENERATION,
    WRONG_OLD_SIGNS,
    WRONG_NEW_SIGNS,
    WRONG_ORDER
};
static void add_log_key(struct made *m, uint8_t i, enum wrong wrong)
{
    static uint8_t nonce[16] = {3};
    struct esep_log_keys keys;
    struct esep_sign_key old;
    struct esep_sign_key fresh;
    Esep__V1__LogKey message;
    const uint8_t old_seed[32] = {0x70, (uint8_t)(i - (wrong == WRONG_ORDER ? 2 : 1))};
    const uint8_t seed[32] = {0x70, i};
    struct esep_log_key key = {.generation = wrong == WRONG_GENERATION,
                               .size = m->count + 1 + (wrong == WRONG_SIZE),
                               .at = 7};
    esep_sign_key_from_seed(&old, old_seed);
    esep_sign_key_from_seed(&fresh, seed);
    esep_log_key_sign(&m->log_id, &old, &fresh, &key);
    key.by_old[0] ^= wrong == WRONG_OLD_SIGNS;
    key.by_new[0] ^= wrong == WRONG_NEW_SIGNS;
    esep_log_keys_begin(&keys, old.public);
    assert_int_equal(esep_log_keys_push(&keys, old.public, &key), ESEP_OK);
    esep_log_key_write(&keys, 1, &message);
    message.nonce = esep_pb(nonce, sizeof nonce);
    assert_int_equal(esep_pack(&message.base, next_body(m)), ESEP_OK);
    add(m, (struct esep_leaf){.type = ESEP__V1__LOG_TYPE__LOG_TYPE_LOG_KEY});
}

static void made_done(struct made *m)
{
    for (size_t i = 0; i < m->count; i++)
        esep_buf_done(&m->bodies[i]);
}

static void store(struct collector_log *log, const struct made *m)
{
    const struct collector_batch batch = {.records = m->records, .record_count = m->count};
    assert_int_equal(log->ops->append(log, &batch, NULL), ESEP_OK);
    log->log_id = m->log_id;
}

static void make_rows(struct collector_log *log, const struct collector_settings *s)
{
    struct collector_comparison result;
    assert_int_equal(collector_compare(log, s, true, NULL, NULL, &result, NULL), ESEP_OK);
    assert_true(result.missing > 0);
}

static void an_honest_log_is_verified(void **state)
{
    struct made m;
    struct collector_verdict verdict;
    struct collector_settings *s = settings_for(*state);
    struct collector_log *log = open_log(s, true);
    make(&m, 3);
    store(log, &m);
    make_rows(log, s);
    assert_int_equal(collector_verify(log, 16, NULL, NULL, &verdict, NULL), ESEP_OK);
    assert_int_equal(verdict.entries, 6);
    assert_int_equal(verdict.office_entries, 3);
    assert_int_equal(verdict.signatures, 1);
    struct esep_merkle tree;
    esep_merkle_init(&tree);
    for (size_t i = 0; i < m.count; i++)
        esep_merkle_append(&tree, esep_slice(m.records[i].leaf, ESEP_LEAF_BYTES));
    struct esep_hash root = esep_merkle_root(&tree);
    assert_true(esep_hash_equal(&root, &verdict.root));
    log->ops->close(log);
    made_done(&m);
    free(s);
}

/* Overwrites entry `index` in the store with one byte changed. */
static void flip(struct collector_log *log, const struct made *m, size_t index, size_t byte)
{
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    uint8_t whole[4096];
    const struct collector_record *r = &m->records[index];
    memcpy(whole, r->leaf, ESEP_LEAF_BYTES);
    memcpy(whole + ESEP_LEAF_BYTES, r->body.data, r->body.len);
    if (byte != SIZE_MAX)
        whole[byte] ^= 0x40;
    size_t number = index;
    MDB_val key = {.mv_size = sizeof number, .mv_data = &number};
    MDB_val data = {.mv_size = ESEP_LEAF_BYTES + r->body.len, .mv_data = whole};
    MDB_env *env = collector_log_store(log)->env;
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "entries", MDB_INTEGERKEY, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &key, &data, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
}

/* What no hash but the tree's covers: the leaf's time, flags of no meaning here, verdict. */
static bool only_the_tree_tells(size_t byte)
{
    return byte < 32;
}

/* The tree alone can tell which 256 entries it is. */
static void expect_place(size_t index, size_t byte, const char *text)
{
    char place[32];
    (void)snprintf(place, sizeof place, "log entry %zu:", index);
    if (index == 1 || strstr(text, place) != NULL) /* a wrong key shows at what it signs */
        return;
    if (!only_the_tree_tells(byte) || strstr(text, "entry 0 or behind") == NULL)
        fail_msg("entry %zu, byte %zu: told as '%s'", index, byte, text);
}

static void every_flipped_byte_is_found_and_placed(void **state)
{
    struct made m;
    struct collector_settings *s = settings_for(*state);
    struct collector_log *log = open_log(s, true);
    make(&m, 3);
    store(log, &m);
    make_rows(log, s);
    for (size_t i = 0; i < m.count; i++) {
        for (size_t byte = 0; byte < ESEP_LEAF_BYTES + m.records[i].body.len; byte++) {
            struct collector_verdict verdict;
            struct esep_reason reason = {""};
            flip(log, &m, i, byte);
            if (collector_verify(log, 16, NULL, NULL, &verdict, &reason) != ESEP_CORRUPT)
                fail_msg("entry %zu, byte %zu: not found", i, byte);
            expect_place(i, byte, reason.text);
            flip(log, &m, i, SIZE_MAX);
        }
    }
    log->ops->close(log);
    made_done(&m);
    free(s);
}

/* Two keys of the log behind its first: each is held against the one before it. */
static void the_logs_own_keys(void **state)
{
    static const struct {
        enum wrong wrong;
        const char *word; /* NULL: all is well */
    } cases[] = {{WRONG_NOTHING, NULL},
                 {WRONG_SIZE, "from elsewhere on"},
                 {WRONG_GENERATION, "from elsewhere on"},
                 {WRONG_OLD_SIGNS, "did not sign"},
                 {WRONG_NEW_SIGNS, "did not sign"},
                 {WRONG_ORDER, "does not follow"}};
    struct collector_settings *s = settings_for(*state);
    struct collector_log *log = open_log(s, true);
    struct collector_verdict verdict;
    struct made honest;
    make(&honest, 3);
    add_log_key(&honest, 1, WRONG_NOTHING);
    add_log_key(&honest, 2, WRONG_NOTHING);
    store(log, &honest);
    make_rows(log, s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct esep_reason reason = {""};
        struct made m;
        make(&m, 3);
        add_log_key(&m, 1, WRONG_NOTHING);
        add_log_key(&m, 2, cases[i].wrong);
        flip(log, &m, m.count - 1, SIZE_MAX);
        const enum esep_status status = collector_verify(log, 16, NULL, NULL, &verdict, &reason);
        assert_int_equal(status, cases[i].word == NULL ? ESEP_OK : ESEP_CORRUPT);
        if (cases[i].word == NULL)
            assert_int_equal(verdict.signatures, 1 + 4);
        else if (strstr(reason.text, cases[i].word) == NULL)
            fail_msg("case %zu: told as '%s'", i, reason.text);
        made_done(&m);
    }
    log->ops->close(log);
    made_done(&honest);
    free(s);
}

static void a_changed_leaf_is_placed_by_the_stored_node(void **state)
{
    struct made m;
    struct collector_verdict verdict;
    struct esep_reason reason = {""};
    struct collector_settings *s = settings_for(*state);
    struct collector_log *log = open_log(s, true);
    make(&m, 520);
    store(log, &m);
    make_rows(log, s);
    assert_int_equal(collector_verify(log, 16, NULL, NULL, &verdict, &reason), ESEP_OK);
    flip(log, &m, 300, 12); /* its time */
    assert_int_equal(collector_verify(log, 16, NULL, NULL, &verdict, &reason), ESEP_CORRUPT);
    assert_non_null(strstr(reason.text, "log entries 256 to 511"));
    log->ops->close(log);
    made_done(&m);
    free(s);
}

/* What it began with is verified, whatever is logged meanwhile. */
static void a_log_that_grows_is_verified_to_where_it_was(void **state)
{
    struct made m;
    bool over = false;
    uint64_t size = 0;
    struct esep_reason reason = {""};
    struct collector_verifier *verifier = NULL;
    struct collector_settings *s = settings_for(*state);
    struct collector_log *log = open_log(s, true);
    make(&m, 3);
    store(log, &m);
    make_rows(log, s);
    assert_int_equal(collector_verifier_new(&verifier, log, 16, &reason), ESEP_OK);
    assert_int_equal(collector_verifier_step(verifier, 4, &over, &reason), ESEP_OK);
    assert_false(over);
    const size_t before = m.count;
    add(&m, (struct esep_leaf){.type = ESEP__V1__LOG_TYPE__LOG_TYPE_PRESENCE});
    const struct collector_batch more = {
        .first_index = before, .records = &m.records[before], .record_count = 1};
    assert_int_equal(log->ops->append(log, &more, NULL), ESEP_OK);
    assert_int_equal(collector_verifier_step(verifier, 4, &over, &reason), ESEP_OK);
    assert_true(over);
    assert_int_equal(collector_verifier_verdict(verifier, &size)->entries, before);
    assert_int_equal(size, before);
    collector_verifier_free(verifier);
    log->ops->close(log);
    made_done(&m);
    free(s);
}

static void a_log_without_its_root_is_not_taken(void **state)
{
    struct made m;
    struct collector_verdict verdict;
    struct esep_reason reason = {""};
    struct collector_settings *s = settings_for(*state);
    struct collector_log *log = open_log(s, true);
    make(&m, 3);
    store(log, &m);
    assert_int_equal(collector_verify(log, 16, NULL, NULL, &verdict, &reason), ESEP_CORRUPT);
    assert_non_null(strstr(reason.text, "not stored"));
    make_rows(log, s);
    reason.text[0] = 0;
    assert_int_equal(collector_verify(log, 16, NULL, NULL, &verdict, &reason), ESEP_OK);
    assert_string_equal(reason.text, "");
    log->ops->close(log);
    made_done(&m);
    free(s);
}

static void tampered_views_are_found_and_made_anew(void **state)
{
    struct made m;
    struct collector_comparison result;
    struct collector_settings *s = settings_for(*state);
    struct collector_log *log = open_log(s, true);
    make(&m, 3);
    store(log, &m);
    /* No row is stored yet: all are missing; repair makes them. */
    assert_int_equal(collector_compare(log, s, true, NULL, NULL, &result, NULL), ESEP_OK);
    assert_true(result.rows > 0);
    assert_int_equal(result.missing, result.rows);
    assert_int_equal(collector_compare(log, s, false, NULL, NULL, &result, NULL), ESEP_OK);
    assert_int_equal(result.missing + result.differing + result.surplus, 0);

    const struct collector_row rows[] = {
        {.key = esep_slice("Fxxxx", 5), .value = esep_slice("surplus", 7)},
        {.key = esep_slice("F\0\0\0\1", 5), .value = esep_slice("changed", 7)},
    };
    const struct collector_batch batch = {.first_index = m.count, .rows = rows, .row_count = 2};
    assert_int_equal(log->ops->append(log, &batch, NULL), ESEP_OK);
    assert_int_equal(collector_compare(log, s, false, NULL, NULL, &result, NULL), ESEP_OK);
    assert_int_equal(result.surplus, 1);
    assert_int_equal(result.differing, 1);
    assert_int_equal(collector_compare(log, s, true, NULL, NULL, &result, NULL), ESEP_OK);
    assert_int_equal(collector_compare(log, s, false, NULL, NULL, &result, NULL), ESEP_OK);
    assert_int_equal(result.missing + result.differing + result.surplus, 0);
    log->ops->close(log);
    made_done(&m);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(an_honest_log_is_verified),
        unit_test_in_folder(every_flipped_byte_is_found_and_placed),
        unit_test_in_folder(the_logs_own_keys),
        unit_test_in_folder(a_changed_leaf_is_placed_by_the_stored_node),
        unit_test_in_folder(a_log_that_grows_is_verified_to_where_it_was),
        unit_test_in_folder(a_log_without_its_root_is_not_taken),
        unit_test_in_folder(tampered_views_are_found_and_made_anew),
    };
    return esep_crypto_init() == ESEP_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
