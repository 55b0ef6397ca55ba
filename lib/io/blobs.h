/* lib/io/blobs.h - files by their content: a folder in which a file's name is its SHA-256.
 *
 *     FOLDER/lock                      held while something is added or taken away
 *     FOLDER/ab/ab12...                whole files, mode 0400; "ab" are the name's first two digits
 *     FOLDER/part/7-ab12...-2097152    a partial file: whose, which, how long it will be
 *     FOLDER/part/put.XXXXXX           a copy under way
 *
 * The office's agent and the collector keep evidence in it, beside their LMDB stores. It decides
 * when a file is safe on the disk and whether it is the file that it says; what may be kept at all,
 * for whom and how long, is its caller's to decide.
 *
 * A whole file comes by esep_blobs_put (copied from the machine's own disk) or piece by piece as an
 * esep_blob_part. Either way it is synced before it takes its name, in one rename, and the name is
 * synced before the call returns: a file under its name is whole after any crash. Nothing is ever
 * written to it again. Symbolic links are followed nowhere below FOLDER, nor at the end of the path
 * of what is put.
 *
 * A partial file grows in order, each piece beside a record of its end and its SHA-256. What it
 * holds counts once it is synced: esep_blob_part_durable. Opening one reads every piece again,
 * keeps it up to the first whose record does not agree, drops the rest and syncs: so after any
 * crash `durable` is true, whatever part of the last writes reached the disk. After a failed sync
 * the partial is removed and starts anew: no sync is tried twice. Partials are named by owner, too:
 * what one office sends can not spoil what another is sending.
 *
 * Full is loud: ESEP_LIMIT with the figures. What a partial has announced counts from its first
 * piece on.
 *
 * Not for two threads at once. Several processes may put, read and remove; one alone holds a
 * partial open (its lock is the file's, and a crash lets go of it). Calls sync and may take as long
 * as the disk.
 *
 * Invariant of a part: durable <= length <= key.size.
 */
#ifndef ESEP_IO_BLOBS_H
#define ESEP_IO_BLOBS_H

#include "base/crypto.h"
#include "base/time.h"

#define ESEP_BLOB_PIECE_MIN 1024      /* a shorter one may only be a file's last */
#define ESEP_BLOB_PIECE_MAX (1 << 20) /* and none is longer */

struct esep_blobs;
struct esep_blobs_options {
    uint64_t quota_bytes;    /* of whole files and of what partial ones have announced */
    uint64_t file_bytes_max; /* of one file */
    bool read_only;          /* the folder must be there; nothing is made, added or removed */
};
struct esep_blob {
    struct esep_hash hash;
    uint64_t size;
};

/* Makes the folder (not those above it) unless read_only. ESEP_DENIED: not ours to write, and why.
 */
ESEP_MUST_USE enum esep_status esep_blobs_open(const char *folder,
                                               const struct esep_blobs_options *options,
                                               struct esep_blobs **ret, struct esep_reason *reason);
/* The folder, empty, where there is none: so that a sandbox can be given it, and not all of the one
 * above. Where it cannot be made, who opens it says so. */
void esep_blobs_make(const char *folder);
void esep_blobs_close(struct esep_blobs *blobs);
/* New limits from a new config; what is there already stays, however much it is. */
void esep_blobs_limit(struct esep_blobs *blobs, uint64_t quota_bytes, uint64_t file_bytes_max);

/* What the caller says of a copy before it takes its name; the content is there for the call alone.
 * Not ESEP_OK: nothing is kept of it, and that is what the put comes to. */
struct esep_blobs_judge {
    enum esep_status (*judge)(void *context, struct esep_slice content, struct esep_reason *reason);
    void *context;
};
/* Copies a regular file in. The same content, already there and sound, is kept and counted as
 * touched now; damaged, it is replaced. judge: NULL for any content. ESEP_LIMIT: too large, no
 * room; ESEP_AGAIN: it changed meanwhile; ESEP_INVALID: no regular file. */
ESEP_MUST_USE enum esep_status esep_blobs_put(struct esep_blobs *blobs, const char *path,
                                              const struct esep_blobs_judge *judge,
                                              struct esep_blob *ret, struct esep_reason *reason);
/* The same from where fd stands to its end; a pipe will do. */
ESEP_MUST_USE enum esep_status esep_blobs_put_fd(struct esep_blobs *blobs, int fd,
                                                 const struct esep_blobs_judge *judge,
                                                 struct esep_blob *ret, struct esep_reason *reason);

/* The same file of another store, by a second name on the same disk or as a copy. It is read whole:
 * ESEP_NOT_FOUND, ESEP_CORRUPT of `from`. What is there already and sound stays; what is damaged is
 * replaced. ret_new (may be NULL): it was not there before, or not sound. No quota is asked. */
ESEP_MUST_USE enum esep_status esep_blobs_copy(struct esep_blobs *to, struct esep_blobs *from,
                                               const struct esep_hash *hash, bool *ret_new,
                                               struct esep_reason *reason);

