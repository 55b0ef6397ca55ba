/* tests/fuzz/broker.c - the broker's core under any order of events, hostile ones among them.
 *
 * The input is a list of records: operation, argument, length, bytes. Offices send rubbish or true
 * envelopes, collectors rubbish, true Joins, rosters or answers, time moves, sends fail, ZAP asks.
 * Properties: what goes to a collector as an office's frame is the very bytes, stamped with the key
 * the event had, to a connection that joined; a revoked key's frame never goes on, an unknown key's
 * only as ENROL; an office is sent nothing but a refusal, what a collector said, or a note of
 * ingress that is true of it; bounds hold.
 */
#include "broker/broker.h"

#include "fuzz.h"
#include "wire/envelope.h"
#include "wire/ingress.h"
#include "wire/statement.h"

#define CONNS 4
#define CLOCK_AHEAD (5000 * ESEP_SECOND)

struct play {
    struct broker *broker;
    struct broker_config config;
    esep_time now;
    uint8_t nonces[CONNS][32];
    bool joined[CONNS]; /* it was sent a Joined, and may be joined still */
    bool drained;
    bool roster;  /* a whole one has come: who is unknown can be told */
    uint8_t fail; /* the next sends: 0 go out, 1 AGAIN, 2 no such peer */
    /* the event under way */
    const uint8_t *key;
    struct esep_slice frame;
    struct esep_slice reply;
};

static struct esep_sign_key log_key;

static const uint8_t *key_of(unsigned number)
{
    static uint8_t keys[16][ESEP_KEY_BYTES];
    keys[number & 15][0] = (uint8_t)(1 + (number & 15));
    return keys[number & 15];
}

static void set_up(struct play *play)
{
    *play = (struct play){.now = 1000 * ESEP_SECOND};
    struct broker_config *c = &play->config;
    memcpy(c->name, "fuzz", 5);
    memcpy(c->log_key, log_key.public, sizeof c->log_key);
    memcpy(c->collector_keys[0], key_of(8), ESEP_KEY_BYTES);
    memcpy(c->collector_keys[1], key_of(9), ESEP_KEY_BYTES);
    c->collector_key_count = 2;
    c->enrolment = true;
    c->keys_max = 4;
    c->conns_max = 6;
    c->strangers_max = 2;
    c->conns_per_key_max = 2;
    c->frame_bytes_max = 512;
    c->frames = c->strangers = c->refusals = (struct broker_rate){10, 20};
    c->bytes = (struct broker_rate){10000, 20000};
    c->stranger_every = c->heartbeat = c->wait = c->drain = ESEP_SECOND;
    c->idle = 5 * ESEP_SECOND;
    c->signs_ingress = true;
    c->sign_key = log_key;
    c->ingress_every = ESEP_SECOND;
    FUZZ_CHECK(broker_new(&play->broker, c, play->now) == ESEP_OK);
    broker_on_clock(play->broker, CLOCK_AHEAD);
}

/* The admission that counts now; UNSPECIFIED: unknown. */
static Esep__V1__OfficeAdmission admission_of(const struct play *play, const uint8_t *key)
{
    for (uint32_t i = 0; i < broker_office_count(play->broker); i++) {
        struct broker_office_info info;
        broker_office_at(play->broker, i, play->now, &info);
        if (memcmp(info.key, key, ESEP_KEY_BYTES) == 0)
            return info.admission;
    }
    return ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_UNSPECIFIED;
}

static void check_forwarded(const struct play *play, const struct broker_effect *effect)
{
    struct esep_envelope envelope;
    FUZZ_CHECK(play->frame.len > 0 && effect->parts[1].data == play->frame.data &&
               effect->parts[1].len == play->frame.len);
    Esep__V1__LinkDown *down =
        esep__v1__link_down__unpack(NULL, effect->parts[0].len, effect->parts[0].data);
    FUZZ_CHECK(down != NULL && down->what_case == ESEP__V1__LINK_DOWN__WHAT_FROM);
    FUZZ_CHECK(memcmp(down->from->curve_key.data, play->key, ESEP_KEY_BYTES) == 0);
    esep__v1__link_down__free_unpacked(down, NULL);
    FUZZ_CHECK(play->joined[effect->conn % CONNS] && !play->drained);
    FUZZ_CHECK(esep_envelope_read(play->frame, &envelope, NULL) == ESEP_OK);
    const Esep__V1__OfficeAdmission admission = admission_of(play, play->key);
    FUZZ_CHECK(admission != ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REVOKED);
    if (admission == ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_UNSPECIFIED)
        FUZZ_CHECK(envelope.kind == ESEP__V1__KIND__KIND_ENROL);
    if (admission == ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REPLACED)
        FUZZ_CHECK(envelope.kind == ESEP__V1__KIND__KIND_HELLO);
    if (admission != ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_OPERATOR)
        FUZZ_CHECK(envelope.kind != ESEP__V1__KIND__KIND_ORDER);
}

