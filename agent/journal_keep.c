/* agent/journal_keep.c - drafts, letting go of old entries, and the room left; see journal.h. */
#include "agent/journal_internal.h"
#include "esep/v1/report.pb-c.h"
#include "wire/unpack.h"

enum esep_status journal_draft_put(struct journal *journal, const char *obligation,
                                   struct esep_slice report, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    MDB_val key = journal_val(obligation, strlen(obligation));
    MDB_val data = journal_val(report.data, report.len);
    enum esep_status status = journal_begin(journal, true, &txn, reason);
    if (status == ESEP_OK) {
        int rc = mdb_put(txn, journal->drafts, &key, &data, 0);
        status = rc == 0 ? ESEP_OK : esep_store_status(rc, reason, "keep a draft");
    }
    return journal_end(txn, status, reason);
}

enum esep_status journal_draft_swap(struct journal *journal, const char *obligation,
                                    struct esep_slice was, struct esep_slice report,
                                    struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    MDB_val key = journal_val(obligation, strlen(obligation));
    MDB_val data = {0};
    enum esep_status status = journal_begin(journal, true, &txn, reason);
    if (status != ESEP_OK)
        return status;
    int rc = mdb_get(txn, journal->drafts, &key, &data);
    if (rc != 0 && rc != MDB_NOTFOUND)
        status = esep_store_status(rc, reason, "read a draft");
    else if (!esep_slice_equal(
                 was, esep_slice(rc == 0 ? data.mv_data : NULL, rc == 0 ? data.mv_size : 0)))
        status = esep_because(reason, ESEP_CONFLICT, "the draft was changed meanwhile");
    if (status == ESEP_OK) {
        data = journal_val(report.data, report.len);
        rc = mdb_put(txn, journal->drafts, &key, &data, 0);
        status = rc == 0 ? ESEP_OK : esep_store_status(rc, reason, "keep a draft");
    }
    return journal_end(txn, status, reason);
}

enum esep_status journal_draft_get(struct journal *journal, const char *obligation,
                                   struct esep_buf *ret_report, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    MDB_val key = journal_val(obligation, strlen(obligation));
    MDB_val data;
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status != ESEP_OK)
        return status;
    int rc = mdb_get(txn, journal->drafts, &key, &data);
    if (rc == 0)
        status = esep_buf_put(ret_report, data.mv_data, data.mv_size);
    else
        status = rc == MDB_NOTFOUND
                     ? esep_because(reason, ESEP_NOT_FOUND, "no draft for %.200s", obligation)
                     : esep_store_status(rc, reason, "read a draft");
    mdb_txn_abort(txn);
    return status;
}

