/* tests/unit/collector/views_replay_test.c - do rows depend on the log alone (law 4)?
 *
 * A seeded generator tells a plausible and hostile life: plans that change, offices that enrol,
 * report, conflict, recover, promise and break promises, decisions on things that are and are not
 * there, alerts, deliveries, garbage. Then the same log is applied with other cuts, with views that
 * are thrown away and loaded from their rows in the middle, and with messages given or not: the
 * rows must be the same bytes each time, and the answers too.
 */
#include "../rounds.h"
#include "esep/v1/wire.pb-c.h"
#include "views_world.h"

#include <stdio.h>
#include <stdlib.h>

struct life {
    struct world w;
    struct esep_prng prng;
    uint64_t indexes[8]; /* some log indexes of late, to build on and decide about */
};

static uint64_t below(struct life *l, uint64_t bound)
{
    return esep_prng_below(&l->prng, bound);
}

static const char *some_key(struct life *l)
{
    static char strange[ESEP_OBLIGATION_KEY_MAX];
    const uint32_t count = views_obligation_count(l->w.views);
    if (count == 0 || below(l, 30) == 0) {
        (void)snprintf(strange, sizeof(strange), "p/fulfilment/%u/x", (unsigned)below(l, 99));
        return strange;
    }
    /* Mostly the same few, so that they meet. */
    const uint64_t number = below(l, below(l, 3) == 0 ? count : 6 < count ? 6 : count);
    return views_obligation(l->w.views, (uint32_t)number)->made.key;
}

static uint32_t some_office(struct life *l)
{
    return 1 + (uint32_t)below(l, views_office_count(l->w.views));
}

/* Mostly one that answers for the obligation. */
static uint32_t some_owner(struct life *l, const char *key)
{
    const struct views_obligation *o = views_obligation_by_key(l->w.views, key);
    uint32_t office = some_office(l);
    for (int i = 0; i < 12 && o != NULL; i++) {
        if (strcmp(views_office(l->w.views, office)->body, views_owner(l->w.views, o, l->w.now)) ==
            0)
            break;
        office = some_office(l);
    }
    return office;
}

static uint64_t some_index(struct life *l)
{
    return below(l, 4) == 0 ? below(l, l->w.log_count) : l->indexes[below(l, 8)];
}

static void remember(struct life *l)
{
    l->indexes[below(l, 8)] = l->w.last_index;
}

static void change_actions(Esep__V1__Plan *plan)
{
    plan->n_actions = 1;
    plan->revision++;
}
static void change_window(Esep__V1__Plan *plan)
{
    plan->actions[0]->windows[0]->end_day += 31;
    plan->bodies[2]->valid_to_day = plan->approved_day + 200;
    plan->bodies[2]->successor = plan->bodies[1]->code;
}
static void other_plan(Esep__V1__Plan *plan)
{
    static char id[] = "q";
    plan->id = id;
    plan->rules->n_alert_days = 2;
}

static void do_plan(struct life *l)
{
    static void (*const changes[])(Esep__V1__Plan *) = {NULL, change_actions, change_window,
                                                        other_plan};
    char effective[11];
    if (views_plan_count(l->w.views) >= 8)
        return;
    esep_day_format((esep_day)(l->w.now / ESEP_DAY) + (esep_day)below(l, 90), effective);
    world_plan(&l->w, effective, changes[below(l, 4)]);
}

static void do_office(struct life *l)
{
    static const char *const bodies[] = {"moj", "moh", "moh", "akmola", "court", "stranger"};
    if (views_office_count(l->w.views) < 12)
        (void)world_office(&l->w, bodies[below(l, 6)]);
}

static void do_report(struct life *l)
{
    const char *key = some_key(l);
    const uint32_t office = some_owner(l, key);
    struct world_report report = {.key = key,
                                  .fulfilment = (Esep__V1__Fulfilment)(1 + below(l, 6)),
                                  .percent = (int)below(l, 102) - 1};
    const uint64_t how = below(l, 4);
    if (how == 1)
        report.base_index = some_index(l);
    else if (how == 2)
        report.base_index = l->w.log_count + 1 + below(l, 50); /* not here */
    if (below(l, 5) == 0)
        report.settles = some_index(l);
    const struct views_obligation *o = views_obligation_by_key(l->w.views, report.key);
    if (how == 3 && o != NULL && o->head_count > 0) {
        report.base_index = o->heads[0].index;
        report.settles = o->head_count > 1 ? o->heads[1].index : 0;
    }
    (void)world_report(&l->w, office, &report);
    remember(l);
}

