/* collector/backup_pack.c - a store and its files into an archive, and the keys of one. */
#include "collector/backup.h"
#include "collector/log_signer.h"
#include "io/clock.h"
#include "io/keyfile.h"
#include "wire/note.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_FILE "data.mdb"
#define PIECE_BYTES ARCHIVE_CHUNK_BYTES

/* Keys. */

static enum esep_status seal_key_of(const struct collector_settings *settings,
                                    uint8_t ret[ESEP_KEY_BYTES], struct esep_reason *reason)
{
    struct esep_keyfile file;
    struct esep_box_key seal = {.public = {0}};
    enum esep_status status = esep_keyfile_read(settings->keys, &file, reason);
    if (status == ESEP_OK)
        status = esep_keyfile_box(&file, &seal);
    memcpy(ret, seal.public, ESEP_KEY_BYTES);
    esep_wipe(&seal, sizeof seal);
    esep_wipe(&file, sizeof file);
    return status;
}

/* The one place where the log key signs a backup. */
static enum esep_status sign_here(void *context, struct esep_slice statement,
                                  uint8_t ret_signature[ESEP_SIGNATURE_BYTES],
                                  struct esep_reason *reason)
{
    struct log_signer signer;
    enum esep_status status = log_signer_open(&signer, context, reason);
    if (status == ESEP_OK)
        status = collector_signer_statement(&signer.ask, statement, ret_signature, reason);
    log_signer_close(&signer);
    return status;
}

static enum esep_status one_key(const struct collector_settings *settings, const char *given,
                                uint8_t ret[ESEP_KEY_BYTES], struct esep_reason *reason)
{
    static const uint8_t none[ESEP_KEY_BYTES] = {0};
    struct esep_note_key note;
    if (given != NULL && esep_unhex(given, ret, ESEP_KEY_BYTES) == ESEP_OK)
        return ESEP_OK;
    if (given != NULL) {
        const enum esep_status status = esep_note_key_parse(&note, given, reason);
        if (status == ESEP_OK)
            memcpy(ret, note.public, ESEP_KEY_BYTES);
        return status;
    }
    if (settings != NULL && memcmp(settings->backup_log_key, none, sizeof none) != 0) {
        memcpy(ret, settings->backup_log_key, ESEP_KEY_BYTES);
        return ESEP_OK;
    }
    if (settings == NULL || log_signer_public(settings, ret, NULL) != ESEP_OK)
        return esep_because(reason, ESEP_NOT_FOUND,
                            "which log key must have signed the backup? Give it with --log-key or "
                            "as backup.log_key, as `esep-collector init` printed it");
    return ESEP_OK;
}

enum esep_status backup_open(struct archive_reader **ret, const struct collector_settings *settings,
                             const char *given, const char *path, struct esep_reason *reason)
{
    uint8_t key[ESEP_KEY_BYTES];
    struct esep_log_keys keys = {.count = 0};
    enum esep_status status = one_key(settings, given, key, reason);
    if (status != ESEP_OK)
        return status;
    status = archive_open(ret, path, key, reason);
    if (status != ESEP_DENIED || settings == NULL || settings->signer[0] == '\0' ||
        log_signer_keys(settings, &keys, NULL) != ESEP_OK ||
        esep_log_keys_find(&keys, key) == keys.count)
        return status;
    for (size_t i = 0; status == ESEP_DENIED && i < keys.count; i++)
        status = archive_open(ret, path, keys.at[i].public, reason);
    return status;
}

enum esep_status backup_secret(const char *path, struct esep_box_key *ret,
                               struct esep_reason *reason)
{
    struct esep_keyfile file;
    enum esep_status status = esep_keyfile_read(path, &file, reason);
    if (status == ESEP_OK && esep_keyfile_box(&file, ret) != ESEP_OK)
        status = esep_because(reason, ESEP_INVALID,
                              "%.150s holds no key to read backups with: give the file that "
                              "`backup keygen` made",
                              path);
    esep_wipe(&file, sizeof file);
    return status;
}

/* Packing. */

struct packing {
    struct archive_writer *writer;
    struct esep_blobs *blobs;
    uint8_t *piece;
};

static enum esep_status pack_store(struct packing *p, const char *copy, uint64_t bytes,
                                   struct esep_reason *reason)
{
    char path[BACKUP_NAME_ROOM];
    const struct archive_record record = {.kind = ARCHIVE_STORE, .size = bytes};
    (void)snprintf(path, sizeof path, "%s/" STORE_FILE, copy);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return esep_because(reason, ESEP_IO, "cannot read %.150s: %s", path, strerror(errno));
    enum esep_status status = archive_begin(p->writer, &record, reason);
    for (uint64_t left = bytes; status == ESEP_OK && left > 0;) {
        const size_t most = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        const ssize_t got = read(fd, p->piece, most);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            status = esep_because(reason, ESEP_IO, "cannot read %.150s: %s", path,
                                  got < 0 ? strerror(errno) : "it is shorter than it was");
        else
            status = archive_put(p->writer, esep_slice(p->piece, (size_t)got), reason);
        left -= got > 0 ? (uint64_t)got : 0;
    }
    (void)close(fd);
    return status;
}

