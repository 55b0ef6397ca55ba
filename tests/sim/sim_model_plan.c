/* tests/sim/sim_model_plan.c - the plan spelled out by hand: who owes what by which day.
 *
 * A change of a plan is told in three steps: all that it asks for is written down; what has begun
 * and whose body ends keeps its name; the rest of what is open becomes what is asked for, or is
 * dropped.
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

/* What a plan asks for: of whom, whoever it names. */
struct ask {
    const char *kind, *action, *body;
    esep_day start, end, day;
    bool lead, agreed;
    bool begun; /* another obligation stands for it, under the name of who handed over */
};
#define ASKS 256
struct asks {
    const struct model_entry *e;
    const struct model_plan *plan;
    const Esep__V1__Plan *p;
    struct ask all[ASKS];
    size_t count;
};

const char *model_stands(const struct model_plan *plan, const char *body, esep_day day)
{
    const char *code = body;
    for (size_t i = 0; i < plan->body_count; i++) {
        const struct model_body *b = &plan->bodies[i];
        if (strcmp(b->code, code) != 0)
            continue;
        if (code == body && b->first != 0 && day < b->first)
            return NULL; /* it does not exist yet; a successor takes over whenever it begins */
        if (b->last == 0 || day <= b->last)
            return b->code;
        if (b->successor[0] == '\0')
            return NULL;
        code = b->successor;
        i = (size_t)-1; /* and once more from the first */
    }
    return NULL;
}

static const struct model_plan *newest(const struct sim_model *m, const struct model_duty *d)
{
    const struct model_plan *plan = &m->plans[d->plan];
    for (int i = 0; i < m->plan_count; i++)
        if (strcmp(m->plans[i].id, m->plans[d->plan].id) == 0)
            plan = &m->plans[i];
    return plan;
}

bool model_passed(const struct sim_model *m, const struct model_duty *d, const char *body,
                  esep_time at)
{
    const struct model_plan *plan = newest(m, d);
    const esep_day day = model_day(plan, at);
    const char *holds = d->body;
    if (model_stands(plan, holds, day) == NULL)
        return false; /* nobody has begun yet */
    for (size_t i = 0; i < plan->body_count; i++) {
        const struct model_body *b = &plan->bodies[i];
        if (strcmp(b->code, holds) != 0 || b->last == 0 || day <= b->last)
            continue;
        if (strcmp(b->successor, body) == 0)
            return true;
        holds = b->successor;
        i = (size_t)-1; /* and once more from the first */
    }
    return false;
}

const char *model_owner(const struct sim_model *m, const struct model_duty *d, esep_time at)
{
    const struct model_plan *plan = newest(m, d);
    const char *owner = model_stands(plan, d->body, model_day(plan, at));
    return owner != NULL ? owner : d->body;
}

bool model_executes(const struct model_plan *plan, const char *action, const char *body)
{
    for (size_t i = 0; i < plan->executor_count; i++)
        if (strcmp(plan->executors[i].action, action) == 0 &&
            strcmp(plan->executors[i].body, body) == 0)
            return true;
    return false;
}

static bool by_agreement(const Esep__V1__Plan *p, const char *code)
{
    for (size_t i = 0; i < p->n_bodies; i++)
        if (strcmp(p->bodies[i]->code, code) == 0)
            return p->bodies[i]->upon_agreement;
    return false;
}

/* Asks the body, or who stands for it on the day it is due. Of what two bodies hand over to one it
 * leads if one of them led, and is free only if both were; a group adds nothing to what was said.
 */
static void ask(struct asks *asks, const struct ask *what, const char *body, bool by_group)
{
    const char *code = model_stands(asks->plan, body, what->day);
    if (code == NULL)
        return;
    struct ask one = *what;
    one.body = code;
    one.agreed = what->agreed || by_agreement(asks->p, code);
    for (size_t i = 0; i < asks->count; i++) {
        struct ask *said = &asks->all[i];
        if (strcmp(said->kind, one.kind) != 0 || strcmp(said->action, one.action) != 0 ||
            strcmp(said->body, code) != 0 || said->start != one.start || said->end != one.end)
            continue;
        said->lead = said->lead || (!by_group && one.lead);
        said->agreed = said->agreed && (by_group || one.agreed);
        return;
    }
    if (asks->count == ASKS)
        sim_fail(asks->e->sim, "more obligations than the model holds");
    asks->all[asks->count++] = one;
}

