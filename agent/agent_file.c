/* agent/agent_file.c - the files that reports name: offered, sent piece by piece, receipted.
 *
 * The shell says which files lack their evidence receipt (agent_on_file). In a session whose
 * WELCOME knows the words, some of them are offered; FILE_STATE says of each how far it is held and
 * how far it may be sent, and a CHUNK goes out whenever nothing else waits: no promise, no mail, no
 * entry. So a report waits for one chunk at most, and no more than `flight_bytes` are under way
 * behind it.
 *
 * State is cumulative here, too. What is not answered in reply_timeout, and all of it in a new
 * session, is offered again; the collector's word is where to go on from. A receipt counts when the
 * log key signed it over this office, hash and size, and is gone from the list when it is stored.
 *
 * Invariant of a slot: sent <= through, have <= size. At most one READ_FILE is under way.
 */
#include "agent/agent_core.h"
#include "base/text.h"
#include "wire/unpack.h"

#include <stdio.h>

#define OFFER_MAX 16u
#define ASKED_MAX 2u /* files offered or sent at once: the next is known when one ends */

static const struct agent_file_slot *slot_at(const struct agent *a, size_t i)
{
    return &a->files.slots[i];
}

static bool same(const struct agent_file *a, const struct agent_file *b)
{
    return a->size_bytes == b->size_bytes && esep_hash_equal(&a->sha256, &b->sha256);
}

static struct agent_file_slot *find(struct agent *a, const struct agent_file *file)
{
    for (size_t i = 0; i < a->files.count; i++)
        if (same(&a->files.slots[i].file, file))
            return &a->files.slots[i];
    return NULL;
}

/* No taken report names it: that does not change by asking. */
static bool is_denied(const struct agent_file_slot *s)
{
    return s->state == AGENT_FILE_REFUSED &&
           s->refusal == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_DENIED;
}

static void wait_anew(const struct agent *a, struct agent_file_slot *s)
{
    s->state = AGENT_FILE_WAITING;
    s->ask_at = a->now; /* a clock may stand before 1970: no number means "at once" to it */
}

bool agent_file_add(struct agent *a, const struct agent_file *file)
{
    struct agent_file_slot *listed = find(a, file);
    ESEP_ASSERT(file->size_bytes > 0);
    if (listed != NULL && is_denied(listed))
        wait_anew(a, listed); /* another report may have been taken that names it */
    if (listed != NULL)
        return true;
    if (a->files.count == AGENT_FILE_LIST_MAX)
        return false;
    a->files.slots[a->files.count++] = (struct agent_file_slot){.file = *file, .ask_at = a->now};
    return true;
}

static bool in_hand(const struct agent_file_slot *s)
{
    return s->state == AGENT_FILE_ASKED || s->state == AGENT_FILE_SENDING;
}

static size_t in_hand_count(const struct agent *a)
{
    size_t count = 0;
    for (size_t i = 0; i < a->files.count; i++)
        count += in_hand(slot_at(a, i));
    return count;
}

void agent_files_new_session(struct agent *a)
{
    struct agent_files *f = &a->files;
    f->agreed = false;
    f->bytes_slot = NULL;
    f->bytes_len = 0;
    f->timed = false;
    f->held = false;
    for (size_t i = 0; i < f->count; i++) {
        struct agent_file_slot *s = &f->slots[i];
        if (in_hand(s) || is_denied(s)) /* what else is refused stays so for its time */
            wait_anew(a, s);
    }
}

void agent_files_welcome(struct agent *a, uint32_t features)
{
    a->files.agreed = (features & AGENT_EVIDENCE) != 0;
}

/* The session knows the words, and the broker may let them pass. */
static bool spoken(const struct agent *a)
{
    const struct agent_files *f = &a->files;
    return f->agreed && (!f->denied || a->now >= f->not_before);
}

/* A broker of the old make lets no such frame pass, and ends the connection: reports go first. */
void agent_files_denied(struct agent *a)
{
    if (in_hand_count(a) == 0)
        return;
    a->files.denied = true;
    a->files.not_before = agent_later(a, a->config.refused_retry);
}

/* To be asked about (again) now. */
static bool to_offer(const struct agent *a, const struct agent_file_slot *s)
{
    return s->state != AGENT_FILE_STORING && a->now >= s->ask_at;
}

