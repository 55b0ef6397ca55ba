/* tests/sim/sim_strike.c - faults of lines, brokers and processes; see sim_faults.c for when.
 *
 * What cuts, mends later. Who falls is started again by a person or by systemd, within minutes.
 */
#include "sim.h"

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
void sim_cut_line(struct sim *sim)
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

void sim_cut_link(struct sim *sim)
{
    uint64_t i = sim_pick(sim, (uint64_t)sim->broker_count);
    sim->collector.links[i].cut = true;
    sim_trace(sim, NULL, "the link to %s is cut", sim->brokers[i].node.name);
    sim_after(sim, NULL, sim_between(sim, ESEP_SECOND, 30 * ESEP_MINUTE), on_mended_link)->a = i;
}

static void on_united(struct sim *sim, struct sim_event *event)
{
    for (int i = 0; i < sim->office_count; i++)
        sim->offices[i].cut_brokers = 0;
    sim->collector.links[event->a].cut = false;
    sim_trace(sim, NULL, "the country is one again");
}

/* A broker and some offices on one side, all others and the collector on the other. */
void sim_partition(struct sim *sim)
{
    uint64_t broker = sim_pick(sim, (uint64_t)sim->broker_count);
    for (int i = 0; i < sim->office_count; i++)
        sim->offices[i].cut_brokers =
            sim_pick(sim, 2) == 0 ? 1u << broker : ~(1u << broker) & ((1u << SIM_BROKERS) - 1);
    sim->collector.links[broker].cut = true;
    sim_trace(sim, NULL, "%s and some offices are cut off from the rest",
              sim->brokers[broker].node.name);
    sim_after(sim, NULL, sim_between(sim, 5 * ESEP_MINUTE, 6 * ESEP_HOUR), on_united)->a = broker;
}

/* One office's frames, or one kind of everybody's, or both, stop at a broker for hours. */
void sim_withhold(struct sim *sim)
{
    static const uint32_t kinds[] = {
        UINT32_MAX,
        1u << ESEP__V1__KIND__KIND_HELLO,
        1u << ESEP__V1__KIND__KIND_BATCH,
        1u << ESEP__V1__KIND__KIND_PULL,
        1u << ESEP__V1__KIND__KIND_WELCOME,
        1u << ESEP__V1__KIND__KIND_RECEIPT,
        1u << ESEP__V1__KIND__KIND_MAIL,
        1u << ESEP__V1__KIND__KIND_PONG | 1u << ESEP__V1__KIND__KIND_PING,
    };
    struct sim_broker *b = &sim->brokers[sim_pick(sim, (uint64_t)sim->broker_count)];
    uint64_t who = sim_pick(sim, (uint64_t)sim->office_count + 2);
    b->withholds_office = who < (uint64_t)sim->office_count ? (int)who : -1;
    b->withholds_kinds = kinds[sim_pick(sim, sizeof kinds / sizeof kinds[0])];
    b->withholds_until = sim->now + sim_between(sim, 10 * ESEP_MINUTE, 10 * ESEP_HOUR);
    sim_trace(sim, NULL, "%s keeps back kinds %x of office %d", b->node.name,
              (unsigned)b->withholds_kinds, b->withholds_office + 1);
}

void sim_turn_liar(struct sim *sim)
{
    sim->brokers[sim_pick(sim, (uint64_t)sim->broker_count)].lies =
        sim_pick(sim, 2) == 0 ? 0 : (uint32_t)sim_pick(sim, sim->profile->lies);
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
    } else if (o->core != NULL && !sim_paused(sim, &o->node) && sim_pick(sim, 4) > 0) {
        sim_rules_pushed(sim, i);
        agent_now(o->core, sim_wall(sim, &o->node));
        sim_office_pump(sim, i);
    }
}

void sim_open_windows(struct sim *sim)
{
    sim_after(sim, NULL, ESEP_HOUR, on_window)->a = sim_pick(sim, (uint64_t)sim->office_count);
}

/* Processes. Somebody: an office, a broker or the collector, each of them often enough. */
enum who { OFFICE, BROKER, COLLECTOR };