/* Whom a group has: everybody, or those it lists; an open one asks nobody. */
static void ask_group(struct asks *asks, const struct ask *what, const char *code)
{
    const Esep__V1__Plan *p = asks->p;
    for (size_t i = 0; strcmp(code, "*") == 0 && i < p->n_bodies; i++)
        ask(asks, what, p->bodies[i]->code, true);
    for (size_t g = 0; g < p->n_groups; g++)
        for (size_t i = 0; strcmp(p->groups[g]->code, code) == 0 && !p->groups[g]->open &&
                           i < p->groups[g]->n_bodies;
             i++)
            ask(asks, what, p->groups[g]->bodies[i], true);
}

/* One window of an action: first whom the plan names, then its groups, which say nothing new of
 * those. */
static void ask_window(struct asks *asks, const Esep__V1__Action *action,
                       const Esep__V1__Window *window)
{
    bool led = false;
    for (size_t i = 0; i < action->n_executors; i++)
        led = led || action->executors[i]->role == ESEP__V1__ROLE__ROLE_LEAD;
    for (size_t k = 0; k < 2 * action->n_executors; k++) {
        size_t i = k % action->n_executors;
        const Esep__V1__Executor *x = action->executors[i];
        bool group = x->group[0] != '\0';
        if (group != (k >= action->n_executors))
            continue;
        const struct ask what = {.kind = "fulfilment",
                                 .action = action->number,
                                 .start = window->start_day,
                                 .end = window->end_day,
                                 .day = moved(asks->p, window->end_day),
                                 .lead = x->role == ESEP__V1__ROLE__ROLE_LEAD || (i == 0 && !led),
                                 .agreed = x->upon_agreement};
        if (group) {
            sim_count(asks->e->sim, SIM_TALLY_PLAN_GROUPS);
            ask_group(asks, &what, x->group);
        } else {
            ask(asks, &what, x->body, false);
        }
    }
}

static void ask_actions(struct asks *asks)
{
    const Esep__V1__Plan *p = asks->p;
    for (size_t a = 0; a < p->n_actions; a++)
        for (size_t w = 0; w < p->actions[a]->n_windows && !p->actions[a]->has_parts; w++)
            ask_window(asks, p->actions[a], p->actions[a]->windows[w]);
}

static void ask_yearly(struct asks *asks)
{
    const Esep__V1__Plan *p = asks->p;
    const Esep__V1__Rules *r = p->rules;
    for (int year = (int)p->first_year; year <= (int)p->last_year; year++) {
        struct ask what = {.kind = "annual",
                           .action = "-",
                           .start = esep_day_from_civil(year, 1, 1),
                           .end = esep_day_from_civil(year, 12, 31),
                           .lead = true};
        if (r->annual_month != 0)
            what.day =
                moved(p, esep_day_from_civil(year + 1, (int)r->annual_month, (int)r->annual_day));
        for (size_t i = 0; r->annual_month != 0 && i < r->n_annual_groups; i++)
            ask_group(asks, &what, r->annual_groups[i]);
        if (r->consolidated_month == 0)
            continue;
        what.kind = "consolidated";
        what.day = moved(
            p, esep_day_from_civil(year + 1, (int)r->consolidated_month, (int)r->consolidated_day));
        ask(asks, &what, p->secretariat, false);
    }
    if (r->n_regional_plan_groups > 0 && r->regional_plan_months > 0)
        sim_fail(asks->e->sim, "the model does not know regional plans");
}

