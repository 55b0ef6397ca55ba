/* tests/unit/agent/journal_test.c - is what the journal says OK to still there, is a full one loud
 * and harmless, and do pruning and recovery let go of nothing that somebody may still ask for?
 */
#include "base/crypto.h"
#include "journal_world.h"

#include <sys/stat.h>

static void test_round_trip(void **state)
{
    struct journal_world w;
    struct agent_journal held;
    struct journal_identity identity;
    struct esep_reason reason = {""};
    world_begin(&w, state, 16 * MIB, 0);
    assert_int_equal(journal_load(&w.journal, &held, &reason), ESEP_OK);
    assert_int_equal(held.last_seq, 0);
    for (uint64_t i = 1; i <= 5; i++)
        assert_int_equal(world_append(&w, i, (esep_time)i, 10, &reason), ESEP_OK);
    journal_close(&w.journal);
    world_open(&w, 16 * MIB, 0);
    assert_int_equal(journal_identity(&w.journal, &identity, &reason), ESEP_OK);
    assert_int_equal(identity.office, WORLD_OFFICE);
    assert_string_equal(identity.body, "moj");
    assert_int_equal(world_check_chain(&w), 5);
    assert_int_equal(journal_enrol(&w.journal, &w.identity, &reason), ESEP_CONFLICT);
    journal_close(&w.journal);
}

static void test_another_key_may_not_write(void **state)
{
    struct journal_world w;
    struct esep_reason reason = {""};
    world_begin(&w, state, 16 * MIB, 0);
    w.office_key = w.log_key;
    assert_int_equal(world_append(&w, 1, 1, 10, &reason), ESEP_DENIED);
    assert_int_equal(world_check_chain(&w), 0);
    journal_close(&w.journal);
}

static void test_append_after_another_wrote(void **state)
{
    struct journal_world w;
    struct agent_head before;
    struct agent_head after;
    struct esep_buf bytes;
    struct esep_reason reason = {""};
    world_begin(&w, state, 16 * MIB, 0);
    assert_int_equal(journal_head(&w.journal, &before, &reason), ESEP_OK);
    assert_int_equal(world_append(&w, 1, 1, 10, &reason), ESEP_OK);
    esep_buf_init(&bytes, AGENT_ENTRY_BYTES_MAX);
    world_pack(2, 2, 10, &bytes);
    const struct esep_slice entry = esep_buf_slice(&bytes);
    const struct journal_append what = {.entries = &entry, .count = 1, .after = &before};
    assert_int_equal(journal_append_after(&w.journal, &w.office_key, &what, 2, &after, &reason),
                     ESEP_AGAIN);
    assert_int_equal(world_check_chain(&w), 1);
    assert_int_equal(journal_head(&w.journal, &before, &reason), ESEP_OK);
    assert_int_equal(journal_append_after(&w.journal, &w.office_key, &what, 2, &after, &reason),
                     ESEP_OK);
    assert_int_equal(after.seq, 2);
    esep_buf_done(&bytes);
    journal_close(&w.journal);
}

/* Two tabs, or a tab and a command, at one draft: the second is told, and overwrites nothing. */
static void test_a_draft_is_changed_by_who_knows_it(void **state)
{
    struct journal_world w;
    struct esep_buf kept;
    struct esep_reason reason = {""};
    const struct esep_slice none = esep_slice(NULL, 0);
    const struct esep_slice a = esep_slice_str("a");
    const struct esep_slice b = esep_slice_str("b");
    world_begin(&w, state, 16 * MIB, 0);
    esep_buf_init(&kept, 64);
    assert_int_equal(journal_draft_swap(&w.journal, "p/x", a, b, &reason), ESEP_CONFLICT);
    assert_int_equal(journal_draft_swap(&w.journal, "p/x", none, a, &reason), ESEP_OK);
    assert_int_equal(journal_draft_swap(&w.journal, "p/x", none, b, &reason), ESEP_CONFLICT);
    assert_int_equal(journal_draft_swap(&w.journal, "p/x", b, b, &reason), ESEP_CONFLICT);
    assert_int_equal(journal_draft_swap(&w.journal, "p/x", a, b, &reason), ESEP_OK);
    assert_int_equal(journal_draft_get(&w.journal, "p/x", &kept, &reason), ESEP_OK);
    assert_true(esep_slice_equal(esep_buf_slice(&kept), b));
    esep_buf_done(&kept);
    journal_close(&w.journal);
}

