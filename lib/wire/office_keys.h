/* lib/wire/office_keys.h - statements about an office's keys.
 *
 * As in statement.h: fixed layouts, integers big-endian, opened by a 16-byte tag of their own.
 *
 *   rotation     184 bytes: tag "esep/rotate/v1" | log_id 32 | office 4 | epoch 4 | old signing key
 *                32 | old CURVE key 32 | new signing key 32 | new CURVE key 32
 *                                                  (the old signing key, and the new signing key)
 *   fingerprint  the first 16 bytes of SHA-256(tag "esep/keys/v1" || signing key[32] || CURVE
 *                key[32]), written as an enrolment code is (base/code.h)
 *
 * The old key's signature says that the office wants it so, the new key's that it is held by who
 * says so. `epoch` is the first that the new key signs: a chain's start is bound to its key, so a
 * rotation begins a chain, and no number is used twice.
 *
 * A fingerprint is for two people at two screens: the office's shows that of the keys in its file,
 * the operator's that of the keys in the log.
 */
#ifndef ESEP_WIRE_OFFICE_KEYS_H
#define ESEP_WIRE_OFFICE_KEYS_H

#include "base/code.h"
#include "base/crypto.h"

#define ESEP_ROTATION_BYTES 184
#define ESEP_FINGERPRINT_TEXT_BYTES ESEP_CODE_TEXT_BYTES

struct esep_key_pair_public {
    uint8_t sign[ESEP_KEY_BYTES];
    uint8_t curve[ESEP_KEY_BYTES];
};
struct esep_rotation {
    uint32_t office;
    uint32_t epoch;
    struct esep_key_pair_public old;
    struct esep_key_pair_public fresh;
    uint8_t by_old[ESEP_SIGNATURE_BYTES];
    uint8_t by_new[ESEP_SIGNATURE_BYTES];
};
void esep_rotation_statement(const struct esep_hash *log_id, const struct esep_rotation *r,
                             uint8_t out[ESEP_ROTATION_BYTES]);
/* Fills in both signatures; the keys are those whose public halves r names. */
void esep_rotation_sign(const struct esep_hash *log_id, struct esep_rotation *r,
                        const struct esep_sign_key *old, const struct esep_sign_key *fresh);
ESEP_MUST_USE bool esep_rotation_verify(const struct esep_hash *log_id,
                                        const struct esep_rotation *r);

struct esep_hash esep_keys_hash(const uint8_t sign[ESEP_KEY_BYTES],
                                const uint8_t curve[ESEP_KEY_BYTES]);
void esep_fingerprint(const uint8_t sign[ESEP_KEY_BYTES], const uint8_t curve[ESEP_KEY_BYTES],
                      char out[ESEP_FINGERPRINT_TEXT_BYTES]);

#endif
