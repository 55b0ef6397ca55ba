/* collector/collector_batch.c - the open batch fills while the other one is being committed.
 *
 * An entry joins the open batch and the views at once, so that the next one is judged with it in
 * place. The rows that changed are taken from the views when the batch is closed, and go into the
 * same transaction (law 2). The views are then ahead of the disk by one batch or two: what others
 * may know is kept apart, in the batch's results, until the commit.
 *
 * Records, bodies and results have their memory from the start. Rows have not: one plan changes
 * thousands of them. Their memory grows to what the largest batch needed, and stays.
 */
#include "collector/collector_internal.h"

#include <stdlib.h>

#define ROWS_BYTES_MAX ((size_t)1 << 30)
#define AFTER_SPARE 1024u

static enum esep_status results_init(struct collector *c, struct collector_results *results)
{
    results->runs = calloc(c->run_max, sizeof *results->runs);
    results->after = calloc(c->after_max, sizeof *results->after);
    results->mail = calloc(c->mail_max, sizeof *results->mail);
    return results->runs != NULL && results->after != NULL && results->mail != NULL ? ESEP_OK
                                                                                    : ESEP_NOMEM;
}

enum esep_status collector_batches_init(struct collector *c)
{
    c->run_max = c->config.batch_records_max / 2 + 1;
    c->after_max = c->config.sessions_max + AFTER_SPARE;
    c->mail_max = views_offices_max(c->views); /* each office is listed once */
    for (size_t i = 0; i < 3; i++) {
        enum esep_status status = results_init(c, &c->results[i]);
        if (status != ESEP_OK)
            return status;
    }
    for (size_t i = 0; i < 2; i++) {
        struct collector_fill *batch = &c->batches[i];
        esep_buf_init(&batch->rows_bytes, ROWS_BYTES_MAX);
        batch->records = calloc(c->config.batch_records_max, sizeof *batch->records);
        batch->bytes = malloc(c->config.batch_bytes_max);
        batch->results = &c->results[i];
        if (batch->records == NULL || batch->bytes == NULL)
            return ESEP_NOMEM;
    }
    c->done = &c->results[2];
    c->serial = 1;
    c->batches[1].serial = c->batches[1].results->serial = 1;
    return ESEP_OK;
}

void collector_batches_done(struct collector *c)
{
    for (size_t i = 0; i < 2; i++) {
        free(c->batches[i].records);
        free(c->batches[i].bytes);
        free(c->batches[i].places);
        free(c->batches[i].rows);
        esep_buf_done(&c->batches[i].rows_bytes);
    }
    for (size_t i = 0; i < 3; i++) {
        free(c->results[i].runs);
        free(c->results[i].after);
        free(c->results[i].mail);
    }
}

bool collector_batch_room(const struct collector *c, size_t records, size_t bytes)
{
    const struct collector_fill *open = &c->batches[c->serial & 1];
    return records <= c->config.batch_records_max - open->record_count &&
           bytes <= c->config.batch_bytes_max - open->bytes_used;
}

uint8_t *collector_batch_tail(struct collector *c)
{
    struct collector_fill *open = collector_open_batch(c);
    return open->bytes + open->bytes_used;
}

enum esep_status collector_log_put(struct collector *c, const struct esep_leaf *leaf,
                                   struct esep_slice body, const ProtobufCMessage *message,
                                   struct esep_reason *reason)
{
    struct collector_fill *open = collector_open_batch(c);
    ESEP_ASSERT(collector_batch_room(c, 1, body.len));
    struct collector_record *record = &open->records[open->record_count];
    uint8_t *place = open->bytes + open->bytes_used;
    if (body.len > 0 && body.data != place)
        memcpy(place, body.data, body.len);
    esep_leaf_pack(leaf, record->leaf);
    record->body = esep_slice(place, body.len);
    uint64_t index = views_log_size(c->views);
    enum esep_status status = views_apply(
        c->views, index, esep_slice(record->leaf, ESEP_LEAF_BYTES), record->body, message, reason);
    if (status == ESEP_OK) {
        open->record_count++;
        open->bytes_used += body.len;
        return ESEP_OK;
    }
    bool unchanged = views_log_size(c->views) == index;
    if (unchanged && (status == ESEP_LIMIT || status == ESEP_INVALID))
        return status;
    collector_end(c, status, reason);
    return ESEP_CORRUPT;
}

