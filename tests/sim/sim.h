/* tests/sim/sim.h - a country in one process: the cores that ship, and a world that fails them.
 *
 * Agents, brokers and ingest with its views are the very libraries of the daemons; what stands
 * around them here plays the shells, the network, the disks, the clocks, the power and the people.
 * One seed decides everything: events wait in one heap, ordered by time and then by the order in
 * which they were made, and every draw comes from one generator. There is no thread and no wall
 * clock, so that a seed is a trace, and a trace is a hash.
 *
 * What is true is kept apart from what the cores believe: sim_truth.c looks at every byte that
 * reaches the collector's disk and at every receipt an office stores, at the instant it does.
 *
 * Reality it bends: an office's connection may lose, repeat, swap, damage or delay single frames
 * for days. TCP under CURVE would not; a broker that lies can. Between broker and collector the
 * order holds, connections break, and whatever was under way is gone; a lying broker spoils what it
 * passes on.
 */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include "agent/agent.h"
#include "agent/entry.h"
#include "base/arena.h"
#include "broker/broker.h"
#include "collector/collector.h"
#include "collector/state.h"
#include "sim_mask.h"
#include "tests/unit/collector/signing.h"
#include "wire/unpack.h"

#include <stdio.h>

#define SIM_FOUNDED 6  /* offices that the log begins with, at most; others enrol */
#define SIM_OFFICES 12 /* places: founded, enrolled, a thief, and the machine of a clone */
#define SIM_CLONE (SIM_OFFICES - 1)
#define SIM_THIEF (SIM_OFFICES - 2)
#define SIM_BROKERS 2
#define SIM_EPOCHS 64
#define SIM_SOCKET_FRAMES 64 /* high-water mark of an office's socket, each way */
#define SIM_LINK_FRAMES 512  /* of the link between broker and collector */
#define SIM_KEYS 64
#define SIM_BACKUPS 5      /* of the store one less, sim_amnesia.c has the last */
#define SIM_KEPT_FRAMES 32 /* what a lying broker remembers */
#define SIM_FILES 12       /* that reports may name */
#define SIM_ATTACHED_MAX 2 /* ... in one */

struct sim_event;
typedef void sim_fire_fn(struct sim *sim, struct sim_event *event);

/* A process on a machine: up or down, with a clock of its own. */
struct sim_node {
    char name[24];
    bool up;
    uint32_t generation; /* one more at each start and end: what was under way is void */
    uint64_t wake;
    esep_time paused_until;          /* SIGSTOP: what comes waits, in order */
    esep_time offset;                /* of the wall clock; jumps */
    int drift_ppm;                   /* of both clocks */
    const struct sim_tongue *tongue; /* NULL: speaks our version of the wire */
    esep_time forward_at;            /* its wall clock was set forward last */
    uint64_t installed;              /* how often its software was changed */
    sim_fire_fn *on_wake;
    int number;
};

struct sim_event {
    esep_time at;
    uint64_t order;
    sim_fire_fn *fire;
    struct sim_node *node; /* NULL: the world's */
    uint32_t generation;
    uint64_t a, b;
    size_t durable; /* entries on the collector's disk when it spoke: receipts cannot know more */
    struct esep_slice parts[2];
    size_t part_count;
};

/* sim_heap.c: time, chance, memory, the trace. */
void *sim_alloc(struct sim *sim, size_t len); /* lives as long as the simulation */
struct esep_slice sim_keep(struct sim *sim, struct esep_slice bytes);
struct sim_event *sim_after(struct sim *sim, struct sim_node *node, esep_time wait,
                            sim_fire_fn *fire);
void sim_event_part(struct sim_event *event, struct esep_slice bytes);
bool sim_step(struct sim *sim, esep_time until); /* false: nothing is left before `until` */
void sim_heap_done(struct sim *sim);
uint64_t sim_pick(struct sim *sim, uint64_t bound);
bool sim_chance(struct sim *sim, uint32_t per_million);
esep_time sim_between(struct sim *sim, esep_time least, esep_time most);
void sim_seed_bytes(struct sim *sim, uint8_t out[32]);
void sim_trace(struct sim *sim, const struct sim_node *node, const char *format, ...)
    ESEP_PRINTF(3, 4);