static void do_withdraw(struct life *l)
{
    const char *key = some_key(l);
    const struct views_obligation *o = views_obligation_by_key(l->w.views, key);
    const uint64_t index = o != NULL && o->head_count > 0 ? o->heads[0].index : some_index(l);
    (void)world_withdraw(&l->w, some_owner(l, key), key, index);
}

static void do_other_entry(struct life *l)
{
    const uint32_t office = some_office(l);
    if (below(l, 2) == 0)
        (void)world_garbage(&l->w, office);
    else
        (void)world_ask(&l->w, office, some_key(l));
}

static void do_close(struct life *l)
{
    const uint32_t office = some_office(l);
    if (l->w.office[office].seq > 0)
        world_close(&l->w, office);
}

/* A promise, now and then with a head that will not come; the bound may refuse it. */
static void do_promise(struct life *l)
{
    const uint32_t office = some_office(l);
    const uint64_t seq = l->w.office[office].seq + below(l, 6);
    const uint32_t epoch = l->w.office[office].epoch + (below(l, 6) == 0);
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT,
                                   .office = office,
                                   .accepted_at = l->w.now,
                                   .epoch = l->w.office[office].epoch,
                                   .seq = seq,
                                   .head = world_hash(office, epoch, seq)};
    (void)world_try(&l->w, &leaf, NULL);
}

static void do_decision(struct life *l)
{
    const char *key = some_key(l);
    const struct views_obligation *o = views_obligation_by_key(l->w.views, key);
    const uint64_t index =
        o != NULL && o->head_count > 0 && below(l, 4) > 0 ? o->heads[0].index : some_index(l);
    switch (below(l, 4)) {
    case 0:
        (void)world_extend(&l->w, key, below(l, 2) == 0 ? NULL : "2013-11-30");
        break;
    case 1:
        (void)world_control(&l->w, key, below(l, 2) == 0);
        break;
    default:
        (void)world_review(&l->w, key, index, below(l, 2) == 0,
                           below(l, 2) == 0 ? NULL : "2013-10-10");
    }
}

static bool first_delivery(void *context, uint64_t alert_index, uint32_t target)
{
    Esep__V1__Delivery *delivery = context;
    delivery->alert_index = alert_index;
    delivery->target = target;
    return target == 0;
}

static void do_delivery(struct life *l)
{
    Esep__V1__Delivery delivery;
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_DELIVERY,
                                   .accepted_at = l->w.now};
    esep__v1__delivery__init(&delivery);
    views_deliveries(l->w.views, first_delivery, &delivery);
    (void)world_try(&l->w, &leaf, &delivery.base);
}

static void do_seen(struct life *l)
{
    const uint32_t office = some_office(l);
    Esep__V1__MailAck ack;
    Esep__V1__Alarm alarm;
    struct esep_leaf leaf = {.accepted_at = l->w.now};
    esep__v1__mail_ack__init(&ack);
    esep__v1__alarm__init(&alarm);
    ack.office = alarm.office = office;
    ack.through = below(l, views_office(l->w.views, office)->mail_last + 2);
    alarm.kind = (Esep__V1__AlarmKind)(1 + below(l, 3));
    switch (below(l, 3)) {
    case 0:
        world_presence(&l->w, office);
        break;
    case 1:
        leaf.type = ESEP__V1__LOG_TYPE__LOG_TYPE_MAIL_ACK;
        (void)world_try(&l->w, &leaf, &ack.base);
        break;
    default:
        leaf.type = ESEP__V1__LOG_TYPE__LOG_TYPE_ALARM;
        (void)world_try(&l->w, &leaf, &alarm.base);
    }
}

