/* collector/collector_internal.h - what the files of ingest share; nobody else includes it.
 *
 * Where things live, so that each limit is visible in one place:
 *   pool     blocks of entries that wait for a signed head (ingest_bytes_max, all sessions)
 *   batches  two: the open one fills while the other is being committed
 *   results  what a commit owes to others: receipts, welcomes, replies, refusals. Nothing of it
 *            leaves before on_stored(OK): the views in memory are ahead of the disk until then
 *   offices  what is durable of each office, beside what the views hold in memory
 *   out      effects for the shell; results are turned into effects only as the shell takes them,
 *            so that making receipts overlaps with the next commit
 *
 * A session is named by its slot and generation; whoever keeps such a name asks again whether it
 * still holds. Indexes of lists use COLLECTOR_NONE for "nothing".
 */
#ifndef COLLECTOR_COLLECTOR_INTERNAL_H
#define COLLECTOR_COLLECTOR_INTERNAL_H

#include "base/arena.h"
#include "collector/collector.h"
#include "collector/rights.h"
#include "esep/v1/link.pb-c.h"
#include "wire/compress.h"
#include "wire/growth.h"
#include "wire/receipt.h"
#include "wire/session.h"
#include "wire/unpack.h"

#define COLLECTOR_NONE UINT32_MAX
#define COLLECTOR_BLOCK_BYTES 8192u
#define COLLECTOR_FRAME_ENTRIES_MAX 4096u /* entries of one BATCH */
/* So many entries share a signature well enough not to wait for more. */
#define COLLECTOR_EAGER_ENTRIES 64u
/* Entries without a head that heard nothing more for so long give way where the pool is full. */
#define COLLECTOR_WAITING_QUIET (30 * ESEP_SECOND)
#define COLLECTOR_OFFICE_SESSIONS_MAX 4u
#define COLLECTOR_UNPACK_BYTES ((size_t)4 << 20)
#define COLLECTOR_ORDER_WINDOW (5 * ESEP_MINUTE)
#define COLLECTOR_NONCES_MAX 1024u
#define COLLECTOR_TOLD_SLOTS 256u
#define COLLECTOR_HELLOS_SEEN 16384u
#define COLLECTOR_TOLD_FOR (200 * (ESEP_SECOND / 1000))
#define COLLECTOR_MAIL_UNACKED ((size_t)64 * 1024)
#define COLLECTOR_MAIL_PART ((size_t)16 * 1024)
#define COLLECTOR_RETRY_MS 5000u
#define COLLECTOR_COSIGNED (UINT32_C(1) << ESEP__V1__FEATURE__FEATURE_COSIGNED)
#define COLLECTOR_EVIDENCE (UINT32_C(1) << ESEP__V1__FEATURE__FEATURE_EVIDENCE)

/* Where a frame came from, and what an answer to it quotes. */
struct collector_route {
    uint32_t link;
    uint64_t conn;
    uint8_t session[ESEP_SESSION_ID_BYTES];
    uint64_t counter;
};
struct collector_frame {
    struct collector_route route;
    const uint8_t *curve_key; /* stamped by the broker */
    struct esep_envelope envelope;
    size_t size_bytes;
    esep_time now;
};
/* A refusal before it is signed. */
struct collector_refusal {
    Esep__V1__RefusalReason reason;
    const char *text; /* static */
    uint32_t retry_after_ms;
    uint32_t office;
    uint32_t epoch;
    uint64_t seq;
};

/* An entry's place in its office's chain: its content hash, and the head behind it. */
struct collector_link {
    struct esep_hash content;
    struct esep_hash head;
};

/* Bytes in pool blocks, first in, first out. */
struct collector_queue {
    uint32_t first, last; /* blocks; COLLECTOR_NONE: empty */
    uint32_t read_at, write_at;
    size_t bytes;
};
struct collector_cursor {
    uint32_t block;
    uint32_t at;
    size_t left;
};

