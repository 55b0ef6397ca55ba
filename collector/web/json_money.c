/* collector/web/json_money.c - planned by the plan; allocated and spent by the standing reports.
 *
 * Rows are source x year; year 0 of the plan (the whole of it) is null. "Within allotted funds" is
 * no figure and is counted by itself: a row without any figure has null, which is not 0. A sum that
 * does not fit 63 bits is null and says "overflow".
 */
#include "collector/web/standing.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS_MAX = 4096, SOURCE_BYTES = 64 };

struct sum {
    int64_t tiyn;
    bool given;
    bool overflow;
};
struct row {
    char source[SOURCE_BYTES];
    int year;
    struct sum planned, stated, allocated, spent;
    size_t plan_within, report_within, reports;
};
struct money {
    struct row *rows;
    size_t count;
    size_t action_count; /* actions that need none, by the plan */
};

static void add(struct sum *sum, int64_t tiyn)
{
    sum->given = true;
    sum->overflow = __builtin_add_overflow(sum->tiyn, tiyn, &sum->tiyn) || sum->overflow;
}

static struct row *row_for(struct money *m, const char *source, int year)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->rows[i].year == year && strcmp(m->rows[i].source, source) == 0)
            return &m->rows[i];
    if (m->count == ROWS_MAX)
        return NULL;
    struct row *row = &m->rows[m->count++];
    (void)snprintf(row->source, sizeof row->source, "%.*s", SOURCE_BYTES - 1, source);
    row->year = year;
    return row;
}

static enum esep_status add_plan(struct money *m, const Esep__V1__Plan *plan, const char *action)
{
    for (size_t i = 0; i < plan->n_actions; i++) {
        const Esep__V1__Action *a = plan->actions[i];
        if (action != NULL && strcmp(a->number, action) != 0)
            continue;
        m->action_count += a->financing == ESEP__V1__FINANCING__FINANCING_NONE_REQUIRED;
        for (size_t k = 0; k < a->n_money; k++) {
            struct row *row = row_for(m, a->money[k]->source, a->money[k]->year);
            if (row == NULL)
                return ESEP_LIMIT;
            if (a->money[k]->within_allotted)
                row->plan_within++;
            else
                add(&row->planned, a->money[k]->amount_tiyn);
        }
    }
    return ESEP_OK;
}

static enum esep_status take(void *context, const struct listing_obligation *o,
                             const Esep__V1__Report *report)
{
    struct money *m = context;
    const int year = esep_civil_from_day(o->made->window.end).year;
    for (size_t i = 0; i < report->n_money; i++) {
        const Esep__V1__Money *line = report->money[i];
        struct row *row = row_for(m, line->source, year);
        if (row == NULL)
            return ESEP_LIMIT;
        row->reports++;
        if (line->within_allotted) {
            row->report_within++;
            continue;
        }
        add(&row->stated, line->planned_tiyn);
        add(&row->allocated, line->allocated_tiyn);
        add(&row->spent, line->spent_tiyn);
    }
    return ESEP_OK;
}

static int by_year(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;
    return x->year != y->year ? (x->year < y->year ? -1 : 1) : strcmp(x->source, y->source);
}

static json_t *sum_json(const struct sum *sum)
{
    return sum->given && !sum->overflow ? json_integer((json_int_t)sum->tiyn) : json_null();
}

static json_t *rows_json(const struct money *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->count; i++) {
        const struct row *r = &m->rows[i];
        const bool overflow =
            r->planned.overflow || r->stated.overflow || r->allocated.overflow || r->spent.overflow;
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "source", r->source,
                      "year", r->year != 0 ? json_integer(r->year) : json_null(), "planned_tiyn",
                      sum_json(&r->planned), "reported_planned_tiyn", sum_json(&r->stated),
                      "allocated_tiyn", sum_json(&r->allocated), "spent_tiyn", sum_json(&r->spent),
                      "plan_within_allotted", web_count_json(r->plan_within),
                      "reports_within_allotted", web_count_json(r->report_within), "report_lines",
                      web_count_json(r->reports), "overflow", (int)overflow));
    }
    return list;
}

enum esep_status web_json_money(const struct web_ask *ask, const char *rest, json_t **ret,
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
    struct money m = {.rows = calloc(ROWS_MAX, sizeof *m.rows)};
    if (m.rows == NULL)
        return ESEP_NOMEM;
    each.plan_id = plan->id;
    each.context = &m;
    status = add_plan(&m, plan, each.action);
    if (status == ESEP_OK)
        status = web_standing_each(&each, reason);
    json_t *value = NULL;
    if (status == ESEP_OK) {
        qsort(m.rows, m.count, sizeof *m.rows, by_year);
        value = json_pack("{s:s, s:o, s:o, s:o, s:o}", "plan", plan->id, "rows", rows_json(&m),
                          "actions_without_money", web_count_json(m.action_count), "reports",
                          web_count_json(each.reports), "conflicts_left_out",
                          web_count_json(each.conflicts));
        status = value != NULL ? ESEP_OK : ESEP_NOMEM;
    }
    free(m.rows);
    if (status == ESEP_OK)
        *ret = value;
    return status;
}
