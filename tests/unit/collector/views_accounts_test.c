/* Accounts from the log: is the newest entry what stands, is what contradicts refused and nothing
 * changed, and do the rows give the same accounts back? */
#include "views_world.h"

#include <stdio.h>

#define ACTIVE ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE
#define CLOSED ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_CLOSED
#define REVIEWER ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_REVIEWER
#define SECRETARY ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_SECRETARY

static struct views_account account(const char *name)
{
    struct views_account a = {.role = REVIEWER, .state = ACTIVE};
    (void)snprintf(a.name, sizeof a.name, "%s", name);
    (void)snprintf(a.display, sizeof a.display, "Әйгүл");
    (void)snprintf(a.body, sizeof a.body, "moj");
    return a;
}

static void stand_in(struct views_account *a, const char *other, esep_day from, esep_day until)
{
    (void)snprintf(a->substitute_for, sizeof a->substitute_for, "%s", other);
    a->from_day = from;
    a->until_day = until;
}

static void begin(struct world *w)
{
    world_start(w, "2013-01-15T09:00:00+06:00");
    const struct views_account aigul = account("aigul");
    const struct views_account berik = account("berik");
    assert_int_equal(world_account(w, &aigul), ESEP_OK);
    assert_int_equal(world_account(w, &berik), ESEP_OK);
}

static bool cut_each(void *context)
{
    (void)context;
    return true;
}

static void assert_kept(struct world *w)
{
    world_cut(w);
    struct world_table again = {0};
    struct views *replayed = world_replay(w, &again, cut_each, NULL);
    assert_same_tables(&w->table, &again);
    struct views *loaded = world_load(w);
    for (uint32_t i = 0; i <= views_account_count(w->views); i++) {
        const struct views_account *a = views_account(w->views, i);
        const struct views_account *b = views_account(loaded, i);
        assert_true((a == NULL) == (i == views_account_count(w->views)));
        assert_true((a == NULL) == (b == NULL));
        if (a == NULL)
            continue;
        assert_memory_equal(a, b, sizeof *a);
        assert_ptr_equal(views_account_named(loaded, a->name), b);
    }
    views_free(loaded);
    views_free(replayed);
    world_table_free(&again);
}

static void the_newest_entry_stands(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    assert_kept(&w);
    assert_int_equal(world_count(&w.table, 'A'), 2);
    struct views_account next = account("aigul");
    next.role = SECRETARY;
    next.body[0] = '\0';
    stand_in(&next, "berik", 15900, 15914);
    (void)snprintf(next.display, sizeof next.display, "%s", "Aigul");
    assert_int_equal(world_account(&w, &next), ESEP_OK);
    const struct views_account *a = views_account_named(w.views, "aigul");
    assert_non_null(a);
    assert_int_equal(a->number, 0);
    assert_int_equal(a->index, w.last_index);
    assert_int_equal(a->role, SECRETARY);
    assert_string_equal(a->body, "");
    assert_string_equal(a->display, "Aigul");
    assert_string_equal(a->substitute_for, "berik");
    assert_int_equal(a->from_day, 15900);
    assert_int_equal(a->until_day, 15914);
    assert_kept(&w);
    assert_int_equal(world_count(&w.table, 'A'), 2);
    assert_null(views_account_named(w.views, "bolat"));
    assert_null(views_account_named(w.views, ""));
    world_end(&w);
}

static void a_closed_name_stays_closed(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct views_account next = account("berik");
    next.state = CLOSED;
    assert_int_equal(world_account(&w, &next), ESEP_OK);
    assert_int_equal(views_account_named(w.views, "berik")->state, CLOSED);
    assert_int_equal(world_account(&w, &next), ESEP_INVALID);
    next.state = ACTIVE;
    assert_int_equal(world_account(&w, &next), ESEP_INVALID);
    next = account("bolat"); /* nor does one begin closed */
    next.state = CLOSED;
    assert_int_equal(world_account(&w, &next), ESEP_INVALID);
    assert_kept(&w);
    world_end(&w);
}

static void names(void **state)
{
    (void)state;
    char longest[VIEWS_ACCOUNT_NAME_MAX + 1];
    static const char *const good[] = {"a", "z9", "0", "a.b_c-d", "...", "-"};
    static const char *const bad[] = {"", "A", "a b", "a/b", "ә", "a\n", "a:b", "a@b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(views_account_name_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(views_account_name_valid(bad[i]));
    memset(longest, 'a', sizeof longest);
    longest[VIEWS_ACCOUNT_NAME_MAX] = '\0';
    assert_false(views_account_name_valid(longest));
    longest[VIEWS_ACCOUNT_NAME_MAX - 1] = '\0';
    assert_true(views_account_name_valid(longest));
}

static enum esep_status try_message(struct world *w, Esep__V1__Account *m)
{
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_ACCOUNT,
                                   .accepted_at = w->now};
    return world_try(w, &leaf, &m->base);
}

