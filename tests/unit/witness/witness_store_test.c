/* Does a witness remember what it signed, does it notice what the disk changed, does its key go
 * nowhere without that memory, and is a configuration that cannot be meant refused?
 */
#include "collector/witness/witness_run.h"
#include "tests/unit/io/unit.h"
#include "witness_world.h"

#include <lmdb.h>
#include <string.h>

static void path_in(void **state, const char *name, char *out, size_t room)
{
    (void)snprintf(out, room, "%s/%s", (const char *)*state, name);
}

static struct witness_store *opened(const char *path, bool create)
{
    struct witness_store *store = NULL;
    struct esep_reason reason = {""};
    if (witness_store_open(&store, path, create, false, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
    return store;
}

static const struct witness_head head = {.size = 7, .root = {{1, 2, 3}}, .time_s = 99};

static void test_heads_stay(void **state)
{
    char path[300];
    struct witness_head seen;
    struct esep_reason reason = {""};
    path_in(state, "store", path, sizeof path);
    struct witness_store *store = opened(path, true);
    assert_int_equal(witness_store_head(store, "a", &seen, &reason), ESEP_OK);
    const struct witness_head none = witness_head_none();
    assert_memory_equal(&seen, &none, sizeof none);
    assert_int_equal(witness_store_put(store, "a", &head, esep_slice_str("note"), &reason),
                     ESEP_OK);
    witness_store_close(store);
    store = opened(path, false);
    assert_int_equal(witness_store_head(store, "a", &seen, &reason), ESEP_OK);
    assert_memory_equal(&seen, &head, sizeof head);
    assert_int_equal(witness_store_head(store, "ab", &seen, &reason), ESEP_OK);
    assert_int_equal(seen.size, 0);
    struct witness_store *second = NULL;
    assert_int_equal(witness_store_open(&second, path, false, false, &reason), ESEP_CONFLICT);
    witness_store_close(store);
}

struct seen {
    size_t heads, forks;
    char note[32];
};

static void look(void *context, const char *origin, const struct witness_head *at,
                 struct esep_slice note)
{
    struct seen *seen = context;
    if (origin == NULL)
        seen->forks++;
    else
        seen->heads += at->size == head.size;
    (void)snprintf(seen->note, sizeof seen->note, "%.*s", (int)note.len, (const char *)note.data);
}

static void test_forks_are_kept_once_and_bounded(void **state)
{
    char path[300];
    char note[32];
    struct seen seen = {0};
    struct esep_reason reason = {""};
    path_in(state, "store", path, sizeof path);
    struct witness_store *store = opened(path, true);
    assert_int_equal(witness_store_put(store, "a", &head, esep_slice_str("x"), &reason), ESEP_OK);
    for (int twice = 0; twice < 2; twice++)
        assert_int_equal(witness_store_put_fork(store, esep_slice_str("fork"), &reason), ESEP_OK);
    assert_int_equal(witness_store_each(store, look, &seen, &reason), ESEP_OK);
    assert_int_equal(seen.heads, 1);
    assert_int_equal(seen.forks, 1);
    assert_string_equal(seen.note, "fork");
    for (int i = 1; i < WITNESS_FORKS_MAX; i++) {
        (void)snprintf(note, sizeof note, "fork %d", i);
        assert_int_equal(witness_store_put_fork(store, esep_slice_str(note), &reason), ESEP_OK);
    }
    assert_int_equal(witness_store_put_fork(store, esep_slice_str("more"), &reason), ESEP_LIMIT);
    witness_store_close(store);
}

/* Any byte of a row, changed below LMDB's interface. */
static void test_a_damaged_row_is_noticed(void **state)
{
    char path[300];
    struct witness_head seen;
    struct seen all;
    struct esep_reason reason = {""};
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    MDB_val key = {1, (char[]){"a"}};
    MDB_val row;
    path_in(state, "store", path, sizeof path);
    struct witness_store *store = opened(path, true);
    assert_int_equal(witness_store_put(store, "a", &head, esep_slice_str("note"), &reason),
                     ESEP_OK);
    witness_store_close(store);
    for (size_t at = 0; at <= 92; at++) {
        uint8_t bytes[93] = {0};
        assert_int_equal(mdb_env_create(&env), 0);
        assert_int_equal(mdb_env_set_maxdbs(env, 4), 0);
        assert_int_equal(mdb_env_set_mapsize(env, (size_t)1 << 30), 0);
        assert_int_equal(mdb_env_open(env, path, 0, 0600), 0);
        assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
        assert_int_equal(mdb_dbi_open(txn, "heads", 0, &dbi), 0);
        assert_int_equal(mdb_get(txn, dbi, &key, &row), 0);
        assert_true(row.mv_size >= 92);
        memcpy(bytes, row.mv_data, 92);
        if (at > 0)
            bytes[at - 1] ^= 1; /* what the last round changed */
        if (at < 92)
            bytes[at] ^= 1;
        row = (MDB_val){92, bytes};
        assert_int_equal(mdb_put(txn, dbi, &key, &row, 0), 0);
        assert_int_equal(mdb_txn_commit(txn), 0);
        mdb_env_close(env);
        /* The seven bytes behind the version are zero, and checked like the rest. */
        store = opened(path, false);
        const enum esep_status want = at < 92 ? ESEP_CORRUPT : ESEP_OK;
        assert_int_equal(witness_store_head(store, "a", &seen, &reason), want);
        assert_int_equal(witness_store_each(store, look, &all, &reason), want);
        witness_store_close(store);
    }
}

static void settings_in(void **state, struct witness_settings *ret)
{
    *ret = (struct witness_settings){.name = "witness.example/w1"};
    path_in(state, "w.keys", ret->keys, sizeof ret->keys);
    path_in(state, "store", ret->store, sizeof ret->store);
}

static void remove_store(const struct witness_settings *settings)
{
    char path[300];
    static const char *const names[] = {"data.mdb", "lock.mdb", "writer.lock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", settings->store, names[i]);
        (void)remove(path);
    }
    assert_int_equal(remove(settings->store), 0);
}

static void test_a_key_without_its_store_signs_nothing(void **state)
{
    struct witness_settings *s = calloc(1, sizeof *s);
    struct witness_own own;
    struct witness_own again;
    struct esep_reason reason = {""};
    assert_non_null(s);
    settings_in(state, s);
    assert_int_equal(witness_own_open(&own, s, false, &reason), ESEP_NOT_FOUND);
    if (witness_own_open(&own, s, true, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
    witness_store_close(own.store);
    own.store = NULL;
    /* Once more it is the same. */
    assert_int_equal(witness_own_open(&again, s, true, &reason), ESEP_OK);
    assert_memory_equal(&again.name, &own.name, sizeof own.name);
    witness_own_close(&again);
    assert_int_equal(witness_own_open(&again, s, false, &reason), ESEP_OK);
    witness_own_close(&again);
    /* The store is lost: neither to serve nor to make another beside the key. */
    remove_store(s);
    assert_int_equal(witness_own_open(&again, s, false, &reason), ESEP_NOT_FOUND);
    assert_int_equal(witness_own_open(&again, s, true, &reason), ESEP_NOT_FOUND);
    assert_non_null(strstr(reason.text, "forgotten"));
    /* Another key's store. */
    struct witness_store *store = opened(s->store, true);
    const uint8_t other[ESEP_KEY_BYTES] = {9};
    assert_int_equal(witness_store_set_key(store, other, &reason), ESEP_OK);
    witness_store_close(store);
    assert_int_equal(witness_own_open(&again, s, true, &reason), ESEP_INVALID);
    witness_own_close(&own);
    free(s);
}

/* A crash between the steps of keygen. */
static void test_keygen_goes_on(void **state)
{
    struct witness_settings *s = calloc(1, sizeof *s);
    struct witness_own own;
    struct esep_reason reason = {""};
    assert_non_null(s);
    settings_in(state, s);
    witness_store_close(opened(s->store, true));
    assert_int_equal(witness_own_open(&own, s, false, &reason), ESEP_NOT_FOUND);
    assert_int_equal(witness_own_open(&own, s, true, &reason), ESEP_OK);
    witness_own_close(&own);
    /* The key is there, the store does not know it yet. */
    remove_store(s);
    witness_store_close(opened(s->store, true));
    assert_int_equal(witness_own_open(&own, s, false, &reason), ESEP_NOT_FOUND);
    assert_int_equal(witness_own_open(&own, s, true, &reason), ESEP_OK);
    witness_own_close(&own);
    assert_int_equal(witness_own_open(&own, s, false, &reason), ESEP_OK);
    witness_own_close(&own);
    free(s);
}

static enum esep_status read_settings(void **state, const char *logs, struct witness_settings **ret)
{
    char path[300];
    struct esep_reason reason = {""};
    path_in(state, "witness.yaml", path, sizeof path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fprintf(file, "name: witness.example/w1\nkeys: k\nstore: s\n%s", logs);
    assert_int_equal(fclose(file), 0);
    return witness_settings_read(path, ret, &reason);
}

static void test_settings(void **state)
{
    char text[1024];
    char one[ESEP_NOTE_VKEY_MAX];
    char two[ESEP_NOTE_VKEY_MAX];
    char foreign[ESEP_NOTE_VKEY_MAX];
    struct witness_settings *s = NULL;
    const struct esep_note_key first = world_key(1);
    const struct esep_note_key second = world_key(2);
    const struct esep_note_key third = world_witness_key();
    esep_note_key_format(&first, one);
    esep_note_key_format(&second, two);
    esep_note_key_format(&third, foreign);
    (void)snprintf(text, sizeof text, "logs:\n- key: %s\n- {key: %s}\n- {key: %s, origin: other}\n",
                   one, two, one);
    assert_int_equal(read_settings(state, text, &s), ESEP_OK);
    assert_int_equal(s->log_count, 2);
    assert_string_equal(s->logs[0].origin, WORLD_ORIGIN);
    assert_int_equal(s->logs[0].key_count, 2);
    assert_int_equal(s->logs[0].keys[1].id, second.id);
    assert_string_equal(s->logs[1].origin, "other");
    witness_settings_free(s);
    const char *const bad[] = {
        "",
        "logs: x\n",
        "logs: [x]\n",
        "logs: [{}]\n",
        "logs: [{origin: x}]\n",
        "logs: []\nname: 'a b'\n",
        "logs: []\nclock: tomorrow\n",
        "logs: []\nlog: {level: loud}\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(read_settings(state, bad[i], &s), ESEP_INVALID);
    (void)snprintf(text, sizeof text, "logs: [{key: %s}]\n", foreign);
    assert_int_equal(read_settings(state, text, &s), ESEP_INVALID);
    (void)snprintf(text, sizeof text, "logs: [{key: %s, origin: ''}]\n", one);
    assert_int_equal(read_settings(state, text, &s), ESEP_INVALID);
    (void)snprintf(text, sizeof text, "logs: [{key: %s, name: x}]\n", one);
    assert_int_equal(read_settings(state, text, &s), ESEP_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_heads_stay),
        unit_test_in_folder(test_forks_are_kept_once_and_bounded),
        unit_test_in_folder(test_a_damaged_row_is_noticed),
        unit_test_in_folder(test_a_key_without_its_store_signs_nothing),
        unit_test_in_folder(test_keygen_goes_on),
        unit_test_in_folder(test_settings),
    };
    return esep_crypto_init() == ESEP_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
