/* broker/sandbox.c - what the daemon may still do once it runs: its sockets, and its configuration
 * to read again; see io/sandbox.h. */
#include "io/sandbox.h"

#include "broker/shell.h"

enum esep_status broker_keep_to_folders(const struct broker_settings *settings,
                                        const char *config_file, struct esep_reason *reason)
{
    const struct esep_sandbox_folder folders[] = {
        {settings->keys, ESEP_SANDBOX_READ},
        {settings->control, ESEP_SANDBOX_WRITE_BESIDE},
        {config_file, ESEP_SANDBOX_READ_BESIDE},
    };
    return esep_sandbox_keep_to_folders(settings->sandbox, folders,
                                        sizeof folders / sizeof *folders, false, reason);
}

enum esep_status broker_keep_to_calls(bool sandbox, struct esep_reason *reason)
{
    const struct esep_sandbox_calls calls = {.traced = ESEP_SANDBOX_TRACED};
    return esep_sandbox_keep_to_calls(sandbox, &calls, reason);
}
