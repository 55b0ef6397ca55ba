/* collector/web/web_orders.c - decisions: a review, an extension, a control, sent to ingest.
 *
 * The page decides nothing. It checks the form of what it was sent and the account's right, since
 * it can say so at once, and passes an order in the account's name over the accounts' socket;
 * ingest checks again, and what it logs is the decision. Its answer is the request's. While ingest
 * is away nothing is decided, and that is said.
 *
 * A write carries an Idempotency-Key. The same key from the same account gets the first answer
 * again, so that a request whose answer was lost can be repeated; while the first is under way it
 * gets 409, so that two clicks are one decision; and 422 where it says something else than the
 * first did. The last few hundred answers are
 * kept, in memory: after a start of this process a repeat is a new order, which ingest refuses
 * where the report is no longer waiting for it.
 */
#include "base/arena.h"
#include "collector/web/web_order.h"
#include "collector/web/worker.h"
#include "io/control.h"
#include "io/keyfile.h"
#include "io/log.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>

enum { ANSWERS = 512, KEY_MAX = 64, ORDER_WAIT_MS = 15000, ORDER_BYTES = 16384 };

struct answer {
    struct esep_hash key, wanted;
    unsigned status; /* 0: none */
    char *body;
};
struct web_orders {
    struct web_worker *worker;
    struct web_order *under_way;
    size_t next;
    struct answer answers[ANSWERS];
};

enum esep_status web_orders_new(struct web_orders **ret, struct web *web,
                                struct esep_reason *reason)
{
    struct web_orders *orders = calloc(1, sizeof *orders);
    if (orders == NULL)
        return esep_because(reason, ESEP_NOMEM, "no memory for orders");
    const enum esep_status status = web_worker_new(&orders->worker, web->loop, reason);
    if (status != ESEP_OK) {
        free(orders);
        return status;
    }
    *ret = orders;
    return ESEP_OK;
}

void web_orders_free(struct web_orders *orders)
{
    if (orders == NULL)
        return;
    web_worker_free(orders->worker);
    for (size_t i = 0; i < ANSWERS; i++)
        free(orders->answers[i].body);
    free(orders);
}

static void order_free(struct web_order *order)
{
    json_decref(order->said);
    esep_wipe(order->secret, sizeof order->secret);
    free(order);
}

/* Copies: the order stays as it was made. */
struct messages {
    Esep__V1__ReviewOrder review;
    Esep__V1__ExtendOrder extend;
    Esep__V1__ControlOrder control;
    Esep__V1__AccountOrder account;
    Esep__V1__CredentialOrder credential;
};

static void fill(Esep__V1__Order *out, const struct web_order *order,
                 const struct web_order_item *item, struct messages *messages)
{
    *messages = (struct messages){order->review, order->extend, order->subject, order->account,
                                  order->credential};
    out->what_case = order->what;
    if (order->what == ESEP__V1__ORDER__WHAT_REVIEW) {
        messages->review.report_index = item->report_index;
        out->review = &messages->review;
    } else if (order->what == ESEP__V1__ORDER__WHAT_EXTEND) {
        out->extend = &messages->extend;
    } else if (order->what == ESEP__V1__ORDER__WHAT_CONTROL) {
        out->control = &messages->control;
    } else if (order->what == ESEP__V1__ORDER__WHAT_CREDENTIAL) {
        out->credential = &messages->credential;
    } else {
        ESEP_ASSERT(order->what == ESEP__V1__ORDER__WHAT_ACCOUNT);
        out->account = &messages->account;
    }
}

/* In the thread. */
static void exchange(const struct web_order *order, struct web_order_item *item)
{
    uint8_t nonce[16];
    struct esep_arena arena = {0};
    struct esep_buf request;
    struct esep_buf reply;
    const ProtobufCMessage *message = NULL;
    Esep__V1__Order out = ESEP__V1__ORDER__INIT;
    struct messages messages;
    char actor[WEB_ACCOUNT_MAX];

    esep_random(nonce, sizeof nonce);
    memcpy(actor, order->actor, sizeof actor);
    out.nonce = esep_pb(nonce, sizeof nonce);
    out.actor = actor;
    fill(&out, order, item, &messages);
    esep_buf_init(&request, ORDER_BYTES);
    esep_buf_init(&reply, ORDER_BYTES);
    item->status = esep_pack(&out.base, &request);
    if (item->status == ESEP_OK)
        item->status = esep_control_call(order->control, esep_buf_slice(&request), ORDER_WAIT_MS,
                                         &reply, &item->text);
    if (item->status == ESEP_OK)
        item->status = esep_arena_init(&arena, (size_t)4 * ORDER_BYTES);
    if (item->status == ESEP_OK)
        item->status = esep_unpack(&esep__v1__order_reply__descriptor, esep_buf_slice(&reply),
                                   &arena, &message);
    if (item->status == ESEP_OK) {
        const Esep__V1__OrderReply *said = (const Esep__V1__OrderReply *)message;
        item->ok = said->ok != 0;
        item->denied = said->denied != 0;
        item->log_index = said->log_index;
        (void)snprintf(item->text.text, sizeof item->text.text, "%s", said->text);
    }
    esep_arena_done(&arena);
    esep_buf_done(&request);
    esep_buf_done(&reply);
}

