/* tests/unit/broker/test_office.c - what may an office's connection do, and what is it told?
 *
 * Each test is one question about admission, limits, stamping or refusals, asked of the core as a
 * list of calls with the time as a number.
 */
#include "harness.h"
#include "world.h"

/* Does an active office's frame go on as the very bytes, stamped from its key? */
static void test_forwarded_untouched(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    const struct esep_slice frame = envelope_of(KIND(HELLO), 300);
    office_sends_bytes(&w, 5, 1, frame);
    forwarded(&w, LINK, 5, 1, 11);
    assert_ptr_equal(w.out[0].borrowed, frame.data);
    assert_int_equal(w.out[0].lens[1], frame.len);
    assert_int_equal(broker_counter(w.broker, BROKER_FORWARDED), 1);
    world_done(&w);
}

/* Can a frame say for itself who it is from? Nothing in it is looked at: not a copied LinkDown in
 * front, not another office's frame sent under one's own key. */
static void test_from_cannot_be_forged(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    const struct seat more[] = {{6, 16, ACTIVE}};
    link_roster(&w, LINK, COLLECTOR_KEY, 2, false, false, more, 1);

    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, LINK, 5, 1, 11);
    uint8_t stolen[64];
    const size_t stolen_len = w.out[0].lens[0];
    memcpy(stolen, w.out[0].parts[0], stolen_len);

    /* Key 6 replays the stamp as a frame: it is no envelope. */
    office_sends_bytes(&w, 6, 6, esep_slice(stolen, stolen_len));
    (void)refused(&w, 6, WHY(MALFORMED));
    /* Key 6 sends office 11's frame: it is stamped 16. */
    office_sends(&w, 6, 6, KIND(HELLO));
    forwarded(&w, LINK, 6, 6, 16);
    world_done(&w);
}

/* Which kinds may which admission send? */
static void test_kinds_by_admission(void **state)
{
    (void)state;
    static const struct {
        unsigned key;
        Esep__V1__Kind kind;
        Esep__V1__RefusalReason reason; /* 0: passes */
    } cases[] = {
        {1, KIND(HELLO), 0},
        {1, KIND(BATCH), 0},
        {1, KIND(PULL), 0},
        {1, KIND(PING), 0},
        {1, KIND(ORDER), WHY(DENIED)},
        {1, KIND(WELCOME), WHY(DENIED)},
        {1, KIND(REFUSAL), WHY(DENIED)},
        {2, KIND(ENROL), 0},
        {2, KIND(HELLO), WHY(PENDING)},
        {2, KIND(BATCH), WHY(PENDING)},
        {3, KIND(HELLO), WHY(REVOKED)},
        {3, KIND(ENROL), WHY(REVOKED)},
        {4, KIND(ORDER), 0},
        {4, KIND(HELLO), WHY(DENIED)},
        {4, KIND(ENROL), WHY(DENIED)},
        {7, KIND(ENROL), 0},
        {7, KIND(HELLO), WHY(NOT_ENROLLED)},
        {7, KIND(ORDER), WHY(NOT_ENROLLED)},
        {1, (Esep__V1__Kind)31, WHY(DENIED)},
        {1, (Esep__V1__Kind)32, WHY(MALFORMED)},
        {1, (Esep__V1__Kind)77, WHY(MALFORMED)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w;
        world_up(&w);
        office_sends(&w, 5, cases[i].key, cases[i].kind);
        if (cases[i].reason != 0) {
            const Esep__V1__Refusal *refusal = refused(&w, 5, cases[i].reason);
            assert_int_equal(refusal->session.len, 16);
            assert_int_equal(refusal->session.data[0], cases[i].kind == (Esep__V1__Kind)0 ? 0 : 9);
            assert_int_equal(refusal->counter, 42);
        } else {
            assert_int_equal(w.out_count, 1);
            assert_int_equal(w.out[0].kind, BROKER_EFFECT_SEND_COLLECTOR);
        }
        world_done(&w);
    }
}

/* Does a revocation count between two frames of one open connection? And an acceptance? */
static void test_revocation_between_two_frames(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, LINK, 5, 1, 11);
    const struct seat revoked[] = {{1, 11, REVOKED}};
    link_roster(&w, LINK, COLLECTOR_KEY, 2, false, false, revoked, 1);
    office_sends(&w, 5, 1, KIND(BATCH));
    (void)refused(&w, 5, WHY(REVOKED));
    assert_false(broker_admits(w.broker, BROKER_DOMAIN_OFFICES, key_of(1)));
    /* A late change that is older does not bring it back. */
    const struct seat back[] = {{1, 11, ACTIVE}};
    link_roster(&w, LINK, COLLECTOR_KEY, 1, false, false, back, 1);
    office_sends(&w, 5, 1, KIND(BATCH));
    (void)refused(&w, 5, WHY(REVOKED));

    office_sends(&w, 6, 2, KIND(HELLO));
    (void)refused(&w, 6, WHY(PENDING));
    const struct seat accepted[] = {{2, 12, ACTIVE}};
    link_roster(&w, LINK, COLLECTOR_KEY, 3, false, false, accepted, 1);
    office_sends(&w, 6, 2, KIND(HELLO));
    forwarded(&w, LINK, 6, 2, 12);
    world_done(&w);
}

