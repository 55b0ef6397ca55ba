/* agent/agent_core.h - inside the uplink core: its state, and how its files share it.
 *
 * agent_core.c takes the events and hands out the effects; agent_link.c knows sockets, waiting and
 * backoff; agent_gate.c the office's windows and budget; agent_hello.c greets and reads WELCOME;
 * agent_refusal.c judges refusals; agent_batch.c makes BATCH frames out of entries; agent_file.c
 * offers and sends files; agent_rotate.c renews the keys; agent_receipt.c and agent_mail.c take
 * what comes down and gather it for the next STORE; agent_learn.c what the receipts' proofs teach;
 * agent_cosigned.c takes what witnesses have signed; agent_ingress.c asks the broker where no
 * receipt comes.
 * Each event ends in agent_settle, which makes the next effect.
 *
 * Not for anybody outside: include agent/agent.h.
 */
#ifndef AGENT_AGENT_CORE_H
#define AGENT_AGENT_CORE_H

#include "agent/agent.h"
#include "agent/agent_speed.h"
#include "base/arena.h"
#include "wire/compress.h"
#include "wire/session.h"

#define AGENT_RX_BYTES_MAX (256u * 1024u)  /* of a frame that comes down */
#define AGENT_TX_BYTES_MAX (1024u * 1024u) /* of one that goes up, whatever the config says */
#define AGENT_FRAME_BYTES_MIN 4096u
#define AGENT_GROUP_ENTRIES_MAX 4096u /* the collector takes no more in one */
#define AGENT_MARKS 512u              /* signed heads sent and not yet receipted */
#define AGENT_RECEIPTS_MAX 64u        /* that wait for one STORE */
#define AGENT_MAILS_MAX 64u           /* likewise */
#define AGENT_EVIDENCE_MAX 16u        /* likewise */
#define AGENT_CHECKPOINTS_MAX 96u     /* likewise */
#define AGENT_NODES_MAX 1024u         /* of the log's tree, likewise */
#define AGENT_CHUNK_BYTES_MIN 1024u
#define AGENT_CHUNK_BYTES_MAX (64u * 1024u)
#define AGENT_CHUNK_OVERHEAD 512u /* of an envelope and its names, generously */
#define AGENT_EVIDENCE (UINT32_C(1) << ESEP__V1__FEATURE__FEATURE_EVIDENCE)
#define AGENT_COSIGNED (UINT32_C(1) << ESEP__V1__FEATURE__FEATURE_COSIGNED)
#define AGENT_ROTATION (UINT32_C(1) << ESEP__V1__FEATURE__FEATURE_ROTATION)

/* A sequence whose chain hash we know from the journal. */
struct agent_mark {
    uint64_t seq;
    struct esep_hash hash;
};

/* One session, from HELLO until the next. Cleared as a whole. */
struct agent_uplink {
    struct esep_session session;
    bool hello_sent;
    bool verified;   /* the collector's head and our chain agree at held.seq */
    bool ask_again;  /* the receipt of what is held never came here */
    bool early_kept; /* it came before our chain was compared: `early` */
    struct esep_receipt early;
    struct agent_proof early_proof;
    bool pull_wanted;
    bool mail_came;     /* since the last PING */
    esep_time hello_at; /* when to send it */
    esep_time hello_sent_at;
    esep_time last_tx;
    esep_time awaiting_since;  /* a receipt is owed to us, or credit; ESEP_TIME_NEVER: none is */
    bool awaiting_first;       /* the BATCH at hand begins that wait; later ones do not renew it */
    esep_time ping_since;      /* likewise a PONG, or any other sign of life */
    bool ping_first;           /* the PING at hand begins that wait; later ones do not renew it */
    struct agent_mark hello;   /* what HELLO promised */
    struct agent_mark promise; /* what a head alone promised since */
    esep_time rotate_since;    /* ROTATE is out; ESEP_TIME_NEVER: it is not */
    uint32_t features;         /* as WELCOME said */
    esep_time mail_retry_at;   /* mail was let go: ask once it is quiet; else ESEP_TIME_NEVER */
    uint64_t pulled;           /* what the last PULL said, where pulled_once */
    bool pulled_once;
    struct agent_mark held; /* what WELCOME said */
    uint64_t next_seq;      /* to be looked at or sent next */
    uint64_t sent_seq;
    uint64_t taken_seq;    /* the newest receipt of this session is through here */
    struct esep_hash prev; /* chain[next_seq - 1], where prev_known */
    bool prev_known;
    uint64_t credit_bytes; /* cumulative, as are the bytes used */
    uint64_t used_bytes;
    size_t frame_bytes_max;     /* the collector's */
    uint32_t group_entries_max; /* ours or the collector's, whichever is less */
    uint32_t group_frames;      /* sent since the last signed head */
    uint32_t group_entries;
    uint32_t mark_first; /* ring of marks, ascending */
    uint32_t mark_count;
    uint64_t group_bytes; /* of frames since the last signed head */
    bool mark_new;        /* the frame at hand carries the newest mark */
    struct agent_mark marks[AGENT_MARKS];
    struct agent_flight flights[AGENT_MARKS]; /* of each mark */
};

