/* agent/journal.c - opening, identity, the head, and appending entries; see journal.h. */
#include "agent/journal_internal.h"

#define JOURNAL_FORMAT 3u
#define IDENTITY_BYTES (ESEP_HASH_BYTES + 4 + 33 + ESEP_KEY_BYTES)
#define SIGNED_BYTES (8 + 8 + ESEP_HASH_BYTES + ESEP_SIGNATURE_BYTES)
/* Receipts and marks must always find room, so entries stop this far below the quota. */
#define RESERVE_DIVISOR 8

MDB_val journal_val(const void *data, size_t len)
{
    return (MDB_val){.mv_size = len, .mv_data = (void *)(uintptr_t)data};
}

void journal_entry_key(uint32_t epoch, uint64_t seq, uint8_t out[ENTRY_KEY_BYTES])
{
    esep_be32_put(out, epoch);
    esep_be64_put(out + 4, seq);
}

enum esep_status journal_begin(const struct journal *journal, bool write, MDB_txn **ret,
                               struct esep_reason *reason)
{
    *ret = NULL;
    int rc = mdb_txn_begin(journal->store.env, NULL, write ? 0 : MDB_RDONLY, ret);
    return rc == 0 ? ESEP_OK : esep_store_status(rc, reason, "begin a transaction in the journal");
}

enum esep_status journal_end(MDB_txn *txn, enum esep_status status, struct esep_reason *reason)
{
    if (txn == NULL)
        return status;
    if (status == ESEP_OK)
        return esep_store_commit(txn, reason);
    mdb_txn_abort(txn);
    return status;
}

enum esep_status journal_state_get(MDB_txn *txn, const struct journal *journal, const char *name,
                                   size_t len, uint8_t *ret, struct esep_reason *reason)
{
    MDB_val key = journal_val(name, strlen(name));
    MDB_val data;
    int rc = mdb_get(txn, journal->state, &key, &data);
    if (rc == MDB_NOTFOUND)
        return ESEP_NOT_FOUND;
    if (rc != 0)
        return esep_store_status(rc, reason, "read the journal");
    if (data.mv_size != len)
        return esep_because(reason, ESEP_CORRUPT, "%s: the row '%s' has a wrong length",
                            journal->store.path, name);
    memcpy(ret, data.mv_data, len);
    return ESEP_OK;
}

enum esep_status journal_state_put(MDB_txn *txn, const struct journal *journal, const char *name,
                                   const uint8_t *row, size_t len, struct esep_reason *reason)
{
    MDB_val key = journal_val(name, strlen(name));
    MDB_val data = journal_val(row, len);
    int rc = mdb_put(txn, journal->state, &key, &data, 0);
    return rc == 0 ? ESEP_OK : esep_store_status(rc, reason, "write the journal");
}

enum esep_status journal_head_get(MDB_txn *txn, const struct journal *journal,
                                  struct agent_head *ret, struct esep_reason *reason)
{
    uint8_t row[HEAD_ROW_BYTES] = {0};
    enum esep_status status = journal_state_get(txn, journal, "head", sizeof row, row, reason);
    if (status == ESEP_NOT_FOUND)
        return esep_because(reason, status,
                            "%s: not enrolled yet: run esep-agent enrol with the operator's code",
                            journal->store.path);
    if (status != ESEP_OK)
        return status;
    *ret = (struct agent_head){
        .office = esep_be32(row), .epoch = esep_be32(row + 4), .seq = esep_be64(row + 8)};
    memcpy(ret->hash.bytes, row + 16, ESEP_HASH_BYTES);
    return ESEP_OK;
}

enum esep_status journal_head_put(MDB_txn *txn, const struct journal *journal,
                                  const struct agent_head *head, struct esep_reason *reason)
{
    uint8_t row[HEAD_ROW_BYTES] = {0};
    esep_be32_put(row, head->office);
    esep_be32_put(row + 4, head->epoch);
    esep_be64_put(row + 8, head->seq);
    memcpy(row + 16, head->hash.bytes, ESEP_HASH_BYTES);
    return journal_state_put(txn, journal, "head", row, sizeof row, reason);
}

