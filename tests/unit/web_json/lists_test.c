/* tests/unit/web_json/lists_test.c - does each number of the page lead to a list of that length,
 * are "no data", 0 % and "nothing owed" three things, and is a wrong parameter refused by its name?
 */
#include "../io/unit.h"
#include "json_world.h"

static json_int_t whole(const json_t *value, const char *key)
{
    const json_t *found = json_object_get(value, key);
    assert_true(json_is_integer(found));
    return json_integer_value(found);
}

static const char *word(const json_t *value, const char *key)
{
    const char *found = json_string_value(json_object_get(value, key));
    assert_non_null(found);
    return found;
}

static void each_tile_is_its_lists_total(void **state)
{
    static const char *const tiles[] = {"overdue",   "due_soon", "due_week",
                                        "to_review", "returned", "conflict"};
    struct json_world j;
    json_world_start(&j, *state);
    json_t *summary = json_world_get(&j, web_json_summary, NULL);
    const json_t *counts = json_object_get(summary, "tiles");
    json_int_t sum = 0;
    for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++) {
        json_world_asks(&j, "state", tiles[i]);
        json_t *list = json_world_get(&j, web_json_obligations, NULL);
        assert_int_equal(whole(list, "total"), whole(counts, tiles[i]));
        assert_int_equal(json_array_size(json_object_get(list, "items")), whole(list, "total"));
        sum += whole(list, "total");
        json_decref(list);
    }
    assert_true(sum >= 3);
    json_world_asks(&j, "state", "silent");
    json_t *offices = json_world_get(&j, web_json_offices, NULL);
    assert_int_equal(whole(offices, "total"), whole(counts, "silent"));
    assert_true(whole(counts, "silent") > 0);
    json_decref(offices);
    json_decref(summary);
    json_world_end(&j);
}

static void who_takes_part_upon_agreement_is_counted_apart(void **state)
{
    struct json_world j;
    json_world_start(&j, *state);
    json_t *summary = json_world_get(&j, web_json_summary, NULL);
    /* court let March pass; akmola's own duty was extended to the end of May and passed, too */
    assert_int_equal(whole(json_object_get(summary, "tiles"), "overdue"), 1);
    assert_int_equal(whole(json_object_get(summary, "agreement"), "nothing_came"), 1);
    json_world_asks(&j, "state", "overdue");
    json_world_asks(&j, "agreement", "yes");
    json_t *list = json_world_get(&j, web_json_obligations, NULL);
    const json_t *item = json_array_get(json_object_get(list, "items"), 0);
    assert_int_equal(whole(list, "total"), 1);
    assert_string_equal(word(item, "key"), KEY_2_COURT);
    json_decref(list);
    json_decref(summary);
    json_world_end(&j);
}

static void no_data_nought_and_nothing_owed_are_three(void **state)
{
    struct json_world j;
    json_world_start(&j, *state);
    json_t *matrix = json_world_get(&j, web_json_matrix, NULL);
    const json_t *row = json_array_get(json_object_get(matrix, "cells"), 0);
    const json_t *moj = json_array_get(row, 0);
    const json_t *moh = json_array_get(row, 1);
    const json_t *akmola = json_array_get(row, 2);
    assert_string_equal(word(moj, "state"), "no_data");
    assert_true(json_is_null(json_object_get(moj, "percent")));
    assert_string_equal(word(moh, "state"), "percent");
    assert_int_equal(whole(moh, "percent"), 0);
    assert_string_equal(word(akmola, "state"), "no_report");
    assert_true(json_is_null(json_object_get(akmola, "fulfilment")));
    assert_true(json_is_null(json_array_get(row, 3)));
    assert_string_equal(word(moj, "timeliness"), "on_time");
    assert_string_equal(word(moj, "submission"), "received");
    json_decref(matrix);
    json_world_end(&j);
}

static json_int_t found(struct json_world *j, const char *q)
{
    json_world_asks(j, "q", q);
    json_t *list = json_world_get(j, web_json_obligations, NULL);
    const json_int_t total = whole(list, "total");
    json_decref(list);
    return total;
}

static void words_are_found_in_three_languages_whatever_their_case(void **state)
{
    struct json_world j;
    json_world_start(&j, *state);
    const json_int_t all = found(&j, "  ");
    assert_true(all > 5);
    assert_int_equal(found(&j, "ПРАВОВОЕ просвещение"), 3); /* action 1, three bodies */
    assert_int_equal(found(&j, "құқықтық"), 3);
    assert_int_equal(found(&j, "ҚҰҚЫҚТЫҚ САУАТ"), 3);
    assert_int_equal(found(&j, "LEGAL ministry"), 2);
    assert_int_equal(found(&j, "ӘДІЛЕТ"), found(&j, "of justice"));
    assert_int_equal(found(&j, KEY_2_COURT), 1);
    assert_int_equal(found(&j, "нет такого"), 0);
    json_world_asks(&j, "q", "\xd0");
    assert_non_null(strstr(json_world_refused(&j, web_json_obligations, NULL, ESEP_INVALID), "q:"));
    json_world_asks(&j, "q", "a b c d e f g h i");
    assert_non_null(strstr(json_world_refused(&j, web_json_obligations, NULL, ESEP_INVALID), "q:"));
    json_world_end(&j);
}

