/* tests/sim/sim_clone.c - somebody copies an office's disk, and both machines run; see sim.h.
 *
 * Same keys, same number, a journal that was the same: of now or of an old backup. Both write, both
 * say hello, each of them is right by itself. At most one of two entries under one number may come
 * into the log, the other machine is refused by name (FORK, BEHIND) and its person recovers into a
 * new epoch, whereupon the first one is behind: so it goes on until the second machine is found and
 * switched off. What only that one had is lost with it; what it has receipts for is not.
 */
#include "sim.h"

#define CLONES_MAX 3

static void on_found(struct sim *sim, struct sim_event *event)
{
    struct sim_office *o = &sim->offices[SIM_CLONE];
    if (o->number == 0 || sim->clones != event->a)
        return;
    sim_trace(sim, &o->node, "is found out and switched off");
    if (o->core != NULL)
        sim_office_crash(sim, SIM_CLONE);
    /* The first machine is started anew, and so sees what the second one sent. */
    int of = sim_identity(sim, SIM_CLONE);
    o->number = 0;
    if (sim->offices[of].core != NULL)
        sim_office_crash(sim, of);
}

static void on_turn(struct sim *sim, struct sim_event *event)
{
    struct sim_office *o = &sim->offices[SIM_CLONE];
    if (o->number == 0 || sim->clones != event->a)
        return;
    sim_after(sim, NULL, sim_between(sim, ESEP_SECOND, sim->write_every), on_turn)->a = event->a;
    if (o->core == NULL) {
        sim_office_start(sim, SIM_CLONE);
        return;
    }
    if (o->broken || sim_pick(sim, 8) == 0)
        return;
    for (uint64_t n = 1 + sim_pick(sim, 4); n > 0; n--)
        sim_journal_write(sim, SIM_CLONE);
    sim_office_look(sim, SIM_CLONE);
    sim_office_pump(sim, SIM_CLONE);
    if (o->core != NULL && sim_pick(sim, 12) == 0)
        sim_office_crash(sim, SIM_CLONE);
}

void sim_clone_somebody(struct sim *sim)
{
    struct sim_office *o = &sim->offices[SIM_CLONE];
    int of = (int)sim_pick(sim, (uint64_t)sim->office_count);
    bool old = sim_pick(sim, 4) == 0;
    esep_time until = sim->now + sim_between(sim, 20 * ESEP_MINUTE, 3 * ESEP_HOUR);
    struct sim_office *from = &sim->offices[of];
    if (o->number != 0 || from->villain || from->rotten.data != NULL || sim->clones == CLONES_MAX)
        return;
    sim_journal_copy(&o->journal,
                     old && from->backup_count > 0 ? &from->backups[0] : &from->journal);
    uint32_t generation = o->node.generation; /* only ever rises: events name it */
    o->node = (struct sim_node){.number = SIM_CLONE,
                                .generation = generation,
                                .wake = o->node.wake,
                                .offset = from->node.offset,
                                .drift_ppm = -from->node.drift_ppm};
    (void)snprintf(o->node.name, sizeof o->node.name, "clone-of-%d", of + 1);
    o->number = from->number;
    o->body = from->body;
    o->sign = from->sign;
    memcpy(o->curve, from->curve, sizeof o->curve);
    o->config = from->config;
    o->revoked = from->revoked;
    o->cloned = from->cloned = true;
    o->heard_durable = from->heard_durable;
    o->said = AGENT_OFFLINE;
    sim->clones++;
    sim_count(sim, SIM_TALLY_CLONE);
    sim_trace(sim, &o->node, "comes to life");
    sim_office_start(sim, SIM_CLONE);
    sim_after(sim, NULL, sim_between(sim, ESEP_SECOND, ESEP_MINUTE), on_turn)->a = sim->clones;
    sim_after(sim, NULL, until - sim->now, on_found)->a = sim->clones;
}

void sim_clone_end(struct sim *sim)
{
    struct sim_event event = {.a = sim->clones};
    on_found(sim, &event);
}
