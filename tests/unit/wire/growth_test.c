/* Does a growth lead an office's tree to the signed root and to no other, from every size to every
 * other; is each leaf's place found, and no other leaf's; and is everything else refused?
 */
#include "../base/fixture.h"
#include "wire/growth.h"

#define SIZES 40

static const struct esep_hash log_id = {{0x4c, 0x4f, 0x47}};
static struct esep_sign_key log_key;
/* Trees of the first n leaves, and every node, by the definition. */
static struct esep_merkle trees[SIZES + 1];

static struct esep_hash leaf_hash(uint64_t index)
{
    uint8_t bytes[8];
    esep_be64_put(bytes, index);
    return esep_merkle_leaf(esep_slice(bytes, sizeof bytes));
}

static bool node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    const uint64_t *missing_from = context;
    if (missing_from != NULL && ((place.index + 1) << place.level) > *missing_from)
        return false;
    if (place.level == 0) {
        *ret = leaf_hash(place.index);
        return true;
    }
    struct esep_hash left;
    struct esep_hash right;
    if (!node(context, (struct esep_merkle_place){place.level - 1, place.index * 2}, &left) ||
        !node(context, (struct esep_merkle_place){place.level - 1, place.index * 2 + 1}, &right))
        return false;
    *ret = esep_merkle_node(&left, &right);
    return true;
}
static const struct esep_merkle_source source = {.node = node};

static int set_up(void **state)
{
    static const uint8_t seed[32] = {1};
    (void)state;
    esep_sign_key_from_seed(&log_key, seed);
    esep_merkle_init(&trees[0]);
    for (uint64_t i = 0; i < SIZES; i++) {
        const struct esep_hash hash = leaf_hash(i);
        trees[i + 1] = trees[i];
        assert_int_equal(esep_merkle_append_node(&trees[i + 1], 0, &hash), ESEP_OK);
    }
    return 0;
}

static struct esep_growth grown(uint64_t from, uint64_t size)
{
    struct esep_growth growth = {.generation = 0};
    assert_int_equal(esep_growth_make(&source, from, size, &growth), ESEP_OK);
    growth.root = esep_merkle_root(&trees[size]);
    esep_growth_sign(&log_id, &growth, &log_key);
    return growth;
}

static enum esep_status check(const struct esep_merkle *tree, const struct esep_growth *growth)
{
    struct esep_merkle after;
    enum esep_status status = esep_growth_check(&log_id, log_key.public, tree, growth, &after);
    if (status == ESEP_OK) {
        const struct esep_hash root = esep_merkle_root(&after);
        const struct esep_hash right = esep_merkle_root(&trees[growth->size]);
        assert_int_equal(after.size, growth->size);
        assert_true(esep_hash_equal(&root, &right));
    }
    return status;
}

static void from_every_size_to_every_other(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= SIZES; size++) {
        for (uint64_t from = 0; from <= size; from++) {
            const struct esep_growth growth = grown(from, size);
            assert_int_equal(check(&trees[from], &growth), ESEP_OK);
            for (uint64_t index = 0; index < size; index++) {
                struct esep_place place;
                struct esep_hash leaf = leaf_hash(index);
                assert_int_equal(esep_place_make(&source, from, size, index, &place), ESEP_OK);
                assert_true(esep_place_check(&trees[from], &growth, &place, &leaf));
                leaf.bytes[index % 32] ^= 1;
                assert_false(esep_place_check(&trees[from], &growth, &place, &leaf));
                leaf.bytes[index % 32] ^= 1;
                place.index ^= 1;
                assert_false(place.index < size &&
                             esep_place_check(&trees[from], &growth, &place, &leaf));
                place.index = size;
                assert_false(esep_place_check(&trees[from], &growth, &place, &leaf));
            }
        }
    }
}

/* An office that saw another log, however late it became another, does not get to the root. */
static void a_split_view_is_a_conflict(void **state)
{
    (void)state;
    for (uint64_t from = 1; from < SIZES; from++) {
        const struct esep_growth growth = grown(from, SIZES);
        for (uint64_t other = 0; other < from; other++) {
            struct esep_merkle tree = trees[other];
            for (uint64_t i = other; i < from; i++) {
                const struct esep_hash hash = leaf_hash(i == other ? 1000 : i);
                assert_int_equal(esep_merkle_append_node(&tree, 0, &hash), ESEP_OK);
            }
            assert_int_equal(check(&tree, &growth), ESEP_CONFLICT);
        }
    }
}

