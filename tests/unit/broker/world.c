/* tests/unit/broker/world.c - see world.h. */
#include "world.h"

#include "harness.h"
#include "wire/envelope.h"
#include "wire/statement.h"
#include "wire/unpack.h"

#include <stdio.h>

const uint8_t *key_of(unsigned number)
{
    static uint8_t keys[256][ESEP_KEY_BYTES];
    assert_true(number < 256);
    keys[number][0] = (uint8_t)number;
    keys[number][31] = 0x5a;
    return keys[number];
}

void world_init(struct world *w)
{
    assert_int_equal(esep_crypto_init(), ESEP_OK);
    memset(w, 0, sizeof *w);
    uint8_t seed[32] = {7};
    esep_sign_key_from_seed(&w->log_key, seed);
    w->now = 1000 * SECOND;
    struct broker_config *c = &w->config;
    memcpy(c->name, "b1", 3);
    memset(c->log_id.bytes, 0x11, sizeof c->log_id.bytes);
    memcpy(c->log_key, w->log_key.public, sizeof c->log_key);
    memcpy(c->curve_public, key_of(BROKER_KEY), ESEP_KEY_BYTES);
    memcpy(c->collector_keys[0], key_of(COLLECTOR_KEY), ESEP_KEY_BYTES);
    memcpy(c->collector_keys[1], key_of(COLLECTOR_KEY + 1), ESEP_KEY_BYTES);
    c->collector_key_count = 2;
    c->enrolment = true;
    c->signs_ingress = true;
    seed[0] = 8;
    esep_sign_key_from_seed(&c->sign_key, seed);
    c->keys_max = 8;
    c->conns_max = 16;
    c->strangers_max = 2;
    c->conns_per_key_max = 3;
    c->frame_bytes_max = 1000;
    c->frames = (struct broker_rate){10, 5};
    c->bytes = (struct broker_rate){1000, 2000};
    c->refusals = (struct broker_rate){2, 4};
    c->stranger_every = 10 * SECOND;
    c->strangers = (struct broker_rate){1, 3};
    c->ingress_every = 10 * SECOND;
    c->heartbeat = 2 * SECOND;
    c->idle = 60 * SECOND;
    c->wait = 5 * SECOND;
    c->drain = SECOND;
    assert_int_equal(broker_new(&w->broker, c, w->now), ESEP_OK);
    assert_int_equal(esep_arena_init(&w->arena, 1 << 16), ESEP_OK);
}

void world_done(struct world *w)
{
    assert_null(broker_peek(w->broker));
    broker_free(w->broker);
    esep_arena_done(&w->arena);
}

void world_take(struct world *w)
{
    w->out_count = 0;
    esep_arena_reset(&w->arena);
    const struct broker_effect *effect;
    while ((effect = broker_peek(w->broker)) != NULL) {
        assert_true(w->out_count < OUT_MAX);
        struct out *out = &w->out[w->out_count++];
        memset(out, 0, sizeof *out);
        out->kind = effect->kind;
        out->conn = effect->conn;
        if (effect->kind == BROKER_EFFECT_NOTE) {
            out->note = effect->note;
            (void)snprintf(out->text, sizeof out->text, "%s", effect->text);
        }
        out->part_count = effect->part_count;
        for (size_t i = 0; i < effect->part_count; i++) {
            assert_true(effect->parts[i].len <= sizeof out->parts[i]);
            memcpy(out->parts[i], effect->parts[i].data, effect->parts[i].len);
            out->lens[i] = effect->parts[i].len;
            out->borrowed = effect->parts[i].data;
        }
        broker_pop(w->broker);
    }
}

struct esep_slice envelope_of(Esep__V1__Kind kind, size_t body)
{
    static struct esep_buf buf;
    static uint8_t zeroes[4096];
    static uint8_t session[ESEP_SESSION_ID_BYTES] = {9, 9};
    esep_buf_done(&buf);
    esep_buf_init(&buf, 8192);
    const struct esep_envelope envelope = {
        .version = ESEP_WIRE_VERSION,
        .kind = kind,
        .counter = 42,
        .session = esep_slice(session, sizeof session),
    };
    assert_int_equal(esep_envelope_write_head(&envelope, body, &buf), ESEP_OK);
    assert_int_equal(esep_buf_put(&buf, zeroes, body), ESEP_OK);
    return esep_buf_slice(&buf);
}