/* A draft goes with the report that it became, or neither does: nobody can send it twice. */
static void test_a_draft_is_sent_once(void **state)
{
    struct journal_world w;
    struct agent_head after;
    struct esep_buf bytes;
    struct esep_buf kept;
    struct esep_reason reason = {""};
    world_begin(&w, state, 16 * MIB, 0);
    esep_buf_init(&bytes, AGENT_ENTRY_BYTES_MAX);
    esep_buf_init(&kept, AGENT_ENTRY_BYTES_MAX);
    world_pack(1, 2, 10, &bytes);
    const struct esep_slice entry = esep_buf_slice(&bytes);
    const struct journal_append what = {.entries = &entry, .count = 1, .draft = "p/x"};
    assert_int_equal(journal_append_after(&w.journal, &w.office_key, &what, 2, &after, &reason),
                     ESEP_NOT_FOUND);
    assert_int_equal(world_check_chain(&w), 0);
    assert_int_equal(journal_draft_put(&w.journal, "p/x", esep_slice_str("d"), &reason), ESEP_OK);
    assert_int_equal(journal_append_after(&w.journal, &w.office_key, &what, 2, &after, &reason),
                     ESEP_OK);
    assert_int_equal(journal_draft_get(&w.journal, "p/x", &kept, &reason), ESEP_NOT_FOUND);
    assert_int_equal(journal_append_after(&w.journal, &w.office_key, &what, 2, &after, &reason),
                     ESEP_NOT_FOUND);
    assert_int_equal(world_check_chain(&w), 1);
    esep_buf_done(&kept);
    esep_buf_done(&bytes);
    journal_close(&w.journal);
}

static void test_too_many_wait(void **state)
{
    struct journal_world w;
    struct esep_reason reason = {""};
    world_begin(&w, state, 16 * MIB, 3);
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(world_append(&w, i, 1, 10, &reason), ESEP_OK);
    assert_int_equal(world_append(&w, 4, 1, 10, &reason), ESEP_LIMIT);
    assert_non_null(strstr(reason.text, "limits.entries"));
    struct esep_receipt r = world_receipt(&w, 1, 1, 2, 10, 20);
    assert_int_equal(world_store(&w, 1, &r, 1, &reason), ESEP_OK);
    assert_int_equal(world_append(&w, 4, 1, 10, &reason), ESEP_OK);
    assert_int_equal(world_check_chain(&w), 4);
    journal_close(&w.journal);
}

/* A full journal refuses a report and changes nothing; receipts, which free it, still find room. */
static void test_full_is_loud_and_receipts_fit(void **state)
{
    struct journal_world w;
    struct agent_journal before;
    struct agent_journal after;
    struct esep_reason reason = {""};
    world_begin(&w, state, 2 * MIB, 0);
    enum esep_status status = ESEP_OK;
    uint64_t written = 0;
    while (status == ESEP_OK && written < 10000) {
        status = world_append(&w, written + 1, 1, 8000, &reason);
        written += status == ESEP_OK;
    }
    assert_int_equal(status, ESEP_LIMIT);
    assert_non_null(strstr(reason.text, "full"));
    assert_true(written > 20);
    assert_int_equal(journal_load(&w.journal, &before, &reason), ESEP_OK);
    assert_int_equal(world_append(&w, written + 1, 1, 8000, &reason), ESEP_LIMIT);
    assert_int_equal(journal_load(&w.journal, &after, &reason), ESEP_OK);
    assert_int_equal(after.last_seq, before.last_seq);
    assert_int_equal(world_check_chain(&w), written);
    for (uint64_t i = 1; i <= written; i++) {
        struct esep_receipt r = world_receipt(&w, 1, i, i, 10 * i, 10 * i + 5);
        assert_int_equal(world_store(&w, 1, &r, 1, &reason), ESEP_OK);
    }
    uint64_t oldest = 0;
    struct esep_hash base;
    assert_int_equal(journal_prune(&w.journal, 100, &oldest, &base, &reason), ESEP_OK);
    assert_int_equal(oldest, written + 1);
    assert_int_equal(world_append(&w, written + 1, 1, 8000, &reason), ESEP_OK);
    assert_int_equal(world_check_chain(&w), 1);
    journal_close(&w.journal);
}

