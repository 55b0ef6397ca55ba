/* tests/unit/agent/fake_log.h - a log that is nothing but its tree, for tests of the office's side:
 * leaves go in, proofs of them come out, signed. It knows wire/growth.h and nothing of a collector.
 */
#ifndef TEST_FAKE_LOG_H
#define TEST_FAKE_LOG_H

#include "base/merkle_recent.h"
#include "wire/growth.h"
#include "wire/leaf.h"
#include "wire/receipt.h"

struct fake_log {
    struct esep_hash log_id;
    struct esep_sign_key log_key;
    uint64_t generation;
    struct esep_merkle tree;
    struct esep_merkle_recent recent; /* all of it: tests log less */
};
void fake_log_begin(struct fake_log *log, const struct esep_hash *log_id,
                    const struct esep_sign_key *log_key, uint64_t generation);
/* Any leaves, until it has so many. */
void fake_log_fill(struct fake_log *log, uint64_t size);
uint64_t fake_log_add(struct fake_log *log, const struct esep_leaf *leaf);

struct fake_proof {
    Esep__V1__Proof message; /* borrows from the rest */
    Esep__V1__Growth growth_message;
    Esep__V1__Commitment commitment_message;
    struct esep_growth growth;
    struct esep_place place;
    struct esep_commitment commitment;
    uint8_t nonce[ESEP_NONCE_BYTES];
};
/* Where `from` is beyond the log: from nothing. */
void fake_prove(const struct fake_log *log, uint64_t from, uint64_t index, esep_time accepted_at,
                struct fake_proof *ret);
/* The office's signed head becomes an entry, and its proof. */
void fake_prove_commitment(struct fake_log *log, const struct esep_commitment *commitment,
                           const uint8_t sign_public[ESEP_KEY_BYTES], uint8_t flags, uint64_t from,
                           esep_time accepted_at, struct fake_proof *ret);
void fake_prove_evidence(struct fake_log *log, const struct esep_evidence *evidence, uint64_t from,
                         struct fake_proof *ret);

#endif
