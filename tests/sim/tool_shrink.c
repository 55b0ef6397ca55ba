/* tests/sim/tool_shrink.c - a failing seed made small; see tool.h.
 *
 * Delta debugging over what a run does without. A candidate is kept if it fails by the same check
 * (the same format of sim_fail; of a core that died, the same words up to numbers), with no longer
 * a trace than the seed had. In this order, until a round brings nothing: the end of the faults
 * earlier; fewer offices and brokers; whole kinds left out; then, kind by kind, halves, quarters, …
 * single ones. Every run is a process of its own, so that a core that dies costs nothing.
 */
#include "tool.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct shrinker {
    const struct tool_options *o;
    struct sim *sim; /* shared; of the last run */
    int err;
    struct tool_end first, last;
    struct sim_recipe best;
    struct sim_mask mask; /* best's */
    uint64_t first_lines, best_lines, best_done[SIM_DEEDS], best_asked[SIM_DEEDS];
    unsigned runs;
    bool progress;
};

struct job {
    struct sim *sim;
    const struct sim_recipe *recipe;
};

static void run_job(void *context)
{
    const struct job *job = context;
    sim_run(job->recipe, job->sim);
    _exit(EXIT_SUCCESS); /* no search for leaks: this one is let go as it is */
}

/* false: no process could be made. */
static bool run(struct shrinker *s, const struct sim_recipe *recipe)
{
    struct job job = {.sim = s->sim, .recipe = recipe};
    int status;
    s->runs++;
    s->sim->failed_check = NULL;
    pid_t child = tool_fork(s->err, s->o->patience, run_job, &job);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    tool_end_of(s->sim, status, s->err, &s->last);
    return true;
}

static bool same_words(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            a += strspn(a, "0123456789");
            b += strspn(b, "0123456789");
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return *a == *b;
}

static bool fails_the_same(const struct shrinker *s)
{
    if (!s->last.failed || s->last.check != s->first.check)
        return false;
    return s->last.check != NULL || same_words(s->last.text, s->first.text);
}

static void show(const struct shrinker *s)
{
    if (s->progress)
        (void)fprintf(stderr, "\r%u runs: %llu of %llu lines of trace \033[K", s->runs,
                      (unsigned long long)s->best_lines, (unsigned long long)s->first_lines);
}

static void keep(struct shrinker *s, const struct sim_recipe *recipe)
{
    if (recipe->mask != &s->mask)
        s->mask = *recipe->mask;
    s->best = *recipe;
    s->best.mask = &s->mask;
    s->best_lines = s->sim->lines;
    memcpy(s->best_done, s->sim->done, sizeof s->best_done);
    memcpy(s->best_asked, s->sim->asked, sizeof s->best_asked);
}

/* true: it fails as the seed does, and is the best so far. */
static bool try(struct shrinker *s, const struct sim_recipe *recipe)
{
    if (s->runs >= s->o->tries || !run(s, recipe))
        return false;
    show(s);
    if (!fails_the_same(s) || s->sim->lines > s->first_lines)
        return false;
    keep(s, recipe);
    return true;
}

static bool try_mask(struct shrinker *s, const struct sim_mask *mask)
{
    struct sim_recipe recipe = s->best;
    recipe.mask = mask;
    return try(s, &recipe);
}

/* Halves the time in which something may go wrong, then quarters it back. */
static bool shorten(struct shrinker *s)
{
    bool any = false;
    esep_time low = 0;
    struct sim_recipe recipe = s->best;
    if (!run(s, &s->best))
        return false;
    esep_time high = s->sim->faults_end - s->sim->start;
    while (high - low > ESEP_MINUTE && high - low > high / 32) {
        recipe = s->best;
        recipe.until = (low + (high - low) / 2) / ESEP_SECOND * ESEP_SECOND;
        if (try(s, &recipe)) {
            high = recipe.until;
            any = true;
        } else {
            low = recipe.until;
        }
    }
    return any;
}

static bool fewer(struct shrinker *s, bool offices)
{
    int now = offices ? s->sim->office_count : s->sim->broker_count;
    for (int count = 1; count < now; count++) {
        struct sim_recipe recipe = s->best;
        *(offices ? &recipe.offices_max : &recipe.brokers_max) = count;
        if (try(s, &recipe))
            return true;
    }
    return false;
}

static bool drop_kinds(struct shrinker *s)
{
    bool any = false;
    static struct sim_mask mask;
    mask = s->mask;
    for (size_t i = 0; i < SIM_DEEDS; i++)
        mask.deeds[i] = (struct sim_allowed){.some = true};
    if (try_mask(s, &mask))
        return true;
    for (size_t i = 0; i < SIM_DEEDS; i++) {
        const struct sim_allowed *now = &s->mask.deeds[i];
        if ((now->some && now->count == 0) || s->best_asked[i] == 0)
            continue;
        mask = s->mask;
        mask.deeds[i] = (struct sim_allowed){.some = true};
        any = try_mask(s, &mask) || any;
    }
    return any;
}

