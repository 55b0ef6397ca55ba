/* Who may do what: is every cell of the table as it was decided, does a substitute have the rights
 * on its days and on no others, and does nobody review what comes from the own body? */
#include "collector/rights.h"
#include "views_world.h"

#include <stdio.h>

#define ROLE(name) ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_##name
#define ACTIVE ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE
#define CLOSED ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_CLOSED
#define FROM 15900
#define UNTIL 15910

static const Esep__V1__AccountRole roles[] = {ROLE(VIEWER), ROLE(REVIEWER), ROLE(SECRETARY),
                                              ROLE(ADMINISTRATOR)};
/* Acts in their order, a letter for each that is allowed. */
static const char *const allowed[] = {"L------", "LR-----", "LRECX--", "L----A-"};

static bool may(size_t role, int act)
{
    return allowed[role][act] != '-';
}

static struct views_account account(const char *name, Esep__V1__AccountRole role, const char *body)
{
    struct views_account a = {.role = role, .state = ACTIVE};
    (void)snprintf(a.name, sizeof a.name, "%s", name);
    (void)snprintf(a.body, sizeof a.body, "%s", body);
    return a;
}

static struct views_account standing_in(Esep__V1__AccountRole role, const char *body)
{
    struct views_account a = account("aigul", role, body);
    (void)snprintf(a.substitute_for, sizeof a.substitute_for, "berik");
    a.from_day = FROM;
    a.until_day = UNTIL;
    return a;
}

static enum collector_right decide(const struct views_account *who,
                                   const struct views_account *other, int act, const char *body,
                                   esep_day day)
{
    const struct collector_question q = {
        .act = (enum collector_act)act, .bodies = {body}, .day = day};
    return collector_right_decide(who, other, &q);
}

static void every_cell_of_the_table(void **state)
{
    (void)state;
    for (size_t role = 0; role < 4; role++) {
        for (int act = 0; act < COLLECTOR_ACTS; act++) {
            struct views_account who = account("aigul", roles[role], "moj");
            assert_int_equal(collector_role_may(roles[role], (enum collector_act)act),
                             may(role, act));
            assert_int_equal(decide(&who, NULL, act, "moh", FROM),
                             may(role, act) ? COLLECTOR_RIGHT_OWN : COLLECTOR_RIGHT_NONE);
            who.state = CLOSED;
            assert_int_equal(decide(&who, NULL, act, "moh", FROM), COLLECTOR_RIGHT_NONE);
        }
    }
}

/* What nobody has thought of is denied. */
static void strange_roles_and_acts(void **state)
{
    (void)state;
    static const int strange[] = {0, 5, 200, -1};
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        for (int act = 0; act < COLLECTOR_ACTS; act++)
            assert_false(
                collector_role_may((Esep__V1__AccountRole)strange[i], (enum collector_act)act));
    }
    for (size_t role = 0; role < 4; role++) {
        assert_false(collector_role_may(roles[role], COLLECTOR_ACTS));
        assert_false(collector_role_may(roles[role], (enum collector_act) - 1));
    }
    struct views_account who = account("aigul", ROLE(SECRETARY), "");
    who.state = (Esep__V1__AccountState)7;
    assert_int_equal(decide(&who, NULL, COLLECTOR_ACT_LOOK, NULL, FROM), COLLECTOR_RIGHT_NONE);
}

static void names_there_and_back(void **state)
{
    (void)state;
    Esep__V1__AccountRole role = ROLE(UNSPECIFIED);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(collector_role_parse(collector_role_name(roles[i]), &role), ESEP_OK);
        assert_int_equal(role, roles[i]);
    }
    assert_int_equal(collector_role_parse("root", &role), ESEP_NOT_FOUND);
    assert_int_equal(collector_role_parse("", &role), ESEP_NOT_FOUND);
    assert_string_equal(collector_role_name(ROLE(UNSPECIFIED)), "?");
    assert_string_equal(collector_role_name((Esep__V1__AccountRole)5), "?");
    assert_string_equal(collector_act_name(COLLECTOR_ACT_OPERATE), "operate");
    assert_string_equal(collector_act_name(COLLECTOR_ACTS), "?");
}

/* Every pair of roles, every act, every day about the two ends. */
static void a_substitute_on_its_days(void **state)
{
    (void)state;
    static const esep_day days[] = {ESEP_DAY_NONE, 0,     FROM - 1,  FROM,     FROM + 1,
                                    UNTIL - 1,     UNTIL, UNTIL + 1, INT32_MAX};
    for (size_t mine = 0; mine < 4; mine++) {
        for (size_t his = 0; his < 4; his++) {
            const struct views_account who = standing_in(roles[mine], "");
            const struct views_account other = account("berik", roles[his], "");
            for (int act = 0; act < COLLECTOR_ACTS; act++) {
                for (size_t d = 0; d < sizeof days / sizeof days[0]; d++) {
                    const bool there = days[d] >= FROM && days[d] <= UNTIL;
                    const enum collector_right want = may(mine, act) ? COLLECTOR_RIGHT_OWN
                                                      : may(his, act) && there
                                                          ? COLLECTOR_RIGHT_SUBSTITUTE
                                                          : COLLECTOR_RIGHT_NONE;
                    assert_int_equal(decide(&who, &other, act, "moh", days[d]), want);
                }
            }
        }
    }
}

