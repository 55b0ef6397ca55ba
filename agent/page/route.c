/* agent/page/route.c - from a request to its handler, and every answer's head; see page.h.
 *
 * The checks stand in one order for every route, and the first that fails answers: is the Host this
 * address (else a name that was bound to it by a stranger's DNS would do); which route; is there a
 * session; has it brought its key; does what changes something come from this page.
 */
#include "agent/page/page.h"
#include "io/log.h"

#include <stdlib.h>
#include <strings.h>

enum page_need {
    PAGE_OPEN = 1, /* nothing */
    PAGE_COOKIE,   /* the session's cookie: what a browser loads by itself */
    PAGE_SESSION,  /* its key, too */
    PAGE_WRITE,    /* and our Origin */
};
struct page_route {
    enum esep_http_method method;
    const char *path; /* with a slash at its end: and what is below */
    enum page_need need;
    void (*handle)(const struct page_call *call);
};
static const struct page_route routes[] = {
    {ESEP_HTTP_GET, "/open", PAGE_OPEN, page_open},
    {ESEP_HTTP_DELETE, "/api/v1/session", PAGE_WRITE, page_leave},
    {ESEP_HTTP_GET, "/api/v1/office", PAGE_SESSION, page_office},
    {ESEP_HTTP_GET, "/api/v1/status", PAGE_SESSION, page_status},
    {ESEP_HTTP_POST, "/api/v1/try", PAGE_WRITE, page_try},
    {ESEP_HTTP_GET, "/api/v1/duties", PAGE_SESSION, page_duties},
    {ESEP_HTTP_GET, "/api/v1/obligations/", PAGE_SESSION, page_obligation},
    {ESEP_HTTP_GET, "/api/v1/entries/", PAGE_SESSION, page_entry},
    {ESEP_HTTP_PUT, "/api/v1/drafts/", PAGE_WRITE, page_draft_save},
    {ESEP_HTTP_DELETE, "/api/v1/drafts/", PAGE_WRITE, page_draft_drop},
    {ESEP_HTTP_POST, "/api/v1/reports/", PAGE_WRITE, page_report},
    {ESEP_HTTP_POST, "/api/v1/withdrawals/", PAGE_WRITE, page_withdraw},
    {ESEP_HTTP_POST, "/api/v1/extensions/", PAGE_WRITE, page_extension},
    {ESEP_HTTP_POST, "/api/v1/files", PAGE_WRITE, page_upload},
    {ESEP_HTTP_GET, "/api/v1/receipts/", PAGE_SESSION, page_receipt},
    {ESEP_HTTP_GET, "/api/v1/notes/", PAGE_SESSION, page_note},
    {ESEP_HTTP_GET, "/api/v1/events", PAGE_COOKIE, page_events_join},
    {ESEP_HTTP_GET, "/", PAGE_COOKIE, page_file},
};

void page_answer(const struct page_call *call, unsigned status,
                 const struct esep_http_field *fields, size_t count, struct esep_slice body)
{
    struct esep_http_field all[PAGE_FIELDS_MAX + 1];
    bool cached = false;
    ESEP_ASSERT(count <= PAGE_FIELDS_MAX);
    for (size_t i = 0; i < count; i++) {
        all[i] = fields[i];
        cached = cached || strcasecmp(fields[i].name, "Cache-Control") == 0;
    }
    if (!cached)
        all[count++] = (struct esep_http_field){"Cache-Control", "no-store"};
    esep_http_answer(call->request, status, all, count, body);
}

void page_answer_json(const struct page_call *call, unsigned status, const char *etag,
                      json_t *value)
{
    const struct esep_http_field fields[] = {{"Content-Type", "application/json"},
                                             {"Cache-Control", "private, no-cache"},
                                             {"ETag", etag}};
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    if (text == NULL)
        page_problem(call, 503, "unavailable", "no memory");
    else
        page_answer(call, status, fields, etag != NULL ? 3 : 1, esep_slice_str(text));
    free(text);
}

static const char *title_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *title;
    } titles[] = {{400, "Bad Request"},
                  {401, "Unauthorized"},
                  {403, "Forbidden"},
                  {404, "Not Found"},
                  {405, "Method Not Allowed"},
                  {409, "Conflict"},
                  {412, "Precondition Failed"},
                  {413, "Content Too Large"},
                  {415, "Unsupported Media Type"},
                  {421, "Misdirected Request"},
                  {422, "Unprocessable Content"},
                  {428, "Precondition Required"},
                  {429, "Too Many Requests"},
                  {503, "Service Unavailable"},
                  {507, "Insufficient Storage"}};
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (titles[i].status == status)
            return titles[i].title;
    return "Error";
}

void page_problem_with(const struct page_call *call, unsigned status, const char *code,
                       const char *detail, json_t *extra)
{
    const struct esep_http_field type = {"Content-Type", "application/problem+json"};
    json_t *value =
        json_pack("{s:s, s:s, s:i, s:s, s:s*}", "type", "about:blank", "title", title_of(status),
                  "status", (int)status, "code", code, "detail", detail);
    if (extra != NULL && value != NULL)
        (void)json_object_update(value, extra);
    json_decref(extra);
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    page_answer(call, status, &type, 1, esep_slice_str(text != NULL ? text : "{}"));
    free(text);
}

