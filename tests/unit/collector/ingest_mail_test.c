/* tests/unit/collector/ingest_mail_test.c - the mailbox, links and roster, alerts, draining. */
#include "ingest_world.h"

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

static uint64_t mail_last(const struct ingest *g, const struct sim_office *o)
{
    return views_office(g->world.views, o->number)->mail_last;
}

static void control(struct ingest *g, bool remove)
{
    Esep__V1__ControlOrder m = ESEP__V1__CONTROL_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.obligation = text(KEY_1_MOH);
    m.act = remove ? ESEP__V1__CONTROL_ACT__CONTROL_ACT_REMOVE
                   : ESEP__V1__CONTROL_ACT__CONTROL_ACT_RESTORE;
    m.reason = text("because");
    order.what_case = ESEP__V1__ORDER__WHAT_CONTROL;
    order.control = &m;
    ingest_order(g, &order);
}

static void mail_is_pulled_acknowledged_and_pushed(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    assert_int_equal(sim_count(o, KIND(MAIL)), 0);
    uint64_t last = sim_last(o, KIND(WELCOME))->welcome.mail_last;
    assert_true(last >= 1); /* the plan */
    sim_pull(o, &g, 0);
    const struct sim_heard *m = sim_last(o, KIND(MAIL));
    assert_int_equal(m->mail.number, last);
    assert_int_equal(m->mail.type, LOG(PLAN));
    assert_int_equal(m->mail.offset + m->mail.len, m->mail.total);
    assert_false(m->mail.more);
    /* Not acknowledged: nothing is pushed behind it. */
    size_t heard = sim_count(o, KIND(MAIL));
    control(&g, true);
    assert_int_equal(sim_count(o, KIND(MAIL)), heard);
    sim_pull(o, &g, last);
    assert_int_equal(ingest_log_count(&g, LOG(MAIL_ACK)), 1);
    m = sim_last(o, KIND(MAIL));
    assert_int_equal(m->mail.type, LOG(CONTROL));
    sim_pull(o, &g, m->mail.number);
    /* All acknowledged: what is new comes by itself, after its commit. */
    sim_forget(o);
    g.auto_commit = false;
    control(&g, false);
    assert_int_equal(sim_count(o, KIND(MAIL)), 0);
    sim_ping(o, &g);
    assert_int_equal(sim_last(o, KIND(PONG))->pong_mail_last, mail_last(&g, o) - 1);
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(sim_last(o, KIND(MAIL))->mail.type, LOG(CONTROL));
    assert_int_equal(sim_count(o, KIND(MAIL)), 1);
    while (g.pending != NULL)
        ingest_commit(&g, ESEP_OK);
    sim_ping(o, &g);
    assert_int_equal(sim_last(o, KIND(PONG))->pong_mail_last, mail_last(&g, o));
    /* Lost: the same PULL brings it again. */
    sim_pull(o, &g, mail_last(&g, o) - 1);
    sim_forget(o);
    sim_pull(o, &g, mail_last(&g, o) - 1);
    assert_int_equal(sim_last(o, KIND(MAIL))->mail.number, mail_last(&g, o));
    while (g.pending != NULL)
        ingest_commit(&g, ESEP_OK);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void a_ping_acknowledges_what_a_lost_pull_did(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    uint64_t last = sim_last(o, KIND(WELCOME))->welcome.mail_last;
    sim_ping_through(o, &g, last); /* nothing was sent in this session yet */
    assert_int_equal(ingest_log_count(&g, LOG(MAIL_ACK)), 0);
    sim_pull(o, &g, 0);
    sim_ping_through(o, &g, last + 1); /* of what nobody sent */
    assert_int_equal(ingest_log_count(&g, LOG(MAIL_ACK)), 0);
    /* The PULL of this is lost between the office and here. */
    control(&g, true);
    sim_forget(o);
    sim_ping_through(o, &g, last);
    assert_int_equal(ingest_log_count(&g, LOG(MAIL_ACK)), 1);
    assert_int_equal(views_office(g.world.views, o->number)->mail_acked, last);
    assert_int_equal(sim_last(o, KIND(MAIL))->mail.type, LOG(CONTROL)); /* and what is new comes */
    sim_ping_through(o, &g, last);
    assert_int_equal(ingest_log_count(&g, LOG(MAIL_ACK)), 1);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void verdicts_come_by_mail_in_parts(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    sim_pull(o, &g, mail_last(&g, o));
    uint8_t big[40000] = {0x22};
    sim_write_bytes(o, &g, big, sizeof big);
    sim_write_bytes(o, &g, "x", 1);
    sim_write(o, &g, KEY_1_AKMOLA);
    sim_forget(o);
    sim_batch(o, &g, 1, 3, true);
    size_t bytes = 0;
    size_t parts = 0;
    for (size_t i = 0; i < o->heard_count; i++) {
        const struct sim_heard *h = &o->heard[i];
        if (h->kind != KIND(MAIL) || h->mail.total != sizeof big)
            continue;
        assert_int_equal(h->mail.offset, bytes);
        assert_true(h->mail.len <= 16384);
        assert_int_equal(h->mail.verdict, ESEP__V1__VERDICT__VERDICT_MALFORMED);
        bytes += h->mail.len;
        parts++;
    }
    assert_int_equal(bytes, sizeof big);
    assert_int_equal(parts, 3);
    assert_int_equal(sim_last(o, KIND(MAIL))->mail.verdict, ESEP__V1__VERDICT__VERDICT_NOT_YOURS);
    ingest_end(&g);
}

static void what_is_not_acknowledged_is_bounded(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    uint8_t big[30000] = {0x22};
    for (uint64_t i = 1; i <= 5; i++) {
        sim_write_bytes(o, &g, big, sizeof big);
        sim_batch(o, &g, i, i, true);
    }
    size_t bytes = 0;
    sim_forget(o);
    sim_pull(o, &g, 0);
    for (size_t i = 0; i < o->heard_count; i++)
        bytes += o->heard[i].kind == KIND(MAIL) ? o->heard[i].mail.len : 0;
    assert_true(bytes > 30000 && bytes <= 65536);
    assert_true(sim_last(o, KIND(MAIL))->mail.more);
    uint64_t through = 0;
    for (int i = 0; i < 20 && through < mail_last(&g, o); i++) {
        through = sim_last(o, KIND(MAIL))->mail.number;
        sim_pull(o, &g, through);
    }
    assert_int_equal(through, mail_last(&g, o));
    assert_int_equal(views_office(g.world.views, o->number)->mail_acked, through);
    /* More than was ever written is not believed. */
    sim_pull(o, &g, through + 100);
    assert_int_equal(views_office(g.world.views, o->number)->mail_acked, through);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void mail_read_for_a_session_that_ended_goes_nowhere(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    g.hold_mail = true;
    sim_pull(o, &g, 0);
    collector_on_mail(g.core, 0, NULL, 0, false, g.world.now);
    collector_on_mail(g.core, UINT64_MAX, NULL, 0, false, g.world.now);
    sim_hello(o, &g);
    ingest_pump(&g);
    g.hold_mail = false;
    sim_pull(o, &g, 0);
    assert_int_equal(sim_last(o, KIND(MAIL))->mail.type, LOG(PLAN));
    ingest_end(&g);
}

static void the_roster_is_told_whole_then_by_changes(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    assert_int_equal(g.operators_told, 2);
    assert_true(g.roster_last && g.roster_whole);
    struct sim_office *o = sim_active(&g, "moh");
    assert_false(g.roster_whole);
    assert_int_equal(g.roster_admission[o->number],
                     ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_ACTIVE);
    /* A second broker learns all that is durable, and no more. */
    g.auto_commit = false;
    const uint8_t code[16] = {1};
    ingest_code(&g, "moh", code, true, g.world.now + ESEP_HOUR);
    ingest_commit(&g, ESEP_OK);
    struct sim_office *fresh = sim_new(&g);
    sim_connect(fresh, &g);
    sim_enrol(fresh, &g, code);
    g.roster_entries = 0;
    ingest_join(&g, 1);
    assert_int_equal(g.roster_entries, 3);
    assert_true(g.roster_last && g.roster_whole);
    g.roster_parts = 0;
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(g.roster_parts, 2); /* the change, to both */
    ingest_end(&g);
}

static void frames_of_a_broker_that_was_not_joined_are_ignored(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    o->link = 1;
    sim_hello(o, &g);
    assert_int_equal(o->heard_count, 0);
    Esep__V1__JoinRefused refused = ESEP__V1__JOIN_REFUSED__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    const char *why = NULL;
    refused.text = text("another log");
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_REFUSED;
    down.refused = &refused;
    ingest_link_down(&g, 0, &down);
    assert_int_equal(collector_link(g.core, 0, &why), COLLECTOR_LINK_REFUSED);
    assert_string_equal(why, "another log");
    size_t beats = g.link_messages[ESEP__V1__LINK_UP__WHAT_BEAT];
    g.world.now += 20 * ESEP_SECOND;
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    assert_true(g.link_messages[ESEP__V1__LINK_UP__WHAT_BEAT] > beats); /* it asks again */
    ingest_end(&g);
}

static void alerts_are_logged_once_and_delivered_when_durable(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    g.world.now = world_time("2013-06-25T10:00:00+06:00");
    g.auto_commit = false;
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    assert_non_null(g.pending);
    assert_int_equal(g.deliver_count, 0);
    ingest_commit(&g, ESEP_OK);
    size_t alerts = ingest_log_count(&g, LOG(ALERT));
    assert_true(alerts > 0);
    assert_int_equal(g.deliver_count, alerts);
    g.auto_commit = true;
    g.world.now += ESEP_MINUTE;
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    assert_int_equal(ingest_log_count(&g, LOG(ALERT)), alerts);
    collector_on_delivery(g.core, g.delivers[0], 0, true, 1, "250 ok", g.world.now);
    ingest_pump(&g);
    assert_int_equal(ingest_log_count(&g, LOG(DELIVERY)), 1);
    g.deliver_count = 0;
    ingest_restart(&g);
    assert_int_equal(g.deliver_count, 0); /* what is owed from before, the shell asks the views */
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    assert_int_equal(ingest_log_count(&g, LOG(ALERT)), alerts);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static const struct collector_sight ahead = {
    .kind = ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_AHEAD,
    .witness = "w.example/1",
    .size = 5000,
    .text = "it has seen more",
};

/* What a witness has seen is owed to the operators, and goes out once it is durable. */
static void an_alarm_of_a_witness_is_delivered_when_durable(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    g.auto_commit = false;
    assert_true(collector_on_witness(g.core, &ahead, g.world.now));
    ingest_pump(&g);
    assert_non_null(g.pending);
    assert_int_equal(g.deliver_count, 0);
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(g.deliver_count, 1);
    const struct world_entry *last = &g.world.log[g.delivers[0]];
    Esep__V1__Alarm *alarm = esep__v1__alarm__unpack(NULL, last->len, last->body);
    assert_non_null(alarm);
    assert_int_equal(alarm->kind, ahead.kind);
    assert_string_equal(alarm->witness, ahead.witness);
    assert_int_equal(alarm->seq, 5000);
    assert_int_equal(alarm->n_targets, 1);
    assert_string_equal(alarm->targets[0]->address, "a@example.org");
    esep__v1__alarm__free_unpacked(alarm, NULL);
    g.auto_commit = true;
    const size_t room = views_deliveries_room(g.world.views);
    collector_on_delivery(g.core, g.delivers[0], 0, true, 1, "250 ok", g.world.now);
    ingest_pump(&g);
    assert_int_equal(views_deliveries_room(g.world.views), room + 1);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void told_to_nobody(struct collector_config *config)
{
    config->targets = NULL;
}

/* Where there is nobody to tell, or so much is owed already that no more may be, it is in the log
 * all the same. */
static void an_alarm_without_room_for_its_targets_is_logged(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, told_to_nobody);
    assert_true(collector_on_witness(g.core, &ahead, g.world.now));
    ingest_pump(&g);
    assert_int_equal(g.deliver_count, 0);
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 1);
    ingest_end(&g);

    ingest_start(&g, NULL);
    size_t owed = 0;
    while (views_deliveries_room(g.world.views) > 0) {
        g.deliver_count = 0;
        assert_true(collector_on_witness(g.core, &ahead, g.world.now));
        ingest_pump(&g);
        assert_int_equal(g.deliver_count, 1);
        owed++;
    }
    g.deliver_count = 0;
    assert_true(collector_on_witness(g.core, &ahead, g.world.now));
    ingest_pump(&g);
    assert_int_equal(g.deliver_count, 0);
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), owed + 1);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

static void batches_of_128(struct collector_config *config)
{
    config->batch_records_max = 128;
}

/* An acknowledgement and a delivery that find the batch full are not lost in silence: they are
 * counted, and told again they are logged. */
static void what_finds_the_batch_full_is_counted(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, batches_of_128);
    g.world.now = world_time("2013-06-25T10:00:00+06:00");
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    assert_true(g.deliver_count > 0);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    uint64_t last = sim_last(o, KIND(WELCOME))->welcome.mail_last;
    for (int i = 0; i < 130; i++)
        sim_write(o, &g, KEY_1_MOH);
    g.auto_commit = false;
    sim_batch(o, &g, 1, 1, true);   /* under way */
    sim_batch(o, &g, 2, 127, true); /* with the head, all but one record of the batch behind it */
    sim_ping(o, &g);
    control(&g, true);
    assert_int_equal(collector_counter(g.core, COLLECTOR_UNWRITTEN), 0);
    size_t acks = ingest_log_count(&g, LOG(MAIL_ACK));
    sim_pull(o, &g, last);
    assert_int_equal(collector_counter(g.core, COLLECTOR_UNWRITTEN), 1);
    collector_on_delivery(g.core, g.delivers[0], 0, true, 1, "250 ok", g.world.now);
    ingest_pump(&g);
    assert_int_equal(collector_counter(g.core, COLLECTOR_UNWRITTEN), 2);
    g.auto_commit = true;
    while (g.pending != NULL)
        ingest_commit(&g, ESEP_OK);
    assert_int_equal(ingest_log_count(&g, LOG(MAIL_ACK)), acks);
    assert_int_equal(ingest_log_count(&g, LOG(DELIVERY)), 0);
    sim_pull(o, &g, last);
    collector_on_delivery(g.core, g.delivers[0], 0, true, 1, "250 ok", g.world.now);
    ingest_pump(&g);
    assert_int_equal(ingest_log_count(&g, LOG(MAIL_ACK)), acks + 1);
    assert_int_equal(ingest_log_count(&g, LOG(DELIVERY)), 1);
    assert_int_equal(collector_counter(g.core, COLLECTOR_UNWRITTEN), 2);
    ingest_end(&g);
}

/* The clock ran ahead, and was set right: the office is seen by the hours that count now. */
static void a_sign_of_life_after_the_clock_was_set_back(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    esep_time right = g.world.now;
    g.world.now += 300 * ESEP_DAY;
    sim_hello(o, &g);
    sim_ping(o, &g);
    assert_true(views_office(g.world.views, o->number)->seen_at == g.world.now);
    g.world.now = right + ESEP_HOUR;
    sim_hello(o, &g);
    sim_ping(o, &g);
    assert_true(views_office(g.world.views, o->number)->seen_at == g.world.now);
    size_t signs = ingest_log_count(&g, LOG(PRESENCE));
    sim_ping(o, &g);
    assert_int_equal(ingest_log_count(&g, LOG(PRESENCE)), signs);
    ingest_end(&g);
}

static void settle_ten_minutes(struct collector_config *config)
{
    config->alerts_settle = 10 * ESEP_MINUTE;
}

static void alerts_wait_until_offices_had_time_to_come_back(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, settle_ten_minutes);
    g.world.now = world_time("2013-06-25T10:00:00+06:00");
    ingest_restart(&g);
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    assert_int_equal(ingest_log_count(&g, LOG(ALERT)), 0);
    assert_true(collector_deadline(g.core) <= g.world.now + 10 * ESEP_MINUTE);
    g.world.now += 10 * ESEP_MINUTE - 1;
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    assert_int_equal(ingest_log_count(&g, LOG(ALERT)), 0);
    g.world.now += 1;
    collector_on_time(g.core, g.world.now);
    ingest_pump(&g);
    assert_true(ingest_log_count(&g, LOG(ALERT)) > 0);
    ingest_end(&g);
}

