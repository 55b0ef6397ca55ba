/* collector/export_say.c - sentences with numbers, days and periods in them; see export_text.h. */
#include "base/text.h"
#include "collector/export_text.h"
#include "paper/paper.h"
#include "wire/unpack.h"

#include <stdio.h>

static const char *const codes[EXPORT_LANGUAGES] = {"kk", "ru", "en"};

/* one, few, many; Kazakh has one form behind a number, English two. */
static const char *const nouns[NOUNS][EXPORT_LANGUAGES][3] = {
    [NOUN_ENTRY] = {{"%s жазба", "%s жазба", "%s жазба"},
                    {"%s запись", "%s записи", "%s записей"},
                    {"%s entry", "%s entries", "%s entries"}},
    [NOUN_REPORT] = {{"%s есеп", "%s есеп", "%s есеп"},
                     {"%s отчёт", "%s отчёта", "%s отчётов"},
                     {"%s report", "%s reports", "%s reports"}},
    [NOUN_OBLIGATION] = {{"%s міндет", "%s міндет", "%s міндет"},
                         {"%s обязательство", "%s обязательства", "%s обязательств"},
                         {"%s obligation", "%s obligations", "%s obligations"}},
    [NOUN_DAY] = {{"%s күн", "%s күн", "%s күн"},
                  {"%s день", "%s дня", "%s дней"},
                  {"%s day", "%s days", "%s days"}},
};

/* Year first in Kazakh, last elsewhere. */
static const char *const years[EXPORT_LANGUAGES] = {"%d жыл", "%d год", "%d"};
static const char *const halves[EXPORT_LANGUAGES][2] = {
    {"%d жылғы 1-жартыжылдық", "%d жылғы 2-жартыжылдық"},
    {"1-е полугодие %d года", "2-е полугодие %d года"},
    {"1st half of %d", "2nd half of %d"},
};
static const char *const quarters[EXPORT_LANGUAGES][4] = {
    {"%d жылғы 1-тоқсан", "%d жылғы 2-тоқсан", "%d жылғы 3-тоқсан", "%d жылғы 4-тоқсан"},
    {"1 квартал %d года", "2 квартал %d года", "3 квартал %d года", "4 квартал %d года"},
    {"1st quarter of %d", "2nd quarter of %d", "3rd quarter of %d", "4th quarter of %d"},
};
static const char *const months[EXPORT_LANGUAGES][12] = {
    {"%d жылғы қаңтар", "%d жылғы ақпан", "%d жылғы наурыз", "%d жылғы сәуір", "%d жылғы мамыр",
     "%d жылғы маусым", "%d жылғы шілде", "%d жылғы тамыз", "%d жылғы қыркүйек", "%d жылғы қазан",
     "%d жылғы қараша", "%d жылғы желтоқсан"},
    {"январь %d года", "февраль %d года", "март %d года", "апрель %d года", "май %d года",
     "июнь %d года", "июль %d года", "август %d года", "сентябрь %d года", "октябрь %d года",
     "ноябрь %d года", "декабрь %d года"},
    {"January %d", "February %d", "March %d", "April %d", "May %d", "June %d", "July %d",
     "August %d", "September %d", "October %d", "November %d", "December %d"},
};
static const char *const whole_years[EXPORT_LANGUAGES] = {"%d–%d жылдар", "%d–%d годы", "%d–%d"};
static const char *const rates[EXPORT_LANGUAGES] = {
    "%llu,%llu %% (%zu/%zu)", "%llu,%llu %% (%zu из %zu)", "%llu.%llu%% (%zu of %zu)"};
static const char *const percents[EXPORT_LANGUAGES] = {"%d %%", "%d %%", "%d%%"};

bool export_language_parse(const char *code, enum export_language *ret)
{
    for (enum export_language l = EXPORT_KK; l < EXPORT_LANGUAGES; l++) {
        if (strcmp(codes[l], code) != 0)
            continue;
        *ret = l;
        return true;
    }
    return false;
}

const char *export_language_code(enum export_language language)
{
    return codes[language];
}

static size_t plural(enum export_language language, uint64_t n)
{
    if (language != EXPORT_RU)
        return n == 1 ? 0 : 1;
    if (n % 10 == 1 && n % 100 != 11)
        return 0;
    return n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 12 || n % 100 > 14) ? 1 : 2;
}

