/* tests/unit/broker/test_link.c - which collector is let in, and what do offices learn of it? */
#include "harness.h"
#include "world.h"

#define FIRST 900u
#define SECOND_LINK 901u

static const struct seat seats[] = {{1, 11, ACTIVE}};

static const char *join_refused(struct world *w, uint64_t conn)
{
    assert_int_equal(w->out[0].conn, conn);
    const Esep__V1__LinkDown *down = down_at(w, 0);
    assert_int_equal(down->what_case, ESEP__V1__LINK_DOWN__WHAT_REFUSED);
    noted(w, BROKER_NOTE_COLLECTOR_REFUSED);
    return down->refused->text;
}

/* Before anybody joined, until the roster is whole, and while it is: what are offices told? */
static void test_offices_wait_until_the_roster_is_whole(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_true(broker_admits(w.broker, BROKER_DOMAIN_OFFICES, key_of(1)));
    office_sends(&w, 5, 1, KIND(HELLO));
    assert_int_equal(refused(&w, 5, WHY(WAIT))->retry_after_ms, 5000);
    link_challenged(&w, FIRST, COLLECTOR_KEY);
    link_joins(&w, FIRST, COLLECTOR_KEY, 1);
    noted(&w, BROKER_NOTE_COLLECTOR_JOINED);
    assert_true(down_at(&w, 0)->joined->primary);
    office_sends(&w, 5, 1, KIND(HELLO));
    (void)refused(&w, 5, WHY(WAIT));
    link_roster(&w, FIRST, COLLECTOR_KEY, 9, true, false, seats, 1);
    office_sends(&w, 5, 1, KIND(HELLO));
    (void)refused(&w, 5, WHY(WAIT));
    link_roster(&w, FIRST, COLLECTOR_KEY, 9, true, true, NULL, 0);
    noted(&w, BROKER_NOTE_ROSTER_READY);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, FIRST, 5, 1, 11);
    world_done(&w);
}

/* Another log, another key, a bad signature, another engine: each is refused with its reason. */
static void test_join_refused(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);

    struct world liar = w; /* what the collector believes; the broker is the same */
    link_challenged(&liar, FIRST, COLLECTOR_KEY);
    memset(liar.config.log_id.bytes, 0x22, ESEP_HASH_BYTES);
    link_joins(&liar, FIRST, COLLECTOR_KEY, 1);
    assert_non_null(strstr(join_refused(&liar, FIRST), "another log"));

    liar.config = w.config;
    link_challenged(&liar, FIRST, COLLECTOR_KEY);
    const uint8_t seed[32] = {8};
    esep_sign_key_from_seed(&liar.log_key, seed);
    link_joins(&liar, FIRST, COLLECTOR_KEY, 1);
    assert_non_null(strstr(join_refused(&liar, FIRST), "log key"));

    memcpy(liar.log_key.public, w.log_key.public, ESEP_KEY_BYTES); /* claims the right key */
    link_challenged(&liar, FIRST, COLLECTOR_KEY);
    link_joins(&liar, FIRST, COLLECTOR_KEY, 1);
    assert_non_null(strstr(join_refused(&liar, FIRST), "signature"));

    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    link_challenged(&w, SECOND_LINK, COLLECTOR_KEY + 1);
    link_joins(&w, SECOND_LINK, COLLECTOR_KEY + 1, 2);
    assert_non_null(strstr(join_refused(&w, SECOND_LINK), "another store"));
    assert_int_equal(broker_counter(w.broker, BROKER_COLLECTORS_REFUSED), 4);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, FIRST, 5, 1, 11);

    /* Once the first is gone, the restored store may join. */
    w.now += 6 * SECOND;
    broker_on_time(w.broker, w.now);
    world_take(&w);
    noted(&w, BROKER_NOTE_COLLECTOR_LOST);
    link_challenged(&w, SECOND_LINK, COLLECTOR_KEY + 1);
    link_joins(&w, SECOND_LINK, COLLECTOR_KEY + 1, 2);
    noted(&w, BROKER_NOTE_COLLECTOR_JOINED);
    world_done(&w);
}

