/* Does a session open exactly what the other side sealed, once, and nothing else?
 *
 * The broker is the adversary: it sees, keeps, changes, repeats and swaps frames at will.
 */
#include "golden.h"
#include "wire/session.h"

#define GOLDEN "tests/unit/wire/golden/session.hex"

#define HELLO ESEP__V1__KIND__KIND_HELLO
#define WELCOME ESEP__V1__KIND__KIND_WELCOME
#define BATCH ESEP__V1__KIND__KIND_BATCH
#define RECEIPT ESEP__V1__KIND__KIND_RECEIPT
#define ENROL ESEP__V1__KIND__KIND_ENROL
#define ENROL_REPLY ESEP__V1__KIND__KIND_ENROL_REPLY
#define BUNDLE ESEP__V1__KIND__KIND_BUNDLE

static struct esep_hash log_id;
static struct esep_box_key collector_key;

static void fill(uint8_t *out, size_t len, uint8_t first)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(first + i);
}

static int start(void **state)
{
    (void)state;
    uint8_t seed[32];
    if (esep_crypto_init() != ESEP_OK)
        return -1;
    fill(log_id.bytes, 32, 0x00);
    fill(seed, 32, 0x51);
    esep_box_key_from_seed(&collector_key, seed);
    return 0;
}

struct pair {
    struct esep_session office;
    struct esep_session collector;
    struct esep_buf frame;
    struct esep_buf plain;
};

static struct esep_envelope read_frame(const struct esep_buf *frame)
{
    struct esep_envelope envelope;
    assert_int_equal(esep_envelope_read(esep_buf_slice(frame), &envelope, NULL), ESEP_OK);
    return envelope;
}

static enum esep_status open_frame(struct esep_session *session, struct pair *pair)
{
    struct esep_envelope envelope = read_frame(&pair->frame);
    return esep_session_open(session, &envelope, &pair->plain);
}

static void assert_plain(const struct pair *pair, const char *want)
{
    assert_true(esep_slice_equal(esep_buf_slice(&pair->plain), esep_slice_str(want)));
}

/* The office begins and seals its first frame; the collector accepts and opens it. */
static void begin(struct pair *pair, Esep__V1__Kind kind, const char *text)
{
    uint8_t seed[32];
    fill(seed, 32, 0x31);
    memset(pair, 0, sizeof *pair);
    esep_buf_init(&pair->frame, 1 << 16);
    esep_buf_init(&pair->plain, 1 << 16);
    assert_int_equal(esep_session_begin(&pair->office, seed, collector_key.public, &log_id),
                     ESEP_OK);
    assert_int_equal(
        esep_session_seal_first(&pair->office, kind, esep_slice_str(text), &pair->frame), ESEP_OK);
    struct esep_envelope envelope = read_frame(&pair->frame);
    assert_int_equal(esep_session_accept(&pair->collector, &envelope, &collector_key, &log_id),
                     ESEP_OK);
    assert_int_equal(esep_session_open(&pair->collector, &envelope, &pair->plain), ESEP_OK);
    assert_plain(pair, text);
}

static void welcome(struct pair *pair)
{
    uint8_t seed[32];
    fill(seed, 32, 0x71);
    esep_buf_clear(&pair->frame);
    assert_int_equal(esep_session_establish(&pair->collector, seed), ESEP_OK);
    assert_int_equal(
        esep_session_seal_first(&pair->collector, WELCOME, esep_slice_str("welcome"), &pair->frame),
        ESEP_OK);
    assert_true(pair->collector.established);
    assert_int_equal(open_frame(&pair->office, pair), ESEP_OK);
    assert_plain(pair, "welcome");
    assert_true(pair->office.established);
}

static void done(struct pair *pair)
{
    esep_session_done(&pair->office);
    esep_session_done(&pair->collector);
    esep_buf_done(&pair->frame);
    esep_buf_done(&pair->plain);
}

/* The log key could sign for a collector that chose a session key everybody knows: a point of small
 * order. The office does not go along. */
