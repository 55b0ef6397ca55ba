/* Does esep-verify read what others have published: Go's checksum database, C2SP's examples, the
 * Merkle tree of the certificate logs?
 */
#include "tests/unit/base/fixture.h"
#include "verify/note.h"
#include "verify/proof.h"

#include <sodium.h>

#define GO_KEY "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
#define DASH "\xe2\x80\x94 "

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

static struct verify_key key_of(const char *text)
{
    struct verify_key key;
    const char *why = verify_key_parse(text, &key);
    if (why != NULL)
        fail_msg("%s", why);
    return key;
}

/* Three heads that the database signed, in years, and one of them with another size. */
static void test_go_checksum_database(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t size;
        enum verify_signed is_signed;
    } heads[] = {
        {"go.sum database tree\n6476701\nmb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=\n\n" DASH
         "sum.golang.org Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvim"
         "WEPWL+o3GeoWwOoAw=\n",
         6476701, VERIFY_GOOD},
        {"go.sum database tree\n10680630\nk1UQFwFXWQa7MF1BREWVQxIhScvUdgRepXuyRS3sRuE=\n\n" DASH
         "sum.golang.org Az3grqgyWctiMcdUtITQpkGSxEoEvbaAq7J3FpbaVlW1Zo47LX/jmeeE7LiBktpmR2d/1Rsdoc"
         "LU9HMXYXxHCVyf/AQ=\n",
         10680630, VERIFY_GOOD},
        {"go.sum database tree\n59045944\nLE6Lx+GNVyuFBv/jKcFIiPkG1WC7DHwG0clpfN/TBlA=\n\n" DASH
         "sum.golang.org Az3grk9ctaTv+CITXOwxCEHU3APAw5X7Ck14+fvFlh0GCktwX15+XPzy//GgL2G50ZgY05e8eX"
         "FTWcvW6pN5tozsLQQ=\n",
         59045944, VERIFY_GOOD},
        {"go.sum database tree\n59045945\nLE6Lx+GNVyuFBv/jKcFIiPkG1WC7DHwG0clpfN/TBlA=\n\n" DASH
         "sum.golang.org Az3grk9ctaTv+CITXOwxCEHU3APAw5X7Ck14+fvFlh0GCktwX15+XPzy//GgL2G50ZgY05e8eX"
         "FTWcvW6pN5tozsLQQ=\n",
         59045945, VERIFY_BAD},
    };
    const struct verify_key key = key_of(GO_KEY);
    const struct verify_key other =
        key_of("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct verify_note note;
        int64_t time_s = -1;
        assert_null(verify_note_parse(verify_text(heads[i].text), &note));
        assert_int_equal(note.size, heads[i].size);
        assert_int_equal(verify_note_signed(&note, &key, &time_s), heads[i].is_signed);
        assert_int_equal(time_s, 0);
        assert_int_equal(verify_note_signed(&note, &other, &time_s), VERIFY_ABSENT);
    }
}

/* C2SP tlog-cosignature, whose keys are not told: the form is read, and its witness's time is
 * nobody's word. */
static void test_sofa(void **state)
{
    (void)state;
    struct verify_note note;
    int64_t time_s = 0;
    assert_null(verify_note_parse(
        verify_text("example.com/behind-the-sofa\n20852163\n"
                    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" DASH
                    "example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/"
                    "5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n" DASH
                    "witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEh"
                    "ZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"),
        &note));
    assert_true(verify_equal(note.origin, verify_text("example.com/behind-the-sofa")));
    assert_int_equal(note.size, 20852163);
    const struct verify_key key = key_of(GO_KEY);
    assert_int_equal(verify_note_signed(&note, &key, &time_s), VERIFY_ABSENT);
}

#define LEAF_0 "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
#define NODE_01 "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
#define NODE_23 "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
#define LEAF_4 "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"

/* The tree that the certificate logs' own tests have. */
static void test_certificate_logs_tree(void **state)
{
    (void)state;
    static const struct {
        const char *leaf;
        uint64_t index;
        uint64_t size;
        const char *root;
        const char *path[3];
    } paths[] = {
        {"", 0, 1, LEAF_0, {NULL}},
        {"",
         0,
         8,
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
         {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", NODE_23,
          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
        {"40414243",
         5,
         8,
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
         {LEAF_4, "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
        {"10",
         2,
         3,
         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
         {NODE_01, NULL, NULL}},
        {"00",
         1,
         5,
         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
         {LEAF_0, NODE_23, LEAF_4}},
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        uint8_t leaf[16];
        struct verify_hash root;
        struct verify_hash path[3];
        size_t len = strlen(paths[i].leaf) / 2;
        size_t count = 0;
        assert_true(len == 0 || verify_hex(verify_text(paths[i].leaf), leaf, len));
        assert_true(verify_hex(verify_text(paths[i].root), root.bytes, sizeof root.bytes));
        for (; count < 3 && paths[i].path[count] != NULL; count++)
            assert_true(verify_hex(verify_text(paths[i].path[count]), path[count].bytes,
                                   sizeof path[count].bytes));
        const struct verify_bytes bytes = verify_bytes(leaf, len);
        const uint64_t index = paths[i].index;
        const uint64_t size = paths[i].size;
        assert_true(verify_in_tree(bytes, index, size, &root, path, count));
        assert_false(verify_in_tree(bytes, index + 1, size, &root, path, count));
        assert_false(verify_in_tree(bytes, index, size + 8, &root, path, count));
        assert_false(verify_in_tree(bytes, size, size, &root, path, count));
        assert_false(count > 0 && verify_in_tree(bytes, index, size, &root, path, count - 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_go_checksum_database),
        cmocka_unit_test(test_sofa),
        cmocka_unit_test(test_certificate_logs_tree),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
