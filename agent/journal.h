/* agent/journal.h - the office's journal: the truth until the collector's receipt says durable.
 *
 * An LMDB environment that the daemon and the commands use at the same time; each call is one
 * transaction, synced before it returns, so whatever says OK is on the disk. Databases:
 *
 *   entries   be32 epoch, be64 seq -> chain hash 32 | entry bytes exactly as packed
 *   signed    be32 epoch, be64 seq -> the office's signed head there (clock 8 | checkpoint 8 + 32 |
 *             signature 64): its own proof of what stood when
 *   receipts  be32 epoch, be64 through_seq, kind 1 -> office 4 | first_seq 8 | head 32 | log
 *             indexes first 8 and last 8 | accepted 8 | checkpoint 8 + 32
 *   mail      be64 number -> fixed head | bytes of the log entry
 *   drafts    obligation key -> packed Report, other entries named by their hash already
 *   files     sha256 32, be64 size -> be32 epoch, be64 seq of the first entry that names it, and
 *             from its evidence receipt on: office 4 | index 8 | accepted 8 | checkpoint 8 + 32
 *   proofs    as receipts, or as files -> log generation 8 | index 8 | leaf 160 | statement 208 |
 *             key 32; or be32 0, be32 epoch, be64 seq -> a broker's note of ingress there:
 *             statement 208 | key 32 | note 152 | signature 64
 *   nodes     be64 generation, level 1, be64 index -> hash 32: of the log's tree, as shown
 *   heads     be64 generation, be64 size -> root 32 | signature 64: checkpoints of the log
 *   state     "identity", "keys", "logkeys", "head", "marks", "view", "tree", "split"
 *
 * A new entry is refused loudly where the journal is over its quota or the disk is full; what is
 * there stays, and receipts still find room, since they are what lets entries go.
 *
 * Invariant: "head" is the last entry's sequence and chain hash, "signed" has a row for it.
 */
#ifndef AGENT_JOURNAL_H
#define AGENT_JOURNAL_H

#include "agent/agent.h"
#include "agent/entry.h"
#include "io/store.h"

struct journal {
    struct esep_store store;
    MDB_dbi entries, signed_heads, receipts, mail, drafts, state;
    MDB_dbi files, proofs, nodes, heads;
    uint64_t entries_max; /* not yet receipted; 0: no bound but the quota */
};

struct journal_options {
    const char *path;
    size_t map_bytes;
    uint64_t entries_max;
    bool read_only;
    bool create;
};
ESEP_MUST_USE enum esep_status journal_open(struct journal *ret,
                                            const struct journal_options *options,
                                            struct esep_reason *reason);
void journal_close(struct journal *journal);

/* Who this journal belongs to: written once, by enrolment. */
struct journal_identity {
    struct esep_hash log_id;
    uint32_t office;
    char body[33];
    uint8_t sign_public[ESEP_KEY_BYTES];
    uint32_t first_epoch; /* for journal_enrol alone; 0: 1 */
};
/* ESEP_CONFLICT: the journal has one already. Begins the epoch that the collector says: above 1
 * where the office was there before and has lost its journal. */
ESEP_MUST_USE enum esep_status journal_enrol(struct journal *journal,
                                             const struct journal_identity *identity,
                                             struct esep_reason *reason);
/* ESEP_NOT_FOUND: not enrolled. */
ESEP_MUST_USE enum esep_status
journal_identity(struct journal *journal, struct journal_identity *ret, struct esep_reason *reason);

/* The office's keys: since when the present one is, and the one that is to take its place. */
struct journal_keys {
    esep_time since; /* of the last rotation; 0: it is the one enrolled */
    bool wanted;     /* ROTATE may have gone up with it: only it may follow */
    uint8_t next_public[ESEP_KEY_BYTES];
    esep_time wanted_at;
};
ESEP_MUST_USE enum esep_status journal_keys(struct journal *journal, struct journal_keys *ret,
                                            struct esep_reason *reason);