enum esep_status journal_marks_get(MDB_txn *txn, const struct journal *journal,
                                   struct journal_marks *ret, struct esep_reason *reason)
{
    uint8_t row[MARKS_ROW_BYTES] = {0};
    *ret = (struct journal_marks){0};
    enum esep_status status = journal_state_get(txn, journal, "marks", sizeof row, row, reason);
    if (status == ESEP_NOT_FOUND)
        return ESEP_OK;
    if (status != ESEP_OK)
        return status;
    ret->epoch = esep_be32(row);
    ret->receipted_seq = esep_be64(row + 4);
    ret->promised_seq = esep_be64(row + 12);
    ret->mail_through = esep_be64(row + 20);
    ret->checkpoint_size = esep_be64(row + 28);
    memcpy(ret->checkpoint_root.bytes, row + 36, ESEP_HASH_BYTES);
    return ESEP_OK;
}

enum esep_status journal_marks_put(MDB_txn *txn, const struct journal *journal,
                                   const struct journal_marks *marks, struct esep_reason *reason)
{
    uint8_t row[MARKS_ROW_BYTES] = {0};
    esep_be32_put(row, marks->epoch);
    esep_be64_put(row + 4, marks->receipted_seq);
    esep_be64_put(row + 12, marks->promised_seq);
    esep_be64_put(row + 20, marks->mail_through);
    esep_be64_put(row + 28, marks->checkpoint_size);
    memcpy(row + 36, marks->checkpoint_root.bytes, ESEP_HASH_BYTES);
    return journal_state_put(txn, journal, "marks", row, sizeof row, reason);
}

static enum esep_status open_databases(struct journal *journal, bool read_only,
                                       struct esep_reason *reason)
{
    const struct {
        const char *name;
        MDB_dbi *dbi;
    } databases[] = {
        {"entries", &journal->entries},   {"signed", &journal->signed_heads},
        {"receipts", &journal->receipts}, {"mail", &journal->mail},
        {"drafts", &journal->drafts},     {"state", &journal->state},
        {"files", &journal->files},       {"proofs", &journal->proofs},
        {"nodes", &journal->nodes},       {"heads", &journal->heads},
    };
    MDB_txn *txn = NULL;
    enum esep_status status = journal_begin(journal, !read_only, &txn, reason);
    for (size_t i = 0; status == ESEP_OK && i < sizeof databases / sizeof *databases; i++) {
        int rc = mdb_dbi_open(txn, databases[i].name, read_only ? 0 : MDB_CREATE, databases[i].dbi);
        if (rc != 0)
            status = esep_store_status(rc, reason, "open the journal");
    }
    return journal_end(txn, status, reason);
}

enum esep_status journal_open(struct journal *ret, const struct journal_options *options,
                              struct esep_reason *reason)
{
    struct journal journal = {.entries_max = options->entries_max};
    const struct esep_store_options store = {.map_bytes = options->map_bytes,
                                             .dbs_max = 12,
                                             .kind = "journal",
                                             .format = JOURNAL_FORMAT,
                                             .read_only = options->read_only,
                                             .create = options->create};
    enum esep_status status = esep_store_open(&journal.store, options->path, &store, reason);
    if (status != ESEP_OK)
        return status;
    status = open_databases(&journal, options->read_only, reason);
    if (status != ESEP_OK) {
        esep_store_close(&journal.store);
        return status;
    }
    *ret = journal;
    return ESEP_OK;
}

void journal_close(struct journal *journal)
{
    if (journal->store.env != NULL)
        esep_store_close(&journal->store);
    *journal = (struct journal){0};
}

enum esep_status journal_identity_get(MDB_txn *txn, const struct journal *journal,
                                      struct journal_identity *ret, struct esep_reason *reason)
{
    uint8_t row[IDENTITY_BYTES] = {0};
    enum esep_status status = journal_state_get(txn, journal, "identity", sizeof row, row, reason);
    if (status == ESEP_NOT_FOUND)
        return esep_because(reason, status,
                            "%s: not enrolled yet: run esep-agent enrol with the operator's code",
                            journal->store.path);
    if (status != ESEP_OK)
        return status;
    memcpy(ret->log_id.bytes, row, ESEP_HASH_BYTES);
    ret->office = esep_be32(row + 32);
    memcpy(ret->body, row + 36, sizeof ret->body);
    ret->body[sizeof ret->body - 1] = 0;
    memcpy(ret->sign_public, row + 69, ESEP_KEY_BYTES);
    ret->first_epoch = 0;
    return ESEP_OK;
}

enum esep_status journal_identity(struct journal *journal, struct journal_identity *ret,
                                  struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status == ESEP_OK)
        status = journal_identity_get(txn, journal, ret, reason);
    if (txn != NULL)
        mdb_txn_abort(txn);
    return status;
}

