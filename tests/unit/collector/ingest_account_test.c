/* tests/unit/collector/ingest_account_test.c - orders of accounts, and about accounts.
 *
 * Does ingest itself deny, by each role, each order that the role may not give, log nothing of it,
 * and name in the log who did what, and for whom?
 */
#include "ingest_accounts.h"

#include <stdio.h>

#define VIEWER ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_VIEWER
#define REVIEWER ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_REVIEWER
#define SECRETARY ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_SECRETARY
#define ADMINISTRATOR ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_ADMINISTRATOR
#define ACT(name) ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_##name
#define CLOSED ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_CLOSED

static void stand_in(struct ingest *g, const char *by, const char *name, const char *other,
                     const char *from, const char *until)
{
    Esep__V1__AccountOrder m = ESEP__V1__ACCOUNT_ORDER__INIT;
    m.act = ACT(SUBSTITUTE);
    m.name = ingest_text(name);
    m.substitute_for = ingest_text(other);
    m.from = ingest_text(from);
    m.until = ingest_text(until);
    ingest_account_change(g, by, &m);
}

static void review(struct ingest *g, const char *by, uint64_t index)
{
    Esep__V1__ReviewOrder m = ESEP__V1__REVIEW_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.report_index = index;
    m.accept = true;
    order.what_case = ESEP__V1__ORDER__WHAT_REVIEW;
    order.review = &m;
    ingest_give(g, by, &order);
}

static void extend(struct ingest *g, const char *by, const char *until)
{
    Esep__V1__ExtendOrder m = ESEP__V1__EXTEND_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.obligation = ingest_text(KEY_1_MOH);
    m.until = ingest_text(until);
    m.document = ingest_text("order 5");
    m.reason = ingest_text("floods");
    order.what_case = ESEP__V1__ORDER__WHAT_EXTEND;
    order.extend = &m;
    ingest_give(g, by, &order);
}

static void control(struct ingest *g, const char *by, bool remove)
{
    Esep__V1__ControlOrder m = ESEP__V1__CONTROL_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.obligation = ingest_text(KEY_2_COURT);
    m.act = remove ? ESEP__V1__CONTROL_ACT__CONTROL_ACT_REMOVE
                   : ESEP__V1__CONTROL_ACT__CONTROL_ACT_RESTORE;
    m.reason = ingest_text("done");
    order.what_case = ESEP__V1__ORDER__WHAT_CONTROL;
    order.control = &m;
    ingest_give(g, by, &order);
}

/* One of those that only operators give, valid in itself. */
static void operate(struct ingest *g, const char *by, Esep__V1__Order__WhatCase what)
{
    static uint8_t hash[32] = {7};
    Esep__V1__CodeOrder code = ESEP__V1__CODE_ORDER__INIT;
    Esep__V1__AcceptOrder accept = ESEP__V1__ACCEPT_ORDER__INIT;
    Esep__V1__RevokeOrder revoke = ESEP__V1__REVOKE_ORDER__INIT;
    Esep__V1__ListOrder list = ESEP__V1__LIST_ORDER__INIT;
    Esep__V1__PlanOrder plan = ESEP__V1__PLAN_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    void *const members[] = {NULL, &code, &accept, &revoke, &list, &plan};
    hash[1]++;
    code.body = ingest_text("moh");
    code.code_hash = (ProtobufCBinaryData){sizeof hash, hash};
    code.expires_at_us = g->world.now + ESEP_HOUR;
    accept.office = revoke.office = 1;
    revoke.reason = ingest_text("lost");
    order.what_case = what;
    if (what != ESEP__V1__ORDER__WHAT__NOT_SET)
        order.code = members[what - ESEP__V1__ORDER__WHAT_CODE + 1]; /* all are pointers */
    ingest_give(g, by, &order);
}

/* A report of moh that stands, and an account of each role; `aigul` is of moj. */
static uint64_t begin(struct ingest *g)
{
    ingest_start(g, NULL);
    struct sim_office *o = sim_active(g, "moh");
    sim_hello(o, g);
    sim_write(o, g, KEY_1_MOH);
    sim_batch(o, g, 1, 1, true);
    static const char *const names[] = {"viewer", "reviewer", "secretary", "administrator"};
    for (int i = 0; i < 4; i++) {
        ingest_account_add(g, NULL, names[i], (Esep__V1__AccountRole)(VIEWER + i), "");
        assert_true(g->reply.order.ok);
    }
    return views_obligation_by_key(g->world.views, KEY_1_MOH)->heads[0].index;
}

