/* lib/io/keyfile.h - secret keys on disk: made where they are used, 0600, checked at every start.
 *
 * A key file is text: lines "name hex", '#' comments. Kinds: "sign" (32-byte Ed25519 seed), "box"
 * (32-byte X25519 seed), "curve" (32-byte CURVE secret). Creation is exclusive, synced, and never
 * overwrites. Reading refuses a file that others may read (mode & 077) or that is not ours.
 */
#ifndef ESEP_IO_KEYFILE_H
#define ESEP_IO_KEYFILE_H

#include "base/crypto.h"
#include "io/zsock.h"

#define ESEP_KEYFILE_KEYS_MAX 8
struct esep_keyfile {
    size_t count;
    struct {
        char kind[8]; /* "sign", "box", "curve" */
        uint8_t secret[32];
    } keys[ESEP_KEYFILE_KEYS_MAX];
};
ESEP_MUST_USE enum esep_status esep_keyfile_read(const char *path, struct esep_keyfile *ret,
                                                 struct esep_reason *reason);
/* ESEP_CONFLICT: exists already. Creates the folder's last part with 0700 if it is missing. */
ESEP_MUST_USE enum esep_status
esep_keyfile_create(const char *path, const struct esep_keyfile *keys, struct esep_reason *reason);
/* Removes what a creation in this folder left that was cut off: a copy of the keys under another
 * name. For those that may find their keys made already; create does it by itself. */
void esep_keyfile_tidy(const char *path);
/* Fills a file's worth of fresh random keys: kinds is a list such as {"sign","box","curve"}. */
void esep_keyfile_generate(struct esep_keyfile *ret, const char *const *kinds, size_t count);
ESEP_MUST_USE enum esep_status esep_keyfile_sign(const struct esep_keyfile *keys,
                                                 struct esep_sign_key *ret);
ESEP_MUST_USE enum esep_status esep_keyfile_box(const struct esep_keyfile *keys,
                                                struct esep_box_key *ret);
ESEP_MUST_USE enum esep_status esep_keyfile_curve(const struct esep_keyfile *keys,
                                                  struct esep_curve_key *ret);
void esep_random(void *out, size_t len); /* from the system */
#endif
