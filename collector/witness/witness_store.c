/* collector/witness/witness_store.c - see witness_store.h. A row of "heads", by origin:
 *
 *   version u8 (1) | 0 x 7 | size u64 | time_s i64 | root 32 | check 32 | the note
 *
 * check: SHA-256(tag "esep/witness/v1", zero-padded to 16 || origin || 0 || all before it || note).
 * A row of "forks", by the note's SHA-256, is the note. "key" of "meta" is the witness's public
 * key.
 */
#include "collector/witness/witness_store.h"

#include "io/store.h"

#include <stdlib.h>

enum { FORMAT = 1, ROW_VERSION = 1 };
enum { AT_SIZE = 8, AT_TIME = 16, AT_ROOT = 24, AT_CHECK = 56, AT_NOTE = 88 };
#define MAP_BYTES ((size_t)1 << 30)
#define KEY_NAME "witness-key"

struct witness_store {
    struct esep_store store;
    MDB_dbi heads, forks;
};

static MDB_val val(struct esep_slice bytes)
{
    /* LMDB asks for a pointer to what may change, and reads it only. */
    union {
        const uint8_t *in;
        void *out;
    } data = {.in = bytes.data};
    return (MDB_val){.mv_size = bytes.len, .mv_data = data.out};
}

static enum esep_status open_tables(struct witness_store *s, bool read_only,
                                    struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    const unsigned flags = read_only ? 0 : MDB_CREATE;
    int rc = mdb_txn_begin(s->store.env, NULL, read_only ? MDB_RDONLY : 0, &txn);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "heads", flags, &s->heads);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "forks", flags, &s->forks);
    if (rc == 0)
        return esep_store_commit(txn, reason);
    mdb_txn_abort(txn);
    return esep_store_status(rc, reason, "opening the witness's store");
}

enum esep_status witness_store_open(struct witness_store **ret, const char *path, bool create,
                                    bool read_only, struct esep_reason *reason)
{
    const struct esep_store_options options = {.map_bytes = MAP_BYTES,
                                               .dbs_max = 3,
                                               .kind = "witness",
                                               .format = FORMAT,
                                               .read_only = read_only,
                                               .create = create};
    struct witness_store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return esep_because(reason, ESEP_NOMEM, "%s: no memory", path);
    enum esep_status status = esep_store_open(&s->store, path, &options, reason);
    if (status != ESEP_OK) {
        free(s);
        return status;
    }
    if (!read_only)
        status = esep_store_lock_writer(&s->store, reason);
    if (status == ESEP_OK)
        status = open_tables(s, read_only, reason);
    if (status != ESEP_OK) {
        witness_store_close(s);
        return status;
    }
    *ret = s;
    return ESEP_OK;
}

void witness_store_close(struct witness_store *store)
{
    if (store == NULL)
        return;
    esep_store_close(&store->store);
    free(store);
}

/* One value, in a transaction that the caller ends. */
static enum esep_status get(struct witness_store *s, MDB_dbi dbi, struct esep_slice key,
                            MDB_txn **ret_txn, MDB_val *ret, struct esep_reason *reason)
{
    MDB_val name = val(key);
    int rc = mdb_txn_begin(s->store.env, NULL, MDB_RDONLY, ret_txn);
    if (rc == 0)
        rc = mdb_get(*ret_txn, dbi, &name, ret);
    if (rc == 0)
        return ESEP_OK;
    mdb_txn_abort(*ret_txn);
    *ret_txn = NULL;
    return rc == MDB_NOTFOUND ? ESEP_NOT_FOUND
                              : esep_store_status(rc, reason, "reading the witness's store");
}

static enum esep_status put(struct witness_store *s, MDB_dbi dbi, struct esep_slice key,
                            struct esep_slice value, unsigned flags, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    MDB_val name = val(key);
    MDB_val data = val(value);
    int rc = mdb_txn_begin(s->store.env, NULL, 0, &txn);
    if (rc == 0)
        rc = mdb_put(txn, dbi, &name, &data, flags);
    if (rc == 0)
        return esep_store_commit(txn, reason);
    mdb_txn_abort(txn);
    return rc == MDB_KEYEXIST ? ESEP_OK
                              : esep_store_status(rc, reason, "writing the witness's store");
}

