/* Does a zone say what tzdata says, in the years that matter and at the edges that hurt?
 *
 * data/almaty.tzif is the public-domain tzdata file of Asia/Almaty (2026f): daylight saving until
 * 2004, and one hour back for ever at the end of February 2024. The fixture does not follow the
 * machine's tzdata, so the expectations hold everywhere; libc is asked as a second opinion over
 * the same file.
 */
#include "base/time.h"
#include "fixture.h"

#include <time.h>

#define ALMATY "tests/unit/base/data/almaty.tzif"

static struct esep_zone almaty;

static int load(void **state)
{
    (void)state;
    struct esep_buf file = fixture_file(ALMATY);
    enum esep_status status = esep_zone_parse(&almaty, "Asia/Almaty", esep_buf_slice(&file), NULL);
    esep_buf_done(&file);
    return status == ESEP_OK ? 0 : -1;
}

static esep_time at(const char *text)
{
    esep_time time = 0;
    assert_int_equal(esep_time_parse(text, NULL, &time), ESEP_OK);
    return time;
}

static esep_time instant(const char *day_text, int hour, int minute, int second)
{
    esep_day day = 0;
    assert_int_equal(esep_day_parse(day_text, &day), ESEP_OK);
    return esep_zone_instant(&almaty, day, hour, minute, second);
}

static void assert_time(esep_time got, const char *want)
{
    char text[32];
    esep_time_format(got, &almaty, text);
    assert_string_equal(text, want);
}

static void test_the_plans_years(void **state)
{
    (void)state;
    assert_time(instant("2012-12-31", 23, 59, 59), "2012-12-31T23:59:59+06:00");
    assert_time(instant("2013-06-30", 23, 59, 59), "2013-06-30T23:59:59+06:00");
    assert_true(instant("2013-06-30", 23, 59, 59) == at("2013-06-30T17:59:59Z"));
    assert_int_equal(esep_zone_offset(&almaty, at("2013-07-01T00:00:00Z")), 6 * 3600);
    assert_int_equal(esep_zone_day(&almaty, at("2013-06-30T17:59:59Z")),
                     esep_day_from_civil(2013, 6, 30));
    assert_int_equal(esep_zone_day(&almaty, at("2013-06-30T18:00:00Z")),
                     esep_day_from_civil(2013, 7, 1));
}

static void test_daylight_saving_until_2004(void **state)
{
    (void)state;
    assert_int_equal(esep_zone_offset(&almaty, at("2003-07-01T00:00:00Z")), 7 * 3600);
    assert_int_equal(esep_zone_offset(&almaty, at("2004-03-27T19:59:59Z")), 6 * 3600);
    assert_int_equal(esep_zone_offset(&almaty, at("2004-03-27T20:00:00Z")), 7 * 3600);
    assert_int_equal(esep_zone_offset(&almaty, at("2004-10-30T20:00:00Z")), 6 * 3600);
    assert_int_equal(esep_zone_offset(&almaty, at("2005-07-01T00:00:00Z")), 6 * 3600);
    /* 2004-03-28 02:00 to 03:00 did not exist: the first instant after the gap. */
    assert_time(instant("2004-03-28", 1, 59, 59), "2004-03-28T01:59:59+06:00");
    assert_time(instant("2004-03-28", 2, 0, 0), "2004-03-28T03:00:00+07:00");
    assert_time(instant("2004-03-28", 2, 59, 59), "2004-03-28T03:00:00+07:00");
    assert_time(instant("2004-03-28", 3, 0, 0), "2004-03-28T03:00:00+07:00");
    /* 2004-10-31 02:00 to 03:00 came twice: the later one. */
    assert_time(instant("2004-10-31", 1, 59, 59), "2004-10-31T01:59:59+07:00");
    assert_time(instant("2004-10-31", 2, 0, 0), "2004-10-31T02:00:00+06:00");
    assert_time(instant("2004-10-31", 2, 59, 59), "2004-10-31T02:59:59+06:00");
}

