/* agent/journal_files.c - files that the entries name, and their evidence receipts; see journal.h.
 *
 * A row is made in the transaction that appends the first entry naming the file, and gets the
 * receipt behind it in the one that stores that. So it outlives the entry, which keep_days lets go
 * of, and says for ever what the collector holds.
 */
#include "agent/journal_internal.h"
#include "wire/unpack.h"

#define PLACE_BYTES 12
#define EVIDENCE_ROW_BYTES (PLACE_BYTES + 4 + 3 * 8 + ESEP_HASH_BYTES)
#define UNPACKED_BYTES(len) (8192 + 64 * (len)) /* protobuf-c's structs, at their worst */

void journal_file_key(const struct agent_file *file, uint8_t out[JOURNAL_FILE_KEY_BYTES])
{
    memcpy(out, file->sha256.bytes, ESEP_HASH_BYTES);
    esep_be64_put(out + ESEP_HASH_BYTES, file->size_bytes);
}

static enum esep_status put_named(MDB_txn *txn, const struct journal *journal,
                                  const struct agent_head *head, const struct agent_file *file,
                                  struct esep_reason *reason)
{
    uint8_t place[JOURNAL_FILE_KEY_BYTES];
    uint8_t row[PLACE_BYTES];
    journal_file_key(file, place);
    esep_be32_put(row, head->epoch);
    esep_be64_put(row + 4, head->seq);
    MDB_val key = journal_val(place, sizeof place);
    MDB_val data = journal_val(row, sizeof row);
    int rc = mdb_put(txn, journal->files, &key, &data, MDB_NOOVERWRITE);
    return rc == 0 || rc == MDB_KEYEXIST ? ESEP_OK
                                         : esep_store_status(rc, reason, "note a report's file");
}

enum esep_status journal_put_named(MDB_txn *txn, const struct journal *journal,
                                   const struct agent_head *head, struct esep_slice entry,
                                   struct esep_reason *reason)
{
    struct esep_arena arena = {0};
    const ProtobufCMessage *message = NULL;
    enum esep_status status = esep_arena_init(&arena, UNPACKED_BYTES(entry.len));
    if (status != ESEP_OK)
        return esep_because(reason, status, "no memory for an entry");
    if (esep_unpack(&esep__v1__journal_entry__descriptor, entry, &arena, &message) == ESEP_OK) {
        const Esep__V1__JournalEntry *written = (const Esep__V1__JournalEntry *)message;
        const bool report = written->body_case == ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
        for (size_t i = 0; report && status == ESEP_OK && i < written->report->n_attachments; i++) {
            const Esep__V1__AttachmentRef *ref = written->report->attachments[i];
            struct agent_file file = {.size_bytes = ref->size_bytes};
            if (ref->sha256.len != ESEP_HASH_BYTES || ref->size_bytes == 0)
                continue; /* there is nothing to be sent of it */
            memcpy(file.sha256.bytes, ref->sha256.data, ESEP_HASH_BYTES);
            status = put_named(txn, journal, head, &file, reason);
        }
    }
    esep_arena_done(&arena);
    return status;
}

static void read_evidence(const struct agent_file *file, const uint8_t row[EVIDENCE_ROW_BYTES],
                          struct esep_evidence *ret)
{
    const uint8_t *p = row + PLACE_BYTES;
    *ret = (struct esep_evidence){.office = esep_be32(p),
                                  .sha256 = file->sha256,
                                  .size_bytes = file->size_bytes,
                                  .log_index = esep_be64(p + 4),
                                  .accepted_at = (esep_time)esep_be64(p + 12),
                                  .checkpoint_size = esep_be64(p + 20)};
    memcpy(ret->checkpoint_root.bytes, p + 28, ESEP_HASH_BYTES);
}

static void write_evidence(const struct esep_evidence *e, uint8_t row[EVIDENCE_ROW_BYTES])
{
    uint8_t *p = row + PLACE_BYTES;
    esep_be32_put(p, e->office);
    esep_be64_put(p + 4, e->log_index);
    esep_be64_put(p + 12, (uint64_t)e->accepted_at);
    esep_be64_put(p + 20, e->checkpoint_size);
    memcpy(p + 28, e->checkpoint_root.bytes, ESEP_HASH_BYTES);
}

