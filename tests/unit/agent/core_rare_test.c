/* What is rare between an office and its collector: an end in the midst of something, a WELCOME
 * that speaks of older epochs or smaller groups, refusals with words. Does each do what the header
 * says, and no more? */
#include "core_world.h"

#define TEST(name) static void name(void **state)
#define WORLD(w)                                                                                   \
    (void)state;                                                                                   \
    struct world *w = world_new(41)
#define REASON(name) ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_##name

static void write_many(struct world *w, int count, size_t len)
{
    for (int i = 0; i < count; i++)
        office_write(w, len);
}

/* Takes effects until the journal is to be read; STORE and READ stay unanswered. */
static uint64_t until_read(struct world *w)
{
    for (;;) {
        const struct agent_effect *e = agent_peek(w->agent);
        assert_non_null(e);
        const struct agent_effect copy = *e;
        agent_pop(w->agent);
        if (copy.kind == AGENT_EFFECT_READ)
            return copy.token;
    }
}

/* HELLO went out and WELCOME came; nothing else yet. */
static void greet(struct world *w)
{
    office_start(w);
    office_effects(w);
    assert_true(link_up_one(w));
    assert_true(link_down_one(w));
}

/* A new entry behind a long queue is promised once it has waited; who is going down begins nothing
 * new. */
TEST(who_goes_down_promises_nothing_new)
{
    for (int draining = 0; draining < 2; draining++) {
        WORLD(w);
        write_many(w, 3, 50);
        greet(w);
        (void)until_read(w); /* the disk is slow */
        office_write(w, 50);
        if (draining)
            agent_drain(w->agent, w->now);
        office_advance(w, 3 * ESEP_SECOND);
        size_t batches = 0;
        for (const struct agent_effect *e; (e = agent_peek(w->agent)) != NULL;) {
            struct esep_envelope envelope;
            if (e->kind == AGENT_EFFECT_SEND) {
                assert_int_equal(esep_envelope_read(e->frame, &envelope, NULL), ESEP_OK);
                batches += envelope.kind == ESEP__V1__KIND__KIND_BATCH;
            }
            agent_pop(w->agent);
        }
        assert_int_equal(batches, draining ? 0 : 1);
        assert_int_equal(office_status(w).state, AGENT_ONLINE);
        world_free(w);
    }
}

/* The answer to another READ than the one under way is nobody's. */
TEST(an_answer_to_another_read)
{
    WORLD(w);
    write_many(w, 3, 50);
    greet(w);
    const uint64_t token = until_read(w);
    const struct agent_entry none = {0};
    agent_on_entries(w->agent, token + 1, ESEP_CORRUPT, &none, 0, w->now);
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    struct agent_entry lent[3];
    for (uint64_t n = 1; n <= 3; n++)
        lent[n - 1] = (struct agent_entry){n, w->entries[n].chain,
                                           esep_slice(w->entries[n].data, w->entries[n].len)};
    agent_on_entries(w->agent, token, ESEP_OK, lent, 3, w->now);
    assert_int_equal(agent_counter(w->agent, AGENT_ENTRIES_SENT), 3);
    world_free(w);
}

/* It is down when its socket is closed, not before. */
TEST(down_when_the_socket_is_closed)
{
    WORLD(w);
    office_start(w);
    assert_int_equal(agent_peek(w->agent)->kind, AGENT_EFFECT_CONNECT);
    agent_drain(w->agent, w->now);
    assert_false(agent_drained(w->agent));
    agent_pop(w->agent);
    assert_int_equal(agent_peek(w->agent)->kind, AGENT_EFFECT_DISCONNECT);
    assert_false(agent_drained(w->agent));
    agent_pop(w->agent);
    office_effects(w);
    assert_true(agent_drained(w->agent));
    world_free(w);
}

/* A frame that the socket has not taken yet is sent first. */
TEST(down_when_the_last_frame_is_out)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    w->socket_full = true;
    office_advance(w, ESEP_MINUTE); /* a PING is due */
    office_effects(w);
    agent_drain(w->agent, w->now);
    office_effects(w);
    assert_false(agent_drained(w->agent));
    const uint64_t pings = w->model.pings;
    w->socket_full = false;
    agent_on_time(w->agent, w->now);
    for (const struct agent_effect *e; (e = agent_peek(w->agent)) != NULL;) {
        if (e->kind == AGENT_EFFECT_SEND)
            model_on_frame(w, e->frame);
        agent_pop(w->agent);
    }
    assert_true(agent_drained(w->agent));
    assert_int_equal(w->model.pings, pings + 1);
    world_free(w);
}

