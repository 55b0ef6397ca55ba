/* lib/io/blobs_put.c - a file of this machine into the store: copied and hashed in one reading.
 *
 * What is hashed is what was written, so the name is right even where the original changes
 * meanwhile; but half of one version and half of another is nobody's file, so that is refused.
 */
#include "io/blobs_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

bool blobs_write(int fd, struct esep_slice data, uint64_t offset)
{
    size_t done = 0;
    while (done < data.len) {
        const ssize_t wrote = pwrite(fd, data.data + done, data.len - done, (off_t)(offset + done));
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return false;
        done += (size_t)wrote;
    }
    return true;
}

/* The folder that the file goes into, its own name on the disk. */
static enum esep_status make_folder(struct esep_blobs *blobs, const struct esep_hash *hash,
                                    const char *name, struct esep_reason *reason)
{
    const char folder[] = {name[0], name[1], '\0'};
    const bool made = mkdirat(blobs->folder, folder, 0700) == 0;
    if (!made && errno != EEXIST)
        return blobs_failed(blobs, "make the folder", folder, reason);
    if ((made || !blobs_settled(blobs, hash)) && fsync(blobs->folder) != 0) {
        const enum esep_status status = blobs_failed(blobs, "sync the folder of", folder, reason);
        if (made) /* the next must not take it for one that is on the disk */
            (void)unlinkat(blobs->folder, folder, AT_REMOVEDIR);
        return status;
    }
    return ESEP_OK;
}

enum esep_status blobs_publish(struct esep_blobs *blobs, const char *part_name,
                               const struct esep_hash *hash, struct esep_reason *reason)
{
    char name[BLOB_NAME_BYTES];
    int folder = -1;
    esep_hex(hash->bytes, ESEP_HASH_BYTES, name);
    enum esep_status status = make_folder(blobs, hash, name, reason);
    if (status == ESEP_OK)
        status = blobs_folder_of(blobs, name, &folder, reason);
    if (status != ESEP_OK)
        return status;
    if (renameat(blobs->parts, part_name, folder, name) != 0)
        status = blobs_failed(blobs, "name", name, reason);
    else if (fsync(folder) != 0 || fsync(blobs->parts) != 0)
        status = blobs_failed(blobs, "sync the folder of", name, reason);
    else
        blobs_settle(blobs, hash);
    (void)close(folder);
    return status;
}

struct copy {
    int fd;
    char name[sizeof(BLOB_COPY_PREFIX) + 16];
    struct esep_blob blob;
};

