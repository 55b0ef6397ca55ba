/* collector/bundle_files.h - a stick's files, into the folder of files beside the daemon.
 *
 * A bundle's entries go through ingest, and so does the word about each file: an OFFER, which
 * ingest judges as it judges the network's, reads the file in the folder, logs it and receipts it.
 * Only the bytes come another way, since they would take as many orders as pieces: they are put
 * together here, in the store of files that may be written by several (io/blobs.h), and count for
 * nothing until ingest has taken the OFFER. What it would refuse is not written at all: so its
 * rules are asked here first, of the rows as they are committed.
 *
 * A stick's partial files have an owner of their own, 0: what the network brings of the same file
 * at the same time is another partial, and who is whole first is it.
 */
#ifndef COLLECTOR_BUNDLE_FILES_H
#define COLLECTOR_BUNDLE_FILES_H

#include "agent/bundle.h"
#include "collector/state.h"
#include "io/blobs.h"

struct bundle_files {
    const struct collector_settings *settings;
    struct collector_state state;
    struct esep_blobs *blobs;
    struct esep_blob_part *part; /* of the file under way; NULL: it is not written */
    uint32_t office;
    uint64_t kept_bytes; /* of the office, with what came with this bundle */
    bool wanted;         /* the file under way is, or is here: its OFFER goes to ingest */
    uint64_t taken;      /* that are here and logged at the end */
    uint64_t refused;
    struct esep_reason why; /* the first that was refused */
};

/* After the entries are durable: their rows name the files. */
ESEP_MUST_USE enum esep_status bundle_files_open(struct bundle_files *ret,
                                                 const struct collector_settings *settings,
                                                 uint32_t office, struct esep_reason *reason);
/* A piece of a file, in order. What is refused is counted, and is no failure. */
ESEP_MUST_USE enum esep_status bundle_files_piece(struct bundle_files *files,
                                                  const struct agent_bundle_piece *piece,
                                                  struct esep_reason *reason);
/* The file's end: it is in the folder now, synced, where `wanted` says so. */
ESEP_MUST_USE enum esep_status bundle_files_end(struct bundle_files *files,
                                                const struct agent_bundle_piece *end,
                                                struct esep_reason *reason);
/* Does the log say by now that it is here? */
bool bundle_files_logged(const struct bundle_files *files, const struct agent_file *file);
void bundle_files_refuse(struct bundle_files *files, const struct agent_file *file,
                         const char *why);
void bundle_files_close(struct bundle_files *files);

#endif
