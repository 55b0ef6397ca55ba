/* collector/collector_proof.c - what joins a receipt to the tree (wire/growth.h).
 *
 * For each session ingest knows how much of the log its office has seen: HELLO says it, and each
 * receipt that is sent leads further. One checkpoint is signed for each commit, after it; the nodes
 * come from memory (views_node) or from the store. What is sent is taken for received: an office
 * that lost it says HELLO again, and how far it is.
 *
 * After a restore the log goes on as another generation. An office that has seen no more of the one
 * before than both have in common goes on from there; any other begins with nothing, and says so to
 * its people.
 */
#include "collector/collector_internal.h"

static bool node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    const struct collector *c = context;
    return views_node(c->views, place, ret) ||
           (c->history.node != NULL && c->history.node(c->history.context, place, ret));
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

void collector_tree_begin(struct collector *c)
{
    const struct esep_merkle *tree = views_tree(c->views);
    const struct esep_hash root = esep_merkle_root(tree);
    c->generation = views_generation(c->views);
    const bool is_new = c->config.generation > c->generation.number;
    if (is_new)
        c->generation = (struct views_generation){
            .number = c->config.generation, .previous = c->generation.number, .begins = tree->size};
    collector_tree_durable(c, tree->size, &root);
    if (is_new)
        log_generation(c);
}

void collector_tree_durable(struct collector *c, uint64_t size, const struct esep_hash *root)
{
    c->durable_size = size;
    c->durable_root = *root;
    c->growth.generation = c->generation.number;
    c->growth.size = size;
    c->growth.root = *root;
    esep_growth_sign(&c->config.log_id, &c->growth, &c->config.log_key);
    memcpy(c->durable_signature, c->growth.signature, sizeof c->durable_signature);
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
}

bool collector_prove(struct collector *c, struct collector_session *session, uint64_t index,
                     esep_time accepted_at, struct collector_proof *ret)
{
    const struct esep_merkle_source source = {.node = node, .context = c};
    const uint64_t from = session->tree_size;
    ESEP_ASSERT(index < c->durable_size && from <= c->durable_size);
    enum esep_status status = esep_growth_make(&source, from, c->durable_size, &c->growth);
    if (status == ESEP_OK)
        status = esep_place_make(&source, from, c->durable_size, index, &c->place);
    if (status != ESEP_OK) {
        struct esep_reason reason = {{0}};
        (void)esep_because(&reason, ESEP_CORRUPT,
                           "the tree of the first %llu log entries cannot be read from the store: "
                           "run esep-collector log verify",
                           (unsigned long long)c->durable_size);
        collector_end(c, ESEP_CORRUPT, &reason);
        return false;
    }
    c->growth.generation = c->generation.number;
    c->growth.root = c->durable_root;
    memcpy(c->growth.signature, c->durable_signature, sizeof c->growth.signature);
    session->tree_size = c->durable_size;
    esep__v1__proof__init(&ret->message);
    esep_growth_write(&c->growth, &ret->growth);
    esep_place_write(&c->place, &ret->message);
    ret->message.growth = &ret->growth;
    ret->message.accepted_at_us = accepted_at;
    return true;
}
