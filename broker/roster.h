/* broker/roster.h - who is enrolled: a bounded table by CURVE key.
 *
 * Two tables of the same size. `now` is the one that counts; a whole list from the primary is
 * gathered in `next` and takes its place with its last part, in one step, so that no frame ever
 * meets half a roster. What a key has used of its limits, and when it was last heard of, goes over
 * to the new table: a roster swap gives nobody a fresh burst.
 *
 * It knows keys and what they may be; what that allows is decided in office.c.
 *
 * Invariant: every entry in use is on exactly one chain; count <= max.
 */
#ifndef BROKER_ROSTER_H
#define BROKER_ROSTER_H

#include "broker/bucket.h"

#define ROSTER_BODY_BYTES 33

struct roster_entry {
    uint8_t key[ESEP_KEY_BYTES];
    uint64_t version; /* of the change that said so */
    uint32_t office;
    Esep__V1__OfficeAdmission admission;
    uint32_t chain; /* next of the chain, as index + 1; 0: the end */
    char body[ROSTER_BODY_BYTES];
    /* what it did here */
    struct broker_bucket frames_left;
    struct broker_bucket bytes_left;
    struct broker_bucket ingress_left;
    esep_time seen_at;
    uint64_t frames;
    uint64_t bytes;
    uint64_t refused;
};

struct roster_table {
    uint32_t count;
    uint32_t *heads; /* bucket_count; index + 1 */
    struct roster_entry *entries;
};

struct roster {
    uint32_t max;
    uint32_t mask; /* bucket count - 1, a power of two minus one */
    uint64_t hash_seed;
    uint64_t version;
    bool known; /* a whole list has come at least once */
    struct roster_table now;
    struct roster_table next;
};

ESEP_MUST_USE enum esep_status broker_roster_init(struct roster *ret, uint32_t max,
                                                  uint64_t hash_seed);
void broker_roster_done(struct roster *roster);

/* NULL: unknown. */
struct roster_entry *broker_roster_find(const struct roster *roster,
                                        const uint8_t key[ESEP_KEY_BYTES]);

/* A whole list: begin, add each part, finish. ESEP_LIMIT: longer than max. ESEP_INVALID: an entry
 * that is none. */
void broker_roster_whole_begin(struct roster *roster);
ESEP_MUST_USE enum esep_status broker_roster_whole_add(struct roster *roster,
                                                       const Esep__V1__Roster *part);
void broker_roster_whole_finish(struct roster *roster, uint64_t version);
/* A change, or what a standby says: each entry counts unless a newer one is held. */
ESEP_MUST_USE enum esep_status broker_roster_change(struct roster *roster,
                                                    const Esep__V1__Roster *part);

#endif
