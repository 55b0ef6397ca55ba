/* collector/archive.c - writing an archive, and the layout; see archive.h. */
#include "collector/archive_internal.h"
#include "io/folder.h"
#include "io/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void archive_head_pack(const struct archive_head *head, uint8_t out[AT_SEALED])
{
    memset(out, 0, AT_SEALED);
    memcpy(out + AT_TAG, ARCHIVE_TAG, sizeof ARCHIVE_TAG - 1);
    memcpy(out + AT_LOG_ID, head->log_id.bytes, ESEP_HASH_BYTES);
    memcpy(out + AT_LOG_KEY, head->log_key, ESEP_KEY_BYTES);
    memcpy(out + AT_RECIPIENT, head->recipient, ESEP_KEY_BYTES);
    esep_be64_put(out + AT_ENTRIES, head->entries);
    memcpy(out + AT_ROOT, head->root.bytes, ESEP_HASH_BYTES);
    esep_be64_put(out + AT_MADE, (uint64_t)head->made_at);
    esep_be64_put(out + AT_STORE_BYTES, head->store_bytes);
    esep_be64_put(out + AT_FILES_BYTES, head->files_bytes);
    esep_be64_put(out + AT_FILES, head->files);
}

void archive_head_unpack(const uint8_t bytes[AT_SEALED], struct archive_head *ret)
{
    memcpy(ret->log_id.bytes, bytes + AT_LOG_ID, ESEP_HASH_BYTES);
    memcpy(ret->log_key, bytes + AT_LOG_KEY, ESEP_KEY_BYTES);
    memcpy(ret->recipient, bytes + AT_RECIPIENT, ESEP_KEY_BYTES);
    ret->entries = esep_be64(bytes + AT_ENTRIES);
    memcpy(ret->root.bytes, bytes + AT_ROOT, ESEP_HASH_BYTES);
    ret->made_at = (esep_time)esep_be64(bytes + AT_MADE);
    ret->store_bytes = esep_be64(bytes + AT_STORE_BYTES);
    ret->files_bytes = esep_be64(bytes + AT_FILES_BYTES);
    ret->files = esep_be64(bytes + AT_FILES);
}

void archive_statement(const char *tag, const struct esep_hash *log_id,
                       const struct esep_hash *hash, uint8_t out[ARCHIVE_STATEMENT_BYTES])
{
    const struct esep_slice name = esep_slice_str(tag);
    memset(out, 0, ARCHIVE_STATEMENT_BYTES);
    memcpy(out, name.data, name.len);
    memcpy(out + 16, log_id->bytes, ESEP_HASH_BYTES);
    memcpy(out + 48, hash->bytes, ESEP_HASH_BYTES);
}

struct archive_writer {
    crypto_secretstream_xchacha20poly1305_state stream;
    struct archive_signer signer;
    struct esep_hash log_id;
    struct esep_hash head_hash;
    struct esep_hashing hashing; /* of all that is in the file */
    uint64_t open_bytes;         /* of the record that is begun */
    size_t held;
    bool begun; /* a chunk is out */
    bool named;
    int fd;
    char path[512];
    char part[520];
    uint8_t plain[ARCHIVE_CHUNK_BYTES];
    uint8_t sealed[ARCHIVE_CHUNK_SEALED];
};

