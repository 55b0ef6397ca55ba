/* collector/web/hasher.h - Argon2id beside the loop.
 *
 * A password is hashed for a good part of a tenth of a second over 64 MiB, on purpose. In the loop
 * that would hold up every viewer, and several at once would take the memory: so one worker does it
 * (worker.h). Passwords are wiped when their turn is over.
 *
 * Invariant: on_done is called once for each job that was taken.
 */
#ifndef COLLECTOR_WEB_HASHER_H
#define COLLECTOR_WEB_HASHER_H

#include "collector/web/credentials.h"

struct esep_loop;
struct web_hasher;

enum web_hashing {
    WEB_HASH_VERIFY, /* whether the password is the hash's; "" is nobody's, and takes as long */
    WEB_HASH_MAKE,   /* a hash of the password */
};
/* right: of VERIFY; hash: of MAKE, "" where memory lacks. */
typedef void web_hasher_fn(void *context, bool right, const char *hash);

ESEP_MUST_USE enum esep_status web_hasher_new(struct web_hasher **ret, struct esep_loop *loop,
                                              struct esep_reason *reason);
/* Waits for the job at hand; those whose turn did not come are told as not right, without a hash.
 */
void web_hasher_free(struct web_hasher *hasher);
/* ESEP_LIMIT: the queue is full; ESEP_NOMEM. password and hash are copied. */
ESEP_MUST_USE enum esep_status web_hasher_ask(struct web_hasher *hasher, enum web_hashing what,
                                              const char *password, const char *hash,
                                              web_hasher_fn *on_done, void *context);

#endif
