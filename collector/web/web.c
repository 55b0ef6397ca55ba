/* collector/web/web.c - start, the loop, following the log, the end; see web.h. */
#include "collector/web/web.h"

#include "collector/commands.h"
#include "collector/web/commands.h"
#include "collector/web/index.h"
#include "io/keyfile.h"
#include "io/log.h"
#include "io/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#define FOLLOW_EVERY (ESEP_SECOND / 5)
#define FOLLOW_ENTRIES 2000u /* in one turn of the loop: some milliseconds */
enum { HEAD_BYTES = 16384, BODY_BYTES = 65536, STREAM_BYTES = 65536 };

static void on_drain(void *context)
{
    struct web *web = context;
    esep_notify("STOPPING=1");
    esep_loop_stop(web->loop);
}

/* Another store, or one that cannot be read: what is shown would be wrong. Whoever starts daemons
 * here starts this one anew, and it opens what stands there now. */
static void give_up(struct web *web, enum esep_status status, const struct esep_reason *reason)
{
    esep_log(ESEP_LOG_ERROR, "follow-failed", "%s; ending, to be started anew", reason->text);
    web->exit_code = status == ESEP_CONFLICT ? EX_TEMPFAIL : esep_status_exit(status);
    esep_loop_stop(web->loop);
}

void web_follow(struct web *web)
{
    struct esep_reason reason = {""};
    uint64_t applied = 0;
    const enum esep_status status =
        collector_state_follow(&web->state, FOLLOW_ENTRIES, &applied, &reason);
    if (status != ESEP_OK) {
        give_up(web, status, &reason);
        return;
    }
    const enum esep_status indexed =
        web_index_follow(web->index, web->state.log, web->state.views, &reason);
    if (indexed != ESEP_OK) {
        give_up(web, indexed, &reason);
        return;
    }
    web->live = applied < FOLLOW_ENTRIES;
    web_exports_tick(web->exports);
    if (applied > 0)
        web_events_grown(web->events);
    esep_loop_deadline(web->loop, web->live ? FOLLOW_EVERY : 0);
}

static void on_deadline(void *context)
{
    web_follow(context);
}

static void add_default(struct esep_config_texts *list, const char *first, const char *second)
{
    if (list->count > 0)
        return;
    (void)snprintf(list->text[0], sizeof list->text[0], "%s", first);
    (void)snprintf(list->text[1], sizeof list->text[1], "%s", second);
    list->count = 2;
}

/* What a monitoring system reads /metrics with: it cannot log in. Kept as its hash. */
static enum esep_status read_metrics_token(struct web *web, struct esep_reason *reason)
{
    char token[128];
    if (web->settings->web_metrics_token_file[0] == '\0')
        return ESEP_OK;
    enum esep_status status =
        esep_secret_read(web->settings->web_metrics_token_file, token, sizeof token, reason);
    if (status == ESEP_OK && strlen(token) < WEB_METRICS_TOKEN_MIN)
        status = esep_because(reason, ESEP_INVALID,
                              "web.metrics_token_file: a token has %d letters at least",
                              WEB_METRICS_TOKEN_MIN);
    if (status == ESEP_OK)
        web->metrics_token = esep_sha256(esep_slice_str(token));
    esep_wipe(token, sizeof token);
    return status;
}

enum esep_status web_credentials_folder(const struct collector_settings *settings,
                                        struct esep_reason *reason)
{
    if (settings->web_credentials[0] != '\0')
        return ESEP_OK;
    return collector_config_check(
        esep_because(reason, ESEP_INVALID,
                     "web.credentials names no folder, so nobody could log in: name one in the "
                     "configuration"));
}

static enum esep_status read_settings(struct web *web, const struct command_common *common,
                                      struct esep_reason *reason)
{
    enum esep_status status = collector_command_settings(common, &web->settings, reason);
    web->config = common->config;
    if (status == ESEP_OK)
        status = web_credentials_folder(web->settings, reason);
    if (status != ESEP_OK)
        return status;
    add_default(&web->settings->web_hosts, "localhost", "127.0.0.1");
    add_default(&web->settings->web_proxies, "127.0.0.1", "::1");
    status = collector_config_check(read_metrics_token(web, reason));
    return status != ESEP_OK ? status : esep_clock_init(&web->clock, web->settings->clock, reason);
}

static enum esep_status open_door(struct web *web, struct esep_reason *reason)
{
    const struct collector_settings *s = web->settings;
    const struct web_sessions_limits limits = {.sessions_max = (uint32_t)s->web_sessions,
                                               .of_one_account_max = 8,
                                               .idle = s->web_session_idle,
                                               .lifetime = s->web_session_lifetime};
    uint8_t key[ESEP_KEY_BYTES];
    esep_random(key, sizeof key);
    enum esep_status status = web_sessions_new(&web->sessions, &limits);
    if (status == ESEP_OK)
        status = web_throttle_new(&web->throttle, key);
    if (status == ESEP_OK)
        status = web_events_new(&web->events, web);
    if (status == ESEP_OK)
        status = web_index_new(&web->index, (uint32_t)s->obligations);
    if (status == ESEP_OK)
        status = web_calendars_new(&web->calendars, (uint32_t)s->accounts);
    if (status != ESEP_OK)
        return esep_because(reason, status, "no memory for the page's tables");
    status = web_credentials_open(&web->credentials, s->web_credentials, reason);
    if (status == ESEP_OK)
        status = web_hasher_new(&web->hasher, web->loop, reason);
    if (status == ESEP_OK)
        status = web_orders_new(&web->orders, web, reason);
    if (status == ESEP_OK)
        status = web_exports_new(&web->exports, web, reason);
    if (status == ESEP_OK)
        status = web_files_load(&web->files, s->web_files, reason);
    return status == ESEP_NOT_FOUND ? collector_config_check(status) : status;
}

