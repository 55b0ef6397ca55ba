/* tests/fuzz/fuzz_file.h - input as a file, for readers that take a path.
 *
 * One folder for each process, mode 0700, gone when the process ends as it should; in memory where
 * the system has a place for that, unless TMPDIR says otherwise. A name is written anew for each
 * input.
 */
#ifndef FUZZ_FILE_H
#define FUZZ_FILE_H

#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char fuzz_folder_path[128];

static inline void fuzz_empty(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return;
    for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder))
        (void)unlinkat(dirfd(folder), e->d_name, 0);
    (void)closedir(folder);
    (void)rmdir(path);
}

static inline void fuzz_folder_gone(void)
{
    char journal[256];
    (void)snprintf(journal, sizeof journal, "%s/journal", fuzz_folder_path);
    fuzz_empty(journal);
    fuzz_empty(fuzz_folder_path);
}

static inline const char *fuzz_folder(void)
{
    if (fuzz_folder_path[0] == '\0') {
        const char *base = getenv("TMPDIR");
        if (base == NULL)
            base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
        (void)snprintf(fuzz_folder_path, sizeof fuzz_folder_path, "%.90s/esep-fuzz-XXXXXX", base);
        FUZZ_CHECK(mkdtemp(fuzz_folder_path) != NULL);
        (void)atexit(fuzz_folder_gone);
    }
    return fuzz_folder_path;
}

static inline void fuzz_path(const char *name, char ret[256])
{
    (void)snprintf(ret, 256, "%s/%.100s", fuzz_folder(), name);
}

static inline void fuzz_file(const char *name, struct esep_slice bytes, char ret_path[256])
{
    fuzz_path(name, ret_path);
    const int fd = open(ret_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_CHECK(fd >= 0);
    FUZZ_CHECK(bytes.len == 0 || write(fd, bytes.data, bytes.len) == (ssize_t)bytes.len);
    FUZZ_CHECK(close(fd) == 0);
}

#endif
