/* collector/cmd_export.c - `export`: the consolidated report of a plan's year as a file, the
 * deadlines as a calendar, or, without a year, every obligation with its state; see export.h. */
#include "collector/commands.h"
#include "collector/export.h"
#include "io/clock.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

enum { OPTION_TABLE = 256, OPTION_AS_OF, OPTION_PROGRESS };

struct words {
    struct command_common common;
    const char *format, *language, *as_of, *output;
    FILE *lines; /* for the page that has started this; NULL: nobody */
    struct export_request request;
};

static error_t parse_year(const char *value, struct argp_state *state, int *ret)
{
    char *end = NULL;
    long year = strtol(value, &end, 10);
    if (end == value || *end != 0 || year < 1970 || year > 9999)
        argp_error(state, "--year %s: not a year (2013)", value);
    *ret = (int)year;
    return 0;
}

static error_t parse_lines(const char *value, struct argp_state *state, FILE **ret)
{
    char *end = NULL;
    const long fd = strtol(value, &end, 10);
    *ret =
        end != value && *end == 0 && fd > STDERR_FILENO && fd < 1024 ? fdopen((int)fd, "w") : NULL;
    if (*ret == NULL)
        argp_error(state, "--progress-fd %s: not an open descriptor", value);
    return 0;
}

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
        words->request.delimiter = ';';
        return 0;
    case 'y':
        return parse_year(value, state, &words->request.year);
    case 'l':
        words->language = value;
        return 0;
    case 'p':
        words->request.plan = value;
        return 0;
    case 'b':
        words->request.body = value;
        return 0;
    case OPTION_TABLE:
        words->request.table = value;
        return 0;
    case OPTION_AS_OF:
        words->as_of = value;
        return 0;
    case OPTION_PROGRESS:
        return parse_lines(value, state, &words->lines);
    case 'o':
        words->output = value;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is one word too many", value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int usage(const char *text, const char *value)
{
    (void)fprintf(stderr, "esep-collector export: %s%s\n", text, value);
    return EX_USAGE;
}

/* What argp cannot know: which options go together. */
static int settle(struct words *words)
{
    struct export_request *r = &words->request;
    const char *format = words->format != NULL ? words->format
                         : words->common.json  ? "json"
                                               : "csv";
    if (!export_format_parse(format, &r->format))
        return usage("no such format; say docx, pdf, xlsx, csv, json or ics, not ", format);
    if (words->language != NULL && !export_language_parse(words->language, &r->language))
        return usage("no such language; say kk, ru or en, not ", words->language);
    if (r->year == 0 && export_formats[r->format].binary)
        return usage("say of which year with --year, for a ", format);
    if (r->body != NULL && r->format != EXPORT_ICS)
        return usage("--body goes with --format ics, not with ", format);
    if (r->table != NULL && (r->format != EXPORT_CSV || r->year == 0))
        return usage("--table goes with --format csv and --year, not with ", format);
    if (r->year == 0 && r->plan != NULL && r->format != EXPORT_ICS)
        return usage("--plan needs a --year here: --plan ", r->plan);
    if (words->output == NULL && export_formats[r->format].binary && isatty(STDOUT_FILENO))
        return usage("nothing for a terminal to show; say -o FILE, or send it into a pipe, for a ",
                     format);
    return 0;
}

struct shown {
    bool terminal;
    FILE *lines;
    bool writing;
    unsigned percent;
};

static bool progress(void *context, bool writing, uint64_t done, uint64_t all)
{
    struct shown *shown = context;
    unsigned percent = all > 0 ? (unsigned)(done * 100 / all) : 100;
    const bool moved = percent != shown->percent || writing != shown->writing;
    if (shown->terminal && moved)
        (void)fprintf(stderr, "\r%s: %u %%%s", writing ? "writing" : "reading the log", percent,
                      percent == 100 ? "\n" : "   ");
    if (shown->lines != NULL && moved) {
        (void)fprintf(shown->lines, "%s %u\n", writing ? "writing" : "reading", percent);
        (void)fflush(shown->lines);
    }
    shown->percent = percent;
    shown->writing = writing;
    return true;
}

/* What lies in the request is told word for word; of the rest, the log here says it. */
static void tell_reason(FILE *lines, enum esep_status status, const struct esep_reason *reason)
{
    if (lines == NULL ||
        (status != ESEP_NOT_FOUND && status != ESEP_INVALID && status != ESEP_LIMIT))
        return;
    (void)fprintf(lines, "reason %s\n", reason->text);
    (void)fflush(lines);
}

