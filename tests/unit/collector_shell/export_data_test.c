/* tests/unit/collector_shell/export_data_test.c - do CSV, JSON and the calendar say the same as the
 * document, in a form that a program reads without harm? */
#include "export_world.h"

#include <jansson.h>
#include <libical/ical.h>
#include <stdlib.h>

static char *field(const char *text)
{
    char *made = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&made, &len);
    assert_non_null(out);
    export_csv_field(out, text, 0);
    assert_int_equal(fclose(out), 0);
    return made;
}

static void a_field_is_never_a_formula(void **state)
{
    (void)state;
    static const char *const guarded[] = {"=1+1",
                                          "+7 701 000",
                                          "-cmd|' /C calc'!A0",
                                          "@SUM(A1)",
                                          "\t=1",
                                          "\r=1",
                                          "\n=1",
                                          " =1",
                                          "\u00a0=1",
                                          "\u200b\ufeff=1",
                                          "\uff1d1+1",
                                          "\uff0b1",
                                          "\uff0dx",
                                          "\uff20SUM",
                                          "\u22125x",
                                          "-5-3",
                                          "-",
                                          "--1",
                                          "- a list",
                                          "-1e5|x",
                                          "=",
                                          "\u3000@x",
                                          "-.",
                                          "-,",
                                          "1=",
                                          NULL};
    static const bool is_guarded[] = {true, true, true,  true, true, true, true, true,  true,
                                      true, true, true,  true, true, true, true, false, true,
                                      true, true, false, true, true, true, false};
    for (size_t i = 0; guarded[i] != NULL; i++) {
        char *made = field(guarded[i]);
        if ((made[1] == '\'') != is_guarded[i])
            fail_msg("%zu: %s", i, made);
        free(made);
    }
    static const char *const plain[] = {"",           "12", "-12", "-12.5", "-0,75", "Text = more",
                                        "a-b",        "0",  "–",   "1.",    "-.5",   "Қазақстан",
                                        "2013-01-01", NULL};
    for (size_t i = 0; plain[i] != NULL; i++) {
        char *made = field(plain[i]);
        if (made[1] == '\'')
            fail_msg("guarded without need: %s", made);
        free(made);
    }
    char *quoted = field("he said \"no; never\"");
    assert_string_equal(quoted, "\"he said \"\"no; never\"\"\"");
    free(quoted);
}

static void tables_as_csv(void **state)
{
    (void)state;
    struct export_world w;
    export_world_begin(&w);
    struct export_request request = export_world_request(EXPORT_CSV, EXPORT_EN);
    char *text = export_world_text(&w, &request);
    assert_memory_equal(text, "\xEF\xBB\xBF\"No.\",\"Action\",", 18);
    assert_says(text, "\"1\",\"Hotline\",\"MoJ\",\"Lead\",\"no\",\"2013-01-01\",\"2013-06-30\","
                      "\"2013-06-30T23:59:59+06:00\",\"2013-06-30T23:59:59+06:00\","
                      "\"2013-06-10T10:00:00+06:00\",\"2013-06-10T10:00:00+06:00\","
                      "\"2013-06-10T08:30:00+06:00\",\"on time\",\"in progress\",\"80\","
                      "\"accepted\",\"1\",");
    assert_says(text, "\"The line\nworks day and night\",\"'=HYPERLINK(\"\"x\"\")\",");
    assert_says(text, "\"not started\",\"0\",\"returned\"");
    assert_says(text, "\"in progress\",\"no data\",");
    assert_says(text, "\"not applicable\",\"not applicable\",");
    assert_says(text, "\"" KEY_ANNUAL_MOJ "\"\r\n");
    free(text);
    request.table = "money";
    request.delimiter = ';';
    text = export_world_text(&w, &request);
    assert_says(text,
                "\"republican budget\";\"001\";\"960000,00\";\"900000,50\";\"0,01\";\"no\"\r\n");
    assert_says(text, "\"local budgets\";\"\";\"\";\"\";\"\";\"yes\"\r\n");
    free(text);
    request.table = "indicators";
    text = export_world_text(&w, &request);
    assert_says(text, "\"calls\";\"women\";\"1250,5\";\"pcs\";\"1000\"\r\n");
    free(text);
    for (size_t i = 0; export_sheet_ids[i] != NULL; i++) {
        request.table = export_sheet_ids[i];
        text = export_world_text(&w, &request);
        assert_non_null(strchr(text, '\n'));
        free(text);
    }
    struct esep_reason reason = {""};
    request.table = "nothing";
    assert_int_equal(export_write(&w.source, &request, stdout, &reason), ESEP_INVALID);
    assert_says(reason.text, "no table 'nothing'");
    export_world_end(&w);
}

static void the_workbook_has_every_table(void **state)
{
    (void)state;
    struct export_world w;
    export_world_begin(&w);
    struct export_request request = export_world_request(EXPORT_XLSX, EXPORT_KK);
    char *text = export_world_text(&w, &request);
    static const char *const sheets[] = {"Есептер",
                                         "Іс-шаралар тізбесі",
                                         "Көрсеткіштер",
                                         "Қаржы, теңге",
                                         "Қорытынды",
                                         "Кешігіп берілгендер",
                                         "Мерзімі өтті, берілген жоқ"};
    for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "\ntable: %s; \n", sheets[i]);
        assert_says(text, line);
    }
    assert_says(text, "| tiyn 96000000 | tiyn 90000050 | tiyn 1 | жоқ \n");
    assert_says(text, "| decimal 1250.5 |");
    free(text);
    export_world_end(&w);
}

