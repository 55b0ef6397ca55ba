/* collector/run_bundle.c - a bundle file, brought to ingest by a command on this machine.
 *
 * `esep-collector bundle import` hands the file over record by record, one order each. Here they
 * become frames of a link of their own, on which this shell plays the broker: so they pass the very
 * checks that frames from a connection pass, and what the core answers is kept, sealed as it is,
 * for the command to fetch. One bundle at a time; who is silent for a minute gives way. Nothing of
 * it outlives this process: what is durable is in the log, and the file can be brought again.
 */
#include "collector/run.h"
#include "esep/v1/link.pb-c.h"
#include "io/log.h"
#include "wire/envelope.h"
#include "wire/unpack.h"

#include <stdio.h>

#define ORDER_ARENA_BYTES (1u << 20)
#define RECORD_BYTES_MAX (512u << 10)
#define FRAMES_BYTES_MAX (64u << 20)
#define REPLY_FRAMES_MAX 256u
#define REPLY_BYTES_MAX (512u << 10)
#define QUIET_MAX (60 * ESEP_SECOND)

static const uint8_t nobody[ESEP_KEY_BYTES]; /* no CURVE key stands behind a stick */

static void tell(struct run *run, const Esep__V1__LinkDown *down, struct esep_slice envelope)
{
    struct esep_buf packed;
    esep_buf_init(&packed, 4096);
    if (esep_pack(&down->base, &packed) == ESEP_OK) {
        const struct esep_slice parts[] = {esep_buf_slice(&packed), envelope};
        collector_on_frame(run->core, run->stick, parts, envelope.len > 0 ? 2 : 1, run_now(run));
    }
    esep_buf_done(&packed);
    run_pump(run);
}

/* The link comes up as a broker's does: it challenges, and lets the collector join. */
static void begin(struct run *run, const Esep__V1__BundleOrder *order)
{
    struct run_bundle *b = &run->bundle;
    uint8_t nonce[32] = {0};
    Esep__V1__Challenge challenge = ESEP__V1__CHALLENGE__INIT;
    Esep__V1__Joined joined = ESEP__V1__JOINED__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    const uint64_t conn = b->conn + 1;
    run_bundle_done(run);
    *b = (struct run_bundle){.core = run->core, .conn = conn};
    memcpy(b->import, order->import.data, sizeof b->import);
    esep_buf_init(&b->frames, FRAMES_BYTES_MAX);
    collector_on_link(run->core, run->stick, nobody, true, run_now(run));
    challenge.nonce = esep_pb(nonce, sizeof nonce);
    challenge.broker = (char[]){""};
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_CHALLENGE;
    down.challenge = &challenge;
    tell(run, &down, esep_slice(NULL, 0));
    joined.heartbeat_ms = 0;
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_JOINED;
    down.joined = &joined;
    tell(run, &down, esep_slice(NULL, 0));
    esep_log(ESEP_LOG_INFO, "bundle-begins", "a bundle file is being imported");
}

void run_bundle_done(struct run *run)
{
    struct run_bundle *b = &run->bundle;
    if (b->core != NULL && b->core == run->core) {
        Esep__V1__Gone gone = ESEP__V1__GONE__INIT;
        Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
        gone.conn = b->conn;
        down.what_case = ESEP__V1__LINK_DOWN__WHAT_GONE;
        down.gone = &gone;
        tell(run, &down, esep_slice(NULL, 0));
        collector_on_link(run->core, run->stick, nobody, false, run_now(run));
    }
    b->core = NULL;
    esep_buf_done(&b->frames);
    esep_buf_init(&b->frames, FRAMES_BYTES_MAX);
}

/* A refusal goes to the command in words. What only says that the office was served meanwhile by
 * another way, or that there is no room just now, is cured by bringing the file again. */
