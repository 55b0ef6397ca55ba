/* broker/operator.h - an operator's order, carried to the collector and answered.
 *
 * Two ways. Through a broker (the operator's config): the order is signed by the operator's key
 * over its bytes and the log id, sealed to the collector's key, and sent as one KIND_ORDER; the
 * broker learns that an operator ordered something, and no more. Or over the local socket of
 * ingest (`--control`), where whoever may open the socket may order, unsigned.
 *
 * It is sent once. Where no answer comes, nobody can say whether it was carried out, and the
 * reason says so: sending it again would be refused for its nonce, and a new order is another one.
 * Only a broker's WAIT or LIMIT, which says that it went nowhere, is followed by another try.
 */
#ifndef BROKER_OPERATOR_H
#define BROKER_OPERATOR_H

#include "base/arena.h"
#include "base/time.h"
#include "esep/v1/wire.pb-c.h"
#include "io/keyfile.h"

#include <stdio.h>

#define OPERATOR_BROKERS_MAX 8
struct operator_settings {
    char name[64];
    char keys[256];
    char clock[64];
    uint8_t log_id[ESEP_HASH_BYTES];
    uint8_t log_key[ESEP_KEY_BYTES];
    uint8_t seal_key[ESEP_KEY_BYTES];
    int64_t timeout;
    const struct esep_yaml_node *brokers_node;
    size_t broker_count;
    struct {
        char address[256];
        uint8_t key[ESEP_KEY_BYTES];
    } brokers[OPERATOR_BROKERS_MAX];
};
ESEP_MUST_USE enum esep_status
operator_settings_read(const char *file, struct operator_settings *ret, struct esep_reason *reason);
void operator_settings_help(FILE *out);

struct operator_way {
    const char *control;                      /* the local socket; NULL: through a broker */
    const struct operator_settings *settings; /* through a broker */
    struct esep_sign_key sign;
    struct esep_curve_key curve;
};
/* Fills in nonce, hour (now) and actor of the order, sends it, and unpacks the reply into arena. */
ESEP_MUST_USE enum esep_status operator_order(const struct operator_way *way,
                                              Esep__V1__Order *order, esep_time now,
                                              struct esep_arena *arena,
                                              const Esep__V1__OrderReply **ret_reply,
                                              struct esep_reason *reason);

#endif
