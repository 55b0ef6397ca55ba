/* collector/cmd_backup.c - `backup FOLDER` and `restore FOLDER`.
 *
 * A backup is a copy taken while the daemon writes, synced, read back, and verified like the log
 * itself before it gets its name; in its folder "files" are the files that this log says are here,
 * each read whole: by a second name where that is the same disk, else copied. A restore verifies
 * first, refuses to cover a store that is there, puts back what files lack, and draws a new engine
 * id: brokers do not take the copy for the store it was copied from, and the offices send again
 * what it lacks. A file that is missing or damaged fails neither: it is told, and the offices are
 * asked for it.
 */
#include "collector/commands.h"
#include "collector/file_walk.h"
#include "collector/verify.h"
#include "io/folder.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

struct words {
    struct command_common common;
    const char *folder;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "'%s' is one word too many", value);
        words->folder = value;
        return 0;
    case ARGP_KEY_END:
        if (words->folder == NULL)
            argp_error(state, "name the folder");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void progress(void *context, uint64_t done, uint64_t size)
{
    (void)context;
    if (isatty(STDERR_FILENO) && size > 0)
        (void)fprintf(stderr, "\rverifying: %" PRIu64 " of %" PRIu64 " entries%s", done, size,
                      done == size ? "\n" : "");
}

/* The store is there under its name only when all is done: a crash in between leaves a folder with
 * another name, not a copy that passes for the store it was copied from. The next restore clears it
 * away: nothing but a restore ever wrote in it. */
#define UNFINISHED ".restoring"
#define UNFINISHED_BACKUP ".unfinished"
#define UNFINISHED_FILES ".unfinished-files"
#define BACKUP_FILES "files"

static void clear_unfinished(const char *folder)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "writer.lock"};
    char path[320];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

/* Opens a store only to verify it. */
static enum esep_status verify_copy(const struct collector_settings *settings, const char *path,
                                    struct collector_verdict *ret, struct esep_reason *reason)
{
    struct collector_log *log = NULL;
    const struct collector_log_options options = {
        .path = path, .map_bytes = settings->store_bytes, .read_only = true};
    enum esep_status status = collector_log_open(&log, &options, reason);
    if (status != ESEP_OK)
        return status;
    status = collector_verify(log, settings->offices, progress, NULL, ret, reason);
    if (status == ESEP_OK)
        status = collector_verify_root(log, settings, ret, reason);
    log->ops->close(log);
    return status;
}

