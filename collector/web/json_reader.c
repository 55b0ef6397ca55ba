/* collector/web/json_reader.c - one log entry after the other, unpacked: see json_parts.h. */
#include "collector/web/json_parts.h"
#include "domain/report.h"
#include "wire/statement.h"
#include "wire/unpack.h"

enum { ENTRY_BYTES = 16 << 20, MESSAGE_BYTES = 8 << 20 };

enum esep_status web_reader_init(struct web_reader *reader, const struct web_ask *ask)
{
    *reader = (struct web_reader){.log = ask->state->log};
    esep_buf_init(&reader->bytes, ENTRY_BYTES);
    return esep_arena_init(&reader->arena, MESSAGE_BYTES);
}

void web_reader_done(struct web_reader *reader)
{
    esep_buf_done(&reader->bytes);
    esep_arena_done(&reader->arena);
}

static const ProtobufCMessageDescriptor *descriptor_of(Esep__V1__LogType type)
{
    switch (type) {
    case ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY:
        return &esep__v1__journal_entry__descriptor;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_REVIEW:
        return &esep__v1__review__descriptor;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_EXTENSION:
        return &esep__v1__extension__descriptor;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_CONTROL:
        return &esep__v1__control__descriptor;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_ALERT:
        return &esep__v1__alert__descriptor;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_PLAN:
        return &esep__v1__plan_change__descriptor;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_KEY:
        return &esep__v1__key_change__descriptor;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_RIGHTS:
        return &esep__v1__office_rights__descriptor;
    case ESEP__V1__LOG_TYPE__LOG_TYPE_ALARM:
        return &esep__v1__alarm__descriptor;
    default:
        return NULL;
    }
}

enum esep_status web_reader_read(struct web_reader *reader, uint64_t index, struct web_entry *ret,
                                 struct esep_reason *reason)
{
    struct web_entry entry = {.index = index};
    esep_buf_clear(&reader->bytes);
    esep_arena_reset(&reader->arena);
    enum esep_status status = collector_state_entry(reader->log, index, &reader->bytes, reason);
    if (status != ESEP_OK)
        return status;
    status = esep_leaf_unpack(esep_slice(reader->bytes.data, ESEP_LEAF_BYTES), &entry.leaf);
    if (status != ESEP_OK)
        return status;
    const struct esep_slice body =
        esep_slice(reader->bytes.data + ESEP_LEAF_BYTES, reader->bytes.len - ESEP_LEAF_BYTES);
    const ProtobufCMessageDescriptor *descriptor = descriptor_of(entry.leaf.type);
    /* What an office sent may be unreadable: that is said, and is no trouble of the server's. */
    if (descriptor == NULL ||
        esep_unpack(descriptor, body, &reader->arena, &entry.message) != ESEP_OK)
        entry.message = NULL;
    if (entry.leaf.type == ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY)
        entry.content = esep_content_hash(body);
    *ret = entry;
    return ESEP_OK;
}
