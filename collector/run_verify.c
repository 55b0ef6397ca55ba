/* collector/run_verify.c - the log verified in the background, slowly, over and over; see run.h.
 *
 * Ingest starts the keeper of the rounds (round.h) before it gives up the right to start anything,
 * and from then on only listens: what a round found is an error that the operator is told, in the
 * log, in `status` and in the figures, until a round finds all right again. It decides nothing and
 * mends nothing, and ingest goes on, also where a reader died of what it read: what offices send is
 * safe to take, and it is they who can bring again what is lost.
 */
#include "collector/run.h"
#include "io/log.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#define END_MS 2000
#define BYTES_AT_ONCE 4096

struct run_verify {
    struct round_seen seen;
    struct round_ear ear;
    struct event *told;
    int lines;
    int keeper; /* readable once it has ended */
};

static void say_round(struct run *run)
{
    const struct round_seen *seen = &run->verify->seen;
    if (seen->status == ESEP_OK)
        esep_log(ESEP_LOG_INFO, "log-verified", "%llu entries, %llu files: all agree",
                 (unsigned long long)seen->entries, (unsigned long long)seen->files);
    else
        esep_log(ESEP_LOG_ERROR, seen->status == ESEP_CORRUPT ? "log-damaged" : "log-unverified",
                 "%s", seen->reason.text);
    if (round_remember(run->settings->store, seen) != ESEP_OK)
        esep_log(ESEP_LOG_WARNING, "round-unwritten", "%s: %s: the next start does not know of it",
                 run->settings->store, strerror(errno));
    /* It still holds back pages that the writer could use again. */
    if (seen->died && run->state.log != NULL)
        esep_store_forget_dead(collector_log_store(run->state.log));
}

/* Nothing here can begin another one: ingest starts no programs. */
static void keeper_gone(struct run *run)
{
    struct round_seen *seen = &run->verify->seen;
    (void)event_del(run->verify->told);
    if (run->draining)
        return;
    seen->known = true;
    seen->begun = false;
    seen->at = seen->of = 0;
    seen->ended_at = esep_clock_now(&run->clock);
    seen->status = esep_because(&seen->reason, ESEP_IO,
                                "the process that verifies in the background has ended: there is "
                                "no round before ingest is started again");
    esep_log(ESEP_LOG_ERROR, "log-unverified", "%s", seen->reason.text);
}

static void on_told(evutil_socket_t fd, short what, void *context)
{
    struct run *run = context;
    struct run_verify *r = run->verify;
    struct round_line line;
    uint8_t room[BYTES_AT_ONCE];
    (void)what;
    const ssize_t got = read((int)fd, room, sizeof room);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        keeper_gone(run);
        return;
    }
    struct esep_slice bytes = esep_slice(room, (size_t)got);
    while (round_ear_hear(&r->ear, &bytes, &line))
        if (round_heard(&r->seen, &line, esep_clock_now(&run->clock)))
            say_round(run);
}

/* After the fork: nothing but system calls. The keeper reads its configuration itself. */
static _Noreturn void become(const char *config, char *first_in, int lines, pid_t ingest)
{
    char *const words[] = {(char *)(uintptr_t) "esep-collector",
                           (char *)(uintptr_t) "log",
                           (char *)(uintptr_t) "verify",
                           (char *)(uintptr_t) "--rounds",
                           first_in,
                           (char *)(uintptr_t) "--config",
                           (char *)(uintptr_t)config,
                           NULL};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != ingest)
        _exit(127);
    if ((lines == ROUND_FD ? fcntl(lines, F_SETFD, 0) : dup2(lines, ROUND_FD)) < 0)
        _exit(127);
    (void)close_range(ROUND_FD + 1, ~0u, 0);
    (void)execv("/proc/self/exe", words);
    _exit(127);
}

static enum esep_status start_keeper(struct run *run, struct esep_reason *reason)
{
    struct run_verify *r = run->verify;
    char first_in[32];
    int ends[2];
    const esep_time wait =
        round_first_in(&r->seen, run->settings->verify_every, esep_clock_now(&run->clock));
    (void)snprintf(first_in, sizeof first_in, "%lld", (long long)(wait / ESEP_SECOND));
    if (pipe2(ends, O_CLOEXEC) != 0)
        return esep_because(reason, ESEP_IO, "no pipe from the verifier: %s", strerror(errno));
    r->lines = ends[0];
    (void)fcntl(r->lines, F_SETFL, O_NONBLOCK);
    const pid_t ingest = getpid();
    const pid_t keeper = fork();
    if (keeper == 0)
        become(run->config_file, first_in, ends[1], ingest);
    (void)close(ends[1]);
    if (keeper < 0)
        return esep_because(reason, ESEP_IO, "no process for the verifier: %s", strerror(errno));
    r->keeper = pidfd_open(keeper, 0);
    r->told = event_new(esep_loop_base(run->loop), r->lines, EV_READ | EV_PERSIST, on_told, run);
    return r->told != NULL && event_add(r->told, NULL) == 0
               ? ESEP_OK
               : esep_because(reason, ESEP_NOMEM, "no memory to hear the verifier");
}

enum esep_status run_verify_open(struct run *run, struct esep_reason *reason)
{
    if (run->settings->verify_share_percent == 0)
        return ESEP_OK;
    run->verify = calloc(1, sizeof *run->verify);
    if (run->verify == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory to verify the log");
    *run->verify = (struct run_verify){.lines = -1, .keeper = -1};
    round_recall(run->settings->store, &run->verify->seen);
    return start_keeper(run, reason);
}

const struct round_seen *run_verify_seen(const struct run *run)
{
    static const struct round_seen nothing;
    return run->verify != NULL ? &run->verify->seen : &nothing;
}

void run_verify_close(struct run *run)
{
    struct run_verify *r = run->verify;
    if (r == NULL)
        return;
    run->verify = NULL;
    if (r->told != NULL)
        event_free(r->told);
    if (r->lines >= 0)
        (void)close(r->lines);
    /* So that nothing reads the store any more. One that waits for the disk dies of our end. */
    if (r->keeper >= 0) {
        (void)poll(&(struct pollfd){.fd = r->keeper, .events = POLLIN}, 1, END_MS);
        (void)close(r->keeper);
    }
    free(r);
}
