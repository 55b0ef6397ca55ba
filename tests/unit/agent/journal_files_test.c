/* tests/unit/agent/journal_files_test.c - does the journal know which files its entries name, since
 * when the collector may be asked for them, and which it has receipted: also after a crash, a
 * recovery and when the entry is gone? */
#include "journal_world.h"

static struct agent_file file_of(uint8_t first, uint64_t size)
{
    struct agent_file file = {.size_bytes = size};
    memset(file.sha256.bytes, first, ESEP_HASH_BYTES);
    return file;
}

/* A report that names these files; hash_len: of the last one's hash. */
static void report(struct journal_world *w, uint8_t number, const struct agent_file *files,
                   size_t count, size_t hash_len)
{
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report m = ESEP__V1__REPORT__INIT;
    Esep__V1__AttachmentRef refs[8];
    Esep__V1__AttachmentRef *all[8];
    uint8_t nonce[16] = {number};
    uint8_t packed[2048];
    char key[] = "p/annual/-/moj/1";
    char name[] = "scan.pdf";
    struct agent_head head;
    struct esep_reason reason = {""};
    for (size_t i = 0; i < count; i++) {
        esep__v1__attachment_ref__init(&refs[i]);
        refs[i].name = name;
        refs[i].size_bytes = files[i].size_bytes;
        refs[i].sha256.data = (uint8_t *)(uintptr_t)files[i].sha256.bytes;
        refs[i].sha256.len = i + 1 == count ? hash_len : ESEP_HASH_BYTES;
        all[i] = &refs[i];
    }
    m.obligation = key;
    m.attachments = all;
    m.n_attachments = count;
    entry.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &m;
    const struct esep_slice bytes =
        esep_slice(packed, protobuf_c_message_pack(&entry.base, packed));
    if (journal_append(&w->journal, &w->office_key, &bytes, 1, number, &head, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
}

static struct esep_evidence evidence_of(const struct agent_file *file, uint64_t index)
{
    struct esep_evidence e = {.office = WORLD_OFFICE,
                              .sha256 = file->sha256,
                              .size_bytes = file->size_bytes,
                              .log_index = index,
                              .accepted_at = 77,
                              .checkpoint_size = index + 1};
    memset(e.checkpoint_root.bytes, 9, ESEP_HASH_BYTES);
    return e;
}

static void store(struct journal_world *w, const struct esep_evidence *evidence, size_t count,
                  uint64_t receipted)
{
    struct esep_reason reason = {""};
    const struct agent_store what = {
        .evidence = evidence, .evidence_count = count, .receipted_seq = receipted};
    if (journal_store(&w->journal, 1, &what, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
}

static struct journal_file known(struct journal_world *w, const struct agent_file *file)
{
    struct journal_file found = {0};
    struct esep_reason reason = {""};
    if (journal_file(&w->journal, file, &found, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
    return found;
}

static bool count_one(void *context, const struct journal_file *file)
{
    (void)file;
    return ++*(size_t *)context < 3;
}

static size_t count(struct journal_world *w)
{
    size_t found = 0;
    struct esep_reason reason = {""};
    assert_int_equal(journal_files(&w->journal, count_one, &found, &reason), ESEP_OK);
    return found;
}

static void test_named_once_receipted_and_proved(void **state)
{
    struct journal_world w;
    struct journal_file none;
    struct esep_reason reason = {""};
    const struct agent_file scan = file_of(1, 1000);
    const struct agent_file photo = file_of(2, 5);
    const struct agent_file longer = file_of(1, 1001);
    const struct agent_file both[] = {scan, photo};
    world_begin(&w, state, 16 * MIB, 0);
    assert_int_equal(count(&w), 0);
    report(&w, 1, &scan, 1, 32);
    report(&w, 2, both, 2, 32);
    assert_int_equal(count(&w), 2);
    struct journal_file file = known(&w, &scan);
    assert_int_equal(file.epoch, 1);
    assert_int_equal(file.seq, 1); /* the first that named it */
    assert_false(file.receipted);
    assert_false(file.here);
    assert_int_equal(journal_file(&w.journal, &longer, &none, &reason), ESEP_NOT_FOUND);
    store(&w, NULL, 0, 1);
    assert_true(known(&w, &scan).receipted);
    assert_false(known(&w, &photo).receipted);
    /* The first receipt is the proof; one that comes later says less. */
    const struct esep_evidence first = evidence_of(&scan, 40);
    const struct esep_evidence later = evidence_of(&scan, 90);
    store(&w, &first, 1, 2);
    store(&w, &later, 1, 2);
    journal_close(&w.journal);
    world_open(&w, 16 * MIB, 0);
    file = known(&w, &scan);
    assert_true(file.here);
    assert_int_equal(file.seq, 1);
    assert_int_equal(file.evidence.log_index, 40);
    assert_int_equal(file.evidence.accepted_at, 77);
    assert_memory_equal(&file.evidence, &first, sizeof first);
    assert_false(known(&w, &photo).here);
    /* Named again, it is still proved. */
    report(&w, 3, &scan, 1, 32);
    assert_true(known(&w, &scan).here);
    /* Proved without ever having been named: kept all the same. */
    const struct agent_file strange = file_of(8, 3);
    const struct esep_evidence of_strange = evidence_of(&strange, 50);
    store(&w, &of_strange, 1, 2);
    assert_true(known(&w, &strange).here);
    assert_int_equal(count(&w), 3); /* until the visitor has enough */
    journal_close(&w.journal);
}

static void test_what_names_no_file(void **state)
{
    struct journal_world w;
    struct agent_head head;
    struct esep_reason reason = {""};
    const struct agent_file empty = file_of(1, 0);
    const struct agent_file scan = file_of(2, 10);
    world_begin(&w, state, 16 * MIB, 0);
    report(&w, 1, &empty, 1, 32); /* there is nothing to be sent of it */
    report(&w, 2, &scan, 1, 31);
    assert_int_equal(world_append(&w, 3, 3, 100, &reason), ESEP_OK);
    const struct esep_slice noise = esep_slice_str("\xff\xff no entry at all");
    assert_int_equal(journal_append(&w.journal, &w.office_key, &noise, 1, 4, &head, &reason),
                     ESEP_OK);
    assert_int_equal(count(&w), 0);
    journal_close(&w.journal);
}

/* Entries that no receipt covers get new numbers; what they name is theirs as before. */
static void test_recover(void **state)
{
    struct journal_world w;
    uint64_t requeued = 0;
    struct esep_reason reason = {""};
    const struct agent_file scan = file_of(1, 1000);
    const struct agent_file photo = file_of(2, 5);
    world_begin(&w, state, 16 * MIB, 0);
    report(&w, 1, &scan, 1, 32);
    const struct esep_evidence proof = evidence_of(&scan, 40);
    store(&w, &proof, 1, 1);
    report(&w, 2, &photo, 1, 32);
    assert_int_equal(journal_recover(&w.journal, &w.office_key, 5, 1, &requeued, &reason), ESEP_OK);
    assert_int_equal(requeued, 1);
    assert_true(known(&w, &scan).here);
    assert_true(known(&w, &photo).receipted); /* it is asked for; the collector knows whether */
    assert_int_equal(count(&w), 2);
    journal_close(&w.journal);
}

/* A journal of before files, only read: it names none. A row that is none is said to be damaged. */
static void test_damaged(void **state)
{
    struct journal_world w;
    struct journal_file none;
    struct esep_reason reason = {""};
    const struct agent_file scan = file_of(1, 1000);
    world_begin(&w, state, 16 * MIB, 0);
    report(&w, 1, &scan, 1, 32);
    MDB_txn *txn = NULL;
    uint8_t place[ESEP_HASH_BYTES + 8];
    memcpy(place, scan.sha256.bytes, ESEP_HASH_BYTES);
    esep_be64_put(place + ESEP_HASH_BYTES, scan.size_bytes);
    MDB_val key = {.mv_size = sizeof place, .mv_data = place};
    MDB_val data = {.mv_size = 5, .mv_data = place};
    assert_int_equal(mdb_txn_begin(w.journal.store.env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_put(txn, w.journal.files, &key, &data, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    size_t found = 0;
    assert_int_equal(journal_files(&w.journal, count_one, &found, &reason), ESEP_CORRUPT);
    assert_int_equal(journal_file(&w.journal, &scan, &none, &reason), ESEP_CORRUPT);
    journal_close(&w.journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_named_once_receipted_and_proved),
        unit_test_in_folder(test_what_names_no_file),
        unit_test_in_folder(test_recover),
        unit_test_in_folder(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
