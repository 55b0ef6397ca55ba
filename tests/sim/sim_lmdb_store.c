/* tests/sim/sim_lmdb_store.c - the collector's real store under the simulated one; see sim_lmdb.h.
 *
 * A commit that failed, or that the power broke off, may be in the store or not: its batch is kept
 * aside, and when the store is opened again it is there whole, or it is gone.
 */
#include "collector/log_lmdb.h"
#include "sim_lmdb.h"

#include <stdlib.h>

struct aside {
    bool is;
    struct collector_batch batch;
};
static struct lmdb_disk disk;
static struct collector_log *the_log;
static struct aside aside;

static struct esep_slice copy_of(struct esep_slice bytes)
{
    if (bytes.data == NULL)
        return bytes;
    uint8_t *copy = malloc(bytes.len + 1);
    if (copy == NULL)
        abort();
    memcpy(copy, bytes.data, bytes.len);
    return esep_slice(copy, bytes.len);
}

static void drop_aside(void)
{
    for (size_t i = 0; i < aside.batch.record_count; i++)
        free((void *)(uintptr_t)aside.batch.records[i].body.data);
    for (size_t i = 0; i < aside.batch.row_count; i++) {
        free((void *)(uintptr_t)aside.batch.rows[i].key.data);
        free((void *)(uintptr_t)aside.batch.rows[i].value.data);
    }
    free((void *)(uintptr_t)aside.batch.records);
    free((void *)(uintptr_t)aside.batch.rows);
    aside = (struct aside){.is = false};
}

static void put_aside(const struct collector_batch *batch)
{
    struct collector_record *records = calloc(batch->record_count + 1, sizeof *records);
    struct collector_row *rows = calloc(batch->row_count + 1, sizeof *rows);
    if (records == NULL || rows == NULL)
        abort();
    drop_aside();
    for (size_t i = 0; i < batch->record_count; i++) {
        records[i] = batch->records[i];
        records[i].body = copy_of(batch->records[i].body);
    }
    for (size_t i = 0; i < batch->row_count; i++)
        rows[i] =
            (struct collector_row){copy_of(batch->rows[i].key), copy_of(batch->rows[i].value)};
    aside = (struct aside){.is = true, .batch = *batch};
    aside.batch.records = records;
    aside.batch.rows = rows;
}

static void open_log(struct sim *sim)
{
    struct esep_reason reason = {""};
    const struct collector_log_options options = {
        .path = disk.folder, .map_bytes = SIM_LMDB_MAP, .create = true};
    if (collector_log_open(&the_log, &options, &reason) != ESEP_OK)
        sim_fail(sim, "the store does not open: %s", reason.text);
}

struct collector_log *lmdb_store_log(void)
{
    return the_log;
}

/* The founding batch, as `init` and the first orders would leave it. */
void lmdb_store_begin(struct sim *sim)
{
    const struct sim_disk *model = &sim->collector.disk;
    struct esep_reason reason = {""};
    char folder[256];
    (void)snprintf(folder, sizeof folder, "%s/store", lmdb_scratch(sim));
    lmdb_disk_begin(&disk, folder);
    open_log(sim);
    struct collector_record *records = calloc(model->count + 1, sizeof *records);
    struct collector_row *rows = calloc(model->table.count + 1, sizeof *rows);
    if (records == NULL || rows == NULL)
        abort();
    for (size_t i = 0; i < model->count; i++) {
        memcpy(records[i].leaf, model->records[i].leaf, sizeof records[i].leaf);
        records[i].body = model->records[i].body;
    }
    for (size_t i = 0; i < model->table.count; i++)
        rows[i] = (struct collector_row){model->table.rows[i].key, model->table.rows[i].value};
    const struct collector_batch batch = {.records = records,
                                          .record_count = model->count,
                                          .rows = rows,
                                          .row_count = model->table.count};
    if (the_log->ops->append(the_log, &batch, &reason) != ESEP_OK)
        sim_fail(sim, "the log cannot be founded: %s", reason.text);
    free(records);
    free(rows);
    lmdb_store_close(sim);
}

void lmdb_store_close(struct sim *sim)
{
    if (the_log == NULL)
        return;
    the_log->ops->close(the_log);
    the_log = NULL;
    lmdb_evict(sim, &disk);
}

void lmdb_store_done(void)
{
    if (the_log != NULL)
        the_log->ops->close(the_log);
    the_log = NULL;
    if (disk.disk != NULL)
        lmdb_disk_done(&disk);
    drop_aside();
}

