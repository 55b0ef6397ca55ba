/* lib/wire/statement.c - the signed layouts, written field by field.
 *
 * A small writer appends to a fixed buffer; at the end of each statement its length is asserted
 * against the constant in the header, so a field that is added or lost is found at once. The golden
 * files under tests/unit/wire pin every byte: what was signed must stay verifiable for ever.
 */
#include "wire/statement.h"

#include "wire/unpack.h"

#define TAG_BYTES 16u

struct writer {
    uint8_t *out;
    size_t len;
};

static void put(struct writer *w, const void *data, size_t len)
{
    memcpy(w->out + w->len, data, len);
    w->len += len;
}
static void put_zero(struct writer *w, size_t len)
{
    memset(w->out + w->len, 0, len);
    w->len += len;
}
static void put_tag(struct writer *w, const char *tag)
{
    size_t len = strlen(tag);
    ESEP_ASSERT(len <= TAG_BYTES);
    put(w, tag, len);
    put_zero(w, TAG_BYTES - len);
}
static void put32(struct writer *w, uint32_t value)
{
    esep_be32_put(w->out + w->len, value);
    w->len += 4;
}
static void put64(struct writer *w, uint64_t value)
{
    esep_be64_put(w->out + w->len, value);
    w->len += 8;
}
static void put_hash(struct writer *w, const struct esep_hash *hash)
{
    put(w, hash->bytes, sizeof hash->bytes);
}

struct esep_hash esep_chain_start(const struct esep_hash *log_id, uint32_t office, uint32_t epoch,
                                  const uint8_t sign_public[ESEP_KEY_BYTES])
{
    uint8_t bytes[TAG_BYTES + ESEP_HASH_BYTES + 8 + ESEP_KEY_BYTES];
    struct writer w = {.out = bytes};
    put_tag(&w, "esep/chain/v1");
    put_hash(&w, log_id);
    put32(&w, office);
    put32(&w, epoch);
    put(&w, sign_public, ESEP_KEY_BYTES);
    ESEP_ASSERT(w.len == sizeof bytes);
    return esep_sha256(esep_slice(bytes, sizeof bytes));
}

struct esep_hash esep_chain_link(const struct esep_hash *prev, uint64_t seq,
                                 const struct esep_hash *content)
{
    uint8_t bytes[TAG_BYTES + 2 * ESEP_HASH_BYTES + 8];
    struct writer w = {.out = bytes};
    put_tag(&w, "esep/entry/v2");
    put_hash(&w, prev);
    put64(&w, seq);
    put_hash(&w, content);
    ESEP_ASSERT(w.len == sizeof bytes);
    return esep_sha256(esep_slice(bytes, sizeof bytes));
}

struct esep_hash esep_chain_step(const struct esep_hash *prev, uint64_t seq,
                                 struct esep_slice entry)
{
    struct esep_hash content = esep_content_hash(entry);
    return esep_chain_link(prev, seq, &content);
}

struct esep_hash esep_content_hash(struct esep_slice entry)
{
    uint8_t tag[TAG_BYTES];
    struct writer w = {.out = tag};
    put_tag(&w, "esep/content/v1");
    const struct esep_slice parts[] = {esep_slice(tag, sizeof tag), entry};
    return esep_sha256_parts(parts, 2);
}

void esep_commitment_statement(const struct esep_hash *log_id, const struct esep_commitment *c,
                               uint8_t out[ESEP_COMMITMENT_BYTES])
{
    struct writer w = {.out = out};
    put_tag(&w, "esep/head/v1");
    put_hash(&w, log_id);
    put32(&w, c->office);
    put32(&w, c->epoch);
    put64(&w, c->seq);
    put_hash(&w, &c->head);
    put64(&w, (uint64_t)c->office_clock);
    put64(&w, c->checkpoint_size);
    put_hash(&w, &c->checkpoint_root);
    ESEP_ASSERT(w.len == ESEP_COMMITMENT_BYTES);
}

