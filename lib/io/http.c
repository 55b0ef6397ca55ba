/* lib/io/http.c - connections, their deadlines, and requests on their way to the handler.
 *
 * libmicrohttpd runs inside our loop: it shows one epoll descriptor and a timeout. A request that
 * its handler does not answer at once is suspended there, and goes on when the answer comes.
 */
#include "io/http_internal.h"
#include "io/loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES_PER_SECOND 16384u /* of an answer, or a body for a sink: slower is too slow */
#define SWEEP_MS 250u
#define FORGOTTEN_BYTES_MAX (1u << 20) /* of a body that is read only for its sender's sake */

static struct timeval from_ms(uint64_t ms)
{
    return (struct timeval){.tv_sec = (time_t)(ms / 1000),
                            .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
}

static esep_time patience(const struct esep_http *http)
{
    return esep_monotonic() + http->options.timeout_ms * (ESEP_SECOND / 1000);
}

/* Runs the library, and asks to be called again when it wants to. A library that was at its bound
 * of connections looks at its listening socket again only in the run after one has closed. */
static void run(struct esep_http *http)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    http->closed = false;
    (void)MHD_run(http->daemon);
    if (http->closed) {
        wait_ms = 0;
    } else if (MHD_get_timeout(http->daemon, &wait_ms) != MHD_YES) {
        (void)event_del(http->timer);
        return;
    }
    const struct timeval in = from_ms(wait_ms);
    (void)event_add(http->timer, &in);
}

static void on_ready(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    run((struct esep_http *)context);
}

void http_suspend(struct http_connection *connection)
{
    connection->suspended = true;
    MHD_suspend_connection(connection->mhd);
}

void http_resume(struct http_connection *connection)
{
    const struct timeval at_once = {0};
    if (!connection->suspended)
        return;
    connection->suspended = false;
    MHD_resume_connection(connection->mhd);
    (void)event_add(connection->http->timer, &at_once);
}

void http_cut(struct http_connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info != NULL)
        (void)shutdown(info->connect_fd, SHUT_RDWR);
    connection->deadline = ESEP_TIME_NEVER;
    http_resume(connection);
}

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    struct esep_http *http = (struct esep_http *)context;
    const esep_time now = esep_monotonic();
    const esep_time since = now - http->options.timeout_ms * (ESEP_SECOND / 1000);

    for (struct http_connection *c = http->connections; c != NULL; c = c->next) {
        const bool late = c->deadline <= now;
        const bool lags = c->stream != NULL && http_stream_lags(c->stream, since);
        if (!late && !lags)
            continue;
        http->counts.timeouts++;
        http_cut(c);
    }
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **place,
                          enum MHD_ConnectionNotificationCode what)
{
    struct esep_http *http = (struct esep_http *)context;
    struct http_connection *c = (struct http_connection *)*place;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        c = calloc(1, sizeof *c);
        *place = c;
        if (c == NULL)
            return; /* the first request finds none, and is refused */
        *c = (struct http_connection){
            .http = http, .mhd = mhd, .deadline = patience(http), .next = http->connections};
        if (c->next != NULL)
            c->next->prev = c;
        http->connections = c;
        http->counts.connections++;
        return;
    }
    if (c == NULL)
        return;
    if (c->next != NULL)
        c->next->prev = c->prev;
    *(c->prev != NULL ? &c->prev->next : &http->connections) = c->next;
    http->counts.connections--;
    http->closed = true;
    *place = NULL;
    free(c);
}

static struct http_connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? (struct http_connection *)info->socket_context : NULL;
}

static void request_free(struct esep_http_request *request)
{
    struct esep_http *http = request->http;
    if (request->next != NULL)
        request->next->prev = request->prev;
    *(request->prev != NULL ? &request->prev->next : &http->requests) = request->next;
    if (request->response != NULL)
        MHD_destroy_response(request->response);
    esep_buf_done(&request->body);
    if (request->sink.put != NULL)
        request->sink.gone(request->sink.context);
    free(request);
}

/* Called with the undecoded target, before anything else: what it returns is the request's place.
 */
