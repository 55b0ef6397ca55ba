/* bench/main.c - esep-bench: rounds of Esep, its peers between them, and the limits of its parts.
 *
 * Every run has a site of its own (site.h) in a temporary folder, with an empty store. Peers run
 * right after a backlog, so that both meet the same machine: their ratio counts, not the rates.
 */
#include "bench/print.h"
#include "io/log.h"

#include <argp.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

enum {
    OPTION_SINGLE = 256,
    OPTION_SINGLE_OFFICES,
    OPTION_LONE,
    OPTION_KEEP,
    OPTION_LIMITS,
    OPTION_CHECK_CHAIN,
    OPTION_COMPRESS,
    OPTION_SIGNER,
    OPTION_JSON,
    OPTION_PROGRAMS
};

struct choice {
    const char *modes;
    const char *peers;
    const char *plan;
    char programs[BENCH_PATH];
    uint64_t offices, entries, single, single_offices, in_flight, lone, rounds;
    bool limits, json, keep, check_chain, compress, signer;
};

static const struct argp_option options[] = {
    {"modes", 'm', "LIST", 0, "of backlog,single,lone (all)", 0},
    {"offices", 'o', "N", 0, "offices of the backlog (31)", 0},
    {"entries", 'e', "N", 0, "backlog of each office (16000)", 0},
    {"single", OPTION_SINGLE, "N", 0, "reports sent one a frame (120000)", 0},
    {"single-offices", OPTION_SINGLE_OFFICES, "N", 0, "offices that send them (4)", 0},
    {"in-flight", 'f', "N", 0, "reports under way over all offices (256)", 0},
    {"lone", OPTION_LONE, "N", 0, "reports sent one at a time (1000)", 0},
    {"rounds", 'r', "N", 0, "how often (3)", 0},
    {"peers", 'p', "LIST", 0, "of redis,postgres; none (redis)", 0},
    {"limits", OPTION_LIMITS, NULL, 0, "measure the parts alone as well", 0},
    {"check-chain", OPTION_CHECK_CHAIN, NULL, 0,
     "the offices' cores hash entries again as they read them, as from a disk", 0},
    {"compress", OPTION_COMPRESS, NULL, 0, "backlog and lone: frames are packed", 0},
    {"signer", OPTION_SIGNER, NULL, 0, "the log's key is with a signer, a process of its own", 0},
    {"plan", 'P', "FILE", 0, "plan to load (config/plans/kz-1347-2012.yaml)", 0},
    {"programs", OPTION_PROGRAMS, "FOLDER", 0, "where esep-broker and esep-collector are", 0},
    {"json", OPTION_JSON, NULL, 0, "print JSON (esep-bench/1)", 0},
    {"keep", OPTION_KEEP, NULL, 0, "leave the temporary folders", 0},
    {0},
};

