/* collector/writer.h - the thread that commits, so that the loop receives meanwhile.
 *
 * One batch at a time goes to the log; the answer comes back in the loop's thread. The batch stays
 * the core's and untouched until then. It decides nothing and retries nothing.
 *
 * Once the batch is on the disk the same thread has the log's head signed, and waits where nobody
 * is there to do it: the loop goes on meanwhile.
 */
#ifndef COLLECTOR_WRITER_H
#define COLLECTOR_WRITER_H

#include "collector/log.h"

struct esep_loop;
struct collector_writer;

/* Called in the loop's thread; reason is "" with ESEP_OK, signature is of the batch's head. */
typedef void collector_written_fn(void *context, uint64_t token, enum esep_status status,
                                  const uint8_t *signature, const struct esep_reason *reason);
/* Called in the writer's thread: has the head signed. ESEP_AGAIN: nobody did, and
 * collector_writer_wait said to leave. */
typedef enum esep_status collector_sign_fn(void *context, struct collector_writer *writer,
                                           const struct esep_growth *growth,
                                           uint8_t ret_signature[ESEP_SIGNATURE_BYTES],
                                           struct esep_reason *reason);

ESEP_MUST_USE enum esep_status
collector_writer_new(struct collector_writer **ret, struct esep_loop *loop,
                     struct collector_log *log, collector_sign_fn *sign,
                     collector_written_fn *written, void *context, struct esep_reason *reason);
/* In the writer's thread: sleeps so long; false: leave, somebody wants to go. */
bool collector_writer_wait(struct collector_writer *writer, esep_time wait);
/* From now on a signer that is away is not waited for. */
void collector_writer_leave(struct collector_writer *writer);
/* Whether the writer was idle, or became so, within `wait`. The thread of a disk that never answers
 * cannot be ended: who must go all the same, goes without freeing it. */
bool collector_writer_idle(struct collector_writer *writer, esep_time wait);
/* Waits for the commit under way. */
void collector_writer_free(struct collector_writer *writer);
/* One at a time: not again before written was called. */
void collector_writer_submit(struct collector_writer *writer, uint64_t token,
                             const struct collector_batch *batch);

#endif
