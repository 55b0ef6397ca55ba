/* lib/io/zsock_event.c - what becomes of a socket's connections, from libzmq's own monitor.
 *
 * libzmq tells the monitor many small steps; owners want to know two things: is it up, and is it
 * gone, and why. For a client each connect ends in exactly one GONE, also where libzmq says nothing
 * at all: a name that does not resolve, a server that takes the connection and keeps silent.
 *
 * The pipe between libzmq's thread and us has no high-water mark: a full one would block that
 * thread, and closing a socket then waits for it for ever. What it holds is bounded by the speed at
 * which connections can be made.
 */
#include "io/zsock_internal.h"

#include <event2/event.h>
#include <stdio.h>

#define WATCHED                                                                                    \
    (ZMQ_EVENT_CONNECTED | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_CLOSED |       \
     ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |    \
     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
#define EVENTS_A_TURN 256

/* Says it, and whether the socket is still there afterwards. */
static bool say(struct esep_zsock *sock, enum esep_zsock_event event, const char *detail)
{
    bool freed = false;
    bool *outer = sock->monitor_watch.freed;
    sock->monitor_watch.freed = &freed;
    sock->on_event(sock, event, detail, sock->context);
    if (freed) {
        if (outer != NULL)
            *outer = true;
        return false;
    }
    sock->monitor_watch.freed = outer;
    return true;
}

static bool client_ended(struct esep_zsock *sock, const char *detail)
{
    sock->up = false;
    sock->connections = 0;
    if (sock->ended)
        return true;
    sock->ended = true;
    if (sock->connect_timer != NULL)
        (void)event_del(sock->connect_timer);
    return say(sock, ESEP_ZSOCK_GONE, detail);
}

static bool client_up(struct esep_zsock *sock)
{
    sock->up = true;
    sock->connections = 1;
    sock->ended = false; /* where libzmq dialled again by itself */
    (void)event_del(sock->connect_timer);
    return say(sock, ESEP_ZSOCK_UP, "connected");
}

static const char *failure_text(uint16_t event, uint32_t value, char *out, size_t room)
{
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        (void)snprintf(out, room, "our key is refused (%u)", value);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        (void)snprintf(out, room,
                       "the other side does not speak our protocol, or has other keys "
                       "(0x%x)",
                       value);
        break;
    default:
        /* A server whose key is another one cannot read our greeting, and hangs up. */
        (void)snprintf(out, room, "the handshake broke off (%s): is the key we know its own?",
                       zmq_strerror((int)value));
        break;
    }
    return out;
}

static bool client_event(struct esep_zsock *sock, uint16_t event, uint32_t value)
{
    char text[128];
    switch (event) {
    case ZMQ_EVENT_CONNECTED:
        esep_zsock_tcp_connected(sock, (int)value);
        return true;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        return client_up(sock);
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        return client_ended(sock, failure_text(event, value, text, sizeof(text)));
    case ZMQ_EVENT_DISCONNECTED:
        return client_ended(sock, "the connection broke");
    case ZMQ_EVENT_CLOSED:
        return client_ended(sock, "nobody answers at this address");
    default:
        return true;
    }
}

static bool server_event(struct esep_zsock *sock, uint16_t event, uint32_t value)
{
    char text[128];
    switch (event) {
    case ZMQ_EVENT_ACCEPTED:
        sock->connections++;
        return true;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        return say(sock, ESEP_ZSOCK_UP, "connected");
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        return say(sock, ESEP_ZSOCK_REFUSED, failure_text(event, value, text, sizeof(text)));
    case ZMQ_EVENT_DISCONNECTED:
        if (sock->connections > 0)
            sock->connections--;
        return say(sock, ESEP_ZSOCK_GONE, "the connection ended");
    case ZMQ_EVENT_ACCEPT_FAILED:
        return say(sock, ESEP_ZSOCK_STUCK, zmq_strerror((int)value));
    default:
        return true;
    }
}