static enum esep_status copy_store(const struct collector_settings *settings, const char *from,
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

/* Files. */

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

/* What the log at `store` says is here, from one folder into another. No folder: all is missing. */
static enum esep_status carry_files(const struct collector_settings *settings, const char *store,
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

static void warn_of_files(const char *where, const struct collector_files_verdict *files)
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

static int report(const struct words *words, const char *done,
                  const struct collector_verdict *verdict,
                  const struct collector_files_verdict *files)
{
    char root[65];
    esep_hex(verdict->root.bytes, sizeof verdict->root.bytes, root);
    if (words->common.json)
        return esep_json_print(
            json_pack("{s:s, s:s, s:I, s:s, s:I, s:I, s:I}", "format", "esep-backup/1", "folder",
                      words->folder, "entries", (json_int_t)verdict->entries, "root", root, "files",
                      (json_int_t)files->files, "files_missing", (json_int_t)files->missing,
                      "files_damaged", (json_int_t)files->damaged));
    (void)printf("%s %s: %" PRIu64 " entries verified, root %s; %" PRIu64 " files\n", done,
                 words->folder, verdict->entries, root,
                 files->files - files->missing - files->damaged);
    return 0;
}

static void parse_words(struct words *words, int argc, char **argv, const char *doc)
{
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    const struct argp argp = {
        .parser = parse, .args_doc = "FOLDER", .doc = doc, .children = children};
    *words = (struct words){0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, words);
}

static enum esep_status give_name(const char *from, const char *to, struct esep_reason *reason)
{
    if (rename(from, to) != 0)
        return esep_because(reason, esep_store_errno(errno), "cannot rename %.100s to %.100s: %s",
                            from, to, strerror(errno));
    return esep_folder_sync_above(to)
               ? ESEP_OK
               : esep_because(reason, ESEP_IO, "cannot sync the folder of %.150s: %s", to,
                              strerror(errno));
}

/* The folder bears its name once all is in it. What a crash leaves of the files is taken up by the
 * next run, since each of them is whole under its name. */
static enum esep_status back_up(const struct collector_settings *settings, const char *folder,
                                struct collector_verdict *verdict,
                                struct collector_files_verdict *files, struct esep_reason *reason)
{
    char unfinished[300];
    char beside[300];
    char inside[320];
    struct stat there;
    if (strlen(folder) > 240)
        return esep_because(reason, ESEP_INVALID, "the folder's path is too long");
    if (stat(folder, &there) == 0)
        return esep_because(reason, ESEP_CONFLICT, "%.200s exists already", folder);
    (void)snprintf(unfinished, sizeof unfinished, "%s" UNFINISHED_BACKUP, folder);
    (void)snprintf(beside, sizeof beside, "%s" UNFINISHED_FILES, folder);
    (void)snprintf(inside, sizeof inside, "%s/" BACKUP_FILES, unfinished);
    clear_unfinished(unfinished);
    enum esep_status status = copy_store(settings, settings->store, unfinished, reason);
    if (status == ESEP_OK)
        status = verify_copy(settings, unfinished, verdict, reason);
    if (status == ESEP_OK)
        status = carry_files(settings, unfinished, settings->files, beside, files, reason);
    if (status == ESEP_OK)
        status = give_name(beside, inside, reason);
    if (status == ESEP_OK)
        return give_name(unfinished, folder, reason);
    clear_unfinished(unfinished);
    return status;
}

int collector_cmd_backup(int argc, char **argv)
{
    struct words words;
    parse_words(&words, argc, argv,
                "Copies the store, and the files that reports name, into a new FOLDER while the "
                "daemon runs, and verifies the copy. "
                "Keep the key file elsewhere: it is not in the backup.");
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_verdict verdict = {0};
    struct collector_files_verdict files = {0};
    enum esep_status status = collector_command_settings(&words.common, &settings, &reason);
    if (status == ESEP_OK)
        status = back_up(settings, words.folder, &verdict, &files, &reason);
    if (status == ESEP_OK)
        warn_of_files(settings->files, &files);
    int rc = status == ESEP_OK ? report(&words, "backup in", &verdict, &files)
                               : collector_fail(status, &reason);
    collector_settings_free(settings);
    return rc;
}

static enum esep_status redraw_engine(const struct collector_settings *settings, const char *path,
                                      struct esep_reason *reason)
{
    struct collector_log *log = NULL;
    const struct collector_log_options options = {.path = path, .map_bytes = settings->store_bytes};
    enum esep_status status = collector_log_open(&log, &options, reason);
    if (status != ESEP_OK)
        return status;
    status = collector_log_new_engine(log, reason);
    log->ops->close(log);
    return status;
}

static enum esep_status restore(const struct collector_settings *settings, const char *from,
                                struct collector_files_verdict *files, struct esep_reason *reason)
{
    char unfinished[300];
    char kept[320];
    (void)snprintf(kept, sizeof kept, "%s/" BACKUP_FILES, from);
    (void)snprintf(unfinished, sizeof unfinished, "%s" UNFINISHED, settings->store);
    clear_unfinished(unfinished);
    enum esep_status status = copy_store(settings, from, unfinished, reason);
    if (status == ESEP_OK)
        status = redraw_engine(settings, unfinished, reason);
    if (status == ESEP_OK)
        status = carry_files(settings, unfinished, kept, settings->files, files, reason);
    if (status == ESEP_OK)
        return give_name(unfinished, settings->store, reason);
    clear_unfinished(unfinished);
    return status;
}

int collector_cmd_restore(int argc, char **argv)
{
    struct words words;
    parse_words(
        &words, argc, argv,
        "Verifies the backup in FOLDER and puts a copy of it where the configuration says "
        "the store and the files are. Refuses where a store is there already: move it away first.");
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_verdict verdict = {0};
    struct collector_files_verdict files = {0};
    struct stat there;
    enum esep_status status = collector_command_settings(&words.common, &settings, &reason);
    if (status == ESEP_OK && (stat(settings->store, &there) == 0 || errno != ENOENT))
        status = esep_because(&reason, ESEP_CONFLICT,
                              "%s is there: move it away first, restore covers nothing",
                              settings->store);
    if (status == ESEP_OK)
        status = verify_copy(settings, words.folder, &verdict, &reason);
    if (status == ESEP_OK)
        status = restore(settings, words.folder, &files, &reason);
    if (status == ESEP_OK)
        warn_of_files(settings->files, &files);
    int rc = status == ESEP_OK ? report(&words, "restored from", &verdict, &files)
                               : collector_fail(status, &reason);
    collector_settings_free(settings);
    return rc;
}
