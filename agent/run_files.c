/* agent/run_files.c - files for the uplink core: which ones lack their receipt, and their bytes;
 * see run.h.
 *
 * Commands and the page put files into the store beside the journal; this only reads it. What is
 * sent is read whole once before its first chunk: bytes that the disk has changed must not go out,
 * since the collector would find it only at the end.
 */
#include "agent/attach.h"
#include "agent/run.h"
#include "io/log.h"

static bool open_store(struct agent_run *run)
{
    struct esep_reason reason = {""};
    if (run->files != NULL)
        return true;
    enum esep_status status = agent_files_open(run->settings, true, &run->files, &reason);
    if (status != ESEP_OK && status != ESEP_NOT_FOUND)
        esep_log(ESEP_LOG_ERROR, "files-unreadable", "%s", reason.text);
    return status == ESEP_OK;
}

void agent_run_files_close(struct agent_run *run)
{
    esep_blobs_close(run->files);
    run->files = NULL;
    run->file_checked = (struct esep_hash){0};
}

struct offering {
    struct agent_run *run;
    bool again; /* the collector came back from a backup: it may lack what it has receipted */
};

static bool offer(void *context, const struct journal_file *file)
{
    const struct offering *o = context;
    struct agent_run *run = o->run;
    return (file->here && !o->again) || !file->receipted ||
           agent_on_file(run->core, &file->file, agent_run_now(run));
}

void agent_run_files_look(struct agent_run *run)
{
    struct esep_reason reason = {""};
    struct agent_status status;
    if (!run->files_due || run->broken || run->older.epoch != 0)
        return;
    agent_status_get(run->core, &status);
    struct offering o = {.run = run, .again = status.collector_restored && !run->files_again};
    run->files_due = false;
    run->files_again = run->files_again || o.again;
    if (journal_files(&run->journal, offer, &o, &reason) != ESEP_OK)
        esep_log(ESEP_LOG_ERROR, "journal-unreadable", "%s", reason.text);
}

static enum esep_status check(struct agent_run *run, const struct esep_hash *hash,
                              struct esep_reason *reason)
{
    if (esep_hash_equal(&run->file_checked, hash))
        return ESEP_OK;
    enum esep_status status = esep_blobs_check(run->files, hash, reason);
    if (status == ESEP_OK)
        run->file_checked = *hash;
    return status;
}

void agent_run_file_read(struct agent_run *run, const struct agent_effect *effect)
{
    struct esep_reason reason = {"the folder of files is not there"};
    size_t len = 0;
    enum esep_status status = ESEP_NOT_FOUND;
    if (open_store(run))
        status = check(run, &effect->file.sha256, &reason);
    if (status == ESEP_OK)
        status = esep_blobs_read(run->files, &effect->file.sha256, effect->offset, run->file_bytes,
                                 effect->bytes_max, &len, &reason);
    if (status != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "file-unreadable", "%s", reason.text);
        run->file_checked = (struct esep_hash){0};
    }
    agent_on_file_bytes(run->core, effect->token, status, esep_slice(run->file_bytes, len),
                        agent_run_now(run));
}
