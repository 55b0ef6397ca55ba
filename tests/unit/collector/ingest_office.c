/* tests/unit/collector/ingest_office.c - see ingest_world.h: the scripted office. */
#include "esep/v1/link.pb-c.h"
#include "ingest_world.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>

static char *text(const char *s)
{
    return (char *)(uintptr_t)s;
}

struct sim_office *sim_new(struct ingest *g)
{
    struct sim_office *o = calloc(1, sizeof *o);
    assert_non_null(o);
    uint8_t seed[32] = {0x70, ++g->draws};
    esep_sign_key_from_seed(&o->sign, seed);
    memset(o->curve, 0x80, sizeof o->curve);
    o->curve[0] = g->draws;
    o->chain = calloc(SIM_ENTRIES_MAX + 1, sizeof *o->chain);
    o->entries = calloc(SIM_ENTRIES_MAX + 1, sizeof *o->entries);
    o->heard = calloc(SIM_HEARD_MAX, sizeof *o->heard);
    assert_true(o->chain != NULL && o->entries != NULL && o->heard != NULL);
    esep_buf_init(&o->last_frame, 1 << 20);
    o->epoch = 1;
    o->first_held = 1;
    o->next = g->offices;
    g->offices = o;
    return o;
}

void ingest_order(struct ingest *g, const Esep__V1__Order *order)
{
    static uint8_t packed[65536];
    assert_true(protobuf_c_message_get_packed_size(&order->base) <= sizeof packed);
    size_t len = protobuf_c_message_pack(&order->base, packed);
    collector_on_order(g->core, 77, esep_slice(packed, len), g->world.now);
    ingest_pump(g);
}

void ingest_account_order(struct ingest *g, const char *account, const Esep__V1__Order *order)
{
    static uint8_t packed[65536];
    Esep__V1__Order copy = *order;
    copy.actor = text(account);
    assert_true(protobuf_c_message_get_packed_size(&copy.base) <= sizeof packed);
    size_t len = protobuf_c_message_pack(&copy.base, packed);
    collector_on_account_order(g->core, 78, esep_slice(packed, len), g->world.now);
    ingest_pump(g);
}

void ingest_code(struct ingest *g, const char *body, const uint8_t code[16], bool accept,
                 esep_time expires)
{
    struct esep_hash hash = esep_sha256(esep_slice(code, 16));
    Esep__V1__CodeOrder m = ESEP__V1__CODE_ORDER__INIT;
    Esep__V1__Order order = ESEP__V1__ORDER__INIT;
    m.body = text(body);
    m.code_hash = (ProtobufCBinaryData){32, hash.bytes};
    m.expires_at_us = expires;
    m.accept_on_use = accept;
    order.actor = text("root");
    order.what_case = ESEP__V1__ORDER__WHAT_CODE;
    order.code = &m;
    ingest_order(g, &order);
}

static void start_chain(struct sim_office *o, const struct ingest *g)
{
    o->chain[0] = esep_chain_start(&g->log_id, o->number, o->epoch, o->sign.public);
}

struct sim_office *sim_active(struct ingest *g, const char *body)
{
    struct sim_office *o = sim_new(g);
    uint8_t code[16] = {0xc0, g->draws};
    ingest_code(g, body, code, true, g->world.now + ESEP_DAY);
    assert_true(g->reply.order.ok);
    sim_connect(o, g);
    sim_enrol(o, g, code);
    o->number = sim_last(o, KIND(ENROL_REPLY))->enrolled.office;
    start_chain(o, g);
    sim_forget(o);
    return o;
}

struct sim_office *sim_copy(struct ingest *g, const struct sim_office *of)
{
    struct sim_office *o = sim_new(g);
    o->sign = of->sign;
    memcpy(o->curve, of->curve, sizeof o->curve);
    o->number = of->number;
    o->epoch = of->epoch;
    o->seq = of->seq;
    for (uint64_t i = 0; i <= of->seq; i++) {
        o->chain[i] = of->chain[i];
        if (i == 0)
            continue;
        uint8_t *copy = malloc(of->entries[i].len + 1);
        assert_non_null(copy);
        memcpy(copy, of->entries[i].data, of->entries[i].len);
        o->entries[i] = esep_slice(copy, of->entries[i].len);
    }
    return o;
}

