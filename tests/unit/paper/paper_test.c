/* Does a document hold what it was told, in the words of each language, within its limits? */
#include "fixture.h"

static struct paper *empty(const char *language, size_t bytes_max)
{
    static const struct esep_zone almaty = {.first_offset_s = 6 * 3600, .tail_offset_s = 6 * 3600};
    struct paper *paper = paper_new(&(struct paper_about){.language = language,
                                                          .title = "t",
                                                          .foot = "f",
                                                          .page = "%u/%u",
                                                          .zone = &almaty,
                                                          .bytes_max = bytes_max});
    assert_non_null(paper);
    return paper;
}

static void test_money(void **state)
{
    (void)state;
    static const struct {
        const char *language;
        int64_t tiyn;
        const char *want;
    } cases[] = {
        {"ru", 123456750, "1\u202f234\u202f567,50\u00a0₸"},
        {"kk", 123456750, "1\u202f234\u202f567,50\u00a0₸"},
        {"en", 123456750, "1\u202f234\u202f567.50\u00a0₸"},
        {"xx", 100, "1.00\u00a0₸"},
        {NULL, 7, "0.07\u00a0₸"},
        {"ru", 0, "0,00\u00a0₸"},
        {"ru", 999999, "9999,99\u00a0₸"},
        {"ru", 1000000, "10\u202f000,00\u00a0₸"},
        {"ru", -5, "−0,05\u00a0₸"},
        {"ru", INT64_MIN, "−92\u202f233\u202f720\u202f368\u202f547\u202f758,08\u00a0₸"},
        {"ru", INT64_MAX, "92\u202f233\u202f720\u202f368\u202f547\u202f758,07\u00a0₸"},
    };
    char out[PAPER_CELL_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        paper_money_text(cases[i].language, cases[i].tiyn, out, sizeof out);
        assert_string_equal(out, cases[i].want);
    }
}

static void test_days(void **state)
{
    (void)state;
    char out[PAPER_CELL_BYTES];
    esep_day day = esep_day_from_civil(2013, 1, 31);
    paper_day_text("kk", day, out, sizeof out);
    assert_string_equal(out, "31.01.2013");
    paper_day_text("ru", day, out, sizeof out);
    assert_string_equal(out, "31.01.2013");
    paper_day_text("en", day, out, sizeof out);
    assert_string_equal(out, "31\u00a0Jan\u00a02013");
    paper_day_text("ru", ESEP_DAY_NONE, out, sizeof out);
    assert_string_equal(out, "");
    paper_day_text("ru", esep_day_from_civil(9999, 12, 31) + 1, out, sizeof out);
    assert_string_equal(out, "");
}

static void shown(const char *language, struct paper_cell cell, const char *want)
{
    char out[PAPER_CELL_BYTES];
    struct paper *paper = empty(language, 4096);
    paper_cell_text(paper, &cell, out, sizeof out);
    assert_string_equal(out, want);
    paper_free(paper);
}

