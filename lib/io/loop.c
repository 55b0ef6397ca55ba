/* lib/io/loop.c - the daemon's loop: signals, the deadline, the bell, and systemd's ear.
 *
 * libevent takes signals through its own pipe, so callbacks run in the loop and may do anything.
 * The precise timer is asked for: libevent's usual clock is the kernel's coarse one, which is up to
 * 4 ms behind, and a group commit waits less than that.
 */
#include "io/loop.h"

#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FILES_MIN 48u

struct esep_loop {
    struct event_base *base;
    struct esep_loop_options options;
    struct event *term, *interrupt, *hangup;
    struct event *timer;
    esep_time deadline; /* on the monotonic clock; NEVER: unset */
    bool draining;
};

struct esep_wakeup {
    int fd;
    struct event *event;
    void (*on_wake)(void *context);
    void *context;
};

esep_time esep_monotonic(void)
{
    struct timespec now;
    ESEP_ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (esep_time)now.tv_sec * ESEP_SECOND + now.tv_nsec / 1000;
}

struct timespec esep_monotonic_in(esep_time wait)
{
    const esep_time at = esep_monotonic() + wait;
    return (struct timespec){.tv_sec = (time_t)(at / ESEP_SECOND),
                             .tv_nsec = (long)(at % ESEP_SECOND) * 1000};
}

bool esep_thread_start(pthread_t *ret, void *(*work)(void *context), void *context)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    const bool started = pthread_create(ret, NULL, work, context) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void on_stop_signal(evutil_socket_t number, short what, void *context)
{
    (void)number;
    (void)what;
    struct esep_loop *loop = (struct esep_loop *)context;
    if (loop->draining || loop->options.on_drain == NULL) {
        esep_loop_stop(loop);
        return;
    }
    loop->draining = true;
    loop->options.on_drain(loop->options.context);
}

static void on_hangup(evutil_socket_t number, short what, void *context)
{
    (void)number;
    (void)what;
    struct esep_loop *loop = (struct esep_loop *)context;
    if (loop->options.on_reload != NULL)
        loop->options.on_reload(loop->options.context);
}

static void arm(struct esep_loop *loop, esep_time wait)
{
    if (wait < 0)
        wait = 0;
    const struct timeval in = {.tv_sec = (time_t)(wait / ESEP_SECOND),
                               .tv_usec = (suseconds_t)(wait % ESEP_SECOND)};
    (void)event_add(loop->timer, &in);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct esep_loop *loop = (struct esep_loop *)context;
    const esep_time deadline = loop->deadline;
    if (deadline == ESEP_TIME_NEVER)
        return;
    /* A timer may ring early where the deadline was moved back without touching it. */
    const esep_time wait = deadline - esep_monotonic();
    if (wait > 0) {
        arm(loop, wait);
        return;
    }
    loop->deadline = ESEP_TIME_NEVER;
    if (loop->options.on_deadline != NULL)
        loop->options.on_deadline(loop->options.context);
}

void esep_loop_deadline(struct esep_loop *loop, esep_time wait)
{
    if (wait == ESEP_TIME_NEVER) {
        loop->deadline = ESEP_TIME_NEVER;
        (void)event_del(loop->timer);
        return;
    }
    /* A year is as good as never, and cannot overflow. */
    if (wait > 366 * ESEP_DAY)
        wait = 366 * ESEP_DAY;
    const esep_time deadline = esep_monotonic() + (wait > 0 ? wait : 0);
    const bool later = loop->deadline != ESEP_TIME_NEVER && deadline >= loop->deadline &&
                       event_pending(loop->timer, EV_TIMEOUT, NULL) != 0;
    loop->deadline = deadline;
    /* Moved back: let the timer ring and look again, instead of touching the heap each turn. */
    if (!later)
        arm(loop, wait);
}

static void raise_files_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

uint64_t esep_files_max(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (uint64_t)limit.rlim_cur : 1024;
}