enum esep_status witness_store_key(struct witness_store *store, uint8_t ret[ESEP_KEY_BYTES],
                                   struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    MDB_val row = {0};
    enum esep_status status =
        get(store, store->store.meta, esep_slice_str(KEY_NAME), &txn, &row, reason);
    if (status != ESEP_OK)
        return status;
    if (row.mv_size == ESEP_KEY_BYTES)
        memcpy(ret, row.mv_data, ESEP_KEY_BYTES);
    else
        status = esep_because(reason, ESEP_CORRUPT, "the key's row in the store is damaged");
    mdb_txn_abort(txn);
    return status;
}

enum esep_status witness_store_set_key(struct witness_store *store,
                                       const uint8_t key[ESEP_KEY_BYTES],
                                       struct esep_reason *reason)
{
    return put(store, store->store.meta, esep_slice_str(KEY_NAME), esep_slice(key, ESEP_KEY_BYTES),
               MDB_NOOVERWRITE, reason);
}

static struct esep_hash check(const char *origin, const uint8_t *row, struct esep_slice note)
{
    static const uint8_t tag[16] = "esep/witness/v1";
    const struct esep_slice parts[] = {esep_slice(tag, sizeof tag),
                                       esep_slice(origin, strlen(origin) + 1),
                                       esep_slice(row, AT_CHECK), note};
    return esep_sha256_parts(parts, sizeof parts / sizeof *parts);
}

static bool row_is_whole(const char *origin, const MDB_val *row)
{
    const uint8_t *in = row->mv_data;
    if (row->mv_size < AT_NOTE || in[0] != ROW_VERSION)
        return false;
    const struct esep_hash hash =
        check(origin, in, esep_slice(in + AT_NOTE, row->mv_size - AT_NOTE));
    return memcmp(hash.bytes, in + AT_CHECK, ESEP_HASH_BYTES) == 0;
}

static enum esep_status unpack(const char *origin, const MDB_val *row, struct witness_head *ret,
                               struct esep_slice *ret_note, struct esep_reason *reason)
{
    const uint8_t *in = row->mv_data;
    if (!row_is_whole(origin, row))
        return esep_because(reason, ESEP_CORRUPT,
                            "what was signed of '%.100s' is damaged on the disk", origin);
    *ret_note = esep_slice(in + AT_NOTE, row->mv_size - AT_NOTE);
    *ret = (struct witness_head){.size = esep_be64(in + AT_SIZE),
                                 .time_s = (int64_t)esep_be64(in + AT_TIME)};
    memcpy(ret->root.bytes, in + AT_ROOT, ESEP_HASH_BYTES);
    return ESEP_OK;
}

enum esep_status witness_store_head(struct witness_store *store, const char *origin,
                                    struct witness_head *ret, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    MDB_val row = {0};
    struct esep_slice note;
    enum esep_status status = get(store, store->heads, esep_slice_str(origin), &txn, &row, reason);
    if (status == ESEP_NOT_FOUND) {
        *ret = witness_head_none();
        return ESEP_OK;
    }
    if (status != ESEP_OK)
        return status;
    status = unpack(origin, &row, ret, &note, reason);
    mdb_txn_abort(txn);
    return status;
}

enum esep_status witness_store_put(struct witness_store *store, const char *origin,
                                   const struct witness_head *head, struct esep_slice note,
                                   struct esep_reason *reason)
{
    struct esep_buf row;
    uint8_t first[AT_NOTE] = {ROW_VERSION};
    ESEP_ASSERT(origin[0] != '\0' && note.len <= ESEP_NOTE_BYTES_MAX);
    esep_be64_put(first + AT_SIZE, head->size);
    esep_be64_put(first + AT_TIME, (uint64_t)head->time_s);
    memcpy(first + AT_ROOT, head->root.bytes, ESEP_HASH_BYTES);
    const struct esep_hash hash = check(origin, first, note);
    memcpy(first + AT_CHECK, hash.bytes, ESEP_HASH_BYTES);
    esep_buf_init(&row, AT_NOTE + ESEP_NOTE_BYTES_MAX);
    enum esep_status status = esep_buf_put(&row, first, sizeof first);
    if (status == ESEP_OK)
        status = esep_buf_put(&row, note.data, note.len);
    status = status == ESEP_OK
                 ? put(store, store->heads, esep_slice_str(origin), esep_buf_slice(&row), 0, reason)
                 : esep_because(reason, status, "no memory for the note");
    esep_buf_done(&row);
    return status;
}