enum { OP_REVIEW, OP_EXTEND, OP_CONTROL, OP_ACCOUNT, OP_FIRST_OPERATE, OPS = OP_FIRST_OPERATE + 6 };

static void order_by(struct ingest *g, const char *by, int op, uint64_t report, int nth)
{
    char name[32];
    char until[16];
    (void)snprintf(name, sizeof name, "new.%d", nth);
    (void)snprintf(until, sizeof until, "2013-08-%02d", nth + 1);
    switch (op) {
    case OP_REVIEW:
        review(g, by, report);
        break;
    case OP_EXTEND:
        extend(g, by, until);
        break;
    case OP_CONTROL:
        control(g, by,
                views_obligation_by_key(g->world.views, KEY_2_COURT)->control !=
                    ESEP_CONTROL_REMOVED);
        break;
    case OP_ACCOUNT:
        ingest_account_add(g, by, name, VIEWER, "");
        break;
    default:
        operate(g, by,
                op == OP_FIRST_OPERATE ? ESEP__V1__ORDER__WHAT__NOT_SET
                                       : (Esep__V1__Order__WhatCase)(ESEP__V1__ORDER__WHAT_CODE +
                                                                     op - OP_FIRST_OPERATE - 1));
    }
}

static void each_order_by_each_role(void **state)
{
    (void)state;
    struct ingest g;
    const uint64_t report = begin(&g);
    static const struct {
        const char *who;
        bool may[OPS]; /* the rest: never */
    } roles[] = {{"viewer", {false}},
                 {"reviewer", {[OP_REVIEW] = true}},
                 {"secretary", {[OP_REVIEW] = true, [OP_EXTEND] = true, [OP_CONTROL] = true}},
                 {"administrator", {[OP_ACCOUNT] = true}}};
    int nth = 0;
    uint64_t denied = 0;
    for (size_t r = 0; r < 4; r++) {
        for (int op = 0; op < OPS; op++) {
            const size_t logged = g.world.log_count;
            order_by(&g, roles[r].who, op, report, nth++ % 28);
            if (roles[r].may[op]) {
                assert_true(g.reply.order.ok);
                assert_int_equal(g.world.log_count, logged + 1);
                assert_int_equal(g.reply.order.index, logged);
            } else {
                denied++;
                ingest_assert_denied(&g, logged,
                                     op < OP_FIRST_OPERATE ? "has not the right" : "operators");
            }
        }
    }
    assert_int_equal(denied, 4 * OPS - 5);
    assert_int_equal(collector_counter(g.core, COLLECTOR_ORDERS_DENIED), denied);
    ingest_finish(&g);
}

static void who_is_no_account(void **state)
{
    (void)state;
    struct ingest g;
    const uint64_t report = begin(&g);
    ingest_account_close(&g, NULL, "secretary");
    assert_true(g.reply.order.ok);
    const size_t logged = g.world.log_count;
    static const char *const strangers[] = {
        "",
        "nobody",
        "root (local)",
        "local",
        "operator 0",
        "Reviewer",
        "reviewer for secretary",
        "reviewer ",
        "quite a long name, longer than any account's name may ever be, and then more"};
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        review(&g, strangers[i], report);
        ingest_assert_denied(&g, logged, "there is no account");
    }
    review(&g, "secretary", report);
    ingest_assert_denied(&g, logged, "is closed");
    collector_on_account_order(g.core, 78, esep_slice("\xff\xff", 2), g.world.now);
    ingest_pump(&g);
    assert_non_null(strstr(g.reply.order.text, "cannot be read"));
    ingest_finish(&g);
}

/* Over the operators' socket the file system vouches for a user, and an account is none. */
static void operators_do_not_call_themselves_accounts(void **state)
{
    (void)state;
    struct ingest g;
    const uint64_t report = begin(&g);
    const size_t logged = g.world.log_count;
    static const char *const refused[] = {"reviewer", "reviewer for secretary", "viewer for x"};
    static const char *const taken[] = {"reviewer (local)", "secretariat", "x for reviewer",
                                        " for viewer", ""};
    Esep__V1__ReviewOrder m = ESEP__V1__REVIEW_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.report_index = report;
    m.accept = true;
    order.what_case = ESEP__V1__ORDER__WHAT_REVIEW;
    order.review = &m;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        order.actor = ingest_text(refused[i]);
        ingest_order(&g, &order);
        assert_false(g.reply.order.ok);
        assert_non_null(strstr(g.reply.order.text, "name of an account"));
    }
    char longest[66];
    memset(longest, 'x', sizeof longest - 1);
    longest[65] = '\0';
    order.actor = longest;
    ingest_order(&g, &order);
    assert_non_null(strstr(g.reply.order.text, "longer than 64 bytes"));
    assert_int_equal(g.world.log_count, logged);
    longest[64] = '\0';
    ingest_order(&g, &order);
    assert_true(g.reply.order.ok);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        order.actor = ingest_text(taken[i]);
        ingest_order(&g, &order);
        assert_true(g.reply.order.ok);
        assert_string_equal(ingest_last_actor(&g, &esep__v1__review__descriptor),
                            taken[i][0] != '\0' ? taken[i] : "local");
    }
    ingest_finish(&g);
}

