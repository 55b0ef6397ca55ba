/* tests/unit/web/totp_test.c - are codes those that every authenticator shows, once each? */
#include "collector/web/totp.h"
#include "tests/unit/io/unit.h"

#include <string.h>

/* RFC 6238, appendix B (SHA-1): the last six of the eight digits given there. */
static const uint8_t secret[WEB_TOTP_SECRET_BYTES] = "12345678901234567890";

static void test_the_codes_of_the_standard(void **state)
{
    static const struct {
        esep_time seconds;
        uint32_t code;
    } given[] = {{59, 287082},       {1111111109, 81804},  {1111111111, 50471},
                 {1234567890, 5924}, {2000000000, 279037}, {20000000000, 353130}};
    (void)state;
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
        assert_int_equal(web_totp_code(secret, (uint64_t)(given[i].seconds / 30)), given[i].code);
}

static bool check(const char *text, esep_time seconds, uint64_t *last)
{
    return web_totp_check(secret, text, seconds * ESEP_SECOND, last);
}

static void test_a_code_is_taken_once(void **state)
{
    uint64_t last = 0;
    (void)state;
    assert_true(check("287 082", 59, &last));
    assert_int_equal(last, 1);
    assert_false(check("287082", 59, &last));
}

static void test_a_neighbouring_step_is_taken_and_no_further_one(void **state)
{
    uint64_t last = 0;
    (void)state;
    assert_true(check("287082", 89, &last));
    last = 0;
    assert_true(check("287082", 35, &last));
    last = 0;
    assert_false(check("287082", 90, &last));
}

static void test_what_is_no_code_is_none(void **state)
{
    static const char *const wrong[] = {"", "28708", "2870822", "28708a", "-87082", "287083"};
    uint64_t last = 0;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(check(wrong[i], 59, &last));
}

static void test_a_secret_is_told_in_base32(void **state)
{
    char text[WEB_TOTP_BASE32_CHARS];
    (void)state;
    web_totp_base32(secret, text);
    assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_codes_of_the_standard),
        cmocka_unit_test(test_a_code_is_taken_once),
        cmocka_unit_test(test_a_neighbouring_step_is_taken_and_no_further_one),
        cmocka_unit_test(test_what_is_no_code_is_none),
        cmocka_unit_test(test_a_secret_is_told_in_base32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
