/* Is there exactly one encoding of an envelope, and is everything else refused with a reason? */
#include "../base/fixture.h"
#include "wire/envelope.h"

static const uint8_t session_id[16] = "0123456789abcdef";
static const uint8_t ephemeral[32] = "ephemeral ephemeral ephemeral 01";
static const uint8_t log_id[32] = "log_id  log_id  log_id  log_id 1";

static struct esep_envelope full(void)
{
    return (struct esep_envelope){
        .version = ESEP_WIRE_VERSION,
        .kind = ESEP__V1__KIND__KIND_HELLO,
        .counter = 300,
        .session = esep_slice(session_id, sizeof session_id),
        .ephemeral = esep_slice(ephemeral, sizeof ephemeral),
        .log_id = esep_slice(log_id, sizeof log_id),
        .sealed = esep_slice_str("the sealed body"),
    };
}

static struct esep_buf write_frame(const struct esep_envelope *envelope)
{
    struct esep_buf out;
    esep_buf_init(&out, 4096);
    assert_int_equal(esep_envelope_write_head(envelope, envelope->sealed.len, &out), ESEP_OK);
    assert_true(out.len <= ESEP_ENVELOPE_HEAD_MAX);
    assert_int_equal(esep_buf_put(&out, envelope->sealed.data, envelope->sealed.len), ESEP_OK);
    return out;
}

static void assert_same(const struct esep_envelope *a, const struct esep_envelope *b)
{
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->kind, b->kind);
    assert_true(a->counter == b->counter);
    assert_true(esep_slice_equal(a->session, b->session));
    assert_true(esep_slice_equal(a->ephemeral, b->ephemeral));
    assert_true(esep_slice_equal(a->log_id, b->log_id));
    assert_true(esep_slice_equal(a->sealed, b->sealed));
}

static void test_round_trip(void **state)
{
    (void)state;
    static const uint64_t counters[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX};
    for (unsigned i = 0; i < 4 * sizeof counters / sizeof counters[0]; i++) {
        struct esep_envelope envelope = full();
        struct esep_envelope back;
        envelope.counter = counters[i / 4];
        if ((i & 1) != 0)
            envelope.log_id = esep_slice(NULL, 0);
        if ((i & 3) == 3)
            envelope.ephemeral = esep_slice(NULL, 0);
        if ((i & 3) == 2)
            envelope.sealed = esep_slice(NULL, 0);
        struct esep_buf frame = write_frame(&envelope);
        assert_int_equal(esep_envelope_read(esep_buf_slice(&frame), &back, NULL), ESEP_OK);
        assert_same(&envelope, &back);
        esep_buf_done(&frame);
    }
}

static void test_largest_head(void **state)
{
    (void)state;
    struct esep_envelope envelope = full();
    struct esep_buf out;
    envelope.version = UINT32_MAX;
    envelope.kind = (Esep__V1__Kind)INT32_MAX;
    envelope.counter = UINT64_MAX;
    esep_buf_init(&out, ESEP_ENVELOPE_HEAD_MAX);
    assert_int_equal(esep_envelope_write_head(&envelope, UINT32_MAX, &out), ESEP_OK);
    esep_buf_done(&out);
    if (SIZE_MAX > UINT32_MAX)
        assert_int_equal(esep_envelope_write_head(&envelope, (size_t)UINT32_MAX + 1, &out),
                         ESEP_LIMIT);
}

static void test_protobuf_c_agrees(void **state)
{
    (void)state;
    struct esep_envelope envelope = full();
    struct esep_buf frame = write_frame(&envelope);
    Esep__V1__Envelope *message = esep__v1__envelope__unpack(NULL, frame.len, frame.data);
    assert_non_null(message);
    assert_int_equal(message->kind, envelope.kind);
    assert_true(message->counter == envelope.counter);
    assert_int_equal(message->sealed.len, envelope.sealed.len);
    assert_int_equal(esep__v1__envelope__get_packed_size(message), frame.len);
    uint8_t *packed = malloc(frame.len);
    assert_non_null(packed);
    esep__v1__envelope__pack(message, packed);
    assert_memory_equal(packed, frame.data, frame.len);
    free(packed);
    esep__v1__envelope__free_unpacked(message, NULL);
    esep_buf_done(&frame);
}

static void test_every_truncation(void **state)
{
    (void)state;
    struct esep_envelope envelope = full();
    struct esep_buf frame = write_frame(&envelope);
    size_t head_len = frame.len - envelope.sealed.len;
    /* A cut between two fields, from session on, leaves a whole envelope without a body. */
    size_t sealed_field = head_len - 2;
    size_t accepted = 0;
    for (size_t len = 0; len < frame.len; len++) {
        struct esep_envelope back = {.counter = 99};
        struct esep_reason reason = {.text = ""};
        uint8_t *exact = malloc(len + 1);
        assert_non_null(exact);
        memcpy(exact, frame.data, len);
        if (esep_envelope_read(esep_slice(exact, len), &back, &reason) == ESEP_OK) {
            accepted++;
            assert_int_equal(back.sealed.len, 0);
            assert_true(len <= sealed_field);
        } else {
            assert_int_equal(back.counter, 99);
            assert_true(reason.text[0] != '\0');
        }
        free(exact);
    }
    assert_int_equal(accepted, 4); /* after session, counter, ephemeral, log_id */
    esep_buf_done(&frame);
}

