/* tests/unit/collector/ingest_session_test.c - who gets in, what WELCOME says, who is turned away.
 */
#include "ingest_world.h"

static void fresh_office_is_welcomed_at_the_start_of_its_chain(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    const struct sim_heard *w = sim_last(o, KIND(WELCOME));
    assert_int_equal(w->welcome.epoch, 1);
    assert_int_equal(w->welcome.seq, 0);
    assert_true(esep_hash_equal(&w->welcome.head, &o->chain[0]));
    assert_string_equal(w->welcome.body, "moh");
    assert_int_equal(w->credit, g.config.session_credit_bytes);
    assert_int_equal(sim_count(o, KIND(RECEIPT)), 0);         /* nothing promised, nothing held */
    assert_false(collector_office_online(g.core, o->number)); /* it may be a replay */
    sim_ping(o, &g);
    assert_true(collector_office_online(g.core, o->number));
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void promise_is_receipted_after_its_commit_and_logged_once(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    for (int i = 0; i < 10; i++)
        sim_write(o, &g, KEY_1_MOH);
    g.auto_commit = false;
    sim_hello(o, &g);
    assert_int_equal(sim_count(o, KIND(WELCOME)), 1);
    assert_int_equal(sim_count(o, KIND(RECEIPT)), 0);
    ingest_commit(&g, ESEP_OK);
    const struct sim_heard *r = sim_last(o, KIND(RECEIPT));
    assert_int_equal(r->receipt.kind, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT);
    assert_int_equal(r->receipt.through_seq, 10);
    assert_true(esep_hash_equal(&r->receipt.head, &o->chain[10]));
    size_t logged = ingest_log_count(&g, LOG(COMMITMENT));
    g.auto_commit = true;
    sim_hello(o, &g);
    assert_int_equal(ingest_log_count(&g, LOG(COMMITMENT)), logged);
    sim_write(o, &g, KEY_1_MOH);
    sim_hello(o, &g);
    assert_int_equal(ingest_log_count(&g, LOG(COMMITMENT)), logged + 1);
    ingest_end(&g);
}

/* The office was offline for its backlog: the promise's receipt says the hour, and comes along
 * where an office greets anew before all has come. */
static void receipts_of_a_backlog_say_the_hour_of_the_promise(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    for (int i = 0; i < 300; i++)
        sim_write(o, &g, KEY_1_MOH);
    sim_hello(o, &g);
    esep_time promised = g.world.now;
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.kind,
                     ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.accepted_at, promised);
    g.world.now += 2 * ESEP_MINUTE;
    for (uint64_t i = 1; i <= 300; i += 100) {
        sim_batch(o, &g, i, i + 99, true);
        const struct sim_heard *r = sim_last(o, KIND(RECEIPT));
        assert_int_equal(r->receipt.first_seq, i);
        assert_int_equal(r->receipt.through_seq, i + 99);
        assert_int_equal(r->receipt.accepted_at, g.world.now);
        assert_false(r->promised); /* the session has shown it */
        if (i != 1)
            continue;
        sim_hello(o, &g); /* another session: what it says of what is held brings the promise */
        r = sim_last(o, KIND(RECEIPT));
        assert_int_equal(r->receipt.through_seq, 100);
        assert_true(r->promised);
        assert_int_equal(r->promise.accepted_at, promised);
        assert_int_equal(r->promise.through_seq, 300);
    }
    sim_write(o, &g, KEY_1_MOH);
    sim_batch(o, &g, 301, 301, true);
    assert_false(sim_last(o, KIND(RECEIPT))->promised);
    /* Another process makes the receipt from the log, and the promise, which was kept, with it. */
    ingest_restart(&g);
    o->first_held = 300;
    sim_forget(o);
    sim_hello(o, &g);
    const struct sim_heard *again = sim_last(o, KIND(RECEIPT));
    assert_int_equal(again->receipt.first_seq, 300);
    assert_true(again->promised);
    assert_int_equal(again->promise.accepted_at, promised);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void strangers_are_refused_with_a_signed_reason(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *active = sim_active(&g, "moh");
    struct sim_office *stranger = sim_new(&g);
    stranger->number = 55;
    sim_hello(stranger, &g);
    assert_true(sim_refused(stranger, REASON(NOT_ENROLLED)));

    /* A forged office number: the key that the broker stamped is another's. */
    struct sim_office *forger = sim_new(&g);
    forger->number = active->number;
    sim_hello(forger, &g);
    assert_true(sim_refused(forger, REASON(DENIED)));

    /* The right connection, but not the right signature. */
    struct sim_office *thief = sim_new(&g);
    thief->number = active->number;
    memcpy(thief->curve, active->curve, 32);
    sim_hello(thief, &g);
    assert_true(sim_refused(thief, REASON(BAD_SIGNATURE)));
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 1);
    sim_hello(thief, &g);
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 1); /* the same sight is logged once */
    assert_int_equal(sim_count(thief, KIND(WELCOME)), 0);
    ingest_end(&g);
}

