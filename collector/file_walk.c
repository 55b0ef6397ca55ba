/* collector/file_walk.c - see file_walk.h. */
#include "collector/file_walk.h"

#define STEP_FILES 64

struct step {
    struct collector_file_walk *walk;
    struct views_file *files;
    size_t count;
    size_t room;
    bool damaged;
};

static bool take_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct step *step = context;
    (void)value;
    if (key.len != VIEWS_FILE_KEY_BYTES) {
        step->damaged = true;
        return false;
    }
    if (step->walk->begun && memcmp(key.data, step->walk->last, key.len) == 0)
        return true; /* where the last step ended */
    if (step->count == step->room)
        return false;
    struct views_file *file = &step->files[step->count++];
    file->office = esep_be32(key.data + 1);
    memcpy(file->sha256.bytes, key.data + 5, ESEP_HASH_BYTES);
    file->size_bytes = esep_be64(key.data + 5 + ESEP_HASH_BYTES);
    return true;
}

enum esep_status collector_file_walk(struct collector_file_walk *walk, struct collector_log *log,
                                     struct views_file *ret, size_t room, size_t *ret_count,
                                     struct esep_reason *reason)
{
    const uint8_t prefix = (uint8_t)walk->table;
    struct step step = {.walk = walk, .files = ret, .room = room};
    const struct esep_slice from =
        walk->begun ? esep_slice(walk->last, sizeof walk->last) : esep_slice(NULL, 0);
    enum esep_status status =
        log->ops->rows(log, esep_slice(&prefix, 1), from, take_row, &step, reason);
    if (status == ESEP_OK && step.damaged)
        status = esep_because(reason, ESEP_CORRUPT,
                              "a row that names a file is damaged: run log replay --repair");
    if (status != ESEP_OK)
        return status;
    if (step.count > 0) {
        views_file_key(walk->table, &ret[step.count - 1], walk->last);
        walk->begun = true;
    }
    walk->over = step.count < room;
    *ret_count = step.count;
    return ESEP_OK;
}

bool collector_file_there(struct esep_blobs *blobs, const struct views_file *file)
{
    uint64_t size = 0;
    return esep_blobs_look(blobs, &file->sha256, &size) == ESEP_OK && size == file->size_bytes;
}

void collector_file_count(struct collector_files_verdict *verdict, const struct views_file *file,
                          bool there, bool sound)
{
    verdict->files++;
    verdict->bytes += file->size_bytes;
    if (there && sound)
        return;
    if (verdict->missing + verdict->damaged == 0)
        verdict->first = *file;
    verdict->missing += !there;
    verdict->damaged += there;
}

enum esep_status collector_files_say(const struct collector_files_verdict *verdict,
                                     struct esep_reason *reason)
{
    char name[2 * ESEP_HASH_BYTES + 1];
    if (verdict->missing + verdict->damaged == 0)
        return ESEP_OK;
    esep_hex(verdict->first.sha256.bytes, ESEP_HASH_BYTES, name);
    return esep_because(reason, ESEP_CORRUPT,
                        "%llu files that the log says are here are missing, and %llu damaged; the "
                        "first is %.12s... of office %u. The log itself agrees; the daemon asks "
                        "the offices for them",
                        (unsigned long long)verdict->missing, (unsigned long long)verdict->damaged,
                        name, verdict->first.office);
}

static enum esep_status check_one(const struct collector_files_check *check,
                                  const struct views_file *file,
                                  struct collector_files_verdict *verdict,
                                  struct esep_reason *reason)
{
    const bool there = check->blobs != NULL && collector_file_there(check->blobs, file);
    enum esep_status status = ESEP_OK;
    if (there && check->read)
        status = esep_blobs_check(check->blobs, &file->sha256, NULL);
    const bool sound = there && status == ESEP_OK;
    if (sound && check->each != NULL)
        status = check->each(check->context, file, reason);
    collector_file_count(verdict, file, there, status == ESEP_OK);
    if (there && status != ESEP_OK && status != ESEP_CORRUPT && status != ESEP_NOT_FOUND)
        return status;
    return ESEP_OK;
}

enum esep_status collector_files_check(struct collector_log *log,
                                       const struct collector_files_check *check,
                                       struct collector_files_verdict *ret,
                                       struct esep_reason *reason)
{
    struct collector_file_walk walk = {.table = VIEWS_TABLE_EVIDENCE};
    struct views_file files[STEP_FILES];
    enum esep_status status = ESEP_OK;
    *ret = (struct collector_files_verdict){0};
    while (status == ESEP_OK && !walk.over) {
        size_t count = 0;
        status = collector_file_walk(&walk, log, files, STEP_FILES, &count, reason);
        for (size_t i = 0; status == ESEP_OK && i < count; i++)
            status = check_one(check, &files[i], ret, reason);
    }
    return status;
}
