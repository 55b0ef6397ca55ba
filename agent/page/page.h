/* agent/page/page.h - the office's page: HTTP on loopback, inside `esep-agent run`.
 *
 * It shows and writes what the commands do, by the same functions, on the same journal: there is no
 * other truth here. All of it works without a connection. What a request changes is durable in the
 * journal when it is answered; the daemon then sends it, as it sends what a command wrote.
 *
 *   page.c        start, end, what changed, the journal's failures
 *   route.c       from a request to its handler: host, origin, session, key; every answer's head
 *   gate.c        **pure**: token, sessions, hosts
 *   open.c        /open, and the file beside the journal that `esep-agent open` reads
 *   files.c       the page's own files, mapped from the disk
 *   desk.c        the duties, kept for the moment between requests
 *   duty.c        **pure**: a duty's two axes, group and reminder; say_*.c: things as JSON
 *   way.c         **pure**: a report's way, step by step
 *   form.c        **pure**: a report as a form, and back; form_check.c: its faults, field by field
 *   draft.c       the form as it stands, and the mark it is known by
 *   about.c       the mail about one obligation
 *   orders.c      an order that is sent twice
 *   note.c        a broker's word on a report, and the files of it
 *   status.c, duties.c, obligation.c, write.c, receipt.c, upload.c, events.c  the
 *                 routes
 *
 * docs/office-openapi.json is the contract; web/office is its user. One thread, the loop's: a
 * request takes a bounded time, and the uplink goes on between two of them.
 *
 * Invariant: nothing of a request is kept but sessions, answers to repeat, and streams.
 */
#ifndef AGENT_PAGE_PAGE_H
#define AGENT_PAGE_PAGE_H

#include "agent/commands.h"
#include "agent/duties.h"
#include "agent/page/gate.h"
#include "agent/run.h"
#include "io/http_page.h"

struct page_files;
struct page_events;
struct page_desk;
struct page_orders;
struct upload;

struct page {
    struct agent_run *run;
    struct esep_http *http;
    struct page_gate gate;
    struct page_files *files;
    struct page_events *events;
    struct page_desk *desk;
    struct page_orders *orders;
    struct upload *uploads; /* under way */
    char cookie_name[32];
    char journal[200]; /* where the runtime files are */
    uint64_t number;   /* of changes: rises */
    struct page_pace { /* how fast bytes get through */
        esep_time at;
        uint64_t sent_bytes;
        uint64_t per_second; /* 0: not known */
    } pace;
};

/* One request on its way. What it points to lives while its handler runs. */
struct page_call {
    struct page *page;
    struct esep_http_request *request;     /* to be answered; NULL while its body is on the way */
    const struct esep_http_request *asked; /* the same */
    bool foreign;                          /* the Host is not ours */
    struct page_session *session;          /* NULL: none */
    const char *rest;                      /* of the path, behind the route's */
    esep_time now;                         /* by the office's clock */
};

/* page.c. ESEP_IO: the port is taken; ESEP_NOT_FOUND: the page's files are not there. */
ESEP_MUST_USE enum esep_status agent_page_start(struct page **ret, struct agent_run *run,
                                                struct esep_reason *reason);
void agent_page_free(struct page *page); /* NULL is fine */
/* Journal, mail or connection may have changed. Cheap. NULL is fine. */
void agent_page_changed(struct page *page);
/* Once a second or so: how the sending is getting on. */
void agent_page_tick(struct page *page);
uint16_t agent_page_port(const struct page *page);

/* route.c */
void page_on_request(void *context, struct esep_http_request *request);
bool page_on_head(void *context, const struct esep_http_request *request,
                  struct esep_http_sink *ret);
enum { PAGE_FIELDS_MAX = 8 };
void page_answer(const struct page_call *call, unsigned status,
                 const struct esep_http_field *fields, size_t count, struct esep_slice body);
/* Takes value over; NULL: there was no memory. etag: NULL for none. */
void page_answer_json(const struct page_call *call, unsigned status, const char *etag,
                      json_t *value);
/* extra: members added to the problem, taken over; NULL: none. detail: NULL, or for people. */
void page_problem_with(const struct page_call *call, unsigned status, const char *code,
                       const char *detail, json_t *extra);
void page_problem(const struct page_call *call, unsigned status, const char *code,
                  const char *detail);
/* What a failed call on the journal means for the one who asked. */
void page_failed(const struct page_call *call, enum esep_status status,
                 const struct esep_reason *reason);
