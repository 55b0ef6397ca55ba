/* tests/sim/sim_crypto.c - lib/base/crypto.c once more, for esep-sim-fast: the same contract at a
 * hundredth of the price. Linked before esep_base, it takes the place of crypto.c whole; where
 * crypto.c gains a function and this file does not, the rest is defined twice, and the linker says
 * so.
 *
 * Three quarters of a simulated day went into the curves of libsodium, which are not what the
 * simulator tests. SHA-256 stays the real one (lib/base/hash.c), and the rest is made of it:
 *
 *   Ed25519            a hash of the public key and the message, which comes from the secret
 *   X25519             a hash of both public keys, in order
 *   BLAKE2b as a KDF   SHA-256 over key and parts
 *   XChaCha20-Poly1305 a stream and a tag of 128 bits, both multiplications over 64-bit words
 *
 * What holds as before: another key, message, direction, counter, associated datum or a damaged
 * byte is refused; both sides of an agreement have the same secret, and the zero key gives none;
 * what is sealed does not read as what it was; all lengths; nothing is drawn at random.
 *
 * What this bends: whoever knows a public key and this file can sign for it and open its sessions.
 * Nobody in the simulated country tries that: its liars repeat, swap, spoil and withhold what
 * others made, and its malicious office has a key of its own. A core that signed with the wrong
 * half of a key, or that leaned on how Ed25519 encodes a point, would be found by esep-sim alone,
 * which has the real ones and runs the first seeds of each suite.
 */
#include "base/crypto.h"

enum esep_status esep_crypto_init(void)
{
    return ESEP_OK;
}

static struct esep_hash tagged(const char *tag, const uint8_t key[32], struct esep_slice message)
{
    const struct esep_slice parts[] = {esep_slice_str(tag), esep_slice(key, 32), message};
    return esep_sha256_parts(parts, 3);
}

static void public_of(const char *tag, const uint8_t secret[32], uint8_t ret_public[ESEP_KEY_BYTES])
{
    struct esep_hash hash = tagged(tag, secret, esep_slice(NULL, 0));
    memcpy(ret_public, hash.bytes, ESEP_KEY_BYTES);
}

/* As libsodium: the secret is the seed, and the public key behind it. */
void esep_sign_key_from_seed(struct esep_sign_key *ret_key, const uint8_t seed[32])
{
    memcpy(ret_key->secret, seed, 32);
    public_of("sim sign key", seed, ret_key->public);
    memcpy(ret_key->secret + 32, ret_key->public, 32);
}

static void signature_of(const uint8_t public_key[ESEP_KEY_BYTES], struct esep_slice message,
                         uint8_t ret_signature[ESEP_SIGNATURE_BYTES])
{
    struct esep_hash hash = tagged("sim signature", public_key, message);
    for (size_t i = 0; i < 32; i++) {
        ret_signature[i] = hash.bytes[i];
        ret_signature[32 + i] = hash.bytes[31 - i] ^ 0x5a;
    }
}

void esep_sign(const struct esep_sign_key *key, struct esep_slice message,
               uint8_t ret_signature[ESEP_SIGNATURE_BYTES])
{
    uint8_t public[ESEP_KEY_BYTES];
    public_of("sim sign key", key->secret, public);
    signature_of(public, message, ret_signature);
}

bool esep_verify(const uint8_t public_key[ESEP_KEY_BYTES], struct esep_slice message,
                 const uint8_t signature[ESEP_SIGNATURE_BYTES])
{
    uint8_t expected[ESEP_SIGNATURE_BYTES];
    signature_of(public_key, message, expected);
    return memcmp(expected, signature, sizeof expected) == 0;
}

void esep_box_key_from_seed(struct esep_box_key *ret_key, const uint8_t seed[32])
{
    memcpy(ret_key->secret, seed, sizeof ret_key->secret);
    public_of("sim box key", seed, ret_key->public);
}

enum esep_status esep_box_shared(const uint8_t secret[ESEP_KEY_BYTES],
                                 const uint8_t peer_public[ESEP_KEY_BYTES],
                                 uint8_t ret_shared[ESEP_KEY_BYTES])
{
    static const uint8_t zero[ESEP_KEY_BYTES];
    uint8_t own[ESEP_KEY_BYTES];
    if (memcmp(peer_public, zero, sizeof zero) == 0)
        return ESEP_INVALID;
    public_of("sim box key", secret, own);
    bool own_first = memcmp(own, peer_public, sizeof own) < 0;
    struct esep_hash hash = tagged("sim shared", own_first ? own : peer_public,
                                   esep_slice(own_first ? peer_public : own, ESEP_KEY_BYTES));
    memcpy(ret_shared, hash.bytes, ESEP_KEY_BYTES);
    return ESEP_OK;
}

