/* collector/web/web.h - the commission's page: one process that reads, and passes decisions on.
 *
 * It opens the store read-only, keeps views of its own in memory and follows the log, so that every
 * answer comes from memory, is of one moment, and costs ingest nothing. Requests come by a table of
 * routes (web_route.c): each names the right that it takes, and a route without one is not there.
 * Before a handler runs, the request's host is one of ours, its session is found, its account is
 * open in the log and has the right; a request that changes something has our origin and the
 * session's token besides. Decisions go to ingest as orders of the account, which checks again.
 *
 *   web.c           start, the loop, following the log, the end
 *   web_route.c     from a request to its handler, and every answer's head
 *   web_login.c     logging in and out
 *   web_read.c      what the page asks: json.h's producers, with an ETag
 *   web_orders.c    decisions on their way to ingest
 *   web_decisions.c, web_accounts.c  what they are made of
 *   web_calendar.c  deadlines for calendar programs, by an address that is its own key
 *   web_exports.c   files to be handed in, made beside the page
 *   web_attachments.c  the files that reports name
 *   web_files.c     the page's own files, read once at the start
 *   web_events.c    live viewers: a word to each when the log has grown
 *
 * It decides nothing about reports: that is ingest's and the views'. One thread, and one that
 * hashes passwords (hasher.h).
 */
#ifndef COLLECTOR_WEB_WEB_H
#define COLLECTOR_WEB_WEB_H

#include "collector/rights.h"
#include "collector/settings.h"
#include "collector/state.h"
#include "collector/web/hasher.h"
#include "collector/web/throttle.h"
#include "io/clock.h"
#include "io/http_page.h"
#include "io/loop.h"

#include <jansson.h>

struct event;
struct web_files;
struct web_events;
struct web_orders;
struct web_exports;
struct web_index;
struct web_calendars;

struct web {
    const char *config; /* its file; NULL: the usual one */
    struct collector_settings *settings;
    struct esep_clock clock;
    struct esep_loop *loop;
    struct collector_state state;
    struct esep_http *http;
    struct web_files *files;
    struct web_events *events;
    struct web_sessions *sessions;
    struct web_throttle *throttle;
    struct web_credentials *credentials;
    struct web_hasher *hasher;
    struct web_orders *orders;
    struct web_exports *exports;
    struct web_calendars *calendars;
    struct web_index *index; /* of the log, as far as the views */
    uint16_t port;
    struct esep_hash metrics_token; /* SHA-256 of it; zero: there is none */
    bool live;                      /* the log was followed to its end at the last look */
    int exit_code;
};

/* One request on its way. What it points to lives while its handler runs. */
struct web_call {
    struct web *web;
    struct esep_http_request *request;
    const struct web_session *session; /* NULL: nobody is logged in */
    const struct views_account *account;
    const char *rest; /* of the path, behind the route's */
    char peer[INET6_ADDRSTRLEN];
    esep_time now;
};

/* web_route.c */
/* The table: each route's method, path, and what it needs ("nothing", "login", an act's name). */
json_t *web_routes_json(void);
void web_on_request(void *context, struct esep_http_request *request);
enum { WEB_FIELDS_MAX = 12, WEB_METRICS_TOKEN_MIN = 32 };
/* Answers with the heads that every answer has, and those given. */
void web_answer(struct web *web, struct esep_http_request *request, unsigned status,
                const struct esep_http_field *fields, size_t count, struct esep_slice body);
/* The same for a file from its start; fd is taken over. */
void web_answer_file(struct web *web, struct esep_http_request *request, unsigned status,
                     const struct esep_http_field *fields, size_t count, int fd,
                     uint64_t size_bytes);
/* Takes the value over. NULL: there was no memory, 500. */
void web_answer_json(struct web *web, struct esep_http_request *request, unsigned status,
                     const struct esep_http_field *fields, size_t count, json_t *value);
/* An error as RFC 9457 has it: detail is for people, in English, and may be NULL. It is answered in
 * the language that the request asks for (refusal_text.h). */
void web_problem(struct web *web, struct esep_http_request *request, unsigned status,
                 const char *detail);
void web_problem_with(struct web *web, struct esep_http_request *request, unsigned status,
                      const struct esep_http_field *fields, size_t count, const char *detail);
esep_time web_now(const struct web *web);

