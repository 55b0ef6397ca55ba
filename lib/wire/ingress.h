/* lib/wire/ingress.h - a broker's word that an office's commitment was there at an hour.
 *
 * Where the collector is away, or keeps its receipts back, nobody else can say when an office
 * reported. The broker cannot read what it passes on. So the office tells it one hash, that of its
 * signed commitment, and the broker signs which hash came, from which office's connection, and
 * when. It is the weakest of three proofs, by one clock and one key; the log knows nothing of it.
 *
 *   ingress      152 bytes: tag "esep/ingress/v1" | log_id 32 | broker's signing key 32 | office's
 *                CURVE key 32 | content 32 | received_at_us 8                  (that broker's key)
 *
 * `content` is SHA-256(tag "esep/content/v1" || the commitment's 144 bytes || its signature): the
 * log's leaf of that commitment, if it comes to one, names the same. The commitment holds a chain
 * head, in which there are random bytes, so that the hash gives nothing away; it names the office
 * by number, epoch, and through which entry. As everywhere, integers are big-endian, and the tag
 * is filled up with zeroes to 16 bytes.
 */
#ifndef ESEP_WIRE_INGRESS_H
#define ESEP_WIRE_INGRESS_H

#include "base/crypto.h"
#include "base/time.h"
#include "esep/v1/wire.pb-c.h"

#define ESEP_INGRESS_BYTES 152
#define ESEP_SIGNED_INGRESS_BYTES (ESEP_INGRESS_BYTES + ESEP_SIGNATURE_BYTES)

struct esep_ingress {
    struct esep_hash log_id;
    uint8_t broker_key[ESEP_KEY_BYTES];
    uint8_t office_curve[ESEP_KEY_BYTES];
    struct esep_hash content;
    esep_time received_at;
    uint8_t signature[ESEP_SIGNATURE_BYTES];
};

/* The statement and its signature behind it: how an office keeps it, and hands it on. */
void esep_ingress_pack(const struct esep_ingress *note, uint8_t out[ESEP_SIGNED_INGRESS_BYTES]);
/* ESEP_INVALID: another length, or another tag. Nothing is verified. */
ESEP_MUST_USE enum esep_status esep_ingress_unpack(struct esep_slice bytes,
                                                   struct esep_ingress *ret);
/* Fills in broker_key and signature. */
void esep_ingress_sign(struct esep_ingress *note, const struct esep_sign_key *broker);
/* Signed by the key it names. Whether that is the broker's is for who knows the broker. */
ESEP_MUST_USE bool esep_ingress_verify(const struct esep_ingress *note);

/* What the message does not carry (log_id, office_curve) is left alone. ESEP_INVALID: a length, or
 * an hour that there is not. */
ESEP_MUST_USE enum esep_status esep_ingress_read(const Esep__V1__Ingress *message,
                                                 struct esep_ingress *note);
/* Fills a message that borrows from the note. */
void esep_ingress_write(const struct esep_ingress *note, Esep__V1__Ingress *ret_message);

#endif
