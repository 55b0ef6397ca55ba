/* collector/web/web_route.c - from a request to its handler: host, route, session, right, origin.
 *
 * The checks stand in one order for every route, and the first that fails answers. A route says
 * what it takes; nothing is open because somebody forgot to say so.
 */
#include "collector/refusal_text.h"
#include "collector/web/web.h"
#include "io/log.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum web_need {
    WEB_OPEN = 1, /* anybody: what the page needs before a login */
    WEB_SESSION,  /* whoever is logged in */
    WEB_RIGHT,    /* whoever may do `act` */
    WEB_SCRAPE,   /* likewise, or who has the token of web.metrics_token_file */
};
struct web_route {
    enum esep_http_method method;
    const char *path; /* with a slash at its end: and what is below */
    enum web_need need;
    enum collector_act act;
    void (*handle)(const struct web_call *call);
};

static void on_health(const struct web_call *call);
static void on_ready(const struct web_call *call);

static const struct web_route routes[] = {
    {ESEP_HTTP_GET, "/healthz", WEB_OPEN, COLLECTOR_ACTS, on_health},
    {ESEP_HTTP_GET, "/readyz", WEB_OPEN, COLLECTOR_ACTS, on_ready},
    {ESEP_HTTP_GET, "/metrics", WEB_SCRAPE, COLLECTOR_ACT_LOOK, web_metrics},
    {ESEP_HTTP_POST, "/api/v1/session", WEB_OPEN, COLLECTOR_ACTS, web_login},
    {ESEP_HTTP_GET, "/api/v1/session", WEB_SESSION, COLLECTOR_ACTS, web_who},
    {ESEP_HTTP_DELETE, "/api/v1/session", WEB_SESSION, COLLECTOR_ACTS, web_logout},
    {ESEP_HTTP_GET, "/api/v1/summary", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_summary},
    {ESEP_HTTP_GET, "/api/v1/matrix", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_matrix},
    {ESEP_HTTP_GET, "/api/v1/obligations", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_obligations},
    {ESEP_HTTP_GET, "/api/v1/obligations/", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_obligation},
    {ESEP_HTTP_GET, "/api/v1/reports/", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_report},
    {ESEP_HTTP_GET, "/api/v1/attachments/", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_attachment},
    {ESEP_HTTP_GET, "/api/v1/bodies", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_bodies},
    {ESEP_HTTP_GET, "/api/v1/bodies/", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_body},
    {ESEP_HTTP_GET, "/api/v1/actions", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_actions},
    {ESEP_HTTP_GET, "/api/v1/actions/", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_action},
    {ESEP_HTTP_GET, "/api/v1/offices", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_offices},
    {ESEP_HTTP_GET, "/api/v1/feed", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_feed},
    {ESEP_HTTP_GET, "/api/v1/timeline", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_timeline},
    {ESEP_HTTP_GET, "/api/v1/money", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_money},
    {ESEP_HTTP_GET, "/api/v1/indicators", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_read_indicators},
    {ESEP_HTTP_GET, "/api/v1/events", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_events_join},
    {ESEP_HTTP_POST, "/api/v1/reviews", WEB_RIGHT, COLLECTOR_ACT_REVIEW, web_review},
    {ESEP_HTTP_POST, "/api/v1/extensions", WEB_RIGHT, COLLECTOR_ACT_EXTEND, web_extend},
    {ESEP_HTTP_POST, "/api/v1/controls", WEB_RIGHT, COLLECTOR_ACT_CONTROL, web_control},
    {ESEP_HTTP_GET, "/api/v1/accounts", WEB_RIGHT, COLLECTOR_ACT_ACCOUNTS, web_account_list},
    {ESEP_HTTP_POST, "/api/v1/accounts", WEB_RIGHT, COLLECTOR_ACT_ACCOUNTS, web_account_add},
    {ESEP_HTTP_POST, "/api/v1/accounts/", WEB_RIGHT, COLLECTOR_ACT_ACCOUNTS, web_account_change},
    {ESEP_HTTP_GET, "/api/v1/exports", WEB_RIGHT, COLLECTOR_ACT_EXPORT, web_export_list},
    {ESEP_HTTP_POST, "/api/v1/exports", WEB_RIGHT, COLLECTOR_ACT_EXPORT, web_export_order},
    {ESEP_HTTP_GET, "/api/v1/exports/", WEB_RIGHT, COLLECTOR_ACT_EXPORT, web_export_show},
    {ESEP_HTTP_DELETE, "/api/v1/exports/", WEB_RIGHT, COLLECTOR_ACT_EXPORT, web_export_delete},
    {ESEP_HTTP_GET, "/api/v1/calendar.ics", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_calendar},
    {ESEP_HTTP_GET, "/api/v1/calendar", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_calendar_show},
    {ESEP_HTTP_POST, "/api/v1/calendar", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_calendar_draw},
    {ESEP_HTTP_DELETE, "/api/v1/calendar", WEB_RIGHT, COLLECTOR_ACT_LOOK, web_calendar_end},
    {ESEP_HTTP_GET, "/calendar/", WEB_OPEN, COLLECTOR_ACTS, web_calendar_feed},
    {ESEP_HTTP_GET, "/checkpoint", WEB_OPEN, COLLECTOR_ACTS, web_checkpoint},
    {ESEP_HTTP_GET, "/checkpoint/keys", WEB_OPEN, COLLECTOR_ACTS, web_checkpoint_keys},
    {ESEP_HTTP_GET, "/checkpoint/cosigned", WEB_OPEN, COLLECTOR_ACTS, web_checkpoint_cosigned},
    {ESEP_HTTP_GET, "/tile/", WEB_OPEN, COLLECTOR_ACTS, web_tile},
    {ESEP_HTTP_GET, "/", WEB_OPEN, COLLECTOR_ACTS, web_file},
};

