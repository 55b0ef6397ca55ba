/* collector/collector_link.c - broker links: greeting, proof, roster, heartbeats.
 *
 * A link comes up, we say Beat, the broker challenges, the log key answers, the broker says Joined
 * and gets the whole roster: which CURVE keys it may let in. Changes follow as they are durable;
 * nothing that only the memory knows is told. A broker that challenges again has forgotten us (it
 * was started anew, or thought us gone): the same steps again. Sessions live on through that: they
 * are between office and collector, and a connection that is gone is said so by the broker.
 */
#include "collector/collector_rotate.h"

#include <stdlib.h>

#define ROSTER_PART 200u
#define SILENT_BEATS 3
#define REFUSED_BEATS 5 /* a refused collector asks again more slowly */

enum esep_status collector_links_init(struct collector *c)
{
    c->links = calloc(c->config.links_max, sizeof *c->links);
    return c->links != NULL ? ESEP_OK : ESEP_NOMEM;
}

/* A broker that is silent keeps its state: roster changes go on to it, and where it has forgotten
 * us our next Beat makes it challenge. Only who asks here is told. */
enum collector_link_state collector_link(const struct collector *c, uint32_t link,
                                         const char **ret_text)
{
    static const struct collector_link_slot none = {.state = COLLECTOR_LINK_DOWN};
    const struct collector_link_slot *slot = link < c->config.links_max ? &c->links[link] : &none;
    bool silent = slot->state == COLLECTOR_LINK_JOINED &&
                  c->now - slot->heard_at > SILENT_BEATS * slot->heartbeat;
    if (ret_text != NULL)
        *ret_text = silent ? "the broker is silent" : slot->text;
    return silent ? COLLECTOR_LINK_GREETED : slot->state;
}

static void send_beat(struct collector *c, uint32_t link, esep_time now)
{
    struct collector_link_slot *slot = &c->links[link];
    Esep__V1__Beat beat = ESEP__V1__BEAT__INIT;
    Esep__V1__LinkUp up = ESEP__V1__LINK_UP__INIT;
    beat.draining = c->draining;
    up.what_case = ESEP__V1__LINK_UP__WHAT_BEAT;
    up.beat = &beat;
    collector_out_link(c, link, &up);
    int beats = slot->state == COLLECTOR_LINK_REFUSED ? REFUSED_BEATS : 1;
    slot->beat_at = now + beats * slot->heartbeat;
}

void collector_on_link_change(struct collector *c, uint32_t link, const uint8_t key[32], bool up,
                              esep_time now)
{
    struct collector_link_slot *slot = &c->links[link];
    memset(slot, 0, sizeof *slot);
    if (!up)
        return;
    slot->up = true;
    slot->state = COLLECTOR_LINK_GREETED;
    memcpy(slot->curve_key, key, ESEP_KEY_BYTES);
    slot->heartbeat = c->config.link_heartbeat;
    slot->heard_at = now;
    send_beat(c, link, now);
}

static void on_challenge(struct collector *c, uint32_t link, const Esep__V1__Challenge *challenge)
{
    struct collector_link_slot *slot = &c->links[link];
    if (challenge->nonce.len != 32)
        return;
    uint8_t text[ESEP_JOIN_BYTES];
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    esep_join_text(challenge->nonce.data, &c->config.log_id, c->config.engine_id, slot->curve_key,
                   text);
    if (!collector_sign(c, esep_slice(text, sizeof text), signature))
        return; /* our next Beat makes it challenge again */
    Esep__V1__Join join = ESEP__V1__JOIN__INIT;
    Esep__V1__LinkUp up = ESEP__V1__LINK_UP__INIT;
    join.log_id = esep_pb(c->config.log_id.bytes, ESEP_HASH_BYTES);
    join.log_key = esep_pb(c->config.log_public, ESEP_KEY_BYTES);
    join.engine_id = esep_pb(c->config.engine_id, sizeof c->config.engine_id);
    join.signature = esep_pb(signature, sizeof signature);
    join.name = c->config.name;
    struct esep_log_links links;
    esep_log_links(views_log_keys(c->views), 1, &links);
    join.log_keys = links.places;
    join.n_log_keys = links.count;
    up.what_case = ESEP__V1__LINK_UP__WHAT_JOIN;
    up.join = &join;
    collector_out_link(c, link, &up);
    slot->state = COLLECTOR_LINK_JOINING;
}

