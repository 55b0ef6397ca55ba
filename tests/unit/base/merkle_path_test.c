/* Are paths those of RFC 6962's definition, at every size and index up to 80 and at the edges of 64
 * bits; does every good one verify and no other; and do spans grow one tree into the other?
 */
#include "base/merkle_path.h"
#include "fixture.h"

#define SIZES 80

/* The tree whose leaf i is SHA-256 of i: every complete subtree by its definition. */
static bool node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    unsigned *asked = context;
    if (asked != NULL)
        (*asked)++;
    if (place.level == 0) {
        uint8_t bytes[8];
        esep_be64_put(bytes, place.index);
        *ret = esep_merkle_leaf(esep_slice(bytes, sizeof bytes));
        return true;
    }
    struct esep_hash left;
    struct esep_hash right;
    node(NULL, (struct esep_merkle_place){place.level - 1, place.index * 2}, &left);
    node(NULL, (struct esep_merkle_place){place.level - 1, place.index * 2 + 1}, &right);
    *ret = esep_merkle_node(&left, &right);
    return true;
}
static const struct esep_merkle_source source = {.node = node};

static struct esep_hash root_of(uint64_t size)
{
    struct esep_hash root;
    assert_int_equal(esep_merkle_root_from(&source, size, &root), ESEP_OK);
    return root;
}

/* MTH, PATH and SUBPROOF of section 2.1, to the letter. */
static struct esep_hash mth(uint64_t first, uint64_t n)
{
    struct esep_hash leaf;
    if (n == 1) {
        node(NULL, (struct esep_merkle_place){0, first}, &leaf);
        return leaf;
    }
    uint64_t k = 1;
    while (k * 2 < n)
        k *= 2;
    struct esep_hash left = mth(first, k);
    struct esep_hash right = mth(first + k, n - k);
    return esep_merkle_node(&left, &right);
}
static void path_of(uint64_t m, uint64_t first, uint64_t n, struct esep_merkle_path *path)
{
    if (n == 1)
        return;
    uint64_t k = 1;
    while (k * 2 < n)
        k *= 2;
    if (m < k)
        path_of(m, first, k, path);
    else
        path_of(m - k, first + k, n - k, path);
    path->hashes[path->count++] = m < k ? mth(first + k, n - k) : mth(first, k);
}
static void subproof(uint64_t m, uint64_t first, uint64_t n, bool whole,
                     struct esep_merkle_path *path)
{
    if (m == n) {
        if (!whole)
            path->hashes[path->count++] = mth(first, n);
        return;
    }
    uint64_t k = 1;
    while (k * 2 < n)
        k *= 2;
    if (m <= k)
        subproof(m, first, k, whole, path);
    else
        subproof(m - k, first + k, n - k, false, path);
    path->hashes[path->count++] = m <= k ? mth(first + k, n - k) : mth(first, k);
}

static void assert_same_path(const struct esep_merkle_path *got,
                             const struct esep_merkle_path *want)
{
    assert_int_equal(got->count, want->count);
    for (size_t i = 0; i < got->count; i++)
        assert_memory_equal(got->hashes[i].bytes, want->hashes[i].bytes, ESEP_HASH_BYTES);
}

static void test_root(void **state)
{
    (void)state;
    struct esep_merkle tree;
    esep_merkle_init(&tree);
    for (uint64_t size = 0; size <= SIZES; size++) {
        struct esep_hash got = root_of(size);
        struct esep_hash want = esep_merkle_root(&tree);
        assert_true(esep_hash_equal(&got, &want));
        uint8_t bytes[8];
        esep_be64_put(bytes, size);
        esep_merkle_append(&tree, esep_slice(bytes, sizeof bytes));
    }
}

