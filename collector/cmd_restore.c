/* collector/cmd_restore.c - `restore`: a backup put where a store is lost; see backup.h.
 *
 * Of an archive nothing is believed before both signatures hold; it is unpacked beside the store's
 * place, the copy is verified like the log itself and held against what the head says, and only
 * then does anything take a name. A refusal leaves no trace.
 */
#include "collector/backup.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#define UNFINISHED ".restoring"

struct words {
    struct command_common common;
    const char *from;
    const char *key;
    const char *log_key;
};

struct restoring {
    const struct collector_settings *settings;
    const struct words *words;
    bool encrypted;
    char store[BACKUP_NAME_ROOM]; /* passing names */
    char files[BACKUP_NAME_ROOM];
    struct collector_verdict verdict;
    struct collector_files_verdict missing;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 'k':
        words->key = value;
        return 0;
    case 'L':
        words->log_key = value;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "'%s' is one word too many", value);
        words->from = value;
        return 0;
    case ARGP_KEY_END:
        if (words->from == NULL)
            argp_error(state, "name the file or the folder");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum esep_status redraw_engine(const struct collector_settings *settings, const char *path,
                                      struct esep_reason *reason)
{
    struct collector_log *log = NULL;
    const struct collector_log_options options = {.path = path, .map_bytes = settings->store_bytes};
    enum esep_status status = collector_log_open(&log, &options, reason);
    if (status != ESEP_OK)
        return status;
    status = collector_log_new_engine(log, (esep_time)time(NULL) * ESEP_SECOND, reason);
    log->ops->close(log);
    return status;
}

/* What lies verified under the passing name takes the store's. */
static enum esep_status put_in_place(struct restoring *r, const char *files,
                                     struct esep_reason *reason)
{
    enum esep_status status = redraw_engine(r->settings, r->store, reason);
    if (status == ESEP_OK)
        status = backup_carry_files(r->settings, r->store, files, r->settings->files, &r->missing,
                                    reason);
    return status == ESEP_OK ? backup_give_name(r->store, r->settings->store, reason) : status;
}

static enum esep_status from_folder(struct restoring *r, struct esep_reason *reason)
{
    char kept[BACKUP_NAME_ROOM];
    (void)snprintf(kept, sizeof kept, "%s/" BACKUP_FILES, r->words->from);
    enum esep_status status = backup_verify(r->settings, r->words->from, &r->verdict, reason);
    if (status == ESEP_OK)
        status = backup_copy_store(r->settings, r->words->from, r->store, reason);
    return status == ESEP_OK ? put_in_place(r, kept, reason) : status;
}

/* By a key that the log, as it is there, had left behind: whoever has that one alone made it. */
static enum esep_status signed_in_its_time(const struct restoring *r, struct collector_log *log,
                                           const struct archive_head *head,
                                           struct esep_reason *reason)
{
    struct esep_log_keys keys;
    const enum esep_status status = collector_state_log_keys(log, &keys, reason);
    if (status != ESEP_OK || esep_log_keys_find(&keys, head->log_key) + 1 >= keys.count)
        return status;
    return esep_because(reason, ESEP_CORRUPT,
                        "%.120s is signed by a key of the log whose place another had taken: "
                        "nothing was put in place; take another backup",
                        r->words->from);
}

/* The copy is the log that the head says. */
static enum esep_status hold_against(const struct restoring *r, const struct archive_head *head,
                                     struct esep_reason *reason)
{
    struct collector_log *log = NULL;
    const struct collector_log_options options = {
        .path = r->store, .map_bytes = r->settings->store_bytes, .read_only = true};
    enum esep_status status = collector_log_open(&log, &options, reason);
    if (status != ESEP_OK)
        return status;
    if (!esep_hash_equal(&log->log_id, &head->log_id) || r->verdict.entries != head->entries ||
        !esep_hash_equal(&r->verdict.root, &head->root))
        status = esep_because(reason, ESEP_CORRUPT,
                              "%.120s holds another log than its head says: nothing was put in "
                              "place; take another backup",
                              r->words->from);
    if (status == ESEP_OK)
        status = signed_in_its_time(r, log, head, reason);
    log->ops->close(log);
    return status;
}

