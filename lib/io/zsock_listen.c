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
#include <dirent.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

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

static int find_listener(const char *endpoint)
{
    DIR *folder = opendir("/proc/self/fd");
    int found = -1;
    if (folder == NULL)
        return -1;
    for (const struct dirent *entry; found < 0 && (entry = readdir(folder)) != NULL;) {
        char *end = NULL;
        char text[96];
        const long fd = strtol(entry->d_name, &end, 10);
        if (end != entry->d_name && *end == '\0' && listens_at((int)fd, text) &&
            strcmp(text, endpoint) == 0)
            found = (int)fd;
    }
    (void)closedir(folder);
    return found;
}

bool esep_zsock_deafen(const char *endpoint, bool deaf)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog program = {.len = 1, .filter = &nothing};
    const int unused = 0;
    const int fd = find_listener(endpoint);
    if (fd < 0)
        return false;
    if (deaf)
        return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0;
    return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)) == 0;
}
