/* tests/fuzz/pool.c - large blocks, kept from one input for the next; linked with --wrap.
 *
 * Under ASan a block of megabytes costs its shadow: an eighth of it mapped, written, written again
 * when it is freed, and unmapped, though the code under test may touch a hundred bytes of it. Views
 * and cores take dozens of megabytes when they are made, and a target makes them for each input:
 * nine tenths of its time went there. Here such a block stays mapped, and is given out again, the
 * longest unused first, to whoever asks for its size or a little less.
 *
 * What a sanitizer sees: a block given out again ends, for ASan, at the size that was asked for,
 * and begins with a pattern (malloc) or is zero (calloc); a freed one is poisoned, of a large one
 * the first megabyte, for arenas and rings fill from the front; a block that nobody freed and
 * nobody points to is a leak, since the table names live blocks in a form that LeakSanitizer cannot
 * read. What it sees no more: a use after the free where the block has been given out again.
 *
 * The libraries of the system do not pass through here: --wrap binds our own objects alone.
 */
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE_BYTES ((size_t)48 << 10)
#define BLOCKS_MAX 256u
#define FILL_BYTES ((size_t)4096)
#define POISON_BYTES ((size_t)1 << 20)
#define PAGE_BYTES ((uintptr_t)4096)

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_reallocarray(void *block, size_t count, size_t size);
void __wrap_free(void *block);

struct block {
    uintptr_t hidden; /* the address, complemented, of a live block; 0 of a kept one */
    void *kept;
    size_t size, room;
    uint64_t freed; /* when, counted in frees */
};
static struct block blocks[BLOCKS_MAX];
static size_t block_count;
static uint64_t frees;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The size rounded up by a quarter at most, so that sizes that follow the input's meet again. */
static size_t room_for(size_t size)
{
    size_t step = LARGE_BYTES / 4;
    while (step < size / 8)
        step *= 2;
    return (size + step - 1) / step * step;
}

static void give(struct block *b, void *address, size_t size)
{
    b->hidden = ~(uintptr_t)address;
    b->kept = NULL;
    b->size = size;
    __asan_unpoison_memory_region(address, least(b->room, POISON_BYTES));
    __asan_poison_memory_region((char *)address + size, b->room - size);
}

/* NULL: none that fits is kept. */
static void *take(size_t size, size_t room)
{
    struct block *oldest = NULL;
    void *found = NULL;
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < block_count; i++) {
        struct block *b = &blocks[i];
        if (b->kept != NULL && b->room == room && (oldest == NULL || b->freed < oldest->freed))
            oldest = b;
    }
    if (oldest != NULL) {
        found = oldest->kept;
        __asan_unpoison_memory_region((char *)found + oldest->size, room - oldest->size);
        give(oldest, found, size);
    }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

/* A new block of the pool; where the table is full it is one of ASan's like any other. */
static void *make(size_t size, size_t room)
{
    void *block = NULL;
    (void)pthread_mutex_lock(&lock);
    if (block_count < BLOCKS_MAX)
        block = __real_malloc(room);
    if (block != NULL) {
        blocks[block_count].room = room;
        give(&blocks[block_count++], block, size);
    }
    (void)pthread_mutex_unlock(&lock);
    return block;
}

/* The size of a live block of the pool; 0: it is none. Where asked to, it is kept from now on. */
static size_t find(const void *block, bool keep)
{
    size_t size = 0;
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < block_count && size == 0; i++) {
        struct block *b = &blocks[i];
        if (b->hidden != ~(uintptr_t)block)
            continue;
        size = b->size;
        if (keep) {
            b->kept = (void *)~b->hidden;
            b->hidden = 0;
            b->freed = ++frees;
            __asan_poison_memory_region(b->kept, least(b->room, POISON_BYTES));
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return size;
}

/* Whole pages come back from the kernel as zeros when they are touched, and most never are. */
static void zero(uint8_t *block, size_t size)
{
    uint8_t *first = block + (PAGE_BYTES - (uintptr_t)block % PAGE_BYTES) % PAGE_BYTES;
    const size_t pages = (size - (size_t)(first - block)) / PAGE_BYTES * PAGE_BYTES;
    if (size < POISON_BYTES || madvise(first, pages, MADV_DONTNEED) != 0) {
        memset(block, 0, size);
        return;
    }
    memset(block, 0, (size_t)(first - block));
    memset(first + pages, 0, (size_t)(block + size - first) - pages);
}

void *__wrap_malloc(size_t size)
{
    if (size < LARGE_BYTES || size > SIZE_MAX / 2)
        return __real_malloc(size);
    const size_t room = room_for(size);
    void *block = take(size, room);
    if (block == NULL && (block = make(size, room)) == NULL)
        return __real_malloc(size);
    return memset(block, 0xbe, FILL_BYTES);
}

void *__wrap_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes < LARGE_BYTES || bytes > SIZE_MAX / 2)
        return __real_calloc(count, size);
    const size_t room = room_for(bytes);
    void *block = take(bytes, room);
    if (block == NULL && (block = make(bytes, room)) == NULL)
        return __real_calloc(count, size);
    zero(block, bytes);
    return block;
}

void *__wrap_realloc(void *block, size_t size)
{
    const size_t was = block != NULL ? find(block, false) : 0;
    if (block == NULL)
        return __wrap_malloc(size);
    if (was == 0)
        return __real_realloc(block, size);
    void *moved = __wrap_malloc(size > 0 ? size : 1);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, least(was, size));
    __wrap_free(block);
    return moved;
}

void *__wrap_reallocarray(void *block, size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : __wrap_realloc(block, bytes);
}

void __wrap_free(void *block)
{
    if (block == NULL || find(block, true) == 0)
        __real_free(block);
}
