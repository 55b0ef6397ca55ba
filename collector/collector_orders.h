/* collector/collector_orders.h - what the files of orders share: collector_order*.c; nobody else
 * includes it.
 *
 * An order comes over a local socket or signed through a broker; collector_order.c reads it and
 * says the reply, the rest check and log what it asks for. Whatever is refused has a text that says
 * why and what to do next; what is logged is replied to after its commit.
 */
#ifndef COLLECTOR_COLLECTOR_ORDERS_H
#define COLLECTOR_COLLECTOR_ORDERS_H

#include "collector/collector_internal.h"

/* collector_order.c */
void collector_local_order(struct collector *c, uint64_t token, struct esep_slice bytes,
                           esep_time now);
void collector_order_carry_out(struct collector *c, struct collector_asker *asker,
                               const Esep__V1__Order *order, const char *actor, esep_time now);
/* NULL: it cannot be read. It lives in c->arena. */
const Esep__V1__Order *collector_order_unpack(struct collector *c, struct esep_slice bytes);
void collector_on_signed_order(struct collector *c, const struct collector_frame *frame);
void collector_order_reply(struct collector *c, struct collector_asker *asker, bool ok,
                           const char *text, uint64_t index);
void collector_order_send(struct collector *c, struct collector_asker *asker,
                          const Esep__V1__OrderReply *reply);
/* collector_order_account.c: orders of accounts, and about accounts. */
void collector_account_order(struct collector *c, uint64_t token, struct esep_slice bytes,
                             esep_time now);
/* Whether this actor would be read as an account, or as one that stands in for another. */
bool collector_order_says_account(const struct collector *c, const char *actor);
/* collector_order_do.c: what each order asks for, checked and logged. Fills text on refusal. */
struct collector_order_result {
    bool ok;
    bool logged; /* reply after the commit */
    uint64_t index;
    uint32_t roster_office; /* 0: none */
    struct esep_reason text;
    const Esep__V1__OrderReply *reply; /* a listing, at once */
};
void collector_order_do(struct collector *c, const Esep__V1__Order *order, const char *actor,
                        esep_time now, struct collector_order_result *result);
/* collector_order_plan.c, collector_order_account.c; actor is not changed (protobuf-c's fields are
 * not const). */
void collector_order_plan(struct collector *c, const Esep__V1__Order *order, char *actor,
                          esep_time now, struct collector_order_result *result);
void collector_order_review(struct collector *c, const Esep__V1__Order *order, char *actor,
                            esep_time now, struct collector_order_result *result);
void collector_order_extend(struct collector *c, const Esep__V1__Order *order, char *actor,
                            esep_time now, struct collector_order_result *result);
void collector_order_control(struct collector *c, const Esep__V1__Order *order, char *actor,
                             esep_time now, struct collector_order_result *result);
void collector_order_account(struct collector *c, const Esep__V1__Order *order, char *actor,
                             esep_time now, struct collector_order_result *result);
/* collector_order_rights.c */
void collector_order_rights(struct collector *c, const Esep__V1__Order *order, char *actor,
                            esep_time now, struct collector_order_result *result);
/* collector_order_credential.c, and the act that such an order of an account takes. */
void collector_order_credential(struct collector *c, const Esep__V1__Order *order, char *actor,
                                esep_time now, struct collector_order_result *result);
enum collector_act collector_credential_act(const Esep__V1__CredentialOrder *order);
/* A body of any plan. */
bool collector_order_known_body(const struct collector *c, const char *code);
bool collector_order_day(struct collector_order_result *result, const char *name, const char *text,
                         esep_day *ret_day);
void collector_order_deny(struct collector_order_result *result, const char *format, ...)
    ESEP_PRINTF(2, 3);
void collector_order_log(struct collector *c, Esep__V1__LogType type, uint32_t office,
                         const ProtobufCMessage *message, esep_time now,
                         struct collector_order_result *result);

#endif
