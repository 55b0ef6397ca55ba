/* tests/unit/io/http_sink_test.c - does a body that is a file go where it is to go, as far as its
 * own bound, and is its place given back whatever becomes of it?
 *
 * As in http_test.c: the server runs in the test's loop, the client is a thread.
 */
#include "io/http.h"
#include "io/loop.h"
#include "unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#define MIB ((size_t)1 << 20)

struct world {
    struct esep_loop *loop;
    struct esep_http *http;
    struct esep_wakeup *done;
    const char *path;
    size_t send_bytes; /* of the body, of so many announced: */
    size_t announced_bytes;
    bool leaves; /* with a part of it, and is not missed before its deadline */
    size_t sunk_bytes, puts;
    unsigned asked, gone;
    bool in_sink;
    size_t body_bytes;
    char reply[4096];
};

static void put(void *context, struct esep_slice bytes)
{
    struct world *w = context;
    w->sunk_bytes += bytes.len;
    w->puts++;
    for (size_t i = 0; i < bytes.len; i++)
        assert_int_equal(bytes.data[i], 'b');
}

static void gone(void *context)
{
    struct world *w = context;
    w->gone++;
    if (w->leaves)
        esep_loop_stop(w->loop);
}

static bool on_head(void *context, const struct esep_http_request *request,
                    struct esep_http_sink *ret)
{
    if (strcmp(esep_http_path(request), "/file") != 0)
        return false;
    *ret =
        (struct esep_http_sink){.bytes_max = 2 * MIB, .put = put, .gone = gone, .context = context};
    return true;
}

static void on_request(void *context, struct esep_http_request *request)
{
    struct world *w = context;
    w->asked++;
    w->in_sink = esep_http_sink_context(request) == w;
    w->body_bytes = esep_http_body(request).len;
    assert_int_equal(w->gone, 0);
    esep_http_answer(request, 201, NULL, 0, esep_slice_str("kept"));
}

static void *client(void *context)
{
    struct world *w = context;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(esep_http_port(w->http)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char head[128];
    char *body = malloc(w->send_bytes);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || body == NULL || connect(fd, (const struct sockaddr *)&at, sizeof at) != 0)
        abort();
    memset(body, 'b', w->send_bytes);
    const int len = snprintf(head, sizeof head,
                             "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                             "Content-Length: %zu\r\n\r\n",
                             w->path, w->announced_bytes);
    (void)send(fd, head, (size_t)len, MSG_NOSIGNAL);
    for (size_t sent = 0; sent < w->send_bytes;) {
        const ssize_t n = send(fd, body + sent, w->send_bytes - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    size_t got = 0;
    for (ssize_t n; !w->leaves && got < sizeof w->reply - 1; got += (size_t)n) {
        n = recv(fd, w->reply + got, sizeof w->reply - 1 - got, 0);
        if (n <= 0)
            break;
    }
    (void)close(fd);
    free(body);
    if (!w->leaves)
        esep_wakeup_ring(w->done);
    return NULL;
}

static void on_done(void *context)
{
    struct world *w = context;
    esep_loop_stop(w->loop);
}

static void play(struct world *w)
{
    struct esep_reason reason = {""};
    const struct esep_loop_options loop = {.context = w};
    const struct esep_http_options options = {.address = "127.0.0.1",
                                              .connections_max = 8,
                                              .head_bytes_max = 8192,
                                              .body_bytes_max = 32,
                                              .timeout_ms = w->leaves ? 1000 : 600000,
                                              .on_request = on_request,
                                              .on_head = on_head,
                                              .context = w};
    pthread_t thread;
    assert_int_equal(esep_loop_new(&w->loop, &loop, &reason), ESEP_OK);
    assert_int_equal(esep_wakeup_new(&w->done, w->loop, on_done, w, &reason), ESEP_OK);
    assert_int_equal(esep_http_new(&w->http, w->loop, &options, &reason), ESEP_OK);
    assert_int_equal(pthread_create(&thread, NULL, client, w), 0);
    assert_int_equal(esep_loop_run(w->loop), ESEP_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    esep_http_free(w->http);
    esep_wakeup_free(w->done);
    esep_loop_free(w->loop);
}

static void test_a_file_goes_to_its_place(void **state)
{
    (void)state;
    struct world w = {.path = "/file", .send_bytes = 2 * MIB, .announced_bytes = 2 * MIB};
    play(&w);
    assert_non_null(strstr(w.reply, " 201 "));
    assert_int_equal(w.sunk_bytes, 2 * MIB);
    assert_true(w.puts > 1);
    assert_true(w.in_sink);
    assert_int_equal(w.body_bytes, 0);
    assert_int_equal(w.gone, 1);
}

static void test_others_have_the_bound_of_before(void **state)
{
    (void)state;
    struct world w = {.path = "/else", .send_bytes = 32, .announced_bytes = 32};
    play(&w);
    assert_non_null(strstr(w.reply, " 201 "));
    assert_int_equal(w.body_bytes, 32);
    assert_false(w.in_sink);
    assert_int_equal(w.gone, 0);
    struct world long_one = {.path = "/else", .send_bytes = 33, .announced_bytes = 33};
    play(&long_one);
    assert_non_null(strstr(long_one.reply, " 413 "));
    assert_int_equal(long_one.asked, 0);
}

static void test_over_its_bound_a_file_is_refused(void **state)
{
    (void)state;
    struct world w = {.path = "/file", .send_bytes = 0, .announced_bytes = 2 * MIB + 1};
    play(&w);
    assert_non_null(strstr(w.reply, " 413 "));
    assert_int_equal(w.asked, 0);
    assert_int_equal(w.sunk_bytes, 0);
    assert_int_equal(w.gone, 1);
}

static void test_a_client_that_leaves_takes_its_place_along(void **state)
{
    (void)state;
    struct world w = {
        .path = "/file", .send_bytes = MIB, .announced_bytes = 2 * MIB, .leaves = true};
    play(&w);
    assert_int_equal(w.asked, 0);
    assert_int_equal(w.gone, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_goes_to_its_place),
        cmocka_unit_test(test_others_have_the_bound_of_before),
        cmocka_unit_test(test_over_its_bound_a_file_is_refused),
        cmocka_unit_test(test_a_client_that_leaves_takes_its_place_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
