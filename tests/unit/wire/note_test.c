/* Do we read and write notes as the rest of the world does: published keys and notes, our own, and
 * nothing that is not one? A line of a foreign key is passed over, a bad one of a known key is not.
 */
#include "base/crypto.h"
#include "tests/unit/base/fixture.h"
#include "wire/note.h"

/* From the documentation of Go's golang.org/x/mod/sumdb/note. */
#define NEUMANN "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define NEUMANN_TEXT                                                                               \
    "If you think cryptography is the answer to your problem,\n"                                   \
    "then you don't know what your problem is.\n"
#define NEUMANN_LINE                                                                               \
    "\xe2\x80\x94 PeterNeumann "                                                                   \
    "x08go/ZJkuBS9UG/"                                                                             \
    "SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
/* The cosigned checkpoint of C2SP tlog-cosignature; a log and a witness whose keys are not told. */
#define SOFA                                                                                       \
    "example.com/behind-the-sofa\n"                                                                \
    "20852163\n"                                                                                   \
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"                                               \
    "\n"                                                                                           \
    "\xe2\x80\x94 example.com/behind-the-sofa "                                                    \
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"                                    \
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"                                                        \
    "\xe2\x80\x94 witness.example.com/w1 "                                                         \
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+"     \
    "mbIUBkBIfZ+qnA==\n"

static int start(void **state)
{
    (void)state;
    return esep_crypto_init() == ESEP_OK ? 0 : -1;
}

