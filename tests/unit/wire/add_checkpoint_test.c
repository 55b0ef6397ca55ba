/* Is a request to a witness the text that C2SP tlog-witness describes, the same after reading and
 * writing, and is every other text refused with the line that is wrong?
 */
#include "tests/unit/base/fixture.h"
#include "wire/add_checkpoint.h"

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define HASH "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
#define NOTE                                                                                       \
    "example.com/behind-the-sofa\n20852163\n" ROOT "\n\n"                                          \
    "\xe2\x80\x94 example.com/behind-the-sofa "                                                    \
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"                                    \
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"                                                        \
    "\xe2\x80\x94 example.com/behind-the-sofa "                                                    \
    "opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/"                                 \
    "V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
/* The specification's example. */
#define EXAMPLE                                                                                    \
    "old 20852014\n" HASH "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"                         \
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"                                               \
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"                                               \
    "\n" NOTE

static void test_example(void **state)
{
    (void)state;
    struct esep_add_checkpoint asked;
    struct esep_buf out;
    assert_int_equal(esep_add_checkpoint_parse(esep_slice_str(EXAMPLE), &asked, NULL), ESEP_OK);
    assert_int_equal(asked.old_size, 20852014);
    assert_int_equal(asked.proof.count, 4);
    assert_hex(asked.proof.hashes[0].bytes, 4, "3e544d0a");
    assert_string_equal(asked.checkpoint.origin, "example.com/behind-the-sofa");
    assert_int_equal(asked.checkpoint.size, 20852163);
    assert_true(esep_slice_equal(asked.note_bytes, esep_slice_str(NOTE)));
    esep_buf_init(&out, ESEP_ADD_CHECKPOINT_BYTES_MAX);
    assert_int_equal(
        esep_add_checkpoint_write(asked.old_size, &asked.proof, asked.note_bytes, &out), ESEP_OK);
    assert_true(esep_slice_equal(esep_buf_slice(&out), esep_slice_str(EXAMPLE)));
    esep_buf_done(&out);
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } bad[] = {
        {"", "line 1"},
        {"old", "line 1"},
        {"old 1", "line 1"},
        {"old \n\n" NOTE, "line 1"},
        {"old 01\n\n" NOTE, "line 1"},
        {"old  1\n\n" NOTE, "line 1"},
        {"Old 1\n\n" NOTE, "line 1"},
        {"old 1 \n\n" NOTE, "line 1"},
        {"old 18446744073709551616\n\n" NOTE, "line 1"},
        {NOTE, "line 1"},
        {"old 1\n", "line 2 is missing"},
        {"old 1\n" HASH, "line 3 is missing"},
        {"old 1\nAAAA\n\n" NOTE, "line 2 must be a hash"},
        {"old 1\n" HASH NOTE, "line 3 must be a hash"},
        {"old 1\r\n\r\n" NOTE, "line 1"},
        {"old 1\n\n", "a note is"},
        {"old 1\n\n\n", "a note is"},
        {"old 1\n\nname\n1\n\n", "not signed"},
        {"old 1\n\nname\n1\nAAAA\n\n\xe2\x80\x94 name AAAAAAA=\n", "line 3 of a checkpoint"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct esep_add_checkpoint asked;
        struct esep_reason reason = {""};
        if (esep_add_checkpoint_parse(esep_slice_str(bad[i].text), &asked, &reason) != ESEP_INVALID)
            fail_msg("taken: %s", bad[i].text);
        if (strstr(reason.text, bad[i].says) == NULL)
            fail_msg("'%s' says '%s'", bad[i].text, reason.text);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    struct esep_add_checkpoint asked;
    struct esep_merkle_path proof = {.count = ESEP_ADD_CHECKPOINT_HASHES_MAX};
    struct esep_buf out;
    struct esep_reason reason = {""};
    esep_buf_init(&out, ESEP_ADD_CHECKPOINT_BYTES_MAX + 1);
    assert_int_equal(esep_add_checkpoint_write(UINT64_MAX, &proof, esep_slice_str(NOTE), &out),
                     ESEP_OK);
    assert_int_equal(esep_add_checkpoint_parse(esep_buf_slice(&out), &asked, NULL), ESEP_OK);
    assert_int_equal(asked.old_size, UINT64_MAX);
    assert_int_equal(asked.proof.count, ESEP_ADD_CHECKPOINT_HASHES_MAX);
    proof.count++;
    assert_int_equal(esep_add_checkpoint_write(0, &proof, esep_slice_str(NOTE), &out), ESEP_LIMIT);
    /* One hash more, by hand. */
    esep_buf_clear(&out);
    assert_int_equal(esep_buf_put(&out, "old 7\n", 6), ESEP_OK);
    for (int i = 0; i <= ESEP_ADD_CHECKPOINT_HASHES_MAX; i++)
        assert_int_equal(esep_buf_put(&out, HASH, sizeof HASH - 1), ESEP_OK);
    assert_int_equal(esep_buf_put(&out, "\n" NOTE, sizeof NOTE), ESEP_OK);
    assert_int_equal(esep_add_checkpoint_parse(esep_buf_slice(&out), &asked, &reason),
                     ESEP_INVALID);
    assert_non_null(strstr(reason.text, "line 65: no proof has more than 63"));
    /* Larger than any note may be with the longest proof. */
    esep_buf_clear(&out);
    while (out.len <= ESEP_ADD_CHECKPOINT_BYTES_MAX)
        assert_int_equal(esep_buf_put(&out, "\n", 1), ESEP_OK);
    assert_int_equal(esep_add_checkpoint_parse(esep_buf_slice(&out), &asked, &reason),
                     ESEP_INVALID);
    assert_non_null(strstr(reason.text, "at most"));
    esep_buf_done(&out);
    /* Nowhere to write to. */
    proof.count = 1;
    esep_buf_init(&out, 20);
    assert_int_equal(esep_add_checkpoint_write(1, &proof, esep_slice_str(NOTE), &out), ESEP_LIMIT);
    esep_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
