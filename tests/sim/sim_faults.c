/* tests/sim/sim_faults.c - what goes wrong, how often, and that it ends; see sim.h.
 *
 * Every fault has a kind in enum sim_deed and asks sim_does (sim_mask.c) before it happens. A tick
 * every minute or so draws from a table of them by the profile's rates; each has its own end. When
 * the faults are over everything is mended at once: lines, disks, processes, brokers (a liar is
 * replaced).
 */
#include "sim.h"

#include <stddef.h>

const struct sim_profile sim_profiles[] = {
    {.name = "calm"},
    {.name = "lossy",
     .loss = 300000,
     .repeat = 150000,
     .reorder = 200000,
     .corrupt = 100000,
     .stall = 60000,
     .cuts = 30000},
    {.name = "crashes",
     .crashes = 12000,
     .prunes = 20000,
     .crash_steps = 400,
     .cuts = 4000,
     .loss = 10000,
     .pauses = 6000,
     .orderly = 12000},
    {.name = "byzantine", .lies = 400000, .cuts = 2000, .revokes = 3000},
    {.name = "disk",
     .disks = 20000,
     .crashes = 3000,
     .restores = 1500,
     .crash_steps = 100,
     .rot = 6000,
     .prunes = 30000},
    {.name = "clocks",
     .clocks = 20000,
     .crashes = 2000,
     .cuts = 3000,
     .prunes = 25000,
     .restores = 4000},
    {.name = "malice",
     .malice = 1000000,
     .loss = 20000,
     .cuts = 2000,
     .crashes = 1500,
     .crash_steps = 50,
     .restores = 150,
     .orderly = 1000,
     .revokes = 300},
    {.name = "clones",
     .clones = 9000,
     .prunes = 20000,
     .loss = 20000,
     .cuts = 4000,
     .crashes = 2000,
     .crash_steps = 50,
     .restores = 300,
     .pauses = 1000,
     .orderly = 1000},
    {.name = "enrol",
     .enrols = 1000000,
     .loss = 150000,
     .repeat = 100000,
     .reorder = 100000,
     .corrupt = 20000,
     .cuts = 2000,
     .lies = 100000,
     .crashes = 4000,
     .crash_steps = 100,
     .disks = 1500,
     .restores = 500,
     .orderly = 1000},
    {.name = "versions",
     .versions = 9000,
     .crashes = 1500,
     .crash_steps = 50,
     .orderly = 1500,
     .repeat = 20000,
     .enrols = 300000},
    {.name = "restores",
     .restores = 5000,
     .loss = 20000,
     .cuts = 6000,
     .crashes = 1500,
     .crash_steps = 50,
     .pauses = 500,
     .orderly = 500},
    {.name = "windows",
     .windows = 800000,
     .loss = 20000,
     .cuts = 4000,
     .crashes = 3000,
     .crash_steps = 100,
     .clocks = 2000,
     .pauses = 1000,
     .orderly = 3000},
    {.name = "metered",
     .metered = 800000,
     .windows = 150000,
     .loss = 20000,
     .repeat = 20000,
     .cuts = 4000,
     .crashes = 6000,
     .crash_steps = 100,
     .clocks = 2000,
     .pauses = 1000,
     .orderly = 6000},
    {.name = "keys",
     .rotations = 25000,
     .loss = 60000,
     .repeat = 40000,
     .reorder = 40000,
     .cuts = 6000,
     .crashes = 8000,
     .crash_steps = 200,
     .disks = 2000,
     .pauses = 1000,
     .orderly = 3000},
    {.name = "withheld", .silences = 15000, .loss = 20000, .repeat = 30000, .corrupt = 30000},
    {.name = "everything",
     .loss = 100000,
     .repeat = 50000,
     .reorder = 100000,
     .corrupt = 30000,
     .stall = 20000,
     .cuts = 15000,
     .crashes = 5000,
     .crash_steps = 150,
     .lies = 150000,
     .disks = 6000,
     .clocks = 4000,
     .restores = 600,
     .revokes = 1500,
     .pauses = 2000,
     .orderly = 3000,
     .clones = 600,
     .rot = 600,
     .versions = 1000,
     .enrols = 250000,
     .malice = 250000,
     .windows = 100000,
     .metered = 100000,
     .silences = 500},
};
const size_t sim_profile_count = sizeof sim_profiles / sizeof sim_profiles[0];

