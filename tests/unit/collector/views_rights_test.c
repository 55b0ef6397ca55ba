/* tests/unit/collector/views_rights_test.c - what an office may report for: bodies beside its own,
 * plans, and all of it taken back.
 *
 * Stories as in views_duties_test.c. The plan has two districts below akmola here, which owe the
 * annual information and help with action 1 as everybody does.
 */
#include "views_world.h"

#include <stdio.h>

#define TAKEN ESEP__V1__VERDICT__VERDICT_TAKEN
#define CONFLICT ESEP__V1__VERDICT__VERDICT_CONFLICT
#define NOT_YOURS ESEP__V1__VERDICT__VERDICT_NOT_YOURS
#define ANNUAL(body) "p/annual/-/" body "/2013-01-01..2013-12-31"

/* protobuf-c's strings are not const, and packing does not write. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static void add_districts(Esep__V1__Plan *plan)
{
    static Esep__V1__Body bodies[6];
    static Esep__V1__Body *list[6];
    for (size_t i = 0; i < 6; i++) {
        if (i < 4)
            bodies[i] = *plan->bodies[i];
        else
            esep__v1__body__init(&bodies[i]);
        list[i] = &bodies[i];
    }
    bodies[4].code = text("akmola-1");
    bodies[5].code = text("akmola-2");
    bodies[4].parent = bodies[5].parent = text("akmola");
    bodies[4].kind = bodies[5].kind = ESEP__V1__BODY_KIND__BODY_KIND_DISTRICT;
    plan->bodies = list;
    plan->n_bodies = 6;
}

static void be_another_plan(Esep__V1__Plan *plan)
{
    add_districts(plan);
    plan->id = text("q");
}

static void hand_akmola_1_over(Esep__V1__Plan *plan)
{
    add_districts(plan);
    plan->revision = 2;
    plan->bodies[4]->valid_to_day = world_day("2013-05-31");
    plan->bodies[4]->successor = text("akmola-2");
}

static int setup(void **state)
{
    static struct world w;
    world_start(&w, "2013-01-05");
    world_plan(&w, NULL, add_districts);
    *state = &w;
    return 0;
}

struct said {
    const char *bodies[VIEWS_RIGHT_BODIES_MAX + 1];
    const char *plans[VIEWS_RIGHT_PLANS_MAX + 1];
};

static enum esep_status try_rights(struct world *w, uint32_t office, const struct said *said)
{
    Esep__V1__OfficeRights rights = ESEP__V1__OFFICE_RIGHTS__INIT;
    char *bodies[VIEWS_RIGHT_BODIES_MAX + 1];
    char *plans[VIEWS_RIGHT_PLANS_MAX + 1];
    const struct esep_leaf leaf = {
        .type = ESEP__V1__LOG_TYPE__LOG_TYPE_RIGHTS, .office = office, .accepted_at = w->now};
    for (size_t i = 0; i < VIEWS_RIGHT_BODIES_MAX + 1 && said->bodies[i] != NULL; i++)
        bodies[rights.n_bodies++] = text(said->bodies[i]);
    for (size_t i = 0; i < VIEWS_RIGHT_PLANS_MAX + 1 && said->plans[i] != NULL; i++)
        plans[rights.n_plans++] = text(said->plans[i]);
    rights.office = office;
    rights.bodies = bodies;
    rights.plans = plans;
    rights.actor = text("operator");
    return world_try(w, &leaf, &rights.base);
}

static void give(struct world *w, uint32_t office, struct said said)
{
    assert_int_equal(try_rights(w, office, &said), ESEP_OK);
}

/* The log index of the office's letter of that number; 0: there is none. */
static uint64_t letter(struct world *w, uint32_t office, uint64_t number)
{
    world_cut(w);
    for (size_t i = 0; i < w->table.count; i++) {
        const struct world_row *row = &w->table.rows[i];
        if (row->key[0] == 'M' && esep_be32(row->key + 1) == office &&
            esep_be64(row->key + 5) == number)
            return esep_be64(row->value);
    }
    return 0;
}

