/* Is the line between on time and late where the law says, and does an alert step change exactly
 * when it says it will? */
#include "base/crypto.h"
#include "domain/timeliness.h"
#include "tests/unit/base/fixture.h"

static struct esep_zone almaty;
static const uint32_t decree_days[] = {30, 14, 7, 3, 1};

static int load_zone(void **state)
{
    (void)state;
    struct esep_buf bytes = fixture_file("tests/unit/base/data/almaty.tzif");
    struct esep_reason reason;
    assert_int_equal(esep_zone_parse(&almaty, "Asia/Almaty", esep_buf_slice(&bytes), &reason),
                     ESEP_OK);
    esep_buf_done(&bytes);
    return 0;
}

static esep_time instant(const char *text)
{
    esep_time at;
    assert_int_equal(esep_time_parse(text, &almaty, &at), ESEP_OK);
    return at;
}

static void the_five_answers(void **state)
{
    (void)state;
    const esep_time due = instant("2013-06-30T23:59:59+06:00");
    const esep_time never = ESEP_TIME_NEVER;
    const struct {
        esep_time came, now;
        unsigned soon;
        enum esep_timeliness want;
    } rows[] = {
        {never, due - 7 * ESEP_DAY, 7, ESEP_TIMELINESS_NOT_DUE},
        {never, due - 7 * ESEP_DAY + 1, 7, ESEP_TIMELINESS_DUE_SOON},
        {never, due, 7, ESEP_TIMELINESS_DUE_SOON},
        {never, due + 1, 7, ESEP_TIMELINESS_OVERDUE},
        {due, due + 99, 7, ESEP_TIMELINESS_ON_TIME},
        {due + 1, due + 99, 7, ESEP_TIMELINESS_LATE},
        {due - 99 * ESEP_DAY, due - 98 * ESEP_DAY, 7, ESEP_TIMELINESS_ON_TIME},
        {never, due - 7 * ESEP_DAY + 1, 0, ESEP_TIMELINESS_DUE_SOON}, /* nothing said: 7 */
        {never, due - 29 * ESEP_DAY, 30, ESEP_TIMELINESS_DUE_SOON},
        {never, 0, UINT32_MAX, ESEP_TIMELINESS_DUE_SOON},
        {never, INT64_MIN, 7, ESEP_TIMELINESS_NOT_DUE},
        {never, INT64_MAX, 7, ESEP_TIMELINESS_OVERDUE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const enum esep_timeliness got =
            esep_timeliness(due, rows[i].came, rows[i].now, rows[i].soon);
        if (got != rows[i].want) {
            fail_msg("row %zu: %s, want %s", i, esep_timeliness_name(got),
                     esep_timeliness_name(rows[i].want));
        }
    }
    assert_int_equal(esep_timeliness(INT64_MIN, never, INT64_MIN, 7), ESEP_TIMELINESS_NOT_DUE);
    assert_string_equal(esep_timeliness_name((enum esep_timeliness)77), "unknown");
    assert_string_equal(esep_timeliness_name((enum esep_timeliness)0), "unknown");
}

static struct esep_alert_step step_at(esep_time due, esep_time now)
{
    return esep_alert_step(&almaty, due, now, decree_days, 5, 7);
}

static void the_stairs_of_one_deadline(void **state)
{
    (void)state;
    const struct {
        const char *now;
        uint32_t step;
        int kind;
        uint32_t days_left, weeks;
        const char *next;
    } rows[] = {
        {"2013-05-30T23:59:59+06:00", 0, 0, 0, 0, "2013-05-31T00:00:00+06:00"},
        {"2013-05-31T00:00:00+06:00", 1, 1, 30, 0, "2013-06-16T00:00:00+06:00"},
        {"2013-06-16T00:00:00+06:00", 2, 1, 14, 0, "2013-06-23T00:00:00+06:00"},
        {"2013-06-23T12:00:00+06:00", 3, 1, 7, 0, "2013-06-27T00:00:00+06:00"},
        {"2013-06-28T12:00:00+06:00", 4, 1, 3, 0, "2013-06-29T00:00:00+06:00"},
        {"2013-06-29T00:00:00+06:00", 5, 1, 1, 0, "2013-06-30T00:00:00+06:00"},
        {"2013-06-30T00:00:00+06:00", 6, 2, 0, 0, "2013-06-30T23:59:59.000001+06:00"},
        {"2013-07-01T00:00:00+06:00", 7, 3, 0, 0, "2013-07-07T23:59:59.000001+06:00"},
        {"2013-07-08T00:00:00+06:00", 8, 4, 0, 1, "2013-07-14T23:59:59.000001+06:00"},
        {"2013-08-01T00:00:00+06:00", 11, 4, 0, 4, "2013-08-04T23:59:59.000001+06:00"},
    };
    const esep_time due = instant("2013-06-30T23:59:59+06:00");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct esep_alert_step got = step_at(due, instant(rows[i].now));
        if (got.step != rows[i].step || (int)got.kind != rows[i].kind ||
            got.days_left != rows[i].days_left || got.weeks != rows[i].weeks ||
            got.next_at != instant(rows[i].next)) {
            char next[32];
            esep_time_format(got.next_at, &almaty, next);
            fail_msg("%s: step %u kind %d days %u weeks %u next %s", rows[i].now, got.step,
                     (int)got.kind, got.days_left, got.weeks, next);
        }
    }
}

