/* collector/collector_frame.c - one Batch, read where it lies.
 *
 * The generated code would copy every entry. Here a BATCH is walked by hand: entries stay slices of
 * the opened frame and are copied once, into the log's batch or the pool. Field numbers are those
 * of wire.proto; unknown fields are passed over, as protobuf does.
 */
#include "collector/collector_internal.h"

enum { FIRST_SEQ = 1, ENTRIES = 2, COMMITMENT = 3 };
enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

static bool take_varint(struct esep_slice *in, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 10 && i < in->len; i++) {
        uint8_t byte = in->data[i];
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0) {
            *in = esep_slice(in->data + i + 1, in->len - i - 1);
            *ret = value;
            return i < 9 || byte <= 1;
        }
    }
    return false;
}

static bool take_bytes(struct esep_slice *in, uint64_t len, struct esep_slice *ret)
{
    if (len > in->len)
        return false;
    *ret = esep_slice(in->data, (size_t)len);
    *in = esep_slice(in->data + len, in->len - (size_t)len);
    return true;
}

struct field {
    uint64_t id;
    uint64_t type;
    uint64_t number;
    struct esep_slice bytes;
};

static bool take_field(struct esep_slice *in, struct field *ret)
{
    uint64_t tag = 0;
    if (!take_varint(in, &tag))
        return false;
    ret->id = tag >> 3;
    ret->type = tag & 7;
    switch (ret->type) {
    case VARINT:
        return take_varint(in, &ret->number);
    case FIXED64:
        return take_bytes(in, 8, &ret->bytes);
    case FIXED32:
        return take_bytes(in, 4, &ret->bytes);
    case BYTES:
        return take_varint(in, &ret->number) && take_bytes(in, ret->number, &ret->bytes);
    default:
        return false;
    }
}

static bool read_commitment(struct collector *c, struct esep_slice bytes,
                            struct esep_commitment *ret)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&c->arena);
    return esep_unpack(&esep__v1__commitment__descriptor, bytes, &c->arena, &message) == ESEP_OK &&
           esep_commitment_read((const Esep__V1__Commitment *)message, ret) == ESEP_OK;
}

enum esep_status collector_batch_read(struct collector *c, struct esep_slice plain,
                                      struct collector_batch_frame *ret, struct esep_reason *reason)
{
    *ret = (struct collector_batch_frame){0};
    struct field field = {0};
    while (plain.len > 0) {
        if (!take_field(&plain, &field))
            return esep_because(reason, ESEP_INVALID, "BATCH cannot be read");
        if (field.id == FIRST_SEQ && field.type == VARINT) {
            ret->first_seq = field.number;
        } else if (field.id == ENTRIES && field.type == BYTES) {
            if (ret->count == COLLECTOR_FRAME_ENTRIES_MAX)
                return esep_because(reason, ESEP_INVALID, "more than %u entries in a BATCH",
                                    COLLECTOR_FRAME_ENTRIES_MAX);
            c->frame_entries[ret->count++] = field.bytes;
        } else if (field.id == COMMITMENT && field.type == BYTES) {
            if (ret->has_commitment || !read_commitment(c, field.bytes, &ret->commitment))
                return esep_because(reason, ESEP_INVALID, "BATCH has a malformed signed head");
            ret->has_commitment = true;
        }
    }
    if (ret->count > 0 && (ret->first_seq == 0 || ret->first_seq > UINT64_MAX / 2))
        return esep_because(reason, ESEP_INVALID, "BATCH does not say where it begins");
    return ESEP_OK;
}
