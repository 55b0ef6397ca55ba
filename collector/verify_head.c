/* collector/verify_head.c - the signed head beside the store, held against the log; see verify.h.
 */
#include "collector/run.h"
#include "collector/verify.h"

#include <errno.h>
#include <stdio.h>

/* By a key whose time it is; a line that a key has and that does not verify condemns it. */
static bool is_signed(const struct esep_note *note, const struct esep_checkpoint *head,
                      uint64_t generation, const struct esep_log_keys *keys)
{
    const uint8_t *may[2];
    const unsigned count = esep_log_keys_at(keys, generation, head->size, may);
    bool good = false;
    for (unsigned i = 0; i < count; i++) {
        struct esep_note_key key;
        good = good ||
               (esep_note_key(&key, head->origin, ESEP_NOTE_ED25519, may[i], NULL) == ESEP_OK &&
                esep_note_verify(note, &key, NULL, NULL) == ESEP_OK);
    }
    return good;
}

enum esep_status collector_verify_head(const char *store, struct collector_log *log,
                                       const struct collector_verdict *verdict,
                                       struct esep_reason *reason)
{
    static char bytes[ESEP_NOTE_BYTES_MAX];
    char path[512];
    char origin[ESEP_ORIGIN_MAX + 1];
    struct esep_log_keys keys;
    struct esep_checkpoint head;
    struct esep_note note;
    (void)snprintf(path, sizeof path, "%s/" RUN_CHECKPOINT, store);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return errno == ENOENT ? ESEP_OK
                               : esep_because(reason, ESEP_IO, "cannot read %.200s", path);
    const size_t len = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    /* It is not synced: a power cut may leave it empty, and ingest's start lays another. */
    if (esep_note_parse(esep_slice(bytes, len), &note, NULL) != ESEP_OK ||
        esep_checkpoint_parse(note.text, &head, NULL) != ESEP_OK)
        return ESEP_OK;
    esep_log_origin(&log->log_id, log->generation, origin);
    if (strcmp(origin, head.origin) != 0) /* of before the log was put back */
        return ESEP_OK;
    const enum esep_status status = collector_state_log_keys(log, &keys, reason);
    if (status != ESEP_OK)
        return status;
    if (!is_signed(&note, &head, log->generation, &keys))
        return esep_because(reason, ESEP_CORRUPT,
                            "%.200s, a head of %llu entries, is not signed by the log's key of "
                            "its time",
                            path, (unsigned long long)head.size);
    return head.size != verdict->entries || esep_hash_equal(&head.root, &verdict->root)
               ? ESEP_OK
               : esep_because(reason, ESEP_CORRUPT,
                              "%.200s is a signed head of as many entries, and of another log",
                              path);
}
