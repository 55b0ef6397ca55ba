/* tests/unit/broker/net.c - see net.h. */
#include "net.h"

#include "harness.h"
#include "wire/statement.h"
#include "wire/unpack.h"

#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

#define ALARM_S 300 /* for what hangs */

void net_write_config(struct net *net, bool enrolment, const char *heartbeat, const char *limits)
{
    char log_id[65];
    char log_key[65];
    char collector[65];
    esep_hex(net->log_id.bytes, 32, log_id);
    esep_hex(net->log_key.public, 32, log_key);
    esep_hex(net->collector.key.public, 32, collector);
    FILE *file = fopen(net->config, "w");
    assert_non_null(file);
    fprintf(file,
            "keys: broker.keys\nagents: [\"tcp://127.0.0.1:*\"]\n"
            "collectors: [\"tcp://127.0.0.1:*\"]\nlog_id: \"%s\"\nlog_key: \"%s\"\n"
            "collector_keys: [\"%s\"]\nenrolment: %s\n"
            "limits: {heartbeat: %s%s}\n",
            log_id, log_key, collector, enrolment ? "true" : "false", heartbeat, limits);
    assert_int_equal(fclose(file), 0);
}

void make_key(struct esep_curve_key *ret)
{
    static const char *const kinds[] = {"curve"};
    struct esep_keyfile keys;
    esep_keyfile_generate(&keys, kinds, 1);
    assert_int_equal(esep_keyfile_curve(&keys, ret), ESEP_OK);
}

