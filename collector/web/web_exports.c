/* collector/web/web_exports.c - files to be handed in: asked for, made beside the page, fetched.
 *
 * Each is made by `esep-collector export` as a process of its own (child.h), from one snapshot of
 * the store: the log size that it tells is that of everything in the file. Which is made when, and
 * how long it is kept, is export_queue.h's to say. A file has no name on the disk: it is reached
 * through its descriptor alone, and whatever ends this process frees its place. A failure is told
 * in words about the request; what speaks of this machine goes to the log.
 */
#include "collector/export.h"
#include "collector/web/child.h"
#include "collector/web/export_queue.h"
#include "collector/web/web_order.h"
#include "io/keyfile.h"
#include "io/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PLACES = 32, OF_ONE_MAX = 8, RUNNING_MAX = 2, ONE_OF = 4, WORDS_MAX = 16 };
#define PATIENCE (10 * 60 * ESEP_SECOND)

/* What belongs to a place of the queue and is none of its business. */
struct making {
    struct web_exports *exports;
    struct web_export *e;
    struct web_child *child; /* NULL: none runs */
    int file;                /* -1: none */
    char told[WEB_EXPORT_REASON_MAX];
};
struct web_exports {
    struct web *web;
    struct web_export_queue *queue;
    uint64_t file_bytes_max;
    struct making makings[PLACES];
};

static void on_drop(void *context, const struct web_export *e)
{
    struct web_exports *exports = context;
    struct making *making = &exports->makings[e->place];
    web_child_drop(making->child);
    making->child = NULL;
    if (making->file >= 0)
        (void)close(making->file);
    making->file = -1;
}

/* A file without a name. -1: errno says why. */
static int new_file(const char *folder)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/esep-export-XXXXXX", folder);
    const int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path);
    return fd;
}

enum esep_status web_exports_new(struct web_exports **ret, struct web *web,
                                 struct esep_reason *reason)
{
    const struct collector_settings *s = web->settings;
    const struct web_export_limits limits = {.places = PLACES,
                                             .of_one_owner_max = OF_ONE_MAX,
                                             .running_max = RUNNING_MAX,
                                             .kept = s->web_exports_kept,
                                             .patience = PATIENCE,
                                             .bytes_max = s->web_exports_bytes};
    const int fd = new_file(s->web_exports);
    if (fd < 0)
        return esep_because(reason, errno == ENOENT || errno == ENOTDIR ? ESEP_NOT_FOUND : ESEP_IO,
                            "%.150s: no file can be made there: %s: see "
                            "web.exports",
                            s->web_exports, strerror(errno));
    (void)close(fd);
    struct web_exports *exports = calloc(1, sizeof *exports);
    if (exports == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for exports");
    exports->web = web;
    exports->file_bytes_max = s->web_exports_bytes / ONE_OF;
    for (size_t i = 0; i < PLACES; i++)
        exports->makings[i] = (struct making){.exports = exports, .file = -1};
    const enum esep_status status =
        web_export_queue_new(&exports->queue, &limits, on_drop, exports);
    if (status != ESEP_OK) {
        free(exports);
        return esep_because(reason, status, "no memory for exports");
    }
    *ret = exports;
    return ESEP_OK;
}

void web_exports_free(struct web_exports *exports)
{
    if (exports == NULL)
        return;
    web_export_queue_free(exports->queue);
    free(exports);
}

static void on_line(void *context, const char *line)
{
    struct making *making = context;
    const char *word = strchr(line, ' ');
    if (word == NULL)
        return;
    const size_t len = (size_t)(word - line);
    const unsigned long long number = strtoull(++word, NULL, 10);
    const unsigned percent = number < 100 ? (unsigned)number : 100;
    if (len == 3 && strncmp(line, "log", len) == 0)
        making->e->log_size = number;
    else if (len == 7 && strncmp(line, "reading", len) == 0)
        web_export_progress(making->e, percent / 2);
    else if (len == 7 && strncmp(line, "writing", len) == 0)
        web_export_progress(making->e, 50 + percent / 2);
    else if (len == 6 && strncmp(line, "reason", len) == 0)
        (void)snprintf(making->told, sizeof making->told, "%s", word);
}

static void start_next(struct web_exports *exports);

static void fail(struct making *making, const char *reason)
{
    struct web_export_queue *queue = making->exports->queue;
    esep_log(ESEP_LOG_WARNING, "export-failed", "%s for account '%s': %s",
             export_formats[making->e->wish.format].name, making->e->owner, reason);
    if (making->file >= 0)
        (void)close(making->file);
    making->file = -1;
    web_export_end(queue, making->e, reason, 0, esep_monotonic());
}

static void on_end(void *context, int wait_status)
{
    struct making *making = context;
    struct web_exports *exports = making->exports;
    struct stat about = {0};
    char reason[WEB_EXPORT_REASON_MAX] = "it could not be made: the server's log says why";

    making->child = NULL;
    (void)fstat(making->file, &about);
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) {
        esep_log(ESEP_LOG_INFO, "export", "%s for account '%s': %lld bytes",
                 export_formats[making->e->wish.format].name, making->e->owner,
                 (long long)about.st_size);
        web_export_end(exports->queue, making->e, NULL, (uint64_t)about.st_size, esep_monotonic());
    } else {
        if (making->told[0] != '\0')
            (void)snprintf(reason, sizeof reason, "%s", making->told);
        else if (WIFSIGNALED(wait_status))
            (void)snprintf(reason, sizeof reason, "whoever looks after the server ended it (%d)",
                           WTERMSIG(wait_status));
        else if ((uint64_t)about.st_size >= exports->file_bytes_max)
            (void)snprintf(reason, sizeof reason, "it is larger than the %llu KiB that one may be",
                           (unsigned long long)exports->file_bytes_max >> 10);
        fail(making, reason);
    }
    start_next(exports);
}

