/* agent/journal_keys.c - which key signs, since when, and which is to follow; see journal.h. */
#include "agent/journal_internal.h"

#define KEYS_ROW_BYTES (8 + ESEP_KEY_BYTES + 8)

static enum esep_status get(MDB_txn *txn, const struct journal *journal, struct journal_keys *ret,
                            struct esep_reason *reason)
{
    static const uint8_t none[ESEP_KEY_BYTES];
    uint8_t row[KEYS_ROW_BYTES] = {0};
    enum esep_status status = journal_state_get(txn, journal, "keys", sizeof row, row, reason);
    *ret = (struct journal_keys){0};
    if (status == ESEP_NOT_FOUND)
        return ESEP_OK;
    if (status != ESEP_OK)
        return status;
    ret->since = (esep_time)esep_be64(row);
    memcpy(ret->next_public, row + 8, ESEP_KEY_BYTES);
    ret->wanted = memcmp(ret->next_public, none, sizeof none) != 0;
    ret->wanted_at = (esep_time)esep_be64(row + 8 + ESEP_KEY_BYTES);
    return ESEP_OK;
}

static enum esep_status put(MDB_txn *txn, const struct journal *journal,
                            const struct journal_keys *keys, struct esep_reason *reason)
{
    uint8_t row[KEYS_ROW_BYTES];
    esep_be64_put(row, (uint64_t)keys->since);
    memcpy(row + 8, keys->next_public, ESEP_KEY_BYTES);
    esep_be64_put(row + 8 + ESEP_KEY_BYTES, (uint64_t)keys->wanted_at);
    return journal_state_put(txn, journal, "keys", row, sizeof row, reason);
}

enum esep_status journal_keys(struct journal *journal, struct journal_keys *ret,
                              struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status == ESEP_OK)
        status = get(txn, journal, ret, reason);
    if (txn != NULL)
        mdb_txn_abort(txn);
    return status;
}

enum esep_status journal_keys_want(struct journal *journal,
                                   const uint8_t next_public[ESEP_KEY_BYTES], esep_time now,
                                   struct esep_reason *reason)
{
    struct journal_keys keys;
    MDB_txn *txn = NULL;
    enum esep_status status = journal_begin(journal, true, &txn, reason);
    if (status == ESEP_OK)
        status = get(txn, journal, &keys, reason);
    if (status == ESEP_OK && keys.wanted)
        status = esep_because(reason, ESEP_CONFLICT, "%s: other new keys are on their way already",
                              journal->store.path);
    if (status == ESEP_OK) {
        memcpy(keys.next_public, next_public, ESEP_KEY_BYTES);
        keys.wanted_at = now;
        status = put(txn, journal, &keys, reason);
    }
    return journal_end(txn, status, reason);
}

enum esep_status journal_keys_replace(MDB_txn *txn, const struct journal *journal,
                                      const struct esep_sign_key *key, esep_time now,
                                      struct esep_reason *reason)
{
    struct journal_identity identity;
    struct journal_keys keys;
    enum esep_status status = get(txn, journal, &keys, reason);
    if (status == ESEP_OK &&
        (!keys.wanted || memcmp(keys.next_public, key->public, ESEP_KEY_BYTES) != 0))
        status =
            esep_because(reason, ESEP_CONFLICT, "%s: these are not the keys that were to follow",
                         journal->store.path);
    if (status == ESEP_OK)
        status = journal_identity_get(txn, journal, &identity, reason);
    if (status != ESEP_OK)
        return status;
    memcpy(identity.sign_public, key->public, ESEP_KEY_BYTES);
    keys = (struct journal_keys){.since = now};
    status = journal_identity_put(txn, journal, &identity, reason);
    return status == ESEP_OK ? put(txn, journal, &keys, reason) : status;
}

enum esep_status journal_log_keys_get(MDB_txn *txn, const struct journal *journal,
                                      struct esep_log_keys *ret, struct esep_reason *reason)
{
    static const char name[] = "logkeys";
    MDB_val key = journal_val(name, sizeof name - 1);
    MDB_val data;
    ret->count = 0;
    const int rc = mdb_get(txn, journal->state, &key, &data);
    if (rc == MDB_NOTFOUND)
        return ESEP_OK;
    if (rc != 0)
        return esep_store_status(rc, reason, "read the journal");
    if (esep_log_keys_unpack(esep_slice(data.mv_data, data.mv_size), ret) == ESEP_OK)
        return ESEP_OK;
    return esep_because(reason, ESEP_CORRUPT, "%s: the log's keys are damaged",
                        journal->store.path);
}

enum esep_status journal_log_keys_put(MDB_txn *txn, const struct journal *journal,
                                      const struct esep_log_keys *keys, struct esep_reason *reason)
{
    uint8_t row[ESEP_LOG_KEYS_BYTES_MAX];
    const size_t len = esep_log_keys_pack(keys, row);
    return journal_state_put(txn, journal, "logkeys", row, len, reason);
}

enum esep_status journal_log_keys(struct journal *journal, const uint8_t configured[ESEP_KEY_BYTES],
                                  struct esep_log_keys *ret, struct esep_reason *reason)
{
    struct esep_log_keys kept;
    MDB_txn *txn = NULL;
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status == ESEP_OK)
        status = journal_log_keys_get(txn, journal, &kept, reason);
    if (txn != NULL)
        mdb_txn_abort(txn);
    if (status == ESEP_OK)
        esep_log_keys_hold(ret, configured, &kept);
    return status;
}
