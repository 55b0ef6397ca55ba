/* collector/views_mail.c - who is told: the offices' mailboxes.
 *
 * An item is a log index under the next number of an office. It is made where something concerns
 * the office (docs/protocol.md, Mailbox); a report that was simply taken is told by its receipt.
 * Only active offices get mail; one that becomes active gets the current plans, and what its body's
 * co-executors have had accepted already.
 */
#include "collector/views_state.h"

#include <stdlib.h>

void views_mail(struct views *v, struct views_office_slot *slot, uint64_t index)
{
    views_put_mail(v, slot->pub.office, ++slot->pub.mail_last, index);
    views_mark_office(v, slot);
}

static bool is_active(const struct views_office_slot *slot)
{
    return slot->pub.state == ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE;
}

void views_mail_body(struct views *v, const char *plan_id, const char *body, uint64_t index)
{
    for (uint32_t i = 0; i < v->office_count; i++) {
        struct views_office_slot *slot = &v->offices[i];
        if (is_active(slot) && views_office_may(&slot->pub, plan_id, body))
            views_mail(v, slot, index);
    }
}

/* Its body, or who has taken over from it, is one that the office may report for. */
bool views_duty_concerns(const struct views *v, const struct views_duty *duty,
                         const struct views_office *office, esep_time at)
{
    const Esep__V1__Plan *plan = views_plan(v, duty->pub.plan_no);
    const char *body = views_duty_body(v, duty);
    return body != NULL && views_office_on_plan(office, plan->id) &&
           (views_office_carries(office, body) ||
            views_office_carries(office, views_owner(v, &duty->pub, at)));
}

