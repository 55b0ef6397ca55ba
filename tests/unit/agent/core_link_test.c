/* Who may say no, what follows, how long the waits are; and the mailbox. */
#include "core_world.h"

#define TEST(name) static void name(void **state)
#define WORLD(w)                                                                                   \
    (void)state;                                                                                   \
    struct world *w = world_new(99)
#define REASON(name) ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_##name

TEST(backoff_is_full_jitter_and_bounded)
{
    WORLD(w);
    w->refuse_connect = true;
    w->config.connect_timeout = ESEP_SECOND;
    w->config.backoff_base = ESEP_SECOND;
    w->config.backoff_cap = 60 * ESEP_SECOND;
    esep_time most[8] = {0};
    esep_time sum = 0;
    for (int run = 0; run < 300; run++) {
        office_start(w);
        for (int n = 0; n < 8; n++) {
            office_effects(w);
            office_advance(w, ESEP_SECOND); /* connect_timeout */
            struct agent_status s = office_status(w);
            assert_int_equal(s.state, AGENT_OFFLINE);
            assert_int_equal(s.why, AGENT_WHY_UNREACHABLE);
            assert_int_equal(s.failures, n + 1);
            esep_time wait = s.next_try_at - w->now;
            esep_time window = n < 6 ? ESEP_SECOND << n : 60 * ESEP_SECOND;
            assert_in_range(wait, 0, window);
            most[n] = wait > most[n] ? wait : most[n];
            sum += n == 7 ? wait : 0;
            office_effects(w);
            w->now = s.next_try_at;
            agent_on_time(w->agent, w->now);
        }
        agent_free(w->agent);
        w->agent = NULL;
    }
    for (int n = 0; n < 8; n++) /* the whole window is used */
        assert_true(most[n] > (n < 6 ? ESEP_SECOND << n : 60 * ESEP_SECOND) * 9 / 10);
    assert_in_range(sum / 300, 25 * ESEP_SECOND, 35 * ESEP_SECOND);
    world_free(w);
}

TEST(each_try_is_on_a_fresh_socket_to_the_next_broker)
{
    WORLD(w);
    w->refuse_connect = true;
    office_start(w);
    office_effects(w);
    uint32_t first = w->broker;
    office_sleep(w, ESEP_MINUTE);
    office_effects(w);
    office_sleep(w, ESEP_MINUTE);
    office_effects(w);
    assert_int_equal(w->connects, 2);
    assert_int_equal(w->broker, 1 - first);
    world_free(w);
}

TEST(welcome_resets_the_backoff)
{
    WORLD(w);
    w->refuse_connect = true;
    office_start(w);
    for (int i = 0; i < 6; i++) {
        office_effects(w);
        office_sleep(w, ESEP_HOUR);
    }
    assert_true(office_status(w).failures >= 3);
    w->refuse_connect = false;
    agent_now(w->agent, w->now);
    for (int i = 0; i < 4 && office_status(w).state != AGENT_ONLINE; i++) {
        world_run(w);
        office_sleep(w, ESEP_HOUR);
    }
    world_run(w);
    assert_int_equal(office_status(w).failures, 0);
    world_free(w);
}

/* Whatever a broker says in the clear is "wait", and not for long. */
TEST(a_brokers_refusal_changes_nothing_but_the_hour)
{
    WORLD(w);
    for (int i = 0; i < 5; i++)
        office_write(w, 100);
    w->model.mute_receipts = true;
    office_start(w);
    for (int reason = 0; reason <= REASON(DENIED) + 1; reason++) {
        for (int i = 0; i < 8 && office_status(w).state != AGENT_ONLINE; i++) {
            office_sleep(w, ESEP_DAY);
            world_run(w);
        }
        assert_int_equal(office_status(w).state, AGENT_ONLINE);
        const struct agent_journal before = w->disk;
        model_refuse(w, (Esep__V1__RefusalReason)reason, false, UINT32_MAX);
        link_down_one(w);
        struct agent_status s = office_status(w);
        assert_true(s.state == AGENT_OFFLINE || s.state == AGENT_GREETING);
        assert_int_equal(s.why, AGENT_WHY_BROKER);
        esep_time at = agent_deadline(w->agent);
        office_effects(w);
        assert_true((s.state == AGENT_OFFLINE ? s.next_try_at : at) - w->now <= 10 * ESEP_MINUTE);
        assert_memory_equal(&before, &w->disk, sizeof before);
        assert_int_equal(s.receipted_seq, 0);
    }
    w->model.mute_receipts = false;
    assert_true(world_until(w, world_all_receipted, ESEP_DAY));
    world_free(w);
}

