/* tests/sim/sim_journal.c - an office's journal in memory, as agent/journal.c keeps it; see sim.h.
 *
 * Every call is one transaction that is on the disk when it returns. Entries' bytes are never
 * freed, so that a backup is a copy of the arrays.
 */
#include "sim_real.h"
#include "sim_witness.h"

#include <stdlib.h>

void sim_journal_start(struct sim *sim, int office)
{
    const struct sim_office *o = &sim->offices[office];
    struct sim_journal *j = &sim->offices[office].journal;
    struct agent_head head;
    agent_head_start(&head, &sim->log_id, o->number, 1, o->sign.public);
    j->epoch = j->marks.epoch = 1;
    j->marks.oldest_seq = 1;
    j->marks.base = j->marks.head = head.hash;
    if (sim_real != NULL)
        sim_real->journal_start(sim, office);
}

void sim_journal_done(struct sim_journal *j)
{
    for (size_t i = 0; i < SIM_EPOCHS; i++)
        free(j->epochs[i].entries);
    free(j->receipts);
    memset(j, 0, sizeof *j);
}

void sim_journal_copy(struct sim_journal *to, const struct sim_journal *from)
{
    sim_journal_done(to);
    *to = *from;
    for (size_t i = 0; i < SIM_EPOCHS; i++) {
        const struct sim_epoch *e = &from->epochs[i];
        if (e->entries == NULL)
            continue;
        to->epochs[i].entries = malloc(e->cap * sizeof *e->entries);
        if (to->epochs[i].entries == NULL)
            abort();
        memcpy(to->epochs[i].entries, e->entries, (size_t)(e->last + 1) * sizeof *e->entries);
    }
    to->receipt_cap = from->receipt_count + 16;
    to->receipts = malloc(to->receipt_cap * sizeof *to->receipts);
    if (to->receipts == NULL)
        abort();
    if (from->receipt_count > 0)
        memcpy(to->receipts, from->receipts, from->receipt_count * sizeof *from->receipts);
    if (sim_real != NULL)
        sim_real->journal_copy(to, from);
}

void sim_journal_append(struct sim *sim, int office, struct esep_slice bytes, int key)
{
    struct sim_office *o = &sim->offices[office];
    struct sim_journal *j = &o->journal;
    struct sim_epoch *e = &j->epochs[j->epoch];
    struct agent_head head = {
        .office = o->number, .epoch = j->epoch, .seq = j->marks.last_seq, .hash = j->marks.head};
    if (e->last + 2 > e->cap) {
        e->cap = e->cap * 2 + 32;
        e->entries = realloc(e->entries, e->cap * sizeof *e->entries);
        if (e->entries == NULL)
            abort();
        if (e->last == 0)
            memset(&e->entries[0], 0, sizeof e->entries[0]);
    }
    agent_head_step(&head, bytes);
    e->entries[++e->last] = (struct sim_entry){
        .entry = {.seq = head.seq, .chain = head.hash, .bytes = sim_keep(sim, bytes)},
        .name = esep_content_hash(bytes),
        .key = key,
        .written = sim_wall(sim, &o->node)};
    j->marks.last_seq = head.seq;
    j->marks.head = head.hash;
    sim_truth_written(sim, sim_identity(sim, office), j->epoch, &e->entries[e->last]);
}

/* The journal's own keep the newest, too (journal_proofs.c). */
static void keep_proven(struct agent_journal *marks, const struct agent_proof *proof)
{
    if (proof->generation < marks->proven_generation ||
        (proof->generation == marks->proven_generation && proof->index < marks->proven_size))
        return;
    marks->proven_generation = proof->generation;
    marks->proven_size = proof->index + 1;
}