void collector_draw_nonce(struct collector *c, uint8_t ret_nonce[ESEP_NONCE_BYTES])
{
    uint8_t number[8];
    uint8_t drawn[ESEP_KEY_BYTES];
    esep_be64_put(number, ++c->own_nonces);
    const struct esep_slice parts[] = {esep_slice_str("esep/nonce/v1"),
                                       esep_slice(number, sizeof number)};
    esep_kdf(c->config.seed, parts, 2, drawn);
    memcpy(ret_nonce, drawn, ESEP_NONCE_BYTES);
}

enum esep_status collector_log_own(struct collector *c, Esep__V1__LogType type, uint32_t office,
                                   struct esep_slice body, esep_time now, uint64_t *ret_index,
                                   struct esep_reason *reason)
{
    uint8_t nonce[ESEP_NONCE_BYTES];
    uint8_t *place = collector_batch_tail(c);
    if (!collector_batch_room(c, 1, body.len + ESEP_NONCE_FIELD_BYTES))
        return esep_because(reason, ESEP_LIMIT, "the open batch is full: try again");
    collector_draw_nonce(c, nonce);
    if (body.len > 0 && body.data != place)
        memcpy(place, body.data, body.len);
    esep_nonce_field(nonce, place + body.len);
    body = esep_slice(place, body.len + ESEP_NONCE_FIELD_BYTES);
    const struct esep_leaf leaf = esep_leaf_of_own(type, office, body, now);
    uint64_t index = views_log_size(c->views);
    enum esep_status status = collector_log_put(c, &leaf, body, NULL, reason);
    if (status == ESEP_OK && ret_index != NULL)
        *ret_index = index;
    return status;
}

enum esep_status collector_log_aside(struct collector *c, Esep__V1__LogType type, uint32_t office,
                                     struct esep_slice body, esep_time now)
{
    struct esep_reason reason = {{0}};
    enum esep_status status = collector_log_own(c, type, office, body, now, NULL, &reason);
    if (status == ESEP_LIMIT)
        collector_count(c, COLLECTOR_UNWRITTEN, 1);
    return status;
}

bool collector_after_room(const struct collector *c, size_t count)
{
    return c->batches[c->serial & 1].results->after_count + count <= c->after_max;
}

struct collector_after *collector_after_add(struct collector *c, uint64_t serial,
                                            enum collector_after_kind kind)
{
    ESEP_ASSERT(serial == c->serial || (c->storing && serial == c->serial - 1));
    struct collector_results *results = c->batches[serial & 1].results;
    if (results->after_count >= c->after_max)
        return NULL;
    struct collector_after *after = &results->after[results->after_count++];
    memset(after, 0, sizeof *after);
    after->kind = kind;
    return after;
}

/* 'M' rows name the office that has new mail (views.h): who waits for it is told after the commit.
 */
static void note_mail(struct collector *c, struct collector_fill *batch, struct esep_slice key)
{
    if (key.len != 13 || key.data[0] != 'M')
        return;
    uint32_t number = esep_be32(key.data + 1);
    uint64_t mail = esep_be64(key.data + 5);
    struct collector_office *office = collector_office(c, number);
    uint64_t *newest = &office->batch_mail[batch->serial & 1];
    struct collector_results *results = batch->results;
    bool listed = *newest != 0;
    ESEP_ASSERT(mail > *newest); /* rows of one letter come in the order they were made */
    *newest = mail;
    if (listed)
        return;
    ESEP_ASSERT(results->mail_count < c->mail_max);
    results->mail[results->mail_count++] = number;
}

static enum esep_status grow_rows(struct collector_fill *batch)
{
    size_t cap = batch->row_cap > 0 ? 2 * batch->row_cap : 4096;
    struct collector_row_place *places = realloc(batch->places, cap * sizeof *places);
    if (places == NULL)
        return ESEP_NOMEM;
    batch->places = places;
    struct collector_row *rows = realloc(batch->rows, cap * sizeof *rows);
    if (rows == NULL)
        return ESEP_NOMEM;
    batch->rows = rows;
    batch->row_cap = cap;
    return ESEP_OK;
}

