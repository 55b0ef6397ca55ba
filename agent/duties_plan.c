/* agent/duties_plan.c - plans of the mailbox turned into duties; see duties.h. */
#include "agent/duties.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>

#define OBLIGATIONS_MAX 65536
#define EARLIEST_OFFSET_S (14 * 3600) /* no place on Earth is further east */

static uint32_t hash_of(const char *key)
{
    uint32_t h = 2166136261u;
    for (; *key != 0; key++)
        h = (h ^ (uint8_t)*key) * 16777619u;
    return h;
}

static size_t place_of(const struct agent_duties *d, const char *key)
{
    size_t at = hash_of(key) & (d->index_cap - 1);
    while (d->index[at] != 0 && strcmp(d->duties[d->index[at] - 1].made.key, key) != 0)
        at = (at + 1) & (d->index_cap - 1);
    return at;
}

struct agent_duty *agent_duty_find(struct agent_duties *d, const char *key)
{
    if (d->index_cap == 0)
        return NULL;
    uint32_t found = d->index[place_of(d, key)];
    return found != 0 ? &d->duties[found - 1] : NULL;
}

static enum esep_status grow(struct agent_duties *d)
{
    size_t cap = d->cap > 0 ? 2 * d->cap : 256;
    struct agent_duty *more = realloc(d->duties, cap * sizeof *more);
    if (more == NULL)
        return ESEP_NOMEM;
    d->duties = more;
    d->cap = cap;
    uint32_t *index = calloc(4 * cap, sizeof *index);
    if (index == NULL)
        return ESEP_NOMEM;
    free(d->index);
    d->index = index;
    d->index_cap = 4 * cap;
    for (size_t i = 0; i < d->count; i++)
        d->index[place_of(d, d->duties[i].made.key)] = (uint32_t)i + 1;
    return ESEP_OK;
}

enum esep_status agent_duties_slot(struct agent_duties *d, const char *key, struct agent_duty **ret)
{
    struct agent_duty *there = agent_duty_find(d, key);
    if (there == NULL) {
        if (d->count == d->cap && grow(d) != ESEP_OK)
            return ESEP_NOMEM;
        ESEP_ASSERT(d->duties != NULL && d->count < d->cap);
        there = &d->duties[d->count];
        *there = (struct agent_duty){.due = ESEP_TIME_NEVER,
                                     .came = ESEP_TIME_NEVER,
                                     .extended_to = ESEP_DAY_NONE,
                                     .again_by = ESEP_DAY_NONE,
                                     .percent = -1};
        (void)snprintf(there->made.key, sizeof there->made.key, "%s", key);
        d->index[place_of(d, there->made.key)] = (uint32_t)++d->count;
    }
    *ret = there;
    return ESEP_OK;
}

/* An office's tzdata may be older than the plan. That must not hide the plan, nor the others. */
static enum esep_status load_zone(struct agent_duties *d, struct agent_plan *plan,
                                  struct esep_reason *reason)
{
    const char *name = plan->plan->zone;
    for (size_t i = 0; i < d->plan_count; i++)
        if (strcmp(d->plans[i].plan->zone, name) == 0) {
            plan->zone = d->plans[i].zone;
            plan->zone_fault = d->plans[i].zone_fault;
            return ESEP_OK;
        }
    struct esep_zone *zone = esep_arena_alloc(&d->arena, sizeof *zone);
    struct esep_reason fault = {""};
    plan->zone = zone;
    if (zone == NULL)
        return esep_because(reason, ESEP_LIMIT, "too many plans in the mailbox");
    enum esep_status status = esep_zone_load(zone, name, &fault);
    if (status == ESEP_OK || status == ESEP_NOMEM)
        return status;
    *zone = (struct esep_zone){
        .name = "UTC+14", .first_offset_s = EARLIEST_OFFSET_S, .tail_offset_s = EARLIEST_OFFSET_S};
    plan->zone_fault = esep_arena_str(&d->arena, esep_slice_str(fault.text));
    return plan->zone_fault != NULL
               ? ESEP_OK
               : esep_because(reason, ESEP_LIMIT, "too many plans in the mailbox");
}

void agent_duties_say_zones(const struct agent_duties *d)
{
    for (size_t i = 0; i < d->plan_count; i++) {
        const struct agent_plan *plan = &d->plans[i];
        if (plan->newest && plan->zone_fault != NULL)
            (void)fprintf(stderr,
                          "esep-agent: plan %s: %s; until then its deadlines are shown as if the "
                          "day ended in UTC+14, some hours early: update tzdata\n",
                          plan->plan->id, plan->zone_fault);
    }
}

