/* collector/rights.h - what an account may do: one table of roles and acts, and who stands in.
 *
 * An account (views.h) has a role; the table in rights.c says for each role which acts it allows.
 * What the table does not say is denied, to a role that nobody knows, too. An administrator makes
 * accounts and decides nothing else; who decides makes no accounts.
 *
 * An account may stand in for another one from one day until another, both included. On those days
 * it may also do what that one may, as long as that one is open; not what that one may as somebody
 * else's substitute. What it may do by its own role it does in its own name.
 *
 * Nobody reviews a report of an office of the own body: not in the own name, not for another, and
 * nobody for one whose body it is. `bodies` names all that count as the body of the report.
 *
 * Ingest asks before it logs an account's decision, the web process before it shows or passes on
 * anything: both ask here. It keeps nothing and knows no clock: the day comes in, as it is called
 * in the zone of the plan that the act is about.
 */
#ifndef COLLECTOR_RIGHTS_H
#define COLLECTOR_RIGHTS_H

#include "collector/views.h"

enum collector_act {
    COLLECTOR_ACT_LOOK,     /* everything that the page shows */
    COLLECTOR_ACT_REVIEW,   /* accept a report, or return it */
    COLLECTOR_ACT_EXTEND,   /* grant or refuse an extension */
    COLLECTOR_ACT_CONTROL,  /* take off control, and back on */
    COLLECTOR_ACT_EXPORT,   /* the consolidated report, whole listings */
    COLLECTOR_ACT_ACCOUNTS, /* make, change and close accounts, name substitutes */
    COLLECTOR_ACT_OPERATE,  /* plans, offices and their keys: no account, only operators */
    COLLECTOR_ACTS
};
const char *collector_act_name(enum collector_act act);
const char *collector_role_name(Esep__V1__AccountRole role); /* "?": none */
/* ESEP_NOT_FOUND: there is no such role. */
ESEP_MUST_USE enum esep_status collector_role_parse(const char *text,
                                                    Esep__V1__AccountRole *ret_role);
bool collector_role_may(Esep__V1__AccountRole role, enum collector_act act);

#define COLLECTOR_RIGHT_BODIES_MAX 3
struct collector_question {
    enum collector_act act;
    const char *bodies[COLLECTOR_RIGHT_BODIES_MAX]; /* NULL: no more */
    esep_day day;                                   /* ESEP_DAY_NONE: unknown, nobody stands in */
};
enum collector_right {
    COLLECTOR_RIGHT_NONE,       /* the role does not allow it, or the account is closed */
    COLLECTOR_RIGHT_OWN_BODY,   /* the role would, but it is the own body's report */
    COLLECTOR_RIGHT_OWN,        /* allowed */
    COLLECTOR_RIGHT_SUBSTITUTE, /* allowed, for whom it stands in */
};
static inline bool collector_right_is(enum collector_right right)
{
    return right == COLLECTOR_RIGHT_OWN || right == COLLECTOR_RIGHT_SUBSTITUTE;
}
/* other: the account that `who` stands in for by its entry, NULL where there is none. */
enum collector_right collector_right_decide(const struct views_account *who,
                                            const struct views_account *other,
                                            const struct collector_question *question);

/* The same from the views: finds the other account, and the bodies and the day that the act is
 * about. about NULL: no obligation; the day is that of the first plan. report_office: whose report
 * it is, 0: no report's. */
enum collector_right collector_right_in(const struct views *views, const struct views_account *who,
                                        enum collector_act act,
                                        const struct views_obligation *about,
                                        uint32_t report_office, esep_time now);
/* What a log entry says of who did it: "aigul", "aigul for berik". */
#define COLLECTOR_ACTOR_MAX (2 * VIEWS_ACCOUNT_NAME_MAX + 4) /* with the NUL */
void collector_right_actor(const struct views_account *who, enum collector_right right,
                           char ret_actor[COLLECTOR_ACTOR_MAX]);
#endif
