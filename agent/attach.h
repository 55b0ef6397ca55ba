/* agent/attach.h - evidence at the office: files taken in for a report, and those nobody names any
 * more.
 *
 * A file is copied into the store beside the journal (io/blobs.h) before the report that names it
 * is written: what the journal names is there. Its kind is judged on the copy (domain/media.h);
 * what is refused leaves nothing behind. The report holds name, kind, size and SHA-256; how the
 * bytes travel is the core's business.
 *
 * A file that no entry of the journal and no draft names is an orphan: the report was given up, or
 * its entry was let go of after keep_days. It is removed once it has lain for a day.
 */
#ifndef AGENT_ATTACH_H
#define AGENT_ATTACH_H

#include "agent/journal.h"
#include "agent/report_fill.h"
#include "agent/settings.h"
#include "io/blobs.h"

#define AGENT_ORPHAN_AGE ESEP_DAY

/* The office's store of files; made where it is missing, unless read_only. */
ESEP_MUST_USE enum esep_status agent_files_open(const struct agent_settings *settings,
                                                bool read_only, struct esep_blobs **ret,
                                                struct esep_reason *reason);

struct agent_attachment {
    char name[ESEP_MEDIA_NAME_BYTES]; /* cleaned */
    const char *media_type;
    struct esep_blob blob;
};
/* Durable in the store. The reason names the file. ESEP_INVALID: not a kind that is taken, or not
 * what its name says; ESEP_LIMIT: too large, or the store is full. */
ESEP_MUST_USE enum esep_status agent_attach(struct esep_blobs *files, const char *path,
                                            struct agent_attachment *ret,
                                            struct esep_reason *reason);
/* The same from a descriptor, to its end; the name is as somebody gave it. */
ESEP_MUST_USE enum esep_status agent_attach_fd(struct esep_blobs *files, int fd, const char *name,
                                               struct agent_attachment *ret,
                                               struct esep_reason *reason);

/* Takes in every file that the report names by its path, and makes sure that those which its draft
 * named are still there (else ESEP_NOT_FOUND). */
bool agent_report_has_files(const struct agent_report *report);
ESEP_MUST_USE enum esep_status agent_report_take_files(struct esep_blobs *files,
                                                       struct agent_report *report,
                                                       struct esep_reason *reason);
/* Removes orphans and copies that a crash cut off. */
ESEP_MUST_USE enum esep_status agent_files_clear(struct esep_blobs *files, struct journal *journal,
                                                 esep_time age, size_t *ret_removed,
                                                 struct esep_reason *reason);

#endif
