/* verify/receipt.h - what a proof proves, and of what.
 *
 * One question: these bytes, this proof, these keys; was it there, whose is it, and by whose clock
 * before the deadline? It is answered in eleven steps, which docs/verify.md names and numbers; the
 * first that fails is the answer. The cheap ones come first, so nothing is believed until all have
 * passed.
 *
 * What is strong: a witness's second that had ended by the deadline. What is weak: the collector's
 * clock alone. Where the log says nothing a broker's note of ingress is the weakest: its clock, its
 * word. One is never taken for the other. No I/O, no clock, no allocation.
 */
#ifndef VERIFY_RECEIPT_H
#define VERIFY_RECEIPT_H

#include "verify/note.h"
#include "verify/proof.h"

#define VERIFY_WITNESSES_MAX 16
#define VERIFY_LOGS_MAX 32

enum verify_step {
    VERIFY_PASSED = 0,
    VERIFY_STEP_FILE = 1,       /* the proof has its form */
    VERIFY_STEP_NOTE = 2,       /* so has its checkpoint */
    VERIFY_STEP_PARTS = 3,      /* and what stands behind extra */
    VERIFY_STEP_LEAF = 4,       /* and the leaf, which is of the kind that was asked for */
    VERIFY_STEP_TREE = 5,       /* the path leads from the leaf to the root */
    VERIFY_STEP_STATEMENT = 6,  /* the office's statement is the one of the leaf */
    VERIFY_STEP_BYTES = 7,      /* the bytes given are those of the statement, or of the leaf */
    VERIFY_STEP_LOG = 8,        /* the log signed the checkpoint */
    VERIFY_STEP_WITNESS = 9,    /* so did the witnesses, as far as they are asked for */
    VERIFY_STEP_SIGNATURE = 10, /* the office signed the statement, and is the one asked for */
    VERIFY_STEP_BROKER = 11,    /* the broker signed its note, and is the one asked for */
};
enum verify_outcome { VERIFY_PROVEN, VERIFY_IN_TIME, VERIFY_LATE, VERIFY_REFUSED };
enum verify_kind { VERIFY_RECEIVED, VERIFY_PROMISED, VERIFY_FILE, VERIFY_INGRESS };

struct verify_request {
    /* The log's key, and those that it had before or after: all of one name. One of them has to
     * have signed. Of a broker's note none need be given. */
    struct verify_key logs[VERIFY_LOGS_MAX];
    size_t log_count;
    struct verify_key witnesses[VERIFY_WITNESSES_MAX];
    size_t witness_count;
    unsigned quorum; /* 0: any number of witnesses will do, none too */
    bool has_office_key;
    uint8_t office_key[32];
    bool has_broker; /* what is given is a broker's note */
    uint8_t broker_key[32];
    bool has_due;
    int64_t due_us;
    bool is_file; /* what is given is an attached file, not a report */
};
/* Of the report's or file's bytes. */
struct verify_subject {
    struct verify_hash sha256;
    struct verify_hash content; /* SHA-256 of the tag "esep/content/v1" and the bytes */
    uint64_t size;
};
struct verify_verdict {
    enum verify_outcome outcome;
    enum verify_step step;
    const char *detail; /* of a refusal; English */
    enum verify_kind kind;
    bool is_strong; /* a witness's clock, or as many as are asked for; else the collector's */
    uint32_t office;
    uint32_t epoch;
    uint64_t report_seq; /* which entry of the office's journal; 0 of a file */
    uint64_t seq;        /* the last that its statement covers; of a file its size */
    uint64_t index;      /* of the log */
    uint64_t size;
    int64_t accepted_us;                     /* 0 of a broker's note */
    int64_t noted_us;                        /* by the broker's clock; 0 of anything else */
    int64_t office_clock_us;                 /* 0 of a file */
    size_t witnessed;                        /* how many of the witnesses asked about */
    int64_t witness_s[VERIFY_WITNESSES_MAX]; /* of each in the request; -1: has not signed */
    int64_t witnessed_s;                     /* when as many as count had signed; -1: never */
    uint8_t key[32];                         /* the office's; zero of a file */
    struct verify_hash log_id;               /* as the office signed it */
    struct verify_subject subject;
};
/* scratch: the caller's, since it is large. What is behind `detail` is said of a refusal only. */
void verify_receipt(const struct verify_request *request, struct verify_bytes proof,
                    const struct verify_subject *subject, struct verify_proof *scratch,
                    struct verify_verdict *ret);
/* A checkpoint's: one of the log's keys has signed it, and no line of any of them is false. NULL,
 * or what is wrong. */
const char *verify_log_signed(const struct verify_request *request, const struct verify_note *note);
/* 0, 1 or 65. */
int verify_exit(const struct verify_verdict *verdict);

#endif
