/* tests/fuzz/agent_world.c - see agent_world.h: the shell and the collector that the core meets. */
#include "agent_world.h"

#include <stdlib.h>

static uint8_t pool[WORLD_ENTRY_BYTES];

static void make_keys(struct world *w)
{
    uint8_t seed[32] = {1};
    esep_box_key_from_seed(&w->seal_key, seed);
    seed[0] = 2;
    esep_sign_key_from_seed(&w->log_key, seed);
    seed[0] = 3;
    esep_sign_key_from_seed(&w->config.sign_key, seed);
    memcpy(w->config.log_public, w->log_key.public, ESEP_KEY_BYTES);
    fake_log_begin(&w->log, &w->config.log_id, &w->log_key, 0);
    memcpy(w->config.seal_public, w->seal_key.public, ESEP_KEY_BYTES);
}

static void make_core(struct world *w)
{
    FUZZ_CHECK(agent_new(&w->agent, &w->config, &w->journal, w->now, NULL) == ESEP_OK);
}

void world_start(struct world *w)
{
    FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
    *w = (struct world){.now = 40 * 365 * ESEP_DAY};
    make_keys(w);
    w->config.office = 1;
    w->config.broker_count = 2;
    w->config.check_chain = true;
    w->config.mail_bytes_max = WORLD_MAIL_BYTES;
    w->config.group_frames = 4;
    w->config.frame_bytes = 4096;
    struct agent_journal *j = &w->journal;
    j->epoch = 2;
    j->oldest_seq = 1;
    j->base = esep_chain_start(&w->config.log_id, 1, 2, w->config.sign_key.public);
    j->head = j->base;
    w->entries[0].chain = j->base;
    esep_buf_init(&w->plain, 1u << 20);
    esep_buf_init(&w->frame, 1u << 20);
    esep_buf_init(&w->last, 1u << 20);
    FUZZ_CHECK(esep_arena_init(&w->arena, 1u << 20) == ESEP_OK);
    world_append(w, esep_slice_str("an entry"), 3);
    make_core(w);
}

void world_end(struct world *w)
{
    agent_free(w->agent);
    esep_arena_done(&w->arena);
    esep_buf_done(&w->plain);
    esep_buf_done(&w->frame);
    esep_buf_done(&w->last);
}

void world_restart(struct world *w)
{
    agent_free(w->agent);
    w->connected = w->storing = w->reading = false;
    esep_be64_put(w->config.seed, ++w->starts); /* fresh at every start, or replays would open */
    make_core(w);
}

/* Bytes are the first ones of the entry; the rest is pool. count: how many alike. */
void world_append(struct world *w, struct esep_slice bytes, unsigned count)
{
    struct agent_journal *j = &w->journal;
    const struct esep_slice entry =
        bytes.len > 0 && bytes.len < 16 ? esep_slice(pool, bytes.data[0] * (size_t)16) : bytes;
    for (; count > 0 && j->last_seq < WORLD_ENTRIES; count--) {
        const uint64_t seq = ++j->last_seq;
        j->head = esep_chain_step(&j->head, seq, entry);
        /* The input outlives the world. */
        w->entries[seq] = (struct agent_entry){seq, j->head, entry};
    }
    if (w->agent != NULL)
        agent_on_appended(w->agent, j->last_seq, &j->head, w->now);
}

void world_hear(struct world *w, struct esep_slice frame)
{
    agent_on_frame(w->agent, frame, w->now);
    world_pump(w);
}

void world_say(struct world *w, Esep__V1__Kind kind, struct esep_slice plain)
{
    if (!w->collector.established)
        return;
    esep_buf_clear(&w->last);
    if (esep_session_seal(&w->collector, kind, plain, &w->last) == ESEP_OK)
        world_hear(w, esep_buf_slice(&w->last));
}

void world_say_message(struct world *w, Esep__V1__Kind kind, const ProtobufCMessage *message)
{
    esep_buf_clear(&w->plain);
    FUZZ_CHECK(esep_pack(message, &w->plain) == ESEP_OK);
    world_say(w, kind, esep_buf_slice(&w->plain));
}

