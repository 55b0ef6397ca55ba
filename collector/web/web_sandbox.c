/* collector/web/web_sandbox.c - what the page's process may still do once it runs: read the store,
 * where of LMDB it writes the readers' table alone; keep passwords and exports; start itself for an
 * export. See io/sandbox.h. */
#include "collector/web/web.h"
#include "io/sandbox.h"

#include <stdlib.h>

enum esep_status web_keep_to_folders(const struct web *web, struct esep_reason *reason)
{
    const struct collector_settings *s = web->settings;
    char readers[300];
    (void)snprintf(readers, sizeof readers, "%s/lock.mdb", s->store);
    const struct esep_sandbox_folder folders[] = {
        {s->store, ESEP_SANDBOX_READ},
        {readers, ESEP_SANDBOX_WRITE},
        {s->files, ESEP_SANDBOX_READ},
        {s->web_files, ESEP_SANDBOX_READ},
        {s->web_credentials, ESEP_SANDBOX_WRITE},
        {s->web_exports, ESEP_SANDBOX_WRITE},
        {s->web_metrics_token_file, ESEP_SANDBOX_READ},
        {web->config != NULL ? web->config : "", ESEP_SANDBOX_READ_BESIDE},
    };
    if (!s->sandbox)
        return ESEP_OK;
    /* What a library writes meanwhile, as that of spreadsheets does, lies where exports do. */
    if (setenv("TMPDIR", s->web_exports, 1) != 0)
        return esep_because(reason, ESEP_NOMEM, "no memory for the sandbox");
    return esep_sandbox_keep_to_folders(true, folders, sizeof folders / sizeof *folders, true,
                                        reason);
}

enum esep_status web_keep_to_calls(const struct web *web, struct esep_reason *reason)
{
    const struct esep_sandbox_calls calls = {.children = true, .traced = ESEP_SANDBOX_TRACED};
    return esep_sandbox_keep_to_calls(web->settings->sandbox, &calls, reason);
}
