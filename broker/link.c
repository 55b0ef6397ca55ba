/* broker/link.c - the collectors' side of the core: challenge, join, roster, beats, replies.
 *
 * A link is one connection of one collector. It is a stranger until its Join answers the nonce
 * that this broker made for this connection and not yet used; a nonce serves one Join, so a
 * recorded Join is worth nothing. All that a link may do before that is join.
 *
 * The same collector (the same key and engine) that comes back on a new connection takes over the
 * rank of its old one, which is surely dead; the old one, should it speak after all, stands by.
 */
#include "broker/internal.h"
#include "wire/statement.h"
#include "wire/unpack.h"

#include <stdio.h>

static ProtobufCBinaryData pb(const void *data, size_t len)
{
    return esep_pb(data, len);
}

/* Out. */

void broker_link_send(struct broker *b, const struct link *link, const Esep__V1__LinkDown *message)
{
    struct effect_slot *slot =
        broker_push(b, BROKER_EFFECT_SEND_COLLECTOR, ROLE_CONTROL, link->conn);
    ESEP_ASSERT(esep__v1__link_down__get_packed_size(message) <= sizeof slot->scratch);
    const size_t len = esep__v1__link_down__pack(message, slot->scratch);
    slot->public.parts[0] = esep_slice(slot->scratch, len);
    slot->public.part_count = 1;
}

void broker_link_beat(struct broker *b, const struct link *link)
{
    Esep__V1__Beat beat;
    esep__v1__beat__init(&beat);
    beat.draining = b->draining;
    Esep__V1__LinkDown message;
    esep__v1__link_down__init(&message);
    message.what_case = ESEP__V1__LINK_DOWN__WHAT_BEAT;
    message.beat = &beat;
    broker_link_send(b, link, &message);
}

static void send_refused(struct broker *b, uint64_t conn, const char *text)
{
    char said[160];
    (void)snprintf(said, sizeof said, "%s", text);
    Esep__V1__JoinRefused refused;
    esep__v1__join_refused__init(&refused);
    refused.text = said;
    Esep__V1__LinkDown message;
    esep__v1__link_down__init(&message);
    message.what_case = ESEP__V1__LINK_DOWN__WHAT_REFUSED;
    message.refused = &refused;
    const struct link to = {.conn = conn};
    broker_link_send(b, &to, &message);
}

static void refuse_link(struct broker *b, uint64_t conn, const char *name, const char *text)
{
    b->counters[BROKER_COLLECTORS_REFUSED]++;
    send_refused(b, conn, text);
    broker_note(b, BROKER_NOTE_COLLECTOR_REFUSED, "collector \"%s\" refused: %s", name, text);
}

static void challenge(struct broker *b, struct link *link)
{
    if (!link->nonce_live) {
        uint8_t count[8];
        esep_be64_put(count, ++b->nonces);
        const struct esep_slice parts[3] = {esep_slice(b->config.seed, sizeof b->config.seed),
                                            esep_slice_str("nonce"),
                                            esep_slice(count, sizeof count)};
        const struct esep_hash nonce = esep_sha256_parts(parts, 3);
        memcpy(link->nonce, nonce.bytes, sizeof link->nonce);
        link->nonce_live = true;
    }
    Esep__V1__Challenge message;
    esep__v1__challenge__init(&message);
    message.nonce = pb(link->nonce, sizeof link->nonce);
    message.broker = b->config.name;
    Esep__V1__LinkDown down;
    esep__v1__link_down__init(&down);
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_CHALLENGE;
    down.challenge = &message;
    broker_link_send(b, link, &down);
}

static void send_joined(struct broker *b, struct link *link)
{
    Esep__V1__Joined joined;
    esep__v1__joined__init(&joined);
    joined.primary = link == b->primary;
    joined.heartbeat_ms = (uint32_t)(b->config.heartbeat / 1000);
    Esep__V1__LinkDown message;
    esep__v1__link_down__init(&message);
    message.what_case = ESEP__V1__LINK_DOWN__WHAT_JOINED;
    message.joined = &joined;
    broker_link_send(b, link, &message);
    link->told = true;
    link->told_primary = joined.primary;
}

/* Links. */

struct link *broker_link_find(struct broker *b, uint64_t conn)
{
    for (size_t i = 0; i < BROKER_COLLECTORS_MAX; i++) {
        if (b->links[i].used && b->links[i].conn == conn) {
            return &b->links[i];
        }
    }
    return NULL;
}

bool broker_routable(const struct broker *b)
{
    return b->primary != NULL && b->primary->ready;
}

