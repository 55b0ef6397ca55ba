/* tests/unit/collector/views_duties_test.c - what a log says about who owes what and how it stands.
 *
 * Each test is a short story told to a log; the question is the state of the obligations after it.
 */
#include "views_world.h"

#include <stdio.h>

#define TAKEN ESEP__V1__VERDICT__VERDICT_TAKEN
#define CONFLICT ESEP__V1__VERDICT__VERDICT_CONFLICT

static Esep__V1__Verdict report_on(struct world *w, uint32_t office, uint64_t base,
                                   uint64_t settles, int percent)
{
    const struct world_report report = {.key = KEY_1_MOH,
                                        .base_index = base,
                                        .settles = settles,
                                        .fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_PARTLY,
                                        .percent = percent};
    return world_report(w, office, &report);
}

/* Kind, body, due and role of everything the plan asks for. */
static void test_a_plan_makes_its_obligations(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *key, *due;
        Esep__V1__Role role;
        bool agreed;
    } golden[] = {
        {KEY_1_MOJ, "2013-06-30T23:59:59+06:00", ESEP__V1__ROLE__ROLE_LEAD, false},
        {KEY_1_MOH, "2013-06-30T23:59:59+06:00", ESEP__V1__ROLE__ROLE_CO_EXECUTOR, false},
        {KEY_1_AKMOLA, "2013-06-30T23:59:59+06:00", ESEP__V1__ROLE__ROLE_CO_EXECUTOR, false},
        {KEY_2_AKMOLA, "2013-03-31T23:59:59+06:00", ESEP__V1__ROLE__ROLE_LEAD, false},
        {KEY_2_COURT, "2013-03-31T23:59:59+06:00", ESEP__V1__ROLE__ROLE_CO_EXECUTOR, true},
        {"p/annual/-/moh/2013-01-01..2013-12-31", "2014-01-20T23:59:59+06:00",
         ESEP__V1__ROLE__ROLE_LEAD, false},
        {"p/consolidated/-/moj/2014-01-01..2014-12-31", "2015-02-10T23:59:59+06:00",
         ESEP__V1__ROLE__ROLE_LEAD, false},
    };
    assert_int_equal(views_obligation_count(w->views), 3 + 2 * 2 + 4 * 2 + 2);
    for (size_t i = 0; i < sizeof(golden) / sizeof(*golden); i++) {
        const struct views_obligation *o = world_duty(w, golden[i].key);
        assert_int_equal(o->due, world_time(golden[i].due));
        assert_int_equal(o->made.role, golden[i].role);
        assert_int_equal(o->made.upon_agreement, golden[i].agreed);
        assert_int_equal(o->submission, ESEP_SUBMISSION_NONE);
        assert_int_equal(o->percent, -1);
        assert_int_equal(views_came(w->views, o), ESEP_TIME_NEVER);
        assert_ptr_equal(views_obligation(w->views, o->number), o);
    }
}

static void test_verdicts(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    const struct views_office *office = views_office(w->views, moh);
    const uint64_t mail = office->mail_last;

    assert_int_equal(world_plain_report(w, moh, KEY_1_MOH), TAKEN);
    const uint64_t first = w->last_index;
    assert_int_equal(office->mail_last, mail); /* a receipt says so; no mail */
    assert_int_equal(world_garbage(w, moh), ESEP__V1__VERDICT__VERDICT_MALFORMED);
    assert_int_equal(world_plain_report(w, moh, "p/fulfilment/9/moh/2013-01-01..2013-06-30"),
                     ESEP__V1__VERDICT__VERDICT_UNKNOWN_OBLIGATION);
    assert_int_equal(world_plain_report(w, moh, KEY_1_MOJ), ESEP__V1__VERDICT__VERDICT_NOT_YOURS);
    assert_int_equal(world_control(w, KEY_1_MOH, true), ESEP_OK);
    assert_int_equal(report_on(w, moh, first, 0, 50), ESEP__V1__VERDICT__VERDICT_CLOSED);
    assert_int_equal(world_control(w, KEY_1_MOH, true), ESEP_INVALID);
    assert_int_equal(world_control(w, KEY_1_MOH, false), ESEP_OK);
    assert_int_equal(report_on(w, moh, first, 0, 50), TAKEN);

    assert_int_equal(office->refused_entries, 4);
    assert_int_equal(office->mail_last, mail + 4 + 2); /* each refusal, each control */
    assert_int_equal(world_duty(w, KEY_1_MOH)->reports, 2);
    assert_int_equal(world_duty(w, KEY_1_MOH)->percent, 50);
    assert_int_equal(world_duty(w, KEY_1_MOH)->control, ESEP_CONTROL_RESTORED);
    world_cut(w);
    assert_int_equal(world_count(&w->table, 'R'), 6);
}