static struct esep_note parsed(const char *text)
{
    struct esep_note note;
    struct esep_reason reason = {""};
    if (esep_note_parse(esep_slice_str(text), &note, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
    return note;
}

static void test_published(void **state)
{
    (void)state;
    struct esep_note_key key;
    char vkey[ESEP_NOTE_VKEY_MAX];
    assert_int_equal(esep_note_key_parse(&key, NEUMANN, NULL), ESEP_OK);
    assert_int_equal(key.id, 0xc74f20a3);
    esep_note_key_format(&key, vkey);
    assert_string_equal(vkey, NEUMANN);
    struct esep_note note = parsed(NEUMANN_TEXT "\n" NEUMANN_LINE);
    assert_true(esep_slice_equal(note.text, esep_slice_str(NEUMANN_TEXT)));
    assert_int_equal(esep_note_verify(&note, &key, NULL, NULL), ESEP_OK);
    assert_int_equal(
        esep_note_key_parse(
            &key, "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8", NULL),
        ESEP_OK);
    assert_int_equal(esep_note_verify(&note, &key, NULL, NULL), ESEP_NOT_FOUND);
    note = parsed(SOFA);
    assert_int_equal(note.text.len, 82);
    assert_int_equal(esep_note_verify(&note, &key, NULL, NULL), ESEP_NOT_FOUND);
}

/* Text may hold empty lines and what looks like a signature; the last empty line counts. */
static void test_text_with_empty_lines(void **state)
{
    (void)state;
    struct esep_note note = parsed("one\n\n" NEUMANN_LINE "\ntwo\n\n" NEUMANN_LINE);
    assert_true(esep_slice_equal(note.text, esep_slice_str("one\n\n" NEUMANN_LINE "\ntwo\n")));
    struct esep_note_key key;
    assert_int_equal(esep_note_key_parse(&key, NEUMANN, NULL), ESEP_OK);
    assert_int_equal(esep_note_verify(&note, &key, NULL, NULL), ESEP_INVALID);
}

static struct esep_sign_key secret(uint8_t first)
{
    uint8_t seed[32] = {first};
    struct esep_sign_key key;
    esep_sign_key_from_seed(&key, seed);
    return key;
}

#define TEXT "log.example\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

static void test_round(void **state)
{
    (void)state;
    struct esep_sign_key log = secret(1);
    struct esep_sign_key witness = secret(2);
    struct esep_note_key log_key;
    struct esep_note_key witness_key;
    struct esep_note_key same_name;
    struct esep_buf text;
    char line[ESEP_NOTE_LINE_MAX];
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    uint8_t cosignature[ESEP_COSIGNATURE_BYTES];
    assert_int_equal(esep_note_key(&log_key, "log.example", ESEP_NOTE_ED25519, log.public, NULL),
                     ESEP_OK);
    assert_int_equal(
        esep_note_key(&witness_key, "w.example", ESEP_NOTE_COSIGNATURE, witness.public, NULL),
        ESEP_OK);
    /* The witness's own name and key, but as a signer: another id, so another key. */
    assert_int_equal(
        esep_note_key(&same_name, "w.example", ESEP_NOTE_ED25519, witness.public, NULL), ESEP_OK);
    assert_int_not_equal(same_name.id, witness_key.id);
    esep_buf_init(&text, ESEP_NOTE_BYTES_MAX);
    assert_int_equal(esep_buf_put(&text, TEXT "\n", strlen(TEXT "\n")), ESEP_OK);
    esep_sign(&log, esep_slice_str(TEXT), signature);
    size_t line_bytes = esep_note_line(&log_key, signature, line);
    assert_int_equal(line_bytes, strlen(line));
    assert_int_equal(esep_buf_put(&text, line, strlen(line)), ESEP_OK);
    const int64_t times_s[] = {1700000000, 1600000000, 1800000000};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(esep_note_cosign(esep_slice_str(TEXT), &witness, times_s[i], cosignature),
                         ESEP_OK);
        (void)esep_note_line(&witness_key, cosignature, line);
        assert_int_equal(esep_buf_put(&text, line, strlen(line)), ESEP_OK);
    }
    struct esep_note note;
    assert_int_equal(esep_note_parse(esep_buf_slice(&text), &note, NULL), ESEP_OK);
    int64_t time_s = -1;
    assert_int_equal(esep_note_verify(&note, &log_key, &time_s, NULL), ESEP_OK);
    assert_int_equal(time_s, 0);
    assert_int_equal(esep_note_verify(&note, &witness_key, &time_s, NULL), ESEP_OK);
    assert_int_equal(time_s, 1600000000);
    assert_int_equal(esep_note_verify(&note, &same_name, &time_s, NULL), ESEP_NOT_FOUND);
    esep_buf_done(&text);
}

/* Any flipped bit of a signed note: it does not parse, or its key has not signed it. */
static void test_flips(void **state)
{
    (void)state;
    char text[] = NEUMANN_TEXT "\n" NEUMANN_LINE;
    struct esep_note_key key;
    assert_int_equal(esep_note_key_parse(&key, NEUMANN, NULL), ESEP_OK);
    for (size_t bit = 0; bit < 8 * strlen(NEUMANN_TEXT "\n" NEUMANN_LINE); bit++) {
        struct esep_note note;
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        if (esep_note_parse(esep_slice(text, sizeof text - 1), &note, NULL) == ESEP_OK)
            assert_int_not_equal(esep_note_verify(&note, &key, NULL, NULL), ESEP_OK);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
    }
}

static void test_not_notes(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "\n\n\n",
        "text\n",
        "text\n\n",
        "text\n" NEUMANN_LINE,
        "text\n\nnot a signature\n",
        "text\n\n" NEUMANN_LINE "more",
        "te\rxt\n\n" NEUMANN_LINE,
        "te\xffxt\n\n" NEUMANN_LINE,
        "text\n\n\xe2\x80\x94 \n",
        "text\n\n\xe2\x80\x94 name\n",
        "text\n\n\xe2\x80\x94  x08go/ZJ\n",
        "text\n\n\xe2\x80\x94 a+b x08go/ZJ\n",
        "text\n\n\xe2\x80\x94 a\xc2\xa0"
        "b x08go/ZJ\n",
        "text\n\n\xe2\x80\x94 a\xe2\x80\x83"
        "b x08go/ZJ\n",
        "text\n\n\xe2\x80\x94 name x08goA==\n",
        "text\n\n\xe2\x80\x94 name x08go/ZJ \n",
        "text\n\n\xe2\x80\x94 name x08go/ZK=\n",
        "text\n\n\xe2\x80\x94 name x08go/\xc3\xa9\n", /* libsodium would read it */
        "text\n\n- name x08go/ZJ\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct esep_note note;
        struct esep_reason reason = {""};
        if (esep_note_parse(esep_slice_str(bad[i]), &note, &reason) != ESEP_INVALID)
            fail_msg("note %zu was taken", i);
        assert_true(strlen(reason.text) > 0);
    }
    struct esep_note note;
    assert_int_equal(esep_note_parse(esep_slice("a\0b\n\n", 5), &note, NULL), ESEP_INVALID);
}

