/* The edges of agent/agent.h: calls that come late, twice or for nothing; WELCOMEs, mail and
 * refusals that cannot be; waits that meet. Is each answered as the header says, and is nothing
 * lost? */
#include "core_world.h"

#define TEST(name) static void name(void **state)
#define WORLD(w)                                                                                   \
    (void)state;                                                                                   \
    struct world *w = world_new(12)
#define REASON(name) ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_##name

static void write_many(struct world *w, int count, size_t len)
{
    for (int i = 0; i < count; i++)
        office_write(w, len);
}

TEST(names_of_what_is_none)
{
    WORLD(w);
    assert_string_equal(agent_state_name(AGENT_ONLINE), "online");
    assert_string_equal(agent_state_name((enum agent_state)99), "unknown");
    assert_string_equal(agent_why_name(AGENT_WHY_GAP), "gap");
    assert_string_equal(agent_why_name((enum agent_why)99), "unknown");
    assert_string_equal(agent_counter_name(AGENT_STORES), "stores");
    assert_string_equal(agent_counter_name(AGENT_COUNTERS), "unknown");
    for (int i = 0; i < AGENT_COUNTERS; i++) /* each its own */
        for (int k = 0; k < i; k++)
            assert_string_not_equal(agent_counter_name((enum agent_counter)i),
                                    agent_counter_name((enum agent_counter)k));
    office_start(w);
    assert_int_equal(agent_counter(w->agent, AGENT_COUNTERS), 0);
    world_free(w);
}

static enum esep_status made(const struct agent_config *c, const struct agent_journal *j)
{
    struct agent *a = NULL;
    struct esep_reason reason = {{0}};
    enum esep_status status = agent_new(&a, c, j, 0, &reason);
    assert_int_equal(a == NULL, status != ESEP_OK);
    assert_int_equal(reason.text[0] != '\0', status != ESEP_OK);
    agent_free(a);
    return status;
}

TEST(limits_out_of_range_are_refused)
{
    WORLD(w);
    const struct agent_journal *j = &w->disk;
    struct agent_config c = w->config;
    c.frame_bytes = (1u << 20) + 1;
    assert_int_equal(made(&c, j), ESEP_INVALID);
    c.frame_bytes = 1u << 20;
    assert_int_equal(made(&c, j), ESEP_OK);
    c.group_entries = 4097;
    assert_int_equal(made(&c, j), ESEP_INVALID);
    c = w->config;
    c.read_bytes = 4095;
    assert_int_equal(made(&c, j), ESEP_INVALID);
    c = w->config;
    c.keep_alive = -1;
    assert_int_equal(made(&c, j), ESEP_INVALID);
    c.keep_alive = 367 * ESEP_DAY;
    assert_int_equal(made(&c, j), ESEP_INVALID);
    world_free(w);
}

TEST(marks_that_contradict_each_other_are_refused)
{
    WORLD(w);
    write_many(w, 3, 10);
    struct agent_journal j = w->disk;
    assert_int_equal(made(&w->config, &j), ESEP_OK);
    j.epoch = 0;
    assert_int_equal(made(&w->config, &j), ESEP_CORRUPT);
    j = w->disk;
    j.oldest_seq = 0;
    assert_int_equal(made(&w->config, &j), ESEP_CORRUPT);
    j.oldest_seq = 5;
    assert_int_equal(made(&w->config, &j), ESEP_CORRUPT);
    j = w->disk;
    j.promised_seq = 4;
    assert_int_equal(made(&w->config, &j), ESEP_CORRUPT);
    world_free(w);
}

TEST(frames_that_are_dropped)
{
    WORLD(w);
    static uint8_t long_frame[256 * 1024 + 1];
    write_many(w, 300, 20);
    w->config.group_entries = 1;
    w->hold_stores = true;
    office_start(w);
    world_run(w);
    /* The receipts that wait are bounded; a frame that comes all the same is lost, no more. */
    assert_false(agent_ready(w->agent));
    assert_true(w->down.count > 0);
    agent_on_frame(w->agent, esep_slice(w->down.frames[0].data, w->down.frames[0].len), w->now);
    assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), 1);
    queue_drop(&w->down, 0);
    w->hold_stores = false;
    office_store_now(w, ESEP_OK);
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    uint64_t before = agent_counter(w->agent, AGENT_FRAMES_DROPPED);
    agent_on_frame(w->agent, esep_slice(long_frame, sizeof long_frame), w->now);
    assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), before + 1);
    const struct esep_envelope head = {
        .version = ESEP_WIRE_VERSION + 1,
        .kind = ESEP__V1__KIND__KIND_PONG,
        .session = esep_slice(w->model.session.id, ESEP_SESSION_ID_BYTES),
    };
    esep_buf_clear(&w->frame);
    assert_int_equal(esep_envelope_write_head(&head, 1, &w->frame), ESEP_OK);
    assert_int_equal(esep_buf_put(&w->frame, "x", 1), ESEP_OK);
    agent_on_frame(w->agent, esep_buf_slice(&w->frame), w->now);
    assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), before + 2);
    /* It opens, and is no message. */
    esep_buf_clear(&w->plain);
    assert_int_equal(esep_buf_put(&w->plain, "\xff\xff\xff", 3), ESEP_OK);
    model_send_plain(w, ESEP__V1__KIND__KIND_PONG);
    link_down_one(w);
    assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), before + 3);
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    world_free(w);
}

