/* Does a plan come out as exactly what its bodies owe: all of it, once, in order, on its day? */
#include "base/crypto.h"
#include "tests/unit/domain/small_plan.h"

enum { MAX = 64 };
static struct esep_zone almaty;
static struct esep_obligation made[MAX];

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

static size_t make(const Esep__V1__Plan *plan)
{
    size_t count = 0;
    struct esep_reason reason = {{0}};
    if (esep_obligations_make(plan, &almaty, made, MAX, &count, &reason) != ESEP_OK) {
        fail_msg("%s", reason.text);
    }
    return count;
}

static void refuses(const Esep__V1__Plan *plan, const char *what)
{
    size_t count = 77;
    struct esep_reason reason = {{0}};
    assert_int_equal(esep_obligations_make(plan, &almaty, made, MAX, &count, &reason),
                     ESEP_INVALID);
    assert_int_equal(count, 77);
    if (strstr(reason.text, what) == NULL) {
        fail_msg("the reason does not say \"%s\": %s", what, reason.text);
    }
}

/* What follows the plan's id in the key, with ! for the lead and * for upon agreement, and due. */
static void check_line(const struct esep_obligation *o, const char *want)
{
    char got[ESEP_OBLIGATION_KEY_MAX + 48];
    char due[32];
    esep_time_format(o->due, &almaty, due);
    snprintf(got, sizeof got, "%.*s%s%s %s", ESEP_OBLIGATION_KEY_MAX, o->key,
             o->role == ESEP__V1__ROLE__ROLE_LEAD ? " !" : "", o->upon_agreement ? " *" : "", due);
    assert_string_equal(got, want);
}

static void the_small_plan_line_by_line(void **state)
{
    (void)state;
    static const char *const want[] = {
        "small/fulfilment/1/a/2012-10-01..2012-12-31 ! 2012-12-31T23:59:59+06:00",
        "small/fulfilment/1/b/2012-10-01..2012-12-31 2012-12-31T23:59:59+06:00",
        "small/fulfilment/2/a/2012-01-01..2012-12-31 2012-12-31T23:59:59+06:00",
        "small/fulfilment/2/p/2012-01-01..2012-12-31 ! * 2012-12-31T23:59:59+06:00",
        "small/fulfilment/2/n/2012-01-01..2012-12-31 2012-12-31T23:59:59+06:00",
        "small/fulfilment/2/s/2012-01-01..2012-12-31 2012-12-31T23:59:59+06:00",
        "small/fulfilment/2/a/2013-01-01..2013-12-31 2013-12-31T23:59:59+06:00",
        "small/fulfilment/2/p/2013-01-01..2013-12-31 ! * 2013-12-31T23:59:59+06:00",
        "small/fulfilment/2/n/2013-01-01..2013-12-31 2013-12-31T23:59:59+06:00",
        "small/fulfilment/2/s/2013-01-01..2013-12-31 2013-12-31T23:59:59+06:00",
        "small/fulfilment/3.1/b/2013-01-01..2013-06-30 ! 2013-06-30T23:59:59+06:00",
        "small/fulfilment/3.1/n/2013-01-01..2013-06-30 2013-06-30T23:59:59+06:00",
        "small/fulfilment/3.1/s/2013-01-01..2013-06-30 2013-06-30T23:59:59+06:00",
        "small/fulfilment/3.2/a/2013-01-01..2013-06-30 ! 2013-06-30T23:59:59+06:00",
        "small/annual/-/a/2012-01-01..2012-12-31 ! 2013-01-20T23:59:59+06:00",
        "small/annual/-/b/2012-01-01..2012-12-31 ! 2013-01-20T23:59:59+06:00",
        "small/annual/-/p/2012-01-01..2012-12-31 ! * 2013-01-20T23:59:59+06:00",
        "small/annual/-/n/2012-01-01..2012-12-31 ! 2013-01-20T23:59:59+06:00",
        "small/annual/-/s/2012-01-01..2012-12-31 ! 2013-01-20T23:59:59+06:00",
        "small/annual/-/d/2012-01-01..2012-12-31 ! 2013-01-20T23:59:59+06:00",
        "small/annual/-/a/2013-01-01..2013-12-31 ! 2014-01-20T23:59:59+06:00",
        "small/annual/-/b/2013-01-01..2013-12-31 ! 2014-01-20T23:59:59+06:00",
        "small/annual/-/p/2013-01-01..2013-12-31 ! * 2014-01-20T23:59:59+06:00",
        "small/annual/-/n/2013-01-01..2013-12-31 ! 2014-01-20T23:59:59+06:00",
        "small/annual/-/s/2013-01-01..2013-12-31 ! 2014-01-20T23:59:59+06:00",
        "small/annual/-/d/2013-01-01..2013-12-31 ! 2014-01-20T23:59:59+06:00",
        "small/consolidated/-/a/2012-01-01..2012-12-31 ! 2013-02-10T23:59:59+06:00",
        "small/consolidated/-/a/2013-01-01..2013-12-31 ! 2014-02-10T23:59:59+06:00",
        "small/regional-plan/-/n/2012-10-24..2012-11-24 ! 2012-11-24T23:59:59+06:00",
        "small/regional-plan/-/s/2012-10-24..2012-11-24 ! 2012-11-24T23:59:59+06:00",
    };
    assert_int_equal(make(small_plan()), sizeof want / sizeof *want);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        check_line(&made[i], want[i]);
    }
}

