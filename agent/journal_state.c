/* agent/journal_state.c - what came back from the collector, and reading; see journal.h. */
#include "agent/journal_internal.h"

#define MAIL_HEAD_BYTES (8 + 4 + 4 + 4 + 8 + 8)
#define VIEW_ROW_BYTES (8 + 8 + 4 + 8 + 32 + 8 + 32 + 8 + 33)

static enum esep_status failed(int rc, struct esep_reason *reason)
{
    return esep_store_status(rc, reason, "read the journal");
}

void journal_receipt_read(const uint8_t key[JOURNAL_RECEIPT_KEY_BYTES],
                          const uint8_t row[RECEIPT_ROW_BYTES], struct esep_receipt *ret)
{
    *ret = (struct esep_receipt){.kind = (Esep__V1__ReceiptKind)key[ENTRY_KEY_BYTES],
                                 .office = esep_be32(row),
                                 .epoch = esep_be32(key),
                                 .first_seq = esep_be64(row + 4),
                                 .through_seq = esep_be64(key + 4),
                                 .first_index = esep_be64(row + 44),
                                 .last_index = esep_be64(row + 52),
                                 .accepted_at = (esep_time)esep_be64(row + 60),
                                 .checkpoint_size = esep_be64(row + 68)};
    memcpy(ret->head.bytes, row + 12, ESEP_HASH_BYTES);
    memcpy(ret->checkpoint_root.bytes, row + 76, ESEP_HASH_BYTES);
}

static void receipt_write(const struct esep_receipt *r, uint8_t out[RECEIPT_ROW_BYTES])
{
    esep_be32_put(out, r->office);
    esep_be64_put(out + 4, r->first_seq);
    memcpy(out + 12, r->head.bytes, ESEP_HASH_BYTES);
    esep_be64_put(out + 44, r->first_index);
    esep_be64_put(out + 52, r->last_index);
    esep_be64_put(out + 60, (uint64_t)r->accepted_at);
    esep_be64_put(out + 68, r->checkpoint_size);
    memcpy(out + 76, r->checkpoint_root.bytes, ESEP_HASH_BYTES);
}

void journal_receipt_key(const struct esep_receipt *receipt, uint8_t out[JOURNAL_RECEIPT_KEY_BYTES])
{
    journal_entry_key(receipt->epoch, receipt->through_seq, out);
    out[ENTRY_KEY_BYTES] = (uint8_t)receipt->kind;
}

static enum esep_status put_receipt(MDB_txn *txn, const struct journal *journal,
                                    const struct esep_receipt *r, struct esep_reason *reason)
{
    uint8_t place[JOURNAL_RECEIPT_KEY_BYTES];
    uint8_t row[RECEIPT_ROW_BYTES];
    journal_receipt_key(r, place);
    receipt_write(r, row);
    MDB_val key = journal_val(place, sizeof place);
    MDB_val data = journal_val(row, sizeof row);
    /* The first receipt is the proof; one that came again later proves less. */
    int rc = mdb_put(txn, journal->receipts, &key, &data, MDB_NOOVERWRITE);
    return rc == 0 || rc == MDB_KEYEXIST ? ESEP_OK
                                         : esep_store_status(rc, reason, "keep a receipt");
}

static enum esep_status put_mail(MDB_txn *txn, const struct journal *journal,
                                 const struct agent_mail *mail, struct esep_reason *reason)
{
    uint8_t place[8];
    esep_be64_put(place, mail->number);
    MDB_val key = journal_val(place, sizeof place);
    MDB_val data = {.mv_size = MAIL_HEAD_BYTES + mail->bytes.len};
    int rc = mdb_put(txn, journal->mail, &key, &data, MDB_RESERVE);
    if (rc != 0)
        return esep_store_status(rc, reason, "keep mail");
    uint8_t *row = data.mv_data;
    esep_be64_put(row, mail->log_index);
    esep_be32_put(row + 8, mail->type);
    esep_be32_put(row + 12, mail->verdict);
    esep_be32_put(row + 16, mail->office);
    esep_be64_put(row + 20, mail->seq);
    esep_be64_put(row + 28, (uint64_t)mail->accepted_at);
    if (mail->bytes.len > 0)
        memcpy(row + MAIL_HEAD_BYTES, mail->bytes.data, mail->bytes.len);
    return ESEP_OK;
}

static enum esep_status put_view(MDB_txn *txn, const struct journal *journal,
                                 const struct agent_view *view, struct esep_reason *reason)
{
    uint8_t row[VIEW_ROW_BYTES] = {0};
    esep_be64_put(row, (uint64_t)view->server_time);
    esep_be64_put(row + 8, (uint64_t)view->office_time);
    esep_be32_put(row + 16, view->epoch);
    esep_be64_put(row + 20, view->seq);
    memcpy(row + 28, view->head.bytes, ESEP_HASH_BYTES);
    esep_be64_put(row + 60, view->checkpoint_size);
    memcpy(row + 68, view->checkpoint_root.bytes, ESEP_HASH_BYTES);
    esep_be64_put(row + 100, view->mail_last);
    memcpy(row + 108, view->body, strnlen(view->body, 32));
    return journal_state_put(txn, journal, "view", row, sizeof row, reason);
}

