/* tests/unit/io/zap_test.c - is a request answered with a refusal unless it is whole and the key is
 * let in, and does a malformed one jam nothing? We play libzmq's part over the same inproc address.
 */
#include "net.h"

#include <zmq.h>

static void send_parts(void *socket, const struct esep_slice *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_true(
            zmq_send(socket, parts[i].data, parts[i].len, i + 1 < count ? ZMQ_SNDMORE : 0) >= 0);
}

struct answer {
    void *socket;
    unsigned count;
    char parts[8][80];
};

static bool answered(void *context)
{
    struct answer *answer = context;
    int more = 1;
    for (answer->count = 0; more != 0; answer->count++) {
        size_t size = sizeof(more);
        char *part = answer->parts[answer->count];
        const int len = zmq_recv(answer->socket, part, 79, ZMQ_DONTWAIT);
        if (len < 0)
            return false;
        part[len] = '\0';
        assert_int_equal(zmq_getsockopt(answer->socket, ZMQ_RCVMORE, &more, &size), 0);
    }
    return true;
}

static void ask(struct net *net, struct answer *answer, const struct esep_slice *parts,
                size_t count, const char *code)
{
    send_parts(answer->socket, parts, count);
    /* The answer comes through another descriptor than the loop's: turn until it is there. */
    while (!answered(answer))
        net_turns(net, 1);
    assert_int_equal(answer->count, 7);
    assert_string_equal(answer->parts[1], "1.0");
    assert_string_equal(answer->parts[2], "r1");
    assert_string_equal(answer->parts[3], code);
}

static void test_requests(void **state)
{
    (void)state;
    struct net net;
    struct answer answer = {0};
    char hex[65];
    net_open(&net);
    assert_false(esep_zap_present(net.zmq));
    net_zap(&net);
    assert_true(esep_zap_present(net.zmq));
    struct esep_zap *second = NULL;
    assert_int_equal(esep_zap_new(&second, net.base, net.zmq, NULL, NULL, NULL), ESEP_CONFLICT);
    answer.socket = zmq_socket(net.zmq, ZMQ_DEALER);
    assert_int_equal(zmq_connect(answer.socket, "inproc://zeromq.zap.01"), 0);
    const struct esep_slice good[] = {
        esep_slice(NULL, 0),           esep_slice_str("1.0"),
        esep_slice_str("r1"),          esep_slice_str("agents"),
        esep_slice_str("127.0.0.1"),   esep_slice(NULL, 0),
        esep_slice_str("CURVE"),       esep_slice(net.client.public, 32),
        esep_slice_str("one too many")};
    struct esep_slice bad[9];
    ask(&net, &answer, good, 8, "200");
    esep_hex(net.client.public, 32, hex);
    assert_string_equal(answer.parts[5], hex);
    static const struct {
        size_t part;
        const char *text;
        const char *code;
    } rows[] = {{1, "2.0", "500"},  {3, "", "400"},
                {6, "NULL", "400"}, {6, "PLAIN", "400"},
                {7, "k", "400"},    {7, "thirty-two bytes, but not our key", "400"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memcpy(bad, good, sizeof(good));
        bad[rows[i].part] = esep_slice_str(rows[i].text);
        ask(&net, &answer, bad, 8, rows[i].code);
        assert_string_equal(answer.parts[5], "");
    }
    memcpy(bad, good, sizeof(good));
    bad[7] = esep_slice(net.stranger.public, 32);
    ask(&net, &answer, bad, 8, "400");
    bad[3] = esep_slice("agents\0x", 8); /* two names that would look like one */
    ask(&net, &answer, bad, 8, "500");
    ask(&net, &answer, good, 9, "500"); /* too many parts */
    ask(&net, &answer, good, 3, "500"); /* too few */
    send_parts(answer.socket, good, 1); /* nothing to answer to: dropped, and the next is heard */
    send_parts(answer.socket, &good[1], 7);
    ask(&net, &answer, good, 8, "200");
    zmq_close(answer.socket);
    esep_zap_free(net.zap);
    net.zap = NULL;
    assert_false(esep_zap_present(net.zmq));
    net_close(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_requests)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
