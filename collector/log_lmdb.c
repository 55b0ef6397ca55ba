/* collector/log_lmdb.c - see log_lmdb.h. Keys of "entries" are native integers (MDB_INTEGERKEY);
 * keys of the tables are the views' big-endian bytes without the table's letter. */
#include "collector/log_lmdb.h"

#include "io/keyfile.h"

#include <stdio.h>
#include <stdlib.h>

#define LOG_FORMAT 3u
#define KEY_BYTES_MAX 128
static const char tables[] = "TPFKORSCMDANEHGL";
#define TABLE_COUNT (sizeof tables - 1)

struct log_lmdb {
    struct collector_log base;
    struct esep_store store;
    MDB_dbi entries;
    MDB_dbi table[TABLE_COUNT];
    bool read_only;
    MDB_txn *held; /* collector_log_hold; else NULL */
};

static struct log_lmdb *self(struct collector_log *log)
{
    return (struct log_lmdb *)(void *)log;
}

static int table_of(uint8_t letter)
{
    const char *at = letter != 0 ? strchr(tables, letter) : NULL;
    return at != NULL ? (int)(at - tables) : -1;
}

static MDB_val val(struct esep_slice slice)
{
    return (MDB_val){.mv_size = slice.len, .mv_data = (void *)(uintptr_t)slice.data};
}

static struct esep_slice slice_of(MDB_val v)
{
    return esep_slice(v.mv_data, v.mv_size);
}

static enum esep_status log_size(MDB_txn *txn, const struct log_lmdb *log, uint64_t *ret_size,
                                 struct esep_reason *reason)
{
    MDB_stat stat;
    int rc = mdb_stat(txn, log->entries, &stat);
    if (rc != 0)
        return esep_store_status(rc, reason, "count log entries");
    *ret_size = stat.ms_entries;
    return ESEP_OK;
}

/* Room for the batch and for what copy-on-write needs beside it, judged before anything changes. */
static enum esep_status check_quota(struct log_lmdb *log, const struct collector_batch *batch,
                                    struct esep_reason *reason)
{
    uint64_t used = 0;
    uint64_t quota = 0;
    if (batch->record_count == 0)
        return ESEP_OK; /* views made anew: they had their room before, and must not stay half done
                         */
    enum esep_status status = esep_store_usage(&log->store, &used, &quota);
    if (status != ESEP_OK)
        return esep_because(reason, status, "%s: cannot measure the store", log->store.path);
    uint64_t wanted = 0;
    for (size_t i = 0; i < batch->record_count; i++)
        wanted += ESEP_LEAF_BYTES + 32 + batch->records[i].body.len;
    for (size_t i = 0; i < batch->row_count; i++)
        wanted += batch->rows[i].key.len + batch->rows[i].value.len + 32;
    if (used + 2 * wanted > quota)
        return esep_because(reason, ESEP_LIMIT,
                            "%s: full: %llu of %llu bytes in use; raise limits.store_bytes or free "
                            "the disk, then restart",
                            log->store.path, (unsigned long long)used, (unsigned long long)quota);
    return ESEP_OK;
}

static enum esep_status put_records(MDB_txn *txn, struct log_lmdb *log,
                                    const struct collector_batch *batch, struct esep_reason *reason)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(txn, log->entries, &cursor);
    for (size_t i = 0; rc == 0 && i < batch->record_count; i++) {
        const struct collector_record *record = &batch->records[i];
        size_t index = batch->first_index + i;
        MDB_val key = {.mv_size = sizeof index, .mv_data = &index};
        MDB_val data = {.mv_size = ESEP_LEAF_BYTES + record->body.len};
        rc = mdb_cursor_put(cursor, &key, &data, MDB_APPEND | MDB_RESERVE);
        if (rc != 0)
            break;
        memcpy(data.mv_data, record->leaf, ESEP_LEAF_BYTES);
        if (record->body.len > 0)
            memcpy((uint8_t *)data.mv_data + ESEP_LEAF_BYTES, record->body.data, record->body.len);
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    return rc == 0 ? ESEP_OK : esep_store_status(rc, reason, "append log entries");
}