static void the_own_bodys_report(void **state)
{
    (void)state;
    struct ingest g;
    const uint64_t report = begin(&g);
    ingest_account_add(&g, NULL, "of.moh", REVIEWER, "moh");
    ingest_account_add(&g, NULL, "of.moj", REVIEWER, "moj");
    ingest_account_add(&g, NULL, "chief.moh", SECRETARY, "moh");
    stand_in(&g, NULL, "of.moh", "secretary", "2013-01-01", "2013-12-31");
    stand_in(&g, NULL, "viewer", "of.moh", "2013-01-01", "2013-12-31");
    assert_true(g.reply.order.ok);
    size_t logged = g.world.log_count;
    review(&g, "of.moh", report); /* nor as the secretary, for whom she stands in */
    ingest_assert_denied(&g, logged, "own body");
    review(&g, "chief.moh", report);
    ingest_assert_denied(&g, logged, "own body");
    review(&g, "viewer", report); /* nor anybody for her */
    ingest_assert_denied(&g, logged, "own body");
    review(&g, "of.moj", report);
    assert_true(g.reply.order.ok);
    assert_string_equal(ingest_last_actor(&g, &esep__v1__review__descriptor), "of.moj");
    extend(&g, "chief.moh", "2013-07-31");
    assert_true(g.reply.order.ok);
    /* Another body from now on. */
    ingest_account_role(&g, NULL, "of.moh", REVIEWER, "court", false);
    review(&g, "of.moh", report);
    assert_true(g.reply.order.ok);
    ingest_finish(&g);
}

/* The day before, the first, the last, the day after: in the plan's zone. */
static void a_substitute_day_by_day(void **state)
{
    (void)state;
    struct ingest g;
    (void)begin(&g);
    stand_in(&g, NULL, "viewer", "secretary", "2013-02-01", "2013-02-14");
    assert_true(g.reply.order.ok);
    static const struct {
        const char *at;
        bool may;
        const char *until;
    } hours[] = {
        {"2013-01-31T23:59:59+06:00", false, "2013-08-01"},
        {"2013-02-01T00:00:00+06:00", true, "2013-08-02"},
        {"2013-02-14T23:59:59+06:00", true, "2013-08-03"},
        {"2013-02-15T00:00:00+06:00", false, "2013-08-04"},
    };
    for (size_t i = 0; i < sizeof hours / sizeof *hours; i++) {
        g.world.now = world_time(hours[i].at);
        const size_t logged = g.world.log_count;
        extend(&g, "viewer", hours[i].until);
        if (!hours[i].may) {
            ingest_assert_denied(&g, logged, "account viewer (viewer) has not the right: extend");
            continue;
        }
        assert_true(g.reply.order.ok);
        assert_string_equal(ingest_last_actor(&g, &esep__v1__extension__descriptor),
                            "viewer for secretary");
    }
    g.world.now = world_time("2013-02-15T00:00:00+06:00");
    extend(&g, "secretary", "2013-08-05"); /* who is away may still act himself */
    assert_string_equal(ingest_last_actor(&g, &esep__v1__extension__descriptor), "secretary");
    ingest_finish(&g);
}

static void a_substitute_of_a_closed_account(void **state)
{
    (void)state;
    struct ingest g;
    (void)begin(&g);
    stand_in(&g, NULL, "viewer", "secretary", "2013-01-01", "2013-12-31");
    extend(&g, "viewer", "2013-08-01");
    assert_true(g.reply.order.ok);
    ingest_account_close(&g, NULL, "secretary");
    size_t logged = g.world.log_count;
    extend(&g, "viewer", "2013-08-02");
    ingest_assert_denied(&g, logged, "has not the right");
    stand_in(&g, NULL, "viewer", "secretary", "2013-01-01", "2013-12-31");
    assert_non_null(strstr(g.reply.order.text, "no open account"));
    stand_in(&g, NULL, "viewer", "", "", ""); /* it ends */
    assert_true(g.reply.order.ok);
    assert_string_equal(views_account_named(g.world.views, "viewer")->substitute_for, "");
    ingest_finish(&g);
}

