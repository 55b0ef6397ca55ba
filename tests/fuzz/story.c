/* tests/fuzz/story.c - see story.h. */
#include "story.h"

#include "collector/rights.h"
#include "wire/statement.h"
#include "wire/unpack.h"

#include <stdlib.h>

const struct views_limits story_limits = {
    .plans_max = 4,
    .offices_max = 8,
    .obligations_max = 64,
    .codes_max = 8,
    .deliveries_max = 16,
    .accounts_max = 4,
    .open_commitments_max = 4,
    .plan_bytes_max = 65536,
    .scratch_bytes = 8 << 20,
};

const struct esep_zone *story_zone(void *context, const char *name)
{
    static struct esep_zone zone;
    (void)context;
    if (zone.name[0] == '\0') { /* no transition, and five hours east for ever */
        uint8_t tzif[256] = "TZif2";
        uint8_t *at = tzif + 44;
        memcpy(at, "TZif2", 5);
        esep_be32_put(at + 36, 1); /* one kind of time ... */
        esep_be32_put(at + 40, 4); /* ... whose name has four bytes */
        esep_be32_put(at + 44, 18000);
        memcpy(at + 50, "TST\0\n<+05>-5\n", 13);
        FUZZ_CHECK(esep_zone_parse(&zone, "Test/Plus5", esep_slice(tzif, 44 + 63), NULL) ==
                   ESEP_OK);
    }
    return name[0] == '!' ? NULL : &zone;
}

static int by_key(const struct story_row *row, struct esep_slice key)
{
    const size_t least = row->key_len < key.len ? row->key_len : key.len;
    const int order = memcmp(row->key, key.data, least);
    return order != 0 ? order : (row->key_len > key.len) - (row->key_len < key.len);
}

enum esep_status story_put_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct story *s = context;
    size_t at = 0;
    FUZZ_CHECK(key.len > 0 && key.len <= sizeof s->rows[0].key);
    while (at < s->row_count && by_key(&s->rows[at], key) < 0)
        at++;
    const bool there = at < s->row_count && by_key(&s->rows[at], key) == 0;
    struct story_row *row = &s->rows[at];
    if (there)
        free(row->value);
    if (value.data == NULL) {
        if (there)
            memmove(row, row + 1, (--s->row_count - at) * sizeof *row);
        return ESEP_OK;
    }
    if (!there) {
        FUZZ_CHECK(s->row_count < STORY_ROWS_MAX);
        memmove(row + 1, row, (s->row_count++ - at) * sizeof *row);
        memcpy(row->key, key.data, key.len);
        row->key_len = key.len;
    }
    row->value = malloc(value.len > 0 ? value.len : 1);
    FUZZ_CHECK(row->value != NULL);
    memcpy(row->value, value.data, value.len);
    row->value_len = value.len;
    return ESEP_OK;
}

void story_flush(struct story *s)
{
    FUZZ_CHECK(views_flush(s->views, story_put_row, s) == ESEP_OK);
}

bool story_keep(struct story *s, const uint8_t leaf[ESEP_LEAF_BYTES], struct esep_slice body)
{
    if (s->count == STORY_ENTRIES_MAX)
        return false;
    struct story_entry *e = &s->entries[s->count++];
    uint8_t *copy = malloc(body.len > 0 ? body.len : 1);
    FUZZ_CHECK(copy != NULL);
    if (body.len > 0)
        memcpy(copy, body.data, body.len);
    memcpy(e->leaf, leaf, sizeof e->leaf);
    e->body = esep_slice(copy, body.len);
    return true;
}

enum esep_status story_take(struct story *s, const uint8_t leaf[ESEP_LEAF_BYTES],
                            struct esep_slice body)
{
    struct esep_reason reason = {""};
    if (s->count == STORY_ENTRIES_MAX)
        return ESEP_LIMIT;
    const enum esep_status status =
        views_apply(s->views, s->count, esep_slice(leaf, ESEP_LEAF_BYTES), body, NULL, &reason);
    FUZZ_CHECK(status == ESEP_OK || status == ESEP_CORRUPT || status == ESEP_INVALID ||
               status == ESEP_LIMIT);
    if (status != ESEP_OK) {
        FUZZ_CHECK(reason.text[0] != '\0' && esep_utf8_valid(esep_slice_str(reason.text)));
        return status;
    }
    FUZZ_CHECK(story_keep(s, leaf, body));
    FUZZ_CHECK(views_log_size(s->views) == s->count);
    return ESEP_OK;
}

