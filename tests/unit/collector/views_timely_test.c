/* tests/unit/collector/views_timely_test.c - does one packet before midnight prove the queue on
 * time, and nothing else?
 */
#include "esep/v1/wire.pb-c.h"
#include "views_world.h"

#include <stdio.h>

#define BEFORE "2013-06-30T23:58:00+06:00"
#define AFTER "2013-07-02T09:00:00+06:00"

static int setup(void **state)
{
    static struct world w;
    world_start(&w, "2013-06-01");
    world_plan(&w, NULL, NULL);
    assert_int_equal(world_office(&w, "moh"), 1);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static enum esep_timeliness how(const struct world *w)
{
    return views_timeliness(w->views, world_duty(w, KEY_1_MOH), w->now);
}

/* Entries 1 .. count: reports of the annual information, and as the last one action 1. */
static void bring(struct world *w, uint64_t count)
{
    for (uint64_t i = 1; i < count; i++)
        (void)world_plain_report(w, 1, "p/annual/-/moh/2013-01-01..2013-12-31");
    assert_int_equal(world_plain_report(w, 1, KEY_1_MOH), ESEP__V1__VERDICT__VERDICT_TAKEN);
}

static void test_promise_before_midnight_proves_on_time(void **state)
{
    struct world *w = *state;
    w->now = world_time(BEFORE);
    world_promise(w, 1, 10);
    const esep_time promised = w->now;
    w->now = world_time(AFTER);
    bring(w, 10);
    world_close(w, 1);
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    assert_true(o->first_proved);
    assert_int_equal(o->first_received_at, w->now);
    assert_int_equal(views_came(w->views, o), promised);
    assert_int_equal(how(w), ESEP_TIMELINESS_ON_TIME);
}

/* Half a chain proves nothing: it might still turn out to be another one. */
static void test_not_before_the_chain_is_complete(void **state)
{
    struct world *w = *state;
    w->now = world_time(BEFORE);
    world_promise(w, 1, 3);
    w->now = world_time(AFTER);
    bring(w, 2);
    world_close(w, 1);
    assert_int_equal(how(w), ESEP_TIMELINESS_LATE);
    assert_int_equal(world_plain_report(w, 1, KEY_1_MOH), ESEP__V1__VERDICT__VERDICT_TAKEN);
    assert_int_equal(how(w), ESEP_TIMELINESS_ON_TIME);
}

static void test_what_was_written_after_the_promise_is_late(void **state)
{
    struct world *w = *state;
    w->now = world_time(BEFORE);
    world_promise(w, 1, 1);
    w->now = world_time(AFTER);
    (void)world_plain_report(w, 1, "p/annual/-/moh/2013-01-01..2013-12-31");
    bring(w, 1);
    world_close(w, 1);
    assert_int_equal(how(w), ESEP_TIMELINESS_LATE);
    assert_int_equal(world_duty(w, KEY_1_MOH)->first_committed_at, 0);
}

/* Three days of grace: to the end of 3 July in the plan's zone, and not a second more. */
static void test_grace(void **state)
{
    static const struct {
        const char *arrives;
        enum esep_timeliness expected;
    } cases[] = {{"2013-07-03T23:59:59+06:00", ESEP_TIMELINESS_ON_TIME},
                 {"2013-07-04T00:00:00+06:00", ESEP_TIMELINESS_LATE}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world w;
        world_start(&w, "2013-06-01");
        world_plan(&w, NULL, NULL);
        assert_int_equal(world_office(&w, "moh"), 1);
        w.now = world_time(BEFORE);
        world_promise(&w, 1, 2);
        w.now = world_time(cases[i].arrives);
        bring(&w, 2);
        assert_int_equal(how(&w), cases[i].expected);
        world_end(&w);
    }
}

/* The head that was signed is not the one that came: an office cannot promise first, write later.
 */
static void test_another_head_proves_nothing(void **state)
{
    struct world *w = *state;
    w->now = world_time(BEFORE);
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT,
                                   .office = 1,
                                   .accepted_at = w->now,
                                   .epoch = 1,
                                   .seq = 1,
                                   .head = world_hash(1, 2, 1)}; /* it signs this ... */
    assert_int_equal(world_try(w, &leaf, NULL), ESEP_OK);
    w->now = world_time(AFTER);
    bring(w, 1); /* ... and brings world_hash(1, 1, 1) */
    assert_int_equal(how(w), ESEP_TIMELINESS_LATE);
    struct views_promised promise;
    assert_false(views_commitment(w->views, 1, 1, 1, &promise));
}

