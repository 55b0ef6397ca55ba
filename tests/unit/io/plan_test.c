/* tests/unit/io/plan_test.c - is every field of a plan read, and every mistake in one said?
 *
 * What the tool says of a bad plan stands in data/bad-plan.expected, so that it can be read as its
 * reader will. After a change on purpose: ESEP_TEST_WRITE=1 makes the file anew; read the diff.
 */
#include "domain/obligation.h"
#include "io/clock.h"
#include "io/plan_yaml.h"

/* cmocka.h needs what stands before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>
/* clang-format on */

#define DATA ESEP_SOURCE_DIR "/tests/unit/io/data/"
#define PLANS ESEP_SOURCE_DIR "/config/plans/"
#define OBLIGATIONS_MAX 2000

struct fixture {
    struct esep_arena arena;
    struct esep_complaints complaints;
    struct esep_reason reason;
    Esep__V1__Plan *plan;
    struct esep_zone zone;
    struct esep_obligation obligations[OBLIGATIONS_MAX];
    size_t made;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    return f == NULL || esep_arena_init(&f->arena, (size_t)8 << 20) != ESEP_OK;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    esep_arena_done(&f->arena);
    free(f);
    return 0;
}

static enum esep_status load(struct fixture *f, const char *path)
{
    esep_arena_reset(&f->arena);
    return esep_plan_load(path, &f->arena, &f->plan, &f->complaints, &f->reason);
}

/* Loads a plan that is wrong in one way, and the complaint must be this one. */
static void assert_complaint(struct fixture *f, const char *yaml, const char *complaint)
{
    char path[] = "plan_test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
    close(fd);
    enum esep_status status = load(f, path);
    unlink(path);
    assert_int_equal(status, ESEP_INVALID);
    assert_true(f->complaints.count >= 1);
    char said[320];
    snprintf(said, sizeof said, "%d:%d: %s", f->complaints.items[0].line,
             f->complaints.items[0].column, f->complaints.items[0].text);
    assert_string_equal(said, complaint);
    assert_int_equal(f->complaints.count, 1);
}

static void says_every_mistake_at_once(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, DATA "bad-plan.yaml"), ESEP_INVALID);
    struct esep_buf said;
    esep_buf_init(&said, 1 << 20);
    for (size_t i = 0; i < f->complaints.count && i < ESEP_COMPLAINTS_MAX; i++) {
        const struct esep_complaint *item = &f->complaints.items[i];
        char line[600];
        int len = snprintf(line, sizeof line, "%s:%d:%d: %s\n", strrchr(item->file, '/') + 1,
                           item->line, item->column, item->text);
        assert_int_equal(esep_buf_put(&said, line, (size_t)len), ESEP_OK);
    }
    bool writing = getenv("ESEP_TEST_WRITE") != NULL;
    FILE *file = fopen(DATA "bad-plan.expected", writing ? "w" : "r");
    assert_non_null(file);
    static char expected[1 << 16];
    if (writing)
        assert_int_equal(fwrite(said.data, 1, said.len, file), said.len);
    size_t len = writing ? 0 : fread(expected, 1, sizeof expected - 1, file);
    fclose(file);
    assert_int_equal(esep_buf_put(&said, "", 1), ESEP_OK);
    if (!writing)
        assert_string_equal((const char *)said.data, expected);
    assert_true(writing || len > 0);
    esep_buf_done(&said);
}

static void reads_the_head(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, DATA "good-plan.yaml"), ESEP_OK);
    const Esep__V1__Plan *p = f->plan;
    assert_string_equal(p->id, "test-2012");
    assert_int_equal(p->revision, 7);
    assert_string_equal(p->title->kk, "Жоспар");
    assert_string_equal(p->title->ru, "План");
    assert_string_equal(p->title->en, "Plan");
    assert_int_equal(p->first_year, 2012);
    assert_int_equal(p->last_year, 2013);
    assert_int_equal(p->approved_day, esep_day_from_civil(2012, 2, 29));
    assert_string_equal(p->zone, "Asia/Almaty");
    assert_string_equal(p->secretariat, "moj");
    assert_string_equal(p->parent, "test-2011");
}

