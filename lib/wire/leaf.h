/* lib/wire/leaf.h - what stands for an entry in the log's Merkle tree.
 *
 * 160 bytes, integers big-endian, zero where it says nothing:
 *
 *    0 version u8 (2) | 1 type u8 (LogType) | 2 flags u8 | 3 verdict u8 (Verdict)
 *    4 office u32 (0: the collector itself)
 *    8 accepted_at_us i64
 *   16 epoch u32 | 20 zero u32
 *   24 seq u64 (of the office's journal; for a commitment: the seq it promises)
 *   32 content 32: the content hash of the body (statement.h)
 *   64 head 32: of an office's entry its chain hash, which names the entry before it; of a
 *      commitment the head it promises
 *   96 signature 32: SHA-256 of the office's signature that covers the entry
 *  128 key 32: SHA-256 of the public key which that signature verifies under
 *
 * So a leaf says by itself what was accepted, when, from whom and under which key, and gives away
 * nothing of the body: what an office signs holds 16 random bytes, and so does each entry of the
 * collector's own (as its last field). The body may be taken out of the store one day; leaf, chain
 * and tree stay. A commitment's body is its statement and signature.
 *
 * Unpacking is strict: a leaf that packing would not have made is none, so that one entry has one
 * leaf and one leaf hash.
 */
#ifndef ESEP_WIRE_LEAF_H
#define ESEP_WIRE_LEAF_H

#include "base/crypto.h"
#include "base/time.h"
#include "esep/v1/log.pb-c.h"
#include "wire/statement.h"

#define ESEP_LEAF_BYTES 160
#define ESEP_LEAF_CLOSES 0x01
#define ESEP_LEAF_TYPE_LAST ESEP__V1__LOG_TYPE__LOG_TYPE_KEYS_ASKED

struct esep_leaf {
    Esep__V1__LogType type;
    uint8_t flags;
    Esep__V1__Verdict verdict;
    uint32_t office;
    esep_time accepted_at;
    uint32_t epoch;
    uint64_t seq;
    struct esep_hash content;
    struct esep_hash head;
    struct esep_hash signature;
    struct esep_hash key;
};
void esep_leaf_pack(const struct esep_leaf *leaf, uint8_t out[ESEP_LEAF_BYTES]);
ESEP_MUST_USE enum esep_status esep_leaf_unpack(struct esep_slice bytes,
                                                struct esep_leaf *ret_leaf);
/* The leaf of a commitment that was taken under that key: flags ESEP_LEAF_CLOSES, or 0. */
struct esep_leaf esep_leaf_of_commitment(const struct esep_hash *log_id,
                                         const struct esep_commitment *commitment,
                                         const uint8_t sign_public[ESEP_KEY_BYTES], uint8_t flags,
                                         esep_time accepted_at);
/* The leaf of an entry of the collector's own, which may be about an office. */
struct esep_leaf esep_leaf_of_own(Esep__V1__LogType type, uint32_t office, struct esep_slice body,
                                  esep_time accepted_at);
/* The nonce of an entry of the collector's own: a field of the message (log.proto), and the last
 * bytes of its body. */
#define ESEP_NONCE_BYTES 16
#define ESEP_NONCE_FIELD_BYTES (2 + ESEP_NONCE_BYTES)
void esep_nonce_field(const uint8_t nonce[ESEP_NONCE_BYTES], uint8_t out[ESEP_NONCE_FIELD_BYTES]);
/* Of a body that ends with one; false: it does not. */
ESEP_MUST_USE bool esep_nonce_of(struct esep_slice body, uint8_t ret_nonce[ESEP_NONCE_BYTES]);
/* The leaf of a file that is here: who knows office, file and nonce makes the entry's body, and so
 * its leaf. */
struct esep_leaf esep_leaf_of_evidence(uint32_t office, const struct esep_hash *sha256,
                                       uint64_t size_bytes, const uint8_t nonce[ESEP_NONCE_BYTES],
                                       esep_time accepted_at);
/* SHA-256 (tag "esep/log/v1", GENESIS's body): the log's name for ever. */
struct esep_hash esep_log_id(struct esep_slice genesis_body);

#endif
