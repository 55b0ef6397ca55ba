/* agent/agent_hello.c - the greeting: what we promise, what the collector says it holds.
 *
 * HELLO carries the signed head of the whole journal: it is the one packet that proves every report
 * on time. WELCOME is believed about what is durable there, because only the collector can seal it,
 * but nothing is sent on it before our own chain hash at that sequence is the same: from the
 * journal's ends where it stands there, else looked up with a READ (agent_batch.c goes on).
 */
#include "agent/agent_core.h"
#include "wire/unpack.h"

#include <stdio.h>

#define NO_REFUSAL ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED
#define FRAME_BYTES_LEAST 1024u /* a collector that takes less takes no entry */

void agent_uplink_clear(struct agent *a)
{
    esep_session_done(&a->uplink.session);
    memset(&a->uplink, 0, sizeof a->uplink);
    a->uplink.hello_at = ESEP_TIME_NEVER;
    a->uplink.mail_retry_at = ESEP_TIME_NEVER;
    a->uplink.awaiting_since = ESEP_TIME_NEVER;
    a->uplink.ping_since = ESEP_TIME_NEVER;
    a->uplink.rotate_since = ESEP_TIME_NEVER;
    a->uplink.last_tx = a->now;
    agent_speed_session(&a->speed);
    a->generation++;
    a->send_due = false;
    agent_part_drop(a);
    agent_window_drop(a);
    agent_files_new_session(a);
}

struct esep_commitment agent_commit(struct agent *a, const struct agent_mark *mark)
{
    struct esep_commitment c = {
        .office = a->config.office,
        .epoch = a->journal.epoch,
        .seq = mark->seq,
        .head = mark->hash,
        .office_clock = a->now,
        .checkpoint_size = a->seen_size,
        .checkpoint_root = a->seen_root,
    };
    esep_commitment_sign(&a->config.log_id, &c, &a->config.sign_key);
    return c;
}

bool agent_pack(struct agent *a, const ProtobufCMessage *message)
{
    esep_buf_clear(&a->scratch);
    if (esep_pack(message, &a->scratch) == ESEP_OK)
        return true;
    agent_link_fail(a, AGENT_WHY_TOO_LARGE, "no memory for a frame");
    return false;
}

/* What is sealed: scratch, or its form where the session has a dictionary. Reports are packed;
 * control is a few numbers. */
static enum esep_status text_to_seal(struct agent *a, Esep__V1__Kind kind, struct esep_slice *ret)
{
    enum esep_status status = ESEP_OK;
    *ret = esep_buf_slice(&a->scratch);
    if (a->uplink.session.dictionary == 0)
        return ESEP_OK;
    esep_buf_clear(&a->form);
    if (kind == ESEP__V1__KIND__KIND_BATCH)
        status = esep_compress(a->compressor, *ret, &a->form);
    else
        status = esep_compress_not(*ret, &a->form);
    if (status == ESEP_OK) {
        agent_count(a, AGENT_BYTES_SPARED, ret->len + ESEP_PACKED_OVERHEAD - a->form.len);
        *ret = esep_buf_slice(&a->form);
    }
    return status;
}

bool agent_seal(struct agent *a, Esep__V1__Kind kind)
{
    struct agent_uplink *u = &a->uplink;
    struct esep_slice plain;
    esep_buf_clear(&a->tx);
    enum esep_status status = text_to_seal(a, kind, &plain);
    if (status == ESEP_OK)
        status = kind == ESEP__V1__KIND__KIND_HELLO
                     ? esep_session_seal_first(&u->session, kind, plain, &a->tx)
                     : esep_session_seal(&u->session, kind, plain, &a->tx);
    if (status != ESEP_OK) {
        agent_link_fail(a, AGENT_WHY_TOO_LARGE, "no memory for a frame");
        return false;
    }
    /* A PING says more than that we live: files, however many frames, do not stand for it. */
    if (kind != ESEP__V1__KIND__KIND_OFFER && kind != ESEP__V1__KIND__KIND_CHUNK)
        u->last_tx = a->now;
    agent_frame_due(a, kind);
    return true;
}

