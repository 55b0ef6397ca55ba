/* tests/link/carrier.h - what brings bytes to the two lines of the emulator and takes them away.
 *
 * Two kinds. tun.c makes two network namespaces with an interface each, and carries their packets:
 * TCP at both ends meets rate, delay, loss and outages as on a real line; it needs root and
 * /dev/net/tun. proxy.c is for where these are not: it stands between two TCP connections on
 * loopback, and carries what they say at the line's rate and delay, nothing during an outage; there
 * is no loss, for what the kernels exchange with it never gets lost.
 *
 * lines[0] leads from the office to the centre, lines[1] back.
 */
#ifndef TESTS_LINK_CARRIER_H
#define TESTS_LINK_CARRIER_H

#include "line.h"

#include <poll.h>

#define CARRIER_POLLS_MAX 64
#define CARRIER_OFFICE "10.99.0.1"
#define CARRIER_CENTRE "10.99.0.2"

int64_t carrier_now(void); /* microseconds, monotonic */

/* Makes both namespaces; the caller is in the centre's afterwards. Says why not (static text), or
 * NULL. */
const char *tun_open(unsigned mtu);
/* Path of the office's namespace, for nsenter. */
void tun_office(char *out, size_t room);
size_t tun_polls(struct pollfd *out);
void tun_carry(struct line lines[2], int64_t now);

/* A port on loopback that leads over the lines to this one; 0: none. */
unsigned proxy_forward(unsigned port);
size_t proxy_polls(const struct line lines[2], struct pollfd *out, int64_t now);
void proxy_carry(struct line lines[2], int64_t now);

#endif
