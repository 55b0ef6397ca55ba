/* The views' bounds, and what is rare there: names of one hash, alerts about who is gone, more owed
 * than there is room for, entries of what there is not. Is nothing mixed up, doubled or lost? */
#include "collector/views_state.h"
#include "esep/v1/wire.pb-c.h"
#include "views_world.h"

#include <stdio.h>
#include <stdlib.h>

#define LOG(name) ESEP__V1__LOG_TYPE__LOG_TYPE_##name
#define ALERT(name) ESEP__V1__ALERT_KIND__ALERT_KIND_##name

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void name_of(uint32_t number, char out[16])
{
    (void)snprintf(out, 16, "a%u", number);
}

static int by_hash(const void *left, const void *right)
{
    const uint32_t *a = left;
    const uint32_t *b = right;
    return a[0] != b[0] ? (a[0] > b[0]) - (a[0] < b[0]) : (a[1] > b[1]) - (a[1] < b[1]);
}

/* Two accounts whose names hash to the same 32 bits are two accounts. */
static void names_of_one_hash(void **state)
{
    struct world *w = *state;
    enum { MANY = 300000 }; /* ten such pairs or so */
    uint32_t(*hashes)[2] = malloc(sizeof(*hashes) * MANY);
    char names[2][16] = {"", ""};
    assert_non_null(hashes);
    for (uint32_t i = 0; i < MANY; i++) {
        name_of(i, names[0]);
        hashes[i][0] = views_hash(esep_slice_str(names[0]));
        hashes[i][1] = i;
    }
    qsort(hashes, MANY, sizeof(*hashes), by_hash);
    uint32_t at = 1;
    while (at < MANY && hashes[at][0] != hashes[at - 1][0])
        at++;
    assert_true(at < MANY);
    for (uint32_t i = 0; i < 2; i++) {
        struct views_account account = {.role = ESEP__V1__ACCOUNT_ROLE__ACCOUNT_ROLE_REVIEWER,
                                        .state = ESEP__V1__ACCOUNT_STATE__ACCOUNT_STATE_ACTIVE};
        name_of(hashes[at - 1 + i][1], names[i]);
        assert_null(views_account_named(w->views, names[i]));
        memcpy(account.name, names[i], sizeof(names[i]));
        assert_int_equal(world_account(w, &account), ESEP_OK);
    }
    free(hashes);
    for (uint32_t i = 0; i < 2; i++) {
        const struct views_account *found = views_account_named(w->views, names[i]);
        assert_non_null(found);
        assert_string_equal(found->name, names[i]);
        assert_int_equal(found->number, i);
    }
    assert_int_equal(views_account_count(w->views), 2);
    assert_false(views_account_name_valid("a~")); /* behind z */
    assert_false(views_account_name_valid("a/"));
}

static void ranks(void **state)
{
    (void)state;
    uint32_t before = 0;
    for (uint32_t days = 2000; days > 0; days--) {
        const uint32_t rank = views_alert_rank(ALERT(DUE_SOON), days, 0);
        assert_true(rank > 0 && rank >= before);
        before = rank;
    }
    assert_true(views_alert_rank(ALERT(DUE_TODAY), 0, 0) > before);
    assert_int_equal(views_alert_rank(ALERT(STILL_OVERDUE), 0, UINT32_MAX), UINT32_MAX);
    assert_int_equal(views_alert_rank(ALERT(UNSPECIFIED), 0, 0), 0);
}

/* What views_alerts gives out. */
struct given {
    size_t alerts, items, targets, refuse_from;
    char bodies[16][ESEP_BODY_CODE_MAX];
    char last_obligation[ESEP_OBLIGATION_KEY_MAX];
};

static enum esep_status take_alert(void *context, struct esep_slice body)
{
    struct given *given = context;
    Esep__V1__Alert *alert = esep__v1__alert__unpack(NULL, body.len, body.data);
    assert_non_null(alert);
    assert_true(given->alerts < 16);
    if (given->refuse_from != 0 && given->alerts + 1 >= given->refuse_from) {
        esep__v1__alert__free_unpacked(alert, NULL);
        given->alerts++;
        return ESEP_LIMIT;
    }
    (void)snprintf(given->bodies[given->alerts++], ESEP_BODY_CODE_MAX, "%s", alert->body);
    given->items += alert->n_items;
    given->targets += alert->n_targets;
    for (size_t i = 0; i < alert->n_items; i++)
        (void)snprintf(given->last_obligation, sizeof(given->last_obligation), "%s",
                       alert->items[i]->obligation);
    esep__v1__alert__free_unpacked(alert, NULL);
    return ESEP_OK;
}

