/* lib/wire/leaf.c - see leaf.h, which has the layout. */
#include "wire/leaf.h"

#include "wire/unpack.h"

enum {
    AT_VERSION = 0,
    AT_TYPE = 1,
    AT_FLAGS = 2,
    AT_VERDICT = 3,
    AT_OFFICE = 4,
    AT_ACCEPTED = 8,
    AT_EPOCH = 16,
    AT_ZERO = 20,
    AT_SEQ = 24,
    AT_CONTENT = 32,
    AT_HEAD = 64,
    AT_SIGNATURE = 96,
    AT_KEY = 128,
    LEAF_VERSION = 2,
    NONCE_TAG = 15 << 3 | 2,
    EVIDENCE_BODY_MAX = 6 + 34 + 11 + ESEP_NONCE_FIELD_BYTES,
};

void esep_leaf_pack(const struct esep_leaf *leaf, uint8_t out[ESEP_LEAF_BYTES])
{
    out[AT_VERSION] = LEAF_VERSION;
    out[AT_TYPE] = (uint8_t)leaf->type;
    out[AT_FLAGS] = leaf->flags;
    out[AT_VERDICT] = (uint8_t)leaf->verdict;
    esep_be32_put(out + AT_OFFICE, leaf->office);
    esep_be64_put(out + AT_ACCEPTED, (uint64_t)leaf->accepted_at);
    esep_be32_put(out + AT_EPOCH, leaf->epoch);
    esep_be32_put(out + AT_ZERO, 0);
    esep_be64_put(out + AT_SEQ, leaf->seq);
    memcpy(out + AT_CONTENT, leaf->content.bytes, ESEP_HASH_BYTES);
    memcpy(out + AT_HEAD, leaf->head.bytes, ESEP_HASH_BYTES);
    memcpy(out + AT_SIGNATURE, leaf->signature.bytes, ESEP_HASH_BYTES);
    memcpy(out + AT_KEY, leaf->key.bytes, ESEP_HASH_BYTES);
}

/* Not every number up to the last is one. */
static bool is_type(uint8_t type)
{
    return type != ESEP__V1__LOG_TYPE__LOG_TYPE_UNSPECIFIED && type <= ESEP_LEAF_TYPE_LAST &&
           protobuf_c_enum_descriptor_get_value(&esep__v1__log_type__descriptor, type) != NULL;
}

enum esep_status esep_leaf_unpack(struct esep_slice bytes, struct esep_leaf *ret_leaf)
{
    const uint8_t *in = bytes.data;

    if (bytes.len != ESEP_LEAF_BYTES || in[AT_VERSION] != LEAF_VERSION || !is_type(in[AT_TYPE]) ||
        in[AT_VERDICT] > ESEP__V1__VERDICT__VERDICT_CLOSED ||
        (in[AT_FLAGS] & ~ESEP_LEAF_CLOSES) != 0 || esep_be32(in + AT_ZERO) != 0)
        return ESEP_INVALID;
    ret_leaf->type = (Esep__V1__LogType)in[AT_TYPE];
    ret_leaf->flags = in[AT_FLAGS];
    ret_leaf->verdict = (Esep__V1__Verdict)in[AT_VERDICT];
    ret_leaf->office = esep_be32(in + AT_OFFICE);
    ret_leaf->accepted_at = (esep_time)esep_be64(in + AT_ACCEPTED);
    ret_leaf->epoch = esep_be32(in + AT_EPOCH);
    ret_leaf->seq = esep_be64(in + AT_SEQ);
    memcpy(ret_leaf->content.bytes, in + AT_CONTENT, ESEP_HASH_BYTES);
    memcpy(ret_leaf->head.bytes, in + AT_HEAD, ESEP_HASH_BYTES);
    memcpy(ret_leaf->signature.bytes, in + AT_SIGNATURE, ESEP_HASH_BYTES);
    memcpy(ret_leaf->key.bytes, in + AT_KEY, ESEP_HASH_BYTES);
    return ESEP_OK;
}

struct esep_leaf esep_leaf_of_commitment(const struct esep_hash *log_id,
                                         const struct esep_commitment *commitment,
                                         const uint8_t sign_public[ESEP_KEY_BYTES], uint8_t flags,
                                         esep_time accepted_at)
{
    uint8_t body[ESEP_SIGNED_COMMITMENT_BYTES];
    esep_commitment_pack(log_id, commitment, body);
    return (struct esep_leaf){
        .type = ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT,
        .flags = flags,
        .office = commitment->office,
        .accepted_at = accepted_at,
        .epoch = commitment->epoch,
        .seq = commitment->seq,
        .content = esep_content_hash(esep_slice(body, sizeof body)),
        .head = commitment->head,
        .signature = esep_sha256(esep_slice(commitment->signature, sizeof commitment->signature)),
        .key = esep_sha256(esep_slice(sign_public, ESEP_KEY_BYTES)),
    };
}

struct esep_leaf esep_leaf_of_own(Esep__V1__LogType type, uint32_t office, struct esep_slice body,
                                  esep_time accepted_at)
{
    return (struct esep_leaf){.type = type,
                              .office = office,
                              .accepted_at = accepted_at,
                              .content = esep_content_hash(body)};
}

void esep_nonce_field(const uint8_t nonce[ESEP_NONCE_BYTES], uint8_t out[ESEP_NONCE_FIELD_BYTES])
{
    out[0] = NONCE_TAG;
    out[1] = ESEP_NONCE_BYTES;
    memcpy(out + 2, nonce, ESEP_NONCE_BYTES);
}

bool esep_nonce_of(struct esep_slice body, uint8_t ret_nonce[ESEP_NONCE_BYTES])
{
    if (body.len < ESEP_NONCE_FIELD_BYTES)
        return false;
    const uint8_t *field = body.data + body.len - ESEP_NONCE_FIELD_BYTES;
    if (field[0] != NONCE_TAG || field[1] != ESEP_NONCE_BYTES)
        return false;
    memcpy(ret_nonce, field + 2, ESEP_NONCE_BYTES);
    return true;
}

struct esep_leaf esep_leaf_of_evidence(uint32_t office, const struct esep_hash *sha256,
                                       uint64_t size_bytes, const uint8_t nonce[ESEP_NONCE_BYTES],
                                       esep_time accepted_at)
{
    Esep__V1__Evidence message = ESEP__V1__EVIDENCE__INIT;
    uint8_t body[EVIDENCE_BODY_MAX];
    message.office = office;
    message.sha256 = esep_pb(sha256->bytes, ESEP_HASH_BYTES);
    message.size_bytes = size_bytes;
    message.nonce = esep_pb(nonce, ESEP_NONCE_BYTES);
    const size_t len = esep__v1__evidence__pack(&message, body);
    ESEP_ASSERT(len <= sizeof body);
    return esep_leaf_of_own(ESEP__V1__LOG_TYPE__LOG_TYPE_EVIDENCE, office, esep_slice(body, len),
                            accepted_at);
}

struct esep_hash esep_log_id(struct esep_slice genesis_body)
{
    static const uint8_t tag[16] = "esep/log/v1";
    const struct esep_slice parts[] = {{tag, sizeof(tag)}, genesis_body};

    return esep_sha256_parts(parts, 2);
}