static void draining_finishes_what_is_in(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    sim_write(o, &g, KEY_1_MOH);
    sim_write(o, &g, KEY_1_MOH);
    g.auto_commit = false;
    sim_batch(o, &g, 1, 1, true);
    sim_batch(o, &g, 2, 2, true);
    collector_drain(g.core, g.world.now);
    ingest_pump(&g);
    assert_false(collector_drained(g.core));
    sim_ping(o, &g);
    assert_true(sim_refused(o, REASON(WAIT)));
    ingest_commit(&g, ESEP_OK);
    assert_false(collector_drained(g.core));
    ingest_commit(&g, ESEP_OK);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 2);
    assert_true(collector_drained(g.core));
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mail_is_pulled_acknowledged_and_pushed),
        cmocka_unit_test(a_ping_acknowledges_what_a_lost_pull_did),
        cmocka_unit_test(verdicts_come_by_mail_in_parts),
        cmocka_unit_test(what_is_not_acknowledged_is_bounded),
        cmocka_unit_test(mail_read_for_a_session_that_ended_goes_nowhere),
        cmocka_unit_test(the_roster_is_told_whole_then_by_changes),
        cmocka_unit_test(frames_of_a_broker_that_was_not_joined_are_ignored),
        cmocka_unit_test(alerts_are_logged_once_and_delivered_when_durable),
        cmocka_unit_test(an_alarm_of_a_witness_is_delivered_when_durable),
        cmocka_unit_test(an_alarm_without_room_for_its_targets_is_logged),
        cmocka_unit_test(alerts_wait_until_offices_had_time_to_come_back),
        cmocka_unit_test(what_finds_the_batch_full_is_counted),
        cmocka_unit_test(a_sign_of_life_after_the_clock_was_set_back),
        cmocka_unit_test(draining_finishes_what_is_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
