/* collector/witness/witness.c - see witness.h. The order of the checks is the specification's. */
#include "collector/witness/witness.h"

#include <inttypes.h>

struct witness_head witness_head_none(void)
{
    return (struct witness_head){.root = esep_sha256(esep_slice(NULL, 0))};
}

const struct witness_log *witness_log_find(const struct witness_log *logs, size_t count,
                                           const char *origin)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(logs[i].origin, origin) == 0)
            return &logs[i];
    return NULL;
}

/* One key that signed is enough: while a log changes its key, the other is not there. */
static bool is_signed(const struct witness_log *log, const struct esep_note *note)
{
    for (size_t i = 0; i < log->key_count; i++)
        if (esep_note_verify(note, &log->keys[i], NULL, NULL) == ESEP_OK)
            return true;
    return false;
}

static struct witness_verdict refuse(enum witness_answer answer)
{
    return (struct witness_verdict){.answer = answer};
}

struct witness_verdict witness_judge(const struct witness_log *log, const struct esep_note_key *own,
                                     const struct esep_add_checkpoint *request,
                                     const struct witness_head *head, int64_t clock_s,
                                     int64_t last_time_s, struct esep_reason *reason)
{
    const struct esep_checkpoint *to = &request->checkpoint;
    ESEP_ASSERT(strcmp(log->origin, to->origin) == 0);
    if (!is_signed(log, &request->note)) {
        (void)esep_because(reason, ESEP_DENIED, "no key of '%s' has signed this", log->origin);
        return refuse(WITNESS_NOT_SIGNED);
    }
    const bool differs = to->size == head->size && !esep_hash_equal(&to->root, &head->root);
    if ((to->size > head->size || differs) &&
        esep_note_verify(&request->note, own, NULL, NULL) == ESEP_OK) {
        (void)esep_because(reason, ESEP_CORRUPT,
                           "we have signed a head of %" PRIu64
                           " entries of '%s' and remember only %" PRIu64,
                           to->size, log->origin, head->size);
        return refuse(WITNESS_WENT_BACK);
    }
    if (request->old_size > to->size) {
        (void)esep_because(reason, ESEP_INVALID,
                           "the old size, %" PRIu64 ", is above the checkpoint's, %" PRIu64,
                           request->old_size, to->size);
        return refuse(WITNESS_MALFORMED);
    }
    if (differs || request->old_size != head->size) {
        (void)esep_because(reason, ESEP_CONFLICT,
                           differs ? "'%s' signed another root of %" PRIu64 " entries before"
                                   : "of '%s' %" PRIu64 " entries were seen last",
                           log->origin, head->size);
        return (struct witness_verdict){.answer = WITNESS_CONFLICT, .fork = differs};
    }
    if (!esep_merkle_consistency_verify(head->size, &head->root, to->size, &to->root,
                                        &request->proof)) {
        (void)esep_because(reason, ESEP_INVALID,
                           "the proof does not show that %" PRIu64
                           " entries begin with the %" PRIu64 " before",
                           to->size, head->size);
        return refuse(WITNESS_UNPROVEN);
    }
    if (clock_s < 0 || last_time_s > clock_s + WITNESS_CLOCK_BACK_MAX_S) {
        (void)esep_because(reason, ESEP_AGAIN,
                           "the clock of this witness stands %" PRId64 " s behind what it signed",
                           last_time_s - clock_s);
        return refuse(WITNESS_CLOCK_BACK);
    }
    return (struct witness_verdict){
        .answer = WITNESS_COSIGN,
        .next = {.size = to->size,
                 .root = to->root,
                 .time_s = clock_s > last_time_s ? clock_s : last_time_s}};
}