static void *on_target(void *context, const char *target, struct MHD_Connection *mhd)
{
    struct esep_http *http = (struct esep_http *)context;
    struct http_connection *connection = connection_of(mhd);
    struct esep_http_request *request = connection != NULL ? calloc(1, sizeof *request) : NULL;

    if (request == NULL)
        return NULL;
    request->http = http;
    request->connection = connection;
    connection->request = request;
    /* A NUL would end the decoded text early. */
    request->malformed = strstr(target, "%00") != NULL || target[0] != '/';
    esep_buf_init(&request->body, http->options.body_bytes_max);
    request->next = http->requests;
    if (request->next != NULL)
        request->next->prev = request;
    http->requests = request;
    return request;
}

static void on_completed(void *context, struct MHD_Connection *mhd, void **place,
                         enum MHD_RequestTerminationCode why)
{
    struct esep_http *http = (struct esep_http *)context;
    struct esep_http_request *request = (struct esep_http_request *)*place;
    struct http_connection *connection = connection_of(mhd);

    (void)why;
    *place = NULL;
    if (connection != NULL) {
        connection->request = NULL;
        connection->deadline = patience(http);
    }
    if (request == NULL)
        return;
    request->connection = NULL;
    /* Its handler still has it: it is freed with its answer, which nobody will read. */
    if (!request->asked || request->answered)
        request_free(request);
}

static enum esep_http_method method_of(const char *name)
{
    static const struct {
        const char *name;
        enum esep_http_method method;
    } known[] = {{"GET", ESEP_HTTP_GET},
                 {"HEAD", ESEP_HTTP_GET},
                 {"POST", ESEP_HTTP_POST},
                 {"PUT", ESEP_HTTP_PUT},
                 {"DELETE", ESEP_HTTP_DELETE}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) == 0)
            return known[i].method;
    }
    return ESEP_HTTP_OTHER;
}

static enum MHD_Result queue(struct esep_http_request *request)
{
    struct http_connection *connection = request->connection;
    const esep_time taking = (esep_time)(request->answer_bytes / BYTES_PER_SECOND);
    const enum MHD_Result rc =
        MHD_queue_response(connection->mhd, request->status, request->response);

    connection->deadline = connection->stream != NULL
                               ? ESEP_TIME_NEVER
                               : patience(request->http) + taking * ESEP_SECOND;
    MHD_destroy_response(request->response); /* the connection holds it now */
    request->response = NULL;
    return rc;
}

static enum MHD_Result refuse(struct esep_http_request *request, unsigned status, const char *title)
{
    char body[128];
    static const struct esep_http_field fields[] = {{"Content-Type", "application/problem+json"},
                                                    {"Cache-Control", "no-store"}};
    const int len =
        snprintf(body, sizeof body, "{\"type\":\"about:blank\",\"status\":%u,\"title\":\"%s\"}\n",
                 status, title);
    request->asked = true;
    request->in_handler = true;
    esep_http_answer(request, status, fields, 2, esep_slice(body, (size_t)len));
    request->in_handler = false;
    return request->response != NULL ? queue(request) : MHD_NO;
}