static void test_a_welcome_with_a_weak_key(void **state)
{
    (void)state;
    struct pair pair;
    uint8_t seed[32];
    begin(&pair, HELLO, "hello");
    fill(seed, 32, 0x71);
    esep_buf_clear(&pair.frame);
    assert_int_equal(esep_session_establish(&pair.collector, seed), ESEP_OK);
    memset(pair.collector.ephemeral.public, 0, 32);
    assert_int_equal(
        esep_session_seal_first(&pair.collector, WELCOME, esep_slice_str("welcome"), &pair.frame),
        ESEP_OK);
    assert_int_not_equal(open_frame(&pair.office, &pair), ESEP_OK);
    assert_false(pair.office.established);
    assert_false(pair.office.opened);
    done(&pair);
}

static void test_what_a_session_may_not_do(void **state)
{
    (void)state;
    struct pair pair;
    uint8_t seed[32] = {1};
    begin(&pair, BUNDLE, "bundle");
    assert_int_equal(esep_session_establish(&pair.office, seed), ESEP_INVALID);
    done(&pair);
    esep_session_done(NULL);

    begin(&pair, HELLO, "hello");
    welcome(&pair);
    assert_int_equal(esep_session_establish(&pair.collector, seed), ESEP_INVALID);
    /* More than an envelope can say the length of: nothing of it is looked at. */
    esep_buf_clear(&pair.frame);
    assert_int_equal(esep_session_seal(&pair.office, BATCH,
                                       esep_slice("", UINT32_MAX - ESEP_SEAL_BYTES + 1ULL),
                                       &pair.frame),
                     ESEP_LIMIT);
    assert_int_equal(pair.frame.len, 0);
    assert_int_equal(pair.office.tx_counter, 0);
    done(&pair);
}

/* The first counter belongs to the frame that carries a key, and to no other. */
static void test_counters_and_carried_keys(void **state)
{
    (void)state;
    struct pair pair;
    begin(&pair, HELLO, "hello");
    struct esep_session fresh = pair.collector;
    fresh.opened = false;
    esep_buf_clear(&pair.frame);
    struct esep_envelope head = {
        .version = ESEP_WIRE_VERSION,
        .kind = HELLO,
        .session = esep_slice(pair.office.id, sizeof pair.office.id),
    };
    uint8_t sealed[ESEP_SEAL_BYTES + 4] = {0};
    head.sealed = esep_slice(sealed, sizeof sealed);
    assert_int_equal(esep_session_open(&fresh, &head, &pair.plain), ESEP_INVALID);
    assert_false(fresh.opened);
    welcome(&pair);
    head.counter = 1;
    head.kind = BATCH;
    head.ephemeral = esep_slice(pair.office.office_ephemeral, 32);
    assert_int_equal(esep_session_open(&pair.collector, &head, &pair.plain), ESEP_INVALID);
    assert_int_equal(pair.collector.rx_counter, 0);
    done(&pair);
}

/* A WELCOME that found no room was not said: it can be said again. */
static void test_a_welcome_without_room(void **state)
{
    (void)state;
    struct pair pair;
    struct esep_buf small;
    uint8_t seed[32] = {0x71};
    begin(&pair, HELLO, "hello");
    esep_buf_init(&small, 40);
    assert_int_equal(esep_session_establish(&pair.collector, seed), ESEP_OK);
    assert_int_equal(
        esep_session_seal_first(&pair.collector, WELCOME, esep_slice_str("welcome"), &small),
        ESEP_LIMIT);
    assert_false(pair.collector.established);
    assert_int_equal(small.len, 0);
    esep_buf_clear(&pair.frame);
    assert_int_equal(
        esep_session_seal_first(&pair.collector, WELCOME, esep_slice_str("welcome"), &pair.frame),
        ESEP_OK);
    assert_int_equal(open_frame(&pair.office, &pair), ESEP_OK);
    assert_plain(&pair, "welcome");
    esep_buf_done(&small);
    done(&pair);
}

static void seal(struct esep_session *session, Esep__V1__Kind kind, const char *text,
                 struct pair *pair)
{
    esep_buf_clear(&pair->frame);
    assert_int_equal(esep_session_seal(session, kind, esep_slice_str(text), &pair->frame), ESEP_OK);
}

