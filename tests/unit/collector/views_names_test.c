/* tests/unit/collector/views_names_test.c - entries that name each other, told to a log: what comes
 * late, withdrawn before it came, or once more after a restore (docs/adr/0007).
 *
 * views_heads_test.c asks the rule itself. Here the whole way is asked: verdicts, mail, hours, days
 * to come back; and after each story whether the rows and a replay say the same.
 */
#include "esep/v1/wire.pb-c.h"
#include "views_world.h"
#include "wire/statement.h"

#define TAKEN ESEP__V1__VERDICT__VERDICT_TAKEN
#define CONFLICT ESEP__V1__VERDICT__VERDICT_CONFLICT

/* Rows and log give the same views, and the same rows. */
static bool at_every_entry(void *context)
{
    (void)context;
    return true;
}

static int teardown(void **state)
{
    struct world *w = *state;
    struct world_table table = {.rows = NULL};
    world_cut(w);
    struct views *again = world_load(w);
    struct views *replayed = world_replay(w, &table, at_every_entry, NULL);
    assert_same_tables(&table, &w->table);
    for (uint32_t i = 0; i < views_obligation_count(w->views); i++) {
        const struct views_obligation *here = views_obligation(w->views, i);
        const struct views_obligation *there = views_obligation(again, i);
        assert_int_equal(there->head_count, here->head_count);
        assert_int_equal(there->submission, here->submission);
        assert_int_equal(there->again_by, here->again_by);
        for (uint32_t h = 0; h < here->listed; h++)
            assert_int_equal(there->heads[h].again_by, here->heads[h].again_by);
    }
    views_free(again);
    views_free(replayed);
    world_table_free(&table);
    world_end(w);
    return 0;
}

static Esep__V1__Verdict report_on(struct world *w, uint32_t office, uint64_t base, int percent)
{
    const struct world_report told = {.key = KEY_1_MOH,
                                      .base_index = base,
                                      .fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_PARTLY,
                                      .percent = percent};
    return world_report(w, office, &told);
}

/* An entry of which the bytes are known before it comes: it can be named, and come again. */
struct written {
    Esep__V1__JournalEntry entry;
    Esep__V1__Report report;
    uint8_t nonce[16];
    uint8_t body[512];
    struct esep_hash content;
};

static void write_report(struct written *e, const struct esep_hash *base, unsigned percent)
{
    static char key[] = KEY_1_MOH;
    memset(e->nonce, (int)percent, sizeof e->nonce);
    esep__v1__journal_entry__init(&e->entry);
    esep__v1__report__init(&e->report);
    e->entry.nonce = (ProtobufCBinaryData){sizeof e->nonce, e->nonce};
    e->entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    e->entry.report = &e->report;
    e->report.obligation = key;
    e->report.revision = 1;
    e->report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_PARTLY;
    e->report.progress_case = ESEP__V1__REPORT__PROGRESS_PERCENT;
    e->report.percent = percent;
    if (base != NULL)
        e->report.builds_on =
            (ProtobufCBinaryData){sizeof base->bytes, (uint8_t *)(uintptr_t)base->bytes};
    e->content =
        esep_content_hash(esep_slice(e->body, protobuf_c_message_pack(&e->entry.base, e->body)));
}

static Esep__V1__Verdict withdraw(struct world *w, uint32_t office, const struct written *what)
{
    static char key[] = KEY_1_MOH;
    static char why[] = "by mistake";
    struct esep_hash content = what->content;
    uint8_t nonce[16] = {0xee};
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Withdrawal withdrawal = ESEP__V1__WITHDRAWAL__INIT;
    entry.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL;
    entry.withdrawal = &withdrawal;
    withdrawal.obligation = key;
    withdrawal.reason = why;
    withdrawal.report = (ProtobufCBinaryData){sizeof content.bytes, content.bytes};
    return world_entry(w, office, &entry);
}

/* B on A1, A2 of A on nothing, B withdrawn: A1 is A's older word and stays so. */
static void test_the_offices_later_word_outlives_a_withdrawal(void **state)
{
    struct world *w = *state;
    const uint32_t a = world_office(w, "moh");
    const uint32_t b = world_office(w, "moh");
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    assert_int_equal(report_on(w, a, 0, 10), TAKEN);
    const uint64_t a1 = w->last_index;
    assert_int_equal(report_on(w, b, a1, 20), TAKEN);
    const uint64_t b1 = w->last_index;
    assert_int_equal(report_on(w, a, 0, 30), CONFLICT);
    const uint64_t a2 = w->last_index;
    assert_int_equal(world_withdraw(w, b, KEY_1_MOH, b1), TAKEN);
    assert_int_equal(o->head_count, 1);
    assert_int_equal(o->heads[0].index, a2);
    assert_int_equal(world_withdraw(w, a, KEY_1_MOH, a2), TAKEN);
    assert_int_equal(o->head_count, 1);
    assert_int_equal(o->heads[0].index, a1);
}

