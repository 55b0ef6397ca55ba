/* collector/verify.h - the log held against itself, and the views held against the log.
 *
 * collector_verify trusts nothing but the stored bytes: leaf hashes from bodies, chains from the
 * keys that the log itself registered, signatures, sequences without gap, closings where they say
 * they are. collector_compare makes all rows anew and compares. Neither repairs what it finds wrong
 * in the log; the views can always be made anew.
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

/* ESEP_CORRUPT with the first entry that is wrong, and what is wrong with it. */
ESEP_MUST_USE enum esep_status collector_verify(struct collector_log *log, uint64_t offices_max,
                                                collector_progress_fn *progress, void *context,
                                                struct collector_verdict *ret,
                                                struct esep_reason *reason);

/* Whether the entries that were verified have the root that is stored with the views: a leaf's
 * time, verdict and flags are covered by the tree alone. A log that grew meanwhile is not compared.
 */
ESEP_MUST_USE enum esep_status collector_verify_root(struct collector_log *log,
                                                     const struct collector_settings *settings,
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