enum esep_status journal_view(struct journal *journal, struct agent_view *ret,
                              struct esep_reason *reason)
{
    uint8_t row[VIEW_ROW_BYTES] = {0};
    MDB_txn *txn = NULL;
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status == ESEP_OK)
        status = journal_state_get(txn, journal, "view", sizeof row, row, reason);
    if (txn != NULL)
        mdb_txn_abort(txn);
    if (status != ESEP_OK)
        return status;
    *ret = (struct agent_view){.server_time = (esep_time)esep_be64(row),
                               .office_time = (esep_time)esep_be64(row + 8),
                               .epoch = esep_be32(row + 16),
                               .seq = esep_be64(row + 20),
                               .checkpoint_size = esep_be64(row + 60),
                               .mail_last = esep_be64(row + 100)};
    memcpy(ret->head.bytes, row + 28, ESEP_HASH_BYTES);
    memcpy(ret->checkpoint_root.bytes, row + 68, ESEP_HASH_BYTES);
    memcpy(ret->body, row + 108, 32);
    return ESEP_OK;
}

static enum esep_status put_marks(MDB_txn *txn, const struct journal *journal, uint32_t epoch,
                                  const struct agent_store *store, struct esep_reason *reason)
{
    struct agent_head head;
    struct journal_marks marks;
    enum esep_status status = journal_head_get(txn, journal, &head, reason);
    if (status == ESEP_OK)
        status = journal_marks_get(txn, journal, &marks, reason);
    if (status != ESEP_OK)
        return status;
    marks.mail_through = store->mail_through;
    if (store->checkpoint_size > 0) {
        marks.checkpoint_size = store->checkpoint_size;
        marks.checkpoint_root = store->checkpoint_root;
    }
    if (head.epoch == epoch) {
        marks.epoch = epoch;
        marks.receipted_seq = store->receipted_seq;
        marks.promised_seq = store->promised_seq;
    }
    return journal_marks_put(txn, journal, &marks, reason);
}

enum esep_status journal_store(struct journal *journal, uint32_t epoch,
                               const struct agent_store *store, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    enum esep_status status = journal_begin(journal, true, &txn, reason);
    for (size_t i = 0; status == ESEP_OK && i < store->receipt_count; i++)
        status = put_receipt(txn, journal, &store->receipts[i], reason);
    for (size_t i = 0; status == ESEP_OK && i < store->mail_count; i++)
        status = put_mail(txn, journal, &store->mails[i], reason);
    for (size_t i = 0; status == ESEP_OK && i < store->evidence_count; i++)
        status = journal_put_evidence(txn, journal, &store->evidence[i], reason);
    if (status == ESEP_OK)
        status = journal_put_proofs(txn, journal, store, reason);
    if (status == ESEP_OK)
        status = journal_put_ingress(txn, journal, store, reason);
    if (status == ESEP_OK && store->log_keys != NULL)
        status = journal_log_keys_put(txn, journal, store->log_keys, reason);
    if (status == ESEP_OK && store->view != NULL)
        status = put_view(txn, journal, store->view, reason);
    if (status == ESEP_OK)
        status = put_marks(txn, journal, epoch, store, reason);
    return journal_end(txn, status, reason);
}

/* The oldest entry of the epoch that is held, and the chain hash before it. */
static enum esep_status oldest_held(MDB_txn *txn, const struct journal *journal,
                                    const struct agent_head *head, struct agent_journal *ret,
                                    struct esep_reason *reason)
{
    uint8_t place[ENTRY_KEY_BYTES];
    uint8_t base[ESEP_HASH_BYTES];
    MDB_cursor *cursor = NULL;
    ret->oldest_seq = head->seq + 1;
    journal_entry_key(head->epoch, 0, place);
    MDB_val key = journal_val(place, sizeof place);
    MDB_val data;
    int rc = mdb_cursor_open(txn, journal->entries, &cursor);
    if (rc != 0)
        return failed(rc, reason);
    rc = mdb_cursor_get(cursor, &key, &data, MDB_SET_RANGE);
    if (rc == 0 && key.mv_size == ENTRY_KEY_BYTES && esep_be32(key.mv_data) == head->epoch)
        ret->oldest_seq = esep_be64((const uint8_t *)key.mv_data + 4);
    mdb_cursor_close(cursor);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return failed(rc, reason);
    if (ret->oldest_seq == 1)
        return ESEP_OK; /* the epoch is whole */
    /* Pruning leaves the hash before the oldest entry in "base". */
    enum esep_status status = journal_state_get(txn, journal, "base", sizeof base, base, reason);
    if (status == ESEP_OK)
        memcpy(ret->base.bytes, base, ESEP_HASH_BYTES);
    return status == ESEP_NOT_FOUND ? ESEP_OK : status;
}