/* A collector_files_check's `each`: the file has been read whole just before. */
static enum esep_status pack_file(void *context, const struct views_file *file,
                                  struct esep_reason *reason)
{
    struct packing *p = context;
    const struct archive_record record = {
        .kind = ARCHIVE_FILE, .size = file->size_bytes, .sha256 = file->sha256};
    struct esep_hashing hashing;
    esep_hashing_init(&hashing);
    enum esep_status status = archive_begin(p->writer, &record, reason);
    for (uint64_t at = 0; status == ESEP_OK && at < record.size;) {
        const size_t most =
            record.size - at < PIECE_BYTES ? (size_t)(record.size - at) : PIECE_BYTES;
        size_t got = 0;
        status = esep_blobs_read(p->blobs, &file->sha256, at, p->piece, most, &got, reason);
        if (status == ESEP_OK && got == 0)
            status = ESEP_IO;
        if (status == ESEP_OK)
            status = archive_put(p->writer, esep_slice(p->piece, got), reason);
        esep_hashing_add(&hashing, esep_slice(p->piece, got));
        at += got;
    }
    const struct esep_hash hash = esep_hashing_done(&hashing);
    if (status == ESEP_OK && esep_hash_equal(&hash, &file->sha256))
        return ESEP_OK;
    return esep_because(reason, ESEP_IO,
                        "a file of office %" PRIu32 " changed while it was packed: look at the "
                        "disk, then make the backup again",
                        file->office);
}

/* What the head says: the files that the log says are here, whether they are or not, are a bound.
 */
static enum esep_status fill_head(const struct collector_settings *settings,
                                  const struct backup_packing *how, struct collector_log *log,
                                  struct archive_head *ret, struct esep_reason *reason)
{
    char path[BACKUP_NAME_ROOM];
    struct stat info;
    struct esep_clock clock;
    uint8_t seal[ESEP_KEY_BYTES];
    struct collector_files_verdict files;
    const struct collector_files_check count = {.blobs = NULL};
    *ret = (struct archive_head){
        .log_id = log->log_id, .entries = how->verdict->entries, .root = how->verdict->root};
    memcpy(ret->recipient, how->recipient, ESEP_KEY_BYTES);
    (void)snprintf(path, sizeof path, "%s/" STORE_FILE, how->copy);
    if (stat(path, &info) != 0)
        return esep_because(reason, ESEP_IO, "cannot look at %.150s: %s", path, strerror(errno));
    ret->store_bytes = (uint64_t)info.st_size;
    enum esep_status status = esep_clock_init(&clock, settings->clock, reason);
    if (status == ESEP_OK)
        ret->made_at = esep_clock_now(&clock);
    if (status == ESEP_OK)
        status = log_signer_public(settings, ret->log_key, reason);
    if (status == ESEP_OK)
        status = seal_key_of(settings, seal, reason);
    if (status == ESEP_OK && memcmp(seal, how->recipient, sizeof seal) == 0)
        status = esep_because(reason, ESEP_INVALID,
                              "this is the collector's own seal key, whose secret lies beside the "
                              "store: make a pair with `backup keygen` on another machine");
    if (status == ESEP_OK)
        status = collector_files_check(log, &count, &files, reason);
    if (status == ESEP_OK) {
        ret->files = files.files;
        ret->files_bytes = files.bytes;
    }
    return status;
}

static enum esep_status pack_all(const struct collector_settings *settings,
                                 const struct backup_packing *how, struct collector_log *log,
                                 struct packing *p, struct collector_files_verdict *ret_files,
                                 struct esep_reason *reason)
{
    struct archive_head head;
    const struct archive_signer signer = {.sign = sign_here,
                                          .context = (void *)(uintptr_t)settings};
    const struct esep_blobs_options options = {.read_only = true};
    enum esep_status status = fill_head(settings, how, log, &head, reason);
    if (status == ESEP_OK)
        status = esep_blobs_open(settings->files, &options, &p->blobs, reason);
    if (status == ESEP_NOT_FOUND) /* no folder: all is missing */
        status = ESEP_OK;
    if (status == ESEP_OK)
        status = archive_create(&p->writer, how->path, &head, &signer, reason);
    if (status == ESEP_OK)
        status = pack_store(p, how->copy, head.store_bytes, reason);
    const struct collector_files_check check = {
        .blobs = p->blobs, .read = true, .each = pack_file, .context = p};
    if (status == ESEP_OK)
        status = collector_files_check(log, &check, ret_files, reason);
    if (status == ESEP_OK)
        status = archive_finish(p->writer, reason);
    return status;
}

enum esep_status backup_pack(const struct collector_settings *settings,
                             const struct backup_packing *packing,
                             struct collector_files_verdict *ret_files, struct esep_reason *reason)
{
    struct collector_log *log = NULL;
    const struct collector_log_options options = {
        .path = packing->copy, .map_bytes = settings->store_bytes, .read_only = true};
    struct packing p = {.piece = malloc(PIECE_BYTES)};
    if (p.piece == NULL)
        return ESEP_NOMEM;
    enum esep_status status = collector_log_open(&log, &options, reason);
    if (status == ESEP_OK)
        status = pack_all(settings, packing, log, &p, ret_files, reason);
    archive_writer_free(p.writer);
    esep_blobs_close(p.blobs);
    if (log != NULL)
        log->ops->close(log);
    free(p.piece);
    return status;
}