void views_mail_duty(struct views *v, const struct views_duty *duty, uint64_t index, esep_time at)
{
    for (uint32_t i = 0; i < v->office_count; i++) {
        struct views_office_slot *slot = &v->offices[i];
        if (is_active(slot) && views_duty_concerns(v, duty, &slot->pub, at))
            views_mail(v, slot, index);
    }
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

/* Whether the office may report for who leads the action of this duty, in its window. */
static bool has_lead_of(const struct views *v, const struct views_duty *duty,
                        const struct views_office *office, esep_time at)
{
    if (!views_office_on_plan(office, views_plan(v, duty->pub.plan_no)->id))
        return false;
    for (uint32_t i = 0; i < v->duty_count; i++)
        if (leads(v, &v->duties[i], duty) &&
            views_office_carries(office, views_owner(v, &v->duties[i].pub, at)))
            return true;
    return false;
}

/* An accepted report of a co-executor flows to whoever leads the action in that window; once, and
 * though the same office should have written it: the lead's report cites what the mail has. */
void views_mail_leads(struct views *v, const struct views_duty *duty, uint64_t index, esep_time at)
{
    if (duty->pub.made.kind != ESEP_OBLIGATION_FULFILMENT ||
        duty->pub.made.role == ESEP__V1__ROLE__ROLE_LEAD)
        return;
    for (uint32_t i = 0; i < v->office_count; i++) {
        struct views_office_slot *slot = &v->offices[i];
        if (is_active(slot) && has_lead_of(v, duty, &slot->pub, at))
            views_mail(v, slot, index);
    }
}

/* It may report on the plan, and for a body that stands there. */
static bool plan_concerns(const struct views_plan_slot *plan, const struct views_office *office)
{
    const char *body = NULL;
    if (plan->plan == NULL || !views_office_on_plan(office, plan->plan->id))
        return false;
    for (uint32_t i = 0; (body = views_office_body(office, i)) != NULL; i++)
        if (esep_body_find(plan->plan, body) >= 0)
            return true;
    return false;
}

void views_mail_plan(struct views *v, uint32_t plan_no)
{
    const struct views_plan_slot *plan = &v->plans[plan_no];
    for (uint32_t i = 0; i < v->office_count; i++) {
        struct views_office_slot *slot = &v->offices[i];
        if (is_active(slot) && plan_concerns(plan, &slot->pub))
            views_mail(v, slot, plan->index);
    }
}

void views_mail_plans_to(struct views *v, struct views_office_slot *slot)
{
    for (uint32_t i = 0; i < v->plan_count; i++)
        if (v->plans[i].latest == i && plan_concerns(&v->plans[i], &slot->pub))
            views_mail(v, slot, v->plans[i].index);
}

static bool is_accepted(const struct views_head *head)
{
    return head->submission == ESEP_SUBMISSION_ACCEPTED;
}

/* The next accepted report of an obligation after that entry of the log; NULL: none. */
static const struct views_head *accepted_after(const struct views_duty *duty, uint64_t index)
{
    const struct views_head *next = NULL;
    for (uint32_t i = 0; i < duty->pub.listed; i++) {
        const struct views_head *head = &duty->pub.heads[i];
        if (is_accepted(head) && head->index > index && (next == NULL || head->index < next->index))
            next = head;
    }
    return next;
}

static int by_first(const void *left, const void *right)
{
    const esep_time a = ((const struct views_candidate *)left)->due;
    const esep_time b = ((const struct views_candidate *)right)->due;
    return a < b ? -1 : a > b;
}

/* In the order of each obligation's first; conflicts and all, since each can be cited. Not what it
 * had before (NULL: nothing). */
static void mail_accepted(struct views *v, struct views_office_slot *slot,
                          const struct views_office *before, esep_time at)
{
    size_t count = 0;
    for (uint32_t i = 0; i < v->duty_count; i++) {
        const struct views_duty *duty = &v->duties[i];
        const struct views_head *first = accepted_after(duty, 0);
        if (first != NULL && duty->pub.made.kind == ESEP_OBLIGATION_FULFILMENT &&
            duty->pub.made.role != ESEP__V1__ROLE__ROLE_LEAD &&
            has_lead_of(v, duty, &slot->pub, at) &&
            (before == NULL || !has_lead_of(v, duty, before, at)))
            v->candidates[count++] =
                (struct views_candidate){.duty = i, .due = (esep_time)first->index};
    }
    qsort(v->candidates, count, sizeof *v->candidates, by_first);
    for (size_t i = 0; i < count; i++) {
        const struct views_duty *duty = &v->duties[v->candidates[i].duty];
        const struct views_head *head = NULL;
        for (uint64_t index = 0; (head = accepted_after(duty, index)) != NULL;) {
            index = head->index;
            if (views_duty_concerns(v, duty, &slot->pub, at)) /* as when it was accepted */
                views_mail(v, slot, head->review_index);
            views_mail(v, slot, index);
        }
    }
}

void views_mail_accepted_to(struct views *v, struct views_office_slot *slot, esep_time at)
{
    mail_accepted(v, slot, NULL, at);
}

/* The newest of each kind that still counts. */
static void mail_decisions(struct views *v, struct views_office_slot *slot,
                           const struct views_duty *duty)
{
    if (duty->pub.extension_index != 0)
        views_mail(v, slot, duty->pub.extension_index);
    if (duty->pub.control_index > duty->pub.extension_index)
        views_mail(v, slot, duty->pub.control_index);
}

void views_mail_rights_to(struct views *v, struct views_office_slot *slot,
                          const struct views_office *before, esep_time at)
{
    for (uint32_t i = 0; i < v->plan_count; i++) {
        const struct views_plan_slot *plan = &v->plans[i];
        if (plan->latest == i && plan_concerns(plan, &slot->pub) && !plan_concerns(plan, before))
            views_mail(v, slot, plan->index);
    }
    size_t count = 0;
    for (uint32_t i = 0; i < v->duty_count; i++) {
        const struct views_duty *duty = &v->duties[i];
        const uint64_t first =
            duty->pub.extension_index != 0 ? duty->pub.extension_index : duty->pub.control_index;
        if (first != 0 && views_duty_concerns(v, duty, &slot->pub, at) &&
            !views_duty_concerns(v, duty, before, at))
            v->candidates[count++] = (struct views_candidate){.duty = i, .due = (esep_time)first};
    }
    qsort(v->candidates, count, sizeof *v->candidates, by_first);
    for (size_t i = 0; i < count; i++)
        mail_decisions(v, slot, &v->duties[v->candidates[i].duty]);
    mail_accepted(v, slot, before, at);
}

/* Of the obligation's reports at hand the next one of this office, by its place in the log. */
static const struct views_head *own_after(const struct views_duty *duty, uint32_t office,
                                          uint64_t index)
{
    const struct views_head *next = NULL;
    for (uint32_t i = 0; i < duty->pub.listed + duty->past_count; i++) {
        const struct views_head *head =
            i < duty->pub.listed ? &duty->pub.heads[i] : &duty->past[i - duty->pub.listed];
        if (head->office == office && head->index > index &&
            (next == NULL || head->index < next->index))
            next = head;
    }
    return next;
}

/* Its journal is lost, its mailbox is not: what comes again there changes nothing. Of reports that
 * were superseded those go along that a withdrawal could bring back; the rest is in the log. */
void views_mail_own_to(struct views *v, struct views_office_slot *slot)
{
    for (uint32_t i = 0; i < v->duty_count; i++) {
        const struct views_duty *duty = &v->duties[i];
        const char *body = views_duty_body(v, duty);
        const Esep__V1__Plan *plan = views_plan(v, duty->pub.plan_no);
        const struct views_head *head = NULL;
        uint64_t index = 0;
        while ((head = own_after(duty, slot->pub.office, index)) != NULL) {
            index = head->index;
            views_mail(v, slot, index);
            if (head->review_index != 0)
                views_mail(v, slot, head->review_index);
        }
        if (body != NULL && views_office_may(&slot->pub, plan->id, body))
            mail_decisions(v, slot, duty);
    }
}
