/* collector/collector_queue.c - bytes that wait, in blocks of one pool.
 *
 * Entries wait at the collector until a signed head covers them. Many sessions wait at once and
 * none knows how much will come, so they share blocks of one size: no fragmentation, a bound for
 * all together, and a session that waits for nothing holds nothing. A queue is a stream of bytes;
 * an entry may lie across blocks, since it is copied once more, into the batch.
 */
#include "collector/collector_internal.h"

#include <stdlib.h>

enum esep_status collector_pool_init(struct collector *c)
{
    c->block_count = (uint32_t)(c->config.ingest_bytes_max / COLLECTOR_BLOCK_BYTES);
    c->blocks = malloc((size_t)c->block_count * COLLECTOR_BLOCK_BYTES);
    c->block_next = malloc((size_t)c->block_count * sizeof *c->block_next);
    if (c->blocks == NULL || c->block_next == NULL)
        return ESEP_NOMEM;
    for (uint32_t i = 0; i < c->block_count; i++)
        c->block_next[i] = i + 1 < c->block_count ? i + 1 : COLLECTOR_NONE;
    c->block_free = 0;
    c->block_free_count = c->block_count;
    return ESEP_OK;
}

void collector_queue_init(struct collector_queue *queue)
{
    *queue = (struct collector_queue){.first = COLLECTOR_NONE, .last = COLLECTOR_NONE};
}

bool collector_queue_room(const struct collector *c, const struct collector_queue *queue,
                          size_t len)
{
    size_t here = queue->last == COLLECTOR_NONE ? 0 : COLLECTOR_BLOCK_BYTES - queue->write_at;
    return len <= here ||
           (len - here + COLLECTOR_BLOCK_BYTES - 1) / COLLECTOR_BLOCK_BYTES <= c->block_free_count;
}

static void add_block(struct collector *c, struct collector_queue *queue)
{
    ESEP_ASSERT(c->block_free != COLLECTOR_NONE);
    uint32_t block = c->block_free;
    c->block_free = c->block_next[block];
    c->block_free_count--;
    c->block_next[block] = COLLECTOR_NONE;
    if (queue->last == COLLECTOR_NONE) {
        queue->first = block;
        queue->read_at = 0;
    } else {
        c->block_next[queue->last] = block;
    }
    queue->last = block;
    queue->write_at = 0;
}

static void drop_first(struct collector *c, struct collector_queue *queue)
{
    uint32_t block = queue->first;
    queue->first = c->block_next[block];
    queue->read_at = 0;
    if (queue->first == COLLECTOR_NONE)
        queue->last = COLLECTOR_NONE;
    c->block_next[block] = c->block_free;
    c->block_free = block;
    c->block_free_count++;
}

static uint8_t *block_at(const struct collector *c, uint32_t block, uint32_t at)
{
    return c->blocks + (size_t)block * COLLECTOR_BLOCK_BYTES + at;
}

void collector_queue_put(struct collector *c, struct collector_queue *queue, const void *data,
                         size_t len)
{
    const uint8_t *from = data;
    queue->bytes += len;
    while (len > 0) {
        if (queue->last == COLLECTOR_NONE || queue->write_at == COLLECTOR_BLOCK_BYTES)
            add_block(c, queue);
        size_t piece = COLLECTOR_BLOCK_BYTES - queue->write_at;
        if (piece > len)
            piece = len;
        memcpy(block_at(c, queue->last, queue->write_at), from, piece);
        queue->write_at += (uint32_t)piece;
        from += piece;
        len -= piece;
    }
}

void collector_queue_get(struct collector *c, struct collector_queue *queue, void *out, size_t len)
{
    struct collector_cursor cursor = collector_queue_start(queue);
    collector_cursor_get(c, &cursor, out, len);
    queue->bytes -= len;
    while (queue->first != cursor.block)
        drop_first(c, queue);
    queue->read_at = cursor.at;
    if (queue->bytes == 0)
        collector_queue_clear(c, queue);
}

void collector_queue_clear(struct collector *c, struct collector_queue *queue)
{
    while (queue->first != COLLECTOR_NONE)
        drop_first(c, queue);
    collector_queue_init(queue);
}

struct collector_cursor collector_queue_start(const struct collector_queue *queue)
{
    return (struct collector_cursor){
        .block = queue->first, .at = queue->read_at, .left = queue->bytes};
}

void collector_cursor_get(const struct collector *c, struct collector_cursor *cursor, void *out,
                          size_t len)
{
    uint8_t *to = out;
    ESEP_ASSERT(len <= cursor->left);
    cursor->left -= len;
    while (len > 0) {
        if (cursor->at == COLLECTOR_BLOCK_BYTES) {
            cursor->block = c->block_next[cursor->block];
            cursor->at = 0;
        }
        size_t piece = COLLECTOR_BLOCK_BYTES - cursor->at;
        if (piece > len)
            piece = len;
        if (to != NULL) {
            memcpy(to, block_at(c, cursor->block, cursor->at), piece);
            to += piece;
        }
        cursor->at += (uint32_t)piece;
        len -= piece;
    }
}

void collector_queue_cut(struct collector *c, struct collector_queue *queue,
                         const struct collector_cursor *cursor)
{
    queue->bytes -= cursor->left;
    ESEP_ASSERT(queue->bytes > 0); /* else it is cleared */
    uint32_t extra = c->block_next[cursor->block];
    c->block_next[cursor->block] = COLLECTOR_NONE;
    queue->last = cursor->block;
    queue->write_at = cursor->at;
    while (extra != COLLECTOR_NONE) {
        uint32_t next = c->block_next[extra];
        c->block_next[extra] = c->block_free;
        c->block_free = extra;
        c->block_free_count++;
        extra = next;
    }
}
