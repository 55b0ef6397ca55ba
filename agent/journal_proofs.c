/* agent/journal_proofs.c - what the office has seen of the log, and what it can prove; see
 * journal.h.
 *
 * Nodes are kept as they came. A node that never came can often be made of two that did, down to
 * the office's own leaves; that is how a proof by a later checkpoint is found.
 */
#include "agent/journal_internal.h"

enum {
    PROOF_ROW_BYTES = 8 + 8 + ESEP_LEAF_BYTES + ESEP_SIGNED_COMMITMENT_BYTES + ESEP_KEY_BYTES,
    AT_STATEMENT = 16 + ESEP_LEAF_BYTES,
    AT_KEY = AT_STATEMENT + ESEP_SIGNED_COMMITMENT_BYTES,
    NODE_KEY_BYTES = 8 + 1 + 8,
    HEAD_KEY_BYTES = 16,
    MARK_BYTES = 16,
    CHECKPOINT_BYTES = ESEP_HASH_BYTES + ESEP_SIGNATURE_BYTES,
    SPLIT_ROW_BYTES = HEAD_KEY_BYTES + CHECKPOINT_BYTES,
    TREE_ROW_BYTES_MAX = 8 + ESEP_MERKLE_BYTES_MAX,
};

static void node_key(uint64_t generation, struct esep_merkle_place place,
                     uint8_t out[NODE_KEY_BYTES])
{
    esep_be64_put(out, generation);
    out[8] = (uint8_t)place.level;
    esep_be64_put(out + 9, place.index);
}

static void checkpoint_write(const struct agent_checkpoint *c, uint8_t key[HEAD_KEY_BYTES],
                             uint8_t row[CHECKPOINT_BYTES])
{
    esep_be64_put(key, c->generation);
    esep_be64_put(key + 8, c->size);
    memcpy(row, c->root.bytes, ESEP_HASH_BYTES);
    memcpy(row + ESEP_HASH_BYTES, c->signature, ESEP_SIGNATURE_BYTES);
}

static void checkpoint_read(const uint8_t *key, const uint8_t *row, struct agent_checkpoint *ret)
{
    ret->generation = esep_be64(key);
    ret->size = esep_be64(key + 8);
    memcpy(ret->root.bytes, row, ESEP_HASH_BYTES);
    memcpy(ret->signature, row + ESEP_HASH_BYTES, ESEP_SIGNATURE_BYTES);
}

static enum esep_status put(MDB_txn *txn, MDB_dbi dbi, struct esep_slice key, struct esep_slice row,
                            unsigned flags, struct esep_reason *reason)
{
    MDB_val k = journal_val(key.data, key.len);
    MDB_val data = journal_val(row.data, row.len);
    const int rc = mdb_put(txn, dbi, &k, &data, flags);
    return rc == 0 || rc == MDB_KEYEXIST ? ESEP_OK
                                         : esep_store_status(rc, reason, "keep a receipt's proof");
}

/* A generation and a size, where it is news: the newest head with witnesses' lines, and what is
 * proven. */
static enum esep_status put_mark(MDB_txn *txn, const struct journal *journal, const char *name,
                                 uint64_t generation, uint64_t size, struct esep_reason *reason)
{
    uint8_t row[MARK_BYTES];
    enum esep_status status = journal_state_get(txn, journal, name, sizeof row, row, reason);
    if (status != ESEP_OK && status != ESEP_NOT_FOUND)
        return status;
    if (status == ESEP_OK && (esep_be64(row) > generation ||
                              (esep_be64(row) == generation && esep_be64(row + 8) >= size)))
        return ESEP_OK;
    esep_be64_put(row, generation);
    esep_be64_put(row + 8, size);
    return journal_state_put(txn, journal, name, row, sizeof row, reason);
}

