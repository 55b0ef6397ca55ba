/* collector/writer.c - see writer.h. */
#include "collector/writer.h"

#include "io/loop.h"

#include <stdlib.h>

enum stage { IDLE, SUBMITTED, WRITTEN };

struct collector_writer {
    struct collector_log *log;
    collector_sign_fn *sign;
    collector_written_fn *written;
    void *context;
    pthread_t thread;
    bool running;
    struct esep_wakeup *wake; /* the thread tells the loop */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock */
    enum stage stage;
    bool stop;
    bool leave;
    uint64_t token;
    const struct collector_batch *batch;
    enum esep_status status;
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    struct esep_reason reason;
};

static void *work(void *argument)
{
    struct collector_writer *w = argument;
    (void)pthread_mutex_lock(&w->lock);
    for (;;) {
        while (w->stage != SUBMITTED && !w->stop)
            (void)pthread_cond_wait(&w->changed, &w->lock);
        if (w->stage != SUBMITTED)
            break;
        const struct collector_batch *batch = w->batch;
        struct esep_reason reason = {""};
        uint8_t signature[ESEP_SIGNATURE_BYTES] = {0};
        (void)pthread_mutex_unlock(&w->lock);
        enum esep_status status = w->log->ops->append(w->log, batch, &reason);
        if (status == ESEP_OK)
            status = w->sign(w->context, w, batch->growth, signature, &reason);
        (void)pthread_mutex_lock(&w->lock);
        w->status = status;
        memcpy(w->signature, signature, sizeof w->signature);
        w->reason = reason;
        w->stage = WRITTEN;
        (void)pthread_cond_broadcast(&w->changed);
        esep_wakeup_ring(w->wake);
    }
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void on_wake(void *context)
{
    struct collector_writer *w = context;
    (void)pthread_mutex_lock(&w->lock);
    bool done = w->stage == WRITTEN;
    uint64_t token = w->token;
    enum esep_status status = w->status;
    struct esep_reason reason = w->reason;
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    memcpy(signature, w->signature, sizeof signature);
    if (done)
        w->stage = IDLE;
    (void)pthread_mutex_unlock(&w->lock);
    if (done)
        w->written(w->context, token, status, signature, &reason);
}

enum esep_status collector_writer_new(struct collector_writer **ret, struct esep_loop *loop,
                                      struct collector_log *log, collector_sign_fn *sign,
                                      collector_written_fn *written, void *context,
                                      struct esep_reason *reason)
{
    struct collector_writer *w = calloc(1, sizeof *w);
    if (w == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the writer");
    *w =
        (struct collector_writer){.log = log, .sign = sign, .written = written, .context = context};
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->changed, NULL);
    enum esep_status status = esep_wakeup_new(&w->wake, loop, on_wake, w, reason);
    if (status == ESEP_OK) {
        w->running = esep_thread_start(&w->thread, work, w);
        if (!w->running)
            status = esep_because(reason, ESEP_NOMEM, "no memory for the writer's thread");
    }
    if (status != ESEP_OK) {
        collector_writer_free(w);
        return status;
    }
    *ret = w;
    return ESEP_OK;
}

bool collector_writer_wait(struct collector_writer *w, esep_time wait)
{
    const struct timespec until = esep_monotonic_in(wait);
    (void)pthread_mutex_lock(&w->lock);
    int rc = 0;
    while (!w->leave && rc == 0)
        rc = pthread_cond_clockwait(&w->changed, &w->lock, CLOCK_MONOTONIC, &until);
    const bool stay = !w->leave;
    (void)pthread_mutex_unlock(&w->lock);
    return stay;
}

void collector_writer_leave(struct collector_writer *w)
{
    (void)pthread_mutex_lock(&w->lock);
    w->leave = true;
    (void)pthread_cond_broadcast(&w->changed);
    (void)pthread_mutex_unlock(&w->lock);
}

bool collector_writer_idle(struct collector_writer *w, esep_time wait)
{
    const struct timespec until = esep_monotonic_in(wait);
    (void)pthread_mutex_lock(&w->lock);
    int rc = 0;
    while (w->stage == SUBMITTED && rc == 0)
        rc = pthread_cond_clockwait(&w->changed, &w->lock, CLOCK_MONOTONIC, &until);
    bool idle = w->stage != SUBMITTED;
    (void)pthread_mutex_unlock(&w->lock);
    return idle;
}

void collector_writer_free(struct collector_writer *w)
{
    if (w == NULL)
        return;
    if (w->running) {
        (void)pthread_mutex_lock(&w->lock);
        w->stop = w->leave = true;
        (void)pthread_cond_broadcast(&w->changed);
        (void)pthread_mutex_unlock(&w->lock);
        (void)pthread_join(w->thread, NULL);
    }
    esep_wakeup_free(w->wake);
    (void)pthread_cond_destroy(&w->changed);
    (void)pthread_mutex_destroy(&w->lock);
    free(w);
}

void collector_writer_submit(struct collector_writer *w, uint64_t token,
                             const struct collector_batch *batch)
{
    (void)pthread_mutex_lock(&w->lock);
    ESEP_ASSERT(w->stage == IDLE);
    w->token = token;
    w->batch = batch;
    w->stage = SUBMITTED;
    (void)pthread_cond_broadcast(&w->changed);
    (void)pthread_mutex_unlock(&w->lock);
}
