/* collector/run_sandbox.c - what ingest may still do once it runs: the store, the files, its
 * sockets, the network; see io/sandbox.h. The key file is read before and is nobody's from then on.
 */
#include "collector/run.h"
#include "io/sandbox.h"

#define FOLDERS 6 /* whatever the witnesses are */

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
    /* Beside: a renewed file of certificates is another file of that name. */
    for (size_t i = 0; i < s->witness_count; i++)
        folders[FOLDERS + i] =
            (struct esep_sandbox_folder){s->witnesses[i].ca_file, ESEP_SANDBOX_READ_BESIDE};
    return esep_sandbox_keep_to_folders(s->sandbox, folders, FOLDERS + s->witness_count, false,
                                        reason);
}

enum esep_status run_keep_to_calls(const struct run *run, struct esep_reason *reason)
{
    const struct esep_sandbox_calls calls = {.packets = run->settings->signer[0] != '\0',
                                             .traced = ESEP_SANDBOX_TRACED};
    return esep_sandbox_keep_to_calls(run->settings->sandbox, &calls, reason);
}