esep_time web_now(const struct web *web)
{
    return esep_clock_now(&web->clock);
}

static bool has_field(const struct esep_http_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(fields[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Those given, and one that some give themselves; the server adds those of every answer. */
static size_t all_heads(const struct esep_http_field *fields, size_t count,
                        struct esep_http_field ret[WEB_FIELDS_MAX + 1])
{
    size_t have = 0;
    ESEP_ASSERT(count <= WEB_FIELDS_MAX);
    for (size_t i = 0; i < count; i++)
        ret[have++] = fields[i];
    if (!has_field(fields, count, "Cache-Control"))
        ret[have++] = (struct esep_http_field){"Cache-Control", "no-store"};
    return have;
}

void web_answer(struct web *web, struct esep_http_request *request, unsigned status,
                const struct esep_http_field *fields, size_t count, struct esep_slice body)
{
    struct esep_http_field all[WEB_FIELDS_MAX + 1];
    (void)web;
    esep_http_answer(request, status, all, all_heads(fields, count, all), body);
}

void web_answer_file(struct web *web, struct esep_http_request *request, unsigned status,
                     const struct esep_http_field *fields, size_t count, int fd,
                     uint64_t size_bytes)
{
    struct esep_http_field all[WEB_FIELDS_MAX + 1];
    (void)web;
    esep_http_answer_file(request, status, all, all_heads(fields, count, all), fd, size_bytes);
}

void web_answer_json(struct web *web, struct esep_http_request *request, unsigned status,
                     const struct esep_http_field *fields, size_t count, json_t *value)
{
    struct esep_http_field all[WEB_FIELDS_MAX];
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;

    json_decref(value);
    ESEP_ASSERT(count < WEB_FIELDS_MAX);
    for (size_t i = 0; i < count; i++)
        all[i] = fields[i];
    if (!has_field(fields, count, "Content-Type"))
        all[count++] = (struct esep_http_field){"Content-Type", "application/json"};
    if (text == NULL)
        web_problem(web, request, 500, "no memory");
    else
        web_answer(web, request, status, all, count, esep_slice_str(text));
    free(text);
}

void web_problem(struct web *web, struct esep_http_request *request, unsigned status,
                 const char *detail)
{
    web_problem_with(web, request, status, NULL, 0, detail);
}

void web_problem_with(struct web *web, struct esep_http_request *request, unsigned status,
                      const struct esep_http_field *fields, size_t count, const char *detail)
{
    const enum export_language language =
        refusal_language(esep_http_header(request, "Accept-Language"));
    struct esep_http_field all[WEB_FIELDS_MAX] = {
        {"Content-Type", "application/problem+json"},
        {"Content-Language", export_language_code(language)}};
    char said[REFUSAL_BYTES_MAX];
    if (detail != NULL)
        refusal_say(language, detail, said);
    json_t *value = json_pack("{s:s, s:s, s:i, s:s*}", "type", "about:blank", "title",
                              refusal_title(status, language), "status", (int)status, "detail",
                              detail != NULL ? said : NULL);
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    ESEP_ASSERT(count + 2 <= WEB_FIELDS_MAX);
    for (size_t i = 0; i < count; i++)
        all[i + 2] = fields[i];
    web_answer(web, request, status, all, count + 2, esep_slice_str(text != NULL ? text : "{}"));
    free(text);
}

static void on_health(const struct web_call *call)
{
    const struct esep_http_field type = {"Content-Type", "text/plain; charset=utf-8"};
    web_answer(call->web, call->request, 200, &type, 1, esep_slice_str("alive\n"));
}

static void on_ready(const struct web_call *call)
{
    const struct esep_http_field type = {"Content-Type", "text/plain; charset=utf-8"};
    const bool live = call->web->live;
    web_answer(call->web, call->request, live ? 200 : 503, &type, 1,
               esep_slice_str(live ? "ready\n" : "the log is not followed to its end yet\n"));
}

static bool in_list(const struct esep_config_texts *list, const char *text, size_t len)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strlen(list->text[i]) == len && strncasecmp(list->text[i], text, len) == 0)
            return true;
    }
    return false;
}

