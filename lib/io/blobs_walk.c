/* lib/io/blobs_walk.c - what lies in the store of files: its list, its sum, and what is left over.
 *
 * What has no name of ours is passed over everywhere: it is not counted, not told and not removed.
 */
#include "io/blobs_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* A folder's entries by a descriptor of its own; NULL with errno. */
static DIR *entries_of(int folder)
{
    const int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
    if (entries == NULL && fd >= 0)
        (void)close(fd);
    return entries;
}

struct walk {
    bool (*each)(void *context, const struct esep_blob *blob);
    void *context;
    bool over;
};

/* The whole files of one folder. */
static enum esep_status walk_folder(struct esep_blobs *blobs, unsigned number, struct walk *walk,
                                    struct esep_reason *reason)
{
    char prefix[3];
    int folder = -1;
    (void)snprintf(prefix, sizeof(prefix), "%02x", number & 0xffu);
    enum esep_status status = blobs_folder_of(blobs, prefix, &folder, reason);
    if (status == ESEP_NOT_FOUND || status == ESEP_CORRUPT)
        return ESEP_OK; /* nothing of ours is in it */
    if (status != ESEP_OK)
        return status;
    DIR *entries = entries_of(folder);
    if (entries == NULL)
        status = blobs_failed(blobs, "list the folder", prefix, reason);
    for (const struct dirent *entry;
         entries != NULL && !walk->over && (entry = readdir(entries)) != NULL;) {
        struct esep_blob blob;
        struct stat info;
        if (!blob_name_parse(entry->d_name, &blob.hash) || blob.hash.bytes[0] != number ||
            fstatat(folder, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(info.st_mode))
            continue;
        blob.size = (uint64_t)info.st_size;
        walk->over = !walk->each(walk->context, &blob);
    }
    if (entries != NULL)
        (void)closedir(entries);
    (void)close(folder);
    return status;
}

static enum esep_status walk_all(struct esep_blobs *blobs, struct walk *walk,
                                 struct esep_reason *reason)
{
    enum esep_status status = ESEP_OK;
    for (unsigned number = 0; status == ESEP_OK && !walk->over && number < 256; number++)
        status = walk_folder(blobs, number, walk, reason);
    return status;
}

static bool add_size(void *context, const struct esep_blob *blob)
{
    *(uint64_t *)context += blob->size;
    return true;
}

enum esep_status blobs_count(struct esep_blobs *blobs, struct esep_reason *reason)
{
    uint64_t sum = 0;
    struct walk walk = {.each = add_size, .context = &sum};
    struct esep_blob_key key;
    struct stat info;
    const enum esep_status status = walk_all(blobs, &walk, reason);
    if (status != ESEP_OK)
        return status;
    if (blobs->parts >= 0) {
        DIR *entries = entries_of(blobs->parts);
        if (entries == NULL)
            return blobs_failed(blobs, "list the folder", "part", reason);
        for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
            if (blob_part_parse(entry->d_name, &key) &&
                fstatat(blobs->parts, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                S_ISREG(info.st_mode))
                sum += key.size;
        (void)closedir(entries);
    }
    blobs->used = sum;
    return ESEP_OK;
}

enum esep_status esep_blobs_list(struct esep_blobs *blobs,
                                 bool (*each)(void *context, const struct esep_blob *blob),
                                 void *context, struct esep_reason *reason)
{
    struct walk walk = {.each = each, .context = context};
    const enum esep_status status = walk_all(blobs, &walk, reason);
    return status == ESEP_OK ? blobs_count(blobs, reason) : status;
}

bool blobs_older(const struct stat *info, esep_time age)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return false;
    const esep_time since = ((esep_time)now.tv_sec - info->st_mtim.tv_sec) * ESEP_SECOND +
                            (now.tv_nsec - info->st_mtim.tv_nsec) / 1000;
    return since >= age;
}

void blob_part_name(const struct esep_blob_key *key, char out[BLOB_PART_NAME_BYTES])
{
    char name[BLOB_NAME_BYTES];
    esep_hex(key->hash.bytes, ESEP_HASH_BYTES, name);
    (void)snprintf(out, BLOB_PART_NAME_BYTES, "%lu-%s-%llu", (unsigned long)key->owner, name,
                   (unsigned long long)key->size);
}

/* Exactly what blob_part_name makes: so no two names are one partial. */
bool blob_part_parse(const char *name, struct esep_blob_key *ret)
{
    char hex[BLOB_NAME_BYTES], again[BLOB_PART_NAME_BYTES];
    char *end = NULL;
    const unsigned long owner = strtoul(name, &end, 10);
    if (*end != '-' || owner > UINT32_MAX || strlen(end) < BLOB_NAME_BYTES + 1)
        return false;
    memcpy(hex, end + 1, BLOB_NAME_BYTES - 1);
    hex[BLOB_NAME_BYTES - 1] = '\0';
    if (!blob_name_parse(hex, &ret->hash) || end[BLOB_NAME_BYTES] != '-')
        return false;
    ret->owner = (uint32_t)owner;
    ret->size = strtoull(end + BLOB_NAME_BYTES + 1, NULL, 10);
    blob_part_name(ret, again);
    return strcmp(name, again) == 0;
}

/* Whoever writes such a file holds a lock on it. Announced bytes leave the sum with it. */
static bool clear_one(struct esep_blobs *blobs, const char *name, esep_time age)
{
    struct stat info;
    struct esep_blob_key key;
    const bool copy = strncmp(name, BLOB_COPY_PREFIX, sizeof(BLOB_COPY_PREFIX) - 1) == 0;
    if (!copy && !blob_part_parse(name, &key))
        return false;
    const int fd = openat(blobs->parts, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool removed = flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &info) == 0 &&
                         (copy || blobs_older(&info, age)) && unlinkat(blobs->parts, name, 0) == 0;
    (void)close(fd);
    return removed;
}

enum esep_status esep_blobs_clear(struct esep_blobs *blobs, esep_time age, size_t *ret_removed,
                                  struct esep_reason *reason)
{
    size_t removed = 0;
    enum esep_status status = blobs_lock(blobs, reason);
    if (status != ESEP_OK)
        return status;
    DIR *entries = entries_of(blobs->parts);
    if (entries == NULL)
        status = blobs_failed(blobs, "list the folder", "part", reason);
    for (const struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
        removed += clear_one(blobs, entry->d_name, age);
    if (entries != NULL)
        (void)closedir(entries);
    if (status == ESEP_OK)
        status = blobs_count(blobs, reason);
    blobs_unlock(blobs);
    if (status == ESEP_OK)
        *ret_removed = removed;
    return status;
}
