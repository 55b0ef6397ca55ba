/* agent/agent_core.c - the uplink core's outside: events in, the next effect out.
 *
 * Every event ends in settle(), which makes at most one effect ready, in this order: close,
 * connect, store, read, notify, send. Of frames a HELLO comes first, then control, then reports,
 * then files: the order of DESIGN, for as long as each waits for the same socket.
 */
#include "agent/agent_core.h"

#define NO_REFUSAL ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED

static void make_frame(struct agent *a)
{
    struct agent_uplink *u = &a->uplink;
    if (a->send_due)
        return;
    if (a->status.state == AGENT_GREETING) {
        if (!u->hello_sent && a->now >= u->hello_at && !a->asking.parting)
            agent_hello_send(a);
        else
            agent_ingress_send(a);
        return;
    }
    if (a->status.state != AGENT_ONLINE || agent_rotating(a))
        return;
    /* Commitments before control before reports. */
    if ((agent_promise_due(a) && agent_batch_send(a)) || a->status.state != AGENT_ONLINE ||
        agent_ingress_send(a))
        return;
    if (agent_control_send(a) || a->status.state != AGENT_ONLINE || agent_batch_send(a) ||
        a->status.state != AGENT_ONLINE || agent_rotate_send(a) || a->status.state != AGENT_ONLINE)
        return;
    agent_file_send(a);
}

/* Fills `front` if something waits. */
static bool next_effect(struct agent *a)
{
    struct agent_effect *e = &a->front;
    *e = (struct agent_effect){0};
    if (a->disconnect_due) {
        a->disconnect_due = false;
        e->kind = AGENT_EFFECT_DISCONNECT;
    } else if (a->connect_due) {
        a->connect_due = false;
        e->kind = AGENT_EFFECT_CONNECT;
        e->broker = a->status.broker;
        e->answer_in = a->config.connect_timeout;
        e->dead_after = a->config.reply_timeout;
        if (a->config.by_speed)
            e->answer_in = agent_speed_probe(&a->speed, a->unanswered, e->answer_in);
    } else if (agent_vault_offer(a)) {
        e->kind = AGENT_EFFECT_STORE;
        e->token = a->vault.token;
        e->store = &a->vault.store;
    } else if (a->window.wanted) {
        ESEP_ASSERT(!a->window.busy);
        a->window.wanted = false;
        a->window.busy = true;
        a->window.token = ++a->token_last;
        e->kind = AGENT_EFFECT_READ;
        e->token = a->window.token;
        e->from_seq = a->window.from_seq;
        e->bytes_max = a->config.read_bytes;
    } else if (a->files.wanted) {
        ESEP_ASSERT(!a->files.busy);
        a->files.wanted = false;
        a->files.busy = true;
        a->files.token = ++a->token_last;
        e->kind = AGENT_EFFECT_READ_FILE;
        e->token = a->files.token;
        e->file = a->files.read;
        e->offset = a->files.read_at;
        e->bytes_max = a->files.read_len;
    } else if (a->notify_due) {
        a->notify_due = false;
        e->kind = AGENT_EFFECT_NOTIFY;
    } else if (a->gate.keep_due) {
        a->gate.keep_due = false;
        e->kind = AGENT_EFFECT_KEEP;
        e->spent = a->gate.kept;
    } else if (a->send_due) {
        e->kind = AGENT_EFFECT_SEND;
        e->frame = esep_buf_slice(&a->tx);
    }
    return e->kind != 0;
}

static void settle(struct agent *a)
{
    agent_link_time(a);
    agent_ingress_look(a);
    make_frame(a);
    agent_link_drain(a);
    /* A SEND gives way to whatever else has come; the rest stays until it is popped. */
    if (!a->front_valid || a->front.kind == AGENT_EFFECT_SEND)
        a->front_valid = next_effect(a);
}

static void turn(struct agent *a, esep_time now)
{
    if (now < a->now)
        agent_clock_moved(a, now - a->now);
    a->now = now;
    agent_gate_turn(a);
}

