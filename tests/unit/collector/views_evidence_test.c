/* tests/unit/collector/views_evidence_test.c - files: are those that taken reports name found again
 * by name, and those that are here known to be, from the log alone? */
#include "views_world.h"

#define LOG(name) ESEP__V1__LOG_TYPE__LOG_TYPE_##name

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

static struct views_file file_of(uint32_t office, uint8_t first, uint64_t size)
{
    struct views_file file = {.office = office, .size_bytes = size};
    memset(file.sha256.bytes, first, ESEP_HASH_BYTES);
    return file;
}

/* A report with one attachment; sha256_len bytes of its hash. */
static Esep__V1__Verdict attach(struct world *w, const char *key, const struct views_file *file,
                                size_t sha256_len)
{
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report report = ESEP__V1__REPORT__INIT;
    Esep__V1__Person person = ESEP__V1__PERSON__INIT;
    Esep__V1__AttachmentRef ref = ESEP__V1__ATTACHMENT_REF__INIT;
    Esep__V1__AttachmentRef *refs[] = {&ref};
    uint8_t nonce[16] = {0};
    esep_be64_put(nonce, w->log_count);
    person.name = text("A. Clerk");
    ref.name = text("scan.pdf");
    ref.size_bytes = file->size_bytes;
    ref.sha256.data = (uint8_t *)(uintptr_t)file->sha256.bytes;
    ref.sha256.len = sha256_len;
    report.obligation = text(key);
    report.revision = 1;
    report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_EXECUTED;
    report.narrative = text("done");
    report.preparer = &person;
    report.signatory = &person;
    report.access = ESEP__V1__ACCESS__ACCESS_OPEN;
    report.attachments = refs;
    report.n_attachments = 1;
    entry.nonce.data = nonce;
    entry.nonce.len = sizeof nonce;
    entry.written_at_us = w->now;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    return world_entry(w, file->office, &entry);
}

static enum esep_status evidence(struct world *w, const struct views_file *file, size_t sha256_len)
{
    Esep__V1__Evidence message = ESEP__V1__EVIDENCE__INIT;
    const struct esep_leaf leaf = {
        .type = LOG(EVIDENCE), .office = file->office, .accepted_at = w->now};
    message.office = file->office;
    message.sha256.data = (uint8_t *)(uintptr_t)file->sha256.bytes;
    message.sha256.len = sha256_len;
    message.size_bytes = file->size_bytes;
    return world_try(w, &leaf, &message.base);
}

static const struct world_row *row(const struct world *w, char table, const struct views_file *file)
{
    uint8_t key[VIEWS_FILE_KEY_BYTES];
    views_file_key(table, file, key);
    for (size_t i = 0; i < w->table.count; i++) {
        const struct world_row *r = &w->table.rows[i];
        if (r->key_len == sizeof key && memcmp(r->key, key, sizeof key) == 0)
            return r;
    }
    return NULL;
}

static void what_taken_reports_name_is_found_again(void **state)
{
    struct world *w = *state;
    uint32_t moh = world_office(w, "moh");
    const struct views_file scan = file_of(moh, 1, 1000);
    const struct views_file other = file_of(moh, 2, 1000);
    assert_int_equal(attach(w, KEY_1_MOH, &scan, 32), ESEP__V1__VERDICT__VERDICT_TAKEN);
    uint64_t first = w->last_index;
    assert_int_equal(attach(w, KEY_1_AKMOLA, &other, 32), ESEP__V1__VERDICT__VERDICT_NOT_YOURS);
    world_close(w, moh);
    world_cut(w);
    const struct world_row *named = row(w, VIEWS_TABLE_NAMED, &scan);
    assert_non_null(named);
    assert_int_equal(esep_be64(named->value), first);
    assert_null(row(w, VIEWS_TABLE_NAMED, &other)); /* not taken: nobody answers for it */
    assert_null(row(w, VIEWS_TABLE_EVIDENCE, &scan));
    /* By hash, size and office: another size is another file, and another office names its own. */
    struct views_file longer = scan;
    longer.size_bytes++;
    assert_null(row(w, VIEWS_TABLE_NAMED, &longer));
    struct views_file theirs = scan;
    theirs.office++;
    assert_null(row(w, VIEWS_TABLE_NAMED, &theirs));
    /* Named again: the newest report stands in the row. */
    assert_int_equal(attach(w, KEY_1_MOH, &scan, 32), ESEP__V1__VERDICT__VERDICT_TAKEN);
    uint64_t second = w->last_index;
    world_cut(w);
    assert_int_equal(esep_be64(row(w, VIEWS_TABLE_NAMED, &scan)->value), second);
    assert_int_equal(world_count(&w->table, VIEWS_TABLE_NAMED), 1);
}

