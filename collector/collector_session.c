/* collector/collector_session.c - the table of sessions, bounded, and what belongs to an office.
 *
 * A session is found by the id in each frame's head. The id is a hash that the office cannot choose
 * freely, salted here so that nobody can grind a bucket full. Sessions stand in the order in which
 * they were last heard of: the front of that list expires, or gives way where the table is full and
 * the front never proved that it is more than a replayed HELLO.
 *
 * An office may have several sessions: it reconnected while the broker still holds the old
 * connection, or somebody copied its disk. All are served; order and exactly-once are decided where
 * entries join the log, not here. The oldest gives way when there are too many.
 */
#include "collector/collector_internal.h"

#include <stdlib.h>

enum esep_status collector_offices_grow(struct collector *c, uint32_t number)
{
    if (number < c->office_cap)
        return ESEP_OK;
    uint32_t cap = c->office_cap > 0 ? c->office_cap : 64;
    while (cap <= number)
        cap *= 2;
    struct collector_office *offices = realloc(c->offices, cap * sizeof *offices);
    if (offices == NULL)
        return ESEP_NOMEM;
    memset(offices + c->office_cap, 0, (cap - c->office_cap) * sizeof *offices);
    for (uint32_t i = c->office_cap; i < cap; i++)
        offices[i].first_session = COLLECTOR_NONE;
    c->offices = offices;
    c->office_cap = cap;
    return ESEP_OK;
}

struct collector_office *collector_office(struct collector *c, uint32_t number)
{
    ESEP_ASSERT(number < c->office_cap);
    return &c->offices[number];
}

/* The offices as the store holds them: all of it is durable. */
static enum esep_status load_offices(struct collector *c)
{
    uint32_t next = views_next_office(c->views);
    enum esep_status status = collector_offices_grow(c, next);
    for (uint32_t i = 1; status == ESEP_OK && i < next; i++) {
        const struct views_office *known = views_office(c->views, i);
        ESEP_ASSERT(known != NULL); /* numbers have no gap */
        struct collector_office *office = collector_office(c, i);
        office->durable_state = (uint8_t)known->state;
        office->durable_epoch = known->epoch;
        office->durable_seq = known->seq;
        office->durable_head = known->head;
        office->durable_mail = known->mail_last;
    }
    return status;
}

enum esep_status collector_sessions_init(struct collector *c)
{
    uint32_t max = c->config.sessions_max;
    uint32_t buckets = 16;
    while (buckets < 2 * max)
        buckets *= 2;
    c->sessions = calloc(max, sizeof *c->sessions);
    c->buckets = malloc(buckets * sizeof *c->buckets);
    if (c->sessions == NULL || c->buckets == NULL)
        return ESEP_NOMEM;
    memset(c->buckets, 0xff, buckets * sizeof *c->buckets);
    c->bucket_mask = buckets - 1;
    for (uint32_t i = 0; i < max; i++)
        c->sessions[i].bucket_next = i + 1 < max ? i + 1 : COLLECTOR_NONE;
    c->free_session = 0;
    c->lru_first = c->lru_last = COLLECTOR_NONE;
    c->ready_first = c->ready_last = COLLECTOR_NONE;
    return load_offices(c);
}

static uint32_t bucket_of(const struct collector *c, const uint8_t id[16])
{
    uint64_t salt = esep_be64(c->config.seed) | 1;
    uint64_t mixed = (esep_be64(id) ^ esep_be64(c->config.seed + 8)) * salt;
    return (uint32_t)(mixed >> 32) & c->bucket_mask;
}

struct collector_session *collector_session_find(struct collector *c, const uint8_t id[16])
{
    uint32_t at = c->buckets[bucket_of(c, id)];
    while (at != COLLECTOR_NONE) {
        struct collector_session *session = &c->sessions[at];
        if (memcmp(session->seal.id, id, ESEP_SESSION_ID_BYTES) == 0)
            return session;
        at = session->bucket_next;
    }
    return NULL;
}

