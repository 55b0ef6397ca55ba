/* collector/witness/witness_run.c - the loop; see witness_run.h. */
#include "collector/witness/witness_run.h"

#include "io/clock.h"
#include "io/http.h"
#include "io/log.h"
#include "io/loop.h"
#include "io/sandbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

enum { HEAD_BYTES = 16384 };

struct daemon {
    const struct witness_settings *settings;
    struct witness_own *own;
    struct esep_clock clock;
    struct esep_loop *loop;
    struct esep_http *http;
    int64_t last_time_s;
    int exit_code;
};

static const struct esep_http_field heads[] = {{"X-Content-Type-Options", "nosniff"},
                                               {"Cache-Control", "no-store"}};

static void answer(struct esep_http_request *request, unsigned status, const char *type,
                   const char *text)
{
    const struct esep_http_field field = {"Content-Type", type};
    esep_http_answer(request, status, &field, 1, esep_slice_str(text));
}

static void refuse(struct esep_http_request *request, unsigned status,
                   const struct esep_reason *reason)
{
    char text[sizeof reason->text + 1];
    (void)snprintf(text, sizeof text, "%s\n", reason->text);
    answer(request, status, "text/plain; charset=utf-8", text);
}

/* What is on the disk is not known: nothing more is signed by this process. */
static void give_up(struct daemon *d, enum esep_status status, const struct esep_reason *reason)
{
    esep_log(ESEP_LOG_ERROR, "store-failed", "%s; ending, to be started anew", reason->text);
    d->exit_code = status == ESEP_IO ? EX_TEMPFAIL : esep_status_exit(status);
    esep_loop_stop(d->loop);
}

/* On the disk first, then signed: the signature that leaves is remembered. */
static void cosign(struct daemon *d, struct esep_http_request *request,
                   const struct esep_add_checkpoint *asked, const struct witness_head *next)
{
    uint8_t signature[ESEP_COSIGNATURE_BYTES];
    char line[ESEP_NOTE_LINE_MAX];
    struct esep_reason reason = {""};
    enum esep_status status = witness_store_put(d->own->store, asked->checkpoint.origin, next,
                                                asked->note_bytes, &reason);
    if (status == ESEP_LIMIT || status == ESEP_NOMEM) {
        esep_log(ESEP_LOG_ERROR, "store-full", "%s", reason.text);
        refuse(request, 503, &reason);
        return;
    }
    if (status != ESEP_OK) {
        refuse(request, 500, &(struct esep_reason){"the witness's store failed"});
        give_up(d, status, &reason);
        return;
    }
    d->last_time_s = next->time_s;
    status = esep_note_cosign(asked->note.text, &d->own->key, next->time_s, signature);
    ESEP_ASSERT(status == ESEP_OK);
    (void)esep_note_line(&d->own->name, signature, line);
    esep_log(ESEP_LOG_DEBUG, "cosigned", "%s: %" PRIu64 " entries", asked->checkpoint.origin,
             next->size);
    answer(request, 200, "text/plain; charset=utf-8", line);
}

static void keep_fork(struct daemon *d, const struct esep_add_checkpoint *asked)
{
    struct esep_reason reason = {""};
    esep_log(ESEP_LOG_ERROR, "fork", "'%s' signed two heads of %" PRIu64 " entries",
             asked->checkpoint.origin, asked->checkpoint.size);
    const enum esep_status status =
        witness_store_put_fork(d->own->store, asked->note_bytes, &reason);
    if (status == ESEP_LIMIT || status == ESEP_NOMEM)
        esep_log(ESEP_LOG_ERROR, "fork-not-kept", "%s", reason.text);
    else if (status != ESEP_OK)
        give_up(d, status, &reason);
}

static void say_conflict(struct esep_http_request *request, const struct witness_head *head)
{
    char size[32];
    (void)snprintf(size, sizeof size, "%" PRIu64 "\n", head->size);
    answer(request, WITNESS_CONFLICT, ESEP_ADD_CHECKPOINT_CONFLICT, size);
}

static void add_checkpoint(struct daemon *d, struct esep_http_request *request)
{
    struct esep_add_checkpoint asked;
    struct witness_head head;
    struct esep_reason reason = {""};
    if (esep_add_checkpoint_parse(esep_http_body(request), &asked, &reason) != ESEP_OK) {
        refuse(request, WITNESS_MALFORMED, &reason);
        return;
    }
    const struct witness_log *log =
        witness_log_find(d->settings->logs, d->settings->log_count, asked.checkpoint.origin);
    if (log == NULL) {
        refuse(request, WITNESS_UNKNOWN_LOG, &(struct esep_reason){"this log is not witnessed"});
        return;
    }
    const enum esep_status status = witness_store_head(d->own->store, log->origin, &head, &reason);
    if (status != ESEP_OK) {
        refuse(request, 500, &(struct esep_reason){"the witness's store failed"});
        give_up(d, status, &reason);
        return;
    }
    const int64_t clock_s = esep_clock_now(&d->clock) / ESEP_SECOND;
    const struct witness_verdict verdict =
        witness_judge(log, &d->own->name, &asked, &head, clock_s, d->last_time_s, &reason);
    if (verdict.answer == WITNESS_COSIGN) {
        cosign(d, request, &asked, &verdict.next);
        return;
    }
    if (verdict.fork)
        keep_fork(d, &asked);
    if (verdict.answer == WITNESS_UNPROVEN) /* anybody can bring a wrong proof */
        esep_log(ESEP_LOG_WARNING, "head-not-proven",
                 "'%s' signed a head of %" PRIu64 " entries, and what came with it does not show "
                 "that it begins with the %" PRIu64 " seen before",
                 asked.checkpoint.origin, asked.checkpoint.size, head.size);
    if (verdict.answer == WITNESS_CLOCK_BACK || verdict.answer == WITNESS_WENT_BACK)
        esep_log(ESEP_LOG_ERROR,
                 verdict.answer == WITNESS_CLOCK_BACK ? "clock-back" : "store-went-back", "%s",
                 reason.text);
    if (verdict.answer == WITNESS_CONFLICT)
        say_conflict(request, &head);
    else
        refuse(request, verdict.answer, &reason);
}