static void test_the_change_of_2024(void **state)
{
    (void)state;
    assert_int_equal(esep_zone_offset(&almaty, at("2024-02-29T17:59:59Z")), 6 * 3600);
    assert_int_equal(esep_zone_offset(&almaty, at("2024-02-29T18:00:00Z")), 5 * 3600);
    /* The last hour of February came twice: a deadline at its end is the later one. */
    assert_true(instant("2024-02-29", 23, 59, 59) == at("2024-02-29T18:59:59Z"));
    assert_time(instant("2024-02-29", 23, 59, 59), "2024-02-29T23:59:59+05:00");
    assert_time(instant("2024-02-29", 22, 59, 59), "2024-02-29T22:59:59+06:00");
    assert_time(instant("2024-03-01", 0, 0, 0), "2024-03-01T00:00:00+05:00");
    assert_int_equal(esep_zone_day(&almaty, at("2024-02-29T18:30:00Z")),
                     esep_day_from_civil(2024, 2, 29));
    assert_time(instant("2099-12-31", 23, 59, 59), "2099-12-31T23:59:59+05:00");
    /* An instant in a text with an offset is that instant, whatever the zone says. */
    esep_time time = 0;
    assert_int_equal(esep_time_parse("2024-02-29", &almaty, &time), ESEP_OK);
    assert_true(time == at("2024-02-28T18:00:00Z"));
}

static void test_before_the_first_transition(void **state)
{
    (void)state;
    /* Local mean time, +05:07:48: RFC 3339 has no seconds there, the instant is still right. */
    char text[32];
    esep_time time = at("1900-01-01T00:00:00Z");
    esep_time back = 0;
    esep_time_format(time, &almaty, text);
    assert_string_equal(text, "1900-01-01T05:07:00+05:07");
    assert_int_equal(esep_time_parse(text, &almaty, &back), ESEP_OK);
    assert_true(back == time);
}

static void test_far_days_saturate(void **state)
{
    (void)state;
    assert_true(esep_zone_instant(&almaty, INT32_MAX, 23, 59, 59) == ESEP_TIME_NEVER);
    assert_true(esep_zone_instant(&almaty, INT32_MIN, 0, 0, 0) == INT64_MIN);
    (void)esep_zone_day(&almaty, ESEP_TIME_NEVER);
    (void)esep_zone_day(&almaty, INT64_MIN);
}

/* instant() inverts the wall clock, except in the hours of a gap or an overlap. */
static void test_every_hour_of_a_century(void **state)
{
    (void)state;
    esep_time previous = INT64_MIN;
    for (esep_day day = esep_day_from_civil(1960, 1, 1); day < esep_day_from_civil(2060, 1, 1);
         day++) {
        for (int hour = 0; hour < 24; hour++) {
            esep_time time = esep_zone_instant(&almaty, day, hour, 30, 0);
            int64_t wall = time / ESEP_SECOND + esep_zone_offset(&almaty, time);
            int64_t asked = day * INT64_C(86400) + hour * 3600 + 1800;
            assert_true(wall == asked || wall == asked + 1800); /* the gaps are of one hour */
            assert_true(time > previous);
            assert_int_equal(esep_zone_day(&almaty, time), day);
            previous = time;
        }
    }
}

static void test_as_libc_has_it(void **state)
{
    (void)state;
    char zone[1100];
    snprintf(zone, sizeof zone, ":%s/%s", ESEP_SOURCE_DIR, ALMATY);
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
    for (int64_t s = -3000000000; s < 5000000000; s += 1234567) {
        struct tm tm;
        time_t time = (time_t)s;
        assert_non_null(localtime_r(&time, &tm));
        assert_int_equal(esep_zone_offset(&almaty, s * ESEP_SECOND), tm.tm_gmtoff);
    }
}

static void test_truncations_are_refused(void **state)
{
    (void)state;
    struct esep_buf file = fixture_file(ALMATY);
    struct esep_zone zone;
    struct esep_reason reason;
    for (size_t len = 0; len < file.len; len++) {
        uint8_t *exact = malloc(len + 1); /* ASan sees a read past the end */
        assert_non_null(exact);
        memcpy(exact, file.data, len);
        reason.text[0] = '\0';
        assert_int_equal(esep_zone_parse(&zone, "x", esep_slice(exact, len), &reason),
                         ESEP_INVALID);
        assert_true(reason.text[0] != '\0');
        free(exact);
    }
    esep_buf_done(&file);
}

