/* tests/unit/collector/views_alerts_test.c - is every transition said once, and only what is true?
 *
 * The stories name the days. The model at the end knows nothing of ranks: for each obligation it
 * keeps the list of what was said, and from the calendar alone what is to be said now.
 */
#include "../rounds.h"
#include "views_world.h"

#include <stdio.h>
#include <stdlib.h>

static int setup(void **state)
{
    static struct world w;
    world_start(&w, "2012-11-01");
    world_plan(&w, NULL, NULL);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

/* Says how many items came at each of the times, one after the other. */
struct moment {
    const char *at;
    size_t items;
};
static void walk(struct world *w, const struct moment *moments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        w->now = world_time(moments[i].at);
        const size_t items = world_alerts(w, false, NULL);
        if (items != moments[i].items)
            fail_msg("%s: %zu items, not %zu", moments[i].at, items, moments[i].items);
        assert_int_equal(world_alerts(w, false, NULL), 0); /* said once */
    }
}

/* Action 2, due on 31 March: akmola owes it, the court takes part upon agreement. */
static void test_thresholds(void **state)
{
    struct world *w = *state;
    static const struct moment moments[] = {
        {"2013-02-28T23:59:59+06:00", 0},
        {"2013-03-01", 2},
        {"2013-03-16", 0},
        {"2013-03-17", 2},
        {"2013-03-24", 2},
        {"2013-03-28", 2},
        {"2013-03-30", 2},
        {"2013-03-31", 2},
        {"2013-03-31T23:59:59+06:00", 0},
        {"2013-04-01", 1}, /* only akmola is overdue */
        {"2013-04-07T23:59:59+06:00", 0},
        {"2013-04-08", 1},
        {"2013-04-15", 1},
    };
    walk(w, moments, sizeof(moments) / sizeof(*moments));
    assert_int_equal(world_duty(w, KEY_2_COURT)->alert_due, world_duty(w, KEY_2_COURT)->due);
}

static void test_next_is_when_something_changes(void **state)
{
    struct world *w = *state;
    esep_time next = 0;
    assert_int_equal(world_alerts(w, false, &next), 0);
    assert_int_equal(next, world_time("2013-03-01"));
    w->now = next - 1;
    assert_int_equal(world_alerts(w, false, &next), 0);
    w->now = next;
    assert_int_equal(world_alerts(w, false, &next), 2);
    assert_int_equal(next, world_time("2013-03-17"));
}

/* A month away: the present state of each, once, not all that was missed. */
static void test_a_month_of_downtime(void **state)
{
    struct world *w = *state;
    static const struct moment before[] = {{"2013-03-01", 2}};
    walk(w, before, 1);
    world_cut(w);
    struct views *again = world_load(w);
    views_free(w->views);
    w->views = again;
    static const struct moment after[] = {{"2013-05-02", 1}, {"2013-05-03", 0}, {"2013-05-06", 1}};
    walk(w, after, 3);
    assert_int_equal(world_duty(w, KEY_2_AKMOLA)->alert_step, 1001 + 5);
}

static void test_a_report_ends_it_and_a_withdrawal_goes_on(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    w->now = world_time("2013-03-01");
    world_presence(w, akmola);
    assert_int_equal(world_alerts(w, false, NULL), 2);
    assert_int_equal(world_plain_report(w, akmola, KEY_2_AKMOLA), ESEP__V1__VERDICT__VERDICT_TAKEN);
    const uint64_t index = w->last_index;
    w->now = world_time("2013-03-17");
    world_presence(w, akmola);
    assert_int_equal(world_alerts(w, false, NULL), 1); /* the court */
    assert_int_equal(world_withdraw(w, akmola, KEY_2_AKMOLA, index),
                     ESEP__V1__VERDICT__VERDICT_TAKEN);
    assert_int_equal(world_alerts(w, false, NULL), 1); /* 14 days, said now */
}

