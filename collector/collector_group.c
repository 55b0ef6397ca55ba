/* collector/collector_group.c - BATCH frames: chained to what is held, waiting for a signed head.
 *
 * Every entry is hashed onto the chain as it comes. A frame that brings its own signed head, with
 * nothing waiting before it, goes straight from the opened frame into the log's batch. All else
 * waits in the session's queue until a head covers it; then the whole group is settled with one
 * verification.
 *
 * One Ed25519 verification costs as much as thirty reports. So while a commit is under way a small
 * group is not settled at once: it is `ready` and waits for the next batch, and if more frames with
 * newer heads come meanwhile, the newest head covers them all. A large group pays for its signature
 * and is settled while the disk works.
 *
 * Two sessions of one office may bring the same numbers. What joined the log first holds; the other
 * session's waiting entries are dropped, and it is told where to go on.
 */
#include "collector/collector_internal.h"

void collector_waiting_drop(struct collector *c, struct collector_session *session)
{
    collector_queue_clear(c, &session->waiting);
    session->waiting_count = 0;
    session->waiting_frame_bytes = 0;
    session->covered = false;
}

struct group_frame {
    const struct collector_frame *frame;
    struct collector_batch_frame batch;
    uint64_t held;
    struct esep_hash held_head;
    size_t skip; /* entries that are held already */
};

static uint64_t tail_of(const struct collector_session *session, uint64_t held)
{
    return session->waiting_count > 0 ? session->tail_seq : held;
}

static void refuse_at(struct collector *c, const struct collector_session *session,
                      const struct group_frame *g, Esep__V1__RefusalReason reason, const char *text)
{
    const struct collector_refusal refusal = {
        .reason = reason,
        .text = text,
        .office = session->office,
        .epoch = session->epoch,
        .seq = tail_of(session, g->held),
    };
    collector_refuse(c, &g->frame->route, &refusal);
}

static void alarm_at(struct collector *c, struct collector_session *session,
                     const struct group_frame *g, Esep__V1__AlarmKind kind,
                     Esep__V1__RefusalReason reason, const char *text, uint64_t seq,
                     const struct esep_hash *held, const struct esep_hash *shown)
{
    const struct collector_alarm alarm = {
        .kind = kind,
        .reason = reason,
        .text = text,
        .office = session->office,
        .epoch = session->epoch,
        .seq = seq,
        .held = *held,
        .shown = *shown,
        .held_epoch = session->epoch,
        .held_seq = g->held,
    };
    bool ends = kind != ESEP__V1__ALARM_KIND__ALARM_KIND_BAD_SIGNATURE;
    collector_alarm(c, g->frame, ends ? session : NULL, &alarm);
}

/* The signed head is wrong: nothing of the group is taken. */
static void bad_head(struct collector *c, struct collector_session *session,
                     const struct group_frame *g, const struct esep_commitment *commitment,
                     const char *text)
{
    collector_count(c, COLLECTOR_BAD_SIGNATURES, 1);
    struct esep_hash computed = session->waiting_count > 0 ? session->tail_head : g->held_head;
    collector_waiting_drop(c, session);
    alarm_at(c, session, g, ESEP__V1__ALARM_KIND__ALARM_KIND_BAD_SIGNATURE,
             ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_BAD_SIGNATURE, text, commitment->seq,
             &computed, &commitment->head);
}

/* Entries at or below the mark: one comparison at the last of them settles all, since its hash
 * covers those before. false: refused. */
static bool check_repeats(struct collector *c, struct collector_session *session,
                          struct group_frame *g)
{
    const struct collector_batch_frame *b = &g->batch;
    uint64_t last = b->first_seq + b->count - 1;
    if (last > g->held)
        last = g->held;
    g->skip = (size_t)(last - b->first_seq + 1);
    const struct views_office *office = views_office(c->views, session->office);
    struct esep_hash hash =
        esep_chain_start(&c->config.log_id, session->office, session->epoch, office->sign_key);
    struct esep_leaf leaf;
    uint64_t index = 0;
    if (b->first_seq > 1) {
        if (!collector_entry_at(c, session->office, session->epoch, b->first_seq - 1, &index,
                                &leaf)) {
            refuse_at(c, session, g, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_GAP,
                      "these entries are held already: go on from here");
            return false;
        }
        hash = leaf.head;
    }
    for (size_t i = 0; i < g->skip; i++)
        hash = esep_chain_step(&hash, b->first_seq + i, c->frame_entries[i]);
    struct esep_hash held = g->held_head;
    if (last < g->held) {
        if (!collector_entry_at(c, session->office, session->epoch, last, &index, &leaf)) {
            refuse_at(c, session, g, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_GAP,
                      "these entries are held already: go on from here");
            return false;
        }
        held = leaf.head;
    }
    if (esep_hash_equal(&hash, &held)) {
        collector_count(c, COLLECTOR_REPEATS, g->skip);
        return true;
    }
    alarm_at(c, session, g, ESEP__V1__ALARM_KIND__ALARM_KIND_FORK,
             ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_FORK,
             "the collector holds another entry under this number: the journal was copied or "
             "restored; run esep-agent recover",
             last, &held, &hash);
    return false;
}

