/* Is the calendar right on every day there is, and is RFC 3339 read exactly and written back? */
#include "base/time.h"
#include "fixture.h"

static void test_every_day_of_9999_years(void **state)
{
    (void)state;
    esep_day day = esep_day_from_civil(1, 1, 1);
    int weekday = 1; /* 0001-01-01 was a Monday */
    for (int year = 1; year <= 9999; year++) {
        for (int month = 1; month <= 12; month++) {
            int days = esep_days_in_month(year, month);
            for (int d = 1; d <= days; d++, day++) {
                struct esep_civil civil = esep_civil_from_day(day);
                if (esep_day_from_civil(year, month, d) != day || civil.year != year ||
                    civil.month != month || civil.day != d || esep_weekday(day) != weekday)
                    fail_msg("%d-%d-%d", year, month, d);
                weekday = weekday % 7 + 1;
            }
        }
    }
    assert_int_equal(esep_day_from_civil(1970, 1, 1), 0);
    assert_int_equal(esep_day_from_civil(2012, 10, 24), 15637);
}

/* Days from a stranger's plan may lie outside the printed years: the arithmetic still inverts. */
static void test_days_beyond_the_years(void **state)
{
    (void)state;
    for (int64_t day = INT32_MIN; day <= INT32_MAX; day += 999983) {
        struct esep_civil civil = esep_civil_from_day((esep_day)day);
        assert_in_range(civil.month, 1, 12);
        assert_in_range(civil.day, 1, 31);
        assert_int_equal(esep_day_from_civil(civil.year, civil.month, civil.day), day);
    }
    struct esep_civil last = esep_civil_from_day(esep_day_from_civil(1, 1, 1) - 1);
    assert_int_equal(last.year, 0);
    assert_int_equal(last.month, 12);
    assert_int_equal(last.day, 31);
}

static void test_valid_dates(void **state)
{
    (void)state;
    assert_true(esep_civil_valid(2000, 2, 29));
    assert_true(esep_civil_valid(2012, 2, 29));
    assert_false(esep_civil_valid(1900, 2, 29));
    assert_false(esep_civil_valid(2013, 2, 29));
    assert_false(esep_civil_valid(2013, 0, 1));
    assert_false(esep_civil_valid(2013, 13, 1));
    assert_false(esep_civil_valid(2013, 4, 31));
    assert_false(esep_civil_valid(2013, 4, 0));
    assert_false(esep_civil_valid(0, 1, 1));
    assert_false(esep_civil_valid(10000, 1, 1));
    assert_int_equal(esep_days_in_month(2013, 0), 0);
    assert_int_equal(esep_days_in_month(2013, 13), 0);
}

static void test_day_text(void **state)
{
    (void)state;
    esep_day day = 77;
    char text[11];
    assert_int_equal(esep_day_parse("2013-02-28", &day), ESEP_OK);
    esep_day_format(day, text);
    assert_string_equal(text, "2013-02-28");
    static const char *const bad[] = {"",           "2013-2-28",  "2013-02-29",  "2013-02-28 ",
                                      "2013/02/28", "13-02-28",   "2013-02-2",   "+013-02-28",
                                      "0000-01-01", " 013-02-28", "2013-02-28T", "2013-02/28",
                                      "x",          NULL};
    day = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(esep_day_parse(bad[i], &day), ESEP_INVALID);
    assert_int_equal(day, 77);
    /* The text has a fixed width: what does not fit is clamped, never written past the end. */
    esep_day_format(INT32_MAX, text);
    assert_string_equal(text, "9999-12-31");
    esep_day_format(INT32_MIN, text);
    assert_string_equal(text, "0001-01-01");
}

static void test_time_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        esep_time at;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.5Z", -500000},
        {"1985-04-12T23:20:50.52Z", 482196050520000},
        {"1996-12-19T16:39:57-08:00", 851042397000000},
        {"1990-12-31t23:59:59z", 662687999000000},
        {"2013-01-01T00:00:00.1234567+06:00", 1356976800123456},
        {"2013-01-01", 1356998400000000},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        esep_time at = 0;
        assert_int_equal(esep_time_parse(good[i].text, NULL, &at), ESEP_OK);
        assert_true(at == good[i].at);
    }
    static const char *const bad[] = {
        "",
        "2013-01-01T",
        "2013-01-01T00:00:00",
        "2013-01-01T24:00:00Z",
        "2013-01-01T00:60:00Z",
        "2013-01-01T00:00:60Z",
        "2013-01-01T00:00:00.Z",
        "2013-01-01T00:00:00+0600",
        "2013-01-01T00:00:00+24:00",
        "2013-01-01T00:00:00+06:60",
        "2013-01-01T00:00:00Zz",
        "2013-01-01 00:00:00Z",
        "2013-02-30T00:00:00Z",
        "2013-01-01Tx0:00:00Z",
        "2013-01-01T00.00:00Z",
        "2013-01-01T00:x0:00Z",
        "2013-01-01T00:00.00Z",
        "2013-01-01T00:00:x0Z",
        "2013-01-01T00:00:00+x6:00",
        "2013-01-01T00:00:00+06:x0",
        NULL,
    };
    esep_time at = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(esep_time_parse(bad[i], NULL, &at), ESEP_INVALID);
    assert_true(at == 7);
}

static void test_time_round_trip(void **state)
{
    (void)state;
    char text[32];
    for (esep_time at = -62135596800 * ESEP_SECOND; at < 253402300800 * ESEP_SECOND;
         at += 123456789 * ESEP_SECOND) {
        esep_time back = 0;
        esep_time_format(at, NULL, text);
        assert_int_equal(esep_time_parse(text, NULL, &back), ESEP_OK);
        assert_true(back == at);
    }
    esep_time_format(-1, NULL, text);
    assert_string_equal(text, "1969-12-31T23:59:59Z");
    esep_time_format(ESEP_TIME_NEVER, NULL, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    esep_time_format(INT64_MIN, NULL, text);
    assert_string_equal(text, "0001-01-01T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day_of_9999_years),
        cmocka_unit_test(test_days_beyond_the_years),
        cmocka_unit_test(test_valid_dates),
        cmocka_unit_test(test_day_text),
        cmocka_unit_test(test_time_text),
        cmocka_unit_test(test_time_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
