/* An enrolled office's own hand: frames that its agent would never make. Each is refused as a
 * whole, its session or another office's suffers nothing, and what follows is taken. */
#include "ingest_world.h"

/* Sends plain bytes under the session's key. */
static void send_plain(struct sim_office *o, struct ingest *g, Esep__V1__Kind kind, bool first,
                       const void *bytes, size_t len)
{
    const struct esep_slice plain = esep_slice(bytes, len);
    uint8_t frame[32768];
    esep_buf_clear(&o->last_frame);
    assert_int_equal(first ? esep_session_seal_first(&o->session, kind, plain, &o->last_frame)
                           : esep_session_seal(&o->session, kind, plain, &o->last_frame),
                     ESEP_OK);
    assert_true(o->last_frame.len <= sizeof frame);
    memcpy(frame, o->last_frame.data, o->last_frame.len);
    sim_send(o, g, frame, o->last_frame.len);
}

/* The session goes on: its next entry is receipted. */
static void goes_on(struct sim_office *o, struct ingest *g)
{
    sim_forget(o);
    sim_write(o, g, KEY_1_MOH);
    sim_batch(o, g, o->seq, o->seq, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, o->seq);
}

static void malformed(struct sim_office *o, struct ingest *g, const void *bytes, size_t len)
{
    const size_t logged = g->world.log_count;
    g->world.now += ESEP_SECOND; /* the same refusal is said once in a while */
    send_plain(o, g, KIND(BATCH), false, bytes, len);
    assert_true(sim_refused(o, REASON(MALFORMED)));
    assert_int_equal(g->world.log_count, logged);
    goes_on(o, g);
}

