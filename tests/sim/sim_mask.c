/* tests/sim/sim_mask.c - which of a seed's faults and doings may happen; see sim.h.
 *
 * Each kind of deed counts its own occasions from 1, so that `crash:3` stays the third crash when
 * the losses before it are left out. Ticks, writings and orders draw from streams of their own for
 * the same reason. The frames' fates come from one stream: leaving one out shifts those behind it,
 * and a shrinker has to try.
 */
#include "sim.h"

#include <stdlib.h>

const char *const sim_deed_names[SIM_DEEDS] = {
    [SIM_LOSS] = "loss",         [SIM_REPEAT] = "repeat",       [SIM_REORDER] = "reorder",
    [SIM_CORRUPT] = "corrupt",   [SIM_STALL] = "stall",         [SIM_BLOCK] = "block",
    [SIM_LINE] = "line",         [SIM_LINK] = "link",           [SIM_WINDOW] = "window",
    [SIM_CRASH] = "crash",       [SIM_STEP] = "step",           [SIM_LIE] = "lie",
    [SIM_SMUGGLE] = "smuggle",   [SIM_DISK] = "disk",           [SIM_CLOCK] = "clock",
    [SIM_RESTORE] = "restore",   [SIM_REVOKE] = "revoke",       [SIM_WRITE] = "write",
    [SIM_ORDER] = "order",       [SIM_PARTITION] = "partition", [SIM_LIAR] = "liar",
    [SIM_WITHHOLD] = "withhold", [SIM_PAUSE] = "pause",         [SIM_STOP] = "stop",
    [SIM_RELOAD] = "reload",     [SIM_MALICE] = "malice",       [SIM_BREAK_OFF] = "break-off",
    [SIM_TWIN] = "clone",        [SIM_ENROL] = "enrol",         [SIM_STEAL] = "steal",
    [SIM_ROT] = "rot",           [SIM_PRUNE] = "prune",         [SIM_VERSION] = "version",
    [SIM_ROTATE] = "rotate",     [SIM_SILENCE] = "silence",
};

static uint64_t mixed(uint64_t state, uint64_t word)
{
    struct esep_prng prng = {.state = state ^ word * UINT64_C(0xd1342543de82ef95)};
    return esep_prng_next(&prng);
}

struct esep_prng sim_stream(struct sim *sim, enum sim_deed deed, uint64_t number)
{
    struct esep_prng outer = sim->prng;
    uint64_t state = mixed(sim->seed, (uint64_t)(sim->profile - sim_profiles) + 1);
    sim->prng.state = mixed(mixed(state, (uint64_t)deed + 1), number + 1);
    return outer;
}

