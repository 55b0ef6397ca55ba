/* collector/listing.h - an obligation as listings and exports show it, from a plan or from views.
 *
 * One shape for tables, JSON and CSV, so that `obligations`, `status` and `export` cannot disagree.
 */
#ifndef COLLECTOR_LISTING_H
#define COLLECTOR_LISTING_H

#include "collector/views.h"

#include <jansson.h>

struct listing_obligation {
    const Esep__V1__Plan *plan;
    const struct esep_zone *zone;
    const struct esep_obligation *made;
    const struct views_obligation *state; /* NULL: from a plan file, nothing is known of it */
    const char *action;                   /* number, "-" where there is none */
    const char *body;
    esep_time due;
    esep_time came; /* ESEP_TIME_NEVER */
    enum esep_timeliness timeliness;
};
struct listing_filter {
    const char *body; /* NULL: any */
    const char *action;
    const char *kind;
    const char *timeliness;
};

void listing_from_plan(struct listing_obligation *ret, const Esep__V1__Plan *plan,
                       const struct esep_zone *zone, const struct esep_obligation *made,
                       esep_time as_of);
/* false: dropped from the plan, to be left out. */
bool listing_from_views(struct listing_obligation *ret, const struct views *views,
                        const struct views_obligation *state, esep_time as_of);
bool listing_matches(const struct listing_filter *filter, const struct listing_obligation *o);
/* The documented form "esep-obligations/1": docs/json.md. */
json_t *listing_json(const struct listing_obligation *o);
const char *listing_role(Esep__V1__Role role);
/* "executed 100 %", "in_progress, no data" ...; valid until the next call. */
const char *listing_progress(const struct views_obligation *state);

/* What became of a report: its own state where it is a latest revision; where none stands, all
 * were withdrawn; else another took its place. A submission's name, "conflict" or "refused". */
const char *listing_report_state(const struct views_obligation *o, const struct views_report *r);
/* What it says: `report` of "esep-report/1". */
json_t *listing_report_json(const Esep__V1__Report *report);

#endif