TEST(signed_refusals_are_believed)
{
    static const struct {
        Esep__V1__RefusalReason reason;
        enum agent_state state;
        enum agent_why why;
    } cases[] = {
        {REASON(FORK), AGENT_STOPPED, AGENT_WHY_FORK},
        {REASON(BEHIND), AGENT_STOPPED, AGENT_WHY_BEHIND},
        {REASON(REVOKED), AGENT_OFFLINE, AGENT_WHY_COLLECTOR},
        {REASON(PENDING), AGENT_OFFLINE, AGENT_WHY_COLLECTOR},
        {REASON(FULL), AGENT_OFFLINE, AGENT_WHY_COLLECTOR},
        {REASON(GAP), AGENT_GREETING, AGENT_WHY_COLLECTOR},
        {REASON(CREDIT), AGENT_GREETING, AGENT_WHY_COLLECTOR},
        {REASON(NO_SESSION), AGENT_GREETING, AGENT_WHY_COLLECTOR},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        WORLD(w);
        office_start(w);
        world_run(w);
        w->now += 5 * ESEP_SECOND;
        w->model.seq += cases[i].reason == REASON(BEHIND); /* one more than the office has */
        model_refuse(w, cases[i].reason, true, 0);
        link_down_one(w);
        struct agent_status s = office_status(w);
        assert_int_equal(s.state, cases[i].state);
        assert_int_equal(s.why, cases[i].why);
        assert_int_equal(s.refusal, cases[i].reason);
        assert_true(s.text[0] != '\0');
        world_free(w);
    }
}

/* A broker hands an old greeting of this very session to a collector that has started anew: what it
 * holds is no more than the journal has, and there is nothing to recover from. */
TEST(behind_what_the_journal_holds_is_an_old_greetings_answer)
{
    WORLD(w);
    for (int i = 0; i < 5; i++)
        office_write(w, 100);
    office_start(w);
    world_run(w);
    assert_int_equal(w->model.seq, 5);
    w->now += 5 * ESEP_SECOND;
    model_refuse(w, REASON(BEHIND), true, 0);
    link_down_one(w);
    assert_int_equal(office_status(w).state, AGENT_GREETING);
    office_write(w, 100);
    assert_true(world_until(w, world_all_receipted, ESEP_DAY));
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    world_free(w);
}

/* Who speaks another version says so in an envelope of its own. */
TEST(a_refusal_is_read_in_every_version)
{
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        WORLD(w);
        office_start(w);
        world_run(w);
        model_refuse(w, REASON(VERSION), is_signed == 1, 0);
        uint8_t *head = w->down.frames[0].data;
        assert_int_equal(head[1], ESEP_WIRE_VERSION);
        head[1] = ESEP_WIRE_VERSION + 1;
        link_down_one(w);
        struct agent_status s = office_status(w);
        assert_int_equal(s.state, AGENT_OFFLINE);
        assert_int_equal(s.why, is_signed == 1 ? AGENT_WHY_COLLECTOR : AGENT_WHY_BROKER);
        assert_int_equal(s.refusal, REASON(VERSION));
        assert_non_null(strstr(s.text, "upgrade"));
        world_free(w);
    }
}