static void a_substitute_of_nobody_who_is_there(void **state)
{
    (void)state;
    const struct views_account who = standing_in(ROLE(VIEWER), "");
    struct views_account other = account("berik", ROLE(SECRETARY), "");
    const int act = COLLECTOR_ACT_EXTEND;
    assert_int_equal(decide(&who, &other, act, NULL, FROM), COLLECTOR_RIGHT_SUBSTITUTE);
    assert_int_equal(decide(&who, NULL, act, NULL, FROM), COLLECTOR_RIGHT_NONE);
    other.state = CLOSED;
    assert_int_equal(decide(&who, &other, act, NULL, FROM), COLLECTOR_RIGHT_NONE);
    other = account("bolat", ROLE(SECRETARY), ""); /* not the one it stands in for */
    assert_int_equal(decide(&who, &other, act, NULL, FROM), COLLECTOR_RIGHT_NONE);
    struct views_account oneself = standing_in(ROLE(VIEWER), "");
    (void)snprintf(oneself.substitute_for, sizeof oneself.substitute_for, "aigul");
    assert_int_equal(decide(&oneself, &oneself, act, NULL, FROM), COLLECTOR_RIGHT_NONE);
    struct views_account closed = who;
    closed.state = CLOSED;
    other = account("berik", ROLE(SECRETARY), "");
    assert_int_equal(decide(&closed, &other, act, NULL, FROM), COLLECTOR_RIGHT_NONE);
}

static void nobody_reviews_the_own_body(void **state)
{
    (void)state;
    const struct views_account other = account("berik", ROLE(REVIEWER), "akmola");
    for (size_t role = 0; role < 4; role++) {
        const struct views_account who = standing_in(roles[role], "moj");
        for (int act = 0; act < COLLECTOR_ACTS; act++) {
            const bool through = !may(role, act) && may(1, act);
            const enum collector_right elsewhere = may(role, act) ? COLLECTOR_RIGHT_OWN
                                                   : through      ? COLLECTOR_RIGHT_SUBSTITUTE
                                                                  : COLLECTOR_RIGHT_NONE;
            const bool review = act == COLLECTOR_ACT_REVIEW;
            assert_int_equal(decide(&who, &other, act, "moh", FROM), elsewhere);
            /* The own one: neither by the own right nor through another's. */
            assert_int_equal(decide(&who, &other, act, "moj", FROM),
                             review ? COLLECTOR_RIGHT_OWN_BODY : elsewhere);
            /* That of whom it stands in for: only in the own name. */
            assert_int_equal(decide(&who, &other, act, "akmola", FROM),
                             review && through ? COLLECTOR_RIGHT_OWN_BODY : elsewhere);
        }
    }
}

/* Asked with somebody else than whom the account stands in for: that one's rights are not his. */
static void a_substitute_of_another(void **state)
{
    (void)state;
    struct views_account who = account("aigul", ROLE(VIEWER), "");
    const struct views_account other = account("berik", ROLE(SECRETARY), "");
    (void)snprintf(who.substitute_for, sizeof who.substitute_for, "bolat");
    who.from_day = FROM;
    who.until_day = UNTIL;
    assert_int_equal(decide(&who, &other, COLLECTOR_ACT_EXTEND, NULL, FROM), COLLECTOR_RIGHT_NONE);
    (void)snprintf(who.substitute_for, sizeof who.substitute_for, "berik");
    assert_int_equal(decide(&who, &other, COLLECTOR_ACT_EXTEND, NULL, FROM),
                     COLLECTOR_RIGHT_SUBSTITUTE);
}

static void any_of_the_bodies_counts(void **state)
{
    (void)state;
    const struct views_account who = account("aigul", ROLE(REVIEWER), "moj");
    struct collector_question q = {.act = COLLECTOR_ACT_REVIEW, .day = FROM};
    for (size_t i = 0; i < COLLECTOR_RIGHT_BODIES_MAX; i++) {
        for (size_t j = 0; j < COLLECTOR_RIGHT_BODIES_MAX; j++)
            q.bodies[j] = i == j ? "moj" : "moh";
        assert_int_equal(collector_right_decide(&who, NULL, &q), COLLECTOR_RIGHT_OWN_BODY);
    }
    const struct views_account of_none = account("aigul", ROLE(REVIEWER), "");
    q.bodies[0] = ""; /* of no body is not of the body "" */
    assert_int_equal(collector_right_decide(&of_none, NULL, &q), COLLECTOR_RIGHT_OWN);
}

