/* lib/io/resolve.c - see resolve.h. An answer is shorter than PIPE_BUF, and so is written whole. */
#include "io/resolve.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREAD_STACK ((size_t)256 * 1024)

struct answer {
    uint32_t count;
    int32_t code;
    union esep_address addresses[ESEP_RESOLVE_MAX];
};
struct esep_resolve {
    int fd;
    struct event *event;
    esep_resolve_fn *on_resolved;
    void *context;
};
struct question {
    int fd;
    char port[8];
    char host[256];
};

static void ask(const struct question *q, struct answer *answer)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    answer->code = getaddrinfo(q->host, q->port, &hints, &found);
    if (answer->code != 0)
        return;
    for (const struct addrinfo *a = found; a != NULL && answer->count < ESEP_RESOLVE_MAX;
         a = a->ai_next)
        if (a->ai_addrlen <= sizeof answer->addresses[0])
            memcpy(&answer->addresses[answer->count++], a->ai_addr, a->ai_addrlen);
    freeaddrinfo(found);
}

static void *run(void *context)
{
    struct question *q = context;
    struct answer answer;
    memset(&answer, 0, sizeof answer);
    ask(q, &answer);
    /* SIGPIPE is ignored (loop.h): who asked may be gone. */
    if (write(q->fd, &answer, sizeof answer) < 0 && errno != EPIPE)
        answer.count = 0;
    (void)close(q->fd);
    free(q);
    return NULL;
}

static void on_answer(evutil_socket_t fd, short what, void *context)
{
    struct esep_resolve *resolve = context;
    struct answer answer;
    (void)what;
    memset(&answer, 0, sizeof answer);
    const ssize_t got = read(fd, &answer, sizeof answer);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    (void)event_del(resolve->event);
    if (got != (ssize_t)sizeof answer) {
        resolve->on_resolved(NULL, 0, "the question was not answered", resolve->context);
        return;
    }
    resolve->on_resolved(answer.addresses, answer.count,
                         answer.code != 0 ? gai_strerror(answer.code) : "it has no address",
                         resolve->context);
}

static bool start_thread(struct question *q)
{
    pthread_t thread;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    const bool started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                         pthread_attr_setstacksize(&attributes, THREAD_STACK) == 0 &&
                         pthread_create(&thread, &attributes, run, q) == 0;
    (void)pthread_attr_destroy(&attributes);
    return started;
}

enum esep_status esep_resolve_new(struct esep_resolve **ret, struct event_base *base,
                                  const char *host, uint16_t port, esep_resolve_fn *on_resolved,
                                  void *context, struct esep_reason *reason)
{
    int ends[2] = {-1, -1};
    struct esep_resolve *resolve = calloc(1, sizeof *resolve);
    struct question *q = calloc(1, sizeof *q);
    if (resolve == NULL || q == NULL || strlen(host) >= sizeof q->host ||
        pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        goto fail;
    *resolve = (struct esep_resolve){.fd = ends[0], .on_resolved = on_resolved, .context = context};
    q->fd = ends[1];
    (void)snprintf(q->port, sizeof q->port, "%u", port);
    memcpy(q->host, host, strlen(host) + 1);
    resolve->event = event_new(base, ends[0], EV_READ | EV_PERSIST, on_answer, resolve);
    if (resolve->event == NULL || event_add(resolve->event, NULL) != 0 || !start_thread(q))
        goto fail;
    *ret = resolve;
    return ESEP_OK;
fail:
    if (resolve != NULL && resolve->event != NULL)
        event_free(resolve->event);
    for (size_t i = 0; i < 2; i++)
        if (ends[i] >= 0)
            (void)close(ends[i]);
    free(resolve);
    free(q);
    return esep_because(reason, ESEP_AGAIN, "cannot look up %.120s: %s", host, strerror(errno));
}

void esep_resolve_free(struct esep_resolve *resolve)
{
    if (resolve == NULL)
        return;
    event_free(resolve->event);
    (void)close(resolve->fd);
    free(resolve);
}
