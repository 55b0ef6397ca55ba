/* tests/power/record.c - which descriptors are watched, what is told of them, and which operation
 * fails; see record.h. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FDS 4096
#define SHORT_WRITE (-1)

struct watched {
    power_sink_fn *sink;
    void *context;
    char folder[PATH_MAX];
};
struct descriptor {
    bool tracked;
    bool folder, flushes, appends, stdio;
    int slot;
    uint64_t number;
    char name[512];
};

struct power_hooks power_hooks;
static struct watched watched[POWER_WATCHED];
static int watched_count;
static struct descriptor descriptors[FDS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct power_fault fault;
static uint64_t failed;

void power_enter(void)
{
    (void)pthread_mutex_lock(&mutex);
    if (power_hooks.lock != NULL)
        power_hooks.lock();
}

void power_leave(void)
{
    int kept = errno;
    if (power_hooks.unlock != NULL)
        power_hooks.unlock();
    (void)pthread_mutex_unlock(&mutex);
    errno = kept;
}

int power_watch(const char *folder, power_sink_fn *sink, void *context)
{
    int slot = 0;
    power_enter();
    while (slot < POWER_WATCHED && watched[slot].sink != NULL)
        slot++;
    if (slot == POWER_WATCHED || realpath(folder, watched[slot].folder) == NULL)
        abort();
    watched[slot].sink = sink;
    watched[slot].context = context;
    if (slot >= watched_count)
        watched_count = slot + 1;
    power_leave();
    return slot;
}

void power_unwatch(int slot)
{
    power_enter();
    watched[slot].sink = NULL;
    for (int fd = 0; fd < FDS; fd++)
        if (descriptors[fd].slot == slot)
            descriptors[fd].tracked = false;
    while (watched_count > 0 && watched[watched_count - 1].sink == NULL)
        watched_count--;
    power_leave();
}

bool power_watching(void)
{
    return watched_count > 0;
}

void power_fail(const struct power_fault *what)
{
    power_enter();
    fault = *what;
    failed = 0;
    power_leave();
}

uint64_t power_failed(void)
{
    return failed;
}

int power_judge(bool sync, int slot)
{
    int error = power_hooks.trigger != NULL ? power_hooks.trigger(sync) : 0;
    if (error != 0)
        return error;
    if (fault.count == 0 || fault.sync != sync || (fault.slot >= 0 && fault.slot != slot))
        return 0;
    if (fault.after > 0) {
        fault.after--;
        return 0;
    }
    fault.count--;
    failed++;
    return fault.error != 0 ? fault.error : SHORT_WRITE;
}

void power_tell(int slot, const struct power_op *op)
{
    if (watched[slot].sink != NULL)
        watched[slot].sink(watched[slot].context, op);
}

/* The folder of the path as the kernel knows it, and the last name as it is given. */
void power_place_of(int folder_fd, const char *path, struct power_place *ret)
{
    char given[PATH_MAX];
    char folder[PATH_MAX];
    char proc[64];
    ret->slot = -1;
    if (folder_fd != AT_FDCWD && path[0] != '/') {
        (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", folder_fd);
        if (snprintf(given, sizeof given, "%s/%s", proc, path) >= (int)sizeof given)
            return;
    } else if (snprintf(given, sizeof given, "%s", path) >= (int)sizeof given) {
        return;
    }
    size_t len = strlen(given);
    while (len > 1 && given[len - 1] == '/')
        given[--len] = 0;
    char *slash = strrchr(given, '/');
    const char *last = slash != NULL ? slash + 1 : given;
    if (slash != NULL)
        *slash = 0;
    if (realpath(slash == NULL ? "." : slash == given ? "/" : given, folder) == NULL)
        return;
    for (int slot = 0; slot < watched_count; slot++) {
        const char *root = watched[slot].folder;
        size_t root_len = strlen(root);
        if (watched[slot].sink == NULL || strncmp(folder, root, root_len) != 0 ||
            (folder[root_len] != 0 && folder[root_len] != '/'))
            continue;
        const char *below = folder + root_len;
        below += strspn(below, "/");
        if (snprintf(ret->name, sizeof ret->name, "%s%s%s", below, below[0] != 0 ? "/" : "", last) <
            (int)sizeof ret->name)
            ret->slot = slot;
        return;
    }
}

void power_place_of_folder(int fd, struct power_place *ret)
{
    char proc[64];
    char path[PATH_MAX];
    (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(proc, path, sizeof path - 1);
    ret->slot = -1;
    for (int slot = 0; len > 0 && slot < watched_count; slot++) {
        const char *root = watched[slot].folder;
        size_t root_len = strlen(root);
        path[len] = 0;
        if (watched[slot].sink == NULL || strncmp(path, root, root_len) != 0 ||
            (path[root_len] != 0 && path[root_len] != '/'))
            continue;
        const char *below = path + root_len;
        below += strspn(below, "/");
        if (snprintf(ret->name, sizeof ret->name, "%s", below) < (int)sizeof ret->name)
            ret->slot = slot;
        return;
    }
}

bool power_tracked(int fd)
{
    return fd >= 0 && fd < FDS && descriptors[fd].tracked;
}

bool power_is_stdio(int fd)
{
    return power_tracked(fd) && descriptors[fd].stdio;
}

void power_opened(int fd, const struct power_place *place, int flags, bool existed, bool stdio)
{
    struct stat info;
    if (fd < 0 || fd >= FDS || place->slot < 0 || (flags & O_PATH) != 0 || fstat(fd, &info) != 0 ||
        !(S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)))
        return;
    struct descriptor *d = &descriptors[fd];
    *d = (struct descriptor){.tracked = true,
                             .slot = place->slot,
                             .folder = S_ISDIR(info.st_mode),
                             .flushes = (flags & (O_DSYNC | O_SYNC)) != 0,
                             .appends = (flags & O_APPEND) != 0,
                             .stdio = stdio,
                             .number = info.st_ino};
    memcpy(d->name, place->name, sizeof d->name);
    if (d->folder)
        return;
    const struct power_op op = {
        .kind = existed ? POWER_OPEN : POWER_CREATE, .file = d->number, .name = d->name};
    power_tell(d->slot, &op);
    if (existed && (flags & O_TRUNC) != 0) {
        const struct power_op cut = {.kind = POWER_TRUNCATE, .file = d->number};
        power_tell(d->slot, &cut);
    }
}

void power_closed(int fd)
{
    if (power_tracked(fd))
        descriptors[fd].tracked = false;
}

/* As much of the parts as `len`, one behind the other. */
static uint8_t *gather(const struct iovec *parts, int count, size_t len)
{
    /* Aligned: LMDB copies a store past the page cache. */
    uint8_t *bytes = aligned_alloc(4096, (len / 4096 + 1) * 4096);
    size_t at = 0;
    if (bytes == NULL)
        abort();
    for (int i = 0; i < count && at < len; i++) {
        size_t part = parts[i].iov_len < len - at ? parts[i].iov_len : len - at;
        memcpy(bytes + at, parts[i].iov_base, part);
        at += part;
    }
    return bytes;
}

static off_t place_of_write(int fd, const struct descriptor *d, off_t offset)
{
    struct stat info;
    if (d->appends && fstat(fd, &info) == 0)
        return info.st_size;
    return offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR);
}

