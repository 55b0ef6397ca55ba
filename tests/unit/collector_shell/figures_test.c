/* tests/unit/collector_shell/figures_test.c - do figures come back as they were put, whatever text
 * an operator's names and the disk's errors bring, and is the file Prometheus' text format? */
#include "../io/unit.h"
#include "collector/figures.h"

static void what_is_put_is_read(void **state)
{
    struct esep_buf text;
    struct figures figures;
    struct esep_reason said;
    uint64_t value = 0;
    figures_begin(&text);
    figures_put(&text, "esep_one", "", 7);
    figures_put(&text, "esep_on", "", 8); /* begins as the other does */
    figures_put(&text, "esep_large_total", "", UINT64_MAX);
    figures_say(&text, "key", "two\nlines\tand a tab");
    figures_say(&text, "empty", "");
    assert_int_equal(figures_publish(*state, &text), ESEP_OK);
    figures_read(*state, &figures);
    assert_int_equal(figures.len, text.len);
    assert_true(figures.age >= 0 && figures.age < FIGURES_STALE);
    assert_true(figures_value(&figures, "esep_one", &value) && value == 7);
    assert_true(figures_value(&figures, "esep_on", &value) && value == 8);
    assert_true(figures_value(&figures, "esep_large_total", &value) && value == UINT64_MAX);
    assert_false(figures_value(&figures, "esep_o", &value));
    assert_false(figures_value(&figures, "esep_none", &value));
    figures_said(&figures, "key", &said);
    assert_string_equal(said.text, "two lines and a tab");
    figures_said(&figures, "empty", &said);
    assert_string_equal(said.text, "");
    assert_null(strstr(figures.text, "empty"));
    esep_buf_done(&text);
}

static void samples_of_a_name_have_one_type_line(void **state)
{
    struct esep_buf text;
    struct figures figures;
    figures_begin(&text);
    figures_put(&text, "esep_joined", "tcp://a:1", 1);
    figures_put(&text, "esep_joined", "b\"c\\d\n", 0);
    figures_put(&text, "esep_taken_total", "", 3);
    assert_int_equal(figures_publish(*state, &text), ESEP_OK);
    figures_read(*state, &figures);
    assert_string_equal(figures.text, "# TYPE esep_joined gauge\n"
                                      "esep_joined{name=\"tcp://a:1\"} 1\n"
                                      "esep_joined{name=\"b_c_d_\"} 0\n"
                                      "# TYPE esep_taken_total counter\n"
                                      "esep_taken_total 3\n");
    esep_buf_done(&text);
}

/* More than there is room for: whole lines, and those that came first. */
static void too_much_is_left_out_by_lines(void **state)
{
    struct esep_buf text;
    struct figures *figures = calloc(1, sizeof *figures);
    uint64_t value = 0;
    assert_non_null(figures);
    figures_begin(&text);
    for (unsigned i = 0; i < 2000; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "esep_%u", i);
        figures_put(&text, name, "", i);
    }
    assert_true(text.len <= FIGURES_BYTES_MAX && text.len > FIGURES_BYTES_MAX - 100);
    assert_int_equal(text.data[text.len - 1], '\n');
    assert_int_equal(figures_publish(*state, &text), ESEP_OK);
    figures_read(*state, figures);
    assert_int_equal(figures->len, text.len);
    assert_true(figures_value(figures, "esep_0", &value));
    assert_false(figures_value(figures, "esep_1999", &value));
    esep_buf_done(&text);
    free(figures);
}

static void no_file_is_no_figures(void **state)
{
    struct figures figures;
    struct esep_reason said;
    uint64_t value = 0;
    figures_read(*state, &figures);
    assert_int_equal(figures.len, 0);
    assert_false(figures_value(&figures, "esep_one", &value));
    figures_said(&figures, "key", &said);
    assert_string_equal(said.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(what_is_put_is_read),
        unit_test_in_folder(samples_of_a_name_have_one_type_line),
        unit_test_in_folder(too_much_is_left_out_by_lines),
        unit_test_in_folder(no_file_is_no_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