/* The body: one mailbox. The secretariat: the same, the same as a webhook, and another. */
static size_t same_twice(void *context, const char *plan, const char *body,
                         enum views_audience whom, Esep__V1__Target *ret, size_t max)
{
    static const struct {
        Esep__V1__Channel channel;
        const char *address;
    } to[] = {{ESEP__V1__CHANNEL__CHANNEL_MAIL, "a@example.org"},
              {ESEP__V1__CHANNEL__CHANNEL_WEBHOOK, "a@example.org"},
              {ESEP__V1__CHANNEL__CHANNEL_MAIL, "b@example.org"}};
    const size_t count = whom == VIEWS_SECRETARIAT ? 3 : 1;
    (void)context;
    assert_string_equal(plan, "p");
    assert_true(max >= count && body != NULL);
    for (size_t i = 0; i < count; i++) {
        ret[i].channel = to[i].channel;
        ret[i].address = text(to[i].address);
    }
    return count;
}

static enum esep_status ask(struct world *w, views_targets_fn *targets, struct given *given)
{
    esep_time next = 0;
    return views_alerts(w->views, w->now, targets, NULL, take_alert, given, &next);
}

static void without_akmola(Esep__V1__Plan *plan)
{
    plan->revision = 2;
    plan->bodies[2] = plan->bodies[3];
    plan->n_bodies = 3;
    plan->actions[0]->n_executors = 2;
    plan->n_actions = 1;
}

/* The plan has no such body any more, and what it owed is overdue: it is said all the same, to the
 * secretariat; and who is to be told twice by one channel is told once. */
static void what_a_body_owed_that_is_gone(void **state)
{
    struct world *w = *state;
    struct given given = {0};
    w->now = world_time("2013-04-02");
    (void)world_alerts(w, false, NULL);
    world_plan(w, "2013-04-03", without_akmola);
    w->now = world_time("2013-04-08T12:00:00+06:00"); /* a week after KEY_2_AKMOLA was due */
    assert_int_equal(ask(w, same_twice, &given), ESEP_OK);
    assert_int_equal(given.alerts, 1);
    assert_string_equal(given.bodies[0], "");
    assert_string_equal(given.last_obligation, KEY_2_AKMOLA);
    assert_int_equal(given.targets, 3);
    assert_int_equal(world_alerts(w, true, NULL), 1);
    assert_int_equal(world_alerts(w, true, NULL), 0);
}

/* Where one alert is not taken, no more are given out, and all are said again. */
static void alerts_that_are_not_taken(void **state)
{
    struct world *w = *state;
    struct given given = {.refuse_from = 2};
    w->now = world_time("2013-06-25T10:00:00+06:00");
    assert_int_equal(ask(w, NULL, &given), ESEP_LIMIT);
    assert_int_equal(given.alerts, 2);
    struct given again = {0};
    assert_int_equal(ask(w, NULL, &again), ESEP_OK);
    assert_true(again.alerts > 2);
    assert_int_equal(world_alerts(w, false, NULL), again.items);
}

static void impatient(Esep__V1__Plan *plan)
{
    plan->id = text("q");
    plan->rules->silent_days = 2;
}

static void patient(Esep__V1__Plan *plan)
{
    plan->id = text("r");
    plan->rules->silent_days = 90;
}

static void careless(Esep__V1__Plan *plan)
{
    plan->id = text("s");
    plan->rules->silent_days = 0; /* it watches nobody */
}

/* Several plans watch an office: it is silent as soon as the least patient of them says so. */
static void silent_by_the_least_patient_plan(void **state)
{
    struct world *w = *state;
    world_plan(w, NULL, patient);
    world_plan(w, NULL, careless);
    const uint32_t office = world_office(w, "moh");
    const esep_time since = w->now;
    world_presence(w, office);
    w->now = since + 5 * ESEP_DAY - 1;
    (void)world_alerts(w, false, NULL);
    assert_false(views_office(w->views, office)->silent);
    w->now++;
    (void)world_alerts(w, false, NULL); /* by plan p */
    assert_true(views_office(w->views, office)->silent);
    world_presence(w, office);
    world_plan(w, NULL, impatient);
    w->now += 2 * ESEP_DAY;
    (void)world_alerts(w, false, NULL);
    assert_true(views_office(w->views, office)->silent);
}

static void log_alert(struct world *w, size_t targets, uint64_t *ret_index)
{
    Esep__V1__Alert alert = ESEP__V1__ALERT__INIT;
    Esep__V1__Target target = ESEP__V1__TARGET__INIT;
    Esep__V1__Target *list[256];
    assert_true(targets <= 256);
    for (size_t i = 0; i < targets; i++)
        list[i] = &target;
    alert.plan = text("p");
    alert.targets = list;
    alert.n_targets = targets;
    world_log(w, LOG(ALERT), &alert.base);
    *ret_index = w->last_index;
}

static enum esep_status deliver(struct world *w, uint64_t alert, uint32_t target)
{
    Esep__V1__Delivery done = ESEP__V1__DELIVERY__INIT;
    const struct esep_leaf leaf = {.type = LOG(DELIVERY), .accepted_at = w->now};
    done.alert_index = alert;
    done.target = target;
    done.delivered = true;
    return world_try(w, &leaf, &done.base);
}

static bool count_one(void *context, uint64_t alert, uint32_t target)
{
    (void)alert;
    (void)target;
    ++*(size_t *)context;
    return true;
}

/* As many deliveries are owed as there is room for, though fewer than were ever made: each can be
 * done, once, and no other. */
