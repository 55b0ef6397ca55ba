/* tests/unit/agent/journal_faults_test.c - LMDB says no, at each call in turn: does whoever asked
 * the journal hear of it, and is the journal afterwards what it was before?
 *
 * ld --wrap puts these in the place of LMDB's; the nth call from arming on fails with EIO, as a
 * disk does. A commit that fails has taken its transaction along, as LMDB's has.
 */
#include "agent/journal_internal.h"
#include "journal_world.h"

#include <errno.h>

static unsigned left; /* calls until the one that fails; 0: none will */

static bool fails_now(void)
{
    return left > 0 && --left == 0;
}

#define WRAPPED(name, declared, given)                                                             \
    int true_##name declared __asm__("__real_" #name);                                             \
    int fake_##name declared __asm__("__wrap_" #name);                                             \
    int fake_##name declared                                                                       \
    {                                                                                              \
        return fails_now() ? EIO : true_##name given;                                              \
    }

WRAPPED(mdb_txn_begin, (MDB_env * env, MDB_txn *parent, unsigned flags, MDB_txn **ret),
        (env, parent, flags, ret))
WRAPPED(mdb_get, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data), (txn, dbi, key, data))
WRAPPED(mdb_put, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags),
        (txn, dbi, key, data, flags))
WRAPPED(mdb_del, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data), (txn, dbi, key, data))
WRAPPED(mdb_cursor_open, (MDB_txn * txn, MDB_dbi dbi, MDB_cursor **ret), (txn, dbi, ret))
WRAPPED(mdb_cursor_get, (MDB_cursor * cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op),
        (cursor, key, data, op))
WRAPPED(mdb_cursor_del, (MDB_cursor * cursor, unsigned flags), (cursor, flags))

int true_commit(MDB_txn *txn) __asm__("__real_mdb_txn_commit");
int fake_commit(MDB_txn *txn) __asm__("__wrap_mdb_txn_commit");
int fake_commit(MDB_txn *txn)
{
    if (!fails_now())
        return true_commit(txn);
    mdb_txn_abort(txn);
    return EIO;
}

static bool any_receipt(void *context, const struct esep_receipt *receipt)
{
    (void)context, (void)receipt;
    return true;
}
static bool any_mail(void *context, const struct agent_mail *mail)
{
    (void)context, (void)mail;
    return true;
}
static bool any_entry(void *context, uint32_t epoch, const struct agent_entry *entry)
{
    (void)context, (void)epoch, (void)entry;
    return true;
}
static bool any_draft(void *context, const char *obligation, struct esep_slice report)
{
    (void)context, (void)obligation, (void)report;
    return true;
}

/* What is asked of the journal; the writes come last, since each changes it once it succeeds. */
enum { READS = 11, WRITES = 6 };

static enum esep_status ask_to_write(struct journal_world *w, int what, struct esep_reason *reason)
{
    struct journal *j = &w->journal;
    struct esep_hash hash;
    uint64_t number;
    const struct agent_view view = {.epoch = 1};
    const struct agent_mail mail = {.number = 2, .bytes = esep_slice_str("m")};
    const struct agent_store store = {
        .mails = &mail, .mail_count = 1, .mail_through = 2, .receipted_seq = 3, .view = &view};
    switch (what - READS) {
    case 0:
        return journal_draft_put(j, "p/y", esep_slice_str("d"), reason);
    case 1:
        return journal_draft_delete(j, "p/y", reason);
    case 2:
        return journal_store(j, 1, &store, reason);
    case 3:
        return world_append(w, 9, 10, 10, reason);
    case 4:
        return journal_prune(j, 1000, &number, &hash, reason);
    default:
        return journal_recover(j, &w->office_key, 20, 1, &number, reason);
    }
}

static enum esep_status ask(struct journal_world *w, int what, struct esep_buf *bytes,
                            struct esep_reason *reason)
{
    struct journal *j = &w->journal;
    struct agent_journal held;
    struct agent_head head;
    struct esep_receipt receipt;
    struct esep_hash hash;
    uint64_t numbers[3];
    switch (what) {
    case 0:
        return journal_load(j, &held, reason);
    case 1:
        return journal_head(j, &head, reason);
    case 2:
        return journal_identity(j, &w->identity, reason);
    case 3:
        return journal_usage(j, &numbers[0], &numbers[1], &numbers[2], reason);
    case 4:
        return journal_receipts(j, any_receipt, NULL, reason);
    case 5:
        return journal_mail(j, 0, any_mail, NULL, reason);
    case 6:
        return journal_walk(j, any_entry, NULL, reason);
    case 7:
        return journal_entry(j, 1, 2, &hash, bytes, reason);
    case 8:
        return journal_receipt(j, 1, 2, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES, &receipt,
                               reason);
    case 9:
        return journal_drafts(j, any_draft, NULL, reason);
    case 10:
        return journal_draft_get(j, "p/x", bytes, reason);
    default:
        return ask_to_write(w, what, reason);
    }
}

static void test_each_call_fails_once(void **state)
{
    struct journal_world w;
    struct esep_reason reason = {""};
    struct agent_head before;
    struct agent_head after;
    struct esep_buf bytes;
    esep_buf_init(&bytes, AGENT_ENTRY_BYTES_MAX);
    world_begin(&w, state, 16 * MIB, 0);
    for (uint64_t i = 1; i <= 5; i++)
        assert_int_equal(world_append(&w, i, 10, 10, &reason), ESEP_OK);
    const struct esep_receipt receipts[] = {world_receipt(&w, 1, 1, 3, 10, 100)};
    assert_int_equal(world_store(&w, 1, receipts, 1, &reason), ESEP_OK);
    assert_int_equal(journal_draft_put(&w.journal, "p/x", esep_slice_str("d"), &reason), ESEP_OK);
    for (int what = 0; what < READS + WRITES; what++) {
        unsigned nth = 0;
        assert_int_equal(journal_head(&w.journal, &before, &reason), ESEP_OK);
        for (bool fired = true; fired;) {
            left = ++nth;
            esep_buf_clear(&bytes);
            const enum esep_status status = ask(&w, what, &bytes, &reason);
            fired = left == 0;
            left = 0;
            if (fired != (status != ESEP_OK))
                fail_msg("question %d, call %u: status %d", what, nth, (int)status);
            assert_int_equal(journal_head(&w.journal, &after, &reason), ESEP_OK);
            if (fired)
                assert_memory_equal(&before, &after, sizeof before);
        }
        assert_true(nth > 2); /* a transaction and a look at the least */
        (void)world_check_chain(&w);
    }
    esep_buf_done(&bytes);
    journal_close(&w.journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {unit_test_in_folder(test_each_call_fails_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