struct collector_session {
    bool used;
    bool confirmed; /* a frame opened under the session's key: no replay by the broker */
    bool welcomed;
    uint32_t generation;
    struct esep_session seal;
    uint32_t office;
    uint32_t epoch;
    uint32_t link;
    uint64_t conn;
    uint64_t first_held; /* oldest entry that the office still holds */
    uint32_t features;   /* as its HELLO said ... */
    uint32_t log_key;    /* ... and the newest of the log's keys that it has */
    uint64_t tree_size;  /* what its office has seen of the log, with all that is under way */
    uint64_t tree_generation;
    bool promise_shown; /* the COMMITMENT entry at: the last one that it was sent a proof of */
    uint64_t promise_shown_at;
    uint64_t cosigned_size; /* the newest such head that its office has */
    bool cosigned_wanted;   /* some receipt of its office is under no head that witnesses signed */
    esep_time cosigned_at;  /* the last of them went; 0: none in this session */
    esep_time heard_at;
    uint32_t lru_prev, lru_next;
    uint32_t bucket_next, office_next;
    /* credit, cumulative; held = received and not yet committed or thrown away */
    uint64_t received_bytes;
    uint64_t credit_bytes;
    size_t waiting_frame_bytes;
    size_t batch_frame_bytes[2];
    /* entries that wait for a signed head: waiting_first .. tail_seq, if any */
    struct collector_queue waiting;
    uint64_t waiting_first;
    uint64_t waiting_count;
    uint64_t tail_seq;
    struct esep_hash tail_head;
    /* a signed head over the first cover_count of them, not yet verified */
    bool covered;
    struct esep_commitment cover;
    uint64_t cover_counter;
    size_t cover_frame_bytes;
    bool ready; /* in the list of those whose covered entries wait for the next batch */
    uint32_t ready_next;
    /* mail */
    bool pulled;
    bool mail_reading;
    uint64_t mail_through;
    uint64_t mail_sent;
};

/* A COMMITMENT entry in the log: what a receipt rests on. */
struct collector_promise_entry {
    struct esep_commitment commitment;
    uint64_t index;
    esep_time accepted_at;
};

/* Entries of one office that one receipt covers. */
struct collector_run {
    struct esep_receipt receipt;
    struct collector_promise_entry closing;
    bool promised;
    uint64_t promise_index; /* the promise that covers its first entry */
};

/* What ingest knows of an office beside the views. durable_*: as of the last commit. */
struct collector_office {
    uint64_t entries_serial; /* the last batch that holds an entry of it */
    uint8_t durable_state;   /* Esep__V1__OfficeState; 0: not durable yet */
    uint32_t durable_epoch;
    uint64_t durable_seq;
    struct esep_hash durable_head;
    uint64_t durable_mail;
    uint64_t batch_mail[2]; /* newest number in each batch; 0: none */
    uint32_t first_session;
    uint32_t session_count;
    uint64_t run_serial; /* batch in which `run` is this office's newest run */
    uint32_t run;
    bool has_last;
    struct collector_run last; /* what the newest ENTRIES receipt says */
    struct esep_hash last_alarm;
};

enum collector_after_kind {
    COLLECTOR_AFTER_WELCOME = 1,
    COLLECTOR_AFTER_PROMISE,
    COLLECTOR_AFTER_REFUSE,
    COLLECTOR_AFTER_ENROLLED,
    COLLECTOR_AFTER_ORDER,
    COLLECTOR_AFTER_ROSTER,
    COLLECTOR_AFTER_DELIVER,
    COLLECTOR_AFTER_EVIDENCE,
    COLLECTOR_AFTER_ROTATED,
};
/* Who waits for the reply to an order or enrolment. */
struct collector_asker {
    bool local;
    uint64_t token; /* local */
    struct collector_route route;
    struct esep_session seal; /* else */
};
struct collector_after {
    enum collector_after_kind kind;
    uint32_t session;
    uint32_t generation;
    uint32_t office;
    uint64_t index;
    struct collector_route route;
    struct collector_refusal refusal;
    struct collector_run promise;    /* PROMISE: its receipt, and its own entry as what closes */
    struct esep_evidence evidence;   /* EVIDENCE; index: the file's token */
    uint8_t nonce[ESEP_NONCE_BYTES]; /* of that entry */
    struct collector_asker asker;
    bool accepted;
    bool end_session;
};
struct collector_results {
    uint64_t serial;
    struct collector_run *runs;
    size_t run_count, run_next;
    struct collector_after *after;
    size_t after_count, after_next;
    uint32_t *mail; /* offices with new mail */
    size_t mail_count, mail_next;
    uint64_t checkpoint_size;
    struct esep_hash checkpoint_root;
};

