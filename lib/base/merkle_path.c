/* lib/base/merkle_path.c - paths from complete subtrees, without recursion.
 *
 * What the RFC defines by splitting a range again and again at the largest power of two is done
 * from the other end: a range that begins at a multiple of the width of its widest subtree is
 * those subtrees folded from the right. A path is found by walking down from the root along the
 * splits, noting the half that is left aside, and turning the notes around.
 */
#include "base/merkle_path.h"

static bool is_power(uint64_t n)
{
    return (n & (n - 1)) == 0;
}

/* The largest power of two below n; n > 1. */
static uint64_t split(uint64_t n)
{
    uint64_t k = UINT64_C(1) << 63;
    while (k >= n)
        k >>= 1;
    return k;
}

unsigned esep_merkle_span(uint64_t first, uint64_t end,
                          struct esep_merkle_place ret[ESEP_MERKLE_SPAN_MAX])
{
    unsigned count = 0;
    ESEP_ASSERT(first <= end);
    while (first < end) {
        unsigned level = 0;
        while (level < 63 && (first >> level & 1) == 0 && end - first >= UINT64_C(2) << level)
            level++;
        ret[count++] = (struct esep_merkle_place){level, first >> level};
        first += UINT64_C(1) << level;
    }
    return count;
}

enum esep_status esep_merkle_append_span(struct esep_merkle *tree, uint64_t size,
                                         const struct esep_hash *hashes, size_t count)
{
    struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
    if (size < tree->size || esep_merkle_span(tree->size, size, places) != count)
        return ESEP_INVALID;
    for (size_t i = 0; i < count; i++) {
        enum esep_status status = esep_merkle_append_node(tree, places[i].level, &hashes[i]);
        ESEP_ASSERT(status == ESEP_OK);
    }
    return ESEP_OK;
}

static bool place_holds(struct esep_merkle_place place, uint64_t index)
{
    return index >> place.level == place.index;
}

int esep_merkle_holder(uint64_t first, uint64_t end, uint64_t index, struct esep_merkle_place *ret)
{
    struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
    ESEP_ASSERT(first <= end && index < end);
    bool within = index < first;
    unsigned count =
        within ? esep_merkle_span(0, first, places) : esep_merkle_span(first, end, places);
    unsigned at = 0;
    while (at + 1 < count && !place_holds(places[at], index))
        at++;
    *ret = places[at];
    return within ? -1 : (int)at;
}

struct esep_hash esep_merkle_climb(const struct esep_hash *leaf, uint64_t index,
                                   const struct esep_hash *siblings, size_t count)
{
    struct esep_hash hash = *leaf;
    for (size_t i = 0; i < count; i++, index >>= 1)
        hash = (index & 1) != 0 ? esep_merkle_node(&siblings[i], &hash)
                                : esep_merkle_node(&hash, &siblings[i]);
    return hash;
}

enum esep_status esep_merkle_whole(const struct esep_merkle *tree, struct esep_merkle_place place,
                                   struct esep_hash *ret)
{
    struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
    unsigned count = esep_merkle_span(0, tree->size, places);
    for (unsigned i = 0; i < count; i++)
        if (places[i].level == place.level && places[i].index == place.index) {
            *ret = tree->nodes[i];
            return ESEP_OK;
        }
    return ESEP_NOT_FOUND;
}

/* MTH of the leaves [first, end), where first is a multiple of every width that occurs in it, as
 * it is of all ranges that the RFC's splits make. */
static bool range_hash(const struct esep_merkle_source *source, uint64_t first, uint64_t end,
                       struct esep_hash *ret)
{
    struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
    unsigned count = esep_merkle_span(first, end, places);
    for (unsigned i = count; i-- > 0;) {
        struct esep_hash node;
        if (!source->node(source->context, places[i], &node))
            return false;
        *ret = i == count - 1 ? node : esep_merkle_node(&node, ret);
    }
    return true;
}

enum esep_status esep_merkle_root_from(const struct esep_merkle_source *source, uint64_t size,
                                       struct esep_hash *ret_root)
{
    if (size == 0)
        *ret_root = esep_sha256(esep_slice(NULL, 0));
    else if (!range_hash(source, 0, size, ret_root))
        return ESEP_NOT_FOUND;
    return ESEP_OK;
}

