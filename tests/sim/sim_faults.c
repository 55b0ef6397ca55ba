/* tests/sim/sim_faults.c - what goes wrong, how often, and that it ends; see sim.h.
 *
 * Every fault has a kind in enum sim_deed and asks sim_does (sim_mask.c) before it happens.
 * A tick every minute or so draws faults by the profile's rates; each has its own end. When the
 * faults are over everything is mended at once: lines, disks, brokers (a liar is replaced).
 */
#include "sim.h"

const struct sim_profile sim_profiles[] = {
    {.name = "calm"},
    {.name = "lossy",
     .loss = 300000,
     .repeat = 150000,
     .reorder = 200000,
     .corrupt = 100000,
     .stall = 60000,
     .cuts = 30000},
    {.name = "crashes", .crashes = 12000, .crash_steps = 400, .cuts = 4000, .loss = 10000},
    {.name = "byzantine", .lies = 400000, .cuts = 2000, .revokes = 3000},
    {.name = "disk", .disks = 20000, .crashes = 3000, .restores = 700, .crash_steps = 100},
    {.name = "clocks", .clocks = 20000, .crashes = 2000, .cuts = 3000},
    {.name = "everything",
     .loss = 100000,
     .repeat = 50000,
     .reorder = 100000,
     .corrupt = 30000,
     .stall = 20000,
     .cuts = 15000,
     .crashes = 5000,
     .crash_steps = 150,
     .lies = 150000,
     .disks = 6000,
     .clocks = 4000,
     .restores = 400,
     .revokes = 1500},
};
const size_t sim_profile_count = sizeof sim_profiles / sizeof sim_profiles[0];

static void on_mended_line(struct sim *sim, struct sim_event *event)
{
    struct sim_office *o = &sim->offices[event->a];
    o->cut_up = o->cut_down = false;
    sim_trace(sim, NULL, "the line of %s is whole", o->node.name);
}

static void on_lost_line(struct sim *sim, struct sim_event *event)
{
    if (sim->offices[event->a].conn == event->b)
        sim_office_hang_up(sim, (int)event->a, true);
}

/* From seconds to most of a day; the socket notices after a while, or the core does first. */
static void cut_line(struct sim *sim)
{
    uint64_t i = sim_pick(sim, (uint64_t)sim->office_count);
    struct sim_office *o = &sim->offices[i];
    uint64_t way = sim_pick(sim, 4);
    esep_time lasts = sim_pick(sim, 4) == 0 ? sim_between(sim, ESEP_HOUR, 20 * ESEP_HOUR)
                                            : sim_between(sim, ESEP_SECOND, 20 * ESEP_MINUTE);
    o->cut_up = way != 0;
    o->cut_down = way != 1;
    sim_trace(sim, NULL, "the line of %s is cut%s", o->node.name,
              way == 0   ? " downwards"
              : way == 1 ? " upwards"
                         : "");
    sim_after(sim, NULL, lasts, on_mended_line)->a = i;
    if (o->conn != 0 && sim_pick(sim, 3) > 0) {
        struct sim_event *event =
            sim_after(sim, NULL, sim_between(sim, 0, 2 * ESEP_MINUTE), on_lost_line);
        event->a = i;
        event->b = o->conn;
    }
}

static void on_mended_link(struct sim *sim, struct sim_event *event)
{
    sim->collector.links[event->a].cut = false;
    sim_trace(sim, NULL, "the link to %s is whole", sim->brokers[event->a].node.name);
}

static void cut_link(struct sim *sim)
{
    uint64_t i = sim_pick(sim, (uint64_t)sim->broker_count);
    sim->collector.links[i].cut = true;
    sim_trace(sim, NULL, "the link to %s is cut", sim->brokers[i].node.name);
    sim_after(sim, NULL, sim_between(sim, ESEP_SECOND, 30 * ESEP_MINUTE), on_mended_link)->a = i;
}

static void on_power(struct sim *sim, struct sim_event *event)
{
    int i = (int)event->a;
    if (i < sim->office_count && sim->offices[i].core == NULL)
        sim_office_start(sim, i);
    else if (i == 100 && sim->collector.core == NULL)
        sim_collector_start(sim);
    else if (i > 100 && sim->brokers[i - 101].core == NULL)
        sim_broker_start(sim, i - 101);
}

