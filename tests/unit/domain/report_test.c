/* Does the check let every honest report through, and name the field of every other one? */
#include "domain/obligation.h"
#include "domain/report.h"
#include "tests/unit/base/fixture.h"

static char long_text[20000];
static uint8_t bytes32[32];
static uint8_t bytes16[16];

static Esep__V1__Person person;
static Esep__V1__Money money;
static Esep__V1__Indicator indicator;
static Esep__V1__AttachmentRef attachment;
static Esep__V1__Money *moneys[33];
static Esep__V1__Indicator *indicators[65];
static Esep__V1__AttachmentRef *attachments[33];
static uint8_t bytes64[64];
static ProtobufCBinaryData names[65];
static Esep__V1__Report report;
static Esep__V1__Withdrawal withdrawal;
static Esep__V1__ExtensionRequest request;
static Esep__V1__JournalEntry entry;

/* Protobuf's strings are not const, and nothing here writes them. */
static char *str(const char *text)
{
    char *ret;
    memcpy(&ret, &text, sizeof ret);
    return ret;
}

static char *of_length(size_t length)
{
    return long_text + sizeof long_text - 1 - length;
}

/* A report with one of everything, all of it right. */
static void honest(void)
{
    esep__v1__person__init(&person);
    person.name = str("А. Б. Сериков");
    person.position = str("бас маман");
    esep__v1__money__init(&money);
    money.source = str("rb");
    money.programme = str("001 (PGO)");
    money.planned_tiyn = 96000000;
    esep__v1__indicator__init(&indicator);
    indicator.name = str("seminars held");
    indicator.value = str("12");
    indicator.unit = str("seminars");
    esep__v1__attachment_ref__init(&attachment);
    attachment.name = str("есеп.pdf");
    attachment.media_type = str("application/pdf");
    attachment.sha256 = (ProtobufCBinaryData){32, bytes32};
    for (size_t i = 0; i < 65; i++) {
        indicators[i] = &indicator;
        names[i] = (ProtobufCBinaryData){32, bytes32};
        if (i < 33) {
            moneys[i] = &money;
            attachments[i] = &attachment;
        }
    }
    esep__v1__report__init(&report);
    report.obligation = str("kz-1347-2012/fulfilment/13/akmola/2013-01-01..2013-06-30");
    report.revision = 1;
    report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_IN_PROGRESS;
    report.progress_case = ESEP__V1__REPORT__PROGRESS_PERCENT;
    report.percent = 40;
    report.preparer = &person;
    report.n_money = 1;
    report.money = moneys;
    report.n_indicators = 1;
    report.indicators = indicators;
    report.n_attachments = 1;
    report.attachments = attachments;
    report.cites = names;
    report.settles = names;
    esep__v1__withdrawal__init(&withdrawal);
    withdrawal.obligation = report.obligation;
    withdrawal.report = names[0];
    withdrawal.reason = str("filed for the wrong half");
    esep__v1__extension_request__init(&request);
    request.obligation = report.obligation;
    request.until = str("2013-07-31");
    request.reason = str("the working group meets in July");
    esep__v1__journal_entry__init(&entry);
    entry.nonce = (ProtobufCBinaryData){16, bytes16};
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
}

static void as_withdrawal(void)
{
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_WITHDRAWAL;
    entry.withdrawal = &withdrawal;
}

static void as_request(void)
{
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_EXTENSION_REQUEST;
    entry.extension_request = &request;
}

static void passes(void)
{
    struct esep_reason reason = {{0}};
    if (esep_entry_check(&entry, &reason) != ESEP_OK) {
        fail_msg("refused: %s", reason.text);
    }
}

static void fails_naming(const char *field)
{
    struct esep_reason reason = {{0}};
    assert_int_equal(esep_entry_check(&entry, &reason), ESEP_INVALID);
    if (strstr(reason.text, field) == NULL) {
        fail_msg("the reason does not name %s: %s", field, reason.text);
    }
}

/* Each row spoils (or stretches) one thing of the honest report. field NULL: it still passes. */
#define ROW(name, statement)                                                                       \
    static void name(void)                                                                         \
    {                                                                                              \
        statement;                                                                                 \
    }
