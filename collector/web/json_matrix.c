/* collector/web/json_matrix.c - actions x bodies, and the duties that belong to no action.
 *
 * A cell with several obligations (one for each window) shows the one that needs looking at first;
 * null is "owes nothing here". Rows follow the plan in force, as its columns do.
 */
#include "collector/web/json_parts.h"

#include <stdlib.h>

struct cell {
    size_t n;
    unsigned weight;
    struct listing_obligation worst;
};
struct matrix {
    const Esep__V1__Plan *plan;
    size_t rows; /* actions, then kinds */
    struct cell *cells;
};

/* Overdue weighs most, then what waits for somebody, then what comes next; what is past counts
 * little. Only an order: each axis is shown as it is. */
static unsigned weight_of(const struct listing_obligation *o)
{
    static const unsigned by_timeliness[] = {[ESEP_TIMELINESS_NOT_DUE] = 2,
                                             [ESEP_TIMELINESS_DUE_SOON] = 4,
                                             [ESEP_TIMELINESS_ON_TIME] = 1,
                                             [ESEP_TIMELINESS_LATE] = 3,
                                             [ESEP_TIMELINESS_OVERDUE] = 8};
    unsigned weight = 2 * by_timeliness[o->timeliness];
    if (o->state->submission == ESEP_SUBMISSION_RETURNED)
        weight += 12;
    else if (o->state->head_count > 1)
        weight += 11;
    else if (glance_to_review(o->state))
        weight += 5;
    return weight;
}

/* The row of an obligation: its action's, or its kind's behind them; -1: not in this plan. */
static int row_of(const struct matrix *m, const struct listing_obligation *o)
{
    if (o->made->kind == ESEP_OBLIGATION_FULFILMENT)
        return web_action_find(m->plan, o->action);
    return (int)m->plan->n_actions + (int)o->made->kind - ESEP_OBLIGATION_ANNUAL;
}

static void fill(struct matrix *m, const struct web_ask *ask)
{
    struct listing_obligation o;
    for (uint32_t at = 0; web_next(ask, m->plan->id, &at, &o);) {
        const int row = row_of(m, &o);
        const int column = esep_body_find(m->plan, o.body);
        if (row < 0 || column < 0)
            continue;
        struct cell *cell = &m->cells[(size_t)row * m->plan->n_bodies + (size_t)column];
        const unsigned weight = weight_of(&o);
        if (cell->n++ == 0 || weight > cell->weight) {
            cell->worst = o;
            cell->weight = weight;
        }
    }
}

static json_t *cell_json(const struct cell *cell)
{
    if (cell->n == 0)
        return json_null();
    const struct views_obligation *s = cell->worst.state;
    return json_pack(
        "{s:o, s:s, s:s, s:o, s:o, s:s, s:s, s:b, s:s}", "n", web_count_json(cell->n), "state",
        web_progress(s), "timeliness", esep_timeliness_name(cell->worst.timeliness), "fulfilment",
        s->head_count > 0 ? json_string(esep_fulfilment_name(s->fulfilment)) : json_null(),
        "percent", s->head_count > 0 && s->percent >= 0 ? json_integer(s->percent) : json_null(),
        "submission", esep_submission_name(s->submission), "control", esep_control_name(s->control),
        "conflict", (int)(s->head_count > 1), "key", cell->worst.made->key);
}

static json_t *row_json(const struct matrix *m, size_t row)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->plan->n_bodies; i++)
        (void)json_array_append_new(list, cell_json(&m->cells[row * m->plan->n_bodies + i]));
    return list;
}

static json_t *matrix_json(const struct matrix *m)
{
    json_t *actions = json_array();
    json_t *bodies = json_array();
    json_t *cells = json_array();
    json_t *kinds = json_array();
    for (size_t i = 0; i < m->plan->n_actions; i++) {
        const Esep__V1__Action *a = m->plan->actions[i];
        (void)json_array_append_new(actions, json_pack("{s:s, s:o, s:b}", "number", a->number,
                                                       "title", web_text_json(a->title),
                                                       "has_parts", (int)a->has_parts));
        (void)json_array_append_new(cells, row_json(m, i));
    }
    for (size_t i = 0; i < m->plan->n_bodies; i++)
        (void)json_array_append_new(bodies, web_body_json(m->plan->bodies[i]));
    for (size_t i = m->plan->n_actions; i < m->rows; i++) {
        const enum esep_obligation_kind kind =
            (enum esep_obligation_kind)(ESEP_OBLIGATION_ANNUAL + (int)(i - m->plan->n_actions));
        (void)json_array_append_new(kinds,
                                    json_pack("{s:s, s:o}", "kind", esep_obligation_kind_name(kind),
                                              "cells", row_json(m, i)));
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "plan", m->plan->id, "actions", actions, "bodies",
                     bodies, "cells", cells, "kinds", kinds);
}

enum esep_status web_json_matrix(const struct web_ask *ask, const char *rest, json_t **ret,
                                 struct esep_reason *reason)
{
    uint32_t plan_no = 0;
    (void)rest;
    enum esep_status status = web_plan(ask, &plan_no, reason);
    if (status != ESEP_OK)
        return status;
    struct matrix m = {.plan = views_plan(ask->state->views, plan_no)};
    m.rows = m.plan->n_actions + ESEP_OBLIGATION_REGIONAL_PLAN - ESEP_OBLIGATION_ANNUAL + 1;
    m.cells = calloc(m.rows * m.plan->n_bodies + 1, sizeof *m.cells);
    if (m.cells == NULL)
        return ESEP_NOMEM;
    fill(&m, ask);
    json_t *value = matrix_json(&m);
    free(m.cells);
    if (value == NULL)
        return ESEP_NOMEM;
    *ret = value;
    return ESEP_OK;
}
