/* tests/unit/io/zsock_test.c - does a socket tell the truth about peers, queues and messages, and
 * does it ever fall asleep over a message that has come?
 */
#include "io/zsock_internal.h"
#include "net.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
#include <zmq.h>

static void send_text(struct esep_zsock *sock, const char *text)
{
    const struct esep_slice part = esep_slice_str(text);
    assert_int_equal(esep_zsock_send(sock, &part, 1), ESEP_OK);
}

static void test_a_message_says_whose_it_is(void **state)
{
    (void)state;
    struct net net;
    struct end server, client;
    net_open(&net);
    net_zap(&net);
    net_router(&net, &server, 4096, 100);
    net_dealer(&net, &client, &net.client, net.server.public);
    net_until(&net, end_up, &client);
    server.echo = true;
    send_text(client.sock, "hello");
    net_until(&net, end_received, &client);
    assert_string_equal(server.last, "hello");
    assert_string_equal(client.last, "hello");
    assert_memory_equal(server.user, net.client.public, 32);
    assert_int_equal(esep_zsock_connections(server.sock), 1);
    assert_int_equal(server.up, 1);
    esep_zsock_free(client.sock);
    net_until(&net, end_gone, &server);
    assert_int_equal(esep_zsock_connections(server.sock), 0);
    esep_zsock_free(server.sock);
    net_close(&net);
}

static bool line_has_moved(void *context)
{
    struct end *end = (struct end *)context;
    struct esep_zsock_line line;
    return esep_zsock_line(end->sock, &line) && line.moved > 0 && !line.waiting;
}

static void test_a_client_knows_its_line_and_knocks_beside_it(void **state)
{
    (void)state;
    struct net net;
    struct end server, client;
    struct esep_zsock_line before, after;
    net_open(&net);
    net_zap(&net);
    net_router(&net, &server, 4096, 100);
    assert_false(esep_zsock_line(server.sock, &before));
    net_dealer(&net, &client, &net.client, net.server.public);
    assert_false(esep_zsock_line(client.sock, &before)); /* not up yet */
    net_until(&net, end_up, &client);
    net_until(&net, line_has_moved, &client);
    assert_true(esep_zsock_line(client.sock, &before));
    server.echo = true;
    send_text(client.sock, "hello");
    net_until(&net, end_received, &client);
    net_until(&net, line_has_moved, &client);
    assert_true(esep_zsock_line(client.sock, &after));
    assert_true(after.moved > before.moved);
    assert_true(after.round_trip > 0);
    const int knock = esep_zsock_knock(client.sock);
    assert_true(knock >= 0);
    struct pollfd answered = {.fd = knock, .events = POLLOUT};
    assert_int_equal(poll(&answered, 1, 20000), 1);
    struct sockaddr_in there = {0};
    socklen_t size = sizeof there;
    assert_int_equal(getpeername(knock, (struct sockaddr *)&there, &size), 0);
    char text[64];
    (void)snprintf(text, sizeof text, "tcp://127.0.0.1:%u", (unsigned)ntohs(there.sin_port));
    assert_string_equal(text, net.endpoint);
    (void)close(knock);
    esep_zsock_free(client.sock);
    esep_zsock_free(server.sock);
    net_close(&net);
}

static void test_who_accepts_hands_down_how_soon_to_send_again(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int dialled = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    const bool kernel_can = esep_zsock_hasten(listener);
    assert_int_equal(connect(dialled, (struct sockaddr *)&at, size), 0);
    const int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    int dead = 0, each = 0;
    size = sizeof dead;
    assert_int_equal(getsockopt(accepted, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead, &size), 0);
    assert_int_equal(dead, 300000);
    size = sizeof each;
    assert_true(!kernel_can || (getsockopt(accepted, IPPROTO_TCP, 44, &each, &size) == 0));
    assert_int_equal(each, kernel_can ? 1000 : 0);
    (void)close(accepted);
    (void)close(dialled);
    (void)close(listener);
    assert_false(esep_zsock_hasten(-1));
}

