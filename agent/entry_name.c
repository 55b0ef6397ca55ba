/* agent/entry_name.c - see entry_name.h. */
#include "agent/entry_name.h"

#include <errno.h>
#include <stdlib.h>

#define SEQ_WORD "seq:"

enum kind { KIND_NONE = 0, KIND_OWN, KIND_LOG, KIND_HASH };
struct name {
    enum kind kind;
    uint32_t epoch; /* OWN; 0: the present one */
    uint64_t number;
    struct esep_hash hash;
};

/* A number of digits alone up to `end`; 0 is none. */
static bool take_number(const char *text, char end, const char **ret_rest, uint64_t *ret)
{
    char *rest = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &rest, 10);
    if (text[0] < '0' || text[0] > '9' || *rest != end || errno != 0)
        return false;
    *ret = value;
    *ret_rest = rest;
    return true;
}

/* "1/4", or "seq:4" of the present epoch. */
static bool take_own(const char *text, struct name *ret)
{
    const char *rest = text;
    uint64_t epoch = 0;
    if (strncmp(text, SEQ_WORD, strlen(SEQ_WORD)) == 0)
        rest = text + strlen(SEQ_WORD);
    else if (take_number(text, '/', &rest, &epoch) && epoch > 0 && epoch <= UINT32_MAX)
        rest++;
    else
        return false;
    ret->epoch = (uint32_t)epoch;
    return take_number(rest, 0, &rest, &ret->number) && ret->number > 0;
}

static struct name parse(const char *text)
{
    struct name name = {0};
    const char *rest = text;
    if (strlen(text) == 2 * (size_t)ESEP_HASH_BYTES &&
        esep_unhex(text, name.hash.bytes, ESEP_HASH_BYTES) == ESEP_OK)
        name.kind = KIND_HASH;
    else if (take_own(text, &name))
        name.kind = KIND_OWN;
    else if (take_number(text, 0, &rest, &name.number))
        name.kind = KIND_LOG;
    return name;
}

enum esep_status agent_entry_name_check(const char *text, struct esep_reason *reason)
{
    if (parse(text).kind != KIND_NONE)
        return ESEP_OK;
    return esep_because(reason, ESEP_INVALID,
                        "'%.70s' names no entry: write EPOCH/NUMBER or seq:NUMBER of an own entry, "
                        "the number of a log entry, or a content hash (64 hex digits)",
                        text);
}

static bool is_meant(const struct name *name, const struct agent_known *known,
                     const struct agent_head *head)
{
    const uint32_t epoch = name->epoch != 0 ? name->epoch : head->epoch;
    switch (name->kind) {
    case KIND_OWN:
        return known->seq == name->number && known->epoch == epoch;
    case KIND_LOG:
        return known->log_index == name->number && known->in_log;
    case KIND_HASH:
        return esep_hash_equal(&known->hash, &name->hash);
    default:
        return false;
    }
}

static const char *obligation_of(const struct agent_duties *d, const struct agent_known *known)
{
    return known->duty > 0 ? d->duties[known->duty - 1].made.key : known->obligation;
}

static enum esep_status missing(const struct name *name, const char *text, struct esep_hash *ret,
                                struct esep_reason *reason)
{
    if (name->kind == KIND_HASH) {
        *ret = name->hash; /* said in full: it may be another office's, told by telephone */
        return ESEP_OK;
    }
    if (name->kind == KIND_OWN)
        return esep_because(reason, ESEP_NOT_FOUND,
                            "%.70s: this journal holds no report of that number (any more)", text);
    return esep_because(reason, ESEP_NOT_FOUND,
                        "%.70s: no receipt and no mail here speaks of a report that is this log "
                        "entry; ask the commission for its content hash and write that",
                        text);
}

enum esep_status agent_entry_find(const struct agent_duties *d, const char *text,
                                  const char *obligation, struct esep_hash *ret,
                                  struct esep_reason *reason)
{
    const struct agent_known *found = NULL;
    const struct name name = parse(text);
    if (name.kind == KIND_NONE)
        return agent_entry_name_check(text, reason);
    for (size_t i = 0; i < d->known_count; i++) {
        const struct agent_known *known = &d->known[i];
        if (!is_meant(&name, known, &d->head) ||
            (found != NULL && esep_hash_equal(&found->hash, &known->hash)))
            continue;
        if (found != NULL)
            return esep_because(reason, ESEP_CONFLICT,
                                "%.70s means two entries here, since the log came back from a "
                                "backup: name the right one by EPOCH/NUMBER or its content hash",
                                text);
        found = known;
    }
    if (found == NULL)
        return missing(&name, text, ret, reason);
    if (obligation != NULL && strcmp(obligation_of(d, found), obligation) != 0)
        return esep_because(reason, ESEP_INVALID, "%.70s is a report on %.100s, not on %.100s",
                            text, obligation_of(d, found), obligation);
    *ret = found->hash;
    return ESEP_OK;
}