enum esep_status journal_load(struct journal *journal, struct agent_journal *ret,
                              struct esep_reason *reason)
{
    struct journal_identity identity;
    struct journal_marks marks;
    struct agent_head head;
    struct agent_head start;
    MDB_txn *txn = NULL;
    struct agent_journal loaded = {0};
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status == ESEP_OK)
        status = journal_identity_get(txn, journal, &identity, reason);
    if (status == ESEP_OK)
        status = journal_head_get(txn, journal, &head, reason);
    if (status == ESEP_OK)
        status = journal_marks_get(txn, journal, &marks, reason);
    if (status == ESEP_OK)
        status = journal_tree_get(txn, journal, &loaded.tree, reason);
    if (status == ESEP_OK)
        status = journal_cosigned_get(txn, journal, &loaded, reason);
    if (status == ESEP_OK)
        status = journal_log_keys_get(txn, journal, &loaded.log_keys, reason);
    if (status == ESEP_OK) {
        agent_head_start(&start, &identity.log_id, identity.office, head.epoch,
                         identity.sign_public);
        loaded.base = start.hash;
        status = oldest_held(txn, journal, &head, &loaded, reason);
    }
    if (status == ESEP_OK)
        status = journal_noted_get(txn, journal, head.epoch, &loaded.noted_seq, reason);
    if (txn != NULL)
        mdb_txn_abort(txn);
    if (status != ESEP_OK)
        return status;
    loaded.epoch = head.epoch;
    loaded.last_seq = head.seq;
    loaded.head = head.hash;
    if (loaded.oldest_seq > head.seq)
        loaded.base = head.hash;
    if (marks.epoch == head.epoch) {
        loaded.receipted_seq = marks.receipted_seq;
        loaded.promised_seq = marks.promised_seq;
    }
    loaded.mail_through = marks.mail_through;
    loaded.checkpoint_size = marks.checkpoint_size;
    loaded.checkpoint_root = marks.checkpoint_root;
    *ret = loaded;
    return ESEP_OK;
}

enum esep_status journal_head(struct journal *journal, struct agent_head *ret,
                              struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status == ESEP_OK)
        status = journal_head_get(txn, journal, ret, reason);
    if (txn != NULL)
        mdb_txn_abort(txn);
    return status;
}

enum esep_status journal_entries(struct journal *journal, uint32_t epoch, uint64_t from_seq,
                                 bool (*visit)(void *context, const struct agent_entry *entry),
                                 void *context, struct esep_reason *reason)
{
    struct agent_head head = {.epoch = epoch};
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    uint8_t place[ENTRY_KEY_BYTES];
    MDB_val data;
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status == ESEP_OK && epoch == 0)
        status = journal_head_get(txn, journal, &head, reason);
    int rc = status == ESEP_OK ? mdb_cursor_open(txn, journal->entries, &cursor) : MDB_NOTFOUND;
    if (status == ESEP_OK)
        journal_entry_key(head.epoch, from_seq, place);
    MDB_val key = journal_val(place, sizeof place);
    for (MDB_cursor_op step = MDB_SET_RANGE; rc == 0; step = MDB_NEXT) {
        rc = mdb_cursor_get(cursor, &key, &data, step);
        if (rc != 0 || key.mv_size != ENTRY_KEY_BYTES || esep_be32(key.mv_data) != head.epoch)
            break;
        if (data.mv_size < ESEP_HASH_BYTES) {
            rc = MDB_CORRUPTED;
            break;
        }
        struct agent_entry entry = {.seq = esep_be64((const uint8_t *)key.mv_data + 4),
                                    .bytes =
                                        esep_slice((const uint8_t *)data.mv_data + ESEP_HASH_BYTES,
                                                   data.mv_size - ESEP_HASH_BYTES)};
        memcpy(entry.chain.bytes, data.mv_data, ESEP_HASH_BYTES);
        if (!visit(context, &entry))
            break;
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    if (txn != NULL)
        mdb_txn_abort(txn);
    if (status == ESEP_OK && rc != 0 && rc != MDB_NOTFOUND)
        status = failed(rc, reason);
    return status;
}

