/* When is a broker's own word asked for, what of it counts, and what does it never change? */
#include "core_world.h"

#define WORLD(w)                                                                                   \
    (void)state;                                                                                   \
    struct world *w = new_world()
#define REASON(name) ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_##name
#define KIND(name) ESEP__V1__KIND__KIND_##name
#define BROKER_AHEAD (7 * ESEP_HOUR)

enum lie { TRUTH, OTHER_KEY, OTHER_LOG, OTHER_OFFICE, OTHER_HASH, BAD_SIGNATURE, NO_HOUR, LIES };

/* The broker of these tests; as each world it begins anew. */
static struct {
    struct esep_sign_key key;
    bool alone;                      /* no collector: HELLO is told to wait */
    bool dumb;                       /* asks are lost */
    Esep__V1__RefusalReason refuses; /* asks, for this reason */
    enum lie lie;
    unsigned hellos, asks;
    esep_time asked_at;
    struct esep_hash last;
} broker;

static void send_clear(struct world *w, Esep__V1__Kind kind, struct esep_slice session,
                       const ProtobufCMessage *message)
{
    esep_buf_clear(&w->plain);
    esep_buf_clear(&w->frame);
    assert_int_equal(esep_pack(message, &w->plain), ESEP_OK);
    const struct esep_envelope head = {
        .version = ESEP_WIRE_VERSION, .kind = kind, .session = session};
    assert_int_equal(esep_envelope_write_head(&head, w->plain.len, &w->frame), ESEP_OK);
    assert_int_equal(esep_buf_put(&w->frame, w->plain.data, w->plain.len), ESEP_OK);
    queue_push(&w->down, esep_buf_slice(&w->frame));
}

static void refuse(struct world *w, struct esep_slice session, Esep__V1__RefusalReason reason)
{
    Esep__V1__Refusal r = ESEP__V1__REFUSAL__INIT;
    r.reason = reason;
    r.retry_after_ms = 5000;
    r.session = esep_pb(session.data, session.len);
    send_clear(w, KIND(REFUSAL), session, &r.base);
}

static void note(struct world *w, const struct esep_envelope *envelope)
{
    const ProtobufCMessage *message = NULL;
    struct esep_ingress n = {.log_id = w->config.log_id, .received_at = w->now + BROKER_AHEAD};
    struct esep_sign_key key = broker.key;
    uint8_t seed[32] = {9};
    assert_int_equal(
        esep_unpack(&esep__v1__ask_ingress__descriptor, envelope->sealed, &w->arena, &message),
        ESEP_OK);
    const Esep__V1__AskIngress *ask = (const Esep__V1__AskIngress *)message;
    assert_int_equal(ask->content.len, ESEP_HASH_BYTES);
    memcpy(n.content.bytes, ask->content.data, ESEP_HASH_BYTES);
    broker.last = n.content;
    memcpy(n.office_curve, w->config.curve_public, ESEP_KEY_BYTES);
    n.log_id.bytes[0] ^= broker.lie == OTHER_LOG;
    n.office_curve[0] ^= broker.lie == OTHER_OFFICE;
    n.content.bytes[31] ^= broker.lie == OTHER_HASH;
    if (broker.lie == OTHER_KEY)
        esep_sign_key_from_seed(&key, seed);
    esep_ingress_sign(&n, &key);
    n.signature[0] ^= broker.lie == BAD_SIGNATURE;
    Esep__V1__Ingress answer;
    esep_ingress_write(&n, &answer);
    if (broker.lie == NO_HOUR)
        answer.received_at_us = -1;
    send_clear(w, KIND(INGRESS), envelope->session, &answer.base);
    esep_arena_reset(&w->arena);
}

static bool takes(struct world *w, struct esep_slice frame)
{
    struct esep_envelope envelope;
    assert_int_equal(esep_envelope_read(frame, &envelope, NULL), ESEP_OK);
    if (envelope.kind == KIND(ASK_INGRESS)) {
        broker.asks++;
        broker.asked_at = w->now;
        if (broker.refuses != 0)
            refuse(w, envelope.session, broker.refuses);
        else if (!broker.dumb)
            note(w, &envelope);
        return true;
    }
    broker.hellos += envelope.kind == KIND(HELLO);
    if (broker.alone)
        refuse(w, envelope.session, REASON(WAIT));
    return broker.alone;
}

