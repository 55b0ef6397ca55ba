/* collector/cmd_plan.c - `plan check`, `plan load`, `plan list`. */
#include "collector/commands.h"
#include "io/clock.h"
#include "io/plan_yaml.h"
#include "io/table.h"
#include "wire/unpack.h"

#include <stdlib.h>
#include <sysexits.h>

struct words {
    struct command_common common;
    const char *verb;
    const char *file;
    const char *effective;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 'e':
        words->effective = value;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            words->verb = value;
        else if (state->arg_num == 1)
            words->file = value;
        else
            argp_error(state, "'%s' is one word too many", value);
        return 0;
    case ARGP_KEY_END:
        if (words->verb == NULL)
            argp_error(state, "say check, load or list");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Reads and checks a plan; prints every complaint. */
static enum esep_status load_plan(const char *file, struct esep_arena *arena, Esep__V1__Plan **ret,
                                  struct esep_reason *reason)
{
    struct esep_complaints *complaints = calloc(1, sizeof *complaints);
    if (complaints == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory to check %s", file);
    enum esep_status status = esep_plan_load(file, arena, ret, complaints, reason);
    esep_complaints_print(complaints);
    if (complaints->count > 0)
        status =
            esep_because(reason, ESEP_INVALID, "%s: %zu errors, no plan", file, complaints->count);
    free(complaints);
    return status;
}

static int check(const struct words *words)
{
    struct esep_reason reason = {""};
    struct esep_arena arena = {0};
    Esep__V1__Plan *plan = NULL;
    struct esep_zone *zone = calloc(1, sizeof *zone);
    struct esep_obligation *made = calloc(65536, sizeof *made);
    size_t count = 0;
    enum esep_status status = zone != NULL && made != NULL ? ESEP_OK : ESEP_NOMEM;
    if (status == ESEP_OK)
        status = esep_arena_init(&arena, 16u << 20);
    if (status == ESEP_OK)
        status = load_plan(words->file, &arena, &plan, &reason);
    if (status == ESEP_OK)
        status = esep_zone_load(zone, plan->zone, &reason);
    if (status == ESEP_OK)
        status = esep_obligations_make(plan, zone, made, 65536, &count, &reason);
    int rc = 0;
    if (status != ESEP_OK)
        rc = collector_fail(status, &reason);
    else if (words->common.json)
        rc = esep_json_print(json_pack("{s:s, s:i, s:I, s:I, s:I}", "plan", plan->id, "revision",
                                       (int)plan->revision, "bodies", (json_int_t)plan->n_bodies,
                                       "actions", (json_int_t)plan->n_actions, "obligations",
                                       (json_int_t)count));
    else
        (void)printf("%s: plan %s, revision %u: %zu bodies, %zu actions and parts, %zu "
                     "obligations: no errors\n",
                     words->file, plan->id, plan->revision, plan->n_bodies, plan->n_actions, count);
    esep_arena_done(&arena);
    free(zone);
    free(made);
    return rc;
}

static int load(const struct words *words)
{
    struct esep_reason reason = {""};
    struct esep_arena arena = {0};
    struct collector_settings *settings = NULL;
    Esep__V1__Plan *plan = NULL;
    struct esep_buf packed;
    esep_buf_init(&packed, 4u << 20);
    enum esep_status status = collector_command_settings(&words->common, &settings, &reason);
    if (status == ESEP_OK)
        status = esep_arena_init(&arena, 16u << 20);
    if (status == ESEP_OK)
        status = load_plan(words->file, &arena, &plan, &reason);
    if (status == ESEP_OK)
        status = esep_pack(&plan->base, &packed);
    int rc = 0;
    if (status == ESEP_OK) {
        Esep__V1__Order order = ESEP__V1__ORDER__INIT;
        Esep__V1__PlanOrder what = ESEP__V1__PLAN_ORDER__INIT;
        what.plan = esep_pb(packed.data, packed.len);
        what.effective = (char *)(uintptr_t)(words->effective != NULL ? words->effective : "");
        order.what_case = ESEP__V1__ORDER__WHAT_PLAN;
        order.plan = &what;
        rc = collector_order(settings, &order, words->common.json);
    } else {
        rc = collector_fail(status, &reason);
    }
    esep_buf_done(&packed);
    esep_arena_done(&arena);
    collector_settings_free(settings);
    return rc;
}

static void list_text(const struct views *views)
{
    static const char *const heads[] = {"plan", "revision", "years", "log entry", "title", NULL};
    struct esep_table table;
    esep_table_init(&table, heads);
    for (uint32_t i = 0; i < views_plan_count(views); i++) {
        const Esep__V1__Plan *plan = views_plan(views, i);
        if (plan == NULL)
            continue;
        esep_table_cell(&table, "%s", plan->id);
        esep_table_cell(&table, "%u", plan->revision);
        esep_table_cell(&table, "%u-%u", plan->first_year, plan->last_year);
        esep_table_cell(&table, "%llu", (unsigned long long)views_plan_index(views, i));
        esep_table_cell(&table, "%s", esep_text(plan->title, "ru"));
    }
    if (esep_table_print(&table, stdout) != ESEP_OK)
        (void)fprintf(stderr, "esep-collector: no memory for the table\n");
    esep_table_done(&table);
}

static json_t *list_json(const struct views *views)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < views_plan_count(views); i++) {
        const Esep__V1__Plan *plan = views_plan(views, i);
        if (plan == NULL)
            continue;
        json_t *item =
            json_pack("{s:s, s:i, s:i, s:i, s:I, s:s, s:s, s:s}", "plan", plan->id, "revision",
                      (int)plan->revision, "first_year", (int)plan->first_year, "last_year",
                      (int)plan->last_year, "log_index", (json_int_t)views_plan_index(views, i),
                      "title_kk", esep_text(plan->title, "kk"), "title_ru",
                      esep_text(plan->title, "ru"), "title_en", esep_text(plan->title, "en"));
        (void)json_array_append_new(list, item);
    }
    return json_pack("{s:s, s:o}", "format", "esep-plans/1", "plans", list);
}

static int list(const struct words *words)
{
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_state state = {0};
    enum esep_status status = collector_command_settings(&words->common, &settings, &reason);
    if (status == ESEP_OK)
        status = collector_state_open(&state, settings, true, &reason);
    int rc = 0;
    if (status != ESEP_OK)
        rc = collector_fail(status, &reason);
    else if (words->common.json)
        rc = esep_json_print(list_json(state.views));
    else
        list_text(state.views);
    collector_state_close(&state);
    collector_settings_free(settings);
    return rc;
}

int collector_cmd_plan(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"effective", 'e', "DAY", 0, "with load: the day from which it holds (2013-03-01)", 0},
        {0},
    };
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "check FILE\nload FILE\nlist",
        .doc =
            "Checks a plan file and says what is wrong, with file:line:column; loads it into the "
            "log; lists the plans in the log.",
        .children = children};
    struct words words = {0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    bool wants_file = strcmp(words.verb, "list") != 0;
    if (wants_file && words.file == NULL) {
        (void)fprintf(stderr, "esep-collector plan %s: name the plan's file\n", words.verb);
        return EX_USAGE;
    }
    if (strcmp(words.verb, "check") == 0)
        return check(&words);
    if (strcmp(words.verb, "load") == 0)
        return load(&words);
    if (strcmp(words.verb, "list") == 0)
        return list(&words);
    (void)fprintf(stderr, "esep-collector plan: no '%s'; say check, load or list\n", words.verb);
    return EX_USAGE;
}
