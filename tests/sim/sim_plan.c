/* tests/sim/sim_plan.c - the plan the country works on, and its log before anything runs; sim.h.
 *
 * Plan "p", zone +06:00: four bodies, three actions that fall due within days of the beginning, so
 * that alerts of every kind come up in a short run. A revision moves the end of one window and, now
 * and then, drops an action; it names executors one by one or by groups, closed and open, and asks
 * all for annual information or some. Bodies have one office or two.
 *
 * In every other run bodies end and hand over, each to another or to a fifth that takes the place
 * of others: by the plan from the beginning, or by a revision, and now and then a later revision
 * takes it back. Several may have one successor, and a successor one of its own.
 *
 * In every other run operators change what offices may report for, amid the year (sim_orders.c).
 */
#include "sim_real.h"

#include <stdlib.h>

#define WINDOWS 4

const struct views_limits sim_limits = {
    .plans_max = 64,
    .offices_max = 16,
    .obligations_max = 400,
    .codes_max = 16,
    .deliveries_max = 4096,
    .accounts_max = 16,
    .open_commitments_max = 4,
    .plan_bytes_max = 4 << 20,
    .scratch_bytes = 1 << 20,
};

const char *const sim_bodies[SIM_BODIES] = {"moj", "moh", "akmola", "court", "heir"};
static const char *const office_bodies[SIM_FOUNDED] = {"moj",    "moh",    "moh",
                                                       "akmola", "akmola", "court"};

const struct esep_zone *sim_zone(void *context, const char *name)
{
    static struct esep_zone zone;
    (void)context;
    zone.first_offset_s = zone.tail_offset_s = 6 * 3600;
    return strcmp(name, "test/plus6") == 0 ? &zone : NULL;
}

/* protobuf-c's strings are not const, and packing does not write. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

struct plan_data {
    Esep__V1__Plan plan;
    Esep__V1__Rules rules;
    Esep__V1__Body bodies[SIM_BODIES], *body_list[SIM_BODIES];
    Esep__V1__Group groups[3], *group_list[3];
    Esep__V1__Executor executors[4], *executor_list[4];
    Esep__V1__Executor by_group[2], *by_group_list[2];
    Esep__V1__Executor open, *open_list[3];
    Esep__V1__Window windows[WINDOWS], *window_list[WINDOWS];
    Esep__V1__Action actions[3], *action_list[3];
    uint32_t alert_days[5];
    char *annual[2];
};

static char moh[] = "moh", akmola[] = "akmola", court[] = "court", moj[] = "moj";
static char *members[] = {moh, akmola, court, moj};

/* Some, all, and an open one, whose bodies owe nothing. */
static void make_groups(struct plan_data *d)
{
    static const char *const codes[] = {"some", "all", "interested"};
    static const size_t counts[] = {2, 4, 1};
    for (size_t i = 0; i < 3; i++) {
        esep__v1__group__init(&d->groups[i]);
        d->groups[i].code = text(codes[i]);
        d->groups[i].bodies = i == 2 ? members + 3 : members;
        d->groups[i].n_bodies = counts[i];
        d->groups[i].open = i == 2;
        d->group_list[i] = &d->groups[i];
    }
    d->plan.groups = d->group_list;
    d->plan.n_groups = 3;
}

/* The second action, said otherwise in every other revision: all lead, but one that is named and
 * does not. */
static void execute_by_group(struct plan_data *d, Esep__V1__Action *action)
{
    for (size_t i = 0; i < 2; i++) {
        esep__v1__executor__init(&d->by_group[i]);
        d->by_group[i].role = ESEP__V1__ROLE__ROLE_CO_EXECUTOR;
        d->by_group_list[i] = &d->by_group[i];
    }
    d->by_group[0].group = d->groups[1].code;
    d->by_group[0].role = ESEP__V1__ROLE__ROLE_LEAD;
    d->by_group[1].body = text("moh");
    action->executors = d->by_group_list;
    action->n_executors = 2;
}

/* The third is done by two bodies and by whoever is interested. */
static void invite(struct plan_data *d, Esep__V1__Action *action)
{
    esep__v1__executor__init(&d->open);
    d->open.group = d->groups[2].code;
    d->open_list[0] = d->executor_list[2];
    d->open_list[1] = d->executor_list[3];
    d->open_list[2] = &d->open;
    action->executors = d->open_list;
    action->n_executors = 3;
}

