/* agent/holds.h - whether a kept receipt still proves what it says.
 *
 * What the disk gave back may not be what was stored, and the configuration's log_key may be
 * another. So before a receipt is shown its leaf is made again from what the office signed, and the
 * path from there to the newest signed head of the log is followed once more.
 *
 * It decides that, and no more: since when witnesses say so is witnessed.h's.
 */
#ifndef AGENT_HOLDS_H
#define AGENT_HOLDS_H

#include "agent/commands.h"

/* ESEP_CORRUPT: it does not hold; the reason says what to look at. */
ESEP_MUST_USE enum esep_status agent_receipt_holds(struct agent_desk *desk,
                                                   const struct esep_receipt *receipt,
                                                   struct agent_proof *ret,
                                                   struct esep_reason *reason);
ESEP_MUST_USE enum esep_status agent_evidence_holds(struct agent_desk *desk,
                                                    const struct esep_evidence *evidence,
                                                    struct agent_proof *ret,
                                                    struct esep_reason *reason);

/* Which of the log's keys, as this office holds them, has signed the head. false: none has. */
bool agent_log_signed(struct agent_desk *desk, const struct agent_checkpoint *head,
                      uint8_t ret_key[ESEP_KEY_BYTES]);
/* The same of the newest head over what a kept receipt rests on: the key that it holds by. Where it
 * does not hold, the configuration's. */
void agent_receipt_key(struct agent_desk *desk, const struct esep_receipt *receipt,
                       uint8_t ret_key[ESEP_KEY_BYTES]);

#endif
