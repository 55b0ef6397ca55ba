/* Do bufs and arenas keep their bounds, and leave everything as it was when they refuse? */
#include "base/arena.h"
#include "fixture.h"

static void test_slices(void **state)
{
    (void)state;
    assert_true(esep_slice_equal(esep_slice_str("abc"), esep_slice("abcd", 3)));
    assert_false(esep_slice_equal(esep_slice_str("abc"), esep_slice_str("abd")));
    assert_false(esep_slice_equal(esep_slice_str("abc"), esep_slice_str("abcd")));
    assert_true(esep_slice_equal(esep_slice(NULL, 0), esep_slice_str("")));
    assert_int_equal(esep_slice_str(NULL).len, 0);
}

static void test_big_endian(void **state)
{
    (void)state;
    uint8_t bytes[8];
    esep_be64_put(bytes, UINT64_C(0x0102030405060708));
    assert_hex(bytes, 8, "0102030405060708");
    assert_true(esep_be64(bytes) == UINT64_C(0x0102030405060708));
    assert_int_equal(esep_be32(bytes + 4), 0x05060708);
}

static void test_buf_grows_to_its_limit_and_no_further(void **state)
{
    (void)state;
    struct esep_buf buf;
    esep_buf_init(&buf, 1000);
    for (int i = 0; i < 1000; i++) {
        uint8_t byte = (uint8_t)i;
        assert_int_equal(esep_buf_put(&buf, &byte, 1), ESEP_OK);
        assert_true(buf.cap <= 1000);
    }
    assert_int_equal(esep_buf_put(&buf, "x", 1), ESEP_LIMIT);
    assert_int_equal(esep_buf_reserve(&buf, SIZE_MAX), ESEP_LIMIT);
    assert_int_equal(buf.len, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf.data[i], (uint8_t)i);
    esep_buf_clear(&buf);
    assert_int_equal(esep_buf_put(&buf, NULL, 0), ESEP_OK);
    esep_buf_done(&buf);
    assert_null(buf.data);
    assert_int_equal(esep_buf_put(&buf, "again", 5), ESEP_OK);
    esep_buf_done(&buf);
    esep_buf_done(NULL);
}

static void test_buf_with_a_tiny_or_huge_limit(void **state)
{
    (void)state;
    struct esep_buf buf;
    esep_buf_init(&buf, 3);
    assert_int_equal(esep_buf_put(&buf, "abc", 3), ESEP_OK);
    assert_int_equal(buf.cap, 3);
    esep_buf_done(&buf);
    esep_buf_init(&buf, SIZE_MAX);
    assert_int_equal(esep_buf_reserve(&buf, 100000), ESEP_OK);
    assert_true(buf.cap >= 100000 && buf.cap < 200000);
    esep_buf_done(&buf);
    esep_buf_init(&buf, 0);
    assert_int_equal(esep_buf_put(&buf, "a", 1), ESEP_LIMIT);
    esep_buf_done(&buf);
}

static void test_hex(void **state)
{
    (void)state;
    uint8_t bytes[4] = {9, 9, 9, 9};
    assert_int_equal(esep_unhex("00fFa1", bytes, 3), ESEP_OK);
    assert_hex(bytes, 3, "00ffa1");
    static const char *const bad[] = {"", "00ffa", "00ffa1b", "00ffa1b2", "00ffag", "00 fa1", NULL};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(esep_unhex(bad[i], bytes, 3), ESEP_INVALID);
    assert_hex(bytes, 4, "00ffa109");
    assert_int_equal(esep_unhex("", bytes, 0), ESEP_OK);
}

static void test_arena(void **state)
{
    (void)state;
    struct esep_arena arena;
    assert_int_equal(esep_arena_init(&arena, 100), ESEP_OK);
    uint8_t *a = esep_arena_alloc(&arena, 1);
    uint8_t *b = esep_arena_alloc(&arena, 0);
    uint8_t *c = esep_arena_alloc(&arena, 17);
    assert_non_null(a);
    assert_non_null(b);
    assert_non_null(c);
    assert_true(a != b && b != c);
    assert_int_equal((uintptr_t)a % 16, 0);
    assert_int_equal((uintptr_t)c % 16, 0);
    assert_null(esep_arena_alloc(&arena, 33));
    assert_null(esep_arena_alloc(&arena, SIZE_MAX));
    assert_null(esep_arena_alloc(&arena, SIZE_MAX - 15));
    assert_null(esep_arena_str(&arena, esep_slice("x", SIZE_MAX))); /* with its NUL it would wrap */
    char *text = esep_arena_str(&arena, esep_slice_str("to the last byte"));
    assert_string_equal(text, "to the last byte");
    assert_int_equal(arena.used_bytes, arena.size_bytes);
    assert_null(esep_arena_alloc(&arena, 0));
    assert_null(esep_arena_copy(&arena, esep_slice_str("x")).data);
    assert_null(esep_arena_str(&arena, esep_slice_str("")));
    esep_arena_reset(&arena);
    struct esep_slice copy = esep_arena_copy(&arena, esep_slice_str("copied"));
    assert_true(esep_slice_equal(copy, esep_slice_str("copied")));
    assert_int_equal(esep_arena_copy(&arena, esep_slice(NULL, 0)).len, 0);
    esep_arena_done(&arena);
    esep_arena_done(&arena);
    esep_arena_done(NULL);
    assert_int_equal(esep_arena_init(&arena, 0), ESEP_OK);
    assert_null(esep_arena_alloc(&arena, 0));
    esep_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_big_endian),
        cmocka_unit_test(test_buf_grows_to_its_limit_and_no_further),
        cmocka_unit_test(test_buf_with_a_tiny_or_huge_limit),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
