/* collector/export_csv.c - one of the flat tables as CSV; see export.h.
 *
 * RFC 4180 in UTF-8 with a byte order mark, since that is how spreadsheets know it. Days and
 * instants are ISO 8601; a number has a decimal point, or a comma where fields are separated by
 * semicolons: the spreadsheets that want the one want the other, and take 10.12 for a day.
 *
 * A spreadsheet runs what looks like a formula. So a text that begins like one, also behind blanks
 * or in full-width letters, gets an apostrophe in front; a plain negative number stays.
 */
#include "collector/export.h"

#include <stdio.h>

static bool is_number(const char *text)
{
    size_t digits = 0;
    size_t points = 0;
    text += *text == '-';
    for (; *text != 0; text++) {
        digits += *text >= '0' && *text <= '9';
        points += *text == '.' || *text == ',';
        if ((*text < '0' || *text > '9') && *text != '.' && *text != ',')
            return false;
    }
    return digits > 0 && points <= 1;
}

/* Blanks that a spreadsheet may drop before it looks: ASCII, no-break, zero-width, the mark. */
static const char *behind_blanks(const char *text)
{
    static const char *const blanks[] = {" ",      "\u00a0", "\u2007", "\u202f", "\u3000",
                                         "\u200b", "\u200e", "\u200f", "\u2060", "\ufeff"};
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks;) {
        size_t len = strlen(blanks[i]);
        bool blank = strncmp(text, blanks[i], len) == 0;
        text += blank ? len : 0;
        i = blank ? 0 : i + 1;
    }
    return text;
}

static bool like_formula(const char *text)
{
    /* Also full-width = + - @, the minus sign, and what opens a line of its own. */
    static const char *const starts[] = {"=",      "+",      "-",      "@",      "\t",     "\r",
                                         "\n",     "\uff1d", "\uff0b", "\uff0d", "\uff20", "\u2212",
                                         "\ufe62", "\ufe63", "\ufe66", "\ufe6b"};
    if (is_number(text))
        return false;
    const char *from = behind_blanks(text);
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        size_t len = strlen(starts[i]);
        if (strncmp(from, starts[i], len) == 0)
            return from[len] != 0; /* by itself it is a dash */
    }
    return false;
}

void export_csv_field(FILE *out, const char *text, char before)
{
    if (before != 0)
        (void)fputc(before, out);
    (void)fputc('"', out);
    if (like_formula(text))
        (void)fputc('\'', out);
    for (; *text != 0; text++) {
        if (*text == '"')
            (void)fputc('"', out);
        (void)fputc(*text, out);
    }
    (void)fputc('"', out);
}

struct csv {
    FILE *out;
    char delimiter;
    const struct esep_zone *zone;
};

static void put_head(void *context, const char *id, const char *title,
                     const struct paper_column *columns, size_t count)
{
    const struct csv *csv = context;
    (void)id;
    (void)title;
    (void)fputs("\xEF\xBB\xBF", csv->out);
    for (size_t i = 0; i < count; i++)
        export_csv_field(csv->out, columns[i].title, i > 0 ? csv->delimiter : 0);
    (void)fputs("\r\n", csv->out);
}

static const char *cell_text(const struct csv *csv, const struct paper_cell *cell, char out[64])
{
    unsigned long long tiyn = (unsigned long long)cell->value;
    out[0] = 0;
    switch (cell->kind) {
    case PAPER_TEXT:
        return cell->text;
    case PAPER_COUNT:
    case PAPER_PERCENT:
        (void)snprintf(out, 64, "%lld", (long long)cell->value);
        break;
    case PAPER_MONEY: /* never negative (domain/report.h) */
        (void)snprintf(out, 64, "%llu.%02llu", tiyn / 100, tiyn % 100);
        break;
    case PAPER_DAY:
        esep_day_format((esep_day)cell->value, out);
        break;
    case PAPER_INSTANT:
        esep_time_format(cell->value, csv->zone, out);
        break;
    case PAPER_DECIMAL:
        (void)snprintf(out, 64, "%s", cell->text);
        break;
    default:
        break;
    }
    bool decimal = cell->kind == PAPER_MONEY || cell->kind == PAPER_DECIMAL;
    char *point = decimal && csv->delimiter == ';' ? strchr(out, '.') : NULL;
    if (point != NULL)
        *point = ',';
    return out;
}

static void put_row(void *context, const struct paper_cell *cells, size_t count)
{
    const struct csv *csv = context;
    char text[64];
    for (size_t i = 0; i < count; i++)
        export_csv_field(csv->out, cell_text(csv, &cells[i], text), i > 0 ? csv->delimiter : 0);
    (void)fputs("\r\n", csv->out);
}

enum esep_status export_csv(const struct consolidated *c, const struct export_request *request,
                            FILE *out, struct esep_reason *reason)
{
    struct csv csv = {out, request->delimiter, c->zone};
    const struct export_sink sink = {&csv, put_head, put_row};
    const char *table = request->table != NULL ? request->table : export_sheet_ids[0];
    bool known = false;
    for (size_t i = 0; export_sheet_ids[i] != NULL; i++)
        known |= strcmp(export_sheet_ids[i], table) == 0;
    if (!known)
        return esep_because(reason, ESEP_INVALID,
                            "no table '%.32s': say reports, actions, indicators, money, totals, "
                            "late or missing",
                            table);
    enum esep_status status = export_sheets(c, request->language, table, &sink, reason);
    if (status == ESEP_OK && ferror(out))
        status = esep_because(reason, ESEP_IO,
                              "not all of the output could be written: is the disk full?");
    return status;
}