static bool offer(struct agent *a)
{
    Esep__V1__Offer message = ESEP__V1__OFFER__INIT;
    Esep__V1__FileName names[OFFER_MAX];
    Esep__V1__FileName *files[OFFER_MAX];
    Esep__V1__FileName gone_names[OFFER_MAX];
    Esep__V1__FileName *gone[OFFER_MAX];
    size_t asked = in_hand_count(a);
    for (size_t i = 0; i < a->files.count && message.n_files < OFFER_MAX; i++) {
        struct agent_file_slot *s = &a->files.slots[i];
        if (!to_offer(a, s) || (!in_hand(s) && asked >= ASKED_MAX))
            continue;
        asked += !in_hand(s);
        s->state = AGENT_FILE_ASKED;
        s->ask_at = agent_later(a, a->config.reply_timeout);
        esep_file_name_write(&s->file.sha256, s->file.size_bytes, &names[message.n_files]);
        files[message.n_files] = &names[message.n_files];
        message.n_files++;
    }
    for (size_t i = 0; i < a->files.count && message.n_gone < OFFER_MAX; i++) {
        struct agent_file_slot *s = &a->files.slots[i];
        if (!s->gone)
            continue;
        s->gone = false;
        esep_file_name_write(&s->file.sha256, s->file.size_bytes, &gone_names[message.n_gone]);
        gone[message.n_gone] = &gone_names[message.n_gone];
        message.n_gone++;
    }
    message.files = files;
    message.gone = gone;
    return message.n_files + message.n_gone > 0 && agent_pack(a, &message.base) &&
           agent_seal(a, ESEP__V1__KIND__KIND_OFFER);
}

/* How long the next chunk of a file is; 0: nothing of it may be sent now. */
static size_t chunk_len(const struct agent *a, const struct agent_file_slot *s)
{
    uint64_t ahead = s->have + a->files.flight_bytes;
    uint64_t until = s->through < ahead ? s->through : ahead;
    uint64_t left = s->file.size_bytes - s->sent;
    size_t frame = a->uplink.frame_bytes_max - AGENT_CHUNK_OVERHEAD;
    uint64_t len = a->files.chunk_bytes < frame ? a->files.chunk_bytes : frame;
    if (s->state != AGENT_FILE_SENDING || s->sent >= until)
        return 0;
    if (len > until - s->sent)
        len = until - s->sent;
    if (len > left)
        len = left;
    return len == left || len >= AGENT_CHUNK_BYTES_MIN ? (size_t)len : 0;
}

/* Chunks and what is under way of them follow the speed of the link. */
static void keep_pace(struct agent *a)
{
    struct agent_files *f = &a->files;
    if (!a->config.by_speed)
        return;
    const size_t window = agent_speed_window(&a->speed) * (f->paced ? 2 : 1);
    f->chunk_bytes = agent_speed_chunk(&a->speed, AGENT_CHUNK_MOST);
    if (f->chunk_bytes > a->config.chunk_bytes)
        f->chunk_bytes = a->config.chunk_bytes;
    f->flight_bytes = window > 2 * f->chunk_bytes ? window : 2 * f->chunk_bytes;
}

/* One chunk's way there and back is timed, then another's. */
static void time_chunk(struct agent *a, const struct agent_file_slot *s)
{
    struct agent_files *f = &a->files;
    if (f->timed)
        return;
    f->timed = true;
    f->timed_file = s->file;
    f->timed_flight = (struct agent_flight){.at = a->now, .sent = s->sent, .answered = s->have};
}

static void chunk_answered(struct agent *a, const struct agent_file_slot *s)
{
    struct agent_files *f = &a->files;
    if (!f->timed || !same(&f->timed_file, &s->file) || s->have < f->timed_flight.sent)
        return;
    f->timed = false;
    agent_speed_sample(&a->speed, s->have - f->timed_flight.answered, a->now - f->timed_flight.at,
                       f->timed_flight.sent - f->timed_flight.answered >= f->flight_bytes / 2);
}

static bool send_chunk(struct agent *a, struct agent_file_slot *s)
{
    struct agent_files *f = &a->files;
    Esep__V1__Chunk message = ESEP__V1__CHUNK__INIT;
    Esep__V1__FileName name;
    esep_file_name_write(&s->file.sha256, s->file.size_bytes, &name);
    message.file = &name;
    message.offset = s->sent;
    message.data = esep_pb(f->bytes, f->bytes_len);
    f->bytes_slot = NULL;
    if (!agent_pack(a, &message.base) || !agent_seal(a, ESEP__V1__KIND__KIND_CHUNK))
        return false;
    s->sent += f->bytes_len;
    time_chunk(a, s);
    s->ask_at = agent_later(a, a->config.reply_timeout);
    agent_count(a, AGENT_CHUNKS, 1);
    agent_count(a, AGENT_FILE_BYTES, f->bytes_len);
    return true;
}

static bool chunk(struct agent *a)
{
    struct agent_files *f = &a->files;
    for (size_t i = 0; !f->held && i < f->count; i++) {
        struct agent_file_slot *s = &f->slots[i];
        size_t len = chunk_len(a, s);
        if (len == 0)
            continue;
        if (f->bytes_slot == s && f->bytes_at == s->sent && f->bytes_len <= len)
            return send_chunk(a, s);
        if (!f->busy) {
            f->wanted = true;
            f->read = s->file;
            f->read_at = s->sent;
            f->read_len = len;
        }
        return false;
    }
    return false;
}