/* Set back while it was offline, the clock says less than the last WELCOME did: less counts. */
TEST(confirmed_at_with_the_clock_set_back)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    const esep_time welcomed = w->now;
    link_break(w);
    office_advance(w, ESEP_HOUR);
    assert_int_not_equal(office_status(w).state, AGENT_ONLINE);
    assert_int_equal(agent_confirmed_at(w->agent, w->now), welcomed);
    assert_int_equal(agent_confirmed_at(w->agent, welcomed - ESEP_DAY), welcomed - ESEP_DAY);
    world_free(w);
}

static void groups_of_three(Esep__V1__Welcome *welcome)
{
    welcome->group_entries_max = 3;
}

static void groups_of_many(Esep__V1__Welcome *welcome)
{
    welcome->group_entries_max = UINT32_MAX;
}

/* A collector that takes few entries under one head gets no more; one that takes many gets as many
 * as the office is set to. */
TEST(groups_as_small_as_the_collector_takes)
{
    static void (*const spoils[])(Esep__V1__Welcome *) = {NULL, groups_of_many, groups_of_three};
    for (size_t i = 0; i < 3; i++) {
        WORLD(w);
        write_many(w, 9, 50);
        w->config.group_entries = 5;
        w->model.spoil = spoils[i];
        office_start(w);
        assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
        assert_int_equal(agent_counter(w->agent, AGENT_GROUPS), i == 2 ? 3 : 2);
        world_free(w);
    }
}

static Esep__V1__HeldChain told; /* what WELCOME says of an older epoch */
static uint8_t told_head[ESEP_HASH_BYTES];

static void tell_older(Esep__V1__Welcome *welcome)
{
    told.head = (ProtobufCBinaryData){told.head.len, told_head};
    welcome->older = &told;
}

/* The office recovered twice, epoch 2 was receipted through 5, and the collector came back from a
 * backup. What it lacks of epoch 2 goes before anything of epoch 3; what it does not lack, or what
 * was tried in vain, does not hold the present one up. */
TEST(what_an_older_epoch_lacks_goes_first)
{
    const struct {
        uint32_t epoch;
        uint64_t seq;
        size_t head_len;
        int passed; /* 1: with this head, 2: with another */
        bool stops;
    } cases[] = {
        {2, 4, 32, 0, true},  {2, 5, 32, 0, false}, {2, 6, 32, 0, false}, {1, 9, 32, 0, true},
        {0, 0, 0, 0, true},   {2, 4, 32, 1, false}, {2, 4, 32, 2, true},  {3, 0, 32, 0, false},
        {4, 0, 32, 0, false}, {2, 4, 0, 0, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        WORLD(w);
        struct agent_journal *j = &w->disk;
        j->epoch = 3;
        j->head = esep_chain_start(&w->model.log_id, WORLD_OFFICE, 3, w->office_key.public);
        j->base = w->entries[0].chain = j->head;
        w->model.epoch = 2;
        j->older_epoch = 2;
        j->older_seq = 5;
        write_many(w, 2, 50);
        esep__v1__held_chain__init(&told);
        told.epoch = cases[i].epoch;
        told.seq = cases[i].seq;
        told.head.len = cases[i].head_len;
        memset(told_head, 0x77, sizeof told_head);
        j->older_passed = cases[i].passed != 0;
        memset(j->older_passed_head.bytes, cases[i].passed == 1 ? 0x77 : 0x78, ESEP_HASH_BYTES);
        w->model.spoil = tell_older;
        office_start(w);
        world_run(w);
        const struct agent_status s = office_status(w);
        assert_int_equal(s.state, cases[i].stops ? AGENT_STOPPED : AGENT_ONLINE);
        assert_int_equal(w->disk.receipted_seq, cases[i].stops ? 0 : 2);
        if (cases[i].stops) {
            assert_int_equal(s.why, AGENT_WHY_OLDER);
            assert_int_equal(s.held_epoch, cases[i].epoch);
            assert_int_equal(s.held_seq, cases[i].seq);
            assert_int_equal(s.held_head.bytes[0], cases[i].head_len > 0 ? 0x77 : 0);
            assert_int_equal(w->model.batches, 0);
        }
        world_free(w);
    }
}

/* A refusal of the test's own, signed if it is to be. */
static void refuse(struct world *w, Esep__V1__Refusal *r, bool is_signed)
{
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    uint8_t statement[ESEP_REFUSAL_BYTES];
    if (is_signed) {
        esep_refusal_statement(r, statement);
        esep_sign(&w->model.log_key, esep_slice(statement, sizeof statement), signature);
        r->signature = esep_pb(signature, sizeof signature);
    }
    esep_buf_clear(&w->plain);
    esep_buf_clear(&w->frame);
    assert_int_equal(esep_pack(&r->base, &w->plain), ESEP_OK);
    const struct esep_envelope head = {
        .version = ESEP_WIRE_VERSION,
        .kind = ESEP__V1__KIND__KIND_REFUSAL,
        .session = esep_slice(w->model.session.id, ESEP_SESSION_ID_BYTES),
    };
    assert_int_equal(esep_envelope_write_head(&head, w->plain.len, &w->frame), ESEP_OK);
    assert_int_equal(esep_buf_put(&w->frame, w->plain.data, w->plain.len), ESEP_OK);
    agent_on_frame(w->agent, esep_buf_slice(&w->frame), w->now);
}

/* The words of who refuses are shown, as one line, behind what they mean here. */
TEST(words_of_a_refusal)
{
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        WORLD(w);
        char words[] = "call\n+7 7172\tstate=online";
        Esep__V1__Refusal r = ESEP__V1__REFUSAL__INIT;
        office_start(w);
        world_run(w);
        r.reason = REASON(PENDING);
        r.text = words;
        r.session = esep_pb(w->model.session.id, ESEP_SESSION_ID_BYTES);
        refuse(w, &r, is_signed == 1);
        const struct agent_status s = office_status(w);
        assert_int_equal(s.state, AGENT_OFFLINE);
        assert_non_null(strstr(s.text, "has not accepted the key yet: call"));
        assert_null(strpbrk(s.text, "\n\t"));
        world_free(w);
    }
}

