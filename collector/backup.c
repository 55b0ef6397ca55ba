/* collector/backup.c - the parts of a backup that lie in folders; see backup.h. */
#include "collector/backup.h"

#include "io/folder.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <unistd.h>

static void progress(void *context, uint64_t done, uint64_t size)
{
    (void)context;
    if (isatty(STDERR_FILENO) && size > 0)
        (void)fprintf(stderr, "\rverifying: %" PRIu64 " of %" PRIu64 " entries%s", done, size,
                      done == size ? "\n" : "");
}

void backup_clear(const char *folder)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "writer.lock"};
    char path[BACKUP_NAME_ROOM];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static int remove_one(const char *path, const struct stat *unused, int kind, struct FTW *place)
{
    (void)unused, (void)kind, (void)place;
    return remove(path);
}

void backup_clear_files(const char *folder)
{
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

enum esep_status backup_verify(const struct collector_settings *settings, const char *path,
                               struct collector_verdict *ret, struct esep_reason *reason)
{
    struct collector_log *log = NULL;
    const struct collector_log_options options = {
        .path = path, .map_bytes = settings->store_bytes, .read_only = true};
    enum esep_status status = collector_log_open(&log, &options, reason);
    if (status != ESEP_OK)
        return status;
    status = collector_verify(log, settings->offices, progress, NULL, ret, reason);
    log->ops->close(log);
    return status;
}

enum esep_status backup_copy_store(const struct collector_settings *settings, const char *from,
                                   const char *to, struct esep_reason *reason)
{
    struct collector_log *log = NULL;
    const struct collector_log_options options = {
        .path = from, .map_bytes = settings->store_bytes, .read_only = true};
    enum esep_status status = collector_log_open(&log, &options, reason);
    if (status != ESEP_OK)
        return status;
    status = esep_store_backup(collector_log_store(log), to, reason);
    log->ops->close(log);
    return status;
}

struct carrying {
    struct esep_blobs *from;
    struct esep_blobs *to;
    uint64_t carried; /* that were not there, or not sound */
    bool shows;
};

static enum esep_status carry(void *context, const struct views_file *file,
                              struct esep_reason *reason)
{
    struct carrying *c = context;
    bool fresh = false;
    const enum esep_status status = esep_blobs_copy(c->to, c->from, &file->sha256, &fresh, reason);
    c->carried += status == ESEP_OK && fresh;
    if (c->shows && status == ESEP_OK && fresh)
        (void)fprintf(stderr, "\rfiles: %" PRIu64, c->carried);
    return status;
}

enum esep_status backup_carry_files(const struct collector_settings *settings, const char *store,
                                    const char *from, const char *to,
                                    struct collector_files_verdict *ret, struct esep_reason *reason)
{
    struct collector_log *log = NULL;
    struct carrying c = {.shows = isatty(STDERR_FILENO)};
    const struct collector_log_options options = {
        .path = store, .map_bytes = settings->store_bytes, .read_only = true};
    const struct esep_blobs_options all = {.quota_bytes = UINT64_MAX, .file_bytes_max = UINT64_MAX};
    const struct esep_blobs_options read = {.read_only = true};
    enum esep_status status = collector_log_open(&log, &options, reason);
    if (status != ESEP_OK)
        return status;
    status = esep_blobs_open(from, &read, &c.from, reason);
    if (status == ESEP_NOT_FOUND)
        status = ESEP_OK;
    if (status == ESEP_OK)
        status = esep_blobs_open(to, &all, &c.to, reason);
    const struct collector_files_check check = {.blobs = c.from, .each = carry, .context = &c};
    if (status == ESEP_OK)
        status = collector_files_check(log, &check, ret, reason);
    if (c.shows && c.carried > 0)
        (void)fputc('\n', stderr);
    esep_blobs_close(c.from);
    esep_blobs_close(c.to);
    log->ops->close(log);
    return status;
}

void backup_warn_of_files(const char *where, const struct collector_files_verdict *files)
{
    char name[2 * ESEP_HASH_BYTES + 1];
    esep_hex(files->first.sha256.bytes, ESEP_HASH_BYTES, name);
    if (files->missing + files->damaged > 0)
        (void)fprintf(stderr,
                      "esep-collector: %" PRIu64 " files that the log says are here are missing in "
                      "%s, and %" PRIu64 " are damaged; the first is %s, of office %" PRIu32
                      ". The offices are asked for them while the daemon runs\n",
                      files->missing, where, files->damaged, name, files->first.office);
}

enum esep_status backup_give_name(const char *from, const char *to, struct esep_reason *reason)
{
    if (rename(from, to) != 0)
        return esep_because(reason, esep_store_errno(errno), "cannot rename %.100s to %.100s: %s",
                            from, to, strerror(errno));
    return esep_folder_sync_above(to)
               ? ESEP_OK
               : esep_because(reason, ESEP_IO, "cannot sync the folder of %.150s: %s", to,
                              strerror(errno));
}
