/* tests/power/interpose.c - libc's calls that change files, with the recorder in between; see
 * record.h. System calls are made directly: nothing here depends on who else stands in between. */
#include "record.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Variants that headers do not declare: large files, and the fortified ones. */
int open64(const char *path, int flags, ...);
int openat64(int folder, const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset);
int ftruncate64(int fd, off_t len);
int mkostemp64(char *path, int flags);
FILE *fopen64(const char *path, const char *mode);

static bool exists(int folder, const char *path)
{
    struct stat info;
    return fstatat(folder, path, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What is to be answered where the operation is made to fail; 0: go on. */
static int refused(int slot)
{
    int error = power_judge(false, slot);
    if (error != 0)
        errno = error > 0 ? error : EIO;
    return error;
}

static int open_it(int folder, const char *path, int flags, mode_t mode)
{
    struct power_place place = {.slot = -1};
    if (power_watching() && (flags & O_DIRECTORY) != 0) {
        int opened = (int)syscall(SYS_openat, folder, path, flags, mode);
        power_enter();
        power_place_of_folder(opened, &place);
        power_opened(opened, &place, flags, true, false);
        power_leave();
        return opened;
    }
    if (power_watching() && path != NULL)
        power_place_of(folder, path, &place);
    if (place.slot < 0)
        return (int)syscall(SYS_openat, folder, path, flags, mode);
    power_enter();
    bool existed = exists(folder, path);
    int fd = -1;
    if (existed || (flags & O_CREAT) == 0 || refused(place.slot) == 0)
        fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    power_opened(fd, &place, flags, existed, false);
    power_leave();
    return fd;
}

static mode_t mode_of(int flags, va_list args)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? (mode_t)va_arg(args, unsigned) : 0;
}

#define OPEN_BODY(folder)                                                                          \
    va_list args;                                                                                  \
    va_start(args, flags);                                                                         \
    mode_t mode = mode_of(flags, args);                                                            \
    va_end(args);                                                                                  \
    return open_it(folder, path, flags, mode)

int open(const char *path, int flags, ...)
{
    OPEN_BODY(AT_FDCWD);
}
int open64(const char *path, int flags, ...)
{
    OPEN_BODY(AT_FDCWD);
}
int openat(int folder, const char *path, int flags, ...)
{
    OPEN_BODY(folder);
}
int openat64(int folder, const char *path, int flags, ...)
{
    OPEN_BODY(folder);
}
int __open_2(const char *path, int flags)
{
    return open_it(AT_FDCWD, path, flags, 0);
}
int __open64_2(const char *path, int flags)
{
    return open_it(AT_FDCWD, path, flags, 0);
}
int __openat_2(int folder, const char *path, int flags)
{
    return open_it(folder, path, flags, 0);
}

int close(int fd)
{
    power_closed(fd);
    return (int)syscall(SYS_close, fd);
}

/* Six letters in the place of the six X. */
static int make_temporary(char *path, int flags)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    size_t len = strlen(path);
    if (len < 6) {
        errno = EINVAL;
        return -1;
    }
    for (int tries = 0; tries < 100; tries++) {
        uint8_t drawn[6];
        if (getrandom(drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
            return -1;
        for (size_t i = 0; i < sizeof drawn; i++)
            path[len - 6 + i] = letters[drawn[i] % 32];
        int fd = open_it(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

int mkstemp(char *path)
{
    return make_temporary(path, 0);
}
int mkostemp(char *path, int flags)
{
    return make_temporary(path, flags);
}
int mkostemp64(char *path, int flags)
{
    return make_temporary(path, flags);
}

ssize_t write(int fd, const void *data, size_t len)
{
    const struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
    return power_tracked(fd) ? power_write(fd, &part, 1, -1) : syscall(SYS_write, fd, data, len);
}
ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    const struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
    return power_tracked(fd) ? power_write(fd, &part, 1, offset)
                             : syscall(SYS_pwrite64, fd, data, len, offset);
}
ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset)
{
    return pwrite(fd, data, len, offset);
}
ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return power_tracked(fd) ? power_write(fd, parts, count, -1)
                             : syscall(SYS_writev, fd, parts, count);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return power_tracked(fd) ? power_write(fd, parts, count, offset)
                             : syscall(SYS_pwritev, fd, parts, count, offset, 0);
}

int ftruncate(int fd, off_t len)
{
    return power_tracked(fd) ? power_truncate(fd, len) : (int)syscall(SYS_ftruncate, fd, len);
}
int ftruncate64(int fd, off_t len)
{
    return ftruncate(fd, len);
}

static int raw_fsync(int fd)
{
    return (int)syscall(SYS_fsync, fd);
}
static int raw_fdatasync(int fd)
{
    return (int)syscall(SYS_fdatasync, fd);
}
int fsync(int fd)
{
    return power_tracked(fd) ? power_sync(fd, raw_fsync) : raw_fsync(fd);
}
int fdatasync(int fd)
{
    return power_tracked(fd) ? power_sync(fd, raw_fdatasync) : raw_fdatasync(fd);
}

/* Names. Both names of a rename or a link lie below one watched folder, or it is not told. */
static int two_names(long call, enum power_kind kind, int from_folder, const char *from,
                     int to_folder, const char *to, int flags)
{
    struct power_place a = {.slot = -1};
    struct power_place b = {.slot = -1};
    if (power_watching()) {
        power_place_of(from_folder, from, &a);
        power_place_of(to_folder, to, &b);
    }
    if (a.slot < 0 || a.slot != b.slot)
        return (int)syscall(call, from_folder, from, to_folder, to, flags);
    power_enter();
    int done = -1;
    if (refused(a.slot) == 0)
        done = (int)syscall(call, from_folder, from, to_folder, to, flags);
    const struct power_op op = {.kind = kind, .name = a.name, .name2 = b.name};
    if (done == 0)
        power_tell(a.slot, &op);
    power_leave();
    return done;
}

int rename(const char *from, const char *to)
{
    return two_names(SYS_renameat2, POWER_RENAME, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return two_names(SYS_renameat2, POWER_RENAME, from_folder, from, to_folder, to, 0);
}
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    return two_names(SYS_renameat2, POWER_RENAME, from_folder, from, to_folder, to, (int)flags);
}
int link(const char *from, const char *to)
{
    return two_names(SYS_linkat, POWER_LINK, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    return two_names(SYS_linkat, POWER_LINK, from_folder, from, to_folder, to, flags);
}

static int one_name(long call, enum power_kind kind, int folder, const char *path, unsigned more)
{
    struct power_place place = {.slot = -1};
    if (power_watching())
        power_place_of(folder, path, &place);
    if (place.slot < 0)
        return (int)syscall(call, folder, path, more);
    power_enter();
    int done = -1;
    if (refused(place.slot) == 0)
        done = (int)syscall(call, folder, path, more);
    const struct power_op op = {.kind = kind, .name = place.name};
    if (done == 0)
        power_tell(place.slot, &op);
    power_leave();
    return done;
}

int unlink(const char *path)
{
    return one_name(SYS_unlinkat, POWER_UNLINK, AT_FDCWD, path, 0);
}
int unlinkat(int folder, const char *path, int flags)
{
    return one_name(SYS_unlinkat, (flags & AT_REMOVEDIR) != 0 ? POWER_RMDIR : POWER_UNLINK, folder,
                    path, (unsigned)flags);
}
int rmdir(const char *path)
{
    return one_name(SYS_unlinkat, POWER_RMDIR, AT_FDCWD, path, AT_REMOVEDIR);
}
int mkdir(const char *path, mode_t mode)
{
    return one_name(SYS_mkdirat, POWER_MKDIR, AT_FDCWD, path, mode);
}
int mkdirat(int folder, const char *path, mode_t mode)
{
    return one_name(SYS_mkdirat, POWER_MKDIR, folder, path, mode);
}

/* stdio opens and writes by calls of its own inside libc: what it wrote is told at fclose. */
static FILE *open_stdio(const char *path, const char *mode)
{
    FILE *(*real)(const char *, const char *) = NULL;
    struct power_place place = {.slot = -1};
    *(void **)(void *)&real = dlsym(RTLD_NEXT, "fopen");
    if (power_watching() && mode[0] == 'w')
        power_place_of(AT_FDCWD, path, &place);
    if (place.slot < 0)
        return real(path, mode);
    power_enter();
    bool existed = exists(AT_FDCWD, path);
    FILE *file = !existed && refused(place.slot) != 0 ? NULL : real(path, mode);
    if (file != NULL)
        power_opened(fileno(file), &place, O_WRONLY | O_TRUNC, existed, true);
    power_leave();
    return file;
}

FILE *fopen(const char *path, const char *mode)
{
    return open_stdio(path, mode);
}
FILE *fopen64(const char *path, const char *mode)
{
    return open_stdio(path, mode);
}
int fclose(FILE *file)
{
    int (*real)(FILE *) = NULL;
    int fd = fileno(file);
    *(void **)(void *)&real = dlsym(RTLD_NEXT, "fclose");
    if (power_is_stdio(fd)) {
        (void)fflush(file);
        power_snapshot(fd);
    }
    power_closed(fd);
    return real(file);
}
