/* What the uplink offers and believes of dictionaries; how packed frames travel is asked with a
 * real collector (collector/ingest_agent_test.c). */
#include "core_world.h"
#include "wire/compress.h"

static void grant_ours(Esep__V1__Welcome *w)
{
    w->dictionary = ESEP_DICTIONARY;
}

static void grant_another(Esep__V1__Welcome *w)
{
    w->dictionary = ESEP_DICTIONARY + 1;
}

/* The model is a collector of before there were dictionaries. */
static void an_offer_that_is_not_taken_up_changes_nothing(void **state)
{
    (void)state;
    struct world *w = world_new(42);
    w->config.compress = true;
    office_start(w);
    for (int i = 0; i < 20; i++)
        office_write(w, 100);
    world_run(w);
    assert_int_equal(office_status(w).receipted_seq, 20);
    assert_int_equal(agent_counter(w->agent, AGENT_BYTES_SPARED), 0);
    world_free(w);
}

static void a_dictionary_that_was_not_offered_is_refused(void **state)
{
    void (*const spoils[])(Esep__V1__Welcome *) = {grant_another, grant_ours};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world *w = world_new(42);
        w->config.compress = i == 0;
        w->model.spoil = spoils[i];
        office_start(w);
        world_run(w);
        assert_int_equal(office_status(w).why, AGENT_WHY_PROTOCOL);
        assert_int_equal(office_status(w).state, AGENT_OFFLINE);
        world_free(w);
    }
}

/* Granted, it is used for every frame; what comes without a form is let go, and counted. */
static void what_comes_without_a_form_is_dropped(void **state)
{
    (void)state;
    struct world *w = world_new(42);
    w->config.compress = true;
    w->model.spoil = grant_ours;
    office_start(w);
    office_effects(w);
    assert_true(link_up_one(w));
    assert_true(link_down_one(w));
    assert_int_equal(office_status(w).state, AGENT_ONLINE);
    queue_clear(&w->down);
    Esep__V1__Pong pong = ESEP__V1__PONG__INIT;
    pong.server_time_us = w->now;
    model_send(w, ESEP__V1__KIND__KIND_PONG, &pong.base);
    const uint64_t before = agent_counter(w->agent, AGENT_FRAMES_DROPPED);
    assert_true(link_down_one(w));
    assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), before + 1);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_that_is_not_taken_up_changes_nothing),
        cmocka_unit_test(a_dictionary_that_was_not_offered_is_refused),
        cmocka_unit_test(what_comes_without_a_form_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
