/* lib/paper/paper_model.h - what a document holds, as its writers see it.
 *
 * Blocks in reading order, each with its text or its rows, all in one arena that is given back at
 * once. Texts are clean (paper_clean.c): valid UTF-8, no control character but the line feed,
 * nothing that would turn its neighbours round. So a writer escapes what its format wants escaped
 * and need not look for anything else.
 *
 * A list of facts is a table of two columns that has neither head nor rules.
 *
 * Invariant: a table's or a list's row has column_count cells, and column_count is in
 * 1..PAPER_COLUMNS_MAX; unit_count is the number of blocks and rows.
 */
#ifndef ESEP_PAPER_MODEL_H
#define ESEP_PAPER_MODEL_H

#include "base/arena.h"
#include "paper/paper.h"

#define PAPER_CELL_BYTES 128 /* what paper_cell_text makes of anything but a text */

enum paper_language { PAPER_KK, PAPER_RU, PAPER_EN };
enum paper_block_kind {
    PAPER_HEADING,
    PAPER_PARAGRAPH,
    PAPER_NOTE,
    PAPER_BULLET,
    PAPER_PAGE_BREAK,
    PAPER_FACTS,
    PAPER_TABLE,
};

struct paper_row {
    struct paper_row *next;
    struct paper_cell cells[];
};

struct paper_block {
    struct paper_block *next;
    enum paper_block_kind kind;
    unsigned level;   /* of a heading */
    const char *text; /* of a table: its caption, or "" */
    const char *name; /* of a table: its sheet's, or NULL */
    const struct paper_column *columns;
    size_t column_count;
    unsigned share_sum; /* of the columns, at least 1 */
    struct paper_row *rows, *last_row;
    size_t row_count;
};

struct paper {
    struct esep_arena arena;
    struct paper_about about; /* its texts and its zone are the document's own */
    struct esep_zone zone;
    enum paper_language language;
    enum esep_status status;
    struct paper_block *blocks, *last_block;
    struct paper_block *open; /* the table that takes rows */
    size_t unit_count;
};

enum paper_language paper_language(const char *code); /* what is not known is written as English */
/* ESEP_OK, or why this document cannot be written. */
enum esep_status paper_ready(const struct paper *paper, struct esep_reason *reason);
/* One more unit is written. ESEP_AGAIN: stop. */
enum esep_status paper_step(const struct paper_writing *writing, size_t done, size_t total,
                            struct esep_reason *reason);
/* The text of a cell: its own, or out (of PAPER_CELL_BYTES), where it had to be made. */
const char *paper_cell_shown(const struct paper *paper, const struct paper_cell *cell, char *out);
/* The instant in the document's zone: a day, and the minute of it. False: it is none. */
bool paper_instant(const struct paper *paper, esep_time at, esep_day *ret_day, int *ret_minute);
bool paper_day_valid(int64_t day); /* of the years 1 to 9999 */
/* Is it a decimal number with a point, no longer than a sheet keeps exactly? */
bool paper_decimal_valid(const char *text);

/* The text made fit for a page, into out (NULL: only measured). Returns its length without NUL;
 * never more than three times raw's. */
size_t paper_clean(const char *raw, char *out);

/* Takes a text line by line. NULL: no more; empty lines are passed over where skip_empty. */
struct paper_lines {
    const char *rest;
    bool skip_empty;
};
struct esep_slice paper_line_next(struct paper_lines *lines);
/* Where page has its first and its second "%u": the text before, between and behind them. */
void paper_page_parts(const char *page, struct esep_slice ret_parts[3], unsigned *ret_fields);

/* The whole of a file that was made elsewhere; ESEP_IO with why. */
enum esep_status paper_put(FILE *out, const void *data, size_t len, struct esep_reason *reason);
enum esep_status paper_flush(FILE *out, struct esep_reason *reason);

#endif