/* One event: two parts, six bytes (number and value, in this machine's order) and the address. */
static bool recv_event(struct esep_zsock *sock, uint16_t *ret_event, uint32_t *ret_value)
{
    zmq_msg_t part;
    bool more = true, whole = false;
    for (unsigned i = 0; more; i++) {
        (void)zmq_msg_init(&part);
        if (zmq_msg_recv(&part, sock->monitor, ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(&part);
            return false;
        }
        if (i == 0 && zmq_msg_size(&part) >= 6) {
            const uint8_t *data = zmq_msg_data(&part);
            memcpy(ret_event, data, sizeof(*ret_event));
            memcpy(ret_value, data + 2, sizeof(*ret_value));
            whole = true;
        }
        more = zmq_msg_more(&part) != 0;
        (void)zmq_msg_close(&part);
    }
    return whole;
}

static void on_monitor(void *context)
{
    struct esep_zsock *sock = (struct esep_zsock *)context;
    for (unsigned i = 0; i < EVENTS_A_TURN; i++) {
        uint16_t event = 0;
        uint32_t value = 0;
        if (!recv_event(sock, &event, &value)) {
            esep_zwatch_drained(&sock->monitor_watch);
            return;
        }
        if (!(sock->client ? client_event(sock, event, value) : server_event(sock, event, value)))
            return;
    }
}

static void on_connect_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct esep_zsock *sock = (struct esep_zsock *)context;
    if (!sock->up)
        (void)client_ended(sock, "no answer in time");
}

enum esep_status esep_zsock_on_event(struct esep_zsock *sock, esep_zsock_event_fn *on_event,
                                     struct esep_reason *reason)
{
    char endpoint[64];
    ESEP_ASSERT(sock->monitor == NULL);
    (void)snprintf(endpoint, sizeof(endpoint), "inproc://esep.monitor.%p", (void *)sock);
    sock->on_event = on_event;
    const int none = 0;
    enum esep_status status = ESEP_IO;
    if (zmq_socket_monitor(sock->socket, endpoint, WATCHED) != 0)
        goto fail;
    sock->monitor = zmq_socket(sock->zmq_context, ZMQ_PAIR);
    if (sock->monitor == NULL ||
        zmq_setsockopt(sock->monitor, ZMQ_RCVHWM, &none, sizeof(none)) != 0 ||
        zmq_setsockopt(sock->monitor, ZMQ_LINGER, &none, sizeof(none)) != 0 ||
        zmq_connect(sock->monitor, endpoint) != 0)
        goto fail;
    status = esep_zwatch_init(&sock->monitor_watch, sock->base, sock->monitor, on_monitor, sock);
    if (status != ESEP_OK)
        goto fail;
    sock->connect_timer = evtimer_new(sock->base, on_connect_timer, sock);
    if (sock->connect_timer == NULL) {
        status = ESEP_NOMEM;
        goto fail;
    }
    return ESEP_OK;
fail:
    (void)esep_because(reason, status, "cannot watch a socket: %s", zmq_strerror(zmq_errno()));
    esep_zsock_events_done(sock);
    return status;
}

void esep_zsock_events_connecting(struct esep_zsock *sock)
{
    sock->up = false;
    sock->ended = false;
    if (sock->connect_timer == NULL)
        return;
    const long ms = 2L * sock->handshake_ms;
    const struct timeval in = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    (void)event_add(sock->connect_timer, &in);
}

size_t esep_zsock_connections(const struct esep_zsock *sock)
{
    return sock->connections;
}

void esep_zsock_events_done(struct esep_zsock *sock)
{
    if (sock->connect_timer != NULL)
        event_free(sock->connect_timer);
    sock->connect_timer = NULL;
    esep_zwatch_done(&sock->monitor_watch);
    if (sock->monitor != NULL) {
        (void)zmq_socket_monitor(sock->socket, NULL, 0);
        (void)zmq_close(sock->monitor);
        sock->monitor = NULL;
    }
}
