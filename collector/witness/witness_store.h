/* collector/witness/witness_store.h - what a witness remembers, on its disk.
 *
 * For each log the newest head that it signed with the note, and, where a log signed two heads of
 * one size, the other notes: together they are proof against that log for whoever reads its key.
 * A row carries a hash over itself, since LMDB's pages carry none.
 *
 * The store belongs to one key, and a key to one store: a witness that lost its store, or got an
 * old copy of it back, would sign a second history. It is made with the key (`keygen`), opened only
 * with that one, and never made anew beside it. Nothing can show that it went back but a note that
 * bears the witness's own signature: do not put back a copy, make a new key.
 */
#ifndef COLLECTOR_WITNESS_STORE_H
#define COLLECTOR_WITNESS_STORE_H

#include "collector/witness/witness.h"

#define WITNESS_FORKS_MAX 64 /* notes kept of all logs together */

struct witness_store;
/* create: an empty one without a key, where there is none. ESEP_CONFLICT: another process writes
 * in it. */
ESEP_MUST_USE enum esep_status witness_store_open(struct witness_store **ret, const char *path,
                                                  bool create, bool read_only,
                                                  struct esep_reason *reason);
void witness_store_close(struct witness_store *store);

/* ESEP_NOT_FOUND: it has none yet. */
ESEP_MUST_USE enum esep_status witness_store_key(struct witness_store *store,
                                                 uint8_t ret[ESEP_KEY_BYTES],
                                                 struct esep_reason *reason);
ESEP_MUST_USE enum esep_status witness_store_set_key(struct witness_store *store,
                                                     const uint8_t key[ESEP_KEY_BYTES],
                                                     struct esep_reason *reason);

/* ESEP_OK with witness_head_none() where nothing was signed of this log. ESEP_CORRUPT: damaged. */
ESEP_MUST_USE enum esep_status witness_store_head(struct witness_store *store, const char *origin,
                                                  struct witness_head *ret,
                                                  struct esep_reason *reason);
/* Durable on return. ESEP_LIMIT: full, nothing changed; every other failure: close, reopen, check.
 */
ESEP_MUST_USE enum esep_status witness_store_put(struct witness_store *store, const char *origin,
                                                 const struct witness_head *head,
                                                 struct esep_slice note,
                                                 struct esep_reason *reason);
/* Keeps a note that contradicts what was signed. ESEP_LIMIT: there are enough. One that is there
 * already is there once. */
ESEP_MUST_USE enum esep_status witness_store_put_fork(struct witness_store *store,
                                                      struct esep_slice note,
                                                      struct esep_reason *reason);

/* All heads by their origin, then all forks (origin NULL, head NULL). note: verbatim. */
ESEP_MUST_USE enum esep_status witness_store_each(struct witness_store *store,
                                                  void (*visit)(void *context, const char *origin,
                                                                const struct witness_head *head,
                                                                struct esep_slice note),
                                                  void *context, struct esep_reason *reason);

#endif
