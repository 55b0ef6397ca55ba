/* lib/paper/paper.h - a document to be handed in: headings, paragraphs, tables, and its foot.
 *
 * Whoever makes a document says what it contains, once, in reading order; each writer turns the
 * same document into a file of its kind: a word processor's (DOCX, to be edited), pages (PDF), a
 * workbook (XLSX: one sheet for each table that has a name). Cells are typed, so that a sheet
 * holds numbers and days, and each language writes them its own way.
 *
 * It knows nothing of plans or reports. All texts are copied into the document and cleaned on the
 * way (paper_clean.c): whatever bytes an office sent, no file breaks and no line is turned round. A
 * document that ran out of memory or over its limit stays so: the next writer says it, and the
 * makers need not look at each call.
 *
 * The writers are for a worker's process: the PDF's fonts come from fontconfig, and where there is
 * no memory GLib ends the process. PDF needs a font with the Kazakh letters (fonts-noto-core or
 * fonts-dejavu-core), XLSX a folder for temporary files and /proc.
 *
 * Invariant: every row of a table has as many cells as the table has columns.
 */
#ifndef ESEP_PAPER_H
#define ESEP_PAPER_H

#include "base/slice.h"
#include "base/time.h"

#include <stdio.h>

struct paper;

enum paper_cell_kind {
    PAPER_EMPTY,
    PAPER_TEXT,
    PAPER_COUNT,   /* value: a whole number */
    PAPER_MONEY,   /* value: tiyn; shown in tenge */
    PAPER_PERCENT, /* value: 0 to 100 */
    PAPER_DAY,     /* value: an esep_day */
    PAPER_INSTANT, /* value: an esep_time, shown in the document's zone to the minute */
    PAPER_DECIMAL, /* text: "12.5", a decimal number with a point */
};
/* What a cell means, beside its words: never the only sign of it. */
enum paper_tone { PAPER_PLAIN, PAPER_GOOD, PAPER_WARNING, PAPER_BAD, PAPER_FAINT };
struct paper_cell {
    enum paper_cell_kind kind;
    enum paper_tone tone;
    bool strong;
    const char *text;
    int64_t value;
};
#define PAPER_COLUMNS_MAX 63 /* of a table: a word processor takes no more */
struct paper_column {
    const char *title;
    unsigned share; /* of the width, relative to the others */
    enum { PAPER_LEFT, PAPER_CENTRE, PAPER_RIGHT } align;
};
/* One line of a list of facts: "Period: 4th quarter of 2012". */
struct paper_fact {
    const char *label, *value;
};

struct paper_about {
    const char *language; /* "kk", "ru", "en" */
    const char *title, *subject, *author;
    const char *foot; /* stands at the foot of each page, beside the page's number */
    const char *page; /* "page %u of %u" in the language, for writers that number pages */
    const struct esep_zone *zone;
    esep_time made_at; /* the file's own date: the same document gives the same bytes */
    bool landscape;
    size_t bytes_max; /* memory for it all */
};

/* NULL: no memory. */
struct paper *paper_new(const struct paper_about *about);
void paper_free(struct paper *paper);

void paper_heading(struct paper *paper, unsigned level,
                   const char *text);                        /* 1 to 4; 1: the title */
void paper_paragraph(struct paper *paper, const char *text); /* line breaks begin new ones */
void paper_note(struct paper *paper, const char *text);      /* smaller, faint */
void paper_facts(struct paper *paper, const struct paper_fact *facts, size_t count);
void paper_bullet(struct paper *paper, const char *text);
void paper_page_break(struct paper *paper);
/* A table is open until the next call that is not paper_row. name: of its sheet in a workbook,
 * NULL: not there; caption may be NULL. */
void paper_table(struct paper *paper, const char *name, const char *caption,
                 const struct paper_column *columns, size_t column_count);
void paper_row(struct paper *paper, const struct paper_cell *cells);

/* ESEP_OK, ESEP_NOMEM or ESEP_LIMIT: how it stands with the document so far. */
enum esep_status paper_status(const struct paper *paper);

/* done of total blocks are written; false: stop, the writer ends with ESEP_AGAIN. */
typedef bool paper_progress_fn(void *context, size_t done, size_t total);
struct paper_writing {
    paper_progress_fn *progress; /* NULL: quiet */
    void *context;
};
/* Each writes the whole file to out. ESEP_IO: out takes no more; ESEP_LIMIT: more than its kind of
 * file can hold, with what. */
ESEP_MUST_USE enum esep_status paper_write_docx(const struct paper *paper, FILE *out,
                                                const struct paper_writing *writing,
                                                struct esep_reason *reason);
ESEP_MUST_USE enum esep_status paper_write_pdf(const struct paper *paper, FILE *out,
                                               const struct paper_writing *writing,
                                               struct esep_reason *reason);
ESEP_MUST_USE enum esep_status paper_write_xlsx(const struct paper *paper, FILE *out,
                                                const struct paper_writing *writing,
                                                struct esep_reason *reason);

/* How a language writes it: "1 234 567,50 ₸" with spaces that do not break (in English with a
 * point), "31.01.2013", "31 Jan 2013"; "" where there is no such day. len: of out. */
void paper_money_text(const char *language, int64_t tiyn, char *out, size_t len);
void paper_day_text(const char *language, esep_day day, char *out, size_t len);
void paper_cell_text(const struct paper *paper, const struct paper_cell *cell, char *out,
                     size_t len);

#endif