enum esep_status story_log(struct story *s, Esep__V1__LogType type, const ProtobufCMessage *message)
{
    struct esep_buf body;
    uint8_t packed[ESEP_LEAF_BYTES];
    esep_buf_init(&body, 1u << 20);
    FUZZ_CHECK(esep_pack(message, &body) == ESEP_OK);
    const struct esep_leaf leaf = {
        .type = type, .accepted_at = s->now, .content = esep_content_hash(esep_buf_slice(&body))};
    esep_leaf_pack(&leaf, packed);
    const enum esep_status status = story_take(s, packed, esep_buf_slice(&body));
    esep_buf_done(&body);
    return status;
}

void story_keys(uint32_t office, uint8_t ret_sign[ESEP_KEY_BYTES],
                uint8_t ret_curve[ESEP_KEY_BYTES])
{
    struct esep_sign_key key;
    uint8_t seed[32] = {0x70, (uint8_t)office};
    esep_sign_key_from_seed(&key, seed);
    memcpy(ret_sign, key.public, ESEP_KEY_BYTES);
    memset(ret_curve, 0x80 + (int)office, ESEP_KEY_BYTES);
}

static void enrol(struct story *s, uint32_t office, char *body)
{
    static uint8_t sign[3][ESEP_KEY_BYTES];
    static uint8_t curve[3][ESEP_KEY_BYTES];
    char label[] = "a label";
    Esep__V1__KeyChange change = ESEP__V1__KEY_CHANGE__INIT;
    if (sign[office][0] == 0)
        story_keys(office, sign[office], curve[office]);
    change.office = office;
    change.state = ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE;
    change.body = body;
    change.label = label;
    change.sign_key = esep_pb(sign[office], ESEP_KEY_BYTES);
    change.curve_key = esep_pb(curve[office], ESEP_KEY_BYTES);
    FUZZ_CHECK(story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_KEY, &change.base) == ESEP_OK);
}

void story_start(struct story *s)
{
    Esep__V1__Genesis genesis = ESEP__V1__GENESIS__INIT;
    FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
    *s = (struct story){.now = STORY_DAY0};
    FUZZ_CHECK(views_new(&s->views, &story_limits, story_zone, NULL) == ESEP_OK);
    FUZZ_CHECK(story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_GENESIS, &genesis.base) == ESEP_OK);
}

void story_open(struct story *s)
{
    char moh[] = "moh", akmola[] = "akmola";
    static const uint8_t code[ESEP_HASH_BYTES] = {0xc0, 0xde};
    const struct esep_slice plan = story_plan(1);
    Esep__V1__PlanChange change = ESEP__V1__PLAN_CHANGE__INIT;
    Esep__V1__CodeMade made = ESEP__V1__CODE_MADE__INIT;
    change.plan = esep_pb(plan.data, plan.len);
    FUZZ_CHECK(story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN, &change.base) == ESEP_OK);
    enrol(s, 1, moh);
    enrol(s, 2, akmola);
    made.code_hash = esep_pb(code, sizeof code);
    made.body = moh;
    made.expires_at_us = s->now + ESEP_DAY;
    FUZZ_CHECK(story_log(s, ESEP__V1__LOG_TYPE__LOG_TYPE_CODE, &made.base) == ESEP_OK);
}

static void drop_rows(struct story *s)
{
    for (size_t i = 0; i < s->row_count; i++)
        free(s->rows[i].value);
    s->row_count = 0;
}

void story_end(struct story *s)
{
    views_free(s->views);
    drop_rows(s);
    for (size_t i = 0; i < s->count; i++)
        free((void *)(uintptr_t)s->entries[i].body.data);
    s->count = 0;
}

struct views *story_load(const struct story *s)
{
    struct views *views = NULL;
    struct esep_reason reason = {""};
    FUZZ_CHECK(views_new(&views, &story_limits, story_zone, NULL) == ESEP_OK);
    enum esep_status status = ESEP_OK;
    for (size_t i = 0; i < s->row_count && status == ESEP_OK; i++)
        status = views_load_row(views, esep_slice(s->rows[i].key, s->rows[i].key_len),
                                esep_slice(s->rows[i].value, s->rows[i].value_len), &reason);
    for (uint32_t i = 0; i < views_plan_count(views) && status == ESEP_OK; i++) {
        const uint64_t index = views_plan_index(views, i);
        status = index < s->count ? views_load_plan(views, index, s->entries[index].body, &reason)
                                  : ESEP_CORRUPT;
    }
    if (status == ESEP_OK)
        status = views_load_end(views, &reason);
    if (status == ESEP_OK)
        return views;
    views_free(views);
    return NULL;
}

