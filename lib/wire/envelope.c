/* lib/wire/envelope.c - a strict reader and a canonical writer of the envelope.
 *
 * By hand, not by protobuf-c: the broker reads this for every frame of every stranger, and must
 * spend neither memory nor trust on it. There is exactly one accepted encoding of an envelope: each
 * field once, in ascending order, no default value written out, no longer integer than needed,
 * nothing unknown, nothing behind `sealed`. So a frame that was read and is written again gives the
 * same bytes, and no two frames mean the same: nothing can hide from whoever compares bytes.
 */
#include "wire/envelope.h"

#define WIRE_VARINT 0u
#define WIRE_BYTES 2u

enum field_id {
    FIELD_VERSION = 1,
    FIELD_KIND = 2,
    FIELD_SESSION = 3,
    FIELD_COUNTER = 4,
    FIELD_EPHEMERAL = 5,
    FIELD_LOG_ID = 6,
    FIELD_SEALED = 15,
};

/* max: of the number, or of the length. */
static const struct field {
    const char *name;
    uint64_t max;
    size_t exact_bytes; /* 0: any length */
    uint32_t wire_type;
} fields[FIELD_SEALED + 1] = {
    [FIELD_VERSION] = {"version", UINT32_MAX, 0, WIRE_VARINT},
    [FIELD_KIND] = {"kind", INT32_MAX, 0, WIRE_VARINT},
    [FIELD_SESSION] = {"session", ESEP_SESSION_ID_BYTES, ESEP_SESSION_ID_BYTES, WIRE_BYTES},
    [FIELD_COUNTER] = {"counter", UINT64_MAX, 0, WIRE_VARINT},
    [FIELD_EPHEMERAL] = {"ephemeral", 32, 32, WIRE_BYTES},
    [FIELD_LOG_ID] = {"log_id", 32, 32, WIRE_BYTES},
    [FIELD_SEALED] = {"sealed", UINT32_MAX, 0, WIRE_BYTES},
};

/* The shortest form of a 64-bit integer, or false. */
static bool take_varint(struct esep_slice *in, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < in->len; i++) {
        uint8_t byte = in->data[i];
        if (i == 9 && byte > 1)
            return false; /* over 64 bits: no more than ten bytes are looked at */
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0) {
            if (byte == 0 && i > 0)
                return false; /* longer than needed */
            *in = esep_slice(in->data + i + 1, in->len - i - 1);
            *ret = value;
            return true;
        }
    }
    return false;
}

static void set_number(struct esep_envelope *envelope, uint64_t id, uint64_t value)
{
    if (id == FIELD_VERSION)
        envelope->version = (uint32_t)value;
    else if (id == FIELD_KIND)
        envelope->kind = (Esep__V1__Kind)value;
    else
        envelope->counter = value;
}

static void set_bytes(struct esep_envelope *envelope, uint64_t id, struct esep_slice value)
{
    if (id == FIELD_SESSION)
        envelope->session = value;
    else if (id == FIELD_EPHEMERAL)
        envelope->ephemeral = value;
    else if (id == FIELD_LOG_ID)
        envelope->log_id = value;
    else
        envelope->sealed = value;
}

static enum esep_status take_field(struct esep_slice *in, uint64_t *last_id,
                                   struct esep_envelope *envelope, struct esep_reason *reason)
{
    uint64_t tag = 0;
    uint64_t value = 0;
    if (!take_varint(in, &tag))
        return esep_because(reason, ESEP_INVALID, "envelope: a field's tag cannot be read");
    uint64_t id = tag >> 3;
    const struct field *field = id <= FIELD_SEALED ? &fields[id] : NULL;
    if (field == NULL || field->name == NULL)
        return esep_because(reason, ESEP_INVALID, "envelope: an unknown field");
    if (field->wire_type != (tag & 7))
        return esep_because(reason, ESEP_INVALID, "envelope: %s has a wrong wire type",
                            field->name);
    if (id <= *last_id)
        return esep_because(reason, ESEP_INVALID, "envelope: %s is repeated or out of order",
                            field->name);
    *last_id = id;
    if (!take_varint(in, &value) || value > field->max || value == 0)
        return esep_because(reason, ESEP_INVALID, "envelope: %s has a bad value or length",
                            field->name);
    if (field->wire_type == WIRE_VARINT) {
        set_number(envelope, id, value);
        return ESEP_OK;
    }
    if (value > in->len || (field->exact_bytes != 0 && value != field->exact_bytes))
        return esep_because(reason, ESEP_INVALID, "envelope: %s has a wrong length", field->name);
    set_bytes(envelope, id, esep_slice(in->data, (size_t)value));
    *in = esep_slice(in->data + value, in->len - (size_t)value);
    return ESEP_OK;
}

