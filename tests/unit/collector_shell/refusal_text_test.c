/* tests/unit/collector_shell/refusal_text_test.c - is the language found that is asked for, and is
 * a sentence found by its English form, with whatever stands in it? */
#include "collector/refusal_text.h"
#include "tests/unit/io/unit.h"

#include <stdio.h>

static void the_language_is_the_one_of_most_weight(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        enum export_language language;
    } cases[] = {
        {NULL, EXPORT_EN},
        {"", EXPORT_EN},
        {"kk", EXPORT_KK},
        {"kk-KZ", EXPORT_KK},
        {"kkk", EXPORT_EN},
        {"k", EXPORT_EN},
        {"fr, ru;q=0.1", EXPORT_RU},
        {"ru;q=0.4,kk;q=0.5", EXPORT_KK},
        {"ru , kk", EXPORT_RU},
        {"ru;q=0,kk;q=0.001", EXPORT_KK},
        {"ru;q=0", EXPORT_EN},
        {"ru; q=0.3,\ten;q=0.9", EXPORT_EN},
        {"ru;level=1;q=0.3", EXPORT_RU},
        {"*", EXPORT_EN},
        {",,;;q=x, ru", EXPORT_RU},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(refusal_language(cases[i].accept), cases[i].language);
}

static void assert_said(enum export_language language, const char *english, const char *wanted)
{
    char said[REFUSAL_BYTES_MAX];
    refusal_say(language, english, said);
    assert_string_equal(said, wanted);
}

static void a_sentence_is_found_by_its_english_form(void **state)
{
    (void)state;
    static char long_text[2 * REFUSAL_BYTES_MAX];
    char said[REFUSAL_BYTES_MAX];
    assert_said(EXPORT_RU, "log in first", "сначала войдите в систему");
    assert_said(EXPORT_EN, "log in first", "log in first");
    assert_said(EXPORT_KK, "account aigul is closed", "aigul тіркелгісі жабылған");
    assert_said(EXPORT_RU, "account aigul is closed, and stays so",
                "учётная запись aigul закрыта навсегда");
    assert_said(EXPORT_RU, "account a is closed is closed", "учётная запись a is closed закрыта");
    assert_said(EXPORT_RU, "until: \"x\" is no day such as 2013-07-31",
                "until: «x» не день, образец: 2013-07-31");
    assert_said(EXPORT_KK, "closing takes {}: it is for good",
                "жабу үшін {} жіберіледі: біржола жабылады");
    assert_said(EXPORT_RU, "limit: not a whole number from 1 to 100",
                "limit: не целое число от 1 до 100");
    /* What is in no row, or only begins like one. */
    assert_said(EXPORT_RU, "log in first, please", "log in first, please");
    assert_said(EXPORT_RU, "log in", "log in");
    assert_said(EXPORT_KK, "", "");
    assert_said(EXPORT_KK, "{1}", "{1}");
    (void)snprintf(long_text, sizeof long_text, "account %0*d is closed", 2000, 0);
    refusal_say(EXPORT_RU, long_text, said);
    assert_int_equal(strlen(said), sizeof said - 1);
    refusal_say(EXPORT_EN, long_text, said);
    assert_int_equal(strlen(said), sizeof said - 1);
}

static void each_status_has_a_title(void **state)
{
    (void)state;
    assert_string_equal(refusal_title(404, EXPORT_EN), "Not Found");
    assert_string_equal(refusal_title(404, EXPORT_KK), "Табылмады");
    assert_string_equal(refusal_title(418, EXPORT_RU), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_language_is_the_one_of_most_weight),
        cmocka_unit_test(a_sentence_is_found_by_its_english_form),
        cmocka_unit_test(each_status_has_a_title),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
