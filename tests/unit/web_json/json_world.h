/* tests/unit/web_json/json_world.h - a store with a year of the small plan, and a URL to ask.
 *
 * The world of views_world.h, with titles and names in three languages, stored in a folder and
 * opened as the page's process does. What happened in it stands in json_world.c.
 */
#ifndef TESTS_JSON_WORLD_H
#define TESTS_JSON_WORLD_H

#include "../collector/world_store.h"
#include "collector/web/index.h"
#include "collector/web/json.h"

struct json_world {
    struct world world;
    struct collector_settings *settings;
    struct collector_state state;
    struct web_index *index;
    struct web_ask ask;
    const char *names[8], *values[8]; /* the URL's parameters */
    size_t parameters;
    uint64_t first, second, other; /* log indexes: moj's two revisions, moh's report */
};
void json_world_start(struct json_world *j, const char *folder);
void json_world_end(struct json_world *j);
void json_world_asks(struct json_world *j, const char *name, const char *value);
/* The answer, which must come; the parameters are forgotten. */
json_t *json_world_get(struct json_world *j, web_json_fn *producer, const char *rest);
/* Refused with this status; returns the reason, valid until the next call. */
const char *json_world_refused(struct json_world *j, web_json_fn *producer, const char *rest,
                               enum esep_status status);

#endif
