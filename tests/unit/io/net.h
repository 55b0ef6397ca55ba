/* tests/unit/io/net.h - a loop, a context and keys for tests with real sockets on ephemeral ports.
 *
 * net_until runs the loop until a condition holds, or fails the test after a time that no healthy
 * machine needs: time never decides a result, it only ends a hang.
 */
#ifndef ESEP_TESTS_IO_NET_H
#define ESEP_TESTS_IO_NET_H

#include "io/keyfile.h"
#include "io/loop.h"
#include "io/zap.h"
#include "io/zsock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off: cmocka.h uses what the headers above it declare */
#include <cmocka.h>
/* clang-format on */

struct net {
    struct esep_loop *loop;
    struct event_base *base;
    void *zmq;
    struct esep_zap *zap;
    struct esep_curve_key server, client, stranger;
    char endpoint[256];
};

/* What one end has seen. */
struct end {
    struct net *net;
    struct esep_zsock *sock;
    unsigned up, gone, refused, stuck;
    char detail[160];
    unsigned received, dropped;
    uint64_t conn;
    uint8_t user[32];
    char last[64];
    bool echo;
    unsigned writable;
};

void net_open(struct net *net);
void net_close(struct net *net);
/* The ZAP handler that lets in net->client alone. */
void net_zap(struct net *net);
/* Fails the test where *condition is still false after 20 s. */
void net_until(struct net *net, bool (*condition)(void *), void *context);
/* Runs a few turns, for what must NOT happen. */
void net_turns(struct net *net, unsigned turns);
struct esep_zsock *net_router(struct net *net, struct end *end, size_t frame_bytes_max, int hwm);
struct esep_zsock *net_dealer(struct net *net, struct end *end, const struct esep_curve_key *key,
                              const uint8_t *server_public);
bool end_up(void *end);
bool end_gone(void *end);
bool end_refused(void *end);
bool end_received(void *end);
#endif