static void days_and_pages_cut_the_list(void **state)
{
    struct json_world j;
    json_world_start(&j, *state);
    json_world_asks(&j, "from", "2013-05-31");
    json_world_asks(&j, "to", "2013-05-31");
    json_t *list = json_world_get(&j, web_json_obligations, NULL);
    assert_int_equal(whole(list, "total"), 1); /* the extended day, not the plan's */
    assert_string_equal(word(json_array_get(json_object_get(list, "items"), 0), "key"),
                        KEY_2_AKMOLA);
    json_decref(list);
    json_world_asks(&j, "page", "2");
    list = json_world_get(&j, web_json_obligations, NULL);
    assert_int_equal(json_array_size(json_object_get(list, "items")), 0);
    assert_int_equal(whole(list, "pages"), 1);
    json_decref(list);
    json_world_end(&j);
}

static void a_wrong_parameter_is_named(void **state)
{
    static const struct {
        web_json_fn *producer;
        const char *name, *value;
        enum esep_status status;
    } wrong[] = {
        {web_json_obligations, "state", "Overdue", ESEP_INVALID},
        {web_json_obligations, "kind", "weekly", ESEP_INVALID},
        {web_json_obligations, "body", "nobody", ESEP_INVALID},
        {web_json_obligations, "action", "99", ESEP_INVALID},
        {web_json_obligations, "agreement", "perhaps", ESEP_INVALID},
        {web_json_obligations, "from", "2013-02-30", ESEP_INVALID},
        {web_json_obligations, "to", "soon", ESEP_INVALID},
        {web_json_obligations, "page", "0", ESEP_INVALID},
        {web_json_obligations, "page", "-1", ESEP_INVALID},
        {web_json_obligations, "page", "99999999999999999999", ESEP_INVALID},
        {web_json_obligations, "plan", "q", ESEP_NOT_FOUND},
        {web_json_summary, "plan", "q", ESEP_NOT_FOUND},
        {web_json_offices, "state", "asleep", ESEP_INVALID},
        {web_json_feed, "after", "x", ESEP_INVALID},
        {web_json_feed, "limit", "101", ESEP_INVALID},
        {web_json_timeline, "from", "1", ESEP_INVALID},
        {web_json_money, "action", "99", ESEP_INVALID},
        {web_json_indicators, "action", "99", ESEP_INVALID},
    };
    struct json_world j;
    json_world_start(&j, *state);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_world_asks(&j, wrong[i].name, wrong[i].value);
        const char *reason = json_world_refused(&j, wrong[i].producer, NULL, wrong[i].status);
        assert_non_null(strstr(reason, wrong[i].name));
    }
    json_world_asks(&j, "from", "2013-06-02");
    json_world_asks(&j, "to", "2013-06-01");
    (void)json_world_refused(&j, web_json_obligations, NULL, ESEP_INVALID);
    (void)json_world_refused(&j, web_json_obligation, "no/such/key", ESEP_NOT_FOUND);
    (void)json_world_refused(&j, web_json_body, "nobody", ESEP_NOT_FOUND);
    (void)json_world_refused(&j, web_json_action, "99", ESEP_NOT_FOUND);
    (void)json_world_refused(&j, web_json_report, "1x", ESEP_INVALID);
    (void)json_world_refused(&j, web_json_report, "0", ESEP_NOT_FOUND);
    (void)json_world_refused(&j, web_json_report, "9999", ESEP_NOT_FOUND);
    json_world_end(&j);
}

static void money_keeps_within_allotted_apart_from_nought(void **state)
{
    struct json_world j;
    json_world_start(&j, *state);
    json_t *money = json_world_get(&j, web_json_money, NULL);
    const json_t *rows = json_object_get(money, "rows");
    assert_int_equal(json_array_size(rows), 2);
    const json_t *lb = json_array_get(rows, 0);
    const json_t *rb = json_array_get(rows, 1);
    assert_string_equal(word(lb, "source"), "lb");
    assert_true(json_is_null(json_object_get(lb, "spent_tiyn")));
    assert_int_equal(whole(lb, "reports_within_allotted"), 1);
    assert_int_equal(whole(rb, "planned_tiyn"), 700);
    assert_int_equal(whole(rb, "plan_within_allotted"), 1);
    assert_int_equal(whole(rb, "allocated_tiyn"), 520);
    assert_int_equal(whole(rb, "spent_tiyn"), 300);
    json_decref(money);
    json_t *indicators = json_world_get(&j, web_json_indicators, NULL);
    const json_t *series = json_array_get(json_object_get(indicators, "series"), 0);
    const json_t *point = json_array_get(json_object_get(series, "points"), 0);
    assert_string_equal(word(point, "value"), "12.5");
    assert_true(json_is_null(json_object_get(point, "target")));
    json_decref(indicators);
    json_world_end(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(each_tile_is_its_lists_total),
        unit_test_in_folder(who_takes_part_upon_agreement_is_counted_apart),
        unit_test_in_folder(no_data_nought_and_nothing_owed_are_three),
        unit_test_in_folder(words_are_found_in_three_languages_whatever_their_case),
        unit_test_in_folder(days_and_pages_cut_the_list),
        unit_test_in_folder(a_wrong_parameter_is_named),
        unit_test_in_folder(money_keeps_within_allotted_apart_from_nought),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
