/* collector/collector.h - ingest: from frames to log entries, from commits to receipts.
 *
 * One report's way through here: a broker hands over an office's frame (collector_on_frame). HELLO
 * opens a session: the office's key comes from the views, never from the frame. Its commitment, if
 * new, joins the open batch. BATCH frames are opened, chained to the office's head, and wait until
 * a signed head covers them; then they join the open batch, judged by the views. While no commit
 * is under way and the open batch is not empty, it is closed and goes out as one STORE effect. When
 * it is on the disk the shell has the log's new head signed (batch->growth), by this process or by
 * another one that holds the key; only then is it said to be stored. collector_on_stored(OK) makes
 * RECEIPTs, one for each office and batch; nothing else does (law 1). collector_on_stored(anything
 * else) ends the core: the shell frees it, reopens the store and starts anew; offices say Hello
 * again.
 *
 * It decides order, durability, exactly-once and authority. It does no I/O: effects go out through
 * collector_peek / collector_pop, and the shell tells what became of them.
 *
 * Invariants: one STORE under way at most. A session's bytes in flight <= its credit. Entries of an
 * office enter the batch in sequence, none twice.
 */
#ifndef COLLECTOR_COLLECTOR_H
#define COLLECTOR_COLLECTOR_H

#include "collector/log.h"
#include "collector/views.h"
#include "wire/growth.h"
#include "wire/statement.h"

struct collector;

#define COLLECTOR_OPERATORS_MAX 16
struct collector_operator {
    char name[33];
    uint8_t sign_key[ESEP_KEY_BYTES];
    uint8_t curve_key[ESEP_KEY_BYTES];
};
/* Who signs with the log's key (collector/signer/) what is no head: refusals, joins, what receipts
 * say in words. False: not now; what it was for is not sent, and counted. It must not wait long. */
struct collector_signing {
    bool (*statement)(void *context, struct esep_slice statement,
                      uint8_t ret_signature[ESEP_SIGNATURE_BYTES]);
    void *context;
};
struct collector_config {
    struct esep_hash log_id;
    uint8_t engine_id[16];
    uint64_t generation; /* of the store: where the log says less, this core says so in it */
    char name[64];
    uint8_t log_public[ESEP_KEY_BYTES]; /* the newest of the log's keys */
    /* All of them, as the signer knows them: where the log, put back from a backup, knows less,
     * this core says them again in it. count 0: as the log knows them. */
    struct esep_log_keys log_keys;
    struct collector_signing signing;
    /* By the log's key, of the head of the log as the views say it is, in `generation` or, where
     * the log says more, in the log's own. */
    uint8_t head_signature[ESEP_SIGNATURE_BYTES];
    struct esep_box_key seal_key;
    uint8_t seed[32]; /* ephemeral keys are derived from it; fresh at every start */
    struct collector_operator operators[COLLECTOR_OPERATORS_MAX];
    size_t operator_count;
    views_targets_fn *targets; /* who is told of alerts and alarms */
    void *targets_context;
    /* bounds */
    uint32_t links_max;
    bool bundles; /* the last link is for files on a stick: the shell plays the broker there */
    uint32_t sessions_max;
    size_t frame_bytes_max;
    size_t session_credit_bytes; /* window of one session */
    size_t ingest_bytes_max;     /* all sessions together */
    size_t batch_bytes_max;
    uint32_t batch_records_max;
    esep_time session_idle;   /* sessions unheard of for so long are closed */
    esep_time presence_every; /* log a sign of life at most so often */
    esep_time alerts_settle;  /* no alerts for so long after the start: offices come back first */
    esep_time link_heartbeat;
    esep_time cosigned_every; /* an office gets a cosigned head at most so often in a session */
    /* files that reports name; without places none is taken, and WELCOME says so */
    uint32_t files_max;          /* under way at once */
    uint64_t file_bytes_max;     /* of one */
    uint64_t office_files_bytes; /* of one office, here and under way */
    size_t file_window_bytes;    /* an office may be so far ahead of what is written */
};

