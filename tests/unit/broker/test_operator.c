/* tests/unit/broker/test_operator.c - does an operator's order arrive, sealed and signed, once?
 *
 * The command's side runs in a thread of its own, since it blocks; broker and collector are played
 * in the test's loop.
 */
#include "broker/operator.h"
#include "harness.h"
#include "net.h"
#include "wire/session.h"
#include "wire/statement.h"
#include "wire/unpack.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define KIND(name) ESEP__V1__KIND__KIND_##name
#define ADMISSION(name) ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_##name

struct ordering {
    struct operator_settings settings;
    struct operator_way way;
    enum esep_status status;
    struct esep_reason reason;
    uint32_t office;
    atomic_size_t done;
};

static void *order_thread(void *context)
{
    struct ordering *o = context;
    struct esep_arena arena;
    assert_int_equal(esep_arena_init(&arena, 1 << 16), ESEP_OK);
    Esep__V1__ListOrder list;
    esep__v1__list_order__init(&list);
    Esep__V1__Order order;
    esep__v1__order__init(&order);
    order.what_case = ESEP__V1__ORDER__WHAT_LIST;
    order.list = &list;
    const Esep__V1__OrderReply *reply = NULL;
    o->status = operator_order(&o->way, &order, 77 * ESEP_SECOND, &arena, &reply, &o->reason);
    if (o->status == ESEP_OK) {
        o->office = reply->n_offices == 1 ? reply->offices[0]->office : 0;
    }
    esep_arena_done(&arena);
    atomic_store(&o->done, 1);
    return NULL;
}

/* What the collector does with the frame: opens, checks the signature, answers. */
static void answer_order(struct net *net, const struct ordering *o, size_t at)
{
    struct esep_envelope head;
    struct esep_session session;
    struct esep_buf plain;
    struct esep_buf out;
    esep_buf_init(&plain, 4096);
    esep_buf_init(&out, 4096);
    const struct esep_slice frame =
        esep_slice(net->collector.messages[at].bytes[1], net->collector.messages[at].lens[1]);
    assert_int_equal(esep_envelope_read(frame, &head, NULL), ESEP_OK);
    assert_int_equal(head.kind, KIND(ORDER));
    assert_int_equal(esep_session_accept(&session, &head, &net->seal_key, &net->log_id), ESEP_OK);
    assert_int_equal(esep_session_open(&session, &head, &plain), ESEP_OK);
    Esep__V1__SignedOrder *signed_order =
        esep__v1__signed_order__unpack(NULL, plain.len, plain.data);
    assert_non_null(signed_order);
    const struct esep_hash said = esep_order_statement(
        &net->log_id, esep_slice(signed_order->order.data, signed_order->order.len));
    assert_memory_equal(signed_order->operator_key.data, o->way.sign.public, 32);
    assert_true(esep_verify(signed_order->operator_key.data, esep_slice(said.bytes, 32),
                            signed_order->signature.data));
    Esep__V1__Order *order =
        esep__v1__order__unpack(NULL, signed_order->order.len, signed_order->order.data);
    assert_non_null(order);
    assert_string_equal(order->actor, "almas");
    assert_int_equal(order->nonce.len, 16);
    assert_int_equal(order->issued_at_us, 77 * ESEP_SECOND);
    esep__v1__order__free_unpacked(order, NULL);
    esep__v1__signed_order__free_unpacked(signed_order, NULL);

    Esep__V1__OfficeInfo info;
    esep__v1__office_info__init(&info);
    info.office = 31;
    Esep__V1__OfficeInfo *offices[] = {&info};
    Esep__V1__OrderReply reply;
    esep__v1__order_reply__init(&reply);
    reply.ok = true;
    reply.n_offices = 1;
    reply.offices = offices;
    esep_buf_clear(&plain);
    assert_int_equal(esep_pack(&reply.base, &plain), ESEP_OK);
    assert_int_equal(
        esep_session_seal_first(&session, KIND(ORDER_REPLY), esep_buf_slice(&plain), &out),
        ESEP_OK);
    Esep__V1__LinkDown *down = esep__v1__link_down__unpack(
        NULL, net->collector.messages[at].lens[0], net->collector.messages[at].bytes[0]);
    assert_non_null(down);
    assert_int_equal(down->from->office, 0);
    Esep__V1__To to;
    esep__v1__to__init(&to);
    to.conn = down->from->conn;
    Esep__V1__LinkUp up;
    esep__v1__link_up__init(&up);
    up.what_case = ESEP__V1__LINK_UP__WHAT_TO;
    up.to = &to;
    const struct esep_slice envelope_bytes = esep_buf_slice(&out);
    collector_send(net, &up, &envelope_bytes);
    esep__v1__link_down__free_unpacked(down, NULL);
    esep_session_done(&session);
    esep_buf_done(&plain);
    esep_buf_done(&out);
}

