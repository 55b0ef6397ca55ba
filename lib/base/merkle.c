/* lib/base/merkle.c - the frontier of an RFC 6962 tree.
 *
 * The size in binary says which complete subtrees there are; appending is adding one with carries:
 * each trailing 1 bit of the old size is one merge. All in place, in the caller's memory: nothing
 * is allocated and only the nodes that change are touched.
 */
#include "base/merkle.h"

static const uint8_t leaf_prefix[1] = {0x00};
#define NODE_PREFIX 0x01

struct esep_hash esep_merkle_node(const struct esep_hash *left, const struct esep_hash *right)
{
    uint8_t bytes[1 + 2 * ESEP_HASH_BYTES];
    bytes[0] = NODE_PREFIX;
    memcpy(bytes + 1, left->bytes, ESEP_HASH_BYTES);
    memcpy(bytes + 1 + ESEP_HASH_BYTES, right->bytes, ESEP_HASH_BYTES);
    return esep_sha256(esep_slice(bytes, sizeof bytes));
}

static unsigned node_count(uint64_t size)
{
    /* Without POPCNT in the baseline a builtin would be a call into the compiler's library. */
    unsigned count = 0;
    for (; size != 0; size &= size - 1)
        count++;
    return count;
}

void esep_merkle_init(struct esep_merkle *tree)
{
    memset(tree, 0, sizeof *tree);
}

struct esep_hash esep_merkle_leaf(struct esep_slice leaf)
{
    const struct esep_slice parts[] = {esep_slice(leaf_prefix, sizeof leaf_prefix), leaf};
    return esep_sha256_parts(parts, 2);
}

void esep_merkle_append(struct esep_merkle *tree, struct esep_slice leaf)
{
    struct esep_hash node = esep_merkle_leaf(leaf);
    enum esep_status status = esep_merkle_append_node(tree, 0, &node);
    ESEP_ASSERT(status == ESEP_OK);
}

void esep_merkle_append_seen(struct esep_merkle *tree, struct esep_slice leaf,
                             esep_merkle_seen_fn *seen, void *context)
{
    struct esep_hash carried = esep_merkle_leaf(leaf);
    struct esep_merkle_place place = {0, tree->size};
    unsigned count = node_count(tree->size);
    ESEP_ASSERT(tree->size < UINT64_MAX);
    seen(context, place, &carried);
    for (; (place.index & 1) != 0; seen(context, place, &carried)) {
        carried = esep_merkle_node(&tree->nodes[--count], &carried);
        place = (struct esep_merkle_place){place.level + 1, place.index >> 1};
    }
    tree->nodes[count] = carried;
    tree->size++;
}

enum esep_status esep_merkle_append_node(struct esep_merkle *tree, unsigned level,
                                         const struct esep_hash *node)
{
    if (level > 63 || tree->size > UINT64_MAX - (UINT64_C(1) << level) ||
        (tree->size & ((UINT64_C(1) << level) - 1)) != 0)
        return ESEP_INVALID;
    struct esep_hash carried = *node;
    unsigned count = node_count(tree->size);
    for (uint64_t size = tree->size >> level; size & 1; size >>= 1) {
        count--;
        carried = esep_merkle_node(&tree->nodes[count], &carried);
    }
    tree->nodes[count] = carried;
    tree->size += UINT64_C(1) << level;
    return ESEP_OK;
}

struct esep_hash esep_merkle_root(const struct esep_merkle *tree)
{
    unsigned count = node_count(tree->size);
    if (count == 0)
        return esep_sha256(esep_slice(NULL, 0));
    struct esep_hash root = tree->nodes[count - 1];
    for (unsigned i = count - 1; i > 0; i--)
        root = esep_merkle_node(&tree->nodes[i - 1], &root);
    return root;
}

size_t esep_merkle_save(const struct esep_merkle *tree, uint8_t out[ESEP_MERKLE_BYTES_MAX])
{
    unsigned count = node_count(tree->size);
    esep_be64_put(out, tree->size);
    for (unsigned i = 0; i < count; i++)
        memcpy(out + 8 + (size_t)i * ESEP_HASH_BYTES, tree->nodes[i].bytes, ESEP_HASH_BYTES);
    return 8 + (size_t)count * ESEP_HASH_BYTES;
}

enum esep_status esep_merkle_load(struct esep_merkle *ret_tree, struct esep_slice saved)
{
    if (saved.len < 8)
        return ESEP_INVALID;
    uint64_t size = esep_be64(saved.data);
    unsigned count = node_count(size);
    if (saved.len != 8 + (size_t)count * ESEP_HASH_BYTES)
        return ESEP_INVALID;
    esep_merkle_init(ret_tree);
    ret_tree->size = size;
    for (unsigned i = 0; i < count; i++)
        memcpy(ret_tree->nodes[i].bytes, saved.data + 8 + (size_t)i * ESEP_HASH_BYTES,
               ESEP_HASH_BYTES);
    return ESEP_OK;
}
