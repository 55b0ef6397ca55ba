/* agent/office_keys.h - the office's key file, and the one that is to take its place.
 *
 * FILE holds the keys in use, FILE.next those that a rotation brings. Which of the two are the
 * office's the journal says, by the public half of the signing key: the change is one transaction
 * there, and the renaming that follows it may be cut off and is made up for by whoever reads the
 * keys next. So at any moment one of the two files is the right one, and the journal knows which.
 */
#ifndef AGENT_OFFICE_KEYS_H
#define AGENT_OFFICE_KEYS_H

#include "base/crypto.h"
#include "io/zsock.h"

struct office_keys {
    struct esep_sign_key sign;
    struct esep_curve_key curve;
};
/* Those of FILE as they are. */
ESEP_MUST_USE enum esep_status office_keys_read(const char *path, struct office_keys *ret,
                                                struct esep_reason *reason);
/* Those of FILE, or of FILE.next where the journal says that these are the office's by now: FILE is
 * replaced then. Others than the journal's are given back as they are: the caller compares. */
ESEP_MUST_USE enum esep_status office_keys_current(const char *path,
                                                   const uint8_t sign_public[ESEP_KEY_BYTES],
                                                   struct office_keys *ret,
                                                   struct esep_reason *reason);
/* ESEP_NOT_FOUND: none are made. */
ESEP_MUST_USE enum esep_status office_keys_next(const char *path, struct office_keys *ret,
                                                struct esep_reason *reason);
/* Made where there are none, and synced. */
ESEP_MUST_USE enum esep_status office_keys_make_next(const char *path, struct office_keys *ret,
                                                     struct esep_reason *reason);
/* FILE.next becomes FILE; what was there is gone. */
ESEP_MUST_USE enum esep_status office_keys_take_next(const char *path, struct esep_reason *reason);

#endif
