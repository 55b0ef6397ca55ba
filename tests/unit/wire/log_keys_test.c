/* tests/unit/wire/log_keys_test.c - the statement's bytes, and who is let into the chain of a log's
 * keys: the next one by both signatures, and nobody else. */
#include "../base/fixture.h"
#include "wire/log_keys.h"

#define KEYS 5

static struct esep_hash log_id;
static struct esep_sign_key signers[KEYS];
static struct esep_log_keys chain; /* all of them */

static int set_up(void **state)
{
    (void)state;
    memset(log_id.bytes, 7, sizeof log_id.bytes);
    for (size_t i = 0; i < KEYS; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        esep_sign_key_from_seed(&signers[i], seed);
    }
    esep_log_keys_begin(&chain, signers[0].public);
    for (size_t i = 1; i < KEYS; i++) {
        struct esep_log_key key = {
            .generation = i < 4 ? 0 : 1700000000, .size = i < 4 ? 100 * i : 50, .at = 1000};
        esep_log_key_sign(&log_id, &signers[i - 1], &signers[i], &key);
        assert_int_equal(esep_log_keys_push(&chain, signers[i - 1].public, &key), ESEP_OK);
    }
    return 0;
}

static void the_layout_is_the_pages(void **state)
{
    (void)state;
    uint8_t bytes[ESEP_LOG_KEY_BYTES];
    uint8_t made[ESEP_LOG_KEY_BYTES] = "esep/log-key/v1";
    const struct esep_log_key *key = &chain.at[4];
    memcpy(made + 16, log_id.bytes, 32);
    memcpy(made + 48, signers[3].public, 32);
    memcpy(made + 80, signers[4].public, 32);
    for (int i = 0; i < 8; i++) {
        made[112 + i] = (uint8_t)(UINT64_C(1700000000) >> (8 * (7 - i)));
        made[120 + i] = (uint8_t)(UINT64_C(50) >> (8 * (7 - i)));
        made[128 + i] = (uint8_t)(UINT64_C(1000) >> (8 * (7 - i)));
    }
    esep_log_key_statement(&log_id, signers[3].public, key, bytes);
    assert_memory_equal(bytes, made, sizeof made);
    assert_true(esep_verify(signers[3].public, esep_slice(made, sizeof made), key->by_old));
    assert_true(esep_verify(signers[4].public, esep_slice(made, sizeof made), key->by_new));
}

static void every_bit_is_signed_twice(void **state)
{
    (void)state;
    const struct esep_log_key good = chain.at[1];
    assert_true(esep_log_key_verify(&log_id, signers[0].public, &good));
    for (size_t i = 0; i < sizeof good; i++) {
        struct esep_log_key key = good;
        ((uint8_t *)&key)[i] ^= 1;
        assert_false(esep_log_key_verify(&log_id, signers[0].public, &key));
    }
    assert_false(esep_log_key_verify(&log_id, signers[2].public, &good));
    struct esep_hash other = log_id;
    other.bytes[0] ^= 1;
    assert_false(esep_log_key_verify(&other, signers[0].public, &good));
}

static enum esep_status take(struct esep_log_keys *keys, const struct esep_log_keys *from,
                             size_t first)
{
    struct esep_log_links links;
    esep_log_links(from, first, &links);
    return esep_log_keys_take(keys, &log_id, links.places, links.count);
}

static bool same(const struct esep_log_keys *a, const struct esep_log_keys *b)
{
    return a->count == b->count && memcmp(a->at, b->at, a->count * sizeof a->at[0]) == 0;
}

/* Whichever key it holds, and however much of the chain it is told. */
static void who_was_away_follows(void **state)
{
    (void)state;
    for (size_t held = 0; held < KEYS; held++) {
        for (size_t first = 1; first < KEYS; first++) {
            struct esep_log_keys keys = chain;
            keys.count = held + 1;
            const struct esep_log_keys before = keys;
            const enum esep_status status = take(&keys, &chain, first);
            assert_int_equal(status, first <= held + 1 ? ESEP_OK : ESEP_DENIED);
            assert_true(same(&keys, status == ESEP_OK ? &chain : &before));
        }
    }
    /* One that was enrolled in the middle knows nothing of what was before. */
    struct esep_log_keys keys;
    esep_log_keys_begin(&keys, signers[2].public);
    assert_int_equal(take(&keys, &chain, 1), ESEP_OK);
    assert_int_equal(keys.count, 3);
    assert_memory_equal(esep_log_keys_newest(&keys), signers[4].public, ESEP_KEY_BYTES);
}

static void a_strangers_chain_is_refused(void **state)
{
    (void)state;
    const uint8_t seed[32] = {99};
    struct esep_sign_key thief;
    struct esep_log_keys keys;
    struct esep_log_keys forged = chain;
    esep_sign_key_from_seed(&thief, seed);
    /* Of a key that is not held. */
    esep_log_keys_begin(&keys, thief.public);
    assert_int_equal(take(&keys, &chain, 1), ESEP_DENIED);
    /* A link that only the new key signed, then one that only the old one did. */
    forged.count = 2;
    esep_log_key_sign(&log_id, &thief, &thief, &forged.at[1]);
    esep_log_keys_begin(&keys, signers[0].public);
    const struct esep_log_keys before = keys;
    assert_int_equal(take(&keys, &forged, 1), ESEP_DENIED);
    forged.at[1] = chain.at[1];
    memset(forged.at[1].by_new, 0, ESEP_SIGNATURE_BYTES);
    assert_int_equal(take(&keys, &forged, 1), ESEP_DENIED);
    /* A good link with a forged one behind it: neither is taken. */
    forged = chain;
    forged.count = 3;
    forged.at[2].size++;
    assert_int_equal(take(&keys, &forged, 1), ESEP_DENIED);
    assert_true(same(&keys, &before));
}

