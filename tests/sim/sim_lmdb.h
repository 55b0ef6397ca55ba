/* tests/sim/sim_lmdb.h - the simulated country over real stores.
 *
 * In esep-sim-lmdb the collector's store is collector/log_lmdb.c and each office's journal is
 * agent/journal*.c, over LMDB files in a folder of the run. tests/power records what is written and
 * synced below LMDB. A crash throws away what was not synced, or some of it, in sectors of 512
 * bytes, and may come after any operation of the transaction under way; a bad or full disk fails
 * some write or some sync with EIO or ENOSPC, and what a failed sync left in memory alone may be
 * dropped. Bits rot in a copy, which must then say so or be right.
 *
 * What the country holds in memory is what the files must hold: whenever a store is opened it is
 * compared, entry by entry and row by row. Only the transaction under way may be there or not; what
 * the store says of it is what happened.
 *
 * It bends: commands and daemon of one office share one environment, since a process may open an
 * LMDB file only once; after a failed transaction a journal is therefore opened anew at once.
 */
#ifndef TESTS_SIM_LMDB_H
#define TESTS_SIM_LMDB_H

#include "sim_real.h"
#include "tests/power/disk.h"
#include "tests/power/record.h"

#define SIM_LMDB_MAP ((size_t)256 << 20)

struct lmdb_held {
    struct power_op op;
    char *name;
    uint8_t *data;
};
/* A folder on a disk of its own. */
struct lmdb_disk {
    char folder[256];
    struct power_disk *disk;
    int slot; /* -1: nobody looks */
    bool holding;
    struct lmdb_held *held; /* while holding */
    size_t held_count, held_cap;
};
const char *lmdb_scratch(struct sim *sim);
void lmdb_scratch_done(void);
/* What is in the folder is on the disk. The folder is made where it is missing. */
void lmdb_disk_begin(struct lmdb_disk *disk, const char *folder);
void lmdb_disk_done(struct lmdb_disk *disk);
/* From here on what is written is only remembered; lmdb_cut then lets some of it happen. */
void lmdb_hold(struct lmdb_disk *disk);
/* The power goes, now or after any operation since lmdb_hold. The store must be closed by then, and
 * have been `unwatched` before. */
void lmdb_unwatch(struct lmdb_disk *disk);
void lmdb_cut(struct sim *sim, struct lmdb_disk *disk);
/* After a failed sync: pages that are clean may be read again. */
void lmdb_evict(struct sim *sim, struct lmdb_disk *disk);
/* Makes one of the next writes or syncs of this disk fail. */
void lmdb_arm(struct sim *sim, const struct lmdb_disk *disk, bool full);
bool lmdb_disarm(void); /* whether it has */
struct esep_prng lmdb_prng(struct sim *sim);
void lmdb_copy_file(const char *from, const char *to);

/* sim_lmdb_store.c */
void lmdb_store_begin(struct sim *sim);
void lmdb_store_done(void);
struct collector_log *lmdb_store_log(void);
void lmdb_store_open(struct sim *sim);
void lmdb_store_close(struct sim *sim);
enum esep_status lmdb_store_commit(struct sim *sim, const struct collector_batch *batch);
void lmdb_store_crash(struct sim *sim, const struct collector_batch *batch);
void lmdb_store_backup(struct sim *sim, size_t slot);
void lmdb_store_restore(struct sim *sim, size_t slot);

/* sim_lmdb_compare.c: fails the run where the store holds anything else than it must. */
void lmdb_compare(struct sim *sim, struct collector_log *log);
/* Flips bits in a copy of the closed store and has it looked at, by a process of its own. */
void lmdb_rot(struct sim *sim, const char *folder);

/* sim_lmdb_journal.c */
void lmdb_journal_start(struct sim *sim, int office);
void lmdb_journal_copy(struct sim_journal *to, const struct sim_journal *from);
bool lmdb_journal_append(struct sim *sim, int office, struct esep_slice bytes);
enum esep_status lmdb_journal_store(struct sim *sim, int office, uint32_t epoch,
                                    const struct agent_store *store, bool *ret_stored);
bool lmdb_journal_crash(struct sim *sim, int office, uint32_t epoch,
                        const struct agent_store *store);
void lmdb_journal_recover(struct sim *sim, int office, uint32_t collector_epoch);
void lmdb_journal_prune(struct sim *sim, int office, esep_time before);
void lmdb_journal_check(struct sim *sim, int office);
void lmdb_journals_done(void);

#endif
