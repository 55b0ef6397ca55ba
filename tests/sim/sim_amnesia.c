/* tests/sim/sim_amnesia.c - a store, or a journal, from before an enrolment; see sim.h.
 *
 * The operator puts back a copy of the store that is older than an office. There is no way for such
 * an office into that store, and it must not look for one: it is told NOT_ENROLLED, keeps what it
 * has and asks again. What the others send meanwhile is receipted and is lost with the mistake:
 * some hours later the store that was put aside comes back, and all of them send again what it
 * lacks.
 *
 * An office's machine may likewise come back with a journal of before its first entry.
 */
#include "sim.h"

#define ASIDE (SIM_BACKUPS - 1) /* the slot that is no backup */

static void put_back(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    c->aside = false;
    sim_collector_restore(sim, ASIDE);
    sim_trace(sim, &c->node, "has the store back that was put aside");
}

static void on_noticed(struct sim *sim, struct sim_event *event)
{
    if (sim->collector.aside && sim->collector.restores == event->a)
        put_back(sim);
}

bool sim_amnesia_restore(struct sim *sim, size_t backup, esep_time lasts)
{
    struct sim_collector *c = &sim->collector;
    if (c->backup_offices[backup] >= sim->office_count)
        return false;
    sim_rot_end(sim);
    sim_store_backup(sim, ASIDE);
    c->aside = true;
    sim_enrol_stop(sim);
    sim_count(sim, SIM_TALLY_AMNESIA);
    sim_collector_restore(sim, backup);
    sim_trace(sim, &c->node, "knows %d offices of %d", c->backup_offices[backup],
              sim->office_count);
    sim_after(sim, NULL, lasts, on_noticed)->a = c->restores;
    return true;
}

void sim_amnesia_said(struct sim *sim, struct sim_office *o, const struct agent_status *s)
{
    bool unknown = s->refusal == ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_NOT_ENROLLED;
    if (unknown && !o->unknown && sim->collector.aside)
        sim_count(sim, SIM_TALLY_AMNESIA_TOLD);
    o->unknown = unknown;
}

/* The first copy of a journal: of before it was written in. */
void sim_amnesia_copy(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    if (sim->profile->restores > 0 && o->backup_count == 0)
        sim_journal_copy(&o->backups[o->backup_count++], &o->journal);
}

void sim_amnesia_end(struct sim *sim)
{
    if (sim->collector.aside)
        put_back(sim);
}
