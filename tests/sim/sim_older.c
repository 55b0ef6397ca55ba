/* tests/sim/sim_older.c - an office's shell where an older epoch goes first: as agent/run_older.c.
 */
#include "sim.h"

/* Receipts of entries before an epoch: the first that reaches beyond (epoch, seq), with how far
 * that epoch goes, and the newest. */
static void find_older(const struct sim_journal *j, uint32_t before, uint32_t epoch, uint64_t seq,
                       struct sim_older *ret_first, struct sim_older *ret_last)
{
    for (size_t i = 0; i < j->receipt_count; i++) {
        const struct esep_receipt *r = &j->receipts[i];
        if (r->kind != ESEP__V1__RECEIPT_KIND__RECEIPT_KIND_ENTRIES || r->epoch >= before)
            continue;
        bool more = r->epoch > epoch || (r->epoch == epoch && r->through_seq > seq);
        bool earlier = ret_first->epoch == 0 || r->epoch < ret_first->epoch ||
                       (r->epoch == ret_first->epoch && r->through_seq > ret_first->through);
        if (more && earlier) {
            ret_first->epoch = r->epoch;
            ret_first->through = r->through_seq;
        }
        if (r->epoch > ret_last->epoch ||
            (r->epoch == ret_last->epoch && r->through_seq > ret_last->through)) {
            ret_last->epoch = r->epoch;
            ret_last->through = r->through_seq;
        }
    }
}

struct agent_journal sim_older_start(const struct sim_office *o)
{
    const struct sim_journal *j = &o->journal;
    struct agent_journal start = j->marks;
    struct sim_older first = {0}, last = {0};
    find_older(j, o->older.epoch == 0 ? j->epoch : o->older.epoch, 0, 0, &first, &last);
    start.older_epoch = last.epoch;
    start.older_seq = last.through;
    start.older_passed = o->older.passed != 0 && last.epoch <= o->older.passed;
    start.older_passed_head = o->older.held_head;
    if (o->older.epoch == 0)
        return start;
    struct agent_head head;
    agent_head_start(&head, &o->config.log_id, o->number, o->older.epoch, o->sign.public);
    start.epoch = o->older.epoch;
    start.noted_seq = 0;
    start.last_seq = start.receipted_seq = start.promised_seq = o->older.through;
    start.oldest_seq = j->epochs[start.epoch].gone + 1;
    start.base = start.oldest_seq > 1 && start.oldest_seq == o->older.held_seq + 1
                     ? o->older.held_head
                     : head.hash;
    start.head = j->epochs[start.epoch].entries[start.last_seq].entry.chain;
    return start;
}

static void change_core(struct sim *sim, struct sim_office *o)
{
    o->reopening = true;
    sim_after(sim, &o->node, 0, sim_office_reopen);
}

void sim_older_look(struct sim *sim, struct sim_office *o)
{
    struct agent_status s;
    struct sim_older first = {0}, last = {0};
    agent_status_get(o->core, &s);
    if (o->broken || o->reopening || o->draining)
        return;
    if (s.state == AGENT_STOPPED && s.why == AGENT_WHY_OLDER) {
        bool passed =
            o->older.passed >= s.held_epoch && esep_hash_equal(&o->older.held_head, &s.held_head);
        o->older.passed = passed ? o->older.passed : 0;
        o->older.held_head = s.held_head;
        find_older(&o->journal, o->journal.epoch, passed ? o->older.passed : s.held_epoch,
                   passed ? UINT64_MAX : s.held_seq, &first, &last);
        if (first.epoch == 0)
            sim_fail(sim, "%s: nothing of an older epoch is lacking", o->node.name);
        if (o->journal.epochs[first.epoch].gone >= first.through) {
            sim_trace(sim, &o->node, "does not hold epoch %u any more", first.epoch);
            sim_count(sim, SIM_TALLY_OLDER_GONE);
            o->older.passed = first.epoch;
            o->older.epoch = 0;
            change_core(sim, o);
            return;
        }
        o->older.epoch = first.epoch;
        o->older.through = first.through;
        o->older.held_seq = first.epoch == s.held_epoch ? s.held_seq : 0;
        sim_trace(sim, &o->node, "sends epoch %u through %llu first", first.epoch,
                  (unsigned long long)first.through);
        change_core(sim, o);
    } else if (o->older.epoch != 0 && s.all_held) {
        sim_trace(sim, &o->node, "epoch %u is whole again", o->older.epoch);
        o->older.epoch = 0;
        o->older.brought++;
        sim_count(sim, SIM_TALLY_OLDER_WHOLE);
        change_core(sim, o);
    } else if (o->older.epoch != 0 && s.state == AGENT_STOPPED &&
               (s.why == AGENT_WHY_FORK || s.why == AGENT_WHY_BEHIND || s.why == AGENT_WHY_GAP)) {
        sim_trace(sim, &o->node, "passes over epoch %u: %s", o->older.epoch, s.text);
        o->older.passed = o->older.epoch;
        o->older.epoch = 0;
        change_core(sim, o);
    }
}
