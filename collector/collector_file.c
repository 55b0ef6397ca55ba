/* collector/collector_file.c - files: what is offered, what is taken, when it is whole.
 *
 * One file's way through here: OFFER names it. The committed rows say whether a taken report of
 * this office names it, and whether it is here already, which is answered by its receipt. Else it
 * gets a place in the table, if the limits let it, and the shell opens its partial (FILE_OPEN).
 * What the shell holds of it is told by FILE_STATE, with credit; each CHUNK goes to the shell
 * (FILE_WRITE), and the last one is followed by FILE_FINISH: the shell compares the whole with its
 * hash and syncs. Only then is the EVIDENCE entry logged, and only its commit brings the receipt
 * (law 1).
 *
 * The table is a cache: whatever drops out of it, or with a crash, is on the shell's disk as far as
 * it was synced, and the office offers it again. So nothing waits for a place, and a place that
 * nobody uses for a while is given to another.
 *
 * Invariant: have <= got <= through <= size. Bytes for the shell are handed out in order.
 */
#include "collector/collector_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define OFFER_FILES_MAX 16u
#define OFFICE_PLACES_MAX 4u
#define CHUNK_BYTES_MAX ((size_t)64 * 1024)
#define CHUNK_BYTES_MIN ((size_t)1024)
#define QUIET (60 * ESEP_SECOND) /* then a place may be given to another file */
#define WAIT_MS 10000u
#define FULL_MS (15u * 60u * 1000u)
#define MENDS_MAX 8u /* of one file, by a disk that changes it again and again */
#define EVIDENCE_BODY_MAX 128u

#define REASON(name) ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_##name

enum esep_status collector_files_init(struct collector *c)
{
    if (c->config.files_max == 0)
        return ESEP_OK;
    c->files = calloc(c->config.files_max, sizeof *c->files);
    return c->files != NULL ? ESEP_OK : ESEP_NOMEM;
}

void collector_set_files(struct collector *c, collector_file_fn *lookup,
                         collector_lacking_fn *lacking, void *context)
{
    c->file_lookup = lookup;
    c->file_lacking = lacking;
    c->file_lookup_context = context;
}

bool collector_takes_files(const struct collector *c)
{
    return c->config.files_max > 0 && c->file_lookup != NULL;
}

static bool same_file(const struct views_file *a, const struct views_file *b)
{
    return a->office == b->office && a->size_bytes == b->size_bytes &&
           esep_hash_equal(&a->sha256, &b->sha256);
}

static struct collector_file *find(struct collector *c, const struct views_file *file)
{
    for (uint32_t i = 0; i < c->config.files_max; i++)
        if (c->files[i].stage != COLLECTOR_FILE_FREE && same_file(&c->files[i].file, file))
            return &c->files[i];
    return NULL;
}

static uint64_t token_of(const struct collector *c, const struct collector_file *f)
{
    return (uint64_t)f->generation << 32 | (uint64_t)(f - c->files);
}

static struct collector_file *by_token(struct collector *c, uint64_t token)
{
    uint32_t place = COLLECTOR_FILE_PLACE(token);
    if (place >= c->config.files_max)
        return NULL;
    struct collector_file *f = &c->files[place];
    return f->stage != COLLECTOR_FILE_FREE && f->generation == token >> 32 ? f : NULL;
}

/* False: no room for it now. */
static bool ask_shell(struct collector *c, const struct collector_file *f,
                      enum collector_effect_kind kind, struct esep_slice bytes)
{
    struct collector_effect effect = {.kind = kind,
                                      .token = token_of(c, f),
                                      .file = f->file,
                                      .offset = f->got,
                                      .part_count = bytes.len > 0 ? 1 : 0};
    struct esep_buf room = collector_out_room(c);
    if (c->effect_count >= c->effect_cap - 1 ||
        (bytes.len > 0 && esep_buf_put(&room, bytes.data, bytes.len) != ESEP_OK))
        return false;
    effect.parts[0] = esep_buf_slice(&room);
    if (bytes.len > 0)
        c->out_used += room.len;
    collector_out_effect(c, &effect);
    return true;
}

