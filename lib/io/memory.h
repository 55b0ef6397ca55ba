/* lib/io/memory.h - a daemon that is small gives back what it no longer needs.
 *
 * Two kinds of pages stay in a process that nobody uses any more: free pieces of the heap, and
 * pages of programs, libraries and mapped files that only the start, or one long reading, took. The
 * former are asked for again when they are needed; the latter are read again from the page cache.
 * Nothing that was written to is let go: a mapping that has private pages of its own stays as it
 * is. So it changes what the process weighs, and never what it computes.
 */
#ifndef ESEP_IO_MEMORY_H
#define ESEP_IO_MEMORY_H

/* For the start of a daemon: one heap for all threads, and blocks of 128 KiB and more by
 * themselves, given back when they are freed. (Else the first large block that is freed makes the
 * heap take in those that come after it.) */
void esep_memory_stay_small(void);
/* Takes some milliseconds: for the end of a start, and when a larger piece of work is done. */
void esep_memory_give_back(void);

#endif
