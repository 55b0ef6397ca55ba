/* Does every status have a name and an exit code, and can a reason be trusted to be one line? */
#include "fixture.h"

static void test_names_and_exits(void **state)
{
    (void)state;
    static const struct {
        enum esep_status status;
        const char *name;
        int exit_code;
    } want[] = {
        {ESEP_OK, "ok", 0},
        {ESEP_AGAIN, "again", 75},
        {ESEP_NOT_FOUND, "not_found", 65},
        {ESEP_INVALID, "invalid", 65},
        {ESEP_CONFLICT, "conflict", 65},
        {ESEP_CORRUPT, "corrupt", 65},
        {ESEP_LIMIT, "limit", 73},
        {ESEP_NOMEM, "nomem", 75},
        {ESEP_IO, "io", 69},
        {ESEP_DENIED, "denied", 77},
        {(enum esep_status)99, "unknown", 69},
    };
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_string_equal(esep_status_name(want[i].status), want[i].name);
        assert_int_equal(esep_status_exit(want[i].status), want[i].exit_code);
    }
}

static void test_reason_is_one_line(void **state)
{
    (void)state;
    struct esep_reason reason;
    assert_int_equal(esep_because(&reason, ESEP_INVALID, "%s:%d", "a\nb\tc\x1b[0m", 7),
                     ESEP_INVALID);
    assert_string_equal(reason.text, "a b c [0m:7");
    assert_int_equal(esep_because(&reason, ESEP_INVALID, "a\x7f%s", "b"), ESEP_INVALID);
    assert_string_equal(reason.text, "a b");
    /* What cannot be written leaves no half a reason. */
    const wchar_t none[] = {(wchar_t)0x7fffffff, 0};
    assert_int_equal(esep_because(&reason, ESEP_INVALID, "half %ls", none), ESEP_INVALID);
    assert_string_equal(reason.text, "");
    assert_int_equal(esep_because(NULL, ESEP_LIMIT, "nobody asks"), ESEP_LIMIT);
}

static void test_reason_is_cut(void **state)
{
    (void)state;
    struct esep_reason reason;
    char text[400];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(esep_because(&reason, ESEP_OK, "%s", text), ESEP_OK);
    assert_int_equal(strlen(reason.text), sizeof reason.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_exits),
        cmocka_unit_test(test_reason_is_one_line),
        cmocka_unit_test(test_reason_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
