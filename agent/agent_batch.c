/* agent/agent_batch.c - entries into BATCH frames: within the frame, the credit and the group.
 *
 * Entries are copied once, from what the shell lent into the plain text (batch_text.h), which is
 * sealed into the SEND buffer.
 *
 * A group is closed by a signed head: when the queue is drained, after so many frames or entries,
 * and always while there is still credit for one frame more. That last rule matters: the collector
 * grants credit after it has stored, and it stores only what a signed head covers; a group left
 * open with no credit to close it would wait for ever.
 *
 * Before anything is sent in a session, the chain is compared at the place that the collector
 * named, where WELCOME could not be judged by the journal's ends (agent_hello.c).
 *
 * A head may also travel alone: a new entry behind a long queue is promised without waiting for it,
 * and the head of what is held asks for a receipt that never came.
 */
#include "agent/agent_core.h"
#include "agent/batch_text.h"

#include <stdio.h>

#define PACKED_MOST 8u
#define NO_REFUSAL ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED
void agent_window_drop(struct agent *a)
{
    a->window.entries = NULL;
    a->window.count = 0;
    a->window.next = 0;
    a->window.wanted = false;
}

bool agent_in_flight(const struct agent *a)
{
    return a->uplink.mark_count > 0 || a->uplink.group_entries > 0;
}

/* The entry at next_seq, or NULL while it has to be read first, or is not written yet. */
static const struct agent_entry *window_entry(struct agent *a)
{
    struct agent_window *w = &a->window;
    uint64_t seq = a->uplink.next_seq;
    if (seq > a->journal.last_seq)
        return NULL; /* also where the shell read further than it has told us of */
    if (w->next < w->count && w->entries[w->next].seq == seq)
        return &w->entries[w->next];
    if (!w->busy && !w->wanted) {
        agent_window_drop(a);
        w->wanted = true;
        w->from_seq = seq;
        w->generation = a->generation;
    }
    return NULL;
}

/* Whether the entry leads where the journal says. False: stopped. */
static bool entry_fits(struct agent *a, const struct agent_entry *e)
{
    const struct agent_uplink *u = &a->uplink;
    bool ok = e->seq != a->journal.last_seq || esep_hash_equal(&e->chain, &a->journal.head);
    if (ok && a->config.check_chain && u->prev_known) {
        struct esep_hash made = esep_chain_step(&u->prev, e->seq, e->bytes);
        ok = esep_hash_equal(&made, &e->chain);
    }
    if (!ok) {
        char text[256];
        snprintf(text, sizeof text,
                 "entry %llu of the journal does not lead to the hash stored with it: the disk has "
                 "changed it. Run `esep-agent recover`",
                 (unsigned long long)e->seq);
        agent_link_stop(a, AGENT_WHY_JOURNAL, NO_REFUSAL, text);
    }
    return ok;
}

static void step(struct agent *a, const struct agent_entry *e)
{
    struct agent_uplink *u = &a->uplink;
    u->prev = e->chain;
    u->prev_known = true;
    u->next_seq++;
    a->window.next++;
}

