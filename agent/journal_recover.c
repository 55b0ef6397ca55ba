/* agent/journal_recover.c - a new epoch, with what no receipt covers queued again; see journal.h.
 *
 * After a fork or a restored disk; and with new keys, since a chain's start is bound to its key.
 * In one transaction, so that whatever a command appends at the same moment is either among the
 * entries queued again or of the new epoch already. An entry keeps its bytes: what it says of
 * others it says by their content hash, which is theirs in every epoch.
 */
#include "agent/journal_internal.h"

#include <stdlib.h>

/* Copies of the entries that must be queued again, in order. */
struct requeue {
    struct esep_buf bytes;
    size_t count;
    size_t lengths_cap;
    size_t *lengths;
};

static enum esep_status keep_entry(struct requeue *q, struct esep_slice entry)
{
    if (q->count == q->lengths_cap) {
        size_t cap = q->lengths_cap > 0 ? 2 * q->lengths_cap : 256;
        size_t *more = realloc(q->lengths, cap * sizeof *more);
        if (more == NULL)
            return ESEP_NOMEM;
        q->lengths = more;
        q->lengths_cap = cap;
    }
    q->lengths[q->count++] = entry.len;
    return esep_buf_put(&q->bytes, entry.data, entry.len);
}

/* The chain before the first of them: the entry before it says so, or what pruning left, or the
 * beginning of the epoch. */
static enum esep_status head_before(MDB_txn *txn, struct journal *journal, uint32_t epoch,
                                    uint64_t seq, struct agent_head *ret,
                                    struct esep_reason *reason)
{
    uint8_t place[ENTRY_KEY_BYTES];
    struct journal_identity identity;
    MDB_val data;
    enum esep_status status = journal_identity_get(txn, journal, &identity, reason);
    if (status != ESEP_OK)
        return status;
    agent_head_start(ret, &identity.log_id, identity.office, epoch, identity.sign_public);
    if (seq <= 1)
        return ESEP_OK;
    ret->seq = seq - 1;
    journal_entry_key(epoch, seq - 1, place);
    MDB_val key = journal_val(place, sizeof place);
    int rc = mdb_get(txn, journal->entries, &key, &data);
    if (rc == 0 && data.mv_size < ESEP_HASH_BYTES)
        rc = MDB_CORRUPTED;
    if (rc == MDB_NOTFOUND)
        return journal_state_get(txn, journal, "base", ESEP_HASH_BYTES, ret->hash.bytes, reason);
    if (rc != 0)
        return esep_store_status(rc, reason, "read the journal");
    memcpy(ret->hash.bytes, data.mv_data, ESEP_HASH_BYTES);
    return ESEP_OK;
}

/* What the disk has changed must not be signed anew, as if the office had written it so. */
static enum esep_status keep_whole(struct requeue *q, struct agent_head *head, MDB_val data,
                                   struct esep_reason *reason)
{
    struct esep_slice entry =
        esep_slice((const uint8_t *)data.mv_data + ESEP_HASH_BYTES, data.mv_size - ESEP_HASH_BYTES);
    agent_head_step(head, entry);
    if (memcmp(head->hash.bytes, data.mv_data, ESEP_HASH_BYTES) != 0)
        return esep_because(
            reason, ESEP_CORRUPT,
            "entry %llu of epoch %u is damaged: put the journal back from a backup, "
            "then recover",
            (unsigned long long)head->seq, head->epoch);
    if (keep_entry(q, entry) != ESEP_OK)
        return esep_because(reason, ESEP_NOMEM, "no memory to queue the entries again");
    return ESEP_OK;
}

/* In the very transaction that begins the epoch: what a command appends at the same moment is
 * either among them or of the new epoch already. */