/* views: loaded, borrowed for the core's life. */
ESEP_MUST_USE enum esep_status collector_new(struct collector **ret,
                                             const struct collector_config *config,
                                             struct views *views, esep_time now);
void collector_free(struct collector *collector);
/* ESEP_OK while the core lives. Once it has ended (on_stored said no, or the views contradict the
 * log) it takes no more events; what peek still shows (refusals) may be sent, then free it. */
enum esep_status collector_status(const struct collector *c, struct esep_reason *ret_reason);
/* The store is at its quota: HELLO, BATCH, ENROL and orders that write are refused with FULL until
 * the shell says otherwise. After on_stored(ESEP_LIMIT) the new core starts like this. */
void collector_set_full(struct collector *c, bool full);

/* Events in. link: the shell's number of a broker, 0 .. links_max-1. */
void collector_on_link(struct collector *c, uint32_t link, const uint8_t broker_curve_key[32],
                       bool up, esep_time now);
void collector_on_frame(struct collector *c, uint32_t link, const struct esep_slice *parts,
                        size_t count, esep_time now);
void collector_on_order(struct collector *c, uint64_t token, struct esep_slice order,
                        esep_time now);
/* The same from the accounts' socket: the order's actor is an account, and its right is checked. */
void collector_on_account_order(struct collector *c, uint64_t token, struct esep_slice order,
                                esep_time now);
/* signature: with ESEP_OK, of the head that batch->growth leads to. ESEP_AGAIN: stored, and nobody
 * has signed. */
void collector_on_stored(struct collector *c, uint64_t token, enum esep_status status,
                         const uint8_t *signature, esep_time now);
struct collector_mail {
    uint64_t number;
    uint64_t log_index;
    struct esep_slice leaf;
    struct esep_slice body;
};
void collector_on_mail(struct collector *c, uint64_t token, const struct collector_mail *items,
                       size_t count, bool more, esep_time now);
/* What became of a FILE_ effect of this token. `held`: so many bytes of the file are there, in
 * order. FILE_OPEN: ESEP_OK; ESEP_CONFLICT: the whole file is there, was read and is sound.
 * FILE_WRITE: ESEP_OK. FILE_FINISH: ESEP_OK: it is what its hash says, and durable; ESEP_CORRUPT:
 * our disk has changed it, `held` are sound; ESEP_INVALID: sound as it came, it is not that file.
 * All of them: ESEP_LIMIT: no room. Anything else: not now. */
void collector_on_file(struct collector *c, uint64_t token, enum esep_status status, uint64_t held,
                       esep_time now);
void collector_on_delivery(struct collector *c, uint64_t alert_index, uint32_t target,
                           bool delivered, uint32_t attempts, const char *detail, esep_time now);
void collector_on_time(struct collector *c, esep_time now);
void collector_drain(struct collector *c, esep_time now); /* no new frames; finish what is in */
bool collector_drained(const struct collector *c);
esep_time collector_deadline(const struct collector *c);

/* Effects out. */
enum collector_effect_kind {
    COLLECTOR_EFFECT_SEND = 1, /* parts on link */
    COLLECTOR_EFFECT_STORE,    /* batch; then on_stored(token) */
    COLLECTOR_EFFECT_MAIL,     /* read the mailbox; then on_mail(token) */
    COLLECTOR_EFFECT_REPLY,    /* bytes (OrderReply) to the local order `token` */
    COLLECTOR_EFFECT_DELIVER,  /* alert_index, also an alarm's, is durable: its targets are owed */
    /* A file under way, at COLLECTOR_FILE_PLACE(token) of config.files_max places: what another
     * token left open there is closed first. Answered by on_file, in order, but for CLOSE. */
    COLLECTOR_EFFECT_FILE_OPEN,   /* how much of `file` is there? */
    COLLECTOR_EFFECT_FILE_WRITE,  /* parts[0] at `offset` */
    COLLECTOR_EFFECT_FILE_FINISH, /* compare with the hash, sync, give it its name */
    COLLECTOR_EFFECT_FILE_CLOSE,
    COLLECTOR_EFFECT_FILE_GONE, /* its office (file.office) has lost it, too; needs no answer */
};
#define COLLECTOR_FILE_PLACE(token) ((uint32_t)(token))
struct collector_effect {
    enum collector_effect_kind kind;
    uint64_t token;
    uint32_t link;
    struct esep_slice parts[2]; /* SEND, REPLY (parts[0]) */
    size_t part_count;
    const struct collector_batch *batch; /* STORE: stays valid until on_stored */
    uint32_t office;                     /* MAIL */
    uint64_t after;                      /* MAIL: numbers greater than this ... */
    size_t bytes_max;                    /* MAIL: ... so many bytes, at least one item */
    uint64_t alert_index;                /* DELIVER */
    struct views_file file;              /* FILE_... */
    uint64_t offset;                     /* FILE_WRITE */
};
const struct collector_effect *collector_peek(const struct collector *c); /* NULL: none */
void collector_pop(struct collector *c);