static void test_read_only_folder(void **state)
{
    struct journal_world w;
    struct esep_reason reason = {""};
    world_begin(&w, state, 16 * MIB, 0);
    assert_int_equal(world_append(&w, 1, 1, 10, &reason), ESEP_OK);
    journal_close(&w.journal);
    assert_int_equal(chmod(w.path, 0500), 0);
    const struct journal_options options = {.path = w.path, .map_bytes = 16 * MIB};
    assert_int_equal(journal_open(&w.journal, &options, &reason), ESEP_DENIED);
    assert_non_null(strstr(reason.text, "read-only"));
    assert_int_equal(chmod(w.path, 0700), 0);
    world_open(&w, 16 * MIB, 0);
    assert_int_equal(world_check_chain(&w), 1);
    journal_close(&w.journal);
}

static void test_prune_keeps_what_may_be_asked_for(void **state)
{
    struct journal_world w;
    uint64_t oldest = 0;
    struct esep_hash base;
    struct esep_reason reason = {""};
    world_begin(&w, state, 16 * MIB, 0);
    for (uint64_t i = 1; i <= 6; i++)
        assert_int_equal(world_append(&w, i, (esep_time)(10 * i), 10, &reason), ESEP_OK);
    assert_int_equal(journal_prune(&w.journal, 1000, &oldest, &base, &reason), ESEP_OK);
    assert_int_equal(oldest, 1); /* no receipt */
    /* 1..2 below the checkpoint, 3..4 in the log but above it: a restored collector lacks them. */
    const struct esep_receipt receipts[] = {world_receipt(&w, 1, 1, 2, 10, 12),
                                            world_receipt(&w, 1, 3, 4, 12, 12)};
    assert_int_equal(world_store(&w, 1, receipts, 2, &reason), ESEP_OK);
    assert_int_equal(journal_prune(&w.journal, 20, &oldest, &base, &reason), ESEP_OK);
    assert_int_equal(oldest, 2); /* the second is not old enough */
    assert_int_equal(world_check_chain(&w), 5);
    assert_int_equal(journal_prune(&w.journal, 1000, &oldest, &base, &reason), ESEP_OK);
    assert_int_equal(oldest, 3);
    assert_int_equal(world_check_chain(&w), 4);
    journal_close(&w.journal);
    world_open(&w, 16 * MIB, 0);
    assert_int_equal(world_check_chain(&w), 4); /* the base was kept */
    journal_close(&w.journal);
}

/* Entries 1 to 4 of epoch 1, written long ago. */
static void begin_with_four(struct journal_world *w, void **state)
{
    struct esep_reason reason = {""};
    world_begin(w, state, 16 * MIB, 0);
    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(world_append(w, i, (esep_time)i, 10, &reason), ESEP_OK);
}

/* The oldest that is kept. */
static uint64_t pruned_to(struct journal_world *w, esep_time before)
{
    uint64_t oldest = 0;
    struct esep_hash base;
    struct esep_reason reason = {""};
    assert_int_equal(journal_prune(&w->journal, before, &oldest, &base, &reason), ESEP_OK);
    return oldest;
}

/* An office that was long without a link: its entries are old, but the collector took them just
 * now, and may come back from a copy of yesterday. */
static void test_prune_counts_from_the_receipt(void **state)
{
    struct journal_world w;
    struct agent_journal held;
    uint64_t requeued = 0;
    struct esep_reason reason = {""};
    begin_with_four(&w, state);
    struct esep_receipt receipts[] = {world_receipt(&w, 1, 1, 2, 10, 90),
                                      world_receipt(&w, 1, 3, 4, 12, 90)};
    receipts[1].accepted_at = 500;
    assert_int_equal(world_store(&w, 1, receipts, 2, &reason), ESEP_OK);
    assert_int_equal(pruned_to(&w, 15), 1);
    assert_int_equal(pruned_to(&w, 400), 3);
    /* Of an older epoch no less. */
    assert_int_equal(journal_recover(&w.journal, &w.office_key, 9, 1, &requeued, &reason), ESEP_OK);
    (void)pruned_to(&w, 400);
    assert_int_equal(journal_load_older(&w.journal, 1, 4, &held, &reason), ESEP_OK);
    assert_int_equal(held.oldest_seq, 3);
    (void)pruned_to(&w, 501);
    assert_int_not_equal(journal_load_older(&w.journal, 1, 4, &held, &reason), ESEP_OK);
    journal_close(&w.journal);
}

