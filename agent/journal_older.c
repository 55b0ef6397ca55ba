/* agent/journal_older.c - older epochs: what was receipted there, and a core's start over one.
 *
 * A collector that came back from a backup may lack entries of an epoch that this office has left
 * behind. They are here until they are pruned, and their receipts say which they were. What no
 * receipt covered was queued again in the next epoch, so it is no part of the older one any more.
 */
#include "agent/journal_internal.h"

struct older {
    uint32_t present;
    uint32_t after_epoch; /* more than through here is looked for */
    uint64_t after_seq;
    uint32_t first_epoch; /* 0: none */
    uint64_t first_through;
    uint32_t last_epoch;
    uint64_t last_through;
};

/* Receipts come by epoch and sequence. */
static bool look(void *context, const struct esep_receipt *r)
{
    struct older *o = context;
    if (r->epoch >= o->present)
        return false;
    if (r->kind != ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES)
        return true;
    o->last_epoch = r->epoch;
    o->last_through = r->through_seq;
    bool more =
        r->epoch > o->after_epoch || (r->epoch == o->after_epoch && r->through_seq > o->after_seq);
    if (more && (o->first_epoch == 0 || o->first_epoch == r->epoch)) {
        o->first_epoch = r->epoch;
        o->first_through = r->through_seq;
    }
    return true;
}

enum esep_status journal_older(struct journal *journal, uint32_t epoch, uint64_t seq,
                               uint32_t *ret_epoch, uint64_t *ret_through,
                               struct esep_reason *reason)
{
    struct agent_head head;
    struct older o = {.after_epoch = epoch, .after_seq = seq};
    enum esep_status status = journal_head(journal, &head, reason);
    if (status != ESEP_OK)
        return status;
    o.present = head.epoch;
    status = journal_receipts(journal, look, &o, reason);
    if (status != ESEP_OK)
        return status;
    if (o.first_epoch == 0)
        return esep_because(reason, ESEP_NOT_FOUND, "nothing more of an older epoch was receipted");
    *ret_epoch = o.first_epoch;
    *ret_through = o.first_through;
    return ESEP_OK;
}

enum esep_status journal_newest_older(struct journal *journal, struct agent_journal *loaded,
                                      struct esep_reason *reason)
{
    struct older o = {.present = loaded->epoch};
    enum esep_status status = ESEP_OK;
    if (loaded->epoch > 1)
        status = journal_receipts(journal, look, &o, reason);
    loaded->older_epoch = o.last_epoch;
    loaded->older_seq = o.last_through;
    return status;
}

static bool first_entry(void *context, const struct agent_entry *entry)
{
    *(uint64_t *)context = entry->seq;
    return false;
}

enum esep_status journal_load_older(struct journal *journal, uint32_t epoch, uint64_t through,
                                    struct agent_journal *ret, struct esep_reason *reason)
{
    struct agent_journal loaded;
    struct journal_identity identity;
    struct agent_head start;
    struct esep_hash last;
    uint64_t oldest = 0;
    struct esep_buf bytes;
    esep_buf_init(&bytes, 16u << 20);
    enum esep_status status = journal_load(journal, &loaded, reason);
    if (status == ESEP_OK)
        status = journal_identity(journal, &identity, reason);
    if (status == ESEP_OK)
        status = journal_entries(journal, epoch, 1, first_entry, &oldest, reason);
    if (status == ESEP_OK)
        status = journal_entry(journal, epoch, through, &last, &bytes, reason);
    esep_buf_done(&bytes);
    if (status != ESEP_OK)
        return status;
    agent_head_start(&start, &identity.log_id, identity.office, epoch, identity.sign_public);
    *ret = (struct agent_journal){
        .epoch = epoch,
        .last_seq = through,
        .head = last,
        .oldest_seq = oldest,
        .base = start.hash,
        .receipted_seq = through,
        .promised_seq = through,
        .mail_through = loaded.mail_through,
        .checkpoint_size = loaded.checkpoint_size,
        .checkpoint_root = loaded.checkpoint_root,
        .tree = loaded.tree,
        .log_keys = loaded.log_keys,
    };
    return journal_newest_older(journal, ret, reason);
}