/* The entry at (office, epoch, seq) in the committed store, for repeats and their receipts: set by
 * the shell before any frame. The closing commitment's index is in the first 'S' row at or above
 * the key (log.h says where the entry lies from there); its leaf's hash is the chain hash. A
 * deterministic look into the committed log, no more. ESEP_NOT_FOUND. */
typedef enum esep_status collector_entry_fn(void *context, uint32_t office, uint32_t epoch,
                                            uint64_t seq, uint64_t *ret_index,
                                            struct esep_leaf *ret_leaf);
void collector_set_lookup(struct collector *c, collector_entry_fn *lookup, void *context);

/* The committed log's tree and entries, for receipts and their proofs: set by the shell before any
 * frame. Looks into the store, no more; what is newest the views know themselves. */
struct collector_history {
    bool (*node)(void *context, struct esep_merkle_place place, struct esep_hash *ret);
    enum esep_status (*leaf)(void *context, uint64_t index, struct esep_leaf *ret_leaf);
    enum esep_status (*nonce)(void *context, uint64_t index, uint8_t ret_nonce[ESEP_NONCE_BYTES]);
    enum esep_status (*commitment)(void *context, uint64_t index, struct esep_commitment *ret);
    void *context;
};
void collector_set_history(struct collector *c, const struct collector_history *history);

/* The newest checkpoint: of what is durable, signed. Its span is not filled. */
void collector_checkpoint(const struct collector *c, struct esep_growth *ret);

/* The newest head that witnesses have signed, for offices of which some receipt is under none: it
 * goes out with WELCOME or PONG, where the office has seen no more than that, and in one session
 * at most once in config.cosigned_every (collector_cosigned.c). Said again to each new core. */
struct collector_cosigned {
    uint64_t generation;
    uint64_t size; /* 0: none */
    struct esep_hash root;
    uint8_t signature[ESEP_SIGNATURE_BYTES]; /* by config.log_key */
    char lines[ESEP_COSIGNED_LINES_MAX + 1]; /* as in a note */
};
void collector_set_cosigned(struct collector *c, const struct collector_cosigned *cosigned);

/* That the first `size` entries begin with the first old_size, as RFC 6962 proves it; ret_old_root:
 * what those came to. The proof leads to `root`: what the disk has changed is found here, and not
 * shown to anybody. size <= that of the newest checkpoint, old_size <= size. ESEP_NOT_FOUND: a part
 * of the tree cannot be read; ESEP_CORRUPT: it is not what was signed. */
ESEP_MUST_USE enum esep_status collector_consistency(struct collector *c, uint64_t old_size,
                                                     uint64_t size, const struct esep_hash *root,
                                                     struct esep_merkle_path *ret,
                                                     struct esep_hash *ret_old_root);
/* What a witness answered, to be logged as an alarm, which the operators are told of. False: there
 * was no room in the batch; tell it again. */
struct collector_sight {
    Esep__V1__AlarmKind kind;
    const char *witness; /* its key's name, ESEP_NOTE_NAME_MAX bytes at most */
    uint64_t size;       /* that it says it has seen */
    const char *text;    /* shorter than 256 bytes */
};
ESEP_MUST_USE bool collector_on_witness(struct collector *c, const struct collector_sight *sight,
                                        esep_time now);

