/* agent/tree.c - see tree.h. */
#include "agent/tree.h"

static void learn_node(struct agent_lesson *lesson, struct esep_merkle_place place,
                       const struct esep_hash *hash)
{
    ESEP_ASSERT(lesson->node_count < AGENT_LESSON_NODES_MAX);
    lesson->nodes[lesson->node_count++] =
        (struct agent_node){lesson->tree.generation, place, *hash};
}

/* Of a new generation that shares what this office has seen: it has these nodes, too. */
static void learn_frontier(struct agent_lesson *lesson, const struct esep_merkle *frontier)
{
    struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
    const unsigned count = esep_merkle_span(0, frontier->size, places);
    for (unsigned i = 0; i < count; i++)
        learn_node(lesson, places[i], &frontier->nodes[i]);
}

static void learn_span(struct agent_lesson *lesson, const struct esep_growth *growth)
{
    struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
    const unsigned count = esep_merkle_span(growth->from_size, growth->size, places);
    for (unsigned i = 0; i < count; i++)
        learn_node(lesson, places[i], &growth->span[i]);
}

static void learn_place(struct agent_lesson *lesson, const struct esep_place *place,
                        const struct esep_hash *leaf)
{
    learn_node(lesson, (struct esep_merkle_place){0, place->index}, leaf);
    for (unsigned level = 0; level < place->count; level++)
        learn_node(lesson, (struct esep_merkle_place){level, place->index >> level ^ 1},
                   &place->siblings[level]);
}

/* Where a growth begins: from what this office has seen; of another generation also from nothing.
 * The same size of another generation is not what it has seen: a receipt was lost on the way. */
static bool begin(const struct agent_tree *tree, const struct esep_growth *growth,
                  struct agent_tree *ret)
{
    if (growth->from_size > 0 && growth->from_generation != tree->generation)
        return false;
    *ret = *tree;
    if (growth->generation != tree->generation && growth->from_size == 0)
        esep_merkle_init(&ret->frontier);
    ret->generation = growth->generation;
    return true;
}

/* Whose signature that head has to bear. Of the one that two may sign, the one that did. */
static const uint8_t *signer_of(const struct agent_tree_keys *keys,
                                const struct esep_growth *growth)
{
    const uint8_t *may[2];
    const unsigned count = esep_log_keys_at(keys->log, growth->generation, growth->size, may);
    return count > 1 && !esep_growth_signed(&keys->log_id, may[0], growth) ? may[1] : may[0];
}

static enum esep_status grow(const struct agent_tree_keys *keys, const struct agent_tree *from,
                             const struct esep_growth *growth, struct agent_lesson *ret)
{
    struct esep_merkle nothing;
    const uint8_t *key = signer_of(keys, growth);
    ret->grown = growth->size > growth->from_size;
    ret->checkpoint = (struct agent_checkpoint){
        .generation = growth->generation, .size = growth->size, .root = growth->root};
    memcpy(ret->checkpoint.signature, growth->signature, ESEP_SIGNATURE_BYTES);
    if (growth->from_size == 0 && from->frontier.size > 0) {
        /* The same generation from nothing: it does not know what it has signed. If it has signed
         * this, both heads are its word. */
        esep_merkle_init(&nothing);
        enum esep_status status = esep_growth_check(&keys->log_id, key, &nothing, growth, &nothing);
        return status == ESEP_OK ? ESEP_CONFLICT : status;
    }
    return esep_growth_check(&keys->log_id, key, &from->frontier, growth, &ret->tree.frontier);
}

/* Whether it goes on from this tree; from: where it begins. */
static enum esep_status start(const struct agent_tree_keys *keys, const struct agent_tree *tree,
                              const Esep__V1__Growth *message, struct esep_growth *ret_growth,
                              struct agent_tree *ret_from, struct agent_lesson *ret)
{
    if (message == NULL || esep_growth_read(message, ret_growth) != ESEP_OK ||
        !begin(tree, ret_growth, ret_from))
        return ESEP_INVALID;
    ret->tree.generation = ret_growth->generation;
    ret->restored = ret_growth->generation != tree->generation && tree->frontier.size > 0;
    ret->node_count = 0;
    return grow(keys, ret_from, ret_growth, ret);
}

static void learn_growth(const struct agent_tree *tree, const struct agent_tree *from,
                         const struct esep_growth *growth, struct agent_lesson *ret)
{
    if (growth->generation != tree->generation)
        learn_frontier(ret, &from->frontier);
    learn_span(ret, growth);
}

