/* tests/unit/collector/views_world.c - see views_world.h. */
#include "views_world.h"

#include "esep/v1/wire.pb-c.h"
#include "wire/statement.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>

const struct views_limits world_limits = {
    .plans_max = 16,
    .offices_max = 40,
    .obligations_max = 200,
    .codes_max = 16,
    .deliveries_max = 256,
    .accounts_max = 12,
    .open_commitments_max = 4,
    .plan_bytes_max = 1 << 18,
    .scratch_bytes = 1 << 18,
};

const struct esep_zone *world_zone(void *context, const char *name)
{
    static struct esep_zone zone;
    (void)context;
    zone.first_offset_s = zone.tail_offset_s = 6 * 3600;
    return strcmp(name, "test/plus6") == 0 ? &zone : NULL;
}

esep_time world_time(const char *text)
{
    esep_time at = 0;
    assert_int_equal(esep_time_parse(text, world_zone(NULL, "test/plus6"), &at), ESEP_OK);
    return at;
}

void world_table_put(struct world_table *t, struct esep_slice key, struct esep_slice value)
{
    size_t low = 0;
    size_t high = t->count;
    assert_in_range(key.len, 1, sizeof(t->rows[0].key));
    while (low < high) {
        const size_t middle = (low + high) / 2;
        const struct world_row *row = &t->rows[middle];
        const size_t len = row->key_len < key.len ? row->key_len : key.len;
        const int order = memcmp(row->key, key.data, len);
        if (order < 0 || (order == 0 && row->key_len < key.len))
            low = middle + 1;
        else
            high = middle;
    }
    struct world_row *row = t->rows + low;
    const bool found =
        low < t->count && row->key_len == key.len && memcmp(row->key, key.data, key.len) == 0;
    if (found)
        free(row->value);
    if (value.data == NULL) {
        if (found)
            memmove(row, row + 1, (--t->count - low) * sizeof(*row));
        return;
    }
    if (!found) {
        if (t->count == t->cap) {
            t->cap = t->cap * 2 + 64;
            t->rows = realloc(t->rows, t->cap * sizeof(*t->rows));
            assert_non_null(t->rows);
            row = t->rows + low;
        }
        memmove(row + 1, row, (t->count++ - low) * sizeof(*row));
    }
    row->key_len = key.len;
    memcpy(row->key, key.data, key.len);
    row->value_len = value.len;
    row->value = malloc(value.len + 1);
    assert_non_null(row->value);
    memcpy(row->value, value.data, value.len);
}

void world_table_free(struct world_table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->rows[i].value);
    free(t->rows);
    memset(t, 0, sizeof(*t));
}

void assert_same_tables(const struct world_table *a, const struct world_table *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->rows[i].key_len, b->rows[i].key_len);
        assert_memory_equal(a->rows[i].key, b->rows[i].key, a->rows[i].key_len);
        assert_int_equal(a->rows[i].value_len, b->rows[i].value_len);
        assert_memory_equal(a->rows[i].value, b->rows[i].value, a->rows[i].value_len);
    }
}

size_t world_count(const struct world_table *t, char prefix)
{
    size_t count = 0;
    for (size_t i = 0; i < t->count; i++)
        count += t->rows[i].key[0] == (uint8_t)prefix;
    return count;
}

static enum esep_status put_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct world_table *t = context;
    if (key.data[0] == 'R') {
        assert_true(t->last_report < esep_be64(key.data + 1));
        t->last_report = esep_be64(key.data + 1);
    }
    world_table_put(t, key, value);
    return ESEP_OK;
}

void world_cut(struct world *w)
{
    assert_int_equal(views_flush(w->views, put_row, &w->table), ESEP_OK);
}

enum esep_status world_try(struct world *w, const struct esep_leaf *leaf,
                           const ProtobufCMessage *message)
{
    struct world_entry entry = {.len = message == NULL ? 3 : 0};
    struct esep_reason reason = {.text = ""};
    if (message != NULL)
        entry.len = protobuf_c_message_get_packed_size(message);
    entry.body = malloc(entry.len + 1);
    assert_non_null(entry.body);
    if (message != NULL)
        protobuf_c_message_pack(message, entry.body);
    else
        memcpy(entry.body, "\xff\xff\xff", 3);
    struct esep_leaf whole = *leaf;
    whole.content = esep_content_hash(esep_slice(entry.body, entry.len));
    esep_leaf_pack(&whole, entry.leaf);
    const uint64_t index = views_log_size(w->views);
    const enum esep_status status =
        views_apply(w->views, index, esep_slice(entry.leaf, sizeof(entry.leaf)),
                    esep_slice(entry.body, entry.len), NULL, &reason);
    if (status != ESEP_OK) {
        assert_int_equal(views_log_size(w->views), index);
        free(entry.body);
        return status;
    }
    if (w->log_count == w->log_cap) {
        w->log_cap = w->log_cap * 2 + 64;
        w->log = realloc(w->log, w->log_cap * sizeof(*w->log));
        assert_non_null(w->log);
    }
    w->log[w->log_count++] = entry;
    w->last_index = index;
    return ESEP_OK;
}