/* Two returned reports, each with its day: whichever stands has its own. */
static void test_each_returned_report_has_its_own_day(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    assert_int_equal(report_on(w, moh, 0, 10), TAKEN);
    const uint64_t first = w->last_index;
    assert_int_equal(world_review(w, KEY_1_MOH, first, false, "2013-07-20"), ESEP_OK);
    assert_int_equal(o->again_by, world_day("2013-07-20"));
    assert_int_equal(report_on(w, moh, first, 20), TAKEN);
    assert_int_equal(o->again_by, ESEP_DAY_NONE);
    const uint64_t second = w->last_index;
    assert_int_equal(world_review(w, KEY_1_MOH, second, false, "2013-08-01"), ESEP_OK);
    assert_int_equal(o->again_by, world_day("2013-08-01"));
    assert_int_equal(world_withdraw(w, moh, KEY_1_MOH, second), TAKEN);
    assert_int_equal(o->submission, ESEP_SUBMISSION_RETURNED);
    assert_int_equal(o->again_by, world_day("2013-07-20"));
    assert_int_equal(world_review(w, KEY_1_MOH, first, true, NULL), ESEP_OK);
    assert_int_equal(o->again_by, ESEP_DAY_NONE);
}

/* A day given to one side of a conflict is not the other side's. */
static void test_a_day_of_one_side(void **state)
{
    struct world *w = *state;
    const uint32_t a = world_office(w, "moh");
    const uint32_t b = world_office(w, "moh");
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    assert_int_equal(report_on(w, a, 0, 10), TAKEN);
    const uint64_t left = w->last_index;
    assert_int_equal(report_on(w, b, 0, 20), CONFLICT);
    const uint64_t right = w->last_index;
    assert_int_equal(world_review(w, KEY_1_MOH, right, false, "2013-08-01"), ESEP_OK);
    assert_int_equal(world_review(w, KEY_1_MOH, left, false, "2013-07-20"), ESEP_OK);
    assert_int_equal(o->again_by, world_day("2013-08-01")); /* the newest's */
    assert_int_equal(world_withdraw(w, b, KEY_1_MOH, right), TAKEN);
    assert_int_equal(o->again_by, world_day("2013-07-20"));
}

/* After a restore the other office's report comes back later than what builds on it: no conflict,
 * no mail, and nothing stands but the newer one. */
static void test_named_before_it_came(void **state)
{
    struct world *w = *state;
    const uint32_t a = world_office(w, "moh");
    const uint32_t b = world_office(w, "moh");
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    struct written late;
    struct written early;
    write_report(&late, NULL, 10);
    write_report(&early, &late.content, 20);
    w->now = world_time("2013-02-01");
    assert_int_equal(world_entry(w, b, &early.entry), TAKEN);
    const uint64_t mail = views_office(w->views, b)->mail_last;
    w->now = world_time("2013-02-02");
    assert_int_equal(world_entry(w, a, &late.entry), TAKEN);
    assert_int_equal(o->head_count, 1);
    assert_int_equal(o->percent, 20);
    assert_int_equal(o->reports, 2);
    assert_int_equal(views_office(w->views, b)->mail_last, mail);
    assert_int_equal(views_came(w->views, o), world_time("2013-02-01"));
    assert_int_equal(withdraw(w, b, &early), TAKEN);
    assert_int_equal(o->percent, 10);
    assert_int_equal(withdraw(w, b, &late), TAKEN);
    assert_int_equal(o->submission, ESEP_SUBMISSION_WITHDRAWN);
}

/* It is born withdrawn: it never stands, gives no hour, and hides nothing that it names. */
static void test_withdrawn_before_it_came(void **state)
{
    struct world *w = *state;
    const uint32_t a = world_office(w, "moh");
    const uint32_t b = world_office(w, "moh");
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    struct written base;
    struct written gone;
    write_report(&base, NULL, 10);
    write_report(&gone, &base.content, 20);
    assert_int_equal(withdraw(w, b, &gone), TAKEN);
    assert_int_equal(o->submission, ESEP_SUBMISSION_NONE);
    assert_int_equal(world_entry(w, b, &gone.entry), TAKEN);
    assert_int_equal(o->submission, ESEP_SUBMISSION_WITHDRAWN);
    assert_int_equal(o->head_count, 0);
    assert_int_equal(o->reports, 1);
    assert_int_equal(views_came(w->views, o), ESEP_TIME_NEVER);
    assert_int_equal(world_entry(w, a, &base.entry), TAKEN);
    assert_int_equal(o->percent, 10);
    assert_int_equal(views_came(w->views, o), w->now);
    /* Beside one that stands it is no conflict either. */
    struct written other;
    write_report(&other, NULL, 30);
    assert_int_equal(withdraw(w, b, &other), TAKEN);
    assert_int_equal(world_entry(w, b, &other.entry), TAKEN);
    assert_int_equal(o->head_count, 1);
    assert_int_equal(o->percent, 10);
}

