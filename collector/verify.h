/* collector/verify.h - the log held against itself, and the views held against the log.
 *
 * A verifier trusts nothing but the stored bytes: leaf hashes from bodies, chains from the
 * keys that the log itself registered, signatures, sequences without gap, closings where they say
 * they are; each node of the tree that is stored, and at the end the root. It goes as far as the
 * log was when it began, a step at a time, each a short reading of its own: a daemon may write
 * meanwhile. collector_compare makes all rows anew and compares. Neither repairs what it finds
 * wrong in the log; the views can always be made anew.
 */
#ifndef COLLECTOR_VERIFY_H
#define COLLECTOR_VERIFY_H

#include "collector/settings.h"
#include "collector/state.h"

struct collector_verdict {
    uint64_t entries;
    uint64_t office_entries;
    uint64_t signatures;
    struct esep_hash root;
};
typedef void collector_progress_fn(void *context, uint64_t done, uint64_t size);

/* The log must stay open until it is freed. ESEP_CORRUPT: the root is not stored. */
struct collector_verifier;
ESEP_MUST_USE enum esep_status collector_verifier_new(struct collector_verifier **ret,
                                                      struct collector_log *log,
                                                      uint64_t offices_max,
                                                      struct esep_reason *reason);
/* The next entries, `count` at most. ESEP_CORRUPT with the first entry that is wrong, and what is
 * wrong with it; where the tree alone tells, with the 256 among which it is. No step after that. */
ESEP_MUST_USE enum esep_status collector_verifier_step(struct collector_verifier *verifier,
                                                       uint64_t count, bool *ret_over,
                                                       struct esep_reason *reason);
/* So far; the root once it is over. *ret_size: where it will be. */
const struct collector_verdict *
collector_verifier_verdict(const struct collector_verifier *verifier, uint64_t *ret_size);
/* The log's keys, as far as it has come: each with both signatures, from where it says on. */
const struct esep_log_keys *collector_verifier_keys(const struct collector_verifier *verifier);
void collector_verifier_free(struct collector_verifier *verifier);

/* All of it at once. */
ESEP_MUST_USE enum esep_status collector_verify(struct collector_log *log, uint64_t offices_max,
                                                collector_progress_fn *progress, void *context,
                                                struct collector_verdict *ret,
                                                struct esep_reason *reason);

/* The head beside the store (run.h): signed by a key of the log whose time it was, and of this very
 * log where it is of as many entries as were verified. None there, one of before a restore, or
 * what a power cut left of it (it is not synced): ESEP_OK. ESEP_CORRUPT. */
ESEP_MUST_USE enum esep_status collector_verify_head(const char *store, struct collector_log *log,
                                                     const struct collector_verdict *verdict,
                                                     struct esep_reason *reason);

struct collector_comparison {
    uint64_t rows;      /* made anew */
    uint64_t differing; /* of those, stored with other bytes */
    uint64_t missing;   /* of those, not stored */
    uint64_t surplus;   /* stored, but not made */
};
/* repair: where anything differs, the stored rows are replaced (the log must be open to write). */
ESEP_MUST_USE enum esep_status collector_compare(struct collector_log *log,
                                                 const struct collector_settings *settings,
                                                 bool repair, collector_progress_fn *progress,
                                                 void *context, struct collector_comparison *ret,
                                                 struct esep_reason *reason);
#endif
