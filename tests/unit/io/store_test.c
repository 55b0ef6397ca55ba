/* tests/unit/io/store_test.c - does a store refuse what it should with a clear word, and is what
 * was committed still there after a kill, in a backup, and when the map is full?
 */
#include "io/store.h"
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MIB ((size_t)1 << 20)

static const struct esep_store_options journal = {
    .map_bytes = 64 * MIB, .dbs_max = 4, .kind = "journal", .format = 1, .create = true};

static void path_of(void **state, const char *name, char out[512])
{
    (void)snprintf(out, 512, "%s/%s", (const char *)*state, name);
}

static enum esep_status put(struct esep_store *store, uint64_t first, uint64_t count, size_t size,
                            struct esep_reason *reason)
{
    static uint8_t bytes[65536];
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    int code = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (code == MDB_SUCCESS)
        code = mdb_dbi_open(txn, "entries", MDB_CREATE, &dbi);
    for (uint64_t i = first; code == MDB_SUCCESS && i < first + count; i++) {
        uint8_t key[8];
        esep_be64_put(key, i);
        memset(bytes, (int)(i & 0xff), size);
        MDB_val k = {.mv_size = 8, .mv_data = key};
        MDB_val v = {.mv_size = size, .mv_data = bytes};
        code = mdb_put(txn, dbi, &k, &v, MDB_APPEND);
    }
    if (code != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return esep_store_status(code, reason, "writing");
    }
    return esep_store_commit(txn, reason);
}

static uint64_t count(struct esep_store *store)
{
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    MDB_stat stat = {0};
    assert_int_equal(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn), 0);
    if (mdb_dbi_open(txn, "entries", 0, &dbi) == 0)
        assert_int_equal(mdb_stat(txn, dbi, &stat), 0);
    mdb_txn_abort(txn);
    return stat.ms_entries;
}

/* Another process: opens the store, says so, is told to go on, settles, says so; 0 if it then finds
 * two entries. */
static _Noreturn void settle_and_count(const char *path, int hear, int say)
{
    struct esep_store store;
    struct esep_reason reason = {{0}};
    char byte;
    bool well = esep_store_open(&store, path, &journal, &reason) == ESEP_OK &&
                write(say, "o", 1) == 1 && read(hear, &byte, 1) == 1 &&
                esep_store_settle(&store, &reason) == ESEP_OK && write(say, "s", 1) == 1;
    _exit(well && count(&store) == 2 ? 0 : 1);
}

