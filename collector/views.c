/* collector/views.c - making and freeing the views, and looking things up in them.
 *
 * All memory is taken here, once; only the row buffer grows, to the size of the largest batch.
 * Names lead to numbers through open-addressing tables with 32 bits of the hash beside the number,
 * so that a look-up touches one obligation and not several.
 */
#include "collector/views_state.h"

#include <stdlib.h>

/* Eight bytes a step (FNV's multiplier, and a shift that brings the high bits down): the key of an
 * obligation is looked up for every report. Nobody outside chooses keys so freely that buckets
 * could be filled on purpose: obligations come from plans, the other keys are random. */
uint32_t views_hash(struct esep_slice bytes)
{
    uint64_t hash = 14695981039346656037u ^ bytes.len;
    size_t i = 0;
    for (; bytes.len - i >= 8; i += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes.data + i, 8);
        hash = (hash ^ word) * 1099511628211u;
        hash ^= hash >> 29;
    }
    for (; i < bytes.len; i++)
        hash = (hash ^ bytes.data[i]) * 1099511628211u;
    return (uint32_t)(hash ^ hash >> 32);
}

static bool index_init(struct views_index *index, uint32_t max)
{
    uint32_t size = 16;
    while (size < max * 2) /* max <= NUMBERS_MAX */
        size *= 2;
    index->slots = calloc(size, sizeof(*index->slots));
    index->mask = size - 1;
    return index->slots != NULL;
}

void views_index_put(struct views_index *index, uint32_t hash, uint32_t number)
{
    uint32_t at = hash & index->mask;
    while (index->slots[at].number1 != 0)
        at = (at + 1) & index->mask;
    index->slots[at] = (struct views_index_slot){.hash = hash, .number1 = number + 1};
}

typedef bool same_fn(const struct views *views, uint32_t number, struct esep_slice name);

static uint32_t index_find(const struct views *views, const struct views_index *index,
                           struct esep_slice name, same_fn *same)
{
    const uint32_t hash = views_hash(name);
    uint32_t at = hash & index->mask;
    for (; index->slots[at].number1 != 0; at = (at + 1) & index->mask) {
        const struct views_index_slot *slot = &index->slots[at];
        if (slot->hash == hash && same(views, slot->number1 - 1, name))
            return slot->number1 - 1;
    }
    return VIEWS_NONE;
}

static bool same_key(const struct views *views, uint32_t number, struct esep_slice name)
{
    return strcmp(views->duties[number].pub.made.key, (const char *)name.data) == 0;
}

static bool same_curve(const struct views *views, uint32_t number, struct esep_slice name)
{
    return memcmp(views->offices[number].pub.curve_key, name.data, name.len) == 0;
}

static bool same_code(const struct views *views, uint32_t number, struct esep_slice name)
{
    return memcmp(views->codes[number].hash.bytes, name.data, name.len) == 0;
}

static bool same_name(const struct views *views, uint32_t number, struct esep_slice name)
{
    return strcmp(views->accounts[number].name, (const char *)name.data) == 0;
}

static bool marks_init(struct views_marks *marks, uint32_t max)
{
    marks->list = calloc((size_t)max + 1, sizeof(*marks->list));
    marks->marked = calloc((size_t)max + 1, 1);
    return marks->list != NULL && marks->marked != NULL;
}

void views_mark(struct views_marks *marks, uint32_t number)
{
    if (!marks->marked[number]) {
        marks->marked[number] = 1;
        marks->list[marks->count++] = number;
    }
}

static bool take_arrays(struct views *v)
{
    const struct views_limits *l = &v->limits;
    v->plans = calloc((size_t)l->plans_max + 1, sizeof(*v->plans));
    v->offices = calloc((size_t)l->offices_max + 1, sizeof(*v->offices));
    v->promises =
        calloc((size_t)l->offices_max * l->open_commitments_max + 1, sizeof(*v->promises));
    v->duties = calloc((size_t)l->obligations_max + 1, sizeof(*v->duties));
    v->made = calloc((size_t)l->obligations_max + 1, sizeof(*v->made));
    v->candidates = calloc((size_t)l->obligations_max + l->offices_max + 1, sizeof(*v->candidates));
    v->codes = calloc((size_t)l->codes_max + 1, sizeof(*v->codes));
    v->deliveries = calloc((size_t)l->deliveries_max + 1, sizeof(*v->deliveries));
    v->accounts = calloc((size_t)l->accounts_max + 1, sizeof(*v->accounts));
    return v->plans != NULL && v->offices != NULL && v->promises != NULL && v->duties != NULL &&
           v->made != NULL && v->candidates != NULL && v->codes != NULL && v->deliveries != NULL &&
           v->accounts != NULL;
}

