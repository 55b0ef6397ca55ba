/* collector/log_rotate.h - how ingest begins: the log's keys, and the head that it begins with.
 *
 * Before ingest serves anybody its signer and its store are held against each other: what was
 * signed (collector_signer_first), and by which keys. Where another key lies beside the signer's,
 * it becomes the log's here (docs/adr/0026), in steps each of which is durable before the next, so
 * that a start that was cut off anywhere is made up for by the next one:
 *
 *   1. the head of the log as it is, signed by the present key
 *   2. both keys' statement, from the signer
 *   3. a LOG_KEY entry with it, alone in a commit
 *   4. the head with that entry, the last one of the old key
 *   5. the signer takes the new key, and the old one is gone
 *   6. the same head once more, by the new key
 *
 * A log that was put back from a backup may lack keys that its signer has taken since: these are in
 * `keys`, and ingest's core logs them again in the generation that it begins (collector_proof.c).
 */
#ifndef COLLECTOR_LOG_ROTATE_H
#define COLLECTOR_LOG_ROTATE_H

#include "collector/log.h"
#include "collector/signer/signer_service.h"
#include "collector/views.h"

struct log_start {
    struct collector_signer *signer;
    struct collector_log *log;
    struct views *views; /* of this log; they grow with it */
    const struct esep_merkle_source *source;
    uint64_t generation; /* of the store, or the log's own where that is more; raised where it
                          * begins and would not be behind the signer's keys */
    esep_time now;
    uint8_t nonce[ESEP_NONCE_BYTES]; /* random */
    bool stay;      /* with the present key, though there is a next one: the store has no room */
    unsigned steps; /* for tests: it is cut off behind so many of the steps 3 to 6; 0: it is not */
    /* Filled: */
    struct esep_log_keys keys;               /* all of them, in order; the last one signs */
    uint8_t signature[ESEP_SIGNATURE_BYTES]; /* of the head, by that one */
    bool rotated;                            /* here and now, or made up for */
    bool waits;                              /* there is a next key, and it waits */
};
/* ESEP_AGAIN: the signer is away. ESEP_DENIED: the signer's key is another log's. ESEP_CORRUPT: it
 * has signed another history than the store's, or more of it. Others are the store's: views and
 * store may differ then, open both anew. */
ESEP_MUST_USE enum esep_status log_start(struct log_start *start, struct esep_reason *reason);

#endif