static bool allowed(const struct sim_allowed *a, uint64_t number)
{
    size_t low = 0;
    size_t high = a->count;
    if (!a->some)
        return true;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (a->ranges[middle].last < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low < a->count && a->ranges[low].first <= number;
}

/* The tools are tried on a failure that is put there on purpose. */
static void look_at_planted(struct sim *sim)
{
    bool any = false;
    for (size_t i = 0; i < SIM_DEEDS; i++) {
        any = any || sim->recipe->planted[i] > 0;
        if (sim->done[i] < sim->recipe->planted[i])
            return;
    }
    if (any && sim->recipe->planted_aborts)
        abort();
    if (any)
        sim_fail(sim, "planted: as many deeds as --planted says have happened");
}

bool sim_does(struct sim *sim, enum sim_deed deed)
{
    const struct sim_mask *mask = sim->recipe->mask;
    uint64_t number = ++sim->asked[deed];
    if (mask != NULL && !allowed(&mask->deeds[deed], number))
        return false;
    sim->done[deed]++;
    if (sim->recipe->planted[deed] > 0)
        look_at_planted(sim);
    return true;
}

bool sim_strikes(struct sim *sim, uint32_t per_million, enum sim_deed deed)
{
    return sim_chance(sim, per_million) && sim_does(sim, deed);
}

/* Reading and printing. */

static int deed_named(const char *name, size_t len)
{
    for (int i = 0; i < SIM_DEEDS; i++)
        if (strlen(sim_deed_names[i]) == len && memcmp(sim_deed_names[i], name, len) == 0)
            return i;
    return -1;
}

/* "crash", "crash:3" or "crash:3-9"; *text moves behind it and its comma. */
static bool read_item(const char **text, int *ret_deed, struct sim_range *ret)
{
    const char *at = *text;
    size_t len = strcspn(at, ":,");
    *ret_deed = deed_named(at, len);
    *ret = (struct sim_range){1, UINT64_MAX};
    at += len;
    if (*at == ':') {
        char *end = NULL;
        ret->first = ret->last = strtoull(at + 1, &end, 10);
        if (end == at + 1)
            return false;
        if (*end == '-')
            ret->last = strtoull(end + 1, &end, 10);
        at = end;
    }
    if (*ret_deed < 0 || ret->first == 0 || ret->last < ret->first || (*at != ',' && *at != '\0'))
        return false;
    *text = *at == ',' ? at + 1 : at;
    return true;
}

static bool add_range(struct sim_allowed *a, struct sim_range range)
{
    size_t at = a->count;
    if (a->count == SIM_RANGES_MAX)
        return false;
    for (; at > 0 && a->ranges[at - 1].first > range.first; at--)
        a->ranges[at] = a->ranges[at - 1];
    a->ranges[at] = range;
    a->count++;
    for (size_t i = 1; i < a->count;) {
        struct sim_range *one = &a->ranges[i - 1];
        if (a->ranges[i].first > one->last && a->ranges[i].first - one->last > 1) {
            i++;
            continue;
        }
        if (a->ranges[i].last > one->last)
            one->last = a->ranges[i].last;
        memmove(&a->ranges[i], &a->ranges[i + 1], (--a->count - i) * sizeof *one);
    }
    return true;
}

static bool take_out(struct sim_allowed *a, struct sim_range out)
{
    struct sim_allowed *left = calloc(1, sizeof *left);
    bool fits = left != NULL;
    if (!a->some)
        *a = (struct sim_allowed){.some = true, .count = 1, .ranges = {{1, UINT64_MAX}}};
    for (size_t i = 0; fits && i < a->count; i++) {
        struct sim_range r = a->ranges[i];
        if (r.first < out.first)
            fits = add_range(
                left, (struct sim_range){r.first, r.last < out.first - 1 ? r.last : out.first - 1});
        if (fits && r.last > out.last)
            fits = add_range(
                left, (struct sim_range){r.first > out.last + 1 ? r.first : out.last + 1, r.last});
    }
    if (fits) {
        left->some = true;
        *a = *left;
    }
    free(left);
    return fits;
}

bool sim_mask_planted(uint64_t planted[SIM_DEEDS], const char *text)
{
    while (*text != '\0') {
        int deed;
        struct sim_range range;
        if (!read_item(&text, &deed, &range) || range.first != range.last)
            return false;
        planted[deed] = range.first;
    }
    return true;
}

bool sim_mask_without(struct sim_mask *mask, const char *text)
{
    while (*text != '\0') {
        int deed;
        struct sim_range range;
        if (!read_item(&text, &deed, &range) || !take_out(&mask->deeds[deed], range))
            return false;
    }
    return true;
}

bool sim_mask_only(struct sim_mask *mask, const char *text)
{
    bool named[SIM_DEEDS] = {false};
    while (*text != '\0') {
        int deed;
        struct sim_range range;
        if (!read_item(&text, &deed, &range))
            return false;
        if (!named[deed])
            mask->deeds[deed] = (struct sim_allowed){.some = true};
        named[deed] = true;
        if (!add_range(&mask->deeds[deed], range))
            return false;
    }
    return true;
}

struct line {
    char *out;
    size_t len, at;
};

static void say(struct line *line, const char *format, ...) ESEP_PRINTF(2, 3);
static void say(struct line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line->at < line->len ? line->out + line->at : NULL,
                         line->at < line->len ? line->len - line->at : 0, format, args);
    va_end(args);
    line->at += more > 0 ? (size_t)more : 0;
}

static void say_ranges(struct line *line, const char *name, const struct sim_allowed *a,
                       const char **before)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct sim_range *r = &a->ranges[i];
        say(line, "%s%s:%llu", *before, name, (unsigned long long)r->first);
        if (r->last != r->first)
            say(line, "-%llu", (unsigned long long)r->last);
        *before = ",";
    }
}

size_t sim_mask_print(const struct sim_mask *mask, char *out, size_t len)
{
    struct line line = {.out = out, .len = len};
    const char *before = " --without ";
    if (len > 0)
        out[0] = '\0';
    for (size_t i = 0; i < SIM_DEEDS; i++)
        if (mask->deeds[i].some && mask->deeds[i].count == 0) {
            say(&line, "%s%s", before, sim_deed_names[i]);
            before = ",";
        }
    before = " --only ";
    for (size_t i = 0; i < SIM_DEEDS; i++)
        if (mask->deeds[i].some)
            say_ranges(&line, sim_deed_names[i], &mask->deeds[i], &before);
    return line.at;
}
