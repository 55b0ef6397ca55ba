/* collector/cmd_reports.c - `reports`: what came in, filtered; `reports INDEX`: one of them, whole.
 */
#include "collector/attachments.h"
#include "collector/commands.h"
#include "collector/listing.h"
#include "io/table.h"
#include "wire/statement.h"
#include "wire/unpack.h"

#include <stdlib.h>
#include <sysexits.h>

struct words {
    struct command_common common;
    const char *body;
    const char *action;
    const char *window;
    const char *state;
    const char *plan;
    const char *index;
    struct esep_window days;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 'b':
        words->body = value;
        return 0;
    case 'a':
        words->action = value;
        return 0;
    case 'w':
        words->window = value;
        return 0;
    case 's':
        words->state = value;
        return 0;
    case 'p':
        words->plan = value;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "'%s' is one word too many", value);
        words->index = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* "2013-01-01..2013-06-30", or a year. */
static enum esep_status parse_window(const char *text, struct esep_window *ret,
                                     struct esep_reason *reason)
{
    char start[11] = "";
    *ret = (struct esep_window){.start = ESEP_DAY_NONE, .end = ESEP_DAY_NONE};
    if (text == NULL)
        return ESEP_OK;
    if (strlen(text) == 4) {
        char whole[24];
        (void)snprintf(whole, sizeof whole, "%s-01-01..%s-12-31", text, text);
        return parse_window(whole, ret, reason);
    }
    if (strlen(text) == 22 && strncmp(text + 10, "..", 2) == 0) {
        memcpy(start, text, 10);
        if (esep_day_parse(start, &ret->start) == ESEP_OK &&
            esep_day_parse(text + 12, &ret->end) == ESEP_OK && ret->start <= ret->end)
            return ESEP_OK;
    }
    return esep_because(reason, ESEP_INVALID,
                        "--window %s: neither a year (2013) nor days (2013-01-01..2013-06-30)",
                        text);
}

/* Rows are read some thousand at a time and written between two reads: a reader that waits (a
 * pager, a slow pipe) must not hold an old state of the store, and memory stays bounded. */
#define PIECE 4096
struct piece {
    size_t count;
    enum esep_status status;
    struct views_report reports[PIECE];
};
struct scan {
    const struct words *words;
    const struct views *views;
    struct esep_table table;
    size_t shown;
};

static bool matches(const struct words *w, const struct views_obligation *o, const char *state,
                    const Esep__V1__Plan *plan)
{
    const char *action = o->made.action >= 0 ? plan->actions[o->made.action]->number : "-";
    return (w->body == NULL || strcmp(w->body, plan->bodies[o->made.body]->code) == 0) &&
           (w->action == NULL || strcmp(w->action, action) == 0) &&
           (w->plan == NULL || strcmp(w->plan, plan->id) == 0) &&
           (w->state == NULL || strcmp(w->state, state) == 0) &&
           (w->days.start == ESEP_DAY_NONE ||
            (o->made.window.start >= w->days.start && o->made.window.end <= w->days.end));
}

static void add_text(struct scan *scan, const struct views_report *r, const char *key,
                     const char *state, const struct esep_zone *zone)
{
    char at[32];
    esep_time_format(r->accepted_at, zone, at);
    esep_table_cell(&scan->table, "%llu", (unsigned long long)r->index);
    esep_table_cell(&scan->table, "%.10s %.5s", at, at + 11);
    esep_table_cell(&scan->table, "%u/%u/%llu", r->office, r->epoch, (unsigned long long)r->seq);
    esep_table_cell(&scan->table, "%u", r->revision);
    esep_table_cell(&scan->table, "%s", state);
    esep_table_cell(&scan->table, "%s", esep_fulfilment_name(r->fulfilment));
    if (r->percent >= 0)
        esep_table_cell(&scan->table, "%d %%", r->percent);
    else
        esep_table_cell(&scan->table, "no data");
    esep_table_cell(&scan->table, "%s", key);
}