static void test_a_district_is_carried_and_given_back(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    assert_int_equal(world_plain_report(w, akmola, ANNUAL("akmola-1")), NOT_YOURS);
    give(w, akmola, (struct said){.bodies = {"akmola-1"}});
    assert_int_equal(views_office(w->views, akmola)->rights.index, w->last_index);
    assert_int_equal(world_plain_report(w, akmola, ANNUAL("akmola-1")), TAKEN);
    assert_int_equal(world_plain_report(w, akmola, ANNUAL("akmola")), TAKEN);
    assert_int_equal(world_plain_report(w, akmola, ANNUAL("akmola-2")), NOT_YOURS);
    assert_int_equal(world_ask(w, akmola, ANNUAL("akmola-1")), TAKEN);
    give(w, akmola, (struct said){.bodies = {"akmola-2"}});
    assert_int_equal(world_plain_report(w, akmola, ANNUAL("akmola-1")), NOT_YOURS);
    assert_int_equal(world_withdraw(w, akmola, ANNUAL("akmola-1"), 4), NOT_YOURS);
    assert_int_equal(world_plain_report(w, akmola, ANNUAL("akmola-2")), TAKEN);
    give(w, akmola, (struct said){.bodies = {NULL}});
    assert_int_equal(world_plain_report(w, akmola, ANNUAL("akmola-2")), NOT_YOURS);
    assert_int_equal(world_plain_report(w, akmola, ANNUAL("akmola")), TAKEN);
    /* What was taken while it could stands. */
    assert_int_equal(world_duty(w, ANNUAL("akmola-1"))->head_count, 1);
    assert_int_equal(world_duty(w, ANNUAL("akmola-2"))->head_count, 1);
    assert_int_equal(views_office(w->views, akmola)->refused_entries, 5);
}

static void test_only_these_plans(void **state)
{
    struct world *w = *state;
    world_plan(w, NULL, be_another_plan);
    const uint32_t moh = world_office(w, "moh");
    give(w, moh, (struct said){.plans = {"q"}});
    assert_int_equal(world_plain_report(w, moh, ANNUAL("moh")), NOT_YOURS);
    assert_int_equal(world_plain_report(w, moh, "q/annual/-/moh/2013-01-01..2013-12-31"), TAKEN);
    /* A plan that it may not report on is nothing to it. */
    const uint64_t mail = views_office(w->views, moh)->mail_last;
    world_plan(w, "2013-02-01", add_districts);
    assert_int_equal(world_extend(w, KEY_1_MOH, "2013-07-31"), ESEP_OK);
    assert_int_equal(views_office(w->views, moh)->mail_last, mail);
    world_plan(w, "2013-02-01", be_another_plan);
    assert_int_equal(views_office(w->views, moh)->mail_last, mail + 1);
    /* Given back: it is told, and gets the plan and the extension that it missed. */
    give(w, moh, (struct said){.plans = {NULL}});
    const uint64_t rights = w->last_index;
    assert_int_equal(views_office(w->views, moh)->mail_last, mail + 4);
    assert_int_equal(letter(w, moh, mail + 2), rights);
    assert_int_equal(letter(w, moh, mail + 3), rights - 3);
    assert_int_equal(letter(w, moh, mail + 4), rights - 2);
    assert_int_equal(world_plain_report(w, moh, KEY_1_MOH), TAKEN);
}

