/* lib/io/table.c - see table.h. */
#include "io/table.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TABLE_BYTES_MAX (256u << 20)

void esep_table_init(struct esep_table *table, const char *const *heads)
{
    *table = (struct esep_table){0};
    esep_buf_init(&table->cells, TABLE_BYTES_MAX);
    while (heads[table->columns] != NULL)
        table->columns++;
    ESEP_ASSERT(table->columns > 0 && table->columns <= ESEP_TABLE_COLUMNS_MAX);
    for (size_t i = 0; i < table->columns; i++)
        esep_table_cell(table, "%s", heads[i]);
}

void esep_table_done(struct esep_table *table)
{
    esep_buf_done(&table->cells);
}

void esep_table_cell(struct esep_table *table, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t bytes = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    text[bytes] = 0;
    for (size_t i = 0; i < bytes; i++)
        if (text[i] == '\n' || text[i] == '\t' || text[i] == '\r')
            text[i] = ' ';
    if (esep_buf_put(&table->cells, text, bytes + 1) != ESEP_OK)
        table->broken = true;
    table->count++;
}

/* Decodes one code point; malformed bytes count as themselves. */
static size_t decode(const unsigned char *p, uint32_t *ret)
{
    size_t more = *p >= 0xF0 ? 3 : *p >= 0xE0 ? 2 : *p >= 0xC0 ? 1 : 0;
    uint32_t value = more == 3 ? *p & 7u : more == 2 ? *p & 15u : more == 1 ? *p & 31u : *p;
    for (size_t i = 1; i <= more; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            *ret = *p;
            return 1;
        }
        value = value << 6 | (p[i] & 63u);
    }
    *ret = value;
    return more + 1;
}

/* Width without the locale's help: the languages here have no wide letters, but names may carry
 * combining accents. */
static size_t width_of(uint32_t c)
{
    if (c >= 0x300 && c <= 0x36F)
        return 0;
    bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
                (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
                (c >= 0x1F300 && c <= 0x1FAFF);
    return wide ? 2 : 1;
}

size_t esep_text_width(const char *text)
{
    size_t width = 0;
    const unsigned char *p = (const unsigned char *)text;
    while (*p != 0) {
        uint32_t c = 0;
        p += decode(p, &c);
        width += width_of(c);
    }
    return width;
}

/* Bytes of text that fit into `columns`. */
static int fitting(const char *text, size_t columns)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t width = 0;
    while (*p != 0) {
        uint32_t c = 0;
        size_t len = decode(p, &c);
        if (width + width_of(c) > columns)
            break;
        width += width_of(c);
        p += len;
    }
    return (int)(p - (const unsigned char *)text);
}

static size_t terminal_columns(FILE *out)
{
    struct winsize size = {0};
    int fd = fileno(out);
    if (fd < 0 || !isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col < 40)
        return SIZE_MAX;
    return size.ws_col;
}

static void measure(const struct esep_table *table, size_t widths[ESEP_TABLE_COLUMNS_MAX])
{
    const char *cell = (const char *)table->cells.data;
    for (size_t i = 0; i < table->count; i++) {
        size_t width = esep_text_width(cell);
        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
        cell += strlen(cell) + 1;
    }
}

enum esep_status esep_table_print(const struct esep_table *table, FILE *out)
{
    if (table->broken)
        return ESEP_NOMEM;
    ESEP_ASSERT(table->count % table->columns == 0);
    size_t widths[ESEP_TABLE_COLUMNS_MAX] = {0};
    measure(table, widths);
    size_t room = terminal_columns(out);
    const char *cell = (const char *)table->cells.data;
    size_t used = 0;
    for (size_t i = 0; i < table->count; i++) {
        size_t column = i % table->columns;
        size_t width = esep_text_width(cell);
        if (column + 1 < table->columns) {
            (void)fprintf(out, "%s%*s", cell, (int)(widths[column] - width) + 2, "");
            used += widths[column] + 2;
        } else {
            size_t left = room == SIZE_MAX ? SIZE_MAX : room > used + 8 ? room - used : 8;
            if (width > left)
                (void)fprintf(out, "%.*s…\n", fitting(cell, left - 1), cell);
            else
                (void)fprintf(out, "%s\n", cell);
            used = 0;
        }
        cell += strlen(cell) + 1;
    }
    return ESEP_OK;
}
