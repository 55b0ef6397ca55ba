/* lib/base/crypto.h - the few primitives, under the names this project uses.
 *
 * SHA-256 from nettle (hash.c); Ed25519 (RFC 8032), X25519 (RFC 7748), XChaCha20-Poly1305 and
 * BLAKE2b as a KDF from libsodium (crypto.c). Nothing here draws randomness: keys are derived from
 * seeds that a shell supplies, so that a core is repeatable. esep_crypto_init once per process
 * before anything else.
 */
#ifndef ESEP_BASE_CRYPTO_H
#define ESEP_BASE_CRYPTO_H

#include "base/slice.h"

#define ESEP_HASH_BYTES 32
#define ESEP_KEY_BYTES 32
#define ESEP_SIGNATURE_BYTES 64
#define ESEP_SEAL_BYTES 16 /* what sealing adds */

struct esep_hash {
    uint8_t bytes[ESEP_HASH_BYTES];
};
struct esep_sign_key {
    uint8_t secret[64];
    uint8_t public[ESEP_KEY_BYTES];
};
struct esep_box_key {
    uint8_t secret[ESEP_KEY_BYTES];
    uint8_t public[ESEP_KEY_BYTES];
};

ESEP_MUST_USE enum esep_status esep_crypto_init(void);

struct esep_hash esep_sha256(struct esep_slice data);
/* SHA-256 over the parts, in order. */
struct esep_hash esep_sha256_parts(const struct esep_slice *parts, size_t count);
/* The same over what comes piece by piece, as a file does. */
struct esep_hashing {
    uint64_t state[16]; /* hash.c's */
};
void esep_hashing_init(struct esep_hashing *ret_hashing);
void esep_hashing_add(struct esep_hashing *hashing, struct esep_slice data);
struct esep_hash esep_hashing_done(const struct esep_hashing *hashing); /* of all so far */
bool esep_hash_equal(const struct esep_hash *a, const struct esep_hash *b);

void esep_sign_key_from_seed(struct esep_sign_key *ret_key, const uint8_t seed[32]);
void esep_sign(const struct esep_sign_key *key, struct esep_slice message,
               uint8_t ret_signature[ESEP_SIGNATURE_BYTES]);
ESEP_MUST_USE bool esep_verify(const uint8_t public_key[ESEP_KEY_BYTES], struct esep_slice message,
                               const uint8_t signature[ESEP_SIGNATURE_BYTES]);

void esep_box_key_from_seed(struct esep_box_key *ret_key, const uint8_t seed[32]);
/* X25519. ESEP_INVALID where the peer's point gives the all-zero secret. */
ESEP_MUST_USE enum esep_status esep_box_shared(const uint8_t secret[ESEP_KEY_BYTES],
                                               const uint8_t peer_public[ESEP_KEY_BYTES],
                                               uint8_t ret_shared[ESEP_KEY_BYTES]);

/* Keyed BLAKE2b-256: derives a key from `key` (32 bytes) and the parts. */
void esep_kdf(const uint8_t key[ESEP_KEY_BYTES], const struct esep_slice *parts, size_t count,
              uint8_t ret_key[ESEP_KEY_BYTES]);

/* XChaCha20-Poly1305. The nonce is be64(direction) || be64(0) || be64(counter). out has
 * plain.len + ESEP_SEAL_BYTES bytes. */
void esep_seal(const uint8_t key[ESEP_KEY_BYTES], uint64_t direction, uint64_t counter,
               struct esep_slice ad, struct esep_slice plain, uint8_t *out);
/* out has sealed.len - ESEP_SEAL_BYTES bytes. ESEP_INVALID if it does not open. */
ESEP_MUST_USE enum esep_status esep_open(const uint8_t key[ESEP_KEY_BYTES], uint64_t direction,
                                         uint64_t counter, struct esep_slice ad,
                                         struct esep_slice sealed, uint8_t *out);
void esep_wipe(void *data, size_t len);

/* A small seeded generator (splitmix64) for jitter and simulation, never for keys. */
struct esep_prng {
    uint64_t state;
};
uint64_t esep_prng_next(struct esep_prng *prng);
uint64_t esep_prng_below(struct esep_prng *prng, uint64_t bound); /* 0..bound-1; bound > 0 */

#endif