void office_sends_bytes(struct world *w, uint64_t conn, unsigned key, struct esep_slice frame)
{
    broker_on_clock(w->broker, w->ahead);
    broker_on_office_frame(w->broker, conn, key_of(key), frame, w->now);
    world_take(w);
}

void office_sends(struct world *w, uint64_t conn, unsigned key, Esep__V1__Kind kind)
{
    office_sends_bytes(w, conn, key, envelope_of(kind, 20));
}

void link_sends(struct world *w, uint64_t conn, unsigned key, const Esep__V1__LinkUp *up,
                const struct esep_slice *envelope)
{
    struct esep_buf buf;
    esep_buf_init(&buf, 1 << 16);
    assert_int_equal(esep_pack(&up->base, &buf), ESEP_OK);
    struct esep_slice parts[2] = {esep_buf_slice(&buf)};
    if (envelope != NULL) {
        parts[1] = *envelope;
    }
    broker_on_collector_frame(w->broker, conn, key_of(key), parts, envelope != NULL ? 2 : 1,
                              w->now);
    world_take(w);
    esep_buf_done(&buf);
}

void link_beats(struct world *w, uint64_t conn, unsigned key, bool draining)
{
    Esep__V1__Beat beat;
    esep__v1__beat__init(&beat);
    beat.draining = draining;
    Esep__V1__LinkUp up;
    esep__v1__link_up__init(&up);
    up.what_case = ESEP__V1__LINK_UP__WHAT_BEAT;
    up.beat = &beat;
    link_sends(w, conn, key, &up, NULL);
}

void link_challenged(struct world *w, uint64_t conn, unsigned key)
{
    link_beats(w, conn, key, false);
    assert_int_equal(w->out_count, 1);
    assert_int_equal(w->out[0].conn, conn);
    const Esep__V1__LinkDown *down = down_at(w, 0);
    assert_int_equal(down->what_case, ESEP__V1__LINK_DOWN__WHAT_CHALLENGE);
    assert_string_equal(down->challenge->broker, "b1");
    assert_int_equal(down->challenge->nonce.len, 32);
    memcpy(w->nonce, down->challenge->nonce.data, 32);
}

void link_joins(struct world *w, uint64_t conn, unsigned key, unsigned engine)
{
    uint8_t engine_id[16] = {(uint8_t)engine};
    uint8_t signature[ESEP_SIGNATURE_BYTES];
    const struct esep_hash said =
        esep_join_statement(w->nonce, &w->config.log_id, engine_id, key_of(BROKER_KEY));
    esep_sign(&w->log_key, esep_slice(said.bytes, sizeof said.bytes), signature);
    char name[] = "c1";
    Esep__V1__Join join;
    esep__v1__join__init(&join);
    join.log_id = esep_pb(w->config.log_id.bytes, ESEP_HASH_BYTES);
    join.log_key = esep_pb(w->log_key.public, ESEP_KEY_BYTES);
    join.engine_id = esep_pb(engine_id, sizeof engine_id);
    join.signature = esep_pb(signature, sizeof signature);
    join.name = name;
    struct esep_log_links links = {.count = 0};
    if (w->keys.count > 0)
        esep_log_links(&w->keys, 1, &links);
    join.log_keys = links.places;
    join.n_log_keys = links.count;
    Esep__V1__LinkUp up;
    esep__v1__link_up__init(&up);
    up.what_case = ESEP__V1__LINK_UP__WHAT_JOIN;
    up.join = &join;
    link_sends(w, conn, key, &up, NULL);
}

void link_roster(struct world *w, uint64_t conn, unsigned key, uint64_t version, bool whole,
                 bool last, const struct seat *seats, size_t count)
{
    Esep__V1__RosterEntry entries[32];
    Esep__V1__RosterEntry *pointers[32];
    char body[] = "moj";
    assert_true(count <= 32);
    for (size_t i = 0; i < count; i++) {
        esep__v1__roster_entry__init(&entries[i]);
        entries[i].curve_key = esep_pb(key_of(seats[i].key), ESEP_KEY_BYTES);
        entries[i].office = seats[i].office;
        entries[i].admission = seats[i].admission;
        entries[i].body = body;
        pointers[i] = &entries[i];
    }
    Esep__V1__Roster roster;
    esep__v1__roster__init(&roster);
    roster.version = version;
    roster.whole = whole;
    roster.last = last;
    roster.n_entries = count;
    roster.entries = pointers;
    Esep__V1__LinkUp up;
    esep__v1__link_up__init(&up);
    up.what_case = ESEP__V1__LINK_UP__WHAT_ROSTER;
    up.roster = &roster;
    link_sends(w, conn, key, &up, NULL);
}