enum esep_status views_new(struct views **ret, const struct views_limits *limits,
                           views_zone_fn *zone, void *zone_context)
{
    enum { NUMBERS_MAX = 1 << 28 }; /* so that no size overflows */
    if (limits->offices_max > NUMBERS_MAX || limits->obligations_max > NUMBERS_MAX ||
        limits->codes_max > NUMBERS_MAX || limits->accounts_max > NUMBERS_MAX)
        return ESEP_LIMIT;
    struct views *v = calloc(1, sizeof(*v));
    if (v == NULL)
        return ESEP_NOMEM;
    v->limits = *limits;
    v->zone = zone;
    v->zone_context = zone_context;
    esep_merkle_init(&v->tree);
    esep_merkle_recent_init(&v->recent, 0);
    esep_buf_init(&v->rows, (size_t)1 << 31);
    if (!take_arrays(v) || !index_init(&v->duty_by_key, limits->obligations_max) ||
        !index_init(&v->office_by_curve, limits->offices_max) ||
        !index_init(&v->code_by_hash, limits->codes_max) ||
        !index_init(&v->account_by_name, limits->accounts_max) ||
        !marks_init(&v->dirty_offices, limits->offices_max) ||
        !marks_init(&v->dirty_duties, limits->obligations_max) ||
        esep_arena_init(&v->plan_arena, limits->plan_bytes_max) != ESEP_OK ||
        esep_arena_init(&v->scratch, limits->scratch_bytes) != ESEP_OK ||
        esep_buf_reserve(&v->rows, (size_t)1 << 20) != ESEP_OK) {
        views_free(v);
        return ESEP_NOMEM;
    }
    for (uint32_t i = 0; i < limits->offices_max; i++)
        v->offices[i].promises = v->promises + (size_t)i * limits->open_commitments_max;
    *ret = v;
    return ESEP_OK;
}

void views_free(struct views *v)
{
    if (v == NULL)
        return;
    esep_buf_done(&v->rows);
    esep_arena_done(&v->scratch);
    esep_arena_done(&v->plan_arena);
    void *const blocks[] = {
        v->dirty_duties.marked,
        v->dirty_duties.list,
        v->dirty_offices.marked,
        v->dirty_offices.list,
        v->account_by_name.slots,
        v->code_by_hash.slots,
        v->office_by_curve.slots,
        v->duty_by_key.slots,
        v->accounts,
        v->deliveries,
        v->codes,
        v->candidates,
        v->made,
        v->duties,
        v->promises,
        v->offices,
        v->plans,
    };
    for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++)
        free(blocks[i]);
    free(v);
}

void views_index_duty(struct views *v, uint32_t number)
{
    const struct esep_slice key = esep_slice_str(v->duties[number].pub.made.key);
    views_index_put(&v->duty_by_key, views_hash(key), number);
}

void views_index_office(struct views *v, uint32_t office)
{
    const struct esep_slice key = esep_slice(v->offices[office - 1].pub.curve_key, ESEP_KEY_BYTES);
    views_index_put(&v->office_by_curve, views_hash(key), office - 1);
}

void views_index_offices(struct views *v)
{
    memset(v->office_by_curve.slots, 0,
           ((size_t)v->office_by_curve.mask + 1) * sizeof(*v->office_by_curve.slots));
    for (uint32_t i = 1; i <= v->office_count; i++)
        views_index_office(v, i);
}

void views_index_code(struct views *v, uint32_t number)
{
    const struct esep_slice key = esep_slice(v->codes[number].hash.bytes, ESEP_HASH_BYTES);
    views_index_put(&v->code_by_hash, views_hash(key), number);
}

void views_index_account(struct views *v, uint32_t number)
{
    const struct esep_slice name = esep_slice_str(v->accounts[number].name);
    views_index_put(&v->account_by_name, views_hash(name), number);
}