static void a_file_that_is_here_is_known_and_summed(void **state)
{
    struct world *w = *state;
    uint32_t moh = world_office(w, "moh");
    const struct views_file scan = file_of(moh, 1, 1000);
    const struct views_file photo = file_of(moh, 3, 500);
    assert_int_equal(attach(w, KEY_1_MOH, &scan, 32), ESEP__V1__VERDICT__VERDICT_TAKEN);
    world_cut(w);
    w->now += ESEP_HOUR;
    assert_int_equal(evidence(w, &scan, 32), ESEP_OK);
    assert_int_equal(evidence(w, &photo, 32), ESEP_OK);
    world_cut(w);
    const struct world_row *here = row(w, VIEWS_TABLE_EVIDENCE, &scan);
    struct views_evidence read;
    assert_non_null(here);
    assert_true(views_evidence_read(esep_slice(here->value, here->value_len), &read));
    assert_int_equal(read.index, w->last_index - 1);
    assert_int_equal(read.accepted_at, w->now);
    assert_false(views_evidence_read(esep_slice(here->value, 15), &read));
    struct views *again = world_load(w);
    const struct views *both[] = {w->views, again};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(views_office(both[i], moh)->evidence_bytes, 1500);
        assert_int_equal(views_office(both[i], moh)->evidence_files, 2);
        assert_int_equal(views_office(both[i], moh)->seen_at, w->now);
    }
    views_free(again);
}

static void evidence_of_nobody_or_nothing_is_refused(void **state)
{
    struct world *w = *state;
    uint32_t moh = world_office(w, "moh");
    const struct views_file nobody = file_of(moh + 1, 1, 1000);
    const struct views_file nothing = file_of(moh, 1, 0);
    const struct views_file scan = file_of(moh, 1, 1000);
    const struct views_file endless = file_of(moh, 2, UINT64_MAX - 999);
    const struct esep_leaf leaf = {.type = LOG(EVIDENCE), .office = moh, .accepted_at = w->now};
    assert_int_equal(evidence(w, &nobody, 32), ESEP_INVALID);
    assert_int_equal(evidence(w, &nothing, 32), ESEP_INVALID);
    assert_int_equal(evidence(w, &scan, 31), ESEP_INVALID);
    assert_int_equal(world_try(w, &leaf, NULL), ESEP_CORRUPT);
    assert_int_equal(evidence(w, &scan, 32), ESEP_OK);
    assert_int_equal(evidence(w, &endless, 32), ESEP_INVALID); /* the sum would run over */
    assert_int_equal(views_office(w->views, moh)->evidence_files, 1);
}

/* A store can lie: a taken report whose attachment has no hash names nothing. */
static void a_name_without_a_hash_names_nothing(void **state)
{
    struct world *w = *state;
    uint32_t moh = world_office(w, "moh");
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report report = ESEP__V1__REPORT__INIT;
    Esep__V1__AttachmentRef ref = ESEP__V1__ATTACHMENT_REF__INIT;
    Esep__V1__AttachmentRef *refs[] = {&ref};
    const struct esep_leaf leaf = {.type = LOG(ENTRY),
                                   .office = moh,
                                   .accepted_at = w->now,
                                   .epoch = 1,
                                   .seq = 1,
                                   .verdict = ESEP__V1__VERDICT__VERDICT_TAKEN,
                                   .head = world_hash(moh, 1, 1)};
    report.obligation = text(KEY_1_MOH);
    report.attachments = refs;
    report.n_attachments = 1;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    assert_int_equal(world_try(w, &leaf, &entry.base), ESEP_OK);
    world_cut(w);
    assert_int_equal(world_count(&w->table, VIEWS_TABLE_NAMED), 0);
}

/* An office's row says how many files, or nothing at all. */
static void a_row_that_speaks_of_no_file_is_damaged(void **state)
{
    struct world *w = *state;
    uint32_t moh = world_office(w, "moh");
    const struct views_file scan = file_of(moh, 1, 1000);
    assert_int_equal(evidence(w, &scan, 32), ESEP_OK);
    world_cut(w);
    for (size_t i = 0; i < w->table.count; i++) {
        struct world_row *r = &w->table.rows[i];
        if (r->key[0] != 'F')
            continue;
        struct views *views = NULL;
        struct esep_reason reason = {""};
        assert_int_equal(views_new(&views, &world_limits, world_zone, NULL), ESEP_OK);
        r->value[r->value_len - 1]--; /* of one file, none */
        assert_int_equal(views_load_row(views, esep_slice(r->key, r->key_len),
                                        esep_slice(r->value, r->value_len), &reason),
                         ESEP_CORRUPT);
        r->value[r->value_len - 1]++;
        views_free(views);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_taken_reports_name_is_found_again),
        TEST(a_file_that_is_here_is_known_and_summed),
        TEST(evidence_of_nobody_or_nothing_is_refused),
        TEST(a_name_without_a_hash_names_nothing),
        TEST(a_row_that_speaks_of_no_file_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
