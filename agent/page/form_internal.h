/* agent/page/form_internal.h - a form being read; shared by form.c and form_lists.c. */
#ifndef AGENT_PAGE_FORM_INTERNAL_H
#define AGENT_PAGE_FORM_INTERNAL_H

#include "agent/page/form.h"

#define FORM_PLACE_BYTES 64

struct form_reading {
    struct page_form *form;
    json_t *finds;
    enum esep_status status;
    struct esep_reason *reason;
};

/* form.c */
void form_wrong_kind(struct form_reading *r, const char *field);
/* A text of a member; NULL: not there, of the wrong kind, or no text that a report may hold. */
const char *form_text_of(struct form_reading *r, const json_t *value, const char *field);
void form_take_text(struct form_reading *r, const json_t *value, const char *field, char **ret);
/* "12,5" and "1 234.5" as the wire has them; what is no number stays as it was typed. */
void form_take_decimal(struct form_reading *r, const json_t *value, const char *field, char **ret);

/* form_lists.c: false: no list of this name. */
bool form_take_list(struct form_reading *r, const char *name, const json_t *value);

#endif
