/* lib/wire/session.h - the sealed session between an office and the collector (Noise NK's shape).
 *
 *   office                                                    collector (static key S, known)
 *   makes e, E = e*G
 *   first = KDF(e*S; "esep/first/v1", E, S, log_id)
 *   HELLO   E, log_id, sealed under first, counter 0   ───►   first = KDF(s*E; ...)
 *                                                             makes f, F = f*G
 *           ◄───  WELCOME  F, sealed under KDF(first; "esep/reply/v1", F), counter 0
 *   key = KDF(e*F; "esep/session/v1", first, E, F)            key = KDF(f*E; ...)
 *   all later frames under key, counters 1, 2, 3 ... in each direction
 *
 * The collector is authentic because only s gives `first`; the office because HELLO carries a
 * signature over E, S and log_id (statement.h, auth). Once e and f are wiped nobody can open a
 * recorded session. ENROL and ORDER are one request and one reply, no session: as a replayed
 * request must not make the collector seal two texts under one key and nonce, such a reply carries
 * in `ephemeral` the salt KDF(first; "esep/salt/v1", be32 kind, text) and is sealed under
 * KDF(first; "esep/reply/v1", salt). Strings in a KDF stand without a NUL.
 * A bundle file is HELLO's first half: BUNDLE at counter 0, then BATCH at 1, 2 ... under first. It
 * is answered as a HELLO is, WELCOME and what follows; with each import F is another one.
 *
 * It decides whether a frame opens; never what is in it. Pure: ephemeral secrets come from seeds.
 *
 * Invariant: tx_counter rises by one with each sealed frame; an opened frame's counter is greater
 * than every one before it.
 */
#ifndef ESEP_WIRE_SESSION_H
#define ESEP_WIRE_SESSION_H

#include "base/crypto.h"
#include "wire/envelope.h"

enum esep_side { ESEP_SIDE_OFFICE = 1, ESEP_SIDE_COLLECTOR = 2 };

struct esep_session {
    enum esep_side side;
    bool established;   /* `key` holds */
    bool welcome_ready; /* collector: established by the WELCOME sealed next */
    bool first_sealed;  /* office: counter 0 is used up */
    bool bundle;        /* collector: what comes up is under the first key throughout */
    bool opened;        /* rx_counter holds */
    uint8_t id[ESEP_SESSION_ID_BYTES];
    struct esep_box_key ephemeral; /* ours; secret wiped once established */
    uint8_t office_ephemeral[ESEP_KEY_BYTES];
    uint8_t collector_public[ESEP_KEY_BYTES];
    struct esep_hash log_id;
    uint8_t first_key[ESEP_KEY_BYTES];
    uint8_t key[ESEP_KEY_BYTES];
    uint64_t tx_counter;
    uint64_t rx_counter;
    /* What WELCOME granted for the texts of later frames (compress.h); 0: none. Not looked at here:
     * who seals and opens packs and unpacks. */
    uint32_t dictionary;
};

/* Office: begins with a 32-byte ephemeral seed that is used once. */
ESEP_MUST_USE enum esep_status esep_session_begin(struct esep_session *ret_session,
                                                  const uint8_t seed[32],
                                                  const uint8_t collector_public[ESEP_KEY_BYTES],
                                                  const struct esep_hash *log_id);
/* Collector: from an upward envelope that carries an ephemeral key. ESEP_INVALID: no or bad key;
 * ESEP_DENIED: another log. */
ESEP_MUST_USE enum esep_status esep_session_accept(struct esep_session *ret_session,
                                                   const struct esep_envelope *envelope,
                                                   const struct esep_box_key *collector_key,
                                                   const struct esep_hash *log_id);
/* Collector: draws its ephemeral from seed, so that the next esep_session_seal_first (WELCOME)
 * carries it, after which the session is established. */
ESEP_MUST_USE enum esep_status esep_session_establish(struct esep_session *session,
                                                      const uint8_t seed[32]);
void esep_session_done(struct esep_session *session); /* wipes */

/* Appends one whole envelope frame to out. _first seals under the first key with counter 0 (office:
 * HELLO, ENROL, ORDER, BUNDLE, once for each session: then ESEP_CONFLICT; collector: WELCOME, once
 * after esep_session_establish: else ESEP_CONFLICT, and the one-shot replies). */
ESEP_MUST_USE enum esep_status esep_session_seal_first(struct esep_session *session,
                                                       Esep__V1__Kind kind, struct esep_slice plain,
                                                       struct esep_buf *out);
ESEP_MUST_USE enum esep_status esep_session_seal(struct esep_session *session, Esep__V1__Kind kind,
                                                 struct esep_slice plain, struct esep_buf *out);
/* As esep_session_seal but under the first key with rising counters: the BATCHes of a bundle. */
ESEP_MUST_USE enum esep_status esep_session_seal_bundle(struct esep_session *session,
                                                        Esep__V1__Kind kind,
                                                        struct esep_slice plain,
                                                        struct esep_buf *out);

/* Opens into out, which is cleared first. ESEP_INVALID: does not open, or its counter does not
 * rise (a repeat; so only one reply at counter 0 is ever taken). Which key is used follows from the
 * envelope: counter 0 = first. On an office's session, opening WELCOME establishes the session. */
ESEP_MUST_USE enum esep_status esep_session_open(struct esep_session *session,
                                                 const struct esep_envelope *envelope,
                                                 struct esep_buf *out);

#endif
