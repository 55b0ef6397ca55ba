/* collector/state_file.c - what the committed rows know of a file; see state.h. */
#include "collector/state.h"

struct found {
    bool row;
    bool sound;
    struct views_evidence evidence;
};

static bool take_row(void *context, struct esep_slice key, struct esep_slice value)
{
    struct found *found = context;
    found->row = key.len == VIEWS_FILE_KEY_BYTES;
    found->sound = key.data[0] == VIEWS_TABLE_EVIDENCE
                       ? views_evidence_read(value, &found->evidence)
                       : value.len == 8;
    return false;
}

static enum esep_status find(struct collector_log *log, char table, const struct views_file *file,
                             struct found *ret)
{
    uint8_t key[VIEWS_FILE_KEY_BYTES];
    views_file_key(table, file, key);
    *ret = (struct found){0};
    enum esep_status status =
        log->ops->rows(log, esep_slice(key, sizeof key), esep_slice(NULL, 0), take_row, ret, NULL);
    return status == ESEP_OK && ret->row && !ret->sound ? ESEP_CORRUPT : status;
}

enum esep_status collector_state_file(void *context, const struct views_file *file,
                                      struct collector_file_known *ret)
{
    struct collector_log *log = context;
    struct found found;
    enum esep_status status = find(log, VIEWS_TABLE_EVIDENCE, file, &found);
    if (status != ESEP_OK)
        return status;
    ret->here = found.row;
    ret->evidence = found.evidence;
    status = find(log, VIEWS_TABLE_NAMED, file, &found);
    ret->named = found.row;
    return status;
}
