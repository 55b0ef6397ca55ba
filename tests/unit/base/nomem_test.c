/* Does what takes memory say that there is none, and stay as it was? */
#include "base/arena.h"
#include "base/crypto.h"
#include "fixture.h"
#include "nomem.h"

/* ld --wrap: libsodium may fail to start, as where the system gives it no entropy. */
int sodium_init_replaced(void) __asm__("__wrap_sodium_init");
int sodium_init_true(void) __asm__("__real_sodium_init");
static bool sodium_fails;
int sodium_init_replaced(void)
{
    return sodium_fails ? -1 : sodium_init_true();
}

static void test_an_arena_without_memory(void **state)
{
    (void)state;
    struct esep_arena arena;
    nomem_arm(1);
    assert_int_equal(esep_arena_init(&arena, 4096), ESEP_NOMEM);
    assert_true(nomem_disarm());
    /* Empty, not half made: it gives nothing and may be done away with. */
    assert_null(esep_arena_alloc(&arena, 1));
    esep_arena_done(&arena);
    assert_int_equal(esep_arena_init(&arena, 4096), ESEP_OK);
    assert_non_null(esep_arena_alloc(&arena, 4096));
    esep_arena_done(&arena);
}

static void test_a_buf_that_cannot_grow_is_as_it_was(void **state)
{
    (void)state;
    struct esep_buf buf;
    char more[1000] = {0};
    esep_buf_init(&buf, 1 << 16);
    assert_int_equal(esep_buf_put(&buf, "kept", 4), ESEP_OK);
    size_t cap = buf.cap;
    nomem_arm(1);
    assert_int_equal(esep_buf_put(&buf, more, sizeof more), ESEP_NOMEM);
    assert_true(nomem_disarm());
    assert_int_equal(buf.cap, cap);
    assert_true(esep_slice_equal(esep_buf_slice(&buf), esep_slice_str("kept")));
    assert_int_equal(esep_buf_put(&buf, more, sizeof more), ESEP_OK);
    assert_memory_equal(buf.data, "kept", 4);
    esep_buf_done(&buf);
}

static void test_libsodium_that_does_not_start(void **state)
{
    (void)state;
    sodium_fails = true;
    assert_int_equal(esep_crypto_init(), ESEP_IO);
    sodium_fails = false;
    assert_int_equal(esep_crypto_init(), ESEP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_arena_without_memory),
        cmocka_unit_test(test_a_buf_that_cannot_grow_is_as_it_was),
        cmocka_unit_test(test_libsodium_that_does_not_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
