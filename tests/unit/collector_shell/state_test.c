/* tests/unit/collector_shell/state_test.c - does a store opened for work hold what the log says, is
 * each office's entry found where it lies, and is the mailbox read within its limits? */
#include "../collector/world_store.h"
#include "../io/unit.h"
#include "collector/state.h"
#include "collector/verify.h"

#include <string.h>
#include <sys/stat.h>

#define MAIL_MANY 70

static struct collector_settings *settings_for(const char *folder)
{
    struct collector_settings *s = calloc(1, sizeof *s);
    assert_non_null(s);
    (void)snprintf(s->store, sizeof s->store, "%s/store", folder);
    s->store_bytes = 1u << 24;
    s->offices = 16;
    s->obligations = 64;
    s->plans = 4;
    s->codes = 16;
    s->accounts = 4;
    return s;
}

struct fixture {
    struct world world;
    struct collector_settings *settings;
    struct collector_state state;
    uint32_t office;
};

/* An office with entries that nobody can read, in groups of 3, 2 and, in a new epoch, 1; weeks
 * later a second office. Each such entry comes back to the office as mail. */
static void begin(struct fixture *f, const char *folder)
{
    struct world *w = &f->world;
    struct esep_reason reason = {""};
    world_start(w, "2013-01-01");
    w->now = world_time("2013-01-02");
    f->office = world_office(w, "moj");
    static const size_t groups[] = {3, 2, 1};
    for (size_t g = 0; g < 3; g++) {
        if (g == 2)
            world_new_epoch(w, f->office);
        for (size_t i = 0; i < groups[g]; i++)
            (void)world_garbage(w, f->office);
        world_close(w, f->office);
    }
    w->now = world_time("2013-02-01");
    (void)world_office(w, "moh");
    world_cut(w);
    f->settings = settings_for(folder);
    world_store(w, f->settings->store, f->settings->store_bytes);
    enum esep_status status = collector_state_open(&f->state, f->settings, true, &reason);
    if (status != ESEP_OK)
        print_error("%s\n", reason.text);
    assert_int_equal(status, ESEP_OK);
}

static struct collector_log *open_store(const struct fixture *f, bool read_only)
{
    struct collector_log *log = NULL;
    struct esep_reason reason = {""};
    const struct collector_log_options options = {
        .path = f->settings->store, .map_bytes = f->settings->store_bytes, .read_only = read_only};
    const enum esep_status status = collector_log_open(&log, &options, &reason);
    if (status != ESEP_OK)
        print_error("%s\n", reason.text);
    assert_int_equal(status, ESEP_OK);
    return log;
}

static void end(struct fixture *f)
{
    collector_state_close(&f->state);
    free(f->settings);
    world_end(&f->world);
}

static void the_views_come_back(void **state)
{
    struct fixture f;
    begin(&f, *state);
    assert_int_equal(views_log_size(f.state.views), f.world.log_count);
    assert_int_equal(views_office_count(f.state.views), 2);
    const struct views_office *office = views_office(f.state.views, f.office);
    assert_non_null(office);
    assert_int_equal(office->epoch, 2);
    assert_int_equal(office->seq, 1);
    end(&f);
}

static void each_entry_is_found_and_nothing_beside(void **state)
{
    struct fixture f;
    begin(&f, *state);
    uint64_t index = 0;
    struct esep_leaf leaf;
    size_t found = 0;
    for (uint32_t epoch = 1; epoch <= 2; epoch++)
        for (uint64_t seq = 1; seq <= (epoch == 1 ? 5 : 1); seq++) {
            assert_int_equal(collector_state_find(f.state.log, f.office, epoch, seq, &index, &leaf),
                             ESEP_OK);
            uint8_t packed[ESEP_LEAF_BYTES];
            esep_leaf_pack(&leaf, packed);
            assert_memory_equal(packed, f.world.log[index].leaf, sizeof packed);
            assert_int_equal(leaf.office, f.office);
            assert_int_equal(leaf.epoch, epoch);
            assert_int_equal(leaf.seq, seq);
            found++;
        }
    assert_int_equal(found, 6);
    static const struct {
        uint32_t office, epoch;
        uint64_t seq;
    } none[] = {{1, 1, 0}, {1, 1, 6}, {1, 2, 0}, {1, 2, 2}, {1, 3, 1},
                {1, 0, 1}, {2, 1, 1}, {9, 1, 1}, {0, 0, 0}, {1, 1, UINT64_MAX}};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(collector_state_find(f.state.log, none[i].office, none[i].epoch,
                                              none[i].seq, &index, &leaf),
                         ESEP_NOT_FOUND);
    end(&f);
}

