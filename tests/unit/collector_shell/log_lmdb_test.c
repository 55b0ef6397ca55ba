/* tests/unit/collector_shell/log_lmdb_test.c - does the store keep all of a batch or nothing, in
 * order, for one writer? */
#include "../io/unit.h"
#include "collector/log_lmdb.h"
#include "wire/statement.h"

#include <sys/wait.h>
#include <unistd.h>

static struct collector_log *open_log(const char *folder, size_t map_bytes, bool read_only)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/store", folder);
    const struct collector_log_options options = {
        .path = path, .map_bytes = map_bytes, .read_only = read_only, .create = !read_only};
    struct esep_reason reason = {""};
    struct collector_log *log = NULL;
    enum esep_status status = collector_log_open(&log, &options, &reason);
    if (status != ESEP_OK)
        print_error("%s\n", reason.text);
    assert_int_equal(status, ESEP_OK);
    return log;
}

static struct collector_record record(uint8_t fill, const char *body)
{
    struct collector_record r = {.body = esep_slice_str(body)};
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_PRESENCE,
                                   .office = fill,
                                   .content = esep_content_hash(r.body)};
    esep_leaf_pack(&leaf, r.leaf);
    return r;
}

struct seen {
    size_t count;
    uint64_t last_index;
    char text[1024];
};

static bool see_entry(void *context, uint64_t index, struct esep_slice leaf, struct esep_slice body)
{
    struct seen *seen = context;
    assert_int_equal(leaf.len, ESEP_LEAF_BYTES);
    seen->count++;
    seen->last_index = index;
    (void)snprintf(seen->text + strlen(seen->text), sizeof seen->text - strlen(seen->text), "%.*s ",
                   (int)body.len, (const char *)body.data);
    return true;
}

static bool see_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct seen *seen = context;
    seen->count++;
    (void)snprintf(seen->text + strlen(seen->text), sizeof seen->text - strlen(seen->text),
                   "%.*s=%.*s ", (int)key.len, (const char *)key.data, (int)value.len,
                   (const char *)value.data);
    return true;
}

static struct collector_row row(const char *key, const char *value)
{
    return (struct collector_row){.key = esep_slice_str(key),
                                  .value =
                                      value != NULL ? esep_slice_str(value) : esep_slice(NULL, 0)};
}

static enum esep_status append(struct collector_log *log, uint64_t first,
                               const struct collector_record *records, size_t record_count,
                               const struct collector_row *rows, size_t row_count)
{
    const struct collector_batch batch = {.first_index = first,
                                          .records = records,
                                          .record_count = record_count,
                                          .rows = rows,
                                          .row_count = row_count};
    return log->ops->append(log, &batch, NULL);
}

static void entries_come_back_in_order_after_reopening(void **state)
{
    struct collector_log *log = open_log(*state, 1u << 24, false);
    const struct collector_record records[] = {record(1, "a"), record(2, "bb"), record(3, "")};
    assert_int_equal(append(log, 0, records, 2, NULL, 0), ESEP_OK);
    assert_int_equal(append(log, 2, records + 2, 1, NULL, 0), ESEP_OK);
    uint8_t engine[16];
    memcpy(engine, log->engine_id, sizeof engine);
    log->ops->close(log);

    log = open_log(*state, 1u << 24, false);
    uint64_t size = 0;
    struct seen seen = {0};
    assert_int_equal(log->ops->size(log, &size), ESEP_OK);
    assert_int_equal(size, 3);
    assert_memory_equal(engine, log->engine_id, sizeof engine);
    struct esep_hash id = esep_log_id(esep_slice_str("a"));
    assert_true(esep_hash_equal(&id, &log->log_id));
    assert_int_equal(log->ops->read(log, 0, 100, see_entry, &seen, NULL), ESEP_OK);
    assert_string_equal(seen.text, "a bb  ");
    seen = (struct seen){0};
    assert_int_equal(log->ops->read(log, 1, 1, see_entry, &seen, NULL), ESEP_OK);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last_index, 1);
    seen = (struct seen){0};
    assert_int_equal(log->ops->read(log, 3, 1, see_entry, &seen, NULL), ESEP_OK);
    assert_int_equal(seen.count, 0);
    log->ops->close(log);
}

