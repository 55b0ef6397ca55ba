/* tests/unit/io/relay_test.c - does a connection through the relay carry every byte both ways, stop
 * where the other side does not read, end as it must, and say why where the proxy fails?
 *
 * The test is the proxy, with plain sockets, and the one who dials. Time decides nothing: a wait
 * ends when its state has come, or after minutes.
 */
#include "io/relay.h"
#include "net.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

struct scene {
    struct net net;
    int listener;
    char address[32];
    char endpoint[256];
    struct esep_relay *relay;
    int local; /* who dials */
    int far;   /* the proxy's end */
};

static void turn(struct scene *s)
{
    assert_int_not_equal(event_base_loop(s->net.base, EVLOOP_NONBLOCK), -1);
    (void)usleep(500);
}

static int bound_port(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static void open_scene(struct scene *s, bool listening)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *s = (struct scene){.local = -1, .far = -1};
    net_open(&s->net);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&here, sizeof here), 0);
    if (listening)
        assert_int_equal(listen(s->listener, 4), 0);
    (void)snprintf(s->address, sizeof s->address, "127.0.0.1:%d", bound_port(s->listener));
}

static int dial_endpoint(const char *endpoint)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    assert_true(strncmp(endpoint, "ipc://@", 7) == 0);
    const size_t len = strlen(endpoint + 7);
    memcpy(address.sun_path + 1, endpoint + 7, len);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address,
                             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)),
                     0);
    return fd;
}

static void open_relay(struct scene *s, const char *proxy, const char *login, int connect_ms)
{
    const struct esep_relay_options options = {.proxy = proxy,
                                               .login_file = login,
                                               .target = "tcp://broker.kz:7001",
                                               .connect_ms = connect_ms,
                                               .dead_ms = 60000};
    struct esep_reason reason = {""};
    assert_int_equal(esep_relay_new(&s->relay, s->net.base, &options, s->endpoint, &reason),
                     ESEP_OK);
    s->local = dial_endpoint(s->endpoint);
}

static void close_scene(struct scene *s)
{
    esep_relay_free(s->relay);
    (void)close(s->listener);
    if (s->local >= 0)
        (void)close(s->local);
    if (s->far >= 0)
        (void)close(s->far);
    net_close(&s->net);
}

/* 0: the end has come. */
static size_t take(struct scene *s, int fd, void *out, size_t size)
{
    for (unsigned i = 0; i < 600000; i++) {
        const ssize_t got = recv(fd, out, size, MSG_DONTWAIT);
        if (got >= 0 || errno == ECONNRESET)
            return got > 0 ? (size_t)got : 0;
        assert_true(errno == EAGAIN);
        turn(s);
    }
    fail_msg("nothing came");
    return 0;
}

static void expect(struct scene *s, int fd, const char *bytes, size_t len)
{
    char got[600];
    for (size_t have = 0; have < len;) {
        const size_t more = take(s, fd, got + have, len - have);
        assert_true(more > 0);
        have += more;
    }
    assert_memory_equal(got, bytes, len);
}
#define EXPECT(s, fd, text) expect((s), (fd), (text), sizeof(text) - 1)
#define SAY(fd, text)                                                                              \
    assert_int_equal(send((fd), (text), sizeof(text) - 1, MSG_NOSIGNAL), sizeof(text) - 1)

static void accept_far(struct scene *s)
{
    while ((s->far = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK)) < 0) {
        assert_true(errno == EAGAIN);
        turn(s);
    }
}

static void open_way(struct scene *s)
{
    open_scene(s, true);
    open_relay(s, s->address, NULL, 60000);
    accept_far(s);
    EXPECT(s, s->far, "\5\1\0");
    SAY(s->far, "\5\0");
    EXPECT(s, s->far, "\5\1\0\3\11broker.kz\x1b\x59");
    SAY(s->far, "\5\0\0\1\0\0\0\0\0\0");
}

static void test_bytes_go_both_ways(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, true);
    open_relay(&s, s.address, NULL, 60000);
    SAY(s.local, "early"); /* waits until the way is open */
    accept_far(&s);
    EXPECT(&s, s.far, "\5\1\0");
    SAY(s.far, "\5\0");
    EXPECT(&s, s.far, "\5\1\0\3\11broker.kz\x1b\x59");
    SAY(s.far, "\5\0\0\1\0\0\0\0\0\0with the last word");
    EXPECT(&s, s.local, "with the last word");
    EXPECT(&s, s.far, "early");
    SAY(s.local, "there");
    EXPECT(&s, s.far, "there");
    SAY(s.far, "back");
    EXPECT(&s, s.local, "back");
    assert_string_equal(esep_relay_trouble(s.relay), "");
    close_scene(&s);
}

