/* agent/page/action.c - what an action of the plan demands, as JSON; see say.h. */
#include "agent/page/say.h"

#include <inttypes.h>

static json_t *executor_json(const struct page_say *say, const Esep__V1__Plan *plan,
                             const Esep__V1__Executor *e)
{
    const Esep__V1__Text *name = NULL;
    bool ours = agent_rights_carry(&say->d->rights, e->body);
    if (e->body[0] != 0) {
        const int body = esep_body_find(plan, e->body);
        name = body >= 0 ? plan->bodies[body]->name : NULL;
    }
    for (size_t i = 0; e->group[0] != 0 && i < plan->n_groups; i++) {
        const Esep__V1__Group *group = plan->groups[i];
        if (strcmp(group->code, e->group) != 0)
            continue;
        name = group->name;
        for (size_t j = 0; j < group->n_bodies; j++)
            ours = ours || agent_rights_carry(&say->d->rights, group->bodies[j]);
    }
    static const Esep__V1__Text none = ESEP__V1__TEXT__INIT;
    return json_pack("{s:o, s:o, s:o, s:s, s:b, s:b}", "body", page_json_string(e->body), "group",
                     page_json_string(e->group), "name",
                     page_json_text(name != NULL ? name : &none), "role",
                     e->role == ESEP__V1__ROLE__ROLE_LEAD ? "lead" : "co_executor",
                     "upon_agreement", (int)e->upon_agreement, "is_us", (int)ours);
}

static json_t *money_json(const Esep__V1__PlannedMoney *m)
{
    char amount[40];
    const bool figure = !m->within_allotted;
    (void)snprintf(amount, sizeof amount, "%" PRId64 ",%02d", m->amount_tiyn / 100,
                   (int)(m->amount_tiyn % 100));
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:b}", "year",
                     m->year != 0 ? json_integer(m->year) : json_null(), "source", m->source,
                     "programme", m->programme, "amount_tiyn",
                     figure ? json_integer((json_int_t)m->amount_tiyn) : json_null(), "amount",
                     figure ? json_string(amount) : json_null(), "within_allotted",
                     (int)m->within_allotted);
}

static const char *financing_name(Esep__V1__Financing financing)
{
    static const char *const names[] = {"unspecified", "none_required", "within_allotted", "budget",
                                        "external"};
    return (size_t)financing < sizeof names / sizeof *names ? names[financing] : names[0];
}

json_t *page_json_action(const struct page_say *say, const struct agent_duty *duty)
{
    if (duty->plan == NULL || duty->made.action < 0)
        return json_null();
    static const Esep__V1__Text none = ESEP__V1__TEXT__INIT;
    const Esep__V1__Plan *plan = duty->plan->plan;
    const Esep__V1__Action *action = plan->actions[duty->made.action];
    json_t *executors = json_array();
    json_t *money = json_array();
    json_t *windows = json_array();
    for (size_t i = 0; i < action->n_windows; i++)
        (void)json_array_append_new(
            windows, json_pack("{s:o, s:o}", "start", page_json_day(action->windows[i]->start_day),
                               "end", page_json_day(action->windows[i]->end_day)));
    for (size_t i = 0; i < action->n_executors; i++)
        (void)json_array_append_new(executors, executor_json(say, plan, action->executors[i]));
    for (size_t i = 0; i < action->n_money; i++)
        (void)json_array_append_new(money, money_json(action->money[i]));
    return json_pack("{s:s, s:o, s:s, s:o, s:s, s:o, s:s, s:o, s:o}", "number", action->number,
                     "title", page_json_text(action->title != NULL ? action->title : &none), "text",
                     action->text, "completion",
                     page_json_text(action->completion != NULL ? action->completion : &none),
                     "period", action->period, "windows", windows, "financing",
                     financing_name(action->financing), "executors", executors, "money", money);
}
