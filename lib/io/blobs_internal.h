/* lib/io/blobs_internal.h - what the files of blobs.h share: the store, its names, its small steps.
 */
#ifndef ESEP_IO_BLOBS_INTERNAL_H
#define ESEP_IO_BLOBS_INTERNAL_H

#include "io/blobs.h"

#include <limits.h>
#include <sys/stat.h>

#define BLOB_NAME_BYTES (2 * ESEP_HASH_BYTES + 1)
#define BLOB_PART_NAME_BYTES (BLOB_NAME_BYTES + 34) /* owner-name-size */
#define BLOB_COPY_PREFIX "put."
#define BLOB_BUFFER_BYTES (64 * 1024)

struct esep_blobs {
    int folder;
    int parts; /* the folder part; -1 where it is not there, read_only */
    int lock;  /* -1: read_only */
    struct esep_blobs_options options;
    uint64_t used;
    uint8_t named[256 / 8]; /* folders whose names are known to be on the disk */
    char path[256];
};

/* errno in words: "cannot DOING NAME in FOLDER: why", with the status that follows from it. */
enum esep_status blobs_failed(const struct esep_blobs *blobs, const char *doing, const char *name,
                              struct esep_reason *reason);
/* The lock of what adds and takes away; waits for who has it. */
ESEP_MUST_USE enum esep_status blobs_lock(struct esep_blobs *blobs, struct esep_reason *reason);
void blobs_unlock(struct esep_blobs *blobs);
/* Counts everything again. */
ESEP_MUST_USE enum esep_status blobs_count(struct esep_blobs *blobs, struct esep_reason *reason);
/* ESEP_LIMIT with the figures where `more` does not fit. */
ESEP_MUST_USE enum esep_status blobs_room(const struct esep_blobs *blobs, uint64_t more,
                                          struct esep_reason *reason);

/* The folder that a whole file of that name lies in. ESEP_NOT_FOUND. */
ESEP_MUST_USE enum esep_status blobs_folder_of(struct esep_blobs *blobs, const char *name,
                                               int *ret_fd, struct esep_reason *reason);
/* Has this process synced the names in that folder, and its own, since it opened the store? */
bool blobs_settled(const struct esep_blobs *blobs, const struct esep_hash *hash);
void blobs_settle(struct esep_blobs *blobs, const struct esep_hash *hash);
/* Opens a regular file for reading. ESEP_NOT_FOUND; ESEP_CORRUPT: it is something else. */
ESEP_MUST_USE enum esep_status blobs_open_whole(struct esep_blobs *blobs,
                                                const struct esep_hash *hash, int *ret_fd,
                                                struct stat *ret_info, struct esep_reason *reason);
/* A synced, locked file of the folder part becomes the whole file of that name, synced. The store
 * is locked. */
ESEP_MUST_USE enum esep_status blobs_publish(struct esep_blobs *blobs, const char *part_name,
                                             const struct esep_hash *hash,
                                             struct esep_reason *reason);
/* SHA-256 of the bytes from `start` up to `end`; fewer are ESEP_CORRUPT. */
ESEP_MUST_USE enum esep_status blobs_hash(int fd, uint64_t start, uint64_t end,
                                          struct esep_hash *ret);
/* All of it, at the offset; errno says what failed. */
bool blobs_write(int fd, struct esep_slice data, uint64_t offset);

/* Last written to at least `age` ago, by the machine's clock: it gave the file its time. */
bool blobs_older(const struct stat *info, esep_time age);

void blob_part_name(const struct esep_blob_key *key, char out[BLOB_PART_NAME_BYTES]);
bool blob_part_parse(const char *name, struct esep_blob_key *ret);
bool blob_name_parse(const char *name, struct esep_hash *ret);

#endif