static void another_first_index_is_a_conflict_and_changes_nothing(void **state)
{
    struct collector_log *log = open_log(*state, 1u << 24, false);
    const struct collector_record one = record(1, "a");
    const struct collector_row r = row("Rx", "1");
    struct seen seen = {0};
    uint64_t size = 9;
    assert_int_equal(append(log, 1, &one, 1, &r, 1), ESEP_CONFLICT);
    assert_int_equal(log->ops->size(log, &size), ESEP_OK);
    assert_int_equal(size, 0);
    assert_int_equal(
        log->ops->rows(log, esep_slice("R", 1), esep_slice(NULL, 0), see_row, &seen, NULL),
        ESEP_OK);
    assert_int_equal(seen.count, 0);
    /* A writer that is behind, as one whose view of the log is old: what is there stays. */
    assert_int_equal(append(log, 0, &one, 1, NULL, 0), ESEP_OK);
    const struct collector_record other = record(2, "b");
    assert_int_equal(append(log, 0, &other, 1, &r, 1), ESEP_CONFLICT);
    assert_int_equal(log->ops->read(log, 0, 9, see_entry, &seen, NULL), ESEP_OK);
    assert_string_equal(seen.text, "a ");
    log->ops->close(log);
}

static void rows_keep_to_their_tables_whatever_the_order_of_writing(void **state)
{
    struct collector_log *log = open_log(*state, 1u << 24, false);
    const struct collector_row first[] = {row("Rb", "1"), row("Fa", "2"), row("Rd", "3"),
                                          row("Ra", "4"), row("T", "5"),  row("Rc", "6")};
    const struct collector_row second[] = {row("Rb", NULL), row("Rd", "7"), row("Re", "8"),
                                           row("Rz", NULL)};
    struct seen seen = {0};
    assert_int_equal(append(log, 0, NULL, 0, first, 6), ESEP_OK);
    assert_int_equal(append(log, 0, NULL, 0, second, 4), ESEP_OK);
    const struct {
        const char *prefix;
        const char *from;
        const char *want;
    } cases[] = {
        {"R", "", "Ra=4 Rc=6 Rd=7 Re=8 "},
        {"R", "Rc", "Rc=6 Rd=7 Re=8 "},
        {"F", "", "Fa=2 "},
        {"T", "", "T=5 "},
        {"Rd", "", "Rd=7 "},
        {"O", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seen = (struct seen){0};
        assert_int_equal(log->ops->rows(log, esep_slice_str(cases[i].prefix),
                                        esep_slice_str(cases[i].from), see_row, &seen, NULL),
                         ESEP_OK);
        assert_string_equal(seen.text, cases[i].want);
    }
    assert_int_equal(log->ops->drop_rows(log, NULL), ESEP_OK);
    seen = (struct seen){0};
    assert_int_equal(
        log->ops->rows(log, esep_slice("R", 1), esep_slice(NULL, 0), see_row, &seen, NULL),
        ESEP_OK);
    assert_int_equal(seen.count, 0);
    log->ops->close(log);
}

static void a_full_store_refuses_a_batch_whole_and_stays_readable(void **state)
{
    struct collector_log *log = open_log(*state, 1u << 20, false);
    static char body[4001];
    memset(body, 'x', sizeof body - 1);
    enum esep_status status = ESEP_OK;
    uint64_t written = 0;
    uint64_t size = 0;
    for (; status == ESEP_OK && written < 1000; written += status == ESEP_OK ? 2 : 0) {
        const struct collector_record two[] = {record(1, body), record(2, body)};
        status = append(log, written, two, 2, NULL, 0);
    }
    assert_int_equal(status, ESEP_LIMIT);
    assert_int_equal(log->ops->size(log, &size), ESEP_OK);
    assert_int_equal(size, written);
    /* Refused at the quota, before the map was used up: a full map cannot even delete. */
    uint64_t used = 0;
    uint64_t quota = 0;
    assert_int_equal(esep_store_usage(collector_log_store(log), &used, &quota), ESEP_OK);
    assert_true(used <= quota);
    assert_int_equal(log->ops->drop_rows(log, NULL), ESEP_OK);
    log->ops->close(log);
    /* With a larger map it goes on where it stopped. */
    log = open_log(*state, 1u << 22, false);
    const struct collector_record one = record(3, "more");
    assert_int_equal(append(log, written, &one, 1, NULL, 0), ESEP_OK);
    log->ops->close(log);
}

static void a_second_writer_is_refused_and_readers_are_not(void **state)
{
    struct collector_log *log = open_log(*state, 1u << 24, false);
    const struct collector_record one = record(1, "a");
    assert_int_equal(append(log, 0, &one, 1, NULL, 0), ESEP_OK);
    pid_t child = fork();
    if (child == 0) {
        char path[300];
        struct collector_log *other = NULL;
        (void)snprintf(path, sizeof path, "%s/store", (const char *)*state);
        struct collector_log_options options = {.path = path, .map_bytes = 1u << 24};
        if (collector_log_open(&other, &options, NULL) != ESEP_CONFLICT)
            _exit(1);
        options.read_only = true;
        uint64_t size = 0;
        if (collector_log_open(&other, &options, NULL) != ESEP_OK ||
            other->ops->size(other, &size) != ESEP_OK || size != 1)
            _exit(2);
        _exit(0);
    }
    int end = -1;
    assert_int_equal(waitpid(child, &end, 0), child);
    assert_int_equal(end, 0);
    log->ops->close(log);
}

/* Entries of format 1 name each other by places in a log. Nothing makes them into others: the store
 * says so to readers and writers alike, and stays what it was. */
static void a_log_of_the_first_format_is_refused(void **state)
{
    char path[300];
    struct esep_store store;
    struct esep_reason reason = {""};
    struct collector_log *log = NULL;
    (void)snprintf(path, sizeof path, "%s/store", (const char *)*state);
    struct esep_store_options first = {
        .map_bytes = 1u << 24, .dbs_max = 16, .kind = "log", .format = 1, .create = true};
    assert_int_equal(esep_store_open(&store, path, &first, &reason), ESEP_OK);
    esep_store_close(&store);
    for (int how = 0; how < 3; how++) {
        const struct collector_log_options options = {
            .path = path, .map_bytes = 1u << 24, .read_only = how == 0, .create = how == 2};
        assert_int_equal(collector_log_open(&log, &options, &reason), ESEP_INVALID);
        assert_non_null(strstr(reason.text, path));
        assert_non_null(strstr(reason.text, "has format 1, made by version"));
        assert_non_null(strstr(reason.text, "uses format 3: use that version; nothing converts"));
    }
    first.create = false;
    assert_int_equal(esep_store_open(&store, path, &first, &reason), ESEP_OK);
    esep_store_close(&store);
}

static void a_new_engine_id_is_drawn_once_and_kept(void **state)
{
    struct collector_log *log = open_log(*state, 1u << 24, false);
    uint8_t before[16];
    uint8_t after[16];
    memcpy(before, log->engine_id, sizeof before);
    assert_int_equal(log->generation, 0);
    assert_int_equal(collector_log_new_engine(log, 1700000000 * ESEP_SECOND, NULL), ESEP_OK);
    assert_int_equal(log->generation, 1700000000);
    /* By a clock that was set back: greater all the same. */
    assert_int_equal(collector_log_new_engine(log, 5 * ESEP_SECOND, NULL), ESEP_OK);
    assert_int_equal(log->generation, 1700000001);
    memcpy(after, log->engine_id, sizeof after);
    assert_memory_not_equal(before, after, sizeof before);
    log->ops->close(log);
    log = open_log(*state, 1u << 24, true);
    assert_memory_equal(after, log->engine_id, sizeof after);
    assert_int_equal(log->generation, 1700000001);
    log->ops->close(log);
}

/* The other process: appends one entry when it is told to, and says so. */
static void append_when_told(const char *folder, int told, int done)
{
    char byte = 0;
    struct collector_log *log = open_log(folder, 1u << 24, false);
    const struct collector_record second = record(2, "b");
    const struct collector_row rows[] = {row("F1", "two")};
    bool ok = write(done, "r", 1) == 1 && read(told, &byte, 1) == 1 &&
              append(log, 1, &second, 1, rows, 1) == ESEP_OK && write(done, "d", 1) == 1;
    log->ops->close(log);
    _exit(ok ? 0 : 1);
}

static void what_is_held_stays_as_it_was_while_another_writes(void **state)
{
    int told[2];
    int done[2];
    char byte = 0;
    struct collector_log *log = open_log(*state, 1u << 24, false);
    const struct collector_record first = record(1, "a");
    const struct collector_row rows[] = {row("F1", "one")};
    assert_int_equal(append(log, 0, &first, 1, rows, 1), ESEP_OK);
    log->ops->close(log);
    assert_int_equal(pipe(told), 0);
    assert_int_equal(pipe(done), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        append_when_told(*state, told[0], done[1]);
    assert_int_equal(read(done[0], &byte, 1), 1);

    log = open_log(*state, 1u << 24, true);
    assert_int_equal(collector_log_hold(log, NULL), ESEP_OK);
    assert_int_equal(write(told[1], "g", 1), 1);
    assert_int_equal(read(done[0], &byte, 1), 1);
    uint64_t size = 0;
    struct seen seen = {0};
    assert_int_equal(log->ops->size(log, &size), ESEP_OK);
    assert_int_equal(size, 1);
    assert_int_equal(log->ops->read(log, 0, 9, see_entry, &seen, NULL), ESEP_OK);
    assert_int_equal(
        log->ops->rows(log, esep_slice_str("F"), esep_slice(NULL, 0), see_row, &seen, NULL),
        ESEP_OK);
    assert_string_equal(seen.text, "a F1=one ");
    collector_log_let_go(log);
    assert_int_equal(log->ops->size(log, &size), ESEP_OK);
    assert_int_equal(size, 2);
    log->ops->close(log);
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    const int ends[] = {told[0], told[1], done[0], done[1]};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(close(ends[i]), 0);
}

/* As a build of before accounts left it. */
static void drop_accounts(const char *folder)
{
    struct collector_log *log = open_log(folder, 1u << 24, false);
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    assert_int_equal(mdb_txn_begin(collector_log_store(log)->env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "A", 0, &dbi), 0);
    assert_int_equal(mdb_drop(txn, dbi, 1), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    log->ops->close(log);
}

static void a_store_without_a_table_is_refused(void **state)
{
    char path[300];
    struct collector_log *log = open_log(*state, 1u << 24, false);
    const struct collector_record first = record(1, "a");
    const struct collector_row rows[] = {row("F1", "one")};
    assert_int_equal(append(log, 0, &first, 1, rows, 1), ESEP_OK);
    log->ops->close(log);
    drop_accounts(*state);
    (void)snprintf(path, sizeof path, "%s/store", (const char *)*state);
    const struct collector_log_options options = {
        .path = path, .map_bytes = 1u << 24, .read_only = true};
    struct esep_reason reason = {""};
    assert_int_equal(collector_log_open(&log, &options, &reason), ESEP_CORRUPT);
    assert_non_null(strstr(reason.text, "lacks its table A"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(entries_come_back_in_order_after_reopening),
        unit_test_in_folder(another_first_index_is_a_conflict_and_changes_nothing),
        unit_test_in_folder(rows_keep_to_their_tables_whatever_the_order_of_writing),
        unit_test_in_folder(a_full_store_refuses_a_batch_whole_and_stays_readable),
        unit_test_in_folder(a_second_writer_is_refused_and_readers_are_not),
        unit_test_in_folder(a_log_of_the_first_format_is_refused),
        unit_test_in_folder(a_new_engine_id_is_drawn_once_and_kept),
        unit_test_in_folder(a_store_without_a_table_is_refused),
        unit_test_in_folder(what_is_held_stays_as_it_was_while_another_writes),
    };
    return esep_crypto_init() == ESEP_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