/* Answers that nobody waits for change nothing. */
TEST(answers_to_old_questions)
{
    WORLD(w);
    write_many(w, 3, 50);
    w->hold_stores = true;
    office_start(w);
    office_effects(w);
    const struct agent_entry none = {0};
    agent_on_entries(w->agent, 777, ESEP_CORRUPT, &none, 0, w->now);
    agent_on_stored(w->agent, 777, ESEP_IO, w->now);
    world_run(w);
    assert_non_null(w->held);
    agent_on_entries(w->agent, 777, ESEP_CORRUPT, &none, 0, w->now);
    agent_on_stored(w->agent, w->held_store + 1, ESEP_IO, w->now);
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    assert_int_equal(office_status(w).receipted_seq, 0);
    w->hold_stores = false;
    office_store_now(w, ESEP_OK);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 3);
    /* The journal grew or shrank by nothing. */
    const struct esep_hash other = {{1}};
    agent_on_appended(w->agent, 3, &other, w->now);
    agent_on_pruned(w->agent, 1, &other, w->now);
    office_write(w, 50);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 4);
    world_free(w);
}

/* A READ is under way as the next one is asked for: its answer is for a session that is no more. */
TEST(a_read_that_outlives_its_session)
{
    WORLD(w);
    write_many(w, 3, 50);
    office_start(w);
    office_effects(w);
    assert_true(link_up_one(w));
    assert_true(link_down_one(w));
    uint64_t token = 0;
    while (token == 0) {
        const struct agent_effect e = *agent_peek(w->agent);
        agent_pop(w->agent);
        if (e.kind == AGENT_EFFECT_STORE) /* what WELCOME said: no marks */
            agent_on_stored(w->agent, e.token, ESEP_OK, w->now);
        token = e.kind == AGENT_EFFECT_READ ? e.token : 0;
    }
    link_break(w);
    office_sleep(w, ESEP_MINUTE);
    world_run(w); /* online again, and waits for the answer to the old READ before it asks */
    assert_int_equal(w->model.batches, 0);
    const struct agent_entry stale = {1, w->entries[1].chain,
                                      esep_slice(w->entries[1].data, w->entries[1].len)};
    agent_on_entries(w->agent, token, ESEP_OK, &stale, 1, w->now);
    assert_int_equal(agent_counter(w->agent, AGENT_ENTRIES_SENT), 0);
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    world_free(w);
}

TEST(a_journal_that_cannot_be_read_just_now)
{
    static const enum esep_status answers[] = {ESEP_AGAIN, ESEP_NOMEM};
    for (size_t i = 0; i < 2; i++) {
        WORLD(w);
        write_many(w, 3, 50);
        w->read_answer = answers[i];
        office_start(w);
        world_run(w);
        assert_int_equal(office_status(w).state, AGENT_OFFLINE); /* waits, is not stopped */
        assert_int_equal(office_status(w).why, AGENT_WHY_JOURNAL);
        w->read_answer = ESEP_OK;
        assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
        world_free(w);
    }
}

TEST(now_means_now)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    model_refuse(w, REASON(LIMIT), false, 60000);
    link_down_one(w);
    assert_int_equal(office_status(w).state, AGENT_GREETING);
    office_effects(w);
    assert_int_equal(w->up.count, 0); /* HELLO waits a minute */
    agent_now(w->agent, w->now);
    office_effects(w);
    assert_int_equal(w->up.count, 1);
    agent_now(w->agent, w->now); /* it is out already */
    world_run(w);
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    agent_now(w->agent, w->now); /* nothing to hurry */
    assert_int_equal(w->model.hellos, 2);
    agent_drain(w->agent, w->now);
    office_effects(w);
    assert_true(agent_drained(w->agent));
    agent_now(w->agent, w->now);
    office_effects(w);
    assert_true(agent_drained(w->agent)); /* whoever drains does not come back */
    world_free(w);
}

