/* lib/base/merkle_recent.h - the newest nodes of a growing tree, kept in memory.
 *
 * What is asked of a log's tree is nearly always about its right edge: what an office lacks since
 * its last receipt, the path of a leaf that has just been added. For each level the nodes of the
 * last ESEP_MERKLE_RECENT_LEAVES leaves are kept in a ring; older ones are the store's to know. It
 * is 4 MiB: twice as many leaves as a commit has entries where a collector is set up as shipped,
 * since receipts of one commit are made while the next one fills.
 *
 * Invariant: a node is given out only if it is complete and was shown here.
 */
#ifndef ESEP_BASE_MERKLE_RECENT_H
#define ESEP_BASE_MERKLE_RECENT_H

#include "base/merkle.h"

#define ESEP_MERKLE_RECENT_LEVELS 16
#define ESEP_MERKLE_RECENT_LEAVES (UINT64_C(1) << ESEP_MERKLE_RECENT_LEVELS)

struct esep_merkle_recent {
    uint64_t begin; /* leaves before it were never shown */
    uint64_t size;  /* of the tree */
    struct esep_hash nodes[2 * ESEP_MERKLE_RECENT_LEAVES];
};

/* Of a tree that has `size` leaves already, none of which is known here. */
void esep_merkle_recent_init(struct esep_merkle_recent *recent, uint64_t size);
/* A subtree that has become complete, as esep_merkle_append_seen shows them. Wider ones than are
 * kept are passed over. */
void esep_merkle_recent_put(struct esep_merkle_recent *recent, struct esep_merkle_place place,
                            const struct esep_hash *hash);
/* False: too old, too wide, or not yet complete. */
bool esep_merkle_recent_get(const struct esep_merkle_recent *recent, struct esep_merkle_place place,
                            struct esep_hash *ret);

#endif
