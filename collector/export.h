/* collector/export.h - what leaves the collector as a file: the consolidated report of a plan's
 * year as a document, a workbook, a table or JSON, and the deadlines as a calendar.
 *
 * One call writes one file to an open stream, from views as of an instant; the command and the
 * page use it alike. All formats but the calendar are made from one picture (consolidated.h).
 * Nothing here asks a clock: the same log and instant give the same bytes.
 *
 * The workbook and CSV hold the same tables; CSV one at a time. JSON's keys do not depend on the
 * language (docs/json.md: esep-consolidated/1).
 */
#ifndef COLLECTOR_EXPORT_H
#define COLLECTOR_EXPORT_H

#include "collector/export_text.h"
#include "paper/paper.h"

#include <stdio.h>

enum export_format {
    EXPORT_DOCX,
    EXPORT_PDF,
    EXPORT_XLSX,
    EXPORT_CSV,
    EXPORT_JSON,
    EXPORT_ICS,
    EXPORT_FORMATS
};
struct export_format_about {
    const char *name, *media_type;
    bool binary; /* nothing for a terminal */
};
extern const struct export_format_about export_formats[EXPORT_FORMATS];
bool export_format_parse(const char *name, enum export_format *ret);

#define EXPORT_BYTES_MAX ((size_t)512 << 20)
struct export_request {
    enum export_format format;
    enum export_language language;
    const char *plan;  /* NULL: the only one; for a calendar: all */
    int year;          /* 0, for a calendar alone: all years */
    const char *body;  /* calendar: only of this one; NULL: all */
    const char *table; /* CSV: which one; NULL: the reports */
    char delimiter;    /* CSV */
    esep_time as_of;
    size_t bytes_max; /* memory for a document; and once more for who filed what */
    /* done of all steps; false: stop with ESEP_AGAIN. NULL: quiet. Both halves count to their own
     * all: reading the log, then writing. */
    bool (*progress)(void *context, bool writing, uint64_t done, uint64_t all);
    void *progress_context;
};
/* ESEP_IO: out takes no more; else as consolidated_make, paper's writers, and ESEP_INVALID: no such
 * table or body. */
ESEP_MUST_USE enum esep_status export_write(const struct consolidated_source *source,
                                            const struct export_request *request, FILE *out,
                                            struct esep_reason *reason);

/* export_doc.c: the document to be read. */
ESEP_MUST_USE enum esep_status export_doc(const struct consolidated *c,
                                          const struct export_request *request, struct paper **ret,
                                          struct esep_reason *reason);
/* export_sheets.c: flat tables, a row for each report, indicator, sum of money. Where only is not
 * NULL, that table alone. ids are stable words, titles in the language. */
struct export_sink {
    void *context;
    void (*table)(void *context, const char *id, const char *title,
                  const struct paper_column *columns, size_t count);
    void (*row)(void *context, const struct paper_cell *cells, size_t count);
};
ESEP_MUST_USE enum esep_status export_sheets(const struct consolidated *c,
                                             enum export_language language, const char *only,
                                             const struct export_sink *sink,
                                             struct esep_reason *reason);
extern const char *const export_sheet_ids[]; /* ends with NULL */
/* export_csv.c. A text field that a spreadsheet would take for a formula gets an apostrophe. */
ESEP_MUST_USE enum esep_status export_csv(const struct consolidated *c,
                                          const struct export_request *request, FILE *out,
                                          struct esep_reason *reason);
void export_csv_field(FILE *out, const char *text, char before); /* before: the delimiter, or 0 */
/* export_json.c, export_ical.c */
ESEP_MUST_USE enum esep_status export_json(const struct consolidated *c, FILE *out,
                                           struct esep_reason *reason);
ESEP_MUST_USE enum esep_status export_ical(const struct consolidated_source *source,
                                           const struct export_request *request, FILE *out,
                                           struct esep_reason *reason);

/* export_file.c: a file that is there whole or not at all: written beside its place, synced, and
 * renamed over it. */
struct export_file {
    FILE *out;
    char temporary[4096];
    const char *path;
};
ESEP_MUST_USE enum esep_status export_file_begin(struct export_file *file, const char *path,
                                                 struct esep_reason *reason);
ESEP_MUST_USE enum esep_status export_file_end(struct export_file *file,
                                               struct esep_reason *reason);
void export_file_drop(struct export_file *file); /* after a failure: nothing stays */

#endif
