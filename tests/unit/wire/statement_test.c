/* Are the signed bytes what statement.h says, to the byte, for ever? And do the messages that carry
 * them lose nothing and let nothing malformed in?
 */
#include "golden.h"
#include "wire/statement.h"

#define GOLDEN "tests/unit/wire/golden/statements.hex"

static struct esep_hash log_id;
static struct esep_sign_key key;

static void fill(void *out, size_t len, uint8_t first)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)(first + i);
}

static int start(void **state)
{
    (void)state;
    uint8_t seed[32];
    if (esep_crypto_init() != ESEP_OK)
        return -1;
    fill(log_id.bytes, 32, 0x00);
    fill(seed, 32, 0x20);
    esep_sign_key_from_seed(&key, seed);
    return 0;
}

static struct esep_commitment commitment(void)
{
    struct esep_commitment c = {
        .office = 7,
        .epoch = 2,
        .seq = UINT64_C(0x0102030405060708),
        .office_clock = -5,
        .checkpoint_size = UINT64_C(0x1112131415161718),
    };
    fill(c.head.bytes, 32, 0x40);
    fill(c.checkpoint_root.bytes, 32, 0x60);
    return c;
}

static void test_golden_chain(void **state)
{
    (void)state;
    struct esep_hash hash = esep_chain_start(&log_id, 7, 2, key.public);
    assert_golden(GOLDEN, "chain_start", hash.bytes, 32);
    hash = esep_chain_step(&hash, 1, esep_slice_str("the bytes of an entry"));
    assert_golden(GOLDEN, "chain_step", hash.bytes, 32);
    hash = esep_chain_step(&hash, UINT64_C(1) << 40, esep_slice(NULL, 0));
    assert_golden(GOLDEN, "chain_step_empty", hash.bytes, 32);
}

/* What others call an entry hangs on its bytes alone: on no log, office, epoch or sequence. */
static void test_golden_content(void **state)
{
    (void)state;
    struct esep_hash hash = esep_content_hash(esep_slice_str("the bytes of an entry"));
    assert_golden(GOLDEN, "content", hash.bytes, 32);
    hash = esep_content_hash(esep_slice(NULL, 0));
    assert_golden(GOLDEN, "content_empty", hash.bytes, 32);
}

static void test_golden_commitment(void **state)
{
    (void)state;
    uint8_t bytes[ESEP_COMMITMENT_BYTES];
    struct esep_commitment c = commitment();
    esep_commitment_statement(&log_id, &c, bytes);
    assert_golden(GOLDEN, "commitment", bytes, sizeof bytes);
    esep_commitment_sign(&log_id, &c, &key);
    assert_golden(GOLDEN, "commitment_signature", c.signature, sizeof c.signature);
}

static void test_golden_rest(void **state)
{
    (void)state;
    uint8_t session[16];
    uint8_t a[32];
    uint8_t b[32];
    uint8_t engine[16];
    uint8_t bytes[ESEP_REFUSAL_BYTES];
    fill(session, 16, 0x80);
    fill(a, 32, 0x90);
    fill(b, 32, 0xb0);
    fill(engine, 16, 0xd0);
    Esep__V1__Refusal refusal;
    esep__v1__refusal__init(&refusal);
    refusal.reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_FORK;
    refusal.session = (ProtobufCBinaryData){.len = 16, .data = session};
    refusal.counter = 17;
    refusal.office = 7;
    refusal.epoch = 2;
    refusal.seq = 18;
    esep_refusal_statement(&refusal, bytes);
    assert_golden(GOLDEN, "refusal", bytes, sizeof bytes);
    struct esep_hash hash = esep_auth_statement(a, b, &log_id, esep_slice_str("bound"));
    assert_golden(GOLDEN, "auth", hash.bytes, 32);
    hash = esep_join_statement(a, &log_id, engine, b);
    assert_golden(GOLDEN, "join", hash.bytes, 32);
    hash = esep_order_statement(&log_id, esep_slice_str("an order"));
    assert_golden(GOLDEN, "order", hash.bytes, 32);

    /* Without a session there is nothing to read past the end of. */
    refusal.session.len = 15;
    esep_refusal_statement(&refusal, bytes);
    for (size_t i = 16; i < 32; i++)
        assert_int_equal(bytes[i], 0);
}

static void test_commitment_signature_covers_every_field(void **state)
{
    (void)state;
    struct esep_commitment signed_one = commitment();
    esep_commitment_sign(&log_id, &signed_one, &key);
    assert_true(esep_commitment_verify(&log_id, &signed_one, key.public));
    for (int field = 0; field < 8; field++) {
        struct esep_commitment c = signed_one;
        struct esep_hash log = log_id;
        c.office += field == 0;
        c.epoch += field == 1;
        c.seq += field == 2;
        c.head.bytes[31] ^= field == 3;
        c.office_clock += field == 4;
        c.checkpoint_size += field == 5;
        c.checkpoint_root.bytes[0] ^= field == 6;
        log.bytes[0] ^= field == 7;
        assert_false(esep_commitment_verify(&log, &c, key.public));
    }
}

static void test_commitment_message(void **state)
{
    (void)state;
    struct esep_commitment c = commitment();
    struct esep_commitment back;
    Esep__V1__Commitment message;
    esep_commitment_sign(&log_id, &c, &key);
    esep_commitment_write(&c, &message);
    assert_int_equal(esep_commitment_read(&message, &back), ESEP_OK);
    assert_true(esep_commitment_verify(&log_id, &back, key.public));

    ProtobufCBinaryData *const lengths[] = {&message.head, &message.checkpoint_root,
                                            &message.signature};
    for (size_t i = 0; i < 3; i++) {
        lengths[i]->len--;
        assert_int_equal(esep_commitment_read(&message, &back), ESEP_INVALID);
        lengths[i]->len++;
    }
    message.checkpoint_size = 0; /* a root of no log */
    assert_int_equal(esep_commitment_read(&message, &back), ESEP_INVALID);
    assert_int_equal(esep_commitment_read(NULL, &back), ESEP_INVALID);

    c.checkpoint_size = 0;
    memset(&c.checkpoint_root, 0, sizeof c.checkpoint_root);
    esep_commitment_sign(&log_id, &c, &key);
    esep_commitment_write(&c, &message);
    assert_int_equal(message.checkpoint_root.len, 0);
    assert_int_equal(esep_commitment_read(&message, &back), ESEP_OK);
    assert_true(esep_commitment_verify(&log_id, &back, key.public));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_chain),
        cmocka_unit_test(test_golden_content),
        cmocka_unit_test(test_golden_commitment),
        cmocka_unit_test(test_golden_rest),
        cmocka_unit_test(test_commitment_signature_covers_every_field),
        cmocka_unit_test(test_commitment_message),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