static const struct esep_obligation *find(size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(made[i].key, key) == 0) {
            return &made[i];
        }
    }
    return NULL;
}

/* The one that must be there. */
static const struct esep_obligation *the(size_t count, const char *key)
{
    const struct esep_obligation *found = find(count, key);
    if (found == NULL) {
        fail_msg("missing: %s", key);
    }
    return found != NULL ? found : &made[0]; /* fail_msg has left already; the compiler asks */
}

static void upon_agreement_from_the_executor_or_the_body(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    small.actions[0].executors[1]->upon_agreement = 1; /* b, in action 1 alone */
    size_t count = make(plan);
    assert_true(the(count, "small/fulfilment/1/b/2012-10-01..2012-12-31")->upon_agreement);
    assert_false(the(count, "small/fulfilment/3.1/b/2013-01-01..2013-06-30")->upon_agreement);
    assert_false(the(count, "small/annual/-/b/2012-01-01..2012-12-31")->upon_agreement);
}

/* n is in action 3.1 by itself and through akimats: what is said of it by itself counts. */
static void a_body_beside_its_group_is_one_and_its_own_words_count(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    Esep__V1__Action *part = &small.actions[3];
    part->executors[2]->role = ESEP__V1__ROLE__ROLE_LEAD;
    part->executors[2]->upon_agreement = 1;
    const size_t count = make(plan);
    const struct esep_obligation *n = the(count, "small/fulfilment/3.1/n/2013-01-01..2013-06-30");
    assert_int_equal(n->role, ESEP__V1__ROLE__ROLE_LEAD);
    assert_true(n->upon_agreement);
    assert_false(the(count, "small/fulfilment/3.1/s/2013-01-01..2013-06-30")->upon_agreement);
    /* and b, the first, no longer leads, as somebody is said to */
    assert_int_equal(the(count, "small/fulfilment/3.1/b/2013-01-01..2013-06-30")->role,
                     ESEP__V1__ROLE__ROLE_CO_EXECUTOR);
}

static void a_group_leads_at_each_place(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    small.actions[1].executors[2]->role = ESEP__V1__ROLE__ROLE_LEAD;
    const size_t count = make(plan);
    assert_int_equal(the(count, "small/fulfilment/2/n/2012-01-01..2012-12-31")->role,
                     ESEP__V1__ROLE__ROLE_LEAD);
    assert_int_equal(the(count, "small/fulfilment/2/p/2012-01-01..2012-12-31")->role,
                     ESEP__V1__ROLE__ROLE_CO_EXECUTOR);
}

/* b's last day is 30 June 2013 and s takes over: what was due by then stays b's, under its name. */
static void a_successor_takes_over_what_is_open(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    small.bodies[B].valid_to_day = day("2013-06-30");
    small.bodies[B].successor = str("s");
    small.bodies[S].upon_agreement = 1;
    size_t count = make(plan);
    assert_non_null(find(count, "small/fulfilment/3.1/b/2013-01-01..2013-06-30"));
    assert_non_null(find(count, "small/annual/-/b/2012-01-01..2012-12-31"));
    assert_null(find(count, "small/annual/-/b/2013-01-01..2013-12-31"));

    small.bodies[B].valid_to_day = day("2013-06-29"); /* a day earlier: 3.1 is open, s has it */
    count = make(plan);
    assert_null(find(count, "small/fulfilment/3.1/b/2013-01-01..2013-06-30"));
    const struct esep_obligation *s = the(count, "small/fulfilment/3.1/s/2013-01-01..2013-06-30");
    assert_int_equal(s->role, ESEP__V1__ROLE__ROLE_LEAD); /* as b did, though s itself follows */
    assert_true(s->upon_agreement);                       /* as s is */
    size_t annual = 0;
    for (size_t i = 0; i < count; i++) {
        annual += made[i].kind == ESEP_OBLIGATION_ANNUAL && made[i].body == S;
    }
    assert_int_equal(annual, 2); /* not once more for b */
}

