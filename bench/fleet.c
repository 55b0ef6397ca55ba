/* bench/fleet.c - see fleet.h: the loop, the clock that is stopped, the sums. */
#include "bench/fleet.h"

#include "io/loop.h"

#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TICK_US 50000
#define GREETING_S 30
#define STUCK_S 60
#define HWM 1024
#define FRAME_BYTES_MAX ((size_t)1 << 20)
#define HANDSHAKE_MS 15000

const char *const bench_mode_names[BENCH_MODES] = {"backlog", "single", "lone"};

void bench_fleet_fail(struct bench_fleet *fleet, const char *format, ...)
{
    va_list values;
    if (fleet->failed)
        return;
    va_start(values, format);
    (void)vsnprintf(fleet->reason.text, sizeof fleet->reason.text, format, values);
    va_end(values);
    fleet->failed = true;
    (void)event_base_loopbreak(fleet->base);
}

void bench_sent(struct bench_player *player, uint64_t last_seq, esep_time at)
{
    uint32_t last = (player->flight_first + player->flight_count - 1) % BENCH_FLIGHTS;
    if (player->flight_count > 0 && player->flights[last].last_seq >= last_seq)
        return; /* a frame without new entries */
    ESEP_ASSERT(player->flight_count < BENCH_FLIGHTS);
    uint32_t slot = (player->flight_first + player->flight_count++) % BENCH_FLIGHTS;
    player->flights[slot] = (struct bench_flight){last_seq, at};
}

void bench_receipted(struct bench_player *player, uint64_t through)
{
    struct bench_fleet *fleet = player->fleet;
    const esep_time now = esep_monotonic();
    while (player->flight_count > 0 && player->flights[player->flight_first].last_seq <= through) {
        const struct bench_flight *flight = &player->flights[player->flight_first];
        if (flight->last_seq > fleet->load.warm_up)
            bench_histogram_add(fleet->latency, now - flight->sent_at,
                                flight->last_seq - player->receipted);
        player->receipted = flight->last_seq;
        player->flight_first = (player->flight_first + 1) % BENCH_FLIGHTS;
        player->flight_count--;
        if (player->receipted == player->journal.count)
            fleet->finished++;
    }
    if (fleet->finished == fleet->count) {
        fleet->ended_at = bench_seconds();
        (void)event_base_loopbreak(fleet->base);
    }
}

enum esep_status
bench_dial(struct bench_player *player, void (*readable)(struct esep_zsock *, void *),
           void (*writable)(struct esep_zsock *, void *),
           void (*event)(struct esep_zsock *, enum esep_zsock_event, const char *, void *))
{
    struct bench_fleet *fleet = player->fleet;
    const struct esep_zsock_options options = {.type = ESEP_ZSOCK_DEALER,
                                               .curve = &player->who->curve,
                                               .server_public = fleet->site->broker_key,
                                               .hwm_messages = HWM,
                                               .frame_bytes_max = FRAME_BYTES_MAX,
                                               .handshake_ms = HANDSHAKE_MS};
    enum esep_status status = esep_zsock_new(&player->socket, fleet->base, fleet->zmq, &options,
                                             readable, player, &fleet->reason);
    if (status == ESEP_OK)
        status = esep_zsock_on_event(player->socket, event, &fleet->reason);
    if (status != ESEP_OK)
        return status;
    esep_zsock_on_writable(player->socket, writable);
    return esep_zsock_connect(player->socket, fleet->site->agents, &fleet->reason);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct bench_fleet *fleet = context;
    (void)fd;
    (void)what;
    for (uint32_t i = 0; i < fleet->count && !fleet->failed; i++)
        if (fleet->players[i]->core != NULL)
            bench_core_tick(fleet->players[i]);
}

/* Runs the loop until somebody breaks it. */
static enum esep_status turn(struct bench_fleet *fleet, int seconds, struct esep_reason *reason)
{
    const struct timeval most = {.tv_sec = seconds};
    (void)event_base_loopexit(fleet->base, &most);
    (void)event_base_dispatch(fleet->base);
    if (fleet->failed) {
        *reason = fleet->reason;
        return ESEP_IO;
    }
    return event_base_got_break(fleet->base)
               ? ESEP_OK
               : esep_because(reason, ESEP_AGAIN, "the load was not through in %d s", seconds);
}