static void work(void *context)
{
    struct web_order *order = context;
    for (size_t i = 0; i < order->count; i++)
        exchange(order, &order->items[i]);
}

static unsigned item_status(const struct web_order_item *item)
{
    if (item->status == ESEP_AGAIN)
        return 503;
    if (item->status != ESEP_OK)
        return 502;
    return item->ok ? 200 : item->denied ? 403 : 422;
}

static json_t *item_json(const struct web_order *order, const struct web_order_item *item)
{
    json_t *value = json_pack("{s:b, s:s, s:i}", "ok", (int)item->ok, "text", item->text.text,
                              "status", (int)item_status(item));
    if (item->ok)
        (void)json_object_set_new(value, "log_index", json_integer((json_int_t)item->log_index));
    if (order->what == ESEP__V1__ORDER__WHAT_REVIEW)
        (void)json_object_set_new(value, "report_index",
                                  json_integer((json_int_t)item->report_index));
    return value;
}

/* What is certain is kept for a repeat; what ingest did not answer may be tried again. */
static void keep_answer(struct web_orders *orders, const struct web_order *order, unsigned status,
                        const char *body)
{
    struct answer *answer = &orders->answers[orders->next++ % ANSWERS];
    free(answer->body);
    answer->key = order->key;
    answer->wanted = order->wanted;
    answer->body = strdup(body);
    answer->status = answer->body != NULL ? status : 0;
}

static void land(struct web_order *order)
{
    struct web_order **at = &order->web->orders->under_way;
    while (*at != order)
        at = &(*at)->next;
    *at = order->next;
}

/* What the request is answered with. certain: ingest answered each item. */
static json_t *order_json(const struct web_order *order, bool *ret_certain)
{
    *ret_certain = true;
    for (size_t i = 0; i < order->count; i++)
        *ret_certain = *ret_certain && order->items[i].status == ESEP_OK;
    if (!order->bulk)
        return item_json(order, &order->items[0]);
    json_t *results = json_array();
    for (size_t i = 0; i < order->count; i++)
        (void)json_array_append_new(results, item_json(order, &order->items[i]));
    return json_pack("{s:o}", "results", results);
}

bool web_order_logged(const struct web_order *order, bool worked)
{
    const struct web_order_item *item = &order->items[0];
    const unsigned status = worked ? item_status(item) : 503;
    if (status == 200)
        return true;
    web_problem(order->web, order->request, status,
                worked ? item->text.text : "the page is busy, or ending: try again");
    return false;
}

static void answer(struct web_order *order, bool worked)
{
    const struct esep_http_field type = {"Content-Type", "application/json"};
    const struct web_order_item *first = &order->items[0];
    const unsigned status = order->bulk ? 200 : item_status(first);
    bool certain = false;
    json_t *value = order_json(order, &certain);
    char *body = worked && value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    if (body == NULL) {
        web_problem(order->web, order->request, 503, "the page is ending: try again");
    } else if (status != 200) {
        web_problem(order->web, order->request, status, first->text.text);
    } else {
        web_answer(order->web, order->request, status, &type, 1, esep_slice_str(body));
        if (certain)
            keep_answer(order->web->orders, order, status, body);
    }
    free(body);
}

static void done(void *context, bool worked)
{
    struct web_order *order = context;
    land(order);
    if (worked && (order->bulk || order->items[0].ok))
        web_follow(order->web);
    if (order->settle != NULL)
        order->settle(order, worked);
    else
        answer(order, worked);
    order_free(order);
}