struct collector_row_place {
    size_t key_at, key_len;
    size_t value_at, value_len;
    bool deleted;
};
struct collector_fill {
    uint64_t serial;
    struct collector_batch out;
    struct esep_growth growth; /* from where the batch began */
    struct collector_record *records;
    size_t record_count;
    uint8_t *bytes;
    size_t bytes_used;
    struct esep_buf rows_bytes;
    struct collector_row_place *places;
    struct collector_row *rows;
    size_t row_count, row_cap;
    struct collector_results *results;
};

struct collector_link_slot {
    enum collector_link_state state;
    bool up;
    uint8_t curve_key[ESEP_KEY_BYTES];
    esep_time heartbeat;
    esep_time beat_at;
    esep_time heard_at;
    char text[256];
};
struct collector_nonce {
    uint8_t bytes[16];
    esep_time until; /* 0: free */
};
struct collector_told {
    uint8_t session[ESEP_SESSION_ID_BYTES];
    uint64_t conn;
    Esep__V1__RefusalReason reason;
    esep_time at;
};

enum collector_file_stage {
    COLLECTOR_FILE_FREE = 0,
    COLLECTOR_FILE_OPENING,   /* the shell looks what there is of it */
    COLLECTOR_FILE_TAKING,    /* the office sends */
    COLLECTOR_FILE_FINISHING, /* the shell compares and syncs */
    COLLECTOR_FILE_LOGGED,    /* its entry awaits the commit */
};
struct collector_file {
    enum collector_file_stage stage;
    uint32_t generation;
    struct views_file file;
    uint32_t session, session_gen; /* who is told */
    uint64_t have;                 /* the shell has written it */
    uint64_t got;                  /* ... or was asked to */
    uint64_t through;              /* credit */
    uint32_t mends;
    bool lost; /* the log says since `evidence` that it is here: only its bytes are missing */
    struct views_evidence evidence;
    esep_time heard_at;
};

struct collector {
    struct collector_config config;
    struct views *views;
    collector_entry_fn *lookup;
    void *lookup_context;
    struct collector_history history;
    struct views_generation generation;
    struct esep_growth growth; /* of the receipt at hand; its signature is the durable one's */
    struct esep_place place;
    struct esep_place promise_place;
    struct collector_cosigned cosigned;
    enum esep_status ended;
    struct esep_reason ended_reason;
    bool full;
    bool draining;
    esep_time now; /* of the latest event */
    esep_time started_at;
    uint64_t counters[COLLECTOR_COUNTERS];
    uint64_t ephemerals; /* drawn so far */
    uint64_t own_nonces; /* drawn, for entries of its own */

    struct collector_link_slot *links;
    struct collector_session *sessions;
    uint32_t *buckets;
    uint32_t bucket_mask;
    uint32_t free_session; /* list through bucket_next */
    uint32_t lru_first, lru_last;
    uint32_t ready_first, ready_last;
    struct collector_office *offices; /* by number */
    uint32_t office_cap;
    struct collector_file *files; /* places, by number */
    collector_file_fn *file_lookup;
    collector_lacking_fn *file_lacking;
    void *file_lookup_context;

    uint8_t *blocks;
    uint32_t *block_next;
    uint32_t block_free;
    uint32_t block_free_count, block_count;

    uint64_t serial; /* of the open batch */
    bool storing;    /* the other batch is being committed */
    uint64_t committed_serial;
    uint64_t durable_size;
    struct esep_hash durable_root;
    uint8_t durable_signature[ESEP_SIGNATURE_BYTES]; /* of the checkpoint */
    struct collector_fill batches[2];
    struct collector_results *done; /* committed, owed to others */
    struct collector_results results[3];
    size_t run_max, after_max, mail_max;

    struct esep_arena arena; /* of one message */
    struct esep_buf plain;   /* of one frame */
    struct esep_buf packed;
    struct esep_compressor *compressor;
    struct esep_buf form;    /* a text with its form, for a session with a dictionary */
    struct esep_buf message; /* one that came packed */
    struct esep_slice *frame_entries;
    struct collector_link *frame_chain;
    struct collector_nonce nonces[COLLECTOR_NONCES_MAX];
    struct collector_told told[COLLECTOR_TOLD_SLOTS];
    uint64_t hellos[COLLECTOR_HELLOS_SEEN]; /* ids of authentic HELLOs, to know a replay */
    struct esep_buf alert_bytes;
    esep_time alerts_at;
    esep_time alerts_from; /* not before: started_at and the settling time */

