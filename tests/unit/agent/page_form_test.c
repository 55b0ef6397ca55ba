/* tests/unit/agent/page_form_test.c - does a form say what the clerk typed, and find all that would
 * keep it from being sent? */
#include "agent/page/form.h"
#include "domain/report.h"
#include "tests/unit/io/unit.h"
#include "tests/unit/rounds.h"

#include <string.h>

static struct esep_arena arena;
static struct page_form form;
static json_t *finds;
static struct esep_reason reason;

static int setup(void **state)
{
    (void)state;
    if (esep_arena_init(&arena, (size_t)1 << 20) != ESEP_OK)
        return -1;
    page_form_init(&form, &arena);
    form.report.message.obligation = (char[]){"p/fulfilment/1/mia/2013-01-01..2013-12-31"};
    form.report.message.revision = 1;
    finds = json_array();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    json_decref(finds);
    esep_arena_done(&arena);
    return 0;
}

static enum esep_status read_text(const char *text)
{
    json_t *members = json_loads(text, 0, NULL);
    assert_non_null(members);
    const enum esep_status status = page_form_read(&form, members, finds, &reason);
    json_decref(members);
    return status;
}

/* "field code saved" of each find, in order. */
static void assert_finds(const char *const *wanted)
{
    size_t i = 0;
    for (; wanted[i] != NULL; i++) {
        const json_t *find = json_array_get(finds, i);
        char text[200];
        assert_non_null(find);
        (void)snprintf(text, sizeof text, "%s %s %s",
                       json_string_value(json_object_get(find, "field")),
                       json_string_value(json_object_get(find, "code")),
                       json_is_true(json_object_get(find, "saved")) ? "saved" : "not");
        assert_string_equal(text, wanted[i]);
    }
    assert_int_equal(json_array_size(finds), i);
}
#define FINDS(...) assert_finds((const char *const[]){__VA_ARGS__, NULL})
#define NO_FINDS() assert_int_equal(json_array_size(finds), 0)

static const char whole[] =
    "{\"fulfilment\":\"in_progress\",\"percent\":40,\"narrative\":\"Семинар\","
    "\"indicators\":[{\"name\":\"n\",\"value\":\"1 200,5\",\"unit\":\"u\",\"target\":\"-3\","
    "\"breakdown\":\"b\"}],\"money\":[{\"source\":\"rb\",\"programme\":\"003\",\"planned\":"
    "\"1 234,5\",\"allocated\":\"1234567890,01\",\"spent\":\"\",\"within_allotted\":false},"
    "{\"source\":\"lb\",\"within_allotted\":true,\"spent\":\"7\"}],\"obstacles\":\"o\","
    "\"delay_reasons\":\"d\",\"next_steps\":\"s\",\"nil_report\":true,\"nil_reason\":\"r\","
    "\"preparer\":{\"name\":\"A\",\"position\":\"B\",\"phone\":\"C\"},\"signatory\":null,"
    "\"outgoing_number\":\"1-2\",\"access\":\"official_use\",\"attachments\":[{\"name\":\"a.pdf\","
    "\"media_type\":\"application/pdf\",\"size_bytes\":7,\"sha256\":"
    "\"0101010101010101010101010101010101010101010101010101010101010101\"}],\"settles\":[],"
    "\"cites\":[\"0202020202020202020202020202020202020202020202020202020202020202\"]}";

static void test_a_form_says_what_was_typed(void **state)
{
    (void)state;
    const Esep__V1__Report *m = &form.report.message;
    assert_int_equal(read_text(whole), ESEP_OK);
    NO_FINDS();
    page_form_check(m, finds);
    NO_FINDS();
    assert_int_equal(m->percent, 40);
    assert_string_equal(m->indicators[0]->value, "1200.5");
    assert_int_equal(m->money[0]->planned_tiyn, 123450);
    assert_int_equal(m->money[0]->allocated_tiyn, 123456789001);
    assert_int_equal(m->money[0]->spent_tiyn, 0);
    assert_true(m->money[1]->within_allotted);
    assert_string_equal(m->preparer->phone, "C");
    assert_null(m->signatory);
    assert_int_equal(m->n_cites, 1);
    assert_int_equal(m->attachments[0]->size_bytes, 7);
}

