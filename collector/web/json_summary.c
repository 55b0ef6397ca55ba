/* collector/web/json_summary.c - the plan at a glance.
 *
 * A tile's number is the total of the list of the same name (json_obligations.c, json_offices.c):
 * overdue, due_soon and due_week count who must report; to_review and returned all that wait.
 */
#include "collector/web/json_parts.h"
#include "io/json.h"

static json_t *plans_json(const struct views *views)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < views_plan_count(views); i++) {
        const Esep__V1__Plan *plan = views_plan(views, i);
        if (!glance_plan_newest(views, i))
            continue;
        (void)json_array_append_new(
            list, json_pack("{s:s, s:i, s:o, s:i, s:i, s:o, s:s, s:s}", "id", plan->id, "revision",
                            (int)plan->revision, "title", web_text_json(plan->title), "first_year",
                            (int)plan->first_year, "last_year", (int)plan->last_year, "parent",
                            plan->parent[0] != 0 ? json_string(plan->parent) : json_null(),
                            "secretariat", plan->secretariat, "zone", plan->zone));
    }
    return list;
}

static json_t *rates_json(const struct glance_tally *t)
{
    return json_pack("{s:{s:o, s:o, s:o}, s:{s:o, s:o, s:o}}", "rate", "on_time",
                     web_count_json(t->count[ESEP_TIMELINESS_ON_TIME]), "due",
                     web_count_json(glance_due(t)), "percent",
                     web_percent_json(t->count[ESEP_TIMELINESS_ON_TIME], glance_due(t)),
                     "completeness", "reported", web_count_json(glance_came(t)), "owed",
                     web_count_json(t->all), "percent", web_percent_json(glance_came(t), t->all));
}

static size_t silent_offices(const struct views *views)
{
    size_t count = 0;
    for (uint32_t n = 1; n < views_next_office(views); n++) {
        const struct views_office *office = views_office(views, n);
        count += office != NULL && strcmp(glance_office_state(office), "silent") == 0;
    }
    return count;
}

static json_t *tiles_json(const struct glance *g, size_t silent)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "overdue",
                     web_count_json(g->bound.count[ESEP_TIMELINESS_OVERDUE]), "due_soon",
                     web_count_json(g->bound.count[ESEP_TIMELINESS_DUE_SOON]), "due_week",
                     web_count_json(g->bound.due_week), "to_review",
                     web_count_json(g->bound.to_review + g->upon_agreement.to_review), "returned",
                     web_count_json(g->bound.returned + g->upon_agreement.returned), "conflict",
                     web_count_json(g->bound.conflicts + g->upon_agreement.conflicts), "silent",
                     web_count_json(silent));
}

enum esep_status web_json_summary(const struct web_ask *ask, const char *rest, json_t **ret,
                                  struct esep_reason *reason)
{
    const struct views *views = ask->state->views;
    const struct esep_hash root = esep_merkle_root(views_tree(views));
    struct glance glance = {0};
    uint32_t plan_no = 0;
    char hex[65];
    (void)rest;
    enum esep_status status = web_plan(ask, &plan_no, reason);
    bool none = status == ESEP_NOT_FOUND && web_query(ask, "plan") == NULL;
    if (status != ESEP_OK && !none)
        return status;
    if (!none)
        glance_at(views, views_plan(views, plan_no)->id, ask->now, &glance);
    esep_hex(root.bytes, sizeof root.bytes, hex);
    const struct glance_tally *a = &glance.upon_agreement;
    json_t *value = rates_json(&glance.bound);
    json_t *agreement = json_pack(
        "{s:o, s:o, s:o, s:o, s:o}", "on_time", web_count_json(a->count[ESEP_TIMELINESS_ON_TIME]),
        "due", web_count_json(glance_due(a)), "reported", web_count_json(glance_came(a)), "owed",
        web_count_json(a->all), "nothing_came", web_count_json(a->count[ESEP_TIMELINESS_OVERDUE]));
    json_t *head =
        json_pack("{s:o, s:o, s:o, s:b, s:I, s:s, s:o, s:o, s:o}", "plan",
                  none ? json_null() : json_string(views_plan(views, plan_no)->id), "plans",
                  plans_json(views), "as_of",
                  esep_json_time(ask->now, none ? NULL : views_plan_zone(views, plan_no)), "live",
                  (int)ask->live, "log_size", (json_int_t)views_log_size(views), "log_root", hex,
                  "agreement", agreement, "tiles", tiles_json(&glance, silent_offices(views)),
                  "tally", web_glance_json(&glance));
    if (head == NULL || value == NULL || json_object_update(value, head) != 0) {
        json_decref(head);
        json_decref(value);
        return ESEP_NOMEM;
    }
    json_decref(head);
    *ret = value;
    return ESEP_OK;
}