static json_t *row_json(const struct views_report *r, const char *key, const char *state,
                        const struct esep_zone *zone)
{
    return json_pack("{s:I, s:s, s:i, s:i, s:I, s:i, s:s, s:s, s:o, s:b, s:o, s:o}", "log_index",
                     (json_int_t)r->index, "obligation", key, "office", (int)r->office, "epoch",
                     (int)r->epoch, "seq", (json_int_t)r->seq, "revision", (int)r->revision,
                     "state", state, "fulfilment", esep_fulfilment_name(r->fulfilment), "percent",
                     r->percent >= 0 ? json_integer(r->percent) : json_null(), "nil_report",
                     (int)r->nil_report, "accepted_at", esep_json_time(r->accepted_at, zone),
                     "written_at", esep_json_time(r->written_at, zone));
}

static bool keep_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct piece *piece = context;
    piece->status = views_report_read(key, value, &piece->reports[piece->count]);
    piece->count += piece->status == ESEP_OK;
    return piece->status == ESEP_OK && piece->count < PIECE;
}

static void show_row(struct scan *scan, const struct views_report *report)
{
    const struct views_obligation *o = views_obligation(scan->views, report->obligation);
    const Esep__V1__Plan *plan = o != NULL ? views_plan(scan->views, o->plan_no) : NULL;
    if (plan == NULL)
        return; /* an entry whose obligation nobody knows */
    const char *state = listing_report_state(o, report);
    if (!matches(scan->words, o, state, plan))
        return;
    const struct esep_zone *zone = views_plan_zone(scan->views, o->plan_no);
    scan->shown++;
    if (!scan->words->common.json) {
        add_text(scan, report, o->made.key, state, zone);
        return;
    }
    json_t *value = row_json(report, o->made.key, state, zone);
    (void)fputs(scan->shown > 1 ? ",\n    " : "\n    ", stdout);
    (void)json_dumpf(value, stdout, JSON_PRESERVE_ORDER);
    json_decref(value);
}

static enum esep_status show_piece(struct scan *scan, const struct piece *piece)
{
    static const char *const heads[] = {"log entry", "received",   "office/epoch/seq",
                                        "rev",       "state",      "fulfilment",
                                        "percent",   "obligation", NULL};
    if (!scan->words->common.json)
        esep_table_init(&scan->table, heads);
    size_t before = scan->shown;
    for (size_t i = 0; i < piece->count; i++)
        show_row(scan, &piece->reports[i]);
    if (scan->words->common.json)
        return ESEP_OK;
    enum esep_status status = ESEP_OK;
    if (scan->shown > before || (before == 0 && piece->count < PIECE))
        status = esep_table_print(&scan->table, stdout);
    esep_table_done(&scan->table);
    return status;
}

static int list(const struct words *words, const struct collector_state *state)
{
    struct esep_reason reason = {""};
    struct scan scan = {.words = words, .views = state->views};
    uint8_t from[9] = {'R'};
    struct piece *piece = calloc(1, sizeof *piece);
    enum esep_status status = piece != NULL ? ESEP_OK : ESEP_NOMEM;
    if (words->common.json)
        (void)fputs("{\n  \"format\": \"esep-reports/1\",\n  \"reports\": [", stdout);
    for (bool more = true; status == ESEP_OK && more;) {
        piece->count = 0;
        piece->status = ESEP_OK;
        status = state->log->ops->rows(state->log, esep_slice("R", 1),
                                       esep_slice(from, sizeof from), keep_row, piece, &reason);
        if (status == ESEP_OK)
            status = piece->status;
        if (status == ESEP_OK)
            status = show_piece(&scan, piece);
        more = piece->count == PIECE && !ferror(stdout);
        if (more)
            esep_be64_put(from + 1, piece->reports[PIECE - 1].index + 1);
    }
    free(piece);
    if (status != ESEP_OK)
        return collector_fail(status, &reason);
    if (words->common.json)
        (void)fputs("\n  ]\n}\n", stdout);
    else
        (void)printf("\n%zu reports\n", scan.shown);
    return esep_output_end(0);
}

/* null: no report; what is said of its files needs the rows. */
static json_t *body_json(const struct collector_state *state, uint32_t office,
                         const Esep__V1__JournalEntry *e, struct esep_reason *reason)
{
    if (e->body_case != ESEP__V1__JOURNAL_ENTRY__BODY_REPORT)
        return json_null();
    json_t *body = listing_report_json(e->report);
    const enum esep_status status = collector_attachments_say(state->log, office, e->report, body);
    if (status == ESEP_OK)
        return body;
    json_decref(body);
    (void)esep_because(reason, status,
                       "what is known of the report's files cannot be read: log "
                       "replay --repair makes it anew");
    return NULL;
}