TEST(a_forged_or_old_refusal_is_nobodys)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    struct esep_sign_key log_key = w->model.log_key;
    w->model.log_key = w->office_key;
    model_refuse(w, REASON(FORK), true, 0);
    w->model.log_key = log_key;
    link_down_one(w);
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    w->model.session.id[0] ^= 1; /* of another session, truly signed */
    model_refuse(w, REASON(FORK), true, 0);
    w->model.session.id[0] ^= 1;
    link_down_one(w);
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), 2);
    world_free(w);
}

/* What is kept so many days is counted from here, and a clock that ran ahead makes nothing old. */
TEST(what_is_confirmed_by_the_clock_that_says_less)
{
    WORLD(w);
    office_start(w);
    assert_int_equal(agent_confirmed_at(w->agent, w->now), 0);
    world_run(w);
    esep_time told = office_status(w).server_time;
    assert_int_equal(told, w->now + 5 * ESEP_SECOND);
    assert_int_equal(agent_confirmed_at(w->agent, w->now), w->now);
    assert_int_equal(agent_confirmed_at(w->agent, w->now + 800 * ESEP_DAY), told);
    assert_int_equal(agent_confirmed_at(w->agent, w->now - ESEP_HOUR), w->now - ESEP_HOUR);
    office_write(w, 100); /* a receipt says the collector's hour too */
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    assert_true(office_status(w).server_time <= w->now);
    assert_true(agent_confirmed_at(w->agent, w->now + 800 * ESEP_DAY) <= w->now);
    world_free(w);
}

TEST(an_ended_session_begins_again_on_the_same_socket)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    office_advance(w, 10 * ESEP_SECOND);
    model_forget_session(w);
    office_write(w, 100);
    world_run(w);
    assert_int_equal(w->connects, 1);
    assert_int_equal(w->model.hellos, 2);
    assert_int_equal(w->disk.receipted_seq, 1);
    world_free(w);
}

TEST(frames_that_are_too_large_become_shorter)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    model_refuse(w, REASON(TOO_LARGE), false, 0);
    link_down_one(w);
    w->model.frame_bytes_max = 64 * 1024;
    for (int i = 0; i < 200; i++)
        office_write(w, 500);
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    assert_true(w->model.batches >= 4);
    world_free(w);
}

TEST(rubbish_is_dropped)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    uint8_t junk[600];
    for (int i = 0; i < 500; i++) {
        size_t len = (size_t)esep_prng_below(&w->prng, sizeof junk);
        for (size_t k = 0; k < len; k++)
            junk[k] = (uint8_t)esep_prng_next(&w->prng);
        agent_on_frame(w->agent, esep_slice(junk, len), w->now);
    }
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), 500);
    world_free(w);
}

static bool mail_here(const struct world *w)
{
    return w->disk.mail_through == w->model.mail_last && w->model.mail_acked == w->model.mail_last;
}

TEST(mail_is_stored_and_then_acknowledged)
{
    WORLD(w);
    w->model.mail_last = 3;
    w->hold_stores = true;
    office_start(w);
    world_run(w);
    assert_int_equal(w->model.mail_acked, 0);
    w->hold_stores = false;
    office_store_now(w, ESEP_OK);
    world_run(w);
    assert_int_equal(w->disk.mail_through, 3);
    assert_int_equal(w->model.mail_acked, 3);
    model_mail(w, 1); /* pushed */
    world_run(w);
    assert_int_equal(w->model.mail_acked, 4);
    office_sleep(w, ESEP_HOUR); /* a PING, once nothing else is said */
    world_run(w);
    assert_int_equal(w->model.pings, 1);
    assert_int_equal(w->model.ping_through, 4);
    assert_int_equal(w->mails_stored, 4);
    world_free(w);
}