struct views_duty *views_duty_by_key(const struct views *v, const char *key)
{
    ESEP_ASSERT(key != NULL);
    const uint32_t number = index_find(v, &v->duty_by_key, esep_slice_str(key), same_key);
    return number == VIEWS_NONE ? NULL : &v->duties[number];
}

struct views_office_slot *views_office_slot(const struct views *v, uint32_t office)
{
    return office == 0 || office > v->office_count ? NULL : &v->offices[office - 1];
}

void views_mark_office(struct views *v, const struct views_office_slot *slot)
{
    views_mark(&v->dirty_offices, (uint32_t)(slot - v->offices));
}

void views_mark_duty(struct views *v, const struct views_duty *duty)
{
    views_mark(&v->dirty_duties, (uint32_t)(duty - v->duties));
}

uint64_t views_log_size(const struct views *v)
{
    return v->tree.size;
}

bool views_node(const struct views *v, struct esep_merkle_place place, struct esep_hash *ret)
{
    return esep_merkle_recent_get(&v->recent, place, ret);
}

struct views_generation views_generation(const struct views *v)
{
    return v->generation;
}

const struct esep_log_keys *views_log_keys(const struct views *v)
{
    return &v->log_keys;
}

const struct esep_merkle *views_tree(const struct views *v)
{
    return &v->tree;
}

uint32_t views_office_count(const struct views *v)
{
    return v->office_count;
}

const struct views_office *views_office(const struct views *v, uint32_t office)
{
    const struct views_office_slot *slot = views_office_slot(v, office);
    return slot == NULL ? NULL : &slot->pub;
}

const struct views_office *views_office_by_curve(const struct views *v, const uint8_t key[32])
{
    const uint32_t at = index_find(v, &v->office_by_curve, esep_slice(key, 32), same_curve);
    return at == VIEWS_NONE ? NULL : &v->offices[at].pub;
}

uint32_t views_offices_max(const struct views *v)
{
    return v->limits.offices_max;
}

uint32_t views_next_office(const struct views *v)
{
    return v->office_count + 1;
}

const struct views_code *views_code(const struct views *v, const uint8_t hash[32])
{
    const uint32_t at = index_find(v, &v->code_by_hash, esep_slice(hash, 32), same_code);
    return at == VIEWS_NONE ? NULL : &v->codes[at];
}

uint32_t views_account_count(const struct views *v)
{
    return v->account_count;
}

const struct views_account *views_account(const struct views *v, uint32_t number)
{
    return number < v->account_count ? &v->accounts[number] : NULL;
}

const struct views_account *views_account_named(const struct views *v, const char *name)
{
    const uint32_t at = index_find(v, &v->account_by_name, esep_slice_str(name), same_name);
    return at == VIEWS_NONE ? NULL : &v->accounts[at];
}

uint32_t views_obligation_count(const struct views *v)
{
    return v->duty_count;
}

const struct views_obligation *views_obligation(const struct views *v, uint32_t number)
{
    return number < v->duty_count ? &v->duties[number].pub : NULL;
}

const struct views_obligation *views_obligation_by_key(const struct views *v, const char *key)
{
    const struct views_duty *duty = views_duty_by_key(v, key);
    return duty == NULL ? NULL : &duty->pub;
}

const struct views_obligation *views_obligation_by_head(const struct views *v,
                                                        uint64_t report_index)
{
    for (uint32_t i = 0; i < v->duty_count; i++) {
        if (views_head_at(&v->duties[i], report_index) != NULL)
            return &v->duties[i].pub;
    }
    return NULL;
}

const Esep__V1__Plan *views_plan(const struct views *v, uint32_t plan_no)
{
    return plan_no < v->plan_count ? v->plans[plan_no].plan : NULL;
}

uint32_t views_plan_count(const struct views *v)
{
    return v->plan_count;
}

const struct esep_zone *views_plan_zone(const struct views *v, uint32_t plan_no)
{
    return plan_no < v->plan_count ? v->plans[plan_no].zone : NULL;
}

uint64_t views_plan_index(const struct views *v, uint32_t plan_no)
{
    return plan_no < v->plan_count ? v->plans[plan_no].index : 0;
}
