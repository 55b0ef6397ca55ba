/* tests/sim/sim_real.h - real stores under the simulated country.
 *
 * sim_real is NULL where what stands in memory is the disk (sim_model_disk.c), and a table where
 * real files lie below (sim_lmdb.c): then what stands in memory is what the files must hold, and
 * they say what became of a transaction. One of the two is linked.
 */
#ifndef TESTS_SIM_REAL_H
#define TESTS_SIM_REAL_H

#include "sim.h"

struct sim_real {
    void (*begin)(struct sim *sim); /* the log is founded */
    void (*done)(struct sim *sim);
    struct collector_log *(*log)(void);
    void (*open)(struct sim *sim); /* the collector's, before a core; compared with what must be */
    void (*close)(struct sim *sim);
    enum esep_status (*commit)(struct sim *sim, const struct collector_batch *batch);
    void (*crash)(struct sim *sim, const struct collector_batch *batch); /* NULL: none under way */
    void (*backup)(struct sim *sim, size_t slot);
    void (*restore)(struct sim *sim, size_t slot);
    void (*journal_start)(struct sim *sim, int office);
    void (*journal_copy)(struct sim_journal *to, const struct sim_journal *from);
    /* Whether the entry is in the journal, whatever the command was told. */
    bool (*journal_append)(struct sim *sim, int office, struct esep_slice bytes);
    enum esep_status (*journal_store)(struct sim *sim, int office, uint32_t epoch,
                                      const struct agent_store *store, bool *ret_stored);
    /* store: what is under way, or NULL. Whether it is there. */
    bool (*journal_crash)(struct sim *sim, int office, uint32_t epoch,
                          const struct agent_store *store);
    /* Appends to the modelled journal what the real one has queued again. */
    void (*journal_recover)(struct sim *sim, int office, uint32_t collector_epoch);
    /* What it holds from now on, into the modelled journal. */
    void (*journal_prune)(struct sim *sim, int office, esep_time before);
    void (*journal_check)(struct sim *sim, int office);
};
extern const struct sim_real *const sim_real;
struct collector_log *sim_log(struct sim *sim); /* what the collector reads */

#endif
