/* lib/base/merkle_path.h - paths through an RFC 6962 tree: made from its nodes, and checked.
 *
 * An audit path (section 2.1.1) says that a leaf stands at an index of a tree of this root; a
 * consistency proof (2.1.2) that one tree begins with another. Both consist of the hashes of whole
 * ranges of leaves, and every such range is made of complete subtrees. Whoever can name the hashes
 * of complete subtrees can therefore make any path: from tiles, from stored leaves, or, at an
 * office, from what its receipts brought.
 *
 * A span is the fewest complete subtrees that lie between two sizes of a tree, from left to right:
 * what a frontier of the first size lacks to become one of the second (merkle.h). Their places
 * follow from the two sizes, so only the hashes travel.
 *
 * Nothing here allocates, and nothing is asked of the hashes but to be 32 bytes: a path from a
 * stranger is good or it is not. The checks are the algorithms of RFC 9162, sections 2.1.3.2 and
 * 2.1.4.2.
 */
#ifndef ESEP_BASE_MERKLE_PATH_H
#define ESEP_BASE_MERKLE_PATH_H

#include "base/merkle.h"

#define ESEP_MERKLE_PATH_MAX 65  /* hashes of any audit path or consistency proof */
#define ESEP_MERKLE_SPAN_MAX 126 /* subtrees of any span */

/* The places of the span [first, end), from left to right; returns how many. first <= end. */
unsigned esep_merkle_span(uint64_t first, uint64_t end,
                          struct esep_merkle_place ret[ESEP_MERKLE_SPAN_MAX]);
/* Grows the tree to `size` by the span's hashes. ESEP_INVALID, and the tree as it was, where they
 * are not as many as the span has. It says nothing about their being right: the root does. */
ESEP_MUST_USE enum esep_status esep_merkle_append_span(struct esep_merkle *tree, uint64_t size,
                                                       const struct esep_hash *hashes,
                                                       size_t count);

/* Of the subtrees that a tree of `first` leaves is made of, and the span [first, end), the one that
 * holds the leaf at index; its number in the span, or -1. index < end. */
int esep_merkle_holder(uint64_t first, uint64_t end, uint64_t index, struct esep_merkle_place *ret);
/* The root of the subtree of 2^count leaves that holds the leaf at index, by the siblings on the
 * way up. */
struct esep_hash esep_merkle_climb(const struct esep_hash *leaf, uint64_t index,
                                   const struct esep_hash *siblings, size_t count);
/* The hash of one of the subtrees that the tree itself is made of. ESEP_NOT_FOUND: it is none. */
ESEP_MUST_USE enum esep_status esep_merkle_whole(const struct esep_merkle *tree,
                                                 struct esep_merkle_place place,
                                                 struct esep_hash *ret);

/* Where hashes of complete subtrees come from. node: false where it has none, which ends the
 * making of a path. */
struct esep_merkle_source {
    bool (*node)(void *context, struct esep_merkle_place place, struct esep_hash *ret);
    void *context;
};
struct esep_merkle_path {
    size_t count;
    struct esep_hash hashes[ESEP_MERKLE_PATH_MAX];
};
/* The root of the tree of the first `size` leaves. ESEP_NOT_FOUND: a node was missing. */
ESEP_MUST_USE enum esep_status esep_merkle_root_from(const struct esep_merkle_source *source,
                                                     uint64_t size, struct esep_hash *ret_root);
/* ESEP_INVALID: index is not below size. ESEP_NOT_FOUND: a node was missing. */
ESEP_MUST_USE enum esep_status esep_merkle_audit(const struct esep_merkle_source *source,
                                                 uint64_t index, uint64_t size,
                                                 struct esep_merkle_path *ret);
/* From the tree of old_size leaves to that of size; empty where old_size is 0 or size.
 * ESEP_INVALID: old_size is above size. ESEP_NOT_FOUND: a node was missing. */
ESEP_MUST_USE enum esep_status esep_merkle_consistency(const struct esep_merkle_source *source,
                                                       uint64_t old_size, uint64_t size,
                                                       struct esep_merkle_path *ret);

/* Whether a leaf of this hash stands at index in the tree of that size and root. */
ESEP_MUST_USE bool esep_merkle_audit_verify(const struct esep_hash *leaf, uint64_t index,
                                            uint64_t size, const struct esep_hash *root,
                                            const struct esep_merkle_path *path);
/* Whether the tree of size and root begins with that of old_size and old_root. */
ESEP_MUST_USE bool esep_merkle_consistency_verify(uint64_t old_size,
                                                  const struct esep_hash *old_root, uint64_t size,
                                                  const struct esep_hash *root,
                                                  const struct esep_merkle_path *path);

#endif