static enum esep_status open_archive(const struct restoring *r, struct archive_reader **ret,
                                     struct esep_reason *reason)
{
    struct esep_box_key key;
    if (r->words->key == NULL)
        return esep_because(reason, ESEP_NOT_FOUND,
                            "%.120s is an encrypted backup: give the secret key that reads it with "
                            "--key FILE",
                            r->words->from);
    enum esep_status status = backup_secret(r->words->key, &key, reason);
    if (status == ESEP_OK)
        status = backup_open(ret, r->settings, r->words->log_key, r->words->from, reason);
    if (status == ESEP_OK)
        status = archive_unlock(*ret, &key, reason);
    esep_wipe(&key, sizeof key);
    return status;
}

static enum esep_status from_file(struct restoring *r, struct esep_reason *reason)
{
    struct archive_reader *reader = NULL;
    uint64_t files = 0;
    enum esep_status status = open_archive(r, &reader, reason);
    if (status == ESEP_OK)
        status = backup_room(archive_reader_head(reader), r->settings->store_bytes, r->store,
                             r->files, reason);
    if (status == ESEP_OK)
        status = backup_unpack(reader, r->store, r->files, &files, reason);
    if (status == ESEP_OK)
        status = backup_verify(r->settings, r->store, &r->verdict, reason);
    if (status == ESEP_OK)
        status = hold_against(r, archive_reader_head(reader), reason);
    if (status == ESEP_OK)
        status = put_in_place(r, r->files, reason);
    archive_reader_free(reader);
    return status;
}

static enum esep_status restore(struct restoring *r, struct esep_reason *reason)
{
    struct stat there;
    (void)snprintf(r->store, sizeof r->store, "%s" UNFINISHED, r->settings->store);
    (void)snprintf(r->files, sizeof r->files, "%s" UNFINISHED, r->settings->files);
    if (stat(r->settings->store, &there) == 0 || errno != ENOENT)
        return esep_because(reason, ESEP_CONFLICT,
                            "%s is there: move it away first, restore covers nothing",
                            r->settings->store);
    if (stat(r->words->from, &there) != 0)
        return esep_because(reason, errno == ENOENT ? ESEP_NOT_FOUND : ESEP_IO,
                            "cannot look at %.150s: %s", r->words->from, strerror(errno));
    backup_clear(r->store);
    backup_clear_files(r->files);
    r->encrypted = !S_ISDIR(there.st_mode);
    enum esep_status status = r->encrypted ? from_file(r, reason) : from_folder(r, reason);
    if (status != ESEP_OK)
        backup_clear(r->store);
    backup_clear_files(r->files);
    return status;
}

static int report(const struct restoring *r)
{
    const struct collector_files_verdict *files = &r->missing;
    char root[65];
    esep_hex(r->verdict.root.bytes, sizeof r->verdict.root.bytes, root);
    if (r->words->common.json)
        return esep_json_print(
            json_pack("{s:s, s:s, s:b, s:I, s:s, s:I, s:I, s:I}", "format", "esep-backup/1",
                      r->encrypted ? "file" : "folder", r->words->from, "encrypted",
                      (int)r->encrypted, "entries", (json_int_t)r->verdict.entries, "root", root,
                      "files", (json_int_t)files->files, "files_missing",
                      (json_int_t)files->missing, "files_damaged", (json_int_t)files->damaged));
    (void)printf("restored from %s: %" PRIu64 " entries verified, root %s; %" PRIu64 " files\n",
                 r->words->from, r->verdict.entries, root,
                 files->files - files->missing - files->damaged);
    return 0;
}

int collector_cmd_restore(int argc, char **argv)
{
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp_option options[] = {
        {"key", 'k', "FILE", 0, "the secret key of an encrypted backup", 0},
        {"log-key", 'L', "KEY", 0, "the log's public key (backup.log_key, or that of the key file)",
         0},
        {0},
    };
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "FILE\nFOLDER",
        .doc = "Verifies a backup and puts it where the configuration says the store and the files "
               "are. Refuses where a store is there already: move it away first.",
        .children = children};
    struct words words = {0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    enum esep_status status = collector_command_settings(&words.common, &settings, &reason);
    struct restoring r = {.settings = settings, .words = &words};
    if (status == ESEP_OK)
        status = restore(&r, &reason);
    if (status == ESEP_OK)
        backup_warn_of_files(settings->files, &r.missing);
    const int rc = status == ESEP_OK ? report(&r) : collector_fail(status, &reason);
    collector_settings_free(settings);
    return rc;
}
