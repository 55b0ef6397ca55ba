/* lib/io/blobs.c - the store of files by content: its folder, what is in it, what is read from it.
 *
 * Folders are opened one below the other and never through a symbolic link, so a link that somebody
 * planted leads nowhere: it is told as what it is.
 */
#include "io/blobs_internal.h"
#include "io/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define PARTS_NAME "part"
#define LOCK_NAME "lock"

enum esep_status blobs_failed(const struct esep_blobs *blobs, const char *doing, const char *name,
                              struct esep_reason *reason)
{
    const int code = errno;
    const enum esep_status status = esep_store_errno(code);
    ESEP_ASSERT(status != ESEP_OK); /* none of errno's is */
    return esep_because(reason, status, "cannot %s %.12s in the store of files %.90s: %s%s", doing,
                        name, blobs->path, strerror(code),
                        status == ESEP_LIMIT ? ": make room on the disk" : "");
}

enum esep_status blobs_lock(struct esep_blobs *blobs, struct esep_reason *reason)
{
    ESEP_ASSERT(blobs->lock >= 0); /* not read_only */
    while (flock(blobs->lock, LOCK_EX) != 0)
        if (errno != EINTR)
            return blobs_failed(blobs, "lock", LOCK_NAME, reason);
    return ESEP_OK;
}

void blobs_unlock(struct esep_blobs *blobs)
{
    (void)flock(blobs->lock, LOCK_UN);
}