static void let_go(struct collector *c, struct collector_file *f, bool close)
{
    if (close)
        (void)ask_shell(c, f, COLLECTOR_EFFECT_FILE_CLOSE, esep_slice(NULL, 0));
    const uint32_t generation = f->generation + 1;
    *f = (struct collector_file){.generation = generation};
}

void collector_file_state_send(struct collector *c, struct collector_session *session,
                               const struct views_file *file, Esep__V1__FileState *state)
{
    Esep__V1__FileName name;
    esep_file_name_write(&file->sha256, file->size_bytes, &name);
    state->file = &name;
    collector_out_to_conn(c, session->link, session->conn, &session->seal,
                          ESEP__V1__KIND__KIND_FILE_STATE, false, collector_pack(c, &state->base));
    state->file = NULL;
}

static void refuse_file(struct collector *c, struct collector_session *session,
                        const struct views_file *file, Esep__V1__RefusalReason reason,
                        uint32_t retry_after_ms, const char *text)
{
    Esep__V1__FileState state = ESEP__V1__FILE_STATE__INIT;
    if (session == NULL)
        return;
    state.refusal = reason;
    state.text = (char *)(uintptr_t)text;
    state.retry_after_ms = retry_after_ms;
    collector_file_state_send(c, session, file, &state);
    if (reason != REASON(WAIT))
        collector_count(c, COLLECTOR_FILES_REFUSED, 1);
}

static void tell(struct collector *c, struct collector_file *f, bool again)
{
    struct collector_session *session = collector_session_named(c, f->session, f->session_gen);
    Esep__V1__FileState state = ESEP__V1__FILE_STATE__INIT;
    uint64_t credit = c->config.file_window_bytes;
    uint64_t through =
        f->file.size_bytes - f->have > credit ? f->have + credit : f->file.size_bytes;
    if (through > f->through)
        f->through = through;
    state.offset = again ? f->got : f->have;
    state.through = f->through;
    state.again = again;
    if (session != NULL)
        collector_file_state_send(c, session, &f->file, &state);
}

/* The newest who asked is told; a place outlives its session. */
static void heard_of(const struct collector *c, struct collector_file *f,
                     const struct collector_session *session)
{
    f->session = collector_slot(c, session);
    f->session_gen = session->generation;
    f->heard_at = c->now;
}

/* Whose office is gone, or sends nothing. */
static bool is_quiet(struct collector *c, const struct collector_file *f)
{
    return f->stage == COLLECTOR_FILE_TAKING &&
           (c->now - f->heard_at >= QUIET ||
            collector_session_named(c, f->session, f->session_gen) == NULL);
}

/* Of the office itself: also what an earlier connection has left. */
static bool is_left(struct collector *c, const struct collector_file *f,
                    const struct collector_session *session)
{
    return f->file.office == session->office && f->stage == COLLECTOR_FILE_TAKING &&
           (is_quiet(c, f) || f->session != collector_slot(c, session));
}

/* NULL: none is free. Where none is, or the office has its share, the one that was quiet longest
 * gives way; in the latter case one of its own. */
static struct collector_file *take_place(struct collector *c,
                                         const struct collector_session *session, uint32_t places)
{
    const bool share = places >= OFFICE_PLACES_MAX;
    struct collector_file *quietest = NULL;
    for (uint32_t i = 0; i < c->config.files_max; i++) {
        struct collector_file *f = &c->files[i];
        if (f->stage == COLLECTOR_FILE_FREE && !share)
            return f;
        if ((share ? is_left(c, f, session) : is_quiet(c, f)) &&
            (quietest == NULL || f->heard_at < quietest->heard_at))
            quietest = f;
    }
    if (quietest != NULL)
        let_go(c, quietest, true);
    return quietest;
}

