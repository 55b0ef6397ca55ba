/* What becomes of what could not be sent, of what one turn cannot say, and of who waits while the
 * broker goes down? Nothing is owed to who is gone, and nobody is forgotten for it. */
#include "harness.h"
#include "wire/envelope.h"
#include "world.h"

#define STANDBY 901u

static const struct seat seats[] = {{1, 11, ACTIVE}};

/* Takes the effect at the head away, as one that could not be sent. */
static void head_fails(struct world *w, enum broker_effect_kind kind, uint64_t conn,
                       enum esep_status status)
{
    assert_non_null(broker_peek(w->broker));
    assert_int_equal(broker_peek(w->broker)->kind, kind);
    assert_int_equal(broker_peek(w->broker)->conn, conn);
    broker_failed(w->broker, status, w->now);
}

/* The office does not read: the refusal is dropped and counted, its connection is kept. */
static void test_refusal_finds_a_full_queue(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, LINK, COLLECTOR_KEY, 1, seats, 1);
    broker_on_office_frame(w.broker, 5, key_of(1), envelope_of(KIND(ORDER), 20), w.now);
    head_fails(&w, BROKER_EFFECT_SEND_OFFICE, 5, ESEP_AGAIN);
    assert_null(broker_peek(w.broker));
    assert_int_equal(broker_counter(w.broker, BROKER_REFUSALS_UNSAID), 1);
    assert_int_equal(broker_counter(w.broker, BROKER_CONNS_LOST), 0);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, LINK, 5, 1, 11);
    world_done(&w);
}

/* Its connection is gone: it is forgotten, and no collector is told of what it never heard of. */
static void test_refusal_finds_nobody(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, LINK, COLLECTOR_KEY, 1, seats, 1);
    broker_on_office_frame(w.broker, 5, key_of(1), envelope_of(KIND(ORDER), 20), w.now);
    head_fails(&w, BROKER_EFFECT_SEND_OFFICE, 5, ESEP_NOT_FOUND);
    assert_null(broker_peek(w.broker));
    assert_int_equal(broker_counter(w.broker, BROKER_CONNS_LOST), 1);
    assert_int_equal(broker_conn_count(w.broker), 0);
    /* Two strangers are here, a third is told so; it had no record that could be forgotten. */
    office_sends(&w, 6, 6, KIND(ENROL));
    office_sends(&w, 7, 7, KIND(ENROL));
    broker_on_office_frame(w.broker, 8, key_of(8), envelope_of(KIND(ENROL), 20), w.now);
    head_fails(&w, BROKER_EFFECT_SEND_OFFICE, 8, ESEP_NOT_FOUND);
    assert_null(broker_peek(w.broker));
    assert_int_equal(broker_counter(w.broker, BROKER_CONNS_LOST), 1);
    assert_int_equal(broker_stranger_count(w.broker), 2);
    world_done(&w);
}

/* A beat that finds the collector's queue full is no sign that it is gone. */
static void test_beat_finds_a_full_queue(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, LINK, COLLECTOR_KEY, 1, seats, 1);
    w.now += 2 * SECOND;
    broker_on_time(w.broker, w.now);
    head_fails(&w, BROKER_EFFECT_SEND_COLLECTOR, LINK, ESEP_AGAIN);
    assert_null(broker_peek(w.broker));
    assert_int_equal(broker_counter(w.broker, BROKER_COLLECTORS_LOST), 0);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, LINK, 5, 1, 11);
    world_done(&w);
}

/* Two things were on their way to a collector whose connection is gone: it is lost once. */
static void test_collector_is_lost_once(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, LINK, COLLECTOR_KEY, 1, seats, 1);
    office_sends(&w, 5, 1, KIND(HELLO));
    w.now += 60 * SECOND; /* unheard of for a minute, as the broker was stopped for that time */
    link_beats(&w, LINK, COLLECTOR_KEY, false);
    broker_on_time(w.broker, w.now); /* a beat, and that connection 5 is gone */
    head_fails(&w, BROKER_EFFECT_SEND_COLLECTOR, LINK, ESEP_NOT_FOUND);
    head_fails(&w, BROKER_EFFECT_SEND_COLLECTOR, LINK, ESEP_NOT_FOUND);
    world_take(&w);
    assert_int_equal(w.out_count, 1);
    noted(&w, BROKER_NOTE_COLLECTOR_LOST);
    assert_int_equal(broker_counter(w.broker, BROKER_COLLECTORS_LOST), 1);
    world_done(&w);
}

/* An office that was served by a collector is idle when none is here: nobody is told, and nobody
 * has to be; whoever joins later knows nothing of it. */
