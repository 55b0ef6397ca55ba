/* broker/broker.c - the core's life, time and effects; see broker.h. */
#include "broker/internal.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const counter_names[BROKER_COUNTERS] = {
    [BROKER_FRAMES] = "frames",
    [BROKER_BYTES] = "bytes",
    [BROKER_FORWARDED] = "forwarded",
    [BROKER_REPLIES] = "replies",
    [BROKER_REFUSED_WAIT] = "refused_wait",
    [BROKER_REFUSED_LIMIT] = "refused_limit",
    [BROKER_REFUSED_TOO_LARGE] = "refused_too_large",
    [BROKER_REFUSED_NOT_ENROLLED] = "refused_not_enrolled",
    [BROKER_REFUSED_REVOKED] = "refused_revoked",
    [BROKER_REFUSED_PENDING] = "refused_pending",
    [BROKER_REFUSED_MALFORMED] = "refused_malformed",
    [BROKER_REFUSED_VERSION] = "refused_version",
    [BROKER_REFUSED_DENIED] = "refused_denied",
    [BROKER_INGRESS_NOTES] = "ingress_notes",
    [BROKER_REFUSALS_UNSAID] = "refusals_unsaid",
    [BROKER_HANDSHAKES_DENIED] = "handshakes_denied",
    [BROKER_CONNS_EXPIRED] = "conns_expired",
    [BROKER_CONNS_LOST] = "conns_lost",
    [BROKER_COLLECTORS_REFUSED] = "collectors_refused",
    [BROKER_COLLECTORS_LOST] = "collectors_lost",
};

static void set_limits(struct broker *b, const struct broker_config *config)
{
    b->config = *config;
    b->frame_cost_ns = broker_cost_ns(&config->frames, 1);
    b->frames_burst_ns = broker_cost_ns(&config->frames, config->frames.burst);
    b->bytes_burst_ns = broker_cost_ns(&config->bytes, config->bytes.burst);
    b->refusal_cost_ns = broker_cost_ns(&config->refusals, 1);
    b->refusals_burst_ns = broker_cost_ns(&config->refusals, config->refusals.burst);
    b->stranger_cost_ns = broker_cost_ns(&config->strangers, 1);
    b->strangers_burst_ns = broker_cost_ns(&config->strangers, config->strangers.burst);
}

enum esep_status broker_new(struct broker **ret, const struct broker_config *config, esep_time now)
{
    struct broker *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return ESEP_NOMEM;
    }
    set_limits(b, config);
    const struct esep_slice parts[2] = {esep_slice(config->seed, sizeof config->seed),
                                        esep_slice_str("hash")};
    const struct esep_hash hash = esep_sha256_parts(parts, 2);
    const uint64_t hash_seed = esep_be64(hash.bytes);
    b->beat_at = now + config->heartbeat;
    esep_log_keys_begin(&b->log_keys, config->log_key);
    if (broker_roster_init(&b->roster, config->keys_max, hash_seed) != ESEP_OK ||
        broker_conns_init(&b->conns, config->conns_max, hash_seed) != ESEP_OK ||
        esep_arena_init(&b->arena, LINK_ARENA_BYTES) != ESEP_OK) {
        broker_free(b);
        return ESEP_NOMEM;
    }
    *ret = b;
    return ESEP_OK;
}

void broker_free(struct broker *b)
{
    if (b == NULL) {
        return;
    }
    broker_roster_done(&b->roster);
    broker_conns_done(&b->conns);
    esep_arena_done(&b->arena);
    esep_wipe(b->config.seed, sizeof b->config.seed);
    esep_wipe(&b->config.sign_key, sizeof b->config.sign_key);
    free(b);
}

enum esep_status broker_reconfigure(struct broker *b, const struct broker_config *config,
                                    struct esep_reason *reason)
{
    const struct broker_config *old = &b->config;
    const struct {
        bool same;
        const char *what;
    } fixed[] = {
        {strcmp(old->name, config->name) == 0, "name"},
        {esep_hash_equal(&old->log_id, &config->log_id), "log_id"},
        {memcmp(old->log_key, config->log_key, sizeof old->log_key) == 0, "log_key"},
        {memcmp(old->curve_public, config->curve_public, sizeof old->curve_public) == 0, "keys"},
        {old->keys_max == config->keys_max, "limits.keys"},
        {old->conns_max == config->conns_max, "limits.connections"},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (!fixed[i].same) {
            return esep_because(reason, ESEP_INVALID,
                                "%s cannot change while the broker runs; restart it",
                                fixed[i].what);
        }
    }
    struct broker_config next = *config;
    memcpy(next.seed, old->seed, sizeof next.seed);
    next.signs_ingress = old->signs_ingress;
    next.sign_key = old->sign_key;
    set_limits(b, &next);
    esep_wipe(&next.sign_key, sizeof next.sign_key);
    return ESEP_OK;
}

