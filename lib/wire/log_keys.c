/* lib/wire/log_keys.c - see log_keys.h. */
#include "wire/log_keys.h"

#include "wire/statement.h"
#include "wire/unpack.h"

enum { LINK_BYTES = 184, SESSION_BYTES = 16 };
static const uint8_t tag[16] = "esep/log-key/v1";

static uint8_t *put(uint8_t *at, const void *data, size_t len)
{
    memcpy(at, data, len);
    return at + len;
}

void esep_log_key_statement(const struct esep_hash *log_id, const uint8_t old[ESEP_KEY_BYTES],
                            const struct esep_log_key *key, uint8_t out[ESEP_LOG_KEY_BYTES])
{
    uint8_t *at = put(out, tag, sizeof tag);
    at = put(at, log_id->bytes, ESEP_HASH_BYTES);
    at = put(at, old, ESEP_KEY_BYTES);
    at = put(at, key->public, ESEP_KEY_BYTES);
    esep_be64_put(at, key->generation);
    esep_be64_put(at + 8, key->size);
    esep_be64_put(at + 16, (uint64_t)key->at);
    ESEP_ASSERT(at + 24 == out + ESEP_LOG_KEY_BYTES);
}

void esep_log_key_sign(const struct esep_hash *log_id, const struct esep_sign_key *old,
                       const struct esep_sign_key *fresh, struct esep_log_key *key)
{
    uint8_t statement[ESEP_LOG_KEY_BYTES];
    memcpy(key->public, fresh->public, ESEP_KEY_BYTES);
    esep_log_key_statement(log_id, old->public, key, statement);
    esep_sign(old, esep_slice(statement, sizeof statement), key->by_old);
    esep_sign(fresh, esep_slice(statement, sizeof statement), key->by_new);
}

bool esep_log_key_verify(const struct esep_hash *log_id, const uint8_t old[ESEP_KEY_BYTES],
                         const struct esep_log_key *key)
{
    uint8_t statement[ESEP_LOG_KEY_BYTES];
    esep_log_key_statement(log_id, old, key, statement);
    const struct esep_slice bytes = esep_slice(statement, sizeof statement);
    return esep_verify(old, bytes, key->by_old) && esep_verify(key->public, bytes, key->by_new);
}

void esep_log_keys_begin(struct esep_log_keys *keys, const uint8_t public_key[ESEP_KEY_BYTES])
{
    memset(keys, 0, sizeof *keys);
    memcpy(keys->at[0].public, public_key, ESEP_KEY_BYTES);
    keys->count = 1;
}

void esep_log_keys_hold(struct esep_log_keys *ret, const uint8_t certain[ESEP_KEY_BYTES],
                        const struct esep_log_keys *kept)
{
    if (esep_log_keys_find(kept, certain) < kept->count)
        *ret = *kept;
    else
        esep_log_keys_begin(ret, certain);
}

const uint8_t *esep_log_keys_newest(const struct esep_log_keys *keys)
{
    ESEP_ASSERT(keys->count > 0 && keys->count <= ESEP_LOG_KEYS_MAX);
    return keys->at[keys->count - 1].public;
}

size_t esep_log_keys_find(const struct esep_log_keys *keys,
                          const uint8_t public_key[ESEP_KEY_BYTES])
{
    size_t i = 0;
    while (i < keys->count && memcmp(keys->at[i].public, public_key, ESEP_KEY_BYTES) != 0)
        i++;
    return i;
}

static bool is_before(const struct esep_log_key *key, uint64_t generation, uint64_t size)
{
    return key->generation < generation || (key->generation == generation && key->size < size);
}

enum esep_status esep_log_keys_push(struct esep_log_keys *keys, const uint8_t old[ESEP_KEY_BYTES],
                                    const struct esep_log_key *key)
{
    if (keys->count == 0 || memcmp(esep_log_keys_newest(keys), old, ESEP_KEY_BYTES) != 0 ||
        esep_log_keys_find(keys, key->public) < keys->count ||
        !is_before(&keys->at[keys->count - 1], key->generation, key->size))
        return ESEP_INVALID;
    if (keys->count == ESEP_LOG_KEYS_MAX)
        return ESEP_LIMIT;
    keys->at[keys->count++] = *key;
    return ESEP_OK;
}

