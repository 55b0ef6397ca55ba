/* agent/journal_internal.h - rows of the journal as bytes; shared by journal.c (opening, entries)
 * and journal_state.c (receipts, mail, marks). */
#ifndef AGENT_JOURNAL_INTERNAL_H
#define AGENT_JOURNAL_INTERNAL_H

#include "agent/journal.h"

#define ENTRY_KEY_BYTES 12
#define HEAD_ROW_BYTES (4 + 4 + 8 + ESEP_HASH_BYTES)
#define MARKS_ROW_BYTES (4 + 8 * 4 + ESEP_HASH_BYTES)
#define JOURNAL_RECEIPT_KEY_BYTES (ENTRY_KEY_BYTES + 1)
#define RECEIPT_ROW_BYTES (4 + 8 + ESEP_HASH_BYTES + 4 * 8 + ESEP_HASH_BYTES)

struct journal_marks {
    uint32_t epoch; /* the sequences below are of this epoch */
    uint64_t receipted_seq;
    uint64_t promised_seq;
    uint64_t mail_through;
    uint64_t checkpoint_size;
    struct esep_hash checkpoint_root;
};

MDB_val journal_val(const void *data, size_t len);
void journal_entry_key(uint32_t epoch, uint64_t seq, uint8_t out[ENTRY_KEY_BYTES]);
/* A row of "state". ESEP_NOT_FOUND; ESEP_CORRUPT where its length is another. */
ESEP_MUST_USE enum esep_status journal_state_get(MDB_txn *txn, const struct journal *journal,
                                                 const char *name, size_t len, uint8_t *ret,
                                                 struct esep_reason *reason);
ESEP_MUST_USE enum esep_status journal_state_put(MDB_txn *txn, const struct journal *journal,
                                                 const char *name, const uint8_t *row, size_t len,
                                                 struct esep_reason *reason);
ESEP_MUST_USE enum esep_status journal_head_get(MDB_txn *txn, const struct journal *journal,
                                                struct agent_head *ret, struct esep_reason *reason);
ESEP_MUST_USE enum esep_status journal_head_put(MDB_txn *txn, const struct journal *journal,
                                                const struct agent_head *head,
                                                struct esep_reason *reason);
/* All zero where there is no row yet. */
ESEP_MUST_USE enum esep_status journal_marks_get(MDB_txn *txn, const struct journal *journal,
                                                 struct journal_marks *ret,
                                                 struct esep_reason *reason);
ESEP_MUST_USE enum esep_status journal_marks_put(MDB_txn *txn, const struct journal *journal,
                                                 const struct journal_marks *marks,
                                                 struct esep_reason *reason);
ESEP_MUST_USE enum esep_status journal_identity_get(MDB_txn *txn, const struct journal *journal,
                                                    struct journal_identity *ret,
                                                    struct esep_reason *reason);
/* journal_keys.c: the office's signing key from here on, which was the next one. */
ESEP_MUST_USE enum esep_status journal_keys_replace(MDB_txn *txn, const struct journal *journal,
                                                    const struct esep_sign_key *key, esep_time now,
                                                    struct esep_reason *reason);
ESEP_MUST_USE enum esep_status journal_identity_put(MDB_txn *txn, const struct journal *journal,
                                                    const struct journal_identity *identity,
                                                    struct esep_reason *reason);
void journal_receipt_read(const uint8_t key[JOURNAL_RECEIPT_KEY_BYTES],
                          const uint8_t row[RECEIPT_ROW_BYTES], struct esep_receipt *ret);
/* Entry and the step of head; the caller signs and stores the head at the end. */
ESEP_MUST_USE enum esep_status journal_put_entry(MDB_txn *txn, const struct journal *journal,
                                                 struct agent_head *head, struct esep_slice bytes,
                                                 struct esep_reason *reason);
ESEP_MUST_USE enum esep_status
journal_put_signed(MDB_txn *txn, const struct journal *journal, const struct agent_head *head,
                   const struct esep_hash *log_id, const struct esep_sign_key *key, esep_time now,
                   const struct journal_marks *marks, struct esep_reason *reason);
/* journal_files.c: what the entry at `head` names; and a receipt. */
ESEP_MUST_USE enum esep_status journal_put_named(MDB_txn *txn, const struct journal *journal,
                                                 const struct agent_head *head,
                                                 struct esep_slice entry,
                                                 struct esep_reason *reason);
ESEP_MUST_USE enum esep_status journal_put_evidence(MDB_txn *txn, const struct journal *journal,
                                                    const struct esep_evidence *evidence,
                                                    struct esep_reason *reason);
/* journal_proofs.c */
ESEP_MUST_USE enum esep_status journal_put_proofs(MDB_txn *txn, const struct journal *journal,
                                                  const struct agent_store *store,
                                                  struct esep_reason *reason);
/* The newest head with witnesses' lines, and what receipts prove; none: zero. */
ESEP_MUST_USE enum esep_status journal_cosigned_get(MDB_txn *txn, const struct journal *journal,
                                                    struct agent_journal *ret,
                                                    struct esep_reason *reason);
/* journal_keys.c: count 0 where there is no row. */
ESEP_MUST_USE enum esep_status journal_log_keys_get(MDB_txn *txn, const struct journal *journal,
                                                    struct esep_log_keys *ret,
                                                    struct esep_reason *reason);
ESEP_MUST_USE enum esep_status journal_log_keys_put(MDB_txn *txn, const struct journal *journal,
                                                    const struct esep_log_keys *keys,
                                                    struct esep_reason *reason);
/* journal_ingress.c */
ESEP_MUST_USE enum esep_status journal_put_ingress(MDB_txn *txn, const struct journal *journal,
                                                   const struct agent_store *store,
                                                   struct esep_reason *reason);
/* Through which entry of the epoch a broker has noted; 0: none. */
ESEP_MUST_USE enum esep_status journal_noted_get(MDB_txn *txn, const struct journal *journal,
                                                 uint32_t epoch, uint64_t *ret_seq,
                                                 struct esep_reason *reason);
/* Nothing seen yet: all zero. */
ESEP_MUST_USE enum esep_status journal_tree_get(MDB_txn *txn, const struct journal *journal,
                                                struct agent_tree *ret, struct esep_reason *reason);
#define JOURNAL_FILE_KEY_BYTES (ESEP_HASH_BYTES + 8)
void journal_file_key(const struct agent_file *file, uint8_t out[JOURNAL_FILE_KEY_BYTES]);
void journal_receipt_key(const struct esep_receipt *receipt,
                         uint8_t out[JOURNAL_RECEIPT_KEY_BYTES]);
ESEP_MUST_USE enum esep_status journal_begin(const struct journal *journal, bool write,
                                             MDB_txn **ret, struct esep_reason *reason);
/* Commits with ESEP_OK, else aborts; returns what came of it. */
ESEP_MUST_USE enum esep_status journal_end(MDB_txn *txn, enum esep_status status,
                                           struct esep_reason *reason);

#endif