static void do_code_or_key(struct life *l)
{
    uint8_t hash[32] = {0};
    Esep__V1__CodeMade made;
    Esep__V1__KeyChange change;
    struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_CODE, .accepted_at = l->w.now};
    static char body[] = "moh";
    hash[0] = (uint8_t)below(l, 20);
    if (below(l, 2) == 0) {
        esep__v1__code_made__init(&made);
        made.code_hash = (ProtobufCBinaryData){sizeof(hash), hash};
        made.body = body;
        (void)world_try(&l->w, &leaf, &made.base);
        return;
    }
    uint8_t key[32] = {9, (uint8_t)below(l, 200)};
    leaf.type = ESEP__V1__LOG_TYPE__LOG_TYPE_KEY;
    esep__v1__key_change__init(&change);
    change.state = (Esep__V1__OfficeState)below(l, 4);
    change.office = below(l, 6) == 0 ? some_office(l) : views_next_office(l->w.views);
    change.body = body;
    change.sign_key = change.curve_key = (ProtobufCBinaryData){sizeof(key), key};
    change.code_hash = (ProtobufCBinaryData){sizeof(hash), hash};
    if (world_try(&l->w, &leaf, &change.base) == ESEP_OK && l->w.office[change.office].epoch == 0)
        l->w.office[change.office].epoch = 1;
}

static void do_rights(struct life *l)
{
    Esep__V1__OfficeRights rights = ESEP__V1__OFFICE_RIGHTS__INIT;
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_RIGHTS,
                                   .accepted_at = l->w.now};
    static char all[4][8] = {"moj", "moh", "akmola", "court"};
    static char plans[2][2] = {"p", "q"};
    char *bodies[4];
    char *plan = plans[below(l, 2)];
    const uint64_t draw = below(l, 16);
    for (size_t i = 0; i < 4; i++)
        if ((draw >> i & 1) != 0)
            bodies[rights.n_bodies++] = all[i];
    rights.office = some_office(l);
    rights.bodies = bodies;
    rights.plans = &plan;
    rights.n_plans = below(l, 4) == 0 ? 1 : 0;
    (void)world_try(&l->w, &leaf, &rights.base); /* its own body is not to be named */
}

static void do_account(struct life *l)
{
    struct views_account a = {.role = (Esep__V1__AccountRole)below(l, 6),
                              .state = below(l, 8) == 0
                                           ? ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_CLOSED
                                           : ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE};
    (void)snprintf(a.name, sizeof(a.name), "who.%u", (unsigned)below(l, 16));
    (void)snprintf(a.display, sizeof(a.display), "Кім %u", (unsigned)below(l, 3));
    if (below(l, 3) == 0) {
        (void)snprintf(a.substitute_for, sizeof(a.substitute_for), "who.%u",
                       (unsigned)below(l, 16));
        a.from_day = 15700 + (esep_day)below(l, 9);
        a.until_day = 15704 + (esep_day)below(l, 9);
    }
    (void)world_account(&l->w, &a);
}

static void do_alerts(struct life *l)
{
    (void)world_alerts(&l->w, below(l, 2) == 0, NULL);
}

static void do_epoch(struct life *l)
{
    const uint32_t office = some_office(l);
    /* An epoch must bring an entry before the next may begin. */
    if (below(l, 4) == 0 && views_office(l->w.views, office)->epoch == l->w.office[office].epoch) {
        world_new_epoch(&l->w, office);
        (void)world_plain_report(&l->w, office, some_key(l));
    }
}

static void step(struct life *l)
{
    static const struct {
        void (*act)(struct life *);
        unsigned weight;
    } acts[] = {{do_report, 50}, {do_withdraw, 6}, {do_other_entry, 4}, {do_close, 8},
                {do_promise, 8}, {do_decision, 8}, {do_delivery, 4},    {do_seen, 4},
                {do_alerts, 3},  {do_plan, 1},     {do_office, 2},      {do_code_or_key, 2},
                {do_epoch, 2},   {do_account, 3},  {do_rights, 2}};
    unsigned total = 0;
    for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
        total += acts[i].weight;
    uint64_t draw = below(l, total);
    size_t at = 0;
    while (draw >= acts[at].weight)
        draw -= acts[at++].weight;
    acts[at].act(l);
    l->w.now += (esep_time)below(l, 2 * (uint64_t)ESEP_DAY);
}

static bool random_cut(void *context)
{
    return esep_prng_below(context, 7) == 0;
}
static bool every_entry(void *context)
{
    (void)context;
    return true;
}
static bool never(void *context)
{
    (void)context;
    return false;
}