static void check_control(struct play *play, const struct broker_effect *effect)
{
    Esep__V1__LinkDown *down =
        esep__v1__link_down__unpack(NULL, effect->parts[0].len, effect->parts[0].data);
    FUZZ_CHECK(down != NULL);
    const size_t conn = effect->conn % CONNS;
    if (down->what_case == ESEP__V1__LINK_DOWN__WHAT_CHALLENGE) {
        FUZZ_CHECK(down->challenge->nonce.len == 32);
        memcpy(play->nonces[conn], down->challenge->nonce.data, 32);
    } else if (down->what_case == ESEP__V1__LINK_DOWN__WHAT_JOINED) {
        play->joined[conn] = true;
    } else if (down->what_case != ESEP__V1__LINK_DOWN__WHAT_REFUSED) {
        FUZZ_CHECK(play->joined[conn]);
    }
    esep__v1__link_down__free_unpacked(down, NULL);
}

/* A note of ingress: of this moment, to one that may have it, about its own key. */
static void check_note(const struct play *play, const struct esep_envelope *envelope)
{
    struct esep_ingress note = {.log_id = play->config.log_id};
    const Esep__V1__OfficeAdmission admission = admission_of(play, play->key);
    Esep__V1__Ingress *message =
        esep__v1__ingress__unpack(NULL, envelope->sealed.len, envelope->sealed.data);
    FUZZ_CHECK(esep_ingress_read(message, &note) == ESEP_OK);
    esep__v1__ingress__free_unpacked(message, NULL);
    memcpy(note.office_curve, play->key, ESEP_KEY_BYTES);
    FUZZ_CHECK(esep_ingress_verify(&note) && note.received_at == play->now + CLOCK_AHEAD);
    FUZZ_CHECK(
        admission == ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_ACTIVE ||
        (admission == ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_UNSPECIFIED && !play->roster));
}

static void check_office(const struct play *play, const struct broker_effect *effect)
{
    struct esep_envelope envelope;
    FUZZ_CHECK(effect->part_count == 1);
    if (play->reply.len > 0 && effect->parts[0].data == play->reply.data)
        return;
    FUZZ_CHECK(esep_envelope_read(effect->parts[0], &envelope, NULL) == ESEP_OK);
    if (envelope.kind == ESEP__V1__KIND__KIND_INGRESS)
        check_note(play, &envelope);
    else
        FUZZ_CHECK(envelope.kind == ESEP__V1__KIND__KIND_REFUSAL);
}

static void take(struct play *play)
{
    const struct broker_effect *effect;
    while ((effect = broker_peek(play->broker)) != NULL) {
        if (effect->kind == BROKER_EFFECT_SEND_OFFICE)
            check_office(play, effect);
        else if (effect->kind == BROKER_EFFECT_SEND_COLLECTOR && effect->part_count == 2)
            check_forwarded(play, effect);
        else if (effect->kind == BROKER_EFFECT_SEND_COLLECTOR)
            check_control(play, effect);
        else
            FUZZ_CHECK(effect->text[0] != '\0');
        if (effect->kind == BROKER_EFFECT_NOTE && effect->note == BROKER_NOTE_ROSTER_READY)
            play->roster = true;
        if (play->fail == 0 || effect->kind == BROKER_EFFECT_NOTE)
            broker_pop(play->broker);
        else
            broker_failed(play->broker, play->fail == 1 ? ESEP_AGAIN : ESEP_NOT_FOUND, play->now);
    }
    FUZZ_CHECK(broker_conn_count(play->broker) <= play->config.conns_max);
    FUZZ_CHECK(broker_office_count(play->broker) <= play->config.keys_max);
    play->fail = 0;
    play->frame = play->reply = esep_slice(NULL, 0);
}

static void office(struct play *play, uint8_t argument, struct esep_slice bytes)
{
    play->key = key_of(argument >> 4 & 7);
    play->frame = bytes;
    broker_on_office_frame(play->broker, argument & 15, play->key, bytes, play->now);
    take(play);
}

