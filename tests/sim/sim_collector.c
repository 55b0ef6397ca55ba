/* tests/sim/sim_collector.c - ingest's shell: as collector/run.c, over the simulated store and
 * links; see sim.h. The writer's thread is an event: frames come in while a commit is under way.
 */
#include "sim_real.h"
#include "sim_signer.h"
#include "sim_witness.h"

static esep_time now_of(const struct sim *sim)
{
    return sim_wall(sim, &sim->collector.node);
}

struct load {
    struct sim *sim;
    struct views *views;
};

static bool load_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct load *load = context;
    struct esep_reason reason = {""};
    if (views_load_row(load->views, key, value, &reason) != ESEP_OK)
        sim_fail(load->sim, "a row of table %c cannot be loaded: %s", key.data[0], reason.text);
    return true;
}

struct views *sim_views_load(struct sim *sim)
{
    struct sim_disk *disk = &sim->collector.disk;
    struct collector_log *log = sim_log(sim);
    struct load load = {.sim = sim};
    struct esep_reason reason = {""};
    if (views_new(&load.views, &sim_limits, sim_zone, NULL) != ESEP_OK)
        sim_fail(sim, "no memory for views");
    for (const char *table = VIEWS_TABLES_LOADED; *table != 0; table++)
        (void)log->ops->rows(log, esep_slice(table, 1), esep_slice(NULL, 0), load_row, &load, NULL);
    for (uint32_t plan = 0; plan < views_plan_count(load.views); plan++) {
        uint64_t index = views_plan_index(load.views, plan);
        if (views_load_plan(load.views, index, disk->records[index].body, &reason) != ESEP_OK)
            sim_fail(sim, "plan %u cannot be loaded: %s", plan, reason.text);
    }
    if (views_load_end(load.views, &reason) != ESEP_OK || views_log_size(load.views) != disk->count)
        sim_fail(sim, "the rows do not fit the log: %s", reason.text);
    return load.views;
}

static size_t targets(void *context, const char *plan, const char *body, enum views_audience whom,
                      Esep__V1__Target *ret, size_t max)
{
    static char mail[] = "a@example.org";
    static char language[] = "ru";
    (void)context;
    (void)plan;
    (void)body;
    if (max == 0 || whom == VIEWS_SECRETARIAT)
        return 0;
    esep__v1__target__init(&ret[0]);
    ret[0].channel = ESEP__V1__CHANNEL__CHANNEL_MAIL;
    ret[0].address = mail;
    ret[0].language = language;
    return 1;
}

static void new_core(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    struct collector_config *config = &c->config;
    config->log_id = sim->log_id;
    memcpy(config->engine_id, c->disk.log.engine_id, sizeof config->engine_id);
    config->generation = c->disk.log.generation;
    memcpy(config->name, "ingest", sizeof "ingest");
    config->seal_key = sim->seal_key;
    sim_seed_bytes(sim, config->seed);
    config->targets = targets;
    config->links_max = SIM_BROKERS;
    config->cosigned_every = 10 * ESEP_MINUTE;
    sim_files_config(config);
    if (sim_real != NULL)
        sim_real->open(sim);
    c->views = sim_views_load(sim);
    sim_signer_begin(sim);
    if (collector_new(&c->core, config, c->views, now_of(sim)) != ESEP_OK)
        sim_fail(sim, "ingest does not start");
    const struct collector_history history = {.node = collector_state_node,
                                              .leaf = collector_state_leaf,
                                              .nonce = collector_state_nonce,
                                              .commitment = collector_state_commitment,
                                              .context = sim_log(sim)};
    collector_set_lookup(c->core, collector_state_find, sim_log(sim));
    collector_set_history(c->core, &history);
    collector_set_files(c->core, sim_files_lookup, sim_files_lacking, sim);
    collector_set_full(c->core, c->full);
    c->batch = NULL;
    c->opened++;
    c->began_with = c->disk.count;
}

static void drop_core(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    collector_free(c->core);
    views_free(c->views);
    c->core = NULL;
    c->views = NULL;
    c->batch = NULL;
    c->committed = c->signing.away = false;
    sim_files_crash(sim);
    if (sim_real != NULL)
        sim_real->close(sim);
}

/* Links. */

static void on_dialled(struct sim *sim, struct sim_event *event);