static enum esep_status open_parts(struct esep_blobs *blobs, struct esep_reason *reason)
{
    static const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (!blobs->options.read_only && mkdirat(blobs->folder, PARTS_NAME, 0700) != 0 &&
        errno != EEXIST)
        return blobs_failed(blobs, "make the folder", PARTS_NAME, reason);
    blobs->parts = openat(blobs->folder, PARTS_NAME, how);
    if (blobs->parts < 0 && !(blobs->options.read_only && errno == ENOENT))
        return blobs_failed(blobs, "open the folder", PARTS_NAME, reason);
    if (blobs->options.read_only)
        return ESEP_OK;
    blobs->lock = openat(blobs->folder, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (blobs->lock < 0)
        return blobs_failed(blobs, "open", LOCK_NAME, reason);
    if (fsync(blobs->folder) != 0)
        return blobs_failed(blobs, "sync", PARTS_NAME, reason);
    return ESEP_OK;
}

/* Its own name in the folder above, if it may be that it was made just now. */
static enum esep_status sync_above(const struct esep_blobs *blobs, struct esep_reason *reason)
{
    const int above = openat(blobs->folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above < 0)
        return ESEP_OK; /* not ours to read, so it was not made by us */
    const bool synced = fsync(above) == 0;
    (void)close(above);
    return synced ? ESEP_OK : blobs_failed(blobs, "sync the folder of", "itself", reason);
}

enum esep_status esep_blobs_open(const char *folder, const struct esep_blobs_options *options,
                                 struct esep_blobs **ret, struct esep_reason *reason)
{
    struct esep_blobs *blobs = calloc(1, sizeof(*blobs));
    if (blobs == NULL)
        return ESEP_NOMEM;
    *blobs = (struct esep_blobs){.folder = -1, .parts = -1, .lock = -1, .options = *options};
    const int len = snprintf(blobs->path, sizeof(blobs->path), "%s", folder);
    enum esep_status status = ESEP_OK;
    if (len < 0 || (size_t)len >= sizeof(blobs->path))
        status = esep_because(reason, ESEP_INVALID, "the path of the store of files is too long");
    if (status == ESEP_OK)
        status = esep_store_folder(folder, true, options->read_only, reason);
    if (status == ESEP_OK) {
        blobs->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (blobs->folder < 0)
            status = blobs_failed(blobs, "open", "it", reason);
    }
    if (status == ESEP_OK)
        status = open_parts(blobs, reason);
    if (status == ESEP_OK && !options->read_only)
        status = sync_above(blobs, reason);
    if (status == ESEP_OK)
        status = blobs_count(blobs, reason);
    if (status != ESEP_OK) {
        esep_blobs_close(blobs);
        return status;
    }
    *ret = blobs;
    return ESEP_OK;
}

void esep_blobs_close(struct esep_blobs *blobs)
{
    if (blobs == NULL)
        return;
    const int fds[] = {blobs->lock, blobs->parts, blobs->folder};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            (void)close(fds[i]);
    free(blobs);
}

void esep_blobs_limit(struct esep_blobs *blobs, uint64_t quota_bytes, uint64_t file_bytes_max)
{
    blobs->options.quota_bytes = quota_bytes;
    blobs->options.file_bytes_max = file_bytes_max;
}

uint64_t esep_blobs_used(const struct esep_blobs *blobs)
{
    return blobs->used;
}

uint64_t esep_blobs_quota(const struct esep_blobs *blobs)
{
    return blobs->options.quota_bytes;
}

enum esep_status blobs_room(const struct esep_blobs *blobs, uint64_t more,
                            struct esep_reason *reason)
{
    const uint64_t quota = blobs->options.quota_bytes;
    if (more > blobs->options.file_bytes_max)
        return esep_because(reason, ESEP_LIMIT, "a file of %llu bytes is too large: at most %llu",
                            (unsigned long long)more,
                            (unsigned long long)blobs->options.file_bytes_max);
    if (blobs->used > quota || more > quota - blobs->used)
        return esep_because(reason, ESEP_LIMIT,
                            "the store of files is full: %llu of %llu bytes are taken, and %llu "
                            "more are wanted",
                            (unsigned long long)blobs->used, (unsigned long long)quota,
                            (unsigned long long)more);
    return ESEP_OK;
}

bool blob_name_parse(const char *name, struct esep_hash *ret)
{
    char again[BLOB_NAME_BYTES];
    if (strlen(name) != BLOB_NAME_BYTES - 1 ||
        esep_unhex(name, ret->bytes, ESEP_HASH_BYTES) != ESEP_OK)
        return false;
    esep_hex(ret->bytes, ESEP_HASH_BYTES, again);
    return strcmp(name, again) == 0;
}

enum esep_status blobs_folder_of(struct esep_blobs *blobs, const char *name, int *ret_fd,
                                 struct esep_reason *reason)
{
    const char folder[] = {name[0], name[1], '\0'};
    const int fd = openat(blobs->folder, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        return esep_because(reason, ESEP_CORRUPT,
                            "%s in the store of files %.120s is no folder: somebody put something "
                            "else there",
                            folder, blobs->path);
    if (fd < 0)
        return blobs_failed(blobs, "open the folder", folder, reason);
    *ret_fd = fd;
    return ESEP_OK;
}

enum esep_status blobs_open_whole(struct esep_blobs *blobs, const struct esep_hash *hash,
                                  int *ret_fd, struct stat *ret_info, struct esep_reason *reason)
{
    char name[BLOB_NAME_BYTES];
    int folder = -1;
    esep_hex(hash->bytes, ESEP_HASH_BYTES, name);
    enum esep_status status = blobs_folder_of(blobs, name, &folder, reason);
    if (status != ESEP_OK)
        return status;
    const int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno != ELOOP)
        status = blobs_failed(blobs, "open", name, reason);
    else if (fd >= 0 && fstat(fd, ret_info) != 0)
        status = blobs_failed(blobs, "look at", name, reason);
    else if (fd < 0 || !S_ISREG(ret_info->st_mode) || ret_info->st_size <= 0)
        status = esep_because(reason, ESEP_CORRUPT,
                              "%.12s in the store of files %.120s is no file of ours: somebody put "
                              "it there",
                              name, blobs->path);
    (void)close(folder);
    if (status != ESEP_OK) {
        if (fd >= 0)
            (void)close(fd);
        return status;
    }
    *ret_fd = fd;
    return ESEP_OK;
}

bool blobs_settled(const struct esep_blobs *blobs, const struct esep_hash *hash)
{
    return (blobs->named[hash->bytes[0] / 8] & 1U << hash->bytes[0] % 8) != 0;
}

void blobs_settle(struct esep_blobs *blobs, const struct esep_hash *hash)
{
    blobs->named[hash->bytes[0] / 8] |= (uint8_t)(1U << hash->bytes[0] % 8);
}

/* What an earlier process made or renamed may not be on the disk yet: once for each folder. */
static enum esep_status settle_name(struct esep_blobs *blobs, const struct esep_hash *hash)
{
    char name[BLOB_NAME_BYTES];
    int folder = -1;
    if (blobs->options.read_only || blobs_settled(blobs, hash))
        return ESEP_OK;
    esep_hex(hash->bytes, ESEP_HASH_BYTES, name);
    enum esep_status status = blobs_folder_of(blobs, name, &folder, NULL);
    if (status != ESEP_OK)
        return status;
    if (fsync(folder) != 0 || fsync(blobs->folder) != 0)
        status = ESEP_IO;
    else
        blobs_settle(blobs, hash);
    (void)close(folder);
    return status;
}

enum esep_status esep_blobs_look(struct esep_blobs *blobs, const struct esep_hash *hash,
                                 uint64_t *ret_size)
{
    struct stat info;
    int fd = -1;
    const enum esep_status status = blobs_open_whole(blobs, hash, &fd, &info, NULL);
    if (status != ESEP_OK)
        return status;
    (void)close(fd);
    *ret_size = (uint64_t)info.st_size;
    return ESEP_OK;
}

enum esep_status esep_blobs_have(struct esep_blobs *blobs, const struct esep_hash *hash,
                                 uint64_t *ret_size)
{
    uint64_t size = 0;
    enum esep_status status = esep_blobs_look(blobs, hash, &size);
    if (status == ESEP_OK)
        status = settle_name(blobs, hash);
    if (status == ESEP_OK)
        *ret_size = size;
    return status;
}

enum esep_status esep_blobs_fd(struct esep_blobs *blobs, const struct esep_hash *hash, int *ret_fd,
                               uint64_t *ret_size, struct esep_reason *reason)
{
    struct stat info;
    const enum esep_status status = blobs_open_whole(blobs, hash, ret_fd, &info, reason);
    if (status == ESEP_OK)
        *ret_size = (uint64_t)info.st_size;
    return status;
}

enum esep_status esep_blobs_read(struct esep_blobs *blobs, const struct esep_hash *hash,
                                 uint64_t offset, void *out, size_t room, size_t *ret_len,
                                 struct esep_reason *reason)
{
    struct stat info;
    int fd = -1;
    size_t len = 0;
    ssize_t got = 0;
    enum esep_status status = blobs_open_whole(blobs, hash, &fd, &info, reason);
    if (status != ESEP_OK)
        return status;
    if (offset > (uint64_t)info.st_size)
        status = esep_because(reason, ESEP_INVALID, "the file has %llu bytes, none at %llu",
                              (unsigned long long)info.st_size, (unsigned long long)offset);
    while (status == ESEP_OK && len < room) {
        got = pread(fd, (uint8_t *)out + len, room - len, (off_t)(offset + len));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status = blobs_failed(blobs, "read", "a file", reason);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    (void)close(fd);
    if (status == ESEP_OK)
        *ret_len = len;
    return status;
}

enum esep_status blobs_hash(int fd, uint64_t start, uint64_t end, struct esep_hash *ret)
{
    uint8_t *buffer = malloc(BLOB_BUFFER_BYTES);
    struct esep_hashing hashing;
    if (buffer == NULL)
        return ESEP_NOMEM;
    enum esep_status status = ESEP_OK;
    esep_hashing_init(&hashing);
    while (status == ESEP_OK && start < end) {
        const uint64_t left = end - start;
        const size_t want = left < BLOB_BUFFER_BYTES ? (size_t)left : BLOB_BUFFER_BYTES;
        const ssize_t got = pread(fd, buffer, want, (off_t)start);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            status = got < 0 ? ESEP_IO : ESEP_CORRUPT;
            continue;
        }
        esep_hashing_add(&hashing, esep_slice(buffer, (size_t)got));
        start += (uint64_t)got;
    }
    free(buffer);
    if (status == ESEP_OK)
        *ret = esep_hashing_done(&hashing);
    return status;
}

enum esep_status esep_blobs_check(struct esep_blobs *blobs, const struct esep_hash *hash,
                                  struct esep_reason *reason)
{
    struct stat info;
    struct esep_hash found;
    int fd = -1;
    enum esep_status status = blobs_open_whole(blobs, hash, &fd, &info, reason);
    if (status != ESEP_OK)
        return status;
    status = blobs_hash(fd, 0, (uint64_t)info.st_size, &found);
    (void)close(fd);
    if (status == ESEP_OK && !esep_hash_equal(&found, hash))
        status = ESEP_CORRUPT;
    if (status != ESEP_OK) {
        char name[BLOB_NAME_BYTES];
        esep_hex(hash->bytes, ESEP_HASH_BYTES, name);
        return esep_because(reason, status,
                            status == ESEP_CORRUPT ? "the disk has changed the file %.12s in %.120s"
                                                   : "cannot read the file %.12s in %.120s",
                            name, blobs->path);
    }
    return ESEP_OK;
}

enum esep_status esep_blobs_remove(struct esep_blobs *blobs, const struct esep_hash *hash,
                                   esep_time age, struct esep_reason *reason)
{
    char name[BLOB_NAME_BYTES];
    struct stat info;
    int folder = -1;
    esep_hex(hash->bytes, ESEP_HASH_BYTES, name);
    enum esep_status status = blobs_lock(blobs, reason);
    if (status != ESEP_OK)
        return status;
    status = blobs_folder_of(blobs, name, &folder, reason);
    if (status == ESEP_OK) {
        if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            status = blobs_failed(blobs, "look at", name, reason);
        else if (age > 0 && !blobs_older(&info, age))
            status =
                esep_because(reason, ESEP_AGAIN, "%.12s was put there a short while ago", name);
        else if (unlinkat(folder, name, 0) != 0 || fsync(folder) != 0)
            status = blobs_failed(blobs, "remove", name, reason);
        (void)close(folder);
    }
    if (status == ESEP_OK && S_ISREG(info.st_mode))
        blobs->used -= blobs->used < (uint64_t)info.st_size ? blobs->used : (uint64_t)info.st_size;
    blobs_unlock(blobs);
    return status;
}

void esep_blobs_make(const char *folder)
{
    const struct esep_blobs_options options = {.quota_bytes = 1, .file_bytes_max = 1};
    struct esep_blobs *blobs = NULL;
    struct stat there;
    if (stat(folder, &there) != 0 && esep_blobs_open(folder, &options, &blobs, NULL) == ESEP_OK)
        esep_blobs_close(blobs);
}
