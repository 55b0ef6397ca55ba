/* collector/views_mail.c - who is told: the offices' mailboxes.
 *
 * An item is a log index under the next number of an office. It is made where something concerns
 * the office (docs/protocol.md, Mailbox); a report that was simply taken is told by its receipt.
 * Only active offices get mail; one that becomes active gets the current plans.
 */
#include "collector/views_state.h"

void views_mail(struct views *v, struct views_office_slot *slot, uint64_t index)
{
    views_put_mail(v, slot->pub.office, ++slot->pub.mail_last, index);
    views_mark_office(v, slot);
}

void views_mail_body(struct views *v, const char *body, uint64_t index)
{
    for (uint32_t i = 0; i < v->office_count; i++) {
        struct views_office_slot *slot = &v->offices[i];
        if (slot->pub.state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE &&
            strcmp(slot->pub.body, body) == 0)
            views_mail(v, slot, index);
    }
}

/* To the body that owes it, and to who has taken over. */
void views_mail_duty(struct views *v, const struct views_duty *duty, uint64_t index, esep_time at)
{
    const char *body = views_duty_body(v, duty);
    const char *owner = views_owner(v, &duty->pub, at);
    if (body == NULL)
        return;
    views_mail_body(v, body, index);
    if (strcmp(owner, body) != 0)
        views_mail_body(v, owner, index);
}

static const char *action_number(const struct views *v, const struct views_duty *duty)
{
    const Esep__V1__Plan *plan = views_plan(v, duty->pub.plan_no);
    const int action = duty->pub.made.action;
    return plan != NULL && action >= 0 && (size_t)action < plan->n_actions
               ? plan->actions[action]->number
               : NULL;
}

static bool leads(const struct views *v, const struct views_duty *lead,
                  const struct views_duty *duty)
{
    const char *a = action_number(v, lead);
    const char *b = action_number(v, duty);
    return !lead->pub.dropped && lead->pub.made.role == ESEP__V1__ROLE__ROLE_LEAD &&
           lead->pub.made.kind == duty->pub.made.kind &&
           lead->pub.made.window.start == duty->pub.made.window.start &&
           lead->pub.made.window.end == duty->pub.made.window.end &&
           v->plans[lead->pub.plan_no].latest == v->plans[duty->pub.plan_no].latest && a != NULL &&
           b != NULL && strcmp(a, b) == 0;
}

/* An accepted report of a co-executor flows to whoever leads the action in that window. */
void views_mail_leads(struct views *v, const struct views_duty *duty, uint64_t index, esep_time at)
{
    if (duty->pub.made.kind != ESEP_OBLIGATION_FULFILMENT ||
        duty->pub.made.role == ESEP__V1__ROLE__ROLE_LEAD)
        return;
    for (uint32_t i = 0; i < v->duty_count; i++) {
        if (leads(v, &v->duties[i], duty))
            views_mail_body(v, views_owner(v, &v->duties[i].pub, at), index);
    }
}

void views_mail_plan(struct views *v, uint32_t plan_no)
{
    const struct views_plan_slot *plan = &v->plans[plan_no];
    for (uint32_t i = 0; i < v->office_count; i++) {
        struct views_office_slot *slot = &v->offices[i];
        if (slot->pub.state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE &&
            esep_body_find(plan->plan, slot->pub.body) >= 0)
            views_mail(v, slot, plan->index);
    }
}

void views_mail_plans_to(struct views *v, struct views_office_slot *slot)
{
    for (uint32_t i = 0; i < v->plan_count; i++) {
        const struct views_plan_slot *plan = &v->plans[i];
        if (plan->latest == i && plan->plan != NULL &&
            esep_body_find(plan->plan, slot->pub.body) >= 0)
            views_mail(v, slot, plan->index);
    }
}