/* The command's words; they live in `text`. */
static void make_words(const struct web *web, const struct web_export_wish *wish,
                       char text[WORDS_MAX][300], char *ret[WORDS_MAX + 1])
{
    const struct {
        bool given;
        const char *word, *value;
    } optional[] = {{web->config != NULL, "--config", web->config},
                    {wish->plan[0] != '\0', "--plan", wish->plan},
                    {wish->table[0] != '\0', "--table", wish->table},
                    {wish->body[0] != '\0', "--body", wish->body}};
    size_t n = 0;
    (void)snprintf(text[n++], 300, "esep-collector");
    (void)snprintf(text[n++], 300, "export");
    (void)snprintf(text[n++], 300, "--progress-fd=%d", WEB_CHILD_LINES_FD);
    (void)snprintf(text[n++], 300, "--format=%s", export_formats[wish->format].name);
    (void)snprintf(text[n++], 300, "--language=%s",
                   export_language_code((enum export_language)wish->language));
    if (wish->year != 0)
        (void)snprintf(text[n++], 300, "--year=%d", wish->year);
    if (wish->semicolon)
        (void)snprintf(text[n++], 300, "--semicolon");
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++) {
        if (optional[i].given)
            (void)snprintf(text[n++], 300, "%s=%s", optional[i].word, optional[i].value);
    }
    ESEP_ASSERT(n <= WORDS_MAX);
    for (size_t i = 0; i < n; i++)
        ret[i] = text[i];
    ret[n] = NULL;
}

static enum esep_status start_one(struct making *making, struct esep_reason *reason)
{
    char text[WORDS_MAX][300];
    char *words[WORDS_MAX + 1];
    struct web *web = making->exports->web;
    make_words(web, &making->e->wish, text, words);
    making->told[0] = '\0';
    making->file = new_file(web->settings->web_exports);
    if (making->file < 0)
        return esep_because(reason, ESEP_IO, "no file: %s", strerror(errno));
    const struct web_child_options options = {.argv = words,
                                              .out = making->file,
                                              .file_bytes_max = making->exports->file_bytes_max,
                                              .on_line = on_line,
                                              .on_end = on_end,
                                              .context = making};
    return web_child_start(&making->child, web->loop, &options, reason);
}

