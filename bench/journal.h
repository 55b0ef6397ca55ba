/* bench/journal.h - an office's journal in memory, written before the clock runs.
 *
 * What an office does when it writes a report is done here, as it would have been done offline days
 * before: packing, the chain hash, and, where the mode sends one report a frame, the signed head
 * over it. What happens when a report is sent is not done here: sealing, group heads, CURVE.
 *
 * Invariant: entries[i].seq == i + 1, every entry has exactly BENCH_REPORT_BYTES bytes.
 */
#ifndef BENCH_JOURNAL_H
#define BENCH_JOURNAL_H

#include "agent/agent.h"
#include "agent/entry.h"
#include "bench/site.h"

#define BENCH_REPORT_BYTES 400u

struct bench_journal {
    uint64_t count;
    struct esep_hash base; /* chain[0] */
    struct agent_entry *entries;
    uint8_t *bytes;
    struct esep_commitment *heads; /* signed, one for each entry; NULL: not wanted */
};
ESEP_MUST_USE enum esep_status bench_journal_write(struct bench_journal *ret,
                                                   const struct bench_site *site,
                                                   const struct bench_identity *who, uint64_t count,
                                                   bool sign_each, struct esep_reason *reason);
void bench_journal_free(struct bench_journal *journal);

#endif