const char *const sim_tally_names[SIM_TALLIES] = {
    [SIM_TALLY_STALL_DAYS] = "frames stalled for hours and days",
    [SIM_TALLY_QUEUE_FULL] = "sockets full",
    [SIM_TALLY_WITHHELD] = "frames withheld",
    [SIM_TALLY_RECEIPT_KEPT] = "receipts that the collector kept back",
    [SIM_TALLY_NOTE_SIGNED] = "notes of ingress signed",
    [SIM_TALLY_NOTE_STORED] = "notes of ingress stored",
    [SIM_TALLY_DRAIN_LATE] = "orderly stops past their time",
    [SIM_TALLY_DRAIN_CRASHED] = "orderly stops broken off by a crash",
    [SIM_TALLY_WRITE_EIO] = "EIO at a write",
    [SIM_TALLY_SYNC_EIO] = "EIO at a sync",
    [SIM_TALLY_WRITE_FULL] = "ENOSPC at a write",
    [SIM_TALLY_SYNC_FULL] = "ENOSPC at a sync",
    [SIM_TALLY_READ_EIO] = "EIO at a read",
    [SIM_TALLY_DISK_SLOW] = "slow disks",
    [SIM_TALLY_SIGNER_AWAY] = "signer away",
    [SIM_TALLY_LOG_KEY] = "other keys for the log",
    [SIM_TALLY_RESTORE_OFFICE] = "journals restored",
    [SIM_TALLY_RESTORE_COLLECTOR] = "stores restored",
    [SIM_TALLY_RESTORE_BOTH] = "both restored together",
    [SIM_TALLY_RESTORE_EMPTY] = "journals restored to before their first entry",
    [SIM_TALLY_AMNESIA] = "stores restored to before an enrolment",
    [SIM_TALLY_AMNESIA_TOLD] = "offices told that they are not enrolled there",
    [SIM_TALLY_CLOCK_YEARS] = "clocks jumped by years",
    [SIM_TALLY_CLONE] = "clones",
    [SIM_TALLY_ROTATED] = "offices with new keys",
    [SIM_TALLY_FORK] = "uplinks stopped by FORK or BEHIND",
    [SIM_TALLY_ROT_FOUND] = "damaged journals found",
    [SIM_TALLY_ROT_REFUSED] = "damaged log entries refused",
    [SIM_TALLY_PRUNED] = "entries pruned",
    [SIM_TALLY_PRUNED_OLDER] = "entries of older epochs pruned",
    [SIM_TALLY_OLDER_WHOLE] = "older epochs made whole again",
    [SIM_TALLY_OLDER_GONE] = "older epochs asked for and pruned",
    [SIM_TALLY_PLAN_GROUPS] = "executors named by a group",
    [SIM_TALLY_HEIR_DUTY] = "duties passed to a successor",
    [SIM_TALLY_HEIR_KEPT] = "duties that a plan changed and kept under the old name",
    [SIM_TALLY_HEIR_TAKEN] = "reports of a successor",
    [SIM_TALLY_HEIR_ALERT] = "alerts to a successor",
    [SIM_TALLY_GOING_TAKEN] = "reports for what a successor owes",
    [SIM_TALLY_RIGHTS] = "rights of an office changed",
    [SIM_TALLY_CARRIED] = "entries for a body that is not the office's own",
    [SIM_TALLY_ENROLLED] = "offices enrolled",
    [SIM_TALLY_ENROL_REFUSED] = "enrolments refused",
    [SIM_TALLY_CODE_STOLEN] = "stolen codes refused",
    [SIM_TALLY_CODE_LOST] = "stolen codes that came first",
    [SIM_TALLY_NAMED_BEFORE] = "reports superseded before they came",
    [SIM_TALLY_WITHDRAWN_BEFORE] = "withdrawn before they came",
    [SIM_TALLY_STANDS_AGAIN] = "that stand again after a withdrawal",
    [SIM_TALLY_SENT_AGAIN] = "the same under another number",
    [SIM_TALLY_STANDING] = "standing at the end",
    [SIM_TALLY_FORGOTTEN_MORE] = "standing too for what the views forgot",
    [SIM_TALLY_FORGOTTEN_LESS] = "hidden for that",
    [SIM_TALLY_FILES_LOST] = "files gone from the folder",
    [SIM_TALLY_FILES_BACK] = "files asked for again, and brought",
    [SIM_TALLY_VERSION] = "greetings in other versions",
    [SIM_TALLY_VERSION_OTHER] = "machines of another version",
    [SIM_TALLY_VERSION_REFUSED] = "offices told of their version",
    [SIM_TALLY_COSIGNED] = "witnessed heads kept by offices",
    [SIM_TALLY_VERSION_WELCOME] = "welcomes to offices of several versions",
};

/* At each tick: with which rate of the profile, in which share of it, what happens. */
#define RATE(field) offsetof(struct sim_profile, field)
static const struct kind {
    enum sim_deed deed;
    size_t rate;
    uint32_t share; /* of 100 */
    void (*strike)(struct sim *sim);
} kinds[] = {
    {SIM_LINE, RATE(cuts), 100, sim_cut_line},
    {SIM_LINK, RATE(cuts), 50, sim_cut_link},
    {SIM_PARTITION, RATE(cuts), 15, sim_partition},
    {SIM_CRASH, RATE(crashes), 100, sim_crash_somebody},
    {SIM_PAUSE, RATE(pauses), 100, sim_pause_somebody},
    {SIM_STOP, RATE(orderly), 60, sim_stop_somebody},
    {SIM_RELOAD, RATE(orderly), 40, sim_reload_somebody},
    {SIM_DISK, RATE(disks), 100, sim_spoil_disk},
    {SIM_CLOCK, RATE(clocks), 100, sim_jump_clock},
    {SIM_RESTORE, RATE(restores), 100, sim_restore_something},
    {SIM_REVOKE, RATE(revokes), 100, sim_revoke_somebody},
    {SIM_TWIN, RATE(clones), 100, sim_clone_somebody},
    {SIM_ROTATE, RATE(rotations), 100, sim_rotate_somebody},
    {SIM_PRUNE, RATE(prunes), 100, sim_prune_somewhere},
    {SIM_ROT, RATE(rot), 100, sim_rot_somewhere},
    {SIM_VERSION, RATE(versions), 100, sim_change_version},
    {SIM_LIAR, RATE(lies), 8, sim_turn_liar},
    {SIM_WITHHOLD, RATE(lies), 1, sim_withhold},
    {SIM_SILENCE, RATE(silences), 100, sim_fall_silent},
};

