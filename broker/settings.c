/* broker/settings.c - see settings.h. */
#include "broker/settings.h"

#include "io/clock.h"

#include <stdlib.h>

#define ROW(p, t, member, fb, lo, hi, text)                                                        \
    {                                                                                              \
        .path = (p), .type = (t), .offset = offsetof(struct broker_settings, member),              \
        .size = sizeof(((struct broker_settings *)0)->member), .fallback = (fb), .min = (lo),      \
        .max = (hi), .help = (text)                                                                \
    }
#define MS(n) ((uint64_t)(n)*1000U)
#define SECONDS(n) ((uint64_t)(n)*1000000U)
#define GIGA UINT64_C(1000000000)

static const struct esep_config_row rows[] = {
    ROW("name", ESEP_CONFIG_TEXT, name, "broker", 0, 0, "what this broker is called"),
    ROW("keys", ESEP_CONFIG_PATH, keys, NULL, 0, 0,
        "key file: the broker's CURVE key, and the one that signs notes of ingress"),
    ROW("agents", ESEP_CONFIG_TEXTS, agents, NULL, 1, 16,
        "endpoints that offices dial, such as tcp://*:7001"),
    ROW("collectors", ESEP_CONFIG_TEXTS, collectors, NULL, 1, 16, "endpoints that collectors dial"),
    ROW("log_id", ESEP_CONFIG_KEY, log_id, NULL, 0, 0, "the log served (collector init prints it)"),
    ROW("log_key", ESEP_CONFIG_KEY, log_key, NULL, 0, 0, "the key that the log's receipts carry"),
    ROW("collector_keys", ESEP_CONFIG_TEXTS, collector_keys, NULL, 1, BROKER_COLLECTORS_MAX,
        "CURVE keys (hex) of the collectors that may dial"),
    ROW("enrolment", ESEP_CONFIG_BOOL, enrolment, "false", 0, 0,
        "let unknown keys in to enrol, and for nothing else"),
    ROW("control", ESEP_CONFIG_PATH, control, "", 0, 0,
        "socket for `status`; its folder is made with mode 0700; empty: none"),
    ROW("clock", ESEP_CONFIG_TEXT, clock, "real", 0, 0,
        "of notes of ingress: real, at:INSTANT or shift:-365d for drills (restart to change)"),
    ROW("sandbox", ESEP_CONFIG_BOOL, sandbox, "true", 0, 0,
        "the daemon gives up what it does not need: folders, system calls (restart to change)"),
    ROW("log.level", ESEP_CONFIG_TEXT, log_level, "info", 0, 0, "error, warning, info or debug"),
    ROW("limits.keys", ESEP_CONFIG_U64, keys_max, "10000", 1, BROKER_TABLE_MAX,
        "enrolled keys (restart to change)"),
    ROW("limits.connections", ESEP_CONFIG_U64, conns_max, "4000", 1, BROKER_TABLE_MAX,
        "connections of offices (restart to change)"),
    ROW("limits.strangers", ESEP_CONFIG_U64, strangers_max, "32", 1, 1U << 20,
        "connections of keys that are not enrolled"),
    ROW("limits.connections_per_key", ESEP_CONFIG_U64, conns_per_key, "8", 1, 1024,
        "connections of one key; the one longest unheard of gives way"),
    ROW("limits.frame_bytes", ESEP_CONFIG_U64, frame_bytes, "64k", 4096, 1U << 20,
        "largest frame an office may send"),
    ROW("limits.frames_per_second", ESEP_CONFIG_U64, frames_per_second, "2000", 1, GIGA,
        "frames a second of one office"),
    ROW("limits.frames_burst", ESEP_CONFIG_U64, frames_burst, "4000", 1, UINT32_MAX,
        "... and at once, after a rest"),
    ROW("limits.bytes_per_second", ESEP_CONFIG_U64, bytes_per_second, "16M", 1024, GIGA,
        "bytes a second of one office"),
    ROW("limits.bytes_burst", ESEP_CONFIG_U64, bytes_burst, "32M", 4096, UINT32_MAX,
        "... and at once, after a rest"),
    ROW("limits.refusals_per_second", ESEP_CONFIG_U64, refusals_per_second, "4", 1, GIGA,
        "refusals said to one connection; the rest are counted"),
    ROW("limits.refusals_burst", ESEP_CONFIG_U64, refusals_burst, "16", 1, UINT32_MAX,
        "... and at once, after a rest"),
    ROW("limits.stranger_every", ESEP_CONFIG_DURATION, stranger_every, "5s", MS(1), SECONDS(3600),
        "a key that is not enrolled may send one frame each (two at once)"),
    ROW("limits.strangers_per_second", ESEP_CONFIG_U64, strangers_per_second, "20", 1, GIGA,
        "frames a second of all such keys together"),
    ROW("limits.strangers_burst", ESEP_CONFIG_U64, strangers_burst, "64", 1, UINT32_MAX,
        "... and at once, after a rest"),
    ROW("limits.ingress_every", ESEP_CONFIG_DURATION, ingress_every, "10s", MS(1), SECONDS(3600),
        "notes of ingress for one office: one each (two at once)"),
    ROW("limits.heartbeat", ESEP_CONFIG_DURATION, heartbeat, "2s", MS(50), SECONDS(60),
        "beat to each collector; three missed beats are an absence"),
    ROW("limits.idle", ESEP_CONFIG_DURATION, idle, "20m", SECONDS(1), SECONDS(86400),
        "an office's connection unheard of for so long is forgotten; longer than a metered "
        "office's "
        "link.keep_alive"),
    ROW("limits.wait", ESEP_CONFIG_DURATION, wait, "5s", MS(10), SECONDS(3600),
        "how long offices are told to wait while no collector is there"),
    ROW("limits.drain", ESEP_CONFIG_DURATION, drain, "1s", MS(0), SECONDS(60),
        "after TERM, replies still pass for so long"),
    ROW("limits.handshake", ESEP_CONFIG_DURATION, handshake, "30s", MS(100), SECONDS(600),
        "a handshake not complete by then is cut off"),
    ROW("limits.agent_ping", ESEP_CONFIG_DURATION, agent_ping, "0s", 0, SECONDS(3600),
        "transport ping to offices, gone after three; 0: theirs to us must do, since whose bytes "
        "cost "
        "money must not be asked"),
    ROW("limits.agent_queue", ESEP_CONFIG_U64, agent_queue, "1000", 16, 1U << 20,
        "messages waiting for one office; more: it does not read, and is gone"),
    ROW("limits.collector_queue", ESEP_CONFIG_U64, collector_queue, "4096", 16, 1U << 20,
        "messages waiting for a collector; more: offices are told to wait"),
};
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static void fill_core(struct broker_settings *s)
{
    struct broker_config *core = &s->core;
    memcpy(core->name, s->name, sizeof core->name);
    memcpy(core->log_id.bytes, s->log_id, sizeof core->log_id.bytes);
    memcpy(core->log_key, s->log_key, sizeof core->log_key);
    core->enrolment = s->enrolment;
    core->keys_max = (uint32_t)s->keys_max;
    core->conns_max = (uint32_t)s->conns_max;
    core->strangers_max = (uint32_t)s->strangers_max;
    core->conns_per_key_max = (uint32_t)s->conns_per_key;
    core->frame_bytes_max = (size_t)s->frame_bytes;
    core->frames = (struct broker_rate){s->frames_per_second, s->frames_burst};
    core->bytes = (struct broker_rate){s->bytes_per_second, s->bytes_burst};
    core->refusals = (struct broker_rate){s->refusals_per_second, s->refusals_burst};
    core->strangers = (struct broker_rate){s->strangers_per_second, s->strangers_burst};
    core->stranger_every = s->stranger_every;
    core->ingress_every = s->ingress_every;
    core->heartbeat = s->heartbeat;
    core->idle = s->idle;
    core->wait = s->wait;
    core->drain = s->drain;
}

