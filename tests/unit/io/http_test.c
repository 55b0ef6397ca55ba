/* tests/unit/io/http_test.c - does each client get its answer, whatever another one does?
 *
 * The server runs in the test's loop; clients are blocking sockets in a thread. Nothing here waits
 * for a time: a client reads until the server closes, or has said what was asked for.
 */
#include "io/http.h"
#include "io/loop.h"
#include "unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#define REPLY_MAX 65536

struct world {
    struct esep_loop *loop;
    struct esep_http *http;
    struct esep_wakeup *done;
    struct esep_wakeup *poke;
    void (*client)(struct world *w);
    void (*on_poke)(struct world *w);
    struct esep_http_request *kept;
    struct esep_http_stream *stream;
    unsigned asked, closed, cut;
    enum esep_status sent;
    char path[64], query[64], cookie[64], peer[INET6_ADDRSTRLEN], body[64];
    enum esep_http_method method;
    bool absent, until_closed, client_done, cut_off;
    int deaf;
    char reply[REPLY_MAX], second[REPLY_MAX];
};

static const struct esep_http_field text = {"Content-Type", "text/plain"};

static void on_closed(void *context)
{
    struct world *w = context;
    w->closed++;
    w->stream = NULL;
    if (w->until_closed && w->client_done)
        esep_loop_stop(w->loop);
}

static void note(char *out, size_t room, const char *value)
{
    (void)snprintf(out, room, "%s", value != NULL ? value : "(none)");
}

static void on_request(void *context, struct esep_http_request *r)
{
    struct world *w = context;
    const struct esep_slice body = esep_http_body(r);

    w->asked++;
    w->method = esep_http_method(r);
    note(w->path, sizeof w->path, esep_http_path(r));
    note(w->query, sizeof w->query, esep_http_query(r, "q"));
    note(w->cookie, sizeof w->cookie, esep_http_cookie(r, "c"));
    (void)snprintf(w->body, sizeof w->body, "%.*s", (int)body.len,
                   body.len > 0 ? (const char *)body.data : "");
    w->absent = esep_http_header(r, "X-Absent") == NULL;
    esep_http_peer(r, w->peer);
    if (strcmp(w->path, "/later") == 0) {
        assert_null(w->kept);
        w->kept = r;
    } else if (strcmp(w->path, "/stream") == 0) {
        w->stream = esep_http_stream_begin(r, &text, 1, on_closed, w);
        assert_non_null(w->stream);
    } else if (strcmp(w->path, "/twice") == 0) {
        esep_http_answer(r, esep_http_repeats(r, "X-Two") ? 200 : 204, &text, 1,
                         esep_slice_str("twice"));
    } else {
        esep_http_answer(r, 200, &text, 1, esep_slice_str("here"));
    }
}

static void on_done(void *context)
{
    struct world *w = context;
    w->client_done = true;
    if (!w->until_closed || w->closed > 0)
        esep_loop_stop(w->loop);
}

static void on_poke(void *context)
{
    struct world *w = context;
    w->on_poke(w);
}

static void *client_thread(void *context)
{
    struct world *w = context;
    w->client(w);
    esep_wakeup_ring(w->done);
    return NULL;
}

static const struct esep_http_field of_all[] = {{"X-Of-All", "yes"}};
static const struct esep_http_options usual = {.address = "127.0.0.1",
                                               .connections_max = 8,
                                               .head_bytes_max = 8192,
                                               .body_bytes_max = 32,
                                               .timeout_ms = 600000,
                                               .stream_bytes_max = 256 * 1024,
                                               .fields = of_all,
                                               .field_count = 1};

