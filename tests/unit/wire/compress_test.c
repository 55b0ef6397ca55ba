/* compress_test.c - what is packed comes back; what claims too much is refused before it is
 * unpacked.
 *
 * The reports under packing/ are of texts that the dictionary was not made from
 * (scripts/make-dictionary
 * --held-out), so that what they gain is what a report in new words gains.
 */
#define ZSTD_STATIC_LINKING_ONLY
#include "base/crypto.h"
#include "wire/compress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

#define FOLDER ESEP_SOURCE_DIR "/tests/unit/wire/packing/"
#define PLAIN_MAX (64u * 1024u)

struct kit {
    struct esep_compressor *c;
    struct esep_buf packed, back;
};

static int setup(void **state)
{
    struct kit *kit = calloc(1, sizeof *kit);
    assert_non_null(kit);
    assert_int_equal(esep_compressor_new(&kit->c), ESEP_OK);
    esep_buf_init(&kit->packed, 4u << 20);
    esep_buf_init(&kit->back, 4u << 20);
    *state = kit;
    return 0;
}

static int teardown(void **state)
{
    struct kit *kit = *state;
    esep_compressor_free(kit->c);
    esep_buf_done(&kit->packed);
    esep_buf_done(&kit->back);
    free(kit);
    return 0;
}

static struct esep_slice read_report(const char *name, uint8_t out[4096])
{
    char path[512];
    (void)snprintf(path, sizeof path, FOLDER "%s.bin", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(out, 1, 4096, file);
    assert_true(len > 0 && len < 4096);
    assert_int_equal(fclose(file), 0);
    return esep_slice(out, len);
}

static void there_and_back(struct kit *kit, struct esep_slice plain)
{
    size_t size = 0;
    esep_buf_clear(&kit->packed);
    assert_int_equal(esep_compress(kit->c, plain, &kit->packed), ESEP_OK);
    assert_true(kit->packed.len <= plain.len + ESEP_PACKED_OVERHEAD);
    const struct esep_slice packed = esep_buf_slice(&kit->packed);
    assert_int_equal(esep_packed_size(packed, plain.len, &size), ESEP_OK);
    assert_int_equal(size, plain.len);
    assert_int_equal(esep_decompress(kit->c, packed, plain.len, &kit->back), ESEP_OK);
    assert_true(esep_slice_equal(esep_buf_slice(&kit->back), plain));
}

/* The dictionary is part of the wire: these bytes, or another number. */
static void test_dictionary_stays(void **state)
{
    (void)state;
    char hex[2 * ESEP_HASH_BYTES + 1];
    const struct esep_hash hash = esep_sha256(esep_dictionary());
    esep_hex(hash.bytes, sizeof hash.bytes, hex);
    assert_string_equal(hex, "2d7d552b05ed6582cbd47d337bd5cb82d6205966b573cec09ebbceb48620f1a0");
    assert_int_equal(ZSTD_getDictID_fromDict(esep_dictionary().data, esep_dictionary().len),
                     ESEP_DICTIONARY);
}

/* Reports in new words, alone in their frame, with a signed head of 200 bytes that nothing packs.
 */
static void test_reports_pack(void **state)
{
    static const struct {
        const char *language;
        size_t percent; /* of their length, at most */
    } languages[] = {{"kk", 60}, {"ru", 62}, {"en", 83}};
    struct kit *kit = *state;
    for (size_t i = 0; i < 3; i++) {
        size_t plain = 0;
        size_t packed = 0;
        for (int n = 1; n <= 3; n++) {
            char name[16];
            uint8_t bytes[4096];
            (void)snprintf(name, sizeof name, "%s-%d", languages[i].language, n);
            const struct esep_slice report = read_report(name, bytes);
            there_and_back(kit, report);
            plain += report.len;
            packed += kit->packed.len;
        }
        if (packed * 100 > plain * languages[i].percent)
            fail_msg("%s: %zu of %zu bytes", languages[i].language, packed, plain);
    }
}

static void test_any_length(void **state)
{
    struct kit *kit = *state;
    struct esep_prng prng = {.state = 7};
    uint8_t *bytes = malloc(2 * ESEP_PACKED_PLAIN_MAX);
    assert_non_null(bytes);
    for (size_t len = 0; len <= 2 * ESEP_PACKED_PLAIN_MAX; len = len * 3 / 2 + 1) {
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)esep_prng_next(&prng);
        there_and_back(kit, esep_slice(bytes, len)); /* noise: as it is */
        assert_int_equal(kit->packed.data[0], 0);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t) "the monitoring group met with the districts; "[i % 45];
        there_and_back(kit, esep_slice(bytes, len));
        if (len >= 64) /* and every one of these is packed: the tables are large enough */
            assert_int_equal(kit->packed.data[0], len <= ESEP_PACKED_PLAIN_MAX);
    }
    free(bytes);
}