static enum esep_status write_to(const struct words *words, const struct collector_state *state,
                                 FILE *out, struct esep_reason *reason)
{
    const struct consolidated_source source = {state->views, state->log, collector_state_entry};
    struct shown shown = {.terminal = isatty(STDERR_FILENO) != 0 && out != stdout,
                          .lines = words->lines,
                          .percent = UINT32_MAX};
    struct export_request asked = words->request;
    asked.progress = progress;
    asked.progress_context = &shown;
    if (words->lines != NULL)
        (void)fprintf(words->lines, "log %llu\n", (unsigned long long)views_log_size(state->views));
    enum esep_status status = asked.year == 0 && asked.format != EXPORT_ICS
                                  ? collector_export_table(state->views, &asked, out, reason)
                                  : export_write(&source, &asked, out, reason);
    tell_reason(words->lines, status, reason);
    return status;
}

static int write_file(const struct words *words, const struct collector_state *state)
{
    struct esep_reason reason = {""};
    struct export_file file;
    enum esep_status status = export_file_begin(&file, words->output, &reason);
    if (status != ESEP_OK) {
        (void)collector_fail(status, &reason);
        return EX_CANTCREAT;
    }
    status = write_to(words, state, file.out, &reason);
    if (status == ESEP_OK && export_file_end(&file, &reason) != ESEP_OK) {
        (void)collector_fail(ESEP_IO, &reason);
        return EX_CANTCREAT;
    }
    export_file_drop(&file);
    return status == ESEP_OK ? 0 : collector_fail(status, &reason);
}

static enum esep_status find_as_of(const struct words *words, struct collector_state *state,
                                   const struct collector_settings *settings, esep_time now,
                                   esep_time *ret, struct esep_reason *reason)
{
    const struct esep_zone *zone =
        views_plan_count(state->views) > 0 ? views_plan_zone(state->views, 0) : NULL;
    *ret = now;
    if (words->as_of == NULL)
        return ESEP_OK;
    if (esep_time_parse(words->as_of, zone, ret) != ESEP_OK)
        return esep_because(reason, ESEP_INVALID,
                            "--as-of %s: neither a day (2013-03-01) nor an instant "
                            "(2013-03-01T12:00:00+06:00)",
                            words->as_of);
    return *ret < now ? collector_state_as_of(state, settings, *ret, reason) : ESEP_OK;
}

static int run(struct words *words)
{
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_state state = {0};
    struct esep_clock clock = {0};
    enum esep_status status = collector_command_settings(&words->common, &settings, &reason);
    if (status == ESEP_OK)
        status = esep_clock_init(&clock, settings->clock, &reason);
    if (status == ESEP_OK)
        status = collector_state_open(&state, settings, true, &reason);
    if (status == ESEP_OK)
        status = find_as_of(words, &state, settings, esep_clock_now(&clock), &words->request.as_of,
                            &reason);
    int rc = 0;
    if (status != ESEP_OK) {
        rc = collector_fail(status, &reason);
    } else if (words->output != NULL) {
        rc = write_file(words, &state);
    } else {
        status = write_to(words, &state, stdout, &reason);
        rc = esep_output_end(status == ESEP_OK ? 0 : collector_fail(status, &reason));
    }
    collector_state_close(&state);
    collector_settings_free(settings);
    return rc;
}

int collector_cmd_export(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"format", 'f', "FORMAT", 0, "docx, pdf, xlsx, csv, json or ics (csv)", 0},
        {"year", 'y', "YEAR", 0, "the consolidated report of this year of the plan", 0},
        {"language", 'l', "LANGUAGE", 0, "kk, ru or en (ru)", 0},
        {"plan", 'p', "ID", 0, "of this plan; needed where more than one has the year", 0},
        {"as-of", OPTION_AS_OF, "INSTANT", 0, "a day or an RFC 3339 instant (now)", 0},
        {"progress-fd", OPTION_PROGRESS, "FD", 0,
         "for programs: tell there how far it is, a line each time", 0},
        {"output", 'o', "FILE", 0, "whole or not at all, instead of stdout", 0},
        {"semicolon", 's', NULL, 0, "separate CSV fields by ; and write 1,5", 0},
        {"table", OPTION_TABLE, "NAME", 0,
         "for CSV: reports, actions, indicators, money, totals, late or missing (reports)", 0},
        {"body", 'b', "CODE", 0, "for ics: only this body's deadlines", 0},
        {0},
    };
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Writes the consolidated report of a plan's year, or with --format ics the "
               "deadlines as a calendar. CSV and JSON without a year: every obligation with its "
               "state.",
        .children = children};
    struct words words = {
        .request = {.language = EXPORT_RU, .delimiter = ',', .bytes_max = EXPORT_BYTES_MAX}};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    int rc = settle(&words);
    return rc != 0 ? rc : run(&words);
}
