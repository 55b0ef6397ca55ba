/* collector/collector_enrol.c - a one-time code becomes an office.
 *
 * The code proves the operator's consent, the signature that the sender holds the signing key, and
 * the broker's stamp that it holds the CURVE key. The answer comes after the commit: an office
 * number that a crash could give to somebody else must not leave.
 *
 * The reply may get lost. The same keys with the same code get the same answer again; other keys
 * with a used code get nothing.
 */
#include "collector/collector_rotate.h"

#define LABEL_MAX 64u

struct enrolment {
    const struct collector_frame *frame;
    struct esep_session seal;
    const Esep__V1__Enrol *message;
    struct esep_hash code_hash;
    const struct views_code *code;
};

static void refuse(struct collector *c, const struct enrolment *e, Esep__V1__RefusalReason reason,
                   const char *text)
{
    collector_refuse_frame(c, e->frame, reason, text);
}

static bool open_enrol(struct collector *c, struct enrolment *e)
{
    const ProtobufCMessage *message = NULL;
    enum esep_status status =
        esep_session_accept(&e->seal, &e->frame->envelope, &c->config.seal_key, &c->config.log_id);
    if (status == ESEP_DENIED) {
        refuse(c, e, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_WRONG_LOG,
               "this collector serves another log");
        return false;
    }
    if (status == ESEP_OK)
        status = esep_session_open(&e->seal, &e->frame->envelope, &c->plain);
    if (status == ESEP_OK)
        status = esep_unpack(&esep__v1__enrol__descriptor, esep_buf_slice(&c->plain), &c->arena,
                             &message);
    e->message = (const Esep__V1__Enrol *)message;
    if (status == ESEP_OK && e->message->code.len == 16 &&
        e->message->sign_key.len == ESEP_KEY_BYTES && e->message->curve_key.len == ESEP_KEY_BYTES &&
        e->message->auth.len == ESEP_SIGNATURE_BYTES && strlen(e->message->label) <= LABEL_MAX)
        return true;
    refuse(c, e, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_MALFORMED,
           "ENROL does not open or is malformed");
    return false;
}

static bool keys_proved(struct collector *c, const struct enrolment *e)
{
    const Esep__V1__Enrol *m = e->message;
    uint8_t bound[16 + 2 * ESEP_KEY_BYTES + LABEL_MAX];
    size_t label = strlen(m->label);
    memcpy(bound, m->code.data, 16);
    memcpy(bound + 16, m->sign_key.data, ESEP_KEY_BYTES);
    memcpy(bound + 16 + ESEP_KEY_BYTES, m->curve_key.data, ESEP_KEY_BYTES);
    memcpy(bound + sizeof bound - LABEL_MAX, m->label, label);
    struct esep_hash auth =
        esep_auth_statement(e->seal.office_ephemeral, e->seal.collector_public, &c->config.log_id,
                            esep_slice(bound, 16 + 2 * ESEP_KEY_BYTES + label));
    if (memcmp(e->frame->curve_key, m->curve_key.data, ESEP_KEY_BYTES) != 0) {
        refuse(c, e, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_DENIED,
               "the connection's key is not the key to be enrolled");
        return false;
    }
    if (esep_verify(m->sign_key.data, esep_slice(auth.bytes, sizeof auth.bytes), m->auth.data))
        return true;
    collector_count(c, COLLECTOR_BAD_SIGNATURES, 1);
    refuse(c, e, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_BAD_SIGNATURE,
           "ENROL is not signed by the key to be enrolled");
    return false;
}

/* The same keys again: the first reply was lost. true: answered. */
static bool answer_again(struct collector *c, struct enrolment *e)
{
    const struct views_office *known = views_office_by_curve(c->views, e->message->curve_key.data);
    if (known == NULL)
        return false;
    if (memcmp(known->sign_key, e->message->sign_key.data, ESEP_KEY_BYTES) != 0 ||
        e->code == NULL || !e->code->used || strcmp(e->code->body, known->body) != 0) {
        refuse(c, e, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_DENIED,
               "this connection's key is enrolled already: make new keys");
        return true;
    }
    uint8_t state = collector_office(c, known->office)->durable_state;
    if (state == 0 || !collector_keys_durable(c, known))
        return true; /* the reply to the first one follows its commit */
    struct collector_asker asker = {.route = e->frame->route, .seal = e->seal};
    collector_enrol_reply(c, &asker, known->office,
                          state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE);
    esep_session_done(&asker.seal);
    return true;
}

