/* lib/io/table.h - a listing for people: columns as wide as their longest cell.
 *
 * Cells are UTF-8 and are measured in terminal columns, so Kazakh and Russian names line up. On a
 * terminal the last column is cut to the window's width; into a pipe everything is written whole.
 * For machines every listing has --json instead.
 */
#ifndef ESEP_IO_TABLE_H
#define ESEP_IO_TABLE_H

#include "base/slice.h"

#include <stdio.h>

#define ESEP_TABLE_COLUMNS_MAX 12

struct esep_table {
    size_t columns;
    size_t count;          /* cells, heads included */
    struct esep_buf cells; /* NUL-terminated, row by row; row 0 holds the heads */
    bool broken;           /* no memory: printing says so */
};

/* heads: NULL-terminated, at most ESEP_TABLE_COLUMNS_MAX. */
void esep_table_init(struct esep_table *table, const char *const *heads);
void esep_table_done(struct esep_table *table);
/* The next cell; after the last column's a new row begins. */
void esep_table_cell(struct esep_table *table, const char *format, ...) ESEP_PRINTF(2, 3);
/* ESEP_NOMEM: a row could not be kept. */
ESEP_MUST_USE enum esep_status esep_table_print(const struct esep_table *table, FILE *out);
/* Terminal columns of a UTF-8 text. */
size_t esep_text_width(const char *text);

#endif
