/* tests/unit/broker/test_ingress.c - notes of ingress: who gets one, when, over what, how often.
 *
 * The point of a note is that it is given where the collector gives nothing: so most questions are
 * asked of a broker to which nobody has joined.
 */
#include "harness.h"
#include "wire/envelope.h"
#include "wire/ingress.h"
#include "wire/unpack.h"
#include "world.h"

/* An ask for a note about a hash of this byte; `len` of it. */
static struct esep_slice ask(uint8_t byte, size_t len)
{
    static struct esep_buf buf;
    static uint8_t session[ESEP_SESSION_ID_BYTES] = {3, 1};
    uint8_t hash[64];
    uint8_t body[128];
    Esep__V1__AskIngress message;
    memset(hash, byte, sizeof hash);
    esep__v1__ask_ingress__init(&message);
    message.content = esep_pb(hash, len);
    const size_t body_len = esep__v1__ask_ingress__pack(&message, body);
    esep_buf_done(&buf);
    esep_buf_init(&buf, 512);
    const struct esep_envelope envelope = {.version = ESEP_WIRE_VERSION,
                                           .kind = KIND(ASK_INGRESS),
                                           .session = esep_slice(session, sizeof session)};
    assert_int_equal(esep_envelope_write_head(&envelope, body_len, &buf), ESEP_OK);
    assert_int_equal(esep_buf_put(&buf, body, body_len), ESEP_OK);
    return esep_buf_slice(&buf);
}

/* The only effect is a note to conn about that hash, which holds; returns it. */
static struct esep_ingress note_to(struct world *w, uint64_t conn, unsigned key, uint8_t byte)
{
    struct esep_envelope envelope;
    const ProtobufCMessage *message = NULL;
    struct esep_ingress note = {.log_id = w->config.log_id};
    uint8_t hash[ESEP_HASH_BYTES];
    memset(hash, byte, sizeof hash);
    assert_int_equal(w->out_count, 1);
    assert_int_equal(w->out[0].kind, BROKER_EFFECT_SEND_OFFICE);
    assert_int_equal(w->out[0].conn, conn);
    assert_int_equal(
        esep_envelope_read(esep_slice(w->out[0].parts[0], w->out[0].lens[0]), &envelope, NULL),
        ESEP_OK);
    assert_int_equal(envelope.kind, KIND(INGRESS));
    assert_int_equal(envelope.session.data[0], 3);
    esep_arena_reset(&w->arena);
    assert_int_equal(
        esep_unpack(&esep__v1__ingress__descriptor, envelope.sealed, &w->arena, &message), ESEP_OK);
    assert_int_equal(esep_ingress_read((const Esep__V1__Ingress *)message, &note), ESEP_OK);
    memcpy(note.office_curve, key_of(key), ESEP_KEY_BYTES);
    assert_true(esep_ingress_verify(&note));
    assert_memory_equal(note.broker_key, w->config.sign_key.public, ESEP_KEY_BYTES);
    assert_memory_equal(note.content.bytes, hash, sizeof hash);
    return note;
}

/* With a collector that may withhold, and with none at all: the note names the office's key and the
 * broker's hour of just then, by a clock that may be set. */
static void test_with_and_without_a_collector(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    w.ahead = 5000 * SECOND;
    office_sends_bytes(&w, 5, 1, ask(0xaa, 32));
    assert_int_equal(note_to(&w, 5, 1, 0xaa).received_at, w.now + 5000 * SECOND);
    w.now += 20 * SECOND;
    w.ahead = 4000 * SECOND;
    link_beats(&w, LINK, COLLECTOR_KEY, true); /* it goes down: offices are told to wait */
    office_sends(&w, 5, 1, KIND(HELLO));
    (void)refused(&w, 5, WHY(WAIT));
    office_sends_bytes(&w, 5, 1, ask(0xbb, 32));
    assert_int_equal(note_to(&w, 5, 1, 0xbb).received_at, w.now + 4000 * SECOND);
    w.now += 20 * SECOND;
    broker_drain(w.broker, w.now);
    world_take(&w);
    office_sends_bytes(&w, 5, 1, ask(0xcc, 32));
    (void)note_to(&w, 5, 1, 0xcc);
    assert_int_equal(broker_counter(w.broker, BROKER_INGRESS_NOTES), 3);
    assert_int_equal(broker_counter(w.broker, BROKER_FORWARDED), 0);
    world_done(&w);
}