/* An unknown key enrols on its connection: is its next frame stamped with the new office? */
static void test_stamp_follows_enrolment(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    office_sends(&w, 5, 7, KIND(ENROL));
    forwarded(&w, LINK, 5, 7, 0);
    assert_int_equal(broker_stranger_count(w.broker), 1);
    const struct seat seat[] = {{7, 17, ACTIVE}};
    link_roster(&w, LINK, COLLECTOR_KEY, 2, false, false, seat, 1);
    office_sends(&w, 5, 7, KIND(HELLO));
    forwarded(&w, LINK, 5, 7, 17);
    assert_int_equal(broker_stranger_count(w.broker), 0);
    world_done(&w);
}

/* Five frames at once, then ten a second: to the microsecond. */
static void test_frame_bucket_is_exact(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    for (int i = 0; i < 5; i++) {
        office_sends(&w, 5, 1, KIND(PING));
        forwarded(&w, LINK, 5, 1, 11);
    }
    office_sends(&w, 5, 1, KIND(PING));
    assert_int_equal(refused(&w, 5, WHY(LIMIT))->retry_after_ms, 100);
    w.now += 99999;
    office_sends(&w, 5, 1, KIND(PING));
    assert_int_equal(refused(&w, 5, WHY(LIMIT))->retry_after_ms, 1);
    w.now += 1;
    office_sends(&w, 5, 1, KIND(PING));
    forwarded(&w, LINK, 5, 1, 11);
    /* A refused frame cost nothing; another connection of the office shares the bucket. */
    office_sends(&w, 6, 1, KIND(PING));
    (void)refused(&w, 6, WHY(LIMIT));
    /* After a rest the burst is back, no more than it. */
    w.now += 50 * SECOND;
    for (int i = 0; i < 5; i++) {
        office_sends(&w, 5, 1, KIND(PING));
        forwarded(&w, LINK, 5, 1, 11);
    }
    office_sends(&w, 5, 1, KIND(PING));
    (void)refused(&w, 5, WHY(LIMIT));
    world_done(&w);
}

static void test_byte_bucket_and_size(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    struct esep_slice frame = envelope_of(KIND(BATCH), 950);
    assert_in_range(frame.len, 951, 1000);
    for (int i = 0; i < 2; i++) {
        office_sends_bytes(&w, 5, 1, frame);
        forwarded(&w, LINK, 5, 1, 11);
    }
    office_sends_bytes(&w, 5, 1, frame);
    const uint64_t over = 3 * frame.len - 2000;
    assert_int_equal(refused(&w, 5, WHY(LIMIT))->retry_after_ms, over);
    w.now += (esep_time)over * 1000;
    office_sends_bytes(&w, 5, 1, frame);
    forwarded(&w, LINK, 5, 1, 11);

    w.now += 10 * SECOND;
    frame = envelope_of(KIND(BATCH), 1000);
    office_sends_bytes(&w, 5, 1, frame);
    (void)refused(&w, 5, WHY(TOO_LARGE));
    /* Dearer than the whole burst: it waits for a full bucket, and is then told why. */
    w.now += 10 * SECOND;
    office_sends_bytes(&w, 5, 1, envelope_of(KIND(BATCH), 3000));
    (void)refused(&w, 5, WHY(TOO_LARGE));
    world_done(&w);
}