/* ESEP_CONFLICT: another one is on its way already. */
ESEP_MUST_USE enum esep_status journal_keys_want(struct journal *journal,
                                                 const uint8_t next_public[ESEP_KEY_BYTES],
                                                 esep_time now, struct esep_reason *reason);
/* The collector has it in its log: from here on the office signs with this key, in a new epoch, in
 * which what no receipt covers is queued again, with the same bytes. */
ESEP_MUST_USE enum esep_status journal_rekey(struct journal *journal,
                                             const struct esep_sign_key *key, esep_time now,
                                             uint64_t *ret_requeued, struct esep_reason *reason);

/* The keys of the log that this office holds: the configured one, and those that it was led to. */
ESEP_MUST_USE enum esep_status journal_log_keys(struct journal *journal,
                                                const uint8_t configured[ESEP_KEY_BYTES],
                                                struct esep_log_keys *ret,
                                                struct esep_reason *reason);

/* Appends packed entries (each from agent_entry_pack) in one transaction, signs the new head.
 * ESEP_LIMIT: full, nothing changed. */
ESEP_MUST_USE enum esep_status journal_append(struct journal *journal,
                                              const struct esep_sign_key *key,
                                              const struct esep_slice *entries, size_t count,
                                              esep_time now, struct agent_head *ret_head,
                                              struct esep_reason *reason);
/* The same, if the head is still `after` (NULL: whatever it is), and in the same transaction the
 * draft that is sent with it is gone (NULL: none): a crash in between would send it twice.
 * ESEP_AGAIN: another command wrote meanwhile, look again. ESEP_NOT_FOUND: no such draft. */
struct journal_append {
    const struct esep_slice *entries;
    size_t count;
    const struct agent_head *after;
    const char *draft; /* its obligation */
};
ESEP_MUST_USE enum esep_status journal_append_after(struct journal *journal,
                                                    const struct esep_sign_key *key,
                                                    const struct journal_append *what,
                                                    esep_time now, struct agent_head *ret_head,
                                                    struct esep_reason *reason);
/* What the core starts from. older_epoch and older_seq: journal_newest_older. */
ESEP_MUST_USE enum esep_status journal_load(struct journal *journal, struct agent_journal *ret,
                                            struct esep_reason *reason);
/* The first older epoch of which more was receipted than through (epoch, seq): what a core must
 * send before the present epoch, where the collector lacks it. ESEP_NOT_FOUND: none. */
ESEP_MUST_USE enum esep_status journal_older(struct journal *journal, uint32_t epoch, uint64_t seq,
                                             uint32_t *ret_epoch, uint64_t *ret_through,
                                             struct esep_reason *reason);
/* The newest older epoch of which anything was receipted, into a loaded start; 0: none. */
ESEP_MUST_USE enum esep_status journal_newest_older(struct journal *journal,
                                                    struct agent_journal *loaded,
                                                    struct esep_reason *reason);
/* What a core over such an epoch starts from: its receipted entries alone. base is known only where
 * the epoch is held whole; else the collector's word for it is to be put there. */
ESEP_MUST_USE enum esep_status journal_load_older(struct journal *journal, uint32_t epoch,
                                                  uint64_t through, struct agent_journal *ret,
                                                  struct esep_reason *reason);
/* Cheap: the head alone, to see whether a command has written. */
ESEP_MUST_USE enum esep_status journal_head(struct journal *journal, struct agent_head *ret,
                                            struct esep_reason *reason);
/* Everything the core wants stored, in one transaction. epoch: the core's; where a recovery began
 * another meanwhile, receipts and mail are kept and the marks of the new epoch stay as they are. */
ESEP_MUST_USE enum esep_status journal_store(struct journal *journal, uint32_t epoch,
                                             const struct agent_store *store,
                                             struct esep_reason *reason);

/* Entries of an epoch (0: the present one) from seq on, ascending, until visit says false. Borrowed
 * for the call; no transaction outlives it. */
ESEP_MUST_USE enum esep_status
journal_entries(struct journal *journal, uint32_t epoch, uint64_t from_seq,
                bool (*visit)(void *context, const struct agent_entry *entry), void *context,
                struct esep_reason *reason);
