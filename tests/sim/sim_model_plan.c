/* tests/sim/sim_model_plan.c - the plan spelled out by hand: who owes what by which day.
 *
 * A body's successor is more than this model knows; a plan that has one fails loudly.
 */
#include "sim_model.h"

static int zone_offset(const struct model_entry *e, const char *zone)
{
    if (strcmp(zone, "test/plus6") == 0)
        return 6 * 3600;
    if (strcmp(zone, "Asia/Almaty") == 0 && e->sim->start < (esep_time)19700 * ESEP_DAY)
        return 6 * 3600; /* +06 from 2004 until 1 March 2024 */
    sim_fail(e->sim, "the model does not know the zone %s", zone);
}

static bool listed(const int32_t *days, size_t count, esep_day day)
{
    for (size_t i = 0; i < count; i++)
        if (days[i] == day)
            return true;
    return false;
}

static esep_day moved(const Esep__V1__Plan *plan, esep_day day)
{
    int step = 0;
    if (plan->rules->working_day == ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_NEXT)
        step = 1;
    if (plan->rules->working_day == ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_PRECEDING)
        step = -1;
    const Esep__V1__Calendar *c = plan->calendar;
    while (step != 0) {
        bool weekend = (day + 3) % 7 >= 5; /* day 0 was a Thursday */
        bool off = weekend || (c != NULL && listed(c->holiday_days, c->n_holiday_days, day));
        if (!off || (c != NULL && listed(c->working_days, c->n_working_days, day)))
            break;
        day += step;
    }
    return day;
}

struct owed {
    const char *kind, *action, *body;
    esep_day start, end, day;
    bool lead, agreed;
};

/* Made again by this plan: true where the key was known. */
static void owe(const struct model_entry *e, const struct model_plan *plan, bool *spoken,
                const struct owed *owed)
{
    struct sim_model *m = e->m;
    char key[ESEP_OBLIGATION_KEY_MAX], from[11], to[11];
    esep_day_format(owed->start, from);
    esep_day_format(owed->end, to);
    (void)snprintf(key, sizeof key, "%s/%s/%s/%s/%s..%s", plan->id, owed->kind, owed->action,
                   owed->body, from, to);
    struct model_duty *d = model_duty(m, key);
    if (d == NULL) {
        if (owed->day < plan->effective)
            return; /* a change asks for nothing that was due before it */
        if (m->duty_count == MODEL_DUTIES)
            sim_fail(e->sim, "more obligations than the model holds");
        d = &m->duties[m->duty_count++];
        *d = (struct model_duty){.extended = ESEP_DAY_NONE};
        (void)snprintf(d->key, sizeof d->key, "%s", key);
        (void)snprintf(d->body, sizeof d->body, "%s", owed->body);
        (void)snprintf(d->action, sizeof d->action, "%s", owed->action);
        (void)snprintf(d->kind, sizeof d->kind, "%s", owed->kind);
    } else if (model_day(plan, model_due(m, d)) < plan->effective) {
        return; /* what was due before stays as it was */
    }
    d->plan = m->plan_count - 1;
    d->start = owed->start;
    d->end = owed->end;
    d->day = owed->day;
    d->lead = owed->lead;
    d->agreed = owed->agreed;
    d->dropped = false;
    d->changed = e->sim->now;
    spoken[d - m->duties] = true;
}

static bool by_agreement(const Esep__V1__Plan *p, const char *code)
{
    for (size_t i = 0; i < p->n_bodies; i++)
        if (strcmp(p->bodies[i]->code, code) == 0)
            return p->bodies[i]->upon_agreement;
    return false;
}

/* Whom an executor or a rule names: a body by itself, the bodies of a group, or everybody. An open
 * group has none. */
struct named {
    const char *codes[32];
    size_t count;
};

static void name(const struct model_entry *e, struct named *n, const char *code)
{
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->codes[i], code) == 0)
            return; /* it owes once */
    if (n->count == sizeof n->codes / sizeof n->codes[0])
        sim_fail(e->sim, "more bodies than the model holds");
    n->codes[n->count++] = code;
}

static void name_group(const struct model_entry *e, struct named *n, const Esep__V1__Plan *p,
                       const char *code)
{
    for (size_t i = 0; strcmp(code, "*") == 0 && i < p->n_bodies; i++)
        name(e, n, p->bodies[i]->code);
    for (size_t g = 0; g < p->n_groups; g++)
        for (size_t i = 0; strcmp(p->groups[g]->code, code) == 0 && !p->groups[g]->open &&
                           i < p->groups[g]->n_bodies;
             i++)
            name(e, n, p->groups[g]->bodies[i]);
}

/* One window of an action: first whom the plan names, then its groups, which say nothing new of
 * those. */
