/* tests/unit/agent/fake_log.c - see fake_log.h. */
#include "fake_log.h"

#include "wire/unpack.h"

static void see(void *context, struct esep_merkle_place place, const struct esep_hash *hash)
{
    struct fake_log *log = context;
    esep_merkle_recent_put(&log->recent, place, hash);
}

static bool node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    const struct fake_log *log = context;
    return esep_merkle_recent_get(&log->recent, place, ret);
}

void fake_log_begin(struct fake_log *log, const struct esep_hash *log_id,
                    const struct esep_sign_key *log_key, uint64_t generation)
{
    log->log_id = *log_id;
    log->log_key = *log_key;
    log->generation = generation;
    esep_merkle_init(&log->tree);
    esep_merkle_recent_init(&log->recent, 0);
}

void fake_log_fill(struct fake_log *log, uint64_t size)
{
    while (log->tree.size < size)
        esep_merkle_append_seen(&log->tree, esep_slice_str("somebody else's"), see, log);
}

uint64_t fake_log_add(struct fake_log *log, const struct esep_leaf *leaf)
{
    uint8_t bytes[ESEP_LEAF_BYTES];
    esep_leaf_pack(leaf, bytes);
    esep_merkle_append_seen(&log->tree, esep_slice(bytes, sizeof bytes), see, log);
    return log->tree.size - 1;
}

void fake_prove(const struct fake_log *log, uint64_t from, uint64_t index, esep_time accepted_at,
                struct fake_proof *ret)
{
    const struct esep_merkle_source source = {.node = node, .context = (void *)(uintptr_t)log};
    const uint64_t size = log->tree.size;
    const uint64_t begin = from <= size ? from : 0;
    ESEP_ASSERT(size < ESEP_MERKLE_RECENT_LEAVES);
    enum esep_status status = esep_growth_make(&source, begin, size, &ret->growth);
    ESEP_ASSERT(status == ESEP_OK);
    status = esep_place_make(&source, begin, size, index, &ret->place);
    ESEP_ASSERT(status == ESEP_OK);
    ret->growth.generation = ret->growth.from_generation = log->generation;
    ret->growth.root = esep_merkle_root(&log->tree);
    esep_growth_sign(&log->log_id, &ret->growth, &log->log_key);
    esep__v1__proof__init(&ret->message);
    esep_growth_write(&ret->growth, &ret->growth_message);
    esep_place_write(&ret->place, &ret->message);
    ret->message.growth = &ret->growth_message;
    ret->message.accepted_at_us = accepted_at;
}

void fake_prove_commitment(struct fake_log *log, const struct esep_commitment *commitment,
                           const uint8_t sign_public[ESEP_KEY_BYTES], uint8_t flags, uint64_t from,
                           esep_time accepted_at, struct fake_proof *ret)
{
    const struct esep_leaf leaf =
        esep_leaf_of_commitment(&log->log_id, commitment, sign_public, flags, accepted_at);
    fake_prove(log, from, fake_log_add(log, &leaf), accepted_at, ret);
    ret->commitment = *commitment;
    esep_commitment_write(&ret->commitment, &ret->commitment_message);
    ret->message.commitment = &ret->commitment_message;
}

void fake_prove_evidence(struct fake_log *log, const struct esep_evidence *evidence, uint64_t from,
                         struct fake_proof *ret)
{
    memcpy(ret->nonce, "sixteen of nonce", sizeof ret->nonce);
    const struct esep_leaf leaf =
        esep_leaf_of_evidence(evidence->office, &evidence->sha256, evidence->size_bytes, ret->nonce,
                              evidence->accepted_at);
    fake_prove(log, from, fake_log_add(log, &leaf), evidence->accepted_at, ret);
    ret->message.nonce = esep_pb(ret->nonce, sizeof ret->nonce);
}
