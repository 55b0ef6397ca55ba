/* Are the periods of decrees read as their writers meant, and everything else refused at its place?
 */
#include "base/crypto.h"
#include "domain/period.h"
#include "tests/unit/base/fixture.h"

enum { FIRST_YEAR = 2012, LAST_YEAR = 2014 };

struct reading {
    const char *text;
    const char *window;
};

static const struct reading readings[] = {
    /* every phrase of decree 1347, also with its slip */
    {"4th quarter of 2012", "2012-10-01..2012-12-31"},
    {"1st quarter of 2013", "2013-01-01..2013-03-31"},
    {"2nd quarter of 2013", "2013-04-01..2013-06-30"},
    {"1st half of 2013", "2013-01-01..2013-06-30"},
    {"February 2013", "2013-02-01..2013-02-28"},
    {"December 2013", "2013-12-01..2013-12-31"},
    {"During 2013", "2013-01-01..2013-12-31"},
    {"2012 - 2013", "2012-01-01..2013-12-31"},
    {"4th quarter of 2012 - 2013", "2012-10-01..2013-12-31"},
    /* English, other spellings */
    {"FOURTH QUARTER OF 2012", "2012-10-01..2012-12-31"},
    {"in the 4th quarter of 2012", "2012-10-01..2012-12-31"},
    {"4 quarter 2012", "2012-10-01..2012-12-31"},
    {"IV quarter of 2012", "2012-10-01..2012-12-31"},
    {"Q4 2012", "2012-10-01..2012-12-31"},
    {"H2 2013", "2013-07-01..2013-12-31"},
    {"second half of 2013", "2013-07-01..2013-12-31"},
    {"2nd half-year of 2013", "2013-07-01..2013-12-31"},
    {"2013", "2013-01-01..2013-12-31"},
    {"in 2013", "2013-01-01..2013-12-31"},
    {"throughout the year 2013", "2013-01-01..2013-12-31"},
    {"February of 2012", "2012-02-01..2012-02-29"},
    {"Feb. 2012", "2012-02-01..2012-02-29"},
    {"March - May 2013", "2013-03-01..2013-05-31"},
    {"March\xE2\x80\x93May 2013", "2013-03-01..2013-05-31"},
    {"from March to May 2013", "2013-03-01..2013-05-31"},
    {"November 2012 - February 2013", "2012-11-01..2013-02-28"},
    {"from November 2012 to February 2013", "2012-11-01..2013-02-28"},
    {"1st - 3rd quarter of 2013", "2013-01-01..2013-09-30"},
    {"4th quarter of 2012 - 1st half of 2013", "2012-10-01..2013-06-30"},
    {"2013-06-30", "2013-06-30..2013-06-30"},
    {"30.06.2013", "2013-06-30..2013-06-30"},
    {"30 June 2013", "2013-06-30..2013-06-30"},
    {"30th of June 2013", "2013-06-30..2013-06-30"},
    {"June 30, 2013", "2013-06-30..2013-06-30"},
    {"29 February 2012", "2012-02-29..2012-02-29"},
    {"1 - 15 March 2013", "2013-03-01..2013-03-15"},
    {"1 March - 15 April 2013", "2013-03-01..2013-04-15"},
    {"20 December 2012 - 15 January 2013", "2012-12-20..2013-01-15"},
    {"2013-03-01 - 2013-05-31", "2013-03-01..2013-05-31"},
    {"  4th\tquarter   of\xC2\xA0"
     "2012 ",
     "2012-10-01..2012-12-31"},
    /* Russian */
    {"IV квартал 2012 года", "2012-10-01..2012-12-31"},
    {"ІV квартал 2012 года", "2012-10-01..2012-12-31"}, /* Cyrillic І */
    {"4 квартал 2012 года", "2012-10-01..2012-12-31"},
    {"4-й квартал 2012 г.", "2012-10-01..2012-12-31"},
    {"4 кв. 2012 г.", "2012-10-01..2012-12-31"},
    {"в четвёртом квартале 2012 года", "2012-10-01..2012-12-31"},
    {"III КВАРТАЛ 2012 ГОДА", "2012-07-01..2012-09-30"},
    {"1 полугодие 2013", "2013-01-01..2013-06-30"},
    {"I полугодие 2013 года", "2013-01-01..2013-06-30"},
    {"второе полугодие 2013 года", "2013-07-01..2013-12-31"},
    {"Февраль 2013 года", "2013-02-01..2013-02-28"},
    {"в феврале 2013 года", "2013-02-01..2013-02-28"},
    {"в течение 2013 года", "2013-01-01..2013-12-31"},
    {"2012 - 2013 годы", "2012-01-01..2013-12-31"},
    {"2012-2013 гг.", "2012-01-01..2013-12-31"},
    {"в 2012 - 2013 годах", "2012-01-01..2013-12-31"},
    {"IV квартал 2012 года - 2013 год", "2012-10-01..2013-12-31"},
    {"IV квартал 2012 - 2013 годы", "2012-10-01..2013-12-31"},
    {"I - III кварталы 2013 года", "2013-01-01..2013-09-30"},
    {"март - май 2013 года", "2013-03-01..2013-05-31"},
    {"с марта по май 2013 года", "2013-03-01..2013-05-31"},
    {"30 июня 2013 года", "2013-06-30..2013-06-30"},
    {"с 1 марта по 15 апреля 2013 года", "2013-03-01..2013-04-15"},
    /* Kazakh */
    {"2012 жылғы 4-тоқсан", "2012-10-01..2012-12-31"},
    {"2012 жылғы IV тоқсан", "2012-10-01..2012-12-31"},
    {"2012 жылғы ІV тоқсан", "2012-10-01..2012-12-31"},
    {"2012 ЖЫЛҒЫ 4-ТОҚСАН", "2012-10-01..2012-12-31"},
    {"2012 жылдың төртінші тоқсаны", "2012-10-01..2012-12-31"},
    {"2012 жылғы 4-ші тоқсанда", "2012-10-01..2012-12-31"},
    {"2013 жылғы 1-жартыжылдық", "2013-01-01..2013-06-30"},
    {"2013 жылдың екінші жартыжылдығы", "2013-07-01..2013-12-31"},
    {"2013 жылғы ақпан", "2013-02-01..2013-02-28"},
    {"2013 жылғы ақпан айында", "2013-02-01..2013-02-28"},
    {"2013 жылғы Қыркүйек", "2013-09-01..2013-09-30"},
    {"2013 жыл ішінде", "2013-01-01..2013-12-31"},
    {"2013 жыл бойы", "2013-01-01..2013-12-31"},
    {"2012 - 2013 жылдар", "2012-01-01..2013-12-31"},
    {"2012 жылғы 4-тоқсан - 2013 жыл", "2012-10-01..2013-12-31"},
    {"2013 жылғы наурыз - мамыр", "2013-03-01..2013-05-31"},
    {"2013 жылғы 1 - 3-тоқсан", "2013-01-01..2013-09-30"},
    {"2013 жылғы 30 маусым", "2013-06-30..2013-06-30"},
};

