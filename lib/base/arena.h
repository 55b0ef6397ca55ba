/* lib/base/arena.h - memory that is given back all at once.
 *
 * An arena hands out pieces of one block and forgets them together. A core takes its block at
 * start and never asks the system again; "full" is ESEP_LIMIT / NULL, a refusal, not a crash.
 *
 * Invariant: used <= size; every piece is 16-byte aligned.
 */
#ifndef ESEP_BASE_ARENA_H
#define ESEP_BASE_ARENA_H

#include "base/slice.h"

struct esep_arena {
    uint8_t *block;
    size_t size_bytes;
    size_t used_bytes;
};

/* Takes size_bytes from the heap. ESEP_NOMEM. */
ESEP_MUST_USE enum esep_status esep_arena_init(struct esep_arena *arena, size_t size_bytes);
void esep_arena_done(struct esep_arena *arena);
static inline void esep_arena_reset(struct esep_arena *arena)
{
    arena->used_bytes = 0;
}
/* NULL when full. The memory is not zeroed. */
void *esep_arena_alloc(struct esep_arena *arena, size_t size_bytes);
/* A copy; {NULL,0} when full and src.len > 0. */
struct esep_slice esep_arena_copy(struct esep_arena *arena, struct esep_slice src);
/* A NUL-terminated copy; NULL when full. */
char *esep_arena_str(struct esep_arena *arena, struct esep_slice src);

#endif