static enum esep_status get_mark(MDB_txn *txn, const struct journal *journal, const char *name,
                                 uint64_t *ret_generation, uint64_t *ret_size,
                                 struct esep_reason *reason)
{
    uint8_t row[MARK_BYTES];
    const enum esep_status status = journal_state_get(txn, journal, name, sizeof row, row, reason);
    *ret_generation = status == ESEP_OK ? esep_be64(row) : 0;
    *ret_size = status == ESEP_OK ? esep_be64(row + 8) : 0;
    return status == ESEP_NOT_FOUND ? ESEP_OK : status;
}

/* The first receipt is the proof, and so is what it was shown with. */
static enum esep_status put_proof(MDB_txn *txn, const struct journal *journal,
                                  struct esep_slice key, const struct agent_proof *proof,
                                  struct esep_reason *reason)
{
    uint8_t row[PROOF_ROW_BYTES];
    esep_be64_put(row, proof->generation);
    esep_be64_put(row + 8, proof->index);
    memcpy(row + 16, proof->leaf, sizeof proof->leaf);
    memcpy(row + AT_STATEMENT, proof->statement, sizeof proof->statement);
    memcpy(row + AT_KEY, proof->key, sizeof proof->key);
    const enum esep_status status =
        put(txn, journal->proofs, key, esep_slice(row, sizeof row), MDB_NOOVERWRITE, reason);
    return status == ESEP_OK
               ? put_mark(txn, journal, "proven", proof->generation, proof->index + 1, reason)
               : status;
}

static enum esep_status put_tree(MDB_txn *txn, const struct journal *journal,
                                 const struct agent_tree *tree, struct esep_reason *reason)
{
    uint8_t row[TREE_ROW_BYTES_MAX];
    esep_be64_put(row, tree->generation);
    const size_t len = 8 + esep_merkle_save(&tree->frontier, row + 8);
    return journal_state_put(txn, journal, "tree", row, len, reason);
}

/* The lines join the head's row, of which they are the end. A head that is not kept gets none. */
static enum esep_status put_cosigned(MDB_txn *txn, const struct journal *journal,
                                     const struct agent_cosigned *cosigned,
                                     struct esep_reason *reason)
{
    uint8_t key[HEAD_KEY_BYTES];
    uint8_t row[CHECKPOINT_BYTES + ESEP_COSIGNED_LINES_MAX];
    MDB_val data;
    checkpoint_write(&cosigned->checkpoint, key, row);
    MDB_val k = journal_val(key, sizeof key);
    const int rc = mdb_get(txn, journal->heads, &k, &data);
    if (rc == MDB_NOTFOUND)
        return ESEP_OK;
    if (rc != 0)
        return esep_store_status(rc, reason, "keep a cosigned head");
    if (data.mv_size < CHECKPOINT_BYTES || memcmp(data.mv_data, row, ESEP_HASH_BYTES) != 0)
        return esep_because(reason, ESEP_CORRUPT, "%s: a row of heads is damaged",
                            journal->store.path);
    memcpy(row, data.mv_data, CHECKPOINT_BYTES);
    memcpy(row + CHECKPOINT_BYTES, cosigned->lines, cosigned->len);
    enum esep_status status = put(txn, journal->heads, esep_slice(key, sizeof key),
                                  esep_slice(row, CHECKPOINT_BYTES + cosigned->len), 0, reason);
    return status == ESEP_OK ? put_mark(txn, journal, "cosigned", cosigned->checkpoint.generation,
                                        cosigned->checkpoint.size, reason)
                             : status;
}

enum esep_status journal_cosigned_get(MDB_txn *txn, const struct journal *journal,
                                      struct agent_journal *ret, struct esep_reason *reason)
{
    const enum esep_status status =
        get_mark(txn, journal, "cosigned", &ret->cosigned_generation, &ret->cosigned_size, reason);
    return status == ESEP_OK ? get_mark(txn, journal, "proven", &ret->proven_generation,
                                        &ret->proven_size, reason)
                             : status;
}

