/* Does the named command run, with its own words and nothing of another's? Does whoever names none
 * end with 64, and see on a screen of columns what there is? */
#include "io/program.h"
#include "tests/unit/base/fixture.h"

#include <sysexits.h>
#include <unistd.h>

static char called[64];
static int words;

static int one(int argc, char **argv)
{
    words = argc;
    snprintf(called, sizeof called, "%s/%s", argv[0], argc > 1 ? argv[1] : "");
    return EX_TEMPFAIL;
}

static int elsewhere(int argc, char **argv)
{
    words = argc;
    snprintf(called, sizeof called, "elsewhere/%s", argv[1]);
    return EX_UNAVAILABLE;
}

static void help_config(FILE *out)
{
    fputs("keys\n", out);
}

static const struct esep_command commands[] = {
    {"one", "FILE …", "the first", one},
    {"another", "", "that is not here", NULL},
    {NULL, NULL, NULL, NULL},
};
static const struct esep_program program = {
    .name = "prog", .commands = commands, .help_config = help_config, .elsewhere = elsewhere};

/* What it returns, and what it says on one of both. */
static int call(const struct esep_program *of, int fd, char *out, size_t size, char *first,
                char *second)
{
    char *argv[] = {(char[]){"prog"}, first, second, NULL};
    const int argc = first == NULL ? 1 : second == NULL ? 2 : 3;
    FILE *file = tmpfile();
    assert_non_null(file);
    const int saved = dup(fd);
    fflush(NULL);
    assert_int_equal(dup2(fileno(file), fd), fd);
    const int rc = esep_program_main(of, argc, argv);
    fflush(NULL);
    assert_int_equal(dup2(saved, fd), fd);
    close(saved);
    rewind(file);
    const size_t len = fread(out, 1, size - 1, file);
    out[len] = '\0';
    fclose(file);
    return rc;
}

static void test_a_command_runs_with_its_own_words(void **state)
{
    char out[1024];
    (void)state;
    assert_int_equal(call(&program, 1, out, sizeof out, (char[]){"one"}, (char[]){"--json"}),
                     EX_TEMPFAIL);
    assert_string_equal(called, "prog one/--json");
    assert_int_equal(words, 2);
    assert_int_equal(call(&program, 1, out, sizeof out, (char[]){"another"}, (char[]){"x"}),
                     EX_UNAVAILABLE);
    assert_string_equal(called, "elsewhere/another");
    assert_int_equal(words, 3);
}

static void test_what_there_is(void **state)
{
    static const char overview[] = "usage: prog COMMAND [--config FILE] [OPTION...]\n\n"
                                   "Commands:\n"
                                   "  one     FILE … the first\n"
                                   "  another        that is not here\n\n"
                                   "'prog COMMAND --help' says more; 'prog --help-config' lists "
                                   "the keys of the configuration.\n";
    char out[1024];
    (void)state;
    assert_int_equal(call(&program, 1, out, sizeof out, (char[]){"--help"}, NULL), 0);
    assert_string_equal(out, overview);
    assert_int_equal(call(&program, 2, out, sizeof out, NULL, NULL), EX_USAGE);
    assert_string_equal(out, overview);
    assert_int_equal(call(&program, 1, out, sizeof out, (char[]){"--help-config"}, NULL), 0);
    assert_string_equal(out, "keys\n");
    assert_int_equal(call(&program, 1, out, sizeof out, (char[]){"--version"}, NULL), 0);
    assert_string_equal(out, "prog " ESEP_VERSION "\n");
    called[0] = '\0';
    assert_int_equal(call(&program, 2, out, sizeof out, (char[]){"two"}, NULL), EX_USAGE);
    assert_string_equal(out, "prog: no command 'two'; prog --help lists them\n");
    assert_string_equal(called, "");
}

static void test_a_program_without_a_configuration(void **state)
{
    const struct esep_program plain = {.name = "plain", .commands = commands};
    char out[1024];
    (void)state;
    assert_int_equal(call(&plain, 2, out, sizeof out, (char[]){"--help-config"}, NULL), EX_USAGE);
    assert_int_equal(call(&plain, 1, out, sizeof out, (char[]){"help"}, NULL), 0);
    assert_null(strstr(out, "--help-config"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_command_runs_with_its_own_words),
        cmocka_unit_test(test_what_there_is),
        cmocka_unit_test(test_a_program_without_a_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