/* The numbers of a kind that happened in the best run: what a mask lets through of those asked. */
static uint64_t *numbers_of(const struct shrinker *s, size_t deed, size_t *ret_count)
{
    const struct sim_allowed *a = &s->mask.deeds[deed];
    uint64_t *numbers = calloc((size_t)s->best_done[deed] + 1, sizeof *numbers);
    size_t count = 0;
    if (numbers == NULL)
        abort();
    const struct sim_range all = {1, UINT64_MAX};
    for (size_t i = 0; i < (a->some ? a->count : 1); i++) {
        struct sim_range r = a->some ? a->ranges[i] : all;
        for (uint64_t n = r.first; n <= r.last && n <= s->best_asked[deed]; n++)
            if (count < s->best_done[deed])
                numbers[count++] = n;
    }
    *ret_count = count;
    return numbers;
}

/* Only these numbers; false if they are in too many pieces. */
static bool set_numbers(struct sim_allowed *a, const uint64_t *numbers, size_t count)
{
    *a = (struct sim_allowed){.some = true};
    for (size_t i = 0; i < count; i++) {
        if (a->count > 0 && a->ranges[a->count - 1].last + 1 == numbers[i]) {
            a->ranges[a->count - 1].last = numbers[i];
            continue;
        }
        if (a->count == SIM_RANGES_MAX)
            return false;
        a->ranges[a->count++] = (struct sim_range){numbers[i], numbers[i]};
    }
    return true;
}

static bool thin_out(struct shrinker *s, size_t deed)
{
    static struct sim_mask mask;
    size_t count;
    bool any = false;
    uint64_t *numbers = numbers_of(s, deed, &count);
    uint64_t *fewer_numbers = calloc(count + 1, sizeof *numbers);
    if (fewer_numbers == NULL)
        abort();
    for (size_t chunk = (count + 1) / 2; chunk > 0 && count > 0; chunk /= 2) {
        for (size_t at = 0; at < count;) {
            size_t out = count - at < chunk ? count - at : chunk;
            memcpy(fewer_numbers, numbers, at * sizeof *numbers);
            memcpy(fewer_numbers + at, numbers + at + out, (count - at - out) * sizeof *numbers);
            mask = s->mask;
            if (!set_numbers(&mask.deeds[deed], fewer_numbers, count - out) ||
                !try_mask(s, &mask)) {
                at += chunk;
                continue;
            }
            any = true;
            count -= out;
            memcpy(numbers, fewer_numbers, count * sizeof *numbers);
        }
    }
    free(numbers);
    free(fewer_numbers);
    return any;
}

static bool round_of(struct shrinker *s)
{
    bool any = shorten(s);
    any = fewer(s, true) || any;
    any = fewer(s, false) || any;
    any = drop_kinds(s) || any;
    for (size_t i = 0; i < SIM_DEEDS; i++)
        if (s->best_done[i] > 0)
            any = thin_out(s, i) || any;
    return any;
}

static uint64_t total(const uint64_t counts[SIM_DEEDS])
{
    uint64_t all = 0;
    for (size_t i = 0; i < SIM_DEEDS; i++)
        all += counts[i];
    return all;
}

int tool_shrink(const struct tool_options *o)
{
    static struct shrinker s;
    s = (struct shrinker){.o = o,
                          .sim = tool_shared(sizeof *s.sim),
                          .err = tool_err_file(),
                          .mask = o->mask,
                          .best = o->recipe,
                          .progress = isatty(2) != 0};
    s.best.seed = o->first;
    s.best.profile = tool_profile(o, o->first);
    s.best.mask = &s.mask;
    s.best.print = false;
    if (!run(&s, &s.best))
        return EXIT_FAILURE;
    if (!s.last.failed) {
        printf("seed %llu (%s) does not fail\n", (unsigned long long)o->first,
               s.best.profile->name);
        return EXIT_SUCCESS;
    }
    s.first = s.last;
    s.first_lines = s.sim->lines;
    keep(&s, &s.best);
    uint64_t deeds = total(s.best_done);
    tool_tell_failure(s.sim, &s.best, &s.first);
    while (s.runs < o->tries && round_of(&s)) {}
    if (s.progress)
        (void)fprintf(stderr, "\r\033[K");
    printf("shrunk in %u runs: %llu lines of trace to %llu, %llu faults and doings to %llu\n",
           s.runs, (unsigned long long)s.first_lines, (unsigned long long)s.best_lines,
           (unsigned long long)deeds, (unsigned long long)total(s.best_done));
    (void)run(&s, &s.best);
    tool_tell_failure(s.sim, &s.best, &s.last);
    return EXIT_FAILURE;
}
