/* agent/bundle_export.h - `bundle export`: what waits, and the files that it names, onto a stick.
 *
 * Entries first, then the files for which no evidence receipt is here, as many whole ones as the
 * limit has room for, in the order of their hashes; what does not fit is counted, and goes onto
 * another stick with `files_skip`, or with the next journey. Each file is read whole before the
 * head says that it comes along: one that the disk has changed stays at home, and is counted. It is
 * written as it is read: the memory it takes does not grow with the files.
 */
#ifndef AGENT_BUNDLE_EXPORT_H
#define AGENT_BUNDLE_EXPORT_H

#include "agent/commands.h"

struct agent_export {
    const char *file;
    bool all;             /* also entries that have their receipt */
    uint64_t files_bytes; /* of files, at most; 0: none goes along */
    uint64_t files_skip;  /* not the first so many */
};
struct agent_exported {
    uint64_t first_seq, through_seq;
    uint64_t files, file_bytes;
    uint64_t files_left, bytes_left; /* that did not fit */
    uint64_t files_next;             /* files_skip for those */
    uint64_t files_damaged;
};
/* ESEP_NOT_FOUND: nothing waits. Durable under its name where OK; else nothing of it is left. */
ESEP_MUST_USE enum esep_status agent_bundle_export(struct agent_desk *desk,
                                                   const struct agent_export *how,
                                                   struct agent_exported *ret,
                                                   struct esep_reason *reason);

#endif
