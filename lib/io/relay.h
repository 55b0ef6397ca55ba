/* lib/io/relay.h - one connection led through a SOCKS5 proxy, for a socket that knows of none.
 *
 * libzmq has a SOCKS client of its own; in 4.3.4 it ends the whole program where the proxy fails.
 * So a ZeroMQ socket dials a relay instead: `endpoint` is a Unix-domain address in this process
 * (abstract: no file, no folder, and a name that nobody can guess or take over), where the relay
 * takes one connection, and only from this very process. It then dials the proxy, has it dial the
 * broker (socks.h), and passes bytes both ways. CURVE is end to end: what passes here is
 * ciphertext.
 *
 * Bounded: once ESEP_RELAY_BYTES wait in a direction the side that sends is not read, and no more
 * than that comes on top by one reading.
 * An end of one direction is passed on once what came before it is; the other direction goes on.
 * Whatever fails closes the local side, so that libzmq sees a connection that broke; why, is told
 * by esep_relay_trouble. A relay lives as long as the socket that dials it, and is made anew with
 * it: it never dials twice.
 *
 * One thread: the loop's. Invariant: nothing of the local side is read before the way is open.
 */
#ifndef ESEP_IO_RELAY_H
#define ESEP_IO_RELAY_H

#include "wire/socks.h"

struct event_base;
struct esep_relay;

#define ESEP_RELAY_BYTES ((size_t)64 * 1024)

struct esep_relay_options {
    const char *proxy;      /* HOST:PORT */
    const char *login_file; /* its first line is user:password, mode 0600; NULL: no login */
    const char *target;     /* tcp://HOST:PORT */
    int connect_ms;         /* for TCP to the proxy, its name's look-up included, and then for each
                             * of its answers: the last comes when the broker has answered it */
    int dead_ms; /* what TCP has sent is not acknowledged for so long: broken; 0: the system's */
};

/* "HOST:PORT", "[V6]:PORT", each also behind tcp://. */
ESEP_MUST_USE enum esep_status esep_relay_place(const char *text, struct esep_socks_target *ret,
                                                struct esep_reason *reason);
ESEP_MUST_USE enum esep_status esep_relay_login(const char *path, struct esep_socks_login *ret,
                                                struct esep_reason *reason);
/* ret_endpoint: what the ZeroMQ socket is to connect to. */
ESEP_MUST_USE enum esep_status esep_relay_new(struct esep_relay **ret, struct event_base *base,
                                              const struct esep_relay_options *options,
                                              char ret_endpoint[256], struct esep_reason *reason);
void esep_relay_free(struct esep_relay *relay);
/* Why the connection is not there, or ended, in words; "" where it is open, or was ended by one of
 * its two ends. */
const char *esep_relay_trouble(const struct esep_relay *relay);

#endif
