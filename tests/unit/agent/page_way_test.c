/* tests/unit/agent/page_way_test.c - does a report's way say what is certain, in an order that a
 * reader can trust, whatever is known of it?
 */
#include "agent/page/way.h"
#include "tests/unit/io/unit.h"

#include <string.h>

static struct page_step steps[PAGE_STEPS];

static const struct page_step *step(const char *name)
{
    for (size_t i = 0; i < PAGE_STEPS; i++)
        if (strcmp(steps[i].name, name) == 0)
            return &steps[i];
    fail_msg("no step %s", name);
    return &steps[0];
}

static void walk(const struct page_facts *facts)
{
    memset(steps, 0, sizeof steps);
    page_way(facts, steps);
}

static void test_as_it_goes(void **state)
{
    static const char *const order[PAGE_STEPS] = {
        "saved", "committed", "sent", "received", "evidence_complete", "under_review", "accepted"};
    struct page_facts facts = {.saved_at = 10, .seq = 4, .files_total = 2, .files_left = 2};
    (void)state;
    walk(&facts);
    for (size_t i = 0; i < PAGE_STEPS; i++) {
        assert_string_equal(steps[i].name, order[i]);
        assert_int_equal(steps[i].reached, i == 0);
        assert_int_equal(steps[i].files, i == 4);
    }
    assert_int_equal(steps[0].at, 10);
    assert_int_equal(steps[0].number, 4);
    assert_true(steps[0].our_time);
    facts.promised = facts.sent = facts.received = true;
    facts.promised_at = 20;
    facts.promise_index = 7;
    facts.received_at = 30;
    facts.report_index = 8;
    facts.files_left = 1;
    walk(&facts);
    assert_true(step("received")->reached);
    assert_int_equal(step("received")->number, 8);
    assert_int_equal(step("committed")->at, 20);
    assert_false(step("committed")->our_time);
    assert_false(step("evidence_complete")->reached);
    assert_false(step("under_review")->reached); /* not while a file of it is on its way */
    facts.files_left = 0;
    facts.files_at = 40;
    facts.files_index = 9;
    walk(&facts);
    assert_int_equal(step("evidence_complete")->at, 40);
    assert_int_equal(step("evidence_complete")->number, 9);
    assert_true(step("under_review")->reached);
    assert_false(step("accepted")->reached);
}

/* The commission may decide before it has every file: then these are still ahead, and last. */
static void test_decided_before_the_files_came(void **state)
{
    const struct page_facts facts = {.seq = 1,
                                     .received = true,
                                     .files_total = 3,
                                     .files_left = 1,
                                     .files_at = 99,
                                     .decision = PAGE_ACCEPTED,
                                     .decided_at = 50};
    (void)state;
    walk(&facts);
    assert_string_equal(steps[PAGE_STEPS - 1].name, "evidence_complete");
    assert_false(steps[PAGE_STEPS - 1].reached);
    assert_int_equal(steps[PAGE_STEPS - 1].at, 0);
    assert_true(step("under_review")->reached);
    assert_true(step("accepted")->reached);
    assert_int_equal(step("accepted")->at, 50);
}

static void test_a_decision_outlives_its_receipt(void **state)
{
    const struct page_facts facts = {.seq = 1, .decision = PAGE_RETURNED};
    (void)state;
    walk(&facts);
    for (size_t i = 0; i < PAGE_STEPS; i++)
        assert_true(steps[i].reached);
    assert_string_equal(steps[PAGE_STEPS - 1].name, "returned");
}

static void test_reached_comes_before_ahead(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 3 * 32; bits++) {
        const struct page_facts facts = {.seq = 1,
                                         .promised = (bits & 1) != 0,
                                         .sent = (bits & 2) != 0,
                                         .received = (bits & 4) != 0,
                                         .files_total = 1,
                                         .files_left = (bits & 8) != 0,
                                         .decision = (enum page_decision)(bits / 32)};
        walk(&facts);
        for (size_t i = 1; i < PAGE_STEPS; i++)
            assert_true(steps[i - 1].reached || !steps[i].reached);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_it_goes),
        cmocka_unit_test(test_decided_before_the_files_came),
        cmocka_unit_test(test_a_decision_outlives_its_receipt),
        cmocka_unit_test(test_reached_comes_before_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
