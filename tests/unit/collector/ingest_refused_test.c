/* Frames that are well sealed and say what may not be said: is each refused with its reason, does
 * it change nothing, and is the next true one served? */
#include "ingest_world.h"

#include <stdio.h>

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

/* HELLO, true but for what the test changes. */
struct hello {
    Esep__V1__Hello message;
    Esep__V1__Commitment commitment;
    uint8_t auth[64];
};
static void make_hello(struct hello *h, struct sim_office *o, struct ingest *g)
{
    struct esep_commitment c = sim_commit(o, g, o->seq);
    esep__v1__hello__init(&h->message);
    esep_commitment_write(&c, &h->commitment);
    h->message.commitment = &h->commitment;
    sim_connect(o, g);
    sim_begin(o, g);
    struct esep_hash statement =
        esep_auth_statement(o->session.office_ephemeral, o->session.collector_public, &g->log_id,
                            esep_slice(c.signature, sizeof c.signature));
    esep_sign(&o->sign, esep_slice(statement.bytes, 32), h->auth);
    static uint8_t signature[64];
    memcpy(signature, c.signature, 64);
    h->commitment.signature = (ProtobufCBinaryData){64, signature};
    static uint8_t head[32];
    memcpy(head, c.head.bytes, 32);
    h->commitment.head = (ProtobufCBinaryData){32, head};
    h->message.auth = (ProtobufCBinaryData){64, h->auth};
    h->message.version_min = h->message.version_max = 1;
    h->message.journal_first_seq = 1;
}

static void no_commitment(struct hello *h)
{
    h->message.commitment = NULL;
}
static void short_head(struct hello *h)
{
    h->commitment.head.len = 31;
}
static void newer_alone(struct hello *h)
{
    h->message.version_min = h->message.version_max = 2;
}
static void older_alone(struct hello *h)
{
    h->message.version_min = h->message.version_max = 0;
}
static void short_auth(struct hello *h)
{
    h->message.auth.len = 63;
}
static void other_auth(struct hello *h)
{
    h->auth[9] ^= 1;
}

static void hellos(void **state)
{
    (void)state;
    static const struct {
        void (*spoil)(struct hello *);
        Esep__V1__RefusalReason reason;
    } cases[] = {
        {no_commitment, REASON(MALFORMED)},  {short_head, REASON(MALFORMED)},
        {newer_alone, REASON(VERSION)},      {older_alone, REASON(VERSION)},
        {short_auth, REASON(BAD_SIGNATURE)}, {other_auth, REASON(BAD_SIGNATURE)},
    };
    struct ingest g;
    struct hello h;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_write(o, &g, KEY_1_MOH);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_hello(&h, o, &g);
        cases[i].spoil(&h);
        sim_forget(o);
        sim_seal(o, &g, KIND(HELLO), true, &h.message.base);
        assert_true(sim_refused(o, cases[i].reason));
        assert_int_equal(sim_count(o, KIND(WELCOME)), 0);
    }
    assert_int_equal(collector_counter(g.core, COLLECTOR_SESSIONS), 0);
    assert_int_equal(ingest_log_count(&g, LOG(COMMITMENT)), 0);
    /* Another message than the kind says; a kind that begins no session. */
    Esep__V1__Ping ping = ESEP__V1__PING__INIT;
    sim_forget(o);
    sim_connect(o, &g);
    sim_begin(o, &g);
    sim_seal(o, &g, KIND(HELLO), true, &ping.base);
    assert_true(sim_refused(o, REASON(MALFORMED)));
    make_hello(&h, o, &g); /* and as it should be */
    h.message.version_max = 7;
    sim_seal(o, &g, KIND(HELLO), true, &h.message.base);
    assert_int_equal(sim_count(o, KIND(WELCOME)), 1);
    /* On the same connection once more: the former session is over. */
    struct esep_session former = o->session;
    struct esep_commitment c = sim_commit(o, &g, o->seq);
    sim_hello_as(o, &g, &c);
    assert_int_equal(collector_counter(g.core, COLLECTOR_SESSIONS), 1);
    o->session = former;
    sim_forget(o);
    sim_ping(o, &g);
    assert_true(sim_refused(o, REASON(NO_SESSION)));
    /* An epoch that there is not. */
    o->epoch = 0;
    sim_forget(o);
    sim_hello(o, &g);
    assert_true(sim_refused(o, REASON(BEHIND)));
    ingest_end(&g);
}

