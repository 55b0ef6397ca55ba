/* lib/wire/checkpoint.h - the head of the log, and that a leaf is in it, as text.
 *
 * A checkpoint (C2SP tlog-checkpoint) is a note of three lines: the log's origin, the number of its
 * entries, base64 of the root of their Merkle tree. Whoever signs one says that it begins with
 * every one that he signed before; nothing in the text can show that.
 *
 * A proof (C2SP tlog-proof) is what an office keeps for ever: which entry, its audit path, and the
 * checkpoint verbatim, with witnesses' cosignatures where there are some. "extra" holds what the
 * leaf is made of, and is believed only as far as it leads to the leaf.
 *
 * Numbers are decimal without leading zeroes, base64 has one spelling only: a text that is read
 * and written again is the same text.
 */
#ifndef ESEP_WIRE_CHECKPOINT_H
#define ESEP_WIRE_CHECKPOINT_H

#include "base/merkle_path.h"
#include "wire/note.h"

#define ESEP_ORIGIN_MAX ESEP_NOTE_NAME_MAX
#define ESEP_CHECKPOINT_TEXT_MAX 256 /* of the three lines, with NUL */
#define ESEP_PROOF_EXTRA_MAX 139264  /* bytes behind "extra": 4096 hashes, and their like */
#define ESEP_PROOF_BYTES_MAX 262144  /* of the file: base64 of extra, a path, a note */

struct esep_checkpoint {
    char origin[ESEP_ORIGIN_MAX + 1];
    uint64_t size;
    struct esep_hash root;
};
/* The three lines; returns their length. origin is one that esep_note_key takes. */
size_t esep_checkpoint_text(const char *origin, uint64_t size, const struct esep_hash *root,
                            char out[ESEP_CHECKPOINT_TEXT_MAX]);
/* From a note's text. Lines behind the third are passed over: they are nobody's promise.
 * ESEP_INVALID, with what is wrong. */
ESEP_MUST_USE enum esep_status esep_checkpoint_parse(struct esep_slice text,
                                                     struct esep_checkpoint *ret,
                                                     struct esep_reason *reason);

struct esep_proof {
    uint64_t index;
    struct esep_merkle_path path;
    struct esep_slice extra; /* empty: the file has no such line; borrowed */
    struct esep_slice note;  /* the checkpoint, verbatim; borrowed */
};
/* ret borrows its note from bytes and its extra from the buf, which is cleared first.
 * ESEP_INVALID, with what is wrong and in which line; ESEP_NOMEM. Nothing is verified. */
ESEP_MUST_USE enum esep_status esep_proof_parse(struct esep_slice bytes, struct esep_buf *extra,
                                                struct esep_proof *ret, struct esep_reason *reason);
/* ESEP_LIMIT: extra is longer than a proof's may be, or out may not grow to what it takes, and then
 * holds a part of it; ESEP_NOMEM. */
ESEP_MUST_USE enum esep_status esep_proof_write(const struct esep_proof *proof,
                                                struct esep_buf *out);
/* The line of extra alone, behind what out holds. ESEP_LIMIT, ESEP_NOMEM. */
ESEP_MUST_USE enum esep_status esep_extra_write(struct esep_slice extra, struct esep_buf *out);

/* What such texts are made of: a line that a line feed ends, at *at, which moves behind it; false
 * at the end, and where nothing ends the line. */
ESEP_MUST_USE bool esep_line_next(struct esep_slice text, size_t *at, struct esep_slice *ret);
/* A decimal number without leading zeroes, all of the text. */
ESEP_MUST_USE bool esep_decimal_parse(struct esep_slice text, uint64_t *ret);
/* 32 bytes in base64, all of the text. */
ESEP_MUST_USE bool esep_hash_parse_base64(struct esep_slice text, struct esep_hash *ret);
#define ESEP_HASH_BASE64_MAX 45 /* with NUL */
void esep_hash_base64(const struct esep_hash *hash, char out[ESEP_HASH_BASE64_MAX]);

#endif
