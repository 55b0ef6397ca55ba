/* tests/power/cuts.c - see cuts.h. */
#include "cuts.h"

#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct kept_op {
    struct power_op op;
    char *name, *name2;
    uint8_t *data;
};
struct op_list {
    struct kept_op *ops;
    size_t count, cap;
};
struct promise {
    size_t ops; /* from then on */
    size_t done;
    bool between; /* no step is under way, but something else may be there: */
    struct esep_hash also;
};
struct cuts {
    const struct cuts_world *world;
    const struct cuts_options *options;
    struct cuts_totals *totals;
    struct esep_prng prng;
    struct esep_hash *hashes; /* of the twin, after so many steps */
    struct op_list list;
    struct promise *promises;
    size_t promise_count, promise_cap;
    char live[512], image[512], second[512];
    const struct promise *now; /* at the cut */
    bool exactly;              /* nothing is under way there */
    size_t at;                 /* for words */
    const char *data_style, *name_style;
};

static void *more(void *array, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return array;
    *cap = *cap * 2 + 64;
    array = realloc(array, *cap * size);
    if (array == NULL)
        abort();
    return array;
}

static void keep(void *context, const struct power_op *op)
{
    struct op_list *list = context;
    list->ops = more(list->ops, list->count, &list->cap, sizeof *list->ops);
    struct kept_op *kept = &list->ops[list->count++];
    kept->op = *op;
    kept->name = strdup(op->name != NULL ? op->name : "");
    kept->name2 = strdup(op->name2 != NULL ? op->name2 : "");
    kept->data = malloc(op->data.len + 1);
    if (kept->name == NULL || kept->name2 == NULL || kept->data == NULL)
        abort();
    if (op->data.len > 0)
        memcpy(kept->data, op->data.data, op->data.len);
    kept->op.name = kept->name;
    kept->op.name2 = kept->name2;
    kept->op.data = esep_slice(kept->data, op->data.len);
}

static void forget(struct op_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->ops[i].name);
        free(list->ops[i].name2);
        free(list->ops[i].data);
    }
    free(list->ops);
    *list = (struct op_list){0};
}

static bool wrong(const struct cuts *c, const char *what, const char *why)
{
    (void)fprintf(stderr,
                  "%s, seed %llu, cut after operation %zu of %zu (bytes: %s, names: %s): %s: %s\n"
                  "again: esep-power-cuts --world %s --seed %llu --images %u --faults %u\n",
                  c->world->name, (unsigned long long)c->options->seed, c->at, c->list.count,
                  c->data_style, c->name_style, what, why, c->world->name,
                  (unsigned long long)c->options->seed, c->options->images, c->options->faults);
    return false;
}

/* The twin. */

static bool run_twin(struct cuts *c)
{
    struct esep_reason reason = {""};
    void *store = c->world->open(c->live, c->options->seed, &reason);
    c->hashes = calloc(c->world->steps + 1, sizeof *c->hashes);
    if (c->hashes == NULL)
        abort();
    if (store == NULL)
        return wrong(c, "the twin does not open", reason.text);
    c->hashes[0] = power_rows_hash(c->world->env(store));
    for (size_t n = 0; n < c->world->steps; n++) {
        if (c->world->step(store, n, &reason) != ESEP_OK) {
            c->world->close(store);
            return wrong(c, "the twin's step fails", reason.text);
        }
        c->hashes[n + 1] = power_rows_hash(c->world->env(store));
    }
    c->world->close(store);
    return true;
}

/* Which of the states that may be a store is in; SIZE_MAX: none. */
static size_t state_of(const struct cuts *c, void *store, size_t done)
{
    struct esep_hash hash = power_rows_hash(c->world->env(store));
    if (c->now != NULL && c->now->between && esep_hash_equal(&hash, &c->now->also))
        return done;
    for (size_t n = done; n <= done + (c->exactly ? 0 : 1) && n <= c->world->steps; n++)
        if (esep_hash_equal(&hash, &c->hashes[n]))
            return n;
    return SIZE_MAX;
}

/* The watched run. */

static struct promise *promise(struct cuts *c, size_t done)
{
    c->promises = more(c->promises, c->promise_count, &c->promise_cap, sizeof *c->promises);
    c->promises[c->promise_count] = (struct promise){.ops = c->list.count, .done = done};
    return &c->promises[c->promise_count++];
}

