/* A broker that finds no memory; Joins, rosters and messages that are malformed; what an operator
 * asks of what is not there. Is each refused as a whole, and said? */
#include "harness.h"
#include "nomem.h"
#include "wire/statement.h"
#include "wire/unpack.h"
#include "world.h"

static void test_a_broker_that_cannot_be_made(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    for (unsigned nth = 1;; nth++) {
        struct broker *b = NULL;
        nomem_arm(nth);
        enum esep_status status = broker_new(&b, &w.config, w.now);
        if (!nomem_disarm()) {
            assert_int_equal(status, ESEP_OK);
            assert_int_equal(nth,
                             10); /* itself, two tables of two, three of connections, the arena */
            broker_free(b);
            break;
        }
        assert_int_equal(status, ESEP_NOMEM);
        assert_null(b);
    }
    broker_free(NULL);
    world_done(&w);
}

static void test_names_and_places_that_are_none(void **state)
{
    (void)state;
    struct world w;
    struct broker_collector_info info;
    world_init(&w);
    for (int i = 0; i < BROKER_COUNTERS; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(broker_counter_name((enum broker_counter)i),
                                    broker_counter_name((enum broker_counter)k));
    assert_string_equal(broker_counter_name(BROKER_COUNTERS), "unknown");
    assert_int_equal(broker_counter(w.broker, BROKER_COUNTERS), 0);
    assert_false(broker_collector_at(w.broker, 0, &info)); /* nobody has joined */
    assert_false(broker_collector_at(w.broker, BROKER_COLLECTORS_MAX, &info));
    link_up(&w, 1, COLLECTOR_KEY, 1, NULL, 0);
    assert_true(broker_collector_at(w.broker, 0, &info));
    world_done(&w);
}

/* One length of a Join is wrong: refused before anything of it is looked at. */
static void test_joins_that_are_malformed(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct world w;
        world_init(&w);
        link_challenged(&w, 1, COLLECTOR_KEY);
        uint8_t engine_id[16] = {1}, signature[ESEP_SIGNATURE_BYTES];
        char name[] = "c1";
        const struct esep_hash said =
            esep_join_statement(w.nonce, &w.config.log_id, engine_id, key_of(BROKER_KEY));
        esep_sign(&w.log_key, esep_slice(said.bytes, sizeof said.bytes), signature);
        Esep__V1__Join join;
        Esep__V1__LinkUp up;
        esep__v1__join__init(&join);
        esep__v1__link_up__init(&up);
        join.log_id = esep_pb(w.config.log_id.bytes, ESEP_HASH_BYTES - (i == 0));
        join.log_key = esep_pb(w.log_key.public, ESEP_KEY_BYTES - (i == 1));
        join.engine_id = esep_pb(engine_id, sizeof engine_id - (i == 2));
        join.signature = esep_pb(signature, sizeof signature - (i == 3));
        join.name = name;
        up.what_case = ESEP__V1__LINK_UP__WHAT_JOIN;
        up.join = &join;
        link_sends(&w, 1, COLLECTOR_KEY, &up, NULL);
        const Esep__V1__LinkDown *down = down_at(&w, 0);
        assert_int_equal(down->what_case, ESEP__V1__LINK_DOWN__WHAT_REFUSED);
        assert_non_null(strstr(down->refused->text, "malformed"));
        office_sends(&w, 9, 1, KIND(HELLO)); /* and nobody is served by it */
        assert_int_equal(w.out[0].kind, BROKER_EFFECT_SEND_OFFICE);
        world_done(&w);
    }
}

static void test_messages_of_no_or_many_parts(void **state)
{
    (void)state;
    struct world w;
    const struct esep_slice parts[3] = {
        {(const uint8_t *)"", 0}, {(const uint8_t *)"", 0}, {(const uint8_t *)"", 0}};
    world_init(&w);
    link_up(&w, 1, COLLECTOR_KEY, 1, NULL, 0);
    for (size_t count = 0; count <= 3; count += 3) {
        broker_on_collector_frame(w.broker, 1, key_of(COLLECTOR_KEY), parts, count, w.now);
        world_take(&w);
        noted(&w, BROKER_NOTE_COLLECTOR_MALFORMED);
    }
    world_done(&w);
}

