/* tests/unit/collector/views_world.h - a log in memory, the views over it, and a small plan.
 *
 * A test says what happened as a list of calls; each becomes a log entry, judged and applied as
 * ingest would. world_cut flushes the rows into a sorted table, so that a test can ask what stands
 * in the store, and whether two ways there end in the same bytes.
 *
 * The plan "p" (zone +06:00, years 2013-2014): bodies moj (the secretariat), moh, akmola, court
 * (upon agreement). Action 1: moj leads, moh and akmola help, first half of 2013. Action 2: akmola
 * leads, court takes part, by the end of March of either year. Everybody owes the annual
 * information by 20 January; moj the consolidated report by 10 February. Alerts 30, 14, 7, 3, 1
 * days; weekly; silent after 5 days; commitments hold for 3 days.
 */
#ifndef TESTS_VIEWS_WORLD_H
#define TESTS_VIEWS_WORLD_H

#include "collector/views.h"

/* cmocka.h wants these before it, in no alphabetical order. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
/* clang-format on */

#define KEY_1_MOJ "p/fulfilment/1/moj/2013-01-01..2013-06-30"
#define KEY_1_MOH "p/fulfilment/1/moh/2013-01-01..2013-06-30"
#define KEY_1_AKMOLA "p/fulfilment/1/akmola/2013-01-01..2013-06-30"
#define KEY_2_AKMOLA "p/fulfilment/2/akmola/2013-01-01..2013-03-31"
#define KEY_2_COURT "p/fulfilment/2/court/2013-01-01..2013-03-31"

struct world_entry {
    uint8_t leaf[ESEP_LEAF_BYTES];
    uint8_t *body;
    size_t len;
};
struct world_row {
    size_t key_len, value_len;
    uint8_t key[64];
    uint8_t *value;
};
struct world_table {
    struct world_row *rows;
    size_t count, cap;
    uint64_t last_report; /* newest R: they must ascend */
};
struct world {
    struct views *views;
    struct world_entry *log;
    size_t log_count, log_cap;
    struct world_table table;
    esep_time now;
    struct {
        uint32_t epoch;
        uint64_t seq;
    } office[64];
    uint64_t last_index; /* of the entry logged last */
};

extern const struct views_limits world_limits;
const struct esep_zone *world_zone(void *context, const char *name);
esep_time world_time(const char *text); /* RFC 3339, or a day in +06:00 */
esep_day world_day(const char *text);

void world_start(struct world *w, const char *now); /* GENESIS */
void world_end(struct world *w);
/* For cmocka: a world of 5 January 2013 with the plan; its end, if the rows gave as long a log. */
int world_setup(void **state);
int world_teardown(void **state);
enum esep_status world_try(struct world *w, const struct esep_leaf *leaf,
                           const ProtobufCMessage *body);
void world_log(struct world *w, Esep__V1__LogType type, const ProtobufCMessage *body); /* own */
void world_cut(struct world *w);
void world_table_put(struct world_table *table, struct esep_slice key, struct esep_slice value);
void world_table_free(struct world_table *table);
void assert_same_tables(const struct world_table *a, const struct world_table *b);
size_t world_count(const struct world_table *table, char prefix);
struct views *world_load(const struct world *w); /* new views from the rows alone */
/* New views from the log alone; rows go to table, cut where `cut` says. */
struct views *world_replay(const struct world *w, struct world_table *table,
                           bool (*cut)(void *context), void *context);

/* The plan; `change` may alter it before it is packed. */
void world_plan(struct world *w, const char *effective, void (*change)(Esep__V1__Plan *plan));
uint32_t world_office(struct world *w, const char *body);

struct world_report {
    const char *key;
    uint64_t base_index,
        settles; /* log indexes, 0: none; beyond the log: a name that nothing has */
    Esep__V1__Fulfilment fulfilment;
    int percent;
};
Esep__V1__Verdict world_report(struct world *w, uint32_t office, const struct world_report *report);
Esep__V1__Verdict world_plain_report(struct world *w, uint32_t office, const char *key);
Esep__V1__Verdict world_withdraw(struct world *w, uint32_t office, const char *key, uint64_t index);
/* Any entry, with the nonce that the caller gave it. */
Esep__V1__Verdict world_entry(struct world *w, uint32_t office,
                              const Esep__V1__JournalEntry *entry);
/* What the entry at this log index is called by others. */
struct esep_hash world_content(const struct world *w, uint64_t index);
Esep__V1__Verdict world_ask(struct world *w, uint32_t office, const char *key);
Esep__V1__Verdict world_garbage(struct world *w, uint32_t office);
void world_close(struct world *w, uint32_t office);
/* A promise of `seq`; the chain will have the hash that world_hash gives. */
void world_promise(struct world *w, uint32_t office, uint64_t seq);
struct esep_hash world_hash(uint32_t office, uint32_t epoch, uint64_t seq);
void world_new_epoch(struct world *w, uint32_t office);
enum esep_status world_review(struct world *w, const char *key, uint64_t index, bool accept,
                              const char *again_by);
enum esep_status world_extend(struct world *w, const char *key, const char *until);
enum esep_status world_control(struct world *w, const char *key, bool removed);
/* An ACCOUNT entry that says what the account says (but number and index). */
enum esep_status world_account(struct world *w, const struct views_account *account);
void world_presence(struct world *w, uint32_t office);
/* Raises what is due and logs it at once; returns how many items. With targets: mail to each body
 * and, where asked, to the secretariat. */
size_t world_alerts(struct world *w, bool targets, esep_time *ret_next);
const struct views_obligation *world_duty(const struct world *w, const char *key);

#endif
