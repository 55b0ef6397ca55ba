/* collector/cmd_obligations.c - `obligations`: from a plan file alone, or with what the log knows.
 *
 * With --plan FILE nothing is asked but the file: every obligation, due instant and, as of an
 * instant, whether it would be due. Without it the store says what came; as of an instant in the
 * past the log is replayed up to there, so that the answer is the one that was true then.
 */
#include "collector/commands.h"
#include "collector/listing.h"
#include "io/clock.h"
#include "io/plan_yaml.h"
#include "io/table.h"

#include <stdlib.h>
#include <sysexits.h>

#define OBLIGATIONS_MAX 65536

struct words {
    struct command_common common;
    const char *plan;
    const char *as_of;
    struct listing_filter filter;
};

enum { OPTION_KIND = 256, OPTION_TIMELINESS };

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 'p':
        words->plan = value;
        return 0;
    case 't':
        words->as_of = value;
        return 0;
    case 'b':
        words->filter.body = value;
        return 0;
    case 'a':
        words->filter.action = value;
        return 0;
    case OPTION_KIND:
        words->filter.kind = value;
        return 0;
    case OPTION_TIMELINESS:
        words->filter.timeliness = value;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is one word too many", value);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const char *const heads[] = {"due",  "timeliness", "kind",       "action", "body",
                                    "role", "came",       "fulfilment", "window", NULL};

static void add_row(struct esep_table *table, const struct listing_obligation *o)
{
    char due[32];
    char came[32] = "-";
    char start[11];
    char end[11];
    esep_time_format(o->due, o->zone, due);
    if (o->came != ESEP_TIME_NEVER)
        esep_time_format(o->came, o->zone, came);
    esep_day_format(o->made->window.start, start);
    esep_day_format(o->made->window.end, end);
    esep_table_cell(table, "%.10s %.5s", due, due + 11);
    esep_table_cell(table, "%s", esep_timeliness_name(o->timeliness));
    esep_table_cell(table, "%s", esep_obligation_kind_name(o->made->kind));
    esep_table_cell(table, "%s", o->action);
    esep_table_cell(table, "%s", o->body);
    esep_table_cell(table, "%s%s", listing_role(o->made->role),
                    o->made->upon_agreement ? ", upon agreement" : "");
    esep_table_cell(table, "%.16s", came);
    esep_table_cell(table, "%s", o->state != NULL ? listing_progress(o->state) : "-");
    esep_table_cell(table, "%s..%s", start, end);
}

/* One way out for both sources: keeps what passes the filter, as a table or as JSON. */
struct output {
    const struct words *words;
    struct esep_table table;
    json_t *list;
    size_t counts[ESEP_TIMELINESS_OVERDUE + 1];
    size_t shown;
};

static void put(struct output *out, const struct listing_obligation *o)
{
    if (!listing_matches(&out->words->filter, o))
        return;
    out->shown++;
    out->counts[o->timeliness]++;
    if (out->words->common.json)
        (void)json_array_append_new(out->list, listing_json(o));
    else
        add_row(&out->table, o);
}

static int finish(struct output *out, esep_time as_of, const struct esep_zone *zone)
{
    char at[32];
    esep_time_format(as_of, zone, at);
    if (out->words->common.json)
        return esep_json_print(json_pack("{s:s, s:s, s:o}", "format", "esep-obligations/1", "as_of",
                                         at, "obligations", out->list));
    if (esep_table_print(&out->table, stdout) != ESEP_OK)
        return EX_UNAVAILABLE;
    esep_table_done(&out->table);
    (void)printf("\n%zu obligations as of %s", out->shown, at);
    for (int t = ESEP_TIMELINESS_NOT_DUE; t <= ESEP_TIMELINESS_OVERDUE; t++)
        if (out->counts[t] > 0)
            (void)printf("%s%zu %s", t == ESEP_TIMELINESS_NOT_DUE ? ": " : ", ", out->counts[t],
                         esep_timeliness_name((enum esep_timeliness)t));
    (void)printf("\n");
    return 0;
}

static void begin(struct output *out, const struct words *words)
{
    *out = (struct output){.words = words};
    if (words->common.json)
        out->list = json_array();
    else
        esep_table_init(&out->table, heads);
}

static enum esep_status parse_as_of(const struct words *words, const struct esep_zone *zone,
                                    esep_time fallback, esep_time *ret, struct esep_reason *reason)
{
    *ret = fallback;
    if (words->as_of == NULL)
        return ESEP_OK;
    if (esep_time_parse(words->as_of, zone, ret) != ESEP_OK)
        return esep_because(reason, ESEP_INVALID,
                            "--as-of %s: neither a day (2013-03-01) nor an instant "
                            "(2013-03-01T12:00:00+06:00)",
                            words->as_of);
    return ESEP_OK;
}