static void test_a_new_epoch_voids_promises(void **state)
{
    struct world *w = *state;
    w->now = world_time(BEFORE);
    world_promise(w, 1, 5);
    w->now = world_time(AFTER);
    bring(w, 1); /* waits for 5 */
    assert_int_not_equal(world_duty(w, KEY_1_MOH)->first_committed_at, 0);
    world_new_epoch(w, 1);
    (void)world_plain_report(w, 1, KEY_1_MOH);
    assert_int_equal(world_duty(w, KEY_1_MOH)->first_committed_at, 0);
    assert_int_equal(how(w), ESEP_TIMELINESS_LATE);
    world_cut(w);
    assert_int_equal(world_count(&w->table, 'C'), 0);
}

/* The earliest promise counts, whichever covers it; and a second agent's earlier one as well. */
static void test_earliest_promise_counts(void **state)
{
    struct world *w = *state;
    const uint32_t two = world_office(w, "moh");
    w->now = world_time("2013-06-20");
    world_promise(w, two, 1);
    w->now = world_time("2013-06-21");
    world_promise(w, 1, 2);
    w->now = world_time("2013-06-22");
    world_promise(w, 1, 4);
    struct views_promised promise;
    assert_true(views_commitment(w->views, 1, 1, 2, &promise));
    assert_int_equal(promise.at, world_time("2013-06-21"));
    assert_true(views_commitment(w->views, 1, 1, 3, &promise));
    assert_int_equal(promise.at, world_time("2013-06-22"));
    assert_false(views_commitment(w->views, 1, 1, 5, &promise));
    assert_false(views_commitment(w->views, 1, 2, 1, &promise));
    w->now = world_time("2013-06-23");
    assert_int_equal(world_plain_report(w, 1, KEY_1_MOH), ESEP__V1__VERDICT__VERDICT_TAKEN);
    assert_int_equal(world_plain_report(w, two, KEY_1_MOH), ESEP__V1__VERDICT__VERDICT_CONFLICT);
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    assert_int_equal(views_came(w->views, o), world_time("2013-06-20"));
    assert_int_equal(o->first_received_at, w->now);
    /* Kept a moment ago: a receipt sent again still names it. */
    assert_true(views_commitment(w->views, two, 1, 1, &promise));
    assert_int_equal(promise.at, world_time("2013-06-20"));
}

/* Waiting moves to an earlier promise of another office: what becomes of the first no longer
 * matters. */
static void test_waiting_moves_to_the_earlier_promise(void **state)
{
    struct world *w = *state;
    const uint32_t two = world_office(w, "moh");
    w->now = world_time("2013-06-28");
    world_promise(w, two, 2);
    w->now = world_time("2013-06-29");
    world_promise(w, 1, 3);
    w->now = world_time("2013-07-01");
    (void)world_plain_report(w, 1, "p/annual/-/moh/2013-01-01..2013-12-31");
    bring(w, 1);
    (void)world_plain_report(w, two, KEY_1_MOH);
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    assert_int_equal(o->first_office, two);
    world_new_epoch(w, 1); /* voids office 1's promise */
    (void)world_plain_report(w, 1, "p/annual/-/moh/2013-01-01..2013-12-31");
    assert_int_equal(how(w), ESEP_TIMELINESS_LATE);
    (void)world_plain_report(w, two, "p/annual/-/moh/2013-01-01..2013-12-31");
    assert_int_equal(views_came(w->views, o), world_time("2013-06-28"));
    assert_int_equal(how(w), ESEP_TIMELINESS_ON_TIME);
}

