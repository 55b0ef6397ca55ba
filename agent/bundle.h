/* agent/bundle.h - entries on a stick: what an office without any link carries to the collector.
 *
 * The file is a line "esep-bundle 2\n", 16 random bytes, and then envelopes, each after its length
 * as be32: first BUNDLE (BundleHead: the signed head and how many entries follow), then BATCHes of
 * consecutive entries, sealed under the first key as wire/session.h says, each under a signed head
 * of its last entry; the last one's is that of BUNDLE. Then come the files that it says: each in
 * CHUNKs, and an OFFER of it when it is whole. It can be read by the collector alone, any
 * number of times, and importing it is the same as receiving its BATCHes. A cut file is found out:
 * `count` lacks, or a file.
 *
 * The ephemeral secret is made from the office's signing key and those 16 bytes, so that the office
 * can open the collector's reply, weeks later, with nothing kept but its keys (bundle_reply.h).
 *
 * The writer appends to a buf that the caller empties into a file as it likes; the reader takes a
 * file's bytes. Both are pure.
 */
#ifndef AGENT_BUNDLE_H
#define AGENT_BUNDLE_H

#include "agent/agent.h"
#include "base/arena.h"
#include "wire/session.h"

#define AGENT_BUNDLE_MAGIC "esep-bundle 2\n"
#define AGENT_BUNDLE_SALT_BYTES 16
#define AGENT_BUNDLE_FRAME_ENTRIES 1000u /* a collector's batch takes as many at least */
#define AGENT_BUNDLE_FRAME_BYTES (64u * 1024u)
#define AGENT_BUNDLE_RECORD_MAX (256u * 1024u)
#define AGENT_BUNDLE_PIECE_BYTES (64u * 1024u)

struct agent_bundle_request {
    struct esep_hash log_id;
    uint8_t seal_public[ESEP_KEY_BYTES];
    struct esep_sign_key sign_key;
    struct esep_commitment commitment; /* signed, of the last entry in the bundle */
    uint64_t first_seq;
    uint64_t mail_through;
    uint64_t tree_generation; /* what the office has seen of the log */
    uint64_t tree_size;
    uint32_t log_key; /* the newest of the log's keys that is held: its hint (wire/log_keys.h) */
    uint64_t cosigned_size; /* as HELLO's: what witnesses have signed and the office has, and ... */
    uint64_t proven_size;   /* ... what it should */
    uint64_t files;         /* that follow the entries, and ... */
    uint64_t file_bytes;
    esep_time made_at;
    uint8_t salt[AGENT_BUNDLE_SALT_BYTES]; /* random, used once */
};
/* The session's seed of this office's bundle with that salt. */
void agent_bundle_seed(const struct esep_sign_key *key, const uint8_t salt[AGENT_BUNDLE_SALT_BYTES],
                       uint8_t ret_seed[32]);

struct agent_bundle {
    struct esep_session session;
    struct esep_commitment commitment;
    struct esep_hash log_id;
    struct esep_sign_key sign_key;
    uint64_t next_seq;
    struct esep_hash last; /* chain[next_seq - 1] */
    struct esep_buf plain; /* the BATCH that is being filled */
    uint32_t plain_entries;
    uint64_t files, file_bytes; /* still to come */
    struct agent_file file;     /* the one that is being written ... */
    uint64_t file_at;           /* ... up to here; 0: none is */
};

/* Appends magic, salt and head to out. ESEP_INVALID: no entries between first_seq and the
 * commitment. */
ESEP_MUST_USE enum esep_status agent_bundle_begin(struct agent_bundle *ret,
                                                  const struct agent_bundle_request *request,
                                                  struct esep_buf *out);
/* The next entries in sequence; full frames are appended to out. The entry of the commitment's
 * sequence closes the bundle. ESEP_INVALID: not the next, or beyond the end. */
ESEP_MUST_USE enum esep_status agent_bundle_add(struct agent_bundle *bundle,
                                                const struct agent_entry *entries, size_t count,
                                                struct esep_buf *out);
/* After the entries: the next bytes of a file, from its start to its end; the last ones close it.
 * At most AGENT_BUNDLE_PIECE_BYTES, and only a file's last piece may be shorter. ESEP_INVALID: not
 * where it stands, or more than was announced. */
ESEP_MUST_USE enum esep_status agent_bundle_add_piece(struct agent_bundle *bundle,
                                                      const struct agent_file *file,
                                                      struct esep_slice piece,
                                                      struct esep_buf *out);
bool agent_bundle_complete(const struct agent_bundle *bundle);
void agent_bundle_done(struct agent_bundle *bundle); /* wipes */

/* Reading, with the collector's key. */
struct agent_bundle_reader {
    struct esep_slice rest;
    struct esep_slice salt;
    struct esep_session session;
    struct esep_buf plain;
    struct esep_arena arena;
    struct esep_commitment commitment;
    uint8_t auth[ESEP_SIGNATURE_BYTES];
    uint64_t first_seq;
    uint64_t count;
    uint64_t next_seq;
    esep_time made_at;
    uint64_t files, file_bytes; /* that the head says, and that are still to come */
    uint64_t files_left, bytes_left;
    struct agent_file file; /* as in the writer */
    uint64_t file_at;
    struct esep_hashing hashing; /* of it */
    struct esep_slice record;    /* the envelope that was read last */
};
/* What follows the entries: a piece of a file, or, with no data, the file's end: it was whole, and
 * is what its name says. */
struct agent_bundle_piece {
    struct agent_file file;
    uint64_t offset;
    struct esep_slice data; /* until the next call */
};
/* ESEP_INVALID with what is wrong; ESEP_DENIED: made for another log. `file` is borrowed. */
ESEP_MUST_USE enum esep_status agent_bundle_open(struct agent_bundle_reader *ret,
                                                 struct esep_slice file,
                                                 const struct esep_box_key *seal_key,
                                                 const struct esep_hash *log_id,
                                                 struct esep_reason *reason);
/* Whether the office's key signed this bundle: commitment and auth. The caller finds the key by
 * commitment.office in its registry. */
ESEP_MUST_USE bool agent_bundle_verify(const struct agent_bundle_reader *reader,
                                       const struct esep_hash *log_id,
                                       const uint8_t sign_public[ESEP_KEY_BYTES]);
/* The next BATCH, in the reader's memory until the next call. ESEP_NOT_FOUND: all entries were
 * there, and files follow, or nothing. ESEP_INVALID: cut, changed, or out of order. */
ESEP_MUST_USE enum esep_status agent_bundle_next(struct agent_bundle_reader *reader,
                                                 const Esep__V1__Batch **ret_batch,
                                                 struct esep_reason *reason);
/* After the entries. ESEP_NOT_FOUND: the end, all was there. ESEP_INVALID: as above, or bytes that
 * are not the file of their name. */
ESEP_MUST_USE enum esep_status agent_bundle_next_piece(struct agent_bundle_reader *reader,
                                                       struct agent_bundle_piece *ret,
                                                       struct esep_reason *reason);
void agent_bundle_close(struct agent_bundle_reader *reader);

#endif
