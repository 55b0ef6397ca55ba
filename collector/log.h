/* collector/log.h - the log: one leaf for each entry, and the small interface it stands behind.
 *
 * An entry is a leaf of 160 bytes (wire/leaf.h), hashed into the Merkle tree, and a body outside
 * the tree. Indexes count from 0: entry 0 is GENESIS, whose body names the log. An office's entries
 * lie together and are closed by the COMMITMENT entry that signs them, which carries
 * ESEP_LEAF_CLOSES: entry `seq` lies at closing index - 1 - (closing seq - seq).
 *
 * The store keeps entries, and rows of views, in one transaction. It decides nothing.
 */
#ifndef COLLECTOR_LOG_H
#define COLLECTOR_LOG_H

#include "base/merkle.h"
#include "wire/growth.h"
#include "wire/leaf.h"

struct collector_record {
    uint8_t leaf[ESEP_LEAF_BYTES];
    struct esep_slice body;
};
/* A row of a view. The first byte of the key is its table (views.h). value.data NULL: delete.
 */
struct collector_row {
    struct esep_slice key;
    struct esep_slice value;
};
/* What one transaction stores: entries first_index .. first_index + record_count - 1, then rows. */
struct collector_batch {
    uint64_t first_index;
    const struct collector_record *records;
    size_t record_count;
    const struct collector_row *rows;
    size_t row_count;
    /* What the log grew by, for whoever signs its head after the commit; NULL: nobody does. */
    const struct esep_growth *growth;
};

/* The interface. LMDB is one implementation (log_lmdb.c), the simulator's memory another. */
struct collector_log;
struct collector_log_ops {
    /* All or nothing, durable on return. ESEP_CONFLICT: first_index is not the log's size (another
     * writer). ESEP_LIMIT: full, nothing changed. ESEP_IO, ESEP_CORRUPT: close and reopen. */
    enum esep_status (*append)(struct collector_log *log, const struct collector_batch *batch,
                               struct esep_reason *reason);
    /* Calls visit for entries from index on, up to count or until it returns false. */
    enum esep_status (*read)(struct collector_log *log, uint64_t index, uint64_t count,
                             bool (*visit)(void *context, uint64_t index, struct esep_slice leaf,
                                           struct esep_slice body),
                             void *context, struct esep_reason *reason);
    /* Rows whose key begins with prefix, from key `from` on (empty: all), ascending. */
    enum esep_status (*rows)(struct collector_log *log, struct esep_slice prefix,
                             struct esep_slice from,
                             bool (*visit)(void *context, struct esep_slice key,
                                           struct esep_slice value),
                             void *context, struct esep_reason *reason);
    enum esep_status (*size)(struct collector_log *log, uint64_t *ret_size);
    /* Deletes every row of every view (log replay). */
    enum esep_status (*drop_rows)(struct collector_log *log, struct esep_reason *reason);
    void (*close)(struct collector_log *log);
};
struct collector_log {
    const struct collector_log_ops *ops;
    struct esep_hash log_id;
    uint8_t engine_id[16]; /* this store; a restored copy draws another */
    uint64_t generation;   /* 0, or the second in which it was put back */
};

#endif