#define SIM_EXIT_FAILED 3
_Noreturn void sim_fail(struct sim *sim, const char *format, ...) ESEP_PRINTF(2, 3);
uint32_t sim_print(struct esep_slice bytes); /* a short fingerprint for the trace */
esep_time sim_wall(const struct sim *sim, const struct sim_node *node);
esep_time sim_monotonic(const struct sim *sim, const struct sim_node *node);
/* Wakes the node at its own time `deadline`, but looks at the clock at least once a minute. */
void sim_wake_at(struct sim *sim, struct sim_node *node, esep_time deadline, esep_time now);

/* sim_disk.c: the collector's store in memory; copies share the bytes. */
struct sim_record {
    uint8_t leaf[ESEP_LEAF_BYTES];
    struct esep_slice body;
};
struct sim_row {
    struct esep_slice key, value;
};
struct sim_table {
    struct sim_row *rows;
    size_t count, cap;
};
struct sim_disk {
    struct collector_log log; /* first: the lookups of collector/state.h get it */
    struct sim *sim;
    struct sim_record *records;
    size_t count, cap;
    struct sim_table table;
};
extern const struct collector_log_ops sim_disk_ops;
void sim_table_put(struct sim *sim, struct sim_table *table, struct esep_slice key,
                   struct esep_slice value);
/* data NULL: not there. */
struct esep_slice sim_table_get(const struct sim_table *table, struct esep_slice key);
bool sim_table_equal(const struct sim_table *a, const struct sim_table *b, char *ret_table);
void sim_table_done(struct sim_table *table);
void sim_disk_put(struct sim_disk *disk, const struct collector_batch *batch);
void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from);
void sim_disk_done(struct sim_disk *disk);

/* sim_journal.c: an office's journal; whatever is in here is on its disk. */
struct sim_entry {
    struct agent_entry entry;
    struct esep_hash name; /* of its content */
    int key;               /* a report of which obligation, -1: none */
    esep_time written;
};
struct sim_epoch {
    struct sim_entry *entries; /* [1] is the first */
    uint64_t last;
    uint64_t gone; /* of an older one: how many were pruned */
    size_t cap;
};
struct sim_named { /* a file of the pool */
    bool named, here;
    uint32_t epoch; /* the first entry that named it */
    uint64_t seq;
};
struct sim_journal {
    struct sim_named files[SIM_FILES];
    uint32_t epoch;
    struct sim_epoch epochs[SIM_EPOCHS];
    struct agent_journal marks; /* last_seq and head are kept in step */
    struct esep_receipt *receipts;
    size_t receipt_count, receipt_cap;
    uint32_t seen_epoch; /* the last WELCOME's, and what it held of it, when; 0: none came */
    uint64_t seen_seq;
    esep_time seen_at;
};
void sim_journal_start(struct sim *sim, int office);
void sim_journal_copy(struct sim_journal *to, const struct sim_journal *from);
void sim_journal_done(struct sim_journal *journal);
void sim_journal_append(struct sim *sim, int office, struct esep_slice bytes, int key);
void sim_journal_store(struct sim *sim, int office, uint32_t epoch,
                       const struct agent_store *store);
void sim_journal_recover(struct sim *sim, int office, uint32_t collector_epoch);
/* How many entries it let go. */
uint64_t sim_journal_prune(struct sim *sim, int office, esep_time before);
/* sim_keep.c: of every epoch, the oldest first. */
uint64_t sim_keep_prune(struct sim *sim, int office, esep_time before);
/* Whether the last WELCOME said that the collector holds this entry. */
bool sim_keep_holds(const struct sim_journal *journal, uint32_t epoch, uint64_t seq);
void sim_keep_leave(struct sim_journal *journal); /* its epoch is about to be an older one */
/* sim_clerk.c */
void sim_journal_write(struct sim *sim, int office); /* a clerk writes something */

