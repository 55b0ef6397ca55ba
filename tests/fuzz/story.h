/* tests/fuzz/story.h - a small plan, a log over it, and the rows that its views store.
 *
 * What the targets of the collector's views share. The plan "p" (zone +05:00, years 2013-2014) has
 * three bodies and two actions: a dozen obligations. A story keeps every entry that was taken, and
 * the rows as the store would have them, so that a target can ask whether the log replayed gives
 * the same rows, byte for byte (law 4).
 */
#ifndef FUZZ_STORY_H
#define FUZZ_STORY_H

#include "collector/views.h"
#include "fuzz.h"

#define STORY_ENTRIES_MAX 512
#define STORY_ROWS_MAX 2048
#define STORY_DAY0 INT64_C(1357000000000000) /* 1 January 2013 */

struct story_entry {
    uint8_t leaf[ESEP_LEAF_BYTES];
    struct esep_slice body; /* owned */
};
struct story_row {
    uint8_t key[64];
    size_t key_len;
    uint8_t *value;
    size_t value_len;
};
struct story {
    struct views *views;
    struct story_entry entries[STORY_ENTRIES_MAX];
    size_t count;
    struct story_row rows[STORY_ROWS_MAX]; /* in order of key */
    size_t row_count;
    esep_time now;
};

extern const struct views_limits story_limits;
const struct esep_zone *story_zone(void *context, const char *name);

void story_start(struct story *s); /* GENESIS alone */
void story_end(struct story *s);
/* The plan, two offices (1 of moh, 2 of akmola) and a code: the least that all else needs. */
void story_open(struct story *s);
/* An entry of the collector's own; returns what views_apply said. A refused one leaves nothing. */
enum esep_status story_log(struct story *s, Esep__V1__LogType type, const ProtobufCMessage *body);
enum esep_status story_take(struct story *s, const uint8_t leaf[ESEP_LEAF_BYTES],
                            struct esep_slice body);
/* Into the log and the table, past the views; false: no room. */
bool story_keep(struct story *s, const uint8_t leaf[ESEP_LEAF_BYTES], struct esep_slice body);
enum esep_status story_put_row(void *story, struct esep_slice key, struct esep_slice value);
/* Rows go into the table. */
void story_flush(struct story *s);
/* New views from the rows; NULL where they are refused. */
struct views *story_load(const struct story *s);
/* The log from its beginning, flushed once, gives the rows of s. */
void story_check_replay(const struct story *s);
/* Everything that people ask of views, at hours long before and after. */
void story_ask(const struct views *views);

/* The plan as PlanChange.plan has it; revision counts from 1. */
struct esep_slice story_plan(uint32_t revision);
void story_keys(uint32_t office, uint8_t ret_sign[ESEP_KEY_BYTES],
                uint8_t ret_curve[ESEP_KEY_BYTES]);

#endif
