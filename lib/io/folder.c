/* lib/io/folder.c - see folder.h. */
#include "io/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
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

bool esep_file_replace(const char *path, const void *bytes, size_t len)
{
    char fresh[PATH_MAX];
    if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
        errno = ENAMETOOLONG;
        return false;
    }
    FILE *file = fopen(fresh, "we");
    if (file == NULL)
        return false;
    const bool written = len == 0 || fwrite(bytes, len, 1, file) == 1;
    return fclose(file) == 0 && written && rename(fresh, path) == 0;
}