static void start_next(struct web_exports *exports)
{
    struct web_export *e = NULL;
    while ((e = web_export_start(exports->queue, esep_monotonic())) != NULL) {
        struct esep_reason reason = {""};
        struct making *making = &exports->makings[e->place];
        making->e = e;
        if (start_one(making, &reason) == ESEP_OK)
            continue;
        esep_log(ESEP_LOG_ERROR, "export", "%s", reason.text);
        fail(making, "this server cannot make it now: try again later");
    }
}

void web_exports_tick(struct web_exports *exports)
{
    struct web_export *late = web_export_tick(exports->queue, esep_monotonic());
    if (late == NULL)
        return;
    struct making *making = &exports->makings[late->place];
    web_child_drop(making->child);
    making->child = NULL;
    fail(making, "it took longer than ten minutes");
    start_next(exports);
}

size_t web_exports_count(const struct web_exports *exports, bool running)
{
    return web_export_count(exports->queue, running ? WEB_EXPORT_RUNNING : WEB_EXPORT_QUEUED);
}

static void file_name(const struct web_export_wish *wish, char *out, size_t len)
{
    char year[16] = "";
    if (wish->year != 0)
        (void)snprintf(year, sizeof year, "-%d", wish->year);
    (void)snprintf(out, len, "esep%s%s%s%s%s-%s.%s", wish->plan[0] != '\0' ? "-" : "", wish->plan,
                   year, wish->table[0] != '\0' ? "-" : "", wish->table,
                   export_language_code((enum export_language)wish->language),
                   export_formats[wish->format].name);
}

static json_t *export_json_of(const struct web_exports *exports, const struct web_export *e)
{
    static const char *const states[] = {"", "queued", "running", "done", "failed"};
    char id[2 * WEB_EXPORT_ID_BYTES + 1];
    char name[200];
    const bool ended = e->state == WEB_EXPORT_DONE || e->state == WEB_EXPORT_FAILED;
    const esep_time gone_at = e->ended_at + exports->web->settings->web_exports_kept;

    esep_hex(e->id, sizeof e->id, id);
    file_name(&e->wish, name, sizeof name);
    json_t *value =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "id", id, "state", states[e->state],
                  "format", export_formats[e->wish.format].name, "language",
                  export_language_code((enum export_language)e->wish.language), "name", name,
                  "done", (int)e->percent, "total", 100);
    if (e->wish.year != 0)
        (void)json_object_set_new(value, "year", json_integer(e->wish.year));
    if (e->wish.plan[0] != '\0')
        (void)json_object_set_new(value, "plan", json_string(e->wish.plan));
    if (e->log_size != 0)
        (void)json_object_set_new(value, "log_size", json_integer((json_int_t)e->log_size));
    if (e->state == WEB_EXPORT_QUEUED)
        (void)json_object_set_new(value, "before",
                                  json_integer((json_int_t)web_export_before(exports->queue, e)));
    if (e->state == WEB_EXPORT_DONE)
        (void)json_object_set_new(value, "size_bytes", json_integer((json_int_t)e->size_bytes));
    if (e->state == WEB_EXPORT_FAILED)
        (void)json_object_set_new(value, "reason", json_string(e->reason));
    if (ended)
        (void)json_object_set_new(
            value, "kept_seconds",
            json_integer((json_int_t)((gone_at - esep_monotonic()) / ESEP_SECOND)));
    return value;
}

