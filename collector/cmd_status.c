/* collector/cmd_status.c - `status`: each plan at a glance, the offices, the log.
 *
 * Timeliness and completeness are two rates, and bodies upon agreement are counted apart: their
 * silence is no violation.
 */
#include "collector/commands.h"
#include "collector/cosigners_file.h"
#include "collector/figures.h"
#include "collector/glance.h"
#include "io/clock.h"
#include "io/table.h"

#include <sysexits.h>

/* What ingest says of itself and of the log (figures.h). */
static json_t *ingest_json(const struct figures *figures)
{
    uint64_t entries = 0;
    uint64_t at = 0;
    uint64_t ok = 0;
    struct esep_reason damage = {""};
    if (figures->len == 0)
        return json_null();
    json_t *ingest = json_pack("{s:b, s:I}", "running", figures->age < FIGURES_STALE, "heard_s_ago",
                               (json_int_t)(figures->age / ESEP_SECOND));
    if (figures_value(figures, "esep_ingest_signer_away", &at))
        (void)json_object_set_new(ingest, "signer_away", json_boolean(at != 0));
    if (!figures_value(figures, "esep_log_verified_ok", &ok) ||
        !figures_value(figures, "esep_log_verified_entries", &entries) ||
        !figures_value(figures, "esep_log_verified_timestamp_seconds", &at))
        return ingest;
    figures_said(figures, ok ? "" : "log-damaged", &damage);
    if (!ok && damage.text[0] == 0)
        figures_said(figures, "log-unverified", &damage);
    (void)json_object_set_new(
        ingest, "verified",
        json_pack("{s:b, s:I, s:o, s:s}", "ok", ok != 0, "entries", (json_int_t)entries, "at",
                  esep_json_time((esep_time)at * ESEP_SECOND, NULL), "text", damage.text));
    return ingest;
}

static void print_ingest(const struct figures *figures)
{
    static const char *const keys[] = {"signer-away", "log-damaged", "log-unverified"};
    uint64_t entries = 0;
    uint64_t at = 0;
    uint64_t ok = 0;
    char when[32];
    if (figures->len == 0)
        (void)printf("ingest has not run on this store yet\n");
    else if (figures->age >= FIGURES_STALE)
        (void)printf("ingest does not run: it was heard of %lld s ago\n",
                     (long long)(figures->age / ESEP_SECOND));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct esep_reason said;
        figures_said(figures, keys[i], &said);
        if (said.text[0] != 0)
            (void)printf("%s: %s\n", keys[i], said.text);
    }
    if (!figures_value(figures, "esep_log_verified_timestamp_seconds", &at) ||
        !figures_value(figures, "esep_log_verified_entries", &entries) ||
        !figures_value(figures, "esep_log_verified_ok", &ok))
        return;
    esep_time_format((esep_time)at * ESEP_SECOND, NULL, when);
    (void)printf("verified in the background %s: %s\n", when,
                 ok ? "every hash, signature and file agrees" : "NOT all agrees, see above");
}

/* How each witness did when ingest heard of it last; without what a verifier needs. */
static json_t *witnesses_json(const char *store)
{
    static const char *const shown[] = {"name",     "size",  "asked",      "cosigned", "failed",
                                        "failures", "alarm", "alarm_size", "said"};
    json_t *file = cosigners_file_read(store);
    const json_t *list = json_object_get(file, "witnesses");
    json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        const json_int_t at = json_integer_value(json_object_get(row, "cosigned_at"));
        json_t *item = json_object();
        for (size_t k = 0; k < sizeof shown / sizeof *shown; k++)
            (void)json_object_set(item, shown[k], json_object_get(row, shown[k]));
        (void)json_object_set_new(item, "cosigned_at", esep_json_time(at * ESEP_SECOND, NULL));
        (void)json_array_append_new(out, item);
    }
    json_decref(file);
    return out;
}