static void crash_somebody(struct sim *sim)
{
    uint64_t who = sim_pick(sim, (uint64_t)(sim->office_count + 4));
    if (who < (uint64_t)sim->office_count) {
        if (sim->offices[who].core != NULL)
            sim_office_crash(sim, (int)who);
    } else if (who < (uint64_t)sim->office_count + 2) {
        if (sim->collector.core != NULL)
            sim_collector_crash(sim);
    } else {
        int broker = (int)sim_pick(sim, (uint64_t)sim->broker_count);
        if (sim->brokers[broker].core != NULL)
            sim_broker_crash(sim, broker);
    }
}

/* Whoever is down comes up again; looked at each tick, since crashes happen anywhere. */
static void start_the_fallen(struct sim *sim)
{
    for (int i = 0; i < sim->office_count; i++)
        if (sim->offices[i].core == NULL)
            sim_after(sim, NULL, sim_between(sim, 0, 3 * ESEP_MINUTE), on_power)->a = (uint64_t)i;
    if (sim->collector.core == NULL)
        sim_after(sim, NULL, sim_between(sim, 0, ESEP_MINUTE), on_power)->a = 100;
    for (int i = 0; i < sim->broker_count; i++)
        if (sim->brokers[i].core == NULL)
            sim_after(sim, NULL, sim_between(sim, 0, ESEP_MINUTE), on_power)->a = 101 + (uint64_t)i;
}

static void spoil_disk(struct sim *sim)
{
    esep_time until = sim->now + sim_between(sim, ESEP_SECOND, 10 * ESEP_MINUTE);
    uint64_t kind = sim_pick(sim, 3);
    struct sim_collector *c = &sim->collector;
    struct sim_office *o = &sim->offices[sim_pick(sim, (uint64_t)sim->office_count)];
    if (sim_pick(sim, 2) == 0) {
        esep_time *which[] = {&c->disk_bad_until, &c->disk_full_until, &c->disk_slow_until};
        *which[kind] = until;
        sim_trace(sim, NULL, "the collector's disk is %s",
                  kind == 0   ? "bad"
                  : kind == 1 ? "full"
                              : "slow");
    } else {
        *(kind == 0 ? &o->disk_bad_until : &o->disk_full_until) = until;
        sim_trace(sim, NULL, "the disk of %s is %s", o->node.name, kind == 0 ? "bad" : "full");
    }
}

static void jump_clock(struct sim *sim)
{
    uint64_t who = sim_pick(sim, (uint64_t)sim->office_count + 2);
    struct sim_node *node =
        who < (uint64_t)sim->office_count ? &sim->offices[who].node : &sim->collector.node;
    esep_time by = sim_pick(sim, 8) == 0 ? sim_between(sim, -800 * ESEP_DAY, 800 * ESEP_DAY)
                                         : sim_between(sim, -2 * ESEP_HOUR, 2 * ESEP_HOUR);
    if (sim_pick(sim, 2) == 0)
        by = -node->offset; /* set right again */
    node->offset += by;
    sim_trace(sim, node, "its clock jumps by %lld s", (long long)(by / ESEP_SECOND));
}

static void take_backups(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    struct sim_office *o = &sim->offices[sim_pick(sim, (uint64_t)sim->office_count)];
    if (sim_pick(sim, 60) != 0)
        return;
    if (c->backup_count < SIM_BACKUPS)
        sim_disk_copy(&c->backups[c->backup_count++], &c->disk);
    if (o->backup_count < SIM_BACKUPS)
        sim_journal_copy(&o->backups[o->backup_count++], &o->journal);
}

static void restore_something(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    struct sim_office *o = &sim->offices[sim_pick(sim, (uint64_t)sim->office_count)];
    if (sim_pick(sim, 2) == 0 && c->backup_count > 0)
        sim_collector_restore(sim, sim_pick(sim, c->backup_count));
    else if (o->backup_count > 0)
        sim_office_restore(sim, o->node.number, sim_pick(sim, o->backup_count));
}

static void revoke_somebody(struct sim *sim)
{
    if (sim->collector.core != NULL && collector_status(sim->collector.core, NULL) == ESEP_OK)
        sim_collector_revoke(sim, (int)sim_pick(sim, (uint64_t)sim->office_count));
}

static void turn_liars(struct sim *sim)
{
    if (sim_pick(sim, 30) == 0)
        sim->brokers[sim_pick(sim, (uint64_t)sim->broker_count)].lies =
            sim_pick(sim, 2) == 0 ? 0 : (uint32_t)sim_pick(sim, sim->profile->lies);
}

