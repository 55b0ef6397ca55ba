/* collector/state_tree.c - the tree's nodes, from what the store keeps of them; see state.h.
 *
 * The views keep the root of each 256 leaves, of each 65536, and so on ('H' rows). What lies
 * between is made anew: below the first of these levels from leaves, above from the rows of the
 * level beneath. That is 32 bytes stored for each 256 entries, and a few hundred hashes at most for
 * a node that is old; the newest are in memory (views_node).
 */
#include "collector/state.h"

struct fold {
    struct esep_merkle tree;
    uint64_t next; /* index of the node that is expected */
    uint64_t count;
    unsigned level;
    bool bad;
};

static bool add_leaf(void *context, uint64_t index, struct esep_slice leaf, struct esep_slice body)
{
    struct fold *fold = context;
    (void)body;
    fold->bad = fold->bad || index != fold->next++;
    esep_merkle_append(&fold->tree, leaf);
    return !fold->bad;
}

static bool add_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct fold *fold = context;
    uint8_t expected[VIEWS_NODE_KEY_BYTES];
    struct esep_hash hash;
    views_node_key((struct esep_merkle_place){fold->level, fold->next}, expected);
    fold->bad = !esep_slice_equal(key, esep_slice(expected, sizeof expected)) ||
                value.len != sizeof hash.bytes;
    if (fold->bad)
        return false;
    memcpy(hash.bytes, value.data, sizeof hash.bytes);
    fold->bad = esep_merkle_append_node(&fold->tree, 0, &hash) != ESEP_OK;
    fold->next++;
    return !fold->bad && fold->tree.size < fold->count;
}

static enum esep_status fold_rows(struct collector_log *log, struct fold *fold)
{
    uint8_t key[VIEWS_NODE_KEY_BYTES];
    views_node_key((struct esep_merkle_place){fold->level, fold->next}, key);
    return log->ops->rows(log, esep_slice(key, 2), esep_slice(key, sizeof key), add_row, fold,
                          NULL);
}

bool collector_state_node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    struct collector_log *log = context;
    const unsigned within = place.level % VIEWS_NODE_LEVELS;
    struct fold fold = {.level = place.level - within, .next = place.index << within};
    fold.count = UINT64_C(1) << within;
    esep_merkle_init(&fold.tree);
    const enum esep_status status =
        fold.level == 0 ? log->ops->read(log, fold.next, fold.count, add_leaf, &fold, NULL)
                        : fold_rows(log, &fold);
    if (status != ESEP_OK || fold.bad || fold.tree.size != fold.count)
        return false;
    *ret = esep_merkle_root(&fold.tree);
    return true;
}

/* One entry; what is asked of its body only where that gives the content hash of the leaf. */
struct found {
    enum esep_status status;
    struct esep_leaf leaf;
    struct esep_commitment *commitment; /* one of the two is wanted, or none */
    uint8_t *nonce;
    const struct esep_hash *log_id;
};

static bool keep(void *context, uint64_t index, struct esep_slice bytes, struct esep_slice body)
{
    struct found *found = context;
    const bool asked = found->nonce != NULL || found->commitment != NULL;
    const struct esep_hash content = esep_content_hash(body);
    (void)index;
    if (esep_leaf_unpack(bytes, &found->leaf) != ESEP_OK ||
        (asked && !esep_hash_equal(&content, &found->leaf.content)))
        found->status = ESEP_CORRUPT;
    else if (!asked)
        found->status = ESEP_OK;
    else if (found->nonce != NULL)
        found->status = esep_nonce_of(body, found->nonce) ? ESEP_OK : ESEP_NOT_FOUND;
    else if (found->leaf.type != ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT)
        found->status = ESEP_NOT_FOUND;
    else
        found->status = esep_commitment_unpack(found->log_id, body, found->commitment) == ESEP_OK
                            ? ESEP_OK
                            : ESEP_CORRUPT;
    return false;
}

enum esep_status collector_state_leaf(void *context, uint64_t index, struct esep_leaf *ret_leaf)
{
    struct collector_log *log = context;
    struct found found = {.status = ESEP_NOT_FOUND};
    enum esep_status status = log->ops->read(log, index, 1, keep, &found, NULL);
    *ret_leaf = found.leaf;
    return status == ESEP_OK ? found.status : status;
}

enum esep_status collector_state_nonce(void *context, uint64_t index,
                                       uint8_t ret_nonce[ESEP_NONCE_BYTES])
{
    struct collector_log *log = context;
    struct found found = {.status = ESEP_NOT_FOUND, .nonce = ret_nonce};
    enum esep_status status = log->ops->read(log, index, 1, keep, &found, NULL);
    return status == ESEP_OK ? found.status : status;
}

enum esep_status collector_state_commitment(void *context, uint64_t index,
                                            struct esep_commitment *ret)
{
    struct collector_log *log = context;
    struct found found = {.status = ESEP_NOT_FOUND, .commitment = ret, .log_id = &log->log_id};
    enum esep_status status = log->ops->read(log, index, 1, keep, &found, NULL);
    return status == ESEP_OK ? found.status : status;
}