static void as_many_deliveries_as_there_is_room_for(void **state)
{
    struct world *w = *state;
    uint64_t first = 0;
    uint64_t second = 0;
    size_t owed = 0;
    log_alert(w, 200, &first);
    for (uint32_t i = 0; i < 90; i++)
        assert_int_equal(deliver(w, first, i), ESEP_OK);
    log_alert(w, 146, &second);
    views_deliveries(w->views, count_one, &owed);
    assert_int_equal(owed, world_limits.deliveries_max);
    assert_int_equal(deliver(w, first, 89), ESEP_INVALID);   /* done */
    assert_int_equal(deliver(w, second, 146), ESEP_INVALID); /* there are no more */
    assert_int_equal(deliver(w, second + 1, 0), ESEP_INVALID);
    for (uint32_t i = 90; i < 200; i++)
        assert_int_equal(deliver(w, first, i), ESEP_OK);
    for (uint32_t i = 0; i < 146; i++)
        assert_int_equal(deliver(w, second, i), ESEP_OK);
    owed = 0;
    views_deliveries(w->views, count_one, &owed);
    assert_int_equal(owed, 0);
    assert_int_equal(deliver(w, second, 145), ESEP_INVALID);
}

/* A body of some hundred kilobytes that takes tens of megabytes in memory. */
static void an_entry_that_swells(void **state)
{
    struct world *w = *state;
    enum { MANY = 200000 };
    Esep__V1__Alert alert = ESEP__V1__ALERT__INIT;
    Esep__V1__AlertItem item = ESEP__V1__ALERT_ITEM__INIT;
    Esep__V1__AlertItem **list = calloc(MANY, sizeof(*list));
    const struct esep_leaf leaf = {.type = LOG(ALERT), .accepted_at = w->now};
    assert_non_null(list);
    for (size_t i = 0; i < MANY; i++)
        list[i] = &item;
    alert.items = list;
    alert.n_items = MANY;
    assert_int_equal(world_try(w, &leaf, &alert.base), ESEP_LIMIT);
    free(list);
    uint64_t index = 0;
    log_alert(w, 1, &index); /* and others are taken as before */
    assert_int_equal(deliver(w, index, 0), ESEP_OK);
}

static void judged_without_a_ground(void **state)
{
    struct world *w = *state;
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report report = ESEP__V1__REPORT__INIT;
    const struct esep_slice body = esep_slice_str("bytes");
    const uint32_t office = world_office(w, "moh");
    uint8_t nonce[16] = {1};
    const Esep__V1__Verdict none = ESEP__V1__VERDICT__VERDICT_MALFORMED;
    entry.nonce = (ProtobufCBinaryData){sizeof(nonce), nonce};
    entry.written_at_us = w->now;
    assert_int_equal(views_judge(w->views, office, w->now, body, &entry), none); /* of nothing */
    assert_int_equal(views_judge(w->views, office, w->now, body, NULL), none);
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    report.obligation = text(KEY_1_MOH);
    report.revision = 1;
    report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_IN_PROGRESS;
    report.narrative = text("begun");
    assert_int_equal(views_judge(w->views, office, w->now, body, &entry),
                     ESEP__V1__VERDICT__VERDICT_TAKEN);
    assert_int_equal(views_judge(w->views, 0, w->now, body, &entry), none);
    assert_int_equal(views_judge(w->views, office + 1, w->now, body, &entry), none);
    struct views_promised promise;
    assert_false(views_commitment(w->views, office + 1, 1, 1, &promise));
}

/* A head of an epoch that is over promises nothing, and is no fault of the log. */
static void a_promise_of_an_epoch_that_is_over(void **state)
{
    struct world *w = *state;
    const uint32_t office = world_office(w, "moh");
    world_plain_report(w, office, KEY_1_MOH);
    world_new_epoch(w, office);
    world_plain_report(w, office, KEY_1_MOH);
    Esep__V1__Commitment c = ESEP__V1__COMMITMENT__INIT;
    uint8_t head[ESEP_HASH_BYTES] = {9};
    c.office = office;
    c.epoch = 1;
    c.seq = 5;
    c.head = (ProtobufCBinaryData){sizeof(head), head};
    const struct esep_leaf leaf = {
        .type = LOG(COMMITMENT), .office = office, .accepted_at = w->now, .epoch = 1, .seq = 5};
    assert_int_equal(world_try(w, &leaf, &c.base), ESEP_OK);
    struct views_promised promise;
    assert_false(views_commitment(w->views, office, 1, 5, &promise));
    assert_false(views_commitment(w->views, office, 2, 5, &promise));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_of_one_hash, world_setup, world_teardown),
        cmocka_unit_test(ranks),
        cmocka_unit_test_setup_teardown(what_a_body_owed_that_is_gone, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(alerts_that_are_not_taken, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(silent_by_the_least_patient_plan, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(as_many_deliveries_as_there_is_room_for, world_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(an_entry_that_swells, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(judged_without_a_ground, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_promise_of_an_epoch_that_is_over, world_setup,
                                        world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
