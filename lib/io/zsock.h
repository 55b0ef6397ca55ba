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

struct event_base;
struct esep_zsock;

enum esep_zsock_type { ESEP_ZSOCK_ROUTER, ESEP_ZSOCK_DEALER, ESEP_ZSOCK_REP, ESEP_ZSOCK_REQ };

struct esep_curve_key { uint8_t secret[32]; uint8_t public[32]; };

struct esep_zsock_options {
    enum esep_zsock_type type;
    const struct esep_curve_key *curve; /* NULL: no CURVE (ipc:// only) */
    const uint8_t *server_public;       /* client: the server's key; NULL: we are the server */
    const char *zap_domain;             /* server: "agents", "collectors" */
    int hwm_messages;
    size_t frame_bytes_max;
    int handshake_ms;
    int heartbeat_ms;                   /* 0: none; the timeout is three times this */
    const char *socks_proxy;            /* NULL: none */
};

typedef void esep_zsock_readable_fn(struct esep_zsock *sock, void *context);

/* zmq_context: void * from zmq_ctx_new. */
ESEP_MUST_USE enum esep_status esep_zsock_new(struct esep_zsock **ret, struct event_base *base,
                                              void *zmq_context,
                                              const struct esep_zsock_options *options,
                                              esep_zsock_readable_fn *on_readable, void *context,
                                              struct esep_reason *reason);
void esep_zsock_free(struct esep_zsock *sock); /* linger 0 */
/* ret_endpoint (may be NULL): the endpoint bound, with the port that "tcp://127.0.0.1:*" got. */
ESEP_MUST_USE enum esep_status esep_zsock_bind(struct esep_zsock *sock, const char *endpoint,
                                               char ret_endpoint[256], struct esep_reason *reason);
ESEP_MUST_USE enum esep_status esep_zsock_connect(struct esep_zsock *sock, const char *endpoint,
                                                  struct esep_reason *reason);

#define ESEP_ZSOCK_PARTS_MAX 4
struct esep_zmessage {
    size_t count;
    struct esep_slice parts[ESEP_ZSOCK_PARTS_MAX]; /* valid until the next recv or _close */
    uint8_t user_key[32];  /* CURVE key of the peer, from the payload frame's User-Id */
    bool user_known;       /* false on a CURVE server: drop the message */
    void *priv[ESEP_ZSOCK_PARTS_MAX];
};
/* ESEP_AGAIN: nothing there. ESEP_INVALID: a message of too many parts was dropped, call again. */
ESEP_MUST_USE enum esep_status esep_zsock_recv(struct esep_zsock *sock, struct esep_zmessage *ret);
void esep_zmessage_close(struct esep_zmessage *message);
/* All parts or none. ESEP_AGAIN: queue full; ESEP_NOT_FOUND: no such peer (ROUTER). Copies. */
ESEP_MUST_USE enum esep_status esep_zsock_send(struct esep_zsock *sock,
                                               const struct esep_slice *parts, size_t count);

/* ROUTER's name for a peer (5 bytes that libzmq made) as a number, both ways. */
uint64_t esep_zsock_conn(struct esep_slice routing_id);
struct esep_slice esep_zsock_routing_id(uint64_t conn, uint8_t out[8]);

#endif