/* The log's key, twice replaced: by the word of the keys before it a broker lets its collector in,
 * and from then on nobody who knows less. */
static void test_join_by_a_newer_key(void **state)
{
    (void)state;
    struct world w;
    struct esep_log_keys keys;
    struct esep_sign_key newer[2];
    world_init(&w);
    const struct esep_sign_key first = w.log_key;
    esep_log_keys_begin(&keys, first.public);
    for (uint8_t i = 0; i < 2; i++) {
        const uint8_t seed[32] = {77, i};
        struct esep_log_key key = {.size = 10 + i};
        esep_sign_key_from_seed(&newer[i], seed);
        esep_log_key_sign(&w.config.log_id, i == 0 ? &first : &newer[0], &newer[i], &key);
        assert_int_equal(esep_log_keys_push(&keys, esep_log_keys_newest(&keys), &key), ESEP_OK);
    }
    w.log_key = newer[1];
    link_challenged(&w, FIRST, COLLECTOR_KEY);
    link_joins(&w, FIRST, COLLECTOR_KEY, 1); /* with nobody's word */
    assert_non_null(strstr(join_refused(&w, FIRST), "took its place"));
    w.keys = keys;
    w.keys.at[2].by_old[0] ^= 1;
    link_challenged(&w, FIRST, COLLECTOR_KEY);
    link_joins(&w, FIRST, COLLECTOR_KEY, 1);
    assert_non_null(strstr(join_refused(&w, FIRST), "took its place"));
    w.keys = keys;
    w.log_key = first; /* who has the old key alone cannot sign for the new one */
    memcpy(w.log_key.public, newer[1].public, ESEP_KEY_BYTES);
    link_challenged(&w, FIRST, COLLECTOR_KEY);
    link_joins(&w, FIRST, COLLECTOR_KEY, 1);
    assert_non_null(strstr(join_refused(&w, FIRST), "signature"));
    w.log_key = newer[1];
    link_challenged(&w, FIRST, COLLECTOR_KEY);
    link_joins(&w, FIRST, COLLECTOR_KEY, 1);
    assert_int_equal(down_at(&w, 0)->what_case, ESEP__V1__LINK_DOWN__WHAT_JOINED);
    noted(&w, BROKER_NOTE_COLLECTOR_JOINED);
    noted(&w, BROKER_NOTE_LOG_KEY);
    link_roster(&w, FIRST, COLLECTOR_KEY, 1, true, true, seats, 1);
    for (size_t known = 1; known < 3; known++) { /* a shorter chain, truly signed */
        w.keys = keys;
        w.keys.count = known;
        w.log_key = known == 1 ? first : newer[0];
        link_challenged(&w, SECOND_LINK, COLLECTOR_KEY + 1);
        link_joins(&w, SECOND_LINK, COLLECTOR_KEY + 1, 1);
        assert_non_null(strstr(join_refused(&w, SECOND_LINK), "took its place"));
    }
    world_done(&w);
}

/* A connection that was challenged and never joins, older than the collector's: it gets no frame,
 * and stands in nobody's way; also where it is the only one left. */
static void test_who_never_joins_gets_nothing(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_challenged(&w, SECOND_LINK, COLLECTOR_KEY + 1);
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, FIRST, 5, 1, 11);
    w.now += 6 * SECOND;
    link_challenged(&w, SECOND_LINK, COLLECTOR_KEY + 1);
    broker_on_time(w.broker, w.now);
    world_take(&w);
    noted(&w, BROKER_NOTE_COLLECTOR_LOST);
    office_sends(&w, 5, 1, KIND(HELLO));
    (void)refused(&w, 5, WHY(WAIT));
    world_done(&w);
}