const struct agent_effect *agent_peek(const struct agent *a)
{
    return a->front_valid ? &a->front : NULL;
}

void agent_pop(struct agent *a)
{
    ESEP_ASSERT(a->front_valid);
    struct agent_uplink *u = &a->uplink;
    if (a->front.kind == AGENT_EFFECT_SEND) {
        a->send_due = false;
        agent_meter_sent(&a->gate.spent, a->tx.len);
        /* The socket took it: the wait for its reply begins here. */
        if (a->tx_kind == ESEP__V1__KIND__KIND_BATCH && u->awaiting_first &&
            u->awaiting_since != ESEP_TIME_NEVER)
            u->awaiting_since = a->now;
        if (a->tx_kind == ESEP__V1__KIND__KIND_PING && u->ping_first &&
            u->ping_since != ESEP_TIME_NEVER)
            u->ping_since = a->now;
        if (u->mark_new && u->mark_count > 0) { /* a whole group is on its way */
            u->flights[(u->mark_first + u->mark_count - 1) % AGENT_MARKS] =
                agent_speed_sent(&a->speed, u->group_bytes, a->now);
            u->group_bytes = 0;
            u->mark_new = false;
        }
    }
    a->front_valid = false;
    settle(a);
}

void agent_on_connected(struct agent *a, esep_time now)
{
    turn(a, now);
    if (a->status.state == AGENT_CONNECTING) {
        agent_answered(a);
        agent_meter_call(&a->gate.spent);
        agent_set_state(a, AGENT_GREETING, a->status.why, a->status.refusal, a->status.text);
        a->uplink.hello_at = now;
    }
    settle(a);
}

void agent_on_answered(struct agent *a)
{
    a->tcp_answered = true;
}

void agent_on_disconnected(struct agent *a, esep_time now)
{
    turn(a, now);
    if (a->status.state == AGENT_CONNECTING)
        agent_unanswered(a, "the broker cannot be reached");
    else if (a->status.state == AGENT_GREETING || a->status.state == AGENT_ONLINE)
        agent_link_fail(a, AGENT_WHY_LOST, "the connection broke");
    settle(a);
}

bool agent_ready(const struct agent *a)
{
    const struct agent_gather *g = &a->vault.sides[a->vault.filling];
    return g->receipt_count + 2 <= AGENT_RECEIPTS_MAX && g->evidence_count < AGENT_EVIDENCE_MAX &&
           g->checkpoint_count < AGENT_CHECKPOINTS_MAX && !g->cosigned_new &&
           g->node_count + AGENT_LESSON_NODES_MAX <= AGENT_NODES_MAX;
}

/* A no is understood in every version: it may be what says that ours is not spoken there. */
static bool readable(const struct esep_envelope *envelope)
{
    return envelope->version == ESEP_WIRE_VERSION || envelope->kind == ESEP__V1__KIND__KIND_REFUSAL;
}