/* web_metrics.c */
void web_metrics(const struct web_call *call);
/* web_checkpoint.c */
void web_checkpoint(const struct web_call *call);
void web_checkpoint_cosigned(const struct web_call *call);
void web_checkpoint_keys(const struct web_call *call);
/* web_tiles.c */
void web_tile(const struct web_call *call);
/* web_login.c */
void web_login(const struct web_call *call);
void web_who(const struct web_call *call);
void web_logout(const struct web_call *call);
bool web_cookie_token(const struct web *web, const struct esep_http_request *request,
                      uint8_t ret_token[WEB_TOKEN_BYTES]);

/* web_read.c */
#define WEB_READS(X)                                                                               \
    X(summary)                                                                                     \
    X(matrix)                                                                                      \
    X(obligations)                                                                                 \
    X(obligation)                                                                                  \
    X(report)                                                                                      \
    X(bodies) X(body) X(actions) X(action) X(offices) X(feed) X(timeline) X(money) X(indicators)
#define WEB_READ(name) void web_read_##name(const struct web_call *call);
WEB_READS(WEB_READ)
#undef WEB_READ
enum { WEB_ETAG_CHARS = 64 };
void web_etag(const struct web_call *call, char ret_etag[WEB_ETAG_CHARS]);
bool web_is_seen(const struct web_call *call, const char *etag);
/* what: for the process log. */
void web_read_failed(const struct web_call *call, const char *what, enum esep_status status,
                     const struct esep_reason *reason);

/* web_calendar.c */
ESEP_MUST_USE enum esep_status web_calendars_new(struct web_calendars **ret, uint32_t accounts_max);
void web_calendars_free(struct web_calendars *calendars);
void web_calendar(const struct web_call *call);
void web_calendar_feed(const struct web_call *call); /* rest: what the address ends with */
void web_calendar_show(const struct web_call *call);
void web_calendar_draw(const struct web_call *call);
void web_calendar_end(const struct web_call *call);

/* web.c: takes in at once what was logged, so that who has decided sees it. */
void web_follow(struct web *web);

/* web_orders.c, web_decisions.c, web_accounts.c */
ESEP_MUST_USE enum esep_status web_orders_new(struct web_orders **ret, struct web *web,
                                              struct esep_reason *reason);
void web_orders_free(struct web_orders *orders); /* before the server: it answers requests */
void web_review(const struct web_call *call);
void web_extend(const struct web_call *call);
void web_control(const struct web_call *call);
void web_account_list(const struct web_call *call);
void web_account_add(const struct web_call *call);
void web_account_change(const struct web_call *call);

/* web_exports.c. ESEP_IO: the folder for the files takes none. */
ESEP_MUST_USE enum esep_status web_exports_new(struct web_exports **ret, struct web *web,
                                               struct esep_reason *reason);
void web_exports_free(struct web_exports *exports); /* what is being made ends, files go */
void web_exports_tick(struct web_exports *exports); /* now and then: what is old goes */
size_t web_exports_count(const struct web_exports *exports, bool running); /* else: waiting */
void web_export_order(const struct web_call *call);
void web_export_list(const struct web_call *call);
void web_export_show(const struct web_call *call);
void web_export_delete(const struct web_call *call);

/* web_attachments.c */
void web_attachment(const struct web_call *call);

/* web_files.c. ESEP_NOT_FOUND: no such folder; ESEP_LIMIT: more in it than a page has. */
ESEP_MUST_USE enum esep_status web_files_load(struct web_files **ret, const char *folder,
                                              struct esep_reason *reason);
void web_files_free(struct web_files *files);
void web_file(const struct web_call *call);

/* web_events.c */
ESEP_MUST_USE enum esep_status web_events_new(struct web_events **ret, struct web *web);
void web_events_free(struct web_events *events); /* after the server */
void web_events_join(const struct web_call *call);
void web_events_grown(struct web_events *events); /* the log has */
unsigned web_events_count(const struct web_events *events);

/* web_sandbox.c: before the first thread; before the loop. A kernel that cannot is said, and does
 * not matter. */
ESEP_MUST_USE enum esep_status web_keep_to_folders(const struct web *web,
                                                   struct esep_reason *reason);
ESEP_MUST_USE enum esep_status web_keep_to_calls(const struct web *web, struct esep_reason *reason);

#endif