enum esep_status journal_identity_put(MDB_txn *txn, const struct journal *journal,
                                      const struct journal_identity *identity,
                                      struct esep_reason *reason)
{
    uint8_t row[IDENTITY_BYTES] = {0};
    memcpy(row, identity->log_id.bytes, ESEP_HASH_BYTES);
    esep_be32_put(row + 32, identity->office);
    memcpy(row + 36, identity->body, strnlen(identity->body, sizeof identity->body - 1));
    memcpy(row + 69, identity->sign_public, ESEP_KEY_BYTES);
    return journal_state_put(txn, journal, "identity", row, sizeof row, reason);
}

enum esep_status journal_enrol(struct journal *journal, const struct journal_identity *identity,
                               struct esep_reason *reason)
{
    struct journal_identity there = {0};
    struct agent_head head;
    MDB_txn *txn = NULL;
    agent_head_start(&head, &identity->log_id, identity->office,
                     identity->first_epoch > 0 ? identity->first_epoch : 1, identity->sign_public);
    enum esep_status status = journal_begin(journal, true, &txn, reason);
    if (status != ESEP_OK)
        return status;
    status = journal_identity_get(txn, journal, &there, NULL);
    if (status == ESEP_OK)
        status = esep_because(reason, ESEP_CONFLICT,
                              "%s: belongs to office %u (%s) already; a new office needs a journal "
                              "of its own",
                              journal->store.path, there.office, there.body);
    else if (status == ESEP_NOT_FOUND)
        status = journal_identity_put(txn, journal, identity, reason);
    if (status == ESEP_OK)
        status = journal_head_put(txn, journal, &head, reason);
    return journal_end(txn, status, reason);
}

enum esep_status journal_put_entry(MDB_txn *txn, const struct journal *journal,
                                   struct agent_head *head, struct esep_slice bytes,
                                   struct esep_reason *reason)
{
    uint8_t place[ENTRY_KEY_BYTES];
    agent_head_step(head, bytes);
    journal_entry_key(head->epoch, head->seq, place);
    MDB_val key = journal_val(place, sizeof place);
    MDB_val data = {.mv_size = ESEP_HASH_BYTES + bytes.len};
    int rc = mdb_put(txn, journal->entries, &key, &data, MDB_APPEND | MDB_RESERVE);
    if (rc != 0)
        return esep_store_status(rc, reason, "append to the journal");
    memcpy(data.mv_data, head->hash.bytes, ESEP_HASH_BYTES);
    memcpy((uint8_t *)data.mv_data + ESEP_HASH_BYTES, bytes.data, bytes.len);
    return journal_put_named(txn, journal, head, bytes, reason);
}

enum esep_status journal_put_signed(MDB_txn *txn, const struct journal *journal,
                                    const struct agent_head *head, const struct esep_hash *log_id,
                                    const struct esep_sign_key *key, esep_time now,
                                    const struct journal_marks *marks, struct esep_reason *reason)
{
    struct esep_commitment c;
    uint8_t row[SIGNED_BYTES];
    uint8_t place[ENTRY_KEY_BYTES];
    agent_head_commit(head, log_id, key, now, marks->checkpoint_size, &marks->checkpoint_root, &c);
    esep_be64_put(row, (uint64_t)now);
    esep_be64_put(row + 8, c.checkpoint_size);
    memcpy(row + 16, c.checkpoint_root.bytes, ESEP_HASH_BYTES);
    memcpy(row + 48, c.signature, ESEP_SIGNATURE_BYTES);
    journal_entry_key(head->epoch, head->seq, place);
    MDB_val k = journal_val(place, sizeof place);
    MDB_val v = journal_val(row, sizeof row);
    int rc = mdb_put(txn, journal->signed_heads, &k, &v, 0);
    return rc == 0 ? ESEP_OK : esep_store_status(rc, reason, "sign the journal's head");
}

/* Asked before the transaction: LMDB measures in a transaction of its own. */
static enum esep_status check_room(const struct journal *journal, size_t bytes,
                                   struct esep_reason *reason)
{
    uint64_t used = 0;
    uint64_t quota = 0;
    enum esep_status status = esep_store_usage(&journal->store, &used, &quota);
    if (status != ESEP_OK)
        return esep_because(reason, status, "%s: cannot measure the journal", journal->store.path);
    if (used + 2 * bytes + 65536 > quota - quota / RESERVE_DIVISOR)
        return esep_because(reason, ESEP_LIMIT,
                            "the journal is full: %llu of %llu bytes in use: nothing was taken, "
                            "what is there is kept; connect, free the disk, or raise "
                            "limits.journal_bytes",
                            (unsigned long long)used, (unsigned long long)quota);
    return ESEP_OK;
}

