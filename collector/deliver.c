/* collector/deliver.c - the queue of tries; see deliver.h. What a try looks like on the wire is in
 * deliver_send.c.
 *
 * The loop's thread builds a try and judges it; a worker only carries it out. A delivery that is
 * busy belongs to a worker, from when it is put into `ready` until it comes back in `finished`.
 */
#include "base/crypto.h"
#include "collector/deliver_internal.h"
#include "io/keyfile.h"
#include "io/log.h"
#include "io/loop.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define CHANNEL_WORKERS 4
#define CHANNELS 3 /* by number; 0 is none */

struct worker {
    struct deliver *deliver;
    size_t channel;
    pthread_t thread;
};

struct deliver {
    const struct collector_settings *settings;
    struct esep_hash log_id;
    deliver_done_fn *done;
    void *context;
    struct event *retry_timer;
    struct delivery *first; /* in the order they came */
    struct delivery *last;
    size_t count[CHANNELS];
    size_t busy[CHANNELS];
    bool draining; /* no try begins */
    struct esep_prng jitter;
    struct esep_wakeup *wake;
    size_t worker_count[CHANNELS];
    struct worker workers[CHANNELS][CHANNEL_WORKERS];
    atomic_bool stop;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock */
    struct delivery *ready[CHANNELS];
    struct delivery *finished;
};

static void pump(struct deliver *d);

static void unlink_delivery(struct deliver *d, struct delivery *gone)
{
    struct delivery **link = &d->first;
    struct delivery *before = NULL;
    while (*link != gone) {
        before = *link;
        link = &(*link)->next;
    }
    *link = gone->next;
    if (d->last == gone)
        d->last = before;
    d->count[gone->channel]--;
}

static void finish(struct deliver *d, struct delivery *item, bool delivered)
{
    unlink_delivery(d, item);
    d->done(d->context, item->alert_index, item->target, delivered, item->attempts, item->detail);
    delivery_free(item);
}

/* After a failure: the wait doubles, and is jittered so that many do not come back as one. */
static void fail(struct deliver *d, struct delivery *item)
{
    const struct collector_settings *s = d->settings;
    esep_log(ESEP_LOG_WARNING, "delivery-failed", "alert %llu to %s: try %u: %s",
             (unsigned long long)item->alert_index, item->address, item->attempts, item->detail);
    if (item->attempts >= s->delivery_tries) {
        finish(d, item, false);
        return;
    }
    int64_t wait = s->delivery_backoff;
    for (uint32_t i = 1; i < item->attempts && wait < s->delivery_backoff_max; i++)
        wait *= 2;
    if (wait > s->delivery_backoff_max)
        wait = s->delivery_backoff_max;
    uint64_t half = (uint64_t)(wait / 2);
    item->not_before_us =
        esep_monotonic() + (int64_t)(half + esep_prng_below(&d->jitter, half + 1));
}

static int watch_stop(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t e)
{
    (void)a, (void)b, (void)c, (void)e;
    const struct deliver *d = context;
    return atomic_load(&d->stop) ? 1 : 0;
}