/* A commit may be seen before its writer is through with it, and not by the next reading. */
static void test_settling_waits_for_the_commit_under_way(void **state)
{
    char path[512], byte = 0;
    int hear[2], say[2], how = 0;
    uint8_t number[8];
    struct esep_store store;
    struct esep_reason reason = {{0}};
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    path_of(state, "s", path);
    assert_int_equal(pipe(hear) | pipe(say), 0);
    const pid_t other = fork();
    assert_true(other >= 0);
    if (other == 0)
        settle_and_count(path, say[0], hear[1]);
    assert_int_equal(esep_store_open(&store, path, &journal, &reason), ESEP_OK);
    assert_int_equal(put(&store, 1, 1, 8, &reason), ESEP_OK);
    assert_int_equal(read(hear[0], &byte, 1), 1);
    esep_be64_put(number, 2);
    MDB_val word = {.mv_size = sizeof(number), .mv_data = number};
    assert_int_equal(mdb_txn_begin(store.env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "entries", 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &word, &word, 0), 0);
    assert_int_equal(write(say[1], "+", 1), 1);
    /* However long one waits: it says nothing before the commit is done. */
    struct pollfd more = {.fd = hear[0], .events = POLLIN};
    assert_int_equal(poll(&more, 1, 100), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    assert_int_equal(read(hear[0], &byte, 1), 1);
    assert_int_equal(byte, 's');
    assert_int_equal(waitpid(other, &how, 0), other);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    for (int i = 0; i < 2; i++) {
        close(hear[i]);
        close(say[i]);
    }
    esep_store_close(&store);
}

static void test_another_kind_or_format_is_refused(void **state)
{
    char path[512];
    struct esep_store store;
    struct esep_reason reason = {{0}};
    path_of(state, "s", path);
    assert_int_equal(esep_store_open(&store, path, &journal, &reason), ESEP_OK);
    esep_store_close(&store);
    esep_store_close(&store); /* twice is nothing */
    struct esep_store_options other = journal;
    other.kind = "log";
    assert_int_equal(esep_store_open(&store, path, &other, &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "holds a journal, not a log"));
    other = journal;
    other.format = 2;
    assert_int_equal(esep_store_open(&store, path, &other, &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "format 1"));
    assert_non_null(strstr(reason.text, "a new one wants an empty folder")); /* it is all there */
    other = journal;
    other.create = false;
    other.read_only = true;
    assert_int_equal(esep_store_open(&store, path, &other, &reason), ESEP_OK);
    esep_store_close(&store);
}

static void test_a_folder_that_will_not_do_is_named(void **state)
{
    char path[512];
    struct esep_store store;
    struct esep_reason reason = {{0}};
    struct esep_store_options old = journal;
    old.create = false;
    path_of(state, "nowhere", path);
    assert_int_equal(esep_store_open(&store, path, &old, &reason), ESEP_NOT_FOUND);
    path_of(state, "no/where", path);
    assert_int_equal(esep_store_open(&store, path, &journal, &reason), ESEP_NOT_FOUND);
    path_of(state, "file", path);
    const int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(esep_store_open(&store, path, &journal, &reason), ESEP_INVALID);
    path_of(state, "locked", path);
    assert_int_equal(mkdir(path, 0500), 0);
    assert_int_equal(esep_store_open(&store, path, &journal, &reason), ESEP_DENIED);
    assert_non_null(strstr(reason.text, "read-only"));
    if (geteuid() == 0) {
        path_of(state, "theirs", path);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(chown(path, 12345, 12345), 0);
        assert_int_equal(esep_store_open(&store, path, &journal, &reason), ESEP_DENIED);
        assert_non_null(strstr(reason.text, "12345"));
    }
    /* An LMDB of somebody else's is not taken over. */
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    path_of(state, "foreign", path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    MDB_val word = {.mv_size = 3, .mv_data = (char[]){"abc"}};
    assert_int_equal(mdb_put(txn, dbi, &word, &word, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    assert_int_equal(esep_store_open(&store, path, &journal, &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "not a store of Esep"));
    /* Nor is a file that is no LMDB at all. */
    char file[600];
    (void)snprintf(file, sizeof(file), "%s/data.mdb", path);
    FILE *noise = fopen(file, "w");
    assert_non_null(noise);
    for (int i = 0; i < 20000; i++)
        fputc(i & 0x7f, noise);
    fclose(noise);
    assert_int_equal(esep_store_open(&store, path, &journal, &reason), ESEP_CORRUPT);
}

static void test_a_second_writer_is_told_who_writes(void **state)
{
    char path[512], pid[32];
    struct esep_store store;
    struct esep_reason reason = {{0}};
    int told[2];
    path_of(state, "s", path);
    assert_int_equal(pipe(told), 0);
    const pid_t child = fork();
    if (child == 0) {
        const bool ok = esep_store_open(&store, path, &journal, NULL) == ESEP_OK &&
                        esep_store_lock_writer(&store, NULL) == ESEP_OK;
        (void)!write(told[1], ok ? "y" : "n", 1);
        pause();
        _exit(0);
    }
    char answer = 0;
    assert_int_equal(read(told[0], &answer, 1), 1);
    assert_int_equal(answer, 'y');
    assert_int_equal(esep_store_open(&store, path, &journal, &reason), ESEP_OK);
    assert_int_equal(esep_store_lock_writer(&store, &reason), ESEP_CONFLICT);
    (void)snprintf(pid, sizeof(pid), "(%ld)", (long)child);
    assert_non_null(strstr(reason.text, pid));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(esep_store_lock_writer(&store, &reason), ESEP_OK); /* a crash lets go */
    assert_int_equal(esep_store_lock_writer(&store, &reason), ESEP_OK);
    esep_store_close(&store);
    close(told[0]);
    close(told[1]);
}

static int count_line(const char *line, void *context)
{
    (void)line;
    (*(unsigned *)context)++;
    return 0;
}

/* Lines of LMDB's list: its head where there are any, and one for each reader. */
static unsigned reader_lines(const struct esep_store *store)
{
    unsigned lines = 0;
    assert_true(mdb_reader_list(store->env, count_line, &lines) >= 0);
    return lines;
}

static void test_a_killed_reader_is_forgotten(void **state)
{
    char path[512];
    struct esep_store store;
    struct esep_store_options only_read = journal;
    int told[2];
    only_read.read_only = true;
    path_of(state, "s", path);
    assert_int_equal(esep_store_open(&store, path, &journal, NULL), ESEP_OK);
    esep_store_close(&store);
    assert_int_equal(pipe(told), 0);
    const pid_t child = fork();
    if (child == 0) {
        MDB_txn *txn = NULL;
        const bool ok = esep_store_open(&store, path, &only_read, NULL) == ESEP_OK &&
                        mdb_txn_begin(store.env, NULL, MDB_RDONLY, &txn) == MDB_SUCCESS;
        (void)!write(told[1], ok ? "y" : "n", 1);
        pause();
        _exit(0);
    }
    char answer = 0;
    assert_int_equal(read(told[0], &answer, 1), 1);
    assert_int_equal(answer, 'y');
    assert_int_equal(esep_store_open(&store, path, &journal, NULL), ESEP_OK);
    const unsigned without = reader_lines(&store) - 1;
    esep_store_forget_dead(&store);
    assert_int_equal(reader_lines(&store), without + 1); /* it lives */
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(reader_lines(&store), without + 1);
    esep_store_forget_dead(&store);
    assert_true(reader_lines(&store) <= without);
    esep_store_close(&store);
    close(told[0]);
    close(told[1]);
}

/* The child says each number after its commit; after kill -9 at least those are there, whole. */
static void test_what_was_committed_survives_kill(void **state)
{
    char path[512];
    struct esep_reason reason = {{0}};
    struct esep_store store;
    uint64_t said = 0;
    path_of(state, "s", path);
    for (unsigned round = 0; round < 8; round++) {
        int told[2];
        assert_int_equal(pipe(told), 0);
        const pid_t child = fork();
        if (child == 0) {
            if (esep_store_open(&store, path, &journal, NULL) != ESEP_OK)
                _exit(1);
            for (uint64_t n = count(&store); put(&store, n, 3, 900, NULL) == ESEP_OK; n += 3) {
                const uint64_t through = n + 3;
                (void)!write(told[1], &through, sizeof(through));
            }
            _exit(2);
        }
        close(told[1]);
        uint64_t through = 0;
        for (unsigned i = 0; i < 5 + 7 * round; i++)
            if (read(told[0], &through, sizeof(through)) == (ssize_t)sizeof(through))
                said = through;
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        while (read(told[0], &through, sizeof(through)) == (ssize_t)sizeof(through))
            said = through;
        close(told[0]);
        assert_int_equal(esep_store_open(&store, path, &journal, &reason), ESEP_OK);
        const uint64_t held = count(&store);
        assert_true(held >= said && said > 0);
        assert_int_equal(held % 3, 0); /* never a part of a transaction */
        esep_store_close(&store);
    }
}

static void test_a_full_map_is_a_limit_and_still_readable(void **state)
{
    char path[512];
    struct esep_store store;
    struct esep_reason reason = {{0}};
    struct esep_store_options small = journal;
    uint64_t used = 0, quota = 0, n = 0;
    bool warned = false;
    small.map_bytes = 2 * MIB;
    path_of(state, "s", path);
    assert_int_equal(esep_store_open(&store, path, &small, &reason), ESEP_OK);
    enum esep_status status;
    while ((status = put(&store, n, 1, 10000, &reason)) == ESEP_OK) {
        n++;
        assert_int_equal(esep_store_usage(&store, &used, &quota), ESEP_OK);
        warned = warned || used >= quota;
    }
    assert_int_equal(status, ESEP_LIMIT);
    assert_true(warned); /* the quota was reached before the wall */
    assert_true(quota <= 2 * MIB / 5 * 4);
    assert_int_equal(count(&store), n);
    esep_store_close(&store);
    assert_int_equal(esep_store_open(&store, path, &journal, &reason), ESEP_OK); /* a larger map */
    assert_int_equal(count(&store), n);
    assert_int_equal(put(&store, n, 1, 10000, &reason), ESEP_OK);
    esep_store_close(&store);
}

static void test_a_backup_opens_and_overwrites_nothing(void **state)
{
    char path[512], to[512];
    struct esep_store store, copy;
    struct esep_reason reason = {{0}};
    path_of(state, "s", path);
    path_of(state, "backup", to);
    assert_int_equal(esep_store_open(&store, path, &journal, &reason), ESEP_OK);
    assert_int_equal(put(&store, 0, 500, 3000, &reason), ESEP_OK);
    char left[600]; /* what a backup that was killed left */
    (void)snprintf(left, sizeof(left), "%s.part", to);
    assert_int_equal(mkdir(left, 0700), 0);
    assert_int_equal(esep_store_backup(&store, to, &reason), ESEP_OK);
    assert_int_equal(access(left, F_OK), -1);
    assert_int_equal(put(&store, 500, 1, 3000, &reason), ESEP_OK);
    assert_int_equal(esep_store_backup(&store, to, &reason), ESEP_CONFLICT);
    assert_int_equal(esep_store_open(&copy, to, &journal, &reason), ESEP_OK);
    assert_int_equal(count(&copy), 500);
    esep_store_close(&copy);
    path_of(state, "no/where", to);
    assert_int_not_equal(esep_store_backup(&store, to, &reason), ESEP_OK);
    esep_store_close(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_settling_waits_for_the_commit_under_way),
        unit_test_in_folder(test_another_kind_or_format_is_refused),
        unit_test_in_folder(test_a_folder_that_will_not_do_is_named),
        unit_test_in_folder(test_a_second_writer_is_told_who_writes),
        unit_test_in_folder(test_a_killed_reader_is_forgotten),
        unit_test_in_folder(test_what_was_committed_survives_kill),
        unit_test_in_folder(test_a_full_map_is_a_limit_and_still_readable),
        unit_test_in_folder(test_a_backup_opens_and_overwrites_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
