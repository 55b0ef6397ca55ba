/* lib/io/zsock_listen.c - no new connections for a while, without losing those that are there.
 *
 * zmq_unbind would do the first: but in libzmq the accepted connections are children of the
 * listener, and end with it. So the listening socket stays, deaf: a packet filter that takes
 * nothing is attached to it, the kernel drops every SYN, and whoever dials sees no answer and tries
 * again later. libzmq does not give out its descriptor; it is found among our own as the one
 * listening socket with that address.
 */
#include "io/zsock_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* The address a descriptor listens at, as libzmq writes endpoints. False: it does not listen. */
static bool listens_at(int fd, char out[96])
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_storage room;
    } address = {0};
    char host[INET6_ADDRSTRLEN] = "";
    int accepts = 0;
    socklen_t size = sizeof(accepts);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &size) != 0 || accepts == 0)
        return false;
    size = sizeof(address);
    if (getsockname(fd, &address.any, &size) != 0)
        return false;
    if (address.any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof(host));
        (void)snprintf(out, 96, "tcp://%s:%u", host, ntohs(address.v4.sin_port));
        return true;
    }
    if (address.any.sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof(host));
        (void)snprintf(out, 96, "tcp://[%s]:%u", host, ntohs(address.v6.sin6_port));
        return true;
    }
    return false;
}

/* Asked of each number in turn: where descriptors have run out, no folder can be opened to list
 * them. */
int esep_zsock_listener(const char *endpoint)
{
    struct rlimit limit;
    char text[96];
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return -1;
    for (int fd = 0; (rlim_t)fd < limit.rlim_cur && fd < INT_MAX; fd++)
        if (listens_at(fd, text) && strcmp(text, endpoint) == 0)
            return fd;
    return -1;
}

bool esep_zsock_turn_away(const char *endpoint)
{
    const int fd = esep_zsock_listener(endpoint);
    int caller = -1;
    /* libzmq's thread accepts, too, and may be first: neither must then block. */
    if (fd < 0 || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
        return false;
    while ((caller = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
        (void)close(caller);
    return errno == EAGAIN || errno == EWOULDBLOCK;
}

bool esep_zsock_deafen(const char *endpoint, bool deaf)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog program = {.len = 1, .filter = &nothing};
    const int unused = 0;
    const int fd = esep_zsock_listener(endpoint);
    if (fd < 0)
        return false;
    if (deaf)
        return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
    return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)) == 0;
}
