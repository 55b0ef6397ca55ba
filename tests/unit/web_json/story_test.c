/* tests/unit/web_json/story_test.c - does the drill-down tell an obligation's whole story, does the
 * feed tell what is new and no more, and does the index find the same after each way of following?
 */
#include "../io/unit.h"
#include "json_world.h"

static const json_t *at(const json_t *value, const char *list, size_t i)
{
    const json_t *found = json_array_get(json_object_get(value, list), i);
    assert_non_null(found);
    return found;
}

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

static void every_revision_stands_with_what_it_builds_on(void **state)
{
    struct json_world j;
    json_world_start(&j, *state);
    json_t *o = json_world_get(&j, web_json_obligation, KEY_1_MOJ);
    assert_int_equal(json_array_size(json_object_get(o, "revisions")), 2);
    const json_t *first = at(o, "revisions", 0);
    const json_t *second = at(o, "revisions", 1);
    assert_int_equal(whole(first, "log_index"), j.first);
    assert_int_equal(whole(second, "log_index"), j.second);
    assert_true(json_is_null(json_object_get(first, "builds_on_index")));
    assert_int_equal(whole(second, "builds_on_index"), j.first);
    assert_string_equal(word(first, "state"), "superseded");
    assert_string_equal(word(second, "state"), "received");
    assert_int_equal(whole(json_object_get(first, "report"), "percent"), 40);
    const json_t *review = at(o, "reviews", 0);
    assert_string_equal(word(review, "kind"), "returned");
    assert_string_equal(word(review, "again_by"), "2013-03-20");
    assert_int_equal(whole(review, "report_index"), j.first);
    assert_string_equal(word(o, "came_by"), "own");
    json_decref(o);
    json_world_end(&j);
}

static void both_clocks_and_the_receipt_are_told(void **state)
{
    struct json_world j;
    json_world_start(&j, *state);
    json_t *o = json_world_get(&j, web_json_obligation, KEY_1_MOH);
    const json_t *revision = at(o, "revisions", 0);
    assert_int_equal(whole(revision, "skew_s"), 90);
    assert_string_equal(word(revision, "accepted_at"), "2013-03-10T00:00:00+06:00");
    assert_string_equal(word(revision, "written_at"), "2013-03-09T23:58:30+06:00");
    assert_int_equal(whole(json_object_get(revision, "receipt"), "log_index"), j.other);
    const json_t *paper = at(json_object_get(revision, "report"), "attachments", 0);
    assert_string_equal(word(paper, "name"), "order.pdf");
    assert_true(json_is_false(json_object_get(paper, "complete"))); /* no EVIDENCE entry */
    char index[24];
    (void)snprintf(index, sizeof index, "%llu", (unsigned long long)j.other);
    json_t *alone = json_world_get(&j, web_json_report, index);
    assert_string_equal(word(alone, "content_hash"), word(revision, "content_hash"));
    json_decref(alone);
    json_decref(o);
    json_world_end(&j);
}

static void requests_extensions_and_alerts_are_in_it(void **state)
{
    struct json_world j;
    json_world_start(&j, *state);
    json_t *o = json_world_get(&j, web_json_obligation, KEY_2_AKMOLA);
    assert_string_equal(word(at(o, "extension_requests", 0), "until"), "2013-09-30");
    assert_string_equal(word(at(o, "extensions", 0), "kind"), "extension_granted");
    assert_string_equal(word(at(o, "extensions", 0), "until"), "2013-05-31");
    assert_string_equal(word(o, "original_due"), "2013-03-31T23:59:59+06:00");
    assert_string_equal(word(o, "due"), "2013-05-31T23:59:59+06:00");
    const json_t *items = json_object_get(at(o, "alerts", 0), "items");
    assert_int_equal(json_array_size(items), 1); /* of the body's alert its own items alone */
    assert_string_equal(word(json_array_get(items, 0), "obligation"), KEY_2_AKMOLA);
    assert_true(json_is_null(json_object_get(o, "came_by")));
    json_decref(o);
    json_world_end(&j);
}

static void the_feed_tells_what_is_new_newest_first(void **state)
{
    struct json_world j;
    json_world_start(&j, *state);
    json_t *feed = json_world_get(&j, web_json_feed, NULL);
    const json_t *items = json_object_get(feed, "items");
    const size_t all = json_array_size(items);
    assert_true(all >= 9);
    assert_false(json_is_true(json_object_get(feed, "gone")));
    for (size_t i = 1; i < all; i++)
        assert_true(whole(json_array_get(items, i - 1), "log_index") >
                    whole(json_array_get(items, i), "log_index"));
    json_decref(feed);
    char after[24];
    (void)snprintf(after, sizeof after, "%llu", (unsigned long long)j.second);
    json_world_asks(&j, "after", after);
    feed = json_world_get(&j, web_json_feed, NULL);
    const size_t newer = json_array_size(json_object_get(feed, "items"));
    assert_true(newer > 0 && newer < all);
    const json_t *last = at(feed, "items", newer - 1);
    assert_int_equal(whole(last, "log_index"), j.other);
    assert_string_equal(word(last, "kind"), "report");
    assert_string_equal(word(last, "who"), "moh");
    json_decref(feed);
    json_world_asks(&j, "limit", "2");
    feed = json_world_get(&j, web_json_feed, NULL);
    assert_int_equal(json_array_size(json_object_get(feed, "items")), 2);
    assert_true(json_is_true(json_object_get(feed, "gone")));
    json_decref(feed);
    json_world_end(&j);
}

/* Followed entry by entry as the log grows, it holds what it holds when read at once. */
static void the_index_is_the_same_however_it_was_followed(void **state)
{
    struct json_world j;
    struct web_index *again = NULL;
    uint64_t whole_way[64], steps[64];
    json_world_start(&j, *state);
    assert_int_equal(web_index_new(&again, 64), ESEP_OK);
    struct views *views = NULL;
    assert_int_equal(views_new(&views, &world_limits, world_zone, NULL), ESEP_OK);
    for (size_t i = 0; i < j.world.log_count; i++) {
        const struct world_entry *e = &j.world.log[i];
        assert_int_equal(views_apply(views, i, esep_slice(e->leaf, ESEP_LEAF_BYTES),
                                     esep_slice(e->body, e->len), NULL, NULL),
                         ESEP_OK);
        assert_int_equal(web_index_follow(again, j.state.log, views, NULL), ESEP_OK);
        assert_int_equal(web_index_size(again), i + 1);
    }
    size_t links = 0;
    for (uint32_t n = 0; n < views_obligation_count(views); n++) {
        const size_t count = web_index_entries(j.index, n, whole_way, 64);
        assert_int_equal(web_index_entries(again, n, steps, 64), count);
        assert_memory_equal(whole_way, steps, count * sizeof *steps);
        links += count;
    }
    assert_true(links > 6);
    assert_int_equal(web_index_entries(again, 64, steps, 64), 0);
    const struct views_obligation *o = views_obligation_by_key(views, KEY_1_MOJ);
    assert_int_equal(web_index_entries(again, o->number, steps, 1), 1);
    views_free(views);
    web_index_free(again);
    json_world_end(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        unit_test_in_folder(every_revision_stands_with_what_it_builds_on),
        unit_test_in_folder(both_clocks_and_the_receipt_are_told),
        unit_test_in_folder(requests_extensions_and_alerts_are_in_it),
        unit_test_in_folder(the_feed_tells_what_is_new_newest_first),
        unit_test_in_folder(the_index_is_the_same_however_it_was_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