static void reads_bodies_and_groups(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, DATA "good-plan.yaml"), ESEP_OK);
    const Esep__V1__Plan *p = f->plan;
    static const char *const codes[] = {"moj", "asa", "sc", "pgo", "nsc", "akmola", "yesil-1"};
    assert_int_equal(p->n_bodies, 7);
    for (int i = 0; i < 7; i++) {
        assert_string_equal(p->bodies[i]->code, codes[i]);
        assert_int_equal(p->bodies[i]->kind, i + 1); /* one of each kind, in the enum's order */
        assert_int_equal(p->bodies[i]->upon_agreement, i == 2);
    }
    assert_string_equal(p->bodies[0]->name->en, "Ministry of Justice");
    assert_string_equal(p->bodies[0]->short_name->kk, "ӘМ");
    assert_null(p->bodies[1]->short_name);
    assert_int_equal(p->bodies[1]->valid_from_day, -1);
    assert_int_equal(p->bodies[1]->valid_to_day, esep_day_from_civil(2013, 3, 31));
    assert_string_equal(p->bodies[1]->successor, "sc");
    assert_string_equal(p->bodies[6]->parent, "akmola");
    assert_int_equal(p->n_groups, 2);
    assert_string_equal(p->groups[0]->code, "local");
    assert_string_equal(p->groups[0]->name->ru, "Местные");
    assert_int_equal(p->groups[0]->n_bodies, 2);
    assert_string_equal(p->groups[0]->bodies[0], "yesil-1");
    assert_false(p->groups[0]->open);
    assert_true(p->groups[1]->open);
}

static void reads_an_action(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, DATA "good-plan.yaml"), ESEP_OK);
    const Esep__V1__Action *a = f->plan->actions[0];
    assert_string_equal(a->number, "13");
    assert_string_equal(a->title->kk, "Он үш");
    assert_string_equal(a->text, "Two lines,\nas written.\n");
    assert_string_equal(a->completion->en, "Proposal");
    assert_string_equal(a->period, "1st half of 2013");
    assert_int_equal(a->n_windows, 1);
    assert_int_equal(a->windows[0]->start_day, esep_day_from_civil(2013, 1, 1));
    assert_int_equal(a->windows[0]->end_day, esep_day_from_civil(2013, 6, 30));
    assert_int_equal(a->financing, ESEP__V1__FINANCING__FINANCING_BUDGET);
    assert_int_equal(a->n_executors, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(a->executors[i]->role,
                         i == 1 ? ESEP__V1__ROLE__ROLE_LEAD : ESEP__V1__ROLE__ROLE_CO_EXECUTOR);
    assert_string_equal(a->executors[0]->body, "pgo");
    assert_true(a->executors[0]->upon_agreement);
    assert_false(a->executors[1]->upon_agreement);
    assert_string_equal(a->executors[2]->group, "local");
    assert_string_equal(a->executors[2]->body, "");
}

static void reads_money_to_the_tiyn(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, DATA "good-plan.yaml"), ESEP_OK);
    Esep__V1__PlannedMoney **m = f->plan->actions[0]->money;
    assert_int_equal(f->plan->actions[0]->n_money, 4);
    assert_int_equal(m[0]->year, 2012);
    assert_string_equal(m[0]->source, "rb");
    assert_string_equal(m[0]->programme, "001");
    assert_string_equal(m[1]->programme, "001"); /* no octal, no eaten zero */
    assert_int_equal(m[0]->amount_tiyn, 96000000);
    assert_int_equal(m[1]->amount_tiyn, 1);
    assert_int_equal(m[2]->amount_tiyn, 12345678901234567);
    assert_int_equal(m[2]->year, 0);
    assert_true(m[3]->within_allotted);
    assert_int_equal(m[3]->amount_tiyn, 0);
}