static void test_mutations_keep_the_invariant(void **state)
{
    (void)state;
    struct esep_buf file = fixture_file(ALMATY);
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (size_t i = 0; i < file.len; i++) {
        uint8_t was = file.data[i];
        for (size_t v = 0; v < sizeof values; v++) {
            struct esep_zone zone = {.count = -1};
            file.data[i] = values[v];
            if (esep_zone_parse(&zone, "x", esep_buf_slice(&file), NULL) == ESEP_OK) {
                for (int k = 1; k < zone.count; k++)
                    assert_true(zone.at_s[k] > zone.at_s[k - 1]);
                (void)esep_zone_instant(&zone, 15000, 12, 0, 0);
            } else {
                assert_int_equal(zone.count, -1);
            }
        }
        file.data[i] = was;
    }
    esep_buf_done(&file);
}

/* A version-2 file with one type and no transition, and the footer that the test wants. */
static enum esep_status parse_footer(const char *footer, int32_t offset, struct esep_zone *zone)
{
    uint8_t bytes[44 + 44 + 6 + 4 + 80] = {0};
    memcpy(bytes, "TZif2", 5);
    memcpy(bytes + 44, "TZif2", 5);
    bytes[44 + 39] = 1; /* typecnt */
    bytes[44 + 43] = 4; /* charcnt */
    esep_be32_put(bytes + 88, (uint32_t)offset);
    memcpy(bytes + 94, "TST", 4);
    memcpy(bytes + 98, footer, strlen(footer));
    return esep_zone_parse(zone, "x", esep_slice(bytes, 98 + strlen(footer)), NULL);
}