static esep_time now_real(void)
{
    struct esep_clock clock = {0};
    return esep_clock_now(&clock);
}

static int from_file(const struct words *words)
{
    struct esep_reason reason = {""};
    struct esep_arena arena = {0};
    Esep__V1__Plan *plan = NULL;
    struct esep_complaints *complaints = calloc(1, sizeof *complaints);
    struct esep_zone *zone = calloc(1, sizeof *zone);
    struct esep_obligation *made = calloc(OBLIGATIONS_MAX, sizeof *made);
    size_t count = 0;
    esep_time as_of = 0;
    enum esep_status status =
        complaints != NULL && zone != NULL && made != NULL ? ESEP_OK : ESEP_NOMEM;
    if (status == ESEP_OK)
        status = esep_arena_init(&arena, 16u << 20);
    if (status == ESEP_OK)
        status = esep_plan_load(words->plan, &arena, &plan, complaints, &reason);
    if (complaints != NULL)
        esep_complaints_print(complaints);
    if (status == ESEP_INVALID && reason.text[0] == 0)
        (void)esep_because(&reason, status, "%s: errors, no plan", words->plan);
    if (status == ESEP_OK)
        status = esep_zone_load(zone, plan->zone, &reason);
    if (status == ESEP_OK)
        status = parse_as_of(words, zone, now_real(), &as_of, &reason);
    if (status == ESEP_OK)
        status = esep_obligations_make(plan, zone, made, OBLIGATIONS_MAX, &count, &reason);
    int rc = 0;
    if (status == ESEP_OK) {
        struct output out;
        begin(&out, words);
        for (size_t i = 0; i < count; i++) {
            struct listing_obligation o;
            listing_from_plan(&o, plan, zone, &made[i], as_of);
            put(&out, &o);
        }
        rc = finish(&out, as_of, zone);
    } else {
        rc = collector_fail(status, &reason);
    }
    esep_arena_done(&arena);
    free(made);
    free(zone);
    free(complaints);
    return rc;
}

static const struct esep_zone *first_zone(const struct views *views)
{
    return views_plan_count(views) > 0 ? views_plan_zone(views, 0) : NULL;
}

static int from_store(const struct words *words)
{
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_state state = {0};
    struct esep_clock clock = {0};
    esep_time as_of = 0;
    enum esep_status status = collector_command_settings(&words->common, &settings, &reason);
    if (status == ESEP_OK)
        status = esep_clock_init(&clock, settings->clock, &reason);
    if (status == ESEP_OK)
        status = collector_state_open(&state, settings, true, &reason);
    esep_time now = esep_clock_now(&clock);
    if (status == ESEP_OK)
        status = parse_as_of(words, first_zone(state.views), now, &as_of, &reason);
    if (status == ESEP_OK && as_of < now)
        status = collector_state_as_of(&state, settings, as_of, &reason);
    int rc = 0;
    if (status == ESEP_OK) {
        struct output out;
        begin(&out, words);
        for (uint32_t i = 0; i < views_obligation_count(state.views); i++) {
            struct listing_obligation o;
            if (listing_from_views(&o, state.views, views_obligation(state.views, i), as_of))
                put(&out, &o);
        }
        rc = finish(&out, as_of, first_zone(state.views));
    } else {
        rc = collector_fail(status, &reason);
    }
    collector_state_close(&state);
    collector_settings_free(settings);
    return rc;
}

int collector_cmd_obligations(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"plan", 'p', "FILE", 0, "from a plan file alone, without a store", 0},
        {"as-of", 't', "INSTANT", 0, "a day or an RFC 3339 instant (now)", 0},
        {"body", 'b', "CODE", 0, "only this body", 0},
        {"action", 'a', "NUMBER", 0, "only this action", 0},
        {"kind", OPTION_KIND, "KIND", 0, "only fulfilment, annual, consolidated or regional-plan",
         0},
        {"timeliness", OPTION_TIMELINESS, "VALUE", 0,
         "only not_due, due_soon, on_time, late or overdue", 0},
        {0},
    };
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc = "Lists who owes what by when. With --plan from the file alone; else from the store, "
               "with what came, as of any instant.",
        .children = children};
    struct words words = {0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    return words.plan != NULL ? from_file(&words) : from_store(&words);
}