/* One link. Those from before what is held say nothing here. */
static enum esep_status take_link(struct esep_log_keys *keys, const struct esep_hash *log_id,
                                  const uint8_t old[ESEP_KEY_BYTES], const struct esep_log_key *key)
{
    const size_t from = esep_log_keys_find(keys, old);
    if (from == keys->count)
        return ESEP_OK;
    if (from + 1 < keys->count)
        return memcmp(keys->at[from + 1].public, key->public, ESEP_KEY_BYTES) == 0 ? ESEP_OK
                                                                                   : ESEP_CONFLICT;
    return esep_log_key_verify(log_id, old, key) ? esep_log_keys_push(keys, old, key) : ESEP_DENIED;
}

enum esep_status esep_log_keys_take(struct esep_log_keys *keys, const struct esep_hash *log_id,
                                    Esep__V1__LogKey *const *links, size_t count)
{
    struct esep_log_keys grown = *keys;
    struct esep_log_key key;
    uint8_t old[ESEP_KEY_BYTES];
    if (count == 0)
        return ESEP_OK;
    if (count >= ESEP_LOG_KEYS_MAX)
        return ESEP_LIMIT;
    for (size_t i = 0; i < count; i++) {
        enum esep_status status = esep_log_key_read(links[i], old, &key);
        if (status == ESEP_OK)
            status = take_link(&grown, log_id, old, &key);
        if (status != ESEP_OK)
            return status;
    }
    if (memcmp(esep_log_keys_newest(&grown), key.public, ESEP_KEY_BYTES) != 0)
        return ESEP_DENIED;
    *keys = grown;
    return ESEP_OK;
}

unsigned esep_log_keys_at(const struct esep_log_keys *keys, uint64_t generation, uint64_t size,
                          const uint8_t *ret[2])
{
    size_t i = keys->count;
    ESEP_ASSERT(i > 0);
    while (i > 1 && !is_before(&keys->at[i - 1], generation, size) &&
           (keys->at[i - 1].generation != generation || keys->at[i - 1].size != size))
        i--;
    ret[0] = keys->at[i - 1].public;
    const bool both =
        i > 1 && keys->at[i - 1].generation == generation && keys->at[i - 1].size == size;
    ret[1] = both ? keys->at[i - 2].public : NULL;
    return both ? 2 : 1;
}

const uint8_t *esep_log_keys_verify(const struct esep_log_keys *keys, uint64_t generation,
                                    uint64_t size, struct esep_slice text,
                                    const uint8_t signature[ESEP_SIGNATURE_BYTES])
{
    const uint8_t *may[2];
    const unsigned count = esep_log_keys_at(keys, generation, size, may);
    for (unsigned i = 0; i < count; i++)
        if (esep_verify(may[i], text, signature))
            return may[i];
    return NULL;
}

enum esep_status esep_refusal_verify(struct esep_log_keys *keys, const struct esep_hash *log_id,
                                     const Esep__V1__Refusal *refusal)
{
    struct esep_log_keys grown = *keys;
    uint8_t statement[ESEP_REFUSAL_BYTES];
    if (refusal->signature.len != ESEP_SIGNATURE_BYTES || refusal->session.len != SESSION_BYTES)
        return ESEP_INVALID;
    const enum esep_status status =
        esep_log_keys_take(&grown, log_id, refusal->log_keys, refusal->n_log_keys);
    if (status != ESEP_OK)
        return status;
    esep_refusal_statement(refusal, statement);
    if (!esep_verify(esep_log_keys_newest(&grown), esep_slice(statement, sizeof statement),
                     refusal->signature.data))
        return ESEP_INVALID;
    *keys = grown;
    return ESEP_OK;
}

void esep_log_fingerprint(const uint8_t public_key[ESEP_KEY_BYTES], char out[ESEP_CODE_TEXT_BYTES])
{
    const struct esep_slice parts[] = {esep_slice(tag, sizeof tag),
                                       esep_slice(public_key, ESEP_KEY_BYTES)};
    const struct esep_hash hash = esep_sha256_parts(parts, 2);
    esep_code_format(hash.bytes, out);
}

uint32_t esep_log_key_hint(const uint8_t public_key[ESEP_KEY_BYTES])
{
    return esep_be32(public_key);
}

size_t esep_log_keys_behind(const struct esep_log_keys *keys, uint32_t hint)
{
    for (size_t i = keys->count; i > 0; i--)
        if (esep_log_key_hint(keys->at[i - 1].public) == hint)
            return i;
    return 1;
}