static void refused(struct run_bundle *b, const struct esep_envelope *envelope)
{
    struct esep_arena arena = {0};
    const ProtobufCMessage *message = NULL;
    if (esep_arena_init(&arena, 64u << 10) == ESEP_OK &&
        esep_unpack(&esep__v1__refusal__descriptor, envelope->sealed, &arena, &message) ==
            ESEP_OK) {
        const Esep__V1__Refusal *r = (const Esep__V1__Refusal *)message;
        b->restart = r->reason == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_LIMIT ||
                     r->reason == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_NO_SESSION ||
                     r->reason == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_CREDIT;
        (void)esep_because(&b->refused, ESEP_INVALID, "%.200s", r->text);
        if (r->reason == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_GAP)
            (void)esep_because(&b->refused, ESEP_INVALID,
                               "%.120s (entry %llu); the office writes what lacks with bundle "
                               "export --all",
                               r->text, (unsigned long long)r->seq + 1);
    }
    esep_arena_done(&arena);
}

bool run_bundle_sent(struct run *run, const struct collector_effect *effect)
{
    struct run_bundle *b = &run->bundle;
    struct esep_envelope envelope;
    if (effect->link != run->stick)
        return false;
    if (b->core == NULL || effect->part_count != 2)
        return true; /* for a broker, which nobody is here */
    const struct esep_slice frame = effect->parts[1];
    uint8_t length[4];
    esep_be32_put(length, (uint32_t)frame.len);
    if (esep_envelope_read(frame, &envelope, NULL) == ESEP_OK &&
        envelope.kind == ESEP__V1__KIND__KIND_REFUSAL)
        refused(b, &envelope);
    else if (esep_buf_reserve(&b->frames, sizeof length + frame.len) != ESEP_OK ||
             esep_buf_put(&b->frames, length, sizeof length) != ESEP_OK ||
             esep_buf_put(&b->frames, frame.data, frame.len) != ESEP_OK)
        (void)esep_because(&b->refused, ESEP_LIMIT, "the answer is too long for one file");
    return true;
}

/* The next frames for the office, out of the buffer; they live in it until `drop` of its bytes go.
 */
static size_t take_frames(struct run_bundle *b, ProtobufCBinaryData *places, size_t *ret_count)
{
    size_t at = 0;
    *ret_count = 0;
    while (at < b->frames.len && *ret_count < REPLY_FRAMES_MAX) {
        const size_t len = esep_be32(b->frames.data + at);
        if (at > 0 && at + len > REPLY_BYTES_MAX)
            break;
        places[(*ret_count)++] = esep_pb(b->frames.data + at + 4, len);
        at += 4 + len;
    }
    return at;
}

static void answer(struct run *run, bool again, struct esep_buf *reply)
{
    struct run_bundle *b = &run->bundle;
    struct collector_bundle standing = {.welcomed = false};
    ProtobufCBinaryData places[REPLY_FRAMES_MAX];
    Esep__V1__OrderReply message = ESEP__V1__ORDER_REPLY__INIT;
    Esep__V1__BundleReply bundle = ESEP__V1__BUNDLE_REPLY__INIT;
    const bool known = b->core != NULL && b->core == run->core &&
                       collector_bundle_get(run->core, b->conn, &standing) == ESEP_OK;
    size_t drop = 0;
    if (b->core != NULL)
        drop = take_frames(b, places, &bundle.n_frames);
    bundle.frames = places;
    bundle.more = drop < b->frames.len;
    bundle.again = again;
    bundle.restart = b->restart || b->core != run->core || run->core == NULL;
    bundle.settled = known && standing.welcomed && standing.mail_out;
    bundle.held = standing.held;
    bundle.awaits_witness = standing.awaits_witness && run->settings->witness_count > 0;
    bundle.witnessed = standing.witnessed;
    message.ok = b->refused.text[0] == '\0' || bundle.restart;
    message.text = b->refused.text;
    message.bundle = &bundle;
    if (esep_pack(&message.base, reply) != ESEP_OK)
        esep_buf_clear(reply);
    if (drop > 0) {
        memmove(b->frames.data, b->frames.data + drop, b->frames.len - drop);
        b->frames.len -= drop;
    }
}

