/* tests/sim/sim_disk.c - the collector's store in memory, behind collector/log.h; see sim.h.
 *
 * LMDB keeps two meta pages: after a crash in a commit the store is the old one or the new one,
 * whole, however torn the pages between are. So a batch is here or it is not; which of both, when a
 * commit was broken off or has failed, chance decides. Bytes are never freed before the simulation
 * ends, so that a backup is a copy of two arrays.
 */
#include "sim_real.h"

#include <stdlib.h>

static int compare(struct esep_slice a, struct esep_slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static size_t lower_bound(const struct sim_table *t, struct esep_slice key)
{
    size_t low = 0;
    size_t high = t->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare(t->rows[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void sim_table_put(struct sim *sim, struct sim_table *t, struct esep_slice key,
                   struct esep_slice value)
{
    size_t at = lower_bound(t, key);
    bool found = at < t->count && esep_slice_equal(t->rows[at].key, key);
    if (value.data == NULL) {
        if (found)
            memmove(&t->rows[at], &t->rows[at + 1], (--t->count - at) * sizeof *t->rows);
        return;
    }
    if (found) {
        t->rows[at].value = sim_keep(sim, value);
        return;
    }
    if (t->count == t->cap) {
        t->cap = t->cap * 2 + 64;
        t->rows = realloc(t->rows, t->cap * sizeof *t->rows);
        if (t->rows == NULL)
            abort();
    }
    memmove(&t->rows[at + 1], &t->rows[at], (t->count++ - at) * sizeof *t->rows);
    t->rows[at] = (struct sim_row){sim_keep(sim, key), sim_keep(sim, value)};
}

struct esep_slice sim_table_get(const struct sim_table *t, struct esep_slice key)
{
    size_t at = lower_bound(t, key);
    return at < t->count && esep_slice_equal(t->rows[at].key, key) ? t->rows[at].value
                                                                   : esep_slice(NULL, 0);
}

bool sim_table_equal(const struct sim_table *a, const struct sim_table *b, char *ret_table)
{
    for (size_t i = 0; i < a->count || i < b->count; i++) {
        const struct sim_row *one = i < a->count ? &a->rows[i] : &b->rows[i];
        *ret_table = (char)one->key.data[0];
        if (i >= a->count || i >= b->count || !esep_slice_equal(a->rows[i].key, b->rows[i].key) ||
            !esep_slice_equal(a->rows[i].value, b->rows[i].value))
            return false;
    }
    return true;
}

void sim_table_done(struct sim_table *t)
{
    free(t->rows);
    memset(t, 0, sizeof *t);
}

void sim_disk_put(struct sim_disk *disk, const struct collector_batch *batch)
{
    struct sim *sim = disk->sim;
    if (batch->first_index != disk->count)
        sim_fail(sim, "a batch begins at %llu, the log has %zu entries",
                 (unsigned long long)batch->first_index, disk->count);
    for (size_t i = 0; i < batch->record_count; i++) {
        if (disk->count == disk->cap) {
            disk->cap = disk->cap * 2 + 256;
            disk->records = realloc(disk->records, disk->cap * sizeof *disk->records);
            if (disk->records == NULL)
                abort();
        }
        struct sim_record *record = &disk->records[disk->count++];
        memcpy(record->leaf, batch->records[i].leaf, sizeof record->leaf);
        record->body = sim_keep(sim, batch->records[i].body);
    }
    for (size_t i = 0; i < batch->row_count; i++)
        sim_table_put(sim, &disk->table, batch->rows[i].key, batch->rows[i].value);
    for (size_t i = disk->count - batch->record_count; i < disk->count; i++)
        sim_truth_record(sim, i);
}

void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from)
{
    sim_disk_done(to);
    *to = *from;
    to->cap = from->count + 256;
    to->table.cap = from->table.count + 64;
    to->records = malloc(to->cap * sizeof *to->records);
    to->table.rows = malloc(to->table.cap * sizeof *to->table.rows);
    if (to->records == NULL || to->table.rows == NULL)
        abort();
    if (from->count > 0)
        memcpy(to->records, from->records, from->count * sizeof *to->records);
    if (from->table.count > 0)
        memcpy(to->table.rows, from->table.rows, from->table.count * sizeof *to->table.rows);
}

void sim_disk_done(struct sim_disk *disk)
{
    free(disk->records);
    sim_table_done(&disk->table);
    disk->records = NULL;
    disk->count = disk->cap = 0;
}

static const struct sim_disk *disk_of(const struct collector_log *log)
{
    return (const struct sim_disk *)log;
}

static enum esep_status disk_read(struct collector_log *log, uint64_t index, uint64_t count,
                                  bool (*visit)(void *context, uint64_t index,
                                                struct esep_slice leaf, struct esep_slice body),
                                  void *context, struct esep_reason *reason)
{
    (void)reason;
    const struct sim_disk *disk = disk_of(log);
    for (uint64_t i = index; i < disk->count && i - index < count; i++)
        if (!visit(context, i, esep_slice(disk->records[i].leaf, ESEP_LEAF_BYTES),
                   disk->records[i].body))
            break;
    return ESEP_OK;
}

static enum esep_status
disk_rows(struct collector_log *log, struct esep_slice prefix, struct esep_slice from,
          bool (*visit)(void *context, struct esep_slice key, struct esep_slice value),
          void *context, struct esep_reason *reason)
{
    (void)reason;
    const struct sim_table *t = &disk_of(log)->table;
    struct esep_slice first = compare(from, prefix) > 0 ? from : prefix;
    for (size_t i = lower_bound(t, first); i < t->count; i++) {
        struct esep_slice key = t->rows[i].key;
        if (key.len < prefix.len || memcmp(key.data, prefix.data, prefix.len) != 0 ||
            !visit(context, key, t->rows[i].value))
            break;
    }
    return ESEP_OK;
}

/* At ingest's start, before anything can fail: what fails later is sim_collector.c's. */
static enum esep_status disk_append(struct collector_log *log, const struct collector_batch *batch,
                                    struct esep_reason *reason)
{
    (void)reason;
    sim_disk_put((struct sim_disk *)log, batch);
    return ESEP_OK;
}

static enum esep_status disk_size(struct collector_log *log, uint64_t *ret_size)
{
    *ret_size = disk_of(log)->count;
    return ESEP_OK;
}

const struct collector_log_ops sim_disk_ops = {
    .append = disk_append, .read = disk_read, .rows = disk_rows, .size = disk_size};

struct collector_log *sim_log(struct sim *sim)
{
    return sim_real != NULL ? sim_real->log() : &sim->collector.disk.log;
}
