/* lib/io/blobs_part.c - a file that comes piece by piece, over days and crashes.
 *
 * On the disk: the pieces where they belong in the file, and from the next full page behind the
 * file's announced size on a row of records, one for each piece: its end and its SHA-256. Both are
 * written and synced together; a crash may leave any part of them, and the records tell which. When
 * the file is whole the records are cut off, and it takes its name.
 */
#include "io/blobs_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define RECORD_BYTES (8 + ESEP_HASH_BYTES)

struct esep_blob_part {
    struct esep_blobs *blobs;
    struct esep_blob_key key;
    char name[BLOB_PART_NAME_BYTES];
    int fd;
    uint64_t length;
    uint64_t durable;
    uint64_t records;
    bool broken; /* a write or a sync failed: nothing more is done with it */
};

static uint64_t record_place(const struct esep_blob_part *part, uint64_t number)
{
    const uint64_t pages = (part->key.size + PAGE_BYTES - 1) / PAGE_BYTES;
    return pages * PAGE_BYTES + number * RECORD_BYTES;
}

/* The least length of a piece also bounds the records, to a twenty-fifth of the file. */
static bool piece_fits(const struct esep_blob_part *part, uint64_t start, uint64_t end)
{
    return end > start && end <= part->key.size && end - start <= ESEP_BLOB_PIECE_MAX &&
           (end - start >= ESEP_BLOB_PIECE_MIN || end == part->key.size);
}

static bool record_read(const struct esep_blob_part *part, uint64_t number, uint64_t *ret_end,
                        struct esep_hash *ret_hash)
{
    uint8_t record[RECORD_BYTES];
    if (pread(part->fd, record, sizeof(record), (off_t)record_place(part, number)) !=
        (ssize_t)sizeof(record))
        return false;
    *ret_end = esep_be64(record);
    memcpy(ret_hash->bytes, record + 8, ESEP_HASH_BYTES);
    return true;
}

/* How many pieces stand on the disk as their records say, and where the last ends. */
static enum esep_status count_sound(const struct esep_blob_part *part, uint64_t *ret_records,
                                    uint64_t *ret_end)
{
    uint64_t start = 0, end = 0;
    struct esep_hash said, found;
    *ret_records = 0;
    while (record_read(part, *ret_records, &end, &said) && piece_fits(part, start, end)) {
        const enum esep_status status = blobs_hash(part->fd, start, end, &found);
        if (status != ESEP_OK && status != ESEP_CORRUPT)
            return status;
        if (status == ESEP_CORRUPT || !esep_hash_equal(&found, &said))
            break;
        start = end;
        ++*ret_records;
    }
    *ret_end = start;
    return ESEP_OK;
}

/* Gone from the disk: what could not be synced may look sound in memory and not be there. */
static enum esep_status give_up(struct esep_blob_part *part, const char *doing,
                                struct esep_reason *reason)
{
    const enum esep_status status = blobs_failed(part->blobs, doing, part->name, reason);
    part->broken = true;
    if (unlinkat(part->blobs->parts, part->name, 0) == 0)
        part->blobs->used -= part->key.size;
    part->durable = 0;
    return status;
}

/* Everything behind the given number of pieces goes, and what stays is synced. */
static enum esep_status cut_back(struct esep_blob_part *part, uint64_t records, uint64_t end,
                                 struct esep_reason *reason)
{
    const uint64_t bytes = records > 0 ? record_place(part, records) : 0;
    if (ftruncate(part->fd, (off_t)bytes) != 0 || fsync(part->fd) != 0)
        return give_up(part, "cut back", reason);
    part->records = records;
    part->length = end;
    part->durable = end;
    return ESEP_OK;
}

/* A crash may come between the cutting off of the records and the file's name. */
static enum esep_status was_whole(const struct esep_blob_part *part, const struct stat *info,
                                  bool *ret)
{
    struct esep_hash found;
    *ret = false;
    if ((uint64_t)info->st_size != part->key.size)
        return ESEP_OK;
    const enum esep_status status = blobs_hash(part->fd, 0, part->key.size, &found);
    *ret = status == ESEP_OK && esep_hash_equal(&found, &part->key.hash);
    return status == ESEP_CORRUPT ? ESEP_OK : status;
}

static enum esep_status take_up(struct esep_blob_part *part, const struct stat *info,
                                struct esep_reason *reason)
{
    bool whole = false;
    uint64_t records = 0, end = 0;
    enum esep_status status = was_whole(part, info, &whole);
    if (status == ESEP_OK && whole) {
        part->length = part->key.size;
        return esep_blob_part_sync(part, reason);
    }
    if (status == ESEP_OK)
        status = count_sound(part, &records, &end);
    if (status != ESEP_OK)
        return esep_because(reason, status, "cannot read the partial file %.12s in %.120s",
                            part->name, part->blobs->path);
    return cut_back(part, records, end, reason);
}

