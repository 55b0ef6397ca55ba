/* What ends the waits: something new from the collector, and not that it said WELCOME. */
#include "core_file_world.h"
#include "wire/envelope.h"

#define TRIES_IN_AN_HOUR 60u /* by backoff: some nine until the cap, then one in 2.5 minutes */

static bool is_receipt(struct esep_slice frame)
{
    struct esep_envelope envelope;
    return esep_envelope_read(frame, &envelope, NULL) == ESEP_OK &&
           envelope.kind == ESEP__V1__KIND__KIND_RECEIPT;
}

/* Both ways until nothing moves; on the way down receipts are lost. */
static void run_without_receipts(struct world *w)
{
    for (bool moved = true; moved;) {
        office_effects(w);
        moved = link_up_one(w);
        while (w->down.count > 0 &&
               is_receipt(esep_slice(w->down.frames[0].data, w->down.frames[0].len))) {
            queue_drop(&w->down, 0);
            moved = true;
        }
        moved = link_down_one(w) || moved;
    }
}

static uint32_t connects_in_an_hour(struct world *w, void (*run)(struct world *))
{
    const esep_time end = w->now + ESEP_HOUR;
    const uint32_t before = w->connects;
    while (w->now < end && w->connects - before <= TRIES_IN_AN_HOUR) {
        run(w);
        office_sleep(w, ESEP_MINUTE);
    }
    return w->connects - before;
}

/* The growth in each EVIDENCE goes on from the receipts before it: where those are lost it does
 * not hold, whenever it comes. */
TEST(evidence_behind_lost_receipts_is_not_asked_for_each_second)
{
    WORLD(w);
    for (int i = 0; i < 3; i++)
        office_write(w, 100);
    const struct agent_file file = depot_file_of(1, 10);
    office_start(w);
    assert_true(agent_on_file(w->agent, &file, w->now));
    const uint32_t connects = connects_in_an_hour(w, run_without_receipts);
    assert_true(agent_counter(w->agent, AGENT_WELCOMES) > 5);
    assert_true(agent_counter(w->agent, AGENT_RECEIPTS_REFUSED) > 5);
    assert_in_range(connects, 5, TRIES_IN_AN_HOUR);
    assert_int_equal(w->disk.receipted_seq, 0);
    /* Once they come, all is well, and the next outage begins from the least wait. */
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    assert_int_equal(office_status(w).failures, 0);
    world_free(w);
}

static void break_after_welcome(struct world *w)
{
    world_run(w);
    if (office_status(w).state == AGENT_ONLINE)
        link_break(w);
}

/* An office that owes nothing and whose sessions end as soon as they are open. */
static void start_breaking(struct world *w)
{
    office_write(w, 100);
    office_start(w);
    world_run(w);
    assert_int_equal(w->disk.receipted_seq, 1);
    assert_in_range(connects_in_an_hour(w, break_after_welcome), 5, TRIES_IN_AN_HOUR);
    assert_true(office_status(w).failures >= 9);
}

static void online_again(struct world *w)
{
    for (int i = 0; i < 20 && office_status(w).state != AGENT_ONLINE; i++) {
        office_sleep(w, ESEP_HOUR);
        office_effects(w);
        link_up_one(w);
        link_down_one(w);
    }
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
}

TEST(a_session_that_brings_nothing_is_a_failure)
{
    WORLD(w);
    start_breaking(w);
    const uint32_t failures = office_status(w).failures;
    online_again(w);
    world_run(w);
    assert_int_equal(office_status(w).failures, failures);
    world_free(w);
}

/* What failed before WELCOME could come is another matter: it came. */
TEST(welcome_takes_back_what_failed_on_the_way_to_it)
{
    WORLD(w);
    start_breaking(w);
    const uint32_t failures = office_status(w).failures;
    w->refuse_connect = true;
    for (int i = 0; i < 12; i++) {
        office_effects(w);
        office_sleep(w, ESEP_HOUR);
    }
    assert_true(office_status(w).failures > failures);
    w->refuse_connect = false;
    online_again(w);
    assert_int_equal(office_status(w).failures, failures);
    world_free(w);
}

static void by_receipt(struct world *w)
{
    office_write(w, 100);
}

static void by_mail(struct world *w)
{
    model_mail(w, 1);
}

static void by_file(struct world *w)
{
    const struct agent_file file = depot_file_of(1, 10);
    assert_true(agent_on_file(w->agent, &file, w->now));
}

/* Not all of it, since its receipt never comes; but more than there was. */
static void by_part_of_a_file(struct world *w)
{
    const struct agent_file file = depot_file_of(1, 10 * KIB);
    depot.mute_receipts = true;
    assert_true(agent_on_file(w->agent, &file, w->now));
}

static void by_quiet(struct world *w)
{
    const uint64_t pings = w->model.pings;
    while (w->model.pings == pings) {
        assert_true(office_status(w).failures > 0);
        world_run(w);
        office_sleep(w, ESEP_MINUTE);
    }
}

TEST(what_is_new_ends_the_waits)
{
    static void (*const ways[])(struct world *) = {by_receipt, by_mail, by_file, by_part_of_a_file,
                                                   by_quiet};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        WORLD(w);
        start_breaking(w);
        online_again(w);
        ways[i](w);
        world_run(w);
        assert_int_equal(office_status(w).failures, 0);
        link_break(w);
        assert_true(office_status(w).next_try_at - w->now <= ESEP_SECOND);
        world_free(w);
    }
}

/* A sign of life is none of progress while a receipt is owed. */
TEST(a_pong_is_no_receipt)
{
    WORLD(w);
    start_breaking(w);
    online_again(w);
    w->model.mute_receipts = true;
    office_write(w, 100);
    const uint64_t pings = w->model.pings;
    for (world_run(w); w->model.pings == pings; world_run(w))
        office_sleep(w, ESEP_MINUTE);
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    assert_true(office_status(w).failures > 0);
    world_free(w);
}

/* "I know of no session" is answered at once, but not over and over. */
TEST(a_session_that_is_forgotten_again_is_not_begun_at_once)
{
    WORLD(w);
    office_start(w);
    world_run(w);
    for (int i = 0; i < 12; i++) {
        online_again(w);
        office_advance(w, 2 * ESEP_SECOND);
        model_refuse(w, REASON(NO_SESSION), true, 0);
        const uint64_t hellos = agent_counter(w->agent, AGENT_HELLOS);
        link_down_one(w);
        assert_int_equal(office_status(w).state, AGENT_GREETING);
        assert_int_equal(office_status(w).failures, i + 1);
        assert_int_equal(agent_counter(w->agent, AGENT_HELLOS), hellos + (i == 0));
    }
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_behind_lost_receipts_is_not_asked_for_each_second),
        cmocka_unit_test(a_session_that_brings_nothing_is_a_failure),
        cmocka_unit_test(welcome_takes_back_what_failed_on_the_way_to_it),
        cmocka_unit_test(what_is_new_ends_the_waits),
        cmocka_unit_test(a_pong_is_no_receipt),
        cmocka_unit_test(a_session_that_is_forgotten_again_is_not_begun_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
