/* lib/wire/compress.h - frames packed with zstd and a dictionary made for reports.
 *
 * Reports are short, in three languages, and say much the same: without a dictionary zstd finds
 * little in one of them. So both ends hold the same dictionary (share/zstd/reports-1.dict, made by
 * scripts/make-dictionary from made-up reports). HELLO names the dictionaries that the office
 * knows, WELCOME the one that is used in this session, or none. Where one is, the plain text of
 * every later frame, in both directions, begins with its form:
 *   0  the message follows as it is
 *   1  one zstd frame follows, made with that dictionary, with its content's size in its head
 * What is hashed, signed and kept is never this, but what was packed: only the way is shorter.
 *
 * Bounds, since it comes from strangers: the size is read from the head and held against the
 * receiver's limit before anything is unpacked; what unpacks to another size is refused, as are a
 * second frame behind the first and a size that is not stated. Nothing is allocated after the
 * start: zstd's contexts lie in one piece of memory of fixed size.
 *
 * Invariant: what esep_compress appended, esep_decompress turns into the same bytes.
 */
#ifndef ESEP_WIRE_COMPRESS_H
#define ESEP_WIRE_COMPRESS_H

#include "base/slice.h"

#define ESEP_DICTIONARY 1u      /* the newest; 0 says "none" */
#define ESEP_PACKED_OVERHEAD 1u /* the form: a packed text is never longer than this more */
#define ESEP_PACKED_PLAIN_MAX (1u << 20) /* what is longer travels as it is */

/* The dictionary's bytes, for who wants to compare them. */
struct esep_slice esep_dictionary(void);

struct esep_compressor;
/* ESEP_NOMEM. Some 0.7 MiB, of which most is touched as it is needed. */
ESEP_MUST_USE enum esep_status esep_compressor_new(struct esep_compressor **ret);
void esep_compressor_free(struct esep_compressor *compressor);

/* Appends form and text to out: packed where that is shorter, else as it is. ESEP_LIMIT or
 * ESEP_NOMEM: out has no room for the longer of the two; out is as it was. */
ESEP_MUST_USE enum esep_status esep_compress(struct esep_compressor *compressor,
                                             struct esep_slice plain, struct esep_buf *out);
/* Appends form 0 and text. */
ESEP_MUST_USE enum esep_status esep_compress_not(struct esep_slice plain, struct esep_buf *out);

/* How long the message is, without unpacking it. ESEP_INVALID: no form, no zstd frame, or one that
 * does not say; ESEP_LIMIT: more than plain_max. */
ESEP_MUST_USE enum esep_status esep_packed_size(struct esep_slice packed, size_t plain_max,
                                                size_t *ret_plain);
/* The message, into out, which is cleared first. As esep_packed_size; ESEP_INVALID also: it does
 * not unpack, or not to that size. ESEP_NOMEM: out cannot grow to it. */
ESEP_MUST_USE enum esep_status esep_decompress(struct esep_compressor *compressor,
                                               struct esep_slice packed, size_t plain_max,
                                               struct esep_buf *out);

#endif