static struct world *new_world(void)
{
    uint8_t seed[32] = {0x77};
    struct world *w = world_new(5);
    memset(&broker, 0, sizeof broker);
    esep_sign_key_from_seed(&broker.key, seed);
    w->broker_takes = takes;
    for (int i = 0; i < 2; i++)
        memcpy(w->config.broker_sign[i], broker.key.public, ESEP_KEY_BYTES);
    memset(w->config.curve_public, 0x66, ESEP_KEY_BYTES);
    return w;
}

static void run_for(struct world *w, esep_time time)
{
    const esep_time end = w->now + time;
    while (w->now < end) {
        world_run(w);
        office_sleep(w, end - w->now);
    }
    world_run(w);
}

/* The i-th note that was stored is about the head at seq, of the broker's hour then, and holds. */
static void noted(struct world *w, size_t i, uint64_t seq)
{
    struct esep_ingress n;
    struct esep_commitment c;
    assert_true(i < w->note_count);
    const struct agent_ingress *a = &w->notes[i];
    assert_int_equal(esep_ingress_unpack(esep_slice(a->note, sizeof a->note), &n), ESEP_OK);
    assert_true(esep_ingress_verify(&n));
    assert_memory_equal(n.broker_key, broker.key.public, ESEP_KEY_BYTES);
    assert_memory_equal(n.office_curve, w->config.curve_public, ESEP_KEY_BYTES);
    const struct esep_hash content =
        esep_content_hash(esep_slice(a->statement, sizeof a->statement));
    assert_true(esep_hash_equal(&content, &n.content));
    assert_int_equal(esep_commitment_unpack(&w->config.log_id,
                                            esep_slice(a->statement, sizeof a->statement), &c),
                     ESEP_OK);
    assert_true(esep_commitment_verify(&w->config.log_id, &c, a->key));
    assert_int_equal(c.seq, seq);
    assert_int_equal(a->seq, seq);
    assert_int_equal(a->epoch, 1);
    assert_true(esep_hash_equal(&c.head, &w->entries[seq].chain));
}

static void where_receipts_come_nothing_is_asked(void **state)
{
    WORLD(w);
    office_start(w);
    for (int i = 0; i < 20; i++) {
        office_write(w, 100);
        run_for(w, 10 * ESEP_MINUTE);
        assert_true(world_all_receipted(w));
    }
    assert_int_equal(broker.asks, 0);
    world_free(w);
}

static void a_collector_that_keeps_its_receipts_back(void **state)
{
    WORLD(w);
    w->model.mute_receipts = true;
    office_write(w, 100);
    office_write(w, 100);
    const esep_time began = w->now;
    office_start(w);
    run_for(w, ESEP_HOUR);
    assert_int_equal(broker.asks, 1); /* once for one head, however long */
    assert_in_range(broker.asked_at - began, 3 * ESEP_MINUTE, 4 * ESEP_MINUTE);
    assert_int_equal(w->note_count, 1);
    noted(w, 0, 2);
    assert_int_equal(office_status(w).noted_seq, 2);
    assert_int_equal(w->disk.receipted_seq, 0); /* it moves no mark */
    assert_int_equal(w->disk.promised_seq, 0);
    for (int i = 0; i < 5; i++) /* five heads in a minute: not five questions */
        office_write(w, 100), run_for(w, 12 * ESEP_SECOND);
    run_for(w, 10 * ESEP_MINUTE);
    assert_in_range(broker.asks, 2, 4);
    noted(w, w->note_count - 1, 7);
    w->model.mute_receipts = false;
    run_for(w, 10 * ESEP_MINUTE);
    assert_true(world_all_receipted(w));
    const unsigned asks = broker.asks;
    office_write(w, 100);
    run_for(w, ESEP_HOUR);
    assert_int_equal(broker.asks, asks);
    world_free(w);
}