/* The body as an object; NULL: answered. */
json_t *page_body(const struct page_call *call);

/* open.c */
void page_open(const struct page_call *call);
void page_no_session(const struct page_call *call);
void page_leave(const struct page_call *call);
/* The runtime files: the token for `esep-agent open`, 0600; gone at the end. */
ESEP_MUST_USE enum esep_status page_runtime_write(const char *journal, uint16_t port,
                                                  const uint8_t token[PAGE_SECRET_BYTES],
                                                  struct esep_reason *reason);
void page_runtime_gone(const char *journal);
/* The port of the last start, so that a window that is open finds the next one; 0: not known. */
uint16_t page_port_last(const char *journal);
void page_port_keep(const char *journal, uint16_t port);
struct page_address {
    uint16_t port;
    char token[2 * PAGE_SECRET_BYTES + 1];
};
/* ESEP_NOT_FOUND: no daemon with a page; ESEP_DENIED: not this user's to read. */
ESEP_MUST_USE enum esep_status page_runtime_read(const char *journal, struct page_address *ret,
                                                 struct esep_reason *reason);

/* files.c */
ESEP_MUST_USE enum esep_status page_files_new(struct page_files **ret, const char *folder,
                                              struct esep_reason *reason);
void page_files_free(struct page_files *files);
void page_file(const struct page_call *call);

/* desk.c */
ESEP_MUST_USE enum esep_status page_desk_new(struct page_desk **ret, struct page *page);
void page_desk_free(struct page_desk *desk);
/* The daemon's journal as the commands see it; borrowed, never closed. ESEP_AGAIN: it is being
 * opened again. */
ESEP_MUST_USE enum esep_status page_desk_open(const struct page *page, struct agent_desk *ret,
                                              struct esep_reason *reason);
/* The duties as of now; kept for the next request, where nothing has changed. */
ESEP_MUST_USE enum esep_status page_desk_duties(struct page_desk *desk, struct agent_duties **ret,
                                                struct esep_reason *reason);
/* Some seconds from now, what was needed for a moment is given back. */
void page_desk_tidy(struct page_desk *desk);
/* Of what the duties would be read from: changes with every commit, and each minute. */
void page_desk_etag(const struct page *page, char ret_etag[48]);

/* With the duties last read: files that they name and that the collector has not whole. */
const struct esep_hash *page_desk_missing(const struct page_desk *desk, size_t *ret_count);
/* The plan's zone, or the usual one; NULL: no tzdata, or no duties could be read. */
const struct esep_zone *page_desk_zone(struct page_desk *desk);

/* status.c, duties.c */
struct page_say;
/* True: the caller has what this ETag stands for, and is told so. */
bool page_is_seen(const struct page_call *call, const char *etag);
void page_say_init(const struct page_call *call, struct agent_duties *d, struct page_say *ret);
void page_status(const struct page_call *call);
void page_office(const struct page_call *call);
void page_try(const struct page_call *call);
void page_duties(const struct page_call *call);

/* orders.c: what was answered to an order, for when it is sent again. */
ESEP_MUST_USE enum esep_status page_orders_new(struct page_orders **ret);
void page_orders_free(struct page_orders *orders);
/* An order on its way: what names it, and what it says. */
struct page_order {
    struct esep_hash id, content;
};
/* False: answered, as before, or refused. */
bool page_order_begin(const struct page_call *call, struct page_order *ret);
void page_order_done(const struct page_call *call, const struct page_order *order, json_t *answer);

/* draft.c, write.c, obligation.c, receipt.c, note.c */
void page_draft_save(const struct page_call *call);
void page_draft_drop(const struct page_call *call);
void page_report(const struct page_call *call);
void page_withdraw(const struct page_call *call);
void page_extension(const struct page_call *call);
void page_obligation(const struct page_call *call);
void page_entry(const struct page_call *call);
void page_receipt(const struct page_call *call);
void page_note(const struct page_call *call);

/* upload.c: from when the head of its request is read; false: no memory. */
bool page_upload_head(const struct page_call *call, struct esep_http_sink *ret);
void page_upload(const struct page_call *call);
void page_uploads_end(struct page *page); /* before the server: waits for the disk */

/* events.c */
ESEP_MUST_USE enum esep_status page_events_new(struct page_events **ret, struct page *page);
void page_events_free(struct page_events *events); /* after the server */
void page_events_join(const struct page_call *call);
void page_events_say(struct page_events *events); /* soon, and once for many */

#endif
