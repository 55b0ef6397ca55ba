/* tests/link/proxy.c - a TCP proxy on loopback at the line's pace; see carrier.h.
 *
 * One connection at a time is enough: the office has one. Each chunk that is read goes through the
 * line with a number of its connection in front, so that what was under way for one that is gone is
 * let go. While the line is down nothing is read, and new connections are closed at once; what the
 * line lost when it broke cannot be made good by TCP here, so the connection is closed then.
 */
#include "carrier.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 1400u
#define AHEAD_US 300000 /* read no further ahead of the line than this */

static int listener = -1;
static unsigned target;
static int ends[2] = {-1, -1}; /* the office's connection, ours to the centre */
static uint32_t generation;

static int loopback(unsigned port, bool listening)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int one = 1;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const int done = listening
                         ? bind(fd, (struct sockaddr *)&in, sizeof in) == 0 ? listen(fd, 8) : -1
                         : connect(fd, (struct sockaddr *)&in, sizeof in);
    if (done != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
        (!listening && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

unsigned proxy_forward(unsigned port)
{
    struct sockaddr_in in = {0};
    socklen_t len = sizeof in;
    target = port;
    if (listener < 0)
        listener = loopback(0, true);
    if (listener < 0 || getsockname(listener, (struct sockaddr *)&in, &len) != 0)
        return 0;
    return ntohs(in.sin_port);
}

static void hang_up(void)
{
    for (size_t i = 0; i < 2; i++) {
        if (ends[i] >= 0)
            (void)close(ends[i]);
        ends[i] = -1;
    }
    generation++;
}

size_t proxy_polls(const struct line lines[2], struct pollfd *out, int64_t now)
{
    size_t count = 0;
    out[count++] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (size_t i = 0; i < 2; i++)
        if (ends[i] >= 0 && lines[i].busy_until < now + AHEAD_US)
            out[count++] = (struct pollfd){.fd = ends[i], .events = POLLIN};
    return count;
}

static void take_connection(bool up)
{
    const int one = 1;
    const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (up) {
        hang_up();
        ends[0] = fd;
        ends[1] = loopback(target, false);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    if (!up || ends[1] < 0) {
        hang_up();
        (void)close(fd);
        ends[0] = -1;
    }
}

static void read_end(struct line *line, int fd, int64_t now)
{
    uint8_t chunk[sizeof generation + CHUNK];
    memcpy(chunk, &generation, sizeof generation);
    while (line->busy_until < now + AHEAD_US) {
        const ssize_t got = recv(fd, chunk + sizeof generation, CHUNK, 0);
        if (got > 0)
            line_put(line, chunk, sizeof generation + (size_t)got, now);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            hang_up();
        if (got <= 0)
            return;
    }
}

void proxy_carry(struct line lines[2], int64_t now)
{
    const bool up = line_up(&lines[0], now);
    uint64_t broken[2];
    take_connection(up);
    for (size_t i = 0; i < 2; i++) {
        const uint8_t *data;
        size_t len;
        broken[i] = lines[i].counters.broken_bits + lines[i].counters.overflow_bits;
        if (up && ends[i] >= 0)
            read_end(&lines[i], ends[i], now);
        while (line_take(&lines[i], now, &data, &len)) {
            uint32_t of;
            memcpy(&of, data, sizeof of);
            /* loopback takes what one line's delay holds, or the connection is of no use */
            if (of == generation && ends[1 - i] >= 0 &&
                send(ends[1 - i], data + sizeof of, len - sizeof of, MSG_NOSIGNAL) !=
                    (ssize_t)(len - sizeof of))
                hang_up();
        }
        if (lines[i].counters.broken_bits + lines[i].counters.overflow_bits > broken[i])
            hang_up();
    }
}
