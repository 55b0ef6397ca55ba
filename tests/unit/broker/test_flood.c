/* tests/unit/broker/test_flood.c - do handshakes that are begun and never ended, by hundreds, keep
 * an office out, or take what the broker does not get back?
 *
 * The flood is plain TCP, since no library speaks so badly. The handshake's deadline is the
 * broker's (limits.handshake); nothing here waits for a time of its own.
 */
#include "harness.h"
#include "io/loop.h"
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLOOD 150
#define SLACK 8 /* descriptors of sockets that libzmq has not closed yet, or keeps */
#define WHY(name) ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_##name

/* A ZMTP 3.1 greeting for CURVE, as a client sends it. */
static const uint8_t greeting[64] = {0xff, 0, 0, 0,   0,   0,   0,   0,  1,
                                     0x7f, 3, 1, 'C', 'U', 'R', 'V', 'E'};

static int dial(const struct net *net)
{
    const char *endpoint = broker_shell_endpoint(net->shell, BROKER_DOMAIN_OFFICES, 0);
    const struct sockaddr_in at = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtoul(strrchr(endpoint, ':') + 1, NULL, 10)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void say(int fd, const void *bytes, size_t len)
{
    (void)!send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Reads and forgets; true once the broker has hung up. */
static bool is_cut(int fd)
{
    uint8_t bytes[512];
    ssize_t got = 0;
    do
        got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    while (got > 0);
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void say_hello(struct net *net, struct peer *peer)
{
    static const uint8_t session[16] = {5, 6, 7};
    struct esep_buf buf;
    uint8_t body[64] = {0};
    const struct esep_envelope head = {
        .version = 1, .kind = ESEP__V1__KIND__KIND_HELLO, .session = esep_slice(session, 16)};
    esep_buf_init(&buf, 256);
    assert_int_equal(esep_envelope_write_head(&head, sizeof body, &buf), ESEP_OK);
    assert_int_equal(esep_buf_put(&buf, body, sizeof body), ESEP_OK);
    const struct esep_slice frame = esep_buf_slice(&buf);
    peer_send(net, peer, &frame, 1);
    esep_buf_done(&buf);
}

static void an_office_gets_in(struct net *net)
{
    struct peer office = {0};
    make_key(&office.key);
    peer_dial(net, &office, BROKER_DOMAIN_OFFICES);
    say_hello(net, &office);
    assert_int_equal(next_refusal(net, &office), WHY(WAIT)); /* no collector is there yet */
    peer_close(&office);
}

/* What each of the flood says: nothing; a greeting; that and the beginning of a HELLO that never
 * ends, of which a byte follows now and then. */
static void begin_badly(int fd, size_t number)
{
    static const uint8_t hello[] = {4, 200, 5, 'H', 'E', 'L', 'L', 'O'};
    if (number % 3 > 0)
        say(fd, greeting, sizeof greeting);
    if (number % 3 == 2)
        say(fd, hello, sizeof hello);
}

static void test_half_open_handshakes_are_cut_and_an_office_gets_in(void **state)
{
    (void)state;
    struct net net;
    int fds[FLOOD];
    size_t open = FLOOD;
    net_start(&net, ", handshake: 1s");
    an_office_gets_in(&net); /* what a socket takes for good is taken by the first */
    const uint64_t before = esep_files_open() + SLACK;
    for (size_t i = 0; i < FLOOD; i++) {
        fds[i] = dial(&net);
        begin_badly(fds[i], i);
    }
    an_office_gets_in(&net);
    while (open > 0) {
        turn(&net);
        for (size_t i = 0; i < FLOOD; i++) {
            if (fds[i] < 0)
                continue;
            if (i % 3 == 2)
                say(fds[i], "x", 1); /* a deadline that bytes moved would never come */
            if (is_cut(fds[i])) {
                (void)close(fds[i]);
                fds[i] = -1;
                open--;
            }
        }
    }
    /* All that they took is back: descriptors here, and room for the next. */
    while (esep_files_open() > before)
        turn(&net);
    an_office_gets_in(&net);
    net_stop(&net);
}

/* A command that says it will be as long as memory is not: nobody makes room for it. */
static void test_a_length_that_lies_is_no_reason_to_allocate(void **state)
{
    static const uint8_t lengths[][8] = {{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                                         {0, 0, 0, 0x40, 0, 0, 0, 0},
                                         {0, 0, 0, 0, 0x10, 0, 0, 0},
                                         {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    (void)state;
    struct net net;
    net_start(&net, ", handshake: 600s"); /* not the deadline cuts them, the length does */
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const uint8_t flags = 6; /* a command, its length in eight bytes */
        const int fd = dial(&net);
        say(fd, greeting, sizeof greeting);
        say(fd, &flags, 1);
        say(fd, lengths[i], sizeof lengths[i]);
        while (!is_cut(fd))
            turn(&net);
        (void)close(fd);
    }
    an_office_gets_in(&net);
    net_stop(&net);
}

/* A key that connects again and again, and never leaves: the connection longest unheard of gives
 * way (limits.connections_per_key), so one office takes so many places and no more. */
static void test_one_key_takes_so_many_places(void **state)
{
    enum { PEERS = 12, PLACES = 3 };
    (void)state;
    struct net net;
    struct peer peers[PEERS];
    memset(peers, 0, sizeof peers);
    net_start(&net, ", connections_per_key: 3");
    make_key(&peers[0].key);
    for (size_t i = 0; i < PEERS; i++) {
        peers[i].key = peers[0].key;
        peer_dial(&net, &peers[i], BROKER_DOMAIN_OFFICES);
        say_hello(&net, &peers[i]);
        assert_int_equal(next_refusal(&net, &peers[i]), WHY(WAIT));
        assert_in_range(broker_conn_count(broker_shell_core(net.shell)), 1, PLACES);
    }
    for (size_t i = 0; i < PEERS; i++)
        peer_close(&peers[i]);
    net_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half_open_handshakes_are_cut_and_an_office_gets_in),
        cmocka_unit_test(test_a_length_that_lies_is_no_reason_to_allocate),
        cmocka_unit_test(test_one_key_takes_so_many_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