static enum esep_status put_split(MDB_txn *txn, const struct journal *journal,
                                  const struct agent_checkpoint *split, struct esep_reason *reason)
{
    uint8_t row[SPLIT_ROW_BYTES];
    checkpoint_write(split, row, row + HEAD_KEY_BYTES);
    return put(txn, journal->state, esep_slice_str("split"), esep_slice(row, sizeof row),
               MDB_NOOVERWRITE, reason);
}

enum esep_status journal_put_proofs(MDB_txn *txn, const struct journal *journal,
                                    const struct agent_store *store, struct esep_reason *reason)
{
    enum esep_status status = ESEP_OK;
    for (size_t i = 0; status == ESEP_OK && store->proofs != NULL && i < store->receipt_count;
         i++) {
        uint8_t key[JOURNAL_RECEIPT_KEY_BYTES];
        journal_receipt_key(&store->receipts[i], key);
        status = put_proof(txn, journal, esep_slice(key, sizeof key), &store->proofs[i], reason);
    }
    for (size_t i = 0;
         status == ESEP_OK && store->evidence_proofs != NULL && i < store->evidence_count; i++) {
        uint8_t key[JOURNAL_FILE_KEY_BYTES];
        const struct agent_file file = {store->evidence[i].sha256, store->evidence[i].size_bytes};
        journal_file_key(&file, key);
        status = put_proof(txn, journal, esep_slice(key, sizeof key), &store->evidence_proofs[i],
                           reason);
    }
    for (size_t i = 0; status == ESEP_OK && i < store->node_count; i++) {
        uint8_t key[NODE_KEY_BYTES];
        const struct agent_node *node = &store->nodes[i];
        node_key(node->generation, node->place, key);
        status = put(txn, journal->nodes, esep_slice(key, sizeof key),
                     esep_slice(node->hash.bytes, sizeof node->hash.bytes), 0, reason);
    }
    for (size_t i = 0; status == ESEP_OK && i < store->checkpoint_count; i++) {
        uint8_t key[HEAD_KEY_BYTES];
        uint8_t row[CHECKPOINT_BYTES];
        checkpoint_write(&store->checkpoints[i], key, row);
        status = put(txn, journal->heads, esep_slice(key, sizeof key), esep_slice(row, sizeof row),
                     0, reason);
    }
    if (status == ESEP_OK && store->tree != NULL)
        status = put_tree(txn, journal, store->tree, reason);
    if (status == ESEP_OK && store->cosigned != NULL)
        status = put_cosigned(txn, journal, store->cosigned, reason);
    if (status == ESEP_OK && store->split != NULL)
        status = put_split(txn, journal, store->split, reason);
    return status;
}

enum esep_status journal_tree_get(MDB_txn *txn, const struct journal *journal,
                                  struct agent_tree *ret, struct esep_reason *reason)
{
    MDB_val key = journal_val("tree", 4);
    MDB_val data;
    *ret = (struct agent_tree){0};
    const int rc = mdb_get(txn, journal->state, &key, &data);
    if (rc == MDB_NOTFOUND)
        return ESEP_OK;
    if (rc != 0)
        return esep_store_status(rc, reason, "read the journal");
    const uint8_t *row = data.mv_data;
    if (data.mv_size < 8 ||
        esep_merkle_load(&ret->frontier, esep_slice(row + 8, data.mv_size - 8)) != ESEP_OK)
        return esep_because(reason, ESEP_CORRUPT, "%s: the row 'tree' is damaged",
                            journal->store.path);
    ret->generation = esep_be64(row);
    return ESEP_OK;
}

