/* tests/sim/tool_campaign.c - many seeds on many cores: who runs what, how far it is, what came of
 * it; see tool.h.
 *
 * Each worker is a process that takes the next number until there is none or the time is up. One
 * that dies takes its seed with it: the failure is noted and another takes its place. The order in
 * which seeds end has no influence on any of them.
 */
#include "tool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FAILURES_LISTED 100 /* again, in the summary */

struct board {
    atomic_uint_fast64_t next;
    atomic_bool stop;
    struct tool_slot slots[];
};

struct worker {
    struct campaign *campaign;
    struct tool_slot *slot;
    int err;
    pid_t pid; /* 0: none */
};

struct failure {
    uint64_t seed;
    char again[400];
    char text[300];
};

struct campaign {
    const struct tool_options *o;
    struct board *board;
    double began, until;
    bool progress;
    struct worker workers[TOOL_JOBS_MAX];
    struct failure failures[FAILURES_LISTED];
    unsigned failed;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

static double clock_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* In the worker. */

static void add(struct tool_totals *t, const struct sim *sim)
{
    t->seeds[sim->profile - sim_profiles]++;
    t->events += sim->steps;
    t->entries += sim->truth.entries;
    t->receipts += sim->truth.receipts;
    t->alarms += sim->truth.alarms;
    t->log += sim->collector.disk.count;
    t->simulated += sim->now - sim->start;
    for (size_t i = 0; i < SIM_DEEDS; i++)
        t->deeds[i] += sim->done[i];
    for (size_t i = 0; i < SIM_TALLIES; i++)
        t->tallies[i] += sim->tallies[i];
    for (int i = 0; i < sim->office_count; i++)
        t->recoveries += sim->offices[i].recoveries;
}

static void say_seed(const struct sim *sim)
{
    printf(
        "seed %llu %s: %llu events, %zu entries, %llu receipts, %.1f days, trace %016llx%016llx\n",
        (unsigned long long)sim->seed, sim->profile->name, (unsigned long long)sim->steps,
        sim->collector.disk.count, (unsigned long long)sim->truth.receipts,
        (double)(sim->now - sim->start) / (double)ESEP_DAY, (unsigned long long)sim->trace[0],
        (unsigned long long)sim->trace[1]);
    (void)fflush(stdout);
}

static void run_seed(const struct tool_options *o, struct tool_slot *slot, uint64_t seed)
{
    struct sim_recipe recipe = o->recipe;
    struct sim *sim = &slot->sim;
    recipe.seed = seed;
    recipe.profile = tool_profile(o, seed);
    recipe.mask = &o->mask;
    sim_run(&recipe, sim);
    if (!o->quiet)
        say_seed(sim);
    add(&slot->totals, sim);
    if (o->twice) {
        const uint64_t trace[2] = {sim->trace[0], sim->trace[1]};
        recipe.print = false;
        sim_done(sim);
        sim_run(&recipe, sim);
        if (memcmp(trace, sim->trace, sizeof trace) != 0)
            sim_fail(sim, "the second run has another trace: the seed does not decide everything");
    }
    sim_done(sim);
}

static void work(void *context)
{
    struct worker *w = context;
    const struct campaign *c = w->campaign;
    while (!atomic_load(&c->board->stop) && (c->until == 0 || clock_now() < c->until)) {
        uint64_t seed = atomic_fetch_add(&c->board->next, 1);
        if (seed > c->o->last)
            break;
        (void)alarm(c->o->patience);
        atomic_store(&w->slot->seed, seed);
        run_seed(c->o, w->slot, seed);
        atomic_store(&w->slot->seed, 0);
        atomic_fetch_add(&w->slot->done, 1);
    }
}

/* In the parent. */

static uint64_t done_so_far(const struct campaign *c)
{
    uint64_t done = c->failed;
    for (unsigned i = 0; i < c->o->jobs; i++)
        done += atomic_load(&c->workers[i].slot->done);
    return done;
}

static void show_progress(const struct campaign *c)
{
    const double most = 1e15;
    double took = clock_now() - c->began;
    uint64_t done = done_so_far(c);
    uint64_t all = c->o->last - c->o->first + 1;
    double rate = took > 0 ? (double)done / took : 0;
    double left = rate > 0 ? (double)(all - done) / rate : most;
    if (!c->progress || took < 0.5)
        return;
    if (c->until > 0 && c->until - clock_now() < left)
        left = c->until > clock_now() ? c->until - clock_now() : 0;
    char bar[21] = "....................";
    double part = left < most ? took / (took + left) : 0;
    memset(bar, '#', (size_t)(20 * part));
    (void)fprintf(stderr, "\r[%s] %llu of %llu seeds, %.0f/s, %u failed, %.0f s left \033[K", bar,
                  (unsigned long long)done, (unsigned long long)all, rate, c->failed,
                  left < most ? left : 0);
}

static void note_failure(struct campaign *c, struct worker *w, int status)
{
    struct tool_end end;
    struct sim_recipe recipe = c->o->recipe;
    uint64_t seed = atomic_load(&w->slot->seed);
    tool_end_of(&w->slot->sim, status, w->err, &end);
    if (seed == 0 || seed != w->slot->sim.seed) { /* between two seeds: leaks, or killed */
        (void)fprintf(stderr, "a worker ended between two seeds: %s\n", end.text);
        c->failed++;
        return;
    }
    recipe.seed = seed;
    recipe.profile = tool_profile(c->o, seed);
    recipe.mask = &c->o->mask;
    if (c->progress)
        (void)fprintf(stderr, "\r\033[K");
    tool_tell_failure(&w->slot->sim, &recipe, &end);
    if (c->failed < FAILURES_LISTED) {
        struct failure *f = &c->failures[c->failed];
        f->seed = seed;
        (void)tool_again(&recipe, f->again, sizeof f->again);
        (void)snprintf(f->text, sizeof f->text, "%.299s", end.text);
    }
    c->failed++;
    atomic_store(&w->slot->seed, 0);
}

static void start(struct worker *w)
{
    w->pid = tool_fork(w->err, w->campaign->o->patience, work, w);
    if (w->pid < 0) {
        perror("esep-sim: fork");
        exit(EXIT_FAILURE);
    }
}

/* false: nobody works any more. */
static bool reap(struct campaign *c)
{
    bool working = false;
    for (unsigned i = 0; i < c->o->jobs; i++) {
        struct worker *w = &c->workers[i];
        int status;
        if (w->pid == 0)
            continue;
        if (waitpid(w->pid, &status, WNOHANG) != w->pid) {
            working = true;
            continue;
        }
        w->pid = 0;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            continue;
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE)
            exit(EXIT_FAILURE); /* nobody reads the trace any more: `--trace | head` */
        note_failure(c, w, status);
        if (c->failed >= c->o->failures_max)
            atomic_store(&c->board->stop, true);
        else if (!atomic_load(&c->board->stop)) {
            start(w);
            working = true;
        }
    }
    return working;
}

