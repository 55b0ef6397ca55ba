/* lib/paper/paper_xlsx.c - a workbook: one sheet for each table that has a name.
 *
 * Amounts, numbers, percents and days are numbers there, with a format that shows them, so that
 * they can be summed and sorted; an amount or number that a sheet would round is text. A text is
 * always written as text: what begins with "=" is no formula. Rows go to the library one by one
 * and from there to a file, so that a long table is never whole in memory.
 */
#include "paper/paper_model.h"
#include "paper/paper_sheet_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <xlsxwriter.h>

#define EXACT_MAX ((int64_t)1 << 53)
#define STRING_UNITS_MAX 32767 /* UTF-16, in one cell */
#define FOOT_LETTERS_MAX 255
#define WIDTH_ALL 150 /* letters, over all columns of a sheet */
#define WIDTH_MIN 8
#define WIDTH_MAX 80
#define LETTERS_WIDE 1.15 /* of a usual letter to the digit that widths are told in */
#define LINE_HEIGHT 15.0
#define HEIGHT_MAX 409.0

enum { TONES = PAPER_FAINT + 1, KINDS = PAPER_DECIMAL + 1, HEAD = KINDS };

struct book {
    const struct paper *paper;
    const struct paper_writing *writing;
    struct esep_reason *reason;
    lxw_workbook *workbook;
    lxw_format *formats[KINDS + 1][TONES][2][3]; /* by kind, tone, strong, alignment */
    struct paper_sheet_names names;
    double widths[PAPER_COLUMNS_MAX]; /* of the open sheet's columns */
    size_t done;
};

/* A sheet's days are counted so that 1 March 1900 is 61; before it they are wrong. */
static bool sheet_day(int64_t day, double *ret_serial)
{
    if (!paper_day_valid(day) || day < esep_day_from_civil(1900, 3, 1))
        return false;
    *ret_serial = (double)(day - esep_day_from_civil(1899, 12, 30));
    return true;
}

/* Exact: both are whole numbers that a double holds, and one division rounds once. */
static double decimal(const char *text)
{
    int64_t value = 0;
    int64_t divisor = 1;
    bool part = false;
    for (const char *p = text + (text[0] == '-'); *p != '\0'; p++) {
        if (*p == '.') {
            part = true;
            continue;
        }
        value = value * 10 + (*p - '0');
        divisor *= part ? 10 : 1;
    }
    return (double)(text[0] == '-' ? -value : value) / (double)divisor;
}

/* True: a number stands for the cell. */
static bool number(const struct paper *paper, const struct paper_cell *cell, double *ret_number)
{
    esep_day day = 0;
    int minute = 0;
    bool exact = cell->value >= -EXACT_MAX && cell->value <= EXACT_MAX;
    switch (cell->kind) {
    case PAPER_COUNT:
        *ret_number = (double)cell->value;
        return exact;
    case PAPER_MONEY:
    case PAPER_PERCENT:
        *ret_number = (double)cell->value / 100.0;
        return exact;
    case PAPER_DAY:
        return sheet_day(cell->value, ret_number);
    case PAPER_INSTANT:
        if (!paper_instant(paper, cell->value, &day, &minute) || !sheet_day(day, ret_number))
            return false;
        *ret_number += minute / 1440.0;
        return true;
    case PAPER_DECIMAL:
        if (!paper_decimal_valid(cell->text))
            return false;
        *ret_number = decimal(cell->text);
        return true;
    default:
        return false;
    }
}

static const char *number_format(enum paper_language language, int kind)
{
    bool english = language == PAPER_EN;
    switch (kind) {
    case PAPER_COUNT:
        return "#,##0";
    case PAPER_MONEY:
        return "#,##0.00\\ \"\xe2\x82\xb8\"";
    case PAPER_PERCENT:
        return "0%";
    case PAPER_DAY:
        return english ? "[$-409]d mmm yyyy" : "dd.mm.yyyy";
    case PAPER_INSTANT:
        return english ? "[$-409]d mmm yyyy hh:mm" : "dd.mm.yyyy hh:mm";
    case PAPER_TEXT:
        return "@";
    default:
        return "General";
    }
}

