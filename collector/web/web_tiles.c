/* collector/web/web_tiles.c - the log for everybody: its tree as tiles.
 *
 * C2SP tlog-tiles: /checkpoint is in web_checkpoint.c; /tile/L/N holds
 * 256 hashes of level 8 * L from number 256 * N on, /tile/L/N.p/W the first W of them where the log
 * has no more; /tile/entries/N the leaves themselves (wire/leaf.h), each behind its length as be16.
 * A leaf says that an office wrote, or that the commission did, and when; not what. Numbers of
 * three digits each, all but the last with an x before them.
 *
 * A tile never changes: it may be kept for ever. Whoever has all of them computes the root, and
 * holds it against the checkpoint: `esep-verify log`.
 */
#include "collector/web/web.h"
#include "wire/growth.h"
#include "wire/leaf.h"

#include <stdio.h>
#include <stdlib.h>

enum { TILE = 1 << VIEWS_NODE_LEVELS, LEVELS = 8 };
#define ENTRY_BYTES (2 + ESEP_LEAF_BYTES)

struct tile {
    bool entries;
    unsigned level; /* of tiles */
    uint64_t number;
    unsigned width;
};

/* "x001/x234/067": false where it is written otherwise than it would be. */
static bool read_number(const char **at, uint64_t *ret)
{
    bool more = true;
    *ret = 0;
    for (uint64_t least = 1; more; least *= 1000) {
        more = **at == 'x';
        *at += more ? 1 : 0;
        for (int i = 0; i < 3; i++, (*at)++) {
            if (**at < '0' || **at > '9' || *ret > UINT64_MAX / 10000)
                return false;
            *ret = *ret * 10 + (uint64_t)(**at - '0');
        }
        if (least > 1 && *ret < least)
            return false; /* it has fewer groups */
        if (more && *(*at)++ != '/')
            return false;
    }
    return true;
}

static bool read_tile(const char *rest, struct tile *ret)
{
    const char *at = rest;
    *ret = (struct tile){.width = TILE};
    ret->entries = strncmp(at, "entries/", 8) == 0;
    if (ret->entries) {
        at += 8;
    } else {
        if (at[0] < '0' || at[0] >= '0' + LEVELS || at[1] != '/')
            return false;
        ret->level = (unsigned)(at[0] - '0');
        at += 2;
    }
    if (!read_number(&at, &ret->number))
        return false;
    if (*at == '\0')
        return true;
    if (strncmp(at, ".p/", 3) != 0 || at[3] < '1' || at[3] > '9')
        return false;
    char *end = NULL;
    const unsigned long width = strtoul(at + 3, &end, 10);
    ret->width = (unsigned)width;
    return *end == '\0' && width < TILE;
}

struct filling {
    const struct tile *tile;
    uint8_t *out;
    size_t len;
    uint64_t next;
};

static bool add_leaf(void *context, uint64_t index, struct esep_slice leaf, struct esep_slice body)
{
    struct filling *f = context;
    (void)body;
    if (index != f->next++ || leaf.len != ESEP_LEAF_BYTES)
        return false;
    if (f->tile->entries) {
        f->out[f->len] = 0;
        f->out[f->len + 1] = ESEP_LEAF_BYTES;
        memcpy(f->out + f->len + 2, leaf.data, leaf.len);
        f->len += ENTRY_BYTES;
    } else {
        const struct esep_hash hash = esep_merkle_leaf(leaf);
        memcpy(f->out + f->len, hash.bytes, sizeof hash.bytes);
        f->len += sizeof hash.bytes;
    }
    return true;
}

static bool add_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct filling *f = context;
    uint8_t expected[VIEWS_NODE_KEY_BYTES];
    views_node_key((struct esep_merkle_place){f->tile->level * VIEWS_NODE_LEVELS, f->next++},
                   expected);
    if (!esep_slice_equal(key, esep_slice(expected, sizeof expected)) ||
        value.len != ESEP_HASH_BYTES)
        return false;
    memcpy(f->out + f->len, value.data, value.len);
    f->len += value.len;
    return f->len < f->tile->width * (size_t)ESEP_HASH_BYTES;
}

static enum esep_status fill(struct collector_log *log, struct filling *f)
{
    uint8_t key[VIEWS_NODE_KEY_BYTES];
    f->next = f->tile->number * TILE;
    if (f->tile->entries || f->tile->level == 0)
        return log->ops->read(log, f->next, f->tile->width, add_leaf, f, NULL);
    views_node_key((struct esep_merkle_place){f->tile->level * VIEWS_NODE_LEVELS, f->next}, key);
    return log->ops->rows(log, esep_slice(key, 2), esep_slice(key, sizeof key), add_row, f, NULL);
}

/* The log has so many nodes there. */
static bool is_there(const struct tile *tile, uint64_t size)
{
    const uint64_t nodes = size >> (tile->level * VIEWS_NODE_LEVELS);
    return tile->number <= nodes / TILE && tile->number * TILE + tile->width <= nodes;
}

void web_tile(const struct web_call *call)
{
    static const struct esep_http_field fields[] = {
        {"Content-Type", "application/octet-stream"},
        {"Cache-Control", "public, max-age=31536000, immutable"}};
    struct collector_log *log = call->web->state.log;
    uint8_t bytes[TILE * ENTRY_BYTES];
    struct tile tile;
    struct filling f = {.tile = &tile, .out = bytes};
    uint64_t size = 0;
    if (!read_tile(call->rest, &tile) || log->ops->size(log, &size) != ESEP_OK ||
        !is_there(&tile, size)) {
        web_problem(call->web, call->request, 404, "the log has no such tile");
        return;
    }
    const size_t each = tile.entries ? (size_t)ENTRY_BYTES : (size_t)ESEP_HASH_BYTES;
    if (fill(log, &f) != ESEP_OK || f.len != tile.width * each)
        web_problem(call->web, call->request, 503, "the store cannot be read now");
    else
        web_answer(call->web, call->request, 200, fields, 2, esep_slice(bytes, f.len));
}