static void without_repeats_overdue_is_the_last(void **state)
{
    (void)state;
    const esep_time due = instant("2013-06-30T23:59:59+06:00");
    const struct esep_alert_step got =
        esep_alert_step(&almaty, due, due + 400 * ESEP_DAY, decree_days, 5, 0);
    assert_int_equal(got.step, 7);
    assert_int_equal(got.kind, ESEP__V1__ALERT_KIND__ALERT_KIND_OVERDUE);
    assert_true(got.next_at == ESEP_TIME_NEVER);
    const struct esep_alert_step none =
        esep_alert_step(&almaty, ESEP_TIME_NEVER, due, decree_days, 5, 7);
    assert_int_equal(none.step, 0);
    assert_true(none.next_at == ESEP_TIME_NEVER);
}

static void no_thresholds(void **state)
{
    (void)state;
    const esep_time due = instant("2013-06-30T23:59:59+06:00");
    const struct esep_alert_step got = esep_alert_step(&almaty, due, 0, NULL, 0, 7);
    assert_int_equal(got.step, 0);
    assert_true(got.next_at == instant("2013-06-30T00:00:00+06:00"));
    assert_int_equal(esep_alert_step(&almaty, due, got.next_at, NULL, 0, 7).step, 1);
}

/* The week after the end of time never comes. */
static void the_end_of_time(void **state)
{
    (void)state;
    const esep_time due = ESEP_TIME_NEVER - 10 * ESEP_DAY;
    const struct esep_alert_step got =
        esep_alert_step(&almaty, due, ESEP_TIME_NEVER - ESEP_DAY, decree_days, 5, 7);
    assert_int_equal(got.kind, ESEP__V1__ALERT_KIND__ALERT_KIND_STILL_OVERDUE);
    assert_int_equal(got.weeks, 1);
    assert_true(got.next_at == ESEP_TIME_NEVER);
}

static bool same(const struct esep_alert_step *a, const struct esep_alert_step *b)
{
    return a->step == b->step && a->kind == b->kind && a->days_left == b->days_left &&
           a->weeks == b->weeks;
}

/* For any deadline, thresholds and start: walking from next_at to next_at, the step is the old one
 * up to the last microsecond, then another and a higher one; and nothing lies between. */
static void next_at_is_exact_and_steps_only_rise(void **state)
{
    (void)state;
    struct esep_prng random = {24};
    for (int round = 0; round < 300; round++) {
        uint32_t days[6];
        const size_t count = (size_t)esep_prng_below(&random, 7);
        uint32_t day = 90;
        for (size_t i = 0; i < count; i++) {
            day -= 1 + (uint32_t)esep_prng_below(&random, 14);
            days[i] = day;
        }
        const uint32_t repeat = (uint32_t)esep_prng_below(&random, 10);
        /* around 2004 and 2005 the zone gave up summer time: offsets change on the way */
        const esep_time due = instant("2004-09-01T00:00:00+06:00") +
                              (esep_time)esep_prng_below(&random, 300ull * 86400) * ESEP_SECOND;
        esep_time now = due - (esep_time)esep_prng_below(&random, 100ull * 86400) * ESEP_SECOND;
        for (int walk = 0; walk < 20; walk++) {
            const struct esep_alert_step here =
                esep_alert_step(&almaty, due, now, days, count, repeat);
            if (here.next_at == ESEP_TIME_NEVER) {
                assert_true(repeat == 0 && now > due);
                break;
            }
            assert_true(here.next_at > now);
            const esep_time between =
                now + (esep_time)esep_prng_below(&random, (uint64_t)(here.next_at - now));
            const struct esep_alert_step middle =
                esep_alert_step(&almaty, due, between, days, count, repeat);
            const struct esep_alert_step before =
                esep_alert_step(&almaty, due, here.next_at - 1, days, count, repeat);
            const struct esep_alert_step after =
                esep_alert_step(&almaty, due, here.next_at, days, count, repeat);
            assert_true(same(&here, &middle) && middle.next_at == here.next_at);
            assert_true(same(&here, &before) && before.next_at == here.next_at);
            assert_true(after.step > here.step);
            now = here.next_at;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_five_answers),
        cmocka_unit_test(the_stairs_of_one_deadline),
        cmocka_unit_test(without_repeats_overdue_is_the_last),
        cmocka_unit_test(no_thresholds),
        cmocka_unit_test(the_end_of_time),
        cmocka_unit_test(next_at_is_exact_and_steps_only_rise),
    };
    return cmocka_run_group_tests(tests, load_zone, NULL);
}
