/* collector/leaf.c - the 64 bytes that stand for an entry in the Merkle tree.
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
    AT_HASH = 32,
    LEAF_VERSION = 1,
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
    memcpy(out + AT_HASH, leaf->hash.bytes, ESEP_HASH_BYTES);
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
    memcpy(ret_leaf->hash.bytes, in + AT_HASH, ESEP_HASH_BYTES);
    return ESEP_OK;
}

struct esep_hash collector_log_id(struct esep_slice genesis_body)
{
    static const uint8_t tag[16] = "esep/log/v1";
    const struct esep_slice parts[] = {{tag, sizeof(tag)}, genesis_body};

    return esep_sha256_parts(parts, 2);
}