/* a and b merge into s: it leads if one of them led, and is free only if both were. */
static void two_bodies_with_one_successor_are_one(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    small.bodies[A].valid_to_day = small.bodies[B].valid_to_day = day("2012-12-30");
    small.bodies[A].successor = small.bodies[B].successor = str("s");
    small.actions[0].executors[0]->role = ESEP__V1__ROLE__ROLE_CO_EXECUTOR;
    small.actions[0].executors[0]->upon_agreement = 1;
    small.actions[0].executors[1]->role = ESEP__V1__ROLE__ROLE_LEAD;
    size_t count = make(plan);
    const char *key = "small/fulfilment/1/s/2012-10-01..2012-12-31";
    assert_int_equal(the(count, key)->role, ESEP__V1__ROLE__ROLE_LEAD);
    assert_false(the(count, key)->upon_agreement);
    small.actions[0].executors[1]->upon_agreement = 1;
    count = make(plan);
    assert_true(the(count, key)->upon_agreement);
}

static void a_body_that_is_not_yet_or_no_more_owes_nothing(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    small.bodies[D].valid_from_day = day("2013-05-01");
    small.bodies[S].valid_to_day = day("2012-12-31");
    const size_t count = make(plan);
    assert_null(find(count, "small/annual/-/d/2012-01-01..2012-12-31"));
    assert_non_null(find(count, "small/annual/-/d/2013-01-01..2013-12-31"));
    assert_non_null(find(count, "small/fulfilment/2/s/2012-01-01..2012-12-31"));
    assert_null(find(count, "small/fulfilment/2/s/2013-01-01..2013-12-31"));
    assert_null(find(count, "small/annual/-/s/2012-01-01..2012-12-31"));
}

static void who_stands_for_a_body(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    small.bodies[A].valid_to_day = 100;
    small.bodies[A].successor = str("b");
    small.bodies[B].valid_from_day = 110; /* a gap in the papers: b has it all the same */
    small.bodies[B].valid_to_day = 200;
    small.bodies[B].successor = str("p");
    assert_int_equal(esep_body_on(plan, "a", 100), A);
    assert_int_equal(esep_body_on(plan, "a", 101), B);
    assert_int_equal(esep_body_on(plan, "a", 201), P);
    assert_int_equal(esep_body_on(plan, "b", 109), -1);
    assert_int_equal(esep_body_on(plan, "nobody", 1), -1);
    assert_false(esep_body_passed(plan, "a", "b", 100));
    assert_true(esep_body_passed(plan, "a", "b", 101));
    assert_false(esep_body_passed(plan, "a", "p", 200));
    assert_true(esep_body_passed(plan, "a", "p", 201)); /* through b, */
    assert_true(esep_body_passed(plan, "a", "b", 201)); /* which had it before */
    assert_false(esep_body_passed(plan, "a", "a", 201));
    assert_false(esep_body_passed(plan, "b", "a", 201));
    assert_false(esep_body_passed(plan, "a", "nobody", 201));
    assert_false(esep_body_passed(plan, "nobody", "b", 201));
    small.bodies[A].valid_from_day = 300; /* it has not begun, whatever else is said of it */
    assert_false(esep_body_passed(plan, "a", "b", 299));
    small.bodies[A].valid_from_day = 0;
    small.bodies[P].valid_to_day = 1;
    small.bodies[P].successor = str("a"); /* a circle ends */
    assert_int_equal(esep_body_on(plan, "a", 201), -1);
    assert_false(esep_body_passed(plan, "a", "nobody", 201));
    small.bodies[P].successor = str("");
    assert_int_equal(esep_body_on(plan, "a", 201), -1);
    assert_false(esep_body_passed(plan, "a", "", 201));

    assert_true(esep_body_within(plan, "d", "n"));
    assert_true(esep_body_within(plan, "n", "n"));
    assert_false(esep_body_within(plan, "n", "d"));
    assert_false(esep_body_within(plan, "x", "x"));
    small.bodies[N].parent = str("d");
    assert_false(esep_body_within(plan, "d", "a"));
}

