/* lib/domain/obligation.h - who owes what by when: a plan spelled out.
 *
 * An obligation is kind x action (or part) x body x window, with the instant it is due. It is made
 * from the plan alone. Its key names it for ever, on the wire, in the log and in exports:
 *
 *   kz-1347-2012/fulfilment/13/akmola/2013-01-01..2013-06-30
 *   kz-1347-2012/annual/-/moj/2012-01-01..2012-12-31
 *   kz-1347-2012/consolidated/-/moj/2012-01-01..2012-12-31
 *   kz-1347-2012/regional-plan/-/akmola/2012-10-24..2012-11-24
 *
 * Due: fulfilment at the end of the window; annual and consolidated on the rule's day of the next
 * year; the regional plan so many months after the approval; each moved by the plan's working-day
 * rule, to 23:59:59 in the plan's zone. Members of an open group owe nothing.
 *
 * Who owes is decided on the due day (esep_body_on): what falls due after a body has ended is its
 * successor's; where it has none, or does not exist yet, nobody owes. A body named by itself and
 * through a group owes once, as said of itself. Role: where no executor leads, the first one does;
 * annual information, consolidated report and regional plan are each led by who owes them.
 *
 * Order: kind, action as in the plan, window, body as in the plan. Invariant: keys are unique.
 */
#ifndef ESEP_DOMAIN_OBLIGATION_H
#define ESEP_DOMAIN_OBLIGATION_H

#include "base/time.h"
#include "domain/period.h"
#include "esep/v1/plan.pb-c.h"

enum esep_obligation_kind {
    ESEP_OBLIGATION_FULFILMENT = 1,
    ESEP_OBLIGATION_ANNUAL = 2,
    ESEP_OBLIGATION_CONSOLIDATED = 3,
    ESEP_OBLIGATION_REGIONAL_PLAN = 4,
};
const char *esep_obligation_kind_name(enum esep_obligation_kind kind); /* "fulfilment" ... */

#define ESEP_OBLIGATION_KEY_MAX 128 /* with the NUL */
#define ESEP_BODY_CODE_MAX 32       /* with the NUL */
struct esep_obligation {
    char key[ESEP_OBLIGATION_KEY_MAX];
    enum esep_obligation_kind kind;
    int action; /* place in plan->actions, -1 where there is none */
    int body;   /* place in plan->bodies */
    Esep__V1__Role role;
    bool upon_agreement;
    struct esep_window window;
    esep_day due_day;
    esep_time due;
};

/* ESEP_LIMIT: more than max. ESEP_INVALID: a plan that esep_plan_check would refuse. */
ESEP_MUST_USE enum esep_status esep_obligations_make(const Esep__V1__Plan *plan,
                                                     const struct esep_zone *zone,
                                                     struct esep_obligation *ret, size_t max,
                                                     size_t *ret_count, struct esep_reason *reason);

/* The working-day rule: the day itself, or moved past holidays and weekends (moved days counted).
 */
esep_day esep_working_day(const Esep__V1__Calendar *calendar, Esep__V1__WorkingDayRule rule,
                          esep_day day);
/* Who stands for the body on a day: itself, or its successor's successor ... Returns its place in
 * plan->bodies, or -1. */
int esep_body_on(const Esep__V1__Plan *plan, const char *code, esep_day day);
/* Whether `heir` took over from the body by that day, at once or through others; of a body that
 * does not exist yet nobody did. */
bool esep_body_passed(const Esep__V1__Plan *plan, const char *code, const char *heir, esep_day day);
/* Whether `code` is `ancestor` or below it in the tree of bodies. */
bool esep_body_within(const Esep__V1__Plan *plan, const char *code, const char *ancestor);
int esep_body_find(const Esep__V1__Plan *plan, const char *code); /* place or -1 */
/* Text in a language ("kk", "ru", "en"), falling back to ru, en, kk, "". Never NULL. */
const char *esep_text(const Esep__V1__Text *text, const char *language);

#endif
