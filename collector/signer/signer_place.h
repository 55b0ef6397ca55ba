/* collector/signer/signer_place.h - the log's key as it lies on the disk, and the next one beside
 * it.
 *
 *   KEYS        the key that signs
 *   KEYS.next   the one that is to take its place: made by an operator (`signer rotate`), 0600
 *   KEYS.old    the one before, between the switch and its end: overwritten, then removed
 *
 * That a switch was made is said by the folder of heads (signer_heads.h); the files follow it, and
 * where they were cut off the next start finishes. What a disk keeps of bytes that were written
 * over, nobody here can tell.
 */
#ifndef COLLECTOR_SIGNER_PLACE_H
#define COLLECTOR_SIGNER_PLACE_H

#include "collector/signer/signer.h"

/* The present key; made where it is missing and is to be. */
ESEP_MUST_USE enum esep_status signer_place_read(const char *path, bool make,
                                                 struct signer_keys *ret, bool *ret_made,
                                                 struct esep_reason *reason);
/* Where the folder knows a newer key than the file, the file becomes that one's. keys->known is the
 * folder's. ESEP_INVALID: that key is not here. */
ESEP_MUST_USE enum esep_status signer_place_settle(const char *path, struct signer_keys *keys,
                                                   struct esep_reason *reason);
/* The next key, if one lies there; path NULL: none. */
void signer_place_look(const char *path, struct signer_keys *keys);
/* The next one takes the present one's place. false: not to the end. */
ESEP_MUST_USE bool signer_place_switch(const char *path);
/* Makes it, or finds it made already. */
ESEP_MUST_USE enum esep_status signer_place_next(const char *path,
                                                 uint8_t ret_public[ESEP_KEY_BYTES],
                                                 bool *ret_pending, struct esep_reason *reason);

#endif
