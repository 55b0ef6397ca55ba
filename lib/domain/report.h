/* lib/domain/report.h - what makes a report well-formed, at the office and at the collector alike.
 *
 * Checks what a report says about itself: sizes (report.proto states each), UTF-8 already being
 * checked, percent 0..100, fulfilment given, nil reports with a reason, money that is not negative
 * and is stated or "within allotted", decimal texts, file names without a path, SHA-256 of 32
 * bytes. Whether the obligation exists and who owes it is not decided here.
 */
#ifndef ESEP_DOMAIN_REPORT_H
#define ESEP_DOMAIN_REPORT_H

#include "base/slice.h"
#include "esep/v1/report.pb-c.h"

/* ESEP_INVALID with the field and what to do. */
ESEP_MUST_USE enum esep_status esep_report_check(const Esep__V1__Report *report,
                                                 struct esep_reason *reason);
ESEP_MUST_USE enum esep_status esep_entry_check(const Esep__V1__JournalEntry *entry,
                                                struct esep_reason *reason);

/* Names of the axes' values for JSON, tables and the command line ("in_progress"), both ways. */
const char *esep_fulfilment_name(Esep__V1__Fulfilment value);
ESEP_MUST_USE enum esep_status esep_fulfilment_parse(const char *name, Esep__V1__Fulfilment *ret);

enum esep_submission {
    ESEP_SUBMISSION_NONE = 0,
    ESEP_SUBMISSION_DRAFT,
    ESEP_SUBMISSION_QUEUED,
    ESEP_SUBMISSION_SENT,
    ESEP_SUBMISSION_RECEIVED,
    ESEP_SUBMISSION_UNDER_REVIEW,
    ESEP_SUBMISSION_RETURNED,
    ESEP_SUBMISSION_ACCEPTED,
    ESEP_SUBMISSION_SUPERSEDED,
    ESEP_SUBMISSION_WITHDRAWN,
};
const char *esep_submission_name(enum esep_submission value);
enum esep_control {
    ESEP_CONTROL_ON = 0,
    ESEP_CONTROL_EXTENSION_ASKED,
    ESEP_CONTROL_EXTENDED,
    ESEP_CONTROL_EXTENSION_REFUSED,
    ESEP_CONTROL_REMOVED,
    ESEP_CONTROL_RESTORED,
};
const char *esep_control_name(enum esep_control value);

#endif