/* An office's connection to a broker, or (office -1) the collector's. */
struct sim_conn {
    int office;
    uint8_t curve[ESEP_KEY_BYTES]; /* the office's, when it was opened */
    int broker;
    bool open;
    bool doomed; /* something was lost on it: nothing more may come */
    uint32_t broker_generation;
    size_t up_waiting, down_waiting; /* frames under way, to the broker and from it */
    esep_time up_last, down_last;
};
/* Which older epoch the core is over, where it is not the present one. */
struct sim_older {
    uint32_t epoch; /* 0: the present one */
    uint64_t through;
    uint64_t held_seq; /* of it, as WELCOME said */
    uint32_t passed;   /* with this held_head */
    struct esep_hash held_head;
    uint64_t brought;
};

#define SIM_ROTATIONS 6
struct sim_rotation {
    uint32_t epoch; /* the first of this key */
    uint8_t sign_public[ESEP_KEY_BYTES];
};

struct sim_office {
    struct sim_node node; /* first */
    uint32_t number;
    const char *body;
    struct esep_sign_key sign;
    uint8_t curve[ESEP_KEY_BYTES];
    struct agent *core;
    struct agent_config config;
    struct sim_journal journal;
    struct sim_older older;
    bool rotating; /* keys are to follow: sim_keys.c */
    struct esep_sign_key next_sign;
    uint8_t next_curve[ESEP_KEY_BYTES], first_public[ESEP_KEY_BYTES];
    struct sim_rotation rotations[SIM_ROTATIONS];
    struct sim_journal backups[SIM_BACKUPS];
    size_t rotation_count, backup_count;
    uint64_t conn; /* 0: none */
    esep_time blocked_until;
    bool cut_up, cut_down;  /* its line, either way */
    uint32_t cut_brokers;   /* bit i: not to that one, a partition */
    bool broken, reopening; /* the journal failed: another core, soon */
    bool files_due;         /* the core may not have heard of all files */
    bool draining;
    esep_time disk_bad_until, disk_full_until, disk_slow_until;
    struct esep_slice inbox[2 * SIM_SOCKET_FRAMES];
    size_t inbox_count;
    size_t heard_durable;
    enum agent_state said;
    bool person_coming;
    uint64_t written, writes, restores, recoveries, connects; /* these before a silence */
    bool revoked;                                             /* the order was given */
    const struct agent_store *storing;                        /* the core's, until on_stored */
    bool villain;                                             /* has no core: sim_malice.c */
    struct esep_slice good, rotten; /* of one entry, before a bit flipped and after */
    bool cloned;                    /* there was another machine of it */
    esep_time foreign_since;        /* nobody speaks its version; 0: somebody does */
    bool told_version;              /* ... and it was told so */
    bool refused_version;           /* its core says so just now */
    bool unknown;                   /* ... or that it is not enrolled */
    struct agent_meter spent;       /* in its file of the budget */
    struct agent_meter really;      /* bytes of frames: sim_rules.c */
    uint64_t unkept, forgot;        /* that came in since, and of these what crashes lost */
    bool linked, pushed;            /* it calls; a person said that its line is up ... */
    esep_time pushed_at, due_at;    /* ... then; what its core was told is due */
    esep_time shut_at;              /* nothing excuses its link since; ESEP_TIME_NEVER */
};

struct sim_broker {
    struct sim_node node; /* first */
    struct broker *core;
    uint8_t curve[ESEP_KEY_BYTES];
    struct broker_config config;
    bool draining;
    uint32_t lies;             /* per million, of each frame passed on */
    esep_time withholds_until; /* ... it keeps back what one office, or everybody (-1), sends or */
    int withholds_office;      /* gets of these kinds */
    uint32_t withholds_kinds;
    struct esep_slice kept_up[SIM_KEPT_FRAMES], kept_down[SIM_KEPT_FRAMES];
    size_t kept_up_count, kept_down_count;
    size_t durable; /* of the message in hand */
    int in_hand;    /* whose it is */
};