enum esep_status journal_entry(struct journal *journal, uint32_t epoch, uint64_t seq,
                               struct esep_hash *ret_chain, struct esep_buf *ret_bytes,
                               struct esep_reason *reason)
{
    uint8_t place[ENTRY_KEY_BYTES];
    MDB_txn *txn = NULL;
    MDB_val data;
    journal_entry_key(epoch, seq, place);
    MDB_val key = journal_val(place, sizeof place);
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    int rc = status == ESEP_OK ? mdb_get(txn, journal->entries, &key, &data) : MDB_NOTFOUND;
    if (rc == 0 && data.mv_size >= ESEP_HASH_BYTES) {
        memcpy(ret_chain->bytes, data.mv_data, ESEP_HASH_BYTES);
        status = esep_buf_put(ret_bytes, (const uint8_t *)data.mv_data + ESEP_HASH_BYTES,
                              data.mv_size - ESEP_HASH_BYTES);
    } else if (status == ESEP_OK) {
        status = rc == MDB_NOTFOUND ? esep_because(reason, ESEP_NOT_FOUND,
                                                   "the journal holds no entry %u/%llu (any more)",
                                                   epoch, (unsigned long long)seq)
                                    : failed(rc, reason);
    }
    if (txn != NULL)
        mdb_txn_abort(txn);
    return status;
}

enum esep_status journal_receipt(struct journal *journal, uint32_t epoch, uint64_t seq,
                                 Esep__V1__ReceiptKind kind, struct esep_receipt *ret,
                                 struct esep_reason *reason)
{
    uint8_t place[ENTRY_KEY_BYTES + 1] = {0};
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_val data;
    journal_entry_key(epoch, seq, place);
    MDB_val key = journal_val(place, sizeof place);
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    int rc = status == ESEP_OK ? mdb_cursor_open(txn, journal->receipts, &cursor) : MDB_NOTFOUND;
    bool found = false;
    for (MDB_cursor_op step = MDB_SET_RANGE; rc == 0 && !found; step = MDB_NEXT) {
        rc = mdb_cursor_get(cursor, &key, &data, step);
        if (rc != 0 || key.mv_size != sizeof place || esep_be32(key.mv_data) != epoch)
            break;
        if (((const uint8_t *)key.mv_data)[ENTRY_KEY_BYTES] != (uint8_t)kind ||
            data.mv_size != RECEIPT_ROW_BYTES)
            continue;
        journal_receipt_read(key.mv_data, data.mv_data, ret);
        found = true;
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    if (txn != NULL)
        mdb_txn_abort(txn);
    if (status == ESEP_OK && rc != 0 && rc != MDB_NOTFOUND)
        return failed(rc, reason);
    if (status == ESEP_OK && !found)
        status = esep_because(reason, ESEP_NOT_FOUND, "no receipt for entry %u/%llu yet", epoch,
                              (unsigned long long)seq);
    return status;
}

enum esep_status journal_promise(struct journal *journal, uint32_t epoch, uint64_t seq,
                                 const struct esep_receipt *receipt, struct esep_receipt *ret,
                                 struct esep_reason *reason)
{
    const enum esep_status status = journal_receipt(
        journal, epoch, seq, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT, ret, reason);
    if (status == ESEP_OK && receipt != NULL && !esep_promise_before(ret, receipt))
        return esep_because(reason, ESEP_NOT_FOUND, "no promise came before it");
    return status;
}

enum esep_status journal_mail(struct journal *journal, uint64_t from_number,
                              bool (*visit)(void *context, const struct agent_mail *mail),
                              void *context, struct esep_reason *reason)
{
    uint8_t place[8];
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_val data;
    esep_be64_put(place, from_number);
    MDB_val key = journal_val(place, sizeof place);
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    int rc = status == ESEP_OK ? mdb_cursor_open(txn, journal->mail, &cursor) : MDB_NOTFOUND;
    for (MDB_cursor_op step = MDB_SET_RANGE; rc == 0; step = MDB_NEXT) {
        rc = mdb_cursor_get(cursor, &key, &data, step);
        if (rc != 0)
            break;
        const uint8_t *row = data.mv_data;
        if (key.mv_size != 8 || data.mv_size < MAIL_HEAD_BYTES) {
            rc = MDB_CORRUPTED;
            break;
        }
        const struct agent_mail mail = {
            .number = esep_be64(key.mv_data),
            .log_index = esep_be64(row),
            .type = esep_be32(row + 8),
            .verdict = esep_be32(row + 12),
            .office = esep_be32(row + 16),
            .seq = esep_be64(row + 20),
            .accepted_at = (esep_time)esep_be64(row + 28),
            .bytes = esep_slice(row + MAIL_HEAD_BYTES, data.mv_size - MAIL_HEAD_BYTES)};
        if (!visit(context, &mail))
            break;
    }
    if (cursor != NULL)
        mdb_cursor_close(cursor);
    if (txn != NULL)
        mdb_txn_abort(txn);
    if (status == ESEP_OK && rc != 0 && rc != MDB_NOTFOUND)
        status = failed(rc, reason);
    return status;
}
