/* lib/wire/unpack.c - protobuf-c with a budget, and its strings looked at.
 *
 * protobuf-c keeps no length of a string, so a NUL inside one would hide what follows. The arena
 * allocator therefore writes each piece's size in front of it: the check sees all bytes that came,
 * and needs no strlen. The walk follows the descriptors; our messages are not recursive, so its
 * depth is the schema's, not the sender's.
 */
#include "wire/unpack.h"

#define PREFIX_BYTES 16u /* room for the size, and the alignment of what follows */

struct budget {
    struct esep_arena *arena;
    bool exceeded;
};

static void *budget_alloc(void *data, size_t size)
{
    struct budget *budget = data;
    uint8_t *piece = size <= budget->arena->size_bytes /* so that the sum cannot wrap */
                         ? esep_arena_alloc(budget->arena, size + PREFIX_BYTES)
                         : NULL;
    if (piece == NULL) {
        budget->exceeded = true;
        return NULL;
    }
    memcpy(piece, &size, sizeof size);
    return piece + PREFIX_BYTES;
}

static void budget_free(void *data, void *piece)
{
    (void)data; /* the arena is given back as a whole */
    (void)piece;
}

typedef bool text_valid_fn(const char *text);

/* As budget_alloc put it there. */
static bool unpacked_text_valid(const char *text)
{
    if (text == NULL || text == protobuf_c_empty_string)
        return true;
    size_t size = 0;
    memcpy(&size, text - PREFIX_BYTES, sizeof size);
    return esep_utf8_valid(esep_slice(text, size - 1)); /* without protobuf-c's own NUL */
}

static bool own_text_valid(const char *text)
{
    return esep_utf8_valid(esep_slice_str(text));
}

static const char *message_fault(const ProtobufCMessage *message, text_valid_fn *valid);

/* The name of the field at fault, here or within; NULL: none is. */
static const char *value_fault(const ProtobufCFieldDescriptor *field, const void *value,
                               text_valid_fn *valid)
{
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return valid(*(const char *const *)value) ? NULL : field->name;
    const ProtobufCMessage *sub = *(const ProtobufCMessage *const *)value;
    return sub == NULL ? NULL : message_fault(sub, valid);
}

static const char *field_fault(const ProtobufCMessage *message,
                               const ProtobufCFieldDescriptor *field, text_valid_fn *valid)
{
    const uint8_t *base = (const uint8_t *)message;
    const void *value = base + field->offset;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        /* The union holds this member only where the case says so. */
        const uint32_t *chosen = (const void *)(base + field->quantifier_offset);
        return *chosen != field->id ? NULL : value_fault(field, value, valid);
    }
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return value_fault(field, value, valid);
    const size_t *count = (const void *)(base + field->quantifier_offset);
    const void *const *values = *(const void *const *const *)value;
    const char *fault = NULL;
    for (size_t i = 0; i < *count && fault == NULL; i++)
        fault = value_fault(field, &values[i], valid);
    return fault;
}

static const char *message_fault(const ProtobufCMessage *message, text_valid_fn *valid)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    const char *fault = NULL;
    /* protobuf-c lets field number 0 pass in a long form, and would write what it cannot read. */
    for (unsigned i = 0; i < message->n_unknown_fields; i++) {
        if (message->unknown_fields[i].tag == 0)
            return "field number 0";
    }
    for (unsigned i = 0; i < descriptor->n_fields && fault == NULL; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
            fault = field_fault(message, field, valid);
    }
    return fault;
}

const char *esep_text_fault(const ProtobufCMessage *message)
{
    return message_fault(message, own_text_valid);
}

enum esep_status esep_unpack(const ProtobufCMessageDescriptor *descriptor, struct esep_slice bytes,
                             struct esep_arena *arena, const ProtobufCMessage **ret_message)
{
    static const uint8_t nothing[1];
    struct budget budget = {.arena = arena};
    ProtobufCAllocator allocator = {
        .alloc = budget_alloc, .free = budget_free, .allocator_data = &budget};
    const ProtobufCMessage *message = protobuf_c_message_unpack(
        descriptor, &allocator, bytes.len, bytes.len > 0 ? bytes.data : nothing);
    if (message == NULL)
        return budget.exceeded ? ESEP_LIMIT : ESEP_INVALID;
    if (message_fault(message, unpacked_text_valid) != NULL)
        return ESEP_INVALID;
    *ret_message = message;
    return ESEP_OK;
}

enum esep_status esep_pack(const ProtobufCMessage *message, struct esep_buf *out)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    enum esep_status status = esep_buf_reserve(out, size);
    if (status != ESEP_OK || size == 0)
        return status;
    size_t written = protobuf_c_message_pack(message, out->data + out->len);
    ESEP_ASSERT(written == size);
    out->len += size;
    return ESEP_OK;
}

ProtobufCBinaryData esep_pb(const void *data, size_t len)
{
    return (ProtobufCBinaryData){.len = len, .data = (uint8_t *)(uintptr_t)data};
}