/* Is a recorded Join worth anything, on the same connection or another? */
static void test_join_replayed(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_challenged(&w, FIRST, COLLECTOR_KEY);
    uint8_t old[32];
    memcpy(old, w.nonce, sizeof old);
    link_joins(&w, FIRST, COLLECTOR_KEY, 1);
    assert_int_equal(down_at(&w, 0)->what_case, ESEP__V1__LINK_DOWN__WHAT_JOINED);

    /* The same Join on another connection, before a challenge: a challenge is all it gets. */
    link_joins(&w, SECOND_LINK, COLLECTOR_KEY, 1);
    assert_int_equal(w.out_count, 1);
    assert_int_equal(down_at(&w, 0)->what_case, ESEP__V1__LINK_DOWN__WHAT_CHALLENGE);
    assert_memory_not_equal(down_at(&w, 0)->challenge->nonce.data, old, sizeof old);
    /* And after it: the signature is over another nonce. */
    link_joins(&w, SECOND_LINK, COLLECTOR_KEY, 1);
    assert_non_null(strstr(join_refused(&w, SECOND_LINK), "signature"));
    /* A failed Join used its nonce up. */
    link_joins(&w, SECOND_LINK, COLLECTOR_KEY, 1);
    assert_int_equal(down_at(&w, 0)->what_case, ESEP__V1__LINK_DOWN__WHAT_CHALLENGE);
    world_done(&w);
}

/* Does anything but a Join have an effect before it? */
static void test_unjoined_may_only_join(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_roster(&w, FIRST, COLLECTOR_KEY, 1, true, true, seats, 1);
    assert_int_equal(w.out_count, 1);
    assert_int_equal(down_at(&w, 0)->what_case, ESEP__V1__LINK_DOWN__WHAT_CHALLENGE);
    assert_int_equal(broker_office_count(w.broker), 0);
    link_replies(&w, FIRST, COLLECTOR_KEY, 5, envelope_of(KIND(RECEIPT), 9));
    assert_int_equal(w.out_count, 1);
    assert_int_equal(down_at(&w, 0)->what_case, ESEP__V1__LINK_DOWN__WHAT_CHALLENGE);
    /* A key that the config does not list is refused outright. */
    link_beats(&w, SECOND_LINK, 7, false);
    assert_non_null(strstr(join_refused(&w, SECOND_LINK), "collector_keys"));
    assert_false(broker_admits(w.broker, BROKER_DOMAIN_COLLECTORS, key_of(7)));
    assert_true(broker_admits(w.broker, BROKER_DOMAIN_COLLECTORS, key_of(COLLECTOR_KEY)));
    assert_int_equal(broker_counter(w.broker, BROKER_HANDSHAKES_DENIED), 1);
    world_done(&w);
}

/* Three heartbeats of silence: offices wait, with a time; then the collector comes back. */
static void test_collector_lost_and_back(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    w.now += 6 * SECOND - 1;
    broker_on_time(w.broker, w.now);
    world_take(&w);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, FIRST, 5, 1, 11);
    assert_int_equal(broker_deadline(w.broker), w.now + 1);
    w.now += 1;
    broker_on_time(w.broker, w.now);
    world_take(&w);
    noted(&w, BROKER_NOTE_COLLECTOR_LOST);
    office_sends(&w, 5, 1, KIND(HELLO));
    assert_int_equal(refused(&w, 5, WHY(WAIT))->retry_after_ms, 5000);
    /* The roster is still known: a stranger is not let in for the collector's absence. */
    office_sends(&w, 6, 7, KIND(HELLO));
    (void)refused(&w, 6, WHY(NOT_ENROLLED));
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, FIRST, 5, 1, 11);
    world_done(&w);
}