struct sim_link {
    uint64_t conn; /* 0: none */
    uint32_t failures;
    bool cut;
    esep_time waits_since, stuck_since;
};
struct sim_collector {
    struct sim_node node; /* first */
    struct collector *core;
    struct collector_config config;
    struct signing signing; /* the log's signer, a process of its own */
    struct views *views;
    struct sim_disk disk;
    struct sim_disk backups[SIM_BACKUPS];
    esep_time backup_at[SIM_BACKUPS];
    int backup_offices[SIM_BACKUPS]; /* so many offices had been enrolled */
    size_t backup_count;
    bool aside; /* a store of before an enrolment stands in for the one that was put aside */
    struct sim_link links[SIM_BROKERS];
    const struct collector_batch *batch; /* STORE not yet answered */
    bool committed;                      /* ... it is on the disk, and its head is not signed yet */
    bool full, draining, receipts_alone; /* are kept back: sim_silence.c */
    esep_time drain_until;
    esep_time disk_bad_until, disk_full_until, disk_slow_until, silent_since, silent_until;
    uint64_t order_token;
    uint32_t plan_revision;
    uint64_t commits, restores, rotten_index;
    struct esep_slice good, rotten; /* the body of that entry, before a bit flipped and after */
    uint64_t opened, began_with;    /* cores over the store so far; entries that the last found */
    struct collector_mailbox mailbox;
};

/* sim_truth.c: what is on the disk, office by office, and what every office ever wrote. */
struct sim_chain {
    struct esep_hash *hashes; /* [1] is the first */
    uint64_t *indexes;
    uint64_t count;
    size_t cap;
};
struct sim_written {
    uint32_t epoch;
    uint64_t seq;
    struct esep_hash chain;
    struct esep_slice bytes;
    struct esep_hash name;
    int key;                   /* a report of which obligation, -1: none */
    Esep__V1__Verdict verdict; /* when it first was in a log; 0: never yet */
    uint64_t rules;            /* ... and by which plans and rights, and when, that was */
    esep_time judged_at;
};
#define SIM_ALERT_SLOTS (1u << 14)
struct sim_truth {
    struct sim_chain chains[SIM_OFFICES][SIM_EPOCHS];
    uint32_t epoch[SIM_OFFICES];
    bool revoked[SIM_OFFICES];
    uint64_t revoked_at[SIM_OFFICES];
    struct sim_written *written[SIM_OFFICES];
    size_t written_count[SIM_OFFICES], written_cap[SIM_OFFICES];
    uint64_t alerts[SIM_ALERT_SLOTS];
    size_t alert_count;
    uint64_t receipts, proofs, entries, promises, refusals, alarms;
    uint64_t mail_stored[SIM_OFFICES]; /* the newest number an office ever stored */
    struct sim_model *model;
    uint64_t receipts_sent; /* opened on their way, and held against the disk */
    struct esep_buf plain;
    struct esep_arena arena;
};
void sim_truth_start(struct sim *sim);
void sim_truth_done(struct sim *sim);
void sim_truth_written(struct sim *sim, int office, uint32_t epoch, const struct sim_entry *entry);
void sim_truth_record(struct sim *sim, uint64_t index); /* just reached the disk */
void sim_truth_rebuild(struct sim *sim);                /* the disk was restored */
void sim_truth_receipt(struct sim *sim, int office, const struct esep_receipt *receipt);
void sim_truth_proof(struct sim *sim, int office, const struct agent_proof *proof);
void sim_truth_trees(struct sim *sim); /* what each office has seen of the log */
void sim_truth_replay(struct sim *sim);
/* sim_store.c */
void sim_truth_store(struct sim *sim, int office, const struct agent_store *store);
/* The uplink wants a person who says `recover`. */
void sim_truth_stopped(struct sim *sim, int office, const struct agent_status *status);
void sim_truth_marks(struct sim *sim, int office); /* the core's are not ahead of the journal's */
void sim_truth_bounds(struct sim *sim);
bool sim_truth_converged(struct sim *sim, char *why, size_t len);
void sim_truth_end(struct sim *sim);

