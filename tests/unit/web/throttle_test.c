/* tests/unit/web/throttle_test.c - is a guesser slowed down, and the owner let in? */
#include "collector/web/throttle.h"
#include "tests/unit/io/unit.h"

#include <string.h>

#define MINUTE (60 * ESEP_SECOND)

static struct web_throttle *throttle;

static int setup(void **state)
{
    const uint8_t key[ESEP_KEY_BYTES] = {7};
    (void)state;
    return web_throttle_new(&throttle, key) == ESEP_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    web_throttle_free(throttle);
    return 0;
}

static void slip(const char *account, const char *address, unsigned times, esep_time now)
{
    for (unsigned i = 0; i < times; i++)
        web_throttle_failed(throttle, account, address, now);
}

static void test_some_slips_are_free_then_each_doubles_the_wait(void **state)
{
    (void)state;
    slip("aigul", "10.0.0.1", 4, 0);
    assert_int_equal(web_throttle_wait(throttle, "aigul", "10.0.0.1", 0), 0);
    slip("aigul", "10.0.0.1", 1, 0);
    assert_int_equal(web_throttle_wait(throttle, "aigul", "10.0.0.1", 0), ESEP_SECOND);
    assert_int_equal(web_throttle_wait(throttle, "aigul", "10.0.0.1", ESEP_SECOND), 0);
    slip("aigul", "10.0.0.1", 3, 0);
    assert_int_equal(web_throttle_wait(throttle, "aigul", "10.0.0.1", 0), 8 * ESEP_SECOND);
    slip("aigul", "10.0.0.1", 90, 0);
    assert_int_equal(web_throttle_wait(throttle, "aigul", "10.0.0.1", 0), WEB_THROTTLE_WAIT_MAX);
}

static void test_the_owner_elsewhere_comes_in(void **state)
{
    (void)state;
    slip("aigul", "10.0.0.1", 40, 0);
    assert_true(web_throttle_wait(throttle, "aigul", "10.0.0.1", 0) > 0);
    assert_int_equal(web_throttle_wait(throttle, "aigul", "10.0.0.2", 0), 0);
}

static void test_many_names_from_one_place_and_many_places_for_one_name_wait(void **state)
{
    char name[16];
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        (void)snprintf(name, sizeof name, "name%u", i);
        slip(name, "10.0.0.1", 1, 0);
    }
    assert_true(web_throttle_wait(throttle, "another", "10.0.0.1", 0) > 0);
    for (unsigned i = 0; i < 50; i++) {
        (void)snprintf(name, sizeof name, "10.1.0.%u", i);
        slip("berik", name, 1, 0);
    }
    assert_true(web_throttle_wait(throttle, "berik", "10.2.0.1", 0) > 0);
}

static void test_a_right_login_forgets_the_slips_of_its_pair_only(void **state)
{
    (void)state;
    slip("aigul", "10.0.0.1", 5, 0);
    web_throttle_passed(throttle, "aigul", "10.0.0.1");
    assert_int_equal(web_throttle_wait(throttle, "aigul", "10.0.0.1", 0), 0);
    slip("berik", "10.0.0.1", 15, 0); /* 20 from this place, the five forgotten ones among them */
    assert_true(web_throttle_wait(throttle, "aigul", "10.0.0.1", 0) > 0);
}

static void test_time_forgives_and_no_clock_prolongs(void **state)
{
    (void)state;
    slip("aigul", "10.0.0.1", 10, 100 * MINUTE);
    assert_int_equal(web_throttle_wait(throttle, "aigul", "10.0.0.1", 0), 32 * ESEP_SECOND);
    assert_int_equal(web_throttle_wait(throttle, "aigul", "10.0.0.1", 116 * MINUTE), 0);
    slip("aigul", "10.0.0.1", 1, 116 * MINUTE); /* 10 have become 5 */
    assert_int_equal(web_throttle_wait(throttle, "aigul", "10.0.0.1", 116 * MINUTE),
                     2 * ESEP_SECOND);
}

static void test_a_flood_of_names_makes_nothing_forgotten(void **state)
{
    char name[24];
    (void)state;
    slip("aigul", "10.0.0.1", 8, 0);
    for (unsigned i = 0; i < 20000; i++) {
        (void)snprintf(name, sizeof name, "flood%u", i);
        slip(name, name, 1, 0);
    }
    assert_true(web_throttle_wait(throttle, "aigul", "10.0.0.1", 0) >= 8 * ESEP_SECOND);
}

static void test_a_pace_is_kept_and_no_clock_prolongs_it(void **state)
{
    (void)state;
    const esep_time hour = 3600 * ESEP_SECOND;
    esep_time now = 1000 * hour;
    esep_time even = 0;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(web_pace(&even, 10, 3, now), 0);
    assert_int_equal(web_pace(&even, 10, 3, now), 10);
    assert_int_equal(web_pace(&even, 10, 3, now + 4), 6);
    assert_int_equal(web_pace(&even, 10, 3, now + 10), 0);
    assert_int_equal(web_pace(&even, 10, 3, now + 10), 10);
    now -= hour; /* set right after it had been ahead */
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(web_pace(&even, 10, 3, now), 0);
    assert_int_equal(web_pace(&even, 10, 3, now), 10);
    now += hour;
    assert_int_equal(web_pace(&even, 10, 3, now), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_some_slips_are_free_then_each_doubles_the_wait, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_the_owner_elsewhere_comes_in, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_many_names_from_one_place_and_many_places_for_one_name_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_right_login_forgets_the_slips_of_its_pair_only,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_time_forgives_and_no_clock_prolongs, setup, teardown),
        cmocka_unit_test(test_a_pace_is_kept_and_no_clock_prolongs_it),
        cmocka_unit_test_setup_teardown(test_a_flood_of_names_makes_nothing_forgotten, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
