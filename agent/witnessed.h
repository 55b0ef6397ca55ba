/* agent/witnessed.h - since when witnesses have seen an entry in the log.
 *
 * The collector's receipt has its own hour. A head of the log that others have cosigned (C2SP
 * tlog-cosignature) has theirs: the entry was there before. Of the heads that the journal keeps the
 * earliest counts that a witness of the configuration has signed; where none has, the earliest
 * that anybody has: whom a stranger believes is for him to say.
 *
 * It decides which head proves most, and nothing about what that is worth.
 */
#ifndef AGENT_WITNESSED_H
#define AGENT_WITNESSED_H

#include "agent/commands.h"

struct agent_witnessed {
    size_t known;   /* witnesses of the configuration that signed it; 0: others have */
    int64_t time_s; /* the earliest of their times; 0: none */
    struct agent_cosigned head;
};
/* Of the entry at this index of the log. ESEP_NOT_FOUND: no such head is here yet. */
ESEP_MUST_USE enum esep_status agent_witnessed(struct agent_desk *desk, uint64_t generation,
                                               uint64_t index, struct agent_witnessed *ret,
                                               struct esep_reason *reason);
/* The same of what a receipt speaks of. */
ESEP_MUST_USE enum esep_status agent_witnessed_receipt(struct agent_desk *desk,
                                                       const struct esep_receipt *receipt,
                                                       struct agent_witnessed *ret,
                                                       struct esep_reason *reason);
/* The hour of a known witness; 0: none has signed for it yet, or it cannot be read. */
esep_time agent_witnessed_at(struct agent_desk *desk, const struct esep_receipt *receipt);

#endif