/* A table full of sessions that live: who comes is told to wait, and comes in as one of them ends.
 */
static void two_sessions(struct collector_config *config)
{
    config->sessions_max = 2;
}

static void a_full_table_of_sessions(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, two_sessions);
    struct sim_office *first = sim_active(&g, "moh");
    struct sim_office *second = sim_active(&g, "akmola");
    struct sim_office *third = sim_active(&g, "moj");
    sim_hello(first, &g);
    sim_ping(first, &g); /* confirmed: no replay */
    sim_hello(second, &g);
    sim_ping(second, &g);
    sim_hello(third, &g);
    assert_true(sim_refused(third, REASON(LIMIT)));
    assert_int_equal(sim_count(third, KIND(WELCOME)), 0);
    g.world.now += g.config.session_idle - ESEP_SECOND;
    sim_ping(second, &g);
    g.world.now += ESEP_SECOND;
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    sim_hello(third, &g);
    assert_int_equal(sim_count(third, KIND(WELCOME)), 1);
    /* It never said a word under the session's key: perhaps a replay. It gives way. */
    struct sim_office *fourth = sim_active(&g, "court");
    g.world.now += ESEP_SECOND;
    sim_ping(second, &g);
    sim_hello(fourth, &g);
    assert_int_equal(sim_count(fourth, KIND(WELCOME)), 1);
    sim_ping(third, &g);
    assert_true(sim_refused(third, REASON(NO_SESSION)));
    ingest_end(&g);
}

/* Within a session: a foreign connection, a repeat, rubbish, kinds that do not belong there. */
static void frames_within_a_session(void **state)
{
    (void)state;
    struct ingest g;
    static uint8_t kept[4096];
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    sim_ping(o, &g);
    size_t len = o->last_frame.len;
    memcpy(kept, o->last_frame.data, len);
    uint64_t refused = collector_counter(g.core, COLLECTOR_FRAMES_REFUSED);
    sim_forget(o);
    sim_send(o, &g, kept, len); /* a repeat by the network: passed over */
    assert_int_equal(o->heard_count, 0);
    assert_int_equal(collector_counter(g.core, COLLECTOR_FRAMES_REFUSED), refused + 1);
    uint8_t own = o->curve[3];
    o->curve[3] ^= 1; /* the broker stamps another connection's key */
    sim_ping(o, &g);
    assert_true(sim_refused(o, REASON(DENIED)));
    assert_int_equal(sim_count(o, KIND(PONG)), 0);
    o->curve[3] = own;
    Esep__V1__Receipt receipt = ESEP__V1__RECEIPT__INIT;
    sim_forget(o);
    sim_seal(o, &g, KIND(RECEIPT), false, &receipt.base); /* not of an office */
    assert_true(sim_refused(o, REASON(MALFORMED)));
    g.world.now += ESEP_SECOND;
    sim_forget(o);
    Esep__V1__Hello hello = ESEP__V1__HELLO__INIT;
    hello.journal_first_seq = 5;
    sim_seal(o, &g, KIND(PULL), false,
             &hello.base); /* field 6 of PULL: passed over; the rest is 0 */
    g.world.now += ESEP_SECOND;
    sim_seal(o, &g, KIND(PING), false, &receipt.base);
    assert_true(sim_count(o, KIND(PONG)) == 1);
    ingest_end(&g);
}