    struct collector_effect *effects;
    size_t effect_cap, effect_first, effect_count;
    uint8_t *out;
    size_t out_cap, out_used;
    uint64_t sends_dropped;
};

/* A link over which a bundle comes: no CURVE key says whose it is, its own signature does. */
static inline bool collector_is_stick(const struct collector *c, uint32_t link)
{
    return c->config.bundles && link == c->config.links_max - 1;
}

/* collector.c */
void collector_end(struct collector *c, enum esep_status status, const struct esep_reason *reason);
/* By the log's key; false, and counted: not now. */
bool collector_sign(struct collector *c, struct esep_slice statement,
                    uint8_t ret_signature[ESEP_SIGNATURE_BYTES]);
static inline void collector_count(struct collector *c, enum collector_counter which, uint64_t n)
{
    c->counters[which] += n;
}

/* collector_out.c */
enum esep_status collector_out_init(struct collector *c);
void collector_out_done(struct collector *c);
/* A buf over the free room of `out`; what is appended to it becomes part of the next effect. */
struct esep_buf collector_out_room(struct collector *c);
void collector_out_to_conn(struct collector *c, uint32_t link, uint64_t conn,
                           struct esep_session *seal, Esep__V1__Kind kind, bool first,
                           struct esep_slice plain);
void collector_out_clear(struct collector *c, const struct collector_route *route,
                         Esep__V1__Kind kind, struct esep_slice plain);
void collector_out_link(struct collector *c, uint32_t link, const Esep__V1__LinkUp *message);
void collector_out_reply(struct collector *c, uint64_t token, struct esep_slice reply);
void collector_out_effect(struct collector *c, const struct collector_effect *effect);
/* Packs into c->packed; the slice lives until the next call. */
struct esep_slice collector_pack(struct collector *c, const ProtobufCMessage *message);

/* collector_queue.c */
enum esep_status collector_pool_init(struct collector *c);
void collector_queue_init(struct collector_queue *queue);
bool collector_queue_room(const struct collector *c, const struct collector_queue *queue,
                          size_t len);
void collector_queue_put(struct collector *c, struct collector_queue *queue, const void *data,
                         size_t len);
void collector_queue_get(struct collector *c, struct collector_queue *queue, void *out, size_t len);
void collector_queue_clear(struct collector *c, struct collector_queue *queue);
struct collector_cursor collector_queue_start(const struct collector_queue *queue);
/* out NULL: skips. */
void collector_cursor_get(const struct collector *c, struct collector_cursor *cursor, void *out,
                          size_t len);
/* Keeps what lies before the cursor. */
void collector_queue_cut(struct collector *c, struct collector_queue *queue,
                         const struct collector_cursor *cursor);

/* collector_session.c */
enum esep_status collector_sessions_init(struct collector *c);
struct collector_session *collector_session_find(struct collector *c, const uint8_t id[16]);
/* NULL: the table is full of sessions that live. */
struct collector_session *collector_session_add(struct collector *c,
                                                const struct esep_session *seal, uint32_t office);
void collector_session_end(struct collector *c, struct collector_session *session);
void collector_session_heard(struct collector *c, struct collector_session *session, esep_time now);
void collector_sessions_expire(struct collector *c, esep_time now);
esep_time collector_sessions_deadline(const struct collector *c);
static inline uint32_t collector_slot(const struct collector *c, const struct collector_session *s)
{
    return (uint32_t)(s - c->sessions);
}
struct collector_session *collector_session_named(struct collector *c, uint32_t slot,
                                                  uint32_t generation);
struct collector_office *collector_office(struct collector *c, uint32_t number);
/* Room for offices up to `number`. */
enum esep_status collector_offices_grow(struct collector *c, uint32_t number);
uint64_t collector_credit(struct collector *c, struct collector_session *session);

/* collector_hello.c */
void collector_on_hello(struct collector *c, const struct collector_frame *frame);
void collector_welcome(struct collector *c, struct collector_session *session);
/* What is held of the session's epoch, in memory; false: a newer epoch has begun. */
bool collector_held(const struct collector *c, const struct collector_session *session,
                    uint64_t *ret_seq, struct esep_hash *ret_head);
