/* broker/roster.c - see roster.h. Chained buckets: nothing is ever taken out of a table singly (a
 * revoked key stays, as revoked), so chains need no removal. */
#include "broker/roster.h"

#include <stdlib.h>

static uint32_t buckets_for(uint32_t max)
{
    ESEP_ASSERT(max <= BROKER_TABLE_MAX);
    uint32_t count = 16;
    while (count < max) {
        count <<= 1;
    }
    return count;
}

static enum esep_status table_init(struct roster_table *table, uint32_t max, uint32_t buckets)
{
    table->heads = calloc(buckets, sizeof *table->heads);
    table->entries = calloc(max, sizeof *table->entries);
    return table->heads != NULL && table->entries != NULL ? ESEP_OK : ESEP_NOMEM;
}

static void table_done(struct roster_table *table)
{
    free(table->heads);
    free(table->entries);
    *table = (struct roster_table){0};
}

enum esep_status broker_roster_init(struct roster *ret, uint32_t max, uint64_t hash_seed)
{
    const uint32_t buckets = buckets_for(max);
    *ret = (struct roster){.max = max, .mask = buckets - 1, .hash_seed = hash_seed};
    if (table_init(&ret->now, max, buckets) != ESEP_OK ||
        table_init(&ret->next, max, buckets) != ESEP_OK) {
        broker_roster_done(ret);
        return ESEP_NOMEM;
    }
    return ESEP_OK;
}

void broker_roster_done(struct roster *roster)
{
    table_done(&roster->now);
    table_done(&roster->next);
}

/* Offices choose their keys, so the mix is seeded: nobody can aim at one chain. */
static uint32_t bucket_of(const struct roster *roster, const uint8_t key[ESEP_KEY_BYTES])
{
    uint64_t words[4];
    memcpy(words, key, sizeof words);
    uint64_t mixed = roster->hash_seed;
    for (size_t i = 0; i < 4; i++) {
        mixed = (mixed ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
        mixed ^= mixed >> 29;
    }
    return (uint32_t)(mixed >> 32) & roster->mask;
}

static struct roster_entry *find_in(const struct roster_table *table, uint32_t bucket,
                                    const uint8_t key[ESEP_KEY_BYTES])
{
    for (uint32_t at = table->heads[bucket]; at != 0; at = table->entries[at - 1].chain) {
        if (memcmp(table->entries[at - 1].key, key, ESEP_KEY_BYTES) == 0) {
            return &table->entries[at - 1];
        }
    }
    return NULL;
}

struct roster_entry *broker_roster_find(const struct roster *roster,
                                        const uint8_t key[ESEP_KEY_BYTES])
{
    return find_in(&roster->now, bucket_of(roster, key), key);
}

static bool entry_valid(const Esep__V1__RosterEntry *entry)
{
    return entry->curve_key.len == ESEP_KEY_BYTES &&
           entry->admission > ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_UNSPECIFIED &&
           entry->admission <= ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REPLACED;
}

static void entry_set(struct roster_entry *entry, const Esep__V1__RosterEntry *said,
                      uint64_t version)
{
    entry->version = version;
    entry->office = said->office;
    entry->admission = said->admission;
    const size_t len = strnlen(said->body, sizeof entry->body - 1);
    memcpy(entry->body, said->body, len);
    entry->body[len] = '\0';
}

/* Finds or makes room. NULL: full. */
static struct roster_entry *take(const struct roster *roster, struct roster_table *table,
                                 const uint8_t key[ESEP_KEY_BYTES])
{
    const uint32_t bucket = bucket_of(roster, key);
    struct roster_entry *entry = find_in(table, bucket, key);
    if (entry != NULL || table->count == roster->max) {
        return entry;
    }
    entry = &table->entries[table->count++];
    *entry = (struct roster_entry){.chain = table->heads[bucket]};
    table->heads[bucket] = table->count;
    memcpy(entry->key, key, ESEP_KEY_BYTES);
    return entry;
}

/* all: whatever is held; else only where nothing newer is held. */
static enum esep_status add_part(const struct roster *roster, struct roster_table *table,
                                 const Esep__V1__Roster *part, bool all)
{
    enum esep_status status = ESEP_OK;
    for (size_t i = 0; i < part->n_entries; i++) {
        const Esep__V1__RosterEntry *said = part->entries[i];
        if (!entry_valid(said)) {
            status = ESEP_INVALID;
            continue;
        }
        struct roster_entry *entry = take(roster, table, said->curve_key.data);
        if (entry == NULL) {
            return ESEP_LIMIT;
        }
        if (all || part->version >= entry->version) {
            entry_set(entry, said, part->version);
        }
    }
    return status;
}

void broker_roster_whole_begin(struct roster *roster)
{
    memset(roster->next.heads, 0, ((size_t)roster->mask + 1) * sizeof *roster->next.heads);
    roster->next.count = 0;
}

enum esep_status broker_roster_whole_add(struct roster *roster, const Esep__V1__Roster *part)
{
    return add_part(roster, &roster->next, part, true);
}

void broker_roster_whole_finish(struct roster *roster, uint64_t version)
{
    for (uint32_t i = 0; i < roster->next.count; i++) {
        struct roster_entry *entry = &roster->next.entries[i];
        const struct roster_entry *old = broker_roster_find(roster, entry->key);
        if (old == NULL) {
            continue;
        }
        entry->frames_left = old->frames_left;
        entry->bytes_left = old->bytes_left;
        entry->ingress_left = old->ingress_left;
        entry->seen_at = old->seen_at;
        entry->frames = old->frames;
        entry->bytes = old->bytes;
        entry->refused = old->refused;
    }
    const struct roster_table old = roster->now;
    roster->now = roster->next;
    roster->next = old;
    roster->version = version;
    roster->known = true;
}

enum esep_status broker_roster_change(struct roster *roster, const Esep__V1__Roster *part)
{
    const enum esep_status status = add_part(roster, &roster->now, part, false);
    if (part->version > roster->version) {
        roster->version = part->version;
    }
    return status;
}
