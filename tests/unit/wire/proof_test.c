/* Are a report's and a file's proofs the parts that proof.h says, byte by byte, whatever the number
 * of entries behind, and never more than may be written?
 */
#include "base/text.h"
#include "tests/unit/base/fixture.h"
#include "wire/proof.h"

#define NOTE "log\n1\nAAAA\n\n\xe2\x80\x94 log AAAAAAA=\n"

static struct esep_proof place(void)
{
    struct esep_proof place = {.index = 41, .note = esep_slice_str(NOTE)};
    place.path.count = 2;
    memset(place.path.hashes, 0x77, 2 * sizeof *place.path.hashes);
    return place;
}

static struct esep_proof_report report(void)
{
    struct esep_proof_report report = {.after_count = 0};
    memset(report.leaf, 1, sizeof report.leaf);
    memset(report.statement, 2, sizeof report.statement);
    memset(report.key, 3, sizeof report.key);
    memset(report.head_before.bytes, 4, sizeof report.head_before.bytes);
    return report;
}

/* The part at *at is of this kind and length and full of this byte. */
static void assert_part(struct esep_slice extra, size_t *at, uint8_t kind, size_t len, uint8_t fill)
{
    assert_true(extra.len - *at >= 5 + len);
    assert_int_equal(extra.data[*at], kind);
    assert_int_equal(esep_be32(extra.data + *at + 1), len);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(extra.data[*at + 5 + i], fill);
    *at += 5 + len;
}

static void test_report(void **state)
{
    (void)state;
    struct esep_hash *after = calloc(ESEP_PROOF_AFTER_MAX + 1, sizeof *after);
    const size_t counts[] = {0, 1, 7, ESEP_PROOF_AFTER_MAX};
    assert_non_null(after);
    memset(after, 5, ESEP_PROOF_AFTER_MAX * sizeof *after);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct esep_proof_report written = report();
        struct esep_proof where = place();
        struct esep_proof read;
        struct esep_buf extra;
        struct esep_buf out;
        esep_buf_init(&extra, ESEP_PROOF_EXTRA_MAX);
        esep_buf_init(&out, ESEP_PROOF_BYTES_MAX);
        written.after = counts[i] > 0 ? after : NULL;
        written.after_count = counts[i];
        assert_int_equal(esep_proof_write_report(&where, &written, &out), ESEP_OK);
        assert_int_equal(esep_proof_parse(esep_buf_slice(&out), &extra, &read, NULL), ESEP_OK);
        assert_int_equal(read.index, 41);
        assert_int_equal(read.path.count, 2);
        assert_true(esep_slice_equal(read.note, esep_slice_str(NOTE)));
        assert_memory_equal(read.extra.data, "esep/proof/v1\0\0\0", 16);
        size_t at = 16;
        assert_part(read.extra, &at, 1, 160, 1);
        assert_part(read.extra, &at, 2, 208, 2);
        assert_part(read.extra, &at, 3, 32, 3);
        assert_part(read.extra, &at, 4, 32, 4);
        assert_part(read.extra, &at, 5, 32 * counts[i], 5);
        assert_int_equal(at, read.extra.len);
        esep_buf_done(&out);
        esep_buf_done(&extra);
    }
    struct esep_proof_report long_one = report();
    struct esep_proof where = place();
    struct esep_buf out;
    esep_buf_init(&out, 2 * ESEP_PROOF_BYTES_MAX);
    long_one.after = after;
    long_one.after_count = ESEP_PROOF_AFTER_MAX + 1;
    assert_int_equal(esep_proof_write_report(&where, &long_one, &out), ESEP_LIMIT);
    assert_int_equal(out.len, 0);
    esep_buf_done(&out);
    free(after);
}

static void test_file(void **state)
{
    (void)state;
    uint8_t leaf[ESEP_PROOF_LEAF_BYTES];
    struct esep_proof where = place();
    struct esep_proof read;
    struct esep_buf extra;
    struct esep_buf out;
    size_t at = 16;
    uint8_t nonce[ESEP_PROOF_NONCE_BYTES];
    memset(leaf, 9, sizeof leaf);
    memset(nonce, 8, sizeof nonce);
    esep_buf_init(&extra, ESEP_PROOF_EXTRA_MAX);
    esep_buf_init(&out, ESEP_PROOF_BYTES_MAX);
    assert_int_equal(esep_proof_write_file(&where, leaf, nonce, &out), ESEP_OK);
    assert_int_equal(esep_proof_parse(esep_buf_slice(&out), &extra, &read, NULL), ESEP_OK);
    assert_memory_equal(read.extra.data, "esep/proof/v1\0\0\0", 16);
    assert_part(read.extra, &at, 1, 160, 9);
    assert_part(read.extra, &at, 6, 16, 8);
    assert_int_equal(at, read.extra.len);
    /* Never more than out may take. */
    for (size_t max = 0; max < out.len; max += 11) {
        struct esep_buf small;
        esep_buf_init(&small, max);
        assert_int_equal(esep_proof_write_file(&where, leaf, nonce, &small), ESEP_LIMIT);
        esep_buf_done(&small);
    }
    esep_buf_done(&out);
    esep_buf_done(&extra);
}

/* A broker's note in the leaf's place: two lines, and the parts of a report behind extra. */
static void test_ingress(void **state)
{
    (void)state;
    uint8_t note[ESEP_SIGNED_INGRESS_BYTES];
    static uint8_t extra[ESEP_PROOF_EXTRA_MAX];
    struct esep_hash *after = calloc(ESEP_PROOF_AFTER_MAX + 1, sizeof *after);
    const size_t counts[] = {0, 1, ESEP_PROOF_AFTER_MAX};
    assert_non_null(after);
    memset(after, 5, ESEP_PROOF_AFTER_MAX * sizeof *after);
    memset(note, 6, sizeof note);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct esep_proof_report written = report();
        struct esep_buf out;
        struct esep_slice line;
        size_t at = 0;
        size_t len = 0;
        esep_buf_init(&out, ESEP_PROOF_BYTES_MAX);
        written.after = counts[i] > 0 ? after : NULL;
        written.after_count = counts[i];
        assert_int_equal(esep_proof_write_ingress(&written, note, &out), ESEP_OK);
        assert_true(esep_line_next(esep_buf_slice(&out), &at, &line));
        assert_true(esep_slice_equal(line, esep_slice_str("esep-ingress-proof@v1")));
        assert_true(esep_line_next(esep_buf_slice(&out), &at, &line));
        assert_memory_equal(line.data, "extra ", 6);
        assert_int_equal(at, out.len);
        assert_true(
            esep_base64_parse(esep_slice(line.data + 6, line.len - 6), extra, sizeof extra, &len));
        const struct esep_slice parts = esep_slice(extra, len);
        assert_memory_equal(extra, "esep/proof/v1\0\0\0", 16);
        at = 16;
        assert_part(parts, &at, 2, 208, 2);
        assert_part(parts, &at, 3, 32, 3);
        assert_part(parts, &at, 4, 32, 4);
        assert_part(parts, &at, 5, 32 * counts[i], 5);
        assert_part(parts, &at, 7, 216, 6);
        assert_int_equal(at, len);
        written.after_count = ESEP_PROOF_AFTER_MAX + 1;
        assert_int_equal(esep_proof_write_ingress(&written, note, &out), ESEP_LIMIT);
        esep_buf_done(&out);
    }
    free(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_ingress),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