/* Sends from within what waits replace it from there on: it is not signed yet. */
static void cut_waiting(struct collector *c, struct collector_session *session, uint64_t first)
{
    if (first <= session->waiting_first) {
        collector_waiting_drop(c, session);
        return;
    }
    struct collector_cursor cursor = collector_queue_start(&session->waiting);
    uint64_t keep = first - session->waiting_first;
    for (uint64_t i = 0; i < keep; i++) {
        uint8_t len[4];
        struct collector_link link;
        collector_cursor_get(c, &cursor, len, sizeof len);
        collector_cursor_get(c, &cursor, &link, sizeof link);
        session->tail_head = link.head;
        collector_cursor_get(c, &cursor, NULL, esep_be32(len));
    }
    collector_queue_cut(c, &session->waiting, &cursor);
    session->waiting_count = keep;
    session->tail_seq = first - 1;
    if (session->covered && session->cover.seq > session->tail_seq)
        session->covered = false;
}

/* Finds where the frame continues. false: refused. */
static bool place_frame(struct collector *c, struct collector_session *session,
                        struct group_frame *g)
{
    if (!collector_held(c, session, &g->held, &g->held_head)) {
        const struct views_office *office = views_office(c->views, session->office);
        const struct collector_refusal refusal = {
            .reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_BEHIND,
            .text = "a newer epoch of this office has begun",
            .office = session->office,
            .epoch = office->epoch,
            .seq = office->seq,
        };
        collector_refuse(c, &g->frame->route, &refusal);
        collector_session_end(c, session);
        return false;
    }
    if (session->waiting_count > 0 && session->waiting_first != g->held + 1)
        collector_waiting_drop(c, session);
    if (g->batch.count == 0)
        return true;
    uint64_t tail = tail_of(session, g->held);
    if (g->batch.first_seq > tail + 1) {
        refuse_at(c, session, g, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_GAP,
                  "entries are missing before these: go on from here");
        return false;
    }
    if (g->batch.first_seq <= g->held)
        return check_repeats(c, session, g);
    if (g->batch.first_seq <= tail)
        cut_waiting(c, session, g->batch.first_seq);
    return true;
}

/* Verifies the head over what waits and logs it. The queue's first cover entries are covered. */
static bool settle_waiting(struct collector *c, struct collector_session *session,
                           const struct group_frame *g, esep_time now)
{
    const struct collector_group group = {
        .first_seq = session->waiting_first,
        .count = (size_t)(session->cover.seq - session->waiting_first + 1),
        .bytes = session->waiting.bytes,
        .frame_bytes = session->cover_frame_bytes,
        .commitment = &session->cover,
    };
    if (!collector_group_room(c, &group))
        return false;
    const struct views_office *office = views_office(c->views, session->office);
    if (!esep_commitment_verify(&c->config.log_id, &session->cover, office->sign_key)) {
        const struct esep_commitment cover = session->cover;
        bad_head(c, session, g, &cover, "the head over these entries is not signed by this office");
        return true;
    }
    session->covered = false;
    session->waiting_count -= group.count;
    session->waiting_frame_bytes -= group.frame_bytes;
    session->waiting_first += group.count;
    collector_group_log(c, session, &group, now);
    return true;
}

static void make_ready(struct collector *c, struct collector_session *session)
{
    if (session->ready)
        return;
    session->ready = true;
    session->ready_next = COLLECTOR_NONE;
    uint32_t slot = collector_slot(c, session);
    if (c->ready_last != COLLECTOR_NONE)
        c->sessions[c->ready_last].ready_next = slot;
    else
        c->ready_first = slot;
    c->ready_last = slot;
}

