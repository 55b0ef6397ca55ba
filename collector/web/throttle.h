/* collector/web/throttle.h - how long a login has to wait after others like it have failed.
 *
 * Failures are counted for the account, for the address, and for the two together. The pair is
 * given the least patience and the account alone the most, so that somebody who guesses from one
 * place is slowed down at once, many places together are slowed down in the end, and the account's
 * owner elsewhere can still come in meanwhile. Past its free tries each doubles the wait, up to a
 * quarter of an hour; a count is halved for each quarter of an hour that passes.
 *
 * Memory is fixed: counters are found by a keyed hash and are never evicted, so that no flood of
 * made-up names lets an earlier count be forgotten. Two names in one counter share its patience;
 * which ones, nobody outside can tell.
 *
 * No clock, no randomness. Invariant: waiting is never longer than WEB_THROTTLE_WAIT_MAX.
 */
#ifndef COLLECTOR_WEB_THROTTLE_H
#define COLLECTOR_WEB_THROTTLE_H

#include "base/crypto.h"
#include "base/time.h"

#define WEB_THROTTLE_WAIT_MAX (15 * 60 * ESEP_SECOND)

struct web_throttle;
/* key: random, of this start. */
ESEP_MUST_USE enum esep_status web_throttle_new(struct web_throttle **ret,
                                                const uint8_t key[ESEP_KEY_BYTES]);
void web_throttle_free(struct web_throttle *throttle);

/* Microseconds until the next try may be made; 0: now. */
esep_time web_throttle_wait(const struct web_throttle *throttle, const char *account,
                            const char *address, esep_time now);
void web_throttle_failed(struct web_throttle *throttle, const char *account, const char *address,
                         esep_time now);
/* A login that was right: the pair's failures are forgotten, the others are not. */
void web_throttle_passed(struct web_throttle *throttle, const char *account, const char *address);

/* For what is served at_once times without a pause, and then once in `every`: 0, and it counts; or
 * how long to wait, at most `every`, wherever the clock was set meanwhile. even: when it would have
 * been asked for next, had it been asked evenly; 0 at first. */
esep_time web_pace(esep_time *even, esep_time every, unsigned at_once, esep_time now);

#endif