static void test_golden(void **state)
{
    (void)state;
    struct pair pair;
    char long_text[301];
    memset(long_text, 'x', 300);
    long_text[300] = '\0';
    begin(&pair, HELLO, "hello");
    assert_golden(GOLDEN, "hello", pair.frame.data, pair.frame.len);
    welcome(&pair);
    assert_golden(GOLDEN, "welcome", pair.frame.data, pair.frame.len);
    seal(&pair.office, BATCH, "batch", &pair);
    assert_golden(GOLDEN, "batch_1", pair.frame.data, pair.frame.len);
    seal(&pair.office, BATCH, long_text, &pair);
    assert_golden(GOLDEN, "batch_2", pair.frame.data, pair.frame.len);
    seal(&pair.collector, RECEIPT, "receipt", &pair);
    assert_golden(GOLDEN, "receipt_1", pair.frame.data, pair.frame.len);
    done(&pair);

    begin(&pair, ENROL, "enrol");
    esep_buf_clear(&pair.frame);
    assert_int_equal(esep_session_seal_first(&pair.collector, ENROL_REPLY,
                                             esep_slice_str("you are office 7"), &pair.frame),
                     ESEP_OK);
    assert_golden(GOLDEN, "enrol_reply", pair.frame.data, pair.frame.len);
    done(&pair);

    begin(&pair, BUNDLE, "bundle");
    esep_buf_clear(&pair.frame);
    assert_int_equal(
        esep_session_seal_bundle(&pair.office, BATCH, esep_slice_str("batch"), &pair.frame),
        ESEP_OK);
    assert_golden(GOLDEN, "bundle_1", pair.frame.data, pair.frame.len);
    done(&pair);
}

static void test_both_directions(void **state)
{
    (void)state;
    struct pair pair;
    begin(&pair, HELLO, "hello");
    welcome(&pair);
    for (int i = 0; i < 300; i++) {
        char text[32];
        snprintf(text, sizeof text, "message %d", i);
        seal(&pair.office, BATCH, text, &pair);
        assert_int_equal(open_frame(&pair.collector, &pair), ESEP_OK);
        assert_plain(&pair, text);
        seal(&pair.collector, RECEIPT, text, &pair);
        assert_int_equal(open_frame(&pair.office, &pair), ESEP_OK);
        assert_plain(&pair, text);
    }
    /* An empty body is a body. */
    seal(&pair.office, BATCH, "", &pair);
    assert_int_equal(open_frame(&pair.collector, &pair), ESEP_OK);
    assert_int_equal(pair.plain.len, 0);
    done(&pair);
}

static void test_secrets_are_wiped(void **state)
{
    (void)state;
    struct pair pair;
    static const uint8_t zero[32];
    begin(&pair, HELLO, "hello");
    welcome(&pair);
    assert_memory_equal(pair.office.ephemeral.secret, zero, 32);
    assert_memory_equal(pair.collector.ephemeral.secret, zero, 32);
    assert_memory_equal(pair.office.key, pair.collector.key, 32);
    done(&pair);
    assert_memory_equal(pair.office.key, zero, 32);
    assert_memory_equal(pair.office.first_key, zero, 32);
}

static void test_repeats_and_reordering(void **state)
{
    (void)state;
    struct pair pair;
    struct esep_buf first;
    begin(&pair, HELLO, "hello");
    assert_int_equal(open_frame(&pair.collector, &pair), ESEP_INVALID); /* HELLO again */
    welcome(&pair);
    assert_int_equal(open_frame(&pair.office, &pair), ESEP_INVALID); /* WELCOME again */
    seal(&pair.office, BATCH, "one", &pair);
    esep_buf_init(&first, 4096);
    assert_int_equal(esep_buf_put(&first, pair.frame.data, pair.frame.len), ESEP_OK);
    seal(&pair.office, BATCH, "two", &pair);
    seal(&pair.office, BATCH, "three", &pair); /* "two" was lost: no matter */
    assert_int_equal(open_frame(&pair.collector, &pair), ESEP_OK);
    assert_int_equal(open_frame(&pair.collector, &pair), ESEP_INVALID);
    struct esep_envelope late = read_frame(&first);
    assert_int_equal(esep_session_open(&pair.collector, &late, &pair.plain), ESEP_INVALID);
    assert_int_equal(pair.plain.len, 0);
    /* Its own frame sent back to the sender does not open either. */
    assert_int_equal(esep_session_open(&pair.office, &late, &pair.plain), ESEP_INVALID);
    seal(&pair.office, BATCH, "four", &pair);
    assert_int_equal(open_frame(&pair.collector, &pair), ESEP_OK);
    esep_buf_done(&first);
    done(&pair);
}

