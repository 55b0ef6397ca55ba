/* bench/limits_tree.c - what the log's tree, its signed heads and the proofs of receipts take
 * alone: the same code and the same sizes as in ingest, on one core. */
#include "base/merkle_recent.h"
#include "bench/limits.h"
#include "wire/growth.h"
#include "wire/leaf.h"

#include <stdlib.h>

/* As in a backlog: what others wrote since the office's last receipt, and where its own entry lies
 * behind that. */
#define OTHERS 4000
#define OWN 1500

struct tree_work {
    struct esep_leaf leaf;
    struct esep_merkle tree;
    struct esep_merkle_recent recent;
    struct esep_growth growth;
    struct esep_place place;
    struct esep_hash log_id;
    struct esep_sign_key key;
};

static void seen(void *context, struct esep_merkle_place place, const struct esep_hash *hash)
{
    struct tree_work *w = context;
    esep_merkle_recent_put(&w->recent, place, hash);
}

static bool node(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    const struct tree_work *w = context;
    return esep_merkle_recent_get(&w->recent, place, ret);
}

static void do_leaf(void *context)
{
    struct tree_work *w = context;
    uint8_t bytes[ESEP_LEAF_BYTES];
    w->leaf.seq++;
    esep_leaf_pack(&w->leaf, bytes);
    esep_merkle_append_seen(&w->tree, esep_slice(bytes, sizeof bytes), seen, w);
}

static void do_head(void *context)
{
    struct tree_work *w = context;
    w->growth.size = w->tree.size;
    w->growth.root = esep_merkle_root(&w->tree);
    esep_growth_sign(&w->log_id, &w->growth, &w->key);
}

static void do_proof(void *context)
{
    struct tree_work *w = context;
    const struct esep_merkle_source source = {node, w};
    const uint64_t size = w->tree.size;
    ESEP_ASSERT(esep_growth_make(&source, size - OTHERS, size, &w->growth) == ESEP_OK);
    ESEP_ASSERT(esep_place_make(&source, size - OTHERS, size, size - OWN, &w->place) == ESEP_OK);
}

enum esep_status bench_tree_measure(struct bench_limits *ret, struct esep_reason *reason)
{
    const uint8_t seed[32] = {1};
    struct tree_work *w = calloc(1, sizeof *w);
    if (w == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for a tree");
    esep_merkle_init(&w->tree);
    esep_merkle_recent_init(&w->recent, 0);
    esep_sign_key_from_seed(&w->key, seed);
    ret->leaves = bench_rate(do_leaf, w, 256); /* leaves a tree for the other two */
    ret->heads = bench_rate(do_head, w, 16);
    ret->proofs = bench_rate(do_proof, w, 64);
    free(w);
    return ESEP_OK;
}
