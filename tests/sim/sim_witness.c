/* tests/sim/sim_witness.c - a witness beside the simulated collector, and what offices make of it.
 *
 * Every third commit's head is cosigned, at once: that asking takes time, and may fail, is the
 * shell's (collector/cosigners.h). Which offices get it and when is the core's. An office that
 * keeps a head with the witness's line must have the log's own root of that size; nothing is drawn
 * for any of this.
 */
#include "sim_witness.h"

#define EACH 3

static struct esep_note_key witness(struct esep_sign_key *ret_secret)
{
    static const uint8_t seed[32] = "a witness of the country";
    struct esep_note_key key;
    esep_sign_key_from_seed(ret_secret, seed);
    const enum esep_status status =
        esep_note_key(&key, "witness.example", ESEP_NOTE_COSIGNATURE, ret_secret->public, NULL);
    ESEP_ASSERT(status == ESEP_OK);
    return key;
}

void sim_witness_config(struct agent_config *config)
{
    struct esep_sign_key secret;
    config->witnesses[0] = witness(&secret);
    config->witness_count = 1;
}

void sim_witness_signs(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    struct collector_cosigned cosigned = {0};
    struct esep_growth head;
    struct esep_sign_key secret;
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    uint8_t signature[ESEP_COSIGNATURE_BYTES];
    if (c->commits % EACH != 0 || collector_status(c->core, NULL) != ESEP_OK)
        return;
    const struct esep_note_key key = witness(&secret);
    collector_checkpoint(c->core, &head);
    cosigned.generation = head.generation;
    cosigned.size = head.size;
    cosigned.root = head.root;
    memcpy(cosigned.signature, head.signature, sizeof cosigned.signature);
    const size_t len = esep_growth_text(&sim->log_id, head.generation, head.size, &head.root, text);
    if (esep_note_cosign(esep_slice(text, len), &secret, sim->now / ESEP_SECOND, signature) !=
        ESEP_OK)
        sim_fail(sim, "the witness cannot sign");
    (void)esep_note_line(&key, signature, cosigned.lines);
    collector_set_cosigned(c->core, &cosigned);
}

/* Of a generation that is over the log says nothing any more. */
void sim_truth_cosigned(struct sim *sim, int office, const struct agent_cosigned *cosigned)
{
    const struct sim_disk *disk = &sim->collector.disk;
    const struct agent_checkpoint *at = &cosigned->checkpoint;
    const char *name = sim->offices[office].node.name;
    struct esep_merkle tree;
    struct esep_sign_key secret;
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    if (at->generation != disk->log.generation)
        return;
    esep_merkle_init(&tree);
    for (uint64_t i = 0; i < at->size && i < disk->count; i++)
        esep_merkle_append(&tree, esep_slice(disk->records[i].leaf, ESEP_LEAF_BYTES));
    const struct esep_hash root = esep_merkle_root(&tree);
    if (tree.size != at->size || !esep_hash_equal(&root, &at->root))
        sim_fail(sim, "%s keeps another head of %llu entries than the log has", name,
                 (unsigned long long)at->size);
    const struct esep_note_key key = witness(&secret);
    const size_t len = esep_growth_text(&sim->log_id, at->generation, at->size, &at->root, text);
    const struct esep_note note = {esep_slice(text, len),
                                   esep_slice(cosigned->lines, cosigned->len)};
    if (esep_note_verify(&note, &key, NULL, NULL) != ESEP_OK)
        sim_fail(sim, "%s keeps a line that the witness has not signed", name);
    sim_count(sim, SIM_TALLY_COSIGNED);
}
