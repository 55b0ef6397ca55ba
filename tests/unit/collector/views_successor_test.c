/* tests/unit/collector/views_successor_test.c - bodies that end, and whoever takes over from them.
 *
 * As in views_duties_test.c each test is a short story told to a log. Here a change of the plan
 * ends a body and names its successor; the question is who owes what then, and who may bring it.
 */
#include "views_world.h"

#define TAKEN ESEP__V1__VERDICT__VERDICT_TAKEN
#define NOT_YOURS ESEP__V1__VERDICT__VERDICT_NOT_YOURS
#define CLOSED ESEP__V1__VERDICT__VERDICT_CLOSED

static void change_mid_year(Esep__V1__Plan *plan)
{
    /* Action 1 loses moh; action 2 ends a month earlier in 2014; akmola passes to moh in May. */
    plan->revision = 2;
    plan->actions[0]->executors[1] = plan->actions[0]->executors[2];
    plan->actions[0]->n_executors = 2;
    assert_int_equal(esep_day_parse("2014-02-28", &plan->actions[1]->windows[1]->end_day), ESEP_OK);
    assert_int_equal(esep_day_parse("2013-05-31", &plan->bodies[2]->valid_to_day), ESEP_OK);
    plan->bodies[2]->successor = plan->bodies[1]->code;
}

static void pass_akmola_to_moh(Esep__V1__Plan *plan)
{
    plan->revision = 2;
    assert_int_equal(esep_day_parse("2013-05-31", &plan->bodies[2]->valid_to_day), ESEP_OK);
    plan->bodies[2]->successor = plan->bodies[1]->code;
}

/* The plan changes as from 1 May: March stays as it was made, June and later change. */
static void test_plan_change_mid_year(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    const uint32_t moh = world_office(w, "moh");
    const uint64_t mail = views_office(w->views, moh)->mail_last;
    const uint32_t count = views_obligation_count(w->views);
    w->now = world_time("2013-04-02");
    world_plan(w, "2013-05-01", change_mid_year);
    assert_int_equal(views_office(w->views, moh)->mail_last, mail + 1);

    const struct views_obligation *march = world_duty(w, KEY_2_AKMOLA);
    assert_int_equal(march->plan_no, 0);
    assert_false(march->dropped);
    assert_int_equal(views_timeliness(w->views, march, w->now), ESEP_TIMELINESS_OVERDUE);
    assert_true(world_duty(w, KEY_1_AKMOLA)->dropped); /* due in June, when akmola is no more */
    assert_true(world_duty(w, "p/fulfilment/2/akmola/2014-01-01..2014-03-31")->dropped);
    const struct views_obligation *moved =
        world_duty(w, "p/fulfilment/2/moh/2014-01-01..2014-02-28");
    assert_int_equal(moved->plan_no, 1);
    assert_true(moved->number >= count);
    assert_int_equal(world_duty(w, KEY_1_MOJ)->plan_no, 1);
    /* moh: out by itself, in again as the successor of akmola. */
    assert_false(world_duty(w, KEY_1_MOH)->dropped);

    /* What is open passes to the successor, on the day; the old office may still bring its own. */
    assert_string_equal(views_owner(w->views, march, w->now), "akmola");
    assert_int_equal(world_plain_report(w, moh, KEY_2_AKMOLA), NOT_YOURS);
    w->now = world_time("2013-06-02");
    assert_string_equal(views_owner(w->views, march, w->now), "moh");
    assert_int_equal(world_plain_report(w, moh, KEY_2_AKMOLA), TAKEN);
    const struct world_report late = {
        .key = KEY_2_AKMOLA, .base_index = w->last_index, .fulfilment = 2, .percent = 100};
    assert_int_equal(world_report(w, akmola, &late), TAKEN);
    assert_int_equal(march->reports, 2);
}

/* The successor takes over what has begun, under its old name; nothing is asked for twice. */
static void test_what_has_begun_keeps_its_name(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    const uint32_t moh = world_office(w, "moh");
    const char *later = "p/fulfilment/2/akmola/2014-01-01..2014-03-31";
    assert_int_equal(world_plain_report(w, akmola, later), TAKEN);
    const uint64_t begun = w->last_index;
    w->now = world_time("2013-04-02");
    world_plan(w, "2013-05-01", pass_akmola_to_moh);
    const struct views_obligation *o = world_duty(w, later);
    assert_false(o->dropped);
    assert_null(views_obligation_by_key(w->views, "p/fulfilment/2/moh/2014-01-01..2014-03-31"));
    w->now = world_time("2013-06-02");
    const struct world_report more = {.key = later,
                                      .base_index = begun,
                                      .fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_EXECUTED,
                                      .percent = 100};
    assert_int_equal(world_report(w, moh, &more), TAKEN);
    assert_int_equal(o->head_count, 1);
}

/* The old body brings what its successor will owe; only what it executes. What it wrote before it
 * went may come when it has gone: the link was down, or it comes again after a restore. */
