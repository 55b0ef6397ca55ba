/* collector/glance.h - a plan at a glance: how many are on time, due, overdue, to review.
 *
 * Timeliness and completeness are two rates, and bodies upon agreement are counted apart: their
 * silence is no violation. `status` and the page's summary both count here, so that they cannot
 * disagree. It decides nothing: each obligation's axes are the views'.
 */
#ifndef COLLECTOR_GLANCE_H
#define COLLECTOR_GLANCE_H

#include "collector/listing.h"

#define GLANCE_WEEK_DAYS 7
struct glance_tally {
    size_t count[ESEP_TIMELINESS_OVERDUE + 1];
    size_t all;
    size_t to_review;
    size_t returned;
    size_t conflicts;
    size_t due_week; /* nothing came, and it falls due within seven days */
};
struct glance {
    struct glance_tally bound;          /* who must */
    struct glance_tally upon_agreement; /* who takes part upon agreement */
};
void glance_count(struct glance *glance, const struct listing_obligation *o, esep_time now);
void glance_at(const struct views *views, const char *plan_id, esep_time now, struct glance *ret);
size_t glance_came(const struct glance_tally *tally); /* on time or late */
size_t glance_due(const struct glance_tally *tally);  /* came, or overdue */
bool glance_to_review(const struct views_obligation *state);
bool glance_due_week(const struct listing_obligation *o, esep_time now);
/* The newest revision of a plan stands for it; its obligations may have been made by an older. */
bool glance_plan_newest(const struct views *views, uint32_t plan_no);
json_t *glance_tally_json(const struct glance_tally *tally); /* as in esep-status/1 */

const char *glance_office_state(const struct views_office *office); /* "pending" "silent" ... */
json_t *glance_office_json(const struct views *views, const struct views_office *office);
/* Letters and webhooks that are in the log and neither delivered nor given up. */
size_t glance_deliveries_owed(const struct views *views);

#endif
