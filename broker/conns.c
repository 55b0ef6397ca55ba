/* broker/conns.c - see conns.h. */
#include "broker/conns.h"

#include <stdlib.h>

enum esep_status broker_conns_init(struct conns *ret, uint32_t max, uint64_t hash_seed)
{
    ESEP_ASSERT(max <= BROKER_TABLE_MAX);
    uint32_t buckets = 16;
    while (buckets < max) {
        buckets <<= 1;
    }
    *ret = (struct conns){.max = max, .mask = buckets - 1, .hash_seed = hash_seed};
    ret->number_heads = calloc(buckets, sizeof *ret->number_heads);
    ret->key_heads = calloc(buckets, sizeof *ret->key_heads);
    ret->records = calloc(max, sizeof *ret->records);
    if (ret->number_heads == NULL || ret->key_heads == NULL || ret->records == NULL) {
        broker_conns_done(ret);
        return ESEP_NOMEM;
    }
    for (uint32_t i = max; i > 0; i--) {
        ret->records[i - 1].older = ret->free;
        ret->free = i;
    }
    return ESEP_OK;
}

void broker_conns_done(struct conns *conns)
{
    free(conns->number_heads);
    free(conns->key_heads);
    free(conns->records);
    *conns = (struct conns){0};
}

static uint64_t mix(uint64_t seed, uint64_t word)
{
    const uint64_t mixed = (seed ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return mixed ^ mixed >> 29;
}

static uint32_t number_bucket(const struct conns *conns, uint64_t number)
{
    return (uint32_t)(mix(conns->hash_seed, number) >> 32) & conns->mask;
}

static uint32_t key_bucket(const struct conns *conns, const uint8_t key[ESEP_KEY_BYTES])
{
    uint64_t words[4];
    memcpy(words, key, sizeof words);
    uint64_t mixed = conns->hash_seed;
    for (size_t i = 0; i < 4; i++) {
        mixed = mix(mixed, words[i]);
    }
    return (uint32_t)(mixed >> 32) & conns->mask;
}

static uint32_t index_of(const struct conns *conns, const struct conn *conn)
{
    return (uint32_t)(conn - conns->records) + 1;
}

struct conn *broker_conns_find(const struct conns *conns, uint64_t number)
{
    uint32_t at = conns->number_heads[number_bucket(conns, number)];
    while (at != 0) {
        struct conn *conn = &conns->records[at - 1];
        if (conn->number == number) {
            return conn;
        }
        at = conn->number_chain;
    }
    return NULL;
}

static void age_unlink(struct conns *conns, struct conn *conn)
{
    if (conn->older != 0) {
        conns->records[conn->older - 1].newer = conn->newer;
    } else {
        conns->oldest = conn->newer;
    }
    if (conn->newer != 0) {
        conns->records[conn->newer - 1].older = conn->older;
    } else {
        conns->newest = conn->older;
    }
    conn->older = conn->newer = 0;
}

static void age_link_newest(struct conns *conns, struct conn *conn)
{
    const uint32_t self = index_of(conns, conn);
    conn->older = conns->newest;
    conn->newer = 0;
    if (conns->newest != 0) {
        conns->records[conns->newest - 1].newer = self;
    } else {
        conns->oldest = self;
    }
    conns->newest = self;
}

struct conn *broker_conns_add(struct conns *conns, uint64_t number,
                              const uint8_t key[ESEP_KEY_BYTES], esep_time now)
{
    if (conns->free == 0) {
        return NULL;
    }
    const uint32_t self = conns->free;
    struct conn *conn = &conns->records[self - 1];
    conns->free = conn->older;
    *conn = (struct conn){.number = number, .heard_at = now};
    memcpy(conn->key, key, ESEP_KEY_BYTES);

    uint32_t *head = &conns->number_heads[number_bucket(conns, number)];
    conn->number_chain = *head;
    *head = self;
    head = &conns->key_heads[key_bucket(conns, key)];
    conn->key_chain = *head;
    *head = self;
    age_link_newest(conns, conn);
    conns->count++;
    return conn;
}

void broker_conns_remove(struct conns *conns, struct conn *conn)
{
    const uint32_t self = index_of(conns, conn);
    broker_conns_set_stranger(conns, conn, false);
    uint32_t *at = &conns->number_heads[number_bucket(conns, conn->number)];
    while (*at != self) {
        ESEP_ASSERT(*at != 0);
        at = &conns->records[*at - 1].number_chain;
    }
    *at = conn->number_chain;
    at = &conns->key_heads[key_bucket(conns, conn->key)];
    while (*at != self) {
        ESEP_ASSERT(*at != 0);
        at = &conns->records[*at - 1].key_chain;
    }
    *at = conn->key_chain;
    age_unlink(conns, conn);
    *conn = (struct conn){.older = conns->free};
    conns->free = self;
    ESEP_ASSERT(conns->count > 0);
    conns->count--;
}

void broker_conns_heard(struct conns *conns, struct conn *conn, esep_time now)
{
    conn->heard_at = now;
    if (conn->newer != 0) {
        age_unlink(conns, conn);
        age_link_newest(conns, conn);
    }
}

void broker_conns_set_stranger(struct conns *conns, struct conn *conn, bool stranger)
{
    if (conn->stranger == stranger) {
        return;
    }
    conn->stranger = stranger;
    if (stranger) {
        conns->strangers++;
    } else {
        ESEP_ASSERT(conns->strangers > 0);
        conns->strangers--;
    }
}

void broker_conns_enrolled(struct conns *conns, const uint8_t key[ESEP_KEY_BYTES])
{
    for (uint32_t at = conns->key_heads[key_bucket(conns, key)]; at != 0;
         at = conns->records[at - 1].key_chain) {
        struct conn *conn = &conns->records[at - 1];
        if (memcmp(conn->key, key, ESEP_KEY_BYTES) == 0) {
            broker_conns_set_stranger(conns, conn, false);
        }
    }
}

struct conn *broker_conns_oldest(const struct conns *conns)
{
    return conns->oldest != 0 ? &conns->records[conns->oldest - 1] : NULL;
}

struct conn *broker_conns_oldest_stranger(const struct conns *conns)
{
    ESEP_ASSERT(conns->strangers > 0);
    uint32_t at = conns->oldest;
    while (!conns->records[at - 1].stranger) {
        at = conns->records[at - 1].newer;
        ESEP_ASSERT(at != 0);
    }
    return &conns->records[at - 1];
}

uint32_t broker_conns_of_key(const struct conns *conns, const uint8_t key[ESEP_KEY_BYTES],
                             struct conn **ret_oldest)
{
    uint32_t count = 0;
    struct conn *oldest = NULL;
    for (uint32_t at = conns->key_heads[key_bucket(conns, key)]; at != 0;
         at = conns->records[at - 1].key_chain) {
        struct conn *conn = &conns->records[at - 1];
        if (memcmp(conn->key, key, ESEP_KEY_BYTES) != 0) {
            continue;
        }
        count++;
        if (oldest == NULL || conn->heard_at <= oldest->heard_at) {
            oldest = conn;
        }
    }
    *ret_oldest = oldest;
    return count;
}