static void test_extension_removal_and_return(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    w->now = world_time("2013-03-31");
    world_presence(w, akmola);
    assert_int_equal(world_alerts(w, false, NULL), 2);
    assert_int_equal(world_extend(w, KEY_2_AKMOLA, "2013-04-30"), ESEP_OK);
    assert_int_equal(world_alerts(w, false, NULL), 1); /* 30 days before the new date */
    assert_int_equal(world_control(w, KEY_2_AKMOLA, true), ESEP_OK);
    w->now = world_time("2013-05-01");
    world_presence(w, akmola);
    assert_int_equal(world_alerts(w, false, NULL), 0);
    assert_int_equal(world_control(w, KEY_2_AKMOLA, false), ESEP_OK);
    assert_int_equal(world_alerts(w, false, NULL), 1);
    assert_int_equal(world_plain_report(w, akmola, KEY_2_AKMOLA), ESEP__V1__VERDICT__VERDICT_TAKEN);
    assert_int_equal(world_review(w, KEY_2_AKMOLA, w->last_index, false, "2013-05-04"), ESEP_OK);
    assert_int_equal(world_alerts(w, false, NULL), 1); /* 3 days to come back */
    w->now = world_time("2013-05-05");
    world_presence(w, akmola);
    assert_int_equal(world_alerts(w, false, NULL), 1); /* it did not */
}

static void test_silence(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    static const struct moment first[] = {{"2012-11-05T23:59:59+06:00", 0}, {"2012-11-06", 1}};
    walk(w, first, 2); /* never seen: counted from its enrolment */
    assert_true(views_office(w->views, moh)->silent);
    world_presence(w, moh);
    assert_false(views_office(w->views, moh)->silent);
    static const struct moment second[] = {{"2012-11-10", 0}, {"2012-11-11", 1}, {"2012-12-11", 0}};
    walk(w, second, 3);
}

/* The collector's clock ran a year ahead and was set right: the office is seen by the hours that
 * stand in the log now, and each silence is another one. */
static void test_silence_after_the_clock_ran_ahead(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    w->now = world_time("2013-11-10");
    world_presence(w, moh);
    w->now = world_time("2012-11-10");
    world_presence(w, moh);
    assert_true(views_office(w->views, moh)->seen_at == w->now);
    static const struct moment later[] = {{"2012-11-14T23:59:59+06:00", 0}, {"2012-11-15", 1}};
    walk(w, later, 2);
    world_presence(w, moh);
    assert_false(views_office(w->views, moh)->silent);
    assert_true(views_office(w->views, moh)->seen_at == w->now);
}

/* An office speaks while the alert about its silence is on its way into the log: it is not silent,
 * and the next silence is said. */
static void test_a_sign_of_life_before_the_alert(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    world_presence(w, moh);
    const esep_time seen = w->now;
    w->now += 6 * ESEP_DAY;
    world_presence(w, moh);
    Esep__V1__AlertItem item;
    Esep__V1__AlertItem *items[] = {&item};
    Esep__V1__Alert alert;
    char plan[] = "p", body[] = "moh";
    esep__v1__alert__init(&alert);
    esep__v1__alert_item__init(&item);
    alert.plan = plan;
    alert.body = body;
    alert.items = items;
    alert.n_items = 1;
    item.kind = ESEP__V1__ALERT_KIND__ALERT_KIND_SILENT;
    item.office = moh;
    item.seen_at_us = seen;
    world_log(w, ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT, &alert.base);
    assert_false(views_office(w->views, moh)->silent);
    item.seen_at_us = w->now;
    world_log(w, ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT, &alert.base);
    assert_true(views_office(w->views, moh)->silent);
}

/* Who is told: the body; of what is overdue or silent the secretariat too, but not of the court. */
static void test_targets_and_deliveries(void **state)
{
    struct world *w = *state;
    const uint32_t akmola = world_office(w, "akmola");
    const uint64_t mail = views_office(w->views, akmola)->mail_last;
    w->now = world_time("2013-03-31");
    world_presence(w, akmola);
    assert_int_equal(world_alerts(w, true, NULL), 2);
    assert_int_equal(views_office(w->views, akmola)->mail_last, mail + 1);
    world_cut(w);
    assert_int_equal(world_count(&w->table, 'D'), 2); /* akmola and the court */
    w->now = world_time("2013-04-02");
    world_presence(w, akmola);
    assert_int_equal(world_alerts(w, true, NULL), 1);
    const uint64_t overdue = w->last_index;
    world_cut(w);
    assert_int_equal(world_count(&w->table, 'D'), 2 + 2);

    Esep__V1__Delivery delivery;
    esep__v1__delivery__init(&delivery);
    delivery.alert_index = overdue;
    delivery.target = 1;
    delivery.delivered = true;
    world_log(w, ESEP__V1__LOG_TYPE__LOG_TYPE_DELIVERY, &delivery.base);
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_DELIVERY};
    assert_int_equal(world_try(w, &leaf, &delivery.base), ESEP_INVALID); /* once */
    world_cut(w);
    assert_int_equal(world_count(&w->table, 'D'), 3);
}

