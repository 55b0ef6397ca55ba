/* collector/log.h - the log: one leaf for each entry, and the small interface it stands behind.
 *
 * An entry is a leaf of 160 bytes, hashed into the Merkle tree, and a body outside the tree. The
 * leaf, integers big-endian, zero where it says nothing:
 *
 *    0 version u8 (2) | 1 type u8 (LogType) | 2 flags u8 | 3 verdict u8 (Verdict)
 *    4 office u32 (0: the collector itself)
 *    8 accepted_at_us i64
 *   16 epoch u32 | 20 zero u32
 *   24 seq u64 (of the office's journal; for a commitment: the seq it promises; for evidence: the
 *      file's size in bytes)
 *   32 content 32: the content hash of the body (wire/statement.h)
 *   64 head 32: of an office's entry its chain hash, which names the entry before it; of a
 *      commitment the head it promises; of evidence the file's SHA-256
 *   96 signature 32: SHA-256 of the office's signature that covers the entry
 *  128 key 32: SHA-256 of the public key which that signature verifies under
 *
 * So a leaf says by itself what was accepted, when, from whom and under which key, and gives away
 * nothing of the body: what an office signs holds 16 random bytes. The body may be taken out of
 * the store one day; leaf, chain and tree stay. A commitment's body is its statement and signature.
 *
 * Indexes count from 0: entry 0 is GENESIS, whose body's SHA-256 (with tag "esep/log/v1") is the
 * log_id. An office's entries lie together and are closed by the COMMITMENT entry that signs them,
 * which carries COLLECTOR_LEAF_CLOSES: entry `seq` lies at closing index - 1 - (closing seq - seq).
 *
 * The store keeps entries, and rows of views, in one transaction. It decides nothing.
 */
#ifndef COLLECTOR_LOG_H
#define COLLECTOR_LOG_H

#include "base/crypto.h"
#include "base/merkle.h"
#include "base/time.h"
#include "esep/v1/log.pb-c.h"

#define COLLECTOR_LEAF_BYTES 160
#define COLLECTOR_LEAF_CLOSES 0x01

struct collector_leaf {
    Esep__V1__LogType type;
    uint8_t flags;
    Esep__V1__Verdict verdict;
    uint32_t office;
    esep_time accepted_at;
    uint32_t epoch;
    uint64_t seq;
    struct esep_hash content;
    struct esep_hash head;
    struct esep_hash signature;
    struct esep_hash key;
};
void collector_leaf_pack(const struct collector_leaf *leaf, uint8_t out[COLLECTOR_LEAF_BYTES]);
ESEP_MUST_USE enum esep_status collector_leaf_unpack(struct esep_slice bytes,
                                                     struct collector_leaf *ret_leaf);
struct esep_hash collector_log_id(struct esep_slice genesis_body);

struct collector_record {
    uint8_t leaf[COLLECTOR_LEAF_BYTES];
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
};

#endif
