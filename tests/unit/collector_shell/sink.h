/* tests/unit/collector_shell/sink.h - a small server in the test's own loop that plays a webhook's
 * receiver or a mail server, well or badly. */
#ifndef TESTS_SINK_H
#define TESTS_SINK_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

enum sink_manner {
    SINK_TAKES,
    SINK_ANSWERS,   /* code, at the end (HTTP) or to RCPT (SMTP) */
    SINK_REDIRECTS, /* 302 to /elsewhere */
    SINK_FLOODS,    /* 200, and words without end */
    SINK_HANGS,     /* takes the connection, says nothing */
    SINK_SWALLOWS,  /* takes the letter, says nothing until sink_answer */
};

#define SINK_LETTERS 16
struct sink {
    bool smtp;
    enum sink_manner manner;
    int code;
    unsigned bad_first; /* after so many of that manner it takes */
    unsigned port;
    size_t connections;
    size_t taken; /* requests or letters, whole, whatever the answer */
    char letter[SINK_LETTERS][16384];
    struct event_base *base;
    struct evconnlistener *listener;
    struct sink_peer *peers;
};

void sink_start(struct sink *sink, struct event_base *base, bool smtp);
void sink_answer(struct sink *sink); /* to letters that were swallowed */
void sink_stop(struct sink *sink);

#endif