static void take_frame(struct agent *a, struct esep_slice frame)
{
    static const struct {
        Esep__V1__Kind kind;
        void (*take)(struct agent *, const struct esep_envelope *);
        bool online; /* only then */
    } takers[] = {
        {ESEP__V1__KIND__KIND_RECEIPT, agent_on_receipt, true},
        {ESEP__V1__KIND__KIND_MAIL, agent_on_mail, true},
        {ESEP__V1__KIND__KIND_PONG, agent_on_pong, true},
        {ESEP__V1__KIND__KIND_FILE_STATE, agent_on_file_state, true},
        {ESEP__V1__KIND__KIND_EVIDENCE, agent_on_evidence, true},
        {ESEP__V1__KIND__KIND_ROTATED, agent_on_rotated, true},
        {ESEP__V1__KIND__KIND_COSIGNED, agent_on_cosigned, true},
        {ESEP__V1__KIND__KIND_WELCOME, agent_on_welcome, false},
        {ESEP__V1__KIND__KIND_REFUSAL, agent_on_refusal, false},
        {ESEP__V1__KIND__KIND_INGRESS, agent_on_ingress, false},
    };
    struct esep_envelope envelope;
    if (frame.len <= AGENT_RX_BYTES_MAX && agent_ready(a) &&
        esep_envelope_read(frame, &envelope, NULL) == ESEP_OK && readable(&envelope)) {
        for (size_t i = 0; i < sizeof takers / sizeof takers[0]; i++) {
            if (takers[i].kind == envelope.kind &&
                (!takers[i].online || a->status.state == AGENT_ONLINE)) {
                if (envelope.kind != ESEP__V1__KIND__KIND_PONG &&
                    envelope.kind != ESEP__V1__KIND__KIND_COSIGNED) /* which follows one */
                    agent_gate_stirs(a);
                takers[i].take(a, &envelope);
                return;
            }
        }
    }
    agent_count(a, AGENT_FRAMES_DROPPED, 1);
}

void agent_on_frame(struct agent *a, struct esep_slice frame, esep_time now)
{
    turn(a, now);
    agent_count(a, AGENT_BYTES_RECEIVED, frame.len);
    agent_meter_came(&a->gate.spent, frame.len);
    take_frame(a, frame);
    settle(a);
}

static void take_entries(struct agent *a, enum esep_status status,
                         const struct agent_entry *entries, size_t count)
{
    struct agent_window *w = &a->window;
    if (w->generation != a->generation)
        return; /* asked by a session that is no more */
    ESEP_ASSERT(a->status.state == AGENT_ONLINE);
    if (status == ESEP_AGAIN || status == ESEP_NOMEM) {
        agent_link_fail(a, AGENT_WHY_JOURNAL, "the journal could not be read now");
        return;
    }
    if (status != ESEP_OK) {
        agent_link_stop(a, AGENT_WHY_JOURNAL, NO_REFUSAL,
                        "entries of the journal could not be read: it must be checked");
        return;
    }
    ESEP_ASSERT(count > 0 && entries[0].seq == w->from_seq);
    w->entries = entries;
    w->count = count;
    w->next = 0;
}

void agent_on_entries(struct agent *a, uint64_t token, enum esep_status status,
                      const struct agent_entry *entries, size_t count, esep_time now)
{
    turn(a, now);
    if (a->window.busy && token == a->window.token) {
        a->window.busy = false;
        take_entries(a, status, entries, count);
    }
    settle(a);
}

void agent_on_appended(struct agent *a, uint64_t last_seq, const struct esep_hash *head,
                       esep_time now)
{
    turn(a, now);
    if (last_seq > a->journal.last_seq) {
        a->journal.last_seq = last_seq;
        a->journal.head = *head;
        if (a->uncovered_seq == 0) {
            a->uncovered_seq = last_seq;
            a->uncovered_since = now;
        }
        agent_gate_stirs(a);
        agent_gate_look(a);
    }
    settle(a);
}

void agent_on_due(struct agent *a, esep_time due_at, esep_time now)
{
    turn(a, now);
    if (due_at != a->gate.due_at) {
        a->gate.due_at = due_at;
        a->notify_due = true;
        agent_gate_look(a);
    }
    settle(a);
}

void agent_on_zone(struct agent *a, const struct esep_zone *zone, esep_time now)
{
    a->config.rules.zone = *zone;
    a->gate.day_until = a->gate.span.until = INT64_MIN; /* they are looked up anew */
    turn(a, now);
    if (a->status.why == AGENT_WHY_WINDOW || a->status.why == AGENT_WHY_BUDGET)
        a->status.next_try_at = a->status.state == AGENT_OFFLINE ? now : ESEP_TIME_NEVER;
    settle(a);
}