/* Digits in threes, apart by a space that does not break; in English by commas. */
static void grouped(enum export_language language, uint64_t n, char out[64])
{
    char digits[24];
    const char *gap = language == EXPORT_EN ? "," : "\u00a0";
    size_t len = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            used += (size_t)snprintf(out + used, 64 - used, "%s", gap);
        out[used++] = digits[i];
    }
    out[used] = 0;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* formats come from the tables */

const char *export_say(enum export_language language, char *out, size_t len, enum export_word word,
                       ...)
{
    va_list arguments;
    va_start(arguments, word);
    int wanted = vsnprintf(out, len, export_word(language, word), arguments);
    va_end(arguments);
    size_t bytes = strlen(out);
    while (wanted >= (int)len && bytes > 0 && !esep_utf8_valid(esep_slice(out, bytes)))
        out[--bytes] = 0;
    return out;
}

const char *export_counted(enum export_language language, enum export_noun noun, uint64_t n,
                           char out[EXPORT_SHORT])
{
    char number[64];
    grouped(language, n, number);
    (void)snprintf(out, EXPORT_SHORT, nouns[noun][language][plural(language, n)], number);
    return out;
}

const char *export_window(enum export_language language, const struct esep_window *window,
                          char out[EXPORT_SHORT])
{
    char start[EXPORT_SHORT];
    char end[EXPORT_SHORT];
    struct esep_civil a = esep_civil_from_day(window->start);
    struct esep_civil b = esep_civil_from_day(window->end);
    bool whole = a.day == 1 && b.day == esep_days_in_month(b.year, b.month);
    int from = a.month - 1;
    int count = b.month - a.month + 1;
    if (whole && a.year < b.year && a.month == 1 && b.month == 12)
        (void)snprintf(out, EXPORT_SHORT, whole_years[language], a.year, b.year);
    else if (whole && a.year == b.year && count == 12)
        (void)snprintf(out, EXPORT_SHORT, years[language], a.year);
    else if (whole && a.year == b.year && count == 6 && from % 6 == 0)
        (void)snprintf(out, EXPORT_SHORT, halves[language][from / 6], a.year);
    else if (whole && a.year == b.year && count == 3 && from % 3 == 0)
        (void)snprintf(out, EXPORT_SHORT, quarters[language][from / 3], a.year);
    else if (whole && a.year == b.year && count == 1)
        (void)snprintf(out, EXPORT_SHORT, months[language][from], a.year);
    else
        (void)snprintf(out, EXPORT_SHORT, "%.60s – %.60s",
                       export_day(language, window->start, start),
                       export_day(language, window->end, end));
    return out;
}

const char *export_rate(enum export_language language, struct consolidated_rate rate,
                        char out[EXPORT_SHORT])
{
    if (rate.whole == 0) {
        (void)snprintf(out, EXPORT_SHORT, "%s", export_word(language, WORD_NONE));
        return out;
    }
    /* Rounded down: 100 % is all of them and nothing less. */
    unsigned long long tenths = 1000ull * rate.part / rate.whole;
    (void)snprintf(out, EXPORT_SHORT, rates[language], tenths / 10, tenths % 10, rate.part,
                   rate.whole);
    return out;
}

const char *export_percent(enum export_language language, const struct consolidated_duty *duty,
                           char out[EXPORT_SHORT])
{
    const struct consolidated_filed *filed = duty->chosen;
    if (filed != NULL && filed->fulfilment == ESEP__V1__FULFILMENT__FULFILMENT_NOT_APPLICABLE)
        (void)snprintf(out, EXPORT_SHORT, "%s", export_fulfilment(language, filed->fulfilment));
    else if (filed != NULL && filed->percent >= 0)
        (void)snprintf(out, EXPORT_SHORT, percents[language], filed->percent);
    else
        (void)snprintf(out, EXPORT_SHORT, "%s", export_word(language, WORD_NO_DATA));
    return out;
}

#pragma GCC diagnostic pop

const char *export_day(enum export_language language, esep_day day, char out[EXPORT_SHORT])
{
    paper_day_text(codes[language], day, out, EXPORT_SHORT);
    return out;
}

const char *export_instant(enum export_language language, esep_time at,
                           const struct esep_zone *zone, char out[EXPORT_SHORT])
{
    char text[32];
    char day[EXPORT_SHORT];
    if (at == ESEP_TIME_NEVER || at == 0) {
        (void)snprintf(out, EXPORT_SHORT, "%s", export_word(language, WORD_NONE));
        return out;
    }
    esep_time_format(at, zone, text);
    (void)snprintf(out, EXPORT_SHORT, "%.64s %.5s",
                   export_day(language, esep_zone_day(zone, at), day), text + 11);
    return out;
}
