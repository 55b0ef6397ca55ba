/* lib/paper/paper_widths.h - how wide each column of a table is.
 *
 * Whoever made the table gave each column a share. A column that would break an amount, a day or a
 * word of its head gets what it needs; the others give it, each as far as it can spare some.
 *
 * Invariant: the widths add up to the total.
 */
#ifndef ESEP_PAPER_WIDTHS_H
#define ESEP_PAPER_WIDTHS_H

#include "paper/paper_model.h"

void paper_widths(const struct paper_block *table, const double *needs, double total,
                  double *ret_widths);
/* The longest, in letters, of the column's cells that are not to be broken; "" if it has none. */
void paper_longest(const struct paper *paper, const struct paper_block *table, size_t column,
                   char ret_text[PAPER_CELL_BYTES]);
size_t paper_letters(const char *text);

#endif
