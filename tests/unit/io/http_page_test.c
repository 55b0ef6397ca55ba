/* tests/unit/io/http_page_test.c - what is a page's file, and what is an order's body? */
#include "io/http_page.h"
#include "unit.h"

#include <string.h>

static void test_only_kinds_that_a_page_is_made_of(void **state)
{
    (void)state;
    assert_string_equal(esep_http_file_type("/app.js"), "text/javascript; charset=utf-8");
    assert_string_equal(esep_http_file_type("/a.b/index.html"), "text/html; charset=utf-8");
    assert_null(esep_http_file_type("/secret.key"));
    assert_null(esep_http_file_type("/app.JS"));
    assert_null(esep_http_file_type("/app.js.bak"));
    assert_null(esep_http_file_type("/app"));
    assert_null(esep_http_file_type(""));
}

static void test_only_an_object_is_an_order(void **state)
{
    static const char *const others[] = {
        "",        "[]",     "1",          "null", "{", "{} {}", "{\"a\":1,\"a\":2}",
        "{'a':1}", "\"{}\"", "{\"a\":NaN}"};
    (void)state;
    json_t *value = esep_http_object(esep_slice_str(" {\"a\": {\"b\": [1]}}\n"));
    assert_true(json_is_object(value));
    json_decref(value);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_null(esep_http_object(esep_slice_str(others[i])));
    assert_null(esep_http_object(esep_slice("{\"a\":\"\xff\"}", 9))); /* not UTF-8 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_kinds_that_a_page_is_made_of),
        cmocka_unit_test(test_only_an_object_is_an_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