static struct world *run(const struct esep_http_options *options, void (*client)(struct world *),
                         void (*poke)(struct world *))
{
    struct esep_reason reason = {{0}};
    struct world *w = calloc(1, sizeof *w);
    struct esep_http_options o = *options;
    const struct esep_loop_options loop = {.context = w};
    pthread_t thread;

    assert_non_null(w);
    o.on_request = on_request;
    o.context = w;
    w->client = client;
    w->on_poke = poke;
    assert_int_equal(esep_loop_new(&w->loop, &loop, &reason), ESEP_OK);
    assert_int_equal(esep_wakeup_new(&w->done, w->loop, on_done, w, &reason), ESEP_OK);
    assert_int_equal(esep_wakeup_new(&w->poke, w->loop, on_poke, w, &reason), ESEP_OK);
    assert_int_equal(esep_http_new(&w->http, w->loop, &o, &reason), ESEP_OK);
    assert_int_equal(pthread_create(&thread, NULL, client_thread, w), 0);
    assert_int_equal(esep_loop_run(w->loop), ESEP_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return w;
}

static void end(struct world *w)
{
    esep_http_free(w->http);
    esep_wakeup_free(w->done);
    esep_wakeup_free(w->poke);
    esep_loop_free(w->loop);
    free(w);
}

static int dial(const struct world *w)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(esep_http_port(w->http)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at) != 0)
        abort();
    return fd;
}

static void say(int fd, const char *words)
{
    (void)send(fd, words, strlen(words), MSG_NOSIGNAL);
}

/* Reads until `until` has come, or the end. */
static void hear(int fd, char *out, const char *until)
{
    size_t len = 0;
    out[0] = '\0';
    while (until == NULL || strstr(out, until) == NULL) {
        const ssize_t n = recv(fd, out + len, REPLY_MAX - 1 - len, 0);
        if (n <= 0)
            return;
        len += (size_t)n;
        out[len] = '\0';
    }
}

static void ask(struct world *w, const char *words)
{
    const int fd = dial(w);
    say(fd, words);
    hear(fd, w->reply, NULL);
    (void)close(fd);
}

#define HOST "Host: x\r\n"
#define CLOSE HOST "Connection: close\r\n"

static void client_get(struct world *w)
{
    ask(w, "GET /a%20b?q=x%2By HTTP/1.1\r\n" CLOSE "Cookie: b=1; c=two\r\n\r\n");
}

static void test_a_request_is_read_and_answered(void **state)
{
    (void)state;
    struct world *w = run(&usual, client_get, NULL);
    assert_string_equal(w->path, "/a b");
    assert_string_equal(w->query, "x+y");
    assert_string_equal(w->cookie, "two");
    assert_string_equal(w->peer, "127.0.0.1");
    assert_true(w->absent);
    assert_non_null(strstr(w->reply, "200 OK"));
    assert_non_null(strstr(w->reply, "Content-Type: text/plain"));
    assert_non_null(strstr(w->reply, "X-Of-All: yes"));
    assert_non_null(strstr(w->reply, "\r\n\r\nhere"));
    end(w);
}

static void client_post(struct world *w)
{
    ask(w, "POST / HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\n\r\nwords");
}

static void test_a_body_arrives_whole(void **state)
{
    (void)state;
    struct world *w = run(&usual, client_post, NULL);
    assert_int_equal(w->method, ESEP_HTTP_POST);
    assert_string_equal(w->body, "words");
    end(w);
}

static void client_head(struct world *w)
{
    ask(w, "HEAD / HTTP/1.1\r\n" CLOSE "\r\n");
}

static void test_head_is_get_without_its_body(void **state)
{
    (void)state;
    struct world *w = run(&usual, client_head, NULL);
    assert_int_equal(w->method, ESEP_HTTP_GET);
    assert_non_null(strstr(w->reply, "Content-Length: 4"));
    assert_null(strstr(w->reply, "here"));
    end(w);
}

static void client_long_length(struct world *w)
{
    ask(w, "POST / HTTP/1.1\r\n" CLOSE "Content-Length: 2000000\r\n\r\n");
}

