/* lib/io/zwatch.h - the one place that knows ZMQ_FD; for zsock.c, zsock_event.c and zap.c alone.
 *
 * ZMQ_FD becomes readable when libzmq's commands for this socket wait, not when messages do, and
 * any zmq_send, zmq_recv or getsockopt may eat those commands. Only one thing is certain: after a
 * receive that said EAGAIN, and no operation since, the next message raises the descriptor. So a
 * watch is either `drained`, and may sleep, or it looks again at the next turn of the loop, by a
 * timer of zero: that lets every other event of the loop have its turn in between.
 *
 * The owner tells: esep_zwatch_drained after EAGAIN, esep_zwatch_touched after every send. Its
 * callback may free the watch.
 */
#ifndef ESEP_IO_ZWATCH_H
#define ESEP_IO_ZWATCH_H

#include "base/status.h"

#include <stdbool.h>

struct event;
struct event_base;

struct esep_zwatch {
    void *socket;
    struct event *ready; /* ZMQ_FD */
    struct event *again; /* zero timeout */
    struct event *retry; /* for on_writable of a ROUTER, whose POLLOUT says nothing */
    void (*on_readable)(void *context);
    void (*on_writable)(void *context); /* may be NULL */
    void *context;
    bool drained;     /* nothing there, and nothing done since: the descriptor will tell */
    bool held;        /* the owner does not want to read now */
    bool wants_write; /* a send said AGAIN */
    bool *freed;      /* set while a callback runs: tells that it freed us */
};
ESEP_MUST_USE enum esep_status esep_zwatch_init(struct esep_zwatch *watch, struct event_base *base,
                                                void *socket, void (*on_readable)(void *context),
                                                void *context);
void esep_zwatch_done(struct esep_zwatch *watch); /* before zmq_close; takes a zeroed one */
void esep_zwatch_drained(struct esep_zwatch *watch);
void esep_zwatch_touched(struct esep_zwatch *watch);
void esep_zwatch_hold(struct esep_zwatch *watch, bool held);
/* A send said AGAIN: on_writable when POLLOUT is back, or in a while (poll_writable false). */
void esep_zwatch_blocked(struct esep_zwatch *watch, bool poll_writable);
#endif
