/* tests/unit/wire/office_keys_test.c - a rotation's bytes and signatures; the fingerprint. */
#include "golden.h"
#include "wire/office_keys.h"

#define GOLDEN "tests/unit/wire/golden/keys.hex"

static struct esep_hash log_id;
static struct esep_sign_key old_key, new_key;

static void fill(uint8_t *out, size_t len, uint8_t start)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(start + i);
}

static int set_up(void **state)
{
    (void)state;
    uint8_t seed[32];
    fill(log_id.bytes, 32, 0);
    fill(seed, 32, 0x20);
    esep_sign_key_from_seed(&old_key, seed);
    fill(seed, 32, 0xa0);
    esep_sign_key_from_seed(&new_key, seed);
    return 0;
}

static struct esep_rotation rotation(void)
{
    struct esep_rotation r = {.office = 7, .epoch = 3};
    memcpy(r.old.sign, old_key.public, 32);
    memcpy(r.fresh.sign, new_key.public, 32);
    fill(r.old.curve, 32, 0xb0);
    fill(r.fresh.curve, 32, 0xd0);
    esep_rotation_sign(&log_id, &r, &old_key, &new_key);
    return r;
}

static void bytes_are_those_of_the_page(void **state)
{
    (void)state;
    uint8_t bytes[ESEP_ROTATION_BYTES];
    struct esep_rotation r = rotation();
    esep_rotation_statement(&log_id, &r, bytes);
    assert_golden(GOLDEN, "rotation", bytes, sizeof bytes);
    assert_golden(GOLDEN, "rotation_by_old", r.by_old, 64);
    assert_golden(GOLDEN, "rotation_by_new", r.by_new, 64);
    struct esep_hash hash = esep_keys_hash(r.old.sign, r.old.curve);
    assert_golden(GOLDEN, "keys_hash", hash.bytes, 32);
}

static void both_keys_must_sign_every_bit(void **state)
{
    (void)state;
    const struct esep_rotation good = rotation();
    assert_true(esep_rotation_verify(&log_id, &good));
    for (size_t i = 0; i < sizeof good; i++) {
        struct esep_rotation r = good;
        ((uint8_t *)&r)[i] ^= 1;
        assert_false(esep_rotation_verify(&log_id, &r));
    }
    struct esep_hash other = log_id;
    other.bytes[31] ^= 1;
    assert_false(esep_rotation_verify(&other, &good));
    struct esep_rotation r = good; /* each other's signature */
    memcpy(r.by_old, good.by_new, 64);
    assert_false(esep_rotation_verify(&log_id, &r));
    r = good;
    memcpy(r.by_new, good.by_old, 64);
    assert_false(esep_rotation_verify(&log_id, &r));
}

static void a_fingerprint_is_read_as_a_code_is(void **state)
{
    (void)state;
    const struct esep_rotation r = rotation();
    char text[ESEP_FINGERPRINT_TEXT_BYTES];
    uint8_t back[ESEP_CODE_BYTES];
    esep_fingerprint(r.old.sign, r.old.curve, text);
    assert_int_equal(strlen(text), 33);
    assert_int_equal(esep_code_parse(text, back, NULL), ESEP_OK);
    const struct esep_hash hash = esep_keys_hash(r.old.sign, r.old.curve);
    assert_memory_equal(back, hash.bytes, sizeof back);
    char other[ESEP_FINGERPRINT_TEXT_BYTES];
    esep_fingerprint(r.old.curve, r.old.sign, other);
    assert_string_not_equal(text, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_those_of_the_page),
        cmocka_unit_test(both_keys_must_sign_every_bit),
        cmocka_unit_test(a_fingerprint_is_read_as_a_code_is),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