#define CELL(...) ((struct paper_cell){__VA_ARGS__})
static void test_cells(void **state)
{
    (void)state;
    const esep_time evening = (esep_time)esep_day_from_civil(2013, 1, 31) * ESEP_DAY +
                              18 * ESEP_HOUR + 5 * ESEP_MINUTE + 59 * ESEP_SECOND;
    shown("ru", CELL(.kind = PAPER_INSTANT, .value = evening), "01.02.2013 00:05");
    shown("en", CELL(.kind = PAPER_INSTANT, .value = evening), "1\u00a0Feb\u00a02013 00:05");
    shown("ru", CELL(.kind = PAPER_INSTANT, .value = -1), "01.01.1970 05:59");
    shown("ru", CELL(.kind = PAPER_INSTANT, .value = ESEP_TIME_NEVER), "");
    shown("ru", CELL(.kind = PAPER_INSTANT, .value = INT64_MIN), "");
    shown("ru", CELL(.kind = PAPER_DAY, .value = INT64_MAX), "");
    shown("ru", CELL(.kind = PAPER_PERCENT, .value = 45), "45\u00a0%");
    shown("en", CELL(.kind = PAPER_PERCENT, .value = 0), "0%");
    shown("ru", CELL(.kind = PAPER_COUNT, .value = 2013), "2013");
    shown("ru", CELL(.kind = PAPER_COUNT, .value = -12345), "−12\u202f345");
    shown("ru", CELL(.kind = PAPER_DECIMAL, .text = "12.5"), "12,5");
    shown("en", CELL(.kind = PAPER_DECIMAL, .text = "-1234567.125"), "−1\u202f234\u202f567.125");
    shown("ru", CELL(.kind = PAPER_EMPTY, .value = 7), "");
    /* What is no number stays as it came. */
    static const char *const others[] = {
        "",   "-", ".", ".5", "5.", "1.2.3", "1,5", "1e3", "0x10", "about 5", "1234567890.123456",
        "--1"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(paper_decimal_valid(others[i]));
        shown("ru", CELL(.kind = PAPER_DECIMAL, .text = others[i]), others[i]);
    }
}

static void test_short_rooms(void **state)
{
    (void)state;
    char out[8] = "xxxxxxx";
    paper_money_text("ru", 123456750, out, 0);
    assert_string_equal(out, "xxxxxxx");
    paper_money_text("ru", 123456750, out, 1);
    assert_string_equal(out, "");
    paper_money_text("ru", 123456750, out, 4); /* the space after the 1 is three bytes long */
    assert_string_equal(out, "1");
    paper_money_text("ru", 123456750, out, 5);
    assert_string_equal(out, "1\u202f");
    struct paper *paper = empty("ru", 4096);
    paper_cell_text(paper, &CELL(.kind = PAPER_TEXT, .text = "қазақ"), out, 6);
    assert_string_equal(out, "қа");
    paper_cell_text(paper, &CELL(.kind = PAPER_PERCENT, .value = 45), out, 4);
    assert_string_equal(out, "45"); /* never half a sign */
    paper_free(paper);
}

static void test_clean(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *want;
    } cases[] = {
        {"", ""},
        {"Әлеумет, объём ₸ 😀", "Әлеумет, объём ₸ 😀"},
        {"a\x01\x08\x0b\x1f\x7f\xc2\x80z", "az"},
        {"tab\there", "tab here"},
        {"a\r\nb\rc\nd\xe2\x80\xa8"
         "e\xe2\x80\xa9"
         "f\xc2\x85g",
         "a\nb\nc\nd\ne\nf\ng"},
        {"\n\n a\n\n\n\n\nb\n\n", " a\n\nb"},
        {"\n\r\n", ""},
        {"half \xd0", "half \ufffd"},
        {"\xd0 \x80 \xff", "\ufffd \ufffd \ufffd"},
        {"\xc0\xaf", "\ufffd\ufffd"},                                 /* overlong */
        {"\xe0\x80\xaf", "\ufffd\ufffd\ufffd"},                       /* overlong */
        {"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},                       /* half a surrogate pair */
        {"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"},             /* above U+10FFFF */
        {"\xef\xbf\xbe\xef\xbf\xbf\xef\xb7\x90\xf0\x9f\xbf\xbe", ""}, /* no characters */
        {"\xef\xbb\xbf"
         "bom",
         "bom"},
        {"a\xe2\x80\xae"
         "b\xe2\x81\xa6"
         "c\xe2\x80\x8f",
         "abc\xe2\x80\x8f"},
        {"\xf3\xa0\x81\x81tag", "tag"},
        {"e\u0301\u0302\u0303\u0304x", "e\u0301\u0302x"},
        {"\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd"},
    };
    char out[128];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(paper_clean(cases[i].raw, NULL), strlen(cases[i].want));
        assert_int_equal(paper_clean(cases[i].raw, out), strlen(cases[i].want));
        assert_string_equal(out, cases[i].want);
    }
}

