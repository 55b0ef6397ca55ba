/* broker/bucket.h - a token bucket in eight bytes (the generic cell rate algorithm).
 *
 * Instead of a level that must be topped up, it keeps one instant: when the bucket would be full
 * again. What something costs moves that instant on; a frame passes while the instant is no more
 * than a burst's worth ahead of now. Nanoseconds, so that a byte at a gigabyte a second still
 * costs something.
 */
#ifndef BROKER_BUCKET_H
#define BROKER_BUCKET_H

#include "broker/broker.h"

#define BROKER_NANOS INT64_C(1000000000)

struct broker_bucket {
    int64_t full_at_ns;
};

/* What `amount` costs at this rate; amount and burst are bounded by the config (<= 2^32). */
static inline int64_t broker_cost_ns(const struct broker_rate *rate, uint64_t amount)
{
    return (int64_t)(amount * (uint64_t)BROKER_NANOS / rate->per_second);
}

/* How long until `cost` fits; 0: it fits now. Something dearer than the whole burst fits when the
 * bucket is full, else it never would. */
static inline int64_t broker_bucket_wait_ns(const struct broker_bucket *bucket, int64_t burst_ns,
                                            int64_t cost_ns, esep_time now)
{
    const int64_t now_ns = now * 1000;
    const int64_t from = bucket->full_at_ns > now_ns ? bucket->full_at_ns : now_ns;
    const int64_t room = burst_ns > cost_ns ? burst_ns - cost_ns : 0;
    const int64_t wait = from - now_ns - room;
    return wait > 0 ? wait : 0;
}

static inline void broker_bucket_take(struct broker_bucket *bucket, int64_t cost_ns, esep_time now)
{
    const int64_t now_ns = now * 1000;
    bucket->full_at_ns = (bucket->full_at_ns > now_ns ? bucket->full_at_ns : now_ns) + cost_ns;
}

#endif
