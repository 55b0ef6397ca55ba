/* lib/io/http_request.c - what a handler may ask of a request, and the answer it gives. */
#include "io/http_internal.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct occurrences {
    const char *name;
    unsigned count;
};

static enum MHD_Result count_name(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct occurrences *o = (struct occurrences *)context;
    (void)kind, (void)value;
    o->count += strcasecmp(name, o->name) == 0;
    return MHD_YES;
}

unsigned http_header_count(const struct esep_http_request *request, const char *name)
{
    struct occurrences o = {.name = name};
    if (request->connection != NULL)
        (void)MHD_get_connection_values(request->connection->mhd, MHD_HEADER_KIND, count_name, &o);
    return o.count;
}

void esep_http_answer(struct esep_http_request *request, unsigned status,
                      const struct esep_http_field *fields, size_t field_count,
                      struct esep_slice body)
{
    /* The library asks for a pointer to what may change, and with MUST_COPY changes nothing. */
    union {
        const void *in;
        void *out;
    } bytes = {.in = body.len > 0 ? (const void *)body.data : ""};
    (void)http_respond(request, status, fields, field_count,
                       MHD_create_response_from_buffer(body.len, bytes.out, MHD_RESPMEM_MUST_COPY),
                       body.len);
}

void esep_http_answer_file(struct esep_http_request *request, unsigned status,
                           const struct esep_http_field *fields, size_t field_count, int fd,
                           uint64_t size_bytes)
{
    struct MHD_Response *response = MHD_create_response_from_fd64(size_bytes, fd);
    if (response == NULL)
        (void)close(fd);
    (void)http_respond(request, status, fields, field_count, response, size_bytes);
}

void *esep_http_sink_context(const struct esep_http_request *request)
{
    return request->sink.put != NULL ? request->sink.context : NULL;
}

enum esep_http_method esep_http_method(const struct esep_http_request *request)
{
    return request->method;
}

const char *esep_http_path(const struct esep_http_request *request)
{
    return request->path;
}

static const char *value_of(const struct esep_http_request *request, enum MHD_ValueKind kind,
                            const char *name)
{
    const char *value = NULL;
    if (request->connection == NULL ||
        MHD_lookup_connection_value_n(request->connection->mhd, kind, name, strlen(name), &value,
                                      NULL) != MHD_YES)
        return NULL;
    return value != NULL ? value : "";
}

const char *esep_http_query(const struct esep_http_request *request, const char *name)
{
    return value_of(request, MHD_GET_ARGUMENT_KIND, name);
}

const char *esep_http_header(const struct esep_http_request *request, const char *name)
{
    return value_of(request, MHD_HEADER_KIND, name);
}

const char *esep_http_cookie(const struct esep_http_request *request, const char *name)
{
    return value_of(request, MHD_COOKIE_KIND, name);
}

struct esep_slice esep_http_body(const struct esep_http_request *request)
{
    return esep_buf_slice(&request->body);
}

bool esep_http_repeats(const struct esep_http_request *request, const char *name)
{
    return http_header_count(request, name) > 1;
}

void esep_http_peer(const struct esep_http_request *request, char ret[INET6_ADDRSTRLEN])
{
    const union MHD_ConnectionInfo *info =
        request->connection != NULL
            ? MHD_get_connection_info(request->connection->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
            : NULL;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    ret[0] = '\0';
    if (info == NULL || info->client_addr == NULL)
        return;
    if (info->client_addr->sa_family == AF_INET) {
        memcpy(&v4, info->client_addr, sizeof v4);
        (void)inet_ntop(AF_INET, &v4.sin_addr, ret, INET6_ADDRSTRLEN);
    } else if (info->client_addr->sa_family == AF_INET6) {
        memcpy(&v6, info->client_addr, sizeof v6);
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, ret, INET6_ADDRSTRLEN);
    }
}