static void a_frame_that_does_not_open(void **state)
{
    (void)state;
    struct ingest g;
    static uint8_t bad[4096];
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    Esep__V1__Ping ping = ESEP__V1__PING__INIT;
    uint8_t packed[64];
    struct esep_buf frame;
    esep_buf_init(&frame, sizeof bad);
    size_t len = protobuf_c_message_pack(&ping.base, packed);
    assert_int_equal(esep_session_seal(&o->session, KIND(PING), esep_slice(packed, len), &frame),
                     ESEP_OK);
    memcpy(bad, frame.data, frame.len);
    bad[frame.len - 1] ^= 1;
    sim_forget(o);
    sim_send(o, &g, bad, frame.len);
    assert_true(sim_refused(o, REASON(MALFORMED)));
    sim_send(o, &g, frame.data, frame.len); /* the true one counts still */
    assert_int_equal(sim_count(o, KIND(PONG)), 1);
    /* PULL that is none. */
    esep_buf_clear(&frame);
    assert_int_equal(esep_session_seal(&o->session, KIND(PULL), esep_slice("\xff\xff", 2), &frame),
                     ESEP_OK);
    g.world.now += ESEP_SECOND;
    sim_forget(o);
    sim_send(o, &g, frame.data, frame.len);
    assert_true(sim_refused(o, REASON(MALFORMED)));
    esep_buf_done(&frame);
    ingest_end(&g);
}

/* ENROL, true but for what the test changes. */
struct enrol {
    Esep__V1__Enrol message;
    uint8_t code[16];
    uint8_t auth[64];
    char label[128];
};
static void make_enrol(struct enrol *e, struct sim_office *o, struct ingest *g, uint8_t code,
                       const char *label)
{
    uint8_t bound[16 + 64 + 128];
    esep__v1__enrol__init(&e->message);
    memset(e->code, 0, sizeof e->code);
    e->code[0] = code;
    snprintf(e->label, sizeof e->label, "%s", label);
    sim_connect(o, g);
    sim_begin(o, g);
    memcpy(bound, e->code, 16);
    memcpy(bound + 16, o->sign.public, 32);
    memcpy(bound + 48, o->curve, 32);
    memcpy(bound + 80, e->label, strlen(e->label));
    struct esep_hash statement =
        esep_auth_statement(o->session.office_ephemeral, o->session.collector_public, &g->log_id,
                            esep_slice(bound, 80 + strlen(e->label)));
    esep_sign(&o->sign, esep_slice(statement.bytes, 32), e->auth);
    e->message.code = (ProtobufCBinaryData){16, e->code};
    e->message.sign_key = (ProtobufCBinaryData){32, o->sign.public};
    e->message.curve_key = (ProtobufCBinaryData){32, o->curve};
    e->message.auth = (ProtobufCBinaryData){64, e->auth};
    e->message.label = e->label;
}

static bool enrol_refused(struct sim_office *o, struct ingest *g, const struct enrol *e,
                          Esep__V1__RefusalReason reason)
{
    g->world.now += ESEP_SECOND;
    sim_forget(o);
    sim_seal(o, g, KIND(ENROL), true, &e->message.base);
    return sim_refused(o, reason) && sim_count(o, KIND(ENROL_REPLY)) == 0;
}

