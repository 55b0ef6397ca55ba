/* tests/sim/tool.h - the tool around the simulated country: what runs seeds, tells how it went and
 * makes a failing one small.
 *
 * A seed runs in a child process, its `struct sim` in memory that the parent shares: a check that
 * fails, an assertion of a core and a segmentation fault all end a child, and the parent reads how
 * far it came, says which seed it was, and goes on. Nothing in here reaches into a run.
 */
#ifndef TESTS_SIM_TOOL_H
#define TESTS_SIM_TOOL_H

#include "sim.h"

#include <stdatomic.h>
#include <sys/types.h>

#define TOOL_JOBS_MAX 64

struct tool_options {
    uint64_t first, last;
    const struct sim_profile *profile; /* NULL: by the seed's number */
    struct sim_recipe recipe;          /* of every seed; the tool fills in seed and profile */
    struct sim_mask mask;
    bool twice, quiet, shrink;
    unsigned jobs;
    unsigned for_seconds; /* 0: no limit */
    unsigned failures_max, patience, tries;
};

/* What a child leaves behind. */
struct tool_totals {
    uint64_t seeds[16]; /* by profile */
    uint64_t events, log, entries, receipts, alarms, recoveries;
    uint64_t deeds[SIM_DEEDS], tallies[SIM_TALLIES];
    esep_time simulated;
};
struct tool_slot {
    struct sim sim;
    atomic_uint_fast64_t seed; /* 0: between two */
    atomic_uint_fast64_t done;
    struct tool_totals totals;
};

/* How a child ended, in words; "" if well. */
struct tool_end {
    bool failed;
    const char *check; /* the check's format, NULL: it died otherwise */
    char text[1200];
};

const struct sim_profile *tool_profile(const struct tool_options *o, uint64_t seed);
void *tool_shared(size_t len);
/* The child's standard error goes into the file `err`; it ends with `fn(context)`. */
pid_t tool_fork(int err, unsigned patience, void (*fn)(void *context), void *context);
int tool_err_file(void);
void tool_end_of(const struct sim *sim, int status, int err, struct tool_end *ret);
/* The line that repeats a run, and all that is to be said of a failure. */
size_t tool_again(const struct sim_recipe *recipe, char *out, size_t len);
void tool_tell_failure(const struct sim *sim, const struct sim_recipe *recipe,
                       const struct tool_end *end);

/* Each returns the exit status. */
int tool_campaign(const struct tool_options *o);
int tool_shrink(const struct tool_options *o);

#endif