/* Where the leaf stands, by the growth: into the lesson. */
static bool learn_leaf(const struct agent_tree *from, const struct esep_growth *growth,
                       const Esep__V1__Proof *message, const struct esep_leaf *leaf,
                       struct agent_proof *ret_proof, struct agent_lesson *ret)
{
    struct esep_place place;
    if (esep_place_read(message, &place) != ESEP_OK)
        return false;
    esep_leaf_pack(leaf, ret_proof->leaf);
    ret_proof->generation = growth->generation;
    ret_proof->index = place.index;
    const struct esep_hash hash =
        esep_merkle_leaf(esep_slice(ret_proof->leaf, sizeof ret_proof->leaf));
    if (!esep_place_check(&from->frontier, growth, &place, &hash))
        return false;
    learn_place(ret, &place, &hash);
    return true;
}

enum esep_status agent_tree_head(const struct agent_tree_keys *keys, const struct agent_tree *tree,
                                 const Esep__V1__Growth *message, struct agent_lesson *ret)
{
    struct esep_growth growth;
    struct agent_tree from;
    const enum esep_status status = start(keys, tree, message, &growth, &from, ret);
    if (status != ESEP_OK)
        return status;
    if (!ret->grown)
        ret->checkpoint.root = esep_merkle_root(&ret->tree.frontier);
    learn_growth(tree, &from, &growth, ret);
    return ESEP_OK;
}

/* The leaf of a commitment, made from what this office signed. */
static enum esep_status own_leaf(const struct agent_tree_keys *keys,
                                 const struct esep_receipt *receipt, const Esep__V1__Proof *message,
                                 struct esep_leaf *ret_leaf, struct agent_proof *ret_proof)
{
    struct esep_commitment c;
    if (esep_commitment_read(message->commitment, &c) != ESEP_OK || c.office != keys->office ||
        c.office != receipt->office || c.epoch != receipt->epoch || c.seq != receipt->through_seq ||
        !esep_hash_equal(&c.head, &receipt->head))
        return ESEP_INVALID;
    if (!esep_commitment_verify(&keys->log_id, &c, keys->sign_public))
        return ESEP_DENIED;
    const bool closes = receipt->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
    *ret_leaf = esep_leaf_of_commitment(&keys->log_id, &c, keys->sign_public,
                                        closes ? ESEP_LEAF_CLOSES : 0, receipt->accepted_at);
    esep_commitment_pack(&keys->log_id, &c, ret_proof->statement);
    memcpy(ret_proof->key, keys->sign_public, sizeof ret_proof->key);
    return ESEP_OK;
}

enum esep_status agent_tree_receipt(const struct agent_tree_keys *keys,
                                    const struct agent_tree *tree,
                                    const struct esep_receipt *receipt,
                                    const Esep__V1__Receipt *message, struct agent_lesson *ret)
{
    struct esep_growth growth;
    struct agent_tree from;
    struct esep_leaf leaf;
    struct esep_leaf promised;
    enum esep_status status = own_leaf(keys, receipt, message->proof, &leaf, &ret->proof);
    if (status != ESEP_OK)
        return status;
    status = esep_receipt_promise(message, receipt, &ret->promise);
    ret->promised = status == ESEP_OK;
    if (ret->promised)
        status = own_leaf(keys, &ret->promise, message->promise, &promised, &ret->promise_proof);
    if (status != ESEP_OK && status != ESEP_NOT_FOUND)
        return status;
    status = start(keys, tree, message->proof->growth, &growth, &from, ret);
    if (status != ESEP_OK)
        return status;
    if (!learn_leaf(&from, &growth, message->proof, &leaf, &ret->proof, ret) ||
        (ret->promised &&
         !learn_leaf(&from, &growth, message->promise, &promised, &ret->promise_proof, ret)))
        return ESEP_INVALID;
    learn_growth(tree, &from, &growth, ret);
    return ESEP_OK;
}

enum esep_status agent_tree_evidence(const struct agent_tree_keys *keys,
                                     const struct agent_tree *tree,
                                     const struct esep_evidence *evidence,
                                     const Esep__V1__Proof *message, struct agent_lesson *ret)
{
    struct esep_growth growth;
    struct agent_tree from;
    if (message->nonce.len != ESEP_NONCE_BYTES || message->index != evidence->log_index)
        return ESEP_INVALID;
    const struct esep_leaf leaf =
        esep_leaf_of_evidence(evidence->office, &evidence->sha256, evidence->size_bytes,
                              message->nonce.data, evidence->accepted_at);
    const enum esep_status status = start(keys, tree, message->growth, &growth, &from, ret);
    ret->promised = false;
    if (status != ESEP_OK)
        return status;
    memset(ret->proof.statement, 0, sizeof ret->proof.statement);
    memcpy(ret->proof.statement, message->nonce.data, ESEP_NONCE_BYTES);
    memset(ret->proof.key, 0, sizeof ret->proof.key);
    if (!learn_leaf(&from, &growth, message, &leaf, &ret->proof, ret))
        return ESEP_INVALID;
    learn_growth(tree, &from, &growth, ret);
    return ESEP_OK;
}