static const json_t *duty_named(const json_t *list, const char *key)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(list, i), "key")), key) == 0)
            return json_array_get(list, i);
    fail_msg("no %s", key);
    return NULL;
}

static void json_for_machines(void **state)
{
    (void)state;
    struct export_world w;
    export_world_begin(&w);
    struct export_request request = export_world_request(EXPORT_JSON, EXPORT_RU);
    char *text = export_world_text(&w, &request);
    request.language = EXPORT_KK;
    char *other = export_world_text(&w, &request);
    assert_string_equal(text, other); /* the language changes nothing */
    json_error_t error;
    json_t *value = json_loads(text, 0, &error);
    if (value == NULL)
        fail_msg("line %d: %s", error.line, error.text);
    assert_string_equal(json_string_value(json_object_get(value, "format")), "esep-consolidated/1");
    const json_t *actions = json_object_get(value, "actions");
    assert_int_equal(json_array_size(actions), 2);
    const json_t *first = json_array_get(actions, 0);
    assert_string_equal(json_string_value(json_object_get(first, "financing")), "budget");
    const json_t *moj = duty_named(json_object_get(first, "obligations"), KEY_1_MOJ);
    assert_string_equal(json_string_value(json_object_get(moj, "report_state")), "accepted");
    assert_int_equal(json_integer_value(json_object_get(moj, "report_log_index")), w.moj_first);
    assert_true(json_is_true(json_object_get(moj, "newer_report")));
    const json_t *cite = json_array_get(json_object_get(moj, "cited"), 0);
    assert_string_equal(json_string_value(json_object_get(cite, "obligation")), KEY_1_MOH);
    assert_int_equal(json_integer_value(json_object_get(cite, "log_index")), w.moh_first);
    const json_t *report = json_object_get(moj, "report");
    assert_string_equal(json_string_value(json_object_get(report, "obstacles")),
                        "=HYPERLINK(\"x\")");
    const json_t *court =
        duty_named(json_object_get(json_array_get(actions, 1), "obligations"), KEY_2_COURT);
    assert_true(json_is_null(json_object_get(json_object_get(court, "report"), "percent")));
    const json_t *others = json_object_get(value, "others");
    assert_int_equal(json_array_size(others), 5);
    assert_true(json_is_null(json_object_get(duty_named(others, KEY_ANNUAL_AKMOLA), "report")));
    const json_t *bound =
        json_object_get(json_object_get(json_object_get(value, "totals"), "bound"), "all");
    assert_int_equal(json_integer_value(json_object_get(bound, "obligations")), 8);
    assert_int_equal(json_integer_value(json_object_get(bound, "late")), 1);
    json_decref(value);
    free(text);
    free(other);
    export_world_end(&w);
}

static icalcomponent *event_of(icalcomponent *calendar, const char *key)
{
    for (icalcomponent *e = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
         e != NULL; e = icalcomponent_get_next_component(calendar, ICAL_VEVENT_COMPONENT))
        if (strncmp(icalcomponent_get_uid(e), key, strlen(key)) == 0)
            return e;
    fail_msg("no event %s", key);
    return NULL;
}

static void deadlines_as_a_calendar(void **state)
{
    (void)state;
    struct export_world w;
    export_world_begin(&w);
    struct export_request request = export_world_request(EXPORT_ICS, EXPORT_RU);
    request.year = 0;
    request.body = "akmola";
    char *text = export_world_text(&w, &request);
    icalcomponent *calendar = icalparser_parse_string(text);
    assert_non_null(calendar);
    assert_int_equal(icalcomponent_isa(calendar), ICAL_VCALENDAR_COMPONENT);
    assert_int_equal(icalcomponent_count_errors(calendar), 0);
    assert_int_equal(icalcomponent_count_components(calendar, ICAL_VTIMEZONE_COMPONENT), 1);
    assert_int_equal(icalcomponent_count_components(calendar, ICAL_VEVENT_COMPONENT), 5);
    icalcomponent *moved = event_of(calendar, KEY_1_AKMOLA "@");
    const struct icaltimetype start = icalcomponent_get_dtstart(moved);
    const struct icaltimetype utc =
        icaltime_convert_to_zone(start, icaltimezone_get_utc_timezone());
    assert_int_equal(icaltime_as_timet(utc), world_time("2013-09-30T23:59:59+06:00") / ESEP_SECOND);
    assert_int_equal(icalcomponent_get_sequence(moved), 92);
    assert_string_equal(icalcomponent_get_summary(moved), "Срок: 1. Горячая линия (Акмола)");
    assert_int_equal(icalcomponent_get_status(event_of(calendar, KEY_ANNUAL_AKMOLA "@")),
                     ICAL_STATUS_CANCELLED);
    icalcomponent_free(calendar);
    request.as_of += ESEP_DAY; /* the names stay */
    char *later = export_world_text(&w, &request);
    calendar = icalparser_parse_string(later);
    assert_non_null(event_of(calendar, KEY_2_AKMOLA "@"));
    icalcomponent_free(calendar);
    free(later);
    free(text);
    struct esep_reason reason = {""};
    request.body = "nobody";
    assert_int_equal(export_write(&w.source, &request, stdout, &reason), ESEP_NOT_FOUND);
    assert_says(reason.text, "no body 'nobody'");
    request.plan = "q";
    assert_int_equal(export_write(&w.source, &request, stdout, &reason), ESEP_NOT_FOUND);
    export_world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_is_never_a_formula),   cmocka_unit_test(tables_as_csv),
        cmocka_unit_test(the_workbook_has_every_table), cmocka_unit_test(json_for_machines),
        cmocka_unit_test(deadlines_as_a_calendar),
    };
    return esep_crypto_init() == ESEP_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