/* What is on its way of one office: bytes that it has announced, places that it has. */
static uint64_t under_way(const struct collector *c, uint32_t office, uint32_t *ret_places)
{
    uint64_t bytes = 0;
    *ret_places = 0;
    for (uint32_t i = 0; i < c->config.files_max; i++) {
        const struct collector_file *f = &c->files[i];
        if (f->stage == COLLECTOR_FILE_FREE || f->file.office != office)
            continue;
        ++*ret_places;
        if (f->stage != COLLECTOR_FILE_LOGGED && !f->lost) /* else the views have counted it */
            bytes += f->file.size_bytes;
    }
    return bytes;
}

static bool within(const struct collector *c, const struct views_file *file, uint64_t announced)
{
    const uint64_t kept = views_office(c->views, file->office)->evidence_bytes;
    const uint64_t quota = c->config.office_files_bytes;
    return kept <= quota && announced <= quota - kept &&
           file->size_bytes <= quota - kept - announced;
}

static void open_file(struct collector *c, struct collector_session *session,
                      const struct views_file *file, const struct collector_file_known *known)
{
    char text[256];
    uint32_t places = 0;
    const uint64_t announced = under_way(c, file->office, &places);
    if (file->size_bytes > c->config.file_bytes_max) {
        (void)snprintf(text, sizeof text, "a file may have %llu bytes at most here",
                       (unsigned long long)c->config.file_bytes_max);
        refuse_file(c, session, file, REASON(LIMIT), FULL_MS, text);
        return;
    }
    if (!known->lost && !within(c, file, announced)) {
        (void)snprintf(
            text, sizeof text,
            "with it this office's files would be more than the %llu bytes that are kept "
            "for it: tell the operator",
            (unsigned long long)c->config.office_files_bytes);
        refuse_file(c, session, file, REASON(FULL), FULL_MS, text);
        return;
    }
    struct collector_file *f = take_place(c, session, places);
    if (f == NULL) {
        refuse_file(c, session, file, REASON(WAIT), WAIT_MS, "others are being taken in: later");
        return;
    }
    f->file = *file;
    f->lost = known->lost;
    f->evidence = known->evidence;
    if (!ask_shell(c, f, COLLECTOR_EFFECT_FILE_OPEN, esep_slice(NULL, 0)))
        return; /* the office asks again */
    f->stage = COLLECTOR_FILE_OPENING;
    heard_of(c, f, session);
}

/* Of a file that is here: from its row and the log as it is durable now. */
static void receipt_again(struct collector *c, struct collector_session *session,
                          const struct views_file *file, const struct views_evidence *known)
{
    struct esep_evidence e = {.office = file->office,
                              .sha256 = file->sha256,
                              .size_bytes = file->size_bytes,
                              .log_index = known->index,
                              .accepted_at = known->accepted_at};
    uint8_t nonce[ESEP_NONCE_BYTES];
    if (c->history.nonce == NULL ||
        c->history.nonce(c->history.context, known->index, nonce) != ESEP_OK) {
        collector_count(c, COLLECTOR_UNPROVEN, 1);
        return; /* the office asks again */
    }
    collector_evidence_send(c, session, &e, nonce);
}

void collector_evidence_send(struct collector *c, struct collector_session *session,
                             const struct esep_evidence *e, const uint8_t nonce[ESEP_NONCE_BYTES])
{
    Esep__V1__EvidenceReceipt message;
    Esep__V1__FileName file;
    struct collector_proof proof;
    if (!collector_prove(c, session, e->log_index, e->accepted_at, &proof))
        return;
    esep_evidence_write(e, &message, &file);
    proof.message.nonce = esep_pb(nonce, ESEP_NONCE_BYTES);
    message.proof = &proof.message;
    collector_out_to_conn(c, session->link, session->conn, &session->seal,
                          ESEP__V1__KIND__KIND_EVIDENCE, false, collector_pack(c, &message.base));
    collector_count(c, COLLECTOR_FILE_RECEIPTS, 1);
}

