/* lib/wire/envelope.h - one frame on the wire: a head for the broker, a sealed body behind it.
 *
 * Reading is zero-copy and strict: every length is checked here, once, so that whoever holds a
 * struct esep_envelope may trust its fields' sizes (never their truth). The head is bound to the
 * body as associated data:
 *   ad = "esep/envelope/v1" || be32 version || be32 kind || session[16] || be64 counter ||
 *        ephemeral[32 or 0] || log_id[32 or 0]
 *
 * Invariant after a successful read: session.len == 16; ephemeral.len and log_id.len are 0 or 32.
 */
#ifndef ESEP_WIRE_ENVELOPE_H
#define ESEP_WIRE_ENVELOPE_H

#include "base/slice.h"
#include "esep/v1/wire.pb-c.h"

#define ESEP_WIRE_VERSION 1u
#define ESEP_SESSION_ID_BYTES 16
#define ESEP_ENVELOPE_HEAD_MAX 128 /* bytes of head before `sealed`'s payload, at most */
#define ESEP_ENVELOPE_AD_MAX 128

struct esep_envelope {
    uint32_t version;
    Esep__V1__Kind kind;
    uint64_t counter;
    struct esep_slice session;
    struct esep_slice ephemeral;
    struct esep_slice log_id;
    struct esep_slice sealed;
};

/* Borrows from frame. ESEP_INVALID with what is wrong. Checks no version and no kind's meaning. */
ESEP_MUST_USE enum esep_status esep_envelope_read(struct esep_slice frame,
                                                  struct esep_envelope *ret_envelope,
                                                  struct esep_reason *reason);
/* Appends the head and the tag and length of `sealed`, whose sealed_len bytes the caller appends
 * next: this spares a copy. */
ESEP_MUST_USE enum esep_status esep_envelope_write_head(const struct esep_envelope *envelope,
                                                        size_t sealed_len, struct esep_buf *out);
size_t esep_envelope_ad(const struct esep_envelope *envelope, uint8_t out[ESEP_ENVELOPE_AD_MAX]);

#endif
