/* collector/signer/signer_heads.h - how much of each log was signed, on the disk.
 *
 * A folder with a file for each log, named after its origin's hash: the frontier of the last head,
 * in one of two places that are written in turn, each with a count and a hash over itself. A write
 * that the power cut leaves the other place, and its signature never left. The folder is made with
 * the key and bears it ("key"), with those that took its place since: a key whose folder is lost,
 * or is another's, signs no heads, or it would sign another history. Do not put it back from a
 * copy.
 *
 * The log that is signed is kept open, and its frontier in memory: the folder is locked, so what
 * was written last is what stands there. Another log, and each after an error, is read anew.
 */
#ifndef COLLECTOR_SIGNER_HEADS_H
#define COLLECTOR_SIGNER_HEADS_H

#include "collector/signer/signer.h"

#define SIGNER_ORIGINS_MAX 256 /* generations of a log, in all */

/* A log's file. */
struct signer_places {
    bool is_open;
    int fd;
    uint64_t count; /* of the newest place */
    struct esep_merkle tree;
    char origin[ESEP_ORIGIN_MAX + 1];
};
struct signer_heads {
    int folder;                 /* descriptor; holds a lock: one signer at a time */
    struct esep_log_keys known; /* the keys that signed with it, the present one last */
    struct signer_places open;  /* the log that was asked about last */
};
/* public_key: the newest of its keys; or, where a switch was cut off, the one before, whose place
 * another has taken already. ESEP_NOT_FOUND: no folder, and not to be made. ESEP_INVALID: another
 * key's. ESEP_CONFLICT: in use. ESEP_CORRUPT: which keys it had cannot be read. */
ESEP_MUST_USE enum esep_status signer_heads_open(struct signer_heads *ret, const char *path,
                                                 const uint8_t public_key[ESEP_KEY_BYTES],
                                                 bool create, struct esep_reason *reason);
/* Another key has the folder; on the disk when it returns. */
ESEP_MUST_USE enum esep_status signer_heads_keys(struct signer_heads *heads,
                                                 const struct esep_log_keys *known);
void signer_heads_close(struct signer_heads *heads);
/* An empty tree where nothing was signed. ESEP_CORRUPT: neither place is whole. */
ESEP_MUST_USE enum esep_status signer_heads_get(struct signer_heads *heads, const char *origin,
                                                struct esep_merkle *ret);
/* On the disk when it returns. ESEP_LIMIT: no room, or too many logs. ESEP_IO: it is not known. */
ESEP_MUST_USE enum esep_status signer_heads_put(struct signer_heads *heads, const char *origin,
                                                const struct esep_merkle *tree);

#endif
