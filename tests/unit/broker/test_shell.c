/* tests/unit/broker/test_shell.c - does the daemon do over real CURVE sockets what the core
 * decides? And does an operator's order arrive, sealed and signed?
 */
#include "broker/operator.h"
#include "harness.h"
#include "net.h"
#include "wire/session.h"
#include "wire/statement.h"
#include "wire/unpack.h"

#include <pthread.h>
#include <stdatomic.h>

#define WHY(name) ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_##name
#define KIND(name) ESEP__V1__KIND__KIND_##name
#define ADMISSION(name) ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_##name

static size_t envelope(Esep__V1__Kind kind, size_t body, uint8_t *out, size_t size)
{
    static const uint8_t session[16] = {5, 6, 7};
    struct esep_buf buf;
    esep_buf_init(&buf, size);
    const struct esep_envelope head = {
        .version = 1, .kind = kind, .session = esep_slice(session, 16)};
    assert_int_equal(esep_envelope_write_head(&head, body, &buf), ESEP_OK);
    const size_t len = buf.len + body;
    assert_true(len <= size);
    memset(out, 0xab, len);
    memcpy(out, buf.data, buf.len);
    esep_buf_done(&buf);
    return len;
}

static void send_kind(struct net *net, struct peer *peer, Esep__V1__Kind kind)
{
    uint8_t bytes[256];
    const struct esep_slice frame = esep_slice(bytes, envelope(kind, 64, bytes, sizeof bytes));
    peer_send(net, peer, &frame, 1);
}

/* A report's way there and a receipt's way back, as the very bytes; before that WAIT, after a
 * revocation REVOKED. */
static void test_there_and_back(void **state)
{
    (void)state;
    struct net net;
    struct peer office = {0};
    net_start(&net, "");
    make_key(&office.key);
    peer_dial(&net, &office, BROKER_DOMAIN_OFFICES);
    send_kind(&net, &office, KIND(HELLO));
    assert_int_equal(next_refusal(&net, &office), WHY(WAIT));

    collector_joins(&net);
    collector_roster(&net, office.key.public, 11, ADMISSION(ACTIVE), 5, true);
    uint8_t bytes[300];
    const struct esep_slice up = esep_slice(bytes, envelope(KIND(BATCH), 200, bytes, sizeof bytes));
    peer_send(&net, &office, &up, 1);
    size_t at = collector_next(&net);
    assert_int_equal(net.collector.messages[at].parts, 2);
    Esep__V1__LinkDown *down = esep__v1__link_down__unpack(NULL, net.collector.messages[at].lens[0],
                                                           net.collector.messages[at].bytes[0]);
    assert_non_null(down);
    assert_int_equal(down->what_case, ESEP__V1__LINK_DOWN__WHAT_FROM);
    assert_int_equal(down->from->office, 11);
    assert_memory_equal(down->from->curve_key.data, office.key.public, 32);
    assert_int_equal(net.collector.messages[at].lens[1], up.len);
    assert_memory_equal(net.collector.messages[at].bytes[1], bytes, up.len);

    Esep__V1__To to;
    esep__v1__to__init(&to);
    to.conn = down->from->conn;
    esep__v1__link_down__free_unpacked(down, NULL);
    Esep__V1__LinkUp reply;
    esep__v1__link_up__init(&reply);
    reply.what_case = ESEP__V1__LINK_UP__WHAT_TO;
    reply.to = &to;
    uint8_t receipt_bytes[300];
    const struct esep_slice receipt =
        esep_slice(receipt_bytes, envelope(KIND(RECEIPT), 120, receipt_bytes, sizeof bytes));
    collector_send(&net, &reply, &receipt);
    turn_until(&net, &office.count, office.taken);
    at = office.taken++;
    assert_int_equal(office.messages[at].lens[0], receipt.len);
    assert_memory_equal(office.messages[at].bytes[0], receipt_bytes, receipt.len);

    collector_roster(&net, office.key.public, 11, ADMISSION(REVOKED), 6, false);
    send_kind(&net, &office, KIND(BATCH));
    assert_int_equal(next_refusal(&net, &office), WHY(REVOKED));
    peer_close(&office);
    net_stop(&net);
}

