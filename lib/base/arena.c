/* lib/base/arena.c - a bump allocator over one block.
 *
 * Sizes are rounded up to 16, so that every piece is aligned for any type. The rounding is done
 * only after the size is known to fit: a hostile size near SIZE_MAX is refused, not wrapped.
 */
#include "base/arena.h"

#include <stdlib.h>

#define ALIGN 16u

enum esep_status esep_arena_init(struct esep_arena *arena, size_t size_bytes)
{
    *arena = (struct esep_arena){0};
    size_t size = size_bytes / ALIGN * ALIGN;
    if (size == 0)
        return ESEP_OK;
    arena->block = malloc(size);
    if (arena->block == NULL)
        return ESEP_NOMEM;
    arena->size_bytes = size;
    return ESEP_OK;
}

void esep_arena_done(struct esep_arena *arena)
{
    if (arena == NULL)
        return;
    free(arena->block);
    *arena = (struct esep_arena){0};
}

void *esep_arena_alloc(struct esep_arena *arena, size_t size_bytes)
{
    size_t left = arena->size_bytes - arena->used_bytes;
    if (size_bytes > left)
        return NULL;
    /* Cannot pass `left`: both are multiples of ALIGN once rounded. Nothing at all still gets a
     * place of its own, so that NULL means "full" and nothing else. */
    size_t size = size_bytes == 0 ? ALIGN : (size_bytes + (ALIGN - 1)) / ALIGN * ALIGN;
    if (size > left)
        return NULL;
    void *piece = arena->block + arena->used_bytes;
    arena->used_bytes += size;
    return piece;
}

struct esep_slice esep_arena_copy(struct esep_arena *arena, struct esep_slice src)
{
    if (src.len == 0)
        return esep_slice(NULL, 0);
    void *piece = esep_arena_alloc(arena, src.len);
    if (piece == NULL)
        return esep_slice(NULL, 0);
    memcpy(piece, src.data, src.len);
    return esep_slice(piece, src.len);
}

char *esep_arena_str(struct esep_arena *arena, struct esep_slice src)
{
    if (src.len == SIZE_MAX)
        return NULL;
    char *text = esep_arena_alloc(arena, src.len + 1);
    if (text == NULL)
        return NULL;
    if (src.len > 0)
        memcpy(text, src.data, src.len);
    text[src.len] = '\0';
    return text;
}