static lxw_format *make_format(struct book *book, int kind, enum paper_tone tone, bool strong,
                               unsigned align)
{
    static const lxw_color_t colours[TONES] = {[PAPER_GOOD] = 0x1b6e3c,
                                               [PAPER_WARNING] = 0x8a5a00,
                                               [PAPER_BAD] = 0xa3201c,
                                               [PAPER_FAINT] = 0x5b6470};
    static const uint8_t aligns[3] = {LXW_ALIGN_LEFT, LXW_ALIGN_CENTER, LXW_ALIGN_RIGHT};
    lxw_format *format = workbook_add_format(book->workbook);
    if (format == NULL)
        return NULL;
    format_set_align(format, aligns[align]);
    format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
    if (kind == HEAD || kind == PAPER_TEXT || kind == PAPER_EMPTY || kind == PAPER_DECIMAL)
        format_set_text_wrap(format);
    if (kind == HEAD) {
        format_set_bg_color(format, 0xe6ebf1);
        format_set_border(format, LXW_BORDER_THIN);
        format_set_border_color(format, 0x9aa3ad);
    } else {
        format_set_num_format(format, number_format(book->paper->language, kind));
    }
    if (align == PAPER_LEFT)
        format_set_indent(format, 1);
    if (strong)
        format_set_bold(format);
    if (tone != PAPER_PLAIN)
        format_set_font_color(format, colours[tone]);
    return format;
}

static lxw_format *format_for(struct book *book, int kind, enum paper_tone tone, bool strong,
                              unsigned align)
{
    lxw_format **slot = &book->formats[kind][tone][strong][align];
    if (*slot == NULL)
        *slot = make_format(book, kind, tone, strong, align);
    return *slot;
}

static size_t utf16_units(const char *text)
{
    size_t units = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
        units += (*p & 0xc0) == 0x80 ? 0 : *p >= 0xf0 ? 2 : 1;
    return units;
}

static enum esep_status because(struct book *book, lxw_error error)
{
    switch (error) {
    case LXW_NO_ERROR:
        return ESEP_OK;
    case LXW_ERROR_MEMORY_MALLOC_FAILED:
        return esep_because(book->reason, ESEP_NOMEM, "no memory for a workbook");
    default:
        return esep_because(book->reason, ESEP_IO, "the workbook cannot be made: %s",
                            lxw_strerror(error));
    }
}

static enum esep_status too_long(struct book *book, lxw_worksheet *sheet, lxw_row_t row,
                                 const char *text)
{
    return esep_because(book->reason, ESEP_LIMIT,
                        "sheet \"%.60s\", row %u: a text of %zu letters, a cell holds %d",
                        sheet->name, row + 1, utf16_units(text), STRING_UNITS_MAX);
}

/* "_x0041_" means "A" to a sheet: what looks like it gets its first "_" written that way. */
static char *escaped(const char *text)
{
    GString *out = g_string_new(NULL);
    for (const char *p = text; *p != '\0'; p++) {
        bool code = p[0] == '_' && p[1] == 'x' && strspn(p + 2, "0123456789abcdefABCDEF") >= 4 &&
                    p[6] == '_';
        g_string_append(out, code ? "_x005F" : "");
        g_string_append_c(out, *p);
    }
    return g_string_free(out, FALSE);
}

static enum esep_status put_text(struct book *book, lxw_worksheet *sheet, lxw_row_t row,
                                 lxw_col_t column, const char *text, lxw_format *format)
{
    if (text[0] == '\0')
        return because(book, worksheet_write_blank(sheet, row, column, format));
    if (utf16_units(text) > STRING_UNITS_MAX)
        return too_long(book, sheet, row, text);
    if (strstr(text, "_x") == NULL)
        return because(book, worksheet_write_string(sheet, row, column, text, format));
    char *written = escaped(text);
    lxw_error error = worksheet_write_string(sheet, row, column, written, format);
    g_free(written);
    if (error == LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED)
        return too_long(book, sheet, row, text);
    return because(book, error);
}

