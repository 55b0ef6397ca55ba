/* tests/unit/web/session_test.c - does a session last as long as it may, and no longer? */
#include "collector/web/session.h"
#include "tests/unit/io/unit.h"

#include <string.h>

#define MINUTE (60 * ESEP_SECOND)

static const struct web_sessions_limits limits = {
    .sessions_max = 4, .of_one_account_max = 2, .idle = 30 * MINUTE, .lifetime = 120 * MINUTE};

static struct web_sessions *table;

static const uint8_t *token(uint8_t n)
{
    static uint8_t bytes[WEB_TOKEN_BYTES];
    memset(bytes, n, sizeof bytes);
    return bytes;
}

static enum esep_status open_for(const char *account, uint8_t n, esep_time now)
{
    const struct web_session *session = NULL;
    uint8_t csrf[WEB_TOKEN_BYTES];
    memset(csrf, 100 + n, sizeof csrf);
    const enum esep_status status =
        web_session_open(table, account, false, token(n), csrf, now, &session);
    if (status == ESEP_OK) {
        assert_string_equal(session->account, account);
        assert_int_equal(session->csrf[0], 100 + n);
    }
    return status;
}

static const char *holder(uint8_t n, esep_time now)
{
    const struct web_session *session = web_session_find(table, token(n), now);
    return session != NULL ? session->account : "nobody";
}

static int setup(void **state)
{
    (void)state;
    return web_sessions_new(&table, &limits) == ESEP_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    web_sessions_free(table);
    return 0;
}

static void test_a_token_stands_for_its_account(void **state)
{
    (void)state;
    assert_int_equal(open_for("aigul", 1, 0), ESEP_OK);
    assert_int_equal(open_for("berik", 2, 0), ESEP_OK);
    assert_string_equal(holder(1, MINUTE), "aigul");
    assert_string_equal(holder(2, MINUTE), "berik");
    assert_string_equal(holder(3, MINUTE), "nobody");
    assert_int_equal(web_sessions_open(table, MINUTE), 2);
}

static void test_use_keeps_it_and_idleness_ends_it(void **state)
{
    (void)state;
    assert_int_equal(open_for("aigul", 1, 0), ESEP_OK);
    assert_string_equal(holder(1, 30 * MINUTE), "aigul");
    assert_string_equal(holder(1, 60 * MINUTE), "aigul");
    assert_true(web_session_holds(table, token(1), 90 * MINUTE)); /* looking is not using */
    assert_false(web_session_holds(table, token(1), 90 * MINUTE + 1));
    assert_string_equal(holder(1, 90 * MINUTE + 1), "nobody");
    assert_string_equal(holder(1, 60 * MINUTE), "nobody"); /* gone for good */
}

static void test_no_use_keeps_it_for_ever(void **state)
{
    (void)state;
    assert_int_equal(open_for("aigul", 1, 0), ESEP_OK);
    for (esep_time at = 0; at <= 120 * MINUTE; at += 20 * MINUTE)
        assert_string_equal(holder(1, at), "aigul");
    assert_string_equal(holder(1, 120 * MINUTE + 1), "nobody");
}

static void test_logout_ends_one_and_a_closed_account_all(void **state)
{
    (void)state;
    assert_int_equal(open_for("aigul", 1, 0), ESEP_OK);
    assert_int_equal(open_for("aigul", 2, 0), ESEP_OK);
    assert_int_equal(open_for("berik", 3, 0), ESEP_OK);
    web_session_close(table, token(1));
    assert_string_equal(holder(1, 0), "nobody");
    assert_string_equal(holder(2, 0), "aigul");
    assert_int_equal(web_session_close_account(table, "aigul"), 1);
    assert_string_equal(holder(2, 0), "nobody");
    assert_string_equal(holder(3, 0), "berik");
}

static void test_an_account_that_has_enough_loses_its_oldest(void **state)
{
    (void)state;
    assert_int_equal(open_for("aigul", 1, 0), ESEP_OK);
    assert_int_equal(open_for("aigul", 2, MINUTE), ESEP_OK);
    assert_int_equal(open_for("aigul", 3, 2 * MINUTE), ESEP_OK);
    assert_string_equal(holder(1, 2 * MINUTE), "nobody");
    assert_string_equal(holder(2, 2 * MINUTE), "aigul");
    assert_string_equal(holder(3, 2 * MINUTE), "aigul");
}

static void test_full_is_loud_and_only_the_expired_make_room(void **state)
{
    (void)state;
    assert_int_equal(open_for("a", 1, 0), ESEP_OK);
    assert_int_equal(open_for("b", 2, MINUTE), ESEP_OK);
    assert_int_equal(open_for("c", 3, MINUTE), ESEP_OK);
    assert_int_equal(open_for("d", 4, MINUTE), ESEP_OK);
    assert_int_equal(open_for("e", 5, MINUTE), ESEP_LIMIT);
    assert_string_equal(holder(1, 2 * MINUTE), "a");
    assert_string_equal(holder(1, 30 * MINUTE), "a");
    assert_int_equal(open_for("e", 5, 31 * MINUTE + 1), ESEP_OK); /* b to d are idle too long */
    assert_string_equal(holder(1, 31 * MINUTE + 1), "a");
    assert_string_equal(holder(2, 31 * MINUTE + 1), "nobody");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_token_stands_for_its_account, setup, teardown),
        cmocka_unit_test_setup_teardown(test_use_keeps_it_and_idleness_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_use_keeps_it_for_ever, setup, teardown),
        cmocka_unit_test_setup_teardown(test_logout_ends_one_and_a_closed_account_all, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_an_account_that_has_enough_loses_its_oldest, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_full_is_loud_and_only_the_expired_make_room, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