void sim_write_bytes(struct sim_office *o, struct ingest *g, const void *bytes, size_t len)
{
    (void)g;
    assert_true(o->seq < SIM_ENTRIES_MAX);
    uint8_t *copy = malloc(len + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    uint64_t seq = ++o->seq;
    o->entries[seq] = esep_slice(copy, len);
    o->chain[seq] = esep_chain_step(&o->chain[seq - 1], seq, o->entries[seq]);
}

void sim_write(struct sim_office *o, struct ingest *g, const char *key)
{
    static uint64_t draws;
    uint8_t nonce[16] = {0};
    esep_be64_put(nonce, ++draws);
    char narrative[64];
    snprintf(narrative, sizeof narrative, "report %llu", (unsigned long long)draws);
    Esep__V1__JournalEntry entry = ESEP__V1__JOURNAL_ENTRY__INIT;
    Esep__V1__Report report = ESEP__V1__REPORT__INIT;
    entry.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    entry.written_at_us = g->world.now;
    entry.body_case = ESEP__V1__JOURNAL_ENTRY__BODY_REPORT;
    entry.report = &report;
    report.obligation = text(key);
    report.revision = (uint32_t)o->seq + 1;
    struct esep_hash before =
        esep_content_hash(o->seq > 0 ? o->entries[o->seq] : esep_slice(NULL, 0));
    if (o->seq > 0)
        report.builds_on = (ProtobufCBinaryData){sizeof before.bytes, before.bytes};
    report.fulfilment = ESEP__V1__FULFILMENT__FULFILMENT_IN_PROGRESS;
    report.narrative = narrative;
    uint8_t packed[1024];
    assert_true(protobuf_c_message_get_packed_size(&entry.base) <= sizeof packed);
    const size_t len = protobuf_c_message_pack(&entry.base, packed);
    sim_write_bytes(o, g, packed, len);
}

void sim_new_epoch(struct sim_office *o, struct ingest *g)
{
    for (uint64_t i = 1; i <= o->seq; i++)
        free((void *)(uintptr_t)o->entries[i].data);
    o->seq = 0;
    o->epoch++;
    start_chain(o, g);
}

struct esep_commitment sim_commit(const struct sim_office *o, const struct ingest *g, uint64_t seq)
{
    struct esep_commitment c = {
        .office = o->number,
        .epoch = o->epoch,
        .seq = seq,
        .head = o->chain[seq],
        .office_clock = g->world.now,
    };
    esep_commitment_sign(&g->log_id, &c, &o->sign);
    return c;
}

void sim_connect(struct sim_office *o, struct ingest *g)
{
    o->conn = ++g->conns;
    o->online = true;
}

void sim_send(struct sim_office *o, struct ingest *g, const void *frame, size_t len)
{
    uint8_t head[128];
    Esep__V1__From from = ESEP__V1__FROM__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    from.conn = o->conn;
    from.office = o->number;
    from.curve_key = (ProtobufCBinaryData){sizeof o->curve, o->curve};
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_FROM;
    down.from = &from;
    uint8_t *copy = malloc(len + 1); /* the core may not keep it */
    assert_non_null(copy);
    memcpy(copy, frame, len);
    struct esep_slice parts[2] = {esep_slice(head, protobuf_c_message_pack(&down.base, head)),
                                  esep_slice(copy, len)};
    collector_on_frame(g->core, o->link, parts, 2, g->world.now);
    memset(copy, 0xdd, len);
    free(copy);
    ingest_pump(g);
}

static void send_last(struct sim_office *o, struct ingest *g)
{
    uint8_t *copy = malloc(o->last_frame.len + 1); /* the pump may send from inside */
    size_t len = o->last_frame.len;
    assert_non_null(copy);
    memcpy(copy, o->last_frame.data, len);
    sim_send(o, g, copy, len);
    free(copy);
}

void sim_begin(struct sim_office *o, struct ingest *g)
{
    static uint64_t draws;
    uint8_t seed[32] = {0x33};
    esep_be64_put(seed + 8, ++draws);
    assert_int_equal(esep_session_begin(&o->session, seed, g->config.seal_key.public, &g->log_id),
                     ESEP_OK);
}

static struct esep_slice pack(const ProtobufCMessage *message)
{
    static uint8_t packed[1 << 18];
    assert_true(protobuf_c_message_get_packed_size(message) <= sizeof packed);
    return esep_slice(packed, protobuf_c_message_pack(message, packed));
}

void sim_seal(struct sim_office *o, struct ingest *g, Esep__V1__Kind kind, bool first,
              const ProtobufCMessage *message)
{
    struct esep_slice plain = pack(message);
    esep_buf_clear(&o->last_frame);
    assert_int_equal(first ? esep_session_seal_first(&o->session, kind, plain, &o->last_frame)
                           : esep_session_seal(&o->session, kind, plain, &o->last_frame),
                     ESEP_OK);
    send_last(o, g);
}

void sim_hello_as(struct sim_office *o, struct ingest *g, const struct esep_commitment *c)
{
    sim_begin(o, g);
    Esep__V1__Commitment commitment = ESEP__V1__COMMITMENT__INIT;
    Esep__V1__Hello hello = ESEP__V1__HELLO__INIT;
    uint8_t auth[64];
    struct esep_hash statement =
        esep_auth_statement(o->session.office_ephemeral, o->session.collector_public, &g->log_id,
                            esep_slice(c->signature, sizeof c->signature));
    esep_sign(&o->sign, esep_slice(statement.bytes, 32), auth);
    esep_commitment_write(c, &commitment);
    hello.commitment = &commitment;
    hello.auth = (ProtobufCBinaryData){sizeof auth, auth};
    hello.version_min = hello.version_max = 1;
    if (!o->no_features)
        hello.features = UINT32_C(1) << ESEP__V1__FEATURE__FEATURE_EVIDENCE;
    hello.journal_first_seq = o->first_held;
    if (o->rotating != NULL)
        hello.rotating = (ProtobufCBinaryData){32, (uint8_t *)(uintptr_t)o->rotating};
    sim_seal(o, g, KIND(HELLO), true, &hello.base);
}

void sim_hello(struct sim_office *o, struct ingest *g)
{
    sim_connect(o, g);
    struct esep_commitment c = sim_commit(o, g, o->seq);
    sim_hello_as(o, g, &c);
}

void sim_batch_with(struct sim_office *o, struct ingest *g, uint64_t first, uint64_t last,
                    const struct esep_commitment *c)
{
    Esep__V1__Batch batch = ESEP__V1__BATCH__INIT;
    Esep__V1__Commitment commitment = ESEP__V1__COMMITMENT__INIT;
    ProtobufCBinaryData *entries = calloc((size_t)(last + 2 - first), sizeof *entries);
    assert_non_null(entries);
    batch.first_seq = first;
    batch.entries = entries;
    for (uint64_t i = first; i <= last; i++)
        entries[batch.n_entries++] =
            (ProtobufCBinaryData){o->entries[i].len, (uint8_t *)(uintptr_t)o->entries[i].data};
    if (c != NULL) {
        esep_commitment_write(c, &commitment);
        batch.commitment = &commitment;
    }
    sim_seal(o, g, KIND(BATCH), false, &batch.base);
    free(entries);
}

void sim_batch(struct sim_office *o, struct ingest *g, uint64_t first, uint64_t last, bool head)
{
    struct esep_commitment c = {0};
    if (head)
        c = sim_commit(o, g, last);
    sim_batch_with(o, g, first, last, head ? &c : NULL);
}

void sim_pull(struct sim_office *o, struct ingest *g, uint64_t through)
{
    Esep__V1__Pull pull = ESEP__V1__PULL__INIT;
    pull.through = through;
    sim_seal(o, g, KIND(PULL), false, &pull.base);
}

void sim_ping_through(struct sim_office *o, struct ingest *g, uint64_t through)
{
    Esep__V1__Ping ping = ESEP__V1__PING__INIT;
    ping.office_clock_us = g->world.now;
    ping.mail_through = through;
    sim_seal(o, g, KIND(PING), false, &ping.base);
}

void sim_ping(struct sim_office *o, struct ingest *g)
{
    sim_ping_through(o, g, 0);
}

void sim_enrol(struct sim_office *o, struct ingest *g, const uint8_t code[16])
{
    sim_begin(o, g);
    static const char label[] = "desk 3";
    uint8_t bound[16 + 64 + sizeof label - 1];
    memcpy(bound, code, 16);
    memcpy(bound + 16, o->sign.public, 32);
    memcpy(bound + 48, o->curve, 32);
    memcpy(bound + 80, label, sizeof label - 1);
    struct esep_hash statement =
        esep_auth_statement(o->session.office_ephemeral, o->session.collector_public, &g->log_id,
                            esep_slice(bound, sizeof bound));
    uint8_t auth[64];
    esep_sign(&o->sign, esep_slice(statement.bytes, 32), auth);
    Esep__V1__Enrol enrol = ESEP__V1__ENROL__INIT;
    enrol.code = (ProtobufCBinaryData){16, (uint8_t *)(uintptr_t)code};
    enrol.sign_key = (ProtobufCBinaryData){32, o->sign.public};
    enrol.curve_key = (ProtobufCBinaryData){32, o->curve};
    enrol.auth = (ProtobufCBinaryData){64, auth};
    enrol.label = text(label);
    sim_seal(o, g, KIND(ENROL), true, &enrol.base);
}

void sim_order(struct sim_office *o, struct ingest *g, uint8_t operator_seed,
               const Esep__V1__Order *order)
{
    sim_begin(o, g);
    static uint8_t packed[65536];
    size_t len = protobuf_c_message_pack(&order->base, packed);
    uint8_t seed[32] = {operator_seed};
    struct esep_sign_key key;
    esep_sign_key_from_seed(&key, seed);
    struct esep_hash statement = esep_order_statement(&g->log_id, esep_slice(packed, len));
    uint8_t signature[64];
    esep_sign(&key, esep_slice(statement.bytes, 32), signature);
    Esep__V1__SignedOrder m = ESEP__V1__SIGNED_ORDER__INIT;
    m.order = (ProtobufCBinaryData){len, packed};
    m.operator_key = (ProtobufCBinaryData){32, key.public};
    m.signature = (ProtobufCBinaryData){64, signature};
    sim_seal(o, g, KIND(ORDER), true, &m.base);
}

size_t sim_count(const struct sim_office *o, Esep__V1__Kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < o->heard_count; i++)
        count += o->heard[i].kind == kind;
    return count;
}

const struct sim_heard *sim_last(const struct sim_office *o, Esep__V1__Kind kind)
{
    for (size_t i = o->heard_count; i-- > 0;) {
        if (o->heard[i].kind == kind)
            return &o->heard[i];
    }
    if (o->heard_count > 0)
        print_message("heard last: kind %d, refusal %d: %s\n",
                      (int)o->heard[o->heard_count - 1].kind,
                      (int)o->heard[o->heard_count - 1].refusal.reason,
                      o->heard[o->heard_count - 1].refusal.text);
    fail_msg("the office never heard kind %d", (int)kind);
    return NULL;
}

bool sim_refused(const struct sim_office *o, Esep__V1__RefusalReason reason)
{
    for (size_t i = 0; i < o->heard_count; i++) {
        if (o->heard[i].kind == KIND(REFUSAL) && o->heard[i].refusal.reason == reason)
            return true;
    }
    return false;
}

void sim_forget(struct sim_office *o)
{
    o->heard_count = 0;
}
