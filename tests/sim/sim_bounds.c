/* tests/sim/sim_bounds.c - every queue and memory within its bound, no receipt for what is not on
 * the disk at the instant it is sent, and quiet once all is said; see sim.h.
 *
 * It looks into the cores: what they promise of themselves is not for them to count. Credit: what a
 * session sent is within what it was granted, and each machine holds the others to the same.
 */
#include "agent/agent_core.h"
#include "broker/internal.h"
#include "collector/collector_internal.h"
#include "sim.h"

static void check_receipt(struct sim *sim, const struct esep_receipt *r)
{
    int place = 0;
    while (place < SIM_OFFICES && sim->offices[place].number != r->office)
        place++;
    if (place == SIM_OFFICES)
        sim_fail(sim, "a receipt is sent to office %u, which there is not", r->office);
    bool promise = r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT;
    if (r->checkpoint_size > sim->collector.disk.count || r->last_index >= r->checkpoint_size)
        sim_fail(sim, "a receipt is sent over %llu entries, and %zu are on the disk",
                 (unsigned long long)r->checkpoint_size, sim->collector.disk.count);
    if (promise)
        return; /* held against the log where it is stored; a villain's may name any epoch */
    if (r->epoch >= SIM_EPOCHS)
        sim_fail(sim, "a receipt is sent to office %u for epoch %u", r->office, r->epoch);
    const struct sim_chain *chain = &sim->truth.chains[sim_identity(sim, place)][r->epoch];
    if (r->first_seq == 0 || r->first_seq > r->through_seq || r->through_seq > chain->count ||
        !esep_hash_equal(&chain->hashes[r->through_seq], &r->head) ||
        chain->indexes[r->through_seq] != r->last_index ||
        chain->indexes[r->first_seq] != r->first_index)
        sim_fail(sim, "a receipt is sent for entries %u/%llu to %llu of office %u, at %llu to %llu",
                 r->epoch, (unsigned long long)r->first_seq, (unsigned long long)r->through_seq,
                 r->office, (unsigned long long)r->first_index, (unsigned long long)r->last_index);
    sim->truth.receipts_sent++;
}

/* Opened as its office would, whether or not it ever gets there. */
void sim_bounds_sent(struct sim *sim, struct esep_slice frame)
{
    struct collector *c = sim->collector.core;
    struct sim_truth *t = &sim->truth;
    struct esep_envelope envelope;
    struct esep_receipt receipt;
    struct esep_reason reason = {""};
    const ProtobufCMessage *message = NULL;
    if (esep_envelope_read(frame, &envelope, &reason) != ESEP_OK ||
        envelope.kind != ESEP__V1__KIND__KIND_RECEIPT ||
        envelope.session.len != ESEP_SESSION_ID_BYTES)
        return;
    const struct collector_session *session = collector_session_find(c, envelope.session.data);
    if (session == NULL)
        return; /* ended since */
    struct esep_session office = session->seal;
    office.side = ESEP_SIDE_OFFICE;
    office.opened = false;
    esep_arena_reset(&t->arena);
    enum esep_status status = esep_session_open(&office, &envelope, &t->plain);
    if (status == ESEP_OK)
        status = esep_unpack(&esep__v1__receipt__descriptor, esep_buf_slice(&t->plain), &t->arena,
                             &message);
    if (status != ESEP_OK ||
        esep_receipt_read((const Esep__V1__Receipt *)message, &receipt) != ESEP_OK)
        sim_fail(sim, "a receipt is sent that its office cannot read");
    check_receipt(sim, &receipt);
}

static void within(struct sim *sim, const struct sim_node *node, const char *what, uint64_t used,
                   uint64_t bound)
{
    if (used > bound)
        sim_fail(sim, "%s: %s: %llu, and %llu is the bound", node->name, what,
                 (unsigned long long)used, (unsigned long long)bound);
}