static void enrolments(void **state)
{
    (void)state;
    struct ingest g;
    struct enrol e;
    ingest_start(&g, NULL);
    uint8_t code[16] = {7};
    ingest_code(&g, "moh", code, true, g.world.now + ESEP_DAY);
    struct sim_office *o = sim_new(&g);
    for (int i = 0; i < 6; i++) {
        make_enrol(&e, o, &g, 7, "desk");
        size_t *const lengths[] = {&e.message.code.len, &e.message.sign_key.len,
                                   &e.message.curve_key.len, &e.message.auth.len};
        if (i < 4)
            (*lengths[i])--;
        if (i == 4)
            e.auth[0] ^= 1;
        if (i == 5)
            make_enrol(&e, o, &g, 7,
                       "a label of sixty-five bytes is one more than an office's may have");
        assert_true(i != 5 || strlen(e.label) == 65);
        assert_true(enrol_refused(o, &g, &e, i == 4 ? REASON(BAD_SIGNATURE) : REASON(MALFORMED)));
    }
    struct esep_hash right = g.log_id;
    g.log_id.bytes[0] ^= 1;
    make_enrol(&e, o, &g, 7, "desk");
    assert_true(enrol_refused(o, &g, &e, REASON(WRONG_LOG)));
    g.log_id = right;
    make_enrol(&e, o, &g, 9, "desk"); /* a code that nobody made */
    assert_true(enrol_refused(o, &g, &e, REASON(CODE)));
    assert_int_equal(ingest_log_count(&g, LOG(KEY)), 0);
    ingest_end(&g);
}

static void enrolments_that_come_again(void **state)
{
    (void)state;
    struct ingest g;
    struct enrol e;
    ingest_start(&g, NULL);
    uint8_t code[16] = {7};
    ingest_code(&g, "moh", code, true, g.world.now + ESEP_DAY);
    code[0] = 8;
    ingest_code(&g, "akmola", code, true, g.world.now + ESEP_DAY);
    struct sim_office *o = sim_new(&g);
    /* Twice before the commit: one office, and one answer after it. */
    g.auto_commit = false;
    sim_forget(o);
    make_enrol(&e, o, &g, 7, "desk");
    sim_seal(o, &g, KIND(ENROL), true, &e.message.base);
    struct esep_session first = o->session;
    uint64_t conn = o->conn;
    make_enrol(&e, o, &g, 7, "desk");
    sim_seal(o, &g, KIND(ENROL), true, &e.message.base);
    assert_int_equal(o->heard_count, 0);
    o->session = first;
    o->conn = conn;
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(sim_count(o, KIND(ENROL_REPLY)), 1);
    assert_int_equal(ingest_log_count(&g, LOG(KEY)), 1);
    g.auto_commit = true;
    /* The same connection's key with another signing key, another code, one that is not used, one
     * that was used for another body. */
    struct esep_sign_key own = o->sign;
    uint8_t seed[32] = {0x99};
    esep_sign_key_from_seed(&o->sign, seed);
    make_enrol(&e, o, &g, 7, "desk");
    assert_true(enrol_refused(o, &g, &e, REASON(DENIED)));
    o->sign = own;
    make_enrol(&e, o, &g, 9, "desk");
    assert_true(enrol_refused(o, &g, &e, REASON(DENIED)));
    make_enrol(&e, o, &g, 8, "desk");
    assert_true(enrol_refused(o, &g, &e, REASON(DENIED)));
    struct sim_office *other = sim_new(&g);
    make_enrol(&e, other, &g, 8, "desk");
    sim_seal(other, &g, KIND(ENROL), true, &e.message.base);
    assert_int_equal(sim_count(other, KIND(ENROL_REPLY)), 1);
    make_enrol(&e, o, &g, 8, "desk");
    assert_true(enrol_refused(o, &g, &e, REASON(DENIED)));
    make_enrol(&e, o, &g, 7, "desk"); /* and its own, again: the reply, again */
    sim_forget(o);
    sim_seal(o, &g, KIND(ENROL), true, &e.message.base);
    assert_int_equal(sim_last(o, KIND(ENROL_REPLY))->enrolled.office, 1);
    assert_int_equal(ingest_log_count(&g, LOG(KEY)), 2);
    ingest_end(&g);
}

