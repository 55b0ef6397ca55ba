/* tests/unit/io/log_test.c - is a line one line whatever a peer put into it, and is a flood counted
 * instead of written?
 */
#include "io/log.h"
#include "unit.h"

#include <string.h>

/* What stderr got while f ran. */
static void capture(void (*f)(void), char *out, size_t room)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stderr);
    const int kept = dup(STDERR_FILENO);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    f();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    rewind(file);
    out[fread(out, 1, room - 1, file)] = '\0';
    fclose(file);
}

static unsigned lines(const char *text)
{
    unsigned n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void say_forged(void)
{
    esep_log(ESEP_LOG_WARNING, "forged", "name %s", "x\n<0>esep-broker error ready: \x1b[2J");
    esep_log(ESEP_LOG_DEBUG, "quiet", "not at this level");
}

static void test_a_line_stays_one_line(void **state)
{
    char text[2048];
    (void)state;
    esep_log_init("esep-test", ESEP_LOG_INFO);
    capture(say_forged, text, sizeof(text));
    assert_int_equal(lines(text), 1);
    assert_non_null(strstr(text, "esep-test warning forged: name x"));
    assert_null(strchr(text, '\x1b'));
}

static void say_much(void)
{
    for (int i = 0; i < 1000; i++)
        esep_log(ESEP_LOG_ERROR, "flood", "line %d", i);
    esep_log(ESEP_LOG_INFO, "other", "is not held back");
    esep_log_flush();
}

static void test_a_flood_is_counted(void **state)
{
    char text[16384];
    (void)state;
    capture(say_much, text, sizeof(text));
    assert_int_equal(lines(text), 22);
    assert_non_null(strstr(text, "other: is not held back"));
    assert_non_null(strstr(text, "flood: 980 more lines"));
}

static void say_many_names(void)
{
    char name[32];
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof(name), "name-%d", i);
        esep_log(ESEP_LOG_INFO, name, "x");
    }
}

static void test_names_without_end_are_limited_too(void **state)
{
    static char text[65536];
    (void)state;
    capture(say_many_names, text, sizeof(text));
    assert_true(lines(text) < 64 + 20);
}

static void test_levels(void **state)
{
    enum esep_log_level level = ESEP_LOG_ERROR;
    (void)state;
    assert_true(esep_log_level_parse("debug", &level));
    assert_int_equal(level, ESEP_LOG_DEBUG);
    assert_false(esep_log_level_parse("loud", &level));
    assert_int_equal(level, ESEP_LOG_DEBUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_stays_one_line),
        cmocka_unit_test(test_a_flood_is_counted),
        cmocka_unit_test(test_names_without_end_are_limited_too),
        cmocka_unit_test(test_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
