/* collector/web/json_parts.c - see json_parts.h. */
#include "collector/web/json_parts.h"

#include "io/json.h"

#include <stdio.h>

const char *web_query(const struct web_ask *ask, const char *name)
{
    const char *value = ask->query != NULL ? ask->query(ask->context, name) : NULL;
    return value != NULL && *value != 0 ? value : NULL;
}

enum esep_status web_plan(const struct web_ask *ask, uint32_t *ret_plan_no,
                          struct esep_reason *reason)
{
    const struct views *views = ask->state->views;
    const char *id = web_query(ask, "plan");
    int found = -1;
    bool is_root = false;
    for (uint32_t i = 0; i < views_plan_count(views); i++) {
        const Esep__V1__Plan *plan = views_plan(views, i);
        if (!glance_plan_newest(views, i) || (id != NULL && strcmp(plan->id, id) != 0))
            continue;
        const bool root = plan->parent[0] == 0;
        if (is_root && !root)
            continue;
        found = (int)i;
        is_root = root;
    }
    if (found < 0 && id != NULL)
        return esep_because(reason, ESEP_NOT_FOUND, "plan: there is no plan %.100s", id);
    if (found < 0)
        return esep_because(reason, ESEP_NOT_FOUND, "no plan is loaded yet");
    *ret_plan_no = (uint32_t)found;
    return ESEP_OK;
}

enum esep_status web_query_number(const struct web_ask *ask, const char *name, uint64_t min,
                                  uint64_t max, uint64_t missing, uint64_t *ret,
                                  struct esep_reason *reason)
{
    const char *text = web_query(ask, name);
    uint64_t value = 0;
    bool good = true;
    if (text == NULL) {
        *ret = missing;
        return ESEP_OK;
    }
    for (const char *p = text; good && *p != 0; p++)
        good = *p >= '0' && *p <= '9' && !__builtin_mul_overflow(value, 10u, &value) &&
               !__builtin_add_overflow(value, (uint64_t)(*p - '0'), &value);
    if (!good || value < min || value > max)
        return esep_because(reason, ESEP_INVALID, "%s: not a whole number from %llu to %llu", name,
                            (unsigned long long)min, (unsigned long long)max);
    *ret = value;
    return ESEP_OK;
}

enum esep_status web_query_day(const struct web_ask *ask, const char *name, esep_day *ret,
                               struct esep_reason *reason)
{
    const char *text = web_query(ask, name);
    if (text == NULL) {
        *ret = ESEP_DAY_NONE;
        return ESEP_OK;
    }
    if (esep_day_parse(text, ret) != ESEP_OK)
        return esep_because(reason, ESEP_INVALID, "%s: not a day such as 2013-06-30", name);
    return ESEP_OK;
}

enum esep_status web_query_choice(const struct web_ask *ask, const char *name,
                                  const char *const *names, int *ret, struct esep_reason *reason)
{
    const char *text = web_query(ask, name);
    char allowed[200] = "";
    size_t used = 0;
    *ret = -1;
    if (text == NULL)
        return ESEP_OK;
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], text) == 0) {
            *ret = i;
            return ESEP_OK;
        }
        int more = snprintf(allowed + used, sizeof allowed - used, " %s", names[i]);
        used += (size_t)more < sizeof allowed - used ? (size_t)more : 0;
    }
    return esep_because(reason, ESEP_INVALID, "%s: allowed are%s", name, allowed);
}

bool web_next(const struct web_ask *ask, const char *plan_id, uint32_t *at,
              struct listing_obligation *ret)
{
    const struct views *views = ask->state->views;
    while (*at < views_obligation_count(views)) {
        const struct views_obligation *state = views_obligation(views, (*at)++);
        if (listing_from_views(ret, views, state, ask->now) && strcmp(ret->plan->id, plan_id) == 0)
            return true;
    }
    return false;
}

int web_action_find(const Esep__V1__Plan *plan, const char *number)
{
    for (size_t i = 0; i < plan->n_actions; i++)
        if (strcmp(plan->actions[i]->number, number) == 0)
            return (int)i;
    return -1;
}

const char *web_progress(const struct views_obligation *state)
{
    if (state->head_count == 0 || state->fulfilment == ESEP__V1__FULFILMENT__FULFILMENT_UNSPECIFIED)
        return "no_report";
    if (state->fulfilment == ESEP__V1__FULFILMENT__FULFILMENT_NOT_APPLICABLE)
        return "not_applicable";
    return state->percent >= 0 ? "percent" : "no_data";
}