static enum esep_status read_plan(struct agent_duties *d, struct esep_slice bytes,
                                  struct agent_plan *ret, struct esep_reason *reason)
{
    const ProtobufCMessage *message = NULL;
    enum esep_status status =
        esep_unpack(&esep__v1__plan_change__descriptor, bytes, &d->arena, &message);
    if (status != ESEP_OK)
        return esep_because(reason, status, "mail: a plan that cannot be read");
    const Esep__V1__PlanChange *change = (const Esep__V1__PlanChange *)message;
    status =
        esep_unpack(&esep__v1__plan__descriptor, esep_slice_pb(change->plan), &d->arena, &message);
    if (status != ESEP_OK)
        return esep_because(reason, status, "mail: a plan that cannot be read");
    ret->plan = (const Esep__V1__Plan *)message;
    ret->effective = change->effective_day != 0 ? change->effective_day : ret->plan->approved_day;
    return load_zone(d, ret, reason);
}

/* Of the same plan, and not due before the change holds. */
static bool may_change(const struct agent_duty *duty, const struct agent_plan *plan)
{
    return duty->plan == NULL || (strcmp(duty->plan->plan->id, plan->plan->id) == 0 &&
                                  esep_zone_day(plan->zone, duty->due) >= plan->effective);
}

/* Whether this office may report for the body of the duty, or for who stands for it today. */
static bool is_ours(const struct agent_duties *d, const struct agent_plan *plan,
                    const struct esep_obligation *made, esep_day today)
{
    const Esep__V1__Plan *p = plan->plan;
    const char *body = p->bodies[made->body]->code;
    int now = esep_body_on(p, body, today);
    return agent_rights_on_plan(&d->rights, p->id) &&
           (agent_rights_carry(&d->rights, body) ||
            (now >= 0 && agent_rights_carry(&d->rights, p->bodies[now]->code)));
}

static enum esep_status merge(struct agent_duties *d, const struct agent_plan *plan,
                              const struct esep_obligation *made, size_t count, esep_day today)
{
    uint32_t stamp = (uint32_t)d->plan_count;
    for (size_t i = 0; i < count; i++) {
        struct agent_duty *duty = agent_duty_find(d, made[i].key);
        if (!is_ours(d, plan, &made[i], today) ||
            (duty == NULL && made[i].due_day < plan->effective) ||
            (duty != NULL && !may_change(duty, plan)))
            continue;
        if (agent_duties_slot(d, made[i].key, &duty) != ESEP_OK)
            return ESEP_NOMEM;
        duty->made = made[i];
        duty->plan = plan;
        agent_duty_set_due(duty);
        duty->dropped = false;
        duty->stamp = stamp;
    }
    ESEP_ASSERT(d->count == 0 || d->duties != NULL);
    for (size_t i = 0; i < d->count; i++) {
        struct agent_duty *duty = &d->duties[i];
        if (duty->plan != NULL && duty->stamp != stamp && may_change(duty, plan))
            duty->dropped = true;
    }
    return ESEP_OK;
}

enum esep_status agent_duties_add_plan(struct agent_duties *d, uint64_t log_index,
                                       struct esep_slice plan_change, esep_time now,
                                       struct esep_reason *reason)
{
    struct agent_plan *plan = &d->plans[d->plan_count];
    size_t count = 0;
    for (size_t i = 0; i < d->plan_count; i++)
        if (d->plans[i].log_index == log_index)
            return ESEP_OK; /* it came again, with rights that were given back */
    if (d->plan_count == AGENT_PLANS_MAX)
        return esep_because(reason, ESEP_LIMIT, "too many plans in the mailbox");
    *plan = (struct agent_plan){.log_index = log_index, .newest = true};
    enum esep_status status = read_plan(d, plan_change, plan, reason);
    if (status != ESEP_OK)
        return status;
    struct esep_obligation *made = calloc(OBLIGATIONS_MAX, sizeof *made);
    if (made == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for a plan");
    for (size_t i = 0; i < d->plan_count; i++)
        if (strcmp(d->plans[i].plan->id, plan->plan->id) == 0)
            d->plans[i].newest = false;
    d->plan_count++;
    status = esep_obligations_make(plan->plan, plan->zone, made, OBLIGATIONS_MAX, &count, reason);
    if (status == ESEP_OK)
        status = merge(d, plan, made, count, esep_zone_day(plan->zone, now));
    free(made);
    return status;
}

const char *agent_duty_action(const struct agent_duty *duty)
{
    return duty->plan != NULL && duty->made.action >= 0
               ? duty->plan->plan->actions[duty->made.action]->number
               : "-";
}

const char *agent_duty_title(const struct agent_duty *duty, const char *language)
{
    return duty->plan != NULL && duty->made.action >= 0
               ? esep_text(duty->plan->plan->actions[duty->made.action]->title, language)
               : "";
}