/* Entries of every epoch, the oldest first, until visit says false. After a recovery an entry that
 * no receipt covers stands in its old epoch and, queued again, in the new one. */
ESEP_MUST_USE enum esep_status journal_walk(struct journal *journal,
                                            bool (*visit)(void *context, uint32_t epoch,
                                                          const struct agent_entry *entry),
                                            void *context, struct esep_reason *reason);
/* What the office can prove of a receipt, or of a file's (evidence of journal_file).
 * ESEP_NOT_FOUND. */
ESEP_MUST_USE enum esep_status journal_proof(struct journal *journal,
                                             const struct esep_receipt *receipt,
                                             struct agent_proof *ret, struct esep_reason *reason);
ESEP_MUST_USE enum esep_status journal_file_proof(struct journal *journal,
                                                  const struct agent_file *file,
                                                  struct agent_proof *ret,
                                                  struct esep_reason *reason);
#define JOURNAL_INGRESS_MAX 256
/* The first broker's note of ingress that covers an entry: its own, else the next behind it, whose
 * head has it in its chain. ESEP_NOT_FOUND: none. */
ESEP_MUST_USE enum esep_status journal_ingress(struct journal *journal, uint32_t epoch,
                                               uint64_t seq, struct agent_ingress *ret,
                                               struct esep_reason *reason);
/* What a head with witnesses' lines is worth to whoever asks. */
enum journal_worth {
    JOURNAL_WORTH_NOTHING = 0,
    JOURNAL_WORTH_SOME, /* taken where there is none better */
    JOURNAL_WORTH_ALL,  /* no later one is looked at */
};
typedef enum journal_worth journal_worth_fn(void *context, const struct agent_cosigned *head);
/* The earliest head that holds the entry at index and is worth most, with its lines: none later
 * proves an earlier hour. ESEP_NOT_FOUND: none is worth anything. */
ESEP_MUST_USE enum esep_status journal_cosigned(struct journal *journal, uint64_t generation,
                                                uint64_t index, journal_worth_fn *worth,
                                                void *context, struct agent_cosigned *ret,
                                                struct esep_reason *reason);
/* The path of that leaf under a head, *head if its size is not 0, else under the newest of its
 * generation, which is put there. ESEP_NOT_FOUND: none above it, or a node lacks. */
ESEP_MUST_USE enum esep_status journal_audit(struct journal *journal,
                                             const struct agent_proof *proof,
                                             struct agent_checkpoint *head,
                                             struct esep_merkle_path *ret_path,
                                             struct esep_reason *reason);
/* The head that the log key signed beside the log that this office has seen, and the newest of that
 * one's. ESEP_NOT_FOUND: there never was one. */
ESEP_MUST_USE enum esep_status journal_split(struct journal *journal, struct agent_checkpoint *ret,
                                             struct agent_checkpoint *ret_ours,
                                             struct esep_reason *reason);
/* Every receipt, by epoch and sequence, until visit says false. */
ESEP_MUST_USE enum esep_status journal_receipts(struct journal *journal,
                                                bool (*visit)(void *context,
                                                              const struct esep_receipt *receipt),
                                                void *context, struct esep_reason *reason);
/* One entry of any epoch, copied. ESEP_NOT_FOUND. */
ESEP_MUST_USE enum esep_status journal_entry(struct journal *journal, uint32_t epoch, uint64_t seq,
                                             struct esep_hash *ret_chain,
                                             struct esep_buf *ret_bytes,
                                             struct esep_reason *reason);
/* The receipt that proves an entry: the first at or behind it, whose head has it in its chain. kind
 * as in wire.proto. ESEP_NOT_FOUND: none yet. */
ESEP_MUST_USE enum esep_status journal_receipt(struct journal *journal, uint32_t epoch,
                                               uint64_t seq, Esep__V1__ReceiptKind kind,
                                               struct esep_receipt *ret,
                                               struct esep_reason *reason);