static void client_asks_before(struct world *w)
{
    ask(w, "POST / HTTP/1.1\r\n" CLOSE "Content-Length: 33\r\nExpect: 100-continue\r\n\r\n");
}

/* More than the sockets hold between them. A sender who is cut off in the midst of it may never
 * look at the answer, as a proxy. */
static void client_long_body(struct world *w)
{
    enum { BODY_BYTES = 1000000 };
    char *words = malloc(BODY_BYTES);
    const int fd = dial(w);
    if (words == NULL)
        abort();
    memset(words, 'a', BODY_BYTES);
    say(fd, "POST / HTTP/1.1\r\n" CLOSE "Content-Length: 1000000\r\n\r\n");
    w->cut_off = send(fd, words, BODY_BYTES, MSG_NOSIGNAL) != BODY_BYTES;
    hear(fd, w->reply, NULL);
    (void)close(fd);
    free(words);
}

static void client_long_chunks(struct world *w)
{
    ask(w, "POST / HTTP/1.1\r\n" CLOSE "Transfer-Encoding: chunked\r\n\r\n"
           "14\r\naaaaaaaaaaaaaaaaaaaa\r\n14\r\naaaaaaaaaaaaaaaaaaaa\r\n0\r\n\r\n");
}

static void test_too_long_a_body_is_refused(void **state)
{
    (void)state;
    void (*const ways[])(struct world *) = {client_long_length, client_asks_before,
                                            client_long_body, client_long_chunks};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct world *w = run(&usual, ways[i], NULL);
        assert_non_null(strstr(w->reply, " 413 "));
        assert_non_null(strstr(w->reply, "problem+json"));
        assert_non_null(strstr(w->reply, "X-Of-All: yes"));
        assert_null(strstr(w->reply, "100 Continue"));
        assert_false(w->cut_off);
        assert_int_equal(w->asked, 0);
        assert_int_equal(esep_http_counts(w->http).too_large, 1);
        end(w);
    }
}

static void client_nul(struct world *w)
{
    ask(w, "GET /a%00b HTTP/1.1\r\n" CLOSE "\r\n");
}
static void client_two_lengths(struct world *w)
{
    ask(w, "POST / HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\nContent-Length: 6\r\n\r\nwords!");
}
static void client_both_framings(struct world *w)
{
    ask(w, "POST / HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
           "0\r\n\r\n");
}
static void client_two_hosts(struct world *w)
{
    ask(w, "GET / HTTP/1.1\r\n" CLOSE "Host: y\r\n\r\n");
}
static void client_not_http(struct world *w)
{
    ask(w, "\x16\x03\x01\x02 what is this\r\n\r\n");
}
static void client_no_host(struct world *w)
{
    ask(w, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
}

static void test_what_http_forbids_reaches_no_handler(void **state)
{
    (void)state;
    void (*const ways[])(struct world *) = {client_nul,           client_two_lengths,
                                            client_both_framings, client_two_hosts,
                                            client_not_http,      client_no_host};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct world *w = run(&usual, ways[i], NULL);
        assert_int_equal(w->asked, 0);
        assert_true(w->reply[0] == '\0' || strstr(w->reply, " 400 ") != NULL);
        end(w);
    }
}

static void client_head_too_long(struct world *w)
{
    static char words[32768];
    (void)snprintf(words, sizeof words, "GET / HTTP/1.1\r\n" CLOSE "X: %030000d\r\n\r\n", 7);
    ask(w, words);
}

static void test_too_long_a_head_is_refused(void **state)
{
    (void)state;
    struct world *w = run(&usual, client_head_too_long, NULL);
    assert_int_equal(w->asked, 0);
    end(w);
}

static void client_twice(struct world *w)
{
    ask(w, "GET /twice HTTP/1.1\r\n" CLOSE "X-Two: 1\r\nx-two: 2\r\n\r\n");
}

static void test_a_repeated_header_is_seen(void **state)
{
    (void)state;
    struct world *w = run(&usual, client_twice, NULL);
    assert_non_null(strstr(w->reply, " 200 "));
    end(w);
}