static void test_what_it_says_can_be_read_again(void **state)
{
    (void)state;
    assert_int_equal(read_text(whole), ESEP_OK);
    json_t *first = page_form_json(&form.report.message);
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(json_object_get(first, "money"), 0), "allocated")),
                        "1 234 567 890,01");
    page_form_init(&form, &arena);
    assert_int_equal(page_form_read(&form, first, finds, &reason), ESEP_OK);
    json_t *second = page_form_json(&form.report.message);
    assert_true(json_equal(first, second));
    NO_FINDS();
    json_decref(first);
    json_decref(second);
}

static void test_members_that_are_absent_stay(void **state)
{
    (void)state;
    assert_int_equal(read_text(whole), ESEP_OK);
    assert_int_equal(read_text("{\"percent\":null,\"money\":[]}"), ESEP_OK);
    assert_int_equal(read_text("{\"preparer\":{\"phone\":\"\"}}"), ESEP_OK);
    const Esep__V1__Report *m = &form.report.message;
    assert_int_equal(m->progress_case, ESEP__V1__REPORT__PROGRESS__NOT_SET);
    assert_int_equal(m->n_money, 0);
    assert_string_equal(m->narrative, "Семинар");
    assert_string_equal(m->preparer->name, "A");
    assert_string_equal(m->preparer->phone, "");
    assert_int_equal(read_text("{\"preparer\":null}"), ESEP_OK);
    assert_null(m->preparer);
}

static void test_what_cannot_be_read_is_told_and_not_kept(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"percent\":\"40 %\"}"), ESEP_OK);
    assert_int_equal(form.report.message.percent, 40);
    assert_int_equal(
        read_text("{\"percent\":\"4o\",\"fulfilment\":\"done\",\"narrative\":\"a\\u0001\","
                  "\"money\":[{\"source\":\"rb\",\"planned\":\"12o\",\"spent\":\"-5\"}]}"),
        ESEP_OK);
    FINDS("fulfilment unknown_value not", "percent unreadable not", "narrative not_text not",
          "money/0/planned unreadable not", "money/0/spent negative not");
    assert_int_equal(form.report.message.percent, 40);
    assert_string_equal(form.report.message.narrative, "");
    json_array_clear(finds);
    assert_int_equal(read_text("{\"percent\":101}"), ESEP_OK);
    FINDS("percent out_of_range not");
    json_array_clear(finds);
    assert_int_equal(read_text("{\"percent\":\"18446744073709551617\"}"), ESEP_OK);
    FINDS("percent out_of_range not");
}

static void test_no_page_sends_this(void **state)
{
    static const char *const wrong[] = {
        "{\"narrative\":1}",        "{\"money\":{}}",          "{\"money\":[1]}",
        "{\"nil_report\":\"yes\"}", "{\"victim\":\"\"}",       "{\"preparer\":\"A\"}",
        "{\"cites\":[\"00\"]}",     "{\"settles\":[7]}",       "{\"attachments\":[{}]}",
        "{\"access\":1}",           "{\"indicators\":[null]}", "{\"obligation\":\"other\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(read_text(wrong[i]), ESEP_INVALID);
}

static void test_every_fault_is_found_at_once(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("{\"indicators\":[{\"value\":\"many\"}],\"money\":[{},{\"source\":\"rb\","
                  "\"planned\":\"1\",\"within_allotted\":true}],\"nil_reason\":\"r\"}"),
        ESEP_OK);
    page_form_check(&form.report.message, finds);
    FINDS("fulfilment required saved", "indicators/0/name required saved",
          "indicators/0/value unreadable saved", "money/0/source required saved",
          "money/0/planned says_nothing saved", "money/1/within_allotted both_given saved",
          "nil_reason no_nil_report saved");
}

static char *text_of(struct esep_prng *prng, size_t about)
{
    const size_t len = esep_prng_below(prng, 3) == 0 ? 0 : about - 2 + esep_prng_below(prng, 4);
    char *made = esep_arena_alloc(&arena, len + 1);
    assert_non_null(made);
    memset(made, 'a', len);
    made[len] = 0;
    return made;
}

