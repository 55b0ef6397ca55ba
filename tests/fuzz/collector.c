/* tests/fuzz/collector.c - ingest, fed by a broker and an office that the input plays.
 *
 * The input is a list of events, each a byte for what it is, two for a length, and bytes: a message
 * of the broker, a frame of the office's connection, a body under the office's true session (BATCH,
 * PULL, PING), a local order, a commit, time. Properties: the core never ends by what came from
 * outside, has one STORE at most under way, logs no entry of the office but in sequence, and what
 * it says to the office opens.
 */
#include "collector/collector.h"

#include "esep/v1/link.pb-c.h"
#include "fuzz.h"
#include "wire/session.h"
#include "wire/unpack.h"

#include <stdlib.h>

#define ROOM 65536

struct play {
    struct collector *core;
    struct views *views;
    struct collector_config config;
    struct esep_sign_key office_key;
    uint8_t curve[32];
    struct esep_session session;
    struct esep_buf plain;
    const struct collector_batch *pending;
    uint64_t token;
    uint64_t log_size;
    uint64_t last_seq;
    uint32_t last_epoch;
    esep_time now;
};

static const struct esep_zone *zone_named(void *context, const char *name)
{
    static struct esep_zone zone;
    (void)context;
    (void)name;
    return &zone;
}

static size_t no_targets(void *context, const char *plan, const char *body, bool secretariat,
                         Esep__V1__Target *ret, size_t max)
{
    (void)context;
    (void)plan;
    (void)body;
    (void)secretariat;
    (void)ret;
    (void)max;
    return 0;
}

static void log_one(struct play *p, Esep__V1__LogType type, const ProtobufCMessage *message)
{
    uint8_t body[512];
    uint8_t packed[COLLECTOR_LEAF_BYTES];
    struct esep_slice slice = esep_slice(body, protobuf_c_message_pack(message, body));
    struct collector_leaf leaf = {.type = type, .accepted_at = 1, .hash = esep_sha256(slice)};
    collector_leaf_pack(&leaf, packed);
    if (type == ESEP__V1__LOG_TYPE__LOG_TYPE_GENESIS)
        p->config.log_id = collector_log_id(slice);
    FUZZ_CHECK(views_apply(p->views, p->log_size++, esep_slice(packed, sizeof packed), slice, NULL,
                           NULL) == ESEP_OK);
}

static enum esep_status drop_row(void *context, struct esep_slice key, struct esep_slice value)
{
    (void)context;
    (void)key;
    (void)value;
    return ESEP_OK;
}

static void make_log(struct play *p)
{
    static const struct views_limits limits = {4, 8, 64, 8, 16, 4, 65536};
    Esep__V1__Genesis genesis = ESEP__V1__GENESIS__INIT;
    Esep__V1__KeyChange change = ESEP__V1__KEY_CHANGE__INIT;
    char body[] = "moh";
    FUZZ_CHECK(views_new(&p->views, &limits, zone_named, NULL) == ESEP_OK);
    log_one(p, ESEP__V1__LOG_TYPE__LOG_TYPE_GENESIS, &genesis.base);
    change.office = 1;
    change.state = ESEP__V1__OFFICE_STATE__OFFICE_STATE_ACTIVE;
    change.body = body;
    change.sign_key = esep_pb(p->office_key.public, 32);
    change.curve_key = esep_pb(p->curve, 32);
    log_one(p, ESEP__V1__LOG_TYPE__LOG_TYPE_KEY, &change.base);
    FUZZ_CHECK(views_flush(p->views, drop_row, NULL) == ESEP_OK);
}

static void hear(struct play *p, const struct collector_effect *effect)
{
    struct esep_envelope envelope;
    if (effect->part_count != 2)
        return;
    FUZZ_CHECK(esep_envelope_read(effect->parts[1], &envelope, NULL) == ESEP_OK);
    bool ours = memcmp(envelope.session.data, p->session.id, ESEP_SESSION_ID_BYTES) == 0;
    if (ours && envelope.kind != ESEP__V1__KIND__KIND_REFUSAL)
        FUZZ_CHECK(esep_session_open(&p->session, &envelope, &p->plain) == ESEP_OK);
}

static void pump(struct play *p)
{
    const struct collector_effect *next;
    while ((next = collector_peek(p->core)) != NULL) {
        const struct collector_effect effect = *next;
        if (effect.kind == COLLECTOR_EFFECT_SEND)
            hear(p, &effect);
        if (effect.kind == COLLECTOR_EFFECT_STORE) {
            FUZZ_CHECK(p->pending == NULL);
            p->pending = effect.batch;
            p->token = effect.token;
        }
        collector_pop(p->core);
        if (effect.kind == COLLECTOR_EFFECT_MAIL)
            collector_on_mail(p->core, effect.token, NULL, 0, false, p->now);
    }
    FUZZ_CHECK(collector_status(p->core, NULL) == ESEP_OK);
}

