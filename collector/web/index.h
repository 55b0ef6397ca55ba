/* collector/web/index.h - which log entries speak of an obligation, and what happened last.
 *
 * The views keep the state, not the way there, and their rows lead from an entry to its
 * obligation, not back. This index is built as the log is followed: a chain of log indexes for
 * each obligation, newest first (12 bytes an entry), and a ring of the last entries that people
 * care about. Nothing in it is stored; at start the log is read once.
 *
 * It is bounded: WEB_INDEX_LINKS_MAX links, then ESEP_LIMIT, loudly. Entries whose obligation
 * nobody knew when they came are not in it, now or after a restart.
 */
#ifndef COLLECTOR_WEB_INDEX_H
#define COLLECTOR_WEB_INDEX_H

#include "collector/views.h"

#define WEB_INDEX_LINKS_MAX (1u << 24)
#define WEB_INDEX_RECENT 1024

struct web_index;
ESEP_MUST_USE enum esep_status web_index_new(struct web_index **ret, uint32_t obligations_max);
void web_index_free(struct web_index *index);

/* Reads on through what the views know: call it after views_apply, never before. Safe to repeat;
 * a call that fails goes on from where it stood. */
ESEP_MUST_USE enum esep_status web_index_follow(struct web_index *index, struct collector_log *log,
                                                const struct views *views,
                                                struct esep_reason *reason);
uint64_t web_index_size(const struct web_index *index); /* entries of the log that it has seen */

/* The newest `max` entries of an obligation, newest first; returns how many. */
size_t web_index_entries(const struct web_index *index, uint32_t obligation, uint64_t *ret_indexes,
                         size_t max);
/* Entries of the ring above `after` (or all), newest first; returns how many. ret_gone: entries
 * above `after` have left the ring, or did not fit. */
size_t web_index_recent(const struct web_index *index, bool all, uint64_t after,
                        uint64_t *ret_indexes, size_t max, bool *ret_gone);

#endif