/* An entry that is none is left out, and the others count. */
static void test_roster_entries_that_are_none(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    const struct seat seats[] = {
        {1, 11, ACTIVE},
        {2, 12, ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_UNSPECIFIED},
        {3, 13, (Esep__V1__OfficeAdmission)77},
    };
    link_up(&w, 1, COLLECTOR_KEY, 1, seats, 3);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, 1, 5, 1, 11);
    office_sends(&w, 6, 2, KIND(HELLO));
    refused(&w, 6, WHY(NOT_ENROLLED));
    office_sends(&w, 7, 3, KIND(HELLO));
    refused(&w, 7, WHY(NOT_ENROLLED));
    world_done(&w);
}

/* A change, not a whole roster: what fits counts, what does not is said; a key that is too short is
 * nobody's. */
static void test_changes_that_do_not_fit(void **state)
{
    (void)state;
    struct world w;
    struct seat many[9];
    world_init(&w);
    for (unsigned i = 0; i < 9; i++)
        many[i] = (struct seat){i + 1, 11 + i, ACTIVE};
    link_up(&w, 1, COLLECTOR_KEY, 1, many, 1);
    link_roster(&w, 1, COLLECTOR_KEY, 2, false, true, many, 9); /* it holds eight */
    noted(&w, BROKER_NOTE_ROSTER_FULL);
    office_sends(&w, 8, 8, KIND(HELLO));
    forwarded(&w, 1, 8, 8, 18);
    office_sends(&w, 9, 9, KIND(HELLO));
    refused(&w, 9, WHY(NOT_ENROLLED));
    world_done(&w);

    world_init(&w);
    link_up(&w, 1, COLLECTOR_KEY, 1, many, 1);
    char body[] = "moj";
    Esep__V1__RosterEntry entry, *entries[] = {&entry};
    Esep__V1__Roster roster;
    Esep__V1__LinkUp up;
    esep__v1__roster_entry__init(&entry);
    esep__v1__roster__init(&roster);
    esep__v1__link_up__init(&up);
    entry.curve_key = esep_pb(key_of(2), ESEP_KEY_BYTES - 1);
    entry.admission = ACTIVE;
    entry.body = body;
    roster.version = 2;
    roster.n_entries = 1;
    roster.entries = entries;
    up.what_case = ESEP__V1__LINK_UP__WHAT_ROSTER;
    up.roster = &roster;
    link_sends(&w, 1, COLLECTOR_KEY, &up, NULL);
    noted(&w, BROKER_NOTE_COLLECTOR_MALFORMED);
    assert_int_equal(broker_office_count(w.broker), 1);
    world_done(&w);
}

/* As many collectors as it holds have joined: who comes then is told so, and shakes nobody. */
static void test_more_collectors_than_it_holds(void **state)
{
    (void)state;
    struct world w;
    const struct seat seats[] = {{1, 11, ACTIVE}};
    world_init(&w);
    for (uint64_t conn = 1; conn <= BROKER_COLLECTORS_MAX; conn++)
        link_up(&w, conn, COLLECTOR_KEY + conn % 2, 1, seats, 1);
    link_beats(&w, 99, COLLECTOR_KEY, false);
    assert_int_equal(w.out[0].conn, 99);
    assert_non_null(strstr(down_at(&w, 0)->refused->text, "as many collectors"));
    noted(&w, BROKER_NOTE_COLLECTOR_REFUSED);
    for (size_t i = 0; i < BROKER_COLLECTORS_MAX; i++) {
        struct broker_collector_info info;
        assert_true(broker_collector_at(w.broker, i, &info));
        assert_true(info.joined && info.conn != 99);
    }
    world_done(&w);
}

/* Words that come twice, late, or from a newer collector change nothing, and end nothing. */
static void test_words_out_of_turn(void **state)
{
    (void)state;
    struct world w;
    const struct seat seats[] = {{1, 11, ACTIVE}};
    world_init(&w);
    link_up(&w, 1, COLLECTOR_KEY, 1, seats, 1);
    link_joins(&w, 1, COLLECTOR_KEY, 1); /* once more */
    assert_int_equal(w.out_count, 0);
    Esep__V1__To to;
    Esep__V1__Gone gone;
    Esep__V1__LinkUp up;
    esep__v1__to__init(&to);
    esep__v1__gone__init(&gone);
    esep__v1__link_up__init(&up);
    link_sends(&w, 1, COLLECTOR_KEY, &up, NULL); /* a word that this broker does not know */
    assert_int_equal(w.out_count, 0);
    office_sends(&w, 5, 1, KIND(HELLO));
    to.conn = 5;
    up.what_case = ESEP__V1__LINK_UP__WHAT_TO;
    up.to = &to;
    link_sends(&w, 1, COLLECTOR_KEY, &up, NULL); /* a reply without the reply */
    assert_int_equal(w.out_count, 0);
    gone.conn = 77;
    up.what_case = ESEP__V1__LINK_UP__WHAT_CLOSE;
    up.close = &gone;
    link_sends(&w, 1, COLLECTOR_KEY, &up, NULL); /* a connection that is gone already */
    assert_int_equal(w.out_count, 0);
    assert_int_equal(broker_conn_count(w.broker), 1);
    office_sends(&w, 5, 1, KIND(PING));
    forwarded(&w, 1, 5, 1, 11);
    world_done(&w);
}