static void test_footers(void **state)
{
    (void)state;
    struct esep_zone zone;
    static const struct {
        const char *footer;
        int32_t offset;
        enum esep_status status;
    } cases[] = {
        {"\n\n", 18000, ESEP_OK},
        {"\n<+05>-5\n", 18000, ESEP_OK},
        {"\nUTC0\n", 0, ESEP_OK},
        {"\nIST-5:30\n", 19800, ESEP_OK},
        {"\n<-0330>3:30\n", -12600, ESEP_OK},
        {"\nLMT-5:07:48\n", 18468, ESEP_OK},
        {"\n<+05>-5\n", 21600, ESEP_INVALID}, /* contradicts the last type */
        {"\nEST5EDT,M3.2.0,M11.1.0\n", -18000, ESEP_INVALID},
        {"\n<+05>\n", 18000, ESEP_INVALID},
        {"\n<+05-5\n", 18000, ESEP_INVALID},
        {"\nAB-5\n", 18000, ESEP_INVALID},
        {"\n<+05>-26\n", 18000, ESEP_INVALID},
        {"\nEST+5\n", -18000, ESEP_OK},
        {"\n<+05>-5:\n", 18000, ESEP_INVALID},
        {"\nLMT-5:07:48:\n", 18468, ESEP_INVALID},
        {"\nLMT-5:60\n", 18000, ESEP_INVALID},
        {"\nUTC-1234\n", 0, ESEP_INVALID},
        {"\nUTC\n", 0, ESEP_INVALID},
        {"\nAB_-5\n", 18000, ESEP_INVALID},
        {"\nABC~5\n", -18000, ESEP_INVALID},
        {"\n<+05>-5", 18000, ESEP_INVALID},
        {"", 0, ESEP_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (parse_footer(cases[i].footer, cases[i].offset, &zone) != cases[i].status)
            fail_msg("footer %s", cases[i].footer);
        if (cases[i].status == ESEP_OK)
            assert_int_equal(zone.tail_offset_s, cases[i].offset);
    }
    assert_int_equal(parse_footer("\n\n", 27 * 3600, &zone), ESEP_INVALID);
}

/* A version-2 file with the counts that the test wants, all transitions to type 0 but those given.
 */
struct made_file {
    uint8_t bytes[20000];
    size_t len;
    uint8_t *times, *indexes, *types;
};
static void make_file(struct made_file *f, uint32_t timecnt, uint32_t typecnt, uint32_t leapcnt)
{
    memset(f, 0, sizeof *f);
    memcpy(f->bytes, "TZif2", 5);
    uint8_t *head = f->bytes + 44;
    memcpy(head, "TZif2", 5);
    esep_be32_put(head + 28, leapcnt);
    esep_be32_put(head + 32, timecnt);
    esep_be32_put(head + 36, typecnt);
    esep_be32_put(head + 40, 4);
    f->times = head + 44;
    f->indexes = f->times + timecnt * 8;
    f->types = f->indexes + timecnt;
    for (uint32_t i = 0; i < timecnt; i++)
        esep_be64_put(f->times + i * 8, UINT64_C(36000) * (i + 1));
    f->len = (size_t)(f->types - f->bytes) + typecnt * 6 + 4 + leapcnt * 12;
    memcpy(f->bytes + f->len, "\n\n", 2);
    f->len += 2;
    assert_true(f->len <= sizeof f->bytes);
}

static enum esep_status parse_made(const struct made_file *f, struct esep_zone *zone,
                                   struct esep_reason *reason)
{
    return esep_zone_parse(zone, "x", esep_slice(f->bytes, f->len), reason);
}

static void test_counts(void **state)
{
    (void)state;
    static struct made_file file;
    struct esep_zone zone;
    struct esep_reason reason = {{0}};
    make_file(&file, 512, 256, 0);
    assert_int_equal(parse_made(&file, &zone, &reason), ESEP_OK);
    assert_int_equal(zone.count, 512);
    make_file(&file, 512, 257, 0);
    assert_int_equal(parse_made(&file, &zone, &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "257 types"));
    make_file(&file, 513, 1, 0);
    assert_int_equal(parse_made(&file, &zone, &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "513 transitions"));
    make_file(&file, 0, 0, 0);
    assert_int_equal(parse_made(&file, &zone, &reason), ESEP_INVALID);
    make_file(&file, 1, 1, 1); /* instants of right/ zones are not ours */
    assert_int_equal(parse_made(&file, &zone, &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "leap seconds"));
}

/* Two transitions within a day: 10:00 changes nothing, at 20:00 the clock jumps to 22:00. */
static void test_a_gap_behind_another_transition(void **state)
{
    (void)state;
    static struct made_file file;
    struct esep_zone zone;
    make_file(&file, 2, 2, 0);
    esep_be32_put(file.types + 6, 2 * 3600);
    file.indexes[1] = 1;
    assert_int_equal(parse_made(&file, &zone, NULL), ESEP_OK);
    assert_true(esep_zone_instant(&zone, 0, 19, 59, 59) == 71999 * ESEP_SECOND);
    assert_true(esep_zone_instant(&zone, 0, 20, 0, 0) == 72000 * ESEP_SECOND);
    assert_true(esep_zone_instant(&zone, 0, 21, 59, 59) == 72000 * ESEP_SECOND);
    assert_true(esep_zone_instant(&zone, 0, 22, 0, 1) == 72001 * ESEP_SECOND);
}

static void test_west_of_greenwich(void **state)
{
    (void)state;
    struct esep_zone zone;
    char text[32];
    assert_int_equal(parse_footer("\n<-0330>3:30\n", -12600, &zone), ESEP_OK);
    esep_time_format(at("2013-07-01T00:00:00Z"), &zone, text);
    assert_string_equal(text, "2013-06-30T20:30:00-03:30");
    esep_time back = 0;
    assert_int_equal(esep_time_parse(text, NULL, &back), ESEP_OK);
    assert_true(back == at("2013-07-01T00:00:00Z"));
}

static void test_names(void **state)
{
    (void)state;
    struct esep_buf file = fixture_file(ALMATY);
    struct esep_zone zone;
    char name[80];
    memset(name, 'z', sizeof name);
    name[63] = '\0';
    assert_int_equal(esep_zone_parse(&zone, name, esep_buf_slice(&file), NULL), ESEP_OK);
    name[63] = 'z';
    name[64] = '\0';
    assert_int_equal(esep_zone_parse(&zone, name, esep_buf_slice(&file), NULL), ESEP_INVALID);
    assert_int_equal(esep_zone_parse(&zone, "", esep_buf_slice(&file), NULL), ESEP_INVALID);
    assert_int_equal(esep_zone_parse(&zone, NULL, esep_buf_slice(&file), NULL), ESEP_INVALID);
    esep_buf_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_plans_years),
        cmocka_unit_test(test_daylight_saving_until_2004),
        cmocka_unit_test(test_the_change_of_2024),
        cmocka_unit_test(test_before_the_first_transition),
        cmocka_unit_test(test_far_days_saturate),
        cmocka_unit_test(test_every_hour_of_a_century),
        cmocka_unit_test(test_as_libc_has_it),
        cmocka_unit_test(test_truncations_are_refused),
        cmocka_unit_test(test_mutations_keep_the_invariant),
        cmocka_unit_test(test_footers),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_a_gap_behind_another_transition),
        cmocka_unit_test(test_west_of_greenwich),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
