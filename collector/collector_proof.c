/* collector/collector_proof.c - what joins a receipt to the tree (wire/growth.h).
 *
 * For each session ingest knows how much of the log its office has seen: HELLO says it, and each
 * receipt that is sent leads further. One checkpoint is signed for each commit, after it, by
 * whoever holds the key; the nodes come from memory (views_node) or from the store. What is sent is
 * taken for received: an office that lost it says HELLO again, and how far it is.
 *
 * After a restore the log goes on as another generation. An office that has seen no more of the one
 * before than both have in common goes on from there; any other begins with nothing, and says so to
 * its people.
 */
#include "collector/collector_internal.h"

bool collector_node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    struct collector_nodes *nodes = context;
    const struct collector_history *h = &nodes->c->history;
    if (views_node(nodes->c->views, place, ret))
        return true;
    nodes->stored = true;
    return h->node != NULL && h->node(h->context, place, ret);
}

/* A bit that the disk has lost must not look to an office like another log: what came from there is
 * held against the root first. */
static bool holds(const struct collector *c, const struct esep_place *place,
                  const struct esep_merkle_source *source)
{
    struct esep_growth whole;
    struct esep_merkle tree;
    struct esep_merkle after;
    struct esep_hash leaf;
    esep_merkle_init(&tree);
    if (esep_growth_make(source, 0, c->growth.from_size, &whole) != ESEP_OK ||
        esep_merkle_append_span(&tree, whole.size, whole.span, whole.span_count) != ESEP_OK)
        return false;
    after = tree;
    if (esep_merkle_append_span(&after, c->growth.size, c->growth.span, c->growth.span_count) !=
            ESEP_OK ||
        !source->node(source->context, (struct esep_merkle_place){0, place->index}, &leaf))
        return false;
    const struct esep_hash root = esep_merkle_root(&after);
    return esep_hash_equal(&root, &c->durable_root) &&
           esep_place_check(&tree, &c->growth, place, &leaf);
}

void collector_set_history(struct collector *c, const struct collector_history *history)
{
    c->history = *history;
}

/* The store was put back since the log was last written: the log says so before anything else. */
static void log_generation(struct collector *c)
{
    Esep__V1__Generation message = ESEP__V1__GENERATION__INIT;
    struct esep_reason reason = {{0}};
    message.number = c->generation.number;
    message.previous = c->generation.previous;
    message.begins = c->generation.begins;
    const enum esep_status status =
        collector_log_own(c, ESEP__V1__LOG_TYPE__LOG_TYPE_GENERATION, 0,
                          collector_pack(c, &message.base), c->now, NULL, &reason);
    if (status != ESEP_OK)
        collector_end(c, status, &reason);
}

/* Of before the generation that has just begun. */
static void log_keys_again(struct collector *c)
{
    const struct esep_log_keys *keys = &c->config.log_keys;
    struct esep_reason reason = {{0}};
    for (size_t i = views_log_keys(c->views)->count; i < keys->count; i++) {
        Esep__V1__LogKey message;
        esep_log_key_write(keys, i, &message);
        const enum esep_status status =
            collector_log_own(c, ESEP__V1__LOG_TYPE__LOG_TYPE_LOG_KEY, 0,
                              collector_pack(c, &message.base), c->now, NULL, &reason);
        if (status != ESEP_OK) {
            collector_end(c, status, &reason);
            return;
        }
    }
}

void collector_tree_begin(struct collector *c)
{
    const struct esep_merkle *tree = views_tree(c->views);
    const struct esep_hash root = esep_merkle_root(tree);
    c->generation = views_generation(c->views);
    const bool is_new = c->config.generation > c->generation.number;
    if (is_new)
        c->generation = (struct views_generation){
            .number = c->config.generation, .previous = c->generation.number, .begins = tree->size};
    collector_tree_durable(c, tree->size, &root, c->config.head_signature);
    if (is_new)
        log_generation(c);
    log_keys_again(c);
}

/* A subtree of the batch's own leaves. */
static struct esep_hash in_batch(const struct collector_fill *batch, struct esep_merkle_place place)
{
    struct esep_merkle tree;
    const size_t count = (size_t)1 << place.level;
    const size_t first = (size_t)((place.index << place.level) - batch->out.first_index);
    ESEP_ASSERT(first + count <= batch->record_count);
    esep_merkle_init(&tree);
    for (size_t i = 0; i < count; i++)
        esep_merkle_append(&tree, esep_slice(batch->records[first + i].leaf, ESEP_LEAF_BYTES));
    return esep_merkle_root(&tree);
}