static void test_a_body_about_to_go(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    w->now = world_time("2013-04-02");
    world_plan(w, "2013-05-01", pass_akmola_to_moh);
    assert_int_equal(world_plain_report(w, akmola, KEY_1_AKMOLA), CLOSED);
    assert_int_equal(world_plain_report(w, akmola, KEY_1_MOH), TAKEN);
    assert_int_equal(world_plain_report(w, akmola, "p/annual/-/moh/2013-01-01..2013-12-31"),
                     NOT_YOURS);
    w->now = world_time("2013-06-02");
    assert_int_equal(world_plain_report(w, akmola, KEY_1_MOH), TAKEN);
    assert_int_equal(world_plain_report(w, akmola, "p/annual/-/moh/2013-01-01..2013-12-31"),
                     NOT_YOURS);
}

static void pass_akmola_through_moh_to_court(Esep__V1__Plan *plan)
{
    pass_akmola_to_moh(plan);
    assert_int_equal(esep_day_parse("2013-06-30", &plan->bodies[1]->valid_to_day), ESEP_OK);
    plan->bodies[1]->successor = plan->bodies[3]->code;
}

/* Whoever answered for it in between may still bring what it wrote; nobody may before its turn. */
static void test_a_body_in_between(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    const uint32_t court = world_office(w, "court");
    const uint32_t moj = world_office(w, "moj");
    w->now = world_time("2013-04-02");
    world_plan(w, "2013-05-01", pass_akmola_through_moh_to_court);
    w->now = world_time("2013-06-15");
    assert_int_equal(world_plain_report(w, court, KEY_2_AKMOLA), NOT_YOURS);
    assert_int_equal(world_plain_report(w, moh, KEY_2_AKMOLA), TAKEN);
    w->now = world_time("2013-07-01");
    assert_string_equal(views_owner(w->views, world_duty(w, KEY_2_AKMOLA), w->now), "court");
    assert_int_not_equal(world_plain_report(w, court, KEY_2_AKMOLA), NOT_YOURS);
    assert_int_not_equal(world_plain_report(w, moh, KEY_2_AKMOLA), NOT_YOURS);
    assert_int_equal(world_plain_report(w, moj, KEY_2_AKMOLA), NOT_YOURS);
}

#define NEXT_AKMOLA "p/fulfilment/2/akmola/2014-01-01..2014-03-31"
#define NEXT_COURT "p/fulfilment/2/court/2014-01-01..2014-03-31"
#define NEXT_MOH "p/fulfilment/2/moh/2014-01-01..2014-03-31"

static void merge_into_moh(Esep__V1__Plan *plan)
{
    pass_akmola_to_moh(plan);
    plan->bodies[3]->valid_to_day = plan->bodies[2]->valid_to_day;
    plan->bodies[3]->successor = plan->bodies[1]->code;
}

/* Several bodies may have one successor: what each has begun goes on. */
static void test_what_two_have_begun(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    const uint32_t court = world_office(w, "court");
    assert_int_equal(world_plain_report(w, akmola, NEXT_AKMOLA), TAKEN);
    assert_int_equal(world_plain_report(w, court, NEXT_COURT), TAKEN);
    w->now = world_time("2013-04-02");
    world_plan(w, "2013-05-01", merge_into_moh);
    assert_false(world_duty(w, NEXT_AKMOLA)->dropped);
    assert_false(world_duty(w, NEXT_COURT)->dropped);
    assert_null(views_obligation_by_key(w->views, NEXT_MOH));
}

/* Of two the one with no report yet is not asked for beside what stands for both. */
static void test_what_one_of_two_has_begun(void **state)
{
    struct world *w = *state;
    const uint32_t court = world_office(w, "court");
    assert_int_equal(world_plain_report(w, court, NEXT_COURT), TAKEN);
    w->now = world_time("2013-04-02");
    world_plan(w, "2013-05-01", merge_into_moh);
    assert_true(world_duty(w, NEXT_AKMOLA)->dropped);
    assert_false(world_duty(w, NEXT_COURT)->dropped);
    assert_null(views_obligation_by_key(w->views, NEXT_MOH));
}

/* What was begun is not lost where the successor owes the same itself: it answers for both. */
static void test_what_has_begun_stands_beside_the_heirs_own(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    const uint32_t moh = world_office(w, "moh");
    assert_int_equal(world_plain_report(w, akmola, KEY_1_AKMOLA), TAKEN);
    w->now = world_time("2013-04-02");
    world_plan(w, "2013-05-01", pass_akmola_to_moh);
    assert_false(world_duty(w, KEY_1_AKMOLA)->dropped);
    assert_int_equal(world_duty(w, KEY_1_AKMOLA)->plan_no, 0);
    assert_false(world_duty(w, KEY_1_MOH)->dropped);
    assert_int_equal(world_duty(w, KEY_1_MOH)->plan_no, 1);
    w->now = world_time("2013-06-02");
    const struct world_report more = {
        .key = KEY_1_AKMOLA, .base_index = w->last_index - 1, .fulfilment = 2, .percent = 100};
    assert_int_not_equal(world_report(w, moh, &more), CLOSED);
    assert_int_equal(world_plain_report(w, moh, KEY_1_MOH), TAKEN);
}