/* What the table cannot say. */
static void check(struct broker_settings *s, const struct esep_yaml_node *root,
                  struct esep_complaints *complaints)
{
    const struct esep_yaml_node *keys = esep_yaml_get(root, "collector_keys");
    if (!esep_log_level_parse(s->log_level, &s->level)) {
        esep_complain(complaints, root, "log.level '%s' is none of error, warning, info, debug",
                      s->log_level);
    }
    struct esep_clock clock;
    struct esep_reason reason = {0};
    if (esep_clock_init(&clock, s->clock, &reason) != ESEP_OK) {
        esep_complain(complaints, root, "clock: %s", reason.text);
    }
    if (s->collector_keys.count > BROKER_COLLECTORS_MAX) {
        esep_complain(complaints, keys, "at most %d collector_keys", BROKER_COLLECTORS_MAX);
        return;
    }
    for (size_t i = 0; i < s->collector_keys.count; i++) {
        if (esep_unhex(s->collector_keys.text[i], s->core.collector_keys[i], ESEP_KEY_BYTES) !=
            ESEP_OK) {
            esep_complain(complaints, keys, "collector key %zu must be 64 hex digits", i + 1);
        }
    }
    s->core.collector_key_count = s->collector_keys.count;
    if (s->bytes_burst < s->frame_bytes) {
        esep_complain(complaints, root,
                      "limits.bytes_burst is less than limits.frame_bytes: the largest frame "
                      "would never pass at once");
    }
}

