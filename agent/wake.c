/* agent/wake.c - see wake.h. The lock is held by flock on "daemon.lock": a crash lets go of it, and
 * a socket file left behind is removed only by who has the lock. The address of a Unix socket is
 * short; where the journal's path is not, the way there leads over an open folder in /proc. */
#include "agent/wake.h"

#include "io/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct agent_wake {
    int lock_fd;
    int fd;
    struct event *event;
    int folder; /* of a long path; -1 */
    struct sockaddr_un address;
    void (*on_wake)(void *context, bool try_now);
    void *context;
};

/* ret_folder: to be closed after the address was used; -1: it needs none, or cannot be made. */
static bool make_address(struct sockaddr_un *ret, const char *journal, int *ret_folder)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    *ret_folder = -1;
    int len = snprintf(ret->sun_path, sizeof ret->sun_path, "%s/wake", journal);
    if (len > 0 && len < (int)sizeof ret->sun_path)
        return true;
    *ret_folder = open(journal, O_PATH | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/wake", *ret_folder);
    return *ret_folder >= 0;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    struct agent_wake *wake = context;
    bool any = false;
    bool now = false;
    char bytes[16];
    for (;;) {
        ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got < 0)
            break;
        any = true;
        now = now || (got > 0 && bytes[0] == 'n');
    }
    if (any)
        wake->on_wake(wake->context, now);
}

static enum esep_status take_lock(struct agent_wake *wake, const char *journal,
                                  struct esep_reason *reason)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/daemon.lock", journal);
    wake->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (wake->lock_fd < 0)
        return esep_because(reason, ESEP_IO, "%s: %s", path, strerror(errno));
    if (flock(wake->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return esep_because(reason, ESEP_CONFLICT, "%s: another esep-agent runs on this journal",
                            journal);
    return ESEP_OK;
}

enum esep_status agent_wake_listen(struct agent_wake **ret, struct esep_loop *loop,
                                   const char *journal,
                                   void (*on_wake)(void *context, bool try_now), void *context,
                                   struct esep_reason *reason)
{
    struct agent_wake *wake = calloc(1, sizeof *wake);
    if (wake == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory to listen for commands");
    *wake = (struct agent_wake){
        .lock_fd = -1, .fd = -1, .folder = -1, .on_wake = on_wake, .context = context};
    enum esep_status status = take_lock(wake, journal, reason);
    if (status == ESEP_OK && !make_address(&wake->address, journal, &wake->folder))
        status = esep_because(reason, ESEP_IO, "%s: %s", journal, strerror(errno));
    if (status == ESEP_OK) {
        (void)unlink(wake->address.sun_path);
        wake->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (wake->fd < 0 ||
            bind(wake->fd, (const struct sockaddr *)&wake->address, sizeof wake->address) != 0)
            status =
                esep_because(reason, ESEP_IO, "%s: %s", wake->address.sun_path, strerror(errno));
    }
    if (status == ESEP_OK) {
        wake->event =
            event_new(esep_loop_base(loop), wake->fd, EV_READ | EV_PERSIST, on_readable, wake);
        if (wake->event == NULL || event_add(wake->event, NULL) != 0)
            status = esep_because(reason, ESEP_NOMEM, "no memory to listen for commands");
    }
    if (status != ESEP_OK) {
        agent_wake_free(wake);
        return status;
    }
    *ret = wake;
    return ESEP_OK;
}

void agent_wake_free(struct agent_wake *wake)
{
    if (wake == NULL)
        return;
    if (wake->event != NULL)
        event_free(wake->event);
    if (wake->fd >= 0) {
        (void)unlink(wake->address.sun_path);
        (void)close(wake->fd);
    }
    if (wake->folder >= 0)
        (void)close(wake->folder);
    if (wake->lock_fd >= 0)
        (void)close(wake->lock_fd);
    free(wake);
}

bool agent_wake_ring(const char *journal, bool try_now)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    char byte = try_now ? 'n' : 'a';
    int folder = -1;
    bool rung = make_address(&address, journal, &folder) &&
                sendto(fd, &byte, 1, 0, (const struct sockaddr *)&address, sizeof address) == 1;
    /* A full queue means that rings enough wait there. */
    rung = rung || errno == EAGAIN;
    if (folder >= 0)
        (void)close(folder);
    (void)close(fd);
    return rung;
}