void broker_elect(struct broker *b)
{
    struct link *best = NULL;
    for (size_t i = 0; i < BROKER_COLLECTORS_MAX; i++) {
        struct link *link = &b->links[i];
        if (link->joined && !link->draining && (best == NULL || link->rank < best->rank)) {
            best = link;
        }
    }
    if (best == b->primary) {
        return;
    }
    b->primary = best;
    for (size_t i = 0; i < BROKER_COLLECTORS_MAX; i++) {
        struct link *link = &b->links[i];
        if (link->joined && link->told_primary != (link == best)) {
            const bool stood_by = link->told;
            send_joined(b, link);
            if (link == best && stood_by) {
                broker_note(b, BROKER_NOTE_COLLECTOR_PRIMARY,
                            "collector \"%s\" now takes the offices' frames", link->name);
            }
        }
    }
}

void broker_link_lost(struct broker *b, struct link *link, const char *why)
{
    if (link->joined && link->draining) {
        broker_note(b, BROKER_NOTE_COLLECTOR_DRAINING, "collector \"%s\" has gone, as it said",
                    link->name);
    } else if (link->joined) {
        b->counters[BROKER_COLLECTORS_LOST]++;
        broker_note(b, BROKER_NOTE_COLLECTOR_LOST, "collector \"%s\" lost: %s", link->name, why);
    }
    *link = (struct link){0};
    if (b->gatherer == link) {
        b->gatherer = NULL;
    }
    if (b->primary == link) {
        /* Cleared before the election, which compares with what is left. */
        b->primary = NULL;
        broker_elect(b);
    }
}

/* A place for a new connection; one that never joined gives way. NULL: all have joined. */
static struct link *link_new(struct broker *b, uint64_t conn, const uint8_t key[ESEP_KEY_BYTES])
{
    struct link *place = NULL;
    for (size_t i = 0; i < BROKER_COLLECTORS_MAX; i++) {
        struct link *link = &b->links[i];
        if (!link->used) {
            place = link;
            break;
        }
        if (!link->joined && (place == NULL || link->heard_at < place->heard_at)) {
            place = link;
        }
    }
    if (place != NULL) {
        *place = (struct link){.used = true, .conn = conn};
        memcpy(place->key, key, ESEP_KEY_BYTES);
    }
    return place;
}

/* Join. */

static const struct link *any_joined(const struct broker *b)
{
    for (size_t i = 0; i < BROKER_COLLECTORS_MAX; i++) {
        if (b->links[i].joined) {
            return &b->links[i];
        }
    }
    return NULL;
}

/* The key that it names, of the log's keys as far as this broker knows them or is led to them. What
 * it knew once it holds to while it runs: a shorter chain is none. */
static bool leads_to(struct esep_log_keys *keys, const struct esep_hash *log_id,
                     const Esep__V1__Join *join)
{
    return esep_log_keys_take(keys, log_id, join->log_keys, join->n_log_keys) == ESEP_OK &&
           memcmp(join->log_key.data, esep_log_keys_newest(keys), ESEP_KEY_BYTES) == 0;
}

/* NULL: it may join, and so are the log's keys. */
static const char *join_fault(const struct broker *b, const struct link *link,
                              const Esep__V1__Join *join, struct esep_log_keys *ret_keys)
{
    *ret_keys = b->log_keys;
    if (join->log_id.len != ESEP_HASH_BYTES || join->log_key.len != ESEP_KEY_BYTES ||
        join->engine_id.len != sizeof link->engine_id ||
        join->signature.len != ESEP_SIGNATURE_BYTES) {
        return "its Join is malformed";
    }
    if (memcmp(join->log_id.data, b->config.log_id.bytes, ESEP_HASH_BYTES) != 0) {
        return "it serves another log than this broker's log_id";
    }
    if (!leads_to(ret_keys, &b->config.log_id, join)) {
        return "its log key is not this broker's log_key, and no key that this broker knows has "
               "signed that it took its place";
    }
    const struct esep_hash statement = esep_join_statement(
        link->nonce, &b->config.log_id, join->engine_id.data, b->config.curve_public);
    if (!esep_verify(join->log_key.data, esep_slice(statement.bytes, sizeof statement.bytes),
                     join->signature.data)) {
        return "its signature does not prove that it holds the log key";
    }
    const struct link *other = any_joined(b);
    if (other != NULL &&
        memcmp(other->engine_id, join->engine_id.data, sizeof other->engine_id) != 0) {
        return "another store of the same log is joined: two half logs are worse than a wait; "
               "stop the other collector first";
    }
    return NULL;
}