/* What an entry names may be unknown, garbled by a liar, or an entry of quite another kind: that is
 * never a reason to refuse it (rule 1 of docs/adr/0007). */
static void test_an_unknown_name_is_never_refused(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    const uint64_t mail = views_office(w->views, moh)->mail_last;
    for (uint64_t i = 0; i < 40; i++)
        assert_int_equal(report_on(w, moh, 1000 + 2 * i, 1001 + 2 * i, (int)i), TAKEN);
    assert_int_equal(report_on(w, moh, 1, 2, 50), TAKEN); /* the plan, the office's enrolment */
    assert_int_equal(world_withdraw(w, moh, KEY_1_MOH, 5000), TAKEN);
    assert_int_equal(world_withdraw(w, moh, KEY_1_MOH, 1), TAKEN);
    assert_int_equal(o->head_count, 1);
    assert_int_equal(o->percent, 50);
    assert_int_equal(o->reports, 41);
    assert_int_equal(views_office(w->views, moh)->refused_entries, 0);
    assert_int_equal(views_office(w->views, moh)->mail_last, mail);
}

static void test_a_long_line_of_revisions(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    for (int i = 0; i < 20; i++)
        assert_int_equal(report_on(w, moh, i == 0 ? 0 : w->last_index, 0, i), TAKEN);
    assert_int_equal(o->head_count, 1);
    assert_int_equal(o->reports, 20);
    assert_int_equal(o->percent, 19);
}

/* Two agents of one body build on the same revision: both stay, both are told, one settles. */
static void test_conflict_and_its_settlement(void **state)
{
    struct world *w = *state;
    const uint32_t one = world_office(w, "moh");
    const uint32_t two = world_office(w, "moh");
    assert_int_equal(report_on(w, one, 0, 0, 10), TAKEN);
    const uint64_t base = w->last_index;
    assert_int_equal(report_on(w, one, base, 0, 20), TAKEN);
    const uint64_t left = w->last_index;
    const uint64_t mail_one = views_office(w->views, one)->mail_last;
    const uint64_t mail_two = views_office(w->views, two)->mail_last;
    assert_int_equal(report_on(w, two, base, 0, 30), CONFLICT);
    const uint64_t right = w->last_index;

    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    assert_int_equal(o->head_count, 2);
    assert_int_equal(o->heads[0].index, left);
    assert_int_equal(o->heads[1].index, right);
    const struct esep_hash content = world_content(w, right);
    assert_memory_equal(&o->heads[1].content, &content, sizeof content);
    assert_int_equal(views_office(w->views, one)->mail_last, mail_one + 1);
    assert_int_equal(views_office(w->views, two)->mail_last, mail_two + 1);

    /* Going on without settling keeps the conflict, and raises no new one. */
    assert_int_equal(report_on(w, two, right, 0, 35), TAKEN);
    const uint64_t right2 = w->last_index;
    assert_int_equal(o->head_count, 2);
    assert_int_equal(world_review(w, KEY_1_MOH, right2, true, NULL), ESEP_OK);
    assert_false(o->verified); /* not while another stands beside it */

    assert_int_equal(report_on(w, one, left, right2, 50), TAKEN);
    assert_int_equal(o->head_count, 1);
    assert_int_equal(o->percent, 50);
    assert_int_equal(o->submission, ESEP_SUBMISSION_RECEIVED);

    /* Withdrawing the settlement brings the conflict back as it was. */
    assert_int_equal(world_withdraw(w, one, KEY_1_MOH, w->last_index), TAKEN);
    assert_int_equal(o->head_count, 2);
    assert_int_equal(o->heads[0].index, left);
    assert_int_equal(o->heads[1].index, right2);
    assert_int_equal(o->heads[1].submission, ESEP_SUBMISSION_ACCEPTED);
}

/* An office knows its own reports: without a base its next one is no conflict with itself. */
static void test_an_office_cannot_conflict_with_itself(void **state)
{
    struct world *w = *state;
    const uint32_t one = world_office(w, "moh");
    const uint32_t two = world_office(w, "moh");
    for (int i = 0; i < 5; i++)
        assert_int_equal(report_on(w, one, 0, 0, i), TAKEN);
    assert_int_equal(report_on(w, two, 0, 0, 50), CONFLICT);
    for (int i = 0; i < 5; i++)
        assert_int_equal(report_on(w, two, 0, 0, 50 + i), TAKEN);
    assert_int_equal(world_duty(w, KEY_1_MOH)->head_count, 2);
}

