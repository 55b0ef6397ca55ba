/* tests/power/cuts.h - the product's stores, cut at every flush, in one process.
 *
 * A world is a store behind four functions and a list of steps, each one call of the product that
 * promises something when it says OK. The steps run twice: first on a twin that nobody disturbs,
 * which says what the store holds after each (a hash over every row of every database); then
 * watched, and if wanted with syncs and writes that fail. A step that fails is treated as the
 * product's shells do: close, open again, look what is there, go on from that.
 *
 * Then the record is cut: after every operation images are made, each is opened by the product's
 * own code, and what it holds must be the state last promised, or that of the step under way,
 * whole. From some images life goes on: the next step, and a second cut in it.
 */
#ifndef TESTS_POWER_CUTS_H
#define TESTS_POWER_CUTS_H

#include "disk.h"
#include "io/store.h"
#include "rows.h"

struct cuts_world {
    const char *name;
    size_t steps;
    /* The store lies in or below folder, which exists. */
    void *(*open)(const char *folder, uint64_t seed, struct esep_reason *reason);
    void (*close)(void *store);
    enum esep_status (*step)(void *store, size_t number, struct esep_reason *reason);
    /* Puts something that no step knows, or takes it away. */
    enum esep_status (*disturb)(void *store, bool put, struct esep_reason *reason);
    MDB_env *(*env)(void *store);
    /* What else must hold in a folder in which `done` steps are promised. NULL: nothing. */
    bool (*look)(const char *folder, uint64_t seed, size_t done, struct esep_reason *reason);
};
extern const struct cuts_world cuts_journal;
extern const struct cuts_world cuts_log;
extern const struct cuts_world cuts_files;

struct cuts_options {
    uint64_t seed;
    unsigned images; /* drawn for each operation, beside the four plain ones at each flush */
    unsigned faults; /* of a thousand steps, so many meet one */
    const char *scratch;
};
struct cuts_totals {
    uint64_t operations, flushes, images, second_cuts, faults, steps;
};
/* false: it has said on stderr what is wrong and how to see it again. */
bool cuts_run(const struct cuts_world *world, const struct cuts_options *options,
              struct cuts_totals *totals);

#endif
