/* collector/web/json_parts.h - what the producers of json.h share; nobody else includes it.
 *
 * Which plan is meant, the URL's parameters checked with a reason that names the parameter and what
 * is allowed, and the small forms that come in several answers.
 */
#ifndef COLLECTOR_WEB_JSON_PARTS_H
#define COLLECTOR_WEB_JSON_PARTS_H

#include "base/arena.h"
#include "collector/glance.h"
#include "collector/web/index.h"
#include "collector/web/json.h"

/* ?plan=ID, else the newest plan that has no parent, else the newest. ESEP_NOT_FOUND: none. */
ESEP_MUST_USE enum esep_status web_plan(const struct web_ask *ask, uint32_t *ret_plan_no,
                                        struct esep_reason *reason);
const char *web_query(const struct web_ask *ask, const char *name); /* NULL: absent or empty */
ESEP_MUST_USE enum esep_status web_query_number(const struct web_ask *ask, const char *name,
                                                uint64_t min, uint64_t max, uint64_t missing,
                                                uint64_t *ret, struct esep_reason *reason);
/* ESEP_DAY_NONE: absent. */
ESEP_MUST_USE enum esep_status web_query_day(const struct web_ask *ask, const char *name,
                                             esep_day *ret, struct esep_reason *reason);
/* One of `names` (NULL ends); ret: its place, or -1 where it is absent. */
ESEP_MUST_USE enum esep_status web_query_choice(const struct web_ask *ask, const char *name,
                                                const char *const *names, int *ret,
                                                struct esep_reason *reason);

/* The next obligation of the plan that is still asked for; *at begins at 0. */
bool web_next(const struct web_ask *ask, const char *plan_id, uint32_t *at,
              struct listing_obligation *ret);
int web_action_find(const Esep__V1__Plan *plan, const char *number); /* place or -1 */

/* "no_report", "no_data", "percent", "not_applicable": four things that are never one. */
const char *web_progress(const struct views_obligation *state);
json_t *web_text_json(const Esep__V1__Text *text); /* {kk, ru, en}, each falling back */
json_t *web_day_json(esep_day day);                /* null: none */
json_t *web_count_json(size_t count);
json_t *web_percent_json(size_t part, size_t whole); /* one decimal; null of nothing */
json_t *web_obligation_json(const struct web_ask *ask, const struct listing_obligation *o);
json_t *web_body_json(const Esep__V1__Body *body);
json_t *web_action_json(const Esep__V1__Action *action);
json_t *web_glance_json(const struct glance *glance); /* {bound, upon_agreement} */
/* Counts for each body and each action of the plan (zeroed by the caller; either may be NULL). */
void web_tallies(const struct web_ask *ask, const Esep__V1__Plan *plan, struct glance *ret_bodies,
                 struct glance *ret_actions);

/* One log entry, unpacked. The message lives in the arena. */
struct web_entry {
    uint64_t index;
    struct esep_leaf leaf;
    struct esep_hash content;        /* of an office's entry: what others call it */
    const ProtobufCMessage *message; /* NULL: nothing that can be read */
};
/* Reads entries of the log, one at a time. */
struct web_reader {
    struct collector_log *log;
    struct esep_buf bytes;
    struct esep_arena arena;
};
ESEP_MUST_USE enum esep_status web_reader_init(struct web_reader *reader,
                                               const struct web_ask *ask);
void web_reader_done(struct web_reader *reader);
/* Valid until the next call. */
ESEP_MUST_USE enum esep_status web_reader_read(struct web_reader *reader, uint64_t index,
                                               struct web_entry *ret, struct esep_reason *reason);
/* As feed and history show it; of an alert the items of `key` alone, where it is given. NULL:
 * nothing for people, or no memory. */
json_t *web_entry_json(const struct web_ask *ask, const struct web_entry *entry, const char *key,
                       const struct esep_zone *zone);
const char *web_verdict(Esep__V1__Verdict verdict);
/* An office's report whole, with its place, both clocks and its receipt; o may be NULL. */
json_t *web_revision_json(const struct web_ask *ask, const struct web_entry *entry,
                          const struct views_obligation *o);

#endif