enum esep_status journal_put_evidence(MDB_txn *txn, const struct journal *journal,
                                      const struct esep_evidence *evidence,
                                      struct esep_reason *reason)
{
    const struct agent_file file = {evidence->sha256, evidence->size_bytes};
    uint8_t place[JOURNAL_FILE_KEY_BYTES];
    uint8_t row[EVIDENCE_ROW_BYTES] = {0};
    MDB_val data;
    journal_file_key(&file, place);
    MDB_val key = journal_val(place, sizeof place);
    int rc = mdb_get(txn, journal->files, &key, &data);
    if (rc == 0 && data.mv_size >= PLACE_BYTES)
        memcpy(row, data.mv_data, PLACE_BYTES);
    if (rc == 0 && data.mv_size == EVIDENCE_ROW_BYTES)
        return ESEP_OK; /* the first receipt is the proof */
    if (rc != 0 && rc != MDB_NOTFOUND)
        return esep_store_status(rc, reason, "keep a file's receipt");
    write_evidence(evidence, row);
    data = journal_val(row, sizeof row);
    rc = mdb_put(txn, journal->files, &key, &data, 0);
    return rc == 0 ? ESEP_OK : esep_store_status(rc, reason, "keep a file's receipt");
}

/* MDB_CORRUPTED where the row is none. */
static int read_file(MDB_val key, MDB_val data, const struct agent_head *head,
                     const struct journal_marks *marks, struct journal_file *ret)
{
    const uint8_t *place = key.mv_data;
    const uint8_t *row = data.mv_data;
    *ret = (struct journal_file){0};
    if (key.mv_size != JOURNAL_FILE_KEY_BYTES ||
        (data.mv_size != PLACE_BYTES && data.mv_size != EVIDENCE_ROW_BYTES))
        return MDB_CORRUPTED;
    memcpy(ret->file.sha256.bytes, place, ESEP_HASH_BYTES);
    ret->file.size_bytes = esep_be64(place + ESEP_HASH_BYTES);
    ret->epoch = esep_be32(row);
    ret->seq = esep_be64(row + 4);
    /* What an older epoch named was receipted there, or stands in this one again. */
    ret->receipted = ret->epoch != head->epoch ||
                     (marks->epoch == head->epoch && ret->seq <= marks->receipted_seq);
    ret->here = data.mv_size == EVIDENCE_ROW_BYTES;
    if (ret->here)
        read_evidence(&ret->file, row, &ret->evidence);
    return 0;
}

static enum esep_status begin(struct journal *journal, MDB_txn **ret, struct agent_head *head,
                              struct journal_marks *marks, struct esep_reason *reason)
{
    enum esep_status status = journal_begin(journal, false, ret, reason);
    if (status == ESEP_OK)
        status = journal_head_get(*ret, journal, head, reason);
    if (status == ESEP_OK)
        status = journal_marks_get(*ret, journal, marks, reason);
    return status;
}

enum esep_status journal_files(struct journal *journal,
                               bool (*visit)(void *context, const struct journal_file *file),
                               void *context, struct esep_reason *reason)
{
    struct agent_head head;
    struct journal_marks marks;
    struct journal_file file;
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val data;
    enum esep_status status = begin(journal, &txn, &head, &marks, reason);
    int rc = status == ESEP_OK ? mdb_cursor_open(txn, journal->files, &cursor) : MDB_NOTFOUND;
    for (MDB_cursor_op step = MDB_FIRST; rc == 0; step = MDB_NEXT) {
        rc = mdb_cursor_get(cursor, &key, &data, step);
        if (rc == 0)
            rc = read_file(key, data, &head, &marks, &file);
        if (rc == 0 && !visit(context, &file))
            break;
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    if (txn != NULL)
        mdb_txn_abort(txn);
    if (status == ESEP_OK && rc != 0 && rc != MDB_NOTFOUND)
        status = esep_store_status(rc, reason, "read the journal's files");
    return status;
}

enum esep_status journal_file(struct journal *journal, const struct agent_file *file,
                              struct journal_file *ret, struct esep_reason *reason)
{
    struct agent_head head;
    struct journal_marks marks;
    uint8_t place[JOURNAL_FILE_KEY_BYTES];
    MDB_txn *txn = NULL;
    MDB_val data;
    journal_file_key(file, place);
    MDB_val key = journal_val(place, sizeof place);
    enum esep_status status = begin(journal, &txn, &head, &marks, reason);
    if (status == ESEP_OK) {
        int rc = mdb_get(txn, journal->files, &key, &data);
        if (rc == 0)
            rc = read_file(key, data, &head, &marks, ret);
        if (rc == MDB_NOTFOUND)
            status = esep_because(reason, ESEP_NOT_FOUND, "no entry names this file");
        else if (rc != 0)
            status = esep_store_status(rc, reason, "read the journal's files");
    }
    if (txn != NULL)
        mdb_txn_abort(txn);
    return status;
}