void esep_kdf(const uint8_t key[ESEP_KEY_BYTES], const struct esep_slice *parts, size_t count,
              uint8_t ret_key[ESEP_KEY_BYTES])
{
    struct esep_slice all[17] = {esep_slice(key, ESEP_KEY_BYTES)};
    ESEP_ASSERT(count <= 16);
    for (size_t i = 0; i < count; i++)
        all[1 + i] = parts[i];
    struct esep_hash hash = esep_sha256_parts(all, count + 1);
    memcpy(ret_key, hash.bytes, ESEP_KEY_BYTES);
}

/* A lane takes in a word by a bijection, so that one changed word always changes the lane. */
#define LANE_A UINT64_C(0x9e3779b97f4a7c15)
#define LANE_B UINT64_C(0xc2b2ae3d27d4eb4f)

struct lanes {
    uint64_t a, b;
};

static void take_word(struct lanes *l, uint64_t word)
{
    l->a = (l->a ^ word) * LANE_A;
    l->a ^= l->a >> 29;
    l->b = (l->b ^ word) * LANE_B;
    l->b ^= l->b >> 31;
}

/* The bytes as words, the last one filled up, and how many there were. */
static void take_bytes(struct lanes *l, struct esep_slice bytes)
{
    size_t i = 0;
    for (; i + 8 <= bytes.len; i += 8)
        take_word(l, esep_be64(bytes.data + i));
    uint8_t rest[8] = {0};
    if (i < bytes.len)
        memcpy(rest, bytes.data + i, bytes.len - i);
    take_word(l, esep_be64(rest));
    take_word(l, bytes.len);
}

static struct lanes lanes_start(const uint8_t key[ESEP_KEY_BYTES], uint64_t direction,
                                uint64_t counter)
{
    struct lanes l = {.a = LANE_B, .b = LANE_A};
    take_bytes(&l, esep_slice(key, ESEP_KEY_BYTES));
    take_word(&l, direction);
    take_word(&l, counter);
    return l;
}

static void stream(struct lanes start, const uint8_t *in, size_t len, uint8_t *out)
{
    struct esep_prng prng = {.state = start.a ^ (start.b << 1)};
    uint8_t pad[8];
    size_t i = 0;
    for (; i + 8 <= len; i += 8)
        esep_be64_put(out + i, esep_be64(in + i) ^ esep_prng_next(&prng));
    esep_be64_put(pad, esep_prng_next(&prng));
    for (size_t k = 0; i < len; i++, k++)
        out[i] = in[i] ^ pad[k];
}

static void tag_of(struct lanes l, struct esep_slice ad, struct esep_slice hidden,
                   uint8_t ret_tag[ESEP_SEAL_BYTES])
{
    take_bytes(&l, ad);
    take_bytes(&l, hidden);
    esep_be64_put(ret_tag, l.a);
    esep_be64_put(ret_tag + 8, l.b);
}

void esep_seal(const uint8_t key[ESEP_KEY_BYTES], uint64_t direction, uint64_t counter,
               struct esep_slice ad, struct esep_slice plain, uint8_t *out)
{
    struct lanes start = lanes_start(key, direction, counter);
    stream(start, plain.data, plain.len, out);
    tag_of(start, ad, esep_slice(out, plain.len), out + plain.len);
}

enum esep_status esep_open(const uint8_t key[ESEP_KEY_BYTES], uint64_t direction, uint64_t counter,
                           struct esep_slice ad, struct esep_slice sealed, uint8_t *out)
{
    uint8_t tag[ESEP_SEAL_BYTES];
    if (sealed.len < ESEP_SEAL_BYTES)
        return ESEP_INVALID;
    size_t len = sealed.len - ESEP_SEAL_BYTES;
    struct lanes start = lanes_start(key, direction, counter);
    tag_of(start, ad, esep_slice(sealed.data, len), tag);
    if (memcmp(tag, sealed.data + len, sizeof tag) != 0)
        return ESEP_INVALID;
    stream(start, sealed.data, len, out);
    return ESEP_OK;
}

/* There is nothing to hide here, but what was wiped must not be read again. */
void esep_wipe(void *data, size_t len)
{
    if (len > 0)
        memset(data, 0, len);
}