static void test_curve_without_zap_does_not_bind(void **state)
{
    (void)state;
    struct net net;
    struct esep_zsock *sock;
    struct esep_reason reason = {{0}};
    net_open(&net);
    const struct esep_zsock_options options = {
        .type = ESEP_ZSOCK_ROUTER, .curve = &net.server, .zap_domain = "agents"};
    assert_int_equal(esep_zsock_new(&sock, net.base, net.zmq, &options, NULL, NULL, &reason),
                     ESEP_OK);
    assert_int_equal(esep_zsock_bind(sock, "tcp://127.0.0.1:*", NULL, &reason), ESEP_DENIED);
    assert_non_null(strstr(reason.text, "ZAP"));
    net_zap(&net);
    assert_int_equal(esep_zsock_bind(sock, "tcp://127.0.0.1:*", NULL, &reason), ESEP_OK);
    esep_zsock_free(sock);
    /* Nor TCP without CURVE, either way. */
    const struct esep_zsock_options bare = {.type = ESEP_ZSOCK_DEALER};
    assert_int_equal(esep_zsock_new(&sock, net.base, net.zmq, &bare, NULL, NULL, &reason), ESEP_OK);
    assert_int_equal(esep_zsock_bind(sock, "tcp://127.0.0.1:*", NULL, &reason), ESEP_DENIED);
    assert_int_equal(esep_zsock_connect(sock, "tcp://127.0.0.1:9", &reason), ESEP_DENIED);
    esep_zsock_free(sock);
    net_close(&net);
}

static void test_a_stranger_is_refused(void **state)
{
    (void)state;
    struct net net;
    struct end server, client;
    net_open(&net);
    net_zap(&net);
    net_router(&net, &server, 4096, 100);
    net_dealer(&net, &client, &net.stranger, net.server.public);
    net_until(&net, end_gone, &client);
    assert_int_equal(client.up, 0);
    assert_non_null(strstr(client.detail, "refused"));
    const struct esep_slice part = esep_slice_str("let me in");
    assert_int_equal(esep_zsock_send(client.sock, &part, 1), ESEP_AGAIN);
    net_until(&net, end_gone, &server);
    assert_int_equal(server.up, 0);
    assert_int_equal(server.received, 0);
    esep_zsock_free(client.sock);
    esep_zsock_free(server.sock);
    net_close(&net);
}

static void test_a_wrong_server_key_never_connects(void **state)
{
    (void)state;
    struct net net;
    struct end server, client;
    net_open(&net);
    net_zap(&net);
    net_router(&net, &server, 4096, 100);
    net_dealer(&net, &client, &net.client, net.stranger.public);
    net_until(&net, end_gone, &client);
    net_until(&net, end_refused, &server); /* each end hears of it in its own time */
    assert_int_equal(client.up, 0);
    assert_int_equal(server.up, 0);
    assert_int_equal(server.refused, 1);
    esep_zsock_free(client.sock);
    esep_zsock_free(server.sock);
    net_close(&net);
}

static void test_nobody_there_is_said(void **state)
{
    (void)state;
    struct net net;
    struct end client;
    struct end server;
    net_open(&net);
    net_zap(&net);
    net_router(&net, &server, 4096, 100);
    esep_zsock_free(server.sock);
    net_close(&net); /* the port is certainly closed once the context is gone */
    char endpoint[256];
    memcpy(endpoint, net.endpoint, sizeof(endpoint));
    net_open(&net);
    memcpy(net.endpoint, endpoint, sizeof(endpoint));
    net_dealer(&net, &client, &net.client, net.server.public);
    net_until(&net, end_gone, &client);
    assert_int_equal(client.gone, 1);
    assert_int_equal(client.up, 0);
    esep_zsock_free(client.sock);
    net_close(&net);
}