/* Entries lent by the shell, and the READ that asks for more. */
struct agent_window {
    const struct agent_entry *entries;
    size_t count;
    size_t next;
    uint64_t token;
    uint64_t from_seq;
    uint64_t generation; /* of the session that asked: another one does not want the answer */
    bool wanted;
    bool busy;
};

struct agent_mail_meta {
    struct agent_mail mail; /* without bytes */
    size_t offset;
    size_t len;
};
/* What the next STORE will hold, or what the one under way holds. */
struct agent_gather {
    struct esep_receipt receipts[AGENT_RECEIPTS_MAX];
    size_t receipt_count;
    struct agent_mail_meta metas[AGENT_MAILS_MAX];
    size_t mail_count;
    struct esep_evidence evidence[AGENT_EVIDENCE_MAX];
    size_t evidence_count;
    struct agent_proof proofs[AGENT_RECEIPTS_MAX]; /* of each receipt */
    struct agent_proof evidence_proofs[AGENT_EVIDENCE_MAX];
    struct agent_node nodes[AGENT_NODES_MAX];
    size_t node_count;
    struct agent_checkpoint checkpoints[AGENT_CHECKPOINTS_MAX];
    size_t checkpoint_count;
    struct agent_tree tree; /* where tree_new: with all that is gathered here */
    bool tree_new;
    struct agent_cosigned cosigned;
    bool cosigned_new;
    struct agent_checkpoint split;
    bool split_new;
    struct agent_ingress ingress;
    bool ingress_new;
    struct esep_log_keys log_keys;
    bool log_keys_new;
    struct esep_buf bytes; /* of the mails */
    struct agent_view view;
    bool view_new;
};
struct agent_vault {
    struct agent_gather sides[2];
    unsigned filling;   /* the other one is under way, where busy or held back */
    bool full_side;     /* the other side holds something not yet durable */
    bool busy;          /* ... and the shell has it */
    esep_time retry_at; /* ... or it was not stored and waits; else ESEP_TIME_NEVER */
    uint64_t token;
    struct agent_store store;
    struct agent_mail mails[AGENT_MAILS_MAX];
};
/* Marks as they will be once all that is gathered is stored. */
struct agent_ahead {
    uint64_t receipted_seq;
    uint64_t promised_seq;
    uint64_t noted_seq;
    uint64_t mail_through;
    uint64_t checkpoint_size;
    struct esep_hash checkpoint_root;
    struct agent_tree tree;
    uint64_t cosigned_generation;
    uint64_t cosigned_size;
    uint64_t proven_generation;
    uint64_t proven_size;
};
/* The mail item that is being put together at the end of the filling side's bytes. */
struct agent_part {
    bool open;
    struct agent_mail mail;
    size_t start;
    uint64_t total;
    uint64_t got;
};