static enum esep_status put_cell(struct book *book, lxw_worksheet *sheet, lxw_row_t row,
                                 lxw_col_t column, const struct paper_column *shape,
                                 const struct paper_cell *cell)
{
    double value = 0;
    char made[PAPER_CELL_BYTES];
    bool numeric = number(book->paper, cell, &value);
    lxw_format *format = format_for(book, numeric ? (int)cell->kind : PAPER_TEXT, cell->tone,
                                    cell->strong, shape->align);
    if (numeric)
        return because(book, worksheet_write_number(sheet, row, column, value, format));
    return put_text(book, sheet, row, column, paper_cell_shown(book->paper, cell, made), format);
}

/* What the column's share gives it, and no less than its numbers and days need: a sheet shows
 * those that do not fit as "####". */
static double column_width(const struct paper *paper, const struct paper_block *table, size_t i)
{
    double width = (double)WIDTH_ALL * table->columns[i].share / table->share_sum;
    double needed = WIDTH_MIN;
    for (const struct paper_row *row = table->rows; row != NULL; row = row->next) {
        char made[PAPER_CELL_BYTES];
        double value = 0;
        if (!number(paper, &row->cells[i], &value))
            continue;
        double letters = (double)utf16_units(paper_cell_shown(paper, &row->cells[i], made)) + 3;
        needed = letters > needed ? letters : needed;
    }
    if (width > WIDTH_MAX)
        width = WIDTH_MAX;
    return width > needed ? width : needed;
}

/* The foot of a sheet: "&" opens a code there, and is doubled where it is one. */
struct foot {
    char text[4 * FOOT_LETTERS_MAX + 1];
    size_t len, letters;
};

static void foot_codes(struct foot *foot, const char *codes)
{
    size_t len = strlen(codes);
    memcpy(foot->text + foot->len, codes, len);
    foot->len += len;
    foot->letters += len;
}

/* As much of the text as leaves `kept` letters free. */
static void foot_text(struct foot *foot, struct esep_slice text, size_t kept)
{
    for (size_t i = 0; i < text.len;) {
        size_t len = 1;
        while (i + len < text.len && (text.data[i + len] & 0xc0) == 0x80)
            len++;
        if (foot->letters + 2 + kept > FOOT_LETTERS_MAX)
            return;
        if (text.data[i] == '&')
            foot_codes(foot, "&&");
        else if (text.data[i] == '\n')
            foot_codes(foot, " ");
        else {
            memcpy(foot->text + foot->len, text.data + i, len);
            foot->len += len;
            foot->letters++;
        }
        i += len;
    }
}

/* "page &P of &N" at the right, the foot at the left: the foot takes what the page leaves of the
 * room. */
static enum esep_status set_foot(struct book *book, lxw_worksheet *sheet)
{
    static const char *const fields[3] = {"&P", "&N", ""};
    struct esep_slice parts[3];
    unsigned count = 0;
    struct foot foot = {.len = 0};
    paper_page_parts(book->paper->about.page, parts, &count);
    size_t page_letters = parts[0].len + parts[1].len + parts[2].len + 16;
    if (page_letters > 100)
        page_letters = 100;
    /* On a line of its own: left and right would overlap where they are long. */
    foot_codes(&foot, "&L&8 \n");
    foot_text(&foot, esep_slice_str(book->paper->about.foot), page_letters);
    foot_codes(&foot, "&R&8 ");
    for (unsigned i = 0; i < 3; i++) {
        foot_text(&foot, parts[i], 6);
        if (i < count)
            foot_codes(&foot, fields[i]);
    }
    foot_codes(&foot, "\n ");
    foot.text[foot.len] = '\0';
    return because(book, worksheet_set_footer(sheet, foot.text));
}

/* A sheet of that name, or of one close to it; NULL: no memory. */
static lxw_worksheet *add_sheet(struct book *book, const char *wanted)
{
    char name[PAPER_SHEET_NAME_BYTES];
    paper_sheet_name(&book->names, wanted, name);
    lxw_worksheet *sheet = workbook_add_worksheet(book->workbook, name);
    if (sheet == NULL)
        return NULL;
    worksheet_set_paper(sheet, 9); /* A4 */
    if (book->paper->about.landscape)
        worksheet_set_landscape(sheet);
    worksheet_fit_to_pages(sheet, 1, 0);
    return sheet;
}

