/* tests/unit/io/http_crowd_test.c - does a crowd leave the server the descriptors that it needs,
 * and is whoever comes after it served?
 *
 * The crowd is a process of its own, so that its descriptors are not the server's. Nothing waits
 * for a time: the crowd asks on every connection, hears the first answers, and goes.
 */
#include "io/http.h"
#include "io/loop.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define CROWD 96
#define HEARD 8 /* of the crowd's answers that it waits for */
#define FILES 72

struct world {
    struct esep_loop *loop;
    struct esep_http *http;
    struct esep_wakeup *done;
    uint64_t most_open;
    unsigned most_connections;
    unsigned asked;
    pid_t crowd;
    int crowd_status;
    char reply[4096];
};

static const struct esep_http_field text = {"Content-Type", "text/plain"};

static void on_request(void *context, struct esep_http_request *request)
{
    struct world *w = context;
    const uint64_t open = esep_files_open();
    const unsigned connections = esep_http_counts(w->http).connections;
    w->asked++;
    w->most_open = open > w->most_open ? open : w->most_open;
    w->most_connections = connections > w->most_connections ? connections : w->most_connections;
    esep_http_answer(request, 200, &text, 1, esep_slice_str("here"));
}

static void on_done(void *context)
{
    struct world *w = context;
    esep_loop_stop(w->loop);
}

static int dial(uint16_t port)
{
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at) != 0)
        _exit(3);
    return fd;
}

static void say(int fd, const char *words)
{
    (void)send(fd, words, strlen(words), MSG_NOSIGNAL);
}

static bool hear(int fd, char *out, size_t room, const char *until)
{
    size_t len = 0;
    out[0] = '\0';
    while (strstr(out, until) == NULL && len + 1 < room) {
        const ssize_t got = recv(fd, out + len, room - 1 - len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        len += (size_t)got;
        out[len] = '\0';
    }
    return strstr(out, until) != NULL;
}

/* All of them open at once, each having asked; only so many answers are needed to know that the
 * server is at its bound, or past it. */
static _Noreturn void be_a_crowd(uint16_t port)
{
    int fds[CROWD];
    char reply[4096];
    const struct rlimit files = {CROWD + 64, CROWD + 64};
    if (close_range(3, ~0u, 0) != 0 || setrlimit(RLIMIT_NOFILE, &files) != 0)
        _exit(2);
    for (size_t i = 0; i < CROWD; i++) {
        fds[i] = dial(port);
        say(fds[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    for (size_t i = 0; i < HEARD; i++)
        if (!hear(fds[i], reply, sizeof reply, "here"))
            _exit(4);
    _exit(0);
}

static void *clients(void *context)
{
    struct world *w = context;
    if (waitpid(w->crowd, &w->crowd_status, 0) != w->crowd)
        abort();
    const int fd = dial(esep_http_port(w->http));
    say(fd, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    (void)hear(fd, w->reply, sizeof w->reply, "here");
    (void)close(fd);
    esep_wakeup_ring(w->done);
    return NULL;
}

/* The limit of this process is lowered for good, but what the children of the test may have is the
 * hard one, which stays. */
static void test_a_crowd_leaves_descriptors_and_room_for_who_comes_after(void **state)
{
    struct world w = {0};
    struct esep_reason reason = {{0}};
    const struct rlimit few = {FILES, FILES};
    struct rlimit before;
    pthread_t thread;
    const struct esep_loop_options loop = {.context = &w};
    const struct esep_http_options options = {.address = "127.0.0.1",
                                              .connections_max = 4 * CROWD,
                                              .head_bytes_max = 8192,
                                              .body_bytes_max = 32,
                                              .timeout_ms = 600000,
                                              .stream_bytes_max = 65536,
                                              .on_request = on_request,
                                              .context = &w};
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(esep_loop_new(&w.loop, &loop, &reason), ESEP_OK);
    assert_int_equal(esep_wakeup_new(&w.done, w.loop, on_done, &w, &reason), ESEP_OK);
    const struct rlimit soft = {few.rlim_cur, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &soft), 0);
    assert_int_equal(esep_http_new(&w.http, w.loop, &options, &reason), ESEP_OK);
    const unsigned bound = esep_http_connections_max(w.http);
    assert_in_range(bound, 1, FILES * 9 / 10);
    w.crowd = fork();
    assert_true(w.crowd >= 0);
    if (w.crowd == 0)
        be_a_crowd(esep_http_port(w.http));
    assert_int_equal(pthread_create(&thread, NULL, clients, &w), 0);
    assert_int_equal(esep_loop_run(w.loop), ESEP_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(WIFEXITED(w.crowd_status) && WEXITSTATUS(w.crowd_status) == 0);
    assert_non_null(strstr(w.reply, "here"));
    assert_in_range(w.most_connections, HEARD, bound);
    assert_in_range(w.most_open, 1, FILES - 2);
    esep_http_free(w.http);
    esep_wakeup_free(w.done);
    esep_loop_free(w.loop);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_crowd_leaves_descriptors_and_room_for_who_comes_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
