/* collector/archive.h - a backup as one file: encrypted to a key, signed by the log key.
 *
 * Whoever finds or steals the file learns how large it is and what its head says, and nothing else;
 * whoever changes it is found out before a byte of it is believed. The file, integers big-endian:
 *
 *      0 tag 16 "esep/backup/v1" | 16 log_id 32 | 48 log key 32 | 80 recipient 32 (X25519)
 *    112 entries 8 | 120 root 32 | 152 made_at_us 8 | 160 store_bytes 8 | 168 files_bytes 8
 *    176 files 8 | 184 key 80: the archive's own random key, sealed to the recipient
 *    (crypto_box_seal) | 264 stream 24: the header of the secret stream
 *    288 signature 64 (log key) of: tag "esep/bkhead/v1" || log_id || SHA-256(0..287)
 *    352 chunks: crypto_secretstream_xchacha20poly1305 of 65,536 bytes each and 17 more, only the
 *        last one shorter, and only the last one with the tag FINAL; the first authenticates
 *        SHA-256(0..351), too
 *    end signature 64 (log key) of: tag "esep/backup/v1" || log_id || SHA-256(all before)
 *
 * What the chunks hold, one after the other, is records: kind 1 (1 store, 2 file, 3 end), zero 7,
 * size 8, SHA-256 32 (of a file; else zero), and `size` bytes. The store is the first and there is
 * one; an end closes them. No record has a name, so none can lead anywhere.
 *
 * A reader first goes through the whole file for the two signatures, which takes no secret; only
 * then does anything look into it. While it is unpacked the hash is taken again, so that a file
 * that changes in between is refused as well. What the head announces (store_bytes, files_bytes,
 * files) is a bound on the records: a reader asks for that much room before it begins.
 *
 * Memory: two chunks, whatever the archive's size. The signer is a function of the caller's, since
 * the log key may lie with another process.
 */
#ifndef COLLECTOR_ARCHIVE_H
#define COLLECTOR_ARCHIVE_H

#include "base/crypto.h"
#include "base/time.h"

#define ARCHIVE_HEAD_BYTES 352
#define ARCHIVE_CHUNK_BYTES 65536
#define ARCHIVE_STATEMENT_BYTES 80

struct archive_head {
    struct esep_hash log_id;
    uint8_t log_key[ESEP_KEY_BYTES];
    uint8_t recipient[ESEP_KEY_BYTES];
    uint64_t entries;
    struct esep_hash root;
    esep_time made_at;
    uint64_t store_bytes;
    uint64_t files_bytes; /* of all files, at most */
    uint64_t files;       /* at most */
};

enum archive_kind {
    ARCHIVE_STORE = 1,
    ARCHIVE_FILE = 2,
    ARCHIVE_END = 3,
};
struct archive_record {
    enum archive_kind kind;
    uint64_t size;
    struct esep_hash sha256; /* of a file */
};

struct archive_signer {
    enum esep_status (*sign)(void *context, struct esep_slice statement,
                             uint8_t ret_signature[ESEP_SIGNATURE_BYTES],
                             struct esep_reason *reason);
    void *context;
};

/* Writing: to "PATH.part", which takes its name when all is synced. */
struct archive_writer;
/* ESEP_CONFLICT: the name is taken. ESEP_INVALID: nothing can be sealed to such a recipient. */
ESEP_MUST_USE enum esep_status archive_create(struct archive_writer **ret, const char *path,
                                              const struct archive_head *head,
                                              const struct archive_signer *signer,
                                              struct esep_reason *reason);
/* Begins a record; then archive_put until `size` bytes are in it. */
ESEP_MUST_USE enum esep_status archive_begin(struct archive_writer *writer,
                                             const struct archive_record *record,
                                             struct esep_reason *reason);
ESEP_MUST_USE enum esep_status archive_put(struct archive_writer *writer, struct esep_slice bytes,
                                           struct esep_reason *reason);
/* The end, the signature, the sync, the name. */
ESEP_MUST_USE enum esep_status archive_finish(struct archive_writer *writer,
                                              struct esep_reason *reason);
/* Removes what was not finished. NULL is fine. */
void archive_writer_free(struct archive_writer *writer);

/* Reading. */
struct archive_reader;
/* Both signatures hold under log_key, or nothing is opened. ESEP_INVALID: not an archive, cut off,
 * or changed; ESEP_DENIED: of another log key. */
ESEP_MUST_USE enum esep_status archive_open(struct archive_reader **ret, const char *path,
                                            const uint8_t log_key[ESEP_KEY_BYTES],
                                            struct esep_reason *reason);
const struct archive_head *archive_reader_head(const struct archive_reader *reader);
/* ESEP_DENIED: sealed to another key. */
ESEP_MUST_USE enum esep_status archive_unlock(struct archive_reader *reader,
                                              const struct esep_box_key *key,
                                              struct esep_reason *reason);
/* The next record, when the one before has been read whole. ARCHIVE_END has been held against the
 * signature: only with it is what came before to be believed whole. ESEP_INVALID: more than the
 * head announced, or no records. */
ESEP_MUST_USE enum esep_status archive_next(struct archive_reader *reader,
                                            struct archive_record *ret, struct esep_reason *reason);
/* At least one byte of the record, and at most `room`; 0: it is over. */
ESEP_MUST_USE enum esep_status archive_get(struct archive_reader *reader, void *out, size_t room,
                                           size_t *ret_len, struct esep_reason *reason);
void archive_reader_free(struct archive_reader *reader);

#endif