/* Lines that the text takes in so many letters of width; about, the font is the reader's. */
static size_t lines_in(const char *text, double width)
{
    size_t count = 0;
    struct paper_lines lines = {.rest = text};
    do {
        struct esep_slice line = paper_line_next(&lines);
        double letters = 0;
        for (size_t i = 0; i < line.len; i++)
            letters += (line.data[i] & 0xc0) != 0x80;
        count += (size_t)(letters * LETTERS_WIDE / width) + 1;
    } while (lines.rest != NULL);
    return count;
}

/* Not every program fits a row to its text when it opens a sheet. */
static enum esep_status set_height(struct book *book, lxw_worksheet *sheet, lxw_row_t at,
                                   const struct paper_block *table, const struct paper_row *row)
{
    size_t most = 1;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t lines = row == NULL ? lines_in(table->columns[i].title, book->widths[i])
                                   : lines_in(row->cells[i].text, book->widths[i]);
        most = lines > most ? lines : most;
    }
    if (most == 1)
        return ESEP_OK;
    double height = (double)most * LINE_HEIGHT;
    return because(book,
                   worksheet_set_row(sheet, at, height < HEIGHT_MAX ? height : HEIGHT_MAX, NULL));
}

static enum esep_status put_row(struct book *book, lxw_worksheet *sheet, lxw_row_t at,
                                const struct paper_block *table, const struct paper_row *row)
{
    enum esep_status status = set_height(book, sheet, at, table, row);
    for (size_t i = 0; i < table->column_count && status == ESEP_OK; i++)
        status = put_cell(book, sheet, at, (lxw_col_t)i, &table->columns[i], &row->cells[i]);
    return status;
}

static enum esep_status put_head(struct book *book, lxw_worksheet *sheet,
                                 const struct paper_block *table)
{
    for (size_t i = 0; i < table->column_count; i++)
        book->widths[i] = column_width(book->paper, table, i);
    enum esep_status status = set_height(book, sheet, 0, table, NULL);
    for (size_t i = 0; i < table->column_count && status == ESEP_OK; i++) {
        lxw_col_t column = (lxw_col_t)i;
        lxw_format *format =
            format_for(book, HEAD, PAPER_PLAIN, true, (unsigned)table->columns[i].align);
        status = because(book, worksheet_set_column(sheet, column, column, book->widths[i], NULL));
        if (status == ESEP_OK)
            status = put_text(book, sheet, 0, column, table->columns[i].title, format);
    }
    return status;
}

static enum esep_status put_table(struct book *book, const struct paper_block *table)
{
    if (table->row_count >= LXW_ROW_MAX)
        return esep_because(book->reason, ESEP_LIMIT, "sheet \"%.60s\": %zu rows, it holds %d",
                            table->name, table->row_count, LXW_ROW_MAX - 1);
    lxw_worksheet *sheet = add_sheet(book, table->name);
    if (sheet == NULL)
        return because(book, LXW_ERROR_MEMORY_MALLOC_FAILED);
    worksheet_freeze_panes(sheet, 1, 0);
    enum esep_status status = put_head(book, sheet, table);
    lxw_row_t at = 1;
    for (const struct paper_row *row = table->rows; row != NULL && status == ESEP_OK;
         row = row->next) {
        status = put_row(book, sheet, at++, table, row);
        if (status == ESEP_OK)
            status = paper_step(book->writing, ++book->done, book->paper->unit_count, book->reason);
    }
    lxw_col_t last_column = (lxw_col_t)(table->column_count - 1);
    if (status == ESEP_OK)
        status = because(book, worksheet_autofilter(sheet, 0, 0, at - 1, last_column));
    if (status == ESEP_OK)
        status = because(book, worksheet_repeat_rows(sheet, 0, 0));
    return status == ESEP_OK ? set_foot(book, sheet) : status;
}