static bool count_delivery(void *context, uint64_t alert_index, uint32_t target)
{
    (void)alert_index;
    (void)target;
    ++*(size_t *)context;
    return true;
}

static enum esep_status no_emit(void *context, struct esep_slice body)
{
    (void)context;
    (void)body;
    fail();
    return ESEP_IO;
}

static size_t many_targets(void *context, const char *plan, const char *body,
                           enum views_audience whom, Esep__V1__Target *ret, size_t max)
{
    static char addresses[16][8];
    (void)context;
    (void)plan;
    (void)body;
    for (size_t i = 0; whom == VIEWS_BODY && i < max && i < 16; i++) {
        (void)snprintf(addresses[i], sizeof(addresses[i]), "a%zu", i);
        ret[i].address = addresses[i];
    }
    return whom == VIEWS_BODY ? max : 0;
}

/* The body's list names one address twice; the secretariat's begins with one the body has. */
static size_t doubled_targets(void *context, const char *plan, const char *body,
                              enum views_audience whom, Esep__V1__Target *ret, size_t max)
{
    static char a[] = "a@x", b[] = "b@x", c[] = "c@x";
    char *const lists[2][3] = {{a, a, b}, {b, c, c}};
    (void)context;
    (void)plan;
    (void)body;
    size_t count = 0;
    for (; count < 3 && count < max; count++)
        ret[count].address = lists[whom == VIEWS_SECRETARIAT][count];
    return count;
}

static enum esep_status see_addresses(void *context, struct esep_slice body)
{
    size_t *alerts = context;
    Esep__V1__Alert *alert = esep__v1__alert__unpack(NULL, body.len, body.data);
    assert_non_null(alert);
    if (alert->items[0]->kind == ESEP__V1__ALERT_KIND__ALERT_KIND_OVERDUE) {
        ++*alerts;
        assert_int_equal(alert->n_targets, 3);
        assert_string_equal(alert->targets[0]->address, "a@x");
        assert_string_equal(alert->targets[1]->address, "b@x");
        assert_string_equal(alert->targets[2]->address, "c@x");
    }
    esep__v1__alert__free_unpacked(alert, NULL);
    return ESEP_OK;
}

static void test_who_is_named_twice_is_told_once(void **state)
{
    struct world *w = *state;
    esep_time next = 0;
    size_t alerts = 0;
    w->now = world_time("2013-04-01");
    assert_int_equal(
        views_alerts(w->views, w->now, doubled_targets, NULL, see_addresses, &alerts, &next),
        ESEP_OK);
    assert_true(alerts > 0);
}

/* Dead channels fill the list of what is owed: loud, and what did not fit stays due. */
static void test_full_deliveries_are_loud(void **state)
{
    struct world *w = *state;
    size_t owed = 0;
    for (int week = 0; owed < world_limits.deliveries_max; week++) {
        w->now = world_time("2013-06-01") + week * 7 * ESEP_DAY;
        (void)world_alerts(w, true, NULL);
        owed = 0;
        views_deliveries(w->views, count_delivery, &owed);
        if (world_limits.deliveries_max - owed < 12)
            break;
    }
    w->now += 7 * ESEP_DAY;
    esep_time next = 0;
    assert_int_equal(views_alerts(w->views, w->now, many_targets, NULL, no_emit, NULL, &next),
                     ESEP_LIMIT);
}

/* The model: every transition of one obligation, told from the calendar. */
struct model {
    const char *key;
    bool agreed;
    esep_day due;
    int said; /* the last stair said: days left, 0 today, -1 overdue, -2 - k weeks */
    bool any;
};

