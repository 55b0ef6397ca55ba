/* tests/sim/sim_net.c - the lines: what is sent arrives late, twice, damaged, or not; see sim.h. */
#include "sim.h"

#include <stdlib.h>

uint64_t sim_conn_open(struct sim *sim, int office, int broker)
{
    if (sim->conn_count + 2 > sim->conn_cap) {
        sim->conn_cap = sim->conn_cap * 2 + 256;
        sim->conns = realloc(sim->conns, sim->conn_cap * sizeof *sim->conns);
        if (sim->conns == NULL)
            abort();
    }
    sim->conns[++sim->conn_count] =
        (struct sim_conn){.office = office,
                          .broker = broker,
                          .open = true,
                          .broker_generation = sim->brokers[broker].node.generation};
    if (office >= 0) /* not a link of the collector */
        memcpy(sim->conns[sim->conn_count].curve, sim->offices[office].curve, ESEP_KEY_BYTES);
    return sim->conn_count;
}

struct sim_conn *sim_conn(struct sim *sim, uint64_t conn)
{
    return &sim->conns[conn];
}

void sim_conn_close(struct sim *sim, uint64_t conn)
{
    if (conn != 0)
        sim->conns[conn].open = false;
}

static bool alive(struct sim *sim, uint64_t conn)
{
    const struct sim_conn *c = sim_conn(sim, conn);
    const struct sim_broker *b = &sim->brokers[c->broker];
    return c->open && b->core != NULL && b->node.generation == c->broker_generation;
}

static esep_time flight(struct sim *sim, esep_time *last)
{
    esep_time wait = sim->latency / 2 + sim_between(sim, 0, sim->latency);
    if (sim_strikes(sim, sim->stall, SIM_STALL)) {
        bool days = sim_pick(sim, 30) == 0;
        if (days)
            sim_count(sim, SIM_TALLY_STALL_DAYS);
        return wait + (days ? sim_between(sim, ESEP_HOUR, 4 * ESEP_DAY)
                            : sim_between(sim, ESEP_SECOND, 2 * ESEP_MINUTE));
    }
    if (sim_strikes(sim, sim->reorder, SIM_REORDER))
        return wait;
    if (sim->now + wait < *last)
        wait = *last - sim->now;
    *last = sim->now + wait;
    return wait;
}

/* A byte changes, or the end is missing. */
static void damage(struct sim *sim, struct sim_event *event)
{
    struct esep_slice *part = &event->parts[0];
    if (part->len == 0)
        return;
    if (sim_pick(sim, 4) == 0)
        part->len = (size_t)sim_pick(sim, part->len);
    else
        ((uint8_t *)(uintptr_t)part->data)[sim_pick(sim, part->len)] ^=
            (uint8_t)(1 + sim_pick(sim, 255));
}

static struct sim_event *launch(struct sim *sim, struct sim_node *to, esep_time *last,
                                sim_fire_fn *fire, uint64_t conn, struct esep_slice frame)
{
    struct sim_event *event = sim_after(sim, to, flight(sim, last), fire);
    event->a = conn;
    sim_event_part(event, frame);
    if (sim_strikes(sim, sim->corrupt, SIM_CORRUPT))
        damage(sim, event);
    return event;
}

static void on_up(struct sim *sim, struct sim_event *event)
{
    struct sim_conn *c = sim_conn(sim, event->a);
    struct sim_broker *b = &sim->brokers[c->broker];
    const struct sim_office *o = &sim->offices[c->office];
    c->up_waiting--;
    if (!alive(sim, event->a) || sim_cut(sim, c->office, c->broker, true))
        return;
    sim_trace(sim, &b->node, "frame from %s, conn %llu: %zu bytes %08x", o->node.name,
              (unsigned long long)event->a, event->parts[0].len, sim_print(event->parts[0]));
    b->durable = 0;
    b->in_hand = c->office;
    if (sim_broker_smuggles(sim, c->broker, event->a, event->parts[0]))
        return;
    broker_on_clock(b->core, sim_wall(sim, &b->node) - sim_monotonic(sim, &b->node));
    broker_on_office_frame(b->core, event->a, c->curve,
                           sim_version_edge(sim, &b->node, event->parts[0]),
                           sim_monotonic(sim, &b->node));
    sim_broker_pump(sim, c->broker);
}

static bool lost(struct sim *sim)
{
    return sim_strikes(sim, sim->loss, SIM_LOSS);
}

static int copies(struct sim *sim)
{
    return sim_strikes(sim, sim->repeat, SIM_REPEAT) ? 2 : 1;
}

enum esep_status sim_send_up(struct sim *sim, uint64_t conn, struct esep_slice frame)
{
    struct sim_conn *c = sim_conn(sim, conn);
    const struct sim_office *o = &sim->offices[c->office];
    if (c->up_waiting >= SIM_SOCKET_FRAMES) {
        sim_count(sim, SIM_TALLY_QUEUE_FULL);
        return ESEP_AGAIN;
    }
    if (!alive(sim, conn) || sim_cut(sim, c->office, c->broker, true) || lost(sim)) {
        sim_trace(sim, &o->node, "sends %zu bytes %08x, lost", frame.len, sim_print(frame));
        return ESEP_OK;
    }
    sim_trace(sim, &o->node, "sends %zu bytes %08x on conn %llu", frame.len, sim_print(frame),
              (unsigned long long)conn);
    for (int n = copies(sim); n > 0; n--, c->up_waiting++)
        (void)launch(sim, &sim->brokers[c->broker].node, &c->up_last, on_up, conn, frame);
    return ESEP_OK;
}

