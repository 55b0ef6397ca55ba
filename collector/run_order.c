/* collector/run_order.c - local orders: one question, one answer; see run.h. */
#include "collector/run.h"
#include "io/control.h"
#include "io/log.h"
#include "wire/unpack.h"

#include <stdio.h>

#define ORDER_BYTES_MAX (8u << 20)

static void send_reply(struct run *run, struct esep_slice bytes)
{
    if (esep_zsock_send(run->control, &bytes, 1) != ESEP_OK)
        esep_log(ESEP_LOG_WARNING, "order-reply-lost", "a local order's answer found nobody");
}

static void send_refusal(struct run *run, const char *text)
{
    char copy[sizeof((struct esep_reason *)0)->text];
    struct esep_buf packed;
    (void)snprintf(copy, sizeof copy, "%s", text);
    esep_buf_init(&packed, 1024);
    Esep__V1__OrderReply reply = ESEP__V1__ORDER_REPLY__INIT;
    reply.text = copy;
    if (esep_pack(&reply.base, &packed) != ESEP_OK)
        esep_buf_clear(&packed); /* an empty OrderReply: not ok, no text */
    send_reply(run, esep_buf_slice(&packed));
    esep_buf_done(&packed);
}

void run_order_reply(struct run *run, uint64_t token, struct esep_slice bytes)
{
    if (token != run->control_token)
        return; /* it was answered when the core ended */
    run->control_token = 0;
    send_reply(run, bytes);
}

void run_order_refuse(struct run *run, const char *text)
{
    if (run->control_token == 0)
        return;
    run->control_token = 0;
    send_refusal(run, text);
}

static void on_order(struct esep_zsock *socket, void *context)
{
    struct run *run = context;
    for (;;) {
        struct esep_zmessage message;
        enum esep_status status = esep_zsock_recv(socket, &message);
        if (status == ESEP_AGAIN || status == ESEP_IO)
            break;
        if (status != ESEP_OK) { /* dropped, but whoever sent it waits */
            send_refusal(run, "the order is too large or no order at all");
            continue;
        }
        run->control_token = ++run->next_token;
        struct esep_slice order = message.count == 1 ? message.parts[0] : esep_slice(NULL, 0);
        if (run->core != NULL && !run->ended)
            collector_on_order(run->core, run->control_token, order, run_now(run));
        else
            run_order_refuse(run, "ingest is starting anew, nothing was done: order again");
        esep_zmessage_close(&message);
        run_pump(run);
    }
}

enum esep_status run_order_open(struct run *run, struct esep_reason *reason)
{
    const struct esep_zsock_options options = {
        .type = ESEP_ZSOCK_REP, .hwm_messages = 16, .frame_bytes_max = ORDER_BYTES_MAX};
    char endpoint[300];
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", run->settings->control);
    enum esep_status status = esep_control_folder(run->settings->control, reason);
    if (status == ESEP_OK)
        status = esep_zsock_new(&run->control, esep_loop_base(run->loop), run->zmq, &options,
                                on_order, run, reason);
    return status == ESEP_OK ? esep_zsock_bind(run->control, endpoint, NULL, reason) : status;
}