static void assert_same_answers(const struct views *a, const struct views *b, esep_time now)
{
    const struct esep_hash root_a = esep_merkle_root(views_tree(a));
    const struct esep_hash root_b = esep_merkle_root(views_tree(b));
    assert_memory_equal(&root_a, &root_b, sizeof(root_a));
    assert_int_equal(views_obligation_count(a), views_obligation_count(b));
    for (uint32_t i = 0; i < views_obligation_count(a); i++) {
        const struct views_obligation *x = views_obligation(a, i);
        const struct views_obligation *y = views_obligation(b, i);
        assert_int_equal(views_came(a, x), views_came(b, y));
        assert_int_equal(views_timeliness(a, x, now), views_timeliness(b, y, now));
        assert_string_equal(views_owner(a, x, now), views_owner(b, y, now));
        assert_int_equal(x->submission, y->submission);
        assert_int_equal(x->verified, y->verified);
        assert_int_equal(x->again_by, y->again_by);
        assert_int_equal(x->head_count, y->head_count);
    }
    assert_int_equal(views_account_count(a), views_account_count(b));
    for (uint32_t i = 0; i < views_account_count(a); i++)
        assert_memory_equal(views_account(a, i), views_account(b, i), sizeof(struct views_account));
}

/* Both would judge alike what may come next. */
static void assert_same_judges(struct life *l, const struct views *other)
{
    Esep__V1__JournalEntry entry;
    Esep__V1__Report report;
    Esep__V1__Withdrawal withdrawal;
    uint8_t nonce[16] = {0};
    static char reason[] = "by mistake";
    char key[ESEP_OBLIGATION_KEY_MAX];
    esep__v1__journal_entry__init(&entry);
    esep__v1__report__init(&report);
    esep__v1__withdrawal__init(&withdrawal);
    entry.nonce = (ProtobufCBinaryData){sizeof(nonce), nonce};
    report.revision = 1;
    report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_PARTLY;
    report.obligation = withdrawal.obligation = key;
    withdrawal.reason = reason;
    for (int i = 0; i < 400; i++) {
        (void)snprintf(key, sizeof(key), "%s", some_key(l));
        const uint32_t office = some_owner(l, key);
        struct esep_hash name = world_content(&l->w, 1 + below(l, l->w.log_count));
        withdrawal.report = (ProtobufCBinaryData){sizeof name.bytes, name.bytes};
        report.builds_on = withdrawal.report;
        if (below(l, 2) == 0)
            report.builds_on.len = 0;
        nonce[0] = (uint8_t)i;
        entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
        entry.report = &report;
        if (below(l, 4) == 0) {
            entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL;
            entry.withdrawal = &withdrawal;
        }
        uint8_t body[1024];
        const struct esep_slice bytes =
            esep_slice(body, protobuf_c_message_pack(&entry.base, body));
        const Esep__V1__Verdict verdict = views_judge(l->w.views, office, l->w.now, bytes, &entry);
        assert_int_equal(verdict, views_judge(other, office, l->w.now, bytes, &entry));
        assert_int_not_equal(verdict, ESEP__V1__VERDICT__VERDICT_MALFORMED);
    }
}

/* What every state must keep, whatever came. */
static void assert_sound(const struct views *v)
{
    for (uint32_t i = 0; i < views_obligation_count(v); i++) {
        const struct views_obligation *o = views_obligation(v, i);
        assert_true(o->due >= o->made.due);
        assert_true(o->head_count == 0 || o->first_received_at != 0);
        assert_true(!o->first_proved || o->first_committed_at != 0);
        assert_true(o->listed <= VIEWS_HEADS_MAX && o->listed <= o->head_count);
        for (uint32_t h = 1; h < o->listed; h++)
            assert_true(o->heads[h - 1].index < o->heads[h].index);
    }
}

