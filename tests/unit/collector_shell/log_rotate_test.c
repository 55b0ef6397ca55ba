/* tests/unit/collector_shell/log_rotate_test.c - a log gets another key at ingest's start: each
 * step is done once, wherever it was cut off, and what comes of it is a log that verifies. */
#include "../io/unit.h"
#include "collector/log_rotate.h"
#include "collector/verify.h"
#include "wire/unpack.h"

struct world {
    struct collector_settings *settings;
    struct signer_memory signer;
    struct collector_state state;
    struct esep_sign_key keys[3];
};

static bool node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    const struct world *w = context;
    return views_node(w->state.views, place, ret) || collector_state_node(w->state.log, place, ret);
}

static enum esep_status keep(void *context, struct esep_slice key, struct esep_slice value)
{
    struct collector_batch *batch = context;
    struct collector_row *rows = (struct collector_row *)(uintptr_t)batch->rows;
    rows[batch->row_count++] = (struct collector_row){.key = key, .value = value};
    return ESEP_OK;
}

/* GENESIS, which names the first key. */
static void begin(struct world *w)
{
    struct collector_row rows[8];
    struct collector_record record;
    struct collector_batch batch = {.records = &record, .record_count = 1, .rows = rows};
    const struct collector_log_options options = {
        .path = w->settings->store, .map_bytes = w->settings->store_bytes, .create = true};
    const struct views_limits limits = collector_settings_limits(w->settings);
    struct views *views = NULL;
    struct collector_log *log = NULL;
    struct esep_reason reason = {""};
    struct esep_buf body;
    uint8_t seal[32] = {1};
    Esep__V1__Genesis genesis = ESEP__V1__GENESIS__INIT;
    genesis.log_key = esep_pb(w->keys[0].public, ESEP_KEY_BYTES);
    genesis.seal_key = esep_pb(seal, sizeof seal);
    genesis.nonce = esep_pb(seal, 16);
    esep_buf_init(&body, 4096);
    assert_int_equal(esep_pack(&genesis.base, &body), ESEP_OK);
    record.body = esep_buf_slice(&body);
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_GENESIS,
                                   .content = esep_content_hash(record.body)};
    esep_leaf_pack(&leaf, record.leaf);
    assert_int_equal(views_new(&views, &limits, collector_zones_get, NULL), ESEP_OK);
    assert_int_equal(views_apply(views, 0, esep_slice(record.leaf, sizeof record.leaf), record.body,
                                 NULL, &reason),
                     ESEP_OK);
    assert_int_equal(views_flush(views, keep, &batch), ESEP_OK);
    assert_int_equal(collector_log_open(&log, &options, &reason), ESEP_OK);
    assert_int_equal(log->ops->append(log, &batch, &reason), ESEP_OK);
    log->ops->close(log);
    views_free(views);
    esep_buf_done(&body);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    void *folder = NULL;
    if (w == NULL || unit_folder(&folder) != 0)
        return -1;
    for (size_t i = 0; i < 3; i++) {
        const uint8_t seed[32] = {(uint8_t)(i + 40)};
        esep_sign_key_from_seed(&w->keys[i], seed);
    }
    w->settings = calloc(1, sizeof *w->settings);
    assert_non_null(w->settings);
    (void)snprintf(w->settings->store, sizeof w->settings->store, "%s", (const char *)folder);
    free(folder);
    w->settings->store_bytes = 1u << 24;
    w->settings->offices = w->settings->codes = w->settings->plans = 4;
    w->settings->obligations = 16;
    w->signer.keys.present = w->keys[0];
    begin(w);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    *state = strdup(w->settings->store);
    free(w->settings);
    free(w);
    return unit_folder_gone(state);
}

