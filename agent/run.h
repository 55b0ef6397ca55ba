/* agent/run.h - the shell around the uplink core, in parts: what they share.
 *
 * run.c starts, reopens and stops; run_effects.c carries out what the core asks for: the socket,
 * the journal, what `status` shows; run_files.c brings the files that reports name; run_line.c
 * watches a connection that is stuck; run_rules.c knows the day's budget across restarts, what is
 * due, and the zone; run_sandbox.c gives up what the daemon does not need; run_older.c sends what
 * an older epoch owes; run_keys.c renews the keys; page/ serves the office's page from the same
 * loop. One thread, the loop's.
 *
 * Invariant: the socket is the one of the core's last CONNECT, or NULL.
 */
#ifndef AGENT_RUN_H
#define AGENT_RUN_H

#include "agent/journal.h"
#include "agent/settings.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/zsock.h"

#define AGENT_RUN_READ_ENTRIES_MAX 4096
#define AGENT_RUN_REOPEN_AFTER (10 * ESEP_SECOND)

struct agent_wake;
struct esep_relay;
struct esep_blobs;
struct page;
struct event;

/* Which older epoch the core is over, where it is not the present one; see run_older.c. */
struct agent_run_older {
    uint32_t epoch;   /* 0: the present one */
    uint64_t through; /* receipted */
    uint64_t held_seq;
    struct esep_hash held_head; /* the collector's, at held_seq of it */
    uint32_t
        passed; /* older epochs through here are not tried again with this held_head; 0: none */
};

/* The connection at hand, on the monotonic clock; see run_line.c. */
struct agent_run_line {
    uint64_t moved;
    esep_time moved_at;
    bool knocking;
    int knock;
    esep_time knocked_at;
    esep_time answered_at; /* 0: no knock was */
    uint64_t taken;        /* by TCP, when last looked at */
    uint64_t handed;       /* bytes of frames that libzmq has and TCP had not */
    bool paced;            /* the core knows of `held` */
    bool held;             /* enough of it waits in the socket: no more files */
};

struct agent_run {
    const char *config_file;
    struct agent_settings *settings;
    struct esep_clock clock;
    struct esep_loop *loop;
    void *zmq;
    struct esep_sign_key sign_key;
    struct esep_curve_key curve;
    struct journal journal;
    struct esep_blobs *files;      /* NULL until something is read from it */
    struct esep_hash file_checked; /* read whole, and sound, last */
    uint8_t file_bytes[65536];     /* of one chunk */
    bool files_due;                /* there may be files that the core has not heard of */
    bool files_again;              /* those with a receipt, too, were told to this core */
    bool due_again;                /* what is due may be another than the core knows */
    esep_time zone_at;             /* tzdata is looked at again then */
    struct agent *core;
    struct esep_zsock *socket;
    struct esep_relay *relay; /* what the socket dials where there is a proxy; else NULL */
    struct agent_run_line line;
    struct agent_wake *wake;
    struct page *page; /* NULL: none is served */
    struct event *poll;
    struct agent_head seen; /* the journal's head, as last looked at */
    uint32_t epoch;         /* the core's */
    struct agent_run_older older;
    struct agent_status told; /* what the state file says */
    char gone[256];           /* why the last socket ended, as libzmq or the relay tells */
    struct esep_buf read_bytes;
    struct agent_entry *read_entries;
    size_t read_count;
    size_t read_bytes_max;
    uint64_t told_receipted; /* in the log */
    bool rotating;           /* the core was made with what `keys rotate` wrote */
    bool keys_asked;         /* mail came that asks for new ones */
    bool pumping;
    bool blocked; /* a SEND waits for the socket */
    bool draining;
    bool broken;         /* the journal failed, or has a new epoch: open it again ... */
    esep_time reopen_at; /* ... then, on the monotonic clock */
    esep_time prune_at;
    uint64_t oldest; /* entry held */
    int exit_code;
};

esep_time agent_run_now(const struct agent_run *run);
/* The core is done for; a new one begins with what is on the disk, after `wait`. */
void agent_run_give_up_core(struct agent_run *run, esep_time wait);
void agent_run_hang_up(struct agent_run *run);
/* run_line.c: looks whether the connection is stuck while the line is there; it is let go. */
void agent_run_line_look(struct agent_run *run);
void agent_run_line_leave(struct agent_run *run);
/* Files wait while enough is in the socket: looked at before each effect, and this often. */
void agent_run_line_pace(struct agent_run *run);
#define AGENT_RUN_PACE_EVERY (ESEP_SECOND / 10)
/* run_older.c: what the next core starts from, and which epoch it must be over. */
ESEP_MUST_USE enum esep_status agent_run_load(struct agent_run *run, struct agent_journal *ret,
                                              struct esep_reason *reason);
void agent_run_look_at_epochs(struct agent_run *run);
/* run_keys.c: the present keys into the config, and those that follow; what `keys rotate` wrote;
 * what became of it. */
ESEP_MUST_USE enum esep_status agent_run_keys(struct agent_run *run, const struct agent_settings *s,
                                              const struct journal_identity *identity,
                                              struct agent_config *config,
                                              struct esep_reason *reason);
void agent_run_look_at_wanted_keys(struct agent_run *run);
void agent_run_look_at_rotation(struct agent_run *run);
/* Mail may ask for new keys. */
void agent_run_look_at_request(struct agent_run *run);
/* run_files.c: what the journal names goes to the core, where files_due says so; READ_FILE. */
void agent_run_files_look(struct agent_run *run);
void agent_run_file_read(struct agent_run *run, const struct agent_effect *effect);
void agent_run_files_close(struct agent_run *run);
/* run_rules.c: what a core begins with; KEEP; what the core cannot know by itself. */
void agent_run_spent(const struct agent_run *run, struct agent_meter *ret);
void agent_run_keep(struct agent_run *run, const struct agent_meter *spent);
void agent_run_rules_look(struct agent_run *run);
/* How far the sending is: not worth a NOTIFY, but `status` shows it. */
void agent_run_tell_progress(struct agent_run *run);
/* What people see, with what the socket knows of a connection that did not come about. */
void agent_run_status(const struct agent_run *run, struct agent_status *ret);
/* A person says that the link is up. */
void agent_run_try_now(struct agent_run *run);
/* Carries out every effect there is and sets the loop's deadline. */
void agent_run_pump(struct agent_run *run);

/* run_sandbox.c: before the first thread; before the loop. A kernel that cannot is said, and does
 * not matter. */
ESEP_MUST_USE enum esep_status agent_run_keep_to_folders(const struct agent_run *run,
                                                         struct esep_reason *reason);
ESEP_MUST_USE enum esep_status agent_run_keep_to_calls(const struct agent_run *run,
                                                       struct esep_reason *reason);

#endif
