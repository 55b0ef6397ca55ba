/* The offices' connections: how many, how old, whose? Who is heard of stays, who is not gives way.
 */
#include "harness.h"
#include "world.h"

/* A connection unheard of for a minute is forgotten, and the collector told; others stay. */
static void test_idle_connections(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    office_sends(&w, 5, 1, KIND(HELLO));
    w.now += 30 * SECOND;
    link_beats(&w, LINK, COLLECTOR_KEY, false);
    office_sends(&w, 6, 1, KIND(HELLO));
    w.now += 30 * SECOND;
    link_beats(&w, LINK, COLLECTOR_KEY, false);
    assert_true(broker_deadline(w.broker) <= w.now);
    broker_on_time(w.broker, w.now);
    world_take(&w);
    assert_int_equal(w.out_count, 2); /* a beat, a Gone */
    assert_int_equal(down_at(&w, 0)->what_case, ESEP__V1__LINK_DOWN__WHAT_BEAT);
    const Esep__V1__LinkDown *down = down_at(&w, 1);
    assert_int_equal(down->what_case, ESEP__V1__LINK_DOWN__WHAT_GONE);
    assert_int_equal(down->gone->conn, 5);
    assert_int_equal(broker_conn_count(w.broker), 1);
    assert_true(broker_deadline(w.broker) > w.now);
    world_done(&w);
}

/* 1, 2 and 3, a second apart. */
static void three_of_one_key(struct world *w)
{
    world_up(w);
    for (uint64_t conn = 1; conn <= 3; conn++) {
        office_sends(w, conn, 1, KIND(HELLO));
        w->now += SECOND;
    }
}

/* On a bad link an office leaves dead connections behind: the oldest gives way, not the newest. */
static void test_connections_of_one_key(void **state)
{
    (void)state;
    struct world w;
    three_of_one_key(&w);
    office_sends(&w, 4, 1, KIND(HELLO));
    assert_int_equal(w.out_count, 2);
    assert_int_equal(down_at(&w, 0)->gone->conn, 1);
    assert_int_equal(down_at(&w, 1)->what_case, ESEP__V1__LINK_DOWN__WHAT_FROM);
    assert_int_equal(broker_conn_count(w.broker), 3);
    world_done(&w);
}

/* Heard of again, the oldest connection is the oldest no longer. */
static void test_connection_heard_again(void **state)
{
    (void)state;
    struct world w;
    three_of_one_key(&w);
    office_sends(&w, 1, 1, KIND(PING));
    office_sends(&w, 4, 1, KIND(HELLO));
    assert_int_equal(down_at(&w, 0)->gone->conn, 2);
    world_done(&w);
}

/* Who came in before there was a roster to tell strangers by is one from the roster on, and over
 * their limit goes. */
static void test_strangers_of_before_the_roster(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    for (unsigned i = 0; i < 3; i++) {
        office_sends(&w, 5 + i, 20 + i, KIND(ENROL));
        (void)refused(&w, 5 + i, WHY(WAIT));
    }
    assert_int_equal(broker_conn_count(w.broker), 3);
    link_up(&w, LINK, COLLECTOR_KEY, 1, NULL, 0);
    for (unsigned i = 0; i < 2; i++) {
        office_sends(&w, 5 + i, 20 + i, KIND(ENROL));
        forwarded(&w, LINK, 5 + i, 20 + i, 0);
    }
    office_sends(&w, 7, 22, KIND(ENROL));
    (void)refused(&w, 7, WHY(LIMIT));
    assert_int_equal(broker_conn_count(w.broker), 2);
    assert_int_equal(broker_stranger_count(w.broker), 2);
    world_done(&w);
}

/* The table is full: is the newcomer told, and are those inside left alone? */
static void test_table_full(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    struct broker_config wide = w.config;
    wide.conns_per_key_max = 100;
    assert_int_equal(broker_reconfigure(w.broker, &wide, NULL), ESEP_OK);
    for (uint64_t conn = 1; conn <= 16; conn++) {
        w.now += SECOND;
        link_beats(&w, LINK, COLLECTOR_KEY, false);
        office_sends(&w, conn, 1, KIND(PING));
        forwarded(&w, LINK, conn, 1, 11);
    }
    office_sends(&w, 17, 1, KIND(PING));
    (void)refused(&w, 17, WHY(LIMIT));
    assert_int_equal(broker_conn_count(w.broker), 16);
    world_done(&w);
}

/* libzmq's numbers come round again: the same number under another key is another connection. */
static void test_number_reused(void **state)
{
    (void)state;
    struct world w;
    world_up(&w);
    office_sends(&w, 5, 1, KIND(HELLO));
    office_sends(&w, 5, 2, KIND(ENROL));
    assert_int_equal(w.out_count, 2);
    assert_int_equal(down_at(&w, 0)->gone->conn, 5);
    assert_int_equal(down_at(&w, 1)->from->office, 12);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_idle_connections),
        cmocka_unit_test(test_connections_of_one_key),
        cmocka_unit_test(test_connection_heard_again),
        cmocka_unit_test(test_strangers_of_before_the_roster),
        cmocka_unit_test(test_table_full),
        cmocka_unit_test(test_number_reused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
