/* An uplink that goes by the measured speed: what it keeps under way, and how it asks for a line
 * that is away. */
#include "agent/agent_speed.h"
#include "core_world.h"

static struct world *by_speed(void)
{
    struct world *w = world_new(42);
    w->config.by_speed = true;
    return w;
}

/* Nothing is known: a window of small frames, each under a head, and no more until one is answered.
 */
static void it_begins_small(void **state)
{
    (void)state;
    struct world *w = by_speed();
    for (int i = 0; i < 300; i++)
        office_write(w, 400);
    office_start(w);
    office_effects(w);
    assert_true(link_up_one(w)); /* HELLO */
    assert_true(link_down_one(w));
    office_effects(w);
    size_t bytes = 0;
    for (size_t i = 0; i < w->up.count; i++) {
        assert_true(w->up.frames[i].len <= 2 * AGENT_CHUNK_LEAST);
        bytes += w->up.frames[i].len;
    }
    assert_in_range(bytes, AGENT_WINDOW_FIRST / 2, AGENT_WINDOW_FIRST + 2 * AGENT_CHUNK_LEAST);
    assert_int_equal(office_status(w).bytes_per_s, 0);
    world_free(w);
}

/* And so it is with a line that answers after a second: what is under way grows with it. */
static void it_gets_everything_through_and_knows_the_speed(void **state)
{
    (void)state;
    struct world *w = by_speed();
    for (int i = 0; i < 2000; i++)
        office_write(w, 400);
    office_start(w);
    office_effects(w);
    for (int turn = 0; turn < 200 && office_status(w).receipted_seq < 2000; turn++) {
        while (link_up_one(w))
            continue;
        office_advance(w, ESEP_SECOND);
        while (link_down_one(w))
            continue;
        office_effects(w);
    }
    assert_int_equal(office_status(w).receipted_seq, 2000);
    assert_true(office_status(w).bytes_per_s > 8000);
    assert_int_equal(w->model.refusals, 0);
    world_free(w);
}

/* For a day nobody answers: asked at once, then ever more rarely, and never later than a twentieth
 * of the time that it has been away already. */
static void a_line_that_is_away_is_asked_for(void **state)
{
    (void)state;
    struct world *w = by_speed();
    const esep_time began = w->now;
    w->refuse_connect = true;
    office_start(w);
    office_effects(w);
    uint32_t in_half_a_minute = 0;
    uint32_t connects = 0;
    while (w->now < began + ESEP_DAY) {
        const esep_time asked = w->now;
        if (office_status(w).state == AGENT_CONNECTING) { /* the shell's try ends */
            connects++;
            in_half_a_minute += w->now <= began + 30 * ESEP_SECOND;
            office_advance(w, 2 * ESEP_SECOND);
            agent_on_disconnected(w->agent, w->now);
            office_effects(w);
            esep_time longest = (w->now - began) / 20;
            longest = longest < ESEP_SECOND ? ESEP_SECOND : longest;
            longest = longest > 5 * ESEP_MINUTE ? 5 * ESEP_MINUTE : longest;
            assert_true(office_status(w).next_try_at - w->now <= longest);
        }
        office_sleep(w, ESEP_HOUR);
        office_effects(w);
        assert_true(w->now > asked);
    }
    assert_in_range(in_half_a_minute, 8, 16);
    assert_in_range(connects, 200, 2000);
    world_free(w);
}

/* With a report that waits, the line's return is noticed as soon after a day as after a minute. */
static void who_has_something_to_send_knocks_on(void **state)
{
    (void)state;
    struct world *w = by_speed();
    w->config.knock_most = ESEP_SECOND;
    const esep_time began = w->now;
    w->refuse_connect = true;
    office_write(w, 100);
    office_start(w);
    office_effects(w);
    uint32_t late = 0;
    while (w->now < began + ESEP_HOUR) {
        if (office_status(w).state == AGENT_CONNECTING) {
            agent_on_disconnected(w->agent, w->now);
            office_effects(w);
            late += office_status(w).next_try_at - w->now > ESEP_SECOND;
        }
        office_sleep(w, ESEP_HOUR);
        office_effects(w);
    }
    assert_int_equal(late, 0);
    for (uint32_t i = 0; i < 100; i++) { /* who hangs up is there, and is left in peace */
        office_sleep(w, ESEP_HOUR);
        office_effects(w);
        agent_on_answered(w->agent);
        agent_on_disconnected(w->agent, w->now);
        office_effects(w);
        late += office_status(w).next_try_at - w->now > ESEP_SECOND;
    }
    assert_true(late > 50);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_small),
        cmocka_unit_test(it_gets_everything_through_and_knows_the_speed),
        cmocka_unit_test(a_line_that_is_away_is_asked_for),
        cmocka_unit_test(who_has_something_to_send_knocks_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