/* The store is locked. */
static enum esep_status open_or_begin(struct esep_blob_part *part, bool *ret_new,
                                      struct esep_reason *reason)
{
    struct esep_blobs *blobs = part->blobs;
    static const int how = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    part->fd = openat(blobs->parts, part->name, how);
    *ret_new = part->fd < 0 && errno == ENOENT;
    if (*ret_new) {
        const enum esep_status status = blobs_room(blobs, part->key.size, reason);
        if (status != ESEP_OK)
            return status;
        part->fd = openat(blobs->parts, part->name, how | O_CREAT | O_EXCL, 0600);
    }
    if (part->fd < 0 && errno == ELOOP)
        return esep_because(reason, ESEP_CORRUPT,
                            "a symbolic link stands in for a partial file in %.140s: remove it",
                            blobs->path);
    if (part->fd < 0)
        return blobs_failed(blobs, "open the partial file", part->name, reason);
    if (flock(part->fd, LOCK_EX | LOCK_NB) != 0)
        return esep_because(reason, ESEP_AGAIN, "the partial file is held open by somebody else");
    if (*ret_new) {
        blobs->used += part->key.size;
        if (fsync(blobs->parts) != 0)
            return give_up(part, "sync the folder of", reason);
    }
    return ESEP_OK;
}

static enum esep_status open_part(struct esep_blob_part *part, struct esep_reason *reason)
{
    struct stat info;
    bool fresh = false;
    enum esep_status status = blobs_lock(part->blobs, reason);
    if (status != ESEP_OK)
        return status;
    status = open_or_begin(part, &fresh, reason);
    blobs_unlock(part->blobs);
    if (status != ESEP_OK || fresh)
        return status;
    if (fstat(part->fd, &info) != 0)
        return blobs_failed(part->blobs, "look at", part->name, reason);
    if (!S_ISREG(info.st_mode))
        return esep_because(reason, ESEP_CORRUPT,
                            "what stands in for a partial file in %.140s is none: remove it",
                            part->blobs->path);
    return take_up(part, &info, reason);
}

enum esep_status esep_blob_part_open(struct esep_blobs *blobs, const struct esep_blob_key *key,
                                     struct esep_blob_part **ret, struct esep_reason *reason)
{
    uint64_t size = 0;
    ESEP_ASSERT(key->size > 0);
    if (key->size > blobs->options.file_bytes_max)
        return blobs_room(blobs, key->size, reason);
    if (esep_blobs_have(blobs, &key->hash, &size) == ESEP_OK)
        return esep_because(reason, ESEP_CONFLICT, "the whole file is there already");
    struct esep_blob_part *part = calloc(1, sizeof(*part));
    if (part == NULL)
        return ESEP_NOMEM;
    *part = (struct esep_blob_part){.blobs = blobs, .key = *key, .fd = -1};
    blob_part_name(key, part->name);
    const enum esep_status status = open_part(part, reason);
    if (status != ESEP_OK) {
        esep_blob_part_close(part);
        return status;
    }
    *ret = part;
    return ESEP_OK;
}

void esep_blob_part_close(struct esep_blob_part *part)
{
    if (part == NULL)
        return;
    if (part->fd >= 0)
        (void)close(part->fd);
    free(part);
}

uint64_t esep_blob_part_durable(const struct esep_blob_part *part)
{
    return part->durable;
}

uint64_t esep_blob_part_length(const struct esep_blob_part *part)
{
    return part->length;
}

enum esep_status esep_blob_part_append(struct esep_blob_part *part, uint64_t offset,
                                       struct esep_slice piece, struct esep_reason *reason)
{
    uint8_t record[RECORD_BYTES];
    ESEP_ASSERT(!part->broken);
    if (offset != part->length || piece.len > ESEP_BLOB_PIECE_MAX ||
        !piece_fits(part, offset, offset + piece.len))
        return esep_because(reason, ESEP_INVALID,
                            "a piece of %zu bytes at %llu does not go on from %llu of %llu",
                            piece.len, (unsigned long long)offset, (unsigned long long)part->length,
                            (unsigned long long)part->key.size);
    const struct esep_hash hash = esep_sha256(piece);
    esep_be64_put(record, offset + piece.len);
    memcpy(record + 8, hash.bytes, ESEP_HASH_BYTES);
    if (!blobs_write(part->fd, piece, offset) ||
        !blobs_write(part->fd, esep_slice(record, sizeof(record)),
                     record_place(part, part->records))) {
        part->broken = true;
        return blobs_failed(part->blobs, "write", part->name, reason);
    }
    part->records++;
    part->length += piece.len;
    return ESEP_OK;
}

enum esep_status esep_blob_part_sync(struct esep_blob_part *part, struct esep_reason *reason)
{
    ESEP_ASSERT(!part->broken);
    if (fdatasync(part->fd) != 0)
        return give_up(part, "sync", reason);
    part->durable = part->length;
    return ESEP_OK;
}

