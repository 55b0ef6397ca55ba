/* agent/agent_new.c - a core is made, or refused with a reason, and done away with.
 *
 * Zeros in the config take defaults; what contradicts itself is refused here, so that nothing later
 * has to doubt a bound or a mark.
 */
#include "agent/agent_core.h"

#include <stdlib.h>

#define NO_REFUSAL ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED
#define READ_BYTES_MIN 4096u
#define ARENA_BYTES (2u * AGENT_RX_BYTES_MAX)

static void set_defaults(struct agent_config *c)
{
    const struct {
        size_t *at;
        size_t value;
    } sizes[] = {
        {&c->frame_bytes, 64u * 1024u},
        {&c->read_bytes, 256u * 1024u},
        {&c->chunk_bytes, 8u * 1024u},
        {&c->mail_bytes_max, 4u * 1024u * 1024u},
    };
    const struct {
        esep_time *at;
        esep_time value;
    } times[] = {
        {&c->connect_timeout, 30 * ESEP_SECOND},
        {&c->hello_timeout, 30 * ESEP_SECOND},
        {&c->reply_timeout, 120 * ESEP_SECOND},
        {&c->keep_alive, 60 * ESEP_SECOND},
        {&c->backoff_base, ESEP_SECOND},
        {&c->backoff_cap, 5 * ESEP_MINUTE},
        {&c->refused_retry, 15 * ESEP_MINUTE},
        {&c->recommit_after, 2 * ESEP_SECOND},
        {&c->ingress_after, 3 * ESEP_MINUTE},
        {&c->rules.stay, 20 * ESEP_SECOND},
        {&c->rules.again, ESEP_HOUR},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (*sizes[i].at == 0)
            *sizes[i].at = sizes[i].value;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if (*times[i].at == 0)
            *times[i].at = times[i].value;
    if (c->flight_bytes == 0)
        c->flight_bytes = 2 * c->chunk_bytes;
    if (c->group_frames == 0)
        c->group_frames = 64;
    if (c->group_entries == 0)
        c->group_entries = 4096;
}

static enum esep_status check_config(const struct agent_config *c, struct esep_reason *reason)
{
    const esep_time times[] = {c->connect_timeout, c->hello_timeout,  c->reply_timeout,
                               c->keep_alive,      c->backoff_base,   c->backoff_cap,
                               c->refused_retry,   c->recommit_after, c->rules.stay,
                               c->rules.again,     c->ingress_after};
    if (c->office == 0)
        return esep_because(reason, ESEP_INVALID, "no office number: run `esep-agent enrol` first");
    if (c->broker_count > AGENT_BROKERS_MAX)
        return esep_because(reason, ESEP_INVALID, "at most %d brokers", AGENT_BROKERS_MAX);
    if (c->broker_count == 0)
        return esep_because(reason, ESEP_INVALID, "no broker's address is configured");
    if (c->frame_bytes < AGENT_FRAME_BYTES_MIN || c->frame_bytes > AGENT_TX_BYTES_MAX)
        return esep_because(reason, ESEP_INVALID, "frame_bytes must be %u to %u",
                            AGENT_FRAME_BYTES_MIN, AGENT_TX_BYTES_MAX);
    if (c->group_entries > AGENT_GROUP_ENTRIES_MAX)
        return esep_because(reason, ESEP_INVALID, "group_entries must be at most %u",
                            AGENT_GROUP_ENTRIES_MAX);
    if (c->chunk_bytes < AGENT_CHUNK_BYTES_MIN || c->chunk_bytes > AGENT_CHUNK_BYTES_MAX ||
        c->flight_bytes < c->chunk_bytes)
        return esep_because(reason, ESEP_INVALID,
                            "chunk_bytes must be %u to %u, and no more than flight_bytes",
                            AGENT_CHUNK_BYTES_MIN, AGENT_CHUNK_BYTES_MAX);
    if (c->read_bytes < READ_BYTES_MIN)
        return esep_because(reason, ESEP_INVALID, "read_bytes must be at least %u", READ_BYTES_MIN);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if (times[i] < 0 || times[i] > 366 * ESEP_DAY)
            return esep_because(reason, ESEP_INVALID, "a time in the limits is out of range");
    if (c->backoff_cap < c->backoff_base)
        return esep_because(reason, ESEP_INVALID, "backoff_cap is less than backoff_base");
    return ESEP_OK;
}

static enum esep_status check_journal(const struct agent_journal *j, struct esep_reason *reason)
{
    if (j->epoch == 0 || j->noted_seq > j->last_seq || j->oldest_seq == 0 ||
        j->oldest_seq > j->last_seq + 1 || j->receipted_seq > j->last_seq ||
        j->promised_seq > j->last_seq)
        return esep_because(reason, ESEP_CORRUPT,
                            "the journal's marks contradict each other (last %llu, oldest %llu, "
                            "receipted %llu): run `esep-agent recover`",
                            (unsigned long long)j->last_seq, (unsigned long long)j->oldest_seq,
                            (unsigned long long)j->receipted_seq);
    return ESEP_OK;
}

void agent_draw_seed(struct agent *a, uint8_t ret_seed[32])
{
    const struct esep_slice use = esep_slice_str("esep/agent/ephemeral");
    const struct esep_slice on = esep_slice_str("esep/agent/next");
    uint8_t next[32];
    esep_kdf(a->config.seed, &use, 1, ret_seed);
    esep_kdf(a->config.seed, &on, 1, next);
    memcpy(a->config.seed, next, sizeof next);
    esep_wipe(next, sizeof next);
}

static void start(struct agent *a, const struct agent_journal *journal, esep_time now)
{
    uint8_t seed[32];
    a->journal = *journal;
    a->now = now;
    agent_log_keys_begin(a);
    a->ahead = (struct agent_ahead){
        .receipted_seq = journal->receipted_seq,
        .promised_seq = journal->promised_seq,
        .noted_seq = journal->noted_seq,
        .mail_through = journal->mail_through,
        .checkpoint_size = journal->checkpoint_size,
        .checkpoint_root = journal->checkpoint_root,
        .tree = journal->tree,
        .cosigned_generation = journal->cosigned_generation,
        .cosigned_size = journal->cosigned_size,
        .proven_generation = journal->proven_generation,
        .proven_size = journal->proven_size,
    };
    a->seen_size = journal->checkpoint_size;
    a->seen_root = journal->checkpoint_root;
    a->files.chunk_bytes = a->config.chunk_bytes;
    a->files.flight_bytes = a->config.flight_bytes;
    a->vault.retry_at = ESEP_TIME_NEVER;
    a->away_at = ESEP_TIME_NEVER;
    a->asking.unproved_since = ESEP_TIME_NEVER;
    a->asking.next_at = now;
    a->drain_until = ESEP_TIME_NEVER;
    agent_draw_seed(a, seed);
    a->prng.state = esep_be64(seed);
    esep_wipe(seed, sizeof seed);
    a->status.broker = (uint32_t)esep_prng_below(&a->prng, a->config.broker_count);
    a->status.mail_last = journal->mail_through;
    a->gate = (struct agent_gate){.spent = journal->spent,
                                  .kept = journal->spent,
                                  .shut_since = ESEP_TIME_NEVER,
                                  .due_at = ESEP_TIME_NEVER,
                                  .stirred_at = now};
    a->gate.span.until = a->gate.day_until = INT64_MIN;
    agent_gate_turn(a);
    agent_uplink_clear(a);
    agent_set_state(a, AGENT_OFFLINE, AGENT_WHY_START, NO_REFUSAL, "");
    a->status.since = now;
    a->status.next_try_at = now;
}

enum esep_status agent_new(struct agent **ret, const struct agent_config *config,
                           const struct agent_journal *journal, esep_time now,
                           struct esep_reason *reason)
{
    struct agent *a = calloc(1, sizeof *a);
    if (a == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the uplink");
    a->config = *config;
    set_defaults(&a->config);
    esep_buf_init(&a->scratch, AGENT_TX_BYTES_MAX);
    esep_buf_init(&a->form, AGENT_TX_BYTES_MAX + ESEP_PACKED_OVERHEAD);
    esep_buf_init(&a->tx, AGENT_TX_BYTES_MAX + ESEP_PACKED_OVERHEAD + ESEP_ENVELOPE_HEAD_MAX +
                              ESEP_SEAL_BYTES);
    /* Twice: an item that is half there moves along when the sides change places. */
    esep_buf_init(&a->vault.sides[0].bytes, 2 * a->config.mail_bytes_max);
    esep_buf_init(&a->vault.sides[1].bytes, 2 * a->config.mail_bytes_max);
    enum esep_status status = check_config(&a->config, reason);
    if (status == ESEP_OK)
        status = check_journal(journal, reason);
    if (status == ESEP_OK) {
        status = esep_arena_init(&a->arena, ARENA_BYTES);
        if (status == ESEP_OK && a->config.compress)
            status = esep_compressor_new(&a->compressor);
        if (status != ESEP_OK)
            esep_because(reason, status, "no memory for the uplink");
    }
    if (status != ESEP_OK) {
        agent_free(a);
        return status;
    }
    start(a, journal, now);
    *ret = a;
    return ESEP_OK;
}

void agent_free(struct agent *a)
{
    if (a == NULL)
        return;
    esep_buf_done(&a->scratch);
    esep_buf_done(&a->form);
    esep_compressor_free(a->compressor);
    esep_buf_done(&a->tx);
    esep_buf_done(&a->vault.sides[0].bytes);
    esep_buf_done(&a->vault.sides[1].bytes);
    esep_arena_done(&a->arena);
    esep_wipe(a, sizeof *a);
    free(a);
}
