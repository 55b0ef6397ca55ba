/* tests/unit/wire/socks_test.c - does what we say to a proxy stand as RFC 1928 and 1929 write it,
 * is each of its answers understood in whatever pieces it comes, and does nothing hostile get past?
 */
#include "wire/socks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

static const struct esep_socks_target name = {
    .kind = ESEP_SOCKS_NAME, .len = 9, .bytes = "broker.kz", .port = 7001};
static const struct esep_socks_login login = {
    .user_len = 3, .password_len = 2, .user = "moj", .password = "pw"};

static enum esep_status hear(struct esep_socks *s, const void *bytes, size_t len, size_t *ret_taken,
                             struct esep_socks_said *said, struct esep_reason *reason)
{
    reason->text[0] = '\0';
    return esep_socks_hear(s, esep_slice(bytes, len), ret_taken, said, reason);
}

static void assert_said(const struct esep_socks_said *said, const void *bytes, size_t len)
{
    assert_int_equal(said->len, len);
    assert_memory_equal(said->bytes, bytes, len);
}
#define SAID(said, text) assert_said((said), (text), sizeof(text) - 1)
#define HEAR(s, text, taken, said, reason)                                                         \
    hear((s), (text), sizeof(text) - 1, (taken), (said), (reason))

/* As far as to the proxy's last word. */
static void until_connect(struct esep_socks *s, const struct esep_socks_target *target)
{
    struct esep_socks_said said;
    struct esep_reason reason;
    size_t taken = 0;
    esep_socks_begin(s, target, NULL, &said);
    SAID(&said, "\5\1\0");
    assert_int_equal(HEAR(s, "\5\0", &taken, &said, &reason), ESEP_AGAIN);
    assert_int_equal(s->stage, ESEP_SOCKS_CONNECT);
}

static void test_a_name_goes_to_the_proxy_as_a_name(void **state)
{
    (void)state;
    struct esep_socks s;
    struct esep_socks_said said;
    struct esep_reason reason;
    size_t taken = 0;
    esep_socks_begin(&s, &name, NULL, &said);
    assert_int_equal(HEAR(&s, "\5\0", &taken, &said, &reason), ESEP_AGAIN);
    assert_int_equal(taken, 2);
    SAID(&said, "\5\1\0\3\11broker.kz\x1b\x59");
    assert_int_equal(HEAR(&s, "\5\0\0\1\0\0\0\0\0\0", &taken, &said, &reason), ESEP_OK);
    assert_int_equal(taken, 10);
    assert_int_equal(said.len, 0);
}

static void test_addresses_go_as_addresses(void **state)
{
    (void)state;
    struct esep_socks s;
    struct esep_socks_said said;
    struct esep_reason reason;
    size_t taken = 0;
    const struct esep_socks_target v4 = {ESEP_SOCKS_IPV4, 4, {10, 0, 0, 7}, 443};
    const struct esep_socks_target v6 = {
        ESEP_SOCKS_IPV6, 16, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 1};
    esep_socks_begin(&s, &v4, NULL, &said);
    assert_int_equal(HEAR(&s, "\5\0", &taken, &said, &reason), ESEP_AGAIN);
    SAID(&said, "\5\1\0\1\12\0\0\7\1\xbb");
    esep_socks_begin(&s, &v6, NULL, &said);
    assert_int_equal(HEAR(&s, "\5\0", &taken, &said, &reason), ESEP_AGAIN);
    SAID(&said, "\5\1\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\1");
}

static void test_a_login(void **state)
{
    (void)state;
    struct esep_socks s;
    struct esep_socks_said said;
    struct esep_reason reason;
    size_t taken = 0;
    const struct esep_socks_login none = {0};
    esep_socks_begin(&s, &name, &login, &said);
    SAID(&said, "\5\2\0\2");
    assert_int_equal(HEAR(&s, "\5\2", &taken, &said, &reason), ESEP_AGAIN);
    SAID(&said, "\1\3moj\2pw");
    assert_int_equal(HEAR(&s, "\1\0", &taken, &said, &reason), ESEP_AGAIN);
    SAID(&said, "\5\1\0\3\11broker.kz\x1b\x59");
    assert_int_equal(HEAR(&s, "\5\0\0\1\0\0\0\0\0\0", &taken, &said, &reason), ESEP_OK);
    assert_memory_equal(&s.login, &none, sizeof none); /* not kept longer than needed */
    /* The proxy may as well go without. */
    esep_socks_begin(&s, &name, &login, &said);
    assert_int_equal(HEAR(&s, "\5\0", &taken, &said, &reason), ESEP_AGAIN);
    assert_int_equal(s.stage, ESEP_SOCKS_CONNECT);
    /* The longest there is. */
    struct esep_socks_login longest = {.user_len = 255, .password_len = 255};
    esep_socks_begin(&s, &name, &longest, &said);
    assert_int_equal(HEAR(&s, "\5\2", &taken, &said, &reason), ESEP_AGAIN);
    assert_int_equal(said.len, ESEP_SOCKS_SAID_MAX);
}

static void test_a_login_that_is_refused(void **state)
{
    (void)state;
    struct esep_socks s;
    struct esep_socks_said said;
    struct esep_reason reason;
    size_t taken = 0;
    const struct esep_socks_login none = {0};
    for (unsigned code = 1; code < 256; code++) {
        const uint8_t answer[] = {1, (uint8_t)code};
        esep_socks_begin(&s, &name, &login, &said);
        assert_int_equal(HEAR(&s, "\5\2", &taken, &said, &reason), ESEP_AGAIN);
        assert_int_equal(hear(&s, answer, 2, &taken, &said, &reason), ESEP_DENIED);
        assert_non_null(strstr(reason.text, "user or password is wrong"));
        assert_int_equal(said.len, 0);
        assert_memory_equal(&s.login, &none, sizeof none);
    }
    esep_socks_begin(&s, &name, NULL, &said);
    assert_int_equal(HEAR(&s, "\5\xff", &taken, &said, &reason), ESEP_DENIED);
    assert_non_null(strstr(reason.text, "it wants a login"));
    esep_socks_begin(&s, &name, &login, &said);
    assert_int_equal(HEAR(&s, "\5\xff", &taken, &said, &reason), ESEP_DENIED);
    assert_non_null(strstr(reason.text, "neither"));
}

