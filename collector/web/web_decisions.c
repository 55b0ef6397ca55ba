/* collector/web/web_decisions.c - reviews, extensions, controls: from what the page says to orders.
 */
#include "collector/web/web_order.h"

static bool read_reports(struct web_order *order, json_int_t one, json_t *many)
{
    if (many == NULL) {
        order->items[0].report_index = (uint64_t)one;
        return one > 0;
    }
    order->bulk = true;
    order->count = json_array_size(many);
    if (one != 0 || order->count == 0 || order->count > WEB_BULK_MAX)
        return false;
    for (size_t i = 0; i < order->count; i++) {
        const json_int_t index = json_integer_value(json_array_get(many, i));
        if (index <= 0)
            return false;
        order->items[i].report_index = (uint64_t)index;
    }
    return true;
}

void web_review(const struct web_call *call)
{
    const char *code = "";
    const char *comment = "";
    const char *again = "";
    json_int_t one = 0;
    json_t *many = NULL;
    int accept = 0;
    struct web_order *order = web_order_begin(call, ESEP__V1__ORDER__WHAT_REVIEW);
    if (order == NULL)
        return;
    if (json_unpack(order->said, "{s?I, s?o, s:b, s?s, s?s, s?s !}", "report_index", &one,
                    "report_indexes", &many, "accept", &accept, "reason_code", &code, "comment",
                    &comment, "again_by", &again) != 0 ||
        !read_reports(order, one, many) || (order->bulk && !accept)) {
        web_order_bad(
            call, order,
            "a review is {\"report_index\", \"accept\"} with \"reason_code\", \"comment\", "
            "\"again_by\" where it returns; \"report_indexes\" (1 to 100) can only be accepted");
        return;
    }
    order->review.accept = accept != 0;
    order->review.reason_code = web_order_text(code);
    order->review.comment = web_order_text(comment);
    order->review.again_by = web_order_text(again);
    web_order_pass_on(order);
}

void web_extend(const struct web_call *call)
{
    const char *obligation = NULL;
    const char *until = "";
    const char *document = "";
    const char *why = "";
    int refuse = 0;
    struct web_order *order = web_order_begin(call, ESEP__V1__ORDER__WHAT_EXTEND);
    if (order == NULL)
        return;
    if (json_unpack(order->said, "{s:s, s?s, s?s, s?s, s?b !}", "obligation", &obligation, "until",
                    &until, "document", &document, "reason", &why, "refuse", &refuse) != 0) {
        web_order_bad(call, order,
                      "an extension is {\"obligation\", \"until\", \"document\", \"reason\"}, or "
                      "\"refuse\": true in place of \"until\"");
        return;
    }
    order->extend.obligation = web_order_text(obligation);
    order->extend.until = web_order_text(until);
    order->extend.document = web_order_text(document);
    order->extend.reason = web_order_text(why);
    order->extend.refuse = refuse != 0;
    web_order_pass_on(order);
}

void web_control(const struct web_call *call)
{
    const char *obligation = NULL;
    const char *act = "";
    const char *why = "";
    struct web_order *order = web_order_begin(call, ESEP__V1__ORDER__WHAT_CONTROL);
    if (order == NULL)
        return;
    if (json_unpack(order->said, "{s:s, s:s, s?s !}", "obligation", &obligation, "act", &act,
                    "reason", &why) != 0 ||
        (strcmp(act, "remove") != 0 && strcmp(act, "restore") != 0)) {
        web_order_bad(
            call, order,
            "a control is {\"obligation\", \"act\": \"remove\" or \"restore\", \"reason\"}");
        return;
    }
    order->subject.obligation = web_order_text(obligation);
    order->subject.act = strcmp(act, "remove") == 0 ? ESEP__V1__CONTROL_ACT__CONTROL_ACT_REMOVE
                                                    : ESEP__V1__CONTROL_ACT__CONTROL_ACT_RESTORE;
    order->subject.reason = web_order_text(why);
    web_order_pass_on(order);
}