void collector_ready_drain(struct collector *c, esep_time now)
{
    while (c->ready_first != COLLECTOR_NONE && c->ended == ESEP_OK) {
        struct collector_session *session = &c->sessions[c->ready_first];
        struct collector_frame frame = {
            .route = {.link = session->link,
                      .conn = session->conn,
                      .counter = session->cover_counter},
            .now = now,
        };
        memcpy(frame.route.session, session->seal.id, sizeof frame.route.session);
        struct group_frame g = {.frame = &frame};
        bool current = session->covered && collector_held(c, session, &g.held, &g.held_head) &&
                       session->waiting_first == g.held + 1;
        if (current && !settle_waiting(c, session, &g, now))
            return; /* the batch is full: first in line for the next */
        if (!current && session->covered) {
            collector_waiting_drop(c, session);
            refuse_at(c, session, &g, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_GAP,
                      "another connection of this office was faster: go on from here");
        }
        c->ready_first = session->ready_next;
        if (c->ready_first == COLLECTOR_NONE)
            c->ready_last = COLLECTOR_NONE;
        session->ready = false;
    }
}

/* New entries are hashed onto the chain, into c->frame_chain; returns the head after the last. */
static struct esep_hash chain_new(struct collector *c, const struct collector_session *session,
                                  const struct group_frame *g)
{
    struct esep_hash head = session->waiting_count > 0 ? session->tail_head : g->held_head;
    for (size_t i = g->skip; i < g->batch.count; i++) {
        struct esep_hash content = esep_content_hash(c->frame_entries[i]);
        head = esep_chain_link(&head, g->batch.first_seq + i, &content);
        c->frame_chain[i] = (struct collector_link){content, head};
    }
    return head;
}

/* Straight into the log: nothing waits, the head is here, and it is worth a verification now. */
static bool settle_direct(struct collector *c, struct collector_session *session,
                          const struct group_frame *g, size_t count, size_t bytes)
{
    const struct collector_group group = {
        .first_seq = g->held + 1,
        .count = count,
        .bytes = bytes,
        .frame_bytes = g->frame->size_bytes,
        .entries = c->frame_entries + g->skip,
        .chain = c->frame_chain + g->skip,
        .commitment = &g->batch.commitment,
    };
    if (session->waiting_count > 0 || !g->batch.has_commitment ||
        (c->storing && count < COLLECTOR_EAGER_ENTRIES) || !collector_group_room(c, &group))
        return false;
    const struct views_office *office = views_office(c->views, session->office);
    if (!esep_commitment_verify(&c->config.log_id, group.commitment, office->sign_key))
        bad_head(c, session, g, group.commitment,
                 "the head over these entries is not signed by this office");
    else
        collector_group_log(c, session, &group, g->frame->now);
    return true;
}

/* The pool is full: who left entries without a head and went silent gives way. It is told by the
 * GAP that meets its next frame. */
static void evict_waiting(struct collector *c, const struct collector_session *asking,
                          esep_time now, size_t len)
{
    /* Ends at who asks at the latest: it was heard just now, and stands last. */
    for (uint32_t at = c->lru_first;; at = c->sessions[at].lru_next) {
        ESEP_ASSERT(at != COLLECTOR_NONE);
        struct collector_session *session = &c->sessions[at];
        if (now - session->heard_at < COLLECTOR_WAITING_QUIET ||
            collector_queue_room(c, &asking->waiting, len))
            return;
        if (session->waiting_count > 0 && !session->covered)
            collector_waiting_drop(c, session);
    }
}

static bool keep_waiting(struct collector *c, struct collector_session *session,
                         const struct group_frame *g, size_t count, size_t bytes)
{
    size_t len = bytes + count * (4 + sizeof *c->frame_chain);
    if (session->waiting_count + count + 1 > c->config.batch_records_max ||
        session->waiting.bytes + len + ESEP_SIGNED_COMMITMENT_BYTES > c->config.batch_bytes_max) {
        refuse_at(c, session, g, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_LIMIT,
                  "too many entries without a signed head");
        return false;
    }
    evict_waiting(c, session, g->frame->now, len);
    if (!collector_queue_room(c, &session->waiting, len)) {
        const struct collector_refusal refusal = {
            .reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_LIMIT,
            .text = "too much is waiting at the collector: send again later",
            .retry_after_ms = COLLECTOR_RETRY_MS,
            .office = session->office,
            .epoch = session->epoch,
            .seq = tail_of(session, g->held),
        };
        collector_refuse(c, &g->frame->route, &refusal);
        return false;
    }
    if (session->waiting_count == 0)
        session->waiting_first = g->held + 1;
    for (size_t i = g->skip; i < g->batch.count; i++) {
        uint8_t prefix[4];
        esep_be32_put(prefix, (uint32_t)c->frame_entries[i].len);
        collector_queue_put(c, &session->waiting, prefix, sizeof prefix);
        collector_queue_put(c, &session->waiting, &c->frame_chain[i], sizeof c->frame_chain[i]);
        collector_queue_put(c, &session->waiting, c->frame_entries[i].data,
                            c->frame_entries[i].len);
    }
    session->waiting_count += count;
    session->tail_seq = session->waiting_first + session->waiting_count - 1;
    session->tail_head = c->frame_chain[g->batch.count - 1].head;
    session->waiting_frame_bytes += g->frame->size_bytes;
    return true;
}

