/* agent/agent.h - the uplink: from entries in the journal to receipts in the journal.
 *
 * One report's way through here. A command appended an entry to the journal and the shell says so
 * (agent_on_appended). While offline nothing else happens: the journal is the queue. When its time
 * comes the core asks for a socket (CONNECT); once that is up, the first frame is HELLO with the
 * signed head of the whole journal, so that this one packet proves every entry of it. WELCOME says
 * what the collector holds; the core looks up its own chain hash there (READ), and only if both
 * agree it sends on from the next entry: BATCH frames within credit, the signed head on the last
 * frame of a group. A RECEIPT counts for nothing until the log key's signature, the office, the
 * epoch and our own chain hash at its sequence agree; then it goes out as STORE, and only
 * agent_on_stored(OK) moves the mark. Mail comes the same way: parts are put together, stored, and
 * then acknowledged with the PULL that asks for more.
 *
 * State is cumulative: whatever breaks, the next WELCOME says where to go on, and no connection is
 * too short to make progress. The core decides when, what and whether; it does no I/O, reads no
 * clock and draws no randomness: effects go out through agent_peek / agent_pop.
 *
 * What it believes. From the broker (a refusal in the clear): "wait", no more; the journal and the
 * marks never change for it. From the collector (sealed WELCOME, signed refusals): the reason; FORK
 * and BEHIND stop the uplink until a person runs `esep-agent recover`. From the journal: its chain,
 * hashed again as it is read where the config says so.
 *
 * Where no receipt comes the broker is asked for its own signed word that a head of ours was there
 * (agent_ingress.c). It moves no mark: it is a proof to show, and the weakest.
 *
 * Time: `now` is the office's clock. Where it is set back the core's timers move with it.
 *
 * Invariants: receipted <= sent <= last. Bytes of BATCH in a session <= its credit. At most one
 * CONNECTion, one READ and one STORE under way. No signed head names a sequence whose hash the core
 * did not get from the journal.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/agent_meter.h"
#include "agent/agent_schedule.h"
#include "agent/tree.h"
#include "base/crypto.h"
#include "base/time.h"
#include "esep/v1/wire.pb-c.h"
#include "wire/ingress.h"
#include "wire/log_keys.h"
#include "wire/receipt.h"
#include "wire/statement.h"

struct agent;

#define AGENT_BROKERS_MAX 8

/* When there may be a link, and what may go over it; agent_gate.c. All zero: always, everything. */
struct agent_rules {
    struct esep_zone zone; /* of windows and days */
    struct agent_schedule schedule;
    bool urgent_anyway; /* a report due before the next window is sent outside of one */
    esep_time stay;     /* [20 s] once all has gone, for what may still come */
    esep_time again;    /* [1 h] in a long window: the next call */
    bool metered;       /* each byte is paid for: it is counted, and ... */
    struct agent_budget budget;
};

#define AGENT_WITNESSES_MAX 8