/* A second collector on the same store stands by, and takes over without a frame lost. */
static void test_standby_takes_over(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    link_challenged(&w, SECOND_LINK, COLLECTOR_KEY + 1);
    link_joins(&w, SECOND_LINK, COLLECTOR_KEY + 1, 1);
    noted(&w, BROKER_NOTE_COLLECTOR_STANDBY);
    assert_false(down_at(&w, 0)->joined->primary);
    link_roster(&w, SECOND_LINK, COLLECTOR_KEY + 1, 1, true, true, seats, 1);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, FIRST, 5, 1, 11);

    /* The first one's connection turns out dead as a frame goes to it: the frame goes on. */
    const struct esep_slice frame = envelope_of(KIND(PING), 20);
    broker_on_office_frame(w.broker, 5, key_of(1), frame, w.now);
    assert_int_equal(broker_peek(w.broker)->conn, FIRST);
    broker_failed(w.broker, ESEP_NOT_FOUND, w.now);
    world_take(&w);
    noted(&w, BROKER_NOTE_COLLECTOR_LOST);
    noted(&w, BROKER_NOTE_COLLECTOR_PRIMARY);
    const struct out *last = &w.out[w.out_count - 1];
    assert_int_equal(last->conn, SECOND_LINK);
    assert_int_equal(last->part_count, 2);
    assert_ptr_equal(last->borrowed, frame.data);
    assert_int_equal(broker_counter(w.broker, BROKER_FORWARDED), 2);

    /* The last one's connection dies too: the office is told to wait. */
    broker_on_office_frame(w.broker, 5, key_of(1), frame, w.now);
    broker_failed(w.broker, ESEP_NOT_FOUND, w.now);
    world_take(&w);
    assert_int_equal(refusal_at(&w, w.out_count - 1)->reason, WHY(WAIT));
    world_done(&w);
}

/* A revocation told by the standby alone (the primary died with it unsaid) is not lost. */
static void test_standby_revokes(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    const struct seat revoked[] = {{1, 11, REVOKED}};
    link_challenged(&w, SECOND_LINK, COLLECTOR_KEY + 1);
    link_joins(&w, SECOND_LINK, COLLECTOR_KEY + 1, 1);
    link_roster(&w, SECOND_LINK, COLLECTOR_KEY + 1, 7, true, true, revoked, 1);
    office_sends(&w, 5, 1, KIND(HELLO));
    (void)refused(&w, 5, WHY(REVOKED));
    world_done(&w);
}

/* The primary dies between two parts of the standby's roster. Who stood in the first part is
 * enrolled no less than who stands in the second. */
static void test_standby_takes_over_amid_its_roster(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    const struct seat first[] = {{1, 11, ACTIVE}};
    const struct seat rest[] = {{2, 12, ACTIVE}};
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    w.now += 4 * SECOND;
    link_challenged(&w, SECOND_LINK, COLLECTOR_KEY + 1);
    link_joins(&w, SECOND_LINK, COLLECTOR_KEY + 1, 1);
    link_roster(&w, SECOND_LINK, COLLECTOR_KEY + 1, 1, true, false, first, 1);
    w.now += 2 * SECOND;
    broker_on_time(w.broker, w.now);
    world_take(&w);
    noted(&w, BROKER_NOTE_COLLECTOR_PRIMARY);
    office_sends(&w, 5, 1, KIND(HELLO)); /* half a roster: nobody is judged by it */
    (void)refused(&w, 5, WHY(WAIT));
    link_roster(&w, SECOND_LINK, COLLECTOR_KEY + 1, 1, true, true, rest, 1);
    noted(&w, BROKER_NOTE_ROSTER_READY);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, SECOND_LINK, 5, 1, 11);
    office_sends(&w, 6, 2, KIND(HELLO));
    forwarded(&w, SECOND_LINK, 6, 2, 12);
    world_done(&w);
}

/* The primary is lost amid its own roster, and another one sends his: what came of the first is
 * forgotten, as it was never whole. */
static void test_half_a_roster_is_forgotten(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    const struct seat half[] = {{3, 13, ACTIVE}};
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    link_roster(&w, FIRST, COLLECTOR_KEY, 2, true, false, half, 1);
    broker_on_office_frame(w.broker, 5, key_of(1), envelope_of(KIND(HELLO), 20), w.now);
    broker_failed(w.broker, ESEP_NOT_FOUND, w.now);
    world_take(&w);
    noted(&w, BROKER_NOTE_COLLECTOR_LOST);
    link_up(&w, SECOND_LINK, COLLECTOR_KEY, 1, seats, 1);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, SECOND_LINK, 5, 1, 11);
    office_sends(&w, 6, 3, KIND(HELLO));
    (void)refused(&w, 6, WHY(NOT_ENROLLED));
    world_done(&w);
}