/* The rank of the same collector's older connection, which steps back; else a new rank. */
static uint64_t rank_for(struct broker *b, const struct link *link)
{
    for (size_t i = 0; i < BROKER_COLLECTORS_MAX; i++) {
        struct link *old = &b->links[i];
        if (old != link && old->joined && memcmp(old->key, link->key, ESEP_KEY_BYTES) == 0) {
            const uint64_t rank = old->rank;
            old->rank = ++b->ranks;
            return rank;
        }
    }
    return ++b->ranks;
}

static void on_join(struct broker *b, struct link *link, const Esep__V1__Join *join)
{
    if (link->joined) {
        return;
    }
    if (!link->nonce_live) {
        challenge(b, link);
        return;
    }
    struct esep_log_keys keys;
    const char *fault = join_fault(b, link, join, &keys);
    link->nonce_live = false;
    const size_t name_len = strnlen(join->name, sizeof link->name - 1);
    memcpy(link->name, join->name, name_len);
    link->name[name_len] = '\0';
    if (fault != NULL) {
        refuse_link(b, link->conn, link->name, fault);
        return;
    }
    const bool newer = keys.count > b->log_keys.count;
    b->log_keys = keys;
    memcpy(link->engine_id, join->engine_id.data, sizeof link->engine_id);
    link->rank = rank_for(b, link);
    link->joined = true;
    broker_elect(b);
    if (b->primary != link) {
        send_joined(b, link);
        broker_note(b, BROKER_NOTE_COLLECTOR_STANDBY, "collector \"%s\" joined and stands by",
                    link->name);
    } else {
        broker_note(b, BROKER_NOTE_COLLECTOR_JOINED, "collector \"%s\" joined", link->name);
    }
    if (newer) {
        broker_note(b, BROKER_NOTE_LOG_KEY,
                    "the log's key has given its place to another; witnesses and verifiers, and "
                    "log_key in the configuration, are for people to change");
    }
}

/* Roster. */

static void roster_failed(struct broker *b, struct link *link, enum esep_status status)
{
    if (status == ESEP_LIMIT) {
        broker_note(b, BROKER_NOTE_ROSTER_FULL,
                    "the roster of collector \"%s\" has more keys than limits.keys (%u): raise it "
                    "and restart the broker",
                    link->name, b->config.keys_max);
    } else {
        broker_note(b, BROKER_NOTE_COLLECTOR_MALFORMED,
                    "collector \"%s\" sent a roster entry without a key or an admission",
                    link->name);
    }
}

/* Whoever has enrolled makes room for the next newcomer at once: many never send another frame on
 * the connection they enrolled over. */
static enum esep_status change_roster(struct broker *b, const Esep__V1__Roster *part)
{
    const enum esep_status status = broker_roster_change(&b->roster, part);
    for (size_t i = 0; i < part->n_entries; i++) {
        const ProtobufCBinaryData *key = &part->entries[i]->curve_key;
        if (key->len == ESEP_KEY_BYTES && broker_roster_find(&b->roster, key->data) != NULL) {
            broker_conns_enrolled(&b->conns, key->data);
        }
    }
    return status;
}

static void greet_all(struct broker *b)
{
    for (uint32_t i = 0; i < b->roster.now.count && b->conns.strangers > 0; i++) {
        broker_conns_enrolled(&b->conns, b->roster.now.entries[i].key);
    }
}

/* A roster that does not fit is not half used: the link is given up, loudly, and offices wait.
 * Whether a whole one replaces what is held or is added to it is settled by its first part: who
 * takes over in the midst of his own would else replace it by its second half. */
static void on_whole_part(struct broker *b, struct link *link, const Esep__V1__Roster *part)
{
    if (!link->gathering && link == b->primary) {
        broker_roster_whole_begin(&b->roster);
        b->gatherer = link;
    }
    link->gathering = true;
    const bool replaces = link == b->gatherer;
    const enum esep_status status =
        replaces ? broker_roster_whole_add(&b->roster, part) : change_roster(b, part);
    if (status != ESEP_OK) {
        roster_failed(b, link, status);
    }
    if (status == ESEP_LIMIT) {
        refuse_link(b, link->conn, link->name, "its roster has more keys than this broker holds");
        broker_link_lost(b, link, "its roster does not fit");
        return;
    }
    if (!part->last) {
        return;
    }
    link->gathering = false;
    if (replaces) {
        broker_roster_whole_finish(&b->roster, part->version);
        greet_all(b);
        b->gatherer = NULL;
    }
    b->roster.known = true;
    if (!link->ready) {
        link->ready = true;
        broker_note(b, BROKER_NOTE_ROSTER_READY, "%u keys from collector \"%s\", as of entry %llu",
                    b->roster.now.count, link->name, (unsigned long long)part->version);
    }
}

