/* lib/base/merkle.h - the tree hash of the log, RFC 6962 section 2.1, grown leaf by leaf.
 *
 * Keeps only the frontier: the roots of the complete subtrees that the current size splits into,
 * at most 64. Appending a leaf is one leaf hash and, on average, one node hash. It stores no
 * leaves and proves nothing by itself; tiles and proofs are built from the log.
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
void esep_merkle_append(struct esep_merkle *tree, struct esep_slice leaf);
struct esep_hash esep_merkle_root(const struct esep_merkle *tree); /* size 0: SHA-256("") */
/* Fixed form: be64(size) || the valid nodes. Returns its length. */
size_t esep_merkle_save(const struct esep_merkle *tree, uint8_t out[ESEP_MERKLE_BYTES_MAX]);
ESEP_MUST_USE enum esep_status esep_merkle_load(struct esep_merkle *ret_tree,
                                                struct esep_slice saved);

#endif