static void owe_window(const struct model_entry *e, const struct model_plan *plan, bool *spoken,
                       const Esep__V1__Plan *p, const Esep__V1__Action *action,
                       const Esep__V1__Window *window)
{
    struct named all = {.count = 0};
    bool led = false;
    for (size_t i = 0; i < action->n_executors; i++)
        led = led || action->executors[i]->role == ESEP__V1__ROLE__ROLE_LEAD;
    for (size_t k = 0; k < 2 * action->n_executors; k++) {
        size_t i = k % action->n_executors;
        const Esep__V1__Executor *x = action->executors[i];
        bool group = x->group[0] != '\0';
        size_t before = all.count;
        if (group != (k >= action->n_executors))
            continue;
        if (group)
            sim_count(e->sim, SIM_TALLY_PLAN_GROUPS);
        if (group)
            name_group(e, &all, p, x->group);
        else
            name(e, &all, x->body);
        for (size_t b = before; b < all.count; b++) {
            const struct owed owed = {.kind = "fulfilment",
                                      .action = action->number,
                                      .body = all.codes[b],
                                      .start = window->start_day,
                                      .end = window->end_day,
                                      .day = moved(p, window->end_day),
                                      .lead =
                                          x->role == ESEP__V1__ROLE__ROLE_LEAD || (i == 0 && !led),
                                      .agreed = x->upon_agreement || by_agreement(p, all.codes[b])};
            owe(e, plan, spoken, &owed);
        }
    }
}

static void owe_actions(const struct model_entry *e, const struct model_plan *plan, bool *spoken,
                        const Esep__V1__Plan *p)
{
    for (size_t a = 0; a < p->n_actions; a++)
        for (size_t w = 0; w < p->actions[a]->n_windows && !p->actions[a]->has_parts; w++)
            owe_window(e, plan, spoken, p, p->actions[a], p->actions[a]->windows[w]);
}

static void owe_yearly(const struct model_entry *e, const struct model_plan *plan, bool *spoken,
                       const Esep__V1__Plan *p)
{
    const Esep__V1__Rules *r = p->rules;
    for (int year = (int)p->first_year; year <= (int)p->last_year; year++) {
        struct owed owed = {.kind = "annual",
                            .action = "-",
                            .start = esep_day_from_civil(year, 1, 1),
                            .end = esep_day_from_civil(year, 12, 31),
                            .lead = true};
        struct named all = {.count = 0};
        for (size_t i = 0; r->annual_month != 0 && i < r->n_annual_groups; i++)
            name_group(e, &all, p, r->annual_groups[i]);
        for (size_t i = 0; i < all.count; i++) {
            owed.body = all.codes[i];
            owed.agreed = by_agreement(p, owed.body);
            owed.day =
                moved(p, esep_day_from_civil(year + 1, (int)r->annual_month, (int)r->annual_day));
            owe(e, plan, spoken, &owed);
        }
        if (r->consolidated_month == 0)
            continue;
        owed.kind = "consolidated";
        owed.body = p->secretariat;
        owed.agreed = by_agreement(p, p->secretariat);
        owed.day = moved(
            p, esep_day_from_civil(year + 1, (int)r->consolidated_month, (int)r->consolidated_day));
        owe(e, plan, spoken, &owed);
    }
    if (r->n_regional_plan_groups > 0 && r->regional_plan_months > 0)
        sim_fail(e->sim, "the model does not know regional plans");
}

static void read_rules(const struct model_entry *e, struct model_plan *plan,
                       const Esep__V1__Plan *p)
{
    const Esep__V1__Rules *r = p->rules;
    (void)snprintf(plan->id, sizeof plan->id, "%s", p->id);
    plan->index = e->index;
    plan->offset_s = zone_offset(e, p->zone);
    plan->repeat_days = (int)r->overdue_repeat_days;
    plan->silent_days = (int)r->silent_days;
    plan->grace_days = (int)r->commitment_grace_days;
    for (size_t i = 0; i < r->n_alert_days && i < MODEL_ALERT_DAYS; i++)
        plan->alert_days[plan->alert_day_count++] = (int)r->alert_days[i];
    for (size_t i = 0; i < p->n_bodies && i < 32; i++) {
        (void)snprintf(plan->bodies[plan->body_count++], MODEL_NAME, "%s", p->bodies[i]->code);
        if (p->bodies[i]->successor[0] != '\0' || p->bodies[i]->valid_to_day != 0)
            sim_fail(e->sim, "the model does not know successors");
    }
}

void model_plan_entry(const struct model_entry *e)
{
    struct sim_model *m = e->m;
    bool spoken[MODEL_DUTIES] = {false};
    size_t before = m->duty_count;
    const Esep__V1__PlanChange *change =
        (const Esep__V1__PlanChange *)model_read(e, &esep__v1__plan_change__descriptor);
    const ProtobufCMessage *message = NULL;
    if (m->plan_count == MODEL_PLANS ||
        esep_unpack(&esep__v1__plan__descriptor, esep_slice_pb(change->plan), &m->arena,
                    &message) != ESEP_OK)
        sim_fail(e->sim, "entry %llu: a plan that cannot be read", (unsigned long long)e->index);
    const Esep__V1__Plan *p = (const Esep__V1__Plan *)message;
    struct model_plan *plan = &m->plans[m->plan_count++];
    memset(plan, 0, sizeof *plan);
    plan->effective = change->effective_day != 0 ? change->effective_day : p->approved_day;
    read_rules(e, plan, p);
    owe_actions(e, plan, spoken, p);
    owe_yearly(e, plan, spoken, p);
    for (size_t i = 0; i < before; i++) {
        struct model_duty *d = &m->duties[i];
        if (spoken[i] || strcmp(m->plans[d->plan].id, plan->id) != 0 ||
            model_day(plan, model_due(m, d)) < plan->effective)
            continue;
        d->dropped = true;
        d->changed = e->sim->now;
    }
    for (size_t b = 0; b < plan->body_count; b++)
        model_mail_body(e, plan->bodies[b], e->index);
}