/* Does a swap of the roster give anybody a fresh burst, or lose what it did? */
static void test_roster_swap_keeps_limits(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    for (int i = 0; i < 5; i++) {
        office_sends(&w, 5, 1, KIND(PING));
    }
    const struct seat first[] = {{1, 11, ACTIVE}};
    const struct seat second[] = {{6, 16, ACTIVE}};
    link_roster(&w, LINK, COLLECTOR_KEY, 5, true, false, first, 1);
    /* Until the last part the old list counts. */
    assert_int_equal(broker_office_count(w.broker), 4);
    office_sends(&w, 8, 6, KIND(HELLO));
    (void)refused(&w, 8, WHY(NOT_ENROLLED));
    link_roster(&w, LINK, COLLECTOR_KEY, 5, true, true, second, 1);
    assert_int_equal(broker_office_count(w.broker), 2);
    assert_int_equal(broker_roster_version(w.broker), 5);
    office_sends(&w, 8, 6, KIND(HELLO));
    forwarded(&w, LINK, 8, 6, 16);
    office_sends(&w, 5, 1, KIND(PING));
    (void)refused(&w, 5, WHY(LIMIT));
    office_sends(&w, 9, 4, KIND(ORDER)); /* no longer on the list */
    (void)refused(&w, 9, WHY(NOT_ENROLLED));

    struct broker_office_info info;
    broker_office_at(w.broker, 0, w.now, &info);
    assert_int_equal(info.office, 11);
    assert_int_equal(info.frames, 6);
    assert_int_equal(info.refused, 1);
    assert_true(info.online);
    assert_string_equal(info.body, "moj");
    world_done(&w);
}

/* Unknown keys: two frames, then one each ten seconds; three a burst among all; few connections. */
static void test_strangers_are_limited_hard(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    office_sends(&w, 5, 7, KIND(ENROL));
    forwarded(&w, LINK, 5, 7, 0);
    office_sends(&w, 5, 7, KIND(ENROL));
    forwarded(&w, LINK, 5, 7, 0);
    office_sends(&w, 5, 7, KIND(ENROL));
    assert_int_equal(refused(&w, 5, WHY(LIMIT))->retry_after_ms, 10000);
    office_sends(&w, 6, 8, KIND(ENROL));
    forwarded(&w, LINK, 6, 8, 0);
    office_sends(&w, 6, 8, KIND(ENROL)); /* the fourth of all: one a second */
    assert_int_equal(refused(&w, 6, WHY(LIMIT))->retry_after_ms, 1000);
    office_sends(&w, 7, 9, KIND(ENROL)); /* a third stranger's connection */
    (void)refused(&w, 7, WHY(LIMIT));
    assert_int_equal(broker_conn_count(w.broker), 2);
    /* Office 11 does not notice. */
    office_sends(&w, 8, 1, KIND(PING));
    forwarded(&w, LINK, 8, 1, 11);
    world_done(&w);
}

/* A broker for many newcomers, two at a time. */
static void up_for_many(struct world *w)
{
    world_init(w);
    broker_free(w->broker);
    w->config.keys_max = w->config.conns_max = 64;
    w->config.strangers = (struct broker_rate){1000, 1000};
    assert_int_equal(broker_new(&w->broker, &w->config, w->now), ESEP_OK);
    link_up_with_all(w);
}

/* What may a key do that the office's newer one has taken the place of? */
static void test_a_replaced_key_says_hello_alone(void **state)
{
    (void)state;
    struct world w;
    const struct seat seats[] = {{1, 11, REPLACED}, {8, 11, ACTIVE}};
    world_up(&w);
    link_roster(&w, LINK, COLLECTOR_KEY, 2, false, false, seats, 2);
    assert_true(broker_admits(w.broker, BROKER_DOMAIN_OFFICES, key_of(1)));
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, LINK, 5, 1, 11);
    office_sends(&w, 5, 1, KIND(BATCH));
    (void)refused(&w, 5, WHY(REVOKED));
    office_sends(&w, 6, 8, KIND(ROTATE));
    forwarded(&w, LINK, 6, 8, 11);
    world_done(&w);
}

/* 40 newcomers enrol one after the other, and send nothing more: does each make room for the next
 * at once, and do those who did not enrol still count? */
