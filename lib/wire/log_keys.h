/* lib/wire/log_keys.h - the keys of a log, one after the other.
 *
 * As in statement.h: a fixed layout, integers big-endian, opened by a 16-byte tag of its own.
 *
 *   log key   136 bytes: tag "esep/log-key/v1" | log_id 32 | the key before it 32 | the new key 32
 * | generation 8 | size 8 | at 8                   (the key before it, and the new key)
 *
 * The old key's signature says that the log wants it so, the new key's that it is held by who says
 * so. From generation and size on the new key signs the log's heads: the old one's last head is the
 * one of just this size, under which the log's own entry about it stands (LogKey of log.proto), and
 * that one head both may sign. Whoever holds any key of the chain gets to the newest by the
 * signatures alone, and needs no one to vouch for them.
 *
 * Decides whether a key follows and which key signs a head; not where the keys are kept. A chain of
 * a stranger's is taken whole or not at all.
 *
 * Invariant: count <= ESEP_LOG_KEYS_MAX; (generation, size) rise; of all but the first both
 * signatures are there.
 */
#ifndef ESEP_WIRE_LOG_KEYS_H
#define ESEP_WIRE_LOG_KEYS_H

#include "base/code.h"
#include "base/crypto.h"
#include "base/time.h"
#include "esep/v1/wire.pb-c.h"

#define ESEP_LOG_KEY_BYTES 136
#define ESEP_LOG_KEYS_MAX 32

struct esep_log_key {
    uint8_t public[ESEP_KEY_BYTES];
    uint64_t generation; /* of the first of a chain all below is zero */
    uint64_t size;
    esep_time at;
    uint8_t by_old[ESEP_SIGNATURE_BYTES];
    uint8_t by_new[ESEP_SIGNATURE_BYTES];
};
struct esep_log_keys {
    size_t count;
    struct esep_log_key at[ESEP_LOG_KEYS_MAX];
};
void esep_log_key_statement(const struct esep_hash *log_id, const uint8_t old[ESEP_KEY_BYTES],
                            const struct esep_log_key *key, uint8_t out[ESEP_LOG_KEY_BYTES]);
/* Fills in the public key and both signatures. */
void esep_log_key_sign(const struct esep_hash *log_id, const struct esep_sign_key *old,
                       const struct esep_sign_key *fresh, struct esep_log_key *key);
ESEP_MUST_USE bool esep_log_key_verify(const struct esep_hash *log_id,
                                       const uint8_t old[ESEP_KEY_BYTES],
                                       const struct esep_log_key *key);

/* One key, from the log's beginning on as far as anybody here knows. */
void esep_log_keys_begin(struct esep_log_keys *keys, const uint8_t public_key[ESEP_KEY_BYTES]);
/* What is held where one key is known for certain and a chain was kept: the chain, if that key is
 * of it; else the key alone, which people have put there. */
void esep_log_keys_hold(struct esep_log_keys *ret, const uint8_t certain[ESEP_KEY_BYTES],
                        const struct esep_log_keys *kept);
const uint8_t *esep_log_keys_newest(const struct esep_log_keys *keys); /* count > 0 */
/* Its place; count: it is none of them. */
size_t esep_log_keys_find(const struct esep_log_keys *keys,
                          const uint8_t public_key[ESEP_KEY_BYTES]);
/* The next one, by its form alone. ESEP_INVALID: it does not follow the newest, or was there
 * before. ESEP_LIMIT. */
ESEP_MUST_USE enum esep_status esep_log_keys_push(struct esep_log_keys *keys,
                                                  const uint8_t old[ESEP_KEY_BYTES],
                                                  const struct esep_log_key *key);
/* What a stranger says the chain is, or its end. ESEP_OK: the newest key here is the last one
 * there, those that are new were verified and taken. ESEP_DENIED: it leads to no key from one that
 * is held here, or goes less far than what is held; ESEP_CONFLICT: it gives another key the place
 * of one that is held; ESEP_INVALID, ESEP_LIMIT. But for ESEP_OK nothing has changed. Of no links
 * at all nothing follows. */
ESEP_MUST_USE enum esep_status esep_log_keys_take(struct esep_log_keys *keys,
                                                  const struct esep_hash *log_id,
                                                  Esep__V1__LogKey *const *links, size_t count);
/* The keys that may sign a head of this size, the newer first; returns how many, 1 or 2. */
unsigned esep_log_keys_at(const struct esep_log_keys *keys, uint64_t generation, uint64_t size,
                          const uint8_t *ret[2]);
/* One of these has signed the text: which one; NULL: none has. */
ESEP_MUST_USE const uint8_t *esep_log_keys_verify(const struct esep_log_keys *keys,
                                                  uint64_t generation, uint64_t size,
                                                  struct esep_slice text,
                                                  const uint8_t signature[ESEP_SIGNATURE_BYTES]);

/* Whether the newest key has signed a refusal, or the one that its links lead to: those are in
 * `keys` then. ESEP_INVALID: nobody has signed it. Others, as of a chain: it is not believed, and
 * the refusal neither. */
ESEP_MUST_USE enum esep_status esep_refusal_verify(struct esep_log_keys *keys,
                                                   const struct esep_hash *log_id,
                                                   const Esep__V1__Refusal *refusal);

/* A key's first bytes, by which an office says which it holds; and the first link that is told to
 * who says so: count where there is nothing to tell, 1 where it is none of these. */
uint32_t esep_log_key_hint(const uint8_t public_key[ESEP_KEY_BYTES]);
size_t esep_log_keys_behind(const struct esep_log_keys *keys, uint32_t hint);

/* How they are kept: the first key, then 184 bytes for each that followed: the key 32 | generation
 * 8 | size 8 | at 8 | by_old 64 | by_new 64. */
#define ESEP_LOG_KEYS_BYTES_MAX (ESEP_KEY_BYTES + (ESEP_LOG_KEYS_MAX - 1) * 184)
size_t esep_log_keys_pack(const struct esep_log_keys *keys, uint8_t out[ESEP_LOG_KEYS_BYTES_MAX]);
/* ESEP_INVALID: packing would not have made it. Nothing is verified. */
ESEP_MUST_USE enum esep_status esep_log_keys_unpack(struct esep_slice bytes,
                                                    struct esep_log_keys *ret);

/* What two people compare: the first 16 bytes of SHA-256(tag "esep/log-key/v1" || key), written as
 * an enrolment code is (base/code.h). */
void esep_log_fingerprint(const uint8_t public_key[ESEP_KEY_BYTES], char out[ESEP_CODE_TEXT_BYTES]);

/* A received message: each length and number is checked, nothing verified. ESEP_INVALID. */
ESEP_MUST_USE enum esep_status esep_log_key_read(const Esep__V1__LogKey *message,
                                                 uint8_t ret_old[ESEP_KEY_BYTES],
                                                 struct esep_log_key *ret);
/* Fills a message that borrows: the i-th link, i > 0. */
void esep_log_key_write(const struct esep_log_keys *keys, size_t i, Esep__V1__LogKey *ret_message);
/* Links from the first-th on, as a message's repeated field has them. */
struct esep_log_links {
    size_t count;
    Esep__V1__LogKey messages[ESEP_LOG_KEYS_MAX];
    Esep__V1__LogKey *places[ESEP_LOG_KEYS_MAX];
};
void esep_log_links(const struct esep_log_keys *keys, size_t first, struct esep_log_links *ret);

#endif