static char *number_of(struct esep_prng *prng)
{
    static const char *const numbers[] = {
        "", "1", "-1.5", "1,5", "x", ".5", "7.", "--1", "1234567890123456789012345678901234"};
    const char *one = numbers[esep_prng_below(prng, sizeof numbers / sizeof *numbers)];
    return esep_arena_str(&arena, esep_slice_str(one));
}

static bool chance(struct esep_prng *prng, uint64_t of)
{
    return esep_prng_below(prng, of) == 0;
}

static void draw_lists(struct esep_prng *prng, Esep__V1__Report *m)
{
    for (uint64_t i = esep_prng_below(prng, 3); i > 0; i--) {
        Esep__V1__Indicator *one = esep_arena_alloc(&arena, sizeof *one);
        esep__v1__indicator__init(one);
        one->name = text_of(prng, 256);
        one->value = number_of(prng);
        one->unit = text_of(prng, 32);
        one->target = number_of(prng);
        form.report.indicators[m->n_indicators++] = one;
    }
    for (uint64_t i = esep_prng_below(prng, 3); i > 0; i--) {
        Esep__V1__Money *one = esep_arena_alloc(&arena, sizeof *one);
        esep__v1__money__init(one);
        one->source = text_of(prng, 32);
        one->planned_tiyn = (int64_t)esep_prng_below(prng, 4) - 1;
        one->spent_tiyn = (int64_t)esep_prng_below(prng, 4) - 1;
        one->within_allotted = chance(prng, 3);
        form.report.money[m->n_money++] = one;
    }
    if (chance(prng, 3)) {
        static const char *const names[] = {"", "a.pdf", "a/b", "..", "a\\b"};
        Esep__V1__AttachmentRef *one = esep_arena_alloc(&arena, sizeof *one);
        static uint8_t hash[ESEP_HASH_BYTES];
        esep__v1__attachment_ref__init(one);
        one->name = esep_arena_str(&arena, esep_slice_str(names[esep_prng_below(prng, 5)]));
        one->sha256 = (ProtobufCBinaryData){.len = chance(prng, 4) ? 31 : 32, .data = hash};
        form.report.attachments[m->n_attachments++] = one;
    }
}

/* A form that nothing is found in is one that the collector takes, and the other way round. */
static void test_the_page_and_the_collector_agree(void **state)
{
    size_t taken = 0;
    size_t refused = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= test_rounds(20000); seed++) {
        struct esep_prng prng = {.state = seed};
        esep_arena_reset(&arena);
        page_form_init(&form, &arena);
        Esep__V1__Report *m = &form.report.message;
        m->obligation = (char[]){"p/fulfilment/1/mia/2013-01-01..2013-12-31"};
        m->revision = 1;
        m->fulfilment = (Esep__V1__Fulfilment)esep_prng_below(&prng, 8);
        if (chance(&prng, 2)) {
            m->progress_case = ESEP__V1__REPORT__PROGRESS_PERCENT;
            m->percent = (uint32_t)esep_prng_below(&prng, 110);
        }
        m->nil_report = chance(&prng, 2);
        if (chance(&prng, 4)) {
            m->narrative = text_of(&prng, 16384);
            m->obstacles = text_of(&prng, 4096);
            m->outgoing_number = text_of(&prng, 64);
        }
        m->nil_reason = chance(&prng, 2) ? text_of(&prng, 4096) : (char[]){""};
        if (chance(&prng, 3)) {
            form.report.preparer.name = text_of(&prng, 128);
            form.report.preparer.phone = text_of(&prng, 32);
            m->preparer = &form.report.preparer;
        }
        if (chance(&prng, 2))
            draw_lists(&prng, m);
        json_array_clear(finds);
        page_form_check(m, finds);
        const bool sound = esep_report_check(m, &reason) == ESEP_OK;
        assert_int_equal(json_array_size(finds) == 0, sound);
        taken += sound;
        refused += !sound;
    }
    assert_true(taken > test_rounds(20000) / 50 && refused > test_rounds(20000) / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_form_says_what_was_typed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_it_says_can_be_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_members_that_are_absent_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_read_is_told_and_not_kept, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_no_page_sends_this, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_fault_is_found_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_page_and_the_collector_agree, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
