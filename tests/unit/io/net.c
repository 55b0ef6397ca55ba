/* tests/unit/io/net.c - see net.h. */
#include "net.h"

#include <event2/event.h>
#include <stdio.h>

static void on_deadline(void *context)
{
    (void)context;
    fail_msg("the loop waited for something that never came");
}

static void new_key(struct esep_curve_key *key)
{
    struct esep_keyfile file;
    esep_keyfile_generate(&file, (const char *const[]){"curve"}, 1);
    assert_int_equal(esep_keyfile_curve(&file, key), ESEP_OK);
}

void net_open(struct net *net)
{
    struct esep_reason reason = {{0}};
    *net = (struct net){0};
    const struct esep_loop_options options = {.on_deadline = on_deadline, .context = net};
    assert_int_equal(esep_crypto_init(), ESEP_OK);
    assert_int_equal(esep_loop_new(&net->loop, &options, &reason), ESEP_OK);
    net->base = esep_loop_base(net->loop);
    net->zmq = esep_zcontext_new(1);
    assert_non_null(net->zmq);
    new_key(&net->server);
    new_key(&net->client);
    new_key(&net->stranger);
}

void net_close(struct net *net)
{
    esep_zap_free(net->zap);
    esep_zcontext_free(net->zmq);
    esep_loop_free(net->loop);
}

static bool allow(const char *domain, const char *address, const uint8_t key[32], void *context)
{
    const struct net *net = context;
    assert_string_equal(domain, "agents");
    assert_string_equal(address, "127.0.0.1");
    return memcmp(key, net->client.public, 32) == 0;
}

void net_zap(struct net *net)
{
    struct esep_reason reason;
    assert_int_equal(esep_zap_new(&net->zap, net->base, net->zmq, allow, net, &reason), ESEP_OK);
}

void net_until(struct net *net, bool (*condition)(void *), void *context)
{
    esep_loop_deadline(net->loop, 300 * ESEP_SECOND); /* for what hangs */
    while (!condition(context))
        assert_int_not_equal(event_base_loop(net->base, EVLOOP_ONCE), -1);
    esep_loop_deadline(net->loop, ESEP_TIME_NEVER);
}

void net_turns(struct net *net, unsigned turns)
{
    for (unsigned i = 0; i < turns; i++) {
        const struct timeval pause = {0, 2000};
        (void)event_base_loopexit(net->base, &pause);
        assert_int_not_equal(event_base_dispatch(net->base), -1);
    }
}

static void on_event(struct esep_zsock *sock, enum esep_zsock_event event, const char *detail,
                     void *context)
{
    struct end *end = context;
    assert_ptr_equal(sock, end->sock);
    unsigned *const counts[] = {[ESEP_ZSOCK_UP] = &end->up,
                                [ESEP_ZSOCK_GONE] = &end->gone,
                                [ESEP_ZSOCK_REFUSED] = &end->refused,
                                [ESEP_ZSOCK_STUCK] = &end->stuck};
    (*counts[event])++;
    (void)snprintf(end->detail, sizeof(end->detail), "%s", detail);
}

static void on_readable(struct esep_zsock *sock, void *context)
{
    struct end *end = context;
    struct esep_zmessage message;
    enum esep_status status;
    while ((status = esep_zsock_recv(sock, &message)) != ESEP_AGAIN) {
        if (status == ESEP_INVALID) {
            end->dropped++;
            continue;
        }
        assert_int_equal(status, ESEP_OK);
        end->received++;
        const struct esep_slice last = message.parts[message.count - 1];
        const size_t len = last.len < sizeof(end->last) ? last.len : sizeof(end->last) - 1;
        if (len > 0)
            memcpy(end->last, last.data, len);
        end->last[len] = '\0';
        memcpy(end->user, message.user_key, 32);
        if (message.count > 1)
            end->conn = esep_zsock_conn(message.parts[0]);
        if (end->echo)
            assert_int_equal(esep_zsock_send(sock, message.parts, message.count), ESEP_OK);
        esep_zmessage_close(&message);
    }
}

struct esep_zsock *net_router(struct net *net, struct end *end, size_t frame_bytes_max, int hwm)
{
    struct esep_reason reason = {{0}};
    const struct esep_zsock_options options = {.type = ESEP_ZSOCK_ROUTER,
                                               .curve = &net->server,
                                               .zap_domain = "agents",
                                               .hwm_messages = hwm,
                                               .frame_bytes_max = frame_bytes_max,
                                               .handshake_ms = 60000};
    *end = (struct end){.net = net};
    assert_int_equal(
        esep_zsock_new(&end->sock, net->base, net->zmq, &options, on_readable, end, &reason),
        ESEP_OK);
    assert_int_equal(esep_zsock_on_event(end->sock, on_event, &reason), ESEP_OK);
    assert_int_equal(esep_zsock_bind(end->sock, "tcp://127.0.0.1:*", net->endpoint, &reason),
                     ESEP_OK);
    return end->sock;
}

static void on_writable(struct esep_zsock *sock, void *context)
{
    struct end *end = context;
    (void)sock;
    end->writable++;
}

struct esep_zsock *net_dealer(struct net *net, struct end *end, const struct esep_curve_key *key,
                              const uint8_t *server_public)
{
    struct esep_reason reason = {{0}};
    const struct esep_zsock_options options = {.type = ESEP_ZSOCK_DEALER,
                                               .curve = key,
                                               .server_public = server_public,
                                               .hwm_messages = 1000,
                                               .handshake_ms = 60000};
    *end = (struct end){.net = net};
    assert_int_equal(
        esep_zsock_new(&end->sock, net->base, net->zmq, &options, on_readable, end, &reason),
        ESEP_OK);
    assert_int_equal(esep_zsock_on_event(end->sock, on_event, &reason), ESEP_OK);
    esep_zsock_on_writable(end->sock, on_writable);
    assert_int_equal(esep_zsock_connect(end->sock, net->endpoint, &reason), ESEP_OK);
    return end->sock;
}

bool end_up(void *end)
{
    return ((struct end *)end)->up > 0;
}
bool end_gone(void *end)
{
    return ((struct end *)end)->gone > 0;
}
bool end_refused(void *end)
{
    return ((struct end *)end)->refused > 0;
}
bool end_received(void *end)
{
    return ((struct end *)end)->received > 0;
}