/* Logs a signed head that no entries close yet; its receipt follows the commit. */
void collector_promise(struct collector *c, struct collector_session *session,
                       const struct esep_commitment *commitment, esep_time now);

/* collector_group.c */
void collector_on_batch_frame(struct collector *c, struct collector_session *session,
                              const struct collector_frame *frame, struct esep_slice plain);
void collector_waiting_drop(struct collector *c, struct collector_session *session);
/* Whether the credit covers the frame; else it is refused. */
bool collector_credit_covers(struct collector *c, const struct collector_session *session,
                             const struct collector_frame *frame);
void collector_ready_drain(struct collector *c, esep_time now);
/* A group of consecutive entries under one verified head; entries NULL: the session's queue. */
struct collector_group {
    uint64_t first_seq;
    size_t count;
    size_t bytes;
    size_t frame_bytes;
    const struct esep_slice *entries;
    const struct collector_link *chain;
    const struct esep_commitment *commitment;
};
/* collector_settle.c */
enum esep_status collector_log_commitment(struct collector *c,
                                          const struct esep_commitment *commitment, uint8_t flags,
                                          esep_time now, struct esep_reason *reason);
bool collector_group_room(const struct collector *c, const struct collector_group *group);
void collector_group_log(struct collector *c, struct collector_session *session,
                         const struct collector_group *group, esep_time now);

/* collector_frame.c: one Batch, read in place. */
struct collector_batch_frame {
    uint64_t first_seq;
    size_t count; /* slices are in c->frame_entries */
    bool has_commitment;
    struct esep_commitment commitment;
};
enum esep_status collector_batch_read(struct collector *c, struct esep_slice plain,
                                      struct collector_batch_frame *ret,
                                      struct esep_reason *reason);

/* collector_batch.c */
enum esep_status collector_batches_init(struct collector *c);
void collector_batches_done(struct collector *c);
static inline struct collector_fill *collector_open_batch(struct collector *c)
{
    return &c->batches[c->serial & 1];
}
bool collector_batch_room(const struct collector *c, size_t records, size_t bytes);
/* Free room behind the batch's bytes: a body may be written there before collector_log_put. */
uint8_t *collector_batch_tail(struct collector *c);
/* One entry into the open batch and the views. ESEP_LIMIT or ESEP_INVALID: the views refused it and
 * nothing changed; ESEP_CORRUPT: the core has ended. The caller has checked the room. */
enum esep_status collector_log_put(struct collector *c, const struct esep_leaf *leaf,
                                   struct esep_slice body, const ProtobufCMessage *message,
                                   struct esep_reason *reason);
/* The 16 random bytes at the end of an entry of the collector's own. */
void collector_draw_nonce(struct collector *c, uint8_t ret_nonce[ESEP_NONCE_BYTES]);
/* An entry of the collector itself. */
enum esep_status collector_log_own(struct collector *c, Esep__V1__LogType type, uint32_t office,
                                   struct esep_slice body, esep_time now, uint64_t *ret_index,
                                   struct esep_reason *reason);
/* One that nobody waits for and that will be told or seen again: a delivery, an acknowledgement, a
 * sign of life, an alarm. Counted where the batch has no room. */
enum esep_status collector_log_aside(struct collector *c, Esep__V1__LogType type, uint32_t office,
                                     struct esep_slice body, esep_time now);
/* NULL: no room. In the open batch, or for `serial` where that is the one under way. */
struct collector_after *collector_after_add(struct collector *c, uint64_t serial,
                                            enum collector_after_kind kind);
bool collector_after_room(const struct collector *c, size_t count);
void collector_batch_close(struct collector *c);
/* Whether the chain hash at a sequence that is held can be found. */
bool collector_entry_at(struct collector *c, uint32_t office, uint32_t epoch, uint64_t seq,
                        uint64_t *ret_index, struct esep_leaf *ret_leaf);

/* collector_receipt.c */
void collector_results_durable(struct collector *c, struct collector_results *results,
                               const uint8_t *signature);
bool collector_results_step(struct collector *c);
void collector_results_finish(struct collector *c);
void collector_receipt_send(struct collector *c, struct collector_session *session,
                            const struct collector_run *run);
/* The receipt of what is held durably, once more. */
void collector_receipt_again(struct collector *c, struct collector_session *session);