static void key_of(const struct model_plan *plan, const struct ask *a,
                   char ret[ESEP_OBLIGATION_KEY_MAX])
{
    char from[11], to[11];
    esep_day_format(a->start, from);
    esep_day_format(a->end, to);
    (void)snprintf(ret, ESEP_OBLIGATION_KEY_MAX, "%s/%s/%s/%s/%s..%s", plan->id, a->kind, a->action,
                   a->body, from, to);
}

/* A change acts on what is of its plan and not due before it. */
static bool changes(const struct sim_model *m, const struct model_plan *plan,
                    const struct model_duty *d)
{
    return strcmp(m->plans[d->plan].id, plan->id) == 0 &&
           model_day(plan, model_due(m, d)) >= plan->effective;
}

/* What is asked of another body instead, since this one's has ended by then; NULL. */
static struct ask *asked_instead(struct asks *asks, const struct model_duty *d)
{
    for (size_t i = 0; i < asks->count; i++) {
        struct ask *a = &asks->all[i];
        const char *heir = model_stands(asks->plan, d->body, a->day);
        if (strcmp(a->kind, d->kind) == 0 && strcmp(a->action, d->action) == 0 &&
            a->start == d->start && a->end == d->end && heir != NULL &&
            strcmp(heir, d->body) != 0 && strcmp(heir, a->body) == 0)
            return a;
    }
    return NULL;
}

/* true: the obligation that this makes, or makes anew, is the one of that number. */
static bool owe(struct asks *asks, const struct ask *a, size_t *ret)
{
    const struct model_entry *e = asks->e;
    struct sim_model *m = e->m;
    char key[ESEP_OBLIGATION_KEY_MAX];
    key_of(asks->plan, a, key);
    struct model_duty *d = model_duty(m, key);
    if (a->begun && (d == NULL || d->dropped))
        return false; /* nothing is asked for twice */
    if (d == NULL) {
        if (a->day < asks->plan->effective)
            return false; /* a change asks for nothing that was due before it */
        if (m->duty_count == MODEL_DUTIES)
            sim_fail(e->sim, "more obligations than the model holds");
        d = &m->duties[m->duty_count++];
        *d = (struct model_duty){.extended = ESEP_DAY_NONE};
        (void)snprintf(d->key, sizeof d->key, "%s", key);
        (void)snprintf(d->body, sizeof d->body, "%s", a->body);
        (void)snprintf(d->action, sizeof d->action, "%s", a->action);
        (void)snprintf(d->kind, sizeof d->kind, "%s", a->kind);
    } else if (!changes(m, asks->plan, d)) {
        return false; /* what was due before stays as it was */
    }
    d->plan = m->plan_count - 1;
    d->start = a->start;
    d->end = a->end;
    d->day = a->day;
    d->lead = a->lead;
    d->agreed = a->agreed;
    d->dropped = false;
    d->changed = e->sim->now;
    *ret = (size_t)(d - m->duties);
    return true;
}

/* What is open and has a report keeps its key and name, whoever answers for it from then on. */
static void keep_begun(struct asks *asks, bool *stands)
{
    struct sim_model *m = asks->e->m;
    for (size_t i = 0; i < m->duty_count; i++) {
        struct model_duty *d = &m->duties[i];
        struct ask *instead = NULL;
        if (!d->dropped && changes(m, asks->plan, d) && model_heads(d).count > 0)
            instead = asked_instead(asks, d);
        if (instead == NULL)
            continue;
        instead->begun = true;
        stands[i] = true;
        sim_count(asks->e->sim, SIM_TALLY_HEIR_KEPT);
    }
}

/* The rest of what is open. Where the successor's cannot be made, since it would have been due
 * before the change, an extended one stays: nothing open is lost by handing over. */