static void on_request(void *context, struct esep_http_request *request)
{
    if (strcmp(esep_http_path(request), "/add-checkpoint") != 0)
        refuse(request, 404, &(struct esep_reason){"a witness answers at /add-checkpoint"});
    else if (esep_http_method(request) != ESEP_HTTP_POST)
        refuse(request, 405, &(struct esep_reason){"POST a checkpoint"});
    else
        add_checkpoint(context, request);
}

static void newest(void *context, const char *origin, const struct witness_head *head,
                   struct esep_slice note)
{
    int64_t *last = context;
    (void)note;
    if (origin != NULL && head->time_s > *last)
        *last = head->time_s;
}

static enum esep_status start(struct daemon *d, struct esep_reason *reason)
{
    char address[80];
    struct esep_http_options options = {
        .address = address,
        .connections_max = (unsigned)d->settings->connections,
        .per_address_max = (unsigned)d->settings->per_address,
        .head_bytes_max = HEAD_BYTES,
        .body_bytes_max = ESEP_ADD_CHECKPOINT_BYTES_MAX,
        .timeout_ms = (uint32_t)(d->settings->timeout / (ESEP_SECOND / 1000)),
        .stream_bytes_max = HEAD_BYTES,
        .fields = heads,
        .field_count = sizeof heads / sizeof *heads,
        .on_request = on_request,
        .context = d,
    };
    const struct esep_loop_options loop = {.context = d};
    enum esep_log_level level = ESEP_LOG_INFO;
    if (!esep_http_address(d->settings->listen, address, sizeof address, &options.port))
        return esep_because(reason, ESEP_INVALID, "listen: '%.60s' is no ADDRESS:PORT",
                            d->settings->listen);
    enum esep_status status = esep_clock_init(&d->clock, d->settings->clock, reason);
    if (status == ESEP_OK)
        status = witness_store_each(d->own->store, newest, &d->last_time_s, reason);
    if (status == ESEP_OK)
        status = esep_loop_new(&d->loop, &loop, reason);
    if (status != ESEP_OK)
        return status;
    (void)esep_log_level_parse(d->settings->log_level, &level);
    esep_log_init("esep-witness", level);
    return esep_http_new(&d->http, d->loop, &options, reason);
}

/* Its store alone: the key is read before, and the configuration holds till the next start. It
 * answers at the door that is open, and calls nobody. A kernel that cannot is said, and does not
 * matter. */
static enum esep_status bind_itself(const struct witness_settings *settings,
                                    struct esep_reason *reason)
{
    const struct esep_sandbox_folder folders[] = {{settings->store, ESEP_SANDBOX_WRITE}};
    const struct esep_sandbox_calls calls = {.sockets = ESEP_SANDBOX_SOCKETS_LOCAL,
                                             .traced = ESEP_SANDBOX_TRACED};
    const enum esep_status status =
        esep_sandbox_keep_to_folders(settings->sandbox, folders, 1, false, reason);
    return status == ESEP_OK ? esep_sandbox_keep_to_calls(settings->sandbox, &calls, reason)
                             : status;
}

int witness_run(const struct witness_settings *settings, struct witness_own *own)
{
    struct daemon d = {.settings = settings, .own = own};
    struct esep_reason reason = {""};
    enum esep_status status = start(&d, &reason);
    if (status == ESEP_OK)
        status = bind_itself(settings, &reason);
    if (status == ESEP_OK) {
        char vkey[ESEP_NOTE_VKEY_MAX];
        esep_note_key_format(&own->name, vkey);
        esep_log(ESEP_LOG_INFO, "ready", "http on port %u, %zu logs, key %s",
                 esep_http_port(d.http), settings->log_count, vkey);
        esep_notify("READY=1");
        status = esep_loop_run(d.loop);
    }
    if (status != ESEP_OK) {
        (void)fprintf(stderr, "esep-collector: %s\n", reason.text);
        d.exit_code = esep_status_exit(status);
    }
    esep_http_free(d.http);
    esep_loop_free(d.loop);
    esep_log_flush();
    return d.exit_code;
}
