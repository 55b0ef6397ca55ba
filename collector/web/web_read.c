/* collector/web/web_read.c - what the page asks: the producers of json.h, each behind a path.
 *
 * An answer is of one moment, and its ETag says which: the log's size and the minute, since some
 * answers change with time alone. A browser that has it already gets 304 and no work is done.
 */
#include "collector/export.h"
#include "collector/web/json.h"
#include "collector/web/web.h"
#include "io/log.h"

#include <stdio.h>
#include <stdlib.h>

static const char *query_of(void *context, const char *name)
{
    return esep_http_query((const struct esep_http_request *)context, name);
}

static void make_etag(const struct web_call *call, char *out, size_t len)
{
    (void)snprintf(out, len, "\"%llu-%lld%s\"",
                   (unsigned long long)views_log_size(call->web->state.views),
                   (long long)(call->now / (60 * ESEP_SECOND)), call->web->live ? "" : "-behind");
}

static bool is_seen(const struct web_call *call, const char *etag)
{
    const char *seen = esep_http_header(call->request, "If-None-Match");
    return seen != NULL && strcmp(seen, etag) == 0;
}

static void say_failure(const struct web_call *call, enum esep_status status,
                        const struct esep_reason *reason)
{
    if (status == ESEP_NOT_FOUND) {
        web_problem(call->web, call->request, 404, "Not Found",
                    reason->text[0] != '\0' ? reason->text : NULL);
    } else if (status == ESEP_INVALID) {
        web_problem(call->web, call->request, 400, "Bad Request", reason->text);
    } else {
        esep_log(ESEP_LOG_ERROR, "read-failed", "%s: %s: %s", esep_http_path(call->request),
                 esep_status_name(status), reason->text);
        web_problem(call->web, call->request, 500, "Internal Server Error",
                    "the server's log says why");
    }
}

static void read_with(const struct web_call *call, web_json_fn *produce)
{
    char etag[64];
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

    make_etag(call, etag, sizeof etag);
    /* Asked each time, and answered from the browser's copy where nothing has changed. */
    const struct esep_http_field fields[] = {{"ETag", etag},
                                             {"Cache-Control", "private, no-cache"}};
    if (is_seen(call, etag)) {
        web_answer(call->web, call->request, 304, fields, 2, esep_slice(NULL, 0));
        return;
    }
    const enum esep_status status = produce(&ask, call->rest, &value, &reason);
    if (status == ESEP_OK)
        web_answer_json(call->web, call->request, 200, fields, 2, value);
    else
        say_failure(call, status, &reason);
}

#define WEB_READ(name)                                                                             \
    void web_read_##name(const struct web_call *call)                                              \
    {                                                                                              \
        read_with(call, web_json_##name);                                                          \
    }
WEB_READS(WEB_READ)

static enum esep_status make_calendar(const struct web_call *call, char **ret, size_t *ret_len,
                                      struct esep_reason *reason)
{
    const struct collector_state *state = &call->web->state;
    const struct consolidated_source source = {state->views, state->log, collector_state_entry};
    const char *language = esep_http_query(call->request, "lang");
    struct export_request request = {.format = EXPORT_ICS,
                                     .language = EXPORT_RU,
                                     .plan = esep_http_query(call->request, "plan"),
                                     .body = esep_http_query(call->request, "body"),
                                     .as_of = call->now};
    if (language != NULL && !export_language_parse(language, &request.language))
        return esep_because(reason, ESEP_INVALID, "lang: kk, ru or en");
    FILE *out = open_memstream(ret, ret_len);
    if (out == NULL)
        return ESEP_NOMEM;
    const enum esep_status status = export_write(&source, &request, out, reason);
    if (fclose(out) != 0 && status == ESEP_OK)
        return ESEP_NOMEM;
    return status;
}

/* The deadlines, for a calendar that is fetched again: all of them, or a plan's, or a body's. */
void web_calendar(const struct web_call *call)
{
    char etag[64];
    char *text = NULL;
    size_t len = 0;
    struct esep_reason reason = {""};
    make_etag(call, etag, sizeof etag);
    const struct esep_http_field fields[] = {
        {"ETag", etag},
        {"Cache-Control", "private, no-cache"},
        {"Content-Type", export_formats[EXPORT_ICS].media_type},
        {"Content-Disposition", "attachment; filename=\"esep.ics\""}};
    if (is_seen(call, etag)) {
        web_answer(call->web, call->request, 304, fields, 2, esep_slice(NULL, 0));
        return;
    }
    const enum esep_status status = make_calendar(call, &text, &len, &reason);
    if (status == ESEP_OK)
        web_answer(call->web, call->request, 200, fields, 4, esep_slice(text, len));
    else
        say_failure(call, status, &reason);
    free(text);
}
