/* lib/wire/ingress.c - see ingress.h. */
#include "wire/ingress.h"

#include "wire/unpack.h"

#define TAG_BYTES 16u
#define HOUR_MAX INT64_C(253402300799000000) /* the last second of the year 9999 */

static const uint8_t tag[TAG_BYTES] = "esep/ingress/v1";

enum { AT_LOG = 16, AT_BROKER = 48, AT_OFFICE = 80, AT_CONTENT = 112, AT_HOUR = 144 };

void esep_ingress_pack(const struct esep_ingress *note, uint8_t out[ESEP_SIGNED_INGRESS_BYTES])
{
    memcpy(out, tag, sizeof tag);
    memcpy(out + AT_LOG, note->log_id.bytes, ESEP_HASH_BYTES);
    memcpy(out + AT_BROKER, note->broker_key, ESEP_KEY_BYTES);
    memcpy(out + AT_OFFICE, note->office_curve, ESEP_KEY_BYTES);
    memcpy(out + AT_CONTENT, note->content.bytes, ESEP_HASH_BYTES);
    esep_be64_put(out + AT_HOUR, (uint64_t)note->received_at);
    memcpy(out + ESEP_INGRESS_BYTES, note->signature, ESEP_SIGNATURE_BYTES);
}

enum esep_status esep_ingress_unpack(struct esep_slice bytes, struct esep_ingress *ret)
{
    if (bytes.len != ESEP_SIGNED_INGRESS_BYTES || memcmp(bytes.data, tag, sizeof tag) != 0)
        return ESEP_INVALID;
    memcpy(ret->log_id.bytes, bytes.data + AT_LOG, ESEP_HASH_BYTES);
    memcpy(ret->broker_key, bytes.data + AT_BROKER, ESEP_KEY_BYTES);
    memcpy(ret->office_curve, bytes.data + AT_OFFICE, ESEP_KEY_BYTES);
    memcpy(ret->content.bytes, bytes.data + AT_CONTENT, ESEP_HASH_BYTES);
    ret->received_at = (esep_time)esep_be64(bytes.data + AT_HOUR);
    memcpy(ret->signature, bytes.data + ESEP_INGRESS_BYTES, ESEP_SIGNATURE_BYTES);
    return ESEP_OK;
}

void esep_ingress_sign(struct esep_ingress *note, const struct esep_sign_key *broker)
{
    uint8_t bytes[ESEP_SIGNED_INGRESS_BYTES];
    memcpy(note->broker_key, broker->public, ESEP_KEY_BYTES);
    esep_ingress_pack(note, bytes);
    esep_sign(broker, esep_slice(bytes, ESEP_INGRESS_BYTES), note->signature);
}

bool esep_ingress_verify(const struct esep_ingress *note)
{
    uint8_t bytes[ESEP_SIGNED_INGRESS_BYTES];
    esep_ingress_pack(note, bytes);
    return esep_verify(note->broker_key, esep_slice(bytes, ESEP_INGRESS_BYTES), note->signature);
}

enum esep_status esep_ingress_read(const Esep__V1__Ingress *message, struct esep_ingress *note)
{
    if (message == NULL || message->content.len != ESEP_HASH_BYTES ||
        message->broker_key.len != ESEP_KEY_BYTES ||
        message->signature.len != ESEP_SIGNATURE_BYTES || message->received_at_us < 0 ||
        message->received_at_us > HOUR_MAX)
        return ESEP_INVALID;
    memcpy(note->content.bytes, message->content.data, ESEP_HASH_BYTES);
    memcpy(note->broker_key, message->broker_key.data, ESEP_KEY_BYTES);
    memcpy(note->signature, message->signature.data, ESEP_SIGNATURE_BYTES);
    note->received_at = message->received_at_us;
    return ESEP_OK;
}

void esep_ingress_write(const struct esep_ingress *note, Esep__V1__Ingress *ret_message)
{
    esep__v1__ingress__init(ret_message);
    ret_message->content = esep_pb(note->content.bytes, ESEP_HASH_BYTES);
    ret_message->received_at_us = note->received_at;
    ret_message->broker_key = esep_pb(note->broker_key, ESEP_KEY_BYTES);
    ret_message->signature = esep_pb(note->signature, ESEP_SIGNATURE_BYTES);
}