void lmdb_store_open(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    uint64_t size = 0;
    if (the_log != NULL)
        sim_fail(sim, "the store is open");
    if (sim_pick(sim, 8) == 0)
        lmdb_rot(sim, disk.folder);
    open_log(sim);
    if (the_log->ops->size(the_log, &size) != ESEP_OK)
        sim_fail(sim, "the store has no size");
    bool there = aside.is && size == c->disk.count + aside.batch.record_count &&
                 aside.batch.first_index == c->disk.count && aside.batch.record_count > 0;
    /* Rows alone, without an entry: they are there or not, and the comparison needs to know. */
    if (aside.is)
        sim_trace(sim, &c->node, "what it was writing is %s", there ? "there" : "not there");
    if (there)
        sim_disk_put(&c->disk, &aside.batch);
    drop_aside();
    lmdb_compare(sim, the_log);
}

enum esep_status lmdb_store_commit(struct sim *sim, const struct collector_batch *batch)
{
    const struct sim_collector *c = &sim->collector;
    struct esep_reason reason = {""};
    bool full = sim->now < c->disk_full_until;
    bool was = aside.is;
    if (full || sim->now < c->disk_bad_until)
        lmdb_arm(sim, &disk, full && sim->now >= c->disk_bad_until);
    enum esep_status status = the_log->ops->append(the_log, batch, &reason);
    bool fired = lmdb_disarm();
    if (status != ESEP_OK && !fired && !was)
        sim_fail(sim, "a commit fails by itself: %s: %s", esep_status_name(status), reason.text);
    if (status == ESEP_OK)
        drop_aside();
    else if (fired)
        put_aside(batch);
    if (fired)
        sim_count(sim, full ? SIM_TALLY_WRITE_FULL : SIM_TALLY_SYNC_EIO);
    return status;
}

void lmdb_store_crash(struct sim *sim, const struct collector_batch *batch)
{
    struct esep_reason reason = {""};
    if (batch != NULL && the_log != NULL) {
        bool was = aside.is;
        lmdb_hold(&disk);
        enum esep_status status = the_log->ops->append(the_log, batch, &reason);
        if (status == ESEP_OK)
            put_aside(batch);
        else if (!was)
            sim_fail(sim, "the last commit fails: %s", reason.text);
    }
    lmdb_unwatch(&disk);
    if (the_log != NULL)
        the_log->ops->close(the_log);
    the_log = NULL;
    lmdb_cut(sim, &disk);
}

static void backup_path(struct sim *sim, size_t slot, char out[256])
{
    (void)snprintf(out, 256, "%s/backup-%zu", lmdb_scratch(sim), slot);
}

void lmdb_store_backup(struct sim *sim, size_t slot)
{
    struct esep_reason reason = {""};
    char to[256];
    bool closed = the_log == NULL;
    backup_path(sim, slot, to);
    power_remove(to); /* a country that begins anew keeps no old ones */
    if (closed)
        lmdb_store_open(sim);
    if (esep_store_backup(collector_log_store(the_log), to, &reason) != ESEP_OK)
        sim_fail(sim, "the backup fails: %s", reason.text);
    if (closed)
        lmdb_store_close(sim);
}

/* As `restore`: a copy of the copy, with another number. */
void lmdb_store_restore(struct sim *sim, size_t slot)
{
    struct esep_reason reason = {""};
    struct collector_log *copy = NULL;
    char from[256];
    backup_path(sim, slot, from);
    char folder[sizeof disk.folder];
    memcpy(folder, disk.folder, sizeof folder);
    lmdb_disk_done(&disk);
    drop_aside();
    power_remove(folder);
    const struct collector_log_options options = {
        .path = from, .map_bytes = SIM_LMDB_MAP, .read_only = true};
    if (collector_log_open(&copy, &options, &reason) != ESEP_OK ||
        esep_store_backup(collector_log_store(copy), folder, &reason) != ESEP_OK)
        sim_fail(sim, "the backup cannot be restored: %s", reason.text);
    copy->ops->close(copy);
    lmdb_disk_begin(&disk, folder);
    open_log(sim);
    if (collector_log_new_engine(the_log, sim_wall(sim, &sim->collector.node), &reason) != ESEP_OK)
        sim_fail(sim, "the restored store gets no number: %s", reason.text);
    lmdb_store_close(sim);
}
