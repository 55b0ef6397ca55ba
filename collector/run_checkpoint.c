/* collector/run_checkpoint.c - the newest signed checkpoint, for whoever does not hold the log key.
 *
 * The page's process serves it, and what asks witnesses begins with it. It is signed for each
 * commit (collector_proof.c) and laid beside the store as a C2SP note, at most once a second: a
 * file that takes the other's place, so that a reader sees a whole one. It is not synced: after a
 * crash ingest signs the head anew.
 */
#include "collector/run.h"
#include "io/folder.h"
#include "io/log.h"
#include "wire/growth.h"

#include <errno.h>
#include <stdio.h>

#define EVERY ESEP_SECOND

static bool publish(const struct run *run, const struct esep_growth *head)
{
    char origin[ESEP_ORIGIN_MAX + 1];
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    char line[ESEP_NOTE_LINE_MAX];
    char path[512];
    char note[ESEP_CHECKPOINT_TEXT_MAX + ESEP_NOTE_LINE_MAX];
    struct esep_note_key key;
    esep_log_origin(&run->state.log->log_id, head->generation, origin);
    if (esep_note_key(&key, origin, ESEP_NOTE_ED25519, run->log_public, NULL) != ESEP_OK)
        return false;
    (void)esep_checkpoint_text(origin, head->size, &head->root, text);
    (void)esep_note_line(&key, head->signature, line);
    (void)snprintf(path, sizeof path, "%s/" RUN_CHECKPOINT, run->settings->store);
    const int len = snprintf(note, sizeof note, "%s\n%s", text, line);
    return len > 0 && esep_file_replace(path, 0666, ESEP_REPLACE_UNSYNCED, note, (size_t)len);
}

esep_time run_checkpoint_publish(struct run *run)
{
    struct esep_growth head;
    collector_checkpoint(run->core, &head);
    if (head.size == run->published_size && head.generation == run->published_generation)
        return ESEP_TIME_NEVER;
    const int64_t since = esep_monotonic() - run->published_at;
    if (run->published_at != 0 && since < EVERY)
        return EVERY - since;
    if (!publish(run, &head))
        esep_log(ESEP_LOG_WARNING, "checkpoint-unwritten", "%s: %s: readers see an older one",
                 run->settings->store, strerror(errno));
    run->published_at = esep_monotonic();
    run->published_size = head.size;
    run->published_generation = head.generation;
    return ESEP_TIME_NEVER;
}
