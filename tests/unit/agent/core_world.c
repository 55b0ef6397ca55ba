/* tests/unit/agent/core_world.c - the office's side: journal, link, clock. */
#include "core_world.h"

#include <stdlib.h>

void queue_push(struct world_queue *q, struct esep_slice frame)
{
    assert_true(q->count < WORLD_FRAMES_MAX);
    struct world_frame *f = &q->frames[q->count++];
    f->data = malloc(frame.len);
    assert_non_null(f->data);
    memcpy(f->data, frame.data, frame.len);
    f->len = frame.len;
}

void queue_drop(struct world_queue *q, size_t at)
{
    assert_true(at < q->count);
    free(q->frames[at].data);
    memmove(&q->frames[at], &q->frames[at + 1], (q->count - at - 1) * sizeof q->frames[0]);
    q->count--;
}

void queue_clear(struct world_queue *q)
{
    while (q->count > 0)
        queue_drop(q, q->count - 1);
}

static void fill(uint8_t *out, size_t len, uint8_t with)
{
    memset(out, with, len);
}

struct world *world_new(uint64_t seed)
{
    struct world *w = calloc(1, sizeof *w);
    uint8_t key[32];
    assert_non_null(w);
    assert_int_equal(esep_crypto_init(), ESEP_OK);
    w->prng.state = seed;
    w->now = 1000 * ESEP_DAY;
    struct model *m = &w->model;
    fill(m->log_id.bytes, sizeof m->log_id.bytes, 0x11);
    fill(key, sizeof key, 0x22);
    esep_sign_key_from_seed(&m->log_key, key);
    esep_log_keys_begin(&m->log_keys, m->log_key.public);
    fill(key, sizeof key, 0x33);
    esep_box_key_from_seed(&m->seal_key, key);
    fill(key, sizeof key, 0x44);
    esep_sign_key_from_seed(&w->office_key, key);
    w->socket_frames = WORLD_FRAMES_MAX / 2;
    m->window = 256 * 1024;
    m->frame_bytes_max = 64 * 1024;
    m->mail_bytes = 100;
    m->mail_part = 4096;
    m->log_size = 1;
    fake_log_begin(&m->log, &m->log_id, &m->log_key, 0);
    struct agent_config *c = &w->config;
    c->log_id = m->log_id;
    memcpy(c->log_public, m->log_key.public, ESEP_KEY_BYTES);
    memcpy(c->seal_public, m->seal_key.public, ESEP_KEY_BYTES);
    c->office = WORLD_OFFICE;
    c->sign_key = w->office_key;
    c->broker_count = 2;
    c->check_chain = true;
    struct agent_journal *j = &w->disk;
    j->epoch = 1;
    j->oldest_seq = 1;
    j->head = esep_chain_start(&m->log_id, WORLD_OFFICE, 1, w->office_key.public);
    j->base = j->head;
    w->entries[0].chain = j->head;
    assert_int_equal(esep_arena_init(&w->arena, 4u << 20), ESEP_OK);
    esep_buf_init(&w->plain, 4u << 20);
    esep_buf_init(&w->frame, 4u << 20);
    return w;
}

void world_free(struct world *w)
{
    agent_free(w->agent);
    queue_clear(&w->up);
    queue_clear(&w->down);
    for (uint64_t n = 1; n <= w->last; n++)
        free(w->entries[n].data);
    esep_arena_done(&w->arena);
    esep_buf_done(&w->plain);
    esep_buf_done(&w->frame);
    free(w);
}

void office_start(struct world *w)
{
    struct esep_reason reason = {{0}};
    esep_be64_put(w->config.seed, esep_prng_next(&w->prng));
    if (agent_new(&w->agent, &w->config, &w->disk, w->now, &reason) != ESEP_OK)
        fail_msg("agent_new: %s", reason.text);
    agent_on_time(w->agent, w->now);
}

void office_crash(struct world *w)
{
    agent_free(w->agent);
    w->agent = NULL;
    w->held = NULL;
    w->held_store = 0;
    w->connected = false;
    queue_clear(&w->up);
    queue_clear(&w->down);
    office_start(w);
}

void office_write(struct world *w, size_t len)
{
    assert_true(w->last < WORLD_ENTRIES_MAX);
    struct world_entry *e = &w->entries[w->last + 1];
    e->data = malloc(len + 1);
    assert_non_null(e->data);
    for (size_t i = 0; i < len; i++)
        e->data[i] = (uint8_t)esep_prng_next(&w->prng);
    e->len = len;
    e->chain = esep_chain_step(&w->disk.head, w->last + 1, esep_slice(e->data, len));
    w->last++;
    w->disk.last_seq = w->last;
    w->disk.head = e->chain;
    if (w->agent != NULL)
        agent_on_appended(w->agent, w->last, &e->chain, w->now);
}

