/* collector/collector.c - the core: made, fed with events, ended.
 *
 * Every event goes the same way. First what the last commit owes is made into effects, so that no
 * event sees half of it; then the event itself; then the batch is closed if the disk is free. A
 * core that has ended takes nothing more in.
 *
 * Frames are dispatched by a table over kinds: some stand alone (HELLO, ENROL, ORDER), the others
 * belong to a session. A frame that does not open under its session's key is refused and changes
 * nothing; one whose counter does not rise is a repeat by the network and is passed over.
 */
#include "collector/collector_orders.h"
#include "collector/collector_rotate.h"

#include <stdlib.h>

static const char *const counter_names[COLLECTOR_COUNTERS] = {
    [COLLECTOR_FRAMES] = "frames",
    [COLLECTOR_FRAMES_REFUSED] = "frames_refused",
    [COLLECTOR_ENTRIES] = "entries",
    [COLLECTOR_REPEATS] = "repeats",
    [COLLECTOR_BATCHES] = "batches",
    [COLLECTOR_RECEIPTS] = "receipts",
    [COLLECTOR_FORKS] = "forks",
    [COLLECTOR_BAD_SIGNATURES] = "bad_signatures",
    [COLLECTOR_SESSIONS] = "sessions",
    [COLLECTOR_SESSIONS_EXPIRED] = "sessions_expired",
    [COLLECTOR_MAILS] = "mails",
    [COLLECTOR_ORDERS] = "orders",
    [COLLECTOR_ORDERS_DENIED] = "orders_denied",
    [COLLECTOR_UNWRITTEN] = "unwritten",
    [COLLECTOR_UNSIGNED] = "unsigned",
    [COLLECTOR_UNPROVEN] = "unproven",
    [COLLECTOR_FILE_CHUNKS] = "file_chunks",
    [COLLECTOR_FILE_BYTES] = "file_bytes",
    [COLLECTOR_FILES] = "files",
    [COLLECTOR_FILE_RECEIPTS] = "file_receipts",
    [COLLECTOR_FILES_REFUSED] = "files_refused",
    [COLLECTOR_COSIGNED_SENT] = "cosigned_sent",
    [COLLECTOR_FILES_BACK] = "files_back",
};

const char *collector_counter_name(enum collector_counter which)
{
    ESEP_ASSERT(which < COLLECTOR_COUNTERS);
    return counter_names[which];
}

uint64_t collector_counter(const struct collector *c, enum collector_counter which)
{
    ESEP_ASSERT(which < COLLECTOR_COUNTERS);
    return c->counters[which];
}

/* Bounds that follow from others are widened or narrowed to fit: a session may always send one
 * frame, and a group within credit always fits a batch. */
static void fit_config(struct collector_config *config)
{
    if (config->session_credit_bytes > config->batch_bytes_max / 2)
        config->session_credit_bytes = config->batch_bytes_max / 2;
    if (config->session_credit_bytes < config->frame_bytes_max)
        config->session_credit_bytes = config->frame_bytes_max;
    if (config->ingest_bytes_max < 2 * config->frame_bytes_max)
        config->ingest_bytes_max = 2 * config->frame_bytes_max;
}

/* Bounds that the rest of the code relies on. */
static bool config_holds(const struct collector_config *config)
{
    return config->links_max > 0 && config->sessions_max > 0 &&
           config->sessions_max < COLLECTOR_NONE / 4 && config->frame_bytes_max >= 4096 &&
           config->batch_records_max >= 64 &&
           config->batch_bytes_max >= 2 * config->frame_bytes_max && config->session_idle > 0 &&
           config->link_heartbeat > 0 && config->signing.statement != NULL &&
           config->operator_count <= COLLECTOR_OPERATORS_MAX;
}