static void true_envelope(struct play *play, uint8_t argument, struct esep_slice bytes)
{
    static const uint8_t session[ESEP_SESSION_ID_BYTES];
    struct esep_buf buf;
    esep_buf_init(&buf, 1024);
    const struct esep_envelope head = {.version = 1,
                                       .kind =
                                           (Esep__V1__Kind)(bytes.len > 0 ? bytes.data[0] % 24 : 1),
                                       .session = esep_slice(session, sizeof session)};
    const uint8_t body[2 + ESEP_HASH_BYTES] = {0x0a, ESEP_HASH_BYTES}; /* AskIngress, of zeroes */
    FUZZ_CHECK(esep_envelope_write_head(&head, sizeof body, &buf) == ESEP_OK);
    FUZZ_CHECK(esep_buf_put(&buf, body, sizeof body) == ESEP_OK);
    office(play, argument, esep_buf_slice(&buf));
    esep_buf_done(&buf);
}

static void collector(struct play *play, uint8_t argument, struct esep_slice bytes,
                      struct esep_slice second)
{
    const struct esep_slice parts[2] = {bytes, second};
    play->reply = second;
    broker_on_collector_frame(play->broker, argument & 3, key_of(8 + (argument >> 2 & 3)), parts,
                              second.len > 0 ? 2 : 1, play->now);
    take(play);
}

static void link_up(struct play *play, uint8_t argument, const Esep__V1__LinkUp *up)
{
    uint8_t packed[512];
    FUZZ_CHECK(esep__v1__link_up__get_packed_size(up) <= sizeof packed);
    const size_t len = esep__v1__link_up__pack(up, packed);
    collector(play, argument, esep_slice(packed, len), esep_slice(NULL, 0));
}

static void true_join(struct play *play, uint8_t argument)
{
    uint8_t engine[16] = {argument >> 4};
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    uint8_t log_id[ESEP_HASH_BYTES] = {0};
    const struct esep_hash said = esep_join_statement(
        play->nonces[argument & 3], &play->config.log_id, engine, play->config.curve_public);
    esep_sign(&log_key, esep_slice(said.bytes, sizeof said.bytes), signature);
    Esep__V1__Join join;
    esep__v1__join__init(&join);
    join.log_id = (ProtobufCBinaryData){sizeof log_id, log_id};
    join.log_key = (ProtobufCBinaryData){ESEP_KEY_BYTES, log_key.public};
    join.engine_id = (ProtobufCBinaryData){sizeof engine, engine};
    join.signature = (ProtobufCBinaryData){sizeof signature, signature};
    Esep__V1__LinkUp up;
    esep__v1__link_up__init(&up);
    up.what_case = ESEP__V1__LINK_UP__WHAT_JOIN;
    up.join = &join;
    link_up(play, argument, &up);
}

/* bytes: pairs of key number and admission; the argument's upper bits: whole, last, version. */
static void true_roster(struct play *play, uint8_t argument, struct esep_slice bytes)
{
    Esep__V1__RosterEntry entries[6];
    Esep__V1__RosterEntry *pointers[6];
    uint8_t keys[6][ESEP_KEY_BYTES];
    size_t count = 0;
    for (; count < 6 && 2 * count + 1 < bytes.len; count++) {
        memcpy(keys[count], key_of(bytes.data[2 * count] & 7), ESEP_KEY_BYTES);
        esep__v1__roster_entry__init(&entries[count]);
        entries[count].curve_key = (ProtobufCBinaryData){ESEP_KEY_BYTES, keys[count]};
        entries[count].office = bytes.data[2 * count];
        entries[count].admission = (Esep__V1__OfficeAdmission)(bytes.data[2 * count + 1] % 6);
        pointers[count] = &entries[count];
    }
    Esep__V1__Roster roster;
    esep__v1__roster__init(&roster);
    roster.version = argument >> 6;
    roster.whole = (argument & 16) != 0;
    roster.last = (argument & 32) != 0;
    roster.n_entries = count;
    roster.entries = pointers;
    Esep__V1__LinkUp up;
    esep__v1__link_up__init(&up);
    up.what_case = ESEP__V1__LINK_UP__WHAT_ROSTER;
    up.roster = &roster;
    link_up(play, argument, &up);
}

