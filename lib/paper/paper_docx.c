/* lib/paper/paper_docx.c - the document itself, as WordprocessingML.
 *
 * Headings, notes and bullets are paragraphs of styles, so that whoever edits the file changes a
 * style and not a hundred paragraphs; a table's head row is marked as such and repeats on each
 * page. A row may break over pages only where it is long: then no program can lose its end.
 */
#include "paper/paper_docx.h"

#include "paper/paper_widths.h"

#define ROW_KEPT_BYTES 700 /* of text: a row that is shorter stays on one page */
/* In twentieths of a point, of the letters in a table. */
#define DIGIT_WIDTH 104u
#define LETTER_WIDTH 140u
#define CELL_MARGINS_WIDTH 190u

static const char *const tone_style[] = {
    [PAPER_PLAIN] = NULL, [PAPER_GOOD] = "Good",   [PAPER_WARNING] = "Warning",
    [PAPER_BAD] = "Bad",  [PAPER_FAINT] = "Faint",
};

static void run(struct docx_out *out, struct esep_slice text, enum paper_tone tone, bool strong)
{
    docx_put(out, "<w:r>");
    if (tone_style[tone] != NULL || strong) {
        docx_put(out, "<w:rPr>");
        if (tone_style[tone] != NULL)
            docx_putf(out, "<w:rStyle w:val=\"%s\"/>", tone_style[tone]);
        docx_put(out, strong ? "<w:b/></w:rPr>" : "</w:rPr>");
    }
    docx_put(out, "<w:t xml:space=\"preserve\">");
    docx_put_text(out, text);
    docx_put(out, "</w:t></w:r>");
}

static void begin_paragraph(struct docx_out *out, const char *style, const char *alignment)
{
    docx_putf(out, "<w:p><w:pPr><w:pStyle w:val=\"%s\"/>", style);
    if (alignment != NULL)
        docx_putf(out, "<w:jc w:val=\"%s\"/>", alignment);
    docx_put(out, "</w:pPr>");
}

/* Each line is a paragraph of its own; a text without any is one empty paragraph. */
static void paragraphs(struct docx_out *out, const char *style, const char *alignment,
                       const char *text, const struct paper_cell *look)
{
    struct paper_lines lines = {.rest = text, .skip_empty = true};
    struct esep_slice line = paper_line_next(&lines);
    do {
        begin_paragraph(out, style, alignment);
        if (line.len > 0)
            run(out, line, look != NULL ? look->tone : PAPER_PLAIN, look != NULL && look->strong);
        docx_put(out, "</w:p>");
        line = paper_line_next(&lines);
    } while (line.len > 0);
}

static size_t longest_word(const char *text)
{
    char word[PAPER_CELL_BYTES];
    size_t most = 0;
    for (const char *p = text; *p != '\0';) {
        size_t len = strcspn(p, " \n");
        snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : sizeof word - 1), p);
        size_t letters = paper_letters(word);
        most = letters > most ? letters : most;
        p += len + (p[len] != '\0');
    }
    return most;
}

/* No letter is measured here: the font is the reader's. So an amount gets what its digits and a
 * head what its letters have in the usual one, and a little more. */
static void set_widths(struct docx_cursor *cursor)
{
    const struct paper_block *table = cursor->block;
    struct docx_page page = docx_page(cursor->paper);
    double needs[PAPER_COLUMNS_MAX];
    double widths[PAPER_COLUMNS_MAX];
    for (size_t i = 0; i < table->column_count; i++) {
        char number[PAPER_CELL_BYTES];
        paper_longest(cursor->paper, table, i, number);
        size_t digits = paper_letters(number) * DIGIT_WIDTH;
        size_t letters = longest_word(table->columns[i].title) * LETTER_WIDTH;
        needs[i] = (double)((digits > letters ? digits : letters) + CELL_MARGINS_WIDTH);
    }
    paper_widths(table, needs, page.width - page.left - page.right, widths);
    for (size_t i = 0; i < table->column_count; i++)
        cursor->widths[i] = (unsigned)widths[i];
}

static const char *alignment(const struct paper_block *table, size_t column)
{
    static const char *const names[] = {
        [PAPER_LEFT] = NULL, [PAPER_CENTRE] = "center", [PAPER_RIGHT] = "right"};
    return names[table->columns[column].align];
}

static void begin_cell(struct docx_out *out, const struct docx_cursor *cursor, size_t column)
{
    docx_putf(out, "<w:tc><w:tcPr><w:tcW w:w=\"%u\" w:type=\"dxa\"/></w:tcPr>",
              cursor->widths[column]);
}