static void redial(struct sim *sim, int broker)
{
    struct sim_link *link = &sim->collector.links[broker];
    esep_time most = (200000LL << (link->failures < 8 ? link->failures : 8));
    link->failures++;
    sim_after(sim, &sim->collector.node,
              sim_between(sim, 0, most < 30 * ESEP_SECOND ? most : 30 * ESEP_SECOND), on_dialled)
        ->a = (uint64_t)broker;
}

static void on_dialled(struct sim *sim, struct sim_event *event)
{
    int broker = (int)event->a;
    struct sim_collector *c = &sim->collector;
    struct sim_link *link = &c->links[broker];
    struct sim_broker *b = &sim->brokers[broker];
    static const uint8_t key[ESEP_KEY_BYTES] = {0xc0};
    if (link->conn != 0)
        return;
    if (b->core == NULL || link->cut || sim_paused(sim, &b->node) ||
        !broker_admits(b->core, BROKER_DOMAIN_COLLECTORS, key)) {
        redial(sim, broker);
        return;
    }
    link->conn = sim_conn_open(sim, -1, broker);
    link->waits_since = sim->now;
    sim_trace(sim, &c->node, "link to %s is up", b->node.name);
    collector_on_link(c->core, (uint32_t)broker, b->curve, true, now_of(sim));
    sim_collector_pump(sim);
}

void sim_collector_link_down(struct sim *sim, int broker)
{
    struct sim_collector *c = &sim->collector;
    struct sim_link *link = &c->links[broker];
    if (link->conn == 0)
        return;
    sim_trace(sim, &c->node, "link to %s is down", sim->brokers[broker].node.name);
    sim_conn_close(sim, link->conn);
    link->conn = 0;
    if (c->core == NULL)
        return;
    redial(sim, broker);
    collector_on_link(c->core, (uint32_t)broker, sim->brokers[broker].curve, false, now_of(sim));
    sim_collector_pump(sim);
}

/* A broker that does not let us join is dialled anew; one that is gone is noticed by and by. */
static void look_at_links(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    for (int i = 0; i < sim->broker_count && c->core != NULL; i++) {
        struct sim_link *link = &c->links[i];
        if (link->conn == 0)
            continue;
        const struct sim_conn *conn = sim_conn(sim, link->conn);
        bool gone = sim->brokers[i].node.generation != conn->broker_generation || conn->doomed;
        enum collector_link_state state = collector_link(c->core, (uint32_t)i, NULL);
        if (state == COLLECTOR_LINK_JOINED) {
            link->failures = 0;
            link->waits_since = sim->now;
        }
        esep_time patience = gone ? 15 * ESEP_SECOND : 30 * ESEP_SECOND + 2 * sim->heartbeat;
        if ((gone || state != COLLECTOR_LINK_REFUSED) && sim->now - link->waits_since > patience)
            sim_collector_link_down(sim, i);
    }
}

/* Life. */

static void on_deliver(struct sim *sim, struct sim_event *event);

static void on_wake(struct sim *sim, struct sim_event *event)
{
    (void)event;
    struct sim_collector *c = &sim->collector;
    if (c->full && sim->now >= c->disk_full_until && c->batch == NULL) {
        c->full = false;
        collector_set_full(c->core, false);
    }
    collector_on_time(c->core, now_of(sim));
    sim_collector_pump(sim);
    if (c->core != NULL)
        look_at_links(sim);
}

void sim_collector_start(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    c->node.up = true;
    c->node.generation++;
    c->node.paused_until = 0;
    c->node.on_wake = on_wake;
    c->draining = false;
    new_core(sim);
    sim_trace(sim, &c->node, "starts over %zu entries", c->disk.count);
    for (int i = 0; i < sim->broker_count; i++) {
        c->links[i].conn = 0;
        c->links[i].failures = 0;
        redial(sim, i);
    }
    sim_after(sim, &c->node, ESEP_MINUTE, on_deliver);
    sim_collector_pump(sim);
}

static void put_batch(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    sim_disk_put(&c->disk, c->batch);
    c->commits++;
    if (c->commits % 128 == 0)
        sim_truth_replay(sim);
}

