/* broker/ingress.c - notes of ingress: which hash came, from whose connection, and when.
 *
 * The key is that of the CURVE handshake, the hour the broker's own; the office's number is left
 * out, since only the roster says it, and the commitment that the hash is of names it under the
 * office's signature. Nothing is kept: the note is the office's to keep.
 */
#include "wire/ingress.h"

#include "broker/internal.h"
#include "wire/unpack.h"

#define ASK_BYTES_MAX 64 /* one hash, and what a later version may add */

static bool read_ask(struct broker *b, struct esep_slice body, struct esep_hash *ret)
{
    const ProtobufCMessage *message = NULL;
    esep_arena_reset(&b->arena);
    if (body.len > ASK_BYTES_MAX ||
        esep_unpack(&esep__v1__ask_ingress__descriptor, body, &b->arena, &message) != ESEP_OK) {
        return false;
    }
    const Esep__V1__AskIngress *ask = (const Esep__V1__AskIngress *)message;
    if (ask->content.len != ESEP_HASH_BYTES) {
        return false;
    }
    memcpy(ret->bytes, ask->content.data, ESEP_HASH_BYTES);
    return true;
}

bool broker_ingress_say(struct broker *b, const struct conn *conn,
                        const struct esep_envelope *envelope, esep_time now)
{
    struct esep_ingress note = {.log_id = b->config.log_id, .received_at = now + b->clock_ahead};
    Esep__V1__Ingress message;
    uint8_t body[EFFECT_SCRATCH / 2];
    ESEP_ASSERT(b->clock_told && b->config.signs_ingress);
    if (!read_ask(b, envelope->sealed, &note.content)) {
        return false;
    }
    memcpy(note.office_curve, conn->key, ESEP_KEY_BYTES);
    esep_ingress_sign(&note, &b->config.sign_key);
    esep_ingress_write(&note, &message);
    ESEP_ASSERT(esep__v1__ingress__get_packed_size(&message) <= sizeof body);
    const size_t len = esep__v1__ingress__pack(&message, body);
    Esep__V1__Envelope answer;
    esep__v1__envelope__init(&answer);
    answer.version = ESEP_WIRE_VERSION;
    answer.kind = ESEP__V1__KIND__KIND_INGRESS;
    answer.session = esep_pb(envelope->session.data, envelope->session.len);
    answer.sealed = esep_pb(body, len);
    ESEP_ASSERT(esep__v1__envelope__get_packed_size(&answer) <= EFFECT_SCRATCH);
    struct effect_slot *slot =
        broker_push(b, BROKER_EFFECT_SEND_OFFICE, ROLE_CONTROL, conn->number);
    slot->public.parts[0] =
        esep_slice(slot->scratch, esep__v1__envelope__pack(&answer, slot->scratch));
    slot->public.part_count = 1;
    b->counters[BROKER_INGRESS_NOTES]++;
    return true;
}