/* What comes to a process that is stopped waits at its socket. */
static bool waits_at(struct sim *sim, const struct sim_node *node, const struct sim_event *event,
                     sim_fire_fn *fire)
{
    if (!sim_paused(sim, node))
        return false;
    struct sim_event *later = sim_after(sim, NULL, node->paused_until - sim->now, fire);
    later->a = event->a;
    later->b = event->b;
    later->durable = event->durable;
    sim_event_part(later, event->parts[0]);
    return true;
}

static void on_down(struct sim *sim, struct sim_event *event)
{
    struct sim_conn *c = sim_conn(sim, event->a);
    const struct sim_office *o = &sim->offices[c->office];
    if (waits_at(sim, &o->node, event, on_down))
        return;
    c->down_waiting--;
    if (!c->open || o->conn != event->a || sim_cut(sim, c->office, c->broker, false))
        return;
    if (o->villain)
        sim_malice_frame(sim, event->parts[0]);
    if (o->core == NULL) {
        sim_enrol_frame(sim, c->office, event->parts[0]);
        return;
    }
    sim_office_frame(sim, c->office, event->parts[0], event->durable);
}

enum esep_status sim_send_down(struct sim *sim, uint64_t conn, struct esep_slice frame,
                               size_t durable)
{
    if (conn == 0 || conn > sim->conn_count || !alive(sim, conn) || sim_conn(sim, conn)->office < 0)
        return ESEP_NOT_FOUND;
    struct sim_conn *c = sim_conn(sim, conn);
    if (c->down_waiting >= SIM_SOCKET_FRAMES) {
        sim_count(sim, SIM_TALLY_QUEUE_FULL);
        return ESEP_AGAIN;
    }
    if (sim_cut(sim, c->office, c->broker, false) || lost(sim))
        return ESEP_OK;
    for (int n = copies(sim); n > 0; n--, c->down_waiting++)
        launch(sim, NULL, &c->down_last, on_down, conn, frame)->durable = durable;
    return ESEP_OK;
}

static void on_link_down(struct sim *sim, struct sim_event *event)
{
    struct sim_collector *col = &sim->collector;
    struct sim_conn *c = sim_conn(sim, event->a);
    c->down_waiting--;
    if (!c->open || c->doomed || col->links[c->broker].conn != event->a)
        return;
    struct esep_slice parts[2] = {event->parts[0], event->parts[1]};
    if (event->part_count == 2)
        parts[1] = sim_version_edge(sim, &col->node, parts[1]);
    collector_on_frame(col->core, (uint32_t)c->broker, parts, event->part_count,
                       sim_wall(sim, &col->node));
    sim_collector_pump(sim);
}

static void on_link_up(struct sim *sim, struct sim_event *event)
{
    struct sim_conn *c = sim_conn(sim, event->a);
    struct sim_broker *b = &sim->brokers[c->broker];
    c->up_waiting--;
    if (!alive(sim, event->a) || c->doomed)
        return;
    static const uint8_t collector_key[ESEP_KEY_BYTES] = {0xc0};
    b->durable = event->durable;
    if (sim_broker_smuggles_down(sim, c->broker, event))
        return;
    struct esep_slice parts[2] = {event->parts[0], event->parts[1]};
    if (event->part_count == 2)
        parts[1] = sim_version_edge(sim, &b->node, parts[1]);
    broker_on_collector_frame(b->core, event->a, collector_key, parts, event->part_count,
                              sim_monotonic(sim, &b->node));
    sim_broker_pump(sim, c->broker);
}

/* In order, and nothing behind what was lost. */
enum esep_status sim_send_link(struct sim *sim, int broker, bool up, const struct esep_slice *parts,
                               size_t count, size_t durable)
{
    struct sim_link *link = &sim->collector.links[broker];
    struct sim_conn *c = sim_conn(sim, link->conn);
    if (link->cut)
        c->doomed = true;
    if (c->doomed)
        return ESEP_OK;
    size_t *waiting = up ? &c->up_waiting : &c->down_waiting;
    if (*waiting >= SIM_LINK_FRAMES) {
        sim_count(sim, SIM_TALLY_QUEUE_FULL);
        return ESEP_AGAIN;
    }
    ++*waiting;
    esep_time *last = up ? &c->up_last : &c->down_last;
    esep_time at = sim->now + sim->latency / 4 + sim_between(sim, 0, sim->latency / 2);
    *last = at > *last ? at : *last;
    struct sim_event *event = sim_after(sim, up ? &sim->brokers[broker].node : &sim->collector.node,
                                        *last - sim->now, up ? on_link_up : on_link_down);
    event->a = link->conn;
    event->durable = durable;
    for (size_t i = 0; i < count; i++)
        sim_event_part(event, parts[i]);
    return ESEP_OK;
}