/* true: with it one that was lacking may be here, and the next can be asked for. */
static bool offered(struct collector *c, struct collector_session *session,
                    const struct views_file *file)
{
    struct collector_file_known known = {0};
    struct collector_file *f = find(c, file);
    if (f != NULL) {
        heard_of(c, f, session);
        if (f->stage == COLLECTOR_FILE_TAKING)
            tell(c, f, false);
        return false; /* else the answer is on its way */
    }
    if (c->file_lookup(c->file_lookup_context, file, &known) != ESEP_OK)
        refuse_file(c, session, file, REASON(WAIT), WAIT_MS, "the store cannot be read now");
    else if (known.here && !known.lost)
        receipt_again(c, session, file, &known.evidence);
    else if (!known.named)
        refuse_file(c, session, file, REASON(DENIED), FULL_MS,
                    "no report of this office that was taken names this file");
    else
        open_file(c, session, file, &known);
    return known.here && !known.lost;
}

static bool read_name(const struct collector_session *session, const Esep__V1__FileName *message,
                      struct views_file *ret)
{
    ret->office = session->office;
    return esep_file_name_read(message, &ret->sha256, &ret->size_bytes) == ESEP_OK;
}

static void malformed(struct collector *c, const struct collector_frame *frame, const char *text)
{
    collector_refuse_frame(c, frame, REASON(MALFORMED), text);
}

void collector_on_offer(struct collector *c, struct collector_session *session,
                        const struct collector_frame *frame, struct esep_slice plain)
{
    const ProtobufCMessage *message = NULL;
    struct views_file files[2 * OFFER_FILES_MAX];
    esep_arena_reset(&c->arena);
    if (esep_unpack(&esep__v1__offer__descriptor, plain, &c->arena, &message) != ESEP_OK) {
        malformed(c, frame, "OFFER cannot be read");
        return;
    }
    const Esep__V1__Offer *offer = (const Esep__V1__Offer *)message;
    const size_t count = offer->n_files;
    const size_t gone = offer->n_gone;
    bool well = count <= OFFER_FILES_MAX && gone <= OFFER_FILES_MAX;
    for (size_t i = 0; well && i < count; i++)
        well = read_name(session, offer->files[i], &files[i]);
    for (size_t i = 0; well && i < gone; i++)
        well = read_name(session, offer->gone[i], &files[count + i]);
    if (!well) {
        malformed(c, frame, "OFFER names more than 16 files, or one without hash and size");
        return;
    }
    bool here = false;
    for (size_t i = 0; i < count; i++)
        here = offered(c, session, &files[i]) || here;
    for (size_t i = 0; i < gone; i++)
        collector_lacking_gone(c, &files[count + i]);
    if (here)
        collector_lacking_ask(c, session);
}

/* It is where it is awaited, and within credit: to the shell. */
static void take_chunk(struct collector *c, struct collector_file *f, struct esep_slice data)
{
    if (!ask_shell(c, f, COLLECTOR_EFFECT_FILE_WRITE, data))
        return; /* as if the network had lost it */
    f->got += data.len;
    collector_count(c, COLLECTOR_FILE_CHUNKS, 1);
    collector_count(c, COLLECTOR_FILE_BYTES, data.len);
}

static void place_chunk(struct collector *c, struct collector_session *session,
                        const struct collector_frame *frame, const struct views_file *file,
                        uint64_t offset, struct esep_slice data)
{
    struct collector_file *f = find(c, file);
    if (f == NULL) {
        refuse_file(c, session, file, REASON(WAIT), 0, "offer it first");
        return;
    }
    heard_of(c, f, session);
    if (f->stage != COLLECTOR_FILE_TAKING)
        return; /* a repeat: all of it has come, or where to begin is being looked up */
    if (offset != f->got) {
        tell(c, f, offset > f->got || data.len > f->got - offset);
        return;
    }
    const bool last = data.len == f->file.size_bytes - offset;
    if (data.len > f->file.size_bytes - offset || (data.len < CHUNK_BYTES_MIN && !last))
        malformed(c, frame, "CHUNK is too short, or goes past the end of its file");
    else if (data.len > f->through - offset)
        collector_refuse_frame(c, frame, REASON(CREDIT), "more of a file than the credit granted");
    else
        take_chunk(c, f, data);
}