static bool copy_word(char ret[WEB_EXPORT_WORD_MAX], const char *text)
{
    const size_t len = strlen(text);
    if (len >= WEB_EXPORT_WORD_MAX)
        return false;
    memcpy(ret, text, len + 1);
    return true;
}

static bool plan_known(const struct views *views, const char *id)
{
    for (uint32_t i = 0; i < views_plan_count(views); i++) {
        const Esep__V1__Plan *plan = views_plan(views, i);
        if (plan != NULL && strcmp(plan->id, id) == 0)
            return true;
    }
    return false;
}

/* What is wrong with it; NULL: nothing that can be seen from here. */
static const char *read_wish(const struct web_call *call, json_t *said, struct web_export_wish *ret)
{
    enum export_format format = EXPORT_FORMATS;
    enum export_language language = EXPORT_LANGUAGES;
    const char *format_name = NULL;
    const char *language_name = NULL;
    const char *plan = "";
    const char *table = "";
    const char *body = "";
    int semicolon = 0;
    *ret = (struct web_export_wish){0};
    if (json_unpack(said, "{s:s, s:s, s?i, s?s, s?b, s?s, s?s !}", "format", &format_name,
                    "language", &language_name, "year", &ret->year, "plan", &plan, "semicolon",
                    &semicolon, "table", &table, "body", &body) != 0 ||
        !copy_word(ret->plan, plan) || !copy_word(ret->table, table) || !copy_word(ret->body, body))
        return "an export is {\"format\", \"language\", \"year\", \"plan\"}; with \"table\" and "
               "\"semicolon\" for csv, \"body\" for ics";
    if (!export_format_parse(format_name, &format))
        return "format is docx, pdf, xlsx, csv, json or ics";
    if (!export_language_parse(language_name, &language))
        return "language is kk, ru or en";
    if ((ret->year == 0 && format != EXPORT_ICS) ||
        (ret->year != 0 && (ret->year < 1970 || ret->year > 9999)))
        return "year is a year of the plan, such as 2013; only a calendar may leave it out";
    if (format != EXPORT_CSV && (table[0] != '\0' || semicolon))
        return "table and semicolon go with csv";
    if (format != EXPORT_ICS && body[0] != '\0')
        return "body goes with ics";
    if (plan[0] != '\0' && !plan_known(call->web->state.views, plan))
        return "no such plan here";
    ret->format = (int)format;
    ret->language = (int)language;
    ret->semicolon = semicolon != 0;
    return NULL;
}

static void show_taken(const struct web_call *call, const struct web_export *e)
{
    char hex[2 * WEB_EXPORT_ID_BYTES + 1];
    char place[80];
    esep_hex(e->id, sizeof e->id, hex);
    (void)snprintf(place, sizeof place, "/api/v1/exports/%s", hex);
    const struct esep_http_field field = {"Location", place};
    web_answer_json(call->web, call->request, 202, &field, 1,
                    export_json_of(call->web->exports, e));
}

static struct web_export *queue_wish(const struct web_call *call,
                                     const struct web_export_wish *wish)
{
    struct web_exports *exports = call->web->exports;
    uint8_t id[WEB_EXPORT_ID_BYTES];
    struct web_export *e = NULL;

    esep_random(id, sizeof id);
    const enum esep_status status =
        web_export_ask(exports->queue, call->session->account, id, wish, esep_monotonic(), &e);
    if (status == ESEP_LIMIT)
        web_problem(call->web, call->request, 429,
                    "as many of your exports wait as one account may have: fetch or delete some "
                    "once they are made");
    else if (status != ESEP_OK)
        web_problem(call->web, call->request, 503,
                    "as many exports wait as this server takes: try again in some minutes");
    return e;
}