static void parts_follow_and_inherit(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, DATA "good-plan.yaml"), ESEP_OK);
    assert_int_equal(f->plan->n_actions, 4);
    const Esep__V1__Action *whole = f->plan->actions[1];
    const Esep__V1__Action *one = f->plan->actions[2];
    const Esep__V1__Action *ten = f->plan->actions[3];
    assert_true(whole->has_parts);
    assert_int_equal(whole->n_executors, 0);
    assert_string_equal(one->number, "37.1");
    assert_string_equal(one->parent, "37");
    assert_string_equal(one->period, "On an annual basis");
    assert_int_equal(one->n_windows, 2);
    assert_string_equal(one->completion->en, "Information");
    assert_int_equal(one->financing, ESEP__V1__FINANCING__FINANCING_WITHIN_ALLOTTED);
    assert_int_equal(one->executors[0]->role, ESEP__V1__ROLE__ROLE_LEAD); /* a group that leads */
    assert_string_equal(ten->number, "37.10"); /* not 37.1: a number is no float */
    assert_string_equal(ten->period, "During 2013");
    assert_string_equal(ten->completion->en, "Report");
    assert_int_equal(ten->financing, ESEP__V1__FINANCING__FINANCING_EXTERNAL);
    assert_false(one->has_parts || ten->has_parts);
}

static void reads_rules(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, DATA "good-plan.yaml"), ESEP_OK);
    const Esep__V1__Rules *r = f->plan->rules;
    assert_int_equal(r->annual_month, 1);
    assert_int_equal(r->annual_day, 20);
    assert_int_equal(r->n_annual_groups, 1);
    assert_string_equal(r->annual_groups[0], "*");
    assert_int_equal(r->consolidated_month, 2);
    assert_int_equal(r->consolidated_day, 10);
    assert_int_equal(r->regional_plan_months, 2);
    assert_int_equal(r->n_regional_plan_groups, 1);
    assert_string_equal(r->regional_plan_groups[0], "local");
    assert_int_equal(r->working_day, ESEP__V1__WORKING_DAY_RULE__WORKING_DAY_RULE_PRECEDING);
    assert_int_equal(r->commitment_grace_days, 5);
    assert_int_equal(r->n_alert_days, 2);
    assert_int_equal(r->alert_days[0], 9);
    assert_int_equal(r->alert_days[1], 2);
    assert_int_equal(r->overdue_repeat_days, 3);
    assert_int_equal(r->silent_days, 4);
}

static bool has_day(const int32_t *days, size_t count, int year, int month, int day)
{
    for (size_t i = 0; i < count; i++)
        if (days[i] == esep_day_from_civil(year, month, day))
            return true;
    return false;
}

static void later_layers_of_the_calendar_win(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, DATA "good-plan.yaml"), ESEP_OK);
    const Esep__V1__Calendar *c = f->plan->calendar;
#define HOLIDAY(y, m, d) has_day(c->holiday_days, c->n_holiday_days, y, m, d)
#define WORKED(y, m, d) has_day(c->working_days, c->n_working_days, y, m, d)
    assert_true(HOLIDAY(2012, 1, 1) && HOLIDAY(2014, 1, 1) && HOLIDAY(2011, 5, 10));
    assert_true(WORKED(2013, 3, 8) && !HOLIDAY(2013, 3, 8)); /* the year over every year */
    assert_true(HOLIDAY(2012, 3, 8));                        /* and that year alone */
    assert_true(HOLIDAY(2013, 5, 4) && !WORKED(2013, 5, 4)); /* the plan over the year */
    assert_true(WORKED(2013, 1, 1) && !HOLIDAY(2013, 1, 1)); /* the plan over every year */
    assert_true(WORKED(2012, 4, 28) && HOLIDAY(2012, 4, 30));
    assert_false(HOLIDAY(2020, 5, 8));
    for (size_t i = 1; i < c->n_holiday_days; i++)
        assert_true(c->holiday_days[i - 1] < c->holiday_days[i]);
}

