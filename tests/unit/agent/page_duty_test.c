/* tests/unit/agent/page_duty_test.c - where does a duty stand on the first screen, and what does
 * the office's own clock remind of? */
#include "agent/page/duty.h"
#include "tests/unit/io/unit.h"

#include <string.h>

#define DAY(n) ((esep_time)(n)*ESEP_DAY)
#define DUE (DAY(100) - ESEP_SECOND)

static uint32_t alert_days[] = {30, 7, 1};
static Esep__V1__Rules rules;
static Esep__V1__Plan plan_message;
static struct esep_zone zone; /* all zeroes: UTC */
static struct agent_plan plan;
static const struct agent_duties none;
static const struct page_sent nothing_sent = {.epoch = 1};

static struct agent_duty planned(void)
{
    esep__v1__rules__init(&rules);
    esep__v1__plan__init(&plan_message);
    rules.alert_days = alert_days;
    rules.n_alert_days = 3;
    rules.overdue_repeat_days = 7;
    plan_message.rules = &rules;
    plan = (struct agent_plan){.plan = &plan_message, .zone = &zone, .newest = true};
    return (struct agent_duty){.plan = &plan,
                               .due = DUE,
                               .came = ESEP_TIME_NEVER,
                               .extended_to = ESEP_DAY_NONE,
                               .again_by = ESEP_DAY_NONE,
                               .percent = -1};
}

static void test_silence_is_grouped_by_its_deadline(void **state)
{
    (void)state;
    struct agent_duty duty = planned();
    assert_int_equal(page_group(&duty, DAY(10)), PAGE_NOT_DUE);
    assert_int_equal(page_group(&duty, DAY(80)), PAGE_NEEDS_YOU); /* due soon */
    assert_int_equal(page_group(&duty, DAY(200)), PAGE_NEEDS_YOU);
    duty.submission = ESEP_SUBMISSION_DRAFT;
    assert_int_equal(page_group(&duty, DAY(200)), PAGE_NEEDS_YOU);
    duty.made.upon_agreement = true; /* its silence is no violation */
    assert_int_equal(page_group(&duty, DAY(200)), PAGE_NOT_DUE);
    duty.made.upon_agreement = false;
    duty.dropped = true;
    assert_int_equal(page_group(&duty, DAY(200)), PAGE_DONE);
}

static void test_what_was_written_waits_and_is_done(void **state)
{
    (void)state;
    struct agent_duty duty = planned();
    duty.epoch = 1;
    duty.seq = 4;
    duty.submission = ESEP_SUBMISSION_QUEUED;
    assert_string_equal(page_delivery(&none, &duty, &nothing_sent), "saved");
    assert_int_equal(page_group(&duty, DAY(200)), PAGE_WAITING); /* the deadline is another axis */
    duty.promised_at = DAY(99);
    assert_string_equal(page_delivery(&none, &duty, &nothing_sent), "committed");
    assert_string_equal(page_delivery(&none, &duty, &(struct page_sent){.epoch = 1, .seq = 3}),
                        "committed");
    assert_string_equal(page_delivery(&none, &duty, &(struct page_sent){.epoch = 1, .seq = 4}),
                        "sent");
    assert_string_equal(page_delivery(&none, &duty, &(struct page_sent){.epoch = 2, .seq = 9}),
                        "committed");
    duty.submission = ESEP_SUBMISSION_RECEIVED;
    assert_string_equal(page_delivery(&none, &duty, &nothing_sent), "under_review");
    assert_int_equal(page_group(&duty, DAY(200)), PAGE_DONE);
    duty.submission = ESEP_SUBMISSION_RETURNED;
    assert_string_equal(page_delivery(&none, &duty, &nothing_sent), "returned");
    assert_int_equal(page_group(&duty, DAY(1)), PAGE_NEEDS_YOU);
    duty.submission = ESEP_SUBMISSION_ACCEPTED;
    assert_string_equal(page_delivery(&none, &duty, &nothing_sent), "accepted");
    assert_int_equal(page_group(&duty, DAY(200)), PAGE_DONE);
    duty.conflict = true;
    assert_int_equal(page_group(&duty, DAY(1)), PAGE_NEEDS_YOU);
    duty.conflict = false;
    duty.refused = ESEP__V1__VERDICT__VERDICT_NOT_YOURS;
    assert_string_equal(page_delivery(&none, &duty, &nothing_sent), "refused");
    assert_int_equal(page_group(&duty, DAY(1)), PAGE_NEEDS_YOU);
}

static void test_a_report_is_reviewed_when_its_evidence_is_there(void **state)
{
    (void)state;
    static struct agent_duties d;
    const struct esep_hash files[] = {{{1}}, {{7}}};
    const struct esep_hash missing[] = {{{3}}, {{7}}, {{9}}};
    struct agent_event event = {.files = files, .file_count = 2};
    struct agent_duty duty = planned();
    struct page_sent sent = {.epoch = 1, .missing = missing, .missing_count = 3};
    d.events = &event;
    d.event_count = 1;
    duty.newest_event = 1;
    duty.submission = ESEP_SUBMISSION_RECEIVED;
    assert_int_equal(page_files_left(&event, &sent), 1);
    assert_string_equal(page_delivery(&d, &duty, &sent), "received");
    sent.missing_count = 1;
    assert_int_equal(page_files_left(&event, &sent), 0);
    assert_string_equal(page_delivery(&d, &duty, &sent), "under_review");
    assert_int_equal(page_group(&duty, DAY(200)), PAGE_DONE);
}

