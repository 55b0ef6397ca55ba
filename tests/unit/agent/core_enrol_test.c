/* ENROL: does the collector's side open it, and is only the collector believed? */
#include "agent/enrol.h"
#include "core_world.h"

#define TEST(name) static void name(void **state)

struct exchange {
    struct world *w;
    struct agent_enrol_request request;
    struct agent_enrol enrol;
    struct agent_enrol_result result;
    struct esep_session collector;
    struct esep_buf frame;
    struct esep_reason reason;
};

static void begin(struct exchange *x)
{
    memset(x, 0, sizeof *x);
    x->w = world_new(5);
    const struct model *m = &x->w->model;
    x->request.log_id = m->log_id;
    memcpy(x->request.log_public, m->log_key.public, ESEP_KEY_BYTES);
    memcpy(x->request.seal_public, m->seal_key.public, ESEP_KEY_BYTES);
    x->request.sign_key = x->w->office_key;
    memset(x->request.curve_public, 0x5a, ESEP_KEY_BYTES);
    memset(x->request.code, 0xc0, sizeof x->request.code);
    snprintf(x->request.label, sizeof x->request.label, "Акмола, каб. 4");
    memset(x->request.seed, 9, sizeof x->request.seed);
    esep_buf_init(&x->frame, 65536);
    assert_int_equal(agent_enrol_begin(&x->enrol, &x->request, &x->frame, &x->reason), ESEP_OK);
}

static void end(struct exchange *x)
{
    agent_enrol_done(&x->enrol);
    esep_buf_done(&x->frame);
    world_free(x->w);
}

static const Esep__V1__Enrol *collector_opens(struct exchange *x)
{
    struct esep_envelope envelope;
    struct model *m = &x->w->model;
    const ProtobufCMessage *message = NULL;
    assert_int_equal(esep_envelope_read(esep_buf_slice(&x->frame), &envelope, NULL), ESEP_OK);
    assert_int_equal(envelope.kind, ESEP__V1__KIND__KIND_ENROL);
    assert_int_equal(esep_session_accept(&x->collector, &envelope, &m->seal_key, &m->log_id),
                     ESEP_OK);
    assert_int_equal(esep_session_open(&x->collector, &envelope, &x->w->plain), ESEP_OK);
    assert_int_equal(esep_unpack(&esep__v1__enrol__descriptor, esep_buf_slice(&x->w->plain),
                                 &x->w->arena, &message),
                     ESEP_OK);
    return (const Esep__V1__Enrol *)message;
}

TEST(the_request_says_and_signs_what_it_should)
{
    (void)state;
    struct exchange x;
    begin(&x);
    const Esep__V1__Enrol *e = collector_opens(&x);
    assert_memory_equal(e->code.data, x.request.code, 16);
    assert_string_equal(e->label, x.request.label);
    uint8_t bound[256];
    size_t label_len = strlen(e->label);
    memcpy(bound, e->code.data, 16);
    memcpy(bound + 16, e->sign_key.data, 32);
    memcpy(bound + 48, e->curve_key.data, 32);
    memcpy(bound + 80, e->label, label_len);
    struct esep_hash joined =
        esep_auth_statement(x.collector.office_ephemeral, x.collector.collector_public,
                            &x.request.log_id, esep_slice(bound, 80 + label_len));
    assert_true(esep_verify(e->sign_key.data, esep_slice(joined.bytes, 32), e->auth.data));
    end(&x);
}

TEST(a_reply_enrols)
{
    (void)state;
    struct exchange x;
    begin(&x);
    collector_opens(&x);
    char body[] = "akmola";
    Esep__V1__EnrolReply reply;
    esep__v1__enrol_reply__init(&reply);
    reply.office = 12;
    reply.body = body;
    reply.accepted = true;
    esep_buf_clear(&x.w->plain);
    esep_buf_clear(&x.frame);
    assert_int_equal(esep_pack(&reply.base, &x.w->plain), ESEP_OK);
    assert_int_equal(esep_session_seal_first(&x.collector, ESEP__V1__KIND__KIND_ENROL_REPLY,
                                             esep_buf_slice(&x.w->plain), &x.frame),
                     ESEP_OK);
    x.frame.data[x.frame.len - 1] ^= 1;
    assert_int_equal(agent_enrol_on_frame(&x.enrol, esep_buf_slice(&x.frame), &x.result, &x.reason),
                     ESEP_AGAIN);
    x.frame.data[x.frame.len - 1] ^= 1;
    assert_int_equal(agent_enrol_on_frame(&x.enrol, esep_buf_slice(&x.frame), &x.result, &x.reason),
                     ESEP_OK);
    assert_int_equal(x.result.office, 12);
    assert_string_equal(x.result.body, "akmola");
    assert_true(x.result.accepted);
    end(&x);
}

