/* broker/operator.c - see operator.h. Blocking, for commands alone. */
#include "broker/operator.h"

#include "broker/operator_wire.h"
#include "io/config.h"
#include "io/control.h"
#include "wire/unpack.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#define CONTROL_TIMEOUT_MS 20000
#define REPLY_BYTES_MAX ((size_t)1 << 20)

#define ROW(p, t, member, fb, lo, hi, text)                                                        \
    {                                                                                              \
        .path = (p), .type = (t), .offset = offsetof(struct operator_settings, member),            \
        .size = sizeof(((struct operator_settings *)0)->member), .fallback = (fb), .min = (lo),    \
        .max = (hi), .help = (text)                                                                \
    }

static const struct esep_config_row rows[] = {
    ROW("name", ESEP_CONFIG_TEXT, name, NULL, 0, 0, "who orders: it stands in the log"),
    ROW("keys", ESEP_CONFIG_PATH, keys, NULL, 0, 0, "the operator's key file (keys operator)"),
    ROW("log_id", ESEP_CONFIG_KEY, log_id, NULL, 0, 0, "the log (collector init prints it)"),
    ROW("log_key", ESEP_CONFIG_KEY, log_key, NULL, 0, 0, "the log's key"),
    ROW("seal_key", ESEP_CONFIG_KEY, seal_key, NULL, 0, 0,
        "the collector's key orders are sealed to"),
    ROW("brokers", ESEP_CONFIG_NODE, brokers_node, NULL, 0, 0, "list of {address, key}"),
    ROW("clock", ESEP_CONFIG_TEXT, clock, "real", 0, 0,
        "real, at:INSTANT or shift:-365d: where the collector runs a drill"),
    ROW("timeout", ESEP_CONFIG_DURATION, timeout, "20s", 100000, 600000000,
        "how long to wait for the collector's answer"),
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static void take_broker(struct operator_settings *s, const struct esep_yaml_node *item,
                        struct esep_complaints *complaints)
{
    static const char *const known[] = {"address", "key", NULL};
    if (esep_yaml_kind(item) != ESEP_YAML_MAP) {
        esep_complain(complaints, item, "a broker is {address: …, key: …}");
        return;
    }
    esep_yaml_known(item, known, complaints);
    const struct esep_yaml_node *address = esep_yaml_get(item, "address");
    const struct esep_yaml_node *key = esep_yaml_get(item, "key");
    const char *text = address != NULL ? esep_yaml_scalar(address) : "";
    const size_t i = s->broker_count;
    if (text[0] == '\0' || strlen(text) >= sizeof s->brokers[i].address) {
        esep_complain(complaints, item, "'address' must be an endpoint such as tcp://host:7001");
    } else if (key == NULL ||
               esep_unhex(esep_yaml_scalar(key), s->brokers[i].key, ESEP_KEY_BYTES) != ESEP_OK) {
        esep_complain(complaints, key != NULL ? key : item, "'key' must be 64 hex digits");
    } else {
        memcpy(s->brokers[i].address, text, strlen(text) + 1);
        s->broker_count++;
    }
}

static void take_brokers(void *context, const struct esep_yaml_node *root,
                         struct esep_complaints *complaints)
{
    struct operator_settings *s = context;
    const struct esep_yaml_node *list = s->brokers_node;
    const size_t count = esep_yaml_kind(list) == ESEP_YAML_LIST ? esep_yaml_count(list) : 0;
    (void)root;
    if (count < 1 || count > OPERATOR_BROKERS_MAX) {
        esep_complain(complaints, list, "'brokers' must be a list of 1 to %d {address, key}",
                      OPERATOR_BROKERS_MAX);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        take_broker(s, esep_yaml_item(list, i), complaints);
    }
}

enum esep_status operator_settings_read(const char *file, struct operator_settings *ret,
                                        struct esep_reason *reason)
{
    memset(ret, 0, sizeof *ret);
    return esep_config_load(file, rows, ROW_COUNT, ret, take_brokers, reason);
}

void operator_settings_help(FILE *out)
{
    esep_config_help(rows, ROW_COUNT, out);
}

static void local_actor(char out[64])
{
    const struct passwd *user = getpwuid(geteuid());
    if (user != NULL) {
        (void)snprintf(out, 64, "%s", user->pw_name);
    } else {
        (void)snprintf(out, 64, "uid %u", (unsigned)geteuid());
    }
}

enum esep_status operator_order(const struct operator_way *way, Esep__V1__Order *order,
                                esep_time now, struct esep_arena *arena,
                                const Esep__V1__OrderReply **ret_reply, struct esep_reason *reason)
{
    uint8_t nonce[16];
    char actor[64] = "";
    char *const actor_before = order->actor;
    esep_random(nonce, sizeof nonce);
    if (way->control != NULL) {
        local_actor(actor);
    } else {
        (void)snprintf(actor, sizeof actor, "%s", way->settings->name);
    }
    order->nonce = esep_pb(nonce, sizeof nonce);
    order->issued_at_us = now;
    order->actor = actor;

    struct esep_buf packed;
    struct esep_buf reply;
    esep_buf_init(&packed, REPLY_BYTES_MAX);
    esep_buf_init(&reply, REPLY_BYTES_MAX);
    enum esep_status status = esep_pack(&order->base, &packed);
    if (status == ESEP_OK) {
        status = way->control != NULL
                     ? esep_control_call(way->control, esep_buf_slice(&packed), CONTROL_TIMEOUT_MS,
                                         &reply, reason)
                     : operator_wire_call(way, esep_buf_slice(&packed), &reply, reason);
    }
    const ProtobufCMessage *message = NULL;
    if (status == ESEP_OK) {
        esep_arena_reset(arena);
        status = esep_unpack(&esep__v1__order_reply__descriptor, esep_buf_slice(&reply), arena,
                             &message);
        if (status != ESEP_OK) {
            (void)esep_because(reason, status, "what answered is no OrderReply");
        }
    }
    esep_buf_done(&packed);
    esep_buf_done(&reply);
    order->actor = actor_before;
    if (status != ESEP_OK) {
        return status;
    }
    const Esep__V1__OrderReply *answer = (const Esep__V1__OrderReply *)message;
    if (!answer->ok) {
        return esep_because(reason, ESEP_INVALID, "refused: %s", answer->text);
    }
    *ret_reply = answer;
    return ESEP_OK;
}
