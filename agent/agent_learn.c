/* agent/agent_learn.c - what the proof of a receipt teaches, and what its failure means.
 *
 * The tree grows with every proof that comes, whatever becomes of the receipt it came with: the
 * collector counts on it. One that does not go on from our tree, or does not hold, costs the
 * connection: the next HELLO says what we have seen, and what is owed comes again from there. One
 * that the log key has signed and that does not begin with what we have seen is another matter: two
 * heads of one log, both signed, of which at most one is true. The uplink stops, and both are kept:
 * they are the proof.
 */
#include "agent/agent_core.h"

#define NO_REFUSAL ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED

struct agent_tree_keys agent_tree_keys(const struct agent *a)
{
    struct agent_tree_keys keys = {
        .log_id = a->config.log_id, .log = &a->log_keys, .office = a->config.office};
    memcpy(keys.sign_public, a->config.sign_key.public, sizeof keys.sign_public);
    return keys;
}

static void stop_split(struct agent *a)
{
    struct agent_gather *g = agent_filling(a);
    g->split = a->lesson.checkpoint;
    g->split_new = true;
    agent_link_stop(a, AGENT_WHY_SPLIT, NO_REFUSAL,
                    "the collector has signed a log that does not begin with the one that this "
                    "office has seen. Both signed heads are kept: tell the operator and the "
                    "commission, and run `esep-agent receipt --split`");
}

bool agent_learn(struct agent *a, enum esep_status status)
{
    const struct agent_lesson *lesson = &a->lesson;
    struct agent_gather *g = agent_filling(a);
    if (status != ESEP_OK) {
        agent_count(a, AGENT_RECEIPTS_REFUSED, 1);
        if (status == ESEP_CONFLICT)
            stop_split(a);
        else
            agent_link_fail(a, AGENT_WHY_PROTOCOL,
                            status == ESEP_DENIED
                                ? "a receipt whose proof is not signed as it should be came: "
                                  "refused; check log_key"
                                : "a receipt whose proof does not hold came: refused, to be asked "
                                  "for again");
        return false;
    }
    ESEP_ASSERT(g->node_count + lesson->node_count <= AGENT_NODES_MAX &&
                g->checkpoint_count < AGENT_CHECKPOINTS_MAX);
    memcpy(&g->nodes[g->node_count], lesson->nodes, lesson->node_count * sizeof lesson->nodes[0]);
    g->node_count += lesson->node_count;
    if (lesson->grown)
        g->checkpoints[g->checkpoint_count++] = lesson->checkpoint;
    if (lesson->restored)
        a->status.collector_restored = true;
    a->ahead.tree = g->tree = lesson->tree;
    g->tree_new = true;
    return true;
}