static void begin_table(struct docx_out *out, struct docx_cursor *cursor)
{
    const struct paper_block *table = cursor->block;
    set_widths(cursor);
    bool headed = table->kind == PAPER_TABLE;
    if (headed && table->text[0] != '\0')
        paragraphs(out, "Caption", NULL, table->text, NULL);
    unsigned width = 0;
    for (size_t i = 0; i < table->column_count; i++)
        width += cursor->widths[i];
    docx_putf(out,
              "<w:tbl><w:tblPr><w:tblStyle w:val=\"%s\"/><w:tblW w:w=\"%u\" w:type=\"dxa\"/>"
              "<w:tblLayout w:type=\"fixed\"/><w:tblLook w:val=\"%s\" w:firstRow=\"%d\" "
              "w:lastRow=\"0\" w:firstColumn=\"0\" w:lastColumn=\"0\" w:noHBand=\"1\" "
              "w:noVBand=\"1\"/></w:tblPr><w:tblGrid>",
              headed ? "ReportTable" : "FactsTable", width, headed ? "0620" : "0600", headed);
    for (size_t i = 0; i < table->column_count; i++)
        docx_putf(out, "<w:gridCol w:w=\"%u\"/>", cursor->widths[i]);
    docx_put(out, "</w:tblGrid>");
    if (!headed)
        return;
    docx_put(out, "<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>");
    for (size_t i = 0; i < table->column_count; i++) {
        begin_cell(out, cursor, i);
        paragraphs(out, "TableHead", alignment(table, i), table->columns[i].title, NULL);
        docx_put(out, "</w:tc>");
    }
    docx_put(out, "</w:tr>");
}

static void table_row(struct docx_out *out, const struct docx_cursor *cursor)
{
    const struct paper_block *table = cursor->block;
    const struct paper_row *row = cursor->row;
    size_t longest = 0;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t len = strlen(row->cells[i].text);
        longest = len > longest ? len : longest;
    }
    docx_put(out, longest <= ROW_KEPT_BYTES ? "<w:tr><w:trPr><w:cantSplit/></w:trPr>" : "<w:tr>");
    for (size_t i = 0; i < table->column_count; i++) {
        char made[PAPER_CELL_BYTES];
        begin_cell(out, cursor, i);
        paragraphs(out, "TableText", alignment(table, i),
                   paper_cell_shown(cursor->paper, &row->cells[i], made), &row->cells[i]);
        docx_put(out, "</w:tc>");
    }
    docx_put(out, "</w:tr>");
}

/* Two tables that touch would be one; and a table may not end a document. */
static void end_table(struct docx_out *out)
{
    docx_put(out, "</w:tbl><w:p><w:pPr><w:pStyle w:val=\"AfterTable\"/></w:pPr></w:p>");
}

static void text_block(struct docx_out *out, const struct paper_block *block)
{
    static const char *const heading[] = {"Title", "Heading1", "Heading2", "Heading3"};
    switch (block->kind) {
    case PAPER_HEADING:
        paragraphs(out, heading[block->level - 1], NULL, block->text, NULL);
        return;
    case PAPER_NOTE:
        paragraphs(out, "Note", NULL, block->text, NULL);
        return;
    case PAPER_BULLET:
        paragraphs(out, "ListBullet", NULL, block->text, NULL);
        return;
    case PAPER_PAGE_BREAK:
        docx_put(out, "<w:p><w:pPr><w:pStyle w:val=\"AfterTable\"/></w:pPr>"
                      "<w:r><w:br w:type=\"page\"/></w:r></w:p>");
        return;
    default:
        paragraphs(out, "Normal", NULL, block->text, NULL);
        return;
    }
}

static void section(struct docx_out *out, const struct paper *paper)
{
    struct docx_page page = docx_page(paper);
    docx_putf(out,
              "<w:sectPr><w:footerReference w:type=\"default\" r:id=\"footer\"/>"
              "<w:pgSz w:w=\"%u\" w:h=\"%u\"%s/>"
              "<w:pgMar w:top=\"%u\" w:right=\"%u\" w:bottom=\"%u\" w:left=\"%u\" "
              "w:header=\"567\" w:footer=\"567\" w:gutter=\"0\"/></w:sectPr>",
              page.width, page.height, paper->about.landscape ? " w:orient=\"landscape\"" : "",
              page.top, page.right, page.bottom, page.left);
}

void docx_start(struct docx_cursor *cursor, const struct paper *paper)
{
    *cursor = (struct docx_cursor){.paper = paper, .block = paper->blocks};
}

static void next_block(struct docx_cursor *cursor)
{
    cursor->block = cursor->block->next;
    cursor->at = cursor->block != NULL ? DOCX_BLOCK : DOCX_END;
}

static void put_block(struct docx_cursor *cursor, struct docx_out *out)
{
    const struct paper_block *block = cursor->block;
    cursor->done++;
    if (block->kind == PAPER_TABLE || block->kind == PAPER_FACTS) {
        begin_table(out, cursor);
        cursor->row = block->rows;
        cursor->at = DOCX_ROWS;
        return;
    }
    text_block(out, block);
    next_block(cursor);
}

bool docx_next(struct docx_cursor *cursor, struct docx_out *out)
{
    switch (cursor->at) {
    case DOCX_HEAD:
        docx_put(out, DOCX_XML "<w:document xmlns:w=\"" DOCX_MAIN "\" xmlns:r=\"http://schemas."
                               "openxmlformats.org/officeDocument/2006/relationships\"><w:body>");
        cursor->at = cursor->block != NULL ? DOCX_BLOCK : DOCX_END;
        return true;
    case DOCX_BLOCK:
        put_block(cursor, out);
        return true;
    case DOCX_ROWS:
        if (cursor->row != NULL) {
            table_row(out, cursor);
            cursor->row = cursor->row->next;
            cursor->done++;
            return true;
        }
        end_table(out);
        next_block(cursor);
        return true;
    case DOCX_END:
        section(out, cursor->paper);
        docx_put(out, "</w:body></w:document>");
        cursor->at = DOCX_DONE;
        return true;
    default:
        return false;
    }
}