/* OK: the whole file is there, its name on the disk. ESEP_NOT_FOUND; ESEP_CORRUPT: something else
 * has its name. Reads no content. */
ESEP_MUST_USE enum esep_status esep_blobs_have(struct esep_blobs *blobs,
                                               const struct esep_hash *hash, uint64_t *ret_size);
/* The same without a sync: a whole file is there now, and a power cut may still take its name. */
ESEP_MUST_USE enum esep_status esep_blobs_look(struct esep_blobs *blobs,
                                               const struct esep_hash *hash, uint64_t *ret_size);
/* Up to `room` bytes from `offset`; fewer only at the file's end. */
ESEP_MUST_USE enum esep_status esep_blobs_read(struct esep_blobs *blobs,
                                               const struct esep_hash *hash, uint64_t offset,
                                               void *out, size_t room, size_t *ret_len,
                                               struct esep_reason *reason);
/* Reads the whole file: OK, or ESEP_CORRUPT where it is not what its name says. */
ESEP_MUST_USE enum esep_status esep_blobs_check(struct esep_blobs *blobs,
                                                const struct esep_hash *hash,
                                                struct esep_reason *reason);
/* A descriptor to read the whole file from, for the caller to close. */
ESEP_MUST_USE enum esep_status esep_blobs_fd(struct esep_blobs *blobs, const struct esep_hash *hash,
                                             int *ret_fd, uint64_t *ret_size,
                                             struct esep_reason *reason);
/* Every whole file, in no order; until `each` says false. It may remove the one that it is told. */
ESEP_MUST_USE enum esep_status
esep_blobs_list(struct esep_blobs *blobs, bool (*each)(void *context, const struct esep_blob *blob),
                void *context, struct esep_reason *reason);
/* ESEP_AGAIN: put or touched within the last `age` (0: whatever its age). */
ESEP_MUST_USE enum esep_status esep_blobs_remove(struct esep_blobs *blobs,
                                                 const struct esep_hash *hash, esep_time age,
                                                 struct esep_reason *reason);
/* Bytes that count against the quota, as this process knows them: esep_blobs_open, _put, _list and
 * _clear count what others did, too. */
uint64_t esep_blobs_used(const struct esep_blobs *blobs);
uint64_t esep_blobs_quota(const struct esep_blobs *blobs);

struct esep_blob_part;
struct esep_blob_key {
    uint32_t owner; /* an office's number; 0 where there is but one */
    struct esep_hash hash;
    uint64_t size; /* > 0 */
};
/* Takes up a partial file, or begins it. ESEP_CONFLICT: the whole file is there; ESEP_LIMIT: too
 * large, no room; ESEP_AGAIN: it is held open already. */
ESEP_MUST_USE enum esep_status esep_blob_part_open(struct esep_blobs *blobs,
                                                   const struct esep_blob_key *key,
                                                   struct esep_blob_part **ret,
                                                   struct esep_reason *reason);
uint64_t esep_blob_part_durable(const struct esep_blob_part *part);
uint64_t esep_blob_part_length(const struct esep_blob_part *part);
/* ESEP_INVALID: not at `length`, past the size, shorter or longer than a piece may be; the part is
 * as it was. Another failure: close it. */
ESEP_MUST_USE enum esep_status esep_blob_part_append(struct esep_blob_part *part, uint64_t offset,
                                                     struct esep_slice piece,
                                                     struct esep_reason *reason);
/* durable = length. A failure: close it; it is gone from the disk. */
ESEP_MUST_USE enum esep_status esep_blob_part_sync(struct esep_blob_part *part,
                                                   struct esep_reason *reason);
/* The file's pieces as its sender names them, each `bytes` long but the last. */
struct esep_blob_pieces {
    uint32_t bytes;
    size_t count;
    const struct esep_hash *hashes;
};
#define ESEP_BLOB_PIECE_NONE SIZE_MAX
/* At full length only: syncs, reads it all, and gives it its name. OK: whole and durable, close the
 * part. ESEP_CORRUPT: our disk changed a piece; ESEP_INVALID: it is not the file that was
 * announced. With `pieces` (may be NULL) that do not fit, *ret_wrong (may be NULL) is the first
 * wrong one and the part is cut back to its start, to go on from there. So it is where our disk
 * changed one. Without a culprit *ret_wrong is ESEP_BLOB_PIECE_NONE, and the part starts anew at 0.
 */
ESEP_MUST_USE enum esep_status esep_blob_part_finish(struct esep_blob_part *part,
                                                     const struct esep_blob_pieces *pieces,
                                                     size_t *ret_wrong, struct esep_reason *reason);
/* Lets go of it; what is durable stays on the disk. NULL is fine. */
void esep_blob_part_close(struct esep_blob_part *part);

/* Removes partial files that nobody holds and nobody wrote to for `age`, and copies that a crash
 * cut off. */
ESEP_MUST_USE enum esep_status esep_blobs_clear(struct esep_blobs *blobs, esep_time age,
                                                size_t *ret_removed, struct esep_reason *reason);

#endif
