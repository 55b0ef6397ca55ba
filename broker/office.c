/* broker/office.c - the offices' side of the core: admission, limits, kinds, refusals.
 *
 * The order of the checks matters. Revocation first: nothing of a revoked key costs or counts as
 * anything else. Then the limits, before a byte of the frame is read. Then size, head, version and
 * kind. Whether a collector is there comes last, so that what is wrong in any case is not told
 * to wait. What is for the broker itself is judged like the rest, and needs no collector: nor a
 * roster, since a broker that has heard from none yet must stand in for it, too.
 */
#include "broker/internal.h"

#define KIND_BIT(kind) (UINT32_C(1) << ESEP__V1__KIND__KIND_##kind)
#define OFFICE_KINDS                                                                               \
    (KIND_BIT(HELLO) | KIND_BIT(BATCH) | KIND_BIT(PULL) | KIND_BIT(PING) | KIND_BIT(ENROL) |       \
     KIND_BIT(BUNDLE) | KIND_BIT(OFFER) | KIND_BIT(CHUNK) | KIND_BIT(ROTATE) |                     \
     KIND_BIT(ASK_INGRESS))
#define REASON(name) ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_##name

struct verdict {
    Esep__V1__RefusalReason reason; /* UNSPECIFIED: let it pass */
    const char *text;
    esep_time retry_after;
};

/* What a key may send, and what it is told of anything else. Index: OfficeAdmission; 0: unknown. */
static const struct {
    uint32_t kinds;
    struct verdict otherwise;
} admissions[] = {
    [ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_UNSPECIFIED] =
        {KIND_BIT(ENROL),
         {REASON(NOT_ENROLLED), "this key is not enrolled; ask the operator for a code", 0}},
    [ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_ACTIVE] =
        {OFFICE_KINDS, {REASON(DENIED), "an office may not send this kind of message", 0}},
    [ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_PENDING] =
        {KIND_BIT(ENROL),
         {REASON(PENDING), "enrolled; the operator has not accepted this key yet", 0}},
    [ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REVOKED] =
        {0, {REASON(REVOKED), "this key has been revoked; ask the operator", 0}},
    [ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_OPERATOR] =
        {KIND_BIT(ORDER), {REASON(DENIED), "an operator's key sends orders and nothing else", 0}},
    /* The collector tells it so, signed, and sees whether it is the office or somebody else. */
    [ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REPLACED] =
        {KIND_BIT(HELLO), {REASON(REVOKED), "another key of this office has taken its place", 0}},
};

static const enum broker_counter counters_of[] = {
    [REASON(WAIT)] = BROKER_REFUSED_WAIT,
    [REASON(LIMIT)] = BROKER_REFUSED_LIMIT,
    [REASON(TOO_LARGE)] = BROKER_REFUSED_TOO_LARGE,
    [REASON(NOT_ENROLLED)] = BROKER_REFUSED_NOT_ENROLLED,
    [REASON(REVOKED)] = BROKER_REFUSED_REVOKED,
    [REASON(PENDING)] = BROKER_REFUSED_PENDING,
    [REASON(MALFORMED)] = BROKER_REFUSED_MALFORMED,
    [REASON(VERSION)] = BROKER_REFUSED_VERSION,
    [REASON(DENIED)] = BROKER_REFUSED_DENIED,
};

static const struct verdict passes = {0};

static struct verdict limit(int64_t wait_ns, const char *text)
{
    return (struct verdict){REASON(LIMIT), text, (wait_ns + 999) / 1000};
}

static struct verdict wait_for_collector(const struct broker *b, const char *text)
{
    return (struct verdict){REASON(WAIT), text, b->config.wait};
}

/* Refusals. */

static bool may_say(struct broker *b, struct conn *conn, esep_time now)
{
    struct broker_bucket *bucket = conn != NULL ? &conn->refusals_left : &b->anonymous_left;
    if (broker_bucket_wait_ns(bucket, b->refusals_burst_ns, b->refusal_cost_ns, now) > 0) {
        return false;
    }
    broker_bucket_take(bucket, b->refusal_cost_ns, now);
    return true;
}

