/* tests/sim/main.c - esep-sim: runs seeds, and says which one to look at; see sim.h.
 *
 *   esep-sim --seed 7 --trace              one seed, told line by line
 *   esep-sim --seeds 1..500                many, each under the profile its number names
 *   esep-sim --seeds 1..50 --profile disk --twice
 */
#include "sim.h"

#include <argp.h>
#include <stdlib.h>

struct options {
    uint64_t first, last;
    const char *profile;
    bool trace, twice, quiet;
};

struct totals {
    uint64_t seeds, events, entries, receipts, log;
    uint64_t crashes, recoveries, restores;
    esep_time simulated;
};

static const struct sim_profile *profile_of(const struct options *o, uint64_t seed)
{
    for (size_t i = 0; o->profile != NULL && i < sim_profile_count; i++)
        if (strcmp(sim_profiles[i].name, o->profile) == 0)
            return &sim_profiles[i];
    return &sim_profiles[seed % sim_profile_count];
}

static void add(struct totals *t, const struct sim *sim)
{
    t->seeds++;
    t->events += sim->steps;
    t->entries += sim->truth.entries;
    t->receipts += sim->truth.receipts;
    t->log += sim->collector.disk.count;
    t->restores += sim->collector.restores;
    t->simulated += sim->now - sim->start;
    for (int i = 0; i < sim->office_count; i++) {
        t->recoveries += sim->offices[i].recoveries;
        t->restores += sim->offices[i].restores;
    }
}

static void run_one(const struct options *o, uint64_t seed, struct sim *sim, struct totals *totals)
{
    const struct sim_profile *profile = profile_of(o, seed);
    char hex[65];
    struct sim_recipe recipe = {.seed = seed, .profile = profile, .print = o->trace};
    sim_run(&recipe, sim);
    struct esep_hash trace = sim->trace;
    add(totals, sim);
    esep_hex(trace.bytes, sizeof trace.bytes, hex);
    if (!o->quiet)
        printf("seed %llu %s: %llu events, %zu entries, %llu receipts, %.1f days, trace %s\n",
               (unsigned long long)seed, profile->name, (unsigned long long)sim->steps,
               sim->collector.disk.count, (unsigned long long)sim->truth.receipts,
               (double)(sim->now - sim->start) / (double)ESEP_DAY, hex);
    sim_done(sim);
    if (!o->twice)
        return;
    recipe.print = false;
    sim_run(&recipe, sim);
    if (!esep_hash_equal(&trace, &sim->trace))
        sim_fail(sim, "the second run has another trace: something is not decided by the seed");
    sim_done(sim);
}

static bool read_range(const char *text, struct options *o)
{
    char *end = NULL;
    o->first = o->last = strtoull(text, &end, 10);
    if (end != text && strncmp(end, "..", 2) == 0) {
        const char *second = end + 2;
        o->last = strtoull(second, &end, 10);
        if (end == second)
            return false;
    }
    return end != text && *end == '\0' && o->first <= o->last;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 's':
        if (!read_range(value, o))
            argp_error(state, "'%s' is no seed and no range A..B", value);
        return 0;
    case 'p':
        o->profile = value;
        for (size_t i = 0; i < sim_profile_count; i++)
            if (strcmp(sim_profiles[i].name, value) == 0)
                return 0;
        argp_error(state, "'%s' is no profile", value);
        return 0;
    case 't':
        o->trace = true;
        return 0;
    case '2':
        o->twice = true;
        return 0;
    case 'q':
        o->quiet = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"seed", 's', "N", 0, "the seed to run", 0},
        {"seeds", 's', "A..B", 0, "the seeds to run", 0},
        {"profile", 'p', "NAME", 0,
         "calm, lossy, crashes, byzantine, disk, clocks, everything (else by the seed's number)",
         0},
        {"trace", 't', NULL, 0, "tell what happens, line by line", 0},
        {"twice", '2', NULL, 0, "run each seed twice and compare the traces", 0},
        {"quiet", 'q', NULL, 0, "the summary alone", 0},
        {0}};
    static const struct argp argp = {
        .options = table,
        .parser = parse,
        .doc = "Runs the cores of agent, broker and collector in a simulated country where "
               "everything goes wrong, and checks all the time that nothing is lost."};
    struct options o = {.first = 1, .last = 1};
    struct totals t = {0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &o);
    struct sim *sim = malloc(sizeof *sim);
    if (sim == NULL || esep_crypto_init() != ESEP_OK)
        return EXIT_FAILURE;
    for (uint64_t seed = o.first;; seed++) {
        run_one(&o, seed, sim, &t);
        if (seed == o.last)
            break;
    }
    free(sim);
    printf("%llu seeds, %.1f simulated years, %llu events, %llu log entries, %llu receipts; %llu "
           "restores, %llu recoveries: all well\n",
           (unsigned long long)t.seeds, (double)t.simulated / (365.25 * (double)ESEP_DAY),
           (unsigned long long)t.events, (unsigned long long)t.log, (unsigned long long)t.receipts,
           (unsigned long long)t.restores, (unsigned long long)t.recoveries);
    return EXIT_SUCCESS;
}
