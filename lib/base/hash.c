/* lib/base/hash.c - the part of crypto.h without a secret: SHA-256 by nettle, and the generator.
 *
 * SHA-256 is on the hot path (two or three hashes for each entry: chain, leaf, node) and libsodium
 * has it in portable C only; nettle uses the processor's SHA instructions where there are any. See
 * docs/adr/0001-sha256-from-nettle.md.
 */
#include "base/crypto.h"

#include <nettle/sha2.h>

_Static_assert(ESEP_HASH_BYTES == SHA256_DIGEST_SIZE, "SHA-256");

struct esep_hash esep_sha256(struct esep_slice data)
{
    return esep_sha256_parts(&data, 1);
}

struct esep_hash esep_sha256_parts(const struct esep_slice *parts, size_t count)
{
    struct sha256_ctx context;
    struct esep_hash hash;
    sha256_init(&context);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            sha256_update(&context, parts[i].len, parts[i].data);
    }
    sha256_digest(&context, sizeof hash.bytes, hash.bytes);
    return hash;
}

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct esep_hashing), "nettle's state");

static void keep(struct esep_hashing *hashing, const struct sha256_ctx *context)
{
    memcpy(hashing->state, context, sizeof *context);
}

static struct sha256_ctx kept(const struct esep_hashing *hashing)
{
    struct sha256_ctx context;
    memcpy(&context, hashing->state, sizeof context);
    return context;
}

void esep_hashing_init(struct esep_hashing *ret_hashing)
{
    struct sha256_ctx context;
    sha256_init(&context);
    *ret_hashing = (struct esep_hashing){{0}};
    keep(ret_hashing, &context);
}

void esep_hashing_add(struct esep_hashing *hashing, struct esep_slice data)
{
    if (data.len == 0)
        return;
    struct sha256_ctx context = kept(hashing);
    sha256_update(&context, data.len, data.data);
    keep(hashing, &context);
}

struct esep_hash esep_hashing_done(const struct esep_hashing *hashing)
{
    struct sha256_ctx context = kept(hashing);
    struct esep_hash hash;
    sha256_digest(&context, sizeof hash.bytes, hash.bytes);
    return hash;
}

bool esep_hash_equal(const struct esep_hash *a, const struct esep_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

uint64_t esep_prng_next(struct esep_prng *prng)
{
    prng->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = prng->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t esep_prng_below(struct esep_prng *prng, uint64_t bound)
{
    ESEP_ASSERT(bound > 0);
    /* The lowest 2^64 mod bound values are drawn again, so that each result is equally likely. */
    uint64_t skipped = (UINT64_MAX - bound + 1) % bound;
    uint64_t value = esep_prng_next(prng);
    while (value < skipped)
        value = esep_prng_next(prng);
    return value % bound;
}
