/* collector/web/throttle.c - three counters for each login, in fixed tables. */
#include "collector/web/throttle.h"

#include <stdlib.h>

enum { COUNTERS = 4096, KINDS = 3 };

#define HALF_LIFE WEB_THROTTLE_WAIT_MAX

struct counter {
    uint32_t failures;
    esep_time last_at;
};
struct web_throttle {
    uint8_t key[ESEP_KEY_BYTES];
    struct counter counters[KINDS][COUNTERS];
};

/* What each kind is given before it waits: the pair, the address, the account. */
static const uint32_t free_tries[KINDS] = {5, 20, 50};

enum esep_status web_throttle_new(struct web_throttle **ret, const uint8_t key[ESEP_KEY_BYTES])
{
    struct web_throttle *throttle = calloc(1, sizeof *throttle);
    if (throttle == NULL)
        return ESEP_NOMEM;
    memcpy(throttle->key, key, ESEP_KEY_BYTES);
    *ret = throttle;
    return ESEP_OK;
}

void web_throttle_free(struct web_throttle *throttle)
{
    free(throttle);
}

static uint32_t place_of(const struct web_throttle *throttle, int kind, const char *account,
                         const char *address)
{
    static const char between = '\0';
    const char *const words[KINDS][2] = {{account, address}, {"", address}, {account, ""}};
    const struct esep_slice parts[] = {esep_slice_str(words[kind][0]), esep_slice(&between, 1),
                                       esep_slice_str(words[kind][1])};
    uint8_t out[ESEP_KEY_BYTES];
    esep_kdf(throttle->key, parts, 3, out);
    return esep_be32(out) % COUNTERS;
}

/* Failures that still count, some time after the last one. */
static uint32_t remembered(const struct counter *counter, esep_time now)
{
    const esep_time passed = now > counter->last_at ? now - counter->last_at : 0;
    const esep_time halvings = passed / HALF_LIFE;
    return halvings > 31 ? 0 : counter->failures >> halvings;
}

static esep_time wait_of(const struct counter *counter, uint32_t free_of, esep_time now)
{
    const uint32_t failures = remembered(counter, now);
    if (failures < free_of)
        return 0;
    const uint32_t doublings = failures - free_of;
    esep_time wait = doublings >= 10 ? WEB_THROTTLE_WAIT_MAX : ESEP_SECOND << doublings;
    wait = wait < WEB_THROTTLE_WAIT_MAX ? wait : WEB_THROTTLE_WAIT_MAX;
    /* A clock set back must not make the wait longer. */
    const esep_time passed = now > counter->last_at ? now - counter->last_at : 0;
    return wait > passed ? wait - passed : 0;
}

esep_time web_throttle_wait(const struct web_throttle *throttle, const char *account,
                            const char *address, esep_time now)
{
    esep_time longest = 0;
    for (int kind = 0; kind < KINDS; kind++) {
        const uint32_t place = place_of(throttle, kind, account, address);
        const esep_time wait = wait_of(&throttle->counters[kind][place], free_tries[kind], now);
        longest = wait > longest ? wait : longest;
    }
    return longest;
}

void web_throttle_failed(struct web_throttle *throttle, const char *account, const char *address,
                         esep_time now)
{
    for (int kind = 0; kind < KINDS; kind++) {
        const uint32_t place = place_of(throttle, kind, account, address);
        struct counter *counter = &throttle->counters[kind][place];
        const uint32_t failures = remembered(counter, now);
        counter->failures = failures < UINT32_MAX ? failures + 1 : failures;
        counter->last_at = now;
    }
}

void web_throttle_passed(struct web_throttle *throttle, const char *account, const char *address)
{
    throttle->counters[0][place_of(throttle, 0, account, address)] = (struct counter){0};
}

esep_time web_pace(esep_time *even, esep_time every, unsigned at_once, esep_time now)
{
    /* Behind: it paused. Further ahead than it ever gets: the clock was set back. */
    if (*even < now || *even - now > every * ((esep_time)at_once + 1))
        *even = now;
    const esep_time ahead = *even - now;
    if (ahead > every * (esep_time)at_once)
        return ahead - every * (esep_time)at_once;
    *even += every;
    return 0;
}
