/* collector/rights.c - see rights.h. */
#include "collector/rights.h"

#include <stdio.h>

enum { VIEWER = 1, REVIEWER, SECRETARY, ADMINISTRATOR, ROLES };
static_assert(VIEWER == (int)ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_VIEWER &&
                  ADMINISTRATOR == (int)ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_ADMINISTRATOR,
              "the table's lines are the log's roles");

static const char *const role_names[ROLES] = {
    [VIEWER] = "viewer",
    [REVIEWER] = "reviewer",
    [SECRETARY] = "secretary",
    [ADMINISTRATOR] = "administrator",
};
static const char *const act_names[COLLECTOR_ACTS] = {
    [COLLECTOR_ACT_LOOK] = "look",       [COLLECTOR_ACT_REVIEW] = "review",
    [COLLECTOR_ACT_EXTEND] = "extend",   [COLLECTOR_ACT_CONTROL] = "control",
    [COLLECTOR_ACT_EXPORT] = "export",   [COLLECTOR_ACT_ACCOUNTS] = "accounts",
    [COLLECTOR_ACT_OPERATE] = "operate",
};

/* Whatever is not here is denied. */
static const bool table[ROLES][COLLECTOR_ACTS] = {
    [VIEWER] = {[COLLECTOR_ACT_LOOK] = true},
    [REVIEWER] = {[COLLECTOR_ACT_LOOK] = true, [COLLECTOR_ACT_REVIEW] = true},
    [SECRETARY] = {[COLLECTOR_ACT_LOOK] = true,
                   [COLLECTOR_ACT_REVIEW] = true,
                   [COLLECTOR_ACT_EXTEND] = true,
                   [COLLECTOR_ACT_CONTROL] = true,
                   [COLLECTOR_ACT_EXPORT] = true},
    [ADMINISTRATOR] = {[COLLECTOR_ACT_LOOK] = true, [COLLECTOR_ACT_ACCOUNTS] = true},
};

const char *collector_act_name(enum collector_act act)
{
    return (unsigned)act < COLLECTOR_ACTS ? act_names[act] : "?";
}

const char *collector_role_name(Esep__V1__AccountRole role)
{
    return (unsigned)role < ROLES && role_names[role] != NULL ? role_names[role] : "?";
}

enum esep_status collector_role_parse(const char *text, Esep__V1__AccountRole *ret_role)
{
    for (int role = VIEWER; role < ROLES; role++) {
        if (strcmp(role_names[role], text) == 0) {
            *ret_role = (Esep__V1__AccountRole)role;
            return ESEP_OK;
        }
    }
    return ESEP_NOT_FOUND;
}

bool collector_role_may(Esep__V1__AccountRole role, enum collector_act act)
{
    return (unsigned)role < ROLES && (unsigned)act < COLLECTOR_ACTS && table[role][act];
}

static bool is_open(const struct views_account *account)
{
    return account->state == ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE;
}

static bool stands_in(const struct views_account *who, const struct views_account *other,
                      esep_day day)
{
    return other != NULL && other != who && is_open(other) && day != ESEP_DAY_NONE &&
           who->substitute_for[0] != '\0' && strcmp(who->substitute_for, other->name) == 0 &&
           who->from_day <= day && day <= who->until_day;
}

static bool own_body(const struct views_account *account, const struct collector_question *q)
{
    if (q->act != COLLECTOR_ACT_REVIEW || account->body[0] == '\0')
        return false;
    for (size_t i = 0; i < COLLECTOR_RIGHT_BODIES_MAX && q->bodies[i] != NULL; i++) {
        if (strcmp(q->bodies[i], account->body) == 0)
            return true;
    }
    return false;
}

enum collector_right collector_right_decide(const struct views_account *who,
                                            const struct views_account *other,
                                            const struct collector_question *q)
{
    if (!is_open(who))
        return COLLECTOR_RIGHT_NONE;
    const bool own = collector_role_may(who->role, q->act);
    const bool through = stands_in(who, other, q->day) && collector_role_may(other->role, q->act);
    if (!own && !through)
        return COLLECTOR_RIGHT_NONE;
    if (own_body(who, q))
        return COLLECTOR_RIGHT_OWN_BODY;
    if (own)
        return COLLECTOR_RIGHT_OWN;
    return own_body(other, q) ? COLLECTOR_RIGHT_OWN_BODY : COLLECTOR_RIGHT_SUBSTITUTE;
}

enum collector_right collector_right_in(const struct views *views, const struct views_account *who,
                                        enum collector_act act,
                                        const struct views_obligation *about,
                                        uint32_t report_office, esep_time now)
{
    struct collector_question question = {.act = act, .day = ESEP_DAY_NONE};
    const struct esep_zone *zone = views_plan_zone(views, about != NULL ? about->plan_no : 0);
    const struct views_office *office = views_office(views, report_office);
    size_t count = 0;
    if (zone != NULL)
        question.day = esep_zone_day(zone, now);
    if (office != NULL)
        question.bodies[count++] = office->body;
    if (about != NULL) {
        const Esep__V1__Plan *plan = views_plan(views, about->plan_no);
        question.bodies[count++] = views_owner(views, about, now);
        if (plan != NULL && about->made.body >= 0 && (size_t)about->made.body < plan->n_bodies)
            question.bodies[count] = plan->bodies[about->made.body]->code;
    }
    const struct views_account *other = views_account_named(views, who->substitute_for);
    return collector_right_decide(who, other, &question);
}

void collector_right_actor(const struct views_account *who, enum collector_right right,
                           char ret_actor[COLLECTOR_ACTOR_MAX])
{
    const bool through = right == COLLECTOR_RIGHT_SUBSTITUTE;
    (void)snprintf(ret_actor, COLLECTOR_ACTOR_MAX, "%s%s%s", who->name, through ? " for " : "",
                   through ? who->substitute_for : "");
}
