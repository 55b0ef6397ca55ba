/* lib/paper/paper_pdf.h - pages that fill up from the top, between the PDF writer's sources.
 *
 * The document is laid out twice, by the same code: once only to count the pages, once to draw
 * them, since each page says how many there are. paper_pdf.c has the pages and the running text,
 * paper_pdf_table.c the tables, paper_pdf_layouts.c the texts in lines. Lengths are points.
 *
 * Invariant: top <= y; what is drawn at y ends above bottom, save a line that no page could hold.
 */
#ifndef ESEP_PAPER_PDF_H
#define ESEP_PAPER_PDF_H

#include "paper/paper_model.h"

#include <pango/pangocairo.h>

enum pdf_role {
    PDF_BODY,
    PDF_TITLE,
    PDF_HEADING,
    PDF_SUBHEADING,
    PDF_MINOR,
    PDF_NOTE,
    PDF_CAPTION,
    PDF_FOOT,
    PDF_CELL,
    PDF_CELL_STRONG,
    PDF_SMALL,
    PDF_SMALL_STRONG,
    PDF_FACT,
    PDF_FACT_STRONG,
    PDF_ROLES,
};

enum pdf_form {
    PDF_LEFT,
    PDF_CENTRE,
    PDF_RIGHT,
    PDF_WORDS,    /* left, never cut within a word */
    PDF_UNBROKEN, /* one line, whatever the width */
    PDF_FORMS,
};

struct pdf {
    const struct paper *paper;
    const struct paper_writing *writing;
    struct esep_reason *reason;
    FILE *out;
    enum esep_status status;
    cairo_surface_t *surface;
    cairo_t *cairo;
    PangoFontMap *fonts;
    PangoContext *context;
    PangoFontDescription *roles[PDF_ROLES];
    GHashTable *layouts; /* short texts that were laid out */
    PangoLayout *foot;
    PangoAttrList *attributes; /* a word that is cut gets no hyphen that its writer did not set */
    bool drawing;
    double page_width, page_height, left, top, width, bottom;
    double y;
    unsigned page, page_count;
    int outline[5]; /* by level: the entry that the next one stands under */
    size_t done;
};

GHashTable *pdf_layouts_new(void);
/* The text in lines of that width. It may be shared: look at it, draw it, unref it, never change
 * it. */
PangoLayout *pdf_layout(struct pdf *pdf, enum pdf_role role, enum pdf_form form, const char *text,
                        size_t len, double width);
double pdf_layout_height(PangoLayout *layout);
void pdf_colour(struct pdf *pdf, enum paper_tone tone);
/* The line at iter, its top at y; returns its height. Draws where drawing. */
double pdf_line(struct pdf *pdf, PangoLayoutIter *iter, double x, double y);
void pdf_new_page(struct pdf *pdf);
bool pdf_at_top(const struct pdf *pdf);
void pdf_need(struct pdf *pdf, double height); /* a new page where so much is not left */
/* The text flows over pages. */
void pdf_flow(struct pdf *pdf, PangoLayout *layout, double x);
/* One more unit is laid out. False: stop, see status. */
bool pdf_step(struct pdf *pdf);

void pdf_table(struct pdf *pdf, const struct paper_block *table);
/* What a table's beginning needs, so that a heading before it need not stand alone. */
double pdf_table_start(struct pdf *pdf, const struct paper_block *table);

#endif