ROW(nothing, (void)0)
ROW(no_progress, report.progress_case = ESEP__V1__REPORT__PROGRESS__NOT_SET; report.percent = 999)
ROW(percent_100, report.percent = 100)
ROW(percent_101, report.percent = 101)
ROW(no_key, report.obligation = str(""))
ROW(key_127, report.obligation = of_length(127))
ROW(key_128, report.obligation = of_length(128))
ROW(narrative_full, report.narrative = of_length(16384))
ROW(narrative_over, report.narrative = of_length(16385))
ROW(obstacles_over, report.obstacles = of_length(4097))
ROW(revision_0, report.revision = 0)
ROW(builds, report.builds_on = names[0])
ROW(builds_31, report.builds_on = names[0]; report.builds_on.len = 31)
ROW(builds_64, report.builds_on.len = 64; report.builds_on.data = bytes64)
ROW(no_fulfilment, report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_UNSPECIFIED)
ROW(odd_fulfilment, report.fulfilment = (Esep__V1__Fulfilment)7)
ROW(negative_fulfilment, report.fulfilment = (Esep__V1__Fulfilment)-1)
ROW(odd_access, report.access = (Esep__V1__Access)9)
ROW(nil_without_reason, report.nil_report = 1)
ROW(nil_with_reason, report.nil_report = 1; report.nil_reason = str("no such firms here"))
ROW(reason_without_nil, report.nil_reason = str("no such firms here"))
ROW(money_below_zero, money.spent_tiyn = -1)
ROW(money_planned_below, money.planned_tiyn = -1)
ROW(money_allocated_below, money.allocated_tiyn = -1)
ROW(money_allocated, money.planned_tiyn = 0; money.allocated_tiyn = 5)
ROW(money_spent, money.planned_tiyn = 0; money.spent_tiyn = 5)
ROW(money_within_allocated, money.planned_tiyn = 0; money.within_allotted = 1;
    money.allocated_tiyn = 5)
ROW(attachment_no_name, attachment.name = str(""))
ROW(attachment_dot, attachment.name = str("."))
ROW(money_no_source, money.source = str(""))
ROW(money_empty, money.planned_tiyn = 0)
ROW(money_within, money.planned_tiyn = 0; money.within_allotted = 1; money.spent_tiyn = 5)
ROW(money_both, money.within_allotted = 1)
ROW(money_32, report.n_money = 32)
ROW(money_33, report.n_money = 33)
ROW(indicators_64, report.n_indicators = 64)
ROW(indicators_65, report.n_indicators = 65)
ROW(indicator_decimal, indicator.value = str("-12.50"); indicator.target = str("0"))
ROW(indicator_comma, indicator.value = str("12,5"))
ROW(indicator_point, indicator.value = str("12."))
ROW(indicator_points, indicator.value = str("1.2.3"))
ROW(indicator_sign, indicator.value = str("-"))
ROW(indicator_empty, indicator.value = str(""))
ROW(indicator_long, indicator.value = str("123456789012345678901234567890123"))
ROW(indicator_target, indicator.target = str("many"))
ROW(attachments_33, report.n_attachments = 33)
ROW(attachment_path, attachment.name = str("../etc/passwd"))
ROW(attachment_backslash, attachment.name = str("C:\\report.pdf"))
ROW(attachment_dots, attachment.name = str(".."))
ROW(attachment_hash, attachment.sha256.len = 31)
ROW(settles_8, report.n_settles = 8)
ROW(settles_9, report.n_settles = 9)
ROW(settles_33_bytes, report.n_settles = 3; names[2].len = 33)
ROW(cites_64, report.n_cites = 64)
ROW(cites_65, report.n_cites = 65)
ROW(cites_nothing, report.n_cites = 2; names[1].len = 0)
ROW(person_long, person.name = of_length(129))
ROW(signatory_long, report.signatory = &person; report.preparer = NULL;
    person.phone = of_length(33))
ROW(nonce_15, entry.nonce.len = 15)
ROW(no_body, entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY__NOT_SET)
ROW(withdraws, as_withdrawal())
ROW(withdraws_long, as_withdrawal(); withdrawal.report.len = 64; withdrawal.report.data = bytes64)
ROW(withdraws_none, as_withdrawal(); withdrawal.report.len = 0)
ROW(withdraws_mute, as_withdrawal(); withdrawal.reason = str(""))
ROW(asks, as_request())
ROW(asks_no_day, as_request(); request.until = str("2013-02-30"))
ROW(asks_long_day, as_request(); request.until = str("2013-07-31T00:00:00Z"))
ROW(asks_mute, as_request(); request.reason = str(""))

