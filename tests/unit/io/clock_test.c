/* tests/unit/io/clock_test.c - does a drill's clock stand where it was told, and does no zone name
 * lead out of the folder of zones?
 */
#include "io/clock.h"
#include "unit.h"

static esep_time real(void)
{
    struct esep_clock clock;
    assert_int_equal(esep_clock_init(&clock, NULL, NULL), ESEP_OK);
    return esep_clock_now(&clock);
}

static void test_shifts(void **state)
{
    static const struct {
        const char *spec;
        esep_time shift;
    } rows[] = {{"", 0},
                {"real", 0},
                {"shift:-365d", -365 * ESEP_DAY},
                {"shift:90s", 90 * ESEP_SECOND},
                {"shift:+5m", 5 * ESEP_MINUTE},
                {"shift:12h", 12 * ESEP_HOUR}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct esep_clock clock;
        assert_int_equal(esep_clock_init(&clock, rows[i].spec, NULL), ESEP_OK);
        const esep_time before = real(), now = esep_clock_now(&clock), after = real();
        assert_true(now >= before + rows[i].shift && now <= after + rows[i].shift);
    }
}

static void test_an_instant_and_on_from_there(void **state)
{
    struct esep_clock clock;
    esep_time at = 0;
    (void)state;
    assert_int_equal(esep_time_parse("2013-01-15T09:00:00+06:00", NULL, &at), ESEP_OK);
    const esep_time before = real();
    assert_int_equal(esep_clock_init(&clock, "at:2013-01-15T09:00:00+06:00", NULL), ESEP_OK);
    const esep_time now = esep_clock_now(&clock);
    assert_true(now >= at && now - at <= real() - before);
    assert_true(esep_clock_now(&clock) >= now);
}

static void test_what_is_no_clock(void **state)
{
    static const char *const specs[] = {"unreal",
                                        "at:",
                                        "at:yesterday",
                                        "shift:",
                                        "shift:5",
                                        "shift:5y",
                                        "shift:d",
                                        "shift: 5d",
                                        "shift:5d ",
                                        "at:2013-02-30T00:00:00Z",
                                        "shift:999999d",
                                        "shift:--5d",
                                        "shift:99999999999999999999d",
                                        "SHIFT:5d"};
    (void)state;
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
        struct esep_clock clock = {.shift = 4711};
        struct esep_reason reason = {{0}};
        assert_int_equal(esep_clock_init(&clock, specs[i], &reason), ESEP_INVALID);
        assert_int_equal(clock.shift, 4711);
        assert_int_equal(strncmp(reason.text, "clock", 5), 0);
    }
}

static void test_zones(void **state)
{
    static const char *const bad[] = {
        "",
        "../zoneinfo/Asia/Almaty",
        "Asia/../Asia/Almaty",
        "/etc/localtime",
        "Asia/Nowhere",
        "Asia",
        "tzdata.zi",
        "Asia/Almaty\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct esep_zone *zone = calloc(1, sizeof(*zone));
    struct esep_reason reason = {{0}};
    esep_time at = 0;
    (void)state;
    assert_non_null(zone);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(esep_zone_load(zone, bad[i], &reason), ESEP_NOT_FOUND);
    assert_int_equal(esep_zone_load(zone, "Asia/Almaty", &reason), ESEP_OK);
    assert_string_equal(zone->name, "Asia/Almaty");
    assert_int_equal(esep_time_parse("2013-06-30T00:00:00Z", NULL, &at), ESEP_OK);
    assert_int_equal(esep_zone_offset(zone, at), 6 * 3600);
    free(zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shifts),
        cmocka_unit_test(test_an_instant_and_on_from_there),
        cmocka_unit_test(test_what_is_no_clock),
        cmocka_unit_test(test_zones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
