/* tests/sim/main.c - esep-sim and esep-sim-fast: run seeds of the simulated country, say which one
 * to look at, and make it small; see sim.h for the country and tool.h for the tool.
 *
 *   esep-sim --seed 7 --trace                       one seed, told line by line
 *   esep-sim-fast --seeds 1..200000 --jobs 2 -q     a campaign, with a progress line on a terminal
 *   esep-sim --seeds 1..9999 --for 60               as many as begin within a minute
 *   esep-sim --seeds 1..50 --profile disk --twice   each twice: the traces must be the same
 *   esep-sim-fast --seed 53 --profile disk --shrink the smallest run that fails as this one does
 *
 * Two programs of the same objects. esep-sim has the cryptography that ships; esep-sim-fast has
 * sim_crypto.c in its place, which is what most seeds can do without, and five times the seeds. The
 * same seed is another story in each, since keys and jitter differ: a line that repeats a failure
 * names the program.
 *
 * A run is decided by its seed, its profile, and what it does without. Every fault, every writing
 * of a clerk and every order has a kind and a number (`crash:3` is the third crash that the seed
 * asks for); --without leaves some out, --only leaves out the rest of a kind, --offices, --brokers
 * and
 * --until bound the whole. The shrinker looks for the smallest of these and prints it as a line.
 *
 * The exit status is 0 if all is well, 1 if a seed failed, 64 for a wrong command line.
 */
#include "tool.h"

#include <argp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    KEY_WITHOUT = 256,
    KEY_ONLY,
    KEY_OFFICES,
    KEY_BROKERS,
    KEY_UNTIL,
    KEY_FOR,
    KEY_FAILURES,
    KEY_PATIENCE,
    KEY_SHRINK,
    KEY_TRIES,
    KEY_COUNT,
    KEY_PLANTED,
    KEY_PLANTED_ABORT
};

static const struct argp_option table[] = {
    {0, 0, NULL, 0, "What to run:", 1},
    {"seed", 's', "N", 0, "the seed to run, from 1", 1},
    {"seeds", 's', "A..B", 0, "the seeds to run", 1},
    {"count", KEY_COUNT, "N", 0, "so many, from the first seed on", 1},
    {"profile", 'p', "NAME", 0, "what goes wrong; `list` says which there are (else by the seed)",
     1},
    {"twice", '2', NULL, 0, "run each seed twice and compare the traces", 1},
    {"jobs", 'j', "N", 0, "so many at a time; 0: one for each core (default 1)", 1},
    {"for", KEY_FOR, "SECONDS", 0, "begin no seed after so many seconds", 1},
    {"failures", KEY_FAILURES, "N", 0, "stop after so many failures (default 20)", 1},
    {"patience", KEY_PATIENCE, "SECONDS", 0, "a seed that takes longer has failed (default 300)",
     1},
    {0, 0, NULL, 0, "What it does without:", 2},
    {"without", KEY_WITHOUT, "LIST", 0,
     "leave out kinds or single ones: loss,crash:3,write:7-12; `list` says which kinds there are",
     2},
    {"only", KEY_ONLY, "LIST", 0, "of the kinds named, leave out all but these", 2},
    {"offices", KEY_OFFICES, "N", 0, "at most so many offices", 2},
    {"brokers", KEY_BROKERS, "N", 0, "at most so many brokers", 2},
    {"until", KEY_UNTIL, "SECONDS", 0, "end the faults so long after the beginning, at the latest",
     2},
    {0, 0, NULL, 0, "What to say:", 3},
    {"trace", 't', NULL, 0, "tell what happens, line by line", 3},
    {"quiet", 'q', NULL, 0, "the summary alone; a progress line on a terminal", 3},
    {"shrink", KEY_SHRINK, NULL, 0, "look for the smallest run that fails as this seed does", 3},
    {"tries", KEY_TRIES, "N", 0, "... in at most so many runs (default 3000)", 3},
    {"planted", KEY_PLANTED, "LIST", 0,
     "fail once so many of each have happened (crash:3,clock:1): a test of the tool", 3},
    {"planted-abort", KEY_PLANTED_ABORT, NULL, 0, "... by abort()", 3},
    {0}};

static const struct sim_profile *profile_named(const char *name)
{
    for (size_t i = 0; i < sim_profile_count; i++)
        if (strcmp(sim_profiles[i].name, name) == 0)
            return &sim_profiles[i];
    return NULL;
}

static void list_profiles(void)
{
    for (size_t i = 0; i < sim_profile_count; i++)
        printf("%s\n", sim_profiles[i].name);
    exit(EXIT_SUCCESS);
}

