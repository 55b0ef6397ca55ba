/* lib/io/memory.c - see memory.h. What stands in /proc/self/smaps is read line by line, into the
 * stack alone: a list of mappings would be one more piece of heap. */
#include "io/memory.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct mapping {
    uintptr_t start, end;
    bool of_file, writable;
    bool clean; /* no private page of its own, as far as it has been read */
};

/* "7f..-7f.. r-xp offset device inode   /path" */
static bool take_head(const char *line, struct mapping *ret)
{
    unsigned long start = 0;
    unsigned long end = 0;
    char access[5] = "";
    if (sscanf(line, "%lx-%lx %4s", &start, &end, access) != 3)
        return false;
    *ret = (struct mapping){.start = start,
                            .end = end,
                            .of_file = strchr(line, '/') != NULL,
                            .writable = access[1] == 'w' && access[3] == 'p'};
    return true;
}

static void let_go(const struct mapping *m)
{
    union { /* the kernel's interface takes an address as a pointer */
        uintptr_t number;
        void *pointer;
    } at = {.number = m->start};
    if (m->of_file && !m->writable && m->clean)
        (void)madvise(at.pointer, m->end - m->start, MADV_DONTNEED);
}

void esep_memory_stay_small(void)
{
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, 128 << 10);
    (void)mallopt(M_TRIM_THRESHOLD, 128 << 10);
}

void esep_memory_give_back(void)
{
    char line[512];
    struct mapping mapping = {0};
    (void)malloc_trim(0);
    FILE *maps = fopen("/proc/self/smaps", "re");
    if (maps == NULL)
        return;
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long kib = 0;
        if (take_head(line, &mapping))
            continue;
        if (sscanf(line, "Anonymous: %lu kB", &kib) == 1) {
            mapping.clean = kib == 0;
            let_go(&mapping);
            mapping.clean = false;
        }
    }
    (void)fclose(maps);
}
