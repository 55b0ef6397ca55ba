/* lib/paper/paper_widths.c - see paper_widths.h. */
#include "paper/paper_widths.h"

void paper_widths(const struct paper_block *table, const double *needs, double total,
                  double *ret_widths)
{
    double needed = 0;
    for (size_t i = 0; i < table->column_count; i++)
        needed += needs[i];
    double missing = 0;
    double spare = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        ret_widths[i] = needed > total ? total * needs[i] / needed
                                       : total * table->columns[i].share / table->share_sum;
        double over = ret_widths[i] - needs[i];
        missing += over < 0 ? -over : 0;
        spare += over > 0 ? over : 0;
    }
    if (needed > total || missing <= 0 || spare <= 0)
        return;
    for (size_t i = 0; i < table->column_count; i++) {
        double over = ret_widths[i] - needs[i];
        ret_widths[i] = over < 0 ? needs[i] : ret_widths[i] - over * missing / spare;
    }
}

size_t paper_letters(const char *text)
{
    size_t letters = 0;
    for (const char *p = text; *p != '\0'; p++)
        letters += ((unsigned char)*p & 0xc0) != 0x80;
    return letters;
}

void paper_longest(const struct paper *paper, const struct paper_block *table, size_t column,
                   char ret_text[PAPER_CELL_BYTES])
{
    size_t most = 0;
    ret_text[0] = '\0';
    for (const struct paper_row *row = table->rows; row != NULL; row = row->next) {
        const struct paper_cell *cell = &row->cells[column];
        if (cell->kind == PAPER_TEXT || cell->kind == PAPER_EMPTY)
            continue;
        char shown[PAPER_CELL_BYTES];
        paper_cell_text(paper, cell, shown, sizeof shown);
        size_t letters = paper_letters(shown);
        if (letters > most) {
            most = letters;
            memcpy(ret_text, shown, sizeof shown);
        }
    }
}
