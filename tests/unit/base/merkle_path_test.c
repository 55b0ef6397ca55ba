/* Are paths those of RFC 6962's definition, at every size and index up to 80 and at the edges of 64
 * bits; does every good one verify and no other; and do spans grow one tree into the other?
 */
#include "base/merkle_path.h"
#include "base/merkle_recent.h"
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

/* From the tree of `first` leaves and the span up to `end` every leaf's subtree is known, and the
 * siblings on the way up to it are all that joins the leaf. */
static void test_holders(void **state)
{
    (void)state;
    for (uint64_t first = 0; first <= 40; first++) {
        for (uint64_t end = first; end <= 40; end++) {
            struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
            unsigned count = esep_merkle_span(first, end, places);
            for (uint64_t index = 0; index < end; index++) {
                struct esep_merkle_place place;
                int at = esep_merkle_holder(first, end, index, &place);
                assert_int_equal(place.index, index >> place.level);
                assert_true(at < (int)count && (at < 0) == (index < first));
                if (at >= 0)
                    assert_true(place.level == places[at].level && place.index == places[at].index);
                struct esep_hash siblings[64];
                struct esep_hash leaf;
                struct esep_hash whole;
                assert_true(node(NULL, (struct esep_merkle_place){0, index}, &leaf));
                for (unsigned level = 0; level < place.level; level++)
                    assert_true(node(NULL, (struct esep_merkle_place){level, index >> level ^ 1},
                                     &siblings[level]));
                assert_true(node(NULL, place, &whole));
                struct esep_hash up = esep_merkle_climb(&leaf, index, siblings, place.level);
                assert_true(esep_hash_equal(&up, &whole));
            }
        }
    }
}

struct seen {
    struct esep_merkle_recent recent;
    uint64_t count;
};

static void see(void *context, struct esep_merkle_place place, const struct esep_hash *hash)
{
    struct seen *seen = context;
    struct esep_hash right;
    assert_true(node(NULL, place, &right));
    assert_true(esep_hash_equal(&right, hash));
    esep_merkle_recent_put(&seen->recent, place, hash);
    seen->count++;
}

/* Each subtree is shown once, as it becomes complete, with the hash that it has by definition. */
static void test_seen(void **state)
{
    (void)state;
    static struct seen seen;
    struct esep_merkle tree;
    struct esep_merkle plain;
    esep_merkle_init(&tree);
    esep_merkle_init(&plain);
    esep_merkle_recent_init(&seen.recent, 0);
    uint64_t complete = 0;
    for (uint64_t i = 0; i < 200; i++) {
        uint8_t bytes[8];
        esep_be64_put(bytes, i);
        esep_merkle_append_seen(&tree, esep_slice(bytes, sizeof bytes), see, &seen);
        esep_merkle_append(&plain, esep_slice(bytes, sizeof bytes));
        struct esep_hash root = esep_merkle_root(&tree);
        struct esep_hash plain_root = esep_merkle_root(&plain);
        assert_true(esep_hash_equal(&root, &plain_root));
        for (uint64_t size = i + 1; (size & 1) == 0; size >>= 1)
            complete++;
        complete++;
        assert_int_equal(seen.count, complete);
    }
    for (unsigned level = 0; level < 8; level++) {
        for (uint64_t index = 0; index < 210; index++) {
            struct esep_hash got;
            struct esep_hash right;
            bool known = esep_merkle_recent_get(&seen.recent,
                                                (struct esep_merkle_place){level, index}, &got);
            assert_true(known == (((index + 1) << level) <= 200));
            if (known) {
                assert_true(node(NULL, (struct esep_merkle_place){level, index}, &right));
                assert_true(esep_hash_equal(&right, &got));
            }
        }
        struct esep_hash whole;
        enum esep_status status = esep_merkle_whole(
            &tree, (struct esep_merkle_place){level, (200u >> level) - 1}, &whole);
        assert_int_equal(status, (200u >> level & 1) != 0 ? ESEP_OK : ESEP_NOT_FOUND);
    }
}

/* What was there before it began, what has gone out of its ring, and what is not complete. */
static void test_recent_bounds(void **state)
{
    (void)state;
    static struct esep_merkle_recent recent;
    const uint64_t begin = 3;
    const uint64_t size = begin + ESEP_MERKLE_RECENT_LEAVES + 100;
    esep_merkle_recent_init(&recent, begin);
    for (uint64_t i = begin; i < size; i++) {
        for (unsigned level = 0; level <= ESEP_MERKLE_RECENT_LEVELS + 1; level++) {
            struct esep_hash hash = {{0}};
            esep_be64_put(hash.bytes, i >> level);
            hash.bytes[8] = (uint8_t)level;
            if (((i + 1) & ((UINT64_C(1) << level) - 1)) == 0)
                esep_merkle_recent_put(&recent, (struct esep_merkle_place){level, i >> level},
                                       &hash);
        }
        const uint64_t asked[] = {0, 1, begin, i / 2, i, i + 1};
        for (size_t k = 0; k < sizeof asked / sizeof *asked; k++) {
            for (unsigned level = 0; level <= ESEP_MERKLE_RECENT_LEVELS + 1; level++) {
                const struct esep_merkle_place place = {level, asked[k] >> level};
                const uint64_t end = (place.index + 1) << level;
                const uint64_t complete = (i + 1) >> level;
                struct esep_hash got;
                bool known = esep_merkle_recent_get(&recent, place, &got);
                const bool kept = level <= ESEP_MERKLE_RECENT_LEVELS;
                assert_true(!known || (end > begin && end <= i + 1 && kept));
                assert_true(known || end <= begin || end > i + 1 || !kept ||
                            complete - place.index > ESEP_MERKLE_RECENT_LEAVES >> level);
                if (known) {
                    assert_int_equal(esep_be64(got.bytes), place.index);
                    assert_int_equal(got.bytes[8], level);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root),          cmocka_unit_test(test_audit),
        cmocka_unit_test(test_consistency),   cmocka_unit_test(test_spans),
        cmocka_unit_test(test_edges),         cmocka_unit_test(test_missing_nodes),
        cmocka_unit_test(test_holders),       cmocka_unit_test(test_seen),
        cmocka_unit_test(test_recent_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