/* A collector that was going down takes it back: frames go to it again. */
static void test_going_down_is_taken_back(void **state)
{
    (void)state;
    struct world w;
    const struct seat seats[] = {{1, 11, ACTIVE}};
    world_init(&w);
    link_up(&w, 1, COLLECTOR_KEY, 1, seats, 1);
    link_beats(&w, 1, COLLECTOR_KEY, true);
    noted(&w, BROKER_NOTE_COLLECTOR_DRAINING);
    office_sends(&w, 5, 1, KIND(HELLO));
    refused(&w, 5, WHY(WAIT));
    link_beats(&w, 1, COLLECTOR_KEY, false);
    for (size_t i = 0; i < w.out_count; i++)
        assert_int_not_equal(w.out[i].kind == BROKER_EFFECT_NOTE ? (int)w.out[i].note : 0,
                             BROKER_NOTE_COLLECTOR_DRAINING);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, 1, 5, 1, 11);
    world_done(&w);
}

/* libzmq gave the connection's number to another collector: it has to join like everybody. */
static void test_link_number_reused(void **state)
{
    (void)state;
    struct world w;
    const struct seat seats[] = {{1, 11, ACTIVE}};
    world_init(&w);
    link_up(&w, 1, COLLECTOR_KEY, 1, seats, 1);
    link_beats(&w, 1, COLLECTOR_KEY + 1, false);
    noted(&w, BROKER_NOTE_COLLECTOR_LOST);
    assert_int_equal(down_at(&w, w.out_count - 1)->what_case, ESEP__V1__LINK_DOWN__WHAT_CHALLENGE);
    office_sends(&w, 5, 1, KIND(HELLO));
    refused(&w, 5, WHY(WAIT));
    /* What is no LinkUp from who has not joined is said without a name. */
    const struct esep_slice junk = esep_slice_str("\xff\xff");
    broker_on_collector_frame(w.broker, 1, key_of(COLLECTOR_KEY + 1), &junk, 1, w.now);
    world_take(&w);
    assert_non_null(strstr(w.out[0].text, "\"?\""));
    world_done(&w);
}

/* What an operator sees of an office: never here, here, and gone silent. */
static void test_office_that_an_operator_sees(void **state)
{
    (void)state;
    struct world w;
    const struct seat seats[] = {{1, 11, ACTIVE}};
    struct broker_office_info info;
    world_init(&w);
    link_up(&w, 1, COLLECTOR_KEY, 1, seats, 1);
    broker_office_at(w.broker, 0, w.now, &info);
    assert_false(info.online);
    assert_int_equal(info.seen_at, 0);
    office_sends(&w, 5, 1, KIND(HELLO));
    const esep_time seen = w.now;
    broker_office_at(w.broker, 0, w.now + 59 * SECOND, &info);
    assert_true(info.online);
    broker_office_at(w.broker, 0, w.now + 60 * SECOND, &info);
    assert_false(info.online);
    assert_int_equal(info.seen_at, seen);
    assert_int_equal(info.frames, 1);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_broker_that_cannot_be_made),
        cmocka_unit_test(test_names_and_places_that_are_none),
        cmocka_unit_test(test_joins_that_are_malformed),
        cmocka_unit_test(test_messages_of_no_or_many_parts),
        cmocka_unit_test(test_roster_entries_that_are_none),
        cmocka_unit_test(test_changes_that_do_not_fit),
        cmocka_unit_test(test_more_collectors_than_it_holds),
        cmocka_unit_test(test_words_out_of_turn),
        cmocka_unit_test(test_going_down_is_taken_back),
        cmocka_unit_test(test_link_number_reused),
        cmocka_unit_test(test_office_that_an_operator_sees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