/* A broker that no collector has told anything cannot tell offices apart, and signs for whoever
 * asks: two at once and then one each stranger_every, as for strangers; anything else waits. */
static void test_before_any_roster(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    office_sends_bytes(&w, 5, 7, ask(1, 32));
    (void)note_to(&w, 5, 7, 1);
    office_sends_bytes(&w, 5, 7, ask(2, 32));
    (void)note_to(&w, 5, 7, 2);
    office_sends_bytes(&w, 5, 7, ask(3, 32));
    (void)refused(&w, 5, WHY(LIMIT));
    office_sends(&w, 5, 7, KIND(HELLO));
    (void)refused(&w, 5, WHY(WAIT));
    office_sends_bytes(&w, 5, 7, esep_slice_str("no envelope"));
    (void)refused(&w, 5, WHY(WAIT));
    w.now += w.config.stranger_every;
    office_sends_bytes(&w, 5, 7, ask(4, 32));
    (void)note_to(&w, 5, 7, 4);
    world_done(&w);
}

/* Only an active office, where it is known who is one. */
static void test_whom(void **state)
{
    (void)state;
    static const struct {
        unsigned key;
        Esep__V1__RefusalReason reason;
    } cases[] = {{2, WHY(PENDING)}, {3, WHY(REVOKED)}, {4, WHY(DENIED)}, {7, WHY(NOT_ENROLLED)}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w;
        world_up(&w);
        office_sends_bytes(&w, 5, cases[i].key, ask(1, 32));
        assert_int_equal(refused(&w, 5, cases[i].reason)->session.data[0], 3);
        world_done(&w);
    }
}

/* Two at once, then one each ingress_every, however many connections and rosters. */
static void test_how_often(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    office_sends_bytes(&w, 5, 1, ask(1, 32));
    (void)note_to(&w, 5, 1, 1);
    office_sends_bytes(&w, 6, 1, ask(2, 32));
    (void)note_to(&w, 6, 1, 2);
    w.now += w.config.ingress_every - 1;
    office_sends_bytes(&w, 7, 1, ask(3, 32));
    assert_int_equal(refused(&w, 7, WHY(LIMIT))->retry_after_ms, 1);
    const struct seat seats[] = {{1, 11, ACTIVE}};
    link_roster(&w, LINK, COLLECTOR_KEY, 2, true, true, seats, 1);
    office_sends_bytes(&w, 7, 1, ask(3, 32));
    (void)refused(&w, 7, WHY(LIMIT));
    w.now += 1;
    office_sends_bytes(&w, 7, 1, ask(3, 32));
    (void)note_to(&w, 7, 1, 3);
    world_done(&w);
}

/* What is no hash of 32 bytes; and a broker without a key, before and after its limits change. */
static void test_what_is_no_ask(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    w.config.ingress_every = 1;
    w.config.frames = (struct broker_rate){100, 100};
    w.config.bytes = (struct broker_rate){100000, 100000};
    w.config.signs_ingress = false; /* fixed at start: not taken over */
    assert_int_equal(broker_reconfigure(w.broker, &w.config, NULL), ESEP_OK);
    static const size_t lens[] = {16, 31, 33, 62, 64};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        w.now += 10 * SECOND;
        office_sends_bytes(&w, 5, 1, ask(1, lens[i]));
        (void)refused(&w, 5, WHY(MALFORMED));
    }
    w.now += 10 * SECOND;
    office_sends(&w, 5, 1, KIND(ASK_INGRESS)); /* zeroes are no message */
    (void)refused(&w, 5, WHY(MALFORMED));
    w.now += 10 * SECOND;
    office_sends_bytes(&w, 5, 1, ask(1, 32));
    (void)note_to(&w, 5, 1, 1);
    broker_free(w.broker);
    assert_int_equal(broker_new(&w.broker, &w.config, w.now), ESEP_OK);
    office_sends_bytes(&w, 5, 1, ask(1, 32));
    (void)refused(&w, 5, WHY(DENIED));
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_with_and_without_a_collector),
        cmocka_unit_test(test_before_any_roster),
        cmocka_unit_test(test_whom),
        cmocka_unit_test(test_how_often),
        cmocka_unit_test(test_what_is_no_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