struct roster_part {
    Esep__V1__Roster roster;
    Esep__V1__RosterEntry entries[ROSTER_PART];
    Esep__V1__RosterEntry *places[ROSTER_PART];
    char bodies[ROSTER_PART][ESEP_BODY_CODE_MAX];
};

static void part_begin(struct collector *c, struct roster_part *part, bool whole)
{
    esep__v1__roster__init(&part->roster);
    part->roster.version = c->durable_size;
    part->roster.whole = whole;
    part->roster.entries = part->places;
}

static void part_send(struct collector *c, uint32_t link, struct roster_part *part, bool last)
{
    Esep__V1__LinkUp up = ESEP__V1__LINK_UP__INIT;
    part->roster.last = last;
    up.what_case = ESEP__V1__LINK_UP__WHAT_ROSTER;
    up.roster = &part->roster;
    collector_out_link(c, link, &up);
    part->roster.n_entries = 0;
}

static void part_add(struct roster_part *part, const uint8_t key[32], uint32_t office,
                     Esep__V1__OfficeAdmission admission, const char *body)
{
    size_t i = part->roster.n_entries++;
    Esep__V1__RosterEntry *entry = &part->entries[i];
    esep__v1__roster_entry__init(entry);
    entry->curve_key = esep_pb(key, ESEP_KEY_BYTES);
    entry->office = office;
    entry->admission = admission;
    size_t len = strnlen(body, ESEP_BODY_CODE_MAX - 1);
    memcpy(part->bodies[i], body, len);
    part->bodies[i][len] = '\0';
    entry->body = part->bodies[i];
    part->places[i] = entry;
}

static void part_add_office(struct collector *c, struct roster_part *part, uint32_t number)
{
    static const Esep__V1__OfficeAdmission admission[] = {
        [ESEP__V1__OFFICE_STATE__OFFICE_STATE_PENDING] =
            ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_PENDING,
        [ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE] =
            ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_ACTIVE,
        [ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED] =
            ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REVOKED,
    };
    const struct views_office *known = views_office(c->views, number);
    uint8_t state = collector_office(c, number)->durable_state;
    ESEP_ASSERT(known != NULL); /* numbers have no gap */
    if (state == 0)
        return;
    /* Nothing that only the memory knows is told: not a rotation either. */
    bool durable = collector_keys_durable(c, known);
    part_add(part, durable ? known->curve_key : known->old_curve_key, number, admission[state],
             known->body);
    if (!durable || known->key_epoch == 0)
        return;
    bool active = state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE;
    part_add(part, known->old_curve_key, number,
             active ? ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REPLACED
                    : ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REVOKED,
             known->body);
}

static void send_roster(struct collector *c, uint32_t link)
{
    struct roster_part part;
    part_begin(c, &part, true);
    for (size_t i = 0; i < c->config.operator_count; i++)
        part_add(&part, c->config.operators[i].curve_key, 0,
                 ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_OPERATOR, "");
    uint32_t next = views_next_office(c->views);
    for (uint32_t i = 1; i < next; i++) {
        if (part.roster.n_entries + 2 > ROSTER_PART) /* an office may have two */
            part_send(c, link, &part, false);
        part_add_office(c, &part, i);
    }
    part_send(c, link, &part, true);
}

