/* collector/cmd_backup.c - `backup`: into one file, encrypted to a key and signed, or into a
 * folder.
 *
 * The words: `backup FILE` with a recipient, from --encrypt-to or backup.recipient; `backup FOLDER`
 * without one, or with --unencrypted, which is said loudly; `backup keygen FILE` and
 * `backup check FILE`, which need no collector (cmd_backup_check.c).
 */
#include "collector/backup.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define UNFINISHED ".unfinished"
#define UNFINISHED_FILES ".unfinished-files"
#define COPY ".backup" /* of the store, beside it: what is not encrypted stays on this disk */

struct words {
    struct command_common common;
    const char *first;
    const char *second;
    const char *encrypt_to;
    const char *key;
    const char *log_key;
    bool unencrypted;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct words *words = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &words->common;
        return 0;
    case 'e':
        words->encrypt_to = value;
        return 0;
    case 'U':
        words->unencrypted = true;
        return 0;
    case 'k':
        words->key = value;
        return 0;
    case 'L':
        words->log_key = value;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "'%s' is one word too many", value);
        *(state->arg_num == 0 ? &words->first : &words->second) = value;
        return 0;
    case ARGP_KEY_END:
        if (words->first == NULL)
            argp_error(state, "name the file or the folder");
        if (words->unencrypted && words->encrypt_to != NULL)
            argp_error(state, "--encrypt-to and --unencrypted contradict each other");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The folder bears its name once all is in it. What a crash leaves of the files is taken up by the
 * next run, since each of them is whole under its name. */
static enum esep_status into_folder(const struct collector_settings *settings, const char *folder,
                                    struct collector_verdict *verdict,
                                    struct collector_files_verdict *files,
                                    struct esep_reason *reason)
{
    char unfinished[BACKUP_NAME_ROOM];
    char beside[BACKUP_NAME_ROOM];
    char inside[BACKUP_NAME_ROOM];
    (void)snprintf(unfinished, sizeof unfinished, "%s" UNFINISHED, folder);
    (void)snprintf(beside, sizeof beside, "%s" UNFINISHED_FILES, folder);
    (void)snprintf(inside, sizeof inside, "%s" UNFINISHED "/" BACKUP_FILES, folder);
    backup_clear(unfinished);
    enum esep_status status = backup_copy_store(settings, settings->store, unfinished, reason);
    if (status == ESEP_OK)
        status = backup_verify(settings, unfinished, verdict, reason);
    if (status == ESEP_OK)
        status = backup_carry_files(settings, unfinished, settings->files, beside, files, reason);
    if (status == ESEP_OK)
        status = backup_give_name(beside, inside, reason);
    if (status == ESEP_OK)
        return backup_give_name(unfinished, folder, reason);
    backup_clear(unfinished);
    return status;
}

static enum esep_status into_file(const struct collector_settings *settings,
                                  struct backup_packing *packing, struct collector_verdict *verdict,
                                  struct collector_files_verdict *files, struct esep_reason *reason)
{
    char copy[BACKUP_NAME_ROOM];
    (void)snprintf(copy, sizeof copy, "%s" COPY, settings->store);
    backup_clear(copy);
    enum esep_status status = backup_copy_store(settings, settings->store, copy, reason);
    if (status == ESEP_OK)
        status = backup_verify(settings, copy, verdict, reason);
    packing->copy = copy;
    packing->verdict = verdict;
    if (status == ESEP_OK)
        status = backup_pack(settings, packing, files, reason);
    backup_clear(copy);
    packing->copy = NULL;
    packing->verdict = NULL;
    return status;
}

static int report(const struct words *words, bool encrypted,
                  const struct collector_verdict *verdict,
                  const struct collector_files_verdict *files)
{
    char root[65];
    esep_hex(verdict->root.bytes, sizeof verdict->root.bytes, root);
    if (words->common.json)
        return esep_json_print(
            json_pack("{s:s, s:s, s:b, s:I, s:s, s:I, s:I, s:I}", "format", "esep-backup/1",
                      encrypted ? "file" : "folder", words->first, "encrypted", (int)encrypted,
                      "entries", (json_int_t)verdict->entries, "root", root, "files",
                      (json_int_t)files->files, "files_missing", (json_int_t)files->missing,
                      "files_damaged", (json_int_t)files->damaged));
    (void)printf("backup in %s: %" PRIu64 " entries verified, root %s; %" PRIu64 " files; %s\n",
                 words->first, verdict->entries, root,
                 files->files - files->missing - files->damaged,
                 encrypted ? "encrypted and signed" : "not encrypted");
    return 0;
}