static void counts(struct fixture *f, size_t ret[5], size_t *ret_agreement)
{
    size_t count = 0;
    assert_int_equal(esep_zone_load(&f->zone, f->plan->zone, &f->reason), ESEP_OK);
    assert_int_equal(esep_obligations_make(f->plan, &f->zone, f->obligations, OBLIGATIONS_MAX,
                                           &count, &f->reason),
                     ESEP_OK);
    f->made = count;
    memset(ret, 0, 5 * sizeof ret[0]);
    *ret_agreement = 0;
    for (size_t i = 0; i < count; i++) {
        ret[f->obligations[i].kind]++;
        *ret_agreement += f->obligations[i].upon_agreement &&
                          f->obligations[i].kind == ESEP_OBLIGATION_FULFILMENT;
    }
}

static size_t fulfilment_of(const struct fixture *f, const char *code)
{
    size_t count = 0;
    for (size_t i = 0; i < f->made; i++)
        count += f->obligations[i].kind == ESEP_OBLIGATION_FULFILMENT &&
                 strcmp(f->plan->bodies[f->obligations[i].body]->code, code) == 0;
    return count;
}

static size_t fulfilment_due(const struct fixture *f, esep_day day)
{
    size_t count = 0;
    for (size_t i = 0; i < f->made; i++)
        count += f->obligations[i].kind == ESEP_OBLIGATION_FULFILMENT &&
                 f->obligations[i].due_day == day;
    return count;
}

/* The counts, made by hand from the decree: tests/unit/domain/expected-1347.md. */
static void decree_1347_is_read_whole(void **state)
{
    struct fixture *f = *state;
    enum esep_status status = load(f, PLANS "kz-1347-2012.yaml");
    if (f->complaints.count > 0)
        print_message("%d: %s\n", f->complaints.items[0].line, f->complaints.items[0].text);
    assert_int_equal(status, ESEP_OK);
    assert_int_equal(f->plan->n_bodies, 31);
    assert_int_equal(f->plan->n_actions, 45);
    size_t kinds[5], agreement;
    counts(f, kinds, &agreement);
    assert_int_equal(agreement, 78);
    static const struct {
        const char *code;
        size_t count;
    } bodies[] = {{"pgo", 64},    {"mia", 62},   {"mfa", 22}, {"mes", 16}, {"mlspp", 14},
                  {"mci", 10},    {"moj", 9},    {"sc", 7},   {"moh", 4},  {"mof", 3},
                  {"mtc", 3},     {"acecc", 3},  {"nsc", 2},  {"nhrc", 1}, {"assa", 1},
                  {"akmola", 10}, {"almaty", 10}};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        assert_int_equal(fulfilment_of(f, bodies[i].code), bodies[i].count);
    static const struct {
        int year, month, day;
        size_t count;
    } due[] = {{2012, 12, 31, 106}, {2013, 2, 28, 4},    {2013, 3, 31, 2},
               {2013, 6, 30, 49},   {2013, 12, 31, 121}, {2014, 12, 31, 99}};
    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++)
        assert_int_equal(
            fulfilment_due(f, esep_day_from_civil(due[i].year, due[i].month, due[i].day)),
            due[i].count);
    assert_int_equal(kinds[ESEP_OBLIGATION_FULFILMENT], 381);
    assert_int_equal(kinds[ESEP_OBLIGATION_ANNUAL], 31 * 3);
    assert_int_equal(kinds[ESEP_OBLIGATION_CONSOLIDATED], 3);
    assert_int_equal(kinds[ESEP_OBLIGATION_REGIONAL_PLAN], 16);
}

static void the_regional_example_is_read(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load(f, PLANS "example-regional.yaml"), ESEP_OK);
    assert_int_equal(f->complaints.count, 0);
}

#define TEXT "{kk: А, ru: Б, en: C}"
#define HEAD(id)                                                                                   \
    "id: " id "\nrevision: 1\ntitle: " TEXT "\nyears: [2012, 2014]\napproved: 2012-10-24\n"        \
    "zone: Asia/Almaty\nsecretariat: moj\nrules: {working_day: none}\n"
