/* tests/sim/sim_ruin.c - faults of disks and clocks, old backups, lost keys; see sim_faults.c. */
#include "sim_real.h"

static void say(struct sim *sim, const struct sim_node *node, uint64_t kind)
{
    static const char *const words[] = {"bad", "full", "slow"};
    if (kind == 2)
        sim_count(sim, SIM_TALLY_DISK_SLOW);
    sim_trace(sim, NULL, "the disk of %s is %s", node->name, words[kind]);
}

void sim_spoil_disk(struct sim *sim)
{
    esep_time until = sim->now + sim_between(sim, ESEP_SECOND, 10 * ESEP_MINUTE);
    uint64_t kind = sim_pick(sim, 3);
    struct sim_collector *c = &sim->collector;
    struct sim_office *o = &sim->offices[sim_pick(sim, (uint64_t)sim->office_count)];
    esep_time *const here[] = {&c->disk_bad_until, &c->disk_full_until, &c->disk_slow_until};
    esep_time *const there[] = {&o->disk_bad_until, &o->disk_full_until, &o->disk_slow_until};
    bool collector = sim_pick(sim, 2) == 0;
    *(collector ? here : there)[kind] = until;
    say(sim, collector ? &c->node : &o->node, kind);
}

void sim_jump_clock(struct sim *sim)
{
    uint64_t who = sim_pick(sim, (uint64_t)sim->office_count + 2);
    struct sim_node *node =
        who < (uint64_t)sim->office_count ? &sim->offices[who].node : &sim->collector.node;
    static const esep_time most[] = {2 * ESEP_HOUR, 800 * ESEP_DAY, 40 * 365 * ESEP_DAY};
    uint64_t draw = sim_pick(sim, 16);
    size_t size = draw == 0 ? 2 : draw < 3 ? 1 : 0;
    esep_time by = sim_between(sim, -most[size], most[size]);
    if (sim_pick(sim, 2) == 0)
        by = -node->offset; /* set right again */
    node->offset += by;
    if (by > 0)
        node->forward_at = sim->now;
    bool years = by > 365 * ESEP_DAY || by < -365 * ESEP_DAY;
    if (years)
        sim_count(sim, SIM_TALLY_CLOCK_YEARS);
    sim_trace(sim, node, "its clock jumps by %lld s", (long long)(by / ESEP_SECOND));
}

void sim_store_backup(struct sim *sim, size_t slot)
{
    struct sim_collector *c = &sim->collector;
    if (sim_real != NULL)
        sim_real->backup(sim, slot);
    c->backup_at[slot] = sim->now;
    c->backup_offices[slot] = sim->office_count;
    sim_disk_copy(&c->backups[slot], &c->disk);
}

void sim_take_backups(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    struct sim_office *o = &sim->offices[sim_pick(sim, (uint64_t)sim->office_count)];
    if (sim_pick(sim, 60) != 0)
        return;
    if (c->backup_count < SIM_BACKUPS - 1 && c->rotten.data == NULL && !c->aside)
        sim_store_backup(sim, c->backup_count++);
    if (o->backup_count < SIM_BACKUPS && o->rotten.data == NULL)
        sim_journal_copy(&o->backups[o->backup_count++], &o->journal);
}

void sim_prune_somewhere(struct sim *sim)
{
    int office = (int)sim_pick(sim, (uint64_t)sim->office_count);
    struct sim_office *o = &sim->offices[office];
    struct agent_status s;
    if (o->core == NULL || sim_paused(sim, &o->node) || o->broken || o->reopening ||
        o->storing != NULL || o->older.epoch != 0)
        return;
    esep_time now = sim_wall(sim, &o->node);
    agent_status_get(o->core, &s);
    esep_time confirmed = agent_confirmed_at(o->core, now);
    if (confirmed == 0)
        return;
    uint64_t gone = sim_keep_prune(sim, office, confirmed - sim->keep);
    if (gone == 0 || s.epoch != o->journal.epoch)
        return;
    sim->tallies[SIM_TALLY_PRUNED] += gone;
    sim_trace(sim, &o->node, "lets go of %llu entries", (unsigned long long)gone);
    agent_on_pruned(o->core, o->journal.marks.oldest_seq, &o->journal.marks.base, now);
    sim_office_pump(sim, office);
}

static bool restore_office(struct sim *sim)
{
    int office = (int)sim_pick(sim, (uint64_t)sim->office_count);
    const struct sim_office *o = &sim->offices[office];
    if (o->backup_count == 0)
        return false;
    size_t backup = (size_t)sim_pick(sim, o->backup_count);
    if (o->backups[backup].epoch == 1 && o->backups[backup].marks.last_seq == 0)
        sim_count(sim, SIM_TALLY_RESTORE_EMPTY);
    sim_office_restore(sim, office, backup);
    return true;
}

static bool restore_collector(struct sim *sim)
{
    const struct sim_collector *c = &sim->collector;
    esep_time lasts = sim_between(sim, 10 * ESEP_MINUTE, 3 * ESEP_HOUR);
    if (c->backup_count == 0 || c->aside)
        return false;
    size_t backup = (size_t)sim_pick(sim, c->backup_count);
    /* An office that lets go of entries keeps them for as long as a backup may be old; by its own
     * clock, whatever that is, and by the collector's, unless that was set forward since. */
    if (sim->profile->prunes > 0 &&
        (sim->now - c->backup_at[backup] > sim->keep - 25 * ESEP_MINUTE ||
         c->node.forward_at >= c->backup_at[backup]))
        return false;
    if (!sim_amnesia_restore(sim, backup, lasts))
        sim_collector_restore(sim, backup);
    return true;
}

/* The machine room burns down, and an office's with it, or one of them. */
void sim_restore_something(struct sim *sim)
{
    uint64_t what = sim_pick(sim, 3);
    bool office = what != 0 && restore_office(sim);
    bool collector = what != 1 && restore_collector(sim);
    if (office)
        sim_count(sim, SIM_TALLY_RESTORE_OFFICE);
    if (collector)
        sim_count(sim, SIM_TALLY_RESTORE_COLLECTOR);
    if (office && collector)
        sim_count(sim, SIM_TALLY_RESTORE_BOTH);
}

void sim_revoke_somebody(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    if (c->core == NULL || sim_paused(sim, &c->node) || collector_status(c->core, NULL) != ESEP_OK)
        return;
    sim_collector_revoke(sim, (int)sim_pick(sim, (uint64_t)sim->office_count));
}