static void one_life(uint64_t seed)
{
    struct life l = {.prng = {.state = seed}};
    struct world_table table = {.rows = NULL};
    struct esep_prng cuts = {.state = seed * 77};
    world_start(&l.w, "2012-12-01");
    world_plan(&l.w, NULL, NULL);
    do_office(&l);
    for (int i = 0; i < 600; i++) {
        step(&l);
        if (below(&l, 9) == 0)
            world_cut(&l.w);
        if (below(&l, 60) == 0) { /* a restart: the rows alone carry on */
            world_cut(&l.w);
            struct views *again = world_load(&l.w);
            assert_same_answers(again, l.w.views, l.w.now);
            assert_same_judges(&l, again);
            views_free(l.w.views);
            l.w.views = again;
        }
        if (i % 50 == 0)
            assert_sound(l.w.views);
    }
    world_cut(&l.w);
    bool (*const how[])(void *) = {random_cut, every_entry, never};
    for (size_t i = 0; i < 3; i++) {
        struct views *replayed = world_replay(&l.w, &table, how[i], &cuts);
        assert_same_tables(&table, &l.w.table);
        assert_same_answers(replayed, l.w.views, l.w.now);
        assert_same_judges(&l, replayed);
        views_free(replayed);
        world_table_free(&table);
    }
    struct views *loaded = world_load(&l.w);
    assert_same_answers(loaded, l.w.views, l.w.now);
    assert_same_judges(&l, loaded);
    views_free(loaded);
    world_end(&l.w);
}

static void test_random_lives(void **state)
{
    (void)state;
    const char *from = getenv("ESEP_TEST_SEED");
    const uint64_t first = from != NULL ? strtoull(from, NULL, 10) : 1;
    /* A failing life is run again alone with ESEP_TEST_SEED. */
    for (uint64_t seed = first; seed < first + test_rounds(40); seed++) {
        one_life(seed);
    }
}

/* A row too few is noticed, whichever it is. */
static void test_missing_rows(void **state)
{
    struct life l = {.prng = {.state = 6}};
    (void)state;
    world_start(&l.w, "2012-12-01");
    world_plan(&l.w, NULL, NULL);
    (void)world_office(&l.w, "moh");
    world_cut(&l.w);
    for (size_t victim = 0; victim < l.w.table.count; victim++) {
        struct views *v = NULL;
        struct esep_reason reason;
        bool whole = true;
        if (l.w.table.rows[victim].key[0] == 'M')
            continue;
        assert_int_equal(views_new(&v, &world_limits, world_zone, NULL), ESEP_OK);
        for (size_t i = 0; i < l.w.table.count; i++) {
            const struct world_row *row = &l.w.table.rows[i];
            whole = whole && (i == victim || views_load_row(v, esep_slice(row->key, row->key_len),
                                                            esep_slice(row->value, row->value_len),
                                                            &reason) == ESEP_OK);
        }
        if (whole && views_plan_count(v) > 0)
            whole = views_load_plan(v, 1, esep_slice(l.w.log[1].body, l.w.log[1].len), &reason) ==
                    ESEP_OK;
        assert_true(!whole || views_load_end(v, &reason) == ESEP_CORRUPT);
        views_free(v);
    }
    world_end(&l.w);
}

/* A damaged row is said to be damaged; it never crashes the start. */
static void test_damaged_rows(void **state)
{
    struct life l = {.prng = {.state = 5}};
    (void)state;
    world_start(&l.w, "2012-12-01");
    world_plan(&l.w, NULL, NULL);
    do_office(&l);
    for (int i = 0; i < 300; i++)
        step(&l);
    world_cut(&l.w);
    size_t refused = 0;
    for (int round = 0; round < 60; round++) {
        struct views *v = NULL;
        assert_int_equal(views_new(&v, &world_limits, world_zone, NULL), ESEP_OK);
        const size_t victim = below(&l, l.w.table.count);
        for (size_t i = 0; i < l.w.table.count; i++) {
            const struct world_row *row = &l.w.table.rows[i];
            uint8_t copy[4096];
            size_t len = row->value_len;
            memcpy(copy, row->value, len);
            if (i == victim && len > 0) {
                copy[below(&l, len)] ^= (uint8_t)(1 + below(&l, 255));
                len -= below(&l, 3) == 0;
            }
            struct esep_reason reason;
            const enum esep_status status = views_load_row(v, esep_slice(row->key, row->key_len),
                                                           esep_slice(copy, len), &reason);
            assert_true(status == ESEP_OK || status == ESEP_CORRUPT);
            if (status == ESEP_CORRUPT) {
                refused++;
                break;
            }
        }
        views_free(v);
    }
    assert_true(refused > 0);
    world_end(&l.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_lives),
        cmocka_unit_test(test_missing_rows),
        cmocka_unit_test(test_damaged_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