void collector_on_chunk(struct collector *c, struct collector_session *session,
                        const struct collector_frame *frame, struct esep_slice plain)
{
    const ProtobufCMessage *message = NULL;
    struct views_file file;
    esep_arena_reset(&c->arena);
    if (esep_unpack(&esep__v1__chunk__descriptor, plain, &c->arena, &message) != ESEP_OK ||
        !read_name(session, ((const Esep__V1__Chunk *)message)->file, &file)) {
        malformed(c, frame, "CHUNK cannot be read");
        return;
    }
    const Esep__V1__Chunk *chunk = (const Esep__V1__Chunk *)message;
    if (chunk->data.len == 0 || chunk->data.len > CHUNK_BYTES_MAX ||
        chunk->offset > file.size_bytes) {
        malformed(c, frame, "CHUNK has no bytes, too many, or begins behind its file");
        return;
    }
    place_chunk(c, session, frame, &file, chunk->offset, esep_slice_pb(chunk->data));
}

/* The shell says no, or cannot. */
static void give_up(struct collector *c, struct collector_file *f, Esep__V1__RefusalReason reason,
                    uint32_t retry_after_ms, const char *text)
{
    struct collector_session *session = collector_session_named(c, f->session, f->session_gen);
    const struct views_file file = f->file;
    let_go(c, f, true);
    refuse_file(c, session, &file, reason, retry_after_ms, text);
}

static void failed(struct collector *c, struct collector_file *f, enum esep_status status)
{
    if (status == ESEP_LIMIT)
        give_up(c, f, REASON(FULL), FULL_MS,
                "there is no room for files at the collector now: the operator is told");
    else
        give_up(c, f, REASON(WAIT), WAIT_MS, "the collector cannot write the file now");
}

static void finish(struct collector *c, struct collector_file *f)
{
    if (ask_shell(c, f, COLLECTOR_EFFECT_FILE_FINISH, esep_slice(NULL, 0)))
        f->stage = COLLECTOR_FILE_FINISHING;
    else
        give_up(c, f, REASON(WAIT), WAIT_MS, "busy: offer it again");
}

static void on_held(struct collector *c, struct collector_file *f, uint64_t held, bool again)
{
    ESEP_ASSERT(held <= f->file.size_bytes);
    f->stage = COLLECTOR_FILE_TAKING;
    f->have = held;
    if (f->got < held || again)
        f->got = held;
    if (again)
        f->through = held; /* credit anew from there */
    if (held == f->file.size_bytes)
        finish(c, f);
    else
        tell(c, f, again);
}

/* It is whole and synced: now, and only now, the log may say so. */
static void log_evidence(struct collector *c, struct collector_file *f)
{
    Esep__V1__Evidence message = ESEP__V1__EVIDENCE__INIT;
    struct esep_reason reason = {{0}};
    uint64_t index = views_log_size(c->views);
    uint8_t nonce[ESEP_NONCE_BYTES];
    message.office = f->file.office;
    message.sha256 = esep_pb(f->file.sha256.bytes, ESEP_HASH_BYTES);
    message.size_bytes = f->file.size_bytes;
    if (c->full || !collector_after_room(c, 1) || !collector_batch_room(c, 1, EVIDENCE_BODY_MAX)) {
        give_up(c, f, REASON(WAIT), WAIT_MS, "the file is here; its entry has to wait");
        return;
    }
    collector_draw_nonce(c, nonce);
    message.nonce = esep_pb(nonce, sizeof nonce);
    const struct esep_slice body = collector_pack(c, &message.base);
    const struct esep_leaf leaf =
        esep_leaf_of_own(ESEP__V1__LOG_TYPE__LOG_TYPE_EVIDENCE, f->file.office, body, c->now);
    const enum esep_status status = collector_log_put(c, &leaf, body, NULL, &reason);
    if (status != ESEP_OK) { /* its quota keeps the office's sum from running over */
        collector_end(c, status, &reason);
        return;
    }
    struct collector_after *after = collector_after_add(c, c->serial, COLLECTOR_AFTER_EVIDENCE);
    after->index = token_of(c, f);
    after->evidence = (struct esep_evidence){.office = f->file.office,
                                             .sha256 = f->file.sha256,
                                             .size_bytes = f->file.size_bytes,
                                             .log_index = index,
                                             .accepted_at = c->now};
    memcpy(after->nonce, nonce, sizeof nonce);
    f->stage = COLLECTOR_FILE_LOGGED;
    collector_count(c, COLLECTOR_FILES, 1);
}

