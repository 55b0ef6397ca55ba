/* lib/io/zsock.c - options, binding, messages in and out. Readiness is zwatch.c's, connections are
 * zsock_event.c's.
 *
 * The path of a message allocates nothing of ours: the parts of the one that was received live in
 * the socket until the next receive, and a part that is sent is built in libzmq's own memory.
 * MAXMSGSIZE is set a little above frame_bytes_max, since CURVE adds to a frame and libzmq answers
 * excess by cutting the connection: what is just too long is dropped here instead, and said.
 */
#include "io/zap.h"
#include "io/zsock_internal.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define WIRE_SLACK 64   /* CURVE's box and flags */
#define WIRE_LEAST 1024 /* handshake commands are frames too */
#define HANDSHAKE_MS 30000
#define SKIP_AT_ONCE 1024
#define BACKLOG 1024
#define LIFETIME_MOST 65500 /* milliseconds */

void *esep_zcontext_new(int io_threads)
{
    void *context = zmq_ctx_new();
    if (context == NULL)
        return NULL;
    (void)zmq_ctx_set(context, ZMQ_IO_THREADS, io_threads);
    (void)zmq_ctx_set(context, ZMQ_BLOCKY, 0);
    return context;
}

void esep_zcontext_free(void *zmq_context)
{
    if (zmq_context == NULL)
        return;
    while (zmq_ctx_term(zmq_context) != 0 && errno == EINTR)
        continue;
}

/* Options. */

static bool set_int(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

static bool set_curve(struct esep_zsock *sock, const struct esep_zsock_options *o)
{
    if (o->curve == NULL)
        return true;
    if (o->server_public == NULL) {
        sock->server_curve = true;
        return set_int(sock->socket, ZMQ_CURVE_SERVER, 1) &&
               zmq_setsockopt(sock->socket, ZMQ_CURVE_SECRETKEY, o->curve->secret, 32) == 0 &&
               zmq_setsockopt(sock->socket, ZMQ_ZAP_DOMAIN, o->zap_domain, strlen(o->zap_domain)) ==
                   0;
    }
    sock->client_curve = true;
    return zmq_setsockopt(sock->socket, ZMQ_CURVE_SERVERKEY, o->server_public, 32) == 0 &&
           zmq_setsockopt(sock->socket, ZMQ_CURVE_PUBLICKEY, o->curve->public, 32) == 0 &&
           zmq_setsockopt(sock->socket, ZMQ_CURVE_SECRETKEY, o->curve->secret, 32) == 0;
}

static bool set_heartbeat(void *socket, int ms)
{
    if (ms <= 0)
        return true;
    /* The lifetime told to the peer travels in tenths of a second, in 16 bits; and libzmq 4.3.4
     * turns it into milliseconds in 16 bits, too: of two minutes it makes 54 seconds. */
    const int timeout = ms > INT_MAX / 3 ? INT_MAX : 3 * ms;
    const int lifetime = timeout > LIFETIME_MOST ? LIFETIME_MOST : timeout;
    return set_int(socket, ZMQ_HEARTBEAT_IVL, ms) &&
           set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, timeout) &&
           set_int(socket, ZMQ_HEARTBEAT_TTL, lifetime);
}

#define PROBES 5
#define PROBE_EVERY_S 60

static bool set_keep_alive(void *socket, int seconds)
{
    return seconds <= 0 || (set_int(socket, ZMQ_TCP_KEEPALIVE, 1) &&
                            set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, seconds) &&
                            set_int(socket, ZMQ_TCP_KEEPALIVE_INTVL, PROBE_EVERY_S) &&
                            set_int(socket, ZMQ_TCP_KEEPALIVE_CNT, PROBES));
}

