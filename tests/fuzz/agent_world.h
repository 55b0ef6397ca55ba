/* tests/fuzz/agent_world.h - an office's uplink and all that surrounds it: journal, broker, clock.
 *
 * The world holds the true keys of both ends, so that what it says as the collector opens and
 * verifies, and the core's states behind the signatures are reached. It watches everything that
 * comes out (agent_watch.c) and knows the journal's truth to hold it against.
 *
 * Invariant: chain[n] is the hash of entries 1 .. n of this epoch; entries are never changed.
 */
#ifndef FUZZ_AGENT_WORLD_H
#define FUZZ_AGENT_WORLD_H

#include "../unit/agent/fake_log.h"
#include "agent/agent.h"
#include "fuzz.h"
#include "wire/session.h"
#include "wire/unpack.h"

#define WORLD_ENTRIES 64
#define WORLD_MAIL_BYTES 5000
#define WORLD_ENTRY_BYTES 4096 /* the longest: the text is cut from one pool */

struct world {
    struct agent_config config;
    struct esep_box_key seal_key;
    struct esep_sign_key log_key;
    struct fake_log log;
    struct agent_journal journal;                  /* what is durable */
    struct agent_entry entries[WORLD_ENTRIES + 1]; /* by sequence, from 1 */
    struct agent *agent;
    uint64_t starts;
    esep_time now;
    /* the collector's side */
    struct esep_session collector;
    struct esep_slice next_welcome; /* choices for the next WELCOME */
    bool mute;                      /* no WELCOME by itself */
    struct esep_buf plain, frame, last;
    uint64_t credit_bytes, used_bytes; /* of the session */
    uint64_t next_seq;                 /* the next BATCH begins here; 0: any */
    uint64_t mail_max;                 /* the highest number ever offered or welcomed */
    /* the shell's side */
    bool connected;
    bool blocked;              /* the socket takes nothing now */
    bool refuse_connect;       /* the next CONNECT fails */
    enum esep_status store_as; /* what the next STORE, READ comes to */
    enum esep_status read_as;
    bool store_later; /* STORE and READ are answered by an event of their own */
    uint64_t store_token, read_token, read_from;
    bool storing, reading;
    struct agent_store stored;
    struct agent_mark_copy {
        uint64_t receipted_seq, promised_seq, mail_through;
        struct agent_tree tree;
    } storing_marks;
    struct esep_arena arena;
};

void world_start(struct world *w);
void world_end(struct world *w);
/* A new core on what is durable, as after a crash. */
void world_restart(struct world *w);
/* Carries out effects until there are none, or the socket is blocked. */
void world_pump(struct world *w);
/* Seals as the collector and hands it over; what was sealed stays in w->frame and w->last. */
void world_say(struct world *w, Esep__V1__Kind kind, struct esep_slice plain);
void world_say_message(struct world *w, Esep__V1__Kind kind, const ProtobufCMessage *message);
void world_hear(struct world *w, struct esep_slice frame);
void world_append(struct world *w, struct esep_slice bytes, unsigned count);
void world_answer_store(struct world *w);
void world_answer_read(struct world *w);
void world_welcome(struct world *w, struct esep_slice choices);

/* agent_watch.c: what must hold of each effect. */
void world_watch(struct world *w, const struct agent_effect *effect);
void world_watch_status(const struct world *w);

#endif