static void answer_kept(struct world *w)
{
    if (w->kept == NULL) { /* the poke overtook the request */
        esep_wakeup_ring(w->poke);
        return;
    }
    esep_http_answer(w->kept, 201, &text, 1, esep_slice_str("made"));
    w->kept = NULL;
}

static void client_later(struct world *w)
{
    const int fd = dial(w);
    say(fd, "POST /later HTTP/1.1\r\n" CLOSE "Content-Length: 0\r\n\r\n");
    esep_wakeup_ring(w->poke);
    hear(fd, w->reply, NULL);
    (void)close(fd);
}

static void test_an_answer_may_come_later(void **state)
{
    (void)state;
    struct world *w = run(&usual, client_later, answer_kept);
    assert_non_null(strstr(w->reply, "201 Created"));
    assert_non_null(strstr(w->reply, "made"));
    end(w);
}

static void client_leaves(struct world *w)
{
    const int fd = dial(w);
    say(fd, "GET /later HTTP/1.1\r\n" CLOSE "\r\n");
    (void)close(fd);
    esep_wakeup_ring(w->poke);
    ask(w, "GET / HTTP/1.1\r\n" CLOSE "\r\n");
}

static void test_a_client_that_left_before_its_answer_harms_nobody(void **state)
{
    (void)state;
    struct world *w = run(&usual, client_leaves, answer_kept);
    assert_non_null(strstr(w->reply, "here"));
    if (w->kept != NULL) /* not poked again before the end: the server lets go of it */
        assert_int_equal(w->asked, 2);
    end(w);
}

static void client_slow(struct world *w)
{
    const int slow = dial(w);
    say(slow, "GET / HTTP/1.1\r\nHo"); /* and no more */
    do { /* on a machine so busy that this one met its deadline too, once more */
        w->cut++;
        ask(w, "GET / HTTP/1.1\r\n" CLOSE "\r\n");
    } while (strstr(w->reply, "here") == NULL);
    hear(slow, w->second, NULL); /* until it is cut */
    (void)close(slow);
}

static void test_a_slow_client_is_cut_and_another_is_served(void **state)
{
    struct esep_http_options options = usual;
    (void)state;
    options.timeout_ms = 300;
    struct world *w = run(&options, client_slow, NULL);
    assert_non_null(strstr(w->reply, "here"));
    assert_null(strstr(w->second, "here"));
    assert_int_equal(esep_http_counts(w->http).timeouts, w->cut); /* the slow one, and no answer */
    end(w);
}

static void client_crowd(struct world *w)
{
    const int first = dial(w);
    say(first, "GET / HTTP/1.1\r\n" HOST "\r\n");
    hear(first, w->second, "here");
    const int next = dial(w); /* the server takes one only */
    say(next, "GET / HTTP/1.1\r\n" CLOSE "\r\n");
    (void)close(first);
    hear(next, w->reply, NULL);
    (void)close(next);
}

static void test_over_the_bound_a_connection_waits(void **state)
{
    struct esep_http_options options = usual;
    (void)state;
    options.connections_max = 1;
    struct world *w = run(&options, client_crowd, NULL);
    assert_non_null(strstr(w->reply, "here"));
    assert_non_null(strstr(w->second, "here"));
    end(w);
}