void sim_journal_store(struct sim *sim, int office, uint32_t epoch, const struct agent_store *s)
{
    struct sim_journal *j = &sim->offices[office].journal;
    for (size_t i = 0; i < s->receipt_count; i++) {
        if (j->receipt_count == j->receipt_cap) {
            j->receipt_cap = j->receipt_cap * 2 + 16;
            j->receipts = realloc(j->receipts, j->receipt_cap * sizeof *j->receipts);
            if (j->receipts == NULL)
                abort();
        }
        j->receipts[j->receipt_count++] = s->receipts[i];
        sim_truth_receipt(sim, office, &s->receipts[i]);
        sim_truth_proof(sim, office, &s->proofs[i]);
        keep_proven(&j->marks, &s->proofs[i]);
    }
    for (size_t i = 0; i < s->evidence_count; i++)
        keep_proven(&j->marks, &s->evidence_proofs[i]);
    if (s->cosigned != NULL) {
        sim_truth_cosigned(sim, office, s->cosigned);
        j->marks.cosigned_generation = s->cosigned->checkpoint.generation;
        j->marks.cosigned_size = s->cosigned->checkpoint.size;
    }
    sim_truth_store(sim, office, s);
    sim_files_stored(sim, office, s);
    uint64_t *stored = &sim->truth.mail_stored[sim_identity(sim, office)];
    if (s->mail_through > *stored)
        *stored = s->mail_through;
    j->marks.mail_through = s->mail_through;
    if (s->checkpoint_size > 0) {
        j->marks.checkpoint_size = s->checkpoint_size;
        j->marks.checkpoint_root = s->checkpoint_root;
    }
    if (s->tree != NULL)
        j->marks.tree = *s->tree;
    if (s->log_keys != NULL)
        j->marks.log_keys = *s->log_keys;
    if (s->ingress != NULL)
        sim_ingress_stored(sim, office, s->ingress);
    if (j->epoch == epoch) {
        j->marks.receipted_seq = s->receipted_seq;
        j->marks.promised_seq = s->promised_seq;
        if (s->ingress != NULL && s->ingress->seq > j->marks.noted_seq)
            j->marks.noted_seq = s->ingress->seq;
    }
    if (s->view != NULL) {
        j->seen_epoch = s->view->epoch;
        j->seen_seq = s->view->seq;
        j->seen_at = s->view->server_time;
    }
}

/* As journal_recover: the same bytes under new numbers, where no receipt covers them. */
void sim_journal_recover(struct sim *sim, int office, uint32_t collector_epoch)
{
    struct sim_office *o = &sim->offices[office];
    struct sim_journal *j = &o->journal;
    const struct sim_epoch *old = &j->epochs[j->epoch];
    uint64_t from = j->marks.receipted_seq + 1;
    (void)sim_rot_mend(sim, o); /* it refuses what is damaged; a person puts a copy back */
    uint32_t above = j->epoch > collector_epoch ? j->epoch : collector_epoch;
    struct agent_head head;
    if (above + 1 >= SIM_EPOCHS)
        sim_fail(sim, "%s begins epoch %u: they recover for ever", o->node.name, above + 1);
    j->epoch = j->marks.epoch = above + 1;
    agent_head_start(&head, &sim->log_id, o->number, j->epoch, o->sign.public);
    free(j->epochs[j->epoch].entries); /* a restored journal may begin an epoch once more */
    memset(&j->epochs[j->epoch], 0, sizeof j->epochs[j->epoch]);
    j->marks.last_seq = j->marks.receipted_seq = j->marks.promised_seq = j->marks.noted_seq = 0;
    j->marks.oldest_seq = 1;
    j->marks.base = j->marks.head = head.hash;
    if (sim_real != NULL && !o->villain) {
        sim_real->journal_recover(sim, office, collector_epoch);
        return;
    }
    for (uint64_t seq = from; seq <= old->last; seq++)
        sim_journal_append(sim, office, old->entries[seq].entry.bytes, old->entries[seq].key);
}

/* As agent/journal_keep.c: what a receipt below the checkpoint covers, old by the office's
 * clock when it was written and when the collector took it. Of the present epoch alone. */
uint64_t sim_journal_prune(struct sim *sim, int office, esep_time before)
{
    struct sim_journal *j = &sim->offices[office].journal;
    const struct sim_epoch *e = &j->epochs[j->epoch];
    uint64_t covered = 0;
    uint64_t young = UINT64_MAX; /* the first that was receipted only now, perhaps once more */
    uint64_t first = j->marks.oldest_seq;
    uint64_t again = 0; /* receipted since the last WELCOME */
    if (sim_real != NULL) {
        sim_real->journal_prune(sim, office, before);
        return j->marks.oldest_seq - first;
    }
    for (size_t i = 0; i < j->receipt_count; i++) {
        const struct esep_receipt *r = &j->receipts[i];
        if (r->kind != ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES || r->epoch != j->epoch)
            continue;
        if (r->accepted_at >= j->seen_at && r->through_seq > again)
            again = r->through_seq;
        if (r->last_index >= j->marks.checkpoint_size || r->accepted_at >= before)
            young = r->first_seq < young ? r->first_seq : young;
        else if (r->through_seq > covered)
            covered = r->through_seq;
    }
    if (covered >= young)
        covered = young - 1;
    if (covered > j->marks.receipted_seq)
        covered = j->marks.receipted_seq;
    while (j->marks.oldest_seq <= covered &&
           (j->marks.oldest_seq <= again || sim_keep_holds(j, j->epoch, j->marks.oldest_seq)) &&
           e->entries[j->marks.oldest_seq].written < before)
        j->marks.base = e->entries[j->marks.oldest_seq++].entry.chain;
    return j->marks.oldest_seq - first;
}
