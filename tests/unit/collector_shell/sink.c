/* tests/unit/collector_shell/sink.c - see sink.h. */
#include "sink.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka.h wants the others before it. */
#include <cmocka.h>

struct sink_peer {
    struct sink_peer *next;
    struct sink *sink;
    struct bufferevent *wire;
    bool in_data;
    bool flooding;
    size_t len;
    char text[16384];
};

static enum sink_manner manner_now(const struct sink *sink)
{
    return sink->bad_first > 0 && sink->taken > sink->bad_first ? SINK_TAKES : sink->manner;
}

static void say(struct sink_peer *peer, const char *text)
{
    (void)bufferevent_write(peer->wire, text, strlen(text));
}

static void keep(struct sink_peer *peer)
{
    struct sink *sink = peer->sink;
    assert_true(sink->taken < SINK_LETTERS);
    memcpy(sink->letter[sink->taken++], peer->text, peer->len + 1);
    peer->len = 0;
}

static void flood(struct bufferevent *wire, void *context)
{
    (void)wire;
    struct sink_peer *peer = context;
    char words[4096];
    memset(words, 'w', sizeof words);
    if (peer->flooding)
        (void)bufferevent_write(peer->wire, words, sizeof words);
}

static void answer_http(struct sink_peer *peer)
{
    char line[128];
    switch (manner_now(peer->sink)) {
    case SINK_ANSWERS:
        (void)snprintf(line, sizeof line, "HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n",
                       peer->sink->code);
        say(peer, line);
        return;
    case SINK_REDIRECTS:
        (void)snprintf(line, sizeof line,
                       "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/elsewhere\r\n"
                       "Content-Length: 0\r\n\r\n",
                       peer->sink->port);
        say(peer, line);
        return;
    case SINK_FLOODS:
        peer->flooding = true;
        say(peer, "HTTP/1.1 200 OK\r\n\r\n");
        return;
    case SINK_HANGS:
    case SINK_SWALLOWS:
        return;
    case SINK_TAKES:
    default:
        say(peer, "HTTP/1.1 204 No Content\r\n\r\n");
    }
}

static void read_http(struct sink_peer *peer)
{
    const char *end = strstr(peer->text, "\r\n\r\n");
    const char *length = strstr(peer->text, "Content-Length: ");
    if (end == NULL || length == NULL)
        return;
    size_t wanted = (size_t)(end + 4 - peer->text) + strtoul(length + 16, NULL, 10);
    if (peer->len < wanted)
        return;
    assert_int_equal(peer->len, wanted);
    keep(peer);
    answer_http(peer);
}

static void smtp_line(struct sink_peer *peer, const char *line)
{
    char answer[64];
    if (strncmp(line, "EHLO", 4) == 0) {
        say(peer, "250 sink\r\n");
    } else if (strncmp(line, "RCPT", 4) == 0 && manner_now(peer->sink) == SINK_ANSWERS) {
        peer->sink->taken++;
        (void)snprintf(answer, sizeof answer, "%d no such user\r\n", peer->sink->code);
        say(peer, answer);
    } else if (strncmp(line, "DATA", 4) == 0) {
        peer->in_data = true;
        say(peer, "354 go on\r\n");
    } else if (strncmp(line, "QUIT", 4) == 0) {
        say(peer, "221 bye\r\n");
    } else {
        say(peer, "250 ok\r\n");
    }
}

static void read_smtp(struct sink_peer *peer)
{
    for (;;) {
        char *end = strstr(peer->text, peer->in_data ? "\r\n.\r\n" : "\r\n");
        if (end == NULL)
            return;
        size_t used = (size_t)(end - peer->text) + (peer->in_data ? 5 : 2);
        size_t rest = peer->len - used;
        if (peer->in_data) {
            assert_int_equal(rest, 0);
            peer->in_data = false;
            keep(peer);
            if (peer->sink->manner != SINK_SWALLOWS)
                say(peer, "250 queued\r\n");
            peer->text[0] = '\0';
            return;
        }
        *end = '\0';
        smtp_line(peer, peer->text);
        memmove(peer->text, peer->text + used, rest + 1);
        peer->len = rest;
    }
}

static void on_read(struct bufferevent *wire, void *context)
{
    struct sink_peer *peer = context;
    size_t got = bufferevent_read(wire, peer->text + peer->len, sizeof peer->text - 1 - peer->len);
    assert_true(got > 0);
    peer->len += got;
    peer->text[peer->len] = '\0';
    if (peer->sink->smtp)
        read_smtp(peer);
    else
        read_http(peer);
}

static void on_event(struct bufferevent *wire, short what, void *context)
{
    (void)wire;
    (void)what;
    struct sink_peer *peer = context;
    struct sink_peer **link = &peer->sink->peers;
    while (*link != peer)
        link = &(*link)->next;
    *link = peer->next;
    bufferevent_free(peer->wire);
    free(peer);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int len, void *context)
{
    (void)listener;
    (void)address;
    (void)len;
    struct sink *sink = context;
    struct sink_peer *peer = calloc(1, sizeof *peer);
    assert_non_null(peer);
    *peer = (struct sink_peer){.sink = sink, .next = sink->peers};
    peer->wire = bufferevent_socket_new(sink->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(peer->wire, on_read, flood, on_event, peer);
    (void)bufferevent_enable(peer->wire, EV_READ | EV_WRITE);
    sink->peers = peer;
    sink->connections++;
    if (sink->smtp && sink->manner != SINK_HANGS)
        say(peer, "220 sink\r\n");
}

void sink_start(struct sink *sink, struct event_base *base, bool smtp)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *sink = (struct sink){.smtp = smtp, .base = base};
    sink->listener =
        evconnlistener_new_bind(base, on_accept, sink, LEV_OPT_CLOSE_ON_FREE, 16,
                                (struct sockaddr *)(void *)&address, (int)sizeof address);
    assert_non_null(sink->listener);
    socklen_t size = sizeof address;
    assert_int_equal(getsockname(evconnlistener_get_fd(sink->listener),
                                 (struct sockaddr *)(void *)&address, &size),
                     0);
    sink->port = ntohs(address.sin_port);
}

void sink_answer(struct sink *sink)
{
    for (struct sink_peer *peer = sink->peers; peer != NULL; peer = peer->next)
        say(peer, "250 queued\r\n");
}

void sink_stop(struct sink *sink)
{
    while (sink->peers != NULL)
        on_event(sink->peers->wire, 0, sink->peers);
    evconnlistener_free(sink->listener);
}