/* The same collector dials anew after its link broke: frames go to the new connection. */
static void test_same_collector_again(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    link_challenged(&w, SECOND_LINK, COLLECTOR_KEY);
    link_joins(&w, SECOND_LINK, COLLECTOR_KEY, 1);
    office_sends(&w, 5, 1, KIND(HELLO)); /* its roster is not whole yet */
    (void)refused(&w, 5, WHY(WAIT));
    link_roster(&w, SECOND_LINK, COLLECTOR_KEY, 2, true, true, seats, 1);
    office_sends(&w, 5, 1, KIND(HELLO));
    forwarded(&w, SECOND_LINK, 5, 1, 11);
    world_done(&w);
}

/* A collector that is going down takes no new frames, but its last receipts still pass. */
static void test_collector_drains(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    office_sends(&w, 5, 1, KIND(HELLO));
    link_beats(&w, FIRST, COLLECTOR_KEY, true);
    noted(&w, BROKER_NOTE_COLLECTOR_DRAINING);
    office_sends(&w, 5, 1, KIND(BATCH));
    (void)refused(&w, 5, WHY(WAIT));
    link_replies(&w, FIRST, COLLECTOR_KEY, 5, envelope_of(KIND(RECEIPT), 30));
    assert_int_equal(w.out_count, 1);
    assert_int_equal(w.out[0].kind, BROKER_EFFECT_SEND_OFFICE);
    assert_int_equal(w.out[0].conn, 5);
    /* That it then goes is no loss. */
    w.now += 6 * SECOND;
    broker_on_time(w.broker, w.now);
    world_take(&w);
    noted(&w, BROKER_NOTE_COLLECTOR_DRAINING);
    assert_int_equal(broker_counter(w.broker, BROKER_COLLECTORS_LOST), 0);
    world_done(&w);
}

/* The broker goes down: offices wait, replies pass, collectors are told. */
static void test_broker_drains(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    office_sends(&w, 5, 1, KIND(HELLO));
    broker_drain(w.broker, w.now);
    world_take(&w);
    assert_true(down_at(&w, 0)->beat->draining);
    assert_false(broker_drained(w.broker, w.now));
    assert_false(broker_admits(w.broker, BROKER_DOMAIN_OFFICES, key_of(1)));
    office_sends(&w, 5, 1, KIND(BATCH));
    (void)refused(&w, 5, WHY(WAIT));
    link_replies(&w, FIRST, COLLECTOR_KEY, 5, envelope_of(KIND(RECEIPT), 30));
    assert_int_equal(w.out[0].conn, 5);
    assert_int_equal(broker_deadline(w.broker), w.now + SECOND);
    assert_true(broker_drained(w.broker, w.now + SECOND));
    world_done(&w);
}

/* Gone both ways. */
static void test_gone_both_ways(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    link_replies(&w, FIRST, COLLECTOR_KEY, 77, envelope_of(KIND(RECEIPT), 30));
    assert_int_equal(w.out_count, 1);
    assert_int_equal(down_at(&w, 0)->gone->conn, 77);

    office_sends(&w, 5, 1, KIND(HELLO));
    Esep__V1__Gone gone;
    esep__v1__gone__init(&gone);
    gone.conn = 5;
    Esep__V1__LinkUp up;
    esep__v1__link_up__init(&up);
    up.what_case = ESEP__V1__LINK_UP__WHAT_CLOSE;
    up.close = &gone;
    link_sends(&w, FIRST, COLLECTOR_KEY, &up, NULL);
    assert_int_equal(w.out_count, 0);
    assert_int_equal(broker_conn_count(w.broker), 0);
    world_done(&w);
}

/* The link's queue is full: the office hears it, and the collector stays joined. */
static void test_collector_busy(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    broker_on_office_frame(w.broker, 5, key_of(1), envelope_of(KIND(PING), 20), w.now);
    broker_failed(w.broker, ESEP_AGAIN, w.now);
    world_take(&w);
    (void)refused(&w, 5, WHY(WAIT));
    assert_int_equal(broker_counter(w.broker, BROKER_FORWARDED), 0);
    office_sends(&w, 5, 1, KIND(PING));
    forwarded(&w, FIRST, 5, 1, 11);
    world_done(&w);
}

