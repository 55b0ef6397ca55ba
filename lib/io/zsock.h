/* lib/io/zsock.h - a ZeroMQ socket in a libevent loop; the one file that knows about ZMQ_FD.
 *
 * ZMQ_FD is edge-triggered and lies: a send or a receive may swallow the edge. So after every
 * operation, and once more from a zero-timeout event, ZMQ_EVENTS is read again; the owner's
 * on_readable is called until it has received AGAIN. Nothing else in the tree touches ZMQ_FD.
 *
 * A CURVE server binds only where a ZAP handler (zap.h) runs for its context: esep_zsock_bind
 * refuses otherwise, since CURVE without ZAP lets everyone in.
 *
 * One thread: the loop's.
 */
#ifndef ESEP_IO_ZSOCK_H
#define ESEP_IO_ZSOCK_H

#include "base/crypto.h"
#include "base/slice.h"
#include "base/time.h"

struct event_base;
struct esep_zsock;

enum esep_zsock_type { ESEP_ZSOCK_ROUTER, ESEP_ZSOCK_DEALER, ESEP_ZSOCK_REP, ESEP_ZSOCK_REQ };

struct esep_curve_key {
    uint8_t secret[32];
    uint8_t public[32];
};

struct esep_zsock_options {
    enum esep_zsock_type type;
    const struct esep_curve_key *curve; /* NULL: no CURVE (ipc:// only) */
    const uint8_t *server_public;       /* client: the server's key; NULL: we are the server */
    const char *zap_domain;             /* server: "agents", "collectors" */
    int hwm_messages;
    size_t frame_bytes_max;
    int handshake_ms;
    int connect_ms; /* client: for TCP's first answer; 0: handshake_ms */
    int dead_ms;    /* what TCP has sent is not acknowledged for so long: GONE; 0: the system's */
    bool hasten; /* that is sent again each second, where the kernel lets us, and five minutes hold
                  * in place of dead_ms (zsock_tcp.c) */
    int heartbeat_ms; /* 0: none; the timeout is three times this */
    int keep_alive_s; /* TCP asks after so long without a byte, and gives up 5 minutes later; 0: no
                       */
    /* Client: libzmq may dial again by itself (1 s to 30 s, no jitter). false: after GONE the owner
     * frees the socket and makes it anew, when its own backoff says so. */
    bool reconnect;
};

typedef void esep_zsock_readable_fn(struct esep_zsock *sock, void *context);

/* What becomes of connections. A client gets UP when the handshake is done, then GONE; or GONE at
 * once, with the cause in `detail` (also where nobody answers in twice handshake_ms). A server gets
 * UP for each handshake done, REFUSED for each that failed, GONE for each connection that ended
 * (also after REFUSED), and STUCK where it cannot accept: no descriptors. The callback may free the
 * socket. */
enum esep_zsock_event { ESEP_ZSOCK_UP = 1, ESEP_ZSOCK_GONE, ESEP_ZSOCK_REFUSED, ESEP_ZSOCK_STUCK };
typedef void esep_zsock_event_fn(struct esep_zsock *sock, enum esep_zsock_event event,
                                 const char *detail, void *context);

/* A context for the whole process; io_threads: 1 serves some 130,000 small frames a second.
 * NULL: no memory. Free every socket and ZAP handler before it. */
void *esep_zcontext_new(int io_threads);
void esep_zcontext_free(void *zmq_context);

/* zmq_context: void * from esep_zcontext_new or zmq_ctx_new. */
ESEP_MUST_USE enum esep_status esep_zsock_new(struct esep_zsock **ret, struct event_base *base,
                                              void *zmq_context,
                                              const struct esep_zsock_options *options,
                                              esep_zsock_readable_fn *on_readable, void *context,
                                              struct esep_reason *reason);
void esep_zsock_free(struct esep_zsock *sock); /* linger 0 */
/* Before bind or connect. context is the one given at new. */
ESEP_MUST_USE enum esep_status esep_zsock_on_event(struct esep_zsock *sock,
                                                   esep_zsock_event_fn *on_event,
                                                   struct esep_reason *reason);
