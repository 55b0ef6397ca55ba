/* collector/web/web_events.c - live viewers: server-sent events, one word when the log has grown.
 *
 * A viewer is told the log's new size and asks for what its screen shows; so nobody is sent what he
 * may not see, and one who was away misses nothing. Each quarter of a minute a comment goes to all:
 * it shows a proxy that the line is in use, and shows us a viewer that has gone. A viewer whose
 * login has ended is closed then.
 *
 * Source: WHATWG HTML, "Server-sent events".
 */
#include "collector/web/web.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#define PING_SECONDS 15

struct viewer {
    struct web_events *events;
    struct esep_http_stream *stream;
    char account[WEB_ACCOUNT_MAX];
    uint8_t token[WEB_TOKEN_BYTES];
    struct viewer *prev, *next;
};
struct web_events {
    struct web *web;
    struct event *ping;
    struct viewer *viewers;
    unsigned count;
};

static void on_closed(void *context)
{
    struct viewer *viewer = context;
    struct web_events *events = viewer->events;
    if (viewer->next != NULL)
        viewer->next->prev = viewer->prev;
    *(viewer->prev != NULL ? &viewer->prev->next : &events->viewers) = viewer->next;
    events->count--;
    esep_wipe(viewer, sizeof *viewer);
    free(viewer);
}

static void send_text(struct viewer *viewer, const char *text)
{
    /* A viewer that does not read is closed by the server; nothing else is to be done. */
    (void)!esep_http_stream_send(viewer->stream, esep_slice_str(text));
}

static void on_ping(evutil_socket_t fd, short what, void *context)
{
    struct web_events *events = context;
    const esep_time now = web_now(events->web);
    (void)fd, (void)what;
    for (struct viewer *v = events->viewers, *next; v != NULL; v = next) {
        next = v->next;
        if (web_session_holds(events->web->sessions, v->token, now))
            send_text(v, ": here\n\n");
        else
            esep_http_stream_end(v->stream);
    }
}

enum esep_status web_events_new(struct web_events **ret, struct web *web)
{
    const struct timeval each = {.tv_sec = PING_SECONDS};
    struct web_events *events = calloc(1, sizeof *events);
    if (events == NULL)
        return ESEP_NOMEM;
    events->web = web;
    events->ping = event_new(esep_loop_base(web->loop), -1, EV_PERSIST, on_ping, events);
    if (events->ping == NULL || event_add(events->ping, &each) != 0) {
        web_events_free(events);
        return ESEP_NOMEM;
    }
    *ret = events;
    return ESEP_OK;
}

void web_events_free(struct web_events *events)
{
    if (events == NULL)
        return;
    ESEP_ASSERT(events->viewers == NULL);
    if (events->ping != NULL)
        event_free(events->ping);
    free(events);
}

static void say_size(struct viewer *viewer)
{
    const uint64_t size = views_log_size(viewer->events->web->state.views);
    char text[128];
    (void)snprintf(text, sizeof text, "event: log\nid: %llu\ndata: {\"log_size\":%llu}\n\n",
                   (unsigned long long)size, (unsigned long long)size);
    send_text(viewer, text);
}

void web_events_join(const struct web_call *call)
{
    static const struct esep_http_field fields[] = {{"Content-Type", "text/event-stream"},
                                                    {"Cache-Control", "no-store"},
                                                    {"X-Accel-Buffering", "no"}};
    struct web_events *events = call->web->events;
    struct viewer *viewer = NULL;

    if (events->count < call->web->settings->web_streams)
        viewer = calloc(1, sizeof *viewer);
    if (viewer == NULL) {
        web_problem(call->web, call->request, 503,
                    "as many live viewers as this server takes: the page asks again by itself");
        return;
    }
    viewer->events = events;
    (void)web_cookie_token(call->web, call->request, viewer->token);
    (void)snprintf(viewer->account, sizeof viewer->account, "%s", call->session->account);
    viewer->next = events->viewers;
    if (viewer->next != NULL)
        viewer->next->prev = viewer;
    events->viewers = viewer;
    events->count++;
    viewer->stream = esep_http_stream_begin(call->request, fields, sizeof fields / sizeof fields[0],
                                            on_closed, viewer);
    if (viewer->stream == NULL)
        on_closed(viewer);
    else
        say_size(viewer);
}

void web_events_grown(struct web_events *events)
{
    for (struct viewer *v = events->viewers, *next; v != NULL; v = next) {
        next = v->next;
        say_size(v);
    }
}

unsigned web_events_count(const struct web_events *events)
{
    return events->count;
}