size_t esep_log_keys_pack(const struct esep_log_keys *keys, uint8_t out[ESEP_LOG_KEYS_BYTES_MAX])
{
    ESEP_ASSERT(keys->count > 0 && keys->count <= ESEP_LOG_KEYS_MAX);
    uint8_t *at = put(out, keys->at[0].public, ESEP_KEY_BYTES);
    for (size_t i = 1; i < keys->count; i++) {
        const struct esep_log_key *key = &keys->at[i];
        at = put(at, key->public, ESEP_KEY_BYTES);
        esep_be64_put(at, key->generation);
        esep_be64_put(at + 8, key->size);
        esep_be64_put(at + 16, (uint64_t)key->at);
        at = put(at + 24, key->by_old, ESEP_SIGNATURE_BYTES);
        at = put(at, key->by_new, ESEP_SIGNATURE_BYTES);
    }
    return (size_t)(at - out);
}

enum esep_status esep_log_keys_unpack(struct esep_slice bytes, struct esep_log_keys *ret)
{
    struct esep_log_keys keys;
    struct esep_log_key key;
    enum esep_status status = ESEP_OK;
    if (bytes.len < ESEP_KEY_BYTES || (bytes.len - ESEP_KEY_BYTES) % LINK_BYTES != 0)
        return ESEP_INVALID;
    esep_log_keys_begin(&keys, bytes.data);
    for (const uint8_t *at = bytes.data + ESEP_KEY_BYTES;
         status == ESEP_OK && at < bytes.data + bytes.len; at += LINK_BYTES) {
        memcpy(key.public, at, ESEP_KEY_BYTES);
        key.generation = esep_be64(at + 32);
        key.size = esep_be64(at + 40);
        key.at = (esep_time)esep_be64(at + 48);
        memcpy(key.by_old, at + 56, ESEP_SIGNATURE_BYTES);
        memcpy(key.by_new, at + 120, ESEP_SIGNATURE_BYTES);
        status = esep_log_keys_push(&keys, esep_log_keys_newest(&keys), &key);
    }
    if (status == ESEP_OK)
        *ret = keys;
    return status == ESEP_OK ? ESEP_OK : ESEP_INVALID;
}

enum esep_status esep_log_key_read(const Esep__V1__LogKey *message, uint8_t ret_old[ESEP_KEY_BYTES],
                                   struct esep_log_key *ret)
{
    if (message->old_key.len != ESEP_KEY_BYTES || message->new_key.len != ESEP_KEY_BYTES ||
        message->by_old.len != ESEP_SIGNATURE_BYTES ||
        message->by_new.len != ESEP_SIGNATURE_BYTES || message->size == 0)
        return ESEP_INVALID;
    *ret = (struct esep_log_key){
        .generation = message->generation, .size = message->size, .at = (esep_time)message->at_us};
    memcpy(ret_old, message->old_key.data, ESEP_KEY_BYTES);
    memcpy(ret->public, message->new_key.data, ESEP_KEY_BYTES);
    memcpy(ret->by_old, message->by_old.data, ESEP_SIGNATURE_BYTES);
    memcpy(ret->by_new, message->by_new.data, ESEP_SIGNATURE_BYTES);
    return ESEP_OK;
}

void esep_log_key_write(const struct esep_log_keys *keys, size_t i, Esep__V1__LogKey *ret_message)
{
    ESEP_ASSERT(i > 0 && i < keys->count);
    const struct esep_log_key *key = &keys->at[i];
    esep__v1__log_key__init(ret_message);
    ret_message->old_key = esep_pb(keys->at[i - 1].public, ESEP_KEY_BYTES);
    ret_message->new_key = esep_pb(key->public, ESEP_KEY_BYTES);
    ret_message->generation = key->generation;
    ret_message->size = key->size;
    ret_message->at_us = key->at;
    ret_message->by_old = esep_pb(key->by_old, ESEP_SIGNATURE_BYTES);
    ret_message->by_new = esep_pb(key->by_new, ESEP_SIGNATURE_BYTES);
}

void esep_log_links(const struct esep_log_keys *keys, size_t first, struct esep_log_links *ret)
{
    ret->count = 0;
    for (size_t i = first > 0 ? first : 1; i < keys->count; i++) {
        esep_log_key_write(keys, i, &ret->messages[ret->count]);
        ret->places[ret->count] = &ret->messages[ret->count];
        ret->count++;
    }
}
