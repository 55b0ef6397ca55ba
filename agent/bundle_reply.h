/* agent/bundle_reply.h - the collector's answer to a bundle, as it came back on the stick.
 *
 * The file is a line "esep-bundle-reply 1\n", the 16 bytes of the bundle that it answers, and then,
 * each behind its length as be32, the envelopes that ingest would have sent over a connection:
 * WELCOME, then RECEIPTs, MAIL, EVIDENCE and COSIGNED, sealed in a session of their own
 * (wire/session.h); a length of 0 ends it. Who carries the stick can read or make none of it;
 * envelopes can be taken out, and then mail lacks and is asked for by the next bundle.
 *
 * This reads: it opens, checks order and puts mail together. That a receipt's proof holds (tree.h)
 * and that it agrees with the journal's chain is for the caller, who has the journal. Pure.
 */
#ifndef AGENT_BUNDLE_REPLY_H
#define AGENT_BUNDLE_REPLY_H

#include "agent/agent.h"
#include "agent/bundle.h"

#define AGENT_REPLY_MAGIC "esep-bundle-reply 1\n"

struct agent_reply_keys {
    struct esep_hash log_id;
    uint8_t seal_public[ESEP_KEY_BYTES];
    struct esep_sign_key sign_key;
    uint32_t office;
};
struct agent_reply_reader {
    struct esep_slice rest;
    struct esep_session session;
    struct agent_reply_keys keys;
    struct esep_buf plain;
    struct esep_buf bytes; /* of the mail that is being put together */
    struct agent_mail mail;
    uint64_t total; /* its length; where one is open */
    bool open;
    bool ended;
    struct esep_arena arena;
};
enum agent_reply_kind {
    AGENT_REPLY_WELCOME = 1, /* once, first */
    AGENT_REPLY_RECEIPT,     /* of this office; its proof is to be followed */
    AGENT_REPLY_MAIL,        /* whole */
    AGENT_REPLY_EVIDENCE,    /* likewise */
    AGENT_REPLY_COSIGNED,    /* its growth is to be followed, its lines are to be judged */
};
struct agent_reply_item {
    enum agent_reply_kind kind;
    struct esep_receipt receipt;
    struct esep_evidence evidence;
    const Esep__V1__Welcome *welcome;   /* WELCOME: until the next item */
    const Esep__V1__Receipt *message;   /* that the receipt was read from; until the next item */
    const Esep__V1__Proof *proof;       /* of the evidence; likewise */
    const Esep__V1__Cosigned *cosigned; /* likewise */
    struct agent_mail mail;             /* its bytes: until the next item */
};

/* `file` is borrowed. ESEP_INVALID: no reply, or not to a bundle of this office. */
ESEP_MUST_USE enum esep_status agent_reply_open(struct agent_reply_reader *ret,
                                                struct esep_slice file,
                                                const struct agent_reply_keys *keys,
                                                struct esep_reason *reason);
/* ESEP_NOT_FOUND: the end. ESEP_INVALID: cut, changed or out of order; what came before stands. */
ESEP_MUST_USE enum esep_status agent_reply_next(struct agent_reply_reader *reader,
                                                struct agent_reply_item *ret,
                                                struct esep_reason *reason);
void agent_reply_close(struct agent_reply_reader *reader); /* wipes */

#endif