static enum esep_status take_memory(struct collector *c)
{
    esep_buf_init(&c->plain, c->config.frame_bytes_max + ESEP_SEAL_BYTES);
    esep_buf_init(&c->packed, c->config.batch_bytes_max);
    esep_buf_init(&c->form, c->config.batch_bytes_max + ESEP_PACKED_OVERHEAD);
    esep_buf_init(&c->message, c->config.frame_bytes_max);
    esep_buf_init(&c->alert_bytes, c->config.batch_bytes_max / 2);
    /* All of it from the start: later there is no saying why a message could not be packed. */
    c->frame_entries = calloc(COLLECTOR_FRAME_ENTRIES_MAX, sizeof *c->frame_entries);
    c->frame_chain = calloc(COLLECTOR_FRAME_ENTRIES_MAX, sizeof *c->frame_chain);
    if (c->frame_entries == NULL || c->frame_chain == NULL)
        return ESEP_NOMEM;
    enum esep_status status = esep_arena_init(&c->arena, COLLECTOR_UNPACK_BYTES);
    if (status == ESEP_OK)
        status = esep_buf_reserve(&c->plain, c->plain.max);
    if (status == ESEP_OK)
        status = esep_buf_reserve(&c->packed, c->packed.max);
    if (status == ESEP_OK)
        status = esep_buf_reserve(&c->form, c->form.max);
    if (status == ESEP_OK)
        status = esep_buf_reserve(&c->message, c->message.max);
    if (status == ESEP_OK)
        status = esep_compressor_new(&c->compressor);
    if (status == ESEP_OK)
        status = esep_buf_reserve(&c->alert_bytes, c->alert_bytes.max);
    if (status == ESEP_OK)
        status = collector_out_init(c);
    if (status == ESEP_OK)
        status = collector_pool_init(c);
    if (status == ESEP_OK)
        status = collector_batches_init(c);
    if (status == ESEP_OK)
        status = collector_sessions_init(c);
    if (status == ESEP_OK)
        status = collector_links_init(c);
    if (status == ESEP_OK)
        status = collector_files_init(c);
    return status;
}

enum esep_status collector_new(struct collector **ret, const struct collector_config *config,
                               struct views *views, esep_time now)
{
    if (!config_holds(config) || views_log_size(views) == 0)
        return ESEP_INVALID;
    struct collector *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ESEP_NOMEM;
    c->config = *config;
    fit_config(&c->config);
    c->views = views;
    c->now = c->started_at = c->alerts_at = now;
    c->alerts_from = now + c->config.alerts_settle;
    enum esep_status status = take_memory(c);
    if (status != ESEP_OK) {
        collector_free(c);
        return status;
    }
    collector_tree_begin(c);
    *ret = c;
    return ESEP_OK;
}

void collector_free(struct collector *c)
{
    if (c == NULL)
        return;
    collector_out_done(c);
    collector_batches_done(c);
    esep_arena_done(&c->arena);
    esep_buf_done(&c->plain);
    esep_buf_done(&c->packed);
    esep_buf_done(&c->form);
    esep_buf_done(&c->message);
    esep_compressor_free(c->compressor);
    esep_buf_done(&c->alert_bytes);
    if (c->sessions != NULL)
        esep_wipe(c->sessions, c->config.sessions_max * sizeof *c->sessions);
    free(c->sessions);
    free(c->buckets);
    free(c->offices);
    free(c->files);
    free(c->links);
    free(c->blocks);
    free(c->block_next);
    free(c->frame_entries);
    free(c->frame_chain);
    esep_wipe(c, sizeof *c);
    free(c);
}

void collector_set_lookup(struct collector *c, collector_entry_fn *lookup, void *context)
{
    c->lookup = lookup;
    c->lookup_context = context;
}

void collector_set_full(struct collector *c, bool full)
{
    c->full = full;
}

enum esep_status collector_status(const struct collector *c, struct esep_reason *ret_reason)
{
    if (c->ended != ESEP_OK && ret_reason != NULL)
        *ret_reason = c->ended_reason;
    return c->ended;
}

bool collector_sign(struct collector *c, struct esep_slice statement,
                    uint8_t ret_signature[ESEP_SIGNATURE_BYTES])
{
    if (c->config.signing.statement(c->config.signing.context, statement, ret_signature))
        return true;
    collector_count(c, COLLECTOR_UNSIGNED, 1);
    return false;
}

/* The first reason stays. */
void collector_end(struct collector *c, enum esep_status status, const struct esep_reason *reason)
{
    if (c->ended != ESEP_OK)
        return;
    c->ended = status;
    c->ended_reason = *reason;
    if (reason->text[0] == '\0')
        (void)esep_because(&c->ended_reason, status, "an entry was not taken in: %s",
                           esep_status_name(status));
}

/* A clock set back (NTP, an operator) must not stop heartbeats until it has caught up; nor may
 * orders be too old for it so long: all that were given before this moment stay so. */