static void refused(struct kit *kit, struct esep_slice packed, enum esep_status expected)
{
    size_t size = 12345;
    enum esep_status sized = esep_packed_size(packed, PLAIN_MAX, &size);
    if (sized != ESEP_OK)
        assert_int_equal(size, 12345);
    const size_t cap = kit->back.cap;
    assert_int_equal(esep_decompress(kit->c, packed, PLAIN_MAX, &kit->back), expected);
    assert_int_equal(kit->back.len, 0);
    if (sized != ESEP_OK)
        assert_int_equal(kit->back.cap, cap); /* and nothing was made ready for it */
}

/* A gigabyte of zeros in some hundred bytes, honestly announced, or not announced at all. */
static void test_bombs(void **state)
{
    struct kit *kit = *state;
    const size_t zeros = 32u << 20;
    uint8_t *plain = calloc(1, zeros);
    uint8_t *bomb = malloc(zeros);
    ZSTD_CCtx *cctx = ZSTD_createCCtx();
    assert_true(plain != NULL && bomb != NULL && cctx != NULL);
    bomb[0] = 1;
    size_t len = ZSTD_compressCCtx(cctx, bomb + 1, zeros - 1, plain, zeros, 19);
    assert_true(len < 4096);
    refused(kit, esep_slice(bomb, len + 1), ESEP_LIMIT);
    /* Its head says less than unpacks. */
    assert_int_equal(ZSTD_CCtx_setPledgedSrcSize(cctx, zeros), 0);
    assert_true(bomb[1 + 4] & 0x80); /* four bytes of size */
    bomb[1 + 4 + 2] = bomb[1 + 4 + 3] = bomb[1 + 4 + 4] = 0;
    bomb[1 + 4 + 1] = 200;
    refused(kit, esep_slice(bomb, len + 1), ESEP_INVALID);
    /* Its head does not say. */
    ZSTD_CCtx_reset(cctx, ZSTD_reset_session_and_parameters);
    assert_int_equal(ZSTD_CCtx_setParameter(cctx, ZSTD_c_contentSizeFlag, 0), 0);
    len = ZSTD_compress2(cctx, bomb + 1, zeros - 1, plain, zeros);
    refused(kit, esep_slice(bomb, len + 1), ESEP_INVALID);
    /* Two frames one behind the other, each small enough. */
    ZSTD_CCtx_reset(cctx, ZSTD_reset_session_and_parameters);
    len = ZSTD_compressCCtx(cctx, bomb + 1, zeros - 1, plain, 1000, 3);
    refused(kit, esep_slice(bomb, len + 1 - 1), ESEP_INVALID); /* cut */
    memcpy(bomb + 1 + len, bomb + 1, len);
    refused(kit, esep_slice(bomb, 2 * len + 1), ESEP_INVALID);
    /* A frame to be skipped. */
    static const uint8_t skip[] = {1, 0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9};
    refused(kit, esep_slice(skip, sizeof skip), ESEP_INVALID);
    ZSTD_freeCCtx(cctx);
    free(plain);
    free(bomb);
}

static void test_what_is_none(void **state)
{
    struct kit *kit = *state;
    uint8_t bytes[4096];
    const uint8_t form[] = {2, 8, 1};
    refused(kit, esep_slice(NULL, 0), ESEP_INVALID);
    refused(kit, esep_slice(form, sizeof form), ESEP_INVALID);
    const struct esep_slice report = read_report("ru-1", bytes);
    esep_buf_clear(&kit->packed);
    assert_int_equal(esep_compress(kit->c, report, &kit->packed), ESEP_OK);
    assert_int_equal(kit->packed.data[0], 1);
    assert_int_equal(
        esep_decompress(kit->c, esep_buf_slice(&kit->packed), report.len - 1, &kit->back),
        ESEP_LIMIT);
    for (size_t cut = 0; cut < kit->packed.len; cut++) {
        enum esep_status status =
            esep_decompress(kit->c, esep_slice(kit->packed.data, cut), PLAIN_MAX, &kit->back);
        assert_int_equal(status, ESEP_INVALID);
    }
    /* Without the dictionary nothing comes of it. */
    uint8_t out[4096];
    assert_true(
        ZSTD_isError(ZSTD_decompress(out, sizeof out, kit->packed.data + 1, kit->packed.len - 1)));
}

static void test_no_room(void **state)
{
    struct kit *kit = *state;
    uint8_t bytes[4096];
    const struct esep_slice report = read_report("kk-1", bytes);
    struct esep_buf small;
    esep_buf_init(&small, report.len); /* the form has no room */
    assert_int_equal(esep_compress(kit->c, report, &small), ESEP_LIMIT);
    assert_int_equal(esep_compress_not(report, &small), ESEP_LIMIT);
    assert_int_equal(small.len, 0);
    esep_buf_clear(&kit->packed);
    assert_int_equal(esep_compress(kit->c, report, &kit->packed), ESEP_OK);
    esep_buf_done(&small);
    esep_buf_init(&small, report.len - 1);
    assert_int_equal(esep_decompress(kit->c, esep_buf_slice(&kit->packed), PLAIN_MAX, &small),
                     ESEP_LIMIT);
    esep_buf_done(&small);
    esep_compressor_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dictionary_stays),
        cmocka_unit_test_setup_teardown(test_reports_pack, setup, teardown),
        cmocka_unit_test_setup_teardown(test_any_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bombs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
