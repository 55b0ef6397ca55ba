/* collector/archive_read.c - reading an archive: first the signatures, then what it holds. */
#include "collector/archive_internal.h"
#include "io/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OVERHEAD_BYTES (ARCHIVE_HEAD_BYTES + ESEP_SIGNATURE_BYTES)
/* No archive is shorter: a store's record and the end. */
#define FILE_BYTES_MIN                                                                             \
    (OVERHEAD_BYTES + 2 * ARCHIVE_RECORD_BYTES + crypto_secretstream_xchacha20poly1305_ABYTES)

struct archive_reader {
    struct archive_head head;
    crypto_secretstream_xchacha20poly1305_state stream;
    struct esep_hashing hashing;
    struct esep_hash head_hash;
    uint64_t bytes;       /* of the chunks, that are to be read */
    uint64_t record_left; /* of the record that is being read */
    uint64_t files_left;  /* that may follow */
    uint64_t files_bytes_left;
    size_t have; /* of plain */
    size_t at;
    bool first; /* no chunk is read */
    bool store; /* has been read */
    int fd;
    char path[512];
    uint8_t head_bytes[ARCHIVE_HEAD_BYTES];
    uint8_t sealed[ARCHIVE_CHUNK_SEALED];
    uint8_t plain[ARCHIVE_CHUNK_BYTES];
};

