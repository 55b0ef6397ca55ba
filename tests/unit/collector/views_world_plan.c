/* tests/unit/collector/views_world_plan.c - the small plan of views_world.h, as data. */
#include "views_world.h"

esep_day world_day(const char *text)
{
    esep_day out = 0;
    assert_int_equal(esep_day_parse(text, &out), ESEP_OK);
    return out;
}

/* The plan is plain data; protobuf-c's strings are not const, and packing does not write. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

struct plan_data {
    Esep__V1__Plan plan;
    Esep__V1__Rules rules;
    Esep__V1__Body bodies[4], *body_list[4];
    Esep__V1__Executor executors[5], *executor_lists[2][3];
    Esep__V1__Window windows[3], *window_lists[2][2];
    Esep__V1__Action actions[2], *action_list[2];
    uint32_t alert_days[5];
    char *everybody[1];
};

static void make_bodies(struct plan_data *d)
{
    static const char *const codes[] = {"moj", "moh", "akmola", "court"};
    for (size_t i = 0; i < 4; i++) {
        esep__v1__body__init(&d->bodies[i]);
        d->bodies[i].code = text(codes[i]);
        d->bodies[i].kind = i == 2 ? ESEP__V1__BODY_KIND__BODY_KIND_AKIMAT
                                   : ESEP__V1__BODY_KIND__BODY_KIND_MINISTRY;
        d->body_list[i] = &d->bodies[i];
    }
    d->bodies[3].upon_agreement = true;
    d->plan.bodies = d->body_list;
    d->plan.n_bodies = 4;
}

static void make_actions(struct plan_data *d)
{
    static const struct {
        const char *body;
        Esep__V1__Role role;
    } executors[] = {
        {"moj", ESEP__V1__ROLE__ROLE_LEAD},           {"moh", ESEP__V1__ROLE__ROLE_CO_EXECUTOR},
        {"akmola", ESEP__V1__ROLE__ROLE_CO_EXECUTOR}, {"akmola", ESEP__V1__ROLE__ROLE_LEAD},
        {"court", ESEP__V1__ROLE__ROLE_CO_EXECUTOR},
    };
    static const char *const windows[][2] = {
        {"2013-01-01", "2013-06-30"}, {"2013-01-01", "2013-03-31"}, {"2014-01-01", "2014-03-31"}};
    for (size_t i = 0; i < 5; i++) {
        esep__v1__executor__init(&d->executors[i]);
        d->executors[i].body = text(executors[i].body);
        d->executors[i].role = executors[i].role;
        d->executor_lists[i < 3 ? 0 : 1][i < 3 ? i : i - 3] = &d->executors[i];
    }
    for (size_t i = 0; i < 3; i++) {
        esep__v1__window__init(&d->windows[i]);
        d->windows[i].start_day = world_day(windows[i][0]);
        d->windows[i].end_day = world_day(windows[i][1]);
        d->window_lists[i < 1 ? 0 : 1][i < 1 ? 0 : i - 1] = &d->windows[i];
    }
    for (size_t i = 0; i < 2; i++) {
        esep__v1__action__init(&d->actions[i]);
        d->actions[i].number = text(i == 0 ? "1" : "2");
        d->actions[i].executors = d->executor_lists[i];
        d->actions[i].n_executors = i == 0 ? 3 : 2;
        d->actions[i].windows = d->window_lists[i];
        d->actions[i].n_windows = i == 0 ? 1 : 2;
        d->action_list[i] = &d->actions[i];
    }
    d->plan.actions = d->action_list;
    d->plan.n_actions = 2;
}

static void make_rules(struct plan_data *d)
{
    static const uint32_t days[] = {30, 14, 7, 3, 1};
    esep__v1__rules__init(&d->rules);
    memcpy(d->alert_days, days, sizeof(days));
    d->everybody[0] = text("*");
    d->rules.annual_month = 1;
    d->rules.annual_day = 20;
    d->rules.consolidated_month = 2;
    d->rules.consolidated_day = 10;
    d->rules.working_day = ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_NONE;
    d->rules.commitment_grace_days = 3;
    d->rules.alert_days = d->alert_days;
    d->rules.n_alert_days = 5;
    d->rules.overdue_repeat_days = 7;
    d->rules.silent_days = 5;
    d->rules.annual_groups = d->everybody;
    d->rules.n_annual_groups = 1;
    d->plan.rules = &d->rules;
}

void world_plan(struct world *w, const char *effective, void (*change)(Esep__V1__Plan *plan))
{
    static struct plan_data d;
    static uint8_t packed[16384];
    Esep__V1__PlanChange entry;

    memset(&d, 0, sizeof(d));
    esep__v1__plan__init(&d.plan);
    d.plan.id = text("p");
    d.plan.zone = text("test/plus6");
    d.plan.secretariat = text("moj");
    d.plan.first_year = 2013;
    d.plan.last_year = 2014;
    d.plan.approved_day = world_day("2012-10-24");
    make_bodies(&d);
    make_actions(&d);
    make_rules(&d);
    if (change != NULL)
        change(&d.plan);
    assert_true(protobuf_c_message_get_packed_size(&d.plan.base) < sizeof(packed));
    const size_t len = protobuf_c_message_pack(&d.plan.base, packed);
    esep__v1__plan_change__init(&entry);
    entry.plan.data = packed;
    entry.plan.len = len;
    entry.effective_day = effective == NULL ? 0 : world_day(effective);
    world_log(w, ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN, &entry.base);
}
