/* collector/views_plan.c - plans and their changes, and who answers for an obligation.
 *
 * Each PLAN entry is a plan number of its own and stays in memory: an obligation is read by the
 * plan that made it. A change holds from its effective day. What was due before that day stays as
 * it was made; of the rest, what the new plan also asks for is made anew under the same number
 * (reports, dates of receipt and extensions stay), what it does not ask for is dropped, and what is
 * new is added. A change asks for nothing that would have been due before it holds. Where a body
 * passes to a successor, each obligation that has reports stays, under its old name, and the
 * successor answers for it; the new plan's one for the successor is then not made beside it. What
 * the successor owes already, it goes on to owe.
 *
 * "Due" here counts extensions: a duty extended beyond the day is still open, and may change.
 */
#include "collector/views_state.h"

void views_plan_relate(struct views *v)
{
    for (uint32_t i = 0; i < v->plan_count; i++) {
        v->plans[i].latest = i;
        for (uint32_t j = i + 1; j < v->plan_count; j++) {
            if (v->plans[i].plan != NULL && v->plans[j].plan != NULL &&
                strcmp(v->plans[i].plan->id, v->plans[j].plan->id) == 0)
                v->plans[i].latest = j;
        }
    }
}

const struct views_plan_slot *views_current_plan(const struct views *v, uint32_t plan_no)
{
    return &v->plans[v->plans[plan_no].latest];
}

const char *views_duty_body(const struct views *v, const struct views_duty *duty)
{
    const Esep__V1__Plan *plan = views_plan(v, duty->pub.plan_no);
    const int body = duty->pub.made.body;
    return plan != NULL && body >= 0 && (size_t)body < plan->n_bodies ? plan->bodies[body]->code
                                                                      : NULL;
}

const char *views_owner(const struct views *v, const struct views_obligation *o, esep_time at)
{
    const char *code = views_duty_body(v, &v->duties[o->number]);
    if (code == NULL)
        return "";
    const struct views_plan_slot *current = views_current_plan(v, o->plan_no);
    const int body = esep_body_on(current->plan, code, esep_zone_day(current->zone, at));
    return body >= 0 ? current->plan->bodies[body]->code : code;
}

/* The later of the two: an extension never shortens. */
void views_duty_due(const struct views *v, struct views_duty *duty)
{
    struct views_obligation *o = &duty->pub;
    o->due = o->made.due;
    if (o->extended_to == ESEP_DAY_NONE)
        return;
    const esep_time extended =
        esep_zone_instant(v->plans[o->plan_no].zone, o->extended_to, 23, 59, 59);
    if (extended > o->due)
        o->due = extended;
}

enum esep_timeliness views_timeliness(const struct views *v, const struct views_obligation *o,
                                      esep_time now)
{
    const struct views_plan_slot *slot = &v->plans[o->plan_no];
    const unsigned soon = slot->alert_day_count > 0 ? slot->alert_days[0] : 0;
    return esep_timeliness(o->due, views_came(v, o), now, soon);
}

static void read_alert_days(struct views_plan_slot *slot)
{
    const Esep__V1__Rules *rules = slot->plan->rules;
    slot->alert_day_count = 0;
    for (size_t i = 0; i < rules->n_alert_days && i < VIEWS_ALERT_DAYS_MAX; i++) {
        size_t at = slot->alert_day_count++;
        for (; at > 0 && slot->alert_days[at - 1] < rules->alert_days[i]; at--)
            slot->alert_days[at] = slot->alert_days[at - 1];
        slot->alert_days[at] = rules->alert_days[i];
    }
}

/* Reads a PlanChange into a slot; the plan lives in the plan arena, which is as before on failure.
 */
