/* agent/run_sandbox.c - what the daemon may still do once it runs: the journal, the files, its
 * page, the network; see io/sandbox.h. */
#include "agent/run.h"
#include "io/blobs.h"
#include "io/sandbox.h"

enum esep_status agent_run_keep_to_folders(const struct agent_run *run, struct esep_reason *reason)
{
    const struct agent_settings *s = run->settings;
    const struct esep_sandbox_folder folders[] = {
        {s->journal, ESEP_SANDBOX_WRITE},
        {s->files, ESEP_SANDBOX_WRITE},
        {s->keys, ESEP_SANDBOX_WRITE_BESIDE}, /* new ones take their place */
        {s->page_files, ESEP_SANDBOX_READ},
        {s->socks_login, ESEP_SANDBOX_READ},
        {run->config_file, ESEP_SANDBOX_READ_BESIDE},
    };
    if (s->sandbox)
        esep_blobs_make(s->files);
    return esep_sandbox_keep_to_folders(s->sandbox, folders, sizeof folders / sizeof *folders,
                                        false, reason);
}

enum esep_status agent_run_keep_to_calls(const struct agent_run *run, struct esep_reason *reason)
{
    const struct esep_sandbox_calls calls = {.traced = ESEP_SANDBOX_TRACED};
    return esep_sandbox_keep_to_calls(run->settings->sandbox, &calls, reason);
}
