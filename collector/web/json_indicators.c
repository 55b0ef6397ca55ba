/* collector/web/json_indicators.c - what the standing reports count, as series for charts.
 *
 * A series is one action's indicator of one name, unit and breakdown; its points are the reports,
 * each with its body and the last day of its window. Values are decimal texts as they were written:
 * nothing is added up, and nothing is made of a missing one. At most WEB_POINTS_MAX points.
 *
 * ?kind=annual: of what is told of whole years alone, each point with its year, in order of year
 * and body. What annual information counts is of no action (null).
 */
#include "collector/web/standing.h"

#include <stdlib.h>

struct series {
    json_t *by_name; /* key -> series */
    json_t *list;
    size_t points;
    bool truncated;
    bool years;
};

static json_t *series_for(struct series *s, const char *action, const Esep__V1__Indicator *i)
{
    char key[1024];
    (void)snprintf(key, sizeof key, "%s\n%s\n%s\n%s", action, i->name, i->unit, i->breakdown);
    json_t *found = json_object_get(s->by_name, key);
    if (found != NULL)
        return found;
    json_t *of = strcmp(action, "-") != 0 ? json_string(action) : json_null();
    found = json_pack("{s:o, s:s, s:s, s:s, s:[]}", "action", of, "name", i->name, "unit", i->unit,
                      "breakdown", i->breakdown, "points");
    if (found == NULL)
        return NULL;
    (void)json_object_set_new(s->by_name, key, found);
    (void)json_array_append(s->list, found);
    return found;
}

static json_t *decimal_json(const char *text)
{
    return text[0] != 0 ? json_string(text) : json_null();
}

static enum esep_status take(void *context, const struct listing_obligation *o,
                             const Esep__V1__Report *report)
{
    struct series *s = context;
    for (size_t i = 0; i < report->n_indicators; i++) {
        const Esep__V1__Indicator *n = report->indicators[i];
        if (s->points == WEB_POINTS_MAX) {
            s->truncated = true;
            return ESEP_OK;
        }
        json_t *series = series_for(s, o->action, n);
        json_t *point =
            json_pack("{s:s, s:o, s:s, s:o, s:o, s:s}", "body", o->body, "day",
                      web_day_json(o->made->window.end), "obligation", o->made->key, "value",
                      decimal_json(n->value), "target", decimal_json(n->target), "submission",
                      esep_submission_name(o->state->submission));
        if (s->years)
            (void)json_object_set_new(point, "year", json_integer(web_standing_year(o->made)));
        if (json_array_append_new(json_object_get(series, "points"), point) != 0)
            return ESEP_NOMEM;
        s->points++;
    }
    return ESEP_OK;
}

static int by_year(const void *left, const void *right)
{
    const json_t *a = *(json_t *const *)left;
    const json_t *b = *(json_t *const *)right;
    const json_int_t years = json_integer_value(json_object_get(a, "year")) -
                             json_integer_value(json_object_get(b, "year"));
    return years != 0 ? (years < 0 ? -1 : 1)
                      : strcmp(json_string_value(json_object_get(a, "body")),
                               json_string_value(json_object_get(b, "body")));
}

static enum esep_status sort_points(json_t *points)
{
    const size_t count = json_array_size(points);
    json_t **each = calloc(count + 1, sizeof(json_t *));
    if (each == NULL)
        return ESEP_NOMEM;
    for (size_t i = 0; i < count; i++)
        each[i] = json_incref(json_array_get(points, i));
    qsort(each, count, sizeof(json_t *), by_year);
    for (size_t i = 0; i < count; i++)
        (void)json_array_set_new(points, i, each[i]);
    free(each);
    return ESEP_OK;
}

static enum esep_status collect(struct web_standing *each, struct series *s,
                                struct esep_reason *reason)
{
    enum esep_status status = web_standing_each(each, reason);
    for (size_t i = 0; s->years && status == ESEP_OK && i < json_array_size(s->list); i++)
        status = sort_points(json_object_get(json_array_get(s->list, i), "points"));
    return status;
}

enum esep_status web_json_indicators(const struct web_ask *ask, const char *rest, json_t **ret,
                                     struct esep_reason *reason)
{
    uint32_t plan_no = 0;
    struct web_standing each = {.ask = ask, .take = take};
    (void)rest;
    enum esep_status status = web_plan(ask, &plan_no, reason);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__Plan *plan = views_plan(ask->state->views, plan_no);
    status = web_standing_action(ask, plan, &each.action, reason);
    if (status != ESEP_OK)
        return status;
    const char *kind = web_query(ask, "kind");
    each.years = kind != NULL && strcmp(kind, "annual") == 0;
    if (kind != NULL && !each.years && strcmp(kind, "fulfilment") != 0)
        return esep_because(reason, ESEP_INVALID, "kind: fulfilment or annual");
    struct series s = {.by_name = json_object(), .list = json_array(), .years = each.years};
    each.plan_id = plan->id;
    each.context = &s;
    status = collect(&each, &s, reason);
    json_t *value = NULL;
    if (status == ESEP_OK) {
        value = json_pack("{s:s, s:O, s:b, s:o, s:o}", "plan", plan->id, "series", s.list,
                          "truncated", (int)s.truncated, "reports", web_count_json(each.reports),
                          "conflicts_left_out", web_count_json(each.conflicts));
        status = value != NULL ? ESEP_OK : ESEP_NOMEM;
    }
    json_decref(s.by_name);
    json_decref(s.list);
    if (status == ESEP_OK)
        *ret = value;
    return status;
}