static enum esep_status refused(struct exchange *x, Esep__V1__RefusalReason reason, bool is_signed)
{
    x->w->model.session = x->collector;
    model_refuse(x->w, reason, is_signed, 3000);
    struct world_frame *f = &x->w->down.frames[0];
    enum esep_status status =
        agent_enrol_on_frame(&x->enrol, esep_slice(f->data, f->len), &x->result, &x->reason);
    queue_clear(&x->w->down);
    return status;
}

TEST(only_a_signed_refusal_condemns_the_code)
{
    (void)state;
    struct exchange x;
    begin(&x);
    collector_opens(&x);
    Esep__V1__RefusalReason code = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_CODE;
    assert_int_equal(refused(&x, code, false), ESEP_LIMIT);
    assert_int_equal(x.result.retry_after_ms, 3000);
    assert_int_equal(refused(&x, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_FULL, true), ESEP_LIMIT);
    assert_int_equal(refused(&x, code, true), ESEP_DENIED);
    assert_true(x.result.refusal_signed);
    x.w->model.log_key = x.w->office_key;
    assert_int_equal(refused(&x, code, true), ESEP_AGAIN);
    end(&x);
}

static enum esep_status hears(struct exchange *x, struct esep_slice frame)
{
    return agent_enrol_on_frame(&x->enrol, frame, &x->result, &x->reason);
}

static enum esep_status hears_reply(struct exchange *x, struct esep_slice plain)
{
    esep_buf_clear(&x->frame);
    assert_int_equal(
        esep_session_seal_first(&x->collector, ESEP__V1__KIND__KIND_ENROL_REPLY, plain, &x->frame),
        ESEP_OK);
    return hears(x, esep_buf_slice(&x->frame));
}

TEST(replies_that_say_nothing_are_waited_over)
{
    (void)state;
    static char long_body[64];
    memset(long_body, 'x', sizeof long_body - 1);
    for (int i = 0; i < 4; i++) {
        struct exchange x;
        begin(&x);
        collector_opens(&x);
        char empty[] = "", body[] = "akmola";
        Esep__V1__EnrolReply reply;
        esep__v1__enrol_reply__init(&reply);
        reply.office = i == 0 ? 0 : 12;
        reply.body = i == 1 ? empty : i == 2 ? long_body : body;
        esep_buf_clear(&x.w->plain);
        assert_int_equal(esep_pack(&reply.base, &x.w->plain), ESEP_OK);
        struct esep_slice plain = esep_buf_slice(&x.w->plain);
        assert_int_equal(hears_reply(&x, i == 3 ? esep_slice("\xff\xff", 2) : plain), ESEP_AGAIN);
        assert_int_equal(x.result.office, 0);
        end(&x);
    }
}

TEST(frames_of_others_are_waited_over)
{
    (void)state;
    static uint8_t long_frame[16 * 1024 + 1];
    struct exchange x;
    begin(&x);
    collector_opens(&x);
    assert_int_equal(hears(&x, esep_slice(long_frame, sizeof long_frame)), ESEP_AGAIN);
    assert_int_equal(hears(&x, esep_slice("?", 1)), ESEP_AGAIN);
    for (int i = 0; i < 2; i++) {
        const struct esep_envelope head = {
            .version = i == 0 ? ESEP_WIRE_VERSION + 1 : ESEP_WIRE_VERSION,
            .kind = i == 0 ? ESEP__V1__KIND__KIND_ENROL_REPLY : ESEP__V1__KIND__KIND_MAIL,
            .session = esep_slice(x.collector.id, ESEP_SESSION_ID_BYTES),
        };
        esep_buf_clear(&x.frame);
        assert_int_equal(esep_envelope_write_head(&head, 1, &x.frame), ESEP_OK);
        assert_int_equal(esep_buf_put(&x.frame, "x", 1), ESEP_OK);
        assert_int_equal(hears(&x, esep_buf_slice(&x.frame)), ESEP_AGAIN);
    }
    end(&x);
    agent_enrol_done(NULL);
}