struct agent_config {
    struct esep_hash log_id;
    uint8_t log_public[ESEP_KEY_BYTES];  /* receipts and refusals are signed with it, or with the
                                            key that took its place (agent_log_keys.c) */
    uint8_t seal_public[ESEP_KEY_BYTES]; /* HELLO is sealed to it */
    uint32_t office;
    char body[33]; /* code, as enrolled; "" = not yet known */
    struct esep_sign_key sign_key;
    uint8_t curve_public[ESEP_KEY_BYTES]; /* of its socket */
    /* Keys that are to take the place of both: agent_rotate.c. false: there are none. */
    bool rotate;
    struct esep_sign_key next_sign_key;
    uint8_t next_curve_public[ESEP_KEY_BYTES];
    uint8_t seed[32];      /* ephemeral keys and jitter come from it; fresh at every start */
    uint32_t broker_count; /* addresses the shell knows; tried in turn, from a random one */
    /* The key that signs its notes of ingress, of each; zero: it is asked for none. */
    uint8_t broker_sign[AGENT_BROKERS_MAX][ESEP_KEY_BYTES];
    bool check_chain; /* hash entries again as they are read: a flipped bit stops here */
    /* Whose cosignatures are looked at as they come; of others they are kept unread. */
    struct esep_note_key witnesses[AGENT_WITNESSES_MAX];
    uint32_t witness_count;
    bool compress; /* offer to pack frames (wire/compress.h) */
    /* Frames, window, patience and tries to connect follow the measured speed (agent_speed.h),
     * within the bounds below; false: these alone. */
    bool by_speed;
    struct agent_rules rules;
    /* bounds; zero takes the default in brackets */
    size_t frame_bytes;    /* [64 KiB] no longer frame, but for one entry that needs it; 4 KiB .. */
    size_t read_bytes;     /* [256 KiB] of one READ */
    size_t mail_bytes_max; /* [4 MiB] one mailbox item, and all that wait to be stored */
    size_t chunk_bytes;    /* [8 KiB] of a file, in one frame; 1 KiB .. 64 KiB */
    size_t flight_bytes;   /* [two chunks] of files, sent and not yet answered */
    uint32_t group_frames; /* [64] a signed head at least so often ... */
    uint32_t group_entries;    /* [4096] */
    esep_time connect_timeout; /* [30 s] from CONNECT to agent_on_connected */
    esep_time hello_timeout;   /* [30 s] from HELLO to WELCOME */
    esep_time reply_timeout; /* [120 s] anything at all, while something is owed to us: longer than
                                a frame takes on the slowest link */
    esep_time keep_alive;    /* [60 s] PING when nothing else was sent for so long */
    esep_time backoff_base;  /* [1 s] full jitter: 0 .. min(cap, base * 2^n) */
    esep_time backoff_cap;   /* [5 min] also the most that a broker can make us wait */
    esep_time knock_most;    /* by_speed: while entries wait and not even TCP answers; 0: as else */
    esep_time refused_retry; /* [15 min] after a refusal that only people can mend */
    esep_time ingress_after; /* [3 min] without a receipt: the broker's note is asked for */
    esep_time recommit_after; /* [2 s] a new entry behind a long queue: send the head alone, so
                                 that its commitment does not wait for the queue */
};

/* What the journal holds when the core starts. After `recover` (a new epoch) start a new core. */
struct agent_journal {
    uint32_t epoch;           /* from 1 */
    uint64_t last_seq;        /* 0: no entry yet */
    struct esep_hash head;    /* chain[last_seq]; chain start where last_seq is 0 */
    uint64_t oldest_seq;      /* oldest entry held; last_seq + 1 where none is */
    struct esep_hash base;    /* chain[oldest_seq - 1] */
    uint64_t receipted_seq;   /* through which a RECEIPT{ENTRIES} is stored */
    uint64_t promised_seq;    /* through which a RECEIPT{COMMITMENT} is stored */
    uint64_t noted_seq;       /* through which a broker's note of ingress is */
    uint64_t mail_through;    /* last mailbox number stored */
    uint64_t checkpoint_size; /* last checkpoint seen ... */
    struct esep_hash checkpoint_root;
    struct agent_tree tree;        /* of the log, as the newest receipt showed it */
    struct esep_log_keys log_keys; /* of the log, as far as this office was told; count 0: none but
                                      the configured one */
    uint64_t cosigned_generation;  /* of the newest head that is kept with witnesses' lines ... */
    uint64_t cosigned_size;        /* ... 0: none is */
    uint64_t proven_generation;    /* of the newest entry that a kept receipt proves: ... */
    uint64_t proven_size;          /* ... its index and one; 0: none does */
    uint32_t older_epoch; /* the newest epoch before this one of which a receipt is stored, and */
    uint64_t older_seq;   /* through which sequence; 0: none */
    bool older_passed;    /* a collector that holds just this head was found not to take them */
    struct esep_hash older_passed_head;
    struct agent_meter spent; /* as the last KEEP said */
};

