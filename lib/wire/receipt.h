/* lib/wire/receipt.h - what a receipt says, and which of it an office may believe.
 *
 * A receipt bears no signature. Its proof (wire/growth.h) shows a leaf under a checkpoint that the
 * log key signed, and the office makes that leaf itself (wire/leaf.h) from a commitment that it
 * signed, or from its file's name. So these are proven, to the office and to strangers alike: the
 * kind, office, epoch, through_seq, head, last_index, accepted_at; of a file all of it.
 *
 * first_seq and first_index stand in no leaf. They are the collector's word, sealed in the session
 * like all that comes down, so no broker changes them; and they decide nothing but which number an
 * entry is shown with in the log, and from where on the office keeps its entries for keep_days. By
 * when an entry was there follows from the first receipt whose head has it in its chain, never
 * from these two. The hour of a promise is that of the promise's own receipt.
 *
 * Here messages are read and written; nothing is verified (agent/tree.h does).
 */
#ifndef ESEP_WIRE_RECEIPT_H
#define ESEP_WIRE_RECEIPT_H

#include "base/crypto.h"
#include "base/time.h"
#include "esep/v1/wire.pb-c.h"

struct esep_receipt {
    Esep__V1__ReceiptKind kind;
    uint32_t office;
    uint32_t epoch;
    uint64_t first_seq; /* of a promise: through_seq, until its reader knows better */
    uint64_t through_seq;
    struct esep_hash head;
    uint64_t first_index;
    uint64_t last_index; /* of the last entry; of a promise its own */
    esep_time accepted_at;
    uint64_t checkpoint_size; /* that its proof led to; the root: once that was followed */
    struct esep_hash checkpoint_root;
};
/* ESEP_INVALID: it has no proof, or says what cannot be. */
ESEP_MUST_USE enum esep_status esep_receipt_read(const Esep__V1__Receipt *message,
                                                 struct esep_receipt *ret);
/* The promise that came with a receipt that was read: a receipt of its own. ESEP_NOT_FOUND: none
 * did. ESEP_INVALID: of another chain, or it stands behind what it promises. */
ESEP_MUST_USE enum esep_status esep_receipt_promise(const Esep__V1__Receipt *message,
                                                    const struct esep_receipt *receipt,
                                                    struct esep_receipt *ret);
/* Whether the promise was in the log before the receipt's entries: an earlier hour for those that
 * it covers. */
bool esep_promise_before(const struct esep_receipt *promise, const struct esep_receipt *receipt);
/* What stands in no proof; the proofs are the caller's. */
void esep_receipt_write(const struct esep_receipt *r, Esep__V1__Receipt *ret_message);

/* A file's receipt: whole, durable, in the log. */
struct esep_evidence {
    uint32_t office;
    struct esep_hash sha256;
    uint64_t size_bytes;
    uint64_t log_index;
    esep_time accepted_at;
    uint64_t checkpoint_size;
    struct esep_hash checkpoint_root;
};
/* For the office that it came to. ESEP_INVALID as above. */
ESEP_MUST_USE enum esep_status esep_evidence_read(const Esep__V1__EvidenceReceipt *message,
                                                  uint32_t office, struct esep_evidence *ret);
/* The sub-message borrows its place. */
void esep_evidence_write(const struct esep_evidence *e, Esep__V1__EvidenceReceipt *ret_message,
                         Esep__V1__FileName *ret_file);
/* A file's name, from a received message: its lengths are checked. ESEP_INVALID. */
ESEP_MUST_USE enum esep_status esep_file_name_read(const Esep__V1__FileName *message,
                                                   struct esep_hash *ret_sha256,
                                                   uint64_t *ret_size_bytes);
void esep_file_name_write(const struct esep_hash *sha256, uint64_t size_bytes,
                          Esep__V1__FileName *ret_message);

#endif
