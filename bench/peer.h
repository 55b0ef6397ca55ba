/* bench/peer.h - what others reach who also sync before they confirm, measured between our runs.
 *
 * Redis Streams, appendfsync always: pipelined XADD of 400 bytes over a local socket. PostgreSQL:
 * COPY by four clients, 1,000 rows a transaction, synchronous_commit on, a primary key. Neither
 * checks a chain or a signature, decodes the report, encrypts a hop or keeps a view beside it.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "bench/process.h"

struct bench_peer {
    const char *name;
    /* Makes its own instance in a temporary folder, writes `records`, ends it. */
    enum esep_status (*measure)(uint64_t records, double *ret_records_s,
                                struct esep_reason *reason);
};
extern const struct bench_peer bench_peers[];
extern const unsigned bench_peer_count;

enum esep_status bench_redis(uint64_t records, double *ret_records_s, struct esep_reason *reason);
enum esep_status bench_postgres(uint64_t records, double *ret_records_s,
                                struct esep_reason *reason);
ESEP_MUST_USE enum esep_status bench_peer_folder(char ret[BENCH_PATH], struct esep_reason *reason);

#endif