void esep_commitment_sign(const struct esep_hash *log_id, struct esep_commitment *c,
                          const struct esep_sign_key *key)
{
    uint8_t statement[ESEP_COMMITMENT_BYTES];
    esep_commitment_statement(log_id, c, statement);
    esep_sign(key, esep_slice(statement, sizeof statement), c->signature);
}

bool esep_commitment_verify(const struct esep_hash *log_id, const struct esep_commitment *c,
                            const uint8_t sign_public[ESEP_KEY_BYTES])
{
    uint8_t statement[ESEP_COMMITMENT_BYTES];
    esep_commitment_statement(log_id, c, statement);
    return esep_verify(sign_public, esep_slice(statement, sizeof statement), c->signature);
}

void esep_commitment_pack(const struct esep_hash *log_id, const struct esep_commitment *c,
                          uint8_t out[ESEP_SIGNED_COMMITMENT_BYTES])
{
    esep_commitment_statement(log_id, c, out);
    memcpy(out + ESEP_COMMITMENT_BYTES, c->signature, ESEP_SIGNATURE_BYTES);
}

enum esep_status esep_commitment_unpack(const struct esep_hash *log_id, struct esep_slice bytes,
                                        struct esep_commitment *ret)
{
    enum { AT_OFFICE = 48, AT_EPOCH = 52, AT_SEQ = 56, AT_HEAD = 64, AT_CLOCK = 96 };
    enum { AT_SIZE = 104, AT_ROOT = 112 };
    uint8_t again[ESEP_SIGNED_COMMITMENT_BYTES];
    if (bytes.len != sizeof again)
        return ESEP_INVALID;
    struct esep_commitment c = {
        .office = esep_be32(bytes.data + AT_OFFICE),
        .epoch = esep_be32(bytes.data + AT_EPOCH),
        .seq = esep_be64(bytes.data + AT_SEQ),
        .office_clock = (esep_time)esep_be64(bytes.data + AT_CLOCK),
        .checkpoint_size = esep_be64(bytes.data + AT_SIZE),
    };
    memcpy(c.head.bytes, bytes.data + AT_HEAD, ESEP_HASH_BYTES);
    memcpy(c.checkpoint_root.bytes, bytes.data + AT_ROOT, ESEP_HASH_BYTES);
    memcpy(c.signature, bytes.data + ESEP_COMMITMENT_BYTES, ESEP_SIGNATURE_BYTES);
    esep_commitment_pack(log_id, &c, again);
    if (memcmp(again, bytes.data, sizeof again) != 0)
        return ESEP_INVALID;
    *ret = c;
    return ESEP_OK;
}

static bool read_exact(ProtobufCBinaryData data, void *out, size_t len)
{
    if (data.len != len)
        return false;
    memcpy(out, data.data, len);
    return true;
}

/* A checkpoint's root is there exactly where its size is not 0: one form for each statement. */
static bool read_root(uint64_t size, ProtobufCBinaryData data, struct esep_hash *ret_root)
{
    if (size == 0) {
        *ret_root = (struct esep_hash){0};
        return data.len == 0;
    }
    return read_exact(data, ret_root->bytes, sizeof ret_root->bytes);
}

static ProtobufCBinaryData write_root(uint64_t size, const struct esep_hash *root)
{
    return size == 0 ? esep_pb(NULL, 0) : esep_pb(root->bytes, sizeof root->bytes);
}

enum esep_status esep_commitment_read(const Esep__V1__Commitment *message,
                                      struct esep_commitment *ret)
{
    if (message == NULL)
        return ESEP_INVALID;
    struct esep_commitment c = {
        .office = message->office,
        .epoch = message->epoch,
        .seq = message->seq,
        .office_clock = message->office_clock_us,
        .checkpoint_size = message->checkpoint_size,
    };
    if (!read_exact(message->head, c.head.bytes, sizeof c.head.bytes) ||
        !read_root(c.checkpoint_size, message->checkpoint_root, &c.checkpoint_root) ||
        !read_exact(message->signature, c.signature, sizeof c.signature))
        return ESEP_INVALID;
    *ret = c;
    return ESEP_OK;
}

