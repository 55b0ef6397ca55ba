/* tests/unit/agent/journal_keys_test.c - new keys for an office: is one of the two files the right
 * one at any moment, and does nothing that waits get lost with the old one?
 */
#include "agent/office_keys.h"
#include "io/keyfile.h"
#include "journal_world.h"

#include <unistd.h>

static struct esep_sign_key key_of(uint8_t draw)
{
    struct esep_sign_key key;
    const uint8_t seed[32] = {0x55, draw};
    esep_sign_key_from_seed(&key, seed);
    return key;
}

static void what_waits_is_signed_anew(void **state)
{
    struct journal_world w;
    struct agent_journal held;
    struct journal_identity identity;
    struct journal_keys keys;
    uint64_t requeued = 0;
    struct esep_reason reason = {""};
    world_begin(&w, state, 16 * MIB, 0);
    const struct esep_sign_key fresh = key_of(1);
    for (uint64_t i = 1; i <= 5; i++)
        assert_int_equal(world_append(&w, i, (esep_time)i, 10, &reason), ESEP_OK);
    struct esep_receipt r = world_receipt(&w, 1, 1, 2, 10, 20);
    assert_int_equal(world_store(&w, 1, &r, 1, &reason), ESEP_OK);
    assert_int_equal(journal_keys(&w.journal, &keys, &reason), ESEP_OK);
    assert_true(!keys.wanted && keys.since == 0);
    /* Not those that were to follow: nothing changes. */
    assert_int_equal(journal_rekey(&w.journal, &fresh, 9, &requeued, &reason), ESEP_CONFLICT);
    assert_int_equal(journal_keys_want(&w.journal, fresh.public, 8, &reason), ESEP_OK);
    assert_int_equal(journal_keys_want(&w.journal, w.office_key.public, 8, &reason), ESEP_CONFLICT);
    assert_int_equal(journal_rekey(&w.journal, &w.office_key, 9, &requeued, &reason),
                     ESEP_CONFLICT);
    assert_int_equal(journal_keys(&w.journal, &keys, &reason), ESEP_OK);
    assert_true(keys.wanted && keys.wanted_at == 8);
    assert_memory_equal(keys.next_public, fresh.public, sizeof fresh.public);
    assert_int_equal(world_append(&w, 6, 6, 10, &reason), ESEP_OK); /* still by the old key */
    assert_int_equal(journal_rekey(&w.journal, &fresh, 9, &requeued, &reason), ESEP_OK);
    assert_int_equal(requeued, 4);
    assert_int_equal(journal_identity(&w.journal, &identity, &reason), ESEP_OK);
    assert_memory_equal(identity.sign_public, fresh.public, sizeof fresh.public);
    assert_int_equal(journal_keys(&w.journal, &keys, &reason), ESEP_OK);
    assert_true(!keys.wanted && keys.since == 9);
    assert_int_equal(journal_load(&w.journal, &held, &reason), ESEP_OK);
    assert_int_equal(held.epoch, 2);
    assert_int_equal(held.last_seq, 4);
    /* The old key signs no more. */
    assert_int_equal(world_append(&w, 7, 7, 10, &reason), ESEP_DENIED);
    w.office_key = fresh;
    memcpy(w.identity.sign_public, fresh.public, sizeof fresh.public);
    assert_int_equal(world_append(&w, 7, 7, 10, &reason), ESEP_OK);
    assert_int_equal(world_check_chain(&w), 5);
    journal_close(&w.journal);
}

/* Through each step of a rotation, what the journal says leads to the right file. */
static void one_of_two_files_is_right(void **state)
{
    static const char *const kinds[] = {"sign", "curve"};
    struct esep_keyfile made;
    struct esep_reason reason = {""};
    struct office_keys first;
    struct office_keys next;
    struct office_keys again;
    struct office_keys found;
    char path[256];
    char next_path[264];
    (void)snprintf(path, sizeof path, "%s/agent.keys", (const char *)*state);
    (void)snprintf(next_path, sizeof next_path, "%s.next", path);
    esep_keyfile_generate(&made, kinds, 2);
    assert_int_equal(esep_keyfile_create(path, &made, &reason), ESEP_OK);
    assert_int_equal(office_keys_read(path, &first, &reason), ESEP_OK);
    assert_int_equal(office_keys_next(path, &next, &reason), ESEP_NOT_FOUND);
    assert_int_equal(office_keys_make_next(path, &next, &reason), ESEP_OK);
    assert_memory_not_equal(next.sign.public, first.sign.public, ESEP_KEY_BYTES);
    assert_int_equal(office_keys_make_next(path, &again, &reason), ESEP_OK);
    assert_memory_equal(&again, &next, sizeof next); /* no others are made */
    assert_int_equal(office_keys_current(path, first.sign.public, &found, &reason), ESEP_OK);
    assert_memory_equal(&found, &first, sizeof first);
    assert_int_equal(access(next_path, F_OK), 0);
    /* The journal has taken them; the file's name was cut off. */
    assert_int_equal(office_keys_current(path, next.sign.public, &found, &reason), ESEP_OK);
    assert_memory_equal(&found, &next, sizeof next);
    assert_int_not_equal(access(next_path, F_OK), 0);
    assert_int_equal(office_keys_read(path, &found, &reason), ESEP_OK);
    assert_memory_equal(&found, &next, sizeof next);
    assert_int_equal(office_keys_take_next(path, &reason), ESEP_OK); /* another has done it */
    /* Another's: given back as it is, for the caller to refuse. */
    assert_int_equal(office_keys_current(path, first.sign.public, &found, &reason), ESEP_OK);
    assert_memory_equal(&found, &next, sizeof next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(what_waits_is_signed_anew),
        unit_test_in_folder(one_of_two_files_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
