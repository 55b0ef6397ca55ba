/* lib/wire/growth.h - what joins an office's receipts to the log's tree.
 *
 * An office keeps the frontier of the log as it last saw it (base/merkle.h). A growth leads from
 * there to a later checkpoint: the span's hashes, and the log key's signature of the checkpoint's
 * text (wire/checkpoint.h), whose root the office computes itself. So that the log still begins
 * with all that this office has seen is not believed, it is the only way to the signed root. A
 * place then says where a leaf stands: its siblings on the way up to a subtree that is known from
 * the frontier or from the span. 32 bytes for each doubling of what others wrote in between is all
 * that it takes.
 *
 * The origin line follows from the log's id: nobody has to be told it. After a restore the log is
 * another one to whoever checks (docs/adr/0017): its generation, the second of the restore, stands
 * in the origin.
 *
 * Decides whether a growth and a place are good; not what an office does about one that is not.
 */
#ifndef ESEP_WIRE_GROWTH_H
#define ESEP_WIRE_GROWTH_H

#include "base/merkle_path.h"
#include "esep/v1/wire.pb-c.h"
#include "wire/checkpoint.h"

/* "esep.log/<log id, hex>", from the first restore on "/<generation>" behind it. */
void esep_log_origin(const struct esep_hash *log_id, uint64_t generation,
                     char out[ESEP_ORIGIN_MAX + 1]);

/* The checkpoint's three lines, which the log key signs, and witnesses; returns their length. */
size_t esep_growth_text(const struct esep_hash *log_id, uint64_t generation, uint64_t size,
                        const struct esep_hash *root, char out[ESEP_CHECKPOINT_TEXT_MAX]);

/* Of the witnesses' lines under a head, on the wire and in an office's journal. */
#define ESEP_COSIGNED_LINES_MAX 2048

struct esep_growth {
    uint64_t generation;
    uint64_t from_generation; /* with from_size 0 it says nothing */
    uint64_t from_size;
    uint64_t size;
    /* Where size is from_size nothing below is there, or asked for. */
    struct esep_hash root;
    size_t span_count;
    struct esep_hash span[ESEP_MERKLE_SPAN_MAX];
    uint8_t signature[ESEP_SIGNATURE_BYTES];
};
struct esep_place {
    uint64_t index;
    size_t count;
    struct esep_hash siblings[64];
};

/* Of a log whose nodes are known; generation, root and signature are the caller's. from_size <=
 * size. ESEP_NOT_FOUND: a node was missing. */
ESEP_MUST_USE enum esep_status esep_growth_make(const struct esep_merkle_source *source,
                                                uint64_t from_size, uint64_t size,
                                                struct esep_growth *ret);
/* index < size. */
ESEP_MUST_USE enum esep_status esep_place_make(const struct esep_merkle_source *source,
                                               uint64_t from_size, uint64_t size, uint64_t index,
                                               struct esep_place *ret);
/* The checkpoint's text is signed as a log signs a note: Ed25519 over it. */
void esep_growth_sign(const struct esep_hash *log_id, struct esep_growth *growth,
                      const struct esep_sign_key *log_key);

/* Whether it is the log key's signature of that head. */
ESEP_MUST_USE bool esep_growth_signed(const struct esep_hash *log_id,
                                      const uint8_t log_public[ESEP_KEY_BYTES],
                                      const struct esep_growth *growth);

/* The tree that `tree` becomes by it. ESEP_INVALID: it does not go on from this tree, or is none.
 * ESEP_DENIED: the log key has not signed it. ESEP_CONFLICT: the log key has, and it does not begin
 * with this tree: two heads that are both signed and of which only one can be true. */
ESEP_MUST_USE enum esep_status esep_growth_check(const struct esep_hash *log_id,
                                                 const uint8_t log_public[ESEP_KEY_BYTES],
                                                 const struct esep_merkle *tree,
                                                 const struct esep_growth *growth,
                                                 struct esep_merkle *ret_tree);
/* Whether the leaf stands there, by a growth that has been checked against `tree`. */
ESEP_MUST_USE bool esep_place_check(const struct esep_merkle *tree,
                                    const struct esep_growth *growth,
                                    const struct esep_place *place, const struct esep_hash *leaf);

/* From a received message: every length and number is checked. ESEP_INVALID. */
ESEP_MUST_USE enum esep_status esep_growth_read(const Esep__V1__Growth *message,
                                                struct esep_growth *ret);
ESEP_MUST_USE enum esep_status esep_place_read(const Esep__V1__Proof *message,
                                               struct esep_place *ret);
/* Fill messages that borrow. */
void esep_growth_write(const struct esep_growth *growth, Esep__V1__Growth *ret_message);
void esep_place_write(const struct esep_place *place, Esep__V1__Proof *ret_message);

#endif
