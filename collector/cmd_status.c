/* collector/cmd_status.c - `status`: each plan at a glance, the offices, the log.
 *
 * Timeliness and completeness are two rates, and bodies upon agreement are counted apart: their
 * silence is no violation.
 */
#include "collector/commands.h"
#include "collector/listing.h"
#include "io/clock.h"
#include "io/table.h"

#include <sysexits.h>

struct tally {
    size_t count[ESEP_TIMELINESS_OVERDUE + 1];
    size_t all;
    size_t to_review;
    size_t returned;
    size_t conflicts;
};
struct glance {
    struct tally bound;          /* who must */
    struct tally upon_agreement; /* who takes part upon agreement */
};

static void count_one(struct glance *glance, const struct listing_obligation *o)
{
    struct tally *t = o->made->upon_agreement ? &glance->upon_agreement : &glance->bound;
    t->all++;
    t->count[o->timeliness]++;
    t->to_review += o->state->submission == ESEP_SUBMISSION_RECEIVED ||
                    o->state->submission == ESEP_SUBMISSION_UNDER_REVIEW;
    t->returned += o->state->submission == ESEP_SUBMISSION_RETURNED;
    t->conflicts += o->state->head_count > 1;
}

/* The newest revision of a plan stands for it; its obligations may have been made by an older. */
static bool is_newest(const struct views *views, uint32_t plan_no)
{
    const Esep__V1__Plan *plan = views_plan(views, plan_no);
    for (uint32_t i = plan_no + 1; i < views_plan_count(views); i++)
        if (plan != NULL && views_plan(views, i) != NULL &&
            strcmp(views_plan(views, i)->id, plan->id) == 0)
            return false;
    return plan != NULL;
}

static void glance_at(const struct views *views, const char *plan_id, esep_time now,
                      struct glance *ret)
{
    *ret = (struct glance){0};
    for (uint32_t i = 0; i < views_obligation_count(views); i++) {
        struct listing_obligation o;
        if (listing_from_views(&o, views, views_obligation(views, i), now) &&
            strcmp(o.plan->id, plan_id) == 0)
            count_one(ret, &o);
    }
}

static json_t *tally_json(const struct tally *t)
{
    size_t came = t->count[ESEP_TIMELINESS_ON_TIME] + t->count[ESEP_TIMELINESS_LATE];
    size_t due = came + t->count[ESEP_TIMELINESS_OVERDUE];
    json_t *value = json_object();
    for (int i = ESEP_TIMELINESS_NOT_DUE; i <= ESEP_TIMELINESS_OVERDUE; i++)
        (void)json_object_set_new(value, esep_timeliness_name((enum esep_timeliness)i),
                                  json_integer((json_int_t)t->count[i]));
    (void)json_object_set_new(value, "obligations", json_integer((json_int_t)t->all));
    (void)json_object_set_new(value, "to_review", json_integer((json_int_t)t->to_review));
    (void)json_object_set_new(value, "returned", json_integer((json_int_t)t->returned));
    (void)json_object_set_new(value, "conflicts", json_integer((json_int_t)t->conflicts));
    (void)json_object_set_new(
        value, "on_time_rate",
        due > 0 ? json_real((double)t->count[ESEP_TIMELINESS_ON_TIME] / (double)due) : json_null());
    (void)json_object_set_new(value, "completeness",
                              t->all > 0 ? json_real((double)came / (double)t->all) : json_null());
    return value;
}

static const char *office_state(const struct views_office *office)
{
    switch (office->state) {
    case ESEP__V1__OFFICE_STATE__OFFICE_STATE_PENDING:
        return "pending";
    case ESEP__V1__OFFICE_STATE__OFFICE_STATE_REVOKED:
        return "revoked";
    default:
        return office->silent ? "silent" : "active";
    }
}

/* Through which entry a commitment promises what has not come yet; else what is held. */
static uint64_t promised_seq(const struct views *views, const struct views_office *o)
{
    esep_time at;
    struct esep_hash head;
    uint64_t through = 0;
    return views_commitment(views, o->office, o->epoch, o->seq + 1, &at, &through, &head) ? through
                                                                                          : o->seq;
}

