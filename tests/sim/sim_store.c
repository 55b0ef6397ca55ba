/* tests/sim/sim_store.c - what an office stores, held against the log at the instant it does: the
 * hours on its receipts, every item of its mail, and what WELCOME said was held; see sim.h.
 *
 * A collector that came back from a backup gives numbers and places anew, and what was under way
 * then still speaks of the old ones: from there on only sim_truth.c's checks hold.
 */
#include "sim.h"

#define LOG(name) ESEP__V1__LOG_TYPE__LOG_TYPE_##name

static struct esep_leaf leaf_at(struct sim *sim, uint64_t index)
{
    struct esep_leaf leaf;
    const struct sim_disk *disk = &sim->collector.disk;
    if (index >= disk->count ||
        esep_leaf_unpack(esep_slice(disk->records[index].leaf, ESEP_LEAF_BYTES), &leaf) != ESEP_OK)
        sim_fail(sim, "a receipt speaks of log entry %llu; there are %zu",
                 (unsigned long long)index, disk->count);
    return leaf;
}

/* The promise that covers the receipt's first entry, and was in the log before it; false: none. */
static bool promised(struct sim *sim, const struct esep_receipt *r, uint64_t *ret_index)
{
    for (uint64_t i = 0; i < r->first_index; i++) {
        const struct esep_leaf leaf = leaf_at(sim, i);
        *ret_index = i;
        if (leaf.type == LOG(COMMITMENT) && (leaf.flags & ESEP_LEAF_CLOSES) == 0 &&
            leaf.office == r->office && leaf.epoch == r->epoch && leaf.seq >= r->first_seq)
            return true;
    }
    return false;
}

/* Made from the log, by a core that began after all of it, over more than one closed group: the
 * views of then know the promise of the last group alone (docs/adr/0027). */
static bool made_anew(struct sim *sim, const struct esep_receipt *r)
{
    if (r->last_index >= sim->collector.began_with)
        return false;
    for (uint64_t i = r->first_index; i < r->last_index; i++) {
        const struct esep_leaf leaf = leaf_at(sim, i);
        if (leaf.type == LOG(COMMITMENT) && (leaf.flags & ESEP_LEAF_CLOSES) != 0 &&
            leaf.office == r->office && leaf.epoch == r->epoch)
            return true;
    }
    return false;
}

static bool has_receipt(const struct sim_office *o, uint64_t index)
{
    const struct sim_journal *j = &o->journal;
    for (size_t i = j->receipt_count; i-- > 0;)
        if (j->receipts[i].kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_COMMITMENT &&
            j->receipts[i].last_index == index)
            return true;
    return false;
}

/* What it says stands in the log: in the leaf that it rests on. And where an earlier promise covers
 * its first entry the office has that one's receipt as well, though the first may have been lost.
 */
static void check_hours(struct sim *sim, const struct sim_office *o, const struct esep_receipt *r)
{
    const bool entries = r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES;
    const struct esep_leaf leaf = leaf_at(sim, r->last_index + entries);
    uint64_t promise = 0;
    if (leaf.type != LOG(COMMITMENT) || leaf.office != r->office || leaf.epoch != r->epoch ||
        leaf.seq != r->through_seq || leaf.accepted_at != r->accepted_at ||
        (leaf.flags & ESEP_LEAF_CLOSES) != (entries ? ESEP_LEAF_CLOSES : 0) ||
        !esep_hash_equal(&leaf.head, &r->head))
        sim_fail(sim, "%s holds a receipt through %u/%llu that entry %llu of the log is not",
                 o->node.name, r->epoch, (unsigned long long)r->through_seq,
                 (unsigned long long)(r->last_index + entries));
    if (entries && o->restores == 0 && !o->cloned && promised(sim, r, &promise) &&
        !has_receipt(o, promise) && !made_anew(sim, r))
        sim_fail(sim, "%s holds a receipt for %u/%llu, and none of the promise at %llu",
                 o->node.name, r->epoch, (unsigned long long)r->first_seq,
                 (unsigned long long)promise);
}

