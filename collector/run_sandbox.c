/* collector/run_sandbox.c - what ingest may still do once it runs: the store, the files, its
 * sockets, the network; see io/sandbox.h. The key file is read before and is nobody's from then on.
 */
#include "collector/run.h"
#include "io/blobs.h"
#include "io/log.h"
#include "io/sandbox.h"

#include <sys/stat.h>

#define FOLDERS 6 /* whatever the witnesses are */

static enum esep_status said(enum esep_status status, struct esep_reason *reason)
{
    if (status != ESEP_NOT_FOUND)
        return status;
    esep_log(ESEP_LOG_WARNING, "sandbox-partly", "%s", reason->text);
    return ESEP_OK;
}

void run_make_files(const struct run *run)
{
    const struct esep_blobs_options options = {.quota_bytes = 1, .file_bytes_max = 1};
    const char *path = run->settings->files;
    struct esep_blobs *blobs = NULL;
    struct stat there;
    if (stat(path, &there) != 0 && esep_blobs_open(path, &options, &blobs, NULL) == ESEP_OK)
        esep_blobs_close(blobs);
}

enum esep_status run_keep_to_folders(const struct run *run, struct esep_reason *reason)
{
    const struct collector_settings *s = run->settings;
    struct esep_sandbox_folder folders[FOLDERS + SETTINGS_WITNESSES_MAX] = {
        {s->store, ESEP_SANDBOX_WRITE},
        {s->files, ESEP_SANDBOX_WRITE},
        {s->control, ESEP_SANDBOX_WRITE_BESIDE},
        {s->web_control, ESEP_SANDBOX_WRITE_BESIDE},
        {s->mail_password_file, ESEP_SANDBOX_READ},
        {run->config_file, ESEP_SANDBOX_READ_BESIDE},
    };
    if (!s->sandbox)
        return ESEP_OK;
    /* Beside: a renewed file of certificates is another file of that name. */
    for (size_t i = 0; i < s->witness_count; i++)
        folders[FOLDERS + i] =
            (struct esep_sandbox_folder){s->witnesses[i].ca_file, ESEP_SANDBOX_READ_BESIDE};
    return said(esep_sandbox_folders(folders, FOLDERS + s->witness_count, false, reason), reason);
}

enum esep_status run_keep_to_calls(const struct run *run, struct esep_reason *reason)
{
    const struct esep_sandbox_calls calls = {.packets = run->settings->signer[0] != '\0',
                                             .traced = ESEP_SANDBOX_TRACED};
    if (run->settings->sandbox)
        return said(esep_sandbox_calls(&calls, reason), reason);
    esep_log(ESEP_LOG_WARNING, "sandbox-off", "the configuration says so");
    return ESEP_OK;
}