static uint32_t rate_of(const struct sim_profile *profile, const struct kind *kind)
{
    uint32_t rate;
    memcpy(&rate, (const char *)profile + kind->rate, sizeof rate);
    return (uint32_t)((uint64_t)rate * kind->share / 100);
}

/* Whether it happens in this tick, and all about it, comes from a stream of its own. */
static void perhaps(struct sim *sim, const struct kind *kind)
{
    struct esep_prng outer = sim_stream(sim, kind->deed, sim->ticks);
    if (sim_strikes(sim, rate_of(sim->profile, kind), kind->deed))
        kind->strike(sim);
    sim->prng = outer;
}

static void on_tick(struct sim *sim, struct sim_event *event)
{
    (void)event;
    if (sim->calm)
        return;
    struct esep_prng outer = sim_stream(sim, SIM_STEP, ++sim->ticks);
    sim_after(sim, NULL, sim_between(sim, 30 * ESEP_SECOND, 90 * ESEP_SECOND), on_tick);
    if (sim->profile->restores > 0)
        sim_take_backups(sim);
    sim_start_the_fallen(sim);
    sim->prng = outer;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        perhaps(sim, &kinds[i]);
    sim_truth_bounds(sim);
    sim_version_look(sim);
}

static uint32_t at_most(struct sim *sim, uint32_t rate)
{
    return rate > 0 && sim_pick(sim, 4) > 0 ? (uint32_t)sim_pick(sim, rate + 1) : 0;
}

void sim_faults_start(struct sim *sim)
{
    const struct sim_profile *p = sim->profile;
    sim->loss = at_most(sim, p->loss);
    sim->repeat = at_most(sim, p->repeat);
    sim->reorder = at_most(sim, p->reorder);
    sim->corrupt = at_most(sim, p->corrupt);
    sim->stall = at_most(sim, p->stall);
    sim->crash_steps = at_most(sim, p->crash_steps);
    sim->keep = sim_between(sim, 30 * ESEP_MINUTE, 12 * ESEP_HOUR);
    for (int i = 0; i < sim->broker_count; i++)
        sim->brokers[i].node.drift_ppm = (int)sim_pick(sim, 401) - 200;
    sim_after(sim, NULL, ESEP_MINUTE, on_tick);
    if (p->cuts > 0 && sim_pick(sim, 3) == 0 && sim_does(sim, SIM_WINDOW))
        sim_open_windows(sim);
    if (sim_chance(sim, p->enrols))
        sim_enrol_start(sim);
    if (sim_chance(sim, p->malice))
        sim_malice_start(sim, sim->office_count - 1);
}

static void mend_office(struct sim *sim, int office)
{
    struct sim_office *o = &sim->offices[office];
    o->cut_up = o->cut_down = false;
    o->cut_brokers = 0;
    (void)sim_rot_mend(sim, o);
    o->disk_bad_until = o->disk_full_until = o->disk_slow_until = 0;
    if (o->core == NULL)
        sim_office_start(sim, office);
}

static void mend_broker(struct sim *sim, int broker)
{
    struct sim_broker *b = &sim->brokers[broker];
    bool lied = b->lies > 0;
    b->lies = 0;
    b->withholds_until = 0;
    sim->collector.links[broker].cut = false;
    if (lied && b->core != NULL)
        sim_broker_crash(sim, broker);
    if (b->core == NULL)
        sim_broker_start(sim, broker);
    else
        sim_broker_reload(sim, broker, false);
}

void sim_faults_end(struct sim *sim)
{
    struct sim_collector *c = &sim->collector;
    sim_trace(sim, NULL, "the faults are over");
    sim->calm = true;
    sim->loss = sim->repeat = sim->reorder = sim->corrupt = sim->stall = 0;
    c->disk_bad_until = c->disk_full_until = c->disk_slow_until = 0;
    sim_clone_end(sim);
    sim_rot_end(sim);
    sim_version_end(sim);
    sim_amnesia_end(sim);
    for (int i = 0; i < sim->office_count; i++)
        mend_office(sim, i);
    for (int i = 0; i < sim->broker_count; i++)
        mend_broker(sim, i);
    if (c->core == NULL)
        sim_collector_start(sim);
}