static enum who somebody(struct sim *sim, int *ret_number)
{
    uint64_t who = sim_pick(sim, (uint64_t)(sim->office_count + 4));
    *ret_number = 0;
    if (who < (uint64_t)sim->office_count) {
        *ret_number = (int)who;
        return OFFICE;
    }
    if (who < (uint64_t)sim->office_count + 2)
        return COLLECTOR;
    *ret_number = (int)sim_pick(sim, (uint64_t)sim->broker_count);
    return BROKER;
}

static bool runs(const struct sim *sim, enum who who, int number)
{
    return who == OFFICE   ? sim->offices[number].core != NULL
           : who == BROKER ? sim->brokers[number].core != NULL
                           : sim->collector.core != NULL;
}

static struct sim_node *node_of(struct sim *sim, enum who who, int number)
{
    return who == OFFICE   ? &sim->offices[number].node
           : who == BROKER ? &sim->brokers[number].node
                           : &sim->collector.node;
}

static void crash(struct sim *sim, enum who who, int number)
{
    if (who == OFFICE)
        sim_office_crash(sim, number);
    else if (who == BROKER)
        sim_broker_crash(sim, number);
    else
        sim_collector_crash(sim);
}

void sim_crash_somebody(struct sim *sim)
{
    int number;
    enum who who = somebody(sim, &number);
    if (runs(sim, who, number))
        crash(sim, who, number);
}

/* SIGSTOP: minutes to hours, though never beyond the end of the faults. */
void sim_pause_somebody(struct sim *sim)
{
    int number;
    enum who who = somebody(sim, &number);
    struct sim_node *node = node_of(sim, who, number);
    if (!runs(sim, who, number) || sim_paused(sim, node))
        return;
    esep_time until =
        sim->now + (sim_pick(sim, 3) == 0 ? sim_between(sim, 10 * ESEP_MINUTE, 5 * ESEP_HOUR)
                                          : sim_between(sim, ESEP_SECOND, 10 * ESEP_MINUTE));
    node->paused_until = until < sim->faults_end ? until : sim->faults_end;
    sim_trace(sim, node, "is stopped for %lld s",
              (long long)((node->paused_until - sim->now) / ESEP_SECOND));
}

/* Whoever said TERM does not wait for the end. */
static void on_impatience(struct sim *sim, struct sim_event *event)
{
    enum who who = (enum who)event->a;
    if (sim_does(sim, SIM_BREAK_OFF))
        crash(sim, who, event->node->number);
}

static void on_term(struct sim *sim, struct sim_event *event)
{
    enum who who = (enum who)event->a;
    int number = event->node->number;
    if (event->b > 0)
        sim_after(sim, event->node, (esep_time)event->b, on_impatience)->a = event->a;
    if (who == OFFICE)
        sim_office_drain(sim, number);
    else if (who == BROKER)
        sim_broker_drain(sim, number);
    else
        sim_collector_drain(sim);
}

/* It takes its time where the disk does; and half of them do not get it. */
void sim_stop_somebody(struct sim *sim)
{
    int number;
    enum who who = somebody(sim, &number);
    struct sim_node *node = node_of(sim, who, number);
    bool slow = sim_pick(sim, 2) == 0;
    bool hurries = sim_pick(sim, 2) == 0;
    esep_time wait = slow ? sim_between(sim, 0, ESEP_MINUTE) : 0;
    esep_time patience = sim_between(sim, 1, slow ? 20 * ESEP_SECOND : ESEP_SECOND);
    if (!runs(sim, who, number) || sim_paused(sim, node))
        return;
    if (slow && who != BROKER)
        *(who == OFFICE ? &sim->offices[number].disk_slow_until : &sim->collector.disk_slow_until) =
            sim->now + 3 * ESEP_MINUTE;
    struct sim_event *event = sim_after(sim, node, wait, on_term);
    event->a = (uint64_t)who;
    event->b = hurries ? (uint64_t)patience : 0;
}

void sim_reload_somebody(struct sim *sim)
{
    int number;
    enum who who = somebody(sim, &number);
    if (!runs(sim, who, number) || sim_paused(sim, node_of(sim, who, number)))
        return;
    if (who == OFFICE)
        sim_office_reload(sim, number);
    else if (who == BROKER)
        sim_broker_reload(sim, number, sim_pick(sim, 2) == 0);
    else
        sim_collector_reload(sim);
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

/* Whoever is down comes up again; looked at each tick, since crashes happen anywhere. */
void sim_start_the_fallen(struct sim *sim)
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