/* More agents than can be listed: all are counted, and one revision settles the lot. */
static void test_many_heads(void **state)
{
    struct world *w = *state;
    uint64_t heads[VIEWS_HEADS_MAX + 3];
    uint32_t last = 0;
    for (size_t i = 0; i < VIEWS_HEADS_MAX + 3; i++) {
        last = world_office(w, "moh");
        assert_int_equal(report_on(w, last, 0, 0, (int)i),
                         i == 0 || i > VIEWS_HEADS_MAX ? TAKEN : CONFLICT);
        heads[i] = w->last_index;
    }
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    assert_int_equal(o->head_count, VIEWS_HEADS_MAX + 3);

    /* Those beyond the list cannot flood everybody's mailbox with the same conflict. */
    const uint64_t mail = views_office(w->views, 1)->mail_last;
    for (int i = 0; i < 10; i++)
        assert_int_equal(report_on(w, last, 0, 0, i), TAKEN);
    assert_int_equal(views_office(w->views, 1)->mail_last, mail);
    for (size_t i = 0; i + 1 < VIEWS_HEADS_MAX; i++)
        (void)report_on(w, last, heads[i], heads[i + 1], 90);
    assert_int_equal(report_on(w, last, w->last_index, heads[VIEWS_HEADS_MAX - 1], 99), TAKEN);
    assert_int_equal(o->head_count, 1);
    assert_int_equal(o->percent, 99);
}

static void test_an_agent_long_offline_is_believed(void **state)
{
    struct world *w = *state;
    const uint32_t one = world_office(w, "moh");
    const uint32_t two = world_office(w, "moh");
    assert_int_equal(report_on(w, one, 0, 0, 1), TAKEN);
    const uint64_t first = w->last_index;
    for (int i = 0; i < 12; i++)
        assert_int_equal(report_on(w, one, w->last_index, 0, i), TAKEN);
    assert_int_equal(report_on(w, two, first, 0, 77), CONFLICT);
}

static void test_withdrawal(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    assert_int_equal(report_on(w, moh, 0, 0, 10), TAKEN);
    const uint64_t first = w->last_index;
    assert_int_equal(world_review(w, KEY_1_MOH, first, true, NULL), ESEP_OK);
    assert_true(o->verified);
    assert_int_equal(report_on(w, moh, first, 0, 20), TAKEN);
    assert_false(o->verified);
    assert_int_equal(world_withdraw(w, moh, KEY_1_MOH, w->last_index), TAKEN);
    assert_int_equal(o->percent, 10); /* the accepted one stands again */
    assert_true(o->verified);
    assert_int_equal(world_withdraw(w, moh, KEY_1_MOH, first), TAKEN);
    assert_int_equal(o->submission, ESEP_SUBMISSION_WITHDRAWN);
    assert_int_equal(o->head_count, 0);
    assert_int_equal(views_came(w->views, o), ESEP_TIME_NEVER);
    assert_int_equal(world_withdraw(w, moh, KEY_1_MOH, first), TAKEN); /* once more: no harm */
    w->now = world_time("2013-07-05");
    assert_int_equal(report_on(w, moh, 0, 0, 30), TAKEN);
    assert_int_equal(views_came(w->views, o), w->now);
    assert_int_equal(views_timeliness(w->views, o, w->now), ESEP_TIMELINESS_LATE);
}

/* Of two that built on one revision the first is withdrawn: the other still stands on it. */
static void test_withdrawal_of_one_side(void **state)
{
    struct world *w = *state;
    const uint32_t one = world_office(w, "moh");
    const uint32_t two = world_office(w, "moh");
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    assert_int_equal(report_on(w, one, 0, 0, 10), TAKEN);
    const uint64_t base = w->last_index;
    assert_int_equal(report_on(w, two, base, 0, 20), TAKEN);
    const uint64_t first = w->last_index;
    assert_int_equal(report_on(w, one, base, 0, 30), CONFLICT);
    assert_int_equal(world_withdraw(w, two, KEY_1_MOH, first), TAKEN);
    assert_int_equal(o->head_count, 1);
    assert_int_equal(o->percent, 30);
    /* With the other side gone too, what both had built on stands again. */
    assert_int_equal(world_withdraw(w, one, KEY_1_MOH, w->last_index - 1), TAKEN);
    assert_int_equal(o->head_count, 1);
    assert_int_equal(o->heads[0].index, base);
    assert_int_equal(o->percent, 10);
}