static int print_json(const struct collector_state *state, const char *store,
                      const struct figures *figures, esep_time now)
{
    const struct views *views = state->views;
    char root[65];
    struct esep_hash hash = esep_merkle_root(views_tree(views));
    char log_id[65];
    esep_hex(hash.bytes, sizeof hash.bytes, root);
    esep_hex(state->log->log_id.bytes, ESEP_HASH_BYTES, log_id);
    json_t *plans = json_array();
    json_t *offices = json_array();
    for (uint32_t i = 0; i < views_plan_count(views); i++) {
        struct glance glance;
        if (!glance_plan_newest(views, i))
            continue;
        glance_at(views, views_plan(views, i)->id, now, &glance);
        (void)json_array_append_new(
            plans, json_pack("{s:s, s:o, s:o}", "plan", views_plan(views, i)->id, "bound",
                             glance_tally_json(&glance.bound), "upon_agreement",
                             glance_tally_json(&glance.upon_agreement)));
    }
    for (uint32_t n = 1; n < views_next_office(views); n++)
        if (views_office(views, n) != NULL)
            (void)json_array_append_new(offices, glance_office_json(views, views_office(views, n)));
    return esep_json_print(
        json_pack("{s:s, s:o, s:{s:s, s:I, s:s}, s:o, s:I, s:o, s:o, s:o}", "format",
                  "esep-status/1", "as_of", esep_json_time(now, NULL), "log", "id", log_id, "size",
                  (json_int_t)views_log_size(views), "root", root, "ingest", ingest_json(figures),
                  "deliveries_owed", (json_int_t)glance_deliveries_owed(views), "plans", plans,
                  "offices", offices, "witnesses", witnesses_json(store)));
}

static void print_tally(struct esep_table *table, const char *plan, const char *who,
                        const struct glance_tally *t)
{
    size_t due = glance_due(t);
    esep_table_cell(table, "%s", plan);
    esep_table_cell(table, "%s", who);
    for (int i = ESEP_TIMELINESS_NOT_DUE; i <= ESEP_TIMELINESS_OVERDUE; i++)
        esep_table_cell(table, "%zu", t->count[i]);
    esep_table_cell(table, "%zu", t->to_review);
    esep_table_cell(table, "%zu", t->returned);
    esep_table_cell(table, "%zu", t->conflicts);
    if (due > 0)
        esep_table_cell(table, "%zu %%", 100 * t->count[ESEP_TIMELINESS_ON_TIME] / due);
    else
        esep_table_cell(table, "-");
}

static void print_offices(const struct views *views)
{
    static const char *const heads[] = {"office",  "body",    "label",        "state", "seen",
                                        "reports", "refused", "mail waiting", NULL};
    struct esep_table table;
    esep_table_init(&table, heads);
    for (uint32_t n = 1; n < views_next_office(views); n++) {
        const struct views_office *o = views_office(views, n);
        if (o == NULL)
            continue;
        char seen[32] = "never";
        if (o->seen_at != 0)
            esep_time_format(o->seen_at, NULL, seen);
        esep_table_cell(&table, "%u", o->office);
        esep_table_cell(&table, "%s", o->body);
        esep_table_cell(&table, "%s", o->label);
        esep_table_cell(&table, "%s", glance_office_state(o));
        esep_table_cell(&table, "%s", seen);
        esep_table_cell(&table, "%llu", (unsigned long long)o->seq);
        esep_table_cell(&table, "%llu", (unsigned long long)o->refused_entries);
        esep_table_cell(&table, "%llu", (unsigned long long)(o->mail_last - o->mail_acked));
    }
    if (esep_table_print(&table, stdout) != ESEP_OK)
        (void)fprintf(stderr, "esep-collector: no memory for the table\n");
    esep_table_done(&table);
}