static bool model_says(struct model *m, esep_time now)
{
    static const int days[] = {30, 14, 7, 3, 1, 0};
    const esep_day today = esep_zone_day(world_zone(NULL, "test/plus6"), now);
    int stair = INT32_MAX;
    for (size_t i = 0; i < 6; i++) {
        if (today >= m->due - days[i])
            stair = days[i];
    }
    if (today > m->due)
        stair = -1 - (today - m->due - 1) / 7;
    if (stair == INT32_MAX || (m->any && stair >= m->said) || (m->agreed && stair < 0))
        return false;
    m->said = stair;
    m->any = true;
    return true;
}

static enum esep_status check_alert(void *context, struct esep_slice body)
{
    struct world *w = context;
    Esep__V1__Alert *alert = esep__v1__alert__unpack(NULL, body.len, body.data);
    assert_non_null(alert);
    world_log(w, ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT, &alert->base);
    esep__v1__alert__free_unpacked(alert, NULL);
    return ESEP_OK;
}

static size_t said_count(const struct world *w, const char *key, size_t from)
{
    size_t count = 0;
    for (size_t i = from; i < w->log_count; i++) {
        if (w->log[i].leaf[1] != ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT)
            continue;
        Esep__V1__Alert *alert = esep__v1__alert__unpack(NULL, w->log[i].len, w->log[i].body);
        assert_non_null(alert);
        for (size_t k = 0; k < alert->n_items; k++)
            count += strcmp(alert->items[k]->obligation, key) == 0;
        esep__v1__alert__free_unpacked(alert, NULL);
    }
    return count;
}

static void one_life(uint64_t seed)
{
    struct world w;
    struct esep_prng prng = {.state = seed};
    struct model models[32];
    size_t count = 0;
    world_start(&w, "2012-11-01");
    world_plan(&w, NULL, NULL);
    for (uint32_t i = 0; i < views_obligation_count(w.views); i++) {
        const struct views_obligation *o = views_obligation(w.views, i);
        models[count++] = (struct model){
            .key = o->made.key, .agreed = o->made.upon_agreement, .due = o->made.due_day};
    }
    char keys[32][ESEP_OBLIGATION_KEY_MAX];
    for (size_t i = 0; i < count; i++)
        models[i].key = memcpy(keys[i], models[i].key, strlen(models[i].key) + 1);
    while (w.now < world_time("2015-06-01")) {
        /* Minutes, days or weeks later: 1 minute to 40 days. */
        const uint64_t reach[] = {60, 86400, 7 * 86400, 40 * 86400};
        w.now +=
            (esep_time)(1 + esep_prng_below(&prng, reach[esep_prng_below(&prng, 4)])) * ESEP_SECOND;
        const size_t from = w.log_count;
        esep_time next = 0;
        assert_int_equal(views_alerts(w.views, w.now, NULL, NULL, check_alert, &w, &next), ESEP_OK);
        assert_true(next > w.now);
        for (size_t i = 0; i < count; i++) {
            const size_t expected = model_says(&models[i], w.now) ? 1 : 0;
            if (said_count(&w, models[i].key, from) != expected)
                fail_msg("seed %llu: %s", (unsigned long long)seed, models[i].key);
        }
        if (esep_prng_below(&prng, 8) == 0) {
            world_cut(&w);
            struct views *again = world_load(&w);
            views_free(w.views);
            w.views = again;
        }
    }
    world_end(&w);
}

static void test_random_clocks_against_the_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= test_rounds(20); seed++)
        one_life(seed);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORY(test_thresholds),
        STORY(test_next_is_when_something_changes),
        STORY(test_a_month_of_downtime),
        STORY(test_a_report_ends_it_and_a_withdrawal_goes_on),
        STORY(test_extension_removal_and_return),
        STORY(test_silence),
        STORY(test_silence_after_the_clock_ran_ahead),
        STORY(test_a_sign_of_life_before_the_alert),
        STORY(test_targets_and_deliveries),
        STORY(test_who_is_named_twice_is_told_once),
        STORY(test_full_deliveries_are_loud),
        cmocka_unit_test(test_random_clocks_against_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