static enum esep_status get_proof(struct journal *journal, struct esep_slice key,
                                  struct agent_proof *ret, struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    MDB_val k = journal_val(key.data, key.len);
    MDB_val data;
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status != ESEP_OK)
        return status;
    const int rc = mdb_get(txn, journal->proofs, &k, &data);
    const uint8_t *row = data.mv_data;
    if (rc == MDB_NOTFOUND)
        status = esep_because(reason, ESEP_NOT_FOUND, "there is no proof of this receipt");
    else if (rc != 0)
        status = esep_store_status(rc, reason, "read the journal");
    else if (data.mv_size != PROOF_ROW_BYTES)
        status = esep_because(reason, ESEP_CORRUPT, "%s: a proof's row has a wrong length",
                              journal->store.path);
    if (status == ESEP_OK) {
        ret->generation = esep_be64(row);
        ret->index = esep_be64(row + 8);
        memcpy(ret->leaf, row + 16, sizeof ret->leaf);
        memcpy(ret->statement, row + AT_STATEMENT, sizeof ret->statement);
        memcpy(ret->key, row + AT_KEY, sizeof ret->key);
    }
    mdb_txn_abort(txn);
    return status;
}

enum esep_status journal_proof(struct journal *journal, const struct esep_receipt *receipt,
                               struct agent_proof *ret, struct esep_reason *reason)
{
    uint8_t key[JOURNAL_RECEIPT_KEY_BYTES];
    journal_receipt_key(receipt, key);
    return get_proof(journal, esep_slice(key, sizeof key), ret, reason);
}

enum esep_status journal_file_proof(struct journal *journal, const struct agent_file *file,
                                    struct agent_proof *ret, struct esep_reason *reason)
{
    uint8_t key[JOURNAL_FILE_KEY_BYTES];
    journal_file_key(file, key);
    return get_proof(journal, esep_slice(key, sizeof key), ret, reason);
}

struct nodes {
    MDB_txn *txn;
    MDB_dbi dbi;
    uint64_t generation;
};

/* The recursion ends where a node lacks, or at leaves: 64 levels at most. */
static bool node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    const struct nodes *nodes = context;
    uint8_t bytes[NODE_KEY_BYTES];
    MDB_val data;
    node_key(nodes->generation, place, bytes);
    MDB_val key = journal_val(bytes, sizeof bytes);
    if (mdb_get(nodes->txn, nodes->dbi, &key, &data) == 0 && data.mv_size == ESEP_HASH_BYTES) {
        memcpy(ret->bytes, data.mv_data, ESEP_HASH_BYTES);
        return true;
    }
    struct esep_hash left;
    struct esep_hash right;
    if (place.level == 0 ||
        !node(context, (struct esep_merkle_place){place.level - 1, place.index * 2}, &left) ||
        !node(context, (struct esep_merkle_place){place.level - 1, place.index * 2 + 1}, &right))
        return false;
    *ret = esep_merkle_node(&left, &right);
    return true;
}

