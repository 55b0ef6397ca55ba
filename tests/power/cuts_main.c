/* tests/power/cuts_main.c - esep-power-cuts: worlds cut at every flush, by seed; see cuts.h. */
#include "cuts.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct words {
    struct cuts_options options;
    const char *world;
    uint64_t rounds;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *w = state->input;
    switch (key) {
    case 'w':
        w->world = value;
        return 0;
    case 's':
        w->options.seed = strtoull(value, NULL, 10);
        return 0;
    case 'r':
        w->rounds = strtoull(value, NULL, 10);
        return 0;
    case 'i':
        w->options.images = (unsigned)strtoul(value, NULL, 10);
        return 0;
    case 'f':
        w->options.faults = (unsigned)strtoul(value, NULL, 10);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* In memory where there is a folder in memory: a disk that is cut need not be a slow one. */
static bool make_scratch(char out[256])
{
    const char *chosen = getenv("TMPDIR");
    const char *folder = chosen != NULL                         ? chosen
                         : access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm"
                                                                : P_tmpdir;
    (void)snprintf(out, 256, "%s/esep-power-XXXXXX", folder);
    return mkdtemp(out) != NULL;
}

int main(int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"world", 'w', "NAME", 0, "journal, log or files (default: all)", 0},
        {"seed", 's', "N", 0, "the first seed", 0},
        {"rounds", 'r', "N", 0, "how many seeds", 0},
        {"images", 'i', "N", 0, "disks drawn for each operation", 0},
        {"faults", 'f', "N", 0, "of a thousand steps, so many meet a failing write or sync", 0},
        {0}};
    static const struct argp argp = {
        .options = table,
        .parser = parse,
        .doc = "Cuts the power of journal and store at every operation, and opens what is left."};
    static const struct cuts_world *const worlds[] = {&cuts_journal, &cuts_log, &cuts_files};
    struct words w = {.options = {.seed = 1, .images = 2, .faults = 150}, .rounds = 1};
    struct cuts_totals totals = {0};
    char scratch[256];
    bool fine = true;
    uint64_t ran = 0;
    (void)argp_parse(&argp, argc, argv, 0, NULL, &w);
    if (esep_crypto_init() != ESEP_OK || !make_scratch(scratch)) {
        perror("a folder for the disks");
        return EXIT_FAILURE;
    }
    w.options.scratch = scratch;
    for (uint64_t i = 0; fine && i < w.rounds; i++, w.options.seed++)
        for (size_t k = 0; fine && k < sizeof worlds / sizeof worlds[0]; k++)
            if (w.world == NULL || strcmp(w.world, worlds[k]->name) == 0) {
                fine = cuts_run(worlds[k], &w.options, &totals);
                ran++;
            }
    power_remove(scratch);
    printf("%llu runs, %llu steps, %llu faults, %llu operations, %llu flushes, %llu disks opened, "
           "%llu of them after a second cut: %s\n",
           (unsigned long long)ran, (unsigned long long)totals.steps,
           (unsigned long long)totals.faults, (unsigned long long)totals.operations,
           (unsigned long long)totals.flushes, (unsigned long long)totals.images,
           (unsigned long long)totals.second_cuts, fine && ran > 0 ? "all well" : "WRONG");
    return fine && ran > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