static void test_newcomers_make_room(void **state)
{
    (void)state;
    struct world w;
    up_for_many(&w);
    for (unsigned i = 0; i < 40; i++) {
        office_sends(&w, 100 + i, 10 + i, KIND(ENROL));
        forwarded(&w, LINK, 100 + i, 10 + i, 0);
        assert_int_equal(broker_stranger_count(w.broker), 1);
        const struct seat seat[] = {{10 + i, 20 + i, i % 2 == 0 ? ACTIVE : PENDING}};
        link_roster(&w, LINK, COLLECTOR_KEY, 2 + i, false, false, seat, 1);
        assert_int_equal(broker_stranger_count(w.broker), 0);
    }
    assert_int_equal(broker_conn_count(w.broker), 40);
    office_sends(&w, 200, 60, KIND(ENROL));
    office_sends(&w, 201, 61, KIND(ENROL));
    const struct seat another[] = {{62, 72, ACTIVE}};
    link_roster(&w, LINK, COLLECTOR_KEY, 50, false, false, another, 1);
    office_sends(&w, 202, 63, KIND(ENROL));
    (void)refused(&w, 202, WHY(LIMIT));
    world_done(&w);
}

/* The change that names a newcomer was lost with the collector's link: does the whole roster that
 * comes with the next one make the same room, from all its connections? */
static void test_whole_roster_makes_room(void **state)
{
    (void)state;
    struct world w;
    up_for_many(&w);
    office_sends(&w, 5, 10, KIND(ENROL));
    office_sends(&w, 6, 10, KIND(ENROL));
    assert_int_equal(broker_stranger_count(w.broker), 2);
    const struct seat now[] = {{1, 11, ACTIVE}, {10, 20, ACTIVE}};
    link_up(&w, LINK + 1, COLLECTOR_KEY, 1, now, 2);
    assert_int_equal(broker_stranger_count(w.broker), 0);
    office_sends(&w, 7, 12, KIND(ENROL));
    forwarded(&w, LINK + 1, 7, 12, 0);
    world_done(&w);
}

static void test_enrolment_closed(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    assert_true(broker_admits(w.broker, BROKER_DOMAIN_OFFICES, key_of(7)));
    struct broker_config closed = w.config;
    closed.enrolment = false;
    assert_int_equal(broker_reconfigure(w.broker, &closed, NULL), ESEP_OK);
    assert_false(broker_admits(w.broker, BROKER_DOMAIN_OFFICES, key_of(7)));
    assert_true(broker_admits(w.broker, BROKER_DOMAIN_OFFICES, key_of(1)));
    office_sends(&w, 5, 7, KIND(ENROL));
    (void)refused(&w, 5, WHY(NOT_ENROLLED));
    office_sends(&w, 6, 2, KIND(ENROL));
    (void)refused(&w, 6, WHY(NOT_ENROLLED));
    closed.conns_max++;
    struct esep_reason reason;
    assert_int_equal(broker_reconfigure(w.broker, &closed, &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "limits.connections"));
    world_done(&w);
}

/* Fewer strangers are allowed than are here: are those longest unheard of forgotten, and no one
 * else, and is the deadline at once? */
static void test_fewer_strangers_allowed(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    office_sends(&w, 4, 1, KIND(HELLO));
    office_sends(&w, 5, 7, KIND(ENROL));
    office_sends(&w, 6, 8, KIND(ENROL));
    assert_int_equal(broker_stranger_count(w.broker), 2);
    struct broker_config tight = w.config;
    tight.strangers_max = 1;
    assert_int_equal(broker_reconfigure(w.broker, &tight, NULL), ESEP_OK);
    assert_true(broker_deadline(w.broker) <= w.now);
    broker_on_time(w.broker, w.now);
    const struct broker_effect *effect = broker_peek(w.broker);
    assert_non_null(effect);
    assert_int_equal(effect->kind, BROKER_EFFECT_SEND_COLLECTOR); /* Gone: 5 */
    while (broker_peek(w.broker) != NULL)
        broker_pop(w.broker);
    assert_int_equal(broker_stranger_count(w.broker), 1);
    assert_int_equal(broker_conn_count(w.broker), 2);
    assert_true(broker_deadline(w.broker) > w.now);
    world_done(&w);
}