static void test_return_keeps_the_first_hour(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    w->now = world_time("2013-06-29");
    const esep_time first = w->now;
    assert_int_equal(world_plain_report(w, moh, KEY_1_MOH), TAKEN);
    const uint64_t index = w->last_index;
    assert_ptr_equal(views_obligation_by_head(w->views, index), o);
    const uint64_t mail = views_office(w->views, moh)->mail_last;
    w->now = world_time("2013-07-10");
    assert_int_equal(world_review(w, KEY_1_MOH, index, false, "2013-07-20"), ESEP_OK);
    assert_int_equal(views_office(w->views, moh)->mail_last, mail + 1);
    assert_int_equal(o->submission, ESEP_SUBMISSION_RETURNED);
    assert_int_not_equal(o->again_by, ESEP_DAY_NONE);
    w->now = world_time("2013-07-18");
    assert_int_equal(report_on(w, moh, index, 0, 100), TAKEN);
    assert_int_equal(o->submission, ESEP_SUBMISSION_RECEIVED);
    assert_int_equal(o->again_by, ESEP_DAY_NONE);
    assert_int_equal(views_came(w->views, o), first);
    assert_int_equal(views_timeliness(w->views, o, w->now), ESEP_TIMELINESS_ON_TIME);
    assert_int_equal(world_review(w, KEY_1_MOH, index, true, NULL), ESEP_INVALID); /* superseded */
}

static void test_accepted_co_executors_flow_to_the_lead(void **state)
{
    struct world *w = *state;
    const uint32_t moj = world_office(w, "moj");
    const uint32_t moh = world_office(w, "moh");
    const uint64_t mail = views_office(w->views, moj)->mail_last;
    assert_int_equal(world_plain_report(w, moh, KEY_1_MOH), TAKEN);
    const uint64_t index = w->last_index;
    assert_int_equal(views_office(w->views, moj)->mail_last, mail);
    assert_int_equal(world_review(w, KEY_1_MOH, index, true, NULL), ESEP_OK);
    assert_int_equal(world_review(w, KEY_1_MOH, index, true, NULL), ESEP_OK); /* said again */
    assert_int_equal(views_office(w->views, moj)->mail_last, mail + 1);
    world_cut(w);
    uint8_t key[13] = {'M', 0, 0, 0, (uint8_t)moj};
    esep_be64_put(key + 5, mail + 1);
    bool found = false;
    for (size_t i = 0; i < w->table.count; i++) {
        if (memcmp(w->table.rows[i].key, key, sizeof(key)) == 0) {
            assert_int_equal(esep_be64(w->table.rows[i].value), index); /* the report itself */
            found = true;
        }
    }
    assert_true(found);
}

/* An office that comes later has them in its mailbox from the start: all, in the log's order, and
 * no office of another body. What was sent back since is not among them. */
static void test_accepted_reports_wait_for_a_late_lead(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    assert_int_equal(world_plain_report(w, moh, KEY_1_MOH), TAKEN);
    const uint64_t index = w->last_index;
    const uint64_t before = views_office(w->views, world_office(w, "moj"))->mail_last;
    assert_int_equal(world_review(w, KEY_1_MOH, index, true, NULL), ESEP_OK);
    const uint32_t late = world_office(w, "moj");
    assert_int_equal(views_office(w->views, late)->mail_last, before + 1); /* beside the plan */
    world_cut(w);
    uint8_t key[13] = {'M', 0, 0, 0, (uint8_t)late};
    esep_be64_put(key + 5, before + 1);
    uint64_t found = 0;
    for (size_t i = 0; i < w->table.count; i++)
        if (memcmp(w->table.rows[i].key, key, sizeof(key)) == 0)
            found = esep_be64(w->table.rows[i].value);
    assert_int_equal(found, index);
    assert_int_equal(views_office(w->views, world_office(w, "moh"))->mail_last, before);
    assert_int_equal(world_review(w, KEY_1_MOH, index, false, NULL), ESEP_OK);
    assert_int_equal(views_office(w->views, world_office(w, "moj"))->mail_last, before);
}

