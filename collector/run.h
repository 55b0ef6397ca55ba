/* collector/run.h - the shell around ingest, in parts: what they share.
 *
 * run.c starts and stops; run_effects.c carries out what the core asks for; run_order.c answers the
 * sockets for local orders; run_files.c keeps the files that reports name; run_lacking.c finds
 * those that are gone; run_signer.c has signed what the log's key signs; run_witnesses.c has the
 * log's heads cosigned; run_verify.c hears of who reads the log again in the background;
 * run_figures.c tells what ingest counts; run_reload.c takes a new configuration; run_sandbox.c
 * gives up what ingest does not need; run_alerts.c brings alerts to their recipients. One thread
 * runs the loop; the writer's thread only commits.
 *
 * A failed commit ends the core. The shell then sends what refusals are left, closes the store,
 * opens it anew and checks it, and starts a core from what is on the disk. Nothing is retried.
 */
#ifndef COLLECTOR_RUN_H
#define COLLECTOR_RUN_H

#include "collector/deliver.h"
#include "collector/links.h"
#include "collector/log_signer.h"
#include "collector/round.h"
#include "collector/settings.h"
#include "collector/state.h"
#include "collector/writer.h"
#include "io/clock.h"
#include "io/keyfile.h"
#include "io/loop.h"
#include "io/zsock.h"

#include <stdatomic.h>

/* A REP socket for local orders: that of the operators, or that of the accounts. */
struct run_gate {
    struct run *run;
    struct esep_zsock *socket; /* NULL: the config has none */
    uint64_t token;            /* of the order under way; 0: none */
    void (*order)(struct collector *core, uint64_t token, struct esep_slice order, esep_time now);
};
/* A file on a stick that a command brings record by record; run_bundle.c. */
struct run_bundle {
    struct collector *core; /* that it is being brought to; NULL: none is */
    uint64_t conn;
    uint8_t import[16];
    int64_t heard_at; /* monotonic */
    bool restart;     /* its session is over, through no fault of the file */
    struct esep_reason refused;
    struct esep_buf frames; /* for the office, each behind its length */
};
/* Of a counter of the core's, how much was said, and when (monotonic). */
struct run_said {
    uint64_t count;
    int64_t at;
};
struct run {
    const char *config_file;
    struct collector_settings *settings;
    struct esep_clock clock;
    struct esep_loop *loop;
    void *zmq;
    struct esep_keyfile keys;
    struct log_signer signer;
    uint8_t log_public[ESEP_KEY_BYTES];
    struct collector_state state;
    struct collector *core;
    struct collector_writer *writer;
    struct collector_links *links;
    struct run_bundle bundle;
    uint32_t stick;           /* the core's link for bundles */
    struct run_gate control;  /* operators: who may open the socket may order */
    struct run_gate accounts; /* web: ingest looks up what the account may */
    struct deliver *deliver;
    struct collector_mailbox mailbox;
    struct run_alerts *alerts;
    struct run_files *files;
    struct run_lacking *lacking;
    struct run_verify *verify; /* NULL: it is off */
    struct event *figures;
    struct run_witnesses *witnesses; /* NULL: none are asked */
    uint64_t next_token;
    bool storing; /* the writer has a batch */
    bool draining;
    bool ended; /* the core has; reopen once the writer is idle */
    bool full;
    bool pumping;         /* effects are being carried out further up the stack */
    uint64_t full_room;   /* bytes that were too few when the store was found full */
    esep_time full_check; /* monotonic: when to measure again */
    int64_t stuck_since;  /* monotonic: a link takes no more; 0: none does */
    int64_t drain_until;  /* monotonic: then the loop ends, drained or not */
    int64_t tries_until;  /* monotonic: then a drain waits for no try of a delivery any more */
    struct {
        enum collector_link_state said;
        int64_t since; /* monotonic */
    } link[SETTINGS_BROKERS_MAX];
    uint64_t published_size; /* of the checkpoint beside the store */
    uint64_t published_generation;
    int64_t published_at; /* monotonic; 0: not yet */
    struct run_said unwritten;
    struct run_said unproven;
    int64_t signer_again;     /* monotonic: no statement is asked for before */
    _Atomic bool signer_away; /* the writer's thread waits for it */
    bool signer_missed;       /* the first head waits for the signer, said */
    int exit_code;
};

esep_time run_now(const struct run *run);
/* Carries out every effect there is and sets the loop's deadline. */
void run_pump(struct run *run);
/* A commit came back. */
collector_written_fn run_on_written;

/* The sockets for local orders. A REP socket that got a question takes no other before it gave an
 * answer, so each gets one, whatever became of the core. */
