/* collector/attachments.c - see attachments.h. */
#include "collector/attachments.h"

static enum esep_status is_here(struct collector_log *log, uint32_t office,
                                const Esep__V1__AttachmentRef *ref, bool *ret)
{
    struct views_file file = {.office = office, .size_bytes = ref->size_bytes};
    struct collector_file_known known = {.here = false};
    *ret = false;
    if (ref->sha256.len != ESEP_HASH_BYTES)
        return ESEP_OK;
    memcpy(file.sha256.bytes, ref->sha256.data, ESEP_HASH_BYTES);
    const enum esep_status status = collector_state_file(log, &file, &known);
    *ret = status == ESEP_OK && known.here;
    return status;
}

enum esep_status collector_attachments_say(struct collector_log *log, uint32_t office,
                                           const Esep__V1__Report *report, json_t *value)
{
    json_t *list = json_object_get(value, "attachments");
    enum esep_status status = ESEP_OK;
    for (size_t i = 0; status == ESEP_OK && i < report->n_attachments; i++) {
        bool here = false;
        status = is_here(log, office, report->attachments[i], &here);
        if (status == ESEP_OK &&
            json_object_set_new(json_array_get(list, i), "complete", json_boolean(here)) != 0)
            status = ESEP_NOMEM;
    }
    return status;
}