/* The newest checkpoint of the generation; ESEP_NOT_FOUND: none. */
static enum esep_status newest(MDB_txn *txn, const struct journal *journal, uint64_t generation,
                               struct agent_checkpoint *ret, struct esep_reason *reason)
{
    uint8_t bytes[HEAD_KEY_BYTES];
    MDB_cursor *cursor = NULL;
    MDB_val data;
    esep_be64_put(bytes, generation);
    esep_be64_put(bytes + 8, UINT64_MAX);
    MDB_val key = journal_val(bytes, sizeof bytes);
    int rc = mdb_cursor_open(txn, journal->heads, &cursor);
    if (rc == 0) {
        rc = mdb_cursor_get(cursor, &key, &data, MDB_SET_RANGE);
        rc = mdb_cursor_get(cursor, &key, &data, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
        if (rc == 0 && (key.mv_size != HEAD_KEY_BYTES || data.mv_size < CHECKPOINT_BYTES))
            rc = MDB_CORRUPTED;
        if (rc == 0)
            checkpoint_read(key.mv_data, data.mv_data, ret);
        mdb_cursor_close(cursor);
    }
    if (rc == MDB_NOTFOUND || (rc == 0 && ret->generation != generation))
        return esep_because(reason, ESEP_NOT_FOUND, "no checkpoint of the log is here");
    return rc == 0 ? ESEP_OK : esep_store_status(rc, reason, "read the journal");
}

/* A row of heads; false: it is damaged. */
static bool cosigned_read(const MDB_val *key, const MDB_val *data, struct agent_cosigned *ret)
{
    if (key->mv_size != HEAD_KEY_BYTES || data->mv_size < CHECKPOINT_BYTES ||
        data->mv_size > CHECKPOINT_BYTES + sizeof ret->lines)
        return false;
    checkpoint_read(key->mv_data, data->mv_data, &ret->checkpoint);
    ret->len = data->mv_size - CHECKPOINT_BYTES;
    memcpy(ret->lines, (const uint8_t *)data->mv_data + CHECKPOINT_BYTES, ret->len);
    return true;
}

enum esep_status journal_cosigned(struct journal *journal, uint64_t generation, uint64_t index,
                                  journal_worth_fn *worth, void *context,
                                  struct agent_cosigned *ret, struct esep_reason *reason)
{
    uint8_t bytes[HEAD_KEY_BYTES];
    struct agent_cosigned at;
    enum journal_worth best = JOURNAL_WORTH_NOTHING;
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_val data;
    esep_be64_put(bytes, generation);
    esep_be64_put(bytes + 8, index + 1);
    MDB_val key = journal_val(bytes, sizeof bytes);
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status != ESEP_OK)
        return status;
    int rc = mdb_cursor_open(txn, journal->heads, &cursor);
    for (MDB_cursor_op op = MDB_SET_RANGE; rc == 0 && best != JOURNAL_WORTH_ALL; op = MDB_NEXT) {
        rc = mdb_cursor_get(cursor, &key, &data, op);
        if (rc == 0 && !cosigned_read(&key, &data, &at))
            rc = MDB_CORRUPTED;
        if (rc != 0 || at.checkpoint.generation != generation)
            break;
        const enum journal_worth is = at.len > 0 ? worth(context, &at) : JOURNAL_WORTH_NOTHING;
        if (is > best) {
            best = is;
            *ret = at;
        }
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return esep_store_status(rc, reason, "read the journal");
    return best != JOURNAL_WORTH_NOTHING
               ? ESEP_OK
               : esep_because(reason, ESEP_NOT_FOUND, "no witness has signed for it yet");
}

enum esep_status journal_audit(struct journal *journal, const struct agent_proof *proof,
                               struct agent_checkpoint *head, struct esep_merkle_path *ret_path,
                               struct esep_reason *reason)
{
    MDB_txn *txn = NULL;
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status != ESEP_OK)
        return status;
    if (head->size == 0)
        status = newest(txn, journal, proof->generation, head, reason);
    if (status == ESEP_OK) {
        struct nodes nodes = {txn, journal->nodes, proof->generation};
        const struct esep_merkle_source source = {.node = node, .context = &nodes};
        status = esep_merkle_audit(&source, proof->index, head->size, ret_path);
        if (status != ESEP_OK)
            status = esep_because(reason, ESEP_NOT_FOUND,
                                  "%s: nodes of the log's tree lack: the proof of log entry %llu "
                                  "cannot be made",
                                  journal->store.path, (unsigned long long)proof->index);
    }
    mdb_txn_abort(txn);
    return status;
}

enum esep_status journal_split(struct journal *journal, struct agent_checkpoint *ret,
                               struct agent_checkpoint *ret_ours, struct esep_reason *reason)
{
    uint8_t row[SPLIT_ROW_BYTES];
    MDB_txn *txn = NULL;
    enum esep_status status = journal_begin(journal, false, &txn, reason);
    if (status != ESEP_OK)
        return status;
    status = journal_state_get(txn, journal, "split", sizeof row, row, reason);
    if (status == ESEP_OK) {
        checkpoint_read(row, row + HEAD_KEY_BYTES, ret);
        status = newest(txn, journal, ret->generation, ret_ours, reason);
    }
    mdb_txn_abort(txn);
    return status;
}
