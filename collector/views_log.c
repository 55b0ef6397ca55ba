/* collector/views_log.c - what the log says of itself: its beginning, its keys, its generations. */
#include "collector/views_state.h"

/* A key that is none is nobody's: whoever begins to write there looks (collector_keys.h). */
enum esep_status views_apply_genesis(struct views *v, const struct views_entry *entry)
{
    static const uint8_t none[ESEP_KEY_BYTES];
    const ProtobufCMessage *message = NULL;
    if (entry->index != 0)
        return esep_because(entry->reason, ESEP_CORRUPT, "GENESIS at log index %llu",
                            (unsigned long long)entry->index);
    const enum esep_status status =
        views_message(v, entry, &esep__v1__genesis__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__Genesis *genesis = (const Esep__V1__Genesis *)message;
    const bool named = genesis->log_key.len == ESEP_KEY_BYTES;
    esep_log_keys_begin(&v->log_keys, named ? genesis->log_key.data : none);
    views_put_log_keys(v);
    return ESEP_OK;
}

/* It begins at its own entry; or, where a restored log says again what its signer knows, in the
 * generation that it was logged in first. */
enum esep_status views_apply_log_key(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    struct esep_log_key key;
    uint8_t old[ESEP_KEY_BYTES];
    enum esep_status status = views_message(v, entry, &esep__v1__log_key__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    status = esep_log_key_read((const Esep__V1__LogKey *)message, old, &key);
    const bool here = key.generation == v->generation.number
                          ? key.size == entry->index + 1
                          : key.generation < v->generation.number;
    if (status == ESEP_OK)
        status = here ? esep_log_keys_push(&v->log_keys, old, &key) : ESEP_INVALID;
    if (status != ESEP_OK)
        return esep_because(entry->reason, status,
                            "log index %llu: a key of the log that does not follow the one before",
                            (unsigned long long)entry->index);
    views_put_log_keys(v);
    return ESEP_OK;
}

enum esep_status views_apply_generation(struct views *v, const struct views_entry *entry)
{
    const ProtobufCMessage *message = NULL;
    const enum esep_status status =
        views_message(v, entry, &esep__v1__generation__descriptor, &message);
    if (status != ESEP_OK)
        return status;
    const Esep__V1__Generation *generation = (const Esep__V1__Generation *)message;
    if (generation->number <= v->generation.number ||
        generation->previous != v->generation.number || generation->begins != entry->index)
        return esep_because(entry->reason, ESEP_CORRUPT,
                            "log index %llu: a generation that does not follow the one before",
                            (unsigned long long)entry->index);
    v->generation = (struct views_generation){.number = generation->number,
                                              .previous = generation->previous,
                                              .begins = generation->begins};
    views_put_generation(v);
    return ESEP_OK;
}