static const struct {
    void (*spoil)(void);
    const char *field;
} field_rows[] = {
    {nothing, NULL},
    {no_progress, NULL},
    {percent_100, NULL},
    {percent_101, "percent"},
    {no_key, "obligation"},
    {key_127, NULL},
    {key_128, "obligation"},
    {narrative_full, NULL},
    {narrative_over, "narrative"},
    {obstacles_over, "obstacles"},
    {revision_0, "revision"},
    {builds, NULL},
    {builds_31, "builds_on"},
    {builds_64, "builds_on"},
    {no_fulfilment, "fulfilment"},
    {odd_fulfilment, "fulfilment"},
    {negative_fulfilment, "fulfilment"},
    {odd_access, "access"},
    {nil_without_reason, "nil_reason"},
    {nil_with_reason, NULL},
    {reason_without_nil, "nil_reason"},
    {money_below_zero, "money"},
    {money_planned_below, "money"},
    {money_allocated_below, "money"},
    {money_allocated, NULL},
    {money_spent, NULL},
    {money_within_allocated, "within_allotted"},
    {attachment_no_name, "name"},
    {attachment_dot, "attachments.name"},
    {money_no_source, "source"},
    {money_empty, "money"},
    {money_within, NULL},
    {money_both, "within_allotted"},
    {money_32, NULL},
    {money_33, "money"},
    {indicators_64, NULL},
    {indicators_65, "indicators"},
    {indicator_decimal, NULL},
    {indicator_comma, "indicators.value"},
    {indicator_point, "indicators.value"},
    {indicator_points, "indicators.value"},
    {indicator_sign, "indicators.value"},
    {indicator_empty, "value"},
    {indicator_long, "value"},
    {indicator_target, "indicators.target"},
    {attachments_33, "attachments"},
    {attachment_path, "attachments.name"},
    {attachment_backslash, "attachments.name"},
    {attachment_dots, "attachments.name"},
    {attachment_hash, "sha256"},
    {settles_8, NULL},
    {settles_9, "settles"},
    {settles_33_bytes, "settles: item 3"},
    {cites_64, NULL},
    {cites_65, "cites"},
    {cites_nothing, "cites: item 2"},
    {person_long, "name"},
    {signatory_long, "phone"},
    {nonce_15, "nonce"},
    {no_body, "entry"},
    {withdraws, NULL},
    {withdraws_long, "withdrawal"},
    {withdraws_none, "withdrawal"},
    {withdraws_mute, "reason"},
    {asks, NULL},
    {asks_no_day, "until"},
    {asks_long_day, "until"},
    {asks_mute, "reason"},
};

static void each_field(void **state)
{
    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    for (size_t i = 0; i < sizeof field_rows / sizeof *field_rows; i++) {
        honest();
        field_rows[i].spoil();
        if (field_rows[i].field == NULL) {
            passes();
        } else {
            fails_naming(field_rows[i].field);
        }
    }
}

static void names_go_both_ways(void **state)
{
    (void)state;
    for (int i = 1; i <= 6; i++) {
        Esep__V1__Fulfilment back = ESEP__V1__FULFILMENT__FULFILMENT_UNSPECIFIED;
        assert_int_equal(
            esep_fulfilment_parse(esep_fulfilment_name((Esep__V1__Fulfilment)i), &back), ESEP_OK);
        assert_int_equal(back, i);
    }
    Esep__V1__Fulfilment kept = ESEP__V1__FULFILMENT__FULFILMENT_PARTLY;
    assert_int_equal(esep_fulfilment_parse("unspecified", &kept), ESEP_INVALID);
    assert_int_equal(esep_fulfilment_parse("Executed", &kept), ESEP_INVALID);
    assert_int_equal(esep_fulfilment_parse("", &kept), ESEP_INVALID);
    assert_int_equal(kept, ESEP__V1__FULFILMENT__FULFILMENT_PARTLY);
    assert_string_equal(esep_fulfilment_name((Esep__V1__Fulfilment)42), "unknown");
    assert_string_equal(esep_submission_name(ESEP_SUBMISSION_UNDER_REVIEW), "under_review");
    assert_string_equal(esep_submission_name((enum esep_submission)42), "unknown");
    assert_string_equal(esep_control_name(ESEP_CONTROL_EXTENSION_REFUSED), "extension_refused");
    assert_string_equal(esep_control_name((enum esep_control)42), "unknown");
    assert_string_equal(esep_control_name((enum esep_control) - 1), "unknown");
    assert_string_equal(esep_obligation_kind_name(ESEP_OBLIGATION_REGIONAL_PLAN), "regional-plan");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field),
        cmocka_unit_test(names_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