/* More of an epoch that this journal has never begun: it was restored from before a recovery. */
TEST(behind_by_an_epoch)
{
    WORLD(w);
    Esep__V1__Refusal r = ESEP__V1__REFUSAL__INIT;
    write_many(w, 3, 50);
    office_start(w);
    world_run(w);
    char none[] = "";
    r.reason = REASON(BEHIND);
    r.text = none;
    r.session = esep_pb(w->model.session.id, ESEP_SESSION_ID_BYTES);
    r.epoch = 2;
    r.seq = 1; /* fewer than are here, of another chain */
    refuse(w, &r, true);
    const struct agent_status s = office_status(w);
    assert_int_equal(s.state, AGENT_STOPPED);
    assert_int_equal(s.why, AGENT_WHY_BEHIND);
    assert_int_equal(s.held_epoch, 2);
    assert_int_equal(s.held_seq, 1);
    world_free(w);
}

/* A broker's refusal of some other session, or of what is no session's name. */
TEST(a_refusal_of_what_is_no_session)
{
    WORLD(w);
    static const uint8_t five[5] = {1, 2, 3, 4, 5};
    static const uint8_t zeros[5];
    char none[] = "";
    Esep__V1__Refusal r = ESEP__V1__REFUSAL__INIT;
    office_start(w);
    world_run(w);
    const uint64_t dropped = agent_counter(w->agent, AGENT_FRAMES_DROPPED);
    r.reason = REASON(WAIT);
    r.text = none;
    r.session = esep_pb(five, sizeof five);
    refuse(w, &r, false);
    refuse(w, &r, true);
    assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), dropped + 2);
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    r.signature.len = 0;
    r.session = esep_pb(zeros, sizeof zeros); /* it could not read the frame, and says so */
    refuse(w, &r, false);
    assert_int_equal(office_status(w).state, AGENT_OFFLINE);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_goes_down_promises_nothing_new),
        cmocka_unit_test(an_answer_to_another_read),
        cmocka_unit_test(down_when_the_socket_is_closed),
        cmocka_unit_test(down_when_the_last_frame_is_out),
        cmocka_unit_test(confirmed_at_with_the_clock_set_back),
        cmocka_unit_test(groups_as_small_as_the_collector_takes),
        cmocka_unit_test(what_an_older_epoch_lacks_goes_first),
        cmocka_unit_test(words_of_a_refusal),
        cmocka_unit_test(behind_by_an_epoch),
        cmocka_unit_test(a_refusal_of_what_is_no_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
