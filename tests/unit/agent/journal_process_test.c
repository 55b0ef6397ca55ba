/* tests/unit/agent/journal_process_test.c - the daemon and the commands on one journal at once, and
 * the plug pulled in the middle: is the chain whole, and is every entry there that was said to be?
 *
 * Each process opens the journal for itself, after the fork: LMDB's environments do not travel.
 */
#include "journal_world.h"

#include <signal.h>
#include <sys/wait.h>

#define EACH 60u

static _Noreturn void child_appends(const char *folder, uint64_t from, int said)
{
    struct journal_world w;
    struct esep_reason reason = {""};
    world_keys(&w, folder);
    world_open(&w, 64 * MIB, 0);
    for (uint64_t i = from; said >= 0 || i < from + EACH; i++) {
        if (world_append(&w, i, (esep_time)i, 100 + (size_t)(i % 900), &reason) != ESEP_OK)
            _exit(1);
        if (said >= 0 && write(said, "+", 1) != 1)
            _exit(2);
    }
    journal_close(&w.journal);
    _exit(0);
}

static void wait_well(pid_t pid)
{
    int how = 0;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
}

static void test_two_write_a_third_reads(void **state)
{
    struct journal_world w;
    world_begin(&w, state, 64 * MIB, 0);
    journal_close(&w.journal);
    pid_t first = fork();
    if (first == 0)
        child_appends(*state, 1, -1);
    pid_t second = fork();
    if (second == 0)
        child_appends(*state, 1000, -1);
    assert_true(first > 0 && second > 0);
    world_open(&w, 64 * MIB, 0);
    uint64_t seen = 0;
    /* What is read while they write is a whole chain too, and once settled it never shrinks. A head
     * that moves between the two readings of world_check_chain would be an error of the test, so
     * this reads the entries alone. */
    while (seen < 2 * EACH) {
        struct world_chain chain = {.next = 1};
        struct esep_reason reason = {""};
        chain.hash = esep_chain_start(&w.identity.log_id, WORLD_OFFICE, 1, w.identity.sign_public);
        assert_int_equal(journal_entries(&w.journal, 0, 1, world_step, &chain, &reason), ESEP_OK);
        assert_true(chain.count >= seen);
        assert_int_equal(esep_store_settle(&w.journal.store, &reason), ESEP_OK);
        seen = chain.count;
    }
    wait_well(first);
    wait_well(second);
    assert_int_equal(world_check_chain(&w), 2 * EACH);
    journal_close(&w.journal);
}

static void test_killed_in_the_middle(void **state)
{
    struct journal_world w;
    uint64_t before = 0;
    world_begin(&w, state, 64 * MIB, 0);
    journal_close(&w.journal);
    for (int round = 0; round < 8; round++) {
        int said[2];
        char byte;
        assert_int_equal(pipe(said), 0);
        pid_t pid = fork();
        if (pid == 0) {
            (void)close(said[0]);
            child_appends(*state, (uint64_t)round * 100000 + 1, said[1]);
        }
        (void)close(said[1]);
        /* It says '+' after each append that was durable; it dies at no particular place. */
        uint64_t told = 0;
        for (int i = 0; i < 5 + 3 * round; i++)
            told += (uint64_t)(read(said[0], &byte, 1) == 1);
        assert_int_equal(kill(pid, SIGKILL), 0);
        while (read(said[0], &byte, 1) == 1)
            told++;
        (void)close(said[0]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        world_open(&w, 64 * MIB, 0);
        uint64_t there = world_check_chain(&w);
        /* At most the one it died in is there unsaid. */
        assert_true(there == before + told || there == before + told + 1);
        before = there;
        journal_close(&w.journal);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_two_write_a_third_reads),
        unit_test_in_folder(test_killed_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