/* Without its port: "localhost:8080", "[::1]:8080". */
static size_t host_length(const char *host)
{
    const char *bracket = host[0] == '[' ? strchr(host, ']') : NULL;
    return bracket != NULL ? (size_t)(bracket - host) + 1 : strcspn(host, ":");
}

static bool is_our_host(const struct web *web, const struct esep_http_request *request)
{
    const char *host = esep_http_header(request, "Host");
    return host != NULL && in_list(&web->settings->web_hosts, host, host_length(host));
}

/* Exactly scheme://Host, as a browser says it of our own page. */
static bool is_our_origin(const struct web *web, const struct esep_http_request *request)
{
    const char *origin = esep_http_header(request, "Origin");
    const char *host = esep_http_header(request, "Host");
    const char *scheme = web->settings->web_insecure ? "http://" : "https://";
    const size_t len = strlen(scheme);
    return origin != NULL && host != NULL && !esep_http_repeats(request, "Origin") &&
           strncmp(origin, scheme, len) == 0 && strcasecmp(origin + len, host) == 0;
}

static bool has_our_token(const struct web_call *call)
{
    uint8_t token[WEB_TOKEN_BYTES];
    const char *text = esep_http_header(call->request, "X-CSRF-Token");
    return text != NULL && esep_unhex(text, token, sizeof token) == ESEP_OK &&
           sodium_memcmp(token, call->session->csrf, sizeof token) == 0;
}

/* RFC 6750, 2.1. By its hash, so that how long it takes says nothing of how much was right. */
static bool has_metrics_token(const struct web_call *call)
{
    static const struct esep_hash none = {{0}};
    const char *text = esep_http_header(call->request, "Authorization");
    if (text == NULL || strncasecmp(text, "Bearer ", 7) != 0 ||
        esep_hash_equal(&call->web->metrics_token, &none))
        return false;
    const struct esep_hash given = esep_sha256(esep_slice_str(text + 7));
    return esep_hash_equal(&given, &call->web->metrics_token);
}

/* The address that failures are counted for: what the last proxy of ours says, else the peer. */
static void find_peer(struct web_call *call)
{
    const char *forwarded = esep_http_header(call->request, "X-Forwarded-For");
    esep_http_peer(call->request, call->peer);
    if (forwarded == NULL || esep_http_repeats(call->request, "X-Forwarded-For") ||
        !in_list(&call->web->settings->web_proxies, call->peer, strlen(call->peer)))
        return;
    /* From the end: each proxy adds whom it heard. */
    for (size_t end = strlen(forwarded); end > 0;) {
        size_t begin = end;
        while (begin > 0 && forwarded[begin - 1] != ',')
            begin--;
        const char *hop = forwarded + begin;
        size_t len = end - begin;
        while (len > 0 && (*hop == ' ' || *hop == '\t')) {
            hop++;
            len--;
        }
        if (len > 0 && len < sizeof call->peer &&
            !in_list(&call->web->settings->web_proxies, hop, len)) {
            memcpy(call->peer, hop, len);
            call->peer[len] = '\0';
            return;
        }
        end = begin > 0 ? begin - 1 : 0;
    }
}