bool broker_key_is_collector(const struct broker *b, const uint8_t key[ESEP_KEY_BYTES])
{
    for (size_t i = 0; i < b->config.collector_key_count; i++) {
        if (memcmp(b->config.collector_keys[i], key, ESEP_KEY_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static bool office_admitted(const struct broker *b, const uint8_t key[ESEP_KEY_BYTES])
{
    if (b->draining) {
        return false;
    }
    const struct roster_entry *entry = broker_roster_find(&b->roster, key);
    if (entry == NULL) {
        /* Without a roster nobody can be told apart: they come in, and are told WAIT. */
        return !b->roster.known || b->config.enrolment;
    }
    return entry->admission != ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REVOKED;
}

bool broker_admits(struct broker *b, enum broker_domain domain, const uint8_t key[ESEP_KEY_BYTES])
{
    const bool admitted = domain == BROKER_DOMAIN_COLLECTORS ? broker_key_is_collector(b, key)
                                                             : office_admitted(b, key);
    if (!admitted) {
        b->counters[BROKER_HANDSHAKES_DENIED]++;
    }
    return admitted;
}

/* Effects. */

uint32_t broker_room(const struct broker *b)
{
    return EFFECTS_MAX - b->effect_count;
}

struct effect_slot *broker_push(struct broker *b, enum broker_effect_kind kind,
                                enum effect_role role, uint64_t conn)
{
    ESEP_ASSERT(b->effect_count < EFFECTS_MAX);
    struct effect_slot *slot = &b->effects[(b->effect_first + b->effect_count) % EFFECTS_MAX];
    b->effect_count++;
    slot->public.kind = kind;
    slot->public.conn = conn;
    slot->public.part_count = 0;
    slot->public.text = NULL;
    slot->role = role;
    slot->origin = 0;
    return slot;
}

void broker_note(struct broker *b, enum broker_note note, const char *format, ...)
{
    struct effect_slot *slot = broker_push(b, BROKER_EFFECT_NOTE, ROLE_CONTROL, 0);
    slot->public.note = note;
    va_list list;
    va_start(list, format);
    (void)vsnprintf((char *)slot->scratch, sizeof slot->scratch, format, list);
    va_end(list);
    slot->public.text = (const char *)slot->scratch;
}

const struct broker_effect *broker_peek(const struct broker *b)
{
    return b->effect_count > 0 ? &b->effects[b->effect_first].public : NULL;
}

static struct effect_slot *take_head(struct broker *b)
{
    ESEP_ASSERT(b->effect_count > 0);
    struct effect_slot *slot = &b->effects[b->effect_first];
    b->effect_first = (b->effect_first + 1) % EFFECTS_MAX;
    b->effect_count--;
    return slot;
}

void broker_pop(struct broker *b)
{
    const struct effect_slot *slot = take_head(b);
    if (slot->role == ROLE_FRAME) {
        b->counters[BROKER_FORWARDED]++;
    } else if (slot->role == ROLE_REPLY) {
        b->counters[BROKER_REPLIES]++;
    }
}

static void office_failed(struct broker *b, const struct effect_slot *slot, enum esep_status status)
{
    if (slot->role == ROLE_REFUSAL && status == ESEP_AGAIN) {
        b->counters[BROKER_REFUSALS_UNSAID]++;
        return;
    }
    /* An office that does not read its replies is as good as gone: its session ends at the
     * collector, and its next frame begins anew from what is durable. */
    struct conn *conn = broker_conns_find(&b->conns, slot->public.conn);
    if (conn != NULL) {
        b->counters[BROKER_CONNS_LOST]++;
        broker_conn_gone(b, conn);
    }
}

void broker_failed(struct broker *b, enum esep_status status, esep_time now)
{
    ESEP_ASSERT(status != ESEP_OK);
    const struct effect_slot *slot = take_head(b);
    const enum effect_role role = slot->role;
    const uint64_t conn = slot->public.conn;
    const uint64_t origin = slot->origin;
    const struct esep_slice frame =
        role == ROLE_FRAME ? slot->public.parts[1] : esep_slice(NULL, 0);

    if (slot->public.kind == BROKER_EFFECT_SEND_OFFICE) {
        office_failed(b, slot, status);
        return;
    }
    ESEP_ASSERT(slot->public.kind == BROKER_EFFECT_SEND_COLLECTOR); /* a NOTE always goes out */
    if (status == ESEP_AGAIN) {
        if (role == ROLE_FRAME) {
            broker_frame_unsent(b, origin, frame, now);
        }
        return;
    }
    struct link *link = broker_link_find(b, conn);
    if (link != NULL) {
        broker_link_lost(b, link, "its connection is gone");
    }
    if (role == ROLE_FRAME) {
        broker_frame_again(b, origin, frame, now);
    }
}

/* Time. */

static bool link_dead(const struct broker *b, const struct link *link, esep_time now)
{
    return link->used && link->heard_at + BEATS_LOST * b->config.heartbeat <= now;
}

static bool strangers_over(const struct broker *b)
{
    return b->conns.strangers > b->config.strangers_max;
}

/* The one longest unheard of, once it is idle; or the stranger longest unheard of, where a new
 * configuration allows fewer of them than are here. NULL: none. */
static struct conn *conn_to_forget(struct broker *b, esep_time now)
{
    struct conn *oldest = broker_conns_oldest(&b->conns);
    if (oldest != NULL && oldest->heard_at + b->config.idle <= now) {
        return oldest;
    }
    return strangers_over(b) ? broker_conns_oldest_stranger(&b->conns) : NULL;
}

void broker_on_clock(struct broker *b, esep_time ahead)
{
    b->clock_told = true;
    b->clock_ahead = ahead;
}

void broker_on_time(struct broker *b, esep_time now)
{
    ESEP_ASSERT(b->effect_count == 0);
    for (size_t i = 0; i < BROKER_COLLECTORS_MAX; i++) {
        if (link_dead(b, &b->links[i], now)) {
            broker_link_lost(b, &b->links[i], "unheard of for three heartbeats");
        }
    }
    if (b->beat_at <= now) {
        b->beat_at = now + b->config.heartbeat;
        for (size_t i = 0; i < BROKER_COLLECTORS_MAX; i++) {
            if (b->links[i].joined) {
                broker_link_beat(b, &b->links[i]);
            }
        }
    }
    struct conn *conn;
    while (broker_room(b) > EFFECTS_RESERVE && (conn = conn_to_forget(b, now)) != NULL) {
        b->counters[BROKER_CONNS_EXPIRED]++;
        broker_conn_gone(b, conn);
    }
}

static void sooner(esep_time *at, esep_time candidate)
{
    if (candidate < *at) {
        *at = candidate;
    }
}

esep_time broker_deadline(const struct broker *b)
{
    esep_time at = ESEP_TIME_NEVER;
    for (size_t i = 0; i < BROKER_COLLECTORS_MAX; i++) {
        if (b->links[i].used) {
            sooner(&at, b->links[i].heard_at + BEATS_LOST * b->config.heartbeat);
            sooner(&at, b->beat_at);
        }
    }
    const struct conn *oldest = broker_conns_oldest(&b->conns);
    if (oldest != NULL) {
        sooner(&at, strangers_over(b) ? oldest->heard_at : oldest->heard_at + b->config.idle);
    }
    if (b->draining) {
        sooner(&at, b->drained_at);
    }
    return at;
}

void broker_drain(struct broker *b, esep_time now)
{
    ESEP_ASSERT(b->effect_count == 0);
    if (b->draining) {
        return;
    }
    b->draining = true;
    b->drained_at = now + b->config.drain;
    for (size_t i = 0; i < BROKER_COLLECTORS_MAX; i++) {
        if (b->links[i].joined) {
            broker_link_beat(b, &b->links[i]);
        }
    }
}

bool broker_drained(const struct broker *b, esep_time now)
{
    return b->draining && (b->drained_at <= now || b->conns.count == 0);
}

/* What an operator asks for. */

const char *broker_counter_name(enum broker_counter which)
{
    return which < BROKER_COUNTERS ? counter_names[which] : "unknown";
}

uint64_t broker_counter(const struct broker *b, enum broker_counter which)
{
    return which < BROKER_COUNTERS ? b->counters[which] : 0;
}

uint32_t broker_office_count(const struct broker *b)
{
    return b->roster.now.count;
}
uint32_t broker_conn_count(const struct broker *b)
{
    return b->conns.count;
}
uint32_t broker_stranger_count(const struct broker *b)
{
    return b->conns.strangers;
}
uint64_t broker_roster_version(const struct broker *b)
{
    return b->roster.version;
}

void broker_office_at(const struct broker *b, uint32_t i, esep_time now,
                      struct broker_office_info *ret)
{
    ESEP_ASSERT(i < b->roster.now.count);
    const struct roster_entry *entry = &b->roster.now.entries[i];
    *ret = (struct broker_office_info){
        .office = entry->office,
        .admission = entry->admission,
        .online = entry->seen_at != 0 && now - entry->seen_at < b->config.idle,
        .seen_at = entry->seen_at,
        .frames = entry->frames,
        .bytes = entry->bytes,
        .refused = entry->refused,
    };
    memcpy(ret->key, entry->key, sizeof ret->key);
    memcpy(ret->body, entry->body, sizeof ret->body);
}

bool broker_collector_at(const struct broker *b, size_t i, struct broker_collector_info *ret)
{
    if (i >= BROKER_COLLECTORS_MAX || !b->links[i].used) {
        return false;
    }
    const struct link *link = &b->links[i];
    *ret = (struct broker_collector_info){
        .conn = link->conn,
        .joined = link->joined,
        .primary = link == b->primary,
        .ready = link->ready,
        .draining = link->draining,
        .heard_at = link->heard_at,
    };
    memcpy(ret->name, link->name, sizeof ret->name);
    memcpy(ret->key, link->key, sizeof ret->key);
    memcpy(ret->engine_id, link->engine_id, sizeof ret->engine_id);
    return true;
}