static void read_entries(struct world *w, const struct agent_effect *e)
{
    size_t count = 0;
    size_t bytes = 0;
    uint64_t token = e->token;
    uint64_t from = e->from_seq;
    size_t most = e->bytes_max;
    /* The lent ones of before are no longer wanted: spoil them, to see whether anybody looks. */
    memset(w->lent, 0xee, sizeof w->lent);
    assert_true(from >= w->disk.oldest_seq && from <= w->last);
    for (uint64_t n = from; n <= w->last && count < 256; n++) {
        if (count > 0 && bytes + w->entries[n].len > most)
            break;
        w->lent[count++] = (struct agent_entry){n, w->entries[n].chain,
                                                esep_slice(w->entries[n].data, w->entries[n].len)};
        bytes += w->entries[n].len;
    }
    agent_pop(w->agent);
    agent_on_entries(w->agent, token, w->read_answer, w->lent,
                     w->read_answer == ESEP_OK ? count : 0, w->now);
}

/* By its own nodes each leaf leads to a root that the log key signed: looked at when it is stored,
 * from what was stored before and what comes with it. */
static void check_proof(const struct world *w, const struct agent_proof *proof)
{
    const struct fake_log *log = &w->model.log;
    struct esep_hash known;
    const struct esep_hash hash = esep_merkle_leaf(esep_slice(proof->leaf, sizeof proof->leaf));
    if (proof->generation != log->generation)
        return;
    assert_true(
        esep_merkle_recent_get(&log->recent, (struct esep_merkle_place){0, proof->index}, &known));
    assert_true(esep_hash_equal(&known, &hash));
}

static void check_tree(const struct world *w, const struct agent_store *s)
{
    const struct fake_log *log = &w->model.log;
    for (size_t i = 0; i < s->node_count; i++) {
        struct esep_hash known;
        const struct agent_node *node = &s->nodes[i];
        assert_true(node->generation != log->generation ||
                    (esep_merkle_recent_get(&log->recent, node->place, &known) &&
                     esep_hash_equal(&known, &node->hash)));
    }
    for (size_t i = 0; i < s->checkpoint_count; i++)
        assert_true(s->tree != NULL && s->checkpoints[i].size <= s->tree->frontier.size);
}

/* What a journal would check as well: nothing is stored that is not proved. */
static void check_store(const struct world *w, const struct agent_store *s)
{
    for (size_t i = 0; i < s->receipt_count; i++) {
        const struct esep_receipt *r = &s->receipts[i];
        assert_true(r->through_seq <= w->last);
        assert_true(esep_hash_equal(&r->head, &w->entries[r->through_seq].chain));
        check_proof(w, &s->proofs[i]);
    }
    check_tree(w, s);
    assert_true(s->receipted_seq >= w->disk.receipted_seq);
    assert_true(s->promised_seq >= w->disk.promised_seq);
}

static void store(struct world *w, const struct agent_store *s)
{
    check_store(w, s);
    for (size_t i = 0; i < s->receipt_count; i++)
        if (w->receipt_count < 4096)
            w->receipts[w->receipt_count++] = s->receipts[i];
    w->disk.receipted_seq = s->receipted_seq;
    w->disk.promised_seq = s->promised_seq;
    w->disk.checkpoint_size = s->checkpoint_size;
    w->disk.checkpoint_root = s->checkpoint_root;
    if (s->tree != NULL)
        w->disk.tree = *s->tree;
    if (s->log_keys != NULL)
        w->disk.log_keys = *s->log_keys;
    if (s->split != NULL) {
        w->split = *s->split;
        w->splits++;
    }
    for (size_t i = 0; i < s->mail_count; i++) {
        const struct agent_mail *m = &s->mails[i];
        assert_true(m->number <= WORLD_MAILS_MAX);
        assert_int_equal(m->log_index, 1000 + m->number);
        assert_int_equal(m->bytes.len, w->model.mail_bytes);
        for (size_t k = 0; k < m->bytes.len; k++)
            assert_int_equal(m->bytes.data[k], 'a' + m->number % 26);
        w->mail_index[m->number] = m->log_index;
        w->mails_stored++;
    }
    if (s->mail_count > 0)
        w->disk.mail_through = s->mail_through;
    for (uint64_t n = 1; n <= w->disk.mail_through; n++)
        assert_int_not_equal(w->mail_index[n], 0); /* none was skipped */
    if (s->view != NULL)
        w->view = *s->view;
    if (s->ingress != NULL) {
        assert_true(w->note_count < 16);
        w->notes[w->note_count++] = *s->ingress;
        w->disk.noted_seq = s->ingress->seq;
    }
    for (size_t i = 0; i < s->evidence_count; i++) {
        check_proof(w, &s->evidence_proofs[i]);
        assert_true(w->evidence_count < 64);
        w->evidence[w->evidence_count++] = s->evidence[i];
    }
}

uint8_t office_file_byte(const struct agent_file *file, uint64_t at)
{
    return (uint8_t)(file->sha256.bytes[0] + at % 251);
}

