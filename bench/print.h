/* bench/print.h - the figures as text for people and as JSON ("esep-bench/1") for machines.
 *
 * It decides how figures are summed up over the rounds and put, never what was measured: the two
 * forms say the same, from the same series.
 */
#ifndef BENCH_PRINT_H
#define BENCH_PRINT_H

#include "bench/fleet.h"
#include "bench/limits.h"
#include "bench/peer.h"

#define BENCH_ROUNDS_MAX 32
#define BENCH_PEERS_MAX 4

struct bench_round {
    bool ran[BENCH_MODES];
    struct bench_outcome modes[BENCH_MODES];
    double peers[BENCH_PEERS_MAX]; /* records/s; 0: not asked */
};
struct bench_report {
    uint32_t round_count;
    struct bench_round rounds[BENCH_ROUNDS_MAX];
    bool limits_ran;
    struct bench_limits limits;
};
void bench_print_outcome(FILE *out, const struct bench_outcome *outcome);
void bench_print_text(FILE *out, const struct bench_report *report);
ESEP_MUST_USE enum esep_status bench_print_json(FILE *out, const struct bench_report *report);

#endif