/* After a failure something else is written first, and taken away again: what the failed step left
 * on the disk must not come back over it. */
static bool disturb(struct cuts *c, void *store, size_t done)
{
    struct esep_reason reason = {""};
    struct promise *before = promise(c, done);
    before->between = true;
    if (c->world->disturb(store, true, &reason) != ESEP_OK)
        return wrong(c, "another step after the failed one", reason.text);
    before->also = power_rows_hash(c->world->env(store));
    struct promise *after = promise(c, done);
    after->between = true;
    after->also = before->also;
    if (c->world->disturb(store, false, &reason) != ESEP_OK)
        return wrong(c, "another step after the failed one", reason.text);
    (void)promise(c, done);
    return true;
}

static void draw_fault(struct cuts *c)
{
    static const int errors[] = {EIO, ENOSPC, EIO, 0};
    struct power_fault fault = {.slot = -1};
    if (esep_prng_below(&c->prng, 1000) < c->options->faults) {
        fault.sync = (esep_prng_next(&c->prng) & 1) != 0;
        fault.after = esep_prng_below(&c->prng, fault.sync ? 2 : 4);
        fault.count = 1 + esep_prng_below(&c->prng, 2);
        fault.error = errors[esep_prng_below(&c->prng, fault.sync ? 3 : 4)];
    }
    power_fail(&fault);
}

static bool step_live(struct cuts *c, void **store, size_t *done)
{
    struct esep_reason reason = {""};
    const struct power_fault none = {.slot = -1};
    draw_fault(c);
    enum esep_status status = c->world->step(*store, *done, &reason);
    c->totals->faults += power_failed();
    power_fail(&none);
    c->totals->steps++;
    if (status == ESEP_OK) {
        (void)promise(c, ++*done);
        return true;
    }
    c->world->close(*store);
    *store = c->world->open(c->live, c->options->seed, &reason);
    if (*store == NULL)
        return wrong(c, "after a failed step it does not open", reason.text);
    size_t there = state_of(c, *store, *done);
    if (there == SIZE_MAX)
        return wrong(c, "after a failed step", "neither the old state nor the new one");
    *done = there;
    return disturb(c, *store, there);
}

static bool run_live(struct cuts *c)
{
    struct esep_reason reason = {""};
    size_t done = 0;
    bool fine = true;
    int slot = power_watch(c->live, keep, &c->list);
    void *store = c->world->open(c->live, c->options->seed, &reason);
    if (store == NULL) {
        power_unwatch(slot);
        return wrong(c, "it does not open", reason.text);
    }
    (void)promise(c, 0);
    while (fine && done < c->world->steps)
        fine = step_live(c, &store, &done);
    if (store != NULL) {
        if (fine && state_of(c, store, done) != done)
            fine = wrong(c, "at its end", "not the state of the twin");
        c->world->close(store);
    }
    power_unwatch(slot);
    return fine;
}

/* The cuts. */

static void make_image(struct cuts *c, const struct power_disk *disk, enum power_style data,
                       enum power_style names, const char *to)
{
    c->data_style = power_style_names[data];
    c->name_style = power_style_names[names];
    power_disk_image(disk, data, names, &c->prng, to);
    c->totals->images++;
}

static bool check_image(struct cuts *c, const char *image, size_t done, size_t *ret_there)
{
    struct esep_reason reason = {""};
    /* First what a reader sees who changes nothing. */
    if (c->world->look != NULL && !c->world->look(image, c->options->seed, done, &reason))
        return wrong(c, "beside the store", reason.text);
    void *store = c->world->open(image, c->options->seed, &reason);
    if (store == NULL)
        return wrong(c, "it does not open", reason.text);
    *ret_there = state_of(c, store, done);
    c->world->close(store);
    if (*ret_there == SIZE_MAX)
        return wrong(c, "it holds", "neither what was promised nor the step under way, whole");
    return true;
}