TEST(draining_while_waiting_does_not_start_again)
{
    WORLD(w);
    w->refuse_connect = true;
    w->hold_stores = true;
    w->model.mail_last = 1;
    w->refuse_connect = false;
    office_start(w);
    world_run(w); /* a STORE is under way */
    assert_non_null(w->held);
    link_break(w);
    agent_drain(w->agent, w->now);
    assert_false(agent_drained(w->agent)); /* what is proved is to be stored first */
    esep_time until = agent_deadline(w->agent);
    assert_true(until > w->now && until <= w->now + 120 * ESEP_SECOND);
    office_advance(w, ESEP_MINUTE);
    agent_now(w->agent, w->now);
    agent_drain(w->agent, w->now); /* twice: the first counts */
    assert_int_equal(agent_deadline(w->agent), until);
    office_effects(w);
    assert_int_equal(w->connects, 1);
    office_store_now(w, ESEP_OK);
    office_effects(w);
    if (w->held != NULL)
        office_store_now(w, ESEP_OK);
    office_effects(w);
    assert_true(agent_drained(w->agent));
    world_free(w);
}

TEST(draining_does_not_wait_for_ever)
{
    WORLD(w);
    write_many(w, 5, 50);
    w->model.mute_receipts = true;
    office_start(w);
    world_run(w);
    agent_drain(w->agent, w->now);
    office_effects(w);
    assert_false(agent_drained(w->agent)); /* a receipt is owed */
    office_advance(w, 119 * ESEP_SECOND);
    office_effects(w);
    assert_false(agent_drained(w->agent));
    office_advance(w, 2 * ESEP_SECOND);
    assert_false(agent_drained(w->agent)); /* DISCONNECT is still to be carried out */
    office_effects(w);
    assert_true(agent_drained(w->agent));
    assert_false(w->connected);
    world_free(w);
}

/* What a WELCOME may not say. */
static void other_version(Esep__V1__Welcome *m)
{
    m->version++;
}
static void tiny_frames(Esep__V1__Welcome *m)
{
    m->frame_bytes_max = 1023;
}
static void short_head(Esep__V1__Welcome *m)
{
    m->head.len = 31;
}
static void later_epoch(Esep__V1__Welcome *m)
{
    m->epoch++;
}
static void more_entries(Esep__V1__Welcome *m)
{
    m->seq += 10;
}
static void other_head(Esep__V1__Welcome *m)
{
    static uint8_t head[ESEP_HASH_BYTES];
    m->head = esep_pb(head, sizeof head);
}
static void no_checkpoint(Esep__V1__Welcome *m)
{
    m->checkpoint = NULL;
}
static void short_root(Esep__V1__Welcome *m)
{
    m->checkpoint->root.len = 31;
}
static void earlier_epoch(Esep__V1__Welcome *m)
{
    m->epoch = 0;
    m->head.len = 0; /* of an epoch that is not ours nothing is compared */
}

