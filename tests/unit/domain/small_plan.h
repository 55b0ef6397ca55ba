/* tests/unit/domain/small_plan.h - a plan built in C, to take apart and spoil in a test.
 *
 * Two years, 2012 and 2013; ministry a (the secretariat), ministry b, prosecutor p (upon
 * agreement), akimats n and s, district d under n; the group akimats (n, s) and the open group
 * interested.
 *
 *   1  a lead, b                      4th quarter of 2012
 *   2  p, a, akimats                  both years, a window each
 *   3  has parts
 *   3.1  b, akimats, and n by itself   1st half of 2013
 *   3.2  a, interested                1st half of 2013
 *
 * Everything lies in one static struct: small_plan() makes it anew.
 */
#ifndef ESEP_TEST_SMALL_PLAN_H
#define ESEP_TEST_SMALL_PLAN_H

#include "domain/obligation.h"
#include "tests/unit/base/fixture.h"

enum { A, B, P, N, S, D, BODIES };

static struct {
    Esep__V1__Plan plan;
    Esep__V1__Rules rules;
    Esep__V1__Body bodies[BODIES];
    Esep__V1__Body *body_list[BODIES];
    Esep__V1__Group groups[2];
    Esep__V1__Group *group_list[2];
    char *members[4];
    Esep__V1__Action actions[5];
    Esep__V1__Action *action_list[5];
    Esep__V1__Executor executors[16];
    Esep__V1__Executor *executor_list[16];
    size_t executor_count;
    Esep__V1__Window windows[5];
    Esep__V1__Window *window_list[5];
    char *annual_groups[1];
    char *regional_groups[1];
} small;

/* Protobuf's strings are not const, and nothing here writes them. */
static inline char *str(const char *text)
{
    char *ret;
    memcpy(&ret, &text, sizeof ret);
    return ret;
}

static inline esep_day day(const char *text)
{
    esep_day ret;
    assert_int_equal(esep_day_parse(text, &ret), ESEP_OK);
    return ret;
}

/* The next executor of an action: a code, "@group", with '!' behind it the lead's. */
static inline void small_executor(Esep__V1__Action *action, const char *code)
{
    Esep__V1__Executor *executor = &small.executors[small.executor_count];
    esep__v1__executor__init(executor);
    if (code[0] == '@') {
        executor->group = str(code + 1);
    } else {
        executor->body = str(code);
    }
    executor->role = ESEP__V1__ROLE__ROLE_CO_EXECUTOR;
    small.executor_list[small.executor_count] = executor;
    if (action->n_executors == 0) {
        action->executors = &small.executor_list[small.executor_count];
    }
    action->n_executors++;
    small.executor_count++;
}

static inline void small_action(int i, const char *number, const char *const *codes,
                                int first_window, size_t windows)
{
    Esep__V1__Action *action = &small.actions[i];
    esep__v1__action__init(action);
    action->number = str(number);
    for (; *codes != NULL; codes++) {
        small_executor(action, *codes);
    }
    action->windows = &small.window_list[first_window];
    action->n_windows = windows;
    small.action_list[i] = action;
}

static inline void small_window(int i, const char *start, const char *end)
{
    esep__v1__window__init(&small.windows[i]);
    small.windows[i].start_day = day(start);
    small.windows[i].end_day = day(end);
    small.window_list[i] = &small.windows[i];
}

static inline void small_bodies(void)
{
    static const char *const codes[BODIES] = {"a", "b", "p", "n", "s", "d"};
    for (int i = 0; i < BODIES; i++) {
        esep__v1__body__init(&small.bodies[i]);
        small.bodies[i].code = str(codes[i]);
        small.body_list[i] = &small.bodies[i];
    }
    small.bodies[P].upon_agreement = 1;
    small.bodies[D].parent = str("n");
    esep__v1__group__init(&small.groups[0]);
    small.groups[0].code = str("akimats");
    small.members[0] = str("s"); /* not in the order of the plan */
    small.members[1] = str("n");
    small.groups[0].bodies = small.members;
    small.groups[0].n_bodies = 2;
    esep__v1__group__init(&small.groups[1]);
    small.groups[1].code = str("interested");
    small.groups[1].open = 1;
    small.group_list[0] = &small.groups[0];
    small.group_list[1] = &small.groups[1];
}

static inline Esep__V1__Plan *small_plan(void)
{
    memset(&small, 0, sizeof small);
    small_bodies();
    small_window(0, "2012-10-01", "2012-12-31");
    small_window(1, "2012-01-01", "2012-12-31");
    small_window(2, "2013-01-01", "2013-12-31");
    small_window(3, "2013-01-01", "2013-06-30");
    small_action(0, "1", (const char *const[]){"a", "b", NULL}, 0, 1);
    small_action(1, "2", (const char *const[]){"p", "a", "@akimats", NULL}, 1, 2);
    small_action(2, "3", (const char *const[]){NULL}, 3, 1);
    small_action(3, "3.1", (const char *const[]){"b", "@akimats", "n", NULL}, 3, 1);
    small_action(4, "3.2", (const char *const[]){"a", "@interested", NULL}, 3, 1);
    small.actions[0].executors[0]->role = ESEP__V1__ROLE__ROLE_LEAD;
    small.actions[2].has_parts = 1;
    small.actions[3].parent = small.actions[4].parent = str("3");

    esep__v1__rules__init(&small.rules);
    small.rules.annual_month = 1;
    small.rules.annual_day = 20;
    small.rules.consolidated_month = 2;
    small.rules.consolidated_day = 10;
    small.rules.regional_plan_months = 1;
    small.rules.working_day = ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_NONE;
    small.annual_groups[0] = str("*");
    small.rules.annual_groups = small.annual_groups;
    small.rules.n_annual_groups = 1;
    small.regional_groups[0] = str("akimats");
    small.rules.regional_plan_groups = small.regional_groups;
    small.rules.n_regional_plan_groups = 1;

    esep__v1__plan__init(&small.plan);
    small.plan.id = str("small");
    small.plan.revision = 1;
    small.plan.first_year = 2012;
    small.plan.last_year = 2013;
    small.plan.approved_day = day("2012-10-24");
    small.plan.secretariat = str("a");
    small.plan.bodies = small.body_list;
    small.plan.n_bodies = BODIES;
    small.plan.groups = small.group_list;
    small.plan.n_groups = 2;
    small.plan.actions = small.action_list;
    small.plan.n_actions = 5;
    small.plan.rules = &small.rules;
    return &small.plan;
}

#endif