/* A flood of rubbish: four answers, then two a second; every one is counted. */
static void test_refusals_do_not_amplify(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    size_t said = 0;
    for (int i = 0; i < 100; i++) {
        office_sends(&w, 5, 3, KIND(HELLO));
        said += w.out_count;
    }
    assert_int_equal(said, 4);
    assert_int_equal(broker_counter(w.broker, BROKER_REFUSED_REVOKED), 100);
    assert_int_equal(broker_counter(w.broker, BROKER_REFUSALS_UNSAID), 96);
    w.now += SECOND / 2;
    office_sends(&w, 5, 3, KIND(HELLO));
    (void)refused(&w, 5, WHY(REVOKED));
    world_done(&w);
}

/* An office that cannot be reached: its connection is forgotten, the collector told. */
static void test_reply_cannot_be_delivered(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    office_sends(&w, 5, 1, KIND(HELLO));
    Esep__V1__To to;
    esep__v1__to__init(&to);
    to.conn = 5;
    Esep__V1__LinkUp message;
    esep__v1__link_up__init(&message);
    message.what_case = ESEP__V1__LINK_UP__WHAT_TO;
    message.to = &to;
    uint8_t packed[32];
    const struct esep_slice parts[2] = {
        esep_slice(packed, esep__v1__link_up__pack(&message, packed)),
        envelope_of(KIND(RECEIPT), 50)};
    broker_on_collector_frame(w.broker, LINK, key_of(COLLECTOR_KEY), parts, 2, w.now);
    const struct broker_effect *effect = broker_peek(w.broker);
    assert_int_equal(effect->kind, BROKER_EFFECT_SEND_OFFICE);
    assert_int_equal(effect->conn, 5);
    assert_ptr_equal(effect->parts[0].data, parts[1].data);
    broker_failed(w.broker, ESEP_AGAIN, w.now);
    world_take(&w);
    assert_int_equal(w.out_count, 1);
    assert_int_equal(down_at(&w, 0)->gone->conn, 5);
    assert_int_equal(broker_conn_count(w.broker), 0);
    assert_int_equal(broker_counter(w.broker, BROKER_REPLIES), 0);
    assert_int_equal(broker_counter(w.broker, BROKER_CONNS_LOST), 1);
    world_done(&w);
}

/* Frames cut short, empty, or of another version never reach a collector. */
static void test_bad_frames(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    const struct esep_slice good = envelope_of(KIND(HELLO), 20);
    uint8_t bytes[128];
    memcpy(bytes, good.data, good.len);
    for (size_t len = 0; len < good.len; len++) {
        w.now += SECOND;
        link_beats(&w, LINK, COLLECTOR_KEY, false);
        office_sends_bytes(&w, 5, 1, esep_slice(bytes, len));
        (void)refused(&w, 5, WHY(MALFORMED));
    }
    w.now += SECOND;
    assert_int_equal(bytes[1], 1); /* the version */
    bytes[1] = 2;
    office_sends_bytes(&w, 5, 1, esep_slice(bytes, good.len));
    (void)refused(&w, 5, WHY(VERSION));
    static const uint32_t kinds[] = {0, 32, 33, UINT32_MAX};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        w.now += SECOND;
        link_beats(&w, LINK, COLLECTOR_KEY, false);
        office_sends(&w, 5, 1, (Esep__V1__Kind)kinds[i]);
        (void)refused(&w, 5, WHY(MALFORMED));
    }
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forwarded_untouched),
        cmocka_unit_test(test_from_cannot_be_forged),
        cmocka_unit_test(test_kinds_by_admission),
        cmocka_unit_test(test_revocation_between_two_frames),
        cmocka_unit_test(test_stamp_follows_enrolment),
        cmocka_unit_test(test_frame_bucket_is_exact),
        cmocka_unit_test(test_byte_bucket_and_size),
        cmocka_unit_test(test_roster_swap_keeps_limits),
        cmocka_unit_test(test_strangers_are_limited_hard),
        cmocka_unit_test(test_a_replaced_key_says_hello_alone),
        cmocka_unit_test(test_newcomers_make_room),
        cmocka_unit_test(test_whole_roster_makes_room),
        cmocka_unit_test(test_enrolment_closed),
        cmocka_unit_test(test_fewer_strangers_allowed),
        cmocka_unit_test(test_refusals_do_not_amplify),
        cmocka_unit_test(test_reply_cannot_be_delivered),
        cmocka_unit_test(test_bad_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