/* A refusal of the test's own. */
static enum esep_status says(struct exchange *x, const Esep__V1__Refusal *r, bool garbage,
                             uint32_t version)
{
    const struct esep_envelope head = {
        .version = version,
        .kind = ESEP__V1__KIND__KIND_REFUSAL,
        .session = esep_slice(x->collector.id, ESEP_SESSION_ID_BYTES),
    };
    esep_buf_clear(&x->w->plain);
    esep_buf_clear(&x->frame);
    assert_int_equal(garbage ? esep_buf_put(&x->w->plain, "\xff\xff", 2)
                             : esep_pack(&r->base, &x->w->plain),
                     ESEP_OK);
    assert_int_equal(esep_envelope_write_head(&head, x->w->plain.len, &x->frame), ESEP_OK);
    assert_int_equal(esep_buf_put(&x->frame, x->w->plain.data, x->w->plain.len), ESEP_OK);
    return hears(x, esep_buf_slice(&x->frame));
}

TEST(refusals_and_whose_they_are)
{
    (void)state;
    struct exchange x;
    begin(&x);
    collector_opens(&x);
    uint8_t session[16], signature[64] = {1};
    char why[] = "the code was used on Monday";
    Esep__V1__Refusal r;
    esep__v1__refusal__init(&r);
    memcpy(session, x.collector.id, sizeof session);
    r.reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_CODE;
    r.session = esep_pb(session, sizeof session);
    assert_int_equal(says(&x, &r, true, ESEP_WIRE_VERSION), ESEP_AGAIN);
    assert_int_equal(says(&x, &r, false, ESEP_WIRE_VERSION), ESEP_LIMIT); /* in the clear: wait */
    assert_non_null(strstr(x.reason.text, "no reason given"));
    r.text = why;
    assert_int_equal(says(&x, &r, false, ESEP_WIRE_VERSION), ESEP_LIMIT);
    assert_non_null(strstr(x.reason.text, why));
    /* A broker that speaks another version. */
    assert_int_equal(says(&x, &r, false, ESEP_WIRE_VERSION + 1), ESEP_LIMIT);
    r.signature = esep_pb(signature, 63);
    assert_int_equal(says(&x, &r, false, ESEP_WIRE_VERSION), ESEP_AGAIN);
    r.signature = esep_pb(signature, 64);
    session[0] ^= 1; /* signed, for another session */
    assert_int_equal(says(&x, &r, false, ESEP_WIRE_VERSION), ESEP_AGAIN);
    session[0] ^= 1;
    r.session.len = 15;
    assert_int_equal(says(&x, &r, false, ESEP_WIRE_VERSION), ESEP_AGAIN);
    /* What passes by itself is worth another try, signed or not. */
    assert_int_equal(refused(&x, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_WAIT, true), ESEP_LIMIT);
    assert_int_equal(refused(&x, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_LIMIT, true), ESEP_LIMIT);
    end(&x);
}

TEST(requests_that_cannot_be_made)
{
    (void)state;
    struct exchange x;
    begin(&x);
    struct agent_enrol e;
    struct agent_enrol_request bad = x.request;
    esep_buf_clear(&x.frame);
    snprintf(bad.label, sizeof bad.label, "half \xd0");
    assert_int_equal(agent_enrol_begin(&e, &bad, &x.frame, &x.reason), ESEP_INVALID);
    assert_non_null(strstr(x.reason.text, "label"));
    bad = x.request;
    memset(bad.seal_public, 0, sizeof bad.seal_public);
    assert_int_equal(agent_enrol_begin(&e, &bad, &x.frame, &x.reason), ESEP_INVALID);
    assert_non_null(strstr(x.reason.text, "seal_key"));
    assert_int_equal(x.frame.len, 0);
    end(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_says_and_signs_what_it_should),
        cmocka_unit_test(a_reply_enrols),
        cmocka_unit_test(only_a_signed_refusal_condemns_the_code),
        cmocka_unit_test(replies_that_say_nothing_are_waited_over),
        cmocka_unit_test(frames_of_others_are_waited_over),
        cmocka_unit_test(refusals_and_whose_they_are),
        cmocka_unit_test(requests_that_cannot_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
