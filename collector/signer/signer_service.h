/* collector/signer/signer_service.h - who signs for a log: this process, or another one.
 *
 * `struct signer` answers requests (signer.h) with a key and its folder: a head's frontier is on
 * the disk before its signature is in the reply, and after a write that failed no head is signed
 * until it is opened anew. `struct collector_signer` is what a collector has of it: a socket to one
 * that runs as another user (`esep-collector signer`), or a signer in its own memory (signer.h).
 * Both answer the same bytes. Each thread has its own.
 *
 * One try never waits for longer than patience_ms. What to do while a signer is away is the
 * caller's: `collector_signer_head` asks again until it is told to stop, since a log whose heads
 * nobody signs gives no receipts, and loses nothing.
 */
#ifndef COLLECTOR_SIGNER_SERVICE_H
#define COLLECTOR_SIGNER_SERVICE_H

#include "collector/signer/signer_heads.h"
#include "collector/signer/signer_place.h"

#define SIGNER_PATIENCE_MS 10000

struct signer {
    struct signer_keys keys;
    struct signer_heads heads;
    const char *place; /* the key file's path (signer_place.h); NULL: there will be no other key */
    bool broken;       /* a write failed */
};
/* Key, folder and the next key, as they lie on the disk; a switch that was cut off is finished.
 * make: key and folder, where there is no key. As signer_heads_open. */
ESEP_MUST_USE enum esep_status signer_open(struct signer *ret, const char *keys, const char *heads,
                                           bool make, struct esep_reason *reason);
void signer_close(struct signer *signer);
void signer_answer(struct signer *signer, struct esep_slice request, struct signer_reply *ret);

struct collector_signer {
    struct signer_memory *local; /* NULL: by the socket */
    char socket[100];
    int fd; /* -1: not connected */
    int patience_ms;
};
void collector_signer_local(struct collector_signer *ret, struct signer_memory *signer);
void collector_signer_remote(struct collector_signer *ret, const char *socket);
void collector_signer_done(struct collector_signer *signer);

/* One try. ESEP_AGAIN: the signer is away. ESEP_OK: it answered; its status says what. */
ESEP_MUST_USE enum esep_status collector_signer_ask(struct collector_signer *signer,
                                                    const struct signer_request *request,
                                                    struct signer_reply *ret,
                                                    struct esep_reason *reason);
/* One try each; ESEP_AGAIN likewise, any other failure is the signer's. */
ESEP_MUST_USE enum esep_status collector_signer_key(struct collector_signer *signer,
                                                    uint8_t ret_public[ESEP_KEY_BYTES],
                                                    struct esep_reason *reason);
ESEP_MUST_USE enum esep_status
collector_signer_statement(struct collector_signer *signer, struct esep_slice statement,
                           uint8_t ret_signature[ESEP_SIGNATURE_BYTES], struct esep_reason *reason);
/* What the signer says of the log's keys. */
struct collector_signer_keys {
    uint8_t present[ESEP_KEY_BYTES];
    bool has_next;
    uint8_t next[ESEP_KEY_BYTES];
    uint64_t count; /* in all, the present one included */
};
ESEP_MUST_USE enum esep_status collector_signer_keys(struct collector_signer *signer,
                                                     struct collector_signer_keys *ret,
                                                     struct esep_reason *reason);
/* NEXT, SWITCH or CHAIN: the key and its statement, which nobody has verified. */
ESEP_MUST_USE enum esep_status collector_signer_change(struct collector_signer *signer,
                                                       const struct signer_request *request,
                                                       struct esep_log_key *ret,
                                                       struct esep_reason *reason);
/* Tries until the signer answers. wait: called after each try that found nobody, with how many
 * there were and why (a signer whose disk is full, or failed, counts as nobody); it sleeps as long
 * as it sees fit, and false ends it (ESEP_AGAIN). ESEP_OK: it is signed, for the size that was
 * asked. ESEP_CONFLICT: ret->size says what was signed last. */
ESEP_MUST_USE enum esep_status
collector_signer_head(struct collector_signer *signer, const struct signer_request *request,
                      bool (*wait)(void *context, unsigned tries, const struct esep_reason *why),
                      void *context, struct signer_reply *ret, struct esep_reason *reason);

/* Whether what was signed is the head that was meant: its signature is taken, not verified. */
ESEP_MUST_USE enum esep_status collector_signer_took(const struct signer_reply *reply,
                                                     struct esep_growth *growth,
                                                     struct esep_reason *reason);
/* The head of a log as its store says it is, signed: what a collector begins with. What was signed
 * before has to be a beginning of it, and the rest is signed: a commit whose head never was is made
 * up for. Nothing is sent to be signed that does not lead, by our own computation, to the tree's
 * root: the signer would keep it. growth: its generation is given, the rest is filled. ESEP_AGAIN:
 * the signer is away. ESEP_CORRUPT: it has signed another history than the store's, or more of it;
 * or the store is damaged. */
ESEP_MUST_USE enum esep_status
collector_signer_first(struct collector_signer *signer, const char *origin,
                       const struct esep_merkle *tree, const struct esep_merkle_source *source,
                       struct esep_growth *growth, struct esep_reason *reason);

#endif
