/* tests/power/record.h - a recorder around write and sync.
 *
 * interpose.c takes the place of libc's calls that change files (open, write, pwrite, writev,
 * fsync, fdatasync, ftruncate, rename, link, unlink, mkdir, mkostemp, fopen/fclose …), in a program
 * that links it, or in any program through LD_PRELOAD (env.c). Calls go on to the kernel; those on
 * files below a watched folder are also told to a sink, in their order, as operations of disk.h. A
 * descriptor opened with O_DSYNC or O_SYNC flushes each write: a WRITE and a SYNC of its range.
 * LMDB's meta page goes this way, its other pages by pwrite and fdatasync.
 *
 * One lock goes over the call and the telling, so that the order told is the order done; between
 * processes the env's lock on the record does the same.
 *
 * It can also make calls fail: the nth write or sync from now, with an errno, or a short write. A
 * sync that fails is told as LOST: the pages are clean now, and perhaps not on the disk.
 *
 * Not seen: writes through a mapping (LMDB's lock file only), descriptors that are duplicated, what
 * stdio writes before fclose.
 */
#ifndef TESTS_POWER_RECORD_H
#define TESTS_POWER_RECORD_H

#include "disk.h"

#include <sys/types.h>
#include <sys/uio.h>

#define POWER_WATCHED 16

typedef void power_sink_fn(void *context, const struct power_op *op);
/* folder must exist. Returns the slot, for power_unwatch. */
int power_watch(const char *folder, power_sink_fn *sink, void *context);
void power_unwatch(int slot);

struct power_fault {
    bool sync;      /* else of writes, truncations and changes of names */
    uint64_t after; /* so many go well first */
    uint64_t count; /* then so many fail; 0: no fault */
    int error;      /* 0: a short write, of half */
    int slot;       /* of this folder alone; -1: of any */
};
void power_fail(const struct power_fault *fault);
/* How many failed since power_fail. */
uint64_t power_failed(void);

/* For env.c: around each operation; a sleep between a write and its flush, or an end there; a last
 * chance to make an operation fail (returns its errno, 0: none). */
struct power_hooks {
    void (*lock)(void);
    void (*unlock)(void);
    unsigned slow_ms;
    const char *gate; /* the first write that flushes makes "gate.here", waits for this file, is
                         done, and not flushed: the process dies there, others see what it wrote */
    int (*trigger)(bool sync);
};
extern struct power_hooks power_hooks;

/* For interpose.c. */
struct power_place {
    int slot; /* -1: not below a watched folder */
    char name[512];
};
bool power_watching(void);
void power_place_of(int folder_fd, const char *path, struct power_place *ret);
void power_place_of_folder(int fd, struct power_place *ret);
bool power_tracked(int fd);
void power_enter(void);
void power_leave(void);
/* The errno with which the operation has to fail, 0: none; -1: a short write. */
int power_judge(bool sync, int slot);
void power_tell(int slot, const struct power_op *op);
void power_opened(int fd, const struct power_place *place, int flags, bool existed, bool stdio);
void power_closed(int fd);
bool power_is_stdio(int fd);
ssize_t power_write(int fd, const struct iovec *parts, int count, off_t offset);
int power_sync(int fd, int (*sync)(int fd));
int power_truncate(int fd, off_t len);
void power_snapshot(int fd); /* all that is in it, as one write */

#endif
