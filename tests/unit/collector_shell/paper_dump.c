/* tests/unit/collector_shell/paper_dump.c - paper.h as plain lines, so that a test can ask what a
 * document says, in which order, and of which type each cell is. Days and money stand as numbers:
 * how a language writes them is the paper's own matter and tested there. */
#include "paper/paper.h"

#include <stdlib.h>

struct paper {
    struct esep_buf text;
    size_t columns;
    enum esep_status status;
};

static void put(struct paper *paper, const char *before, const char *text)
{
    if (paper->status == ESEP_OK)
        paper->status = esep_buf_put(&paper->text, before, strlen(before));
    if (paper->status == ESEP_OK)
        paper->status = esep_buf_put(&paper->text, text, strlen(text));
}

static void line(struct paper *paper, const char *before, const char *text)
{
    put(paper, before, text);
    put(paper, "\n", "");
}

struct paper *paper_new(const struct paper_about *about)
{
    struct paper *paper = calloc(1, sizeof *paper);
    if (paper == NULL)
        return NULL;
    esep_buf_init(&paper->text, about->bytes_max);
    line(paper, "language: ", about->language);
    line(paper, "title: ", about->title);
    line(paper, "subject: ", about->subject);
    line(paper, "foot: ", about->foot);
    return paper;
}

void paper_free(struct paper *paper)
{
    if (paper == NULL)
        return;
    esep_buf_done(&paper->text);
    free(paper);
}

void paper_heading(struct paper *paper, unsigned level, const char *text)
{
    line(paper, &"#### "[4 - level], text);
}

void paper_paragraph(struct paper *paper, const char *text)
{
    line(paper, "p: ", text);
}

void paper_note(struct paper *paper, const char *text)
{
    line(paper, "note: ", text);
}

void paper_facts(struct paper *paper, const struct paper_fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put(paper, facts[i].label, " = ");
        line(paper, facts[i].value, "");
    }
}

void paper_bullet(struct paper *paper, const char *text)
{
    line(paper, "* ", text);
}

void paper_page_break(struct paper *paper)
{
    line(paper, "----", "");
}

void paper_table(struct paper *paper, const char *name, const char *caption,
                 const struct paper_column *columns, size_t column_count)
{
    put(paper, "table: ", name != NULL ? name : "");
    line(paper, "; ", caption != NULL ? caption : "");
    for (size_t i = 0; i < column_count; i++)
        put(paper, "| ", columns[i].title);
    put(paper, "\n", "");
    paper->columns = column_count;
}

void paper_row(struct paper *paper, const struct paper_cell *cells)
{
    static const char *const kinds[] = {"",     "",     "count ",   "tiyn ",
                                        "pct ", "day ", "instant ", "decimal "};
    for (size_t i = 0; i < paper->columns; i++) {
        char text[64] = "";
        put(paper, "| ", kinds[cells[i].kind]);
        if (cells[i].kind == PAPER_DAY)
            esep_day_format((esep_day)cells[i].value, text);
        else if (cells[i].kind == PAPER_INSTANT)
            esep_time_format(cells[i].value, NULL, text);
        else if (cells[i].kind == PAPER_COUNT || cells[i].kind == PAPER_MONEY ||
                 cells[i].kind == PAPER_PERCENT)
            (void)snprintf(text, sizeof text, "%lld", (long long)cells[i].value);
        put(paper,
            cells[i].kind == PAPER_TEXT || cells[i].kind == PAPER_DECIMAL ? cells[i].text : text,
            " ");
    }
    put(paper, "\n", "");
}

enum esep_status paper_status(const struct paper *paper)
{
    return paper->status;
}

static enum esep_status dump(const struct paper *paper, FILE *out,
                             const struct paper_writing *writing)
{
    if (writing->progress != NULL && !writing->progress(writing->context, 0, 1))
        return ESEP_AGAIN;
    return fwrite(paper->text.data, 1, paper->text.len, out) == paper->text.len ? ESEP_OK : ESEP_IO;
}

enum esep_status paper_write_docx(const struct paper *paper, FILE *out,
                                  const struct paper_writing *writing, struct esep_reason *reason)
{
    (void)reason;
    return dump(paper, out, writing);
}

enum esep_status paper_write_pdf(const struct paper *paper, FILE *out,
                                 const struct paper_writing *writing, struct esep_reason *reason)
{
    (void)reason;
    return dump(paper, out, writing);
}

enum esep_status paper_write_xlsx(const struct paper *paper, FILE *out,
                                  const struct paper_writing *writing, struct esep_reason *reason)
{
    (void)reason;
    return dump(paper, out, writing);
}

void paper_money_text(const char *language, int64_t tiyn, char *out, size_t len)
{
    (void)snprintf(out, len, "%s:%lld", language, (long long)tiyn);
}

void paper_day_text(const char *language, esep_day day, char *out, size_t len)
{
    (void)language;
    if (len >= 11)
        esep_day_format(day, out);
}
