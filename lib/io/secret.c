/* lib/io/secret.c - see secret.h. */
#include "io/secret.h"

#include "base/crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum esep_status esep_secret_read(const char *path, char *ret, size_t size,
                                  struct esep_reason *reason)
{
    struct stat info;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return esep_because(reason,
                            errno == ENOENT   ? ESEP_NOT_FOUND
                            : errno == EACCES ? ESEP_DENIED
                                              : ESEP_IO,
                            "cannot read the secret file '%.150s': %s", path, strerror(errno));
    enum esep_status status = ESEP_OK;
    ssize_t got = 0;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        status = esep_because(reason, ESEP_INVALID, "the secret file '%.150s' is no file", path);
    else if ((info.st_mode & 077) != 0)
        status = esep_because(reason, ESEP_DENIED,
                              "the secret file '%.120s' is open to others (mode %04o): chmod 600 "
                              "it, and change the secret if anyone else may have read it",
                              path, (unsigned)(info.st_mode & 07777));
    else if ((got = read(fd, ret, size)) < 0)
        status = esep_because(reason, ESEP_IO, "cannot read the secret file '%.150s': %s", path,
                              strerror(errno));
    (void)close(fd);
    if (status != ESEP_OK)
        return status;
    size_t len = 0;
    while (len < (size_t)got && ret[len] != '\n' && ret[len] != '\r' && ret[len] != '\0')
        len++;
    if (len == 0 || len == size) {
        esep_wipe(ret, size);
        return esep_because(reason, ESEP_INVALID,
                            "the secret file '%.150s' must hold one line of at most %zu bytes",
                            path, size - 1);
    }
    esep_wipe(ret + len, size - len);
    return ESEP_OK;
}
