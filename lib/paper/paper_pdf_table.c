/* lib/paper/paper_pdf_table.c - tables that break over pages.
 *
 * Each page begins with the table's head. A row that fits a page stays whole, unless it is long; a
 * long one, or one that no page could hold, is cut between lines, each of its cells going on where
 * it stopped. Each line of each cell is drawn once, and none below the foot: that is all there is
 * to "no row is lost".
 */
#include "paper/paper_pdf.h"
#include "paper/paper_widths.h"

#define PAD_Y 2.5
#define FILL_MOST 0.45      /* of a page that a row may leave blank rather than be cut */
#define CUT_ROOM 48.0       /* a row is not begun in less */
#define HEAD_REPEATS_TO 0.4 /* of a page: a head that is taller stands once */
#define AFTER_TABLE 8.0

struct cell {
    PangoLayout *layout;
    PangoLayoutIter *iter; /* at the first line not yet placed */
    bool more;
    enum paper_tone tone;
};

struct grid {
    struct pdf *pdf;
    const struct paper_block *table;
    enum pdf_role plain, strong;
    bool headed;
    bool repeats;
    double pad; /* left and right of a cell's text */
    double head_height;
    double widths[PAPER_COLUMNS_MAX];
    struct cell cells[PAPER_COLUMNS_MAX];
};

/* The widest word of the text, or the text itself where it is not to be broken. */
static double natural_width(struct grid *grid, enum pdf_role role, const char *text, bool words)
{
    int width = 0;
    PangoLayout *layout =
        pdf_layout(grid->pdf, role, words ? PDF_WORDS : PDF_UNBROKEN, text, strlen(text), 0);
    pango_layout_get_size(layout, &width, NULL);
    g_object_unref(layout);
    return (double)width / PANGO_SCALE;
}

/* Returns what all columns together need. */
static double find_needs(struct grid *grid, double *ret_needs)
{
    double sum = 0;
    for (size_t i = 0; i < grid->table->column_count; i++) {
        char longest[PAPER_CELL_BYTES];
        paper_longest(grid->pdf->paper, grid->table, i, longest);
        double number = natural_width(grid, grid->strong, longest, false);
        double word = natural_width(grid, grid->strong, grid->table->columns[i].title, true);
        ret_needs[i] = (number > word ? number : word) + 2 * grid->pad + 0.5;
        sum += ret_needs[i];
    }
    return sum;
}

static void make_cell(struct grid *grid, size_t i, enum pdf_role role, const char *text,
                      enum paper_tone tone)
{
    static const enum pdf_form forms[] = {
        [PAPER_LEFT] = PDF_LEFT, [PAPER_CENTRE] = PDF_CENTRE, [PAPER_RIGHT] = PDF_RIGHT};
    struct cell *cell = &grid->cells[i];
    double width = grid->widths[i] - 2 * grid->pad;
    cell->layout = pdf_layout(grid->pdf, role, forms[grid->table->columns[i].align], text,
                              strlen(text), width > 1 ? width : 1);
    cell->iter = pango_layout_get_iter(cell->layout);
    cell->more = true;
    cell->tone = tone;
}

static void free_cells(struct grid *grid)
{
    for (size_t i = 0; i < grid->table->column_count; i++) {
        pango_layout_iter_free(grid->cells[i].iter);
        g_object_unref(grid->cells[i].layout);
    }
}

static double cells_height(const struct grid *grid)
{
    double most = 0;
    for (size_t i = 0; i < grid->table->column_count; i++) {
        double height = pdf_layout_height(grid->cells[i].layout);
        most = height > most ? height : most;
    }
    return most + 2 * PAD_Y;
}

/* Places the cell's lines from iter on, as many as room holds, and at least one where must. Only
 * measures on a copy. Returns the height they take. */
static double place_lines(struct grid *grid, struct cell *cell, double x, double room, bool must,
                          bool measure)
{
    struct pdf *pdf = grid->pdf;
    if (!cell->more)
        return 0;
    PangoLayoutIter *iter = measure ? pango_layout_iter_copy(cell->iter) : cell->iter;
    bool drawing = pdf->drawing;
    pdf->drawing = drawing && !measure;
    double used = 0;
    bool more = true;
    while (more) {
        int top = 0;
        int end = 0;
        pango_layout_iter_get_line_yrange(iter, &top, &end);
        double height = (double)(end - top) / PANGO_SCALE;
        if (used + height > room + 0.01 && !(must && used <= 0))
            break;
        used += pdf_line(pdf, iter, x, pdf->y + PAD_Y + used);
        more = pango_layout_iter_next_line(iter);
    }
    pdf->drawing = drawing;
    if (measure)
        pango_layout_iter_free(iter);
    else
        cell->more = more;
    return used;
}

static void rules(struct grid *grid, double height)
{
    cairo_t *cairo = grid->pdf->cairo;
    double x = grid->pdf->left;
    cairo_set_source_rgb(cairo, 0.6, 0.64, 0.68);
    cairo_set_line_width(cairo, 0.4);
    for (size_t i = 0; i < grid->table->column_count; i++) {
        cairo_rectangle(cairo, x, grid->pdf->y, grid->widths[i], height);
        x += grid->widths[i];
    }
    cairo_stroke(cairo);
}

