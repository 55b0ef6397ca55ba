/* lib/io/zsock_internal.h - what zsock.c and zsock_event.c share; nobody else includes it. */
#ifndef ESEP_IO_ZSOCK_INTERNAL_H
#define ESEP_IO_ZSOCK_INTERNAL_H

#include "io/zsock.h"
#include "io/zwatch.h"

#include <sys/socket.h>
#include <zmq.h>

#define ESEP_ZSOCK_ENDPOINTS_MAX 16

struct esep_zsock {
    void *zmq_context;
    void *socket;
    struct event_base *base;
    struct esep_zwatch watch;
    enum esep_zsock_type type;
    bool server_curve; /* every message must say whose it is */
    bool client_curve;
    size_t frame_bytes_max; /* 0: any */
    int handshake_ms;
    esep_zsock_readable_fn *on_readable;
    esep_zsock_readable_fn *on_writable;
    void *context;

    unsigned budget;                       /* messages left to receive in this turn */
    bool skipping;                         /* inside a message of too many parts */
    zmq_msg_t parts[ESEP_ZSOCK_PARTS_MAX]; /* always initialised */

    size_t endpoint_count; /* bound now */
    char endpoints[ESEP_ZSOCK_ENDPOINTS_MAX][256];

    /* zsock_event.c */
    void *monitor; /* PAIR; NULL: not watched */
    struct esep_zwatch monitor_watch;
    struct event *connect_timer;
    esep_zsock_event_fn *on_event;
    size_t connections;
    bool client;
    bool up;
    bool ended; /* client: GONE has been said for this connect */

    /* zsock_tcp.c */
    bool hasten;
    int tcp; /* client: libzmq's descriptor, while it is called tcp_name; -1 */
    struct sockaddr_storage tcp_name;
    bool hastened;
};

void esep_zsock_events_connecting(struct esep_zsock *sock);
void esep_zsock_events_done(struct esep_zsock *sock);
/* zsock_listen.c: the TCP endpoint takes no new connections, or takes them again. */
bool esep_zsock_deafen(const char *endpoint, bool deaf);
/* The descriptor that listens there; -1. */
int esep_zsock_listener(const char *endpoint);
/* What is not acknowledged is sent again each second. false: this kernel waits longer. */
bool esep_zsock_hasten(int fd);
void esep_zsock_tcp_connected(struct esep_zsock *sock, int fd);
#endif