static void test_a_gone_peer_is_not_found(void **state)
{
    (void)state;
    struct net net;
    struct end server, client;
    uint8_t id[8];
    net_open(&net);
    net_zap(&net);
    net_router(&net, &server, 4096, 100);
    net_dealer(&net, &client, &net.client, net.server.public);
    net_until(&net, end_up, &client);
    send_text(client.sock, "hello");
    net_until(&net, end_received, &server);
    const uint64_t conn = server.conn;
    assert_int_not_equal(conn, 0);
    const struct esep_slice parts[] = {esep_zsock_routing_id(conn, id), esep_slice_str("answer")};
    assert_int_equal(esep_zsock_send(server.sock, parts, 2), ESEP_OK);
    net_until(&net, end_received, &client);
    esep_zsock_free(client.sock);
    net_until(&net, end_gone, &server);
    enum esep_status status;
    do { /* the pipe ends a little after the connection */
        status = esep_zsock_send(server.sock, parts, 2);
        net_turns(&net, 1);
    } while (status == ESEP_OK);
    assert_int_equal(status, ESEP_NOT_FOUND);
    assert_int_equal(esep_zsock_conn(esep_slice_str("abcde")), 0);
    assert_int_equal(esep_zsock_routing_id(7, id).len, 0);
    esep_zsock_free(server.sock);
    net_close(&net);
}

static bool may_write(void *context)
{
    return ((struct end *)context)->writable > 0;
}

static void test_a_full_queue_says_again_and_then_when(void **state)
{
    (void)state;
    struct net net;
    struct end server, client;
    static uint8_t big[65536];
    const struct esep_slice part = esep_slice(big, sizeof(big));
    net_open(&net);
    net_zap(&net);
    net_router(&net, &server, sizeof(big), 4);
    net_dealer(&net, &client, &net.client, net.server.public);
    net_until(&net, end_up, &client);
    esep_zsock_hold(server.sock, true);
    unsigned sent = 0;
    enum esep_status status;
    while ((status = esep_zsock_send(client.sock, &part, 1)) == ESEP_OK && sent < 1000000)
        sent++;
    assert_int_equal(status, ESEP_AGAIN);
    net_turns(&net, 5);
    assert_int_equal(server.received, 0); /* held */
    client.writable = 0;
    while ((status = esep_zsock_send(client.sock, &part, 1)) == ESEP_OK)
        sent++;
    esep_zsock_hold(server.sock, false);
    net_until(&net, may_write, &client);
    assert_int_equal(esep_zsock_send(client.sock, &part, 1), ESEP_OK);
    sent++;
    while (server.received < sent)
        net_turns(&net, 1);
    assert_int_equal(server.received, sent); /* AGAIN meant: not sent, not half sent */
    esep_zsock_free(client.sock);
    esep_zsock_free(server.sock);
    net_close(&net);
}

#define FLOOD 100000

struct flood {
    struct net *net;
    struct end *client;
    unsigned sent;
};

static bool flood_done(void *context)
{
    struct flood *flood = context;
    /* Bursts of uneven size, so that sends fall between receives in every order. */
    const unsigned burst = flood->sent * 2654435761U % 97 + 1;
    for (unsigned i = 0;
         i < burst && flood->sent < FLOOD && flood->sent - flood->client->received < 500; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%u", flood->sent);
        const struct esep_slice part = esep_slice_str(text);
        const enum esep_status status = esep_zsock_send(flood->client->sock, &part, 1);
        if (status == ESEP_AGAIN)
            break;
        assert_int_equal(status, ESEP_OK);
        flood->sent++;
    }
    return flood->client->received == FLOOD;
}

static void test_no_wakeup_is_lost_in_bursts_both_ways(void **state)
{
    (void)state;
    struct net net;
    struct end server, client;
    net_open(&net);
    net_zap(&net);
    net_router(&net, &server, 4096, 2000);
    net_dealer(&net, &client, &net.client, net.server.public);
    net_until(&net, end_up, &client);
    server.echo = true;
    struct flood flood = {.net = &net, .client = &client};
    net_until(&net, flood_done, &flood);
    assert_int_equal(server.received, FLOOD);
    assert_string_equal(client.last, "99999");
    esep_zsock_free(client.sock);
    esep_zsock_free(server.sock);
    net_close(&net);
}

