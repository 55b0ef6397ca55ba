/* lib/paper/paper.c - the document itself, see paper.h and paper_model.h. */
#include "paper/paper_model.h"

#include <errno.h>
#include <stdlib.h>

/* Everything comes from here. NULL: the document is over its limit, and stays so. */
static void *take(struct paper *paper, size_t bytes)
{
    if (paper->status != ESEP_OK)
        return NULL;
    void *piece = esep_arena_alloc(&paper->arena, bytes);
    if (piece == NULL) {
        paper->status = ESEP_LIMIT;
        return NULL;
    }
    memset(piece, 0, bytes);
    return piece;
}

/* A clean copy; "" where there is nothing, or no room. */
static const char *copy(struct paper *paper, const char *raw)
{
    if (raw == NULL || raw[0] == '\0')
        return "";
    char *text = take(paper, paper_clean(raw, NULL) + 1);
    if (text == NULL)
        return "";
    paper_clean(raw, text);
    return text;
}

static void copy_about(struct paper *paper, const struct paper_about *about)
{
    static const char *const codes[] = {"kk", "ru", "en"};
    paper->about = *about;
    paper->language = paper_language(about->language);
    paper->about.language = codes[paper->language];
    paper->about.title = copy(paper, about->title);
    paper->about.subject = copy(paper, about->subject);
    paper->about.author = copy(paper, about->author);
    paper->about.foot = copy(paper, about->foot);
    paper->about.page = copy(paper, about->page);
    paper->about.zone = NULL;
    if (about->zone != NULL) {
        paper->zone = *about->zone;
        paper->about.zone = &paper->zone;
    }
}

struct paper *paper_new(const struct paper_about *about)
{
    struct paper *paper = calloc(1, sizeof *paper);
    if (paper == NULL)
        return NULL;
    if (esep_arena_init(&paper->arena, about->bytes_max) != ESEP_OK) {
        free(paper);
        return NULL;
    }
    copy_about(paper, about);
    return paper;
}

void paper_free(struct paper *paper)
{
    if (paper == NULL)
        return;
    esep_arena_done(&paper->arena);
    free(paper);
}

/* NULL: no room. Whatever comes closes the table that was open. */
static struct paper_block *block(struct paper *paper, enum paper_block_kind kind, const char *text)
{
    paper->open = NULL;
    struct paper_block *block = take(paper, sizeof *block);
    if (block == NULL)
        return NULL;
    block->kind = kind;
    block->text = copy(paper, text);
    if (paper->status != ESEP_OK)
        return NULL;
    if (paper->last_block == NULL)
        paper->blocks = block;
    else
        paper->last_block->next = block;
    paper->last_block = block;
    paper->unit_count++;
    return block;
}

void paper_heading(struct paper *paper, unsigned level, const char *text)
{
    ESEP_ASSERT(level >= 1 && level <= 4);
    struct paper_block *heading = block(paper, PAPER_HEADING, text);
    if (heading != NULL)
        heading->level = level;
}

void paper_paragraph(struct paper *paper, const char *text)
{
    (void)block(paper, PAPER_PARAGRAPH, text);
}

void paper_note(struct paper *paper, const char *text)
{
    (void)block(paper, PAPER_NOTE, text);
}

void paper_bullet(struct paper *paper, const char *text)
{
    (void)block(paper, PAPER_BULLET, text);
}

void paper_page_break(struct paper *paper)
{
    (void)block(paper, PAPER_PAGE_BREAK, NULL);
}

/* Appends only when each cell has found room: a row is never there in part. */
static void append_row(struct paper *paper, struct paper_block *table,
                       const struct paper_cell *cells)
{
    struct paper_row *row = take(paper, sizeof *row + table->column_count * sizeof row->cells[0]);
    if (row == NULL)
        return;
    for (size_t i = 0; i < table->column_count; i++) {
        row->cells[i] = cells[i];
        bool textual = cells[i].kind == PAPER_TEXT || cells[i].kind == PAPER_DECIMAL;
        row->cells[i].text = copy(paper, textual ? cells[i].text : NULL);
    }
    if (paper->status != ESEP_OK)
        return;
    if (table->last_row == NULL)
        table->rows = row;
    else
        table->last_row->next = row;
    table->last_row = row;
    table->row_count++;
    paper->unit_count++;
}

/* True: the columns are there. */
static bool take_columns(struct paper *paper, struct paper_block *table,
                         const struct paper_column *columns, size_t count)
{
    ESEP_ASSERT(count >= 1 && count <= PAPER_COLUMNS_MAX);
    struct paper_column *own = take(paper, count * sizeof *own);
    if (own == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        own[i] = columns[i];
        own[i].title = copy(paper, columns[i].title);
        if (own[i].share == 0)
            own[i].share = 1;
        table->share_sum += own[i].share;
    }
    table->columns = own;
    table->column_count = count;
    return paper->status == ESEP_OK;
}

void paper_facts(struct paper *paper, const struct paper_fact *facts, size_t count)
{
    static const struct paper_column columns[2] = {{.share = 3}, {.share = 7}};
    paper->open = NULL;
    if (count == 0)
        return;
    struct paper_block *list = block(paper, PAPER_FACTS, NULL);
    if (list == NULL || !take_columns(paper, list, columns, 2))
        return;
    for (size_t i = 0; i < count; i++) {
        struct paper_cell cells[2] = {
            {.kind = PAPER_TEXT, .tone = PAPER_FAINT, .text = facts[i].label},
            {.kind = PAPER_TEXT, .text = facts[i].value},
        };
        append_row(paper, list, cells);
    }
}

void paper_table(struct paper *paper, const char *name, const char *caption,
                 const struct paper_column *columns, size_t column_count)
{
    struct paper_block *table = block(paper, PAPER_TABLE, caption);
    if (table == NULL || !take_columns(paper, table, columns, column_count))
        return;
    if (name != NULL)
        table->name = copy(paper, name);
    if (paper->status == ESEP_OK)
        paper->open = table;
}

void paper_row(struct paper *paper, const struct paper_cell *cells)
{
    if (paper->status != ESEP_OK)
        return;
    ESEP_ASSERT(paper->open != NULL);
    append_row(paper, paper->open, cells);
}

enum esep_status paper_status(const struct paper *paper)
{
    return paper->status;
}

enum esep_status paper_ready(const struct paper *paper, struct esep_reason *reason)
{
    if (paper->status == ESEP_OK)
        return ESEP_OK;
    return esep_because(reason, paper->status, "the document needs more than its %zu bytes",
                        paper->about.bytes_max);
}

enum esep_status paper_step(const struct paper_writing *writing, size_t done, size_t total,
                            struct esep_reason *reason)
{
    if (writing == NULL || writing->progress == NULL ||
        writing->progress(writing->context, done, total))
        return ESEP_OK;
    return esep_because(reason, ESEP_AGAIN, "stopped at %zu of %zu", done, total);
}

enum esep_status paper_put(FILE *out, const void *data, size_t len, struct esep_reason *reason)
{
    if (fwrite(data, 1, len, out) == len)
        return ESEP_OK;
    return esep_because(reason, ESEP_IO, "the document cannot be written: %s", strerror(errno));
}

enum esep_status paper_flush(FILE *out, struct esep_reason *reason)
{
    if (fflush(out) == 0 && ferror(out) == 0)
        return ESEP_OK;
    return esep_because(reason, ESEP_IO, "the document cannot be written: %s", strerror(errno));
}