static void test_idle_while_no_collector_is_here(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, LINK, COLLECTOR_KEY, 1, seats, 1);
    office_sends(&w, 5, 1, KIND(HELLO));
    w.now += 60 * SECOND;
    broker_on_time(w.broker, w.now);
    world_take(&w);
    assert_int_equal(w.out_count, 1);
    noted(&w, BROKER_NOTE_COLLECTOR_LOST);
    assert_int_equal(broker_conn_count(w.broker), 0);
    world_done(&w);
}

/* More connections end at once than one turn has room to tell: the rest follows, at once. */
static void test_more_go_than_one_turn_tells(void **state)
{
    (void)state;
    enum { MANY = 60 };
    struct world w;
    world_init(&w);
    broker_free(w.broker);
    w.config.conns_max = MANY;
    w.config.conns_per_key_max = MANY;
    w.config.frames = (struct broker_rate){1000, MANY};
    w.config.bytes = (struct broker_rate){100000, 1000000};
    assert_int_equal(broker_new(&w.broker, &w.config, w.now), ESEP_OK);
    link_up(&w, LINK, COLLECTOR_KEY, 1, seats, 1);
    for (uint64_t conn = 1; conn <= MANY; conn++) {
        office_sends(&w, conn, 1, KIND(HELLO));
        forwarded(&w, LINK, conn, 1, 11);
    }
    w.now += 60 * SECOND;
    link_beats(&w, LINK, COLLECTOR_KEY, false);
    uint64_t told = 0;
    for (int turns = 0; broker_conn_count(w.broker) > 0; turns++) {
        assert_true(turns < 3);
        assert_true(broker_deadline(w.broker) <= w.now);
        broker_on_time(w.broker, w.now);
        world_take(&w);
        for (size_t i = 0; i < w.out_count; i++) {
            if (down_at(&w, i)->what_case == ESEP__V1__LINK_DOWN__WHAT_GONE) {
                assert_int_equal(down_at(&w, i)->gone->conn, ++told); /* the oldest first */
            }
        }
    }
    assert_int_equal(told, MANY);
    assert_true(broker_deadline(w.broker) > w.now);
    world_done(&w);
}

/* Told twice to go down, it counts from the first; and where no office is here, it is down. */
static void test_going_down(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, LINK, COLLECTOR_KEY, 1, seats, 1);
    office_sends(&w, 5, 1, KIND(HELLO));
    assert_false(broker_drained(w.broker, w.now));
    broker_drain(w.broker, w.now);
    world_take(&w);
    w.now += SECOND / 2;
    broker_drain(w.broker, w.now);
    world_take(&w);
    assert_int_equal(w.out_count, 0);
    assert_false(broker_drained(w.broker, w.now));
    assert_int_equal(broker_deadline(w.broker), w.now + SECOND / 2);
    w.now += SECOND / 2;
    assert_true(broker_drained(w.broker, w.now));
    world_done(&w);

    world_init(&w);
    link_challenged(&w, LINK, COLLECTOR_KEY);
    broker_drain(w.broker, w.now);
    world_take(&w);
    assert_int_equal(w.out_count, 0); /* who has not joined is not told */
    assert_true(broker_drained(w.broker, w.now));
    world_done(&w);
}

/* A standby hears nothing of who takes over, as long as it is not itself. */
static void test_second_standby_hears_nothing(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, LINK, COLLECTOR_KEY, 1, seats, 1);
    link_up(&w, STANDBY, COLLECTOR_KEY + 1, 1, seats, 1);
    w.config.collector_key_count = 3;
    memcpy(w.config.collector_keys[2], key_of(COLLECTOR_KEY + 2), ESEP_KEY_BYTES);
    assert_int_equal(broker_reconfigure(w.broker, &w.config, NULL), ESEP_OK);
    link_up(&w, STANDBY + 1, COLLECTOR_KEY + 2, 1, seats, 1);
    broker_on_office_frame(w.broker, 5, key_of(1), envelope_of(KIND(HELLO), 20), w.now);
    head_fails(&w, BROKER_EFFECT_SEND_COLLECTOR, LINK, ESEP_NOT_FOUND);
    world_take(&w);
    for (size_t i = 0; i < w.out_count; i++) {
        assert_int_not_equal(w.out[i].conn, STANDBY + 1);
    }
    assert_int_equal(w.out[w.out_count - 1].conn, STANDBY);
    assert_int_equal(w.out[w.out_count - 1].part_count, 2);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusal_finds_a_full_queue),
        cmocka_unit_test(test_refusal_finds_nobody),
        cmocka_unit_test(test_beat_finds_a_full_queue),
        cmocka_unit_test(test_collector_is_lost_once),
        cmocka_unit_test(test_idle_while_no_collector_is_here),
        cmocka_unit_test(test_more_go_than_one_turn_tells),
        cmocka_unit_test(test_going_down),
        cmocka_unit_test(test_second_standby_hears_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
