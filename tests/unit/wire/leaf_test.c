/* tests/unit/wire/leaf_test.c - is a leaf what leaf.h says, and nothing else? */
#include "../base/fixture.h"
#include "wire/leaf.h"

static const struct esep_leaf sample = {
    .type = ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT,
    .flags = ESEP_LEAF_CLOSES,
    .verdict = ESEP__V1__VERDICT__VERDICT_UNSPECIFIED,
    .office = 0x01020304,
    .accepted_at = 1356998400000000,
    .epoch = 7,
    .seq = 0x1122334455667788,
    .content = {.bytes = "0123456789abcdef0123456789abcde"},
    .head = {.bytes = "a head, behind 31 other letters"},
    .signature = {.bytes = "a signature's hash, 32 in bytes"},
    .key = {.bytes = "a key's hash; thirty-two bytes."},
};

static void test_layout_is_fixed(void **state)
{
    uint8_t leaf[ESEP_LEAF_BYTES];
    (void)state;
    esep_leaf_pack(&sample, leaf);
    static const uint8_t head[32] = {
        2, 3, 1, 0, 1, 2, 3, 4, 0x00, 0x04, 0xd2, 0x2f, 0x67, 0xf6, 0x40, 0x00,
        0, 0, 0, 7, 0, 0, 0, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};
    assert_memory_equal(leaf + 16, head + 16, 16);
    assert_memory_equal(leaf, head, 8);
    assert_int_equal(esep_be64(leaf + 8), 1356998400000000);
    assert_memory_equal(leaf + 32, sample.content.bytes, 32);
    assert_memory_equal(leaf + 64, sample.head.bytes, 32);
    assert_memory_equal(leaf + 96, sample.signature.bytes, 32);
    assert_memory_equal(leaf + 128, sample.key.bytes, 32);
    assert_int_equal(sizeof leaf, 160);
}

static void test_unpack_gives_back_what_was_packed(void **state)
{
    uint8_t leaf[ESEP_LEAF_BYTES];
    uint8_t again[ESEP_LEAF_BYTES];
    struct esep_leaf back;
    (void)state;
    esep_leaf_pack(&sample, leaf);
    assert_int_equal(esep_leaf_unpack(esep_slice(leaf, sizeof(leaf)), &back), ESEP_OK);
    esep_leaf_pack(&back, again);
    assert_memory_equal(leaf, again, sizeof(leaf));
}

/* What packing would not have made is no leaf: one entry, one leaf hash. */
static void test_strays_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } strays[] = {{0, 0}, {0, 1},    {0, 3}, {1, 0},  {1, 20},
                  {2, 2}, {2, 0x81}, {3, 8}, {20, 1}, {23, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof(strays) / sizeof(*strays); i++) {
        uint8_t leaf[ESEP_LEAF_BYTES];
        struct esep_leaf back;
        esep_leaf_pack(&sample, leaf);
        leaf[strays[i].at] = strays[i].value;
        assert_int_equal(esep_leaf_unpack(esep_slice(leaf, sizeof(leaf)), &back), ESEP_INVALID);
        assert_int_equal(esep_leaf_unpack(esep_slice(leaf, sizeof(leaf) - 1), &back), ESEP_INVALID);
    }
}

static void test_log_id_is_tagged(void **state)
{
    (void)state;
    const struct esep_slice body = esep_slice_str("genesis");
    const struct esep_hash id = esep_log_id(body);
    const struct esep_hash plain = esep_sha256(body);
    const struct esep_hash tagged = esep_sha256(esep_slice("esep/log/v1\0\0\0\0\0genesis", 16 + 7));
    assert_false(esep_hash_equal(&id, &plain));
    assert_true(esep_hash_equal(&id, &tagged));
}

/* What stands in the tree of a file: nothing that whoever has the file could compare. */
static void test_a_file_s_leaf_gives_nothing_away(void **state)
{
    static const uint8_t zero[ESEP_LEAF_BYTES];
    const struct esep_hash file = esep_sha256(esep_slice_str("a scan"));
    uint8_t nonce[ESEP_NONCE_BYTES] = {1};
    uint8_t other[ESEP_NONCE_BYTES] = {2};
    uint8_t leaf[ESEP_LEAF_BYTES];
    (void)state;
    const struct esep_leaf one = esep_leaf_of_evidence(7, &file, 6, nonce, 5);
    const struct esep_leaf two = esep_leaf_of_evidence(7, &file, 6, other, 5);
    assert_false(esep_hash_equal(&one.content, &two.content));
    esep_leaf_pack(&one, leaf);
    assert_memory_equal(leaf + 16, zero, 16);
    assert_memory_equal(leaf + 64, zero, 96);
    /* docs/verify.md, step 7, byte by byte */
    uint8_t body[16 + 2 + 34 + 2 + 18] = "esep/content/v1\0\x08\x07\x12\x20";
    memcpy(body + 20, file.bytes, 32);
    memcpy(body + 52, (const uint8_t[]){0x18, 6, 0x7a, 16}, 4);
    memcpy(body + 56, nonce, sizeof nonce);
    const struct esep_hash content = esep_sha256(esep_slice(body, sizeof body));
    assert_memory_equal(leaf + 32, content.bytes, 32);
}

static void test_a_nonce_is_the_last_field(void **state)
{
    Esep__V1__Presence message = ESEP__V1__PRESENCE__INIT;
    uint8_t nonce[ESEP_NONCE_BYTES] = "sixteen letters";
    uint8_t back[ESEP_NONCE_BYTES];
    uint8_t packed[64];
    uint8_t joined[64];
    (void)state;
    message.office = 300;
    const size_t bare = esep__v1__presence__pack(&message, joined);
    esep_nonce_field(nonce, joined + bare);
    message.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    assert_int_equal(esep__v1__presence__pack(&message, packed), bare + ESEP_NONCE_FIELD_BYTES);
    assert_memory_equal(packed, joined, bare + ESEP_NONCE_FIELD_BYTES);
    assert_true(esep_nonce_of(esep_slice(packed, bare + ESEP_NONCE_FIELD_BYTES), back));
    assert_memory_equal(back, nonce, sizeof nonce);
    assert_false(esep_nonce_of(esep_slice(packed, bare), back));
    assert_false(esep_nonce_of(esep_slice(packed, bare + ESEP_NONCE_FIELD_BYTES - 1), back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout_is_fixed),
        cmocka_unit_test(test_unpack_gives_back_what_was_packed),
        cmocka_unit_test(test_strays_are_refused),
        cmocka_unit_test(test_log_id_is_tagged),
        cmocka_unit_test(test_a_file_s_leaf_gives_nothing_away),
        cmocka_unit_test(test_a_nonce_is_the_last_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