static void say_refusal(struct broker *b, uint64_t conn, struct esep_slice frame,
                        const struct verdict *verdict)
{
    static const uint8_t no_session[ESEP_SESSION_ID_BYTES];
    struct esep_envelope asked;
    struct esep_slice session = esep_slice(no_session, sizeof no_session);
    uint64_t counter = 0;
    if (frame.len <= b->config.frame_bytes_max &&
        esep_envelope_read(frame, &asked, NULL) == ESEP_OK) {
        session = asked.session;
        counter = asked.counter;
    }
    uint8_t body[EFFECT_SCRATCH / 2];
    uint8_t session_copy[ESEP_SESSION_ID_BYTES];
    char text[128];
    memcpy(session_copy, session.data, sizeof session_copy);
    const size_t text_len = strnlen(verdict->text, sizeof text - 1);
    memcpy(text, verdict->text, text_len);
    text[text_len] = '\0';

    Esep__V1__Refusal refusal;
    esep__v1__refusal__init(&refusal);
    refusal.reason = verdict->reason;
    refusal.text = text;
    refusal.retry_after_ms = (uint32_t)((verdict->retry_after + 999) / 1000);
    refusal.session = (ProtobufCBinaryData){sizeof session_copy, session_copy};
    refusal.counter = counter;
    ESEP_ASSERT(esep__v1__refusal__get_packed_size(&refusal) <= sizeof body);
    const size_t body_len = esep__v1__refusal__pack(&refusal, body);

    Esep__V1__Envelope envelope;
    esep__v1__envelope__init(&envelope);
    envelope.version = ESEP_WIRE_VERSION;
    envelope.kind = ESEP__V1__KIND__KIND_REFUSAL;
    envelope.session = refusal.session;
    envelope.sealed = (ProtobufCBinaryData){body_len, body};
    ESEP_ASSERT(esep__v1__envelope__get_packed_size(&envelope) <= EFFECT_SCRATCH);

    struct effect_slot *slot = broker_push(b, BROKER_EFFECT_SEND_OFFICE, ROLE_REFUSAL, conn);
    const size_t len = esep__v1__envelope__pack(&envelope, slot->scratch);
    slot->public.parts[0] = esep_slice(slot->scratch, len);
    slot->public.part_count = 1;
}

/* conn: NULL where there was no room for a record. */
static void refuse(struct broker *b, uint64_t number, struct conn *conn, struct esep_slice frame,
                   const struct verdict *verdict, esep_time now)
{
    ESEP_ASSERT((size_t)verdict->reason < sizeof counters_of / sizeof counters_of[0]);
    b->counters[counters_of[verdict->reason]]++;
    if (may_say(b, conn, now)) {
        say_refusal(b, number, frame, verdict);
    } else {
        b->counters[BROKER_REFUSALS_UNSAID]++;
    }
}

/* Connections. */

void broker_conn_gone(struct broker *b, struct conn *conn)
{
    if (conn->told && b->primary != NULL) {
        Esep__V1__Gone gone;
        esep__v1__gone__init(&gone);
        gone.conn = conn->number;
        Esep__V1__LinkDown message;
        esep__v1__link_down__init(&message);
        message.what_case = ESEP__V1__LINK_DOWN__WHAT_GONE;
        message.gone = &gone;
        broker_link_send(b, b->primary, &message);
    }
    broker_conns_remove(&b->conns, conn);
}

/* The record of a connection, made where it is new. NULL: no room, see *ret_verdict. */
static struct conn *conn_of(struct broker *b, uint64_t number, const uint8_t key[ESEP_KEY_BYTES],
                            bool stranger, esep_time now, struct verdict *ret_verdict)
{
    struct conn *conn = broker_conns_find(&b->conns, number);
    if (conn != NULL && memcmp(conn->key, key, ESEP_KEY_BYTES) != 0) {
        /* Numbers come round again after 2^32 connections: this is another one. */
        broker_conn_gone(b, conn);
        conn = NULL;
    }
    if (conn != NULL && stranger && !conn->stranger &&
        b->conns.strangers >= b->config.strangers_max) {
        /* Let in while there was no roster to tell it by, or listed no more. */
        broker_conn_gone(b, conn);
        conn = NULL;
    }
    if (conn != NULL) {
        broker_conns_heard(&b->conns, conn, now);
        broker_conns_set_stranger(&b->conns, conn, stranger);
        return conn;
    }
    if (stranger && b->conns.strangers >= b->config.strangers_max) {
        *ret_verdict = (struct verdict){
            REASON(LIMIT), "too many connections of keys that are not enrolled", b->config.wait};
        return NULL;
    }
    struct conn *oldest = NULL;
    if (broker_conns_of_key(&b->conns, key, &oldest) >= b->config.conns_per_key_max) {
        /* On a bad link each try leaves a dead connection behind: the newest is the live one. */
        b->counters[BROKER_CONNS_EXPIRED]++;
        broker_conn_gone(b, oldest);
    }
    conn = broker_conns_add(&b->conns, number, key, now);
    if (conn == NULL) {
        *ret_verdict = (struct verdict){
            REASON(LIMIT), "this broker has no room for another connection", b->config.wait};
        return NULL;
    }
    broker_conns_set_stranger(&b->conns, conn, stranger);
    return conn;
}