/* Takes a copy of both. ESEP_INVALID: a config or journal that contradicts itself; ESEP_NOMEM. */
ESEP_MUST_USE enum esep_status agent_new(struct agent **ret, const struct agent_config *config,
                                         const struct agent_journal *journal, esep_time now,
                                         struct esep_reason *reason);
void agent_free(struct agent *agent); /* wipes keys; NULL is fine */

/* Events in. */

/* The socket of the last CONNECT is up (its handshake is through) / is gone. */
void agent_on_connected(struct agent *agent, esep_time now);
/* Before it, where TCP was answered and what came next was not: a key that is refused is no line
 * that is away. */
void agent_on_answered(struct agent *agent);
void agent_on_disconnected(struct agent *agent, esep_time now);
/* One frame from it; borrowed for the call. Do not read the socket while !agent_ready(): the
 * receipts that wait for a STORE are bounded too. (A frame that comes all the same is dropped and
 * counted; that costs time, nothing else.) */
void agent_on_frame(struct agent *agent, struct esep_slice frame, esep_time now);
bool agent_ready(const struct agent *agent);

/* The answer to READ: consecutive entries from its seq, at least one where status is ESEP_OK.
 * `entries` and their bytes are borrowed until the next READ effect is seen or the agent freed.
 * Other statuses: ESEP_NOT_FOUND (no longer held), ESEP_CORRUPT, ESEP_IO: the uplink stops. */
struct agent_entry {
    uint64_t seq;
    struct esep_hash chain; /* chain[seq], as stored beside it */
    struct esep_slice bytes;
};
void agent_on_entries(struct agent *agent, uint64_t token, enum esep_status status,
                      const struct agent_entry *entries, size_t count, esep_time now);
/* The journal grew: entries through last_seq are durable, head is chain[last_seq]. */
void agent_on_appended(struct agent *agent, uint64_t last_seq, const struct esep_hash *head,
                       esep_time now);
/* The journal let go of entries below oldest_seq; base is chain[oldest_seq - 1]. */
void agent_on_pruned(struct agent *agent, uint64_t oldest_seq, const struct esep_hash *base,
                     esep_time now);
/* A file that a receipted report names, which is here, whole and sound, and for which no evidence
 * receipt is stored. Said again, it changes nothing. False: the list is full; say it when it has
 * become shorter, which a NOTIFY tells. */
#define AGENT_FILE_LIST_MAX 256u
struct agent_file {
    struct esep_hash sha256;
    uint64_t size_bytes; /* > 0 */
};
bool agent_on_file(struct agent *agent, const struct agent_file *file, esep_time now);
/* The socket has enough that has not gone out (held), or has not: no more of files goes to it
 * meanwhile, so that a report waits for little. Where the shell says so at all, twice as much of
 * them may be under way: it is on the line, not in front of it. */
void agent_hold_files(struct agent *agent, bool held, esep_time now);
/* The answer to READ_FILE: as many bytes as were asked for, borrowed for the call. Else the file is
 * shown as refused, and is tried again after refused_retry. */
void agent_on_file_bytes(struct agent *agent, uint64_t token, enum esep_status status,
                         struct esep_slice bytes, esep_time now);
/* What became of STORE. ESEP_OK: durable. ESEP_AGAIN, ESEP_LIMIT: not stored, the uplink waits and
 * asks again. Anything else: it stops; the shell reopens the journal and makes a new core. */
void agent_on_stored(struct agent *agent, uint64_t token, enum esep_status status, esep_time now);
/* The earliest hour by which something is due that the journal holds and no receipt covers;
 * ESEP_TIME_NEVER: nothing is. Only a schedule asks for it. */
void agent_on_due(struct agent *agent, esep_time due_at, esep_time now);
/* The rules of the office's zone have changed. */
void agent_on_zone(struct agent *agent, const struct esep_zone *zone, esep_time now);
void agent_on_time(struct agent *agent, esep_time now);
esep_time agent_deadline(const struct agent *agent); /* when to call agent_on_time next */
/* "Try now": a person, or the system, says that the link is up. Ends waiting, also a stop, also for
 * a window; but not a budget. */
