/* lib/io/http_stream.c - an answer that goes on: bytes wait in a bounded buffer for their client.
 *
 * While nothing waits, the connection is suspended in the library and costs nothing. A client that
 * is gone is noticed by the next bytes: whoever streams sends something every some seconds.
 */
#include "io/http_internal.h"
#include "io/loop.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 4096u

struct esep_http_stream {
    struct http_connection *connection;
    struct esep_buf waiting;
    size_t taken;       /* of what waits */
    esep_time moved_at; /* when the client last took some, or had taken all */
    bool ended, cut;
    void (*on_closed)(void *context);
    void *context;
};

static size_t waiting(const struct esep_http_stream *stream)
{
    return stream->waiting.len - stream->taken;
}

static ssize_t on_read(void *context, uint64_t position, char *out, size_t room)
{
    struct esep_http_stream *stream = (struct esep_http_stream *)context;
    size_t len = waiting(stream);

    (void)position;
    if (stream->cut)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    stream->moved_at = esep_monotonic();
    if (len == 0) {
        if (stream->ended)
            return MHD_CONTENT_READER_END_OF_STREAM;
        http_suspend(stream->connection);
        return 0;
    }
    len = len < room ? len : room;
    memcpy(out, stream->waiting.data + stream->taken, len);
    stream->taken += len;
    if (stream->taken == stream->waiting.len) {
        esep_buf_clear(&stream->waiting);
        stream->taken = 0;
    }
    return (ssize_t)len;
}

static void on_free(void *context)
{
    struct esep_http_stream *stream = (struct esep_http_stream *)context;
    struct http_connection *connection = stream->connection;

    if (connection != NULL) {
        connection->stream = NULL;
        connection->http->counts.streams--;
    }
    if (stream->on_closed != NULL)
        stream->on_closed(stream->context);
    esep_buf_done(&stream->waiting);
    free(stream);
}

bool http_stream_lags(const struct esep_http_stream *stream, esep_time since)
{
    return !stream->cut && waiting(stream) > 0 && stream->moved_at < since;
}

struct esep_http_stream *esep_http_stream_begin(struct esep_http_request *request,
                                                const struct esep_http_field *fields,
                                                size_t field_count,
                                                void (*on_closed)(void *context), void *context)
{
    struct esep_http_stream *stream = calloc(1, sizeof *stream);
    struct MHD_Response *response = NULL;

    if (stream != NULL && request->connection != NULL) {
        stream->moved_at = esep_monotonic();
        esep_buf_init(&stream->waiting, request->http->options.stream_bytes_max);
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_read, stream,
                                                     on_free);
    }
    if (response == NULL) {
        free(stream);
        (void)http_respond(request, 200, NULL, 0, NULL, 0);
        return NULL;
    }
    /* From here on the response owns the stream. */
    stream->connection = request->connection;
    request->connection->stream = stream;
    request->http->counts.streams++;
    if (!http_respond(request, 200, fields, field_count, response, 0))
        return NULL;
    stream->on_closed = on_closed;
    stream->context = context;
    return stream;
}

enum esep_status esep_http_stream_send(struct esep_http_stream *stream, struct esep_slice bytes)
{
    if (stream->cut || stream->ended)
        return ESEP_LIMIT;
    if (stream->taken > 0) {
        memmove(stream->waiting.data, stream->waiting.data + stream->taken, waiting(stream));
        stream->waiting.len -= stream->taken;
        stream->taken = 0;
    }
    if (stream->waiting.len == 0)
        stream->moved_at = esep_monotonic();
    const enum esep_status status = esep_buf_put(&stream->waiting, bytes.data, bytes.len);
    if (status != ESEP_OK) {
        stream->cut = true;
        stream->connection->http->counts.timeouts++;
        http_cut(stream->connection);
        return status;
    }
    http_resume(stream->connection);
    return ESEP_OK;
}

void esep_http_stream_end(struct esep_http_stream *stream)
{
    stream->ended = true;
    http_resume(stream->connection);
}
