/* collector/collector_proof.h - what joins a receipt to the tree, and the tree's signed heads; a
 * part of collector_internal.h, which includes it. collector_proof.c says more.
 */
#ifndef COLLECTOR_COLLECTOR_PROOF_H
#define COLLECTOR_COLLECTOR_PROOF_H

#include "collector/collector_internal.h"

struct collector_proof {
    Esep__V1__Proof message;
    Esep__V1__Growth growth;
    Esep__V1__Commitment commitment;
    /* of the promise that goes along */
    Esep__V1__Proof promise;
    Esep__V1__Commitment promise_commitment;
    struct esep_commitment promised;
};
void collector_tree_begin(struct collector *c);
/* What the log grows by with the batch that is being closed: all of it lies in the batch. */
void collector_tree_grown(struct collector *c, struct collector_fill *batch);
/* The log is durable up to there, and so is its signed head. */
void collector_tree_durable(struct collector *c, uint64_t size, const struct esep_hash *root,
                            const uint8_t signature[ESEP_SIGNATURE_BYTES]);
/* Where the office's proofs go on from. */
void collector_tree_seen(const struct collector *c, struct collector_session *session,
                         uint64_t generation, uint64_t size);
/* For the durable entry at index; ret borrows from c until the next one. False: the store cannot
 * say what it holds, or has lost a bit: counted, and the receipt has to wait. */
bool collector_prove(struct collector *c, struct collector_session *session, uint64_t index,
                     esep_time accepted_at, struct collector_proof *ret);
/* Of a second entry under the growth that was just proven, which began with `from`: fills
 * ret->promise, of which the same holds. */
bool collector_prove_promise(struct collector *c, uint64_t from, uint64_t index,
                             esep_time accepted_at, struct collector_proof *ret);

/* The tree's nodes, and whether one of them came from the disk. */
struct collector_nodes {
    const struct collector *c;
    bool stored;
};
bool collector_node(void *nodes, struct esep_merkle_place place, struct esep_hash *ret);

/* collector_cosigned.c: if it is wanted, there, and time for it. */
void collector_cosigned_push(struct collector *c, struct collector_session *session);
void collector_cosigned_stick(struct collector *c, uint64_t conn); /* of the last link */

#endif