struct collector_session *collector_session_named(struct collector *c, uint32_t slot,
                                                  uint32_t generation)
{
    if (slot >= c->config.sessions_max)
        return NULL;
    struct collector_session *session = &c->sessions[slot];
    return session->used && session->generation == generation ? session : NULL;
}

static void lru_remove(struct collector *c, struct collector_session *s)
{
    if (s->lru_prev != COLLECTOR_NONE)
        c->sessions[s->lru_prev].lru_next = s->lru_next;
    else
        c->lru_first = s->lru_next;
    if (s->lru_next != COLLECTOR_NONE)
        c->sessions[s->lru_next].lru_prev = s->lru_prev;
    else
        c->lru_last = s->lru_prev;
}

static void lru_append(struct collector *c, struct collector_session *s)
{
    uint32_t slot = collector_slot(c, s);
    s->lru_prev = c->lru_last;
    s->lru_next = COLLECTOR_NONE;
    if (c->lru_last != COLLECTOR_NONE)
        c->sessions[c->lru_last].lru_next = slot;
    else
        c->lru_first = slot;
    c->lru_last = slot;
}

void collector_session_heard(struct collector *c, struct collector_session *session, esep_time now)
{
    session->heard_at = now;
    if (c->lru_last == collector_slot(c, session))
        return;
    lru_remove(c, session);
    lru_append(c, session);
}

static void bucket_remove(struct collector *c, const struct collector_session *session)
{
    uint32_t *link = &c->buckets[bucket_of(c, session->seal.id)];
    while (&c->sessions[*link] != session)
        link = &c->sessions[*link].bucket_next;
    *link = session->bucket_next;
}

static void office_remove(struct collector *c, const struct collector_session *session)
{
    struct collector_office *office = collector_office(c, session->office);
    uint32_t *link = &office->first_session;
    while (&c->sessions[*link] != session)
        link = &c->sessions[*link].office_next;
    *link = session->office_next;
    office->session_count--;
}

static void ready_remove(struct collector *c, struct collector_session *session)
{
    uint32_t previous = COLLECTOR_NONE;
    uint32_t at = c->ready_first;
    while (&c->sessions[at] != session) {
        previous = at;
        at = c->sessions[at].ready_next;
    }
    if (previous == COLLECTOR_NONE)
        c->ready_first = session->ready_next;
    else
        c->sessions[previous].ready_next = session->ready_next;
    if (c->ready_last == at)
        c->ready_last = previous;
    session->ready = false;
}

void collector_session_end(struct collector *c, struct collector_session *session)
{
    ESEP_ASSERT(session->used);
    collector_waiting_drop(c, session);
    if (session->ready)
        ready_remove(c, session);
    lru_remove(c, session);
    bucket_remove(c, session);
    office_remove(c, session);
    esep_session_done(&session->seal);
    uint32_t generation = session->generation + 1;
    memset(session, 0, sizeof *session);
    session->generation = generation;
    session->bucket_next = c->free_session;
    c->free_session = collector_slot(c, session);
    c->counters[COLLECTOR_SESSIONS]--;
}

/* An office with too many sessions: the one longest unheard of, unproven ones first. */
static void make_room_for_office(struct collector *c, uint32_t number)
{
    struct collector_office *office = collector_office(c, number);
    while (office->session_count >= COLLECTOR_OFFICE_SESSIONS_MAX) {
        struct collector_session *worst = NULL;
        for (uint32_t at = office->first_session; at != COLLECTOR_NONE;
             at = c->sessions[at].office_next) {
            struct collector_session *s = &c->sessions[at];
            if (worst == NULL || (worst->confirmed && !s->confirmed) ||
                (worst->confirmed == s->confirmed && s->heard_at < worst->heard_at))
                worst = s;
        }
        ESEP_ASSERT(worst != NULL);
        collector_session_end(c, worst);
    }
}