static void find_session(struct web_call *call)
{
    uint8_t token[WEB_TOKEN_BYTES];
    if (!web_cookie_token(call->web, call->request, token))
        return;
    call->session = web_session_find(call->web->sessions, token, call->now);
    esep_wipe(token, sizeof token);
    if (call->session == NULL)
        return;
    call->account = views_account_named(call->web->state.views, call->session->account);
    if (call->account == NULL ||
        call->account->state != ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE) {
        (void)web_session_close_account(call->web->sessions, call->session->account);
        call->session = NULL;
        call->account = NULL;
    }
}

static const char *need_name(const struct web_route *route)
{
    return route->need == WEB_OPEN      ? "nothing"
           : route->need == WEB_SESSION ? "login"
                                        : collector_act_name(route->act);
}

json_t *web_routes_json(void)
{
    static const char *const methods[] = {[ESEP_HTTP_GET] = "GET",
                                          [ESEP_HTTP_POST] = "POST",
                                          [ESEP_HTTP_PUT] = "PUT",
                                          [ESEP_HTTP_DELETE] = "DELETE"};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s}", "method", methods[routes[i].method], "path",
                            routes[i].path, "needs", need_name(&routes[i])));
    return json_pack("{s:s, s:o}", "format", "esep-routes/1", "routes", list);
}

static const struct web_route *find_route(struct web_call *call, bool *ret_other_method)
{
    const char *path = esep_http_path(call->request);
    const enum esep_http_method method = esep_http_method(call->request);

    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        const struct web_route *route = &routes[i];
        const size_t len = strlen(route->path);
        const bool below = route->path[len - 1] == '/';
        if (below ? strncmp(path, route->path, len) != 0 : strcmp(path, route->path) != 0)
            continue;
        if (route->method != method) {
            *ret_other_method = true;
            continue;
        }
        /* The page's files are not what an unknown call of the API gets. */
        if (route->handle == web_file && (*ret_other_method || strncmp(path, "/api/", 5) == 0))
            continue;
        call->rest = path + len;
        return route;
    }
    return NULL;
}

static bool may(const struct web_call *call, enum collector_act act)
{
    return collector_right_is(
        collector_right_in(call->web->state.views, call->account, act, NULL, 0, call->now));
}

/* False: answered. */
static bool is_let_in(const struct web_call *call, const struct web_route *route)
{
    const bool changes = route->method != ESEP_HTTP_GET;

    if (changes && !is_our_origin(call->web, call->request)) {
        web_problem(call->web, call->request, 403, "the request does not come from this page");
        return false;
    }
    if (route->need == WEB_OPEN || (route->need == WEB_SCRAPE && has_metrics_token(call)))
        return true;
    if (call->session == NULL) {
        web_problem(call->web, call->request, 401, "log in first");
        return false;
    }
    if (changes && !has_our_token(call)) {
        web_problem(call->web, call->request, 403,
                    "the token of this login is missing: load the page anew");
        return false;
    }
    if (route->need != WEB_SESSION && !may(call, route->act)) {
        web_problem(call->web, call->request, 403, "this account has not the right to it");
        return false;
    }
    /* A role may have come after the login, or be another's whom the account stands in for. */
    if (route->need != WEB_SESSION && route->act == COLLECTOR_ACT_ACCOUNTS &&
        !call->session->second_factor) {
        web_problem(call->web, call->request, 403,
                    "accounts take a login with a second factor: ask the operator for one");
        return false;
    }
    return true;
}

void web_on_request(void *context, struct esep_http_request *request)
{
    struct web *web = (struct web *)context;
    struct web_call call = {.web = web, .request = request, .rest = "", .now = web_now(web)};
    bool other_method = false;

    if (!is_our_host(web, request)) {
        web_problem(web, request, 421, "no such host here: see web.hosts");
        return;
    }
    find_peer(&call);
    find_session(&call);
    const struct web_route *route = find_route(&call, &other_method);
    if (route == NULL && other_method)
        web_problem(web, request, 405, NULL);
    else if (route == NULL)
        web_problem(web, request, 404, NULL);
    else if (is_let_in(&call, route))
        route->handle(&call);
}