/* The promise that proves an earlier hour of the entry than its receipt (NULL: it has none yet)
 * does. ESEP_NOT_FOUND: none. */
ESEP_MUST_USE enum esep_status journal_promise(struct journal *journal, uint32_t epoch,
                                               uint64_t seq, const struct esep_receipt *receipt,
                                               struct esep_receipt *ret,
                                               struct esep_reason *reason);
/* Mail from a number on, ascending. */
ESEP_MUST_USE enum esep_status journal_mail(struct journal *journal, uint64_t from_number,
                                            bool (*visit)(void *context,
                                                          const struct agent_mail *mail),
                                            void *context, struct esep_reason *reason);
/* The last WELCOME's words. ESEP_NOT_FOUND: never connected. */
ESEP_MUST_USE enum esep_status journal_view(struct journal *journal, struct agent_view *ret,
                                            struct esep_reason *reason);

ESEP_MUST_USE enum esep_status journal_draft_put(struct journal *journal, const char *obligation,
                                                 struct esep_slice report,
                                                 struct esep_reason *reason);
/* The same, if the draft is still `was` (no bytes: there is none): of two who change it at once one
 * is told. ESEP_CONFLICT: it is another. */
ESEP_MUST_USE enum esep_status journal_draft_swap(struct journal *journal, const char *obligation,
                                                  struct esep_slice was, struct esep_slice report,
                                                  struct esep_reason *reason);
ESEP_MUST_USE enum esep_status journal_draft_get(struct journal *journal, const char *obligation,
                                                 struct esep_buf *ret_report,
                                                 struct esep_reason *reason);
ESEP_MUST_USE enum esep_status journal_draft_delete(struct journal *journal, const char *obligation,
                                                    struct esep_reason *reason);
ESEP_MUST_USE enum esep_status journal_drafts(struct journal *journal,
                                              bool (*visit)(void *context, const char *obligation,
                                                            struct esep_slice report),
                                              void *context, struct esep_reason *reason);

/* A file that an entry names, and what became of it. */
struct journal_file {
    struct agent_file file;
    uint32_t epoch; /* the first entry that named it */
    uint64_t seq;
    bool receipted; /* that entry is; so the collector knows that it lacks the file */
    bool here;      /* at the collector: `evidence` proves it */
    struct esep_evidence evidence;
};
/* Every one, by hash, until visit says false. */
ESEP_MUST_USE enum esep_status journal_files(struct journal *journal,
                                             bool (*visit)(void *context,
                                                           const struct journal_file *file),
                                             void *context, struct esep_reason *reason);
/* ESEP_NOT_FOUND: no entry names it. */
ESEP_MUST_USE enum esep_status journal_file(struct journal *journal, const struct agent_file *file,
                                            struct journal_file *ret, struct esep_reason *reason);

#define JOURNAL_PRUNE_MAX 2048
/* Lets go of entries that a receipt and the checkpoint cover, that were written before `before` and
 * that the collector took before then (keep_days); some thousand a call. Of older epochs likewise:
 * a restored collector may ask for them for so long (journal_older). Receipts stay. ret_oldest,
 * ret_base: what is held from now on. */
ESEP_MUST_USE enum esep_status journal_prune(struct journal *journal, esep_time before,
                                             uint64_t *ret_oldest, struct esep_hash *ret_base,
                                             struct esep_reason *reason);
/* After a fork or a restored disk: begins the epoch above the collector's, and queues again every
 * entry that no receipt covers under new numbers, with the same bytes. Nothing is deleted. */
ESEP_MUST_USE enum esep_status journal_recover(struct journal *journal,
                                               const struct esep_sign_key *key, esep_time now,
                                               uint32_t collector_epoch, uint64_t *ret_requeued,
                                               struct esep_reason *reason);
/* Bytes used, the quota, and entries without a receipt. */
ESEP_MUST_USE enum esep_status journal_usage(struct journal *journal, uint64_t *ret_used_bytes,
                                             uint64_t *ret_quota_bytes, uint64_t *ret_waiting,
                                             struct esep_reason *reason);

#endif
