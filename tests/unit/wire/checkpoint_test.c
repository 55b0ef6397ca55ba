/* Are checkpoints and proofs the texts that C2SP describes, the same after reading and writing, and
 * is every other text refused with the line that is wrong?
 */
#include "tests/unit/base/fixture.h"
#include "wire/checkpoint.h"

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
#define SOFA "example.com/behind-the-sofa\n20852163\n" ROOT "\n"
#define HASH_1 "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
#define HASH_2 "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
#define NOTE SOFA "\n\xe2\x80\x94 example.com/behind-the-sofa Az3grlgt\n"

static void test_checkpoint(void **state)
{
    (void)state;
    struct esep_checkpoint checkpoint;
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    assert_int_equal(esep_checkpoint_parse(esep_slice_str(SOFA), &checkpoint, NULL), ESEP_OK);
    assert_string_equal(checkpoint.origin, "example.com/behind-the-sofa");
    assert_int_equal(checkpoint.size, 20852163);
    assert_hex(checkpoint.root.bytes, 8, "0ac5186a91863e8e");
    assert_int_equal(
        esep_checkpoint_text(checkpoint.origin, checkpoint.size, &checkpoint.root, text),
        strlen(SOFA));
    assert_string_equal(text, SOFA);
    assert_int_equal(
        esep_checkpoint_parse(esep_slice_str(SOFA "an extension\n"), &checkpoint, NULL), ESEP_OK);
    char origin[ESEP_ORIGIN_MAX + 1];
    memset(origin, 'o', sizeof origin - 1);
    origin[ESEP_ORIGIN_MAX] = '\0';
    size_t len = esep_checkpoint_text(origin, UINT64_MAX, &checkpoint.root, text);
    assert_int_equal(esep_checkpoint_parse(esep_slice(text, len), &checkpoint, NULL), ESEP_OK);
    assert_int_equal(checkpoint.size, UINT64_MAX);
}

static void test_bad_checkpoints(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *line;
    } bad[] = {
        {"", "line 1"},
        {"\n1\n" ROOT "\n", "line 1"},
        {"log", "line 1"},
        {"log\n", "line 2"},
        {"log\n01\n" ROOT "\n", "line 2"},
        {"log\n-1\n" ROOT "\n", "line 2"},
        {"log\n+1\n" ROOT "\n", "line 2"},
        {"log\n1 \n" ROOT "\n", "line 2"},
        {"log\n\n" ROOT "\n", "line 2"},
        {"log\n18446744073709551616\n" ROOT "\n", "line 2"},
        {"log\n1\n", "line 3"},
        {"log\n1\n" ROOT, "line 3"},
        {"log\n1\n" ROOT " \n", "line 3"},
        {"log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n", "line 3"},
        {"log\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n", "line 3"},
        {"log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2\xc9=\n", "line 3"},
        {"log\n1\nAAAA\n", "line 3"},
        /* '/' with its highest bit set, which libsodium's reader takes for the same */
        {"log\n1\nCsUYapGGPo4dkMgIAUqom\xafXajj7h2fB2MPA3j2jxq2I=\n", "line 3"},
        {"log\n1\n" ROOT "\n\n", "empty"},
        {"log\n1\n" ROOT "\nmore", "empty"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct esep_checkpoint checkpoint;
        struct esep_reason reason = {""};
        if (esep_checkpoint_parse(esep_slice_str(bad[i].text), &checkpoint, &reason) !=
                ESEP_INVALID ||
            strstr(reason.text, bad[i].line) == NULL)
            fail_msg("checkpoint %zu: '%s'", i, reason.text);
    }
    struct esep_checkpoint checkpoint;
    assert_int_equal(
        esep_checkpoint_parse(esep_slice("l\0g\n1\n" ROOT "\n", 7 + 44), &checkpoint, NULL),
        ESEP_INVALID);
}

