/* collector/web/worker.h - one thread beside the loop, for what would hold it up.
 *
 * Hashing a password and asking ingest take long, each in its way; neither may keep a viewer
 * waiting. A worker does one job after the other, in order, from a queue of few places: who finds
 * it full is asked to come again. A job's two functions run one after the other, `work` in the
 * thread and `done` in the loop, and share nothing with anybody else but the job.
 *
 * Invariant: `done` is called once for each job that was taken; with worked false, by
 * web_worker_free, for those whose turn did not come.
 */
#ifndef COLLECTOR_WEB_WORKER_H
#define COLLECTOR_WEB_WORKER_H

#include "base/status.h"

#include <stdbool.h>

#define WEB_WORKER_PLACES 16

struct esep_loop;
struct web_worker;

struct web_job {
    void (*work)(void *job);
    void (*done)(void *job, bool worked);
    void *job;
};
ESEP_MUST_USE enum esep_status web_worker_new(struct web_worker **ret, struct esep_loop *loop,
                                              struct esep_reason *reason);
/* Waits for the job at hand. */
void web_worker_free(struct web_worker *worker);
/* ESEP_LIMIT: the queue is full. */
ESEP_MUST_USE enum esep_status web_worker_ask(struct web_worker *worker, const struct web_job *job);

#endif
