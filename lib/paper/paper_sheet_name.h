/* lib/paper/paper_sheet_name.h - names that a workbook takes for its sheets.
 *
 * A name has 31 letters at most, none of []:*?/\, no apostrophe at its ends, is not "History", and
 * no two differ in capitals alone, in whatever script. What is wanted is bent until it fits; a
 * name that is taken gets a number behind it.
 */
#ifndef ESEP_PAPER_SHEET_NAME_H
#define ESEP_PAPER_SHEET_NAME_H

#include <glib.h>

#define PAPER_SHEET_NAME_LETTERS 31
#define PAPER_SHEET_NAME_BYTES (4 * PAPER_SHEET_NAME_LETTERS + 1)

struct paper_sheet_names {
    GHashTable *taken; /* in small letters */
};
void paper_sheet_name(struct paper_sheet_names *names, const char *wanted,
                      char ret_name[PAPER_SHEET_NAME_BYTES]);
void paper_sheet_names_done(struct paper_sheet_names *names);

#endif