static void test_extension_keeps_the_original_date(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    assert_int_equal(world_ask(w, moh, KEY_1_MOH), TAKEN);
    assert_int_equal(o->control, ESEP_CONTROL_EXTENSION_ASKED);
    assert_int_equal(world_extend(w, KEY_1_MOH, NULL), ESEP_OK);
    assert_int_equal(o->control, ESEP_CONTROL_EXTENSION_REFUSED);
    assert_int_equal(world_extend(w, KEY_1_MOH, "2013-05-01"), ESEP_INVALID); /* shortens */
    assert_int_equal(world_extend(w, "p/nothing", "2013-09-30"), ESEP_INVALID);
    assert_int_equal(world_extend(w, KEY_1_MOH, "2013-09-30"), ESEP_OK);
    assert_int_equal(o->control, ESEP_CONTROL_EXTENDED);
    assert_int_equal(o->due, world_time("2013-09-30T23:59:59+06:00"));
    assert_int_equal(o->made.due, world_time("2013-06-30T23:59:59+06:00"));
    w->now = world_time("2013-09-15");
    assert_int_equal(views_timeliness(w->views, o, w->now), ESEP_TIMELINESS_DUE_SOON);
    assert_int_equal(world_plain_report(w, moh, KEY_1_MOH), TAKEN);
    assert_int_equal(views_timeliness(w->views, o, w->now), ESEP_TIMELINESS_ON_TIME);
}

static void second_plan(Esep__V1__Plan *plan)
{
    static char id[] = "q";
    plan->id = id;
}

static void third_revision(Esep__V1__Plan *plan)
{
    plan->revision = 3;
}

static void test_several_plans_and_current_ones_by_mail(void **state)
{
    struct world *w = *state;
    const uint32_t count = views_obligation_count(w->views);
    world_plan(w, NULL, second_plan);
    world_plan(w, "2013-01-06", third_revision);
    assert_int_equal(views_plan_count(w->views), 3);
    assert_int_equal(views_obligation_count(w->views), 2 * count);
    assert_int_equal(world_duty(w, KEY_1_MOH)->plan_no, 2);
    const uint32_t moh = world_office(w, "moh");
    assert_int_equal(views_office(w->views, moh)->mail_last, 2); /* q, and p as it is now */
    const uint32_t stranger = world_office(w, "elsewhere");
    assert_int_equal(views_office(w->views, stranger)->mail_last, 0);
}

static void no_such_zone(Esep__V1__Plan *plan)
{
    static char zone[] = "nowhere";
    plan->zone = zone;
}

/* A bound or a plan that does not fit leaves everything as it was. */
static void test_what_does_not_fit_changes_nothing(void **state)
{
    struct world *w = *state;
    Esep__V1__PlanChange entry;
    const Esep__V1__Plan *plan = views_plan(w->views, 0);
    Esep__V1__Plan bad = *plan;
    uint8_t packed[16384];
    no_such_zone(&bad);
    esep__v1__plan_change__init(&entry);
    entry.plan.data = packed;
    entry.plan.len = protobuf_c_message_pack(&bad.base, packed);
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN};
    assert_int_equal(world_try(w, &leaf, &entry.base), ESEP_INVALID);
    entry.plan.len = 5;
    assert_int_not_equal(world_try(w, &leaf, &entry.base), ESEP_OK);
    while (views_plan_count(w->views) < world_limits.plans_max)
        world_plan(w, "2013-01-06", third_revision);
    entry.plan.len = protobuf_c_message_pack(&plan->base, packed);
    assert_int_equal(world_try(w, &leaf, &entry.base), ESEP_LIMIT);
    world_cut(w);
    struct world_table table = {.rows = NULL};
    (void)table;
    assert_int_equal(world_count(&w->table, 'P'), world_limits.plans_max);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        STORY(test_a_plan_makes_its_obligations),
        STORY(test_verdicts),
        STORY(test_an_unknown_name_is_never_refused),
        STORY(test_a_long_line_of_revisions),
        STORY(test_conflict_and_its_settlement),
        STORY(test_an_office_cannot_conflict_with_itself),
        STORY(test_many_heads),
        STORY(test_an_agent_long_offline_is_believed),
        STORY(test_withdrawal),
        STORY(test_withdrawal_of_one_side),
        STORY(test_return_keeps_the_first_hour),
        STORY(test_accepted_co_executors_flow_to_the_lead),
        STORY(test_accepted_reports_wait_for_a_late_lead),
        STORY(test_extension_keeps_the_original_date),
        STORY(test_several_plans_and_current_ones_by_mail),
        STORY(test_what_does_not_fit_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
