/* bench/histogram.h - latencies in microseconds, to 1.6 %, weighted by reports.
 *
 * Each doubling of the time has the same number of steps, so the error stays in proportion and
 * nothing is allocated or sorted while the clock runs. What is beyond the last step counts in it.
 * Invariant: total is the sum of counts.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define BENCH_STEPS 64u /* in each doubling */

struct bench_histogram {
    uint64_t total;
    uint64_t counts[40 * BENCH_STEPS];
};

static inline uint32_t bench_bucket(uint64_t us)
{
    uint32_t doublings = 0;
    while (us >= 2 * BENCH_STEPS && doublings < 38) {
        us /= 2;
        doublings++;
    }
    return us < 2 * BENCH_STEPS ? doublings * BENCH_STEPS + (uint32_t)us : 40 * BENCH_STEPS - 1;
}

static inline void bench_histogram_add(struct bench_histogram *h, int64_t us, uint64_t weight)
{
    h->counts[bench_bucket(us > 0 ? (uint64_t)us : 0)] += weight;
    h->total += weight;
}

/* Milliseconds that `share` of all stayed within. */
static inline double bench_quantile(const struct bench_histogram *h, double share)
{
    uint64_t left = (uint64_t)((double)h->total * share);
    uint32_t i = 0;
    while (i < 40 * BENCH_STEPS - 1 && h->counts[i] <= left)
        left -= h->counts[i++];
    uint32_t doublings = i < 2 * BENCH_STEPS ? 0 : i / BENCH_STEPS - 1;
    return (double)((uint64_t)(i - doublings * BENCH_STEPS) << doublings) / 1000.0;
}

#endif