static void sum(struct tool_totals *all, const struct tool_totals *one)
{
    for (size_t i = 0; i < sizeof all->seeds / sizeof all->seeds[0]; i++)
        all->seeds[i] += one->seeds[i];
    for (size_t i = 0; i < SIM_DEEDS; i++)
        all->deeds[i] += one->deeds[i];
    for (size_t i = 0; i < SIM_TALLIES; i++)
        all->tallies[i] += one->tallies[i];
    all->events += one->events;
    all->log += one->log;
    all->entries += one->entries;
    all->receipts += one->receipts;
    all->alarms += one->alarms;
    all->recoveries += one->recoveries;
    all->simulated += one->simulated;
}

static void say_failures(const struct campaign *c)
{
    unsigned listed = c->failed < FAILURES_LISTED ? c->failed : FAILURES_LISTED;
    printf("%u FAILED%s:\n", c->failed,
           c->failed >= c->o->failures_max ? ", and no more were tried" : "");
    for (unsigned i = 0; i < listed; i++)
        printf("  %s --trace\n      %s\n", c->failures[i].again, c->failures[i].text);
    printf("make one small: the same line with --shrink in place of --trace\n");
}

static void say_summary(const struct campaign *c)
{
    struct tool_totals t = {0};
    double took = clock_now() - c->began;
    for (unsigned i = 0; i < c->o->jobs; i++)
        sum(&t, &c->workers[i].slot->totals);
    uint64_t seeds = done_so_far(c);
    printf("%llu seeds in %.1f s, %.1f a second:", (unsigned long long)seeds, took,
           (double)seeds / (took > 0 ? took : 1));
    for (size_t i = 0; i < sim_profile_count; i++)
        printf("%s %s %llu", i > 0 ? "," : "", sim_profiles[i].name,
               (unsigned long long)t.seeds[i]);
    printf("\n%.1f simulated years, %llu events, %llu log entries, %llu of offices, %llu receipts, "
           "%llu alarms, %llu recoveries\nhappened:",
           (double)t.simulated / (365.25 * (double)ESEP_DAY), (unsigned long long)t.events,
           (unsigned long long)t.log, (unsigned long long)t.entries, (unsigned long long)t.receipts,
           (unsigned long long)t.alarms, (unsigned long long)t.recoveries);
    for (size_t i = 0; i < SIM_DEEDS; i++)
        printf("%s %s %llu", i > 0 ? "," : "", sim_deed_names[i], (unsigned long long)t.deeds[i]);
    printf("\nin detail:");
    for (size_t i = 0; i < SIM_TALLIES; i++)
        printf("%s %s %llu", i > 0 ? "," : "", sim_tally_names[i],
               (unsigned long long)t.tallies[i]);
    printf("\n");
    if (interrupted)
        printf("interrupted\n");
    if (c->failed > 0)
        say_failures(c);
    else
        printf("all well\n");
}

static void run_all(struct campaign *c)
{
    const struct timespec tick = {.tv_nsec = 200000000};
    sigset_t child;
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, NULL);
    const struct sigaction action = {.sa_handler = on_interrupt};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    for (unsigned i = 0; i < c->o->jobs; i++)
        start(&c->workers[i]);
    while (reap(c)) {
        if (interrupted)
            atomic_store(&c->board->stop, true);
        show_progress(c);
        (void)sigtimedwait(&child, NULL, &tick);
    }
    if (c->progress)
        (void)fprintf(stderr, "\r\033[K");
}

int tool_campaign(const struct tool_options *o)
{
    struct campaign *c = calloc(1, sizeof *c);
    if (c == NULL)
        return EXIT_FAILURE;
    c->o = o;
    c->board = tool_shared(sizeof *c->board + o->jobs * sizeof(struct tool_slot));
    c->began = clock_now();
    c->until = o->for_seconds > 0 ? c->began + o->for_seconds : 0;
    c->progress = o->quiet && isatty(2) != 0;
    atomic_store(&c->board->next, o->first);
    for (unsigned i = 0; i < o->jobs; i++)
        c->workers[i] =
            (struct worker){.campaign = c, .slot = &c->board->slots[i], .err = tool_err_file()};
    run_all(c);
    say_summary(c);
    int status = c->failed > 0 || interrupted ? EXIT_FAILURE : EXIT_SUCCESS;
    for (unsigned i = 0; i < o->jobs; i++)
        (void)close(c->workers[i].err);
    free(c);
    return status;
}
