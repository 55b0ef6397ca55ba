/* agent/holds.c - see holds.h. */
#include "agent/holds.h"

static bool same_leaf(const struct esep_leaf *leaf, const struct agent_proof *proof)
{
    uint8_t bytes[ESEP_LEAF_BYTES];
    esep_leaf_pack(leaf, bytes);
    return memcmp(bytes, proof->leaf, sizeof bytes) == 0;
}

static bool own_leaf(const struct agent_desk *desk, const struct esep_receipt *r,
                     const struct agent_proof *proof)
{
    const struct esep_hash *log_id = &desk->identity.log_id;
    const bool entries = r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
    struct esep_commitment c;
    if (esep_commitment_unpack(log_id, esep_slice(proof->statement, sizeof proof->statement), &c) !=
            ESEP_OK ||
        !esep_commitment_verify(log_id, &c, proof->key) || c.office != desk->identity.office ||
        c.office != r->office || c.epoch != r->epoch || c.seq != r->through_seq ||
        !esep_hash_equal(&c.head, &r->head) || proof->index != r->last_index + entries)
        return false;
    const struct esep_leaf leaf = esep_leaf_of_commitment(
        log_id, &c, proof->key, entries ? ESEP_LEAF_CLOSES : 0, r->accepted_at);
    return same_leaf(&leaf, proof);
}

bool agent_log_signed(struct agent_desk *desk, const struct agent_checkpoint *head,
                      uint8_t ret_key[ESEP_KEY_BYTES])
{
    struct esep_log_keys keys;
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    if (journal_log_keys(&desk->journal, desk->settings->log_key, &keys, NULL) != ESEP_OK)
        return false;
    const size_t len =
        esep_growth_text(&desk->identity.log_id, head->generation, head->size, &head->root, text);
    const uint8_t *key = esep_log_keys_verify(&keys, head->generation, head->size,
                                              esep_slice(text, len), head->signature);
    if (key != NULL)
        memcpy(ret_key, key, ESEP_KEY_BYTES);
    return key != NULL;
}

static bool in_log(struct agent_desk *desk, const struct agent_proof *proof,
                   uint8_t ret_key[ESEP_KEY_BYTES])
{
    struct agent_checkpoint head = {.size = 0};
    struct esep_merkle_path path;
    if (journal_audit(&desk->journal, proof, &head, &path, NULL) != ESEP_OK)
        return false;
    const struct esep_hash leaf = esep_merkle_leaf(esep_slice(proof->leaf, sizeof proof->leaf));
    return agent_log_signed(desk, &head, ret_key) &&
           esep_merkle_audit_verify(&leaf, proof->index, head.size, &head.root, &path);
}

void agent_receipt_key(struct agent_desk *desk, const struct esep_receipt *receipt,
                       uint8_t ret_key[ESEP_KEY_BYTES])
{
    struct agent_proof proof;
    if (journal_proof(&desk->journal, receipt, &proof, NULL) != ESEP_OK ||
        !in_log(desk, &proof, ret_key))
        memcpy(ret_key, desk->settings->log_key, ESEP_KEY_BYTES);
}

enum esep_status agent_receipt_holds(struct agent_desk *desk, const struct esep_receipt *receipt,
                                     struct agent_proof *ret, struct esep_reason *reason)
{
    uint8_t key[ESEP_KEY_BYTES];
    const enum esep_status status = journal_proof(&desk->journal, receipt, ret, reason);
    if (status != ESEP_OK && status != ESEP_NOT_FOUND)
        return status;
    if (status == ESEP_OK && own_leaf(desk, receipt, ret) && in_log(desk, ret, key))
        return ESEP_OK;
    return esep_because(
        reason, ESEP_CORRUPT,
        "the receipt through %u/%llu does not hold by the config's log_key: the journal's disk, or "
        "the config, is not what it was",
        receipt->epoch, (unsigned long long)receipt->through_seq);
}

enum esep_status agent_evidence_holds(struct agent_desk *desk, const struct esep_evidence *evidence,
                                      struct agent_proof *ret, struct esep_reason *reason)
{
    const struct agent_file file = {evidence->sha256, evidence->size_bytes};
    uint8_t key[ESEP_KEY_BYTES];
    const enum esep_status status = journal_file_proof(&desk->journal, &file, ret, reason);
    if (status != ESEP_OK && status != ESEP_NOT_FOUND)
        return status;
    if (status == ESEP_OK && evidence->office == desk->identity.office &&
        ret->index == evidence->log_index) {
        const struct esep_leaf leaf =
            esep_leaf_of_evidence(evidence->office, &evidence->sha256, evidence->size_bytes,
                                  ret->statement, evidence->accepted_at);
        if (same_leaf(&leaf, ret) && in_log(desk, ret, key))
            return ESEP_OK;
    }
    return esep_because(reason, ESEP_CORRUPT, "a file's receipt does not hold any more");
}
