/* Does a due day move over weekends, holidays and moved days to the right one, and only where the
 * plan says so? */
#include "domain/obligation.h"
#include "tests/unit/base/fixture.h"

#define NONE ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_NONE
#define NEXT ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_NEXT
#define PRECEDING ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_PRECEDING
#define UNSAID ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_UNSPECIFIED

static esep_day day(const char *text)
{
    esep_day ret;
    assert_int_equal(esep_day_parse(text, &ret), ESEP_OK);
    return ret;
}

static void moves(void **state)
{
    (void)state;
    /* Kazakhstan at the turn of 2012: a Saturday worked for the Monday after it. */
    int32_t holidays[] = {day("2012-12-31"), day("2013-01-01"), day("2013-01-02"),
                          day("2013-01-07")};
    int32_t worked[] = {day("2012-12-29")};
    Esep__V1__Calendar calendar;
    esep__v1__calendar__init(&calendar);
    calendar.n_holiday_days = sizeof holidays / sizeof *holidays;
    calendar.holiday_days = holidays;
    calendar.n_working_days = 1;
    calendar.working_days = worked;
    const struct {
        const char *from;
        Esep__V1__WorkingDayRule rule;
        const char *to;
    } rows[] = {
        {"2012-12-28", NEXT, "2012-12-28"},      {"2012-12-29", NEXT, "2012-12-29"},
        {"2012-12-29", PRECEDING, "2012-12-29"}, {"2012-12-30", NEXT, "2013-01-03"},
        {"2012-12-31", PRECEDING, "2012-12-29"}, {"2013-01-01", NEXT, "2013-01-03"},
        {"2013-01-06", NEXT, "2013-01-08"},      {"2013-01-07", PRECEDING, "2013-01-04"},
        {"2013-01-20", NEXT, "2013-01-21"},      {"2013-01-20", PRECEDING, "2013-01-18"},
        {"2013-01-20", NONE, "2013-01-20"},      {"2013-01-01", NONE, "2013-01-01"},
        {"2013-01-20", UNSAID, "2013-01-20"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char got[11];
        esep_day_format(esep_working_day(&calendar, rows[i].rule, day(rows[i].from)), got);
        if (strcmp(got, rows[i].to) != 0) {
            fail_msg("%s by rule %d: %s, want %s", rows[i].from, (int)rows[i].rule, got,
                     rows[i].to);
        }
    }
}

static void without_a_calendar_there_are_weekends(void **state)
{
    (void)state;
    assert_int_equal(esep_working_day(NULL, NEXT, day("2013-06-29")), day("2013-07-01"));
    assert_int_equal(esep_working_day(NULL, PRECEDING, day("2013-06-30")), day("2013-06-28"));
    assert_int_equal(esep_working_day(NULL, NEXT, day("2013-01-01")), day("2013-01-01"));
}

static void a_calendar_without_working_days_ends(void **state)
{
    (void)state;
    static int32_t holidays[800];
    for (int i = 0; i < 800; i++) {
        holidays[i] = 15000 + i;
    }
    Esep__V1__Calendar calendar;
    esep__v1__calendar__init(&calendar);
    calendar.n_holiday_days = 800;
    calendar.holiday_days = holidays;
    assert_int_equal(esep_working_day(&calendar, NEXT, 15000), 15000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves),
        cmocka_unit_test(without_a_calendar_there_are_weekends),
        cmocka_unit_test(a_calendar_without_working_days_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