/* Flips each bit of the frame in pair->frame; nothing may open, and the session must not be hurt:
 * the true frame still opens afterwards. */
static void tamper(struct esep_session *session, struct pair *pair)
{
    for (size_t i = 0; i < pair->frame.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct esep_envelope envelope;
            pair->frame.data[i] ^= (uint8_t)(1u << bit);
            if (esep_envelope_read(esep_buf_slice(&pair->frame), &envelope, NULL) == ESEP_OK)
                assert_int_equal(esep_session_open(session, &envelope, &pair->plain), ESEP_INVALID);
            pair->frame.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    assert_int_equal(open_frame(session, pair), ESEP_OK);
}

static void test_tampering_with_every_bit(void **state)
{
    (void)state;
    struct pair pair;
    uint8_t seed[32];
    begin(&pair, HELLO, "hello");
    fill(seed, 32, 0x71);
    esep_buf_clear(&pair.frame);
    assert_int_equal(esep_session_establish(&pair.collector, seed), ESEP_OK);
    assert_int_equal(
        esep_session_seal_first(&pair.collector, WELCOME, esep_slice_str("w"), &pair.frame),
        ESEP_OK);
    tamper(&pair.office, &pair);
    seal(&pair.office, BATCH, "batch", &pair);
    tamper(&pair.collector, &pair);
    seal(&pair.collector, RECEIPT, "receipt", &pair);
    tamper(&pair.office, &pair);
    done(&pair);
}

static void test_tampering_with_hello(void **state)
{
    (void)state;
    struct pair pair;
    begin(&pair, HELLO, "hello");
    for (size_t i = 0; i < pair.frame.len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct esep_envelope envelope;
            struct esep_session session;
            pair.frame.data[i] ^= (uint8_t)(1u << bit);
            if (esep_envelope_read(esep_buf_slice(&pair.frame), &envelope, NULL) == ESEP_OK &&
                esep_session_accept(&session, &envelope, &collector_key, &log_id) == ESEP_OK)
                assert_int_equal(esep_session_open(&session, &envelope, &pair.plain), ESEP_INVALID);
            pair.frame.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    done(&pair);
}

static void test_whom_the_collector_accepts(void **state)
{
    (void)state;
    struct pair pair;
    struct esep_session session;
    struct esep_hash other_log = log_id;
    struct esep_box_key other_key;
    static const uint8_t zero[32];
    begin(&pair, HELLO, "hello");
    struct esep_envelope hello = read_frame(&pair.frame);
    other_log.bytes[0] ^= 1;
    assert_int_equal(esep_session_accept(&session, &hello, &collector_key, &other_log),
                     ESEP_DENIED);
    esep_box_key_from_seed(&other_key, zero);
    assert_int_equal(esep_session_accept(&session, &hello, &other_key, &log_id), ESEP_OK);
    assert_int_equal(esep_session_open(&session, &hello, &pair.plain), ESEP_INVALID);

    struct esep_envelope bad = hello;
    bad.version = 2;
    assert_int_equal(esep_session_accept(&session, &bad, &collector_key, &log_id), ESEP_INVALID);
    bad = hello;
    bad.counter = 1;
    assert_int_equal(esep_session_accept(&session, &bad, &collector_key, &log_id), ESEP_INVALID);
    bad = hello;
    bad.ephemeral = esep_slice(NULL, 0);
    assert_int_equal(esep_session_accept(&session, &bad, &collector_key, &log_id), ESEP_INVALID);
    bad = hello;
    bad.log_id = esep_slice(NULL, 0);
    assert_int_equal(esep_session_accept(&session, &bad, &collector_key, &log_id), ESEP_INVALID);
    bad = hello;
    bad.ephemeral = esep_slice(zero, 32); /* small order: a secret that everybody knows */
    assert_int_equal(esep_session_accept(&session, &bad, &collector_key, &log_id), ESEP_INVALID);
    bad = hello;
    bad.session = esep_slice(zero, 16); /* not the name of this ephemeral key */
    assert_int_equal(esep_session_accept(&session, &bad, &collector_key, &log_id), ESEP_INVALID);
    assert_int_equal(esep_session_begin(&session, collector_key.secret, zero, &log_id),
                     ESEP_INVALID);
    done(&pair);
}

/* A broker sends the same HELLO, or the same ENROL, a second time. The answers differ, and if their
 * key and nonce were the same, their XOR would be that of the two texts. */
static void test_replayed_requests_reuse_no_key(void **state)
{
    (void)state;
    struct pair a;
    struct pair b;
    uint8_t seed[32];
    begin(&a, ENROL, "enrol");
    begin(&b, ENROL, "enrol");
    esep_buf_clear(&a.frame);
    esep_buf_clear(&b.frame);
    assert_int_equal(
        esep_session_seal_first(&a.collector, ENROL_REPLY, esep_slice_str("accepted"), &a.frame),
        ESEP_OK);
    assert_int_equal(
        esep_session_seal_first(&b.collector, ENROL_REPLY, esep_slice_str("accepteD"), &b.frame),
        ESEP_OK);
    struct esep_envelope one = read_frame(&a.frame);
    struct esep_envelope two = read_frame(&b.frame);
    /* With one keystream the first seven bytes would be the same. */
    assert_memory_not_equal(one.sealed.data, two.sealed.data, 7);
    assert_int_equal(esep_session_open(&a.office, &one, &a.plain), ESEP_OK);
    assert_plain(&a, "accepted");
    assert_false(a.office.established);
    done(&a);
    done(&b);

    begin(&a, HELLO, "hello");
    begin(&b, HELLO, "hello");
    esep_buf_clear(&a.frame);
    esep_buf_clear(&b.frame);
    fill(seed, 32, 0x71);
    assert_int_equal(esep_session_establish(&a.collector, seed), ESEP_OK);
    seed[0] ^= 0x40;
    assert_int_equal(esep_session_establish(&b.collector, seed), ESEP_OK);
    assert_int_equal(
        esep_session_seal_first(&a.collector, WELCOME, esep_slice_str("welcome"), &a.frame),
        ESEP_OK);
    assert_int_equal(
        esep_session_seal_first(&b.collector, WELCOME, esep_slice_str("welcomE"), &b.frame),
        ESEP_OK);
    one = read_frame(&a.frame);
    two = read_frame(&b.frame);
    assert_memory_not_equal(one.sealed.data, two.sealed.data, 6);
    done(&a);
    done(&b);
}

static void test_calls_out_of_order(void **state)
{
    (void)state;
    struct pair pair;
    struct esep_slice text = esep_slice_str("text");
    const uint8_t seed[32] = {3};
    begin(&pair, HELLO, "hello");
    esep_buf_clear(&pair.frame);
    assert_int_equal(esep_session_seal_first(&pair.office, HELLO, text, &pair.frame),
                     ESEP_CONFLICT);
    assert_int_equal(esep_session_seal_first(&pair.collector, WELCOME, text, &pair.frame),
                     ESEP_CONFLICT);
    assert_int_equal(esep_session_seal(&pair.office, BATCH, text, &pair.frame), ESEP_INVALID);
    assert_int_equal(esep_session_seal(&pair.collector, RECEIPT, text, &pair.frame), ESEP_INVALID);
    assert_int_equal(esep_session_seal_bundle(&pair.collector, BATCH, text, &pair.frame),
                     ESEP_INVALID);
    assert_int_equal(esep_session_establish(&pair.office, seed), ESEP_INVALID);
    assert_int_equal(pair.frame.len, 0);
    welcome(&pair);
    esep_buf_clear(&pair.frame);
    assert_int_equal(esep_session_seal_first(&pair.collector, WELCOME, text, &pair.frame),
                     ESEP_CONFLICT);
    assert_int_equal(esep_session_establish(&pair.collector, seed), ESEP_INVALID);
    assert_int_equal(esep_session_seal_bundle(&pair.office, BATCH, text, &pair.frame),
                     ESEP_INVALID);
    assert_int_equal(pair.frame.len, 0);
    done(&pair);
}

static void test_bundle(void **state)
{
    (void)state;
    struct pair pair;
    begin(&pair, BUNDLE, "bundle head");
    for (int i = 0; i < 3; i++) {
        esep_buf_clear(&pair.frame);
        assert_int_equal(
            esep_session_seal_bundle(&pair.office, BATCH, esep_slice_str("batch"), &pair.frame),
            ESEP_OK);
        assert_int_equal(open_frame(&pair.collector, &pair), ESEP_OK);
        assert_plain(&pair, "batch");
        assert_int_equal(open_frame(&pair.collector, &pair), ESEP_INVALID);
    }
    done(&pair);

    /* It is answered, and what else is on the stick still opens. */
    begin(&pair, BUNDLE, "bundle head");
    struct esep_buf batch;
    esep_buf_init(&batch, 4096);
    assert_int_equal(esep_session_seal_bundle(&pair.office, BATCH, esep_slice_str("batch"), &batch),
                     ESEP_OK);
    welcome(&pair);
    esep_buf_clear(&pair.frame);
    assert_int_equal(esep_buf_put(&pair.frame, batch.data, batch.len), ESEP_OK);
    assert_int_equal(open_frame(&pair.collector, &pair), ESEP_OK);
    assert_plain(&pair, "batch");
    esep_buf_clear(&pair.frame);
    assert_int_equal(
        esep_session_seal(&pair.collector, RECEIPT, esep_slice_str("receipt"), &pair.frame),
        ESEP_OK);
    assert_int_equal(open_frame(&pair.office, &pair), ESEP_OK);
    assert_plain(&pair, "receipt");
    esep_buf_done(&batch);
    done(&pair);

    /* Without BUNDLE at its head, nothing goes under the first key but the first frame. */
    begin(&pair, HELLO, "hello");
    esep_buf_clear(&pair.frame);
    assert_int_equal(
        esep_session_seal_bundle(&pair.office, BATCH, esep_slice_str("batch"), &pair.frame),
        ESEP_OK);
    assert_int_equal(open_frame(&pair.collector, &pair), ESEP_INVALID);
    done(&pair);
}

static void test_full_buffer_spends_no_counter(void **state)
{
    (void)state;
    struct pair pair;
    struct esep_buf small;
    begin(&pair, HELLO, "hello");
    welcome(&pair);
    for (size_t max = 0; max < 23 + 2 + 5 + ESEP_SEAL_BYTES; max++) {
        esep_buf_init(&small, max);
        assert_int_equal(esep_session_seal(&pair.office, BATCH, esep_slice_str("batch"), &small),
                         ESEP_LIMIT);
        assert_int_equal(small.len, 0);
        esep_buf_done(&small);
    }
    assert_true(pair.office.tx_counter == 0);
    seal(&pair.office, BATCH, "batch", &pair);
    struct esep_envelope envelope = read_frame(&pair.frame);
    esep_buf_init(&small, 4);
    assert_int_equal(esep_session_open(&pair.collector, &envelope, &small), ESEP_LIMIT);
    assert_int_equal(open_frame(&pair.collector, &pair), ESEP_OK);
    esep_buf_done(&small);
    done(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_a_welcome_with_a_weak_key),
        cmocka_unit_test(test_what_a_session_may_not_do),
        cmocka_unit_test(test_counters_and_carried_keys),
        cmocka_unit_test(test_a_welcome_without_room),
        cmocka_unit_test(test_both_directions),
        cmocka_unit_test(test_secrets_are_wiped),
        cmocka_unit_test(test_repeats_and_reordering),
        cmocka_unit_test(test_tampering_with_every_bit),
        cmocka_unit_test(test_tampering_with_hello),
        cmocka_unit_test(test_whom_the_collector_accepts),
        cmocka_unit_test(test_replayed_requests_reuse_no_key),
        cmocka_unit_test(test_calls_out_of_order),
        cmocka_unit_test(test_bundle),
        cmocka_unit_test(test_full_buffer_spends_no_counter),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