/* sim_bounds.c */
struct sim_quiet {
    esep_time since;
    const struct agent *cores[SIM_OFFICES];
    uint64_t frames[SIM_OFFICES], entries[SIM_OFFICES], mail[SIM_OFFICES];
};
void sim_bounds_sent(struct sim *sim, struct esep_slice frame); /* the collector lets it go */
void sim_bounds_look(struct sim *sim);
/* Of one of them, after each event and before what follows from it. */
void sim_bounds_office(struct sim *sim, int office);
void sim_bounds_broker(struct sim *sim, int broker);
void sim_bounds_collector(struct sim *sim);
struct sim_quiet sim_bounds_quiet_begin(const struct sim *sim);
void sim_bounds_quiet_end(struct sim *sim, const struct sim_quiet *quiet);

/* sim_model.c: what the log means, said a second time and independently of the views. */
void sim_model_start(struct sim *sim);
void sim_model_done(struct sim *sim);
void sim_model_entry(struct sim *sim, uint64_t index, const struct esep_leaf *leaf,
                     struct esep_slice body); /* just reached the disk */
/* An obligation may come back to a day that it was due on before: which time it is. */
unsigned sim_model_turn(struct sim *sim, const char *obligation, esep_time due);
/* Another number where the plans in the log hand over otherwise, or the office has other rights. */
uint64_t sim_model_rules(const struct sim *sim, uint32_t office);
void sim_model_look(struct sim *sim);                               /* is an alert missing? */
void sim_model_compare(struct sim *sim, const struct views *views); /* made of the same entries */
void sim_model_end(struct sim *sim);

/* What the plan says of a body's end. */
#define SIM_BODIES 5
struct sim_heir {
    int to;                /* place of its successor; -1: it stays */
    esep_day last;         /* its last day */
    esep_day first;        /* of the successor, where that is said; 0 */
    uint32_t since, until; /* which revisions of the plan say so */
};

/* Rates are per million, of each occasion. */
struct sim_profile {
    const char *name;
    uint32_t loss, repeat, reorder, corrupt, stall; /* of frames, at most */
    uint32_t cuts;                                  /* of lines and links, each tick */
    uint32_t crashes;                               /* of a node, each tick */
    uint32_t crash_steps;                           /* after any effect */
    uint32_t lies;
    uint32_t disks;    /* faults of a disk, each tick */
    uint32_t clocks;   /* jumps, each tick */
    uint32_t restores; /* of a backup, each tick */
    uint32_t revokes;
    uint32_t pauses;              /* of a process, each tick */
    uint32_t orderly;             /* TERM and HUP, each tick */
    uint32_t clones;              /* of an office, each tick */
    uint32_t prunes;              /* of a journal, each tick */
    uint32_t rot;                 /* flipped bits, each tick */
    uint32_t versions;            /* of a machine's software, each tick */
    uint32_t enrols;              /* that offices enrol, of a run */
    uint32_t malice;              /* that one of the offices means harm, of a run */
    uint32_t windows;             /* that an office has windows, of each office */
    uint32_t metered;             /* ... and a day's budget */
    uint32_t rotations, silences; /* of an office's keys, of the collector, each tick */
};
extern const struct sim_profile sim_profiles[];
extern const size_t sim_profile_count;

/* What a run is made of: it says all that `again` needs. */
struct sim_recipe {
    uint64_t seed;
    const struct sim_profile *profile;
    bool print;
    int offices_max, brokers_max; /* 0: as drawn */
    esep_time until;              /* the faults end then at the latest; 0: as drawn */
    const struct sim_mask *mask;  /* NULL: everything happens */
    uint64_t planted[SIM_DEEDS];  /* fails once so many of each have happened: tests the tools */
    bool planted_aborts;          /* ... by abort() */
};