/* One start of ingest's; the store is opened and closed with it. */
static enum esep_status start(struct world *w, uint64_t generation, unsigned steps,
                              struct log_start *ret)
{
    struct esep_reason reason = {""};
    struct collector_signer signer;
    const struct esep_merkle_source source = {.node = node, .context = w};
    collector_signer_local(&signer, &w->signer);
    if (collector_state_open(&w->state, w->settings, false, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
    w->state.log->generation = generation;
    *ret = (struct log_start){.signer = &signer,
                              .log = w->state.log,
                              .views = w->state.views,
                              .source = &source,
                              .generation = views_generation(w->state.views).number,
                              .now = 1000,
                              .nonce = {3},
                              .steps = steps};
    if (generation > ret->generation)
        ret->generation = generation;
    const enum esep_status status = log_start(ret, &reason);
    if (status != ESEP_OK && status != ESEP_AGAIN)
        print_message("%s\n", reason.text);
    return status;
}

static void stop(struct world *w)
{
    collector_state_close(&w->state);
}

/* So many entries; each key verified, its range too, and the rows are the log's. */
static void assert_log(struct world *w, uint64_t entries, size_t keys)
{
    struct collector_verifier *verifier = NULL;
    struct collector_comparison compared;
    struct esep_reason reason = {""};
    bool over = false;
    assert_int_equal(views_log_size(w->state.views), entries);
    assert_int_equal(collector_verifier_new(&verifier, w->state.log, 4, &reason), ESEP_OK);
    while (!over)
        if (collector_verifier_step(verifier, 100, &over, &reason) != ESEP_OK)
            fail_msg("%s", reason.text);
    assert_int_equal(collector_verifier_keys(verifier)->count, keys);
    collector_verifier_free(verifier);
    assert_int_equal(
        collector_compare(w->state.log, w->settings, false, NULL, NULL, &compared, &reason),
        ESEP_OK);
    assert_int_equal(compared.differing + compared.missing + compared.surplus, 0);
}

static void assert_head_by(const struct world *w, const struct log_start *s,
                           const struct esep_sign_key *key)
{
    const struct esep_hash root = esep_merkle_root(views_tree(w->state.views));
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    const size_t len = esep_growth_text(&w->state.log->log_id, s->generation,
                                        views_log_size(w->state.views), &root, text);
    assert_true(esep_verify(key->public, esep_slice(text, len), s->signature));
    assert_memory_equal(esep_log_keys_newest(&s->keys), key->public, ESEP_KEY_BYTES);
}

static void lay_next(struct world *w, size_t which)
{
    w->signer.keys.has_next = true;
    w->signer.keys.next = w->keys[which];
}

static void two_rotations(void **state)
{
    struct world *w = *state;
    struct log_start s;
    assert_int_equal(start(w, 0, 0, &s), ESEP_OK);
    assert_false(s.rotated || s.waits);
    assert_head_by(w, &s, &w->keys[0]);
    stop(w);
    for (size_t i = 1; i < 3; i++) {
        lay_next(w, i);
        assert_int_equal(start(w, 0, 0, &s), ESEP_OK);
        assert_true(s.rotated);
        assert_head_by(w, &s, &w->keys[i]);
        assert_log(w, i + 1, i + 1);
        assert_int_equal(s.keys.at[i].size, i + 1);
        stop(w);
        assert_int_equal(start(w, 0, 0, &s), ESEP_OK); /* and that is that */
        assert_false(s.rotated);
        assert_head_by(w, &s, &w->keys[i]);
        stop(w);
    }
}

static void cut_off_behind_each_step(void **state)
{
    struct world *w = *state;
    struct log_start s;
    size_t key = 1;
    uint64_t entries = 1;
    for (unsigned step = 3; step <= 5; step++) {
        if (step == 5) { /* of three keys the log has had two */
            lay_next(w, 2);
            key = 2;
            entries = 2;
        } else if (step == 3)
            lay_next(w, 1);
        assert_int_equal(start(w, 0, step, &s), ESEP_AGAIN);
        stop(w);
        if (step == 3)
            continue; /* and once more behind the next one */
        assert_int_equal(start(w, 0, 0, &s), ESEP_OK);
        assert_head_by(w, &s, &w->keys[key]);
        assert_false(w->signer.keys.has_next);
        assert_log(w, entries + 1, key + 1);
        stop(w);
    }
}

static void another_logs_signer(void **state)
{
    struct world *w = *state;
    struct log_start s;
    w->signer.keys.present = w->keys[2];
    assert_int_equal(start(w, 0, 0, &s), ESEP_DENIED);
    stop(w);
}

#define STORE_BYTES_MAX ((size_t)4 << 20)

static FILE *open_store_file(const struct world *w, const char *mode)
{
    char path[400];
    (void)snprintf(path, sizeof path, "%.380s/data.mdb", w->settings->store);
    FILE *file = fopen(path, mode);
    assert_non_null(file);
    return file;
}

static size_t keep_store(const struct world *w, uint8_t *bytes)
{
    FILE *file = open_store_file(w, "rb");
    const size_t len = fread(bytes, 1, STORE_BYTES_MAX, file);
    assert_int_equal(fclose(file), 0);
    assert_true(len > 0 && len < STORE_BYTES_MAX);
    return len;
}

static void put_store_back(const struct world *w, const uint8_t *bytes, size_t len)
{
    FILE *file = open_store_file(w, "wb");
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* The store of before a rotation is put back: as it is it is an older copy; as another generation
 * it goes on under the newest key, and a further one waits for the generation to begin. */
static void put_back_from_before(void **state)
{
    struct world *w = *state;
    struct log_start s;
    uint8_t *copy = malloc(STORE_BYTES_MAX);
    assert_non_null(copy);
    const size_t len = keep_store(w, copy);
    lay_next(w, 1);
    assert_int_equal(start(w, 0, 0, &s), ESEP_OK);
    stop(w);
    put_store_back(w, copy, len);
    free(copy);
    assert_int_equal(start(w, 0, 0, &s), ESEP_DENIED);
    stop(w);
    lay_next(w, 2);
    assert_int_equal(start(w, 1700000000, 0, &s), ESEP_OK);
    assert_true(s.waits);
    assert_false(s.rotated);
    assert_int_equal(s.keys.count, 2);
    assert_head_by(w, &s, &w->keys[1]);
    stop(w);
}

/* The signer took its second key in a generation of this log that is lost: so far ahead had the
 * clock been then. */
static void change_in_a_lost_generation(struct world *w, uint64_t generation)
{
    struct esep_reason reason = {""};
    struct collector_signer signer;
    struct signer_request head;
    struct signer_reply reply;
    struct log_start s;
    struct esep_log_key key;
    struct signer_request change = {.op = SIGNER_NEXT, .generation = generation, .at = 1};
    struct esep_growth growth = {.span_count = 1, .span = {{{7}}}};
    char origin[ESEP_ORIGIN_MAX + 1];
    assert_int_equal(start(w, generation, 0, &s), ESEP_OK);
    lay_next(w, 1);
    collector_signer_local(&signer, &w->signer);
    growth.from_size = views_log_size(w->state.views);
    growth.size = change.size = growth.from_size + 1;
    change.log_id = w->state.log->log_id;
    assert_int_equal(collector_signer_change(&signer, &change, &key, &reason), ESEP_OK);
    esep_log_origin(&change.log_id, generation, origin);
    signer_request_head(origin, &growth, &head);
    assert_int_equal(collector_signer_head(&signer, &head, NULL, NULL, &reply, &reason), ESEP_OK);
    change.op = SIGNER_SWITCH;
    assert_int_equal(collector_signer_change(&signer, &change, &key, &reason), ESEP_OK);
    assert_memory_equal(key.public, w->keys[1].public, ESEP_KEY_BYTES);
    stop(w);
}

/* Heads belong to keys by their generation: the one that begins is behind all keys' all the same.
 */
static void put_back_by_a_clock_that_was_set_back(void **state)
{
    struct world *w = *state;
    struct log_start s;
    change_in_a_lost_generation(w, 1800000000);
    assert_int_equal(start(w, 0, 0, &s), ESEP_DENIED);
    stop(w);
    for (uint64_t second = 1700000000; second <= 1900000000; second += 200000000) {
        assert_int_equal(start(w, second, 0, &s), ESEP_OK);
        assert_int_equal(s.generation, second < 1800000000 ? 1800000001 : second);
        assert_int_equal(s.keys.count, 2);
        assert_head_by(w, &s, &w->keys[1]);
        stop(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_rotations, set_up, tear_down),
        cmocka_unit_test_setup_teardown(cut_off_behind_each_step, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_logs_signer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(put_back_from_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(put_back_by_a_clock_that_was_set_back, set_up, tear_down),
    };
    return esep_crypto_init() == ESEP_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