/* A workbook has one sheet at least: where no table has a name, it holds the title. */
static enum esep_status put_title(struct book *book)
{
    lxw_worksheet *sheet = add_sheet(book, book->paper->about.title);
    if (sheet == NULL)
        return because(book, LXW_ERROR_MEMORY_MALLOC_FAILED);
    enum esep_status status = put_text(book, sheet, 0, 0, book->paper->about.title,
                                       format_for(book, PAPER_TEXT, PAPER_PLAIN, true, 0));
    return status == ESEP_OK ? set_foot(book, sheet) : status;
}

/* The library copies them, but does not say const. */
static char *lent(const char *text)
{
    return (char *)(uintptr_t)text;
}

static enum esep_status fill(struct book *book)
{
    const struct paper *paper = book->paper;
    esep_time second = paper->about.made_at / ESEP_SECOND;
    lxw_doc_properties properties = {
        .title = lent(paper->about.title),
        .subject = lent(paper->about.subject),
        .author = lent(paper->about.author),
        .comments = lent(paper->about.foot),
        .created = second > 0 ? second : 1, /* 0 would be the hour of writing */
    };
    enum esep_status status = because(book, workbook_set_properties(book->workbook, &properties));
    size_t sheets = 0;
    for (const struct paper_block *block = paper->blocks; block != NULL && status == ESEP_OK;
         block = block->next) {
        bool sheet = block->kind == PAPER_TABLE && block->name != NULL;
        book->done += sheet ? 1 : 1 + block->row_count;
        status = paper_step(book->writing, book->done, paper->unit_count, book->reason);
        if (status == ESEP_OK && sheet) {
            status = put_table(book, block);
            sheets++;
        }
    }
    if (sheets > 0)
        return status;
    /* Even where it was stopped: the library forgets to close the file of a sheet without cells. */
    enum esep_status titled = put_title(book);
    return status == ESEP_OK ? titled : status;
}

static enum esep_status pour(FILE *packed, FILE *out, struct esep_reason *reason)
{
    char some[16384];
    size_t len = 0;
    enum esep_status status = ESEP_OK;
    rewind(packed);
    while (status == ESEP_OK && (len = fread(some, 1, sizeof some, packed)) > 0)
        status = paper_put(out, some, len, reason);
    if (status == ESEP_OK && ferror(packed))
        status =
            esep_because(reason, ESEP_IO, "the workbook cannot be read back: %s", strerror(errno));
    return status == ESEP_OK ? paper_flush(out, reason) : status;
}

/* Where TMPDIR says, as the library's own: tmpfile() knows /tmp alone, which a sandbox has not. */
static FILE *nameless(void)
{
    const char *folder = getenv("TMPDIR");
    const int fd = open(folder != NULL ? folder : P_tmpdir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) /* a file system without such files */
        return tmpfile();
    FILE *file = fdopen(fd, "w+b");
    if (file == NULL)
        (void)close(fd);
    return file;
}

enum esep_status paper_write_xlsx(const struct paper *paper, FILE *out,
                                  const struct paper_writing *writing, struct esep_reason *reason)
{
    enum esep_status status = paper_ready(paper, reason);
    if (status != ESEP_OK)
        return status;
    /* The library wants a name to write to: that of a file which has none. */
    FILE *packed = nameless();
    if (packed == NULL)
        return esep_because(reason, ESEP_IO, "no temporary file: %s", strerror(errno));
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fileno(packed));
    lxw_workbook_options options = {.constant_memory = LXW_TRUE};
    struct book book = {.paper = paper, .writing = writing, .reason = reason};
    book.workbook = workbook_new_opt(name, &options);
    if (book.workbook == NULL) {
        status = because(&book, LXW_ERROR_MEMORY_MALLOC_FAILED);
    } else {
        status = fill(&book);
        /* What was stopped is closed too: to free it alone would leave its sheets' files open. */
        lxw_error closed = workbook_close(book.workbook);
        if (status == ESEP_OK)
            status = because(&book, closed);
    }
    if (status == ESEP_OK)
        status = pour(packed, out, reason);
    paper_sheet_names_done(&book.names);
    fclose(packed);
    return status;
}