static enum esep_status add_player(struct bench_fleet *fleet, uint32_t place,
                                   struct esep_reason *reason)
{
    const struct bench_load *load = &fleet->load;
    struct bench_player *player = calloc(1, sizeof *player);
    if (player == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for an office");
    fleet->players[fleet->count++] = player;
    player->fleet = fleet;
    player->who = &fleet->site->offices[place];
    player->window = load->in_flight / load->offices > 0 ? load->in_flight / load->offices : 1;
    enum esep_status status =
        bench_journal_write(&player->journal, fleet->site, player->who, load->entries,
                            load->mode == BENCH_SINGLE, reason);
    if (status != ESEP_OK)
        return status;
    return load->mode == BENCH_SINGLE ? bench_wire_new(player, reason)
                                      : bench_core_new(player, reason);
}

static enum esep_status open_fleet(struct bench_fleet *fleet, struct esep_reason *reason)
{
    const struct timeval every = {.tv_usec = TICK_US};
    fleet->base = event_base_new();
    fleet->zmq = esep_zcontext_new(1);
    fleet->latency = calloc(1, sizeof *fleet->latency);
    fleet->players = calloc(fleet->load.offices, sizeof(struct bench_player *));
    if (fleet->base == NULL || fleet->zmq == NULL || fleet->latency == NULL ||
        fleet->players == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the offices");
    fleet->tick = event_new(fleet->base, -1, EV_PERSIST, on_tick, fleet);
    if (fleet->tick == NULL || event_add(fleet->tick, &every) != 0)
        return esep_because(reason, ESEP_NOMEM, "no memory for the offices");
    enum esep_status status = ESEP_OK;
    for (uint32_t i = 0; status == ESEP_OK && i < fleet->load.offices; i++)
        status = add_player(fleet, i, reason);
    return status;
}

static void close_fleet(struct bench_fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->count; i++) {
        struct bench_player *player = fleet->players[i];
        esep_zsock_free(player->socket);
        bench_core_free(player);
        bench_wire_free(player);
        bench_journal_free(&player->journal);
        free(player);
    }
    if (fleet->tick != NULL)
        event_free(fleet->tick);
    if (fleet->base != NULL)
        event_base_free(fleet->base);
    esep_zcontext_free(fleet->zmq);
    free(fleet->players);
    free(fleet->latency);
}

/* Offices that have only to be let go: handshake and HELLO are done, so that what is timed is the
 * reports alone. In a backlog they are part of it. */
static enum esep_status get_ready(struct bench_fleet *fleet, struct esep_reason *reason)
{
    enum esep_status status = ESEP_OK;
    if (fleet->load.mode == BENCH_BACKLOG)
        return status;
    for (uint32_t i = 0; status == ESEP_OK && i < fleet->count; i++) {
        if (fleet->load.mode == BENCH_LONE)
            bench_core_start(fleet->players[i]);
        else
            status = bench_wire_connect(fleet->players[i]);
    }
    if (status == ESEP_OK && fleet->load.mode == BENCH_SINGLE)
        status = turn(fleet, GREETING_S, reason);
    for (int i = 0; status == ESEP_OK && fleet->load.mode == BENCH_LONE; i++) {
        struct agent_status seen;
        agent_status_get(fleet->players[0]->core, &seen);
        if (seen.state == AGENT_ONLINE && seen.mail_through == seen.mail_last)
            break;
        if (i == GREETING_S * 100)
            return esep_because(reason, ESEP_AGAIN, "the office did not come online");
        const struct timeval moment = {.tv_usec = 10000};
        (void)event_base_loopexit(fleet->base, &moment);
        (void)event_base_dispatch(fleet->base);
    }
    return status;
}

static void on_lone(struct bench_fleet *fleet)
{
    struct bench_player *player = fleet->players[0];
    if (player->receipted == player->appended)
        bench_core_next(player);
}

static enum esep_status go(struct bench_fleet *fleet, struct esep_reason *reason)
{
    const enum bench_mode mode = fleet->load.mode;
    fleet->running = true;
    for (uint32_t i = 0; i < fleet->count && mode != BENCH_LONE; i++) {
        if (mode == BENCH_BACKLOG)
            bench_core_start(fleet->players[i]);
        else
            bench_wire_start(fleet->players[i]);
    }
    if (mode != BENCH_LONE)
        return turn(fleet, STUCK_S, reason);
    const double until = bench_seconds() + STUCK_S;
    while (!fleet->failed && fleet->finished < fleet->count && bench_seconds() < until) {
        on_lone(fleet);
        if (fleet->finished < fleet->count)
            (void)event_base_loop(fleet->base, EVLOOP_ONCE);
    }
    if (fleet->finished == fleet->count)
        return ESEP_OK;
    return esep_because(reason, ESEP_AGAIN, "%s",
                        fleet->failed ? fleet->reason.text : "the reports were not through");
}

static struct bench_usage spent(struct bench_usage before, pid_t pid)
{
    struct bench_usage now = bench_usage_of(pid);
    now.cpu_s -= before.cpu_s;
    return now;
}

static enum esep_status timed(struct bench_fleet *fleet, struct bench_outcome *ret,
                              struct esep_reason *reason)
{
    const struct bench_site *site = fleet->site;
    struct bench_store before;
    struct bench_store after;
    enum esep_status status = bench_site_store(site, &before, reason);
    const struct bench_usage broker = bench_usage_of(site->broker);
    const struct bench_usage collector = bench_usage_of(site->collector);
    const struct bench_usage generator = bench_usage_of(0);
    const double from = bench_seconds();
    if (status == ESEP_OK)
        status = go(fleet, reason);
    if (status != ESEP_OK)
        return status;
    ret->broker = spent(broker, site->broker);
    ret->collector = spent(collector, site->collector);
    ret->generator = spent(generator, 0);
    ret->seconds = fleet->ended_at - from;
    status = bench_site_store(site, &after, reason);
    if (status != ESEP_OK)
        return status;
    ret->commits = after.transactions - before.transactions;
    ret->entries_a_commit = (double)(after.log_size - before.log_size) / (double)ret->commits;
    return ESEP_OK;
}

static void sum_up(const struct bench_fleet *fleet, struct bench_outcome *ret)
{
    ret->load = fleet->load;
    ret->reports = fleet->load.offices * fleet->load.entries;
    ret->rate = (double)ret->reports / ret->seconds;
    ret->p50_ms = bench_quantile(fleet->latency, 0.50);
    ret->p99_ms = bench_quantile(fleet->latency, 0.99);
    ret->frames = fleet->frames;
    ret->receipts = fleet->receipts;
    ret->cpu_us = (ret->broker.cpu_s + ret->collector.cpu_s + ret->generator.cpu_s) * 1e6 /
                  (double)ret->reports;
}

static enum esep_status check(struct bench_site *site, const struct bench_load *load,
                              struct esep_reason *reason)
{
    uint64_t *counts = calloc(site->office_count, sizeof *counts);
    enum esep_status status = counts != NULL ? ESEP_OK : ESEP_NOMEM;
    for (uint32_t i = 0; status == ESEP_OK && i < site->office_count; i++)
        counts[i] = i < load->offices ? load->entries : 0;
    bench_site_stop(site);
    if (status == ESEP_OK)
        status = bench_site_check(site, counts, reason);
    free(counts);
    return status;
}

enum esep_status bench_load_run(struct bench_site *site, const struct bench_load *load,
                                struct bench_outcome *ret, struct esep_reason *reason)
{
    struct bench_fleet fleet = {.site = site, .load = *load};
    const double from = bench_seconds();
    *ret = (struct bench_outcome){0};
    enum esep_status status = open_fleet(&fleet, reason);
    if (status == ESEP_OK)
        status = get_ready(&fleet, reason);
    ret->prepare_s = bench_seconds() - from;
    if (status == ESEP_OK)
        status = timed(&fleet, ret, reason);
    for (uint32_t i = 0; status == ESEP_OK && i < fleet.count; i++)
        status = bench_wire_verify(fleet.players[i], reason);
    if (status == ESEP_OK) {
        sum_up(&fleet, ret);
        status = check(site, load, reason);
    }
    close_fleet(&fleet);
    return status;
}