static void turn_around(struct esep_merkle_path *path)
{
    for (size_t i = 0; i < path->count / 2; i++) {
        struct esep_hash kept = path->hashes[i];
        path->hashes[i] = path->hashes[path->count - 1 - i];
        path->hashes[path->count - 1 - i] = kept;
    }
}

enum esep_status esep_merkle_audit(const struct esep_merkle_source *source, uint64_t index,
                                   uint64_t size, struct esep_merkle_path *ret)
{
    uint64_t first = 0;
    uint64_t end = size;
    if (index >= size)
        return ESEP_INVALID;
    ret->count = 0;
    while (end - first > 1) {
        uint64_t middle = first + split(end - first);
        bool is_left = index < middle;
        if (!range_hash(source, is_left ? middle : first, is_left ? end : middle,
                        &ret->hashes[ret->count]))
            return ESEP_NOT_FOUND;
        ret->count++;
        first = is_left ? first : middle;
        end = is_left ? middle : end;
    }
    turn_around(ret);
    return ESEP_OK;
}

/* Down along the split that holds the old tree's right edge, until the old tree ends where a
 * subtree of the new one does. That subtree heads the proof, unless it is the whole old tree. */
enum esep_status esep_merkle_consistency(const struct esep_merkle_source *source, uint64_t old_size,
                                         uint64_t size, struct esep_merkle_path *ret)
{
    uint64_t first = 0;
    uint64_t end = size;
    if (old_size > size)
        return ESEP_INVALID;
    ret->count = 0;
    if (old_size == 0 || old_size == size)
        return ESEP_OK;
    while (end != old_size) {
        uint64_t middle = first + split(end - first);
        bool is_left = old_size <= middle;
        if (!range_hash(source, is_left ? middle : first, is_left ? end : middle,
                        &ret->hashes[ret->count]))
            return ESEP_NOT_FOUND;
        ret->count++;
        first = is_left ? first : middle;
        end = is_left ? middle : end;
    }
    if (first != 0) {
        if (!range_hash(source, first, end, &ret->hashes[ret->count]))
            return ESEP_NOT_FOUND;
        ret->count++;
    }
    turn_around(ret);
    return ESEP_OK;
}

/* RFC 9162, 2.1.3.2. */
bool esep_merkle_audit_verify(const struct esep_hash *leaf, uint64_t index, uint64_t size,
                              const struct esep_hash *root, const struct esep_merkle_path *path)
{
    if (index >= size)
        return false;
    uint64_t node = index;
    uint64_t last = size - 1;
    struct esep_hash hash = *leaf;
    for (size_t i = 0; i < path->count; i++) {
        if (last == 0)
            return false;
        if ((node & 1) != 0 || node == last) {
            hash = esep_merkle_node(&path->hashes[i], &hash);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = esep_merkle_node(&hash, &path->hashes[i]);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && esep_hash_equal(&hash, root);
}

/* RFC 9162, 2.1.4.2; the two cases that need no proof come first. */
bool esep_merkle_consistency_verify(uint64_t old_size, const struct esep_hash *old_root,
                                    uint64_t size, const struct esep_hash *root,
                                    const struct esep_merkle_path *path)
{
    if (old_size == 0) {
        struct esep_hash empty = esep_sha256(esep_slice(NULL, 0));
        return path->count == 0 && esep_hash_equal(old_root, &empty) &&
               (size != 0 || esep_hash_equal(root, &empty));
    }
    if (old_size == size)
        return path->count == 0 && esep_hash_equal(old_root, root);
    size_t at = is_power(old_size) ? 0 : 1;
    if (old_size > size || path->count < 1)
        return false;
    uint64_t node = old_size - 1;
    uint64_t last = size - 1;
    for (; (node & 1) != 0; node >>= 1)
        last >>= 1;
    struct esep_hash of_old = at == 0 ? *old_root : path->hashes[0];
    struct esep_hash of_new = of_old;
    for (; at < path->count; at++) {
        if (last == 0)
            return false;
        if ((node & 1) != 0 || node == last) {
            of_old = esep_merkle_node(&path->hashes[at], &of_old);
            of_new = esep_merkle_node(&path->hashes[at], &of_new);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            of_new = esep_merkle_node(&of_new, &path->hashes[at]);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && esep_hash_equal(&of_old, old_root) && esep_hash_equal(&of_new, root);
}
