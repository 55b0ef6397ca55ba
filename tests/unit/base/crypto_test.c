/* Are the primitives the ones the standards name? Vectors of FIPS 180-4, RFC 8032, RFC 7748; the
 * rest against values computed by an independent implementation (Python's hashlib).
 */
#include "base/crypto.h"
#include "fixture.h"

#define BYTES_MAX 128

static struct esep_slice unhex(const char *text, uint8_t out[BYTES_MAX])
{
    size_t len = strlen(text) / 2;
    assert_true(len <= BYTES_MAX);
    assert_int_equal(esep_unhex(text, out, len), ESEP_OK);
    return esep_slice(out, len);
}

static int start(void **state)
{
    (void)state;
    return esep_crypto_init() == ESEP_OK ? 0 : -1;
}

static void test_sha256_fips_180_4(void **state)
{
    (void)state;
    static const struct {
        const char *message;
        const char *hash;
    } vectors[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct esep_hash hash = esep_sha256(esep_slice_str(vectors[i].message));
        assert_hex(hash.bytes, 32, vectors[i].hash);
    }
    char *million = malloc(1000000);
    assert_non_null(million);
    memset(million, 'a', 1000000);
    struct esep_hash hash = esep_sha256(esep_slice(million, 1000000));
    assert_hex(hash.bytes, 32, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

static void test_sha256_of_parts_is_that_of_the_whole(void **state)
{
    (void)state;
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    struct esep_hash whole = esep_sha256(esep_slice(bytes, sizeof bytes));
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        const struct esep_slice parts[] = {esep_slice(bytes, cut), esep_slice(NULL, 0),
                                           esep_slice(bytes + cut, sizeof bytes - cut)};
        struct esep_hash hash = esep_sha256_parts(parts, 3);
        assert_true(esep_hash_equal(&hash, &whole));
        struct esep_hashing hashing;
        esep_hashing_init(&hashing);
        for (size_t i = 0; i < 3; i++)
            esep_hashing_add(&hashing, parts[i]);
        hash = esep_hashing_done(&hashing);
        assert_true(esep_hash_equal(&hash, &whole));
    }
    bytes[199] ^= 1;
    struct esep_hash other = esep_sha256(esep_slice(bytes, sizeof bytes));
    assert_false(esep_hash_equal(&other, &whole));
}

static void test_ed25519_rfc_8032(void **state)
{
    (void)state;
    static const struct {
        const char *seed;
        const char *public;
        const char *message;
        const char *signature;
    } vectors[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "cf9b4"
         "6bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0f11d"
         "8c387b2eaeb4302aeeb00d291612bb0c00"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint8_t seed[BYTES_MAX];
        uint8_t message[BYTES_MAX];
        uint8_t signature[ESEP_SIGNATURE_BYTES];
        struct esep_sign_key key;
        unhex(vectors[i].seed, seed);
        struct esep_slice text = unhex(vectors[i].message, message);
        esep_sign_key_from_seed(&key, seed);
        assert_hex(key.public, sizeof key.public, vectors[i].public);
        esep_sign(&key, text, signature);
        assert_hex(signature, sizeof signature, vectors[i].signature);
        assert_true(esep_verify(key.public, text, signature));
        for (size_t k = 0; k < sizeof signature; k++) {
            signature[k] ^= 0x10;
            assert_false(esep_verify(key.public, text, signature));
            signature[k] ^= 0x10;
        }
        assert_false(esep_verify(key.public, esep_slice_str("other"), signature));
        /* The all-zero "key" is a point of small order: it would verify for anybody. */
        assert_false(esep_verify((const uint8_t[32]){0}, text, (const uint8_t[64]){0}));
    }
}

static void test_x25519_rfc_7748(void **state)
{
    (void)state;
    uint8_t seed[BYTES_MAX];
    uint8_t shared[32];
    struct esep_box_key alice;
    struct esep_box_key bob;
    unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", seed);
    esep_box_key_from_seed(&alice, seed);
    unhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", seed);
    esep_box_key_from_seed(&bob, seed);
    assert_hex(alice.public, 32,
               "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    assert_hex(bob.public, 32, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_int_equal(esep_box_shared(alice.secret, bob.public, shared), ESEP_OK);
    assert_hex(shared, 32, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    memset(shared, 0, sizeof shared);
    assert_int_equal(esep_box_shared(bob.secret, alice.public, shared), ESEP_OK);
    assert_hex(shared, 32, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");

    uint8_t scalar[BYTES_MAX];
    uint8_t point[BYTES_MAX];
    unhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", scalar);
    unhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c", point);
    assert_int_equal(esep_box_shared(scalar, point, shared), ESEP_OK);
    assert_hex(shared, 32, "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");

    /* Points of small order give a secret that everybody knows. */
    static const char *const small_order[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    memset(shared, 7, sizeof shared);
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++) {
        unhex(small_order[i], point);
        assert_int_equal(esep_box_shared(alice.secret, point, shared), ESEP_INVALID);
    }
    assert_int_equal(shared[0], 7);
}

static void test_kdf(void **state)
{
    (void)state;
    uint8_t key[32];
    uint8_t data[64];
    uint8_t out[32];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    memcpy(key, data, sizeof key);
    const struct esep_slice parts[] = {esep_slice_str("esep/first/v1"), esep_slice(NULL, 0),
                                       esep_slice(data, sizeof data)};
    esep_kdf(key, parts, 3, out);
    assert_hex(out, 32, "ef922c40eef551058ccad75ed65beec47b60deacc3a3c20f696101848580374f");
}

static void test_seal_binds_everything(void **state)
{
    (void)state;
    uint8_t key[32] = {1};
    uint8_t sealed[5 + ESEP_SEAL_BYTES];
    uint8_t plain[5];
    struct esep_slice ad = esep_slice_str("head");
    struct esep_slice whole = esep_slice(sealed, sizeof sealed);
    esep_seal(key, 1, 2, ad, esep_slice_str("text!"), sealed);
    assert_int_equal(esep_open(key, 1, 2, ad, whole, plain), ESEP_OK);
    assert_memory_equal(plain, "text!", 5);
    assert_int_equal(esep_open(key, 2, 2, ad, whole, plain), ESEP_INVALID);
    assert_int_equal(esep_open(key, 1, 3, ad, whole, plain), ESEP_INVALID);
    assert_int_equal(esep_open(key, 1, 2, esep_slice_str("Head"), whole, plain), ESEP_INVALID);
    for (size_t len = 0; len < sizeof sealed; len++)
        assert_int_equal(esep_open(key, 1, 2, ad, esep_slice(sealed, len), plain), ESEP_INVALID);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 0x80;
        assert_int_equal(esep_open(key, 1, 2, ad, whole, plain), ESEP_INVALID);
        sealed[i] ^= 0x80;
    }
    key[31] ^= 1;
    assert_int_equal(esep_open(key, 1, 2, ad, whole, plain), ESEP_INVALID);

    esep_seal(key, 1, 9, esep_slice(NULL, 0), esep_slice(NULL, 0), sealed);
    assert_int_equal(
        esep_open(key, 1, 9, esep_slice(NULL, 0), esep_slice(sealed, ESEP_SEAL_BYTES), plain),
        ESEP_OK);
}

static void test_wipe(void **state)
{
    (void)state;
    uint8_t secret[40];
    memset(secret, 0xaa, sizeof secret);
    esep_wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        assert_int_equal(secret[i], 0);
}

static void test_prng(void **state)
{
    (void)state;
    /* The published first outputs of splitmix64 for this seed. */
    static const uint64_t want[] = {
        UINT64_C(6457827717110365317),  UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423),  UINT64_C(4593380528125082431),
        UINT64_C(16408922859458223821),
    };
    struct esep_prng prng = {.state = 1234567};
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
        assert_true(esep_prng_next(&prng) == want[i]);
    int seen[7] = {0};
    for (int i = 0; i < 7000; i++)
        seen[esep_prng_below(&prng, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 800, 1200);
    assert_int_equal(esep_prng_below(&prng, 1), 0);
    for (int i = 0; i < 100; i++)
        assert_true(esep_prng_below(&prng, UINT64_MAX) != UINT64_MAX);
    /* Almost half of all draws are thrown away here, or the low results would come twice as often.
     */
    const uint64_t bound = (UINT64_C(1) << 63) + 1;
    size_t low = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t value = esep_prng_below(&prng, bound);
        assert_true(value < bound);
        low += value < bound / 2;
    }
    assert_in_range(low, 420, 580);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_fips_180_4),
        cmocka_unit_test(test_sha256_of_parts_is_that_of_the_whole),
        cmocka_unit_test(test_ed25519_rfc_8032),
        cmocka_unit_test(test_x25519_rfc_7748),
        cmocka_unit_test(test_kdf),
        cmocka_unit_test(test_seal_binds_everything),
        cmocka_unit_test(test_wipe),
        cmocka_unit_test(test_prng),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