void agent_now(struct agent *agent, esep_time now);
/* No new groups; wait for what is under way (at most reply_timeout), then disconnect. */
void agent_drain(struct agent *agent, esep_time now);
bool agent_drained(const struct agent *agent);

/* Effects out. Look, carry out, pop. A SEND comes only when nothing else is waiting, so that one
 * that the socket does not take yet (leave it, come back) holds up nothing. */
enum agent_effect_kind {
    AGENT_EFFECT_CONNECT = 1, /* a fresh socket to address `broker`; the one before is closed */
    AGENT_EFFECT_DISCONNECT,  /* close it */
    AGENT_EFFECT_SEND,        /* frame */
    AGENT_EFFECT_READ,        /* entries from_seq .., bytes_max (at least one); on_entries(token) */
    AGENT_EFFECT_STORE,       /* store; then on_stored(token) */
    AGENT_EFFECT_READ_FILE,   /* bytes_max of file, from offset; on_file_bytes(token) */
    AGENT_EFFECT_KEEP,        /* `spent`, durable before it is popped: see agent_meter.h */
    AGENT_EFFECT_NOTIFY,      /* agent_status_get has changed in what a person would look at */
};

/* One mailbox item, whole. */
struct agent_mail {
    uint64_t number;
    uint64_t log_index;
    uint32_t type;    /* LogType */
    uint32_t verdict; /* Verdict of the leaf */
    uint32_t office;  /* of the leaf */
    uint64_t seq;     /* of the leaf */
    esep_time accepted_at;
    struct esep_slice bytes;
};
/* What WELCOME said: for `status` while the daemon is away. */
struct agent_view {
    esep_time server_time;
    esep_time office_time; /* ours, as it came: the difference is the skew (and the way here) */
    uint32_t epoch;
    uint64_t seq;
    struct esep_hash head;
    uint64_t checkpoint_size;
    struct esep_hash checkpoint_root;
    uint64_t mail_last;
    char body[33];
};
/* A broker's note of ingress (wire/ingress.h) on a commitment of ours, verified. */
struct agent_ingress {
    uint32_t epoch; /* of the commitment, and through which entry */
    uint64_t seq;
    uint8_t statement[ESEP_SIGNED_COMMITMENT_BYTES];
    uint8_t key[ESEP_KEY_BYTES]; /* that signed it */
    uint8_t note[ESEP_SIGNED_INGRESS_BYTES];
};
/* All of it in one transaction. Receipts are verified and in the order they came; keep each one, it
 * is the office's proof. Mail: each number once, ascending; where the collector came back from a
 * backup a number may come again with another log index: the later one counts. */
struct agent_store {
    const struct esep_receipt *receipts;
    size_t receipt_count;
    uint64_t receipted_seq; /* marks with all of it stored */
    uint64_t promised_seq;
    uint64_t checkpoint_size; /* the newest that a receipt led to, signed */
    struct esep_hash checkpoint_root;
    const struct agent_mail *mails;
    size_t mail_count;
    uint64_t mail_through;
    const struct agent_view *view; /* NULL: nothing new */
    /* Verified; each the proof of one file, which is wanted no more. */
    const struct esep_evidence *evidence;
    size_t evidence_count;
    /* One for each receipt, one for each file's (NULL: none is kept); and what they teach (tree.h).
     */
    const struct agent_proof *proofs;
    const struct agent_proof *evidence_proofs;
    const struct agent_checkpoint *checkpoints;
    size_t checkpoint_count;
    const struct agent_node *nodes;
    size_t node_count;
    const struct agent_tree *tree;         /* NULL: as it was */
    const struct agent_cosigned *cosigned; /* a checkpoint of these, or one that is kept; or NULL */
    const struct agent_checkpoint *split;  /* signed, and not of the log that we know; NULL: none */
    const struct agent_ingress *ingress;   /* NULL: none */
    const struct esep_log_keys *log_keys;  /* NULL: as they were */
};
struct agent_effect {
    enum agent_effect_kind kind;
    uint64_t token;                  /* READ, STORE */
    uint32_t broker;                 /* CONNECT: 0 .. broker_count-1 ... */
    esep_time answer_in;             /* ... TCP's first answer must come within it, and ... */
    esep_time dead_after;            /* ... what is not acknowledged for so long ends it */
    struct esep_slice frame;         /* SEND: until it is popped */
    uint64_t from_seq;               /* READ */
    size_t bytes_max;                /* READ, READ_FILE */
    struct agent_file file;          /* READ_FILE */
    uint64_t offset;                 /* READ_FILE */
    const struct agent_store *store; /* STORE: until on_stored */
    struct agent_meter spent;        /* KEEP */
};
const struct agent_effect *agent_peek(const struct agent *agent); /* NULL: none */
void agent_pop(struct agent *agent);