static void what_no_account_is(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    world_cut(&w);
    struct world_table before = {0};
    for (size_t i = 0; i < w.table.count; i++)
        world_table_put(&before, esep_slice(w.table.rows[i].key, w.table.rows[i].key_len),
                        esep_slice(w.table.rows[i].value, w.table.rows[i].value_len));
    static char longer[200];
    memset(longer, 'x', sizeof longer - 1);
    static char bolat[] = "bolat", capital[] = "Bolat", none[] = "", nobody[] = "nobody";
    static char berik[] = "berik";
    const Esep__V1__Account good = {
        .base = {.descriptor = &esep__v1__account__descriptor},
        .name = bolat,
        .display = none,
        .role = REVIEWER,
        .body = none,
        .state = ACTIVE,
        .substitute_for = none,
        .actor = none,
    };
    Esep__V1__Account bad[14];
    for (size_t i = 0; i < 14; i++)
        bad[i] = good;
    bad[0].name = capital;
    bad[1].name = none;
    bad[2].name = longer;
    bad[3].display = longer + sizeof longer - 1 - VIEWS_ACCOUNT_DISPLAY_MAX;
    bad[4].body = longer + sizeof longer - 1 - ESEP_BODY_CODE_MAX;
    bad[5].role = (Esep__V1__AccountRole)0;
    bad[6].role = (Esep__V1__AccountRole)5;
    bad[7].state = (Esep__V1__AccountState)0;
    bad[8].state = (Esep__V1__AccountState)3;
    bad[9].substitute_for = nobody;
    bad[10].substitute_for = bolat; /* himself, not there yet */
    bad[11].substitute_for = berik;
    bad[11].from_day = 15901;
    bad[11].until_day = 15900;
    bad[12].from_day = 1; /* days, but for nobody */
    bad[13].until_day = 1;
    for (size_t i = 0; i < 14; i++)
        assert_int_equal(try_message(&w, &bad[i]), ESEP_INVALID);
    world_cut(&w);
    assert_same_tables(&before, &w.table);
    world_table_free(&before);
    Esep__V1__Account widest = good;
    widest.display = longer + sizeof longer - VIEWS_ACCOUNT_DISPLAY_MAX;
    widest.body = longer + sizeof longer - ESEP_BODY_CODE_MAX;
    widest.substitute_for = berik;
    widest.from_day = widest.until_day = 15900; /* one day */
    assert_int_equal(try_message(&w, &widest), ESEP_OK);
    assert_kept(&w);
    world_end(&w);
}

static void as_many_as_the_limit(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    struct views_account next = account("aigul");
    while (views_account_count(w.views) < world_limits.accounts_max) {
        (void)snprintf(next.name, sizeof next.name, "a%u", views_account_count(w.views));
        assert_int_equal(world_account(&w, &next), ESEP_OK);
    }
    (void)snprintf(next.name, sizeof next.name, "one.more");
    assert_int_equal(world_account(&w, &next), ESEP_LIMIT);
    next = account("aigul"); /* what is there may change */
    next.role = SECRETARY;
    assert_int_equal(world_account(&w, &next), ESEP_OK);
    assert_kept(&w);
    world_end(&w);
}

/* A row that a disk has changed, or that is gone, is found at the start. */
static void rows_of_a_disk_that_lies(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    world_cut(&w);
    for (int how = 0; how < 5; how++) {
        struct views *views = NULL;
        struct views_limits limits = world_limits;
        struct esep_reason reason = {""};
        enum esep_status status = ESEP_OK;
        if (how == 4)
            limits.accounts_max = 1;
        assert_int_equal(views_new(&views, &limits, world_zone, NULL), ESEP_OK);
        for (size_t i = 0; status == ESEP_OK && i < w.table.count; i++) {
            uint8_t key[64], value[512];
            const struct world_row *row = &w.table.rows[i];
            size_t len = row->value_len;
            memcpy(key, row->key, row->key_len);
            memcpy(value, row->value, len);
            const bool second = row->key[0] == 'A' && row->key[4] == 1;
            if (second && how == 0)
                continue; /* gone */
            if (second && how == 1)
                key[4] = 2; /* another number */
            if (second && how == 2)
                len--;
            if (second && how == 3)
                memcpy(value + 1, "aigul", 5); /* the first one's name */
            status = views_load_row(views, esep_slice(key, row->key_len), esep_slice(value, len),
                                    &reason);
        }
        if (status == ESEP_OK)
            status = views_load_end(views, &reason);
        assert_int_equal(status, ESEP_CORRUPT);
        assert_non_null(strstr(reason.text, "log replay"));
        views_free(views);
    }
    world_end(&w);
}