static enum esep_status listen_for(struct web *web, struct esep_reason *reason)
{
    char address[80];
    struct esep_http_options options = {
        .address = address,
        .connections_max = (unsigned)web->settings->web_connections,
        .head_bytes_max = HEAD_BYTES,
        .body_bytes_max = BODY_BYTES,
        .timeout_ms = (uint32_t)(web->settings->web_timeout / (ESEP_SECOND / 1000)),
        .stream_bytes_max = STREAM_BYTES,
        .fields = esep_http_page_heads,
        .field_count = ESEP_HTTP_PAGE_HEADS,
        .on_request = web_on_request,
        .context = web,
    };
    if (!esep_http_address(web->settings->web_listen, address, sizeof address, &options.port))
        return collector_config_check(esep_because(reason, ESEP_INVALID,
                                                   "web.listen: '%.60s' is no ADDRESS:PORT",
                                                   web->settings->web_listen));
    const enum esep_status status = esep_http_new(&web->http, web->loop, &options, reason);
    if (status != ESEP_OK)
        return status;
    web->port = esep_http_port(web->http);
    if (esep_http_connections_max(web->http) < options.connections_max)
        esep_log(ESEP_LOG_WARNING, "descriptors-low",
                 "room for %u connections, not the %u of web.connections: raise LimitNOFILE",
                 esep_http_connections_max(web->http), options.connections_max);
    return ESEP_OK;
}

static enum esep_status start(struct web *web, const struct command_common *common,
                              struct esep_reason *reason)
{
    const struct esep_loop_options options = {
        .on_drain = on_drain, .on_deadline = on_deadline, .context = web};
    enum esep_log_level level = ESEP_LOG_INFO;
    enum esep_status status = read_settings(web, common, reason);
    if (status == ESEP_OK)
        status = esep_loop_new(&web->loop, &options, reason);
    if (status != ESEP_OK)
        return status;
    (void)esep_log_level_parse(web->settings->log_level, &level);
    esep_log_init("esep-collector-web", level);
    status = web_keep_to_folders(web, reason);
    if (status == ESEP_OK)
        status = collector_state_open(&web->state, web->settings, true, reason);
    if (status == ESEP_OK)
        status = open_door(web, reason);
    return status == ESEP_OK ? listen_for(web, reason) : status;
}

static void stop(struct web *web)
{
    web_hasher_free(web->hasher); /* these two first: their answers go to requests */
    web_orders_free(web->orders);
    esep_http_free(web->http);
    web_events_free(web->events);
    web_exports_free(web->exports);
    web_calendars_free(web->calendars);
    web_files_free(web->files);
    web_credentials_close(web->credentials);
    web_throttle_free(web->throttle);
    web_sessions_free(web->sessions);
    web_index_free(web->index);
    collector_state_close(&web->state);
    esep_loop_free(web->loop);
    collector_settings_free(web->settings);
}

struct arguments {
    struct command_common common;
    bool routes;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &arguments->common;
        return 0;
    }
    if (key == 'r') {
        arguments->routes = true;
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        argp_error(state, "'%s' is one word too many", value);
    return ARGP_ERR_UNKNOWN;
}

static int print_routes(bool json)
{
    json_t *value = web_routes_json();
    json_t *route = NULL;
    size_t i = 0;
    if (json)
        return esep_json_print(value);
    json_array_foreach(json_object_get(value, "routes"), i, route)(void)
        printf("%-6s %-24s %s\n", json_string_value(json_object_get(route, "method")),
               json_string_value(json_object_get(route, "path")),
               json_string_value(json_object_get(route, "needs")));
    json_decref(value);
    return 0;
}

int collector_cmd_web(int argc, char **argv)
{
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp_option options[] = {
        {"routes", 'r', NULL, 0, "say what is answered, and what each request needs", 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Serves the commission's page. It reads the store that 'run' writes, and changes "
               "nothing by itself.",
        .children = children};
    struct arguments arguments = {0};
    struct web web = {0};
    struct esep_reason reason = {""};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (arguments.routes)
        return print_routes(arguments.common.json);
    enum esep_status status = start(&web, &arguments.common, &reason);
    if (status == ESEP_OK)
        status = web_keep_to_calls(&web, &reason);
    if (status == ESEP_OK) {
        esep_log(ESEP_LOG_INFO, "ready", "http on port %u, log of %llu entries", web.port,
                 (unsigned long long)views_log_size(web.state.views));
        esep_notify("READY=1");
        esep_loop_deadline(web.loop, 0);
        status = esep_loop_run(web.loop);
    }
    const int rc = status == ESEP_OK ? web.exit_code : collector_fail(status, &reason);
    stop(&web);
    esep_log_flush();
    return rc;
}
