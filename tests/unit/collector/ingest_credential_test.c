/* tests/unit/collector/ingest_credential_test.c - what an account is let in by: who may change it.
 *
 * Is each change an entry with who and for whom, is what is not the asker's to change denied, and
 * is nothing but a hash of what is random ever in the log?
 */
#include "ingest_accounts.h"

#include <stdio.h>

#define SECRETARY ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_SECRETARY
#define VIEWER ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_VIEWER
#define ACT(name) ESEP__V1__ACCOUNT_ACT__ACCOUNT_ACT_##name

/* An account of each role. */
static void begin(struct ingest *g)
{
    static const char *const names[] = {"viewer", "reviewer", "secretary", "administrator"};
    ingest_start(g, NULL);
    for (int i = 0; i < 4; i++) {
        ingest_account_add(g, NULL, names[i], (Esep__V1__AccountRole)(VIEWER + i), "");
        assert_true(g->reply.order.ok);
    }
}

#define LET_IN(name) ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_##name

/* In its form what the act needs, so that only the right can be what is missing. */
static void let_in(struct ingest *g, const char *by, const char *account, unsigned act)
{
    static uint8_t hash[32] = {9};
    Esep__V1__CredentialOrder m = ESEP__V1__CREDENTIAL_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    hash[1]++;
    m.account = ingest_text(account);
    m.act = act;
    if (act == LET_IN(INVITED) || act == LET_IN(CALENDAR))
        m.hash = (ProtobufCBinaryData){sizeof hash, hash};
    if (act == LET_IN(INVITED))
        m.until_us = g->world.now + 3 * ESEP_DAY;
    order.what_case = ESEP__V1__ORDER__WHAT_CREDENTIAL;
    order.credential = &m;
    ingest_give(g, by, &order);
}

static const struct views_proof *proof_of(struct ingest *g, const char *account,
                                          enum views_proof_kind kind)
{
    return &views_account_named(g->world.views, account)->proofs[kind];
}

static void assert_logged(struct ingest *g, size_t logged, const char *actor)
{
    assert_true(g->reply.order.ok);
    assert_int_equal(g->world.log_count, logged + 1);
    assert_string_equal(ingest_last_actor(g, &esep__v1__credential__descriptor), actor);
}

static void who_changes_what_lets_in(void **state)
{
    (void)state;
    struct ingest g;
    begin(&g);
    static const struct {
        const char *by; /* NULL: an operator */
        unsigned act;
        const char *denied; /* NULL: it is logged */
    } tries[] = {
        {"administrator", LET_IN(INVITED), NULL},
        {NULL, LET_IN(INVITED), NULL},
        {"secretary", LET_IN(INVITED), "has not the right"},
        {"viewer", LET_IN(INVITED), "has not the right"},
        {"viewer", LET_IN(PASSWORD), NULL},
        {NULL, LET_IN(PASSWORD), NULL},
        {"administrator", LET_IN(PASSWORD), "viewer itself"},
        {NULL, LET_IN(SECOND_FACTOR), NULL},
        {NULL, LET_IN(NO_SECOND_FACTOR), NULL},
        {"viewer", LET_IN(SECOND_FACTOR), "operators"},
        {"viewer", LET_IN(NO_SECOND_FACTOR), "operators"},
        {"administrator", LET_IN(SECOND_FACTOR), "operators"},
        {"viewer", LET_IN(CALENDAR), NULL},
        {"reviewer", LET_IN(CALENDAR), "viewer itself"},
        {"viewer", LET_IN(NO_CALENDAR), NULL},
        {"reviewer", LET_IN(NO_CALENDAR), "viewer itself"},
        {"viewer", 0, "operators"},
        {"viewer", 7, "operators"},
    };
    for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
        const size_t logged = g.world.log_count;
        let_in(&g, tries[i].by, "viewer", tries[i].act);
        if (tries[i].denied == NULL)
            assert_logged(&g, logged, tries[i].by != NULL ? tries[i].by : "root (local)");
        else
            ingest_assert_denied(&g, logged, tries[i].denied);
    }
    size_t logged = g.world.log_count;
    let_in(&g, "administrator", "administrator", LET_IN(INVITED));
    ingest_assert_denied(&g, logged, "own account");
    for (unsigned act = LET_IN(CALENDAR); act <= LET_IN(NO_CALENDAR); act++) {
        let_in(&g, NULL, "viewer", act); /* whoever has the address sees what the account sees */
        assert_false(g.reply.order.ok);
        assert_non_null(strstr(g.reply.order.text, "viewer itself"));
    }
    let_in(&g, "viewer", "viewer", LET_IN(NO_CALENDAR)); /* it is void already */
    assert_false(g.reply.order.ok);
    assert_int_equal(g.world.log_count, logged);
    ingest_account_close(&g, NULL, "viewer");
    logged = g.world.log_count;
    let_in(&g, NULL, "viewer", LET_IN(INVITED));
    assert_false(g.reply.order.ok);
    let_in(&g, NULL, "nobody", LET_IN(INVITED));
    assert_false(g.reply.order.ok);
    assert_int_equal(g.world.log_count, logged);
    ingest_finish(&g);
}