static void the_working_day_rule_moves_each_due_day(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    small.rules.working_day = ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_NEXT;
    const struct {
        const char *key, *due;
    } next[] = {
        {"small/fulfilment/3.2/a/2013-01-01..2013-06-30", "2013-07-01"},
        {"small/annual/-/a/2012-01-01..2012-12-31", "2013-01-21"},
        {"small/consolidated/-/a/2012-01-01..2012-12-31", "2013-02-11"},
        {"small/regional-plan/-/n/2012-10-24..2012-11-24", "2012-11-26"},
    };
    size_t count = make(plan);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(the(count, next[i].key)->due_day, day(next[i].due));
    }
    small.rules.working_day = ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_PRECEDING;
    count = make(plan);
    assert_int_equal(the(count, next[3].key)->due_day, day("2012-11-23"));
}

static void rules_left_out_owe_nothing(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    small.rules.annual_month = 0;
    small.rules.consolidated_month = 0;
    small.rules.regional_plan_months = 0;
    assert_int_equal(make(plan), 14);
}

static void months_end_where_the_month_does(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    small.plan.approved_day = day("2012-12-31");
    small.rules.regional_plan_months = 2;
    assert_non_null(find(make(plan), "small/regional-plan/-/n/2012-12-31..2013-02-28"));
}

static void bad_plans_are_refused(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    small.actions[0].executors[1]->body = str("ghost");
    refuses(plan, "ghost");
    plan = small_plan();
    small.actions[1].executors[2]->group = str("ghosts");
    refuses(plan, "ghosts");
    plan = small_plan();
    small.bodies[B].code = str("a");
    refuses(plan, "twice");
    plan = small_plan();
    small.bodies[B].code = str("b/c");
    refuses(plan, "b/c");
    plan = small_plan();
    small.actions[4].number = str("3.1");
    refuses(plan, "3.1");
    plan = small_plan();
    small.plan.id = str("");
    refuses(plan, "id");
    plan = small_plan();
    small.plan.rules = NULL;
    refuses(plan, "rules");
    plan = small_plan();
    small.plan.last_year = 2011;
    refuses(plan, "years");
    plan = small_plan();
    small.rules.annual_day = 32;
    refuses(plan, "day");
    plan = small_plan();
    small.rules.annual_month = 2;
    small.rules.annual_day = 29;
    refuses(plan, "day");
    plan = small_plan();
    small.window_list[2] = &small.windows[1]; /* the same window twice: keys would repeat */
    refuses(plan, "order");
    plan = small_plan();
    small.plan.approved_day = 0;
    refuses(plan, "approval");
    plan = small_plan();
    small.plan.id = str("a-name-of-sixty-three-letters-is-as-long-as-a-plan-id-may-be-xx");
    small.bodies[B].code = str("a-body-with-thirty-one-letters-");
    small.actions[0].executors[1]->body = small.actions[3].executors[0]->body =
        small.bodies[B].code;
    refuses(plan, "too long");
}

static void days_and_years_that_are_none_are_refused(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    small.windows[0].end_day = small.windows[0].start_day - 1;
    refuses(plan, "order");
    plan = small_plan();
    small.rules.annual_month = 13;
    refuses(plan, "day");
    plan = small_plan();
    small.rules.consolidated_month = 13;
    refuses(plan, "day");
    plan = small_plan();
    small.rules.regional_plan_months = 121;
    refuses(plan, "months");
    plan = small_plan();
    small.rules.regional_plan_months = 120;
    assert_non_null(find(make(plan), "small/regional-plan/-/n/2012-10-24..2022-10-24"));
    plan = small_plan();
    small.plan.first_year = 0;
    refuses(plan, "years");
    plan = small_plan();
    small.plan.last_year = 9999; /* what is due in the year after could not be written */
    refuses(plan, "years");
}

/* A key joins names with '/', and "-" stands for no action. */
static void names_that_a_key_cannot_hold_are_refused(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    small.actions[0].number = str("-");
    refuses(plan, "number");
    plan = small_plan();
    small.bodies[D].code = str("-");
    refuses(plan, "name");
    plan = small_plan();
    small.plan.id = str("a-name-of-sixty-four-letters-is-longer-than-a-plan-s-id-may-be-x");
    assert_int_equal(strlen(plan->id), 64);
    refuses(plan, "id");
}

/* Where the plan does not say what an executor is, it follows; the first leads if nobody else. */
static void a_role_left_out(void **state)
{
    (void)state;
    Esep__V1__Plan *plan = small_plan();
    small.actions[0].executors[0]->role = ESEP__V1__ROLE__ROLE_UNSPECIFIED;
    small.actions[0].executors[1]->role = ESEP__V1__ROLE__ROLE_UNSPECIFIED;
    const size_t count = make(plan);
    assert_int_equal(the(count, "small/fulfilment/1/a/2012-10-01..2012-12-31")->role,
                     ESEP__V1__ROLE__ROLE_LEAD);
    assert_int_equal(the(count, "small/fulfilment/1/b/2012-10-01..2012-12-31")->role,
                     ESEP__V1__ROLE__ROLE_CO_EXECUTOR);
}