static void commit(struct play *p)
{
    if (p->pending == NULL)
        return;
    FUZZ_CHECK(p->pending->first_index == p->log_size);
    for (size_t i = 0; i < p->pending->record_count; i++) {
        struct collector_leaf leaf;
        FUZZ_CHECK(
            collector_leaf_unpack(esep_slice(p->pending->records[i].leaf, COLLECTOR_LEAF_BYTES),
                                  &leaf) == ESEP_OK);
        if (leaf.type != ESEP__V1__LOG_TYPE__LOG_TYPE_ENTRY)
            continue;
        FUZZ_CHECK(leaf.office == 1 && leaf.epoch == 1 && leaf.seq == p->last_seq + 1);
        p->last_seq = leaf.seq;
    }
    p->log_size += p->pending->record_count;
    p->pending = NULL;
    collector_on_stored(p->core, p->token, ESEP_OK, p->now);
    pump(p);
}

static void from_office(struct play *p, struct esep_slice frame)
{
    uint8_t head[128];
    Esep__V1__From from = ESEP__V1__FROM__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    from.conn = 1;
    from.office = 1;
    from.curve_key = esep_pb(p->curve, 32);
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_FROM;
    down.from = &from;
    struct esep_slice parts[2] = {esep_slice(head, protobuf_c_message_pack(&down.base, head)),
                                  frame};
    collector_on_frame(p->core, 0, parts, 2, p->now);
    pump(p);
}

static void sealed(struct play *p, Esep__V1__Kind kind, struct esep_slice plain)
{
    struct esep_buf frame;
    esep_buf_init(&frame, ROOM + 256);
    if (esep_session_seal(&p->session, kind, plain, &frame) == ESEP_OK)
        from_office(p, esep_buf_slice(&frame));
    esep_buf_done(&frame);
}

/* A BATCH whose entries and head are true: the input is cut into entries. */
static void true_batch(struct play *p, struct esep_slice bytes)
{
    uint8_t packed[ROOM];
    ProtobufCBinaryData entries[16];
    Esep__V1__Batch batch = ESEP__V1__BATCH__INIT;
    Esep__V1__Commitment message = ESEP__V1__COMMITMENT__INIT;
    const struct views_office *office = views_office(p->views, 1);
    struct esep_hash head = office->epoch == 1
                                ? office->head
                                : esep_chain_start(&p->config.log_id, 1, 1, p->office_key.public);
    batch.first_seq = office->seq + 1;
    batch.entries = entries;
    while (bytes.len > 0 && batch.n_entries < 16) {
        size_t len = bytes.data[0] < bytes.len ? bytes.data[0] : bytes.len - 1;
        entries[batch.n_entries] = esep_pb(bytes.data + 1, len);
        head = esep_chain_step(&head, batch.first_seq + batch.n_entries++,
                               esep_slice(bytes.data + 1, len));
        bytes = esep_slice(bytes.data + 1 + len, bytes.len - 1 - len);
    }
    if (batch.n_entries == 0)
        return;
    struct esep_commitment c = {
        .office = 1, .epoch = 1, .seq = batch.first_seq + batch.n_entries - 1, .head = head};
    esep_commitment_sign(&p->config.log_id, &c, &p->office_key);
    esep_commitment_write(&c, &message);
    batch.commitment = &message;
    if (protobuf_c_message_get_packed_size(&batch.base) <= sizeof packed)
        sealed(p, ESEP__V1__KIND__KIND_BATCH,
               esep_slice(packed, protobuf_c_message_pack(&batch.base, packed)));
}

static void link_message(struct play *p, const Esep__V1__LinkDown *down)
{
    uint8_t packed[128];
    struct esep_slice part = esep_slice(packed, protobuf_c_message_pack(&down->base, packed));
    collector_on_frame(p->core, 0, &part, 1, p->now);
    pump(p);
}

static void join(struct play *p)
{
    const uint8_t nonce[32] = {1};
    Esep__V1__Challenge challenge = ESEP__V1__CHALLENGE__INIT;
    Esep__V1__Joined joined = ESEP__V1__JOINED__INIT;
    Esep__V1__LinkDown down = ESEP__V1__LINK_DOWN__INIT;
    collector_on_link(p->core, 0, nonce, true, p->now);
    challenge.nonce = esep_pb(nonce, 32);
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_CHALLENGE;
    down.challenge = &challenge;
    link_message(p, &down);
    joined.primary = true;
    down.what_case = ESEP__V1__LINK_DOWN__WHAT_JOINED;
    down.joined = &joined;
    link_message(p, &down);
}

