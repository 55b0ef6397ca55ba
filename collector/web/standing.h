/* collector/web/standing.h - the newest standing report of each obligation, read one by one.
 *
 * For figures that live in reports alone: money, indicators. An obligation with two heads is in
 * conflict: nobody knows which figures hold, so neither is taken, and it is counted. Withdrawn and
 * returned reports: the former are no heads; the latter stand until a correction comes, and say so.
 * Only fulfilment counts: annual information repeats what was said of each action. Or, with
 * `years`, what is told of whole years: annual information, and fulfilment whose window is one
 * calendar year.
 */
#ifndef COLLECTOR_WEB_STANDING_H
#define COLLECTOR_WEB_STANDING_H

#include "collector/web/json_parts.h"

struct web_standing {
    const struct web_ask *ask;
    const char *plan_id;
    const char *action; /* NULL: all */
    bool years;
    /* Calls take for each; another status than OK ends it. */
    enum esep_status (*take)(void *context, const struct listing_obligation *o,
                             const Esep__V1__Report *report);
    void *context;
    size_t reports;   /* out: taken */
    size_t conflicts; /* out: passed over */
};
ESEP_MUST_USE enum esep_status web_standing_each(struct web_standing *each,
                                                 struct esep_reason *reason);
/* The calendar year that the window is; 0: it is none. */
int web_standing_year(const struct esep_obligation *made);
/* ?action= of the plan, checked; NULL: all. */
ESEP_MUST_USE enum esep_status web_standing_action(const struct web_ask *ask,
                                                   const Esep__V1__Plan *plan,
                                                   const char **ret_action,
                                                   struct esep_reason *reason);

#endif