static void wrong_log_and_version_and_garbage(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct esep_hash right = g.log_id;
    g.log_id.bytes[0] ^= 1;
    sim_hello(o, &g);
    assert_true(sim_refused(o, REASON(WRONG_LOG)));
    g.log_id = right;
    sim_send(o, &g, "garbage", 7);
    assert_true(sim_refused(o, REASON(MALFORMED)));
    static uint8_t large[70000];
    sim_send(o, &g, large, sizeof large);
    assert_true(sim_refused(o, REASON(TOO_LARGE)));
    sim_hello(o, &g);
    assert_int_equal(sim_count(o, KIND(WELCOME)), 1);
    ingest_end(&g);
}

static void fork_and_behind_are_logged_then_refused(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_write(o, &g, KEY_1_MOH);
    struct sim_office *old = sim_copy(&g, o);
    sim_write(o, &g, KEY_1_MOH);
    sim_hello(o, &g);
    sim_batch(o, &g, 1, 2, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 2);

    g.auto_commit = false;
    sim_hello(old, &g); /* shows 1, 2 are held */
    assert_false(sim_refused(old, REASON(BEHIND)));
    ingest_commit(&g, ESEP_OK);
    assert_true(sim_refused(old, REASON(BEHIND)));
    assert_int_equal(sim_last(old, KIND(REFUSAL))->refusal.seq, 2);
    g.auto_commit = true;
    sim_write(old, &g, KEY_1_MOH); /* its own second entry */
    sim_hello(old, &g);
    assert_true(sim_refused(old, REASON(FORK)));
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 2);
    assert_int_equal(views_office(g.world.views, o->number)->forks, 1);
    assert_int_equal(collector_counter(g.core, COLLECTOR_FORKS), 1);

    /* It recovers with a new epoch; the old epoch is over for the other one. */
    sim_new_epoch(old, &g);
    sim_write(old, &g, KEY_1_MOH);
    sim_hello(old, &g);
    assert_int_equal(sim_last(old, KIND(WELCOME))->welcome.epoch, 2);
    assert_int_equal(sim_last(old, KIND(WELCOME))->welcome.seq, 0);
    sim_batch(old, &g, 1, 1, true);
    assert_int_equal(sim_last(old, KIND(RECEIPT))->receipt.epoch, 2);
    sim_write(o, &g, KEY_1_MOH);
    sim_batch(o, &g, 3, 3, true);
    assert_true(sim_refused(o, REASON(BEHIND)));
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void a_replayed_hello_does_nothing(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_write(o, &g, KEY_1_MOH);
    sim_hello(o, &g);
    static uint8_t kept[4096];
    size_t len = o->last_frame.len;
    assert_true(len <= sizeof kept);
    memcpy(kept, o->last_frame.data, len);
    sim_batch(o, &g, 1, 1, true);
    size_t logged = g.world.log_count;
    size_t welcomed = sim_count(o, KIND(WELCOME));
    struct sim_office *broker = sim_copy(&g, o);
    sim_connect(broker, &g);
    sim_send(broker, &g, kept, len); /* shows less than is held: no alarm for a replay */
    assert_int_equal(g.world.log_count, logged);
    assert_int_equal(sim_count(broker, KIND(WELCOME)), 0);
    assert_int_equal(sim_count(o, KIND(WELCOME)), welcomed);
    sim_write(o, &g, KEY_1_MOH);
    sim_batch(o, &g, 2, 2, true); /* the session lives */
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 2);
    ingest_end(&g);
}

static void sessions_expire_and_are_bounded(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    sim_ping(o, &g);
    assert_int_equal(sim_count(o, KIND(PONG)), 1);
    g.world.now += g.config.session_idle;
    assert_true(collector_deadline(g.core) <= g.world.now);
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    sim_ping(o, &g);
    assert_true(sim_refused(o, REASON(NO_SESSION)));
    assert_int_equal(collector_counter(g.core, COLLECTOR_SESSIONS), 0);
    sim_hello(o, &g);
    sim_ping(o, &g);
    assert_int_equal(sim_count(o, KIND(PONG)), 2);
    /* One office cannot fill the table: its oldest sessions give way. */
    for (int i = 0; i < 200; i++)
        sim_hello(o, &g);
    assert_true(collector_counter(g.core, COLLECTOR_SESSIONS) <= 4);
    /* The broker says that a connection is gone. */
    Esep__V1__Gone gone = ESEP__V1__GONE__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    gone.conn = o->conn;
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_GONE;
    down.gone = &gone;
    sim_forget(o);
    ingest_link_down(&g, 0, &down);
    sim_ping(o, &g);
    assert_true(sim_refused(o, REASON(NO_SESSION)));
    ingest_end(&g);
}

