/* tests/power/rows.c - a store's rows as one hash; see rows.h. */
#include "rows.h"

#include <stdlib.h>

static void add_hash(struct esep_hash *hash, MDB_val v)
{
    uint8_t len[8];
    esep_be64_put(len, v.mv_size);
    const struct esep_slice parts[] = {esep_slice(hash->bytes, sizeof hash->bytes),
                                       esep_slice(len, sizeof len),
                                       esep_slice(v.mv_data, v.mv_size)};
    *hash = esep_sha256_parts(parts, 3);
}

static void hash_database(MDB_txn *txn, MDB_val name, struct esep_hash *hash)
{
    char text[64];
    MDB_dbi dbi;
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    if (name.mv_size >= sizeof text)
        abort();
    memcpy(text, name.mv_data, name.mv_size);
    text[name.mv_size] = 0;
    add_hash(hash, name);
    if (mdb_dbi_open(txn, text, 0, &dbi) != 0 || mdb_cursor_open(txn, dbi, &cursor) != 0)
        abort();
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        add_hash(hash, key);
        if (key.mv_size != 6 || memcmp(key.mv_data, "engine", 6) != 0)
            add_hash(hash, value);
    }
    mdb_cursor_close(cursor);
}

struct esep_hash power_rows_hash(MDB_env *env)
{
    struct esep_hash hash = {{0}};
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_dbi root;
    MDB_val name, value;
    if (mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 || mdb_dbi_open(txn, NULL, 0, &root) != 0 ||
        mdb_cursor_open(txn, root, &cursor) != 0)
        abort();
    while (mdb_cursor_get(cursor, &name, &value, MDB_NEXT) == 0)
        hash_database(txn, name, &hash);
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return hash;
}
