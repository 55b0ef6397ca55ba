/* broker/operator_wire.c - see operator_wire.h.
 *
 * A DEALER that blocks: this is a command, not a daemon. IMMEDIATE makes the first send wait for a
 * finished handshake, so a broker that is down costs its share of the time and the next one is
 * tried, with the order not yet sent anywhere.
 */
#include "broker/operator_wire.h"

#include "io/loop.h"
#include "wire/log_keys.h"
#include "wire/session.h"
#include "wire/statement.h"
#include "wire/unpack.h"

#include <errno.h>
#include <time.h>
#include <zmq.h>

#define FRAME_BYTES_MAX ((size_t)1 << 20)
#define CONNECT_MS 8000

struct call {
    const struct operator_way *way;
    void *socket;
    struct esep_session session;
    struct esep_buf frame;
    int64_t until_ms;
};

static int64_t clock_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int left_ms(const struct call *call)
{
    const int64_t left = call->until_ms - clock_ms();
    return left > 0 ? (int)left : 0;
}

static void pause_ms(int ms)
{
    const struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&wait, NULL);
}

/* The signed order, sealed under the session's first key: one frame. */
static enum esep_status seal(struct call *call, struct esep_slice order, struct esep_reason *reason)
{
    const struct operator_settings *s = call->way->settings;
    struct esep_hash log_id;
    memcpy(log_id.bytes, s->log_id, sizeof log_id.bytes);
    const struct esep_hash said = esep_order_statement(&log_id, order);
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    esep_sign(&call->way->sign, esep_slice(said.bytes, sizeof said.bytes), signature);

    Esep__V1__SignedOrder signed_order;
    esep__v1__signed_order__init(&signed_order);
    signed_order.order = esep_pb(order.data, order.len);
    signed_order.operator_key = esep_pb(call->way->sign.public, ESEP_KEY_BYTES);
    signed_order.signature = esep_pb(signature, sizeof signature);

    uint8_t seed[32];
    esep_random(seed, sizeof seed);
    struct esep_buf plain;
    esep_buf_init(&plain, FRAME_BYTES_MAX);
    enum esep_status status = esep_session_begin(&call->session, seed, s->seal_key, &log_id);
    esep_wipe(seed, sizeof seed);
    if (status == ESEP_OK) {
        status = esep_pack(&signed_order.base, &plain);
    }
    if (status == ESEP_OK) {
        status = esep_session_seal_first(&call->session, ESEP__V1__KIND__KIND_ORDER,
                                         esep_buf_slice(&plain), &call->frame);
    }
    esep_buf_done(&plain);
    return status == ESEP_OK
               ? ESEP_OK
               : esep_because(reason, status, "the order cannot be sealed: is seal_key right?");
}

static enum esep_status dial(struct call *call, void *context, size_t broker,
                             struct esep_reason *reason)
{
    const struct operator_settings *s = call->way->settings;
    const int zero = 0;
    const int one = 1;
    const int64_t most = (int64_t)FRAME_BYTES_MAX;
    call->socket = zmq_socket(context, ZMQ_DEALER);
    if (call->socket == NULL) {
        return esep_because(reason, ESEP_NOMEM, "no socket: %s", zmq_strerror(zmq_errno()));
    }
    const struct {
        int option;
        const void *value;
        size_t len;
    } options[] = {
        {ZMQ_LINGER, &zero, sizeof zero},
        {ZMQ_IMMEDIATE, &one, sizeof one},
        {ZMQ_MAXMSGSIZE, &most, sizeof most},
        {ZMQ_CURVE_SERVERKEY, s->brokers[broker].key, ESEP_KEY_BYTES},
        {ZMQ_CURVE_PUBLICKEY, call->way->curve.public, ESEP_KEY_BYTES},
        {ZMQ_CURVE_SECRETKEY, call->way->curve.secret, ESEP_KEY_BYTES},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (zmq_setsockopt(call->socket, options[i].option, options[i].value, options[i].len) !=
            0) {
            return esep_because(reason, ESEP_INVALID, "socket option: %s",
                                zmq_strerror(zmq_errno()));
        }
    }
    if (zmq_connect(call->socket, s->brokers[broker].address) != 0) {
        return esep_because(reason, ESEP_INVALID, "%s: %s", s->brokers[broker].address,
                            zmq_strerror(zmq_errno()));
    }
    return ESEP_OK;
}

/* ESEP_AGAIN: no connection to this broker, the order went nowhere. */
static enum esep_status send_frame(struct call *call, const char *address,
                                   struct esep_reason *reason)
{
    const int left = left_ms(call);
    const int wait = left < CONNECT_MS ? left : CONNECT_MS;
    (void)zmq_setsockopt(call->socket, ZMQ_SNDTIMEO, &wait, sizeof wait);
    if (zmq_send(call->socket, call->frame.data, call->frame.len, 0) >= 0) {
        return ESEP_OK;
    }
    return esep_because(reason, ESEP_AGAIN,
                        "%s does not let this key in or is not reachable: check address and key of "
                        "the broker, and that the collector's config lists this operator",
                        address);
}

enum answer { ANSWER_REPLY, ANSWER_WAIT, ANSWER_FAILED, ANSWER_OTHER };