static void look(void *context, const struct esep_yaml_node *root,
                 struct esep_complaints *complaints)
{
    struct broker_settings *s = context;
    check(s, root, complaints);
    fill_core(s);
}

enum esep_status broker_settings_read(const char *file, struct broker_settings **ret,
                                      struct esep_reason *reason)
{
    struct broker_settings *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return esep_because(reason, ESEP_NOMEM, "no memory to read %s", file);
    }
    const enum esep_status status = esep_config_load(file, rows, ROW_COUNT, s, look, reason);
    if (status == ESEP_OK) {
        *ret = s;
    } else {
        broker_settings_free(s);
    }
    return status;
}

void broker_settings_free(struct broker_settings *settings)
{
    if (settings != NULL) {
        esep_wipe(&settings->core.sign_key, sizeof settings->core.sign_key);
    }
    free(settings);
}

void broker_settings_help(FILE *out)
{
    esep_config_help(rows, ROW_COUNT, out);
}

static bool texts_equal(const struct esep_config_texts *a, const struct esep_config_texts *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->text[i], b->text[i]) != 0) {
            return false;
        }
    }
    return true;
}

const char *broker_settings_fixed(const struct broker_settings *a, const struct broker_settings *b)
{
    const struct {
        bool same;
        const char *what;
    } fixed[] = {
        {strcmp(a->keys, b->keys) == 0, "keys"},
        {strcmp(a->control, b->control) == 0, "control"},
        {strcmp(a->clock, b->clock) == 0, "clock"},
        {texts_equal(&a->agents, &b->agents), "agents"},
        {texts_equal(&a->collectors, &b->collectors), "collectors"},
        {a->agent_queue == b->agent_queue, "limits.agent_queue"},
        {a->collector_queue == b->collector_queue, "limits.collector_queue"},
        {a->handshake == b->handshake, "limits.handshake"},
        {a->agent_ping == b->agent_ping, "limits.agent_ping"},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (!fixed[i].same) {
            return fixed[i].what;
        }
    }
    return NULL;
}

enum esep_status broker_settings_keys_path(const char *file, char ret_path[256],
                                           struct esep_reason *reason)
{
    struct esep_complaints *complaints = calloc(1, sizeof *complaints);
    struct esep_yaml *yaml = NULL;
    if (complaints == NULL) {
        return ESEP_NOMEM;
    }
    enum esep_status status = esep_yaml_load(&yaml, file, complaints, reason);
    if (status == ESEP_OK) {
        const struct esep_yaml_node *node = esep_yaml_get(esep_yaml_root(yaml), "keys");
        const char *path = node != NULL ? esep_yaml_scalar(node) : "";
        const char *slash = strrchr(file, '/');
        const int folder = slash != NULL && path[0] != '/' ? (int)(slash - file) + 1 : 0;
        const int len = snprintf(ret_path, 256, "%.*s%s", folder, file, path);
        if (path[0] == '\0') {
            status = esep_because(reason, ESEP_INVALID, "%s: 'keys' must name the key file", file);
        } else if (len >= 256) {
            status = esep_because(reason, ESEP_INVALID, "%s: 'keys' is too long a path", file);
        }
    }
    if (complaints->count > 0) {
        esep_complaints_print(complaints);
    }
    esep_yaml_free(yaml);
    free(complaints);
    return status;
}