/* Life goes on from an image, and ends in a second cut. */
static bool cut_again(struct cuts *c, size_t there)
{
    c->now = NULL;
    c->exactly = false;
    struct op_list list = {0};
    struct esep_reason reason = {""};
    struct power_disk *disk = power_disk_new();
    bool fine = true;
    power_disk_load(disk, c->image);
    int slot = power_watch(c->image, keep, &list);
    void *store = c->world->open(c->image, c->options->seed, &reason);
    size_t opened = list.count;
    enum esep_status status = store != NULL ? c->world->step(store, there, &reason) : ESEP_IO;
    if (store != NULL)
        c->world->close(store);
    power_unwatch(slot);
    if (status != ESEP_OK)
        fine = wrong(c, "it does not go on after the cut", reason.text);
    size_t cut = list.count > 0 ? (size_t)esep_prng_below(&c->prng, list.count) : 0;
    for (size_t i = 0; i < cut; i++)
        power_disk_apply(disk, &list.ops[i].op);
    if (fine && cut >= opened) {
        size_t ends = 0;
        make_image(c, disk, (enum power_style)esep_prng_below(&c->prng, POWER_STYLES),
                   (enum power_style)esep_prng_below(&c->prng, POWER_STYLES), c->second);
        c->totals->second_cuts++;
        fine = check_image(c, c->second, there, &ends);
        power_remove(c->second);
    }
    power_disk_free(disk);
    forget(&list);
    return fine;
}

static bool cut_once(struct cuts *c, const struct power_disk *disk, enum power_style data,
                     enum power_style names, size_t done)
{
    size_t there = 0;
    make_image(c, disk, data, names, c->image);
    const struct promise *now = c->now;
    bool exactly = c->exactly;
    bool fine = check_image(c, c->image, done, &there);
    if (fine && !(now != NULL && now->between) && there < c->world->steps &&
        esep_prng_below(&c->prng, 6) == 0)
        fine = cut_again(c, there);
    c->now = now;
    c->exactly = exactly;
    power_remove(c->image);
    return fine;
}

static bool cut_here(struct cuts *c, const struct power_disk *disk, enum power_kind kind,
                     size_t done)
{
    static const enum power_style plain[][2] = {{POWER_NOTHING, POWER_NOTHING},
                                                {POWER_EVERYTHING, POWER_EVERYTHING},
                                                {POWER_NOTHING, POWER_EVERYTHING},
                                                {POWER_EVERYTHING, POWER_NOTHING}};
    bool flush = kind == POWER_SYNC || kind == POWER_SYNC_FOLDER || kind == POWER_LOST;
    bool fine = true;
    c->totals->operations++;
    c->totals->flushes += flush ? 1 : 0;
    for (size_t i = 0; fine && flush && i < sizeof plain / sizeof plain[0]; i++)
        fine = cut_once(c, disk, plain[i][0], plain[i][1], done);
    for (unsigned i = 0; fine && i < c->options->images && power_disk_pending(disk) > 0; i++)
        fine = cut_once(c, disk, (enum power_style)esep_prng_below(&c->prng, POWER_STYLES),
                        (enum power_style)esep_prng_below(&c->prng, POWER_STYLES), done);
    return fine;
}

static bool cut_all(struct cuts *c)
{
    struct power_disk *disk = power_disk_new();
    size_t next = 0;
    size_t done = 0;
    bool fine = true;
    for (size_t i = 0; fine && i < c->list.count; i++) {
        power_disk_apply(disk, &c->list.ops[i].op);
        c->at = i + 1;
        while (next < c->promise_count && c->promises[next].ops <= i + 1)
            done = c->promises[next++].done;
        c->now = next > 0 ? &c->promises[next - 1] : NULL;
        c->exactly = next > 0 && (c->now->ops == i + 1 || c->now->between);
        fine = cut_here(c, disk, c->list.ops[i].op.kind, done);
    }
    power_disk_free(disk);
    return fine;
}

bool cuts_run(const struct cuts_world *world, const struct cuts_options *options,
              struct cuts_totals *totals)
{
    struct cuts c = {.world = world,
                     .options = options,
                     .totals = totals,
                     .prng = {.state = options->seed * 0x9e3779b97f4a7c15u + 1},
                     .data_style = "-",
                     .name_style = "-"};
    (void)snprintf(c.live, sizeof c.live, "%s/live", options->scratch);
    (void)snprintf(c.image, sizeof c.image, "%s/image", options->scratch);
    (void)snprintf(c.second, sizeof c.second, "%s/second", options->scratch);
    bool fine = mkdir(c.live, 0700) == 0 && run_twin(&c);
    power_remove(c.live);
    fine = fine && mkdir(c.live, 0700) == 0 && run_live(&c) && cut_all(&c);
    power_remove(c.live);
    forget(&c.list);
    free(c.promises);
    free(c.hashes);
    return fine;
}