static void make_actions(struct plan_data *d, esep_day today, uint32_t revision)
{
    static const char *const numbers[] = {"1", "2", "3"};
    /* days from the beginning to the end of each window */
    static const int ends[WINDOWS] = {2, 5, 9, 40};
    for (size_t i = 0; i < 4; i++) {
        esep__v1__executor__init(&d->executors[i]);
        d->executors[i].body = text(sim_bodies[i]);
        d->executors[i].role =
            i == 0 ? ESEP__V1__ROLE__ROLE_LEAD : ESEP__V1__ROLE__ROLE_CO_EXECUTOR;
        d->executor_list[i] = &d->executors[i];
    }
    for (int i = 0; i < WINDOWS; i++) {
        esep__v1__window__init(&d->windows[i]);
        d->windows[i].start_day = today - 80 + i;
        d->windows[i].end_day = today + ends[i] + (i == 2 ? (int)revision : 0);
        d->window_list[i] = &d->windows[i];
    }
    for (size_t i = 0; i < 3; i++) {
        esep__v1__action__init(&d->actions[i]);
        d->actions[i].number = text(numbers[i]);
        d->actions[i].executors = d->executor_list;
        d->actions[i].n_executors = 4;
        d->actions[i].windows = i == 2 ? d->window_list + 3 : d->window_list + 2 * i;
        d->actions[i].n_windows = i == 0 ? 2 : 1;
        d->action_list[i] = &d->actions[i];
    }
    invite(d, &d->actions[2]);
    if (revision % 2 == 0)
        execute_by_group(d, &d->actions[1]);
    d->plan.actions = d->action_list;
    d->plan.n_actions = revision % 3 == 2 ? 2 : 3;
}

static void make_rules(struct plan_data *d, uint32_t revision)
{
    static const uint32_t days[] = {30, 14, 7, 3, 1};
    esep__v1__rules__init(&d->rules);
    memcpy(d->alert_days, days, sizeof days);
    /* everybody; two groups that share bodies; one, so that the others' is dropped */
    d->annual[0] = text(revision % 3 == 1 ? "*" : "some");
    d->annual[1] = text("all");
    d->rules.annual_month = 1;
    d->rules.annual_day = 20;
    d->rules.consolidated_month = 2;
    d->rules.consolidated_day = 10;
    d->rules.working_day = ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_NONE;
    d->rules.commitment_grace_days = 3;
    d->rules.alert_days = d->alert_days;
    d->rules.n_alert_days = 5;
    d->rules.overdue_repeat_days = 7;
    d->rules.silent_days = 1;
    d->rules.annual_groups = d->annual;
    d->rules.n_annual_groups = revision % 3 == 2 ? 2 : 1;
    d->plan.rules = &d->rules;
}

/* Every draw is from a stream of its own: runs without successors are as they ever were. */
void sim_draw_heirs(struct sim *sim)
{
    const struct esep_prng outer = sim_stream(sim, SIM_DEEDS, 1);
    const esep_day today = esep_zone_day(sim_zone(NULL, "test/plus6"), sim->start);
    sim->hands_over = sim_pick(sim, 2) == 0;
    const bool down = sim_pick(sim, 2) == 0; /* or up: no circle either way */
    const uint64_t since = sim_pick(sim, 2) == 0 ? 1 : 2 + sim_pick(sim, 3);
    for (int i = 0; i < SIM_BODIES; i++) {
        struct sim_heir *h = &sim->heirs[i];
        const int room = down ? i : SIM_BODIES - 1 - i;
        const uint64_t step = room > 0 ? 1 + sim_pick(sim, (uint64_t)room) : 0;
        const bool soon = sim_pick(sim, 3) > 0;
        const uint64_t days = soon ? sim_pick(sim, 3) : 2 + sim_pick(sim, 45);
        const uint64_t wait = sim_pick(sim, 4);
        const uint64_t later = sim_pick(sim, 3) == 0 ? sim_pick(sim, 2) : 0;
        const uint64_t revisions = sim_pick(sim, 3) == 0 ? 1 : 64;
        const bool ends = sim_pick(sim, 2) == 0 && sim->hands_over && room > 0;
        *h = (struct sim_heir){.to = ends ? (down ? i - (int)step : i + (int)step) : -1,
                               .last = today - 1 + (esep_day)days,
                               .since = (uint32_t)(since + later)};
        h->until = h->since + (uint32_t)revisions;
        /* Who was there already does not begin; between two bodies a few days may lie. */
        h->first = h->to == SIM_BODIES - 1 && wait > 0 ? h->last + (esep_day)wait : 0;
    }
    sim->prng = outer;
}