static void drop_rest(struct asks *asks, const bool *stands, size_t before)
{
    struct sim_model *m = asks->e->m;
    for (size_t i = 0; i < before; i++) {
        struct model_duty *d = &m->duties[i];
        if (stands[i] || d->dropped || !changes(m, asks->plan, d))
            continue;
        const struct ask *instead = asked_instead(asks, d);
        char key[ESEP_OBLIGATION_KEY_MAX];
        if (instead != NULL) {
            key_of(asks->plan, instead, key);
            const struct model_duty *other = model_duty(m, key);
            if (instead->day < asks->plan->effective &&
                (other == NULL || !stands[other - m->duties]))
                continue;
            sim_count(asks->e->sim, SIM_TALLY_HEIR_DUTY);
        }
        d->dropped = true;
        d->changed = asks->e->sim->now;
    }
}

static void name(const struct model_entry *e, struct model_plan *plan, const char *action,
                 const char *body)
{
    if (plan->executor_count == MODEL_EXECUTORS)
        sim_fail(e->sim, "more executors than the model holds");
    struct model_executor *x = &plan->executors[plan->executor_count++];
    (void)snprintf(x->action, sizeof x->action, "%s", action);
    (void)snprintf(x->body, sizeof x->body, "%s", body);
}

static void read_executors(const struct model_entry *e, struct model_plan *plan,
                           const Esep__V1__Plan *p)
{
    for (size_t a = 0; a < p->n_actions; a++)
        for (size_t i = 0; i < p->actions[a]->n_executors; i++) {
            const Esep__V1__Executor *x = p->actions[a]->executors[i];
            if (x->group[0] == '\0')
                name(e, plan, p->actions[a]->number, x->body);
            for (size_t g = 0; x->group[0] != '\0' && g < p->n_groups; g++)
                for (size_t b = 0;
                     strcmp(p->groups[g]->code, x->group) == 0 && b < p->groups[g]->n_bodies; b++)
                    name(e, plan, p->actions[a]->number, p->groups[g]->bodies[b]);
        }
}

static void read_bodies(const struct model_entry *e, struct model_plan *plan,
                        const Esep__V1__Plan *p)
{
    if (p->n_bodies > MODEL_BODIES)
        sim_fail(e->sim, "more bodies than the model holds");
    for (size_t i = 0; i < p->n_bodies; i++) {
        struct model_body *b = &plan->bodies[plan->body_count++];
        (void)snprintf(b->code, sizeof b->code, "%s", p->bodies[i]->code);
        (void)snprintf(b->successor, sizeof b->successor, "%s", p->bodies[i]->successor);
        b->first = p->bodies[i]->valid_from_day;
        b->last = p->bodies[i]->valid_to_day;
    }
}

static void read_rules(const struct model_entry *e, struct model_plan *plan,
                       const Esep__V1__Plan *p)
{
    const Esep__V1__Rules *r = p->rules;
    (void)snprintf(plan->id, sizeof plan->id, "%s", p->id);
    plan->index = e->index;
    plan->revision = p->revision;
    plan->offset_s = zone_offset(e, p->zone);
    plan->repeat_days = (int)r->overdue_repeat_days;
    plan->silent_days = (int)r->silent_days;
    plan->grace_days = (int)r->commitment_grace_days;
    for (size_t i = 0; i < r->n_alert_days && i < MODEL_ALERT_DAYS; i++)
        plan->alert_days[plan->alert_day_count++] = (int)r->alert_days[i];
    read_bodies(e, plan, p);
    read_executors(e, plan, p);
}

void model_plan_entry(const struct model_entry *e)
{
    struct sim_model *m = e->m;
    bool stands[MODEL_DUTIES] = {false};
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
    struct asks asks = {.e = e, .plan = plan, .p = p};
    ask_actions(&asks);
    ask_yearly(&asks);
    keep_begun(&asks, stands);
    for (size_t i = 0; i < asks.count; i++) {
        size_t made = 0;
        if (owe(&asks, &asks.all[i], &made))
            stands[made] = true;
    }
    drop_rest(&asks, stands, before);
    for (uint32_t i = 1; i <= m->office_count; i++)
        if (m->offices[i].state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE &&
            model_body_there(plan, &m->offices[i]) != NULL)
            model_mail(e, i, e->index);
}