static void on_roster(struct broker *b, struct link *link, const Esep__V1__Roster *part)
{
    if (part->whole) {
        on_whole_part(b, link, part);
        return;
    }
    const enum esep_status status = change_roster(b, part);
    if (status != ESEP_OK) {
        roster_failed(b, link, status);
    }
}

/* In. */

static void on_to(struct broker *b, const struct link *link, const Esep__V1__To *to,
                  const struct esep_slice *envelope)
{
    if (envelope == NULL) {
        return;
    }
    if (broker_conns_find(&b->conns, to->conn) == NULL) {
        Esep__V1__Gone gone;
        esep__v1__gone__init(&gone);
        gone.conn = to->conn;
        Esep__V1__LinkDown message;
        esep__v1__link_down__init(&message);
        message.what_case = ESEP__V1__LINK_DOWN__WHAT_GONE;
        message.gone = &gone;
        broker_link_send(b, link, &message);
        return;
    }
    struct effect_slot *slot = broker_push(b, BROKER_EFFECT_SEND_OFFICE, ROLE_REPLY, to->conn);
    slot->public.parts[0] = *envelope;
    slot->public.part_count = 1;
}

static void on_beat(struct broker *b, struct link *link, const Esep__V1__Beat *beat)
{
    const bool draining = beat->draining;
    if (link->draining == draining) {
        return;
    }
    link->draining = draining;
    if (draining) {
        broker_note(b, BROKER_NOTE_COLLECTOR_DRAINING, "collector \"%s\" is going down",
                    link->name);
    }
    broker_elect(b);
}

static void on_close(struct broker *b, const Esep__V1__Gone *gone)
{
    struct conn *conn = broker_conns_find(&b->conns, gone->conn);
    if (conn != NULL) {
        broker_conns_remove(&b->conns, conn);
    }
}

static void on_message(struct broker *b, struct link *link, const Esep__V1__LinkUp *message,
                       const struct esep_slice *envelope)
{
    if (message->what_case == ESEP__V1__LINK_UP__WHAT_JOIN) {
        on_join(b, link, message->join);
        return;
    }
    if (!link->joined) {
        challenge(b, link);
        return;
    }
    switch (message->what_case) {
    case ESEP__V1__LINK_UP__WHAT_ROSTER:
        on_roster(b, link, message->roster);
        break;
    case ESEP__V1__LINK_UP__WHAT_TO:
        on_to(b, link, message->to, envelope);
        break;
    case ESEP__V1__LINK_UP__WHAT_BEAT:
        on_beat(b, link, message->beat);
        break;
    case ESEP__V1__LINK_UP__WHAT_CLOSE:
        on_close(b, message->close);
        break;
    default:
        break; /* a newer collector's word: it is alive, that is enough */
    }
}

/* The link of a collector's connection, new where it has to be. NULL: refused, and told so. */
static struct link *link_of(struct broker *b, uint64_t conn, const uint8_t key[ESEP_KEY_BYTES])
{
    struct link *link = broker_link_find(b, conn);
    if (link != NULL && memcmp(link->key, key, ESEP_KEY_BYTES) != 0) {
        broker_link_lost(b, link, "its connection is another's now");
        link = NULL;
    }
    if (!broker_key_is_collector(b, key)) {
        /* The handshake passed once; the config has changed since. */
        if (link != NULL) {
            broker_link_lost(b, link, "its key was taken out of collector_keys");
        }
        refuse_link(b, conn, "?", "its key is not among this broker's collector_keys");
        return NULL;
    }
    if (link == NULL) {
        link = link_new(b, conn, key);
    }
    if (link == NULL) {
        refuse_link(b, conn, "?", "this broker has as many collectors as it can hold");
    }
    return link;
}

void broker_on_collector_frame(struct broker *b, uint64_t conn, const uint8_t key[ESEP_KEY_BYTES],
                               const struct esep_slice *parts, size_t count, esep_time now)
{
    ESEP_ASSERT(b->effect_count == 0);
    struct link *link = link_of(b, conn, key);
    if (link == NULL) {
        return;
    }
    link->heard_at = now;
    esep_arena_reset(&b->arena);
    const ProtobufCMessage *message = NULL;
    if (count == 0 || count > 2 ||
        esep_unpack(&esep__v1__link_up__descriptor, parts[0], &b->arena, &message) != ESEP_OK) {
        broker_note(b, BROKER_NOTE_COLLECTOR_MALFORMED, "collector \"%s\" sent what is no LinkUp",
                    link->joined ? link->name : "?");
        return;
    }
    on_message(b, link, (const Esep__V1__LinkUp *)message, count == 2 ? &parts[1] : NULL);
}