/* Who is held, in which epoch, with which hash; limits; the mailbox. No choices: all of it. */
void world_welcome(struct world *w, struct esep_slice choices)
{
    static const uint8_t seed[32] = {9};
    struct fuzz_input in = fuzz_input(choices);
    const uint8_t how = fuzz_byte(&in);
    char body[64];
    Esep__V1__Welcome m = ESEP__V1__WELCOME__INIT;
    Esep__V1__Checkpoint checkpoint = ESEP__V1__CHECKPOINT__INIT;
    struct esep_hash head = {{0}};
    m.version = ESEP_WIRE_VERSION + (how >> 7);
    m.epoch = how & 1 ? (uint32_t)fuzz_number(&in) : w->journal.epoch;
    m.seq = fuzz_number(&in);
    if (m.seq <= w->journal.last_seq && !(how & 2))
        head = w->entries[m.seq].chain;
    m.head = esep_pb(head.bytes, how & 4 ? fuzz_byte(&in) % 33 : sizeof head.bytes);
    m.credit_bytes = how & 8 ? fuzz_number(&in) * 64 : 1u << 20;
    m.frame_bytes_max = how & 16 ? 64 * (uint32_t)fuzz_number(&in) : 65536;
    m.mail_last = fuzz_number(&in);
    m.server_time_us = (esep_time)fuzz_number(&in);
    checkpoint.size = fuzz_number(&in);
    checkpoint.root = esep_pb(head.bytes, sizeof head.bytes);
    m.checkpoint = how & 32 ? &checkpoint : NULL;
    fuzz_text(&in, body, sizeof body);
    m.body = body;
    if (m.mail_last > w->mail_max)
        w->mail_max = m.mail_last;
    w->credit_bytes = m.credit_bytes;
    w->used_bytes = 0;
    w->next_seq = 0;
    FUZZ_CHECK(esep_session_establish(&w->collector, seed) == ESEP_OK);
    esep_buf_clear(&w->plain);
    FUZZ_CHECK(esep_pack(&m.base, &w->plain) == ESEP_OK);
    esep_buf_clear(&w->last);
    FUZZ_CHECK(esep_session_seal_first(&w->collector, ESEP__V1__KIND__KIND_WELCOME,
                                       esep_buf_slice(&w->plain), &w->last) == ESEP_OK);
    agent_on_frame(w->agent, esep_buf_slice(&w->last), w->now);
}

static void after_send(struct world *w, bool greeted)
{
    if (greeted && !w->mute) {
        const struct esep_slice choices = w->next_welcome;
        w->next_welcome = esep_slice(NULL, 0);
        world_welcome(w, choices);
    }
}

void world_answer_store(struct world *w)
{
    if (!w->storing)
        return;
    const enum esep_status status = w->store_as;
    w->storing = false;
    w->store_as = ESEP_OK;
    if (status == ESEP_OK) {
        w->journal.receipted_seq = w->storing_marks.receipted_seq;
        w->journal.promised_seq = w->storing_marks.promised_seq;
        w->journal.mail_through = w->storing_marks.mail_through;
        w->journal.tree = w->storing_marks.tree;
    }
    agent_on_stored(w->agent, w->store_token, status, w->now);
}

void world_answer_read(struct world *w)
{
    if (!w->reading)
        return;
    const enum esep_status status = w->read_as;
    const uint64_t from = w->read_from;
    w->reading = false;
    w->read_as = ESEP_OK;
    FUZZ_CHECK(from >= 1 && from <= w->journal.last_seq);
    if (from < w->journal.oldest_seq)
        agent_on_entries(w->agent, w->read_token, ESEP_NOT_FOUND, NULL, 0, w->now);
    else if (status != ESEP_OK)
        agent_on_entries(w->agent, w->read_token, status, NULL, 0, w->now);
    else
        agent_on_entries(w->agent, w->read_token, ESEP_OK, &w->entries[from],
                         (size_t)(w->journal.last_seq - from + 1), w->now);
}

static void begin_store(struct world *w, const struct agent_effect *e)
{
    FUZZ_CHECK(!w->storing);
    w->storing = true;
    w->store_token = e->token;
    w->storing_marks = (struct agent_mark_copy){
        e->store->receipted_seq, e->store->promised_seq,
        e->store->mail_count > 0 ? e->store->mail_through : w->journal.mail_through,
        e->store->tree != NULL ? *e->store->tree : w->journal.tree};
}

static void begin_read(struct world *w, const struct agent_effect *e)
{
    FUZZ_CHECK(!w->reading);
    w->reading = true;
    w->read_token = e->token;
    w->read_from = e->from_seq;
}

static void connect(struct world *w)
{
    const bool refused = w->refuse_connect;
    w->refuse_connect = false;
    w->connected = !refused;
    if (refused)
        agent_on_disconnected(w->agent, w->now);
    else
        agent_on_connected(w->agent, w->now);
}

void world_pump(struct world *w)
{
    const struct agent_effect *next;
    for (int i = 0; (next = agent_peek(w->agent)) != NULL; i++) {
        const struct agent_effect e = *next;
        FUZZ_CHECK(i < 2000);
        if (e.kind == AGENT_EFFECT_SEND && w->blocked)
            break;
        const bool was_established = w->collector.established;
        world_watch(w, &e);
        const bool greeted = e.kind == AGENT_EFFECT_SEND && !w->collector.established &&
                             (was_established || w->collector.opened);
        if (e.kind == AGENT_EFFECT_STORE)
            begin_store(w, &e);
        if (e.kind == AGENT_EFFECT_READ)
            begin_read(w, &e);
        agent_pop(w->agent);
        if (e.kind == AGENT_EFFECT_CONNECT)
            connect(w);
        if (e.kind == AGENT_EFFECT_DISCONNECT)
            w->connected = false;
        if (!w->store_later) {
            world_answer_store(w);
            world_answer_read(w);
        }
        after_send(w, greeted);
    }
    world_watch_status(w);
}
