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

static struct esep_receipt receipt(void)
{
    struct esep_receipt r = {
        .kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
        .office = 7,
        .epoch = 2,
        .first_seq = 11,
        .through_seq = 12,
        .first_index = 13,
        .last_index = 14,
        .accepted_at = 1357000000000000,
        .committed_at = 1356999999000000,
        .commitment_seq = 15,
        .checkpoint_size = 16,
    };
    fill(r.head.bytes, 32, 0x40);
    fill(r.checkpoint_root.bytes, 32, 0x60);
    return r;
}

static struct esep_evidence evidence(void)
{
    struct esep_evidence e = {
        .office = 7,
        .size_bytes = 2097152,
        .log_index = 13,
        .accepted_at = 1357000000000000,
        .checkpoint_size = 16,
    };
    fill(e.sha256.bytes, 32, 0x40);
    fill(e.checkpoint_root.bytes, 32, 0x60);
    return e;
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

static void test_golden_receipt(void **state)
{
    (void)state;
    uint8_t bytes[ESEP_RECEIPT_BYTES];
    struct esep_receipt r = receipt();
    esep_receipt_statement(&log_id, &r, bytes);
    assert_golden(GOLDEN, "receipt", bytes, sizeof bytes);
    esep_receipt_sign(&log_id, &r, &key);
    assert_golden(GOLDEN, "receipt_signature", r.signature, sizeof r.signature);
}

static void test_golden_evidence(void **state)
{
    (void)state;
    uint8_t bytes[ESEP_EVIDENCE_BYTES];
    struct esep_evidence e = evidence();
    esep_evidence_statement(&log_id, &e, bytes);
    assert_golden(GOLDEN, "evidence", bytes, sizeof bytes);
    esep_evidence_sign(&log_id, &e, &key);
    assert_golden(GOLDEN, "evidence_signature", e.signature, sizeof e.signature);
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

static void test_receipt_signature_covers_every_field(void **state)
{
    (void)state;
    struct esep_receipt signed_one = receipt();
    esep_receipt_sign(&log_id, &signed_one, &key);
    assert_true(esep_receipt_verify(&log_id, &signed_one, key.public));
    for (int field = 0; field < 14; field++) {
        struct esep_receipt r = signed_one;
        struct esep_hash log = log_id;
        if (field == 0)
            r.kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT;
        r.office += field == 1;
        r.epoch += field == 2;
        r.first_seq += field == 3;
        r.through_seq += field == 4;
        r.head.bytes[31] ^= field == 5;
        r.first_index += field == 6;
        r.last_index += field == 7;
        r.accepted_at += field == 8;
        r.committed_at += field == 9;
        r.commitment_seq += field == 10;
        r.checkpoint_size += field == 11;
        r.checkpoint_root.bytes[0] ^= field == 12;
        log.bytes[0] ^= field == 13;
        assert_false(esep_receipt_verify(&log, &r, key.public));
    }
}

static void test_evidence_signature_covers_every_field(void **state)
{
    (void)state;
    struct esep_evidence signed_one = evidence();
    esep_evidence_sign(&log_id, &signed_one, &key);
    assert_true(esep_evidence_verify(&log_id, &signed_one, key.public));
    for (int field = 0; field < 8; field++) {
        struct esep_evidence e = signed_one;
        struct esep_hash log = log_id;
        e.office += field == 0;
        e.sha256.bytes[31] ^= field == 1;
        e.size_bytes += field == 2;
        e.log_index += field == 3;
        e.accepted_at += field == 4;
        e.checkpoint_size += field == 5;
        e.checkpoint_root.bytes[0] ^= field == 6;
        log.bytes[0] ^= field == 7;
        assert_false(esep_evidence_verify(&log, &e, key.public));
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

static void test_receipt_message(void **state)
{
    (void)state;
    struct esep_receipt r = receipt();
    struct esep_receipt back;
    Esep__V1__Receipt message;
    Esep__V1__Checkpoint checkpoint;
    esep_receipt_sign(&log_id, &r, &key);
    esep_receipt_write(&r, &message, &checkpoint);
    assert_int_equal(esep_receipt_read(&message, &back), ESEP_OK);
    assert_true(esep_receipt_verify(&log_id, &back, key.public));

    ProtobufCBinaryData *const lengths[] = {&message.head, &checkpoint.root, &message.signature};
    for (size_t i = 0; i < 3; i++) {
        lengths[i]->len--;
        assert_int_equal(esep_receipt_read(&message, &back), ESEP_INVALID);
        lengths[i]->len++;
    }
    message.kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_UNSPECIFIED;
    assert_int_equal(esep_receipt_read(&message, &back), ESEP_INVALID);
    /* The statement has one byte for the kind: another that ends alike is not the same. */
    message.kind = (Esep__V1__ReceiptKind)0x102;
    assert_int_equal(esep_receipt_read(&message, &back), ESEP_INVALID);
    message.kind =
        ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT; /* read; but not what was signed */
    assert_int_equal(esep_receipt_read(&message, &back), ESEP_OK);
    assert_false(esep_receipt_verify(&log_id, &back, key.public));
    message.kind = r.kind;
    message.checkpoint = NULL;
    assert_int_equal(esep_receipt_read(&message, &back), ESEP_INVALID);
    assert_int_equal(esep_receipt_read(NULL, &back), ESEP_INVALID);
}

static void test_evidence_message(void **state)
{
    (void)state;
    struct esep_evidence e = evidence();
    struct esep_evidence back;
    Esep__V1__EvidenceReceipt message;
    Esep__V1__FileName file;
    Esep__V1__Checkpoint checkpoint;
    esep_evidence_sign(&log_id, &e, &key);
    esep_evidence_write(&e, &message, &file, &checkpoint);
    assert_int_equal(esep_evidence_read(&message, &back), ESEP_OK);
    assert_true(esep_evidence_verify(&log_id, &back, key.public));

    ProtobufCBinaryData *const lengths[] = {&file.sha256, &checkpoint.root, &message.signature};
    for (size_t i = 0; i < 3; i++) {
        lengths[i]->len--;
        assert_int_equal(esep_evidence_read(&message, &back), ESEP_INVALID);
        lengths[i]->len++;
    }
    file.size_bytes = 0; /* nothing is evidence of nothing */
    assert_int_equal(esep_evidence_read(&message, &back), ESEP_INVALID);
    message.file = NULL;
    assert_int_equal(esep_evidence_read(&message, &back), ESEP_INVALID);
    message.checkpoint = NULL;
    assert_int_equal(esep_evidence_read(&message, &back), ESEP_INVALID);
    assert_int_equal(esep_evidence_read(NULL, &back), ESEP_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden_chain),
        cmocka_unit_test(test_golden_content),
        cmocka_unit_test(test_golden_commitment),
        cmocka_unit_test(test_golden_receipt),
        cmocka_unit_test(test_golden_evidence),
        cmocka_unit_test(test_golden_rest),
        cmocka_unit_test(test_commitment_signature_covers_every_field),
        cmocka_unit_test(test_receipt_signature_covers_every_field),
        cmocka_unit_test(test_evidence_signature_covers_every_field),
        cmocka_unit_test(test_commitment_message),
        cmocka_unit_test(test_evidence_message),
        cmocka_unit_test(test_receipt_message),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
