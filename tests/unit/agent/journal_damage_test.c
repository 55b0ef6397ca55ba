/* tests/unit/agent/journal_damage_test.c - a row of the journal that is no row: is it called
 * corrupt by whoever reads it, and are the rows beside it left as they are?
 */
#include "agent/journal_internal.h"
#include "journal_world.h"

static void put_raw(struct journal_world *w, MDB_dbi dbi, const void *key, size_t key_len,
                    const void *row, size_t len)
{
    MDB_txn *txn = NULL;
    struct esep_reason reason = {""};
    MDB_val k = {.mv_size = key_len, .mv_data = (void *)(uintptr_t)key};
    MDB_val v = {.mv_size = len, .mv_data = (void *)(uintptr_t)row};
    assert_int_equal(journal_begin(&w->journal, true, &txn, &reason), ESEP_OK);
    assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
    assert_int_equal(journal_end(txn, ESEP_OK, &reason), ESEP_OK);
}

static void begin_with_entries(struct journal_world *w, void **state)
{
    struct esep_reason reason = {""};
    world_begin(w, state, 16 * MIB, 0);
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(world_append(w, i, 10, 10, &reason), ESEP_OK);
}

static bool any_receipt(void *context, const struct esep_receipt *receipt)
{
    (void)receipt;
    ++*(size_t *)context;
    return true;
}
static bool any_mail(void *context, const struct agent_mail *mail)
{
    (void)mail;
    ++*(size_t *)context;
    return true;
}
static bool any_entry(void *context, uint32_t epoch, const struct agent_entry *entry)
{
    (void)epoch;
    (void)entry;
    ++*(size_t *)context;
    return true;
}

/* Each row of the state, cut short, against everything that reads it. */
static void test_state_rows(void **state)
{
    struct journal_world w;
    struct agent_head head;
    struct agent_journal held;
    struct journal_identity identity;
    struct agent_view view;
    struct esep_reason reason = {""};
    begin_with_entries(&w, state);
    put_raw(&w, w.journal.state, "view", 4, "x", 1);
    assert_int_equal(journal_view(&w.journal, &view, &reason), ESEP_CORRUPT);
    put_raw(&w, w.journal.state, "marks", 5, "x", 1);
    assert_int_equal(journal_load(&w.journal, &held, &reason), ESEP_CORRUPT);
    assert_non_null(strstr(reason.text, "'marks'"));
    assert_int_equal(world_append(&w, 4, 10, 10, &reason), ESEP_CORRUPT);
    assert_int_equal(journal_head(&w.journal, &head, &reason), ESEP_OK);
    assert_int_equal(head.seq, 3);
    put_raw(&w, w.journal.state, "identity", 8, "x", 1);
    assert_int_equal(journal_identity(&w.journal, &identity, &reason), ESEP_CORRUPT);
    put_raw(&w, w.journal.state, "head", 4, "x", 1);
    assert_int_equal(journal_head(&w.journal, &head, &reason), ESEP_CORRUPT);
    assert_non_null(strstr(reason.text, "'head'"));
    assert_int_equal(world_append(&w, 4, 10, 10, &reason), ESEP_CORRUPT);
    journal_close(&w.journal);
}

/* Receipts, mail and entries whose keys or rows have another length than any of ours. */
static void test_rows_of_no_length(void **state)
{
    static const uint8_t key[ENTRY_KEY_BYTES + 1] = {0xff, 0xff, 0xff, 0xff};
    static const uint8_t row[ESEP_HASH_BYTES - 1] = {0};
    struct journal_world w;
    struct esep_reason reason = {""};
    size_t count = 0;
    begin_with_entries(&w, state);
    assert_int_equal(journal_walk(&w.journal, any_entry, &count, &reason), ESEP_OK);
    assert_int_equal(count, 3);
    put_raw(&w, w.journal.receipts, key, sizeof key, row, sizeof row);
    put_raw(&w, w.journal.mail, key, 8, row, 5);
    put_raw(&w, w.journal.entries, key, ENTRY_KEY_BYTES, row, sizeof row);
    count = 0;
    assert_int_equal(journal_receipts(&w.journal, any_receipt, &count, &reason), ESEP_CORRUPT);
    assert_int_equal(count, 0);
    assert_int_equal(journal_mail(&w.journal, 0, any_mail, &count, &reason), ESEP_CORRUPT);
    assert_int_equal(count, 0);
    assert_int_equal(journal_walk(&w.journal, any_entry, &count, &reason), ESEP_CORRUPT);
    assert_int_equal(count, 3); /* those before it are whole */
    journal_close(&w.journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_state_rows),
        unit_test_in_folder(test_rows_of_no_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
