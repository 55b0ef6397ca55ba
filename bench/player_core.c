/* bench/player_core.c - an office played by the real uplink core; its journal is memory, so STORE
 * is done at once. See fleet.h. */
#include "bench/fleet.h"
#include "io/keyfile.h"
#include "io/loop.h"

#include <stdio.h>
#include <stdlib.h>

static void pump(struct bench_player *player);

static esep_time now_of(const struct bench_player *player)
{
    return esep_clock_now(&player->fleet->site->clock);
}

static void on_readable(struct esep_zsock *socket, void *context)
{
    struct bench_player *player = context;
    struct esep_zmessage message;
    while (player->socket == socket) {
        if (!agent_ready(player->core))
            pump(player);
        if (player->socket != socket || esep_zsock_recv(socket, &message) != ESEP_OK)
            break;
        if (message.count == 1)
            agent_on_frame(player->core, message.parts[0], now_of(player));
        esep_zmessage_close(&message);
    }
    pump(player);
}

static void on_writable(struct esep_zsock *socket, void *context)
{
    struct bench_player *player = context;
    (void)socket;
    player->blocked = false;
    pump(player);
}

static void on_event(struct esep_zsock *socket, enum esep_zsock_event event, const char *detail,
                     void *context)
{
    struct bench_player *player = context;
    (void)socket;
    if (event == ESEP_ZSOCK_UP)
        agent_on_connected(player->core, now_of(player));
    else if (event == ESEP_ZSOCK_GONE)
        bench_fleet_fail(player->fleet, "office %u lost its connection: %s", player->who->office,
                         detail);
    pump(player);
}

/* The journal is a table: entries are lent where they lie. */
static void read_entries(struct bench_player *player, const struct agent_effect *effect)
{
    const struct bench_journal *j = &player->journal;
    uint64_t at = effect->from_seq - 1;
    uint64_t count = effect->bytes_max / BENCH_REPORT_BYTES;
    if (count > j->count - at)
        count = j->count - at;
    agent_on_entries(player->core, effect->token, ESEP_OK, j->entries + at,
                     count > 0 ? (size_t)count : 1, now_of(player));
}

static bool send_frame(struct bench_player *player, const struct agent_effect *effect)
{
    if (player->blocked || player->socket == NULL)
        return false;
    enum esep_status status = esep_zsock_send(player->socket, &effect->frame, 1);
    if (status == ESEP_AGAIN) {
        player->blocked = true;
        return false;
    }
    if (status != ESEP_OK)
        bench_fleet_fail(player->fleet, "a frame could not be sent: %s", esep_status_name(status));
    agent_pop(player->core);
    player->fleet->frames++;
    if (player->fleet->load.mode == BENCH_BACKLOG) {
        struct agent_status seen;
        agent_status_get(player->core, &seen);
        bench_sent(player, seen.sent_seq, esep_monotonic());
    }
    return true;
}

static void look_at_status(struct bench_player *player)
{
    struct agent_status status;
    agent_status_get(player->core, &status);
    if (status.state == AGENT_STOPPED || status.failures > 0)
        bench_fleet_fail(player->fleet, "office %u: %s: %.150s", player->who->office,
                         agent_why_name(status.why), status.text);
}

static bool carry_out(struct bench_player *player, const struct agent_effect *effect)
{
    const struct agent_effect copy = *effect;
    if (copy.kind == AGENT_EFFECT_SEND)
        return send_frame(player, &copy);
    agent_pop(player->core);
    switch (copy.kind) {
    case AGENT_EFFECT_CONNECT:
        if (bench_dial(player, on_readable, on_writable, on_event) != ESEP_OK)
            agent_on_disconnected(player->core, now_of(player));
        return true;
    case AGENT_EFFECT_DISCONNECT:
        bench_fleet_fail(player->fleet, "office %u hung up", player->who->office);
        return true;
    case AGENT_EFFECT_READ:
        read_entries(player, &copy);
        return true;
    case AGENT_EFFECT_STORE: {
        const uint64_t through = copy.store->receipted_seq;
        player->fleet->receipts += copy.store->receipt_count;
        agent_on_stored(player->core, copy.token, ESEP_OK, now_of(player));
        bench_receipted(player, through);
        return true;
    }
    default:
        look_at_status(player);
        return true;
    }
}

static void pump(struct bench_player *player)
{
    if (player->pumping)
        return;
    player->pumping = true;
    const struct agent_effect *effect;
    while (!player->fleet->failed && (effect = agent_peek(player->core)) != NULL)
        if (!carry_out(player, effect))
            break;
    player->pumping = false;
}

enum esep_status bench_core_new(struct bench_player *player, struct esep_reason *reason)
{
    const struct bench_site *site = player->fleet->site;
    const struct bench_journal *j = &player->journal;
    const bool lone = player->fleet->load.mode == BENCH_LONE;
    const esep_time now = now_of(player);
    struct agent_config config = {.log_id = site->log_id,
                                  .compress = player->fleet->load.compress,
                                  .office = player->who->office,
                                  .sign_key = player->who->sign,
                                  .broker_count = 1,
                                  .check_chain = player->fleet->load.check_chain};
    player->appended = lone ? 0 : j->count;
    const struct agent_journal journal = {.epoch = 1,
                                          .last_seq = player->appended,
                                          .head = lone ? j->base : j->entries[j->count - 1].chain,
                                          .oldest_seq = 1,
                                          .base = j->base};
    memcpy(config.log_public, site->log_key, ESEP_KEY_BYTES);
    memcpy(config.seal_public, site->seal_key, ESEP_KEY_BYTES);
    memcpy(config.body, player->who->body, sizeof config.body);
    esep_random(config.seed, sizeof config.seed);
    enum esep_status status = agent_new(&player->core, &config, &journal, now, reason);
    esep_wipe(&config, sizeof config);
    return status;
}

void bench_core_start(struct bench_player *player)
{
    agent_now(player->core, now_of(player));
    pump(player);
}

void bench_core_tick(struct bench_player *player)
{
    agent_on_time(player->core, now_of(player));
    pump(player);
}

void bench_core_next(struct bench_player *player)
{
    if (player->appended == player->journal.count)
        return;
    const struct agent_entry *entry = &player->journal.entries[player->appended++];
    bench_sent(player, entry->seq, esep_monotonic());
    agent_on_appended(player->core, entry->seq, &entry->chain, now_of(player));
    pump(player);
}

void bench_core_free(struct bench_player *player)
{
    agent_free(player->core);
    player->core = NULL;
}