static bool set_options(struct esep_zsock *sock, const struct esep_zsock_options *o)
{
    void *s = sock->socket;
    bool ok =
        set_int(s, ZMQ_LINGER, 0) && set_int(s, ZMQ_HANDSHAKE_IVL, sock->handshake_ms) &&
        set_int(s, ZMQ_CONNECT_TIMEOUT, o->connect_ms > 0 ? o->connect_ms : sock->handshake_ms) &&
        set_int(s, ZMQ_TCP_MAXRT, o->dead_ms > 0 ? o->dead_ms : 0) &&
        set_int(s, ZMQ_BACKLOG, BACKLOG) &&
        /* Bound sockets ignore it; a client queues nothing for a peer that is not there. */
        set_int(s, ZMQ_IMMEDIATE, 1) && set_int(s, ZMQ_RECONNECT_IVL, o->reconnect ? 1000 : -1) &&
        set_int(s, ZMQ_RECONNECT_IVL_MAX, o->reconnect ? 30000 : 0) &&
        set_heartbeat(s, o->heartbeat_ms) && set_keep_alive(s, o->keep_alive_s) &&
        set_curve(sock, o);
    if (o->hwm_messages > 0)
        ok = ok && set_int(s, ZMQ_SNDHWM, o->hwm_messages) &&
             set_int(s, ZMQ_RCVHWM, o->hwm_messages);
    if (o->frame_bytes_max > 0) {
        int64_t most = (int64_t)o->frame_bytes_max + WIRE_SLACK;
        most = most < WIRE_LEAST ? WIRE_LEAST : most;
        ok = ok && zmq_setsockopt(s, ZMQ_MAXMSGSIZE, &most, sizeof(most)) == 0;
    }
    if (o->type == ESEP_ZSOCK_ROUTER)
        ok = ok && set_int(s, ZMQ_ROUTER_MANDATORY, 1);
    if (o->type == ESEP_ZSOCK_REQ) /* a lost answer does not jam it */
        ok = ok && set_int(s, ZMQ_REQ_CORRELATE, 1) && set_int(s, ZMQ_REQ_RELAXED, 1);
    return ok;
}

/* Life. */

static void on_watch_readable(void *context)
{
    struct esep_zsock *sock = (struct esep_zsock *)context;
    sock->budget = ESEP_ZSOCK_TURN;
    sock->on_readable(sock, sock->context);
}

static void on_watch_writable(void *context)
{
    struct esep_zsock *sock = (struct esep_zsock *)context;
    sock->on_writable(sock, sock->context);
}