void link_up(struct world *w, uint64_t conn, unsigned key, unsigned engine,
             const struct seat *seats, size_t count)
{
    link_challenged(w, conn, key);
    link_joins(w, conn, key, engine);
    assert_int_equal(down_at(w, 0)->what_case, ESEP__V1__LINK_DOWN__WHAT_JOINED);
    assert_int_equal(down_at(w, 0)->joined->heartbeat_ms, 2000);
    link_roster(w, conn, key, 1, true, true, seats, count);
}

void link_up_with_all(struct world *w)
{
    static const struct seat seats[] = {
        {1, 11, ACTIVE}, {2, 12, PENDING}, {3, 13, REVOKED}, {4, 0, OPERATOR}};
    link_up(w, LINK, COLLECTOR_KEY, 1, seats, sizeof seats / sizeof seats[0]);
}

void world_up(struct world *w)
{
    world_init(w);
    link_up_with_all(w);
}

void link_replies(struct world *w, uint64_t conn, unsigned key, uint64_t to,
                  struct esep_slice envelope)
{
    Esep__V1__To target;
    esep__v1__to__init(&target);
    target.conn = to;
    Esep__V1__LinkUp up;
    esep__v1__link_up__init(&up);
    up.what_case = ESEP__V1__LINK_UP__WHAT_TO;
    up.to = &target;
    link_sends(w, conn, key, &up, &envelope);
}

const Esep__V1__LinkDown *down_at(struct world *w, size_t i)
{
    assert_true(i < w->out_count);
    assert_int_equal(w->out[i].kind, BROKER_EFFECT_SEND_COLLECTOR);
    const ProtobufCMessage *message = NULL;
    assert_int_equal(esep_unpack(&esep__v1__link_down__descriptor,
                                 esep_slice(w->out[i].parts[0], w->out[i].lens[0]), &w->arena,
                                 &message),
                     ESEP_OK);
    return (const Esep__V1__LinkDown *)message;
}

const Esep__V1__Refusal *refusal_at(struct world *w, size_t i)
{
    assert_true(i < w->out_count);
    assert_int_equal(w->out[i].kind, BROKER_EFFECT_SEND_OFFICE);
    struct esep_envelope envelope;
    assert_int_equal(
        esep_envelope_read(esep_slice(w->out[i].parts[0], w->out[i].lens[0]), &envelope, NULL),
        ESEP_OK);
    assert_int_equal(envelope.kind, KIND(REFUSAL));
    const ProtobufCMessage *message = NULL;
    assert_int_equal(
        esep_unpack(&esep__v1__refusal__descriptor, envelope.sealed, &w->arena, &message), ESEP_OK);
    const Esep__V1__Refusal *refusal = (const Esep__V1__Refusal *)message;
    assert_int_equal(refusal->signature.len, 0);
    return refusal;
}

const Esep__V1__Refusal *refused(struct world *w, uint64_t conn, Esep__V1__RefusalReason reason)
{
    assert_int_equal(w->out_count, 1);
    assert_int_equal(w->out[0].conn, conn);
    const Esep__V1__Refusal *refusal = refusal_at(w, 0);
    assert_int_equal(refusal->reason, reason);
    assert_true(refusal->text[0] != '\0');
    return refusal;
}

void forwarded(struct world *w, uint64_t link, uint64_t conn, unsigned key, uint32_t office)
{
    assert_int_equal(w->out_count, 1);
    assert_int_equal(w->out[0].conn, link);
    assert_int_equal(w->out[0].part_count, 2);
    const Esep__V1__LinkDown *down = down_at(w, 0);
    assert_int_equal(down->what_case, ESEP__V1__LINK_DOWN__WHAT_FROM);
    assert_int_equal(down->from->conn, conn);
    assert_int_equal(down->from->office, office);
    assert_int_equal(down->from->curve_key.len, ESEP_KEY_BYTES);
    assert_memory_equal(down->from->curve_key.data, key_of(key), ESEP_KEY_BYTES);
}

void noted(const struct world *w, enum broker_note note)
{
    for (size_t i = 0; i < w->out_count; i++) {
        if (w->out[i].kind == BROKER_EFFECT_NOTE && w->out[i].note == note) {
            assert_true(w->out[i].text[0] != '\0');
            return;
        }
    }
    fail_msg("note %d is not among the effects", (int)note);
}
