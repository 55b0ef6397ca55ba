/* agent/batch_text.c - tags, varints, copies. */
#include "agent/batch_text.h"

#define TAG_FIRST_SEQ 0x08u
#define TAG_ENTRY 0x12u
#define TAG_COMMITMENT 0x1au

static size_t varint_len(uint64_t v)
{
    size_t n = 1;
    while (v >= 0x80) {
        v >>= 7;
        n++;
    }
    return n;
}

static uint8_t *varint_put(uint8_t *p, uint64_t v)
{
    while (v >= 0x80) {
        *p++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *p++ = (uint8_t)v;
    return p;
}

size_t agent_batch_cost(struct esep_slice entry)
{
    return 1 + varint_len(entry.len) + entry.len;
}

static uint8_t *room(struct esep_buf *out, size_t most)
{
    ESEP_ASSERT(out->cap - out->len >= most);
    return out->data + out->len;
}

static void taken(struct esep_buf *out, const uint8_t *end)
{
    out->len = (size_t)(end - out->data);
}

void agent_batch_put_first(struct esep_buf *out, uint64_t first_seq)
{
    uint8_t *p = room(out, AGENT_BATCH_FIRST_MAX);
    *p++ = TAG_FIRST_SEQ;
    taken(out, varint_put(p, first_seq));
}

void agent_batch_put_entry(struct esep_buf *out, struct esep_slice entry)
{
    uint8_t *p = room(out, agent_batch_cost(entry));
    *p++ = TAG_ENTRY;
    p = varint_put(p, entry.len);
    if (entry.len > 0)
        memcpy(p, entry.data, entry.len);
    taken(out, p + entry.len);
}

void agent_batch_put_commitment(struct esep_buf *out, const struct esep_commitment *commitment)
{
    Esep__V1__Commitment message = ESEP__V1__COMMITMENT__INIT;
    esep_commitment_write(commitment, &message);
    size_t len = esep__v1__commitment__get_packed_size(&message);
    ESEP_ASSERT(1 + varint_len(len) + len <= AGENT_BATCH_COMMITMENT_MAX);
    uint8_t *p = room(out, AGENT_BATCH_COMMITMENT_MAX);
    *p++ = TAG_COMMITMENT;
    p = varint_put(p, len);
    taken(out, p + esep__v1__commitment__pack(&message, p));
}