void office_read_now(struct world *w, const struct agent_effect *e)
{
    static uint8_t bytes[70000];
    assert_in_range(e->bytes_max, 1, sizeof bytes);
    assert_true(e->offset + e->bytes_max <= e->file.size_bytes);
    for (size_t i = 0; i < e->bytes_max; i++)
        bytes[i] = office_file_byte(&e->file, e->offset + i);
    agent_on_file_bytes(w->agent, e->token, w->file_answer,
                        esep_slice(bytes, e->bytes_max - w->file_lacks), w->now);
}

void office_store_now(struct world *w, enum esep_status status)
{
    const struct agent_store *held = w->held;
    assert_non_null(held);
    w->held = NULL;
    if (status == ESEP_OK)
        store(w, held);
    agent_on_stored(w->agent, w->held_store, status, w->now);
}

static void on_connect(struct world *w, uint32_t broker)
{
    w->connects++;
    w->broker = broker;
    queue_clear(&w->up);
    queue_clear(&w->down);
    w->connected = !w->refuse_connect;
    agent_pop(w->agent);
    if (w->connected)
        agent_on_connected(w->agent, w->now);
}

/* One effect. False: none, or the socket does not take it. */
static bool office_effect(struct world *w)
{
    const struct agent_effect *e = agent_peek(w->agent);
    if (e == NULL)
        return false;
    switch (e->kind) {
    case AGENT_EFFECT_CONNECT:
        on_connect(w, e->broker);
        return true;
    case AGENT_EFFECT_DISCONNECT:
        w->connected = false;
        queue_clear(&w->up);
        queue_clear(&w->down);
        break;
    case AGENT_EFFECT_SEND:
        assert_true(w->connected);
        if (w->socket_full || w->up.count >= w->socket_frames)
            return false;
        queue_push(&w->up, e->frame);
        break;
    case AGENT_EFFECT_READ:
        read_entries(w, e);
        return true;
    case AGENT_EFFECT_READ_FILE:
        w->file_held = *e;
        w->file_reads++;
        agent_pop(w->agent);
        if (!w->hold_files)
            office_read_now(w, &w->file_held);
        return true;
    case AGENT_EFFECT_STORE:
        w->held = e->store;
        w->held_store = e->token;
        agent_pop(w->agent);
        if (!w->hold_stores)
            office_store_now(w, w->store_answer);
        return true;
    case AGENT_EFFECT_KEEP:
        w->disk.spent = e->spent;
        w->keeps++;
        break;
    case AGENT_EFFECT_NOTIFY:
        w->notifies++;
        break;
    }
    agent_pop(w->agent);
    return true;
}

void office_effects(struct world *w)
{
    for (int i = 0; i < 100000; i++)
        if (!office_effect(w))
            return;
    fail_msg("effects without end");
}

void office_advance(struct world *w, esep_time by)
{
    w->now += by;
    agent_on_time(w->agent, w->now);
}

void office_sleep(struct world *w, esep_time most)
{
    esep_time at = agent_deadline(w->agent);
    /* A deadline in the past that changes nothing would spin a shell. */
    esep_time by = at == ESEP_TIME_NEVER || at - w->now > most ? most : at - w->now;
    office_advance(w, by > 0 ? by : 0);
}

struct agent_status office_status(const struct world *w)
{
    struct agent_status s;
    agent_status_get(w->agent, &s);
    return s;
}

void link_break(struct world *w)
{
    queue_clear(&w->up);
    queue_clear(&w->down);
    if (!w->connected)
        return;
    w->connected = false;
    model_forget_session(w);
    agent_on_disconnected(w->agent, w->now);
}

bool link_up_one(struct world *w)
{
    if (w->up.count == 0 || w->down.count > WORLD_FRAMES_MAX / 2)
        return false;
    const struct esep_slice frame = esep_slice(w->up.frames[0].data, w->up.frames[0].len);
    if (w->broker_takes == NULL || !w->broker_takes(w, frame))
        model_on_frame(w, frame);
    queue_drop(&w->up, 0);
    return true;
}

bool link_down_one(struct world *w)
{
    if (w->down.count == 0 || !agent_ready(w->agent))
        return false;
    struct esep_slice frame = esep_slice(w->down.frames[0].data, w->down.frames[0].len);
    agent_on_frame(w->agent, frame, w->now);
    /* The agent may have closed the link, but only effects clear the queues. */
    queue_drop(&w->down, 0);
    return true;
}

void world_run(struct world *w)
{
    for (int i = 0; i < 100000; i++) {
        office_effects(w);
        bool up = link_up_one(w);
        bool down = link_down_one(w);
        if (!up && !down &&
            (agent_peek(w->agent) == NULL || agent_peek(w->agent)->kind == AGENT_EFFECT_SEND))
            return;
    }
    fail_msg("frames without end");
}

bool world_until(struct world *w, bool (*done)(const struct world *), esep_time most)
{
    esep_time end = w->now + most;
    while (w->now < end) {
        world_run(w);
        if (done(w))
            return true;
        office_sleep(w, ESEP_MINUTE);
    }
    return false;
}

bool world_all_receipted(const struct world *w)
{
    return w->disk.receipted_seq == w->last;
}
