/* collector/export_file.c - a file that is there whole or not at all; see export.h. */
#include "collector/export.h"
#include "io/folder.h"
#include "io/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum esep_status export_file_begin(struct export_file *file, const char *path,
                                   struct esep_reason *reason)
{
    *file = (struct export_file){.path = path};
    uint8_t noise[8];
    char hex[2 * sizeof noise + 1];
    esep_random(noise, sizeof noise);
    esep_hex(noise, sizeof noise, hex);
    int len = snprintf(file->temporary, sizeof file->temporary, "%s.%s", path, hex);
    if (len < 0 || (size_t)len >= sizeof file->temporary)
        return esep_because(reason, ESEP_INVALID, "%.100s…: too long a path", path);
    int fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0)
        file->out = fdopen(fd, "w");
    if (file->out != NULL)
        return ESEP_OK;
    (void)esep_because(reason, ESEP_IO, "%.150s: cannot be made: %s", path, strerror(errno));
    if (fd >= 0) {
        (void)close(fd);
        (void)unlink(file->temporary);
    }
    return ESEP_IO;
}

void export_file_drop(struct export_file *file)
{
    if (file->out == NULL)
        return;
    (void)fclose(file->out);
    (void)unlink(file->temporary);
    file->out = NULL;
}

enum esep_status export_file_end(struct export_file *file, struct esep_reason *reason)
{
    int failed = 0;
    if (fflush(file->out) != 0 || fsync(fileno(file->out)) != 0)
        failed = errno;
    if (fclose(file->out) != 0 && failed == 0)
        failed = errno;
    file->out = NULL;
    if (failed == 0 && rename(file->temporary, file->path) != 0)
        failed = errno;
    if (failed != 0) {
        (void)unlink(file->temporary);
        return esep_because(reason, ESEP_IO, "%.150s: not written: %s", file->path,
                            strerror(failed));
    }
    if (!esep_folder_sync_above(file->path))
        return esep_because(reason, ESEP_IO,
                            "%.150s: written, but its folder could not be synced: "
                            "%s",
                            file->path, strerror(errno));
    return ESEP_OK;
}
