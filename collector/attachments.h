/* collector/attachments.h - a report's files, for whoever shows the report.
 *
 * An attachment is complete once the log has its EVIDENCE entry: that is what the office's receipt
 * says. The bytes lie in the folder of files; whether the disk still has them as they came is found
 * when they are read.
 */
#ifndef COLLECTOR_ATTACHMENTS_H
#define COLLECTOR_ATTACHMENTS_H

#include "collector/state.h"
#include "esep/v1/report.pb-c.h"

#include <jansson.h>

/* Adds "complete" to each item of "attachments" of what listing_report_json made of `report`. */
ESEP_MUST_USE enum esep_status collector_attachments_say(struct collector_log *log, uint32_t office,
                                                         const Esep__V1__Report *report,
                                                         json_t *value);

#endif
