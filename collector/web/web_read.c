/* collector/web/web_read.c - what the page asks: the producers of json.h, each behind a path.
 *
 * An answer is of one moment, and its ETag says which: the log's size and the minute, since some
 * answers change with time alone. A browser that has it already gets 304 and no work is done.
 */
#include "collector/web/json.h"
#include "collector/web/web.h"
#include "io/log.h"

#include <stdio.h>

static const char *query_of(void *context, const char *name)
{
    return esep_http_query((const struct esep_http_request *)context, name);
}

void web_etag(const struct web_call *call, char ret_etag[WEB_ETAG_CHARS])
{
    (void)snprintf(ret_etag, WEB_ETAG_CHARS, "\"%llu-%lld%s\"",
                   (unsigned long long)views_log_size(call->web->state.views),
                   (long long)(call->now / (60 * ESEP_SECOND)), call->web->live ? "" : "-behind");
}

bool web_is_seen(const struct web_call *call, const char *etag)
{
    const char *seen = esep_http_header(call->request, "If-None-Match");
    return seen != NULL && strcmp(seen, etag) == 0;
}

void web_read_failed(const struct web_call *call, const char *what, enum esep_status status,
                     const struct esep_reason *reason)
{
    if (status == ESEP_NOT_FOUND) {
        web_problem(call->web, call->request, 404, reason->text[0] != '\0' ? reason->text : NULL);
    } else if (status == ESEP_INVALID) {
        web_problem(call->web, call->request, 400, reason->text);
    } else {
        esep_log(ESEP_LOG_ERROR, "read-failed", "%s: %s: %s", what, esep_status_name(status),
                 reason->text);
        web_problem(call->web, call->request, 500, "the server's log says why");
    }
}

static void read_with(const struct web_call *call, web_json_fn *produce)
{
    char etag[WEB_ETAG_CHARS];
    json_t *value = NULL;
    struct esep_reason reason = {""};
    const char *language = esep_http_query(call->request, "lang");
    const struct web_ask ask = {.state = &call->web->state,
                                .index = call->web->index,
                                .now = call->now,
                                .live = call->web->live,
                                .language = language != NULL ? language : "ru",
                                .query = query_of,
                                .context = call->request};

    web_etag(call, etag);
    /* Asked each time, and answered from the browser's copy where nothing has changed. */
    const struct esep_http_field fields[] = {{"ETag", etag},
                                             {"Cache-Control", "private, no-cache"}};
    if (web_is_seen(call, etag)) {
        web_answer(call->web, call->request, 304, fields, 2, esep_slice(NULL, 0));
        return;
    }
    const enum esep_status status = produce(&ask, call->rest, &value, &reason);
    if (status == ESEP_OK)
        web_answer_json(call->web, call->request, 200, fields, 2, value);
    else
        web_read_failed(call, esep_http_path(call->request), status, &reason);
}

#define WEB_READ(name)                                                                             \
    void web_read_##name(const struct web_call *call)                                              \
    {                                                                                              \
        read_with(call, web_json_##name);                                                          \
    }
WEB_READS(WEB_READ)