/* Any bytes: whole letters come out, none that XML may not hold, in the room that was said. */
static void test_clean_anything(void **state)
{
    (void)state;
    struct esep_prng prng = {.state = 20140210};
    for (unsigned round = 0; round < 20000; round++) {
        char raw[40];
        size_t len = esep_prng_below(&prng, sizeof raw);
        for (size_t i = 0; i < len; i++) {
            static const unsigned char lead[] = {0xd0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, '\n', '\r'};
            uint64_t dice = esep_prng_next(&prng);
            unsigned byte = dice % 3 == 0 ? lead[dice / 8 % 8] : (unsigned)(dice >> 32 & 0xff);
            raw[i] = (char)(byte != 0 ? byte : 'a');
        }
        raw[len] = '\0';
        char out[3 * sizeof raw];
        char again[3 * sizeof raw];
        size_t cleaned = paper_clean(raw, NULL);
        assert_true(cleaned <= 3 * len);
        assert_int_equal(paper_clean(raw, out), cleaned);
        assert_true(esep_utf8_valid(esep_slice_str(out)));
        assert_null(strpbrk(out, "\r\t\x01\x1f\x7f"));
        assert_null(strstr(out, "\n\n\n"));
        assert_int_equal(paper_clean(out, again), cleaned);
        assert_string_equal(again, out);
    }
}

static void test_lines_and_parts(void **state)
{
    (void)state;
    struct paper_lines lines = {.rest = "a\n\nb", .skip_empty = true};
    assert_int_equal(paper_line_next(&lines).len, 1);
    assert_int_equal(paper_line_next(&lines).data[0], 'b');
    assert_int_equal(paper_line_next(&lines).len, 0);
    struct esep_slice parts[3];
    unsigned count = 9;
    paper_page_parts("page %u of %u.", parts, &count);
    assert_int_equal(count, 2);
    assert_memory_equal(parts[0].data, "page ", parts[0].len);
    assert_memory_equal(parts[1].data, " of ", parts[1].len);
    assert_int_equal(parts[2].len, 1);
    paper_page_parts("%u", parts, &count);
    assert_int_equal(count, 1);
    assert_int_equal(parts[0].len + parts[1].len + parts[2].len, 0);
    paper_page_parts("%s%n 100 %", parts, &count); /* words, no format */
    assert_int_equal(count, 0);
    assert_int_equal(parts[0].len, 10);
}

static void test_the_model(void **state)
{
    (void)state;
    struct paper *paper = empty("kk", 1 << 16);
    const struct paper_column columns[2] = {{.title = "a\x01", .share = 0}, {.share = 4}};
    const struct paper_cell cells[2] = {{.kind = PAPER_TEXT, .text = "x"},
                                        {.kind = PAPER_COUNT, .value = 3, .text = "unheard"}};
    char title[] = "first";
    paper_heading(paper, 1, title);
    title[0] = 'F'; /* the document keeps its own */
    paper_facts(paper, NULL, 0);
    paper_table(paper, "sheet", NULL, columns, 2);
    paper_row(paper, cells);
    paper_row(paper, cells);
    paper_note(paper, NULL);
    assert_int_equal(paper_status(paper), ESEP_OK);
    assert_int_equal(paper->unit_count, 5);
    assert_string_equal(paper->blocks->text, "first");
    const struct paper_block *table = paper->blocks->next;
    assert_int_equal(table->kind, PAPER_TABLE);
    assert_int_equal(table->row_count, 2);
    assert_int_equal(table->share_sum, 5);
    assert_string_equal(table->columns[0].title, "a");
    assert_string_equal(table->columns[1].title, "");
    assert_string_equal(table->rows->next->cells[1].text, "");
    assert_null(table->rows->next->next);
    paper_free(paper);
    paper_free(NULL);
}

