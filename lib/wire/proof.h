/* lib/wire/proof.h - what an office gives to somebody who trusts neither it nor the collector.
 *
 * A proof (checkpoint.h) says that a leaf is in the log. What the leaf has to do with a report
 * stands behind its "extra": 16 bytes of tag, "esep/proof/v1" filled with zeroes, then parts in the
 * order of their kinds, each of them kind u8, length be32, bytes:
 *
 *   1 leaf         160: the entry as the log hashed it (leaf.h)
 *   2 statement    208: 144 bytes that the office signed (statement.h), and its signature
 *   3 key           32: the office's public key
 *   4 head before   32: the chain's head before the report's entry
 *   5 after       32*n: the content hashes of the entries behind the report's, up to the one that
 *                       the statement ends with; n from 0 to 4096
 *   6 nonce         16: of a file: the last field of the entry that says that it is here
 *
 * A report's proof has the first five. Its leaf is that of a commitment: with the flag CLOSES the
 * log held the report with it; without, it held the promise of it, made of the same hashes. The
 * head before, the report's content hash and what came after lead to the head that was signed: so
 * it is proven of exactly these bytes, and nothing else of the office's journal need be shown.
 *
 * A file's proof has the first and the last: office, file and nonce make the entry's body, whose
 * content hash stands in the evidence leaf.
 *
 * Where the log has not said anything yet, a broker's note of ingress (ingress.h) stands in for the
 * leaf: a file of two lines, "esep-ingress-proof@v1" and "extra ", with base64 of the same tag and
 * parts 2 to 5 behind the space, and one more:
 *
 *   7 note         216: 152 bytes that the broker signed, and its signature
 *
 * Nothing is verified here: the office keeps only what it verified. Who verifies is esep-verify,
 * from docs/verify.md and without this code.
 */
#ifndef ESEP_WIRE_PROOF_H
#define ESEP_WIRE_PROOF_H

#include "wire/checkpoint.h"
#include "wire/ingress.h"
#include "wire/statement.h"

#define ESEP_PROOF_TAG "esep/proof/v1"
#define ESEP_PROOF_TAG_BYTES 16
#define ESEP_PROOF_LEAF_BYTES 160
#define ESEP_PROOF_STATEMENT_BYTES ESEP_SIGNED_COMMITMENT_BYTES
#define ESEP_PROOF_AFTER_MAX 4096
#define ESEP_PROOF_NONCE_BYTES 16
#define ESEP_INGRESS_PROOF_HEAD "esep-ingress-proof@v1\n"

enum esep_proof_part {
    ESEP_PROOF_LEAF = 1,
    ESEP_PROOF_STATEMENT = 2,
    ESEP_PROOF_KEY = 3,
    ESEP_PROOF_HEAD_BEFORE = 4,
    ESEP_PROOF_AFTER = 5,
    ESEP_PROOF_NONCE = 6,
    ESEP_PROOF_INGRESS = 7,
};

struct esep_proof_report {
    uint8_t leaf[ESEP_PROOF_LEAF_BYTES];
    uint8_t statement[ESEP_PROOF_STATEMENT_BYTES]; /* and signature */
    uint8_t key[ESEP_KEY_BYTES];
    struct esep_hash head_before;
    const struct esep_hash *after; /* borrowed */
    size_t after_count;
};
/* The proof of a report as a file, behind what out holds. place: index, path and note; its extra is
 * not looked at. ESEP_LIMIT: more hashes than ESEP_PROOF_AFTER_MAX, or out may not grow to what it
 * takes (ESEP_PROOF_BYTES_MAX is enough for any), and then holds a part of it; ESEP_NOMEM. */
ESEP_MUST_USE enum esep_status esep_proof_write_report(const struct esep_proof *place,
                                                       const struct esep_proof_report *report,
                                                       struct esep_buf *out);
/* The same by a broker's note, which is all that is known yet; report's leaf is not looked at. */
ESEP_MUST_USE enum esep_status
esep_proof_write_ingress(const struct esep_proof_report *report,
                         const uint8_t note[ESEP_SIGNED_INGRESS_BYTES], struct esep_buf *out);
/* The same for a file that was attached: leaf and nonce of its evidence entry. */
ESEP_MUST_USE enum esep_status esep_proof_write_file(const struct esep_proof *place,
                                                     const uint8_t leaf[ESEP_PROOF_LEAF_BYTES],
                                                     const uint8_t nonce[ESEP_PROOF_NONCE_BYTES],
                                                     struct esep_buf *out);

#endif