/* Whom to encrypt to: false where the backup is to be open. */
static enum esep_status recipient(const struct words *words,
                                  const struct collector_settings *settings,
                                  uint8_t ret[ESEP_KEY_BYTES], bool *ret_encrypt,
                                  struct esep_reason *reason)
{
    static const uint8_t none[ESEP_KEY_BYTES] = {0};
    *ret_encrypt = !words->unencrypted;
    if (words->encrypt_to != NULL) {
        if (esep_unhex(words->encrypt_to, ret, ESEP_KEY_BYTES) != ESEP_OK)
            return esep_because(
                reason, ESEP_INVALID,
                "--encrypt-to takes the 64 hex digits that `backup keygen` printed");
        return ESEP_OK;
    }
    memcpy(ret, settings->backup_recipient, ESEP_KEY_BYTES);
    if (memcmp(ret, none, sizeof none) == 0)
        *ret_encrypt = false;
    return ESEP_OK;
}

static void say_open(void)
{
    (void)fprintf(stderr,
                  "esep-collector: WARNING: this backup is NOT encrypted and NOT signed: whoever "
                  "reads it reads every report. Give --encrypt-to KEY, or set backup.recipient; "
                  "`backup keygen` makes the key\n");
}

static int make(const struct words *words)
{
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    struct collector_verdict verdict = {0};
    struct collector_files_verdict files = {0};
    struct backup_packing packing = {.path = words->first};
    struct stat there;
    bool encrypt = false;
    enum esep_status status = collector_command_settings(&words->common, &settings, &reason);
    if (status == ESEP_OK)
        status = recipient(words, settings, packing.recipient, &encrypt, &reason);
    if (status == ESEP_OK && strlen(words->first) > BACKUP_PATH_MAX)
        status = esep_because(&reason, ESEP_INVALID, "the path is too long");
    if (status == ESEP_OK && stat(words->first, &there) == 0)
        status = esep_because(&reason, ESEP_CONFLICT, "%.200s exists already", words->first);
    if (status == ESEP_OK && !encrypt)
        say_open();
    if (status == ESEP_OK)
        status = encrypt ? into_file(settings, &packing, &verdict, &files, &reason)
                         : into_folder(settings, words->first, &verdict, &files, &reason);
    if (status == ESEP_OK)
        backup_warn_of_files(settings->files, &files);
    const int rc = status == ESEP_OK ? report(words, encrypt, &verdict, &files)
                                     : collector_fail(status, &reason);
    collector_settings_free(settings);
    return rc;
}

/* The configuration only where the log key is not given: a check needs no collector. */
static int check(const struct words *words)
{
    struct esep_reason reason = {""};
    struct collector_settings *settings = NULL;
    if (words->log_key == NULL) {
        const enum esep_status status =
            collector_command_settings(&words->common, &settings, &reason);
        if (status != ESEP_OK)
            return collector_fail(status, &reason);
    }
    const struct backup_checking checking = {.settings = settings,
                                             .path = words->second,
                                             .secret = words->key,
                                             .log_key = words->log_key,
                                             .json = words->common.json};
    const int rc = backup_check(&checking);
    collector_settings_free(settings);
    return rc;
}

int collector_cmd_backup(int argc, char **argv)
{
    static const struct argp_child children[] = {{&collector_common_argp, 0, NULL, 0}, {0}};
    static const struct argp_option options[] = {
        {"encrypt-to", 'e', "KEY", 0, "encrypt to this public key (backup.recipient)", 0},
        {"unencrypted", 'U', NULL, 0, "into a folder that whoever has it can read", 0},
        {"key", 'k', "FILE", 0, "check: the secret key, to look inside, too", 0},
        {"log-key", 'L', "KEY", 0,
         "check: the log's public key (backup.log_key, or that of the key file)", 0},
        {0},
    };
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "FILE\nFOLDER\nkeygen FILE\ncheck FILE",
        .doc = "Copies the store, and the files that reports name, while the daemon runs, and "
               "verifies the copy: into one FILE, encrypted to a key and signed by the log key, or "
               "into a new FOLDER, open to whoever reads it. `keygen` makes the key on the machine "
               "that is to keep it, which is not the collector; `check` verifies a file without "
               "restoring it. Keep the collector's key file elsewhere: it is not in the backup.",
        .children = children};
    struct words words = {0};
    (void)argp_parse(&argp, argc, argv, 0, NULL, &words);
    if (words.second == NULL)
        return make(&words);
    if (strcmp(words.first, "keygen") == 0)
        return backup_keygen(words.second, words.common.json);
    if (strcmp(words.first, "check") == 0)
        return check(&words);
    (void)fprintf(stderr,
                  "esep-collector: backup: '%s' is neither keygen nor check; esep-collector backup "
                  "--help\n",
                  words.first);
    return EX_USAGE;
}
