/* lib/wire/growth.c - see growth.h. Everything here is places and hashes; what they mean is in
 * base/merkle_path.h.
 */
#include "wire/growth.h"

#include "wire/unpack.h"

#include <stdio.h>

void esep_log_origin(const struct esep_hash *log_id, uint64_t generation,
                     char out[ESEP_ORIGIN_MAX + 1])
{
    char hex[2 * ESEP_HASH_BYTES + 1];
    esep_hex(log_id->bytes, sizeof log_id->bytes, hex);
    if (generation == 0)
        (void)snprintf(out, ESEP_ORIGIN_MAX + 1, "esep.log/%s", hex);
    else
        (void)snprintf(out, ESEP_ORIGIN_MAX + 1, "esep.log/%s/%llu", hex,
                       (unsigned long long)generation);
}

enum esep_status esep_growth_make(const struct esep_merkle_source *source, uint64_t from_size,
                                  uint64_t size, struct esep_growth *ret)
{
    struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
    ret->from_size = from_size;
    ret->size = size;
    ret->span_count = esep_merkle_span(from_size, size, places);
    for (size_t i = 0; i < ret->span_count; i++)
        if (!source->node(source->context, places[i], &ret->span[i]))
            return ESEP_NOT_FOUND;
    return ESEP_OK;
}

enum esep_status esep_place_make(const struct esep_merkle_source *source, uint64_t from_size,
                                 uint64_t size, uint64_t index, struct esep_place *ret)
{
    struct esep_merkle_place holder;
    (void)esep_merkle_holder(from_size, size, index, &holder);
    ret->index = index;
    ret->count = holder.level;
    for (unsigned level = 0; level < holder.level; level++) {
        const struct esep_merkle_place sibling = {level, index >> level ^ 1};
        if (!source->node(source->context, sibling, &ret->siblings[level]))
            return ESEP_NOT_FOUND;
    }
    return ESEP_OK;
}

size_t esep_growth_text(const struct esep_hash *log_id, uint64_t generation, uint64_t size,
                        const struct esep_hash *root, char out[ESEP_CHECKPOINT_TEXT_MAX])
{
    char origin[ESEP_ORIGIN_MAX + 1];
    esep_log_origin(log_id, generation, origin);
    return esep_checkpoint_text(origin, size, root, out);
}

static struct esep_slice text_of(const struct esep_hash *log_id, const struct esep_growth *growth,
                                 char out[ESEP_CHECKPOINT_TEXT_MAX])
{
    return esep_slice(
        out, esep_growth_text(log_id, growth->generation, growth->size, &growth->root, out));
}

void esep_growth_sign(const struct esep_hash *log_id, struct esep_growth *growth,
                      const struct esep_sign_key *log_key)
{
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    esep_sign(log_key, text_of(log_id, growth, text), growth->signature);
}

bool esep_growth_signed(const struct esep_hash *log_id, const uint8_t log_public[ESEP_KEY_BYTES],
                        const struct esep_growth *growth)
{
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    return esep_verify(log_public, text_of(log_id, growth, text), growth->signature);
}

enum esep_status esep_growth_check(const struct esep_hash *log_id,
                                   const uint8_t log_public[ESEP_KEY_BYTES],
                                   const struct esep_merkle *tree, const struct esep_growth *growth,
                                   struct esep_merkle *ret_tree)
{
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    if (growth->from_size != tree->size)
        return ESEP_INVALID;
    *ret_tree = *tree;
    if (growth->size == growth->from_size)
        return ESEP_OK;
    if (!esep_verify(log_public, text_of(log_id, growth, text), growth->signature))
        return ESEP_DENIED;
    if (esep_merkle_append_span(ret_tree, growth->size, growth->span, growth->span_count) !=
        ESEP_OK)
        return ESEP_INVALID;
    const struct esep_hash root = esep_merkle_root(ret_tree);
    return esep_hash_equal(&root, &growth->root) ? ESEP_OK : ESEP_CONFLICT;
}

bool esep_place_check(const struct esep_merkle *tree, const struct esep_growth *growth,
                      const struct esep_place *place, const struct esep_hash *leaf)
{
    struct esep_merkle_place holder;
    struct esep_hash known;
    if (place->index >= growth->size)
        return false;
    const int at = esep_merkle_holder(growth->from_size, growth->size, place->index, &holder);
    if (place->count != holder.level)
        return false;
    if (at >= 0)
        known = growth->span[at];
    else if (esep_merkle_whole(tree, holder, &known) != ESEP_OK)
        return false;
    const struct esep_hash up =
        esep_merkle_climb(leaf, place->index, place->siblings, place->count);
    return esep_hash_equal(&up, &known);
}

static bool read_hashes(ProtobufCBinaryData data, struct esep_hash *ret, size_t max,
                        size_t *ret_count)
{
    if (data.len % ESEP_HASH_BYTES != 0 || data.len / ESEP_HASH_BYTES > max)
        return false;
    *ret_count = data.len / ESEP_HASH_BYTES;
    if (data.len > 0)
        memcpy(ret, data.data, data.len);
    return true;
}

enum esep_status esep_growth_read(const Esep__V1__Growth *message, struct esep_growth *ret)
{
    struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
    const bool stays = message->size == message->from_size;
    const size_t one = stays ? 0 : 1;
    if (message->from_size > message->size || message->size == 0 ||
        message->root.len != one * ESEP_HASH_BYTES ||
        message->signature.len != one * ESEP_SIGNATURE_BYTES ||
        !read_hashes(message->span, ret->span, ESEP_MERKLE_SPAN_MAX, &ret->span_count) ||
        ret->span_count != esep_merkle_span(message->from_size, message->size, places))
        return ESEP_INVALID;
    ret->generation = message->generation;
    ret->from_generation = message->from_generation;
    ret->from_size = message->from_size;
    ret->size = message->size;
    if (!stays) {
        memcpy(ret->root.bytes, message->root.data, ESEP_HASH_BYTES);
        memcpy(ret->signature, message->signature.data, ESEP_SIGNATURE_BYTES);
    }
    return ESEP_OK;
}

void esep_growth_write(const struct esep_growth *growth, Esep__V1__Growth *ret_message)
{
    esep__v1__growth__init(ret_message);
    ret_message->generation = growth->generation;
    ret_message->from_generation = growth->from_generation;
    ret_message->from_size = growth->from_size;
    ret_message->size = growth->size;
    if (growth->size == growth->from_size)
        return;
    ret_message->root = esep_pb(growth->root.bytes, ESEP_HASH_BYTES);
    ret_message->span = esep_pb(growth->span[0].bytes, growth->span_count * ESEP_HASH_BYTES);
    ret_message->signature = esep_pb(growth->signature, ESEP_SIGNATURE_BYTES);
}

enum esep_status esep_place_read(const Esep__V1__Proof *message, struct esep_place *ret)
{
    ret->index = message->index;
    return read_hashes(message->siblings, ret->siblings, 64, &ret->count) ? ESEP_OK : ESEP_INVALID;
}

void esep_place_write(const struct esep_place *place, Esep__V1__Proof *ret_message)
{
    ret_message->index = place->index;
    if (place->count > 0)
        ret_message->siblings = esep_pb(place->siblings[0].bytes, place->count * ESEP_HASH_BYTES);
}