static enum esep_status collect(MDB_txn *txn, struct journal *journal, uint32_t epoch,
                                uint64_t from_seq, struct requeue *q, struct esep_reason *reason)
{
    uint8_t place[ENTRY_KEY_BYTES];
    MDB_cursor *cursor = NULL;
    MDB_val data;
    struct agent_head head;
    enum esep_status status = head_before(txn, journal, epoch, from_seq, &head, reason);
    journal_entry_key(epoch, from_seq, place);
    MDB_val key = journal_val(place, sizeof place);
    int rc = mdb_cursor_open(txn, journal->entries, &cursor);
    for (MDB_cursor_op step = MDB_SET_RANGE; rc == 0 && status == ESEP_OK; step = MDB_NEXT) {
        rc = mdb_cursor_get(cursor, &key, &data, step);
        if (rc != 0 || key.mv_size != ENTRY_KEY_BYTES || esep_be32(key.mv_data) != epoch)
            break;
        if (data.mv_size < ESEP_HASH_BYTES)
            rc = MDB_CORRUPTED;
        else
            status = keep_whole(q, &head, data, reason);
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    if (status != ESEP_OK)
        return status;
    return rc == 0 || rc == MDB_NOTFOUND ? ESEP_OK
                                         : esep_store_status(rc, reason, "read the journal");
}

static enum esep_status begin_epoch(MDB_txn *txn, struct journal *journal,
                                    const struct esep_sign_key *key, esep_time now, uint32_t epoch,
                                    const struct requeue *q, struct esep_reason *reason)
{
    struct journal_identity identity;
    struct journal_marks marks;
    struct agent_head head;
    enum esep_status status = journal_identity_get(txn, journal, &identity, reason);
    if (status == ESEP_OK)
        status = journal_marks_get(txn, journal, &marks, reason);
    if (status != ESEP_OK)
        return status;
    agent_head_start(&head, &identity.log_id, identity.office, epoch, identity.sign_public);
    const uint8_t *at = q->bytes.data;
    for (size_t i = 0; status == ESEP_OK && i < q->count; i++) {
        status = journal_put_entry(txn, journal, &head, esep_slice(at, q->lengths[i]), reason);
        at += q->lengths[i];
    }
    marks.epoch = epoch;
    marks.receipted_seq = 0;
    marks.promised_seq = 0;
    if (status == ESEP_OK && head.seq > 0)
        status =
            journal_put_signed(txn, journal, &head, &identity.log_id, key, now, &marks, reason);
    if (status == ESEP_OK)
        status = journal_head_put(txn, journal, &head, reason);
    return status == ESEP_OK ? journal_marks_put(txn, journal, &marks, reason) : status;
}

static enum esep_status go_on(MDB_txn *txn, struct journal *journal,
                              const struct esep_sign_key *key, bool new_key, esep_time now,
                              uint32_t collector_epoch, struct requeue *q,
                              struct esep_reason *reason)
{
    struct agent_head head;
    struct journal_marks marks;
    enum esep_status status = journal_head_get(txn, journal, &head, reason);
    if (status == ESEP_OK)
        status = journal_marks_get(txn, journal, &marks, reason);
    if (status == ESEP_OK)
        status = collect(txn, journal, head.epoch,
                         (marks.epoch == head.epoch ? marks.receipted_seq : 0) + 1, q, reason);
    if (status == ESEP_OK && new_key) /* what was is read by the old one's chain */
        status = journal_keys_replace(txn, journal, key, now, reason);
    if (status == ESEP_OK)
        status = begin_epoch(txn, journal, key, now,
                             (head.epoch > collector_epoch ? head.epoch : collector_epoch) + 1, q,
                             reason);
    return status;
}

static enum esep_status begin_anew(struct journal *journal, const struct esep_sign_key *key,
                                   bool new_key, esep_time now, uint32_t collector_epoch,
                                   uint64_t *ret_requeued, struct esep_reason *reason)
{
    struct requeue q = {0};
    MDB_txn *txn = NULL;
    esep_buf_init(&q.bytes, 1u << 30);
    enum esep_status status = journal_begin(journal, true, &txn, reason);
    if (status == ESEP_OK)
        status = go_on(txn, journal, key, new_key, now, collector_epoch, &q, reason);
    status = journal_end(txn, status, reason);
    if (status == ESEP_OK)
        *ret_requeued = q.count;
    free(q.lengths);
    esep_buf_done(&q.bytes);
    return status;
}

enum esep_status journal_recover(struct journal *journal, const struct esep_sign_key *key,
                                 esep_time now, uint32_t collector_epoch, uint64_t *ret_requeued,
                                 struct esep_reason *reason)
{
    return begin_anew(journal, key, false, now, collector_epoch, ret_requeued, reason);
}

enum esep_status journal_rekey(struct journal *journal, const struct esep_sign_key *key,
                               esep_time now, uint64_t *ret_requeued, struct esep_reason *reason)
{
    return begin_anew(journal, key, true, now, 0, ret_requeued, reason);
}