static uint64_t number(const char *text, uint64_t most, struct argp_state *state)
{
    char *end = NULL;
    const unsigned long long value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > most)
        argp_error(state, "'%s' is no number from 1 to %llu", text, (unsigned long long)most);
    return value;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct choice *c = state->input;
    switch (key) {
    case 'm':
        c->modes = value;
        return 0;
    case 'p':
        c->peers = value;
        return 0;
    case 'P':
        c->plan = value;
        return 0;
    case 'o':
        c->offices = number(value, BENCH_OFFICES_MAX, state);
        return 0;
    case 'e':
        c->entries = number(value, 10000000, state);
        return 0;
    case 'f':
        c->in_flight = number(value, BENCH_FLIGHTS, state);
        return 0;
    case 'r':
        c->rounds = number(value, BENCH_ROUNDS_MAX, state);
        return 0;
    case OPTION_SINGLE:
        c->single = number(value, 10000000, state);
        return 0;
    case OPTION_SINGLE_OFFICES:
        c->single_offices = number(value, BENCH_OFFICES_MAX, state);
        return 0;
    case OPTION_LONE:
        c->lone = number(value, 1000000, state);
        return 0;
    case OPTION_LIMITS:
        c->limits = true;
        return 0;
    case OPTION_CHECK_CHAIN:
        c->check_chain = true;
        return 0;
    case OPTION_COMPRESS:
        c->compress = true;
        return 0;
    case OPTION_SIGNER:
        c->signer = true;
        return 0;
    case OPTION_JSON:
        c->json = true;
        return 0;
    case OPTION_KEEP:
        c->keep = true;
        return 0;
    case OPTION_PROGRAMS:
        (void)snprintf(c->programs, sizeof c->programs, "%s", value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool listed(const char *list, const char *name)
{
    const size_t len = strlen(name);
    for (const char *at = list; *at != '\0'; at += strcspn(at, ",") + (strchr(at, ',') != NULL))
        if (strncmp(at, name, len) == 0 && (at[len] == ',' || at[len] == '\0'))
            return true;
    return false;
}

static struct bench_load load_of(const struct choice *c, enum bench_mode mode)
{
    struct bench_load load = {.mode = mode, .check_chain = c->check_chain, .compress = c->compress};
    switch (mode) {
    case BENCH_SINGLE:
        load.offices = (uint32_t)c->single_offices;
        load.entries = c->single / c->single_offices;
        load.in_flight = (uint32_t)c->in_flight;
        break;
    case BENCH_LONE:
        load.offices = 1;
        load.entries = c->lone + 20;
        load.warm_up = 20;
        break;
    default:
        load.offices = (uint32_t)c->offices;
        load.entries = c->entries;
        break;
    }
    return load;
}

static enum esep_status run_mode(const struct choice *c, enum bench_mode mode,
                                 struct bench_round *round, struct esep_reason *reason)
{
    const struct bench_load load = load_of(c, mode);
    struct bench_site site;
    enum esep_status status =
        bench_site_open(&site, c->programs, c->plan, load.offices, c->signer, reason);
    if (status == ESEP_OK)
        status = bench_load_run(&site, &load, &round->modes[mode], reason);
    bench_site_close(&site, c->keep);
    round->ran[mode] = status == ESEP_OK;
    if (status == ESEP_OK)
        bench_print_outcome(c->json ? stderr : stdout, &round->modes[mode]);
    return status;
}

static enum esep_status run_round(const struct choice *c, struct bench_round *round,
                                  struct esep_reason *reason)
{
    FILE *out = c->json ? stderr : stdout;
    enum esep_status status = ESEP_OK;
    for (int mode = 0; status == ESEP_OK && mode < BENCH_MODES; mode++) {
        if (!listed(c->modes, bench_mode_names[mode]))
            continue;
        status = run_mode(c, (enum bench_mode)mode, round, reason);
        for (unsigned p = 0; status == ESEP_OK && mode == BENCH_BACKLOG && p < bench_peer_count;
             p++) {
            if (!listed(c->peers, bench_peers[p].name))
                continue;
            status = bench_peers[p].measure(c->offices * c->entries, &round->peers[p], reason);
            if (status == ESEP_OK)
                (void)fprintf(out, "%s: %.0f records/s; backlog / %s = %.2f\n", bench_peers[p].name,
                              round->peers[p], bench_peers[p].name,
                              round->modes[BENCH_BACKLOG].rate / round->peers[p]);
        }
        (void)fflush(out);
    }
    return status;
}

static uint64_t records_a_commit(const struct bench_report *report)
{
    const struct bench_round *last = &report->rounds[report->round_count - 1];
    return last->ran[BENCH_BACKLOG] ? (uint64_t)last->modes[BENCH_BACKLOG].entries_a_commit : 1000;
}

static enum esep_status run_all(const struct choice *c, struct bench_report *report,
                                struct esep_reason *reason)
{
    enum esep_status status = ESEP_OK;
    while (status == ESEP_OK && report->round_count < c->rounds) {
        status = run_round(c, &report->rounds[report->round_count], reason);
        report->round_count += status == ESEP_OK;
    }
    if (status == ESEP_OK && c->limits) {
        status = bench_limits_measure(&report->limits, records_a_commit(report), reason);
        report->limits_ran = status == ESEP_OK;
    }
    if (status == ESEP_OK && c->json)
        return bench_print_json(stdout, report);
    if (status == ESEP_OK)
        bench_print_text(stdout, report);
    return status;
}

/* The other programs lie beside this one. */
static void find_programs(char out[BENCH_PATH])
{
    char path[BENCH_PATH] = "";
    const ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    char *slash = len > 0 ? strrchr(path, '/') : NULL;
    if (slash != NULL)
        *slash = '\0';
    (void)snprintf(out, BENCH_PATH, "%s", slash != NULL ? path : ".");
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc =
            "Plays many offices against a real broker and collector, and prints durable receipts "
            "a second, latency, and what each process cost."};
    struct choice c = {.modes = "backlog,single,lone",
                       .peers = "redis",
                       .plan = "config/plans/kz-1347-2012.yaml",
                       .offices = 31,
                       .entries = 16000,
                       .single = 120000,
                       .single_offices = 4,
                       .in_flight = 256,
                       .lone = 1000,
                       .rounds = 3};
    struct esep_reason reason = {""};
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    find_programs(c.programs);
    (void)argp_parse(&argp, argc, argv, 0, NULL, &c);
    esep_log_init("esep-bench", ESEP_LOG_WARNING);
    if (esep_crypto_init() != ESEP_OK)
        return EX_UNAVAILABLE;
    struct bench_report *report = calloc(1, sizeof *report);
    enum esep_status status = report != NULL ? run_all(&c, report, &reason) : ESEP_NOMEM;
    free(report);
    if (status != ESEP_OK)
        (void)fprintf(stderr, "esep-bench: %s\n",
                      reason.text[0] != '\0' ? reason.text : esep_status_name(status));
    return esep_status_exit(status);
}
