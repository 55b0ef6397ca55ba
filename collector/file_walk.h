/* collector/file_walk.h - the files that the log's rows name, a few at a time, and whether the
 * folder has them.
 *
 * The daemon looks what it lacks, `log verify` and `backup` what should be there. Each step is a
 * short reading of its own, so that a walk may take as long as it likes; what is logged behind the
 * place where it stands is seen, what is logged before it is not.
 */
#ifndef COLLECTOR_FILE_WALK_H
#define COLLECTOR_FILE_WALK_H

#include "collector/state.h"
#include "io/blobs.h"

struct collector_file_walk {
    char table; /* VIEWS_TABLE_NAMED or VIEWS_TABLE_EVIDENCE */
    bool over;
    bool begun;
    uint8_t last[VIEWS_FILE_KEY_BYTES]; /* where begun */
};

/* The next ones, by office and hash; fewer than `room`: it is over. ESEP_CORRUPT: a row is damaged.
 */
ESEP_MUST_USE enum esep_status collector_file_walk(struct collector_file_walk *walk,
                                                   struct collector_log *log,
                                                   struct views_file *ret, size_t room,
                                                   size_t *ret_count, struct esep_reason *reason);
/* Is it in the folder, as far as name and size tell? */
bool collector_file_there(struct esep_blobs *blobs, const struct views_file *file);

/* What the log says is here, held against the folder. */
struct collector_files_verdict {
    uint64_t files; /* each once for each office */
    uint64_t bytes;
    uint64_t missing;
    uint64_t damaged;        /* only where they were read */
    struct views_file first; /* missing or damaged */
};
/* read: each file is read whole, and not only looked for. each: of what is there; NULL: nothing. */
struct collector_files_check {
    struct esep_blobs *blobs; /* NULL: there is no folder, so all is missing */
    bool read;
    enum esep_status (*each)(void *context, const struct views_file *file,
                             struct esep_reason *reason);
    void *context;
};
/* One that was looked at: it is there; and it is what its name says. */
void collector_file_count(struct collector_files_verdict *verdict, const struct views_file *file,
                          bool there, bool sound);
/* ESEP_CORRUPT with what is missing or damaged; ESEP_OK: nothing is. */
ESEP_MUST_USE enum esep_status collector_files_say(const struct collector_files_verdict *verdict,
                                                   struct esep_reason *reason);
ESEP_MUST_USE enum esep_status collector_files_check(struct collector_log *log,
                                                     const struct collector_files_check *check,
                                                     struct collector_files_verdict *ret,
                                                     struct esep_reason *reason);
#endif
