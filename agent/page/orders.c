/* agent/page/orders.c - an order that is sent twice is carried out once; see page.h.
 *
 * A browser that saw no answer sends again, with the same Idempotency-Key. What was answered to the
 * last orders is kept while the daemon runs; behind that stands the journal itself: a report that
 * was sent has no draft any more.
 */
#include "agent/page/page.h"

#include <stdlib.h>

enum { ORDERS_MAX = 64, KEY_MIN = 8, KEY_MAX = 64 };

struct done {
    struct page_order order;
    char *answer; /* NULL: none yet */
};
struct page_orders {
    size_t next;
    struct done done[ORDERS_MAX];
};

enum esep_status page_orders_new(struct page_orders **ret)
{
    *ret = calloc(1, sizeof **ret);
    return *ret != NULL ? ESEP_OK : ESEP_NOMEM;
}

void page_orders_free(struct page_orders *orders)
{
    if (orders == NULL)
        return;
    for (size_t i = 0; i < ORDERS_MAX; i++)
        free(orders->done[i].answer);
    free(orders);
}

static void answer_again(const struct page_call *call, const char *answer)
{
    const struct esep_http_field type = {"Content-Type", "application/json"};
    page_answer(call, 201, &type, 1, esep_slice_str(answer));
}

bool page_order_begin(const struct page_call *call, struct page_order *ret)
{
    const char *key = esep_http_header(call->request, "Idempotency-Key");
    const char *path = esep_http_path(call->request);
    const size_t len = key != NULL ? strlen(key) : 0;
    if (len < KEY_MIN || len > KEY_MAX) {
        page_problem(call, 400, "invalid", "Idempotency-Key: of 8 to 64 characters");
        return false;
    }
    const struct esep_slice content[] = {esep_slice(path, strlen(path) + 1),
                                         esep_http_body(call->request)};
    *ret = (struct page_order){.id = esep_sha256(esep_slice_str(key)),
                               .content = esep_sha256_parts(content, 2)};
    const struct page_orders *orders = call->page->orders;
    for (size_t i = 0; i < ORDERS_MAX; i++) {
        const struct done *done = &orders->done[i];
        if (done->answer == NULL || !esep_hash_equal(&done->order.id, &ret->id))
            continue;
        if (esep_hash_equal(&done->order.content, &ret->content))
            answer_again(call, done->answer);
        else
            page_problem(call, 409, "idempotency", "this Idempotency-Key was another order's");
        return false;
    }
    return true;
}

void page_order_done(const struct page_call *call, const struct page_order *order, json_t *answer)
{
    struct page_orders *orders = call->page->orders;
    struct done *place = &orders->done[orders->next++ % ORDERS_MAX];
    free(place->answer);
    *place = (struct done){.order = *order, .answer = json_dumps(answer, JSON_COMPACT)};
    page_answer_json(call, 201, NULL, answer);
}
