/* broker/sandbox.c - what the daemon may still do once it runs: its sockets, and its configuration
 * to read again; see io/sandbox.h. */
#include "io/sandbox.h"

#include "broker/shell.h"
#include "io/log.h"

static enum esep_status said(enum esep_status status, struct esep_reason *reason)
{
    if (status != ESEP_NOT_FOUND) {
        return status;
    }
    esep_log(ESEP_LOG_WARNING, "sandbox-partly", "%s", reason->text);
    return ESEP_OK;
}

enum esep_status broker_keep_to_folders(const struct broker_settings *settings,
                                        const char *config_file, struct esep_reason *reason)
{
    const struct esep_sandbox_folder folders[] = {
        {settings->keys, ESEP_SANDBOX_READ},
        {settings->control, ESEP_SANDBOX_WRITE_BESIDE},
        {config_file, ESEP_SANDBOX_READ_BESIDE},
    };
    if (!settings->sandbox) {
        return ESEP_OK;
    }
    return said(esep_sandbox_folders(folders, sizeof folders / sizeof *folders, false, reason),
                reason);
}

enum esep_status broker_keep_to_calls(bool sandbox, struct esep_reason *reason)
{
    const struct esep_sandbox_calls calls = {.traced = ESEP_SANDBOX_TRACED};
    if (sandbox) {
        return said(esep_sandbox_calls(&calls, reason), reason);
    }
    esep_log(ESEP_LOG_WARNING, "sandbox-off", "the configuration says so");
    return ESEP_OK;
}