/* A promise says nothing of what was held before it was made. */
static void test_a_promise_does_not_reach_back(void **state)
{
    struct world *w = *state;
    struct views_promised promise;
    bring(w, 3);
    world_promise(w, 1, 5);
    assert_false(views_commitment(w->views, 1, 1, 3, &promise));
    assert_true(views_commitment(w->views, 1, 1, 4, &promise));
    bring(w, 2);
    assert_false(views_commitment(w->views, 1, 1, 3, &promise));
    assert_true(views_commitment(w->views, 1, 1, 5, &promise));
}

static void test_open_promises_are_bounded(void **state)
{
    struct world *w = *state;
    for (uint64_t i = 0; i < world_limits.open_commitments_max; i++)
        world_promise(w, 1, 10 * (i + 1));
    world_promise(w, 1, 5); /* promises nothing new: logged, not kept */
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT,
                                   .office = 1,
                                   .accepted_at = w->now,
                                   .epoch = 1,
                                   .seq = 1000,
                                   .head = world_hash(1, 1, 1000)};
    assert_int_equal(world_try(w, &leaf, NULL), ESEP_LIMIT);
    world_cut(w);
    assert_int_equal(world_count(&w->table, 'C'), world_limits.open_commitments_max);
}

/* What waits for a promise waits across a restart. */
static void test_restart_while_waiting(void **state)
{
    struct world *w = *state;
    w->now = world_time(BEFORE);
    world_promise(w, 1, 3);
    w->now = world_time(AFTER);
    bring(w, 2);
    world_cut(w);
    struct views *again = world_load(w);
    views_free(w->views);
    w->views = again;
    assert_int_equal(how(w), ESEP_TIMELINESS_LATE);
    (void)world_plain_report(w, 1, KEY_1_MOH);
    assert_int_equal(how(w), ESEP_TIMELINESS_ON_TIME);
}

/* Entries that skip, repeat or come from nowhere contradict the log; nothing changes. */
static void test_a_log_that_contradicts_itself(void **state)
{
    struct world *w = *state;
    bring(w, 2);
    const struct {
        uint32_t office, epoch;
        uint64_t seq;
    } bad[] = {{1, 1, 2}, {1, 1, 4}, {1, 2, 2}, {1, 3, 2}, {9, 1, 1}, {0, 1, 1}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const struct esep_leaf leaf = {
            .type = ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY,
            .verdict = ESEP__V1__VERDICT__VERDICT_MALFORMED,
            .office = bad[i].office,
            .accepted_at = w->now,
            .epoch = bad[i].epoch,
            .seq = bad[i].seq,
        };
        assert_int_equal(world_try(w, &leaf, NULL), ESEP_CORRUPT);
    }
    const struct esep_leaf closing = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_COMMITMENT,
                                      .flags = ESEP_LEAF_CLOSES,
                                      .office = 1,
                                      .epoch = 1,
                                      .seq = 3};
    assert_int_equal(world_try(w, &closing, NULL), ESEP_CORRUPT);
    world_close(w, 1);
    world_cut(w);
    assert_int_equal(world_count(&w->table, 'S'), 1);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORY(test_promise_before_midnight_proves_on_time),
        STORY(test_not_before_the_chain_is_complete),
        STORY(test_what_was_written_after_the_promise_is_late),
        STORY(test_grace),
        STORY(test_another_head_proves_nothing),
        STORY(test_a_new_epoch_voids_promises),
        STORY(test_earliest_promise_counts),
        STORY(test_waiting_moves_to_the_earlier_promise),
        STORY(test_a_promise_does_not_reach_back),
        STORY(test_open_promises_are_bounded),
        STORY(test_restart_while_waiting),
        STORY(test_a_log_that_contradicts_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
