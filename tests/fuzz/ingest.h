/* tests/fuzz/ingest.h - ingest and all that surrounds it: a disk, brokers, offices, an operator.
 *
 * The world holds every key, so that what it sends opens and verifies unless the input says
 * otherwise. The disk is a story (story.h): what was committed, and nothing else, is in it; its
 * views are the ones that the core works on. What is said to an office is opened with its session
 * and held against the disk (ingest_watch.c).
 *
 * Invariant: disk.entries are exactly the committed records, disk.rows the committed rows.
 */
#ifndef FUZZ_INGEST_H
#define FUZZ_INGEST_H

#include "collector/collector.h"
#include "esep/v1/link.pb-c.h"
#include "story.h"
#include "tests/unit/collector/signing.h"
#include "wire/receipt.h"
#include "wire/session.h"
#include "wire/unpack.h"

#define INGEST_OFFICES 4 /* 1 and 2 are active from the beginning */
#define INGEST_ENTRIES 48
#define INGEST_LINKS 2
#define INGEST_FRAME_MAX ((size_t)16384)

struct ingest_office {
    struct esep_sign_key sign;
    uint8_t curve[ESEP_KEY_BYTES];
    uint32_t number;
    uint32_t epoch;
    uint64_t seq; /* written */
    struct esep_hash chain[INGEST_ENTRIES + 1];
    struct esep_slice entries[INGEST_ENTRIES + 1];
    uint8_t bytes[INGEST_ENTRIES + 1][256];
    struct esep_session session;
    uint64_t conn;
    uint32_t link;
    uint64_t sent_bytes, credit_bytes; /* of the session */
};

struct ingest {
    struct collector *core;
    struct collector_config config;
    struct signing signing;
    struct story disk;
    struct ingest_office offices[INGEST_OFFICES + 1];
    struct esep_sign_key operator_key;
    struct esep_buf plain, frame, packed;
    struct esep_arena arena;
    const struct collector_batch *pending;
    uint64_t token;
    uint64_t seeds;
    bool hold_mail;
    uint32_t mail_office;
    uint64_t mail_token, mail_after;
    bool mail_asked;
    esep_time now;
};

void ingest_start(struct ingest *g);
void ingest_end(struct ingest *g);
/* A new core on the disk, as after a crash: what was not committed is lost. */
void ingest_restart(struct ingest *g);
void ingest_pump(struct ingest *g);
/* What becomes of the STORE under way; anything but OK ends the core, which is then made anew. */
void ingest_commit(struct ingest *g, enum esep_status status);
void ingest_join(struct ingest *g, uint32_t link, bool primary);
void ingest_link_down(struct ingest *g, uint32_t link, const Esep__V1__LinkDown *message);
void ingest_frame(struct ingest *g, const struct ingest_office *o, struct esep_slice frame);
void ingest_sealed(struct ingest *g, struct ingest_office *o, Esep__V1__Kind kind,
                   struct esep_slice plain);
void ingest_message(struct ingest *g, struct ingest_office *o, Esep__V1__Kind kind,
                    const ProtobufCMessage *message);
void ingest_write(struct ingest *g, struct ingest_office *o, struct esep_slice bytes);
void ingest_mail_answer(struct ingest *g);
/* A frame of one request under a fresh first key: HELLO, ENROL, ORDER. The session is the caller's.
 */
void ingest_begin(struct ingest *g, struct esep_session *ret);
void ingest_first(struct ingest *g, const struct ingest_office *o, struct esep_session *session,
                  Esep__V1__Kind kind, const ProtobufCMessage *message);

/* ingest_watch.c */
void ingest_heard(struct ingest *g, struct esep_slice head, struct esep_slice frame);
void ingest_check_batch(const struct ingest *g, const struct collector_batch *batch);
void ingest_check_disk(const struct ingest *g);

#endif