/* What people see. */
enum agent_state {
    AGENT_OFFLINE = 0, /* until next_try_at */
    AGENT_CONNECTING,
    AGENT_GREETING, /* HELLO is out */
    AGENT_ONLINE,
    AGENT_STOPPED, /* until agent_now, or a new core */
    AGENT_DRAINED,
};
const char *agent_state_name(enum agent_state state);
enum agent_why {
    AGENT_WHY_NONE = 0,
    AGENT_WHY_START,       /* not tried yet */
    AGENT_WHY_UNREACHABLE, /* the broker did not answer */
    AGENT_WHY_LOST,        /* the connection broke */
    AGENT_WHY_SILENT,      /* nothing came in reply */
    AGENT_WHY_BROKER,      /* the broker refused: `refusal`; believed as "wait" */
    AGENT_WHY_COLLECTOR,   /* the collector refused, signed: `refusal` */
    AGENT_WHY_FORK,        /* it holds another entry under a number of ours: recover */
    AGENT_WHY_BEHIND,      /* it holds more than this journal: recover */
    AGENT_WHY_SPLIT,       /* the log key signed a log that does not begin with what we have seen */
    AGENT_WHY_GAP,         /* it lacks entries that this journal no longer holds */
    AGENT_WHY_OLDER,       /* it lacks receipted entries of an older epoch: they must go first */
    AGENT_WHY_ROTATED,     /* the new keys are in the log: a new core, under them, goes on */
    AGENT_WHY_JOURNAL,     /* the journal cannot be read or written */
    AGENT_WHY_TOO_LARGE,   /* an entry or a mail item does not fit the bounds */
    AGENT_WHY_PROTOCOL,    /* it said something that cannot be */
    AGENT_WHY_WINDOW,      /* there is no window now, or all has gone in this one */
    AGENT_WHY_BUDGET,      /* the day's budget is used */
};
const char *agent_why_name(enum agent_why why);
/* How the rules stand. */
struct agent_rules_view {
    bool scheduled, metered;
    esep_time window_until; /* of the one that is open; ESEP_TIME_NEVER: none is */
    esep_time window_next;
    esep_time due_at; /* something is due before window_next, and not proved; or ESEP_TIME_NEVER */
    bool due_sent_anyway;
    struct agent_meter spent;
    struct agent_budget budget;
    esep_time day_until; /* the next budget begins */
    bool files_wait;     /* for it; reports and mail go */
    bool text_waits;     /* these, too */
};
struct agent_status {
    enum agent_state state;
    enum agent_why why;
    Esep__V1__RefusalReason refusal;
    char text[256];        /* for people: what is wrong and what to do; "" = nothing */
    esep_time since;       /* in this state */
    esep_time next_try_at; /* OFFLINE; else ESEP_TIME_NEVER */
    uint32_t failures;     /* since something new was had of the collector */
    uint32_t broker;
    uint32_t epoch;
    uint64_t last_seq;      /* written */
    uint64_t sent_seq;      /* sent in this session, or held by the collector as it said */
    uint64_t promised_seq;  /* the commitment's receipt is stored */
    uint64_t noted_seq;     /* a broker's note of ingress is stored */
    uint64_t receipted_seq; /* the entries' receipt is stored */
    uint64_t mail_through;
    uint64_t mail_last;    /* newest the collector spoke of */
    esep_time welcomed_at; /* last WELCOME, office's clock; 0 = never in this run */
    esep_time server_time; /* the collector's clock as it said last: WELCOME, PONG, a receipt */
    uint32_t held_epoch;   /* with FORK, BEHIND and OLDER: what the collector says it holds */
    uint64_t held_seq;
    struct esep_hash held_head; /* with OLDER */
    uint64_t bytes_per_s;       /* measured; 0: not yet */
    uint64_t sent_bytes;        /* frames, in this run */
    uint64_t received_bytes;
    bool all_held; /* in this session: all that the journal has is durable there, and known so */
    bool collector_restored;  /* it held less than it had receipted: sent again */
    uint32_t file_count;      /* in the list: without their evidence receipt */
    uint32_t files_refused;   /* of these; agent_file_get says why */
    uint64_t file_bytes;      /* of all in the list */
    uint64_t file_held_bytes; /* ... that the collector has, as it said last */
    struct agent_rules_view rules;
};
void agent_status_get(const struct agent *agent, struct agent_status *ret);