static bool code_counts(struct collector *c, const struct enrolment *e)
{
    const char *why = e->code == NULL                        ? "this code is not known here"
                      : e->code->used                        ? "this code was used already"
                      : e->code->expires_at <= e->frame->now ? "this code has expired"
                                                             : NULL;
    if (why == NULL)
        return true;
    refuse(c, e, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_CODE, why);
    return false;
}

/* The keys of an office that comes back take the place of those that were revoked, in an epoch that
 * nothing in the log is of. */
static void say_old_keys(struct collector *c, uint32_t number, struct esep_key_pair_public *old,
                         Esep__V1__KeyChange *change)
{
    const struct views_office *office = views_office(c->views, number);
    if (office == NULL)
        return;
    memcpy(old->sign, office->sign_key, ESEP_KEY_BYTES);
    memcpy(old->curve, office->curve_key, ESEP_KEY_BYTES);
    change->epoch = (office->epoch > office->key_epoch ? office->epoch : office->key_epoch) + 1;
    change->old_sign_key = esep_pb(old->sign, ESEP_KEY_BYTES);
    change->old_curve_key = esep_pb(old->curve, ESEP_KEY_BYTES);
}

static enum esep_status log_office(struct collector *c, const struct enrolment *e, uint32_t number,
                                   Esep__V1__OfficeState state, struct esep_reason *reason)
{
    struct esep_key_pair_public old;
    char body[ESEP_BODY_CODE_MAX];
    char label[LABEL_MAX + 1];
    char actor[] = "enrolment";
    memcpy(body, e->code->body, sizeof body);
    memcpy(label, e->message->label, strlen(e->message->label) + 1); /* checked: it fits */
    Esep__V1__KeyChange change = ESEP__V1__KEY_CHANGE__INIT;
    change.office = number;
    change.state = state;
    change.body = body;
    change.sign_key = e->message->sign_key;
    change.curve_key = e->message->curve_key;
    change.code_hash = esep_pb(e->code_hash.bytes, ESEP_HASH_BYTES);
    change.label = label;
    change.actor = actor;
    if (e->code->office != 0)
        say_old_keys(c, number, &old, &change);
    if (collector_offices_grow(c, number) != ESEP_OK)
        return esep_because(reason, ESEP_LIMIT, "no memory for another office");
    return collector_log_own(c, ESEP__V1__LOG_TYPE__LOG_TYPE_KEY, number,
                             collector_pack(c, &change.base), e->frame->now, NULL, reason);
}

static void enrol(struct collector *c, struct enrolment *e)
{
    struct esep_reason reason = {{0}};
    uint32_t number = e->code->office != 0 ? e->code->office : views_next_office(c->views);
    bool accepted = e->code->accept_on_use;
    Esep__V1__OfficeState state = accepted ? ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE
                                           : ESEP__V1__OFFICE_STATE__OFFICE_STATE_PENDING;
    if (!collector_after_room(c, 2) || log_office(c, e, number, state, &reason) != ESEP_OK) {
        if (c->ended == ESEP_OK)
            refuse(c, e, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_LIMIT,
                   reason.text[0] != '\0' ? reason.text : "busy: try again");
        return;
    }
    c->alerts_at = e->frame->now;
    struct collector_after *roster = collector_after_add(c, c->serial, COLLECTOR_AFTER_ROSTER);
    roster->office = number;
    roster->index = (uint64_t)state;
    struct collector_after *reply = collector_after_add(c, c->serial, COLLECTOR_AFTER_ENROLLED);
    reply->office = number;
    reply->accepted = accepted;
    reply->asker = (struct collector_asker){.route = e->frame->route, .seal = e->seal};
}

void collector_on_enrol(struct collector *c, const struct collector_frame *frame)
{
    struct enrolment e = {.frame = frame};
    if (open_enrol(c, &e) && keys_proved(c, &e)) {
        e.code_hash = esep_sha256(esep_slice(e.message->code.data, e.message->code.len));
        e.code = views_code(c->views, e.code_hash.bytes);
        if (!answer_again(c, &e) && code_counts(c, &e))
            enrol(c, &e);
    }
    esep_session_done(&e.seal);
}

void collector_enrol_reply(struct collector *c, struct collector_asker *asker, uint32_t office,
                           bool accepted)
{
    const struct views_office *known = views_office(c->views, office);
    char body[ESEP_BODY_CODE_MAX];
    memcpy(body, known->body, sizeof body);
    Esep__V1__EnrolReply reply = ESEP__V1__ENROL_REPLY__INIT;
    reply.office = office;
    reply.body = body;
    reply.accepted = accepted;
    reply.epoch = known->key_epoch;
    collector_out_to_conn(c, asker->route.link, asker->route.conn, &asker->seal,
                          ESEP__V1__KIND__KIND_ENROL_REPLY, true, collector_pack(c, &reply.base));
}