static json_t *office_json(const struct views *views, const struct views_office *o)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:o, s:i, s:I, s:I, s:I, s:I, s:I, s:i}", "office",
                     (int)o->office, "body", o->body, "label", o->label, "state", office_state(o),
                     "seen_at", esep_json_time(o->seen_at, NULL), "epoch", (int)o->epoch, "seq",
                     (json_int_t)o->seq, "promised", (json_int_t)promised_seq(views, o),
                     "mail_last", (json_int_t)o->mail_last, "mail_acked", (json_int_t)o->mail_acked,
                     "refused_entries", (json_int_t)o->refused_entries, "forks", (int)o->forks);
}

static bool count_owed(void *context, uint64_t alert_index, uint32_t target)
{
    (void)alert_index;
    (void)target;
    size_t *count = context;
    (*count)++;
    return true;
}

/* Letters and webhooks that are in the log and neither delivered nor given up. */
static size_t deliveries_owed(const struct views *views)
{
    size_t count = 0;
    views_deliveries(views, count_owed, &count);
    return count;
}

static int print_json(const struct collector_state *state, esep_time now)
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
        if (!is_newest(views, i))
            continue;
        glance_at(views, views_plan(views, i)->id, now, &glance);
        (void)json_array_append_new(plans,
                                    json_pack("{s:s, s:o, s:o}", "plan", views_plan(views, i)->id,
                                              "bound", tally_json(&glance.bound), "upon_agreement",
                                              tally_json(&glance.upon_agreement)));
    }
    for (uint32_t n = 1; n < views_next_office(views); n++)
        if (views_office(views, n) != NULL)
            (void)json_array_append_new(offices, office_json(views, views_office(views, n)));
    return esep_json_print(
        json_pack("{s:s, s:o, s:{s:s, s:I, s:s}, s:I, s:o, s:o}", "format", "esep-status/1",
                  "as_of", esep_json_time(now, NULL), "log", "id", log_id, "size",
                  (json_int_t)views_log_size(views), "root", root, "deliveries_owed",
                  (json_int_t)deliveries_owed(views), "plans", plans, "offices", offices));
}

static void print_tally(struct esep_table *table, const char *plan, const char *who,
                        const struct tally *t)
{
    size_t came = t->count[ESEP_TIMELINESS_ON_TIME] + t->count[ESEP_TIMELINESS_LATE];
    size_t due = came + t->count[ESEP_TIMELINESS_OVERDUE];
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
        esep_table_cell(&table, "%s", office_state(o));
        esep_table_cell(&table, "%s", seen);
        esep_table_cell(&table, "%llu", (unsigned long long)o->seq);
        esep_table_cell(&table, "%llu", (unsigned long long)o->refused_entries);
        esep_table_cell(&table, "%llu", (unsigned long long)(o->mail_last - o->mail_acked));
    }
    if (esep_table_print(&table, stdout) != ESEP_OK)
        (void)fprintf(stderr, "esep-collector: no memory for the table\n");
    esep_table_done(&table);
}

static void print_text(const struct collector_state *state, esep_time now)
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
    (void)printf("as of %s; log of %llu entries, root %.16s…; %zu alerts to deliver\n\n", at,
                 (unsigned long long)views_log_size(views), root, deliveries_owed(views));
    struct esep_table table;
    esep_table_init(&table, heads);
    for (uint32_t i = 0; i < views_plan_count(views); i++) {
        struct glance glance;
        if (!is_newest(views, i))
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
    enum esep_status status = collector_command_settings(&common, &settings, &reason);
    if (status == ESEP_OK)
        status = esep_clock_init(&clock, settings->clock, &reason);
    if (status == ESEP_OK)
        status = collector_state_open(&state, settings, true, &reason);
    int rc = 0;
    if (status != ESEP_OK)
        rc = collector_fail(status, &reason);
    else if (common.json)
        rc = print_json(&state, esep_clock_now(&clock));
    else
        print_text(&state, esep_clock_now(&clock));
    collector_state_close(&state);
    collector_settings_free(settings);
    return rc;
}