void collector_roster_change(struct collector *c, uint32_t office)
{
    struct roster_part part;
    for (uint32_t link = 0; link < c->config.links_max; link++) {
        if (c->links[link].state != COLLECTOR_LINK_JOINED)
            continue;
        part_begin(c, &part, false);
        part_add_office(c, &part, office);
        part_send(c, link, &part, true);
    }
}

void collector_link_close(struct collector *c, uint32_t link, uint64_t conn)
{
    Esep__V1__Gone gone = ESEP__V1__GONE__INIT;
    Esep__V1__LinkUp up = ESEP__V1__LINK_UP__INIT;
    gone.conn = conn;
    up.what_case = ESEP__V1__LINK_UP__WHAT_CLOSE;
    up.close = &gone;
    collector_out_link(c, link, &up);
}

static void on_joined(struct collector *c, uint32_t link, const Esep__V1__Joined *joined)
{
    struct collector_link_slot *slot = &c->links[link];
    if (slot->state != COLLECTOR_LINK_JOINING)
        return;
    slot->state = COLLECTOR_LINK_JOINED;
    slot->text[0] = '\0';
    esep_time asked = (esep_time)joined->heartbeat_ms * (ESEP_SECOND / 1000);
    if (asked >= ESEP_SECOND / 100 && asked < slot->heartbeat)
        slot->heartbeat = asked;
    send_roster(c, link);
    slot->beat_at = c->now + slot->heartbeat;
}

static void on_refused(struct collector *c, uint32_t link, const Esep__V1__JoinRefused *refused)
{
    struct collector_link_slot *slot = &c->links[link];
    slot->state = COLLECTOR_LINK_REFUSED;
    slot->beat_at = c->now + REFUSED_BEATS * slot->heartbeat;
    size_t len = strnlen(refused->text, sizeof slot->text - 1);
    memcpy(slot->text, refused->text, len);
    slot->text[len] = '\0';
}

static void on_gone(struct collector *c, uint32_t link, uint64_t conn)
{
    for (uint32_t i = 0; i < c->config.sessions_max; i++) {
        struct collector_session *session = &c->sessions[i];
        if (session->used && session->link == link && session->conn == conn)
            collector_session_end(c, session);
    }
}

void collector_on_link_message(struct collector *c, uint32_t link,
                               const Esep__V1__LinkDown *message, esep_time now)
{
    c->links[link].heard_at = now;
    switch (message->what_case) {
    case ESEP__V1__LINK_DOWN__WHAT_CHALLENGE:
        on_challenge(c, link, message->challenge);
        break;
    case ESEP__V1__LINK_DOWN__WHAT_JOINED:
        on_joined(c, link, message->joined);
        break;
    case ESEP__V1__LINK_DOWN__WHAT_REFUSED:
        on_refused(c, link, message->refused);
        break;
    case ESEP__V1__LINK_DOWN__WHAT_GONE:
        on_gone(c, link, message->gone->conn);
        break;
    default:
        break;
    }
}

void collector_links_on_time(struct collector *c, esep_time now)
{
    for (uint32_t link = 0; link < c->config.links_max; link++) {
        struct collector_link_slot *slot = &c->links[link];
        if (!slot->up)
            continue;
        if (now >= slot->beat_at)
            send_beat(c, link, now);
    }
}

void collector_links_drain(struct collector *c, esep_time now)
{
    for (uint32_t link = 0; link < c->config.links_max; link++) {
        if (c->links[link].up)
            send_beat(c, link, now);
    }
}

void collector_links_clock_back(struct collector *c, esep_time now)
{
    for (uint32_t link = 0; link < c->config.links_max; link++)
        c->links[link].beat_at = c->links[link].heard_at = now;
}

esep_time collector_links_deadline(const struct collector *c)
{
    esep_time at = ESEP_TIME_NEVER;
    for (uint32_t link = 0; link < c->config.links_max; link++) {
        if (c->links[link].up && c->links[link].beat_at < at)
            at = c->links[link].beat_at;
    }
    return at;
}