static void without_a_collector_the_broker_is_asked_at_once(void **state)
{
    WORLD(w);
    broker.alone = true;
    office_write(w, 100);
    const esep_time began = w->now;
    office_start(w);
    world_run(w);
    assert_int_equal(broker.asks, 1);
    assert_true(w->now == began);
    noted(w, 0, 1);
    struct agent_status s = office_status(w);
    assert_int_equal(s.state, AGENT_OFFLINE); /* and then it waits as it was told */
    assert_int_equal(s.why, AGENT_WHY_BROKER);
    assert_int_equal(s.refusal, REASON(WAIT));
    assert_true(s.next_try_at >= w->now + 5 * ESEP_SECOND);
    assert_false(w->connected);
    run_for(w, ESEP_HOUR);
    assert_int_equal(broker.asks, 1);
    assert_true(broker.hellos > 10);
    office_write(w, 100);
    run_for(w, 6 * ESEP_MINUTE);
    assert_int_equal(w->note_count, 2);
    noted(w, 1, 2);
    broker.alone = false;
    run_for(w, 10 * ESEP_MINUTE);
    assert_true(world_all_receipted(w));
    world_free(w);
}

static void an_answer_that_does_not_come_costs_one_hello_timeout(void **state)
{
    WORLD(w);
    broker.alone = broker.dumb = true;
    w->config.hello_timeout = 20 * ESEP_SECOND;
    office_write(w, 100);
    office_start(w);
    world_run(w);
    assert_int_equal(office_status(w).state, AGENT_GREETING);
    office_advance(w, 20 * ESEP_SECOND - 1);
    world_run(w);
    assert_int_equal(office_status(w).state, AGENT_GREETING);
    assert_int_equal(broker.hellos, 1);
    office_advance(w, 1);
    world_run(w);
    assert_int_equal(office_status(w).state, AGENT_OFFLINE);
    assert_int_equal(office_status(w).refusal, REASON(WAIT));
    broker.dumb = false;
    run_for(w, 10 * ESEP_MINUTE);
    assert_int_equal(w->note_count, 1);
    world_free(w);
}

static void a_person_who_says_now_does_not_lose_the_note(void **state)
{
    WORLD(w);
    broker.alone = broker.dumb = true;
    office_write(w, 100);
    office_start(w);
    world_run(w);
    agent_now(w->agent, w->now);
    office_effects(w);
    assert_int_equal(broker.hellos, 1);
    office_advance(w, 30 * ESEP_SECOND);
    office_advance(w, 0);
    world_run(w);
    assert_int_equal(broker.hellos, 2); /* at once, then */
    world_free(w);
}

static void what_is_not_the_brokers_word_on_our_head_is_no_note(void **state)
{
    for (enum lie lie = TRUTH + 1; lie < LIES; lie++) {
        WORLD(w);
        w->model.mute_receipts = true;
        broker.lie = lie;
        office_write(w, 100);
        office_start(w);
        run_for(w, 10 * ESEP_MINUTE);
        assert_true(broker.asks > 1); /* again, after a while */
        assert_true(broker.asks < 22);
        assert_int_equal(w->note_count, 0);
        assert_true(agent_counter(w->agent, AGENT_INGRESS_REFUSED) >= broker.asks - 1);
        broker.lie = TRUTH;
        run_for(w, 10 * ESEP_MINUTE);
        noted(w, 0, 1);
        world_free(w);
    }
}

static void nothing_that_was_not_asked_for_is_taken(void **state)
{
    WORLD(w);
    office_write(w, 100);
    office_start(w);
    run_for(w, ESEP_MINUTE);
    struct esep_ingress n = {.log_id = w->config.log_id, .received_at = w->now};
    Esep__V1__Ingress message;
    memcpy(n.office_curve, w->config.curve_public, ESEP_KEY_BYTES);
    esep_ingress_sign(&n, &broker.key);
    esep_ingress_write(&n, &message);
    const uint64_t dropped = agent_counter(w->agent, AGENT_FRAMES_DROPPED);
    send_clear(w, KIND(INGRESS), esep_slice(n.content.bytes, ESEP_SESSION_ID_BYTES), &message.base);
    world_run(w);
    assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), dropped + 1);
    assert_int_equal(w->note_count, 0);
    world_free(w);
}