/* collector_refuse.c */
void collector_refuse(struct collector *c, const struct collector_route *route,
                      const struct collector_refusal *refusal);
void collector_refuse_frame(struct collector *c, const struct collector_frame *frame,
                            Esep__V1__RefusalReason reason, const char *text);
struct collector_alarm {
    Esep__V1__AlarmKind kind;
    Esep__V1__RefusalReason reason;
    const char *text;
    uint32_t office;
    uint32_t epoch; /* shown */
    uint64_t seq;
    struct esep_hash held;
    struct esep_hash shown;
    uint32_t held_epoch; /* told to the office */
    uint64_t held_seq;
};
/* Logs the alarm (once for the same sight) and refuses after its commit. session may be NULL; it
 * ends then. */
void collector_alarm(struct collector *c, const struct collector_frame *frame,
                     struct collector_session *session, const struct collector_alarm *alarm);
void collector_refuse_all_full(struct collector *c);

/* collector_mail.c */
void collector_on_pull(struct collector *c, struct collector_session *session,
                       const struct collector_frame *frame, struct esep_slice plain);
void collector_on_ping(struct collector *c, struct collector_session *session,
                       const struct collector_frame *frame, struct esep_slice plain);
/* A bundle's session asks for nothing and acknowledges nothing: it gets all there is. */
void collector_mail_stick(struct collector *c, struct collector_session *session);
void collector_mail_push(struct collector *c, struct collector_session *session);
void collector_presence(struct collector *c, struct collector_session *session, esep_time now);
void collector_mail_items(struct collector *c, uint64_t token, const struct collector_mail *items,
                          size_t count, bool more);

/* collector_enrol.c; collector_rotate.h has more of keys */
void collector_on_enrol(struct collector *c, const struct collector_frame *frame);
void collector_enrol_reply(struct collector *c, struct collector_asker *asker, uint32_t office,
                           bool accepted);
/* collector_link.c */
enum esep_status collector_links_init(struct collector *c);
void collector_on_link_message(struct collector *c, uint32_t link,
                               const Esep__V1__LinkDown *message, esep_time now);
void collector_on_link_change(struct collector *c, uint32_t link, const uint8_t key[32], bool up,
                              esep_time now);
void collector_links_drain(struct collector *c, esep_time now);
void collector_links_clock_back(struct collector *c, esep_time now);
void collector_roster_change(struct collector *c, uint32_t office);
void collector_link_close(struct collector *c, uint32_t link, uint64_t conn);
void collector_links_on_time(struct collector *c, esep_time now);
esep_time collector_links_deadline(const struct collector *c);

/* collector_file.c, collector_lacking.c */
enum esep_status collector_files_init(struct collector *c);
bool collector_takes_files(const struct collector *c);
void collector_on_offer(struct collector *c, struct collector_session *session,
                        const struct collector_frame *frame, struct esep_slice plain);
void collector_on_chunk(struct collector *c, struct collector_session *session,
                        const struct collector_frame *frame, struct esep_slice plain);
void collector_file_answer(struct collector *c, uint64_t token, enum esep_status status,
                           uint64_t held);
void collector_file_durable(struct collector *c, uint64_t token);
void collector_evidence_send(struct collector *c, struct collector_session *session,
                             const struct esep_evidence *evidence,
                             const uint8_t nonce[ESEP_NONCE_BYTES]);
void collector_files_on_time(struct collector *c);
esep_time collector_files_deadline(const struct collector *c);
void collector_files_clock_back(struct collector *c, esep_time now);
bool collector_file_under_way(struct collector *c, const struct views_file *file);
void collector_file_state_send(struct collector *c, struct collector_session *session,
                               const struct views_file *file, Esep__V1__FileState *state);
void collector_file_drop(struct collector *c, const struct views_file *file);
void collector_lacking_ask(struct collector *c, struct collector_session *session);
void collector_lacking_ask_all(struct collector *c);
void collector_lacking_gone(struct collector *c, const struct views_file *file);

/* collector_alert.c */
void collector_alerts_on_time(struct collector *c, esep_time now);
void collector_delivered(struct collector *c, uint64_t alert_index, uint32_t target, bool delivered,
                         uint32_t attempts, const char *detail, esep_time now);
bool collector_sighted(struct collector *c, const struct collector_sight *sight, esep_time now);

#include "collector/collector_proof.h"

#endif