/* The first of the sender's pieces that is not there, or `count`. */
static enum esep_status first_wrong(const struct esep_blob_part *part,
                                    const struct esep_blob_pieces *pieces, size_t *ret)
{
    struct esep_hash found;
    for (*ret = 0; *ret < pieces->count; ++*ret) {
        const uint64_t start = (uint64_t)*ret * pieces->bytes;
        const uint64_t end =
            part->key.size - start < pieces->bytes ? part->key.size : start + pieces->bytes;
        const enum esep_status status = blobs_hash(part->fd, start, end, &found);
        if (status != ESEP_OK)
            return status;
        if (!esep_hash_equal(&found, &pieces->hashes[*ret]))
            return ESEP_OK;
    }
    return ESEP_OK;
}

/* The pieces that came that end at or before `start`. */
static void records_before(const struct esep_blob_part *part, uint64_t start, uint64_t *ret_records,
                           uint64_t *ret_end)
{
    struct esep_hash unused;
    uint64_t end = 0;
    *ret_records = 0;
    *ret_end = 0;
    while (*ret_records < part->records && record_read(part, *ret_records, &end, &unused) &&
           end <= start) {
        *ret_end = end;
        ++*ret_records;
    }
}

/* It is not the file: whose fault is it, and from where on must it come again? */
static enum esep_status blame(struct esep_blob_part *part, const struct esep_blob_pieces *pieces,
                              size_t *ret_wrong, struct esep_reason *reason)
{
    uint64_t records = 0, end = 0;
    size_t wrong = ESEP_BLOB_PIECE_NONE;
    enum esep_status blamed = ESEP_INVALID;
    enum esep_status status = count_sound(part, &records, &end);
    if (status == ESEP_OK && end < part->key.size) {
        blamed = ESEP_CORRUPT;
        if (pieces != NULL)
            wrong = (size_t)(end / pieces->bytes);
    } else if (status == ESEP_OK) {
        records = end = 0;
        if (pieces != NULL)
            status = first_wrong(part, pieces, &wrong);
        if (status == ESEP_OK && pieces != NULL && wrong == pieces->count)
            wrong = ESEP_BLOB_PIECE_NONE;
        else if (status == ESEP_OK && pieces != NULL)
            records_before(part, (uint64_t)wrong * pieces->bytes, &records, &end);
    }
    if (status == ESEP_OK)
        status = cut_back(part, records, end, reason);
    if (status != ESEP_OK)
        return status;
    if (ret_wrong != NULL)
        *ret_wrong = wrong;
    return esep_because(reason, blamed,
                        blamed == ESEP_CORRUPT
                            ? "the disk has changed the partial file %.12s at byte %llu"
                            : "what came is not the file %.12s: it is wanted again from byte %llu",
                        strchr(part->name, '-') + 1, (unsigned long long)end);
}

/* The records go, and that is on the disk before its name is; the mode is for who looks at it. */
static enum esep_status take_name(struct esep_blob_part *part, struct esep_reason *reason)
{
    struct esep_blobs *blobs = part->blobs;
    uint64_t there = 0;
    if (ftruncate(part->fd, (off_t)part->key.size) != 0 || fsync(part->fd) != 0)
        return give_up(part, "sync", reason);
    enum esep_status status = blobs_lock(blobs, reason);
    if (status != ESEP_OK)
        return status;
    const bool twice = esep_blobs_have(blobs, &part->key.hash, &there) == ESEP_OK;
    status = blobs_publish(blobs, part->name, &part->key.hash, reason);
    if (status == ESEP_OK)
        (void)fchmod(part->fd, 0400);
    if (status == ESEP_OK && twice)
        blobs->used -= there;
    blobs_unlock(blobs);
    return status;
}

enum esep_status esep_blob_part_finish(struct esep_blob_part *part,
                                       const struct esep_blob_pieces *pieces, size_t *ret_wrong,
                                       struct esep_reason *reason)
{
    struct esep_hash found;
    ESEP_ASSERT(!part->broken && part->length == part->key.size);
    ESEP_ASSERT(pieces == NULL ||
                (pieces->bytes > 0 && pieces->count == part->key.size / pieces->bytes +
                                                           (part->key.size % pieces->bytes != 0)));
    if (ret_wrong != NULL)
        *ret_wrong = ESEP_BLOB_PIECE_NONE;
    enum esep_status status = ESEP_OK;
    if (part->durable < part->length)
        status = esep_blob_part_sync(part, reason);
    if (status == ESEP_OK) {
        status = blobs_hash(part->fd, 0, part->key.size, &found);
        if (status == ESEP_OK && esep_hash_equal(&found, &part->key.hash)) {
            status = take_name(part, reason);
            part->broken = true; /* through with it: it has its name, or must be opened again */
            return status;
        }
        if (status == ESEP_OK || status == ESEP_CORRUPT)
            status = blame(part, pieces, ret_wrong, reason);
    }
    if (status != ESEP_CORRUPT && status != ESEP_INVALID)
        part->broken = true;
    return status;
}