/* What a proxy in front might read in another way than we do (RFC 9112, 6.1 and 6.3). */
static bool ambiguous(const struct esep_http_request *request)
{
    const unsigned lengths = http_header_count(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const unsigned codings = http_header_count(request, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    return lengths + codings > 1 || http_header_count(request, MHD_HTTP_HEADER_HOST) > 1;
}

/* How large the head says that the body will be; 0: it does not say. */
static uint64_t announced_bytes(const struct esep_http_request *request)
{
    const char *length = esep_http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length != NULL ? strtoull(length, NULL, 10) : 0;
}

/* A body that is too large is read to its end first, where it is not far too large: closed in the
 * midst of it, its sender would see a broken line and not the answer (RFC 9112, 9.6). One who asks
 * before sending is told at once. */
static bool hears_out(const struct esep_http_request *request, uint64_t body_bytes)
{
    return body_bytes <= FORGOTTEN_BYTES_MAX &&
           esep_http_header(request, MHD_HTTP_HEADER_EXPECT) == NULL;
}

static enum MHD_Result begin(struct esep_http_request *request, const char *path,
                             const char *method)
{
    request->begun = true;
    request->path = path;
    request->method = method_of(method);
    request->http->counts.requests++;
    if (request->malformed || ambiguous(request))
        return refuse(request, 400, "Bad Request");
    const uint64_t body_bytes = announced_bytes(request);
    const struct esep_http_options *o = &request->http->options;
    const bool sinks = o->on_head != NULL && o->on_head(o->context, request, &request->sink);
    ESEP_ASSERT(sinks == (request->sink.put != NULL));
    request->overflowed = body_bytes > (sinks ? request->sink.bytes_max : o->body_bytes_max);
    if (request->overflowed && !hears_out(request, body_bytes)) {
        request->http->counts.too_large++;
        return refuse(request, 413, "Content Too Large");
    }
    return MHD_YES;
}

static enum MHD_Result whole(struct esep_http_request *request)
{
    if (request->overflowed) {
        request->http->counts.too_large++;
        return refuse(request, 413, "Content Too Large");
    }
    request->asked = true;
    request->in_handler = true;
    request->connection->deadline = ESEP_TIME_NEVER;
    request->http->options.on_request(request->http->options.context, request);
    request->in_handler = false;
    if (request->response != NULL)
        return queue(request);
    if (request->answered)
        return MHD_NO; /* there was no memory for the answer */
    http_suspend(request->connection);
    return MHD_YES;
}

static void take_in(struct esep_http_request *request, const char *data, size_t size)
{
    const esep_time taking = (esep_time)(size * (uint64_t)ESEP_SECOND / BYTES_PER_SECOND);
    if (request->overflowed)
        return; /* read and forgotten, until the deadline */
    if (request->sink.put == NULL) {
        request->overflowed = esep_buf_put(&request->body, data, size) != ESEP_OK;
        return;
    }
    request->sunk_bytes += size;
    request->overflowed = request->sunk_bytes > request->sink.bytes_max;
    if (request->overflowed)
        return;
    /* Moved by what came, and never further ahead than a client that says nothing has. */
    const esep_time moved = request->connection->deadline + taking;
    const esep_time last = patience(request->http);
    request->connection->deadline = moved < last ? moved : last;
    request->sink.put(request->sink.context, esep_slice(data, size));
}

static enum MHD_Result on_access(void *context, struct MHD_Connection *mhd, const char *path,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_bytes, void **place)
{
    struct esep_http_request *request = (struct esep_http_request *)*place;

    (void)context, (void)version, (void)mhd;
    if (request == NULL)
        return MHD_NO;
    if (!request->begun)
        return begin(request, path, method);
    if (*data_bytes > 0) {
        take_in(request, data, *data_bytes);
        *data_bytes = 0;
        return MHD_YES;
    }
    if (!request->asked)
        return whole(request);
    return request->response != NULL ? queue(request) : MHD_NO;
}

/* NULL: there was no memory, and the response is gone. */
static struct MHD_Response *add_fields(struct MHD_Response *response,
                                       const struct esep_http_field *fields, size_t count)
{
    for (size_t i = 0; response != NULL && i < count; i++) {
        if (MHD_add_response_header(response, fields[i].name, fields[i].value) != MHD_YES) {
            MHD_destroy_response(response);
            response = NULL;
        }
    }
    return response;
}

bool http_respond(struct esep_http_request *request, unsigned status,
                  const struct esep_http_field *fields, size_t field_count,
                  struct MHD_Response *response, uint64_t answer_bytes)
{
    struct http_connection *connection = request->connection;

    ESEP_ASSERT(!request->answered);
    request->answered = true;
    response =
        add_fields(response, request->http->options.fields, request->http->options.field_count);
    response = add_fields(response, fields, field_count);
    request->status = status;
    request->response = response;
    request->answer_bytes = answer_bytes;
    if (connection == NULL) {
        request_free(request);
        return false;
    }
    if (response == NULL)
        http_cut(connection);
    else if (!request->in_handler)
        http_resume(connection);
    return response != NULL;
}

/* A socket that listens; ours, since the library takes no address as text. */
static enum esep_status listen_on(const struct esep_http_options *options, int *ret_fd,
                                  uint16_t *ret_port, struct esep_reason *reason)
{
    struct sockaddr_storage at = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&at;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&at;
    socklen_t at_bytes = sizeof *v4;
    const int yes = 1;

    if (inet_pton(AF_INET, options->address, &v4->sin_addr) == 1) {
        at.ss_family = AF_INET;
        v4->sin_port = htons(options->port);
    } else if (inet_pton(AF_INET6, options->address, &v6->sin6_addr) == 1) {
        at.ss_family = AF_INET6;
        v6->sin6_port = htons(options->port);
        at_bytes = sizeof *v6;
    } else {
        return esep_because(reason, ESEP_INVALID, "%.64s: no IP address to listen on",
                            options->address);
    }
    const int fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(fd, (const struct sockaddr *)&at, at_bytes) != 0 || listen(fd, 128) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &at_bytes) != 0) {
        const int error = errno;
        if (fd >= 0)
            (void)close(fd);
        return esep_because(reason, ESEP_IO, "listening on %.64s port %u: %s", options->address,
                            options->port, strerror(error));
    }
    *ret_port = ntohs(at.ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
    *ret_fd = fd;
    return ESEP_OK;
}

/* What may be open at a time, as the limit and what is open already leave room for: the library
 * stops accepting at its limit, and begins again below it. */
static unsigned room_for(unsigned wanted)
{
    const uint64_t most = esep_files_max() / 10 * 9;
    const uint64_t open = esep_files_open();
    const uint64_t room = most > open + 1 ? most - open : 1;
    return room < wanted ? (unsigned)room : wanted;
}

static enum esep_status start(struct esep_http *http, struct esep_loop *loop, int fd,
                              struct esep_reason *reason)
{
    const struct timeval each = from_ms(SWEEP_MS);
    const union MHD_DaemonInfo *info;
    struct event_base *base = esep_loop_base(loop);

    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access, http,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, http->options.connections_max,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, http->options.per_address_max,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, http->options.head_bytes_max,
        MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_URI_LOG_CALLBACK, on_target,
        http, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_END);
    if (http->daemon == NULL) {
        (void)close(fd);
        return esep_because(reason, ESEP_IO, "the HTTP server does not start");
    }
    info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL)
        return esep_because(reason, ESEP_IO, "the HTTP server has no epoll descriptor");
    http->readable = event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, on_ready, http);
    http->timer = event_new(base, -1, 0, on_ready, http);
    http->sweep = event_new(base, -1, EV_PERSIST, on_sweep, http);
    if (http->readable == NULL || http->timer == NULL || http->sweep == NULL ||
        event_add(http->readable, NULL) != 0 || event_add(http->sweep, &each) != 0)
        return esep_because(reason, ESEP_NOMEM, "the HTTP server: no memory");
    return ESEP_OK;
}