/* An older broker, one without a key, one that is asked too often: the session does not notice. */
static void a_refused_question_is_no_refusal_of_the_session(void **state)
{
    static const Esep__V1__RefusalReason reasons[] = {REASON(DENIED), REASON(LIMIT),
                                                      REASON(MALFORMED), REASON(WAIT)};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        WORLD(w);
        w->model.mute_receipts = true;
        w->config.reply_timeout = ESEP_HOUR; /* one connection */
        broker.refuses = reasons[i];
        office_write(w, 100);
        office_start(w);
        run_for(w, 10 * ESEP_MINUTE);
        assert_int_equal(office_status(w).state, AGENT_ONLINE);
        assert_int_equal(broker.hellos, 1);
        if (reasons[i] == REASON(LIMIT))
            assert_in_range(broker.asks, 2, 16);
        else
            assert_int_equal(broker.asks, 1);
        w->model.mute_receipts = false;
        office_write(w, 100);
        run_for(w, ESEP_MINUTE);
        assert_true(world_all_receipted(w));
        world_free(w);
    }
}

static void parting_ends_where_the_question_is_refused(void **state)
{
    WORLD(w);
    broker.alone = true;
    broker.refuses = REASON(DENIED);
    office_write(w, 100);
    office_start(w);
    world_run(w);
    assert_int_equal(office_status(w).state, AGENT_OFFLINE);
    assert_int_equal(broker.asks, 1);
    world_free(w);
}

static void without_the_brokers_key_nobody_asks(void **state)
{
    WORLD(w);
    memset(w->config.broker_sign, 0, sizeof w->config.broker_sign);
    broker.alone = true;
    office_write(w, 100);
    office_start(w);
    run_for(w, ESEP_HOUR);
    assert_int_equal(broker.asks, 0);
    world_free(w);
}

/* A note that is not on the disk yet counts for nothing; and a core that begins again asks again.
 */
static void a_note_counts_once_it_is_stored(void **state)
{
    WORLD(w);
    broker.alone = true;
    w->hold_stores = true;
    office_write(w, 100);
    office_start(w);
    world_run(w);
    assert_non_null(w->held);
    assert_int_equal(office_status(w).noted_seq, 0);
    office_crash(w);
    w->hold_stores = false;
    world_run(w);
    assert_int_equal(broker.asks, 2);
    assert_int_equal(w->note_count, 1);
    office_crash(w); /* and one that is stored is known */
    assert_int_equal(office_status(w).noted_seq, 1);
    run_for(w, ESEP_HOUR);
    assert_int_equal(broker.asks, 2);
    world_free(w);
}

static void a_clock_that_is_set_back_delays_nothing(void **state)
{
    WORLD(w);
    w->model.mute_receipts = true;
    office_write(w, 100);
    office_start(w);
    run_for(w, ESEP_MINUTE);
    w->now -= 30 * ESEP_DAY;
    agent_on_time(w->agent, w->now);
    run_for(w, 3 * ESEP_MINUTE);
    assert_int_equal(w->note_count, 1);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_receipts_come_nothing_is_asked),
        cmocka_unit_test(a_collector_that_keeps_its_receipts_back),
        cmocka_unit_test(without_a_collector_the_broker_is_asked_at_once),
        cmocka_unit_test(an_answer_that_does_not_come_costs_one_hello_timeout),
        cmocka_unit_test(a_person_who_says_now_does_not_lose_the_note),
        cmocka_unit_test(what_is_not_the_brokers_word_on_our_head_is_no_note),
        cmocka_unit_test(nothing_that_was_not_asked_for_is_taken),
        cmocka_unit_test(a_refused_question_is_no_refusal_of_the_session),
        cmocka_unit_test(parting_ends_where_the_question_is_refused),
        cmocka_unit_test(without_the_brokers_key_nobody_asks),
        cmocka_unit_test(a_note_counts_once_it_is_stored),
        cmocka_unit_test(a_clock_that_is_set_back_delays_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
