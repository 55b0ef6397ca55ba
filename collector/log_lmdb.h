/* collector/log_lmdb.h - the log and its views in one LMDB environment.
 *
 * Entries lie under their index in "entries" (leaf, then body), appended and never changed. Each
 * table of the views has a database of its own, named by its letter ("R"), so that tables whose
 * keys only rise are appended to as well: a random index in the commit would cost tenfold.
 *
 * One transaction holds a batch's entries and rows; mdb_txn_commit syncs before it returns, so
 * append is durable when it says OK. One process writes (the store's writer lock), any number read.
 *
 * It decides nothing. append belongs to one thread; read, rows and size may be called from any
 * thread, and each ends its read transaction before it returns.
 */
#ifndef COLLECTOR_LOG_LMDB_H
#define COLLECTOR_LOG_LMDB_H

#include "collector/log.h"
#include "io/store.h"

struct collector_log_options {
    const char *path;
    size_t map_bytes;
    bool read_only; /* no writer lock is taken */
    bool create;    /* make the folder, the store and its engine id where missing */
};
/* ESEP_NOT_FOUND: no store there; ESEP_CONFLICT: another process writes to it; others as in
 * io/store.h. log_id is zero while the log is empty. Close with ops->close. */
ESEP_MUST_USE enum esep_status collector_log_open(struct collector_log **ret,
                                                  const struct collector_log_options *options,
                                                  struct esep_reason *reason);
/* Of a log opened read-only, for who reads several tables that must belong together while ingest
 * writes on: read, rows and size see the log as it is now, until it is let go. Not for long: pages
 * that a reader may see are not used again. From one thread. */
ESEP_MUST_USE enum esep_status collector_log_hold(struct collector_log *log,
                                                  struct esep_reason *reason);
void collector_log_let_go(struct collector_log *log); /* nothing held: nothing happens */
/* Draws a new engine id, and begins another generation: a restored copy is not the store that it
 * was copied from, and does not go on from all that was signed there. */
ESEP_MUST_USE enum esep_status collector_log_new_engine(struct collector_log *log, esep_time now,
                                                        struct esep_reason *reason);
/* The generation that begins has another number, a greater one. */
ESEP_MUST_USE enum esep_status collector_log_raise_generation(struct collector_log *log,
                                                              uint64_t number,
                                                              struct esep_reason *reason);
/* The environment below, for backup and metrics. */
struct esep_store *collector_log_store(struct collector_log *log);

#endif