/* As much of the row as the page holds. True: there is more of it. */
static bool place_piece(struct grid *grid, bool head, bool must)
{
    struct pdf *pdf = grid->pdf;
    double room = pdf->bottom - pdf->y - 2 * PAD_Y;
    double height = 0;
    for (size_t i = 0; i < grid->table->column_count; i++) {
        double used = place_lines(grid, &grid->cells[i], 0, room, must, true);
        height = used > height ? used : height;
    }
    if (height <= 0)
        return true;
    if (pdf->drawing && head) {
        cairo_set_source_rgb(pdf->cairo, 0xe6 / 255.0, 0xeb / 255.0, 0xf1 / 255.0);
        cairo_rectangle(pdf->cairo, pdf->left, pdf->y, pdf->width, height + 2 * PAD_Y);
        cairo_fill(pdf->cairo);
    }
    bool more = false;
    double x = pdf->left;
    for (size_t i = 0; i < grid->table->column_count; i++) {
        struct cell *cell = &grid->cells[i];
        if (pdf->drawing)
            pdf_colour(pdf, cell->tone);
        (void)place_lines(grid, cell, x + grid->pad, room, must, false);
        more = more || cell->more;
        x += grid->widths[i];
    }
    if (pdf->drawing && grid->headed)
        rules(grid, height + 2 * PAD_Y);
    pdf->y += height + 2 * PAD_Y;
    return more;
}

static void make_head(struct grid *grid)
{
    for (size_t i = 0; i < grid->table->column_count; i++)
        make_cell(grid, i, grid->strong, grid->table->columns[i].title, PAPER_PLAIN);
}

/* The head where the table goes on; it fits a page. */
static void repeat_head(struct grid *grid)
{
    if (!grid->repeats)
        return;
    struct cell kept[PAPER_COLUMNS_MAX];
    memcpy(kept, grid->cells, sizeof kept);
    make_head(grid);
    (void)place_piece(grid, true, true);
    free_cells(grid);
    memcpy(grid->cells, kept, sizeof kept);
}

static void next_page(struct grid *grid)
{
    pdf_new_page(grid->pdf);
    repeat_head(grid);
}

/* The row whose cells are made: whole, on this page or the next, or piece by piece. */
static void place_row(struct grid *grid, bool head)
{
    struct pdf *pdf = grid->pdf;
    double height = cells_height(grid);
    double room = pdf->bottom - pdf->y;
    double page = pdf->bottom - pdf->top - (grid->repeats ? grid->head_height : 0);
    if (height > room && !pdf_at_top(pdf) && (height <= page * FILL_MOST || room < CUT_ROOM))
        next_page(grid);
    bool must = pdf_at_top(pdf);
    while (place_piece(grid, head, must)) {
        next_page(grid);
        must = true;
    }
}

static void make_row(struct grid *grid, const struct paper_row *row)
{
    for (size_t i = 0; i < grid->table->column_count; i++) {
        char made[PAPER_CELL_BYTES];
        const struct paper_cell *cell = &row->cells[i];
        make_cell(grid, i, cell->strong ? grid->strong : grid->plain,
                  paper_cell_shown(grid->pdf->paper, cell, made), cell->tone);
    }
}

static void set_up(struct grid *grid, struct pdf *pdf, const struct paper_block *table)
{
    double needs[PAPER_COLUMNS_MAX];
    *grid = (struct grid){.pdf = pdf, .table = table, .headed = table->kind == PAPER_TABLE};
    grid->pad = grid->headed ? 4 : 1;
    grid->plain = grid->headed ? PDF_CELL : PDF_FACT;
    grid->strong = grid->headed ? PDF_CELL_STRONG : PDF_FACT_STRONG;
    if (find_needs(grid, needs) > pdf->width) {
        grid->plain = PDF_SMALL;
        grid->strong = PDF_SMALL_STRONG;
        (void)find_needs(grid, needs);
    }
    paper_widths(table, needs, pdf->width, grid->widths);
    if (!grid->headed)
        return;
    make_head(grid);
    grid->head_height = cells_height(grid);
    free_cells(grid);
}

static double caption_height(struct pdf *pdf, const struct paper_block *table)
{
    if (table->text[0] == '\0')
        return 0;
    PangoLayout *caption =
        pdf_layout(pdf, PDF_CAPTION, PDF_LEFT, table->text, strlen(table->text), pdf->width);
    double height = pdf_layout_height(caption) + 10;
    g_object_unref(caption);
    return height;
}

static double start_of(struct grid *grid)
{
    double first = 0;
    if (grid->table->rows != NULL) {
        make_row(grid, grid->table->rows);
        first = cells_height(grid);
        free_cells(grid);
    }
    double height = caption_height(grid->pdf, grid->table) + grid->head_height;
    return height + (first < CUT_ROOM ? first : CUT_ROOM);
}

double pdf_table_start(struct pdf *pdf, const struct paper_block *table)
{
    struct grid grid;
    set_up(&grid, pdf, table);
    return start_of(&grid);
}

static void caption(struct pdf *pdf, const struct paper_block *table)
{
    if (table->text[0] == '\0')
        return;
    PangoLayout *layout =
        pdf_layout(pdf, PDF_CAPTION, PDF_LEFT, table->text, strlen(table->text), pdf->width);
    pdf_colour(pdf, PAPER_PLAIN);
    pdf->y += pdf_at_top(pdf) ? 0 : 6;
    pdf_flow(pdf, layout, pdf->left);
    pdf->y += 4;
    g_object_unref(layout);
}

void pdf_table(struct pdf *pdf, const struct paper_block *table)
{
    struct grid grid;
    set_up(&grid, pdf, table);
    pdf_need(pdf, start_of(&grid));
    caption(pdf, table);
    if (grid.headed) {
        make_head(&grid);
        place_row(&grid, true);
        free_cells(&grid);
        grid.repeats = grid.head_height <= (pdf->bottom - pdf->top) * HEAD_REPEATS_TO;
    }
    for (const struct paper_row *row = table->rows; row != NULL && pdf_step(pdf); row = row->next) {
        make_row(&grid, row);
        place_row(&grid, false);
        free_cells(&grid);
    }
    pdf->y += AFTER_TABLE;
}
