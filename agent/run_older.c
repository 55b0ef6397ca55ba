/* agent/run_older.c - a core over an older epoch, where the collector lacks what it had receipted.
 *
 * A core sends one epoch. Where it stops for AGENT_WHY_OLDER, the collector came back from a backup
 * made before the end of an epoch that this office has left: the shell then runs a core over that
 * epoch's receipted entries until all of them are durable there, and the present epoch's core
 * again, which may find the next one. The core of an older epoch asks no less for those before its
 * own, since the collector may come back from a still older backup meanwhile. An epoch that cannot
 * be brought back (the collector goes another way since, or the entries were pruned) is passed
 * over, loudly, for as long as the collector holds the very head that it did not fit.
 */
#include "agent/run.h"
#include "io/log.h"

static void pass_over(struct agent_run *run, const char *why)
{
    esep_log(ESEP_LOG_ERROR, "older-epoch-passed",
             "epoch %u: the collector lacks receipted entries through %llu and cannot take them: "
             "%s. Keep the receipts and tell the operator",
             run->older.epoch, (unsigned long long)run->older.through, why);
    run->older.passed = run->older.epoch;
    run->older.epoch = 0;
}

static enum esep_status load_present(struct agent_run *run, struct agent_journal *ret,
                                     struct esep_reason *reason)
{
    enum esep_status status = journal_load(&run->journal, ret, reason);
    if (status == ESEP_OK)
        status = journal_newest_older(&run->journal, ret, reason);
    return status;
}

/* Neither the present epoch nor an older one that goes first waits for what was passed over. */
static void note_passed(const struct agent_run_older *o, struct agent_journal *loaded)
{
    if (o->passed != 0 && loaded->older_epoch <= o->passed) {
        loaded->older_passed = true;
        loaded->older_passed_head = o->held_head;
    }
}

static enum esep_status load_older(struct agent_run *run, struct agent_journal *ret,
                                   struct esep_reason *reason)
{
    enum esep_status status =
        journal_load_older(&run->journal, run->older.epoch, run->older.through, ret, reason);
    if (status == ESEP_NOT_FOUND) {
        pass_over(run, "this journal does not hold them any more");
        return load_present(run, ret, reason);
    }
    /* The hash before the oldest entry is gone with that entry; the one that the collector holds
     * there is it, or the chain does not fit and nothing is sent. */
    if (status == ESEP_OK && ret->oldest_seq > 1 && ret->oldest_seq == run->older.held_seq + 1)
        ret->base = run->older.held_head;
    return status;
}

enum esep_status agent_run_load(struct agent_run *run, struct agent_journal *ret,
                                struct esep_reason *reason)
{
    enum esep_status status =
        run->older.epoch == 0 ? load_present(run, ret, reason) : load_older(run, ret, reason);
    if (status == ESEP_OK)
        note_passed(&run->older, ret);
    return status;
}

static void begin_older(struct agent_run *run, const struct agent_status *s)
{
    struct esep_reason reason = {""};
    struct agent_run_older *o = &run->older;
    /* Another head there than the one it did not fit: another backup, so all is open again. */
    bool passed = o->passed >= s->held_epoch && esep_hash_equal(&o->held_head, &s->held_head);
    uint32_t after = passed ? o->passed : s->held_epoch;
    o->passed = passed ? o->passed : 0;
    enum esep_status status = journal_older(&run->journal, after, passed ? UINT64_MAX : s->held_seq,
                                            &o->epoch, &o->through, &reason);
    if (status != ESEP_OK) {
        esep_log(ESEP_LOG_ERROR, "journal-unreadable", "%s", reason.text);
        agent_run_give_up_core(run, AGENT_RUN_REOPEN_AFTER);
        return;
    }
    o->held_seq = o->epoch == s->held_epoch ? s->held_seq : 0;
    o->held_head = s->held_head;
    esep_log(ESEP_LOG_WARNING, "older-epoch",
             "the collector came back from a backup: epoch %u goes first, from entry %llu through "
             "%llu",
             o->epoch, (unsigned long long)o->held_seq + 1, (unsigned long long)o->through);
    agent_run_give_up_core(run, 0);
}

/* Reasons that no waiting mends. */
static bool cannot_be(enum agent_why why)
{
    return why == AGENT_WHY_FORK || why == AGENT_WHY_BEHIND || why == AGENT_WHY_GAP ||
           why == AGENT_WHY_TOO_LARGE;
}

void agent_run_look_at_epochs(struct agent_run *run)
{
    struct agent_status s;
    agent_status_get(run->core, &s);
    if (run->broken || run->draining)
        return;
    if (s.state == AGENT_STOPPED && s.why == AGENT_WHY_OLDER) {
        begin_older(run, &s);
        return;
    }
    if (run->older.epoch == 0)
        return;
    if (s.all_held) {
        esep_log(ESEP_LOG_INFO, "older-epoch-held", "epoch %u is whole again", run->older.epoch);
        run->older.epoch = 0;
        agent_run_give_up_core(run, 0);
    } else if (s.state == AGENT_STOPPED && cannot_be(s.why)) {
        pass_over(run, s.text);
        agent_run_give_up_core(run, 0);
    }
}
