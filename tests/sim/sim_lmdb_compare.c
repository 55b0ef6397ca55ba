/* tests/sim/sim_lmdb_compare.c - the store held against what the country knows; rot; see
 * sim_lmdb.h.
 */
#include "collector/log_lmdb.h"
#include "collector/verify.h"
#include "sim_lmdb.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct compare {
    const struct sim_disk *model;
    size_t at;
    bool differs;
};

static bool see_entry(void *context, uint64_t index, struct esep_slice leaf, struct esep_slice body)
{
    struct compare *c = context;
    const struct sim_record *record = &c->model->records[index];
    c->differs = index != c->at || !esep_slice_equal(leaf, esep_slice(record->leaf, leaf.len)) ||
                 !esep_slice_equal(body, record->body);
    c->at += c->differs ? 0 : 1;
    return !c->differs;
}

static bool see_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct compare *c = context;
    c->differs = c->at >= c->model->table.count ||
                 !esep_slice_equal(key, c->model->table.rows[c->at].key) ||
                 !esep_slice_equal(value, c->model->table.rows[c->at].value);
    c->at += c->differs ? 0 : 1;
    return !c->differs;
}

/* "": as it must be. */
static void compare(struct collector_log *log, const struct sim_disk *model, char why[200])
{
    struct compare entries = {.model = model};
    struct compare rows = {.model = model};
    struct esep_reason reason = {""};
    uint64_t size = 0;
    why[0] = 0;
    if (log->ops->size(log, &size) != ESEP_OK || size != model->count) {
        (void)snprintf(why, 200, "it has %llu entries, not %zu", (unsigned long long)size,
                       model->count);
        return;
    }
    if (log->ops->read(log, 0, size, see_entry, &entries, &reason) != ESEP_OK || entries.differs ||
        entries.at != model->count) {
        (void)snprintf(why, 200, "entry %zu is another: %.100s", entries.at, reason.text);
        return;
    }
    /* The tables in the order of their letters, as the model has them. */
    for (const char *table = VIEWS_TABLES; *table != 0 && !rows.differs; table++)
        if (log->ops->rows(log, esep_slice(table, 1), esep_slice(NULL, 0), see_row, &rows,
                           &reason) != ESEP_OK)
            rows.differs = true;
    if (rows.differs || rows.at != model->table.count)
        (void)snprintf(why, 200, "row %zu of %zu is another, table %c: %.100s", rows.at,
                       model->table.count,
                       rows.at < model->table.count ? model->table.rows[rows.at].key.data[0] : '-',
                       reason.text);
}

void lmdb_compare(struct sim *sim, struct collector_log *log)
{
    char why[200];
    if (!esep_hash_equal(&log->log_id, &sim->log_id))
        sim_fail(sim, "the store is of another log");
    compare(log, &sim->collector.disk, why);
    if (why[0] != 0)
        sim_fail(sim, "the store is not what was committed: %s", why);
}

/* In a process of its own: LMDB trusts its pages, and a flipped bit in one may end it. Exit status
 * 0: whole and right. 1: it says that it is spoilt. 2: wrong, and nothing said so. */
static _Noreturn void look_at_rot(struct sim *sim, const char *folder)
{
    struct collector_log *log = NULL;
    struct collector_verdict verdict = {0};
    struct esep_reason reason = {""};
    struct compare entries = {.model = &sim->collector.disk};
    const struct collector_log_options options = {
        .path = folder, .map_bytes = SIM_LMDB_MAP, .read_only = true};
    (void)alarm(20);
    if (collector_log_open(&log, &options, &reason) != ESEP_OK ||
        collector_verify(log, SIM_OFFICES + 1, NULL, NULL, &verdict, &reason) != ESEP_OK)
        _Exit(1);
    /* The log says that it is whole: then it is, of so many entries as its meta page knows. */
    if (verdict.entries > entries.model->count ||
        log->ops->read(log, 0, verdict.entries, see_entry, &entries, &reason) != ESEP_OK)
        _Exit(2);
    _Exit(entries.differs ? 2 : 0);
}

void lmdb_rot(struct sim *sim, const char *folder)
{
    struct esep_prng prng = lmdb_prng(sim);
    struct stat info;
    char from[300], copy[300], file[320];
    (void)snprintf(from, sizeof from, "%s/data.mdb", folder);
    (void)snprintf(copy, sizeof copy, "%s.rot", folder);
    (void)snprintf(file, sizeof file, "%s/data.mdb", copy);
    power_remove(copy);
    if (mkdir(copy, 0700) != 0)
        sim_fail(sim, "no folder for the rot");
    lmdb_copy_file(from, file);
    int fd = open(file, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0 || info.st_size == 0)
        sim_fail(sim, "no file to rot");
    for (uint64_t n = 1 + esep_prng_below(&prng, 3); n > 0; n--) {
        uint8_t byte = 0;
        off_t at = (off_t)esep_prng_below(&prng, (uint64_t)info.st_size);
        if (pread(fd, &byte, 1, at) != 1)
            abort();
        byte ^= (uint8_t)(1u << esep_prng_below(&prng, 8));
        if (pwrite(fd, &byte, 1, at) != 1)
            abort();
    }
    (void)close(fd);
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        look_at_rot(sim, copy);
    if (child < 0 || waitpid(child, &status, 0) != child)
        sim_fail(sim, "no process to look at the rot");
    power_remove(copy);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
        sim_fail(sim, "bits have rotted in an entry, and the log verifies all the same");
}