static void assert_round(const char *text)
{
    struct esep_proof proof;
    struct esep_buf extra;
    struct esep_buf out;
    struct esep_reason reason = {""};
    esep_buf_init(&extra, ESEP_PROOF_EXTRA_MAX);
    esep_buf_init(&out, ESEP_PROOF_BYTES_MAX);
    if (esep_proof_parse(esep_slice_str(text), &extra, &proof, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
    assert_int_equal(esep_proof_write(&proof, &out), ESEP_OK);
    assert_true(esep_slice_equal(esep_buf_slice(&out), esep_slice_str(text)));
    /* Never more than it may take. */
    for (size_t max = 0; max < strlen(text); max += 7) {
        struct esep_buf small;
        esep_buf_init(&small, max);
        assert_int_equal(esep_proof_write(&proof, &small), ESEP_LIMIT);
        esep_buf_done(&small);
    }
    esep_buf_done(&out);
    esep_buf_done(&extra);
}

static void test_proof(void **state)
{
    (void)state;
    assert_round("c2sp.org/tlog-proof@v1\nindex 0\n\n" NOTE);
    assert_round("c2sp.org/tlog-proof@v1\nindex 73894\n" HASH_1 HASH_2 "\n" NOTE);
    assert_round("c2sp.org/tlog-proof@v1\nextra AQID\nindex 73894\n" HASH_1 "\n" NOTE);
    struct esep_proof proof;
    struct esep_buf extra;
    esep_buf_init(&extra, ESEP_PROOF_EXTRA_MAX);
    const char *text = "c2sp.org/tlog-proof@v1\nextra AQID\nindex 73894\n" HASH_1 "\n" NOTE;
    assert_int_equal(esep_proof_parse(esep_slice_str(text), &extra, &proof, NULL), ESEP_OK);
    assert_int_equal(proof.index, 73894);
    assert_int_equal(proof.path.count, 1);
    assert_int_equal(proof.extra.len, 3);
    assert_memory_equal(proof.extra.data, "\1\2\3", 3);
    assert_true(esep_slice_equal(proof.note, esep_slice_str(NOTE)));
    /* What is behind "extra" has its bound, and so has the caller's buf. */
    struct esep_buf two;
    esep_buf_init(&two, 2);
    assert_int_equal(esep_proof_parse(esep_slice_str(text), &two, &proof, NULL), ESEP_INVALID);
    esep_buf_done(&two);
    esep_buf_done(&extra);
}

/* As much behind "extra" as there may be, and a byte more. */
static void test_full_extra(void **state)
{
    (void)state;
    uint8_t *bytes = calloc(1, ESEP_PROOF_EXTRA_MAX + 1);
    struct esep_proof proof = {.extra = {bytes, ESEP_PROOF_EXTRA_MAX},
                               .note = esep_slice_str(NOTE)};
    struct esep_proof again;
    struct esep_buf extra;
    struct esep_buf out;
    assert_non_null(bytes);
    esep_buf_init(&extra, ESEP_PROOF_EXTRA_MAX + 3);
    esep_buf_init(&out, ESEP_PROOF_BYTES_MAX);
    memset(bytes, 0xa5, ESEP_PROOF_EXTRA_MAX);
    assert_int_equal(esep_proof_write(&proof, &out), ESEP_OK);
    assert_int_equal(esep_proof_parse(esep_buf_slice(&out), &extra, &again, NULL), ESEP_OK);
    assert_true(esep_slice_equal(again.extra, proof.extra));
    proof.extra.len++;
    assert_int_equal(esep_proof_write(&proof, &out), ESEP_LIMIT);
    esep_buf_done(&out);
    esep_buf_done(&extra);
    free(bytes);
}

#define HEAD "c2sp.org/tlog-proof@v1\n"
static void test_bad_proofs(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *word;
    } bad[] = {
        {"", "line 1"},
        {"c2sp.org/tlog-proof@v2\nindex 0\n\n" NOTE, "line 1"},
        {HEAD, "line 2"},
        {HEAD "index\n\n" NOTE, "line 2"},
        {HEAD "index 00\n\n" NOTE, "line 2"},
        {HEAD "index 1 \n\n" NOTE, "line 2"},
        {HEAD "extra \xc1QID\nindex 0\n\n" NOTE, "line 2"},
        {HEAD "extra AQI\nindex 0\n\n" NOTE, "line 2"},
        {HEAD "extra \nindex 0\n\n" NOTE, "line 2"},
        {HEAD "extra =\nindex 0\n\n" NOTE, "line 2"},
        {HEAD "extra ====\nindex 0\n\n" NOTE, "line 2"},
        {HEAD "extra AQID\n\n" NOTE, "line 3"},
        {HEAD "extra AQID\nextra AQID\nindex 0\n\n" NOTE, "line 3"},
        {HEAD "index 0\n" HASH_1 "short\n\n" NOTE, "line 4"},
        {HEAD "extra AQID\nindex 0\n" HASH_1 HASH_2 "x\n\n" NOTE, "line 6"},
        {HEAD "index 0\n" HASH_1, "empty line"},
        {HEAD "index 0\n" HASH_1 "\n", "empty line"},
        {HEAD "index 0", "line 2"},
        {HEAD "index 0\n", "empty line"},
        {HEAD "index 0\nhalf a line", "empty line"},
    };
    struct esep_proof proof;
    struct esep_buf extra;
    esep_buf_init(&extra, ESEP_PROOF_EXTRA_MAX);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct esep_reason reason = {""};
        if (esep_proof_parse(esep_slice_str(bad[i].text), &extra, &proof, &reason) !=
                ESEP_INVALID ||
            strstr(reason.text, bad[i].word) == NULL)
            fail_msg("proof %zu: '%s'", i, reason.text);
    }
    /* As many hashes as a path may have, and one more. */
    struct esep_buf buf;
    esep_buf_init(&buf, ESEP_PROOF_BYTES_MAX + 1);
    assert_int_equal(esep_buf_put(&buf, HEAD "index 0\n", strlen(HEAD "index 0\n")), ESEP_OK);
    for (int i = 0; i < ESEP_MERKLE_PATH_MAX; i++)
        assert_int_equal(esep_buf_put(&buf, HASH_1, strlen(HASH_1)), ESEP_OK);
    size_t full = buf.len;
    assert_int_equal(esep_buf_put(&buf, "\n" NOTE, strlen("\n" NOTE)), ESEP_OK);
    assert_int_equal(esep_proof_parse(esep_buf_slice(&buf), &extra, &proof, NULL), ESEP_OK);
    buf.len = full;
    assert_int_equal(esep_buf_put(&buf, HASH_1 "\n" NOTE, strlen(HASH_1 "\n" NOTE)), ESEP_OK);
    assert_int_equal(esep_proof_parse(esep_buf_slice(&buf), &extra, &proof, NULL), ESEP_INVALID);
    while (buf.len <= ESEP_PROOF_BYTES_MAX)
        assert_int_equal(esep_buf_put(&buf, "x", 1), ESEP_OK);
    assert_int_equal(esep_proof_parse(esep_buf_slice(&buf), &extra, &proof, NULL), ESEP_INVALID);
    esep_buf_done(&buf);
    esep_buf_done(&extra);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checkpoint), cmocka_unit_test(test_bad_checkpoints),
        cmocka_unit_test(test_proof),      cmocka_unit_test(test_full_extra),
        cmocka_unit_test(test_bad_proofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
