/* collector/witness/witness.h - what a witness says to a log that shows it a checkpoint.
 *
 * A witness (C2SP tlog-witness) vouches for one thing: that of each log it has seen one history,
 * each head beginning with the one before. It remembers the newest head that it signed, takes the
 * next only with a proof that it extends that one, and puts its own clock beside its signature,
 * which is what makes its word worth having before a deadline. It knows nothing of what is in a
 * log, and nobody of those who ask it.
 *
 * Here it is decided, from the request and what is remembered; nothing is read or written. Whoever
 * calls must serialise: head is the newest that was signed, and the next one is on the disk before
 * the signature leaves, or the witness could be brought to sign two histories.
 *
 * Its clock only goes forward. Where it stands behind the last time that was signed, that time is
 * signed again (a time too late costs the office, one too early would prove what is not so), up to
 * WITNESS_CLOCK_BACK_MAX_S; beyond, nothing is signed until somebody has looked.
 */
#ifndef COLLECTOR_WITNESS_H
#define COLLECTOR_WITNESS_H

#include "wire/add_checkpoint.h"

#define WITNESS_LOG_KEYS_MAX 4 /* of one log: the old key and the new one, while it changes */
#define WITNESS_CLOCK_BACK_MAX_S 300

struct witness_log {
    char origin[ESEP_ORIGIN_MAX + 1];
    size_t key_count;
    struct esep_note_key keys[WITNESS_LOG_KEYS_MAX];
};
/* The newest head that was signed. Before the first: size 0, the empty tree's root, time 0. */
struct witness_head {
    uint64_t size;
    struct esep_hash root;
    int64_t time_s;
};
struct witness_head witness_head_none(void);

enum witness_answer {
    WITNESS_COSIGN = 200,
    WITNESS_MALFORMED = 400,
    WITNESS_NOT_SIGNED = 403,
    WITNESS_UNKNOWN_LOG = 404,
    WITNESS_CONFLICT = 409, /* with the size of head */
    WITNESS_UNPROVEN = 422,
    WITNESS_CLOCK_BACK = 503,
    WITNESS_WENT_BACK =
        500, /* it is signed by ourselves, and we do not remember: our store is old */
};
struct witness_verdict {
    enum witness_answer answer;
    bool fork;                /* with CONFLICT: the log signed two heads of one size */
    struct witness_head next; /* with COSIGN: to be stored, then signed with its time */
};

/* NULL: none of ours. */
const struct witness_log *witness_log_find(const struct witness_log *logs, size_t count,
                                           const char *origin);
/* request: of this log. own: the witness's key. last_time_s: the newest that was signed for any
 * log. Reason: whenever nothing is signed. */
struct witness_verdict witness_judge(const struct witness_log *log, const struct esep_note_key *own,
                                     const struct esep_add_checkpoint *request,
                                     const struct witness_head *head, int64_t clock_s,
                                     int64_t last_time_s, struct esep_reason *reason);

#endif
