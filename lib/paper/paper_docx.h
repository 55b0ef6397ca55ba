/* lib/paper/paper_docx.h - the parts of a DOCX file, between its three sources.
 *
 * A DOCX is a ZIP of XML parts. paper_docx_parts.c makes the small ones (styles, numbering, footer,
 * properties), paper_docx.c the document itself, piece by piece, so that a long one is never
 * whole in memory; paper_docx_zip.c packs them.
 *
 * Each piece goes to a buf; what did not fit shows in the status of struct docx_out, which sticks.
 */
#ifndef ESEP_PAPER_DOCX_H
#define ESEP_PAPER_DOCX_H

#include "paper/paper_model.h"

#define DOCX_XML "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"
#define DOCX_MAIN "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
#define DOCX_PIECE_MAX ((size_t)256 << 20)

struct docx_out {
    struct esep_buf xml;
    enum esep_status status;
};
void docx_put(struct docx_out *out, const char *markup);
void docx_putf(struct docx_out *out, const char *format, ...) ESEP_PRINTF(2, 3);
void docx_put_text(struct docx_out *out, struct esep_slice text); /* escaped */

/* The page, in twentieths of a point. */
struct docx_page {
    unsigned width, height, left, right, top, bottom;
};
struct docx_page docx_page(const struct paper *paper);

/* A small part of the file: its name, and what makes it. */
struct docx_part {
    const char *name;
    void (*make)(const struct paper *paper, struct docx_out *out);
};
extern const struct docx_part docx_parts[];
extern const size_t docx_part_count;

/* The document's pieces, one for each call: its head, each block and row, its end. False: there
 * was none left. */
struct docx_cursor {
    const struct paper *paper;
    const struct paper_block *block;
    const struct paper_row *row;
    enum { DOCX_HEAD, DOCX_BLOCK, DOCX_ROWS, DOCX_END, DOCX_DONE } at;
    unsigned widths[PAPER_COLUMNS_MAX]; /* of the open table's columns */
    size_t done;                        /* units that are made */
};
void docx_start(struct docx_cursor *cursor, const struct paper *paper);
bool docx_next(struct docx_cursor *cursor, struct docx_out *out);

#endif
