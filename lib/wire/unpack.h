/* lib/wire/unpack.h - protobuf from strangers: a memory budget, UTF-8, nothing recursive.
 *
 * protobuf-c allocates for what the bytes claim; here it takes from an arena that the caller
 * sized, so a hostile frame can cost that much and no more. After unpacking, every string field at
 * every depth is checked to be valid UTF-8 without control characters but tab, CR and LF.
 * The message lives in the arena: there is nothing to free, reset the arena.
 */
#ifndef ESEP_WIRE_UNPACK_H
#define ESEP_WIRE_UNPACK_H

#include "base/arena.h"
#include "base/text.h"

#include <protobuf-c/protobuf-c.h>

/* ESEP_INVALID: not this message, or not UTF-8; ESEP_LIMIT: over the arena's budget. */
ESEP_MUST_USE enum esep_status esep_unpack(const ProtobufCMessageDescriptor *descriptor,
                                           struct esep_slice bytes, struct esep_arena *arena,
                                           const ProtobufCMessage **ret_message);
/* For a message of our own making: the name of the first text that no receiver would take, since
 * it is not UTF-8 or holds control characters; NULL: there is none. */
const char *esep_text_fault(const ProtobufCMessage *message);
/* Packs into a buf (appends). ESEP_LIMIT or ESEP_NOMEM. */
ESEP_MUST_USE enum esep_status esep_pack(const ProtobufCMessage *message, struct esep_buf *out);

static inline struct esep_slice esep_slice_pb(ProtobufCBinaryData data)
{
    return esep_slice(data.data, data.len);
}
/* Borrowed for packing only: protobuf-c's field is not const, and does not write. */
ProtobufCBinaryData esep_pb(const void *data, size_t len);

#endif