enum esep_status esep_http_new(struct esep_http **ret, struct esep_loop *loop,
                               const struct esep_http_options *options, struct esep_reason *reason)
{
    int fd = -1;
    uint16_t port = 0;
    enum esep_status status = listen_on(options, &fd, &port, reason);
    if (status != ESEP_OK)
        return status;
    struct esep_http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        (void)close(fd);
        return esep_because(reason, ESEP_NOMEM, "the HTTP server: no memory");
    }
    http->options = *options;
    http->options.connections_max = room_for(options->connections_max);
    http->port = port;
    status = start(http, loop, fd, reason);
    if (status != ESEP_OK) {
        esep_http_free(http);
        return status;
    }
    *ret = http;
    return ESEP_OK;
}

void esep_http_free(struct esep_http *http)
{
    if (http == NULL)
        return;
    for (struct http_connection *c = http->connections; c != NULL; c = c->next)
        http_cut(c);
    if (http->daemon != NULL)
        MHD_stop_daemon(http->daemon);
    for (struct esep_http_request *r = http->requests, *next; r != NULL; r = next) {
        next = r->next;
        r->prev = r->next = NULL;
        request_free(r);
    }
    if (http->readable != NULL)
        event_free(http->readable);
    if (http->timer != NULL)
        event_free(http->timer);
    if (http->sweep != NULL)
        event_free(http->sweep);
    free(http);
}

uint16_t esep_http_port(const struct esep_http *http)
{
    return http->port;
}

unsigned esep_http_connections_max(const struct esep_http *http)
{
    return http->options.connections_max;
}

void esep_http_drain(struct esep_http *http)
{
    const int fd = MHD_quiesce_daemon(http->daemon);
    if (fd >= 0)
        (void)close(fd);
}

struct esep_http_counts esep_http_counts(const struct esep_http *http)
{
    return http->counts;
}

bool esep_http_address(const char *text, char *ret_address, size_t size, uint16_t *ret_port)
{
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    const unsigned long port = colon != NULL ? strtoul(colon + 1, &end, 10) : 0;
    if (colon == NULL || colon[1] < '0' || colon[1] > '9' || *end != '\0' || port > UINT16_MAX)
        return false;
    const bool bracket = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
    const size_t len = (size_t)(colon - text) - (bracket ? 2 : 0);
    if (len >= size)
        return false;
    memcpy(ret_address, text + bracket, len);
    ret_address[len] = '\0';
    *ret_port = (uint16_t)port;
    return true;
}
