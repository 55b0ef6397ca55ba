/* lib/io/http.h - a small HTTP/1.1 server on the loop, for a page that stands behind a proxy or on
 * loopback.
 *
 * A request reaches its handler whole (head and body, both bounded before they are read) and is
 * answered once, at once or later from the loop; or it becomes a stream, to which bytes are written
 * for as long as its client reads them. A body that is a file need not stand in memory: once its
 * head is read, it may be given a place to go to piece by piece, with a bound of its own. Nobody
 * holds the server up: connections are counted, in all and by address; a request must be whole, and
 * its answer taken, by an absolute deadline that every 16 KiB of answer moves by a second; a stream
 * whose client leaves bytes lying as long is closed. Nor does a crowd take the descriptors that the
 * rest of the process needs: with nine tenths of them in use nobody new is accepted until somebody
 * leaves.
 *
 * It decides nothing about paths, rights or texts. TLS belongs to the proxy. The parser is
 * libmicrohttpd's (docs/adr/0008): in strict mode it refuses what HTTP forbids.
 *
 * Invariant: on_request is called once for each request, and on_closed once for each stream.
 * Source: RFC 9110, RFC 9112; event streams: WHATWG HTML, "Server-sent events".
 */
#ifndef ESEP_IO_HTTP_H
#define ESEP_IO_HTTP_H

#include "base/slice.h"

#include <netinet/in.h>

struct esep_loop;
struct esep_http;
struct esep_http_request;
struct esep_http_stream;
struct esep_http_field;

enum esep_http_method {
    ESEP_HTTP_GET, /* HEAD too: the body of the answer stays unsent */
    ESEP_HTTP_POST,
    ESEP_HTTP_PUT,
    ESEP_HTTP_DELETE,
    ESEP_HTTP_OTHER,
};

/* Where a body goes that is not kept in memory. The deadline moves with the bytes, as an answer's.
 */
struct esep_http_sink {
    uint64_t bytes_max; /* 413 beyond */
    void (*put)(void *context, struct esep_slice bytes);
    void (*gone)(void *context); /* the request is, answered or not; called once */
    void *context;
};

struct esep_http_options {
    const char *address; /* "127.0.0.1", "::1" */
    uint16_t port;       /* 0: any free one */
    unsigned connections_max;
    unsigned per_address_max; /* 0: no bound by address, as behind a proxy */
    size_t head_bytes_max;    /* of a request's head, and all else that its parser keeps */
    size_t body_bytes_max;    /* of a request's body: 413 beyond */
    uint32_t timeout_ms;      /* for a request to be whole, and for its answer to be taken */
    size_t stream_bytes_max;  /* what a slow client may leave lying of a stream */
    const struct esep_http_field *fields; /* that every answer carries, a refusal too; kept */
    size_t field_count;
    void (*on_request)(void *context, struct esep_http_request *request);
    /* NULL: every body is kept in memory. Called when a head is read; true: the body goes to *ret.
     * It answers nothing: on_request is called when the body is whole. */
    bool (*on_head)(void *context, const struct esep_http_request *request,
                    struct esep_http_sink *ret);
    void *context;
};

/* "127.0.0.1:8080", "[::1]:8080"; false: neither, or longer than size. */
bool esep_http_address(const char *text, char *ret_address, size_t size, uint16_t *ret_port);

/* ESEP_INVALID: no such address; ESEP_IO: the port is taken, or not ours to take. */
ESEP_MUST_USE enum esep_status esep_http_new(struct esep_http **ret, struct esep_loop *loop,
                                             const struct esep_http_options *options,
                                             struct esep_reason *reason);
/* Closes every connection. Requests not answered yet and streams are gone with it: on_closed is
 * called for the latter. */
void esep_http_free(struct esep_http *http);
uint16_t esep_http_port(const struct esep_http *http);
/* connections_max, or fewer where this process may not open as many files. */
unsigned esep_http_connections_max(const struct esep_http *http);
/* Takes no new connections; those that are open go on. */
void esep_http_drain(struct esep_http *http);

struct esep_http_counts {
    unsigned connections, streams;
    uint64_t requests;
    uint64_t timeouts; /* connections closed for being too slow */
    uint64_t too_large;
};
struct esep_http_counts esep_http_counts(const struct esep_http *http);

/* The request. All texts live until it is answered. */
enum esep_http_method esep_http_method(const struct esep_http_request *request);
const char *esep_http_path(const struct esep_http_request *request); /* decoded, without a query */
/* NULL: absent; "": without a value. Decoded. */
const char *esep_http_query(const struct esep_http_request *request, const char *name);
const char *esep_http_header(const struct esep_http_request *request, const char *name);
const char *esep_http_cookie(const struct esep_http_request *request, const char *name);
struct esep_slice esep_http_body(const struct esep_http_request *request);
/* The sink's, where the body went to one; else NULL. */
void *esep_http_sink_context(const struct esep_http_request *request);
/* Whether a header of that name comes more than once: for those that must not (Host). */
bool esep_http_repeats(const struct esep_http_request *request, const char *name);
/* Address of the other end, as text. */
void esep_http_peer(const struct esep_http_request *request, char ret[INET6_ADDRSTRLEN]);

struct esep_http_field {
    const char *name, *value;
};
/* The answer: body is copied. No memory: the connection is closed. The request is gone after it. */
void esep_http_answer(struct esep_http_request *request, unsigned status,
                      const struct esep_http_field *fields, size_t field_count,
                      struct esep_slice body);
/* The answer is an open file, from its start, size_bytes long; fd is taken over. */
void esep_http_answer_file(struct esep_http_request *request, unsigned status,
                           const struct esep_http_field *fields, size_t field_count, int fd,
                           uint64_t size_bytes);

/* The answer is a stream; the request is gone after it. NULL: no memory, the connection is closed.
 * The stream lives until on_closed has been called. */
struct esep_http_stream *esep_http_stream_begin(struct esep_http_request *request,
                                                const struct esep_http_field *fields,
                                                size_t field_count,
                                                void (*on_closed)(void *context), void *context);
/* ESEP_LIMIT, ESEP_NOMEM: the client reads too slowly, or memory lacks; it is being closed. */
ESEP_MUST_USE enum esep_status esep_http_stream_send(struct esep_http_stream *stream,
                                                     struct esep_slice bytes);
/* Ends it once what was sent is taken. */
void esep_http_stream_end(struct esep_http_stream *stream);

#endif
