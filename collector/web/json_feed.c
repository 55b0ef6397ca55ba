/* collector/web/json_feed.c - what happened last, newest first.
 *
 * The index keeps the last WEB_INDEX_RECENT entries that people care about: reports, withdrawals,
 * requests, decisions, alerts, plans, offices, alarms. `gone` says that what stands between `after`
 * and the oldest item is not all here: load the page anew.
 */
#include "collector/web/json_parts.h"

/* The plan's zone of whatever it speaks of, for its hours; NULL: UTC. */
static const struct esep_zone *zone_of(const struct web_ask *ask)
{
    uint32_t plan_no = 0;
    return web_plan(ask, &plan_no, NULL) == ESEP_OK ? views_plan_zone(ask->state->views, plan_no)
                                                    : NULL;
}

enum esep_status web_json_feed(const struct web_ask *ask, const char *rest, json_t **ret,
                               struct esep_reason *reason)
{
    uint64_t after = 0;
    uint64_t limit = 0;
    uint64_t indexes[WEB_FEED_ITEMS];
    bool gone = false;
    struct web_reader reader;
    (void)rest;
    enum esep_status status = web_query_number(ask, "after", 0, UINT64_MAX, 0, &after, reason);
    if (status == ESEP_OK)
        status = web_query_number(ask, "limit", 1, WEB_FEED_ITEMS, 50, &limit, reason);
    if (status != ESEP_OK)
        return status;
    const size_t count = web_index_recent(ask->index, web_query(ask, "after") == NULL, after,
                                          indexes, (size_t)limit, &gone);
    const struct esep_zone *zone = zone_of(ask);
    json_t *items = json_array();
    status = web_reader_init(&reader, ask);
    for (size_t i = 0; status == ESEP_OK && i < count; i++) {
        struct web_entry e;
        status = web_reader_read(&reader, indexes[i], &e, reason);
        json_t *value = status == ESEP_OK ? web_entry_json(ask, &e, NULL, zone) : NULL;
        if (value != NULL)
            (void)json_array_append_new(items, value);
    }
    web_reader_done(&reader);
    if (status != ESEP_OK) {
        json_decref(items);
        return status;
    }
    json_t *value =
        json_pack("{s:I, s:b, s:o}", "log_size", (json_int_t)views_log_size(ask->state->views),
                  "gone", (int)gone, "items", items);
    if (value == NULL)
        return ESEP_NOMEM;
    *ret = value;
    return ESEP_OK;
}