static void clock_back(struct collector *c, esep_time now)
{
    if (c->started_at > now)
        c->started_at = now;
    for (uint32_t i = 0; i < c->config.sessions_max; i++)
        c->sessions[i].heard_at = now;
    collector_links_clock_back(c, now);
    collector_files_clock_back(c, now);
    c->alerts_at = now;
    if (c->alerts_from > now + c->config.alerts_settle)
        c->alerts_from = now + c->config.alerts_settle;
}

static bool begin_event(struct collector *c, esep_time now)
{
    collector_results_finish(c);
    if (c->ended != ESEP_OK)
        return false;
    if (now < c->now - ESEP_SECOND)
        clock_back(c, now);
    c->now = now;
    return true;
}

static void finish_event(struct collector *c)
{
    if (!c->storing) {
        collector_ready_drain(c, c->now);
        collector_batch_close(c);
    }
    while (c->effect_count == 0 && collector_results_step(c)) {}
}

/* What a session with a dictionary sends, unpacked; its size is known, and paid for, before. The
 * frame counts as long as it would be unpacked. false: refused. */
static bool unpack_text(struct collector *c, const struct collector_session *session,
                        struct collector_frame *frame, struct esep_slice *plain)
{
    size_t size = 0;
    enum esep_status status = esep_packed_size(*plain, c->config.frame_bytes_max, &size);
    if (status == ESEP_OK) {
        frame->size_bytes += size + ESEP_PACKED_OVERHEAD - plain->len;
        if (frame->envelope.kind == ESEP__V1__KIND__KIND_BATCH &&
            !collector_credit_covers(c, session, frame))
            return false;
        status = esep_decompress(c->compressor, *plain, c->config.frame_bytes_max, &c->message);
    }
    if (status == ESEP_LIMIT)
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_TOO_LARGE,
                               "the frame unpacks to more than WELCOME allows");
    else if (status != ESEP_OK)
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_MALFORMED,
                               "the frame does not unpack");
    *plain = esep_buf_slice(&c->message);
    return status == ESEP_OK;
}

static void on_session_frame(struct collector *c, struct collector_frame *frame)
{
    struct collector_session *session = collector_session_find(c, frame->route.session);
    if (session == NULL) {
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_NO_SESSION,
                               "unknown or expired session: say hello again");
        return;
    }
    const struct views_office *office = views_office(c->views, session->office);
    const bool stick = collector_is_stick(c, frame->route.link);
    if (stick != session->seal.bundle ||
        (!stick && memcmp(frame->curve_key, office->curve_key, ESEP_KEY_BYTES) != 0)) {
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_DENIED,
                               "the connection's key is not this office's");
        return;
    }
    if (esep_session_open(&session->seal, &frame->envelope, &c->plain) != ESEP_OK) {
        if (frame->route.counter <= session->seal.rx_counter)
            collector_count(c, COLLECTOR_FRAMES_REFUSED, 1); /* a repeat by the network */
        else
            collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_MALFORMED,
                                   "the frame does not open");
        return;
    }
    if (office->state != ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE)
        return; /* revoked a moment ago: the refusal follows that commit, and ends the session */
    session->link = frame->route.link;
    session->conn = frame->route.conn;
    collector_session_heard(c, session, frame->now);
    const bool first = !session->confirmed;
    session->confirmed = true;
    struct esep_slice plain = esep_buf_slice(&c->plain);
    if (session->seal.dictionary != 0 && !unpack_text(c, session, frame, &plain))
        return;
    if (first)
        collector_lacking_ask(c, session);
    switch (frame->envelope.kind) {
    case ESEP__V1__KIND__KIND_BATCH:
        collector_on_batch_frame(c, session, frame, plain);
        return;
    case ESEP__V1__KIND__KIND_PULL:
        collector_on_pull(c, session, frame, plain);
        return;
    case ESEP__V1__KIND__KIND_PING:
        collector_on_ping(c, session, frame, plain);
        return;
    case ESEP__V1__KIND__KIND_ROTATE:
        if (stick)
            break;
        collector_on_rotate(c, session, frame, plain);
        return;
    case ESEP__V1__KIND__KIND_OFFER:
    case ESEP__V1__KIND__KIND_CHUNK:
        if (!collector_takes_files(c))
            break;
        if (frame->envelope.kind == ESEP__V1__KIND__KIND_OFFER)
            collector_on_offer(c, session, frame, plain);
        else
            collector_on_chunk(c, session, frame, plain);
        return;
    default:
        break;
    }
    collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_MALFORMED,
                           "this kind of frame does not belong into a session");
}

