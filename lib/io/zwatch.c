/* lib/io/zwatch.c - a ZeroMQ socket's readiness as events of the loop. See zwatch.h for the why. */
#include "io/zwatch.h"

#include <event2/event.h>
#include <string.h>
#include <zmq.h>

/* After this a full queue of one ROUTER peer is tried again. */
#define RETRY_US 5000

static void look_again(struct esep_zwatch *watch)
{
    static const struct timeval at_once = {0, 0};
    if (event_pending(watch->again, EV_TIMEOUT, NULL) == 0)
        (void)event_add(watch->again, &at_once);
}

/* Calls back and says whether the watch is still there. */
static bool call(struct esep_zwatch *watch, void (*callback)(void *context))
{
    bool freed = false;
    bool *outer = watch->freed;
    /* Put back below, except where the watch is gone. */
    /* cppcheck-suppress autoVariables */
    watch->freed = &freed;
    callback(watch->context);
    if (freed) {
        if (outer != NULL)
            *outer = true;
        return false;
    }
    watch->freed = outer;
    return true;
}

static void turn(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct esep_zwatch *watch = (struct esep_zwatch *)context;
    int events = 0;
    size_t size = sizeof(events);
    /* Takes in the waiting commands, and with them quiets the descriptor, held or not. */
    if (zmq_getsockopt(watch->socket, ZMQ_EVENTS, &events, &size) != 0)
        return;
    if ((events & ZMQ_POLLOUT) != 0 && watch->wants_write && watch->on_writable != NULL &&
        event_pending(watch->retry, EV_TIMEOUT, NULL) == 0) {
        watch->wants_write = false;
        if (!call(watch, watch->on_writable))
            return;
        /* What it sent may have taken in more commands. */
        size = sizeof(events);
        if (zmq_getsockopt(watch->socket, ZMQ_EVENTS, &events, &size) != 0)
            return;
    }
    watch->drained = (events & ZMQ_POLLIN) == 0;
    if (watch->drained || watch->held)
        return;
    if (!call(watch, watch->on_readable))
        return;
    if (!watch->drained && !watch->held)
        look_again(watch);
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct esep_zwatch *watch = (struct esep_zwatch *)context;
    if (!watch->wants_write || watch->on_writable == NULL)
        return;
    watch->wants_write = false;
    (void)call(watch, watch->on_writable);
}

enum esep_status esep_zwatch_init(struct esep_zwatch *watch, struct event_base *base, void *socket,
                                  void (*on_readable)(void *context), void *context)
{
    *watch = (struct esep_zwatch){.socket = socket, .on_readable = on_readable, .context = context};
    int fd = -1;
    size_t size = sizeof(fd);
    if (zmq_getsockopt(socket, ZMQ_FD, &fd, &size) != 0)
        return ESEP_IO;
    watch->ready = event_new(base, fd, EV_READ | EV_PERSIST, turn, watch);
    watch->again = evtimer_new(base, turn, watch);
    watch->retry = evtimer_new(base, on_retry, watch);
    if (watch->ready == NULL || watch->again == NULL || watch->retry == NULL ||
        event_add(watch->ready, NULL) != 0) {
        esep_zwatch_done(watch);
        return ESEP_NOMEM;
    }
    /* Options and connects before now may have eaten the edge already. */
    look_again(watch);
    return ESEP_OK;
}

void esep_zwatch_done(struct esep_zwatch *watch)
{
    struct event *const events[] = {watch->ready, watch->again, watch->retry};
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (events[i] != NULL)
            event_free(events[i]);
    if (watch->freed != NULL)
        *watch->freed = true;
    memset(watch, 0, sizeof(*watch));
}

void esep_zwatch_drained(struct esep_zwatch *watch)
{
    watch->drained = true;
}

void esep_zwatch_touched(struct esep_zwatch *watch)
{
    watch->drained = false;
    look_again(watch);
}

void esep_zwatch_hold(struct esep_zwatch *watch, bool held)
{
    if (watch->held && !held)
        look_again(watch);
    watch->held = held;
}

void esep_zwatch_blocked(struct esep_zwatch *watch, bool poll_writable)
{
    static const struct timeval in_a_while = {0, RETRY_US};
    watch->wants_write = true;
    if (!poll_writable && watch->on_writable != NULL)
        (void)event_add(watch->retry, &in_a_while);
}
