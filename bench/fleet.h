/* bench/fleet.h - many offices in one process and one thread, playing against a site.
 *
 * Two kinds of player share this frame. player_core.c drives the real uplink core (agent/agent.h)
 * over an in-memory journal: backlog and lone. player_wire.c speaks the wire itself, with heads
 * signed beforehand, so that each report is a frame of its own and so many are under way: single.
 * The core would sign each such frame when it is sent, on the office's own machine; here that
 * machine is the one under test.
 *
 * Latency: backlog and single from the moment the socket took the frame, lone from the moment the
 * report was in the journal, until its receipt was opened and held against the chain.
 */
#ifndef BENCH_FLEET_H
#define BENCH_FLEET_H

#include "base/arena.h"
#include "bench/histogram.h"
#include "bench/journal.h"
#include "wire/session.h"

struct event_base;
struct event;

enum bench_mode { BENCH_BACKLOG, BENCH_SINGLE, BENCH_LONE, BENCH_MODES };
extern const char *const bench_mode_names[BENCH_MODES];

struct bench_load {
    enum bench_mode mode;
    uint32_t offices;
    uint64_t entries;   /* of each office */
    uint32_t in_flight; /* single: over all offices */
    bool check_chain;   /* the core hashes entries again as it reads them, as a disk demands */
    bool compress;      /* the core packs its frames */
    uint64_t warm_up;   /* lone: reports not counted */
};
struct bench_outcome {
    struct bench_load load;
    uint64_t reports;
    double seconds;
    double rate; /* durable receipts a second */
    double p50_ms, p99_ms;
    uint64_t commits;
    double entries_a_commit;
    double cpu_us;    /* of all three processes, for one report */
    double prepare_s; /* before the clock ran */
    uint64_t frames;
    uint64_t receipts;
    struct bench_usage broker, collector, generator; /* in the timed part; rss: since the start */
};

struct bench_flight {
    uint64_t last_seq;
    esep_time sent_at;
};
#define BENCH_FLIGHTS 8192u

struct bench_fleet;
struct bench_player {
    struct bench_fleet *fleet;
    const struct bench_identity *who;
    struct bench_journal journal;
    struct esep_zsock *socket;
    bool blocked;
    bool pumping;
    uint64_t receipted;
    uint32_t flight_first, flight_count;
    struct bench_flight flights[BENCH_FLIGHTS];
    /* core */
    struct agent *core;
    uint64_t appended;
    /* wire */
    struct esep_session session;
    struct esep_buf plain, frame;
    struct esep_arena arena;
    bool frame_due, welcomed;
    uint64_t sent, credit, used;
    uint32_t window;
    struct esep_buf
        kept; /* receipts, each behind its length: followed once the clock has stopped */
};
struct bench_fleet {
    const struct bench_site *site;
    struct bench_load load;
    struct event_base *base;
    struct event *tick;
    void *zmq;
    uint32_t count;
    struct bench_player **players;
    uint32_t welcomed, finished;
    bool running;
    bool failed;
    struct esep_reason reason;
    struct bench_histogram *latency;
    uint64_t frames, receipts;
    double ended_at;
};

ESEP_MUST_USE enum esep_status bench_load_run(struct bench_site *site,
                                              const struct bench_load *load,
                                              struct bench_outcome *ret,
                                              struct esep_reason *reason);

/* fleet.c: what players tell. */
void bench_fleet_fail(struct bench_fleet *fleet, const char *format, ...) ESEP_PRINTF(2, 3);
void bench_sent(struct bench_player *player, uint64_t last_seq, esep_time at);
void bench_receipted(struct bench_player *player, uint64_t through);
ESEP_MUST_USE enum esep_status
bench_dial(struct bench_player *player, void (*readable)(struct esep_zsock *, void *),
           void (*writable)(struct esep_zsock *, void *),
           void (*event)(struct esep_zsock *, enum esep_zsock_event, const char *, void *));
/* player_core.c */
ESEP_MUST_USE enum esep_status bench_core_new(struct bench_player *player,
                                              struct esep_reason *reason);
void bench_core_start(struct bench_player *player);
void bench_core_tick(struct bench_player *player);
void bench_core_next(struct bench_player *player); /* lone: one more report */
void bench_core_free(struct bench_player *player);
/* player_wire.c */
ESEP_MUST_USE enum esep_status bench_wire_new(struct bench_player *player,
                                              struct esep_reason *reason);
ESEP_MUST_USE enum esep_status bench_wire_connect(struct bench_player *player);
void bench_wire_start(struct bench_player *player);
ESEP_MUST_USE enum esep_status bench_wire_verify(struct bench_player *player,
                                                 struct esep_reason *reason);
void bench_wire_free(struct bench_player *player);

#endif
