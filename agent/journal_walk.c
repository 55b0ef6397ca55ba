/* agent/journal_walk.c - reading the whole journal: entries of every epoch, every receipt. */
#include "agent/journal_internal.h"

/* One database from its first row; row says false to stop, and sets *ret_rc for a bad row. */
static enum esep_status walk(struct journal *journal, MDB_dbi dbi,
                             bool (*row)(void *context, const MDB_val *key, const MDB_val *data,
                                         int *ret_rc),
                             void *context, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val data;
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status != ESEP_OK)
        return status;
    int rc = mdb_cursor_open(txn, dbi, &cursor);
    for (MDB_cursor_op step = MDB_FIRST; rc == 0; step = MDB_NEXT) {
        rc = mdb_cursor_get(cursor, &key, &data, step);
        if (rc != 0 || !row(context, &key, &data, &rc))
            break;
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return rc == 0 || rc == MDB_NOTFOUND ? ESEP_OK
                                         : esep_store_status(rc, reason, "read the journal");
}

struct entries {
    bool (*visit)(void *context, uint32_t epoch, const struct agent_entry *entry);
    void *context;
};

static bool entry_row(void *context, const MDB_val *key, const MDB_val *data, int *ret_rc)
{
    const struct entries *e = context;
    if (key->mv_size != ENTRY_KEY_BYTES || data->mv_size < ESEP_HASH_BYTES) {
        *ret_rc = MDB_CORRUPTED;
        return false;
    }
    const uint8_t *row = data->mv_data;
    struct agent_entry entry = {
        .seq = esep_be64((const uint8_t *)key->mv_data + 4),
        .bytes = esep_slice(row + ESEP_HASH_BYTES, data->mv_size - ESEP_HASH_BYTES)};
    memcpy(entry.chain.bytes, row, ESEP_HASH_BYTES);
    return e->visit(e->context, esep_be32(key->mv_data), &entry);
}

enum esep_status journal_walk(struct journal *journal,
                              bool (*visit)(void *context, uint32_t epoch,
                                            const struct agent_entry *entry),
                              void *context, struct esep_reason *reason)
{
    struct entries e = {.visit = visit, .context = context};
    return walk(journal, journal->entries, entry_row, &e, reason);
}

struct receipts {
    bool (*visit)(void *context, const struct esep_receipt *receipt);
    void *context;
};

static bool receipt_row(void *context, const MDB_val *key, const MDB_val *data, int *ret_rc)
{
    const struct receipts *r = context;
    struct esep_receipt receipt;
    if (key->mv_size != JOURNAL_RECEIPT_KEY_BYTES || data->mv_size != RECEIPT_ROW_BYTES) {
        *ret_rc = MDB_CORRUPTED;
        return false;
    }
    journal_receipt_read(key->mv_data, data->mv_data, &receipt);
    return r->visit(r->context, &receipt);
}

enum esep_status journal_receipts(struct journal *journal,
                                  bool (*visit)(void *context, const struct esep_receipt *receipt),
                                  void *context, struct esep_reason *reason)
{
    struct receipts r = {.visit = visit, .context = context};
    return walk(journal, journal->receipts, receipt_row, &r, reason);
}
