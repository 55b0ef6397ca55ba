/* tests/unit/agent/report_fill_test.c - is money read as it was meant, or refused, never guessed;
 * and do words and files fill the same fields?
 */
#include "agent/report_fill.h"
#include "tests/unit/io/unit.h"

static void test_tenge(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t tiyn; /* -1: refused */
    } rows[] = {
        {"0", 0},
        {"1", 100},
        {"1,5", 150},
        {"1234,50", 123450},
        {"1 234,50", 123450},
        {"1\xc2\xa0"
         "234\xc2\xa0"
         "567,89",
         123456789},
        {"12.05", 1205},
        {"92233720368547758,07", INT64_MAX},
        {"92233720368547758,08", -1},
        {"99999999999999999999", -1},
        {"1,234", -1}, /* tenge with three digits of tiyn, or thousands in English? */
        {"1,234,567", -1},
        {"1.234,50", -1},
        {"1 23,50", -1},
        {"1234 567", -1},
        {"1 ", -1},
        {" 1", -1},
        {"1,", -1},
        {",5", -1},
        {"-1", -1},
        {"", -1},
        {"5e3", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t tiyn = -7;
        struct esep_reason reason = {""};
        enum esep_status status = agent_tenge_parse(rows[i].text, &tiyn, &reason);
        if ((status == ESEP_OK) != (rows[i].tiyn >= 0))
            fail_msg("'%s': %s", rows[i].text, reason.text);
        assert_int_equal(tiyn, rows[i].tiyn >= 0 ? rows[i].tiyn : -7);
    }
}

static void test_words(void **state)
{
    (void)state;
    struct esep_arena arena;
    struct esep_reason reason = {""};
    struct agent_report *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_int_equal(esep_arena_init(&arena, 65536), ESEP_OK);
    agent_report_init(r, &arena);
    assert_int_equal(agent_report_money(r, "rb:001:1 000:900:850,5", &reason), ESEP_OK);
    assert_int_equal(agent_report_money(r, "lb::within::12", &reason), ESEP_OK);
    assert_int_equal(agent_report_money(r, "lb:1:2:3:4:5", &reason), ESEP_INVALID);
    assert_int_equal(agent_report_indicator(r, "a=b=12.5,pcs,20,women", &reason), ESEP_OK);
    assert_int_equal(agent_report_indicator(r, "forms=12,5", &reason), ESEP_INVALID);
    assert_int_equal(agent_report_person(r, false, "A. B., head of unit", &reason), ESEP_OK);
    assert_int_equal(agent_report_percent(r, "101", &reason), ESEP_INVALID);
    assert_int_equal(agent_report_fulfilment(r, "done", &reason), ESEP_INVALID);
    assert_int_equal(agent_report_index(r, "builds_on", "seq:4", &reason), ESEP_OK);
    const Esep__V1__Report *m = &r->message;
    assert_int_equal(m->n_money, 2);
    assert_int_equal(m->money[0]->spent_tiyn, 85050);
    assert_true(m->money[1]->within_allotted);
    assert_int_equal(m->money[1]->spent_tiyn, 1200);
    assert_string_equal(m->indicators[0]->name, "a=b");
    assert_string_equal(m->indicators[0]->breakdown, "women");
    assert_string_equal(m->preparer->position, "head of unit");
    assert_int_equal(m->builds_on_seq, 4);
    esep_arena_done(&arena);
    free(r);
}

static void test_a_file(void **state)
{
    (void)state;
    static const char good[] =
        "{\"obligation\": \"p/x\", \"fulfilment\": \"partly\", \"percent\": 40, \"narrative\": "
        "\"\\u0436 \\\"x\\\"\", \"money\": [{\"source\": \"rb\", \"planned\": \"1 000,50\", "
        "\"spent_tiyn\": 7}], \"nil_report\": false, \"cites\": [3, 4], \"obstacles\": null}";
    static const char bad[] =
        "{\"obligatoin\": \"p/x\", \"percent\": 400, \"money\": [{\"source\": "
        "\"rb\", \"spent\": \"1,234\"}]}";
    struct esep_arena arena;
    struct esep_yaml *yaml = NULL;
    struct esep_complaints *complaints = calloc(1, sizeof *complaints);
    struct agent_report *r = calloc(1, sizeof *r);
    assert_true(r != NULL && complaints != NULL);
    assert_int_equal(esep_arena_init(&arena, 65536), ESEP_OK);
    agent_report_init(r, &arena);
    assert_int_equal(esep_yaml_parse(&yaml, "a", esep_slice_str(good), complaints), ESEP_OK);
    agent_report_from_node(r, esep_yaml_root(yaml), complaints);
    esep_yaml_free(yaml);
    assert_int_equal(complaints->count, 0);
    assert_int_equal(r->message.percent, 40);
    assert_string_equal(r->message.narrative, "ж \"x\"");
    assert_string_equal(r->message.obstacles, "");
    assert_int_equal(r->message.money[0]->planned_tiyn, 100050);
    assert_int_equal(r->message.money[0]->spent_tiyn, 7);
    assert_int_equal(r->message.n_cites_index, 2);

    agent_report_init(r, &arena);
    assert_int_equal(esep_yaml_parse(&yaml, "b", esep_slice_str(bad), complaints), ESEP_OK);
    agent_report_from_node(r, esep_yaml_root(yaml), complaints);
    esep_yaml_free(yaml);
    assert_int_equal(complaints->count, 3); /* all at once */
    esep_arena_done(&arena);
    free(complaints);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tenge),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