static bool dropped_and_received(void *context)
{
    const struct end *end = context;
    return end->dropped > 0 && end->received > 0;
}

static void test_what_may_not_be_sent_is_dropped_and_the_next_arrives(void **state)
{
    (void)state;
    struct net net;
    struct end server, client;
    static uint8_t big[4096];
    struct esep_slice parts[5];
    net_open(&net);
    net_zap(&net);
    net_router(&net, &server, 1500, 100);
    net_dealer(&net, &client, &net.client, net.server.public);
    net_until(&net, end_up, &client);
    for (size_t i = 0; i < 5; i++)
        parts[i] = esep_slice_str("part");
    assert_int_equal(esep_zsock_send(client.sock, parts, 5), ESEP_OK);
    send_text(client.sock, "good");
    net_until(&net, dropped_and_received, &server);
    assert_int_equal(server.dropped, 1);
    assert_string_equal(server.last, "good");
    /* A little too long: dropped, the connection stays. */
    server.received = server.dropped = 0;
    const struct esep_slice longer = esep_slice(big, 1501);
    assert_int_equal(esep_zsock_send(client.sock, &longer, 1), ESEP_OK);
    send_text(client.sock, "still good");
    net_until(&net, dropped_and_received, &server);
    assert_string_equal(server.last, "still good");
    /* Far too long: the connection is cut, and both hear of it. */
    const struct esep_slice longest = esep_slice(big, sizeof(big));
    assert_int_equal(esep_zsock_send(client.sock, &longest, 1), ESEP_OK);
    net_until(&net, end_gone, &client);
    net_until(&net, end_gone, &server);
    assert_int_equal(server.received, 1);
    /* Our own side does not even try. */
    uint8_t id[8];
    const struct esep_slice answer[] = {esep_zsock_routing_id(server.conn, id), longer};
    assert_int_equal(esep_zsock_send(server.sock, answer, 2), ESEP_LIMIT);
    esep_zsock_free(client.sock);
    esep_zsock_free(server.sock);
    net_close(&net);
}

static void test_a_chosen_routing_id_is_not_heard(void **state)
{
    (void)state;
    struct net net;
    struct end server;
    net_open(&net);
    net_zap(&net);
    net_router(&net, &server, 1500, 100);
    void *raw = zmq_socket(net.zmq, ZMQ_DEALER);
    const int none = 0;
    zmq_setsockopt(raw, ZMQ_LINGER, &none, sizeof(none));
    zmq_setsockopt(raw, ZMQ_ROUTING_ID, "the-broker", 10);
    zmq_setsockopt(raw, ZMQ_CURVE_SERVERKEY, net.server.public, 32);
    zmq_setsockopt(raw, ZMQ_CURVE_PUBLICKEY, net.client.public, 32);
    zmq_setsockopt(raw, ZMQ_CURVE_SECRETKEY, net.client.secret, 32);
    assert_int_equal(zmq_connect(raw, net.endpoint), 0);
    assert_int_equal(zmq_send(raw, "x", 1, 0), 1);
    while (server.dropped == 0)
        net_turns(&net, 1);
    assert_int_equal(server.received, 0);
    zmq_close(raw);
    esep_zsock_free(server.sock);
    net_close(&net);
}

