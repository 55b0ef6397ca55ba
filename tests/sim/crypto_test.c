/* tests/sim/crypto_test.c - the contract of lib/base/crypto.h, asked of whoever is linked in.
 *
 * Built twice: over the primitives that ship, and over sim_crypto.c, which the fast simulator has
 * in their place. Whatever a core may rely on in one must hold in the other: what was changed in
 * one byte, or comes under another key, number, direction or text beside it, is refused.
 */
#include "base/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

static void fill(uint8_t *bytes, size_t len, uint64_t seed)
{
    struct esep_prng prng = {.state = seed};
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)esep_prng_next(&prng);
}

static void a_signature_holds_for_its_key_and_message_alone(void **state)
{
    (void)state;
    uint8_t seed[32], message[200], signature[ESEP_SIGNATURE_BYTES];
    struct esep_sign_key key, again, other;
    fill(seed, sizeof seed, 1);
    fill(message, sizeof message, 2);
    esep_sign_key_from_seed(&key, seed);
    esep_sign_key_from_seed(&again, seed);
    seed[31] ^= 1;
    esep_sign_key_from_seed(&other, seed);
    assert_memory_equal(&key, &again, sizeof key);
    for (size_t len = 0; len <= sizeof message; len += 40) {
        struct esep_slice slice = esep_slice(message, len);
        esep_sign(&key, slice, signature);
        assert_true(esep_verify(key.public, slice, signature));
        assert_false(esep_verify(other.public, slice, signature));
        if (len > 0)
            assert_false(esep_verify(key.public, esep_slice(message, len - 1), signature));
        for (size_t i = 0; i < sizeof signature; i++) {
            signature[i] ^= 4;
            assert_false(esep_verify(key.public, slice, signature));
            signature[i] ^= 4;
        }
        for (size_t i = 0; i < len; i++) {
            message[i] ^= 0x80;
            assert_false(esep_verify(key.public, slice, signature));
            message[i] ^= 0x80;
        }
    }
}

static void both_sides_agree_and_nobody_else(void **state)
{
    (void)state;
    uint8_t seed[32], one[32], two[32], three[32];
    static const uint8_t zero[ESEP_KEY_BYTES];
    struct esep_box_key a, b, c;
    fill(seed, sizeof seed, 3);
    esep_box_key_from_seed(&a, seed);
    fill(seed, sizeof seed, 4);
    esep_box_key_from_seed(&b, seed);
    fill(seed, sizeof seed, 5);
    esep_box_key_from_seed(&c, seed);
    assert_int_equal(esep_box_shared(a.secret, b.public, one), ESEP_OK);
    assert_int_equal(esep_box_shared(b.secret, a.public, two), ESEP_OK);
    assert_int_equal(esep_box_shared(c.secret, a.public, three), ESEP_OK);
    assert_memory_equal(one, two, sizeof one);
    assert_memory_not_equal(one, three, sizeof one);
    assert_memory_not_equal(one, a.public, sizeof one);
    fill(three, sizeof three, 6);
    memcpy(two, three, sizeof two);
    assert_int_equal(esep_box_shared(a.secret, zero, two), ESEP_INVALID);
    assert_memory_equal(two, three, sizeof two); /* untouched */
}

static void a_derived_key_hangs_on_every_part(void **state)
{
    (void)state;
    uint8_t key[32], one[32], two[32], text[40];
    fill(key, sizeof key, 7);
    fill(text, sizeof text, 8);
    struct esep_slice parts[2] = {esep_slice(text, 20), esep_slice(text + 20, 20)};
    esep_kdf(key, parts, 2, one);
    esep_kdf(key, parts, 2, two);
    assert_memory_equal(one, two, sizeof one);
    esep_kdf(key, parts, 1, two);
    assert_memory_not_equal(one, two, sizeof one);
    text[39] ^= 1;
    esep_kdf(key, parts, 2, two);
    assert_memory_not_equal(one, two, sizeof one);
    text[39] ^= 1;
    key[0] ^= 1;
    esep_kdf(key, parts, 2, two);
    assert_memory_not_equal(one, two, sizeof one);
}

struct sealed {
    uint8_t key[32], ad[11], plain[100], box[100 + ESEP_SEAL_BYTES], open[100];
    size_t len;
};

static enum esep_status try_open(struct sealed *s, uint64_t direction, uint64_t counter)
{
    return esep_open(s->key, direction, counter, esep_slice(s->ad, sizeof s->ad),
                     esep_slice(s->box, s->len + ESEP_SEAL_BYTES), s->open);
}

static void every_byte_counts(struct sealed *s, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 0x10;
        assert_int_equal(try_open(s, 1, 9), ESEP_INVALID);
        bytes[i] ^= 0x10;
    }
}

static void a_seal_opens_whole_or_not_at_all(void **state)
{
    (void)state;
    static struct sealed s;
    fill((uint8_t *)&s, offsetof(struct sealed, len), 9);
    for (s.len = 0; s.len <= sizeof s.plain; s.len += 25) {
        esep_seal(s.key, 1, 9, esep_slice(s.ad, sizeof s.ad), esep_slice(s.plain, s.len), s.box);
        assert_int_equal(try_open(&s, 1, 9), ESEP_OK);
        assert_memory_equal(s.open, s.plain, s.len);
        if (s.len > 0)
            assert_memory_not_equal(s.box, s.plain, s.len);
        assert_int_equal(try_open(&s, 2, 9), ESEP_INVALID);
        assert_int_equal(try_open(&s, 1, 10), ESEP_INVALID);
        every_byte_counts(&s, s.key, sizeof s.key);
        every_byte_counts(&s, s.ad, sizeof s.ad);
        every_byte_counts(&s, s.box, s.len + ESEP_SEAL_BYTES);
        for (size_t cut = 1; cut <= s.len + ESEP_SEAL_BYTES; cut++)
            assert_int_equal(esep_open(s.key, 1, 9, esep_slice(s.ad, sizeof s.ad),
                                       esep_slice(s.box, s.len + ESEP_SEAL_BYTES - cut), s.open),
                             ESEP_INVALID);
    }
}

static void sha256_is_the_real_one(void **state)
{
    (void)state;
    char hex[65];
    const struct esep_slice parts[] = {esep_slice_str("a"), esep_slice(NULL, 0),
                                       esep_slice_str("bc")};
    struct esep_hash hash = esep_sha256_parts(parts, 3);
    esep_hex(hash.bytes, sizeof hash.bytes, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void the_generator_is_splitmix64(void **state)
{
    (void)state;
    struct esep_prng prng = {.state = 1234567};
    assert_true(esep_prng_next(&prng) == UINT64_C(6457827717110365317));
    assert_true(esep_prng_next(&prng) == UINT64_C(3203168211198807973));
    for (int i = 0; i < 1000; i++)
        assert_true(esep_prng_below(&prng, 7) < 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_holds_for_its_key_and_message_alone),
        cmocka_unit_test(both_sides_agree_and_nobody_else),
        cmocka_unit_test(a_derived_key_hangs_on_every_part),
        cmocka_unit_test(a_seal_opens_whole_or_not_at_all),
        cmocka_unit_test(sha256_is_the_real_one),
        cmocka_unit_test(the_generator_is_splitmix64),
    };
    if (esep_crypto_init() != ESEP_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
