/* agent/entry.h - making journal entries: packed once, chained, signed; never packed again (law 3).
 *
 * The journal keeps for each entry its bytes and the chain hash they lead to; this file makes both.
 * A head is a place in the chain: how many entries, and the hash of the last. Whoever appends takes
 * the head from the journal, packs, steps, signs, and stores entry, head and commitment in one
 * transaction. What a report may say is decided in domain/report.h; here only that an entry is
 * never larger than any frame can carry.
 *
 * Invariant: head.hash is chain[head.seq].
 */
#ifndef AGENT_ENTRY_H
#define AGENT_ENTRY_H

#include "esep/v1/report.pb-c.h"
#include "wire/statement.h"

/* Fits a frame of 64 KiB with its envelope and a commitment. */
#define AGENT_ENTRY_BYTES_MAX (48u * 1024u)
#define AGENT_NONCE_BYTES 16

struct agent_head {
    uint32_t office;
    uint32_t epoch;
    uint64_t seq;
    struct esep_hash hash;
};

/* Before the first entry of an epoch. */
void agent_head_start(struct agent_head *ret, const struct esep_hash *log_id, uint32_t office,
                      uint32_t epoch, const uint8_t sign_public[ESEP_KEY_BYTES]);
/* One entry further. */
void agent_head_step(struct agent_head *head, struct esep_slice entry);

/* Checks the message (esep_entry_check; texts of UTF-8; nonce of 16 bytes, a written_at_us) and
 * appends its bytes to out. ESEP_INVALID with the field; ESEP_LIMIT: over AGENT_ENTRY_BYTES_MAX. */
ESEP_MUST_USE enum esep_status agent_entry_pack(const Esep__V1__JournalEntry *message,
                                                struct esep_buf *out, struct esep_reason *reason);

/* The office's signature over the head; checkpoint_root may be NULL with checkpoint_size 0. */
void agent_head_commit(const struct agent_head *head, const struct esep_hash *log_id,
                       const struct esep_sign_key *key, esep_time office_clock,
                       uint64_t checkpoint_size, const struct esep_hash *checkpoint_root,
                       struct esep_commitment *ret);

#endif