json_t *web_text_json(const Esep__V1__Text *text)
{
    return json_pack("{s:s, s:s, s:s}", "kk", esep_text(text, "kk"), "ru", esep_text(text, "ru"),
                     "en", esep_text(text, "en"));
}

json_t *web_day_json(esep_day day)
{
    char text[11];
    if (day == ESEP_DAY_NONE)
        return json_null();
    esep_day_format(day, text);
    return json_string(text);
}

json_t *web_count_json(size_t count)
{
    return json_integer((json_int_t)count);
}

json_t *web_percent_json(size_t part, size_t whole)
{
    const size_t tenths = whole == 0 ? 0 : 1000 * part / whole;
    return whole == 0 ? json_null() : json_real((double)tenths / 10.0);
}

json_t *web_obligation_json(const struct web_ask *ask, const struct listing_obligation *o)
{
    json_t *value = listing_json(o);
    bool action = o->made->action >= 0 && (size_t)o->made->action < o->plan->n_actions;
    (void)json_object_set_new(value, "state", json_string(web_progress(o->state)));
    (void)json_object_set_new(value, "title",
                              action ? web_text_json(o->plan->actions[o->made->action]->title)
                                     : json_null());
    (void)json_object_set_new(value, "owner",
                              json_string(views_owner(ask->state->views, o->state, ask->now)));
    return value;
}

static const char *kind_of_body(Esep__V1__BodyKind kind)
{
    static const char *const names[] = {"other",      "ministry",  "agency", "court",
                                        "prosecutor", "committee", "akimat", "district"};
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : names[0];
}

/* 0 is "not given" in a plan (plan.proto). */
static json_t *plan_day_json(int32_t day)
{
    return day == 0 ? json_null() : web_day_json(day);
}

json_t *web_body_json(const Esep__V1__Body *b)
{
    return json_pack("{s:s, s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o}", "code", b->code, "name",
                     web_text_json(b->name), "short", web_text_json(b->short_name), "kind",
                     kind_of_body(b->kind), "agreement", (int)b->upon_agreement, "parent",
                     b->parent[0] != 0 ? json_string(b->parent) : json_null(), "successor",
                     b->successor[0] != 0 ? json_string(b->successor) : json_null(), "valid_from",
                     plan_day_json(b->valid_from_day), "valid_to", plan_day_json(b->valid_to_day));
}

json_t *web_action_json(const Esep__V1__Action *a)
{
    json_t *executors = json_array();
    json_t *windows = json_array();
    for (size_t i = 0; i < a->n_windows; i++)
        (void)json_array_append_new(
            windows, json_pack("{s:o, s:o}", "start", web_day_json(a->windows[i]->start_day), "end",
                               web_day_json(a->windows[i]->end_day)));
    for (size_t i = 0; i < a->n_executors; i++) {
        const Esep__V1__Executor *e = a->executors[i];
        (void)json_array_append_new(
            executors, json_pack("{s:o, s:o, s:s, s:b}", "body",
                                 e->body[0] != 0 ? json_string(e->body) : json_null(), "group",
                                 e->group[0] != 0 ? json_string(e->group) : json_null(), "role",
                                 listing_role(e->role), "upon_agreement", (int)e->upon_agreement));
    }
    return json_pack("{s:s, s:o, s:s, s:o, s:s, s:o, s:o, s:b, s:o}", "number", a->number, "title",
                     web_text_json(a->title), "text", a->text, "completion",
                     web_text_json(a->completion), "period", a->period, "windows", windows,
                     "executors", executors, "has_parts", (int)a->has_parts, "parent",
                     a->parent[0] != 0 ? json_string(a->parent) : json_null());
}

json_t *web_glance_json(const struct glance *glance)
{
    return json_pack("{s:o, s:o}", "bound", glance_tally_json(&glance->bound), "upon_agreement",
                     glance_tally_json(&glance->upon_agreement));
}

void web_tallies(const struct web_ask *ask, const Esep__V1__Plan *plan, struct glance *ret_bodies,
                 struct glance *ret_actions)
{
    struct listing_obligation o;
    for (uint32_t at = 0; web_next(ask, plan->id, &at, &o);) {
        int body = esep_body_find(plan, o.body);
        int action = web_action_find(plan, o.action);
        if (body >= 0 && ret_bodies != NULL)
            glance_count(&ret_bodies[body], &o, ask->now);
        if (action >= 0 && ret_actions != NULL)
            glance_count(&ret_actions[action], &o, ask->now);
    }
}
