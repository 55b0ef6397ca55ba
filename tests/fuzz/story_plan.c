/* tests/fuzz/story_plan.c - the small plan of story.h, as data. */
#include "story.h"
#include "wire/unpack.h"

struct plan_data {
    Esep__V1__Plan plan;
    Esep__V1__Rules rules;
    Esep__V1__Body bodies[3], *body_list[3];
    Esep__V1__Executor executors[3], *executor_lists[2][2];
    Esep__V1__Window windows[2], *window_lists[2][1];
    Esep__V1__Action actions[2], *action_list[2];
};

/* Packing does not write. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static void make_bodies(struct plan_data *d)
{
    static const char *const codes[] = {"moj", "moh", "akmola"};
    for (size_t i = 0; i < 3; i++) {
        esep__v1__body__init(&d->bodies[i]);
        d->bodies[i].code = text(codes[i]);
        d->bodies[i].kind = i == 2 ? ESEP__V1__BODY_KIND__BODY_KIND_AKIMAT
                                   : ESEP__V1__BODY_KIND__BODY_KIND_MINISTRY;
        d->body_list[i] = &d->bodies[i];
    }
    d->plan.bodies = d->body_list;
    d->plan.n_bodies = 3;
}

/* Action 1: moh leads, akmola helps, first half of 2013; action 2: akmola, upon agreement, 2014. */
static void make_actions(struct plan_data *d)
{
    static const int32_t days[2][2] = {{15706, 15886}, {16071, 16435}};
    for (size_t i = 0; i < 3; i++) {
        esep__v1__executor__init(&d->executors[i]);
        d->executors[i].body = text(i == 0 ? "moh" : "akmola");
        d->executors[i].role =
            i == 1 ? ESEP__V1__ROLE__ROLE_CO_EXECUTOR : ESEP__V1__ROLE__ROLE_LEAD;
        d->executor_lists[i / 2][i % 2] = &d->executors[i];
    }
    d->executors[2].upon_agreement = true;
    for (size_t i = 0; i < 2; i++) {
        esep__v1__window__init(&d->windows[i]);
        d->windows[i].start_day = days[i][0];
        d->windows[i].end_day = days[i][1];
        d->window_lists[i][0] = &d->windows[i];
        esep__v1__action__init(&d->actions[i]);
        d->actions[i].number = text(i == 0 ? "1" : "2");
        d->actions[i].executors = d->executor_lists[i];
        d->actions[i].n_executors = 2 - i;
        d->actions[i].windows = d->window_lists[i];
        d->actions[i].n_windows = 1;
        d->action_list[i] = &d->actions[i];
    }
    d->plan.actions = d->action_list;
    d->plan.n_actions = 2;
}

static void make_rules(struct plan_data *d)
{
    static uint32_t days[] = {30, 7, 1};
    static char *everybody[1];
    everybody[0] = text("*");
    esep__v1__rules__init(&d->rules);
    d->rules.annual_month = 1;
    d->rules.annual_day = 20;
    d->rules.consolidated_month = 2;
    d->rules.consolidated_day = 10;
    d->rules.working_day = ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_NEXT;
    d->rules.commitment_grace_days = 3;
    d->rules.alert_days = days;
    d->rules.n_alert_days = 3;
    d->rules.overdue_repeat_days = 7;
    d->rules.silent_days = 5;
    d->rules.annual_groups = everybody;
    d->rules.n_annual_groups = 1;
    d->plan.rules = &d->rules;
}

struct esep_slice story_plan(uint32_t revision)
{
    static uint8_t packed[2048];
    struct plan_data d = {0};
    esep__v1__plan__init(&d.plan);
    d.plan.id = text("p");
    d.plan.revision = revision;
    d.plan.zone = text("Asia/Almaty");
    d.plan.secretariat = text("moj");
    d.plan.first_year = 2013;
    d.plan.last_year = 2014;
    d.plan.approved_day = 15637;
    make_bodies(&d);
    make_actions(&d);
    make_rules(&d);
    FUZZ_CHECK(protobuf_c_message_get_packed_size(&d.plan.base) <= sizeof packed);
    return esep_slice(packed, protobuf_c_message_pack(&d.plan.base, packed));
}