/* Reads on from `after` in steps of bytes_max and counts; every item is the log's own. */
static size_t read_all(struct fixture *f, size_t bytes_max, size_t *ret_calls)
{
    struct collector_mailbox *box = calloc(1, sizeof *box);
    uint64_t after = 0;
    size_t count = 0;
    assert_non_null(box);
    esep_buf_init(&box->bytes, 1u << 20);
    *ret_calls = 0;
    do {
        assert_int_equal(collector_state_mail(f->state.log, f->office, after, bytes_max, box, NULL),
                         ESEP_OK);
        ++*ret_calls;
        assert_true(box->count > 0 || !box->more);
        assert_true(box->count <= COLLECTOR_MAIL_ITEMS_MAX);
        for (size_t i = 0; i < box->count; i++) {
            const struct collector_mail *item = &box->items[i];
            const struct world_entry *entry = &f->world.log[item->log_index];
            assert_int_equal(item->number, after + 1);
            assert_int_equal(item->body.len, entry->len);
            assert_memory_equal(item->leaf.data, entry->leaf, ESEP_LEAF_BYTES);
            assert_memory_equal(item->body.data, entry->body, entry->len);
            after = item->number;
            count++;
        }
    } while (box->more);
    esep_buf_done(&box->bytes);
    free(box);
    return count;
}