void agent_frame_due(struct agent *a, Esep__V1__Kind kind)
{
    if (kind != ESEP__V1__KIND__KIND_PING)
        agent_gate_stirs(a);
    agent_gate_spent(a, a->tx.len);
    a->send_due = true;
    a->tx_kind = kind;
    agent_count(a, AGENT_FRAMES_SENT, 1);
    agent_count(a, AGENT_BYTES_SENT, a->tx.len);
}

static bool hello_pack(struct agent *a, const struct esep_commitment *c)
{
    uint8_t auth[ESEP_SIGNATURE_BYTES];
    const struct esep_session *s = &a->uplink.session;
    struct esep_hash joined =
        esep_auth_statement(s->office_ephemeral, s->collector_public, &a->config.log_id,
                            esep_slice(c->signature, sizeof c->signature));
    esep_sign(&a->config.sign_key, esep_slice(joined.bytes, sizeof joined.bytes), auth);
    Esep__V1__Commitment commitment = ESEP__V1__COMMITMENT__INIT;
    esep_commitment_write(c, &commitment);
    Esep__V1__Hello hello = ESEP__V1__HELLO__INIT;
    hello.commitment = &commitment;
    hello.auth = esep_pb(auth, sizeof auth);
    hello.features = AGENT_EVIDENCE | AGENT_ROTATION | AGENT_COSIGNED;
    if (a->config.rotate)
        hello.rotating = esep_pb(a->config.next_sign_key.public, ESEP_KEY_BYTES);
    hello.version_min = ESEP_WIRE_VERSION;
    hello.version_max = ESEP_WIRE_VERSION;
    hello.journal_first_seq = a->journal.oldest_seq;
    hello.mail_through = a->journal.mail_through;
    hello.tree_generation = a->ahead.tree.generation;
    hello.tree_size = a->ahead.tree.frontier.size;
    if (a->ahead.cosigned_generation == a->ahead.tree.generation)
        hello.cosigned_size = a->ahead.cosigned_size;
    if (a->ahead.proven_generation == a->ahead.tree.generation)
        hello.proven_size = a->ahead.proven_size;
    hello.log_key = esep_log_key_hint(esep_log_keys_newest(&a->log_keys));
    uint32_t dictionaries[] = {ESEP_DICTIONARY};
    if (a->compressor != NULL) {
        hello.dictionaries = dictionaries;
        hello.n_dictionaries = 1;
    }
    return agent_pack(a, &hello.base);
}

void agent_hello_send(struct agent *a)
{
    struct agent_uplink *u = &a->uplink;
    uint8_t seed[32];
    agent_draw_seed(a, seed);
    enum esep_status status =
        esep_session_begin(&u->session, seed, a->config.seal_public, &a->config.log_id);
    esep_wipe(seed, sizeof seed);
    if (status != ESEP_OK) {
        agent_link_stop(a, AGENT_WHY_PROTOCOL, NO_REFUSAL,
                        "the collector's key (seal_key) is no key: correct the config");
        return;
    }
    u->hello = (struct agent_mark){a->journal.last_seq, a->journal.head};
    struct esep_commitment c = agent_commit(a, &u->hello);
    if (!hello_pack(a, &c) || !agent_seal(a, ESEP__V1__KIND__KIND_HELLO))
        return;
    u->hello_sent = true;
    u->hello_at = ESEP_TIME_NEVER;
    a->uncovered_seq = 0;
    u->hello_sent_at = a->now;
    a->timer = agent_later(a, a->config.hello_timeout);
    agent_count(a, AGENT_HELLOS, 1);
}

/* The message, unpacked where the session has a dictionary. */
static enum esep_status open_text(struct agent *a, const struct esep_envelope *envelope,
                                  struct esep_slice *ret)
{
    enum esep_status status = esep_session_open(&a->uplink.session, envelope, &a->scratch);
    *ret = esep_buf_slice(&a->scratch);
    if (status != ESEP_OK || a->uplink.session.dictionary == 0)
        return status;
    status = esep_decompress(a->compressor, *ret, AGENT_RX_BYTES_MAX, &a->form);
    *ret = esep_buf_slice(&a->form);
    return status;
}