struct collector_session *collector_session_add(struct collector *c,
                                                const struct esep_session *seal, uint32_t office)
{
    make_room_for_office(c, office);
    if (c->free_session == COLLECTOR_NONE) {
        struct collector_session *oldest = &c->sessions[c->lru_first];
        if (oldest->confirmed)
            return NULL;
        collector_session_end(c, oldest);
    }
    struct collector_session *s = &c->sessions[c->free_session];
    c->free_session = s->bucket_next;
    uint32_t generation = s->generation;
    *s = (struct collector_session){
        .used = true, .generation = generation, .seal = *seal, .office = office};
    collector_queue_init(&s->waiting);
    uint32_t slot = collector_slot(c, s);
    uint32_t *bucket = &c->buckets[bucket_of(c, seal->id)];
    s->bucket_next = *bucket;
    *bucket = slot;
    struct collector_office *known = collector_office(c, office);
    s->office_next = known->first_session;
    known->first_session = slot;
    known->session_count++;
    lru_append(c, s);
    collector_count(c, COLLECTOR_SESSIONS, 1);
    return s;
}

void collector_sessions_expire(struct collector *c, esep_time now)
{
    while (c->lru_first != COLLECTOR_NONE) {
        struct collector_session *oldest = &c->sessions[c->lru_first];
        if (now - oldest->heard_at < c->config.session_idle)
            return;
        collector_session_end(c, oldest);
        collector_count(c, COLLECTOR_SESSIONS_EXPIRED, 1);
    }
}

esep_time collector_sessions_deadline(const struct collector *c)
{
    if (c->lru_first == COLLECTOR_NONE)
        return ESEP_TIME_NEVER;
    return c->sessions[c->lru_first].heard_at + c->config.session_idle;
}

/* Cumulative credit: what was received and is no longer held, and a window on top. The window
 * shrinks while the pool is more than half full, so that many offices at once share it; credit
 * once given is never taken back. */
uint64_t collector_credit(struct collector *c, struct collector_session *s)
{
    size_t held = s->waiting_frame_bytes + s->batch_frame_bytes[0] + s->batch_frame_bytes[1];
    size_t window = c->config.session_credit_bytes;
    if (c->block_free_count < c->block_count / 2) {
        window /= 8;
        if (window < c->config.frame_bytes_max)
            window = c->config.frame_bytes_max;
    }
    uint64_t credit = s->received_bytes - held + window;
    if (credit > s->credit_bytes)
        s->credit_bytes = credit;
    return s->credit_bytes;
}

enum esep_status collector_bundle_get(const struct collector *c, uint64_t conn,
                                      struct collector_bundle *ret)
{
    for (uint32_t i = 0; i < c->config.sessions_max; i++) {
        const struct collector_session *s = &c->sessions[i];
        if (!s->used || s->conn != conn || !s->seal.bundle)
            continue;
        const struct collector_office *office = &c->offices[s->office];
        *ret = (struct collector_bundle){
            .welcomed = s->welcomed,
            .office = s->office,
            .epoch = s->epoch,
            .held = office->durable_epoch == s->epoch ? office->durable_seq : 0,
            .room = s->credit_bytes - s->received_bytes,
            .mail_out = s->pulled && !s->mail_reading && s->mail_sent >= office->durable_mail,
        };
        const bool keeps = (s->features & COLLECTOR_COSIGNED) != 0;
        ret->awaits_witness = keeps && s->cosigned_wanted;
        ret->witnessed = keeps && !s->cosigned_wanted && s->cosigned_size > 0;
        return ESEP_OK;
    }
    return ESEP_NOT_FOUND;
}

bool collector_office_online(const struct collector *c, uint32_t office)
{
    if (office >= c->office_cap)
        return false;
    for (uint32_t at = c->offices[office].first_session; at != COLLECTOR_NONE;
         at = c->sessions[at].office_next) {
        if (c->sessions[at].confirmed)
            return true;
    }
    return false;
}