/* What the log says already is true again: the receipt that it had, and no entry. */
static void is_back(struct collector *c, struct collector_file *f)
{
    struct collector_session *session = collector_session_named(c, f->session, f->session_gen);
    const struct views_file file = f->file;
    const struct views_evidence evidence = f->evidence;
    let_go(c, f, false);
    collector_count(c, COLLECTOR_FILES_BACK, 1);
    if (session == NULL)
        return;
    receipt_again(c, session, &file, &evidence);
    collector_lacking_ask(c, session);
}

static void is_whole(struct collector *c, struct collector_file *f)
{
    if (f->lost)
        is_back(c, f);
    else
        log_evidence(c, f);
}

static void on_finished(struct collector *c, struct collector_file *f, enum esep_status status,
                        uint64_t held)
{
    if (status == ESEP_OK)
        is_whole(c, f);
    else if (status == ESEP_CORRUPT && f->mends++ < MENDS_MAX)
        on_held(c, f, held, true);
    else if (status == ESEP_INVALID)
        give_up(c, f, REASON(MALFORMED), FULL_MS,
                "the bytes that came are not the file that the report names: the office's copy is "
                "damaged or another; attach the file again");
    else
        failed(c, f, status);
}

void collector_file_answer(struct collector *c, uint64_t token, enum esep_status status,
                           uint64_t held)
{
    struct collector_file *f = by_token(c, token);
    if (f == NULL)
        return; /* let go meanwhile */
    if (f->stage == COLLECTOR_FILE_FINISHING)
        on_finished(c, f, status, held);
    else if (status == ESEP_CONFLICT && f->stage == COLLECTOR_FILE_OPENING)
        is_whole(c, f); /* here already, and sound */
    else if (status == ESEP_OK)
        on_held(c, f, held, false);
    else
        failed(c, f, status);
}

bool collector_file_under_way(struct collector *c, const struct views_file *file)
{
    return find(c, file) != NULL;
}

void collector_file_drop(struct collector *c, const struct views_file *file)
{
    struct collector_file *f = find(c, file);
    if (f != NULL && f->stage == COLLECTOR_FILE_TAKING)
        let_go(c, f, true);
}

void collector_file_durable(struct collector *c, uint64_t token)
{
    struct collector_file *f = by_token(c, token);
    if (f != NULL)
        let_go(c, f, false);
}

void collector_files_on_time(struct collector *c)
{
    for (uint32_t i = 0; i < c->config.files_max; i++)
        if (c->files[i].stage == COLLECTOR_FILE_TAKING &&
            c->now - c->files[i].heard_at >= c->config.session_idle)
            let_go(c, &c->files[i], true);
}

esep_time collector_files_deadline(const struct collector *c)
{
    esep_time at = ESEP_TIME_NEVER;
    for (uint32_t i = 0; i < c->config.files_max; i++)
        if (c->files[i].stage == COLLECTOR_FILE_TAKING &&
            c->files[i].heard_at + c->config.session_idle < at)
            at = c->files[i].heard_at + c->config.session_idle;
    return at;
}

void collector_files_clock_back(struct collector *c, esep_time now)
{
    for (uint32_t i = 0; i < c->config.files_max; i++)
        c->files[i].heard_at = now;
}