/* SignedOrder, true but for what the test changes. */
struct signed_order {
    Esep__V1__SignedOrder message;
    struct esep_sign_key key;
    uint8_t packed[4096];
    uint8_t signature[64];
};
static void make_signed(struct signed_order *s, const struct ingest *g, struct esep_slice order)
{
    uint8_t seed[32] = {0x40};
    esep__v1__signed_order__init(&s->message);
    esep_sign_key_from_seed(&s->key, seed);
    memcpy(s->packed, order.data, order.len);
    struct esep_hash statement = esep_order_statement(&g->log_id, esep_slice(s->packed, order.len));
    esep_sign(&s->key, esep_slice(statement.bytes, 32), s->signature);
    s->message.order = (ProtobufCBinaryData){order.len, s->packed};
    s->message.operator_key = (ProtobufCBinaryData){32, s->key.public};
    s->message.signature = (ProtobufCBinaryData){64, s->signature};
}

static size_t pack_list(uint8_t out[256], size_t nonce_len, uint64_t number, esep_time at)
{
    uint8_t nonce[17] = {0};
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    Esep__V1__ListOrder list = ESEP__V1__LIST_ORDER__INIT;
    esep_be64_put(nonce, number);
    order.nonce = (ProtobufCBinaryData){nonce_len, nonce};
    order.issued_at_us = at;
    order.what_case = ESEP__V1__ORDER__WHAT_LIST;
    order.list = &list;
    return protobuf_c_message_pack(&order.base, out);
}

static void say_order(struct sim_office *op, struct ingest *g, const struct signed_order *s)
{
    g->world.now += ESEP_SECOND / 2; /* refusals are told anew */
    sim_forget(op);
    sim_begin(op, g);
    sim_seal(op, g, KIND(ORDER), true, &s->message.base);
}

static void signed_orders(void **state)
{
    (void)state;
    struct ingest g;
    struct signed_order s;
    uint8_t bytes[256];
    ingest_start(&g, NULL);
    struct sim_office *op = sim_new(&g);
    memset(op->curve, 0x40, 32);
    sim_connect(op, &g);
    g.world.now += ESEP_SECOND;
    for (int i = 0; i < 5; i++) {
        make_signed(&s, &g, esep_slice(bytes, pack_list(bytes, 16, 1, g.world.now)));
        if (i == 0)
            s.message.operator_key.len = 31;
        if (i == 1)
            s.message.signature.len = 63;
        if (i == 2)
            s.signature[7] ^= 1;
        if (i == 3)
            make_signed(&s, &g, esep_slice("\xff\xff", 2));
        struct esep_hash right = g.log_id;
        g.log_id.bytes[0] ^= i == 4 ? 1 : 0;
        say_order(op, &g, &s);
        g.log_id = right;
        assert_true(sim_refused(op, REASON(DENIED)));
        assert_int_equal(sim_count(op, KIND(ORDER_REPLY)), 0);
    }
    assert_int_equal(collector_counter(g.core, COLLECTOR_BAD_SIGNATURES), 2);
    make_signed(&s, &g, esep_slice(bytes, pack_list(bytes, 17, 1, g.world.now)));
    say_order(op, &g, &s);
    assert_non_null(strstr(sim_last(op, KIND(ORDER_REPLY))->order.text, "16 bytes"));
    /* Not a signed order at all. */
    Esep__V1__Hello other = ESEP__V1__HELLO__INIT;
    other.journal_first_seq = 300;
    sim_forget(op);
    g.world.now += ESEP_SECOND;
    sim_begin(op, &g);
    sim_seal(op, &g, KIND(ORDER), true, &other.base);
    assert_true(sim_refused(op, REASON(DENIED)));
    ingest_end(&g);
}