/* Whoever carries a body gets its mail, once, be it of two bodies. */
static void test_mail_of_all_that_it_carries(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    const uint32_t district = world_office(w, "akmola-1");
    const struct views_office *office = views_office(w->views, akmola);
    give(w, akmola, (struct said){.bodies = {"akmola-1", "akmola-2"}});
    uint64_t mail = office->mail_last;
    assert_int_equal(world_extend(w, ANNUAL("akmola-2"), "2014-03-01"), ESEP_OK);
    assert_int_equal(office->mail_last, ++mail);
    /* The district's own office and this one: either may write, and both hear of the conflict. */
    const uint64_t its = views_office(w->views, district)->mail_last;
    assert_int_equal(world_plain_report(w, district, ANNUAL("akmola-1")), TAKEN);
    assert_int_equal(world_plain_report(w, akmola, ANNUAL("akmola-1")), CONFLICT);
    assert_int_equal(office->mail_last, ++mail);
    assert_int_equal(views_office(w->views, district)->mail_last, its + 1);
    /* One body succeeds the other, and this office carries both. */
    world_plan(w, "2013-05-01", hand_akmola_1_over);
    assert_int_equal(office->mail_last, ++mail);
    w->now = world_time("2013-06-02");
    assert_int_equal(world_control(w, ANNUAL("akmola-1"), true), ESEP_OK);
    assert_int_equal(office->mail_last, ++mail);
}

/* Who carries a successor may bring what passed to it; who handed over, what it wrote. */
static void test_what_passed_to_a_carried_body(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    give(w, akmola, (struct said){.bodies = {"akmola-2"}});
    assert_int_equal(world_plain_report(w, akmola, ANNUAL("akmola-1")), NOT_YOURS);
    const uint32_t district = world_office(w, "akmola-1");
    assert_int_equal(world_plain_report(w, district, ANNUAL("akmola-1")), TAKEN);
    world_plan(w, "2013-05-01", hand_akmola_1_over);
    w->now = world_time("2013-06-02");
    assert_int_equal(world_plain_report(w, akmola, ANNUAL("akmola-1")), CONFLICT);
}

/* One office writes the lead's report and its helper's: two reports of two bodies, no conflict. */
static void test_lead_and_helper_in_one_office(void **state)
{
    struct world *w = *state;
    const uint32_t moj = world_office(w, "moj");
    const struct views_office *office = views_office(w->views, moj);
    give(w, moj, (struct said){.bodies = {"moh", "akmola"}});
    const uint64_t mail = office->mail_last;
    assert_int_equal(world_plain_report(w, moj, KEY_1_MOH), TAKEN);
    const uint64_t helpers = w->last_index;
    assert_int_equal(world_plain_report(w, moj, KEY_1_MOJ), TAKEN);
    assert_int_equal(world_plain_report(w, moj, KEY_1_MOJ), TAKEN);
    assert_int_equal(world_duty(w, KEY_1_MOH)->head_count, 1);
    assert_int_equal(world_duty(w, KEY_1_MOJ)->head_count, 1);
    /* Accepted, it comes to the lead as every helper's does: review and report, once each. */
    assert_int_equal(world_review(w, KEY_1_MOH, helpers, true, NULL), ESEP_OK);
    assert_int_equal(office->mail_last, mail + 2);
    assert_int_equal(letter(w, moj, mail + 2), helpers);
}

/* What helpers had accepted before comes to an office that carries the lead from now on. */
static void test_the_lead_is_given_later(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    const uint32_t court = world_office(w, "court");
    const struct views_office *office = views_office(w->views, court);
    assert_int_equal(world_plain_report(w, moh, KEY_1_MOH), TAKEN);
    const uint64_t report = w->last_index;
    assert_int_equal(world_review(w, KEY_1_MOH, report, true, NULL), ESEP_OK);
    const uint64_t mail = office->mail_last;
    give(w, court, (struct said){.bodies = {"moj"}});
    assert_int_equal(office->mail_last, mail + 2);
    assert_int_equal(letter(w, court, mail + 2), report);
    give(w, court, (struct said){.bodies = {"moj", "akmola"}}); /* had, and not again */
    assert_int_equal(office->mail_last, mail + 3);
}

/* The author of a report that it may no longer write hears what becomes of it. */
static void test_the_author_hears_though_it_may_no_more(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    give(w, akmola, (struct said){.bodies = {"akmola-1"}});
    assert_int_equal(world_plain_report(w, akmola, ANNUAL("akmola-1")), TAKEN);
    const uint64_t report = w->last_index;
    give(w, akmola, (struct said){.bodies = {NULL}});
    const uint64_t mail = views_office(w->views, akmola)->mail_last;
    assert_int_equal(world_review(w, ANNUAL("akmola-1"), report, false, "2013-03-01"), ESEP_OK);
    assert_int_equal(views_office(w->views, akmola)->mail_last, mail + 1);
}