static enum esep_status try_own(struct world *w, Esep__V1__LogType type,
                                const ProtobufCMessage *body)
{
    const struct esep_leaf leaf = {.type = type, .accepted_at = w->now};
    return world_try(w, &leaf, body);
}

void world_log(struct world *w, Esep__V1__LogType type, const ProtobufCMessage *body)
{
    assert_int_equal(try_own(w, type, body), ESEP_OK);
}

void world_start(struct world *w, const char *now)
{
    static const uint8_t seed[32] = {7}; /* of ingest_world.c's signer */
    struct esep_sign_key log_key;
    Esep__V1__Genesis genesis;
    memset(w, 0, sizeof(*w));
    esep_sign_key_from_seed(&log_key, seed);
    assert_int_equal(views_new(&w->views, &world_limits, world_zone, NULL), ESEP_OK);
    w->now = world_time(now);
    esep__v1__genesis__init(&genesis);
    genesis.made_at_us = w->now;
    genesis.log_key = esep_pb(log_key.public, ESEP_KEY_BYTES);
    world_log(w, ESEP__V1__LOG_TYPE__LOG_TYPE_GENESIS, &genesis.base);
}

void world_end(struct world *w)
{
    views_free(w->views);
    for (size_t i = 0; i < w->log_count; i++)
        free(w->log[i].body);
    free(w->log);
    world_table_free(&w->table);
}

struct views *world_load(const struct world *w)
{
    struct views *views = NULL;
    struct esep_reason reason = {.text = ""};
    assert_int_equal(views_new(&views, &world_limits, world_zone, NULL), ESEP_OK);
    /* Now in key order, now as the daemon reads them: the order of tables is free. */
    const char *orders[] = {VIEWS_TABLES, VIEWS_TABLES_LOADED};
    for (const char *table = orders[w->log_count % 2]; *table != '\0'; table++) {
        for (size_t i = 0; i < w->table.count; i++) {
            const struct world_row *row = &w->table.rows[i];
            if (row->key[0] == (uint8_t)*table)
                assert_int_equal(views_load_row(views, esep_slice(row->key, row->key_len),
                                                esep_slice(row->value, row->value_len), &reason),
                                 ESEP_OK);
        }
    }
    for (uint32_t i = 0; i < views_plan_count(views); i++) {
        const uint64_t index = views_plan_index(views, i);
        assert_int_equal(views_load_plan(views, index,
                                         esep_slice(w->log[index].body, w->log[index].len),
                                         &reason),
                         ESEP_OK);
    }
    assert_int_equal(views_load_end(views, &reason), ESEP_OK);
    return views;
}

struct views *world_replay(const struct world *w, struct world_table *table,
                           bool (*cut)(void *context), void *context)
{
    struct views *views = NULL;
    struct esep_reason reason = {.text = ""};
    assert_int_equal(views_new(&views, &world_limits, world_zone, NULL), ESEP_OK);
    for (size_t i = 0; i < w->log_count; i++) {
        assert_int_equal(views_apply(views, i, esep_slice(w->log[i].leaf, ESEP_LEAF_BYTES),
                                     esep_slice(w->log[i].body, w->log[i].len), NULL, &reason),
                         ESEP_OK);
        if (cut(context))
            assert_int_equal(views_flush(views, put_row, table), ESEP_OK);
    }
    assert_int_equal(views_flush(views, put_row, table), ESEP_OK);
    return views;
}

