/* tests/unit/agent/duties_test.c - does an office find again what people and reviews speak of, by
 * whatever number they know it, and however often its epoch and its places in the log have changed?
 */
#include "agent/entry_name.h"
#include "agent/report_write.h"
#include "journal_world.h"
#include "wire/unpack.h"

#define KEY "p/annual/-/moj/1"
#define OTHER_KEY "p/annual/-/moj/2"

struct desk_world {
    struct journal_world w;
    struct agent_desk desk;
    struct agent_duties duties;
    uint64_t mails;
};

static void desk_begin(struct desk_world *d, void **state)
{
    *d = (struct desk_world){0};
    world_begin(&d->w, state, 16 * MIB, 0);
}

static void desk_end(struct desk_world *d)
{
    agent_duties_free(&d->duties);
    journal_close(&d->w.journal);
}

/* Looks at the journal as a command does. */
static struct agent_duty *look(struct desk_world *d, const char *key)
{
    struct esep_reason reason = {""};
    agent_duties_free(&d->duties);
    d->desk = (struct agent_desk){.journal = d->w.journal, .identity = d->w.identity};
    if (agent_duties_load(&d->duties, &d->desk, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
    return agent_duty_find(&d->duties, key);
}

struct words {
    uint8_t number; /* makes it another report */
    const char *key;
    const struct esep_hash *settles, *builds_on;
};

static struct esep_hash pack_report(const struct words *words, struct esep_buf *out)
{
    char key[ESEP_OBLIGATION_KEY_MAX];
    uint8_t nonce[AGENT_NONCE_BYTES] = {words->number};
    uint8_t hashes[2][ESEP_HASH_BYTES];
    ProtobufCBinaryData settles;
    struct esep_reason reason = {""};
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report report = ESEP__V1__REPORT__INIT;
    (void)snprintf(key, sizeof key, "%s", words->key);
    entry.nonce = esep_pb(nonce, sizeof nonce);
    entry.written_at_us = words->number;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    report.obligation = key;
    report.revision = 1;
    report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_PARTLY;
    if (words->settles != NULL) {
        memcpy(hashes[0], words->settles->bytes, ESEP_HASH_BYTES);
        settles = esep_pb(hashes[0], ESEP_HASH_BYTES);
        report.settles = &settles;
        report.n_settles = 1;
    }
    if (words->builds_on != NULL) {
        memcpy(hashes[1], words->builds_on->bytes, ESEP_HASH_BYTES);
        report.builds_on = esep_pb(hashes[1], ESEP_HASH_BYTES);
    }
    if (agent_entry_pack(&entry, out, &reason) != ESEP_OK)
        fail_msg("%s", reason.text);
    return esep_content_hash(esep_buf_slice(out));
}

static struct esep_hash write_report(struct desk_world *d, const struct words *words)
{
    struct esep_buf bytes;
    struct agent_head head;
    struct esep_reason reason = {""};
    esep_buf_init(&bytes, AGENT_ENTRY_BYTES_MAX);
    const struct esep_hash hash = pack_report(words, &bytes);
    const struct esep_slice entry = esep_buf_slice(&bytes);
    assert_int_equal(journal_append(&d->w.journal, &d->w.office_key, &entry, 1, 5, &head, &reason),
                     ESEP_OK);
    esep_buf_done(&bytes);
    return hash;
}

static void withdraw(struct desk_world *d, const struct esep_hash *hash)
{
    char key[] = KEY;
    char why[] = "wrong";
    uint8_t nonce[AGENT_NONCE_BYTES] = {99};
    struct esep_hash name = *hash;
    struct esep_buf bytes;
    struct agent_head head;
    struct esep_reason reason = {""};
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Withdrawal w = ESEP__V1__WITHDRAWAL__INIT;
    entry.nonce = esep_pb(nonce, sizeof nonce);
    entry.written_at_us = 5;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL;
    entry.withdrawal = &w;
    w.obligation = key;
    w.reason = why;
    w.report = esep_pb(name.bytes, ESEP_HASH_BYTES);
    esep_buf_init(&bytes, AGENT_ENTRY_BYTES_MAX);
    assert_int_equal(agent_entry_pack(&entry, &bytes, &reason), ESEP_OK);
    const struct esep_slice slice = esep_buf_slice(&bytes);
    assert_int_equal(journal_append(&d->w.journal, &d->w.office_key, &slice, 1, 5, &head, &reason),
                     ESEP_OK);
    esep_buf_done(&bytes);
}

static void receive(struct desk_world *d, uint32_t epoch, uint64_t first, uint64_t through,
                    uint64_t index)
{
    struct esep_reason reason = {""};
    const struct esep_receipt r = world_receipt(&d->w, epoch, first, through, index, index + 50);
    assert_int_equal(world_store(&d->w, epoch, &r, 1, &reason), ESEP_OK);
}

static void recover(struct desk_world *d)
{
    uint64_t requeued = 0;
    struct esep_reason reason = {""};
    assert_int_equal(journal_recover(&d->w.journal, &d->w.office_key, 9, 1, &requeued, &reason),
                     ESEP_OK);
}

static void mail(struct desk_world *d, struct agent_mail item)
{
    struct esep_reason reason = {""};
    struct agent_journal held;
    item.number = ++d->mails;
    assert_int_equal(journal_load(&d->w.journal, &held, &reason), ESEP_OK);
    const struct agent_store store = {.receipted_seq = held.receipted_seq,
                                      .mails = &item,
                                      .mail_count = 1,
                                      .mail_through = item.number};
    assert_int_equal(journal_store(&d->w.journal, held.epoch, &store, &reason), ESEP_OK);
}

static struct esep_hash mail_entry(struct desk_world *d, uint32_t office, uint64_t index,
                                   Esep__V1__Verdict verdict, const struct words *words)
{
    struct esep_buf bytes;
    esep_buf_init(&bytes, AGENT_ENTRY_BYTES_MAX);
    const struct esep_hash hash = pack_report(words, &bytes);
    mail(d, (struct agent_mail){.log_index = index,
                                .type = ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY,
                                .verdict = verdict,
                                .office = office,
                                .bytes = esep_buf_slice(&bytes)});
    esep_buf_done(&bytes);
    return hash;
}

static void mail_review(struct desk_world *d, uint64_t index, const struct esep_hash *hash)
{
    char key[] = KEY;
    char why[] = "incomplete";
    uint8_t packed[256];
    struct esep_hash name = *hash;
    Esep__V1__Review review = ESEP__V1__REVIEW__INIT;
    review.report_index = index;
    review.report = esep_pb(name.bytes, ESEP_HASH_BYTES);
    review.obligation = key;
    review.reason_code = why;
    review.again_by_day = 15900;
    const size_t len = protobuf_c_message_pack(&review.base, packed);
    mail(d, (struct agent_mail){.log_index = index + 100,
                                .type = ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW,
                                .bytes = esep_slice(packed, len)});
}

static void mail_accepted(struct desk_world *d, uint64_t index, const struct esep_hash *hash)
{
    char key[] = KEY;
    uint8_t packed[256];
    struct esep_hash name = *hash;
    Esep__V1__Review review = ESEP__V1__REVIEW__INIT;
    review.report_index = index;
    review.report = esep_pb(name.bytes, ESEP_HASH_BYTES);
    review.obligation = key;
    review.accept = true;
    const size_t len = protobuf_c_message_pack(&review.base, packed);
    mail(d, (struct agent_mail){.log_index = index + 100,
                                .type = ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW,
                                .bytes = esep_slice(packed, len)});
}

static enum esep_status find(struct desk_world *d, const char *name, const char *key,
                             struct esep_hash *ret, struct esep_reason *reason)
{
    *reason = (struct esep_reason){""};
    *ret = (struct esep_hash){{0}};
    return agent_entry_find(&d->duties, name, key, ret, reason);
}

static void check_found(struct desk_world *d, const char *name, const struct esep_hash *wanted)
{
    struct esep_hash hash;
    struct esep_reason reason;
    if (find(d, name, KEY, &hash, &reason) != ESEP_OK)
        fail_msg("%s: %s", name, reason.text);
    assert_memory_equal(hash.bytes, wanted->bytes, ESEP_HASH_BYTES);
}

static void check_refused(struct desk_world *d, const char *name, const char *key,
                          enum esep_status status, const char *says)
{
    struct esep_hash hash;
    struct esep_reason reason;
    assert_int_equal(find(d, name, key, &hash, &reason), status);
    if (strstr(reason.text, says) == NULL)
        fail_msg("%s: %s", name, reason.text);
}

/* What the next report on KEY would build on; all zero: nothing. */
static struct esep_hash next_base(struct desk_world *d)
{
    struct esep_arena arena;
    struct esep_reason reason = {""};
    struct esep_hash base = {{0}};
    struct agent_report *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_int_equal(esep_arena_init(&arena, 65536), ESEP_OK);
    (void)look(d, KEY);
    agent_report_init(r, &arena);
    assert_int_equal(agent_report_text(r, "obligation", KEY, &reason), ESEP_OK);
    assert_int_equal(agent_report_place(&d->duties, r, &reason), ESEP_OK);
    if (r->message.builds_on.len == ESEP_HASH_BYTES)
        memcpy(base.bytes, r->message.builds_on.data, ESEP_HASH_BYTES);
    esep_arena_done(&arena);
    free(r);
    return base;
}

static void check_base(struct desk_world *d, const struct esep_hash *wanted)
{
    const struct esep_hash base = next_base(d);
    assert_memory_equal(base.bytes, wanted->bytes, ESEP_HASH_BYTES);
}

static void test_what_people_call_it(void **state)
{
    struct desk_world d;
    char hex[2 * ESEP_HASH_BYTES + 1];
    desk_begin(&d, state);
    const struct esep_hash first = write_report(&d, &(struct words){1, KEY, NULL, NULL});
    const struct esep_hash second = write_report(&d, &(struct words){2, KEY, &first, NULL});
    (void)write_report(&d, &(struct words){3, OTHER_KEY, NULL, NULL});
    receive(&d, 1, 1, 2, 40);
    (void)look(&d, KEY);
    check_found(&d, "1/1", &first);
    check_found(&d, "seq:2", &second);
    check_found(&d, "40", &first);
    check_found(&d, "41", &second);
    esep_hex(second.bytes, ESEP_HASH_BYTES, hex);
    check_found(&d, hex, &second);
    memset(hex, 'a', sizeof hex - 1); /* nobody here knows it: it is believed */
    struct esep_hash unknown;
    memset(unknown.bytes, 0xaa, sizeof unknown.bytes);
    check_found(&d, hex, &unknown);
    check_refused(&d, "1/4", KEY, ESEP_NOT_FOUND, "1/4: this journal holds no report");
    check_refused(&d, "2/1", KEY, ESEP_NOT_FOUND, "no report of that number");
    check_refused(&d, "42", KEY, ESEP_NOT_FOUND, "log entry"); /* no receipt yet */
    check_refused(&d, "0", KEY, ESEP_NOT_FOUND, "log entry");
    check_refused(&d, "1/3", KEY, ESEP_INVALID, "is a report on " OTHER_KEY);
    check_refused(&d, "first", KEY, ESEP_INVALID, "names no entry");
    struct esep_hash any;
    struct esep_reason reason;
    assert_int_equal(find(&d, "1/3", NULL, &any, &reason), ESEP_OK);
    desk_end(&d);
}

/* The log came back from a backup and gives the number to another entry. */
static void test_a_number_that_means_two(void **state)
{
    struct desk_world d;
    desk_begin(&d, state);
    const struct esep_hash own = write_report(&d, &(struct words){1, KEY, NULL, NULL});
    receive(&d, 1, 1, 1, 40);
    const struct esep_hash other = mail_entry(&d, 9, 40, ESEP__V1__VERDICT__VERDICT_CONFLICT,
                                              &(struct words){7, KEY, NULL, NULL});
    (void)look(&d, KEY);
    check_refused(&d, "40", KEY, ESEP_CONFLICT, "means two entries");
    check_found(&d, "1/1", &own);
    /* The same entry under two numbers is one, by both. */
    (void)mail_entry(&d, 9, 44, ESEP__V1__VERDICT__VERDICT_CONFLICT,
                     &(struct words){7, KEY, NULL, NULL});
    struct agent_duty *duty = look(&d, KEY);
    check_found(&d, "44", &other);
    assert_int_equal(duty->other_count, 1);
    assert_int_equal(duty->others[0].log_index, 44);
    desk_end(&d);
}

static void test_the_next_one_builds_on(void **state)
{
    struct desk_world d;
    const struct esep_hash none = {{0}};
    desk_begin(&d, state);
    check_base(&d, &none);
    const struct esep_hash first = write_report(&d, &(struct words){1, KEY, NULL, NULL});
    check_base(&d, &first);
    receive(&d, 1, 1, 1, 40);
    const struct esep_hash second = write_report(&d, &(struct words){2, KEY, &first, NULL});
    check_base(&d, &second);
    /* Into another epoch it goes with the same bytes, and so with the same name. */
    recover(&d);
    check_base(&d, &second);
    check_found(&d, "1/2", &second);
    check_found(&d, "2/1", &second);
    check_found(&d, "seq:1", &second);
    check_found(&d, "1/1", &first);
    recover(&d);
    check_base(&d, &second);
    assert_int_equal(look(&d, KEY)->epoch, 3);
    withdraw(&d, &second);
    check_base(&d, &first);
    assert_int_equal(look(&d, KEY)->epoch, 1);
    withdraw(&d, &first);
    check_base(&d, &none);
    assert_int_equal(look(&d, KEY)->submission, ESEP_SUBMISSION_WITHDRAWN);
    desk_end(&d);
}

/* A review speaks of a report by its hash: its place in the log may have changed since its receipt.
 */
static void test_reviews_find_their_report(void **state)
{
    struct desk_world d;
    desk_begin(&d, state);
    const struct esep_hash first = write_report(&d, &(struct words){1, KEY, NULL, NULL});
    receive(&d, 1, 1, 1, 40);
    mail_review(&d, 17, &first);
    struct agent_duty *duty = look(&d, KEY);
    assert_int_equal(duty->submission, ESEP_SUBMISSION_RETURNED);
    assert_int_equal(duty->review_of, 17);
    check_base(&d, &first);
    const struct esep_hash second = write_report(&d, &(struct words){2, KEY, &first, NULL});
    duty = look(&d, KEY);
    assert_int_equal(duty->submission, ESEP_SUBMISSION_QUEUED);
    assert_int_equal(duty->review_of, 0);
    /* Of whatever bears the number that ours once had: not ours. */
    const struct esep_hash foreign = {{5}};
    mail_review(&d, 41, &foreign);
    receive(&d, 1, 2, 2, 41);
    assert_int_equal(look(&d, KEY)->submission, ESEP_SUBMISSION_RECEIVED);
    check_base(&d, &second);
    /* Where this office has none, another office's review counts, and is built on. */
    withdraw(&d, &second);
    withdraw(&d, &first);
    check_base(&d, &foreign);
    desk_end(&d);
}

static void test_what_was_not_taken(void **state)
{
    struct desk_world d;
    desk_begin(&d, state);
    const struct esep_hash first = write_report(&d, &(struct words){1, KEY, NULL, NULL});
    receive(&d, 1, 1, 1, 40);
    (void)write_report(&d, &(struct words){2, KEY, NULL, NULL});
    receive(&d, 1, 2, 2, 41);
    (void)mail_entry(&d, WORLD_OFFICE, 90, ESEP__V1__VERDICT__VERDICT_NOT_YOURS,
                     &(struct words){2, KEY, NULL, NULL});
    struct agent_duty *duty = look(&d, KEY);
    assert_int_equal(duty->refused, ESEP__V1__VERDICT__VERDICT_NOT_YOURS);
    assert_string_equal(agent_verdict_name(duty->refused), "not_yours");
    assert_string_equal(agent_verdict_name(ESEP__V1__VERDICT__VERDICT_CLOSED), "closed");
    assert_string_equal(agent_verdict_name((Esep__V1__Verdict)6), "unknown");
    assert_memory_equal(duty->hash.bytes, first.bytes, ESEP_HASH_BYTES);
    desk_end(&d);
}

/* Another office's report stands against ours: it is known by its number, and settled by its hash;
 * what comes after is not settled by it. */
static void test_a_conflict_and_its_end(void **state)
{
    struct desk_world d;
    desk_begin(&d, state);
    (void)write_report(&d, &(struct words){1, KEY, NULL, NULL});
    receive(&d, 1, 1, 1, 40);
    const struct esep_hash other = mail_entry(&d, 9, 55, ESEP__V1__VERDICT__VERDICT_CONFLICT,
                                              &(struct words){7, KEY, NULL, NULL});
    struct agent_duty *duty = look(&d, KEY);
    assert_true(duty->conflict);
    assert_int_equal(duty->other_count, 1);
    assert_int_equal(duty->others[0].office, 9);
    check_found(&d, "55", &other);
    (void)write_report(&d, &(struct words){2, KEY, NULL, NULL}); /* goes on with its own */
    assert_true(look(&d, KEY)->conflict);
    (void)write_report(&d, &(struct words){3, KEY, &other, NULL});
    assert_false(look(&d, KEY)->conflict);
    const struct esep_hash later = mail_entry(&d, 9, 60, ESEP__V1__VERDICT__VERDICT_CONFLICT,
                                              &(struct words){8, KEY, NULL, NULL});
    duty = look(&d, KEY);
    assert_true(duty->conflict);
    assert_int_equal(duty->other_count, 1);
    assert_memory_equal(duty->others[0].hash.bytes, later.bytes, ESEP_HASH_BYTES);
    (void)write_report(&d, &(struct words){4, KEY, NULL, &later}); /* built on: it is replaced */
    assert_false(look(&d, KEY)->conflict);
    (void)mail_entry(&d, 9, 70, ESEP__V1__VERDICT__VERDICT_CONFLICT,
                     &(struct words){9, KEY, NULL, NULL});
    assert_true(look(&d, KEY)->conflict);
    (void)mail_entry(&d, 9, 80, ESEP__V1__VERDICT__VERDICT_TAKEN,
                     &(struct words){10, KEY, &later, NULL}); /* they settled it */
    assert_false(look(&d, KEY)->conflict);
    desk_end(&d);
}

static void mail_rights(struct desk_world *d, uint32_t office, const char *body, const char *plan)
{
    char names[2][64];
    char *list[2] = {names[0], names[1]};
    uint8_t packed[256];
    Esep__V1__OfficeRights rights = ESEP__V1__OFFICE_RIGHTS__INIT;
    (void)snprintf(names[0], sizeof names[0], "%s", body != NULL ? body : "");
    (void)snprintf(names[1], sizeof names[1], "%s", plan != NULL ? plan : "");
    rights.office = office;
    rights.bodies = list;
    rights.n_bodies = body != NULL;
    rights.plans = list + 1;
    rights.n_plans = plan != NULL;
    const size_t len = protobuf_c_message_pack(&rights.base, packed);
    mail(d, (struct agent_mail){.log_index = 900 + d->mails,
                                .type = ESEP__V1__LOG_TYPE__LOG_TYPE_RIGHTS,
                                .bytes = esep_slice(packed, len)});
}

/* The newest item says all of it; another office's says nothing here. */
static void test_what_it_may_report_for(void **state)
{
    struct desk_world d;
    char text[AGENT_RIGHTS_TEXT_MAX];
    desk_begin(&d, state);
    (void)look(&d, KEY);
    assert_int_equal(d.duties.rights.body_count, 1);
    assert_true(agent_rights_carry(&d.duties.rights, d.w.identity.body));
    mail_rights(&d, WORLD_OFFICE, "moh", "p");
    mail_rights(&d, WORLD_OFFICE + 1, "court", NULL);
    (void)look(&d, KEY);
    assert_true(agent_rights_carry(&d.duties.rights, "moh"));
    assert_false(agent_rights_carry(&d.duties.rights, "court"));
    assert_true(agent_rights_on_plan(&d.duties.rights, "p"));
    assert_false(agent_rights_on_plan(&d.duties.rights, "q"));
    agent_rights_text(&d.duties.rights, text);
    assert_non_null(strstr(text, ", moh (p)"));
    mail_rights(&d, WORLD_OFFICE, NULL, NULL);
    (void)look(&d, KEY);
    assert_int_equal(d.duties.rights.body_count, 1);
    assert_true(agent_rights_on_plan(&d.duties.rights, "q"));
    desk_end(&d);
}

/* This office reports for a helper and for the lead: an accepted report comes back to it, which is
 * none of the entries that begin or end a conflict. */
static void test_an_accepted_report_is_no_dispute(void **state)
{
    static const char helpers[] = "p/fulfilment/1/moh/2013-01-01..2013-06-30";
    struct desk_world d;
    desk_begin(&d, state);
    /* Of a body that it does not report for it is no duty at all. */
    (void)mail_entry(&d, 9, 54, ESEP__V1__VERDICT__VERDICT_CONFLICT,
                     &(struct words){5, helpers, NULL, NULL});
    assert_null(look(&d, helpers));
    mail_rights(&d, WORLD_OFFICE, "moh", NULL);
    (void)mail_entry(&d, 9, 55, ESEP__V1__VERDICT__VERDICT_CONFLICT,
                     &(struct words){7, helpers, NULL, NULL});
    assert_true(look(&d, helpers)->conflict);
    const struct words first = {6, helpers, NULL, NULL};
    const struct esep_hash hash = write_report(&d, &first);
    mail_accepted(&d, 40, &hash);
    (void)mail_entry(&d, WORLD_OFFICE, 40, ESEP__V1__VERDICT__VERDICT_TAKEN, &first);
    assert_true(look(&d, helpers)->conflict);
    (void)mail_entry(&d, 9, 80, ESEP__V1__VERDICT__VERDICT_TAKEN,
                     &(struct words){8, helpers, NULL, NULL}); /* they settled it */
    assert_false(look(&d, helpers)->conflict);
    desk_end(&d);
}

/* Ours was the second: its own verdict is all that the mail says. */
static void test_a_conflict_that_ours_began(void **state)
{
    struct desk_world d;
    const struct esep_hash told = {{4}};
    desk_begin(&d, state);
    (void)write_report(&d, &(struct words){1, KEY, &told, NULL}); /* of an earlier quarrel */
    const struct words ours = {2, KEY, NULL, NULL};
    (void)write_report(&d, &ours);
    (void)mail_entry(&d, WORLD_OFFICE, 61, ESEP__V1__VERDICT__VERDICT_CONFLICT, &ours);
    struct agent_duty *duty = look(&d, KEY);
    assert_true(duty->conflict);
    assert_int_equal(duty->other_count, 0);
    (void)write_report(&d, &(struct words){3, KEY, NULL, NULL});
    assert_true(look(&d, KEY)->conflict);
    (void)write_report(&d, &(struct words){4, KEY, &told, NULL});
    assert_false(look(&d, KEY)->conflict);
    desk_end(&d);
}

/* Its own receipt never came, a later one of the same chain did: it is received, and no part of
 * what `recover` queues again; only its place in the log is not known. */
static void test_received_by_a_later_receipt(void **state)
{
    struct desk_world d;
    desk_begin(&d, state);
    const struct esep_hash first = write_report(&d, &(struct words){1, KEY, NULL, NULL});
    (void)write_report(&d, &(struct words){2, OTHER_KEY, NULL, NULL});
    receive(&d, 1, 2, 2, 40);
    for (int epoch = 1; epoch <= 2; epoch++) {
        const struct agent_duty *duty = look(&d, KEY);
        assert_int_equal(duty->submission, ESEP_SUBMISSION_RECEIVED);
        assert_int_equal(duty->came, 15);
        assert_int_equal(duty->epoch, 1);
        assert_int_equal(duty->log_index, 0);
        check_found(&d, "1/1", &first);
        check_refused(&d, "39", KEY, ESEP_NOT_FOUND, "log entry");
        recover(&d);
    }
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(test_what_people_call_it),
        unit_test_in_folder(test_a_number_that_means_two),
        unit_test_in_folder(test_the_next_one_builds_on),
        unit_test_in_folder(test_reviews_find_their_report),
        unit_test_in_folder(test_what_was_not_taken),
        unit_test_in_folder(test_a_conflict_and_its_end),
        unit_test_in_folder(test_what_it_may_report_for),
        unit_test_in_folder(test_an_accepted_report_is_no_dispute),
        unit_test_in_folder(test_a_conflict_that_ours_began),
        unit_test_in_folder(test_received_by_a_later_receipt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