static enum esep_status try_credential(struct world *w, const Esep__V1__Credential *m)
{
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_CREDENTIAL,
                                   .accepted_at = w->now};
    return world_try(w, &leaf, &m->base);
}

/* A store of before such entries loads as it is, and its rows are what a replay makes: begin()
 * makes such accounts. From the first entry on the rows keep what was said, through ACCOUNT
 * entries, too. */
static void what_lets_in_is_kept(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    assert_kept(&w);
    static uint8_t hash[ESEP_HASH_BYTES] = {1, 2, 3};
    static char aigul[] = "aigul", longest[VIEWS_ACTOR_MAX];
    memset(longest, 'x', sizeof longest - 1);
    Esep__V1__Credential m = {.base = {.descriptor = &esep__v1__credential__descriptor},
                              .account = aigul,
                              .act = ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_INVITED,
                              .hash = {sizeof hash, hash},
                              .until_us = w.now + ESEP_DAY,
                              .actor = longest};
    assert_int_equal(try_credential(&w, &m), ESEP_OK);
    assert_kept(&w);
    m.act = ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_CALENDAR;
    m.until_us = 0;
    assert_int_equal(try_credential(&w, &m), ESEP_OK);
    m.hash.len = 0;
    for (int act = ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_PASSWORD;
         act <= ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_NO_SECOND_FACTOR; act++) {
        m.act = (Esep__V1__CredentialAct)act;
        assert_int_equal(try_credential(&w, &m), ESEP_OK);
    }
    const struct views_account next = account("aigul");
    assert_int_equal(world_account(&w, &next), ESEP_OK);
    const struct views_account *a = views_account_named(w.views, "aigul");
    static const bool stands[VIEWS_PROOFS] = {false, true, false, true};
    for (int i = 0; i < VIEWS_PROOFS; i++) {
        assert_int_equal(a->proofs[i].stands, stands[i]);
        assert_int_not_equal(a->proofs[i].index, 0);
        assert_string_equal(a->proofs[i].actor, longest);
    }
    assert_memory_equal(a->proofs[VIEWS_PROOF_CALENDAR].hash.bytes, hash, sizeof hash);
    assert_kept(&w);
    world_end(&w);
}

static void what_no_credential_entry_is(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    static uint8_t hash[ESEP_HASH_BYTES];
    static char aigul[] = "aigul", nobody[] = "nobody", none[] = "", longer[VIEWS_ACTOR_MAX + 1];
    memset(longer, 'x', sizeof longer - 1);
    const Esep__V1__Credential good = {.base = {.descriptor = &esep__v1__credential__descriptor},
                                       .account = aigul,
                                       .act = ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_INVITED,
                                       .hash = {sizeof hash, hash},
                                       .until_us = w.now + ESEP_DAY,
                                       .actor = none};
    Esep__V1__Credential bad[7] = {good, good, good, good, good, good, good};
    bad[0].account = nobody;
    bad[1].act = (Esep__V1__CredentialAct)0;
    bad[2].act = (Esep__V1__CredentialAct)7;
    bad[3].hash.len = 31;
    bad[4].until_us = 0;
    bad[5].actor = longer;
    bad[6].act = ESEP__V1__CREDENTIAL_ACT__CREDENTIAL_ACT_PASSWORD; /* with a hash */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(try_credential(&w, &bad[i]), ESEP_INVALID);
    assert_int_equal(views_account_named(w.views, "aigul")->proofs[0].index, 0);
    assert_int_equal(try_credential(&w, &good), ESEP_OK);
    struct views_account closed = account("aigul");
    closed.state = CLOSED;
    assert_int_equal(world_account(&w, &closed), ESEP_OK);
    assert_int_equal(try_credential(&w, &good), ESEP_INVALID);
    assert_kept(&w);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_entry_stands),
        cmocka_unit_test(a_closed_name_stays_closed),
        cmocka_unit_test(names),
        cmocka_unit_test(what_no_account_is),
        cmocka_unit_test(as_many_as_the_limit),
        cmocka_unit_test(rows_of_a_disk_that_lies),
        cmocka_unit_test(what_lets_in_is_kept),
        cmocka_unit_test(what_no_credential_entry_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
