/* Is it RFC 6962's tree: the known roots, and its recursive definition at every size up to 300? */
#include "base/merkle.h"
#include "fixture.h"

static struct esep_slice reference_leaf(uint8_t *bytes, size_t i)
{
    esep_be32_put(bytes, (uint32_t)i);
    return esep_slice(bytes, 1 + i % 4);
}

/* Section 2.1 to the letter: split at the largest power of two below n. */
static struct esep_hash reference(size_t first, size_t n)
{
    uint8_t bytes[4];
    if (n == 0)
        return esep_sha256(esep_slice(NULL, 0));
    if (n == 1)
        return esep_merkle_leaf(reference_leaf(bytes, first));
    size_t k = 1;
    while (k * 2 < n)
        k *= 2;
    struct esep_hash left = reference(first, k);
    struct esep_hash right = reference(first + k, n - k);
    const struct esep_slice parts[] = {esep_slice("\x01", 1), esep_slice(left.bytes, 32),
                                       esep_slice(right.bytes, 32)};
    return esep_sha256_parts(parts, 3);
}

static void test_known_roots(void **state)
{
    (void)state;
    static const char *const leaves[] = {
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    };
    static const char *const roots[] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    };
    struct esep_merkle tree;
    esep_merkle_init(&tree);
    for (size_t i = 0; i <= 8; i++) {
        struct esep_hash root = esep_merkle_root(&tree);
        assert_hex(root.bytes, sizeof root.bytes, roots[i]);
        if (i == 8)
            break;
        uint8_t leaf[16];
        assert_int_equal(esep_unhex(leaves[i], leaf, strlen(leaves[i]) / 2), ESEP_OK);
        esep_merkle_append(&tree, esep_slice(leaf, strlen(leaves[i]) / 2));
    }
}

static void test_against_the_definition(void **state)
{
    (void)state;
    struct esep_merkle tree;
    uint8_t bytes[4];
    esep_merkle_init(&tree);
    for (size_t n = 0; n < 300; n++) {
        struct esep_hash want = reference(0, n);
        struct esep_hash got = esep_merkle_root(&tree);
        assert_true(esep_hash_equal(&got, &want));
        /* Saved and loaded, it goes on as if nothing had been. */
        uint8_t saved[ESEP_MERKLE_BYTES_MAX];
        size_t len = esep_merkle_save(&tree, saved);
        memset(&tree, 0xee, sizeof tree);
        assert_int_equal(esep_merkle_load(&tree, esep_slice(saved, len)), ESEP_OK);
        esep_merkle_append(&tree, reference_leaf(bytes, n));
    }
}

static void test_bad_saves(void **state)
{
    (void)state;
    struct esep_merkle tree;
    struct esep_merkle loaded = {.size = 9};
    uint8_t saved[ESEP_MERKLE_BYTES_MAX + 1] = {0};
    esep_merkle_init(&tree);
    for (int i = 0; i < 7; i++)
        esep_merkle_append(&tree, esep_slice_str("x"));
    size_t len = esep_merkle_save(&tree, saved);
    assert_int_equal(len, 8 + 3 * 32);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(esep_merkle_load(&loaded, esep_slice(saved, cut)), ESEP_INVALID);
    assert_int_equal(esep_merkle_load(&loaded, esep_slice(saved, len + 1)), ESEP_INVALID);
    assert_int_equal(loaded.size, 9);
    memset(saved, 0xff, 8);
    assert_int_equal(esep_merkle_load(&loaded, esep_slice(saved, ESEP_MERKLE_BYTES_MAX)), ESEP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_roots),
        cmocka_unit_test(test_against_the_definition),
        cmocka_unit_test(test_bad_saves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
