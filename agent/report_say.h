/* agent/report_say.h - what `report` prints: an entry that is saved, and maybe its receipt.
 *
 * JSON "esep-entry/1" and "esep-drafts/1"; docs/json.md. It prints, and decides nothing.
 */
#ifndef AGENT_REPORT_SAY_H
#define AGENT_REPORT_SAY_H

#include "agent/report_write.h"

/* Each returns an exit status. receipt: NULL where there is none yet. */
int agent_say_written(struct agent_desk *desk, const struct agent_written *written, uint64_t count,
                      const struct esep_receipt *receipt, bool json);
int agent_say_draft(const char *obligation, bool json);
int agent_say_drafts(struct agent_desk *desk, bool json);
/* A receipt; promise: what proves an earlier hour of what it is printed for, or NULL. */
json_t *agent_receipt_json(struct agent_desk *desk, const struct esep_receipt *receipt,
                           const struct esep_receipt *promise, const struct esep_zone *zone);

#endif
