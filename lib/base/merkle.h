/* lib/base/merkle.h - the tree hash of the log, RFC 6962 section 2.1, grown leaf by leaf.
 *
 * Keeps only the frontier: the roots of the complete subtrees that the current size splits into,
 * at most 64. Appending a leaf is one leaf hash and, on average, one node hash. Appending a whole
 * complete subtree is as cheap: who is given the nodes between his size and another one grows his
 * own frontier by them, and needs no other proof that the other tree begins with his. It stores no
 * leaves; paths are in merkle_path.h.
 *
 * Invariant: the number of valid hashes in `nodes` is popcount(size); nodes[0] is the widest.
 */
#ifndef ESEP_BASE_MERKLE_H
#define ESEP_BASE_MERKLE_H

#include "base/crypto.h"

#define ESEP_MERKLE_BYTES_MAX (8 + 64 * ESEP_HASH_BYTES)

struct esep_merkle {
    uint64_t size;
    struct esep_hash nodes[64];
};

void esep_merkle_init(struct esep_merkle *tree);
struct esep_hash esep_merkle_leaf(struct esep_slice leaf); /* SHA-256(0x00 || leaf) */
struct esep_hash esep_merkle_node(const struct esep_hash *left,
                                  const struct esep_hash *right); /* SHA-256(0x01 || both) */
void esep_merkle_append(struct esep_merkle *tree, struct esep_slice leaf);
/* A complete subtree: leaves index * 2^level up to (index + 1) * 2^level. */
struct esep_merkle_place {
    unsigned level;
    uint64_t index;
};
/* The same, and each subtree that becomes complete by it is shown, the leaf itself first. */
typedef void esep_merkle_seen_fn(void *context, struct esep_merkle_place place,
                                 const struct esep_hash *hash);
void esep_merkle_append_seen(struct esep_merkle *tree, struct esep_slice leaf,
                             esep_merkle_seen_fn *seen, void *context);
/* A complete subtree of 2^level leaves. ESEP_INVALID, and nothing done, where the tree's size is no
 * multiple of that, or would be more than 64 bits count. */
ESEP_MUST_USE enum esep_status esep_merkle_append_node(struct esep_merkle *tree, unsigned level,
                                                       const struct esep_hash *node);
struct esep_hash esep_merkle_root(const struct esep_merkle *tree); /* size 0: SHA-256("") */
/* Fixed form: be64(size) || the valid nodes. Returns its length. */
size_t esep_merkle_save(const struct esep_merkle *tree, uint8_t out[ESEP_MERKLE_BYTES_MAX]);
ESEP_MUST_USE enum esep_status esep_merkle_load(struct esep_merkle *ret_tree,
                                                struct esep_slice saved);

#endif
