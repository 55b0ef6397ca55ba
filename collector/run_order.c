/* collector/run_order.c - local orders: one question, one answer; see run.h. */
#include "collector/commands.h"
#include "collector/run.h"
#include "io/control.h"
#include "io/log.h"
#include "wire/unpack.h"

#include <stdio.h>

#define ORDER_BYTES_MAX (8u << 20)
#define REPLY_BYTES_MAX (1u << 20)

static void send_reply(struct run_gate *gate, struct esep_slice bytes)
{
    if (esep_zsock_send(gate->socket, &bytes, 1) != ESEP_OK)
        esep_log(ESEP_LOG_WARNING, "order-reply-lost", "a local order's answer found nobody");
}

static void send_refusal(struct run_gate *gate, const char *text)
{
    char copy[sizeof((struct esep_reason *)0)->text];
    struct esep_buf packed;
    (void)snprintf(copy, sizeof copy, "%s", text);
    esep_buf_init(&packed, 1024);
    Esep__V1__OrderReply reply = ESEP__V1__ORDER_REPLY__INIT;
    reply.text = copy;
    if (esep_pack(&reply.base, &packed) != ESEP_OK)
        esep_buf_clear(&packed); /* an empty OrderReply: not ok, no text */
    send_reply(gate, esep_buf_slice(&packed));
    esep_buf_done(&packed);
}

static void refuse(struct run_gate *gate, const char *text)
{
    if (gate->token == 0)
        return;
    gate->token = 0;
    send_refusal(gate, text);
}

void run_order_refuse(struct run *run, const char *text)
{
    refuse(&run->control, text);
    refuse(&run->accounts, text);
}

void run_order_reply(struct run *run, uint64_t token, struct esep_slice bytes)
{
    struct run_gate *gate = token == run->control.token    ? &run->control
                            : token == run->accounts.token ? &run->accounts
                                                           : NULL;
    if (gate == NULL)
        return; /* it was answered when the core ended */
    gate->token = 0;
    send_reply(gate, bytes);
}

static void on_order(struct esep_zsock *socket, void *context)
{
    struct run_gate *gate = context;
    struct run *run = gate->run;
    for (;;) {
        struct esep_zmessage message;
        enum esep_status status = esep_zsock_recv(socket, &message);
        if (status == ESEP_AGAIN || status == ESEP_IO)
            break;
        if (status != ESEP_OK) { /* dropped, but whoever sent it waits */
            send_refusal(gate, "the order is too large or no order at all");
            continue;
        }
        gate->token = ++run->next_token;
        struct esep_slice order = message.count == 1 ? message.parts[0] : esep_slice(NULL, 0);
        struct esep_buf reply;
        esep_buf_init(&reply, REPLY_BYTES_MAX);
        if (gate == &run->control && run_bundle_order(run, order, &reply)) {
            gate->token = 0;
            send_reply(gate, esep_buf_slice(&reply));
        } else if (run->core != NULL && !run->ended)
            gate->order(run->core, gate->token, order, run_now(run));
        else
            refuse(gate, "ingest is starting anew, nothing was done: order again");
        esep_buf_done(&reply);
        esep_zmessage_close(&message);
        run_pump(run);
    }
}

static enum esep_status open_gate(struct run_gate *gate, const char *path, bool group,
                                  struct esep_reason *reason)
{
    const struct esep_zsock_options options = {
        .type = ESEP_ZSOCK_REP, .hwm_messages = 16, .frame_bytes_max = ORDER_BYTES_MAX};
    char endpoint[300];
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s", path);
    enum esep_status status = esep_control_folder(path, group, reason);
    if (status == ESEP_INVALID) /* no place for a socket: what `control` says is wrong */
        status = collector_config_check(status);
    if (status == ESEP_OK)
        status = esep_zsock_new(&gate->socket, esep_loop_base(gate->run->loop), gate->run->zmq,
                                &options, on_order, gate, reason);
    if (status == ESEP_OK)
        status = esep_zsock_bind(gate->socket, endpoint, NULL, reason);
    return status == ESEP_OK ? esep_control_mode(path, group, reason) : status;
}

enum esep_status run_order_open(struct run *run, struct esep_reason *reason)
{
    run->control = (struct run_gate){.run = run, .order = collector_on_order};
    run->accounts = (struct run_gate){.run = run, .order = collector_on_account_order};
    enum esep_status status = open_gate(&run->control, run->settings->control, false, reason);
    if (status == ESEP_OK && run->settings->web_control[0] != '\0')
        status = open_gate(&run->accounts, run->settings->web_control, true, reason);
    return status;
}

void run_order_close(struct run *run)
{
    esep_zsock_free(run->control.socket);
    esep_zsock_free(run->accounts.socket);
    run_bundle_done(run);
}