/* `recover` queues the same bytes in a new epoch; the log had them, reviewed, and one more. */
static void test_queued_again_in_a_new_epoch(void **state)
{
    struct world *w = *state;
    const uint32_t a = world_office(w, "moh");
    const struct views_obligation *o = world_duty(w, KEY_1_MOH);
    struct written first;
    struct written second;
    write_report(&first, NULL, 10);
    write_report(&second, &first.content, 20);
    assert_int_equal(world_entry(w, a, &first.entry), TAKEN);
    assert_int_equal(world_entry(w, a, &second.entry), TAKEN);
    const uint64_t index = w->last_index;
    assert_int_equal(world_review(w, KEY_1_MOH, index, true, NULL), ESEP_OK);
    world_new_epoch(w, a);
    assert_int_equal(world_entry(w, a, &first.entry), TAKEN);
    assert_int_equal(o->percent, 20);
    assert_int_equal(world_entry(w, a, &second.entry), TAKEN);
    assert_int_equal(o->heads[0].index, index);
    assert_true(o->verified);
    assert_int_equal(o->reports, 4);
    assert_int_equal(withdraw(w, a, &second), TAKEN);
    assert_int_equal(o->head_count, 1);
    assert_int_equal(o->percent, 10);
}

/* A review names its report twice, and both must mean the same. */
static void test_a_review_of_another_report(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    assert_int_equal(report_on(w, moh, 0, 10), TAKEN);
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW};
    static char key[] = KEY_1_MOH;
    Esep__V1__Review review = ESEP__V1__REVIEW__INIT;
    struct esep_hash content = world_content(w, w->last_index);
    review.report_index = w->last_index;
    review.obligation = key;
    review.accept = true;
    assert_int_equal(world_try(w, &leaf, &review.base), ESEP_INVALID); /* not named at all */
    content.bytes[5] ^= 1;
    review.report = (ProtobufCBinaryData){sizeof content.bytes, content.bytes};
    assert_int_equal(world_try(w, &leaf, &review.base), ESEP_INVALID);
    content.bytes[5] ^= 1;
    review.report.len = 31;
    assert_int_equal(world_try(w, &leaf, &review.base), ESEP_INVALID);
    assert_false(world_duty(w, KEY_1_MOH)->verified);
    review.report.len = 32;
    assert_int_equal(world_try(w, &leaf, &review.base), ESEP_OK);
    assert_true(world_duty(w, KEY_1_MOH)->verified);
}

/* What was taken names well, or the log lies. */
static void test_a_taken_entry_with_a_name_of_no_hash(void **state)
{
    struct world *w = *state;
    const uint32_t moh = world_office(w, "moh");
    struct written bad;
    struct esep_hash name = {.bytes = "some"};
    const struct esep_leaf leaf = {.type = ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY,
                                   .office = moh,
                                   .epoch = 1,
                                   .seq = 1,
                                   .verdict = TAKEN};
    ProtobufCBinaryData short_name = {16, name.bytes};
    write_report(&bad, &name, 10);
    bad.report.builds_on.len = 31;
    assert_int_equal(world_try(w, &leaf, &bad.entry.base), ESEP_CORRUPT);
    bad.report.builds_on.len = 32;
    bad.report.n_settles = 1;
    bad.report.settles = &short_name;
    assert_int_equal(world_try(w, &leaf, &bad.entry.base), ESEP_CORRUPT);
    Esep__V1__Withdrawal withdrawal = ESEP__V1__WITHDRAWAL__INIT;
    withdrawal.obligation = bad.report.obligation;
    bad.entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL;
    bad.entry.withdrawal = &withdrawal;
    assert_int_equal(world_try(w, &leaf, &bad.entry.base), ESEP_CORRUPT);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, world_setup, teardown)
    const struct CMUnitTest tests[] = {
        STORY(test_the_offices_later_word_outlives_a_withdrawal),
        STORY(test_each_returned_report_has_its_own_day),
        STORY(test_a_day_of_one_side),
        STORY(test_named_before_it_came),
        STORY(test_withdrawn_before_it_came),
        STORY(test_queued_again_in_a_new_epoch),
        STORY(test_a_review_of_another_report),
        STORY(test_a_taken_entry_with_a_name_of_no_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
