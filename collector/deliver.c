/* collector/deliver.c - the queue of tries; see deliver.h. What a try looks like on the wire is in
 * deliver_send.c. libcurl tells which sockets it watches and when it wants to be called; both are
 * passed on to libevent. */
#include "base/crypto.h"
#include "collector/deliver_internal.h"
#include "io/keyfile.h"
#include "io/log.h"
#include "io/loop.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#define CHANNEL_CONNECTIONS 4

struct deliver {
    struct event_base *base;
    const struct collector_settings *settings;
    struct esep_hash log_id;
    deliver_done_fn *done;
    void *context;
    CURLM *multi;
    struct event *curl_timer;
    struct event *retry_timer;
    struct delivery *first; /* in the order they came */
    struct delivery *last;
    size_t count[3]; /* by channel */
    size_t busy[3];
    struct esep_prng jitter;
};

static void pump(struct deliver *d);

static struct timeval timeval_of(int64_t us)
{
    return (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
}

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

static void collect(struct deliver *d)
{
    int left = 0;
    for (;;) {
        CURLMsg *message = curl_multi_info_read(d->multi, &left);
        if (message == NULL)
            break;
        if (message->msg != CURLMSG_DONE)
            continue;
        struct delivery *item = NULL;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&item);
        CURLcode result = message->data.result;
        (void)curl_multi_remove_handle(d->multi, message->easy_handle);
        d->busy[item->channel]--;
        bool delivered = delivery_ended(item, result);
        if (delivered)
            finish(d, item, true);
        else
            fail(d, item);
    }
}

static void start_try(struct deliver *d, struct delivery *item)
{
    item->attempts++;
    enum esep_status status = delivery_prepare(item, d->settings, &d->log_id);
    if (status == ESEP_OK && curl_multi_add_handle(d->multi, item->easy) == CURLM_OK) {
        d->busy[item->channel]++;
        item->busy = true;
        return;
    }
    (void)delivery_ended(item, CURLE_OUT_OF_MEMORY);
    fail(d, item);
}

/* Starts every try that is due and has a connection free on its channel; sets the timer for the
 * rest. */
static void pump(struct deliver *d)
{
    int64_t now = esep_monotonic();
    int64_t next = INT64_MAX;
    struct delivery *item = d->first;
    while (item != NULL) {
        struct delivery *following = item->next;
        if (!item->busy && item->not_before_us <= now &&
            d->busy[item->channel] < CHANNEL_CONNECTIONS)
            start_try(d, item);
        else if (!item->busy && item->not_before_us > now && item->not_before_us < next)
            next = item->not_before_us;
        item = following;
    }
    if (next != INT64_MAX) {
        struct timeval wait = timeval_of(next - now);
        (void)event_add(d->retry_timer, &wait);
    }
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    pump(context);
}

static void act(struct deliver *d, curl_socket_t fd, int mask)
{
    int running = 0;
    (void)curl_multi_socket_action(d->multi, fd, mask, &running);
    collect(d);
    pump(d);
}

static void on_curl_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    act(context, CURL_SOCKET_TIMEOUT, 0);
}

static void on_curl_socket(evutil_socket_t fd, short what, void *context)
{
    int mask = ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
               ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);
    act(context, fd, mask);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket)
{
    (void)easy;
    struct deliver *d = context;
    struct event *watch = socket;
    if (watch != NULL)
        event_free(watch);
    watch = NULL;
    if (what != CURL_POLL_REMOVE) {
        short events = (short)(EV_PERSIST | ((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
                               ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0));
        watch = event_new(d->base, fd, events, on_curl_socket, d);
        if (watch == NULL || event_add(watch, NULL) != 0)
            return -1;
    }
    (void)curl_multi_assign(d->multi, fd, watch);
    return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct deliver *d = context;
    if (timeout_ms < 0)
        return event_del(d->curl_timer);
    struct timeval wait = timeval_of((int64_t)timeout_ms * 1000);
    return event_add(d->curl_timer, &wait);
}

enum esep_status deliver_new(struct deliver **ret, struct event_base *base,
                             const struct collector_settings *settings,
                             const struct esep_hash *log_id, deliver_done_fn *done, void *context,
                             struct esep_reason *reason)
{
    struct deliver *d = calloc(1, sizeof *d);
    if (d == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for deliveries");
    *d = (struct deliver){
        .base = base, .settings = settings, .log_id = *log_id, .done = done, .context = context};
    esep_random(&d->jitter.state, sizeof d->jitter.state);
    d->multi = curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? curl_multi_init() : NULL;
    d->curl_timer = event_new(base, -1, 0, on_curl_timer, d);
    d->retry_timer = event_new(base, -1, 0, on_retry, d);
    if (d->multi == NULL || d->curl_timer == NULL || d->retry_timer == NULL) {
        deliver_free(d);
        return esep_because(reason, ESEP_NOMEM, "no memory for deliveries");
    }
    (void)curl_multi_setopt(d->multi, CURLMOPT_MAXCONNECTS, 2L * CHANNEL_CONNECTIONS);
    (void)curl_multi_setopt(d->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    (void)curl_multi_setopt(d->multi, CURLMOPT_SOCKETDATA, d);
    (void)curl_multi_setopt(d->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(d->multi, CURLMOPT_TIMERDATA, d);
    *ret = d;
    return ESEP_OK;
}

void deliver_free(struct deliver *d)
{
    if (d == NULL)
        return;
    while (d->first != NULL) {
        struct delivery *item = d->first;
        d->first = item->next;
        if (item->busy)
            (void)curl_multi_remove_handle(d->multi, item->easy);
        delivery_free(item);
    }
    if (d->multi != NULL)
        (void)curl_multi_cleanup(d->multi);
    if (d->curl_timer != NULL)
        event_free(d->curl_timer);
    if (d->retry_timer != NULL)
        event_free(d->retry_timer);
    free(d);
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