/* What one side ends is ended behind its last byte; the other way goes on. */
static void test_halves_end_each_by_itself(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        struct scene s;
        char byte;
        open_way(&s);
        const int first = round == 0 ? s.local : s.far;
        const int other = round == 0 ? s.far : s.local;
        SAY(first, "last");
        assert_int_equal(shutdown(first, SHUT_WR), 0);
        EXPECT(&s, other, "last");
        assert_int_equal(take(&s, other, &byte, 1), 0);
        SAY(other, "answer");
        EXPECT(&s, first, "answer");
        assert_int_equal(shutdown(other, SHUT_WR), 0);
        assert_int_equal(take(&s, first, &byte, 1), 0);
        assert_string_equal(esep_relay_trouble(s.relay), "");
        close_scene(&s);
    }
}

/* Who does not read stops who sends, with little in between; then all of it comes, in order. */
static void test_a_side_that_does_not_read(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        struct scene s;
        static uint8_t bytes[65536], back[65536];
        const int small = 65536;
        size_t sent = 0, came = 0, still = 0;
        open_way(&s);
        const int from = round == 0 ? s.local : s.far;
        const int to = round == 0 ? s.far : s.local;
        (void)setsockopt(to, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        while (still < 50) { /* turns in which nothing more went in */
            for (size_t i = 0; i < sizeof bytes; i++)
                bytes[i] = (uint8_t)((sent + i) * 31 >> 3);
            const ssize_t put = send(from, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
            assert_true(put > 0 || errno == EAGAIN);
            sent += put > 0 ? (size_t)put : 0;
            still = put > 0 ? 0 : still + 1;
            assert_true(sent < (size_t)64 << 20);
            turn(&s);
        }
        assert_true(sent > ESEP_RELAY_BYTES);
        assert_int_equal(shutdown(from, SHUT_WR), 0);
        for (size_t got; (got = take(&s, to, back, sizeof back)) > 0; came += got)
            for (size_t i = 0; i < got; i++)
                if (back[i] != (uint8_t)((came + i) * 31 >> 3))
                    fail_msg("byte %zu is another", came + i);
        assert_int_equal(came, sent);
        close_scene(&s);
    }
}

static void assert_over(struct scene *s, const char *why)
{
    char byte;
    assert_int_equal(take(s, s->local, &byte, 1), 0); /* the socket sees a connection that broke */
    if (strstr(esep_relay_trouble(s->relay), why) == NULL)
        fail_msg("'%s' does not say '%s'", esep_relay_trouble(s->relay), why);
}

static void test_a_proxy_that_is_not_there(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, false);
    open_relay(&s, s.address, NULL, 60000);
    assert_over(&s, "refused");
    close_scene(&s);
}

static void test_a_proxy_that_is_silent(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, true);
    open_relay(&s, s.address, NULL, 30);
    accept_far(&s);
    assert_over(&s, "takes connections, but says nothing");
    close_scene(&s);
    open_scene(&s, true);
    open_relay(&s, s.address, NULL, 30);
    accept_far(&s);
    SAY(s.far, "\5\0"); /* there before it is asked: no pause can come in between */
    EXPECT(&s, s.far, "\5\1\0");
    EXPECT(&s, s.far, "\5\1\0\3\11broker.kz\x1b\x59");
    assert_over(&s, "did not reach the broker in time");
    close_scene(&s);
}

static void test_a_proxy_that_refuses(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, true);
    open_relay(&s, s.address, NULL, 60000);
    accept_far(&s);
    EXPECT(&s, s.far, "\5\1\0");
    SAY(s.far, "\5\0");
    EXPECT(&s, s.far, "\5\1\0\3\11broker.kz\x1b\x59");
    SAY(s.far, "\5\4\0\1\0\0\0\0\0\0");
    (void)shutdown(s.far, SHUT_RDWR); /* as proxies do: what it said comes before */
    assert_over(&s, "it cannot reach the broker's host (4)");
    close_scene(&s);
}

