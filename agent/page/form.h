/* agent/page/form.h - a report as the form of docs/office-openapi.json, and back.
 *
 * A form is filled by a person, who is in the middle of it: what cannot be read (an amount of money
 * with a letter in it) is told field by field and not kept, all the rest is. Whether a whole form
 * may be sent is another question, with its own list of finds: page_form_check asks what
 * domain/report.h will ask, and finds all there is, where that stops at the first.
 *
 * A find is {field, code, params, saved}: the page has the texts. Money is read by report_fill.h,
 * as on the command line.
 *
 * No clock, no I/O. Invariant: page_form_check finds nothing exactly where esep_report_check
 * agrees.
 */
#ifndef AGENT_PAGE_FORM_H
#define AGENT_PAGE_FORM_H

#include "agent/report_fill.h"

#include <jansson.h>

/* What a form fills. */
struct page_form {
    struct agent_report report;
};
void page_form_init(struct page_form *ret, struct esep_arena *arena);

/* Members that are there take the place of what the report has; finds are added to the list.
 * ESEP_INVALID: a member of the wrong kind, as no page sends it; ESEP_LIMIT: no room. */
ESEP_MUST_USE enum esep_status page_form_read(struct page_form *form, const json_t *members,
                                              json_t *finds, struct esep_reason *reason);
void page_form_check(const Esep__V1__Report *report, json_t *finds);
/* Every member; NULL: no memory. */
json_t *page_form_json(const Esep__V1__Report *report);

/* One find more. value: as it was typed, or NULL; max: 0 where there is none. */
void page_find(json_t *finds, const char *field, const char *code, const char *value, size_t max,
               bool saved);

#endif