static void ordering_init(struct ordering *o, struct net *net)
{
    memset(o, 0, sizeof *o);
    (void)snprintf(o->settings.name, sizeof o->settings.name, "almas");
    memcpy(o->settings.log_id, net->log_id.bytes, 32);
    memcpy(o->settings.log_key, net->log_key.public, 32);
    memcpy(o->settings.seal_key, net->seal_key.public, 32);
    o->settings.timeout = 60 * ESEP_SECOND;
    o->settings.broker_count = 1;
    (void)snprintf(o->settings.brokers[0].address, sizeof o->settings.brokers[0].address, "%s",
                   broker_shell_endpoint(net->shell, BROKER_DOMAIN_OFFICES, 0));
    memcpy(o->settings.brokers[0].key, broker_shell_public(net->shell), 32);
    o->way.settings = &o->settings;
    const uint8_t seed[32] = {9};
    esep_sign_key_from_seed(&o->way.sign, seed);
    make_key(&o->way.curve);
}

/* The order is refused with WAIT first (nobody is there), then carried out once. */
static void test_operator_orders(void **state)
{
    (void)state;
    struct net net;
    struct ordering o;
    pthread_t thread;
    net_start(&net, ", wait: 50ms");
    ordering_init(&o, &net);
    assert_int_equal(pthread_create(&thread, NULL, order_thread, &o), 0);
    while (broker_counter(broker_shell_core(net.shell), BROKER_REFUSED_WAIT) == 0) {
        turn(&net);
    }
    collector_joins(&net);
    collector_roster(&net, o.way.curve.public, 0, ADMISSION(OPERATOR), 5, true);
    answer_order(&net, &o, collector_next(&net));
    while (atomic_load(&o.done) == 0) {
        turn(&net);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(o.status, ESEP_OK);
    assert_int_equal(o.office, 31);
    net_stop(&net);
}

/* A key that is no operator's: told so, at once. */
static void test_operator_unknown(void **state)
{
    (void)state;
    struct net net;
    struct ordering o;
    pthread_t thread;
    net_start(&net, "");
    ordering_init(&o, &net);
    collector_joins(&net);
    const uint8_t other[32] = {1};
    collector_roster(&net, other, 11, ADMISSION(ACTIVE), 5, true);
    assert_int_equal(pthread_create(&thread, NULL, order_thread, &o), 0);
    while (atomic_load(&o.done) == 0) {
        turn(&net);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(o.status, ESEP_DENIED);
    assert_non_null(strstr(o.reason.text, "not enrolled"));
    net_stop(&net);
}

/* The same order over ingest's socket: unsigned, by the local user's name. */
static void on_local_order(struct esep_zsock *sock, void *context)
{
    size_t *seen = context;
    struct esep_zmessage message;
    while (esep_zsock_recv(sock, &message) == ESEP_OK) {
        assert_int_equal(message.count, 1);
        Esep__V1__Order *order =
            esep__v1__order__unpack(NULL, message.parts[0].len, message.parts[0].data);
        assert_non_null(order);
        assert_int_equal(order->what_case, ESEP__V1__ORDER__WHAT_LIST);
        assert_true(order->actor[0] != '\0');
        esep__v1__order__free_unpacked(order, NULL);
        esep_zmessage_close(&message);
        char text[] = "no such office; look with 'keys list'";
        Esep__V1__OrderReply reply;
        esep__v1__order_reply__init(&reply);
        reply.text = text;
        uint8_t packed[128];
        const struct esep_slice answer =
            esep_slice(packed, esep__v1__order_reply__pack(&reply, packed));
        assert_int_equal(esep_zsock_send(sock, &answer, 1), ESEP_OK);
        (*seen)++;
    }
}

static void test_order_over_local_socket(void **state)
{
    (void)state;
    struct net net;
    struct ordering o;
    pthread_t thread;
    size_t seen = 0;
    char path[160];
    char endpoint[192];
    struct esep_reason reason = {0};
    struct esep_zsock *ingest = NULL;
    net_start(&net, "");
    ordering_init(&o, &net);
    (void)snprintf(path, sizeof path, "%s/ingest.sock", net.folder);
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", path);
    const struct esep_zsock_options options = {
        .type = ESEP_ZSOCK_REP, .hwm_messages = 16, .frame_bytes_max = 4096};
    assert_int_equal(esep_zsock_new(&ingest, broker_shell_base(net.shell), net.zmq, &options,
                                    on_local_order, &seen, &reason),
                     ESEP_OK);
    assert_int_equal(esep_zsock_bind(ingest, endpoint, NULL, &reason), ESEP_OK);
    o.way.control = path;
    assert_int_equal(pthread_create(&thread, NULL, order_thread, &o), 0);
    while (atomic_load(&o.done) == 0) {
        turn(&net);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(seen, 1);
    assert_int_equal(o.status, ESEP_INVALID);
    assert_non_null(strstr(o.reason.text, "no such office"));
    esep_zsock_free(ingest);
    (void)unlink(path);
    net_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operator_orders),
        cmocka_unit_test(test_operator_unknown),
        cmocka_unit_test(test_order_over_local_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