static enum esep_status read_plan(struct views *v, const struct views_entry *entry,
                                  struct views_plan_slot *slot)
{
    const ProtobufCMessage *message = NULL;
    const size_t used = v->plan_arena.used_bytes;
    enum esep_status status = views_message(v, entry, &esep__v1__plan_change__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__PlanChange *change = (const Esep__V1__PlanChange *)message;
    const int32_t effective = change->effective_day;
    status = esep_unpack(&esep__v1__plan__descriptor, esep_slice_pb(change->plan), &v->plan_arena,
                         &message);
    if (status != ESEP_OK) {
        v->plan_arena.used_bytes = used;
        return esep_because(entry->reason, status, "log index %llu: %s",
                            (unsigned long long)entry->index,
                            status == ESEP_LIMIT ? "no room for another plan" : "no plan");
    }
    const Esep__V1__Plan *plan = (const Esep__V1__Plan *)message;
    *slot = (struct views_plan_slot){
        .index = entry->index,
        .effective = effective != 0 ? effective : plan->approved_day,
        .plan = plan,
        .zone = v->zone(v->zone_context, plan->zone),
    };
    if (slot->zone == NULL || plan->rules == NULL) {
        v->plan_arena.used_bytes = used;
        return esep_because(entry->reason, ESEP_INVALID, "plan %s: its zone %s is not known",
                            plan->id, plan->zone);
    }
    read_alert_days(slot);
    return ESEP_OK;
}

/* Whether the new plan may touch it: it is of the same plan, and not due before the day. */
static bool may_change(const struct views *v, const struct views_duty *duty,
                       const struct views_plan_slot *slot)
{
    const Esep__V1__Plan *plan = v->plans[duty->pub.plan_no].plan;
    return plan != NULL && strcmp(plan->id, slot->plan->id) == 0 &&
           esep_zone_day(slot->zone, duty->pub.due) >= slot->effective;
}

static void add_duty(struct views *v, const struct esep_obligation *made)
{
    struct views_duty *duty = &v->duties[v->duty_count];
    *duty = (struct views_duty){.pub = {.number = v->duty_count,
                                        .made = *made,
                                        .plan_no = v->plan_count - 1,
                                        .extended_to = ESEP_DAY_NONE,
                                        .again_by = ESEP_DAY_NONE,
                                        .percent = -1}};
    views_index_duty(v, v->duty_count++);
    duty->stamp = v->plan_count;
    views_duty_due(v, duty);
    views_mark_duty(v, duty);
}

static void change_duty(struct views *v, struct views_duty *duty,
                        const struct esep_obligation *made)
{
    duty->pub.made = *made;
    duty->pub.plan_no = v->plan_count - 1;
    duty->pub.dropped = false;
    duty->stamp = v->plan_count;
    views_duty_due(v, duty);
    views_mark_duty(v, duty);
}

static const char *number_of(const Esep__V1__Plan *plan, int action)
{
    return action >= 0 && (size_t)action < plan->n_actions ? plan->actions[action]->number : "-";
}

/* Whether `made` is what the new plan asks for in the place of this obligation: the same, of the
 * body that succeeds its own by the day it is due. */
static bool passes_to(const struct views *v, const struct views_plan_slot *slot,
                      const struct views_duty *duty, const struct esep_obligation *made)
{
    const struct esep_obligation *old = &duty->pub.made;
    if (old->kind != made->kind || old->window.start != made->window.start ||
        old->window.end != made->window.end)
        return false;
    const char *body = views_duty_body(v, duty);
    return body != NULL && strcmp(body, slot->plan->bodies[made->body]->code) != 0 &&
           esep_body_on(slot->plan, body, made->due_day) == made->body &&
           strcmp(number_of(v->plans[duty->pub.plan_no].plan, old->action),
                  number_of(slot->plan, made->action)) == 0;
}

/* What the new plan asks of the successor instead; NULL. Only bodies that end are looked at, so a
 * change costs what it changes. */
static const struct esep_obligation *asked_instead(const struct views *v,
                                                   const struct views_plan_slot *slot,
                                                   const struct views_duty *duty, size_t made_count)
{
    const char *body = views_duty_body(v, duty);
    const int place = body == NULL ? -1 : esep_body_find(slot->plan, body);
    if (place < 0 || slot->plan->bodies[place]->valid_to_day == 0)
        return NULL;
    for (size_t i = 0; i < made_count; i++) {
        if (passes_to(v, slot, duty, &v->made[i]))
            return &v->made[i];
    }
    return NULL;
}

static bool is_open(const struct views *v, const struct views_duty *duty,
                    const struct views_plan_slot *slot)
{
    return !duty->pub.dropped && may_change(v, duty, slot);
}

/* What has reports stays under its old name, each of several and beside what the successor owes
 * itself. */
static void keep_begun(struct views *v, const struct views_plan_slot *slot, size_t made_count)
{
    for (uint32_t i = 0; i < v->duty_count; i++) {
        struct views_duty *duty = &v->duties[i];
        if (duty->pub.head_count > 0 && is_open(v, duty, slot) &&
            asked_instead(v, slot, duty, made_count) != NULL)
            duty->stamp = v->plan_count;
    }
}

/* Whether one that was kept stands for it. */
static bool begun(const struct views *v, const struct views_plan_slot *slot,
                  const struct esep_obligation *made, uint32_t before)
{
    for (uint32_t i = 0; i < before; i++) {
        if (v->duties[i].stamp == v->plan_count && passes_to(v, slot, &v->duties[i], made))
            return true;
    }
    return false;
}

static void make_duty(struct views *v, const struct views_plan_slot *slot,
                      const struct esep_obligation *made, uint32_t before)
{
    struct views_duty *duty = views_duty_by_key(v, made->key);
    if ((duty == NULL || duty->pub.dropped) && begun(v, slot, made, before))
        return; /* nothing is asked for twice */
    if (duty == NULL && made->due_day >= slot->effective)
        add_duty(v, made);
    else if (duty != NULL && may_change(v, duty, slot))
        change_duty(v, duty, made);
}

/* What the plan no longer asks for. An extended one whose successor's would have been due before
 * the change, and so is not made, stays: handing over loses nothing that is open. */
static bool is_over(const struct views *v, const struct views_plan_slot *slot,
                    const struct views_duty *duty, size_t made_count)
{
    if (duty->stamp == v->plan_count || !is_open(v, duty, slot))
        return false;
    const struct esep_obligation *made = asked_instead(v, slot, duty, made_count);
    if (made == NULL || made->due_day >= slot->effective)
        return true;
    const struct views_duty *other = views_duty_by_key(v, made->key);
    return other != NULL && other->stamp == v->plan_count;
}

static void merge_plan(struct views *v, const struct views_plan_slot *slot, size_t made_count)
{
    const uint32_t before = v->duty_count;

    keep_begun(v, slot, made_count);
    for (size_t i = 0; i < made_count; i++)
        make_duty(v, slot, &v->made[i], before);
    for (uint32_t i = 0; i < before; i++) {
        if (is_over(v, slot, &v->duties[i], made_count)) {
            v->duties[i].pub.dropped = true;
            views_mark_duty(v, &v->duties[i]);
        }
    }
}

static size_t count_new(const struct views *v, esep_day effective, size_t made_count)
{
    size_t added = 0;
    for (size_t i = 0; i < made_count; i++)
        added += v->made[i].due_day >= effective && views_duty_by_key(v, v->made[i].key) == NULL;
    return added;
}

enum esep_status views_apply_plan(struct views *v, const struct views_entry *entry)
{
    struct views_plan_slot slot = {.plan = NULL};
    size_t made_count = 0;
    const size_t used = v->plan_arena.used_bytes;

