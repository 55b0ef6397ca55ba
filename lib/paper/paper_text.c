/* lib/paper/paper_text.c - how each language writes amounts, numbers, days and instants.
 *
 * Digits stand in threes parted by a narrow no-break space, in every language: a comma there would
 * be the decimal comma to a reader of Russian. Kazakh and Russian have the decimal comma, English
 * the point. An amount always shows its tiyn, so that a column of them lines up. The sign of minus
 * is the real one.
 */
#include "paper/paper_model.h"

#include <inttypes.h>

#define THIN "\xe2\x80\xaf"   /* U+202F, narrow no-break space */
#define HARD "\xc2\xa0"       /* U+00A0, no-break space */
#define MINUS "\xe2\x88\x92"  /* U+2212 */
#define TENGE "\xe2\x82\xb8"  /* U+20B8 */
#define GROUPED_FROM 5        /* digits: a number of four stays in one piece */
#define DECIMAL_DIGITS_MAX 15 /* of a number that a sheet keeps exactly */

enum paper_language paper_language(const char *code)
{
    if (code != NULL && strcmp(code, "kk") == 0)
        return PAPER_KK;
    if (code != NULL && strcmp(code, "ru") == 0)
        return PAPER_RU;
    return PAPER_EN;
}

static const char *decimal_mark(enum paper_language language)
{
    return language == PAPER_EN ? "." : ",";
}

/* As much of text as out holds, cut behind a whole letter. */
static void put(char *out, size_t len, const char *text)
{
    if (len == 0)
        return;
    size_t used = strlen(text);
    if (used >= len) {
        used = len - 1;
        while (used > 0 && ((unsigned char)text[used] & 0xc0) == 0x80)
            used--;
    }
    memmove(out, text, used);
    out[used] = '\0';
}

/* The digits in threes, with what stands before them. */
static void group(const char *sign, const char *digits, size_t count, char *out, size_t len)
{
    size_t used = (size_t)snprintf(out, len, "%s", sign);
    for (size_t i = 0; i < count && used + sizeof THIN < len; i++) {
        bool part = i > 0 && count >= GROUPED_FROM && (count - i) % 3 == 0;
        used += (size_t)snprintf(out + used, len - used, "%s%c", part ? THIN : "", digits[i]);
    }
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? ~(uint64_t)value + 1 : (uint64_t)value;
}

static void whole_text(const char *sign, uint64_t value, char *out, size_t len)
{
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%" PRIu64, value);
    group(sign, digits, (size_t)count, out, len);
}

static void money(enum paper_language language, int64_t tiyn, char *out, size_t len)
{
    char whole[64];
    char text[PAPER_CELL_BYTES];
    uint64_t value = magnitude(tiyn);
    whole_text(tiyn < 0 ? MINUS : "", value / 100, whole, sizeof whole);
    snprintf(text, sizeof text, "%s%s%02u" HARD TENGE, whole, decimal_mark(language),
             (unsigned)(value % 100));
    put(out, len, text);
}

void paper_money_text(const char *language, int64_t tiyn, char *out, size_t len)
{
    money(paper_language(language), tiyn, out, len);
}

bool paper_day_valid(int64_t day)
{
    return day >= esep_day_from_civil(1, 1, 1) && day <= esep_day_from_civil(9999, 12, 31);
}

