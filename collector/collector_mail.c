/* collector/collector_mail.c - the mailbox, signs of life.
 *
 * PULL acknowledges and asks at once. What lies above it is read by the shell (MAIL effect) and
 * sent in parts; never more than one reading is out unacknowledged, so a slow office is not
 * flooded. A PULL that acknowledges nothing new says that the mail did not arrive: it is sent
 * again.
 *
 * New items are pushed to offices that have acknowledged all before. What is acknowledged and the
 * rare PRESENCE are log entries; everything here acts only on frames under the session's key.
 */
#include "collector/collector_internal.h"

void collector_presence(struct collector *c, struct collector_session *session, esep_time now)
{
    const struct views_office *known = views_office(c->views, session->office);
    /* Seen at an hour that is still to come: the clock was set back since, and this hour counts. */
    const bool lately = now >= known->seen_at && now - known->seen_at < c->config.presence_every;
    if (c->full || (!known->silent && known->seen_at != 0 && lately))
        return;
    Esep__V1__Presence presence = ESEP__V1__PRESENCE__INIT;
    presence.office = session->office;
    /* Without room now, the next sign of life will do. */
    (void)collector_log_aside(c, ESEP__V1__LOG_TYPE__LOG_TYPE_PRESENCE, session->office,
                              collector_pack(c, &presence.base), now);
}

static void read_mail(struct collector *c, struct collector_session *session, uint64_t after)
{
    const struct collector_effect effect = {
        .kind = COLLECTOR_EFFECT_MAIL,
        .token = (uint64_t)collector_slot(c, session) << 32 | session->generation,
        .office = session->office,
        .after = after,
        .bytes_max = COLLECTOR_MAIL_UNACKED,
    };
    session->mail_reading = true;
    collector_out_effect(c, &effect);
}

void collector_mail_push(struct collector *c, struct collector_session *session)
{
    uint64_t last = collector_office(c, session->office)->durable_mail;
    if (session->pulled && !session->mail_reading && session->mail_through >= session->mail_sent &&
        last > session->mail_through)
        read_mail(c, session, session->mail_through);
}

static void log_ack(struct collector *c, const struct collector_session *session, uint64_t through,
                    esep_time now)
{
    const struct views_office *known = views_office(c->views, session->office);
    uint64_t last = collector_office(c, session->office)->durable_mail;
    if (c->full || through <= known->mail_acked || through > last)
        return;
    Esep__V1__MailAck ack = ESEP__V1__MAIL_ACK__INIT;
    ack.office = session->office;
    ack.through = through;
    (void)collector_log_aside(c, ESEP__V1__LOG_TYPE__LOG_TYPE_MAIL_ACK, session->office,
                              collector_pack(c, &ack.base), now);
}

void collector_mail_stick(struct collector *c, struct collector_session *session)
{
    session->pulled = true;
    log_ack(c, session, session->mail_through, c->now);
    collector_mail_push(c, session);
}

void collector_on_pull(struct collector *c, struct collector_session *session,
                       const struct collector_frame *frame, struct esep_slice plain)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&c->arena);
    if (esep_unpack(&esep__v1__pull__descriptor, plain, &c->arena, &message) != ESEP_OK) {
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_MALFORMED,
                               "PULL cannot be read");
        return;
    }
    uint64_t through = ((const Esep__V1__Pull *)message)->through;
    bool progress = !session->pulled || through > session->mail_through;
    session->mail_through = through;
    session->pulled = true;
    log_ack(c, session, through, frame->now);
    collector_presence(c, session, frame->now);
    if (!progress || through > session->mail_sent)
        session->mail_sent = through; /* what was out is lost, or came by another session */
    collector_mail_push(c, session);
}

/* A PULL may be lost while its session lives, or its acknowledgement find no room: a PING says
 * again through where everything is stored. It is no wish for more. */
static void heard_through(struct collector *c, struct collector_session *session, uint64_t through,
                          esep_time now)
{
    if (!session->pulled || through > session->mail_sent)
        return;
    if (through > session->mail_through)
        session->mail_through = through;
    log_ack(c, session, through, now);
    collector_mail_push(c, session);
}

void collector_on_ping(struct collector *c, struct collector_session *session,
                       const struct collector_frame *frame, struct esep_slice plain)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&c->arena);
    if (esep_unpack(&esep__v1__ping__descriptor, plain, &c->arena, &message) == ESEP_OK)
        heard_through(c, session, ((const Esep__V1__Ping *)message)->mail_through, frame->now);
    Esep__V1__Pong pong = ESEP__V1__PONG__INIT;
    pong.server_time_us = frame->now;
    pong.mail_last = collector_office(c, session->office)->durable_mail;
    collector_out_to_conn(c, session->link, session->conn, &session->seal,
                          ESEP__V1__KIND__KIND_PONG, false, collector_pack(c, &pong.base));
    collector_cosigned_push(c, session);
    collector_presence(c, session, frame->now);
    collector_lacking_ask(c, session); /* what was said of it before may be lost */
}

static void send_item(struct collector *c, struct collector_session *session,
                      const struct collector_mail *item, const struct esep_leaf *leaf, bool more)
{
    size_t part = COLLECTOR_MAIL_PART;
    if (part > c->config.frame_bytes_max - 512)
        part = c->config.frame_bytes_max - 512;
    size_t offset = 0;
    do {
        size_t len = item->body.len - offset < part ? item->body.len - offset : part;
        Esep__V1__Mail mail = ESEP__V1__MAIL__INIT;
        mail.number = item->number;
        mail.log_index = item->log_index;
        mail.type = (uint32_t)leaf->type;
        mail.verdict = (uint32_t)leaf->verdict;
        mail.accepted_at_us = leaf->accepted_at;
        mail.total_bytes = item->body.len;
        mail.offset = offset;
        mail.data = esep_pb(item->body.data + offset, len);
        mail.more = more;
        mail.seq = leaf->seq;
        mail.office = leaf->office;
        collector_out_to_conn(c, session->link, session->conn, &session->seal,
                              ESEP__V1__KIND__KIND_MAIL, false, collector_pack(c, &mail.base));
        offset += len;
    } while (offset < item->body.len);
    session->mail_sent = item->number;
    collector_count(c, COLLECTOR_MAILS, 1);
}

void collector_mail_items(struct collector *c, uint64_t token, const struct collector_mail *items,
                          size_t count, bool more)
{
    struct collector_session *session =
        collector_session_named(c, (uint32_t)(token >> 32), (uint32_t)token);
    if (session == NULL || !session->mail_reading)
        return;
    session->mail_reading = false;
    uint64_t last = collector_office(c, session->office)->durable_mail;
    for (size_t i = 0; i < count; i++) {
        struct esep_leaf leaf;
        if (items[i].number <= session->mail_sent || items[i].number > last ||
            esep_leaf_unpack(items[i].leaf, &leaf) != ESEP_OK)
            continue;
        send_item(c, session, &items[i], &leaf, i + 1 < count || more);
    }
    if (session->seal.bundle && count > 0) {
        session->mail_through = session->mail_sent;
        collector_mail_push(c, session);
    }
}
