/* collector/collector_refuse.c - no, with a reason that the log key signs; and alarms.
 *
 * A refusal travels in the clear, since the session may be what is missing. The signature binds it
 * to the session and counter it answers, so that a broker cannot move it to another frame.
 *
 * Where the log's key is with another process that is away, a refusal is not sent, and counted:
 * nobody could tell it from a broker's. Who keeps asking is told later.
 *
 * A sender whose frames keep coming is told the same thing once, then again after a while: a
 * signature costs more than a frame. FORK, BEHIND and bad signatures are entries of the log; the
 * same sight is logged once, however often the office shows it, and the refusal waits for that.
 */
#include "collector/collector_internal.h"

static bool told_already(struct collector *c, const struct collector_route *route,
                         Esep__V1__RefusalReason reason)
{
    uint64_t mix = esep_be64(route->session) ^ route->conn * 0x9e3779b97f4a7c15u;
    struct collector_told *slot = &c->told[(mix + (uint64_t)reason * 31) % COLLECTOR_TOLD_SLOTS];
    bool same = slot->reason == reason && slot->conn == route->conn &&
                memcmp(slot->session, route->session, sizeof slot->session) == 0 &&
                c->now - slot->at < COLLECTOR_TOLD_FOR && c->now >= slot->at;
    if (same)
        return true;
    memcpy(slot->session, route->session, sizeof slot->session);
    slot->conn = route->conn;
    slot->reason = reason;
    slot->at = c->now;
    return false;
}

void collector_refuse(struct collector *c, const struct collector_route *route,
                      const struct collector_refusal *refusal)
{
    collector_count(c, COLLECTOR_FRAMES_REFUSED, 1);
    if (told_already(c, route, refusal->reason))
        return;
    char text[256];
    size_t len = strlen(refusal->text);
    ESEP_ASSERT(len < sizeof text);
    memcpy(text, refusal->text, len + 1);
    Esep__V1__Refusal message = ESEP__V1__REFUSAL__INIT;
    message.reason = refusal->reason;
    message.text = text;
    message.retry_after_ms = refusal->retry_after_ms;
    message.session = esep_pb(route->session, ESEP_SESSION_ID_BYTES);
    message.counter = route->counter;
    message.office = refusal->office;
    message.epoch = refusal->epoch;
    message.seq = refusal->seq;
    struct esep_log_links links = {.count = 0};
    const struct collector_session *session = collector_session_find(c, route->session);
    if (session == NULL || !session->welcomed) /* who may not have been told of them */
        esep_log_links(views_log_keys(c->views), 1, &links);
    message.log_keys = links.places;
    message.n_log_keys = links.count;
    uint8_t statement[ESEP_REFUSAL_BYTES];
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    esep_refusal_statement(&message, statement);
    if (!collector_sign(c, esep_slice(statement, sizeof statement), signature))
        return;
    message.signature = esep_pb(signature, sizeof signature);
    collector_out_clear(c, route, ESEP__V1__KIND__KIND_REFUSAL, collector_pack(c, &message.base));
}

void collector_refuse_frame(struct collector *c, const struct collector_frame *frame,
                            Esep__V1__RefusalReason reason, const char *text)
{
    const struct collector_refusal refusal = {.reason = reason, .text = text};
    collector_refuse(c, &frame->route, &refusal);
}

/* The same sight, hashed: what is logged once. */
static struct esep_hash sight(const struct collector_alarm *alarm)
{
    uint8_t numbers[16];
    esep_be32_put(numbers, (uint32_t)alarm->kind);
    esep_be32_put(numbers + 4, alarm->epoch);
    esep_be64_put(numbers + 8, alarm->seq);
    if (alarm->kind == ESEP__V1__ALARM_KIND__ALARM_KIND_BAD_SIGNATURE)
        memset(numbers + 4, 0, 12); /* nothing in it is proved, so it may not multiply entries */
    const struct esep_slice parts[] = {esep_slice(numbers, sizeof numbers),
                                       esep_slice(alarm->held.bytes, ESEP_HASH_BYTES),
                                       esep_slice(alarm->shown.bytes, ESEP_HASH_BYTES)};
    return esep_sha256_parts(parts, 3);
}

/* False: there was no room for it. */
static bool log_alarm(struct collector *c, const struct collector_alarm *alarm, esep_time now)
{
    char text[256];
    (void)memcpy(text, alarm->text, strlen(alarm->text) + 1);
    Esep__V1__Alarm message = ESEP__V1__ALARM__INIT;
    message.kind = alarm->kind;
    message.office = alarm->office;
    message.epoch = alarm->epoch;
    message.seq = alarm->seq;
    message.held = esep_pb(alarm->held.bytes, ESEP_HASH_BYTES);
    message.shown = esep_pb(alarm->shown.bytes, ESEP_HASH_BYTES);
    message.text = text;
    return collector_log_aside(c, ESEP__V1__LOG_TYPE__LOG_TYPE_ALARM, alarm->office,
                               collector_pack(c, &message.base), now) == ESEP_OK;
}

void collector_alarm(struct collector *c, const struct collector_frame *frame,
                     struct collector_session *session, const struct collector_alarm *alarm)
{
    const struct collector_refusal refusal = {
        .reason = alarm->reason,
        .text = alarm->text,
        .office = alarm->office,
        .epoch = alarm->held_epoch,
        .seq = alarm->held_seq,
    };
    if (alarm->kind == ESEP__V1__ALARM_KIND__ALARM_KIND_FORK)
        collector_count(c, COLLECTOR_FORKS, 1);
    if (session != NULL)
        collector_session_end(c, session);
    struct collector_office *office = collector_office(c, alarm->office);
    struct esep_hash seen = sight(alarm);
    bool known = esep_hash_equal(&office->last_alarm, &seen);
    if (known || !collector_after_room(c, 1) || !log_alarm(c, alarm, frame->now)) {
        collector_refuse(c, &frame->route, &refusal);
        return;
    }
    office->last_alarm = seen;
    struct collector_after *after = collector_after_add(c, c->serial, COLLECTOR_AFTER_REFUSE);
    after->route = frame->route;
    after->refusal = refusal;
}

/* The store is full: nothing of what is in memory will ever be committed. Everybody is told. */
void collector_refuse_all_full(struct collector *c)
{
    for (uint32_t i = 0; i < c->config.sessions_max; i++) {
        struct collector_session *session = &c->sessions[i];
        if (!session->used)
            continue;
        struct collector_route route = {.link = session->link, .conn = session->conn};
        memcpy(route.session, session->seal.id, sizeof route.session);
        route.counter = session->seal.rx_counter;
        const struct collector_refusal refusal = {
            .reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_FULL,
            .text = "the collector's store is full: keep your reports, they are sent later",
            .retry_after_ms = 60000,
        };
        collector_refuse(c, &route, &refusal);
        collector_session_end(c, session);
    }
}