/* The process ends, whichever way. */
static void gone(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    for (int i = 0; i < sim->broker_count; i++) {
        sim_conn_close(sim, c->links[i].conn);
        c->links[i].conn = 0;
    }
    drop_core(sim);
    c->order_token = 0;
    c->node.up = false;
    c->node.generation++;
    c->node.paused_until = 0;
}

void sim_collector_crash(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    const struct collector_batch *under_way = c->committed ? NULL : c->batch;
    bool stored = under_way != NULL && sim_pick(sim, 2) == 0;
    if (c->draining)
        sim_count(sim, SIM_TALLY_DRAIN_CRASHED);
    if (sim_real != NULL) {
        sim_real->crash(sim, under_way);
        stored = false; /* it shows when the store is opened */
    }
    sim_trace(sim, &c->node, "crashes%s", stored ? ", with a commit just done" : "");
    if (stored)
        put_batch(sim);
    gone(sim);
}

void sim_collector_drain(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    sim_trace(sim, &c->node, "is to end in good order");
    c->draining = true;
    c->drain_until = sim->now + 20 * ESEP_SECOND;
    collector_drain(c->core, now_of(sim));
    sim_collector_pump(sim);
}

/* true: it has ended, in good order or after the time that it gets. */
static bool drained(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    bool late = sim->now > c->drain_until;
    if (!c->draining || (!late && (!collector_drained(c->core) || c->batch != NULL)))
        return false;
    if (late) {
        sim_count(sim, SIM_TALLY_DRAIN_LATE);
        c->draining = false; /* by itself, and no crash */
        sim_collector_crash(sim);
    } else {
        sim_trace(sim, &c->node, "has ended in good order");
        gone(sim);
    }
    return true;
}

void sim_collector_restore(struct sim *sim, size_t backup)
{
    struct sim_collector *c = &sim->collector;
    uint8_t seed[32];
    if (c->core != NULL)
        sim_collector_crash(sim);
    sim_rot_end(sim);
    sim_disk_copy(&c->disk, &c->backups[backup]);
    if (sim_real != NULL)
        sim_real->restore(sim, backup);
    sim_files_restored(sim);
    sim_seed_bytes(sim, seed);
    memcpy(c->disk.log.engine_id, seed, sizeof c->disk.log.engine_id);
    const uint64_t second = (uint64_t)(sim_wall(sim, &c->node) / ESEP_SECOND);
    c->disk.log.generation = second > c->disk.log.generation ? second : c->disk.log.generation + 1;
    c->restores++;
    sim_trace(sim, &c->node, "its store is an old copy of %zu entries", c->disk.count);
    sim_truth_rebuild(sim);
}

static void reopen(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    drop_core(sim);
    new_core(sim);
    c->order_token = 0;
    sim_trace(sim, &c->node, "reopens the store: %zu entries", c->disk.count);
    for (int i = 0; i < sim->broker_count; i++)
        if (c->links[i].conn != 0)
            collector_on_link(c->core, (uint32_t)i, sim->brokers[i].curve, true, now_of(sim));
    if (c->draining)
        collector_drain(c->core, now_of(sim));
    sim_collector_pump(sim);
}

static void on_reopen(struct sim *sim, struct sim_event *event)
{
    (void)event;
    if (sim->collector.batch == NULL && collector_status(sim->collector.core, NULL) != ESEP_OK)
        reopen(sim);
}

/* The writer ends what it has in hand, then everything is opened anew. */
void sim_collector_reload(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    sim_trace(sim, &c->node, "reads its configuration again");
    if (c->batch != NULL && !c->committed &&
        (sim_real == NULL || sim_real->commit(sim, c->batch) == ESEP_OK))
        put_batch(sim);
    c->node.generation++;
    for (int i = 0; i < sim->broker_count; i++)
        if (c->links[i].conn == 0)
            redial(sim, i);
    sim_after(sim, &c->node, ESEP_MINUTE, on_deliver);
    reopen(sim);
}