#define MOJ "bodies: [{code: moj, name: " TEXT ", kind: ministry}]\n"
#define ACTION(more)                                                                               \
    "actions:\n  - number: 1\n    title: " TEXT "\n    executors: [{body: moj}]\n" more

static void names_the_letter_of_a_bad_period(void **state)
{
    assert_complaint(*state, HEAD("p") MOJ ACTION("    period: 2012 - 2015\n"),
                     "14:20: period \"2012 - 2015\": the year is not one of the plan's");
    assert_complaint(*state, HEAD("p") MOJ ACTION("    period: '2012 - 2015'\n"),
                     "14:21: period \"2012 - 2015\": the year is not one of the plan's");
    /* Columns are letters, not bytes. */
    assert_complaint(*state, HEAD("p") MOJ ACTION("    period: 1 квартал 2015 года\n"),
                     "14:23: period \"1 квартал 2015 года\": the year is not one of the plan's");
}

static void refuses_a_key_that_grows_too_long(void **state)
{
#define LONG_ID "a234567890123456789012345678901234567890123456789012345678901ab"
#define LONG_CODE "b234567890123456789012345678901"
    static const char bodies[] =
        HEAD(LONG_ID) "bodies: [{code: moj, name: " TEXT ", kind: ministry}, {code: " LONG_CODE
                      ", name: " TEXT ", kind: ministry}]\n" ACTION(
                          "    period: 2013\n  - number: 2\n    title: " TEXT
                          "\n    executors: [{body: " LONG_CODE "}]\n    period: 2013\n");
    assert_complaint(*state, bodies,
                     "17:17: the key of fulfilment obligation of \"" LONG_CODE
                     "\" would have 131 bytes, at most 127: shorten the plan's id or the body's "
                     "code");
}

static void a_missing_calendar_is_the_plans_mistake(void **state)
{
    struct fixture *f = *state;
    assert_complaint(f, HEAD("p") MOJ ACTION("    period: 2013\ncalendar: {file: no/such.yaml}\n"),
                     "15:18: the calendar cannot be read: no/such.yaml: No such file or "
                     "directory");
}

static void says_what_is_no_plan_at_all(void **state)
{
    assert_complaint(*state, "- a\n- list\n", "1:1: a plan must be a map of keys");
    struct fixture *f = *state;
    assert_int_equal(load(f, DATA "no-such-plan.yaml"), ESEP_NOT_FOUND);
    assert_int_equal(f->complaints.count, 0);
    assert_int_not_equal(f->reason.text[0], '\0');
}

static void a_small_arena_is_a_limit_not_a_crash(void **state)
{
    struct fixture *f = *state;
    for (size_t size = 0; size < 96000; size += 1600) {
        struct esep_arena small;
        assert_int_equal(esep_arena_init(&small, size), ESEP_OK);
        Esep__V1__Plan *plan = NULL;
        assert_int_equal(
            esep_plan_load(PLANS "kz-1347-2012.yaml", &small, &plan, &f->complaints, &f->reason),
            ESEP_LIMIT);
        assert_null(plan);
        esep_arena_done(&small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_every_mistake_at_once),
        cmocka_unit_test(reads_the_head),
        cmocka_unit_test(reads_bodies_and_groups),
        cmocka_unit_test(reads_an_action),
        cmocka_unit_test(reads_money_to_the_tiyn),
        cmocka_unit_test(parts_follow_and_inherit),
        cmocka_unit_test(reads_rules),
        cmocka_unit_test(later_layers_of_the_calendar_win),
        cmocka_unit_test(decree_1347_is_read_whole),
        cmocka_unit_test(the_regional_example_is_read),
        cmocka_unit_test(names_the_letter_of_a_bad_period),
        cmocka_unit_test(refuses_a_key_that_grows_too_long),
        cmocka_unit_test(a_missing_calendar_is_the_plans_mistake),
        cmocka_unit_test(says_what_is_no_plan_at_all),
        cmocka_unit_test(a_small_arena_is_a_limit_not_a_crash),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