ESEP_MUST_USE enum esep_status run_order_open(struct run *run, struct esep_reason *reason);
void run_order_reply(struct run *run, uint64_t token, struct esep_slice bytes);
void run_order_close(struct run *run);
/* Answers the orders under way, if there are any, with a refusal. */
void run_order_refuse(struct run *run, const char *text);

/* run_signer.c. What is asked in the loop's thread waits two seconds at most, and is not asked
 * again for as long where nobody answered; heads are asked for in the writer's thread. */
bool run_signer_statement(void *context, struct esep_slice statement,
                          uint8_t ret_signature[ESEP_SIGNATURE_BYTES]);
collector_sign_fn run_signer_head;
/* The key, and the head that the store begins with, into the core's configuration. ESEP_AGAIN: the
 * signer is away. ESEP_DENIED: another key's log. ESEP_CORRUPT: it has signed another history than
 * the store's, or more of it. */
ESEP_MUST_USE enum esep_status run_signer_begin(struct run *run, struct collector_config *config,
                                                struct esep_reason *reason);

/* run_checkpoint.c: the file beside the store, if it is time; else in how long. */
#define RUN_CHECKPOINT "checkpoint"
esep_time run_checkpoint_publish(struct run *run);

/* run_witnesses.c: asks the witnesses of the configuration. */
ESEP_MUST_USE enum esep_status run_witnesses_open(struct run *run, struct esep_reason *reason);
void run_witnesses_close(struct run *run);
/* Tells the core, or a new one, what they have signed. */
void run_witnesses_tell(struct run *run);
/* Tells the core of alarms. */
void run_witnesses_on_time(struct run *run);
/* How each does, as samples (figures.h) behind what is there. */
void run_witnesses_figures(const struct run *run, struct esep_buf *figures);
/* Asks whom it is time to ask; in how long to look again. */
esep_time run_witnesses_turn(struct run *run);

/* run_files.c: the folder of files; a FILE_ effect, carried out, popped and answered. */
ESEP_MUST_USE enum esep_status run_files_open(struct run *run, struct esep_reason *reason);
void run_files_close(struct run *run);
void run_files_let_go(struct run *run); /* the core has ended: nothing stays open */
void run_file(struct run *run, const struct collector_effect *effect);
void run_files_on_time(struct run *run);
struct esep_blobs *run_files_blobs(const struct run *run);

/* run_lacking.c: what is named and not here. After run_files_open. */
ESEP_MUST_USE enum esep_status run_lacking_open(struct run *run, struct esep_reason *reason);
void run_lacking_close(struct run *run);
collector_file_fn run_files_lookup; /* context: the run */
collector_lacking_fn run_files_lacking;
/* FILE_GONE, once it was popped. */
void run_file_gone(struct run *run, const struct views_file *file);

/* An order of the operators' socket; false: it is about no bundle. Packs the answer into reply. */
bool run_bundle_order(struct run *run, struct esep_slice order, struct esep_buf *reply);
/* What the core sends to whoever brings the bundle. false: it goes over another link. */
bool run_bundle_sent(struct run *run, const struct collector_effect *effect);
void run_bundle_done(struct run *run);

/* run_verify.c: hears of rounds (round.h). Opened before run_keep_to_folders, since it starts their
 * process; closed before the store. */
ESEP_MUST_USE enum esep_status run_verify_open(struct run *run, struct esep_reason *reason);
void run_verify_close(struct run *run);
const struct round_seen *run_verify_seen(const struct run *run);

/* run_figures.c */
ESEP_MUST_USE enum esep_status run_figures_open(struct run *run, struct esep_reason *reason);
void run_figures_publish(struct run *run);
void run_figures_close(struct run *run);

/* HUP. */
void run_reload(struct run *run);

ESEP_MUST_USE enum esep_status run_alerts_new(struct run *run, struct esep_reason *reason);
void run_alerts_free(struct run *run);
/* An alert, or an alarm for operators, is durable: its targets are queued. */
void run_alerts_raised(struct run *run, uint64_t alert_index);
/* The store was opened (anew): offers what the views still owe, tells again what came of what. */
void run_alerts_opened(struct run *run);
/* From time to time: what did not fit into the queue, what could not be told. */
void run_alerts_on_time(struct run *run);
bool run_alerts_waiting(const struct run *run);
views_targets_fn run_alerts_targets;

/* run_sandbox.c: before the first thread; before the loop. A kernel that cannot is said, and does
 * not matter. */
ESEP_MUST_USE enum esep_status run_keep_to_folders(const struct run *run,
                                                   struct esep_reason *reason);
ESEP_MUST_USE enum esep_status run_keep_to_calls(const struct run *run, struct esep_reason *reason);

#endif
