/* tests/unit/broker/test_shell.c - does the daemon do over real CURVE sockets what the core
 * decides?
 */
#include "harness.h"
#include "net.h"

#include <sys/resource.h>
#include <unistd.h>

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
    net_start(&net, ", frame_bytes: 4k");
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
    net_start(&net, "");
    make_key(&office.key);
    collector_joins(&net);
    collector_roster(&net, office.key.public, 11, ADMISSION(ACTIVE), 5, true);
    peer_close(&net.collector);
    /* Short heartbeats for as long as nobody is there to keep them: a slow machine breaks none. */
    net_write_config(&net, true, "100ms", "");
    broker_shell_hup(net.shell);
    while (broker_counter(broker_shell_core(net.shell), BROKER_COLLECTORS_LOST) == 0) {
        turn(&net);
    }
    net_write_config(&net, true, "60s", "");
    broker_shell_hup(net.shell);
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

    net_write_config(&net, false, "60s", ", connections: 5");
    broker_shell_hup(net.shell); /* refused, said in the log */

    send_kind(&net, &stranger, KIND(ENROL));
    (void)collector_next(&net);
    net_write_config(&net, false, "60s", "");
    broker_shell_hup(net.shell);
    send_kind(&net, &stranger, KIND(ENROL));
    assert_int_equal(next_refusal(&net, &stranger), WHY(NOT_ENROLLED));
    peer_close(&stranger);
    net_stop(&net);
}

/* An office at work, and TERM. */
static void term_amid_work(struct net *net, struct peer *office, const char *limits)
{
    net_start(net, limits);
    make_key(&office->key);
    collector_joins(net);
    collector_roster(net, office->key.public, 11, ADMISSION(ACTIVE), 5, true);
    peer_dial(net, office, BROKER_DOMAIN_OFFICES);
    send_kind(net, office, KIND(HELLO));
    (void)collector_next(net);
    broker_shell_term(net->shell);
}

/* TERM: offices wait, for as long as replies still pass. */
static void test_term_drains(void **state)
{
    (void)state;
    struct net net;
    struct peer office = {0};
    term_amid_work(&net, &office, ", drain: 60s");
    send_kind(&net, &office, KIND(BATCH));
    assert_int_equal(next_refusal(&net, &office), WHY(WAIT));
    peer_close(&office);
    net_stop(&net);
}

/* And then the loop ends. */
static void test_drained_it_ends(void **state)
{
    (void)state;
    struct net net;
    struct peer office = {0};
    term_amid_work(&net, &office, ", drain: 50ms");
    assert_int_equal(broker_shell_run(net.shell), ESEP_OK);
    peer_close(&office);
    net_stop(&net);
}

/* At 90 % of the descriptors no new office gets in, and those inside are served; then again. The
 * last test: it lowers this process's limit. */
static void test_descriptors_run_out(void **state)
{
    (void)state;
    struct net net;
    struct peer inside = {0};
    struct peer outside = {0};
    int taken[256];
    size_t count = 0;
    struct rlimit limit = {.rlim_cur = 128, .rlim_max = 128};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    net_start(&net, "");
    make_key(&inside.key);
    make_key(&outside.key);
    peer_dial(&net, &inside, BROKER_DOMAIN_OFFICES);
    send_kind(&net, &inside, KIND(HELLO));
    assert_int_equal(next_refusal(&net, &inside), WHY(WAIT));
    while (count < 112 && (taken[count] = dup(0)) >= 0 && taken[count] < 122) {
        count++;
    }
    while (broker_shell_accepting(net.shell)) {
        turn(&net);
    }
    send_kind(&net, &inside, KIND(HELLO));
    assert_int_equal(next_refusal(&net, &inside), WHY(WAIT));
    for (size_t i = 0; i < count; i++) {
        (void)close(taken[i]);
    }
    while (!broker_shell_accepting(net.shell)) {
        turn(&net);
    }
    peer_dial(&net, &outside, BROKER_DOMAIN_OFFICES);
    send_kind(&net, &outside, KIND(HELLO));
    assert_int_equal(next_refusal(&net, &outside), WHY(WAIT));
    peer_close(&inside);
    peer_close(&outside);
    net_stop(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),      cmocka_unit_test(test_bad_company),
        cmocka_unit_test(test_collector_dies),      cmocka_unit_test(test_hup_swaps_or_keeps),
        cmocka_unit_test(test_term_drains),         cmocka_unit_test(test_drained_it_ends),
        cmocka_unit_test(test_descriptors_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