enum esep_status esep_envelope_read(struct esep_slice frame, struct esep_envelope *ret_envelope,
                                    struct esep_reason *reason)
{
    struct esep_envelope envelope = {0};
    uint64_t last_id = 0;
    while (frame.len > 0) {
        enum esep_status status = take_field(&frame, &last_id, &envelope, reason);
        if (status != ESEP_OK)
            return status;
    }
    if (envelope.session.len != ESEP_SESSION_ID_BYTES)
        return esep_because(reason, ESEP_INVALID, "envelope: session is missing");
    /* The associated data does not say which of the two it holds: only one reading may exist. */
    if (envelope.log_id.len > 0 && envelope.ephemeral.len == 0)
        return esep_because(reason, ESEP_INVALID, "envelope: log_id without ephemeral");
    *ret_envelope = envelope;
    return ESEP_OK;
}

static size_t put_varint(uint8_t *out, uint64_t value)
{
    size_t len = 0;
    while (value >= 0x80) {
        out[len++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[len++] = (uint8_t)value;
    return len;
}

static size_t put_number(uint8_t *out, enum field_id id, uint64_t value)
{
    if (value == 0)
        return 0;
    out[0] = (uint8_t)((unsigned)id << 3 | WIRE_VARINT);
    return 1 + put_varint(out + 1, value);
}

static size_t put_bytes(uint8_t *out, enum field_id id, struct esep_slice value)
{
    if (value.len == 0)
        return 0;
    ESEP_ASSERT(value.len == fields[id].exact_bytes);
    size_t len = put_number(out, id, value.len);
    out[0] = (uint8_t)((unsigned)id << 3 | WIRE_BYTES);
    memcpy(out + len, value.data, value.len);
    return len + value.len;
}

enum esep_status esep_envelope_write_head(const struct esep_envelope *envelope, size_t sealed_len,
                                          struct esep_buf *out)
{
    uint8_t head[ESEP_ENVELOPE_HEAD_MAX];
    ESEP_ASSERT(envelope->session.len == ESEP_SESSION_ID_BYTES);
    if (sealed_len > UINT32_MAX)
        return ESEP_LIMIT;
    size_t len = put_number(head, FIELD_VERSION, envelope->version);
    len += put_number(head + len, FIELD_KIND, (uint32_t)envelope->kind);
    len += put_bytes(head + len, FIELD_SESSION, envelope->session);
    len += put_number(head + len, FIELD_COUNTER, envelope->counter);
    len += put_bytes(head + len, FIELD_EPHEMERAL, envelope->ephemeral);
    len += put_bytes(head + len, FIELD_LOG_ID, envelope->log_id);
    if (sealed_len > 0) {
        size_t tag = len;
        len += put_number(head + len, FIELD_SEALED, sealed_len);
        head[tag] = FIELD_SEALED << 3 | WIRE_BYTES;
    }
    return esep_buf_put(out, head, len);
}

size_t esep_envelope_ad(const struct esep_envelope *envelope, uint8_t out[ESEP_ENVELOPE_AD_MAX])
{
    static const char tag[] = "esep/envelope/v1";
    size_t len = sizeof tag - 1;
    memcpy(out, tag, len);
    esep_be32_put(out + len, envelope->version);
    esep_be32_put(out + len + 4, (uint32_t)envelope->kind);
    len += 8;
    memcpy(out + len, envelope->session.data, ESEP_SESSION_ID_BYTES);
    len += ESEP_SESSION_ID_BYTES;
    esep_be64_put(out + len, envelope->counter);
    len += 8;
    const struct esep_slice last[] = {envelope->ephemeral, envelope->log_id};
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++) {
        ESEP_ASSERT(last[i].len == 0 || last[i].len == 32);
        if (last[i].len > 0)
            memcpy(out + len, last[i].data, last[i].len);
        len += last[i].len;
    }
    return len;
}