/* More keys than there is room for: loud, and no half roster. */
static void test_roster_too_long(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_challenged(&w, FIRST, COLLECTOR_KEY);
    link_joins(&w, FIRST, COLLECTOR_KEY, 1);
    struct seat many[9];
    for (unsigned i = 0; i < 9; i++) {
        many[i] = (struct seat){10 + i, 100 + i, ACTIVE};
    }
    link_roster(&w, FIRST, COLLECTOR_KEY, 3, true, true, many, 9);
    noted(&w, BROKER_NOTE_ROSTER_FULL);
    noted(&w, BROKER_NOTE_COLLECTOR_LOST);
    assert_int_equal(broker_office_count(w.broker), 0);
    office_sends(&w, 5, 10, KIND(HELLO));
    (void)refused(&w, 5, WHY(WAIT));
    world_done(&w);
}

/* Bytes that are no LinkUp, and entries that are none. */
static void test_malformed_link(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    const uint8_t rubbish[] = {0xff, 0xff, 0xff, 0x01};
    const struct esep_slice parts[] = {esep_slice(rubbish, sizeof rubbish)};
    broker_on_collector_frame(w.broker, FIRST, key_of(COLLECTOR_KEY), parts, 1, w.now);
    world_take(&w);
    noted(&w, BROKER_NOTE_COLLECTOR_MALFORMED);
    const struct seat bad[] = {{6, 16, (Esep__V1__OfficeAdmission)9}};
    link_roster(&w, FIRST, COLLECTOR_KEY, 2, false, false, bad, 1);
    noted(&w, BROKER_NOTE_COLLECTOR_MALFORMED);
    assert_int_equal(broker_office_count(w.broker), 1);
    world_done(&w);
}

/* A collector's key is taken out of the config while it is joined. */
static void test_collector_key_withdrawn(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    link_up(&w, FIRST, COLLECTOR_KEY + 1, 1, seats, 1);
    w.config.collector_key_count = 1;
    assert_int_equal(broker_reconfigure(w.broker, &w.config, NULL), ESEP_OK);
    link_beats(&w, FIRST, COLLECTOR_KEY + 1, false);
    noted(&w, BROKER_NOTE_COLLECTOR_LOST);
    noted(&w, BROKER_NOTE_COLLECTOR_REFUSED);
    office_sends(&w, 5, 1, KIND(HELLO));
    (void)refused(&w, 5, WHY(WAIT));
    world_done(&w);
}

/* Nine connections that never join do not keep the tenth, an honest one, out. */
static void test_unjoined_links_give_way(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    for (uint64_t conn = 1; conn <= 9; conn++) {
        w.now += 1;
        link_challenged(&w, conn, COLLECTOR_KEY + 1);
    }
    link_up(&w, FIRST, COLLECTOR_KEY, 1, seats, 1);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offices_wait_until_the_roster_is_whole),
        cmocka_unit_test(test_join_refused),
        cmocka_unit_test(test_join_by_a_newer_key),
        cmocka_unit_test(test_who_never_joins_gets_nothing),
        cmocka_unit_test(test_join_replayed),
        cmocka_unit_test(test_unjoined_may_only_join),
        cmocka_unit_test(test_collector_lost_and_back),
        cmocka_unit_test(test_standby_takes_over),
        cmocka_unit_test(test_standby_revokes),
        cmocka_unit_test(test_standby_takes_over_amid_its_roster),
        cmocka_unit_test(test_half_a_roster_is_forgotten),
        cmocka_unit_test(test_same_collector_again),
        cmocka_unit_test(test_collector_drains),
        cmocka_unit_test(test_broker_drains),
        cmocka_unit_test(test_gone_both_ways),
        cmocka_unit_test(test_collector_busy),
        cmocka_unit_test(test_roster_too_long),
        cmocka_unit_test(test_malformed_link),
        cmocka_unit_test(test_collector_key_withdrawn),
        cmocka_unit_test(test_unjoined_links_give_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
