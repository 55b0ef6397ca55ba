/* collector/web/json_bodies.c - who reports: bodies, actions, offices, each with its counts. */
#include "collector/web/json_parts.h"
#include "io/json.h"

#include <stdlib.h>

/* Plan and a count for each of its bodies and actions; done with both: free them. */
struct counts {
    const Esep__V1__Plan *plan;
    struct glance *bodies;
    struct glance *actions;
};

static enum esep_status count(const struct web_ask *ask, struct counts *ret,
                              struct esep_reason *reason)
{
    uint32_t plan_no = 0;
    enum esep_status status = web_plan(ask, &plan_no, reason);
    if (status != ESEP_OK)
        return status;
    ret->plan = views_plan(ask->state->views, plan_no);
    ret->bodies = calloc(ret->plan->n_bodies + 1, sizeof *ret->bodies);
    ret->actions = calloc(ret->plan->n_actions + 1, sizeof *ret->actions);
    if (ret->bodies == NULL || ret->actions == NULL)
        return ESEP_NOMEM;
    web_tallies(ask, ret->plan, ret->bodies, ret->actions);
    return ESEP_OK;
}

static void counts_done(struct counts *c)
{
    free(c->bodies);
    free(c->actions);
}

static json_t *with_glance(json_t *value, const struct glance *glance)
{
    (void)json_object_set_new(value, "tally", web_glance_json(glance));
    return value;
}

static json_t *offices_of(const struct views *views, const char *body, const char *state)
{
    json_t *list = json_array();
    for (uint32_t n = 1; n < views_next_office(views); n++) {
        const struct views_office *office = views_office(views, n);
        if (office != NULL && (body == NULL || views_office_carries(office, body)) &&
            (state == NULL || strcmp(glance_office_state(office), state) == 0))
            (void)json_array_append_new(list, glance_office_json(views, office));
    }
    return list;
}

/* All obligations of a body or an action, in the plan's order. */
static json_t *obligations_of(const struct web_ask *ask, const char *plan_id,
                              const struct listing_filter *filter)
{
    json_t *list = json_array();
    struct listing_obligation o;
    for (uint32_t at = 0; web_next(ask, plan_id, &at, &o);)
        if (listing_matches(filter, &o))
            (void)json_array_append_new(list, web_obligation_json(ask, &o));
    return list;
}

static enum esep_status hand_over(json_t *value, json_t **ret)
{
    if (value == NULL)
        return ESEP_NOMEM;
    *ret = value;
    return ESEP_OK;
}

enum esep_status web_json_bodies(const struct web_ask *ask, const char *rest, json_t **ret,
                                 struct esep_reason *reason)
{
    struct counts c = {0};
    (void)rest;
    enum esep_status status = count(ask, &c, reason);
    if (status == ESEP_OK) {
        json_t *list = json_array();
        for (size_t i = 0; i < c.plan->n_bodies; i++)
            (void)json_array_append_new(
                list, with_glance(web_body_json(c.plan->bodies[i]), &c.bodies[i]));
        status = hand_over(json_pack("{s:s, s:o}", "plan", c.plan->id, "bodies", list), ret);
    }
    counts_done(&c);
    return status;
}

enum esep_status web_json_body(const struct web_ask *ask, const char *rest, json_t **ret,
                               struct esep_reason *reason)
{
    struct counts c = {0};
    enum esep_status status = count(ask, &c, reason);
    const int at = status == ESEP_OK && rest != NULL ? esep_body_find(c.plan, rest) : -1;
    if (status == ESEP_OK && at < 0)
        status = esep_because(reason, ESEP_NOT_FOUND, "the plan %.60s has no body %.60s",
                              c.plan->id, rest != NULL ? rest : "");
    if (status == ESEP_OK) {
        const struct listing_filter filter = {.body = rest};
        json_t *value = with_glance(web_body_json(c.plan->bodies[at]), &c.bodies[at]);
        (void)json_object_set_new(value, "plan", json_string(c.plan->id));
        (void)json_object_set_new(value, "offices", offices_of(ask->state->views, rest, NULL));
        (void)json_object_set_new(value, "obligations", obligations_of(ask, c.plan->id, &filter));
        status = hand_over(value, ret);
    }
    counts_done(&c);
    return status;
}

enum esep_status web_json_actions(const struct web_ask *ask, const char *rest, json_t **ret,
                                  struct esep_reason *reason)
{
    struct counts c = {0};
    (void)rest;
    enum esep_status status = count(ask, &c, reason);
    if (status == ESEP_OK) {
        json_t *list = json_array();
        for (size_t i = 0; i < c.plan->n_actions; i++)
            (void)json_array_append_new(
                list, with_glance(web_action_json(c.plan->actions[i]), &c.actions[i]));
        status = hand_over(json_pack("{s:s, s:o}", "plan", c.plan->id, "actions", list), ret);
    }
    counts_done(&c);
    return status;
}

enum esep_status web_json_action(const struct web_ask *ask, const char *rest, json_t **ret,
                                 struct esep_reason *reason)
{
    struct counts c = {0};
    enum esep_status status = count(ask, &c, reason);
    const int at = status == ESEP_OK && rest != NULL ? web_action_find(c.plan, rest) : -1;
    if (status == ESEP_OK && at < 0)
        status = esep_because(reason, ESEP_NOT_FOUND, "the plan %.60s has no action %.60s",
                              c.plan->id, rest != NULL ? rest : "");
    if (status == ESEP_OK) {
        const struct listing_filter filter = {.action = rest};
        json_t *value = with_glance(web_action_json(c.plan->actions[at]), &c.actions[at]);
        (void)json_object_set_new(value, "plan", json_string(c.plan->id));
        (void)json_object_set_new(value, "obligations", obligations_of(ask, c.plan->id, &filter));
        status = hand_over(value, ret);
    }
    counts_done(&c);
    return status;
}

enum esep_status web_json_offices(const struct web_ask *ask, const char *rest, json_t **ret,
                                  struct esep_reason *reason)
{
    static const char *const states[] = {"pending", "active", "silent", "revoked", NULL};
    int state = -1;
    (void)rest;
    enum esep_status status = web_query_choice(ask, "state", states, &state, reason);
    if (status != ESEP_OK)
        return status;
    json_t *list =
        offices_of(ask->state->views, web_query(ask, "body"), state >= 0 ? states[state] : NULL);
    return hand_over(
        json_pack("{s:o, s:o}", "total", web_count_json(json_array_size(list)), "offices", list),
        ret);
}