static void test_a_proxy_that_hangs_up(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, true);
    open_relay(&s, s.address, NULL, 60000);
    accept_far(&s);
    EXPECT(&s, s.far, "\5\1\0");
    (void)close(s.far);
    s.far = -1;
    assert_over(&s, "hung up before the way was open");
    close_scene(&s);
    /* In the midst of it: reset, with bytes under way to it. */
    const struct linger at_once = {.l_onoff = 1};
    open_way(&s);
    SAY(s.far, "said before");
    EXPECT(&s, s.local, "said before");
    (void)setsockopt(s.far, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    (void)close(s.far);
    s.far = -1;
    assert_over(&s, "the way through the proxy broke");
    close_scene(&s);
}

static void test_a_proxy_that_is_none(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, true);
    open_relay(&s, s.address, NULL, 60000);
    accept_far(&s);
    SAY(s.far, "220 mail.example.kz ESMTP\r\n");
    assert_over(&s, "no SOCKS5 proxy");
    close_scene(&s);
}

static void test_a_proxy_by_its_name(void **state)
{
    (void)state;
    struct scene s;
    char name[64];
    open_scene(&s, true);
    (void)snprintf(name, sizeof name, "localhost:%d", bound_port(s.listener));
    open_relay(&s, name, NULL, 60000);
    accept_far(&s); /* also where localhost is ::1 first, and nobody is there */
    EXPECT(&s, s.far, "\5\1\0");
    close_scene(&s);
    open_scene(&s, true);
    open_relay(&s, "no..name:1080", NULL, 60000); /* told without asking anybody */
    assert_over(&s, "no address is known for the proxy no..name:1080");
    close_scene(&s);
    /* Given up while the name is looked up. */
    open_scene(&s, true);
    open_relay(&s, "no-such-host.invalid:1080", NULL, 60000);
    turn(&s);
    close_scene(&s);
}

/* The relay's address is no secret to who lists sockets: another process is turned away. */
static void test_another_process_gets_nothing(void **state)
{
    (void)state;
    struct scene s;
    open_scene(&s, true);
    const struct esep_relay_options options = {
        .proxy = s.address, .target = "tcp://broker.kz:7001", .connect_ms = 60000};
    struct esep_reason reason = {""};
    assert_int_equal(esep_relay_new(&s.relay, s.net.base, &options, s.endpoint, &reason), ESEP_OK);
    const pid_t child = fork();
    if (child == 0) {
        char byte;
        const int fd = dial_endpoint(s.endpoint);
        (void)fcntl(fd, F_SETFL, 0);
        _exit(recv(fd, &byte, 1, 0) <= 0 ? 0 : 1);
    }
    int status = -1;
    while (waitpid(child, &status, WNOHANG) == 0)
        turn(&s);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(accept4(s.listener, NULL, NULL, SOCK_NONBLOCK), -1); /* nobody was dialled */
    s.local = dial_endpoint(s.endpoint);
    accept_far(&s);
    EXPECT(&s, s.far, "\5\1\0");
    close_scene(&s);
}