void collector_tree_grown(struct collector *c, struct collector_fill *batch)
{
    struct esep_merkle_place places[ESEP_MERKLE_SPAN_MAX];
    struct esep_growth *growth = &batch->growth;
    growth->generation = growth->from_generation = c->generation.number;
    growth->from_size = batch->out.first_index;
    growth->size = batch->results->checkpoint_size;
    growth->root = batch->results->checkpoint_root;
    growth->span_count = esep_merkle_span(growth->from_size, growth->size, places);
    for (size_t i = 0; i < growth->span_count; i++)
        if (!views_node(c->views, places[i], &growth->span[i]))
            growth->span[i] = in_batch(batch, places[i]); /* more than the views remember */
}

void collector_tree_durable(struct collector *c, uint64_t size, const struct esep_hash *root,
                            const uint8_t signature[ESEP_SIGNATURE_BYTES])
{
    c->durable_size = size;
    c->durable_root = *root;
    memcpy(c->durable_signature, signature, sizeof c->durable_signature);
}

void collector_checkpoint(const struct collector *c, struct esep_growth *ret)
{
    *ret = (struct esep_growth){
        .generation = c->generation.number, .size = c->durable_size, .root = c->durable_root};
    memcpy(ret->signature, c->durable_signature, sizeof ret->signature);
}

void collector_tree_seen(const struct collector *c, struct collector_session *session,
                         uint64_t generation, uint64_t size)
{
    const struct views_generation *now = &c->generation;
    const bool same = generation == now->number && size <= c->durable_size;
    const bool before = generation == now->previous && generation != now->number &&
                        size <= now->begins && size <= c->durable_size;
    session->tree_size = same || before ? size : 0;
    session->tree_generation = generation;
}

enum esep_status collector_consistency(struct collector *c, uint64_t old_size, uint64_t size,
                                       const struct esep_hash *root, struct esep_merkle_path *ret,
                                       struct esep_hash *ret_old_root)
{
    struct collector_nodes nodes = {.c = c};
    const struct esep_merkle_source source = {.node = collector_node, .context = &nodes};
    ESEP_ASSERT(old_size <= size && size <= c->durable_size);
    enum esep_status status = esep_merkle_root_from(&source, old_size, ret_old_root);
    if (status == ESEP_OK)
        status = esep_merkle_consistency(&source, old_size, size, ret);
    if (status == ESEP_OK &&
        !esep_merkle_consistency_verify(old_size, ret_old_root, size, root, ret))
        status = ESEP_CORRUPT;
    if (status != ESEP_OK)
        collector_count(c, COLLECTOR_UNPROVEN, 1);
    return status;
}

bool collector_prove(struct collector *c, struct collector_session *session, uint64_t index,
                     esep_time accepted_at, struct collector_proof *ret)
{
    struct collector_nodes nodes = {.c = c};
    const struct esep_merkle_source source = {.node = collector_node, .context = &nodes};
    const uint64_t from = session->tree_size;
    ESEP_ASSERT(index < c->durable_size && from <= c->durable_size);
    enum esep_status status = esep_growth_make(&source, from, c->durable_size, &c->growth);
    if (status == ESEP_OK)
        status = esep_place_make(&source, from, c->durable_size, index, &c->place);
    if (status != ESEP_OK || (nodes.stored && !holds(c, &c->place, &source))) {
        collector_count(c, COLLECTOR_UNPROVEN, 1);
        return false;
    }
    c->growth.generation = c->generation.number;
    c->growth.from_generation = session->tree_generation;
    c->growth.root = c->durable_root;
    memcpy(c->growth.signature, c->durable_signature, sizeof c->growth.signature);
    session->tree_size = c->durable_size;
    session->tree_generation = c->generation.number;
    session->cosigned_wanted = session->cosigned_wanted || index >= session->cosigned_size;
    esep__v1__proof__init(&ret->message);
    esep_growth_write(&c->growth, &ret->growth);
    esep_place_write(&c->place, &ret->message);
    ret->message.growth = &ret->growth;
    ret->message.accepted_at_us = accepted_at;
    return true;
}

bool collector_prove_promise(struct collector *c, uint64_t from, uint64_t index,
                             esep_time accepted_at, struct collector_proof *ret)
{
    struct collector_nodes nodes = {.c = c};
    const struct esep_merkle_source source = {.node = collector_node, .context = &nodes};
    ESEP_ASSERT(index < c->growth.size && from == c->growth.from_size);
    if (esep_place_make(&source, from, c->growth.size, index, &c->promise_place) != ESEP_OK ||
        (nodes.stored && !holds(c, &c->promise_place, &source)))
        return false;
    esep__v1__proof__init(&ret->promise);
    esep_place_write(&c->promise_place, &ret->promise);
    ret->promise.accepted_at_us = accepted_at;
    return true;
}
