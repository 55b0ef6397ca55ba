/* broker/conns.h - the offices' connections: a bounded table by number, and their age.
 *
 * libzmq says nothing when a peer goes, so a connection is what was heard of lately: the table
 * keeps them in the order of their last frame, and the oldest are forgotten first. The stamp that
 * goes before every frame (a packed LinkDown.from) is made once and kept here, since it only
 * changes with the office's admission.
 *
 * Invariant: a record in use is on one number chain, one key chain, and the age list.
 */
#ifndef BROKER_CONNS_H
#define BROKER_CONNS_H

#include "broker/bucket.h"

#define CONN_STAMP_BYTES 64

struct conn {
    uint64_t number;
    uint8_t key[ESEP_KEY_BYTES];
    esep_time heard_at;
    struct broker_bucket refusals_left;
    struct broker_bucket stranger_left;
    bool stranger;
    bool told; /* a collector has had a frame of it: it is owed a Gone */
    uint32_t office;
    uint8_t stamp[CONN_STAMP_BYTES];
    uint8_t stamp_len; /* 0: not made yet */
    /* index + 1; 0: the end */
    uint32_t number_chain, key_chain;
    uint32_t older, newer;
};

struct conns {
    uint32_t max;
    uint32_t mask;
    uint32_t count;
    uint32_t strangers;
    uint64_t hash_seed;
    uint32_t free; /* chained by `older` */
    uint32_t oldest, newest;
    uint32_t *number_heads;
    uint32_t *key_heads;
    struct conn *records;
};

ESEP_MUST_USE enum esep_status broker_conns_init(struct conns *ret, uint32_t max,
                                                 uint64_t hash_seed);
void broker_conns_done(struct conns *conns);
struct conn *broker_conns_find(const struct conns *conns, uint64_t number);
/* NULL: full. */
struct conn *broker_conns_add(struct conns *conns, uint64_t number,
                              const uint8_t key[ESEP_KEY_BYTES], esep_time now);
void broker_conns_remove(struct conns *conns, struct conn *conn);
void broker_conns_heard(struct conns *conns, struct conn *conn, esep_time now);
void broker_conns_set_stranger(struct conns *conns, struct conn *conn, bool stranger);
/* The roster has the key now: none of its connections is a stranger's any more. */
void broker_conns_enrolled(struct conns *conns, const uint8_t key[ESEP_KEY_BYTES]);
struct conn *broker_conns_oldest(const struct conns *conns);
struct conn *broker_conns_oldest_stranger(const struct conns *conns); /* there must be one */
/* How many connections a key has, and the one longest unheard of. */
uint32_t broker_conns_of_key(const struct conns *conns, const uint8_t key[ESEP_KEY_BYTES],
                             struct conn **ret_oldest);

#endif