/* Whatever is accepted is the one encoding of what was read: write(read(x)) == x. */
static void test_every_mutated_byte(void **state)
{
    (void)state;
    struct esep_envelope envelope = full();
    struct esep_buf frame = write_frame(&envelope);
    for (size_t i = 0; i < frame.len; i++) {
        uint8_t was = frame.data[i];
        for (unsigned value = 0; value < 256; value++) {
            struct esep_envelope back;
            frame.data[i] = (uint8_t)value;
            if (esep_envelope_read(esep_buf_slice(&frame), &back, NULL) != ESEP_OK)
                continue;
            struct esep_buf again = write_frame(&back);
            assert_true(esep_slice_equal(esep_buf_slice(&again), esep_buf_slice(&frame)));
            esep_buf_done(&again);
        }
        frame.data[i] = was;
    }
    esep_buf_done(&frame);
}

#define SESSION "1a1030313233343536373839616263646566"

static void test_other_encodings_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        const char *what;
    } cases[] = {
        {"", "nothing at all"},
        {"0801 1001", "no session"},
        {"0801 0801 1001" SESSION, "version twice"},
        {"1001 0801" SESSION, "out of order"},
        {SESSION SESSION, "session twice"},
        {"0800" SESSION, "a default value written out"},
        {"088100" SESSION, "a varint longer than needed"},
        {"0880808080808080808001" SESSION, "a version over 32 bits"},
        {SESSION "2080808080808080808002", "a counter over 64 bits"},
        {SESSION "20ffffffffffffffffffff01", "a varint of eleven bytes"},
        {"108080808008" SESSION, "a kind over 31 bits"},
        {"0a0101" SESSION, "version as bytes"},
        {"1801", "session as a number"},
        {"0d01000000" SESSION, "version as fixed32"},
        {"0901000000 00000000" SESSION, "version as fixed64"},
        {"0b0c" SESSION, "a group"},
        {"0801" SESSION "3801", "an unknown field"},
        {"0801" SESSION "800101", "an unknown field above sealed"},
        {"8180808010 01" SESSION, "a field number above 32 bits"},
        {"0001" SESSION, "field number 0"},
        {"1a0f30313233343536373839616263646 5", "a short session"},
        {"1a00", "an empty session"},
        {SESSION "2a021122", "a short ephemeral"},
        {SESSION "32206c6f675f6964206c6f675f6964206c6f675f6964206c6f675f69642020202031",
         "log_id without ephemeral"},
        {SESSION "7a00", "an empty sealed, written out"},
        {SESSION "7a0211", "sealed longer than the frame"},
        {SESSION "7a011100", "garbage behind sealed"},
        {SESSION "7a0111 2001", "a field behind sealed"},
        {SESSION "7aff", "a length cut short"},
        {SESSION "7affffffffffffffffff01", "a length of 2^64 - 1"},
        {"9a00", "a tag longer than needed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct esep_envelope envelope;
        struct esep_reason reason = {.text = ""};
        struct esep_buf frame = fixture_hex(cases[i].hex, strlen(cases[i].hex));
        if (esep_envelope_read(esep_buf_slice(&frame), &envelope, &reason) != ESEP_INVALID)
            fail_msg("accepted: %s", cases[i].what);
        assert_true(reason.text[0] != '\0');
        esep_buf_done(&frame);
    }
}

static void test_associated_data(void **state)
{
    (void)state;
    struct esep_envelope envelope = full();
    uint8_t ad[ESEP_ENVELOPE_AD_MAX];
    assert_int_equal(esep_envelope_ad(&envelope, ad), 112);
    assert_memory_equal(ad, "esep/envelope/v1\0\0\0\1\0\0\0\1", 24);
    assert_memory_equal(ad + 24, session_id, 16);
    assert_memory_equal(ad + 40, "\0\0\0\0\0\0\1\x2c", 8);
    assert_memory_equal(ad + 48, ephemeral, 32);
    assert_memory_equal(ad + 80, log_id, 32);
    envelope.ephemeral = envelope.log_id = esep_slice(NULL, 0);
    assert_int_equal(esep_envelope_ad(&envelope, ad), 48);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_largest_head),
        cmocka_unit_test(test_protobuf_c_agrees),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_mutated_byte),
        cmocka_unit_test(test_other_encodings_are_refused),
        cmocka_unit_test(test_associated_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