enum esep_status esep_zsock_new(struct esep_zsock **ret, struct event_base *base, void *zmq_context,
                                const struct esep_zsock_options *options,
                                esep_zsock_readable_fn *on_readable, void *context,
                                struct esep_reason *reason)
{
    static const int types[] = {[ESEP_ZSOCK_ROUTER] = ZMQ_ROUTER,
                                [ESEP_ZSOCK_DEALER] = ZMQ_DEALER,
                                [ESEP_ZSOCK_REP] = ZMQ_REP,
                                [ESEP_ZSOCK_REQ] = ZMQ_REQ};
    if (options->curve != NULL && options->server_public == NULL &&
        (options->zap_domain == NULL || options->zap_domain[0] == '\0'))
        return esep_because(reason, ESEP_INVALID, "a CURVE server needs a ZAP domain");
    struct esep_zsock *sock = calloc(1, sizeof(*sock));
    if (sock == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for a socket");
    sock->zmq_context = zmq_context;
    sock->base = base;
    sock->type = options->type;
    sock->frame_bytes_max = options->frame_bytes_max;
    sock->handshake_ms = options->handshake_ms > 0 ? options->handshake_ms : HANDSHAKE_MS;
    sock->hasten = options->hasten;
    sock->tcp = -1;
    sock->on_readable = on_readable;
    sock->context = context;
    sock->budget = ESEP_ZSOCK_TURN;
    for (size_t i = 0; i < ESEP_ZSOCK_PARTS_MAX; i++)
        (void)zmq_msg_init(&sock->parts[i]);
    enum esep_status status = ESEP_IO;
    sock->socket = zmq_socket(zmq_context, types[options->type]);
    if (sock->socket == NULL || !set_options(sock, options))
        goto fail;
    status = esep_zwatch_init(&sock->watch, base, sock->socket, on_watch_readable, sock);
    if (status != ESEP_OK)
        goto fail;
    *ret = sock;
    return ESEP_OK;
fail:
    (void)esep_because(reason, status, "cannot make a ZeroMQ socket: %s", zmq_strerror(errno));
    esep_zsock_free(sock);
    return status;
}

void esep_zsock_free(struct esep_zsock *sock)
{
    if (sock == NULL)
        return;
    esep_zsock_events_done(sock);
    esep_zwatch_done(&sock->watch);
    for (size_t i = 0; i < ESEP_ZSOCK_PARTS_MAX; i++)
        (void)zmq_msg_close(&sock->parts[i]);
    if (sock->socket != NULL)
        (void)zmq_close(sock->socket);
    free(sock);
}

void esep_zsock_on_writable(struct esep_zsock *sock, esep_zsock_readable_fn *on_writable)
{
    sock->on_writable = on_writable;
    sock->watch.on_writable = on_writable != NULL ? on_watch_writable : NULL;
}

void esep_zsock_hold(struct esep_zsock *sock, bool held)
{
    esep_zwatch_hold(&sock->watch, held);
}

/* Endpoints. */

static bool is_local(const char *endpoint)
{
    return strncmp(endpoint, "ipc://", 6) == 0 || strncmp(endpoint, "inproc://", 9) == 0;
}

static enum esep_status endpoint_failed(const char *doing, const char *endpoint,
                                        struct esep_reason *reason)
{
    const int code = errno;
    const enum esep_status status = code == EADDRINUSE                ? ESEP_CONFLICT
                                    : code == EACCES || code == EPERM ? ESEP_DENIED
                                    : code == EINVAL || code == EPROTONOSUPPORT || code == ENODEV
                                        ? ESEP_INVALID
                                        : ESEP_IO;
    const char *advice = code == EADDRINUSE ? ": another program has it; stop that one, or "
                                              "configure another port"
                         : code == ENODEV   ? ": no network card here has this address"
                                            : "";
    return esep_because(reason, status, "cannot %s %.100s: %s%s", doing, endpoint,
                        zmq_strerror(code), advice);
}

static size_t find_endpoint(const struct esep_zsock *sock, const char *endpoint)
{
    size_t i = 0;
    while (i < sock->endpoint_count && strcmp(sock->endpoints[i], endpoint) != 0)
        i++;
    return i;
}

/* IPv6 only where the address is one: libzmq tries one family alone for a name that has both. */
static void choose_family(struct esep_zsock *sock, const char *endpoint)
{
    (void)set_int(sock->socket, ZMQ_IPV6, strchr(endpoint, '[') != NULL ? 1 : 0);
}

enum esep_status esep_zsock_bind(struct esep_zsock *sock, const char *endpoint,
                                 char ret_endpoint[256], struct esep_reason *reason)
{
    char bound[256] = "";
    size_t size = sizeof(bound);
    if (sock->server_curve && !esep_zap_present(sock->zmq_context))
        return esep_because(reason, ESEP_DENIED,
                            "not binding %.100s: CURVE without a ZAP handler lets everyone in",
                            endpoint);
    if (!sock->server_curve && !is_local(endpoint))
        return esep_because(reason, ESEP_DENIED,
                            "not binding %.100s: only ipc:// goes without CURVE", endpoint);
    if (find_endpoint(sock, endpoint) < sock->endpoint_count) {
        (void)esep_zsock_deafen(endpoint, false);
        if (ret_endpoint != NULL)
            (void)snprintf(ret_endpoint, 256, "%s", endpoint);
        return ESEP_OK;
    }
    if (sock->endpoint_count == ESEP_ZSOCK_ENDPOINTS_MAX)
        return esep_because(reason, ESEP_LIMIT, "too many addresses to bind (at most %d)",
                            ESEP_ZSOCK_ENDPOINTS_MAX);
    choose_family(sock, endpoint);
    if (zmq_bind(sock->socket, endpoint) != 0)
        return endpoint_failed("bind", endpoint, reason);
    if (zmq_getsockopt(sock->socket, ZMQ_LAST_ENDPOINT, bound, &size) != 0)
        return endpoint_failed("read back", endpoint, reason);
    memcpy(sock->endpoints[sock->endpoint_count++], bound, sizeof(bound));
    if (sock->hasten && !is_local(bound))
        (void)esep_zsock_hasten(esep_zsock_listener(bound));
    if (ret_endpoint != NULL)
        memcpy(ret_endpoint, bound, sizeof(bound));
    esep_zwatch_touched(&sock->watch);
    return ESEP_OK;
}

void esep_zsock_unbind(struct esep_zsock *sock, const char *endpoint)
{
    if (find_endpoint(sock, endpoint) < sock->endpoint_count)
        (void)esep_zsock_deafen(endpoint, true);
}

enum esep_status esep_zsock_connect(struct esep_zsock *sock, const char *endpoint,
                                    struct esep_reason *reason)
{
    if (!sock->client_curve && !is_local(endpoint))
        return esep_because(reason, ESEP_DENIED,
                            "not connecting to %.100s: only ipc:// goes without the server's key",
                            endpoint);
    choose_family(sock, endpoint);
    sock->client = true;
    if (zmq_connect(sock->socket, endpoint) != 0)
        return endpoint_failed("connect to", endpoint, reason);
    esep_zsock_events_connecting(sock);
    esep_zwatch_touched(&sock->watch);
    return ESEP_OK;
}

/* Messages in. */

static bool is_last(zmq_msg_t *part)
{
    return zmq_msg_more(part) == 0;
}

/* Reads on to the end of a message; a few at a time, since a peer may send parts without end. */
static void skip_rest(struct esep_zsock *sock)
{
    zmq_msg_t *part = &sock->parts[ESEP_ZSOCK_PARTS_MAX - 1];
    for (unsigned i = 0; i < SKIP_AT_ONCE && sock->skipping; i++) {
        if (zmq_msg_recv(part, sock->socket, ZMQ_DONTWAIT) < 0) {
            sock->skipping = errno == EINTR; /* parts come whole: anything else is its end */
            return;
        }
        sock->skipping = !is_last(part);
    }
}

static enum esep_status recv_first(struct esep_zsock *sock)
{
    while (zmq_msg_recv(&sock->parts[0], sock->socket, ZMQ_DONTWAIT) < 0) {
        if (errno == EINTR)
            continue;
        /* A REP that owes an answer has nothing to read until it gave it. */
        const bool later = errno == EAGAIN || errno == EFSM;
        esep_zwatch_drained(&sock->watch);
        return later ? ESEP_AGAIN : ESEP_IO;
    }
    return ESEP_OK;
}

static bool read_user(zmq_msg_t *payload, uint8_t ret_key[32])
{
    const char *user = zmq_msg_gets(payload, "User-Id");
    return user != NULL && esep_unhex(user, ret_key, 32) == ESEP_OK;
}

/* What a peer may not send; the whole message is there already. */
static bool acceptable(const struct esep_zsock *sock, const struct esep_zmessage *message)
{
    const size_t first = sock->type == ESEP_ZSOCK_ROUTER ? 1 : 0;
    if (first == 1 && esep_zsock_conn(message->parts[0]) == 0)
        return false;
    for (size_t i = first; sock->frame_bytes_max > 0 && i < message->count; i++)
        if (message->parts[i].len > sock->frame_bytes_max)
            return false;
    return !sock->server_curve || message->user_known;
}

enum esep_status esep_zsock_recv(struct esep_zsock *sock, struct esep_zmessage *ret)
{
    ret->count = 0;
    ret->user_known = false;
    ret->priv[0] = NULL;
    if (sock->budget == 0) {
        if (!sock->watch.held)
            esep_zwatch_touched(&sock->watch);
        return ESEP_AGAIN;
    }
    sock->budget--;
    if (sock->skipping) {
        skip_rest(sock);
        return ESEP_INVALID;
    }
    const enum esep_status status = recv_first(sock);
    if (status != ESEP_OK)
        return status;
    size_t count = 1;
    while (!is_last(&sock->parts[count - 1])) {
        if (count == ESEP_ZSOCK_PARTS_MAX) {
            sock->skipping = true;
            skip_rest(sock);
            return ESEP_INVALID;
        }
        if (zmq_msg_recv(&sock->parts[count], sock->socket, ZMQ_DONTWAIT) >= 0)
            count++;
        else if (errno != EINTR)
            return ESEP_INVALID;
    }
    for (size_t i = 0; i < count; i++)
        ret->parts[i] = esep_slice(zmq_msg_data(&sock->parts[i]), zmq_msg_size(&sock->parts[i]));
    ret->count = count;
    ret->priv[0] = sock;
    if (sock->server_curve)
        ret->user_known = read_user(&sock->parts[count - 1], ret->user_key);
    if (acceptable(sock, ret))
        return ESEP_OK;
    esep_zmessage_close(ret);
    return ESEP_INVALID;
}

void esep_zmessage_close(struct esep_zmessage *message)
{
    struct esep_zsock *sock = (struct esep_zsock *)message->priv[0];
    for (size_t i = 0; sock != NULL && i < message->count; i++) {
        (void)zmq_msg_close(&sock->parts[i]);
        (void)zmq_msg_init(&sock->parts[i]);
    }
    message->count = 0;
    message->priv[0] = NULL;
}

/* Messages out. */

static enum esep_status send_status(struct esep_zsock *sock, int code)
{
    switch (code) {
    case EAGAIN:
        esep_zwatch_blocked(&sock->watch, sock->type != ESEP_ZSOCK_ROUTER);
        return ESEP_AGAIN;
    case EHOSTUNREACH:
        return ESEP_NOT_FOUND;
    case EFSM:
        return ESEP_CONFLICT;
    case ENOMEM:
        return ESEP_NOMEM;
    default:
        return ESEP_IO;
    }
}

static int send_part(struct esep_zsock *sock, zmq_msg_t *part, bool more)
{
    int rc;
    do
        rc = zmq_msg_send(part, sock->socket, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
    while (rc < 0 && errno == EINTR);
    return rc < 0 ? errno : 0;
}

/* All are built before any is sent: with no memory for the last, none goes. */
static enum esep_status build_parts(zmq_msg_t *built, const struct esep_slice *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (zmq_msg_init_size(&built[i], parts[i].len) != 0) {
            while (i-- > 0)
                (void)zmq_msg_close(&built[i]);
            return ESEP_NOMEM;
        }
        if (parts[i].len > 0)
            memcpy(zmq_msg_data(&built[i]), parts[i].data, parts[i].len);
    }
    return ESEP_OK;
}

enum esep_status esep_zsock_send(struct esep_zsock *sock, const struct esep_slice *parts,
                                 size_t count)
{
    zmq_msg_t built[ESEP_ZSOCK_PARTS_MAX + 1];
    ESEP_ASSERT(count > 0 && count <= ESEP_ZSOCK_PARTS_MAX + 1);
    for (size_t i = 0; i < count; i++)
        if (sock->frame_bytes_max > 0 && parts[i].len > sock->frame_bytes_max)
            return ESEP_LIMIT;
    if (build_parts(built, parts, count) != ESEP_OK)
        return ESEP_NOMEM;
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        const int code = send_part(sock, &built[i], i + 1 < count);
        if (code == 0)
            continue;
        failed = failed != 0 ? failed : code;
        /* Nothing went yet: keep the rest back. Where the peer goes in the middle, libzmq drops the
         * message, and must be handed the other parts to drop as well: a part left out would make
         * the next message's head its tail. */
        for (size_t j = i; j < (i == 0 ? count : i + 1); j++)
            (void)zmq_msg_close(&built[j]);
        if (i == 0)
            break;
    }
    esep_zwatch_touched(&sock->watch);
    return failed == 0 ? ESEP_OK : send_status(sock, failed);
}

/* Names of peers. */

uint64_t esep_zsock_conn(struct esep_slice routing_id)
{
    if (routing_id.len != 5 || routing_id.data[0] != 0)
        return 0;
    return (uint64_t)1 << 32 | esep_be32(routing_id.data + 1);
}

struct esep_slice esep_zsock_routing_id(uint64_t conn, uint8_t out[8])
{
    if (conn >> 32 != 1)
        return esep_slice(NULL, 0);
    out[0] = 0;
    esep_be32_put(out + 1, (uint32_t)conn);
    return esep_slice(out, 5);
}