static void assert_reminder(const struct agent_duty *duty, esep_time now, const char *kind,
                            uint32_t days_left, uint32_t weeks)
{
    const struct esep_alert_step step = page_reminder(duty, now);
    assert_string_equal(page_alert_name(step.kind), kind);
    assert_int_equal(step.days_left, days_left);
    assert_int_equal(step.weeks, weeks);
}

static void test_the_office_reminds_itself(void **state)
{
    (void)state;
    struct agent_duty duty = planned();
    assert_reminder(&duty, DAY(10), "unknown", 0, 0);
    assert_reminder(&duty, DAY(80), "due_soon", 30, 0);
    assert_reminder(&duty, DAY(98), "due_soon", 1, 0);
    assert_reminder(&duty, DAY(99) + ESEP_HOUR, "due_today", 0, 0);
    assert_reminder(&duty, DUE + ESEP_SECOND, "overdue", 0, 0);
    assert_reminder(&duty, DUE + DAY(15), "still_overdue", 0, 2);
    duty.made.upon_agreement = true;
    assert_reminder(&duty, DAY(80), "due_soon", 30, 0);
    assert_reminder(&duty, DUE + DAY(15), "unknown", 0, 0);
}

static void test_who_has_written_is_not_reminded(void **state)
{
    (void)state;
    struct agent_duty duty = planned();
    duty.submission = ESEP_SUBMISSION_QUEUED;
    assert_reminder(&duty, DUE + DAY(15), "unknown", 0, 0);
    duty.submission = ESEP_SUBMISSION_WITHDRAWN;
    assert_reminder(&duty, DUE + DAY(15), "still_overdue", 0, 2);
}

static void test_a_return_counts_by_its_own_day(void **state)
{
    (void)state;
    struct agent_duty duty = planned();
    duty.submission = ESEP_SUBMISSION_RETURNED;
    duty.came = DAY(50);
    assert_int_equal(page_day_that_counts(&duty), 99);
    assert_reminder(&duty, DAY(140), "unknown", 0, 0); /* no day was given */
    duty.again_by = 150;
    assert_int_equal(page_day_that_counts(&duty), 150);
    assert_reminder(&duty, DAY(145), "due_soon", 7, 0);
    assert_reminder(&duty, DAY(150) + ESEP_HOUR, "due_today", 0, 0);
    assert_reminder(&duty, DAY(152), "overdue", 0, 0);
}

static void test_what_no_plan_knows_is_neither_due_nor_reminded_of(void **state)
{
    (void)state;
    struct agent_duty duty = planned();
    duty.plan = NULL;
    assert_int_equal(page_group(&duty, DAY(200)), PAGE_NOT_DUE);
    assert_int_equal(page_day_that_counts(&duty), ESEP_DAY_NONE);
    assert_reminder(&duty, DAY(200), "unknown", 0, 0);
}

static void test_the_same_matter(void **state)
{
    static const char own[] = "p/fulfilment/13/mia/2013-01-01..2013-06-30";
    (void)state;
    assert_true(page_same_matter(own, "p/fulfilment/13/moj/2013-01-01..2013-06-30"));
    assert_true(page_same_matter(own, "p/fulfilment/13/moj/2013-06-30..2013-12-31"));
    assert_true(page_same_matter(own, "p/fulfilment/13/moj/2012-01-01..2013-01-01"));
    assert_false(page_same_matter(own, "p/fulfilment/13/moj/2013-07-01..2013-12-31"));
    assert_false(page_same_matter(own, "p/fulfilment/13/moj/2012-01-01..2012-12-31"));
    assert_false(page_same_matter(own, "p/fulfilment/130/moj/2013-01-01..2013-06-30"));
    assert_false(page_same_matter(own, "p/annual/13/moj/2013-01-01..2013-06-30"));
    assert_false(page_same_matter(own, "q/fulfilment/13/moj/2013-01-01..2013-06-30"));
    assert_false(page_same_matter(own, own));
    assert_false(page_same_matter(own, ""));
    assert_false(page_same_matter("p/fulfilment", own));
    assert_false(page_same_matter(own, "p/fulfilment/13/moj"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silence_is_grouped_by_its_deadline),
        cmocka_unit_test(test_what_was_written_waits_and_is_done),
        cmocka_unit_test(test_a_report_is_reviewed_when_its_evidence_is_there),
        cmocka_unit_test(test_the_office_reminds_itself),
        cmocka_unit_test(test_who_has_written_is_not_reminded),
        cmocka_unit_test(test_a_return_counts_by_its_own_day),
        cmocka_unit_test(test_what_no_plan_knows_is_neither_due_nor_reminded_of),
        cmocka_unit_test(test_the_same_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