/* What the committed store knows of a file: does a taken report of the office name it, and is it
 * here? Set by the shell before any frame; without it no files are taken. */
struct collector_file_known {
    bool named;
    bool here;                      /* so says the log ... */
    bool lost;                      /* ... and the folder lacks it all the same */
    struct views_evidence evidence; /* where `here` */
};
typedef enum esep_status collector_file_fn(void *context, const struct views_file *file,
                                           struct collector_file_known *ret);
/* Files of this office that taken reports name and that are not here, as far as the shell knows;
 * none that lookup now calls here. Returns how many, at most `room`. */
typedef size_t collector_lacking_fn(void *context, uint32_t office, struct views_file *ret,
                                    size_t room);
void collector_set_files(struct collector *c, collector_file_fn *lookup,
                         collector_lacking_fn *lacking, void *context);
/* The shell has found out what is lacking: offices that are there are asked now, others as they
 * come. */
void collector_on_lacking(struct collector *c, esep_time now);

/* How far a broker link has come, for `ready` events and metrics. REFUSED: text says why. */
enum collector_link_state {
    COLLECTOR_LINK_DOWN,
    COLLECTOR_LINK_GREETED, /* LinkUp{beat} is out, no challenge yet */
    COLLECTOR_LINK_JOINING,
    COLLECTOR_LINK_JOINED,
    COLLECTOR_LINK_REFUSED,
};
enum collector_link_state collector_link(const struct collector *c, uint32_t link,
                                         const char **ret_text);

/* Counters for logs and metrics, in the order of collector_counter_name. */
enum collector_counter {
    COLLECTOR_FRAMES,
    COLLECTOR_FRAMES_REFUSED,
    COLLECTOR_ENTRIES,
    COLLECTOR_REPEATS,
    COLLECTOR_BATCHES,
    COLLECTOR_RECEIPTS,
    COLLECTOR_FORKS,
    COLLECTOR_BAD_SIGNATURES,
    COLLECTOR_SESSIONS,
    COLLECTOR_SESSIONS_EXPIRED,
    COLLECTOR_MAILS,
    COLLECTOR_ORDERS,
    COLLECTOR_ORDERS_DENIED, /* an account without the right to it, or no account at all */
    COLLECTOR_UNWRITTEN, /* deliveries, acknowledgements, signs of life, alarms: the batch was full
                          */
    COLLECTOR_UNSIGNED,  /* receipts, refusals, joins that were not sent: the signer was away */
    COLLECTOR_UNPROVEN,  /* receipts that were not sent: the disk has lost a part of the tree */
    COLLECTOR_FILE_CHUNKS,
    COLLECTOR_FILE_BYTES,
    COLLECTOR_FILES,      /* found whole, and logged */
    COLLECTOR_FILES_BACK, /* found whole again, after the folder had lost them */
    COLLECTOR_FILE_RECEIPTS,
    COLLECTOR_FILES_REFUSED,
    COLLECTOR_COSIGNED_SENT,
    COLLECTOR_COUNTERS
};
const char *collector_counter_name(enum collector_counter which);
uint64_t collector_counter(const struct collector *c, enum collector_counter which);
/* How far the bundle has come that came over the last link as this connection. */
struct collector_bundle {
    bool welcomed;
    uint32_t office;
    uint32_t epoch;
    uint64_t held;       /* durable of the epoch */
    uint64_t room;       /* bytes of BATCH that it may send now */
    bool mail_out;       /* all mail there is has been sent */
    bool awaits_witness; /* a receipt of the office is under no head that witnesses have signed */
    bool witnessed;      /* none is not, and the office keeps such heads */
};
/* ESEP_NOT_FOUND: no such session (any more). */
ESEP_MUST_USE enum esep_status collector_bundle_get(const struct collector *c, uint64_t conn,
                                                    struct collector_bundle *ret);
/* It waits for what witnesses have signed: what there is goes out. */
void collector_bundle_cosign(struct collector *c, uint64_t conn, esep_time now);
bool collector_office_online(const struct collector *c, uint32_t office);

#endif