static uint64_t waiting_of(const struct agent_head *head, const struct journal_marks *marks)
{
    return marks->epoch == head->epoch ? head->seq - marks->receipted_seq : head->seq;
}

static enum esep_status append_all(MDB_txn *txn, const struct journal *journal,
                                   const struct esep_sign_key *key,
                                   const struct esep_slice *entries, size_t count, esep_time now,
                                   struct agent_head *head, struct esep_reason *reason)
{
    struct journal_identity identity;
    struct journal_marks marks;
    enum esep_status status = journal_identity_get(txn, journal, &identity, reason);
    if (status == ESEP_OK)
        status = journal_head_get(txn, journal, head, reason);
    if (status == ESEP_OK)
        status = journal_marks_get(txn, journal, &marks, reason);
    if (status == ESEP_OK && journal->entries_max > 0 &&
        waiting_of(head, &marks) + count > journal->entries_max)
        status = esep_because(reason, ESEP_LIMIT,
                              "the journal is full: %llu entries wait for a receipt (limit %llu): "
                              "connect, or raise limits.entries",
                              (unsigned long long)waiting_of(head, &marks),
                              (unsigned long long)journal->entries_max);
    if (status == ESEP_OK && memcmp(identity.sign_public, key->public, ESEP_KEY_BYTES) != 0)
        status = esep_because(reason, ESEP_DENIED,
                              "%s: not signed by the key of this journal: it was renewed just now "
                              "(give the same command again), or the key file is another's",
                              journal->store.path);
    for (size_t i = 0; status == ESEP_OK && i < count; i++)
        status = journal_put_entry(txn, journal, head, entries[i], reason);
    if (status == ESEP_OK)
        status = journal_put_signed(txn, journal, head, &identity.log_id, key, now, &marks, reason);
    if (status == ESEP_OK)
        status = journal_head_put(txn, journal, head, reason);
    return status;
}

static bool same_head(const struct agent_head *a, const struct agent_head *b)
{
    return a->epoch == b->epoch && a->seq == b->seq && esep_hash_equal(&a->hash, &b->hash);
}

static enum esep_status drop_draft(MDB_txn *txn, const struct journal *journal,
                                   const char *obligation, struct esep_reason *reason)
{
    MDB_val key = journal_val(obligation, strlen(obligation));
    int rc = mdb_del(txn, journal->drafts, &key, NULL);
    if (rc == MDB_NOTFOUND)
        return esep_because(reason, ESEP_NOT_FOUND, "no draft for %.200s", obligation);
    return rc == 0 ? ESEP_OK : esep_store_status(rc, reason, "delete a draft");
}

enum esep_status journal_append(struct journal *journal, const struct esep_sign_key *key,
                                const struct esep_slice *entries, size_t count, esep_time now,
                                struct agent_head *ret_head, struct esep_reason *reason)
{
    const struct journal_append what = {.entries = entries, .count = count};
    return journal_append_after(journal, key, &what, now, ret_head, reason);
}

enum esep_status journal_append_after(struct journal *journal, const struct esep_sign_key *key,
                                      const struct journal_append *what, esep_time now,
                                      struct agent_head *ret_head, struct esep_reason *reason)
{
    struct agent_head head = {0};
    MDB_txn *txn = NULL;
    size_t bytes = 0;
    for (size_t i = 0; i < what->count; i++)
        bytes += what->entries[i].len + ESEP_HASH_BYTES + 64;
    enum esep_status status = check_room(journal, bytes, reason);
    if (status == ESEP_OK)
        status = journal_begin(journal, true, &txn, reason);
    if (status == ESEP_OK && what->after != NULL) {
        status = journal_head_get(txn, journal, &head, reason);
        if (status == ESEP_OK && !same_head(&head, what->after))
            status = esep_because(reason, ESEP_AGAIN, "another command wrote to the journal");
    }
    if (status == ESEP_OK)
        status = append_all(txn, journal, key, what->entries, what->count, now, &head, reason);
    if (status == ESEP_OK && what->draft != NULL)
        status = drop_draft(txn, journal, what->draft, reason);
    status = journal_end(txn, status, reason);
    if (status == ESEP_OK)
        *ret_head = head;
    return status;
}

enum esep_status journal_draft_delete(struct journal *journal, const char *obligation,
                                      struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    enum esep_status status = journal_begin(journal, true, &txn, reason);
    if (status == ESEP_OK)
        status = drop_draft(txn, journal, obligation, reason);
    return journal_end(txn, status, reason);
}