/* A copy: the views' bytes live until the next entry only, which comes before the commit ends. */
static enum esep_status put_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct collector *c = context;
    struct collector_fill *batch = collector_open_batch(c);
    if (batch->row_count == batch->row_cap) {
        enum esep_status status = grow_rows(batch);
        if (status != ESEP_OK)
            return status;
    }
    struct collector_row_place *place = &batch->places[batch->row_count];
    place->key_at = batch->rows_bytes.len;
    place->key_len = key.len;
    enum esep_status status = esep_buf_put(&batch->rows_bytes, key.data, key.len);
    place->deleted = value.data == NULL;
    place->value_at = batch->rows_bytes.len;
    place->value_len = value.len;
    if (status == ESEP_OK)
        status = esep_buf_put(&batch->rows_bytes, value.data, value.len);
    if (status == ESEP_OK) {
        batch->row_count++;
        note_mail(c, batch, key);
    }
    return status;
}

static void place_rows(struct collector_fill *batch)
{
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct collector_row_place *place = &batch->places[i];
        const uint8_t *base = batch->rows_bytes.data;
        batch->rows[i].key = esep_slice(base + place->key_at, place->key_len);
        batch->rows[i].value = place->deleted
                                   ? esep_slice(NULL, 0)
                                   : esep_slice(base + place->value_at, place->value_len);
    }
}

static void open_next(struct collector *c)
{
    c->serial++;
    struct collector_fill *batch = collector_open_batch(c);
    batch->serial = c->serial;
    batch->record_count = batch->bytes_used = batch->row_count = 0;
    esep_buf_clear(&batch->rows_bytes);
    struct collector_results *results = batch->results;
    results->serial = c->serial;
    results->run_count = results->run_next = 0;
    results->after_count = results->after_next = 0;
    results->mail_count = results->mail_next = 0;
}

void collector_batch_close(struct collector *c)
{
    struct collector_fill *batch = collector_open_batch(c);
    ESEP_ASSERT(!c->storing);
    if (batch->record_count == 0 || c->ended != ESEP_OK)
        return;
    enum esep_status status = views_flush(c->views, put_row, c);
    if (status != ESEP_OK) {
        struct esep_reason reason;
        (void)esep_because(&reason, status, "cannot gather the views' rows: %s",
                           esep_status_name(status));
        collector_end(c, status, &reason);
        return;
    }
    place_rows(batch);
    const struct esep_merkle *tree = views_tree(c->views);
    batch->results->checkpoint_size = tree->size;
    batch->results->checkpoint_root = esep_merkle_root(tree);
    batch->out = (struct collector_batch){
        .first_index = tree->size - batch->record_count,
        .records = batch->records,
        .record_count = batch->record_count,
        .rows = batch->rows,
        .row_count = batch->row_count,
        .growth = &batch->growth,
    };
    collector_tree_grown(c, batch);
    const struct collector_effect effect = {
        .kind = COLLECTOR_EFFECT_STORE, .token = batch->serial, .batch = &batch->out};
    c->storing = true;
    collector_out_effect(c, &effect);
    collector_count(c, COLLECTOR_BATCHES, 1);
    open_next(c);
}

/* Looks into the batches that are not committed: newest first. */
static bool find_in_batch(const struct collector_fill *batch, uint32_t office, uint32_t epoch,
                          uint64_t seq, uint64_t first_index, uint64_t *ret_index,
                          struct esep_leaf *ret_leaf)
{
    for (size_t i = batch->record_count; i-- > 0;) {
        const uint8_t *leaf = batch->records[i].leaf;
        if (leaf[1] == ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY && esep_be64(leaf + 24) == seq &&
            esep_be32(leaf + 4) == office && esep_be32(leaf + 16) == epoch) {
            *ret_index = first_index + i;
            return esep_leaf_unpack(esep_slice(leaf, ESEP_LEAF_BYTES), ret_leaf) == ESEP_OK;
        }
    }
    return false;
}

bool collector_entry_at(struct collector *c, uint32_t office, uint32_t epoch, uint64_t seq,
                        uint64_t *ret_index, struct esep_leaf *ret_leaf)
{
    const struct collector_fill *open = collector_open_batch(c);
    uint64_t first = views_log_size(c->views) - open->record_count;
    if (find_in_batch(open, office, epoch, seq, first, ret_index, ret_leaf))
        return true;
    const struct collector_fill *other = &c->batches[(c->serial - 1) & 1];
    if (c->storing &&
        find_in_batch(other, office, epoch, seq, other->out.first_index, ret_index, ret_leaf))
        return true;
    return c->lookup != NULL &&
           c->lookup(c->lookup_context, office, epoch, seq, ret_index, ret_leaf) == ESEP_OK;
}