    if (v->plan_count == v->limits.plans_max)
        return esep_because(entry->reason, ESEP_LIMIT, "no room for more than %lu plans",
                            (unsigned long)v->limits.plans_max);
    enum esep_status status = read_plan(v, entry, &slot);
    if (status != ESEP_OK)
        return status;
    status = esep_obligations_make(slot.plan, slot.zone, v->made, v->limits.obligations_max,
                                   &made_count, entry->reason);
    if (status == ESEP_OK &&
        count_new(v, slot.effective, made_count) > v->limits.obligations_max - v->duty_count)
        status = esep_because(entry->reason, ESEP_LIMIT, "no room for more than %lu obligations",
                              (unsigned long)v->limits.obligations_max);
    if (status != ESEP_OK) {
        v->plan_arena.used_bytes = used;
        return status;
    }
    v->plans[v->plan_count++] = slot;
    views_plan_relate(v);
    merge_plan(v, &slot, made_count);
    views_put_plan(v, v->plan_count - 1);
    views_mail_plan(v, v->plan_count - 1);
    return ESEP_OK;
}

enum esep_status views_load_plan(struct views *v, uint64_t index, struct esep_slice body,
                                 struct esep_reason *reason)
{
    const struct views_entry entry = {.index = index, .body = body, .reason = reason};
    for (uint32_t i = 0; i < v->plan_count; i++) {
        if (v->plans[i].index != index || v->plans[i].plan != NULL)
            continue;
        struct views_plan_slot slot;
        const enum esep_status status = read_plan(v, &entry, &slot);
        if (status != ESEP_OK)
            return status;
        v->plans[i] = slot;
        views_plan_relate(v);
        return ESEP_OK;
    }
    return esep_because(reason, ESEP_CORRUPT, "log index %llu is no plan of the views",
                        (unsigned long long)index);
}
