/* collector/glance.c - see glance.h. */
#include "collector/glance.h"

#include "io/json.h"

bool glance_to_review(const struct views_obligation *state)
{
    return state->submission == ESEP_SUBMISSION_RECEIVED ||
           state->submission == ESEP_SUBMISSION_UNDER_REVIEW;
}

bool glance_due_week(const struct listing_obligation *o, esep_time now)
{
    return o->came == ESEP_TIME_NEVER && now <= o->due &&
           o->due - now < GLANCE_WEEK_DAYS * ESEP_DAY;
}

size_t glance_came(const struct glance_tally *t)
{
    return t->count[ESEP_TIMELINESS_ON_TIME] + t->count[ESEP_TIMELINESS_LATE];
}

size_t glance_due(const struct glance_tally *t)
{
    return glance_came(t) + t->count[ESEP_TIMELINESS_OVERDUE];
}

void glance_count(struct glance *glance, const struct listing_obligation *o, esep_time now)
{
    struct glance_tally *t = o->made->upon_agreement ? &glance->upon_agreement : &glance->bound;
    t->all++;
    t->count[o->timeliness]++;
    t->to_review += glance_to_review(o->state);
    t->returned += o->state->submission == ESEP_SUBMISSION_RETURNED;
    t->conflicts += o->state->head_count > 1;
    t->due_week += glance_due_week(o, now);
}

bool glance_plan_newest(const struct views *views, uint32_t plan_no)
{
    const Esep__V1__Plan *plan = views_plan(views, plan_no);
    for (uint32_t i = plan_no + 1; i < views_plan_count(views); i++)
        if (plan != NULL && views_plan(views, i) != NULL &&
            strcmp(views_plan(views, i)->id, plan->id) == 0)
            return false;
    return plan != NULL;
}

void glance_at(const struct views *views, const char *plan_id, esep_time now, struct glance *ret)
{
    *ret = (struct glance){0};
    for (uint32_t i = 0; i < views_obligation_count(views); i++) {
        struct listing_obligation o;
        if (listing_from_views(&o, views, views_obligation(views, i), now) &&
            strcmp(o.plan->id, plan_id) == 0)
            glance_count(ret, &o, now);
    }
}

json_t *glance_tally_json(const struct glance_tally *t)
{
    size_t came = glance_came(t);
    size_t due = glance_due(t);
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

const char *glance_office_state(const struct views_office *office)
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
    struct views_promised promise;
    return views_commitment(views, o->office, o->epoch, o->seq + 1, &promise) ? promise.seq
                                                                              : o->seq;
}

/* All that it may report for, its own first; and where not in all plans, in which. */
static void add_rights(json_t *value, const struct views_office *o)
{
    json_t *bodies = json_array();
    json_t *plans = json_array();
    const char *body = NULL;
    for (uint32_t i = 0; (body = views_office_body(o, i)) != NULL; i++)
        (void)json_array_append_new(bodies, json_string(body));
    for (uint32_t i = 0; i < o->rights.plan_count; i++)
        (void)json_array_append_new(plans, json_string(o->rights.plans[i]));
    (void)json_object_set_new(value, "bodies", bodies);
    (void)json_object_set_new(value, "plans", plans);
}

json_t *glance_office_json(const struct views *views, const struct views_office *o)
{
    json_t *value = json_pack(
        "{s:i, s:s, s:s, s:s, s:o, s:i, s:I, s:I, s:I, s:I, s:I, s:i}", "office", (int)o->office,
        "body", o->body, "label", o->label, "state", glance_office_state(o), "seen_at",
        esep_json_time(o->seen_at, NULL), "epoch", (int)o->epoch, "seq", (json_int_t)o->seq,
        "promised", (json_int_t)promised_seq(views, o), "mail_last", (json_int_t)o->mail_last,
        "mail_acked", (json_int_t)o->mail_acked, "refused_entries", (json_int_t)o->refused_entries,
        "forks", (int)o->forks);
    if (value != NULL)
        add_rights(value, o);
    return value;
}

static bool count_owed(void *context, uint64_t alert_index, uint32_t target)
{
    (void)alert_index;
    (void)target;
    size_t *count = context;
    (*count)++;
    return true;
}

size_t glance_deliveries_owed(const struct views *views)
{
    size_t count = 0;
    views_deliveries(views, count_owed, &count);
    return count;
}