/* As with decisions: the same key and the same words get what they got before, while it is here. */
void web_export_order(const struct web_call *call)
{
    static const struct esep_hash none;
    struct web_exports *exports = call->web->exports;
    struct web_export_wish wish;
    struct esep_hash key;
    struct esep_hash wanted;
    if (!web_order_key(call, false, &key, &wanted))
        return;
    struct web_export *e = esep_hash_equal(&key, &none)
                               ? NULL
                               : web_export_keyed(exports->queue, call->session->account, &key);
    if (e != NULL) {
        if (esep_hash_equal(&e->wanted, &wanted))
            show_taken(call, e);
        else
            web_order_other(call);
        return;
    }
    json_t *said = esep_http_body_object(call->request);
    const char *wrong = read_wish(call, said, &wish);
    json_decref(said);
    if (wrong != NULL)
        web_problem(call->web, call->request, 400, wrong);
    else if ((e = queue_wish(call, &wish)) != NULL) {
        e->key = key;
        e->wanted = wanted;
        start_next(exports);
        show_taken(call, e);
    }
}

void web_export_list(const struct web_call *call)
{
    struct web_exports *exports = call->web->exports;
    json_t *list = json_array();
    for (struct web_export *e = web_export_next(exports->queue, call->session->account, NULL);
         e != NULL; e = web_export_next(exports->queue, call->session->account, e))
        (void)json_array_append_new(list, export_json_of(exports, e));
    web_answer_json(call->web, call->request, 200, NULL, 0, json_pack("{s:o}", "exports", list));
}

/* ID or ID/file. NULL: answered. */
static struct web_export *find(const struct web_call *call, bool *ret_file)
{
    uint8_t id[WEB_EXPORT_ID_BYTES];
    char hex[2 * sizeof id + 1];
    struct web_export *e = NULL;
    const size_t len = strcspn(call->rest, "/");
    *ret_file = strcmp(call->rest + len, "/file") == 0;
    (void)snprintf(hex, sizeof hex, "%.*s", (int)(len < sizeof hex ? len : 0), call->rest);
    if (len + 1 == sizeof hex && (call->rest[len] == '\0' || *ret_file) &&
        esep_unhex(hex, id, sizeof id) == ESEP_OK)
        e = web_export_find(call->web->exports->queue, call->session->account, id);
    if (e == NULL)
        web_problem(call->web, call->request, 404,
                    "no such export of yours: it was not asked for, or is gone again");
    return e;
}

static void send_file(const struct web_call *call, const struct web_export *e)
{
    char name[200];
    char disposition[250];
    const int fd = e->state == WEB_EXPORT_DONE
                       ? fcntl(call->web->exports->makings[e->place].file, F_DUPFD_CLOEXEC, 0)
                       : -1;
    if (e->state != WEB_EXPORT_DONE) {
        web_problem(call->web, call->request, 409,
                    e->state == WEB_EXPORT_FAILED ? e->reason : "it is not made yet");
        return;
    }
    if (fd < 0) {
        web_problem(call->web, call->request, 503, "too many files are open: try again");
        return;
    }
    file_name(&e->wish, name, sizeof name);
    (void)snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"", name);
    const struct esep_http_field fields[] = {
        {"Content-Type", export_formats[e->wish.format].media_type},
        {"Content-Disposition", disposition}};
    web_answer_file(call->web, call->request, 200, fields, 2, fd, e->size_bytes);
}

void web_export_show(const struct web_call *call)
{
    bool file = false;
    const struct web_export *e = find(call, &file);
    if (e != NULL && file)
        send_file(call, e);
    else if (e != NULL)
        web_answer_json(call->web, call->request, 200, NULL, 0,
                        export_json_of(call->web->exports, e));
}

void web_export_delete(const struct web_call *call)
{
    bool file = false;
    struct web_export *e = find(call, &file);
    if (e == NULL)
        return;
    if (file) {
        web_problem(call->web, call->request, 405, "a file goes with its export: delete that");
        return;
    }
    web_export_drop(call->web->exports->queue, e);
    start_next(call->web->exports);
    web_answer(call->web, call->request, 204, NULL, 0, esep_slice(NULL, 0));
}