void sim_bounds_collector(struct sim *sim)
{
    const struct sim_node *node = &sim->collector.node;
    const struct collector *c = sim->collector.core;
    const struct collector_config *config = &c->config;
    const struct collector_fill *open = &c->batches[c->serial & 1];
    uint64_t waiting = 0, blocks = 0;
    uint32_t sessions = 0;
    for (uint32_t i = 0; i < config->sessions_max; i++) {
        const struct collector_session *s = &c->sessions[i];
        if (!s->used)
            continue;
        sessions++;
        waiting += s->waiting.bytes;
        within(sim, node, "bytes of BATCH in a session", s->received_bytes, s->credit_bytes);
        within(sim, node, "credit not yet given back", s->credit_bytes - s->received_bytes,
               config->session_credit_bytes);
        within(sim, node, "entries without a head", s->waiting_count, config->batch_records_max);
        for (uint32_t at = s->waiting.first; at != COLLECTOR_NONE; at = c->block_next[at])
            blocks++;
    }
    within(sim, node, "sessions", sessions, config->sessions_max);
    within(sim, node, "bytes that wait", waiting, config->ingest_bytes_max);
    if (blocks + c->block_free_count != c->block_count)
        sim_fail(sim, "%s: %llu blocks in use, %u free, %u in all", node->name,
                 (unsigned long long)blocks, c->block_free_count, c->block_count);
    within(sim, node, "records of the batch", open->record_count, config->batch_records_max);
    within(sim, node, "bytes of the batch", open->bytes_used, config->batch_bytes_max);
    within(sim, node, "results", open->results->after_count, c->after_max);
    within(sim, node, "receipts of a batch", open->results->run_count, c->run_max);
    within(sim, node, "effects", c->effect_count, c->effect_cap);
    within(sim, node, "bytes to send", c->out_used, c->out_cap);
    if (c->sends_dropped > 0)
        sim_fail(sim, "%s: %llu frames found no room and were dropped", node->name,
                 (unsigned long long)c->sends_dropped);
}

void sim_bounds_office(struct sim *sim, int office)
{
    const struct sim_office *o = &sim->offices[office];
    const struct agent *a = o->core;
    const struct agent_uplink *u = &a->uplink;
    within(sim, &o->node, "bytes of BATCH in a session", u->used_bytes, u->credit_bytes);
    within(sim, &o->node, "heads under way", u->mark_count, AGENT_MARKS);
    within(sim, &o->node, "a frame", a->tx.len, AGENT_TX_BYTES_MAX + 512);
    for (size_t i = 0; i < 2; i++) {
        within(sim, &o->node, "receipts to be stored", a->vault.sides[i].receipt_count,
               AGENT_RECEIPTS_MAX);
        within(sim, &o->node, "mail to be stored", a->vault.sides[i].mail_count, AGENT_MAILS_MAX);
        within(sim, &o->node, "bytes of mail", a->vault.sides[i].bytes.len,
               2 * a->config.mail_bytes_max);
    }
}

void sim_bounds_broker(struct sim *sim, int broker)
{
    const struct sim_broker *b = &sim->brokers[broker];
    within(sim, &b->node, "connections", broker_conn_count(b->core), b->core->config.conns_max);
    within(sim, &b->node, "strangers", broker_stranger_count(b->core),
           b->core->config.strangers_max);
    within(sim, &b->node, "effects", b->core->effect_count, EFFECTS_MAX);
}

void sim_bounds_look(struct sim *sim)
{
    if (sim->collector.core != NULL)
        sim_bounds_collector(sim);
    for (int i = 0; i < SIM_OFFICES; i++)
        if (sim->offices[i].core != NULL)
            sim_bounds_office(sim, i);
    for (int i = 0; i < sim->broker_count; i++)
        if (sim->brokers[i].core != NULL)
            sim_bounds_broker(sim, i);
}

/* Nothing is owed any more: what is sent in an hour from now on is signs of life, and mail. */
struct sim_quiet sim_bounds_quiet_begin(const struct sim *sim)
{
    struct sim_quiet q = {.since = sim->now};
    for (int i = 0; i < SIM_OFFICES; i++) {
        const struct sim_office *o = &sim->offices[i];
        q.cores[i] = o->core;
        if (o->core == NULL)
            continue;
        q.frames[i] = agent_counter(o->core, AGENT_FRAMES_SENT);
        q.entries[i] = agent_counter(o->core, AGENT_ENTRIES_SENT);
        q.mail[i] = o->journal.marks.mail_through;
    }
    return q;
}

void sim_bounds_quiet_end(struct sim *sim, const struct sim_quiet *q)
{
    for (int i = 0; i < SIM_OFFICES; i++) {
        const struct sim_office *o = &sim->offices[i];
        struct agent_status s;
        if (o->core == NULL || o->core != q->cores[i] ||
            agent_counter(o->core, AGENT_FRAMES_SENT) < q->frames[i])
            continue;
        agent_status_get(o->core, &s);
        uint64_t hours = (uint64_t)((sim->now - q->since) / ESEP_HOUR) + 1;
        uint64_t mails = o->journal.marks.mail_through - q->mail[i];
        uint64_t frames = agent_counter(o->core, AGENT_FRAMES_SENT) - q->frames[i];
        uint64_t entries = agent_counter(o->core, AGENT_ENTRIES_SENT) - q->entries[i];
        if (entries > 0 && !o->revoked)
            sim_fail(sim, "%s: sends %llu entries again after all was receipted", o->node.name,
                     (unsigned long long)entries);
        /* A sign of life each 3 minutes at most; each item of mail is asked for and acknowledged;
         * who is refused tries again by and by. */
        within(sim, &o->node, "frames after all was said", frames, hours * 60 + 4 * mails + 20);
    }
}
