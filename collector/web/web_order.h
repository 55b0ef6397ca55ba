/* collector/web/web_order.h - one order on its way to ingest; web_orders.c and those that make
 * orders include it, nobody else.
 *
 * A maker begins an order, reads what was said into one of its messages, and passes it on; or says
 * what is wrong with it. Texts point into `said`. What is answered is what ingest said of it,
 * unless the maker has work of its own once it is logged: then `settle` answers.
 */
#ifndef COLLECTOR_WEB_WEB_ORDER_H
#define COLLECTOR_WEB_WEB_ORDER_H

#include "collector/web/web.h"
#include "esep/v1/wire.pb-c.h"

enum { WEB_BULK_MAX = 100, WEB_SECRET_CHARS = 65 };

/* One report of a review of several, or the one thing that is ordered. */
struct web_order_item {
    uint64_t report_index;
    enum esep_status status; /* of the exchange; then: */
    bool ok, denied;
    uint64_t log_index;
    struct esep_reason text;
};
struct web_order {
    struct web *web;
    struct esep_http_request *request;
    struct esep_hash key;    /* of account, path and idempotency key; zero: it has none */
    struct esep_hash wanted; /* of what was said */
    char control[100];
    char actor[WEB_ACCOUNT_MAX];
    json_t *said; /* what the texts below lie in */
    Esep__V1__Order__WhatCase what;
    Esep__V1__ReviewOrder review;
    Esep__V1__ExtendOrder extend;
    Esep__V1__ControlOrder subject;
    Esep__V1__AccountOrder account;
    Esep__V1__CredentialOrder credential;
    char name[WEB_ACCOUNT_MAX];    /* of the account, where the path says it */
    uint8_t hash[ESEP_HASH_BYTES]; /* the credential's */
    /* NULL, or what answers the request in ingest's place. worked: items[0] says what came of it.
     */
    void (*settle)(struct web_order *order, bool worked);
    void *context;                 /* settle's */
    char secret[WEB_SECRET_CHARS]; /* likewise; wiped */
    struct web_order *next;        /* under way */
    bool bulk;
    size_t count;
    struct web_order_item items[WEB_BULK_MAX];
};

/* NULL: answered. */
struct web_order *web_order_begin(const struct web_call *call, Esep__V1__Order__WhatCase what);
/* What says that a request is one of before. False: answered, 400. required false: without a key
 * it is none, and ret_key is zero. */
bool web_order_key(const struct web_call *call, bool required, struct esep_hash *ret_key,
                   struct esep_hash *ret_wanted);
/* 422: the key was another request's. */
void web_order_other(const struct web_call *call);
/* The same for what takes no Idempotency-Key, and has no body or read it itself. */
struct web_order *web_order_new(struct web *web, struct esep_http_request *request,
                                const char *actor, Esep__V1__Order__WhatCase what);
void web_order_pass_on(struct web_order *order);
/* For settle: whether ingest has logged it; false: answered. */
bool web_order_logged(const struct web_order *order, bool worked);
/* 400; form: what such an order looks like. */
void web_order_bad(const struct web_call *call, struct web_order *order, const char *form);

/* Protobuf-c's texts may be changed; ours are read only. */
static inline char *web_order_text(const char *text)
{
    union {
        const char *in;
        char *out;
    } both = {.in = text};
    return both.out;
}

#endif
