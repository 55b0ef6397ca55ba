/* collector/web/worker.c - the thread and its ring of jobs.
 *
 * Places go from the loop to the thread and back: FREE -> ASKED (loop) -> DONE (thread) -> FREE
 * (loop), in order, so that three counters under one lock say everything.
 */
#include "collector/web/worker.h"

#include "io/loop.h"

#include <pthread.h>
#include <stdlib.h>

struct web_worker {
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t asked_more;
    struct esep_wakeup *wakeup;
    bool ending;
    uint64_t asked, done, told; /* told <= done <= asked <= told + WEB_WORKER_PLACES */
    struct web_job jobs[WEB_WORKER_PLACES];
};

static void *thread_main(void *context)
{
    struct web_worker *worker = context;
    (void)pthread_mutex_lock(&worker->lock);
    while (!worker->ending) {
        if (worker->done == worker->asked) {
            (void)pthread_cond_wait(&worker->asked_more, &worker->lock);
            continue;
        }
        const struct web_job job = worker->jobs[worker->done % WEB_WORKER_PLACES];
        (void)pthread_mutex_unlock(&worker->lock);
        job.work(job.job);
        (void)pthread_mutex_lock(&worker->lock);
        worker->done++;
        esep_wakeup_ring(worker->wakeup);
    }
    (void)pthread_mutex_unlock(&worker->lock);
    return NULL;
}

static void on_wake(void *context)
{
    struct web_worker *worker = context;
    for (;;) {
        (void)pthread_mutex_lock(&worker->lock);
        const bool more = worker->told < worker->done;
        const struct web_job job = worker->jobs[worker->told % WEB_WORKER_PLACES];
        worker->told += more;
        (void)pthread_mutex_unlock(&worker->lock);
        if (!more)
            return;
        job.done(job.job, true);
    }
}

enum esep_status web_worker_new(struct web_worker **ret, struct esep_loop *loop,
                                struct esep_reason *reason)
{
    struct web_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for a thread beside the loop");
    (void)pthread_mutex_init(&worker->lock, NULL);
    (void)pthread_cond_init(&worker->asked_more, NULL);
    enum esep_status status = esep_wakeup_new(&worker->wakeup, loop, on_wake, worker, reason);
    if (status == ESEP_OK && pthread_create(&worker->thread, NULL, thread_main, worker) != 0)
        status = esep_because(reason, ESEP_IO, "no thread beside the loop");
    if (status != ESEP_OK) {
        web_worker_free(worker);
        return status;
    }
    worker->started = true;
    *ret = worker;
    return ESEP_OK;
}

void web_worker_free(struct web_worker *worker)
{
    if (worker == NULL)
        return;
    if (worker->started) {
        (void)pthread_mutex_lock(&worker->lock);
        worker->ending = true;
        (void)pthread_cond_signal(&worker->asked_more);
        (void)pthread_mutex_unlock(&worker->lock);
        (void)pthread_join(worker->thread, NULL);
    }
    for (; worker->told < worker->asked; worker->told++) {
        const struct web_job *job = &worker->jobs[worker->told % WEB_WORKER_PLACES];
        job->done(job->job, worker->told < worker->done);
    }
    esep_wakeup_free(worker->wakeup);
    (void)pthread_cond_destroy(&worker->asked_more);
    (void)pthread_mutex_destroy(&worker->lock);
    free(worker);
}

enum esep_status web_worker_ask(struct web_worker *worker, const struct web_job *job)
{
    (void)pthread_mutex_lock(&worker->lock);
    const bool room = worker->asked - worker->told < WEB_WORKER_PLACES;
    if (room) {
        worker->jobs[worker->asked % WEB_WORKER_PLACES] = *job;
        worker->asked++;
        (void)pthread_cond_signal(&worker->asked_more);
    }
    (void)pthread_mutex_unlock(&worker->lock);
    return room ? ESEP_OK : ESEP_LIMIT;
}