/* Compares our chain with what the collector named. True: verified. */
static bool verify_held(struct agent *a)
{
    struct agent_uplink *u = &a->uplink;
    if (u->verified)
        return true;
    const struct agent_entry *e = window_entry(a);
    if (e == NULL || !entry_fits(a, e))
        return false;
    if (!esep_hash_equal(&e->chain, &u->held.hash)) {
        agent_stop_fork(a, e->seq);
        return false;
    }
    u->verified = true;
    step(a, e);
    agent_receipt_early(a);
    return a->status.state == AGENT_ONLINE;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static uint64_t credit_left(const struct agent_uplink *u)
{
    return u->credit_bytes > u->used_bytes ? u->credit_bytes - u->used_bytes : 0;
}

/* What one frame's text may be long so that, packed as frames have packed so far, it is one chunk.
 */
static size_t chunk_room(const struct agent *a)
{
    const uint64_t sent = a->counters[AGENT_BYTES_SENT];
    const uint64_t plain = sent + a->counters[AGENT_BYTES_SPARED];
    const size_t chunk = agent_speed_chunk(&a->speed, a->config.frame_bytes);
    uint64_t room = a->uplink.session.dictionary != 0 && sent > 0 ? chunk * plain / sent : chunk;
    if (room > PACKED_MOST * chunk) /* the next may pack worse */
        room = PACKED_MOST * chunk;
    return room < a->config.frame_bytes ? (size_t)room : a->config.frame_bytes;
}

/* As much is under way as the link takes. */
static bool window_full(const struct agent *a)
{
    const uint64_t flying = agent_speed_flying(&a->speed) + a->uplink.group_bytes;
    return a->config.by_speed && flying >= agent_speed_window(&a->speed);
}

/* How long the next frame may be; 0: not now. */
static size_t frame_room(struct agent *a, const struct agent_entry *first)
{
    struct agent_uplink *u = &a->uplink;
    size_t hard = least(u->frame_bytes_max, AGENT_TX_BYTES_MAX);
    size_t need = AGENT_BATCH_OVERHEAD + agent_batch_cost(first->bytes);
    if (need > hard) {
        char text[256];
        snprintf(text, sizeof text,
                 "entry %llu (%zu bytes) does not fit a frame of this collector (%zu bytes): tell "
                 "the operator",
                 (unsigned long long)first->seq, first->bytes.len, hard);
        agent_link_stop(a, AGENT_WHY_TOO_LARGE, NO_REFUSAL, text);
        return 0;
    }
    uint64_t credit = credit_left(u);
    size_t room = least(hard, a->config.by_speed ? chunk_room(a) : a->config.frame_bytes);
    if (room < need)
        room = need; /* one entry that needs a longer frame */
    if (credit < room)
        room = (size_t)credit;
    if (room >= need)
        return agent_gate_frame(a, room, need);
    if (u->awaiting_since == ESEP_TIME_NEVER)
        u->awaiting_since = a->now; /* credit must come some time */
    return 0;
}

static bool closes(const struct agent *a, size_t frame_len)
{
    const struct agent_uplink *u = &a->uplink;
    uint64_t left = credit_left(u);
    /* Half a window at most under one head: while one half is being answered, the other is on its
     * way. */
    const uint64_t window = agent_speed_window(&a->speed);
    const uint64_t chunk = agent_speed_chunk(&a->speed, a->config.frame_bytes);
    if (a->config.by_speed && u->group_bytes + 2 * chunk > window / 2)
        return true;
    return u->next_seq > a->journal.last_seq || u->group_frames >= a->config.group_frames ||
           u->group_entries >= u->group_entries_max || a->draining ||
           left < frame_len + u->frame_bytes_max || agent_gate_last_frame(a, frame_len);
}

static void put_commitment(struct agent *a, const struct agent_mark *mark)
{
    struct esep_commitment c = agent_commit(a, mark);
    agent_batch_put_commitment(&a->scratch, &c);
}

static void close_group(struct agent *a)
{
    struct agent_uplink *u = &a->uplink;
    const struct agent_mark mark = {u->next_seq - 1, u->prev};
    put_commitment(a, &mark);
    u->marks[(u->mark_first + u->mark_count) % AGENT_MARKS] = mark;
    u->mark_count++;
    u->mark_new = true;
    u->group_frames = 0;
    u->group_entries = 0;
    agent_count(a, AGENT_GROUPS, 1);
}

/* What newer entries wait for from here on. */
static void covered(struct agent *a, uint64_t seq)
{
    if (a->uncovered_seq == 0 || seq < a->uncovered_seq)
        return;
    a->uncovered_seq = seq < a->journal.last_seq ? a->journal.last_seq : 0;
    a->uncovered_since = a->now;
}

/* Copies entries behind what is in scratch, up to `room` of the whole frame. Returns how many. */
static uint32_t put_entries(struct agent *a, const struct agent_entry *first, size_t room)
{
    struct agent_uplink *u = &a->uplink;
    uint32_t count = 0;
    size_t used = AGENT_BATCH_OVERHEAD;
    agent_batch_put_first(&a->scratch, u->next_seq);
    for (const struct agent_entry *e = first; e != NULL; e = window_entry(a)) {
        size_t cost = agent_batch_cost(e->bytes);
        if (used + cost > room || u->group_entries >= u->group_entries_max || !entry_fits(a, e))
            break;
        agent_batch_put_entry(&a->scratch, e->bytes);
        used += cost;
        count++;
        u->group_entries++;
        step(a, e);
    }
    return count;
}

static bool seal_batch(struct agent *a)
{
    struct agent_uplink *u = &a->uplink;
    if (!agent_seal(a, ESEP__V1__KIND__KIND_BATCH))
        return false;
    u->used_bytes += a->tx.len;
    if (u->session.dictionary != 0) /* it counts as long as it will be there */
        u->used_bytes += a->scratch.len + ESEP_PACKED_OVERHEAD - a->form.len;
    u->awaiting_first = u->awaiting_since == ESEP_TIME_NEVER;
    if (u->awaiting_first)
        u->awaiting_since = a->now;
    return true;
}

/* A head without entries leaves credit for the frame that closes the group. */
static bool credit_for_head(const struct agent_uplink *u)
{
    return credit_left(u) >= u->frame_bytes_max + 2 * AGENT_BATCH_OVERHEAD;
}

bool agent_promise_ready(const struct agent *a)
{
    const struct agent_uplink *u = &a->uplink;
    /* What is uncovered has not been sent either. */
    return a->uncovered_seq != 0 && !a->draining && u->verified && credit_for_head(u);
}

bool agent_promise_due(const struct agent *a)
{
    return agent_promise_ready(a) && a->now - a->uncovered_since >= a->config.recommit_after;
}

static bool head_alone(struct agent *a, const struct agent_mark *mark)
{
    esep_buf_clear(&a->scratch);
    if (esep_buf_reserve(&a->scratch, AGENT_BATCH_COMMITMENT_MAX) != ESEP_OK) {
        agent_link_fail(a, AGENT_WHY_TOO_LARGE, "no memory for a frame");
        return false;
    }
    put_commitment(a, mark);
    return seal_batch(a);
}

/* What is held and was never receipted: its head, once more, asks. Where entries follow, their
 * receipt covers it too; where none do, the smallest credit will do, or must come some time. */
static bool ask_again(struct agent *a)
{
    struct agent_uplink *u = &a->uplink;
    bool alone = u->next_seq > a->journal.last_seq;
    bool owed = u->held.seq > a->ahead.receipted_seq && (alone || credit_for_head(u));
    if (owed && alone && credit_left(u) < AGENT_BATCH_OVERHEAD) {
        if (u->awaiting_since == ESEP_TIME_NEVER)
            u->awaiting_since = a->now;
        return false;
    }
    u->ask_again = false;
    return owed && head_alone(a, &u->held);
}

static bool promise(struct agent *a)
{
    struct agent_uplink *u = &a->uplink;
    u->promise = (struct agent_mark){a->journal.last_seq, a->journal.head};
    a->uncovered_seq = 0;
    return head_alone(a, &u->promise);
}

static bool entries_send(struct agent *a)
{
    struct agent_uplink *u = &a->uplink;
    const struct agent_entry *first = window_entry(a);
    size_t room = first != NULL ? frame_room(a, first) : 0;
    if (room == 0)
        return false;
    esep_buf_clear(&a->scratch);
    if (esep_buf_reserve(&a->scratch, room) != ESEP_OK) {
        agent_link_fail(a, AGENT_WHY_TOO_LARGE, "no memory for a frame");
        return false;
    }
    uint32_t count = put_entries(a, first, room);
    if (a->status.state != AGENT_ONLINE)
        return false; /* the journal lied */
    ESEP_ASSERT(count > 0);
    u->group_frames++;
    bool close = closes(a, a->scratch.len + AGENT_BATCH_OVERHEAD);
    if (close)
        close_group(a);
    if (!seal_batch(a))
        return false;
    ESEP_ASSERT(a->tx.len <= room);
    u->group_bytes += a->tx.len;
    u->sent_seq = u->next_seq - 1;
    if (close)
        covered(a, u->sent_seq);
    agent_count(a, AGENT_ENTRIES_SENT, count);
    return true;
}

bool agent_batch_send(struct agent *a)
{
    struct agent_uplink *u = &a->uplink;
    if (!verify_held(a))
        return false;
    if (u->ask_again && ask_again(a))
        return true;
    if (agent_promise_due(a))
        return promise(a);
    const bool last = a->draining || agent_gate_closing(a);
    if (u->mark_count == AGENT_MARKS || window_full(a) || (last && u->group_entries == 0))
        return false; /* no new group */
    return entries_send(a);
}
