/* tests/sim/sim_silence.c - a collector that takes all and says nothing of it, and what its brokers
 * sign meanwhile; see sim.h.
 *
 * What a broker signs is of that moment by its own clock, to the microsecond, and of the office
 * whose key the connection has. What an office stores is such a note, on a head of its own journal.
 * And where nothing else goes wrong (the profile "withheld"), an office that has waited long enough
 * for a receipt has one, and has not called again and again for it: not even where receipts alone
 * are kept back, so that what else comes does not go on from what the office has seen.
 */
#include "sim.h"
#include "wire/envelope.h"
#include "wire/ingress.h"

#define LASTS_LEAST (40 * ESEP_MINUTE)
#define WAITED_LONG                                                                                \
    (25 * ESEP_MINUTE) /* the longest backoff, and then some questions that were lost */

struct esep_sign_key sim_broker_key(const struct sim_broker *b)
{
    struct esep_sign_key key;
    const struct esep_hash seed = esep_sha256(esep_slice(b->curve, sizeof b->curve));
    esep_sign_key_from_seed(&key, seed.bytes);
    return key;
}

/* Of whatever the broker's core sends an office. */
void sim_ingress_said(struct sim *sim, int broker, uint64_t conn, struct esep_slice frame)
{
    struct sim_broker *b = &sim->brokers[broker];
    const struct esep_sign_key key = sim_broker_key(b);
    struct esep_ingress note = {.log_id = sim->log_id};
    struct esep_envelope envelope;
    const ProtobufCMessage *message = NULL;
    if (esep_envelope_read(frame, &envelope, NULL) != ESEP_OK ||
        envelope.kind != ESEP__V1__KIND__KIND_INGRESS)
        return;
    esep_arena_reset(&sim->truth.arena);
    if (esep_unpack(&esep__v1__ingress__descriptor, envelope.sealed, &sim->truth.arena, &message) !=
            ESEP_OK ||
        esep_ingress_read((const Esep__V1__Ingress *)message, &note) != ESEP_OK)
        sim_fail(sim, "%s sends a note of ingress that is none", b->node.name);
    memcpy(note.office_curve, sim_conn(sim, conn)->curve, ESEP_KEY_BYTES);
    if (!esep_ingress_verify(&note) || memcmp(note.broker_key, key.public, ESEP_KEY_BYTES) != 0)
        sim_fail(sim, "%s sends a note of ingress that it has not signed", b->node.name);
    if (note.received_at != sim_wall(sim, &b->node))
        sim_fail(sim, "%s signs that something came at %lld; it is %lld", b->node.name,
                 (long long)note.received_at, (long long)sim_wall(sim, &b->node));
    sim_count(sim, SIM_TALLY_NOTE_SIGNED);
}

static bool is_brokers(const struct sim *sim, const uint8_t public_key[ESEP_KEY_BYTES])
{
    for (int i = 0; i < sim->broker_count; i++) {
        const struct esep_sign_key key = sim_broker_key(&sim->brokers[i]);
        if (memcmp(key.public, public_key, ESEP_KEY_BYTES) == 0)
            return true;
    }
    return false;
}

void sim_ingress_stored(struct sim *sim, int office, const struct agent_ingress *kept)
{
    const struct sim_office *o = &sim->offices[office];
    const struct esep_slice said = esep_slice(kept->statement, sizeof kept->statement);
    const struct sim_epoch *e = &o->journal.epochs[kept->epoch];
    const struct esep_hash content = esep_content_hash(said);
    struct esep_commitment c;
    struct esep_ingress note;
    if (esep_ingress_unpack(esep_slice(kept->note, sizeof kept->note), &note) != ESEP_OK ||
        !esep_ingress_verify(&note) || !is_brokers(sim, note.broker_key) ||
        !esep_hash_equal(&note.log_id, &sim->log_id) || !esep_hash_equal(&note.content, &content))
        sim_fail(sim, "%s stores a note of ingress that proves nothing", o->node.name);
    if (esep_commitment_unpack(&sim->log_id, said, &c) != ESEP_OK || c.office != o->number ||
        c.epoch != kept->epoch || c.seq != kept->seq ||
        !esep_commitment_verify(&sim->log_id, &c, kept->key))
        sim_fail(sim, "%s stores a note on what it did not sign", o->node.name);
    if (kept->seq > e->last || kept->seq <= e->gone ||
        !esep_hash_equal(&e->entries[kept->seq].entry.chain, &c.head))
        sim_fail(sim, "%s stores a note on a head that its journal has not", o->node.name);
    sim_count(sim, SIM_TALLY_NOTE_STORED);
}

