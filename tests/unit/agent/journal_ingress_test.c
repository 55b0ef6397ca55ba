/* tests/unit/agent/journal_ingress_test.c - brokers' notes in the journal: which one is found for
 * an entry, which stays, and which gives way where there are too many?
 */
#include "journal_world.h"

/* A note about entries through seq; its statement begins with `mark`. */
static enum esep_status put(struct journal_world *w, uint32_t epoch, uint64_t seq, uint8_t mark,
                            uint64_t receipted)
{
    struct agent_ingress note = {.epoch = epoch, .seq = seq};
    struct esep_reason reason = {""};
    memset(note.statement, mark, sizeof note.statement);
    memset(note.key, 0x21, sizeof note.key);
    memset(note.note, 0x42, sizeof note.note);
    const struct agent_store store = {.ingress = &note, .receipted_seq = receipted};
    return journal_store(&w->journal, epoch, &store, &reason);
}

/* Of entry epoch/seq: the note through `through`, with this mark; 0: there is none. */
static void found(struct journal_world *w, uint32_t epoch, uint64_t seq, uint64_t through,
                  uint8_t mark)
{
    struct agent_ingress note;
    struct esep_reason reason = {""};
    enum esep_status status = journal_ingress(&w->journal, epoch, seq, &note, &reason);
    assert_int_equal(status, through != 0 ? ESEP_OK : ESEP_NOT_FOUND);
    if (through == 0)
        return;
    assert_int_equal(note.epoch, epoch);
    assert_int_equal(note.seq, through);
    assert_int_equal(note.statement[0], mark);
    assert_int_equal(note.statement[ESEP_SIGNED_COMMITMENT_BYTES - 1], mark);
    assert_int_equal(note.key[31], 0x21);
    assert_int_equal(note.note[ESEP_SIGNED_INGRESS_BYTES - 1], 0x42);
}

static void begin(struct journal_world *w, void **state, uint64_t entries)
{
    struct esep_reason reason = {""};
    world_begin(w, state, 64 * MIB, 0);
    for (uint64_t i = 1; i <= entries; i++)
        assert_int_equal(world_append(w, i, (esep_time)i, 10, &reason), ESEP_OK);
}

static void the_first_that_covers_an_entry(void **state)
{
    struct journal_world w;
    struct agent_journal held;
    struct esep_reason reason = {""};
    begin(&w, state, 9);
    found(&w, 1, 1, 0, 0);
    assert_int_equal(put(&w, 1, 3, 0xa1, 0), ESEP_OK);
    assert_int_equal(put(&w, 1, 7, 0xa2, 0), ESEP_OK);
    found(&w, 1, 1, 3, 0xa1);
    found(&w, 1, 3, 3, 0xa1);
    found(&w, 1, 4, 7, 0xa2);
    found(&w, 1, 8, 0, 0);
    found(&w, 2, 1, 0, 0);
    assert_int_equal(put(&w, 1, 3, 0xb1, 0), ESEP_OK); /* later: the first is the proof */
    found(&w, 1, 2, 3, 0xa1);
    journal_close(&w.journal);
    world_open(&w, 64 * MIB, 0);
    found(&w, 1, 4, 7, 0xa2);
    assert_int_equal(journal_load(&w.journal, &held, &reason), ESEP_OK);
    assert_int_equal(held.noted_seq, 7);
    assert_int_equal(held.receipted_seq, 0);
    journal_close(&w.journal);
}

/* A receipt's proof, or a file's, may stand between notes and is none. */
static void among_other_proofs(void **state)
{
    struct journal_world w;
    struct esep_reason reason = {""};
    begin(&w, state, 5);
    const struct esep_receipt r = world_receipt(&w, 1, 1, 2, 10, 20);
    const struct agent_proof proof = {.index = 11};
    const struct esep_evidence e = {.size_bytes = 5, .sha256 = {{0, 0, 0, 0, 0, 0, 0, 1}}};
    const struct agent_store store = {.receipts = &r,
                                      .receipt_count = 1,
                                      .proofs = &proof,
                                      .evidence = &e,
                                      .evidence_count = 1,
                                      .evidence_proofs = &proof,
                                      .receipted_seq = 2};
    assert_int_equal(put(&w, 1, 1, 0xa1, 0), ESEP_OK);
    assert_int_equal(journal_store(&w.journal, 1, &store, &reason), ESEP_OK);
    assert_int_equal(put(&w, 1, 5, 0xa2, 2), ESEP_OK);
    found(&w, 1, 1, 1, 0xa1);
    found(&w, 1, 2, 5, 0xa2);
    struct agent_proof got;
    assert_int_equal(journal_proof(&w.journal, &r, &got, &reason), ESEP_OK);
    assert_int_equal(got.index, 11);
    journal_close(&w.journal);
}

static void as_many_as_are_kept(void **state)
{
    struct journal_world w;
    begin(&w, state, JOURNAL_INGRESS_MAX + 3);
    for (uint64_t i = 1; i <= JOURNAL_INGRESS_MAX; i++)
        assert_int_equal(put(&w, 1, i, 1, 0), ESEP_OK);
    /* Nothing is received: the newest gives way, and what it covered is covered. */
    assert_int_equal(put(&w, 1, JOURNAL_INGRESS_MAX + 1, 2, 0), ESEP_OK);
    found(&w, 1, 1, 1, 1);
    found(&w, 1, JOURNAL_INGRESS_MAX - 1, JOURNAL_INGRESS_MAX - 1, 1);
    found(&w, 1, JOURNAL_INGRESS_MAX, JOURNAL_INGRESS_MAX + 1, 2);
    /* The oldest is. */
    assert_int_equal(put(&w, 1, JOURNAL_INGRESS_MAX + 2, 3, 1), ESEP_OK);
    found(&w, 1, 1, 2, 1);
    found(&w, 1, JOURNAL_INGRESS_MAX + 1, JOURNAL_INGRESS_MAX + 1, 2);
    found(&w, 1, JOURNAL_INGRESS_MAX + 2, JOURNAL_INGRESS_MAX + 2, 3);
    journal_close(&w.journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(the_first_that_covers_an_entry),
        unit_test_in_folder(among_other_proofs),
        unit_test_in_folder(as_many_as_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
