/* tests/sim/sim_run.c - one seed from its beginning to the end of its faults, and on until every
 * entry has its receipt or its signed refusal; see sim.h.
 */
#include "sim_real.h"

#include <stdlib.h>

#define CONVERGES_WITHIN (4 * ESEP_HOUR) /* a person who must recover comes within 40 minutes */
#define BUDGETED_WITHIN (12 * ESEP_DAY)  /* what one day's budget does not take, the next does */
#define QUIET ESEP_HOUR
#define WRITINGS_MAX 100 /* of an office, in the mean, of three entries */

/* A command that finds the disk bad says so, and the clerk comes again. */
static void write_some(struct sim *sim, struct sim_office *o)
{
    bool spoilt = sim->now < o->disk_bad_until || sim->now < o->disk_full_until;
    bool fails = o->broken || (spoilt && sim_real == NULL); /* a real journal says so by itself */
    int count = sim_pick(sim, 8) == 0 ? 1 + (int)sim_pick(sim, 30) : 1;
    if (sim_pick(sim, 250) == 0)
        count = 64 + (int)sim_pick(sim, 400); /* a table is read in */
    bool hurries = sim_pick(sim, 10) == 0;
    uint64_t before = o->journal.marks.last_seq;
    for (int i = 0; i < count; i++)
        if (sim_does(sim, SIM_WRITE) && !fails)
            sim_journal_write(sim, o->node.number);
    if (o->core == NULL || o->journal.marks.last_seq == before || sim_paused(sim, &o->node))
        return; /* it finds them later */
    sim_office_look(sim, o->node.number);
    sim_rules_due(sim, o->node.number);
    if (hurries)
        sim_rules_pushed(sim, o->node.number);
    if (hurries)
        agent_now(o->core, sim_wall(sim, &o->node));
    sim_office_pump(sim, o->node.number);
}

static void on_write(struct sim *sim, struct sim_event *event)
{
    struct sim_office *o = &sim->offices[event->a];
    if (sim->calm)
        return;
    struct esep_prng outer = sim_stream(sim, SIM_WRITE, event->a << 32 | ++o->writes);
    sim_after(sim, NULL, sim_between(sim, 0, 2 * sim->write_every), on_write)->a = event->a;
    write_some(sim, o);
    sim->prng = outer;
}

static void give_order(struct sim *sim)
{
    const struct sim_collector *c = &sim->collector;
    if (sim_does(sim, SIM_ORDER) && c->core != NULL && !sim_paused(sim, &c->node) &&
        collector_status(c->core, NULL) == ESEP_OK)
        sim_collector_order(sim);
}

static void on_order(struct sim *sim, struct sim_event *event)
{
    (void)event;
    if (sim->calm)
        return;
    struct esep_prng outer = sim_stream(sim, SIM_ORDER, ++sim->orders_given);
    sim_after(sim, NULL, sim_between(sim, 0, 2 * sim->order_every), on_order);
    give_order(sim);
    sim->prng = outer;
}

void sim_draw_agent(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    struct agent_config *c = &o->config;
    struct esep_prng outer = sim_stream(sim, SIM_WRITE, (uint64_t)office << 32);
    (void)snprintf(o->node.name, sizeof o->node.name, "office-%d", office + 1);
    o->node.number = office;
    o->node.drift_ppm = (int)sim_pick(sim, 401) - 200;
    c->frame_bytes = (size_t)8192 << sim_pick(sim, 4);
    c->read_bytes = (size_t)4096 << sim_pick(sim, 6);
    c->group_frames = 1 + (uint32_t)sim_pick(sim, 64);
    c->group_entries = 1 + (uint32_t)sim_pick(sim, 4096);
    c->keep_alive = sim_between(sim, 3, 8) * ESEP_MINUTE;
    c->reply_timeout = sim_between(sim, 1, 6) * ESEP_MINUTE;
    sim->prng = outer;
    sim_rules_draw(sim, office);
}

void sim_writes_start(struct sim *sim, int office)
{
    sim_after(sim, NULL, sim_between(sim, 0, sim->write_every), on_write)->a = (uint64_t)office;
}

static void draw_collector(struct sim *sim)
{
    struct collector_config *c = &sim->collector.config;
    c->sessions_max = 16 + (uint32_t)sim_pick(sim, 49);
    c->frame_bytes_max = 65536;
    c->session_credit_bytes = (size_t)65536 << sim_pick(sim, 3);
    c->ingest_bytes_max = (size_t)1 << (19 + sim_pick(sim, 3));
    c->batch_bytes_max = (size_t)1 << (18 + sim_pick(sim, 3));
    c->batch_records_max = 512u << sim_pick(sim, 5);
    c->session_idle = sim_between(sim, 10, 60) * ESEP_MINUTE;
    c->presence_every = sim_between(sim, 1, 12) * ESEP_HOUR;
    c->alerts_settle = sim_between(sim, 0, 3 * ESEP_MINUTE);
    c->link_heartbeat = sim->heartbeat;
}