static void write_login(char path[300], const char *folder, const char *text, mode_t mode)
{
    (void)snprintf(path, 300, "%s/login", folder);
    (void)remove(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void test_a_login_from_a_file(void **state)
{
    static const char *const bad[] = {"", "moj\n", ":pw\n", "moj:\n"};
    struct esep_socks_login login;
    struct esep_reason reason = {""};
    struct scene s;
    char path[300];
    for (size_t i = 0; i < 4; i++) {
        write_login(path, *state, bad[i], 0600);
        assert_int_equal(esep_relay_login(path, &login, &reason), ESEP_INVALID);
    }
    write_login(path, *state, "moj:pw\n", 0640);
    assert_int_equal(esep_relay_login(path, &login, &reason), ESEP_DENIED);
    write_login(path, *state, "moj:p:w\n", 0600);
    open_scene(&s, true);
    open_relay(&s, s.address, path, 60000);
    accept_far(&s);
    EXPECT(&s, s.far, "\5\2\0\2");
    SAY(s.far, "\5\2");
    EXPECT(&s, s.far, "\1\3moj\3p:w");
    SAY(s.far, "\1\1");
    assert_over(&s, "user or password is wrong");
    close_scene(&s);
}

static void test_places(void **state)
{
    (void)state;
    static const char *const bad[] = {"",           "host",         ":1",      "host:",    "host:0",
                                      "host:65536", "host:1x",      "host:+1", "a:b:1",    "[::1:1",
                                      "[]:1",       "[nonsense]:1", "tcp://",  "eth0;h:1", "a/b:1"};
    struct esep_socks_target place;
    struct esep_reason reason;
    char longest[300];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(esep_relay_place(bad[i], &place, &reason), ESEP_INVALID);
    memset(longest, 'a', 255);
    memcpy(longest + 255, ":1", 3);
    assert_int_equal(esep_relay_place(longest, &place, &reason), ESEP_OK);
    assert_int_equal(place.len, 255);
    memcpy(longest + 255, "a:1", 4);
    assert_int_equal(esep_relay_place(longest, &place, &reason), ESEP_INVALID);
    assert_int_equal(esep_relay_place("tcp://10.0.0.7:443", &place, &reason), ESEP_OK);
    assert_true(place.kind == ESEP_SOCKS_IPV4 && place.len == 4 && place.port == 443);
    assert_memory_equal(place.bytes, "\12\0\0\7", 4);
    assert_int_equal(esep_relay_place("[::1]:1", &place, &reason), ESEP_OK);
    assert_true(place.kind == ESEP_SOCKS_IPV6 && place.bytes[15] == 1);
    assert_int_equal(esep_relay_place("broker.kz:65535", &place, &reason), ESEP_OK);
    assert_true(place.kind == ESEP_SOCKS_NAME && place.len == 9 && place.port == 65535);
}

/* CURVE from end to end, past a proxy that sees nothing of it. */
static void test_zeromq_through_the_relay(void **state)
{
    (void)state;
    struct scene s;
    struct end server, client;
    struct sockaddr_in broker = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    open_scene(&s, true);
    net_zap(&s.net);
    net_router(&s.net, &server, 4096, 100);
    server.echo = true;
    char *end = NULL;
    broker.sin_port = htons((uint16_t)strtol(strrchr(s.net.endpoint, ':') + 1, &end, 10));
    assert_int_equal(*end, 0);
    const struct esep_relay_options options = {
        .proxy = s.address, .target = "tcp://broker.kz:7001", .connect_ms = 60000};
    struct esep_reason reason = {""};
    assert_int_equal(esep_relay_new(&s.relay, s.net.base, &options, s.net.endpoint, &reason),
                     ESEP_OK);
    net_dealer(&s.net, &client, &s.net.client, s.net.server.public);
    accept_far(&s);
    EXPECT(&s, s.far, "\5\1\0");
    SAY(s.far, "\5\0");
    EXPECT(&s, s.far, "\5\1\0\3\11broker.kz\x1b\x59");
    SAY(s.far, "\5\0\0\1\0\0\0\0\0\0");
    const int dialled = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(dialled, (struct sockaddr *)&broker, sizeof broker), 0);
    bool asked = false;
    while (client.received == 0) {
        char bytes[4096];
        ssize_t got = recv(s.far, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got > 0)
            assert_int_equal(send(dialled, bytes, (size_t)got, MSG_NOSIGNAL), got);
        got = recv(dialled, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got > 0)
            assert_int_equal(send(s.far, bytes, (size_t)got, MSG_NOSIGNAL), got);
        const struct esep_slice part = esep_slice_str("hello");
        if (client.up > 0 && !asked)
            asked = esep_zsock_send(client.sock, &part, 1) == ESEP_OK;
        assert_int_equal(client.gone, 0);
        turn(&s);
    }
    assert_string_equal(client.last, "hello");
    (void)close(s.far); /* the proxy dies */
    s.far = -1;
    while (client.gone == 0)
        turn(&s);
    (void)close(dialled);
    esep_zsock_free(client.sock);
    esep_zsock_free(server.sock);
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_go_both_ways),
        cmocka_unit_test(test_halves_end_each_by_itself),
        cmocka_unit_test(test_a_side_that_does_not_read),
        cmocka_unit_test(test_a_proxy_that_is_not_there),
        cmocka_unit_test(test_a_proxy_that_is_silent),
        cmocka_unit_test(test_a_proxy_that_refuses),
        cmocka_unit_test(test_a_proxy_that_hangs_up),
        cmocka_unit_test(test_a_proxy_that_is_none),
        cmocka_unit_test(test_a_proxy_by_its_name),
        cmocka_unit_test(test_another_process_gets_nothing),
        unit_test_in_folder(test_a_login_from_a_file),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_zeromq_through_the_relay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