/* A collector's answer to a connection: as the very bytes, or not at all. */
static void true_reply(struct play *play, uint8_t argument, struct esep_slice bytes)
{
    uint8_t packed[64];
    Esep__V1__To to;
    Esep__V1__Gone gone;
    Esep__V1__LinkUp up;
    esep__v1__to__init(&to);
    esep__v1__gone__init(&gone);
    esep__v1__link_up__init(&up);
    to.conn = gone.conn = argument >> 4;
    up.what_case = bytes.len > 0 ? ESEP__V1__LINK_UP__WHAT_TO : ESEP__V1__LINK_UP__WHAT_CLOSE;
    if (bytes.len > 0)
        up.to = &to;
    else
        up.close = &gone;
    FUZZ_CHECK(esep__v1__link_up__get_packed_size(&up) <= sizeof packed);
    collector(play, argument & 3, esep_slice(packed, esep__v1__link_up__pack(&up, packed)), bytes);
}

/* What ZAP is told of a key goes with what a frame of it would meet. */
static void admits(struct play *play, uint8_t argument)
{
    const uint8_t *key = key_of(argument & 15);
    bool configured = false;
    for (size_t i = 0; i < play->config.collector_key_count; i++)
        configured |= memcmp(play->config.collector_keys[i], key, ESEP_KEY_BYTES) == 0;
    FUZZ_CHECK(broker_admits(play->broker, BROKER_DOMAIN_COLLECTORS, key) == configured);
    const bool in = broker_admits(play->broker, BROKER_DOMAIN_OFFICES, key);
    const Esep__V1__OfficeAdmission admission = admission_of(play, key);
    if (admission == ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_REVOKED || play->drained)
        FUZZ_CHECK(!in);
    /* Before a whole roster nobody can be told apart, though a change of it has listed somebody. */
    if (admission == ESEP__V1__OFFICE_ADMISSION__OFFICE_ADMISSION_UNSPECIFIED && play->roster)
        FUZZ_CHECK(!in || play->config.enrolment);
    FUZZ_CHECK(broker_peek(play->broker) == NULL);
}

static void drain(struct play *play)
{
    broker_drain(play->broker, play->now);
    take(play);
    play->drained = true;
    FUZZ_CHECK(broker_drained(play->broker, play->now + play->config.drain));
}

static void look(const struct play *play)
{
    for (size_t i = 0; i < BROKER_COLLECTORS_MAX; i++) {
        struct broker_collector_info info;
        if (broker_collector_at(play->broker, i, &info))
            FUZZ_CHECK(info.joined || !info.primary);
    }
    FUZZ_CHECK(broker_stranger_count(play->broker) <= play->config.strangers_max);
}

static void step(struct play *play, uint8_t operation, uint8_t argument, struct esep_slice bytes)
{
    switch (operation % 12) {
    case 0:
        office(play, argument, bytes);
        break;
    case 1:
        true_envelope(play, argument, bytes);
        break;
    case 2:
        collector(play, argument, bytes, esep_slice(NULL, 0));
        break;
    case 3: { /* the first byte says where the second part begins */
        const size_t cut = bytes.len > 0 ? bytes.data[0] % bytes.len : 0;
        collector(play, argument, esep_slice(bytes.data, cut),
                  esep_slice(bytes.data + cut, bytes.len - cut));
        break;
    }
    case 4:
        true_join(play, argument);
        break;
    case 5:
        true_roster(play, argument, bytes);
        break;
    case 6:
        play->now += argument * ESEP_SECOND / 20;
        broker_on_time(play->broker, play->now);
        take(play);
        FUZZ_CHECK(broker_deadline(play->broker) > play->now ||
                   broker_drained(play->broker, play->now));
        break;
    case 7:
        play->fail = argument % 3;
        break;
    case 9:
        true_reply(play, argument, bytes);
        break;
    case 10:
        if (argument == 0xdd) /* it ends nearly all: seldom */
            drain(play);
        break;
    case 11:
        admits(play, argument);
        break;
    default:
        play->config.enrolment = (argument & 1) != 0;
        play->config.collector_key_count = 1 + (argument >> 1 & 1);
        FUZZ_CHECK(broker_reconfigure(play->broker, &play->config, NULL) == ESEP_OK);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (!ready) {
        const uint8_t seed[32] = {1};
        FUZZ_CHECK(esep_crypto_init() == ESEP_OK);
        esep_sign_key_from_seed(&log_key, seed);
        ready = true;
    }
    struct play play;
    set_up(&play);
    size_t at = 0;
    while (at + 3 <= size) {
        const size_t left = size - at - 3;
        const size_t len = data[at + 2] < left ? data[at + 2] : left;
        step(&play, data[at], data[at + 1], esep_slice(data + at + 3, len));
        look(&play);
        at += 3 + len;
    }
    broker_free(play.broker);
    return 0;
}
