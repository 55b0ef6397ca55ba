/* tests/unit/agent/journal_receipts_test.c - which receipt proves an entry, and which promise an
 * earlier hour of it?
 */
#include "journal_world.h"

/* For any mixture of receipts, the one found is the first that covers the entry; none is invented.
 */
static void test_receipt_lookups(void **state)
{
    struct journal_world w;
    struct esep_reason reason = {""};
    struct esep_prng prng = {.state = 20240101};
    enum { ENTRIES = 120 };
    uint64_t covered_by[2][ENTRIES + 1] = {{0}}; /* [promise?] -> through_seq */
    world_begin(&w, state, 16 * MIB, 0);
    uint64_t done = 0;
    uint64_t promised = 0;
    for (uint64_t index = 10; done < ENTRIES - 20; index += 100) {
        uint64_t through = done + 1 + esep_prng_below(&prng, 9);
        struct esep_receipt r = world_receipt(&w, 1, done + 1, through, index, index + 50);
        if (esep_prng_below(&prng, 3) == 0 && through + 3 > promised) {
            r.kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT;
            r.through_seq = through + 3;
            for (uint64_t s = promised + 1; s <= through + 3; s++)
                covered_by[1][s] = through + 3;
            promised = through + 3;
        } else {
            for (uint64_t s = done + 1; s <= through; s++)
                covered_by[0][s] = through;
            done = through;
        }
        assert_int_equal(world_store(&w, 1, &r, 1, &reason), ESEP_OK);
    }
    for (uint64_t seq = 1; seq <= ENTRIES; seq++)
        for (int promise = 0; promise < 2; promise++) {
            struct esep_receipt r = {0};
            enum esep_status status =
                journal_receipt(&w.journal, 1, seq,
                                promise != 0 ? ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT
                                             : ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
                                &r, &reason);
            if (covered_by[promise][seq] == 0) {
                assert_int_equal(status, ESEP_NOT_FOUND);
                continue;
            }
            assert_int_equal(status, ESEP_OK);
            assert_int_equal(r.through_seq, covered_by[promise][seq]);
        }
    assert_int_equal(journal_receipt(&w.journal, 2, 1, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
                                     &(struct esep_receipt){0}, &reason),
                     ESEP_NOT_FOUND);
    journal_close(&w.journal);
}

/* The link broke before the receipt of the first group came; the collector says again what it said
 * last. The head in it has all before it: nothing waits for a receipt that never comes. */
static void test_a_later_receipt_covers_what_is_before(void **state)
{
    struct journal_world w;
    struct esep_reason reason = {""};
    struct esep_receipt got;
    world_begin(&w, state, 16 * MIB, 0);
    for (uint64_t i = 1; i <= 9; i++)
        assert_int_equal(world_append(&w, i, (esep_time)i, 10, &reason), ESEP_OK);
    const struct esep_receipt receipts[] = {world_receipt(&w, 1, 4, 6, 40, 50),
                                            world_receipt(&w, 1, 7, 8, 43, 50)};
    assert_int_equal(world_store(&w, 1, receipts, 2, &reason), ESEP_OK);
    const uint64_t through[] = {0, 6, 6, 6, 6, 6, 6, 8, 8, 0};
    for (uint64_t seq = 1; seq <= 9; seq++) {
        const enum esep_status status = journal_receipt(
            &w.journal, 1, seq, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES, &got, &reason);
        assert_int_equal(status, seq < 9 ? ESEP_OK : ESEP_NOT_FOUND);
        if (status == ESEP_OK)
            assert_int_equal(got.through_seq, through[seq]);
    }
    /* One that reaches further proves nothing earlier, wherever the collector says it begins. */
    const struct esep_receipt whole = world_receipt(&w, 1, 2, 9, 38, 60);
    assert_int_equal(world_store(&w, 1, &whole, 1, &reason), ESEP_OK);
    assert_int_equal(journal_receipt(&w.journal, 1, 3, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
                                     &got, &reason),
                     ESEP_OK);
    assert_int_equal(got.through_seq, 6);
    journal_close(&w.journal);
}

/* An hour before the receipt's, of what it covers: not one that was made behind it. */
static void test_the_promise_of_an_entry(void **state)
{
    struct journal_world w;
    struct esep_reason reason = {""};
    struct esep_receipt got;
    world_begin(&w, state, 16 * MIB, 0);
    for (uint64_t i = 1; i <= 9; i++)
        assert_int_equal(world_append(&w, i, (esep_time)i, 10, &reason), ESEP_OK);
    struct esep_receipt receipts[] = {
        world_receipt(&w, 1, 1, 3, 10, 50), world_receipt(&w, 1, 1, 6, 20, 50),
        world_receipt(&w, 1, 4, 6, 30, 50), world_receipt(&w, 1, 7, 8, 40, 50)};
    receipts[1].kind = ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT;
    assert_int_equal(world_store(&w, 1, receipts, 4, &reason), ESEP_OK);
    for (uint64_t seq = 1; seq <= 8; seq++) {
        const struct esep_receipt *receipt = &receipts[seq <= 3 ? 0 : seq <= 6 ? 2 : 3];
        const bool covered = seq > 3 && seq <= 6; /* 1 to 3 were in the log before it */
        assert_int_equal(journal_promise(&w.journal, 1, seq, receipt, &got, &reason),
                         covered ? ESEP_OK : ESEP_NOT_FOUND);
        if (covered)
            assert_int_equal(got.last_index, receipts[1].last_index);
    }
    assert_int_equal(journal_promise(&w.journal, 1, 2, NULL, &got, &reason), ESEP_OK);
    journal_close(&w.journal);
}

static void test_the_first_receipt_stays(void **state)
{
    struct journal_world w;
    struct esep_reason reason = {""};
    struct esep_receipt got;
    world_begin(&w, state, 16 * MIB, 0);
    assert_int_equal(world_append(&w, 1, 1, 10, &reason), ESEP_OK);
    struct esep_receipt r = world_receipt(&w, 1, 1, 1, 10, 20);
    assert_int_equal(world_store(&w, 1, &r, 1, &reason), ESEP_OK);
    struct esep_receipt later = world_receipt(&w, 1, 1, 1, 10, 90);
    later.accepted_at = 5000;
    assert_int_equal(world_store(&w, 1, &later, 1, &reason), ESEP_OK);
    assert_int_equal(journal_receipt(&w.journal, 1, 1, ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES,
                                     &got, &reason),
                     ESEP_OK);
    assert_int_equal(got.accepted_at, 15);
    journal_close(&w.journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_receipt_lookups),
        unit_test_in_folder(test_a_later_receipt_covers_what_is_before),
        unit_test_in_folder(test_the_promise_of_an_entry),
        unit_test_in_folder(test_the_first_receipt_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