/* Called once after a send said AGAIN, when it is worth trying again. */
void esep_zsock_on_writable(struct esep_zsock *sock, esep_zsock_readable_fn *on_writable);
/* Back-pressure: on_readable is not called while held; what has come waits in the queues. */
void esep_zsock_hold(struct esep_zsock *sock, bool held);
/* Connections of a server, those in handshake too; a client: 1 while up. Only with on_event. */
size_t esep_zsock_connections(const struct esep_zsock *sock);
/* ret_endpoint (may be NULL): the endpoint bound, with the port that "tcp://127.0.0.1:*" got.
 * Binding what is bound already is OK. ESEP_DENIED: CURVE without a ZAP handler, TCP without CURVE,
 * a port that is not ours to take; ESEP_CONFLICT: the port is in use. */
ESEP_MUST_USE enum esep_status esep_zsock_bind(struct esep_zsock *sock, const char *endpoint,
                                               char ret_endpoint[256], struct esep_reason *reason);
/* No new connections at this TCP endpoint (as esep_zsock_bind returned it) until it is bound again;
 * those there stay. Who dials sees no answer. */
void esep_zsock_unbind(struct esep_zsock *sock, const char *endpoint);
/* Closes what has connected there and is not yet accepted; takes one descriptor. false: some may be
 * left. */
bool esep_zsock_turn_away(const char *endpoint);
ESEP_MUST_USE enum esep_status esep_zsock_connect(struct esep_zsock *sock, const char *endpoint,
                                                  struct esep_reason *reason);

/* A client's: TCP was answered, whatever came of it. */
bool esep_zsock_answered(const struct esep_zsock *sock);
/* How a client's connection does. false: it has none over TCP now. */
struct esep_zsock_line {
    uint64_t moved;  /* bytes that were acknowledged, or have come */
    bool waiting;    /* some are sent and not acknowledged */
    uint64_t taken;  /* bytes that TCP has had from us, and ... */
    uint32_t unsent; /* ... those of them that have not gone out yet */
    esep_time round_trip;
    bool hastened; /* they are sent again each second */
};
bool esep_zsock_line(const struct esep_zsock *sock, struct esep_zsock_line *ret);
/* A fresh connection to where this one leads, begun: a descriptor that becomes writable when it is
 * answered, the caller's to close; -1. */
int esep_zsock_knock(const struct esep_zsock *sock);

#define ESEP_ZSOCK_PARTS_MAX 4
struct esep_zmessage {
    size_t count;
    struct esep_slice parts[ESEP_ZSOCK_PARTS_MAX]; /* valid until the next recv or _close */
    uint8_t user_key[32]; /* CURVE key of the peer, from the payload frame's User-Id */
    bool user_known;      /* false on a CURVE server: drop the message */
    void *priv[ESEP_ZSOCK_PARTS_MAX];
};
/* At most ESEP_ZSOCK_TURN messages a turn of the loop, so that one busy socket starves nobody:
 * then AGAIN, and on_readable comes again next turn.
 * ESEP_AGAIN: nothing there. ESEP_INVALID: a message was dropped (too many parts, a part over
 * frame_bytes_max, a routing id that libzmq did not make, or, on a CURVE server, no User-Id): call
 * again. ESEP_IO: the context is going down. */
#define ESEP_ZSOCK_TURN 256
ESEP_MUST_USE enum esep_status esep_zsock_recv(struct esep_zsock *sock, struct esep_zmessage *ret);
void esep_zmessage_close(struct esep_zmessage *message);
/* All parts or none. ESEP_AGAIN: queue full, or not connected; ESEP_NOT_FOUND: no such peer
 * (ROUTER); ESEP_LIMIT: a part over frame_bytes_max; ESEP_CONFLICT: not this one's turn (REQ, REP).
 * Copies. */
ESEP_MUST_USE enum esep_status esep_zsock_send(struct esep_zsock *sock,
                                               const struct esep_slice *parts, size_t count);

/* ROUTER's name for a peer (5 bytes that libzmq made) as a number, both ways; never 0 for one of
 * libzmq's, 0 for any other bytes. */
uint64_t esep_zsock_conn(struct esep_slice routing_id);
struct esep_slice esep_zsock_routing_id(uint64_t conn, uint8_t out[8]);

#endif