static void *work(void *argument)
{
    const struct worker *self = argument;
    struct deliver *d = self->deliver;
    (void)pthread_mutex_lock(&d->lock);
    for (;;) {
        while (d->ready[self->channel] == NULL && !atomic_load(&d->stop))
            (void)pthread_cond_wait(&d->changed, &d->lock);
        if (atomic_load(&d->stop))
            break;
        struct delivery *item = d->ready[self->channel];
        d->ready[self->channel] = item->handed;
        (void)pthread_mutex_unlock(&d->lock);
        item->result = curl_easy_perform(item->easy);
        (void)pthread_mutex_lock(&d->lock);
        item->handed = d->finished;
        d->finished = item;
        esep_wakeup_ring(d->wake);
    }
    (void)pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* Threads begin with the first try on a channel. false: there is none. */
static bool start_workers(struct deliver *d, size_t channel)
{
    while (d->worker_count[channel] < CHANNEL_WORKERS) {
        struct worker *worker = &d->workers[channel][d->worker_count[channel]];
        *worker = (struct worker){.deliver = d, .channel = channel};
        if (!esep_thread_start(&worker->thread, work, worker))
            break;
        d->worker_count[channel]++;
    }
    return d->worker_count[channel] > 0;
}

static void on_wake(void *context)
{
    struct deliver *d = context;
    (void)pthread_mutex_lock(&d->lock);
    struct delivery *item = d->finished;
    d->finished = NULL;
    (void)pthread_mutex_unlock(&d->lock);
    while (item != NULL) {
        struct delivery *following = item->handed;
        d->busy[item->channel]--;
        if (delivery_ended(item, item->result))
            finish(d, item, true);
        else
            fail(d, item);
        item = following;
    }
    pump(d);
}

static void start_try(struct deliver *d, struct delivery *item)
{
    item->attempts++;
    if (delivery_prepare(item, d->settings, &d->log_id) != ESEP_OK ||
        !start_workers(d, item->channel)) {
        (void)delivery_ended(item, CURLE_OUT_OF_MEMORY);
        fail(d, item);
        return;
    }
    (void)curl_easy_setopt(item->easy, CURLOPT_XFERINFOFUNCTION, watch_stop);
    (void)curl_easy_setopt(item->easy, CURLOPT_XFERINFODATA, d);
    (void)curl_easy_setopt(item->easy, CURLOPT_NOPROGRESS, 0L);
    d->busy[item->channel]++;
    item->busy = true;
    (void)pthread_mutex_lock(&d->lock);
    item->handed = d->ready[item->channel];
    d->ready[item->channel] = item;
    (void)pthread_cond_broadcast(&d->changed);
    (void)pthread_mutex_unlock(&d->lock);
}

/* Starts every try that is due and has a connection free on its channel; sets the timer for the
 * rest. */
static void pump(struct deliver *d)
{
    if (d->draining)
        return;
    int64_t now = esep_monotonic();
    int64_t next = INT64_MAX;
    struct delivery *item = d->first;
    while (item != NULL) {
        struct delivery *following = item->next;
        if (!item->busy && item->not_before_us <= now && d->busy[item->channel] < CHANNEL_WORKERS)
            start_try(d, item);
        item = following;
    }
    /* Looked for afterwards: a try may have failed before it began. */
    for (item = d->first; item != NULL; item = item->next)
        if (!item->busy && item->not_before_us > now && item->not_before_us < next)
            next = item->not_before_us;
    if (next != INT64_MAX) {
        struct timeval wait = {.tv_sec = (next - now) / ESEP_SECOND,
                               .tv_usec = (next - now) % ESEP_SECOND};
        (void)event_add(d->retry_timer, &wait);
    }
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    pump(context);
}

enum esep_status deliver_new(struct deliver **ret, struct esep_loop *loop,
                             const struct collector_settings *settings,
                             const struct esep_hash *log_id, deliver_done_fn *done, void *context,
                             struct esep_reason *reason)
{
    struct deliver *d = calloc(1, sizeof *d);
    if (d == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for deliveries");
    *d =
        (struct deliver){.settings = settings, .log_id = *log_id, .done = done, .context = context};
    esep_random(&d->jitter.state, sizeof d->jitter.state);
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_cond_init(&d->changed, NULL);
    enum esep_status status = esep_wakeup_new(&d->wake, loop, on_wake, d, reason);
    d->retry_timer = event_new(esep_loop_base(loop), -1, 0, on_retry, d);
    if (status == ESEP_OK &&
        (d->retry_timer == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK))
        status = esep_because(reason, ESEP_NOMEM, "no memory for deliveries");
    if (status != ESEP_OK) {
        deliver_free(d);
        return status;
    }
    *ret = d;
    return ESEP_OK;
}

void deliver_free(struct deliver *d)
{
    if (d == NULL)
        return;
    (void)pthread_mutex_lock(&d->lock);
    atomic_store(&d->stop, true);
    (void)pthread_cond_broadcast(&d->changed);
    (void)pthread_mutex_unlock(&d->lock);
    for (size_t channel = 0; channel < CHANNELS; channel++)
        for (size_t i = 0; i < d->worker_count[channel]; i++)
            (void)pthread_join(d->workers[channel][i].thread, NULL);
    while (d->first != NULL) {
        struct delivery *item = d->first;
        d->first = item->next;
        delivery_free(item);
    }
    esep_wakeup_free(d->wake);
    if (d->retry_timer != NULL)
        event_free(d->retry_timer);
    (void)pthread_cond_destroy(&d->changed);
    (void)pthread_mutex_destroy(&d->lock);
    free(d);
}

void deliver_drain(struct deliver *d)
{
    d->draining = true;
}

bool deliver_idle(const struct deliver *d)
{
    for (size_t channel = 0; channel < CHANNELS; channel++)
        if (d->busy[channel] > 0)
            return false;
    return true;
}

bool deliver_knows(const struct deliver *d, uint64_t alert_index, uint32_t target)
{
    for (const struct delivery *item = d->first; item != NULL; item = item->next)
        if (item->alert_index == alert_index && item->target == target)
            return true;
    return false;
}

enum esep_status deliver_add(struct deliver *d, const struct deliver_item *item)
{
    if (deliver_knows(d, item->alert_index, item->target))
        return ESEP_CONFLICT;
    struct delivery *copy = NULL;
    enum esep_status status = delivery_new(&copy, item, d->settings);
    if (status != ESEP_OK)
        return status;
    if (d->count[copy->channel] >= DELIVER_QUEUE_MAX) {
        delivery_free(copy);
        return ESEP_LIMIT;
    }
    if (d->last != NULL)
        d->last->next = copy;
    else
        d->first = copy;
    d->last = copy;
    d->count[copy->channel]++;
    /* The try starts from the loop: the caller may still be inside an effect of the core. */
    struct timeval now = {0, 0};
    (void)event_add(d->retry_timer, &now);
    return ESEP_OK;
}

bool deliver_roomy(const struct deliver *d)
{
    return d->count[ESEP__V1__CHANNEL__CHANNEL_MAIL] < DELIVER_QUEUE_MAX / 2 ||
           d->count[ESEP__V1__CHANNEL__CHANNEL_WEBHOOK] < DELIVER_QUEUE_MAX / 2;
}
