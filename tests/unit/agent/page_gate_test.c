/* tests/unit/agent/page_gate_test.c - who is let in to the office's page, and who never is? */
#include "agent/page/gate.h"
#include "tests/unit/io/unit.h"

#include <string.h>

static struct page_gate gate;

static const uint8_t *secret(uint8_t n)
{
    static uint8_t bytes[4][PAGE_SECRET_BYTES];
    static unsigned turn;
    uint8_t *one = bytes[turn++ % 4];
    memset(one, n, PAGE_SECRET_BYTES);
    return one;
}

static const char *hex(uint8_t n)
{
    static char text[4][2 * PAGE_SECRET_BYTES + 1];
    static unsigned turn;
    char *one = text[turn++ % 4];
    esep_hex(secret(n), PAGE_SECRET_BYTES, one);
    return one;
}

static int setup(void **state)
{
    (void)state;
    page_gate_init(&gate, secret(1), 8080);
    return 0;
}

static void test_only_this_address_is_our_host(void **state)
{
    static const char *const others[] = {"evil.example:8080",
                                         "127.0.0.1",
                                         "127.0.0.1:80",
                                         "127.0.0.1:80800",
                                         "localhost",
                                         "localhost.:8080",
                                         "localhost:8080.evil",
                                         "[::1]:8080",
                                         "127.0.0.1:08080",
                                         "",
                                         "127.0.0.1:8080 ",
                                         "LOCALHOST:8080",
                                         "0.0.0.0:8080",
                                         "127.1:8080",
                                         "127.0.0.1:8080@evil.ex"};
    (void)state;
    assert_true(page_gate_host(&gate, "127.0.0.1:8080"));
    assert_true(page_gate_host(&gate, "localhost:8080"));
    assert_false(page_gate_host(&gate, NULL));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(page_gate_host(&gate, others[i]));
}

static void test_only_this_page_is_our_origin(void **state)
{
    static const char *const others[] = {"https://127.0.0.1:8080", "http://evil.example:8080",
                                         "http://127.0.0.1:8081",  "null",
                                         "http://127.0.0.1:8080/", "127.0.0.1:8080"};
    (void)state;
    assert_true(page_gate_origin(&gate, "http://127.0.0.1:8080"));
    assert_true(page_gate_origin(&gate, "http://localhost:8080"));
    assert_false(page_gate_origin(&gate, NULL));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(page_gate_origin(&gate, others[i]));
}

static void test_the_right_token_is_always_right(void **state)
{
    esep_time wait = 0;
    (void)state;
    assert_int_equal(page_gate_token(&gate, hex(1), 0, &wait), PAGE_TOKEN_RIGHT);
    for (int i = 0; i < 1000; i++)
        assert_int_not_equal(page_gate_token(&gate, hex(2), 0, &wait), PAGE_TOKEN_RIGHT);
    assert_int_equal(page_gate_token(&gate, hex(1), 0, &wait), PAGE_TOKEN_RIGHT);
}

static void test_no_other_text_is_the_token(void **state)
{
    static const char *const others[] = {"", "01", "0101010101010101010101010101010",
                                         "010101010101010101010101010101010101",
                                         "zz010101010101010101010101010101"};
    esep_time wait = 0;
    (void)state;
    assert_int_equal(page_gate_token(&gate, NULL, 0, &wait), PAGE_TOKEN_WRONG);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(page_gate_token(&gate, others[i], 0, &wait), PAGE_TOKEN_WRONG);
}

static void test_a_guesser_waits_and_is_forgiven(void **state)
{
    esep_time wait = 0;
    esep_time now = 1000 * ESEP_SECOND;
    int heard = 0;
    (void)state;
    while (page_gate_token(&gate, hex(2), now, &wait) == PAGE_TOKEN_WRONG)
        assert_true(++heard < 100);
    assert_true(heard >= 5);
    assert_true(wait > 0 && wait <= ESEP_MINUTE);
    assert_int_equal(page_gate_token(&gate, hex(2), now + wait - 1, &wait), PAGE_TOKEN_WAIT);
    assert_int_equal(page_gate_token(&gate, hex(2), now + ESEP_MINUTE, &wait), PAGE_TOKEN_WRONG);
}