TEST(welcomes_that_cannot_be)
{
    static const struct {
        void (*spoil)(Esep__V1__Welcome *);
        enum agent_state state;
        enum agent_why why;
    } cases[] = {
        {other_version, AGENT_OFFLINE, AGENT_WHY_PROTOCOL},
        {tiny_frames, AGENT_OFFLINE, AGENT_WHY_PROTOCOL},
        {short_head, AGENT_OFFLINE, AGENT_WHY_PROTOCOL},
        {later_epoch, AGENT_STOPPED, AGENT_WHY_BEHIND},
        {more_entries, AGENT_STOPPED, AGENT_WHY_BEHIND},
        {other_head, AGENT_STOPPED, AGENT_WHY_FORK},
        {no_checkpoint, AGENT_ONLINE, AGENT_WHY_NONE},
        {short_root, AGENT_ONLINE, AGENT_WHY_NONE},
        {earlier_epoch, AGENT_ONLINE, AGENT_WHY_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        WORLD(w);
        write_many(w, 5, 50);
        office_start(w);
        world_run(w); /* all of it is there */
        assert_int_equal(w->disk.receipted_seq, 5);
        link_break(w);
        w->model.spoil = cases[i].spoil;
        office_sleep(w, ESEP_MINUTE);
        office_effects(w);
        assert_true(link_up_one(w));
        assert_true(link_down_one(w));
        struct agent_status s = office_status(w);
        assert_int_equal(s.state, cases[i].state);
        assert_int_equal(s.why, cases[i].why);
        office_effects(w);
        assert_int_equal(w->disk.receipted_seq, 5); /* what is proved stays so */
        const bool seen = cases[i].spoil != no_checkpoint && cases[i].spoil != short_root;
        if (s.state == AGENT_ONLINE)
            assert_int_equal(w->view.checkpoint_size > 0, seen);
        world_free(w);
    }
}

/* One that opens and says nothing is dropped; so is a second one, in the same session or later. */
TEST(a_welcome_that_is_no_message_or_comes_again)
{
    WORLD(w);
    office_start(w);
    office_effects(w);
    struct world_frame hello = w->up.frames[0];
    struct esep_envelope envelope;
    uint8_t seed[32] = {5};
    assert_int_equal(esep_envelope_read(esep_slice(hello.data, hello.len), &envelope, NULL),
                     ESEP_OK);
    assert_int_equal(
        esep_session_accept(&w->model.session, &envelope, &w->model.seal_key, &w->model.log_id),
        ESEP_OK);
    assert_int_equal(esep_session_establish(&w->model.session, seed), ESEP_OK);
    esep_buf_clear(&w->plain);
    assert_int_equal(esep_buf_put(&w->plain, "\xff\xff", 2), ESEP_OK);
    model_send_plain(w, ESEP__V1__KIND__KIND_WELCOME);
    struct world_frame copy = w->down.frames[0];
    agent_on_frame(w->agent, esep_slice(copy.data, copy.len), w->now);
    assert_int_equal(office_status(w).state, AGENT_GREETING);
    agent_on_frame(w->agent, esep_slice(copy.data, copy.len), w->now);
    assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), 2);
    office_advance(w, 31 * ESEP_SECOND);
    assert_int_equal(office_status(w).why, AGENT_WHY_SILENT);
    world_free(w);
}

TEST(a_seal_key_that_is_none)
{
    WORLD(w);
    memset(w->config.seal_public, 0, sizeof w->config.seal_public);
    office_start(w);
    world_run(w);
    assert_int_equal(office_status(w).state, AGENT_STOPPED);
    assert_int_equal(office_status(w).why, AGENT_WHY_PROTOCOL);
    assert_non_null(strstr(office_status(w).text, "seal_key"));
    world_free(w);
}

/* The journal's end and the entry that is stored there must be one. */
TEST(a_last_entry_of_another_chain)
{
    for (int checks = 0; checks < 2; checks++) {
        WORLD(w);
        w->config.check_chain = checks == 1;
        write_many(w, 5, 50);
        w->entries[5].chain.bytes[0] ^= 1;
        office_start(w);
        world_run(w);
        assert_int_equal(office_status(w).state, AGENT_STOPPED);
        assert_int_equal(office_status(w).why, AGENT_WHY_JOURNAL);
        assert_true(w->model.tail < 5);
        world_free(w);
    }
}

/* The entry that WELCOME names is looked at before its hash is compared. */
TEST(a_held_entry_that_the_disk_has_changed)
{
    WORLD(w);
    write_many(w, 5, 50);
    w->model.epoch = 1;
    w->model.seq = 1;
    w->model.heads[0] = w->entries[0].chain;
    w->model.heads[1] = w->entries[1].chain;
    w->model.no_receipt_after_welcome = true;
    w->entries[1].data[3] ^= 1;
    office_start(w);
    world_run(w);
    assert_int_equal(office_status(w).state, AGENT_STOPPED);
    assert_int_equal(office_status(w).why, AGENT_WHY_JOURNAL);
    assert_int_equal(w->model.batches, 0);
    world_free(w);
}

/* No credit at all: the receipt cannot be asked for, and a collector that grants none is left. */
TEST(a_lost_receipt_and_no_credit)
{
    WORLD(w);
    write_many(w, 5, 50);
    w->model.mute_receipts = true;
    w->model.no_receipt_after_welcome = true;
    office_start(w);
    world_run(w);
    assert_int_equal(w->model.seq, 5);
    w->model.mute_receipts = false;
    w->model.window = 0;
    w->model.heads_alone = 0;
    link_break(w);
    office_sleep(w, ESEP_MINUTE);
    world_run(w);
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    office_advance(w, ESEP_MINUTE);
    world_run(w);
    assert_int_equal(w->model.heads_alone, 0);
    office_advance(w, 61 * ESEP_SECOND);
    assert_int_equal(office_status(w).why, AGENT_WHY_SILENT);
    w->model.window = 65536;
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    world_free(w);
}