void story_check_replay(const struct story *s)
{
    static struct story again;
    again = (struct story){.now = s->now};
    FUZZ_CHECK(views_new(&again.views, &story_limits, story_zone, NULL) == ESEP_OK);
    for (size_t i = 0; i < s->count; i++)
        FUZZ_CHECK(views_apply(again.views, i, esep_slice(s->entries[i].leaf, ESEP_LEAF_BYTES),
                               s->entries[i].body, NULL, NULL) == ESEP_OK);
    story_flush(&again);
    FUZZ_CHECK(again.row_count == s->row_count);
    for (size_t i = 0; i < s->row_count; i++) {
        const struct story_row *a = &s->rows[i];
        const struct story_row *b = &again.rows[i];
        FUZZ_CHECK(a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0);
        FUZZ_CHECK(a->value_len == b->value_len && memcmp(a->value, b->value, a->value_len) == 0);
    }
    story_end(&again);
}

static enum esep_status drop_alert(void *context, struct esep_slice body)
{
    (void)context;
    FUZZ_CHECK(body.len > 0);
    return ESEP_OK;
}

static size_t one_target(void *context, const char *plan, const char *body,
                         enum views_audience whom, Esep__V1__Target *ret, size_t max)
{
    static char address[] = "a@b", language[] = "kk";
    (void)context;
    FUZZ_CHECK(plan != NULL && body != NULL && max >= 1);
    if (whom == VIEWS_SECRETARIAT)
        return 0;
    esep__v1__target__init(ret);
    ret->channel = ESEP__V1__CHANNEL__CHANNEL_MAIL;
    ret->address = address;
    ret->language = language;
    return 1;
}

static void ask_duty(const struct views *views, const struct views_obligation *o, esep_time now)
{
    const char *owner = views_owner(views, o, now);
    FUZZ_CHECK(owner != NULL);
    (void)views_timeliness(views, o, now);
    (void)views_came(views, o);
    FUZZ_CHECK(esep_submission_name(o->submission) != NULL);
    FUZZ_CHECK(esep_control_name(o->control) != NULL);
    FUZZ_CHECK(esep_fulfilment_name(o->fulfilment) != NULL);
}

static void ask_account(const struct views *views, const struct views_account *a)
{
    FUZZ_CHECK(a != NULL && views_account_named(views, a->name) == a);
    FUZZ_CHECK(memchr(a->display, '\0', sizeof a->display) != NULL);
    FUZZ_CHECK(memchr(a->body, '\0', sizeof a->body) != NULL);
    const struct views_obligation *o = views_obligation(views, 0);
    for (int act = 0; act < COLLECTOR_ACTS; act++) {
        const enum collector_right right =
            collector_right_in(views, a, (enum collector_act)act, o, 1, STORY_DAY0);
        FUZZ_CHECK(act != COLLECTOR_ACT_OPERATE || right == COLLECTOR_RIGHT_NONE);
    }
}

void story_ask(const struct views *views)
{
    static const esep_time hours[] = {0, STORY_DAY0, STORY_DAY0 + 200 * ESEP_DAY,
                                      STORY_DAY0 + 20000 * ESEP_DAY};
    esep_time next = 0;
    for (size_t h = 0; h < sizeof hours / sizeof hours[0]; h++) {
        for (uint32_t i = 0; i < views_obligation_count(views); i++)
            ask_duty(views, views_obligation(views, i), hours[h]);
        const enum esep_status status =
            views_alerts(views, hours[h], one_target, NULL, drop_alert, NULL, &next);
        FUZZ_CHECK(status == ESEP_OK || status == ESEP_LIMIT);
        FUZZ_CHECK(next > hours[h]);
    }
    for (uint32_t i = 1; i < views_next_office(views); i++) {
        const struct views_office *office = views_office(views, i);
        FUZZ_CHECK(office != NULL && office->office == i);
        FUZZ_CHECK(memchr(office->body, '\0', sizeof office->body) != NULL);
        FUZZ_CHECK(memchr(office->label, '\0', sizeof office->label) != NULL);
        FUZZ_CHECK(views_office_by_curve(views, office->curve_key) != NULL);
    }
    for (uint32_t i = 0; i < views_account_count(views); i++)
        ask_account(views, views_account(views, i));
}