static void test_unbind_stops_accepting_and_keeps_who_is_there(void **state)
{
    (void)state;
    struct net net;
    struct end server, client, late;
    char endpoint[256];
    struct esep_reason reason = {{0}};
    net_open(&net);
    net_zap(&net);
    net_router(&net, &server, 1500, 100);
    net_dealer(&net, &client, &net.client, net.server.public);
    net_until(&net, end_up, &client);
    memcpy(endpoint, net.endpoint, sizeof(endpoint));
    assert_int_equal(esep_zsock_bind(server.sock, endpoint, NULL, &reason), ESEP_OK); /* again */
    esep_zsock_unbind(server.sock, endpoint);
    net_dealer(&net, &late, &net.client, net.server.public);
    net_turns(&net, 20);
    send_text(client.sock, "still here");
    net_until(&net, end_received, &server);
    assert_int_equal(client.gone, 0);
    assert_int_equal(late.up, 0);
    assert_int_equal(esep_zsock_connections(server.sock), 1);
    assert_int_equal(esep_zsock_bind(server.sock, endpoint, NULL, &reason), ESEP_OK);
    net_until(&net, end_up, &late); /* the kernel dials again by itself */
    /* And a port in use is a conflict. */
    struct end other = {.net = &net};
    const struct esep_zsock_options options = {
        .type = ESEP_ZSOCK_ROUTER, .curve = &net.server, .zap_domain = "agents"};
    assert_int_equal(esep_zsock_new(&other.sock, net.base, net.zmq, &options, NULL, NULL, &reason),
                     ESEP_OK);
    assert_int_equal(esep_zsock_bind(other.sock, endpoint, NULL, &reason), ESEP_CONFLICT);
    assert_int_equal(esep_zsock_bind(other.sock, "nonsense", NULL, &reason), ESEP_INVALID);
    esep_zsock_free(other.sock);
    esep_zsock_free(late.sock);
    esep_zsock_free(client.sock);
    esep_zsock_free(server.sock);
    net_close(&net);
}

/* A busy socket gets its turns, and no more: a timer of the same loop is heard in between. */
static void count_tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (*(unsigned *)context)++;
}

static bool held_back(void *context)
{
    const struct end *end = context;
    return end->received == 900;
}

static void test_one_busy_socket_does_not_starve_the_loop(void **state)
{
    (void)state;
    struct net net;
    struct end server, client;
    net_open(&net);
    net_zap(&net);
    net_router(&net, &server, 1500, 2000);
    net_dealer(&net, &client, &net.client, net.server.public);
    net_until(&net, end_up, &client);
    esep_zsock_hold(server.sock, true);
    for (unsigned i = 0; i < 900; i++)
        send_text(client.sock, "x");
    net_turns(&net, 50); /* all of it waits at the server now */
    unsigned ticks = 0;
    struct event *tick = event_new(net.base, -1, EV_PERSIST, count_tick, &ticks);
    const struct timeval each_turn = {0, 1};
    event_add(tick, &each_turn);
    esep_zsock_hold(server.sock, false);
    net_until(&net, held_back, &server);
    assert_true(ticks >= 900 / ESEP_ZSOCK_TURN);
    event_free(tick);
    esep_zsock_free(client.sock);
    esep_zsock_free(server.sock);
    net_close(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_says_whose_it_is),
        cmocka_unit_test(test_a_client_knows_its_line_and_knocks_beside_it),
        cmocka_unit_test(test_who_accepts_hands_down_how_soon_to_send_again),
        cmocka_unit_test(test_curve_without_zap_does_not_bind),
        cmocka_unit_test(test_a_stranger_is_refused),
        cmocka_unit_test(test_a_wrong_server_key_never_connects),
        cmocka_unit_test(test_nobody_there_is_said),
        cmocka_unit_test(test_a_gone_peer_is_not_found),
        cmocka_unit_test(test_a_full_queue_says_again_and_then_when),
        cmocka_unit_test(test_no_wakeup_is_lost_in_bursts_both_ways),
        cmocka_unit_test(test_what_may_not_be_sent_is_dropped_and_the_next_arrives),
        cmocka_unit_test(test_a_chosen_routing_id_is_not_heard),
        cmocka_unit_test(test_unbind_stops_accepting_and_keeps_who_is_there),
        cmocka_unit_test(test_one_busy_socket_does_not_starve_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