/* Every change of one bit, one hash more, one less, another place: no longer a path. */
static void damage_audit(const struct esep_hash *leaf, uint64_t index, uint64_t size,
                         const struct esep_hash *root, struct esep_merkle_path path)
{
    for (size_t i = 0; i < path.count; i++) {
        path.hashes[i].bytes[i % 32] ^= 1;
        assert_false(esep_merkle_audit_verify(leaf, index, size, root, &path));
        path.hashes[i].bytes[i % 32] ^= 1;
    }
    if (index > 0)
        assert_false(esep_merkle_audit_verify(leaf, index - 1, size, root, &path));
    assert_false(esep_merkle_audit_verify(leaf, index + 1, size, root, &path));
    assert_false(esep_merkle_audit_verify(leaf, size, size, root, &path));
    struct esep_hash other = *leaf;
    other.bytes[31] ^= 0x80;
    assert_false(esep_merkle_audit_verify(&other, index, size, root, &path));
    path.hashes[path.count] = *leaf;
    path.count++;
    assert_false(esep_merkle_audit_verify(leaf, index, size, root, &path));
    path.count--;
    if (path.count > 0) {
        path.count--;
        assert_false(esep_merkle_audit_verify(leaf, index, size, root, &path));
    }
}

static void test_audit(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= SIZES; size++) {
        struct esep_hash root = root_of(size);
        for (uint64_t index = 0; index < size; index++) {
            struct esep_merkle_path got;
            struct esep_merkle_path want = {0};
            struct esep_hash leaf;
            assert_int_equal(esep_merkle_audit(&source, index, size, &got), ESEP_OK);
            path_of(index, 0, size, &want);
            assert_same_path(&got, &want);
            node(NULL, (struct esep_merkle_place){0, index}, &leaf);
            assert_true(esep_merkle_audit_verify(&leaf, index, size, &root, &got));
            damage_audit(&leaf, index, size, &root, got);
        }
    }
    struct esep_merkle_path path;
    assert_int_equal(esep_merkle_audit(&source, 7, 7, &path), ESEP_INVALID);
    assert_int_equal(esep_merkle_audit(&source, 0, 0, &path), ESEP_INVALID);
}

static void damage_consistency(uint64_t old_size, const struct esep_hash *old_root, uint64_t size,
                               const struct esep_hash *root, struct esep_merkle_path path)
{
    for (size_t i = 0; i < path.count; i++) {
        path.hashes[i].bytes[i % 32] ^= 1;
        assert_false(esep_merkle_consistency_verify(old_size, old_root, size, root, &path));
        path.hashes[i].bytes[i % 32] ^= 1;
    }
    struct esep_hash other = *old_root;
    other.bytes[0] ^= 1;
    assert_false(esep_merkle_consistency_verify(old_size, &other, size, root, &path));
    if (old_size > 0) {
        other = *root;
        other.bytes[0] ^= 1;
        assert_false(esep_merkle_consistency_verify(old_size, old_root, size, &other, &path));
        if (old_size < size)
            assert_false(esep_merkle_consistency_verify(old_size + 1, old_root, size, root, &path));
    }
    path.hashes[path.count] = *root;
    path.count++;
    assert_false(esep_merkle_consistency_verify(old_size, old_root, size, root, &path));
}

static void test_consistency(void **state)
{
    (void)state;
    for (uint64_t size = 0; size <= SIZES; size++) {
        struct esep_hash root = root_of(size);
        for (uint64_t old_size = 0; old_size <= size; old_size++) {
            struct esep_merkle_path got;
            struct esep_merkle_path want = {0};
            struct esep_hash old_root = root_of(old_size);
            assert_int_equal(esep_merkle_consistency(&source, old_size, size, &got), ESEP_OK);
            if (old_size > 0 && old_size < size)
                subproof(old_size, 0, size, true, &want);
            assert_same_path(&got, &want);
            assert_true(esep_merkle_consistency_verify(old_size, &old_root, size, &root, &got));
            damage_consistency(old_size, &old_root, size, &root, got);
        }
    }
    struct esep_merkle_path path;
    assert_int_equal(esep_merkle_consistency(&source, 8, 7, &path), ESEP_INVALID);
    struct esep_hash root = root_of(7);
    path.count = 0;
    assert_false(esep_merkle_consistency_verify(8, &root, 7, &root, &path));
}

