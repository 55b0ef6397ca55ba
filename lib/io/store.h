/* lib/io/store.h - opening an LMDB environment the way this project needs it, and its one sync
 * rule.
 *
 * Default flags only: every commit is synced before it returns. A big sparse map from the start and
 * a quota of our own at 80 % of it, since a full map cannot even delete. The folder must be ours
 * and writable; a format number in the "meta" database refuses a store of another make with a
 * clear word. After a failed commit the environment must be closed: ESEP_IO and ESEP_CORRUPT from
 * esep_store_commit mean stop, reopen, check; the sync is never tried again.
 */
#ifndef ESEP_IO_STORE_H
#define ESEP_IO_STORE_H

#include "base/slice.h"

#include <lmdb.h>

struct esep_store {
    MDB_env *env;
    MDB_dbi meta;
    size_t map_bytes;
    char path[256];
    int lock_fd; /* esep_store_lock_writer; -1 without */
};
struct esep_store_options {
    size_t map_bytes;
    unsigned dbs_max;
    const char *kind; /* "journal", "log": refuses another kind's folder */
    uint32_t format;  /* refuses another format, saying which build to use */
    bool read_only;
    bool create; /* make folder and store where missing */
};
ESEP_MUST_USE enum esep_status esep_store_open(struct esep_store *ret, const char *path,
                                               const struct esep_store_options *options,
                                               struct esep_reason *reason);
void esep_store_close(struct esep_store *store);
/* For a store with a single writing process: holds a lock in the folder until close, or says which
 * process has it (ESEP_CONFLICT). A crash lets go of it. */
ESEP_MUST_USE enum esep_status esep_store_lock_writer(struct esep_store *store,
                                                      struct esep_reason *reason);
/* Another process's commit can be seen before it is on the disk, and by one transaction but not yet
 * by the next: after this what was seen before is on the disk and in every later transaction. Waits
 * for a commit under way; not from a thread that writes. ESEP_IO: close, reopen, check. */
ESEP_MUST_USE enum esep_status esep_store_settle(const struct esep_store *store,
                                                 struct esep_reason *reason);
/* Lets go of pages that readers hold who were killed as they read. From any thread. */
void esep_store_forget_dead(const struct esep_store *store);
/* Commits; the transaction is gone either way. Every failure but LIMIT: close, reopen, check. */
ESEP_MUST_USE enum esep_status esep_store_commit(MDB_txn *txn, struct esep_reason *reason);
/* LMDB's code as ours: MAP_FULL, ENOSPC -> LIMIT; CORRUPTED, PAGE_NOTFOUND -> CORRUPT; EIO -> IO.
 */
enum esep_status esep_store_status(int lmdb_code, struct esep_reason *reason, const char *doing);
/* What errno means of a file or folder that cannot be made, opened or written. */
enum esep_status esep_store_errno(int code);
/* A store's folder, made where it is missing and that is asked for: is it there, ours, writable? */
ESEP_MUST_USE enum esep_status esep_store_folder(const char *path, bool create, bool read_only,
                                                 struct esep_reason *reason);
/* Bytes in use and the quota (80 % of the map, or of the disk's free room if that is less). Reads
 * in a transaction of its own: not from a thread that is inside one. */
ESEP_MUST_USE enum esep_status esep_store_usage(const struct esep_store *store,
                                                uint64_t *ret_used_bytes,
                                                uint64_t *ret_quota_bytes);
/* Copies to a new folder: copy, sync, reopen, walk every page, rename. ESEP_CONFLICT: it exists. */
ESEP_MUST_USE enum esep_status esep_store_backup(const struct esep_store *store,
                                                 const char *to_path, struct esep_reason *reason);
#endif
