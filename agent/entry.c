/* agent/entry.c - packing an entry, stepping the chain, signing the head. */
#include "agent/entry.h"

#include "domain/report.h"
#include "wire/unpack.h"

void agent_head_start(struct agent_head *ret, const struct esep_hash *log_id, uint32_t office,
                      uint32_t epoch, const uint8_t sign_public[ESEP_KEY_BYTES])
{
    *ret = (struct agent_head){
        .office = office,
        .epoch = epoch,
        .hash = esep_chain_start(log_id, office, epoch, sign_public),
    };
}

void agent_head_step(struct agent_head *head, struct esep_slice entry)
{
    head->hash = esep_chain_step(&head->hash, head->seq + 1, entry);
    head->seq++;
}

enum esep_status agent_entry_pack(const Esep__V1__JournalEntry *message, struct esep_buf *out,
                                  struct esep_reason *reason)
{
    if (message->nonce.len != AGENT_NONCE_BYTES)
        return esep_because(reason, ESEP_INVALID, "entry: nonce must have %d bytes",
                            AGENT_NONCE_BYTES);
    if (message->written_at_us <= 0)
        return esep_because(reason, ESEP_INVALID,
                            "entry: written_at_us is missing: is the clock "
                            "set?");
    enum esep_status status = esep_entry_check(message, reason);
    if (status != ESEP_OK)
        return status;
    /* A terminal may speak CP1251: what is saved now could never be taken in, and never mended. */
    const char *fault = esep_text_fault(&message->base);
    if (fault != NULL)
        return esep_because(
            reason, ESEP_INVALID,
            "%s: is not UTF-8 text, or holds control characters: type it anew, in a "
            "terminal or file of UTF-8",
            fault);
    size_t len = esep__v1__journal_entry__get_packed_size(message);
    if (len > AGENT_ENTRY_BYTES_MAX)
        return esep_because(reason, ESEP_LIMIT,
                            "the report has %zu bytes, %u are allowed: shorten its texts", len,
                            AGENT_ENTRY_BYTES_MAX);
    status = esep_pack(&message->base, out);
    return status == ESEP_OK ? status : esep_because(reason, status, "no memory for the report");
}

void agent_head_commit(const struct agent_head *head, const struct esep_hash *log_id,
                       const struct esep_sign_key *key, esep_time office_clock,
                       uint64_t checkpoint_size, const struct esep_hash *checkpoint_root,
                       struct esep_commitment *ret)
{
    struct esep_commitment c = {
        .office = head->office,
        .epoch = head->epoch,
        .seq = head->seq,
        .head = head->hash,
        .office_clock = office_clock,
        .checkpoint_size = checkpoint_size,
    };
    ESEP_ASSERT(checkpoint_size == 0 || checkpoint_root != NULL);
    if (checkpoint_size > 0)
        c.checkpoint_root = *checkpoint_root;
    esep_commitment_sign(log_id, &c, key);
    *ret = c;
}
