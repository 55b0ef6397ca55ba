/* agent/page/events.c - open pages: server-sent events, one word when something has changed.
 *
 * A page is told that something changed and asks for what its screen shows. Many changes in a
 * moment are one word; each quarter of a minute a comment goes to all, which finds out who has
 * gone. A page whose session has ended is closed then.
 *
 * Source: WHATWG HTML, "Server-sent events".
 */
#include "agent/page/page.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>

#define PING_SECONDS 15
#define SOON_MS 150
#define VIEWERS_MAX 16

struct viewer {
    struct page_events *events;
    struct esep_http_stream *stream;
    struct esep_hash cookie;
    struct viewer *prev, *next;
};
struct page_events {
    struct page *page;
    struct event *ping, *soon;
    struct viewer *viewers;
    unsigned count;
};

static void on_closed(void *context)
{
    struct viewer *viewer = context;
    struct page_events *events = viewer->events;
    if (viewer->next != NULL)
        viewer->next->prev = viewer->prev;
    *(viewer->prev != NULL ? &viewer->prev->next : &events->viewers) = viewer->next;
    events->count--;
    free(viewer);
}

static void send_text(struct viewer *viewer, const char *text)
{
    /* One that does not read is closed by the server; nothing else is to be done. */
    (void)!esep_http_stream_send(viewer->stream, esep_slice_str(text));
}

static void on_ping(evutil_socket_t fd, short what, void *context)
{
    struct page_events *events = context;
    (void)fd, (void)what;
    for (struct viewer *v = events->viewers, *next; v != NULL; v = next) {
        next = v->next;
        if (page_gate_holds(&events->page->gate, &v->cookie, esep_monotonic()))
            send_text(v, ": here\n\n");
        else
            esep_http_stream_end(v->stream);
    }
}

static void say_number(struct viewer *viewer)
{
    char text[96];
    const uint64_t n = viewer->events->page->number;
    (void)snprintf(text, sizeof text,
                   "event: changed\nid: %" PRIu64 "\ndata: {\"n\":%" PRIu64 "}\n\n", n, n);
    send_text(viewer, text);
}

static void on_soon(evutil_socket_t fd, short what, void *context)
{
    struct page_events *events = context;
    (void)fd, (void)what;
    for (struct viewer *v = events->viewers, *next; v != NULL; v = next) {
        next = v->next;
        say_number(v);
    }
}

enum esep_status page_events_new(struct page_events **ret, struct page *page)
{
    const struct timeval each = {.tv_sec = PING_SECONDS};
    struct event_base *base = esep_loop_base(page->run->loop);
    struct page_events *events = calloc(1, sizeof *events);
    if (events == NULL)
        return ESEP_NOMEM;
    events->page = page;
    events->ping = event_new(base, -1, EV_PERSIST, on_ping, events);
    events->soon = event_new(base, -1, 0, on_soon, events);
    if (events->ping == NULL || events->soon == NULL || event_add(events->ping, &each) != 0) {
        page_events_free(events);
        return ESEP_NOMEM;
    }
    *ret = events;
    return ESEP_OK;
}

void page_events_free(struct page_events *events)
{
    if (events == NULL)
        return;
    ESEP_ASSERT(events->viewers == NULL);
    if (events->ping != NULL)
        event_free(events->ping);
    if (events->soon != NULL)
        event_free(events->soon);
    free(events);
}

void page_events_join(const struct page_call *call)
{
    static const struct esep_http_field fields[] = {{"Content-Type", "text/event-stream"},
                                                    {"Cache-Control", "no-store"}};
    struct page_events *events = call->page->events;
    struct viewer *viewer = events->count < VIEWERS_MAX ? calloc(1, sizeof *viewer) : NULL;
    if (viewer == NULL) {
        page_problem(call, 503, "busy", "as many open pages as this daemon takes");
        return;
    }
    viewer->events = events;
    viewer->cookie = call->session->cookie;
    viewer->next = events->viewers;
    if (viewer->next != NULL)
        viewer->next->prev = viewer;
    events->viewers = viewer;
    events->count++;
    viewer->stream = esep_http_stream_begin(call->request, fields, sizeof fields / sizeof *fields,
                                            on_closed, viewer);
    if (viewer->stream == NULL)
        on_closed(viewer);
    else
        say_number(viewer);
}

void page_events_say(struct page_events *events)
{
    const struct timeval soon = {.tv_usec = SOON_MS * 1000};
    if (events->viewers != NULL && event_pending(events->soon, EV_TIMEOUT, NULL) == 0)
        (void)event_add(events->soon, &soon);
}
