/* lib/base/crypto.c - keys, signatures, agreements and seals: libsodium under this project's names.
 *
 * Return values that libsodium documents as always 0 for valid lengths are asserted: the lengths
 * are constants of this file, so another answer is a bug of ours.
 *
 * What is not secret stands in hash.c; a simulator may put another file in this one's place.
 */
#include "base/crypto.h"

#include <sodium.h>

_Static_assert(ESEP_SIGNATURE_BYTES == crypto_sign_BYTES, "Ed25519");
_Static_assert(sizeof(((struct esep_sign_key *)0)->secret) == crypto_sign_SECRETKEYBYTES,
               "Ed25519");
_Static_assert(ESEP_KEY_BYTES == crypto_scalarmult_BYTES, "X25519");
_Static_assert(ESEP_SEAL_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "XChaCha20-Poly1305");
_Static_assert(ESEP_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "XChaCha20-Poly1305");

enum esep_status esep_crypto_init(void)
{
    return sodium_init() >= 0 ? ESEP_OK : ESEP_IO;
}

void esep_sign_key_from_seed(struct esep_sign_key *ret_key, const uint8_t seed[32])
{
    ESEP_ASSERT(crypto_sign_seed_keypair(ret_key->public, ret_key->secret, seed) == 0);
}

void esep_sign(const struct esep_sign_key *key, struct esep_slice message,
               uint8_t ret_signature[ESEP_SIGNATURE_BYTES])
{
    ESEP_ASSERT(crypto_sign_detached(ret_signature, NULL, message.data, message.len, key->secret) ==
                0);
}

bool esep_verify(const uint8_t public_key[ESEP_KEY_BYTES], struct esep_slice message,
                 const uint8_t signature[ESEP_SIGNATURE_BYTES])
{
    return crypto_sign_verify_detached(signature, message.data, message.len, public_key) == 0;
}

void esep_box_key_from_seed(struct esep_box_key *ret_key, const uint8_t seed[32])
{
    /* X25519 clamps the scalar itself: any 32 random bytes are a secret key. */
    memcpy(ret_key->secret, seed, sizeof ret_key->secret);
    ESEP_ASSERT(crypto_scalarmult_base(ret_key->public, ret_key->secret) == 0);
}

enum esep_status esep_box_shared(const uint8_t secret[ESEP_KEY_BYTES],
                                 const uint8_t peer_public[ESEP_KEY_BYTES],
                                 uint8_t ret_shared[ESEP_KEY_BYTES])
{
    uint8_t shared[ESEP_KEY_BYTES];
    if (crypto_scalarmult(shared, secret, peer_public) != 0)
        return ESEP_INVALID;
    memcpy(ret_shared, shared, sizeof shared);
    esep_wipe(shared, sizeof shared);
    return ESEP_OK;
}

void esep_kdf(const uint8_t key[ESEP_KEY_BYTES], const struct esep_slice *parts, size_t count,
              uint8_t ret_key[ESEP_KEY_BYTES])
{
    crypto_generichash_state state;
    ESEP_ASSERT(crypto_generichash_init(&state, key, ESEP_KEY_BYTES, ESEP_KEY_BYTES) == 0);
    for (size_t i = 0; i < count; i++)
        ESEP_ASSERT(crypto_generichash_update(&state, parts[i].data, parts[i].len) == 0);
    ESEP_ASSERT(crypto_generichash_final(&state, ret_key, ESEP_KEY_BYTES) == 0);
    esep_wipe(&state, sizeof state);
}

static void make_nonce(uint64_t direction, uint64_t counter,
                       uint8_t out[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES])
{
    _Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == 24, "three words");
    esep_be64_put(out, direction);
    esep_be64_put(out + 8, 0);
    esep_be64_put(out + 16, counter);
}

void esep_seal(const uint8_t key[ESEP_KEY_BYTES], uint64_t direction, uint64_t counter,
               struct esep_slice ad, struct esep_slice plain, uint8_t *out)
{
    uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
    make_nonce(direction, counter, nonce);
    ESEP_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, plain.data, plain.len,
                                                           ad.data, ad.len, NULL, nonce, key) == 0);
}

enum esep_status esep_open(const uint8_t key[ESEP_KEY_BYTES], uint64_t direction, uint64_t counter,
                           struct esep_slice ad, struct esep_slice sealed, uint8_t *out)
{
    uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
    if (sealed.len < ESEP_SEAL_BYTES)
        return ESEP_INVALID;
    make_nonce(direction, counter, nonce);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.data, sealed.len,
                                                      ad.data, ad.len, nonce, key) == 0
               ? ESEP_OK
               : ESEP_INVALID;
}

void esep_wipe(void *data, size_t len)
{
    sodium_memzero(data, len);
}
