/* tests/unit/collector_shell/export_world.h - the small plan of views_world.h with names and
 * titles, and a year in which everything happens that a consolidated report can tell.
 *
 * By 1 February 2014, of the year 2013:
 *   action 1  moj (lead): revision 1 accepted, cites moh's report; revision 2 came, not reviewed
 *             moh: executed, 100 %, on time; revision 1 was cited, revision 2 stands
 *             akmola: in progress without a percent, extended to 30 September, on time
 *   action 2  akmola (lead): not started, 0 %, five days late, returned, to come back by 20 April
 *             court (upon agreement): not applicable
 *   annual    moj: in time by its promise, though the report came two days after the due day
 *             moh: overdue; akmola: overdue, removed from control; court: overdue, upon agreement
 *   consolidated  moj: not due
 */
#ifndef TESTS_EXPORT_WORLD_H
#define TESTS_EXPORT_WORLD_H

#include "../collector/views_world.h"
#include "collector/export.h"

#define KEY_ANNUAL_MOJ "p/annual/-/moj/2013-01-01..2013-12-31"
#define KEY_ANNUAL_AKMOLA "p/annual/-/akmola/2013-01-01..2013-12-31"

struct export_world {
    struct world world;
    struct collector_log log; /* over the world's entries */
    struct consolidated_source source;
    uint64_t moh_first, moj_first, moj_second, akmola_late; /* log entries */
};
void export_world_begin(struct export_world *w);
/* The plan alone; `change` is export_world_names, or calls it. */
void export_world_empty(struct export_world *w, void (*change)(Esep__V1__Plan *plan));
void export_world_names(Esep__V1__Plan *plan);
void export_world_end(struct export_world *w);
struct export_request export_world_request(enum export_format format,
                                           enum export_language language);
/* What export_write says, ended by NUL; to be freed. The status must be OK. */
char *export_world_text(const struct export_world *w, const struct export_request *request);
void assert_says(const char *text, const char *words);
void assert_says_not(const char *text, const char *words);

#endif
