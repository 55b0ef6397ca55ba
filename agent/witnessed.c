/* agent/witnessed.c - see witnessed.h. */
#include "agent/witnessed.h"

struct asked {
    const struct agent_desk *desk;
    size_t known;
    int64_t time_s;
};

static enum journal_worth worth(void *context, const struct agent_cosigned *head)
{
    struct asked *asked = context;
    const struct agent_settings *s = asked->desk->settings;
    char text[ESEP_CHECKPOINT_TEXT_MAX];
    const size_t len = esep_growth_text(&asked->desk->identity.log_id, head->checkpoint.generation,
                                        head->checkpoint.size, &head->checkpoint.root, text);
    const struct esep_note note = {esep_slice(text, len), esep_slice(head->lines, head->len)};
    asked->known = 0;
    asked->time_s = 0;
    for (uint32_t i = 0; i < s->witness_count; i++) {
        int64_t time_s = 0;
        const enum esep_status status = esep_note_verify(&note, &s->witnesses[i], &time_s, NULL);
        if (status == ESEP_INVALID)
            return JOURNAL_WORTH_NOTHING; /* whoever knows this witness would refuse the note */
        if (status == ESEP_OK && (asked->known++ == 0 || time_s < asked->time_s))
            asked->time_s = time_s;
    }
    return asked->known > 0 ? JOURNAL_WORTH_ALL : JOURNAL_WORTH_SOME;
}

enum esep_status agent_witnessed(struct agent_desk *desk, uint64_t generation, uint64_t index,
                                 struct agent_witnessed *ret, struct esep_reason *reason)
{
    struct asked asked = {.desk = desk};
    *ret = (struct agent_witnessed){.known = 0};
    const enum esep_status status =
        journal_cosigned(&desk->journal, generation, index, worth, &asked, &ret->head, reason);
    if (status == ESEP_OK && worth(&asked, &ret->head) == JOURNAL_WORTH_ALL) {
        ret->known = asked.known;
        ret->time_s = asked.time_s;
    }
    return status;
}

enum esep_status agent_witnessed_receipt(struct agent_desk *desk,
                                         const struct esep_receipt *receipt,
                                         struct agent_witnessed *ret, struct esep_reason *reason)
{
    struct agent_proof proof;
    const enum esep_status status = journal_proof(&desk->journal, receipt, &proof, reason);
    return status == ESEP_OK ? agent_witnessed(desk, proof.generation, proof.index, ret, reason)
                             : status;
}

esep_time agent_witnessed_at(struct agent_desk *desk, const struct esep_receipt *receipt)
{
    struct agent_witnessed witnessed;
    return agent_witnessed_receipt(desk, receipt, &witnessed, NULL) == ESEP_OK
               ? witnessed.time_s * ESEP_SECOND
               : 0;
}
