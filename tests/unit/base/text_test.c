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

/* Every byte in every place of a text: one spelling is taken, whatever a char's sign. */
static void test_base64_has_one_spelling(void **state)
{
    (void)state;
    static const char right[] = "+/A=";
    uint8_t out[8];
    size_t len = 0;
    assert_true(esep_base64_parse(esep_slice_str(right), out, sizeof out, &len));
    assert_int_equal(len, 2);
    assert_hex(out, 2, "fbf0");
    for (size_t at = 0; at < 4; at++)
        for (unsigned byte = 0; byte < 256; byte++) {
            char text[] = "+/A=";
            text[at] = (char)byte;
            uint8_t seen[8];
            if (esep_base64_parse(esep_slice(text, 4), seen, sizeof seen, &len) &&
                byte != (uint8_t)right[at])
                assert_false(len == 2 && memcmp(seen, out, 2) == 0);
            if (byte > 0x7f)
                assert_false(esep_base64_parse(esep_slice(text, 4), seen, sizeof seen, &len));
        }
    static const char *const bad[] = {"=",     "A",        "AA",   "AA=",    "AAA",
                                      "AA==A", "AAAAA===", "A AA", "AAAA\n", "AB==",
                                      "-_A=",  "AA==AAAA", "===="};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(esep_base64_parse(esep_slice_str(bad[i]), out, sizeof out, &len));
    assert_false(esep_base64_parse(esep_slice_str("AAAAAAAAAAAA"), out, sizeof out, &len));
    assert_true(esep_base64_parse(esep_slice_str(""), out, sizeof out, &len));
    assert_int_equal(len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_stays_one),
        cmocka_unit_test(test_it_is_cut_behind_a_letter),
        cmocka_unit_test(test_in_its_own_place),
        cmocka_unit_test(test_a_reason_cut_by_a_precision),
        cmocka_unit_test(test_base64_has_one_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