void sim_draw_rights(struct sim *sim)
{
    const struct esep_prng outer = sim_stream(sim, SIM_DEEDS, 2);
    sim->ruled = sim_pick(sim, 2) == 0;
    sim->prng = outer;
}

bool sim_akin(const struct sim *sim, const char *body, const char *other)
{
    for (int i = 0; i < SIM_BODIES; i++) {
        const bool first = strcmp(sim_bodies[i], body) == 0;
        if (!first && strcmp(sim_bodies[i], other) != 0)
            continue;
        for (int to = sim->heirs[i].to; to >= 0; to = sim->heirs[to].to)
            if (strcmp(sim_bodies[to], first ? other : body) == 0)
                return true;
    }
    return false;
}

static void make_bodies(const struct sim *sim, struct plan_data *d, uint32_t revision)
{
    const size_t count = sim->hands_over ? SIM_BODIES : SIM_BODIES - 1;
    for (size_t i = 0; i < count; i++) {
        esep__v1__body__init(&d->bodies[i]);
        d->bodies[i].code = text(sim_bodies[i]);
        d->bodies[i].kind = ESEP__V1__BODY_KIND__BODY_KIND_MINISTRY;
        d->bodies[i].upon_agreement = i == 3;
        d->body_list[i] = &d->bodies[i];
    }
    for (size_t i = 0; i < count; i++) {
        const struct sim_heir *h = &sim->heirs[i];
        if (h->to < 0 || revision < h->since || revision >= h->until)
            continue;
        d->bodies[i].valid_to_day = h->last;
        d->bodies[i].successor = text(sim_bodies[h->to]);
        d->bodies[h->to].valid_from_day = h->first;
    }
    d->plan.bodies = d->body_list;
    d->plan.n_bodies = count;
}

struct esep_slice sim_plan(struct sim *sim, uint32_t revision)
{
    struct plan_data d;
    memset(&d, 0, sizeof d);
    esep__v1__plan__init(&d.plan);
    d.plan.id = text("p");
    d.plan.revision = revision;
    d.plan.zone = text("test/plus6");
    d.plan.secretariat = text("moj");
    d.plan.first_year = 2013;
    d.plan.last_year = 2013;
    d.plan.approved_day = esep_day_from_civil(2012, 10, 24);
    make_bodies(sim, &d, revision);
    make_groups(&d);
    make_actions(&d, esep_zone_day(sim_zone(NULL, "test/plus6"), sim->start), revision);
    make_rules(&d, revision);
    uint8_t *packed = sim_alloc(sim, protobuf_c_message_get_packed_size(&d.plan.base));
    return esep_slice(packed, protobuf_c_message_pack(&d.plan.base, packed));
}

/* The log's first entries, put there by hand as `init`, `plan` and `keys` would. */
struct founding {
    struct sim *sim;
    struct views *views;
    struct collector_record records[2 + SIM_FOUNDED];
    size_t count;
};

static void found_entry(struct founding *f, Esep__V1__LogType type, const ProtobufCMessage *message)
{
    struct sim *sim = f->sim;
    struct esep_reason reason = {""};
    struct collector_record *record = &f->records[f->count];
    uint8_t *packed = sim_alloc(sim, protobuf_c_message_get_packed_size(message) + 1);
    record->body = esep_slice(packed, protobuf_c_message_pack(message, packed));
    const struct esep_leaf leaf = {
        .type = type, .accepted_at = sim->start, .content = esep_content_hash(record->body)};
    esep_leaf_pack(&leaf, record->leaf);
    if (views_apply(f->views, f->count, esep_slice(record->leaf, sizeof record->leaf), record->body,
                    NULL, &reason) != ESEP_OK)
        sim_fail(sim, "the log cannot be founded: %s", reason.text);
    f->count++;
}

static void found_office(struct founding *f, int i)
{
    struct sim_office *o = &f->sim->offices[i];
    uint8_t seed[32];
    sim_seed_bytes(f->sim, seed);
    esep_sign_key_from_seed(&o->sign, seed);
    sim_seed_bytes(f->sim, o->curve);
    o->number = (uint32_t)i + 1;
    o->body = office_bodies[i];
    if (f->sim->hands_over && i == 2) /* the second of moh, where there are three and more */
        o->body = sim_bodies[SIM_BODIES - 1];
    Esep__V1__KeyChange change = ESEP__V1__KEY_CHANGE__INIT;
    change.office = o->number;
    change.state = ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE;
    change.body = text(o->body);
    change.sign_key = esep_pb(o->sign.public, ESEP_KEY_BYTES);
    change.curve_key = esep_pb(o->curve, ESEP_KEY_BYTES);
    found_entry(f, ESEP__V1__LOG_TYPE__LOG_TYPE_KEY, &change.base);
}