/* Whatever the limit, it is said once it is reached, and no row is there in part. */
static void test_over_the_limit(void **state)
{
    (void)state;
    enum esep_status before = ESEP_LIMIT;
    for (size_t limit = 0; limit < 6000; limit += 16) {
        struct paper *paper = empty("ru", limit);
        const struct paper_column columns[2] = {{.title = "one"}, {.title = "two"}};
        const struct paper_cell cells[2] = {{.kind = PAPER_TEXT, .text = "text"},
                                            {.kind = PAPER_DECIMAL, .text = "1.5"}};
        const struct paper_fact fact = {"label", "value"};
        paper_heading(paper, 2, "heading");
        paper_facts(paper, &fact, 1);
        paper_table(paper, "name", "caption", columns, 2);
        for (unsigned i = 0; i < 20; i++)
            paper_row(paper, cells);
        paper_bullet(paper, "bullet");
        enum esep_status status = paper_status(paper);
        assert_true(status == ESEP_OK || status == ESEP_LIMIT);
        if (status == ESEP_LIMIT) {
            struct esep_reason reason;
            assert_int_equal(paper_write_docx(paper, stdout, NULL, &reason), ESEP_LIMIT);
            assert_int_equal(paper_write_pdf(paper, stdout, NULL, &reason), ESEP_LIMIT);
            assert_int_equal(paper_write_xlsx(paper, stdout, NULL, &reason), ESEP_LIMIT);
            assert_non_null(strstr(reason.text, "bytes"));
        }
        assert_true(before == ESEP_LIMIT || status == ESEP_OK); /* more room is never worse */
        before = status;
        paper_free(paper);
    }
    assert_int_equal(before, ESEP_OK);
}

static void test_widths(void **state)
{
    (void)state;
    const struct paper_column columns[3] = {{.share = 1}, {.share = 1}, {.share = 2}};
    const struct paper_block table = {.columns = columns, .column_count = 3, .share_sum = 4};
    double widths[3];
    paper_widths(&table, (const double[]){10, 10, 10}, 400, widths);
    assert_true(widths[0] == 100 && widths[1] == 100 && widths[2] == 200);
    paper_widths(&table, (const double[]){160, 10, 10}, 400, widths);
    assert_true(widths[0] == 160 && widths[1] > 70 && widths[1] < 100 && widths[2] > 130);
    assert_true(widths[0] + widths[1] + widths[2] > 399.9);
    assert_true(widths[0] + widths[1] + widths[2] < 400.1);
    paper_widths(&table, (const double[]){400, 200, 200}, 400, widths); /* none has enough */
    assert_true(widths[0] == 200 && widths[1] == 100 && widths[2] == 100);
}

static void test_sheet_names(void **state)
{
    (void)state;
    static const struct {
        const char *wanted, *want;
    } cases[] = {
        {"Орындаушылар", "Орындаушылар"},
        {"ОРЫНДАУШЫЛАР", "ОРЫНДАУШЫЛАР (2)"}, /* a capital is no difference, in any script */
        {"орындаушылар", "орындаушылар (3)"},
        {"history", "history (2)"},
        {"", "1"},
        {"''", "1 (2)"},
        {"a[b]:c*?/\\d\n'", "a b  c    d"},
        {"1234567890123456789012345678901234", "1234567890123456789012345678901"},
        {"123456789012345678901234567890123", "123456789012345678901234567 (2)"},
        {"қққққққққққққққққққққққққққққққққққ", "қққққққққққққққққққққққққққққққ"},
        {"😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀", "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀"},
    };
    struct paper_sheet_names names = {NULL};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[PAPER_SHEET_NAME_BYTES];
        paper_sheet_name(&names, cases[i].wanted, name);
        assert_string_equal(name, cases[i].want);
    }
    paper_sheet_names_done(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_money),           cmocka_unit_test(test_days),
        cmocka_unit_test(test_cells),           cmocka_unit_test(test_short_rooms),
        cmocka_unit_test(test_clean),           cmocka_unit_test(test_clean_anything),
        cmocka_unit_test(test_lines_and_parts), cmocka_unit_test(test_the_model),
        cmocka_unit_test(test_over_the_limit),  cmocka_unit_test(test_widths),
        cmocka_unit_test(test_sheet_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