/* The collector came back from a backup and took all of it once more: its next backup may be older
 * than that. The receipt of the first time does not let the entries go. */
static void test_prune_counts_from_the_last_receipt(void **state)
{
    struct journal_world w;
    struct esep_reason reason = {""};
    begin_with_four(&w, state);
    struct esep_receipt receipts[] = {world_receipt(&w, 1, 1, 2, 10, 90),
                                      world_receipt(&w, 1, 1, 4, 12, 90)};
    receipts[1].accepted_at = 500;
    assert_int_equal(world_store(&w, 1, receipts, 2, &reason), ESEP_OK);
    assert_int_equal(pruned_to(&w, 400), 1);
    assert_int_equal(pruned_to(&w, 501), 5);
    journal_close(&w.journal);
}

/* The last WELCOME said that the collector came back from a copy without them: until it takes them
 * anew they stay, however old they and their receipts are. */
static void test_prune_keeps_what_the_collector_lacks(void **state)
{
    struct journal_world w;
    struct esep_reason reason = {""};
    begin_with_four(&w, state);
    const struct esep_receipt first = world_receipt(&w, 1, 1, 4, 10, 90);
    assert_int_equal(world_store(&w, 1, &first, 1, &reason), ESEP_OK);
    const struct agent_view view = {.server_time = 500, .epoch = 1, .seq = 1};
    const struct agent_store restored = {
        .receipted_seq = 4, .promised_seq = 4, .checkpoint_size = 90, .view = &view};
    assert_int_equal(journal_store(&w.journal, 1, &restored, &reason), ESEP_OK);
    assert_int_equal(pruned_to(&w, 1000), 2);
    struct esep_receipt again = world_receipt(&w, 1, 2, 3, 20, 90);
    again.accepted_at = 600;
    assert_int_equal(world_store(&w, 1, &again, 1, &reason), ESEP_OK);
    assert_int_equal(pruned_to(&w, 1000), 4);
    journal_close(&w.journal);
}

static bool count_entry(void *context, uint32_t epoch, const struct agent_entry *entry)
{
    uint64_t *counts = context;
    (void)entry;
    assert_true(epoch < 8);
    counts[epoch]++;
    return true;
}

static void test_recover(void **state)
{
    struct journal_world w;
    struct agent_journal held;
    uint64_t requeued = 0;
    uint64_t counts[8] = {0};
    struct esep_reason reason = {""};
    world_begin(&w, state, 16 * MIB, 0);
    for (uint64_t i = 1; i <= 5; i++)
        assert_int_equal(world_append(&w, i, (esep_time)i, 10, &reason), ESEP_OK);
    struct esep_receipt r = world_receipt(&w, 1, 1, 2, 10, 20);
    assert_int_equal(world_store(&w, 1, &r, 1, &reason), ESEP_OK);
    assert_int_equal(journal_recover(&w.journal, &w.office_key, 9, 4, &requeued, &reason), ESEP_OK);
    assert_int_equal(requeued, 3);
    assert_int_equal(journal_load(&w.journal, &held, &reason), ESEP_OK);
    assert_int_equal(held.epoch, 5);
    assert_int_equal(held.last_seq, 3);
    assert_int_equal(held.receipted_seq, 0);
    assert_int_equal(held.checkpoint_size, 20);
    assert_int_equal(world_check_chain(&w), 3);
    assert_int_equal(journal_walk(&w.journal, count_entry, counts, &reason), ESEP_OK);
    assert_int_equal(counts[1], 5);
    assert_int_equal(counts[5], 3);

    /* The old core's last receipt comes late: kept, and no mark of the new epoch moves. */
    r = world_receipt(&w, 1, 3, 5, 30, 40);
    assert_int_equal(world_store(&w, 1, &r, 1, &reason), ESEP_OK);
    assert_int_equal(journal_load(&w.journal, &held, &reason), ESEP_OK);
    assert_int_equal(held.receipted_seq, 0);
    assert_int_equal(journal_receipt(&w.journal, 1, 4, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
                                     &r, &reason),
                     ESEP_OK);
    assert_int_equal(world_append(&w, 9, 9, 10, &reason), ESEP_OK);
    assert_int_equal(world_check_chain(&w), 4);
    journal_close(&w.journal);
}

