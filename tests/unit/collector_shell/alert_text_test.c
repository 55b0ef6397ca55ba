/* tests/unit/collector_shell/alert_text_test.c - does an alert read right in three languages? */
#include "../collector/views_world.h"
#include "collector/alert_text.h"

#include <stdio.h>
#include <stdlib.h>

struct letter {
    struct esep_buf subject;
    struct esep_buf text;
};

static void write_letter(struct letter *letter, const struct views *views,
                         const Esep__V1__Alert *alert, const char *language)
{
    esep_buf_init(&letter->subject, 4096);
    esep_buf_init(&letter->text, 1u << 16);
    assert_int_equal(collector_alert_text(views, alert, language, &letter->subject, &letter->text),
                     ESEP_OK);
    assert_int_equal(esep_buf_put(&letter->subject, "", 1), ESEP_OK);
    assert_int_equal(esep_buf_put(&letter->text, "", 1), ESEP_OK);
}

static void letter_done(struct letter *letter)
{
    esep_buf_done(&letter->subject);
    esep_buf_done(&letter->text);
}

static void assert_says(const struct letter *letter, const char *words)
{
    if (strstr((const char *)letter->text.data, words) == NULL)
        fail_msg("no '%s' in:\n%s", words, (const char *)letter->text.data);
}

static Esep__V1__AlertItem item(Esep__V1__AlertKind kind, uint32_t days, uint32_t weeks)
{
    Esep__V1__AlertItem i;
    esep__v1__alert_item__init(&i);
    i.kind = kind;
    i.days_left = days;
    i.weeks = weeks;
    i.obligation = (char *)(uintptr_t)KEY_1_AKMOLA;
    i.due_us = world_time("2013-06-30T23:59:59+06:00");
    return i;
}

static void each_kind_in_each_language_with_its_plural(void **state)
{
    (void)state;
    static const struct {
        Esep__V1__AlertKind kind;
        uint32_t days, weeks;
        const char *kk, *ru, *en;
    } cases[] = {
        {ESEP__V1__ALERT_KIND__ALERT_KIND_DUE_SOON, 1, 0, "Мерзіміне 1 күн қалды",
         "До срока: 1 день\n", "Due in 1 day\n"},
        {ESEP__V1__ALERT_KIND__ALERT_KIND_DUE_SOON, 3, 0, "Мерзіміне 3 күн қалды",
         "До срока: 3 дня\n", "Due in 3 days\n"},
        {ESEP__V1__ALERT_KIND__ALERT_KIND_DUE_SOON, 14, 0, "Мерзіміне 14 күн қалды",
         "До срока: 14 дней\n", "Due in 14 days\n"},
        {ESEP__V1__ALERT_KIND__ALERT_KIND_DUE_SOON, 21, 0, "Мерзіміне 21 күн қалды",
         "До срока: 21 день\n", "Due in 21 days\n"},
        {ESEP__V1__ALERT_KIND__ALERT_KIND_DUE_TODAY, 0, 0, "Мерзімі бүгін", "Срок сегодня",
         "Due today"},
        {ESEP__V1__ALERT_KIND__ALERT_KIND_OVERDUE, 0, 0, "Мерзімі өтті", "Срок истёк", "Overdue"},
        {ESEP__V1__ALERT_KIND__ALERT_KIND_STILL_OVERDUE, 0, 2, "Мерзімі өткеніне 14 күн",
         "Просрочено: 14 дней", "Overdue for 14 days"},
    };
    struct world world;
    world_start(&world, "2013-01-15");
    world_plan(&world, "2013-01-01", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Esep__V1__AlertItem one = item(cases[i].kind, cases[i].days, cases[i].weeks);
        Esep__V1__AlertItem *list[] = {&one};
        Esep__V1__Alert alert;
        esep__v1__alert__init(&alert);
        alert.plan = (char *)(uintptr_t) "p";
        alert.body = (char *)(uintptr_t) "akmola";
        alert.items = list;
        alert.n_items = 1;
        const char *const words[][2] = {
            {"kk", cases[i].kk}, {"ru", cases[i].ru}, {"en", cases[i].en}};
        for (size_t l = 0; l < 3; l++) {
            struct letter letter;
            write_letter(&letter, world.views, &alert, words[l][0]);
            assert_says(&letter, words[l][1]);
            assert_says(&letter, "2013-06-30 23:59:59+06:00");
            assert_says(&letter, KEY_1_AKMOLA);
            assert_non_null(strstr((const char *)letter.subject.data, "p, "));
            letter_done(&letter);
        }
    }
    world_end(&world);
}

