/* tests/sim/sim_lmdb.c - folders on disks that lose power, and the table of what stands in for the
 * modelled stores; see sim_lmdb.h. */
#include "sim_lmdb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "esep-sim-lmdb-"

static char scratch[160];

static const char *scratch_root(void)
{
    const char *chosen = getenv("TMPDIR");
    return chosen != NULL ? chosen : access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : P_tmpdir;
}

/* A run that failed left its folder; its process is gone. */
static void clear_old(const char *root)
{
    DIR *dir = opendir(root);
    if (dir == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[512];
        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
            continue;
        pid_t of = (pid_t)strtol(entry->d_name + strlen(PREFIX), NULL, 10);
        (void)snprintf(path, sizeof path, "%s/%s", root, entry->d_name);
        if (of <= 0 || of == getpid() || (kill(of, 0) != 0 && errno == ESRCH))
            power_remove(path);
    }
    (void)closedir(dir);
}

const char *lmdb_scratch(struct sim *sim)
{
    if (scratch[0] != 0)
        return scratch;
    clear_old(scratch_root());
    (void)snprintf(scratch, sizeof scratch, "%.100s/" PREFIX "%ld", scratch_root(), (long)getpid());
    if (mkdir(scratch, 0700) != 0)
        sim_fail(sim, "no folder for the stores");
    return scratch;
}

void lmdb_scratch_done(void)
{
    if (scratch[0] != 0)
        power_remove(scratch);
    scratch[0] = 0;
}

struct esep_prng lmdb_prng(struct sim *sim)
{
    return (struct esep_prng){.state = esep_prng_next(&sim->prng)};
}

static void keep(struct lmdb_disk *d, const struct power_op *op)
{
    if (d->held_count == d->held_cap) {
        d->held_cap = d->held_cap * 2 + 64;
        d->held = realloc(d->held, d->held_cap * sizeof *d->held);
        if (d->held == NULL)
            abort();
    }
    struct lmdb_held *held = &d->held[d->held_count++];
    held->op = *op;
    held->name = strdup(op->name != NULL ? op->name : "");
    held->data = malloc(op->data.len + 1);
    if (held->name == NULL || held->data == NULL)
        abort();
    if (op->data.len > 0)
        memcpy(held->data, op->data.data, op->data.len);
    held->op.name = held->name;
    held->op.data = esep_slice(held->data, op->data.len);
}

static void on_operation(void *context, const struct power_op *op)
{
    struct lmdb_disk *d = context;
    if (d->holding)
        keep(d, op);
    else
        power_disk_apply(d->disk, op);
}

void lmdb_disk_begin(struct lmdb_disk *d, const char *folder)
{
    *d = (struct lmdb_disk){.slot = -1};
    (void)snprintf(d->folder, sizeof d->folder, "%s", folder);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        abort();
    d->disk = power_disk_new();
    power_disk_load(d->disk, folder);
    d->slot = power_watch(folder, on_operation, d);
}

void lmdb_unwatch(struct lmdb_disk *d)
{
    if (d->slot >= 0)
        power_unwatch(d->slot);
    d->slot = -1;
}

static void drop_held(struct lmdb_disk *d)
{
    for (size_t i = 0; i < d->held_count; i++) {
        free(d->held[i].name);
        free(d->held[i].data);
    }
    free(d->held);
    d->held = NULL;
    d->held_count = d->held_cap = 0;
    d->holding = false;
}

void lmdb_disk_done(struct lmdb_disk *d)
{
    lmdb_unwatch(d);
    drop_held(d);
    power_disk_free(d->disk);
    d->disk = NULL;
}

void lmdb_hold(struct lmdb_disk *d)
{
    d->holding = true;
}

void lmdb_cut(struct sim *sim, struct lmdb_disk *d)
{
    char image[300];
    char folder[sizeof d->folder];
    struct esep_prng prng = lmdb_prng(sim);
    size_t happened = (size_t)esep_prng_below(&prng, d->held_count + 1);
    for (size_t i = 0; i < happened; i++)
        power_disk_apply(d->disk, &d->held[i].op);
    enum power_style data = (enum power_style)esep_prng_below(&prng, POWER_STYLES);
    enum power_style names = (enum power_style)esep_prng_below(&prng, POWER_STYLES);
    (void)snprintf(image, sizeof image, "%s.image", d->folder);
    memcpy(folder, d->folder, sizeof folder);
    power_disk_image(d->disk, data, names, &prng, image);
    lmdb_disk_done(d);
    power_remove(folder);
    if (rename(image, folder) != 0)
        sim_fail(sim, "the disk's image cannot be named");
    lmdb_disk_begin(d, folder);
}

void lmdb_evict(struct sim *sim, struct lmdb_disk *d)
{
    struct esep_prng prng = lmdb_prng(sim);
    int slot = d->slot;
    lmdb_unwatch(d);
    power_disk_evict(d->disk, &prng, d->folder);
    if (slot >= 0)
        d->slot = power_watch(d->folder, on_operation, d);
}

void lmdb_arm(struct sim *sim, const struct lmdb_disk *d, bool full)
{
    struct esep_prng prng = lmdb_prng(sim);
    struct power_fault fault = {.slot = d->slot,
                                .error = full ? ENOSPC : EIO,
                                .sync = esep_prng_below(&prng, 2) == 0,
                                .count = 1 + esep_prng_below(&prng, 3)};
    fault.after = esep_prng_below(&prng, 2);
    if (!fault.sync && full && esep_prng_below(&prng, 4) == 0)
        fault.error = 0;
    power_fail(&fault);
}

bool lmdb_disarm(void)
{
    const struct power_fault none = {.slot = -1};
    bool fired = power_failed() > 0;
    power_fail(&none);
    return fired;
}

void lmdb_copy_file(const char *from, const char *to)
{
    uint8_t bytes[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t got = 0;
    if (in < 0 || out < 0)
        abort();
    while ((got = read(in, bytes, sizeof bytes)) > 0)
        if (write(out, bytes, (size_t)got) != got)
            abort();
    (void)close(in);
    (void)close(out);
}

static void all_done(struct sim *sim)
{
    (void)sim;
    lmdb_store_done();
    lmdb_journals_done();
    lmdb_scratch_done();
}

static const struct sim_real table = {.begin = lmdb_store_begin,
                                      .done = all_done,
                                      .log = lmdb_store_log,
                                      .open = lmdb_store_open,
                                      .close = lmdb_store_close,
                                      .commit = lmdb_store_commit,
                                      .crash = lmdb_store_crash,
                                      .backup = lmdb_store_backup,
                                      .restore = lmdb_store_restore,
                                      .journal_start = lmdb_journal_start,
                                      .journal_copy = lmdb_journal_copy,
                                      .journal_append = lmdb_journal_append,
                                      .journal_store = lmdb_journal_store,
                                      .journal_crash = lmdb_journal_crash,
                                      .journal_recover = lmdb_journal_recover,
                                      .journal_prune = lmdb_journal_prune,
                                      .journal_check = lmdb_journal_check};
const struct sim_real *const sim_real = &table;