/* What a core over an older epoch starts from: its receipted entries, whatever came after. */
static void test_older_epochs(void **state)
{
    struct journal_world w;
    struct agent_journal held;
    uint64_t requeued = 0;
    uint32_t epoch = 0;
    uint64_t through = 0;
    struct esep_reason reason = {""};
    world_begin(&w, state, 16 * MIB, 0);
    for (uint64_t i = 1; i <= 5; i++)
        assert_int_equal(world_append(&w, i, (esep_time)i, 10, &reason), ESEP_OK);
    struct esep_receipt r = world_receipt(&w, 1, 1, 3, 10, 20);
    assert_int_equal(world_store(&w, 1, &r, 1, &reason), ESEP_OK);
    assert_int_equal(journal_older(&w.journal, 0, 0, &epoch, &through, &reason), ESEP_NOT_FOUND);
    assert_int_equal(journal_recover(&w.journal, &w.office_key, 9, 1, &requeued, &reason), ESEP_OK);
    r = world_receipt(&w, 2, 1, 2, 20, 30);
    assert_int_equal(world_store(&w, 2, &r, 1, &reason), ESEP_OK);
    assert_int_equal(journal_load(&w.journal, &held, &reason), ESEP_OK);
    assert_int_equal(journal_newest_older(&w.journal, &held, &reason), ESEP_OK);
    assert_int_equal(held.older_epoch, 1);
    assert_int_equal(held.older_seq, 3);
    assert_int_equal(journal_recover(&w.journal, &w.office_key, 9, 2, &requeued, &reason), ESEP_OK);
    assert_int_equal(journal_older(&w.journal, 1, 1, &epoch, &through, &reason), ESEP_OK);
    assert_int_equal(epoch, 1);
    assert_int_equal(through, 3);
    assert_int_equal(journal_older(&w.journal, 1, 3, &epoch, &through, &reason), ESEP_OK);
    assert_int_equal(epoch, 2);
    assert_int_equal(through, 2);
    assert_int_equal(journal_older(&w.journal, 2, 2, &epoch, &through, &reason), ESEP_NOT_FOUND);
    assert_int_equal(journal_load_older(&w.journal, 1, 3, &held, &reason), ESEP_OK);
    assert_int_equal(held.epoch, 1);
    assert_int_equal(held.last_seq, 3);
    assert_int_equal(held.oldest_seq, 1);
    assert_int_equal(held.older_epoch, 0);
    struct world_chain chain = {.hash = held.base, .next = 1};
    assert_int_equal(journal_entries(&w.journal, 1, 1, world_step, &chain, &reason), ESEP_OK);
    assert_int_equal(chain.count, 5);
    assert_int_equal(journal_load_older(&w.journal, 1, 7, &held, &reason), ESEP_NOT_FOUND);
    /* While epoch 2 goes first, a still older backup may come back and lack epoch 1 too. */
    assert_int_equal(journal_load_older(&w.journal, 2, 2, &held, &reason), ESEP_OK);
    assert_int_equal(held.older_epoch, 1);
    assert_int_equal(held.older_seq, 3);
    journal_close(&w.journal);
}