/* Signed heads without a receipt are bounded; what is behind waits for one. */
TEST(no_more_than_512_groups_are_on_their_way)
{
    WORLD(w);
    write_many(w, 600, 10);
    w->config.group_entries = 1;
    w->model.mute_receipts = true;
    w->model.window = 10u << 20;
    office_start(w);
    world_run(w);
    assert_int_equal(agent_counter(w->agent, AGENT_GROUPS), 512);
    assert_int_equal(w->model.seq, 512);
    w->model.mute_receipts = false;
    model_receipt(w, 512);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 600);
    world_free(w);
}

/* A base of a microsecond takes thirty doublings to matter, and no more are made. */
TEST(a_backoff_from_the_least_base_stays_bounded)
{
    WORLD(w);
    w->refuse_connect = true;
    w->config.backoff_base = 1;
    w->config.backoff_cap = 366 * ESEP_DAY;
    office_start(w);
    for (int i = 0; i < 40; i++) {
        office_effects(w);
        office_advance(w, 31 * ESEP_SECOND);
        esep_time wait = office_status(w).next_try_at - w->now;
        assert_in_range(wait, 0, (esep_time)1 << (i < 30 ? i : 30));
        office_advance(w, wait);
    }
    assert_int_equal(office_status(w).failures, 40);
    world_free(w);
}

/* The slow refusals wait as long as they are asked to, bounded; an odd signature is nobody's. */
TEST(waits_of_signed_refusals)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    w->now += 5 * ESEP_SECOND;
    model_refuse(w, REASON(PENDING), true, 120000);
    link_down_one(w);
    struct agent_status s = office_status(w);
    assert_int_equal(s.state, AGENT_OFFLINE);
    assert_in_range(s.next_try_at - w->now, 120 * ESEP_SECOND, 121 * ESEP_SECOND);
    world_free(w);
}

TEST(a_signature_of_another_length_is_nobodys)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    uint8_t signature[63] = {1};
    Esep__V1__Refusal r;
    esep__v1__refusal__init(&r);
    r.reason = REASON(FORK);
    r.session = esep_pb(w->model.session.id, ESEP_SESSION_ID_BYTES);
    r.signature = esep_pb(signature, sizeof signature);
    const struct esep_envelope head = {
        .version = ESEP_WIRE_VERSION,
        .kind = ESEP__V1__KIND__KIND_REFUSAL,
        .session = esep_slice(w->model.session.id, ESEP_SESSION_ID_BYTES),
    };
    esep_buf_clear(&w->plain);
    esep_buf_clear(&w->frame);
    assert_int_equal(esep_pack(&r.base, &w->plain), ESEP_OK);
    assert_int_equal(esep_envelope_write_head(&head, w->plain.len, &w->frame), ESEP_OK);
    assert_int_equal(esep_buf_put(&w->frame, w->plain.data, w->plain.len), ESEP_OK);
    agent_on_frame(w->agent, esep_buf_slice(&w->frame), w->now);
    assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), 1);
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_what_is_none),
        cmocka_unit_test(limits_out_of_range_are_refused),
        cmocka_unit_test(marks_that_contradict_each_other_are_refused),
        cmocka_unit_test(frames_that_are_dropped),
        cmocka_unit_test(answers_to_old_questions),
        cmocka_unit_test(a_read_that_outlives_its_session),
        cmocka_unit_test(a_journal_that_cannot_be_read_just_now),
        cmocka_unit_test(now_means_now),
        cmocka_unit_test(draining_while_waiting_does_not_start_again),
        cmocka_unit_test(draining_does_not_wait_for_ever),
        cmocka_unit_test(welcomes_that_cannot_be),
        cmocka_unit_test(a_welcome_that_is_no_message_or_comes_again),
        cmocka_unit_test(a_seal_key_that_is_none),
        cmocka_unit_test(a_last_entry_of_another_chain),
        cmocka_unit_test(a_held_entry_that_the_disk_has_changed),
        cmocka_unit_test(a_lost_receipt_and_no_credit),
        cmocka_unit_test(no_more_than_512_groups_are_on_their_way),
        cmocka_unit_test(a_backoff_from_the_least_base_stays_bounded),
        cmocka_unit_test(waits_of_signed_refusals),
        cmocka_unit_test(a_signature_of_another_length_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