static void check_window(const char *text, const struct esep_window *window, const char *want)
{
    char start[11], end[11], got[32];
    esep_day_format(window->start, start);
    esep_day_format(window->end, end);
    snprintf(got, sizeof got, "%s..%s", start, end);
    if (strcmp(got, want) != 0) {
        fail_msg("\"%s\": got %s, want %s", text, got, want);
    }
}

static void phrases_in_three_languages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        struct esep_window window;
        size_t count = 0;
        struct esep_reason reason = {{0}};
        if (esep_period_parse(readings[i].text, FIRST_YEAR, LAST_YEAR, &window, 1, &count, NULL,
                              &reason) != ESEP_OK) {
            fail_msg("\"%s\": %s", readings[i].text, reason.text);
        }
        assert_int_equal(count, 1);
        check_window(readings[i].text, &window, readings[i].window);
    }
}

static void every_year_is_a_window_each(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "On an annual basis", "On a annual basis", "on annual basis", "annually",
        "every year",         "Ежегодно",          "каждый год",      "на ежегодной основе",
        "жыл сайын",          "ЖЫЛ  САЙЫН",        "  annually ",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct esep_window windows[3];
        size_t count = 0;
        assert_int_equal(
            esep_period_parse(texts[i], FIRST_YEAR, LAST_YEAR, windows, 3, &count, NULL, NULL),
            ESEP_OK);
        assert_int_equal(count, 3);
        check_window(texts[i], &windows[0], "2012-01-01..2012-12-31");
        check_window(texts[i], &windows[1], "2013-01-01..2013-12-31");
        check_window(texts[i], &windows[2], "2014-01-01..2014-12-31");
    }
}

