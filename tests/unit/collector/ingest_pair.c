/* tests/unit/collector/ingest_pair.c - see ingest_pair.h. */
#include "ingest_pair.h"

#include <stdlib.h>

void pair_hear(void *context, struct esep_slice frame)
{
    struct pair *p = context;
    uint8_t *copy = malloc(frame.len + 1);
    assert_non_null(copy);
    memcpy(copy, frame.data, frame.len);
    assert_true(p->down_count < PAIR_QUEUE);
    p->down[p->down_count++] = esep_slice(copy, frame.len);
}

void pair_agent_start(struct pair *p)
{
    struct agent_config config = {.broker_count = 1};
    struct esep_reason reason;
    config.log_id = p->g->log_id;
    memcpy(config.log_public, p->g->signing.memory.keys.present.public, 32);
    memcpy(config.seal_public, p->g->config.seal_key.public, 32);
    config.office = p->office->number;
    config.sign_key = p->office->sign;
    memcpy(config.curve_public, p->office->curve, 32);
    config.rotate = p->rotate;
    config.next_sign_key = p->next;
    memcpy(config.next_curve_public, p->next_curve, 32);
    config.check_chain = true;
    config.witnesses[0] = p->witness;
    config.witness_count = p->witness.id != 0;
    config.compress = !p->plain;
    config.by_speed = !p->plain;
    memset(config.seed, (int)++p->g->draws, sizeof config.seed);
    assert_int_equal(agent_new(&p->agent, &config, &p->journal, p->g->world.now, &reason), ESEP_OK);
}

void pair_start(struct pair *p, struct ingest *g, const char *body)
{
    memset(p, 0, sizeof *p);
    p->g = g;
    p->office = sim_active(g, body);
    p->office->hear = pair_hear;
    p->office->hear_context = p;
    p->entries = calloc(SIM_ENTRIES_MAX + 1, sizeof *p->entries);
    assert_non_null(p->entries);
    p->journal.epoch = 1;
    p->journal.oldest_seq = 1;
    p->journal.base = p->journal.head = p->office->chain[0];
    pair_agent_start(p);
}

void pair_end(struct pair *p)
{
    for (size_t i = 0; i < p->down_count; i++)
        free((void *)(uintptr_t)p->down[i].data);
    free(p->entries);
    agent_free(p->agent);
}

void pair_write(struct pair *p, const char *key)
{
    struct sim_office *o = p->office;
    sim_write(o, p->g, key);
    p->entries[o->seq] =
        (struct agent_entry){.seq = o->seq, .chain = o->chain[o->seq], .bytes = o->entries[o->seq]};
    p->journal.last_seq = o->seq;
    p->journal.head = o->chain[o->seq];
    agent_on_appended(p->agent, o->seq, &o->chain[o->seq], p->g->world.now);
}

static void read_entries(struct pair *p, const struct agent_effect *effect)
{
    size_t count = 0;
    size_t bytes = 0;
    uint64_t from = effect->from_seq;
    while (from + count <= p->office->seq && (count == 0 || bytes < effect->bytes_max))
        bytes += p->entries[from + count++].bytes.len;
    agent_on_entries(p->agent, effect->token, count > 0 ? ESEP_OK : ESEP_NOT_FOUND,
                     &p->entries[from], count, p->g->world.now);
}

static void store(struct pair *p, const struct agent_store *s)
{
    for (size_t i = 0; i < s->receipt_count; i++) {
        if (s->receipts[i].kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES) {
            p->receipts++;
        } else {
            p->promises++;
            p->committed_at = s->receipts[i].accepted_at;
        }
    }
    p->mails += s->mail_count;
    p->journal.receipted_seq = s->receipted_seq;
    p->journal.promised_seq = s->promised_seq;
    p->journal.checkpoint_size = s->checkpoint_size;
    p->journal.checkpoint_root = s->checkpoint_root;
    if (s->tree != NULL)
        p->journal.tree = *s->tree;
    if (s->log_keys != NULL)
        p->journal.log_keys = *s->log_keys;
    for (size_t i = 0; i < s->receipt_count; i++) {
        p->journal.proven_generation = s->proofs[i].generation;
        if (s->proofs[i].index >= p->journal.proven_size)
            p->journal.proven_size = s->proofs[i].index + 1;
    }
    if (s->cosigned != NULL) {
        p->cosigned = *s->cosigned;
        p->cosigned_count++;
        p->journal.cosigned_generation = s->cosigned->checkpoint.generation;
        p->journal.cosigned_size = s->cosigned->checkpoint.size;
    }
    if (s->mail_count > 0)
        p->journal.mail_through = s->mail_through;
}

static void carry_out(struct pair *p, const struct agent_effect *next)
{
    const struct agent_effect effect = *next;
    switch (effect.kind) {
    case AGENT_EFFECT_CONNECT:
        agent_pop(p->agent);
        sim_connect(p->office, p->g);
        agent_on_connected(p->agent, p->g->world.now);
        break;
    case AGENT_EFFECT_SEND:
        if (!p->cut)
            sim_send(p->office, p->g, effect.frame.data, effect.frame.len);
        agent_pop(p->agent);
        break;
    case AGENT_EFFECT_READ:
        agent_pop(p->agent);
        read_entries(p, &effect);
        break;
    case AGENT_EFFECT_STORE:
        agent_pop(p->agent);
        store(p, effect.store);
        agent_on_stored(p->agent, effect.token, ESEP_OK, p->g->world.now);
        break;
    default:
        agent_pop(p->agent);
        break;
    }
}

void pair_settle(struct pair *p)
{
    for (int turn = 0; turn < 20000; turn++) {
        const struct agent_effect *effect = agent_peek(p->agent);
        if (effect != NULL) {
            carry_out(p, effect);
        } else if (p->down_count > 0) {
            struct esep_slice frame = p->down[0];
            memmove(p->down, p->down + 1, --p->down_count * sizeof p->down[0]);
            agent_on_frame(p->agent, frame, p->g->world.now);
            free((void *)(uintptr_t)frame.data);
        } else {
            return;
        }
    }
    fail_msg("they never come to rest");
}

void pair_pass_time(struct pair *p, esep_time by)
{
    esep_time until = p->g->world.now + by;
    while (p->g->world.now < until) {
        esep_time at = agent_deadline(p->agent);
        esep_time other = collector_deadline(p->g->core);
        at = at < other ? at : other;
        if (at <= p->g->world.now)
            at = p->g->world.now + 1;
        p->g->world.now = at < until ? at : until;
        collector_on_time(p->g->core, p->g->world.now);
        ingest_pump(p->g);
        agent_on_time(p->agent, p->g->world.now);
        pair_settle(p);
    }
}

struct agent_status pair_status(const struct pair *p)
{
    struct agent_status status;
    agent_status_get(p->agent, &status);
    if (status.why != AGENT_WHY_NONE)
        print_message("agent: %s, %s: %s\n", agent_state_name(status.state),
                      agent_why_name(status.why), status.text);
    return status;
}
