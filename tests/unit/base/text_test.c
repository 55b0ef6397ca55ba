/* Is what a stranger wrote one line of whole letters, wherever it was cut? */
#include "base/text.h"
#include "fixture.h"

static void test_a_line_stays_one(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *want;
    } cases[] = {
        {"", ""},
        {"Отчёт принят, 5 қаңтар", "Отчёт принят, 5 қаңтар"},
        {"wait\nstate online\r\tx", "wait state online  x"},
        {"a\x1b[2J\x7f", "a [2J "},
        {"half \xd0", "half "},
        {"\xd0 first", " first"},
        {"overlong \xc0\xaf \xe0\x80\xaf.", "overlong  ."},
        {"surrogate \xed\xa0\x80.", "surrogate ."},
        {"too high \xf4\x90\x80\x80.", "too high ."},
        {"C1 \xc2\x85.", "C1 ."},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    };
    char out[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        esep_text_line(out, sizeof out, cases[i].raw);
        assert_string_equal(out, cases[i].want);
    }
}

static void test_it_is_cut_behind_a_letter(void **state)
{
    (void)state;
    const char *const text = "aқә"; /* 1, 2 and 2 bytes */
    static const size_t want[] = {0, 0, 1, 1, 3, 3, 5, 5};
    for (size_t size = 1; size < 8; size++) {
        char out[16];
        memset(out, 'x', sizeof out);
        esep_text_line(out, size, text);
        assert_int_equal(strlen(out), want[size]);
        assert_memory_equal(out, text, want[size]);
        assert_int_equal(out[size], 'x');
    }
}

static void test_in_its_own_place(void **state)
{
    (void)state;
    char text[] = "a\xd0\nб\xd1";
    esep_text_line(text, sizeof text, text);
    assert_string_equal(text, "a б");
}

static void test_a_reason_cut_by_a_precision(void **state)
{
    (void)state;
    struct esep_reason reason;
    (void)esep_because(&reason, ESEP_INVALID, "\"%.3s\" is no day", "әә");
    assert_string_equal(reason.text, "\"ә\" is no day");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_stays_one),
        cmocka_unit_test(test_it_is_cut_behind_a_letter),
        cmocka_unit_test(test_in_its_own_place),
        cmocka_unit_test(test_a_reason_cut_by_a_precision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