static void hello(struct play *p)
{
    uint8_t seed[32] = {3};
    uint8_t auth[64];
    uint8_t packed[1024];
    struct esep_commitment c = {
        .office = 1,
        .epoch = 1,
        .head = esep_chain_start(&p->config.log_id, 1, 1, p->office_key.public)};
    Esep__V1__Commitment commitment = ESEP__V1__COMMITMENT__INIT;
    Esep__V1__Hello message = ESEP__V1__HELLO__INIT;
    struct esep_buf frame;
    FUZZ_CHECK(esep_session_begin(&p->session, seed, p->config.seal_key.public,
                                  &p->config.log_id) == ESEP_OK);
    esep_commitment_sign(&p->config.log_id, &c, &p->office_key);
    struct esep_hash statement =
        esep_auth_statement(p->session.office_ephemeral, p->session.collector_public,
                            &p->config.log_id, esep_slice(c.signature, 64));
    esep_sign(&p->office_key, esep_slice(statement.bytes, 32), auth);
    esep_commitment_write(&c, &commitment);
    message.commitment = &commitment;
    message.auth = esep_pb(auth, 64);
    message.version_min = message.version_max = 1;
    esep_buf_init(&frame, 4096);
    FUZZ_CHECK(
        esep_session_seal_first(&p->session, ESEP__V1__KIND__KIND_HELLO,
                                esep_slice(packed, protobuf_c_message_pack(&message.base, packed)),
                                &frame) == ESEP_OK);
    from_office(p, esep_buf_slice(&frame));
    FUZZ_CHECK(p->session.established);
    esep_buf_done(&frame);
}

static void start(struct play *p)
{
    uint8_t seed[32] = {2};
    esep_sign_key_from_seed(&p->office_key, seed);
    esep_sign_key_from_seed(&p->config.log_key, seed);
    esep_box_key_from_seed(&p->config.seal_key, seed);
    memset(p->curve, 0x80, sizeof p->curve);
    esep_buf_init(&p->plain, 2 * ROOM);
    p->now = ESEP_DAY;
    make_log(p);
    p->config.targets = no_targets;
    p->config.links_max = 1;
    p->config.sessions_max = 4;
    p->config.frame_bytes_max = ROOM;
    p->config.session_credit_bytes = ROOM;
    p->config.ingest_bytes_max = 2 * ROOM;
    p->config.batch_bytes_max = 4 * ROOM;
    p->config.batch_records_max = 64;
    p->config.session_idle = ESEP_HOUR;
    p->config.presence_every = ESEP_DAY;
    p->config.link_heartbeat = ESEP_SECOND;
    FUZZ_CHECK(collector_new(&p->core, &p->config, p->views, p->now) == ESEP_OK);
    join(p);
    hello(p);
}

static void event(struct play *p, uint8_t what, struct esep_slice bytes)
{
    switch (what % 9) {
    case 0:
        collector_on_frame(p->core, 0, &bytes, 1, p->now);
        break;
    case 1:
        from_office(p, bytes);
        break;
    case 2:
        sealed(p, ESEP__V1__KIND__KIND_BATCH, bytes);
        break;
    case 3:
        sealed(p, ESEP__V1__KIND__KIND_PULL, bytes);
        break;
    case 4:
        sealed(p, ESEP__V1__KIND__KIND_PING, bytes);
        break;
    case 5:
        collector_on_order(p->core, 1, bytes, p->now);
        break;
    case 6:
        true_batch(p, bytes);
        break;
    case 7:
        p->now += (esep_time)bytes.len * ESEP_SECOND;
        collector_on_time(p->core, p->now);
        break;
    default:
        commit(p);
        break;
    }
    pump(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
    struct play *p = calloc(1, sizeof *p);
    FUZZ_CHECK(p != NULL);
    start(p);
    while (size >= 3) {
        size_t len = (size_t)data[1] << 8 | data[2];
        if (len > size - 3)
            len = size - 3;
        event(p, data[0], esep_slice(data + 3, len));
        data += 3 + len;
        size -= 3 + len;
    }
    while (p->pending != NULL)
        commit(p);
    collector_free(p->core);
    views_free(p->views);
    esep_buf_done(&p->plain);
    free(p);
    return 0;
}