static const struct {
    const char *text;
    size_t offset;
} refusals[] = {
    {"", 0},
    {"   ", 3},
    {"1<sup>st</sup> half of 2013", 1},
    {"1 <sup>st</sup> half of 2013", 2},
    {"soon", 0},
    {"4th quarter", 11},
    {"quarter of 2012", 0},
    {"5th quarter of 2012", 0},
    {"0 quarter of 2012", 0},
    {"3rd half of 2012", 0},
    {"in the 7th quarter of 2012", 7},
    {"1th quarter of 2012", 0},
    {"4st quarter of 2012", 0},
    {"4th quarter of 2012 of", 20},
    {"4th quarter of of 2012", 15},
    {"4th 4th quarter of 2012", 4},
    {"4th quarter of 2011", 15},
    {"2012 - 2015", 7},
    {"2013 - 2012", 0},
    {"May - March 2013", 0},
    {"31 June 2013", 0},
    {"29 February 2013", 0},
    {"2013-02-30", 0},
    {"2013-13-01", 0},
    {"2013-06", 7},
    {"2013-06-301", 8},
    {"30.06.13", 2},
    {"IV June 2013", 3},
    {"13", 2},
    {"20133", 0},
    {"013", 0},
    {"2012 - ", 7},
    {"- 2012", 0},
    {"February", 8},
    {"February 13", 11},
    {"On an annual basis 2013", 19},
    {"4 квартал of 2012", 17},    /* two languages */
    {"2012 жылғы 4 quarter", 18}, /* the same */
    {"4th квартал 2012", 4},      /* the same */
    {"from 2012", 9},
    {"from 2012 - 2013", 10},
    {"до 30 июня 2013 года", 0},
    {"4th quarter of 2012.", 19},
    {"4th\nquarter of 2012", 3},
    {"4th quarter of \xFF", 15},
    {"4th quarter of \xD0", 15},
    {"\xF0\x9F\x98\x80", 0},
    {"\xC0\xAF", 0}, /* an overlong slash */
    {"\x80", 0},
    {"2012 \u04C0", 5}, /* a letter that has no pair */
    {"2012 \u0531", 5}, /* Armenian: a letter, of no word here */
    {"2012~", 4},
    {"2012\u0531", 4},
    {"2012\u00E9", 4},
    {"0999", 0},
    {"квартал 4th 2012", 15}, /* two languages */
    {"March - May 2013 - 2014", 17},
};

static void what_is_not_understood_is_refused_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct esep_window window = {7, 7};
        size_t count = 99, offset = 999;
        struct esep_reason reason = {{0}};
        const enum esep_status status = esep_period_parse(refusals[i].text, FIRST_YEAR, LAST_YEAR,
                                                          &window, 1, &count, &offset, &reason);
        if (status != ESEP_INVALID || offset != refusals[i].offset || reason.text[0] == '\0') {
            fail_msg("\"%s\": status %d at %zu, want a refusal at %zu (%s)", refusals[i].text,
                     (int)status, offset, refusals[i].offset, reason.text);
        }
        assert_null(strchr(reason.text, '\n'));
        assert_int_equal(window.start, 7); /* outputs untouched */
        assert_int_equal(count, 99);
    }
}