enum esep_status witness_store_put_fork(struct witness_store *store, struct esep_slice note,
                                        struct esep_reason *reason)
{
    const struct esep_hash hash = esep_sha256(note);
    MDB_txn *txn = NULL;
    MDB_stat stat;
    int rc = mdb_txn_begin(store->store.env, NULL, MDB_RDONLY, &txn);
    if (rc == 0)
        rc = mdb_stat(txn, store->forks, &stat);
    mdb_txn_abort(txn);
    if (rc != 0)
        return esep_store_status(rc, reason, "counting the forks");
    if (stat.ms_entries >= WITNESS_FORKS_MAX)
        return esep_because(reason, ESEP_LIMIT, "%d notes of forked logs are kept already",
                            WITNESS_FORKS_MAX);
    return put(store, store->forks, esep_slice(hash.bytes, sizeof hash.bytes), note,
               MDB_NOOVERWRITE, reason);
}

typedef void visit_fn(void *context, const char *origin, const struct witness_head *head,
                      struct esep_slice note);

static enum esep_status each_head(MDB_cursor *cursor, visit_fn *visit, void *context,
                                  struct esep_reason *reason)
{
    char origin[ESEP_ORIGIN_MAX + 1];
    MDB_val key;
    MDB_val row = {0};
    int rc = 0;
    while ((rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT)) == 0) {
        struct witness_head head;
        struct esep_slice note;
        if (key.mv_size >= sizeof origin)
            return esep_because(reason, ESEP_CORRUPT, "a name in the store is damaged");
        memcpy(origin, key.mv_data, key.mv_size);
        origin[key.mv_size] = '\0';
        const enum esep_status status = unpack(origin, &row, &head, &note, reason);
        if (status != ESEP_OK)
            return status;
        visit(context, origin, &head, note);
    }
    return rc == MDB_NOTFOUND ? ESEP_OK
                              : esep_store_status(rc, reason, "reading the witness's store");
}

static enum esep_status each_fork(MDB_cursor *cursor, visit_fn *visit, void *context,
                                  struct esep_reason *reason)
{
    MDB_val key;
    MDB_val row = {0};
    int rc = 0;
    while ((rc = mdb_cursor_get(cursor, &key, &row, MDB_NEXT)) == 0)
        visit(context, NULL, NULL, esep_slice(row.mv_data, row.mv_size));
    return rc == MDB_NOTFOUND ? ESEP_OK
                              : esep_store_status(rc, reason, "reading the witness's store");
}

enum esep_status witness_store_each(struct witness_store *store,
                                    void (*visit)(void *context, const char *origin,
                                                  const struct witness_head *head,
                                                  struct esep_slice note),
                                    void *context, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    enum esep_status status = ESEP_OK;
    int rc = mdb_txn_begin(store->store.env, NULL, MDB_RDONLY, &txn);
    if (rc == 0)
        rc = mdb_cursor_open(txn, store->heads, &cursor);
    if (rc == 0) {
        status = each_head(cursor, visit, context, reason);
        mdb_cursor_close(cursor);
        if (status == ESEP_OK)
            rc = mdb_cursor_open(txn, store->forks, &cursor);
        if (status == ESEP_OK && rc == 0) {
            status = each_fork(cursor, visit, context, reason);
            mdb_cursor_close(cursor);
        }
    }
    mdb_txn_abort(txn);
    return rc == 0 ? status : esep_store_status(rc, reason, "reading the witness's store");
}
