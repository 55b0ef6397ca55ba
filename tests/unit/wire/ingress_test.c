/* tests/unit/wire/ingress_test.c - a note of ingress: its bytes, its signature, its message. */
#include "golden.h"
#include "wire/ingress.h"
#include "wire/unpack.h"

#define GOLDEN "tests/unit/wire/golden/keys.hex"

static void fill(uint8_t *out, size_t len, uint8_t start)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(start + i);
}

static struct esep_ingress made(void)
{
    struct esep_ingress note = {.received_at = 1358701199250000};
    struct esep_sign_key broker;
    uint8_t seed[32];
    fill(seed, 32, 0xa0);
    esep_sign_key_from_seed(&broker, seed);
    fill(note.log_id.bytes, 32, 0);
    fill(note.office_curve, 32, 0xb0);
    fill(note.content.bytes, 32, 0xc0);
    esep_ingress_sign(&note, &broker);
    return note;
}

static void bytes_are_those_of_the_page(void **state)
{
    (void)state;
    uint8_t bytes[ESEP_SIGNED_INGRESS_BYTES];
    struct esep_ingress note = made();
    struct esep_ingress again;
    esep_ingress_pack(&note, bytes);
    assert_golden(GOLDEN, "ingress", bytes, sizeof bytes);
    assert_int_equal(esep_ingress_unpack(esep_slice(bytes, sizeof bytes), &again), ESEP_OK);
    assert_memory_equal(&again, &note, sizeof note);
    assert_int_equal(esep_ingress_unpack(esep_slice(bytes, sizeof bytes - 1), &again),
                     ESEP_INVALID);
    bytes[15] = 1;
    assert_int_equal(esep_ingress_unpack(esep_slice(bytes, sizeof bytes), &again), ESEP_INVALID);
}

static void every_bit_is_signed(void **state)
{
    (void)state;
    const struct esep_ingress good = made();
    assert_true(esep_ingress_verify(&good));
    for (size_t i = 0; i < 8 * sizeof good; i++) {
        struct esep_ingress note = good;
        ((uint8_t *)&note)[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_false(esep_ingress_verify(&note));
    }
}

static void message_there_and_back(void **state)
{
    (void)state;
    const struct esep_ingress note = made();
    struct esep_ingress got = {.log_id = note.log_id};
    Esep__V1__Ingress message;
    memcpy(got.office_curve, note.office_curve, ESEP_KEY_BYTES);
    esep_ingress_write(&note, &message);
    assert_int_equal(esep_ingress_read(&message, &got), ESEP_OK);
    assert_memory_equal(&got, &note, sizeof note);
    assert_int_equal(esep_ingress_read(NULL, &got), ESEP_INVALID);
    ProtobufCBinaryData *const fields[] = {&message.content, &message.broker_key,
                                           &message.signature};
    for (size_t i = 0; i < 3; i++) {
        fields[i]->len--;
        assert_int_equal(esep_ingress_read(&message, &got), ESEP_INVALID);
        fields[i]->len++;
    }
    static const int64_t no_hours[] = {-1, INT64_MIN, INT64_C(253402300799000001), INT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        message.received_at_us = no_hours[i];
        assert_int_equal(esep_ingress_read(&message, &got), ESEP_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_those_of_the_page),
        cmocka_unit_test(every_bit_is_signed),
        cmocka_unit_test(message_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