static enum esep_status read_in(struct archive_reader *r, uint8_t *out, size_t len,
                                struct esep_reason *reason)
{
    size_t done = 0;
    while (done < len) {
        const ssize_t got = read(r->fd, out + done, len - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return esep_because(reason, ESEP_IO, "cannot read %.150s: %s", r->path,
                                strerror(errno));
        if (got == 0)
            return esep_because(reason, ESEP_INVALID,
                                "%.150s became shorter while it was read: fetch it again", r->path);
        done += (size_t)got;
    }
    return ESEP_OK;
}

static bool signed_by(const struct archive_reader *r, const char *tag, const struct esep_hash *hash,
                      const uint8_t *signature)
{
    uint8_t statement[ARCHIVE_STATEMENT_BYTES];
    archive_statement(tag, &r->head.log_id, hash, statement);
    return esep_verify(r->head.log_key, esep_slice(statement, sizeof statement), signature);
}

static enum esep_status changed(const struct archive_reader *r, const char *what,
                                struct esep_reason *reason)
{
    return esep_because(reason, ESEP_INVALID,
                        "%.120s is not as it was signed: %s. Nothing of it was put in place; take "
                        "another copy",
                        r->path, what);
}

static enum esep_status read_head(struct archive_reader *r, const uint8_t log_key[ESEP_KEY_BYTES],
                                  struct esep_reason *reason)
{
    enum esep_status status = read_in(r, r->head_bytes, sizeof r->head_bytes, reason);
    if (status != ESEP_OK)
        return status;
    uint8_t tag[16] = {0};
    memcpy(tag, ARCHIVE_TAG, sizeof ARCHIVE_TAG - 1);
    if (memcmp(r->head_bytes, tag, sizeof tag) != 0)
        return esep_because(reason, ESEP_INVALID,
                            "%.150s is not an encrypted backup of this make: its first bytes are "
                            "others",
                            r->path);
    archive_head_unpack(r->head_bytes, &r->head);
    if (memcmp(r->head.log_key, log_key, ESEP_KEY_BYTES) != 0) {
        char hex[2 * ESEP_KEY_BYTES + 1];
        esep_hex(r->head.log_key, ESEP_KEY_BYTES, hex);
        return esep_because(reason, ESEP_DENIED,
                            "%.80s says that the log key %s signed it, and that is not the key "
                            "given: another log's backup, or a forged one",
                            r->path, hex);
    }
    esep_hashing_add(&r->hashing, esep_slice(r->head_bytes, AT_SIGNATURE));
    const struct esep_hash hash = esep_hashing_done(&r->hashing);
    if (!signed_by(r, ARCHIVE_HEAD_TAG, &hash, r->head_bytes + AT_SIGNATURE))
        return changed(r, "the signature of its head does not hold", reason);
    esep_hashing_add(&r->hashing, esep_slice(r->head_bytes + AT_SIGNATURE, ESEP_SIGNATURE_BYTES));
    r->head_hash = esep_hashing_done(&r->hashing);
    return ESEP_OK;
}

/* The rest of the file against the signature at its end; then back to the first chunk. */
static enum esep_status check_all(struct archive_reader *r, struct esep_reason *reason)
{
    const struct esep_hashing after_head = r->hashing;
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    uint64_t left = r->bytes;
    enum esep_status status = ESEP_OK;
    while (status == ESEP_OK && left > 0) {
        const size_t take = left < sizeof r->sealed ? (size_t)left : sizeof r->sealed;
        status = read_in(r, r->sealed, take, reason);
        if (status == ESEP_OK)
            esep_hashing_add(&r->hashing, esep_slice(r->sealed, take));
        left -= take;
    }
    if (status == ESEP_OK)
        status = read_in(r, signature, sizeof signature, reason);
    if (status != ESEP_OK)
        return status;
    const struct esep_hash hash = esep_hashing_done(&r->hashing);
    if (!signed_by(r, ARCHIVE_TAG, &hash, signature))
        return changed(r, "it was cut off, added to or changed behind its head", reason);
    if (lseek(r->fd, ARCHIVE_HEAD_BYTES, SEEK_SET) < 0)
        return esep_because(reason, ESEP_IO, "cannot read %.150s again: %s", r->path,
                            strerror(errno));
    r->hashing = after_head;
    return ESEP_OK;
}

enum esep_status archive_open(struct archive_reader **ret, const char *path,
                              const uint8_t log_key[ESEP_KEY_BYTES], struct esep_reason *reason)
{
    struct stat info = {.st_size = 0};
    struct archive_reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ESEP_NOMEM;
    (void)snprintf(r->path, sizeof r->path, "%s", path);
    esep_hashing_init(&r->hashing);
    r->first = true;
    r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum esep_status status = ESEP_OK;
    if (r->fd < 0 || fstat(r->fd, &info) != 0)
        status = esep_because(reason, errno == ENOENT ? ESEP_NOT_FOUND : esep_store_errno(errno),
                              "cannot read %.150s: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode) || info.st_size < (off_t)FILE_BYTES_MIN)
        status =
            esep_because(reason, ESEP_INVALID,
                         "%.150s is not an encrypted backup: too short, or no plain file", path);
    if (status == ESEP_OK) {
        r->bytes = (uint64_t)info.st_size - OVERHEAD_BYTES;
        status = read_head(r, log_key, reason);
    }
    if (status == ESEP_OK)
        status = check_all(r, reason);
    if (status != ESEP_OK) {
        archive_reader_free(r);
        return status;
    }
    r->files_left = r->head.files;
    r->files_bytes_left = r->head.files_bytes;
    *ret = r;
    return ESEP_OK;
}

const struct archive_head *archive_reader_head(const struct archive_reader *reader)
{
    return &reader->head;
}

enum esep_status archive_unlock(struct archive_reader *reader, const struct esep_box_key *key,
                                struct esep_reason *reason)
{
    uint8_t drawn[ESEP_KEY_BYTES];
    const bool opened = memcmp(key->public, reader->head.recipient, ESEP_KEY_BYTES) == 0 &&
                        crypto_box_seal_open(drawn, reader->head_bytes + AT_SEALED,
                                             ARCHIVE_SEALED_BYTES, key->public, key->secret) == 0 &&
                        crypto_secretstream_xchacha20poly1305_init_pull(
                            &reader->stream, reader->head_bytes + AT_STREAM, drawn) == 0;
    esep_wipe(drawn, sizeof drawn);
    if (opened)
        return ESEP_OK;
    char hex[2 * ESEP_KEY_BYTES + 1];
    esep_hex(reader->head.recipient, ESEP_KEY_BYTES, hex);
    return esep_because(reason, ESEP_DENIED,
                        "%.80s is encrypted to %s: give the file with that one's secret key",
                        reader->path, hex);
}

/* The next chunk, whose tag must say last exactly where the file does. */
static enum esep_status next_chunk(struct archive_reader *r, struct esep_reason *reason)
{
    const size_t take = r->bytes < sizeof r->sealed ? (size_t)r->bytes : sizeof r->sealed;
    unsigned long long got = 0;
    uint8_t tag = 0;
    if (take == 0)
        return changed(r, "it ends within a record", reason);
    enum esep_status status = read_in(r, r->sealed, take, reason);
    if (status != ESEP_OK)
        return status;
    r->bytes -= take;
    esep_hashing_add(&r->hashing, esep_slice(r->sealed, take));
    const bool last = r->bytes == 0;
    if (take < crypto_secretstream_xchacha20poly1305_ABYTES ||
        crypto_secretstream_xchacha20poly1305_pull(&r->stream, r->plain, &got, &tag, r->sealed,
                                                   take, r->first ? r->head_hash.bytes : NULL,
                                                   r->first ? ESEP_HASH_BYTES : 0) != 0 ||
        (tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL) != last)
        return changed(r, "a chunk does not open", reason);
    r->first = false;
    r->have = (size_t)got;
    r->at = 0;
    return ESEP_OK;
}

/* At least one byte, at most room. */
static enum esep_status take_some(struct archive_reader *r, void *out, size_t room, size_t *ret_len,
                                  struct esep_reason *reason)
{
    while (r->at == r->have) {
        const enum esep_status status = next_chunk(r, reason);
        if (status != ESEP_OK)
            return status;
    }
    const size_t here = r->have - r->at;
    *ret_len = here < room ? here : room;
    memcpy(out, r->plain + r->at, *ret_len);
    r->at += *ret_len;
    return ESEP_OK;
}

static enum esep_status check_end(struct archive_reader *r, struct esep_reason *reason)
{
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    if (r->at != r->have || r->bytes != 0 || !r->store)
        return changed(r, "its records end before it does", reason);
    const enum esep_status status = read_in(r, signature, sizeof signature, reason);
    if (status != ESEP_OK)
        return status;
    const struct esep_hash hash = esep_hashing_done(&r->hashing);
    return signed_by(r, ARCHIVE_TAG, &hash, signature)
               ? ESEP_OK
               : changed(r, "it was changed while it was read", reason);
}

static bool within_head(struct archive_reader *r, const struct archive_record *record)
{
    switch (record->kind) {
    case ARCHIVE_STORE:
        return !r->store && record->size == r->head.store_bytes;
    case ARCHIVE_FILE:
        return r->store && r->files_left > 0 && record->size > 0 &&
               record->size <= r->files_bytes_left;
    case ARCHIVE_END:
        return record->size == 0;
    }
    return false;
}

enum esep_status archive_next(struct archive_reader *reader, struct archive_record *ret,
                              struct esep_reason *reason)
{
    struct archive_reader *r = reader;
    uint8_t bytes[ARCHIVE_RECORD_BYTES];
    ESEP_ASSERT(r->record_left == 0);
    for (size_t done = 0, got = 0; done < sizeof bytes; done += got) {
        const enum esep_status status =
            take_some(r, bytes + done, sizeof bytes - done, &got, reason);
        if (status != ESEP_OK)
            return status;
    }
    static const uint8_t zero[7] = {0};
    const struct archive_record record = {.kind = (enum archive_kind)bytes[0],
                                          .size = esep_be64(bytes + 8)};
    if (memcmp(bytes + 1, zero, sizeof zero) != 0 || !within_head(r, &record))
        return changed(r, "it holds a record that its head does not announce", reason);
    *ret = record;
    memcpy(ret->sha256.bytes, bytes + 16, ESEP_HASH_BYTES);
    r->record_left = record.size;
    if (record.kind == ARCHIVE_END)
        return check_end(r, reason);
    if (record.kind == ARCHIVE_FILE) {
        r->files_left--;
        r->files_bytes_left -= record.size;
    } else
        r->store = true;
    return ESEP_OK;
}

enum esep_status archive_get(struct archive_reader *reader, void *out, size_t room, size_t *ret_len,
                             struct esep_reason *reason)
{
    *ret_len = 0;
    if (reader->record_left == 0)
        return ESEP_OK;
    const size_t most = reader->record_left < room ? (size_t)reader->record_left : room;
    const enum esep_status status = take_some(reader, out, most, ret_len, reason);
    reader->record_left -= *ret_len;
    return status;
}

void archive_reader_free(struct archive_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->fd >= 0)
        (void)close(reader->fd);
    esep_wipe(reader, sizeof *reader);
    free(reader);
}