/* Whoever calls and gets nowhere waits, and longer each time. */
static void look_at_calls(struct sim *sim, const struct sim_office *o)
{
    const uint64_t lasted = (uint64_t)(sim->now - sim->collector.silent_since);
    const uint64_t most = 100 + lasted / (30 * ESEP_SECOND);
    const uint64_t now = o->core != NULL ? agent_counter(o->core, AGENT_CONNECTS) : 0;
    if (now > o->connects && now - o->connects > most)
        sim_fail(sim, "%s called %llu times while the collector was silent; %llu would have done",
                 o->node.name, (unsigned long long)(now - o->connects), (unsigned long long)most);
}

/* Who has waited for a receipt for so long has asked its broker. */
static void look(struct sim *sim, struct sim_event *event)
{
    (void)event;
    sim_trace(sim, NULL, "the collector gives receipts again");
    if (sim->profile->crashes > 0)
        return; /* lines and processes are down, too */
    for (int i = 0; i < sim->office_count; i++) {
        const struct sim_office *o = &sim->offices[i];
        const struct sim_journal *j = &o->journal;
        const struct agent_journal *marks = &j->marks;
        look_at_calls(sim, o);
        if (marks->last_seq <= marks->receipted_seq || marks->last_seq <= marks->promised_seq)
            continue;
        const esep_time wrote = j->epochs[j->epoch].entries[marks->last_seq].written;
        if (sim_wall(sim, &o->node) - wrote >= WAITED_LONG && marks->noted_seq < marks->last_seq)
            sim_fail(sim, "%s has waited long for a receipt of entry %llu, and no broker noted it",
                     o->node.name, (unsigned long long)marks->last_seq);
    }
}

void sim_fall_silent(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    const esep_time lasts = sim_between(sim, LASTS_LEAST, 6 * ESEP_HOUR);
    if (sim->now < c->silent_until)
        return;
    c->silent_since = sim->now;
    c->silent_until = sim->now + lasts;
    c->receipts_alone = sim_chance(sim, 500000);
    for (int i = 0; i < sim->office_count; i++) {
        struct sim_office *o = &sim->offices[i];
        o->connects = o->core != NULL ? agent_counter(o->core, AGENT_CONNECTS) : 0;
    }
    sim_trace(sim, NULL, "the collector keeps its receipts back%s",
              c->receipts_alone ? ", and nothing else" : "");
    sim_after(sim, NULL, lasts, look);
}

static bool is_kept_back(const struct sim_collector *c, Esep__V1__Kind kind)
{
    return kind == ESEP__V1__KIND__KIND_RECEIPT ||
           (!c->receipts_alone &&
            (kind == ESEP__V1__KIND__KIND_EVIDENCE || kind == ESEP__V1__KIND__KIND_COSIGNED));
}

bool sim_keeps_back(struct sim *sim, struct esep_slice frame)
{
    struct esep_envelope envelope;
    if (sim->now >= sim->collector.silent_until || sim->calm ||
        esep_envelope_read(frame, &envelope, NULL) != ESEP_OK ||
        !is_kept_back(&sim->collector, envelope.kind))
        return false;
    sim_count(sim, SIM_TALLY_RECEIPT_KEPT);
    return true;
}
