/* collector/cmd_export.c - `export`: every obligation with its state, as JSON or CSV.
 *
 * CSV is RFC 4180 in UTF-8 with a byte order mark, since that is how spreadsheets know it; a field
 * that a spreadsheet would take for a formula gets an apostrophe in front.
 */
#include "collector/commands.h"
#include "collector/listing.h"
#include "io/clock.h"

#include <sysexits.h>

struct words {
    struct command_common common;
    const char *format;
    char delimiter;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 'f':
        words->format = value;
        return 0;
    case 's':
        words->delimiter = ';';
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is one word too many", value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void put_field(const char *text, char before)
{
    if (before != 0)
        (void)fputc(before, stdout);
    (void)fputc('"', stdout);
    if (text[0] != 0 && strchr("=+-@\t\r", text[0]) != NULL && text[1] != 0)
        (void)fputc('\'', stdout);
    for (; *text != 0; text++) {
        if (*text == '"')
            (void)fputc('"', stdout);
        (void)fputc(*text, stdout);
    }
    (void)fputc('"', stdout);
}

static void put_row(const struct listing_obligation *o, char d)
{
    char due[32];
    char came[32] = "";
    char percent[16] = "";
    esep_time_format(o->due, o->zone, due);
    if (o->came != ESEP_TIME_NEVER)
        esep_time_format(o->came, o->zone, came);
    if (o->state->percent >= 0)
        (void)snprintf(percent, sizeof percent, "%d", o->state->percent);
    put_field(o->made->key, 0);
    put_field(esep_obligation_kind_name(o->made->kind), d);
    put_field(o->action, d);
    put_field(o->body, d);
    put_field(listing_role(o->made->role), d);
    put_field(o->made->upon_agreement ? "yes" : "no", d);
    put_field(due, d);
    put_field(came, d);
    put_field(esep_timeliness_name(o->timeliness), d);
    put_field(o->state->reports > 0 ? esep_fulfilment_name(o->state->fulfilment) : "", d);
    put_field(percent, d);
    put_field(esep_submission_name(o->state->submission), d);
    put_field(esep_control_name(o->state->control), d);
    (void)fputs("\r\n", stdout);
}

static void put_heads(char d)
{
    static const char *const heads[] = {
        "key",     "kind",       "action",     "body",    "role",       "upon_agreement", "due",
        "came_at", "timeliness", "fulfilment", "percent", "submission", "control"};
    (void)fputs("\xEF\xBB\xBF", stdout);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        put_field(heads[i], i > 0 ? d : 0);
    (void)fputs("\r\n", stdout);
}

static int put_all(const struct words *words, const struct views *views, esep_time now, bool csv)
{
    json_t *list = csv ? NULL : json_array();
    if (csv)
        put_heads(words->delimiter);
    for (uint32_t i = 0; i < views_obligation_count(views); i++) {
        struct listing_obligation o;
        if (!listing_from_views(&o, views, views_obligation(views, i), now))
            continue;
        if (csv)
            put_row(&o, words->delimiter);
        else
            (void)json_array_append_new(list, listing_json(&o));
    }
    if (csv)
        return esep_output_end(0);
    char root[65];
    struct esep_hash hash = esep_merkle_root(views_tree(views));
    esep_hex(hash.bytes, sizeof hash.bytes, root);
    return esep_json_print(json_pack(
        "{s:s, s:o, s:I, s:s, s:o}", "format", "esep-export/1", "as_of", esep_json_time(now, NULL),
        "log_size", (json_int_t)views_log_size(views), "log_root", root, "obligations", list));
}

int collector_cmd_export(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"format", 'f', "json|csv", 0, "what to write (csv)", 0},
        {"semicolon", 's', NULL, 0, "separate CSV fields by ; instead of ,", 0},
        {0},
    };
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {.options = options,
                                     .parser = parse,
                                     .doc = "Writes every obligation with its state to stdout.",
                                     .children = children};
    struct words words = {.delimiter = ','};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    bool csv = !words.common.json && (words.format == NULL || strcmp(words.format, "csv") == 0);
    if (words.format != NULL && !csv && strcmp(words.format, "json") != 0) {
        (void)fprintf(stderr, "esep-collector export: no format '%s'; say json or csv\n",
                      words.format);
        return EX_USAGE;
    }
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_state state = {0};
    struct esep_clock clock = {0};
    enum esep_status status = collector_command_settings(&words.common, &settings, &reason);
    if (status == ESEP_OK)
        status = esep_clock_init(&clock, settings->clock, &reason);
    if (status == ESEP_OK)
        status = collector_state_open(&state, settings, true, &reason);
    int rc = status == ESEP_OK ? put_all(&words, state.views, esep_clock_now(&clock), csv)
                               : collector_fail(status, &reason);
    collector_state_close(&state);
    collector_settings_free(settings);
    return rc;
}