struct sim {
    uint64_t seed;
    const struct sim_profile *profile;
    const struct sim_recipe *recipe;
    bool print;
    uint64_t asked[SIM_DEEDS], done[SIM_DEEDS];
    uint64_t ticks, orders_given;
    esep_time start, now, faults_end;
    bool calm; /* the faults are over */
    struct esep_prng prng;
    uint64_t trace[2];
    uint64_t steps, lines;
    struct sim_event **heap;
    size_t heap_count, heap_cap;
    uint64_t orders;
    void *chunks;
    size_t chunk_used;
    struct esep_hash log_id;
    struct esep_sign_key log_key;
    struct esep_box_key seal_key;
    struct sim_office offices[SIM_OFFICES];
    struct sim_broker brokers[SIM_BROKERS];
    int office_count, broker_count;
    struct sim_collector collector;
    struct sim_conn *conns; /* [1] is the first */
    size_t conn_count, conn_cap;
    struct sim_heir heirs[SIM_BODIES]; /* whom each body of the plan hands over to */
    bool hands_over, ruled;            /* ... if any does; whether offices get other rights */
    char keys[SIM_KEYS][ESEP_OBLIGATION_KEY_MAX];
    char key_bodies[SIM_KEYS][ESEP_BODY_CODE_MAX];
    int key_count;
    struct sim_files *files;
    struct sim_truth truth;
    uint64_t tallies[SIM_TALLIES];
    struct sim_villain *villain;
    uint64_t turns;  /* of the villain */
    uint64_t clones; /* so far */
    struct sim_candidate *candidate;
    uint64_t enrol_turns;
    /* drawn for this run */
    uint32_t loss, repeat, reorder, corrupt, stall, crash_steps;
    esep_time keep; /* a journal what has its receipt, and people no older backups of the store */
    esep_time latency, write_every, order_every, heartbeat;
    /* Said by sim_fail; the parent process reads it here, and tells (tool.h). */
    const char *failed_check;
    char failure[600];
};

/* Whose entries they are: of a clone, those of the office it is a copy of. */
static inline int sim_identity(const struct sim *sim, int office)
{
    return (int)sim->offices[office].number - 1;
}

static inline void sim_count(struct sim *sim, enum sim_tally tally)
{
    sim->tallies[tally]++;
}

static inline bool sim_crashes_here(struct sim *sim)
{
    return !sim->calm && sim_strikes(sim, sim->crash_steps, SIM_STEP);
}

static inline bool sim_paused(const struct sim *sim, const struct sim_node *node)
{
    return sim->now < node->paused_until;
}

static inline bool sim_cut(const struct sim *sim, int office, int broker, bool up)
{
    const struct sim_office *o = &sim->offices[office];
    return (up ? o->cut_up : o->cut_down) || (o->cut_brokers >> broker & 1) != 0;
}

/* sim_plan.c */
const struct esep_zone *sim_zone(void *context, const char *name);
extern const struct views_limits sim_limits;
struct esep_slice sim_plan(struct sim *sim, uint32_t revision); /* packed Plan */
void sim_draw_heirs(struct sim *sim);
/* Whether one of the two bodies hands over to the other, by itself or through others, ever. */
bool sim_akin(const struct sim *sim, const char *body, const char *other);
void sim_found(struct sim *sim); /* GENESIS, plan, offices: on the disk before anything runs */

/* sim_net.c */
uint64_t sim_conn_open(struct sim *sim, int office, int broker);
void sim_conn_close(struct sim *sim, uint64_t conn);
struct sim_conn *sim_conn(struct sim *sim, uint64_t conn);
/* ESEP_AGAIN: its queue is full. */
enum esep_status sim_send_up(struct sim *sim, uint64_t conn, struct esep_slice frame);
enum esep_status sim_send_down(struct sim *sim, uint64_t conn, struct esep_slice frame,
                               size_t durable);
/* Between broker and collector, in order. ESEP_AGAIN: its queue is full. */
enum esep_status sim_send_link(struct sim *sim, int broker, bool up, const struct esep_slice *parts,
                               size_t count, size_t durable);

