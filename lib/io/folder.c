/* lib/io/folder.c - see folder.h. */
#include "io/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
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