static void test_spans(void **state)
{
    (void)state;
    for (uint64_t first = 0; first <= SIZES; first++) {
        struct esep_merkle tree;
        esep_merkle_init(&tree);
        for (uint64_t i = 0; i < first; i++) {
            uint8_t bytes[8];
            esep_be64_put(bytes, i);
            esep_merkle_append(&tree, esep_slice(bytes, sizeof bytes));
        }
        for (uint64_t end = first; end <= SIZES; end++) {
            struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
            struct esep_hash hashes[ESEP_MERKLE_SPAN_MAX];
            unsigned count = esep_merkle_span(first, end, places);
            for (unsigned i = 0; i < count; i++)
                node(NULL, places[i], &hashes[i]);
            struct esep_merkle grown = tree;
            assert_int_equal(esep_merkle_append_span(&grown, end, hashes, count), ESEP_OK);
            struct esep_hash got = esep_merkle_root(&grown);
            struct esep_hash want = root_of(end);
            assert_true(esep_hash_equal(&got, &want));
            assert_int_equal(esep_merkle_append_span(&tree, end, hashes, count + 1), ESEP_INVALID);
            assert_int_equal(tree.size, first);
        }
    }
    struct esep_merkle tree = {.size = 5};
    assert_int_equal(esep_merkle_append_span(&tree, 4, NULL, 0), ESEP_INVALID);
}

/* The widest span there is, and nodes that do not fit where they are put. */
static void test_edges(void **state)
{
    (void)state;
    struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
    assert_int_equal(esep_merkle_span(1, UINT64_MAX, places), 126);
    assert_int_equal(places[62].level, 62);
    assert_int_equal(places[63].level, 62);
    assert_int_equal(esep_merkle_span(0, UINT64_MAX, places), 64);
    assert_int_equal(places[0].level, 63);
    struct esep_hash hash = {{0}};
    struct esep_merkle tree;
    esep_merkle_init(&tree);
    assert_int_equal(esep_merkle_append_node(&tree, 64, &hash), ESEP_INVALID);
    assert_int_equal(esep_merkle_append_node(&tree, 63, &hash), ESEP_OK);
    assert_int_equal(esep_merkle_append_node(&tree, 63, &hash), ESEP_INVALID);
    assert_int_equal(esep_merkle_append_node(&tree, 2, &hash), ESEP_OK);
    assert_int_equal(esep_merkle_append_node(&tree, 3, &hash), ESEP_INVALID);
    assert_int_equal(tree.size, (UINT64_C(1) << 63) + 4);
}

static bool missing(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    const struct esep_merkle_place *gone = context;
    node(NULL, place, ret);
    return place.level != gone->level || place.index != gone->index;
}

static void test_missing_nodes(void **state)
{
    (void)state;
    struct esep_merkle_place gone = {2, 1};
    const struct esep_merkle_source gap = {.node = missing, .context = &gone};
    struct esep_merkle_path path;
    struct esep_hash root;
    assert_int_equal(esep_merkle_audit(&gap, 0, 13, &path), ESEP_NOT_FOUND);
    assert_int_equal(esep_merkle_audit(&gap, 5, 13, &path), ESEP_OK);
    assert_int_equal(esep_merkle_consistency(&gap, 4, 13, &path), ESEP_NOT_FOUND);
    gone = (struct esep_merkle_place){0, 6};
    assert_int_equal(esep_merkle_consistency(&gap, 7, 13, &path), ESEP_NOT_FOUND);
    gone = (struct esep_merkle_place){3, 0};
    assert_int_equal(esep_merkle_root_from(&gap, 13, &root), ESEP_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root),        cmocka_unit_test(test_audit),
        cmocka_unit_test(test_consistency), cmocka_unit_test(test_spans),
        cmocka_unit_test(test_edges),       cmocka_unit_test(test_missing_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