/* Whether it happens in this tick, and all about it, comes from a stream of its own. */
static void perhaps(struct sim *sim, enum sim_deed deed, uint32_t rate, void (*what)(struct sim *))
{
    struct esep_prng outer = sim_stream(sim, deed, sim->ticks);
    if (sim_strikes(sim, rate, deed))
        what(sim);
    sim->prng = outer;
}

static void on_tick(struct sim *sim, struct sim_event *event)
{
    (void)event;
    const struct sim_profile *p = sim->profile;
    if (sim->calm)
        return;
    struct esep_prng outer = sim_stream(sim, SIM_STEP, ++sim->ticks);
    sim_after(sim, NULL, sim_between(sim, 30 * ESEP_SECOND, 90 * ESEP_SECOND), on_tick);
    if (p->restores > 0)
        take_backups(sim);
    if (p->lies > 0)
        turn_liars(sim);
    start_the_fallen(sim);
    sim->prng = outer;
    perhaps(sim, SIM_LINE, p->cuts, cut_line);
    perhaps(sim, SIM_LINK, p->cuts / 2, cut_link);
    perhaps(sim, SIM_CRASH, p->crashes, crash_somebody);
    perhaps(sim, SIM_DISK, p->disks, spoil_disk);
    perhaps(sim, SIM_CLOCK, p->clocks, jump_clock);
    perhaps(sim, SIM_RESTORE, p->restores, restore_something);
    perhaps(sim, SIM_REVOKE, p->revokes, revoke_somebody);
    sim_truth_bounds(sim);
}

/* An office whose line is up for seconds, a few times a day. */
static void on_window(struct sim *sim, struct sim_event *event)
{
    int i = (int)event->a;
    struct sim_office *o = &sim->offices[i];
    bool opens = event->b == 0;
    if (sim->calm)
        return;
    o->cut_up = o->cut_down = !opens;
    sim_trace(sim, NULL, "the window of %s %s", o->node.name, opens ? "opens" : "closes");
    esep_time wait = opens ? sim_between(sim, 5 * ESEP_SECOND, ESEP_MINUTE)
                           : sim_between(sim, 20 * ESEP_MINUTE, 8 * ESEP_HOUR);
    struct sim_event *next = sim_after(sim, NULL, wait, on_window);
    next->a = event->a;
    next->b = opens ? 1 : 0;
    if (!opens) {
        sim_office_hang_up(sim, i, true);
    } else if (o->core != NULL && sim_pick(sim, 4) > 0) {
        agent_now(o->core, sim_wall(sim, &o->node));
        sim_office_pump(sim, i);
    }
}

static uint32_t at_most(struct sim *sim, uint32_t rate)
{
    return rate > 0 && sim_pick(sim, 4) > 0 ? (uint32_t)sim_pick(sim, rate + 1) : 0;
}

void sim_faults_start(struct sim *sim)
{
    const struct sim_profile *p = sim->profile;
    sim->loss = at_most(sim, p->loss);
    sim->repeat = at_most(sim, p->repeat);
    sim->reorder = at_most(sim, p->reorder);
    sim->corrupt = at_most(sim, p->corrupt);
    sim->stall = at_most(sim, p->stall);
    sim->crash_steps = at_most(sim, p->crash_steps);
    sim_after(sim, NULL, ESEP_MINUTE, on_tick);
    if (p->cuts > 0 && sim_pick(sim, 3) == 0 && sim_does(sim, SIM_WINDOW))
        sim_after(sim, NULL, ESEP_HOUR, on_window)->a = sim_pick(sim, (uint64_t)sim->office_count);
}

void sim_faults_end(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    sim_trace(sim, NULL, "the faults are over");
    sim->calm = true;
    sim->loss = sim->repeat = sim->reorder = sim->corrupt = sim->stall = 0;
    c->disk_bad_until = c->disk_full_until = c->disk_slow_until = 0;
    for (int i = 0; i < sim->office_count; i++) {
        struct sim_office *o = &sim->offices[i];
        o->cut_up = o->cut_down = false;
        o->disk_bad_until = o->disk_full_until = 0;
        if (o->core == NULL)
            sim_office_start(sim, i);
    }
    for (int i = 0; i < sim->broker_count; i++) {
        bool lied = sim->brokers[i].lies > 0;
        sim->brokers[i].lies = 0;
        c->links[i].cut = false;
        if (lied && sim->brokers[i].core != NULL)
            sim_broker_crash(sim, i);
        if (sim->brokers[i].core == NULL)
            sim_broker_start(sim, i);
    }
    if (c->core == NULL)
        sim_collector_start(sim);
}
