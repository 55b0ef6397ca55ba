/* collector/backup_unpack.c - a store and its files out of an archive. */
#include "collector/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define STORE_FILE "data.mdb"
#define PIECE_BYTES ARCHIVE_CHUNK_BYTES

static bool disk_of(const char *path, dev_t *ret_disk, uint64_t *ret_free)
{
    char copy[BACKUP_NAME_ROOM];
    struct stat info;
    struct statvfs disk;
    (void)snprintf(copy, sizeof copy, "%s", path);
    const char *above = dirname(copy);
    if (stat(above, &info) != 0 || statvfs(above, &disk) != 0)
        return false;
    *ret_disk = info.st_dev;
    *ret_free = (uint64_t)disk.f_bavail * disk.f_frsize;
    return true;
}

enum esep_status backup_room(const struct archive_head *head, uint64_t map_bytes, const char *store,
                             const char *files, struct esep_reason *reason)
{
    if (head->store_bytes > map_bytes)
        return esep_because(reason, ESEP_LIMIT,
                            "the backup's store has %" PRIu64 " bytes and limits.store_bytes is "
                            "%" PRIu64 ": raise it first",
                            head->store_bytes, map_bytes);
    dev_t disks[2] = {0};
    uint64_t room[2] = {0};
    if (!disk_of(store, &disks[0], &room[0]) || !disk_of(files, &disks[1], &room[1]))
        return esep_because(reason, ESEP_IO, "cannot look at the disk of %.80s or of %.80s: %s",
                            store, files, strerror(errno));
    uint64_t wanted[2] = {head->store_bytes, head->files_bytes};
    if (wanted[0] > UINT64_MAX - wanted[1])
        return esep_because(reason, ESEP_LIMIT, "the backup announces more than any disk holds");
    if (disks[0] == disks[1])
        wanted[0] += wanted[1];
    for (size_t i = 0; i < 2; i++)
        if (wanted[i] > room[i])
            return esep_because(reason, ESEP_LIMIT,
                                "the backup needs %" PRIu64 " bytes and there is room for %" PRIu64
                                " on the disk of %.100s: make room first",
                                wanted[i], room[i], i == 0 ? store : files);
    return ESEP_OK;
}

struct unpacking {
    struct archive_reader *reader;
    uint8_t *piece;
    struct esep_blobs *blobs; /* NULL: into nothing */
    uint64_t files;
};

/* A full piece, or what the record still has. */
static enum esep_status next_piece(struct unpacking *u, size_t *ret_len, struct esep_reason *reason)
{
    size_t got = 0;
    *ret_len = 0;
    do {
        const enum esep_status status =
            archive_get(u->reader, u->piece + *ret_len, PIECE_BYTES - *ret_len, &got, reason);
        if (status != ESEP_OK)
            return status;
        *ret_len += got;
    } while (got > 0 && *ret_len < PIECE_BYTES);
    return ESEP_OK;
}

static enum esep_status pass_over(struct unpacking *u, const struct esep_hash *wanted,
                                  struct esep_reason *reason)
{
    struct esep_hashing hashing;
    size_t len = 0;
    esep_hashing_init(&hashing);
    do {
        const enum esep_status status = next_piece(u, &len, reason);
        if (status != ESEP_OK)
            return status;
        esep_hashing_add(&hashing, esep_slice(u->piece, len));
    } while (len > 0);
    const struct esep_hash hash = esep_hashing_done(&hashing);
    return wanted == NULL || esep_hash_equal(&hash, wanted)
               ? ESEP_OK
               : esep_because(reason, ESEP_INVALID,
                              "a file in the backup is not what it is called");
}

static enum esep_status write_store(struct unpacking *u, const char *folder,
                                    struct esep_reason *reason)
{
    char path[BACKUP_NAME_ROOM];
    size_t len = 0;
    (void)snprintf(path, sizeof path, "%s/" STORE_FILE, folder);
    if (mkdir(folder, 0700) != 0)
        return esep_because(reason, esep_store_errno(errno), "cannot make the folder %.150s: %s",
                            folder, strerror(errno));
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return esep_because(reason, esep_store_errno(errno), "cannot make %.150s: %s", path,
                            strerror(errno));
    enum esep_status status = ESEP_OK;
    do {
        status = next_piece(u, &len, reason);
        for (size_t done = 0; status == ESEP_OK && done < len;) {
            const ssize_t wrote = write(fd, u->piece + done, len - done);
            if (wrote < 0 && errno != EINTR)
                status = esep_because(reason, esep_store_errno(errno), "cannot write %.150s: %s",
                                      path, strerror(errno));
            done += wrote > 0 ? (size_t)wrote : 0;
        }
    } while (status == ESEP_OK && len > 0);
    if (status == ESEP_OK && fsync(fd) != 0)
        status = esep_because(reason, ESEP_IO, "cannot sync %.150s: %s", path, strerror(errno));
    (void)close(fd);
    return status;
}

/* The same file, where two offices sent it, is there twice. */
static enum esep_status write_file(struct unpacking *u, const struct archive_record *record,
                                   struct esep_reason *reason)
{
    const struct esep_blob_key key = {.hash = record->sha256, .size = record->size};
    struct esep_blob_part *part = NULL;
    size_t len = 0;
    enum esep_status status = esep_blob_part_open(u->blobs, &key, &part, reason);
    if (status == ESEP_CONFLICT)
        return pass_over(u, &record->sha256, reason);
    for (uint64_t at = 0; status == ESEP_OK && at < record->size; at += len) {
        status = next_piece(u, &len, reason);
        if (status == ESEP_OK)
            status = esep_blob_part_append(part, at, esep_slice(u->piece, len), reason);
    }
    if (status == ESEP_OK)
        status = esep_blob_part_finish(part, NULL, NULL, reason);
    esep_blob_part_close(part);
    return status;
}

static enum esep_status unpack_one(struct unpacking *u, const struct archive_record *record,
                                   const char *store, struct esep_reason *reason)
{
    const bool file = record->kind == ARCHIVE_FILE;
    u->files += file;
    if (u->blobs == NULL)
        return pass_over(u, file ? &record->sha256 : NULL, reason);
    return file ? write_file(u, record, reason) : write_store(u, store, reason);
}

enum esep_status backup_unpack(struct archive_reader *reader, const char *store, const char *files,
                               uint64_t *ret_files, struct esep_reason *reason)
{
    const struct esep_blobs_options all = {.quota_bytes = UINT64_MAX, .file_bytes_max = UINT64_MAX};
    struct unpacking u = {.reader = reader, .piece = malloc(PIECE_BYTES)};
    struct archive_record record = {.kind = ARCHIVE_STORE};
    enum esep_status status = u.piece != NULL ? ESEP_OK : ESEP_NOMEM;
    if (status == ESEP_OK && files != NULL)
        status = esep_blobs_open(files, &all, &u.blobs, reason);
    while (status == ESEP_OK && record.kind != ARCHIVE_END) {
        status = archive_next(reader, &record, reason);
        if (status == ESEP_OK && record.kind != ARCHIVE_END)
            status = unpack_one(&u, &record, store, reason);
    }
    esep_blobs_close(u.blobs);
    esep_wipe(u.piece, u.piece != NULL ? PIECE_BYTES : 0);
    free(u.piece);
    *ret_files = u.files;
    return status;
}
