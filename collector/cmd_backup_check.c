/* collector/cmd_backup_check.c - `backup keygen` and `backup check`: what is done with backups
 * where no collector is. */
#include "collector/backup.h"
#include "io/keyfile.h"

#include <inttypes.h>

int backup_keygen(const char *path, bool json)
{
    static const char *const kinds[] = {"box"};
    struct esep_keyfile file;
    struct esep_box_key key;
    struct esep_reason reason = {""};
    char hex[2 * ESEP_KEY_BYTES + 1];
    esep_keyfile_generate(&file, kinds, 1);
    enum esep_status status = esep_keyfile_create(path, &file, &reason);
    if (status == ESEP_OK)
        status = esep_keyfile_box(&file, &key);
    esep_wipe(&file, sizeof file);
    if (status != ESEP_OK)
        return collector_fail(status, &reason);
    esep_hex(key.public, ESEP_KEY_BYTES, hex);
    esep_wipe(&key, sizeof key);
    if (json)
        return esep_json_print(json_pack("{s:s, s:s, s:s}", "format", "esep-backup-key/1", "file",
                                         path, "recipient", hex));
    (void)printf("recipient: %s\n", hex);
    (void)fprintf(stderr,
                  "esep-collector: the secret key is in %s: no backup can be read without it. Keep "
                  "it, and a copy, away from the collector\n",
                  path);
    return 0;
}

static int say(const struct backup_checking *checking, const struct archive_head *head,
               uint64_t files)
{
    char log_id[65];
    char root[65];
    char to[65];
    char at[32];
    const bool whole = checking->secret != NULL;
    esep_hex(head->log_id.bytes, ESEP_HASH_BYTES, log_id);
    esep_hex(head->root.bytes, ESEP_HASH_BYTES, root);
    esep_hex(head->recipient, ESEP_KEY_BYTES, to);
    esep_time_format(head->made_at, NULL, at);
    if (checking->json) {
        json_t *said = json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:b}", "format",
                                 "esep-backup-check/1", "file", checking->path, "log_id", log_id,
                                 "entries", (json_int_t)head->entries, "root", root, "made_at", at,
                                 "recipient", to, "opened", (int)whole);
        if (said != NULL && whole)
            (void)json_object_set_new(said, "files", collector_json_u64(files));
        return esep_json_print(said);
    }
    (void)printf("%s: of log %s, %" PRIu64 " entries, root %s, made at %s, encrypted to %s\n",
                 checking->path, log_id, head->entries, root, at, to);
    if (whole)
        (void)printf("every byte is as it was signed; %" PRIu64 " files open and are what they are "
                     "called\n",
                     files);
    else
        (void)printf("every byte is as it was signed; give --key FILE to look inside, too\n");
    return 0;
}

int backup_check(const struct backup_checking *checking)
{
    struct archive_reader *reader = NULL;
    struct esep_box_key key;
    struct esep_reason reason = {""};
    uint64_t files = 0;
    enum esep_status status =
        backup_open(&reader, checking->settings, checking->log_key, checking->path, &reason);
    if (status == ESEP_OK && checking->secret != NULL) {
        status = backup_secret(checking->secret, &key, &reason);
        if (status == ESEP_OK)
            status = archive_unlock(reader, &key, &reason);
        esep_wipe(&key, sizeof key);
        if (status == ESEP_OK)
            status = backup_unpack(reader, NULL, NULL, &files, &reason);
    }
    const int rc = status == ESEP_OK ? say(checking, archive_reader_head(reader), files)
                                     : collector_fail(status, &reason);
    archive_reader_free(reader);
    return rc;
}
