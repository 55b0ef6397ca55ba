/* collector/listing.c - see listing.h. */
#include "collector/listing.h"

#include <stdio.h>

/* As the views do: the widest threshold of the plan is "soon" (domain/timeliness.h). */
static unsigned soon_days(const Esep__V1__Plan *plan)
{
    const Esep__V1__Rules *rules = plan->rules;
    return rules != NULL && rules->n_alert_days > 0 ? rules->alert_days[0] : 0;
}

static void fill(struct listing_obligation *ret, const Esep__V1__Plan *plan,
                 const struct esep_zone *zone, const struct esep_obligation *made)
{
    *ret = (struct listing_obligation){
        .plan = plan, .zone = zone, .made = made, .due = made->due, .came = ESEP_TIME_NEVER};
    bool known = made->action >= 0 && (size_t)made->action < plan->n_actions;
    ret->action = known ? plan->actions[made->action]->number : "-";
    ret->body = (size_t)made->body < plan->n_bodies ? plan->bodies[made->body]->code : "-";
}

void listing_from_plan(struct listing_obligation *ret, const Esep__V1__Plan *plan,
                       const struct esep_zone *zone, const struct esep_obligation *made,
                       esep_time as_of)
{
    fill(ret, plan, zone, made);
    ret->timeliness = esep_timeliness(made->due, ESEP_TIME_NEVER, as_of, soon_days(plan));
}

bool listing_from_views(struct listing_obligation *ret, const struct views *views,
                        const struct views_obligation *state, esep_time as_of)
{
    const Esep__V1__Plan *plan = views_plan(views, state->plan_no);
    if (plan == NULL || state->dropped)
        return false;
    fill(ret, plan, views_plan_zone(views, state->plan_no), &state->made);
    ret->state = state;
    ret->due = state->due;
    ret->came = views_came(views, state);
    ret->timeliness = views_timeliness(views, state, as_of);
    return true;
}

bool listing_matches(const struct listing_filter *filter, const struct listing_obligation *o)
{
    return (filter->body == NULL || strcmp(filter->body, o->body) == 0) &&
           (filter->action == NULL || strcmp(filter->action, o->action) == 0) &&
           (filter->kind == NULL ||
            strcmp(filter->kind, esep_obligation_kind_name(o->made->kind)) == 0) &&
           (filter->timeliness == NULL ||
            strcmp(filter->timeliness, esep_timeliness_name(o->timeliness)) == 0);
}

const char *listing_role(Esep__V1__Role role)
{
    return role == ESEP__V1__ROLE__ROLE_LEAD ? "lead" : "co_executor";
}

const char *listing_progress(const struct views_obligation *state)
{
    static char text[64];
    if (state->reports == 0)
        return "-";
    if (state->percent >= 0)
        (void)snprintf(text, sizeof text, "%s %d %%", esep_fulfilment_name(state->fulfilment),
                       state->percent);
    else
        (void)snprintf(text, sizeof text, "%s", esep_fulfilment_name(state->fulfilment));
    return text;
}

static json_t *day_json(esep_day day)
{
    if (day == ESEP_DAY_NONE)
        return json_null();
    char text[11];
    esep_day_format(day, text);
    return json_string(text);
}

static json_t *time_json(esep_time at, const struct esep_zone *zone)
{
    if (at == ESEP_TIME_NEVER || at == 0)
        return json_null();
    char text[32];
    esep_time_format(at, zone, text);
    return json_string(text);
}

static json_t *heads_json(const struct listing_obligation *o)
{
    json_t *list = json_array();
    for (size_t i = 0; i < o->state->listed; i++) {
        const struct views_head *head = &o->state->heads[i];
        char content[65];
        esep_hex(head->content.bytes, sizeof head->content.bytes, content);
        (void)json_array_append_new(
            list,
            json_pack("{s:I, s:i, s:i, s:I, s:i, s:o, s:s, s:o}", "log_index",
                      (json_int_t)head->index, "office", (int)head->office, "epoch",
                      (int)head->epoch, "seq", (json_int_t)head->seq, "revision",
                      (int)head->revision, "received_at", time_json(head->received_at, o->zone),
                      "content_hash", content, "again_by", day_json(head->again_by)));
    }
    return list;
}

static void add_state(json_t *value, const struct listing_obligation *o)
{
    const struct views_obligation *s = o->state;
    (void)json_object_set_new(value, "came_at", time_json(o->came, o->zone));
    (void)json_object_set_new(value, "original_due", time_json(o->made->due, o->zone));
    (void)json_object_set_new(value, "extended_to", day_json(s->extended_to));
    (void)json_object_set_new(value, "fulfilment",
                              s->reports > 0 ? json_string(esep_fulfilment_name(s->fulfilment))
                                             : json_null());
    (void)json_object_set_new(value, "percent",
                              s->percent >= 0 ? json_integer(s->percent) : json_null());
    (void)json_object_set_new(value, "submission",
                              json_string(esep_submission_name(s->submission)));
    (void)json_object_set_new(value, "control", json_string(esep_control_name(s->control)));
    (void)json_object_set_new(value, "assessment",
                              json_string(s->verified ? "verified" : "self_reported"));
    (void)json_object_set_new(value, "again_by", day_json(s->again_by));
    (void)json_object_set_new(value, "reports", json_integer(s->reports));
    (void)json_object_set_new(value, "conflict", json_boolean(s->head_count > 1));
    (void)json_object_set_new(value, "first_received_at", time_json(s->first_received_at, o->zone));
    (void)json_object_set_new(value, "first_committed_at",
                              time_json(s->first_committed_at, o->zone));
    (void)json_object_set_new(value, "heads", heads_json(o));
}

json_t *listing_json(const struct listing_obligation *o)
{
    json_t *value = json_object();
    (void)json_object_set_new(value, "key", json_string(o->made->key));
    (void)json_object_set_new(value, "plan", json_string(o->plan->id));
    (void)json_object_set_new(value, "kind", json_string(esep_obligation_kind_name(o->made->kind)));
    (void)json_object_set_new(value, "action",
                              o->action[0] == '-' ? json_null() : json_string(o->action));
    (void)json_object_set_new(value, "body", json_string(o->body));
    (void)json_object_set_new(value, "role", json_string(listing_role(o->made->role)));
    (void)json_object_set_new(value, "upon_agreement", json_boolean(o->made->upon_agreement));
    (void)json_object_set_new(value, "window_start", day_json(o->made->window.start));
    (void)json_object_set_new(value, "window_end", day_json(o->made->window.end));
    (void)json_object_set_new(value, "due", time_json(o->due, o->zone));
    (void)json_object_set_new(value, "timeliness",
                              json_string(esep_timeliness_name(o->timeliness)));
    if (o->state != NULL)
        add_state(value, o);
    return value;
}