static void draw(struct sim *sim)
{
    uint8_t seed[32];
    sim->office_count = 2 + (int)sim_pick(sim, SIM_FOUNDED - 1);
    sim->broker_count = 1 + (int)sim_pick(sim, SIM_BROKERS);
    sim->latency = sim_pick(sim, 3) == 0 ? sim_between(sim, 1000, 5 * ESEP_SECOND)
                                         : sim_between(sim, 1000, 300000);
    sim->heartbeat = sim_between(sim, 20, 120) * ESEP_SECOND;
    /* Mostly dense and short; the long ones see deadlines pass. */
    bool lasts = sim_pick(sim, 5) == 0;
    sim->write_every = sim_between(sim, 2, lasts ? 400 : 60) * ESEP_MINUTE;
    sim->order_every = sim_between(sim, 3, 120) * ESEP_MINUTE;
    sim->faults_end =
        sim->start + sim_between(sim, 2 * ESEP_HOUR, lasts ? 5 * ESEP_DAY : 20 * ESEP_HOUR);
    /* A few hundred entries of an office meet every fault there is; ten thousand take as long as a
     * thousand other seeds. */
    esep_time least = (sim->faults_end - sim->start) / WRITINGS_MAX;
    if (sim->write_every < least)
        sim->write_every = least;
    const struct sim_recipe *r = sim->recipe;
    if (r->offices_max > 0 && sim->office_count > r->offices_max)
        sim->office_count = r->offices_max;
    if (r->brokers_max > 0 && sim->broker_count > r->brokers_max)
        sim->broker_count = r->brokers_max;
    if (r->until > 0 && sim->faults_end > sim->start + r->until)
        sim->faults_end = sim->start + r->until;
    for (int i = 0; i < sim->office_count; i++)
        sim_draw_agent(sim, i);
    draw_collector(sim);
    for (int i = 0; i < sim->broker_count; i++) {
        struct sim_broker *b = &sim->brokers[i];
        (void)snprintf(b->node.name, sizeof b->node.name, "broker-%d", i + 1);
        b->node.number = i;
        sim_seed_bytes(sim, seed);
        memcpy(b->curve, seed, sizeof b->curve);
    }
    (void)snprintf(sim->collector.node.name, sizeof sim->collector.node.name, "collector");
    sim->collector.node.drift_ppm = (int)sim_pick(sim, 401) - 200;
}

static void begin(struct sim *sim)
{
    sim_truth_start(sim);
    sim_files_start(sim);
    draw(sim);
    esep_buf_init(&sim->collector.mailbox.bytes, 16u << 20);
    sim_draw_heirs(sim);
    sim_draw_rights(sim);
    sim_found(sim);
    sim_trace(sim, NULL, "%d offices, %d brokers, latency %lld us", sim->office_count,
              sim->broker_count, (long long)sim->latency);
    for (int i = 0; i < sim->broker_count; i++)
        sim_broker_start(sim, i);
    sim_collector_start(sim);
    for (int i = 0; i < sim->office_count; i++) {
        sim_amnesia_copy(sim, i);
        sim_office_start(sim, i);
        sim_writes_start(sim, i);
    }
    sim_after(sim, NULL, sim->order_every, on_order);
    sim_faults_start(sim);
}

static void run_until_converged(struct sim *sim)
{
    char why[600] = "";
    const bool ruled = sim->profile->windows > 0 || sim->profile->metered > 0;
    esep_time last = sim->now + (ruled ? BUDGETED_WITHIN : CONVERGES_WITHIN);
    while (sim->now < last) {
        esep_time until = sim->now + 5 * ESEP_MINUTE;
        while (sim_step(sim, until)) {}
        sim_start_the_fallen(sim); /* who was to end in good order has done so by now */
        sim_truth_bounds(sim);
        if (sim_truth_converged(sim, why, sizeof why))
            return;
    }
    sim_fail(sim, "it does not converge: %s", why);
}

void sim_run(const struct sim_recipe *recipe, struct sim *sim)
{
    memset(sim, 0, sizeof *sim);
    sim->seed = recipe->seed;
    sim->profile = recipe->profile;
    sim->recipe = recipe;
    sim->print = recipe->print;
    (void)sim_stream(sim, SIM_DEEDS, 0);
    sim->start = sim->now = (esep_time)esep_day_from_civil(2013, 3, 24) * ESEP_DAY + 3 * ESEP_HOUR;
    begin(sim);
    while (sim_step(sim, sim->faults_end)) {}
    sim_faults_end(sim);
    run_until_converged(sim);
    sim_trace(sim, NULL, "all is receipted or refused %d minutes after the faults",
              (int)((sim->now - sim->faults_end) / ESEP_MINUTE));
    const struct sim_quiet quiet = sim_bounds_quiet_begin(sim);
    esep_time until = sim->now + QUIET;
    while (sim_step(sim, until)) {}
    sim_bounds_quiet_end(sim, &quiet);
    run_until_converged(sim); /* an alert may just have been raised */
    sim_truth_end(sim);
    sim_trace(sim, NULL, "converged: %zu entries in the log", sim->collector.disk.count);
}

void sim_done(struct sim *sim)
{
    sim_malice_done(sim);
    sim_enrol_done(sim);
    if (sim_real != NULL)
        sim_real->done(sim);
    for (int i = 0; i < SIM_OFFICES; i++) {
        struct sim_office *o = &sim->offices[i];
        agent_free(o->core);
        sim_journal_done(&o->journal);
        for (size_t k = 0; k < SIM_BACKUPS; k++)
            sim_journal_done(&o->backups[k]);
    }
    for (int i = 0; i < SIM_BROKERS; i++)
        broker_free(sim->brokers[i].core);
    collector_free(sim->collector.core);
    views_free(sim->collector.views);
    sim_disk_done(&sim->collector.disk);
    for (size_t k = 0; k < SIM_BACKUPS; k++)
        sim_disk_done(&sim->collector.backups[k]);
    esep_buf_done(&sim->collector.mailbox.bytes);
    free(sim->conns);
    sim_truth_done(sim);
    sim_heap_done(sim);
}