static void a_chain_neither_forks_nor_goes_back(void **state)
{
    (void)state;
    const uint8_t seed[32] = {98};
    struct esep_sign_key other;
    struct esep_log_keys keys = chain;
    struct esep_log_keys fork = chain;
    esep_sign_key_from_seed(&other, seed);
    fork.count = 2;
    esep_log_key_sign(&log_id, &signers[0], &other, &fork.at[1]); /* truly signed, twice */
    assert_int_equal(take(&keys, &fork, 1), ESEP_CONFLICT);
    fork = chain;
    fork.count = 3;
    assert_int_equal(take(&keys, &fork, 1), ESEP_DENIED);
    /* Not from an earlier size, nor once more. */
    struct esep_log_key key = {.generation = 1700000000, .size = 50};
    keys.count = KEYS;
    assert_int_equal(esep_log_keys_push(&keys, signers[4].public, &key), ESEP_INVALID);
    key.size = 51;
    memcpy(key.public, signers[1].public, ESEP_KEY_BYTES);
    assert_int_equal(esep_log_keys_push(&keys, signers[4].public, &key), ESEP_INVALID);
    assert_true(same(&keys, &chain));
}

static void a_head_is_its_times_keys(void **state)
{
    (void)state;
    static const struct {
        uint64_t generation, size;
        int newer, older; /* -1: none */
    } cases[] = {
        {0, 1, 0, -1},  {0, 99, 0, -1},         {0, 100, 1, 0},          {0, 101, 1, -1},
        {0, 200, 2, 1}, {0, 5000, 3, -1},       {1600000000, 1, 3, -1},  {1700000000, 49, 3, -1},
        {0, 300, 3, 2}, {1700000000, 50, 4, 3}, {1700000000, 51, 4, -1}, {1800000000, 1, 4, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint8_t *may[2] = {NULL, NULL};
        const unsigned count = esep_log_keys_at(&chain, cases[i].generation, cases[i].size, may);
        assert_int_equal(count, cases[i].older < 0 ? 1 : 2);
        assert_memory_equal(may[0], signers[cases[i].newer].public, ESEP_KEY_BYTES);
        if (cases[i].older >= 0)
            assert_memory_equal(may[1], signers[cases[i].older].public, ESEP_KEY_BYTES);
        for (int k = 0; k < KEYS; k++) {
            uint8_t signature[ESEP_SIGNATURE_BYTES];
            esep_sign(&signers[k], esep_slice_str("head"), signature);
            const uint8_t *by = esep_log_keys_verify(&chain, cases[i].generation, cases[i].size,
                                                     esep_slice_str("head"), signature);
            assert_int_equal(by != NULL, k == cases[i].newer || k == cases[i].older);
        }
    }
}

static void what_is_kept_comes_back(void **state)
{
    (void)state;
    for (size_t count = 1; count <= KEYS; count++) {
        uint8_t bytes[ESEP_LOG_KEYS_BYTES_MAX];
        struct esep_log_keys keys = chain;
        struct esep_log_keys back;
        keys.count = count;
        const size_t len = esep_log_keys_pack(&keys, bytes);
        assert_int_equal(esep_log_keys_unpack(esep_slice(bytes, len), &back), ESEP_OK);
        assert_true(same(&keys, &back));
        assert_int_equal(esep_log_keys_unpack(esep_slice(bytes, len - 1), &back), ESEP_INVALID);
    }
}

static void who_says_what_it_holds_is_told_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++)
        assert_int_equal(esep_log_keys_behind(&chain, esep_log_key_hint(signers[i].public)), i + 1);
    assert_int_equal(esep_log_keys_behind(&chain, 0), 1);
}

static void a_chain_is_bounded(void **state)
{
    (void)state;
    struct esep_log_keys keys;
    struct esep_log_links links;
    Esep__V1__LogKey *many[ESEP_LOG_KEYS_MAX + 1];
    struct esep_log_key key = {.size = 1};
    esep_log_keys_begin(&keys, signers[0].public);
    while (keys.count < ESEP_LOG_KEYS_MAX) {
        key.public[0]++;
        key.size++;
        assert_int_equal(esep_log_keys_push(&keys, esep_log_keys_newest(&keys), &key), ESEP_OK);
    }
    key.public[0]++;
    key.size++;
    assert_int_equal(esep_log_keys_push(&keys, esep_log_keys_newest(&keys), &key), ESEP_LIMIT);
    esep_log_links(&chain, 1, &links);
    for (size_t i = 0; i <= ESEP_LOG_KEYS_MAX; i++)
        many[i] = links.places[0];
    keys = chain;
    assert_int_equal(esep_log_keys_take(&keys, &log_id, many, ESEP_LOG_KEYS_MAX), ESEP_LIMIT);
    assert_int_equal(esep_log_keys_take(&keys, &log_id, many, 0), ESEP_OK);
    links.messages[0].by_new.len = 63;
    assert_int_equal(esep_log_keys_take(&keys, &log_id, many, 1), ESEP_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_the_pages),
        cmocka_unit_test(every_bit_is_signed_twice),
        cmocka_unit_test(who_was_away_follows),
        cmocka_unit_test(a_strangers_chain_is_refused),
        cmocka_unit_test(a_chain_neither_forks_nor_goes_back),
        cmocka_unit_test(a_head_is_its_times_keys),
        cmocka_unit_test(what_is_kept_comes_back),
        cmocka_unit_test(who_says_what_it_holds_is_told_the_rest),
        cmocka_unit_test(a_chain_is_bounded),
    };
    return esep_crypto_init() == ESEP_OK ? cmocka_run_group_tests(tests, set_up, NULL) : 1;
}