void page_problem(const struct page_call *call, unsigned status, const char *code,
                  const char *detail)
{
    page_problem_with(call, status, code, detail, NULL);
}

void page_failed(const struct page_call *call, enum esep_status status,
                 const struct esep_reason *reason)
{
    switch (status) {
    case ESEP_NOT_FOUND:
        page_problem(call, 404, "not_found", reason->text);
        return;
    case ESEP_DENIED:
        page_problem(call, 409, "closed", reason->text);
        return;
    case ESEP_INVALID:
    case ESEP_CONFLICT:
        page_problem(call, 400, "invalid", reason->text);
        return;
    case ESEP_LIMIT:
        page_problem(call, 507, "journal_full", reason->text);
        return;
    case ESEP_AGAIN:
    case ESEP_NOMEM:
        page_problem(call, 503, "unavailable", reason->text);
        return;
    default:
        /* The disk. As when the daemon's own write fails: open it again, and check. */
        esep_log(ESEP_LOG_ERROR, "page-journal-failed", "%s", reason->text);
        agent_run_give_up_core(call->page->run, AGENT_RUN_REOPEN_AFTER);
        page_problem(call, 503, "journal_failed", reason->text);
    }
}

json_t *page_body(const struct page_call *call)
{
    static const char json[] = "application/json";
    const char *type = esep_http_header(call->request, "Content-Type");
    if (type == NULL || strncasecmp(type, json, sizeof json - 1) != 0) {
        page_problem(call, 415, "media_type", "the body is to be application/json");
        return NULL;
    }
    json_t *value = esep_http_body_object(call->request);
    if (value == NULL)
        page_problem(call, 400, "invalid", "the body is no JSON object");
    return value;
}

static const struct page_route *find_route(struct page_call *call, bool *ret_other_method)
{
    const char *path = esep_http_path(call->asked);
    const enum esep_http_method method = esep_http_method(call->asked);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct page_route *route = &routes[i];
        const size_t len = strlen(route->path);
        const bool below = route->path[len - 1] == '/';
        if (below ? strncmp(path, route->path, len) != 0 : strcmp(path, route->path) != 0)
            continue;
        if (route->method != method) {
            *ret_other_method = true;
            continue;
        }
        /* The page's files are not what an unknown call of the API gets. */
        if (route->handle == page_file && (*ret_other_method || strncmp(path, "/api/", 5) == 0))
            continue;
        call->rest = path + len;
        return route;
    }
    return NULL;
}

/* Once and exactly: what a proxy or a browser says twice is nobody's. */
static const char *single(const struct page_call *call, const char *name)
{
    return esep_http_repeats(call->asked, name) ? NULL : esep_http_header(call->asked, name);
}

struct refusal {
    unsigned status; /* 0: none */
    const char *code, *detail;
};

/* What speaks against it; the page's own files have words of their own for it. */
static struct refusal refusal_of(const struct page_call *call, const struct page_route *route)
{
    const struct page_gate *gate = &call->page->gate;
    if (route != NULL && route->need == PAGE_OPEN)
        return (struct refusal){0};
    if (call->session == NULL || ((route == NULL || route->need >= PAGE_SESSION) &&
                                  !page_gate_key(call->session, single(call, "X-Esep-Key"))))
        return (struct refusal){401, "no_session", "run: esep-agent open"};
    if (route != NULL && route->need == PAGE_WRITE &&
        !page_gate_origin(gate, single(call, "Origin")))
        return (struct refusal){403, "origin", "the request does not come from this page"};
    return (struct refusal){0};
}

static struct page_call call_of(struct page *page, const struct esep_http_request *request)
{
    struct page_call call = {.page = page, .rest = "", .now = agent_run_now(page->run)};
    call.asked = request;
    if (page_gate_host(&page->gate, single(&call, "Host")))
        call.session = page_gate_session(&page->gate, esep_http_cookie(request, page->cookie_name),
                                         esep_monotonic());
    else
        call.foreign = true;
    return call;
}

/* A file may be large: who it comes from is asked before its bytes are. */
bool page_on_head(void *context, const struct esep_http_request *request,
                  struct esep_http_sink *ret)
{
    struct page_call call = call_of(context, request);
    bool other_method = false;
    const struct page_route *route = call.foreign ? NULL : find_route(&call, &other_method);
    return route != NULL && route->handle == page_upload && refusal_of(&call, route).status == 0 &&
           page_upload_head(&call, ret);
}

void page_on_request(void *context, struct esep_http_request *request)
{
    struct page_call call = call_of(context, request);
    bool other_method = false;
    call.request = request;
    page_desk_tidy(call.page->desk);
    if (call.foreign) {
        page_problem(&call, 421, "host", "no such host here");
        return;
    }
    const struct page_route *route = find_route(&call, &other_method);
    const struct refusal refusal = refusal_of(&call, route);
    if (refusal.status == 401 && call.session == NULL &&
        strncmp(esep_http_path(request), "/api/", 5) != 0)
        page_no_session(&call);
    else if (refusal.status != 0)
        page_problem(&call, refusal.status, refusal.code, refusal.detail);
    else if (route != NULL)
        route->handle(&call);
    else if (other_method)
        page_problem(&call, 405, "method", NULL);
    else
        page_problem(&call, 404, "not_found", NULL);
}