static void on_office_frame(struct collector *c, struct collector_frame *frame)
{
    static const struct collector_refusal draining = {
        .reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_WAIT,
        .text = "the collector is stopping: wait for it to come back",
        .retry_after_ms = COLLECTOR_RETRY_MS,
    };
    static const struct collector_refusal full = {
        .reason = ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_FULL,
        .text = "the collector's store is full: keep your reports, they are sent later",
        .retry_after_ms = 60000,
    };
    Esep__V1__Kind kind = frame->envelope.kind;
    const bool stick = collector_is_stick(c, frame->route.link);
    /* A stick's files come into the folder beside ingest; what they count for is asked here. */
    const bool bundled = kind == ESEP__V1__KIND__KIND_BUNDLE ||
                         kind == ESEP__V1__KIND__KIND_BATCH || kind == ESEP__V1__KIND__KIND_OFFER;
    if (frame->envelope.version != ESEP_WIRE_VERSION)
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_VERSION,
                               "this collector speaks version 1");
    else if (c->draining)
        collector_refuse(c, &frame->route, &draining);
    else if (stick ? !bundled : kind == ESEP__V1__KIND__KIND_BUNDLE)
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_MALFORMED,
                               "this kind of frame does not come this way");
    else if (kind == ESEP__V1__KIND__KIND_ORDER)
        collector_on_signed_order(c, frame);
    else if (c->full && kind != ESEP__V1__KIND__KIND_PULL && kind != ESEP__V1__KIND__KIND_PING)
        collector_refuse(c, &frame->route, &full);
    else if (kind == ESEP__V1__KIND__KIND_HELLO || kind == ESEP__V1__KIND__KIND_BUNDLE)
        collector_on_hello(c, frame);
    else if (kind == ESEP__V1__KIND__KIND_ENROL)
        collector_on_enrol(c, frame);
    else
        on_session_frame(c, frame);
}

/* [LinkDown.from][Envelope] */
static void on_from(struct collector *c, uint32_t link, const Esep__V1__From *from,
                    struct esep_slice bytes, esep_time now)
{
    struct collector_frame frame = {
        .route = {.link = link, .conn = from->conn},
        .size_bytes = bytes.len,
        .now = now,
    };
    uint8_t curve_key[ESEP_KEY_BYTES];
    collector_count(c, COLLECTOR_FRAMES, 1);
    if (c->links[link].state != COLLECTOR_LINK_JOINED || from->curve_key.len != sizeof curve_key) {
        collector_count(c, COLLECTOR_FRAMES_REFUSED, 1); /* not a broker that we joined */
        return;
    }
    memcpy(curve_key, from->curve_key.data, sizeof curve_key); /* the arena is used anew */
    frame.curve_key = curve_key;
    struct esep_reason reason = {{0}};
    if (bytes.len > c->config.frame_bytes_max) {
        collector_refuse_frame(c, &frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_TOO_LARGE,
                               "the frame is larger than WELCOME allows");
        return;
    }
    if (esep_envelope_read(bytes, &frame.envelope, &reason) != ESEP_OK) {
        collector_refuse_frame(c, &frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_MALFORMED,
                               reason.text);
        return;
    }
    memcpy(frame.route.session, frame.envelope.session.data, ESEP_SESSION_ID_BYTES);
    frame.route.counter = frame.envelope.counter;
    on_office_frame(c, &frame);
}

void collector_on_frame(struct collector *c, uint32_t link, const struct esep_slice *parts,
                        size_t count, esep_time now)
{
    const ProtobufCMessage *message = NULL;
    if (!begin_event(c, now))
        return;
    esep_arena_reset(&c->arena);
    if (link >= c->config.links_max || !c->links[link].up || count < 1 || count > 2 ||
        esep_unpack(&esep__v1__link_down__descriptor, parts[0], &c->arena, &message) != ESEP_OK) {
        collector_count(c, COLLECTOR_FRAMES_REFUSED, 1);
    } else {
        const Esep__V1__LinkDown *down = (const Esep__V1__LinkDown *)message;
        if (down->what_case != ESEP__V1__LINK_DOWN__WHAT_FROM) {
            collector_on_link_message(c, link, down, now);
        } else if (count == 2) {
            c->links[link].heard_at = now;
            on_from(c, link, down->from, parts[1], now);
        } else {
            collector_count(c, COLLECTOR_FRAMES_REFUSED, 1);
        }
    }
    finish_event(c);
}