static void test_bounds(void **state)
{
    (void)state;
    struct esep_buf buf;
    struct esep_note note;
    esep_buf_init(&buf, (size_t)2 * ESEP_NOTE_BYTES_MAX);
    assert_int_equal(esep_buf_put(&buf, "x\n\n", 3), ESEP_OK);
    for (size_t i = 0; i <= ESEP_NOTE_LINES_MAX; i++) {
        enum esep_status want = i == 0 ? ESEP_INVALID : ESEP_OK;
        assert_int_equal(esep_note_parse(esep_buf_slice(&buf), &note, NULL), want);
        assert_int_equal(esep_buf_put(&buf, NEUMANN_LINE, strlen(NEUMANN_LINE)), ESEP_OK);
    }
    assert_int_equal(esep_note_parse(esep_buf_slice(&buf), &note, NULL), ESEP_INVALID);
    esep_buf_clear(&buf);
    while (buf.len < ESEP_NOTE_BYTES_MAX)
        assert_int_equal(esep_buf_put(&buf, "x", 1), ESEP_OK);
    assert_int_equal(esep_buf_put(&buf, "\n\n" NEUMANN_LINE, 2 + strlen(NEUMANN_LINE)), ESEP_OK);
    assert_int_equal(esep_note_parse(esep_buf_slice(&buf), &note, NULL), ESEP_INVALID);
    struct esep_sign_key key = secret(3);
    uint8_t cosignature[ESEP_COSIGNATURE_BYTES];
    assert_int_equal(esep_note_cosign(esep_buf_slice(&buf), &key, 0, cosignature), ESEP_LIMIT);
    esep_buf_done(&buf);
}

static void test_bad_keys(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peterneumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TX",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
        "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW ",
    };
    struct esep_note_key key;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct esep_reason reason = {""};
        if (esep_note_key_parse(&key, bad[i], &reason) != ESEP_INVALID)
            fail_msg("key %zu was taken", i);
        assert_true(strlen(reason.text) > 0);
    }
    char name[ESEP_NOTE_NAME_MAX + 2];
    memset(name, 'n', sizeof name);
    name[ESEP_NOTE_NAME_MAX + 1] = '\0';
    const uint8_t public_key[ESEP_KEY_BYTES] = {9};
    assert_int_equal(esep_note_key(&key, name, ESEP_NOTE_ED25519, public_key, NULL), ESEP_INVALID);
    name[ESEP_NOTE_NAME_MAX] = '\0';
    assert_int_equal(esep_note_key(&key, name, ESEP_NOTE_COSIGNATURE, public_key, NULL), ESEP_OK);
    char vkey[ESEP_NOTE_VKEY_MAX];
    struct esep_note_key again;
    esep_note_key_format(&key, vkey);
    assert_int_equal(esep_note_key_parse(&again, vkey, NULL), ESEP_OK);
    assert_string_equal(again.name, name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published), cmocka_unit_test(test_text_with_empty_lines),
        cmocka_unit_test(test_round),     cmocka_unit_test(test_flips),
        cmocka_unit_test(test_not_notes), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_bad_keys),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