/* Strangers, frames too large, messages of several parts; a collector with an unknown key. */
static void test_bad_company(void **state)
{
    (void)state;
    struct net net;
    struct peer stranger = {0};
    struct peer liar = {0};
    struct peer office = {0};
    net_start(&net, "limits: {frame_bytes: 4k}\n");
    make_key(&stranger.key);
    make_key(&liar.key);
    make_key(&office.key);
    collector_joins(&net);
    collector_roster(&net, office.key.public, 11, ADMISSION(ACTIVE), 5, true);

    peer_dial(&net, &stranger, BROKER_DOMAIN_OFFICES);
    send_kind(&net, &stranger, KIND(HELLO));
    assert_int_equal(next_refusal(&net, &stranger), WHY(NOT_ENROLLED));
    send_kind(&net, &stranger, KIND(ENROL));
    (void)collector_next(&net);

    peer_dial(&net, &office, BROKER_DOMAIN_OFFICES);
    uint8_t large[5000];
    const struct esep_slice frame =
        esep_slice(large, envelope(KIND(BATCH), 4900, large, sizeof large));
    peer_send(&net, &office, &frame, 1);
    assert_int_equal(next_refusal(&net, &office), WHY(TOO_LARGE));
    const struct esep_slice two[2] = {esep_slice(large, 60), esep_slice(large, 60)};
    peer_send(&net, &office, two, 2);
    assert_int_equal(next_refusal(&net, &office), WHY(MALFORMED));

    peer_dial(&net, &liar, BROKER_DOMAIN_COLLECTORS);
    while (broker_counter(broker_shell_core(net.shell), BROKER_HANDSHAKES_DENIED) == 0) {
        turn(&net);
    }
    assert_int_equal(liar.count, 0);
    peer_close(&liar);
    peer_close(&stranger);
    peer_close(&office);
    net_stop(&net);
}

/* The collector's process dies: the next frame's office is told to wait. A collector that comes
 * back is challenged anew. */
static void test_collector_dies(void **state)
{
    (void)state;
    struct net net;
    struct peer office = {0};
    net_start(&net, "limits: {heartbeat: 100ms}\n");
    make_key(&office.key);
    collector_joins(&net);
    collector_roster(&net, office.key.public, 11, ADMISSION(ACTIVE), 5, true);
    peer_close(&net.collector);
    while (broker_counter(broker_shell_core(net.shell), BROKER_COLLECTORS_LOST) == 0) {
        turn(&net);
    }
    peer_dial(&net, &office, BROKER_DOMAIN_OFFICES);
    send_kind(&net, &office, KIND(HELLO));
    assert_int_equal(next_refusal(&net, &office), WHY(WAIT));
    collector_joins(&net);
    collector_roster(&net, office.key.public, 11, ADMISSION(ACTIVE), 6, true);
    send_kind(&net, &office, KIND(HELLO));
    (void)collector_next(&net);
    peer_close(&office);
    net_stop(&net);
}

/* HUP takes what it may, keeps the old where a key needs a restart or the file is wrong. */
static void test_hup_swaps_or_keeps(void **state)
{
    (void)state;
    struct net net;
    net_start(&net, "");
    const uint8_t key[32] = {1};
    struct esep_curve_key unknown;
    make_key(&unknown);
    collector_joins(&net);
    collector_roster(&net, key, 11, ADMISSION(ACTIVE), 5, true);
    struct peer stranger = {.key = unknown};
    peer_dial(&net, &stranger, BROKER_DOMAIN_OFFICES);
    send_kind(&net, &stranger, KIND(ENROL));
    (void)collector_next(&net);

    net_write_config(&net, false, "limits: {connections: 5}\n");
    broker_shell_hup(net.shell); /* refused, said in the log */

    send_kind(&net, &stranger, KIND(ENROL));
    (void)collector_next(&net);
    net_write_config(&net, false, "");
    broker_shell_hup(net.shell);
    send_kind(&net, &stranger, KIND(ENROL));
    assert_int_equal(next_refusal(&net, &stranger), WHY(NOT_ENROLLED));
    peer_close(&stranger);
    net_stop(&net);
}

/* TERM: the collector hears of it, offices wait, and the loop ends. */
static void test_term_drains(void **state)
{
    (void)state;
    struct net net;
    struct peer office = {0};
    net_start(&net, "limits: {drain: 200ms}\n");
    make_key(&office.key);
    collector_joins(&net);
    collector_roster(&net, office.key.public, 11, ADMISSION(ACTIVE), 5, true);
    peer_dial(&net, &office, BROKER_DOMAIN_OFFICES);
    send_kind(&net, &office, KIND(HELLO));
    (void)collector_next(&net);
    broker_shell_term(net.shell);
    send_kind(&net, &office, KIND(BATCH));
    assert_int_equal(next_refusal(&net, &office), WHY(WAIT));
    assert_int_equal(broker_shell_run(net.shell), ESEP_OK);
    peer_close(&office);
    net_stop(&net);
}

/* An operator's order. */

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
    o->settings.timeout = 10 * ESEP_SECOND;
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
    net_start(&net, "limits: {wait: 50ms}\n");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),   cmocka_unit_test(test_bad_company),
        cmocka_unit_test(test_collector_dies),   cmocka_unit_test(test_hup_swaps_or_keeps),
        cmocka_unit_test(test_term_drains),      cmocka_unit_test(test_operator_orders),
        cmocka_unit_test(test_operator_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