void collector_on_link(struct collector *c, uint32_t link, const uint8_t broker_curve_key[32],
                       bool up, esep_time now)
{
    if (!begin_event(c, now) || link >= c->config.links_max)
        return;
    collector_on_link_change(c, link, broker_curve_key, up, now);
    finish_event(c);
}

void collector_on_order(struct collector *c, uint64_t token, struct esep_slice order, esep_time now)
{
    if (!begin_event(c, now))
        return;
    collector_local_order(c, token, order, now);
    finish_event(c);
}

void collector_on_account_order(struct collector *c, uint64_t token, struct esep_slice order,
                                esep_time now)
{
    if (!begin_event(c, now))
        return;
    collector_account_order(c, token, order, now);
    finish_event(c);
}

static const char *stored_not(enum esep_status status)
{
    return status == ESEP_AGAIN ? "the batch was stored, and nobody signed the log's head"
                                : "the batch was not stored";
}

void collector_on_stored(struct collector *c, uint64_t token, enum esep_status status,
                         const uint8_t *signature, esep_time now)
{
    if (!begin_event(c, now))
        return;
    ESEP_ASSERT(c->storing && token == c->serial - 1);
    c->storing = false;
    if (status == ESEP_LIMIT)
        collector_refuse_all_full(c);
    if (status != ESEP_OK) {
        struct esep_reason reason;
        (void)esep_because(&reason, status, "%s: %s", stored_not(status), esep_status_name(status));
        collector_end(c, status, &reason);
        return;
    }
    struct collector_fill *batch = &c->batches[token & 1];
    struct collector_results *results = batch->results;
    batch->results = c->done; /* emptied when the batch opens again */
    c->done = results;
    collector_results_durable(c, results, signature);
    finish_event(c);
}

void collector_on_mail(struct collector *c, uint64_t token, const struct collector_mail *items,
                       size_t count, bool more, esep_time now)
{
    if (!begin_event(c, now))
        return;
    collector_mail_items(c, token, items, count, more);
    finish_event(c);
}

void collector_on_file(struct collector *c, uint64_t token, enum esep_status status, uint64_t held,
                       esep_time now)
{
    if (!begin_event(c, now))
        return;
    collector_file_answer(c, token, status, held);
    finish_event(c);
}

void collector_on_lacking(struct collector *c, esep_time now)
{
    if (!begin_event(c, now))
        return;
    collector_lacking_ask_all(c);
    finish_event(c);
}

void collector_on_delivery(struct collector *c, uint64_t alert_index, uint32_t target,
                           bool delivered, uint32_t attempts, const char *detail, esep_time now)
{
    if (!begin_event(c, now))
        return;
    collector_delivered(c, alert_index, target, delivered, attempts, detail, now);
    finish_event(c);
}

void collector_bundle_cosign(struct collector *c, uint64_t conn, esep_time now)
{
    if (!begin_event(c, now))
        return;
    collector_cosigned_stick(c, conn);
    finish_event(c);
}

bool collector_on_witness(struct collector *c, const struct collector_sight *sight, esep_time now)
{
    if (!begin_event(c, now))
        return false;
    const bool is_logged = collector_sighted(c, sight, now);
    finish_event(c);
    return is_logged;
}

void collector_on_time(struct collector *c, esep_time now)
{
    if (!begin_event(c, now))
        return;
    collector_links_on_time(c, now);
    collector_sessions_expire(c, now);
    collector_files_on_time(c);
    collector_alerts_on_time(c, now);
    finish_event(c);
}

void collector_drain(struct collector *c, esep_time now)
{
    if (!begin_event(c, now) || c->draining)
        return;
    c->draining = true;
    collector_links_drain(c, now);
    finish_event(c);
}

bool collector_drained(const struct collector *c)
{
    /* Where nothing is being stored, the open batch is empty: each event closes it. */
    return c->ended != ESEP_OK || (c->draining && !c->storing && c->effect_count == 0);
}

esep_time collector_deadline(const struct collector *c)
{
    if (c->ended != ESEP_OK)
        return ESEP_TIME_NEVER;
    esep_time at = collector_links_deadline(c);
    esep_time idle = collector_sessions_deadline(c);
    esep_time files = collector_files_deadline(c);
    if (idle < at)
        at = idle;
    if (files < at)
        at = files;
    esep_time alerts = c->alerts_at > c->alerts_from ? c->alerts_at : c->alerts_from;
    if (alerts < at && !c->full && !c->draining)
        at = alerts;
    return at;
}
