/* tests/unit/agent/core_world.h - a journal in memory, a model of the collector, a link between.
 *
 * The model knows the protocol from docs/protocol.md and lib/wire alone; it shares no code with
 * either core. It keeps what a collector would have on disk (held, heads, mail) apart from what
 * dies with a session. The link holds frames in two queues that a test may drop, repeat or swap.
 * The office is an agent core over a journal in memory; office_crash forgets the core and starts
 * another from what was stored. Nothing here draws randomness but from the world's own seed.
 */
#ifndef TEST_CORE_WORLD_H
#define TEST_CORE_WORLD_H

#include "agent/agent.h"
#include "agent/entry.h"
#include "base/arena.h"
#include "fake_log.h"
#include "wire/session.h"
#include "wire/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

#define WORLD_ENTRIES_MAX 4096u
#define WORLD_FRAMES_MAX 256u
#define WORLD_MAILS_MAX 64u
#define WORLD_OFFICE 7u

struct world_entry {
    uint8_t *data;
    size_t len;
    struct esep_hash chain;
};
struct world;
struct world_queue {
    struct world_frame {
        uint8_t *data;
        size_t len;
    } frames[WORLD_FRAMES_MAX];
    size_t count;
};

/* The collector, as far as one office can tell. */
struct model {
    struct esep_hash log_id;
    struct esep_sign_key log_key; /* the newest of ... */
    struct esep_log_keys log_keys;
    bool tells_no_keys; /* of before there were several */
    struct esep_box_key seal_key;
    /* durable */
    uint32_t epoch;
    uint64_t seq;
    struct esep_hash heads[WORLD_ENTRIES_MAX + 1]; /* chain[n] of what is held */
    struct fake_log log;
    uint64_t log_size; /* it has so many entries, or will when the next one comes */
    uint64_t mail_last;
    size_t mail_bytes; /* of each item */
    uint64_t mail_acked;
    uint64_t promised;
    /* of the session */
    struct esep_session session;
    bool open;
    uint64_t received;
    uint64_t credit;
    struct esep_hash waiting[WORLD_ENTRIES_MAX + 1];
    uint64_t tail; /* waiting: seq + 1 .. tail */
    uint64_t mail_sent;
    bool pulled;
    uint64_t pull_through;
    uint64_t tree_seen; /* by the office */
    /* how it behaves */
    uint64_t window;
    uint32_t frame_bytes_max;
    size_t mail_part;
    bool mute_receipts;
    bool no_receipt_after_welcome;
    bool wrong_head;                           /* in receipts */
    bool wrong_key;                            /* likewise */
    void (*spoil)(Esep__V1__Welcome *welcome); /* before it is sent */
    /* OFFER and CHUNK; NULL: a collector of the old make. Gets the session's frames only. */
    void (*on_file)(struct world *w, Esep__V1__Kind kind, const ProtobufCMessage *message);
    /* what it saw */
    uint64_t hellos, batches, heads_alone, refusals, repeats, alarms, pulls, pings, frames_too_long;
    uint64_t ping_through; /* of the last one */
    uint64_t seed;
    esep_time last_accepted;
    struct esep_commitment last_commitment;
};

struct world {
    struct model model;
    struct agent *agent;
    struct agent_config config;
    struct esep_sign_key office_key;
    /* the journal */
    struct world_entry entries[WORLD_ENTRIES_MAX + 1]; /* by sequence */
    uint64_t last;
    struct agent_journal disk;
    struct esep_receipt receipts[4096];
    size_t receipt_count;
    uint64_t mail_index[WORLD_MAILS_MAX + 1]; /* log index by number, 0: not here */
    uint64_t mails_stored;
    struct agent_view view;
    struct esep_evidence evidence[64]; /* stored */
    size_t evidence_count;
    struct agent_entry lent[256];
    enum esep_status store_answer; /* ESEP_OK: store */
    enum esep_status read_answer;
    enum esep_status file_answer;
    size_t file_lacks;             /* bytes, at the end of what is read of a file */
    bool hold_files;               /* leave READ_FILE unanswered ... */
    struct agent_effect file_held; /* ... this one */
    uint64_t file_reads;
    bool hold_stores;    /* leave STORE unanswered ... */
    uint64_t held_store; /* ... its token */
    const struct agent_store *held;
    /* the link */
    struct world_queue up, down;
    bool connected;
    bool refuse_connect;
    uint32_t connects;
    uint32_t broker;
    bool socket_full;
    size_t socket_frames; /* it takes so many */
    esep_time now;
    struct esep_prng prng;
    struct esep_arena arena;
    struct esep_buf plain, frame;
    uint32_t notifies, keeps;
    struct agent_checkpoint split; /* stored */
    uint32_t splits;
    struct agent_ingress notes[16]; /* stored */
    size_t note_count;
    /* A broker that looks at what it passes on; true: it goes no further. NULL: it never does. */
    bool (*broker_takes)(struct world *w, struct esep_slice frame);
};

struct world *world_new(uint64_t seed);
void world_free(struct world *w);
/* The office. */
void office_write(struct world *w, size_t len); /* one entry; the agent is told if there is one */
void office_start(struct world *w);
void office_crash(struct world *w);   /* forget the core, start another from disk */
void office_effects(struct world *w); /* carry out all that wait */
void office_store_now(struct world *w, enum esep_status status); /* answer the held STORE */
void office_advance(struct world *w, esep_time by);
/* Lets time pass to the next deadline (at most `most`), and says so. */
void office_sleep(struct world *w, esep_time most);
struct agent_status office_status(const struct world *w);
/* A file's byte at a place: what READ_FILE brings. */
uint8_t office_file_byte(const struct agent_file *file, uint64_t at);
void office_read_now(struct world *w, const struct agent_effect *effect); /* answer READ_FILE */
/* The link. */
void queue_push(struct world_queue *q, struct esep_slice frame);
void queue_drop(struct world_queue *q, size_t at);
void queue_clear(struct world_queue *q);
void link_break(struct world *w);
bool link_up_one(struct world *w);   /* one frame to the model */
bool link_down_one(struct world *w); /* one frame to the agent */
/* Both ways until nothing moves. */
void world_run(struct world *w);
/* Runs, and lets time pass, until `done` says so or too much time has gone. */
bool world_until(struct world *w, bool (*done)(const struct world *), esep_time most);
bool world_all_receipted(const struct world *w);
/* The model. */
void model_on_frame(struct world *w, struct esep_slice frame);
void model_forget_session(struct world *w);
void model_refuse(struct world *w, Esep__V1__RefusalReason reason, bool is_signed,
                  uint32_t retry_after_ms);
void model_mail(struct world *w, uint64_t count); /* so many new items */
/* Seals a message of the test's own, or whatever stands in w->plain. */
void model_send(struct world *w, Esep__V1__Kind kind, const ProtobufCMessage *message);
void model_send_plain(struct world *w, Esep__V1__Kind kind);
void model_receipt(struct world *w, uint64_t through);
/* The proof for a receipt of its own, as of an office that commits to that head. */
void model_prove(struct world *w, const struct esep_receipt *r, struct fake_proof *ret);
/* Its log has another key from the next head on. */
void model_rotate(struct world *w);
/* It is put back to an earlier moment: another generation of its log, of so many entries. */
void model_restore(struct world *w, uint64_t seq, uint64_t log_size);

#endif
