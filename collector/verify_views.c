/* collector/verify_views.c - the stored rows held against rows made anew (verify.h).
 *
 * The new rows are kept in memory in one growing block, sorted by key at the end (the last value of
 * a key counts), and walked side by side with the stored ones, table by table.
 */
#include "collector/verify.h"

#include <stdlib.h>

#define ROWS_BYTES_MAX (8ull << 30)

struct row {
    size_t key_at;
    size_t value_at;
    uint32_t key_len;
    uint32_t value_len;
    uint64_t order;
    bool deleted;
};
struct rows {
    struct esep_buf bytes;
    struct row *items;
    size_t count;
    size_t cap;
};

static enum esep_status keep(void *context, struct esep_slice key, struct esep_slice value)
{
    struct rows *rows = context;
    if (rows->count == rows->cap) {
        size_t cap = rows->cap > 0 ? rows->cap * 2 : 4096;
        struct row *more = realloc(rows->items, cap * sizeof *more);
        if (more == NULL)
            return ESEP_NOMEM;
        rows->items = more;
        rows->cap = cap;
    }
    struct row *row = &rows->items[rows->count];
    *row = (struct row){.key_at = rows->bytes.len,
                        .key_len = (uint32_t)key.len,
                        .value_at = rows->bytes.len + key.len,
                        .value_len = (uint32_t)value.len,
                        .order = rows->count,
                        .deleted = value.data == NULL};
    enum esep_status status = esep_buf_put(&rows->bytes, key.data, key.len);
    if (status == ESEP_OK && value.len > 0)
        status = esep_buf_put(&rows->bytes, value.data, value.len);
    if (status == ESEP_OK)
        rows->count++;
    return status;
}

static int compare_keys(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int by_key(const void *left, const void *right, void *context)
{
    const struct rows *rows = context;
    const struct row *a = left;
    const struct row *b = right;
    int order = compare_keys(rows->bytes.data + a->key_at, a->key_len, rows->bytes.data + b->key_at,
                             b->key_len);
    return order != 0 ? order : (a->order > b->order) - (a->order < b->order);
}

/* Sorts, and keeps of each key the last word only. */
static void settle(struct rows *rows)
{
    if (rows->count == 0)
        return;
    qsort_r(rows->items, rows->count, sizeof *rows->items, by_key, rows);
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        bool last =
            i + 1 == rows->count || compare_keys(rows->bytes.data + row->key_at, row->key_len,
                                                 rows->bytes.data + rows->items[i + 1].key_at,
                                                 rows->items[i + 1].key_len) != 0;
        if (last && !row->deleted)
            rows->items[kept++] = *row;
    }
    rows->count = kept;
}

struct compare {
    const struct rows *rows;
    size_t at;
    struct collector_comparison *result;
};

static bool compare_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct compare *c = context;
    const struct rows *rows = c->rows;
    for (; c->at < rows->count; c->at++) {
        const struct row *row = &rows->items[c->at];
        int order = compare_keys(rows->bytes.data + row->key_at, row->key_len, key.data, key.len);
        if (order > 0)
            break;
        if (order == 0) {
            struct esep_slice made = esep_slice(rows->bytes.data + row->value_at, row->value_len);
            c->result->differing += !esep_slice_equal(made, value);
            c->at++;
            return true;
        }
        c->result->missing++;
    }
    c->result->surplus++;
    return true;
}

/* Made rows of a table that the walk over the stored ones did not reach. */
static void count_rest(struct compare *c, uint8_t table)
{
    while (c->at < c->rows->count && c->rows->bytes.data[c->rows->items[c->at].key_at] == table) {
        c->result->missing++;
        c->at++;
    }
}

static enum esep_status compare_all(struct collector_log *log, const struct rows *rows,
                                    struct collector_comparison *result, struct esep_reason *reason)
{
    struct compare c = {.rows = rows, .result = result};
    for (const char *table = VIEWS_TABLES; *table != 0; table++) {
        enum esep_status status =
            log->ops->rows(log, esep_slice(table, 1), esep_slice(NULL, 0), compare_row, &c, reason);
        if (status != ESEP_OK)
            return status;
        count_rest(&c, (uint8_t)*table);
    }
    return ESEP_OK;
}

/* Replaces all stored rows; in several transactions, so a crash in between is mended by running it
 * again. */
static enum esep_status replace(struct collector_log *log, const struct rows *rows,
                                struct esep_reason *reason)
{
    enum { STEP = 4096 };
    uint64_t size = 0;
    struct collector_row *batch = calloc(STEP, sizeof *batch);
    if (batch == NULL)
        return ESEP_NOMEM;
    enum esep_status status = log->ops->drop_rows(log, reason);
    if (status == ESEP_OK)
        status = log->ops->size(log, &size);
    for (size_t at = 0; status == ESEP_OK && at < rows->count;) {
        size_t count = 0;
        for (; count < STEP && at < rows->count; count++, at++) {
            const struct row *row = &rows->items[at];
            batch[count] = (struct collector_row){
                .key = esep_slice(rows->bytes.data + row->key_at, row->key_len),
                .value = esep_slice(rows->bytes.data + row->value_at, row->value_len)};
        }
        const struct collector_batch put = {.first_index = size, .rows = batch, .row_count = count};
        status = log->ops->append(log, &put, reason);
    }
    free(batch);
    return status;
}

enum esep_status collector_compare(struct collector_log *log,
                                   const struct collector_settings *settings, bool repair,
                                   collector_progress_fn *progress, void *context,
                                   struct collector_comparison *ret, struct esep_reason *reason)
{
    struct rows rows = {0};
    struct views *views = NULL;
    struct collector_zones *zones = collector_zones_new();
    const struct collector_replay how = {.until = ESEP_TIME_NEVER,
                                         .put = keep,
                                         .put_context = &rows,
                                         .progress = progress,
                                         .progress_context = context};
    esep_buf_init(&rows.bytes, ROWS_BYTES_MAX);
    *ret = (struct collector_comparison){0};
    uint64_t before = 0;
    uint64_t after = 0;
    enum esep_status status = zones != NULL ? log->ops->size(log, &before) : ESEP_NOMEM;
    if (status == ESEP_OK)
        status = collector_state_replay(log, settings, zones, &how, &views, reason);
    if (status == ESEP_OK) {
        settle(&rows);
        ret->rows = rows.count;
        status = compare_all(log, &rows, ret, reason);
    }
    if (status == ESEP_OK)
        status = log->ops->size(log, &after);
    if (status == ESEP_OK && before != after)
        status = esep_because(reason, ESEP_AGAIN,
                              "the log grew from %llu to %llu entries meanwhile: stop the daemon, "
                              "or compare a backup",
                              (unsigned long long)before, (unsigned long long)after);
    if (status == ESEP_OK && repair && ret->differing + ret->missing + ret->surplus > 0)
        status = replace(log, &rows, reason);
    views_free(views);
    collector_zones_free(zones);
    esep_buf_done(&rows.bytes);
    free(rows.items);
    return status;
}
