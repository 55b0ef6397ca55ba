/* lib/wire/add_checkpoint.h - what a log asks of a witness: C2SP tlog-witness, "add-checkpoint".
 *
 *   old 20852014          the size that the log believes the witness to have seen last
 *   <base64 of a hash>    none to 63: RFC 6962's consistency proof from there
 *                         an empty line
 *   <a note>              the checkpoint, signed by the log
 *
 * The answer is the witness's signature lines, or a refusal of HTTP's. Nothing is verified here,
 * neither signature nor proof; a text that is read and written again is the same text.
 */
#ifndef ESEP_WIRE_ADD_CHECKPOINT_H
#define ESEP_WIRE_ADD_CHECKPOINT_H

#include "wire/checkpoint.h"

#define ESEP_ADD_CHECKPOINT_HASHES_MAX 63
#define ESEP_ADD_CHECKPOINT_BYTES_MAX (ESEP_NOTE_BYTES_MAX + 4096)
#define ESEP_ADD_CHECKPOINT_CONFLICT                                                               \
    "text/x.tlog.size" /* the type of a 409: its body is the size */

struct esep_add_checkpoint {
    uint64_t old_size;
    struct esep_merkle_path proof;
    struct esep_slice note_bytes; /* borrowed, as what note refers to */
    struct esep_note note;
    struct esep_checkpoint checkpoint;
};
/* ESEP_INVALID, with what is wrong and in which line. */
ESEP_MUST_USE enum esep_status esep_add_checkpoint_parse(struct esep_slice body,
                                                         struct esep_add_checkpoint *ret,
                                                         struct esep_reason *reason);
/* Behind what out holds. ESEP_LIMIT: more hashes than a request may have, or out is full;
 * ESEP_NOMEM. */
ESEP_MUST_USE enum esep_status esep_add_checkpoint_write(uint64_t old_size,
                                                         const struct esep_merkle_path *proof,
                                                         struct esep_slice note_bytes,
                                                         struct esep_buf *out);

#endif