/* As an office's journal: what of a failed commit is there depends on where it failed. */
static enum esep_status outcome(struct sim *sim, bool *ret_stored)
{
    const struct sim_collector *c = &sim->collector;
    uint64_t draw = sim_pick(sim, 4);
    *ret_stored = false;
    if (sim_real != NULL) {
        enum esep_status status = sim_real->commit(sim, c->batch);
        *ret_stored = status == ESEP_OK;
        return status;
    }
    if (sim->now < c->disk_bad_until) {
        sim_count(sim, draw > 0 ? SIM_TALLY_SYNC_EIO : SIM_TALLY_WRITE_EIO);
        *ret_stored = draw > 1;
        return ESEP_IO;
    }
    if (sim->now < c->disk_full_until) {
        sim_count(sim, draw > 0 ? SIM_TALLY_WRITE_FULL : SIM_TALLY_SYNC_FULL);
        *ret_stored = draw == 0 && sim_pick(sim, 2) == 0;
        return ESEP_LIMIT;
    }
    *ret_stored = true;
    return ESEP_OK;
}

static void on_commit(struct sim *sim, struct sim_event *event)
{
    struct sim_collector *c = &sim->collector;
    bool stored = false;
    enum esep_status status = outcome(sim, &stored);
    sim_trace(sim, &c->node, "commit of %zu entries at %llu: %s%s", c->batch->record_count,
              (unsigned long long)c->batch->first_index, esep_status_name(status),
              stored && status != ESEP_OK ? ", but it is there" : "");
    uint8_t signature[ESEP_SIGNATURE_BYTES] = {0};
    if (stored)
        put_batch(sim);
    if (status == ESEP_OK && sim_signer_away(sim, event->a))
        return;
    if (status == ESEP_OK)
        signing_head(&c->signing, &sim->log_id, c->batch->growth, signature);
    c->batch = NULL;
    if (status == ESEP_LIMIT)
        c->full = true;
    collector_on_stored(c->core, event->a, status, signature, now_of(sim));
    sim_witness_signs(sim);
    sim_collector_pump(sim);
}

static void on_mail(struct sim *sim, struct sim_event *event)
{
    struct sim_collector *c = &sim->collector;
    struct esep_reason reason = {""};
    uint32_t office = (uint32_t)event->durable;
    enum esep_status status =
        collector_state_mail(sim_log(sim), office, event->b, 65536, &c->mailbox, &reason);
    if (status == ESEP_CORRUPT && c->rotten.data != NULL) {
        sim_count(sim, SIM_TALLY_ROT_REFUSED);
        sim_trace(sim, &c->node, "the mailbox of office %u: %s", office, reason.text);
        c->mailbox.count = 0;
        c->mailbox.more = false;
    } else if (status != ESEP_OK) {
        sim_fail(sim, "the mailbox of office %u: %s", office, reason.text);
    }
    for (size_t i = 0; c->rotten.data != NULL && i < c->mailbox.count; i++)
        if (c->mailbox.items[i].log_index == c->rotten_index)
            sim_fail(sim, "entry %llu is mailed with a flipped bit",
                     (unsigned long long)c->rotten_index);
    collector_on_mail(c->core, event->a, c->mailbox.items, c->mailbox.count, c->mailbox.more,
                      now_of(sim));
    sim_collector_pump(sim);
}

struct owed {
    struct sim *sim;
    size_t count;
    struct {
        uint64_t alert;
        uint32_t target;
    } items[16];
};

static bool visit_owed(void *context, uint64_t alert, uint32_t target)
{
    struct owed *owed = context;
    if (alert < owed->sim->collector.disk.count) {
        owed->items[owed->count].alert = alert;
        owed->items[owed->count++].target = target;
    }
    return owed->count < 16;
}

static void on_deliver(struct sim *sim, struct sim_event *event)
{
    (void)event;
    struct sim_collector *c = &sim->collector;
    struct owed owed = {.sim = sim};
    sim_after(sim, &c->node, sim_between(sim, ESEP_MINUTE, 20 * ESEP_MINUTE), on_deliver);
    if (collector_status(c->core, NULL) != ESEP_OK || c->full)
        return;
    views_deliveries(c->views, visit_owed, &owed);
    for (size_t i = 0; i < owed.count; i++) {
        bool delivered = sim_pick(sim, 4) > 0; /* drawn one by one: arguments have no order */
        uint32_t attempts = 1 + (uint32_t)sim_pick(sim, 5);
        collector_on_delivery(c->core, owed.items[i].alert, owed.items[i].target, delivered,
                              attempts, "said", now_of(sim));
    }
    sim_collector_pump(sim);
}

static void on_stuck(struct sim *sim, struct sim_event *event)
{
    sim_collector_link_down(sim, (int)event->a);
}