static void an_invitation_stands_until_it_is_used(void **state)
{
    (void)state;
    struct ingest g;
    begin(&g);
    let_in(&g, "administrator", "viewer", LET_IN(INVITED));
    const struct views_proof *invited = proof_of(&g, "viewer", VIEWS_PROOF_INVITATION);
    assert_true(invited->stands);
    assert_int_equal(invited->index, g.world.log_count - 1);
    assert_int_equal(invited->at, g.world.now);
    assert_int_equal(invited->until, g.world.now + 3 * ESEP_DAY);
    assert_int_equal(invited->hash.bytes[0], 9);
    assert_string_equal(invited->actor, "administrator");
    let_in(&g, "viewer", "viewer", LET_IN(PASSWORD));
    assert_false(invited->stands);
    assert_true(proof_of(&g, "viewer", VIEWS_PROOF_PASSWORD)->stands);
    assert_string_equal(proof_of(&g, "viewer", VIEWS_PROOF_PASSWORD)->actor, "viewer");
    let_in(&g, NULL, "viewer", LET_IN(SECOND_FACTOR));
    assert_true(proof_of(&g, "viewer", VIEWS_PROOF_SECOND_FACTOR)->stands);
    let_in(&g, NULL, "viewer", LET_IN(NO_SECOND_FACTOR));
    assert_false(proof_of(&g, "viewer", VIEWS_PROOF_SECOND_FACTOR)->stands);
    ingest_account_role(&g, NULL, "viewer", SECRETARY, "", false); /* what lets it in stays */
    assert_true(proof_of(&g, "viewer", VIEWS_PROOF_PASSWORD)->stands);
    ingest_finish(&g);
}

static void what_no_credential_is(void **state)
{
    (void)state;
    struct ingest g;
    begin(&g);
    static uint8_t hash[33];
    const size_t logged = g.world.log_count;
    const esep_time then = g.world.now + ESEP_DAY;
    const struct {
        unsigned act;
        size_t hash_len;
        esep_time until;
    } bad[] = {
        {LET_IN(INVITED), 31, then},
        {LET_IN(INVITED), 33, then},
        {LET_IN(INVITED), 0, then},
        {LET_IN(INVITED), 32, 0},
        {LET_IN(INVITED), 32, g.world.now},
        {LET_IN(INVITED), 32, g.world.now + 32 * ESEP_DAY},
        {LET_IN(PASSWORD), 32, 0},
        {LET_IN(PASSWORD), 0, then},
        {LET_IN(SECOND_FACTOR), 32, 0},
        {0, 0, 0},
        {7, 0, 0},
        {UINT32_MAX, 0, 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        Esep__V1__CredentialOrder m = ESEP__V1__CREDENTIAL_ORDER__INIT;
        Esep__V1__Order order = ESEP__V1__ORDER__INIT;
        m.account = ingest_text("viewer");
        m.act = bad[i].act;
        m.hash = (ProtobufCBinaryData){bad[i].hash_len, hash};
        m.until_us = bad[i].until;
        order.what_case = ESEP__V1__ORDER__WHAT_CREDENTIAL;
        order.credential = &m;
        ingest_give(&g, NULL, &order);
        assert_false(g.reply.order.ok);
        assert_int_equal(g.world.log_count, logged);
    }
    ingest_finish(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_changes_what_lets_in),
        cmocka_unit_test(an_invitation_stands_until_it_is_used),
        cmocka_unit_test(what_no_credential_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