void net_start(struct net *net, const char *limits)
{
    static const char *const kinds[] = {"curve"};
    memset(net, 0, sizeof *net);
    assert_int_equal(esep_crypto_init(), ESEP_OK);
    esep_log_init("broker-test", ESEP_LOG_ERROR);
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(net->folder, sizeof net->folder, "%s/esep-broker-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(net->folder));
    (void)snprintf(net->config, sizeof net->config, "%s/broker.yaml", net->folder);
    const uint8_t seed[32] = {3};
    esep_sign_key_from_seed(&net->log_key, seed);
    esep_box_key_from_seed(&net->seal_key, seed);
    memset(net->log_id.bytes, 0x44, 32);
    make_key(&net->collector.key);
    net_write_config(net, true, "60s", limits);

    char path[160];
    struct esep_keyfile keys;
    struct esep_reason reason = {0};
    (void)snprintf(path, sizeof path, "%s/broker.keys", net->folder);
    esep_keyfile_generate(&keys, kinds, 1);
    assert_int_equal(esep_keyfile_create(path, &keys, &reason), ESEP_OK);
    struct broker_settings *settings = NULL;
    assert_int_equal(broker_settings_read(net->config, &settings, &reason), ESEP_OK);
    assert_int_equal(broker_shell_new(&net->shell, settings, net->config, &reason), ESEP_OK);
    net->zmq = esep_zcontext_new(1);
    assert_non_null(net->zmq);
    (void)alarm(ALARM_S);
}

void net_stop(struct net *net)
{
    (void)alarm(0);
    peer_close(&net->collector);
    esep_zcontext_free(net->zmq);
    broker_shell_free(net->shell);
    char path[160];
    (void)snprintf(path, sizeof path, "%s/broker.keys", net->folder);
    (void)unlink(path);
    (void)unlink(net->config);
    (void)rmdir(net->folder);
}

static void on_readable(struct esep_zsock *sock, void *context)
{
    struct peer *peer = context;
    struct esep_zmessage message;
    while (esep_zsock_recv(sock, &message) == ESEP_OK) {
        assert_true(peer->count < PEER_MESSAGES_MAX && message.count <= 2);
        peer->messages[peer->count].parts = message.count;
        for (size_t i = 0; i < message.count; i++) {
            assert_true(message.parts[i].len <= PEER_BYTES_MAX);
            memcpy(peer->messages[peer->count].bytes[i], message.parts[i].data,
                   message.parts[i].len);
            peer->messages[peer->count].lens[i] = message.parts[i].len;
        }
        peer->count++;
        esep_zmessage_close(&message);
    }
}

void peer_dial(struct net *net, struct peer *peer, enum broker_domain domain)
{
    struct esep_reason reason = {0};
    const struct esep_zsock_options options = {.type = ESEP_ZSOCK_DEALER,
                                               .curve = &peer->key,
                                               .server_public = broker_shell_public(net->shell),
                                               .hwm_messages = 100,
                                               .frame_bytes_max = 1 << 20,
                                               .handshake_ms = 60000};
    assert_int_equal(esep_zsock_new(&peer->sock, broker_shell_base(net->shell), net->zmq, &options,
                                    on_readable, peer, &reason),
                     ESEP_OK);
    const char *endpoint = broker_shell_endpoint(net->shell, domain, 0);
    assert_non_null(endpoint);
    assert_int_equal(esep_zsock_connect(peer->sock, endpoint, &reason), ESEP_OK);
}

void peer_close(struct peer *peer)
{
    esep_zsock_free(peer->sock);
    peer->sock = NULL;
}

static void nothing(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
}

/* One turn, at most a few milliseconds long. */
void turn(struct net *net)
{
    const struct timeval soon = {.tv_usec = 5000};
    struct event_base *base = broker_shell_base(net->shell);
    assert_int_equal(event_base_once(base, -1, EV_TIMEOUT, nothing, NULL, &soon), 0);
    assert_true(event_base_loop(base, EVLOOP_ONCE) >= 0);
}

void turn_until(struct net *net, const size_t *count, size_t than)
{
    while (*count <= than) {
        turn(net);
    }
}

void peer_send(struct net *net, struct peer *peer, const struct esep_slice *parts, size_t count)
{
    enum esep_status status;
    while ((status = esep_zsock_send(peer->sock, parts, count)) == ESEP_AGAIN) {
        turn(net);
    }
    assert_int_equal(status, ESEP_OK);
}

void collector_send(struct net *net, const Esep__V1__LinkUp *up, const struct esep_slice *envelope)
{
    struct esep_buf buf;
    esep_buf_init(&buf, 4096);
    assert_int_equal(esep_pack(&up->base, &buf), ESEP_OK);
    struct esep_slice parts[2] = {esep_buf_slice(&buf)};
    if (envelope != NULL) {
        parts[1] = *envelope;
    }
    peer_send(net, &net->collector, parts, envelope != NULL ? 2 : 1);
    esep_buf_done(&buf);
}

static Esep__V1__LinkDown *down_of(struct net *net, size_t at)
{
    Esep__V1__LinkDown *down = esep__v1__link_down__unpack(
        NULL, net->collector.messages[at].lens[0], net->collector.messages[at].bytes[0]);
    assert_non_null(down);
    return down;
}

size_t collector_next(struct net *net)
{
    for (;;) {
        turn_until(net, &net->collector.count, net->collector.taken);
        const size_t at = net->collector.taken++;
        Esep__V1__LinkDown *down = down_of(net, at);
        const bool beat = down->what_case == ESEP__V1__LINK_DOWN__WHAT_BEAT;
        esep__v1__link_down__free_unpacked(down, NULL);
        if (!beat) {
            return at;
        }
    }
}

static void beat(struct net *net)
{
    Esep__V1__Beat message;
    esep__v1__beat__init(&message);
    Esep__V1__LinkUp up;
    esep__v1__link_up__init(&up);
    up.what_case = ESEP__V1__LINK_UP__WHAT_BEAT;
    up.beat = &message;
    collector_send(net, &up, NULL);
}

static void answer(struct net *net, const uint8_t nonce[32])
{
    uint8_t engine[16] = {1};
    uint8_t signature[64];
    char name[] = "played";
    const struct esep_hash said =
        esep_join_statement(nonce, &net->log_id, engine, broker_shell_public(net->shell));
    esep_sign(&net->log_key, esep_slice(said.bytes, 32), signature);
    Esep__V1__Join join;
    esep__v1__join__init(&join);
    join.log_id = esep_pb(net->log_id.bytes, 32);
    join.log_key = esep_pb(net->log_key.public, 32);
    join.engine_id = esep_pb(engine, 16);
    join.signature = esep_pb(signature, 64);
    join.name = name;
    Esep__V1__LinkUp up;
    esep__v1__link_up__init(&up);
    up.what_case = ESEP__V1__LINK_UP__WHAT_JOIN;
    up.join = &join;
    collector_send(net, &up, NULL);
}

void collector_joins(struct net *net)
{
    peer_dial(net, &net->collector, BROKER_DOMAIN_COLLECTORS);
    beat(net);
    Esep__V1__LinkDown *down = down_of(net, collector_next(net));
    assert_int_equal(down->what_case, ESEP__V1__LINK_DOWN__WHAT_CHALLENGE);
    assert_int_equal(down->challenge->nonce.len, 32);
    answer(net, down->challenge->nonce.data);
    esep__v1__link_down__free_unpacked(down, NULL);
    down = down_of(net, collector_next(net));
    assert_int_equal(down->what_case, ESEP__V1__LINK_DOWN__WHAT_JOINED);
    assert_true(down->joined->primary);
    esep__v1__link_down__free_unpacked(down, NULL);
}

void collector_roster(struct net *net, const uint8_t key[32], uint32_t office, uint32_t admission,
                      uint64_t version, bool whole)
{
    char body[] = "moj";
    Esep__V1__RosterEntry entry;
    esep__v1__roster_entry__init(&entry);
    entry.curve_key = esep_pb(key, 32);
    entry.office = office;
    entry.admission = (Esep__V1__OfficeAdmission)admission;
    entry.body = body;
    Esep__V1__RosterEntry *entries[] = {&entry};
    Esep__V1__Roster roster;
    esep__v1__roster__init(&roster);
    roster.version = version;
    roster.whole = whole;
    roster.last = whole;
    roster.n_entries = 1;
    roster.entries = entries;
    Esep__V1__LinkUp up;
    esep__v1__link_up__init(&up);
    up.what_case = ESEP__V1__LINK_UP__WHAT_ROSTER;
    up.roster = &roster;
    collector_send(net, &up, NULL);
    while (broker_roster_version(broker_shell_core(net->shell)) != version) {
        turn(net);
    }
}

Esep__V1__RefusalReason next_refusal(struct net *net, struct peer *peer)
{
    turn_until(net, &peer->count, peer->taken);
    const size_t at = peer->taken++;
    struct esep_envelope envelope;
    assert_int_equal(peer->messages[at].parts, 1);
    assert_int_equal(
        esep_envelope_read(esep_slice(peer->messages[at].bytes[0], peer->messages[at].lens[0]),
                           &envelope, NULL),
        ESEP_OK);
    assert_int_equal(envelope.kind, ESEP__V1__KIND__KIND_REFUSAL);
    Esep__V1__Refusal *refusal =
        esep__v1__refusal__unpack(NULL, envelope.sealed.len, envelope.sealed.data);
    assert_non_null(refusal);
    const Esep__V1__RefusalReason reason = refusal->reason;
    esep__v1__refusal__free_unpacked(refusal, NULL);
    return reason;
}
