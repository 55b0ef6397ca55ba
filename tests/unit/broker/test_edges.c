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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_broker_that_cannot_be_made),
        cmocka_unit_test(test_names_and_places_that_are_none),
        cmocka_unit_test(test_joins_that_are_malformed),
        cmocka_unit_test(test_messages_of_no_or_many_parts),
        cmocka_unit_test(test_roster_entries_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
