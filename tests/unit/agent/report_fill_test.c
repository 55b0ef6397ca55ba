/* tests/unit/agent/report_fill_test.c - is money read as it was meant, or refused, never guessed;
 * and do words and files fill the same fields?
 */
#include "agent/report_fill.h"
#include "tests/unit/io/unit.h"
#include "wire/unpack.h"

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
    const Esep__V1__Report *m = &r->message;
    assert_int_equal(m->n_money, 2);
    assert_int_equal(m->money[0]->spent_tiyn, 85050);
    assert_true(m->money[1]->within_allotted);
    assert_int_equal(m->money[1]->spent_tiyn, 1200);
    assert_string_equal(m->indicators[0]->name, "a=b");
    assert_string_equal(m->indicators[0]->breakdown, "women");
    assert_string_equal(m->preparer->position, "head of unit");
    esep_arena_done(&arena);
    free(r);
}

/* What names an entry is told from what does not when it is written, with its place in the file;
 * what it means is another matter. */
static void test_names_of_entries(void **state)
{
    (void)state;
    static const char hash[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const char *const good[] = {"7", "0", "1/4", "4294967295/18446744073709551615", "seq:1", hash};
    const char *const bad[] = {
        "",       "-1",     "1/",    "/1",    "1/0",  "0/1",  "4294967296/1",
        "1/4/2",  "seq:0",  "seq:",  "seq:x", "1 4",  "x",    "18446744073709551616",
        "seq:-1", hash + 1, "SEQ:4", "1/ 4",  "0x10", "1/4 ", "index 4",
    };
    struct esep_arena arena;
    struct agent_report *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_int_equal(esep_arena_init(&arena, 65536), ESEP_OK);
    agent_report_init(r, &arena);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct esep_reason reason = {""};
        assert_int_equal(agent_report_entry(r, "settles", good[i], &reason), ESEP_OK);
        assert_string_equal(r->named.settles[i], good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct esep_reason reason = {""};
        if (agent_report_entry(r, "cites", bad[i], &reason) != ESEP_INVALID)
            fail_msg("'%s' was taken", bad[i]);
        assert_non_null(strstr(reason.text, "cites '"));
    }
    struct esep_reason reason = {""};
    assert_int_equal(r->named.cites_count, 0);
    for (size_t i = sizeof good / sizeof *good; i < AGENT_SETTLES_MAX; i++)
        assert_int_equal(agent_report_entry(r, "settles", "9", &reason), ESEP_OK);
    assert_int_equal(agent_report_entry(r, "settles", "9", &reason), ESEP_INVALID);
    assert_int_equal(agent_report_entry(r, "builds_on", "3", &reason), ESEP_OK);
    assert_int_equal(agent_report_entry(r, "builds_on", "1/4", &reason), ESEP_OK);
    assert_string_equal(r->named.builds_on, "1/4"); /* the last word counts */
    esep_arena_done(&arena);
    free(r);
}

/* A draft holds the hashes, and hands them on; the same one twice is one. */
static void test_hashes_in_a_draft(void **state)
{
    (void)state;
    struct esep_arena arena;
    struct esep_buf packed;
    struct esep_reason reason = {""};
    struct esep_hash one = {{1}};
    struct esep_hash two = {{2}};
    uint8_t base[ESEP_HASH_BYTES] = {3};
    struct agent_report *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_int_equal(esep_arena_init(&arena, 65536), ESEP_OK);
    agent_report_init(r, &arena);
    assert_int_equal(agent_report_settle(r, &one, &reason), ESEP_OK);
    assert_int_equal(agent_report_settle(r, &one, &reason), ESEP_OK);
    assert_int_equal(agent_report_cite(r, &two, &reason), ESEP_OK);
    r->message.builds_on = esep_pb(base, sizeof base);
    esep_buf_init(&packed, 4096);
    assert_int_equal(esep_pack(&r->message.base, &packed), ESEP_OK);
    agent_report_init(r, &arena);
    assert_int_equal(agent_report_from_bytes(r, esep_buf_slice(&packed), &reason), ESEP_OK);
    assert_true(r->drafted.builds_on);
    assert_int_equal(r->drafted.settles, 1);
    assert_int_equal(agent_report_settle(r, &one, &reason), ESEP_OK);
    assert_int_equal(agent_report_settle(r, &two, &reason), ESEP_OK);
    assert_int_equal(r->message.n_settles, 2);
    assert_memory_equal(r->message.settles[0].data, one.bytes, ESEP_HASH_BYTES);
    assert_memory_equal(r->message.cites[0].data, two.bytes, ESEP_HASH_BYTES);
    /* A draft that the disk has changed. */
    r->settles[0].len = 31;
    esep_buf_clear(&packed);
    assert_int_equal(esep_pack(&r->message.base, &packed), ESEP_OK);
    agent_report_init(r, &arena);
    assert_int_equal(agent_report_from_bytes(r, esep_buf_slice(&packed), &reason), ESEP_INVALID);
    esep_buf_done(&packed);
    esep_arena_done(&arena);
    free(r);
}

static void test_a_file(void **state)
{
    (void)state;
    static const char good[] =
        "{\"obligation\": \"p/x\", \"fulfilment\": \"partly\", \"percent\": 40, \"narrative\": "
        "\"\\u0436 \\\"x\\\"\", \"money\": [{\"source\": \"rb\", \"planned\": \"1 000,50\", "
        "\"spent_tiyn\": 7}], \"nil_report\": false, \"cites\": [3, \"1/4\"], \"obstacles\": null, "
        "\"attachments\": [\"a.pdf\", \"/tmp/b.pdf\"]}";
    static const char bad[] =
        "{\"obligatoin\": \"p/x\", \"percent\": 400, \"money\": [{\"source\": "
        "\"rb\", \"spent\": \"1,234\"}], \"attachments\": \"a.pdf\"}";
    struct esep_arena arena;
    struct esep_yaml *yaml = NULL;
    struct esep_complaints *complaints = calloc(1, sizeof *complaints);
    struct agent_report *r = calloc(1, sizeof *r);
    assert_true(r != NULL && complaints != NULL);
    assert_int_equal(esep_arena_init(&arena, 65536), ESEP_OK);
    agent_report_init(r, &arena);
    assert_int_equal(esep_yaml_parse(&yaml, "a", esep_slice_str(good), complaints), ESEP_OK);
    agent_report_from_node(r, "forms", esep_yaml_root(yaml), complaints);
    esep_yaml_free(yaml);
    assert_int_equal(complaints->count, 0);
    assert_int_equal(r->message.percent, 40);
    assert_string_equal(r->message.narrative, "ж \"x\"");
    assert_string_equal(r->message.obstacles, "");
    assert_int_equal(r->message.money[0]->planned_tiyn, 100050);
    assert_int_equal(r->message.money[0]->spent_tiyn, 7);
    assert_int_equal(r->named.cites_count, 2);
    assert_string_equal(r->named.cites[1], "1/4");
    assert_int_equal(r->named.files_count, 2);
    assert_string_equal(r->named.files[0], "forms/a.pdf");
    assert_string_equal(r->named.files[1], "/tmp/b.pdf");

    agent_report_init(r, &arena);
    assert_int_equal(esep_yaml_parse(&yaml, "b", esep_slice_str(bad), complaints), ESEP_OK);
    agent_report_from_node(r, "forms", esep_yaml_root(yaml), complaints);
    esep_yaml_free(yaml);
    assert_int_equal(complaints->count, 4); /* all at once */
    esep_arena_done(&arena);
    free(complaints);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tenge),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_names_of_entries),
        cmocka_unit_test(test_hashes_in_a_draft),
        cmocka_unit_test(test_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