TEST(large_mail_comes_in_parts_and_survives_a_lost_one)
{
    WORLD(w);
    w->model.mail_bytes = 200000;
    w->model.mail_last = 2;
    office_start(w);
    for (int i = 0; i < 20; i++) {
        office_effects(w);
        link_up_one(w);
        link_down_one(w);
    }
    assert_true(w->down.count > 10);
    queue_drop(&w->down, 5);
    assert_true(world_until(w, mail_here, ESEP_HOUR));
    assert_int_equal(w->connects, 1);
    world_free(w);
}

TEST(mail_over_the_bound_stops_the_mailbox_alone)
{
    WORLD(w);
    w->config.mail_bytes_max = 10000;
    w->model.mail_bytes = 10001;
    w->model.mail_last = 1;
    office_start(w);
    world_run(w);
    assert_int_equal(office_status(w).why, AGENT_WHY_TOO_LARGE);
    office_write(w, 100);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 1);
    assert_int_equal(w->disk.mail_through, 0);
    world_free(w);
}

TEST(a_mailbox_that_went_back_is_read_again)
{
    WORLD(w);
    w->model.mail_last = 5;
    office_start(w);
    world_run(w);
    assert_int_equal(w->disk.mail_through, 5);
    w->model.mail_last = 3; /* the collector came back from a backup */
    w->model.mail_acked = 0;
    link_break(w);
    office_sleep(w, ESEP_MINUTE);
    world_run(w);
    model_mail(w, 1);
    world_run(w);
    assert_int_equal(w->mails_stored, 6);
    assert_int_equal(w->model.mail_acked, 4);
    world_free(w);
}

/* It went back while what it had sent was still being stored, or waited for that. The numbers above
 * are given anew, and what bears them then is not passed over. */
TEST(a_mailbox_that_went_back_while_its_mail_was_stored)
{
    for (int under_way = 0; under_way < 2; under_way++) {
        WORLD(w);
        w->model.mail_last = 5;
        w->hold_stores = true;
        office_start(w);
        world_run(w); /* the STORE is of WELCOME alone; five items wait for the next one */
        if (under_way)
            office_store_now(w, ESEP_OK);
        office_effects(w);
        assert_int_equal(w->held->mail_count, under_way ? 5 : 0);
        assert_int_equal(w->disk.mail_through, 0);
        w->model.mail_last = 3;
        link_break(w);
        office_sleep(w, ESEP_MINUTE);
        world_run(w);
        assert_int_equal(office_status(w).state, AGENT_ONLINE);
        w->hold_stores = false;
        office_store_now(w, ESEP_OK);
        world_run(w);
        model_mail(w, 1);
        world_run(w);
        assert_int_equal(w->mails_stored, 6);
        assert_int_equal(w->model.mail_acked, 4);
        assert_int_equal(office_status(w).mail_through, 4);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backoff_is_full_jitter_and_bounded),
        cmocka_unit_test(each_try_is_on_a_fresh_socket_to_the_next_broker),
        cmocka_unit_test(welcome_resets_the_backoff),
        cmocka_unit_test(a_brokers_refusal_changes_nothing_but_the_hour),
        cmocka_unit_test(signed_refusals_are_believed),
        cmocka_unit_test(behind_what_the_journal_holds_is_an_old_greetings_answer),
        cmocka_unit_test(a_refusal_is_read_in_every_version),
        cmocka_unit_test(a_forged_or_old_refusal_is_nobodys),
        cmocka_unit_test(what_is_confirmed_by_the_clock_that_says_less),
        cmocka_unit_test(an_ended_session_begins_again_on_the_same_socket),
        cmocka_unit_test(frames_that_are_too_large_become_shorter),
        cmocka_unit_test(rubbish_is_dropped),
        cmocka_unit_test(mail_is_stored_and_then_acknowledged),
        cmocka_unit_test(large_mail_comes_in_parts_and_survives_a_lost_one),
        cmocka_unit_test(mail_over_the_bound_stops_the_mailbox_alone),
        cmocka_unit_test(a_mailbox_that_went_back_is_read_again),
        cmocka_unit_test(a_mailbox_that_went_back_while_its_mail_was_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