static void bounds(void **state)
{
    (void)state;
    struct esep_window windows[2];
    size_t count = 0;
    assert_int_equal(esep_period_parse("annually", 2012, 2014, windows, 2, &count, NULL, NULL),
                     ESEP_LIMIT);
    assert_int_equal(esep_period_parse("2012", 2012, 2014, windows, 0, &count, NULL, NULL),
                     ESEP_LIMIT);
    assert_int_equal(esep_period_parse("2012", 2014, 2012, windows, 2, &count, NULL, NULL),
                     ESEP_INVALID);
    assert_int_equal(esep_period_parse("2012", 0, 99999, windows, 2, &count, NULL, NULL),
                     ESEP_INVALID);
    assert_int_equal(esep_period_parse("2012", 2012, 10000, windows, 2, &count, NULL, NULL),
                     ESEP_INVALID);
    char text[600];
    memset(text, ' ', sizeof text);
    memcpy(text, "2012", 4);
    text[599] = '\0';
    assert_int_equal(esep_period_parse(text, 2012, 2014, windows, 2, &count, NULL, NULL),
                     ESEP_INVALID);
    text[256] = '\0'; /* as long as may be */
    assert_int_equal(esep_period_parse(text, 2012, 2014, windows, 2, &count, NULL, NULL), ESEP_OK);
    for (size_t i = 0; i < 40; i++) {
        memcpy(text + 5 * i, "2012 ", 6); /* the next one overwrites the NUL */
    }
    assert_int_equal(esep_period_parse(text, 2012, 2014, windows, 2, &count, NULL, NULL),
                     ESEP_INVALID);
}

/* Random strings of the grammar's own pieces: whatever is read is a window of the plan's years. */
static void what_is_read_lies_in_the_plan(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "2012",  "2013",    "2014",     "2015",   "1",   "4",      "31",     "IV",
        "first", "quarter", "half",     "of",     "in",  "during", "-",      ",",
        "March", "May",     "from",     "to",     "жыл", "жылғы",  "тоқсан", "ақпан",
        "год",   "года",    "квартал",  "марта",  "с",   "по",     "the",    "2013-06-30",
        "Q1",    "H2",      "annually", "ішінде", "-ші", "-й",
    };
    struct esep_prng random = {1347};
    size_t read = 0;
    for (int i = 0; i < 200000; i++) {
        char text[256] = "";
        size_t len = 0;
        const uint64_t words = 1 + esep_prng_below(&random, 7);
        for (uint64_t w = 0; w < words; w++) {
            const char *piece = pieces[esep_prng_below(&random, sizeof pieces / sizeof *pieces)];
            const char *gap = esep_prng_below(&random, 8) == 0 ? "" : " ";
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", piece, gap);
        }
        struct esep_window windows[ESEP_PERIOD_WINDOWS_MAX];
        size_t count = 0, offset = 0;
        const enum esep_status status = esep_period_parse(
            text, FIRST_YEAR, LAST_YEAR, windows, ESEP_PERIOD_WINDOWS_MAX, &count, &offset, NULL);
        if (status != ESEP_OK) {
            assert_int_equal(status, ESEP_INVALID);
            assert_true(offset <= strlen(text));
            continue;
        }
        read++;
        assert_true(count == 1 || count == 3);
        for (size_t w = 0; w < count; w++) {
            assert_true(windows[w].start <= windows[w].end);
            assert_true(windows[w].start >= esep_day_from_civil(FIRST_YEAR, 1, 1));
            assert_true(windows[w].end <= esep_day_from_civil(LAST_YEAR, 12, 31));
            assert_true(w == 0 || windows[w - 1].end < windows[w].start);
        }
    }
    assert_true(read > 100); /* else the test asks nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phrases_in_three_languages),
        cmocka_unit_test(every_year_is_a_window_each),
        cmocka_unit_test(what_is_not_understood_is_refused_at_its_place),
        cmocka_unit_test(bounds),
        cmocka_unit_test(what_is_read_lies_in_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