static void a_clock_set_back_stops_nothing(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    g.world.now -= ESEP_DAY;
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    assert_true(collector_deadline(g.core) <= g.world.now + g.config.link_heartbeat);
    sim_write(o, &g, KEY_1_MOH);
    sim_batch(o, &g, 1, 1, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 1);
    ingest_end(&g);
}

static void presence_is_logged_seldom_and_never_for_a_replay(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    assert_int_equal(ingest_log_count(&g, LOG(PRESENCE)), 0);
    for (int i = 0; i < 10; i++)
        sim_ping(o, &g);
    assert_int_equal(ingest_log_count(&g, LOG(PRESENCE)), 1);
    g.world.now += g.config.presence_every;
    sim_hello(o, &g);
    assert_int_equal(ingest_log_count(&g, LOG(PRESENCE)), 1);
    sim_ping(o, &g);
    sim_ping(o, &g);
    assert_int_equal(ingest_log_count(&g, LOG(PRESENCE)), 2);
    ingest_end(&g);
}

static void welcome_waits_for_entries_that_wait_for_their_commit(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_write(o, &g, KEY_1_MOH);
    sim_hello(o, &g);
    sim_forget(o);
    g.auto_commit = false;
    sim_batch(o, &g, 1, 1, true);
    sim_hello(o, &g); /* reconnects in the middle */
    assert_int_equal(sim_count(o, KIND(WELCOME)), 0);
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(sim_last(o, KIND(WELCOME))->welcome.seq, 1);
    /* The receipt reaches the new session too. */
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 1);
    ingest_end(&g);
}

/* It recovered twice before we heard of it, or our store is older than its first recovery: its
 * chain is new all the same, and no epoch in between will ever come. */
static void an_office_several_epochs_ahead(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_write(o, &g, KEY_1_MOH);
    sim_hello(o, &g);
    sim_batch(o, &g, 1, 1, true);
    sim_new_epoch(o, &g);
    sim_new_epoch(o, &g);
    sim_write(o, &g, KEY_1_MOH);
    sim_hello(o, &g);
    assert_false(sim_refused(o, REASON(BEHIND)));
    assert_int_equal(sim_last(o, KIND(WELCOME))->welcome.epoch, 3);
    assert_int_equal(sim_last(o, KIND(WELCOME))->welcome.seq, 0);
    sim_batch(o, &g, 1, 1, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.epoch, 3);
    assert_int_equal(views_office(g.world.views, o->number)->epoch, 3);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* An office's commitment in other hands, as a broker might get hold of it: without the office's key
 * no session begins under it, whatever stamp is beside it, and nobody reads its mail. */
static void a_commitment_alone_opens_no_session(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    struct sim_office *other = sim_active(&g, "akmola");
    sim_write(o, &g, KEY_1_MOH);
    const struct esep_commitment c = sim_commit(o, &g, 1);
    struct sim_office *thief = sim_copy(&g, o);
    thief->sign = other->sign;
    sim_connect(thief, &g);
    sim_hello_as(thief, &g, &c);
    assert_true(sim_refused(thief, REASON(BAD_SIGNATURE)));
    assert_int_equal(sim_count(thief, KIND(WELCOME)), 0);
    assert_int_equal(collector_counter(g.core, COLLECTOR_SESSIONS), 0);
    sim_connect(o, &g);
    sim_hello_as(o, &g, &c);
    assert_int_equal(sim_count(o, KIND(WELCOME)), 1);
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh_office_is_welcomed_at_the_start_of_its_chain),
        cmocka_unit_test(promise_is_receipted_after_its_commit_and_logged_once),
        cmocka_unit_test(receipts_of_a_backlog_say_the_hour_of_the_promise),
        cmocka_unit_test(strangers_are_refused_with_a_signed_reason),
        cmocka_unit_test(wrong_log_and_version_and_garbage),
        cmocka_unit_test(fork_and_behind_are_logged_then_refused),
        cmocka_unit_test(a_commitment_alone_opens_no_session),
        cmocka_unit_test(a_replayed_hello_does_nothing),
        cmocka_unit_test(sessions_expire_and_are_bounded),
        cmocka_unit_test(a_clock_set_back_stops_nothing),
        cmocka_unit_test(presence_is_logged_seldom_and_never_for_a_replay),
        cmocka_unit_test(welcome_waits_for_entries_that_wait_for_their_commit),
        cmocka_unit_test(an_office_several_epochs_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
