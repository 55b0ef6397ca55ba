/* bench/peer.c - the table of peers. */
#include "bench/peer.h"

#include <stdio.h>
#include <stdlib.h>

const struct bench_peer bench_peers[] = {
    {"redis", bench_redis},
    {"postgres", bench_postgres},
};
const unsigned bench_peer_count = sizeof bench_peers / sizeof bench_peers[0];

enum esep_status bench_peer_folder(char ret[BENCH_PATH], struct esep_reason *reason)
{
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(ret, BENCH_PATH, "%.200s/esep-peer-XXXXXX", tmp != NULL ? tmp : "/tmp");
    return mkdtemp(ret) != NULL ? ESEP_OK
                                : esep_because(reason, ESEP_IO, "no temporary folder: set TMPDIR");
}