/* A table under writing: while keys only rise above the last one, they are appended. */
struct table_writer {
    MDB_cursor *cursor;
    size_t last_len;
    uint8_t last[KEY_BYTES_MAX];
    bool empty;
};

static int writer_open(MDB_txn *txn, MDB_dbi dbi, struct table_writer *writer)
{
    int rc = mdb_cursor_open(txn, dbi, &writer->cursor);
    if (rc != 0)
        return rc;
    MDB_val key;
    MDB_val data;
    rc = mdb_cursor_get(writer->cursor, &key, &data, MDB_LAST);
    writer->empty = rc == MDB_NOTFOUND;
    if (rc == 0 && key.mv_size <= sizeof writer->last) {
        writer->last_len = key.mv_size;
        memcpy(writer->last, key.mv_data, key.mv_size);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static bool rises(const struct table_writer *writer, struct esep_slice key)
{
    if (writer->empty)
        return true;
    size_t common = key.len < writer->last_len ? key.len : writer->last_len;
    int order = memcmp(key.data, writer->last, common);
    return order > 0 || (order == 0 && key.len > writer->last_len);
}

static int writer_put(struct table_writer *writer, struct esep_slice key, struct esep_slice value)
{
    MDB_val k = val(key);
    MDB_val v = val(value);
    if (value.data == NULL) {
        int rc = mdb_cursor_get(writer->cursor, &k, &v, MDB_SET);
        return rc == MDB_NOTFOUND ? 0 : rc != 0 ? rc : mdb_cursor_del(writer->cursor, 0);
    }
    if (!rises(writer, key))
        return mdb_cursor_put(writer->cursor, &k, &v, 0);
    writer->empty = false;
    writer->last_len = key.len;
    memcpy(writer->last, key.data, key.len);
    return mdb_cursor_put(writer->cursor, &k, &v, MDB_APPEND);
}

static enum esep_status put_rows(MDB_txn *txn, struct log_lmdb *log,
                                 const struct collector_batch *batch, struct esep_reason *reason)
{
    struct table_writer writers[TABLE_COUNT];
    memset(writers, 0, sizeof writers);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < batch->row_count; i++) {
        struct esep_slice key = batch->rows[i].key;
        int table = key.len > 0 ? table_of(key.data[0]) : -1;
        ESEP_ASSERT(table >= 0 && key.len <= KEY_BYTES_MAX);
        struct table_writer *writer = &writers[table];
        if (writer->cursor == NULL)
            rc = writer_open(txn, log->table[table], writer);
        /* LMDB has no empty keys: a table of one row ('T') keeps its letter as the key. */
        struct esep_slice rest = key.len > 1 ? esep_slice(key.data + 1, key.len - 1) : key;
        if (rc == 0)
            rc = writer_put(writer, rest, batch->rows[i].value);
    }
    for (size_t t = 0; t < TABLE_COUNT; t++)
        if (writers[t].cursor != NULL)
            mdb_cursor_close(writers[t].cursor);
    return rc == 0 ? ESEP_OK : esep_store_status(rc, reason, "write the views");
}

static enum esep_status lmdb_append(struct collector_log *base, const struct collector_batch *batch,
                                    struct esep_reason *reason)
{
    struct log_lmdb *log = self(base);
    enum esep_status status = check_quota(log, batch, reason);
    if (status != ESEP_OK)
        return status;
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(log->store.env, NULL, 0, &txn);
    if (rc != 0)
        return esep_store_status(rc, reason, "begin a transaction");
    uint64_t size = 0;
    status = log_size(txn, log, &size, reason);
    if (status == ESEP_OK && size != batch->first_index)
        status = esep_because(reason, ESEP_CONFLICT,
                              "%s: the log has %llu entries, this writer believed %llu: another "
                              "process has written to it",
                              log->store.path, (unsigned long long)size,
                              (unsigned long long)batch->first_index);
    if (status == ESEP_OK)
        status = put_records(txn, log, batch, reason);
    if (status == ESEP_OK)
        status = put_rows(txn, log, batch, reason);
    if (status != ESEP_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    return esep_store_commit(txn, reason);
}

/* The log as it is held, or as it is now. */
static int read_begin(struct log_lmdb *log, MDB_txn **ret_txn)
{
    *ret_txn = log->held;
    return log->held != NULL ? 0 : mdb_txn_begin(log->store.env, NULL, MDB_RDONLY, ret_txn);
}

static void read_end(const struct log_lmdb *log, MDB_txn *txn)
{
    if (txn != NULL && txn != log->held)
        mdb_txn_abort(txn);
}

static enum esep_status lmdb_read(struct collector_log *base, uint64_t index, uint64_t count,
                                  bool (*visit)(void *context, uint64_t index,
                                                struct esep_slice leaf, struct esep_slice body),
                                  void *context, struct esep_reason *reason)
{
    struct log_lmdb *log = self(base);
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    int rc = read_begin(log, &txn);
    if (rc == 0)
        rc = mdb_cursor_open(txn, log->entries, &cursor);
    enum esep_status status = ESEP_OK;
    size_t wanted = index;
    MDB_val key = {.mv_size = sizeof wanted, .mv_data = &wanted};
    MDB_val data;
    for (uint64_t i = 0; rc == 0 && i < count; i++) {
        rc = mdb_cursor_get(cursor, &key, &data, i == 0 ? MDB_SET_KEY : MDB_NEXT);
        if (rc != 0)
            break;
        if (data.mv_size < ESEP_LEAF_BYTES) {
            status = esep_because(reason, ESEP_CORRUPT, "%s: log entry %llu is shorter than a leaf",
                                  log->store.path, (unsigned long long)index + i);
            break;
        }
        struct esep_slice whole = slice_of(data);
        if (!visit(context, index + i, esep_slice(whole.data, ESEP_LEAF_BYTES),
                   esep_slice(whole.data + ESEP_LEAF_BYTES, whole.len - ESEP_LEAF_BYTES)))
            break;
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    read_end(log, txn);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return esep_store_status(rc, reason, "read log entries");
    return status;
}

static enum esep_status
lmdb_rows(struct collector_log *base, struct esep_slice prefix, struct esep_slice from,
          bool (*visit)(void *context, struct esep_slice key, struct esep_slice value),
          void *context, struct esep_reason *reason)
{
    struct log_lmdb *log = self(base);
    int table = prefix.len > 0 ? table_of(prefix.data[0]) : -1;
    ESEP_ASSERT(table >= 0 && prefix.len <= KEY_BYTES_MAX && from.len <= KEY_BYTES_MAX);
    struct esep_slice start = from.len > 0 ? from : prefix;
    uint8_t full[KEY_BYTES_MAX + 1];
    full[0] = prefix.data[0];
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    int rc = read_begin(log, &txn);
    if (rc == 0)
        rc = mdb_cursor_open(txn, log->table[table], &cursor);
    MDB_val key = {.mv_size = start.len - 1, .mv_data = (void *)(uintptr_t)(start.data + 1)};
    MDB_val data;
    MDB_cursor_op step = start.len > 1 ? MDB_SET_RANGE : MDB_FIRST;
    while (rc == 0) {
        rc = mdb_cursor_get(cursor, &key, &data, step);
        step = MDB_NEXT;
        if (rc != 0 || key.mv_size >= sizeof full)
            break;
        bool single = key.mv_size == 1 && *(const uint8_t *)key.mv_data == full[0];
        size_t len = single ? 1 : key.mv_size + 1;
        if (!single)
            memcpy(full + 1, key.mv_data, key.mv_size);
        if (len < prefix.len || memcmp(full, prefix.data, prefix.len) != 0)
            break;
        if (!visit(context, esep_slice(full, len), slice_of(data)))
            break;
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    read_end(log, txn);
    return rc == 0 || rc == MDB_NOTFOUND ? ESEP_OK
                                         : esep_store_status(rc, reason, "read the views");
}

static enum esep_status lmdb_size(struct collector_log *base, uint64_t *ret_size)
{
    struct log_lmdb *log = self(base);
    MDB_txn *txn = NULL;
    int rc = read_begin(log, &txn);
    if (rc != 0)
        return esep_store_status(rc, NULL, "begin a transaction");
    enum esep_status status = log_size(txn, log, ret_size, NULL);
    read_end(log, txn);
    return status;
}

static enum esep_status lmdb_drop_rows(struct collector_log *base, struct esep_reason *reason)
{
    struct log_lmdb *log = self(base);
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(log->store.env, NULL, 0, &txn);
    for (size_t t = 0; rc == 0 && t < TABLE_COUNT; t++)
        rc = mdb_drop(txn, log->table[t], 0);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return esep_store_status(rc, reason, "delete the views");
    }
    return esep_store_commit(txn, reason);
}

static void lmdb_close(struct collector_log *base)
{
    if (base == NULL)
        return;
    struct log_lmdb *log = self(base);
    collector_log_let_go(base);
    esep_store_close(&log->store);
    free(log);
}

static const struct collector_log_ops lmdb_ops = {
    .append = lmdb_append,
    .read = lmdb_read,
    .rows = lmdb_rows,
    .size = lmdb_size,
    .drop_rows = lmdb_drop_rows,
    .close = lmdb_close,
};

/* Reads the engine id; where there is none yet (or a new one is wanted) draws and stores it. */
static int engine_id(MDB_txn *txn, struct log_lmdb *log, bool redraw)
{
    MDB_val key = {.mv_size = 6, .mv_data = (void *)(uintptr_t) "engine"};
    MDB_val data;
    int rc = redraw ? MDB_NOTFOUND : mdb_get(txn, log->store.meta, &key, &data);
    if (rc == 0 && data.mv_size == sizeof log->base.engine_id) {
        memcpy(log->base.engine_id, data.mv_data, sizeof log->base.engine_id);
        return 0;
    }
    if (rc == 0)
        return MDB_CORRUPTED;
    if (rc != MDB_NOTFOUND || log->read_only)
        return rc;
    esep_random(log->base.engine_id, sizeof log->base.engine_id);
    data = (MDB_val){.mv_size = sizeof log->base.engine_id, .mv_data = log->base.engine_id};
    return mdb_put(txn, log->store.meta, &key, &data, 0);
}

static int put_generation(MDB_txn *txn, struct log_lmdb *log, uint64_t number)
{
    uint8_t bytes[8];
    MDB_val key = {.mv_size = 10, .mv_data = (void *)(uintptr_t) "generation"};
    MDB_val data = {.mv_size = sizeof bytes, .mv_data = bytes};
    esep_be64_put(bytes, number);
    int rc = mdb_put(txn, log->store.meta, &key, &data, 0);
    if (rc == 0)
        log->base.generation = number;
    return rc;
}

/* Also where the clock was set back: greater than the one before. */
static uint64_t next_generation(const struct log_lmdb *log, esep_time now)
{
    const uint64_t second = now > 0 ? (uint64_t)(now / ESEP_SECOND) : 0;
    return second > log->base.generation ? second : log->base.generation + 1;
}

static int get_generation(MDB_txn *txn, struct log_lmdb *log)
{
    MDB_val key = {.mv_size = 10, .mv_data = (void *)(uintptr_t) "generation"};
    MDB_val data;
    int rc = mdb_get(txn, log->store.meta, &key, &data);
    if (rc == 0 && data.mv_size != 8)
        return MDB_CORRUPTED;
    log->base.generation = rc == 0 ? esep_be64(data.mv_data) : 0;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static enum esep_status open_databases(struct log_lmdb *log, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    unsigned make = log->read_only ? 0 : MDB_CREATE;
    int rc = mdb_txn_begin(log->store.env, NULL, log->read_only ? MDB_RDONLY : 0, &txn);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "entries", MDB_INTEGERKEY | make, &log->entries);
    for (size_t t = 0; rc == 0 && t < TABLE_COUNT; t++) {
        const char name[2] = {tables[t], 0};
        rc = mdb_dbi_open(txn, name, make, &log->table[t]);
        if (rc == MDB_NOTFOUND) {
            mdb_txn_abort(txn);
            return esep_because(reason, ESEP_CORRUPT,
                                "the store lacks its table %s: restore a backup", name);
        }
    }
    if (rc == 0)
        rc = engine_id(txn, log, false);
    if (rc == 0)
        rc = get_generation(txn, log);
    if (rc != 0) {
        if (txn != NULL)
            mdb_txn_abort(txn);
        return esep_store_status(rc, reason, "open the log");
    }
    return esep_store_commit(txn, reason);
}

static bool keep_log_id(void *context, uint64_t index, struct esep_slice leaf,
                        struct esep_slice body)
{
    (void)index;
    (void)leaf;
    *(struct esep_hash *)context = esep_log_id(body);
    return false;
}

enum esep_status collector_log_open(struct collector_log **ret,
                                    const struct collector_log_options *options,
                                    struct esep_reason *reason)
{
    struct log_lmdb *log = calloc(1, sizeof *log);
    if (log == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory to open %s", options->path);
    log->base.ops = &lmdb_ops;
    log->read_only = options->read_only;
    const struct esep_store_options store = {.map_bytes = options->map_bytes,
                                             .dbs_max = TABLE_COUNT + 4,
                                             .kind = "log",
                                             .format = LOG_FORMAT,
                                             .read_only = options->read_only,
                                             .create = options->create};
    enum esep_status status = esep_store_open(&log->store, options->path, &store, reason);
    if (status != ESEP_OK) {
        free(log);
        return status;
    }
    if (!options->read_only)
        status = esep_store_lock_writer(&log->store, reason);
    if (status == ESEP_OK)
        status = open_databases(log, reason);
    if (status == ESEP_OK)
        status = lmdb_read(&log->base, 0, 1, keep_log_id, &log->base.log_id, reason);
    if (status != ESEP_OK) {
        lmdb_close(&log->base);
        return status;
    }
    *ret = &log->base;
    return ESEP_OK;
}

enum esep_status collector_log_new_engine(struct collector_log *base, esep_time now,
                                          struct esep_reason *reason)
{
    struct log_lmdb *log = self(base);
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(log->store.env, NULL, 0, &txn);
    if (rc != 0)
        return esep_store_status(rc, reason, "begin a transaction");
    rc = engine_id(txn, log, true);
    if (rc == 0)
        rc = put_generation(txn, log, next_generation(log, now));
    if (rc != 0) {
        mdb_txn_abort(txn);
        return esep_store_status(rc, reason, "draw an engine id");
    }
    return esep_store_commit(txn, reason);
}

enum esep_status collector_log_raise_generation(struct collector_log *base, uint64_t number,
                                                struct esep_reason *reason)
{
    struct log_lmdb *log = self(base);
    MDB_txn *txn = NULL;
    ESEP_ASSERT(number > base->generation);
    int rc = mdb_txn_begin(log->store.env, NULL, 0, &txn);
    if (rc != 0)
        return esep_store_status(rc, reason, "begin a transaction");
    rc = put_generation(txn, log, number);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return esep_store_status(rc, reason, "number a generation");
    }
    return esep_store_commit(txn, reason);
}

struct esep_store *collector_log_store(struct collector_log *log)
{
    return &self(log)->store;
}

enum esep_status collector_log_hold(struct collector_log *base, struct esep_reason *reason)
{
    struct log_lmdb *log = self(base);
    ESEP_ASSERT(log->read_only && log->held == NULL);
    int rc = mdb_txn_begin(log->store.env, NULL, MDB_RDONLY, &log->held);
    return rc == 0 ? ESEP_OK : esep_store_status(rc, reason, "begin a transaction");
}

void collector_log_let_go(struct collector_log *base)
{
    struct log_lmdb *log = self(base);
    if (log->held != NULL)
        mdb_txn_abort(log->held);
    log->held = NULL;
}
