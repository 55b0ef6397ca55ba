/* collector/signer/signer.h - what the log's key signs, and what it never will.
 *
 * Whoever holds the log's key is asked for two things. A *head*: the request names what the log
 * grew by, as the hashes of the span between two sizes (merkle_path.h); the signer grows its own
 * frontier by them, computes the root itself and signs the checkpoint of that root. It is never
 * told a root, so it cannot sign a head that does not begin with the last one. The same size once
 * more gives the same head: an answer may have been lost. A *statement* that is no head: refusals,
 * joins, and their like, each of a fixed layout behind a tag of its own.
 *
 * No statement can be read as a checkpoint: a checkpoint is a note's text, which has no zero byte
 * and at least 49 bytes, and every statement has a zero byte at the end of its tag, or is a
 * hash of 32 bytes that is made here. Nor can a checkpoint be read as a statement.
 *
 * `struct signer_memory` is a signer in the memory of whoever has the key: what signs where the
 * configuration names no other process, and in the tests. It remembers heads from its start on.
 *
 * *Another key* (docs/adr/0026). Whoever holds the key may hold the next one, too. Then a statement
 * is signed, by both, that the log is the next one's from some size on (wire/log_keys.h): only for
 * the very next entry of what was signed, which is the log's word about it. Once the old key has
 * signed the head with that entry, it is asked to give way, and is gone; what it signed stays, and
 * the next one goes on from there. A key that nobody laid beside the present one is never signed.
 *
 * Here it is decided and signed; where frontiers are kept is signer_heads.h's, and each is on the
 * disk before its signature leaves (signer_service.h). Requests and replies are fixed layouts,
 * integers big-endian:
 *
 *   request  op u8 | 0 | origin_len u16, then of a
 *     head       from u64 | size u64 | origin | 32 bytes for each subtree of the span
 *     size       origin                       (asks how much of a log was signed)
 *     statement  the bytes, origin_len 0
 *     key        nothing more                 (asks for the public key, which comes as the root,
 *                the next one as the first half of by_new, or zero; size: how many keys there were)
 *     next       generation u64 | size u64 | at i64 | log_id 32, origin_len 0: the statement
 *     switch     the same: the next key takes the present one's place; asked again it says so
 *     chain      n u64, origin_len 0          (the n-th key, from 0 on, and its statement)
 *   reply    status u8 | 0 x 7 | size u64 | root 32 | signature 64 | by_new 64 | generation u64 |
 *            at i64                             (of a statement: the key is the root)
 */
#ifndef COLLECTOR_SIGNER_H
#define COLLECTOR_SIGNER_H

#include "wire/growth.h"
#include "wire/log_keys.h"

#define SIGNER_STATEMENT_MAX 256
#define SIGNER_REQUEST_MAX (20 + ESEP_ORIGIN_MAX + ESEP_MERKLE_SPAN_MAX * ESEP_HASH_BYTES)
#define SIGNER_REPLY_BYTES 192

enum signer_op {
    SIGNER_HEAD = 1,
    SIGNER_SIZE = 2,
    SIGNER_STATEMENT = 3,
    SIGNER_KEY = 4,
    SIGNER_NEXT = 5,
    SIGNER_SWITCH = 6,
    SIGNER_CHAIN = 7,
};

struct signer_request {
    enum signer_op op;
    char origin[ESEP_ORIGIN_MAX + 1];
    uint64_t from, size; /* CHAIN: size is n */
    uint64_t generation; /* NEXT, SWITCH: of the log; origin is made of both */
    esep_time at;
    struct esep_hash log_id;
    size_t count;
    struct esep_hash span[ESEP_MERKLE_SPAN_MAX];
    struct esep_slice statement; /* borrowed */
};
struct signer_reply {
    enum esep_status status; /* OK, INVALID, CONFLICT (with size), DENIED, LIMIT, IO, CORRUPT;
                                NOT_FOUND: no such key */
    uint64_t size;           /* that was signed last, this time included */
    struct esep_hash root;   /* of that size */
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    uint8_t by_new[ESEP_SIGNATURE_BYTES];
    uint64_t generation;
    esep_time at;
};
/* For the head that a log's growth leads to. */
void signer_request_head(const char *origin, const struct esep_growth *growth,
                         struct signer_request *ret);
/* Returns the length; the request is one that parse would take. */
size_t signer_request_write(const struct signer_request *request, uint8_t out[SIGNER_REQUEST_MAX]);
ESEP_MUST_USE enum esep_status signer_request_parse(struct esep_slice bytes,
                                                    struct signer_request *ret);
void signer_reply_write(const struct signer_reply *reply, uint8_t out[SIGNER_REPLY_BYTES]);
ESEP_MUST_USE enum esep_status signer_reply_parse(struct esep_slice bytes,
                                                  struct signer_reply *ret);

/* tree, grown to what a head's request asks. ESEP_CONFLICT: it was signed up to somewhere else.
 * ESEP_INVALID: the span is not one. */
ESEP_MUST_USE enum esep_status signer_extend(const struct esep_merkle *tree,
                                             const struct signer_request *request,
                                             struct esep_merkle *ret);
void signer_sign_head(const struct esep_sign_key *key, const char *origin,
                      const struct esep_merkle *tree, struct signer_reply *ret);
/* ESEP_DENIED: no statement of the list. */
ESEP_MUST_USE enum esep_status signer_sign_statement(const struct esep_sign_key *key,
                                                     struct esep_slice statement,
                                                     uint8_t ret[ESEP_SIGNATURE_BYTES]);

/* What is held of keys. */
struct signer_keys {
    struct esep_sign_key present;
    bool has_next;
    struct esep_sign_key next;
    struct esep_log_keys known; /* every one, the present one last; of one key alone it may be
                                   empty */
};
/* NEXT and SWITCH, where so much of the log was signed. After a SWITCH that is ESEP_OK `keys` are
 * those of from then on; where known has grown, that has to be kept before the answer leaves. */
void signer_rotate(struct signer_keys *keys, const struct signer_request *request,
                   const struct esep_merkle *tree, struct signer_reply *ret);

/* A request read, and answered where that takes the keys alone. false: it is about a head, and what
 * was signed before must be known; ret->status is ESEP_OK. */
bool signer_answer_by_key(const struct signer_keys *keys, struct esep_slice request,
                          struct signer_request *ret_asked, struct signer_reply *ret);

struct signer_memory {
    struct signer_keys keys;
    char origin[ESEP_ORIGIN_MAX + 1]; /* of one log: another one begins with nothing */
    struct esep_merkle tree;
};
/* From a log that is there already, as its store says it is. */
void signer_memory_begin(struct signer_memory *signer, const char *origin,
                         const struct esep_merkle *tree);
void signer_memory_answer(struct signer_memory *signer, struct esep_slice request,
                          struct signer_reply *ret);

#endif