/* The second half of a write to a descriptor that flushes. */
static int flush_written(const struct descriptor *d, off_t offset, size_t len)
{
    struct power_op op = {
        .kind = POWER_SYNC, .file = d->number, .offset = (uint64_t)offset, .size = (uint64_t)len};
    if (power_hooks.gate != NULL) {
        power_leave();
        (void)raise(SIGKILL);
    }
    if (power_hooks.slow_ms > 0) {
        power_leave();
        (void)usleep(power_hooks.slow_ms * 1000);
        power_enter();
    }
    int error = power_judge(true, d->slot);
    if (error != 0)
        op.kind = POWER_LOST;
    power_tell(d->slot, &op);
    return error;
}

static void wait_at_gate(void)
{
    char here[1024];
    (void)snprintf(here, sizeof here, "%s.here", power_hooks.gate);
    const long made = syscall(SYS_openat, AT_FDCWD, here, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (made < 0)
        abort();
    (void)syscall(SYS_close, made);
    while (access(power_hooks.gate, F_OK) != 0)
        (void)usleep(1000);
}

ssize_t power_write(int fd, const struct iovec *parts, int count, off_t offset)
{
    size_t len = 0;
    for (int i = 0; i < count; i++)
        len += parts[i].iov_len;
    if (descriptors[fd].flushes && power_hooks.gate != NULL)
        wait_at_gate();
    power_enter();
    const struct descriptor d = descriptors[fd];
    int error = power_judge(false, d.slot);
    if (error == SHORT_WRITE && len > 1) {
        len /= 2;
        error = 0;
    }
    if (error != 0) {
        power_leave();
        errno = error > 0 ? error : EIO;
        return -1;
    }
    off_t at = place_of_write(fd, &d, offset);
    uint8_t *bytes = gather(parts, count, len);
    ssize_t done = offset >= 0 ? syscall(SYS_pwrite64, fd, bytes, len, offset)
                               : syscall(SYS_write, fd, bytes, len);
    if (done > 0) {
        const struct power_op op = {.kind = POWER_WRITE,
                                    .file = d.number,
                                    .offset = (uint64_t)at,
                                    .data = esep_slice(bytes, (size_t)done)};
        power_tell(d.slot, &op);
        if (d.flushes)
            error = flush_written(&d, at, (size_t)done);
    }
    free(bytes);
    if (error != 0) {
        done = -1;
        errno = error > 0 ? error : EIO;
    }
    power_leave();
    return done;
}

int power_sync(int fd, int (*sync)(int fd))
{
    power_enter();
    const struct descriptor d = descriptors[fd];
    struct power_op op = {.kind = POWER_SYNC, .file = d.number, .name = d.name};
    int error = power_judge(true, d.slot);
    int done = error != 0 ? -1 : sync(fd);
    if (error != 0)
        errno = error > 0 ? error : EIO;
    if (d.folder && done == 0)
        op.kind = POWER_SYNC_FOLDER;
    else if (done != 0)
        op.kind = POWER_LOST;
    if (!d.folder || done == 0)
        power_tell(d.slot, &op);
    power_leave();
    return done;
}

int power_truncate(int fd, off_t len)
{
    power_enter();
    const struct descriptor d = descriptors[fd];
    int error = power_judge(false, d.slot);
    int done = -1;
    if (error != 0)
        errno = error > 0 ? error : EIO;
    else
        done = (int)syscall(SYS_ftruncate, fd, len);
    const struct power_op op = {.kind = POWER_TRUNCATE, .file = d.number, .offset = (uint64_t)len};
    if (done == 0)
        power_tell(d.slot, &op);
    power_leave();
    return done;
}

void power_snapshot(int fd)
{
    struct stat info;
    power_enter();
    const struct descriptor d = descriptors[fd];
    char proc[64];
    (void)snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    int again = (int)syscall(SYS_openat, AT_FDCWD, proc, O_RDONLY | O_CLOEXEC);
    if (again >= 0 && fstat(again, &info) == 0 && info.st_size > 0) {
        uint8_t *bytes = malloc((size_t)info.st_size);
        if (bytes == NULL)
            abort();
        ssize_t got = pread(again, bytes, (size_t)info.st_size, 0);
        const struct power_op op = {.kind = POWER_WRITE,
                                    .file = d.number,
                                    .data = esep_slice(bytes, got > 0 ? (size_t)got : 0)};
        power_tell(d.slot, &op);
        free(bytes);
    }
    if (again >= 0)
        (void)syscall(SYS_close, again);
    power_leave();
}
