/* collector/witness/witness_run.h - the witness's daemon: HTTP in, store, HTTP out.
 *
 * One loop and one thread: a request is judged, stored and answered before the next is looked at,
 * so that two can never be told about the same head. After a commit that failed nothing more is
 * signed: the process ends with 75 and is started anew, and the store says what is so.
 */
#ifndef COLLECTOR_WITNESS_RUN_H
#define COLLECTOR_WITNESS_RUN_H

#include "collector/witness/witness_settings.h"
#include "collector/witness/witness_store.h"

/* The key, the store and whether the one belongs to the other. */
struct witness_own {
    struct esep_sign_key key;
    struct esep_note_key name; /* with the public key: what verifies its signatures */
    struct witness_store *store;
};
/* make: both are made where they are not there yet. ESEP_NOT_FOUND: the store is lost. */
ESEP_MUST_USE enum esep_status witness_own_open(struct witness_own *ret,
                                                const struct witness_settings *settings, bool make,
                                                struct esep_reason *reason);
void witness_own_close(struct witness_own *own);

/* Serves until it is told to end; an exit status. */
int witness_run(const struct witness_settings *settings, struct witness_own *own);
int collector_cmd_witness(int argc, char **argv); /* the command, with its own words */

#endif