enum agent_file_state {
    AGENT_FILE_WAITING = 0, /* not offered yet, or told to wait */
    AGENT_FILE_ASKED,       /* offered, no answer yet */
    AGENT_FILE_SENDING,
    AGENT_FILE_REFUSED, /* refusal and text say why; UNSPECIFIED: our own copy is damaged */
    AGENT_FILE_STORING, /* its receipt came, and is being stored */
};
const char *agent_file_state_name(enum agent_file_state state);
struct agent_file_view {
    struct agent_file file;
    enum agent_file_state state;
    uint64_t held_bytes; /* the collector has so many */
    uint64_t sent_bytes; /* ... and so many are sent */
    Esep__V1__RefusalReason refusal;
    const char *text;      /* for people; "" */
    esep_time next_try_at; /* WAITING, REFUSED: not before; 0: as soon as there is a link */
};
/* The i-th of the list, in no order; false: there are fewer. */
bool agent_file_get(const struct agent *agent, size_t i, struct agent_file_view *ret);
/* Since when the collector is known to hold what it has receipted; 0: not in this run yet. It may
 * have come back from a backup while we were without a link, and will ask then for what came after.
 * By the clock that says less, ours or the collector's: one that ran ahead makes nothing old. */
esep_time agent_confirmed_at(const struct agent *agent, esep_time now);

enum agent_counter {
    AGENT_CONNECTS,
    AGENT_HELLOS,
    AGENT_WELCOMES,
    AGENT_FRAMES_SENT,
    AGENT_BYTES_SENT,
    AGENT_BYTES_RECEIVED,
    AGENT_BYTES_SPARED, /* by packing: what would have been sent besides */
    AGENT_ENTRIES_SENT,
    AGENT_GROUPS,
    AGENT_RECEIPTS,
    AGENT_RECEIPTS_REFUSED,
    AGENT_LOG_KEYS_REFUSED, /* chains of the log's keys that lead nowhere */
    AGENT_REFUSALS_CLEAR,
    AGENT_REFUSALS_SIGNED,
    AGENT_FRAMES_DROPPED,
    AGENT_MAILS,
    AGENT_PINGS,
    AGENT_STORES,
    AGENT_CHUNKS,
    AGENT_FILE_BYTES, /* in them */
    AGENT_EVIDENCE_RECEIPTS,
    AGENT_COSIGNED_HEADS,
    AGENT_INGRESS_ASKED,
    AGENT_INGRESS_NOTES,
    AGENT_INGRESS_REFUSED,
    AGENT_COUNTERS
};
const char *agent_counter_name(enum agent_counter which);
uint64_t agent_counter(const struct agent *agent, enum agent_counter which);

#endif