static void stamp(struct conn *conn, uint32_t office)
{
    if (conn->stamp_len != 0 && conn->office == office) {
        return;
    }
    Esep__V1__From from;
    esep__v1__from__init(&from);
    from.conn = conn->number;
    from.office = office;
    from.curve_key = (ProtobufCBinaryData){ESEP_KEY_BYTES, conn->key};
    Esep__V1__LinkDown message;
    esep__v1__link_down__init(&message);
    message.what_case = ESEP__V1__LINK_DOWN__WHAT_FROM;
    message.from = &from;
    ESEP_ASSERT(esep__v1__link_down__get_packed_size(&message) <= sizeof conn->stamp);
    conn->stamp_len = (uint8_t)esep__v1__link_down__pack(&message, conn->stamp);
    conn->office = office;
}

/* Limits. */

static struct verdict stranger_limits(struct broker *b, struct conn *conn, esep_time now)
{
    const int64_t each_ns = b->config.stranger_every * 1000;
    int64_t wait = broker_bucket_wait_ns(&conn->stranger_left, 2 * each_ns, each_ns, now);
    if (wait > 0) {
        return limit(wait, "a key that is not enrolled may send very little");
    }
    wait =
        broker_bucket_wait_ns(&b->strangers_left, b->strangers_burst_ns, b->stranger_cost_ns, now);
    if (wait > 0) {
        return limit(wait, "too many enrolments at once");
    }
    broker_bucket_take(&conn->stranger_left, each_ns, now);
    broker_bucket_take(&b->strangers_left, b->stranger_cost_ns, now);
    return passes;
}

static struct verdict office_limits(const struct broker *b, struct roster_entry *entry,
                                    size_t bytes, esep_time now)
{
    int64_t wait =
        broker_bucket_wait_ns(&entry->frames_left, b->frames_burst_ns, b->frame_cost_ns, now);
    if (wait > 0) {
        return limit(wait, "too many frames a second from this office");
    }
    const int64_t cost = broker_cost_ns(&b->config.bytes, bytes);
    wait = broker_bucket_wait_ns(&entry->bytes_left, b->bytes_burst_ns, cost, now);
    if (wait > 0) {
        return limit(wait, "too many bytes a second from this office");
    }
    broker_bucket_take(&entry->frames_left, b->frame_cost_ns, now);
    broker_bucket_take(&entry->bytes_left, cost, now);
    return passes;
}

/* Judgement. */

static struct verdict judge_head(const struct broker *b, uint32_t kinds,
                                 const struct verdict *otherwise, struct esep_slice frame,
                                 struct esep_envelope *ret_envelope)
{
    if (frame.len > b->config.frame_bytes_max) {
        return (struct verdict){REASON(TOO_LARGE), "the frame is larger than this broker takes", 0};
    }
    if (esep_envelope_read(frame, ret_envelope, NULL) != ESEP_OK) {
        return (struct verdict){REASON(MALFORMED), "the frame is not an envelope", 0};
    }
    if (ret_envelope->version != ESEP_WIRE_VERSION) {
        return (struct verdict){REASON(VERSION), "this broker speaks version 1 alone", 0};
    }
    const uint32_t kind = (uint32_t)ret_envelope->kind;
    if (kind == 0 || kind >= 32) {
        return (struct verdict){REASON(MALFORMED), "the frame's kind is none", 0};
    }
    if (ret_envelope->sealed.len < ESEP_SEAL_BYTES) {
        return (struct verdict){REASON(MALFORMED), "the envelope has no sealed body", 0};
    }
    if ((kinds & UINT32_C(1) << kind) == 0) {
        return *otherwise;
    }
    if (kind == ESEP__V1__KIND__KIND_ENROL && !b->config.enrolment) {
        return (struct verdict){REASON(NOT_ENROLLED), "enrolment is closed at this broker", 0};
    }
    return passes;
}

static struct verdict judge_ask(const struct broker *b, struct roster_entry *entry, esep_time now)
{
    const int64_t each_ns = b->config.ingress_every * 1000;
    if (!b->config.signs_ingress) {
        return (struct verdict){REASON(DENIED), "this broker has no key to sign notes with", 0};
    }
    if (entry == NULL) {
        return passes; /* it took from the strangers' */
    }
    const int64_t wait = broker_bucket_wait_ns(&entry->ingress_left, 2 * each_ns, each_ns, now);
    if (wait > 0) {
        return limit(wait, "too many notes of ingress for this office");
    }
    broker_bucket_take(&entry->ingress_left, each_ns, now);
    return passes;
}

/* Before a roster has come nobody can be told apart: whoever asks is served as little as any
 * stranger, and the note names the key. Everything else waits. */
