/* agent/meter_file.h - what the day's budget has been spent on, across restarts: a line in the file
 * `meter` beside the journal.
 *
 * The core says what may be spent before it is (agent_meter.h), so what stands here is never less,
 * but for what came in since. Replaced by rename, synced both ways: a power cut leaves the line of
 * before or of after.
 */
#ifndef AGENT_METER_FILE_H
#define AGENT_METER_FILE_H

#include "agent/agent_meter.h"

ESEP_MUST_USE enum esep_status agent_meter_file_write(const char *journal,
                                                      const struct agent_meter *spent,
                                                      struct esep_reason *reason);
/* ESEP_NOT_FOUND: nothing was counted yet. ESEP_CORRUPT: no such line. */
ESEP_MUST_USE enum esep_status agent_meter_file_read(const char *journal,
                                                     struct agent_meter *ret_spent,
                                                     struct esep_reason *reason);

#endif