static void flip_entry(struct journal_world *w, uint32_t epoch, uint64_t seq, size_t byte)
{
    MDB_txn *txn = NULL;
    MDB_val data;
    uint8_t place[12];
    uint8_t whole[4096];
    esep_be32_put(place, epoch);
    esep_be64_put(place + 4, seq);
    MDB_val key = {.mv_size = sizeof place, .mv_data = place};
    assert_int_equal(mdb_txn_begin(w->journal.store.env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_get(txn, w->journal.entries, &key, &data), 0);
    assert_true(byte < data.mv_size && data.mv_size <= sizeof whole);
    memcpy(whole, data.mv_data, data.mv_size);
    whole[byte] ^= 0x10;
    data.mv_data = whole;
    assert_int_equal(mdb_put(txn, w->journal.entries, &key, &data, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
}

/* A bit that the disk has lost must not come into the new epoch under the office's signature. */
static void test_recover_refuses_what_is_damaged(void **state)
{
    struct journal_world w;
    struct agent_journal held;
    uint64_t requeued = 0;
    struct esep_reason reason = {""};
    world_begin(&w, state, 16 * MIB, 0);
    for (uint64_t i = 1; i <= 5; i++)
        assert_int_equal(world_append(&w, i, (esep_time)i, 10, &reason), ESEP_OK);
    for (size_t byte = 0; byte < 40; byte++) {
        flip_entry(&w, 1, 4, byte);
        assert_int_equal(journal_recover(&w.journal, &w.office_key, 9, 4, &requeued, &reason),
                         ESEP_CORRUPT);
        assert_non_null(strstr(reason.text, byte < ESEP_HASH_BYTES ? "entry" : "entry 4"));
        flip_entry(&w, 1, 4, byte);
    }
    assert_int_equal(journal_load(&w.journal, &held, &reason), ESEP_OK);
    assert_int_equal(held.epoch, 1);
    /* What has its receipt is not queued again, and may be damaged. */
    struct esep_receipt r = world_receipt(&w, 1, 1, 3, 10, 20);
    assert_int_equal(world_store(&w, 1, &r, 1, &reason), ESEP_OK);
    flip_entry(&w, 1, 2, ESEP_HASH_BYTES + 3);
    assert_int_equal(journal_recover(&w.journal, &w.office_key, 9, 1, &requeued, &reason), ESEP_OK);
    assert_int_equal(requeued, 2);
    journal_close(&w.journal);
}

/* What the new epoch holds is, byte for byte, what the old one held: nobody packs an entry again.
 */
static void test_recover_keeps_the_bytes(void **state)
{
    struct journal_world w;
    uint64_t requeued = 0;
    struct esep_reason reason = {""};
    world_begin(&w, state, 16 * MIB, 0);
    for (uint64_t i = 1; i <= 6; i++)
        assert_int_equal(world_append(&w, i, (esep_time)i, 10 * i, &reason), ESEP_OK);
    struct esep_receipt r = world_receipt(&w, 1, 1, 2, 10, 20);
    assert_int_equal(world_store(&w, 1, &r, 1, &reason), ESEP_OK);
    assert_int_equal(journal_recover(&w.journal, &w.office_key, 9, 1, &requeued, &reason), ESEP_OK);
    assert_int_equal(requeued, 4);
    for (uint64_t seq = 1; seq <= 4; seq++) {
        struct esep_hash chain;
        struct esep_buf then;
        struct esep_buf now;
        esep_buf_init(&then, AGENT_ENTRY_BYTES_MAX);
        esep_buf_init(&now, AGENT_ENTRY_BYTES_MAX);
        assert_int_equal(journal_entry(&w.journal, 1, seq + 2, &chain, &then, &reason), ESEP_OK);
        assert_int_equal(journal_entry(&w.journal, 2, seq, &chain, &now, &reason), ESEP_OK);
        assert_int_equal(then.len, now.len);
        assert_memory_equal(then.data, now.data, now.len);
        esep_buf_done(&then);
        esep_buf_done(&now);
    }
    assert_int_equal(world_check_chain(&w), 4);
    journal_close(&w.journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_round_trip),
        unit_test_in_folder(test_another_key_may_not_write),
        unit_test_in_folder(test_a_draft_is_changed_by_who_knows_it),
        unit_test_in_folder(test_a_draft_is_sent_once),
        unit_test_in_folder(test_append_after_another_wrote),
        unit_test_in_folder(test_too_many_wait),
        unit_test_in_folder(test_full_is_loud_and_receipts_fit),
        unit_test_in_folder(test_read_only_folder),
        unit_test_in_folder(test_prune_keeps_what_may_be_asked_for),
        unit_test_in_folder(test_prune_counts_from_the_receipt),
        unit_test_in_folder(test_prune_counts_from_the_last_receipt),
        unit_test_in_folder(test_prune_keeps_what_the_collector_lacks),
        unit_test_in_folder(test_recover),
        unit_test_in_folder(test_older_epochs),
        unit_test_in_folder(test_recover_refuses_what_is_damaged),
        unit_test_in_folder(test_recover_keeps_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
