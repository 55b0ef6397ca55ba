/* agent/bundle_import.h - `bundle import` at the office: receipts, those of files too, what
 * witnesses have signed, and mail from the stick into the journal.
 *
 * Each receipt is held against the journal's own chain before it counts, as on the network; mail is
 * taken in the order of its numbers. Each is durable before the next is looked at, so a file that
 * breaks off in the middle leaves what came before. What is here already changes nothing.
 */
#ifndef AGENT_BUNDLE_IMPORT_H
#define AGENT_BUNDLE_IMPORT_H

#include "agent/commands.h"

struct agent_imported {
    uint64_t receipts, mails; /* new ones */
    uint64_t files;           /* whose receipt is here now, and was not */
    uint64_t unproved;      /* receipts that do not go on from what this office has seen since: not
                             * taken, they come again */
    uint64_t witnessed;     /* heads that witnesses have signed, and that are kept */
    uint64_t receipted_seq; /* the marks afterwards */
    uint64_t mail_through;
};
/* ESEP_CONFLICT: the log's key has signed another chain than this journal's: recover. *ret says
 * what was taken in, whatever the status. */
ESEP_MUST_USE enum esep_status agent_bundle_import(struct agent_desk *desk, struct esep_slice file,
                                                   struct agent_imported *ret,
                                                   struct esep_reason *reason);

#endif
