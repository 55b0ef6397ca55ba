/* collector/run_files.c - files as ingest asks for them: taken up, written, found whole; see run.h.
 *
 * Each place of the core's table has at most one partial file open. All of it is done at once and
 * on the loop's thread: a piece is a write into the page cache; a file that is finished is read and
 * synced whole, which is why its size is bounded.
 */
#include "collector/run.h"
#include "io/blobs.h"
#include "io/log.h"

#include <stdlib.h>

#define SYNC_BYTES                                                                                 \
    (256u * 1024u) /* so much of a file may have to be sent again after a power cut */
#define CLEAR_EVERY ESEP_HOUR
#define SAID_EVERY (10 * ESEP_MINUTE)

struct run_files {
    struct esep_blobs *blobs;
    struct esep_blob_part **parts; /* by place */
    uint32_t places;
    int64_t clear_at; /* monotonic */
    int64_t full_said;
};

enum esep_status run_files_open(struct run *run, struct esep_reason *reason)
{
    const struct collector_settings *s = run->settings;
    const struct esep_blobs_options options = {.quota_bytes = s->files_bytes,
                                               .file_bytes_max = s->file_bytes};
    struct run_files *f = calloc(1, sizeof *f);
    if (f == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for files");
    run->files = f;
    f->places = (uint32_t)s->files_places;
    f->parts = calloc(f->places, sizeof(struct esep_blob_part *));
    if (f->parts == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for files");
    return esep_blobs_open(s->files, &options, &f->blobs, reason);
}

void run_files_let_go(struct run *run)
{
    struct run_files *f = run->files;
    for (uint32_t i = 0; f != NULL && f->parts != NULL && i < f->places; i++) {
        esep_blob_part_close(f->parts[i]);
        f->parts[i] = NULL;
    }
}

void run_files_close(struct run *run)
{
    if (run->files == NULL)
        return;
    run_files_let_go(run);
    esep_blobs_close(run->files->blobs);
    free(run->files->parts);
    free(run->files);
    run->files = NULL;
}

/* Full is for the operator to hear of, and not with every file that is offered. */
static void say(struct run_files *f, enum esep_status status, const struct esep_reason *reason)
{
    const int64_t now = esep_monotonic();
    if (status == ESEP_LIMIT && f->full_said != 0 && now - f->full_said < SAID_EVERY)
        return;
    if (status == ESEP_LIMIT)
        f->full_said = now;
    esep_log(ESEP_LOG_ERROR, status == ESEP_LIMIT ? "files-full" : "file-failed", "%s",
             reason->text);
}

/* ESEP_CONFLICT: the whole file is there and is what its name says. What is not, is taken away. */
static enum esep_status look(struct run_files *f, const struct views_file *file,
                             struct esep_reason *reason)
{
    uint64_t size = 0;
    enum esep_status status = esep_blobs_have(f->blobs, &file->sha256, &size);
    if (status == ESEP_OK && size != file->size_bytes)
        return esep_because(reason, ESEP_IO, "a file of this hash is there and has another size");
    if (status == ESEP_OK)
        status = esep_blobs_check(f->blobs, &file->sha256, reason);
    if (status == ESEP_OK)
        return ESEP_CONFLICT;
    if (status == ESEP_CORRUPT) {
        esep_log(ESEP_LOG_ERROR, "file-damaged", "%s; the office is asked for it", reason->text);
        status = esep_blobs_remove(f->blobs, &file->sha256, 0, reason);
    }
    return status == ESEP_NOT_FOUND ? ESEP_OK : status;
}

static enum esep_status open_part(struct run_files *f, uint32_t place,
                                  const struct views_file *file, struct esep_reason *reason)
{
    const struct esep_blob_key key = {
        .owner = file->office, .hash = file->sha256, .size = file->size_bytes};
    esep_blob_part_close(f->parts[place]);
    f->parts[place] = NULL;
    enum esep_status status = look(f, file, reason);
    return status == ESEP_OK ? esep_blob_part_open(f->blobs, &key, &f->parts[place], reason)
                             : status;
}

static enum esep_status write_piece(struct esep_blob_part *part, uint64_t offset,
                                    struct esep_slice piece, struct esep_reason *reason)
{
    enum esep_status status = esep_blob_part_append(part, offset, piece, reason);
    if (status == ESEP_OK &&
        esep_blob_part_length(part) - esep_blob_part_durable(part) >= SYNC_BYTES)
        status = esep_blob_part_sync(part, reason);
    return status;
}

void run_file(struct run *run, const struct collector_effect *effect)
{
    struct run_files *f = run->files;
    struct esep_reason reason = {"it is not open"};
    const struct collector_effect copy = *effect;
    const uint32_t place = COLLECTOR_FILE_PLACE(copy.token);
    enum esep_status status = ESEP_IO;
    uint64_t held = 0;
    if (copy.kind == COLLECTOR_EFFECT_FILE_OPEN)
        status = open_part(f, place, &copy.file, &reason);
    else if (f->parts[place] != NULL && copy.kind == COLLECTOR_EFFECT_FILE_WRITE)
        status = write_piece(f->parts[place], copy.offset, copy.parts[0], &reason);
    else if (f->parts[place] != NULL && copy.kind == COLLECTOR_EFFECT_FILE_FINISH)
        status = esep_blob_part_finish(f->parts[place], NULL, NULL, &reason);
    if (status != ESEP_OK && status != ESEP_CONFLICT && copy.kind != COLLECTOR_EFFECT_FILE_CLOSE)
        say(f, status, &reason);
    const bool goes_on = (status == ESEP_OK && copy.kind != COLLECTOR_EFFECT_FILE_FINISH) ||
                         (status == ESEP_CORRUPT && copy.kind == COLLECTOR_EFFECT_FILE_FINISH);
    if (f->parts[place] != NULL && goes_on && copy.kind != COLLECTOR_EFFECT_FILE_CLOSE) {
        held = esep_blob_part_length(f->parts[place]);
    } else {
        esep_blob_part_close(f->parts[place]);
        f->parts[place] = NULL;
    }
    collector_pop(run->core); /* the bytes of a piece lived until here */
    if (copy.kind != COLLECTOR_EFFECT_FILE_CLOSE)
        collector_on_file(run->core, copy.token, status, held, run_now(run));
}

struct esep_blobs *run_files_blobs(const struct run *run)
{
    return run->files->blobs;
}

void run_files_on_time(struct run *run)
{
    struct run_files *f = run->files;
    struct esep_reason reason = {""};
    size_t removed = 0;
    const int64_t now = esep_monotonic();
    if (now < f->clear_at)
        return;
    f->clear_at = now + CLEAR_EVERY;
    if (esep_blobs_clear(f->blobs, run->settings->files_kept, &removed, &reason) != ESEP_OK)
        esep_log(ESEP_LOG_WARNING, "files-unclear", "%s", reason.text);
    else if (removed > 0)
        esep_log(ESEP_LOG_INFO, "files-cleared",
                 "%zu partial files that nobody went on with for so long", removed);
}