/* One byte of an entry, in the store and behind its back. */
static void flip(const char *folder, uint64_t index, size_t byte)
{
    struct collector_log_options options = {.map_bytes = 1u << 24};
    struct collector_log *log = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    MDB_val data;
    uint8_t whole[4096];
    char path[512];
    size_t number = (size_t)index;
    MDB_val key = {.mv_size = sizeof number, .mv_data = &number};
    (void)snprintf(path, sizeof path, "%s/store", folder);
    options.path = path;
    assert_int_equal(collector_log_open(&log, &options, NULL), ESEP_OK);
    assert_int_equal(mdb_txn_begin(collector_log_store(log)->env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "entries", MDB_INTEGERKEY, &dbi), 0);
    assert_int_equal(mdb_get(txn, dbi, &key, &data), 0);
    assert_true(byte < data.mv_size && data.mv_size <= sizeof whole);
    memcpy(whole, data.mv_data, data.mv_size);
    whole[byte] ^= 0x04;
    data.mv_data = whole;
    assert_int_equal(mdb_put(txn, dbi, &key, &data, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    log->ops->close(log);
}

static void what_the_disk_has_changed_is_not_given_out(void **state)
{
    struct fixture f;
    struct esep_buf entry;
    struct esep_reason reason = {""};
    begin(&f, *state);
    struct collector_settings *s = f.settings;
    collector_state_close(&f.state);
    esep_buf_init(&entry, 1u << 16);
    for (uint64_t i = 0; i < f.world.log_count; i++) {
        size_t len = ESEP_LEAF_BYTES + f.world.log[i].len;
        for (size_t byte = 32; byte < len; byte += 23) {
            /* The rest of a leaf is covered by the tree alone: `log verify`. */
            if (byte >= 64 && byte < ESEP_LEAF_BYTES)
                continue;
            flip(*state, i, byte);
            /* A store without its GENESIS does not open, nor one with another plan. */
            bool opens = i > 0 && f.world.log[i].leaf[1] != ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN;
            enum esep_status opened = collector_state_open(&f.state, s, true, &reason);
            if (i > 0)
                assert_int_equal(opened, opens ? ESEP_OK : ESEP_CORRUPT);
            if (opens) {
                assert_int_equal(collector_state_entry(f.state.log, i, &entry, &reason),
                                 ESEP_CORRUPT);
                assert_int_equal(entry.len, 0);
            }
            if (opened == ESEP_OK)
                collector_state_close(&f.state);
            flip(*state, i, byte);
        }
    }
    assert_int_equal(collector_state_open(&f.state, s, true, &reason), ESEP_OK);
    for (uint64_t i = 0; i < f.world.log_count; i++)
        assert_int_equal(collector_state_entry(f.state.log, i, &entry, &reason), ESEP_OK);
    esep_buf_done(&entry);
    end(&f);
}

static void the_mailbox_is_read_in_order_and_in_pieces(void **state)
{
    struct fixture f;
    size_t calls = 0;
    begin(&f, *state);
    size_t all = read_all(&f, 1u << 20, &calls);
    assert_int_equal(all, views_office(f.state.views, f.office)->mail_last);
    assert_true(all >= 6);
    assert_int_equal(calls, 1);
    assert_int_equal(read_all(&f, 1, &calls), all);
    assert_int_equal(calls, all);
    assert_int_equal(read_all(&f, 0, &calls), all);
    end(&f);
}

/* What the daemon would do with what the world has logged since. */
static void append_since(struct fixture *f, uint64_t before)
{
    struct collector_log *log = open_store(f, false);
    const size_t count = f->world.log_count - before;
    world_cut(&f->world);
    world_chain(&f->world);
    struct collector_record *records = calloc(count, sizeof *records);
    struct collector_row *rows = calloc(f->world.table.count, sizeof *rows);
    assert_true(records != NULL && rows != NULL);
    for (size_t i = 0; i < count; i++) {
        const struct world_entry *entry = &f->world.log[before + i];
        memcpy(records[i].leaf, entry->leaf, ESEP_LEAF_BYTES);
        records[i].body = esep_slice(entry->body, entry->len);
    }
    for (size_t i = 0; i < f->world.table.count; i++) {
        const struct world_row *row = &f->world.table.rows[i];
        rows[i] = (struct collector_row){.key = esep_slice(row->key, row->key_len),
                                         .value = esep_slice(row->value, row->value_len)};
    }
    const struct collector_batch batch = {.first_index = before,
                                          .records = records,
                                          .record_count = count,
                                          .rows = rows,
                                          .row_count = f->world.table.count};
    assert_int_equal(log->ops->append(log, &batch, NULL), ESEP_OK);
    log->ops->close(log);
    free(records);
    free(rows);
}

static void a_long_mailbox_comes_in_several_readings(void **state)
{
    struct fixture f;
    size_t calls = 0;
    begin(&f, *state);
    collector_state_close(&f.state);
    const uint64_t before = f.world.log_count;
    for (int i = 0; i < MAIL_MANY; i++)
        (void)world_garbage(&f.world, f.office);
    world_close(&f.world, f.office);
    append_since(&f, before);
    assert_int_equal(collector_state_open(&f.state, f.settings, true, NULL), ESEP_OK);
    assert_true(read_all(&f, 1u << 20, &calls) >= MAIL_MANY);
    assert_true(calls >= 2);
    end(&f);
}

static void the_past_is_what_was_known_then(void **state)
{
    struct fixture f;
    begin(&f, *state);
    assert_int_equal(collector_state_as_of(&f.state, f.settings, world_time("2013-01-15"), NULL),
                     ESEP_OK);
    assert_int_equal(views_office_count(f.state.views), 1);
    assert_int_equal(views_office(f.state.views, f.office)->seq, 1);
    assert_int_equal(collector_state_as_of(&f.state, f.settings, world_time("2012-12-31"), NULL),
                     ESEP_OK);
    assert_int_equal(views_office_count(f.state.views), 0);
    end(&f);
}

static void a_reader_follows_the_writer(void **state)
{
    struct fixture f;
    struct esep_reason reason = {""};
    uint64_t applied = 0, steps = 0;
    begin(&f, *state);
    assert_int_equal(collector_state_as_of(&f.state, f.settings, world_time("2012-12-31"), NULL),
                     ESEP_OK);
    const uint64_t behind = f.world.log_count - views_log_size(f.state.views);
    assert_true(behind > 6);
    do {
        assert_int_equal(collector_state_follow(&f.state, 3, &applied, &reason), ESEP_OK);
        assert_true(applied <= 3);
        steps++;
    } while (applied > 0);
    assert_int_equal(steps, behind / 3 + (behind % 3 != 0) + 1);
    assert_int_equal(views_log_size(f.state.views), f.world.log_count);
    assert_int_equal(views_office_count(f.state.views), 2);
    end(&f);
}

/* Makes the store one of a build that did not know the table yet. */
static void drop_table(const struct fixture *f, const char *name)
{
    struct collector_log *log = open_store(f, false);
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    assert_int_equal(mdb_txn_begin(collector_log_store(log)->env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, name, 0, &dbi), 0);
    assert_int_equal(mdb_drop(txn, dbi, 1), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    log->ops->close(log);
}

static void the_rows_are_those_that_the_log_gives(void **state)
{
    struct fixture f;
    struct collector_comparison result;
    begin(&f, *state);
    collector_state_close(&f.state);
    struct collector_log *log = open_store(&f, true);
    assert_int_equal(collector_compare(log, f.settings, false, NULL, NULL, &result, NULL), ESEP_OK);
    log->ops->close(log);
    assert_true(result.rows > 0);
    /* (The chain is made after the views are: the tree's row and the office's differ.) */
    assert_int_equal(result.missing + result.surplus, 0);
    assert_int_equal(result.differing, 2);
    end(&f);
}

/* A table that lacks is damage, and not an empty one. */
static void a_store_without_a_table_is_refused(void **state)
{
    static const char *const tables[] = {"A", "C", "D", "E", "F", "G", "H", "K",
                                         "M", "N", "O", "P", "R", "S", "T"};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        char folder[200];
        struct fixture f;
        struct esep_reason reason = {""};
        struct collector_log *log = NULL;
        (void)snprintf(folder, sizeof folder, "%s/%s", (const char *)*state, tables[i]);
        assert_int_equal(mkdir(folder, 0700), 0);
        begin(&f, folder);
        collector_state_close(&f.state);
        drop_table(&f, tables[i]);
        const struct collector_log_options options = {
            .path = f.settings->store, .map_bytes = f.settings->store_bytes, .read_only = true};
        assert_int_equal(collector_log_open(&log, &options, &reason), ESEP_CORRUPT);
        assert_non_null(strstr(reason.text, "lacks its table"));
        end(&f);
    }
}

/* As after a restore from a backup: what stands on the disk knows less than the reader. */
static void a_reader_does_not_follow_a_log_that_became_shorter(void **state)
{
    struct fixture f;
    struct esep_reason reason = {""};
    uint64_t applied = 0;
    begin(&f, *state);
    const size_t at = f.world.log_count;
    (void)world_office(&f.world, "akmola");
    for (size_t i = at; i < f.world.log_count; i++)
        assert_int_equal(
            views_apply(f.state.views, i, esep_slice(f.world.log[i].leaf, ESEP_LEAF_BYTES),
                        esep_slice(f.world.log[i].body, f.world.log[i].len), NULL, &reason),
            ESEP_OK);
    assert_true(f.world.log_count > at);
    assert_int_equal(collector_state_follow(&f.state, 100, &applied, &reason), ESEP_CONFLICT);
    assert_int_equal(applied, 0);
    assert_non_null(strstr(reason.text, "another store"));
    end(&f);
}

static void what_is_missing_is_said(void **state)
{
    struct fixture f;
    struct esep_reason reason = {""};
    struct collector_state other = {0};
    struct collector_settings *s = settings_for(*state);
    assert_int_equal(collector_state_open(&other, s, true, &reason), ESEP_NOT_FOUND);
    assert_non_null(strstr(reason.text, "init"));
    const struct collector_log_options options = {
        .path = s->store, .map_bytes = s->store_bytes, .create = true};
    struct collector_log *log = NULL;
    assert_int_equal(collector_log_open(&log, &options, NULL), ESEP_OK);
    log->ops->close(log);
    assert_int_equal(collector_state_open(&other, s, true, &reason), ESEP_NOT_FOUND);
    assert_non_null(strstr(reason.text, "init"));
    free(s);

    begin(&f, *state);
    struct esep_buf entry;
    esep_buf_init(&entry, 1u << 16);
    assert_int_equal(collector_state_entry(f.state.log, 0, &entry, NULL), ESEP_OK);
    assert_int_equal(collector_state_entry(f.state.log, f.world.log_count, &entry, &reason),
                     ESEP_NOT_FOUND);
    esep_buf_done(&entry);
    collector_state_close(&f.state);
    struct collector_log_options write = options;
    write.path = f.settings->store;
    assert_int_equal(collector_log_open(&log, &write, NULL), ESEP_OK);
    assert_int_equal(log->ops->drop_rows(log, NULL), ESEP_OK);
    log->ops->close(log);
    assert_int_equal(collector_state_open(&f.state, f.settings, true, &reason), ESEP_CORRUPT);
    assert_true(reason.text[0] != '\0');
    end(&f);
}

/* A key file that is not the one of GENESIS signs for nobody. */
static void other_keys_are_refused(void **state)
{
    static const uint8_t key[32] = {1};
    struct fixture f;
    struct esep_reason reason = {""};
    begin(&f, *state);
    assert_int_equal(collector_state_own_keys(f.state.log, key, key, &reason), ESEP_DENIED);
    assert_non_null(strstr(reason.text, "key file"));
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(the_views_come_back),
        unit_test_in_folder(each_entry_is_found_and_nothing_beside),
        unit_test_in_folder(what_the_disk_has_changed_is_not_given_out),
        unit_test_in_folder(the_mailbox_is_read_in_order_and_in_pieces),
        unit_test_in_folder(a_long_mailbox_comes_in_several_readings),
        unit_test_in_folder(the_past_is_what_was_known_then),
        unit_test_in_folder(a_reader_follows_the_writer),
        unit_test_in_folder(the_rows_are_those_that_the_log_gives),
        unit_test_in_folder(a_store_without_a_table_is_refused),
        unit_test_in_folder(a_reader_does_not_follow_a_log_that_became_shorter),
        unit_test_in_folder(what_is_missing_is_said),
        unit_test_in_folder(other_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