/* What was logged: a bit of it may have flipped since, with the good mail under way (sim_rot.c). */
static struct esep_slice logged(const struct sim_collector *c, uint64_t index)
{
    struct esep_slice body = c->disk.records[index].body;
    return c->rotten.data != NULL && body.data == c->rotten.data ? c->good : body;
}

/* An item is the entry that stands under this number of this office's mailbox, byte for byte. */
static void check_mail(struct sim *sim, const struct sim_office *o, const struct agent_mail *mail)
{
    const struct sim_disk *disk = &sim->collector.disk;
    uint8_t key[13] = {'M'};
    esep_be32_put(key + 1, o->number);
    esep_be64_put(key + 5, mail->number);
    struct esep_slice row = sim_table_get(&disk->table, esep_slice(key, sizeof key));
    if (row.len != 8 || esep_be64(row.data) != mail->log_index)
        sim_fail(sim, "%s stores mail %llu, entry %llu: its mailbox has another one there",
                 o->node.name, (unsigned long long)mail->number,
                 (unsigned long long)mail->log_index);
    const struct esep_leaf leaf = leaf_at(sim, mail->log_index);
    if (!esep_slice_equal(logged(&sim->collector, mail->log_index), mail->bytes) ||
        leaf.type != (Esep__V1__LogType)mail->type || leaf.accepted_at != mail->accepted_at)
        sim_fail(sim, "%s stores mail %llu with other bytes than entry %llu has", o->node.name,
                 (unsigned long long)mail->number, (unsigned long long)mail->log_index);
}

static void check_view(struct sim *sim, int office, const struct agent_view *view)
{
    const struct sim_office *o = &sim->offices[office];
    if (view->epoch >= SIM_EPOCHS)
        sim_fail(sim, "%s was told of epoch %u", o->node.name, view->epoch);
    const struct sim_chain *chain = &sim->truth.chains[sim_identity(sim, office)][view->epoch];
    if (view->checkpoint_size > o->heard_durable || view->seq > chain->count ||
        (view->seq > 0 && !esep_hash_equal(&chain->hashes[view->seq], &view->head)))
        sim_fail(sim, "%s was told that %u/%llu is held; the disk has %llu", o->node.name,
                 view->epoch, (unsigned long long)view->seq, (unsigned long long)chain->count);
}

void sim_truth_store(struct sim *sim, int office, const struct agent_store *store)
{
    const struct sim_office *o = &sim->offices[office];
    if (sim->collector.restores > 0)
        return;
    for (size_t i = 0; i < store->receipt_count; i++)
        check_hours(sim, o, &store->receipts[i]);
    for (size_t i = 0; i < store->mail_count; i++)
        check_mail(sim, o, &store->mails[i]);
    if (store->view != NULL)
        check_view(sim, office, store->view);
}

/* A disk that was never put back, and a collector's that was not: one chain, and nothing to settle.
 */
void sim_truth_stopped(struct sim *sim, int office, const struct agent_status *s)
{
    const struct sim_office *o = &sim->offices[office];
    if (o->restores == 0 && !o->cloned && sim->collector.restores == 0)
        sim_fail(sim, "%s is told to recover, and nothing was ever restored: %s", o->node.name,
                 s->text);
}

void sim_truth_marks(struct sim *sim, int office)
{
    const struct sim_office *o = &sim->offices[office];
    const struct agent_journal *marks = &o->journal.marks;
    struct agent_status s;
    agent_status_get(o->core, &s);
    if (s.epoch == o->journal.epoch &&
        (s.receipted_seq > marks->receipted_seq || s.promised_seq > marks->promised_seq ||
         s.mail_through > marks->mail_through))
        sim_fail(
            sim, "%s counts receipts through %llu, mail through %llu; its journal holds %llu, %llu",
            o->node.name, (unsigned long long)s.receipted_seq, (unsigned long long)s.mail_through,
            (unsigned long long)marks->receipted_seq, (unsigned long long)marks->mail_through);
}
