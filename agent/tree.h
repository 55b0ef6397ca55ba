/* agent/tree.h - what an office has seen of the log, and what each receipt teaches it.
 *
 * The office keeps the frontier of the log's tree. A receipt's proof (wire/growth.h) leads from
 * there to a signed checkpoint, and shows the place of the leaf that the receipt speaks of; the
 * leaf itself the office makes from what it signed. That is all that a receipt rests on: it has no
 * signature of its own, and without a proof it is none. What is learned on the way,
 * nodes and signed checkpoints, is kept: from it the office makes its proof for strangers
 * (wire/proof.h) by any later checkpoint, too.
 *
 * Pure: it decides whether a proof is good and what it teaches, not what is done about a bad one.
 *
 * Invariant: a tree that is given back begins with the one it was given, or is of another
 * generation.
 */
#ifndef AGENT_TREE_H
#define AGENT_TREE_H

#include "wire/growth.h"
#include "wire/leaf.h"
#include "wire/log_keys.h"
#include "wire/receipt.h"

struct agent_tree {
    uint64_t generation; /* of the log; see proto Growth */
    struct esep_merkle frontier;
};

/* A node of the log's tree: the same for ever in its generation. */
struct agent_node {
    uint64_t generation;
    struct esep_merkle_place place;
    struct esep_hash hash;
};
struct agent_checkpoint { /* signed by the log key */
    uint64_t generation;
    uint64_t size;
    struct esep_hash root;
    uint8_t signature[ESEP_SIGNATURE_BYTES];
};
/* ... and by witnesses: their lines as they stand in a note (C2SP), one behind the other. */
struct agent_cosigned {
    struct agent_checkpoint checkpoint;
    size_t len;
    char lines[ESEP_COSIGNED_LINES_MAX];
};
/* Judges what came for a head that goes on from what the office has seen (agent_cosigned.c): of the
 * lines those that could stand under it, and that verify where their witness is known. False: none
 * of the known has signed, or, where none is known, no line is left. ret->checkpoint is *head. */
struct esep_note_key;
ESEP_MUST_USE bool agent_cosigned_take(const struct esep_hash *log_id,
                                       const struct agent_checkpoint *head, struct esep_slice lines,
                                       const struct esep_note_key *witnesses, size_t witness_count,
                                       struct agent_cosigned *ret);

/* That a leaf is in the log: with the nodes, all that a proof for strangers needs. */
struct agent_proof {
    uint64_t generation;
    uint64_t index;
    uint8_t leaf[ESEP_LEAF_BYTES];
    /* of a receipt; of a file the entry's nonce, and then zero */
    uint8_t statement[ESEP_SIGNED_COMMITMENT_BYTES];
    uint8_t key[ESEP_KEY_BYTES]; /* that it verifies under: the office's of that time */
};

/* The frontier, where the generation is new; the span; siblings and leaf, twice. */
#define AGENT_LESSON_NODES_MAX (64 + ESEP_MERKLE_SPAN_MAX + 2 * (64 + 1))
struct agent_lesson {
    struct agent_tree tree; /* from now on */
    bool restored;          /* the log is of another generation than before */
    struct agent_proof proof;
    bool promised; /* an earlier promise of ours came along: a receipt and its proof */
    struct esep_receipt promise;
    struct agent_proof promise_proof;
    bool grown; /* checkpoint is there; with CONFLICT it is the other one of two */
    struct agent_checkpoint checkpoint;
    size_t node_count;
    struct agent_node nodes[AGENT_LESSON_NODES_MAX];
};

struct agent_tree_keys {
    struct esep_hash log_id;
    const struct esep_log_keys *log; /* borrowed; each head is held to the key of its size */
    uint32_t office;
    uint8_t sign_public[ESEP_KEY_BYTES];
};

/* What the proof of a receipt, or of a file's receipt, teaches; each was read from its message.
 * ESEP_INVALID: it is none, does not go on from this tree, or is not of what the receipt speaks of:
 * greet again, it is sent anew. ESEP_DENIED: a key has not signed what it should have.
 * ESEP_CONFLICT: the log key has signed a log that does not begin with the one this office has
 * seen: ret->checkpoint says which. */
ESEP_MUST_USE enum esep_status agent_tree_receipt(const struct agent_tree_keys *keys,
                                                  const struct agent_tree *tree,
                                                  const struct esep_receipt *receipt,
                                                  const Esep__V1__Receipt *message,
                                                  struct agent_lesson *ret);
/* The same of a growth alone, which speaks of no leaf: lesson.proof is not filled. Where it is not
 * grown, checkpoint is what this office has seen last, without its signature. */
ESEP_MUST_USE enum esep_status agent_tree_head(const struct agent_tree_keys *keys,
                                               const struct agent_tree *tree,
                                               const Esep__V1__Growth *message,
                                               struct agent_lesson *ret);
ESEP_MUST_USE enum esep_status agent_tree_evidence(const struct agent_tree_keys *keys,
                                                   const struct agent_tree *tree,
                                                   const struct esep_evidence *evidence,
                                                   const Esep__V1__Proof *message,
                                                   struct agent_lesson *ret);

#endif