void esep_commitment_write(const struct esep_commitment *c, Esep__V1__Commitment *ret_message)
{
    esep__v1__commitment__init(ret_message);
    ret_message->office = c->office;
    ret_message->epoch = c->epoch;
    ret_message->seq = c->seq;
    ret_message->head = esep_pb(c->head.bytes, sizeof c->head.bytes);
    ret_message->office_clock_us = c->office_clock;
    ret_message->checkpoint_size = c->checkpoint_size;
    ret_message->checkpoint_root = write_root(c->checkpoint_size, &c->checkpoint_root);
    ret_message->signature = esep_pb(c->signature, sizeof c->signature);
}

void esep_refusal_statement(const Esep__V1__Refusal *refusal, uint8_t out[ESEP_REFUSAL_BYTES])
{
    struct writer w = {.out = out};
    put_tag(&w, "esep/refusal/v1");
    /* A session of another length names none: no signature over zeros is ever given. */
    if (refusal->session.len == 16)
        put(&w, refusal->session.data, 16);
    else
        put_zero(&w, 16);
    put64(&w, refusal->counter);
    put32(&w, (uint32_t)refusal->reason);
    put32(&w, refusal->office);
    put32(&w, refusal->epoch);
    put_zero(&w, 4);
    put64(&w, refusal->seq);
    put_zero(&w, 8);
    ESEP_ASSERT(w.len == ESEP_REFUSAL_BYTES);
}

struct esep_hash esep_auth_statement(const uint8_t ephemeral[ESEP_KEY_BYTES],
                                     const uint8_t collector_public[ESEP_KEY_BYTES],
                                     const struct esep_hash *log_id, struct esep_slice bound)
{
    uint8_t bytes[TAG_BYTES + 2 * ESEP_KEY_BYTES + ESEP_HASH_BYTES];
    struct writer w = {.out = bytes};
    put_tag(&w, "esep/auth/v1");
    put(&w, ephemeral, ESEP_KEY_BYTES);
    put(&w, collector_public, ESEP_KEY_BYTES);
    put_hash(&w, log_id);
    ESEP_ASSERT(w.len == sizeof bytes);
    const struct esep_slice parts[] = {esep_slice(bytes, sizeof bytes), bound};
    return esep_sha256_parts(parts, 2);
}

void esep_join_text(const uint8_t nonce[32], const struct esep_hash *log_id,
                    const uint8_t engine_id[16], const uint8_t broker_curve_public[ESEP_KEY_BYTES],
                    uint8_t out[ESEP_JOIN_BYTES])
{
    struct writer w = {.out = out};
    put_tag(&w, "esep/join/v1");
    put(&w, nonce, 32);
    put_hash(&w, log_id);
    put(&w, engine_id, 16);
    put(&w, broker_curve_public, ESEP_KEY_BYTES);
    ESEP_ASSERT(w.len == ESEP_JOIN_BYTES);
}

struct esep_hash esep_join_statement(const uint8_t nonce[32], const struct esep_hash *log_id,
                                     const uint8_t engine_id[16],
                                     const uint8_t broker_curve_public[ESEP_KEY_BYTES])
{
    uint8_t bytes[ESEP_JOIN_BYTES];
    esep_join_text(nonce, log_id, engine_id, broker_curve_public, bytes);
    return esep_sha256(esep_slice(bytes, sizeof bytes));
}

struct esep_hash esep_order_statement(const struct esep_hash *log_id, struct esep_slice order)
{
    uint8_t bytes[TAG_BYTES + ESEP_HASH_BYTES];
    struct writer w = {.out = bytes};
    put_tag(&w, "esep/order/v1");
    put_hash(&w, log_id);
    ESEP_ASSERT(w.len == sizeof bytes);
    const struct esep_slice parts[] = {esep_slice(bytes, sizeof bytes), order};
    return esep_sha256_parts(parts, 2);
}
