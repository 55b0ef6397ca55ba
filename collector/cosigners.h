/* collector/cosigners.h - the witnesses of this log, as the log that asks them sees them.
 *
 * A witness (C2SP tlog-witness, collector/witness/ is one) is shown a signed head with the proof
 * that it extends the one it signed last, and answers with a cosignature: its own time, signed.
 * All are asked about one head, the target, so that their lines come to stand under one note. The
 * next target is the newest head once `every` has passed; one that is still being asked is waited
 * for a little, where it has answered before. One that is away is asked again after a wait that
 * doubles, and nobody waits for it.
 *
 * How much a witness has seen is what its last cosignature says, or what it answers (409). What it
 * then says can be an alarm: it has seen more of this log than there is (this log went back, or
 * somebody else signs with its key), less than it signed before (it lost its store), or another
 * history. A cosignature counts once it is verified: by its key, over what was asked, with a time
 * near ours.
 *
 * Pure: it decides whom to ask what, when, and what an answer means. `now` is monotonic, `clock_s`
 * the collector's clock. Nothing here waits, and nothing of ingest waits for this.
 *
 * Invariant: of each witness one request is under way at most; `head` is verified.
 */
#ifndef COLLECTOR_COSIGNERS_H
#define COLLECTOR_COSIGNERS_H

#include "base/time.h"
#include "wire/add_checkpoint.h"

#define COSIGNERS_MAX 16
#define COSIGNER_ANSWER_BYTES_MAX 8192      /* of a body; what is longer is no answer */
#define COSIGNER_CLOCK_MAX_S 300            /* a witness's time may be so far from ours */
#define COSIGNER_PATIENCE (5 * ESEP_SECOND) /* the next head waits so long for who may answer */
#define COSIGNER_BACKOFF (5 * ESEP_SECOND)
#define COSIGNER_BACKOFF_MAX (10 * ESEP_MINUTE)
#define COSIGNER_ALARM_EVERY (60 * ESEP_MINUTE) /* each kind is told once in so long */
#define COSIGNER_CONFLICTS_MAX 3                /* in a row: another one asks for this log, too */

/* A head of the log, signed by it. */
struct cosigners_head {
    uint64_t generation;
    struct esep_checkpoint checkpoint;       /* size 0: none */
    uint8_t log_key[ESEP_KEY_BYTES];         /* public, and ... */
    uint8_t signature[ESEP_SIGNATURE_BYTES]; /* ... by it */
};

enum cosigner_alarm {
    COSIGNER_QUIET = 0,
    COSIGNER_AHEAD, /* it has seen more of this log than there is */
    COSIGNER_BACK,  /* it has seen less than it cosigned before */
    COSIGNER_SPLIT, /* it has seen another history of this log */
    COSIGNER_FALSE, /* what it signed is not what it was shown */
    COSIGNER_CLOCK, /* its clock or ours is wrong */
};
const char *cosigner_alarm_name(enum cosigner_alarm alarm); /* "ahead" ...; "" where quiet */

struct cosigner {
    struct esep_note_key key;
    uint64_t known;                /* the size that it has seen last, as far as we know */
    struct cosigners_head head;    /* that it cosigned last; of the target's generation, or none */
    int64_t time_s;                /* of that cosignature */
    char line[ESEP_NOTE_LINE_MAX]; /* ... as it stands in a note, with its line feed */
    bool asking;
    uint64_t asked_old;
    struct cosigners_head asked;
    uint32_t conflicts;        /* answers in a row that only told the size */
    uint32_t failures;         /* in a row */
    int64_t not_before;        /* monotonic */
    enum cosigner_alarm alarm; /* until it cosigns again */
    uint64_t alarm_size;       /* what it said it had seen */
    bool alarm_new;            /* nobody has been told yet */
    uint32_t alarms_told;      /* kinds, as bits, since ... */
    int64_t alarms_since;      /* monotonic */
    uint64_t asked_count, cosigned_count, failed_count;
    char said[160]; /* why its last answer is no cosignature; "" */
};
struct cosigners {
    size_t count;
    struct cosigner list[COSIGNERS_MAX];
    size_t quorum; /* a head with fewer cosignatures is shown to nobody */
    int64_t every; /* at most so often a new target */
    struct esep_prng jitter;
    struct cosigners_head target;
    int64_t target_at;
};

void cosigners_init(struct cosigners *set, const struct esep_note_key *keys, size_t count,
                    size_t quorum, int64_t every, uint64_t seed);
/* The newest head of the log. True: it is the target from now on. */
bool cosigners_turn(struct cosigners *set, const struct cosigners_head *newest, int64_t now);
/* One who is to be asked about the target now; NULL: nobody. */
struct cosigner *cosigners_next(struct cosigners *set, int64_t now);
/* When to look again, by the monotonic clock, though nothing else happens; INT64_MAX. */
int64_t cosigners_deadline(const struct cosigners *set, const struct cosigners_head *newest);
/* The newest head that a quorum has cosigned. ESEP_NOT_FOUND. */
ESEP_MUST_USE enum esep_status cosigners_best(const struct cosigners *set,
                                              struct cosigners_head *ret);
/* Whether this one's line stands under that head. */
bool cosigner_signed(const struct cosigner *c, const struct cosigners_head *head);

/* The request for the target is on its way: it names `known`. */
void cosigner_asked(struct cosigner *c, const struct cosigners_head *target);
struct cosigner_answer {
    unsigned status; /* HTTP's; 0: none came, and the body says why */
    bool is_size;    /* its type is that of a size */
    struct esep_slice body;
};
enum cosigner_outcome {
    COSIGNER_COSIGNED, /* head, time_s and line are new */
    COSIGNER_AGAIN,    /* it was told how much it has seen: ask again */
    COSIGNER_FAILED,   /* `said` has why; not before `not_before` */
};
/* durable_size: of the log now. */
enum cosigner_outcome cosigner_heard(struct cosigners *set, struct cosigner *c,
                                     const struct cosigner_answer *answer, uint64_t durable_size,
                                     int64_t clock_s, int64_t now);
/* The request could not be made: a part of our own tree lacks. */
void cosigner_unasked(struct cosigners *set, struct cosigner *c, const char *why, int64_t now);
/* Likewise, since our own log does not begin with what it has cosigned: it was changed here. */
void cosigner_differs(struct cosigners *set, struct cosigner *c, int64_t now);
/* What was kept of it, before the first turn. ESEP_INVALID: it does not verify, and is left. */
ESEP_MUST_USE enum esep_status cosigner_recall(struct cosigner *c,
                                               const struct cosigners_head *head, const char *line);
/* The note's text that is signed. */
size_t cosigners_text(const struct cosigners_head *head, char out[ESEP_CHECKPOINT_TEXT_MAX]);

#endif