const ProtobufCMessage *agent_open(struct agent *a, const struct esep_envelope *envelope,
                                   const ProtobufCMessageDescriptor *descriptor)
{
    const ProtobufCMessage *message = NULL;
    struct esep_slice text;
    esep_arena_reset(&a->arena);
    if (open_text(a, envelope, &text) != ESEP_OK ||
        esep_unpack(descriptor, text, &a->arena, &message) != ESEP_OK) {
        agent_count(a, AGENT_FRAMES_DROPPED, 1);
        return NULL;
    }
    a->uplink.ping_since = ESEP_TIME_NEVER;
    return message;
}

void agent_see_checkpoint(struct agent *a, uint64_t size, const struct esep_hash *root)
{
    if (size <= a->seen_size)
        return;
    a->seen_size = size;
    a->seen_root = *root;
}

/* What we know of the chain at seq without reading: its ends. */
static bool known_hash(const struct agent *a, uint64_t seq, struct esep_hash *ret)
{
    if (seq == a->journal.last_seq)
        *ret = a->journal.head;
    else if (seq == a->journal.oldest_seq - 1)
        *ret = a->journal.base;
    else
        return false;
    return true;
}

void agent_stop_fork(struct agent *a, uint64_t seq)
{
    char text[256];
    snprintf(text, sizeof text,
             "the collector holds another entry under number %llu of this office: the journal was "
             "restored or copied. Run `esep-agent recover`",
             (unsigned long long)seq);
    agent_link_stop(a, AGENT_WHY_FORK, NO_REFUSAL, text);
}

static void stop_at(struct agent *a, enum agent_why why, uint64_t theirs, const char *what)
{
    char text[256];
    snprintf(text, sizeof text, "%s (collector: %llu, journal: %llu to %llu)", what,
             (unsigned long long)theirs, (unsigned long long)a->journal.oldest_seq,
             (unsigned long long)a->journal.last_seq);
    agent_link_stop(a, why, NO_REFUSAL, text);
}

/* Where to go on: right behind what is held, or by way of the journal. */
static void position(struct agent *a)
{
    struct agent_uplink *u = &a->uplink;
    uint64_t held = u->held.seq;
    struct esep_hash ours;
    bool known = known_hash(a, held, &ours);
    if (known && held > 0 && !esep_hash_equal(&ours, &u->held.hash)) {
        agent_stop_fork(a, held);
        return;
    }
    u->ask_again = a->ahead.receipted_seq < held;
    if (known) {
        u->verified = true;
        u->next_seq = held + 1;
        u->prev = ours;
        u->prev_known = true;
        return;
    }
    u->next_seq = held;
    u->prev_known = known_hash(a, held - 1, &u->prev);
}

/* It came back from a backup without entries of an older epoch that it had receipted. Once this
 * epoch has begun there none of them can come any more, so nothing of it is sent before. */
static bool lacks_older(struct agent *a, const Esep__V1__Welcome *w)
{
    const struct agent_journal *j = &a->journal;
    const Esep__V1__HeldChain *held = w->older;
    if (held == NULL || (w->epoch == j->epoch && w->seq > 0) || held->epoch >= j->epoch ||
        held->epoch > j->older_epoch ||
        (held->epoch == j->older_epoch && held->seq >= j->older_seq))
        return false;
    struct esep_hash head = {{0}};
    if (held->head.len == ESEP_HASH_BYTES)
        memcpy(head.bytes, held->head.data, ESEP_HASH_BYTES);
    if (j->older_passed && esep_hash_equal(&head, &j->older_passed_head))
        return false;
    a->status.held_epoch = held->epoch;
    a->status.held_seq = held->seq;
    a->status.held_head = head;
    a->status.collector_restored = true;
    agent_link_stop(a, AGENT_WHY_OLDER, NO_REFUSAL,
                    "the collector came back from a backup and lacks entries of an older epoch "
                    "that it had receipted: these go first");
    return true;
}