static void test_each_reply_has_its_words(void **state)
{
    (void)state;
    static const char *const words[] = {NULL,
                                        "does not say why",
                                        "rules",
                                        "network",
                                        "reach the broker's host",
                                        "refuses the connection",
                                        "TTL",
                                        "CONNECT",
                                        "address"};
    struct esep_socks s;
    struct esep_socks_said said;
    struct esep_reason reason;
    for (unsigned reply = 1; reply < 256; reply++) {
        const uint8_t answer[] = {5, (uint8_t)reply, 0, 1, 0, 0, 0, 0, 0, 0};
        char number[8];
        size_t taken = 0;
        until_connect(&s, &name);
        assert_int_equal(hear(&s, answer, sizeof answer, &taken, &said, &reason), ESEP_DENIED);
        assert_int_equal(taken, 4); /* some proxies say no more */
        (void)snprintf(number, sizeof number, "(%u)", reply);
        assert_non_null(strstr(reason.text, "the proxy refuses: "));
        assert_non_null(strstr(reason.text, number));
        assert_non_null(strstr(reason.text, reply < sizeof words / sizeof *words
                                                ? words[reply]
                                                : "a reason that has no name"));
        assert_int_equal(s.stage, ESEP_SOCKS_FAILED);
    }
}

/* In every cut into two, and byte by byte: the same, and what follows is left alone. */
static void test_pieces(void **state)
{
    (void)state;
    static const char *const answers[] = {"\5\0\0\1\1\2\3\4\5\6", "\5\0\0\3\3abc\1\1",
                                          "\5\0\0\3\0\1\1", "\5\0\0\4abcdefghijklmnop\1\1"};
    static const size_t lens[] = {10, 10, 7, 22};
    for (size_t i = 0; i < 4; i++)
        for (size_t cut = 0; cut <= lens[i]; cut++) {
            uint8_t bytes[64];
            struct esep_socks s;
            struct esep_socks_said said;
            struct esep_reason reason;
            size_t first = 0, second = 0;
            memcpy(bytes, answers[i], lens[i]);
            memcpy(bytes + lens[i], "ZMTP", 4);
            until_connect(&s, &name);
            const enum esep_status status = hear(&s, bytes, cut, &first, &said, &reason);
            if (cut == lens[i]) {
                assert_int_equal(status, ESEP_OK);
                continue;
            }
            assert_int_equal(status, ESEP_AGAIN);
            assert_int_equal(first, cut);
            assert_int_equal(hear(&s, bytes + cut, lens[i] + 4 - cut, &second, &said, &reason),
                             ESEP_OK);
            assert_int_equal(first + second, lens[i]);
        }
}

static void test_a_proxy_that_says_what_it_may_not(void **state)
{
    (void)state;
    struct esep_socks s;
    struct esep_socks_said said;
    struct esep_reason reason;
    size_t taken = 0;
    static const char *const greetings[] = {"HT", "\4\0", "\0\0", "\5\1", "\5\2", "\5\3", "\5\xfe"};
    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++) {
        esep_socks_begin(&s, &name, NULL, &said); /* 2 was not offered */
        assert_int_equal(hear(&s, greetings[i], 2, &taken, &said, &reason), ESEP_INVALID);
        assert_non_null(strstr(reason.text, "no SOCKS5 proxy"));
        assert_int_equal(said.len, 0);
    }
    /* It speaks before it is asked. */
    esep_socks_begin(&s, &name, NULL, &said);
    assert_int_equal(HEAR(&s, "\5\0\5\0\0\1", &taken, &said, &reason), ESEP_INVALID);
    assert_int_equal(said.len, 0);
    /* Another version of the login, of the reply; kinds of address that do not exist. */
    esep_socks_begin(&s, &name, &login, &said);
    assert_int_equal(HEAR(&s, "\5\2", &taken, &said, &reason), ESEP_AGAIN);
    assert_int_equal(HEAR(&s, "\5\0", &taken, &said, &reason), ESEP_INVALID);
    until_connect(&s, &name);
    assert_int_equal(HEAR(&s, "\4\0\0\1\0\0\0\0\0\0", &taken, &said, &reason), ESEP_INVALID);
    for (unsigned kind = 0; kind < 256; kind++) {
        const uint8_t answer[] = {5, 0, 0, (uint8_t)kind};
        until_connect(&s, &name);
        assert_int_equal(hear(&s, answer, 4, &taken, &said, &reason),
                         kind == 1 || kind == 3 || kind == 4 ? ESEP_AGAIN : ESEP_INVALID);
    }
    /* Nothing is nothing. */
    until_connect(&s, &name);
    assert_int_equal(hear(&s, "", 0, &taken, &said, &reason), ESEP_AGAIN);
    assert_int_equal(taken, 0);
    esep_socks_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_goes_to_the_proxy_as_a_name),
        cmocka_unit_test(test_addresses_go_as_addresses),
        cmocka_unit_test(test_a_login),
        cmocka_unit_test(test_a_login_that_is_refused),
        cmocka_unit_test(test_each_reply_has_its_words),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_a_proxy_that_says_what_it_may_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