static void silence_names_the_office_and_when_it_was_last_seen(void **state)
{
    (void)state;
    struct world world;
    struct letter letter;
    world_start(&world, "2013-01-15");
    world_plan(&world, "2013-01-01", NULL);
    Esep__V1__AlertItem one = item(ESEP__V1__ALERT_KIND__ALERT_KIND_SILENT, 0, 0);
    Esep__V1__AlertItem *list[] = {&one};
    Esep__V1__Alert alert;
    esep__v1__alert__init(&alert);
    one.obligation = (char *)(uintptr_t) "";
    one.office = 7;
    alert.plan = (char *)(uintptr_t) "p";
    alert.body = (char *)(uintptr_t) "moh";
    alert.items = list;
    alert.n_items = 1;
    write_letter(&letter, world.views, &alert, "en");
    assert_says(&letter, "Office 7 has never been seen");
    letter_done(&letter);
    one.seen_at_us = world_time("2013-01-02T03:04:05Z");
    write_letter(&letter, world.views, &alert, "ru");
    assert_says(&letter, "№ 7");
    assert_says(&letter, "2013-01-02");
    letter_done(&letter);
    world_end(&world);
}

static void an_alert_of_an_unknown_plan_and_language_still_reads(void **state)
{
    (void)state;
    struct world world;
    struct letter letter;
    world_start(&world, "2013-01-15");
    Esep__V1__AlertItem one = item(ESEP__V1__ALERT_KIND__ALERT_KIND_OVERDUE, 0, 0);
    Esep__V1__AlertItem *list[] = {&one};
    Esep__V1__Alert alert;
    esep__v1__alert__init(&alert);
    alert.plan = (char *)(uintptr_t) "gone";
    alert.body = (char *)(uintptr_t) "nobody";
    alert.items = list;
    alert.n_items = 1;
    write_letter(&letter, world.views, &alert, "fr");
    assert_says(&letter, "Plan: gone");
    assert_says(&letter, "Body: nobody");
    assert_says(&letter, KEY_1_AKMOLA);
    letter_done(&letter);
    world_end(&world);
}

static void assert_alarm_says(const Esep__V1__Alarm *alarm, const char *language,
                              const char *subject, const char *words)
{
    struct letter letter;
    esep_buf_init(&letter.subject, 4096);
    esep_buf_init(&letter.text, 1u << 16);
    assert_int_equal(collector_alarm_text(alarm, world_time("2013-06-30T23:59:59Z"), language,
                                          &letter.subject, &letter.text),
                     ESEP_OK);
    assert_int_equal(esep_buf_put(&letter.subject, "", 1), ESEP_OK);
    assert_int_equal(esep_buf_put(&letter.text, "", 1), ESEP_OK);
    assert_string_equal((const char *)letter.subject.data, subject);
    assert_says(&letter, words);
    assert_says(&letter, "2013-06-30 23:59:59Z, its words");
    letter_done(&letter);
}

static void each_alarm_of_a_witness_in_each_language(void **state)
{
    (void)state;
    static const struct {
        Esep__V1__AlarmKind kind;
        const char *name, *kk, *ru, *en;
    } cases[] = {
        {ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_AHEAD, "witness_ahead", "жазба саны: 5000",
         "чем есть: 5000", "than there are: 5000"},
        {ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_BACK, "witness_back", "жазба саны: 5000",
         "заверил: 5000", "cosigned: 5000"},
        {ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_SPLIT, "witness_split", "басқа тарихын",
         "другую историю", "of 5000 entries"},
        {ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_FALSE, "witness_false", "басқаға қол қойды",
         "не то, что ему показали", "something else"},
        {ESEP__V1__ALARM_KIND__ALARM_KIND_WITNESS_CLOCK, "witness_clock", "екі сағатты да",
         "проверьте часы", "both clocks"},
    };
    Esep__V1__Alarm alarm = ESEP__V1__ALARM__INIT;
    alarm.witness = (char *)(uintptr_t) "w.example/1";
    alarm.text = (char *)(uintptr_t) "its words";
    alarm.seq = 5000;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        alarm.kind = cases[i].kind;
        assert_string_equal(collector_alarm_kind_name(alarm.kind), cases[i].name);
        assert_alarm_says(&alarm, "kk", "Есеп: журнал куәгерінің дабылы: w.example/1", cases[i].kk);
        assert_alarm_says(&alarm, "ru", "Есеп: тревога от свидетеля журнала: w.example/1",
                          cases[i].ru);
        assert_alarm_says(&alarm, "en", "Esep: alarm of a witness of the log: w.example/1",
                          cases[i].en);
    }
    /* A later build's kind has no sentence here: the log's own words are there. */
    alarm.kind = (Esep__V1__AlarmKind)77;
    assert_string_equal(collector_alarm_kind_name(alarm.kind), "unspecified");
    assert_alarm_says(&alarm, "en", "Esep: alarm of a witness of the log: w.example/1",
                      "its words");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_in_each_language_with_its_plural),
        cmocka_unit_test(silence_names_the_office_and_when_it_was_last_seen),
        cmocka_unit_test(an_alert_of_an_unknown_plan_and_language_still_reads),
        cmocka_unit_test(each_alarm_of_a_witness_in_each_language),
    };
    return esep_crypto_init() == ESEP_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