static void day_text(enum paper_language language, int64_t day, char *out, size_t len)
{
    static const char *const months[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[PAPER_CELL_BYTES] = "";
    if (paper_day_valid(day)) {
        struct esep_civil civil = esep_civil_from_day((esep_day)day);
        if (language == PAPER_EN)
            snprintf(text, sizeof text, "%d" HARD "%s" HARD "%d", civil.day,
                     months[civil.month - 1], civil.year);
        else
            snprintf(text, sizeof text, "%02d.%02d.%04d", civil.day, civil.month, civil.year);
    }
    put(out, len, text);
}

void paper_day_text(const char *language, esep_day day, char *out, size_t len)
{
    day_text(paper_language(language), day, out, len);
}

bool paper_instant(const struct paper *paper, esep_time at, esep_day *ret_day, int *ret_minute)
{
    if (at == ESEP_TIME_NEVER)
        return false;
    int64_t second = at / ESEP_SECOND - (at % ESEP_SECOND < 0);
    if (paper->about.zone != NULL)
        second += esep_zone_offset(paper->about.zone, at);
    int64_t day = second / 86400 - (second % 86400 < 0);
    if (!paper_day_valid(day))
        return false;
    *ret_day = (esep_day)day;
    *ret_minute = (int)((second - day * 86400) / 60);
    return true;
}

static void instant_text(const struct paper *paper, esep_time at, char *out, size_t len)
{
    char text[PAPER_CELL_BYTES] = "";
    esep_day day = 0;
    int minute = 0;
    if (paper_instant(paper, at, &day, &minute)) {
        char date[48];
        day_text(paper->language, day, date, sizeof date);
        snprintf(text, sizeof text, "%s %02d:%02d", date, minute / 60, minute % 60);
    }
    put(out, len, text);
}

bool paper_decimal_valid(const char *text)
{
    const char *p = text + (text[0] == '-');
    size_t whole = strspn(p, "0123456789");
    size_t part = p[whole] == '.' ? strspn(p + whole + 1, "0123456789") : 0;
    bool point = p[whole] == '.';
    return whole > 0 && point == (part > 0) && p[whole + (point ? 1 + part : 0)] == '\0' &&
           whole + part <= DECIMAL_DIGITS_MAX;
}

/* "1234567.5" as the language has it; what is no such number stays as it came. */
static void decimal_text(enum paper_language language, const char *number, char *out, size_t len)
{
    if (!paper_decimal_valid(number)) {
        put(out, len, number);
        return;
    }
    char whole[64];
    char text[PAPER_CELL_BYTES];
    const char *digits = number + (number[0] == '-');
    size_t count = strcspn(digits, ".");
    group(number[0] == '-' ? MINUS : "", digits, count, whole, sizeof whole);
    bool point = digits[count] == '.';
    snprintf(text, sizeof text, "%s%s%s", whole, point ? decimal_mark(language) : "",
             point ? digits + count + 1 : "");
    put(out, len, text);
}

void paper_cell_text(const struct paper *paper, const struct paper_cell *cell, char *out,
                     size_t len)
{
    char text[PAPER_CELL_BYTES];
    switch (cell->kind) {
    case PAPER_TEXT:
        put(out, len, cell->text != NULL ? cell->text : "");
        return;
    case PAPER_DECIMAL:
        decimal_text(paper->language, cell->text != NULL ? cell->text : "", out, len);
        return;
    case PAPER_COUNT:
    case PAPER_PERCENT:
        whole_text(cell->value < 0 ? MINUS : "", magnitude(cell->value), text, sizeof text);
        put(out, len, text);
        if (cell->kind == PAPER_PERCENT && strlen(text) + sizeof HARD "%" <= len)
            put(out + strlen(text), len - strlen(text),
                paper->language == PAPER_EN ? "%" : HARD "%");
        return;
    case PAPER_MONEY:
        money(paper->language, cell->value, out, len);
        return;
    case PAPER_DAY:
        day_text(paper->language, cell->value, out, len);
        return;
    case PAPER_INSTANT:
        instant_text(paper, cell->value, out, len);
        return;
    default:
        put(out, len, "");
        return;
    }
}

const char *paper_cell_shown(const struct paper *paper, const struct paper_cell *cell, char *out)
{
    bool own = cell->kind == PAPER_TEXT ||
               (cell->kind == PAPER_DECIMAL && !paper_decimal_valid(cell->text));
    if (own)
        return cell->text;
    paper_cell_text(paper, cell, out, PAPER_CELL_BYTES);
    return out;
}
