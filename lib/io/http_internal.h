/* lib/io/http_internal.h - what http.c (connections and requests) and http_stream.c share. */
#ifndef ESEP_IO_HTTP_INTERNAL_H
#define ESEP_IO_HTTP_INTERNAL_H

#include "base/time.h"
#include "io/http.h"

#include <microhttpd.h>

struct event;

/* An open connection. `deadline` is on the monotonic clock; NEVER while it is our turn. */
struct http_connection {
    struct esep_http *http;
    struct MHD_Connection *mhd;
    esep_time deadline;
    struct esep_http_stream *stream;
    struct esep_http_request *request;
    bool suspended;
    struct http_connection *prev, *next;
};

struct esep_http_request {
    struct esep_http *http;
    struct http_connection *connection; /* NULL: gone before the answer came */
    struct esep_http_request *prev, *next;
    const char *path;
    enum esep_http_method method;
    struct esep_buf body;
    struct esep_http_sink sink; /* put NULL: none */
    uint64_t sunk_bytes;
    bool begun, malformed, overflowed, in_handler, asked, answered;
    struct MHD_Response *response;
    unsigned status;
    uint64_t answer_bytes;
};

struct esep_http {
    struct esep_http_options options;
    struct MHD_Daemon *daemon;
    struct event *readable, *timer, *sweep;
    struct http_connection *connections;
    struct esep_http_request *requests;
    struct esep_http_counts counts;
    uint16_t port;
    bool closed; /* a connection, in this run */
};

/* http.c */
/* Takes the response over: sends it now or, after a wait, when the connection goes on. False: there
 * was no memory or no connection, and the response is gone. */
bool http_respond(struct esep_http_request *request, unsigned status,
                  const struct esep_http_field *fields, size_t field_count,
                  struct MHD_Response *response, uint64_t answer_bytes);
void http_suspend(struct http_connection *connection);
void http_resume(struct http_connection *connection);
/* The peer sees the end at once; everything else follows when the loop comes to it. */
void http_cut(struct http_connection *connection);

/* http_request.c */
unsigned http_header_count(const struct esep_http_request *request, const char *name);

/* http_stream.c: whether the client has left bytes lying since before the instant. */
bool http_stream_lags(const struct esep_http_stream *stream, esep_time since);

#endif