static enum esep_status write_out(struct archive_writer *w, struct esep_slice bytes,
                                  struct esep_reason *reason)
{
    size_t done = 0;
    while (done < bytes.len) {
        const ssize_t wrote = write(w->fd, bytes.data + done, bytes.len - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return esep_because(reason, esep_store_errno(errno), "cannot write %.150s: %s", w->part,
                                strerror(errno));
        done += (size_t)wrote;
    }
    esep_hashing_add(&w->hashing, bytes);
    return ESEP_OK;
}

static enum esep_status sign_so_far(struct archive_writer *w, const char *tag,
                                    struct esep_reason *reason)
{
    uint8_t statement[ARCHIVE_STATEMENT_BYTES];
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    const struct esep_hash hash = esep_hashing_done(&w->hashing);
    archive_statement(tag, &w->log_id, &hash, statement);
    const enum esep_status status = w->signer.sign(
        w->signer.context, esep_slice(statement, sizeof statement), signature, reason);
    return status == ESEP_OK ? write_out(w, esep_slice(signature, sizeof signature), reason)
                             : status;
}

static enum esep_status write_head(struct archive_writer *w, const struct archive_head *head,
                                   struct esep_reason *reason)
{
    uint8_t bytes[AT_SIGNATURE];
    uint8_t key[ESEP_KEY_BYTES];
    archive_head_pack(head, bytes);
    crypto_secretstream_xchacha20poly1305_keygen(key);
    int failed = crypto_box_seal(bytes + AT_SEALED, key, sizeof key, head->recipient);
    if (failed == 0)
        failed =
            crypto_secretstream_xchacha20poly1305_init_push(&w->stream, bytes + AT_STREAM, key);
    esep_wipe(key, sizeof key);
    if (failed != 0)
        return esep_because(reason, ESEP_INVALID,
                            "nothing can be encrypted to this recipient: give the public key that "
                            "`backup keygen` printed");
    enum esep_status status = write_out(w, esep_slice(bytes, sizeof bytes), reason);
    if (status == ESEP_OK)
        status = sign_so_far(w, ARCHIVE_HEAD_TAG, reason);
    w->head_hash = esep_hashing_done(&w->hashing);
    return status;
}

enum esep_status archive_create(struct archive_writer **ret, const char *path,
                                const struct archive_head *head,
                                const struct archive_signer *signer, struct esep_reason *reason)
{
    struct stat there;
    if (strlen(path) >= sizeof((struct archive_writer *)0)->path)
        return esep_because(reason, ESEP_INVALID, "the file's path is too long");
    if (lstat(path, &there) == 0)
        return esep_because(reason, ESEP_CONFLICT, "%.200s exists already: give a new name", path);
    struct archive_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ESEP_NOMEM;
    w->signer = *signer;
    w->log_id = head->log_id;
    esep_hashing_init(&w->hashing);
    (void)snprintf(w->path, sizeof w->path, "%s", path);
    (void)snprintf(w->part, sizeof w->part, "%s.part", path);
    (void)unlink(w->part); /* of a backup that was broken off: nobody else gives this name */
    w->fd = open(w->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    enum esep_status status = ESEP_OK;
    if (w->fd < 0)
        status = esep_because(reason, esep_store_errno(errno), "cannot make %.150s: %s", w->part,
                              strerror(errno));
    if (status == ESEP_OK)
        status = write_head(w, head, reason);
    if (status != ESEP_OK) {
        archive_writer_free(w);
        return status;
    }
    *ret = w;
    return ESEP_OK;
}

static enum esep_status flush(struct archive_writer *w, bool last, struct esep_reason *reason)
{
    unsigned long long sealed = 0;
    const uint8_t tag = last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
                             : (uint8_t)crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    ESEP_ASSERT(
        crypto_secretstream_xchacha20poly1305_push(&w->stream, w->sealed, &sealed, w->plain,
                                                   w->held, w->begun ? NULL : w->head_hash.bytes,
                                                   w->begun ? 0 : ESEP_HASH_BYTES, tag) == 0);
    w->begun = true;
    w->held = 0;
    return write_out(w, esep_slice(w->sealed, (size_t)sealed), reason);
}

/* A chunk goes out when the next byte comes, so that the last one is known for the last. */
static enum esep_status hold(struct archive_writer *w, struct esep_slice bytes,
                             struct esep_reason *reason)
{
    while (bytes.len > 0) {
        if (w->held == sizeof w->plain) {
            const enum esep_status status = flush(w, false, reason);
            if (status != ESEP_OK)
                return status;
        }
        const size_t room = sizeof w->plain - w->held;
        const size_t take = bytes.len < room ? bytes.len : room;
        memcpy(w->plain + w->held, bytes.data, take);
        w->held += take;
        bytes = esep_slice(bytes.data + take, bytes.len - take);
    }
    return ESEP_OK;
}

enum esep_status archive_begin(struct archive_writer *writer, const struct archive_record *record,
                               struct esep_reason *reason)
{
    uint8_t bytes[ARCHIVE_RECORD_BYTES] = {(uint8_t)record->kind};
    ESEP_ASSERT(writer->open_bytes == 0);
    esep_be64_put(bytes + 8, record->size);
    memcpy(bytes + 16, record->sha256.bytes, ESEP_HASH_BYTES);
    writer->open_bytes = record->size;
    return hold(writer, esep_slice(bytes, sizeof bytes), reason);
}

enum esep_status archive_put(struct archive_writer *writer, struct esep_slice bytes,
                             struct esep_reason *reason)
{
    ESEP_ASSERT(bytes.len <= writer->open_bytes);
    writer->open_bytes -= bytes.len;
    return hold(writer, bytes, reason);
}

enum esep_status archive_finish(struct archive_writer *writer, struct esep_reason *reason)
{
    struct archive_writer *w = writer;
    const struct archive_record end = {.kind = ARCHIVE_END};
    enum esep_status status = archive_begin(w, &end, reason);
    if (status == ESEP_OK)
        status = flush(w, true, reason);
    if (status == ESEP_OK)
        status = sign_so_far(w, ARCHIVE_TAG, reason);
    if (status == ESEP_OK && fsync(w->fd) != 0)
        status = esep_because(reason, ESEP_IO, "cannot sync %.150s: %s", w->part, strerror(errno));
    if (status == ESEP_OK && rename(w->part, w->path) != 0)
        status = esep_because(reason, esep_store_errno(errno), "cannot name %.150s: %s", w->path,
                              strerror(errno));
    if (status != ESEP_OK)
        return status;
    w->named = true;
    return esep_folder_sync_above(w->path)
               ? ESEP_OK
               : esep_because(reason, ESEP_IO, "cannot sync the folder of %.150s: %s", w->path,
                              strerror(errno));
}

void archive_writer_free(struct archive_writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->fd >= 0) {
        (void)close(writer->fd);
        if (!writer->named)
            (void)unlink(writer->part);
    }
    esep_wipe(writer, sizeof *writer);
    free(writer);
}