static void what_the_log_key_did_not_sign_is_denied(void **state)
{
    (void)state;
    struct esep_merkle after;
    static const uint8_t other_seed[32] = {2};
    struct esep_sign_key other;
    esep_sign_key_from_seed(&other, other_seed);
    struct esep_growth growth = grown(5, 13);
    for (size_t bit = 0; bit < 8 * sizeof growth.signature; bit++) {
        growth.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(check(&trees[5], &growth), ESEP_DENIED);
        growth.signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof growth.root; bit++) {
        growth.root.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(check(&trees[5], &growth), ESEP_DENIED);
        growth.root.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    /* The span alone is not signed: it leads to the root or it does not. */
    for (size_t bit = 0; bit < 8 * ESEP_HASH_BYTES * growth.span_count; bit++) {
        uint8_t *at = &growth.span[bit / 256].bytes[bit / 8 % 32];
        *at ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(check(&trees[5], &growth), ESEP_CONFLICT);
        *at ^= (uint8_t)(1 << bit % 8);
    }
    growth.generation = 7;
    assert_int_equal(check(&trees[5], &growth), ESEP_DENIED);
    growth = grown(5, 13);
    struct esep_hash another = log_id;
    another.bytes[9] ^= 1;
    assert_int_equal(esep_growth_check(&another, log_key.public, &trees[5], &growth, &after),
                     ESEP_DENIED);
    assert_int_equal(esep_growth_check(&log_id, other.public, &trees[5], &growth, &after),
                     ESEP_DENIED);
    assert_int_equal(check(&trees[6], &growth), ESEP_INVALID);
    growth.span_count--;
    assert_int_equal(check(&trees[5], &growth), ESEP_INVALID);
}

static void messages(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= SIZES; size++) {
        for (uint64_t from = 0; from <= size; from++) {
            Esep__V1__Growth message;
            Esep__V1__Proof proof = ESEP__V1__PROOF__INIT;
            struct esep_growth growth = grown(from, size);
            struct esep_growth back = {0};
            struct esep_place place = {0};
            struct esep_place place_back = {0};
            growth.generation = 1385856000;
            growth.from_generation = 1385855999;
            esep_growth_write(&growth, &message);
            assert_int_equal(esep_growth_read(&message, &back), ESEP_OK);
            assert_int_equal(back.size, size);
            assert_int_equal(back.generation, growth.generation);
            assert_int_equal(back.from_generation, growth.from_generation);
            assert_int_equal(back.from_size, from);
            assert_int_equal(back.span_count, growth.span_count);
            assert_memory_equal(back.span, growth.span, growth.span_count * ESEP_HASH_BYTES);
            assert_true(from == size || esep_hash_equal(&back.root, &growth.root));
            assert_int_equal(esep_place_make(&source, from, size, size - 1, &place), ESEP_OK);
            esep_place_write(&place, &proof);
            assert_int_equal(esep_place_read(&proof, &place_back), ESEP_OK);
            assert_int_equal(place_back.index, place.index);
            assert_int_equal(place_back.count, place.count);
            assert_memory_equal(place_back.siblings, place.siblings, place.count * ESEP_HASH_BYTES);
            if (from == size)
                continue;
            message.span.len -= 1;
            assert_int_equal(esep_growth_read(&message, &back), ESEP_INVALID);
            message.span.len -= 31;
            assert_int_equal(esep_growth_read(&message, &back), ESEP_INVALID);
            esep_growth_write(&growth, &message);
            message.root.len = 0;
            assert_int_equal(esep_growth_read(&message, &back), ESEP_INVALID);
            esep_growth_write(&growth, &message);
            message.signature.len = 63;
            assert_int_equal(esep_growth_read(&message, &back), ESEP_INVALID);
            esep_growth_write(&growth, &message);
            message.from_size = size + 1;
            assert_int_equal(esep_growth_read(&message, &back), ESEP_INVALID);
        }
    }
    static uint8_t many[65 * ESEP_HASH_BYTES];
    Esep__V1__Proof proof = ESEP__V1__PROOF__INIT;
    struct esep_place place;
    proof.siblings = (ProtobufCBinaryData){sizeof many, many};
    assert_int_equal(esep_place_read(&proof, &place), ESEP_INVALID);
    proof.siblings.len = 31;
    assert_int_equal(esep_place_read(&proof, &place), ESEP_INVALID);
    Esep__V1__Growth nothing = ESEP__V1__GROWTH__INIT;
    struct esep_growth growth;
    assert_int_equal(esep_growth_read(&nothing, &growth), ESEP_INVALID);
}

static void missing_nodes(void **state)
{
    (void)state;
    uint64_t from = 20;
    const struct esep_merkle_source half = {.node = node, .context = &from};
    struct esep_growth growth;
    struct esep_place place;
    assert_int_equal(esep_growth_make(&half, 3, 20, &growth), ESEP_OK);
    assert_int_equal(esep_growth_make(&half, 3, 21, &growth), ESEP_NOT_FOUND);
    assert_int_equal(esep_place_make(&half, 3, 24, 21, &place), ESEP_NOT_FOUND);
}

static void origins(void **state)
{
    (void)state;
    char text[ESEP_ORIGIN_MAX + 1];
    struct esep_hash id;
    memset(id.bytes, 0xab, sizeof id.bytes);
    esep_log_origin(&id, 0, text);
    assert_string_equal(
        text, "esep.log/abababababababababababababababababababababababababababababababab");
    esep_log_origin(&id, UINT64_MAX, text);
    assert_string_equal(text, "esep.log/"
                              "abababababababababababababababababababababababababababababababab/"
                              "18446744073709551615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_every_size_to_every_other),
        cmocka_unit_test(a_split_view_is_a_conflict),
        cmocka_unit_test(what_the_log_key_did_not_sign_is_denied),
        cmocka_unit_test(messages),
        cmocka_unit_test(missing_nodes),
        cmocka_unit_test(origins),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
