/* lib/io/zsock_tcp.c - TCP under a socket: in use again as soon as the line is, and is it stuck?
 *
 * A kernel that hears nothing sends again after ever longer waits, up to two minutes: a line that
 * was away for half a minute is noticed a quarter of a minute late. Here it tries each second
 * (Linux 6.15; before that the first six times, where little is under way), and a listener hands
 * this down to what it accepts. With waits that short the system's count of tries would be over
 * in a quarter of a minute, so it is five minutes by the clock, as keep-alive's; who wants to know
 * earlier asks (heartbeats).
 *
 * libzmq keeps its descriptors. A listener's is found by its address (zsock_listen.c); a client's
 * is told by the monitor, and may be closed and given to another at any moment: so it is believed
 * while it has the name that it had then, and is only looked at.
 */
#include "io/zsock_internal.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44
#endif
#define AGAIN_MS 1000
#define DEAD_MS 300000

bool esep_zsock_hasten(int fd)
{
    const int each = AGAIN_MS, on = 1, dead = DEAD_MS;
    if (setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead, sizeof(dead)) != 0)
        return false;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, &on, sizeof(on));
    return setsockopt(fd, IPPROTO_TCP, TCP_RTO_MAX_MS, &each, sizeof(each)) == 0;
}

static bool same_name(int fd, const struct sockaddr_storage *name)
{
    struct sockaddr_storage now;
    socklen_t size = sizeof(now);
    memset(&now, 0, sizeof(now));
    return getsockname(fd, (struct sockaddr *)&now, &size) == 0 &&
           memcmp(&now, name, sizeof(now)) == 0;
}

void esep_zsock_tcp_connected(struct esep_zsock *sock, int fd)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof(name);
    memset(&name, 0, sizeof(name));
    sock->tcp = -1;
    if (getsockname(fd, (struct sockaddr *)&name, &size) != 0 ||
        (name.ss_family != AF_INET && name.ss_family != AF_INET6))
        return;
    sock->tcp = fd;
    sock->tcp_name = name;
    sock->hastened = sock->hasten && esep_zsock_hasten(fd);
}

bool esep_zsock_answered(const struct esep_zsock *sock)
{
    return sock->tcp >= 0;
}

bool esep_zsock_line(const struct esep_zsock *sock, struct esep_zsock_line *ret)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);
    memset(&info, 0, sizeof(info));
    if (!sock->up || sock->tcp < 0 || !same_name(sock->tcp, &sock->tcp_name) ||
        getsockopt(sock->tcp, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return false;
    *ret = (struct esep_zsock_line){.moved = info.tcpi_bytes_acked + info.tcpi_bytes_received,
                                    .waiting = info.tcpi_unacked > 0,
                                    .taken = info.tcpi_bytes_sent - info.tcpi_bytes_retrans +
                                             info.tcpi_notsent_bytes,
                                    .unsent = info.tcpi_notsent_bytes,
                                    .round_trip = (esep_time)info.tcpi_rtt,
                                    .hastened = sock->hastened};
    return true;
}

int esep_zsock_knock(const struct esep_zsock *sock)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer);
    memset(&peer, 0, sizeof(peer));
    if (sock->tcp < 0 || !same_name(sock->tcp, &sock->tcp_name) ||
        getpeername(sock->tcp, (struct sockaddr *)&peer, &size) != 0)
        return -1;
    const int fd = socket(peer.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&peer, size) != 0 && errno != EINPROGRESS) {
        (void)close(fd);
        return -1;
    }
    return fd;
}
