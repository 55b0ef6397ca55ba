/* tests/link/tun.c - two namespaces, a TUN interface in each; see carrier.h. */
#include "carrier.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int tuns[2] = {-1, -1};
static int office_namespace = -1;

static bool set_address(int fd, struct ifreq *r, unsigned long what, const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, address, &in.sin_addr) != 1)
        return false;
    memcpy(&r->ifr_addr, &in, sizeof in);
    return ioctl(fd, what, r) == 0;
}

static bool bring_up(int fd, const char *name)
{
    struct ifreq r = {0};
    (void)snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
    if (ioctl(fd, SIOCGIFFLAGS, &r) != 0)
        return false;
    r.ifr_flags = (short)(r.ifr_flags | IFF_UP);
    return ioctl(fd, SIOCSIFFLAGS, &r) == 0;
}

/* In the namespace where we are: loopback, and an interface whose packets we read and write. */
static int open_interface(const char *mine, const char *theirs, unsigned mtu)
{
    struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    (void)snprintf(r.ifr_name, sizeof r.ifr_name, "line");
    const int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool ok = tun >= 0 && fd >= 0 && ioctl(tun, TUNSETIFF, &r) == 0 && bring_up(fd, "lo");
    ok = ok && set_address(fd, &r, SIOCSIFADDR, mine) &&
         set_address(fd, &r, SIOCSIFDSTADDR, theirs) &&
         set_address(fd, &r, SIOCSIFNETMASK, "255.255.255.255");
    r.ifr_mtu = (int)mtu;
    ok = ok && ioctl(fd, SIOCSIFMTU, &r) == 0 && bring_up(fd, "line");
    const int why = errno;
    if (fd >= 0)
        (void)close(fd);
    if (!ok && tun >= 0)
        (void)close(tun);
    errno = why;
    return ok ? tun : -1;
}

const char *tun_open(unsigned mtu)
{
    static char why[128];
    const char *step = "a network namespace";
    if (unshare(CLONE_NEWNET) == 0) {
        step = "/dev/net/tun";
        tuns[0] = open_interface(CARRIER_OFFICE, CARRIER_CENTRE, mtu);
        office_namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        if (tuns[0] >= 0 && office_namespace >= 0 && unshare(CLONE_NEWNET) == 0)
            tuns[1] = open_interface(CARRIER_CENTRE, CARRIER_OFFICE, mtu);
    }
    if (tuns[1] >= 0)
        return NULL;
    (void)snprintf(why, sizeof why, "no TUN line: %s: %s", step, strerror(errno));
    return why;
}

void tun_office(char *out, size_t room)
{
    (void)snprintf(out, room, "/proc/%d/fd/%d", getpid(), office_namespace);
}

size_t tun_polls(struct pollfd *out)
{
    for (size_t i = 0; i < 2; i++)
        out[i] = (struct pollfd){.fd = tuns[i], .events = POLLIN};
    return 2;
}

void tun_carry(struct line lines[2], int64_t now)
{
    static uint8_t packet[LINE_PACKET_MAX];
    for (size_t i = 0; i < 2; i++) {
        ssize_t got;
        while ((got = read(tuns[i], packet, sizeof packet)) > 0)
            line_put(&lines[i], packet, (size_t)got, now);
        const uint8_t *data;
        size_t len;
        while (line_take(&lines[i], now, &data, &len))
            if (write(tuns[1 - i], data, len) < 0 && errno != EAGAIN && errno != EINVAL)
                perror("esep-link: a packet was not written");
    }
}
