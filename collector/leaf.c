/* collector/leaf.c - the 160 bytes that stand for an entry in the Merkle tree.
 *
 * The layout is in log.h. Unpacking is strict: a leaf that packing would not have made is not a
 * leaf, so that one entry has one leaf and one leaf hash.
 */
#include "collector/log.h"

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
};

void collector_leaf_pack(const struct collector_leaf *leaf, uint8_t out[COLLECTOR_LEAF_BYTES])
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

enum esep_status collector_leaf_unpack(struct esep_slice bytes, struct collector_leaf *ret_leaf)
{
    const uint8_t *in = bytes.data;

    if (bytes.len != COLLECTOR_LEAF_BYTES || in[AT_VERSION] != LEAF_VERSION ||
        in[AT_TYPE] == ESEP__V1__LOG_TYPE__LOG_TYPE_UNSPECIFIED ||
        in[AT_TYPE] > ESEP__V1__LOG_TYPE__LOG_TYPE_EVIDENCE ||
        in[AT_VERDICT] > ESEP__V1__VERDICT__VERDICT_CLOSED ||
        (in[AT_FLAGS] & ~COLLECTOR_LEAF_CLOSES) != 0 || esep_be32(in + AT_ZERO) != 0)
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

struct esep_hash collector_log_id(struct esep_slice genesis_body)
{
    static const uint8_t tag[16] = "esep/log/v1";
    const struct esep_slice parts[] = {{tag, sizeof(tag)}, genesis_body};

    return esep_sha256_parts(parts, 2);
}
