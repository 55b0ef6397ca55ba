/* agent/agent_rotate.c - new keys for the office: offered once all is received, never in between.
 *
 * Where the shell has made new keys (config.rotate), they go up in the first session in which
 * nothing waits for a receipt: so no promise under the old key is left behind, and what is queued
 * meanwhile is signed by the key that is the office's then. Nothing else is sent until the answer
 * comes. It ends the core (AGENT_WHY_ROTATED), and the shell goes on under the new keys, in a new
 * epoch. An answer that was lost is made good by the collector's signed refusal of the next HELLO.
 */
#include "agent/agent_core.h"
#include "wire/office_keys.h"
#include "wire/unpack.h"

#define NO_REFUSAL ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED

bool agent_rotating(const struct agent *a)
{
    return a->uplink.rotate_since != ESEP_TIME_NEVER;
}

static bool may_rotate(const struct agent *a)
{
    struct agent_status s;
    if (!a->config.rotate || a->draining || agent_gate_closing(a) ||
        (a->uplink.features & AGENT_ROTATION) == 0)
        return false;
    agent_status_get(a, &s);
    return s.all_held && a->journal.receipted_seq == a->journal.last_seq && !agent_in_flight(a);
}

bool agent_rotate_send(struct agent *a)
{
    const struct agent_config *config = &a->config;
    if (!may_rotate(a))
        return false;
    struct esep_rotation r = {.office = config->office, .epoch = a->journal.epoch + 1};
    memcpy(r.old.sign, config->sign_key.public, ESEP_KEY_BYTES);
    memcpy(r.old.curve, config->curve_public, ESEP_KEY_BYTES);
    memcpy(r.fresh.sign, config->next_sign_key.public, ESEP_KEY_BYTES);
    memcpy(r.fresh.curve, config->next_curve_public, ESEP_KEY_BYTES);
    esep_rotation_sign(&config->log_id, &r, &config->sign_key, &config->next_sign_key);
    Esep__V1__Rotate rotate = ESEP__V1__ROTATE__INIT;
    rotate.sign_key = esep_pb(r.fresh.sign, ESEP_KEY_BYTES);
    rotate.curve_key = esep_pb(r.fresh.curve, ESEP_KEY_BYTES);
    rotate.epoch = r.epoch;
    rotate.by_old = esep_pb(r.by_old, ESEP_SIGNATURE_BYTES);
    rotate.by_new = esep_pb(r.by_new, ESEP_SIGNATURE_BYTES);
    if (!agent_pack(a, &rotate.base) || !agent_seal(a, ESEP__V1__KIND__KIND_ROTATE))
        return false;
    a->uplink.rotate_since = a->now;
    return true;
}

void agent_rotated(struct agent *a)
{
    agent_link_stop(a, AGENT_WHY_ROTATED, NO_REFUSAL,
                    "the office's new keys are in the log: it goes on under them");
}

void agent_on_rotated(struct agent *a, const struct esep_envelope *envelope)
{
    const ProtobufCMessage *message = agent_open(a, envelope, &esep__v1__rotated__descriptor);
    if (message == NULL)
        return;
    const Esep__V1__Rotated *m = (const Esep__V1__Rotated *)message;
    if (agent_rotating(a) && m->epoch == a->journal.epoch + 1)
        agent_rotated(a);
    else
        agent_count(a, AGENT_FRAMES_DROPPED, 1);
}