static int show(const struct words *words, const struct collector_state *state)
{
    struct esep_reason reason = {""};
    struct esep_arena arena = {0};
    struct esep_buf entry;
    struct esep_leaf leaf;
    const ProtobufCMessage *message = NULL;
    char *end = NULL;
    unsigned long long index = strtoull(words->index, &end, 10);
    if (end == words->index || *end != 0) {
        (void)fprintf(stderr, "esep-collector: '%s' is not a log entry's number\n", words->index);
        return EX_USAGE;
    }
    esep_buf_init(&entry, 4u << 20);
    enum esep_status status = collector_state_entry(state->log, index, &entry, &reason);
    if (status == ESEP_OK)
        status = esep_leaf_unpack(esep_slice(entry.data, ESEP_LEAF_BYTES), &leaf);
    if (status == ESEP_OK && leaf.type != ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY)
        status =
            esep_because(&reason, ESEP_NOT_FOUND, "log entry %llu is no office's report", index);
    if (status == ESEP_OK)
        status = esep_arena_init(&arena, 1u << 20);
    if (status == ESEP_OK)
        status = esep_unpack(&esep__v1__journal_entry__descriptor,
                             esep_slice(entry.data + ESEP_LEAF_BYTES, entry.len - ESEP_LEAF_BYTES),
                             &arena, &message);
    const Esep__V1__JournalEntry *e = (const Esep__V1__JournalEntry *)message;
    json_t *body = status == ESEP_OK ? body_json(state, leaf.office, e, &reason) : NULL;
    if (status == ESEP_OK && body == NULL)
        status = ESEP_CORRUPT;
    int rc = 0;
    if (status == ESEP_OK) {
        const struct esep_hash content = esep_content_hash(
            esep_slice(entry.data + ESEP_LEAF_BYTES, entry.len - ESEP_LEAF_BYTES));
        char chain_hex[65];
        char content_hex[65];
        esep_hex(leaf.head.bytes, sizeof leaf.head.bytes, chain_hex);
        esep_hex(content.bytes, sizeof content.bytes, content_hex);
        rc = esep_json_print(json_pack(
            "{s:s, s:I, s:i, s:i, s:I, s:s, s:s, s:o, s:o, s:o}", "format", "esep-report/1",
            "log_index", (json_int_t)index, "office", (int)leaf.office, "epoch", (int)leaf.epoch,
            "seq", (json_int_t)leaf.seq, "chain_hash", chain_hex, "content_hash", content_hex,
            "accepted_at", esep_json_time(leaf.accepted_at, NULL), "written_at",
            esep_json_time(e->written_at_us, NULL), "report", body));
    } else {
        rc = collector_fail(status, &reason);
    }
    esep_arena_done(&arena);
    esep_buf_done(&entry);
    return rc;
}

int collector_cmd_reports(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"body", 'b', "CODE", 0, "only this body's", 0},
        {"action", 'a', "NUMBER", 0, "only on this action", 0},
        {"window", 'w', "YEAR|DAY..DAY", 0, "only on windows inside it", 0},
        {"state", 's', "STATE", 0,
         "only received, under_review, returned, accepted, superseded, withdrawn, conflict or "
         "refused",
         0},
        {"plan", 'p', "ID", 0, "only of this plan", 0},
        {0},
    };
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {.options = options,
                                     .parser = parse,
                                     .args_doc = "[LOG-ENTRY]",
                                     .doc = "Lists the reports that came in, or shows one whole.",
                                     .children = children};
    struct words words = {0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_state state = {0};
    enum esep_status status = parse_window(words.window, &words.days, &reason);
    if (status == ESEP_OK)
        status = collector_command_settings(&words.common, &settings, &reason);
    if (status == ESEP_OK)
        status = collector_state_open(&state, settings, true, &reason);
    int rc = status != ESEP_OK     ? collector_fail(status, &reason)
             : words.index != NULL ? show(&words, &state)
                                   : list(&words, &state);
    collector_state_close(&state);
    collector_settings_free(settings);
    return rc;
}