static void say(struct esep_buf *reply, bool restart, const char *text)
{
    char copy[160];
    Esep__V1__OrderReply message = ESEP__V1__ORDER_REPLY__INIT;
    Esep__V1__BundleReply bundle = ESEP__V1__BUNDLE_REPLY__INIT;
    (void)snprintf(copy, sizeof copy, "%s", text);
    message.text = copy;
    message.ok = restart;
    bundle.restart = restart;
    message.bundle = &bundle;
    if (esep_pack(&message.base, reply) != ESEP_OK)
        esep_buf_clear(reply);
}

/* One record as a frame; true: it has to come again. */
static bool take_record(struct run *run, struct esep_slice record)
{
    struct run_bundle *b = &run->bundle;
    struct collector_bundle standing;
    struct esep_envelope envelope;
    Esep__V1__From from = ESEP__V1__FROM__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    const bool batch = esep_envelope_read(record, &envelope, NULL) == ESEP_OK &&
                       envelope.kind == ESEP__V1__KIND__KIND_BATCH;
    const bool known = collector_bundle_get(run->core, b->conn, &standing) == ESEP_OK;
    if (batch && known && (!standing.welcomed || standing.room < record.len))
        return true;
    from.conn = b->conn;
    from.curve_key = esep_pb((uint8_t *)(uintptr_t)nobody, sizeof nobody);
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_FROM;
    down.from = &from;
    tell(run, &down, record);
    return false;
}

static void carry_out(struct run *run, const Esep__V1__BundleOrder *order, struct esep_buf *reply)
{
    struct run_bundle *b = &run->bundle;
    const int64_t now = esep_monotonic();
    bool again = false;
    if (order->import.len != sizeof b->import || order->record.len > RECORD_BYTES_MAX) {
        say(reply, false, "this is no order about a bundle");
        return;
    }
    const bool same = memcmp(order->import.data, b->import, sizeof b->import) == 0;
    if (run->core == NULL || run->ended) {
        say(reply, true, "ingest is starting anew");
        return;
    }
    if (!same && b->core == run->core && now - b->heard_at < QUIET_MAX) {
        say(reply, false, "another bundle is being imported just now: try again later");
        return;
    }
    if (order->end) {
        if (same)
            run_bundle_done(run);
        say(reply, false, "");
        return;
    }
    if (same && b->core != run->core) { /* the store was reopened meanwhile */
        say(reply, true, "ingest has started anew");
        return;
    }
    if (!same)
        begin(run, order);
    b->heard_at = now;
    if (order->record.len > 0 && !b->restart && b->refused.text[0] == '\0')
        again = take_record(run, esep_slice_pb(order->record));
    if (order->witnessed) {
        collector_bundle_cosign(run->core, b->conn, run_now(run));
        run_pump(run);
    }
    answer(run, again, reply);
}

bool run_bundle_order(struct run *run, struct esep_slice order, struct esep_buf *reply)
{
    struct esep_arena arena = {0};
    const ProtobufCMessage *message = NULL;
    bool taken = false;
    /* Larger ones are plans. */
    if (order.len > RECORD_BYTES_MAX + 4096 ||
        esep_arena_init(&arena, ORDER_ARENA_BYTES) != ESEP_OK)
        return false;
    if (esep_unpack(&esep__v1__order__descriptor, order, &arena, &message) == ESEP_OK) {
        const Esep__V1__Order *o = (const Esep__V1__Order *)message;
        taken = o->what_case == ESEP__V1__ORDER__WHAT_BUNDLE;
        if (taken)
            carry_out(run, o->bundle, reply);
    }
    esep_arena_done(&arena);
    return taken;
}
