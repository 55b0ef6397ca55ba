/* agent/enrol.c - ENROL out, ENROL_REPLY or a refusal back. */
#include "agent/enrol.h"

#include "esep/v1/wire.pb-c.h"
#include "wire/log_keys.h"
#include "wire/unpack.h"

#include <stdio.h>

#define FRAME_BYTES_MAX (16u * 1024u)

static void sign_auth(const struct agent_enrol *e, const struct agent_enrol_request *r,
                      uint8_t ret_auth[ESEP_SIGNATURE_BYTES])
{
    uint8_t bound[sizeof r->code + 2 * ESEP_KEY_BYTES + AGENT_LABEL_MAX];
    size_t label_len = strnlen(r->label, AGENT_LABEL_MAX - 1);
    uint8_t *p = bound;
    memcpy(p, r->code, sizeof r->code);
    p += sizeof r->code;
    memcpy(p, r->sign_key.public, ESEP_KEY_BYTES);
    p += ESEP_KEY_BYTES;
    memcpy(p, r->curve_public, ESEP_KEY_BYTES);
    p += ESEP_KEY_BYTES;
    memcpy(p, r->label, label_len);
    p += label_len;
    struct esep_hash joined =
        esep_auth_statement(e->session.office_ephemeral, e->session.collector_public, &e->log_id,
                            esep_slice(bound, (size_t)(p - bound)));
    esep_sign(&r->sign_key, esep_slice(joined.bytes, sizeof joined.bytes), ret_auth);
    esep_wipe(bound, sizeof bound); /* the code */
}

static enum esep_status make_frame(struct agent_enrol *e, const struct agent_enrol_request *r,
                                   struct esep_buf *out)
{
    uint8_t auth[ESEP_SIGNATURE_BYTES];
    char label[AGENT_LABEL_MAX];
    sign_auth(e, r, auth);
    snprintf(label, sizeof label, "%s", r->label);
    Esep__V1__Enrol message;
    esep__v1__enrol__init(&message);
    message.code = esep_pb(r->code, sizeof r->code);
    message.sign_key = esep_pb(r->sign_key.public, ESEP_KEY_BYTES);
    message.curve_key = esep_pb(r->curve_public, ESEP_KEY_BYTES);
    message.auth = esep_pb(auth, sizeof auth);
    message.label = label;
    enum esep_status status = esep_pack(&message.base, &e->plain);
    if (status == ESEP_OK)
        status = esep_session_seal_first(&e->session, ESEP__V1__KIND__KIND_ENROL,
                                         esep_buf_slice(&e->plain), out);
    if (e->plain.data != NULL)
        esep_wipe(e->plain.data, e->plain.cap);
    return status;
}

enum esep_status agent_enrol_begin(struct agent_enrol *ret,
                                   const struct agent_enrol_request *request, struct esep_buf *out,
                                   struct esep_reason *reason)
{
    struct agent_enrol e = {.log_id = request->log_id};
    memcpy(e.log_public, request->log_public, sizeof e.log_public);
    esep_buf_init(&e.plain, FRAME_BYTES_MAX);
    if (!esep_utf8_valid(
            esep_slice(request->label, strnlen(request->label, sizeof request->label))))
        return esep_because(reason, ESEP_INVALID, "label: not UTF-8 text");
    enum esep_status status =
        esep_session_begin(&e.session, request->seed, request->seal_public, &request->log_id);
    if (status != ESEP_OK)
        return esep_because(reason, ESEP_INVALID,
                            "the collector's key (seal_key) is no key: correct the config");
    status = esep_arena_init(&e.arena, FRAME_BYTES_MAX);
    if (status == ESEP_OK)
        status = make_frame(&e, request, out);
    if (status != ESEP_OK) {
        agent_enrol_done(&e);
        return esep_because(reason, status, "no memory for the request");
    }
    *ret = e;
    return ESEP_OK;
}

static enum esep_status on_reply(struct agent_enrol *e, const struct esep_envelope *envelope,
                                 struct agent_enrol_result *ret)
{
    const ProtobufCMessage *message = NULL;
    if (esep_session_open(&e->session, envelope, &e->plain) != ESEP_OK ||
        esep_unpack(&esep__v1__enrol_reply__descriptor, esep_buf_slice(&e->plain), &e->arena,
                    &message) != ESEP_OK)
        return ESEP_AGAIN;
    const Esep__V1__EnrolReply *reply = (const Esep__V1__EnrolReply *)message;
    size_t body_len = strlen(reply->body);
    if (reply->office == 0 || body_len == 0 || body_len >= sizeof ret->body)
        return ESEP_AGAIN;
    *ret = (struct agent_enrol_result){.office = reply->office,
                                       .epoch = reply->epoch > 0 ? reply->epoch : 1,
                                       .accepted = reply->accepted};
    memcpy(ret->body, reply->body, body_len);
    return ESEP_OK;
}

/* Reasons that another try later may not meet again. */
static bool passing(Esep__V1__RefusalReason reason)
{
    return reason == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_WAIT ||
           reason == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_LIMIT ||
           reason == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_FULL;
}

static enum esep_status on_refusal(struct agent_enrol *e, const struct esep_envelope *envelope,
                                   struct agent_enrol_result *ret, struct esep_reason *reason)
{
    const ProtobufCMessage *message = NULL;
    if (esep_unpack(&esep__v1__refusal__descriptor, envelope->sealed, &e->arena, &message) !=
        ESEP_OK)
        return ESEP_AGAIN;
    const Esep__V1__Refusal *r = (const Esep__V1__Refusal *)message;
    bool is_signed = r->signature.len > 0;
    bool ours = r->session.len == ESEP_SESSION_ID_BYTES &&
                memcmp(r->session.data, e->session.id, ESEP_SESSION_ID_BYTES) == 0;
    if (is_signed && !ours)
        return ESEP_AGAIN;
    if (is_signed) {
        struct esep_log_keys keys;
        esep_log_keys_begin(&keys, e->log_public);
        if (esep_refusal_verify(&keys, &e->log_id, r) != ESEP_OK)
            return ESEP_AGAIN;
    }
    *ret = (struct agent_enrol_result){
        .refusal = r->reason,
        .refusal_signed = is_signed,
        .retry_after_ms = r->retry_after_ms,
    };
    enum esep_status status = is_signed && !passing(r->reason) ? ESEP_DENIED : ESEP_LIMIT;
    return esep_because(reason, status, "the %s refused: %.180s",
                        is_signed ? "collector" : "broker",
                        r->text[0] != '\0' ? r->text : "no reason given");
}

enum esep_status agent_enrol_on_frame(struct agent_enrol *e, struct esep_slice frame,
                                      struct agent_enrol_result *ret, struct esep_reason *reason)
{
    struct esep_envelope envelope;
    if (frame.len > FRAME_BYTES_MAX || esep_envelope_read(frame, &envelope, NULL) != ESEP_OK)
        return ESEP_AGAIN;
    esep_arena_reset(&e->arena);
    if (envelope.kind == ESEP__V1__KIND__KIND_ENROL_REPLY && envelope.version == ESEP_WIRE_VERSION)
        return on_reply(e, &envelope, ret);
    if (envelope.kind == ESEP__V1__KIND__KIND_REFUSAL) /* read whatever the version is */
        return on_refusal(e, &envelope, ret, reason);
    return ESEP_AGAIN;
}

void agent_enrol_done(struct agent_enrol *e)
{
    if (e == NULL)
        return;
    esep_session_done(&e->session);
    esep_buf_done(&e->plain);
    esep_arena_done(&e->arena);
}
