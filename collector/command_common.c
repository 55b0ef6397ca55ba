/* collector/command_common.c - what the commands share; see commands.h. */
#include "base/arena.h"
#include "collector/commands.h"
#include "io/control.h"
#include "io/keyfile.h"
#include "wire/unpack.h"

#include <pwd.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/esep/collector.yaml"
#define ORDER_TIMEOUT_MS 15000

static error_t parse_common(int key, char *value, struct argp_state *state)
{
    struct command_common *common = state->input;
    switch (key) {
    case 'c':
        common->config = value;
        return 0;
    case 'j':
        common->json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option common_options[] = {
    {"config", 'c', "FILE", 0, "configuration (" DEFAULT_CONFIG ")", 0},
    {"json", 'j', NULL, 0, "for machines: JSON on stdout", 0},
    {0},
};
const struct argp collector_common_argp = {.options = common_options, .parser = parse_common};

/* A configuration that cannot be used has an exit status of its own, whatever the status that it
 * travels as. */
static bool config_failed;

enum esep_status collector_config_check(enum esep_status status)
{
    config_failed = config_failed || status != ESEP_OK;
    return status;
}

int collector_fail(enum esep_status status, const struct esep_reason *reason)
{
    (void)fprintf(stderr, "esep-collector: %s\n",
                  reason != NULL && reason->text[0] != 0 ? reason->text : esep_status_name(status));
    return config_failed ? EX_CONFIG : esep_status_exit(status);
}

enum esep_status collector_command_settings(const struct command_common *common,
                                            struct collector_settings **ret,
                                            struct esep_reason *reason)
{
    const char *file = common->config != NULL ? common->config : DEFAULT_CONFIG;
    return collector_config_check(collector_settings_read(file, ret, reason));
}

json_t *collector_json_u64(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static void fill_actor(char actor[64])
{
    const struct passwd *user = getpwuid(getuid());
    if (user != NULL)
        (void)snprintf(actor, 64, "%.48s (local)", user->pw_name);
    else
        (void)snprintf(actor, 64, "uid %u (local)", (unsigned)getuid());
}

static int say_answer(const struct collector_answer *answer, bool json)
{
    const char *text = answer->text.text;
    if (json) {
        json_t *value = json_pack("{s:b, s:s, s:I}", "ok", (int)answer->ok, "text", text,
                                  "log_index", (json_int_t)answer->log_index);
        int rc = esep_json_print(value);
        return rc != 0 ? rc : answer->ok ? 0 : EX_DATAERR;
    }
    if (!answer->ok) {
        (void)fprintf(stderr, "esep-collector: refused: %s\n", text);
        return EX_DATAERR;
    }
    (void)printf("done: log entry %llu%s%s\n", (unsigned long long)answer->log_index,
                 text[0] != 0 ? ": " : "", text);
    return 0;
}

enum esep_status collector_order_ask(const struct collector_settings *settings,
                                     Esep__V1__Order *order, struct collector_answer *ret,
                                     struct esep_reason *reason)
{
    uint8_t nonce[16];
    char actor[64];
    esep_random(nonce, sizeof nonce);
    fill_actor(actor);
    order->nonce = esep_pb(nonce, sizeof nonce);
    order->actor = actor;
    struct esep_buf request;
    struct esep_buf reply;
    struct esep_arena arena = {0};
    esep_buf_init(&request, 8u << 20);
    esep_buf_init(&reply, 1u << 20);
    const ProtobufCMessage *message = NULL;
    enum esep_status status = esep_pack(&order->base, &request);
    if (status == ESEP_OK)
        status = esep_control_call(settings->control, esep_buf_slice(&request), ORDER_TIMEOUT_MS,
                                   &reply, reason);
    if (status == ESEP_OK)
        status = esep_arena_init(&arena, 4u << 20);
    if (status == ESEP_OK)
        status = esep_unpack(&esep__v1__order_reply__descriptor, esep_buf_slice(&reply), &arena,
                             &message);
    if (status == ESEP_OK) {
        const Esep__V1__OrderReply *said = (const Esep__V1__OrderReply *)message;
        *ret = (struct collector_answer){.ok = said->ok != 0, .log_index = said->log_index};
        (void)snprintf(ret->text.text, sizeof ret->text.text, "%s", said->text);
    }
    order->actor = NULL;
    order->nonce = esep_pb(NULL, 0);
    esep_arena_done(&arena);
    esep_buf_done(&request);
    esep_buf_done(&reply);
    return status;
}

int collector_order(const struct collector_settings *settings, Esep__V1__Order *order, bool json)
{
    struct esep_reason reason = {""};
    struct collector_answer answer = {0};
    const enum esep_status status = collector_order_ask(settings, order, &answer, &reason);
    return status == ESEP_OK ? say_answer(&answer, json) : collector_fail(status, &reason);
}