static void test_a_session_takes_cookie_and_key(void **state)
{
    (void)state;
    page_gate_open(&gate, secret(10), secret(20), 0);
    const struct page_session *session = page_gate_session(&gate, hex(10), 1);
    assert_non_null(session);
    assert_true(page_gate_key(session, hex(20)));
    assert_false(page_gate_key(session, hex(10)));
    assert_false(page_gate_key(session, NULL));
    assert_null(page_gate_session(&gate, hex(20), 1));
    assert_null(page_gate_session(&gate, hex(1), 1)); /* the token itself */
    assert_null(page_gate_session(&gate, NULL, 1));
    assert_null(page_gate_session(&gate, "", 1));
}

static void test_one_session_has_not_the_key_of_another(void **state)
{
    (void)state;
    page_gate_open(&gate, secret(10), secret(20), 0);
    page_gate_open(&gate, secret(11), secret(21), 0);
    assert_false(page_gate_key(page_gate_session(&gate, hex(10), 1), hex(21)));
    assert_true(page_gate_key(page_gate_session(&gate, hex(11), 1), hex(21)));
}

static void test_sessions_end(void **state)
{
    const esep_time step = PAGE_SESSION_IDLE / 2;
    esep_time now = 0;
    (void)state;
    page_gate_open(&gate, secret(10), secret(20), 0);
    page_gate_open(&gate, secret(11), secret(21), 0);
    for (; now <= PAGE_SESSION_LIFETIME; now += step)
        assert_non_null(page_gate_session(&gate, hex(10), now)); /* in use */
    assert_null(page_gate_session(&gate, hex(11), now));         /* not used */
    assert_null(page_gate_session(&gate, hex(10), now));         /* and for all that, it ends */
}

static void test_looking_keeps_no_session_open(void **state)
{
    const struct esep_hash cookie = esep_sha256(esep_slice(secret(10), PAGE_SECRET_BYTES));
    (void)state;
    page_gate_open(&gate, secret(10), secret(20), 0);
    assert_true(page_gate_holds(&gate, &cookie, PAGE_SESSION_IDLE));
    assert_false(page_gate_holds(&gate, &cookie, PAGE_SESSION_IDLE + 1));
}

static void test_one_more_ends_the_one_unused_longest(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < PAGE_SESSIONS_MAX; i++)
        page_gate_open(&gate, secret((uint8_t)(10 + i)), secret((uint8_t)(60 + i)), i);
    assert_non_null(page_gate_session(&gate, hex(10), 100));
    page_gate_open(&gate, secret(50), secret(90), 101);
    assert_non_null(page_gate_session(&gate, hex(10), 102));
    assert_null(page_gate_session(&gate, hex(11), 102));
    for (uint8_t i = 2; i < PAGE_SESSIONS_MAX; i++)
        assert_non_null(page_gate_session(&gate, hex((uint8_t)(10 + i)), 102));
    assert_non_null(page_gate_session(&gate, hex(50), 102));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_only_this_address_is_our_host, setup),
        cmocka_unit_test_setup(test_only_this_page_is_our_origin, setup),
        cmocka_unit_test_setup(test_the_right_token_is_always_right, setup),
        cmocka_unit_test_setup(test_no_other_text_is_the_token, setup),
        cmocka_unit_test_setup(test_a_guesser_waits_and_is_forgiven, setup),
        cmocka_unit_test_setup(test_a_session_takes_cookie_and_key, setup),
        cmocka_unit_test_setup(test_one_session_has_not_the_key_of_another, setup),
        cmocka_unit_test_setup(test_sessions_end, setup),
        cmocka_unit_test_setup(test_looking_keeps_no_session_open, setup),
        cmocka_unit_test_setup(test_one_more_ends_the_one_unused_longest, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