static const struct answer *answer_before(const struct web_orders *orders,
                                          const struct esep_hash *key)
{
    for (size_t i = 0; i < ANSWERS; i++) {
        if (orders->answers[i].status != 0 && esep_hash_equal(&orders->answers[i].key, key))
            return &orders->answers[i];
    }
    return NULL;
}

static bool is_under_way(const struct web_orders *orders, const struct esep_hash *key)
{
    for (const struct web_order *o = orders->under_way; o != NULL; o = o->next) {
        if (esep_hash_equal(&o->key, key))
            return true;
    }
    return false;
}

bool web_order_key(const struct web_call *call, bool required, struct esep_hash *ret_key,
                   struct esep_hash *ret_wanted)
{
    const char *key = esep_http_header(call->request, "Idempotency-Key");
    static const char between = '\n';

    *ret_wanted = esep_sha256(esep_http_body(call->request));
    if (key == NULL && !required) {
        *ret_key = (struct esep_hash){{0}};
        return true;
    }
    if (key == NULL || key[0] == '\0' || strlen(key) > KEY_MAX) {
        web_problem(call->web, call->request, 400,
                    "a write carries an Idempotency-Key of 1 to 64 letters of the caller's own");
        return false;
    }
    const struct esep_slice parts[] = {
        esep_slice_str(call->session->account), esep_slice(&between, 1), esep_slice_str(key),
        esep_slice(&between, 1), esep_slice_str(esep_http_path(call->request))};
    *ret_key = esep_sha256_parts(parts, sizeof parts / sizeof parts[0]);
    return true;
}

void web_order_other(const struct web_call *call)
{
    web_problem(call->web, call->request, 422,
                "this Idempotency-Key was another request's: each new one takes a key of its own");
}

/* Whether it is a new one; false: answered. */
static bool is_new(const struct web_call *call, const struct esep_hash *key,
                   const struct esep_hash *wanted)
{
    const struct esep_http_field type = {"Content-Type", "application/json"};
    const struct answer *before = answer_before(call->web->orders, key);
    if (before != NULL && !esep_hash_equal(&before->wanted, wanted))
        web_order_other(call);
    else if (before != NULL)
        web_answer(call->web, call->request, before->status, &type, 1,
                   esep_slice_str(before->body));
    else if (is_under_way(call->web->orders, key))
        web_problem(call->web, call->request, 409,
                    "a request of this key is under way: ask again for its answer");
    else
        return true;
    return false;
}

void web_order_pass_on(struct web_order *order)
{
    struct web *web = order->web;
    const enum esep_status status =
        web_worker_ask(web->orders->worker, &(struct web_job){work, done, order});
    if (status == ESEP_OK) {
        order->next = web->orders->under_way;
        web->orders->under_way = order;
        return;
    }
    if (order->settle != NULL)
        order->settle(order, false);
    else
        web_problem(web, order->request, 503, "many decisions wait just now: try again");
    order_free(order);
}

struct web_order *web_order_new(struct web *web, struct esep_http_request *request,
                                const char *actor, Esep__V1__Order__WhatCase what)
{
    if (web->settings->web_control[0] == '\0') {
        web_problem(web, request, 503, "web.control is not configured: this page only shows");
        return NULL;
    }
    struct web_order *order = calloc(1, sizeof *order);
    if (order == NULL) {
        web_problem(web, request, 500, "no memory");
        return NULL;
    }
    *order = (struct web_order){.web = web, .request = request, .what = what, .count = 1};
    (void)snprintf(order->control, sizeof order->control, "%s", web->settings->web_control);
    (void)snprintf(order->actor, sizeof order->actor, "%s", actor);
    esep__v1__review_order__init(&order->review);
    esep__v1__extend_order__init(&order->extend);
    esep__v1__control_order__init(&order->subject);
    esep__v1__account_order__init(&order->account);
    esep__v1__credential_order__init(&order->credential);
    return order;
}

struct web_order *web_order_begin(const struct web_call *call, Esep__V1__Order__WhatCase what)
{
    struct esep_hash key;
    struct esep_hash wanted;
    struct web_order *order = web_order_new(call->web, call->request, call->session->account, what);

    if (order == NULL)
        return NULL;
    if (!web_order_key(call, true, &key, &wanted) || !is_new(call, &key, &wanted)) {
        order_free(order);
        return NULL;
    }
    order->key = key;
    order->wanted = wanted;
    order->said = esep_http_body_object(call->request);
    return order;
}

void web_order_bad(const struct web_call *call, struct web_order *order, const char *form)
{
    web_problem(call->web, call->request, 400, form);
    order_free(order);
}