static void list_deeds(void)
{
    for (size_t i = 0; i < SIM_DEEDS; i++)
        printf("%s\n", sim_deed_names[i]);
    exit(EXIT_SUCCESS);
}

static bool read_range(const char *text, struct tool_options *o)
{
    char *end = NULL;
    o->first = o->last = strtoull(text, &end, 10);
    if (end != text && strncmp(end, "..", 2) == 0) {
        const char *second = end + 2;
        o->last = strtoull(second, &end, 10);
        if (end == second)
            return false;
    }
    return end != text && *end == '\0' && o->first > 0 && o->first <= o->last;
}

static uint64_t number(struct argp_state *state, const char *text, uint64_t least, uint64_t most)
{
    char *end = NULL;
    uint64_t n = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || n < least || n > most)
        argp_error(state, "'%s' is no number from %llu to %llu", text, (unsigned long long)least,
                   (unsigned long long)most);
    return n;
}

static void parse_profile(struct tool_options *o, const char *value, struct argp_state *state)
{
    if (strcmp(value, "list") == 0)
        list_profiles();
    o->profile = profile_named(value);
    if (o->profile == NULL)
        argp_error(state, "'%s' is no profile; --profile list says which there are", value);
}

static void parse_mask(struct tool_options *o, int key, const char *value, struct argp_state *state)
{
    if (strcmp(value, "list") == 0)
        list_deeds();
    bool good = key == KEY_WITHOUT ? sim_mask_without(&o->mask, value)
                : key == KEY_ONLY  ? sim_mask_only(&o->mask, value)
                                   : sim_mask_planted(o->recipe.planted, value);
    if (!good)
        argp_error(state, "'%s' is no list of deeds; --without list says which there are", value);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct tool_options *o = state->input;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    switch (key) {
    case 's':
        if (!read_range(value, o))
            argp_error(state, "'%s' is no seed and no range A..B", value);
        return 0;
    case 'p':
        parse_profile(o, value, state);
        return 0;
    case 't':
        o->recipe.print = true;
        return 0;
    case '2':
        o->twice = true;
        return 0;
    case 'q':
        o->quiet = true;
        return 0;
    case 'j':
        o->jobs = (unsigned)number(state, value, 0, TOOL_JOBS_MAX);
        if (o->jobs == 0)
            o->jobs = cores < 1 ? 1 : cores < TOOL_JOBS_MAX ? (unsigned)cores : TOOL_JOBS_MAX;
        return 0;
    case KEY_COUNT:
        o->last = o->first + number(state, value, 1, UINT32_MAX) - 1;
        return 0;
    case KEY_FOR:
        o->for_seconds = (unsigned)number(state, value, 1, 30u * 86400);
        return 0;
    case KEY_FAILURES:
        o->failures_max = (unsigned)number(state, value, 1, 100000);
        return 0;
    case KEY_PATIENCE:
        o->patience = (unsigned)number(state, value, 1, 86400);
        return 0;
    case KEY_TRIES:
        o->tries = (unsigned)number(state, value, 1, 1000000);
        return 0;
    case KEY_WITHOUT:
    case KEY_ONLY:
    case KEY_PLANTED:
        parse_mask(o, key, value, state);
        return 0;
    case KEY_PLANTED_ABORT:
        o->recipe.planted_aborts = true;
        return 0;
    case KEY_OFFICES:
        o->recipe.offices_max = (int)number(state, value, 1, SIM_OFFICES);
        return 0;
    case KEY_BROKERS:
        o->recipe.brokers_max = (int)number(state, value, 1, SIM_BROKERS);
        return 0;
    case KEY_UNTIL:
        o->recipe.until = (esep_time)number(state, value, 1, UINT32_MAX) * ESEP_SECOND;
        return 0;
    case KEY_SHRINK:
        o->shrink = true;
        return 0;
    case ARGP_KEY_END:
        if (o->shrink && o->first != o->last)
            argp_error(state, "--shrink takes one seed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = table,
        .parser = parse,
        .doc = "Runs the cores of agent, broker and collector in a simulated country where "
               "everything goes wrong, and checks all the time that nothing is lost.\v"
               "A failing seed is told with the line that repeats it. The exit status is 0 if all "
               "is well, 1 if a seed failed, 64 for a wrong command line."};
    static struct tool_options o = {
        .first = 1, .last = 1, .jobs = 1, .failures_max = 20, .patience = 300, .tries = 3000};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &o);
    if (esep_crypto_init() != ESEP_OK)
        return EXIT_FAILURE;
    return o.shrink ? tool_shrink(&o) : tool_campaign(&o);
}
