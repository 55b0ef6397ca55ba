/* lib/wire/office_keys.c - see office_keys.h. */
#include "wire/office_keys.h"

#define TAG_BYTES 16u

static uint8_t *put(uint8_t *at, const void *data, size_t len)
{
    memcpy(at, data, len);
    return at + len;
}

static uint8_t *put_tag(uint8_t *at, const char *tag)
{
    const size_t len = strlen(tag);
    ESEP_ASSERT(len <= TAG_BYTES);
    for (size_t i = 0; i < TAG_BYTES; i++)
        at[i] = i < len ? (uint8_t)tag[i] : 0;
    return at + TAG_BYTES;
}

static uint8_t *put32(uint8_t *at, uint32_t v)
{
    esep_be32_put(at, v);
    return at + 4;
}

void esep_rotation_statement(const struct esep_hash *log_id, const struct esep_rotation *r,
                             uint8_t out[ESEP_ROTATION_BYTES])
{
    uint8_t *at = put_tag(out, "esep/rotate/v1");
    at = put(at, log_id->bytes, ESEP_HASH_BYTES);
    at = put32(at, r->office);
    at = put32(at, r->epoch);
    at = put(at, r->old.sign, ESEP_KEY_BYTES);
    at = put(at, r->old.curve, ESEP_KEY_BYTES);
    at = put(at, r->fresh.sign, ESEP_KEY_BYTES);
    at = put(at, r->fresh.curve, ESEP_KEY_BYTES);
    ESEP_ASSERT(at == out + ESEP_ROTATION_BYTES);
}

void esep_rotation_sign(const struct esep_hash *log_id, struct esep_rotation *r,
                        const struct esep_sign_key *old, const struct esep_sign_key *fresh)
{
    uint8_t statement[ESEP_ROTATION_BYTES];
    esep_rotation_statement(log_id, r, statement);
    esep_sign(old, esep_slice(statement, sizeof statement), r->by_old);
    esep_sign(fresh, esep_slice(statement, sizeof statement), r->by_new);
}

bool esep_rotation_verify(const struct esep_hash *log_id, const struct esep_rotation *r)
{
    uint8_t statement[ESEP_ROTATION_BYTES];
    esep_rotation_statement(log_id, r, statement);
    struct esep_slice bytes = esep_slice(statement, sizeof statement);
    return esep_verify(r->old.sign, bytes, r->by_old) &&
           esep_verify(r->fresh.sign, bytes, r->by_new);
}

struct esep_hash esep_keys_hash(const uint8_t sign[ESEP_KEY_BYTES],
                                const uint8_t curve[ESEP_KEY_BYTES])
{
    uint8_t bytes[TAG_BYTES + 2 * ESEP_KEY_BYTES];
    uint8_t *at = put_tag(bytes, "esep/keys/v1");
    at = put(at, sign, ESEP_KEY_BYTES);
    at = put(at, curve, ESEP_KEY_BYTES);
    ESEP_ASSERT(at == bytes + sizeof bytes);
    return esep_sha256(esep_slice(bytes, sizeof bytes));
}

void esep_fingerprint(const uint8_t sign[ESEP_KEY_BYTES], const uint8_t curve[ESEP_KEY_BYTES],
                      char out[ESEP_FINGERPRINT_TEXT_BYTES])
{
    struct esep_hash hash = esep_keys_hash(sign, curve);
    esep_code_format(hash.bytes, out);
}
