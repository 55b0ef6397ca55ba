/* collector/collector_order.c - who may order, how often, and the reply.
 *
 * Over the local socket the file system vouches for who asks; orders of accounts come over another
 * one (collector_order_account.c). Through a broker an operator's key
 * signs the order's bytes and the log id; the order carries a nonce and its hour. Five minutes
 * either way, not from before this process began, and no nonce twice: so a broker can neither
 * repeat an order later nor keep one back for long.
 *
 * What an order does is decided in collector_order_do.c. Its reply waits for the commit.
 */
#include "collector/collector_orders.h"

#define ACTOR_BYTES_MAX 64u

void collector_order_send(struct collector *c, struct collector_asker *asker,
                          const Esep__V1__OrderReply *reply)
{
    struct esep_slice packed = collector_pack(c, &reply->base);
    if (asker->local)
        collector_out_reply(c, asker->token, packed);
    else
        collector_out_to_conn(c, asker->route.link, asker->route.conn, &asker->seal,
                              ESEP__V1__KIND__KIND_ORDER_REPLY, true, packed);
}

void collector_order_reply(struct collector *c, struct collector_asker *asker, bool ok,
                           const char *text, uint64_t index)
{
    char copy[sizeof((struct esep_reason *)0)->text];
    size_t len = strnlen(text, sizeof copy - 1);
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (!esep_utf8_valid(esep_slice(copy, len))) {
        for (char *at = copy; *at != '\0'; at++) /* what it quotes was cut within a letter */
            *at = (unsigned char)*at < 0x80 ? *at : '?';
    }
    Esep__V1__OrderReply reply = ESEP__V1__ORDER_REPLY__INIT;
    reply.ok = ok;
    reply.text = copy;
    reply.log_index = index;
    collector_order_send(c, asker, &reply);
}

static bool writes(const Esep__V1__Order *order)
{
    return order->what_case != ESEP__V1__ORDER__WHAT_LIST;
}

void collector_order_carry_out(struct collector *c, struct collector_asker *asker,
                               const Esep__V1__Order *order, const char *actor, esep_time now)
{
    struct collector_order_result result = {0};
    collector_count(c, COLLECTOR_ORDERS, 1);
    if (writes(order) && c->full)
        collector_order_deny(&result, "the store is full: make room, then order again");
    else if (writes(order) && c->draining)
        collector_order_deny(&result, "the collector is stopping: order again when it is back");
    else if (!collector_after_room(c, 2))
        collector_order_deny(&result, "busy: order again");
    else
        collector_order_do(c, order, actor, now, &result);
    if (c->ended != ESEP_OK)
        return; /* the asker's time runs out; nothing was done */
    if (result.reply != NULL) {
        collector_order_send(c, asker, result.reply);
        return;
    }
    if (!result.logged) {
        collector_order_reply(c, asker, result.ok, result.text.text, 0);
        return;
    }
    c->alerts_at = now;
    if (result.roster_office != 0) {
        struct collector_after *roster = collector_after_add(c, c->serial, COLLECTOR_AFTER_ROSTER);
        roster->office = result.roster_office;
        roster->index = (uint64_t)views_office(c->views, result.roster_office)->state;
    }
    struct collector_after *after = collector_after_add(c, c->serial, COLLECTOR_AFTER_ORDER);
    after->asker = *asker;
    after->index = result.index;
}

const Esep__V1__Order *collector_order_unpack(struct collector *c, struct esep_slice bytes)
{
    const ProtobufCMessage *message = NULL;
    if (esep_unpack(&esep__v1__order__descriptor, bytes, &c->arena, &message) != ESEP_OK)
        return NULL;
    return (const Esep__V1__Order *)message;
}

void collector_local_order(struct collector *c, uint64_t token, struct esep_slice bytes,
                           esep_time now)
{
    struct collector_asker asker = {.local = true, .token = token};
    esep_arena_reset(&c->arena);
    const Esep__V1__Order *order = collector_order_unpack(c, bytes);
    if (order == NULL) {
        collector_order_reply(c, &asker, false, "the order cannot be read", 0);
        return;
    }
    const char *actor = order->actor[0] != '\0' ? order->actor : "local";
    if (strlen(actor) > ACTOR_BYTES_MAX)
        collector_order_reply(c, &asker, false, "the actor's name is longer than 64 bytes", 0);
    else if (collector_order_says_account(c, actor))
        collector_order_reply(
            c, &asker, false,
            "the actor is the name of an account: over this socket say which user "
            "orders",
            0);
    else
        collector_order_carry_out(c, &asker, order, actor, now);
}