static void test_silence_of_a_carrying_office(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    esep_time next = 0;
    w->now = world_time("2013-01-11");
    give(w, moh, (struct said){.plans = {"q"}, .bodies = {"akmola"}});
    assert_false(views_office(w->views, moh)->silent);
    (void)world_alerts(w, false, &next);
    assert_false(views_office(w->views, moh)->silent); /* no plan that it reports on watches it */
    give(w, moh, (struct said){.bodies = {"akmola"}});
    (void)world_alerts(w, false, &next);
    assert_true(views_office(w->views, moh)->silent);
}

static void test_what_no_rights_are(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    const uint64_t mail = views_office(w->views, akmola)->mail_last;
    static char many[VIEWS_RIGHT_BODIES_MAX + 1][ESEP_BODY_CODE_MAX];
    struct said said = {.bodies = {NULL}};
    assert_int_equal(try_rights(w, akmola + 1, &said), ESEP_INVALID);
    said = (struct said){.bodies = {"akmola"}};
    assert_int_equal(try_rights(w, akmola, &said), ESEP_INVALID);
    said = (struct said){.bodies = {"moh", "moh"}};
    assert_int_equal(try_rights(w, akmola, &said), ESEP_INVALID);
    said = (struct said){.bodies = {""}};
    assert_int_equal(try_rights(w, akmola, &said), ESEP_INVALID);
    said = (struct said){.bodies = {"a-code-of-thirty-two-bytes-12345"}};
    assert_int_equal(try_rights(w, akmola, &said), ESEP_INVALID);
    said = (struct said){.plans = {"p", "p"}};
    assert_int_equal(try_rights(w, akmola, &said), ESEP_INVALID);
    for (size_t i = 0; i <= VIEWS_RIGHT_BODIES_MAX; i++) {
        (void)snprintf(many[i], sizeof many[i], "a-code-of-thirty-one-bytes---%02zu", i);
        said.bodies[i] = many[i];
    }
    said.plans[0] = NULL;
    assert_int_equal(try_rights(w, akmola, &said), ESEP_INVALID);
    assert_int_equal(views_office(w->views, akmola)->mail_last, mail);
    assert_int_equal(views_office(w->views, akmola)->rights.index, 0);
    /* As many and as long as may be: the row holds it, and the end of the story reads it back. */
    said.bodies[VIEWS_RIGHT_BODIES_MAX] = NULL;
    for (size_t i = 0; i < VIEWS_RIGHT_PLANS_MAX; i++) {
        static char plans[VIEWS_RIGHT_PLANS_MAX][VIEWS_PLAN_ID_MAX];
        (void)snprintf(plans[i], sizeof plans[i],
                       "an-id-of-sixty-three-bytes-abcdefghijklmnopqrstuvwxyz-012345-%02zu", i);
        said.plans[i] = plans[i];
    }
    give(w, akmola, said);
    assert_int_equal(views_office(w->views, akmola)->rights.body_count, VIEWS_RIGHT_BODIES_MAX);
    world_cut(w);
    struct views *again = world_load(w);
    assert_memory_equal(&views_office(again, akmola)->rights,
                        &views_office(w->views, akmola)->rights, sizeof(struct views_rights));
    views_free(again);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        STORY(test_a_district_is_carried_and_given_back),
        STORY(test_only_these_plans),
        STORY(test_mail_of_all_that_it_carries),
        STORY(test_what_passed_to_a_carried_body),
        STORY(test_lead_and_helper_in_one_office),
        STORY(test_the_lead_is_given_later),
        STORY(test_the_author_hears_though_it_may_no_more),
        STORY(test_silence_of_a_carrying_office),
        STORY(test_what_no_rights_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