static struct verdict judge_unlisted(struct broker *b, struct conn *conn, struct esep_slice frame,
                                     struct esep_envelope *ret_envelope, esep_time now)
{
    const struct verdict wait =
        wait_for_collector(b, "no collector has told this broker who is enrolled yet");
    if (judge_head(b, KIND_BIT(ASK_INGRESS), &wait, frame, ret_envelope).reason != 0) {
        return wait;
    }
    const struct verdict verdict = stranger_limits(b, conn, now);
    return verdict.reason != 0 ? verdict : judge_ask(b, NULL, now);
}

/* ret_envelope: what passed. */
static struct verdict judge(struct broker *b, struct conn *conn, struct roster_entry *entry,
                            struct esep_slice frame, struct esep_envelope *ret_envelope,
                            esep_time now)
{
    Esep__V1__OfficeAdmission admission = ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_UNSPECIFIED;
    struct verdict verdict;
    if (entry != NULL) {
        admission = entry->admission;
        if (admission == ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REVOKED) {
            return admissions[admission].otherwise;
        }
        verdict = office_limits(b, entry, frame.len, now);
    } else if (!b->roster.known) {
        return judge_unlisted(b, conn, frame, ret_envelope, now);
    } else if (!b->config.enrolment) {
        return admissions[admission].otherwise;
    } else {
        verdict = stranger_limits(b, conn, now);
    }
    if (verdict.reason != 0) {
        return verdict;
    }
    verdict = judge_head(b, admissions[admission].kinds, &admissions[admission].otherwise, frame,
                         ret_envelope);
    if (verdict.reason != 0) {
        return verdict;
    }
    if (ret_envelope->kind == ESEP__V1__KIND__KIND_ASK_INGRESS) {
        return judge_ask(b, entry, now);
    }
    if (b->draining) {
        return wait_for_collector(b, "this broker is going down; try another address");
    }
    return broker_routable(b) ? passes : wait_for_collector(b, "no collector is here now");
}

static void forward(struct broker *b, struct conn *conn, struct esep_slice frame)
{
    struct effect_slot *slot =
        broker_push(b, BROKER_EFFECT_SEND_COLLECTOR, ROLE_FRAME, b->primary->conn);
    slot->origin = conn->number;
    slot->public.parts[0] = esep_slice(conn->stamp, conn->stamp_len);
    slot->public.parts[1] = frame;
    slot->public.part_count = 2;
    conn->told = true;
}

void broker_on_office_frame(struct broker *b, uint64_t number, const uint8_t key[ESEP_KEY_BYTES],
                            struct esep_slice frame, esep_time now)
{
    ESEP_ASSERT(b->effect_count == 0);
    b->counters[BROKER_FRAMES]++;
    b->counters[BROKER_BYTES] += frame.len;
    struct roster_entry *entry = broker_roster_find(&b->roster, key);
    if (entry != NULL) {
        entry->seen_at = now;
        entry->frames++;
        entry->bytes += frame.len;
    }
    struct esep_envelope envelope = {0};
    struct verdict verdict = passes;
    struct conn *conn = conn_of(b, number, key, entry == NULL && b->roster.known, now, &verdict);
    if (conn != NULL) {
        verdict = judge(b, conn, entry, frame, &envelope, now);
    }
    const bool asks = envelope.kind == ESEP__V1__KIND__KIND_ASK_INGRESS;
    if (verdict.reason == 0 && asks && !broker_ingress_say(b, conn, &envelope, now)) {
        verdict = (struct verdict){REASON(MALFORMED), "a note of ingress is about one hash", 0};
    }
    if (verdict.reason != 0) {
        if (entry != NULL) {
            entry->refused++;
        }
        refuse(b, number, conn, frame, &verdict, now);
        return;
    }
    if (asks) {
        return;
    }
    stamp(conn, entry != NULL ? entry->office : 0);
    forward(b, conn, frame);
}

void broker_frame_unsent(struct broker *b, uint64_t origin, struct esep_slice frame, esep_time now)
{
    const struct verdict verdict = {REASON(WAIT), "the collector is busy", b->config.wait};
    refuse(b, origin, broker_conns_find(&b->conns, origin), frame, &verdict, now);
}

void broker_frame_again(struct broker *b, uint64_t origin, struct esep_slice frame, esep_time now)
{
    struct conn *conn = broker_conns_find(&b->conns, origin);
    ESEP_ASSERT(conn != NULL); /* its frame is what this event is about */
    if (broker_routable(b)) {
        forward(b, conn, frame);
        return;
    }
    const struct verdict verdict = wait_for_collector(b, "no collector is here now");
    refuse(b, origin, conn, frame, &verdict, now);
}
