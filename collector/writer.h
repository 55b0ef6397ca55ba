/* collector/writer.h - the thread that commits, so that the loop receives meanwhile.
 *
 * One batch at a time goes to the log; the answer comes back in the loop's thread. The batch stays
 * the core's and untouched until then. It decides nothing and retries nothing.
 */
#ifndef COLLECTOR_WRITER_H
#define COLLECTOR_WRITER_H

#include "collector/log.h"

struct esep_loop;
struct collector_writer;

/* Called in the loop's thread; reason is "" with ESEP_OK. */
typedef void collector_written_fn(void *context, uint64_t token, enum esep_status status,
                                  const struct esep_reason *reason);

ESEP_MUST_USE enum esep_status collector_writer_new(struct collector_writer **ret,
                                                    struct esep_loop *loop,
                                                    struct collector_log *log,
                                                    collector_written_fn *written, void *context,
                                                    struct esep_reason *reason);
/* Whether the writer was idle, or became so, within `wait`. The thread of a disk that never answers
 * cannot be ended: who must go all the same, goes without freeing it. */
bool collector_writer_idle(struct collector_writer *writer, esep_time wait);
/* Waits for the commit under way. */
void collector_writer_free(struct collector_writer *writer);
/* One at a time: not again before written was called. */
void collector_writer_submit(struct collector_writer *writer, uint64_t token,
                             const struct collector_batch *batch);

#endif
