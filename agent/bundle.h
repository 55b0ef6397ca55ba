/* agent/bundle.h - entries on a stick: what an office without any link carries to the collector.
 *
 * The file is a line "esep-bundle 2\n", 16 random bytes, and then envelopes, each after its length
 * as be32: first BUNDLE (BundleHead: the signed head and how many entries follow), then BATCHes of
 * consecutive entries, sealed under the first key as wire/session.h says, each under a signed head
 * of its last entry; the last one's is that of BUNDLE. It can be read by the collector alone, any
 * number of times, and importing it is the same as receiving its BATCHes. A cut file is found out:
 * `count` lacks.
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

struct agent_bundle_request {
    struct esep_hash log_id;
    uint8_t seal_public[ESEP_KEY_BYTES];
    struct esep_sign_key sign_key;
    struct esep_commitment commitment; /* signed, of the last entry in the bundle */
    uint64_t first_seq;
    uint64_t mail_through;
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
/* The next BATCH, in the reader's memory until the next call. ESEP_NOT_FOUND: the end, all entries
 * were there. ESEP_INVALID: cut, changed, or out of order. */
ESEP_MUST_USE enum esep_status agent_bundle_next(struct agent_bundle_reader *reader,
                                                 const Esep__V1__Batch **ret_batch,
                                                 struct esep_reason *reason);
void agent_bundle_close(struct agent_bundle_reader *reader);

#endif
