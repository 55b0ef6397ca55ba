/* collector/web/json_timeline.c - deadlines by day, each with a count for each timeliness.
 *
 * The day is the due day in the plan's zone, with its extension. Bodies upon agreement are counted
 * apart.
 */
#include "collector/web/json_parts.h"

#include <stdlib.h>

struct day {
    esep_day day;
    struct glance glance;
};

static int by_day(const void *a, const void *b)
{
    const esep_day x = ((const struct day *)a)->day;
    const esep_day y = ((const struct day *)b)->day;
    return x < y ? -1 : x > y;
}

/* Sums neighbours of the same day; returns how many are left. */
static size_t merge(struct day *days, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || days[kept - 1].day != days[i].day) {
            days[kept++] = days[i];
            continue;
        }
        for (int t = ESEP_TIMELINESS_NOT_DUE; t <= ESEP_TIMELINESS_OVERDUE; t++) {
            days[kept - 1].glance.bound.count[t] += days[i].glance.bound.count[t];
            days[kept - 1].glance.upon_agreement.count[t] += days[i].glance.upon_agreement.count[t];
        }
        days[kept - 1].glance.bound.all += days[i].glance.bound.all;
        days[kept - 1].glance.upon_agreement.all += days[i].glance.upon_agreement.all;
    }
    return kept;
}

static json_t *counts_json(const struct glance_tally *t)
{
    json_t *value = json_pack("{s:o}", "all", web_count_json(t->all));
    for (int i = ESEP_TIMELINESS_NOT_DUE; i <= ESEP_TIMELINESS_OVERDUE; i++)
        (void)json_object_set_new(value, esep_timeliness_name((enum esep_timeliness)i),
                                  web_count_json(t->count[i]));
    return value;
}

static json_t *days_json(const struct day *days, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(
            list, json_pack("{s:o, s:o, s:o}", "day", web_day_json(days[i].day), "bound",
                            counts_json(&days[i].glance.bound), "upon_agreement",
                            counts_json(&days[i].glance.upon_agreement)));
    return list;
}

enum esep_status web_json_timeline(const struct web_ask *ask, const char *rest, json_t **ret,
                                   struct esep_reason *reason)
{
    const struct views *views = ask->state->views;
    uint32_t plan_no = 0;
    esep_day from = ESEP_DAY_NONE;
    esep_day to = ESEP_DAY_NONE;
    (void)rest;
    enum esep_status status = web_plan(ask, &plan_no, reason);
    if (status == ESEP_OK)
        status = web_query_day(ask, "from", &from, reason);
    if (status == ESEP_OK)
        status = web_query_day(ask, "to", &to, reason);
    if (status != ESEP_OK)
        return status;
    struct day *days = calloc(views_obligation_count(views) + 1u, sizeof *days);
    if (days == NULL)
        return ESEP_NOMEM;
    const char *id = views_plan(views, plan_no)->id;
    size_t count = 0;
    struct listing_obligation o;
    for (uint32_t at = 0; web_next(ask, id, &at, &o);) {
        const esep_day day = esep_zone_day(o.zone, o.due);
        if ((from != ESEP_DAY_NONE && day < from) || (to != ESEP_DAY_NONE && day > to))
            continue;
        days[count].day = day;
        glance_count(&days[count++].glance, &o, ask->now);
    }
    qsort(days, count, sizeof *days, by_day);
    json_t *value =
        json_pack("{s:s, s:o, s:o}", "plan", id, "today",
                  web_day_json(esep_zone_day(views_plan_zone(views, plan_no), ask->now)), "days",
                  days_json(days, merge(days, count)));
    free(days);
    if (value == NULL)
        return ESEP_NOMEM;
    *ret = value;
    return ESEP_OK;
}