esep_time agent_confirmed_at(const struct agent *a, esep_time now)
{
    const struct agent_status *s = &a->status;
    esep_time at = s->state == AGENT_ONLINE || s->welcomed_at > now ? now : s->welcomed_at;
    return at != 0 && s->server_time < at ? s->server_time : at;
}

void agent_on_pruned(struct agent *a, uint64_t oldest_seq, const struct esep_hash *base,
                     esep_time now)
{
    turn(a, now);
    ESEP_ASSERT(oldest_seq <= a->journal.last_seq + 1);
    if (oldest_seq > a->journal.oldest_seq) {
        a->journal.oldest_seq = oldest_seq;
        a->journal.base = *base;
    }
    settle(a);
}

bool agent_on_file(struct agent *a, const struct agent_file *file, esep_time now)
{
    turn(a, now);
    bool listed = agent_file_add(a, file);
    settle(a);
    return listed;
}

void agent_hold_files(struct agent *a, bool held, esep_time now)
{
    turn(a, now);
    a->files.paced = true;
    a->files.held = held;
    settle(a);
}

void agent_on_file_bytes(struct agent *a, uint64_t token, enum esep_status status,
                         struct esep_slice bytes, esep_time now)
{
    turn(a, now);
    agent_file_bytes(a, token, status, bytes);
    settle(a);
}

void agent_on_stored(struct agent *a, uint64_t token, enum esep_status status, esep_time now)
{
    turn(a, now);
    if (a->vault.busy && token == a->vault.token)
        agent_vault_stored(a, status);
    settle(a);
}

void agent_on_time(struct agent *a, esep_time now)
{
    turn(a, now);
    settle(a);
}

esep_time agent_deadline(const struct agent *a)
{
    return agent_link_deadline(a);
}

void agent_now(struct agent *a, esep_time now)
{
    turn(a, now);
    agent_gate_force(a);
    if (!a->draining && (a->status.state == AGENT_OFFLINE || a->status.state == AGENT_STOPPED)) {
        if (agent_gate_opens(a))
            agent_link_start(a);
    } else if (a->asking.parting)
        a->asking.part_wait = 0;
    else if (a->status.state == AGENT_GREETING && !a->uplink.hello_sent)
        a->uplink.hello_at = now;
    settle(a);
}

void agent_drain(struct agent *a, esep_time now)
{
    turn(a, now);
    if (!a->draining) {
        a->draining = true;
        a->drain_until = agent_later(a, a->config.reply_timeout);
    }
    settle(a);
}

bool agent_drained(const struct agent *a)
{
    return a->status.state == AGENT_DRAINED && !a->disconnect_due && !a->front_valid;
}

void agent_status_get(const struct agent *a, struct agent_status *ret)
{
    *ret = a->status;
    ret->epoch = a->journal.epoch;
    ret->last_seq = a->journal.last_seq;
    ret->sent_seq = a->uplink.sent_seq > a->journal.receipted_seq ? a->uplink.sent_seq
                                                                  : a->journal.receipted_seq;
    ret->promised_seq = a->journal.promised_seq;
    ret->noted_seq = a->journal.noted_seq;
    ret->receipted_seq = a->journal.receipted_seq;
    ret->mail_through = a->journal.mail_through;
    ret->bytes_per_s = a->speed.bytes_per_s;
    ret->sent_bytes = a->counters[AGENT_BYTES_SENT];
    ret->received_bytes = a->counters[AGENT_BYTES_RECEIVED];
    const struct agent_uplink *u = &a->uplink;
    uint64_t durable = u->taken_seq > u->held.seq ? u->taken_seq : u->held.seq;
    ret->all_held = a->status.state == AGENT_ONLINE && u->verified &&
                    durable == a->journal.last_seq && agent_vault_idle(a);
    agent_files_sum(a, ret);
    agent_gate_view(a, &ret->rules);
}

uint64_t agent_counter(const struct agent *a, enum agent_counter which)
{
    return (size_t)which < AGENT_COUNTERS ? a->counters[which] : 0;
}