static void an_administrator_and_the_own_account(void **state)
{
    (void)state;
    struct ingest g;
    (void)begin(&g);
    ingest_account_add(&g, NULL, "second", ADMINISTRATOR, "");
    stand_in(&g, "administrator", "viewer", "administrator", "2013-01-01", "2013-12-31");
    assert_true(g.reply.order.ok);
    assert_string_equal(ingest_last_actor(&g, &esep__v1__account__descriptor), "administrator");
    size_t logged = g.world.log_count;
    ingest_account_role(&g, "administrator", "administrator", SECRETARY, "", false);
    ingest_assert_denied(&g, logged, "own account");
    stand_in(&g, "administrator", "administrator", "secretary", "2013-01-01", "2013-12-31");
    ingest_assert_denied(&g, logged, "own account");
    ingest_account_close(&g, "administrator", "administrator");
    ingest_assert_denied(&g, logged, "own account");
    ingest_account_role(&g, "viewer", "viewer", SECRETARY, "", false); /* a substitute neither */
    ingest_assert_denied(&g, logged, "own account");
    ingest_account_close(&g, "viewer", "administrator");
    ingest_assert_denied(&g, logged, "own account");
    ingest_account_role(&g, "viewer", "second", VIEWER, "", false);
    assert_true(g.reply.order.ok);
    assert_string_equal(ingest_last_actor(&g, &esep__v1__account__descriptor),
                        "viewer for administrator");
    logged = g.world.log_count;
    ingest_account_close(&g, "second", "viewer"); /* no administrator any more */
    ingest_assert_denied(&g, logged, "has not the right: accounts");
    ingest_finish(&g);
}

static void with_an_operator_called_chief(struct collector_config *config)
{
    memcpy(config->operators[1].name, "chief", sizeof "chief");
}

static void accounts_that_cannot_be(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, with_an_operator_called_chief);
    ingest_account_add(&g, NULL, "aigul", SECRETARY, "moj");
    assert_true(g.reply.order.ok);
    const struct views_account *aigul = views_account_named(g.world.views, "aigul");
    assert_string_equal(aigul->display, "aigul");
    assert_string_equal(aigul->body, "moj");
    assert_string_equal(ingest_last_actor(&g, &esep__v1__account__descriptor), "root (local)");
    ingest_account_add(&g, NULL, "berik", VIEWER, "");
    Esep__V1__AccountOrder m = ESEP__V1__ACCOUNT_ORDER__INIT;
    const size_t logged = g.world.log_count;
    const char *const *words = (const char *const[]){"an account is added",
                                                     "an account is added",
                                                     "1 to 64 of",
                                                     "name of an operator",
                                                     "needs a role",
                                                     "needs a role",
                                                     "no plan has a body",
                                                     "already, or was",
                                                     "one line",
                                                     "one line",
                                                     "there is no account \"bolat\"",
                                                     "himself",
                                                     "from:",
                                                     "until:",
                                                     "before the first",
                                                     "has passed",
                                                     "no open account",
                                                     NULL};
    static char wide[VIEWS_ACCOUNT_DISPLAY_MAX + 1];
    memset(wide, 'x', VIEWS_ACCOUNT_DISPLAY_MAX);
    for (int i = 0; words[i] != NULL; i++) {
        esep__v1__account_order__init(&m);
        m.act = i == 0    ? ACT(UNSPECIFIED)
                : i == 1  ? (Esep__V1__AccountAct)9
                : i < 10  ? ACT(ADD)
                : i == 10 ? ACT(CLOSE)
                          : ACT(SUBSTITUTE);
        m.name = ingest_text(i == 2    ? "Bolat"
                             : i == 3  ? "chief"
                             : i == 7  ? "aigul"
                             : i <= 10 ? "bolat"
                                       : "berik");
        m.role = i == 4 ? 0 : i == 5 ? 5 : VIEWER;
        m.body = ingest_text(i == 6 ? "nowhere" : "");
        m.display = i == 8 ? ingest_text("two\nlines") : i == 9 ? wide : m.display;
        m.substitute_for = ingest_text(i < 11    ? ""
                                       : i == 11 ? "berik"
                                       : i == 16 ? "nobody"
                                                 : "aigul");
        m.from = ingest_text(i == 12 ? "1.2.2013" : i == 14 ? "2013-03-02" : "2012-12-01");
        m.until = ingest_text(i == 13 ? "" : i == 15 ? "2013-01-14" : "2013-03-01");
        ingest_account_change(&g, NULL, &m);
        assert_false(g.reply.order.ok);
        assert_false(g.reply.order.denied);
        assert_non_null(strstr(g.reply.order.text, words[i]));
        assert_int_equal(g.world.log_count, logged);
    }
    ingest_account_close(&g, NULL, "berik");
    ingest_account_add(&g, NULL, "berik", VIEWER, "");
    assert_non_null(strstr(g.reply.order.text, "already, or was"));
    ingest_account_role(&g, NULL, "berik", SECRETARY, "", false);
    assert_non_null(strstr(g.reply.order.text, "closed, and stays so"));
    assert_int_equal(views_account_named(g.world.views, "berik")->state, CLOSED);
    ingest_finish(&g);
}