struct agent_file_slot {
    struct agent_file file;
    enum agent_file_state state;
    uint64_t have;    /* the collector's word */
    uint64_t sent;    /* in this session, from there */
    uint64_t through; /* credit */
    esep_time ask_at; /* offer it (again) then */
    bool went_back;   /* to again_at, at the collector's word */
    uint64_t again_at;
    Esep__V1__RefusalReason refusal;
    char text[160];
    bool gone; /* our own copy is: to be said */
};
struct agent_files {
    struct agent_file_slot slots[AGENT_FILE_LIST_MAX];
    size_t count;
    bool agreed; /* this session knows the words */
    bool denied; /* a broker let no such frame pass: not before ... */
    esep_time not_before;
    bool timed; /* one chunk is, from the socket to the answer */
    struct agent_file timed_file;
    struct agent_flight timed_flight;
    bool held;          /* the socket has enough of them for now */
    bool paced;         /* the shell says when it has */
    size_t chunk_bytes; /* of the next chunk, and ... */
    size_t
        flight_bytes; /* ... how much may be under way: by measured speed, if somebody measures */
    /* READ_FILE */
    bool wanted;
    bool busy;
    uint64_t token;
    struct agent_file read;
    uint64_t read_at;
    size_t read_len;
    /* what it brought */
    const struct agent_file_slot *bytes_slot; /* NULL: nothing */
    uint64_t bytes_at;
    size_t bytes_len;
    uint8_t bytes[AGENT_CHUNK_BYTES_MAX];
};

/* A note of ingress, as it is asked for; see agent_ingress.c. */
struct agent_asking {
    esep_time unproved_since; /* a head that no receipt covers is on its way; NEVER: all are */
    esep_time next_at;        /* not before */
    bool out;                 /* an answer may come, on this connection, to `asked` */
    bool refused;             /* this connection's broker gives none */
    bool parting;             /* told to wait; it stays open for the answer, then ... */
    esep_time part_wait;      /* ... this long */
    struct agent_ingress asked;
    struct esep_hash content;
};

/* The rules' state: see agent_gate.c. */
struct agent_gate {
    struct agent_span span; /* that holds span_seen, or the next one */
    esep_time span_seen;
    esep_time shut_since; /* its window ended amid a link; else ESEP_TIME_NEVER */
    bool forced;          /* a person said that the line is up; tries until */
    esep_time forced_until;
    esep_time due_at;
    esep_time stirred_at;     /* something other than a sign of life went or came */
    struct agent_meter spent; /* ... and what the disk says */
    struct agent_meter kept;
    bool keep_due;
    bool text_stuck;               /* the next entry needs more than is left of the day */
    esep_time over_until;          /* a frame went over the bound: its answer may come */
    esep_time day_from, day_until; /* looked at then; the day's end */
};

struct agent {
    struct agent_config config;
    struct agent_journal journal;
    struct agent_ahead ahead;
    struct esep_log_keys log_keys; /* all that this office was told of */
    struct agent_lesson lesson;    /* of the receipt at hand */
    uint64_t seen_size; /* newest checkpoint seen, signed or in a WELCOME: quoted by commitments */
    struct esep_hash seen_root;
    esep_time now;
    struct esep_prng prng;
    /* link */
    struct agent_status status;
    esep_time timer; /* of the state */
    struct agent_speed speed;
    uint32_t unanswered; /* tries to connect in a row, and ... */
    bool tcp_answered;   /* in the try at hand */
    esep_time away_at;   /* ... since when nobody answers; ESEP_TIME_NEVER: somebody does */
    uint32_t fruitless;  /* sessions in a row that reached WELCOME, got no further, and failed */
    uint64_t generation;
    bool link_open; /* the shell has, or is told to make, a socket */
    bool connect_due;
    bool disconnect_due;
    bool notify_due;
    bool draining;
    esep_time drain_until;
    uint64_t uncovered_seq; /* an entry that no commitment sent covers; 0: none */
    esep_time uncovered_since;
    bool mail_blocked;
    /* parts */
    struct agent_uplink uplink;
    struct agent_window window;
    struct agent_vault vault;
    struct agent_part part;
    struct agent_files files;
    struct agent_asking asking;
    struct agent_gate gate;
    struct esep_arena arena; /* what came down, unpacked; lives for one frame */
    struct esep_buf scratch; /* a plain text, for as long as it takes to seal or unpack it */
    struct esep_compressor *compressor; /* NULL: frames travel as they are */
    struct esep_buf form; /* a text with its form, where the session has a dictionary */
    struct esep_buf tx;   /* the frame of SEND */
    Esep__V1__Kind tx_kind;
    bool send_due;
    struct agent_effect front;
    bool front_valid;
    uint64_t token_last;
    uint64_t counters[AGENT_COUNTERS];
};