static void stream_three(struct world *w)
{
    if (w->stream == NULL) {
        esep_wakeup_ring(w->poke);
        return;
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(esep_http_stream_send(w->stream, esep_slice_str("data: x\n\n")), ESEP_OK);
    esep_http_stream_end(w->stream);
}

static void client_stream(struct world *w)
{
    const int fd = dial(w);
    say(fd, "GET /stream HTTP/1.1\r\n" CLOSE "\r\n");
    hear(fd, w->reply, "\r\n\r\n"); /* the head comes before there is anything to say */
    esep_wakeup_ring(w->poke);
    hear(fd, w->second, NULL);
    (void)close(fd);
}

static void test_a_stream_is_heard(void **state)
{
    (void)state;
    struct world *w = run(&usual, client_stream, stream_three);
    const char *at = w->second;
    unsigned heard = 0;
    while ((at = strstr(at, "data: x\n\n")) != NULL) {
        heard++;
        at++;
    }
    assert_int_equal(heard, 3);
    assert_non_null(strstr(w->reply, "X-Of-All: yes"));
    end(w);
}

static void stream_flood(struct world *w)
{
    static const uint8_t much[32768];
    w->until_closed = true;
    if (w->stream != NULL && w->sent == ESEP_OK)
        w->sent = esep_http_stream_send(w->stream, esep_slice(much, sizeof much));
    esep_wakeup_ring(w->poke);
}

static void client_deaf(struct world *w)
{
    w->deaf = dial(w);
    say(w->deaf, "GET /stream HTTP/1.1\r\n" CLOSE "\r\n");
    hear(w->deaf, w->second, "\r\n\r\n");
    esep_wakeup_ring(w->poke);
    ask(w, "GET / HTTP/1.1\r\n" CLOSE "\r\n"); /* the other one never reads */
}

static void test_a_deaf_stream_is_closed(void **state)
{
    (void)state;
    struct world *w = run(&usual, client_deaf, stream_flood);
    assert_int_equal(w->sent, ESEP_LIMIT);
    assert_int_equal(w->closed, 1);
    assert_non_null(strstr(w->reply, "here"));
    (void)close(w->deaf);
    end(w);
}

static void client_open_stream(struct world *w)
{
    const int fd = dial(w);
    say(fd, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    hear(fd, w->reply, "\r\n\r\n");
    /* left open: the server ends first */
}

static void test_the_server_may_end_before_its_streams(void **state)
{
    (void)state;
    struct world *w = run(&usual, client_open_stream, NULL);
    assert_non_null(w->stream);
    assert_int_equal(esep_http_counts(w->http).streams, 1);
    esep_http_free(w->http);
    w->http = NULL;
    assert_int_equal(w->closed, 1);
    end(w);
}

static void test_a_bad_address_and_a_taken_port_say_so(void **state)
{
    struct esep_reason reason = {{0}};
    struct esep_http *http = NULL;
    struct esep_http_options options = usual;
    (void)state;
    struct world *w = run(&usual, client_get, NULL);
    options.address = "nowhere";
    assert_int_equal(esep_http_new(&http, w->loop, &options, &reason), ESEP_INVALID);
    assert_non_null(strstr(reason.text, "nowhere"));
    options.address = "127.0.0.1";
    options.port = esep_http_port(w->http);
    assert_int_equal(esep_http_new(&http, w->loop, &options, &reason), ESEP_IO);
    assert_non_null(strstr(reason.text, "in use"));
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_is_read_and_answered),
        cmocka_unit_test(test_a_body_arrives_whole),
        cmocka_unit_test(test_head_is_get_without_its_body),
        cmocka_unit_test(test_too_long_a_body_is_refused),
        cmocka_unit_test(test_what_http_forbids_reaches_no_handler),
        cmocka_unit_test(test_too_long_a_head_is_refused),
        cmocka_unit_test(test_a_repeated_header_is_seen),
        cmocka_unit_test(test_an_answer_may_come_later),
        cmocka_unit_test(test_a_client_that_left_before_its_answer_harms_nobody),
        cmocka_unit_test(test_a_slow_client_is_cut_and_another_is_served),
        cmocka_unit_test(test_over_the_bound_a_connection_waits),
        cmocka_unit_test(test_a_stream_is_heard),
        cmocka_unit_test(test_a_deaf_stream_is_closed),
        cmocka_unit_test(test_the_server_may_end_before_its_streams),
        cmocka_unit_test(test_a_bad_address_and_a_taken_port_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