static void a_role_keeps_the_body(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    ingest_account_add(&g, NULL, "aigul", REVIEWER, "moj");
    ingest_account_role(&g, NULL, "aigul", SECRETARY, "", false);
    const struct views_account *aigul = views_account_named(g.world.views, "aigul");
    assert_int_equal(aigul->role, SECRETARY);
    assert_string_equal(aigul->body, "moj");
    ingest_account_role(&g, NULL, "aigul", SECRETARY, "court", false);
    assert_string_equal(aigul->body, "court");
    ingest_account_role(&g, NULL, "aigul", SECRETARY, "moj", true);
    assert_false(g.reply.order.ok);
    ingest_account_role(&g, NULL, "aigul", SECRETARY, "", true);
    assert_string_equal(aigul->body, "");
    ingest_finish(&g);
}

static void an_account_before_its_commit(void **state)
{
    (void)state;
    struct ingest g;
    (void)begin(&g);
    g.auto_commit = false;
    const size_t replies = g.replies;
    ingest_account_add(&g, NULL, "aigul", SECRETARY, "");
    extend(&g, "aigul", "2013-07-31");
    assert_int_equal(g.replies, replies); /* after the commit */
    while (g.pending != NULL)
        ingest_commit(&g, ESEP_OK);
    g.auto_commit = true;
    assert_int_equal(g.replies, replies + 2);
    assert_true(g.reply.order.ok);
    ingest_finish(&g);
}

/* An operator whose name in the config is an account's, since that was first. */
static void a_signed_order_in_an_accounts_name(void **state)
{
    (void)state;
    struct ingest g;
    ingest_start(&g, NULL);
    ingest_account_add(&g, NULL, "chief", VIEWER, "");
    with_an_operator_called_chief(&g.config);
    ingest_restart(&g);
    for (uint8_t i = 0; i < 2; i++) {
        struct sim_office *op = sim_new(&g);
        memset(op->curve, 0x40 + i, 32);
        sim_connect(op, &g);
        Esep__V1__Order order = ESEP__V1__ORDER__INIT;
        Esep__V1__ListOrder list = ESEP__V1__LIST_ORDER__INIT;
        uint8_t nonce[16] = {i};
        g.world.now += ESEP_SECOND;
        order.nonce = (ProtobufCBinaryData){16, nonce};
        order.issued_at_us = g.world.now;
        order.what_case = ESEP__V1__ORDER__WHAT_LIST;
        order.list = &list;
        sim_order(op, &g, 0x40 + i, &order);
        const struct sim_heard *heard = sim_last(op, KIND(ORDER_REPLY));
        assert_int_equal(heard->order.ok, i == 0);
        assert_true(i == 0 || strstr(heard->order.text, "called as an account") != NULL);
    }
    ingest_end(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_order_by_each_role),
        cmocka_unit_test(who_is_no_account),
        cmocka_unit_test(operators_do_not_call_themselves_accounts),
        cmocka_unit_test(the_own_bodys_report),
        cmocka_unit_test(a_substitute_day_by_day),
        cmocka_unit_test(a_substitute_of_a_closed_account),
        cmocka_unit_test(an_administrator_and_the_own_account),
        cmocka_unit_test(accounts_that_cannot_be),
        cmocka_unit_test(a_role_keeps_the_body),
        cmocka_unit_test(an_account_before_its_commit),
        cmocka_unit_test(a_signed_order_in_an_accounts_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
