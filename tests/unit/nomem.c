/* tests/unit/nomem.c - the wrapped allocations, and those of the tests, which never fail. */
#include "nomem.h"

#include <stddef.h>

/* What ld --wrap calls them. */
void *nomem_malloc(size_t size) __asm__("__wrap_malloc");
void *nomem_calloc(size_t count, size_t size) __asm__("__wrap_calloc");
void *nomem_realloc(void *piece, size_t size) __asm__("__wrap_realloc");
void *nomem_true_malloc(size_t size) __asm__("__real_malloc");
void *nomem_true_calloc(size_t count, size_t size) __asm__("__real_calloc");
void *nomem_true_realloc(void *piece, size_t size) __asm__("__real_realloc");
/* What the test's own sources call instead. */
void *nomem_never_malloc(size_t size);
void *nomem_never_calloc(size_t count, size_t size);
void *nomem_never_realloc(void *piece, size_t size);

static unsigned left;
static bool fired;
static bool inside_alone;
static unsigned inside;
static size_t least;

void nomem_arm(unsigned nth)
{
    left = nth;
    fired = false;
    inside_alone = false;
    least = 0;
}

void nomem_arm_large(unsigned long bytes)
{
    nomem_arm_inside(1);
    least = bytes;
}

void nomem_arm_inside(unsigned nth)
{
    nomem_arm(nth);
    inside_alone = true;
}

void nomem_enter(void)
{
    inside++;
}

void nomem_leave(void)
{
    inside--;
}

bool nomem_disarm(void)
{
    left = 0;
    return fired;
}

static bool fails(size_t size)
{
    if ((inside_alone && inside == 0) || size < least)
        return false;
    bool now = left == 1;
    left -= left > 0 ? 1 : 0;
    fired = fired || now;
    return now;
}

void *nomem_malloc(size_t size)
{
    return fails(size) ? NULL : nomem_true_malloc(size);
}

void *nomem_calloc(size_t count, size_t size)
{
    return fails(count * size) ? NULL : nomem_true_calloc(count, size);
}

void *nomem_realloc(void *piece, size_t size)
{
    return fails(size) ? NULL : nomem_true_realloc(piece, size);
}

void *nomem_never_malloc(size_t size)
{
    return nomem_true_malloc(size);
}

void *nomem_never_calloc(size_t count, size_t size)
{
    return nomem_true_calloc(count, size);
}

void *nomem_never_realloc(void *piece, size_t size)
{
    return nomem_true_realloc(piece, size);
}