static void batches_that_are_none(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    /* A number of more than 64 bits, one that does not end, a type that there is not. */
    malformed(o, &g, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11);
    malformed(o, &g, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12);
    malformed(o, &g, "\x0b\x01", 2);
    /* Longer than what is there: a number of 8 bytes, of 4, an entry, its length cut. */
    malformed(o, &g, "\x31\x01\x02", 3);
    malformed(o, &g, "\x35\x01\x02", 3);
    malformed(o, &g,
              "\x08\x01\x12\x05"
              "abcd",
              8);
    malformed(o, &g, "\x08\x01\x12\x80", 4);
    malformed(o, &g, "\x08\x01\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13);
    /* Entries from nowhere, and from where no number goes. */
    malformed(o, &g,
              "\x12\x01"
              "a",
              3);
    malformed(o, &g,
              "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x12\x01"
              "a",
              14);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* Fields of a newer version are passed over, of whatever type; so is a known one of another. */
static void what_is_not_known_is_passed_over(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    const size_t refusals = sim_count(o, KIND(REFUSAL));
    static const uint8_t strange[] = {0x20, 0x05,                           /* 4: a number */
                                      0x29, 1,    2,    3,   4, 5, 6, 7, 8, /* 5: eight bytes */
                                      0x35, 1,    2,    3,   4,             /* 6: four bytes */
                                      0x3a, 0x02, 'x',  'y',                /* 7: bytes */
                                      0x0a, 0x01, 'z',                      /* 1, as bytes */
                                      0x10, 0x07, 0x18, 0x07}; /* 2 and 3, as numbers */
    send_plain(o, &g, KIND(BATCH), false, strange, sizeof strange);
    assert_int_equal(sim_count(o, KIND(REFUSAL)), refusals);
    goes_on(o, &g);
    ingest_end(&g);
}

static void heads_that_are_none(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    const struct esep_commitment c = {
        .office = o->number, .epoch = 1, .seq = 1, .head = {{1}}, .signature = {1}};
    Esep__V1__Commitment message = ESEP__V1__COMMITMENT__INIT;
    uint8_t bytes[600];
    esep_commitment_write(&c, &message);
    message.signature.len = 63;
    bytes[0] = 0x1a;
    size_t len = protobuf_c_message_pack(&message.base, bytes + 2);
    assert_true(len < 127); /* one byte says how long */
    bytes[1] = (uint8_t)len;
    malformed(o, &g, bytes, len + 2); /* a signature of 63 bytes */
    message.signature.len = 64;
    len = protobuf_c_message_pack(&message.base, bytes + 2) + 2;
    bytes[1] = (uint8_t)(len - 2);
    memcpy(bytes + len, bytes, len);
    malformed(o, &g, bytes, 2 * len); /* two heads */
    malformed(o, &g, "\x1a\x02\xff\xff", 4);
    ingest_end(&g);
}

static void more_entries_than_a_frame_may_have(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    static uint8_t bytes[2 + 2 * 4097] = {0x08, 0x01};
    for (size_t i = 0; i < 4097; i++)
        bytes[2 + 2 * i] = 0x12;
    malformed(o, &g, bytes, sizeof bytes);
    ingest_end(&g);
}

/* An entry of no bytes is part of the chain that was signed: kept, receipted, without effect. */
static void an_entry_of_no_bytes(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_hello(o, &g);
    sim_write_bytes(o, &g, "", 0);
    sim_write(o, &g, KEY_1_MOH);
    sim_batch(o, &g, 1, 2, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 2);
    sim_write_bytes(o, &g, "", 0);
    sim_batch(o, &g, 3, 3, false); /* the same through the queue of those that wait */
    sim_write(o, &g, KEY_1_MOH);
    sim_batch(o, &g, 4, 4, true);
    assert_int_equal(sim_last(o, KIND(RECEIPT))->receipt.through_seq, 4);
    assert_int_equal(views_office(g.world.views, o->number)->refused_entries, 2);
    ingest_assert_replay(&g);
    ingest_end(&g);
}

/* The commitment is signed by the office, the session is somebody's: who recorded a commitment and
 * says hello with it is nobody. */
static void a_hello_with_a_recorded_commitment(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    struct sim_office *o = sim_active(&g, "moh");
    sim_write(o, &g, KEY_1_MOH);
    const struct esep_commitment c = sim_commit(o, &g, 1);
    const struct esep_sign_key own = o->sign;
    const uint8_t seed[32] = {0x66};
    for (int i = 0; i < 2; i++) {
        sim_connect(o, &g);
        esep_sign_key_from_seed(&o->sign, seed); /* signs what binds it to the session */
        sim_hello_as(o, &g, &c);
        o->sign = own;
        assert_true(sim_refused(o, REASON(BAD_SIGNATURE)));
        assert_int_equal(sim_count(o, KIND(WELCOME)), 0);
        sim_forget(o);
        g.world.now += ESEP_SECOND;
    }
    assert_int_equal(ingest_log_count(&g, LOG(COMMITMENT)), 0); /* it promises nothing */
    assert_int_equal(ingest_log_count(&g, LOG(ALARM)), 1);      /* the same sight, once */
    assert_int_equal(collector_counter(g.core, COLLECTOR_BAD_SIGNATURES), 2);
    sim_hello(o, &g);
    assert_int_equal(sim_count(o, KIND(WELCOME)), 1);
    ingest_end(&g);
}

/* First frames that open, and are no message; that do not open; that have no key to open with. */
static void first_frames_that_are_none(void **state)
{
    (void)state;
    static const Esep__V1__Kind kinds[] = {KIND(HELLO), KIND(ENROL), KIND(ORDER)};
    static const Esep__V1__RefusalReason reasons[] = {REASON(MALFORMED), REASON(MALFORMED),
                                                      REASON(DENIED)};
    for (size_t i = 0; i < 3; i++) {
        struct ingest g;
        ingest_start(&g, NULL);
        struct sim_office *o = sim_active(&g, "moh");
        const size_t logged = g.world.log_count;
        for (int how = 0; how < 3; how++) {
            g.world.now += ESEP_SECOND;
            sim_connect(o, &g);
            sim_begin(o, &g);
            sim_forget(o);
            if (how == 0) {
                send_plain(o, &g, kinds[i], true, "\xff\xff\xff", 3);
            } else if (how == 1) {
                uint8_t frame[256];
                esep_buf_clear(&o->last_frame);
                assert_int_equal(esep_session_seal_first(&o->session, kinds[i],
                                                         esep_slice("xyz", 3), &o->last_frame),
                                 ESEP_OK);
                memcpy(frame, o->last_frame.data, o->last_frame.len);
                frame[o->last_frame.len - 1] ^= 1;
                sim_send(o, &g, frame, o->last_frame.len);
            } else {
                uint8_t frame[256];
                const struct esep_envelope bare = {
                    .version = ESEP_WIRE_VERSION,
                    .kind = kinds[i],
                    .session = esep_slice(o->session.id, ESEP_SESSION_ID_BYTES)};
                esep_buf_clear(&o->last_frame);
                assert_int_equal(esep_envelope_write_head(&bare, 40, &o->last_frame), ESEP_OK);
                const size_t len = o->last_frame.len + 40;
                memset(frame, 7, sizeof frame);
                memcpy(frame, o->last_frame.data, o->last_frame.len);
                sim_send(o, &g, frame, len);
            }
            assert_true(sim_refused(o, reasons[i]));
        }
        assert_int_equal(g.world.log_count, logged);
        assert_int_equal(collector_counter(g.core, COLLECTOR_SESSIONS), 0);
        sim_hello(o, &g);
        assert_int_equal(sim_count(o, KIND(WELCOME)), 1);
        ingest_end(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_that_are_none),
        cmocka_unit_test(what_is_not_known_is_passed_over),
        cmocka_unit_test(heads_that_are_none),
        cmocka_unit_test(more_entries_than_a_frame_may_have),
        cmocka_unit_test(an_entry_of_no_bytes),
        cmocka_unit_test(a_hello_with_a_recorded_commitment),
        cmocka_unit_test(first_frames_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