/* false: its queue is full; the effect waits, and in the end the link is broken off. */
static bool send(struct sim *sim, const struct collector_effect *effect)
{
    struct sim_collector *c = &sim->collector;
    struct sim_link *link = &c->links[effect->link];
    struct esep_slice parts[2] = {effect->parts[0], effect->parts[1]};
    if (effect->part_count == 2 && sim_keeps_back(sim, parts[1]))
        return true;
    if (effect->part_count == 2)
        parts[1] = sim_version_edge(sim, &c->node, parts[1]);
    if (link->conn == 0 || sim_send_link(sim, (int)effect->link, true, parts, effect->part_count,
                                         c->disk.count) != ESEP_AGAIN) {
        link->stuck_since = 0;
        return true;
    }
    if (link->stuck_since == 0)
        link->stuck_since = sim->now;
    if (sim->now - link->stuck_since >= 5 * ESEP_SECOND) {
        link->stuck_since = 0;
        sim_after(sim, &c->node, 0, on_stuck)->a = effect->link;
    }
    return false;
}

/* false: it must wait. */
static bool carry_out(struct sim *sim, const struct collector_effect *effect)
{
    struct sim_collector *c = &sim->collector;
    struct sim_event *event;
    switch (effect->kind) {
    case COLLECTOR_EFFECT_SEND:
        if (effect->part_count == 2)
            sim_bounds_sent(sim, effect->parts[1]);
        return send(sim, effect);
    case COLLECTOR_EFFECT_STORE:
        if (c->batch != NULL)
            sim_fail(sim, "two commits at once");
        c->batch = effect->batch;
        event = sim_after(sim, &c->node,
                          sim->now < c->disk_slow_until ? sim_between(sim, 0, 50 * ESEP_SECOND)
                                                        : sim_between(sim, 100, 30000),
                          on_commit);
        event->a = effect->token;
        break;
    case COLLECTOR_EFFECT_MAIL:
        event = sim_after(sim, &c->node, sim_between(sim, 0, 3000), on_mail);
        event->a = effect->token;
        event->b = effect->after;
        event->durable = effect->office;
        break;
    case COLLECTOR_EFFECT_REPLY:
        if (effect->token == c->order_token)
            c->order_token = 0;
        break;
    case COLLECTOR_EFFECT_DELIVER:
        if (effect->alert_index >= c->disk.count)
            sim_fail(sim, "alert %llu is to be delivered before it is durable",
                     (unsigned long long)effect->alert_index);
        break;
    default: /* FILE_ */
        sim_files_effect(sim, effect);
        break;
    }
    return true;
}

void sim_collector_pump(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    const struct collector_effect *effect;
    bool stuck = false;
    sim_bounds_collector(sim);
    for (int turns = 0; (effect = collector_peek(c->core)) != NULL; turns++) {
        if (turns > 10000)
            sim_fail(sim, "ingest never comes to rest");
        if (turns == 0 && sim_crashes_here(sim)) {
            sim_collector_crash(sim);
            return;
        }
        const struct collector_effect copy = *effect;
        bool pop_first = copy.kind != COLLECTOR_EFFECT_SEND &&
                         copy.kind != COLLECTOR_EFFECT_REPLY &&
                         copy.kind != COLLECTOR_EFFECT_FILE_WRITE;
        if (pop_first)
            collector_pop(c->core);
        stuck = !carry_out(sim, &copy);
        if (stuck)
            break;
        if (!pop_first)
            collector_pop(c->core);
        if (sim_crashes_here(sim)) {
            sim_collector_crash(sim);
            return;
        }
    }
    if (drained(sim))
        return;
    struct esep_reason reason = {""};
    if (collector_status(c->core, &reason) != ESEP_OK) {
        sim_trace(sim, &c->node, "ingest has ended: %s", reason.text);
        if (c->batch == NULL)
            sim_after(sim, &c->node, 0, on_reopen);
        return;
    }
    esep_time now = now_of(sim);
    esep_time at = collector_deadline(c->core);
    if (c->full && at > now + 5 * ESEP_SECOND)
        at = now + 5 * ESEP_SECOND;
    if ((c->draining || stuck) && at > now + ESEP_SECOND)
        at = now + ESEP_SECOND;
    sim_wake_at(sim, &c->node, at, now);
}