/* The shells. */
void sim_office_start(struct sim *sim, int office);
void sim_office_crash(struct sim *sim, int office);
void sim_office_pump(struct sim *sim, int office);
sim_fire_fn sim_office_reopen; /* another core, over what is on the disk */
struct agent_journal sim_older_start(const struct sim_office *office);
void sim_older_look(struct sim *sim, struct sim_office *office);
void sim_office_frame(struct sim *sim, int office, struct esep_slice frame, size_t durable);
void sim_office_hang_up(struct sim *sim, int office, bool tell);
void sim_office_restore(struct sim *sim, int office, size_t backup);
void sim_office_drain(struct sim *sim, int office);  /* TERM */
void sim_office_reload(struct sim *sim, int office); /* HUP */
void sim_office_look(struct sim *sim, int office);   /* commands have written to the journal */
void sim_broker_start(struct sim *sim, int broker);
void sim_broker_drain(struct sim *sim, int broker);
void sim_broker_reload(struct sim *sim, int broker, bool tight); /* HUP: other limits */
void sim_broker_crash(struct sim *sim, int broker);
void sim_broker_pump(struct sim *sim, int broker);
/* A liar passes an office's frame on past its own core, whatever the roster says. */
bool sim_broker_smuggles(struct sim *sim, int broker, uint64_t conn, struct esep_slice frame);
bool sim_broker_smuggles_down(struct sim *sim, int broker, const struct sim_event *event);
void sim_collector_start(struct sim *sim);
void sim_collector_crash(struct sim *sim);
void sim_collector_pump(struct sim *sim);
void sim_collector_drain(struct sim *sim);
void sim_collector_reload(struct sim *sim); /* HUP: other operators, so another core */
void sim_collector_link_down(struct sim *sim, int broker);
void sim_collector_restore(struct sim *sim, size_t backup);
void sim_collector_order(struct sim *sim); /* the secretariat does something */
void sim_collector_revoke(struct sim *sim, int office);
/* Orders of the operator; nothing happens where ingest does not take any. */
void sim_order_code(struct sim *sim, const char *body, const struct esep_hash *code, bool accept);
void sim_order_accept(struct sim *sim, uint32_t office);
struct views *sim_views_load(struct sim *sim);

/* sim_files.c: what reports name. */
struct sim_attached {
    size_t count;
    int files[SIM_ATTACHED_MAX];
    char name[16];
    Esep__V1__AttachmentRef refs[SIM_ATTACHED_MAX], *list[SIM_ATTACHED_MAX];
};
void sim_files_start(struct sim *sim);
void sim_files_config(struct collector_config *config);
size_t sim_files_attach(struct sim *sim, struct sim_attached *ret);
void sim_files_named(struct sim *sim, int office, const struct sim_attached *attached);
void sim_files_look(struct sim *sim, int office); /* tells the core, where files_due says so */
void sim_files_read(struct sim *sim, int office, const struct agent_effect *effect);
void sim_files_stored(struct sim *sim, int office, const struct agent_store *store);
void sim_files_effect(struct sim *sim, const struct collector_effect *effect);
void sim_files_restored(
    struct sim *sim);               /* the store came from a backup; the folder as it may be */
collector_file_fn sim_files_lookup; /* context: the sim */
collector_lacking_fn sim_files_lacking;
void sim_files_crash(struct sim *sim); /* the collector's core has gone, or its power */
bool sim_files_converged(struct sim *sim, int office, char *why, size_t len);

/* sim_rules.c: windows and budgets, told a second time. */
void sim_rules_draw(struct sim *sim, int office);
void sim_rules_due(struct sim *sim, int office);    /* something was written that is due */
void sim_rules_pushed(struct sim *sim, int office); /* a person says: now */
void sim_rules_connects(struct sim *sim, int office);
void sim_rules_hangs_up(struct sim_office *office);
void sim_rules_sent(struct sim *sim, int office, struct esep_slice frame);
void sim_rules_came(struct sim *sim, int office, struct esep_slice frame);
void sim_rules_keep(struct sim_office *office, const struct agent_meter *spent);
void sim_rules_crash(struct sim_office *office);
void sim_rules_look(struct sim *sim, int office);   /* after an event, before what follows */
void sim_rules_looked(struct sim *sim, int office); /* after all of it */

/* sim_run.c: one seed from beginning to end. */
void sim_draw_agent(struct sim *sim, int office);
void sim_writes_start(struct sim *sim, int office); /* its clerks begin */
void sim_run(const struct sim_recipe *recipe, struct sim *ret);
void sim_done(struct sim *sim);

#include "sim_world.h"

#endif