/* A locked file under a passing name: without the lock it would be a wreck to be cleared. */
static enum esep_status begin(struct esep_blobs *blobs, struct copy *copy,
                              struct esep_reason *reason)
{
    uint8_t drawn[8];
    char hex[2 * sizeof(drawn) + 1];
    enum esep_status status = blobs_lock(blobs, reason);
    if (status != ESEP_OK)
        return status;
    if (getrandom(drawn, sizeof(drawn), 0) != (ssize_t)sizeof(drawn))
        status = blobs_failed(blobs, "draw a name for", "a copy", reason);
    esep_hex(drawn, sizeof(drawn), hex);
    (void)snprintf(copy->name, sizeof(copy->name), BLOB_COPY_PREFIX "%s", hex);
    if (status == ESEP_OK) {
        copy->fd = openat(blobs->parts, copy->name,
                          O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (copy->fd < 0)
            status = blobs_failed(blobs, "write", copy->name, reason);
        else
            (void)flock(copy->fd, LOCK_EX | LOCK_NB); /* new, and nobody else may take it now */
    }
    blobs_unlock(blobs);
    return status;
}

static enum esep_status copy_all(const struct esep_blobs *blobs, int from, struct copy *copy,
                                 uint8_t *buffer, struct esep_reason *reason)
{
    const uint64_t most = blobs->options.file_bytes_max;
    struct esep_hashing hashing;
    esep_hashing_init(&hashing);
    for (;;) {
        const ssize_t got = read(from, buffer, BLOB_BUFFER_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return esep_because(reason, ESEP_IO, "cannot read the file: %s", strerror(errno));
        if (got == 0)
            break;
        if ((uint64_t)got > most - copy->blob.size)
            return esep_because(reason, ESEP_LIMIT, "the file is too large: at most %llu bytes",
                                (unsigned long long)most);
        const struct esep_slice data = esep_slice(buffer, (size_t)got);
        if (!blobs_write(copy->fd, data, copy->blob.size))
            return blobs_failed(blobs, "write", copy->name, reason);
        esep_hashing_add(&hashing, data);
        copy->blob.size += (uint64_t)got;
    }
    if (copy->blob.size == 0)
        return esep_because(reason, ESEP_INVALID, "the file is empty");
    copy->blob.hash = esep_hashing_done(&hashing);
    if (fchmod(copy->fd, 0400) != 0 || fsync(copy->fd) != 0)
        return blobs_failed(blobs, "sync", copy->name, reason);
    return ESEP_OK;
}

/* The same is there already: it counts as touched now, its name on the disk. The copy goes. */
static enum esep_status keep_the_old(struct esep_blobs *blobs, const struct copy *copy,
                                     struct esep_reason *reason)
{
    char name[BLOB_NAME_BYTES];
    int folder = -1;
    esep_hex(copy->blob.hash.bytes, ESEP_HASH_BYTES, name);
    enum esep_status status = blobs_folder_of(blobs, name, &folder, reason);
    if (status != ESEP_OK)
        return status;
    if (utimensat(folder, name, NULL, AT_SYMLINK_NOFOLLOW) != 0)
        status = blobs_failed(blobs, "touch", name, reason);
    else if (fsync(folder) != 0)
        status = blobs_failed(blobs, "sync the folder of", name, reason);
    else if (unlinkat(blobs->parts, copy->name, 0) != 0)
        status = blobs_failed(blobs, "remove", copy->name, reason);
    (void)close(folder);
    return status;
}

static enum esep_status take_in(struct esep_blobs *blobs, const struct copy *copy,
                                struct esep_reason *reason)
{
    enum esep_status status = blobs_lock(blobs, reason);
    if (status != ESEP_OK)
        return status;
    status = blobs_count(blobs, reason);
    if (status == ESEP_OK) {
        const enum esep_status there = esep_blobs_check(blobs, &copy->blob.hash, NULL);
        if (there == ESEP_OK)
            status = keep_the_old(blobs, copy, reason);
        else if (there == ESEP_NOT_FOUND)
            status = blobs_room(blobs, copy->blob.size, reason);
        if (status == ESEP_OK && there != ESEP_OK) /* a damaged one is replaced */
            status = blobs_publish(blobs, copy->name, &copy->blob.hash, reason);
        if (status == ESEP_OK && there == ESEP_NOT_FOUND)
            blobs->used += copy->blob.size;
    }
    blobs_unlock(blobs);
    return status;
}

/* The copy, not the original: nobody can change it behind the judge's back. */
static enum esep_status ask(const struct esep_blobs *blobs, const struct copy *copy,
                            const struct esep_blobs_judge *judge, struct esep_reason *reason)
{
    void *content = mmap(NULL, (size_t)copy->blob.size, PROT_READ, MAP_SHARED, copy->fd, 0);
    if (content == MAP_FAILED)
        return blobs_failed(blobs, "map", copy->name, reason);
    const enum esep_status status =
        judge->judge(judge->context, esep_slice(content, (size_t)copy->blob.size), reason);
    (void)munmap(content, (size_t)copy->blob.size);
    return status;
}

enum esep_status esep_blobs_put_fd(struct esep_blobs *blobs, int fd,
                                   const struct esep_blobs_judge *judge, struct esep_blob *ret,
                                   struct esep_reason *reason)
{
    struct copy copy = {.fd = -1};
    uint8_t *buffer = malloc(BLOB_BUFFER_BYTES);
    if (buffer == NULL)
        return ESEP_NOMEM;
    enum esep_status status = begin(blobs, &copy, reason);
    if (status == ESEP_OK)
        status = copy_all(blobs, fd, &copy, buffer, reason);
    if (status == ESEP_OK && judge != NULL)
        status = ask(blobs, &copy, judge, reason);
    if (status == ESEP_OK)
        status = take_in(blobs, &copy, reason);
    if (status != ESEP_OK && copy.fd >= 0)
        (void)unlinkat(blobs->parts, copy.name, 0);
    if (copy.fd >= 0)
        (void)close(copy.fd);
    free(buffer);
    if (status == ESEP_OK)
        *ret = copy.blob;
    return status;
}

/* By a second name: nothing is ever written to a file of ours again, so two stores may share it. */
static bool link_in(struct esep_blobs *to, struct esep_blobs *from, const struct esep_hash *hash,
                    const struct copy *copy)
{
    char name[BLOB_NAME_BYTES];
    int folder = -1;
    esep_hex(hash->bytes, ESEP_HASH_BYTES, name);
    if (blobs_folder_of(from, name, &folder, NULL) != ESEP_OK)
        return false;
    const bool linked = unlinkat(to->parts, copy->name, 0) == 0 &&
                        linkat(folder, name, to->parts, copy->name, 0) == 0;
    (void)close(folder);
    return linked;
}

static enum esep_status copy_in(struct esep_blobs *to, struct esep_blobs *from,
                                const struct esep_hash *hash, struct esep_reason *reason)
{
    struct copy copy = {.fd = -1};
    uint64_t size = 0;
    int fd = -1;
    uint8_t *buffer = malloc(BLOB_BUFFER_BYTES);
    enum esep_status status =
        buffer != NULL ? esep_blobs_fd(from, hash, &fd, &size, reason) : ESEP_NOMEM;
    if (status == ESEP_OK)
        status = begin(to, &copy, reason);
    if (status == ESEP_OK)
        status = copy_all(to, fd, &copy, buffer, reason);
    if (status == ESEP_OK && !esep_hash_equal(&copy.blob.hash, hash))
        status = esep_because(reason, ESEP_CORRUPT, "a file in %.150s changed while it was copied",
                              from->path);
    if (status == ESEP_OK)
        status = blobs_lock(to, reason);
    if (status == ESEP_OK) {
        status = blobs_publish(to, copy.name, hash, reason);
        blobs_unlock(to);
    }
    if (copy.fd >= 0) {
        if (status != ESEP_OK)
            (void)unlinkat(to->parts, copy.name, 0);
        (void)close(copy.fd);
    }
    if (fd >= 0)
        (void)close(fd);
    free(buffer);
    return status;
}

enum esep_status esep_blobs_copy(struct esep_blobs *to, struct esep_blobs *from,
                                 const struct esep_hash *hash, bool *ret_new,
                                 struct esep_reason *reason)
{
    struct copy copy = {.fd = -1};
    const bool there = esep_blobs_check(to, hash, NULL) == ESEP_OK;
    if (ret_new != NULL)
        *ret_new = !there;
    if (there)
        return ESEP_OK;
    enum esep_status status = esep_blobs_check(from, hash, reason);
    if (status == ESEP_OK)
        status = begin(to, &copy, reason);
    if (status != ESEP_OK)
        return status;
    bool linked = false;
    status = blobs_lock(to, reason); /* or it would be a wreck to be cleared */
    if (status == ESEP_OK) {
        linked = link_in(to, from, hash, &copy);
        if (linked)
            status = blobs_publish(to, copy.name, hash, reason);
        blobs_unlock(to);
    }
    if (status == ESEP_OK && !linked)
        status = copy_in(to, from, hash, reason);
    (void)unlinkat(to->parts, copy.name, 0); /* what was not used, or not named */
    (void)close(copy.fd);
    return status;
}

static enum esep_status open_original(const char *path, int *ret_fd, struct stat *ret_info,
                                      struct esep_reason *reason)
{
    const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        const int code = errno;
        if (code == ELOOP)
            return esep_because(reason, ESEP_INVALID,
                                "%.150s is a symbolic link: name the file that it leads to", path);
        return esep_because(reason,
                            code == ENOENT   ? ESEP_NOT_FOUND
                            : code == EACCES ? ESEP_DENIED
                                             : ESEP_IO,
                            "cannot open %.150s: %s", path, strerror(code));
    }
    enum esep_status status = ESEP_OK;
    if (fstat(fd, ret_info) != 0)
        status = esep_because(reason, ESEP_IO, "cannot look at %.150s: %s", path, strerror(errno));
    else if (!S_ISREG(ret_info->st_mode))
        status = esep_because(reason, ESEP_INVALID, "%.150s is not a file", path);
    if (status != ESEP_OK) {
        (void)close(fd);
        return status;
    }
    *ret_fd = fd;
    return ESEP_OK;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

enum esep_status esep_blobs_put(struct esep_blobs *blobs, const char *path,
                                const struct esep_blobs_judge *judge, struct esep_blob *ret,
                                struct esep_reason *reason)
{
    struct stat before, after;
    struct esep_blob blob;
    int fd = -1;
    enum esep_status status = open_original(path, &fd, &before, reason);
    if (status != ESEP_OK)
        return status;
    if ((uint64_t)before.st_size > blobs->options.file_bytes_max)
        status = esep_because(reason, ESEP_LIMIT, "%.100s has %llu bytes, and a file may have %llu",
                              path, (unsigned long long)before.st_size,
                              (unsigned long long)blobs->options.file_bytes_max);
    if (status == ESEP_OK)
        status = esep_blobs_put_fd(blobs, fd, judge, &blob, reason);
    if (status == ESEP_OK && (fstat(fd, &after) != 0 || !same_time(before.st_mtim, after.st_mtim) ||
                              (uint64_t)after.st_size != blob.size))
        status =
            esep_because(reason, ESEP_AGAIN,
                         "%.150s changed while it was read: save it, close it, try again", path);
    (void)close(fd);
    if (status == ESEP_OK)
        *ret = blob;
    return status;
}
