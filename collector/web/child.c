/* collector/web/child.c - see child.h. The end is seen through a descriptor of the process
 * (pidfd), so that no signal is taken from anybody else. */
#include "collector/web/child.h"

#include "io/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NICE = 10, LINE_BYTES = 320 };

struct web_child {
    struct web_child_options options;
    pid_t pid;
    int process; /* readable once it has ended */
    int lines;
    struct event *ended, *told;
    size_t len;
    char line[LINE_BYTES];
};

/* After the fork: nothing but system calls, since other threads may hold any lock. */
static _Noreturn void become(const struct web_child_options *options, int lines, pid_t parent)
{
    const struct rlimit files = {.rlim_cur = options->file_bytes_max,
                                 .rlim_max = options->file_bytes_max};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    (void)setpriority(PRIO_PROCESS, 0, NICE);
    (void)signal(SIGXFSZ, SIG_IGN); /* a write too many fails, and the command says so */
    /* The one place where lines may stand already is their own. */
    if (setrlimit(RLIMIT_FSIZE, &files) != 0 || dup2(options->out, STDOUT_FILENO) < 0 ||
        (lines == WEB_CHILD_LINES_FD ? fcntl(lines, F_SETFD, 0) : dup2(lines, WEB_CHILD_LINES_FD)) <
            0)
        _exit(127);
    (void)close_range(WEB_CHILD_LINES_FD + 1, ~0u, 0);
    (void)execv("/proc/self/exe", options->argv);
    _exit(127);
}

static void take_bytes(struct web_child *child, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            child->line[child->len] = '\0';
            child->len = 0;
            child->options.on_line(child->options.context, child->line);
        } else if (child->len + 1 < sizeof child->line) {
            child->line[child->len++] = bytes[i];
        }
    }
}

static void on_told(evutil_socket_t fd, short what, void *context)
{
    struct web_child *child = context;
    char bytes[512];
    ssize_t got = 0;
    (void)what;
    while ((got = read((int)fd, bytes, sizeof bytes)) > 0)
        take_bytes(child, bytes, (size_t)got);
    if (got == 0)
        (void)event_del(child->told); /* the child has closed it: its end follows */
}

static void child_free(struct web_child *child)
{
    if (child->ended != NULL)
        event_free(child->ended);
    if (child->told != NULL)
        event_free(child->told);
    if (child->process >= 0)
        (void)close(child->process);
    if (child->lines >= 0)
        (void)close(child->lines);
    free(child);
}

static int reap(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static void on_ended(evutil_socket_t fd, short what, void *context)
{
    struct web_child *child = context;
    const struct web_child_options options = child->options;
    (void)fd;
    (void)what;
    on_told(child->lines, EV_READ, child);
    const int status = reap(child->pid);
    child_free(child);
    options.on_end(options.context, status);
}

static enum esep_status fail(struct web_child *child, const char *what, struct esep_reason *reason)
{
    const int number = errno;
    child_free(child);
    return esep_because(reason, ESEP_IO, "no process beside the page: %s: %s", what,
                        strerror(number));
}

static bool watch(struct web_child *child, struct event_base *base)
{
    child->process = pidfd_open(child->pid, 0);
    if (child->process < 0)
        return false;
    child->ended = event_new(base, child->process, EV_READ, on_ended, child);
    child->told = event_new(base, child->lines, EV_READ | EV_PERSIST, on_told, child);
    return child->ended != NULL && child->told != NULL && event_add(child->ended, NULL) == 0 &&
           event_add(child->told, NULL) == 0;
}

enum esep_status web_child_start(struct web_child **ret, struct esep_loop *loop,
                                 const struct web_child_options *options,
                                 struct esep_reason *reason)
{
    int ends[2];
    struct web_child *child = calloc(1, sizeof *child);
    if (child == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for a process beside the page");
    *child = (struct web_child){.options = *options, .process = -1, .lines = -1};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(child, "pipe", reason);
    child->lines = ends[0];
    (void)fcntl(child->lines, F_SETFL, O_NONBLOCK); /* ours; the child's words are not to be lost */
    const pid_t parent = getpid();
    child->pid = fork();
    if (child->pid == 0)
        become(options, ends[1], parent);
    (void)close(ends[1]);
    if (child->pid < 0)
        return fail(child, "fork", reason);
    if (!watch(child, esep_loop_base(loop))) {
        const int number = errno;
        (void)kill(child->pid, SIGKILL);
        (void)reap(child->pid);
        errno = number;
        return fail(child, "watch", reason);
    }
    *ret = child;
    return ESEP_OK;
}

void web_child_drop(struct web_child *child)
{
    if (child == NULL)
        return;
    (void)kill(child->pid, SIGKILL);
    (void)reap(child->pid);
    child_free(child);
}
