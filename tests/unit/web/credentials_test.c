/* tests/unit/web/credentials_test.c - is what was put still there, and is the right password right?
 */
#include "collector/web/credentials.h"
#include "collector/web/hasher.h"
#include "io/loop.h"
#include "tests/unit/io/unit.h"

#include <string.h>
#include <sys/stat.h>

static void store_at(char *out, size_t room, void **state)
{
    (void)snprintf(out, room, "%s/credentials", (const char *)*state);
}

static void test_a_credential_outlives_its_process(void **state)
{
    char path[300];
    struct esep_reason reason = {""};
    struct web_credentials *c = NULL;
    struct web_credential in = {.second_factor = true, .totp = {1, 2, 3}, .totp_step = 99};
    struct web_credential out;
    struct stat seen;
    store_at(path, sizeof path, state);
    (void)snprintf(in.password, sizeof in.password, "$argon2id$something");
    in.invited_until = 77;

    assert_int_equal(web_credentials_open(&c, path, &reason), ESEP_OK);
    assert_int_equal(web_credential_get(c, "aigul", &out, &reason), ESEP_NOT_FOUND);
    assert_int_equal(web_credential_put(c, "aigul", &in, &reason), ESEP_OK);
    web_credentials_close(c);

    assert_int_equal(web_credentials_open(&c, path, &reason), ESEP_OK);
    assert_int_equal(web_credential_get(c, "aigul", &out, &reason), ESEP_OK);
    assert_string_equal(out.password, in.password);
    assert_true(out.second_factor);
    assert_memory_equal(out.totp, in.totp, sizeof in.totp);
    assert_int_equal(out.totp_step, 99);
    assert_int_equal(out.invited_until, 77);
    assert_int_equal(web_credential_get(c, "", &out, &reason), ESEP_NOT_FOUND);
    assert_int_equal(web_credential_get(c, "aigu", &out, &reason), ESEP_NOT_FOUND);
    web_credentials_close(c);
    assert_int_equal(stat(path, &seen), 0);
    assert_int_equal(seen.st_mode & 077, 0);
}

static void test_an_invitation_is_good_once_it_is_given_and_until_its_hour(void **state)
{
    struct web_credential c = {0};
    char text[WEB_INVITATION_CHARS];
    (void)state;
    assert_false(web_invitation_is(&c, "00000000000000000000000000000000", 0));
    web_invitation_make(&c, 1000, text);
    assert_int_equal(strlen(text), 32);
    assert_true(web_invitation_is(&c, text, 1000));
    assert_false(web_invitation_is(&c, text, 1001));
    assert_false(web_invitation_is(&c, "", 0));
    text[0] = text[0] == '0' ? '1' : '0';
    assert_false(web_invitation_is(&c, text, 0));
}

static void test_what_is_no_password_says_why(void **state)
{
    struct esep_reason reason = {""};
    char longest[WEB_PASSWORD_BYTES_MAX + 2];
    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(web_password_check("aigul", "short", &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "12"));
    assert_int_equal(web_password_check("aigul", longest, &reason), ESEP_INVALID);
    assert_int_equal(web_password_check("aigul", "aigul1234567", &reason), ESEP_INVALID);
    assert_int_equal(web_password_check("aigul", "correct horse battery", &reason), ESEP_OK);
}

struct asked {
    struct esep_loop *loop;
    struct web_hasher *hasher;
    unsigned told, right;
    char hash[WEB_PASSWORD_HASH_MAX];
};

static void on_verified(void *context, bool right, const char *hash)
{
    struct asked *a = context;
    (void)hash;
    a->told++;
    a->right += right;
    if (a->told == 4)
        esep_loop_stop(a->loop);
}

static void on_made(void *context, bool right, const char *hash)
{
    struct asked *a = context;
    (void)right;
    (void)snprintf(a->hash, sizeof a->hash, "%s", hash);
    assert_int_equal(
        web_hasher_ask(a->hasher, WEB_HASH_VERIFY, "correct horse", hash, on_verified, a), ESEP_OK);
    assert_int_equal(
        web_hasher_ask(a->hasher, WEB_HASH_VERIFY, "correct horsf", hash, on_verified, a), ESEP_OK);
    assert_int_equal(web_hasher_ask(a->hasher, WEB_HASH_VERIFY, "", "", on_verified, a), ESEP_OK);
    assert_int_equal(
        web_hasher_ask(a->hasher, WEB_HASH_VERIFY, "correct horse", "nonsense", on_verified, a),
        ESEP_OK);
}

static void test_a_password_is_right_for_its_hash_alone(void **state)
{
    const struct esep_loop_options options = {0};
    struct esep_reason reason = {""};
    struct asked a = {0};
    (void)state;
    assert_int_equal(esep_loop_new(&a.loop, &options, &reason), ESEP_OK);
    assert_int_equal(web_hasher_new(&a.hasher, a.loop, &reason), ESEP_OK);
    assert_int_equal(web_hasher_ask(a.hasher, WEB_HASH_MAKE, "correct horse", "", on_made, &a),
                     ESEP_OK);
    assert_int_equal(esep_loop_run(a.loop), ESEP_OK);
    assert_int_equal(a.told, 4);
    assert_int_equal(a.right, 1);
    assert_non_null(strstr(a.hash, "$argon2id$"));
    web_hasher_free(a.hasher);
    esep_loop_free(a.loop);
}

static void on_refused(void *context, bool right, const char *hash)
{
    unsigned *told = context;
    assert_false(right);
    assert_string_equal(hash, "");
    (*told)++;
}

static void test_a_full_queue_says_so(void **state)
{
    const struct esep_loop_options options = {0};
    struct esep_reason reason = {""};
    struct esep_loop *loop = NULL;
    struct web_hasher *hasher = NULL;
    enum esep_status status = ESEP_OK;
    unsigned taken = 0, told = 0;
    (void)state;
    assert_int_equal(esep_loop_new(&loop, &options, &reason), ESEP_OK);
    assert_int_equal(web_hasher_new(&hasher, loop, &reason), ESEP_OK);
    /* The loop does not run: nothing is told, and no place comes free. */
    while ((status = web_hasher_ask(hasher, WEB_HASH_VERIFY, "x", "", on_refused, &told)) ==
           ESEP_OK)
        taken++;
    assert_int_equal(status, ESEP_LIMIT);
    assert_int_equal(taken, 16);
    web_hasher_free(hasher);
    assert_int_equal(told, 16); /* by the end, each knows */
    esep_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_credential_outlives_its_process, unit_folder,
                                        unit_folder_gone),
        cmocka_unit_test(test_an_invitation_is_good_once_it_is_given_and_until_its_hour),
        cmocka_unit_test(test_what_is_no_password_says_why),
        cmocka_unit_test(test_a_password_is_right_for_its_hash_alone),
        cmocka_unit_test(test_a_full_queue_says_so),
    };
    if (esep_crypto_init() != ESEP_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