static const struct collector_operator *find_operator(const struct collector *c,
                                                      const Esep__V1__SignedOrder *signed_order)
{
    if (signed_order->operator_key.len != ESEP_KEY_BYTES)
        return NULL;
    for (size_t i = 0; i < c->config.operator_count; i++) {
        const struct collector_operator *op = &c->config.operators[i];
        if (memcmp(op->sign_key, signed_order->operator_key.data, ESEP_KEY_BYTES) == 0)
            return op;
    }
    return NULL;
}

/* NULL: this order may be carried out, and its nonce is taken. Else why not. */
static const char *stale(struct collector *c, const Esep__V1__Order *order, esep_time now)
{
    esep_time issued = order->issued_at_us;
    struct collector_nonce *free_slot = NULL;
    if (order->nonce.len != sizeof c->nonces[0].bytes)
        return "the order has no nonce of 16 bytes";
    if (issued < now - COLLECTOR_ORDER_WINDOW || issued > now + COLLECTOR_ORDER_WINDOW)
        return "the order's hour is more than five minutes from the collector's: check both clocks "
               "and order again";
    if (issued < c->started_at)
        return "the order is older than this run of the collector: order again";
    for (size_t i = 0; i < COLLECTOR_NONCES_MAX; i++) {
        struct collector_nonce *slot = &c->nonces[i];
        bool lives = slot->until != 0 && now <= slot->until;
        if (lives && memcmp(slot->bytes, order->nonce.data, sizeof slot->bytes) == 0)
            return "this order was seen before: it is carried out once";
        if (!lives && free_slot == NULL)
            free_slot = slot;
    }
    if (free_slot == NULL)
        return "too many orders in five minutes: wait and order again";
    memcpy(free_slot->bytes, order->nonce.data, sizeof free_slot->bytes);
    free_slot->until = issued + COLLECTOR_ORDER_WINDOW;
    return NULL;
}

struct ordered {
    const Esep__V1__SignedOrder *message;
    const struct collector_operator *by;
    const Esep__V1__Order *order;
};

/* Fills ret; else why not. Until the signature holds nothing is answered under seal. */
static const char *authentic(struct collector *c, const struct collector_frame *frame,
                             struct esep_session *seal, struct ordered *ret)
{
    const ProtobufCMessage *message = NULL;
    if (esep_session_accept(seal, &frame->envelope, &c->config.seal_key, &c->config.log_id) !=
            ESEP_OK ||
        esep_session_open(seal, &frame->envelope, &c->plain) != ESEP_OK ||
        esep_unpack(&esep__v1__signed_order__descriptor, esep_buf_slice(&c->plain), &c->arena,
                    &message) != ESEP_OK)
        return "ORDER does not open, is malformed or is for another log";
    ret->message = (const Esep__V1__SignedOrder *)message;
    ret->by = find_operator(c, ret->message);
    if (ret->by == NULL)
        return "this operator key is not in the collector's config";
    if (memcmp(frame->curve_key, ret->by->curve_key, ESEP_KEY_BYTES) != 0)
        return "the connection's key is not this operator's";
    struct esep_hash statement =
        esep_order_statement(&c->config.log_id, esep_slice_pb(ret->message->order));
    if (ret->message->signature.len != ESEP_SIGNATURE_BYTES ||
        !esep_verify(ret->by->sign_key, esep_slice(statement.bytes, sizeof statement.bytes),
                     ret->message->signature.data)) {
        collector_count(c, COLLECTOR_BAD_SIGNATURES, 1);
        return "the order is not signed by this operator's key";
    }
    ret->order = collector_order_unpack(c, esep_slice_pb(ret->message->order));
    return ret->order != NULL ? NULL : "the order cannot be read";
}

void collector_on_signed_order(struct collector *c, const struct collector_frame *frame)
{
    struct collector_asker asker = {.route = frame->route};
    struct ordered ordered = {0};
    const char *why = authentic(c, frame, &asker.seal, &ordered);
    if (why != NULL) {
        collector_refuse_frame(c, frame, ESEP__V1__REFUSAL_REASON__REFUSAL_REASON_DENIED, why);
    } else {
        why = stale(c, ordered.order, frame->now);
        if (why != NULL)
            collector_order_reply(c, &asker, false, why, 0);
        else if (collector_order_says_account(c, ordered.by->name))
            collector_order_reply(c, &asker, false,
                                  "this operator is called as an account is: give him another name "
                                  "in the collector's config",
                                  0);
        else
            collector_order_carry_out(c, &asker, ordered.order, ordered.by->name, frame->now);
    }
    esep_session_done(&asker.seal);
}