static enum answer judge_refusal(const struct call *call, const struct esep_envelope *envelope,
                                 int *ret_wait_ms, enum esep_status *ret_status,
                                 struct esep_reason *reason)
{
    uint8_t room[32768]; /* the log's keys may stand in it */
    struct esep_arena arena = {.block = room, .size_bytes = sizeof room};
    const ProtobufCMessage *message = NULL;
    if (esep_unpack(&esep__v1__refusal__descriptor, envelope->sealed, &arena, &message) !=
        ESEP_OK) {
        return ANSWER_OTHER;
    }
    const Esep__V1__Refusal *refusal = (const Esep__V1__Refusal *)message;
    const bool from_collector = refusal->signature.len == ESEP_SIGNATURE_BYTES &&
                                refusal->session.len == ESEP_SESSION_ID_BYTES;
    if (from_collector) {
        struct esep_hash log_id;
        struct esep_log_keys keys;
        memcpy(log_id.bytes, call->way->settings->log_id, sizeof log_id.bytes);
        esep_log_keys_begin(&keys, call->way->settings->log_key);
        if (esep_refusal_verify(&keys, &log_id, refusal) != ESEP_OK ||
            memcmp(refusal->session.data, call->session.id, ESEP_SESSION_ID_BYTES) != 0) {
            return ANSWER_OTHER; /* not of the collector, or of another order */
        }
    } else if (refusal->reason == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_WAIT ||
               refusal->reason == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_LIMIT) {
        *ret_wait_ms = (int)(refusal->retry_after_ms < 600000 ? refusal->retry_after_ms : 600000);
        (void)esep_because(reason, ESEP_AGAIN, "the broker says: %s", refusal->text);
        return ANSWER_WAIT;
    }
    *ret_status = esep_because(reason, ESEP_DENIED, "the %s says: %s",
                               from_collector ? "collector" : "broker", refusal->text);
    return ANSWER_FAILED;
}

static enum answer judge(struct call *call, struct esep_slice frame, struct esep_buf *reply,
                         int *ret_wait_ms, enum esep_status *ret_status, struct esep_reason *reason)
{
    struct esep_envelope envelope;
    if (esep_envelope_read(frame, &envelope, NULL) != ESEP_OK) {
        return ANSWER_OTHER;
    }
    if (envelope.kind == ESEP__V1__KIND__KIND_REFUSAL) {
        return judge_refusal(call, &envelope, ret_wait_ms, ret_status, reason);
    }
    if (envelope.kind != ESEP__V1__KIND__KIND_ORDER_REPLY ||
        esep_session_open(&call->session, &envelope, reply) != ESEP_OK) {
        return ANSWER_OTHER;
    }
    *ret_status = ESEP_OK;
    return ANSWER_REPLY;
}

/* After the order went out: its answer, or what a broker says of it. */
static enum answer await(struct call *call, struct esep_buf *reply, int *ret_wait_ms,
                         enum esep_status *ret_status, struct esep_reason *reason)
{
    for (;;) {
        zmq_pollitem_t item = {.socket = call->socket, .events = ZMQ_POLLIN};
        const int left = left_ms(call);
        const int ready = zmq_poll(&item, 1, left);
        if (ready < 0 && zmq_errno() == EINTR) {
            continue;
        }
        if (ready <= 0) {
            *ret_status = esep_because(
                reason, ESEP_AGAIN,
                "no answer in time: it is not known whether the order was carried out; look with "
                "'keys list' before you order again");
            return ANSWER_FAILED;
        }
        zmq_msg_t message;
        (void)zmq_msg_init(&message);
        enum answer answer = ANSWER_OTHER;
        if (zmq_msg_recv(&message, call->socket, ZMQ_DONTWAIT) >= 0) {
            answer = judge(call, esep_slice(zmq_msg_data(&message), zmq_msg_size(&message)), reply,
                           ret_wait_ms, ret_status, reason);
        }
        (void)zmq_msg_close(&message);
        if (answer != ANSWER_OTHER) {
            return answer;
        }
    }
}

/* ret_done: it was answered, or may have reached a collector: no other broker is tried. */
static enum esep_status try_broker(struct call *call, void *context, size_t broker,
                                   struct esep_buf *reply, bool *ret_done,
                                   struct esep_reason *reason)
{
    *ret_done = false;
    enum esep_status status = dial(call, context, broker, reason);
    while (status == ESEP_OK) {
        status = send_frame(call, call->way->settings->brokers[broker].address, reason);
        if (status != ESEP_OK) {
            break;
        }
        int wait_ms = 0;
        const enum answer answer = await(call, reply, &wait_ms, &status, reason);
        if (answer != ANSWER_WAIT) {
            *ret_done = true;
            break;
        }
        if (wait_ms >= left_ms(call)) {
            status = ESEP_AGAIN;
            break;
        }
        pause_ms(wait_ms);
        status = ESEP_OK;
    }
    if (call->socket != NULL) {
        (void)zmq_close(call->socket);
        call->socket = NULL;
    }
    return status;
}

enum esep_status operator_wire_call(const struct operator_way *way, struct esep_slice order,
                                    struct esep_buf *reply, struct esep_reason *reason)
{
    struct call call = {.way = way, .until_ms = clock_ms() + way->settings->timeout / 1000};
    esep_buf_init(&call.frame, FRAME_BYTES_MAX);
    void *context = zmq_ctx_new();
    enum esep_status status = context != NULL ? esep_files_check(reason) : ESEP_NOMEM;
    if (status == ESEP_OK) {
        status = seal(&call, order, reason);
    }
    bool done = status != ESEP_OK;
    for (size_t i = 0; !done && i < way->settings->broker_count && left_ms(&call) > 0; i++) {
        status = try_broker(&call, context, i, reply, &done, reason);
    }
    esep_session_done(&call.session);
    esep_buf_done(&call.frame);
    if (context != NULL) {
        (void)zmq_ctx_term(context);
    }
    return status;
}