static void akmola_was_gone_in_march(Esep__V1__Plan *plan)
{
    pass_akmola_to_moh(plan);
    assert_int_equal(esep_day_parse("2013-03-15", &plan->bodies[2]->valid_to_day), ESEP_OK);
}

/* A change asks for nothing that was due before it. What is open beyond that day by an extension
 * alone has nothing to stand in its place, so it stays, and the successor answers for it. */
static void test_what_is_extended_stays(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_extend(w, KEY_2_AKMOLA, "2013-09-30"), ESEP_OK);
    w->now = world_time("2013-05-02");
    world_plan(w, "2013-05-01", akmola_was_gone_in_march);
    const struct views_obligation *o = world_duty(w, KEY_2_AKMOLA);
    assert_false(o->dropped);
    assert_string_equal(views_owner(w->views, o, w->now), "moh");
    assert_null(views_obligation_by_key(w->views, "p/fulfilment/2/moh/2013-01-01..2013-03-31"));
    assert_true(world_duty(w, NEXT_AKMOLA)->dropped); /* of this there is one in its place */
    assert_false(world_duty(w, NEXT_MOH)->dropped);
}

/* ... unless the successor's own is open beyond that day as well, and no report is lost with it. */
static void test_what_is_extended_passes_to_what_the_heir_has_open(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_extend(w, KEY_1_AKMOLA, "2013-09-30"), ESEP_OK);
    assert_int_equal(world_extend(w, KEY_1_MOH, "2013-09-30"), ESEP_OK);
    w->now = world_time("2013-07-02");
    world_plan(w, "2013-07-02", pass_akmola_to_moh);
    assert_true(world_duty(w, KEY_1_AKMOLA)->dropped);
    assert_false(world_duty(w, KEY_1_MOH)->dropped);
    assert_int_equal(world_duty(w, KEY_1_MOH)->plan_no, 1);
}

/* Where the successor's own was due in time, it is closed to the change and cannot stand for it. */
static void test_what_is_extended_does_not_pass_to_what_is_over(void **state)
{
    struct world *w = *state;
    assert_int_equal(world_extend(w, KEY_1_AKMOLA, "2013-09-30"), ESEP_OK);
    w->now = world_time("2013-07-02");
    world_plan(w, "2013-07-02", pass_akmola_to_moh);
    assert_false(world_duty(w, KEY_1_AKMOLA)->dropped);
    assert_int_equal(world_duty(w, KEY_1_MOH)->plan_no, 0);
}

/* What was handed over and is taken back is the first body's again; the report is still there. */
static void test_what_is_taken_back(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    const uint32_t moh = world_office(w, "moh");
    assert_int_equal(world_plain_report(w, akmola, NEXT_AKMOLA), TAKEN);
    w->now = world_time("2013-04-02");
    world_plan(w, "2013-05-01", pass_akmola_to_moh);
    assert_true(world_duty(w, KEY_1_AKMOLA)->dropped);
    world_plan(w, "2013-05-02", NULL);
    assert_false(world_duty(w, KEY_1_AKMOLA)->dropped);
    const struct views_obligation *o = world_duty(w, NEXT_AKMOLA);
    assert_int_equal(o->plan_no, 2);
    assert_int_equal(o->head_count, 1);
    w->now = world_time("2013-06-02");
    assert_string_equal(views_owner(w->views, o, w->now), "akmola");
    assert_int_equal(world_plain_report(w, moh, NEXT_AKMOLA), NOT_YOURS);
}

/* The hour of the entry decides, whatever came last before it: nothing at all, or much later. */
static void test_the_day_is_that_of_the_entry(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    w->now = world_time("2013-04-02");
    world_plan(w, "2013-05-01", pass_akmola_to_moh);
    w->now = world_time("2013-05-31T23:59:59+06:00");
    assert_int_equal(world_plain_report(w, moh, KEY_2_AKMOLA), NOT_YOURS);
    w->now = world_time("2013-06-01T00:00:00+06:00");
    assert_int_equal(world_plain_report(w, moh, KEY_2_AKMOLA), TAKEN);
    w->now = world_time("2013-05-31T12:00:00+06:00"); /* the collector's clock was set back */
    assert_int_equal(world_plain_report(w, moh, KEY_2_AKMOLA), NOT_YOURS);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        STORY(test_plan_change_mid_year),
        STORY(test_what_has_begun_keeps_its_name),
        STORY(test_a_body_about_to_go),
        STORY(test_a_body_in_between),
        STORY(test_what_two_have_begun),
        STORY(test_what_one_of_two_has_begun),
        STORY(test_what_has_begun_stands_beside_the_heirs_own),
        STORY(test_what_is_extended_stays),
        STORY(test_what_is_extended_passes_to_what_the_heir_has_open),
        STORY(test_what_is_extended_does_not_pass_to_what_is_over),
        STORY(test_what_is_taken_back),
        STORY(test_the_day_is_that_of_the_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
