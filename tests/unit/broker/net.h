/* tests/unit/broker/net.h - a real broker on ephemeral ports, a collector and offices played by
 * the test, all in one loop.
 *
 * Nothing waits for a time: a test turns the loop until what it waits for has come, and an alarm
 * ends it where it never does.
 */
#ifndef TEST_BROKER_NET_H
#define TEST_BROKER_NET_H

#include "broker/shell.h"
#include "esep/v1/wire.pb-c.h"
#include "io/keyfile.h"
#include "io/zsock.h"
#include "wire/envelope.h"

#define PEER_MESSAGES_MAX 32
#define PEER_BYTES_MAX 1024

/* One socket of ours, and what came in. */
struct peer {
    struct esep_zsock *sock;
    struct esep_curve_key key;
    size_t count;
    size_t taken;
    struct {
        size_t parts;
        size_t lens[2];
        uint8_t bytes[2][PEER_BYTES_MAX];
    } messages[PEER_MESSAGES_MAX];
};

struct net {
    char folder[128];
    char config[160];
    struct broker_shell *shell;
    void *zmq;
    struct esep_sign_key log_key;
    struct esep_box_key seal_key;
    struct esep_hash log_id;
    struct peer collector;
};

/* limits: "" or lines of that section, each with a comma before it. The played collector never
 * beats: the heartbeat is a minute, so that a slow machine loses nobody. */
void net_start(struct net *net, const char *limits);
void net_stop(struct net *net);
/* Writes the broker's config anew; broker_shell_hup reads it. */
void net_write_config(struct net *net, bool enrolment, const char *heartbeat, const char *limits);
void make_key(struct esep_curve_key *ret);
void peer_dial(struct net *net, struct peer *peer, enum broker_domain domain);
void peer_close(struct peer *peer);
/* Turns the loop until *count exceeds `than`, at most some seconds. */
void turn_until(struct net *net, const size_t *count, size_t than);
void turn(struct net *net);
/* Sends, turning the loop until the connection takes it. */
void peer_send(struct net *net, struct peer *peer, const struct esep_slice *parts, size_t count);

/* The played collector: connects, joins, sends a roster of one seat. */
void collector_joins(struct net *net);
void collector_roster(struct net *net, const uint8_t key[32], uint32_t office, uint32_t admission,
                      uint64_t version, bool whole);
void collector_send(struct net *net, const Esep__V1__LinkUp *up, const struct esep_slice *envelope);
/* The next message that is not a beat. */
size_t collector_next(struct net *net);

/* The reason of the next message, which must be a refusal in the clear. */
Esep__V1__RefusalReason next_refusal(struct net *net, struct peer *peer);

#endif