/* agent_core.c */
static inline void agent_count(struct agent *a, enum agent_counter which, uint64_t by)
{
    a->counters[which] += by;
}
static inline esep_time agent_later(const struct agent *a, esep_time delay)
{
    return a->now > ESEP_TIME_NEVER - delay ? ESEP_TIME_NEVER : a->now + delay;
}
/* A seed that is used once; the one it came from is forgotten. */
void agent_draw_seed(struct agent *a, uint8_t ret_seed[32]);

/* agent_log_keys.c */
void agent_log_keys_begin(struct agent *a);
/* Links that WELCOME brought. False: they are not believed, and the connection is given up. */
bool agent_log_keys_take(struct agent *a, Esep__V1__LogKey *const *links, size_t count);
/* Whether the log's key, or one that its links lead to, has signed it; those are taken then. */
bool agent_log_keys_refusal(struct agent *a, const Esep__V1__Refusal *refusal);

/* agent_link.c */
void agent_set_state(struct agent *a, enum agent_state state, enum agent_why why,
                     Esep__V1__RefusalReason refusal, const char *text);
/* Another reason to show, in the same state. */
void agent_tell(struct agent *a, enum agent_why why, const char *text);
esep_time agent_backoff(struct agent *a); /* counts a failure, gives the wait */
void agent_progressed(struct agent *a);   /* what failed before no longer makes us wait */
void agent_link_start(struct agent *a);
/* A try to connect came to nothing; or to something. */
void agent_unanswered(struct agent *a, const char *text);
void agent_answered(struct agent *a);
/* Something failed: wait, then the next broker. */
void agent_link_fail(struct agent *a, enum agent_why why, const char *text);
void agent_link_wait(struct agent *a, enum agent_why why, Esep__V1__RefusalReason refusal,
                     const char *text, esep_time wait);
void agent_link_stop(struct agent *a, enum agent_why why, Esep__V1__RefusalReason refusal,
                     const char *text);
/* The same socket, a new session, not before `wait` has passed. */
void agent_greet_again(struct agent *a, enum agent_why why, Esep__V1__RefusalReason refusal,
                       const char *text, esep_time wait);
void agent_link_time(struct agent *a);
void agent_link_drain(struct agent *a);
esep_time agent_link_deadline(const struct agent *a);

/* Nothing failed: by the office's own rules no link until then. */
void agent_link_pause(struct agent *a, enum agent_why why, esep_time until);

void agent_clock_moved(struct agent *a, esep_time by);

/* agent_gate.c */
void agent_gate_turn(struct agent *a); /* at each event, first */
/* A link is wanted: may it be? False: put off until it may. */
bool agent_gate_opens(struct agent *a);
bool agent_gate_idles(const struct agent *a); /* a wait is over, since no link may be now */
/* A link is there, or being made: true: it was let go. */
bool agent_gate_shuts(struct agent *a);
void agent_gate_look(struct agent *a); /* what was put off may have become possible */
void agent_gate_force(struct agent *a);
void agent_gate_stirs(struct agent *a);
void agent_gate_clock_moved(struct agent *a, esep_time by);
bool agent_gate_exhausted(const struct agent *a); /* nothing more may go at all */
bool agent_gate_closing(const struct agent *a);   /* no new group, no PULL */
bool agent_gate_last_frame(const struct agent *a, size_t frame_len); /* close the group with it */
bool agent_gate_lets_files(const struct agent *a);
/* How long a frame of entries may be, where `need` is that of the first alone; 0: not today. */
size_t agent_gate_frame(struct agent *a, size_t len, size_t need);
void agent_gate_spent(struct agent *a, size_t frame_len); /* about to be sent: KEEP before */
void agent_gate_keep_exact(struct agent *a);
esep_time agent_gate_deadline(const struct agent *a);
void agent_gate_view(const struct agent *a, struct agent_rules_view *ret);

/* agent_hello.c */
void agent_uplink_clear(struct agent *a);
void agent_hello_send(struct agent *a);
void agent_on_welcome(struct agent *a, const struct esep_envelope *envelope);
/* Signs the head for this moment. */
struct esep_commitment agent_commit(struct agent *a, const struct agent_mark *mark);
/* Seals what is in scratch into tx. False: the link has failed. */
bool agent_seal(struct agent *a, Esep__V1__Kind kind);
bool agent_pack(struct agent *a, const ProtobufCMessage *message); /* into scratch */
/* What is in tx is to be sent. */
void agent_frame_due(struct agent *a, Esep__V1__Kind kind);
/* Opens and unpacks into the arena; NULL: not for us, dropped and counted. */
const ProtobufCMessage *agent_open(struct agent *a, const struct esep_envelope *envelope,
                                   const ProtobufCMessageDescriptor *descriptor);