/* Entries that are being read go first. */
static bool may_send(const struct agent *a)
{
    return spoken(a) && !a->draining && a->uplink.verified && !a->window.wanted &&
           !a->window.busy && agent_gate_lets_files(a);
}

bool agent_file_send(struct agent *a)
{
    if (!may_send(a))
        return false;
    keep_pace(a);
    return offer(a) || (a->status.state == AGENT_ONLINE && chunk(a));
}

static void refused(struct agent *a, struct agent_file_slot *s, Esep__V1__RefusalReason reason,
                    esep_time wait, const char *text)
{
    s->state = AGENT_FILE_REFUSED;
    s->refusal = reason;
    s->ask_at = agent_later(a, wait);
    esep_text_line(s->text, sizeof s->text, text); /* a stranger's words */
    a->notify_due = true;
}

void agent_file_bytes(struct agent *a, uint64_t token, enum esep_status status,
                      struct esep_slice bytes)
{
    struct agent_files *f = &a->files;
    if (!f->busy || token != f->token)
        return;
    struct agent_file_slot *s = find(a, &f->read);
    f->busy = false;
    if (s == NULL || s->state == AGENT_FILE_STORING)
        return; /* receipted meanwhile */
    if (status == ESEP_OK && bytes.len == f->read_len) {
        memcpy(f->bytes, bytes.data, bytes.len);
        f->bytes_slot = s;
        f->bytes_at = f->read_at;
        f->bytes_len = bytes.len;
    } else {
        refused(a, s, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED, a->config.refused_retry,
                "the office's own copy is damaged or gone: attach the file again");
        s->gone = status == ESEP_NOT_FOUND || status == ESEP_CORRUPT;
    }
}

static bool read_name(struct agent *a, const Esep__V1__FileName *message,
                      struct agent_file_slot **ret)
{
    struct agent_file file;
    *ret = NULL;
    if (esep_file_name_read(message, &file.sha256, &file.size_bytes) == ESEP_OK)
        *ret = find(a, &file);
    return *ret != NULL && (*ret)->state != AGENT_FILE_STORING;
}

/* Where the collector stands. A word from before, swapped on the way, takes nothing back. */
static void stands(struct agent *a, struct agent_file_slot *s, const Esep__V1__FileState *m)
{
    bool asked = s->state == AGENT_FILE_ASKED;
    bool back = m->again && (s->again_at != m->offset || !s->went_back);
    if (m->through > s->file.size_bytes || m->offset > m->through)
        return;
    if (m->offset > s->have)
        agent_progressed(a);
    s->state = AGENT_FILE_SENDING;
    s->ask_at = agent_later(a, a->config.reply_timeout);
    if (asked || back || m->offset > s->have)
        s->have = m->offset;
    chunk_answered(a, s);
    if (asked || back || m->through > s->through)
        s->through = m->through;
    if (asked || back || s->sent < m->offset)
        s->sent = m->offset;
    s->went_back = m->again; /* once for each place: what was under way behind it says so, too */
    s->again_at = m->offset;
}

/* It is not there, though it may have its receipt: whether it still is here, its bytes will show.
 */
static void lacking(struct agent *a, const Esep__V1__FileName *message)
{
    struct agent_file file;
    if (esep_file_name_read(message, &file.sha256, &file.size_bytes) != ESEP_OK ||
        !agent_file_add(a, &file))
        agent_count(a, AGENT_FRAMES_DROPPED, 1);
}

void agent_on_file_state(struct agent *a, const struct esep_envelope *envelope)
{
    const Esep__V1__FileState *m =
        (const Esep__V1__FileState *)agent_open(a, envelope, &esep__v1__file_state__descriptor);
    struct agent_file_slot *s = NULL;
    if (m == NULL)
        return;
    if (m->lacking) {
        lacking(a, m->file);
        return;
    }
    if (!read_name(a, m->file, &s)) {
        agent_count(a, AGENT_FRAMES_DROPPED, 1);
        return;
    }
    const bool wait = m->refusal == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_WAIT;
    esep_time after = (esep_time)m->retry_after_ms * 1000;
    if (after > a->config.refused_retry)
        after = a->config.refused_retry;
    if (m->refusal == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_UNSPECIFIED) {
        stands(a, s, m);
    } else if (wait && after == 0) { /* it was let go there; unless we have asked already */
        if (s->state == AGENT_FILE_SENDING)
            s->ask_at = a->now;
    } else if (wait) {
        s->state = AGENT_FILE_WAITING;
        s->ask_at = agent_later(a, after);
    } else {
        refused(a, s, m->refusal, after > 0 ? after : a->config.refused_retry, m->text);
        if (is_denied(s))
            s->ask_at = ESEP_TIME_NEVER;
    }
}

