/* collector/cmd_backup.c - `backup FOLDER` and `restore FOLDER`.
 *
 * A backup is a copy taken while the daemon writes, synced, read back, and verified like the log
 * itself before it gets its name. A restore verifies first, refuses to cover a store that is there,
 * and draws a new engine id: brokers do not take the copy for the store it was copied from, and the
 * offices send again what it lacks.
 */
#include "collector/commands.h"
#include "collector/verify.h"

#include <errno.h>
#include <fcntl.h>
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

static int report(const struct words *words, const char *done,
                  const struct collector_verdict *verdict)
{
    char root[65];
    esep_hex(verdict->root.bytes, sizeof verdict->root.bytes, root);
    if (words->common.json)
        return esep_json_print(json_pack("{s:s, s:s, s:I, s:s}", "format", "esep-backup/1",
                                         "folder", words->folder, "entries",
                                         (json_int_t)verdict->entries, "root", root));
    (void)printf("%s %s: %" PRIu64 " entries verified, root %s\n", done, words->folder,
                 verdict->entries, root);
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

int collector_cmd_backup(int argc, char **argv)
{
    struct words words;
    parse_words(&words, argc, argv,
                "Copies the store into a new FOLDER while the daemon runs, and verifies the copy. "
                "Keep the key file elsewhere: it is not in the backup.");
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_verdict verdict = {0};
    enum esep_status status = collector_command_settings(&words.common, &settings, &reason);
    if (status == ESEP_OK)
        status = copy_store(settings, settings->store, words.folder, &reason);
    if (status == ESEP_OK)
        status = verify_copy(settings, words.folder, &verdict, &reason);
    int rc =
        status == ESEP_OK ? report(&words, "backup in", &verdict) : collector_fail(status, &reason);
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

static enum esep_status give_name(const char *from, const char *to, struct esep_reason *reason)
{
    char folder[300];
    const char *slash = strrchr(to, '/');
    (void)snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - to) + 1 : 1,
                   slash != NULL ? to : ".");
    if (rename(from, to) != 0)
        return esep_because(reason, esep_store_errno(errno), "cannot rename %.100s to %.100s: %s",
                            from, to, strerror(errno));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return synced ? ESEP_OK
                  : esep_because(reason, ESEP_IO, "cannot sync the folder %.150s", folder);
}

static enum esep_status restore(const struct collector_settings *settings, const char *from,
                                struct esep_reason *reason)
{
    char unfinished[300];
    (void)snprintf(unfinished, sizeof unfinished, "%s" UNFINISHED, settings->store);
    clear_unfinished(unfinished);
    enum esep_status status = copy_store(settings, from, unfinished, reason);
    if (status == ESEP_OK)
        status = redraw_engine(settings, unfinished, reason);
    if (status == ESEP_OK)
        return give_name(unfinished, settings->store, reason);
    clear_unfinished(unfinished);
    return status;
}

int collector_cmd_restore(int argc, char **argv)
{
    struct words words;
    parse_words(&words, argc, argv,
                "Verifies the backup in FOLDER and puts a copy of it where the configuration says "
                "the store is. Refuses where a store is there already: move it away first.");
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_verdict verdict = {0};
    struct stat there;
    enum esep_status status = collector_command_settings(&words.common, &settings, &reason);
    if (status == ESEP_OK && (stat(settings->store, &there) == 0 || errno != ENOENT))
        status = esep_because(&reason, ESEP_CONFLICT,
                              "%s is there: move it away first, restore covers nothing",
                              settings->store);
    if (status == ESEP_OK)
        status = verify_copy(settings, words.folder, &verdict, &reason);
    if (status == ESEP_OK)
        status = restore(settings, words.folder, &reason);
    int rc = status == ESEP_OK ? report(&words, "restored from", &verdict)
                               : collector_fail(status, &reason);
    collector_settings_free(settings);
    return rc;
}