uint64_t esep_files_open(void)
{
    DIR *folder = opendir("/proc/self/fd");
    uint64_t count = 0;
    if (folder == NULL)
        return errno == EMFILE || errno == ENFILE ? esep_files_max() : 0;
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

enum esep_status esep_files_check(struct esep_reason *reason)
{
    raise_files_limit();
    if (esep_files_max() >= FILES_MIN)
        return ESEP_OK;
    return esep_because(
        reason, ESEP_AGAIN,
        "only %llu descriptors are allowed: raise the limit (ulimit -n, LimitNOFILE) "
        "to %u or more",
        (unsigned long long)esep_files_max(), FILES_MIN);
}

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    if (config == NULL)
        return NULL;
    (void)event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static struct event *new_signal(struct esep_loop *loop, int number, event_callback_fn callback)
{
    struct event *event = evsignal_new(loop->base, number, callback, loop);
    if (event != NULL && event_add(event, NULL) != 0) {
        event_free(event);
        return NULL;
    }
    return event;
}

enum esep_status esep_loop_new(struct esep_loop **ret, const struct esep_loop_options *options,
                               struct esep_reason *reason)
{
    (void)signal(SIGPIPE, SIG_IGN);
    enum esep_status enough = esep_files_check(reason);
    if (enough != ESEP_OK)
        return enough;
    struct esep_loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for the event loop");
    loop->options = *options;
    loop->deadline = ESEP_TIME_NEVER;
    loop->base = new_base();
    if (loop->base == NULL)
        goto fail;
    loop->timer = evtimer_new(loop->base, on_timer, loop);
    loop->term = new_signal(loop, SIGTERM, on_stop_signal);
    loop->interrupt = new_signal(loop, SIGINT, on_stop_signal);
    loop->hangup = new_signal(loop, SIGHUP, on_hangup);
    if (loop->timer == NULL || loop->term == NULL || loop->interrupt == NULL ||
        loop->hangup == NULL)
        goto fail;
    *ret = loop;
    return ESEP_OK;
fail:
    esep_loop_free(loop);
    return esep_because(reason, ESEP_IO, "cannot make the event loop: %s", strerror(errno));
}

void esep_loop_free(struct esep_loop *loop)
{
    if (loop == NULL)
        return;
    struct event *const events[] = {loop->term, loop->interrupt, loop->hangup, loop->timer};
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (events[i] != NULL)
            event_free(events[i]);
    if (loop->base != NULL)
        event_base_free(loop->base);
    free(loop);
}

struct event_base *esep_loop_base(struct esep_loop *loop)
{
    return loop->base;
}

enum esep_status esep_loop_run(struct esep_loop *loop)
{
    return event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0 ? ESEP_IO : ESEP_OK;
}

void esep_loop_stop(struct esep_loop *loop)
{
    (void)event_base_loopbreak(loop->base);
}

static void on_bell(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct esep_wakeup *wakeup = (struct esep_wakeup *)context;
    uint64_t rings = 0;
    /* Emptied before the callback looks: a ring during the callback is a call of its own. */
    (void)!read((int)fd, &rings, sizeof(rings));
    wakeup->on_wake(wakeup->context);
}

enum esep_status esep_wakeup_new(struct esep_wakeup **ret, struct esep_loop *loop,
                                 void (*on_wake)(void *context), void *context,
                                 struct esep_reason *reason)
{
    struct esep_wakeup *wakeup = calloc(1, sizeof(*wakeup));
    if (wakeup == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for a wakeup");
    *wakeup = (struct esep_wakeup){.fd = -1, .on_wake = on_wake, .context = context};
    wakeup->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wakeup->fd < 0)
        goto fail;
    wakeup->event = event_new(loop->base, wakeup->fd, EV_READ | EV_PERSIST, on_bell, wakeup);
    if (wakeup->event == NULL || event_add(wakeup->event, NULL) != 0)
        goto fail;
    *ret = wakeup;
    return ESEP_OK;
fail:
    esep_wakeup_free(wakeup);
    return esep_because(reason, ESEP_IO, "cannot make a wakeup: %s", strerror(errno));
}

void esep_wakeup_ring(struct esep_wakeup *wakeup)
{
    const uint64_t one = 1;
    /* It fails only where the counter is full, and then the bell rings already. */
    (void)!write(wakeup->fd, &one, sizeof(one));
}

void esep_wakeup_free(struct esep_wakeup *wakeup)
{
    if (wakeup == NULL)
        return;
    if (wakeup->event != NULL)
        event_free(wakeup->event);
    if (wakeup->fd >= 0)
        (void)close(wakeup->fd);
    free(wakeup);
}

void esep_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(to.sun_path))
        return;
    const size_t length = strlen(path);
    memcpy(to.sun_path, path, length);
    if (path[0] == '@') /* the abstract namespace */
        to.sun_path[0] = '\0';
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    const union {
        const struct sockaddr_un *un;
        const struct sockaddr *any;
    } address = {.un = &to};
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, address.any, size);
    (void)close(fd);
}
