/* tests/sim/sim_keep.c - what an office lets go of, epoch by epoch: as agent/journal_keep.c.
 *
 * The oldest entry goes first and the first one that must stay keeps all behind it. Older epochs go
 * by the age of their receipts and of each entry; the present one is sim_journal_prune's.
 */
#include "sim_real.h"

/* The first older epoch with a receipt that is not old, or not under the checkpoint; 0: none. */
static uint32_t young_epoch(const struct sim_journal *j, esep_time before)
{
    uint32_t young = 0;
    for (size_t i = 0; i < j->receipt_count; i++) {
        const struct esep_receipt *r = &j->receipts[i];
        bool old = r->last_index < j->marks.checkpoint_size && r->accepted_at < before;
        if (r->kind == ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES && r->epoch < j->epoch &&
            !old && (young == 0 || r->epoch < young))
            young = r->epoch;
    }
    return young;
}

bool sim_keep_holds(const struct sim_journal *journal, uint32_t epoch, uint64_t seq)
{
    return journal->seen_at == 0 || epoch < journal->seen_epoch ||
           (epoch == journal->seen_epoch && seq <= journal->seen_seq);
}

/* false: one of them must stay. */
static bool older_go(struct sim *sim, struct sim_journal *j, esep_time before)
{
    uint32_t young = young_epoch(j, before);
    for (uint32_t epoch = 1; epoch < j->epoch; epoch++) {
        struct sim_epoch *e = &j->epochs[epoch];
        for (; e->gone < e->last; e->gone++) {
            if ((young != 0 && epoch >= young) || !sim_keep_holds(j, epoch, e->gone + 1) ||
                e->entries[e->gone + 1].written >= before)
                return false;
            sim_count(sim, SIM_TALLY_PRUNED_OLDER);
        }
    }
    return true;
}

uint64_t sim_keep_prune(struct sim *sim, int office, esep_time before)
{
    bool on = older_go(sim, &sim->offices[office].journal, before);
    return on || sim_real != NULL ? sim_journal_prune(sim, office, before) : 0;
}

void sim_keep_leave(struct sim_journal *journal)
{
    journal->epochs[journal->epoch].gone = journal->marks.oldest_seq - 1;
}