/* protobuf-c's strings are not const, and packing does not write. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

uint32_t world_office(struct world *w, const char *body)
{
    Esep__V1__KeyChange change;
    uint8_t sign[32] = {1};
    uint8_t curve[32] = {2};
    const uint32_t office = views_next_office(w->views);
    esep_be32_put(sign + 4, office);
    esep_be32_put(curve + 4, office);
    esep__v1__key_change__init(&change);
    change.office = office;
    change.state = ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE;
    change.body = text(body);
    change.sign_key = (ProtobufCBinaryData){sizeof(sign), sign};
    change.curve_key = (ProtobufCBinaryData){sizeof(curve), curve};
    world_log(w, ESEP__V1__LOG_TYPE__LOG_TYPE_KEY, &change.base);
    w->office[office].epoch = 1;
    return office;
}

struct esep_hash world_hash(uint32_t office, uint32_t epoch, uint64_t seq)
{
    struct esep_hash hash = {.bytes = "chain"};
    esep_be32_put(hash.bytes + 8, office);
    esep_be32_put(hash.bytes + 12, epoch);
    esep_be64_put(hash.bytes + 16, seq);
    return hash;
}

struct esep_hash world_content(const struct world *w, uint64_t index)
{
    if (index < w->log_count)
        return esep_content_hash(esep_slice(w->log[index].body, w->log[index].len));
    uint8_t made_up[8];
    esep_be64_put(made_up, index);
    return esep_sha256(esep_slice(made_up, sizeof made_up));
}

static ProtobufCBinaryData name(struct esep_hash *hash)
{
    return (ProtobufCBinaryData){sizeof hash->bytes, hash->bytes};
}

Esep__V1__Verdict world_entry(struct world *w, uint32_t office, const Esep__V1__JournalEntry *entry)
{
    struct esep_leaf leaf = {
        .type = ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY,
        .office = office,
        .accepted_at = w->now,
        .epoch = w->office[office].epoch,
        .seq = ++w->office[office].seq,
    };
    uint8_t body[4096];
    size_t len = 0;
    if (entry != NULL) {
        len = protobuf_c_message_get_packed_size(&entry->base);
        assert_in_range(len, 1, sizeof body);
        (void)protobuf_c_message_pack(&entry->base, body);
    }
    leaf.verdict = views_judge(w->views, office, w->now, esep_slice(body, len), entry);
    leaf.head = world_hash(office, leaf.epoch, leaf.seq);
    assert_int_equal(world_try(w, &leaf, entry == NULL ? NULL : &entry->base), ESEP_OK);
    return leaf.verdict;
}

static void start_entry(struct world *w, Esep__V1__JournalEntry *entry)
{
    static uint8_t nonce[16];
    esep_be64_put(nonce, w->log_count);
    esep__v1__journal_entry__init(entry);
    entry->nonce = (ProtobufCBinaryData){sizeof(nonce), nonce};
    entry->written_at_us = w->now;
}

Esep__V1__Verdict world_report(struct world *w, uint32_t office, const struct world_report *r)
{
    Esep__V1__JournalEntry entry;
    Esep__V1__Report report;
    struct esep_hash base = world_content(w, r->base_index);
    struct esep_hash other = world_content(w, r->settles);
    ProtobufCBinaryData settles = name(&other);
    start_entry(w, &entry);
    esep__v1__report__init(&report);
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    report.obligation = text(r->key);
    report.revision = 1;
    if (r->base_index != 0)
        report.builds_on = name(&base);
    report.fulfilment = r->fulfilment;
    report.narrative = text("done so far");
    if (r->settles != 0) {
        report.settles = &settles;
        report.n_settles = 1;
    }
    if (r->percent >= 0) {
        report.progress_case = ESEP__V1__REPORT__PROGRESS_PERCENT;
        report.percent = (uint32_t)r->percent;
    }
    return world_entry(w, office, &entry);
}

Esep__V1__Verdict world_plain_report(struct world *w, uint32_t office, const char *key)
{
    const struct world_report report = {
        .key = key,
        .fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_IN_PROGRESS,
        .percent = 40,
    };
    return world_report(w, office, &report);
}

Esep__V1__Verdict world_withdraw(struct world *w, uint32_t office, const char *key, uint64_t index)
{
    struct esep_hash content = world_content(w, index);
    Esep__V1__JournalEntry entry;
    Esep__V1__Withdrawal withdrawal;
    start_entry(w, &entry);
    esep__v1__withdrawal__init(&withdrawal);
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL;
    entry.withdrawal = &withdrawal;
    withdrawal.obligation = text(key);
    withdrawal.report = name(&content);
    withdrawal.reason = text("sent by mistake");
    return world_entry(w, office, &entry);
}

Esep__V1__Verdict world_ask(struct world *w, uint32_t office, const char *key)
{
    Esep__V1__JournalEntry entry;
    Esep__V1__ExtensionRequest request;
    start_entry(w, &entry);
    esep__v1__extension_request__init(&request);
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST;
    entry.extension_request = &request;
    request.obligation = text(key);
    request.until = text("2013-09-30");
    request.reason = text("the tender failed");
    return world_entry(w, office, &entry);
}

Esep__V1__Verdict world_garbage(struct world *w, uint32_t office)
{
    return world_entry(w, office, NULL);
}

static void log_commitment(struct world *w, uint32_t office, uint64_t seq, uint8_t flags)
{
    const struct esep_leaf leaf = {
        .type = ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT,
        .flags = flags,
        .office = office,
        .accepted_at = w->now,
        .epoch = w->office[office].epoch,
        .seq = seq,
        .head = world_hash(office, w->office[office].epoch, seq),
    };
    assert_int_equal(world_try(w, &leaf, NULL), ESEP_OK);
}

void world_close(struct world *w, uint32_t office)
{
    log_commitment(w, office, w->office[office].seq, ESEP_LEAF_CLOSES);
}

void world_promise(struct world *w, uint32_t office, uint64_t seq)
{
    log_commitment(w, office, seq, 0);
}

void world_new_epoch(struct world *w, uint32_t office)
{
    w->office[office].epoch++;
    w->office[office].seq = 0;
}

enum esep_status world_review(struct world *w, const char *key, uint64_t index, bool accept,
                              const char *again_by)
{
    struct esep_hash content = world_content(w, index);
    Esep__V1__Review review;
    esep__v1__review__init(&review);
    review.report_index = index;
    review.report = name(&content);
    review.obligation = text(key);
    review.accept = accept;
    review.again_by_day = again_by == NULL ? 0 : world_day(again_by);
    return try_own(w, ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW, &review.base);
}

enum esep_status world_extend(struct world *w, const char *key, const char *until)
{
    Esep__V1__Extension extension;
    esep__v1__extension__init(&extension);
    extension.obligation = text(key);
    extension.granted = until != NULL;
    extension.until_day = until == NULL ? 0 : world_day(until);
    return try_own(w, ESEP__V1__LOG_TYPE__LOG_TYPE_EXTENSION, &extension.base);
}

enum esep_status world_control(struct world *w, const char *key, bool removed)
{
    Esep__V1__Control control;
    esep__v1__control__init(&control);
    control.obligation = text(key);
    control.removed = removed;
    return try_own(w, ESEP__V1__LOG_TYPE__LOG_TYPE_CONTROL, &control.base);
}

enum esep_status world_account(struct world *w, const struct views_account *account)
{
    Esep__V1__Account message;
    esep__v1__account__init(&message);
    message.name = text(account->name);
    message.display = text(account->display);
    message.role = account->role;
    message.body = text(account->body);
    message.state = account->state;
    message.substitute_for = text(account->substitute_for);
    message.from_day = account->from_day;
    message.until_day = account->until_day;
    return try_own(w, ESEP__V1__LOG_TYPE__LOG_TYPE_ACCOUNT, &message.base);
}

void world_presence(struct world *w, uint32_t office)
{
    Esep__V1__Presence presence;
    esep__v1__presence__init(&presence);
    presence.office = office;
    world_log(w, ESEP__V1__LOG_TYPE__LOG_TYPE_PRESENCE, &presence.base);
}

static size_t targets_of(void *context, const char *plan, const char *body,
                         enum views_audience whom, Esep__V1__Target *ret, size_t max)
{
    (void)context;
    (void)plan;
    if (max == 0)
        return 0;
    ret->channel = ESEP__V1__CHANNEL__CHANNEL_MAIL;
    ret->address = text(whom == VIEWS_SECRETARIAT ? "secretariat" : body);
    ret->language = text("ru");
    return 1;
}

struct emitting {
    struct world *w;
    size_t items;
};

static enum esep_status emit_alert(void *context, struct esep_slice body)
{
    struct emitting *e = context;
    Esep__V1__Alert *alert = esep__v1__alert__unpack(NULL, body.len, body.data);
    assert_non_null(alert);
    assert_true(alert->n_items > 0);
    e->items += alert->n_items;
    world_log(e->w, ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT, &alert->base);
    esep__v1__alert__free_unpacked(alert, NULL);
    return ESEP_OK;
}

size_t world_alerts(struct world *w, bool targets, esep_time *ret_next)
{
    struct emitting e = {.w = w};
    esep_time next = 0;
    assert_int_equal(
        views_alerts(w->views, w->now, targets ? targets_of : NULL, NULL, emit_alert, &e, &next),
        ESEP_OK);
    if (ret_next != NULL)
        *ret_next = next;
    return e.items;
}

const struct views_obligation *world_duty(const struct world *w, const char *key)
{
    const struct views_obligation *o = views_obligation_by_key(w->views, key);
    assert_non_null(o);
    return o;
}

int world_setup(void **state)
{
    static struct world w;
    world_start(&w, "2013-01-05");
    world_plan(&w, NULL, NULL);
    *state = &w;
    return 0;
}

int world_teardown(void **state)
{
    struct world *w = *state;
    world_cut(w);
    struct views *again = world_load(w);
    assert_int_equal(views_log_size(again), views_log_size(w->views));
    views_free(again);
    world_end(w);
    return 0;
}
