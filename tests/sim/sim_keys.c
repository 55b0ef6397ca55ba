/* tests/sim/sim_keys.c - offices renew their keys: as agent/run_keys.c, over the simulated journal.
 *
 * At some tick somebody at an office gives `keys rotate`; from then on its core has the keys that
 * are to follow. Whatever is lost, cut or crashes, the office ends up under the very keys that the
 * collector has, with all it wrote receipted, and no honest office is ever taken for a thief. Of
 * each epoch it is remembered which key begins it: the log's chains and heads are held against
 * that.
 */
#include "sim_real.h"

const uint8_t *sim_key_of(const struct sim_office *o, uint32_t epoch)
{
    for (size_t i = o->rotation_count; i > 0; i--)
        if (o->rotations[i - 1].epoch <= epoch)
            return o->rotations[i - 1].sign_public;
    return o->rotation_count > 0 ? o->first_public : o->sign.public;
}

void sim_keys_config(struct sim_office *o)
{
    struct agent_config *c = &o->config;
    c->sign_key = o->sign;
    memcpy(c->curve_public, o->curve, ESEP_KEY_BYTES);
    c->rotate = o->rotating && o->older.epoch == 0;
    c->next_sign_key = o->next_sign;
    memcpy(c->next_curve_public, o->next_curve, ESEP_KEY_BYTES);
}

static void rotate(struct sim *sim, struct sim_office *o)
{
    uint8_t seed[32];
    sim_seed_bytes(sim, seed);
    if (o->core == NULL || o->villain || o->rotating || o->revoked || o->reopening || o->draining ||
        o->rotation_count == SIM_ROTATIONS || sim_real != NULL)
        return;
    esep_sign_key_from_seed(&o->next_sign, seed);
    sim_seed_bytes(sim, o->next_curve);
    o->rotating = true;
    sim_trace(sim, &o->node, "is to have new keys");
    o->reopening = true;
    sim_after(sim, &o->node, 0, sim_office_reopen);
}

void sim_rotate_somebody(struct sim *sim)
{
    rotate(sim, &sim->offices[sim_pick(sim, (uint64_t)sim->office_count)]);
}

/* As agent/run_keys.c does: a request that speaks of the present keys is met at once. */
void sim_keys_mail(struct sim *sim, int office, const struct agent_store *store)
{
    struct sim_office *o = &sim->offices[office];
    for (size_t i = 0; i < store->mail_count; i++) {
        const struct agent_mail *mail = &store->mails[i];
        const ProtobufCMessage *message = NULL;
        esep_arena_reset(&sim->truth.arena);
        if (mail->type != ESEP__V1__LOG_TYPE__LOG_TYPE_KEYS_ASKED ||
            esep_unpack(&esep__v1__keys_asked__descriptor, mail->bytes, &sim->truth.arena,
                        &message) != ESEP_OK ||
            memcmp(((const Esep__V1__KeysAsked *)message)->sign_key.data, o->sign.public,
                   ESEP_KEY_BYTES) != 0)
            continue;
        const struct esep_prng outer =
            sim_stream(sim, SIM_ROTATE, UINT64_C(1) << 40 | mail->log_index << 8 | o->number);
        rotate(sim, o);
        sim->prng = outer;
    }
}

/* One transaction; then a new core. A power cut in between finds the new keys at the next start. */
void sim_keys_look(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    struct agent_status s;
    agent_status_get(o->core, &s);
    if (s.state != AGENT_STOPPED || s.why != AGENT_WHY_ROTATED || o->reopening || o->broken)
        return;
    if (!o->rotating)
        sim_fail(sim, "%s is told of new keys that it never made", o->node.name);
    if (o->rotation_count == 0)
        memcpy(o->first_public, o->sign.public, ESEP_KEY_BYTES);
    o->sign = o->next_sign;
    memcpy(o->curve, o->next_curve, ESEP_KEY_BYTES);
    o->rotations[o->rotation_count].epoch = o->journal.epoch + 1;
    memcpy(o->rotations[o->rotation_count++].sign_public, o->sign.public, ESEP_KEY_BYTES);
    o->rotating = false;
    sim_journal_recover(sim, office, 0);
    sim_count(sim, SIM_TALLY_ROTATED);
    sim_trace(sim, &o->node, "has new keys: epoch %u", o->journal.epoch);
    o->reopening = true;
    sim_after(sim, &o->node, 0, sim_office_reopen);
}

/* At rest: nothing is on its way, and the collector has the office's keys. */
bool sim_keys_converged(const struct sim *sim, int office)
{
    const struct sim_office *o = &sim->offices[office];
    const struct views_office *known = views_office(sim->collector.views, o->number);
    return !o->rotating && memcmp(known->sign_key, o->sign.public, ESEP_KEY_BYTES) == 0 &&
           memcmp(known->curve_key, o->curve, ESEP_KEY_BYTES) == 0;
}