static void cover_waiting(struct collector *c, struct collector_session *session,
                          const struct group_frame *g)
{
    session->covered = true;
    session->cover = g->batch.commitment;
    session->cover_counter = g->frame->route.counter;
    session->cover_frame_bytes = session->waiting_frame_bytes;
    bool worth = !c->storing || session->waiting_count >= COLLECTOR_EAGER_ENTRIES;
    if (!worth || !settle_waiting(c, session, g, g->frame->now))
        make_ready(c, session);
}

/* The head must be that of the entries it rides behind. One that the office did sign, for this very
 * number, proves another chain than the one that is held: a fork, and the signature says whose. */
static bool head_fits(struct collector *c, struct collector_session *session,
                      const struct group_frame *g, uint64_t tail, const struct esep_hash *head)
{
    const struct esep_commitment *commitment = &g->batch.commitment;
    bool placed = commitment->office == session->office && commitment->epoch == session->epoch &&
                  commitment->seq == tail;
    if (!g->batch.has_commitment || (placed && esep_hash_equal(&commitment->head, head)))
        return true;
    const struct views_office *office = views_office(c->views, session->office);
    if (placed && esep_commitment_verify(&c->config.log_id, commitment, office->sign_key))
        alarm_at(c, session, g, ESEP__V1__ALARM_KIND__ALARM_KIND_FORK,
                 ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_FORK,
                 "the signed head does not follow from what the collector holds: the journal was "
                 "copied, restored or damaged; run esep-agent recover",
                 tail, head, &commitment->head);
    else
        bad_head(c, session, g, commitment, "the signed head is not that of these entries");
    return false;
}

/* A head without entries: over what waits, or a promise of what is still to come. */
static void head_alone(struct collector *c, struct collector_session *session,
                       const struct group_frame *g)
{
    const struct esep_commitment *commitment = &g->batch.commitment;
    const struct views_office *office = views_office(c->views, session->office);
    uint64_t tail = tail_of(session, g->held);
    if (!g->batch.has_commitment)
        return;
    if (commitment->seq > tail && commitment->office == session->office &&
        commitment->epoch == session->epoch) {
        if (esep_commitment_verify(&c->config.log_id, commitment, office->sign_key))
            collector_promise(c, session, commitment, g->frame->now);
        else
            bad_head(c, session, g, commitment, "the promised head is not signed by this office");
        return;
    }
    if (commitment->seq <= g->held) { /* it asks for a receipt that it lost */
        collector_receipt_again(c, session);
        return;
    }
    if (commitment->seq < tail || !head_fits(c, session, g, tail, &session->tail_head))
        return;
    cover_waiting(c, session, g);
}

bool collector_credit_covers(struct collector *c, const struct collector_session *session,
                             const struct collector_frame *frame)
{
    if (session->received_bytes + frame->size_bytes <= session->credit_bytes)
        return true;
    collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_CREDIT,
                           "more bytes than the credit granted");
    return false;
}

void collector_on_batch_frame(struct collector *c, struct collector_session *session,
                              const struct collector_frame *frame, struct esep_slice plain)
{
    struct group_frame g = {.frame = frame};
    if (!collector_credit_covers(c, session, frame))
        return;
    session->received_bytes += frame->size_bytes;
    struct esep_reason reason = {{0}};
    if (collector_batch_read(c, plain, &g.batch, &reason) != ESEP_OK) {
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_MALFORMED,
                               reason.text);
        return;
    }
    if (!place_frame(c, session, &g))
        return;
    size_t count = g.batch.count - g.skip;
    if (g.skip > 0)
        collector_receipt_again(c, session);
    if (g.batch.count == 0) {
        head_alone(c, session, &g);
        return;
    }
    if (count == 0)
        return;
    if (g.skip > 0)
        collector_waiting_drop(c, session);
    struct esep_hash head = chain_new(c, session, &g);
    uint64_t tail = g.batch.first_seq + g.batch.count - 1;
    if (!head_fits(c, session, &g, tail, &head))
        return;
    size_t bytes = 0;
    for (size_t i = g.skip; i < g.batch.count; i++)
        bytes += c->frame_entries[i].len;
    if (settle_direct(c, session, &g, count, bytes) || !keep_waiting(c, session, &g, count, bytes))
        return;
    if (g.batch.has_commitment)
        cover_waiting(c, session, &g);
}
