/* lib/wire/statement.h - the byte strings that are hashed and signed.
 *
 * Protobuf has no canonical form, so nothing that is signed is a protobuf message. Each statement
 * is a fixed layout, integers big-endian, opened by a 16-byte tag (zero-padded) that no other
 * statement uses. A verifier needs this page and SHA-256 and Ed25519, nothing else.
 *
 *   chain start  SHA-256(tag "esep/chain/v1" || log_id[32] || be32 office || be32 epoch || key[32])
 *   content      SHA-256(tag "esep/content/v1" || entry bytes): what others call an entry by
 *   chain step   SHA-256(tag "esep/entry/v2" || prev[32] || be64 seq || content[32]): an entry's
 *                bytes are not needed to follow a chain over it
 *   commitment   144 bytes: tag "esep/head/v1" | log_id 32 | office 4 | epoch 4 | seq 8 | head 32 |
 *                office_clock_us 8 | checkpoint_size 8 | checkpoint_root 32      (office's key)
 *   refusal      72 bytes: tag "esep/refusal/v1" | session 16 | counter 8 | reason 4 | office 4 |
 *                epoch 4 | zero 4 | seq 8 | zero 8                                 (log key)
 *   auth         SHA-256(tag "esep/auth/v1" || ephemeral[32] || collector key[32] || log_id[32] ||
 *                bound bytes): what HELLO, ENROL and BUNDLE sign to join a key to a session. Bound:
 *                HELLO and BUNDLE the 64 bytes of the commitment's signature; ENROL
 *                code[16] || sign key[32] || curve key[32] || label
 *   join         SHA-256(tag "esep/join/v1" || nonce[32] || log_id[32] || engine_id[16] ||
 *                broker curve key[32])                                            (log key)
 *   order        tag "esep/order/v1" || log_id[32] || order bytes                 (operator's key)
 */
#ifndef ESEP_WIRE_STATEMENT_H
#define ESEP_WIRE_STATEMENT_H

#include "base/crypto.h"
#include "base/time.h"
#include "esep/v1/wire.pb-c.h"

#define ESEP_COMMITMENT_BYTES 144
#define ESEP_SIGNED_COMMITMENT_BYTES (ESEP_COMMITMENT_BYTES + ESEP_SIGNATURE_BYTES)
#define ESEP_REFUSAL_BYTES 72

struct esep_hash esep_chain_start(const struct esep_hash *log_id, uint32_t office, uint32_t epoch,
                                  const uint8_t sign_public[ESEP_KEY_BYTES]);
struct esep_hash esep_chain_link(const struct esep_hash *prev, uint64_t seq,
                                 const struct esep_hash *content);
struct esep_hash esep_chain_step(const struct esep_hash *prev, uint64_t seq,
                                 struct esep_slice entry); /* by its content hash */

/* What an entry is called by others (builds_on, settles, cites, a withdrawal, a review): unlike its
 * place in a chain or a log it is the same in every epoch and after every restore. */
struct esep_hash esep_content_hash(struct esep_slice entry);

/* The plain values of a commitment; the message of the same name is only its carrier. */
struct esep_commitment {
    uint32_t office;
    uint32_t epoch;
    uint64_t seq;
    struct esep_hash head;
    esep_time office_clock;
    uint64_t checkpoint_size;
    struct esep_hash checkpoint_root; /* zero with size 0 */
    uint8_t signature[ESEP_SIGNATURE_BYTES];
};
void esep_commitment_statement(const struct esep_hash *log_id, const struct esep_commitment *c,
                               uint8_t out[ESEP_COMMITMENT_BYTES]);
void esep_commitment_sign(const struct esep_hash *log_id, struct esep_commitment *c,
                          const struct esep_sign_key *key);
ESEP_MUST_USE bool esep_commitment_verify(const struct esep_hash *log_id,
                                          const struct esep_commitment *c,
                                          const uint8_t sign_public[ESEP_KEY_BYTES]);
/* The statement and its signature behind it: how the log keeps a commitment. */
void esep_commitment_pack(const struct esep_hash *log_id, const struct esep_commitment *c,
                          uint8_t out[ESEP_SIGNED_COMMITMENT_BYTES]);
/* ESEP_INVALID: other bytes than packing would have made for this log. Nothing is verified. */
ESEP_MUST_USE enum esep_status esep_commitment_unpack(const struct esep_hash *log_id,
                                                      struct esep_slice bytes,
                                                      struct esep_commitment *ret);
/* From a received message: checks every length. ESEP_INVALID. */
ESEP_MUST_USE enum esep_status esep_commitment_read(const Esep__V1__Commitment *message,
                                                    struct esep_commitment *ret);
/* Fills a message that borrows from c. */
void esep_commitment_write(const struct esep_commitment *c, Esep__V1__Commitment *ret_message);

/* A refusal's statement is built from the message's own fields; session must be 16 bytes. */
void esep_refusal_statement(const Esep__V1__Refusal *refusal, uint8_t out[ESEP_REFUSAL_BYTES]);

struct esep_hash esep_auth_statement(const uint8_t ephemeral[ESEP_KEY_BYTES],
                                     const uint8_t collector_public[ESEP_KEY_BYTES],
                                     const struct esep_hash *log_id, struct esep_slice bound);
#define ESEP_JOIN_BYTES 128
struct esep_hash esep_join_statement(const uint8_t nonce[32], const struct esep_hash *log_id,
                                     const uint8_t engine_id[16],
                                     const uint8_t broker_curve_public[ESEP_KEY_BYTES]);
/* What is hashed there: a signer hashes it itself. */
void esep_join_text(const uint8_t nonce[32], const struct esep_hash *log_id,
                    const uint8_t engine_id[16], const uint8_t broker_curve_public[ESEP_KEY_BYTES],
                    uint8_t out[ESEP_JOIN_BYTES]);
/* tag || log_id || order, hashed with SHA-256: the operator signs the hash. */
struct esep_hash esep_order_statement(const struct esep_hash *log_id, struct esep_slice order);

#endif