static enum esep_status put_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct founding *f = context;
    sim_table_put(f->sim, &f->sim->collector.disk.table, key, value);
    return ESEP_OK;
}

static void list_key(struct sim *sim, const char *key, const char *body)
{
    for (int i = 0; i < sim->key_count; i++)
        if (strcmp(sim->keys[i], key) == 0)
            return;
    if (sim->key_count == SIM_KEYS)
        return;
    (void)snprintf(sim->keys[sim->key_count], ESEP_OBLIGATION_KEY_MAX, "%s", key);
    (void)snprintf(sim->key_bodies[sim->key_count++], ESEP_BODY_CODE_MAX, "%s", body);
}

/* What later revisions ask of a successor has keys that the first does not know. */
static void list_coming(struct sim *sim, struct esep_slice packed)
{
    struct esep_obligation made[SIM_KEYS];
    size_t count = 0;
    const ProtobufCMessage *plan = NULL;
    esep_arena_reset(&sim->truth.arena);
    if (esep_unpack(&esep__v1__plan__descriptor, packed, &sim->truth.arena, &plan) != ESEP_OK ||
        esep_obligations_make((const Esep__V1__Plan *)plan, sim_zone(NULL, "test/plus6"), made,
                              SIM_KEYS, &count, NULL) != ESEP_OK)
        sim_fail(sim, "a revision of the plan cannot be spelled out");
    for (size_t i = 0; i < count; i++)
        list_key(sim, made[i].key, sim_bodies[made[i].body]);
}

static void list_keys(struct founding *f)
{
    struct sim *sim = f->sim;
    for (uint32_t i = 0; i < views_obligation_count(f->views); i++) {
        const struct views_obligation *o = views_obligation(f->views, i);
        list_key(sim, o->made.key, sim_bodies[o->made.body]);
    }
    for (uint32_t revision = 2; sim->hands_over && revision < 6; revision++)
        list_coming(sim, sim_plan(sim, revision));
}

void sim_found(struct sim *sim)
{
    struct founding f = {.sim = sim};
    uint8_t seed[32];
    struct sim_disk *disk = &sim->collector.disk;
    sim_seed_bytes(sim, seed);
    esep_sign_key_from_seed(&sim->log_key, seed);
    sim->collector.signing.memory.keys.present = sim->log_key;
    sim_seed_bytes(sim, seed);
    esep_box_key_from_seed(&sim->seal_key, seed);
    if (views_new(&f.views, &sim_limits, sim_zone, NULL) != ESEP_OK)
        abort();
    Esep__V1__Genesis genesis = ESEP__V1__GENESIS__INIT;
    genesis.log_key = esep_pb(sim->log_key.public, ESEP_KEY_BYTES);
    genesis.seal_key = esep_pb(sim->seal_key.public, ESEP_KEY_BYTES);
    genesis.made_at_us = sim->start;
    found_entry(&f, ESEP__V1__LOG_TYPE__LOG_TYPE_GENESIS, &genesis.base);
    sim->log_id = esep_log_id(f.records[0].body);
    Esep__V1__PlanChange plan = ESEP__V1__PLAN_CHANGE__INIT;
    struct esep_slice packed = sim_plan(sim, 1);
    plan.plan = esep_pb(packed.data, packed.len);
    sim->collector.plan_revision = 1;
    found_entry(&f, ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN, &plan.base);
    for (int i = 0; i < sim->office_count; i++)
        found_office(&f, i);
    list_keys(&f);
    disk->sim = sim;
    disk->log = (struct collector_log){.ops = &sim_disk_ops, .log_id = sim->log_id};
    sim_seed_bytes(sim, seed);
    memcpy(disk->log.engine_id, seed, sizeof disk->log.engine_id);
    const struct collector_batch batch = {.records = f.records, .record_count = f.count};
    sim_disk_put(disk, &batch);
    if (views_flush(f.views, put_row, &f) != ESEP_OK)
        abort();
    views_free(f.views);
    if (sim_real != NULL)
        sim_real->begin(sim);
    for (int i = 0; i < sim->office_count; i++)
        sim_journal_start(sim, i);
}