/* From the views: the day turns at midnight of the plan's zone (+06:00), not of UTC. */
static void days_of_the_plans_zone(void **state)
{
    (void)state;
    struct world w;
    world_start(&w, "2013-01-15T09:00:00+06:00");
    const struct views_account berik = account("berik", ROLE(SECRETARY), "");
    struct views_account aigul = standing_in(ROLE(VIEWER), "");
    aigul.from_day = world_day("2013-07-01");
    aigul.until_day = world_day("2013-07-14");
    assert_int_equal(world_account(&w, &berik), ESEP_OK);
    assert_int_equal(world_account(&w, &aigul), ESEP_OK);
    const struct views_account *who = views_account_named(w.views, "aigul");
    esep_time within = world_time("2013-07-05T12:00:00+06:00");
    assert_int_equal(collector_right_in(w.views, who, COLLECTOR_ACT_EXPORT, NULL, 0, within),
                     COLLECTOR_RIGHT_NONE); /* no plan: nobody knows the day */
    world_plan(&w, NULL, NULL);
    const struct views_obligation *o = views_obligation_by_key(w.views, KEY_1_MOH);
    static const struct {
        const char *at;
        enum collector_right right;
    } hours[] = {
        {"2013-06-30T23:59:59+06:00", COLLECTOR_RIGHT_NONE},
        {"2013-07-01T00:00:00+06:00", COLLECTOR_RIGHT_SUBSTITUTE},
        {"2013-07-14T23:59:59+06:00", COLLECTOR_RIGHT_SUBSTITUTE},
        {"2013-07-15T00:00:00+06:00", COLLECTOR_RIGHT_NONE},
    };
    for (size_t i = 0; i < sizeof hours / sizeof hours[0]; i++) {
        const esep_time at = world_time(hours[i].at);
        assert_int_equal(collector_right_in(w.views, who, COLLECTOR_ACT_EXTEND, o, 0, at),
                         hours[i].right);
        assert_int_equal(collector_right_in(w.views, who, COLLECTOR_ACT_EXPORT, NULL, 0, at),
                         hours[i].right);
        assert_int_equal(collector_right_in(w.views, who, COLLECTOR_ACT_LOOK, NULL, 0, at),
                         COLLECTOR_RIGHT_OWN);
    }
    char actor[COLLECTOR_ACTOR_MAX];
    collector_right_actor(who, COLLECTOR_RIGHT_SUBSTITUTE, actor);
    assert_string_equal(actor, "aigul for berik");
    collector_right_actor(who, COLLECTOR_RIGHT_OWN, actor);
    assert_string_equal(actor, "aigul");
    world_end(&w);
}

/* The successor's people do not review what the body that they took over wrote, nor the reverse. */
static void moh_ends(Esep__V1__Plan *plan)
{
    static char heir[] = "akmola";
    plan->bodies[1]->valid_to_day = world_day("2013-03-01");
    plan->bodies[1]->successor = heir;
    plan->revision++;
}

static void the_body_of_a_report(void **state)
{
    (void)state;
    struct world w;
    world_start(&w, "2013-01-15T09:00:00+06:00");
    world_plan(&w, NULL, NULL);
    const uint32_t court = world_office(&w, "court");
    const struct views_account reviewers[] = {
        account("a", ROLE(REVIEWER), "moh"), account("b", ROLE(REVIEWER), "akmola"),
        account("c", ROLE(REVIEWER), "court"), account("d", ROLE(REVIEWER), "moj")};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(world_account(&w, &reviewers[i]), ESEP_OK);
    world_plan(&w, "2013-03-01", moh_ends);
    const struct views_obligation *o = views_obligation_by_key(w.views, KEY_1_MOH);
    const esep_time before = world_time("2013-02-01T12:00:00+06:00");
    const esep_time after = world_time("2013-04-01T12:00:00+06:00");
    static const bool own[2][4] = {{true, false, true, false}, {true, true, true, false}};
    assert_string_equal(views_owner(w.views, o, before), "moh");
    assert_string_equal(views_owner(w.views, o, after), "akmola");
    for (int late = 0; late < 2; late++) {
        for (uint32_t i = 0; i < 4; i++)
            assert_int_equal(collector_right_in(w.views, views_account(w.views, i),
                                                COLLECTOR_ACT_REVIEW, o, court,
                                                late ? after : before),
                             own[late][i] ? COLLECTOR_RIGHT_OWN_BODY : COLLECTOR_RIGHT_OWN);
    }
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cell_of_the_table),
        cmocka_unit_test(strange_roles_and_acts),
        cmocka_unit_test(names_there_and_back),
        cmocka_unit_test(a_substitute_on_its_days),
        cmocka_unit_test(a_substitute_of_nobody_who_is_there),
        cmocka_unit_test(nobody_reviews_the_own_body),
        cmocka_unit_test(a_substitute_of_another),
        cmocka_unit_test(any_of_the_bodies_counts),
        cmocka_unit_test(days_of_the_plans_zone),
        cmocka_unit_test(the_body_of_a_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