static void one_too_many_is_a_limit(void **state)
{
    (void)state;
    size_t count = 77;
    for (size_t max = 0; max < 30; max++) { /* wherever it is reached */
        assert_int_equal(esep_obligations_make(small_plan(), &almaty, made, max, &count, NULL),
                         ESEP_LIMIT);
        assert_int_equal(count, 77);
    }
    assert_int_equal(esep_obligations_make(small_plan(), &almaty, made, 30, &count, NULL), ESEP_OK);
    assert_int_equal(count, 30);
}

/* Random plans: keys are unique, kinds ascend, a due day is never before its window's end under
 * next, nor after it under preceding, and under any rule later windows are due no earlier. */
static void keys_are_unique_and_due_days_monotone(void **state)
{
    (void)state;
    struct esep_prng random = {7};
    for (int round = 0; round < 500; round++) {
        Esep__V1__Plan *plan = small_plan();
        small.rules.working_day = (Esep__V1__WorkingDayRule)(1 + esep_prng_below(&random, 3));
        small.plan.approved_day += (int32_t)esep_prng_below(&random, 60);
        for (int i = 0; i < BODIES; i++) {
            if (esep_prng_below(&random, 4) == 0) {
                small.bodies[i].valid_to_day =
                    day("2012-01-01") + (int32_t)esep_prng_below(&random, 900);
                small.bodies[i].successor = small.bodies[esep_prng_below(&random, BODIES)].code;
            }
        }
        for (size_t i = 0; i < small.executor_count; i++) {
            if (small.executors[i].body[0] != '\0') {
                small.executors[i].body = small.bodies[esep_prng_below(&random, BODIES)].code;
            }
        }
        const size_t count = make(plan);
        for (size_t i = 0; i < count; i++) {
            for (size_t j = 0; j < i; j++) {
                assert_string_not_equal(made[i].key, made[j].key);
                assert_true(made[j].kind <= made[i].kind);
                if (made[i].kind == made[j].kind && made[i].action == made[j].action) {
                    assert_true(made[j].due <= made[i].due);
                    assert_true(made[j].window.start < made[i].window.start ||
                                made[j].body < made[i].body);
                }
            }
            assert_int_equal(esep_zone_day(&almaty, made[i].due), made[i].due_day);
        }
    }
}

static void text_falls_back(void **state)
{
    (void)state;
    Esep__V1__Text text;
    esep__v1__text__init(&text);
    assert_string_equal(esep_text(NULL, "kk"), "");
    assert_string_equal(esep_text(&text, "kk"), "");
    text.kk = str("есеп");
    assert_string_equal(esep_text(&text, "en"), "есеп");
    text.en = str("report");
    assert_string_equal(esep_text(&text, "ru"), "report");
    text.ru = str("отчёт");
    assert_string_equal(esep_text(&text, "en"), "report");
    assert_string_equal(esep_text(&text, "kk"), "есеп");
    assert_string_equal(esep_text(&text, "de"), "отчёт");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_small_plan_line_by_line),
        cmocka_unit_test(upon_agreement_from_the_executor_or_the_body),
        cmocka_unit_test(a_body_beside_its_group_is_one_and_its_own_words_count),
        cmocka_unit_test(a_group_leads_at_each_place),
        cmocka_unit_test(a_successor_takes_over_what_is_open),
        cmocka_unit_test(two_bodies_with_one_successor_are_one),
        cmocka_unit_test(a_body_that_is_not_yet_or_no_more_owes_nothing),
        cmocka_unit_test(who_stands_for_a_body),
        cmocka_unit_test(the_working_day_rule_moves_each_due_day),
        cmocka_unit_test(rules_left_out_owe_nothing),
        cmocka_unit_test(months_end_where_the_month_does),
        cmocka_unit_test(bad_plans_are_refused),
        cmocka_unit_test(days_and_years_that_are_none_are_refused),
        cmocka_unit_test(names_that_a_key_cannot_hold_are_refused),
        cmocka_unit_test(a_role_left_out),
        cmocka_unit_test(one_too_many_is_a_limit),
        cmocka_unit_test(keys_are_unique_and_due_days_monotone),
        cmocka_unit_test(text_falls_back),
    };
    return cmocka_run_group_tests(tests, load_zone, NULL);
}