enum esep_status journal_drafts(struct journal *journal,
                                bool (*visit)(void *context, const char *obligation,
                                              struct esep_slice report),
                                void *context, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val data;
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    int rc = status == ESEP_OK ? mdb_cursor_open(txn, journal->drafts, &cursor) : MDB_NOTFOUND;
    for (MDB_cursor_op step = MDB_FIRST; rc == 0; step = MDB_NEXT) {
        char obligation[256];
        rc = mdb_cursor_get(cursor, &key, &data, step);
        if (rc != 0 || key.mv_size >= sizeof obligation)
            break;
        memcpy(obligation, key.mv_data, key.mv_size);
        obligation[key.mv_size] = 0;
        if (!visit(context, obligation, esep_slice(data.mv_data, data.mv_size)))
            break;
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    if (txn != NULL)
        mdb_txn_abort(txn);
    if (status == ESEP_OK && rc != 0 && rc != MDB_NOTFOUND)
        status = esep_store_status(rc, reason, "read the drafts");
    return status;
}

/* When an entry was written; INT64_MAX where it cannot be told, so that it stays. */
static esep_time written_at(struct esep_arena *arena, MDB_val data)
{
    const ProtobufCMessage *message = NULL;
    struct esep_slice bytes =
        esep_slice((const uint8_t *)data.mv_data + ESEP_HASH_BYTES, data.mv_size - ESEP_HASH_BYTES);
    esep_arena_reset(arena);
    if (esep_unpack(&esep__v1__journal_entry__descriptor, bytes, arena, &message) != ESEP_OK)
        return INT64_MAX;
    return ((const Esep__V1__JournalEntry *)message)->written_at_us;
}

struct prune {
    MDB_txn *txn;
    struct journal *journal;
    struct esep_arena *arena;
    struct agent_head head;
    struct journal_marks marks;
    uint64_t covered_seq; /* of the head's epoch: the collector's checkpoint covers them, and has
                             for long */
    uint64_t young_seq; /* of the head's epoch: the first with a receipt that is not old; 0: none */
    bool viewed;        /* a WELCOME was stored: */
    struct agent_view view;
    uint64_t again_seq;   /* of the head's epoch: receipted since that WELCOME */
    uint32_t young_epoch; /* the first older one with a receipt that is not old; 0: none */
    esep_time before;
    uint64_t oldest;
    struct esep_hash base;
    size_t gone;
    size_t gone_now; /* of them of the head's epoch */
};

/* The receipt's own place in the log must lie below the checkpoint, and it must be as old as
 * entries have to be: else a collector that comes back from a backup may lack it and ask again.
 * What counts is when the collector took an entry, not when it was written: an office may have been
 * without a link for longer than it keeps anything. And it is when it took it last: after one
 * restore, backups are made of a store that lacks for a while what was receipted before. */
static bool find_covered(void *context, const struct esep_receipt *r)
{
    struct prune *p = context;
    if (r->kind != ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES || r->epoch > p->head.epoch)
        return true;
    if (p->viewed && r->epoch == p->head.epoch && r->accepted_at >= p->view.server_time &&
        r->through_seq > p->again_seq)
        p->again_seq = r->through_seq;
    bool old = r->last_index < p->marks.checkpoint_size && r->accepted_at < p->before;
    if (r->epoch == p->head.epoch && old && r->through_seq > p->covered_seq)
        p->covered_seq = r->through_seq;
    if (r->epoch == p->head.epoch && !old && (p->young_seq == 0 || r->first_seq < p->young_seq))
        p->young_seq = r->first_seq;
    if (r->epoch < p->head.epoch && !old && (p->young_epoch == 0 || r->epoch < p->young_epoch))
        p->young_epoch = r->epoch;
    return true;
}

/* The last WELCOME said that the collector holds no such entry: it came back from a backup, and is
 * to be given it again. However old its receipts are, it stays until a newer one covers it. */
static bool is_lacking(const struct prune *p, uint32_t epoch, uint64_t seq)
{
    bool held = epoch < p->view.epoch || (epoch == p->view.epoch && seq <= p->view.seq);
    bool again = epoch == p->head.epoch && seq <= p->again_seq;
    return p->viewed && !held && !again;
}

static bool may_go(const struct prune *p, uint32_t epoch, uint64_t seq, MDB_val data)
{
    bool covered = epoch < p->head.epoch
                       ? p->young_epoch == 0 || epoch < p->young_epoch
                       : epoch == p->head.epoch && p->marks.epoch == epoch &&
                             seq <= p->covered_seq && seq <= p->marks.receipted_seq &&
                             (p->young_seq == 0 || seq < p->young_seq);
    return covered && !is_lacking(p, epoch, seq) && data.mv_size >= ESEP_HASH_BYTES &&
           written_at(p->arena, data) < p->before;
}

static enum esep_status prune_some(struct prune *p, struct esep_reason *reason)
{
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val data;
    int rc = mdb_cursor_open(p->txn, p->journal->entries, &cursor);
    for (MDB_cursor_op step = MDB_FIRST; rc == 0 && p->gone < JOURNAL_PRUNE_MAX; step = MDB_NEXT) {
        rc = mdb_cursor_get(cursor, &key, &data, step);
        if (rc != 0 || key.mv_size != ENTRY_KEY_BYTES)
            break;
        uint32_t epoch = esep_be32(key.mv_data);
        uint64_t seq = esep_be64((const uint8_t *)key.mv_data + 4);
        if (!may_go(p, epoch, seq, data))
            break;
        if (epoch == p->head.epoch) {
            memcpy(p->base.bytes, data.mv_data, ESEP_HASH_BYTES);
            p->oldest = seq + 1;
            p->gone_now++;
        }
        rc = mdb_cursor_del(cursor, 0);
        p->gone++;
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    return rc == 0 || rc == MDB_NOTFOUND ? ESEP_OK
                                         : esep_store_status(rc, reason, "prune the journal");
}

static enum esep_status look_before(struct prune *p, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    enum esep_status status = journal_begin(p->journal, false, &txn, reason);
    if (status == ESEP_OK)
        status = journal_head_get(txn, p->journal, &p->head, reason);
    if (status == ESEP_OK)
        status = journal_marks_get(txn, p->journal, &p->marks, reason);
    if (txn != NULL)
        mdb_txn_abort(txn);
    if (status == ESEP_OK) {
        status = journal_view(p->journal, &p->view, reason);
        p->viewed = status == ESEP_OK;
        status = status == ESEP_NOT_FOUND ? ESEP_OK : status;
    }
    return status == ESEP_OK ? journal_receipts(p->journal, find_covered, p, reason) : status;
}

enum esep_status journal_prune(struct journal *journal, esep_time before, uint64_t *ret_oldest,
                               struct esep_hash *ret_base, struct esep_reason *reason)
{
    struct esep_arena arena = {0};
    struct prune p = {.journal = journal, .arena = &arena, .before = before};
    struct agent_journal held;
    struct agent_head head = {0};
    enum esep_status status = journal_load(journal, &held, reason);
    if (status == ESEP_OK)
        status = look_before(&p, reason);
    if (status == ESEP_OK)
        status = esep_arena_init(&arena, 1u << 20);
    if (status == ESEP_OK)
        status = journal_begin(journal, true, &p.txn, reason);
    if (status == ESEP_OK)
        status = journal_head_get(p.txn, journal, &head, reason);
    if (status == ESEP_OK) {
        p.oldest = held.oldest_seq;
        p.base = held.base;
        if (head.epoch != held.epoch || p.head.epoch != held.epoch)
            status = esep_because(reason, ESEP_AGAIN, "the journal is being recovered");
    }
    if (status == ESEP_OK)
        status = prune_some(&p, reason);
    if (status == ESEP_OK && p.gone_now > 0)
        status = journal_state_put(p.txn, journal, "base", p.base.bytes, ESEP_HASH_BYTES, reason);
    status = journal_end(p.txn, status, reason);
    esep_arena_done(&arena);
    if (status == ESEP_OK) {
        *ret_oldest = p.oldest;
        *ret_base = p.base;
    }
    return status;
}

enum esep_status journal_usage(struct journal *journal, uint64_t *ret_used_bytes,
                               uint64_t *ret_quota_bytes, uint64_t *ret_waiting,
                               struct esep_reason *reason)
{
    struct agent_journal held;
    enum esep_status status = journal_load(journal, &held, reason);
    if (status != ESEP_OK)
        return status;
    status = esep_store_usage(&journal->store, ret_used_bytes, ret_quota_bytes);
    if (status == ESEP_OK)
        *ret_waiting = held.last_seq - held.receipted_seq;
    return status;
}