/* So many nonces are remembered, and each only for as long as the order could be repeated. */
static void nonces_are_bounded_and_expire(void **state)
{
    (void)state;
    struct ingest g;
    struct signed_order s;
    uint8_t bytes[256];
    ingest_start(&g, NULL);
    struct sim_office *op = sim_new(&g);
    memset(op->curve, 0x40, 32);
    sim_connect(op, &g);
    g.world.now += ESEP_SECOND;
    const esep_time issued = g.world.now;
    for (uint64_t i = 1; i <= 1025; i++) {
        make_signed(&s, &g, esep_slice(bytes, pack_list(bytes, 16, i, issued)));
        sim_forget(op);
        sim_begin(op, &g);
        sim_seal(op, &g, KIND(ORDER), true, &s.message.base);
        assert_int_equal(sim_last(op, KIND(ORDER_REPLY))->order.ok, i <= 1024);
    }
    assert_non_null(strstr(sim_last(op, KIND(ORDER_REPLY))->order.text, "too many orders"));
    g.world.now += 6 * ESEP_MINUTE;
    make_signed(&s, &g, esep_slice(bytes, pack_list(bytes, 16, 1, g.world.now)));
    say_order(op, &g, &s); /* the old number in a new order: nobody could repeat the old one now */
    assert_true(sim_last(op, KIND(ORDER_REPLY))->order.ok);
    ingest_end(&g);
}

static void answers(struct ingest *g, const Esep__V1__Order *order, const char *words)
{
    size_t logged = g->world.log_count;
    ingest_order(g, order);
    if (g->reply.order.ok || strstr(g->reply.order.text, words) == NULL)
        fail_msg("\"%s\", wanted \"%s\"", g->reply.order.text, words);
    assert_int_equal(g->world.log_count, logged);
}

static void local_orders(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    static char long_text[5000];
    memset(long_text, 'x', sizeof long_text - 1);
    uint8_t hash[32] = {1};
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    answers(&g, &order, "says nothing");
    Esep__V1__CodeOrder code = ESEP__V1__CODE_ORDER__INIT;
    order.what_case = ESEP__V1__ORDER__WHAT_CODE;
    order.code = &code;
    code.body = text("moh");
    code.expires_at_us = g.world.now + ESEP_HOUR;
    code.code_hash = (ProtobufCBinaryData){31, hash};
    answers(&g, &order, "32 bytes");
    code.code_hash.len = 32;
    code.expires_at_us = g.world.now + 367 * ESEP_DAY;
    answers(&g, &order, "within a year");
    order.actor = long_text + sizeof long_text - 1 - 65;
    answers(&g, &order, "actor");
    order.actor = long_text + sizeof long_text - 1 - 64;
    code.expires_at_us = g.world.now + 366 * ESEP_DAY;
    ingest_order(&g, &order);
    assert_true(g.reply.order.ok);
    Esep__V1__RevokeOrder revoke = ESEP__V1__REVOKE_ORDER__INIT;
    order.what_case = ESEP__V1__ORDER__WHAT_REVOKE;
    order.revoke = &revoke;
    revoke.office = 40;
    answers(&g, &order, "no office 40");
    (void)sim_active(&g, "moh");
    revoke.office = 1;
    revoke.reason = long_text + sizeof long_text - 1 - 1025;
    answers(&g, &order, "at most 1024");
    Esep__V1__ListOrder list = ESEP__V1__LIST_ORDER__INIT;
    order.what_case = ESEP__V1__ORDER__WHAT_LIST;
    order.list = &list;
    list.after_office = UINT32_MAX; /* beyond them all: an empty page */
    ingest_order(&g, &order);
    assert_true(g.reply.order.ok);
    assert_int_equal(g.reply.order.offices, 0);
    assert_false(g.reply.order.more);
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hellos),
        cmocka_unit_test(a_full_table_of_sessions),
        cmocka_unit_test(frames_within_a_session),
        cmocka_unit_test(a_frame_that_does_not_open),
        cmocka_unit_test(enrolments),
        cmocka_unit_test(enrolments_that_come_again),
        cmocka_unit_test(signed_orders),
        cmocka_unit_test(nonces_are_bounded_and_expire),
        cmocka_unit_test(local_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
