/* lib/io/folder.c - see folder.h. */
#include "io/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool esep_folder_sync(const char *folder)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool synced = fsync(fd) == 0;
    const int failed = errno;
    (void)close(fd);
    errno = failed;
    return synced;
}

bool esep_folder_sync_above(const char *path)
{
    char copy[PATH_MAX];
    const size_t len = strlen(path);
    if (len >= sizeof copy) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(copy, path, len + 1);
    return esep_folder_sync(dirname(copy));
}

static bool write_whole(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t put = write(fd, bytes, len);
        if (put < 0 && errno != EINTR)
            return false;
        bytes += put > 0 ? put : 0;
        len -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

bool esep_file_replace(const char *path, mode_t mode, enum esep_replace how, const void *bytes,
                       size_t len)
{
    char fresh[PATH_MAX];
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
        errno = ENAMETOOLONG;
        return false;
    }
    const bool synced = how == ESEP_REPLACE_SYNCED;
    (void)unlink(fresh);
    const int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return false;
    bool good = write_whole(fd, bytes, len) && (!synced || fsync(fd) == 0);
    int failed = errno;
    if (close(fd) != 0 && good) {
        failed = errno;
        good = false;
    }
    if (!good) {
        (void)unlink(fresh);
        errno = failed;
        return false;
    }
    return rename(fresh, path) == 0 && (!synced || esep_folder_sync_above(path));
}