static void print_witnesses(const char *store)
{
    static const char *const heads[] = {"witness", "cosigned", "at", "failures in a row",
                                        "alarm",   "it said",  NULL};
    json_t *list = witnesses_json(store);
    struct esep_table table;
    esep_table_init(&table, heads);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = NULL;
        const char *at = NULL;
        const char *alarm = NULL;
        const char *said = NULL;
        json_int_t size = 0;
        json_int_t failures = 0;
        if (json_unpack(json_array_get(list, i), "{s:s, s:I, s?s, s:I, s:s, s:s}", "name", &name,
                        "size", &size, "cosigned_at", &at, "failures", &failures, "alarm", &alarm,
                        "said", &said) != 0)
            continue;
        esep_table_cell(&table, "%s", name);
        esep_table_cell(&table, "%lld", (long long)size);
        esep_table_cell(&table, "%s", at != NULL ? at : "never");
        esep_table_cell(&table, "%lld", (long long)failures);
        esep_table_cell(&table, "%s", alarm);
        esep_table_cell(&table, "%s", said);
    }
    if (json_array_size(list) > 0) {
        (void)printf("\n");
        if (esep_table_print(&table, stdout) != ESEP_OK)
            (void)fprintf(stderr, "esep-collector: no memory for the table\n");
    }
    esep_table_done(&table);
    json_decref(list);
}

static void print_text(const struct collector_state *state, const char *store,
                       const struct figures *figures, esep_time now)
{
    static const char *const heads[] = {"plan",     "bodies",    "not due",      "due soon",
                                        "on time",  "late",      "overdue",      "to review",
                                        "returned", "conflicts", "on-time rate", NULL};
    const struct views *views = state->views;
    char at[32];
    char root[65];
    struct esep_hash hash = esep_merkle_root(views_tree(views));
    esep_hex(hash.bytes, sizeof hash.bytes, root);
    esep_time_format(now, NULL, at);
    (void)printf("as of %s; log of %llu entries, root %.16s…; %zu alerts to deliver\n", at,
                 (unsigned long long)views_log_size(views), root, glance_deliveries_owed(views));
    print_ingest(figures);
    (void)printf("\n");
    struct esep_table table;
    esep_table_init(&table, heads);
    for (uint32_t i = 0; i < views_plan_count(views); i++) {
        struct glance glance;
        if (!glance_plan_newest(views, i))
            continue;
        const char *id = views_plan(views, i)->id;
        glance_at(views, id, now, &glance);
        print_tally(&table, id, "bound", &glance.bound);
        print_tally(&table, id, "upon agreement", &glance.upon_agreement);
    }
    if (esep_table_print(&table, stdout) != ESEP_OK)
        (void)fprintf(stderr, "esep-collector: no memory for the table\n");
    esep_table_done(&table);
    (void)printf("\n");
    print_offices(views);
    print_witnesses(store);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = state->input;
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        argp_error(state, "'%s' is one word too many", value);
    return ARGP_ERR_UNKNOWN;
}

int collector_cmd_status(int argc, char **argv)
{
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {.parser = parse,
                                     .doc = "Shows each plan at a glance, the offices, the log.",
                                     .children = children};
    struct command_common common = {0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &common);
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_state state = {0};
    struct esep_clock clock = {0};
    static struct figures figures;
    enum esep_status status = collector_command_settings(&common, &settings, &reason);
    if (status == ESEP_OK)
        status = esep_clock_init(&clock, settings->clock, &reason);
    if (status == ESEP_OK)
        status = collector_state_open(&state, settings, true, &reason);
    int rc = 0;
    if (status == ESEP_OK)
        figures_read(settings->store, &figures);
    if (status != ESEP_OK)
        rc = collector_fail(status, &reason);
    else if (common.json)
        rc = print_json(&state, settings->store, &figures, esep_clock_now(&clock));
    else
        print_text(&state, settings->store, &figures, esep_clock_now(&clock));
    collector_state_close(&state);
    collector_settings_free(settings);
    return rc;
}