static void judge_held(struct agent *a, const Esep__V1__Welcome *w)
{
    struct agent_uplink *u = &a->uplink;
    const struct agent_journal *j = &a->journal;
    if (w->epoch > j->epoch || (w->epoch == j->epoch && w->seq > j->last_seq)) {
        stop_at(a, AGENT_WHY_BEHIND, w->seq,
                "the collector holds more of this office than the journal does: it was restored "
                "from a backup. Run `esep-agent recover`");
        return;
    }
    if (lacks_older(a, w))
        return;
    /* An older epoch there: this chain begins with its first entry. */
    u->held = (struct agent_mark){0};
    if (w->epoch == j->epoch && w->seq > 0) {
        u->held.seq = w->seq;
        memcpy(u->held.hash.bytes, w->head.data, ESEP_HASH_BYTES);
    }
    u->sent_seq = u->held.seq;
    if (u->held.seq < a->ahead.receipted_seq)
        a->status.collector_restored = true;
    if (u->held.seq + 1 < j->oldest_seq) {
        stop_at(a, AGENT_WHY_GAP, u->held.seq,
                "the collector lacks entries that this journal no longer holds: tell the operator");
        return;
    }
    position(a);
}

static void keep_view(struct agent *a, const Esep__V1__Welcome *w)
{
    struct agent_gather *g = agent_filling(a);
    struct agent_view *v = &g->view;
    memset(v, 0, sizeof *v);
    v->server_time = w->server_time_us;
    v->office_time = a->now;
    v->epoch = w->epoch;
    v->seq = w->seq;
    if (w->head.len == ESEP_HASH_BYTES)
        memcpy(v->head.bytes, w->head.data, ESEP_HASH_BYTES);
    v->mail_last = w->mail_last;
    if (w->checkpoint != NULL && w->checkpoint->root.len == ESEP_HASH_BYTES) {
        v->checkpoint_size = w->checkpoint->size;
        memcpy(v->checkpoint_root.bytes, w->checkpoint->root.data, ESEP_HASH_BYTES);
        agent_see_checkpoint(a, v->checkpoint_size, &v->checkpoint_root);
    }
    snprintf(v->body, sizeof v->body, "%s", w->body);
    g->view_new = true;
    a->status.server_time = w->server_time_us;
    a->status.welcomed_at = a->now;
    a->status.mail_last = w->mail_last;
}

void agent_on_welcome(struct agent *a, const struct esep_envelope *envelope)
{
    struct agent_uplink *u = &a->uplink;
    if (a->status.state != AGENT_GREETING || !u->hello_sent || u->session.established) {
        agent_count(a, AGENT_FRAMES_DROPPED, 1);
        return;
    }
    const ProtobufCMessage *message = agent_open(a, envelope, &esep__v1__welcome__descriptor);
    if (message == NULL)
        return; /* nobody but the collector can seal one: a damaged or foreign frame, wait on */
    const Esep__V1__Welcome *w = (const Esep__V1__Welcome *)message;
    if (w->version != ESEP_WIRE_VERSION || w->frame_bytes_max < FRAME_BYTES_LEAST ||
        (w->epoch == a->journal.epoch && w->seq > 0 && w->head.len != ESEP_HASH_BYTES) ||
        (w->dictionary != 0 && (a->compressor == NULL || w->dictionary != ESEP_DICTIONARY))) {
        agent_link_fail(a, AGENT_WHY_PROTOCOL, "the collector's WELCOME cannot be used");
        return;
    }
    if (!agent_log_keys_take(a, w->log_keys, w->n_log_keys))
        return;
    agent_speed_round_trip(&a->speed, a->now - u->hello_sent_at);
    u->credit_bytes = w->credit_bytes;
    u->frame_bytes_max = w->frame_bytes_max;
    u->session.dictionary = w->dictionary;
    u->group_entries_max = a->config.group_entries;
    if (w->group_entries_max > 0 && w->group_entries_max < u->group_entries_max)
        u->group_entries_max = w->group_entries_max;
    u->features = w->features;
    agent_files_welcome(a, w->features);
    u->pull_wanted = true;
    a->status.failures = a->fruitless;
    agent_set_state(a, AGENT_ONLINE, AGENT_WHY_NONE, NO_REFUSAL, "");
    agent_count(a, AGENT_WELCOMES, 1);
    keep_view(a, w);
    /* Numbers above what it has now will be given anew, also those that are still to be stored. */
    if (w->mail_last < a->ahead.mail_through) {
        a->ahead.mail_through = w->mail_last;
        if (w->mail_last < a->journal.mail_through)
            a->journal.mail_through = w->mail_last;
        u->mail_retry_at = a->now; /* HELLO said more: a second PULL makes it believed */
    }
    judge_held(a, w);
}
