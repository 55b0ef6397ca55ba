/* collector/collector_rotate.c - an office's new keys take the place of its old ones.
 *
 * ROTATE comes in a session under the old keys and is signed by the old and the new signing key.
 * The entry is logged, and with it, in memory, the office has the new keys: nothing more under the
 * old ones may join the log behind it, so its sessions end at once. After the commit the brokers
 * hear of the new keys first, then the office gets its answer.
 *
 * The answer may get lost. The office then says HELLO under the old keys and names the new one, and
 * is told, signed, that the rotation is in the log. Whoever uses the old key without knowing the
 * new one is told the same, and it is an alarm: the office has no more use for that key, and a
 * thief of the old key file has.
 */
#include "collector/collector_rotate.h"

bool collector_keys_durable(const struct collector *c, const struct views_office *office)
{
    return office->key_epoch == 0 || office->key_index < c->durable_size;
}

bool collector_key_is_old(const struct collector *c, const struct views_office *office,
                          const uint8_t curve_key[ESEP_KEY_BYTES])
{
    return office->key_epoch != 0 && collector_keys_durable(c, office) &&
           memcmp(office->old_curve_key, curve_key, ESEP_KEY_BYTES) == 0;
}

void collector_refuse_old_key(struct collector *c, const struct collector_frame *frame,
                              const struct views_office *office, ProtobufCBinaryData rotating)
{
    const struct collector_refusal refusal = {
        .reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_ROTATED,
        .text = "another key has taken this one's place",
        .office = office->office,
        .epoch = office->key_epoch,
    };
    const struct collector_alarm alarm = {
        .kind = ESEP__V1__ALARM_KIND__ALARM_KIND_OLD_KEY,
        .reason = refusal.reason,
        .text = "an old key of this office was used, which another has taken the place of: a copy "
                "of its key file, a thief's, or a greeting that a broker had kept back",
        .office = office->office,
        .shown = esep_keys_hash(office->old_sign_key, office->old_curve_key), /* once for each */
        .held_epoch = office->key_epoch,
    };
    if (rotating.len == ESEP_KEY_BYTES &&
        memcmp(rotating.data, office->sign_key, ESEP_KEY_BYTES) == 0)
        collector_refuse(c, &frame->route, &refusal);
    else
        collector_alarm(c, frame, NULL, &alarm);
}

/* Fills ret from the message and the registry; NULL: it may be logged, else why not. */
static const char *read_rotation(struct collector *c, const struct collector_session *session,
                                 const Esep__V1__Rotate *m, struct esep_rotation *ret)
{
    const struct views_office *office = views_office(c->views, session->office);
    if (m->sign_key.len != ESEP_KEY_BYTES || m->curve_key.len != ESEP_KEY_BYTES ||
        m->by_old.len != ESEP_SIGNATURE_BYTES || m->by_new.len != ESEP_SIGNATURE_BYTES)
        return "ROTATE is malformed";
    if (m->epoch != session->epoch + 1)
        return "new keys begin with the epoch after the session's";
    *ret = (struct esep_rotation){.office = office->office, .epoch = m->epoch};
    memcpy(ret->old.sign, office->sign_key, ESEP_KEY_BYTES);
    memcpy(ret->old.curve, office->curve_key, ESEP_KEY_BYTES);
    memcpy(ret->fresh.sign, m->sign_key.data, ESEP_KEY_BYTES);
    memcpy(ret->fresh.curve, m->curve_key.data, ESEP_KEY_BYTES);
    memcpy(ret->by_old, m->by_old.data, ESEP_SIGNATURE_BYTES);
    memcpy(ret->by_new, m->by_new.data, ESEP_SIGNATURE_BYTES);
    return NULL;
}

static enum esep_status log_rotation(struct collector *c, struct esep_rotation *r, esep_time now,
                                     uint64_t *ret_index, struct esep_reason *reason)
{
    const struct views_office *office = views_office(c->views, r->office);
    char body[ESEP_BODY_CODE_MAX];
    char label[sizeof office->label];
    char actor[] = "rotation";
    memcpy(body, office->body, sizeof body);
    memcpy(label, office->label, sizeof label);
    Esep__V1__KeyChange change = ESEP__V1__KEY_CHANGE__INIT;
    change.office = r->office;
    change.state = ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE;
    change.body = body;
    change.label = label;
    change.actor = actor;
    change.epoch = r->epoch;
    change.sign_key = esep_pb(r->fresh.sign, ESEP_KEY_BYTES);
    change.curve_key = esep_pb(r->fresh.curve, ESEP_KEY_BYTES);
    change.old_sign_key = esep_pb(r->old.sign, ESEP_KEY_BYTES);
    change.old_curve_key = esep_pb(r->old.curve, ESEP_KEY_BYTES);
    change.by_old = esep_pb(r->by_old, ESEP_SIGNATURE_BYTES);
    change.by_new = esep_pb(r->by_new, ESEP_SIGNATURE_BYTES);
    return collector_log_own(c, ESEP__V1__LOG_TYPE__LOG_TYPE_KEY, r->office,
                             collector_pack(c, &change.base), now, ret_index, reason);
}

/* What the answer needs of the session goes along; nothing more comes over any of them. */
static void answer_later(struct collector *c, struct collector_session *session, uint64_t index)
{
    struct collector_office *office = collector_office(c, session->office);
    struct collector_after *roster = collector_after_add(c, c->serial, COLLECTOR_AFTER_ROSTER);
    roster->office = session->office;
    roster->index = ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE;
    struct collector_after *reply = collector_after_add(c, c->serial, COLLECTOR_AFTER_ROTATED);
    reply->office = session->office;
    reply->index = index;
    reply->asker.route = (struct collector_route){.link = session->link, .conn = session->conn};
    reply->asker.seal = session->seal;
    while (office->first_session != COLLECTOR_NONE)
        collector_session_end(c, &c->sessions[office->first_session]);
}

void collector_on_rotate(struct collector *c, struct collector_session *session,
                         const struct collector_frame *frame, struct esep_slice plain)
{
    struct esep_reason reason = {{0}};
    struct esep_rotation rotation;
    const ProtobufCMessage *message = NULL;
    uint64_t index = 0;
    const char *why = "ROTATE is malformed";
    esep_arena_reset(&c->arena);
    if (esep_unpack(&esep__v1__rotate__descriptor, plain, &c->arena, &message) == ESEP_OK)
        why = read_rotation(c, session, (const Esep__V1__Rotate *)message, &rotation);
    if (why != NULL) {
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_MALFORMED, why);
        return;
    }
    if (!esep_rotation_verify(&c->config.log_id, &rotation)) {
        collector_count(c, COLLECTOR_BAD_SIGNATURES, 1);
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_BAD_SIGNATURE,
                               "ROTATE is not signed by both keys");
        return;
    }
    if (!collector_after_room(c, 2) ||
        log_rotation(c, &rotation, frame->now, &index, &reason) != ESEP_OK) {
        if (c->ended == ESEP_OK)
            collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_LIMIT,
                                   reason.text[0] != '\0' ? reason.text : "busy: try again");
        return;
    }
    answer_later(c, session, index);
}

void collector_rotated_reply(struct collector *c, struct collector_asker *asker, uint32_t office,
                             uint64_t index)
{
    Esep__V1__Rotated rotated = ESEP__V1__ROTATED__INIT;
    rotated.epoch = views_office(c->views, office)->key_epoch;
    rotated.log_index = index;
    collector_out_to_conn(c, asker->route.link, asker->route.conn, &asker->seal,
                          ESEP__V1__KIND__KIND_ROTATED, false, collector_pack(c, &rotated.base));
}
