/* tests/sim/sim_signer.c - the log's signer: a process of its own, which outlives ingest's crashes
 * and remembers what it signed; see sim.h.
 */
#include "sim_signer.h"

#include "collector/log_rotate.h"
#include "sim_real.h"

#define SIM_LOG_KEYS 8

static esep_time now_of(const struct sim *sim)
{
    return sim_wall(sim, &sim->collector.node);
}

static bool node_at(void *context, struct esep_merkle_place place, struct esep_hash *ret)
{
    struct sim *sim = context;
    return views_node(sim->collector.views, place, ret) ||
           collector_state_node(sim_log(sim), place, ret);
}

/* Now and then another key lies beside the signer's, and ingest's start takes it up: cut off behind
 * any of its steps, and begun again. Drawn apart, so that no other story changes. */
static bool lay_next(struct sim *sim, struct esep_prng *prng)
{
    struct sim_collector *c = &sim->collector;
    uint8_t seed[32] = {0};
    if (sim->profile->rotations + sim->profile->restores == 0 || sim_real != NULL ||
        c->signing.memory.keys.has_next || views_log_keys(c->views)->count >= SIM_LOG_KEYS ||
        esep_prng_below(prng, 3) != 0)
        return false;
    esep_be64_put(seed, esep_prng_next(prng));
    esep_sign_key_from_seed(&c->signing.memory.keys.next, seed);
    c->signing.memory.keys.has_next = true;
    sim_count(sim, SIM_TALLY_LOG_KEY);
    sim_trace(sim, &c->node, "the log is to have another key");
    return true;
}

static enum esep_status begin(struct sim *sim, unsigned steps, struct log_start *ret)
{
    struct sim_collector *c = &sim->collector;
    const struct esep_merkle_source source = {.node = node_at, .context = sim};
    struct esep_reason reason = {""};
    struct collector_signer signer;
    collector_signer_local(&signer, &c->signing.memory);
    *ret = (struct log_start){.signer = &signer,
                              .log = sim_log(sim),
                              .views = c->views,
                              .source = &source,
                              .generation = views_generation(c->views).number,
                              .now = now_of(sim),
                              .steps = steps};
    if (c->config.generation > ret->generation)
        ret->generation = c->config.generation;
    const enum esep_status status = log_start(ret, &reason);
    if (status != ESEP_OK && (status != ESEP_AGAIN || steps == 0))
        sim_fail(sim, "the log's head is not signed: %s", reason.text);
    return status;
}

void sim_signer_begin(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    struct collector_config *config = &c->config;
    struct esep_prng prng = {sim->seed ^ UINT64_C(0x106b3e) ^ (uint64_t)(c->opened + 1) << 32};
    struct log_start start;
    const bool next = lay_next(sim, &prng);
    unsigned steps = next && esep_prng_below(&prng, 2) == 0 ? 3 : 0;
    while (begin(sim, steps, &start) == ESEP_AGAIN) { /* it crashed there */
        sim_trace(sim, &c->node, "is cut off behind step %u of the log's next key", steps);
        views_free(c->views);
        c->views = sim_views_load(sim);
        steps = steps < 5 ? steps + 1 : 0;
    }
    memcpy(config->log_public, esep_log_keys_newest(&start.keys), sizeof config->log_public);
    memcpy(config->head_signature, start.signature, sizeof config->head_signature);
    config->log_keys = start.keys;
    if (start.generation != views_generation(c->views).number)
        config->generation = start.generation;
    config->signing =
        (struct collector_signing){.statement = signing_statement, .context = &c->signing};
}

/* The log's head is signed: only now the commit counts as done. */
static void on_signed(struct sim *sim, struct sim_event *event)
{
    struct sim_collector *c = &sim->collector;
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    c->signing.away = c->committed = false;
    signing_head(&c->signing, &sim->log_id, c->batch->growth, signature);
    c->batch = NULL;
    collector_on_stored(c->core, event->a, ESEP_OK, signature, now_of(sim));
    sim_collector_pump(sim);
}

/* On a machine whose disk is slow the signer may be away, too: nobody is answered meanwhile. */
bool sim_signer_away(struct sim *sim, uint64_t token)
{
    struct sim_collector *c = &sim->collector;
    if (sim->now >= c->disk_slow_until || sim_pick(sim, 2) == 0)
        return false;
    const esep_time wait = sim_between(sim, 0, 2 * ESEP_MINUTE);
    sim_count(sim, SIM_TALLY_SIGNER_AWAY);
    sim_trace(sim, &c->node, "waits for the signer");
    c->signing.away = c->committed = true;
    sim_after(sim, &c->node, wait, on_signed)->a = token;
    return true;
}