void agent_stop_fork(struct agent *a, uint64_t seq);
void agent_see_checkpoint(struct agent *a, uint64_t size, const struct esep_hash *root);

/* agent_refusal.c */
void agent_on_refusal(struct agent *a, const struct esep_envelope *envelope);

/* agent_rotate.c */
bool agent_rotate_send(struct agent *a);
bool agent_rotating(const struct agent *a); /* nothing else is sent */
void agent_on_rotated(struct agent *a, const struct esep_envelope *envelope);
void agent_rotated(struct agent *a); /* the collector says so */

/* agent_batch.c */
bool agent_batch_send(struct agent *a); /* true: a frame is in tx */
void agent_window_drop(struct agent *a);
bool agent_in_flight(const struct agent *a);
/* A head alone could go now: over new entries behind a long queue. */
bool agent_promise_ready(const struct agent *a);
bool agent_promise_due(const struct agent *a);

/* agent_ingress.c */
void agent_ingress_look(struct agent *a); /* since when is it waited for a receipt */
bool agent_ingress_send(struct agent *a); /* true: a frame is in tx */
esep_time agent_ingress_deadline(const struct agent *a);
/* The broker says WAIT: true: the connection stays for its note, then waits so long. */
bool agent_ingress_parts(struct agent *a, const char *text, esep_time wait);
void agent_ingress_part(struct agent *a);                                /* no longer */
bool agent_ingress_refused(struct agent *a, const Esep__V1__Refusal *r); /* it was about an ask */
void agent_on_ingress(struct agent *a, const struct esep_envelope *envelope);
void agent_ingress_hung_up(struct agent *a);
void agent_ingress_clock_moved(struct agent *a, esep_time by);

/* agent_learn.c */
struct agent_tree_keys agent_tree_keys(const struct agent *a);
/* a->lesson, as it was judged: gathered. False: it was refused, and the link has failed or stopped.
 */
bool agent_learn(struct agent *a, enum esep_status status);

/* agent_cosigned.c */
void agent_proven(struct agent *a, const struct agent_proof *proof); /* to be kept */
void agent_on_cosigned(struct agent *a, const struct esep_envelope *envelope);

/* agent_receipt.c */
void agent_on_receipt(struct agent *a, const struct esep_envelope *envelope);
void agent_receipt_early(struct agent *a); /* our chain was compared: judge what was kept */
void agent_vault_stored(struct agent *a, enum esep_status status);
bool agent_vault_offer(struct agent *a); /* true: vault.store is ready to go */
bool agent_vault_idle(const struct agent *a);
static inline struct agent_gather *agent_filling(struct agent *a)
{
    return &a->vault.sides[a->vault.filling];
}

/* agent_file.c */
bool agent_file_add(struct agent *a, const struct agent_file *file);
void agent_file_bytes(struct agent *a, uint64_t token, enum esep_status status,
                      struct esep_slice bytes);
bool agent_file_send(struct agent *a); /* true: a frame is in tx */
void agent_files_new_session(struct agent *a);
void agent_files_welcome(struct agent *a, uint32_t features);
void agent_files_denied(struct agent *a); /* in the clear: perhaps because of an OFFER */
void agent_on_file_state(struct agent *a, const struct esep_envelope *envelope);
void agent_on_evidence(struct agent *a, const struct esep_envelope *envelope);
void agent_files_stored(struct agent *a, const struct esep_evidence *evidence, size_t count);
bool agent_files_pending(const struct agent *a); /* something of them goes, or soon will */
esep_time agent_files_deadline(const struct agent *a);
void agent_files_clock_moved(struct agent *a, esep_time by);
void agent_files_sum(const struct agent *a, struct agent_status *ret);

/* agent_mail.c */
void agent_on_mail(struct agent *a, const struct esep_envelope *envelope);
void agent_on_pong(struct agent *a, const struct esep_envelope *envelope);
bool agent_control_send(struct agent *a); /* PULL or PING: true: a frame is in tx */
void agent_part_drop(struct agent *a);
/* Before the sides change places: what is half there goes along, or is asked for again. */
void agent_part_move(struct agent *a, struct agent_gather *to);

#endif
