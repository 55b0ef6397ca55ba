/* Does an office follow the log's key when it gives its place to another, however long it was away,
 * and nobody else's?
 */
#include "core_world.h"

#define TEST(name) static void name(void **state)
#define WORLD(w)                                                                                   \
    (void)state;                                                                                   \
    struct world *w = world_new(42)

static void online(struct world *w)
{
    office_write(w, 20);
    office_start(w);
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
}

TEST(an_office_that_was_away_over_three_keys)
{
    WORLD(w);
    online(w);
    link_break(w);
    for (int i = 0; i < 3; i++)
        model_rotate(w);
    office_write(w, 20);
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    assert_int_equal(w->disk.log_keys.count, 4);
    assert_memory_equal(esep_log_keys_newest(&w->disk.log_keys), w->model.log_key.public,
                        ESEP_KEY_BYTES);
    assert_int_equal(agent_counter(w->agent, AGENT_RECEIPTS_REFUSED), 0);
    assert_int_equal(agent_counter(w->agent, AGENT_LOG_KEYS_REFUSED), 0);
    office_crash(w); /* what it was told is kept: it is told no more of it */
    office_write(w, 20);
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    assert_int_equal(w->disk.log_keys.count, 4);
    world_free(w);
}

/* Its session is gone with the old core, which it learns from a refusal that the new key signed. */
TEST(a_refusal_by_the_new_key)
{
    WORLD(w);
    online(w);
    model_rotate(w);
    office_write(w, 20);
    office_effects(w);
    assert_true(link_up_one(w));
    assert_true(w->model.refusals > 0);
    assert_true(world_until(w, world_all_receipted, ESEP_MINUTE));
    assert_int_equal(agent_counter(w->agent, AGENT_REFUSALS_SIGNED), 1);
    assert_int_equal(agent_counter(w->agent, AGENT_FRAMES_DROPPED), 0);
    assert_int_equal(w->disk.log_keys.count, 2);
    world_free(w);
}

/* WELCOME names a key without the old one's word: nothing of it is believed, nor kept. */
TEST(a_forged_link)
{
    WORLD(w);
    online(w);
    link_break(w);
    model_rotate(w);
    w->model.log_keys.at[1].by_old[7] ^= 1;
    const uint64_t receipted = w->disk.receipted_seq;
    office_write(w, 20);
    assert_false(world_until(w, world_all_receipted, ESEP_HOUR));
    assert_true(agent_counter(w->agent, AGENT_LOG_KEYS_REFUSED) > 0);
    assert_int_equal(office_status(w).why, AGENT_WHY_PROTOCOL);
    assert_non_null(strstr(office_status(w).text, "log_key"));
    assert_int_equal(w->disk.log_keys.count, 0);
    assert_int_equal(w->disk.receipted_seq, receipted);
    w->model.log_keys.at[1].by_old[7] ^= 1;
    assert_true(world_until(w, world_all_receipted, 2 * ESEP_HOUR));
    world_free(w);
}

/* A collector that says nothing of it: the new key is a stranger's. */
TEST(a_key_that_nobody_vouches_for)
{
    WORLD(w);
    online(w);
    link_break(w);
    model_rotate(w);
    w->model.tells_no_keys = true;
    office_write(w, 20);
    assert_false(world_until(w, world_all_receipted, ESEP_HOUR));
    assert_true(agent_counter(w->agent, AGENT_RECEIPTS_REFUSED) > 0);
    assert_int_equal(w->disk.log_keys.count, 0);
    world_free(w);
}

/* Whoever has the old key signs heads of what comes behind it: no office that knows takes one. */
TEST(the_old_key_signs_no_more)
{
    WORLD(w);
    online(w);
    const struct esep_sign_key old = w->model.log_key;
    model_rotate(w);
    office_write(w, 20);
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    const struct esep_sign_key fresh = w->model.log_key;
    w->model.log_key = w->model.log.log_key = old;
    office_write(w, 20);
    assert_false(world_until(w, world_all_receipted, ESEP_HOUR));
    assert_true(agent_counter(w->agent, AGENT_RECEIPTS_REFUSED) > 0);
    w->model.log_key = w->model.log.log_key = fresh;
    assert_true(world_until(w, world_all_receipted, 2 * ESEP_HOUR));
    world_free(w);
}

/* The old key was stolen, and the thief gave it another heir: people put the true one into the
 * configuration, and what the journal was told is forgotten. */
TEST(a_key_put_there_by_hand)
{
    WORLD(w);
    online(w);
    model_rotate(w);
    office_write(w, 20);
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    assert_int_equal(w->disk.log_keys.count, 2);
    const uint8_t seed[32] = {0x55};
    esep_sign_key_from_seed(&w->model.log_key, seed);
    w->model.log.log_key = w->model.log_key;
    esep_log_keys_begin(&w->model.log_keys, w->model.log_key.public);
    memcpy(w->config.log_public, w->model.log_key.public, ESEP_KEY_BYTES);
    model_forget_session(w);
    office_crash(w);
    office_write(w, 20);
    assert_true(world_until(w, world_all_receipted, ESEP_HOUR));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_office_that_was_away_over_three_keys),
        cmocka_unit_test(a_refusal_by_the_new_key),
        cmocka_unit_test(a_forged_link),
        cmocka_unit_test(a_key_that_nobody_vouches_for),
        cmocka_unit_test(the_old_key_signs_no_more),
        cmocka_unit_test(a_key_put_there_by_hand),
    };
    return esep_crypto_init() == ESEP_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
