/* agent/run_line.c - a connection that is stuck: is it the line, or this connection alone?
 *
 * What TCP has sent is not acknowledged for some seconds. Then the line is away, and TCP itself is
 * the first to notice its return, for it sends again each second; or it is the path of this one
 * connection that is gone (another address after the line was dialled again, a router that forgot),
 * or a kernel whose next try is half a minute off. The three look the same from here, so we knock:
 * a fresh connection to the same address, one small packet a second. As soon as one is answered the
 * line is there, and if the old connection does not move within its own next tries, a new one is
 * made in its place. One that was not stuck loses nothing by it: a knock says no word.
 *
 * Not where bytes are metered: knocks cost. Nor through a SOCKS proxy, where the socket's own
 * connection is to a relay in this process, and not over TCP.
 */
#include "agent/run.h"
#include "io/log.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define STUCK_AFTER (3 * ESEP_SECOND)
#define KNOCK_EVERY ESEP_SECOND
#define UNSENT_MOST 4096u                  /* the least chunk */
#define TRIES_OF_ITS_OWN (2 * ESEP_SECOND) /* two, where it sends again each second */

void agent_run_line_leave(struct agent_run *run)
{
    if (run->line.knocking)
        (void)close(run->line.knock);
    run->line.knocking = false;
    run->line.answered_at = 0;
}

void agent_run_line_pace(struct agent_run *run)
{
    struct esep_zsock_line line;
    if (run->socket == NULL || !esep_zsock_line(run->socket, &line))
        return;
    const uint64_t taken = line.taken - run->line.taken;
    run->line.handed -= taken < run->line.handed ? taken : run->line.handed;
    run->line.taken = line.taken;
    const bool held = line.unsent + run->line.handed > UNSENT_MOST;
    if (held != run->line.held || !run->line.paced)
        agent_hold_files(run->core, held, agent_run_now(run));
    run->line.held = held;
    run->line.paced = true;
}

static bool answered(int knock)
{
    struct pollfd poll_it = {.fd = knock, .events = POLLOUT};
    int failed = 0;
    socklen_t size = sizeof failed;
    return poll(&poll_it, 1, 0) == 1 &&
           getsockopt(knock, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && failed == 0;
}

static void knock(struct agent_run *run, const struct esep_zsock_line *line, esep_time now)
{
    struct agent_run_line *l = &run->line;
    const esep_time every = 2 * line->round_trip > KNOCK_EVERY ? 2 * line->round_trip : KNOCK_EVERY;
    if (l->knocking && answered(l->knock))
        l->answered_at = now;
    if (l->knocking && (l->answered_at != 0 || now - l->knocked_at >= every)) {
        (void)close(l->knock);
        l->knocking = false;
    }
    if (l->knocking || l->answered_at != 0)
        return;
    l->knock = esep_zsock_knock(run->socket);
    l->knocking = l->knock >= 0;
    l->knocked_at = now;
}

void agent_run_line_look(struct agent_run *run)
{
    struct agent_run_line *l = &run->line;
    struct esep_zsock_line line = {0};
    const esep_time now = esep_monotonic();
    if (run->socket == NULL || run->settings->metered || !esep_zsock_line(run->socket, &line) ||
        !line.waiting || line.moved != l->moved) {
        agent_run_line_leave(run);
        l->moved = line.moved;
        l->moved_at = now;
        return;
    }
    if (now - l->moved_at < STUCK_AFTER)
        return;
    knock(run, &line, now);
    const esep_time grace = line.round_trip + (line.hastened ? TRIES_OF_ITS_OWN : 0);
    if (l->answered_at == 0 || now - l->answered_at < grace)
        return;
    esep_log(ESEP_LOG_INFO, "connection-stuck", "the line is there, this connection is not: anew");
    agent_run_hang_up(run);
    (void)snprintf(run->gone, sizeof run->gone, "the line came back without it");
    agent_on_disconnected(run->core, agent_run_now(run));
    agent_now(run->core, agent_run_now(run));
    agent_run_pump(run);
}
