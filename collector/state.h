/* collector/state.h - a store opened for work: the log, and the views taken back from their rows.
 *
 * The daemon opens it to write, every command to read; `log replay` makes the views anew from the
 * log instead. Also the small look-ups into the committed log that the core asks its shell for.
 *
 * It decides nothing: what entries mean is views.h.
 */
#ifndef COLLECTOR_STATE_H
#define COLLECTOR_STATE_H

#include "collector/collector.h"
#include "collector/log_lmdb.h"
#include "collector/settings.h"

struct collector_zones;

struct collector_state {
    struct collector_log *log;
    struct views *views;
    struct collector_zones *zones;
};

/* Opens settings->store and loads the views. ESEP_NOT_FOUND: no store (run init); ESEP_CORRUPT: the
 * rows contradict the log: `esep-collector log replay --repair` makes them anew. */
ESEP_MUST_USE enum esep_status collector_state_open(struct collector_state *ret,
                                                    const struct collector_settings *settings,
                                                    bool read_only, struct esep_reason *reason);
void collector_state_close(struct collector_state *state);

/* Views made from the log alone, entry by entry, through those accepted at `until` or before. */
struct collector_replay {
    esep_time until;   /* ESEP_TIME_NEVER: all */
    views_row_fn *put; /* where the rows go, some thousand entries at a time; NULL: nowhere */
    void *put_context;
    void (*progress)(void *context, uint64_t done, uint64_t size); /* NULL: quiet */
    void *progress_context;
};
ESEP_MUST_USE enum esep_status
collector_state_replay(struct collector_log *log, const struct collector_settings *settings,
                       struct collector_zones *zones, const struct collector_replay *how,
                       struct views **ret_views, struct esep_reason *reason);
/* Puts the views as they were at an instant in place of those of now. */
ESEP_MUST_USE enum esep_status collector_state_as_of(struct collector_state *state,
                                                     const struct collector_settings *settings,
                                                     esep_time as_of, struct esep_reason *reason);

/* Brings the views of a state opened read-only up to the log that another process writes: at most
 * `max` entries, so that a loop gets on. *ret_applied: how many. ESEP_CONFLICT: the log is shorter
 * than what the views have seen; another store stands in its place, open it anew. */
ESEP_MUST_USE enum esep_status collector_state_follow(struct collector_state *state, uint64_t max,
                                                      uint64_t *ret_applied,
                                                      struct esep_reason *reason);

struct collector_zones *collector_zones_new(void);
void collector_zones_free(struct collector_zones *zones);
views_zone_fn collector_zones_get;

/* A collector_entry_fn; context is the struct collector_log. */
collector_entry_fn collector_state_find;

/* A collector_file_fn; context is the struct collector_log. Also for whoever shows a report: its
 * attachment is at the collector (`here`) or lacks. ESEP_CORRUPT: a row is damaged. */
collector_file_fn collector_state_file;

/* Mailbox items of an office above `after`, in order: at least one if there is one, about bytes_max
 * altogether. Their bytes live in buf, which is cleared first. ESEP_CORRUPT: as
 * collector_state_entry, and none of them is given out. */
#define COLLECTOR_MAIL_ITEMS_MAX 64
struct collector_mailbox {
    struct esep_buf bytes;
    size_t count;
    bool more;
    struct collector_mail items[COLLECTOR_MAIL_ITEMS_MAX];
};
ESEP_MUST_USE enum esep_status collector_state_mail(struct collector_log *log, uint32_t office,
                                                    uint64_t after, size_t bytes_max,
                                                    struct collector_mailbox *mailbox,
                                                    struct esep_reason *reason);

/* The tree below the committed log, as collector_history asks for it; context is the struct
 * collector_log. A node is made from 'H' rows and leaves: 256 of either at most. False: not yet
 * complete, or it cannot be read. */
bool collector_state_node(void *context, struct esep_merkle_place place, struct esep_hash *ret);
ESEP_MUST_USE enum esep_status collector_state_leaf(void *context, uint64_t index,
                                                    struct esep_leaf *ret_leaf);
/* The nonce of the entry of the collector's own at index. ESEP_NOT_FOUND: no such entry, or another
 * one; ESEP_CORRUPT: it is damaged. */
ESEP_MUST_USE enum esep_status collector_state_nonce(void *context, uint64_t index,
                                                     uint8_t ret_nonce[ESEP_NONCE_BYTES]);
/* The signed head in the COMMITMENT entry at index. ESEP_NOT_FOUND: no such entry, or another one;
 * ESEP_CORRUPT: it is damaged. */
ESEP_MUST_USE enum esep_status collector_state_commitment(void *context, uint64_t index,
                                                          struct esep_commitment *ret);

/* Whether GENESIS names this seal key, and the log knows log_key for one of its own (NULL: not
 * asked). ESEP_DENIED: they are another log's, and receipts under them would be worth nothing. */
ESEP_MUST_USE enum esep_status collector_state_own_keys(struct collector_log *log,
                                                        const uint8_t *log_key,
                                                        const uint8_t seal_key[ESEP_KEY_BYTES],
                                                        struct esep_reason *reason);

/* The log's keys as the store has them. */
ESEP_MUST_USE enum esep_status collector_state_log_keys(struct collector_log *log,
                                                        struct esep_log_keys *ret,
                                                        struct esep_reason *reason);

/* One entry's leaf and body, appended to buf (leaf first). ESEP_NOT_FOUND; ESEP_CORRUPT: the disk
 * has changed it since it was logged. */
ESEP_MUST_USE enum esep_status collector_state_entry(struct collector_log *log, uint64_t index,
                                                     struct esep_buf *ret_entry,
                                                     struct esep_reason *reason);

#endif
