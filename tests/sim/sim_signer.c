/* tests/sim/sim_signer.c - the log's signer: a process of its own, which outlives ingest's crashes
 * and remembers what it signed; see sim.h.
 */
#include "sim_signer.h"

#include "collector/signer/signer_service.h"
#include "sim_real.h"

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

void sim_signer_begin(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    struct collector_config *config = &c->config;
    const struct esep_merkle_source source = {.node = node_at, .context = sim};
    struct esep_growth growth = {.generation = views_generation(c->views).number};
    struct esep_reason reason = {""};
    struct collector_signer signer;
    char origin[ESEP_ORIGIN_MAX + 1];
    if (config->generation > growth.generation)
        growth.generation = config->generation;
    esep_log_origin(&sim->log_id, growth.generation, origin);
    collector_signer_local(&signer, &c->signing.memory);
    if (collector_signer_first(&signer, origin, views_tree(c->views), &source, &growth, &reason) !=
        ESEP_OK)
        sim_fail(sim, "the log's head is not signed: %s", reason.text);
    memcpy(config->log_public, sim->log_key.public, sizeof config->log_public);
    memcpy(config->head_signature, growth.signature, sizeof config->head_signature);
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