void agent_on_evidence(struct agent *a, const struct esep_envelope *envelope)
{
    const Esep__V1__EvidenceReceipt *m = (const Esep__V1__EvidenceReceipt *)agent_open(
        a, envelope, &esep__v1__evidence_receipt__descriptor);
    struct agent_gather *g = agent_filling(a);
    struct agent_file_slot *s = NULL;
    struct esep_evidence e;
    if (m == NULL)
        return;
    if (esep_evidence_read(m, a->config.office, &e) != ESEP_OK) {
        agent_count(a, AGENT_FRAMES_DROPPED, 1); /* if it is ours, it is asked for again */
        return;
    }
    const struct agent_tree_keys keys = agent_tree_keys(a);
    if (!agent_learn(a, agent_tree_evidence(&keys, &a->ahead.tree, &e, m->proof, &a->lesson)))
        return;
    if (!read_name(a, m->file, &s)) {
        agent_count(a, AGENT_FRAMES_DROPPED, 1);
        return;
    }
    e.checkpoint_root = esep_merkle_root(&a->lesson.tree.frontier);
    agent_proven(a, &a->lesson.proof);
    g->evidence_proofs[g->evidence_count] = a->lesson.proof;
    g->evidence[g->evidence_count++] = e;
    s->state = AGENT_FILE_STORING;
    s->have = s->file.size_bytes;
    agent_progressed(a);
    agent_see_checkpoint(a, e.checkpoint_size, &e.checkpoint_root);
    agent_count(a, AGENT_EVIDENCE_RECEIPTS, 1);
}

/* Stored: the list is shorter, and the shell may say more. */
void agent_files_stored(struct agent *a, const struct esep_evidence *evidence, size_t count)
{
    struct agent_files *f = &a->files;
    for (size_t i = 0; i < count; i++) {
        const struct agent_file file = {evidence[i].sha256, evidence[i].size_bytes};
        struct agent_file_slot *s = find(a, &file);
        ESEP_ASSERT(s != NULL);
        f->bytes_slot = NULL; /* slots move */
        *s = f->slots[--f->count];
        a->notify_due = true;
    }
}

bool agent_files_pending(const struct agent *a)
{
    if (!spoken(a) || !agent_gate_lets_files(a))
        return false;
    for (size_t i = 0; i < a->files.count; i++) {
        const struct agent_file_slot *s = slot_at(a, i);
        if (in_hand(s) || s->state == AGENT_FILE_STORING ||
            (s->ask_at != ESEP_TIME_NEVER && s->ask_at <= agent_later(a, a->config.rules.stay)))
            return true;
    }
    return false;
}

esep_time agent_files_deadline(const struct agent *a)
{
    esep_time at = ESEP_TIME_NEVER;
    const bool room = in_hand_count(a) < ASKED_MAX;
    if (a->files.agreed && !spoken(a) && a->files.count > 0)
        return a->files.not_before;
    if (!may_send(a))
        return at;
    for (size_t i = 0; i < a->files.count; i++) {
        const struct agent_file_slot *s = slot_at(a, i);
        if (s->state != AGENT_FILE_STORING && (room || in_hand(s)) && s->ask_at < at)
            at = s->ask_at;
    }
    return at;
}

void agent_files_clock_moved(struct agent *a, esep_time by)
{
    for (size_t i = 0; i < a->files.count; i++)
        if (a->files.slots[i].ask_at != ESEP_TIME_NEVER)
            a->files.slots[i].ask_at += by;
    if (a->files.denied)
        a->files.not_before += by;
}

bool agent_file_get(const struct agent *a, size_t i, struct agent_file_view *ret)
{
    if (i >= a->files.count)
        return false;
    const struct agent_file_slot *s = slot_at(a, i);
    *ret = (struct agent_file_view){.file = s->file,
                                    .state = s->state,
                                    .held_bytes = s->have,
                                    .sent_bytes = s->sent > s->have ? s->sent : s->have,
                                    .refusal = s->refusal,
                                    .text = s->text,
                                    .next_try_at = s->ask_at};
    return true;
}

void agent_files_sum(const struct agent *a, struct agent_status *ret)
{
    ret->file_count = (uint32_t)a->files.count;
    ret->file_bytes = 0;
    ret->file_held_bytes = 0;
    ret->files_refused = 0;
    for (size_t i = 0; i < a->files.count; i++) {
        const struct agent_file_slot *s = slot_at(a, i);
        ret->file_bytes += s->file.size_bytes;
        ret->file_held_bytes += s->have;
        ret->files_refused += s->state == AGENT_FILE_REFUSED;
    }
}
